# SPDX-License-Identifier: GPL-2.0-only
"""XDP: whatever changes takes effect with the next frame, and who has it then."""

import contextlib
import functools

import pytest
import xdp
from addresses import (CONFIG, HOST4, HOST6, MAC_FAR6, MAC_REAL4, PEER6, REAL4, REAL4_EMBEDDED, SERVER4,
                       SERVER6, STRANGER6)
from frame import Frame, mac
from ingress import DIRECT, FOUR, FROM4, FROM6, KEEPS_FLOWS, PART, SIX, TO4, TO6, USUAL
from model_addr import embed
from packet import ANY, ip4, ip6, udp, version
from programs import need_xdp
from test_flows import BLOCK, CHANGES, outcome
from test_trace import TRACING, traced
from util import eventually
from xdp import known

pytestmark = pytest.mark.as_configured


@pytest.fixture(scope="module")
def topology(module, namespaces):
    need_xdp()
    with xdp.topology("xdpchg") as topology, xdp.programs(topology.gateway, "to6", "to4"):
        topology.gateway.ip("neigh add 2001:db8:1::fd lladdr 02:00:00:00:06:fd dev to6 nud permanent",
                            "neigh add 198.51.100.253 lladdr 02:00:00:00:04:fd dev to4 nud permanent")
        topology.configure("\n")
        topology.wire.exchange(*(Frame(ip6("2001:db8:5::1", host, PART), side=4)
                                 for host in (HOST6, PEER6, STRANGER6, "2001:db8:5::2")),
                               *(Frame(ip4("192.0.2.200", host, PART), side=6) for host in (SERVER4, "192.0.2.201")))
        yield topology


@pytest.fixture
def net(topology, count):
    topology.configure(DIRECT)
    known(topology, count, BOTH)
    return topology


@pytest.fixture
def gateway(net):
    return net.gateway


@pytest.fixture
def count(topology):
    with contextlib.closing(xdp.Count(topology.gateway)) as count:
        yield count


@pytest.fixture
def takes(net, count):
    return functools.partial(count.expect, net.wire)


BOTH = [FROM6, FROM4]
THERE = [TO4, TO6]

# Configuration. Whether there are native routes is found out beside, and until then all is left to the stack.

# To a destination with a mapping, which could be one to hairpin: XDP takes it as a flow that the stack has kept.
AS_A_FLOW = ("the destination is mapped as it stands", "hairpinning is switched off")


def is_taken(name, commands, sent, expected):
    """What crosses from one family into the other, unless a setting leaves it to the stack."""
    if name in AS_A_FLOW and version(sent) == 6 and not KEEPS_FLOWS:
        return False
    return expected is not None and version(sent) != version(expected) and commands not in (
        ["set forwarding filtered"], ["set mark 0"])


@pytest.mark.parametrize("name, before, commands, after", CHANGES, ids=[c[0] for c in CHANGES])
def test_a_change_holds_with_the_next_frame(topology, count, name, before, commands, after):
    topology.configure(before if "set forwarding" in before + commands[0] else before + "set forwarding direct\n")
    for _ in range(3):
        topology.wire.exchange(*after)
    topology.gateway.ctl("-b", "-", input="\n".join(commands) + "\n")
    for sent, expected in after.items():
        def passes():
            past = count.taken()
            topology.wire.expect(sent, outcome(sent, expected))
            return count.taken() - past
        if is_taken(name, commands, sent, expected):
            eventually(passes, "it is translated in XDP")
        else:
            assert [passes() for _ in range(3)] == [0] * 3


@pytest.mark.parametrize("line, taken", [
    ("set forwarding filtered", 0), ("set mark 0/1", 0), ("set counters on", 0), ("set local off", 2),
    ("set hairpin off", 2), ("set icmp-errors off", 2), ("set lowest-ipv6-mtu 1500", 2),
    ("add 192.0.2.9 2001:db8:46::9 edge", 0), ("add 192.0.2.0/28 translatable", 2)])
def test_settings_that_leave_frames_to_the_stack(topology, count, takes, line, taken):
    topology.configure((CONFIG if "forwarding" in line else DIRECT) + line + "\n")
    if taken:
        known(topology, count, BOTH)
    takes(taken, BOTH, *THERE)
    topology.configure(DIRECT)
    known(topology, count, BOTH)


@pytest.mark.parametrize("length", [32, 40, 48, 56, 64, 96])
def test_prefixes_of_each_length(topology, count, takes, length):
    """RFC 6052 2.2."""
    topology.configure(f"prefix add 3fff::/{length}\nadd {HOST4} {HOST6}\nset forwarding direct\n")
    server = str(embed(f"3fff::/{length}", SERVER4))
    sent = [ip6(HOST6, server, PART), FROM4]
    expected = [TO4, ip6(server, HOST6, PART, hlim=63)]
    known(topology, count, sent)
    takes(2, sent, *expected)


@pytest.mark.parametrize("lines, tos, tclass", [
    ([], 0x5a, 0xa5), (["set tos 0"], 0, 0xa5), (["set tos 255", "set traffic-class 7"], 255, 7)])
def test_traffic_classes(topology, count, takes, lines, tos, tclass):
    topology.configure(DIRECT + "".join(f"{line}\n" for line in lines))
    known(topology, count, BOTH)
    takes(2, [ip6(*SIX, PART, tclass=0x5a, flow=0x12345), ip4(*FOUR, PART, tos=0xa5)],
          ip4(HOST4, SERVER4, PART, ttl=63, id=ANY, tos=tos), ip6(SERVER6, HOST6, PART, hlim=63, tclass=tclass))


def test_the_least_mtu_of_ipv6(topology, count, takes):
    """RFC 7915 4.1: only what has no DF is split for it."""
    topology.configure(DIRECT + "set lowest-ipv6-mtu 1400\n")
    known(topology, count, BOTH)
    for length, df, taken in ((1380, False, 1), (1381, True, 1)):
        data = bytes(length - 28)
        takes(taken, ip4(*FOUR, udp(1, 53, data), df=df), ip6(SERVER6, HOST6, udp(1, 53, data), hlim=63))
    before = len(topology.wire.exchange(ip4(*FOUR, udp(1, 53, bytes(1381 - 28))))[6])
    assert before == 2


def test_identifications_differ(net, takes):
    """RFC 7915 5.1: of what may be split on its way; with DF it does not matter."""
    out = takes(40, [FROM6] * 40, *[TO4] * 40)
    assert len({p[4:6] for p in out[4]}) == 40


def test_df(net, takes):
    """RFC 7915 5.1."""
    for length, df in ((1259, False), (1260, False), (1261, True)):
        data = bytes(length - 28)
        takes(1, ip6(*SIX, udp(1, 53, data)), ip4(HOST4, SERVER4, udp(1, 53, data), ttl=63, id=ANY, df=df))


# Neighbours and routes.

def neighbour(gateway, to, device):
    return gateway.run("ip", "neigh", "show", to, "dev", device).stdout


@pytest.mark.parametrize("sent, there, device, usual", [
    (FROM6, SERVER4, "to4", "02:00:00:00:04:02"), (FROM4, HOST6, "to6", MAC_FAR6)], ids=["to IPv4", "to IPv6"])
class TestNeighbours:
    @pytest.fixture(autouse=True)
    def permanent_again(self, gateway, there, device, usual):
        yield
        gateway.ip(f"neigh replace {there} lladdr {usual} dev {device} nud permanent")

    def test_one_that_moves(self, gateway, takes, sent, there, device, usual):
        gateway.ip(f"neigh replace {there} lladdr 02:00:00:00:00:77 dev {device} nud permanent")
        out = takes(1, sent, USUAL[sent])
        assert out[version(USUAL[sent])][0].ether[:6] == mac("02:00:00:00:00:77")

    def test_one_that_is_stale(self, gateway, takes, sent, there, device, usual):
        """It is asked again, as if the stack had sent to it."""
        gateway.ip(f"neigh replace {there} lladdr {usual} dev {device} nud stale")
        takes(1, sent, USUAL[sent])
        assert "DELAY" in neighbour(gateway, there, device)

    @pytest.mark.parametrize("state", ["none", "failed", "incomplete"])
    def test_one_that_is_not_known(self, gateway, net, count, sent, there, device, usual, state):
        """The stack keeps the packet until it is."""
        gateway.ip(f"neigh del {there} dev {device}")
        if state == "failed":
            gateway.ip(f"neigh add {there} dev {device} nud failed")
        before = count.taken()
        if state == "incomplete":
            net.wire.exchange(sent)
        out = net.wire.exchange(sent)
        family = version(USUAL[sent])
        assert not [p for p in out[family] if p[:20] == USUAL[sent][:20]] and count.taken() == before
        out = net.wire.exchange(lambda: gateway.ip(
            f"neigh replace {there} lladdr {usual} dev {device} nud permanent"))
        came = [p for p in out[family] if version(p) == family and p[-8:] == b"question"]
        assert len(came) == (2 if state == "incomplete" else 1)
        net.wire.expect(sent, USUAL[sent])
        net.wire.expect(sent, USUAL[sent])
        assert count.taken() - before == 2


def test_a_neighbour_that_answers(net, gateway, count):
    """The stack asks for it, and has the first packets; none is lost."""
    gateway.ip(f"neigh del {REAL4} dev to4")
    sent = ip6(HOST6, REAL4_EMBEDDED, udp(1, 53, b"question"))
    before = count.taken()
    for _ in range(4):
        out = net.wire.exchange_once(sent)
        assert len([p for p in out[4] if p[-8:] == b"question"]) == 1
    assert count.taken() - before in (2, 3)
    gateway.ip(f"neigh replace {REAL4} lladdr {MAC_REAL4} dev to4 nud permanent")


def test_an_ipv4_route_through_an_ipv6_router(net, gateway, count, takes):
    """RFC 5549: the frame is still one of IPv4."""
    gateway.ip("neigh replace fe80::99 lladdr 02:00:00:00:04:99 dev to4 nud permanent")
    with gateway.routes("route 192.0.2.0/24 via inet6 fe80::99 dev to4"):
        sent, expected = ip6(HOST6, "2001:db8:100::192.0.2.1", PART), ip4(HOST4, "192.0.2.1", PART, ttl=63, id=ANY)
        net.wire.expect(sent, expected)
        known(net, count, [sent])
        out = takes(1, sent, expected)
        assert out[4][0].ether[:6] == mac("02:00:00:00:04:99")


@pytest.mark.parametrize("family", [6, 4])
def test_a_route_that_is_more_specific(topology, gateway, count, takes, family):
    """RFC 7915 4.6 and 5.6: its packets are not the translator's."""
    topology.configure(BLOCK + "set forwarding direct\n")
    block4 = ip4(SERVER4, "203.0.113.16", PART)
    route, sent, native, other = {
        6: (f"{SERVER6}/128 via 2001:db8:1::fd", FROM6, ip6(*SIX, PART, hlim=63), block4),
        4: ("203.0.113.16/28 via 198.51.100.253", block4, ip4(SERVER4, "203.0.113.16", PART, ttl=63), FROM6)}[family]
    with gateway.routes(f"route {route}"):
        takes(0, sent, native)
        known(topology, count, [other])
        takes(0, sent, native)
    known(topology, count, [sent, other])


def test_ipsec_policies(net, gateway, count, takes):
    if gateway.run("ip", "xfrm", "policy", check=False).returncode:
        pytest.skip("this kernel has no IPsec")
    gateway.run("ip", "xfrm", "policy", "add", "dir", "fwd", "src", "10.9.9.9", "dst", "10.9.9.8", "action", "allow")
    takes(0, BOTH, *THERE)
    gateway.run("ip", "xfrm", "policy", "flush")
    known(net, count, BOTH)


def test_interfaces_without_ipv6_or_forwarding(net, gateway, count, takes):
    with gateway.sysctls(net__ipv4__conf__to6__forwarding=0):
        takes(0, FROM6)
        takes(1, FROM4, TO6)
    with gateway.sysctls(net__ipv6__conf__all__forwarding=0):
        takes(0, FROM4)
        takes(1, FROM6, TO4)


@pytest.mark.skipif(not (TRACING / "instances").is_dir(), reason="this kernel does not trace")
@pytest.mark.parametrize("event, taken", [("nat64/translated", 0), ("nat64/refused", 2)])
def test_who_listens_to_the_tracepoint_misses_nothing(takes, event, taken):
    with traced(event) as events:
        takes(taken, BOTH, *THERE)
        assert len(events()) == 2 - taken
    takes(2, BOTH, *THERE)


def test_a_flow_that_the_stack_has_never_seen(net, takes):
    """As where receive queues are steered to other processors, whose caches have the flows."""
    for n in range(1, 50):
        takes(2, [ip6(HOST6, f"2001:db8:100::192.0.2.{n}", PART), ip4(f"192.0.2.{n}", HOST4, PART)],
              ip4(HOST4, f"192.0.2.{n}", PART, ttl=63, id=ANY), ip6(f"2001:db8:100::192.0.2.{n}", HOST6, PART, hlim=63))


def test_more_flows_than_places(net, count, takes):
    """Where the cache is full, some are left to the stack; all come out."""
    before = count.taken()
    sent = [ip6(HOST6, f"2001:db8:100::192.{n >> 8}.{n & 255}.9", PART) for n in range(2560, 2560 + 3000)]
    for n in range(0, 3000, 100):
        net.wire.expect(sent[n:n + 100], *[ip4(HOST4, p[36:40], PART, ttl=63, id=ANY) for p in sent[n:n + 100]])
    assert count.taken() - before > 2500


# Last: from here on no route is kept in this gateway.

def test_multipath(net, gateway, takes):
    hops = "nexthop via 198.51.100.253 nexthop via 198.51.100.254"
    with gateway.routes(f"route 192.0.2.0/24 {hops}"):
        for port in range(1, 20):
            takes(0, ip6(HOST6, "2001:db8:100::192.0.2.1", udp(port, 53)), ip4(HOST4, "192.0.2.1", udp(port, 53), ttl=63, id=ANY))
    hops = "nexthop via 2001:db8:1::fd nexthop via 2001:db8:1::fe"
    with gateway.routes(f"route {HOST6}/128 {hops}"):
        takes(0, FROM4, TO6)


def test_policy_rules(net, gateway, takes):
    """Once there was one, the stack has all that becomes a packet of its family."""
    for family, to, lost, other in (("-4", "192.0.2.99", FROM6, FROM4), ("-6", "2001:db8:99::/64", FROM4, None)):
        rule = ("to", to, "lookup", "99")
        gateway.run("ip", family, "rule", "add", *rule)
        takes(0, lost, USUAL[lost])
        gateway.run("ip", family, "rule", "del", *rule)
        takes(0, lost, USUAL[lost])
        if other:
            takes(1, other, USUAL[other])
