# SPDX-License-Identifier: GPL-2.0-only
"""Routes that packets took before: whatever changes takes effect with the next packet.

The gateway keeps a route only while nothing but the destination decides, so
these tests have a gateway of their own, where no rule was ever added.
"""

import contextlib
import random
from pathlib import Path

import addresses
import icmp_error
import pytest
import xdp
from addresses import HOST4, HOST6, MAC_FAR4, MAC_FAR6, SERVER4, SERVER6
from frame import mac
from icmp_error import prohibited
from packet import ANY, ip4, ip6, udp
from programs import need_xdp
from topology import build_topology
from util import eventually

# Routers beside the usual ones, and hosts behind routers only.
ROUTER6, MAC_ROUTER6 = "2001:db8:1::fd", "02:00:00:00:06:fd"
ROUTER4, MAC_ROUTER4 = "198.51.100.253", "02:00:00:00:04:fd"
AWAY6, AWAY6_MAPPED = "2001:db8:7::7", "203.0.113.77"
AWAY4, AWAY4_EMBEDDED = "192.0.2.55", "2001:db8:100::c000:237"

CONFIG = addresses.CONFIG + f"add {AWAY6_MAPPED} {AWAY6}\n"


@pytest.fixture(scope="module")
def topology(module, namespaces):
    topology = build_topology("ways")
    topology.gateway.ip(f"neigh add {ROUTER6} lladdr {MAC_ROUTER6} dev to6 nud permanent",
                        f"neigh add {ROUTER4} lladdr {MAC_ROUTER4} dev to4 nud permanent")
    yield topology
    topology.delete()


@pytest.fixture(params=["filtered", "direct", "xdp"])
def net(request, topology):
    if request.param != "xdp":
        topology.configure(f"{CONFIG}set forwarding {request.param}\n")
        yield topology
        return
    need_xdp()
    topology.configure(f"{CONFIG}set forwarding direct\n")
    with xdp.receivers(topology), xdp.programs(topology.gateway, "to6", "to4"), \
            contextlib.closing(xdp.Count(topology.gateway)) as count:
        before = count.taken()
        yield topology
        assert count.taken() > before or "policy_rule" in request.node.name


@pytest.fixture
def gateway(net):
    return net.gateway


class Flow:
    """Packets to one destination, by the source port of each."""

    def __init__(self, wire, side, there):
        self.wire, self.side, self.there = wire, side, there

    def packets(self, port):
        """What goes in, and what comes out of it."""
        if self.side == 6:
            away = {HOST6: HOST4, AWAY6: AWAY6_MAPPED}[self.there]
            return (ip4(SERVER4, away, udp(port, 53, b"question")),
                    ip6(SERVER6, self.there, udp(port, 53, b"question"), hlim=63))
        away = {SERVER4: SERVER6, AWAY4: AWAY4_EMBEDDED}[self.there]
        return (ip6(HOST6, away, udp(port, 53, b"question")),
                ip4(HOST4, self.there, udp(port, 53, b"question"), ttl=63, id=ANY))

    def passes(self, port=1):
        """Sends a packet, which has to come out; returns the MAC address that it goes to."""
        seen = self.wire.expect(*self.packets(port))
        return seen[self.side][0].ether[:6]

    def is_prohibited(self):
        sent, _ = self.packets(1)
        self.wire.expect(sent, prohibited(sent))

    def vanishes(self):
        sent, _ = self.packets(1)
        self.wire.expect_silence(sent)


@pytest.fixture(params=[6, 4], ids=["to IPv6", "to IPv4"])
def side(request):
    return request.param


@pytest.fixture
def near(net, side):
    """To a neighbour; the gateway has sent there already."""
    return warm(Flow(net.wire, side, HOST6 if side == 6 else SERVER4))


@pytest.fixture
def away(net, side):
    """To a host behind the default router; the gateway has sent there already."""
    return warm(Flow(net.wire, side, AWAY6 if side == 6 else AWAY4))


def warm(flow):
    for _ in range(3):
        flow.passes()
    return flow


ROUTERS = {6: (ROUTER6, mac(MAC_ROUTER6)), 4: (ROUTER4, mac(MAC_ROUTER4))}
USUAL = {6: mac(MAC_FAR6), 4: mac(MAC_FAR4)}
USUAL_ROUTER = {6: "2001:db8:1::fe", 4: "198.51.100.254"}
DEVICE = {6: "to6", 4: "to4"}
FAMILY = {6: "-6", 4: "-4"}


def test_a_more_specific_route_comes_and_goes(gateway, side, near):
    router, address = ROUTERS[side]
    assert near.passes() == USUAL[side]
    with gateway.routes(f"route {near.there} via {router}"):
        assert near.passes() == address
        assert near.passes() == address
    assert near.passes() == USUAL[side]


def test_the_default_route_moves(gateway, side, away):
    router, address = ROUTERS[side]
    assert away.passes() == USUAL[side]
    gateway.run("ip", FAMILY[side], "route", "replace", "default", "via", router)
    assert away.passes() == address
    gateway.run("ip", FAMILY[side], "route", "replace", "default", "via", USUAL_ROUTER[side])
    assert away.passes() == USUAL[side]


def test_a_neighbour_moves(gateway, side, near):
    moved = "02:00:00:00:00:99"
    change = "neigh replace {} lladdr {} dev {} nud permanent"
    gateway.ip(change.format(near.there, moved, DEVICE[side]))
    assert near.passes() == mac(moved)
    gateway.ip(change.format(near.there, MAC_FAR6 if side == 6 else MAC_FAR4, DEVICE[side]))
    assert near.passes() == USUAL[side]


def test_a_prohibiting_route(gateway, side, away):
    with gateway.routes(f"route prohibit {away.there}"):
        away.is_prohibited()
    away.passes()


def test_a_blackhole(gateway, side, near):
    with gateway.routes(f"route blackhole {near.there}"):
        near.vanishes()
    near.passes()


def test_a_device_goes_down_and_away(gateway, side, away):
    gateway.ip("link add other type dummy", "link set other up",
               f"route add {away.there} dev other")
    away.vanishes()
    away.vanishes()
    gateway.ip("link set other down")
    assert away.passes() == USUAL[side]
    gateway.ip("link set other up", f"route replace {away.there} dev other")
    away.vanishes()
    gateway.ip("link del other")
    assert away.passes() == USUAL[side]


def test_the_destination_becomes_the_gateways_own(gateway, side, away):
    """Then it is no packet to forward any more."""
    with gateway.routes(f"addr {away.there}/{128 if side == 6 else 32} dev lo"):
        sent, _ = away.packets(1)
        seen = away.wire.exchange(sent)
        assert not [p for p in seen[side] if p.ether[:6] == USUAL[side]]
    away.passes()


def test_a_route_to_the_gateway_itself_comes_to_the_table_local(gateway, side, away):
    """Which decides first, without a rule: soon, as routes of the other tables know nothing of it."""
    def is_forwarded():
        sent, _ = away.packets(1)
        return any(p.ether[:6] == USUAL[side] for p in away.wire.exchange(sent)[side])

    assert is_forwarded()
    with gateway.routes(f"route local {away.there} dev lo table local"):
        eventually(lambda: not is_forwarded(), "it stays")
        assert not any(is_forwarded() for _ in range(3))
    away.passes()


def test_a_smaller_mtu(net, side, near):
    text = b"x" * 1400
    if side == 6:
        sent = ip4(SERVER4, HOST4, udp(1, 53, text), df=True)
        refused, passed = icmp_error.fragmentation_needed(sent, 1280), ip6(
            SERVER6, HOST6, udp(1, 53, text), hlim=63)
    else:
        sent = ip6(HOST6, SERVER6, udp(1, 53, text))
        refused, passed = icmp_error.packet_too_big(sent, 1320), ip4(
            HOST4, SERVER4, udp(1, 53, text), ttl=63, id=ANY, df=True)
    near.wire.expect(sent, passed)
    with net.mtus(**{DEVICE[side]: 1300}):
        near.wire.expect(sent, refused)
    near.wire.expect(sent, passed)


def test_the_last_hop_is_refused_on_a_known_way(near, side):
    """RFC 7915 4.1, 5.1: the hop limit has nothing to do with the route."""
    last = (ip4(SERVER4, HOST4, udp(1, 53, b"question"), ttl=1) if side == 6 else
            ip6(HOST6, SERVER6, udp(1, 53, b"question"), hlim=1))
    near.wire.expect(last, icmp_error.time_exceeded(last))


def test_forwarding_is_switched_off(gateway, side, near):
    key = {6: "net.ipv6.conf.all.forwarding", 4: "net.ipv4.conf.to6.forwarding"}[side]
    with gateway.sysctls(**{key.replace(".", "__"): 0}):
        near.vanishes()
    near.passes()


def test_a_mapping_goes(gateway, near):
    """Its packets are not the translator's any more, or have no source."""
    sent, _ = near.packets(1)
    gateway.ctl("del", HOST4)
    assert not near.wire.exchange(sent)[near.side]
    gateway.ctl("add", HOST4, HOST6)
    near.passes()


@pytest.mark.parametrize("kind", ["next hops", "a group of nexthop objects"])
def test_flows_are_spread_over_two_routers(gateway, side, away, kind):
    """A kept route must not draw all flows to one of the next hops."""
    router, address = ROUTERS[side]
    policy = f"net.ipv{side}.fib_multipath_hash_policy"
    if not Path("/proc/sys", *policy.split(".")).exists():
        pytest.skip("this kernel has no multipath routes")
    hops = " ".join(f"nexthop via {hop}" for hop in (router, USUAL_ROUTER[side]))
    with contextlib.ExitStack() as stack:
        stack.enter_context(gateway.sysctls(**{policy.replace(".", "__"): 1}))
        if kind != "next hops":
            for id, hop in ((71, router), (72, USUAL_ROUTER[side])):
                stack.enter_context(gateway.nexthop(id, f"via {hop} dev to{side}"))
            stack.enter_context(gateway.nexthop(73, "group 71/72"))
            hops = "nhid 73"
        gateway.run("ip", FAMILY[side], "route", "add", away.there, *hops.split())
        found = [away.passes(port) for port in range(1, 41)]
        again = [away.passes(port) for port in range(1, 41)]
        gateway.run("ip", FAMILY[side], "route", "del", away.there, *hops.split())
    assert set(found) == {address, USUAL[side]} and again == found
    assert away.passes() == USUAL[side]


def test_many_destinations_and_changing_routes(gateway, net):
    """Ways that push each other out, at random, among routes that come and go."""
    rng, moved = random.Random(6), set()
    for _ in range(400):
        host = rng.randrange(1, 60000)
        there = f"192.0.{host >> 8}.{host & 255}" if host >> 8 != 2 else "192.0.3.1"
        if not rng.randrange(10):
            there = rng.choice(sorted(moved) or [there])
            gateway.run("ip", "route", "del" if there in moved else "add", there, "via", ROUTER4)
            moved ^= {there}
        word = int.from_bytes(bytes(map(int, there.split("."))), "big")
        sent = ip6(HOST6, f"2001:db8:100::{word >> 16:x}:{word & 0xffff:x}", udp(1, 2))
        seen = net.wire.expect(sent, ip4(HOST4, there, udp(1, 2), ttl=63, id=ANY))
        wanted = mac(MAC_ROUTER4) if there in moved else mac(MAC_FAR4)
        assert seen[4][0].ether[:6] == wanted, there
    gateway.ip(*(f"route del {there} via {ROUTER4}" for there in moved))


# Last: from here on nothing is kept in this gateway.

def test_a_policy_rule_decides_from_its_first_packet_on(gateway, side, near):
    rule = f"to {near.there} prohibit pref 100"
    gateway.run("ip", FAMILY[side], "rule", "add", *rule.split())
    near.is_prohibited()
    gateway.run("ip", FAMILY[side], "rule", "del", *rule.split())
    near.passes()
