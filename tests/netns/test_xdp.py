# SPDX-License-Identifier: GPL-2.0-only
"""XDP: which frames are translated in their device's driver, and what becomes of them.

Whatever comes, the same comes out as without a program, octet for octet, and
counter translated_xdp tells who took it. These tests have a gateway of their
own, in which no policy rule ever stood: with one, the stack has all packets.
"""

import contextlib

import addresses
import pytest
import xdp
from addresses import GATEWAY4, GATEWAY6, HOST4, HOST6, PEER4, SERVER4, SERVER6, STRANGER6
from frame import Frame
from icmp_error import quoted
from ingress import DIRECT, FOUR, FROM4, FROM6, PART, SIX, TO4, TO6
from model import Model
from packet import (TCP, UDP, checksum, echo4, echo6, icmp4, icmp6, ip4, ip6, octets, ones_sum,
                    pseudo, raw, tcp, u16, udp)
from programs import need_xdp
from router import trimmed
from test_ingress import PACKETS, STREAM, left_to_device, plain, saying

pytestmark = pytest.mark.as_configured


@pytest.fixture(scope="module")
def topology(module, namespaces):
    need_xdp()
    with xdp.topology("xdp") as topology:
        yield topology


@pytest.fixture
def net(topology):
    topology.configure(DIRECT)
    return topology


@pytest.fixture
def count(net):
    with contextlib.closing(xdp.Count(net.gateway)) as count:
        yield count


# Frames.

EMBEDDED = f"2001:db8:100::{SERVER4}"


def summing_to(src, dst, make, wanted):
    """A part whose right checksum between these addresses is that."""
    bare = make(b"\0\0")
    field = {TCP: 16, UDP: 6}.get(bare.proto, 2)
    head = octets(src, dst, bare)
    start = b"" if bare.proto == 1 else pseudo(src, dst, bare.proto, len(head))
    now = checksum(start, head[:field], head[field + 2:])
    part = make(u16((now - wanted) % 0xffff))
    body = octets(src, dst, part)
    return raw(part.proto, body[:field] + u16(wanted) + body[field + 2:])


def bare_sum(src, dst, make):
    """One whose right checksum is the sum of its pseudo-header."""
    bare = make(b"\0\0")
    length = len(octets(src, dst, bare))
    return summing_to(src, dst, make, ones_sum(pseudo(src, dst, bare.proto, length)))


def becoming(src, dst, make, wanted, there=None):
    """One whose right checksum is that between other addresses, where echo messages are others."""
    return make(octets(src, dst, summing_to(src, dst, there or make, wanted))[-2:])


def a_datagram(data):
    return udp(1, 53, data)


def a_segment(data):
    return tcp(1000, 80, data, seq=7)


def an_echo6(data):
    return echo6(1, 2, data)


def an_echo4(data):
    return echo4(1, 2, data)


BACK6, BACK4 = (SERVER6, HOST6), (HOST4, SERVER4)  # what the addresses of FOUR and SIX become


def sums():
    """Checksums that are special before or behind translation."""
    for name, here, there, make in (("6", SIX, BACK4, ip6), ("4", FOUR, BACK6, ip4)):
        for what, part in (("UDP", a_datagram), ("TCP", a_segment)):
            yield f"{name} {what} of sum ffff", make(*here, summing_to(*here, part, 0xffff)), True
            yield f"{name} {what} becomes of sum 0", make(*here, becoming(*there, part, 0)), True
            yield f"{name} {what} becomes of sum ffff", make(*here, becoming(*there, part, 0xffff)), True
            yield f"{name} {what} has the sum of its pseudo-header", make(*here, bare_sum(*here, part)), False
            bare = ones_sum(pseudo(*there, part(b"").proto, len(octets(*there, part(b"ab")))))
            yield f"{name} {what} gets the sum of its pseudo-header", make(*here, becoming(*there, part, bare)), True
            for by in (1, 0x8000, 0xfffe):
                wrong = (udp if what == "UDP" else tcp)(1, 53, b"question", wrong_by=by)
                yield f"{name} {what} with a sum wrong by {by:x}", make(*here, wrong), True
        yield f"{name} TCP of sum 0", make(*here, summing_to(*here, a_segment, 0)), True
    for port in (4789, 6081, 8472):
        yield f"6 to a tunnel at {port}", ip6(*SIX, udp(1, port, b"x")), False
        yield f"4 to a tunnel at {port}", ip4(*FOUR, udp(1, port, b"x")), False
    yield "6 UDP with a sum of 0", ip6(*SIX, udp(1, 53, b"x", checksum=0)), False
    for sum_, taken in ((0, True), (0xffff, True)):
        yield f"6 echo of sum {sum_:x}", ip6(*SIX, summing_to(*SIX, an_echo6, sum_)), taken
    yield "6 echo with the sum of its pseudo-header", ip6(*SIX, bare_sum(*SIX, an_echo6)), False
    yield "6 echo with a wrong sum", ip6(*SIX, echo6(1, 2, b"data", wrong_by=0x1234)), True
    for sum_ in (0, 0xffff):
        yield f"6 echo becomes of sum {sum_:x}", ip6(*SIX, becoming(*BACK4, an_echo6, sum_, an_echo4)), True
        yield f"4 echo becomes of sum {sum_:x}", ip4(*FOUR, becoming(*BACK6, an_echo4, sum_, an_echo6)), True
    yield "4 echo of sum 0", ip4(*FOUR, summing_to(*FOUR, an_echo4, 0)), False
    yield "4 echo of sum ffff", ip4(*FOUR, summing_to(*FOUR, an_echo4, 0xffff)), True
    yield "4 echo with a wrong sum", ip4(*FOUR, echo4(1, 2, b"data", wrong_by=0x1234)), True


def sizes():
    """Around what is never split, what has DF, and MTUs; and what is too short."""
    for length in (1259, 1260, 1261, 1280, 1479, 1480):
        data = bytes(length - 28)
        yield f"6 becomes {length}", ip6(*SIX, udp(1, 53, data)), True
        yield f"4 of {length}", ip4(*FOUR, udp(1, 53, data), id=7), length <= 1260
        yield f"4 of {length} with DF", ip4(*FOUR, udp(1, 53, data), df=True), True
    yield "4 of 1481 with DF", ip4(*FOUR, udp(1, 53, bytes(1453)), df=True), False
    for name, here, make in (("6", SIX, ip6), ("4", FOUR, ip4)):
        for length in (1, 7, 8, 19, 20):
            body = octets(*here, STREAM)[:length]
            yield f"{name} {length} octets of TCP", make(*here, raw(TCP, body)), length == 20
        for length in (1, 7, 8):
            yield f"{name} {length} octets of UDP", make(*here, raw(UDP, octets(*here, PART)[:length])), length == 8
        for length in (0, 7, 8, 15, 17, 65535):
            yield f"{name} UDP that says {length}", make(*here, udp(1, 53, b"question", length=length)), True
        echo = icmp6 if name == "6" else icmp4
        yield f"{name} short echo", make(*here, raw(58 if name == "6" else 1, octets(*here, echo(8, 0))[:7])), False
        yield f"{name} TCP with a wrong header length", make(*here, raw(
            TCP, octets(*here, STREAM)[:12] + b"\xf0" + octets(*here, STREAM)[13:])), True
        yield f"{name} TCP with options", make(*here, tcp(1, 2, b"x", options=b"\2\4\5\xb4" * 3)), True
        yield f"{name} data of an odd length", make(*here, tcp(1, 2, b"odd")), True
        yield f"{name} with much padding", Frame(make(*here, PART), trailer=bytes(range(200))), True
        yield f"{name} unfinished and padded", Frame(left_to_device(*here, PART, 6).packet, trailer=b"pad",
                                                     offload=left_to_device(*here, PART, 6).offload), False
        packet = make(*here, PART)
        for cut in (1, 8, 12, 20, 21, len(packet) - 1):
            yield f"{name} frame of {cut}", Frame(packet[:cut], protocol=b"\x86\xdd" if name == "6" else b"\x08\0",
                                                  side=int(name)), False
    yield "6 says less", saying(FROM6, len(FROM6) - 41), True
    yield "6 says less than UDP", saying(FROM6, 7), False
    yield "4 says less", saying(FROM4, len(FROM4) - 1), True
    yield "4 says less than UDP", saying(FROM4, 27), False


def headers():
    for hops in (0, 1, 2, 255):
        yield f"6 hop limit {hops}", ip6(*SIX, PART, hlim=hops), hops > 1
        yield f"4 TTL {hops}", ip4(*FOUR, PART, ttl=hops), hops > 1
    for tos in (1, 2, 3, 0xb8, 0xff):
        yield f"6 traffic class {tos:x}", ip6(*SIX, PART, tclass=tos, flow=0xfffff), True
        yield f"4 TOS {tos:x}", ip4(*FOUR, PART, tos=tos, id=99), True
    yield "4 reserved flag", ip4(*FOUR, PART, reserved=True), True
    yield "4 DF", ip4(*FOUR, PART, df=True, id=7), True
    yield "4 DF and more", ip4(*FOUR, PART, df=True, mf=True), False
    for proto in (0, 2, 4, 41, 44, 50, 51, 59, 132, 136, 255):
        yield f"6 protocol {proto}", ip6(*SIX, raw(proto, bytes(24))), False
        yield f"4 protocol {proto}", ip4(*FOUR, raw(proto, bytes(24))), False
    yield "6 ICMPv4", ip6(*SIX, raw(1, octets(*FOUR, echo4(1, 2)))), False
    yield "4 ICMPv6", ip4(*FOUR, raw(58, octets(*SIX, echo6(1, 2)))), False
    for code in (0, 1):
        yield f"6 echo code {code}", ip6(*SIX, icmp6(128, code, 7, b"x")), True
        yield f"6 echo reply code {code}", ip6(*SIX, icmp6(129, code, 7, b"x")), True
        yield f"4 echo code {code}", ip4(*FOUR, icmp4(8, code, 7, b"x")), True
        yield f"4 echo reply code {code}", ip4(*FOUR, icmp4(0, code, 7, b"x")), True
    for kind in (1, 2, 3, 4, 127, 130, 133, 134, 135, 136, 255):
        yield f"6 ICMP {kind}", ip6(*SIX, icmp6(kind, 0, 1400, FROM6)), False
    for kind in (3, 4, 5, 9, 10, 11, 12, 13, 17, 255):
        yield f"4 ICMP {kind}", ip4(*FOUR, icmp4(kind, 0, 1400, FROM4)), False


def links():
    for name, packet in (("6", FROM6), ("4", FROM4)):
        for what, dst in (("another", "02:00:00:00:99:99"), ("all", "ff:ff:ff:ff:ff:ff"), ("some", "33:33:00:00:00:01"),
                          ("IPv4's some", "01:00:5e:00:00:01")):
            yield f"{name} for {what}", Frame(packet, dst=dst), False
        for what, tag in (("a VLAN", b"\x81\0\0\5"), ("VLAN 0", b"\x81\0\xe0\0"), ("a service VLAN", b"\x88\xa8\0\5"),
                          ("two VLANs", b"\x88\xa8\0\5\x81\0\0\5")):
            yield f"{name} in {what}", Frame(packet, tag=tag), False
        yield f"{name} with another protocol", Frame(packet, protocol=b"\x08\0" if name == "6" else b"\x86\xdd"), False
        yield f"{name} with a length", Frame(packet, protocol=u16(len(packet))), False
        yield f"{name} from a group", Frame(packet, src="03:00:00:00:00:01"), True


def ends():
    """Addresses that are nobody's, everybody's, or mapped."""
    for four in ("0.0.0.0", "0.0.0.1", "127.0.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"):
        yield f"6 to {four}", ip6(HOST6, f"2001:db8:100::{four}", PART), False
        yield f"4 from {four}", ip4(four, HOST4, PART), False
        yield f"4 to {four}", ip4(SERVER4, four, PART), False
    for six in ("::", "::1", "ff02::1", "fe80::1", STRANGER6, SERVER6):
        yield f"6 from {six}", ip6(six, SERVER6, PART), False
    yield "6 to a host that is mapped", ip6(HOST6, f"2001:db8:100::{PEER4}", PART), False
    yield "6 to itself", ip6(HOST6, f"2001:db8:100::{HOST4}", PART), False
    yield "6 to the gateway's IPv4 address", ip6(HOST6, f"2001:db8:100::{GATEWAY4}", PART), False
    yield "6 to a broadcast address", ip6(HOST6, "2001:db8:100::198.51.100.255", PART), False
    yield "6 to the gateway", ip6(HOST6, GATEWAY6, PART), False
    yield "6 native", ip6(HOST6, addresses.REAL6, PART), False
    yield "4 from a mapped address", ip4(PEER4, HOST4, PART), True
    yield "4 from itself", ip4(HOST4, HOST4, PART), True
    yield "4 from the gateway", ip4(GATEWAY4, HOST4, PART), True
    yield "4 to nobody", ip4(SERVER4, "203.0.113.99", PART), False


# By name what comes in, and whether it is translated in XDP.
OURS = {name: (sent, taken) for some in (sums, sizes, headers, links, ends) for name, sent, taken in some()}
# Of what the ingress hook takes, XDP takes no more than this; super-packets come in segments to it.
TAKEN = ("UDP", "TCP", "UDP without data", "UDP with a wrong checksum", "echo", "echo reply", "traffic class",
         "congestion", "flow label", "long", "padded", "padded, TCP", "last hop but one", "not to be split",
         "type of service", "from the gateway's address", "UDP with a checksum of 0 in IPv4",
         "UDP with a checksum of 0 in IPv6", "of 1260 octets in IPv4", "of 1261 octets in IPv4")
THERE = {name: (sent, name[2:] in TAKEN) for name, (sent, _) in PACKETS.items() if "super" not in name}
FRAMES = {**THERE, **OURS}


def outcomes(net, count):
    """What comes out of each frame, and how many packets of it are translated in XDP."""
    found, taken = {}, {}
    for name, (sent, _) in FRAMES.items():
        before = count.taken()
        out = net.wire.exchange_once(sent)
        found[name] = [packet.finished() for side in (6, 4) for packet in out[side]]
        taken[name] = count.taken() - before
    return found, taken


def compared(packets):
    """Octets, but for what IPv4 numbers as it likes, with their frames."""
    return [(plain(packet), packet.ether) for packet in packets]


def as_modelled(sent, got):
    """Whether that is what the RFCs say."""
    expected = MODEL.of(trimmed(quoted(sent))).packets
    return [packet.closed(seen) for packet, seen in zip(expected, got)] == got and len(expected) == len(got)


MODEL = Model(addresses.CONFIG, gateway4=GATEWAY4, gateway6=GATEWAY6)


def warm(net):
    """The stack has sent to all neighbours: before, it does not keep their headers."""
    for _ in range(2):
        net.wire.expect([FROM6, FROM4], TO4, TO6)


@pytest.mark.parametrize("mode", ["", "generic"], ids=["native", "generic"])
def test_packets_become_what_they_become_in_the_stack(net, count, mode):
    net.configure(addresses.CONFIG)
    usual, none = outcomes(net, count)
    assert not any(none.values())
    net.configure(DIRECT)
    warm(net)
    with xdp.programs(net.gateway, "to6", "to4", mode=mode):
        found, taken = outcomes(net, count)
    wrong = [name for name in FRAMES if compared(usual[name]) != compared(found[name])]
    wrong += [name for name, (sent, is_taken) in FRAMES.items() if is_taken and not as_modelled(sent, found[name])]
    other = [name for name, (_, is_taken) in FRAMES.items() if taken[name] != is_taken]
    assert not wrong, "\n".join(f"{name}: {usual[name]}, now {found[name]}" for name in wrong)
    assert not other, [(name, taken[name]) for name in other]
