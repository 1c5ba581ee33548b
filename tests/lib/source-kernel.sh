# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Builds a kernel from Debian's linux-source package. The result stays in the
# cache, so only the first run is slow. Sourced, after common.sh.

# For whoever sources this: which Linux, and files with changes of its source.
series=6.1
patches=()

# Later kernels have these unasked.
unasked='BASE_FULL|RANDOM_TRUST_CPU'

# What is built is named after all that decides on it.
tree_name() {
	{
		print_fragment
		cat /dev/null "${patches[@]}"
		gcc -dumpfullversion
	} | sha256sum | cut -c1-12
}

unpack() {
	[ -e "$tree/.unpacked" ] && return
	say "unpacking $source_package $version"
	rm -rf "$tree"
	mkdir -p "$tree"
	tar -xJf "/usr/src/$source_package.tar.xz" -C "$tree" --strip-components=1
	cat /dev/null "${patches[@]}" | patch -s -d "$tree" -p1
	touch "$tree/.unpacked"
}

# olddefconfig drops an option whose dependencies are missing without a word.
check_config() {
	local line wanted=0

	while read -r line; do
		grep -qxF "$line" "$tree/.config" ||
			{ say "the kernel has not taken $line"; wanted=1; }
	done < <(grep '^CONFIG_' "$tree/fragment" | grep -vE "^CONFIG_($unasked)=")
	return $wanted
}

configure() {
	print_fragment >"$tree/fragment"
	"${make[@]}" KCONFIG_ALLCONFIG="$tree/fragment" allnoconfig
	check_config
}

# Prints each tenth of a build that writes to build.log, until process $1 ends.
show_progress() {
	local pid=$1 start=$SECONDS shown=0 tenths

	while kill -0 "$pid" 2>/dev/null && ! timeout 5 tail --pid="$pid" -f /dev/null >/dev/null; do
		tenths=$(($(grep -c '^  [A-Z]' "$tree/build.log") * 10 / objects)) || tenths=0
		[ "$tenths" -gt "$shown" ] || continue
		shown=$tenths
		say "$((tenths * 10))% built in $(since "$start")"
	done
}

build() {
	local pid

	setpriv --pdeathsig TERM "${make[@]}" "$target" modules >"$tree/build.log" 2>&1 &
	pid=$!
	show_progress "$pid"
	wait "$pid" && "${make[@]}" modules_install INSTALL_MOD_PATH="$tree/root" >>"$tree/build.log" 2>&1
}

# Builds a kernel named $1 of architecture $2, $3 being what to make of it, with
# the options that print_fragment prints and the files of $patches; it takes
# about $4 objects, and $5 minutes on two processors. Sets $tree to where it lies.
build_kernel() {
	local name=$1 arch=$2 target=$3 objects=$4 minutes=$5
	local source_package=linux-source-$series version make start

	need_packages "$source_package" build-essential flex bison bc kmod libelf-dev
	version=$(dpkg-query -W -f '${Version}' "$source_package")
	tree=$cache/$name/$version-$(tree_name)
	make=(make -C "$tree" ARCH="$arch" -j"$(nproc)")

	lock "$tree.lock"
	[ ! -e "$tree/.built" ] || return 0
	unpack
	configure >"$tree/configure.log" 2>&1 || { cat "$tree/configure.log" >&2; exit 2; }
	say "building Linux $version ($arch), $minutes minutes on two processors, once: $tree"
	start=$SECONDS
	build || { tail -n 40 "$tree/build.log" >&2; die "the kernel did not build"; }
	touch "$tree/.built"
	say "built in $(since "$start")"
}
