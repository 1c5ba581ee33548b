# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Completion of the words of nat64ctl, for bash.

# Commands, settings and their values are what `nat64ctl help` lists.
_nat64ctl_commands() {
	nat64ctl help 2>/dev/null | awk '!NF { part++ } part == 1 && /^  [a-z]/ { print $1 }'
}

_nat64ctl_keys() {
	nat64ctl help 2>/dev/null | awk '!NF { part++ } part == 2 && /^  [a-z]/ { print $1 }'
}

# The words among the values of a setting: not numbers and addresses.
_nat64ctl_values() {
	nat64ctl help 2>/dev/null | awk -v key="$1" '
		!NF { part++ }
		part == 2 && $1 == key {
			sub(/.*\] +/, "")
			n = split($0, value, " or ")
			for (i = 1; i <= n; i++)
				if (value[i] ~ /^[a-z]+$/)
					print value[i]
		}'
}

# Addresses of the table, as far as a person may want to choose from them.
_nat64ctl_addresses() {
	nat64ctl "${netns[@]}" list 2>/dev/null | awk 'NR > 10000 { exit } { print $1, $2 }'
}

_nat64ctl_prefixes() {
	nat64ctl "${netns[@]}" prefix list 2>/dev/null | awk '{ print $1 }'
}

# What may follow the words of a command.
_nat64ctl_next() {
	case $* in
	'') _nat64ctl_commands ;;
	prefix) echo 'add del list' ;;
	prefix\ add\ *) [ $# -gt 3 ] || echo primary ;;
	prefix\ del) _nat64ctl_prefixes ;;
	add\ *\ * | replace\ *\ *) if [ "${!#}" = prefix ]; then _nat64ctl_prefixes; else echo 'prefix force'; fi ;;
	del | list | lookup | replace | replace\ *) _nat64ctl_addresses ;;
	import) echo 'map646 jool tayga' ;;
	set | get) _nat64ctl_keys ;;
	set\ *) [ $# -gt 2 ] || _nat64ctl_values "$2" ;;
	explain) echo '4 6' ;;
	explain\ *\ fragment) echo 'first later last' ;;
	explain\ *\ dev | explain\ *\ vrf) ls /sys/class/net ;;
	explain\ *\ length | explain\ *\ tos | explain\ *\ mark) ;;
	explain\ *\ *\ *) [ $# -gt 4 ] || echo 'icmp icmpv6 tcp udp sctp'
		echo 'length df nodf fragment tos mark dev vrf' ;;
	doctor) echo '--status' ;;
	monitor) echo '-t' ;;
	help) _nat64ctl_commands ;;
	stats) echo 'reset openmetrics prometheus' ;;
	esac
}

_nat64ctl_netns() {
	local name

	for name in /run/netns/*; do
		[ -e "$name" ] && echo "${name##*/}"
	done
}

_nat64ctl() {
	local cur prev words cword i line=() netns=()

	# Not cut at the colons of addresses.
	_get_comp_words_by_ref -n : cur prev words cword
	case $prev in
	-n | --netns)
		mapfile -t COMPREPLY < <(compgen -W "$(_nat64ctl_netns)" -- "$cur")
		return ;;
	-b | --batch | load | check | diff | map646 | jool | tayga)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return ;;
	esac
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W '--json --pretty --netns --batch
			--force --status --version --help' -- "$cur")
		return
	fi
	for ((i = 1; i < cword; i++)); do
		case ${words[i]} in
		-n | --netns) ((++i < cword)) && netns=(-n "${words[i]}") ;;
		-b | --batch) ((i++)) ;;
		-*) ;;
		*) line+=("${words[i]}") ;;
		esac
	done
	mapfile -t COMPREPLY < <(compgen -W "$(_nat64ctl_next "${line[@]}")" -- "$cur")
	__ltrim_colon_completions "$cur"
}

complete -F _nat64ctl nat64ctl
