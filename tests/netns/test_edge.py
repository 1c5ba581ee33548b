# SPDX-License-Identifier: GPL-2.0-only
"""Edge mappings: hosts of the IPv4 side and their IPv6 faces (RFC 7756, RFC 6877).

What test_4to6.py, test_6to4.py and test_icmp.py ask with the host on the IPv6
side, with the roles exchanged.
"""

import contextlib

import pytest
from addresses import (GATEWAY4, GATEWAY6, HOST4, HOST6, PREFIX, SERVER4, SERVER6,
                       STRANGER6)
from icmp_error import (fragmentation_needed, packet_too_big, prohibited,
                        source_route_failed, time_exceeded)
from packet import (ANY, ESP, UDP, Packet, address, dccp, destination_options, echo4, echo6,
                    echo_reply4, echo_reply6, fragment, icmp4, icmp6, ip4, ip6, octets, raw, tcp, u32,
                    udp, udplite)

pytestmark = pytest.mark.as_configured

# The host of the IPv4 side and its face; somebody of the IPv4 Internet, which is beyond IPv6.
FACE6 = "2001:db8:46::2"
FAR4, FAR6 = "192.0.2.9", "2001:db8:100::c000:209"
ROUTER4, ROUTER4_EMBEDDED = "192.0.2.77", "2001:db8:100::c000:24d"
ROUTER6 = "2001:db8:7::7"
EDGE = [f"prefix add {PREFIX}", f"add {SERVER4} {FACE6} edge"]
PART = udp(1, 2, b"hello")
DATA = bytes(range(33))

edge = pytest.mark.configuration(*EDGE)
beside = pytest.mark.configuration(f"add {SERVER4} {FACE6} edge", more=True)


def out4(part, **fields):
    """From the host, as it sends it."""
    return ip4(SERVER4, FAR4, part, **fields)


def out6(*parts, **fields):
    """The same, as it leaves."""
    return ip6(FACE6, FAR6, *parts, **{"hlim": 63, **fields})


def in6(*parts, **fields):
    return ip6(FAR6, FACE6, *parts, **fields)


def in4(part, **fields):
    return ip4(FAR4, SERVER4, part, **{"ttl": 63, "id": ANY, **fields})


def counters(gateway):
    return dict(line.split() for line in gateway.show("stats").splitlines())


@contextlib.contextmanager
def counted(net, *names):
    """What happens meanwhile is counted once under each of these reasons."""
    before = counters(net.gateway)
    yield
    after = counters(net.gateway)
    changes = {n: int(after[n]) - int(before[n]) for n in after if after[n] != before[n]}
    assert changes == dict.fromkeys(names, 1)


# Transports.

SAME = {
    "udp": udp(53, 1000, DATA), "udp corrupt": udp(53, 1000, DATA, wrong_by=1),
    "udp empty": udp(1, 2), "tcp": tcp(443, 40000, DATA), "tcp corrupt": tcp(443, 40000, DATA, wrong_by=1),
    "udplite": udplite(1, 2, DATA), "dccp": dccp(1, 2, DATA), "esp": raw(ESP, DATA),
    "253": raw(253, DATA),
}
ECHOES = {"request": (echo4, echo6), "reply": (echo_reply4, echo_reply6)}


@edge
@pytest.mark.parametrize("name", SAME)
def test_transports(expect, name):
    for _ in range(2):  # the second time from the cache of flows
        expect(out4(SAME[name]), out6(SAME[name]))
        expect(in6(SAME[name]), in4(SAME[name]))


@edge
@pytest.mark.parametrize("name", ECHOES)
def test_echo(expect, name):
    four, six = ECHOES[name]
    for wrong_by in (0, 1):
        expect(out4(four(7, 8, DATA, wrong_by=wrong_by)), out6(six(7, 8, DATA, wrong_by=wrong_by)))
        expect(in6(six(7, 8, DATA, wrong_by=wrong_by)), in4(four(7, 8, DATA, wrong_by=wrong_by)))


@edge
def test_one_packet_written_out(expect):
    """Each octet, both ways: RFC 791, RFC 8200."""
    expect(Packet(bytes.fromhex("4500001d0001000040118e90c6336402c0000209000100020009ab9968")),
           Packet(bytes.fromhex("600000000009113f20010db800460000000000000000000220010db80100000000000000c0000209"
                                "000100020009791568")))
@edge
def test_udp_without_a_checksum(expect, configure):
    expect(out4(udp(1, 2, DATA, checksum=0)), out6(udp(1, 2, DATA)))


@pytest.mark.configuration(*EDGE, "set udp-zero-checksum drop")
def test_udp_without_a_checksum_is_refused(expect):
    packet = out4(udp(1, 2, DATA, checksum=0))
    expect(packet, prohibited(packet))


# Headers.

@edge
def test_tos_and_traffic_class(expect):
    expect(out4(PART, tos=0xb9), out6(PART, tclass=0xb9))
    expect(in6(PART, tclass=0xb9), in4(PART, tos=0xb9))


@edge
def test_hop_limits(expect):
    expect(out4(PART, ttl=2), out6(PART, hlim=1))
    expect(in6(PART, hlim=2), in4(PART, ttl=1))
    for packet in (out4(PART, ttl=1), in6(PART, hlim=1)):
        expect(packet, time_exceeded(packet))


@edge
def test_options_are_skipped(expect):
    expect(out4(PART, options=b"\x94\4\0\0"), out6(PART))
    expect(in6(destination_options(), PART), in4(PART))


@edge
def test_source_routes(expect, expect_silence):
    packet = out4(PART, options=bytes([131, 7, 4]) + address("192.0.2.1"))
    expect(packet, source_route_failed(packet))
    expect_silence(out4(PART, options=b"\x94\1\0\0"))


@edge
def test_illegal_addresses(expect_silence):
    expect_silence(ip6("fe80::1", FACE6, PART), ip6("2001:db8:100::7f00:1", FACE6, PART),
                   ip6("2001:db8:100::e000:1", FACE6, PART), ip6("ff02::1", FACE6, PART))


# Fragments and sizes.

@edge
def test_fragments(expect):
    data = bytes(range(256))
    for offset, more in ((0, True), (256, True), (512, False)):
        expect(out4(raw(ESP, data), id=0x1234, offset=offset, mf=more),
               out6(fragment(0x1234, offset, more), raw(ESP, data)))
        expect(in6(fragment(0xabcd1234, offset, more), raw(ESP, data)),
               in4(raw(ESP, data), id=0x1234, offset=offset, mf=more))


@edge
def test_fragmented_icmp_is_not_translated(expect, expect_silence):
    packet = out4(echo4(1, 2, bytes(8)), mf=True)
    expect(packet, prohibited(packet))
    expect_silence(in6(fragment(1, 0, True), echo6(1, 2, bytes(8))))


@edge
def test_a_large_packet_without_df_is_split(expect):
    body = octets(FACE6, FAR6, udp(1, 2, bytes(1300)))
    expect(out4(udp(1, 2, bytes(1300)), id=77), out6(fragment(77, 0, True), raw(UDP, body[:1232])),
           out6(fragment(77, 1232), raw(UDP, body[1232:])))


@edge
def test_a_packet_that_is_too_big(net, expect):
    with net.mtus(to6=1400):
        packet = out4(tcp(1, 2, bytes(1361)), df=True)
        expect(packet, fragmentation_needed(packet, 1380))
    with net.mtus(to4=1300):
        packet = in6(tcp(1, 2, bytes(1261)))
        expect(packet, packet_too_big(packet, 1320))


@edge
def test_large_packets_that_fit(expect):
    expect(out4(tcp(1, 2, bytes(1440)), df=True), out6(tcp(1, 2, bytes(1440))))
    expect(in6(tcp(1, 2, bytes(1400))), in4(tcp(1, 2, bytes(1400)), df=True))


# ICMP errors. What they quote went the other way.

WENT_IN4, WENT_IN6 = in4(PART, id=5, ttl=60), in6(PART, hlim=60)
WENT_OUT4, WENT_OUT6 = out4(PART, id=ANY, ttl=60), out6(PART, hlim=60)
TYPES_4TO6 = {(3, 0): (1, 0), (3, 1): (1, 0), (3, 3): (1, 4), (3, 13): (1, 1), (11, 0): (3, 0),
              (12, 0): (4, 0), (3, 2): (4, 1, 6)}
TYPES_6TO4 = {(1, 0): (3, 1), (1, 1): (3, 10), (1, 4): (3, 3), (3, 0): (11, 0), (4, 0): (12, 0),
              (4, 1): (3, 2)}


@edge
@pytest.mark.parametrize("four", TYPES_4TO6, ids=str)
def test_errors_of_the_host(expect, four):
    expect(out4(icmp4(*four, 0, WENT_IN4)), out6(icmp6(*TYPES_4TO6[four][:2], *(TYPES_4TO6[four][2:] or [0]), WENT_IN6)))


@edge
def test_errors_of_a_router_behind_the_gateway(expect):
    """It has no mapping, but what it quotes was for one: its source is embedded."""
    expect(ip4(ROUTER4, FAR4, icmp4(11, 0, 0, WENT_IN4)),
           ip6(ROUTER4_EMBEDDED, FAR6, icmp6(3, 0, 0, WENT_IN6), hlim=63))


@edge
def test_errors_of_the_gateway(real):
    """Made by its IPv4 stack, of packets that are forwarded natively."""
    packet = ip4(FAR4, SERVER4, PART, ttl=1)
    real.wire.expect(packet, ip6("2001:db8:100::c633:6401", FAR6, icmp6(3, 0, 0, in6(PART, hlim=1)), hlim=64, tclass=0xc0))


@beside
def test_errors_of_a_gateway_that_has_border_hosts(real):
    """They go by IPv4, and are not translated there and back without an end."""
    packet = ip4(FAR4, SERVER4, PART, ttl=1)
    real.wire.expect(packet, time_exceeded(packet))


@edge
def test_other_packets_of_that_router_are_its_own(expect):
    packet = ip4(ROUTER4, FAR4, icmp4(11, 0, 0, ip4(FAR4, "198.51.100.77", PART)))
    expect(packet, ip4(ROUTER4, FAR4, icmp4(11, 0, 0, ip4(FAR4, "198.51.100.77", PART)), ttl=63))
    expect(ip4(ROUTER4, FAR4, PART), ip4(ROUTER4, FAR4, PART, ttl=63))


@edge
def test_fragmentation_needed_behind_the_gateway(expect):
    big4, big6 = in4(tcp(1, 2, bytes(1300)), id=0, ttl=60, df=True), in6(tcp(1, 2, bytes(1300)), hlim=60)
    expect(ip4(ROUTER4, FAR4, icmp4(3, 4, 1300, big4[:548])),
           ip6(ROUTER4_EMBEDDED, FAR6, icmp6(2, 0, 1320, big6[:568]), hlim=63))


@edge
@pytest.mark.parametrize("six", TYPES_6TO4, ids=str)
def test_errors_for_the_host(expect, six):
    expect(in6(icmp6(*six, 0, WENT_OUT6)), in4(icmp4(*TYPES_6TO4[six], 0, WENT_OUT4)))


@edge
def test_packet_too_big_for_the_host(expect):
    big6, big4 = out6(tcp(1, 2, bytes(1400)), hlim=60), out4(tcp(1, 2, bytes(1400)), id=ANY, ttl=60, df=True)
    expect(in6(icmp6(2, 0, 1400, big6[:1232])), in4(icmp4(3, 4, 1380, big4.closed(big4)[:548]), df=False))


@edge
def test_an_ipv6_router_outside_the_prefix(expect):
    """RFC 6791."""
    expect(ip6(ROUTER6, FACE6, icmp6(3, 0, 0, WENT_OUT6)),
           ip4(GATEWAY4, SERVER4, icmp4(11, 0, 0, WENT_OUT4), ttl=63, id=ANY))


@pytest.mark.configuration(*EDGE, "set icmp-source4 192.0.2.200")
def test_an_ipv6_router_outside_the_prefix_has_a_source_of_its_own(expect):
    expect(ip6(ROUTER6, FACE6, icmp6(3, 0, 0, WENT_OUT6)),
           ip4("192.0.2.200", SERVER4, icmp4(11, 0, 0, WENT_OUT4), ttl=63, id=ANY))


@pytest.mark.configuration("prefix add 64:ff9b::/96", f"add {SERVER4} {FACE6} edge", "set icmp-source6 2001:db8:9::9")
def test_a_router_behind_the_gateway_that_the_well_known_prefix_cannot_say(expect):
    expect(ip4("10.0.0.1", "8.8.8.8", icmp4(11, 0, 0, ip4("8.8.8.8", SERVER4, PART))),
           ip6("2001:db8:9::9", "64:ff9b::808:808", icmp6(3, 0, 0, ip6("64:ff9b::808:808", FACE6, PART)), hlim=63))


@pytest.mark.configuration("prefix add 64:ff9b::/96", f"add {SERVER4} {FACE6} edge")
def test_the_well_known_prefix(expect):
    """RFC 6052 3.1."""
    expect(ip4(SERVER4, "8.8.8.8", PART), ip6(FACE6, "64:ff9b::808:808", PART, hlim=63))
    expect(ip6("64:ff9b::808:808", FACE6, PART), ip4("8.8.8.8", SERVER4, PART, ttl=63, id=ANY))
    packet = ip4(SERVER4, "10.0.0.1", PART)
    expect(packet, prohibited(packet))
    packet = ip6("64:ff9b::a00:1", FACE6, PART)
    expect(packet, prohibited(packet))


@edge
def test_an_error_in_an_error_is_dropped(expect_silence):
    expect_silence(out4(icmp4(3, 1, 0, ip4(FAR4, SERVER4, icmp4(3, 1, 0, bytes(28))))))
    expect_silence(in6(icmp6(1, 0, 0, out6(icmp6(1, 0, 0, bytes(48))))))


# Whose packets they are.

@edge
def test_packets_of_others_are_left_alone(real, expect):
    """As they are without any mapping."""
    other4, other6 = "198.51.100.3", "2001:db8:46::3"
    expect(ip4(other4, FAR4, PART), ip4(other4, FAR4, PART, ttl=63))
    expect(ip6(FAR6, other6, PART), ip6(FAR6, other6, PART, hlim=63))
    expect(ip4(FAR4, SERVER4, PART), ip4(FAR4, SERVER4, PART, ttl=63))


@edge
def test_the_prefix_of_an_edge_relay_is_elsewhere(expect):
    """IPv6 hosts reach the border relay that has it through the gateway, or past it."""
    expect(ip6(ROUTER6, FAR6, PART), ip6(ROUTER6, FAR6, PART, hlim=63))
    expect(ip6(FACE6, FAR6, PART), ip6(FACE6, FAR6, PART, hlim=63))


@edge
def test_a_source_outside_of_the_prefix(real):
    with counted(real, "source_outside"):
        real.wire.expect_silence(ip6(ROUTER6, FACE6, PART))


SPOOFED = {
    "the host itself": "2001:db8:100::c633:6402", "the gateway": "2001:db8:100::c633:6401",
    "the face": FACE6, "all of the link": "2001:db8:100::c633:64ff",
}


@edge
@pytest.mark.parametrize("source", SPOOFED)
def test_spoofed_sources(real, source):
    """What would have to come from this side."""
    with counted(real, "source_spoofed"):
        real.wire.expect_silence(ip6(SPOOFED[source], FACE6, PART))


@beside
def test_the_face_is_no_border_host(real):
    with counted(real, "source_spoofed"):
        real.wire.expect_silence(ip6(FACE6, FAR6, PART))


@edge
@pytest.mark.parametrize("route", ["192.0.2.0/24", "192.0.2.9/32", "128.0.0.0/1"])
def test_a_native_route_that_is_more_specific_than_the_default(real, route):
    with real.gateway.routes(f"route {route} via 198.51.100.254"):
        real.wire.expect(out4(PART), out4(PART, ttl=63))
    real.wire.expect(out4(PART), out6(PART))


@edge
def test_neighbours_of_the_host_are_native(real):
    packet = ip4(SERVER4, "198.51.100.254", PART)
    real.wire.expect(packet, ip4(SERVER4, "198.51.100.254", PART, ttl=63))


@edge
@pytest.mark.parametrize("kind, told", [("blackhole", None), ("unreachable", (3, 1)), ("prohibit", (3, 13))])
def test_routes_that_lead_nowhere(real, kind, told):
    packet = out4(PART)
    with real.gateway.routes(f"route {kind} 192.0.2.0/24"):
        real.wire.expect(packet, *([prohibited(packet)] if told == (3, 13) else
                                   [ip4(GATEWAY4, SERVER4, icmp4(*told, 0, packet[:548]), id=ANY, tos=0xc0)] if told else []))
    real.wire.expect(packet, out6(PART))


@edge
@pytest.mark.parametrize("default", [None, "unreachable default", "blackhole default"])
def test_a_default_route_is_not_needed(real, default):
    real.gateway.ip("route del default via 198.51.100.254")
    try:
        with real.gateway.routes(*([f"route {default}"] if default else [])):
            real.wire.expect(out4(PART), out6(PART))
    finally:
        real.gateway.ip("route add default via 198.51.100.254")


@edge
def test_the_mapping_goes(real):
    real.wire.expect(out4(PART), out6(PART))
    real.gateway.ctl("del", SERVER4)
    real.wire.expect(out4(PART), out4(PART, ttl=63))
    real.wire.expect(in6(PART), in6(PART, hlim=63))
    real.gateway.ctl("add", SERVER4, FACE6, "edge")
    real.wire.expect(out4(PART), out6(PART))


@pytest.mark.configuration(*EDGE, "set mark 0x10")
def test_only_packets_with_the_mark(real):
    real.wire.expect(out4(PART), out4(PART, ttl=63))
    real.wire.expect(in6(PART), in6(PART, hlim=63))


@pytest.mark.configuration(*EDGE, "prefix add 2001:db8:200::/64", "add 198.51.100.254 2001:db8:46::3 edge prefix 2001:db8:200::/64")
def test_a_prefix_of_its_own(expect):
    expect(out4(PART), out6(PART))
    expect(ip4("198.51.100.254", FAR4, PART), ip6("2001:db8:46::3", "2001:db8:200:0:c0:2:900:0", PART, hlim=63))
    for face, host in ((FACE6, SERVER4), ("2001:db8:46::3", "198.51.100.254")):
        for source in (FAR6, "2001:db8:200:0:c0:2:900:0"):
            expect(ip6(source, face, PART), ip4(FAR4, host, PART, ttl=63, id=ANY))


# A network, not all of which is here.

NETWORK = [f"prefix add {PREFIX}", "add 203.0.113.0/24 2001:db8:46::/120 edge"]
HERE4, HERE6, THERE4, THERE6 = "203.0.113.10", "2001:db8:46::a", "203.0.113.40", "2001:db8:46::28"


@pytest.fixture
def network(real):
    with real.gateway.routes("route 203.0.113.0/27 via 198.51.100.254"):
        yield real.wire


@pytest.mark.configuration(*NETWORK)
def test_a_network_of_hosts(network):
    network.expect(ip4(HERE4, FAR4, PART), ip6(HERE6, FAR6, PART, hlim=63))
    network.expect(ip6(FAR6, HERE6, PART), ip4(FAR4, HERE4, PART, ttl=63, id=ANY))
    network.expect(ip4(HERE4, "203.0.113.11", PART), ip4(HERE4, "203.0.113.11", PART, ttl=63))


@pytest.mark.configuration(*NETWORK)
def test_hosts_of_the_network_that_are_elsewhere(real, network):
    """Each is known by its face, at both ends."""
    network.expect(ip4(HERE4, THERE4, PART), ip6(HERE6, THERE6, PART, hlim=63))
    network.expect(ip6(THERE6, HERE6, PART), ip4(THERE4, HERE4, PART, ttl=63, id=ANY))
    with counted(real, "source_spoofed"):
        network.expect_silence(ip6("2001:db8:46::b", HERE6, PART))


@pytest.mark.configuration(*NETWORK)
def test_an_ipv6_route_inside_the_faces(real, network):
    """RFC 7915 5.6."""
    with real.gateway.routes("route 2001:db8:46::8/125 via 2001:db8:1::fe"):
        network.expect(ip6(FAR6, HERE6, PART), ip6(FAR6, HERE6, PART, hlim=63))
    network.expect(ip6(FAR6, HERE6, PART), ip4(FAR4, HERE4, PART, ttl=63, id=ANY))


# Neighbour discovery is about the face, not for who is behind it.

@edge
def test_neighbours_may_ask_for_the_face(real):
    router = "2001:db8:1::fe"
    real.gateway.sysctl("net.ipv6.conf.all.proxy_ndp", 1)
    real.gateway.sysctl("net.ipv6.conf.to6.proxy_ndp", 1)
    real.gateway.ip(f"neigh add proxy {FACE6} dev to6")
    try:
        real.wire.expect(
            ip6(router, FACE6, icmp6(135, 0, 0, address(FACE6)), hlim=255),
            ip6(GATEWAY6, router, icmp6(136, 0, u32(0x40000000), address(FACE6)), hlim=255))
    finally:
        real.gateway.ip(f"neigh del proxy {FACE6} dev to6")
        real.gateway.sysctl("net.ipv6.conf.all.proxy_ndp", 0)
        real.gateway.sysctl("net.ipv6.conf.to6.proxy_ndp", 0)


# Hosts of both sides behind one gateway.

@beside
@pytest.mark.parametrize("hairpin", ["on", "off"])
def test_a_host_of_each_side(real, hairpin):
    """RFC 7757 3.3: each is known by its mapping."""
    real.gateway.ctl("set", "hairpin", hairpin)
    real.wire.expect(ip4(SERVER4, HOST4, PART), ip6(FACE6, HOST6, PART, hlim=63))
    real.wire.expect(ip6(HOST6, FACE6, PART), ip4(HOST4, SERVER4, PART, ttl=63, id=ANY))
    quote4, quote6 = ip4(HOST4, SERVER4, PART, ttl=60), ip6(HOST6, FACE6, PART, hlim=60)
    real.wire.expect(ip4(SERVER4, HOST4, icmp4(3, 3, 0, quote4)), ip6(FACE6, HOST6, icmp6(1, 4, 0, quote6), hlim=63))
    quote4, quote6 = ip4(SERVER4, HOST4, PART, ttl=60, id=ANY), ip6(FACE6, HOST6, PART, hlim=60)
    real.wire.expect(ip6(HOST6, FACE6, icmp6(1, 4, 0, quote6)),
                     ip4(HOST4, SERVER4, icmp4(3, 3, 0, quote4), ttl=63, id=ANY))


@beside
def test_border_hosts_are_as_they_were(expect):
    """Other IPv4 hosts, and the rule of hairpinning for them."""
    expect(ip4(FAR4, HOST4, PART), ip6(FAR6, HOST6, PART, hlim=63))
    expect(ip6(HOST6, FAR6, PART), ip4(HOST4, FAR4, PART, ttl=63, id=ANY))
    expect(ip6(HOST6, "2001:db8:100::cb00:7114", PART), ip6("2001:db8:100::cb00:710a", "2001:db8:1::20", PART, hlim=63))
    expect(ip4("203.0.113.20", HOST4, PART), ip6("2001:db8:100::cb00:7114", HOST6, PART, hlim=63))
    packet = ip6(STRANGER6, FAR6, PART)
    expect(packet, prohibited(packet))


@beside
def test_an_edge_host_is_not_hairpinned(expect):
    """A border host that writes the IPv4 address into the prefix."""
    expect(ip6(HOST6, SERVER6, PART), ip4(HOST4, SERVER4, PART, ttl=63, id=ANY))


@beside
def test_an_edge_host_beside_border_hosts(expect):
    expect(out4(PART), out6(PART))
    expect(in6(PART), in4(PART))


@pytest.mark.configuration(f"prefix add {PREFIX}", "add 203.0.113.0/24 2001:db8:1::/120",
                           f"add {HOST4} 2001:db8:46::a edge force")
def test_the_longest_mapping_says_on_which_side_a_host_is(real):
    with real.gateway.routes(f"route {HOST4}/32 via 198.51.100.254"):
        real.wire.expect(ip4(FAR4, HOST4, PART), ip4(FAR4, HOST4, PART, ttl=63))
        real.wire.expect(ip4(FAR4, "203.0.113.16", PART), ip6(FAR6, HOST6, PART, hlim=63))
        real.wire.expect(ip4(HOST4, FAR4, PART), ip6("2001:db8:46::a", FAR6, PART, hlim=63))
        real.wire.expect(ip4(HOST4, "203.0.113.16", PART), ip6("2001:db8:46::a", HOST6, PART, hlim=63))


# Two mappings and no prefix.

BOTH = pytest.mark.configuration("add 203.0.113.0/24 2001:db8:1::/120", "add 198.51.100.0/24 2001:db8:46::/120 edge")


@BOTH
@pytest.mark.parametrize("part4, part6", [(PART, PART), (tcp(1, 2, DATA), tcp(1, 2, DATA)), (echo4(1, 2, DATA), echo6(1, 2, DATA))],
                         ids=["udp", "tcp", "echo"])
def test_mappings_on_both_sides_need_no_prefix(expect, part4, part6):
    expect(ip4(SERVER4, "203.0.113.16", part4), ip6(FACE6, HOST6, part6, hlim=63))
    expect(ip6(HOST6, FACE6, part6), ip4("203.0.113.16", SERVER4, part4, ttl=63, id=ANY))


@BOTH
def test_errors_between_mappings_on_both_sides(expect):
    quote4, quote6 = ip4("203.0.113.16", SERVER4, PART, ttl=60), ip6(HOST6, FACE6, PART, hlim=60)
    expect(ip4(SERVER4, "203.0.113.16", icmp4(3, 3, 0, quote4)), ip6(FACE6, HOST6, icmp6(1, 4, 0, quote6), hlim=63))
    quote4, quote6 = ip4(SERVER4, "203.0.113.16", PART, ttl=60, id=ANY), ip6(FACE6, HOST6, PART, hlim=60)
    expect(ip6(HOST6, FACE6, icmp6(3, 0, 0, quote6)), ip4("203.0.113.16", SERVER4, icmp4(11, 0, 0, quote4), ttl=63, id=ANY))


@BOTH
def test_others_without_a_prefix(real):
    """Hosts of the IPv4 side have the IPv4 Internet as before."""
    packet = ip4(FAR4, "203.0.113.16", PART)
    with counted(real, "no_prefix", "answered"):
        real.wire.expect(packet, prohibited(packet))
    real.wire.expect(ip4(SERVER4, FAR4, PART), ip4(SERVER4, FAR4, PART, ttl=63))
    with counted(real, "source_outside"):
        real.wire.expect_silence(ip6(ROUTER6, FACE6, PART))


# What is said of it.

@edge
def test_the_words(ctl, asked):
    assert ctl("list") == f"{SERVER4} {FACE6} edge\n"
    assert ctl("save").splitlines()[-1] == f"add {SERVER4} {FACE6} edge"
    mapping = {"ipv4": f"{SERVER4}/32", "ipv6": f"{FACE6}/128", "edge": True}
    assert asked("list") == {"mappings": [mapping]}
    said = asked("explain", "4", SERVER4, FAR4)
    assert (said["verdict"], said["source_mapping"]) == ("translated", mapping)
    assert (said["header"]["source"], said["header"]["destination"]) == (FACE6, FAR6)
    said = asked("explain", "6", FAR6, FACE6)
    assert (said["verdict"], said["destination_mapping"]) == ("translated", mapping)
    assert (said["header"]["source"], said["header"]["destination"]) == (FAR4, SERVER4)


@edge
@pytest.mark.parametrize("words, verdict, reason", [
    (("4", FAR4, SERVER4), "passed", "edge_host"),
    (("4", SERVER4, "198.51.100.80"), "passed", "native_route"),
    (("4", FAR4, ROUTER4), "passed", "not_mapped"),
    (("4", SERVER4, "224.0.0.1"), "passed", "not_a_host"),
    (("6", ROUTER6, FAR6), "passed", "edge_only"),
    (("6", ROUTER6, "2001:db8:46::3"), "passed", "no_prefix"),
    (("6", ROUTER6, FACE6), "refused", "source_outside"),
    (("6", SERVER6, FACE6), "refused", "source_spoofed"),
])
def test_why_a_packet_is_not_translated(asked, words, verdict, reason):
    said = asked("explain", *words)
    assert (said["verdict"], said["reason"]) == (verdict, reason)


@edge
def test_the_doctor_finds_nothing(healthy, real):
    real.wire.expect(out4(PART), out6(PART))


@edge
def test_the_side_is_a_difference(real, ctl):
    other = f"prefix add {PREFIX}\nadd {SERVER4} {FACE6}\n"
    digest = ctl("status")
    done = real.gateway.ctl("diff", "-", input=other, check=False)
    assert done.stdout == f"- add {SERVER4} {FACE6} edge\n+ add {SERVER4} {FACE6}\n"
    real.gateway.ctl("load", "-", input=other)
    assert ctl("status") != digest and ctl("list") == f"{SERVER4} {FACE6}\n"
    real.wire.expect(ip4(FAR4, SERVER4, PART), ip6(FAR6, FACE6, PART, hlim=63))


@edge
def test_one_address_has_one_role(refused):
    refused(f"add {SERVER4} 2001:db8:1::2", f"{SERVER4}/32 is already mapped to {FACE6}/128")
    refused(f"add 203.0.113.2 {FACE6}", f"{FACE6}/128 is already mapped to {SERVER4}/32")
    refused("add 198.51.100.0/24 2001:db8:2::/120",
            f"198.51.100.0/24 contains {SERVER4}/32, which is mapped to {FACE6}/128")


@edge
def test_a_mapping_changes_sides(real, ctl):
    real.wire.expect(out4(PART), out6(PART))
    ctl("replace", SERVER4, FACE6)
    real.wire.expect(ip4(FAR4, SERVER4, PART), ip6(FAR6, FACE6, PART, hlim=63))
    real.wire.expect(ip6(FACE6, FAR6, PART), ip4(SERVER4, FAR4, PART, ttl=63, id=ANY))
    ctl("replace", SERVER4, FACE6, "edge")
    real.wire.expect(out4(PART), out6(PART))
    real.wire.expect(in6(PART), in4(PART))


@pytest.mark.configuration(*EDGE, f"add {HOST4} {HOST6}", "set counters on")
def test_counters_of_mappings(real, asked):
    for _ in range(2):
        real.wire.expect(out4(PART), out6(PART))
        real.wire.expect(in6(PART), in4(PART))
    real.wire.expect(ip4(SERVER4, HOST4, PART), ip6(FACE6, HOST6, PART, hlim=63))
    real.wire.expect(ip6(HOST6, FACE6, PART), ip4(HOST4, SERVER4, PART, ttl=63, id=ANY))
    got = {m["ipv4"]: {k: v for k, v in m["counters"].items() if k.startswith("packets")}
           for m in asked("list")["mappings"]}
    assert got == {f"{SERVER4}/32": {"packets_6to4": 3, "packets_4to6": 3},
                   f"{HOST4}/32": {"packets_6to4": 1, "packets_4to6": 1}}


# What only looks like something of a host with a face.

@beside
@pytest.mark.parametrize("part", [raw(1, b"\3\1\0\0"), icmp4(3, 1, 0, b"\x45"), icmp4(3, 1, 0, bytes(19))],
                         ids=["no whole header", "one octet", "no address"])
def test_icmp_that_quotes_no_destination_is_forwarded(expect, part):
    sent = "198.51.100.3", FAR4, part
    expect(ip4(*sent, id=7), ip4(*sent, id=7, ttl=63))


@pytest.mark.configuration(f"add {SERVER4} {FACE6} edge")
def test_without_a_prefix_only_mapped_destinations_are_translated(net):
    """RFC 7757, figure 2: the rest is forwarded as it is."""
    net.wire.expect(out4(PART, id=7), out4(PART, id=7, ttl=63))
    net.gateway.ctl("add", FAR4, "2001:db8:7::9")
    net.gateway.loaded = None
    net.wire.expect(out4(PART), ip6(FACE6, "2001:db8:7::9", PART, hlim=63))


@pytest.mark.configuration(f"add {SERVER4} {FACE6} edge", f"add {FAR4} 2001:db8:47::9 edge")
def test_hosts_with_faces_reach_each_other_without_a_prefix(net):
    """By their faces, where no native route leads; nobody else is reached."""
    net.wire.expect(out4(PART), ip6(FACE6, "2001:db8:47::9", PART, hlim=63))
    assert "is          passed: no_prefix" in net.gateway.show("explain", "4", SERVER4, "192.0.2.10")


@edge
@pytest.mark.parametrize("part, counts", [(raw(58), "malformed"), (icmp6(138, 0, 0, bytes(16)), "icmp_type"),
                                          (icmp6(132, 0, 0, bytes(16)), "icmp_type")])
def test_icmpv6_that_is_no_neighbour_discovery_is_for_the_host(net, part, counts):
    with counted(net, counts):
        net.wire.expect_silence(in6(part, hlim=255))


@pytest.mark.configuration(f"add {SERVER4} {FACE6} edge", f"add {HOST4} {HOST6}")
def test_an_error_about_nobody_without_a_prefix(net):
    with counted(net, "icmp_inner_packet"):
        net.wire.expect_silence(ip4(SERVER4, HOST4, icmp4(3, 1, 0, ip4("192.0.2.200", SERVER4, PART))))


@edge
def test_a_route_to_nowhere_becomes_one_to_somewhere(net):
    """Any route that is more specific than the default keeps the host's packets; of that kind too."""
    net.wire.expect(out4(PART), out6(PART))
    net.gateway.ip("route add blackhole 192.0.2.0/28")
    try:
        net.wire.expect_silence(out4(PART))
        net.gateway.ip("route replace 192.0.2.0/28 via 198.51.100.254")
        net.wire.expect(out4(PART, id=7), out4(PART, id=7, ttl=63))
    finally:
        net.gateway.ip("route del 192.0.2.0/28")
    net.wire.expect(out4(PART), out6(PART))
