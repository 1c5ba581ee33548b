# SPDX-License-Identifier: GPL-2.0-only
"""Packets that are right, nearly right, or noise.

Everything comes from the random numbers that are given, so that a seed is a packet.
"""

from dataclasses import dataclass
from functools import cached_property

import packet as p
from addresses import GATEWAY4, GATEWAY6, MAC_TO6
from frame import GSO_ECN, GSO_TCPV4, GSO_TCPV6, GSO_UDP, GSO_UDP_L4, Offload, mac
from model_addr import embed
from scenes import SERVERS4

GATEWAY = mac(MAC_TO6)  # each link's
VLAN = 7  # of which each link has a device, but for those of pieces of memory and for GRO


@dataclass(frozen=True)
class Sent:
    """A packet and how it comes: on which link, in what frame, in how many pieces of memory."""

    packet: bytes
    side: int
    family: int = 0  # what the frame says, if not what the packet is
    link: bytes = b""  # the destination of the frame, if not the gateway
    trailer: bytes = b""
    cuts: tuple = ()  # lengths of the pieces, the first one linear; none: all linear
    offload: Offload = Offload()
    gathered: str = ""  # for GRO, in what memory
    is_last: bool = False  # of those for GRO
    tag: bytes = b""  # of a VLAN, in front of what the frame says

    @cached_property
    def octets(self):
        """The frame with what is left to the device in front, as a tap has it written."""
        family = self.family or self.packet[0] >> 4 if self.packet else 4
        return b"".join((self.offload.octets(), self.link or GATEWAY, b"\2\0\0\0\0\2", self.tag,
                         b"\x86\xdd" if family == 6 else b"\x08\0", self.packet, self.trailer))

    @property
    def device(self):
        return f"{'gro' if self.gathered else 'in' if self.cuts else 'to'}{self.side}"

    def described(self):
        """For a person who is to find out what is wrong with it."""
        frame = {name: value for name, value in vars(self).items() if value and name not in ("packet", "octets")}
        if self.offload == Offload():
            del frame["offload"]
        return (f"{p.describe(self.packet)[:700] if self.packet else 'nothing'}\n  {frame}\n"
                f"  {self.packet[:400].hex()}{'…' * (len(self.packet) > 400)}")


BROADCAST, MULTICAST, SOMEBODY = b"\xff" * 6, b"\x33\x33\0\0\0\1", b"\2\0\0\0\0\x99"
STRANGERS6 = ("2001:db8:1::99", "2001:db8:7::7", "3fff::1")
ILLEGAL6 = ("::", "::1", "ff02::1", "fe80::77", "::ffff:192.0.2.1", "::192.0.2.1")
ILLEGAL4 = ("0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
            "255.255.255.255")
LENGTHS = (0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 20, 48, 100, 128, 500, 536, 548, 1180, 1200, 1211, 1212,
           1213, 1220, 1232, 1233, 1240, 1252, 1253, 1400, 1440, 1452, 1472)
PROTOCOLS = (p.GRE, p.ESP, p.AH, p.SCTP, p.OSPF, p.NO_NEXT, 0, 2, 4, 41, 43, 60, 103, 135, 139, 140,
             253, 255)
EDGES = (0, 1, 2, 7, 8, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xfffe, 0xffff)
MTU_WORDS = (0, 1, 67, 68, 88, 576, 1259, 1260, 1280, 1300, 1400, 1480, 1500, 1501, 9000, 65515, 65535)
# See taps.Collector.
MEMORY = ("memory of its own", "part of a page")
PLAIN_OPTIONS4 = (b"\1" * 4, bytes((148, 4, 0, 0)), bytes((68, 12, 5)) + bytes(9), b"\1" * 40)
OPTIONS4 = (0, 1, 7, 68, 82, 130, 131, 137, 136, 148, 255)


class Generator:
    """Packets for a scene."""

    def __init__(self, rng, scene):
        self.random, self.scene = rng, scene
        hosts = scene.mappings or scene.edges
        self.mapped6 = [str(self._inside(six)) for _, six in hosts for _ in range(2)]
        self.mapped4 = [str(self._inside(four)) for four, _ in hosts for _ in range(2)]
        self.faces6 = [str(self._inside(six)) for _, six in scene.edges for _ in range(2)]
        self.behind4 = [str(self._inside(four)) for four, _ in scene.edges for _ in range(2)]
        self.embedded = [self._embedded(four) for _ in range(3)
                         for four in (*SERVERS4[:4], self.of(SERVERS4), self.of(self.mapped4))]
        self.rare6 = [*STRANGERS6, *ILLEGAL6, GATEWAY6, *(self._embedded(self.of(SERVERS4))
                                                         for _ in range(2))]
        self.rare4 = [*ILLEGAL4, GATEWAY4, *SERVERS4[4:]]
        self.bad6 = [self._embedded(a) for a in (*ILLEGAL4, GATEWAY4)]
        self.bad6 += [self._with_u(self.of(self.embedded)), *STRANGERS6]

    def chance(self, one_in):
        return self.random.random() * one_in < 1

    def of(self, choices):
        return choices[int(self.random.random() * len(choices))]

    def bits(self, count):
        return self.random.getrandbits(count)

    def below(self, end):
        return int(self.random.random() * end)

    # Addresses.

    def _inside(self, network):
        return network[self.bits(128) % network.num_addresses]

    def _embedded(self, four):
        """An address that stands for an IPv4 address; its suffix may be anything."""
        if not self.scene.prefixes:
            return "2001:db8:100::1"
        prefix = self.of(self.scene.prefixes)
        octets = bytearray(embed(prefix, four).packed)
        length = int(prefix.split("/")[1])
        if length < 96 and self.chance(4):
            for at in range(length // 8 + 5, 16):
                octets[at] = self.bits(8)
        return bytes(octets)

    def _with_u(self, six):
        octets = bytearray(p.address(six))
        octets[8] = 1 + self.below(255)
        return bytes(octets)

    def source6(self):
        return self.of(self.rare6) if self.chance(14) else self.of(self.mapped6)

    def target6(self):
        return self.of(self.bad6) if self.chance(14) else self.of(self.embedded)

    def source4(self):
        kind = self.below(20)
        return (self.of(self.rare4) if kind == 0 else self.of(self.mapped4) if kind < 3 else
                self.of(SERVERS4))

    def target4(self):
        return self.of(SERVERS4 + ILLEGAL4) if self.chance(24) else self.of(self.mapped4)

    def hops(self):
        return self.of((0, 1, 2, 3, 255)) if self.chance(12) else 64

    # Payloads.

    def data(self, length=None):
        length = self.of(LENGTHS) if length is None else length
        if self.chance(40):
            length = self.below(4000)
        pattern = self.of((b"\0", b"\xff", bytes(range(256)), self.random.randbytes(32)))
        return (pattern * (length // len(pattern) + 1))[:length]

    def checksum(self):
        kind = self.below(16)
        return ({"wrong_by": 1 + self.below(0xfffe)} if kind == 0 else {"checksum": 0} if kind == 1
                else {"checksum": 0xffff} if kind == 2 else {})

    def ports(self):
        return self.bits(16), self.bits(16)

    def transport(self):
        data, kind = self.data(), self.below(20)
        if kind < 7:
            more = {}
            if self.chance(12):
                more = {"length": self.of((0, 7, 8, len(data) + 7, len(data) + 9, 0xffff))}
            return p.udp(*self.ports(), data, **self.checksum(), **more)
        if kind < 13:
            return p.tcp(*self.ports(), data, seq=self.bits(32), flags=self.bits(8),
                         options=b"\1" * (4 * self.below(11)) if self.chance(5) else b"",
                         **self.checksum())
        if kind < 14:
            return p.udplite(*self.ports(), data, coverage=self.of((0, 8)), **self.checksum())
        if kind < 15:
            return p.dccp(*self.ports(), data, **self.checksum())
        if kind < 17:
            return p.raw(self.of((p.UDP, p.TCP, p.ICMP, p.ICMPV6, p.DCCP)), data)
        return p.raw(self.of(PROTOCOLS) if self.chance(2) else self.bits(8), data)

    def echo(self, six):
        make = self.of((p.echo6, p.echo_reply6) if six else (p.echo4, p.echo_reply4))
        zero = self.chance(8)
        return make(0 if zero else self.bits(16), 0 if zero else self.of((0, 9)), self.data(),
                    **self.checksum())

    # Errors: quotes are packets that went the other way, often cut.

    def error(self, six, src, dst, depth):
        quote = self.six(dst, src, depth + 1) if six else self.four(dst, src, depth + 1)
        if self.chance(6):
            quote = self.mutated(quote)
        if self.chance(2):
            quote = quote[:self.below(len(quote) + 1) if self.chance(3) else
                          20 + 20 * six + self.below(40)]
        type = self.of((1, 2, 3, 4)) if six else self.of((3, 3, 3, 11, 12))
        code = self.below(6) if six else self.below(17 if type == 3 else 3)
        if type == 3 and not six and self.chance(3):
            code = 4
        word = bytearray(4)
        if six and type == 2:
            word[:] = p.u32(self.of(MTU_WORDS) | (self.chance(6) << 16 + self.below(16)))
        elif (type, code) == (3, 4):
            word[2:] = p.u16(self.of(MTU_WORDS))
        elif type == 4:
            word[3] = self.below(48)
            word[self.below(3)] = self.chance(12)
        elif type == 12:
            word[0] = self.below(24)
        if self.chance(4):
            quote, word[0 if six else 1] = self.extended(quote, 8 if six else 4)
        elif self.chance(20):
            word = bytearray(self.random.randbytes(4))
        make = p.icmp6 if six else p.icmp4
        return make(type, code, bytes(word), quote[:1232 if six or self.chance(2) else 9000],
                    **self.checksum())

    def extended(self, quote, unit):
        """RFC 4884: the quote padded and an extension behind it, and what its length says."""
        if self.chance(2):
            quote = quote[:self.of((128, 128, 132, 136, 200, 400, 1020))]
        size = max(128, -(-len(quote) // unit) * unit) if self.chance(6) is False else len(quote)
        objects = b"".join(self.object() for _ in range(self.of((1, 1, 2, 5))))
        extension = p.u16(0x2000) + b"\0\0" + objects
        extension = extension[:2] + p.u16(p.checksum(extension)) + extension[4:]
        if self.chance(6):
            extension = self.data(self.below(600))
        length = size // unit
        if self.chance(5):
            length = self.of((0, 1, 2, 5, 16, 32, 33, 128, 255, length + 1, max(0, length - 1)))
        return bytes(quote).ljust(size, b"\0") + extension, length & 0xff

    def object(self):
        """One object of an extension, as of RFC 4950 or RFC 5837."""
        data = self.random.randbytes(4 * self.of((0, 1, 1, 2, 20)))
        length = 4 + len(data) if not self.chance(8) else self.of((0, 1, 3, 0xffff))
        return p.u16(length) + self.random.randbytes(2) + data

    def message(self, six, src, dst, depth):
        kind = self.below(16)
        if kind < 3:
            return self.echo(six)
        if kind < 7 and (depth == 0 or depth < 4 and self.chance(5)):
            return self.error(six, src, dst, depth)
        if kind == 7 and self.chance(3):
            make = p.icmp6 if six else p.icmp4
            return make(self.bits(8), self.below(3), 0, self.data())
        return self.transport()

    # Headers.

    def extensions(self):
        """Extension headers: as RFC 8200 has them, or too many, or in any order."""
        kind = self.below(12)
        if kind < 6:
            return self.extensions_in_order()
        if kind == 6:
            return [self.extension() for _ in range(self.of((1, 2, 14, 15, 16, 17, 30, 150)))]
        return [self.extension() for _ in range(self.below(4))]

    def extensions_in_order(self):
        return [make for make in (p.hop_by_hop(), p.destination_options(), p.routing(0))
                if self.chance(2)]

    def extension(self):
        kind = self.below(16)
        if kind == 0:
            return p.routing(self.of((0, 1, 255)), type=self.of((0, 2, 4)),
                             data=bytes(4 + 8 * self.below(6)))
        if kind == 1:
            return p.hop_by_hop(self.options6())
        if kind == 2:
            return p.fragment(self.bits(32), self.of((0, 0, 8)), self.chance(4))
        if kind == 3:
            return p.authentication(bytes(4 * self.of((2, 3, 6))))
        if kind < 8:
            return p.routing(0)
        return p.destination_options(self.options6())

    def options6(self):
        """Options of RFC 8200 4.2: paddings, known and unknown ones."""
        kind = self.below(8)
        if kind < 4:
            return p.pad(6)
        if kind == 4:
            return b"\x05\x02\0\0" + b"\0\0"
        if kind == 5:
            return bytes([self.of((0x1e, 0x3e, 0x5e, 0x9e, 0xde)), 4]) + bytes(4)
        if kind == 6:
            return bytes([self.of((0, 1, 0x1e)), self.of((0, 1, 3, 4, 5, 255))]) + bytes(4)
        return p.pad(7) + p.pad(1) * self.of((7, 15))

    def options4(self):
        """IPv4 options, their lengths right, zero, one, or too long."""
        octets = b""
        for _ in range(self.of((1, 1, 2, 5))):
            kind = self.of(OPTIONS4)
            if kind < 2:
                octets += bytes([kind]) * self.of((1, 3))
                continue
            data = bytes(self.below(9))
            length = 2 + len(data)
            if self.chance(5):
                length = self.of((0, 1, 2, 3, length + 1, 40, 255))
            pointer = bytes([self.of((0, 3, 4, 5, 8, 255))])
            octets += bytes([kind, length]) + (pointer + data[1:] if data else b"")
        return octets[:40]

    def piece(self, body):
        """What a fragment has of a body, and where: in order, or where it cannot be."""
        start = 8 * self.below(len(body) // 8) if len(body) > 8 and self.chance(2) else 0
        end = self.of((len(body), start + 8 * (1 + self.below(20))))
        at = start
        if self.chance(5):
            at = 8 * self.of((1, 2, 0x1ffe, 0x1fff, (0xffff - (end - start)) // 8,
                              8192 - (end - start) // 8, self.below(8192))) & 0xfff8
        return body[start:end], at, end < len(body)

    def ends6(self):
        """Source and destination: as a border relay has them, or an edge relay."""
        if not self.faces6 or self.chance(2):
            return self.source6(), self.target6()
        return self.of((self.source6, self.target6, self.target6))(), self.of(self.faces6)

    def ends4(self):
        if not self.faces6 or self.chance(2):
            return self.source4(), self.target4()
        return self.of(self.behind4), self.of((self.source4, self.source4, self.target4))()

    def six(self, src=None, dst=None, depth=0):
        if src is None:
            src, dst = self.ends6()
        part = self.message(True, src, dst, depth)
        extensions = self.extensions() if self.chance(5) else []
        if self.chance(6):
            body, at, more = self.piece(p.octets(src, dst, part))
            extensions.append(p.fragment(self.bits(32), at, more, self.of((0, 0, 0xff))))
            if self.chance(10):
                extensions.append(self.extension())
            part = p.raw(part.proto, body)
        return p.ip6(src, dst, *extensions, part, hlim=self.hops(), tclass=self.bits(8),
                     flow=self.bits(20))

    def four(self, src=None, dst=None, depth=0):
        if src is None:
            src, dst = self.ends4()
        part = self.message(False, src, dst, depth)
        fields = {"df": bool(self.bits(1)), "reserved": self.chance(30)}
        if self.chance(6):
            body, at, more = self.piece(p.octets(src, dst, part))
            fields.update(offset=at, mf=more, df=self.chance(4))
            part = p.raw(part.proto, body)
        return p.ip4(src, dst, part, ttl=self.hops(), tos=self.bits(8), id=self.bits(16),
                     options=self.options4() if self.chance(12) else b"", **fields)

    # Mutations.

    def mutated(self, packet):
        """A packet of which something is no longer as it was."""
        return self.of((self.octet, self.octet, self.field, self.field, self.cut, self.cut,
                        self.length, self.dropped))(bytes(packet))

    def octet(self, packet):
        """One bit or one octet of the first hundred or so."""
        octets = bytearray(packet)
        for _ in range(self.of((1, 1, 1, 3))):
            if octets:
                at = self.below(min(len(octets), self.of((20, 48, 120))))
                octets[at] = octets[at] ^ 1 << self.below(8) if self.chance(2) else self.bits(8)
        return self.repaired(octets)

    def field(self, packet):
        """Two octets become a number at some edge."""
        octets = bytearray(packet)
        if len(octets) > 2:
            at = 2 * self.below(min(len(octets), 140) // 2)
            octets[at:at + 2] = p.u16(self.of(EDGES))
        return self.repaired(octets)

    def cut(self, packet):
        """Its end is missing, and its length says so, or does not."""
        octets = bytearray(packet[:self.below(min(len(packet), self.of((60, 120, 1600))) + 1)])
        return self.sized(octets) if self.chance(2) else bytes(octets)

    def length(self, packet):
        octets = bytearray(packet)
        at = 4 if packet and packet[0] >> 4 == 6 else 2
        if len(octets) > at + 2:
            value = int.from_bytes(octets[at:at + 2], "big") + self.of((-20, -8, -1, 1, 8, 20))
            octets[at:at + 2] = p.u16(self.of((value & 0xffff, 0, 0xffff, self.bits(16))))
        return self.repaired(octets)

    def dropped(self, packet):
        """Some octets out of its middle, or some more."""
        octets = bytearray(packet)
        at = self.below(min(len(octets), 120) + 1)
        if self.chance(2):
            del octets[at:at + self.of((1, 2, 4, 8, 20))]
        else:
            octets[at:at] = self.random.randbytes(self.of((1, 2, 4, 8, 20)))
        return self.sized(octets)

    def sized(self, octets):
        """With the length that it has."""
        if len(octets) > 6 and len(octets) < 1 << 16:
            if octets[0] >> 4 == 6 and len(octets) >= 40:
                octets[4:6] = p.u16(len(octets) - 40)
            elif octets[0] >> 4 == 4:
                octets[2:4] = p.u16(len(octets))
        return self.repaired(octets)

    def repaired(self, octets):
        """Mostly with a right IPv4 header checksum, lest it be all that is noticed."""
        if len(octets) >= 20 and octets[0] >> 4 == 4 and not self.chance(10):
            end = 4 * (octets[0] & 15)
            octets[10:12] = b"\0\0"
            octets[10:12] = p.u16(p.checksum(octets[:end]))
        return bytes(octets)

    def noise(self):
        octets = bytearray(self.random.randbytes(self.of((0, 1, 19, 20, 28, 39, 40, 48, 60, 100, 1400))))
        if len(octets) >= 20 and self.chance(2):
            octets[0] = self.of((0x45, 0x46, 0x4f, 0x60))
            if octets[0] >> 4 == 4:
                octets[16:20] = p.address(self.target4())
            elif len(octets) >= 40:
                octets[24:40] = p.address(self.target6())
                if self.chance(2):
                    octets[8:24] = p.address(self.source6())
                    octets[6] = self.of((0, 43, 44, 58, 60, 17, 6))
            return self.sized(octets)
        return bytes(octets)

    # Super-packets, and what else is left to the device.

    def offloaded(self, six):
        """A packet with an unfinished checksum; TCP may be a super-packet."""
        src, dst = self.ends6() if six else self.ends4()
        kind = p.UDP if self.chance(3) else p.TCP
        data = self.data(self.of((0, 1, 100, 1000, 1440, 3000, 5000, 9000, 20000, 60000)))
        if kind == p.TCP:
            flags = self.bits(8)
            options = b"\1" * (4 * self.below(11)) if self.chance(4) else b""
            part = p.tcp(*self.ports(), data, seq=self.bits(32), flags=flags, options=options)
            at, head = 16, 20 + len(options)
        else:
            part, at, head, flags = p.udp(*self.ports(), data), 6, 8, 0
        body = p.octets(src, dst, part)
        body = body[:at] + p.u16(p.ones_sum(p.pseudo(src, dst, kind, len(body)))) + body[at + 2:]
        part = p.raw(kind, body)
        if six:
            extensions = self.extensions_in_order() if self.chance(8) else []
            packet = p.ip6(src, dst, *extensions, part, hlim=self.hops(), tclass=self.bits(8))
        else:
            options = self.of(PLAIN_OPTIONS4) if self.chance(8) else b""
            packet = p.ip4(src, dst, part, ttl=self.hops(), tos=self.bits(8), id=self.bits(16),
                           df=not self.chance(4), options=options)
        start = 14 + len(packet) - len(body)
        offload = {"csum_start": start, "csum_offset": at}
        size = self.of((536, 1000, 1208, 1220, 1228, 1240, 1400, 1440, 1448, 1460,
                        8 + self.below(1500)))
        # With options behind its header, Linux takes one segment for a super-packet, and drops it.
        single = kind == p.TCP and len(body) - head <= size < len(body) - 20
        if not single and not self.chance(6):
            kinds = (GSO_TCPV6, GSO_TCPV4) if kind == p.TCP else (GSO_UDP_L4, GSO_UDP_L4)
            offload.update(gso=kinds[not six] | GSO_ECN * (flags >> 7), size=size)
        return packet, Offload(header=start + head, **offload), start + head

    def hostile(self):
        """An offload that makes no sense."""
        six = self.chance(2)
        packet, offload, header = self.offloaded(six)
        words = {"gso": self.of((0, GSO_TCPV4, GSO_TCPV6, GSO_UDP, GSO_UDP_L4, GSO_ECN, 2, 255)),
                 "size": self.of((0, 1, 7, 8, 100, 1400, 0xffff)),
                 "header": self.of((0, 1, 14, 20, header, 0xffff)),
                 "csum_start": self.of((0, 1, 14, 20, 34, 54, header, 0xffff)),
                 "csum_offset": self.of((0, 1, 6, 16, 100, 0xffff))}
        whole = {"gso": offload.gso, "size": offload.size, "header": offload.header,
                 "csum_start": offload.csum_start, "csum_offset": offload.csum_offset}
        for name in self.random.sample(list(words), self.of((1, 1, 2, 5))):
            whole[name] = words[name]
        cuts = self.cuts(len(packet)) if self.chance(3) else ()
        return Sent(bytes(packet), 6 if six else 4, cuts=cuts if sum(cuts) == len(packet) else (),
                    offload=Offload(**whole))

    # What GRO can put together.

    def stream(self):
        """Packets of one connection, as long as each other but for the last.

        All of them lie on one side of the size up to which IPv4 has no DF, which
        a super-packet has once.
        """
        six, kind = self.chance(2), self.of((p.UDP, p.TCP))
        src, dst = self.ends6() if six else self.ends4()
        options = b"\1" * (4 * self.below(11)) if kind == p.TCP and self.chance(4) else b""
        head = 20 + len(options) if kind == p.TCP else 8
        size = self.of((1, 8, 100, 536, 1000, 1200, 1208, 1220, 1232, 1400, 1448 - head))
        least = 1241 - head if size > 1240 - head else 1
        sizes = [size] * (1 + self.below(15)) + [least + self.below(size - least + 1)]
        fields = self.one_header(six)
        ports, seq, at = self.ports(), self.bits(32), 0
        checksum = {"checksum": 0} if kind == p.UDP and not six and self.chance(6) else {}
        gathered, packets = self.of(MEMORY), []
        for number, length in enumerate(sizes):
            data = self.random.randbytes(length)
            part = p.udp(*ports, data, **checksum) if kind == p.UDP else p.tcp(
                *ports, data, seq=seq + at & 0xffffffff, options=options,
                flags=self.of((0x10, 0x18, 0x11)) if number == len(sizes) - 1 else 0x10)
            packets.append(Sent(bytes(self.with_header(src, dst, part, number, *fields)),
                                6 if six else 4, gathered=gathered,
                                is_last=number == len(sizes) - 1))
            at += length
        return packets

    def one_header(self, six):
        """What the packets of a connection have in common."""
        tos = self.bits(8)
        if six:
            headers = self.extensions_in_order() if self.chance(10) else []
            return headers, {"tclass": tos, "flow": self.bits(20), "hlim": 64}
        return [], {"tos": tos, "df": bool(self.bits(1)), "id": self.bits(16), "ttl": 64}

    def with_header(self, src, dst, part, number, headers, fields):
        if "id" not in fields:
            return p.ip6(src, dst, *headers, part, **fields)
        return p.ip4(src, dst, part, **fields | {"id": fields["id"] + number & 0xffff})

    # All of it.

    def cuts(self, length, least=1):
        """Pieces of memory: few large ones, or the headers in many."""
        cuts, left = [], length
        for _ in range(self.of((1, 2, 4, 14))):
            size = min(left, 4096, self.of((1, 2, 8, 20, 40, 41, 48, 60, 100, 4096)))
            if size:
                cuts.append(size)
                left -= size
        while left and len(cuts) < 17:
            cuts.append(min(left, 4096))
            left -= cuts[-1]
        return tuple(cuts)

    def packet(self):
        """The next packet, with all that is particular about how it comes."""
        six, kind = self.chance(2), self.below(40)
        offload = Offload()
        if kind < 5:
            packet, offload, _ = self.offloaded(six)
        elif kind == 5:
            packet = self.noise()
        else:
            packet = self.six() if six else self.four()
            if kind < 20:
                packet = self.mutated(packet)
        packet, family, link, trailer = bytes(packet), 0, b"", b""
        side = 6 if packet and p.version(packet) == 6 else 4
        if self.chance(16) and self.scene.mtu4 >= 1280:  # a link narrower than that has no IPv6
            side = 10 - side
        if self.chance(40):
            link = self.of((BROADCAST, MULTICAST, SOMEBODY))
        if not offload.csum_start and self.chance(10):
            trailer = bytes(self.of((1, 4, 18, 46)))
        if self.chance(80) and self.scene.mtu4 >= 1280:
            family = self.of((4, 6))
        cuts = self.cuts(len(packet) + len(trailer)) if self.chance(3) else ()
        if sum(cuts) != len(packet) + len(trailer):
            cuts = ()
        return Sent(packet, side, family, link, trailer, cuts, offload)
