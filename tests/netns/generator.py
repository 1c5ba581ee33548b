# SPDX-License-Identifier: GPL-2.0
"""Random packets that are nearly right: each seed makes the same one every time."""

import random

import packet as p
from lib import HOST4, HOST6, PEER4, PEER6, SERVER4, SERVER6, STRANGER6

# Usual addresses, and those that are rare.
SOURCES6 = [HOST6, HOST6, PEER6], [STRANGER6, "2001:db8:7::7", "::1", "::", "ff02::1"]
TARGETS6 = [SERVER6, SERVER6, "2001:db8:100::192.0.2.77", "2001:db8:100::203.0.113.20"], [
    "2001:db8:100::203.0.113.10", "2001:db8:100::8.8.8.8", "2001:db8:100::0.0.0.0",
    "2001:db8:100::127.0.0.1", "2001:db8:100::224.0.0.1", "2001:db8:100::255.255.255.255"]
SOURCES4 = [SERVER4, SERVER4, "192.0.2.77", "8.8.8.8"], [PEER4, "0.0.0.0", "127.0.0.1", "224.0.0.1",
                                                        "240.0.0.1", "10.0.0.1"]
TARGETS4 = [HOST4, HOST4, PEER4], ["192.0.2.99"]
LENGTHS = [0, 1, 7, 8, 9, 20, 100, 536, 1200, 1212, 1220, 1232, 1240, 1252, 1400, 1440]


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def chance(self, one_in):
        return self.random.randrange(one_in) == 0

    def of(self, *choices):
        return self.random.choice(choices)

    def address(self, usual, rare):
        return self.random.choice(rare if self.chance(16) else usual)

    def hops(self):
        return self.of(2, 1, 0, 255) if self.chance(12) else 64

    def packet(self, largest=1500):
        while True:
            packet = self.six() if self.chance(2) else self.four()
            if len(packet) <= largest:
                return self.damaged(packet) if self.chance(12) else packet

    # Payloads.

    def data(self):
        length = self.random.choice(LENGTHS)
        pattern = self.of(b"\0", b"\xff", bytes(range(256)), self.random.randbytes(32))
        return (pattern * (length // len(pattern) + 1))[:length]

    def checksum(self):
        return self.random.choice([{}] * 8 + [{"wrong_by": self.random.randrange(1, 0xffff)},
                                              {"checksum": 0}, {"checksum": 0xffff}])

    def transport(self):
        data, ports = self.data(), (self.random.getrandbits(16), self.random.getrandbits(16))
        kind = self.random.randrange(10)
        if kind < 3:
            return p.udp(*ports, data, **self.checksum())
        if kind < 6:
            return p.tcp(*ports, data, seq=self.random.getrandbits(32), **self.checksum())
        if kind < 7:
            return p.udplite(*ports, data, coverage=self.of(0, 8), **self.checksum())
        if kind < 8:
            return p.dccp(*ports, data, **self.checksum())
        return p.raw(self.of(p.GRE, p.ESP, p.AH, p.SCTP, p.OSPF, p.NO_NEXT, 4, 41, 253, 255), data)

    def echo(self, six):
        make = self.of(p.echo6, p.echo_reply6) if six else self.of(p.echo4, p.echo_reply4)
        return make(self.of(0, 7, 0xffff), self.of(0, 9), self.data(), **self.checksum())

    # Quotes are packets that went the other way, often cut.

    def error(self, six, src, dst):
        quote = (self.six(dst, src, depth=1) if six else self.four(dst, src, depth=1))
        least = 40 if six else 20
        if self.chance(2):
            quote = quote[:self.random.randrange(least, least + 40)]
        type = self.random.randrange(1, 5) if six else self.of(3, 3, 3, 11, 12)
        code = self.random.randrange(0, 6 if six else 17 if type == 3 else 3)
        rest = 0
        if six and type == 2 or (type, code) == (3, 4):
            rest = self.of(0, 68, 576, 1280, 1300, 1400, 1500, 1480, 9000, 65535) | (
                self.of(0, 0, 1 << 16) if six else 0)
            if six:
                rest = max(rest, 100)
        elif type == 4 and six:
            rest = self.random.randrange(48)
        elif type == 12:
            rest = bytes([self.random.randrange(24), 0, 0, 0])
        make = p.icmp6 if six else p.icmp4
        return make(type, code, rest, quote[:1232 if six else 1472], **self.checksum())

    def message(self, six, src, dst, depth):
        kind = self.random.randrange(12)
        if kind < 2:
            return self.echo(six)
        if kind < 5 and (depth == 0 or self.chance(6)):
            return self.error(six, src, dst)
        if kind == 5 and self.chance(4):
            make = p.icmp6 if six else p.icmp4
            return make(self.random.randrange(256), self.random.randrange(3), 0, self.data())
        return self.transport()

    # Headers.

    def six(self, src=None, dst=None, depth=0):
        src = src or self.address(*SOURCES6)
        dst = dst or self.address(*TARGETS6)
        part = self.message(True, src, dst, depth)
        extensions = []
        if self.chance(5):
            kinds = [p.hop_by_hop, p.destination_options, p.routing]
            for make in kinds:
                if self.chance(2):
                    extensions.append(make(self.of(0, 0, 0, 0, 0, 1)) if make is p.routing else make())
        if self.chance(6):
            body = p.octets(src, dst, part)
            start = 8 * self.random.randrange(0, max(1, len(body) // 8)) if self.chance(2) else 0
            end = self.of(len(body), start + 8 * self.random.randrange(1, 20))
            extensions.append(p.fragment(self.random.getrandbits(32), start, end < len(body),
                                         self.of(0, 0, 0xff)))
            part = p.raw(part.proto, body[start:end])
        return p.ip6(src, dst, *extensions, part, hlim=self.hops(),
                     tclass=self.random.getrandbits(8), flow=self.random.getrandbits(20))

    def four(self, src=None, dst=None, depth=0):
        src = src or self.address(*SOURCES4)
        dst = dst or self.address(*TARGETS4)
        part = self.message(False, src, dst, depth)
        options = self.of(*[b""] * 20, b"\1" * 4, b"\1" * 40, b"\x07\x07\x04" + bytes(4), b"\x83\x07\x08" + bytes(4),
                          b"\x83\x07\x04" + bytes(4), b"\x44\x00\x00\x00")
        fields = {}
        if self.chance(6):
            body = p.octets(src, dst, part)
            start = 8 * self.random.randrange(0, max(1, len(body) // 8)) if self.chance(2) else 0
            end = self.of(len(body), start + 8 * self.random.randrange(1, 20))
            fields = {"offset": start, "mf": end < len(body)}
            part = p.raw(part.proto, body[start:end])
        return p.ip4(src, dst, part, ttl=self.hops(), options=options,
                     tos=self.random.getrandbits(8), id=self.random.getrandbits(16),
                     df=bool(self.random.getrandbits(1)), **fields)

    def damaged(self, packet):
        """One octet behind the addresses is another; an IPv4 header stays in order."""
        octets = bytearray(packet)
        first = 40 if p.version(packet) == 6 else 4 * (packet[0] & 15)
        if len(octets) > first:
            octets[self.random.randrange(first, min(len(octets), first + 100))] ^= \
                1 << self.random.randrange(8)
        return p.Packet(octets)
