# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# How demonstrations speak. Sourced; wants $tmp, a directory.

: "${tmp:?}"
seen=$tmp/seen
steps=0

fail() {
	printf '\nFAILED: %s\n' "$*"
	exit 1
}

# Prints a heading and what there is to see.
step() {
	steps=$((steps + 1))
	printf '\n== %d. %s\n' "$steps" "$1"
	[ $# -lt 2 ] || printf '   %s\n' "${@:2}"
	echo
}

# Emulation may take its time, but nothing here takes as long as this.
in_netns() {
	timeout 60 ip netns exec "$@"
}

prompt() {
	printf '%s# %s\n' "$1" "$2"
}

# Runs a line on host $1 as if typed there, and keeps what it prints.
on() {
	prompt "$1" "$2"
	in_netns "$1" bash -o pipefail -c "$2" 2>&1 | tee "$seen" || fail "this ended with an error"
}

# Each of the extended regular expressions is to be in what was printed last.
expect() {
	local words

	for words; do
		grep -Eq -- "$words" "$seen" || fail "expected to see: $words"
	done
}

# Waits until a command succeeds; $1 says what for.
await() {
	local what=$1 tries
	shift

	for ((tries = 0; tries < 200; tries++)); do
		! "$@" || return 0
		sleep 0.1
	done
	fail "waited too long for $what"
}
