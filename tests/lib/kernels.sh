# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Finds Debian kernels by series (6.1) or release (6.1.0-56-amd64). Sourced, after common.sh.

# A kernel that nobody installed is unpacked here instead: a test must not
# change what the machine boots next.
kernel_cache=$cache/kernels

# Prints where the files of release $1 lie: the root itself, or the cache.
kernel_root() {
	local root

	for root in / "$kernel_cache/$1/"; do
		if [ -e "${root}boot/vmlinuz-$1" ] && [ -d "${root}lib/modules/$1/kernel" ]; then
			echo "$root"
			return
		fi
	done
	return 1
}

has_headers() {
	[ -e "/lib/modules/$1/build/Makefile" ]
}

# Reads package or file names, prints the releases of series $1 that are neither cloud nor rt.
filter_releases() {
	grep -oE "(^|[-/])${1//./\\.}[.-][0-9][0-9.-]*([.+~][a-z0-9+~.]+)?-amd64\$" | sed 's|^[-/]||'
}

installed_releases() {
	local release

	for release in $(printf '%s\n' /boot/vmlinuz-* "$kernel_cache"/* | filter_releases "$1" | sort -Vru); do
		if kernel_root "$release" >/dev/null && has_headers "$release"; then
			echo "$release"
		fi
	done
}

packaged_releases() {
	apt-cache pkgnames linux-image- | filter_releases "$1" | sort -Vr
}

# Prints the newest release of series $1 that is here, or that Debian has.
kernel_release() {
	local release

	if kernel_root "$1" >/dev/null; then
		echo "$1"
		return
	fi
	release=$(installed_releases "$1" | head -n 1)
	[ -n "$release" ] || release=$(packaged_releases "$1" | head -n 1)
	if [ -z "$release" ]; then
		apt_get update >/dev/null || true
		release=$(packaged_releases "$1" | head -n 1)
	fi
	[ -n "$release" ] || die "neither this machine nor its package archive has a $1 kernel"
	echo "$release"
}

# Makes sure that the image and the headers of release $1 are here.
fetch_kernel() {
	has_headers "$1" || need_packages "linux-headers-$1"
	kernel_root "$1" >/dev/null || unpack_kernel "$1"
}

unpack_kernel() {
	local release=$1 dir=$kernel_cache/$1 part

	say "fetching linux-image-$release into $dir"
	part=$(mktemp -d "$(mkdir -p "$kernel_cache" && echo "$kernel_cache")/part.XXXXXX")
	(cd "$part" && apt_get download "linux-image-$release" && dpkg-deb -x ./*.deb . && rm -f ./*.deb) ||
		die "linux-image-$release could not be fetched"
	depmod -b "$part" "$release"
	rm -rf "$dir"
	mv "$part" "$dir"
}
