# SPDX-License-Identifier: GPL-2.0-only
"""ICMP messages and what errors quote: RFC 7915 4.2 to 4.4 and 5.2 to 5.4, 4884, 6791."""

import ipaddress

import pytest
from addresses import GATEWAY4, HOST4, HOST6, PEER4, PEER6, SERVER4, SERVER6, STRANGER6
from model_csum import changed
from packet import (ANY, ESP, ICMP, ICMPV6, SCTP, TCP, UDP, Packet, address,
                    destination_options, echo4, echo6, echo_reply4, echo_reply6, fragment, hop_by_hop, icmp4, icmp6, ip4, ip6,
                    octets, raw, routing, tcp, u16, u32, udp)

# Routers on either side. The IPv6 one has no IPv4 address.
ROUTER6 = "2001:db8:7::7"
ROUTER4, ROUTER4_EMBEDDED = "192.0.2.77", "2001:db8:100::c000:24d"

DATA = bytes(range(33))

# A packet of the server to the host, as each side has it, and one of the host's.
TO_HOST4 = ip4(SERVER4, HOST4, udp(53, 1000, DATA), ttl=60, id=ANY)
TO_HOST6 = ip6(SERVER6, HOST6, udp(53, 1000, DATA), hlim=60)
TO_SERVER4 = ip4(HOST4, SERVER4, udp(1000, 53, DATA), ttl=60, id=0x7777)
TO_SERVER6 = ip6(HOST6, SERVER6, udp(1000, 53, DATA), hlim=60)


def error6(type, code, rest=0, quote=TO_HOST6, source=HOST6, **fields):
    """An error that goes from the IPv6 side to the server."""
    how = {k: fields.pop(k) for k in ("wrong_by", "checksum") if k in fields}
    return ip6(source, SERVER6, icmp6(type, code, rest, quote, **how), **fields)


def as_error4(type, code, rest=0, quote=TO_HOST4, source=HOST4, **fields):
    """How it arrives at the server."""
    how = {k: fields.pop(k) for k in ("wrong_by", "checksum") if k in fields}
    return ip4(source, SERVER4, icmp4(type, code, rest, quote, **how),
               **{"id": ANY, "ttl": 63, **fields})


def error4(type, code, rest=0, quote=TO_SERVER4, source=SERVER4, **fields):
    """An error that goes from the IPv4 side to the host."""
    how = {k: fields.pop(k) for k in ("wrong_by", "checksum") if k in fields}
    return ip4(source, HOST4, icmp4(type, code, rest, quote, **how), **fields)


def as_error6(type, code, rest=0, quote=TO_SERVER6, source=SERVER6, **fields):
    how = {k: fields.pop(k) for k in ("wrong_by", "checksum") if k in fields}
    return ip6(source, HOST6, icmp6(type, code, rest, quote, **how), **{"hlim": 63, **fields})


# Types and codes, 4.2 and 5.2.

def pointer4(pointer):
    return bytes([pointer, 0, 0, 0])


TYPES_6TO4 = {
    (1, 0): (3, 1), (1, 1): (3, 10), (1, 2): (3, 1), (1, 3): (3, 1), (1, 4): (3, 3),
    (2, 0): (3, 4, u32(1380)),
    (3, 0): (11, 0), (3, 1): (11, 1),
    (4, 0): (12, 0), (4, 1): (3, 2),
}

TYPES_4TO6 = {
    (3, 0): (1, 0), (3, 1): (1, 0), (3, 2): (4, 1, 6), (3, 3): (1, 4), (3, 4): (2, 0, 1420),
    (3, 5): (1, 0), (3, 6): (1, 0), (3, 7): (1, 0), (3, 8): (1, 0), (3, 9): (1, 1),
    (3, 10): (1, 1), (3, 11): (1, 0), (3, 12): (1, 0), (3, 13): (1, 1), (3, 15): (1, 1),
    (11, 0): (3, 0), (11, 1): (3, 1),
    (12, 0): (4, 0), (12, 2): (4, 0),
}


def name(pair):
    return "type {} code {}".format(*pair)


@pytest.mark.parametrize("six", TYPES_6TO4, ids=name)
def test_types_6to4(expect, six):
    expect(error6(*six, rest=1400 if six[0] == 2 else 0), as_error4(*TYPES_6TO4[six]))


@pytest.mark.parametrize("four", TYPES_4TO6, ids=name)
def test_types_4to6(expect, four):
    expect(error4(*four, rest=1400 if four == (3, 4) else 0), as_error6(*TYPES_4TO6[four]))


def test_every_other_code_6to4_is_dropped_silently(expect_silence, wire):
    others = [(t, c) for t in (1, 4) for c in range(256) if (t, c) not in TYPES_6TO4]
    wire.expect([error6(*other) for other in others])


def test_every_other_code_4to6_is_dropped_silently(wire):
    others = [(t, c) for t in (3, 12) for c in range(256) if (t, c) not in TYPES_4TO6]
    wire.expect([error4(*other) for other in others])


def test_every_other_type_6to4_is_dropped_silently(wire):
    """Unknown, informational, multicast listeners, neighbours: whatever the hop limit."""
    for code in (0, 1):
        wire.expect([error6(t, code, hlim=255) for t in range(256)
                     if t not in (1, 2, 3, 4, 128, 129)])


def test_every_other_type_4to6_is_dropped_silently(wire):
    for code in (0, 1):
        wire.expect([error4(t, code) for t in range(256) if t not in (0, 3, 8, 11, 12)])


def test_codes_of_time_exceeded_are_kept(wire):
    wire.expect([error6(3, code) for code in (0, 1, 2, 255)],
                *[as_error4(11, code) for code in (0, 1, 2, 255)])
    wire.expect([error4(11, code) for code in (0, 1, 2, 255)],
                *[as_error6(3, code) for code in (0, 1, 2, 255)])


def test_unused_octets_are_cleared(expect):
    expect(error6(1, 0, rest=b"\0\xff\xff\xff"), as_error4(3, 1))
    expect(error6(3, 0, rest=b"\0\xff\xff\xff"), as_error4(11, 0))
    expect(error6(4, 1, rest=40), as_error4(3, 2))
    expect(error4(3, 1, rest=b"\xff\0\xff\xff"), as_error6(1, 0))
    expect(error4(11, 0, rest=b"\xff\0\xff\xff"), as_error6(3, 0))
    expect(error4(12, 0, rest=b"\0\0\xff\xff"), as_error6(4, 0))


# Pointers, figures 3 and 6.

POINTERS_6TO4 = {0: 0, 1: 1, 4: 2, 5: 2, 6: 9, 7: 8, **{n: 12 for n in range(8, 24)},
                 **{n: 16 for n in range(24, 40)}}
POINTERS_4TO6 = {0: 0, 1: 1, 2: 4, 3: 4, 8: 7, 9: 6, **{n: 8 for n in range(12, 16)},
                 **{n: 24 for n in range(16, 20)}}


def test_every_pointer_6to4(wire):
    beyond = [256, 0x01000006, 0x06000000, 0xffffffff]
    wire.expect([error6(4, 0, rest=n) for n in [*range(64), *beyond]],
                *[as_error4(12, 0, pointer4(new)) for _, new in sorted(POINTERS_6TO4.items())])


@pytest.mark.parametrize("code", [0, 2])
def test_every_pointer_4to6(wire, code):
    wire.expect([error4(12, code, pointer4(n)) for n in range(256)],
                *[as_error6(4, 0, new) for _, new in sorted(POINTERS_4TO6.items())])


# MTUs.

@pytest.mark.parametrize("said, to6, to4, becomes", [
    (1500, 1500, 1500, 1480), (1400, 1500, 1500, 1380), (1280, 1500, 1500, 1260),
    (1400, 1500, 1300, 1300), (1400, 1280, 1500, 1260), (9000, 9000, 9000, 8980),
    (9000, 1500, 9000, 1480), (9000, 9000, 1500, 1500), (68 + 20, 1500, 1500, 68), (60, 1500, 1500, 68),
    (65535, 1500, 1500, 1480), (65556, 1500, 1500, 1480), (0x10000 + 1400, 1500, 1500, 1480),
    (0xffffffff, 1500, 1500, 1480), (0xffffffff, 65535, 65535, 65515),
])
def test_mtu_of_packet_too_big(net, expect, said, to6, to4, becomes):
    with net.mtus(to6=to6, to4=to4):
        expect(error6(2, 0, said), as_error4(3, 4, becomes))


@pytest.mark.parametrize("said, to6, to4, becomes", [
    (1500, 1500, 1500, 1500), (1400, 1500, 1500, 1420), (1260, 1500, 1500, 1280),
    (1259, 1500, 1500, 1280), (576, 1500, 1500, 1280), (1, 1500, 1500, 1280),
    (1400, 1500, 1300, 1320), (1400, 1280, 1500, 1280), (1400, 1400, 1500, 1400),
    (4000, 9000, 9000, 4020), (65535, 9000, 1500, 1520), (65535, 65535, 65535, 65535),
    (1400, 1500, 1200, 1280),
])
def test_mtu_of_fragmentation_needed(net, expect, said, to6, to4, becomes):
    with net.mtus(to6=to6, to4=to4):
        expect(error4(3, 4, said), as_error6(2, 0, becomes))


def quotes_of_length(length):
    """The beginning of a packet whose IPv4 form had this length."""
    part = udp(1000, 53, DATA)
    return (ip4(HOST4, SERVER4, part, id=0x7777, length=length),
            ip6(HOST6, SERVER6, part, length=length - 20))


@pytest.mark.parametrize("length, plateau", [
    (65535, 32000), (32001, 32000), (32000, 17914), (17915, 17914), (17914, 8166), (8167, 8166),
    (8166, 4352), (4353, 4352), (4352, 2002), (2003, 2002), (2002, 1492), (1493, 1492),
])
def test_plateau_for_an_mtu_of_zero(net, expect, length, plateau):
    """RFC 1191 7.1: the largest below the quoted total length."""
    four, six = quotes_of_length(length)
    with net.mtus(to6=65535, to4=65535):
        expect(error4(3, 4, 0, four), as_error6(2, 0, plateau + 20, six))


@pytest.mark.parametrize("length", [1492, 1280, 576, 61])
def test_no_plateau_left_for_an_mtu_of_zero(expect, length):
    four, six = quotes_of_length(length)
    expect(error4(3, 4, 0, four), as_error6(2, 0, 1280, six))


def test_plateau_is_bounded_by_the_links(expect):
    four = ip4(HOST4, SERVER4, udp(1000, 53, bytes(1472)), id=1)
    six = ip6(HOST6, SERVER6, udp(1000, 53, bytes(1472)))
    expect(error4(3, 4, 0, four[:548]), as_error6(2, 0, 1500, six[:568]))



# Checksums of the error itself.

@pytest.mark.parametrize("wrong_by", [1, 0x8000, 0xfffe])
def test_wrong_checksum_of_an_error_stays_wrong(expect, wrong_by):
    expect(error6(1, 4, wrong_by=wrong_by), as_error4(3, 3, wrong_by=wrong_by))
    expect(error4(3, 3, wrong_by=wrong_by), as_error6(1, 4, wrong_by=wrong_by))


# Quotes, 4.3 and 5.3: a packet of the host, as the server's side and the host's side have it.

SEGMENT6, SEGMENT4 = (octets(a, b, tcp(1000, 80, bytes(range(200)), seq=7))
                      for a, b in ((HOST6, SERVER6), (HOST4, SERVER4)))


def both(part, part4=None, six=(), **fields):
    four = {k: v for k, v in fields.items() if k not in ("hlim", "tclass")}
    four.setdefault("id", 0x7777)
    ttl, tos = fields.get("hlim", 60), fields.get("tclass", 0)
    return (ip4(HOST4, SERVER4, part4 or part, ttl=ttl, tos=tos, **four),
            ip6(HOST6, SERVER6, *six, part, hlim=ttl, tclass=tos))


QUOTES_4TO6 = [
    ("UDP", *both(udp(1000, 53, DATA))),
    ("UDP without data", *both(udp(1000, 53))),
    ("TCP", *both(tcp(1000, 80, DATA, seq=9))),
    ("echo", *both(echo6(5, 6, DATA), echo4(5, 6, DATA))),
    ("echo reply", *both(echo_reply6(5, 6, DATA), echo_reply4(5, 6, DATA))),
    ("SCTP", *both(raw(SCTP, DATA))),
    ("hop limit 0", *both(udp(1000, 53, DATA), hlim=0)),
    ("hop limit 255", *both(udp(1000, 53, DATA), hlim=255)),
    ("traffic class", *both(udp(1000, 53, DATA), tclass=0xb9)),
    ("DF", *both(udp(1000, 53, DATA), df=True)),
    ("options", *both(udp(1000, 53, DATA), options=b"\1" * 8)),
    ("source route", *both(udp(1000, 53, DATA), options=b"\x83\x07\x04\1\2\3\4")),
    ("UDP without checksum", *both(udp(1000, 53, DATA, checksum=0))),
    ("UDP, wrong checksum", *both(udp(1000, 53, DATA, wrong_by=0x101))),
    ("TCP, wrong checksum", *both(tcp(1000, 80, DATA, wrong_by=0x101))),
    ("first fragment", *both(raw(TCP, SEGMENT6[:104]), raw(TCP, SEGMENT4[:104]), mf=True,
                             six=[fragment(0x7777, 0, True)])),
    ("first fragment, tiny", *both(raw(TCP, SEGMENT6[:8]), raw(TCP, SEGMENT4[:8]), mf=True,
                                   six=[fragment(0x7777, 0, True)])),
    ("later fragment", *both(raw(TCP, SEGMENT6[8:104]), raw(TCP, SEGMENT4[8:104]), mf=True,
                             offset=8, six=[fragment(0x7777, 8, True)])),
    ("last fragment", *both(raw(TCP, SEGMENT6[104:]), raw(TCP, SEGMENT4[104:]), offset=104,
                            six=[fragment(0x7777, 104)])),
]

LONG = bytes(range(250)) * 5
CUTS = [8, 9, 16, 18, 20, 28, 100]
LONG_TRANSPORTS = [
    ("UDP", udp(1000, 53, LONG), udp(1000, 53, LONG)),
    ("TCP", tcp(1000, 80, LONG), tcp(1000, 80, LONG)),
    ("echo", echo6(5, 6, LONG), echo4(5, 6, LONG)),
    ("ESP", raw(ESP, LONG), raw(ESP, LONG)),
]


@pytest.mark.parametrize("four, six", [pytest.param(*pair, id=n) for n, *pair in QUOTES_4TO6])
def test_quotes_4to6(expect, four, six):
    expect(error4(3, 3, 0, four), as_error6(1, 4, 0, six))


@pytest.mark.parametrize("kept", CUTS)
@pytest.mark.parametrize("six, four", [pytest.param(*pair, id=n) for n, *pair in LONG_TRANSPORTS])
def test_cut_quotes_4to6(expect, six, four, kept):
    """Lengths and pseudo-headers are those of the whole packet."""
    expect(error4(11, 0, 0, ip4(HOST4, SERVER4, four, df=True)[:20 + kept]),
           as_error6(3, 0, 0, ip6(HOST6, SERVER6, six)[:40 + kept]))


def both_to_host(part, part4=None, before=(), hlim=60, tclass=0, **four):
    return (ip6(SERVER6, HOST6, *before, part, hlim=hlim, tclass=tclass),
            ip4(SERVER4, HOST4, part4 or part, ttl=hlim, tos=tclass, **{"id": ANY, **four}))


TO_HOST_SEGMENT6, TO_HOST_SEGMENT4 = (octets(a, b, tcp(80, 1000, bytes(range(200)), seq=7))
                                      for a, b in ((SERVER6, HOST6), (SERVER4, HOST4)))

QUOTES_6TO4 = [
    ("UDP", *both_to_host(udp(53, 1000, DATA))),
    ("TCP", *both_to_host(tcp(80, 1000, DATA, seq=9))),
    ("echo", *both_to_host(echo6(5, 6, DATA), echo4(5, 6, DATA))),
    ("echo reply", *both_to_host(echo_reply6(5, 6, DATA), echo_reply4(5, 6, DATA))),
    ("echo reply, all zero", *both_to_host(echo_reply6(0, 0), echo_reply4(0, 0, checksum=0xffff))),
    ("SCTP", *both_to_host(raw(SCTP, DATA))),
    ("hop limit 0", *both_to_host(udp(53, 1000, DATA), hlim=0)),
    ("hop limit 255", *both_to_host(udp(53, 1000, DATA), hlim=255)),
    ("traffic class", *both_to_host(udp(53, 1000, DATA), tclass=0xb9)),
    ("extension headers", *both_to_host(udp(53, 1000, DATA), before=[
        hop_by_hop(), destination_options(), routing(0)])),
    ("UDP without checksum", *both_to_host(udp(53, 1000, DATA, checksum=0))),
    ("UDP, wrong checksum", *both_to_host(udp(53, 1000, DATA, wrong_by=0x101))),
    ("TCP, wrong checksum", *both_to_host(tcp(80, 1000, DATA, wrong_by=0x101))),
    ("first fragment", *both_to_host(
        raw(TCP, TO_HOST_SEGMENT6[:104]), raw(TCP, TO_HOST_SEGMENT4[:104]), mf=True, id=0x7777,
        before=[fragment(0x12347777, 0, True)])),
    ("first fragment, tiny", *both_to_host(
        raw(TCP, TO_HOST_SEGMENT6[:8]), raw(TCP, TO_HOST_SEGMENT4[:8]), mf=True, id=0x7777,
        before=[fragment(0x7777, 0, True)])),
    ("later fragment", *both_to_host(
        raw(TCP, TO_HOST_SEGMENT6[8:104]), raw(TCP, TO_HOST_SEGMENT4[8:104]), mf=True, offset=8,
        id=0x7777, before=[fragment(0x7777, 8, True)])),
    ("last fragment", *both_to_host(
        raw(TCP, TO_HOST_SEGMENT6[104:]), raw(TCP, TO_HOST_SEGMENT4[104:]), offset=104, id=0x7777,
        before=[fragment(0x7777, 104)])),
    ("atomic", *both_to_host(udp(53, 1000, DATA), id=0x7777, before=[fragment(0x7777)])),
]


@pytest.mark.parametrize("six, four", [pytest.param(*pair, id=n) for n, *pair in QUOTES_6TO4])
def test_quotes_6to4(expect, six, four):
    expect(error6(1, 4, 0, six), as_error4(3, 3, 0, four))


@pytest.mark.parametrize("kept", CUTS)
@pytest.mark.parametrize("six, four", [pytest.param(*pair, id=n) for n, *pair in LONG_TRANSPORTS])
def test_cut_quotes_6to4(expect, six, four, kept):
    expect(error6(3, 0, 0, ip6(SERVER6, HOST6, six)[:40 + kept]),
           as_error4(11, 0, 0, ip4(SERVER4, HOST4, four, df=True, id=ANY)[:20 + kept]))


def test_quote_of_packet_too_big_with_fragment_header(expect):
    """The MTU is lowered by 20 all the same: the formula of 5.2."""
    six, four = (ip6(SERVER6, HOST6, fragment(0x7777, 0, True), raw(UDP, b"\x5a" * 480)),
                 ip4(SERVER4, HOST4, raw(UDP, b"\x5a" * 480), mf=True, id=0x7777))
    # The checksum of the fragment changes with the addresses, at offset 6.
    value = changed(0x5a5a, address(SERVER6) + address(HOST6), address(SERVER4) + address(HOST4))
    four = Packet(four[:26] + u16(value) + four[28:])
    expect(error6(2, 0, 1400, six), as_error4(3, 4, 1380, four))


def test_a_quoted_udp_checksum_of_zero_is_written_as_ones(expect):
    part = udp(1000, 53, bytes(octets(HOST6, SERVER6, udp(1000, 53, b"\0\0"))[6:8]))
    assert octets(HOST6, SERVER6, part)[6:8] == b"\xff\xff"
    expect(error4(3, 3, 0, both(part)[0]), as_error6(1, 4, 0, both(part)[1]))


def test_quoted_headers_with_nothing_behind(expect):
    """A packet may have been no longer than that."""
    expect(error6(1, 4, 0, ip6(SERVER6, HOST6)), as_error4(3, 3, 0, ip4(SERVER4, HOST4, id=ANY)))
    expect(error4(3, 3, 0, ip4(HOST4, SERVER4)), as_error6(1, 4, 0, ip6(HOST6, SERVER6)))


# Quotes that cannot be translated.

@pytest.mark.parametrize("quote", [
    ip6(SERVER6, HOST6, icmp6(1, 4, 0, TO_SERVER6)), ip6(SERVER6, HOST6, icmp6(2, 0, 1280)),
    ip6(SERVER6, HOST6, icmp6(135, 0, 0, bytes(16))), ip6(SERVER6, HOST6, icmp6(143, 0)),
    ip6(STRANGER6, HOST6, udp(1, 2)), ip6(SERVER6, STRANGER6, udp(1, 2)),
    ip6("2001:db8:100::100:0:c633:6402", HOST6, udp(1, 2)),
    ip6(SERVER6, HOST6, udp(1, 2), length=65535), ip6(SERVER6, HOST6, udp(1, 2), length=65516),
    TO_SERVER4, b"", TO_HOST6[:39], b"\x60" + bytes(47),
    ip6(SERVER6, HOST6, fragment(1), destination_options(), udp(1, 2)),
    ip6(SERVER6, HOST6, raw(ICMPV6, b"\x80\0\0")), ip6(SERVER6, HOST6, raw(ICMPV6)),
], ids=["an error", "an error without a quote", "neighbour solicitation", "listener report",
        "strange source", "strange destination", "source beside the prefix",
        "length above 65535", "length of 65536", "IPv4", "nothing", "cut in the header",
        "zeros", "extension header behind a Fragment header", "half an echo request",
        "no message"])
def test_untranslatable_quotes_6to4_are_dropped_silently(expect_silence, quote):
    expect_silence(error6(1, 4, 0, quote), error6(3, 0, 0, quote))


@pytest.mark.parametrize("quote", [
    ip4(HOST4, SERVER4, icmp4(3, 3, 0, TO_HOST4)), ip4(HOST4, SERVER4, icmp4(11, 0)),
    ip4(HOST4, SERVER4, icmp4(13, 0, 0, bytes(12))), TO_SERVER6, b"", TO_SERVER4[:19],
    bytes(28), b"\x44" + TO_SERVER4[1:],
    ip4(HOST4, SERVER4, udp(1, 2), length=19),
    b"\x4f" + ip4(HOST4, SERVER4, udp(1, 2))[1:],
    ip4(HOST4, SERVER4, raw(ICMP, b"\x08\0\0")), ip4(HOST4, SERVER4, raw(ICMP)),
], ids=["an error", "an error without a quote", "timestamp", "IPv6", "nothing",
        "cut in the header", "zeros", "header length below 20",
        "length below the header", "header beyond the quote", "half an echo request",
        "no message"])
def test_untranslatable_quotes_4to6_are_dropped_silently(expect_silence, quote):
    expect_silence(error4(3, 3, 0, quote), error4(11, 0, 0, quote))


@pytest.mark.parametrize("kept", [0, 4, 7])
def test_quotes_of_less_than_8_octets_of_transport_are_dropped_silently(expect_silence, kept):
    """RFC 792 and RFC 4443 want at least those: nobody could use less."""
    expect_silence(error6(1, 4, 0, TO_HOST6[:40 + kept]),
                   error4(3, 3, 0, TO_SERVER4[:20 + kept]))


@pytest.mark.configuration("set tos 184", "set traffic-class 46", more=True)
def test_settings_hold_for_quotes_as_well(expect):
    """4.3, 5.3: a quote is translated like a packet."""
    expect(error6(1, 4, 0, both_to_host(udp(53, 1000, DATA), tclass=3)[0]),
           as_error4(3, 3, 0, both_to_host(udp(53, 1000, DATA), tclass=184)[1], tos=184))
    expect(error4(3, 3, 0, both(udp(1000, 53, DATA), tclass=3)[0]),
           as_error6(1, 4, 0, both(udp(1000, 53, DATA), tclass=46)[1], tclass=46))


# Sizes of translated errors.

def test_error_of_1280_octets_is_cut_to_576(expect):
    six, four = ip6(SERVER6, HOST6, udp(53, 1000, LONG)), ip4(SERVER4, HOST4, udp(53, 1000, LONG),
                                                             df=True, id=ANY)
    packet = error6(3, 0, 0, six[:1232])
    assert len(packet) == 1280
    answer = as_error4(11, 0, 0, four[:548])
    assert len(answer) == 576
    expect(packet, answer)


@pytest.mark.parametrize("kept", [567, 568, 569])
def test_errors_about_576_octets(expect, kept):
    six, four = ip6(SERVER6, HOST6, udp(53, 1000, LONG)), ip4(SERVER4, HOST4, udp(53, 1000, LONG),
                                                             df=True, id=ANY)
    expect(error6(3, 0, 0, six[:kept]), as_error4(11, 0, 0, four[:min(548, kept - 20)]))


@pytest.mark.parametrize("kept", [548, 1211, 1212, 1213, 1472])
@pytest.mark.parametrize("df", [True, False], ids=["DF", "no DF"])
def test_errors_about_1280_octets(expect, kept, df):
    """Cut, but never split and never answered."""
    data = bytes(range(250)) * 6
    six, four = ip6(HOST6, SERVER6, udp(1000, 53, data)), ip4(HOST4, SERVER4, udp(1000, 53, data),
                                                             df=True)
    expect(error4(11, 0, 0, four[:kept], df=df), as_error6(3, 0, 0, six[:min(1232, kept + 20)]))


@pytest.mark.parametrize("wrong_by", [1, 0xabcd])
def test_wrong_checksum_of_an_error_that_is_cut_stays_wrong(expect, wrong_by):
    six, four = ip6(SERVER6, HOST6, udp(53, 1000, LONG)), ip4(SERVER4, HOST4, udp(53, 1000, LONG),
                                                             df=True, id=ANY)
    expect(error6(3, 0, 0, six[:1231], wrong_by=wrong_by),
           as_error4(11, 0, 0, four[:548], wrong_by=wrong_by))


# RFC 4884: extensions behind a quote whose length is said.

EXTENSION = bytes.fromhex("2000ae7d" "00080101" "00012345")


def length6(quote):
    return bytes([len(quote) // 8, 0, 0, 0])


def length4(quote):
    return bytes([0, len(quote) // 4, 0, 0])


def long_quotes(source, target, kept):
    """The first octets of a long packet in both families, both of these lengths."""
    part = udp(53, 1000, LONG)
    six = ip6(*source, part)
    four = ip4(*target, part, df=True, id=ANY)
    return six[:kept], four[:kept]


TO_HOST = (SERVER6, HOST6), (SERVER4, HOST4)
TO_SERVER = (HOST6, SERVER6), (HOST4, SERVER4)


@pytest.mark.parametrize("six, four", [((1, 4), (3, 3)), ((3, 0), (11, 0))],
                         ids=["unreachable", "time exceeded"])
@pytest.mark.parametrize("kept", [160, 200, 520])
def test_extension_moves_with_a_shorter_quote(expect, six, four, kept):
    quote6 = long_quotes(*TO_HOST, kept)[0]
    quote4 = long_quotes(*TO_HOST, kept - 20)[1]
    expect(error6(*six, length6(quote6), Packet.of(quote6, EXTENSION)),
           as_error4(*four, length4(quote4), Packet.of(quote4, EXTENSION)))


def test_quote_before_an_extension_is_padded_to_128(expect):
    quote6 = long_quotes(*TO_HOST, 128)[0]
    quote4 = Packet.of(long_quotes(*TO_HOST, 108)[1], bytes(20))
    expect(error6(3, 0, length6(quote6), Packet.of(quote6, EXTENSION)),
           as_error4(11, 0, length4(quote4), Packet.of(quote4, EXTENSION)))


@pytest.mark.parametrize("four, six", [((3, 3), (1, 4)), ((11, 0), (3, 0))],
                         ids=["unreachable", "time exceeded"])
@pytest.mark.parametrize("kept", [128, 132, 140, 500])
def test_extension_moves_with_a_longer_quote(expect, four, six, kept):
    quote4 = long_quotes(*TO_SERVER, kept)[1]
    quote6 = long_quotes(*TO_SERVER, kept + 20)[0]
    quote6 = Packet.of(quote6, bytes(-len(quote6) % 8))
    expect(error4(*four, length4(quote4), Packet.of(quote4, EXTENSION)),
           as_error6(*six, length6(quote6), Packet.of(quote6, EXTENSION)))


@pytest.mark.parametrize("four, six", [
    ((3, 4, b"\0\x20" + u16(1400)), (2, 0, 1420)), ((3, 2, b"\0\x20\0\0"), (4, 1, 6)),
    ((12, 0, b"\x08\x20\0\0"), (4, 0, 7)),
], ids=["fragmentation needed", "protocol unreachable", "parameter problem"])
def test_extension_is_lost_where_there_is_no_length(expect, four, six):
    quote4 = long_quotes(*TO_SERVER, 128)[1]
    quote6 = long_quotes(*TO_SERVER, 148)[0]
    expect(error4(*four, Packet.of(quote4, EXTENSION)), as_error6(*six, quote6))


def test_octets_behind_a_quote_without_a_length_are_the_quote(expect):
    quote6 = Packet.of(long_quotes(*TO_HOST, 128)[0], EXTENSION)
    quote4 = Packet.of(long_quotes(*TO_HOST, 108)[1], EXTENSION)
    expect(error6(3, 0, 0, quote6), as_error4(11, 0, 0, quote4))


def test_extension_is_kept_when_a_long_quote_is_cut(expect):
    quote6 = long_quotes(*TO_HOST, 1200)[0]
    quote4 = long_quotes(*TO_HOST, (548 - len(EXTENSION)) // 4 * 4)[1]
    expect(error6(3, 0, length6(quote6), Packet.of(quote6, EXTENSION)),
           as_error4(11, 0, length4(quote4), Packet.of(quote4, EXTENSION)))


@pytest.mark.parametrize("length", [200, 1300])
def test_extension_that_is_too_long_is_cut(net, expect, length):
    """4.2, and RFC 4884 4: at least 128 octets of the packet stay."""
    extension = EXTENSION + bytes(range(256)) * 6
    quote6, quote4 = long_quotes(*TO_HOST, 528)[0], long_quotes(*TO_HOST, 128)[1]
    expect(error6(3, 0, length6(quote6), Packet.of(quote6, extension[:900])),
           as_error4(11, 0, length4(quote4), Packet.of(quote4, extension[:420])))
    quote4, quote6 = long_quotes(*TO_SERVER, 528)[1], long_quotes(*TO_SERVER, 548)[0]
    kept = min(length, 1232 - 128)
    quote6 = Packet.of(quote6, bytes(4)) if length == 200 else quote6[:128]
    with net.mtus(to4=2000):
        expect(error4(11, 0, length4(quote4), Packet.of(quote4, extension[:length])),
               as_error6(3, 0, length6(quote6), Packet.of(quote6, extension[:kept])))


@pytest.mark.parametrize("length", [1, 4, 60, 255])
def test_a_length_that_leaves_no_extension(expect, length):
    """Less than the quoted headers, or all there is and more."""
    if length < 5:
        expect(error6(3, 0, bytes([length, 0, 0, 0])), as_error4(11, 0))
        expect(error4(11, 0, bytes([0, length, 0, 0])), as_error6(3, 0))
        return
    quote6, quote4 = long_quotes(*TO_HOST, 240)[0], long_quotes(*TO_HOST, 220)[1]
    expect(error6(3, 0, bytes([length, 0, 0, 0]), quote6), as_error4(11, 0, 0, quote4))
    quote4, quote6 = long_quotes(*TO_SERVER, 240)[1], long_quotes(*TO_SERVER, 260)[0]
    expect(error4(11, 0, bytes([0, length, 0, 0]), quote4), as_error6(3, 0, 0, quote6))


def test_a_length_below_eight_octets_of_the_quoted_transport(expect):
    """RFC 792: a quote has them, so that no extension begins before."""
    quote4 = ip4(HOST4, SERVER4, echo4(1, 2, DATA), id=0x7777, options=b"\1" * 4)
    quote6 = ip6(HOST6, SERVER6, echo6(1, 2, DATA))
    expect(error4(11, 0, bytes([0, 7, 0, 0]), quote4), as_error6(3, 0, 0, quote6))


# Sources of errors, RFC 6791.

def test_error_of_a_router_without_an_ipv4_address(expect):
    expect(error6(3, 0, source=ROUTER6), as_error4(11, 0, source=GATEWAY4))


def test_error_of_a_mapped_host(expect):
    expect(error6(1, 4, source=PEER6), as_error4(3, 3, source=PEER4))


@pytest.mark.configuration("set icmp-source4 192.0.2.200", more=True)
def test_icmp_source4(expect):
    expect(error6(3, 0, source=ROUTER6), as_error4(11, 0, source="192.0.2.200"))
    expect(error6(1, 4), as_error4(3, 3))


@pytest.mark.configuration("set icmp-source4 192.0.2.200/30", more=True)
def test_icmp_source4_is_a_pool(real):
    pool = ipaddress.ip_network("192.0.2.200/30")
    seen = set()
    for n in range(32):
        packet = error6(3, 0, source=f"2001:db8:7::{n + 1:x}")
        got, = real.wire.exchange(packet)[4]
        source = ipaddress.ip_address(bytes(got[12:16]))
        assert source in pool
        assert as_error4(11, 0, source=str(source)).closed(got) == got
        seen.add(source)
    assert len(seen) > 1


def test_other_messages_of_a_router_without_an_ipv4_address_are_refused(expect_silence):
    expect_silence(ip6(ROUTER6, SERVER6, echo6(1, 2)), ip6(ROUTER6, SERVER6, echo_reply6(1, 2)))


def test_error_of_an_ipv4_router(expect):
    expect(error4(11, 0, source=ROUTER4), as_error6(3, 0, source=ROUTER4_EMBEDDED))


@pytest.mark.parametrize("source", ["127.0.0.1", "0.0.0.0", "10.0.0.1", "169.254.1.1"])
def test_error_from_an_illegal_source_is_translated(expect, source):
    """4.1: for the purpose of trouble shooting."""
    expect(error4(11, 0, source=source), as_error6(3, 0, source=f"2001:db8:100::{source}"))


@pytest.mark.parametrize("source", ["::1", "::", "ff02::1"])
def test_error_from_an_illegal_ipv6_source_is_dropped(expect_silence, source):
    expect_silence(error6(3, 0, source=source))


# The headers in front of an error.

def test_error_behind_extension_headers(expect):
    packet = ip6(HOST6, SERVER6, hop_by_hop(), destination_options(), icmp6(1, 4, 0, TO_HOST6))
    expect(packet, as_error4(3, 3))


def test_error_in_an_atomic_fragment(expect):
    packet = ip6(HOST6, SERVER6, fragment(0x1234beef), icmp6(1, 4, 0, TO_HOST6))
    expect(packet, as_error4(3, 3, id=0xbeef))


def test_error_with_options(expect):
    expect(error4(3, 3, options=b"\1" * 12), as_error6(1, 4))


def test_error_with_traffic_class_and_tos(expect):
    expect(error6(1, 4, tclass=0xc0), as_error4(3, 3, tos=0xc0))
    expect(error4(3, 3, tos=0xc0), as_error6(1, 4, tclass=0xc0))


def test_fragmented_errors_are_dropped_silently(expect_silence):
    message6 = octets(HOST6, SERVER6, icmp6(1, 4, 0, TO_HOST6 + bytes(100)))
    expect_silence(ip6(HOST6, SERVER6, fragment(1, 0, True), raw(ICMPV6, message6[:104])),
                   ip6(HOST6, SERVER6, fragment(1, 104), raw(ICMPV6, message6[104:])))
    message4 = octets(SERVER4, HOST4, icmp4(3, 3, 0, TO_SERVER4 + bytes(100)))
    expect_silence(ip4(SERVER4, HOST4, raw(ICMP, message4[:104]), mf=True),
                   ip4(SERVER4, HOST4, raw(ICMP, message4[104:]), offset=104))


@pytest.mark.parametrize("length", [0, 4, 7])
def test_cut_icmp_headers_are_dropped_silently(expect_silence, length):
    expect_silence(ip6(HOST6, SERVER6, raw(ICMPV6, error6(1, 4)[40:40 + length])),
                   ip4(SERVER4, HOST4, raw(ICMP, error4(3, 3)[20:20 + length])))


# Errors about packets between two mapped hosts, RFC 7757 4.2 and appendix B.1.

PEER_FOR_HOST, HOST_FOR_PEER = "2001:db8:100::203.0.113.20", "2001:db8:100::203.0.113.10"
AS_SENT = ip6(HOST6, PEER_FOR_HOST, udp(1000, 53, DATA), hlim=60)
AS_RECEIVED = ip6(HOST_FOR_PEER, PEER6, udp(1000, 53, DATA), hlim=60)


@pytest.mark.parametrize("source, becomes", [
    (PEER6, PEER_FOR_HOST), (ROUTER6, "2001:db8:100::198.51.100.1")], ids=["the peer", "a router"])
def test_error_about_a_hairpinned_packet(expect, source, becomes):
    expect(ip6(source, HOST_FOR_PEER, icmp6(1, 4, 0, AS_RECEIVED)),
           ip6(becomes, HOST6, icmp6(1, 4, 0, AS_SENT), hlim=63))


def test_an_mtu_about_a_destination_without_a_route(real):
    """RFC 7915 4.2 and 5.2: there is no next hop whose MTU would count."""
    part = udp(1000, 53, DATA)
    with real.gateway.routes(f"route unreachable {HOST6}/128"):
        real.wire.expect(ip6(PEER6, SERVER6, icmp6(2, 0, 1400, ip6(SERVER6, HOST6, part))),
                         ip4(PEER4, SERVER4, icmp4(3, 4, 1380, ip4(SERVER4, HOST4, part)), ttl=63, id=ANY))
    with real.gateway.routes(f"route unreachable {SERVER4}/32"):
        real.wire.expect(ip4("198.51.100.3", HOST4, icmp4(3, 4, 1400, ip4(HOST4, SERVER4, part))),
                         ip6("2001:db8:100::c633:6403", HOST6, icmp6(2, 0, 1420, ip6(HOST6, SERVER6, part)), hlim=63))


@pytest.mark.configuration("prefix add 2001:db8:64::/64", more=True)
@pytest.mark.parametrize("source", ["2001:db8:64:0:ffc6:3364:200:0", "2001:db8:7::9"])
def test_a_quote_that_comes_from_no_ipv4_host(expect_silence, source):
    """RFC 6052 2.2: bits 64 to 71; or outside of all prefixes."""
    expect_silence(ip6(HOST6, SERVER6, icmp6(1, 0, 0, ip6(source, HOST6, udp(1, 2)))))


def test_packet_too_big_about_a_hairpinned_packet(expect):
    expect(ip6(ROUTER6, HOST_FOR_PEER, icmp6(2, 0, 1400, AS_RECEIVED)),
           ip6("2001:db8:100::198.51.100.1", HOST6, icmp6(2, 0, 1400, AS_SENT), hlim=63))


ROUTER_MAPPED = "203.0.113.77"


@pytest.mark.configuration(f"add {ROUTER_MAPPED} {ROUTER6}", more=True)
def test_error_of_a_mapped_router_about_a_hairpinned_packet(expect):
    """RFC 7757 4.2.1, rule 3: its mapping counts, for the packet was not for the router."""
    expect(ip6(ROUTER6, HOST_FOR_PEER, icmp6(3, 0, 0, AS_RECEIVED)),
           ip6(ROUTER6, HOST6, icmp6(3, 0, 0, AS_SENT), hlim=63))


def test_error_of_a_mapped_ipv4_source(expect):
    """RFC 7757 4.2.1, rules 2 and 3."""
    about = ip4(HOST4, PEER4, udp(1000, 53, DATA))
    quote = ip6(HOST6, PEER_FOR_HOST, udp(1000, 53, DATA))
    expect(error4(3, 3, 0, about, source=PEER4), as_error6(1, 4, 0, quote, source=PEER_FOR_HOST))
    expect(error4(11, 0, source=PEER4), as_error6(3, 0, source=PEER6))


# RFC 6052 3.1 inside of errors.

@pytest.mark.configuration("prefix add 64:ff9b::/96", f"add {HOST4} {HOST6}")
def test_quotes_of_what_the_well_known_prefix_must_not_carry(expect, expect_silence):
    def to4(address):
        return ip6(HOST6, "64:ff9b::8.8.8.8", icmp6(1, 4, 0, ip6(
            f"64:ff9b::{address}", HOST6, udp(53, 1000, DATA))))

    def to6(address):
        return ip4("8.8.8.8", HOST4, icmp4(3, 3, 0, ip4(HOST4, address, udp(1000, 53, DATA))))

    expect_silence(to4("10.1.2.3"), to6("10.1.2.3"))
    expect(to4("8.8.4.4"), ip4(HOST4, "8.8.8.8", icmp4(3, 3, 0, ip4(
        "8.8.4.4", HOST4, udp(53, 1000, DATA), id=ANY)), ttl=63, id=ANY))
    expect(to6("8.8.4.4"), ip6("64:ff9b::8.8.8.8", HOST6, icmp6(1, 4, 0, ip6(
        HOST6, "64:ff9b::8.8.4.4", udp(1000, 53, DATA))), hlim=63))
