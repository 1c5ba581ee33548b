#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Installs what the tests use, as far as it is missing: Debian packages only. What
# builds a kernel, or comes with a kernel's headers, is named where that is done.
# Kernels that only test machines boot go to the cache, see lib/kernels.sh.
# Usage: tests/deps.sh [KERNEL-SERIES]...
set -euo pipefail

# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=tests/lib/kernels.sh
. "$top/tests/lib/kernels.sh"
# shellcheck source=tests/lib/guest.sh
. "$top/tests/lib/guest.sh"

build=(build-essential libbpf-dev libjansson-dev libmnl-dev pahole pkg-config rsync)
checks=(bind9-utils fish frr keepalived knot-resolver mandoc pdns-recursor prometheus pyflakes3 rpm shellcheck sparse systemd valgrind xz-utils zsh zstd)
tools=(bird2 curl ethtool iperf3 iproute2 iputils-arping iputils-ping iputils-tracepath nftables
	nginx-light procps tcpdump traceroute unbound wireguard-tools)
python=(python3-jsonschema python3-prometheus-client python3-pytest python3-scapy python3-yaml)

need_packages "${build[@]}" "${checks[@]}" "${tools[@]}" "${python[@]}" \
	"${vm_packages[@]}" "${uml_packages[@]}"
for series; do
	fetch_kernel "$(kernel_release "$series")"
done
