# SPDX-License-Identifier: GPL-2.0-only
"""Ethernet frames, with what is left to the device (struct virtio_net_hdr)."""

import struct
from dataclasses import dataclass

from packet import Packet, checksum, u16, version

GSO_NONE, GSO_TCPV4, GSO_UDP, GSO_TCPV6, GSO_UDP_L4, GSO_ECN = 0, 1, 3, 4, 5, 0x80


@dataclass(frozen=True)
class Offload:
    """What the sender left to the device: segmentation, the checksum of the transport.

    The header is how much of a frame of a page or more is to be linear; offsets
    count from the start of the frame.
    """

    gso: int = GSO_NONE
    size: int = 0
    header: int = 0
    csum_start: int = 0
    csum_offset: int = 0

    _layout = struct.Struct("=BBHHHH")

    def octets(self):
        return self._layout.pack(1 if self.csum_start else 0, self.gso, self.header, self.size,
                                 self.csum_start, self.csum_offset)

    @classmethod
    def parse(cls, octets):
        """What a packet that came out has; how much of it is linear is left out."""
        flags, gso, _, size, start, offset = cls._layout.unpack(octets)
        if not flags & 1:
            start = offset = 0
        return cls(gso, size, 0, start, offset)


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def ethertype(packet):
    return b"\x86\xdd" if version(packet) == 6 else b"\x08\x00"


@dataclass(frozen=True)
class Frame:
    """A packet with something particular about its frame."""

    packet: bytes
    dst: str = None
    src: str = None
    side: int = None
    trailer: bytes = b""
    offload: Offload = None
    tag: bytes = b""  # between the addresses and the protocol
    protocol: bytes = None

    @property
    def link(self):
        """The side it is on: that of its family, unless said."""
        return self.side or version(self.packet)


class Seen(Packet):
    """A packet that came out, with the frame it came in."""

    ether: bytes = b""
    offload: Offload = Offload()

    def finished(self):
        """The packet as the device sends it, with a checksum that was left to it."""
        at = self.offload.csum_start - 14
        if self.offload.gso or at < 0:
            return self
        value, field = checksum(self[at:]) or 0xffff, at + self.offload.csum_offset
        seen = Seen(self[:field] + u16(value) + self[field + 2:])
        seen.ether = self.ether
        return seen
