# SPDX-License-Identifier: GPL-2.0-only
"""The IPv4 address that the gateway's errors come from: none, the inbound device's, that of the route."""

import pytest
from addresses import GATEWAY4, HOST4, HOST6, MAC_FAR4, MAC_FAR6, SENTINEL4, SENTINEL6, SERVER4, SERVER6
from frame import Frame
from icmp_error import answer4
from packet import ANY, icmp4, icmp6, ip4, ip6, udp
from test_counters import counted
from topology import build_topology
from util import FORWARDING

DUMMY4 = "192.0.0.8"  # RFC 7600 4.1: what a router without an IPv4 address says that it is
PART = udp(1, 2, b"hello")

pytestmark = pytest.mark.usefixtures("real")


@pytest.fixture(scope="module")
def built():
    """A gateway whose IPv4 routes have IPv6 next hops, as an IPv6-only backbone has them."""
    topology = build_topology("nat64-bare")
    topology.gateway.ip(
        f"addr del {GATEWAY4}/24 dev to4", f"neigh add fe80::fe lladdr {MAC_FAR4} dev to4 nud permanent",
        "route replace 0.0.0.0/0 via inet6 fe80::fe dev to4",
        f"route replace {SENTINEL4}/32 via inet6 fe80::fe dev to4",
        f"route replace {SENTINEL6}/32 dev to6")
    yield topology
    topology.delete()


@pytest.fixture
def bare(built, module, text):
    built.configure(text)
    return built


def test_a_gateway_without_an_ipv4_address_translates(bare):
    bare.wire.expect(ip6(HOST6, SERVER6, PART), ip4(HOST4, SERVER4, PART, ttl=63, id=ANY))
    bare.wire.expect(ip4(SERVER4, HOST4, PART), ip6(SERVER6, HOST6, PART, hlim=63))


@pytest.mark.parametrize("inbound", [0, 1], ids=["of the way out", "of the device it came in on"])
@pytest.mark.parametrize("to", [HOST4, "192.0.2.9"], ids=["translated", "native"])
def test_its_own_errors_come_from_the_dummy_address(bare, to, inbound):
    packet = ip4(SERVER4, to, PART, ttl=1)
    with bare.gateway.sysctls(net__ipv4__icmp_errors_use_inbound_ifaddr=inbound):
        bare.wire.expect(packet, answer4(packet, 11, 0, source=DUMMY4))


@pytest.fixture(params=[("to6", "to4"), ("to6", "to4", "lo")], ids=["loopback", "none"])
def bare6(request, module):
    """A gateway that has no IPv6 address but perhaps ::1, and routes."""
    topology = build_topology("nat64-bare6")
    for device in request.param:
        topology.gateway.run("ip", "-6", "addr", "flush", "dev", device)
    topology.gateway.ip(f"route add {HOST6}/128 dev to6")
    topology.configure(f"prefix add 64:ff9b::/96\nadd {HOST4} {HOST6}\n")
    yield topology
    topology.delete()


def test_an_error_for_which_there_is_no_ipv6_address(bare6):
    """From an address that the well-known prefix does not carry; other packets need none."""
    bare6.wire.expect(ip4("9.9.9.9", HOST4, PART), ip6("64:ff9b::909:909", HOST6, PART, hlim=63))
    bare6.gateway.ctl("stats", "reset")
    bare6.wire.expect_silence(ip4("10.0.0.1", HOST4, icmp4(3, 1, 0, ip4(HOST4, "9.9.9.9", PART))))
    assert counted(bare6.gateway) == {"icmp_no_source": FORWARDING.times}


ROUTER6 = "2001:db8:7::7"
AT_HOST6 = ip6(SERVER6, HOST6, udp(53, 1000, bytes(33)), hlim=60)
AT_HOST4 = ip4(SERVER4, HOST4, udp(53, 1000, bytes(33)), ttl=60, id=ANY)


def from_router6(source):
    """Time Exceeded of a router without a mapping, and as the server gets it."""
    return (ip6(ROUTER6, SERVER6, icmp6(3, 0, 0, AT_HOST6)),
            ip4(source, SERVER4, icmp4(11, 0, 0, AT_HOST4), ttl=63, id=ANY))


def test_errors_of_ipv6_routers_come_from_the_dummy_address(bare):
    """RFC 6791 4: from an address of the translator; it has no other."""
    packet, expected = from_router6(DUMMY4)
    bare.wire.expect(packet, expected)


# net.ipv4.icmp_errors_use_inbound_ifaddr

INBOUND = pytest.mark.parametrize("inbound", [0, 1], ids=["of the way out", "of the device it came in on"])
OTHER4 = "192.0.2.33"


@INBOUND
@pytest.mark.parametrize("to", [HOST4, "192.0.2.9"], ids=["translated", "native"])
def test_the_address_of_the_gateway_s_own_errors(real, to, inbound):
    """The way out has a preferred source, the device that the packet came in on another address."""
    with real.gateway.routes(f"addr {OTHER4}/32 dev lo", f"route {SERVER4}/32 dev to4 src {OTHER4}"), \
            real.gateway.sysctls(net__ipv4__icmp_errors_use_inbound_ifaddr=inbound):
        packet = ip4(SERVER4, to, PART, ttl=1)
        real.wire.expect(packet, answer4(packet, 11, 0, source=GATEWAY4 if inbound else OTHER4))


@INBOUND
def test_the_address_of_errors_of_ipv6_routers(real, inbound):
    """With no pool configured; the device that they came in on has an address of its own."""
    packet, expected = from_router6(OTHER4 if inbound else GATEWAY4)
    try:
        with real.gateway.routes(f"addr {OTHER4}/32 dev to6"), \
                real.gateway.sysctls(net__ipv4__icmp_errors_use_inbound_ifaddr=inbound):
            real.wire.expect(packet, expected)
    finally:  # with its last address a device loses its routes and neighbours
        real.gateway.ip(f"route replace {SENTINEL6}/32 dev to6",
                        f"neigh replace {SENTINEL6} lladdr {MAC_FAR6} dev to6 nud permanent")


@INBOUND
def test_the_address_of_the_gateway_s_own_ipv6_errors(real, inbound):
    """About native packets from the prefix, and thus translated: they came in on no device as IPv4."""
    packet = Frame(ip6(SERVER6, HOST6, PART, hlim=1), side=6)
    expected = ip4(GATEWAY4, SERVER4, icmp4(11, 0, 0, ip4(SERVER4, HOST4, PART, ttl=1, id=ANY)), id=ANY)
    try:
        with real.gateway.routes(f"addr {OTHER4}/32 dev to6"), \
                real.gateway.sysctls(net__ipv4__icmp_errors_use_inbound_ifaddr=inbound):
            real.wire.expect(packet, expected)
    finally:
        real.gateway.ip(f"route replace {SENTINEL6}/32 dev to6",
                        f"neigh replace {SENTINEL6} lladdr {MAC_FAR6} dev to6 nud permanent")
