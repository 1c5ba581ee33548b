# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What the tests of packages share, in a chroot and in a machine. Sourced.

status=0

# check WHAT COMMAND...
check() {
	local what=$1
	shift
	if "$@" >"${words:=/tmp/check}" 2>&1; then
		echo "$suite: $what: ok"
	else
		echo "$suite: $what: FAILED"
		sed 's/^/    /' "$words"
		status=1
	fi
}
