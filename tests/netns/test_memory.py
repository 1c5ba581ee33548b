# SPDX-License-Identifier: GPL-2.0-only
"""What a namespace costs that has next to nothing configured, and what flows hold."""

import contextlib
import re
from pathlib import Path

import kmemleak
import kmod
import netlink
import pytest
from addresses import CONFIG, HOST4, HOST6, SERVER4, SERVER6
from netns import Namespace
from packet import ANY, ip4, ip6, udp
from topology import build_topology
from util import eventually

NAMESPACES = 40
MAPPING = {"addr4": "203.0.113.10", "addr6": "2001:db8:1::10"}
PART = udp(1, 53, b"question")
KEPT = ("SUnreclaim", "Percpu", "VmallocUsed")


def processors():
    """How many there may ever be: what is kept for each is kept for all of these."""
    return int(re.findall(r"\d+", Path("/sys/devices/system/cpu/possible").read_text())[-1]) + 1


def kept():
    """KiB that the kernel has allocated and cannot give back by itself."""
    sizes = dict(re.findall(r"(\w+): +(\d+)", Path("/proc/meminfo").read_text()))
    return sum(int(sizes[name]) for name in KEPT)


@pytest.fixture
def many():
    """Namespaces that were there before the module is."""
    kmod.unload_module()
    made = [Namespace(f"nat64-m{n}") for n in range(NAMESPACES)]
    try:
        yield made
    finally:
        for one in made:
            one.delete()


def ask(namespace, *request):
    with namespace:
        client = netlink.Socket()
    with contextlib.closing(client):
        client.ask(*request)


@pytest.mark.skipif(Path("/sys/kernel/debug/kmemleak").exists(), reason=
                    "a kernel with KASAN keeps back what is freed, to see who still uses it")
def test_a_namespace_with_one_mapping_costs_little_and_gives_it_back(module, many):
    """However many processors there are: what is kept for each is sized to use."""
    allowed = NAMESPACES * (24 + 4 * processors())
    empty = kept()
    kmod.load_module()
    loaded = kept()
    for one in many:
        ask(one, "eam-new", netlink.build("nat64", eam=MAPPING), netlink.CREATE | netlink.EXCL)
    full = kept()
    figures = f"KiB: {empty} empty, {loaded} loaded, {full} with mappings; {allowed} allowed"
    assert full - loaded < allowed, figures
    assert full - empty < allowed + 2048, figures
    for one in many:
        ask(one, "eam-flush")
    eventually(lambda: kept() - loaded < max(allowed // 4, 512), "the memory of the mappings is given back")


@pytest.mark.skipif(not kmemleak.MEMLEAK.exists(), reason="this kernel does not look for leaks")
def test_flows_give_up_the_routes_that_they_hold(module):
    """One whose route is no longer valid, the one that takes its place, and those of a namespace that goes."""
    kmemleak.forget_leaks()
    topology = build_topology("leaks")
    try:
        topology.configure(CONFIG)
        for routes in ([], [f"route add {SERVER4}/32 dev to4", f"route add {HOST6}/128 dev to6"]):
            topology.gateway.ip(*routes)
            for _ in range(4):
                topology.wire.expect([ip6(HOST6, SERVER6, PART), ip4(SERVER4, HOST4, PART)],
                                     ip4(HOST4, SERVER4, PART, ttl=63, id=ANY), ip6(SERVER6, HOST6, PART, hlim=63))
        topology.gateway.ip(*(route.replace("add", "del") for route in routes))
    finally:
        topology.delete()
    assert not kmemleak.leaks()
