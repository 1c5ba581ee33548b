# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Other Debian releases, each with its own kernel and its headers, to chroot into and
# to boot. Sourced, after common.sh.

# A root is named by its suite; that of a backports suite has the kernel from there.
root_cache=$cache/roots

# What a gateway has, what makes it boot, and what builds nat64ctl where the packages
# of a newer release do not fit.
root_packages=(dkms kmod openssl libmnl0 libjansson4 systemd-sysv iproute2 iputils-ping bird2
	libc6-dev libmnl-dev libjansson-dev libbpf-dev pkg-config)
root_kernel=(linux-image-amd64 linux-headers-amd64)

# Where in a root the packages of another kernel's headers lie.
other_kernel=/var/cache/nat64

# The archive that this machine itself uses, or another of the same mirror.
mirror() {
	[ -n "$(apt-get indextargets)" ] || apt_get update >/dev/null
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep "/$1/\$" | sed -n 1p
}

in_root() {
	local root=$1
	shift
	INITRD=No DEBIAN_FRONTEND=noninteractive LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		chroot "$root" "$@"
}

bootstrap() {
	local suite=$1 root=$2 script=()

	need_packages debootstrap
	say "fetching Debian $suite: some minutes, once"
	rm -rf "$root"
	mkdir -p "$root"
	[ -e "/usr/share/debootstrap/scripts/$suite" ] || script=(/usr/share/debootstrap/scripts/sid)
	debootstrap --variant=minbase "$suite" "$root" "$(mirror debian)" "${script[@]}" &&
		printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" &&
		chmod 755 "$root/usr/sbin/policy-rc.d"
}

write_sources() {
	local name=$1 suite=${1%-backports} security

	security=$(mirror debian-security)
	echo "deb $(mirror debian) $suite main"
	[ "$name" = "$suite" ] || echo "deb $(mirror debian) $name main"
	case $suite in
	forky | sid) ;;
	*) [ -z "$security" ] || echo "deb $security $suite-security main" ;;
	esac
}

furnish() {
	local name=$1 root=$2 from=()

	[ "$name" = "${name%-backports}" ] || from=(-t "$name")
	write_sources "$name" >"$root/etc/apt/sources.list"
	# A mirror may lag behind.
	echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/99mirror-lags"
	in_root "$root" apt-get -qq update &&
		in_root "$root" apt-get -qq install -y --no-install-recommends "${root_packages[@]}" &&
		in_root "$root" apt-get -qq install -y --no-install-recommends "${from[@]}" \
			"${root_kernel[@]}" &&
		purge_older "$root" && fetch_other "$root"
}

# Fetches the headers of another kernel, of the same series if there is one: for a
# kernel to change to.
fetch_other() {
	local root=$1 release others other
	release=$(root_release "$root")

	others=$(in_root "$root" apt-cache pkgnames linux-headers- | grep '[0-9]-amd64$' |
		grep -vxF "linux-headers-$release" | sort -Vr)
	other=$(grep -F "linux-headers-$(cut -d. -f1-2 <<<"$release")." <<<"$others" | sed -n 1p)
	mkdir -p "$root$other_kernel/partial"
	[ -z "$others" ] || in_root "$root" apt-get -qq -o "Dir::Cache::archives=$other_kernel" \
		install -y --download-only --no-install-recommends "${other:-${others%%$'\n'*}}"
}

# One kernel, and no doubt for which one DKMS builds.
purge_older() {
	local older
	# shellcheck disable=SC2016
	older=$(in_root "$1" dpkg-query -W -f '${Package}\n' 'linux-image-[0-9]*' 'linux-headers-[0-9]*' |
		grep -e '-amd64$' | grep -vF -- "-$(root_release "$1")") || return 0

	# shellcheck disable=SC2086
	in_root "$1" apt-get -qq purge -y $older
}

# Prints the release of the newest kernel in a root.
root_release() {
	find "$1/boot" -name 'vmlinuz-*' | sed 's|.*/vmlinuz-||' | sort -Vr | sed -n 1p
}

# Makes sure that the root $1 is here and has all packages.
make_root() {
	local name=$1 root=$root_cache/$1 log=$root_cache/$1.log want
	want="${root_packages[*]} ${root_kernel[*]}"

	[ "$(cat "$root/.complete" 2>/dev/null)" = "$want" ] && return
	if [ ! -e "$root/.complete" ]; then
		bootstrap "${name%-backports}" "$root" >"$log" 2>&1 ||
			{ tail -n 20 "$log" >&2; die "debootstrap failed"; }
	fi
	say "installing a kernel and what a gateway needs in Debian $name"
	furnish "$name" "$root" >>"$log" 2>&1 ||
		{ tail -n 20 "$log" >&2; die "apt-get failed in Debian $name"; }
	echo "$want" >"$root/.complete"
}
