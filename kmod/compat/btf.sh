#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Usage: btf.sh MODULE KDIR [IMAGE]...
# An XDP program calls the module's function by its number in the module's BTF, which
# continues the BTF of the kernel. Where the kernel's build could not add it to MODULE,
# as headers mostly come without vmlinux, this does: with the BTF of the kernel that
# runs, if MODULE is built for that one, or of the first IMAGE that there is. KDIR, its
# build directory, says which build of a release it is. When it cannot be done, MODULE
# stays as it is, a line says why, and the status is 0: all but XDP works.
set -eu

function=bpf_nat64_xdp
objcopy=${OBJCOPY:-objcopy}
module=${1:?}
kdir=${2:?}
shift 2

work=
why="btf.sh failed"

finish() {
	rm -rf "$work" "$module.btf"
	[ -z "$why" ] || echo "nat64: XDP not possible with this module: $why" >&2
	exit 0
}
trap finish EXIT

give_up() {
	why=$*
	exit
}

# offsets PATTERN FILE: where the octets are.
offsets() {
	LC_ALL=C grep -obUaP "$1" "$2" | LC_ALL=C cut -d: -f1
}

has_section() {
	readelf -SW "$1" 2>/dev/null | grep -q "] $2 "
}

# number FILE OFFSET: four octets as a number.
number() {
	od -An -v -tu4 -j"$2" -N4 "$1" | tr -d ' '
}

# count_types FILE [NAME]: how many types are in BTF, or are up to the function whose
# name is at NAME. Prints nothing if this is no BTF, or has no such function.
count_types() {
	od -An -v -tu4 -w4 "$1" 2>/dev/null | awk -v name="${2-}" '
		BEGIN {
			# Words after the three that each type has, by its kind.
			fixed[1] = fixed[14] = fixed[17] = 1; fixed[3] = 3
			each[4] = each[5] = each[15] = each[19] = 3; each[6] = each[13] = 2
			start = 7
		}
		NR == 1 && $1 % 65536 != 60319 { exit }
		NR == 4 { end = 7 + $1 / 4 }
		NR > 6 && NR >= end { exit }
		NR == start { found = $1 == name }
		NR == start + 1 {
			kind = int($1 / 16777216) % 32
			count++
			if (name != "" && found && kind == 12)
				exit
			start += 3 + fixed[kind] + each[kind] * ($1 % 65536)
		}
		END { if (name == "" ? start == end : found && kind == 12) print count }'
}

# Takes the kernel's BTF out of an image that is not compressed.
carve_btf() {
	for at in $(offsets '\x9f\xeb\x01\x00\x18\x00\x00\x00\x00\x00\x00\x00' "$1"); do
		size=$((24 + $(number "$1" $((at + 16))) + $(number "$1" $((at + 20)))))
		tail -c +$((at + 1)) "$1" | head -c "$size" >"$work/base"
		if [ "$(wc -c <"$work/base")" -eq "$size" ] && [ -n "$(count_types "$work/base")" ]; then
			return
		fi
	done
	return 1
}

# Whether this is an image of the kernel, of that very build where KDIR tells.
is_release() {
	LC_ALL=C grep -aF "Linux version $release (" "$1" | LC_ALL=C grep -qaF -- "$build"
}

# read_image FILE: a kernel that unpacks itself is compressed in the middle of its image.
read_image() {
	if is_release "$1"; then
		carve_btf "$1" || give_up "$1 has no BTF"
		return
	fi
	while read -r magic program; do
		for at in $(offsets "$magic" "$1"); do
			tail -c +$((at + 1)) "$1" | $program >"$work/image" 2>/dev/null || :
			is_release "$work/image" || continue
			carve_btf "$work/image" || give_up "$1 has no BTF"
			return
		done
	done <<-END
		\xfd7zXZ\x00 xz -dcq
		\x28\xb5\x2f\xfd zstd -dcq
		\x1f\x8b\x08 gzip -dcq
		\x02\x21\x4c\x18 lz4 -dcq
	END
	give_up "$1 is not the kernel $release $build, or cannot be unpacked"
}

find_base() {
	if [ "$(uname -r)" = "$release" ] && [ "$(uname -v)" = "${build:-$(uname -v)}" ] &&
		cat /sys/kernel/btf/vmlinux >"$work/base" 2>/dev/null; then
		return
	fi
	for image; do
		[ ! -r "$image" ] || { read_image "$image"; return; }
	done
	give_up "no image of the kernel $release: looked for $*"
}

# put_number FILE OFFSET NUMBER: in the machine's order of octets, in which it reads back.
put_number() {
	a=$(($3 >> 24)) b=$(($3 >> 16 & 255)) c=$(($3 >> 8 & 255)) d=$(($3 & 255))
	for octets in "$d $c $b $a" "$a $b $c $d"; do
		# shellcheck disable=SC2046,SC2059,SC2086
		printf "$(printf '\\%03o' $octets)" |
			dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
		[ "$(number "$1" "$2")" -ne "$3" ] || return 0
	done
	return 1
}

# The set of functions begins with how many they are; each has its number and its flags.
resolve_ids() {
	$objcopy -O binary --set-section-flags .BTF=alloc -j .BTF "$1" "$work/btf"
	$objcopy -O binary -j .BTF_ids "$1" "$work/ids"
	[ "$(wc -c <"$work/ids")" -eq 16 ] || return 1
	name=$(tail -c +$((25 + $(number "$work/btf" 16))) "$work/btf" | tr '\n\0' ' \n' |
		grep -abx "$function" | cut -d: -f1)
	id=$(count_types "$work/btf" $((name + $(number "$work/base" 20))))
	[ -n "$name" ] && [ -n "$id" ] || return 1
	put_number "$work/ids" 0 1 &&
		put_number "$work/ids" 8 $(($(count_types "$work/base") + id)) &&
		$objcopy --update-section .BTF_ids="$work/ids" "$1"
}

# Options that pahole has learnt since it knows --btf_base, which came with 1.18.
pahole_options() {
	for option in --btf_gen_floats --lang_exclude; do
		! pahole --help 2>&1 | grep -q -- "$option" || echo "$option"
	done | sed 's/^--lang_exclude$/&=rust/'
}

add_btf() {
	cp "$module" "$work/module"
	# shellcheck disable=SC2046
	LLVM_OBJCOPY=$objcopy pahole -J $(pahole_options) --btf_base "$work/base" "$work/module" \
		>"$work/said" 2>&1 || :
	has_section "$work/module" .BTF || give_up "pahole: $(tail -n 1 "$work/said")"
	resolve_ids "$work/module" || give_up "pahole has left out $function"
	cp "$work/module" "$module.btf"
	mv "$module.btf" "$module"
}

# Nothing to do where the kernel's build has done it, or the kernel has no such functions.
if has_section "$module" .BTF || ! has_section "$module" .BTF_ids; then
	why=
	exit
fi
work=$(mktemp -d)
command -v pahole >/dev/null || give_up "no pahole: install it (package pahole or dwarves), and build again"
release=$(readelf -p .modinfo "$module" | sed -n 's/.* vermagic=\([^ ]*\) .*/\1/p')
build=$(cat "$kdir"/include/generated/*.h | sed -n 's/^#define UTS_VERSION "\(.*\)"$/\1/p' | head -n 1)
[ $# -gt 0 ] || set -- "/boot/vmlinuz-$release" "/lib/modules/$release/vmlinuz"
find_base "$@"
add_btf
echo "  BTF [M] $module"
why=
