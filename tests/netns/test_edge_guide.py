# SPDX-License-Identifier: GPL-2.0-only
"""docs/edge.md and examples/edge, typed and run: IPv4-only programs and hosts reach the
IPv4 Internet through a network that has only IPv6, and are reached from there."""

import contextlib
import os
import re

import pytest
import util
from netns import Namespace
from topology import MODULES
from util import CTL, TOP

EDGE = TOP / "examples" / "edge"
PREFIX, INTERNET = "2001:db8:64::/96", "198.51.100.80"
FACE, PUBLIC = "2001:db8:cafe::46", "203.0.113.10"


@contextlib.contextmanager
def provider_of(*lines):
    """The border relay, with a host of the IPv4 Internet in it, and the IPv6 network."""
    util.run("modprobe", "-qa", *MODULES, check=False)
    with contextlib.ExitStack() as stack:
        provider = Namespace("edge-provider")
        stack.callback(provider.delete)
        provider.ip(f"addr add {INTERNET}/32 dev lo", "link add lan type veth peer name far0")
        provider.ip("link set lan up", "addr add fe80::1/64 dev lan nodad",
                    "addr add 2001:db8:cafe::1/64 dev lan nodad", "route add default dev lan")
        provider.sysctl("net.ipv6.conf.all.forwarding", 1)
        provider.sysctl("net.ipv4.ip_forward", 1)
        provider.run(CTL, "load", "-", input="\n".join((f"add {PUBLIC} {FACE}", *lines, "")))
        yield provider


@pytest.fixture
def provider(module):
    with provider_of(f"prefix add {PREFIX}") as provider:
        yield provider


def plug(provider, name, address):
    """A host of the IPv6 network, on its device eth0. Routers ask from a link-local address."""
    host = Namespace(name)
    provider.ip(f"link set far0 netns {name}")
    host.ip("link set far0 name eth0", "link set eth0 up", f"addr add {address}/64 dev eth0 nodad",
            "addr add fe80::2/64 dev eth0 nodad", "route add default via 2001:db8:cafe::1")
    return host


def ping(host, address):
    util.need("ping")
    return host.run("ping", "-n", "-c", "1", "-W", "5", address, check=False).returncode == 0


@pytest.fixture
def host6(provider):
    host = plug(provider, "edge-host6", "2001:db8:cafe::10")
    host.run(CTL, "load", EDGE / "nat64.conf")
    yield host
    host.delete()


def nat64_edge(host, word, **settings):
    """The script, with the settings of the example."""
    defaults = dict(re.findall(r"^(\w+)=(.*)", (EDGE / "nat64-edge.default").read_text(), re.M))
    settings = [f"{name}={value}" for name, value in {**defaults, **settings}.items()]
    return host.run("env", *settings, EDGE / "nat64-edge", word)


def state(host):
    return host.run("ip", "-brief", "address").stdout + host.run("ip", "route").stdout


@pytest.mark.parametrize("face", ["local", "routed"])
def test_a_program_of_a_host(host6, provider, face):
    """RFC 7756 3.1. Down, it leaves nothing behind; up twice is up."""
    before = state(host6)
    if face == "routed":
        provider.ip(f"route add {FACE} via 2001:db8:cafe::10 dev lan")
    for _ in range(2):
        nat64_edge(host6, "up", FACE=face)
    assert ping(host6, INTERNET)
    assert ping(provider, PUBLIC)
    assert " mtu 1480" in host6.run("ip", "route").stdout
    nat64_edge(host6, "down", FACE=face)
    assert state(host6) == before
    assert not ping(host6, INTERNET)


def test_the_guide_has_the_configuration_of_the_example():
    page = (TOP / "docs" / "edge.md").read_text()
    block = re.search(r"^```nat64\n(.*?)^```", page, re.M | re.S)[1]
    lines = (EDGE / "nat64.conf").read_text().splitlines()
    assert block.splitlines() == [line for line in lines if line and not line.startswith("#")]


def typed(page, host):
    return re.findall(rf"^    {host}# (.*)", (TOP / "docs" / page).read_text(), re.M)


@pytest.mark.skipif(util.run("modprobe", "-q", "nft_masq", check=False).returncode != 0 and
                    not os.path.exists("/proc/sys/net/netfilter"), reason="this kernel has no NAT")
def test_private_hosts_behind_one_address(provider):
    """RFC 6877 6.3: NAT44, and the address by which the provider knows them is answered for."""
    util.need("nft")
    lines = typed("edge.md", "router")
    assert len(lines) > 15
    router, lan = plug(provider, "edge-router", "2001:db8:cafe::30"), Namespace("edge-lan")
    try:
        router.ip("link add lan4 type veth peer name eth0 netns edge-lan", "link set lan4 up",
                  "addr add 192.168.64.1/24 dev lan4")
        lan.ip("link set eth0 up", "addr add 192.168.64.10/24 dev eth0",
               "route add default via 192.168.64.1")
        for line in lines:
            router.run("bash", "-c", f"PATH={CTL.parent}:$PATH; {line}")
        assert ping(lan, INTERNET)
        assert ping(router, INTERNET)
        assert not ping(provider, "192.168.64.10")
    finally:
        router.run("ip", "netns", "del", "clat", check=False)
        lan.delete()
        router.delete()
