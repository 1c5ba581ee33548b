# SPDX-License-Identifier: GPL-2.0-only
"""Each packet is counted once: as translated, or under the reason why it was not."""

import icmp_error
import pytest
from addresses import CONFIG, HOST4, HOST6, PEER6, SERVER4, SERVER6, STRANGER6
from frame import Frame
from icmp_error import (answer, fragmentation_needed, packet_too_big, parameter_problem,
                        prohibited, source_route_failed, time_exceeded)
from packet import (ANY, ICMP, UDP, destination_options, echo4, fragment, icmp4, icmp6, ip4, ip6,
                    octets, raw, routing, udp, version)

pytestmark = [pytest.mark.usefixtures("real"), pytest.mark.as_configured]


def counted(gateway):
    """The counters that are not zero."""
    lines = (line.split() for line in gateway.show("stats").splitlines())
    return {name: int(value) for name, value in lines if value != "0"}


def unreachable(code4, code6):
    return lambda packet: answer(packet, 1, code6, 3, code4)


def nothing(packet):
    return None


def six(part=None, dst=SERVER6, src=HOST6, before=(), **fields):
    return ip6(src, dst, *before, part or udp(1, 2, b"x"), **fields)


def four(part=None, dst=HOST4, src=SERVER4, **fields):
    return ip4(src, dst, part or udp(1, 2, b"x"), **fields)


QUOTE6, QUOTE4 = ip6(SERVER6, HOST6, udp(1, 2)), ip4(HOST4, SERVER4, udp(1, 2))

# The reason, a packet, and what its sender is told.
REASONS = [
    ("malformed", six(raw(58, b"\x80\0")), nothing),
    ("malformed", four(raw(1, b"\x08\0")), nothing),
    ("malformed", six(raw(43, bytes([17, 200]) + bytes(30))), nothing),
    # A length that the checksum cannot be computed of.
    *(("malformed", four(raw(UDP, octets(SERVER4, HOST4, udp(1, 2, b"x", checksum=0, length=length)))), nothing)
      for length in (7, 10)),
    ("link_broadcast", Frame(six(), dst="33:33:00:00:00:01"), nothing),
    ("link_broadcast", Frame(four(), dst="ff:ff:ff:ff:ff:ff"), nothing),
    ("source_illegal", six(src="fe80::77"), nothing),
    ("source_illegal", four(src="127.0.0.1"), nothing),
    ("source_unmapped", six(src=STRANGER6), prohibited),
    ("destination_illegal", six(dst="2001:db8:100::127.0.0.1"), prohibited),
    ("destination_illegal", six(dst="2001:db8:100::198.51.100.255"), prohibited),  # a broadcast
    ("source_illegal", six(src="::192.0.2.1"), nothing),
    ("bad_option", four(options=b"\x07\0\4\0"), nothing),
    ("source_route", four(options=b"\x83\x07\x04\1\2\3\4"), source_route_failed),
    ("routing_header", six(before=[routing(1)]), lambda p: parameter_problem(p, 43)),
    ("extension_headers", six(before=[destination_options()] * 17), prohibited),
    ("fragment_extension_header", six(before=[fragment(1), destination_options()]), prohibited),
    ("fragmented_icmp", six(raw(58, bytes(16)), before=[fragment(1, 8)]), nothing),
    ("fragmented_icmp", four(raw(ICMP, octets(SERVER4, HOST4, echo4(1, 2, bytes(8)))), mf=True),
     prohibited),
    ("udp_zero_checksum_fragment", four(raw(UDP, bytes(16)), mf=True), prohibited),
    ("icmp_type", six(icmp6(135, 0, 0, bytes(16)), hlim=255), nothing),
    ("icmp_type", four(icmp4(13, 0, 0, bytes(12))), nothing),
    ("icmp_type", four(raw(2, bytes(8))), nothing),
    ("icmp_pointer", six(icmp6(4, 0, 2, QUOTE6)), nothing),
    ("icmp_pointer", four(icmp4(12, 0, b"\4\0\0\0", QUOTE4)), nothing),
    ("icmp_inner_packet", six(icmp6(1, 4, 0, ip6(STRANGER6, HOST6, udp(1, 2)))), nothing),
    ("icmp_inner_packet", four(icmp4(3, 3, 0, bytes(28))), nothing),
    ("icmp_inner_error", six(icmp6(1, 4, 0, ip6(SERVER6, HOST6, icmp6(1, 4, 0, QUOTE6)))), nothing),
    ("icmp_inner_error", four(icmp4(3, 3, 0, ip4(HOST4, SERVER4, icmp4(3, 3, 0, QUOTE4)))), nothing),
    ("hop_limit", six(hlim=1), time_exceeded),
    ("hop_limit", four(ttl=1), time_exceeded),
]


@pytest.mark.parametrize("reason, packet, told", [
    pytest.param(*row, id=f"{row[0]} {'6to4' if version(icmp_error.quoted(row[1])) == 6 else '4to6'}{n}")
    for n, row in enumerate(REASONS)])
def test_reasons(real, reason, packet, told):
    expected = told(packet)
    real.gateway.ctl("stats", "reset")
    real.wire.expect(packet, *[expected] if expected else [])
    assert counted(real.gateway) == {reason: 1, **({"answered": 1} if expected else {})}
    real.gateway.loaded = CONFIG


def only(real, packet, expected, **counters):
    real.gateway.ctl("stats", "reset")
    real.wire.expect(packet, *expected)
    assert counted(real.gateway) == counters


def test_translated_packets(real):
    only(real, six(), [ip4(HOST4, SERVER4, udp(1, 2, b"x"), ttl=63, id=ANY)], translated_6to4=1)
    only(real, four(), [ip6(SERVER6, HOST6, udp(1, 2, b"x"), hlim=63)], translated_4to6=1)


def test_split_packets(real):
    part = udp(1, 2, bytes(1300))
    body = octets(SERVER6, HOST6, part)
    only(real, four(part, id=1),
         [ip6(SERVER6, HOST6, fragment(1, 0, True), raw(UDP, body[:1232]), hlim=63),
          ip6(SERVER6, HOST6, fragment(1, 1232), raw(UDP, body[1232:]), hlim=63)],
         translated_4to6=2, split_4to6=1)


def test_hairpinned_packets(real):
    only(real, six(dst="2001:db8:100::203.0.113.20"),
         [ip6("2001:db8:100::203.0.113.10", PEER6, udp(1, 2, b"x"), hlim=63)],
         hairpinned=1, translated_4to6=1)


def test_packets_that_are_too_big(real):
    with real.mtus(to4=1400):
        packet = six(udp(1, 2, bytes(1400)))
        only(real, packet, [packet_too_big(packet, 1420)], too_big=1, answered=1)
    with real.mtus(to6=1400):
        packet = four(udp(1, 2, bytes(1400)), df=True)
        only(real, packet, [fragmentation_needed(packet, 1380)], too_big=1, answered=1)


def test_udp_without_checksum(real, configure):
    configure("set udp-zero-checksum drop")
    packet = four(udp(1, 2, checksum=0))
    only(real, packet, [prohibited(packet)], udp_zero_checksum=1, answered=1)


ROUTES = [("unreachable", "unreachable", unreachable(1, 3)),
          ("prohibit", "prohibited", prohibited), ("blackhole", "blackhole", nothing),
          ("throw", "no_route", unreachable(0, 0))]


@pytest.mark.parametrize("kind, reason, told", ROUTES, ids=[r[0] for r in ROUTES])
def test_routes_that_lead_nowhere(real, kind, reason, told):
    """The answer is in the sender's family, for what the route of the other family says."""
    gateway = real.gateway
    packet = six(dst="2001:db8:100::10.9.8.7")
    expected = told(packet)
    answered = {"answered": 1} if expected else {}
    default = "default via 198.51.100.254"
    gateway.ip(f"route add {kind} 10.9.8.0/24", f"route del {default}")
    try:
        only(real, packet, [expected] if expected else [], **{reason: 1}, **answered)
    finally:
        gateway.ip(f"route del {kind} 10.9.8.0/24", f"route add {default}")

    packet = four()
    expected = told(packet)
    default = "default via 2001:db8:1::fe"
    # A route to the neighbour alone, more specific than the link's.
    gateway.ip(f"route add {kind} {HOST6}/128", "route del 2001:db8:1::/64 dev to6",
               f"route del {default}")
    try:
        only(real, packet, [expected] if expected else [], **{reason: 1}, **answered)
    finally:
        gateway.ip(f"route del {kind} {HOST6}/128", "route add 2001:db8:1::/64 dev to6",
                   f"route add {default}")


def test_forwarding_that_is_off(real):
    with real.gateway.sysctls(net__ipv4__conf__to6__forwarding=0):
        only(real, six(), [], forwarding_off=1)
