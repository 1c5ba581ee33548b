# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What documents say to type or to write into files. Sourced.

# block FILE LINE: of the indented block of FILE that has LINE, which may be the first
# words of it, that line and what follows, without the indentation.
block() {
	awk -v first="$2" '
		!found && (at = index($0, first)) && substr($0, 1, at - 1) ~ /^ +$/ { found = 1; cut = at }
		found && NF && substr($0, 1, cut - 1) !~ /^ *$/ { exit }
		found && NF { print substr($0, cut) }' "$1"
}

# fenced FILE KIND NUMBER: the text of the NUMBERth block of FILE that begins with ```KIND.
fenced() {
	awk -v start="\`\`\`$2" -v number="$3" '
		/^```$/ { inside = 0 }
		inside && n == number { print }
		$0 == start { inside = 1; n++ }' "$1"
}
