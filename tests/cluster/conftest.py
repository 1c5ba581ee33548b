# SPDX-License-Identifier: GPL-2.0-only
"""The network of examples/cluster, once for all tests here, with three healthy gateways."""

import contextlib
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "netns"))

import cluster
import kmod
import util

RULES = """
table inet spread {
    chain forwarded {
        type filter hook prerouting priority mangle;
        jump choose
    }
    chain own {
        type route hook output priority mangle;
        jump choose
    }
    chain choose {
        ip daddr %s meta mark set numgen random mod 3 offset 1
        ip6 daddr %s meta mark set numgen random mod 3 offset 1
    }
}
""" % (cluster.PUBLIC, cluster.PREFIX)


@pytest.fixture(scope="session")
def network():
    util.need("bird", "birdc", "unbound", "nft")
    util.run("modprobe", "-qa", *cluster.MODULES, check=False)
    if not kmod.module_loaded():
        kmod.load_module()
    network = cluster.Network()
    network.lab("up", cluster.GATEWAYS)
    yield network
    network.lab("down")
    kmod.unload_module()


@pytest.fixture
def note(request):
    """Keeps what was measured, with the results: docs/operations.md has such figures."""
    def keep(text):
        with open(Path(os.environ.get("NAT64_OUT", ".")) / "measured", "a") as file:
            print(f"{request.node.name}: {text}", file=file)
    return keep


@pytest.fixture
def lab(network):
    """The network as it should be; what a test breaks it has to fix."""
    network.await_gateways(1, 2, 3)
    yield network
    network.await_gateways(1, 2, 3)


@pytest.fixture
def spread(lab):
    """Both routers choose a gateway for each packet, be it a fragment or an ICMP error."""
    with contextlib.ExitStack() as stack:
        for side, family, network in ((4, "-4", cluster.PUBLIC), (6, "-6", cluster.PREFIX)):
            router = f"router{side}"
            lab.on(router, "nft", "-f", "-", input=RULES)
            stack.callback(lab.on, router, "nft", "delete table inet spread")
            for gateway in (1, 2, 3):
                address = f"192.0.2.{10 + gateway}" if side == 4 else f"2001:db8:6::{10 + gateway}"
                lab.on(router, "ip", family, "route", "add", network, "via", address,
                       "table", 100 + gateway)
                lab.on(router, "ip", family, "rule", "add", "fwmark", gateway,
                       "table", 100 + gateway)
                stack.callback(lab.on, router, "ip", family, "rule", "del", "fwmark", gateway)
                stack.callback(lab.on, router, "ip", family, "route", "del", network,
                               "table", 100 + gateway)
        yield lab
