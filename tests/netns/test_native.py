# SPDX-License-Identifier: GPL-2.0-only
"""Native routes inside of what is translated: RFC 7915 4.6 and 5.6.

The longer of the two wins, the mapping or the prefix at equal length. That
holds in whatever order they came to be, for routes that lead nowhere as well,
and for what a mapped IPv6 host sends to an IPv4 address inside a mapping.
"""

import errno
import itertools
import socket
from ipaddress import ip_network

import pytest
from addresses import GATEWAY4, HOST4, HOST6, PREFIX, SERVER4, SERVER6
from icmp_error import answer4, answer6
from packet import ANY, echo4, echo6, echo_reply6, ip4, ip6, udp
from util import eventually

pytestmark = pytest.mark.usefixtures("real")

# A mapped network with hosts of it that are somewhere else.
BLOCK, BLOCK6 = "203.0.113.0/24", "2001:db8:1::/120"
NATIVE4, NATIVE4_MAPPED6, NATIVE4_EMBEDDED = "203.0.113.153", "2001:db8:1::99", "2001:db8:100::cb00:7199"
NEAR4, NEAR6 = "203.0.113.32", "2001:db8:1::20"
HOST6_MAPPED = "203.0.113.16"
CONFIG = [f"prefix add {PREFIX}", f"add {BLOCK} {BLOCK6}"]
TO4, TO6 = "via 198.51.100.254", "via 2001:db8:1::fe"
PART = udp(1, 2, b"hello")

MAPPED_BLOCK = pytest.mark.configuration(*CONFIG)


def verdict(gateway, *packet):
    """What nat64ctl explain says of it."""
    return gateway.show("explain", *packet)


def wait_for_scan(gateway):
    """Until then each packet looks for a route, whatever is known of them."""
    eventually(lambda: "pending" not in gateway.show("status"), "the routes are listed")


def expect_native(net, to=NATIVE4):
    net.wire.expect(ip4(SERVER4, to, PART), ip4(SERVER4, to, PART, ttl=63))
    assert "native_route" in verdict(net.gateway, 4, SERVER4, to)


def expect_translated(net, to4=NEAR4, to6=NEAR6):
    net.wire.expect(ip4(SERVER4, to4, PART), ip6(SERVER6, to6, PART, hlim=63))
    assert "native_route" not in verdict(net.gateway, 4, SERVER4, to4)


# In whatever order.

STEPS = {
    "route": ("ip", f"route add 203.0.113.144/28 {TO4}"),
    "other mapping": ("ctl", "add 198.18.0.0/24 2001:db8:18::/120"),
    "mapping": ("ctl", f"add {BLOCK} {BLOCK6}"),
}


def take(gateway, step):
    tool, words = STEPS[step]
    if tool == "ip":
        gateway.ip(words)
    else:
        gateway.ctl(*words.split())


@pytest.fixture
def no_routes(real):
    yield
    real.gateway.run("ip", "route", "del", "203.0.113.144/28", check=False)


@pytest.mark.configuration(f"prefix add {PREFIX}")
@pytest.mark.parametrize("order", list(itertools.permutations(STEPS)), ids=", ".join)
def test_a_longer_route_wins_in_whatever_order_it_came(real, no_routes, order):
    for step in order:
        take(real.gateway, step)
    expect_native(real)
    expect_translated(real)


@MAPPED_BLOCK
def test_a_longer_route_wins_when_a_shorter_mapping_is_added_to_one_that_had_no_route(real, no_routes):
    """Of a length that is in use already, by a mapping without native routes."""
    real.gateway.ctl("load", "-", input=f"prefix add {PREFIX}\nadd 198.18.0.0/24 2001:db8:18::/120\n")
    take(real.gateway, "route")
    real.wire.expect(ip4(SERVER4, NATIVE4, PART), ip4(SERVER4, NATIVE4, PART, ttl=63))
    take(real.gateway, "mapping")
    expect_native(real)


@MAPPED_BLOCK
def test_a_longer_route_ends(real, no_routes):
    take(real.gateway, "route")
    expect_native(real)
    real.gateway.ip("route del 203.0.113.144/28")
    expect_translated(real, NATIVE4, NATIVE4_MAPPED6)
    take(real.gateway, "route")
    expect_native(real)


@MAPPED_BLOCK
@pytest.mark.parametrize("route", ["203.0.113.0/24", "203.0.0.0/16"])
@pytest.mark.parametrize("kind", ["", "unreachable ", "blackhole ", "prohibit "],
                         ids=["unicast", "unreachable", "blackhole", "prohibit"])
def test_a_route_that_is_no_longer_does_not_count(real, kind, route):
    with real.gateway.routes(f"route {kind}{route}{'' if kind else ' ' + TO4}"):
        expect_translated(real)


@pytest.mark.parametrize("length, wins", [(95, False), (96, False), (97, True), (100, True), (104, True)])
def test_a_route_inside_the_prefix_wins_from_the_next_bit_on(real, length, wins):
    """5.6: at equal length the packet is translated."""
    packet = ip6(HOST6, "2001:db8:100::c000:209", PART)
    translated = ip4(HOST4, "192.0.2.9", PART, ttl=63, id=ANY)
    with real.gateway.routes(f"route {ip_network(f'2001:db8:100::c000:209/{length}', strict=False)} {TO6}"):
        real.wire.expect(packet, ip6(HOST6, "2001:db8:100::c000:209", PART, hlim=63) if wins else translated)
        assert ("native_route" in verdict(real.gateway, 6, HOST6, "2001:db8:100::c000:209")) == wins
    real.wire.expect(packet, translated)


# Routes that lead nowhere, each with its own answer.

NOWHERE4 = {"blackhole": None, "unreachable": (3, 1), "prohibit": (3, 13)}
NOWHERE6 = {"blackhole": None, "unreachable": (1, 0), "prohibit": (1, 1)}
ERRORS = {"blackhole": "EINVAL", "unreachable": "EHOSTUNREACH", "prohibit": "EACCES"}


@MAPPED_BLOCK
@pytest.mark.as_configured  # the kernel answers only so often
@pytest.mark.parametrize("length", [32, 28])
@pytest.mark.parametrize("kind", ["blackhole", "unreachable", "prohibit"])
def test_a_route_to_nowhere_inside_a_mapping_counts(real, kind, length):
    """Operators blackhole addresses that are attacked."""
    packet = ip4(SERVER4, NATIVE4, PART)
    told = NOWHERE4[kind]
    with real.gateway.routes(f"route {kind} {'203.0.113.144' if length == 28 else NATIVE4}/{length}"):
        real.wire.expect(packet, *([answer4(packet, *told)] if told else []))
        assert "native_route" in verdict(real.gateway, 4, SERVER4, NATIVE4)
        expect_translated(real)
    expect_translated(real, NATIVE4, NATIVE4_MAPPED6)


@pytest.mark.configuration(f"prefix add {PREFIX}")
@pytest.mark.as_configured  # the kernel answers only so often
@pytest.mark.parametrize("kind", NOWHERE4)
def test_a_route_to_nowhere_is_there_before_the_mapping(real, kind):
    """A scan finds it; nobody tells of it any more."""
    packet = ip4(SERVER4, NATIVE4, PART)
    told = NOWHERE4[kind]
    with real.gateway.routes(f"route {kind} 203.0.113.144/28"):
        real.configure("\n".join(CONFIG) + "\n")
        wait_for_scan(real.gateway)
        real.wire.expect(packet, *([answer4(packet, *told)] if told else []))
        expect_translated(real)


@MAPPED_BLOCK
def test_a_route_to_nowhere_ends_inside_another_one(real):
    """Which is none inside the mapping; one of the length of the former is left elsewhere."""
    packet = ip4(SERVER4, NATIVE4, PART)
    with real.gateway.routes("route blackhole 203.0.0.0/16", "route blackhole 203.0.113.192/28"):
        with real.gateway.routes("route blackhole 203.0.113.144/28"):
            real.wire.expect_silence(packet)
        eventually(lambda: real.wire.exchange(packet)[6], "the routes are listed again")
        expect_translated(real, NATIVE4, NATIVE4_MAPPED6)
        real.wire.expect_silence(ip4(SERVER4, "203.0.113.193", PART))


@pytest.mark.configuration(*CONFIG, "add 203.0.0.0/16 2001:db8:16::/112")
def test_a_route_to_nowhere_inside_one_mapping_is_as_long_as_another(real):
    """At equal length the mapping wins, wherever else the route lies inside."""
    with real.gateway.routes(f"route blackhole {BLOCK}", "route blackhole 203.0.112.0/24"):
        wait_for_scan(real.gateway)
        expect_translated(real)
        expect_translated(real, "203.0.5.1", "2001:db8:16::501")
        real.wire.expect_silence(ip4(SERVER4, "203.0.112.1", PART))


@MAPPED_BLOCK
def test_a_nexthop_object_becomes_a_blackhole(real):
    """Its routes stay what they are, and nobody tells of them."""
    with real.gateway.nexthop(7, f"{TO4} dev to4"), real.gateway.routes("route 203.0.113.144/28 nhid 7"):
        expect_native(real)
        real.gateway.ip("nexthop replace id 7 blackhole")
        real.wire.expect_silence(ip4(SERVER4, NATIVE4, PART))
        expect_translated(real)
        real.gateway.ip(f"nexthop replace id 7 {TO4} dev to4")
        expect_native(real)
    expect_translated(real, NATIVE4, NATIVE4_MAPPED6)


@MAPPED_BLOCK
def test_a_route_to_nowhere_is_replaced(real):
    """By one that leads somewhere; where that ends as well, the mapping is left."""
    with real.gateway.routes("route blackhole 203.0.113.144/28"):
        real.wire.expect_silence(ip4(SERVER4, NATIVE4, PART))
    take(real.gateway, "route")
    real.gateway.ip("route replace blackhole 203.0.113.144/28")
    real.wire.expect_silence(ip4(SERVER4, NATIVE4, PART))
    real.gateway.ip(f"route replace 203.0.113.144/28 {TO4}")
    expect_native(real)
    real.gateway.ip("route del 203.0.113.144/28")
    expect_translated(real, NATIVE4, NATIVE4_MAPPED6)


@MAPPED_BLOCK
def test_a_default_route_to_nowhere_is_none_inside_a_mapping(real):
    """Whether or not there are such routes inside, of other addresses."""
    with real.gateway.routes("route blackhole 203.0.113.192/28"):
        real.gateway.ip("route replace unreachable default")
        try:
            expect_translated(real)
        finally:
            real.gateway.ip("route replace default via 198.51.100.254")
        real.wire.expect_silence(ip4(SERVER4, "203.0.113.193", PART))


@pytest.mark.parametrize("kind", NOWHERE6)
def test_a_route_to_nowhere_inside_the_prefix_counts(real, kind):
    packet = ip6(HOST6, "2001:db8:100::c000:209", PART)
    told = NOWHERE6[kind]
    with real.gateway.routes(f"route {kind} 2001:db8:100::c000:200/120"):
        real.wire.expect(packet, *([answer6(packet, *told)] if told else []))
        assert "native_route" in verdict(real.gateway, 6, HOST6, "2001:db8:100::c000:209")
        real.wire.expect(ip6(HOST6, SERVER6, PART), ip4(HOST4, SERVER4, PART, ttl=63, id=ANY))


@MAPPED_BLOCK
@pytest.mark.parametrize("kind", ERRORS)
def test_the_gateway_itself_meets_a_route_to_nowhere(real, kind):
    with real.gateway.routes(f"route {kind} {NATIVE4}/32"), real.gateway, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        with pytest.raises(OSError) as refused:
            sender.sendto(b"hello", (NATIVE4, 9))
        assert errno.errorcode[refused.value.errno] == ERRORS[kind]


@MAPPED_BLOCK
def test_the_longest_of_all_routes_decides(real):
    """A blackhole has an exception, a route has a blackhole in it."""
    with real.gateway.routes("route blackhole 203.0.113.144/28", f"route {NATIVE4}/32 {TO4}"):
        expect_native(real)
        real.wire.expect_silence(ip4(SERVER4, "203.0.113.154", PART))
    with real.gateway.routes(f"route 203.0.113.144/28 {TO4}", f"route blackhole {NATIVE4}/32"):
        expect_native(real, "203.0.113.154")
        real.wire.expect_silence(ip4(SERVER4, NATIVE4, PART))


@MAPPED_BLOCK
def test_a_route_to_nowhere_in_a_table_that_a_rule_chooses(real):
    """For packets with a mark; all others are translated."""
    with real.gateway.routes(f"route blackhole {NATIVE4}/32 table 100"):
        real.gateway.ip("rule add fwmark 7 table 100")
        try:
            expect_translated(real, NATIVE4, NATIVE4_MAPPED6)
        finally:
            real.gateway.ip("rule del fwmark 7 table 100")
        real.gateway.ip("rule add table 100")
        try:
            real.wire.expect_silence(ip4(SERVER4, NATIVE4, PART))
        finally:
            real.gateway.ip("rule del table 100")


# Asked from the IPv6 side.

@MAPPED_BLOCK
@pytest.mark.parametrize("on", [True, False], ids=["hairpin on", "hairpin off"])
def test_a_longer_route_wins_over_the_way_back(real, on):
    """4.6: the host is where the route says, not behind the mapping."""
    real.gateway.ctl("set", "hairpin", "on" if on else "off")
    with real.gateway.routes(f"route {NATIVE4}/32 {TO4}"):
        real.wire.expect(ip6(HOST6, NATIVE4_EMBEDDED, PART),
                         ip4(HOST6_MAPPED, NATIVE4, PART, ttl=63, id=ANY))
        assert "hairpin" not in verdict(real.gateway, 6, HOST6, NATIVE4_EMBEDDED)


@MAPPED_BLOCK
def test_without_a_longer_route_packets_come_back(real):
    real.wire.expect(ip6(HOST6, NATIVE4_EMBEDDED, PART),
                     ip6("2001:db8:100::cb00:7110", NATIVE4_MAPPED6, PART, hlim=63))


@MAPPED_BLOCK
@pytest.mark.parametrize("kind", ["blackhole", "unreachable", "prohibit"])
def test_a_route_to_nowhere_wins_over_the_way_back(real, kind):
    """As it is for any packet that becomes IPv4."""
    told = {"blackhole": None, "unreachable": (1, 3), "prohibit": (1, 1)}[kind]
    packet = ip6(HOST6, NATIVE4_EMBEDDED, PART)
    with real.gateway.routes(f"route {kind} {NATIVE4}/32"):
        real.wire.expect(packet, *([answer6(packet, *told)] if told else []))


@pytest.fixture
def own_address(real):
    """The gateway has an address inside the mapped network."""
    with real.gateway.routes(f"addr {NATIVE4}/32 dev lo"):
        yield


@MAPPED_BLOCK
def test_an_address_of_the_gateway_inside_a_mapping_is_its_own(real, own_address):
    packet = ip4(SERVER4, NATIVE4, echo4(1, 2, b"hello"))
    seen = real.wire.exchange(packet)
    got, = seen[4]
    assert got[12:20] == packet[16:20] + packet[12:16] and got[20] == 0 and not seen[6]
    expect_translated(real)


@MAPPED_BLOCK
def test_an_address_of_the_gateway_inside_a_mapping_is_its_own_for_ipv6_hosts(real, own_address):
    real.wire.expect(ip6(HOST6, NATIVE4_EMBEDDED, echo6(1, 2, b"hello")),
                     ip6(NATIVE4_EMBEDDED, HOST6, echo_reply6(1, 2, b"hello"), hlim=64))


@MAPPED_BLOCK
def test_the_gateway_itself_takes_a_longer_route(real):
    """What it sends from IPv6 through the prefix, and from IPv4."""
    part = udp(4000, 5000, b"hello")
    with real.gateway.routes(f"route {NATIVE4}/32 {TO4}", "addr 2001:db8:1::77/128 dev lo nodad"), real.gateway, \
            socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as six, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as four:
        six.bind(("2001:db8:1::77", 4000))
        four.bind((GATEWAY4, 4000))
        real.wire.expect(lambda: six.sendto(b"hello", (NATIVE4_EMBEDDED, 5000)),
                         ip4("203.0.113.119", NATIVE4, part, id=ANY))
        real.wire.expect(lambda: four.sendto(b"hello", (NATIVE4, 5000)),
                         ip4(GATEWAY4, NATIVE4, part, id=ANY, df=True))


# Mappings on both sides, no prefix: RFC 7757 3.3.2.

SERVER_FACE6 = "2001:db8:4::2"


@pytest.mark.configuration(f"add {HOST4} {HOST6}", f"add {SERVER4} {SERVER_FACE6} edge")
def test_an_ipv4_host_is_known_by_its_own_mapping(real):
    real.wire.expect(ip4(SERVER4, HOST4, PART), ip6(SERVER_FACE6, HOST6, PART, hlim=63))


@pytest.mark.configuration(f"add {HOST4} {HOST6}", f"add {SERVER4} {SERVER_FACE6} edge")
def test_the_answer_to_an_ipv4_host_goes_by_its_own_mapping(real):
    """3.3.2: the mapping of the destination, and no prefix is needed."""
    real.wire.expect(ip6(HOST6, SERVER_FACE6, PART), ip4(HOST4, SERVER4, PART, ttl=63, id=ANY))


@pytest.mark.configuration(f"add {SERVER4} {SERVER_FACE6} edge", more=True)
def test_answers_by_mapping_beside_a_prefix(real):
    """EAM first, the prefix for all others; hairpin is on."""
    real.wire.expect(ip4(SERVER4, HOST4, PART), ip6(SERVER_FACE6, HOST6, PART, hlim=63))
    real.wire.expect(ip6(HOST6, SERVER_FACE6, PART), ip4(HOST4, SERVER4, PART, ttl=63, id=ANY))
    real.wire.expect(ip6(HOST6, "2001:db8:100::c000:209", PART), ip4(HOST4, "192.0.2.9", PART, ttl=63, id=ANY))


@pytest.mark.configuration(f"add {SERVER4} {SERVER_FACE6} edge", more=True)
def test_a_route_is_there_before_the_faces_around_it(real):
    """5.6, of a mapping that adds no more than one IPv4 address to those that were there."""
    inside, beside = "2001:db8:46:0:5::1", "2001:db8:46::1"
    with real.gateway.routes(f"route 2001:db8:46:0:5::/80 {TO6}"):
        real.gateway.ctl("add", "192.0.2.9", "2001:db8:46::/64", "edge")
        for _ in range(2):
            real.wire.expect(ip6(HOST6, inside, PART), ip6(HOST6, inside, PART, hlim=63))
            real.wire.expect(ip6(HOST6, beside, PART), ip4(HOST4, "192.0.2.9", PART, ttl=63, id=ANY))
            wait_for_scan(real.gateway)
