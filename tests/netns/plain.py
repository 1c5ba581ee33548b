# SPDX-License-Identifier: GPL-2.0-only
"""Plain frames, which every door of the gateway takes, and such as are just not plain.

Random packets seldom come where a frame is edited in place: these are what is plain, or differ
from it in one thing, or two, at the edge of what still is.
"""

from dataclasses import dataclass, field

import packet as p
from generator import BROADCAST, EDGES, MULTICAST, PROTOCOLS, SOMEBODY, Generator, Sent
from scenes import SERVERS4

ECHO = "echo"
PAIRS = 8
USUAL_LENGTHS = (0, 1, 2, 18, 26, 100, 512, 1200)
# Of VXLAN, GENEVE, and VXLAN before it had one, and their neighbours.
TUNNEL_PORTS = (4789, 6081, 8472, 4788, 4790)
TAGS = (b"\x81\0\0\x07", b"\x81\0\0\x07", b"\x81\0\xa0\x07", b"\x88\xa8\0\x07",
        b"\x81\0\0\0", b"\x81\0\xe0\0", b"\x88\xa8\0\0", b"\x81\0\0\1", b"\x81\0\x0f\xff")


@dataclass
class Draft:
    """A packet before it is octets."""

    six: bool
    ends: tuple
    kind: object
    data: bytes
    hops: int = 64
    tos: int = 0
    part: object = None  # instead of what the kind and the data say
    sum: dict = field(default_factory=dict)
    more: dict = field(default_factory=dict)  # arguments of what it carries
    fields: dict = field(default_factory=dict)  # of the header
    extensions: list = field(default_factory=list)
    spoilt: list = field(default_factory=list)  # what is done to the octets
    frame: dict = field(default_factory=dict)  # of Sent

    @property
    def upper(self):
        return {p.TCP: 20, p.UDP: 8, ECHO: 8}[self.kind]

    @property
    def field_at(self):
        """Where the checksum is in what the packet carries."""
        return {p.TCP: 16, p.UDP: 6, ECHO: 2}[self.kind]


class PlainGenerator(Generator):
    """Frames for a scene; translated tells of a packet what it becomes, or None."""

    def __init__(self, rng, scene, translated):
        super().__init__(rng, scene)
        self.classes = (0, self.bits(8))
        self.pairs = {six: self.known_pairs(six, translated) for six in (True, False)}
        lowest = [int(line.split()[2]) for line in scene.text.splitlines() if "lowest-ipv6-mtu" in line]
        # How long what leaves may be.
        self.bounds = {True: (1260, 1280, 1240, *[scene.mtu4] * 4),
                       False: (1280, 1500, *lowest, *[scene.mtu6] * 4)}

    def known_pairs(self, six, translated):
        """Ends of which packets are translated, each with what that does to their checksum."""
        make = p.ip6 if six else p.ip4
        known, others = [], []
        for _ in range(PAIRS):
            ends = (self.of(self.mapped6), self.of(self.embedded)) if six else (
                self.of(SERVERS4), self.of(self.mapped4))
            ends = tuple(map(p.address, ends))
            probe = make(*ends, p.udp(1, 2))
            after = translated(probe)
            shift = 0 if after is None else udp_sum(after) - udp_sum(probe)
            (others if after is None else known).append((ends, shift))
        return known or others

    # What may be particular about a frame, each a method that changes a draft.

    def hop_limit(self, draft):
        draft.hops = self.of((0, 1, 1, 2, 2, 3, 255))

    def size(self, draft):
        total = self.of(self.bounds[draft.six]) + self.of((-8, -1, 0, 0, 1, 1, 8))
        length = total - (20 if draft.six else 40) - draft.upper
        if length > 9100:
            length = min(length, 0xffff - 80) if self.chance(8) else 1400
        draft.data = (draft.data or b"\x5a") * (max(0, length) // max(1, len(draft.data)) + 1)
        draft.data = draft.data[:max(0, length)]

    def dont_fragment(self, draft):
        if not draft.six:
            draft.fields["df"] = True
            self.size(draft)

    def short_upper(self, draft):
        """The upper header is not all there, and the length says so."""
        body = p.octets(*draft.ends, self.part_of(draft))
        draft.part = p.raw(self.protocol_of(draft), body[:self.of((0, 1, 4, 7, 8, 9, 12, 19, 20))])

    def upper_sum(self, draft):
        """A wrong one, none at all, or that of the pseudo-header alone, as if it were unfinished."""
        draft.sum = self.of((
            {"wrong_by": 1}, {"wrong_by": 1 + self.below(0xfffe)}, {"checksum": 0}, {"checksum": 0xffff},
            {"checksum": self.bare_sum(draft)}, {"checksum": 0xffff - self.bare_sum(draft)}))

    def bare_sum(self, draft):
        body = p.octets(*draft.ends, self.part_of(draft))
        return p.ones_sum(p.pseudo(*draft.ends, self.protocol_of(draft), len(body)))

    def zero_sum(self, draft):
        """What it becomes has a checksum of zero, or next to it."""
        if draft.kind == ECHO:
            draft.kind = p.UDP
        draft.sum = {"checksum": (self.of((-1, 0, 0, 0, 1)) - draft.frame.pop("shift", 0)) % 0xffff}

    def some_options(self, draft):
        if draft.six:
            draft.extensions = self.extensions_in_order() or [p.destination_options()]
        else:
            draft.fields["options"] = self.of((b"\1" * 4, bytes(4), b"\1" * 40, self.options4()))

    def some_fragment(self, draft):
        if draft.six:
            draft.extensions = [p.fragment(self.bits(32), self.of((0, 0, 0, 8, 1200)), self.chance(2))]
        else:
            draft.fields.update(self.of(({"mf": True}, {"offset": 8}, {"offset": 1480}, {"reserved": True},
                                         {"mf": True, "df": True})))

    def other_protocol(self, draft):
        draft.part = p.raw(self.of(PROTOCOLS) if self.chance(2) else self.bits(8), draft.data)

    def other_message(self, draft):
        """ICMP that is not an echo: an error, or of any type."""
        if self.chance(2):
            draft.part = self.error(draft.six, *draft.ends, 0)
        else:
            make = p.icmp6 if draft.six else p.icmp4
            draft.part = make(self.of((0, 1, 8, 13, 127, 128, 129, 130, 135, 255)), self.of((0, 1)), 0,
                              draft.data)

    def other_addresses(self, draft):
        ends = self.ends6() if draft.six else self.ends4()
        draft.ends = tuple(map(p.address, ends))

    def tunnel_port(self, draft):
        draft.kind, draft.more = p.UDP, {"dport": self.of(TUNNEL_PORTS)}

    def datagram_length(self, draft):
        draft.kind = p.UDP
        length = 8 + len(draft.data)
        draft.more["length"] = self.of((0, 7, 8, length - 1, length + 1, 0xffff))

    def header_sum(self, draft):
        """IPv4 has one: wrong by one, or nothing at all, or its other zero."""
        by = self.of((1, -1, 0x100, 0))

        def spoil(octets):
            value = int.from_bytes(octets[10:12], "big")
            octets[10:12] = p.u16((value + by) & 0xffff if by else self.of((0, 0xffff)))
        if not draft.six:
            draft.spoilt.append(spoil)

    def other_length(self, draft):
        """Another one than it has."""
        by, edge = self.of((-20, -9, -8, -1, 1, 8)), self.of(EDGES)
        take_edge, at = self.chance(4), 4 if draft.six else 2

        def spoil(octets):
            value = edge if take_edge else int.from_bytes(octets[at:at + 2], "big") + by
            octets[at:at + 2] = p.u16(value & 0xffff)
            repair(octets)
        draft.spoilt.append(spoil)

    def first_octet(self, draft):
        first = self.of((0x44, 0x46, 0x55, 0x05, 0x65, 0x54, 0x60, 0x45))

        def spoil(octets):
            octets[0] = first
            repair(octets)
        draft.spoilt.append(spoil)

    def cut_short(self, draft):
        """The frame ends before its packet does."""
        keep = self.of((1, 8, 19, 20, 27, 28, 39, 40, 47, 48, 60))
        draft.spoilt.append(lambda octets: octets.__delitem__(slice(keep, None)))

    def padding(self, draft):
        draft.frame["trailer"] = self.of((b"\0", b"\xff")) * self.of((1, 2, 6, 18, 46))

    def other_link(self, draft):
        draft.frame["link"] = self.of((BROADCAST, MULTICAST, SOMEBODY, b"\x02\0\0\0\x06\0"))

    def tagged(self, draft):
        draft.frame["tag"] = self.of(TAGS)

    def other_family(self, draft):
        if self.scene.mtu4 >= 1280:
            draft.frame["family"] = 4 if draft.six else 6

    def other_side(self, draft):
        """By the other link; one narrower than that has no IPv6."""
        if self.scene.mtu4 >= 1280:
            draft.frame["side"] = 4 if draft.six else 6

    def in_pieces(self, draft):
        draft.frame["pieces"] = True

    CHANGES = (hop_limit, hop_limit, size, size, size, dont_fragment, short_upper, short_upper, upper_sum,
               upper_sum, upper_sum, zero_sum, zero_sum, some_options, some_fragment, other_protocol,
               other_message, other_addresses, tunnel_port, datagram_length, header_sum, header_sum,
               other_length, other_length, first_octet, cut_short, padding, padding, other_link, tagged,
               tagged,
               other_family, other_side, in_pieces)

    # All of it.

    def draft(self):
        six = self.chance(2)
        ends, shift = self.of(self.pairs[six])
        kind = self.of((p.UDP, p.UDP, p.UDP, p.TCP, p.TCP, ECHO))
        data = bytes([self.bits(8)]) * self.of(USUAL_LENGTHS)
        draft = Draft(six, ends, kind, data, tos=self.of(self.classes), frame={"shift": shift})
        if not six:
            draft.fields = {"df": bool(self.bits(1)), "id": self.bits(16)}
        elif self.chance(4):
            draft.fields = {"flow": self.bits(20)}
        return draft

    def plain(self):
        """The next frame: every other one plain through and through."""
        draft = self.draft()
        if self.chance(2):
            for _ in range(1 if not self.chance(8) else 2):
                self.of(self.CHANGES)(self, draft)
        octets = bytearray(self.packet_of(draft))
        for spoil in draft.spoilt:
            spoil(octets)
        return self.sent(draft, bytes(octets))

    def protocol_of(self, draft):
        return draft.kind if draft.kind != ECHO else p.ICMPV6 if draft.six else p.ICMP

    def part_of(self, draft):
        if draft.part:
            return draft.part
        if draft.kind == p.UDP:
            ports = {"sport": self.bits(16), "dport": self.bits(16)} | draft.more
            return p.udp(data=draft.data, **ports, **draft.sum)
        if draft.kind == p.TCP:
            return p.tcp(*self.ports(), draft.data, seq=self.bits(32), flags=self.of((2, 16, 24, 17)),
                         **draft.sum)
        make = self.of((p.echo6, p.echo_reply6) if draft.six else (p.echo4, p.echo_reply4))
        return make(self.bits(16), self.bits(16), draft.data, **draft.sum)

    def packet_of(self, draft):
        part = self.part_of(draft)
        if draft.six:
            return p.ip6(*draft.ends, *draft.extensions, part, hlim=draft.hops, tclass=draft.tos,
                         **draft.fields)
        return p.ip4(*draft.ends, part, ttl=draft.hops, tos=draft.tos, **draft.fields)

    def sent(self, draft, octets):
        frame = draft.frame
        frame.pop("shift", None)
        side = frame.pop("side", 6 if octets and p.version(octets) == 6 else 4)
        cuts = ()
        if frame.pop("pieces", False):
            length = len(octets) + len(frame.get("trailer", b""))
            cuts = self.cuts(length)
            cuts = cuts if sum(cuts) == length else ()
        return Sent(octets, side, cuts=cuts, **frame)


def udp_sum(packet):
    """The checksum of a UDP datagram without options and extension headers, as a sum."""
    at = 46 if p.version(packet) == 6 else 26
    return int.from_bytes(packet[at:at + 2], "big")


def repair(octets):
    """The IPv4 header's checksum, lest it be all that is noticed."""
    if len(octets) >= 20 and octets[0] >> 4 == 4:
        octets[10:12] = b"\0\0"
        octets[10:12] = p.u16(p.checksum(octets[:4 * (octets[0] & 15)]))
