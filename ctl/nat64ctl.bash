# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Completion of the words of nat64ctl, for bash.

_nat64ctl() {
	local cur words cword follow

	# Not cut at the colons of addresses.
	_get_comp_words_by_ref -n : cur words cword
	follow=$(nat64ctl-complete "$cur" "${words[@]:1:cword-1}")
	if [ "$follow" = FILE ]; then
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
	fi
	mapfile -t COMPREPLY < <(compgen -W "$follow" -- "$cur")
	__ltrim_colon_completions "$cur"
}

complete -F _nat64ctl nat64ctl
