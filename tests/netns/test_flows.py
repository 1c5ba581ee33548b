# SPDX-License-Identifier: GPL-2.0-only
"""Packets between addresses that the gateway knows already: changes hold with the next one.

What became of the last packets of a flow is kept (kmod/flow.h), only while no
policy rule stands in the gateway: so these tests have one of their own, where
there never was any.
"""

import json
import random
import socket

import pytest
from addresses import (CONFIG, GATEWAY4, HOST4, HOST6, MAC_FAR4, MAC_FAR6, PEER4, PEER6, SENTINEL6,
                       SERVER4, SERVER6, STRANGER6)
from frame import mac
from icmp_error import prohibited
from packet import ANY, echo4, echo6, icmp4, icmp6, ip4, ip6, udp
from test_ingress import roomy
from test_ipsec import xfrm
from test_lookup import routes_or_skip
from test_trace import TRACING, traced
from topology import build_topology
from util import FORWARDING, eventually, run

OTHER4, OTHER_PREFIX, OTHER_SERVER6 = "203.0.113.99", "2001:db8:200::/96", "2001:db8:200::c633:6402"
HOST4_EMBEDDED = "2001:db8:100::cb00:710a"
ROUTER4, MAC_ROUTER4 = "198.51.100.253", "02:00:00:00:04:fd"
OTHER_ROUTER4, MAC_OTHER_ROUTER4 = "198.51.100.252", "02:00:00:00:04:fc"
ROUTER6, MAC_ROUTER6 = "2001:db8:1::fd", "02:00:00:00:06:fd"
PART = udp(1, 53, b"question")

# Where HOST6 is 203.0.113.16.
BLOCK = "prefix add 2001:db8:100::/96\nadd 203.0.113.0/24 2001:db8:1::/120\n"
SERVER_IS_MAPPED = CONFIG + f"add {SERVER4} {STRANGER6}\n"


@pytest.fixture(scope="module")
def topology(module, namespaces):
    topology = build_topology("flows")
    topology.gateway.ip(f"neigh add {ROUTER4} lladdr {MAC_ROUTER4} dev to4 nud permanent",
                        f"neigh add {ROUTER6} lladdr {MAC_ROUTER6} dev to6 nud permanent")
    yield topology
    topology.delete()


@pytest.fixture
def net(topology):
    topology.configure(CONFIG)
    return topology


@pytest.fixture
def gateway(net):
    return net.gateway


FROM6, FROM4 = ip6(HOST6, SERVER6, PART), ip4(SERVER4, HOST4, PART)


def to4(source=HOST4, dst=SERVER4, part=PART, **fields):
    return ip4(source, dst, part, **{"ttl": 63, "id": ANY, **fields})


def to6(source=SERVER6, dst=HOST6, part=PART, **fields):
    return ip6(source, dst, part, **{"hlim": 63, **fields})


def warm(net, sent, *expected):
    """As often as it takes for the flow to be kept, and to be used."""
    for _ in range(4):
        net.wire.expect(sent, *expected)


USUAL = {FROM6: to4(), FROM4: to6()}
NATIVE4, NATIVE6 = ip4(SERVER4, HOST4, PART, ttl=63), ip6(HOST6, SERVER6, PART, hlim=63)

# What a change is called, the configuration before, the commands, and what then becomes
# of packets; None is the error that says "administratively prohibited".
CHANGES = [
    ("a mapping is deleted", CONFIG, [f"del {HOST4}"], {FROM6: None, FROM4: NATIVE4}),
    ("a mapping is deleted by its IPv6 address", CONFIG, [f"del {HOST6}"],
     {FROM6: None, FROM4: NATIVE4}),
    ("another IPv4 address is mapped", CONFIG, [f"replace {OTHER4} {HOST6}"],
     {FROM6: to4(OTHER4), FROM4: NATIVE4}),
    ("another IPv6 address is mapped", CONFIG, [f"replace {HOST4} {STRANGER6}"],
     {FROM6: None, FROM4: to6(dst=STRANGER6)}),
    ("a mapping goes and comes", CONFIG, [f"del {HOST4}", f"add {HOST4} {HOST6}"], USUAL),
    ("a mapping is deleted and added otherwise", CONFIG,
     [f"del {HOST4}", f"del {PEER4}", f"add {PEER4} {HOST6}", f"add {HOST4} {PEER6}"],
     {FROM6: to4(PEER4), FROM4: to6(dst=PEER6)}),
    ("all mappings go", CONFIG, ["flush"], {FROM6: None, FROM4: NATIVE4}),
    ("a mapping comes inside of another", BLOCK, [f"add 203.0.113.16 {STRANGER6} force",
                                                  f"add {OTHER4} {HOST6} force"],
     {FROM6: to4(OTHER4), ip4(SERVER4, "203.0.113.16", PART): to6(dst=STRANGER6)}),
    ("a mapping inside of another goes", BLOCK + f"add {OTHER4} {HOST6} force\n",
     [f"del {OTHER4}"], {FROM6: to4("203.0.113.16"), ip4(SERVER4, "203.0.113.16", PART): to6()}),
    ("the destination is mapped", CONFIG, [f"add {SERVER4} {STRANGER6}"],
     {FROM6: to6(HOST4_EMBEDDED, STRANGER6), FROM4: to6()}),
    ("the destination is mapped no more", SERVER_IS_MAPPED, [f"del {SERVER4}"], USUAL),
    ("the destination is mapped as it stands", CONFIG, [f"add 198.18.1.1 {SERVER6} force"],
     {FROM6: to4(dst="198.18.1.1"), FROM4: to6()}),
    ("hairpinning is switched off", SERVER_IS_MAPPED, ["set hairpin off"],
     {FROM6: to4(), FROM4: to6(STRANGER6)}),
    ("hairpinning is switched on", SERVER_IS_MAPPED + "set hairpin off\n", ["set hairpin on"],
     {FROM6: to6(HOST4_EMBEDDED, STRANGER6), FROM4: to6()}),
    ("a prefix becomes primary", CONFIG, [f"prefix add {OTHER_PREFIX} primary"],
     {FROM6: to4(), FROM4: to6(OTHER_SERVER6)}),
    ("a mapping gets a prefix", CONFIG + f"prefix add {OTHER_PREFIX}\n",
     [f"replace {HOST4} {HOST6} prefix {OTHER_PREFIX}"],
     {FROM6: to4(), FROM4: to6(OTHER_SERVER6)}),
    ("a prefix goes", CONFIG + f"prefix add {OTHER_PREFIX}\n", ["prefix del 2001:db8:100::/96"],
     {FROM6: NATIVE6, FROM4: to6(OTHER_SERVER6)}),
    ("packets need a mark", CONFIG, ["set mark 1/1"], {FROM6: NATIVE6, FROM4: NATIVE4}),
    ("packets need no mark", CONFIG + "set mark 1/1\n", ["set mark 0"], USUAL),
    ("settings of headers", CONFIG, ["set tos 4", "set traffic-class 8"],
     {FROM6: to4(tos=4), FROM4: to6(tclass=8)}),
    ("direct", CONFIG, ["set forwarding direct"], USUAL),
    ("filtered", CONFIG + "set forwarding direct\n", ["set forwarding filtered"], USUAL),
]


def outcome(sent, expected):
    return prohibited(sent) if expected is None else expected


@pytest.mark.parametrize("before, commands, after", [c[1:] for c in CHANGES],
                         ids=[c[0] for c in CHANGES])
def test_a_change_holds_with_the_next_packet(topology, before, commands, after):
    topology.configure(before)
    for _ in range(4):
        topology.wire.exchange(*after)
    topology.gateway.ctl("-b", "-", input="\n".join(commands) + "\n")
    for sent, expected in after.items():
        warm(topology, sent, outcome(sent, expected))


@pytest.mark.parametrize("before, after, packets", [
    (CONFIG, CONFIG.replace(HOST4, OTHER4), {FROM6: to4(OTHER4), FROM4: NATIVE4}),
    (CONFIG, BLOCK, {FROM6: to4("203.0.113.16"),
                     FROM4: to6(dst="2001:db8:1::a")}),
    (BLOCK, CONFIG, USUAL)], ids=["an address", "a network", "addresses"])
def test_a_load_holds_with_the_next_packet(topology, before, after, packets):
    topology.gateway.ip(f"neigh replace 2001:db8:1::a lladdr {MAC_FAR6} dev to6 nud permanent")
    topology.configure(before)
    for _ in range(4):
        topology.wire.exchange(*packets)
    topology.configure(after)
    for sent, expected in packets.items():
        warm(topology, sent, outcome(sent, expected))


def test_a_native_route_comes_and_goes(topology):
    """RFC 7915 4.6 and 5.6."""
    topology.configure(BLOCK)
    six, four = ip6(HOST6, SERVER6, PART), ip4(SERVER4, "203.0.113.16", PART)
    usual = {six: to4("203.0.113.16"), four: to6()}
    for sent, expected in usual.items():
        warm(topology, sent, expected)
    with topology.gateway.routes(f"route 203.0.113.16/28 via {ROUTER4}",
                                 f"route {SERVER6}/128 via {ROUTER6}"):
        warm(topology, six, NATIVE6)
        warm(topology, four, ip4(SERVER4, "203.0.113.16", PART, ttl=63))
    for sent, expected in usual.items():
        warm(topology, sent, expected)


def test_a_native_route_wins_over_hairpinning(topology):
    """While it does, the packet of a flow must not be taken for one that is never hairpinned."""
    topology.configure(CONFIG + "add 192.0.2.0/24 2001:db8:18::/120\n")
    sent = ip6(HOST6, "2001:db8:100::c000:205", PART)
    back = to6(HOST4_EMBEDDED, "2001:db8:18::5")
    warm(topology, sent, back)
    with topology.gateway.routes(f"route 192.0.2.5/32 via {ROUTER4}"):
        warm(topology, sent, to4(dst="192.0.2.5"))
    warm(topology, sent, back)


def test_a_refused_change_leaves_things_as_they_are(net, gateway):
    for sent, expected in USUAL.items():
        warm(net, sent, expected)
    batch = f"replace {OTHER4} {HOST6}\ndel 192.0.2.200\n"
    assert gateway.ctl("-b", "-", input=batch, check=False).returncode
    gateway.ctl("replace", HOST4, HOST6)
    for sent, expected in USUAL.items():
        warm(net, sent, expected)


def test_many_mappings_change_at_once(net, gateway):
    """All hosts of a network move by one."""
    hosts = range(1, 200)
    word = "add 203.0.112.{} 2001:db8:1::{:x}\n".format
    gateway.ip(*(f"neigh replace 2001:db8:1::{n + 0x100:x} lladdr {MAC_FAR6} dev to6 "
                 "nud permanent" for n in range(1, 202)))
    net.configure(CONFIG + "".join(word(n, n + 0x100) for n in hosts))

    def expect(moved):
        for n in hosts:
            net.wire.expect([ip6(f"2001:db8:1::{n + 0x100 + moved:x}", SERVER6, PART),
                             ip4(SERVER4, f"203.0.112.{n}", PART)],
                            to4(f"203.0.112.{n}"),
                            to6(dst=f"2001:db8:1::{n + 0x100 + moved:x}"))

    for _ in range(3):
        expect(0)
    gateway.ctl("-b", "-", input="".join(
        word(n, n + 0x101).replace("add", "replace") for n in reversed(hosts)))
    expect(1)
    expect(1)


def test_an_error_between_echoes(topology):
    """RFC 7757 4.2.1: only the source of an error may be looked up in mappings."""
    topology.configure(SERVER_IS_MAPPED)
    echo = ip4(SERVER4, HOST4, echo4(7, 8, b"data"))
    quote4, quote6 = ip4(HOST4, "192.0.2.1", PART, ttl=60), ip6(HOST6, "2001:db8:100::c000:201",
                                                             PART, hlim=60)
    error = ip4(SERVER4, HOST4, icmp4(3, 1, 0, quote4))
    for _ in range(3):
        warm(topology, echo, to6(part=echo6(7, 8, b"data")))
        topology.wire.expect(error, to6(STRANGER6, part=icmp6(1, 0, 0, quote6)))


def test_an_error_from_a_host_of_a_flow(net):
    """Its quote decides on nothing in this direction, but is translated."""
    warm(net, ip6(HOST6, SERVER6, echo6(7, 8, b"data")), to4(part=echo4(7, 8, b"data")))
    error = ip6(HOST6, SERVER6, icmp6(1, 4, 0, ip6(SERVER6, HOST6, PART, hlim=60)))
    net.wire.expect(error, to4(part=icmp4(3, 3, 0, ip4(SERVER4, HOST4, PART, ttl=60, id=ANY))))


@pytest.mark.parametrize("dst, tos", [("127.0.0.1", 0x44), ("224.0.0.1", 0x48)])
def test_an_error_about_a_packet_to_no_host(net, dst, tos):
    """Its quote decides on no route: nothing is routed as if it came from there. No route of this TOS is kept."""
    error = ip6(HOST6, SERVER6, icmp6(1, 4, 0, ip6(SERVER6, f"2001:db8:100::{dst}", PART, hlim=60)), tclass=tos)
    net.wire.expect(error, to4(part=icmp4(3, 3, 0, ip4(SERVER4, dst, PART, ttl=60, id=ANY)), tos=tos))


def test_routes_by_tos(net, gateway):
    """IPv4 alone has them without policy rules."""
    marked = ip6(HOST6, SERVER6, PART, tclass=0x10)
    warm(net, FROM6, to4())
    warm(net, marked, to4(tos=0x10))
    with gateway.routes(f"route {SERVER4} tos 0x10 via {ROUTER4}"):
        for _ in range(4):
            for sent, expected, hop in ((FROM6, to4(), MAC_FAR4),
                                        (marked, to4(tos=0x10), MAC_ROUTER4)):
                seen = net.wire.expect(sent, expected)
                assert seen[4][0].ether[:6] == mac(hop)
    warm(net, marked, to4(tos=0x10))


@pytest.fixture
def two_default_routes(net, gateway):
    """The neighbours of their routers are both known; gives a function that changes the state of one."""
    macs = {OTHER_ROUTER4: MAC_OTHER_ROUTER4, ROUTER4: MAC_ROUTER4}

    def become(router, state):
        gateway.ip(f"neigh replace {router} lladdr {macs[router]} dev to4 nud {state}")

    for router in macs:
        become(router, "reachable")
    gateway.ip(f"route replace default via {OTHER_ROUTER4}", f"route append default via {ROUTER4}")
    yield become
    become(ROUTER4, "permanent")
    gateway.ip(f"route del default via {ROUTER4}", "route replace default via 198.51.100.254",
               f"neigh del {OTHER_ROUTER4} dev to4")


def test_the_router_of_one_of_two_default_routes_is_gone(net, gateway, two_default_routes):
    """Linux takes the next whose neighbour it knows, for each packet anew; so it does for those of the gateway itself."""
    sent, expected = ip6(HOST6, "2001:db8:100::c000:237", PART), to4(dst="192.0.2.55")
    own = ip4(GATEWAY4, "192.0.2.55", udp(4000, 53, b"question"), id=ANY, df=True)

    def expect(hop):
        for _ in range(4):
            found = [net.wire.expect(sent, expected),
                     net.wire.expect(lambda: sender.sendto(b"question", ("192.0.2.55", 53)), own)]
            assert [seen[4][0].ether[:6] for seen in found] == [mac(hop)] * 2

    with gateway:
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sender:
        sender.bind((GATEWAY4, 4000))
        expect(MAC_OTHER_ROUTER4)
        two_default_routes(OTHER_ROUTER4, "failed")
        expect(MAC_ROUTER4)


def test_ipv6_routes_by_source(topology):
    """While there are such no flow is used, and none is kept."""
    topology.configure(CONFIG)
    other = ip4("198.51.100.3", HOST4, PART)
    expected = to6(), to6("2001:db8:100::c633:6403")
    routers = {"before": [MAC_FAR6] * 2, "meanwhile": [MAC_ROUTER6, MAC_FAR6], "after": [MAC_FAR6] * 2}

    def check(when):
        for _ in range(3):
            seen = topology.wire.expect([FROM4, other], *expected)
            assert [packet.ether[:6] for packet in seen[6]] == [mac(router) for router in routers[when]]

    check("before")
    with routes_or_skip(topology.gateway, f"route {HOST6} from {SERVER6} via {ROUTER6}"):
        check("meanwhile")
    check("after")


SPARE = {"6to4": (FROM6, to4(), f"{SERVER4}/32 via 192.0.2.34"), "4to6": (FROM4, to6(), f"{HOST6}/128 via 2001:db8:5::2")}


@pytest.mark.parametrize("way", SPARE)
def test_a_link_without_carrier_is_left(topology, way):
    """Sysctl ignore_routes_with_linkdown: its routes stay, and others are taken."""
    sent, expected, route = SPARE[way]
    gateway = topology.gateway
    topology.configure(CONFIG)
    gateway.ip("link add spare type veth peer name far", "link set spare up", "link set far up",
               "addr add 192.0.2.33/28 dev spare", "addr add 2001:db8:5::1/64 dev spare nodad",
               *(f"neigh add {host} lladdr 02:00:00:00:05:02 dev spare" for host in ("192.0.2.34", "2001:db8:5::2")))
    try:
        for family in (4, 6):
            gateway.sysctl(f"net.ipv{family}.conf.spare.ignore_routes_with_linkdown", 1)
        with gateway.routes(f"route {route} dev spare"):
            for _ in range(3):
                topology.wire.expect_silence(sent)
            gateway.ip("link set far down")
            eventually(lambda: any(topology.wire.exchange(sent).values()), "another route is taken")
            warm(topology, sent, expected)
    finally:
        gateway.ip("link del spare")


def test_mappings_are_counted(net, gateway):
    """Setting counters, whether a flow is known or not."""
    for sent, expected in USUAL.items():
        warm(net, sent, expected)
    gateway.ctl("set", "counters", "on")
    for sent, expected in USUAL.items():
        warm(net, sent, expected)
    [listed] = json.loads(gateway.show("-j", "list", HOST4))["mappings"]
    assert [listed["counters"][f"packets_{way}"] for way in ("6to4", "4to6")] == [4 * FORWARDING.times] * 2


def test_explaining_leaves_flows_alone(net, gateway):
    """And looks everything up itself, whether or not a flow is known."""
    words = (("6", HOST6, SERVER6), ("4", SERVER4, HOST4))
    before = [gateway.show("explain", *packet) for packet in words]
    for _ in range(3):
        for sent, expected in USUAL.items():
            warm(net, sent, expected)
        assert [gateway.show("explain", *packet) for packet in words] == before
    assert f"mapping {HOST4} {HOST6}" in before[0] and f"mapping {HOST4} {HOST6}" in before[1]


@pytest.mark.as_configured
@pytest.mark.skipif(not (TRACING / "instances").is_dir(), reason="this kernel does not trace")
@pytest.mark.parametrize("sent", USUAL, ids=["6to4", "4to6"])
def test_packets_that_are_edited_in_place_are_traced(net, sent):
    """In PRE_ROUTING, where headers have room to grow and nobody listens."""
    with roomy(net):
        warm(net, sent, USUAL[sent])
        with traced("nat64/translated") as events:
            net.wire.expect(sent, USUAL[sent])
            assert len(events()) == 1
        net.wire.expect(sent, USUAL[sent])


@pytest.mark.as_configured
@pytest.mark.skipif(run("modprobe", "-q", "xfrm_user", check=False).returncode != 0, reason="this kernel has no policies")
@pytest.mark.parametrize("sent, ends", [(FROM6, f"src {HOST6} dst {SERVER6}"), (FROM4, f"src {SERVER4} dst {HOST4}")],
                         ids=["6to4", "4to6"])
def test_a_policy_for_forwarding_holds_for_packets_that_are_edited_in_place(net, sent, ends):
    """RFC 4301 5.2: asked about the packet as it came, whose family is not that of the route."""
    with roomy(net):
        warm(net, sent, USUAL[sent])
        with xfrm((net.gateway, f"policy add {ends} dir fwd action block")):
            net.wire.expect_silence(sent)
        warm(net, sent, USUAL[sent])


def test_at_random(net, gateway):
    """More flows than there are places, while hosts and addresses find new partners."""
    rng = random.Random(16)
    hosts = {n: n for n in range(1, 9)}
    net.configure(CONFIG + "".join(f"add 203.0.112.{n} 2001:db8:1::2{n}\n" for n in hosts))
    gateway.ip(*(f"neigh replace 2001:db8:1::2{n} lladdr {MAC_FAR6} dev to6 nud permanent"
                 for n in hosts))
    for _ in range(600):
        if not rng.randrange(20):
            a, b = rng.sample(sorted(hosts), 2)
            hosts[a], hosts[b] = hosts[b], hosts[a]
            gateway.ctl("-b", "-", input="".join(
                [f"del 203.0.112.{a}\ndel 203.0.112.{b}\n"] +
                [f"add 203.0.112.{n} 2001:db8:1::2{hosts[n]}\n" for n in (a, b)]))
        host, server = rng.choice(sorted(hosts)), rng.randrange(1, 12)
        six, far = f"2001:db8:1::2{hosts[host]}", f"2001:db8:100::c000:2{server:02x}"
        net.wire.expect([ip6(six, far, PART), ip4(f"192.0.2.{server}", f"203.0.112.{host}", PART)],
                        to4(f"203.0.112.{host}", f"192.0.2.{server}"), to6(far, six))


# Last: from here on nothing is kept in this gateway.

def test_a_vrf_decides_from_its_first_packet_on(net, gateway):
    warm(net, FROM6, to4())
    gateway.ip("link add red type vrf table 99", "link set red up",
               f"route add default via {ROUTER4} dev to4 table 99")
    warm(net, FROM6, to4())
    gateway.ip("link set to6 master red", f"route add {SENTINEL6}/32 dev to6",
               f"neigh replace {SENTINEL6} lladdr {MAC_FAR6} dev to6 nud permanent")
    seen = net.wire.expect(FROM6, to4())
    assert seen[4][0].ether[:6] == mac(MAC_ROUTER4)
