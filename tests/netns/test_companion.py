# SPDX-License-Identifier: GPL-2.0-only
"""What surrounds a translated packet does to it what it does to a native one.

Scenarios are drawn at random: rules, marks, filters at every hook, traffic
control, sysctls, IPsec policies, bound sockets, over links of several kinds.
In each the same packets go as native IPv4, as native IPv6, and translated.
What becomes of the translated one must become of one of the others, too:
docs/forwarding.md says what of the kernel's path is kept, and why the rest is
not. Nothing is drawn here that it says is left out.

Scenarios are by hand, until nothing is left that they find: NAT64_COMPANION_COUNT is how many
scenarios for each kind of link, NAT64_COMPANION_SEED and NAT64_COMPANION_FIRST
say which. Stock kernels have all that it needs.
"""

import os
import random
from pathlib import Path

import companion
import nft
import pytest
from companion import (BY_OTHER_DEVICE, BY_OTHER_ROUTER, EMPTY, KINDS, LINKS, MAPPED_HOST, MARK,
                       NARROW, NARROW_MTU, NATIVE4, NATIVE6, OTHER_ROUTER, PORT, REFUSED, ROUTER,
                       THROWN, Bed, Shape, Surroundings, disagreements, each_trip, embedded, host4,
                       host6, near_mac, neighbour_mac)
from frame import Frame
from packet import UDP, fragment, icmp4, icmp6, ip4, ip6, octets, raw, udp
from util import FIGURES

COUNT = int(os.environ.get("NAT64_COMPANION_COUNT", 0))
FIRST = int(os.environ.get("NAT64_COMPANION_FIRST", 0))
SEED = os.environ.get("NAT64_COMPANION_SEED", "companion")

# Hosts of the sides as senders, before and after translation.
SENDERS4 = {6: (host4(6), MAPPED_HOST), 4: (host4(4),)}
SENDERS6 = {6: (host6(6),), 4: (host6(4), embedded(host4(4)))}


ACTIONS = [f"lookup {BY_OTHER_ROUTER}", f"lookup {BY_OTHER_DEVICE}", f"lookup {REFUSED}",
           f"lookup {THROWN}", f"lookup {EMPTY}", "unreachable", "prohibit", "blackhole"]


def draw_rule(rng, s, action=None):
    """A policy rule, of the same meaning in both families."""
    side = rng.choice((6, 4))
    selectors = rng.choice([
        ([f"iif to{side}"], [f"iif to{side}"]), ([f"fwmark {MARK}"], [f"fwmark {MARK}"]),
        ([f"from {a}" for a in SENDERS4[side]], [f"from {a}" for a in SENDERS6[side]]),
        ([f"to {host4(side)}"], [f"to {host6(side)}"]),
        (["tos 0x10"], ["tos 0x10"]), (["ipproto udp"], ["ipproto udp"]),
        ([f"ipproto udp dport {PORT}"], [f"ipproto udp dport {PORT}"]),
        (["sport 10000-10099"], ["sport 10000-10099"]),
        (["uidrange 1000-1000"], ["uidrange 1000-1000"]),
        (["uidrange 0-0"], ["uidrange 0-0"]), (["iif lo"], ["iif lo"]),
        (["oif to9"], ["oif to9"])])
    action = action or rng.choice(ACTIONS)
    pref = 100 + len(s.rules4)
    s.rules4 += [f"pref {pref} {selector} {action}" for selector in selectors[0]]
    s.rules6 += [f"pref {pref} {selector} {action}" for selector in selectors[1]]
    s.names.append(f"rule {selectors[0][0]} {action}")


def draw_mark(rng, s):
    """Marks come from a chain in front of the translator, from tc, from the socket."""
    side = rng.choice((6, 4))
    way = rng.choice(("chain", "tc", "socket", "output"))
    if way == "chain":
        s.chains.append(nft.chain("prerouting", f'iifname "to{side}" meta mark set {MARK}',
                                  name="marks", priority=-450))
    elif way == "tc":
        s.tc += [f"qdisc replace dev to{side} clsact",
                 f"filter add dev to{side} ingress matchall action skbedit mark {MARK} pipe"]
    elif way == "socket":
        s.shape.mark = MARK
    else:
        s.chains.append(nft.chain("output", f"th dport {PORT} meta mark set {MARK}",
                                  name="reroutes", kind="route", priority=-150))
    s.names.append(f"mark by {way} {side}")


MATCHES = [
    "", 'iifname "to6"', 'iifname "to4"', 'iifname "blue"', 'oifname "to6"', 'oifname "to4"',
    'oifname "to9"', f"meta mark {MARK}", "meta priority 0:6", "meta priority 0:2",
    "meta l4proto udp", f"th dport {PORT}", "meta pkttype host", "meta skuid 1000",
    "meta iiftype ether", "meta length > 1000", "fib daddr type local", "fib daddr type unicast",
    f"ether saddr {neighbour_mac(6, 2)}", f"ether daddr {near_mac(6)}",
    f"ether saddr {neighbour_mac(4, 2)}", f"ether daddr {near_mac(4)}",
    ("ip dscp 4", "ip6 dscp 4"), ("ip dscp 46", "ip6 dscp 46"),
    ("ip ecn 1", "ip6 ecn 1"), ("ip ttl 63", "ip6 hoplimit 63"), ("ip ttl 64", "ip6 hoplimit 64"),
    *((f"ip saddr {{ {', '.join(SENDERS4[side])} }}",
       f"ip6 saddr {{ {', '.join(SENDERS6[side])} }}") for side in (6, 4)),
    *((f"ip daddr {host4(side)}", f"ip6 daddr {host6(side)}") for side in (6, 4))]
VERDICTS = ["", "", "", "drop", "meta mark set 9", "meta priority set 0:2", "meta priority set 1:7"]


def fits(match, hook):
    """Whether a hook knows what a match asks for, and it means the same there in both families."""
    text = match if isinstance(match, str) else match[0]
    if text.startswith("ip daddr") and hook == "prerouting":
        return False
    if text.startswith("oif") and hook in ("prerouting", "input"):
        return False
    if text.startswith(("iif", "meta iif", "ether")) and hook in ("output", "postrouting"):
        return False
    return not (text.startswith("fib") and hook == "postrouting")


def draw_filter(rng, s):
    """A chain at any hook: in PRE_ROUTING before the translator, which takes the packet there.

    In OUTPUT behind it: what is before sees what the gateway sends twice, in either family.
    """
    hook = rng.choice(["input", "output"] if s.forwarding == "direct" else
                      ["prerouting", "input", "forward", "forward", "output", "postrouting"])
    priority = rng.choice([-1000, -450] * (hook != "output") +
                          [-300, -150, -1, 0, 1, 100, 300, 1000] * (hook != "prerouting"))
    match = rng.choice([m for m in MATCHES if fits(m, hook)])
    verdict = rng.choice(VERDICTS + (["reject"] if hook in ("input", "forward", "output") else []))
    name = f"{hook} {priority}"
    rules = [rule for text in ([match] if isinstance(match, str) else match)
             for rule in each_trip(text, f"{len(s.chains)} {name}", verdict)]
    s.chains.append(nft.chain(hook, *rules, name=f"filter{len(s.chains)}", priority=priority))
    s.names.append(f"{name} {match} {verdict}")


def draw_qdisc(rng, s):
    device, kind = f"to{rng.choice((6, 4, 9))}", rng.choice(("prio", "fq_codel", "fq", "pfifo"))
    s.tc.append(f"qdisc replace dev {device} root {kind}")
    s.names.append(f"{kind} on {device}")


def draw_tc(rng, s):
    device = f"to{rng.choice((6, 4))}"
    s.tc += [f"qdisc replace dev {device} clsact",
             f"filter add dev {device} ingress matchall action skbedit priority 1:7 pipe"]
    s.names.append(f"priority by tc on {device}")


def draw_sysctl(rng, s):
    key, value = rng.choice([
        ("net.ipv4.ip_forward_update_priority", 0), ("net.ipv4.fwmark_reflect", 1),
        ("net.ipv6.fwmark_reflect", 1), ("net.ipv4.ip_forward_use_pmtu", 1),
        ("net.ipv4.icmp_errors_use_inbound_ifaddr", 1), ("net.ipv4.udp_l3mdev_accept", 1),
        ("net.ipv4.ip_early_demux", 0)])
    s.sysctls[key] = value
    s.names.append(f"{key}={value}")


def draw_no_forwarding(rng, s):
    """Of one device in IPv4, of all in IPv6: what a packet may not in one family only may vary."""
    side = rng.choice((6, 4))
    s.sysctls[f"net.ipv4.conf.to{side}.forwarding"] = 0
    s.names.append(f"no forwarding from to{side} in IPv4")


def draw_policy(rng, s):
    """IPsec: what must not pass in clear, on the way in or out."""
    side, way = rng.choice((6, 4)), rng.choice(("fwd", "out"))
    other = {6: 4, 4: 6}[side]
    pairs = [(host4(side), host4(other)), (host6(side), host6(other))]
    if side == 6:
        pairs.append((host6(6), embedded(host4(4))) if way == "fwd" else (MAPPED_HOST, host4(4)))
    else:
        pairs.append((host4(4), MAPPED_HOST) if way == "fwd" else (embedded(host4(4)), host6(6)))
    s.policies += [f"src {src} dst {dst} dir {way} action block" for src, dst in pairs]
    s.names.append(f"policy {way} from side {side}")


def draw_mtu(rng, s):
    """Packets that are too big for a route's MTU, in either family."""
    draw_rule(rng, s, f"lookup {NARROW}")
    s.shape.size = NARROW_MTU + 10


def draw_shape(rng, s):
    shape = s.shape
    shape.proto = rng.choice(("udp", "udp", "tcp"))
    shape.tos = rng.choice((0, 0, 0x10, 0x08, 0xb8, 0x11, 0x02))
    shape.ttl = rng.choice((64, 64, 2))
    shape.uid = rng.choice((0, 0, 1000))
    shape.device = rng.choice((None, None, "to6", "to4", "to9"))
    shape.priority = rng.choice((None, None, 2, 6))


DRAWS = (draw_rule, draw_rule, draw_rule, draw_mark, draw_mark, draw_filter, draw_filter,
         draw_filter, draw_filter, draw_qdisc, draw_tc, draw_sysctl, draw_no_forwarding,
         draw_policy, draw_mtu)


def draw_scenario(rng, bed):
    s = Surroundings(shape=Shape())
    s.forwarding = rng.choice(("filtered", "filtered", "direct"))
    s.servers = rng.choice(([None], [None, "to6", "to4"], ["to6"], ["to4"], []))
    if bed.vrf:
        s.servers = rng.choice(([None], [None, bed.vrf], ["to6", bed.vrf], [bed.vrf]))
    draw_shape(rng, s)
    draws = rng.sample(DRAWS, rng.randrange(1, 6))
    for draw in draws:
        draw(rng, s)
    if draw_mark in draws and not s.rules4:
        draw_rule(rng, s)
    return s


@pytest.fixture(scope="module", params=LINKS)
def bed(request, module, namespaces):
    del namespaces  # only so that there is a kernel
    bed = Bed(request.param)
    yield bed
    bed.delete()


@pytest.mark.skipif(not COUNT, reason="by hand: set NAT64_COMPANION_COUNT")
def test_surroundings(bed):
    """All disagreements of all scenarios, so that one does not hide another."""
    found = []
    for number in range(FIRST, FIRST + COUNT):
        s = draw_scenario(random.Random(f"{SEED} {bed.kind} {number}"), bed)
        outcomes = bed.play(s)
        FIGURES["scenarios of surroundings"] += 1
        # __ip6_local_out() loses the errors of a VRF's own OUTPUT chain, where the translator is.
        ignored = ["errno"] if bed.vrf else []
        lines = [f"    {line}" for line in disagreements(outcomes, ignored)]
        if lines:
            found += [f"{bed.kind} {number}: {s.forwarding}, {'; '.join(s.names)}, servers "
                      f"{s.servers}, {s.shape}", *lines]
    assert not found, "\n".join(found)


# Next hops that are chosen by a hash: which, differs between the families, what stays together not.

CLIENTS4, CLIENTS6 = "203.0.113.128/26", "2001:db8:1::80/122"
CLIENTS = 40  # of 64; so many go all one way in one run of 10^11


@pytest.fixture(scope="module")
def spread(module, namespaces):
    del namespaces
    bed = Bed("plain", ruled=False)  # with rules, an error goes where its own addresses lead
    yield bed
    bed.delete()


@pytest.fixture(params=["filtered", "direct"])
def two_routers(request, spread):
    """Both hosts are behind two routers each."""
    if not Path("/proc/sys/net/ipv4/fib_multipath_hash_policy").exists():
        pytest.skip("this kernel has no multipath routes")
    spread.gateway.configure(f"{companion.CONFIG}add {CLIENTS4} {CLIENTS6}\n"
                             f"set forwarding {request.param}\n")
    routes = [f"{there(side)}/{length} " + " ".join(
        f"nexthop via {there(side, router)} dev to{side}" for router in (ROUTER, OTHER_ROUTER))
        for there, length in ((host4, 32), (host6, 128)) for side in (6, 4)]
    spread.gateway.ip(*(f"route add {route}" for route in routes))
    yield spread
    spread.gateway.ip(*(f"route del {route}" for route in routes))


def ends(kind, side, client):
    """How a client of a side addresses the host of the other one: (source, destination)."""
    other = {6: 4, 4: 6}[side]
    if kind == NATIVE4:
        return host4(side, 128 + client), host4(other)
    if kind == NATIVE6:
        return host6(side, 128 + client), host6(other)
    if side == 6:
        return host6(6, 128 + client), embedded(host4(4))
    return host4(4, 128 + client), MAPPED_HOST


def whole(src, dst, part):
    return ip6(src, dst, part) if ":" in src else ip4(src, dst, part, df=True)


def pieces(src, dst, part, cut, id):
    body = octets(src, dst, part)
    for at, more in ((0, True), (cut, False)):
        piece = raw(UDP, body[at:cut] if more else body[at:])
        yield (ip6(src, dst, fragment(id, at, more), piece) if ":" in src else
               ip4(src, dst, piece, id=id, mf=more, offset=at))


def error_about(router, src, dst, part):
    """What a router says to a sender whose packet was too big for it."""
    if ":" in src:
        return ip6(router, src, icmp6(2, 0, 1280, ip6(src, dst, part)[:200]))
    return ip4(router, src, icmp4(3, 4, 1280, ip4(src, dst, part, df=True)[:200]))


def next_hops(bed, side, packets):
    """Sends packets of a side; returns the next hop that each of them went to on the other one."""
    for port in bed.ports.values():
        port.drain()
    for packet in packets:
        bed.ports[side].send(Frame(packet))
    return [packet.ether[5] for out, packet in bed.take() if out == {6: 4, 4: 6}[side]]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("side", [6, 4], ids=["6to4", "4to6"])
def test_fragments_of_a_datagram_go_to_one_router(two_routers, kind, side):
    """No fragment has ports for the hash, the first one neither."""
    with two_routers.gateway.sysctls(net__ipv4__fib_multipath_hash_policy=1,
                                     net__ipv6__fib_multipath_hash_policy=1):
        packets = [piece for n in range(CLIENTS) for piece in pieces(
            *ends(kind, side, n), udp(1000 + n, PORT, bytes(1000)), 512, n)]
        hops = next_hops(two_routers, side, packets)
    assert len(hops) == 2 * CLIENTS and set(hops) == {ROUTER, OTHER_ROUTER}
    assert hops[::2] == hops[1::2]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("side", [6, 4], ids=["6to4", "4to6"])
def test_an_error_goes_where_its_flow_goes(two_routers, kind, side):
    """So that it reaches the one of several hosts of the same address that it is for."""
    client = [ends(kind, side, n) for n in range(CLIENTS)]
    flows = next_hops(two_routers, side, [whole(*end, udp(1000, PORT)) for end in client])
    errors = next_hops(two_routers, side, [
        error_about(ends(kind, side, 63)[0], there, here, udp(PORT, 1000, bytes(1000)))
        for here, there in client])
    assert len(flows) == CLIENTS and set(flows) == {ROUTER, OTHER_ROUTER}
    assert errors == flows
