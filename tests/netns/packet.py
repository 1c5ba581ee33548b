# SPDX-License-Identifier: GPL-2.0-only
"""Packets as octets: built field by field, taken apart, and compared.

A header takes what it carries as its last argument and computes lengths and
checksums unless they are given:

    ip6(HOST, SERVER, hop_by_hop(pad(6)), udp(1000, 53, b"hello"), hlim=9)
    ip4("192.0.2.1", "198.51.100.2", echo4(1, 2, b"hello"), id=ANY)

Offsets of fragments are in octets. An Identification of ANY, in an expected
packet, is whatever the packet that came has; nothing else can be left open.
"""

import ipaddress
import struct
from dataclasses import dataclass
from typing import Callable

ANY = "any"

ICMP, TCP, UDP, DCCP, GRE, ESP, AH, ICMPV6, NO_NEXT, OSPF, SCTP, UDPLITE = (
    1, 6, 17, 33, 47, 50, 51, 58, 59, 89, 132, 136)
HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION = 0, 43, 44, 60


class Packet(bytes):
    """Octets that remember where IPv4 headers with any Identification begin."""

    any_id: tuple = ()
    pool = None  # a network, if its source may be any address of it
    ether = b""  # the Ethernet header of one that came out
    sum_at = None  # where a checksum is, if 0 and 0xffff are the same there

    @classmethod
    def of(cls, head, *rest):
        """Joins octets and packets, and keeps what is open in them."""
        packet = cls(b"".join((head, *rest)))
        open_, at = [], 0
        for part in (head, *rest):
            open_ += [at + offset for offset in getattr(part, "any_id", ())]
            at += len(part)
        packet.any_id = tuple(open_)
        return packet

    def __getitem__(self, index):
        got = super().__getitem__(index)
        if isinstance(index, slice):
            got = Packet(got)
            if not index.start:
                got.any_id = tuple(o for o in self.any_id if o + 20 <= len(got))
        return got

    def closed(self, seen):
        """The packet with each open Identification taken from what was seen."""
        octets = bytearray(self)
        for at in self.any_id:
            octets[at + 4:at + 6] = seen[at + 4:at + 6]
            if len(octets) >= at + 20:
                end = at + 4 * (octets[at] & 15)
                octets[at + 10:at + 12] = b"\0\0"
                octets[at + 10:at + 12] = u16(checksum(octets[at:end]))
        if self.sum_at and {octets[self.sum_at:self.sum_at + 2].hex(),
                            seen[self.sum_at:self.sum_at + 2].hex()} <= {"0000", "ffff"}:
            octets[self.sum_at:self.sum_at + 2] = seen[self.sum_at:self.sum_at + 2]
        return self._from_pool(octets, seen) if self.pool else bytes(octets)

    def _from_pool(self, octets, seen):
        """An ICMP error from the source that was seen, if the pool has it."""
        six = self.pool.version == 6
        at, end, field = (8, 24, 42) if six else (12, 16, 10)
        if version(octets) != self.pool.version or \
                ipaddress.ip_address(bytes(seen[at:end])) not in self.pool:
            return bytes(octets)
        value = int.from_bytes(octets[field:field + 2], "big")
        total = 0xffff - value - ones_sum(octets[at:end]) + ones_sum(seen[at:end])
        octets[at:end] = seen[at:end]
        octets[field:field + 2] = u16(0xffff - (total % 0xffff or 0xffff))
        return bytes(octets)


def u16(value):
    return struct.pack("!H", value)


def u32(value):
    return struct.pack("!I", value)


def address(text):
    """The octets of an address of either family."""
    return text if isinstance(text, bytes) else ipaddress.ip_address(text).packed


def ones_sum(*octets):
    """The one's complement sum of all 16-bit words; 0 only if all of them are."""
    total = 0
    for some in octets:
        some = bytes(some)
        total += int.from_bytes(some + b"\0" * (len(some) % 2), "big")
    return total % 0xffff or (0xffff if total else 0)


def checksum(*octets):
    return 0xffff - ones_sum(*octets)


def pseudo(src, dst, proto, length):
    """The pseudo-header of TCP, UDP and ICMPv6, of the family of the addresses."""
    src, dst = address(src), address(dst)
    if len(src) == 4:
        return src + dst + struct.pack("!BBH", 0, proto, length)
    return src + dst + struct.pack("!IHBB", length, 0, 0, proto)


@dataclass(frozen=True)
class Part:
    """What an IP header carries: a protocol number, and octets for given addresses."""

    proto: int
    octets: Callable


def raw(proto, octets=b""):
    return Part(proto, lambda src, dst: octets)


def octets(src, dst, part):
    """What a packet between these addresses carries, to be cut into fragments."""
    return part.octets(address(src), address(dst))


def _filled(src, dst, proto, at, given, error, body, covered=None):
    """The body with its checksum at an offset: the right one, a given one, or an error added."""
    if given is None:
        length = len(body)
        part = body if covered is None else body[:covered]
        given = checksum(pseudo(src, dst, proto, length) if proto else b"", part)
        if error:
            given = (given + error - 1) % 0xffff + 1
        elif proto in (UDP, UDPLITE) and given == 0:
            given = 0xffff
    filled = Packet(body[:at] + u16(given) + body[at + 2:])
    filled.any_id = getattr(body, "any_id", ())
    return filled


def udp(sport, dport, data=b"", *, checksum=None, wrong_by=0, length=None):
    head = struct.pack("!HHHH", sport, dport, 8 + len(data) if length is None else length, 0)
    return Part(UDP, lambda src, dst: _filled(src, dst, UDP, 6, checksum, wrong_by, head + data))


def tcp(sport, dport, data=b"", *, seq=1, ack=0, flags=0x10, window=8192, options=b"",
        urgent=0, checksum=None, wrong_by=0):
    head = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, (5 + len(options) // 4) << 4,
                       flags, window, 0, urgent) + options
    return Part(TCP, lambda src, dst: _filled(src, dst, TCP, 16, checksum, wrong_by, head + data))


def udplite(sport, dport, data=b"", *, coverage=0, checksum=None, wrong_by=0):
    head = struct.pack("!HHHH", sport, dport, coverage, 0)
    return Part(UDPLITE, lambda src, dst: _filled(
        src, dst, UDPLITE, 6, checksum, wrong_by, head + data, coverage or None))


def dccp(sport, dport, data=b"", *, checksum=None, wrong_by=0):
    """A DCCP-Data packet with a short sequence number, all of it covered."""
    head = struct.pack("!HHBBHBBH", sport, dport, 3, 0, 0, 2 << 1, 0, 7)
    return Part(DCCP, lambda src, dst: _filled(src, dst, DCCP, 6, checksum, wrong_by, head + data))


def icmp4(type, code, rest=0, body=b"", *, checksum=None, wrong_by=0):
    """An ICMPv4 message; rest is its second 32-bit word."""
    head = struct.pack("!BBH", type, code, 0) + (rest if isinstance(rest, bytes) else u32(rest))
    return Part(ICMP, lambda src, dst: _filled(
        src, dst, None, 2, checksum, wrong_by, Packet.of(head, body)))


def icmp6(type, code, rest=0, body=b"", *, checksum=None, wrong_by=0):
    head = struct.pack("!BBH", type, code, 0) + (rest if isinstance(rest, bytes) else u32(rest))
    return Part(ICMPV6, lambda src, dst: _filled(
        src, dst, ICMPV6, 2, checksum, wrong_by, Packet.of(head, body)))


def echo4(id, seq, data=b"", **how):
    return icmp4(8, 0, u16(id) + u16(seq), data, **how)


def echo_reply4(id, seq, data=b"", **how):
    return icmp4(0, 0, u16(id) + u16(seq), data, **how)


def echo6(id, seq, data=b"", **how):
    return icmp6(128, 0, u16(id) + u16(seq), data, **how)


def echo_reply6(id, seq, data=b"", **how):
    return icmp6(129, 0, u16(id) + u16(seq), data, **how)


def ip4(src, dst, part=None, *, ttl=64, tos=0, id=0, df=False, mf=False, offset=0,
        options=b"", proto=None, length=None, header_checksum=None, reserved=False):
    """An IPv4 packet. Options are padded to a multiple of four octets."""
    src, dst = address(src), address(dst)
    options += b"\0" * (-len(options) % 4)
    part = part or raw(NO_NEXT)
    body = part.octets(src, dst)
    if length is None:
        length = 20 + len(options) + len(body)
    flags = reserved << 15 | df << 14 | mf << 13 | offset // 8
    head = struct.pack("!BBHHHBBH", 0x45 + len(options) // 4, tos, length,
                       0 if id is ANY else id, flags, ttl,
                       part.proto if proto is None else proto, 0) + src + dst + options
    if header_checksum is None:
        header_checksum = checksum(head)
    head = Packet(head[:10] + u16(header_checksum) + head[12:])
    if id is ANY:
        head.any_id = (0,)
    return Packet.of(head, body)


@dataclass(frozen=True)
class Extension:
    """An IPv6 extension header; its first octet becomes the number of what follows."""

    proto: int
    octets: bytes


def pad(length):
    """An IPv6 option that pads: Pad1 or PadN, this many octets in all."""
    return b"\0" if length == 1 else struct.pack("!BB", 1, length - 2) + b"\0" * (length - 2)


def _options_header(proto, options):
    options = options or pad(6)
    length = len(options) + 2
    assert length % 8 == 0, "options must fill the header to a multiple of 8 octets"
    return Extension(proto, struct.pack("!BB", 0, length // 8 - 1) + options)


def hop_by_hop(options=b""):
    return _options_header(HOP_BY_HOP, options)


def destination_options(options=b""):
    return _options_header(DESTINATION, options)


def routing(segments_left, type=2, data=b"\0" * 4 + b"\0" * 16):
    return Extension(ROUTING, struct.pack(
        "!BBBB", 0, (4 + len(data)) // 8 - 1, type, segments_left) + data)


def authentication(data=b"\0" * 12):
    return Extension(AH, struct.pack("!BBH", 0, (4 + len(data)) // 4 - 2, 0) + data)


def fragment(id, offset=0, more=False, reserved=0):
    return Extension(FRAGMENT, struct.pack("!BBHI", 0, reserved, offset | more, id))


def ip6(src, dst, *parts, hlim=64, tclass=0, flow=0, length=None, next=None):
    """An IPv6 packet of extension headers and, last, what they lead to."""
    src, dst = address(src), address(dst)
    if not parts or isinstance(parts[-1], Extension):
        parts += (raw(NO_NEXT),)
    body = parts[-1].octets(src, dst)
    proto = parts[-1].proto
    for extension in reversed(parts[:-1]):
        body = Packet.of(bytes([proto]) + extension.octets[1:], body)
        proto = extension.proto
    head = struct.pack("!IHBB", 6 << 28 | tclass << 20 | flow,
                       len(body) if length is None else length,
                       proto if next is None else next, hlim)
    return Packet.of(head + src + dst, body)


def version(packet):
    return packet[0] >> 4


# Taking apart, for messages to people.

@dataclass(frozen=True)
class Field:
    name: str
    at: int
    length: int
    value: str


class _Dissector:
    def __init__(self, packet):
        self.packet = bytes(packet)
        self.fields = []

    def take(self, prefix, at, *layout):
        """Notes fields one after another; returns where they end."""
        for name, length, show in layout:
            octets = self.packet[at:at + length]
            if octets:
                whole = len(octets) == length
                self.fields.append(Field(prefix + name, at, len(octets),
                                         show(octets) if whole else octets.hex()))
            at += length
        return at

    def rest(self, name, at):
        if at < len(self.packet):
            self.fields.append(Field(name, at, len(self.packet) - at, _data(self.packet[at:])))

    def ip(self, prefix, at):
        if at >= len(self.packet):
            return
        kind = self.packet[at] >> 4
        if kind == 4:
            self.ip4(prefix + "ip4.", at)
        elif kind == 6:
            self.ip6(prefix + "ip6.", at)
        else:
            self.rest(prefix + "data", at)

    def ip4(self, prefix, at):
        end = self.take(prefix, at, ("version+ihl", 1, _hex), ("tos", 1, _hex),
                        ("length", 2, _dec), ("id", 2, _hex), ("flags+offset", 2, _flags4),
                        ("ttl", 1, _dec), ("protocol", 1, _dec), ("checksum", 2, _hex),
                        ("src", 4, _addr), ("dst", 4, _addr))
        header = 4 * (self.packet[at] & 15)
        if header > 20:
            end = self.take(prefix, end, ("options", header - 20, _hex))
        if len(self.packet) >= at + 20:
            first = not int.from_bytes(self.packet[at + 6:at + 8], "big") & 0x1fff
            self.transport(prefix[:-4], self.packet[at + 9], end, first)

    def ip6(self, prefix, at):
        end = self.take(prefix, at, ("version+class+flow", 4, _hex), ("length", 2, _dec),
                        ("next", 1, _dec), ("hop limit", 1, _dec),
                        ("src", 16, _addr), ("dst", 16, _addr))
        if len(self.packet) < at + 40:
            return
        proto, first = self.packet[at + 6], True
        while end + 8 <= len(self.packet):
            length = 8 + 8 * self.packet[end + 1]
            if proto in (HOP_BY_HOP, DESTINATION, ROUTING):
                name = {HOP_BY_HOP: "hop-by-hop.", DESTINATION: "destination.",
                        ROUTING: "routing."}[proto]
                after = self.take(prefix + name, end, ("next", 1, _dec), ("length", 1, _dec),
                                  ("data", length - 2, _hex))
            elif proto == FRAGMENT:
                first = not int.from_bytes(self.packet[end + 2:end + 4], "big") & 0xfff8
                after = self.take(prefix + "fragment.", end, ("next", 1, _dec),
                                  ("reserved", 1, _hex), ("offset+more", 2, _flags6),
                                  ("id", 4, _hex))
            else:
                break
            proto, end = self.packet[end], after
            if not first:
                break
        self.transport(prefix[:-4], proto, end, first)

    def transport(self, prefix, proto, at, first):
        layouts = {
            UDP: ("udp.", ("sport", 2, _dec), ("dport", 2, _dec), ("length", 2, _dec),
                  ("checksum", 2, _hex)),
            TCP: ("tcp.", ("sport", 2, _dec), ("dport", 2, _dec), ("seq", 4, _dec),
                  ("ack", 4, _dec), ("offset", 1, _hex), ("flags", 1, _hex),
                  ("window", 2, _dec), ("checksum", 2, _hex), ("urgent", 2, _dec)),
            ICMP: ("icmp4.", ("type", 1, _dec), ("code", 1, _dec), ("checksum", 2, _hex),
                   ("rest", 4, _hex)),
            ICMPV6: ("icmp6.", ("type", 1, _dec), ("code", 1, _dec), ("checksum", 2, _hex),
                     ("rest", 4, _hex)),
        }
        if not first or proto not in layouts:
            self.rest(prefix + f"data of {proto}", at)
            return
        name, *layout = layouts[proto]
        end = self.take(prefix + name, at, *layout)
        kind = self.packet[at] if at < len(self.packet) else None
        if proto == ICMP and kind in (3, 4, 5, 11, 12) or proto == ICMPV6 and kind in (1, 2, 3, 4):
            self.ip(prefix + name + "quote.", end)
        else:
            self.rest(prefix + name + "data", end)


def _hex(octets):
    return "0x" + octets.hex()


def _dec(octets):
    return str(int.from_bytes(octets, "big"))


def _addr(octets):
    return str(ipaddress.ip_address(octets))


def _flags4(octets):
    value = int.from_bytes(octets, "big")
    names = [n for bit, n in ((15, "reserved"), (14, "DF"), (13, "MF")) if value >> bit & 1]
    return " ".join(names + [f"offset {(value & 0x1fff) * 8}"])


def _flags6(octets):
    value = int.from_bytes(octets, "big")
    return f"offset {value & 0xfff8}" + " more" * (value & 1) + (
        f" reserved {value & 6}" if value & 6 else "")


def _data(octets):
    text = octets[:48].hex() + ("…" if len(octets) > 48 else "")
    return f"{len(octets)} octets {text}"


def fields(packet):
    """The fields of a packet, in order, quotes included."""
    dissector = _Dissector(packet)
    dissector.ip("", 0)
    return dissector.fields


def describe(packet):
    """One line a person can read."""
    return f"[{len(packet)}] " + ", ".join(f"{f.name}={f.value}" for f in fields(packet))


def difference(expected, got):
    """Lines that name each field in which two packets differ; none if they are equal."""
    if bytes(expected) == bytes(got):
        return []
    if not expected or not got or version(expected) != version(got):
        return [f"  expected {describe(expected)}", f"  got      {describe(got)}"]
    lines = []
    left = {f.name: f for f in fields(expected)}
    right = {f.name: f for f in fields(got)}
    for name in list(left) + [n for n in right if n not in left]:
        want = left[name].value if name in left else "(absent)"
        have = right[name].value if name in right else "(absent)"
        if name in left and name in right:
            a, b = left[name], right[name]
            first, second = expected[a.at:a.at + a.length], got[b.at:b.at + b.length]
            if bytes(first) == bytes(second):
                continue
            if want == have or len(first) > 48:
                want, have = _first_change(first, second)
        lines.append(f"    {name}: expected {want}, got {have}")
    if max(len(expected), len(got)) <= 128:
        lines += [f"  expected {bytes(expected).hex()}", f"  got      {bytes(got).hex()}"]
    return lines


def _first_change(first, second):
    at = next((i for i, (a, b) in enumerate(zip(first, second)) if a != b),
              min(len(first), len(second)))
    return tuple(f"{len(s)} octets, at {at}: {bytes(s[at:at + 16]).hex()}" for s in (first, second))
