# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
# Debian on machines of another kind: their kernels, cross-compilers, and a root for
# each, which is packages unpacked: no maintainer script runs, so nothing has to be
# emulated for it. Sourced, after common.sh, kernels.sh and roots.sh.

foreign_cache=$cache/machines
foreign_suite=bookworm

# What nat64ctl is linked with, and what the tests use. Of i386 there is no machine.
link_packages=(libjansson-dev libmnl-dev)
test_packages=(bash busybox-static coreutils dash grep iproute2 iputils-ping kmod mount nftables procps python3
	python3-pytest python3-scapy python3-yaml sed util-linux)

# What compiles for such a machine, and what runs it.
foreign_tools() {
	case $1 in
	arm64) echo gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-system-arm ;;
	s390x) echo gcc-s390x-linux-gnu libc6-dev-s390x-cross qemu-system-misc ;;
	i386) echo gcc-i686-linux-gnu libc6-dev-i386-cross ;;
	esac
}

# Prints Debian's name for the machine that a kernel release is for, if it is another one.
foreign_of() {
	case $1 in
	*-arm64 | *-s390x) echo "${1##*-}" ;;
	esac
}

# Makes machine $1 the one that kernels.sh looks for kernels for, with an archive of its own.
use_foreign() {
	arch=$1
	case $arch in
	arm64) gnu=aarch64-linux-gnu kernel_arch=arm64 ;;
	s390x) gnu=s390x-linux-gnu kernel_arch=s390 ;;
	i386) gnu=i686-linux-gnu kernel_arch=x86 ;;
	*) die "what machine is $arch?" ;;
	esac
	foreign_packages=("${link_packages[@]}")
	[ "$arch" = i386 ] || foreign_packages+=("${test_packages[@]}")
	libdir=usr/lib/${gnu/i686/i386}
	foreign_root=$foreign_cache/$arch-$(foreign_key)
	archive=(-c "$foreign_cache/$arch.apt/apt.conf")
	use_ccache
	# shellcheck disable=SC2046
	need_packages $(foreign_tools "$arch")
}

# A root is named after what decides on its contents.
foreign_key() {
	echo "$foreign_suite ${foreign_packages[*]}" | sha256sum | cut -c1-12
}

# This machine's own mirror, asked for packages of the other one, and for the build
# tools of its kernel, which run here. Nothing of it touches this machine's own apt.
open_archive() {
	local dir=$foreign_cache/$arch.apt

	[ -z "$(find "$dir/apt.conf" -mmin -60 2>/dev/null)" ] || return 0
	mkdir -p "$dir"/lists/partial "$dir"/cache/archives/partial
	: >"$dir/status"
	write_sources "$foreign_suite" | sed "s/^deb /deb [arch=$arch,amd64] /" >"$dir/sources.list"
	cat >"$dir/apt.conf" <<-END
	#clear APT::Architectures;
	APT::Architecture "$arch";
	APT::Architectures { "$arch"; "amd64"; };
	APT::Sandbox::User "root";
	#clear APT::Update;
	Dir::Etc::SourceList "$dir/sources.list";
	Dir::Etc::SourceParts "-";
	Dir::State::Lists "$dir/lists";
	Dir::State::Status "$dir/status";
	Dir::Cache "$dir/cache";
	END
	# A mirror may lack one list of several; if that one is needed, what comes next fails.
	apt_get "${archive[@]}" update >/dev/null || apt_get "${archive[@]}" update >/dev/null ||
		say "the archive does not have all of its lists for $arch"
}

# Unpacks the packages that were downloaded into the root $1, without a word of them in it.
unpack_root() {
	local root=$1 name file

	mkdir -p "$root"/usr/{bin,sbin,lib,lib64}
	for name in bin sbin lib lib64; do
		ln -s "usr/$name" "$root/$name"
	done
	for file in "$foreign_cache/$arch.apt"/cache/archives/*.deb; do
		dpkg-deb --fsys-tarfile "$file" | tar -x --keep-directory-symlink -C "$root" || return
	done
	[ -e "$root/bin/sh" ] || ln -s dash "$root/bin/sh"
	mkdir -p "$root/etc"
	printf '%s\n' root:x:0:0:root:/root:/bin/bash nobody:x:65534:65534:nobody:/:/usr/sbin/nologin \
		>"$root/etc/passwd"
	printf '%s\n' root:x:0: nogroup:x:65534: >"$root/etc/group"
	compile_python "$root"
}

# What a maintainer script would do, there: an emulated python3 takes minutes for it.
# Compiled files are the same on all machines, but not in all versions.
compile_python() {
	local root=$1 name

	[ -e "$root/usr/bin/python3" ] || return 0
	name=$(readlink "$root/usr/bin/python3")
	[ "$(readlink -f /usr/bin/python3)" = "/usr/bin/$name" ] || return 0
	/usr/bin/python3 -m compileall -q -j0 -s "$root" "$root/usr/lib/$name" \
		"$root/usr/lib/python3" >/dev/null || true
}

make_root_tree() {
	local part

	say "fetching Debian $foreign_suite for $arch"
	open_archive
	apt_get "${archive[@]}" install -y --download-only --no-install-recommends \
		"${foreign_packages[@]}" >/dev/null ||
		{ rm -f "$foreign_cache/$arch.apt/apt.conf"; die "the packages for $arch could not be fetched"; }
	part=$(mktemp -d "$foreign_cache/part.XXXXXX")
	unpack_root "$part" || { rm -rf "$part"; die "the packages for $arch could not be unpacked"; }
	rm -f "$foreign_cache/$arch.apt"/cache/archives/*.deb
	chmod 755 "$part"
	mv "$part" "$foreign_root"
}

# Makes sure that the root of the machine is here.
fetch_foreign_root() {
	[ -d "$foreign_root" ] || (
		lock "$foreign_cache/$arch.lock"
		[ -d "$foreign_root" ] || make_root_tree
	)
}

# Makes sure that the kernel $1 of the machine is here, series or release.
fetch_foreign_kernel() {
	is_here "$1" || (
		lock "$foreign_cache/$arch.lock"
		is_here "$1" && exit
		open_archive
		fetch_kernel "$(kernel_release "$1")"
	)
}

is_here() {
	kernel_root "$1" >/dev/null || [ -n "$(present_releases "$1")" ]
}
