# SPDX-License-Identifier: GPL-2.0-only
"""Loading and unloading the module."""

import contextlib
from pathlib import Path

import kmod
import netlink
import netns
import pytest
import topology
import util
from addresses import CONFIG, HOST4, HOST6, SERVER4, SERVER6
from packet import ANY, ip4, ip6, udp
from util import CTL

pytestmark = pytest.mark.usefixtures("real")


def families():
    return util.run("genl", "ctrl", "list").stdout


def test_what_unloading_leaves_behind(real):
    """Nothing: whatever is configured, and in how many namespaces."""
    util.need("genl")
    for namespace in (real.v6, real.v4):
        namespace.run(CTL, "load", "-", input=CONFIG)
    real.wire.expect(ip6(HOST6, SERVER6, udp(1, 2)),
                     ip4(HOST4, SERVER4, udp(1, 2), ttl=63, id=ANY))
    assert "Name: nat64" in families()

    kmod.unload_module()
    real.gateway.loaded = None
    assert not kmod.module_loaded()
    assert "Name: nat64" not in families()
    assert "nat64" not in Path("/proc/modules").read_text()
    real.wire.expect(ip4(SERVER4, HOST4, udp(1, 2)), ip4(SERVER4, HOST4, udp(1, 2), ttl=63))
    refused = real.gateway.run(CTL, "status", check=False)
    assert refused.returncode == 3 and "modprobe nat64" in refused.stderr

    kmod.load_module()
    assert topology.state(real.gateway) == "off"
    real.gateway.configure(CONFIG)
    real.wire.expect(ip6(HOST6, SERVER6, udp(1, 2)),
                     ip4(HOST4, SERVER4, udp(1, 2), ttl=63, id=ANY))


@topology.hooks_can_be_listed
def test_unloading_leaves_no_hooks(real):
    kmod.unload_module()
    assert not topology.hooks(real.gateway)
    kmod.load_module()
    real.gateway.loaded = None


def test_unloading_again_and_again(real):
    for _ in range(5):
        kmod.unload_module()
        kmod.load_module()
        real.gateway.loaded = None
    real.gateway.configure(CONFIG)


def test_unloading_while_a_configuration_is_loaded(real):
    """What its socket has sent so far goes with the module."""
    with real.gateway:
        client = netlink.Socket()
    with contextlib.closing(client):
        client.ask("load-begin")
        client.ask("eam-new", netlink.build("nat64", staged=True, eam={
            "addr4": "192.0.2.1", "addr6": "2001:db8:9::1"}), netlink.CREATE)
        kmod.unload_module()
    kmod.load_module()
    real.gateway.loaded = None
    assert topology.state(real.gateway) == "off"


@pytest.mark.parametrize("route", ["", "blackhole 203.0.114.128/25"], ids=["no route", "blackhole"])
def test_a_namespace_dies_with_its_configuration(real, route):
    for n in range(3):
        dying = netns.Namespace(f"nat64-dying{n}")
        dying.run(CTL, "load", "-", input=CONFIG + "add 203.0.114.0/24 2001:db8:114::/120\n")
        if route:
            dying.ip(f"route add {route}")
        dying.delete()
    real.wire.expect(ip6(HOST6, SERVER6, udp(1, 2)),
                     ip4(HOST4, SERVER4, udp(1, 2), ttl=63, id=ANY))
