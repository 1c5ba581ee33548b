# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The host's side of running one command in a test machine, whichever machine it
# is; tests/lib/guest-init is the other side. Sourced, after common.sh.

# What starts them. For whoever sources this, as tests/deps.sh, which installs both.
# shellcheck disable=SC2034
vm_packages=(busybox-static cpio kmod qemu-system-x86 xz-utils zstd)
# shellcheck disable=SC2034
uml_packages=(busybox-static kmod)

# $out is the directory shared with the guest; it outlives us if the caller named it.
out=
keep_out=
guest_pid=

guest_prepare() {
	local dir=$1 modules=$2 interactive=$3
	shift 3

	case $PWD/ in
	/dev/* | /proc/* | /run/* | /sys/*) die "a test machine cannot see $PWD: move the tree" ;;
	esac

	if [ -n "$dir" ]; then
		mkdir -p "$dir"
		out=$(cd "$dir" && pwd -P)
		keep_out=1
		rm -f "$out/status" "$out/interactive"
	else
		out=$(mktemp -d "${TMPDIR:-/tmp}/nat64.XXXXXX")
	fi
	trap guest_cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP

	echo "$modules" >"$out/modules"
	{
		echo "unset guest_init guest_tree guest_kernel guest_end out_type out_source out_options out_tty"
		printf 'export NAT64_CACHE=%q\n' "$cache"
		printf 'cd %q && exec%s\n' "$PWD" "$(printf ' %q' "$@")"
	} >"$out/job"
	[ -z "$interactive" ] || echo "${TERM:-dumb}" >"$out/interactive"
}

guest_cleanup() {
	[ -z "$guest_pid" ] || kill "$guest_pid" 2>/dev/null || true
	[ -n "$keep_out" ] || rm -rf "$out"
}

# Runs the machine's program, $2..., no longer than $1 seconds, and never longer
# than we live. Only in the foreground may it read from a terminal.
guest_run() {
	local limit=$1 status=0 foreground=()
	shift

	[ ! -e "$out/interactive" ] || foreground=(--foreground)
	setpriv --pdeathsig TERM timeout "${foreground[@]}" -k 5 "$limit" \
		setpriv --pdeathsig KILL "$@" <&0 &
	guest_pid=$!
	wait "$guest_pid" || status=$?
	guest_pid=
	[ "$status" -ne 124 ] || say "killed after $limit s"
}

# Ends with the command's own status, or with 1 when the kernel log shows a
# fault or the machine never came to the end.
guest_finish() {
	local status log=$out/console.log

	status=$(cat "$out/status" 2>/dev/null) || status=
	if ! "$top/tests/lib/check-log" "$log"; then
		[ "${status:-0}" -ne 0 ] || status=1
	elif [ -z "$status" ]; then
		say "the machine did not come to the end of the command; its kernel's last words:"
		tail -n 20 "$log" >&2
	fi
	exit "${status:-1}"
}
