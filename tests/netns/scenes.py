# SPDX-License-Identifier: GPL-2.0-only
"""Configurations at random: prefixes, mappings of both sides, settings, MTUs, native routes."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

import settings
from addresses import GATEWAY4, GATEWAY6, HOST4, HOST6, PEER4, PEER6
from model_addr import embed, is_in, translatable

SERVERS4 = ("198.51.100.2", "8.8.8.8", "192.0.2.77", "100.64.0.1", "192.88.99.1", "172.31.255.255",
            "172.32.0.1", "198.18.0.1", "1.1.1.1")
PREFIXES = ("3fff:32::/32", "3fff:40:100::/40", "3fff:48:1::/48", "3fff:56:1:100::/56",
            "3fff:64:1:1::/64", "3fff:64:1:1::/96", "2001:db8:100::/96", "64:ff9b::/96",
            "64:ff9b:1::/48", "3fff:48:1:2::/64")
MAPPINGS = ("203.0.113.128/25 2001:db8:beef::/121", "192.0.2.16/28 2001:db8:cccc::/124",
            "192.0.2.128/26 2001:db8:dddd::/64", "10.0.0.0/8 2001:db8:a::/104",
            "203.0.113.0/24 2001:db8:f00d::/120", "198.51.100.0/25 2001:db8:51::/100",
            "0.0.0.0/0 2001:db8:ff00::/40", "8.8.8.0/30 2001:db8:8::/126",
            f"203.0.113.99 {GATEWAY6}", "203.0.113.77 INSIDE", f"{GATEWAY4} 2001:db8:1::77")
# Of hosts on the IPv4 side, now and then beside or inside of the others.
FACES = ("192.0.0.1 2001:db8:46::1", "198.51.100.2 2001:db8:46::2", "192.0.2.64/26 2001:db8:4664::/122",
         "10.0.0.0/24 2001:db8:4610::/120", "100.64.0.0/16 2001:db8:4600::/96", "1.1.1.1 FACE",
         f"{GATEWAY4} 2001:db8:46::4")
# Of hosts with translatable addresses: some beside the others, some inside, some around them.
BLOCKS = ("192.0.0.0/22", "198.18.0.0/15", "203.0.113.32/27", "8.8.8.8", "100.64.0.0/24", "10.0.0.0/28",
          "172.31.255.0/24", "192.88.99.0/24")
SETTINGS = {
    "udp-zero-checksum": ("compute", "compute", "drop"),
    "lowest-ipv6-mtu": ("1280", "1280", "1281", "1287", "1400", "65535"),
    "tos": ("copy", "copy", "0", "255"), "traffic-class": ("copy", "copy", "7"),
    "icmp-source4": ("none", "none", "192.0.2.99", "192.0.2.64/27"),
    "icmp-source6": ("none", "none", "2001:db8:6791::1", "2001:db8:6791::/64"),
    "icmp-errors": ("on", "on", "off"), "wkp-strict": ("on", "off"),
    "hairpin": ("on", "on", "off"), "forwarding": ("filtered", "direct"),
    "local": ("on", "on", "off"), "counters": ("off", "on"),
    # See taps.MARKS.
    "mark": ("none", "none", "none", "0x11", "0x20/0xf0", "0x1/0x1", "0x0/0x20")}
SETTINGS |= {key: words for key, words in settings.WORDS.items() if key not in SETTINGS}
MTUS6 = (1280, 1280, 1281, 1400, 1500, 1500, 1500, 9000, 65521)
MTUS4 = (68, 300, 576, 1006, 1260, 1280, 1400, 1500, 1500, 1500, 9000, 65521)


@dataclass(frozen=True)
class Scene:
    """A configuration, as nat64ctl load reads it, the MTUs of the two links, and native routes."""

    text: str
    mtu6: int
    mtu4: int
    prefixes: tuple
    mappings: tuple  # of hosts of the IPv6 side, those of blocks among them
    edges: tuple
    blocks: tuple
    routes: tuple

    @property
    def roles(self):
        """What stands in the table at once."""
        return tuple(name for name, some in (("border", set(self.mappings) - set(self.blocks)),
                                             ("edge", self.edges), ("translatable", self.blocks)) if some)


def scene(rng, plain=False):
    """A plain one has nothing that keeps frames from being translated in XDP."""
    prefixes = tuple(rng.sample(PREFIXES, rng.choice((1, 1, 1, 2, 3))))
    if not rng.randrange(24):
        prefixes = ()
    mappings = [(HOST4, HOST6), (PEER4, PEER6)]
    for line in rng.sample(MAPPINGS, rng.randrange(5)):
        four, six = line.split()
        if six == "INSIDE":
            if not prefixes:
                continue
            six = str(embed(prefixes[0], four))
        if four == "0.0.0.0/0" and rng.randrange(4):
            continue
        mappings.append((four, six))
    settings = {key: rng.choice(values) for key, values in SETTINGS.items() if not rng.randrange(3)}
    if any("/" in settings.get(f"icmp-source{n}", "") for n in (4, 6)):
        # A source of many is open; so would be what is made of it on a second way through.
        settings.update(hairpin="off", local="off")
    if plain:
        settings = {**settings, "forwarding": "direct", "counters": "off", "mark": "none"}
    lines = [f"set {key} {value}" for key, value in settings.items()]
    primary = rng.randrange(len(prefixes)) if prefixes else None
    lines += [f"prefix add {prefix}" + " primary" * (n == primary)
              for n, prefix in enumerate(prefixes)]
    for four, six in mappings:
        own = f" prefix {rng.choice(prefixes)}" if prefixes and not rng.randrange(6) else ""
        lines.append(f"add {four} {six}{own}")
    blocks = []
    for block, own in translatable_blocks(rng, prefixes):
        lines.append(f"add {block} translatable" + (f" prefix {own}" if own else ""))
        pieces = list(translatable(block, own or prefixes[primary]))
        blocks += ((m.four, m.six) for m in rng.sample(pieces, min(2, len(pieces))))
    edges = [(four, six) for four, six in edge_mappings(rng, prefixes)
             if four not in dict(mappings) and not plain]
    if edges and not rng.randrange(6):
        mappings, blocks, lines = [], [], [line for line in lines if not line.startswith("add ")]
    for four, six in edges:
        own = f" prefix {rng.choice(prefixes)}" if prefixes and not rng.randrange(6) else ""
        lines.append(f"add {four} {six}{own} edge")
    border, faces = (tuple((IPv4Network(four), IPv6Network(six)) for four, six in some)
                     for some in (mappings, edges))
    border += tuple(blocks)
    routes = () if plain or rng.randrange(3) else native_routes(rng, prefixes, border + faces)
    return Scene("\n".join(lines) + "\n", rng.choice(MTUS6), rng.choice(MTUS4), prefixes, border, faces,
                 tuple(blocks), tuple(dict.fromkeys(to for to in routes if to != f"{GATEWAY6}/128")))


def translatable_blocks(rng, prefixes):
    """Some, each with the prefix that it is to be in, or None for the primary one."""
    if not prefixes or rng.randrange(2):
        return []
    return [(block, rng.choice((None, None, *prefixes)))
            for block in rng.sample(BLOCKS, rng.choice((1, 1, 2, 3)))]


def edge_mappings(rng, prefixes):
    if rng.randrange(2):
        return []
    pairs = [line.split() for line in rng.sample(FACES, rng.choice((1, 1, 2, 3)))]
    inside = str(embed(prefixes[0], "203.0.113.46")) if prefixes else "2001:db8:46::3"
    return [(four, six.replace("FACE", inside)) for four, six in pairs]


def native_routes(rng, prefixes, mappings):
    """Routes as long as what is translated, a little longer or shorter, or to one address.

    The kernel may have that of the gateway's own IPv6 address, and takes no other then.
    """
    for prefix in prefixes:
        yield around(rng, IPv6Network(prefix), embed(prefix, rng.choice(SERVERS4)))
    for four, six in mappings:
        if not rng.randrange(4):
            yield around(rng, six, six[rng.getrandbits(128) % six.num_addresses])
        address = four[rng.randrange(four.num_addresses)]
        if not is_in(address, "illegal 4"):
            yield around(rng, four, address)


def around(rng, network, address):
    longest = network.max_prefixlen
    length = rng.choice((network.prefixlen - 1, network.prefixlen, network.prefixlen + 1,
                         rng.randrange(network.prefixlen, longest + 1), longest))
    return str(ip_network((address, max(1, min(length, longest))), strict=False))
