# SPDX-License-Identifier: GPL-2.0-only
"""The stack around the translator: offloads, shapes of packets in memory, filters, devices."""

import contextlib
import os
import re
import socket
import struct
from pathlib import Path

import nft
import pytest
import sockets
import topology
import util
from addresses import (GATEWAY4, HOST4, HOST6, MAC_FAR4, PEER6, PREFIX, REAL4, REAL4_EMBEDDED,
                       REAL6, REAL6_MAPPED, SERVER4, SERVER6)
from frame import GSO_TCPV4, GSO_TCPV6, GSO_UDP_L4, Frame, Offload
from icmp_error import fragmentation_needed, packet_too_big
from model_header import fragments4
from netns import Namespace
from offloads import ALL_OFF, ALL_ON, offloads
from packet import (ANY, TCP, UDP, destination_options, echo4, echo6, fragment, hop_by_hop, icmp4,
                    icmp6, ip4, ip6, octets, ones_sum, pad, pseudo, raw, tcp, u16, udp)
from util import CTL, DEADLINE

pytestmark = [pytest.mark.usefixtures("real"), pytest.mark.as_configured]

# Checksums that the sender left to its device.

def seeded(src, dst, part, at):
    """A transport whose checksum field holds the sum of the pseudo-header only."""
    body = octets(src, dst, part)
    seed = ones_sum(pseudo(src, dst, part.proto, len(body)))
    return raw(part.proto, body[:at] + u16(seed) + body[at + 2:])


UNFINISHED = [("TCP", tcp(1000, 80, bytes(range(100)), seq=7), 16), ("UDP", udp(1000, 53, b"x" * 99), 6)]


@pytest.mark.parametrize("part, at", [pytest.param(p, a, id=n) for n, p, a in UNFINISHED])
def test_unfinished_checksum_stays_unfinished(expect, part, at):
    expect(Frame(ip6(HOST6, SERVER6, seeded(HOST6, SERVER6, part, at)),
                 offload=Offload(csum_start=54, csum_offset=at)),
           Frame(ip4(HOST4, SERVER4, seeded(HOST4, SERVER4, part, at), ttl=63, id=ANY),
                 offload=Offload(csum_start=34, csum_offset=at)))
    expect(Frame(ip4(SERVER4, HOST4, seeded(SERVER4, HOST4, part, at)),
                 offload=Offload(csum_start=34, csum_offset=at)),
           Frame(ip6(SERVER6, HOST6, seeded(SERVER6, HOST6, part, at), hlim=63),
                 offload=Offload(csum_start=54, csum_offset=at)))


@pytest.mark.parametrize("part, at", [pytest.param(p, a, id=n) for n, p, a in UNFINISHED])
def test_unfinished_checksum_is_finished_for_a_device_that_cannot(net, expect, part, at):
    with offloads(net, near=dict(tx=False)):
        expect(Frame(ip6(HOST6, SERVER6, seeded(HOST6, SERVER6, part, at)),
                     offload=Offload(csum_start=54, csum_offset=at)),
               ip4(HOST4, SERVER4, part, ttl=63, id=ANY))
        expect(Frame(ip4(SERVER4, HOST4, seeded(SERVER4, HOST4, part, at)),
                     offload=Offload(csum_start=34, csum_offset=at)),
               ip6(SERVER6, HOST6, part, hlim=63))


@pytest.mark.parametrize("part, at", [pytest.param(p, a, id=n) for n, p, a in UNFINISHED])
def test_unfinished_checksum_behind_extension_headers(expect, part, at):
    expect(Frame(ip6(HOST6, SERVER6, hop_by_hop(), destination_options(pad(14)),
                     seeded(HOST6, SERVER6, part, at)),
                 offload=Offload(csum_start=54 + 24, csum_offset=at)),
           Frame(ip4(HOST4, SERVER4, seeded(HOST4, SERVER4, part, at), ttl=63, id=ANY),
                 offload=Offload(csum_start=34, csum_offset=at)))


@pytest.mark.parametrize("part, at", [pytest.param(p, a, id=n) for n, p, a in UNFINISHED])
def test_unfinished_checksum_behind_options(expect, part, at):
    expect(Frame(ip4(SERVER4, HOST4, seeded(SERVER4, HOST4, part, at), options=b"\1" * 12),
                 offload=Offload(csum_start=46, csum_offset=at)),
           Frame(ip6(SERVER6, HOST6, seeded(SERVER6, HOST6, part, at), hlim=63),
                 offload=Offload(csum_start=54, csum_offset=at)))


def test_unfinished_checksum_is_finished_before_splitting(net, expect):
    part = udp(53, 1000, bytes(range(250)) * 6)
    body = octets(SERVER6, HOST6, part)
    with net.mtus(to4=2000):
        expect(Frame(ip4(SERVER4, HOST4, seeded(SERVER4, HOST4, part, 6), id=7),
                     offload=Offload(csum_start=34, csum_offset=6)),
               ip6(SERVER6, HOST6, fragment(7, 0, True), raw(UDP, body[:1232]), hlim=63),
               ip6(SERVER6, HOST6, fragment(7, 1232), raw(UDP, body[1232:]), hlim=63))


def test_unfinished_checksum_of_a_hairpinned_packet(expect):
    part = tcp(1000, 80, bytes(range(100)))
    there, here = "2001:db8:100::203.0.113.20", "2001:db8:100::203.0.113.10"
    expect(Frame(ip6(HOST6, there, seeded(HOST6, there, part, 16)),
                 offload=Offload(csum_start=54, csum_offset=16)),
           Frame(ip6(here, PEER6, seeded(here, PEER6, part, 16), hlim=63),
                 offload=Offload(csum_start=54, csum_offset=16)))


def test_unfinished_checksum_of_an_echo(expect):
    """It has a pseudo-header in ICMPv6 only."""
    data = bytes(range(99))
    unfinished4 = raw(1, octets(HOST4, SERVER4, echo4(7, 8, data, checksum=0xffff)))  # as good as 0
    there = Frame(ip6(HOST6, SERVER6, seeded(HOST6, SERVER6, echo6(7, 8, data), 2)),
                  offload=Offload(csum_start=54, csum_offset=2))
    expect(there, Frame(ip4(HOST4, SERVER4, unfinished4, ttl=63, id=ANY), offload=Offload(csum_start=34, csum_offset=2)))
    expect(Frame(ip4(SERVER4, HOST4, unfinished4), offload=Offload(csum_start=34, csum_offset=2)),
           Frame(ip6(SERVER6, HOST6, seeded(SERVER6, HOST6, echo6(7, 8, data), 2), hlim=63),
                 offload=Offload(csum_start=54, csum_offset=2)))


# Super-packets.

def super_tcp(src, dst, gso, mss, data, sport=1000, dport=80, **fields):
    """A TCP super-packet as a sender with segmentation offload makes it."""
    part = seeded(src, dst, tcp(sport, dport, data, seq=7, flags=0x18), 16)
    make, at = (ip6, 54) if ":" in src else (ip4, 34)
    return Frame(make(src, dst, part, **fields), offload=Offload(gso, mss, 74, at, 16))


def segments(make, src, dst, data, mss, flags=0x18, **fields):
    """The TCP segments that a super-packet stands for."""
    cut = [data[n:n + mss] for n in range(0, len(data), mss)]
    return [make(src, dst, tcp(1000, 80, piece, seq=7 + n * mss,
                               flags=flags if n == len(cut) - 1 else flags & ~0x09), **fields)
            for n, piece in enumerate(cut)]


DATA = bytes(range(251)) * 20


@pytest.mark.parametrize("mss, df", [(1220, False), (1221, True), (1440, True), (500, False)])
def test_tcp_super_packet_6to4(expect, mss, df):
    """DF is what the segments need, not the whole."""
    sent = super_tcp(HOST6, SERVER6, GSO_TCPV6, mss, DATA)
    got = super_tcp(HOST4, SERVER4, GSO_TCPV4, mss, DATA, ttl=63, id=ANY, df=df)
    expect(sent, Frame(got.packet, offload=Offload(GSO_TCPV4, mss, 0, 34, 16)))


@pytest.mark.parametrize("mss", [1440, 1220, 500])
def test_tcp_super_packet_4to6(expect, mss):
    sent = super_tcp(SERVER4, HOST4, GSO_TCPV4, mss, DATA, df=True)
    got = super_tcp(SERVER6, HOST6, GSO_TCPV6, mss, DATA, hlim=63)
    expect(sent, Frame(got.packet, offload=Offload(GSO_TCPV6, mss, 0, 54, 16)))


@pytest.mark.parametrize("mss, df", [(1220, False), (1221, True), (1440, True)])
def test_tcp_super_packet_6to4_for_a_device_that_cannot(net, expect, mss, df):
    with offloads(net, near=dict(tso=False, gso=False)):
        expect(super_tcp(HOST6, SERVER6, GSO_TCPV6, mss, DATA),
               *segments(ip4, HOST4, SERVER4, DATA, mss, ttl=63, id=ANY, df=df))


def test_tcp_super_packet_4to6_for_a_device_that_cannot(net, expect):
    with offloads(net, near=dict(tso=False, gso=False)):
        expect(super_tcp(SERVER4, HOST4, GSO_TCPV4, 1440, DATA, df=True),
               *segments(ip6, SERVER6, HOST6, DATA, 1440, hlim=63))


def test_identifications_of_segments_differ(net, wire):
    """RFC 6864: those of one super-packet, and those of the next."""
    with offloads(net, near=dict(tso=False, gso=False)):
        frames = [super_tcp(HOST6, SERVER6, GSO_TCPV6, 500, DATA) for _ in range(8)]
        seen = wire.exchange(*frames)[4]
    assert len(seen) == 8 * 11
    assert len({packet[4:6] for packet in seen}) == len(seen)


def test_tcp_super_packet_without_df_small_segments(expect):
    """Segments that fit lowest-ipv6-mtu need no fragments."""
    sent = super_tcp(SERVER4, HOST4, GSO_TCPV4, 1220, DATA)
    got = super_tcp(SERVER6, HOST6, GSO_TCPV6, 1220, DATA, hlim=63)
    expect(sent, Frame(got.packet, offload=Offload(GSO_TCPV6, 1220, 0, 54, 16)))


def test_tcp_super_packet_without_df_large_segments(expect, wire):
    """Each segment by itself is split, with the Identification that it would have had."""
    data, mss = DATA[:3000], 1400
    sent = super_tcp(SERVER4, HOST4, GSO_TCPV4, mss, data, id=100)
    expected = []
    for n, segment in enumerate(segments(ip6, SERVER6, HOST6, data, mss, hlim=63)):
        body = segment[40:]
        if len(segment) <= 1280:
            expected.append(segment)
            continue
        expected += [ip6(SERVER6, HOST6, fragment(100 + n, at, at + 1232 < len(body)),
                         raw(TCP, body[at:at + 1232]), hlim=63) for at in range(0, len(body), 1232)]
    expect(sent, *expected)


@pytest.mark.parametrize("mss", [1000, 1220])
def test_tcp_super_packet_of_small_segments_for_a_smaller_link(net, expect, mss):
    """5.1.1: a sender of no more than 1280 octets is not told, its segments are fragmented."""
    with net.mtus(to4=700):
        expected = []
        for whole in segments(ip4, HOST4, SERVER4, DATA[:3 * mss], mss, ttl=63, id=ANY):
            expected += fragments4(whole, 700)
        expect(super_tcp(HOST6, SERVER6, GSO_TCPV6, mss, DATA[:3 * mss]), *expected)


def test_tcp_super_packet_too_big_by_its_segments(net, expect):
    with net.mtus(to4=1400):
        fits = super_tcp(HOST6, SERVER6, GSO_TCPV6, 1360, DATA)
        got = super_tcp(HOST4, SERVER4, GSO_TCPV4, 1360, DATA, ttl=63, id=ANY, df=True)
        expect(fits, Frame(got.packet, offload=Offload(GSO_TCPV4, 1360, 0, 34, 16)))
        large = super_tcp(HOST6, SERVER6, GSO_TCPV6, 1361, DATA)
        seen = expect.__self__.exchange(large)
        assert not seen[4] and len(seen[6]) == 1
        assert seen[6][0][40:48] == icmp_head(packet_too_big(large, 1420), seen[6][0])


def test_tcp_super_packet_needs_fragmentation_by_its_segments(net, wire):
    with net.mtus(to6=1400):
        fits = super_tcp(SERVER4, HOST4, GSO_TCPV4, 1340, DATA, df=True)
        got = super_tcp(SERVER6, HOST6, GSO_TCPV6, 1340, DATA, hlim=63)
        wire.expect(fits, Frame(got.packet, offload=Offload(GSO_TCPV6, 1340, 0, 54, 16)))
        large = super_tcp(SERVER4, HOST4, GSO_TCPV4, 1341, DATA, df=True)
        seen = wire.exchange(large)
        assert not seen[6] and len(seen[4]) == 1
        assert seen[4][0][20:28] == icmp_head(fragmentation_needed(large, 1380), seen[4][0])


def icmp_head(expected, seen):
    """Type, code and MTU as expected, with the checksum of what was seen.

    How a kernel quotes an unfinished super-packet, and so the checksum, is its own affair.
    """
    at = 40 if expected[0] >> 4 == 6 else 20
    return bytes(expected[at:at + 2] + seen[at + 2:at + 4] + expected[at + 4:at + 8])


def udp_super(src, dst, size, data, **fields):
    part = seeded(src, dst, udp(1000, 53, data), 6)
    make, at = (ip6, 54) if ":" in src else (ip4, 34)
    return Frame(make(src, dst, part, **fields), offload=Offload(GSO_UDP_L4, size, 62, at, 6))


@pytest.mark.skipif(util.kernel() < (6, 2), reason="packet sockets know no UDP segmentation; "
                                              "test_udp_segmentation_of_a_socket does it all")
@pytest.mark.parametrize("size, df", [(1232, False), (1233, True), (400, False)])
def test_udp_super_packets(expect, size, df):
    sent, got = (udp_super(HOST6, SERVER6, size, DATA),
                 udp_super(HOST4, SERVER4, size, DATA, ttl=63, id=ANY, df=df))
    expect(sent, Frame(got.packet, offload=Offload(GSO_UDP_L4, size, 0, 34, 6)))
    sent, got = (udp_super(SERVER4, HOST4, size, DATA, df=True),
                 udp_super(SERVER6, HOST6, size, DATA, hlim=63))
    expect(sent, Frame(got.packet, offload=Offload(GSO_UDP_L4, size, 0, 54, 6)))


@pytest.mark.parametrize("device_can", [True, False], ids=["offload", "software"])
@pytest.mark.parametrize("from_side", [6, 4], ids=["6to4", "4to6"])
def test_udp_segmentation_of_a_socket(real, from_side, device_can):
    """UDP_SEGMENT: the datagrams arrive as they were meant."""
    near, far, to = ((real.v6, real.v4, REAL4_EMBEDDED) if from_side == 6 else
                     (real.v4, real.v6, REAL6_MAPPED))
    states = ALL_ON if device_can else dict(ALL_OFF)
    with offloads(real, near=dict(states, gro=False)), far:
        sink = socket.socket(socket.AF_INET if from_side == 6 else socket.AF_INET6,
                             socket.SOCK_DGRAM)
        sink.bind(("", 0))
        sink.settimeout(DEADLINE)
        with near:
            source = socket.socket(socket.AF_INET6 if from_side == 6 else socket.AF_INET,
                                   socket.SOCK_DGRAM)
        data = DATA[:2500]
        source.sendmsg([data], [(socket.IPPROTO_UDP, 103, struct.pack("=H", 400))], 0,
                       (to, sink.getsockname()[1]))
        assert [sink.recv(2000) for _ in range(7)] == [data[n:n + 400] for n in range(0, 2500, 400)]


# Connections of real sockets, whatever the devices do.

STATES = [("all on", ALL_ON, ALL_ON), ("all off", ALL_OFF, ALL_OFF),
          ("hosts on, gateway off", ALL_ON, ALL_OFF), ("hosts off, gateway on", ALL_OFF, ALL_ON),
          ("no GRO", dict(ALL_ON, gro=False), dict(ALL_ON, gro=False)),
          ("checksums only", dict(ALL_OFF, tx=True, rx=True), dict(ALL_OFF, tx=True, rx=True)),
          ("GRO only", dict(ALL_OFF, rx=True, gro=True), dict(ALL_OFF, rx=True, gro=True))]


@pytest.mark.parametrize("from_side", [6, 4], ids=["6to4", "4to6"])
@pytest.mark.parametrize("far, near", [pytest.param(f, n, id=i) for i, f, n in STATES])
def test_connections_carry_their_data(real, from_side, far, near):
    data = os.urandom(400_000)
    client, server, to = ((real.v6, real.v4, REAL4_EMBEDDED) if from_side == 6 else
                          (real.v4, real.v6, REAL6_MAPPED))
    with real.mtus(far6=1500, far4=1500), offloads(real, far, near):
        ours, theirs = sockets.connect(client, server, to)
        with ours, theirs:
            assert sockets.stream(ours, theirs, data) == data
            assert sockets.stream(theirs, ours, data) == data


# Packets that are not in one piece, or not ours alone.

def in_pieces(packet):
    """Only the Ethernet header is linear, all else lies in pages."""
    assert len(packet) > 4096
    return Frame(packet, offload=Offload(header=14))


LONG = bytes(range(251)) * 20


@pytest.mark.parametrize("six, four", [
    (udp(1, 2, LONG), udp(1, 2, LONG)), (tcp(1, 2, LONG), tcp(1, 2, LONG)),
    (echo6(1, 2, LONG), echo4(1, 2, LONG)),
], ids=["UDP", "TCP", "echo"])
def test_packets_in_pieces(net, expect, six, four):
    with net.mtus(to6=9000, to4=9000):
        expect(in_pieces(ip6(HOST6, SERVER6, hop_by_hop(), destination_options(pad(254)), six)),
               ip4(HOST4, SERVER4, four, ttl=63, id=ANY, df=True))
        expect(in_pieces(ip4(SERVER4, HOST4, four, options=b"\1" * 40, df=True)),
               ip6(SERVER6, HOST6, six, hlim=63))


def test_packets_in_pieces_are_split(net, expect):
    body = octets(SERVER6, HOST6, udp(1, 2, LONG))
    expected = [ip6(SERVER6, HOST6, fragment(7, at, at + 1232 < len(body)),
                    raw(UDP, body[at:at + 1232]), hlim=63) for at in range(0, len(body), 1232)]
    with net.mtus(to4=9000):
        expect(in_pieces(ip4(SERVER4, HOST4, udp(1, 2, LONG), id=7)), *expected)
        expect(in_pieces(ip4(SERVER4, HOST4, udp(1, 2, LONG, checksum=0), id=7)), *expected)


def test_errors_in_pieces(net, expect):
    quote6, quote4 = (ip6(SERVER6, HOST6, udp(1, 2, LONG)),
                      ip4(SERVER4, HOST4, udp(1, 2, LONG), id=ANY, df=True))
    with net.mtus(to6=9000, to4=9000):
        expect(in_pieces(ip6(HOST6, SERVER6, icmp6(1, 4, 0, quote6))),
               ip4(HOST4, SERVER4, icmp4(3, 3, 0, quote4[:548]), ttl=63, id=ANY))
        quote6, quote4 = (ip6(HOST6, SERVER6, udp(1, 2, LONG)),
                          ip4(HOST4, SERVER4, udp(1, 2, LONG), df=True))
        expect(in_pieces(ip4(SERVER4, HOST4, icmp4(3, 3, 0, quote4), df=True)),
               ip6(SERVER6, HOST6, icmp6(1, 4, 0, quote6[:1232]), hlim=63))


def test_refused_packets_in_pieces(net, expect):
    with net.mtus(to6=9000, to4=1500):
        packet = ip6(HOST6, SERVER6, udp(1, 2, LONG))
        expect(in_pieces(packet), packet_too_big(packet, 1520))
    with net.mtus(to4=9000):
        packet = ip4(SERVER4, HOST4, udp(1, 2, LONG), df=True)
        expect(in_pieces(packet), fragmentation_needed(packet, 1480))


@contextlib.contextmanager
def tap(namespace, device):
    """A packet socket, as tcpdump has one: what passes is cloned for it."""
    with namespace:
        listener = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    with listener:
        listener.bind((device, 3))
        listener.setblocking(False)
        yield lambda: [listener.recv(9000)[14:]
                       for _ in iter(lambda: _ready(listener), False)]


def _ready(some):
    try:
        some.recv(1, socket.MSG_PEEK)
        return True
    except BlockingIOError:
        return False


@pytest.mark.parametrize("sent, got", [
    (ip6(HOST6, SERVER6, tcp(1, 2, b"x" * 99)), ip4(HOST4, SERVER4, tcp(1, 2, b"x" * 99), ttl=63,
                                                   id=ANY)),
    (ip6(HOST6, SERVER6, echo6(1, 2)), ip4(HOST4, SERVER4, echo4(1, 2), ttl=63, id=ANY)),
    (ip4(SERVER4, HOST4, udp(1, 2, b"x" * 99)), ip6(SERVER6, HOST6, udp(1, 2, b"x" * 99), hlim=63)),
    (ip4(SERVER4, HOST4, udp(1, 2, b"x", checksum=0)), ip6(SERVER6, HOST6, udp(1, 2, b"x"), hlim=63)),
    (ip6(HOST6, SERVER6, icmp6(1, 4, 0, ip6(SERVER6, HOST6, udp(1, 2, b"x")))),
     ip4(HOST4, SERVER4, icmp4(3, 3, 0, ip4(SERVER4, HOST4, udp(1, 2, b"x"), id=ANY)), ttl=63,
         id=ANY)),
    (ip4(SERVER4, HOST4, icmp4(3, 3, 0, ip4(HOST4, SERVER4, udp(1, 2, b"x")))),
     ip6(SERVER6, HOST6, icmp6(1, 4, 0, ip6(HOST6, SERVER6, udp(1, 2, b"x"))), hlim=63)),
], ids=["TCP 6to4", "echo 6to4", "UDP 4to6", "UDP without checksum 4to6", "error 6to4",
        "error 4to6"])
def test_listeners_see_what_was_on_the_wire(real, sent, got):
    """A clone in somebody else's hands is not written to."""
    with tap(real.gateway, "to6") as six, tap(real.gateway, "to4") as four:
        real.wire.expect(sent, got)
        assert bytes(sent) in (six() if sent[0] >> 4 == 6 else four())


def test_tcpdump_sees_both_families(real, tmp_path):
    util.need("tcpdump")
    dump = real.gateway.start("tcpdump", "-Z", "root", "-i", "any", "-U", "-w", tmp_path / "pcap", "udp port 4242",
                              stderr=-1)
    with dump:
        dump.stderr.readline()
        for _ in range(3):
            real.wire.expect(ip6(HOST6, SERVER6, udp(4242, 4242, b"x")),
                             ip4(HOST4, SERVER4, udp(4242, 4242, b"x"), ttl=63, id=ANY))
        file = tmp_path / "pcap"
        util.eventually(lambda: file.exists() and file.stat().st_size > 24 + 6 * 60, "six packets")
        dump.terminate()
    text = util.run("tcpdump", "-nr", tmp_path / "pcap").stdout
    assert text.count("IP6") == text.count(" IP ") == 3


# Filters see translated packets as forwarded ones of their new family.

COUNTERS = [
    nft.chain("prerouting", f'ip6 daddr {SERVER6} counter comment "prerouting old 6"',
          f'ip saddr {HOST4} counter comment "prerouting new 4"'),
    nft.chain("input", 'meta l4proto udp counter comment "input"'),
    nft.chain("forward",
          f'iifname "to6" oifname "to4" ip saddr {HOST4} ip daddr {SERVER4} ip ttl 63 '
          'counter comment "forward 4"',
          f'iifname "to4" oifname "to6" ip6 saddr {SERVER6} ip6 daddr {HOST6} ip6 hoplimit 63 '
          'counter comment "forward 6"',
          f'ip6 daddr {SERVER6} counter comment "forward old 6"',
          f'ip daddr {HOST4} counter comment "forward old 4"'),
    nft.chain("postrouting",
          f'iifname "to6" oifname "to4" ip saddr {HOST4} counter comment "postrouting 4"',
          f'iifname "to4" oifname "to6" ip6 saddr {SERVER6} counter comment "postrouting 6"'),
]


def both_ways(wire):
    wire.expect(ip6(HOST6, SERVER6, udp(1, 2)), ip4(HOST4, SERVER4, udp(1, 2), ttl=63, id=ANY))
    wire.expect(ip4(SERVER4, HOST4, udp(1, 2)), ip6(SERVER6, HOST6, udp(1, 2), hlim=63))


def test_filters_see_packets_of_the_new_family_between_their_devices(real, filters):
    filters(*COUNTERS)
    both_ways(real.wire)
    assert nft.counted(real.gateway) == {
        "prerouting old 6": 0, "prerouting new 4": 0, "input": 0, "forward 4": 1, "forward 6": 1,
        "forward old 6": 0, "forward old 4": 0, "postrouting 4": 1, "postrouting 6": 1}


@pytest.mark.configuration("set forwarding direct", more=True)
def test_filters_do_not_see_packets_that_go_direct(real, filters):
    filters(*COUNTERS)
    both_ways(real.wire)
    assert set(nft.counted(real.gateway).values()) == {0}


@pytest.mark.configuration("set forwarding direct", more=True)
def test_direct_forwarding_translates_alike(real):
    expect = real.wire.expect
    expect(ip6(HOST6, SERVER6, hop_by_hop(), tcp(1, 2, b"x"), tclass=3, hlim=9),
           ip4(HOST4, SERVER4, tcp(1, 2, b"x"), tos=3, ttl=8, id=ANY))
    part = udp(1, 2, bytes(1300))
    body = octets(SERVER6, HOST6, part)
    expect(ip4(SERVER4, HOST4, part, id=7),
           ip6(SERVER6, HOST6, fragment(7, 0, True), raw(UDP, body[:1232]), hlim=63),
           ip6(SERVER6, HOST6, fragment(7, 1232), raw(UDP, body[1232:]), hlim=63))
    expect(ip6(HOST6, "2001:db8:100::203.0.113.20", udp(1, 2)),
           ip6("2001:db8:100::203.0.113.10", PEER6, udp(1, 2), hlim=63))
    with real.mtus(to4=1000):
        part = udp(1, 2, bytes(1200))
        body = octets(HOST4, SERVER4, part)
        expect(ip6(HOST6, SERVER6, part),
               ip4(HOST4, SERVER4, raw(UDP, body[:976]), ttl=63, id=ANY, mf=True),
               ip4(HOST4, SERVER4, raw(UDP, body[976:]), ttl=63, id=ANY, offset=976))
    super_packet = super_tcp(SERVER4, HOST4, GSO_TCPV4, 1440, DATA, df=True)
    got = super_tcp(SERVER6, HOST6, GSO_TCPV6, 1440, DATA, hlim=63)
    expect(super_packet, Frame(got.packet, offload=Offload(GSO_TCPV6, 1440, 0, 54, 16)))


@pytest.mark.parametrize("hook", ["forward", "postrouting"])
def test_filters_can_drop_what_is_translated(real, filters, hook):
    filters(nft.chain(hook, f"ip saddr {HOST4} udp dport 666 drop",
                      f"ip6 saddr {SERVER6} udp dport 666 drop"))
    real.wire.expect_silence(ip6(HOST6, SERVER6, udp(1, 666)), ip4(SERVER4, HOST4, udp(1, 666)))
    both_ways(real.wire)


def test_fragments_pass_where_connections_are_tracked(real, filters):
    """Nothing is reassembled, though somebody in the namespace wants it to be."""
    filters(nft.chain("forward", "ct state established accept"))
    six = octets(HOST6, SERVER6, udp(1, 2, bytes(64)))
    four = octets(HOST4, SERVER4, udp(1, 2, bytes(64)))
    real.wire.expect(ip6(HOST6, SERVER6, fragment(7, 0, True), raw(UDP, six[:32])),
                     ip4(HOST4, SERVER4, raw(UDP, four[:32]), ttl=63, id=7, mf=True))
    real.wire.expect(ip4(SERVER4, HOST4, raw(UDP, bytes(32)), id=7, mf=True, offset=64),
                     ip6(SERVER6, HOST6, fragment(7, 64, True), raw(UDP, bytes(32)), hlim=63))


def test_translated_packets_are_untracked(real, filters):
    """A usual set of rules, which drops what is invalid, lets them pass."""
    filters(nft.chain("prerouting", "ct state new accept"),
            nft.chain("forward", 'ct state invalid counter drop comment "invalid"',
                  'ct state untracked counter accept comment "untracked"',
                  "ip daddr 198.18.77.0/24 accept", policy="drop"))
    both_ways(real.wire)
    assert nft.counted(real.gateway) == {"invalid": 0, "untracked": 2}


def test_native_packets_are_tracked_as_before(real, filters):
    filters(nft.chain("forward", 'ip daddr 192.0.2.9 ct state new counter comment "new"'))
    real.wire.expect(ip4(SERVER4, "192.0.2.9", udp(1, 2)), ip4(SERVER4, "192.0.2.9", udp(1, 2), ttl=63))
    assert nft.counted(real.gateway) == {"new": 1}


def test_reject_in_the_forward_chain_reaches_an_ipv6_sender(real, filters):
    """The error is made in IPv4, by the gateway, and is translated on its way out."""
    filters(nft.chain("forward", f"ip saddr {HOST4} udp dport 666 reject with icmp port-unreachable"))
    sent = ip6(HOST6, SERVER6, udp(1, 666, b"x"))
    quote = ip6(HOST6, SERVER6, udp(1, 666, b"x"), hlim=63)
    real.wire.expect(sent, ip6("2001:db8:100::198.51.100.1", HOST6, icmp6(1, 4, 0, quote),
                               tclass=0xc0))


def test_reject_in_the_forward_chain_reaches_an_ipv4_sender(real, filters):
    filters(nft.chain("forward",
                  f"ip6 saddr {SERVER6} udp dport 666 reject with icmpv6 port-unreachable"))
    sent = ip4(SERVER4, HOST4, udp(1, 666, b"x"))
    quote = ip4(SERVER4, HOST4, udp(1, 666, b"x"), ttl=63, id=ANY)
    real.wire.expect(sent, ip4(GATEWAY4, SERVER4, icmp4(3, 3, 0, quote), id=ANY))


@pytest.mark.parametrize("direction", ["6to4", "4to6"])
def test_tcp_reset_in_the_forward_chain_reaches_the_sender(real, filters, direction):
    filters(nft.chain("forward",
                      f"ip6 saddr {REAL4_EMBEDDED} tcp dport 666 reject with tcp reset",
                      f"ip saddr {REAL6_MAPPED} tcp dport 666 reject with tcp reset"))
    client, to = (real.v6, REAL4_EMBEDDED) if direction == "6to4" else (real.v4, REAL6_MAPPED)
    with client:
        ours = socket.socket(socket.AF_INET6 if ":" in to else socket.AF_INET)
    with ours:
        ours.settimeout(DEADLINE)
        with pytest.raises(ConnectionRefusedError):
            ours.connect((to, 666))


# Devices and routes.

def test_strict_reverse_path_filter(real):
    with real.gateway.sysctls(net__ipv4__conf__all__rp_filter=1, net__ipv4__conf__to4__rp_filter=1,
                              net__ipv4__conf__to6__rp_filter=1):
        with real.gateway.routes("route 192.0.2.0/24 via 198.51.100.254"):
            both_ways(real.wire)


def test_martian_logging_and_no_route_back(real):
    """The mapped addresses need no route of their own in IPv4."""
    with real.gateway.routes("route unreachable 203.0.113.0/24"):
        both_ways(real.wire)


def test_mark_chooses_packets(real, filters, configure):
    configure("set mark 0x40/0xf0")
    packet, forwarded = (ip4(SERVER4, HOST4, udp(1, 2), ttl=t) for t in (64, 63))
    real.wire.expect(packet, forwarded)
    filters(nft.chain("prerouting", f"ip saddr {SERVER4} udp dport 2 meta mark set 0x14f",
                  f"ip6 saddr {HOST6} meta mark set 0x14f",
                  f"ip saddr {SERVER4} udp dport 3 meta mark set 0x180", priority=-1000))
    both_ways(real.wire)
    real.wire.expect(ip4(SERVER4, HOST4, udp(1, 3)), ip4(SERVER4, HOST4, udp(1, 3), ttl=63))


def test_mark_survives(real, filters):
    filters(nft.chain("prerouting", "udp sport 1 meta mark set 77 meta priority set 1:7",
                  priority=-1000),
            nft.chain("forward", f'ip saddr {HOST4} meta mark 77 meta priority 1:7 counter comment "4"',
                  f'ip6 saddr {SERVER6} meta mark 77 meta priority 1:7 counter comment "6"'))
    # Else the priority is that of the type of service, see test_forwarding.py.
    with real.gateway.sysctls(net__ipv4__ip_forward_update_priority=0):
        both_ways(real.wire)
    assert nft.counted(real.gateway) == {"4": 1, "6": 1}


QDISCS = ["fq", "fq_codel", "pfifo limit 1000", "handle 1: htb default 1", "tbf rate 1gbit burst 64k limit 1m"]


def qdisc_name(qdisc):
    return qdisc.split()[2 if qdisc.startswith("handle") else 0]


def can_queue(qdisc):
    """Whether this kernel has it."""
    return qdisc_name(qdisc) not in ("fq_codel", "htb", "tbf") or util.run(
        "modprobe", "-q", f"sch_{qdisc_name(qdisc)}", check=False).returncode == 0


@pytest.mark.parametrize("qdisc", [
    pytest.param(q, marks=pytest.mark.skipif(not can_queue(q), reason="not in this kernel"))
    for q in QDISCS])
def test_queueing_disciplines(real, qdisc):
    for device in ("to6", "to4"):
        real.gateway.run("tc", "qdisc", "replace", "dev", device, "root", *qdisc.split())
        if "htb" in qdisc:
            real.gateway.run("tc", "class", "add", "dev", device, "parent", "1:", "classid", "1:1",
                             "htb", "rate", "1gbit")
    try:
        for _ in range(3):
            both_ways(real.wire)
        real.wire.expect(super_tcp(SERVER4, HOST4, GSO_TCPV4, 1440, DATA, df=True),
                         Frame(super_tcp(SERVER6, HOST6, GSO_TCPV6, 1440, DATA, hlim=63).packet,
                               offload=Offload(GSO_TCPV6, 1440, 0, 54, 16)))
    finally:
        for device in ("to6", "to4"):
            real.gateway.run("tc", "qdisc", "del", "dev", device, "root")


# Nothing configured, nothing there.

TRACING = Path("/sys/kernel/tracing")


@contextlib.contextmanager
def traced():
    """Calls of the module's functions, by the kernel's function tracer."""
    calls = []
    (TRACING / "trace").write_text("")
    (TRACING / "set_ftrace_filter").write_text(":mod:nat64")
    (TRACING / "current_tracer").write_text("function")
    try:
        yield calls
    finally:
        calls += re.findall(r"nat64_\w+", (TRACING / "trace").read_text())
        (TRACING / "current_tracer").write_text("nop")
        (TRACING / "set_ftrace_filter").write_text("")


@pytest.mark.skipif(not (TRACING / "set_ftrace_filter").exists(),
                    reason="this kernel does not trace functions")
def test_packets_meet_the_module_only_where_something_has_been_configured(real):
    with traced() as calls:
        both_ways(real.wire)
    assert calls
    with traced() as calls:
        real.v4.run("ping", "-c", "1", REAL4)
        real.v6.run("ping", "-c", "1", REAL6)
    assert not calls


def test_packets_are_untouched_where_nothing_is_configured_any_more(real):
    wire, gateway = real.wire, real.gateway
    packet, untouched = (ip4(SERVER4, HOST4, udp(1, 2), ttl=t) for t in (64, 63))
    gateway.ctl("load", "-", input="")
    assert topology.state(gateway) == "off"
    with gateway.routes(f"neigh {SERVER6} lladdr {MAC_FAR4} dev to4", f"route {SERVER6} dev to4"):
        wire.expect(packet, untouched)
        wire.expect(ip6(HOST6, SERVER6, udp(1, 2)),
                    Frame(ip6(HOST6, SERVER6, udp(1, 2), hlim=63), side=4))
    gateway.ctl("prefix", "add", PREFIX)
    assert topology.state(gateway) == "on"
    gateway.ctl("prefix", "del", PREFIX)
    assert topology.state(gateway) == "off"
    wire.expect(packet, untouched)


@topology.hooks_can_be_listed
def test_hooks_stand_only_where_something_has_been_configured(real):
    """And stay there: unregistering a hook loses what waits in any NFQUEUE of the namespace."""
    namespace = Namespace("nat64-hooks")
    try:
        assert topology.hooks(real.gateway) and not topology.hooks(namespace)
        namespace.run(CTL, "prefix", "add", PREFIX)
        assert topology.hooks(namespace)
        namespace.run(CTL, "load", "-", input="")
        assert topology.hooks(namespace)
    finally:
        namespace.delete()


@topology.hooks_can_be_listed
def test_hooks_come_before_defragmentation(real):
    """NF_IP_PRI_CONNTRACK_DEFRAG is -400."""
    numbers = [int(re.search(r"[-+]?\d{10}|[-+]\d+", line)[0])
               for line in topology.hooks(real.gateway)]
    assert min(numbers) < -400
