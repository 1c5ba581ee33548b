# SPDX-License-Identifier: GPL-2.0-only
"""IPv6 to IPv4: RFC 7915 section 5, but for ICMPv6 errors (test_icmp.py)."""

from ipaddress import ip_address

import pytest
from addresses import HOST4, HOST6, PREFIX, SERVER4, SERVER6, STRANGER6
from frame import Frame
from icmp_error import packet_too_big, parameter_problem, prohibited, time_exceeded
from model import Model
from packet import (AH, ANY, DESTINATION, ESP, FRAGMENT, GRE, HOP_BY_HOP, ICMPV6, NO_NEXT, OSPF,
                    ROUTING, SCTP, TCP, UDP, Extension, Packet, dccp, destination_options,
                    echo6, echo_reply4, echo_reply6, echo4, fragment, hop_by_hop, icmp6, ip4, ip6,
                    octets, pad, raw, routing, tcp, udp, udplite)
from util import eventually


def sent(*parts, **fields):
    return ip6(HOST6, SERVER6, *parts, **fields)


def got(part=None, **fields):
    return ip4(HOST4, SERVER4, part, **{"ttl": 63, "id": ANY, **fields})


def case(name, packet, *expected):
    return pytest.param(packet, expected, id=name)


def test_one_packet_written_out(expect):
    """A UDP datagram in an atomic fragment, octet for octet, from no builder."""
    expect(Packet(bytes.fromhex("6b9abcde00152c11" "20010db8000100000000000000000010"
                                "20010db80100000000000000c6336402" "110000001234beef"
                                "12345678000df9d66e61743634")),
           Packet(bytes.fromhex("45b90021beef0000101184e3cb00710ac6336402"
                                "12345678000d1a4f6e61743634")))


DATA = bytes(range(41))  # odd: the last octet of a checksum is alone
FOREIGN = bytes.fromhex("deadbeef") + b"\x5a" * 30

TRANSPORTS = [
    ("TCP", tcp(1000, 80, DATA, seq=7, ack=9, flags=0x18)),
    ("TCP without data", tcp(1000, 80, flags=0x02, options=bytes.fromhex("020405b4"))),
    ("UDP", udp(1000, 53, DATA)),
    ("UDP without data", udp(1000, 53)),
    ("UDP without checksum", udp(1000, 53, DATA, checksum=0)),
    ("GRE", raw(GRE, FOREIGN)),
    ("ESP", raw(ESP, FOREIGN)),
    ("AH", raw(AH, FOREIGN)),
    ("SCTP", raw(SCTP, FOREIGN)),
    ("OSPF", raw(OSPF, FOREIGN)),
    ("no next header", raw(NO_NEXT)),
    ("no next header, with octets behind", raw(NO_NEXT, FOREIGN)),
    ("an experiment", raw(253, FOREIGN)),
    ("mobility", raw(135, FOREIGN)),
    ("IPv6 in IPv6", raw(41, FOREIGN)),
    ("DCCP", dccp(1000, 53, DATA)),
    ("UDP-Lite", udplite(1000, 53, DATA)),
    ("UDP-Lite, header covered", udplite(1000, 53, DATA, coverage=8)),
    ("TCP, wrong checksum", tcp(1000, 80, DATA, wrong_by=0x1234)),
    ("UDP, wrong checksum", udp(1000, 53, DATA, wrong_by=0xfe01)),
    ("DCCP, wrong checksum", dccp(1000, 53, DATA, wrong_by=1)),
]


@pytest.mark.parametrize("part", [pytest.param(p, id=n) for n, p in TRANSPORTS])
def test_transports(expect, part):
    expect(sent(part), got(part))


@pytest.mark.parametrize("six, four", [
    (echo6(5, 6, DATA), echo4(5, 6, DATA)),
    (echo_reply6(5, 6, DATA), echo_reply4(5, 6, DATA)),
    (echo6(0, 0), echo4(0, 0)),
    (echo6(5, 6, DATA, wrong_by=0x0101), echo4(5, 6, DATA, wrong_by=0x0101)),
    # All zero but for the checksum, which then must not be zero as well.
    (echo_reply6(0, 0), echo_reply4(0, 0, checksum=0xffff)),
], ids=["request", "reply", "request without data", "wrong checksum", "all zero"])
def test_echo(expect, six, four):
    expect(sent(six), got(four))


# Checksums that come out as zero.

def balanced(make, src, dst, at):
    """A transport whose checksum between these addresses is zero."""
    word = octets(src, dst, make(b"\0\0", None))[at:at + 2]
    return make(bytes(word), None)


def test_udp_checksum_of_zero_is_sent_as_ones(expect):
    part = balanced(lambda word, _: udp(1000, 53, word), HOST4, SERVER4, 6)
    assert octets(HOST4, SERVER4, part)[6:8] == b"\xff\xff"
    expect(sent(part), got(part))


def test_tcp_checksum_of_zero_is_sent_as_zero(expect):
    part = balanced(lambda word, _: tcp(1000, 80, word), HOST4, SERVER4, 16)
    assert octets(HOST4, SERVER4, part)[16:18] == b"\0\0"
    expect(sent(part), got(part))


def test_udp_checksum_that_was_ones(expect):
    part = balanced(lambda word, _: udp(1000, 53, word), HOST6, SERVER6, 6)
    assert octets(HOST6, SERVER6, part)[6:8] == b"\xff\xff"
    expect(sent(part), got(part))


# An option of 30 octets that nobody knows and everybody is to skip. Padding of
# more than 7 octets the kernel itself refuses in hop-by-hop options.
SKIPPED_OPTION = bytes([0x1e, 28]) + bytes(28)


# Fields of the header, 5.1.

@pytest.mark.parametrize("tclass", [0, 1, 2, 3, 0x04, 0xb8, 0xff])
def test_traffic_class_is_copied(expect, tclass):
    expect(sent(udp(1, 2), tclass=tclass), got(udp(1, 2), tos=tclass))


@pytest.mark.configuration("set tos 184", more=True)
def test_tos_that_is_set(expect):
    expect(sent(udp(1, 2), tclass=0x03), got(udp(1, 2), tos=184))


@pytest.mark.configuration("set tos 0", more=True)
def test_tos_that_is_cleared(expect):
    expect(sent(udp(1, 2), tclass=0xff), got(udp(1, 2), tos=0))


def test_flow_label_is_lost(expect):
    expect(sent(udp(1, 2), flow=0xfffff), got(udp(1, 2)))


@pytest.mark.parametrize("hops", [255, 128, 2])
def test_hop_limit_is_lowered_once(expect, hops):
    expect(sent(udp(1, 2), hlim=hops), got(udp(1, 2), ttl=hops - 1))


@pytest.mark.parametrize("packet", [
    sent(udp(1, 2, b"x"), hlim=1), sent(udp(1, 2, b"x"), hlim=0), sent(echo6(1, 2), hlim=1),
    sent(hop_by_hop(), tcp(1, 2), hlim=1), sent(udp(1, 2, bytes(1400)), hlim=1),
    sent(fragment(7, 1232), raw(UDP, b"12345678"), hlim=1),
], ids=["one", "zero", "echo", "extension header", "long", "later fragment"])
def test_hop_limit_that_is_used_up(expect, packet):
    expect(packet, time_exceeded(packet))


def test_hop_limit_of_an_error_that_is_used_up(expect_silence):
    quote = ip6(SERVER6, HOST6, udp(1, 2, bytes(8)))
    expect_silence(sent(icmp6(1, 4, 0, quote), hlim=1))


@pytest.mark.parametrize("length, df", [(20, False), (1259, False), (1260, False), (1261, True),
                                        (1480, True)])
def test_df_is_set_above_1260(expect, length, df):
    part = raw(253, bytes(length - 20))
    expect(sent(part), got(part, df=df))


@pytest.mark.parametrize("length, df", [(1260, False), (1261, True)])
def test_df_depends_on_the_translated_size(expect, length, df):
    part = udp(1, 2, bytes(length - 28))
    expect(sent(hop_by_hop(SKIPPED_OPTION), part), got(part, df=df))


def test_identifications_differ(real):
    """RFC 6864 4.1: where fragments may be made, no two datagrams share one."""
    count = 256
    seen = real.wire.exchange(*[sent(udp(1, 2, bytes([n]))) for n in range(count)])
    assert len({p[4:6] for p in seen[4]}) == len(seen[4]) == count


def test_frame_padding_is_cut_off(expect):
    expect(Frame(sent(udp(1, 2, b"x")), trailer=b"\xff" * 9), got(udp(1, 2, b"x")))


# Extension headers, 5.1.

HEADERS = [
    ("hop-by-hop", [hop_by_hop()]),
    ("hop-by-hop, an unknown option to skip", [hop_by_hop(SKIPPED_OPTION)]),
    ("hop-by-hop, long", [hop_by_hop(b"\x1e\xf8" + bytes(248) + b"\x1e\xfa" + bytes(250))]),
    ("destination options", [destination_options()]),
    ("destination options, an unknown option to refuse",
     [destination_options(bytes([0xc3, 4]) + bytes(4))]),
    ("routing, nothing left", [routing(0)]),
    ("routing, segment routing, nothing left", [routing(0, type=4)]),
    ("all of them", [hop_by_hop(), destination_options(), routing(0), destination_options()]),
]


@pytest.mark.parametrize("headers", [pytest.param(h, id=n) for n, h in HEADERS])
@pytest.mark.parametrize("six, four", [(tcp(1, 2, DATA), tcp(1, 2, DATA)),
                                       (echo6(1, 2, DATA), echo4(1, 2, DATA)),
                                       (raw(ESP, FOREIGN), raw(ESP, FOREIGN))],
                         ids=["TCP", "echo", "ESP"])
def test_extension_headers_are_skipped(expect, headers, six, four):
    expect(sent(*headers, six), got(four))


@pytest.mark.parametrize("headers, pointer", [
    ([routing(1)], 43), ([routing(255, type=0)], 43), ([routing(1, type=4)], 43),
    ([hop_by_hop(), routing(1)], 51),
    ([hop_by_hop(), destination_options(pad(14)), routing(2)], 67),
], ids=["alone", "type 0", "type 4", "behind another", "behind two"])
def test_routing_header_with_segments_left_is_refused(expect, headers, pointer):
    packet = sent(*headers, udp(1, 2))
    expect(packet, parameter_problem(packet, pointer))


# Fragments, 5.1.1.

SEGMENT6 = octets(HOST6, SERVER6, tcp(1000, 80, bytes(range(200)), seq=7))
SEGMENT4 = octets(HOST4, SERVER4, tcp(1000, 80, bytes(range(200)), seq=7))
DATAGRAM6 = octets(HOST6, SERVER6, udp(1000, 53, bytes(range(200))))
DATAGRAM4 = octets(HOST4, SERVER4, udp(1000, 53, bytes(range(200))))


def piece(proto, six, four, start, end, id=0x1234abcd, **extra):
    more = end < len(six)
    return (sent(*extra.get("before", []), fragment(id, start, more, extra.get("reserved", 0)),
                 raw(proto, six[start:end])),
            got(raw(proto, four[start:end]), id=id & 0xffff, offset=start, mf=more))


FRAGMENTS = [
    ("UDP, first", piece(UDP, DATAGRAM6, DATAGRAM4, 0, 104)),
    ("UDP, later", piece(UDP, DATAGRAM6, DATAGRAM4, 104, 152)),
    ("UDP, last", piece(UDP, DATAGRAM6, DATAGRAM4, 152, 208)),
    ("UDP, tiny first", piece(UDP, DATAGRAM6, DATAGRAM4, 0, 8)),
    ("UDP, behind a tiny first", piece(UDP, DATAGRAM6, DATAGRAM4, 8, 208)),
    ("TCP, first", piece(TCP, SEGMENT6, SEGMENT4, 0, 104)),
    ("TCP, later", piece(TCP, SEGMENT6, SEGMENT4, 104, 152)),
    ("TCP, last", piece(TCP, SEGMENT6, SEGMENT4, 152, 220)),
    ("TCP, tiny first", piece(TCP, SEGMENT6, SEGMENT4, 0, 8)),
    ("TCP, checksum in the second", piece(TCP, SEGMENT6, SEGMENT4, 8, 104)),
    ("TCP, first of two words", piece(TCP, SEGMENT6, SEGMENT4, 0, 16)),
    ("TCP, checksum at the start of the second", piece(TCP, SEGMENT6, SEGMENT4, 16, 104)),
    ("TCP, checksum alone in its fragment", piece(TCP, SEGMENT6, SEGMENT4, 16, 24)),
    ("TCP, behind the checksum", piece(TCP, SEGMENT6, SEGMENT4, 24, 104)),
    ("atomic", piece(UDP, DATAGRAM6, DATAGRAM4, 0, 208)),
    ("atomic, identification above 16 bits", piece(UDP, DATAGRAM6, DATAGRAM4, 0, 208, 0xffff0000)),
    ("reserved bits set", piece(UDP, DATAGRAM6, DATAGRAM4, 0, 104, reserved=0xff)),
    ("behind hop-by-hop options", piece(UDP, DATAGRAM6, DATAGRAM4, 0, 104, before=[hop_by_hop()])),
    ("behind all others", piece(TCP, SEGMENT6, SEGMENT4, 8, 104, before=[
        hop_by_hop(), destination_options(), routing(0)])),
    ("UDP without checksum", (
        sent(fragment(9, 0, True), raw(UDP, DATAGRAM6[:6] + b"\0\0" + DATAGRAM6[8:104])),
        got(raw(UDP, DATAGRAM6[:6] + b"\0\0" + DATAGRAM6[8:104]), id=9, mf=True))),
    ("ESP, first", (sent(fragment(9, 0, True), raw(ESP, bytes(64))),
                    got(raw(ESP, bytes(64)), id=9, mf=True))),
    ("at the end of 64 KiB", (sent(fragment(9, 65512), raw(UDP, bytes(7))),
                              got(raw(UDP, bytes(7)), id=9, offset=65512))),
    ("another protocol, later", (sent(fragment(9, 8, True), raw(SCTP, FOREIGN[:24])),
                                 got(raw(SCTP, FOREIGN[:24]), id=9, offset=8, mf=True))),
]


@pytest.mark.parametrize("six, four", [pytest.param(*pair, id=n) for n, pair in FRAGMENTS])
def test_fragments(expect, six, four):
    expect(six, four)


def test_large_fragment_has_df_clear(expect):
    part = raw(UDP, bytes(1400))
    expect(sent(fragment(9, 1400, True), part), got(part, id=9, offset=1400, mf=True))


def test_atomic_echo_is_translated(expect):
    expect(sent(fragment(0x10009), echo6(1, 2, DATA)), got(echo4(1, 2, DATA), id=9))


def test_fragmented_icmp_is_dropped(expect_silence):
    echo = octets(HOST6, SERVER6, echo6(1, 2, bytes(200)))
    expect_silence(sent(fragment(9, 0, True), raw(ICMPV6, echo[:104])),
                   sent(fragment(9, 104), raw(ICMPV6, echo[104:])))


@pytest.mark.parametrize("offset", [0, 8], ids=["first", "later"])
@pytest.mark.parametrize("header", [HOP_BY_HOP, ROUTING, FRAGMENT, AH, DESTINATION])
def test_extension_header_behind_fragment_header_is_refused(expect, header, offset):
    behind = Extension(header, bytes([UDP]) + bytes(7))
    packet = sent(fragment(9, offset, True), behind, raw(UDP, bytes(16)))
    expect(packet, prohibited(packet))


# Sizes.

def whole(length):
    """An IPv6 packet of this length, and what it is in IPv4, 20 less."""
    part = udp(1, 2, bytes(range(256)) * 8)
    part = udp(1, 2, octets(HOST6, SERVER6, part)[8:length - 40])
    return sent(part), got(part, df=length > 1280)


@pytest.mark.parametrize("mtu, fits, said", [(1480, 1500, 1500), (1400, 1420, 1420),
                                             (1280, 1300, 1300), (1262, 1282, 1282)])
def test_packet_too_big(net, expect, mtu, fits, said):
    with net.mtus(to4=mtu):
        expect(*whole(fits))
        packet = whole(fits + 1)[0]
        expect(packet, packet_too_big(packet, said))


@pytest.mark.parametrize("mtu", [1240, 1000, 576])
def test_packet_too_big_never_says_less_than_1280(net, expect, mtu):
    with net.mtus(to4=mtu):
        packet = whole(1281)[0]
        expect(packet, packet_too_big(packet, 1280))


def test_packet_too_big_for_an_echo(net, expect):
    packet = sent(echo6(1, 2, bytes(1400)))
    with net.mtus(to4=1400):
        expect(packet, packet_too_big(packet, 1420))


def pieces4(four, mtu, **fields):
    """An IPv4 packet cut by RFC 791 into fragments that fit."""
    body, chunk = four[20:], (mtu - 20) // 8 * 8
    start = fields.pop("start", 0)
    last = fields.pop("mf", False)
    return [got(raw(four[9], body[at:at + chunk]), offset=start + at,
                mf=last or at + chunk < len(body), **fields) for at in range(0, len(body), chunk)]


@pytest.mark.parametrize("mtu, count", [(1259, 2), (1000, 2), (576, 3), (296, 5)])
def test_small_packet_is_fragmented_for_a_smaller_link(net, expect, mtu, count):
    """5.1.1: up to 1280 octets a packet gets through whatever the IPv4 link."""
    six, four = whole(1280)
    expected = pieces4(four, mtu)
    assert len(expected) == count and len(expected[0]) <= mtu
    with net.mtus(to4=mtu):
        seen = expect(six, *expected)
        if seen:
            assert len({packet[4:6] for packet in seen[4]}) == 1


def test_fragment_is_fragmented_again(net, expect):
    six = sent(fragment(0xabcd1234, 1440, True), raw(UDP, bytes(range(240)) * 6))
    four = got(raw(UDP, bytes(range(240)) * 6), id=0x1234)
    with net.mtus(to4=1300):
        expect(six, *pieces4(four, 1300, id=0x1234, start=1440, mf=True))


def test_fragment_that_would_end_beyond_64_kib_is_not_fragmented_again(net, expect_silence):
    """Its last pieces would lie at the beginning."""
    with net.mtus(to4=1000):
        expect_silence(sent(fragment(9, 65528, True), raw(UDP, bytes(1200))))


def test_packets_leave_in_their_order(expect):
    """5: also those of different sizes, with and without a Fragment header."""
    flow = [udp(1, 2, bytes([n]) * (n * 37 % 1400)) for n in range(48)]
    expect([sent(part) for part in flow],
           *[got(part, df=len(octets(HOST4, SERVER4, part)) > 1240) for part in flow])


# What is not translated.

def test_unmapped_source_is_refused(expect):
    for part in (udp(1, 2, b"x"), tcp(1, 2), raw(SCTP, FOREIGN)):
        packet = ip6(STRANGER6, SERVER6, part)
        expect(packet, prohibited(packet))


def test_unmapped_source_of_icmp_is_refused_silently(expect_silence):
    """5.4: no answer to an ICMPv6 message."""
    expect_silence(ip6(STRANGER6, SERVER6, echo6(1, 2)),
                   ip6(STRANGER6, SERVER6, hop_by_hop(), echo6(1, 2)))


@pytest.mark.configuration("set icmp-errors off", more=True)
def test_no_answers_when_switched_off(net, expect, expect_silence):
    expect_silence(ip6(STRANGER6, SERVER6, udp(1, 2)), sent(routing(1), udp(1, 2)))
    packet = sent(udp(1, 2), hlim=1)
    expect(packet, time_exceeded(packet))
    with net.mtus(to4=1400):
        packet = whole(1421)[0]
        expect(packet, packet_too_big(packet, 1420))


def test_answers_are_limited_in_their_rate(real):
    """5.4: by the kernel's own sysctls."""
    packet = ip6(STRANGER6, SERVER6, udp(1, 2))
    with real.gateway.sysctls(net__ipv6__icmp__ratelimit=1000, net__ipv6__icmp__ratemask="0-127"):
        first = eventually(lambda: real.wire.exchange(packet)[6], "an answer")
        more = real.wire.exchange(*[packet] * 30)[6]
    assert len(more) < 30 and set(map(bytes, first + more)) == {bytes(prohibited(packet))}


@pytest.mark.parametrize("source", ["::1", "::", "ff02::1", "ff0e::1", "fe80::77",
                                    "::ffff:192.0.2.1", "::192.0.2.1"])
def test_illegal_source_is_dropped_silently(expect_silence, source):
    expect_silence(ip6(source, SERVER6, udp(1, 2)), ip6(source, SERVER6, echo6(1, 2)),
                   ip6(source, SERVER6, routing(1), udp(1, 2)),
                   ip6(source, SERVER6, fragment(1), destination_options(), udp(1, 2)))


def half_of_ipv4(mapping, source, four, dst4):
    return pytest.param(mapping, source, four, dst4, id=four,
                        marks=pytest.mark.configuration(f"prefix add {PREFIX}", mapping))


# A destination in the same half would be hairpinned, and its source be looked at again.
@pytest.mark.parametrize("mapping, source, four, dst4", [
    half_of_ipv4("add 0.0.0.0/1 2001:db8:ff00::/41", "2001:db8:ff00::100:0:0:0", "0.0.0.1", SERVER4),
    half_of_ipv4("add 0.0.0.0/1 2001:db8:ff00::/41", "2001:db8:ff7f::100:0:0:0", "127.0.0.1", SERVER4),
    half_of_ipv4("add 128.0.0.0/1 2001:db8:ff80::/41", "2001:db8:ffe8::100:0:0:0", "232.0.0.1", "1.1.1.1"),
    half_of_ipv4("add 128.0.0.0/1 2001:db8:ff80::/41", "2001:db8:fff0::100:0:0:0", "240.0.0.1", "1.1.1.1")])
def test_illegal_source_that_a_mapping_would_make_is_dropped_silently(expect_silence, mapping, source,
                                                                      four, dst4):
    """RFC 1812 5.3.7; whether or not the way to the destination is known already."""
    model = Model(mapping)
    assert model.mapping6(ip_address(source)).to4(ip_address(source)) == ip_address(four)
    assert model.mapping4(ip_address(dst4)) is None
    expect_silence(*[ip6(source, f"2001:db8:100::{dst4}", udp(1, 2))] * 2)


@pytest.mark.parametrize("embedded", ["0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "239.1.2.3",
                                      "240.0.0.1", "255.255.255.255"])
def test_illegal_destination_is_refused(expect, embedded):
    packet = ip6(HOST6, f"2001:db8:100::{embedded}", udp(1, 2))
    expect(packet, prohibited(packet))


@pytest.mark.parametrize("dst", ["33:33:00:00:00:01", "ff:ff:ff:ff:ff:ff", "02:00:00:00:06:77"],
                         ids=["multicast", "broadcast", "somebody else's"])
def test_frames_to_others_are_left_alone(expect_silence, dst):
    expect_silence(Frame(sent(udp(1, 2)), dst=dst))


@pytest.mark.parametrize("packet", [
    sent(udp(1, 2, bytes(8)), length=200),
    sent(hop_by_hop(), next=HOP_BY_HOP, length=4),
    sent(destination_options(pad(14)), length=8),
    sent(raw(FRAGMENT, bytes(4))),
    sent(raw(ROUTING, bytes([UDP, 200]) + bytes(30))),
    sent(hop_by_hop(), udp(1, 2, bytes(8)), length=0),
], ids=["payload length beyond the packet", "cut in hop-by-hop", "cut in options",
        "cut in the Fragment header", "extension header beyond the packet",
        "a jumbogram's length, but no jumbogram"])
def test_malformed_headers_are_dropped_silently(expect_silence, packet):
    expect_silence(packet)


@pytest.mark.parametrize("six, four", [(echo_reply6(0, 0), echo_reply4(0, 0)), (echo6(0xf7ff, 0), echo4(0xf7ff, 0)),
                                       (echo_reply6(0xffff, 0), echo_reply4(0xffff, 0))],
                         ids=["of zeros", "a request", "a reply"])
def test_a_checksum_of_icmp_that_is_zero_or_all_ones(expect, six, four):
    """All ones only where all that is summed up is zero."""
    expect(ip6(HOST6, SERVER6, six), ip4(HOST4, SERVER4, four, ttl=63, id=ANY))
