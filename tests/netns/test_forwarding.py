# SPDX-License-Identifier: GPL-2.0-only
"""What ip_forward(), ip6_forward() and ip_output() do to a packet that is translated."""

import contextlib
import re

import pytest
from addresses import HOST4, HOST6, MAC_FAR4, MAC_FAR6, MAC_TO4, MAC_TO6, SERVER4, SERVER6
from frame import Frame
from model_header import fragments4
from nft import chain, counted
from packet import ANY, UDP, fragment, icmp4, icmp6, ip4, ip6, octets, raw, udp
from util import run

pytestmark = [pytest.mark.usefixtures("real"), pytest.mark.as_configured]

DIRECT = pytest.mark.configuration("set forwarding direct", more=True)
LONG = bytes(range(250)) * 4


# forwarding direct: a packet passes by both chains, or a packet passes neither.

CLOSED = [chain(hook, "ip daddr 198.18.77.0/24 accept", f'ip saddr {HOST4} counter comment "{hook} 4"',
                    f'ip6 saddr {SERVER6} counter comment "{hook} 6"', policy="drop")
          for hook in ("forward", "postrouting")]


def pieces6(part, id):
    """The IPv6 fragments of a long IPv4 packet, of at most 1280 octets."""
    body = octets(SERVER6, HOST6, part)
    return [ip6(SERVER6, HOST6, fragment(id, at, at + 1232 < len(body)), raw(UDP, body[at:at + 1232]), hlim=63)
            for at in range(0, len(body), 1232)]


@DIRECT
@pytest.mark.parametrize("mtu", [600, 576, 1000])
@pytest.mark.parametrize("size", [100, 1200, 1232])
def test_direct_packets_pass_by_the_chains_when_they_are_fragmented_to_ipv4(real, filters, mtu, size):
    filters(*CLOSED)
    part = udp(1, 2, (LONG * 2)[:size])
    whole = ip4(HOST4, SERVER4, part, ttl=63, id=ANY)
    with real.mtus(to4=mtu):
        real.wire.expect(ip6(HOST6, SERVER6, part), *(fragments4(whole, mtu) if len(whole) > mtu else [whole]))
    assert set(counted(real.gateway).values()) == {0}


@DIRECT
@pytest.mark.parametrize("mtu6", [1280, 1500])
@pytest.mark.parametrize("size", [100, 1300, 2900])
def test_direct_packets_pass_by_the_chains_when_they_are_split_to_ipv6(real, filters, mtu6, size):
    filters(*CLOSED)
    part = udp(1, 2, (LONG * 3)[:size])
    expected = pieces6(part, 7) if size > 1232 else [ip6(SERVER6, HOST6, part, hlim=63)]
    with real.mtus(to4=9000, to6=mtu6):
        real.wire.expect(ip4(SERVER4, HOST4, part, id=7), *expected)
    assert set(counted(real.gateway).values()) == {0}


@DIRECT
def test_direct_fragments_pass_by_the_chains(real, filters):
    """They are fragmented once more where they do not fit."""
    filters(*CLOSED)
    six, four = (octets(*ends, udp(1, 2, LONG))[:800] for ends in ((HOST6, SERVER6), (HOST4, SERVER4)))
    whole = ip4(HOST4, SERVER4, raw(UDP, four), ttl=63, id=7, mf=True)
    with real.mtus(to4=600):
        real.wire.expect(ip6(HOST6, SERVER6, fragment(7, 0, True), raw(UDP, six)), *fragments4(whole, 600))
    assert set(counted(real.gateway).values()) == {0}


@DIRECT
def test_direct_errors_pass_by_the_chains(real, filters):
    filters(*CLOSED)
    quote = ip6(SERVER6, HOST6, udp(1, 2, LONG[:400]))
    inner = ip4(SERVER4, HOST4, udp(1, 2, LONG[:400]), id=ANY)
    whole = ip4(HOST4, SERVER4, icmp4(3, 3, 0, inner), ttl=63, id=ANY)
    with real.mtus(to4=300):
        seen = real.wire.exchange(ip6(HOST6, SERVER6, icmp6(1, 4, 0, quote)))
    assert not seen[6] and len(seen[4]) == len(fragments4(whole, 300))
    assert set(counted(real.gateway).values()) == {0}


# skb->priority: ip_forward() takes it from the type of service, net.ipv4.ip_forward_update_priority.

TOS = {0: 0, 0x08: 2, 0x10: 6, 0x18: 4, 0xb8: 4}  # rt_tos2priority()
UPDATE = pytest.mark.parametrize("update", [1, 0], ids=["updated", "kept"])


def priorities(hook):
    return chain(hook, *[f'udp dport 2 meta priority 0:{n} counter comment "{n}"' for n in range(7)])


def priority(gateway):
    number, = [int(name) for name, count in counted(gateway).items() if count]
    return number


SHORT = udp(1, 2, b"x")
OTHER4 = "203.0.113.99"
FORWARDED = {
    "native": lambda tos: (Frame(ip4(OTHER4, SERVER4, SHORT, tos=tos), side=6),
                           ip4(OTHER4, SERVER4, SHORT, ttl=63, tos=tos)),
    "6to4": lambda tos: (ip6(HOST6, SERVER6, SHORT, tclass=tos),
                         ip4(HOST4, SERVER4, SHORT, ttl=63, tos=tos, id=ANY)),
    "4to6": lambda tos: (ip4(SERVER4, HOST4, SHORT, tos=tos),
                         ip6(SERVER6, HOST6, SHORT, hlim=63, tclass=tos)),
}


@UPDATE
@pytest.mark.parametrize("tos", TOS)
@pytest.mark.parametrize("way", FORWARDED)
def test_the_priority_is_that_of_the_type_of_service(real, filters, way, tos, update):
    """Of IPv4, whether the packet comes in or goes out so."""
    filters(priorities("postrouting"))
    with real.gateway.sysctls(net__ipv4__ip_forward_update_priority=update):
        real.wire.expect(*FORWARDED[way](tos))
    assert priority(real.gateway) == (TOS[tos] if update else 0)


@UPDATE
def test_a_priority_that_somebody_gave_is_replaced_as_natively(real, filters, update):
    filters(priorities("postrouting"), chain("prerouting", "meta priority set 0:5", priority=-1000))
    with real.gateway.sysctls(net__ipv4__ip_forward_update_priority=update):
        real.wire.expect(*FORWARDED["6to4"](0x10))
    assert priority(real.gateway) == (6 if update else 5)


@contextlib.contextmanager
def bands(gateway):
    """A prio qdisc at to4; how many packets each of its bands has sent."""
    gateway.run("tc", "qdisc", "replace", "dev", "to4", "root", "handle", "1:", "prio")
    try:
        yield lambda: [int(n) for n in re.findall(
            r"class prio 1:\d.*\n *Sent \d+ bytes (\d+) pkt",
            gateway.run("tc", "-s", "class", "show", "dev", "to4").stdout)]
    finally:
        gateway.run("tc", "qdisc", "del", "dev", "to4", "root")


needs_prio = pytest.mark.skipif(run("modprobe", "-q", "sch_prio", check=False).returncode != 0,
                                reason="this kernel has no prio qdisc")


@needs_prio
@pytest.mark.parametrize("mode", ["filtered", "direct"])
@pytest.mark.parametrize("tos, band", [(0x10, 0), (0, 1), (0x08, 2)])
def test_a_qdisc_takes_the_band_of_the_type_of_service(real, mode, tos, band):
    real.gateway.ctl("set", "forwarding", mode)
    packet = ip6(HOST6, SERVER6, SHORT, tclass=tos)
    with bands(real.gateway) as sent:
        before = sent()
        for _ in range(20):
            real.wire.port[6].send(Frame(packet))
        assert real.wire.exchange(packet)[4]
        grown = [after - was for was, after in zip(before, sent())]
    assert grown[band] >= 20


@pytest.mark.configuration("add 203.0.113.6 2001:db8:1::1", more=True)
@pytest.mark.parametrize("packet", [
    ip6(HOST6, "2001:db8:100::198.51.100.1", SHORT, tclass=0x10),
    ip4(SERVER4, "203.0.113.6", SHORT, tos=0x10)], ids=["6to4", "4to6"])
def test_what_is_for_the_gateway_keeps_its_priority(real, filters, packet):
    """ip_forward() gives one; such packets do not come by there."""
    filters(priorities("input"), chain("prerouting", "meta priority set 0:5", priority=-1000))
    real.wire.exchange(packet)
    assert priority(real.gateway) == 5


# The Ethernet header, for filters behind the translator.

ETHER = {6: f"ether saddr {MAC_FAR6} ether daddr {MAC_TO6}", 4: f"ether saddr {MAC_FAR4} ether daddr {MAC_TO4}"}
ERROR_QUOTE6, ERROR_QUOTE4 = udp(2, 1, LONG[:100]), octets(HOST4, SERVER4, udp(2, 1, LONG))[:104]
WITH_HEADER = {
    "6to4": ip6(HOST6, SERVER6, SHORT),
    "6to4, a fragment": ip6(HOST6, SERVER6, fragment(7, 0, True), raw(UDP, octets(HOST6, SERVER6, udp(1, 2, LONG))[:800])),
    "6to4, an error": ip6(HOST6, SERVER6, icmp6(1, 4, 0, ip6(SERVER6, HOST6, ERROR_QUOTE6))),
    "6to4, an error about a fragment": ip6(HOST6, SERVER6, icmp6(1, 4, 0, ip6(SERVER6, HOST6, fragment(7, 0, True),
                                                                            raw(UDP, ERROR_QUOTE4)))),
    "hairpin": ip6(HOST6, "2001:db8:100::cb00:7114", SHORT),
    "4to6": ip4(SERVER4, HOST4, SHORT),
    "4to6, a fragment": ip4(SERVER4, HOST4, raw(UDP, octets(SERVER4, HOST4, udp(1, 2, LONG))[:800]), id=7, mf=True),
    "4to6, split": ip4(SERVER4, HOST4, udp(1, 2, LONG + LONG[:400]), id=7),
    "4to6, an error": ip4(SERVER4, HOST4, icmp4(3, 3, 0, ip4(HOST4, SERVER4, ERROR_QUOTE6))),
    "4to6, an error about a fragment": ip4(SERVER4, HOST4, icmp4(3, 3, 0, ip4(HOST4, SERVER4, raw(UDP, ERROR_QUOTE4),
                                                                           id=7, mf=True))),
}


@pytest.mark.parametrize("what", WITH_HEADER)
def test_filters_see_the_ethernet_header(real, filters, what):
    """That of the packet as it came, in FORWARD."""
    packet = WITH_HEADER[what]
    filters(chain("forward", "ip daddr 198.18.77.0/24 accept", f'{ETHER[packet[0] >> 4]} counter accept comment "known"',
                  'counter drop comment "unknown"'))
    seen = real.wire.exchange(packet)
    left = len(seen[6]) + len(seen[4])
    assert left and counted(real.gateway) == {"known": left, "unknown": 0}


@pytest.mark.configuration("add 203.0.113.6 2001:db8:1::1", more=True)
@pytest.mark.parametrize("family, packet", [
    (6, ip6(HOST6, "2001:db8:100::198.51.100.1", SHORT)), (4, ip4(SERVER4, "203.0.113.6", SHORT))], ids=["6to4", "4to6"])
def test_filters_of_what_is_for_the_gateway_see_the_ethernet_header(real, filters, family, packet):
    filters(chain("input", f'{ETHER[family]} udp dport 2 counter comment "known"'))
    real.wire.exchange(packet)
    assert counted(real.gateway) == {"known": 1}


# A device that does not forward.

@pytest.mark.parametrize("kind", ["unreachable", "prohibit", "blackhole"])
def test_no_answer_where_nothing_is_forwarded(real, kind):
    """ip_error() looks at the device's forwarding before it answers about the route."""
    packet = ip6(HOST6, SERVER6, SHORT)
    with real.gateway.routes(f"route {kind} {SERVER4}"):
        with real.gateway.sysctls(net__ipv4__conf__to6__forwarding=0):
            real.wire.expect_silence(packet)
        seen = real.wire.exchange(packet)
    assert len(seen[6]) == (kind != "blackhole")
