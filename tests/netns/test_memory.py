# SPDX-License-Identifier: GPL-2.0-only
"""What a namespace costs that has next to nothing configured."""

import contextlib
import re
from pathlib import Path

import kmod
import netlink
import pytest
from netns import Namespace
from util import eventually

NAMESPACES = 40
MAPPING = {"addr4": "203.0.113.10", "addr6": "2001:db8:1::10"}
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
