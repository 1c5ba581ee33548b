# SPDX-License-Identifier: GPL-2.0-only
"""Packets of known flows whose headers alone are rewritten, and those that look as if they could be.

What comes out is held against what the whole translator makes of the same packet,
in PRE_ROUTING as at the ingress hook; and it is the same for the second packet of a
flow as for the first.
"""

import contextlib

import pytest
from addresses import CONFIG, GATEWAY4, GATEWAY6, HOST6, MAC_FAR6, SERVER4
from frame import Frame, Offload, mac
from ingress import (DIRECT, FOUR, FROM4, FROM6, PRE_ROUTING, SIX, TO4, TO6, USUAL, arrivals,
                     keeps_flows, known, topology_of_its_own)
from packet import UDP, echo4, echo6, ip4, ip6, octets, raw, tcp, u16, udp, version
from test_ingress import grown, nothing, outcome, prepare, roomy, stats
from test_lookup import routes_or_skip
from test_trace import TRACING, traced

pytestmark = pytest.mark.as_configured

FILTERED = CONFIG
# With which the whole translator has all packets.
WHOLE = {FILTERED: FILTERED + "set counters on\n", DIRECT: PRE_ROUTING}
MODES = pytest.mark.parametrize("text", [FILTERED, DIRECT], ids=["filtered", "direct"])
TCP = 6


@pytest.fixture(scope="module")
def topology(module, namespaces):
    yield from topology_of_its_own()


@pytest.fixture
def net(topology, text):
    topology.configure(text)
    return topology


def with_checksum(ends, make, at, wanted):
    """A message of ICMP whose data makes its checksum what is wanted, with the sum that it has."""
    bare = octets(*ends, make(1, 2, b"\0\0"))
    has = int.from_bytes(bare[at:at + 2], "big")
    data = (has - wanted) % 0xffff
    message = octets(*ends, make(1, 2, u16(data)))
    assert int.from_bytes(message[at:at + 2], "big") in (wanted, wanted ^ 0xffff)
    return message[:at] + u16(wanted) + message[at + 2:]


def in_pages(packet, linear, trailer=b""):
    """Of which so many octets are in one piece: a packet socket puts the rest into pages."""
    return Frame(packet, trailer=trailer, offload=Offload(header=14 + linear))


LONG_UDP, LONG_TCP = udp(1, 53, bytes(range(256)) * 18), tcp(1000, 80, bytes(range(256)) * 18)


def long_packets():
    """By name, packets of more than a page, with their headers in pages as well."""
    for family, make, header, ends, more in ((6, ip6, 40, SIX, {}), (4, ip4, 20, FOUR, {"df": True})):
        for name, part in (("UDP", LONG_UDP), ("TCP", LONG_TCP)):
            packet = make(*ends, part, **more)
            for linear in (0, header, header + 4, header + 8, header + 20, header + 40):
                yield f"{family} {name}, {linear} in one piece", in_pages(packet, linear)
            yield f"{family} {name}, padded", in_pages(packet, header + 40, trailer=b"padding")


SHORT = {
    "6 TCP without its header": ip6(*SIX, raw(TCP, bytes(12))),
    "4 TCP without its header": ip4(*FOUR, raw(TCP, bytes(12))),
    "6 UDP with the sum of nothing": ip6(*SIX, udp(1, 53, b"x", checksum=0)),
    "4 UDP with the sum of nothing": ip4(*FOUR, udp(1, 53, b"x", checksum=0)),
    "6 no more than a header": ip6(*SIX, raw(UDP, bytes(7))),
    "4 no more than a header": ip4(*FOUR, raw(UDP, bytes(7))),
    "6 echo of sum 0": ip6(*SIX, raw(58, with_checksum(SIX, echo6, 2, 0))),
    "4 echo of sum 0": ip4(*FOUR, raw(1, with_checksum(FOUR, echo4, 2, 0))),
    "4 echo of sum ffff": ip4(*FOUR, raw(1, with_checksum(FOUR, echo4, 2, 0xffff))),
    "6 protocol 253": ip6(*SIX, raw(253, bytes(20))),
    "4 protocol 253": ip4(*FOUR, raw(253, bytes(20))),
}


def bare_pseudo(ends):
    """An echo whose checksum is that of the pseudo-header, as if nothing else had been summed."""
    packet = ip6(*ends, raw(58, octets(*ends, echo6(0, 0, b""))))
    pseudo = 0
    for at in range(8, 40, 2):
        pseudo += int.from_bytes(packet[at:at + 2], "big")
    pseudo += len(packet) - 40 + 58
    pseudo = (pseudo & 0xffff) + (pseudo >> 16)
    pseudo = (pseudo & 0xffff) + (pseudo >> 16)
    return type(packet)(packet[:42] + u16(pseudo ^ 0xffff) + packet[44:])


SHORT["6 echo with the sum of the pseudo-header"] = bare_pseudo(SIX)


def found(net, packets):
    """What becomes of each packet, twice, and what is counted of all."""
    before, seen = stats(net.gateway), {}
    for name, sent in packets.items():
        prepare(net, sent)
        seen[name] = [outcome(net, sent) for _ in range(2)]
    return seen, grown(before, stats(net.gateway))


@pytest.mark.parametrize("packets, mtu", [(SHORT, None), (dict(long_packets()), 9000)], ids=["short", "long"])
@MODES
def test_the_same_comes_out_as_of_the_whole_translator(topology, text, packets, mtu):
    results = []
    with topology.mtus(to6=mtu, to4=mtu):
        for configuration in (WHOLE[text], text):
            topology.configure(configuration)
            results.append(found(topology, packets))
    whole, plain = results
    assert [name for name in packets if whole[0][name] != plain[0][name]] == []
    assert whole[1] == plain[1]


# Other ways in and out.

# Each comes in where nobody listens to its family: what is cloned is not edited in place.
TUNNELS = {
    "6to4": (f"type sit local {GATEWAY4} remote {SERVER4}", Frame(ip4(SERVER4, GATEWAY4, raw(41, FROM6)), side=6), TO4),
    "4to6": (f"type ip6tnl mode ipip6 local {GATEWAY6} remote {HOST6}",
             Frame(ip6(HOST6, GATEWAY6, raw(4, FROM4)), side=4), TO6),
}


@MODES
@pytest.mark.parametrize("way", TUNNELS)
def test_packets_that_come_without_an_ethernet_header(net, way):
    words, sent, expected = TUNNELS[way]
    net.gateway.ip(f"link add tun0 {words}", "link set tun0 up")
    try:
        for _ in range(3):
            net.wire.expect(sent, expected)
    finally:
        net.gateway.ip("link del tun0")


@MODES
def test_a_next_hop_of_the_other_family(net, text):
    """RFC 5549: an IPv4 route whose router has an IPv6 address."""
    with net.gateway.routes(f"route {SERVER4}/32 via inet6 2001:db8:1::fe dev to6"):
        for _ in range(3):
            out = net.wire.exchange(FROM6)
            assert not out[4] and [TO4.closed(p) == p for p in out[6]] == [True]
            assert out[6][0].ether == mac(MAC_FAR6) + out[6][0].ether[6:12] + b"\x08\x00"


@MODES
@pytest.mark.parametrize("room", [nothing, roomy], ids=["plainly", "with head room"])
@pytest.mark.parametrize("way", ["6to4", "4to6"])
def test_a_route_that_encapsulates_has_its_flows_too(net, text, way, room):
    sent, expected, side, tunnel, route = {
        "6to4": (FROM6, TO4, 4, "ipip", f"{SERVER4} encap ip id 5 dst 198.51.100.254 dev tunnel0"),
        "4to6": (FROM4, TO6, 6, "ip6tnl mode any", f"{HOST6} encap ip6 id 5 dst 2001:db8:1::fe dev tunnel0")}[way]
    net.gateway.ip(f"link add tunnel0 type {tunnel} external", "link set tunnel0 up")
    try:
        with room(net), routes_or_skip(net.gateway, f"route {route}"):
            for _ in range(3):
                outer, = net.wire.exchange(sent)[side]
                inner = outer[20 if side == 4 else 40:]
                assert len(outer) > len(expected) and inner == expected.closed(inner)
    finally:
        net.gateway.ip("link del tunnel0")


@MODES
def test_forwarding_is_asked_of_the_device_that_this_packet_came_by(net, text):
    """The sysctl of a device that none of the flow's packets has come by so far."""
    key, elsewhere = "net.ipv4.conf.to4.forwarding", Frame(FROM6, side=4)
    before = stats(net.gateway)
    out = net.wire.exchange(lambda: net.gateway.sysctl(key, 0), FROM6, FROM6, elsewhere, elsewhere,
                            lambda: net.gateway.sysctl(key, 1))
    assert [TO4.closed(p) == p for p in out[4]] == [True, True]
    assert grown(before, stats(net.gateway)) == {"translated_6to4": 2, "forwarding_off": 2}
    for _ in range(2):
        net.wire.expect(elsewhere, TO4)


@pytest.mark.skipif(not (TRACING / "instances").is_dir(), reason="this kernel does not trace")
@MODES
def test_packets_of_known_flows_are_traced(net, text):
    for sent, expected in USUAL.items():
        net.wire.expect([sent, sent], expected, expected)
    with traced("nat64/translated") as events:
        for sent, expected in USUAL.items():
            net.wire.expect(sent, expected)
        assert len(events()) == len(USUAL)
    for sent, expected in USUAL.items():
        net.wire.expect(sent, expected)


# Neighbours.

DIRECTLY = pytest.mark.parametrize("text", [DIRECT], ids=["direct"])
NEIGHBOURS = {"6to4": (FROM6, TO4, SERVER4, "to4"), "4to6": (FROM4, TO6, HOST6, "to6")}


@contextlib.contextmanager
def neighbour(net, address, device, state):
    """In another state for a while, with the address that it has."""
    lladdr = net.gateway.run("ip", "neigh", "show", address, "dev", device).stdout.split()[2]
    net.gateway.ip(f"neigh replace {address} lladdr {lladdr} dev {device} nud {state}")
    try:
        yield lladdr
    finally:
        net.gateway.ip(f"neigh replace {address} lladdr {lladdr} dev {device} nud permanent")


@keeps_flows
@DIRECTLY
@pytest.mark.parametrize("way", NEIGHBOURS)
def test_a_stale_neighbour_is_used_and_asked_about(net, way):
    """RFC 4861 section 7.3.3: the first packet to it begins the delay before a probe."""
    sent, expected, address, device = NEIGHBOURS[way]
    known(net, sent)
    with neighbour(net, address, device, "stale"):
        assert arrivals(net, sent) == 0
        assert "DELAY" in net.gateway.run("ip", "neigh", "show", address, "dev", device).stdout
        net.wire.expect(sent, expected)


@keeps_flows
@DIRECTLY
@pytest.mark.parametrize("way", NEIGHBOURS)
def test_a_neighbour_that_is_new_gets_its_first_packet_from_the_stack(net, way):
    """Which then keeps the Ethernet header for the next ones."""
    sent, expected, address, device = NEIGHBOURS[way]
    known(net, sent)
    lladdr = net.gateway.run("ip", "neigh", "show", address, "dev", device).stdout.split()[2]
    net.gateway.ip(f"neigh del {address} dev {device}",
                   f"neigh add {address} lladdr {lladdr} dev {device} nud permanent")
    assert [arrivals(net, sent) for _ in range(2)] == [0, 0]
    net.wire.expect(sent, expected)


@keeps_flows
@DIRECTLY
@pytest.mark.parametrize("way", NEIGHBOURS)
def test_a_packet_waits_for_a_neighbour_that_does_not_answer(net, way):
    sent, expected, address, device = NEIGHBOURS[way]
    known(net, sent)
    lladdr = net.gateway.run("ip", "neigh", "show", address, "dev", device).stdout.split()[2]

    def become(state):
        net.gateway.ip(f"neigh replace {address} lladdr {lladdr} dev {device} nud {state}")

    def arrived(*how):
        return sum(expected.closed(p) == p for p in net.wire.exchange(*how)[version(expected)])
    try:
        assert arrived(lambda: become("failed"), sent, sent) == 0
        assert arrived(lambda: become("permanent"), sent) == 3
    finally:
        become("permanent")


# What decides on routes without a flow.

@keeps_flows
@DIRECTLY
def test_a_route_to_a_nexthop_object_has_its_flow(net, text):
    """Of one router, and of the next one as soon as it is that."""
    gateway, macs = net.gateway, {"71": "02:00:00:00:06:71", "72": "02:00:00:00:06:72"}
    with contextlib.ExitStack() as stack:
        for n, lladdr in macs.items():
            stack.enter_context(gateway.routes(f"neigh 2001:db8:1::{n} lladdr {lladdr} dev to6"))
        stack.enter_context(gateway.nexthop(1, "via 2001:db8:1::71 dev to6"))
        stack.enter_context(gateway.routes(f"route {HOST6}/128 nhid 1"))
        for n, lladdr in macs.items():
            gateway.ip(f"nexthop replace id 1 via 2001:db8:1::{n} dev to6")
            known(net, FROM4)
            assert arrivals(net, FROM4) == 0
            assert net.wire.expect(FROM4, TO6)[6][0].ether[:6] == mac(lladdr)


def test_routers_that_share_packets_keep_no_flow(topology):
    """A nexthop object that is a group: the ports decide, which a flow does not have."""
    topology.configure(DIRECT)
    macs = {f"2001:db8:1::{n}": f"02:00:00:00:06:{n}" for n in ("71", "72")}
    ports = [ip4(*FOUR, udp(port, 53, b"x")) for port in range(1000, 1032)]
    with contextlib.ExitStack() as stack:
        for n, router in enumerate(macs, 1):
            stack.enter_context(topology.gateway.routes(f"neigh {router} lladdr {macs[router]} dev to6"))
            stack.enter_context(topology.gateway.nexthop(n, f"via {router} dev to6"))
        stack.enter_context(topology.gateway.nexthop(3, "group 1/2"))
        stack.enter_context(topology.gateway.routes(f"route {HOST6}/128 nhid 3"))
        stack.enter_context(topology.gateway.sysctls(net__ipv6__fib_multipath_hash_policy=1))
        first, second = ([p.ether[:6] for p in topology.wire.exchange(*ports)[6]] for _ in range(2))
        assert len(first) == len(ports) and first == second
        assert {octets.hex(":") for octets in first} == set(macs.values())
        assert arrivals(topology, *ports) == len(ports)
