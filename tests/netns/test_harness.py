# SPDX-License-Identifier: GPL-2.0-only
"""The harness itself: without the module, on plain forwarding."""

import icmp_error
import packet as p
import pytest
from addresses import HOST6, MAC_FAR4, PEER6, SENTINEL6, SERVER4
from frame import GSO_TCPV6, Frame, Offload


NATIVE6 = "2001:db8:4::4"


@pytest.fixture(scope="module")
def wire(namespaces):
    with namespaces.gateway.routes(f"neigh {NATIVE6} lladdr {MAC_FAR4} dev to4",
                                   f"route {NATIVE6} dev to4"):
        yield namespaces.wire


def test_native_packets_are_forwarded_octet_for_octet(wire):
    sent = p.ip6(HOST6, NATIVE6, p.udp(1, 2, b"x"))
    wire.expect(sent, Frame(p.ip6(HOST6, NATIVE6, p.udp(1, 2, b"x"), hlim=63), side=4))
    wire.expect(p.ip4(SERVER4, "192.0.2.9", p.udp(1, 2, b"x"), id=9),
                p.ip4(SERVER4, "192.0.2.9", p.udp(1, 2, b"x"), id=9, ttl=63))


def test_answers_of_the_gateway_are_as_described(wire):
    sent = p.ip6(HOST6, "2001:db8:2::1", p.udp(1, 2, b"x" * 1400), hlim=1)
    wire.expect(sent, icmp_error.time_exceeded(sent))
    sent = p.ip4(SERVER4, "192.0.2.9", p.udp(1, 2, b"x" * 1400), ttl=1)
    wire.expect(sent, icmp_error.time_exceeded(sent))


def test_silence_is_seen(wire):
    wire.expect_silence(p.ip4(SERVER4, "192.0.2.9", p.udp(1, 2), header_checksum=1),
                        p.ip6(HOST6, "ff02::1234", p.udp(1, 2)))


@pytest.mark.parametrize("wrong", [
    p.ip4(SERVER4, "192.0.2.9", p.udp(1, 2, b"x"), id=8, ttl=63),
    p.ip4(SERVER4, "192.0.2.9", p.udp(1, 2, b"y"), id=9, ttl=63),
    p.ip4(SERVER4, "192.0.2.9", p.udp(1, 2, b"x"), id=9, ttl=62),
    p.ip6(HOST6, PEER6, p.udp(1, 2, b"x")),
], ids=["id", "data", "ttl", "family"])
def test_a_wrong_packet_is_noticed(wire, wrong):
    with pytest.raises(AssertionError, match="is wrong|nobody expected"):
        wire.expect(p.ip4(SERVER4, "192.0.2.9", p.udp(1, 2, b"x"), id=9), wrong)


def test_an_unexpected_packet_is_noticed(wire):
    with pytest.raises(AssertionError, match="nobody expected"):
        wire.expect_silence(p.ip4(SERVER4, "192.0.2.9", p.udp(1, 2, b"x")))


def test_a_missing_packet_is_noticed(wire):
    with pytest.raises(AssertionError, match="did not come"):
        wire.expect(p.ip4(SERVER4, "192.0.2.9", p.udp(1, 2), header_checksum=1),
                    p.ip4(SERVER4, "192.0.2.9", p.udp(1, 2)))


def test_an_open_identification_leaves_nothing_else_open(wire):
    sent = p.ip4(SERVER4, "192.0.2.9", p.udp(1, 2, b"x"), id=9)
    wire.expect(sent, p.ip4(SERVER4, "192.0.2.9", p.udp(1, 2, b"x"), id=p.ANY, ttl=63))
    with pytest.raises(AssertionError, match="ttl"):
        wire.expect(sent, p.ip4(SERVER4, "192.0.2.9", p.udp(1, 2, b"x"), id=p.ANY, ttl=62))


def test_a_super_packet_passes_with_its_offload(wire):
    tcp = p.tcp(1, 2, b"x" * 5000, checksum=0x1234)
    offload = Offload(GSO_TCPV6, 1220, 74, 54, 16)
    wire.expect(Frame(p.ip6(HOST6, NATIVE6, tcp), offload=offload),
                Frame(p.ip6(HOST6, NATIVE6, tcp, hlim=63), side=4,
                      offload=Offload(GSO_TCPV6, 1220, 0, 54, 16)))


def test_mtus_can_be_changed(namespaces):
    sent = p.ip4(SERVER4, SENTINEL6, p.udp(1, 2, b"x" * 3000), df=True)
    with namespaces.mtus(to4=9000, to6=1400):
        namespaces.wire.expect(sent, icmp_error.fragmentation_needed(sent, 1400))


# The builder agrees with scapy.

def scapy_pairs():
    # It takes its time: only where it is used.
    from scapy.layers import inet as i, inet6 as s
    six, four = dict(src="2001:db8::1", dst="2001:db8::2"), dict(src="192.0.2.1", dst="192.0.2.2")
    a6, b6, a4, b4 = "2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2"
    data = b"some data!"
    return [
        (p.ip6(a6, b6, p.udp(5, 6, data), tclass=7, flow=0x12345, hlim=3),
         s.IPv6(**six, tc=7, fl=0x12345, hlim=3) / i.UDP(sport=5, dport=6) / data),
        (p.ip6(a6, b6, p.tcp(5, 6, data, seq=9, ack=8, flags=0x12, window=77)),
         s.IPv6(**six) / i.TCP(sport=5, dport=6, seq=9, ack=8, flags=0x12, window=77) / data),
        (p.ip6(a6, b6, p.echo6(3, 4, data)),
         s.IPv6(**six) / s.ICMPv6EchoRequest(id=3, seq=4, data=data)),
        (p.ip6(a6, b6, p.hop_by_hop(), p.destination_options(), p.fragment(7, 1232, True),
               p.raw(89, data)),
         s.IPv6(**six) / s.IPv6ExtHdrHopByHop(options=[s.PadN(optdata=b"\0" * 4)]) /
         s.IPv6ExtHdrDestOpt(options=[s.PadN(optdata=b"\0" * 4)]) /
         s.IPv6ExtHdrFragment(id=7, offset=154, m=1, nh=89) / data),
        (p.ip6(a6, b6, p.icmp6(2, 0, 1400, p.ip6(b6, a6, p.udp(1, 2, data)))),
         s.IPv6(**six) / s.ICMPv6PacketTooBig(mtu=1400) /
         s.IPv6(src=b6, dst=a6) / i.UDP(sport=1, dport=2) / data),
        (p.ip4(a4, b4, p.udp(5, 6, data), id=7, tos=9, df=True, ttl=3),
         i.IP(**four, id=7, tos=9, flags="DF", ttl=3) / i.UDP(sport=5, dport=6) / data),
        (p.ip4(a4, b4, p.tcp(5, 6, data, options=b"\1\1\1\1"), id=7, mf=True),
         i.IP(**four, id=7, flags="MF") /
         i.TCP(sport=5, dport=6, seq=1, flags="A", options=[("NOP", 0)] * 4) / data),
        (p.ip4(a4, b4, p.echo4(3, 4, data), options=b"\1\1\1\1"),
         i.IP(**four, id=0, options=[i.IPOption_NOP()] * 4) / i.ICMP(id=3, seq=4) / data),
        (p.ip4(a4, b4, p.raw(89, data), offset=1480),
         i.IP(**four, id=0, frag=185, proto=89) / data),
    ]


def test_built_packets_are_those_of_scapy():
    for mine, theirs in scapy_pairs():
        assert p.describe(mine) == p.describe(bytes(theirs)) and bytes(mine) == bytes(theirs)


@pytest.mark.parametrize("text, inverse", [(b"", 0xffff), (b"\0\0", 0xffff), (b"\xff\xff", 0),
                                           (b"\x00\x01\xf2\x03\xf4\xf5\xf6\xf7", 0x220d),
                                           (b"\x01", 0xfeff)])
def test_checksums(text, inverse):
    assert p.checksum(text) == inverse
