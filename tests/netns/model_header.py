# SPDX-License-Identifier: GPL-2.0-only
"""The model's headers: IPv4 with its options, IPv6 with its extension headers, fragments."""

from model_addr import four_of, six_of
from packet import (AH, ANY, DESTINATION, FRAGMENT, HOP_BY_HOP, ICMP, ICMPV6, ROUTING, checksum,
                    ip4, raw)

IGMP = 2
EXTENSION_HEADERS = 16  # more than this many no gateway has to follow; the RFCs leave it open
# Extension headers that a Fragment header must not lead to (5.1.1): all but ESP.
EXTENSIONS = {HOP_BY_HOP, ROUTING, FRAGMENT, AH, DESTINATION, 135, 139, 140}


class Refused(Exception):
    """The packet is not translated: the counter that says why, and with what answer, if any.

    An answer is a type, a code and a word. What is found out on the second pass
    of a hairpinned packet is told to nobody.
    """

    def __init__(self, reason, answer=None):
        super().__init__(reason)
        self.reason, self.answer, self.passes = reason, answer, 1


class Silently(Refused):
    pass


PROHIBITED = object()  # 4.4, 5.4


class Header4:
    """An IPv4 header and what follows it; a quoted one may be cut short behind."""

    def __init__(self, packet, quoted=False):
        if len(packet) < 20 or packet[0] >> 4 != 4:
            raise Silently("malformed")
        self.ihl = 4 * (packet[0] & 15)
        self.tos = packet[1]
        self.length, self.id, flags = (int.from_bytes(packet[a:a + 2], "big") for a in (2, 4, 6))
        self.df, self.mf, self.offset = bool(flags & 0x4000), bool(flags & 0x2000), \
            8 * (flags & 0x1fff)
        self.ttl, self.proto = packet[8], packet[9]
        self.src, self.dst = four_of(bytes(packet[12:16])), four_of(bytes(packet[16:20]))
        if self.ihl < 20 or self.length < self.ihl or len(packet) < self.ihl:
            raise Silently("malformed")
        if not quoted and (len(packet) < self.length or checksum(packet[:self.ihl])):
            raise Silently("malformed")
        self.options = bytes(packet[20:self.ihl])
        self.payload = packet[self.ihl:] if quoted else packet[self.ihl:self.length]
        self.is_fragment = self.mf or self.offset > 0
        self.payload_length = self.length - self.ihl
        self.icmp_error = (self.proto == ICMP and not self.offset and
                           bytes(self.payload[:1]) in (b"\3", b"\x0b", b"\x0c"))

    def check_options(self):
        """4.1: options are ignored, but for a source route that has not expired."""
        at = 0
        while at < len(self.options) and self.options[at] != 0:
            kind = self.options[at]
            if kind == 1:
                at += 1
                continue
            length = self.options[at + 1] if at + 1 < len(self.options) else 0
            if length < 2 or at + length > len(self.options):
                raise Silently("bad_option")
            if kind in (131, 137):
                if length < 3:
                    raise Silently("bad_option")
                if self.options[at + 2] <= length:
                    raise Refused("source_route", (3, 5, 0))
            at += length


def quoted4(octets):
    """RFC 792: the header of a quoted packet, and eight octets behind it."""
    return quoted(lambda: Header4(octets, quoted=True))


def quoted6(octets):
    return quoted(lambda: Header6(octets, quoted=True))


def quoted(parse):
    try:
        return parse()
    except Refused:
        raise Silently("icmp_inner_packet") from None


def walk6(packet):
    """Follows extension headers: protocol, where it begins, where the Fragment header is."""
    proto, at, fragment = packet[6], 40, None
    for _ in range(EXTENSION_HEADERS):
        if proto not in (HOP_BY_HOP, ROUTING, DESTINATION, FRAGMENT) or fragment is not None:
            return proto, at, fragment
        if len(packet) < at + (8 if proto == FRAGMENT else 4):
            raise Silently("malformed")
        if proto == ROUTING and packet[at + 3]:
            raise Refused("routing_header", (4, 0, at + 3))
        if proto == FRAGMENT:
            fragment = at
            if packet[at] in EXTENSIONS:
                raise Refused("fragment_extension_header", PROHIBITED)
        length = 8 if proto == FRAGMENT else 8 + 8 * packet[at + 1]
        proto, at = packet[at], at + length
    if fragment is None:
        raise Refused("extension_headers", None if proto == ICMPV6 else PROHIBITED)
    return proto, at, fragment


def icmpv6_type(packet, most=None):
    """The type of an ICMPv6 message behind extension headers, so many at most; None if it is none."""
    proto, at, fragment, count = packet[6], 40, 0, 0
    while proto in (HOP_BY_HOP, ROUTING, DESTINATION, FRAGMENT, AH):
        count += 1
        if count - 1 == most or len(packet) < at + (8 if proto == FRAGMENT else 2):
            return None
        if proto == FRAGMENT:
            fragment = int.from_bytes(packet[at + 2:at + 4], "big")
        if proto == FRAGMENT and fragment & 0xfff8:
            return None
        length = (8 if proto == FRAGMENT else 4 * packet[at + 1] + 8 if proto == AH else
                  8 * packet[at + 1] + 8)
        proto, at = packet[at], at + length
    if proto != ICMPV6 or fragment and at >= len(packet):
        return None
    return packet[at] if at < len(packet) else 0


class Header6:
    """An IPv6 header with its extension headers, and what follows."""

    def __init__(self, packet, quoted=False):
        packet = bytes(packet)
        if len(packet) < 40 or packet[0] >> 4 != 6:
            raise Silently("malformed")
        self.tclass = (int.from_bytes(packet[:2], "big") >> 4) & 0xff
        length = int.from_bytes(packet[4:6], "big")
        if not quoted and len(packet) < 40 + length:
            raise Silently("malformed")
        # RFC 2675: where a length of 0 is not that of a jumbogram, nobody knows it.
        unknown = not quoted and not length and packet[6] == HOP_BY_HOP
        if not quoted and not unknown:
            packet = packet[:40 + length]
        self.size = 40 + length
        self.hop_limit = packet[7]
        self.src, self.dst = six_of(packet[8:24]), six_of(packet[24:40])
        self.proto, at, fragment = walk6(packet)
        if unknown:
            raise Silently("malformed")
        self.length, self.payload = at, packet[at:]
        self.payload_length = 40 + length - at
        if self.payload_length < 0 or len(packet) < at:
            raise Silently("malformed")
        if quoted and self.payload_length > 0xffff - 20:
            raise Silently("malformed")  # no IPv4 length says so much
        self.has_fragment_header = fragment is not None
        self.offset, self.more, self.id = 0, False, None
        if self.has_fragment_header:
            field = int.from_bytes(packet[fragment + 2:fragment + 4], "big")
            self.offset, self.more = field & 0xfff8, bool(field & 1)
            self.id = int.from_bytes(packet[fragment + 4:fragment + 8], "big")
        self.icmp_error = (self.proto == ICMPV6 and not self.offset and
                           self.payload[:1] < b"\x80" and bool(self.payload))


def fragments4(packet, mtu):
    """RFC 791: a packet in fragments that fit."""
    h = Header4(packet.closed(packet))
    out, at = [], 0
    while at < len(h.payload):
        size = len(h.payload) - at
        if size > mtu - 20:
            size = (mtu - 20) // 8 * 8
        out.append(ip4(h.src.packed, h.dst.packed, raw(h.proto, h.payload[at:at + size]),
                       ttl=h.ttl, tos=h.tos, id=ANY if packet.any_id else h.id,
                       offset=h.offset + at, mf=h.mf or at + size < len(h.payload)))
        out[-1].pool = packet.pool
        at += size
    return out
