# SPDX-License-Identifier: GPL-2.0-only
"""What a gateway has to do with one packet, by the text of the RFCs alone.

    Model(configuration text).of(packet) -> Outcome

RFC 7915 unless another is named. It is written from the documents, not from
the kernel module, and computes what a packet becomes from nothing but the
packet and the configuration: a second opinion for the tests and the fuzzer.
model_4to6.py has section 4, model_6to4.py section 5.
"""

from collections import Counter
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network

from model_4to6 import Model4to6
from model_6to4 import Model6to4
from model_addr import Mapping, WELL_KNOWN, four_of, is_in, six_of, translatable
from model_header import PROHIBITED, Header4, Refused, Silently, icmpv6_type
from model_icmp import IPV4_ERROR_MAXIMUM, KNOWN_MESSAGES
from settings import DEFAULTS
from packet import ANY, ICMP, ICMPV6, Packet, checksum, icmp4, icmp6, ip4, ip6, u16, version


@dataclass
class Outcome:
    """What comes out of the gateway, and one word on why."""

    verdict: str  # translated, refused, native
    reason: str = ""
    packets: list = field(default_factory=list)
    counts: dict = field(default_factory=dict)
    uses: Counter = field(default_factory=Counter)  # of mappings, with setting counters


@dataclass
class Model(Model4to6, Model6to4):
    """A gateway with a configuration, as nat64ctl load reads it, and its surroundings."""

    text: str = ""
    gateway4: str = "198.51.100.1"
    gateway6: str = "2001:db8:1::1"
    mtu4: int = 1500
    mtu6: int = 1500
    native: tuple = ()
    link4: str = None  # a network that the gateway has an address of
    followed: int = None  # how many extension headers its kernel follows, looking for an error

    def __post_init__(self):
        self.prefixes, self.mappings, self.primary = [], [], None
        self._known, self._counts, self._upper, self._pieces = {}, {}, None, 1
        self._uses = Counter()
        self.local, self.host, self.pool = False, True, None
        self.settings = dict(DEFAULTS)
        self.native = [IPv6Network(n) if ":" in n else IPv4Network(n) for n in self.native]
        lines = [line.split("#")[0].split() for line in self.text.splitlines()]
        for words in sorted(lines, key=lambda words: words[:1] == ["add"]):
            self._read(words)

    def _read(self, words):
        if words[:2] == ["prefix", "add"]:
            prefix = IPv6Network(words[2])
            self.prefixes.append(prefix)
            if "primary" in words or self.primary is None:
                self.primary = prefix
        elif words[:1] == ["add"]:
            own = IPv6Network(words[words.index("prefix") + 1]) if "prefix" in words else None
            if words[2] == "translatable":
                self.mappings += translatable(words[1], own or self.primary, own)
            else:
                self.mappings.append(Mapping(IPv4Network(words[1]), IPv6Network(words[2]), own,
                                             "edge" in words))
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

    def claiming(self, addr):
        """An edge relay has a prefix to send to; packets to it are for the border relay."""
        if self.mappings and all(m.edge for m in self.mappings):
            return None
        return self.prefix_of(addr)

    def _is_face(self, addr):
        mapping = self.mapping6(addr)
        return mapping is not None and mapping.edge

    def _leads4(self, addr):
        """4.6: a route more specific than the default leads to an IPv4 address."""
        own = [IPv4Network(n) for n in (self.gateway4, self.link4) if n]
        return self._native(addr, 0) or any(addr in n for n in own)

    def _native(self, addr, than):
        """4.6, 5.6: a route more specific than the translation leads there."""
        return any(addr.version == n.version and addr in n and n.prefixlen > than
                   for n in self.native)

    def _leads_back(self, dst, mapping):
        """Whether no route of IPv4 leads to the host that has the mapping, nor to the gateway."""
        own = [IPv4Network(n) for n in (self.gateway4, self.link4) if n]
        length = mapping.four.prefixlen
        return not self._native(dst, length) and not any(
            dst in n and n.prefixlen > length for n in own)

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

    def _use(self, border, edge, packet):
        """A packet that the mappings of its ends have sent on, in octets as it leaves."""
        for mapping in [border] * bool(border and not border.edge) + [edge] * bool(edge and edge.edge):
            self._use_of(mapping, packet)

    def _use_of(self, mapping, packet):
        if self.on("counters"):
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

    # What both directions ask.

    def _check_link(self):
        """RFC 1812 5.3.4: nothing is forwarded that came to all."""
        if not self.host:
            raise Silently("link_broadcast")

    def _pooled(self, name, own):
        """The gateway's own address, or any of some that are set aside."""
        value = self.settings[name]
        if value == "none":
            return own
        self.pool = ip_network(value)
        return self.pool.network_address

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
