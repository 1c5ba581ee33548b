#compdef nat64ctl
# SPDX-License-Identifier: GPL-2.0-only
# Completion of the words of nat64ctl, for zsh.

local -a follow

follow=(${(f)"$(nat64ctl-complete "$PREFIX" ${words[2,CURRENT-1]})"})
if [[ $follow == FILE ]]; then
	_files
	return
fi
compadd -a follow
