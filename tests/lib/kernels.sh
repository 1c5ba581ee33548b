# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Finds Debian kernels by series (6.1) or release (6.1.0-56-amd64). Sourced, after common.sh.

# A kernel that nobody installed is unpacked here instead: a test must not
# change what the machine boots next.
kernel_cache=$cache/kernels

# Prints where the files of release $1 lie: the root itself, or the cache.
kernel_root() {
	local root

	for root in / "$kernel_cache/$1/"; do
		if [ -e "${root}boot/vmlinuz-$1" ] && [ -d "${root}lib/modules/$1/kernel" ]; then
			echo "$root"
			return
		fi
	done
	return 1
}

has_headers() {
	[ -e "/lib/modules/$1/build/Makefile" ]
}

# Reads package or file names, prints the releases of series $1 that are neither cloud nor rt.
filter_releases() {
	grep -oE "(^|[-/])${1//./\\.}[.-][0-9][0-9.-]*([.+~][a-z0-9+~.]+)?-amd64\$" | sed 's|^[-/]||'
}

installed_releases() {
	local release

	for release in $(printf '%s\n' /boot/vmlinuz-* "$kernel_cache"/* | filter_releases "$1" | sort -Vru); do
		if kernel_root "$release" >/dev/null && has_headers "$release"; then
			echo "$release"
		fi
	done
}

packaged_releases() {
	apt-cache pkgnames linux-image- | filter_releases "$1" | sort -Vr
}

# Prints the newest release of series $1 that is here, or that Debian has.
kernel_release() {
	local release

	case $1 in
	*-amd64)
		echo "$1"
		return
		;;
	esac
	release=$(installed_releases "$1" | sed -n 1p)
	[ -n "$release" ] || release=$(packaged_releases "$1" | sed -n 1p)
	if [ -z "$release" ]; then
		apt_get update >/dev/null || true
		release=$(packaged_releases "$1" | sed -n 1p)
	fi
	[ -n "$release" ] || die "neither this machine nor its package archive has a $1 kernel"
	echo "$release"
}

fetch_headers() {
	has_headers "$1" || need_packages "linux-headers-$1"
}

fetch_image() {
	kernel_root "$1" >/dev/null || unpack_image "$1"
}

unpack_image() {
	local release=$1 part

	say "fetching linux-image-$release into $kernel_cache"
	mkdir -p "$kernel_cache"
	part=$(mktemp -d "$kernel_cache/part.XXXXXX")
	if ! (cd "$part" && download "linux-image-$release" && dpkg-deb -x ./*.deb . &&
		rm ./*.deb && depmod -b . "$release"); then
		rm -rf "$part"
		die "linux-image-$release could not be fetched"
	fi
	mv "$part" "$kernel_cache/$release"
}

download() {
	local fetch=(apt_get -o APT::Sandbox::User=root download "$1")

	"${fetch[@]}" || { apt_get update >/dev/null && "${fetch[@]}"; }
}
