# SPDX-License-Identifier: GPL-2.0-only
"""What a Linux router with the translator in it does with a packet that comes in.

The model says what the translator does; here is what Linux does before it and
behind it: the packets that it never shows to anybody, the segments of
super-packets, the way of the gateway's own answers.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address

from frame import GSO_UDP_L4
from generator import VLAN
from model_header import Header4, Refused, fragments4, icmpv6_type
from packet import FRAGMENT, HOP_BY_HOP, TCP, UDP, Packet, checksum, icmp6, ip6, pseudo, u16, u32, version
from taps import MARKS

HOP_BY_HOP_OPTIONS = 8  # net.ipv6.max_hbh_opts_number
TCP_LEAST = 8  # TCP_MIN_GSO_SIZE


@dataclass
class Expected:
    """What is to come out, what is to be counted, and in a word why."""

    packets: list = field(default_factory=list)
    counts: dict = field(default_factory=dict)
    uses: Counter = field(default_factory=Counter)
    passed: int = 0  # seen by the chains behind the translator
    verdict: str = ""
    reason: str = ""
    open: bool = False  # nobody can say: it has to be counted, and what comes out well-formed

    def add(self, outcome):
        self.packets += outcome.packets
        self.uses += outcome.uses
        for name, by in outcome.counts.items():
            self.counts[name] = self.counts.get(name, 0) + by


def hop_by_hop(packet):
    """RFC 8200 4.2, as Linux reads it before anybody sees the packet.

    None if it may go on, else an answer if there is to be one.
    """
    if len(packet) < 48 or len(packet) < 48 + 8 * packet[41]:
        return ()
    at, end, padding, count = 42, 48 + 8 * packet[41], 0, 0
    while at < end:
        kind = packet[at]
        if kind and (at + 2 > end or at + 2 + packet[at + 1] > end):
            return ()
        size = 2 + packet[at + 1] if kind else 1
        if kind < 2:
            padding += size
            if padding > 7 or any(packet[at + 2:at + size]) and kind:
                return ()
        else:
            padding, count = 0, count + 1
            refused = refuse_option(packet, kind, at)
            if count > HOP_BY_HOP_OPTIONS:
                return ()
            if refused is not None:
                return refused
        at += size
    return None


def refuse_option(packet, kind, at):
    if kind == 5:
        return None if packet[at + 1] == 2 else ()
    if kind == 0xc2:
        return jumbo(packet, at)
    if kind == 7:  # RFC 5570, which nobody has configured
        return () if packet[at + 1] < 8 or packet[at + 6] * 4 + 8 > packet[at + 1] else None
    if kind == 49:
        return () if at & 3 else None
    return {0: None, 1: ()}.get(kind >> 6, (4, 2, at))


def jumbo(packet, at):
    if packet[at + 1] != 4 or at & 3 != 2:
        return ()
    length = int.from_bytes(packet[at + 2:at + 6], "big")
    if length <= 0xffff or packet[4:6] != b"\0\0":
        return 4, 0, at + 2 * (length <= 0xffff)
    return ()


def trimmed(packet):
    """The packet without what the link padded it with; None if Linux drops it unseen."""
    if version(packet) == 4:
        try:
            return packet[:Header4(packet).length]
        except Refused:
            return None
    size = 40 + int.from_bytes(packet[4:6], "big")
    if size > 40 or packet[6] != HOP_BY_HOP:
        return packet[:size] if len(packet) >= size else None
    return packet


# Super-packets.

def finished(packet, offload):
    """The packet as the device sends it, with the checksum that was left to it."""
    at = offload.csum_start - 14
    if at < 0:
        return packet
    spot = at + offload.csum_offset
    return packet[:spot] + u16(checksum(packet[at:]) or 0xffff) + packet[spot + 2:]


def taken(offload):
    """Smaller segments of TCP Linux takes from nobody, though GRO makes such."""
    is_udp = offload.gso == GSO_UDP_L4
    return offload if is_udp else replace(offload, size=max(offload.size, TCP_LEAST))


def transport_header(packet, offload):
    return 8 if offload.gso == GSO_UDP_L4 else 4 * (packet[offload.csum_start - 2] >> 4)


def segments(packet, offload):
    """The packets that a super-packet of TCP or UDP stands for, or the one that it is."""
    at, size = offload.csum_start - 14, offload.size
    if not offload.gso:
        return [finished(packet, offload)]
    udp = offload.gso == GSO_UDP_L4
    header = at + transport_header(packet, offload)
    data = packet[header:]
    if len(data) <= size:
        return [finished(packet, offload)]
    cut = udp_header if udp else tcp_header
    parts = []
    for start in range(0, len(data), size):
        piece = data[start:start + size]
        part = cut(packet[at:header], start, len(piece), start + size >= len(data))
        parts.append(with_headers(packet[:at], len(parts), part, piece, UDP if udp else TCP))
    return parts


def tcp_header(header, start, _, last):
    tcp = bytearray(header)
    tcp[4:8] = u32(int.from_bytes(tcp[4:8], "big") + start & 0xffffffff)
    if not last:
        tcp[13] &= ~0x09  # FIN, PSH
    if start:
        tcp[13] &= ~0x80  # CWR
    tcp[16:18] = b"\0\0"
    return tcp


def udp_header(header, _, length, __):
    return bytearray(header[:4] + u16(8 + length) + b"\0\0")


def with_headers(ip, number, part, data, proto):
    """The segment of that number with its lengths, its identification, its checksums."""
    ip, length = bytearray(ip), len(part) + len(data)
    six = ip[0] >> 4 == 6
    if six:
        ip[4:6] = u16(len(ip) - 40 + length)
    else:
        ip[2:4] = u16(len(ip) + length)
        ip[4:6] = u16(int.from_bytes(ip[4:6], "big") + number & 0xffff)
        ip[10:12] = b"\0\0"
        ip[10:12] = u16(checksum(ip))
    ends = (bytes(ip[8:24]), bytes(ip[24:40])) if six else (bytes(ip[12:16]), bytes(ip[16:20]))
    field = 6 if proto == UDP else 16
    value = checksum(pseudo(*ends, proto, length), part, data) or 0xffff
    part[field:field + 2] = u16(value)
    return bytes(ip + part + data)


def is_of_other_vlan(sent):
    """A tag of no VLAN has only a priority in it."""
    vlan = int.from_bytes(sent.tag[2:4], "big") & 0xfff
    return vlan > 0 and (vlan != VLAN or sent.tag[0] != 0x81 or sent.device not in ("to6", "to4"))


class Router:
    def __init__(self, model):
        self.model = model
        self.own = {IPv4Address(model.gateway4).packed, IPv6Address(model.gateway6).packed}

    def of(self, sent):
        """What becomes of a packet with its frame."""
        packet, expected = bytes(sent.packet + sent.trailer), Expected()
        family = sent.family or version(sent.packet or b"\0")
        host = not sent.link
        if family not in (4, 6) or not packet or version(packet) != family or \
                len(packet) < (40 if family == 6 else 20):
            expected.verdict = "unseen"
            return expected
        if is_of_other_vlan(sent) or sent.link and not sent.link[0] & 1 or \
                (trim := self._received(packet, host, expected)) is None:
            expected.verdict = "unseen"
            return expected
        if host and sent.offload.csum_start:
            self._offloaded(trim, sent, expected)
        else:
            self._forwarded(trim, sent, expected)
        return expected

    def _received(self, packet, host, expected):
        if version(packet) == 6:
            src, dst = packet[8:24], packet[24:40]
            one = bytes(15) + b"\1"
            if one in (src, dst) or src[0] == 0xff or dst[0] == 0xff and dst[1] & 15 < 2:
                return None
        packet = trimmed(packet)
        if packet is not None and version(packet) == 6 and packet[6] == HOP_BY_HOP:
            refused = hop_by_hop(packet)
            if refused is not None:
                is_host = host and packet[24] != 0xff
                if refused and (is_host or refused[:2] == (4, 2) and packet[refused[2]] >> 6 == 2):
                    self._answered(packet, refused, expected)
                return None
        return packet

    def _answered(self, packet, answer, expected):
        """What Linux itself says to a sender."""
        kind = icmpv6_type(packet, self.model.followed)
        if kind is not None and kind < 128 or packet[8:24] == bytes(16) or \
                packet[8:10] == b"\xfe\x80":
            return
        self._emitted([ip6(self.model.gateway6, packet[8:24], icmp6(*answer, packet[:1232]))],
                      expected)

    def _forwarded(self, packet, sent, expected):
        outcome = self.model.of(packet, host=not sent.link, mark=MARKS[sent.device])
        expected.verdict, expected.reason = outcome.verdict, outcome.reason
        if outcome.verdict == "native":
            expected.passed = 1
            return
        self._take(outcome, expected)

    def _take(self, outcome, expected):
        """An outcome; an answer, and what is for the gateway, goes further ways."""
        packets, outcome.packets = outcome.packets, []
        expected.add(outcome)
        if outcome.verdict == "refused":
            self._emitted(packets, expected)
        else:
            expected.packets += [p for p in packets if destination(p) not in self.own]

    def _emitted(self, packets, expected):
        """What the gateway itself sends; what is translated is sent as well."""
        for packet in packets:
            outcome = None
            if self.model.on("local"):
                outcome = self.model.of(packet.closed(packet), local=True)
            if outcome is None or outcome.verdict == "native":
                self._leaves(packet, expected)
                continue
            expected.verdict += ", its answer " + outcome.verdict
            again, outcome.packets = outcome.packets, []
            expected.add(outcome)
            if outcome.verdict == "translated":
                self._emitted(again, expected)

    def _leaves(self, packet, expected):
        """What is to the gateway itself comes in again, and may still be translated then."""
        if destination(packet) in self.own:
            outcome = self.model.of(packet.closed(packet))
            if outcome.verdict != "native":
                self._take(outcome, expected)
        elif version(packet) == 4 and len(packet) > self.model.mtu4:
            expected.packets += fragments4(packet, self.model.mtu4)
        else:
            expected.packets.append(packet)

    def _offloaded(self, packet, sent, expected):
        """A super-packet is judged whole, and its segments are translated."""
        parts = segments(packet, taken(sent.offload))
        mark = MARKS[sent.device]
        outcomes = [self.model.of(part, sent=packet, mark=mark) for part in parts]
        first = outcomes[0]
        expected.verdict, expected.reason = first.verdict, first.reason
        if first.verdict == "native":
            expected.passed = 1
        elif first.verdict == "refused":
            self._take(first, expected)
        else:
            is_whole = len(parts) > 1 and all(len(outcome.packets) == 1 for outcome in outcomes)
            for outcome in outcomes:
                self._take(outcome, expected)
            if is_whole:
                once = transport_header(packet, sent.offload)
                expected.uses = of_whole(expected.uses, len(parts), once)
            expected.packets = same_df(expected.packets, len(parts) > 1)
            for packet in expected.packets:
                packet.sum_at = sum_at(packet)


def of_whole(uses, parts, header):
    """The octets of a super-packet that stays whole: it has the headers of its segments once."""
    spared = {"octets-6to4": (parts - 1) * (20 + header), "octets-4to6": (parts - 1) * (40 + header)}
    return Counter({(mapping, name): value - spared.get(name, 0)
                    for (mapping, name), value in uses.items()})


def same_df(packets, is_super):
    """The segments of a super-packet have one DF, that of the longest."""
    if not is_super or not packets or version(packets[0]) == 6:
        return packets
    last = packets[-1]
    head = bytearray(last[:20])
    head[6] = head[6] & ~0x40 | packets[0][6] & 0x40
    head[10:12] = b"\0\0"
    head[10:12] = u16(checksum(head))
    changed = Packet(bytes(head) + last[20:])
    changed.any_id = last.any_id
    return [*packets[:-1], changed]


def sum_at(packet):
    """Where a TCP checksum is: a device and Linux differ in what they make of 0."""
    if version(packet) == 4:
        return 36 if packet[9] == TCP and not int.from_bytes(packet[6:8], "big") & 0x1fff else None
    if packet[6] == FRAGMENT:
        return 64 if packet[40] == TCP and packet[42:44] in (b"\0\0", b"\0\1") else None
    return 56 if packet[6] == TCP else None


def destination(packet):
    return bytes(packet[24:40] if version(packet) == 6 else packet[16:20])
