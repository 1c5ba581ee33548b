#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Installs what the tests use, as far as it is missing: Debian packages only.
# Kernels that only test machines boot go to the cache, see lib/kernels.sh.
# Usage: tests/deps.sh [KERNEL-SERIES]...
set -euo pipefail

# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=tests/lib/kernels.sh
. "$top/tests/lib/kernels.sh"

build=(build-essential bc bison flex libelf1 libjansson-dev libmnl-dev pkg-config rsync xz-utils zstd)
machines=(busybox-static cpio kmod linux-source-6.1 qemu-system-x86)
checks=(mandoc prometheus pyflakes3 shellcheck sparse valgrind)
tools=(bird2 curl ethtool iperf3 iproute2 iputils-arping iputils-ping iputils-tracepath nftables
	nginx-light procps tcpdump traceroute unbound wireguard-tools)
python=(python3 python3-jsonschema python3-pytest python3-scapy python3-yaml)

need_packages "${build[@]}" "${machines[@]}" "${checks[@]}" "${tools[@]}" "${python[@]}"
for series; do
	fetch_kernel "$(kernel_release "$series")"
done
