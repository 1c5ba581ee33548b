# SPDX-License-Identifier: GPL-2.0
"""What a gateway has to do with one packet, by the text of the RFCs alone.

    Model(configuration text).of(packet) -> Outcome

RFC 7915 unless another is named. It is written from the documents, not from
the kernel module, and computes what a packet becomes from nothing but the
packet and the configuration: a second opinion for the tests and the fuzzer.
"""

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

from packet import (AH, ANY, DCCP, DESTINATION, FRAGMENT, HOP_BY_HOP, ICMP, ICMPV6, ROUTING, TCP,
                    UDP, UDPLITE, Packet, checksum, icmp4, icmp6, ip4, ip6, ones_sum, pseudo, raw,
                    u16, u32, version)
from packet import fragment as fragment_header

IGMP = 2
EXTENSION_HEADERS = 16  # more than this many no gateway has to follow; the RFCs leave it open
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
# RFC 4291 2.5.3, 2.5.5, 2.5.6, 2.7.
ILLEGAL6 = [IPv6Network(n) for n in ("::/96", "::ffff:0:0/96", "fe80::/10", "ff00::/8")]

# Figures 3 and 6.
POINTER_4TO6 = {0: 0, 1: 1, 2: 4, 3: 4, 8: 7, 9: 6, **dict.fromkeys(range(12, 16), 8),
                **dict.fromkeys(range(16, 20), 24)}
POINTER_6TO4 = {0: 0, 1: 1, 4: 2, 5: 2, 6: 9, 7: 8, **dict.fromkeys(range(8, 24), 12),
                **dict.fromkeys(range(24, 40), 16)}


four_of, six_of = (lru_cache(1 << 14)(kind) for kind in (IPv4Address, IPv6Address))


@lru_cache(1 << 14)
def is_in(addr, name):
    return any(addr in network for network in NETWORKS[name])


NETWORKS = {"not global": NOT_GLOBAL, "illegal 4": ILLEGAL4, "illegal 6": ILLEGAL6}


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


@dataclass
class Outcome:
    """What comes out of the gateway, and one word on why."""

    verdict: str  # translated, refused, native
    reason: str = ""
    packets: list = field(default_factory=list)
    counts: dict = field(default_factory=dict)
    uses: Counter = field(default_factory=Counter)  # of mappings, with setting counters


@dataclass
class Model:
    """A gateway with a configuration, as nat64ctl load reads it, and its surroundings."""

    text: str = ""
    gateway4: str = "198.51.100.1"
    gateway6: str = "2001:db8:1::1"
    mtu4: int = 1500
    mtu6: int = 1500
    native: tuple = ()
    followed: int = None  # how many extension headers its kernel follows, looking for an error

    def __post_init__(self):
        self.prefixes, self.mappings, self.primary = [], [], None
        self._known, self._counts, self._upper, self._pieces = {}, {}, None, 1
        self._uses = Counter()
        self.local, self.host, self.pool = False, True, None
        self.settings = {"udp-zero-checksum": "compute", "lowest-ipv6-mtu": "1280", "tos": "copy",
                         "traffic-class": "copy", "icmp-source4": "none", "icmp-source6": "none",
                         "icmp-errors": "on", "wkp-strict": "on", "hairpin": "on", "local": "on",
                         "mark": "none", "counters": "off"}
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
        if addr not in self._known:
            self._known[addr] = max((m for m in self.mappings if addr in m.four),
                                    key=lambda m: m.four.prefixlen, default=None)
        return self._known[addr]

    def mapping6(self, addr):
        if addr not in self._known:
            self._known[addr] = max((m for m in self.mappings if addr in m.six),
                                    key=lambda m: m.six.prefixlen, default=None)
        return self._known[addr]

    def prefix_of(self, addr):
        return max((p for p in self.prefixes if addr in p), key=lambda p: p.prefixlen, default=None)

    def _native(self, addr, than):
        """4.6, 5.6: a route more specific than the translation leads there."""
        return any(addr.version == n.version and addr in n and n.prefixlen > than
                   for n in self.native)

    def carries(self, prefix, addr):
        """RFC 6052 3.1."""
        return prefix != WELL_KNOWN or not self.on("wkp-strict") or not is_in(addr, "not global")

    # One packet.

    def of(self, packet, local=False, host=True, sent=None, mark=0):
        """What becomes of a packet that arrives where its family lives, or that is the gateway's own.

        A frame may be for more than one host, or its packet a part of the one that was sent.
        Where several reasons would do to refuse it, the headers come first, then the
        kind of an ICMP message, the addresses, the hop limit, a UDP checksum, the size,
        and what an ICMP error says.
        """
        packet = bytes(packet)
        self.local, self.host, self.pool = local, host, None
        self._counts, self._uses = {}, Counter()
        try:
            out = None
            if self._looks_at(mark):
                out = self._of6(packet) if version(packet) == 6 else self._of4(packet)
        except Refused as refused:
            answers = self._answers(bytes(sent or packet), refused)
            self._count(refused.reason)
            return Outcome("refused", refused.reason, answers, self._counts, self._uses)
        if out is None:
            return Outcome("native", "", self._natively(packet))
        self._count(f"translated_{'6to4' if version(out[0]) == 4 else '4to6'}", self._pieces)
        for packet in out:
            packet.pool = self.pool
        return Outcome("translated", "", out, self._counts, self._uses)

    def _looks_at(self, mark):
        value, _, mask = self.settings["mark"].partition("/")
        return value == "none" or mark & int(mask or "0xffffffff", 0) == int(value, 0)

    def _count(self, name, by=1):
        self._counts[name] = self._counts.get(name, 0) + by

    def _use(self, mapping, packet):
        """A packet that a mapping has sent on, in octets as it leaves."""
        if mapping and self.on("counters"):
            way = "6to4" if version(packet) == 4 else "4to6"
            self._uses[mapping, "packets-" + way] += 1
            self._uses[mapping, "octets-" + way] += len(packet)

    def _answers(self, packet, refused):
        answer = refused.answer
        six = version(packet) == 6
        if answer is None or refused.passes > 1:
            return []
        limits = ((3, 0), (2, 0)) if six else ((11, 0), (3, 4))
        if answer is PROHIBITED:
            answer = (1, 1, 0) if six else (3, 13, 0)
        if not self.on("icmp-errors") and answer[:2] not in limits:
            return []
        return self._answer6(packet, answer) if six else self._answer4(packet, answer)

    def _answer6(self, packet, answer):
        """RFC 4443 2.4 (e): not to errors, nor to what has no sender."""
        if is_in(six_of(packet[8:24]), "illegal 6") and not self.mapping6(six_of(packet[8:24])):
            return []
        kind = icmpv6_type(packet, self.followed)
        if kind is not None and kind < 128 or answer[:2] == (1, 1) and self._upper == ICMPV6:
            return []
        return [ip6(self.gateway6, packet[8:24], icmp6(*answer, packet[:1232]))]

    def _answer4(self, packet, answer):
        """RFC 1812 4.3.2.7."""
        header = Header4(packet)
        own = four_of(self.gateway4)
        if is_in(header.src, "illegal 4") or header.offset or header.src == own != header.dst:
            return []
        if header.proto == ICMP and header.payload[:1] not in KNOWN_MESSAGES:
            return []
        quote = packet[:min(IPV4_ERROR_MAXIMUM, self._mtu4_to(header.src)) - 28]
        return [ip4(self.gateway4, packet[12:16], icmp4(*answer, quote), id=ANY,
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
        if mapping is None or is_in(h.dst, "illegal 4") or (
                self.native and self._native(h.dst, mapping.four.prefixlen)):
            return None
        self._check_link()
        h.check_options()
        self._check_message4(h)
        src, dst, prefix = self._addresses46(h, mapping)
        if h.ttl <= 1 and not self.local:
            raise Refused("hop_limit", (11, 0, 0))
        return self._to6(h, src, dst, prefix, h.ttl - (not self.local))

    def _check_link(self):
        """RFC 1812 5.3.4: nothing is forwarded that came to all."""
        if not self.host:
            raise Silently("link_broadcast")

    @staticmethod
    def _check_message4(h):
        """4.2: which messages there are; 1.2: none of them in fragments."""
        if h.proto == IGMP:
            raise Silently("icmp_type")
        if h.proto != ICMP:
            return
        if h.is_fragment:
            raise Refused("fragmented_icmp", PROHIBITED)
        if len(h.payload) < 8:
            raise Silently("malformed")
        if h.payload[0] not in (0, 3, 8, 11, 12):
            raise Silently("icmp_type")

    def _addresses46(self, h, mapping):
        """Section 6: what the addresses become, and by which prefix."""
        prefix = mapping.prefix or self.primary
        dst = mapping.to6(h.dst)
        if self.local and self.prefix_of(dst):
            raise Refused("loop", PROHIBITED)
        if is_in(h.src, "illegal 4") and not h.icmp_error:
            raise Silently("source_illegal")
        return self._source6(h, prefix, dst), dst, prefix

    def _source6(self, h, prefix, dst):
        mapping = self.mapping4(h.src)
        if mapping and (prefix is None or not self._source_is_plain(h)):
            return mapping.to6(h.src)
        if prefix is None:
            raise Refused("no_prefix", PROHIBITED)
        if self.carries(prefix, h.src):
            return embed(prefix, h.src)
        if not h.icmp_error:
            raise Refused("wkp_not_global", PROHIBITED)
        return self._pooled("icmp-source6", six_of(self.gateway6))  # RFC 6791, the other way

    def _pooled(self, name, own):
        """The gateway's own address, or any of some that are set aside."""
        value = self.settings[name]
        if value == "none":
            return own
        self.pool = ip_network(value)
        return self.pool.network_address

    def _source_is_plain(self, h):
        """RFC 7757 4.2.1, rules 1 and 3."""
        if not self.on("hairpin"):
            return False
        return not h.icmp_error or len(h.payload) < 28 or h.src == four_of(h.payload[24:28])

    def _to6(self, h, src, dst, prefix, hop_limit):
        """Section 4.1."""
        if h.proto == UDP and not h.icmp_error:
            self._check_udp(h)
        mtu6 = self._way6(dst)
        tclass = self.settings["traffic-class"]
        tclass = h.tos if tclass == "copy" else int(tclass)
        proto = ICMPV6 if h.proto == ICMP else h.proto
        size = 40 + 8 * h.is_fragment + len(h.payload)
        limit = mtu6 if h.df else min(int(self.settings["lowest-ipv6-mtu"]), mtu6)
        split = size > limit and not h.icmp_error
        if split and h.df:
            raise Refused("too_big", (3, 4, mtu6 - (28 if h.is_fragment else 20)))
        if split and h.offset + len(h.payload) > 0xffff:
            raise Silently("malformed")
        if h.icmp_error:
            body = self._error46(h, prefix, src, dst, mtu6)
        else:
            body = self._transport46(h, src, dst)
        chunk = (limit - 48) // 8 * 8 if split else len(body)
        packets = []
        for at in range(0, len(body) or 1, chunk or 1):
            piece = body[at:at + chunk]
            more = h.mf or at + chunk < len(body)
            headers = [fragment_header(h.id, h.offset + at, more)] if split or h.is_fragment else []
            packets.append(ip6(src.packed, dst.packed, *headers, raw(proto, piece),
                               hlim=hop_limit, tclass=tclass))
            self._use(self.mapping4(h.dst), packets[-1])
        self._pieces = len(packets)
        if split:
            self._count("split_4to6")
        return packets

    def _way6(self, dst):
        """The MTU of the way to an address; to the gateway itself there may be none."""
        if dst == six_of(self.gateway6) and not self.on("local") and not self.local:
            raise Refused("local_off", PROHIBITED)
        return self._mtu6_to(dst)

    def _way4(self, dst):
        if dst == four_of(self.gateway4) and not self.on("local") and not self.local:
            raise Refused("local_off", PROHIBITED)
        return self._mtu4_to(dst)

    def _mtu4_to(self, dst):
        own = dst == four_of(self.gateway4) or dst.is_loopback or dst.is_unspecified
        return 65535 if own else self.mtu4

    def _mtu6_to(self, dst):
        return 65536 if dst == six_of(self.gateway6) or dst.is_loopback else self.mtu6

    def _check_udp(self, h):
        """Section 4.5: a datagram without a checksum."""
        body = h.payload
        if h.offset or len(body) < 8 or body[6:8] != b"\0\0":
            return
        if h.is_fragment:
            raise Refused("udp_zero_checksum_fragment", PROHIBITED)
        if self.settings["udp-zero-checksum"] == "drop":
            raise Refused("udp_zero_checksum", PROHIBITED)
        if not 8 <= int.from_bytes(body[4:6], "big") <= len(body):
            raise Silently("malformed")

    def _transport46(self, h, src, dst):
        """Section 4.5, and the queries of 4.2."""
        body = h.payload
        if h.proto == ICMP:
            return echo(body, 128 if body[0] == 8 else 129, b"",
                        pseudo(src.packed, dst.packed, ICMPV6, len(body)))
        if h.proto == UDP and h.offset == 0 and body[6:8] == b"\0\0":
            length = int.from_bytes(body[4:6], "big")
            value = checksum(pseudo(src.packed, dst.packed, UDP, length), body[:length]) or 0xffff
            return body[:6] + u16(value) + body[8:]
        return readdress(h.proto, h.offset, body, h.src.packed + h.dst.packed,
                         src.packed + dst.packed)

    def _error46(self, h, prefix, src, dst, mtu6):
        """Sections 4.2 and 4.3."""
        message = h.payload
        type, code = self._error_type46(message)
        inner = quoted4(message[8:])
        rest = self._error_word46(message, type, inner, mtu6)
        quote, extension = split_extension(message[8:], message[5] * 4, inner.ihl)
        quote = self._quote46(inner, quote, prefix)
        quote, extension = fit(quote, extension if type in (1, 3) else b"", 8,
                               IPV6_MINIMUM - 48)
        if extension:
            rest = bytes([len(quote) // 8]) + rest[1:]
        head = bytes([type, code, 0, 0]) + rest
        return with_error_kept(message, b"", head + quote + extension,
                               pseudo(src.packed, dst.packed, ICMPV6,
                                      8 + len(quote) + len(extension)))

    @staticmethod
    def _error_type46(message):
        type, code = message[0], message[1]
        if type == 11:
            return 3, code
        if type == 3:
            if code in (2, 4):
                return (4, 1) if code == 2 else (2, 0)
            new = {**dict.fromkeys((0, 1, 5, 6, 7, 8, 11, 12), 0), 3: 4,
                   **dict.fromkeys((9, 10, 13, 15), 1)}.get(code)
            if new is not None:
                return 1, new
        if type == 12 and code in (0, 2):
            if message[4] not in POINTER_4TO6:
                raise Silently("icmp_pointer")
            return 4, 0
        raise Silently("icmp_type")

    def _error_word46(self, message, type, inner, mtu6):
        """The MTU of a Packet Too Big, the pointer of a Parameter Problem."""
        if type == 4:
            return u32(6 if message[0] == 3 else POINTER_4TO6[message[4]])
        if type != 2:
            return u32(0)
        mtu = int.from_bytes(message[6:8], "big")
        if mtu == 0:
            mtu = next((p for p in PLATEAUS if p < inner.length and p >= IPV6_MINIMUM), 0)
        return u32(max(IPV6_MINIMUM, min(mtu + 20, mtu6, self._mtu4_to(inner.dst) + 20)))

    def _quoted6(self, addr, mapped, prefix):
        mapping = self.mapping4(addr) if mapped else None
        if mapping:
            return mapping.to6(addr)
        if prefix is None or not self.carries(prefix, addr):
            raise Silently("icmp_inner_packet")
        return embed(prefix, addr)

    def _quote46(self, h, quote, prefix):
        src = self._quoted6(h.src, True, prefix)
        # RFC 7757 4.2.1, rule 2.
        dst = self._quoted6(h.dst, not self.on("hairpin") or prefix is None, prefix)
        check_quoted_message(h, ICMP, (0, 8), (3, 11, 12))
        length = h.payload_length
        body, padding = quote[h.ihl:][:length], quote[h.ihl:][length:]
        proto = ICMPV6 if h.proto == ICMP else h.proto
        if h.proto == ICMP and not h.offset and body:
            body = echo(body, 128 if body[0] == 8 else 129, b"",
                        pseudo(src.packed, dst.packed, ICMPV6, length))
        else:
            body = readdress(h.proto, h.offset, body, h.src.packed + h.dst.packed,
                             src.packed + dst.packed)
        tclass = self.settings["traffic-class"]
        tclass = h.tos if tclass == "copy" else int(tclass)
        headers = [fragment_header(h.id, h.offset, h.mf)] if h.is_fragment else []
        return bytes(ip6(src.packed, dst.packed, *headers, raw(proto, body + padding), hlim=h.ttl,
                         tclass=tclass, length=(length + 8 * len(headers)) & 0xffff))

    # IPv6 to IPv4, section 5.

    def _of6(self, packet):
        destination, self._upper = six_of(packet[24:40]), None
        prefix = self.prefix_of(destination)
        if prefix is None or self.native and self._native(destination, prefix.prefixlen):
            return None
        self._check_link()
        h = Header6(packet)
        self._upper = h.proto
        self._check_message6(h)
        dst, is_mapped = self._destination4(h, prefix)
        src = self._source4(h)
        if h.hop_limit <= 1 and not self.local:
            raise Refused("hop_limit", (3, 0, 0))
        back = self.on("hairpin") and not is_mapped and self.mapping4(dst)
        if back:
            return self._hairpin(h, src, dst, back)
        size, mtu4 = 20 + len(h.payload), self._way4(dst)
        if size > mtu4 and not h.icmp_error:
            if h.offset + len(h.payload) > 0xffff:
                raise Silently("malformed")
            if size > 0xffff or h.size > IPV6_MINIMUM and not h.has_fragment_header:
                raise Refused("too_big", (2, 0, max(IPV6_MINIMUM, mtu4 + 20)))
        packet4, self._pieces = self._to4(h, src, dst, mtu4), 1
        self._use(self.mapping6(h.src), packet4)
        if len(packet4) <= mtu4 or self.local:
            return [packet4]
        return fragments4(packet4, mtu4)

    @staticmethod
    def _check_message6(h):
        """5.2: which messages there are; 1.2: none of them in fragments."""
        if h.proto != ICMPV6:
            return
        if h.offset or h.more:
            raise Silently("fragmented_icmp")
        if len(h.payload) < 8:
            raise Silently("malformed")
        if h.payload[0] not in (1, 2, 3, 4, 128, 129):
            raise Silently("icmp_type")

    def _destination4(self, h, prefix):
        """The IPv4 destination, and whether a mapping says so (RFC 7757 4.2.2, A2)."""
        mapping = self.mapping6(h.dst)
        dst = mapping.to4(h.dst) if mapping else extract(prefix, h.dst)
        if dst is None:
            raise Refused("destination_illegal", PROHIBITED)
        if not mapping and not self.carries(prefix, dst):
            raise Refused("wkp_not_global", PROHIBITED)
        if is_in(dst, "illegal 4"):
            raise Refused("destination_illegal", PROHIBITED)
        return dst, mapping is not None

    def _hairpin(self, h, src, dst, mapping):
        """RFC 7757 4.2.2; the hop limit has been lowered in the first pass."""
        second = Header4(ip4(src.packed, dst.packed))
        second.icmp_error, second.payload = h.icmp_error, b""
        if h.icmp_error and len(h.payload) >= 48:  # rule 3 of 4.2.1, of the first pass
            is_own = h.payload[32:48] == h.src.packed
            second.payload = bytes(24) + (src.packed if is_own else bytes(4))
        src6, dst6, prefix = self._addresses46(second, mapping)
        mtu6 = self._way6(dst6)
        if not h.has_fragment_header and not h.icmp_error and 40 + len(h.payload) > mtu6:
            raise Refused("too_big", (2, 0, max(IPV6_MINIMUM, mtu6)))
        packet4 = self._to4(h, src, dst, mtu6 - 20)
        self._count("hairpinned")
        self._use(self.mapping6(h.src), packet4)
        second = Header4(packet4)
        try:
            self._check_message4(second)
            return self._to6(second, src6, dst6, prefix, second.ttl)
        except Refused as refused:
            refused.passes = 2
            raise

    def _to4(self, h, src, dst, mtu4):
        """Section 5.1."""
        if h.icmp_error:
            body = self._error64(h, src, dst, mtu4)
        elif h.proto == ICMPV6:
            body = echo(h.payload, 8 if h.payload[0] == 128 else 0,
                        pseudo(h.src.packed, h.dst.packed, ICMPV6, len(h.payload)), b"")
        else:
            body = readdress(h.proto, h.offset, h.payload, h.src.packed + h.dst.packed,
                             src.packed + dst.packed)
        return ip4(src.packed, dst.packed, raw(ICMP if h.proto == ICMPV6 else h.proto, body),
                   ttl=h.hop_limit - (not self.local), tos=self._tos(h),
                   **self._fragment_fields(h, len(body)))

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
        src = mapping and mapping.to4(h.src)
        if is_in(src, "illegal 4") if mapping else is_in(h.src, "illegal 6"):
            raise Silently("source_illegal")
        if mapping:
            return src
        if h.icmp_error:
            return self._pooled("icmp-source4", four_of(self.gateway4))  # RFC 6791
        raise Refused("source_unmapped", PROHIBITED)

    def _error64(self, h, src, dst, mtu4):
        """Sections 5.2 and 5.3."""
        message = h.payload
        type, code = self._error_type64(message)
        extensible = message[0] in (1, 3)
        inner = quoted6(message[8:])
        rest = self._error_word64(message, type, code, inner, mtu4)
        quote, extension = split_extension(message[8:], message[4] * 8 if extensible else 0,
                                           inner.length)
        quote = self._quote64(inner, quote)
        quote, extension = fit(quote, extension if extensible else b"", 4,
                               IPV4_ERROR_MAXIMUM - 28)
        if extension:
            rest = rest[:1] + bytes([len(quote) // 4]) + rest[2:]
        head = bytes([type, code, 0, 0]) + rest
        return with_error_kept(message, pseudo(h.src.packed, h.dst.packed, ICMPV6, len(message)),
                               Packet.of(head, quote, extension), b"")

    @staticmethod
    def _error_type64(message):
        type, code = message[0], message[1]
        if type == 1:
            new = {0: 1, 1: 10, 2: 1, 3: 1, 4: 3}.get(code)
            if new is not None:
                return 3, new
        if type == 2:
            return 3, 4
        if type == 3:
            return 11, code
        if type == 4 and code == 0:
            if int.from_bytes(message[4:8], "big") not in POINTER_6TO4:
                raise Silently("icmp_pointer")
            return 12, 0
        if type == 4 and code == 1:
            return 3, 2
        raise Silently("icmp_type")

    def _error_word64(self, message, type, code, inner, mtu4):
        """The MTU of a Fragmentation Needed, the pointer of a Parameter Problem."""
        word = int.from_bytes(message[4:8], "big")
        if (type, code) == (3, 4):
            return u32(max(68, min(word - 20, mtu4, self._mtu6_to(inner.dst) - 20)))
        return bytes([POINTER_6TO4[word] if type == 12 else 0, 0, 0, 0])

    def _quoted4(self, addr):
        mapping, prefix = self.mapping6(addr), self.prefix_of(addr)
        got = mapping.to4(addr) if mapping else prefix and extract(prefix, addr)
        if got is None or not mapping and not self.carries(prefix, got):
            raise Silently("icmp_inner_packet")
        return got

    def _quote64(self, h, quote):
        src, dst = self._quoted4(h.src), self._quoted4(h.dst)
        check_quoted_message(h, ICMPV6, (128, 129), (1, 2, 3, 4))
        body, padding = quote[h.length:][:h.payload_length], quote[h.length:][h.payload_length:]
        if h.proto == ICMPV6 and not h.offset and body:
            body = echo(body, 8 if body[0] == 128 else 0,
                        pseudo(h.src.packed, h.dst.packed, ICMPV6, h.payload_length), b"")
        else:
            body = readdress(h.proto, h.offset, body, h.src.packed + h.dst.packed,
                             src.packed + dst.packed)
        return ip4(src.packed, dst.packed,
                   raw(ICMP if h.proto == ICMPV6 else h.proto, body + padding),
                   ttl=h.hop_limit, tos=self._tos(h), length=20 + h.payload_length,
                   **self._fragment_fields(h, h.payload_length))


# No errors, so that they may be answered by one; of others Linux does not know.
KNOWN_MESSAGES = tuple(bytes([n]) for n in (0, 8, *range(13, 19)))


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


def check_quoted_message(h, proto, queries, errors):
    """4.3, 5.3: no error in an error, and nothing that cannot be translated."""
    is_message = h.proto == proto and not h.offset
    if len(h.payload) < min(8, h.payload_length) or is_message and h.payload_length < 8:
        raise Silently("icmp_inner_packet")
    if is_message and h.payload[0] not in queries:
        raise Silently("icmp_inner_error" if h.payload[0] in errors else "icmp_inner_packet")


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
    # All zeros would not verify; where there is data both verify (RFC 1624 3).
    if not plus and not value and not kind and body[4:8] == bytes(4):
        value = 0xffff
    return bytes([kind, body[1]]) + u16(value) + body[4:]


def with_error_kept(before, before_pseudo, after, after_pseudo):
    """The new message with its right checksum, or as wrong a one as the old message had."""
    old = int.from_bytes(before[2:4], "big")
    right = checksum(before_pseudo, before[:2] + b"\0\0" + before[4:])
    value = checksum(after_pseudo, after)
    if (old - right) % 0xffff:
        value = (value + old - right) % 0xffff
    filled = Packet(after[:2] + u16(value) + after[4:])
    filled.any_id = getattr(after, "any_id", ())
    return filled


# RFC 4884.

def split_extension(octets, length, header):
    """The quote, and the extension structure behind it if there is one."""
    if length < header + 8 or length >= len(octets):
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
