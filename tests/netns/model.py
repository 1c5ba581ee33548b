# SPDX-License-Identifier: GPL-2.0
"""What a gateway has to do with one packet, by the text of the RFCs alone.

    Model(configuration text).of(packet) -> Outcome

RFC 7915 unless another is named. It is written from the documents, not from
the kernel module, and computes what a packet becomes from nothing but the
packet and the configuration: a second opinion for the tests and the fuzzer.
"""

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from packet import (AH, ANY, DCCP, DESTINATION, FRAGMENT, HOP_BY_HOP, ICMP, ICMPV6, ROUTING, TCP,
                    UDP, UDPLITE, Packet, checksum, icmp4, icmp6, ip4, ip6, ones_sum, pseudo, raw,
                    u16, u32, version)
from packet import fragment as fragment_header

IGMP = 2
# Extension headers that a Fragment header must not lead to (5.1.1): all but ESP.
EXTENSIONS = {HOP_BY_HOP, ROUTING, FRAGMENT, AH, DESTINATION, 135, 139, 140}
CHECKSUM_AT = {TCP: 16, UDP: 6, DCCP: 6, UDPLITE: 6}
PLATEAUS = (65535, 32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68)  # RFC 1191
IPV6_MINIMUM = 1280
IPV4_ERROR_MAXIMUM = 576  # RFC 1812 4.3.2.3

# RFC 6052 3.1: not global, by RFC 6890 and its updates.
NOT_GLOBAL = [IPv4Network(n) for n in (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
    "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4")]
WELL_KNOWN = IPv6Network("64:ff9b::/96")

# RFC 1812 5.3.7.
ILLEGAL4 = [IPv4Network(n) for n in ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4")]
ILLEGAL6 = [IPv6Network(n) for n in ("::/128", "::1/128", "ff00::/8")]

# Figures 3 and 6.
POINTER_4TO6 = {0: 0, 1: 1, 2: 4, 3: 4, 8: 7, 9: 6, **dict.fromkeys(range(12, 16), 8),
                **dict.fromkeys(range(16, 20), 24)}
POINTER_6TO4 = {0: 0, 1: 1, 4: 2, 5: 2, 6: 9, 7: 8, **dict.fromkeys(range(8, 24), 12),
                **dict.fromkeys(range(24, 40), 16)}


def within(addr, networks):
    return any(addr in network for network in networks)


# RFC 6052 2.2, 2.3.

def embed(prefix, addr):
    """The IPv6 address that stands for an IPv4 address in a translation prefix."""
    prefix, four = IPv6Network(prefix), IPv4Address(addr).packed
    if prefix.prefixlen == 96:
        return IPv6Address(prefix.network_address.packed[:12] + four)
    octets = prefix.network_address.packed[:prefix.prefixlen // 8] + four
    octets = octets[:8] + b"\0" + octets[8:]
    return IPv6Address(octets.ljust(16, b"\0"))


def extract(prefix, addr):
    """The IPv4 address in an IPv6 address; None if bits 64 to 71 are not zero."""
    octets = addr.packed
    if prefix.prefixlen == 96:
        return IPv4Address(octets[12:])
    if octets[8]:
        return None
    octets = octets[:8] + octets[9:]
    at = prefix.prefixlen // 8
    return IPv4Address(octets[at:at + 4])


@dataclass(frozen=True)
class Mapping:
    """RFC 7757 3.2."""

    four: IPv4Network
    six: IPv6Network
    prefix: IPv6Network = None

    def to6(self, addr):
        suffix = int(addr) & int(self.four.hostmask)
        room = (128 - self.six.prefixlen) - (32 - self.four.prefixlen)
        return IPv6Address(int(self.six.network_address) | suffix << room)

    def to4(self, addr):
        suffix = int(addr) & int(self.six.hostmask)
        room = (128 - self.six.prefixlen) - (32 - self.four.prefixlen)
        return IPv4Address(int(self.four.network_address) | suffix >> room)


class Refused(Exception):
    """The packet is not translated; with what answer, if any, as (type, code, word)."""

    def __init__(self, reason, answer=None):
        super().__init__(reason)
        self.reason, self.answer = reason, answer


class Silently(Refused):
    pass


PROHIBITED = object()  # 4.4, 5.4


@dataclass
class Outcome:
    """What comes out of the gateway, and one word on why."""

    verdict: str  # translated, refused, native
    reason: str = ""
    packets: list = field(default_factory=list)


@dataclass
class Model:
    """A gateway with a configuration, as nat64ctl load reads it, and its surroundings."""

    text: str = ""
    gateway4: str = "198.51.100.1"
    gateway6: str = "2001:db8:1::1"
    mtu4: int = 1500
    mtu6: int = 1500
    native: tuple = ()

    def __post_init__(self):
        self.prefixes, self.mappings, self.primary = [], [], None
        self.settings = {"udp-zero-checksum": "compute", "lowest-ipv6-mtu": "1280", "tos": "copy",
                         "traffic-class": "copy", "icmp-source4": "none", "icmp-source6": "none",
                         "icmp-errors": "on", "wkp-strict": "on", "hairpin": "on"}
        self.native = [IPv6Network(n) if ":" in n else IPv4Network(n) for n in self.native]
        for line in self.text.splitlines():
            self._read(line.split("#")[0].split())

    def _read(self, words):
        if words[:2] == ["prefix", "add"]:
            prefix = IPv6Network(words[2])
            self.prefixes.append(prefix)
            if "primary" in words or self.primary is None:
                self.primary = prefix
        elif words[:1] == ["add"]:
            own = IPv6Network(words[4]) if words[3:4] == ["prefix"] else None
            self.mappings.append(Mapping(IPv4Network(words[1]), IPv6Network(words[2]), own))
        elif words[:1] == ["set"]:
            self.settings[words[1]] = words[2]
        elif words:
            raise ValueError(words)

    def on(self, name):
        return self.settings[name] == "on"

    # Addresses.

    def mapping4(self, addr):
        return max((m for m in self.mappings if addr in m.four),
                   key=lambda m: m.four.prefixlen, default=None)

    def mapping6(self, addr):
        return max((m for m in self.mappings if addr in m.six),
                   key=lambda m: m.six.prefixlen, default=None)

    def prefix_of(self, addr):
        return max((p for p in self.prefixes if addr in p), key=lambda p: p.prefixlen, default=None)

    def _native(self, addr, than):
        """4.6, 5.6: a route more specific than the translation leads there."""
        return any(addr.version == n.version and addr in n and n.prefixlen > than
                   for n in self.native)

    def _embedded(self, prefix, addr):
        """RFC 6052, with the restriction of its section 3.1."""
        if prefix is None:
            raise Refused("no prefix", PROHIBITED)
        self._check_global(prefix, addr)
        return embed(prefix, addr)

    def _check_global(self, prefix, addr):
        if prefix == WELL_KNOWN and self.on("wkp-strict") and within(addr, NOT_GLOBAL):
            raise Refused("not global", PROHIBITED)

    # One packet.

    def of(self, packet):
        """What becomes of a packet that arrives where its family lives."""
        packet = bytes(packet)
        six = version(packet) == 6
        try:
            out = self._of6(packet) if six else self._of4(packet)
        except Refused as refused:
            return Outcome("refused", refused.reason, self._answers(packet, refused))
        if out is None:
            return Outcome("native", "", self._natively(packet))
        return Outcome("translated", "", out)

    def _answers(self, packet, refused):
        answer = refused.answer
        six = version(packet) == 6
        if answer is None:
            return []
        limits = ((3, 0), (2, 0)) if six else ((11, 0), (3, 4))
        if answer is PROHIBITED:
            answer = (1, 1, 0) if six else (3, 13, 0)
        if not self.on("icmp-errors") and answer[:2] not in limits:
            return []
        if six:
            proto, at, _, _ = walk6(packet)
            if proto == ICMPV6 and (answer[:2] not in limits or packet[at] < 128):
                return []
            return [ip6(self.gateway6, packet[8:24], icmp6(*answer, packet[:1232]))]
        header = Header4(packet)
        if header.offset or header.icmp_error:
            return []
        return [ip4(self.gateway4, packet[12:16], icmp4(*answer, packet[:548]), id=ANY,
                    tos=0xc0 | packet[1] & 0x1e)]

    def _natively(self, packet):
        """What plain forwarding makes of a packet without options or other oddities."""
        if packet[7 if version(packet) == 6 else 8] <= 1:
            return []
        if version(packet) == 6:
            return [Packet(packet[:7] + bytes([packet[7] - 1]) + packet[8:])]
        h = Header4(packet)
        head = packet[:8] + bytes([h.ttl - 1]) + packet[9:10] + b"\0\0" + packet[12:h.ihl]
        return [Packet(head[:10] + u16(checksum(head)) + packet[12:])]

    # IPv4 to IPv6, section 4.

    def _of4(self, packet):
        h = Header4(packet)
        mapping = self.mapping4(h.dst)
        if mapping is None or self._native(h.dst, mapping.four.prefixlen):
            return None
        if within(h.src, ILLEGAL4) and not h.icmp_error:
            raise Silently("illegal source")
        if h.proto == IGMP:
            raise Silently("IGMP")
        h.check_options()
        if h.ttl <= 1:
            raise Refused("TTL", (11, 0, 0))
        return self._to6(h, h.ttl - 1)

    def _to6(self, h, hop_limit):
        """Section 4.1."""
        mapping = self.mapping4(h.dst)
        prefix = mapping.prefix or self.primary
        dst = mapping.to6(h.dst)
        src = self._source6(h, prefix)
        if h.icmp_error:
            body = self._error46(h, prefix, src, dst)
        else:
            body = self._transport46(h, src, dst)
        tclass = self.settings["traffic-class"]
        tclass = h.tos if tclass == "copy" else int(tclass)
        proto = ICMPV6 if h.proto == ICMP else h.proto
        size = 40 + 8 * h.is_fragment + len(body)
        if h.df and not h.icmp_error and size > self.mtu6:
            raise Refused("too big", (3, 4, self.mtu6 - (28 if h.is_fragment else 20)))
        limit = min(int(self.settings["lowest-ipv6-mtu"]), self.mtu6)
        split = not h.df and size > limit
        chunk = (limit - 48) // 8 * 8 if split else len(body)
        packets = []
        for at in range(0, len(body) or 1, chunk or 1):
            piece = body[at:at + chunk]
            more = h.mf or at + chunk < len(body)
            headers = [fragment_header(h.id, h.offset + at, more)] if split or h.is_fragment else []
            packets.append(ip6(src.packed, dst.packed, *headers, raw(proto, piece),
                               hlim=hop_limit, tclass=tclass))
        return packets

    def _source6(self, h, prefix):
        mapping = self.mapping4(h.src)
        if mapping and (prefix is None or not self._source_is_plain(h)):
            return mapping.to6(h.src)
        try:
            return self._embedded(prefix, h.src)
        except Refused:
            if not h.icmp_error or prefix is None:
                raise
            pool = self.settings["icmp-source6"]  # RFC 6791, the other way
            return IPv6Address(self.gateway6 if pool == "none" else pool.split("/")[0])

    def _source_is_plain(self, h):
        """RFC 7757 4.2.1, rules 1 and 3."""
        if not self.on("hairpin"):
            return False
        return not h.icmp_error or h.src == Header4(h.payload[8:], quoted=True).dst

    def _transport46(self, h, src, dst):
        """Section 4.5, and the queries of 4.2."""
        body = h.payload
        if h.proto == ICMP:
            return self._echo46(h, src, dst)
        if h.proto == UDP and h.offset == 0 and body[6:8] == b"\0\0":
            if h.is_fragment:
                raise Refused("UDP zero checksum, fragment", PROHIBITED)
            if self.settings["udp-zero-checksum"] == "drop":
                raise Refused("UDP zero checksum", PROHIBITED)
            length = int.from_bytes(body[4:6], "big")
            value = checksum(pseudo(src.packed, dst.packed, UDP, length), body[:length]) or 0xffff
            return body[:6] + u16(value) + body[8:]
        return readdress(h.proto, h.offset, body, h.src.packed + h.dst.packed,
                         src.packed + dst.packed)

    def _echo46(self, h, src, dst):
        if h.is_fragment:
            raise Refused("fragmented ICMP", PROHIBITED)
        if len(h.payload) < 8:
            raise Silently("malformed")
        kind = {8: 128, 0: 129}.get(h.payload[0])
        if kind is None:
            raise Silently("ICMP type")
        return echo(h.payload, kind, b"", pseudo(src.packed, dst.packed, ICMPV6, len(h.payload)))

    def _error46(self, h, prefix, src, dst):
        """Sections 4.2 and 4.3."""
        if h.is_fragment:
            raise Silently("fragmented ICMP")
        message = h.payload
        if len(message) < 8:
            raise Silently("malformed")
        inner = Header4(message[8:], quoted=True)
        type, code, rest = self._error_type46(message, inner)
        quote, extension = split_extension(message[8:], message[5] * 4 if message[0] in (3, 11, 12)
                                           else 0)
        inner = Header4(quote, quoted=True)
        quote = self._quote46(inner, prefix)
        quote, extension = fit(quote, extension if type in (1, 3) else b"", 8,
                               IPV6_MINIMUM - 48)
        if extension:
            rest = bytes([len(quote) // 8]) + rest[1:]
        head = bytes([type, code, 0, 0]) + rest
        return with_error_kept(message, b"", head + quote + extension,
                               pseudo(src.packed, dst.packed, ICMPV6,
                                      8 + len(quote) + len(extension)))

    def _error_type46(self, message, inner):
        type, code = message[0], message[1]
        if type == 11:
            return 3, code, u32(0)
        if type == 3:
            if code == 2:
                return 4, 1, u32(6)
            if code == 4:
                mtu = int.from_bytes(message[6:8], "big")
                if mtu == 0:
                    mtu = next((p for p in PLATEAUS if p < inner.length and p >= IPV6_MINIMUM),
                               0)
                return 2, 0, u32(max(IPV6_MINIMUM, min(mtu + 20, self.mtu6, self.mtu4 + 20)))
            new = {**dict.fromkeys((0, 1, 5, 6, 7, 8, 11, 12), 0), 3: 4,
                   **dict.fromkeys((9, 10, 13, 15), 1)}.get(code)
            if new is not None:
                return 1, new, u32(0)
        if type == 12 and code in (0, 2) and message[4] in POINTER_4TO6:
            return 4, 0, u32(POINTER_4TO6[message[4]])
        raise Silently("ICMP type")

    def _quote46(self, h, prefix):
        if h.proto == ICMP and not h.offset and h.payload[:1] not in (b"\0", b"\x08"):
            raise Silently("ICMP error or untranslatable message in a quote")
        src, dst = self.mapping4(h.src), self.mapping4(h.dst)
        if self.on("hairpin") and prefix:  # RFC 7757 4.2.1, rule 2
            dst = None
        src = src.to6(h.src) if src else self._embedded(prefix, h.src)
        dst = dst.to6(h.dst) if dst else self._embedded(prefix, h.dst)
        proto = ICMPV6 if h.proto == ICMP else h.proto
        length = h.length - h.ihl
        if h.proto == ICMP and not h.offset:
            kind = {8: 128, 0: 129}[h.payload[0]]
            body = echo(h.payload, kind, b"", pseudo(src.packed, dst.packed, ICMPV6, length))
        else:
            body = readdress(h.proto, h.offset, h.payload, h.src.packed + h.dst.packed,
                             src.packed + dst.packed)
        tclass = self.settings["traffic-class"]
        tclass = h.tos if tclass == "copy" else int(tclass)
        headers = [fragment_header(h.id, h.offset, h.mf)] if h.is_fragment else []
        return bytes(ip6(src.packed, dst.packed, *headers, raw(proto, body), hlim=h.ttl,
                         tclass=tclass, length=length + 8 * len(headers)))

    # IPv6 to IPv4, section 5.

    def _of6(self, packet):
        h = Header6(packet)
        prefix = self.prefix_of(h.dst)
        if prefix is None or self._native(h.dst, prefix.prefixlen):
            return None
        if within(h.src, ILLEGAL6):
            raise Silently("illegal source")
        if h.hop_limit <= 1:
            raise Refused("hop limit", (3, 0, 0))
        if h.segments_left_at:
            raise Refused("routing header", (4, 0, h.segments_left_at))
        if h.has_fragment_header and h.proto in EXTENSIONS:
            raise Refused("extension header behind Fragment header", PROHIBITED)
        dst = extract(prefix, h.dst)
        if dst is None:
            raise Refused("u octet", PROHIBITED)
        self._check_global(prefix, dst)
        if within(dst, ILLEGAL4):
            raise Refused("illegal destination", PROHIBITED)
        packet4 = self._to4(h, dst)
        hairpin = self.on("hairpin") and self.mapping4(dst)
        if hairpin:
            return self._hairpin(packet4, h)
        if len(packet4) <= self.mtu4:
            return [packet4]
        if h.size > IPV6_MINIMUM and not h.has_fragment_header:
            raise Refused("too big", (2, 0, max(IPV6_MINIMUM, self.mtu4 + 20)))
        return fragments4(packet4, self.mtu4)

    def _hairpin(self, packet4, h):
        """RFC 7757 4.2.2; the hop limit has been lowered in the first pass."""
        second = Header4(packet4)
        try:
            return self._to6(second, second.ttl)
        except Refused as refused:
            if refused.reason == "too big":
                raise Refused("too big", (2, 0, max(IPV6_MINIMUM, self.mtu6))) from None
            raise

    def _to4(self, h, dst):
        """Section 5.1."""
        src = self._source4(h)
        if h.icmp_error:
            body = self._error64(h, src, dst)
        elif h.proto == ICMPV6:
            body = self._echo64(h)
        else:
            body = readdress(h.proto, h.offset, h.payload, h.src.packed + h.dst.packed,
                             src.packed + dst.packed)
        packet = ip4(src.packed, dst.packed, raw(ICMP if h.proto == ICMPV6 else h.proto, body),
                     ttl=h.hop_limit - 1, tos=self._tos(h), **self._fragment_fields(h, len(body)))
        return packet

    def _tos(self, h):
        tos = self.settings["tos"]
        return h.tclass if tos == "copy" else int(tos)

    @staticmethod
    def _fragment_fields(h, length):
        if h.has_fragment_header:
            return {"id": h.id & 0xffff, "mf": h.more, "offset": h.offset}
        return {"id": ANY, "df": 20 + length > 1260}

    def _source4(self, h):
        mapping = self.mapping6(h.src)
        if mapping:
            return mapping.to4(h.src)
        if h.icmp_error:
            pool = self.settings["icmp-source4"]  # RFC 6791
            return IPv4Address(self.gateway4 if pool == "none" else pool.split("/")[0])
        raise Refused("unmapped source", PROHIBITED)

    @staticmethod
    def _echo64(h):
        if h.offset or h.more:
            raise Silently("fragmented ICMPv6")
        if len(h.payload) < 8:
            raise Silently("malformed")
        kind = {128: 8, 129: 0}.get(h.payload[0])
        if kind is None:
            raise Silently("ICMPv6 type")
        return echo(h.payload, kind, pseudo(h.src.packed, h.dst.packed, ICMPV6, len(h.payload)),
                    b"")

    def _error64(self, h, src, dst):
        """Sections 5.2 and 5.3."""
        if h.offset or h.more:
            raise Silently("fragmented ICMPv6")
        message = h.payload
        if len(message) < 8:
            raise Silently("malformed")
        type, code, rest = self._error_type64(message)
        quote, extension = split_extension(message[8:], message[4] * 8 if message[0] in (1, 3)
                                           else 0)
        quote = self._quote64(Header6(quote, quoted=True))
        quote, extension = fit(quote, extension if type in (3, 11) and (type, code) != (3, 4)
                               else b"", 4, IPV4_ERROR_MAXIMUM - 28)
        if extension:
            rest = rest[:1] + bytes([len(quote) // 4]) + rest[2:]
        head = bytes([type, code, 0, 0]) + rest
        return with_error_kept(message, pseudo(h.src.packed, h.dst.packed, ICMPV6, len(message)),
                               Packet.of(head, quote, extension), b"")

    def _error_type64(self, message):
        type, code, word = message[0], message[1], int.from_bytes(message[4:8], "big")
        if type == 1:
            new = {0: 1, 1: 10, 2: 1, 3: 1, 4: 3}.get(code)
            if new is not None:
                return 3, new, u32(0)
        if type == 2:
            return 3, 4, u32(max(68, min(word - 20, self.mtu4, self.mtu6 - 20)))
        if type == 3:
            return 11, code, u32(0)
        if type == 4 and code == 0 and word in POINTER_6TO4:
            return 12, 0, bytes([POINTER_6TO4[word], 0, 0, 0])
        if type == 4 and code == 1:
            return 3, 2, u32(0)
        raise Silently("ICMPv6 type")

    def _quoted4(self, addr):
        mapping, prefix = self.mapping6(addr), self.prefix_of(addr)
        got = mapping.to4(addr) if mapping else prefix and extract(prefix, addr)
        if got is None:
            raise Silently("untranslatable address in a quote")
        return got

    def _quote64(self, h):
        if h.proto == ICMPV6 and not h.offset and h.payload[:1] not in (b"\x80", b"\x81"):
            raise Silently("ICMPv6 error or untranslatable message in a quote")
        if h.has_fragment_header and h.proto in EXTENSIONS:
            raise Silently("extension header behind Fragment header in a quote")
        src, dst = self._quoted4(h.src), self._quoted4(h.dst)
        length = 20 + h.payload_length
        if length > 0xffff:
            raise Silently("length of a quote")
        if h.proto == ICMPV6 and not h.offset:
            kind = {128: 8, 129: 0}[h.payload[0]]
            body = echo(h.payload, kind, pseudo(h.src.packed, h.dst.packed, ICMPV6,
                                                h.payload_length), b"")
        else:
            body = readdress(h.proto, h.offset, h.payload, h.src.packed + h.dst.packed,
                             src.packed + dst.packed)
        fields = self._fragment_fields(h, h.payload_length)
        return ip4(src.packed, dst.packed, raw(ICMP if h.proto == ICMPV6 else h.proto, body),
                   ttl=h.hop_limit, tos=self._tos(h), length=length, **fields)


class Header4:
    """An IPv4 header and what follows it; a quoted one may be cut short behind."""

    def __init__(self, packet, quoted=False):
        packet = Packet(packet) if not isinstance(packet, Packet) else packet
        if len(packet) < 20 or packet[0] >> 4 != 4:
            raise Silently("malformed")
        self.ihl = 4 * (packet[0] & 15)
        self.tos = packet[1]
        self.length, self.id, flags = (int.from_bytes(packet[a:a + 2], "big") for a in (2, 4, 6))
        self.df, self.mf, self.offset = bool(flags & 0x4000), bool(flags & 0x2000), \
            8 * (flags & 0x1fff)
        self.ttl, self.proto = packet[8], packet[9]
        self.src, self.dst = IPv4Address(bytes(packet[12:16])), IPv4Address(bytes(packet[16:20]))
        if self.ihl < 20 or self.length < self.ihl or len(packet) < self.ihl:
            raise Silently("malformed")
        if not quoted and (len(packet) < self.length or checksum(packet[:self.ihl])):
            raise Silently("malformed")
        self.options = bytes(packet[20:self.ihl])
        self.payload = bytes(packet[self.ihl:] if quoted else packet[self.ihl:self.length])
        if len(self.payload) < min(8, self.length - self.ihl):
            raise Silently("quote too short")
        self.is_fragment = self.mf or self.offset > 0
        self.icmp_error = (self.proto == ICMP and not self.offset and
                           self.payload[:1] in (b"\3", b"\4", b"\5", b"\x0b", b"\x0c"))

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
                raise Silently("option length")
            if kind in (131, 137):
                if length < 3:
                    raise Silently("option length")
                if self.options[at + 2] <= length:
                    raise Refused("source route", (3, 5, 0))
            at += length


def walk6(packet, quoted=False):
    """Follows extension headers: protocol, where it begins, Fragment header, Segments Left."""
    proto, at, fragment, segments_left_at = packet[6], 40, None, None
    while proto in (HOP_BY_HOP, ROUTING, DESTINATION, FRAGMENT) and fragment is None:
        if len(packet) < at + 8:
            raise Silently("malformed")
        if proto == FRAGMENT:
            fragment, length = at, 8
        else:
            length = 8 + 8 * packet[at + 1]
            if proto == ROUTING and packet[at + 3] and segments_left_at is None:
                segments_left_at = at + 3
        proto, at = packet[at], at + length
    if len(packet) < at:
        raise Silently("malformed")
    return proto, at, fragment, segments_left_at


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
        if not quoted:
            packet = packet[:40 + length]
        self.size = 40 + length
        self.hop_limit = packet[7]
        self.src, self.dst = IPv6Address(packet[8:24]), IPv6Address(packet[24:40])
        self.proto, at, fragment, self.segments_left_at = walk6(packet, quoted)
        self.payload = packet[at:]
        self.payload_length = 40 + length - at
        if self.payload_length < 0 or len(self.payload) < min(8, self.payload_length):
            raise Silently("malformed")
        if quoted and self.segments_left_at:
            raise Silently("quoted packet that is never translated")
        self.has_fragment_header = fragment is not None
        self.offset, self.more, self.id = 0, False, None
        if self.has_fragment_header:
            field = int.from_bytes(packet[fragment + 2:fragment + 4], "big")
            self.offset, self.more = field & 0xfff8, bool(field & 1)
            self.id = int.from_bytes(packet[fragment + 4:fragment + 8], "big")
        self.icmp_error = (self.proto == ICMPV6 and not self.offset and
                           self.payload[:1] < b"\x80" and bool(self.payload))


# Checksums by difference: what was wrong before stays wrong by as much.

def changed(value, minus, plus):
    """A checksum after some octets that it covers have changed."""
    total = (0xffff - value - ones_sum(minus) + ones_sum(plus)) % 0xffff
    return 0xffff - (total or 0xffff)


def readdress(proto, offset, body, old, new):
    """A transport header, or a piece of it, under other addresses."""
    at = CHECKSUM_AT.get(proto)
    if at is None or at < offset or at - offset + 2 > len(body):
        return body
    at -= offset
    value = int.from_bytes(body[at:at + 2], "big")
    if proto in (UDP, UDPLITE) and value == 0:
        return body  # there is none
    value = changed(value, old, new)
    if proto in (UDP, UDPLITE) and value == 0:
        value = 0xffff
    return body[:at] + u16(value) + body[at + 2:]


def echo(body, kind, minus, plus):
    """An echo message under another type, with or without the pseudo-header."""
    if len(body) < 4:
        return bytes([kind]) + body[1:]
    value = changed(int.from_bytes(body[2:4], "big"), body[:2] + minus,
                    bytes([kind, body[1]]) + plus)
    body = bytes([kind, body[1]]) + u16(value) + body[4:]
    if not plus and not any(body):
        body = body[:2] + b"\xff\xff" + body[4:]
    return body


def with_error_kept(before, before_pseudo, after, after_pseudo):
    """The new message with its right checksum, or as wrong a one as the old message had."""
    old = int.from_bytes(before[2:4], "big")
    right = checksum(before_pseudo, before[:2] + b"\0\0" + before[4:])
    value = checksum(after_pseudo, after)
    if (old - right) % 0xffff:
        value = (value + old - right - 1) % 0xffff + 1
    filled = Packet(after[:2] + u16(value) + after[4:])
    filled.any_id = getattr(after, "any_id", ())
    return filled


# RFC 4884.

def split_extension(octets, length):
    """The quote, and the extension structure behind it if there is one."""
    if not length or length >= len(octets):
        return octets, b""
    return octets[:length], octets[length:]


def fit(quote, extension, unit, room):
    """Quote and extension cut to what an error may carry, the quote padded for the extension."""
    if not extension:
        return quote[:room], b""
    padded = max(128, -(-len(quote) // unit) * unit)
    if padded + len(extension) > room:
        padded = max(128, (room - len(extension)) // unit * unit)
    quote = Packet.of(quote[:padded], b"\0" * (padded - len(quote[:padded])))
    return quote, extension[:room - padded]


def fragments4(packet, mtu):
    """RFC 791: a packet in fragments that fit."""
    h = Header4(packet.closed(packet))
    chunk = (mtu - 20) // 8 * 8
    out = []
    for at in range(0, len(h.payload), chunk):
        out.append(ip4(h.src.packed, h.dst.packed, raw(h.proto, h.payload[at:at + chunk]),
                       ttl=h.ttl, tos=h.tos, id=ANY if packet.any_id else h.id,
                       offset=h.offset + at, mf=h.mf or at + chunk < len(h.payload)))
    return out
