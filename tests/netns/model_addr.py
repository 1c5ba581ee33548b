# SPDX-License-Identifier: GPL-2.0-only
"""The model's addresses: RFC 6052 embedding, explicit mappings of RFC 7757, which are illegal."""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

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

four_of, six_of = (lru_cache(1 << 14)(kind) for kind in (IPv4Address, IPv6Address))


@lru_cache(1 << 14)
def is_in(addr, name):
    return any(addr in network for network in NETWORKS[name])


NETWORKS = {"not global": NOT_GLOBAL, "illegal 4": ILLEGAL4, "illegal 6": ILLEGAL6}


@lru_cache(1 << 14)
def embed(prefix, addr):
    """The IPv6 address that stands for an IPv4 address in a translation prefix (RFC 6052 2.2)."""
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
    edge: bool = False  # the hosts are on the IPv4 side (RFC 7756)

    def to6(self, addr):
        suffix = int(addr) & int(self.four.hostmask)
        room = (128 - self.six.prefixlen) - (32 - self.four.prefixlen)
        return IPv6Address(int(self.six.network_address) | suffix << room)

    def to4(self, addr):
        suffix = int(addr) & int(self.six.hostmask)
        room = (128 - self.six.prefixlen) - (32 - self.four.prefixlen)
        return IPv4Address(int(self.four.network_address) | suffix >> room)


@dataclass(frozen=True)
class Translatable(Mapping):
    """RFC 6052 3.3: each host has the IPv6 address that a prefix makes of its IPv4 address."""

    inside: IPv6Network = None

    def to6(self, addr):
        return embed(self.inside, addr)

    def to4(self, addr):
        """In a /32 bits 64 to 71 lie behind the IPv4 address, and are ignored as the suffix is."""
        octets = bytearray(addr.packed)
        octets[8] &= 0xff * (self.inside.prefixlen == 96)
        return extract(self.inside, IPv6Address(bytes(octets)))


def translatable(block, inside, own=None):
    """The mappings that say it: bits 64 to 71 do not lie within what their addresses have in common."""
    block, inside = IPv4Network(block), IPv6Network(inside)
    start = inside.prefixlen
    least = 64 - start if 32 < start < 64 else 0
    pieces = [block] if block.prefixlen >= least else block.subnets(new_prefix=least)
    for four in pieces:
        end = start + four.prefixlen
        length = end + 8 * (start < 96 and start != 32 and end >= 64)
        yield Translatable(four, IPv6Network((embed(inside, four.network_address), length)), own,
                           inside=inside)
