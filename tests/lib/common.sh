# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
# What the test beds share. Sourced, never run.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
cache=${NAT64_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/nat64}
me=${0##*/}

say() {
	printf '%s: %s\n' "$me" "$*" >&2
}

# Exit status 2 is for a bed that could not run, 1 for a test that failed.
die() {
	say "$*"
	exit 2
}

# Prints the seconds since $1, a value of $SECONDS.
since() {
	printf '%d s' $((SECONDS - $1))
}

is_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Installs the named Debian packages that are missing.
need_packages() {
	local package missing=()

	for package; do
		is_installed "$package" || missing+=("$package")
	done
	[ ${#missing[@]} -eq 0 ] && return
	[ "$(id -u)" -eq 0 ] || die "not root, and these packages are missing: ${missing[*]}"

	say "installing, with what they depend on, a minute or two for many: ${missing[*]}"
	(install_missing "${missing[@]}") || die "apt-get could not install ${missing[*]}"
}

# Runs in a shell of its own, which holds the lock: test machines start side by side.
install_missing() {
	lock /run/lock/nat64-packages
	install_packages "$@" 2>/dev/null || { apt_get update >/dev/null && install_packages "$@"; }
}

# A test wants the program; nobody asked for the service around it to start.
install_packages() {
	local policy=/usr/sbin/policy-rc.d status=0

	[ ! -e "$policy" ] || policy=
	[ -z "$policy" ] || install -m 755 /dev/stdin "$policy" <<<$'#!/bin/sh\nexit 101'
	apt_get install -y --no-install-recommends "$@" >/dev/null || status=$?
	[ -z "$policy" ] || rm -f "$policy"
	return "$status"
}

# Another apt-get, a daily upgrade say, may hold the lock: wait for it.
apt_get() {
	DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@"
}

# Most of the time of a build goes into the same headers, in each run. The makefile of Debian's
# headers heeds the first of these; what the compiler said is said again.
use_ccache() {
	need_packages ccache
	export DEBIAN_KERNEL_USE_CCACHE=y CCACHE_DIR=$cache/ccache CCACHE_MAXSIZE=400M
}

# Takes a lock that lasts as long as this process; whoever comes second waits.
lock() {
	mkdir -p "$(dirname "$1")"
	exec {lock_fd}>"$1"
	flock -n "$lock_fd" && return
	say "waiting for another run to finish with $1"
	flock "$lock_fd"
}
