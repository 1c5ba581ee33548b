# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Finds Debian kernels, image and headers, by series (6.1; rt-6.1, with PREEMPT_RT)
# or release (6.1.0-56-amd64). Sourced, after common.sh.

# Kernels for which machine, and the options of apt for its archive, see foreign.sh.
arch=amd64
archive=()

# A kernel that is not installed is unpacked here instead: a test must not
# change what the machine boots next.
kernel_cache=$cache/kernels

# Prints below which directory the files of release $1 lie: the root, or one of the
# cache, see roots.sh.
kernel_root() {
	local root

	for root in / "$kernel_cache/$1/" "$cache"/roots/*/; do
		if [ -e "${root}boot/vmlinuz-$1" ] && [ -d "${root}lib/modules/$1/kernel" ] &&
			[ -e "${root}usr/src/linux-headers-$1/Makefile" ]; then
			echo "$root"
			return
		fi
	done
	return 1
}

# Reads package or file names, prints the releases of series $1: not those for clouds.
filter_releases() {
	local number=${1#rt-} flavour=

	[ "$number" = "$1" ] || flavour=rt-
	grep -oE "(^|[-/])${number//./\\.}[.-][0-9][0-9.-]*([.+~][a-z0-9+~.]+)?-$flavour$arch\$" |
		sed 's|^[-/]||'
}

present_releases() {
	local release

	for release in $(printf '%s\n' /boot/vmlinuz-* "$kernel_cache"/* | filter_releases "$1" | sort -Vru); do
		! kernel_root "$release" >/dev/null || echo "$release"
	done
}

packaged_releases() {
	apt-cache "${archive[@]}" pkgnames linux-image- | filter_releases "$1" | sort -Vr
}

# Prints the newest release of series $1 that is here, or that Debian has.
kernel_release() {
	local release

	case $1 in
	*-"$arch")
		echo "$1"
		return
		;;
	esac
	release=$(present_releases "$1" | sed -n 1p)
	[ -n "$release" ] || release=$(packaged_releases "$1" | sed -n 1p)
	if [ -z "$release" ]; then
		apt_get "${archive[@]}" update >/dev/null || true
		release=$(packaged_releases "$1" | sed -n 1p)
	fi
	[ -n "$release" ] || die "neither this machine nor its package archive has a $1 kernel"
	echo "$release"
}

# Makes sure that the image and the headers of release $1 are here, and that what the
# headers need to build with is installed.
fetch_kernel() {
	kernel_root "$1" >/dev/null || (fetch_into_cache "$1") || exit
	install_needed "$1"
}

# Runs in a shell of its own, which holds the lock.
fetch_into_cache() {
	local release=$1 part

	lock "$kernel_cache/$release.lock"
	! kernel_root "$release" >/dev/null || return 0
	say "fetching the kernel $release into $kernel_cache: a minute, once"
	part=$kernel_cache/part.$release
	rm -rf "$part"
	mkdir "$part"
	if ! (cd "$part" && unpack_kernel "$release"); then
		rm -rf "$part"
		die "the kernel $release could not be fetched"
	fi
	rm -rf "${kernel_cache:?}/$release"
	mv "$part" "$kernel_cache/$release"
}

# Unpacks the packages of release $1 here. The headers say where they would be installed.
unpack_kernel() {
	local release=$1 package

	updated download "linux-image-$release" || return
	updated download_headers "$release" || return
	headers_need >needed
	for package in ./*.deb; do
		dpkg-deb -x "$package" . || return
		rm "$package"
	done
	sed -i "s|/usr/src/|$kernel_cache/$release/usr/src/|" "usr/src/linux-headers-$release/Makefile" &&
		depmod -b . "$release"
}

# Runs a command, and again with the archive's newest lists if it fails.
updated() {
	"$@" || { apt_get "${archive[@]}" update >/dev/null && "$@"; }
}

download() {
	apt_get "${archive[@]}" -o APT::Sandbox::User=root download "$@"
}

# What is unpacked of a kernel besides its image.
download_headers() {
	local helpers version

	helpers=$(apt-cache "${archive[@]}" depends "linux-headers-$1" |
		awk '$1 == "Depends:" && $2 ~ /^linux-(headers-.*-common|kbuild-)/ { sub(/:.*/, "", $2); print $2 }')
	version=$(apt-cache "${archive[@]}" policy "linux-headers-$1" | awk '/Candidate:/ { print $2 }')
	helpers=$(sed "/^linux-kbuild/s/\$/:amd64=$version/" <<<"$helpers")
	# shellcheck disable=SC2086
	download "linux-headers-$1" $helpers
}

# Prints what the packages here depend on that run on this machine, each its first choice,
# but for the kernel's own.
headers_need() {
	local package packages=(./linux-kbuild-*.deb)

	[ "$arch" != amd64 ] || packages+=(./linux-headers-*.deb)
	for package in "${packages[@]}"; do
		dpkg-deb -f "$package" Depends
	done | tr ',' '\n' | awk '{ print $1 }' | grep -vE '^$|^linux-(image|headers|kbuild)-' | sort -u
}

# Programs that the headers of release $1 run are in packages that dpkg does not know
# to be missing, for a kernel that is unpacked and not installed.
install_needed() {
	local root needed=()

	root=$(kernel_root "$1")
	case $root in
	"$kernel_cache"/*) ;;
	*) return 0 ;;
	esac
	(find_needed "$1" "${root}needed") || exit
	mapfile -t needed <"${root}needed"
	need_packages "${needed[@]}"
}

# For a kernel that was unpacked without a note of what it needs.
find_needed() {
	local release=$1 note=$2 part=$kernel_cache/part.$1

	[ ! -e "$note" ] || return 0
	lock "$kernel_cache/$release.lock"
	rm -rf "$part"
	mkdir "$part"
	if ! (cd "$part" && updated download_headers "$release" && headers_need >needed); then
		rm -rf "$part"
		die "what the headers of $release depend on could not be fetched"
	fi
	mv "$part/needed" "$note"
	rm -rf "$part"
}

# Prints the directory to build modules for release $1 against.
kernel_headers() {
	if [ -e "/lib/modules/$1/build/Makefile" ]; then
		echo "/lib/modules/$1/build"
	else
		fetch_kernel "$1" && echo "$(kernel_root "$1")usr/src/linux-headers-$1"
	fi
}
