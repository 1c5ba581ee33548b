# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# How demonstrations speak, and what their networks are made of. Sourced; wants $tmp,
# a directory, and for networks $hosts, an array of names.

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

# Networks.

# shellcheck disable=SC2154
remove_hosts() {
	local host pid

	for pid in "$tmp"/*.pid; do
		[ ! -e "$pid" ] || kill "$(cat "$pid")"
	done
	for host in "${hosts[@]}"; do
		ip netns del "$host" 2>/dev/null || true
	done
	rmmod nat64 2>/dev/null || true
	rm -rf "$tmp"
}

# Makes the network namespaces of $hosts, which go with this program.
make_hosts() {
	local host existing

	existing=$(ip netns list)
	for host in "${hosts[@]}"; do
		! grep -qw "^$host" <<<"$existing" || fail "there is a network namespace $host already"
	done
	trap remove_hosts EXIT
	trap 'exit 130' INT TERM
	trap 'fail "$BASH_COMMAND"' ERR
	printf 'netns add %s\n' "${hosts[@]}" | ip -batch -
}

# Gives host $1 the address $2 and the default router $3.
plug_in() {
	ip -n "$1" -batch - <<-END
	link set lo up
	link set eth0 addrgenmode none
	link set eth0 up
	address add $2 dev eth0 $4
	route add default via $3
	END
}

# A web server on host $1 that listens to $2 and says what $3 it has.
serve() {
	cat >"$tmp/$1.conf" <<-END
	pid $tmp/$1.pid;
	worker_processes 1;
	events {}
	http {
		access_log off;
		server {
			listen $2;
			default_type text/plain;
			return 200 "Hello from $1, which has $3 only. Your address is \$remote_addr.\n";
		}
	}
	END
	in_netns "$1" nginx -e "$tmp/$1.log" -c "$tmp/$1.conf" || fail "nginx did not start: $(cat "$tmp/$1.log")"
}
