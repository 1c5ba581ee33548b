# SPDX-License-Identifier: GPL-2.0-only
"""IPv4 to IPv6: RFC 7915 section 4, but for ICMPv4 errors (test_icmp.py)."""

import pytest
from addresses import GATEWAY4, HOST4, HOST6, PEER4, PEER6, PREFIX, SERVER4, SERVER6
from frame import Frame
from icmp_error import answer4, fragmentation_needed, prohibited, source_route_failed, time_exceeded
from packet import (AH, ESP, GRE, ICMP, NO_NEXT, OSPF, SCTP, TCP, UDP, Packet, dccp, difference, echo4, echo6,
                    echo_reply4, echo_reply6, fragment, icmp4, ip4, ip6, octets, raw, tcp, udp,
                    udplite)


def sent(part=None, **fields):
    return ip4(SERVER4, HOST4, part, **{"id": 0xbeef, **fields})


def got(*parts, **fields):
    return ip6(SERVER6, HOST6, *parts, **{"hlim": 63, **fields})


def test_one_packet_written_out(expect):
    """A TCP segment, octet for octet, from no builder."""
    expect(Packet(bytes.fromhex("45b9002dbeef4000110643e2c6336402cb00710a"
                                "00505678000000010000000250182000bc2300006e61743634")),
           Packet(bytes.fromhex("6b90000000190610" "20010db80100000000000000c6336402"
                                "20010db8000100000000000000000010"
                                "005056780000000100000002501820009bab00006e61743634")))


DATA = bytes(range(41))  # odd: the last octet of a checksum is alone
FOREIGN = bytes.fromhex("deadbeef") + b"\x5a" * 30

TRANSPORTS = [
    ("TCP", tcp(80, 1000, DATA, seq=7, ack=9, flags=0x18)),
    ("TCP without data", tcp(80, 1000, flags=0x12, options=bytes.fromhex("020405b4"))),
    ("UDP", udp(53, 1000, DATA)),
    ("UDP without data", udp(53, 1000)),
    ("GRE", raw(GRE, FOREIGN)),
    ("ESP", raw(ESP, FOREIGN)),
    ("AH", raw(AH, FOREIGN)),
    ("SCTP", raw(SCTP, FOREIGN)),
    ("OSPF", raw(OSPF, FOREIGN)),
    ("no next header", raw(NO_NEXT)),
    ("no next header, with octets behind", raw(NO_NEXT, FOREIGN)),
    ("an experiment", raw(253, FOREIGN)),
    ("IPv4 in IPv4", raw(4, FOREIGN)),
    ("DCCP", dccp(53, 1000, DATA)),
    ("UDP-Lite", udplite(53, 1000, DATA)),
    ("UDP-Lite, header covered", udplite(53, 1000, DATA, coverage=8)),
    ("TCP, wrong checksum", tcp(80, 1000, DATA, wrong_by=0x1234)),
    ("UDP, wrong checksum", udp(53, 1000, DATA, wrong_by=0xfe01)),
    ("DCCP, wrong checksum", dccp(53, 1000, DATA, wrong_by=1)),
]


@pytest.mark.parametrize("df", [True, False], ids=["DF", "no DF"])
@pytest.mark.parametrize("part", [pytest.param(p, id=n) for n, p in TRANSPORTS])
def test_transports(expect, part, df):
    expect(sent(part, df=df), got(part))


@pytest.mark.parametrize("four, six", [
    (echo4(5, 6, DATA), echo6(5, 6, DATA)),
    (echo_reply4(5, 6, DATA), echo_reply6(5, 6, DATA)),
    (echo4(0, 0), echo6(0, 0)),
    (echo4(5, 6, DATA, wrong_by=0x0101), echo6(5, 6, DATA, wrong_by=0x0101)),
    (echo_reply4(0, 0, checksum=0xffff), echo_reply6(0, 0)),
], ids=["request", "reply", "request without data", "wrong checksum", "all zero"])
def test_echo(expect, four, six):
    expect(sent(four), got(six))


def balanced(make, src, dst, at):
    """A transport whose checksum between these addresses is zero."""
    return make(bytes(octets(src, dst, make(b"\0\0"))[at:at + 2]))


def test_udp_checksum_of_zero_is_sent_as_ones(expect):
    part = balanced(lambda word: udp(53, 1000, word), SERVER6, HOST6, 6)
    assert octets(SERVER6, HOST6, part)[6:8] == b"\xff\xff"
    expect(sent(part), got(part))


def test_tcp_checksum_of_zero_is_sent_as_zero(expect):
    part = balanced(lambda word: tcp(80, 1000, word), SERVER6, HOST6, 16)
    assert octets(SERVER6, HOST6, part)[16:18] == b"\0\0"
    expect(sent(part), got(part))


def test_udp_checksum_that_was_ones(expect):
    part = balanced(lambda word: udp(53, 1000, word), SERVER4, HOST4, 6)
    assert octets(SERVER4, HOST4, part)[6:8] == b"\xff\xff"
    expect(sent(part), got(part))


# Fields of the header, 4.1.

@pytest.mark.parametrize("tos", [0, 1, 2, 3, 0x04, 0xb8, 0xff])
def test_tos_is_copied(expect, tos):
    expect(sent(udp(1, 2), tos=tos), got(udp(1, 2), tclass=tos))


@pytest.mark.configuration("set traffic-class 184", more=True)
def test_traffic_class_that_is_set(expect):
    expect(sent(udp(1, 2), tos=0x03), got(udp(1, 2), tclass=184))


@pytest.mark.configuration("set traffic-class 0", more=True)
def test_traffic_class_that_is_cleared(expect):
    expect(sent(udp(1, 2), tos=0xff), got(udp(1, 2)))


@pytest.mark.parametrize("ttl", [255, 128, 2])
def test_ttl_is_lowered_once(expect, ttl):
    expect(sent(udp(1, 2), ttl=ttl), got(udp(1, 2), hlim=ttl - 1))


@pytest.mark.parametrize("packet", [
    sent(udp(1, 2, b"x"), ttl=1), sent(udp(1, 2, b"x"), ttl=0), sent(echo4(1, 2), ttl=1),
    sent(tcp(1, 2), ttl=1, options=b"\1" * 4), sent(udp(1, 2, bytes(1400)), ttl=1),
    sent(udp(1, 2), ttl=1, tos=0xff), sent(raw(UDP, b"\x5a" * 16), ttl=1, mf=True),
], ids=["one", "zero", "echo", "options", "long", "TOS", "first fragment"])
def test_ttl_that_is_used_up(expect, packet):
    expect(packet, time_exceeded(packet))


def test_ttl_of_an_error_or_a_later_fragment_that_is_used_up(expect_silence):
    quote = ip4(HOST4, SERVER4, udp(1, 2, bytes(8)))
    expect_silence(sent(icmp4(3, 3, 0, quote), ttl=1),
                   sent(raw(UDP, bytes(16)), ttl=1, offset=16))


@pytest.mark.parametrize("flags", [{"df": True}, {"df": False}, {"reserved": True}],
                         ids=["DF", "no DF", "reserved"])
@pytest.mark.parametrize("length", [20, 1260])
def test_small_packet_gets_no_fragment_header(expect, length, flags):
    part = raw(253, bytes(length - 20))
    expect(sent(part, **flags), got(part))


def test_large_packet_with_df_gets_no_fragment_header(expect):
    part = raw(253, bytes(1460))
    expect(sent(part, df=True), got(part))


def test_frame_padding_is_cut_off(expect):
    expect(Frame(sent(udp(1, 2, b"x")), trailer=b"\xff" * 17), got(udp(1, 2, b"x")))


# Options, 4.1.

def source_route(kind, pointer, addresses=2):
    return bytes([kind, 3 + 4 * addresses, pointer]) + b"\xc0\x00\x02\x07" * addresses


OPTIONS = [
    ("no-operation", b"\1\1\1\1"),
    ("end", b"\0"),
    ("end, then nonsense", b"\0\x83\x00\x07"),
    ("record route", b"\x07\x0b\x04" + bytes(8)),
    ("timestamp", b"\x44\x0c\x05\x00" + bytes(8)),
    ("router alert", b"\x94\x04\x00\x00"),
    ("security", b"\x82\x0b" + bytes(9)),
    ("forty octets", b"\1" * 40),
    ("an unknown option", b"\x5e\x06\xff\xff\xff\xff"),
    ("loose source route, expired", source_route(131, 12)),
    ("strict source route, expired", source_route(137, 12)),
    ("source route without addresses", source_route(131, 4, 0)),
    ("source route behind another, expired", b"\1\1\1" + source_route(131, 12)),
]


@pytest.mark.parametrize("options", [pytest.param(o, id=n) for n, o in OPTIONS])
@pytest.mark.parametrize("four, six", [(tcp(1, 2, DATA), tcp(1, 2, DATA)),
                                       (echo4(1, 2, DATA), echo6(1, 2, DATA))],
                         ids=["TCP", "echo"])
def test_options_are_skipped(expect, options, four, six):
    expect(sent(four, options=options), got(six))


@pytest.mark.parametrize("options", [
    source_route(131, 4), source_route(131, 8), source_route(137, 4), source_route(137, 8),
    b"\1" + source_route(131, 4), b"\x07\x07\x04" + bytes(4) + source_route(137, 8),
], ids=["loose, first", "loose, last", "strict, first", "strict, last", "behind no-operation",
        "behind record route"])
def test_unexpired_source_route_is_refused(expect, options):
    packet = sent(udp(1, 2, b"x"), options=options)
    expect(packet, source_route_failed(packet))


@pytest.mark.configuration("set icmp-errors off", more=True)
def test_unexpired_source_route_is_dropped(expect_silence):
    expect_silence(sent(udp(1, 2), options=source_route(131, 4)))


@pytest.mark.parametrize("options", [
    b"\x07\x00\x04\x00", b"\x07\x01\x04\x00", b"\x83\x00\x04\x00", b"\x44\x09\x05\x00",
    b"\1\1\1\x07", b"\x83\x02\0\0",
], ids=["length 0", "length 1", "source route, length 0", "longer than the header",
        "cut before its length", "source route too short"])
def test_bad_option_length_is_dropped_silently(expect_silence, options):
    expect_silence(sent(udp(1, 2), options=options))


def test_options_are_skipped_in_fragments(expect):
    body = octets(SERVER4, HOST4, udp(1, 2, bytes(64)))
    six = octets(SERVER6, HOST6, udp(1, 2, bytes(64)))
    expect(sent(raw(UDP, body[:32]), mf=True, options=b"\1\1\1\1"),
           got(fragment(0xbeef, 0, True), raw(UDP, six[:32])))


# Fragments, 4.1.

SEGMENT4 = octets(SERVER4, HOST4, tcp(80, 1000, bytes(range(200)), seq=7))
SEGMENT6 = octets(SERVER6, HOST6, tcp(80, 1000, bytes(range(200)), seq=7))
DATAGRAM4 = octets(SERVER4, HOST4, udp(53, 1000, bytes(range(200))))
DATAGRAM6 = octets(SERVER6, HOST6, udp(53, 1000, bytes(range(200))))


def piece(proto, four, six, start, end, **fields):
    more = end < len(four)
    return (sent(raw(proto, four[start:end]), offset=start, mf=more, **fields),
            got(fragment(0xbeef, start, more), raw(proto, six[start:end])))


FRAGMENTS = [
    ("UDP, first", piece(UDP, DATAGRAM4, DATAGRAM6, 0, 104)),
    ("UDP, later", piece(UDP, DATAGRAM4, DATAGRAM6, 104, 152)),
    ("UDP, last", piece(UDP, DATAGRAM4, DATAGRAM6, 152, 208)),
    ("UDP, tiny first", piece(UDP, DATAGRAM4, DATAGRAM6, 0, 8)),
    ("UDP, behind a tiny first", piece(UDP, DATAGRAM4, DATAGRAM6, 8, 208)),
    ("UDP, first, DF", piece(UDP, DATAGRAM4, DATAGRAM6, 0, 104, df=True)),
    ("UDP, last, DF", piece(UDP, DATAGRAM4, DATAGRAM6, 152, 208, df=True)),
    ("TCP, first", piece(TCP, SEGMENT4, SEGMENT6, 0, 104)),
    ("TCP, later", piece(TCP, SEGMENT4, SEGMENT6, 104, 152)),
    ("TCP, last", piece(TCP, SEGMENT4, SEGMENT6, 152, 220)),
    ("TCP, tiny first", piece(TCP, SEGMENT4, SEGMENT6, 0, 8)),
    ("TCP, checksum in the second", piece(TCP, SEGMENT4, SEGMENT6, 8, 104)),
    ("TCP, first of two words", piece(TCP, SEGMENT4, SEGMENT6, 0, 16)),
    ("TCP, checksum at the start of the second", piece(TCP, SEGMENT4, SEGMENT6, 16, 104)),
    ("TCP, checksum alone in its fragment", piece(TCP, SEGMENT4, SEGMENT6, 16, 24)),
    ("TCP, behind the checksum", piece(TCP, SEGMENT4, SEGMENT6, 24, 104)),
    ("ESP, first", (sent(raw(ESP, bytes(64)), mf=True),
                    got(fragment(0xbeef, 0, True), raw(ESP, bytes(64))))),
    ("at the end of 64 KiB", (sent(raw(UDP, bytes(7)), offset=65504),
                              got(fragment(0xbeef, 65504), raw(UDP, bytes(7))))),
    ("another protocol, later", (sent(raw(SCTP, FOREIGN[:24]), offset=8, mf=True),
                                 got(fragment(0xbeef, 8, True), raw(SCTP, FOREIGN[:24])))),
]


@pytest.mark.parametrize("four, six", [pytest.param(*pair, id=n) for n, pair in FRAGMENTS])
def test_fragments(expect, four, six):
    expect(four, six)


def test_fragmented_icmp_is_refused(expect, expect_silence):
    """1.2; it says nothing of silence, so 4.4 holds."""
    echo = octets(SERVER4, HOST4, echo4(1, 2, bytes(200)))
    first = sent(raw(ICMP, echo[:104]), mf=True)
    expect(first, prohibited(first))
    expect_silence(sent(raw(ICMP, echo[104:]), offset=104))


# Splitting of packets without DF, 4.1.

def pieces(proto, body, limit, id=0xbeef, start=0, more=False, **fields):
    """IPv6 fragments of at most this size, all but the last as large as can be."""
    chunk = (limit - 48) // 8 * 8
    return [got(fragment(id, start + at, more or at + chunk < len(body)),
                raw(proto, body[at:at + chunk]), **fields) for at in range(0, len(body), chunk)]


def long_udp(length):
    """A UDP datagram that makes IPv4 packets of this length."""
    return udp(53, 1000, (bytes(range(251)) * 300)[:length - 28])


@pytest.mark.parametrize("length, sizes", [
    (1260, [1280]), (1261, [1280, 57]), (1500, [1280, 296]), (2484, [1280, 1280]),
    (2485, [1280, 1280, 49]), (8996, [1280] * 7 + [400]),
])
def test_large_packet_without_df_is_split(net, expect, length, sizes):
    part = long_udp(length)
    body = octets(SERVER6, HOST6, part)
    expected = pieces(UDP, body, 1280) if len(sizes) > 1 else [got(part)]
    assert [len(packet) for packet in expected] == sizes
    with net.mtus(to4=9000):
        expect(sent(part), *expected)


def test_largest_packet_without_df_is_split(net, expect):
    part = long_udp(65535)
    with net.mtus(to4=65535):
        expect(sent(part), *pieces(UDP, octets(SERVER6, HOST6, part), 1280))


@pytest.mark.parametrize("mtu, limit", [(1281, 1280), (1287, 1280), (1288, 1288), (1400, 1400),
                                        (1500, 1496)])
def test_lowest_ipv6_mtu(net, configure, expect, mtu, limit):
    configure(f"set lowest-ipv6-mtu {mtu}")
    with net.mtus(to4=9000):
        part = long_udp(mtu - 20)
        expect(sent(part), got(part))
        part = long_udp(mtu - 19)
        expected = pieces(UDP, octets(SERVER6, HOST6, part), mtu)
        assert len(expected) == 2 and len(expected[0]) == limit
        expect(sent(part), *expected)


def test_split_for_a_link_smaller_than_lowest_ipv6_mtu(net, configure, expect):
    """4: without DF the translator MUST ensure that the packet fits the IPv6 side."""
    configure("set lowest-ipv6-mtu 1500")
    part = long_udp(1480)
    with net.mtus(to6=1400):
        expect(sent(part), *pieces(UDP, octets(SERVER6, HOST6, part), 1400))


def test_split_with_options(net, expect):
    part = long_udp(1400)
    expect(sent(part, options=b"\1" * 8), *pieces(UDP, octets(SERVER6, HOST6, part), 1280))


def test_split_copies_what_a_header_has(net, expect):
    part = long_udp(1400)
    expect(sent(part, tos=0xb9, ttl=9, id=1),
           *pieces(UDP, octets(SERVER6, HOST6, part), 1280, id=1, tclass=0xb9, hlim=8))


def test_split_tcp(net, expect):
    part = tcp(80, 1000, bytes(range(256)) * 5)
    expect(sent(part), *pieces(TCP, octets(SERVER6, HOST6, part), 1280))


def test_split_echo(net, expect):
    data = bytes(range(250)) * 5
    expect(sent(echo4(5, 6, data)), *pieces(58, octets(SERVER6, HOST6, echo6(5, 6, data)), 1280))


@pytest.mark.parametrize("more", [True, False], ids=["first", "last"])
def test_large_fragment_without_df_is_split_again(net, expect, more):
    body = octets(SERVER4, HOST4, udp(53, 1000, bytes(range(251)) * 9))
    six = octets(SERVER6, HOST6, udp(53, 1000, bytes(range(251)) * 9))
    part = slice(0, 1480) if more else slice(736, 2216)
    expect(sent(raw(UDP, body[part]), mf=more, offset=part.start),
           *pieces(UDP, six[part], 1280, start=part.start, more=more))


def test_fragment_of_1232_is_not_split(net, expect):
    part = raw(UDP, bytes(1232))
    expect(sent(part, offset=1232, mf=True), got(fragment(0xbeef, 1232, True), part))
    part = raw(UDP, bytes(1240))
    expect(sent(part, offset=1232, mf=True),
           *pieces(UDP, bytes(1240), 1280, start=1232, more=True))


def test_fragment_that_would_end_beyond_64_kib_is_not_split(expect_silence):
    """Its last pieces would lie at the beginning."""
    expect_silence(sent(raw(UDP, bytes(1400)), offset=65528, mf=True))


def test_packets_leave_in_their_order(expect):
    """4: also those that are split, and those that are not."""
    flow = [udp(1, 2, bytes([n]) * (n * 37 % 1400)) for n in range(48)]
    expected = []
    for part in flow:
        body = octets(SERVER6, HOST6, part)
        expected += pieces(UDP, body, 1280) if len(body) > 1240 else [got(part)]
    expect([sent(part) for part in flow], *expected)


# Packets with DF that are too big, 4.1.

@pytest.mark.parametrize("mtu", [1280, 1400, 1500])
def test_fragmentation_needed(net, expect, mtu):
    with net.mtus(to4=9000, to6=mtu):
        part = long_udp(mtu - 20)
        expect(sent(part, df=True), got(part))
        packet = sent(long_udp(mtu - 19), df=True)
        expect(packet, fragmentation_needed(packet, mtu - 20))
        packet = sent(long_udp(9000), df=True)
        expect(packet, fragmentation_needed(packet, mtu - 20))


def test_fragmentation_needed_for_an_echo(net, expect):
    packet = sent(echo4(1, 2, bytes(1400)), df=True)
    with net.mtus(to6=1400):
        expect(packet, fragmentation_needed(packet, 1380))


@pytest.mark.parametrize("mtu", [1280, 1400, 1496])
def test_fragmentation_needed_for_a_fragment_with_df(net, expect, expect_silence, mtu):
    """A fragment grows by the Fragment header as well."""
    with net.mtus(to4=9000, to6=mtu):
        part = raw(UDP, bytes(mtu - 48))
        expect(sent(part, df=True, offset=1600), got(fragment(0xbeef, 1600), part))
        first = sent(raw(UDP, b"\x5a" * 1600), df=True, mf=True)
        expect(first, fragmentation_needed(first, mtu - 28))
        # A later one is not answered: RFC 792, RFC 1812 4.3.2.7.
        expect_silence(sent(raw(UDP, bytes(mtu - 47)), df=True, offset=1600))


@pytest.mark.configuration("set local off", "set lowest-ipv6-mtu 1500", more=True)
def test_mtu_of_a_route_counts(real):
    """It is told as any other, and what may be split is."""
    with real.gateway.routes(f"route {HOST6}/128 dev to6 mtu 1400"):
        real.wire.expect(sent(long_udp(1380), df=True), got(long_udp(1380)))
        packet = sent(long_udp(1381), df=True)
        real.wire.expect(packet, fragmentation_needed(packet, 1380))
        part = long_udp(1381)
        real.wire.expect(sent(part), *pieces(UDP, octets(SERVER6, HOST6, part), 1400))


# UDP without a checksum, 4.5.

@pytest.mark.parametrize("data", [DATA, b"", b"x", bytes(1000)], ids=len)
def test_missing_udp_checksum_is_computed(expect, data):
    expect(sent(udp(53, 1000, data, checksum=0)), got(udp(53, 1000, data)))


def test_computed_udp_checksum_of_zero_is_sent_as_ones(expect):
    part = balanced(lambda word: udp(53, 1000, word), SERVER6, HOST6, 6)
    data = bytes(octets(SERVER6, HOST6, part)[8:])
    assert octets(SERVER6, HOST6, part)[6:8] == b"\xff\xff"
    expect(sent(udp(53, 1000, data, checksum=0)), got(part))


def test_missing_udp_checksum_of_less_than_the_packet_is_computed(expect):
    """The datagram ends before the packet; here, too, zero is sent as ones."""
    part = balanced(lambda word: udp(53, 1000, word), SERVER6, HOST6, 6)
    for data in (bytes(octets(SERVER6, HOST6, part)[8:]), DATA + b"x"):
        right = octets(SERVER6, HOST6, udp(53, 1000, data))
        expect(sent(raw(UDP, right[:6] + b"\0\0" + right[8:] + b"behind")),
               got(raw(UDP, right + b"behind")))


def test_missing_udp_checksum_is_computed_before_splitting(expect):
    data = bytes(range(251)) * 5
    expect(sent(udp(53, 1000, data, checksum=0)),
           *pieces(UDP, octets(SERVER6, HOST6, udp(53, 1000, data)), 1280))


def test_missing_udp_checksum_of_a_fragment_is_refused(expect):
    first = sent(raw(UDP, DATAGRAM4[:6] + b"\0\0" + DATAGRAM4[8:104]), mf=True)
    expect(first, prohibited(first))
    expect(*piece(UDP, DATAGRAM4, DATAGRAM6, 104, 208))


@pytest.mark.configuration("set udp-zero-checksum drop", more=True)
def test_missing_udp_checksum_is_refused(expect):
    packet = sent(udp(53, 1000, DATA, checksum=0))
    expect(packet, prohibited(packet))
    expect(sent(udp(53, 1000, DATA)), got(udp(53, 1000, DATA)))


# Which packets are ours, and which are refused.

@pytest.mark.parametrize("part", [udp(1, 2, b"x"), tcp(1, 2), echo4(1, 2), raw(OSPF, FOREIGN)],
                         ids=["UDP", "TCP", "echo", "OSPF"])
def test_unmapped_destination_is_forwarded_untouched(expect, part):
    fields = {"id": 7, "df": True, "tos": 9, "options": b"\1\1\1\1"}
    expect(ip4(SERVER4, "192.0.2.9", part, **fields),
           ip4(SERVER4, "192.0.2.9", part, ttl=63, **fields))


def test_neighbours_of_a_mapping_are_not_mapped(expect):
    for other in ("203.0.113.9", "203.0.113.11", "203.0.113.0"):
        expect(ip4(SERVER4, other, udp(1, 2)), ip4(SERVER4, other, udp(1, 2), ttl=63))


def test_mapped_source_is_written_as_any_other(expect):
    """RFC 7757 4.2.1: so that the answer comes back through a translator."""
    expect(ip4(PEER4, HOST4, udp(1, 2)),
           ip6("2001:db8:100::203.0.113.20", HOST6, udp(1, 2), hlim=63))


@pytest.mark.configuration("set hairpin off", more=True)
def test_mapped_source_without_hairpinning(expect):
    """RFC 7757 3.3: each address by its longest match."""
    expect(ip4(PEER4, HOST4, udp(1, 2)), ip6(PEER6, HOST6, udp(1, 2), hlim=63))


@pytest.mark.parametrize("source", ["0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.0.1", "224.0.0.1",
                                    "239.1.1.1", "240.0.0.1", "255.255.255.255"])
def test_illegal_source_is_dropped_silently(expect_silence, source):
    expect_silence(ip4(source, HOST4, udp(1, 2)), ip4(source, HOST4, echo4(1, 2)),
                   ip4(source, HOST4, udp(1, 2), options=source_route(131, 4)),
                   ip4(source, HOST4, raw(ICMP, bytes(16)), mf=True))


@pytest.mark.configuration(f"prefix add {PREFIX}", "add 0.0.0.0/0 2001:db8:ff00::/40")
@pytest.mark.parametrize("dst", ["224.0.0.1", "239.1.1.1", "255.255.255.255", "240.0.0.1",
                                 "127.0.0.1", "0.0.0.0"])
def test_multicast_and_what_is_no_host_is_never_translated(real, dst):
    """1.2, whatever a mapping says; the kernel does with them what it does."""
    real.gateway.ctl("stats", "reset")
    real.wire.exchange(ip4(SERVER4, dst, udp(1, 2)))
    lines = (line.split() for line in real.gateway.show("stats").splitlines())
    counted = {name for name, value in lines if value != "0"}
    assert counted <= {"translated_4to6"}  # the sentinels, which are mapped here
    assert not [p for p in real.wire.exchange(ip4(SERVER4, dst, udp(1, 2)))[6]
                if p[24:26] == b"\x20\x01"]


def test_answers_are_limited_in_their_rate(real):
    """4.4: by the kernel's own sysctls."""
    packet = sent(raw(UDP, DATAGRAM4[:6] + b"\0\0" + DATAGRAM4[8:104]), mf=True)
    with real.gateway.sysctls(net__ipv4__icmp_ratelimit=1000, net__ipv4__icmp_ratemask=0xffff):
        answers = real.wire.exchange_once(*[packet] * 30)[4]
    assert 0 < len(answers) < 30
    for answer in answers:
        assert not difference(prohibited(packet).closed(answer), answer)


def test_igmp_is_dropped_silently(expect_silence):
    expect_silence(sent(raw(2, bytes.fromhex("1600e9fd00000000"))),
                   sent(raw(2, bytes.fromhex("1164ee9b00000000")), options=b"\x94\x04\0\0"))


@pytest.mark.parametrize("dst", ["01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "02:00:00:00:04:77"],
                         ids=["multicast", "broadcast", "somebody else's"])
def test_frames_to_others_are_left_alone(expect_silence, dst):
    expect_silence(Frame(sent(udp(1, 2)), dst=dst))


def test_the_gateway_itself_is_not_mapped(real):
    packet = ip4(SERVER4, GATEWAY4, udp(1, 2, b"x"))
    real.wire.expect(packet, answer4(packet, 3, 3))


@pytest.mark.parametrize("packet", [
    sent(udp(1, 2), header_checksum=0x1234), sent(udp(1, 2), length=19),
    sent(udp(1, 2), length=200), sent(udp(1, 2), length=22, options=b"\1" * 4),
], ids=["header checksum", "length below the header", "length beyond the packet",
        "length below the options"])
def test_malformed_headers_are_dropped_silently(expect_silence, packet):
    expect_silence(packet)
