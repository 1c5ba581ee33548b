# SPDX-License-Identifier: GPL-2.0-only
"""Requests to the module that are right, nearly right, or once were; and what they do.

A request is a list of attributes, each a kind and octets or again a list. Names,
types and bounds come from uapi/nat64.yaml.
"""

import struct
import sys
from ipaddress import ip_address

from netlink import (ACK, CREATE, EXCL, HEADER, NESTED, NUMBERS, OPS, REPLACE, REQUEST, SETS, SPEC,
                     attributes, named)

# Prefixes that go together, and some that do not.
LENGTHS = (*[(32, 128)] * 12, (31, 127), (30, 126), (24, 120), (28, 64), (8, 32), (0, 96),
           (32, 64), (31, 128), (33, 128), (32, 129), (255, 255), (0, 0))
TRANSLATIONS = (("64:ff9b::", 96), ("2001:db8:100::", 96), ("2001:db8:64::", 64),
                ("2001:db8::", 32), ("2001:db8:1::", 48), ("2001:db8:65::", 63), ("ff00::", 32))
COUNTS = (1, 1, 1, 1, 2, 5, 50)
MANY = (200, 1000, 100000)

# Octets that a request has at most: a socket takes no more than a few times that.
LARGEST = 400000

# How often a kind of request is made, the others once; what is left out, of ten times.
LEFT_OUT = {"force": 3, "staged": 7, "addr6": 5}
OFTEN = {"eam-new": 12, "eam-del": 5, "eam-get": 3, "prefix-new": 4, "settings-set": 4,
         "load-begin": 2, "load-commit": 3}

# What each request takes, and which of them need privilege, by number.
LISTED = {OPS[op["name"]]: op for op in SPEC["operations"]["list"] if "event" not in op}
REQUESTS = {number: op.get("do", op.get("dump"))["request"] for number, op in LISTED.items()}
PRIVILEGED = {number for number, op in LISTED.items() if "flags" in op}


def octet(value):
    return struct.pack("B", value)


def word(value):
    return struct.pack("=I", value)


def number(rng, attribute):
    """In bounds as often as not."""
    size = {"u8": 1, "u32": 4, "u64": 8}[attribute["type"]]
    checks = attribute.get("checks", {})
    least, most = checks.get("min", 0), checks.get("max", 256 ** size - 1)
    value = rng.choice((least, most, rng.randint(least, most), most + 1, least - 1))
    return (value % 256 ** size).to_bytes(size, sys.byteorder)


def addr4(rng):
    return ip_address(f"10.{rng.choice((0, 0, 1))}.0.{rng.randrange(64)}").packed


def addr6(rng):
    most = f"2001:db8:1::{rng.randrange(64):x}"
    return ip_address(rng.choice((*[most] * 12, f"2001:db8:64::{rng.randrange(4)}",
                                  f"64:ff9b::a00:{rng.randrange(8)}", "::", "fe80::1"))).packed


def masked(packed, length):
    bits = 8 * len(packed)
    drop = bits - min(length, bits)
    return (int.from_bytes(packed, "big") >> drop << drop).to_bytes(len(packed), "big")


def nodes(kinds, **values):
    return [(NUMBERS[kinds][name.replace("_", "-")], value) for name, value in values.items()]


def translation(rng, flags=True):
    addr, length = rng.choice(TRANSLATIONS)
    primary = {"primary": b""} if flags and not rng.randrange(4) else {}
    return nodes("prefix", addr=ip_address(addr).packed, len=octet(length), **primary)


def mapping(rng):
    len4, len6 = rng.choice(LENGTHS)
    parts = nodes("eam", addr4=masked(addr4(rng), len4), len4=octet(len4),
                  addr6=masked(addr6(rng), len6), len6=octet(len6))
    if len4 == 32 and rng.randrange(2):
        del parts[1]
    if not rng.randrange(6):
        parts += nodes("eam", prefix=translation(rng, flags=False))
    return parts


def name(rng, table):
    """By one side or by both, of a mapping that there is, mostly."""
    if not table.mappings or not rng.randrange(8):
        return mapping(rng)[:4]
    (addr4, len4), ((addr6, len6), _) = rng.choice(list(table.mappings.items()))
    parts = nodes("eam", addr4=addr4, len4=len4, addr6=addr6, len6=len6)
    return rng.choice((parts, parts[:2], parts[2:]))


def settings(rng):
    chosen = rng.sample(SETS["setting"], rng.randrange(1, 5))
    return [(NUMBERS["setting"][a["name"]], addr4(rng) if a.get("byte-order") else
             addr6(rng) if a["type"] == "binary" else number(rng, a)) for a in chosen]


def explained(rng):
    """A packet that is whole, or cut off, or longer than it says."""
    rest = rng.randbytes(rng.randrange(64))
    if rng.randrange(2):
        packet = (struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(rest), 0, 0, 64, rng.randrange(64), 0) +
                  addr4(rng) + addr4(rng) + rest)
    else:
        packet = (struct.pack("!IHBB", 6 << 28, len(rest), rng.randrange(64), 64) +
                  addr6(rng) + addr6(rng) + rest)
    if not rng.randrange(4):
        packet = packet[:rng.randrange(len(packet))] + rng.randbytes(rng.randrange(2))
    return nodes("explain", packet=packet)


MAKERS = {"prefix": lambda rng: translation(rng), "eam": mapping, "settings": settings,
          "explain": explained, "force": lambda rng: b"", "staged": lambda rng: b"", "addr4": addr4, "addr6": addr6,
          "limit": lambda rng: word(rng.choice((0, 1, 1000, 2 ** 32 - 1)))}


def request(rng, table):
    """The name of a request, its attributes and its flags; mostly one that makes sense."""
    names = list(OPS)
    command = rng.choices(names, [OFTEN.get(name, 1) for name in names])[0]
    wanted = REQUESTS[OPS[command]].get("attributes", [])
    parts = []
    for kind in wanted:
        if rng.randrange(10) < LEFT_OUT.get(kind, 0):
            continue
        count = rng.choice(COUNTS) if kind == "eam" and command != "eam-get" else 1
        for _ in range(count):
            named_one = kind == "eam" and command != "eam-new"
            part = name(rng, table) if named_one else MAKERS[kind](rng)
            parts.append((NUMBERS["nat64"][kind], part))
    flags = rng.choice((0, 0, CREATE, CREATE | EXCL, CREATE | REPLACE, REPLACE, 0xf00))
    if command == "eam-new" and rng.randrange(8):
        flags = CREATE | rng.choice((EXCL, REPLACE, REPLACE))
    return command, parts, flags


# Mutations of the tree.

def pick(rng, parts):
    """Some list of attributes, however deep."""
    lists = [parts]
    for _, value in parts:
        if isinstance(value, list):
            lists.append(value)
            lists += [inner for _, inner in value if isinstance(inner, list)]
    return rng.choice(lists)


def shuffle(rng, parts):
    rng.shuffle(pick(rng, parts))


def double(rng, parts):
    some = pick(rng, parts)
    if some:
        some.insert(rng.randrange(len(some) + 1), rng.choice(some))


def drop(rng, parts):
    some = pick(rng, parts)
    if some:
        del some[rng.randrange(len(some))]


def renumber(rng, parts):
    some = pick(rng, parts)
    if some:
        at = rng.randrange(len(some))
        some[at] = (rng.choice((0, 1, rng.randrange(20), 255, 0x3fff)), some[at][1])


def resize(rng, parts):
    some = pick(rng, parts)
    if some:
        at = rng.randrange(len(some))
        size = rng.choice((0, 1, 3, 4, 5, 8, 15, 16, 17, 1000))
        some[at] = (some[at][0], rng.randbytes(size))


def nest(rng, parts):
    """One attribute inside another of its kind, perhaps very deep."""
    some = pick(rng, parts)
    if some:
        at = rng.randrange(len(some))
        for _ in range(rng.choice((1, 2, 100))):
            some[at] = (some[at][0], [some[at]])


def unnest(rng, parts):
    some = pick(rng, parts)
    nests = [at for at, (_, value) in enumerate(some) if isinstance(value, list)]
    if nests:
        at = rng.choice(nests)
        some[at:at + 1] = some[at][1]


def flatten(rng, parts):
    """A nest that does not say that it is one, or what is none and says so."""
    some = pick(rng, parts)
    if some:
        at = rng.randrange(len(some))
        kind, value = some[at]
        some[at] = (kind, encode(value)) if isinstance(value, list) else (kind | NESTED, value)


def grow(rng, parts):
    """So many that they are hardly, or not at all, to be counted."""
    if parts:
        part = rng.choice(parts)
        room = LARGEST - len(encode(parts))
        parts += [part] * min(rng.choice(MANY), max(room, 0) // len(encode([part])))


TREE = (shuffle, double, drop, renumber, resize, nest, unnest, flatten, grow)


def encode(parts):
    octets = []
    for kind, value in parts:
        if isinstance(value, list):
            kind, value = kind | NESTED, encode(value)
        size = len(value) + 4
        octets.append(struct.pack("=HH", size & 0xffff, kind) + value + bytes(-size % 4))
    return b"".join(octets)


# Mutations of the octets.

def cut(rng, octets):
    return octets[:rng.randrange(1, len(octets) + 1)]


def own_length(rng, octets):
    """The message says that it is shorter, or longer."""
    size = rng.choice((0, 15, 16, 19, 20, len(octets) - 1, len(octets) - 4, len(octets) + 4,
                       2 ** 31, 2 ** 32 - 1))
    return struct.pack("=I", size % 2 ** 32) + octets[4:]


def inner_length(rng, octets):
    if len(octets) < 24:
        return octets
    at = rng.randrange(20, len(octets) - 1)
    return octets[:at] + struct.pack("=H", rng.choice((0, 1, 3, 4, 5, 0xffff))) + octets[at + 2:]


def flip(rng, octets):
    at = rng.randrange(len(octets))
    return octets[:at] + bytes([octets[at] ^ 1 << rng.randrange(8)]) + octets[at + 1:]


def twice(rng, octets):
    return octets + octets


OCTETS = (cut, own_length, inner_length, inner_length, flip, flip, twice)


def octets(rng, table, message):
    """One request as octets, made by message(name, attributes, flags)."""
    command, parts, flags = request(rng, table)
    while not rng.randrange(3):
        rng.choice(TREE)(rng, parts)
    if not rng.randrange(20):
        command = rng.choice((0, 17, 18, 255))
    made = message(command, encode(parts)[:LARGEST], flags)
    while not rng.randrange(6):
        made = rng.choice(OCTETS)(rng, made)
    return made


# What a request does that the module has accepted.

class Table:
    """A configuration: settings as octets, prefixes as they were added, mappings."""

    def __init__(self, settings):
        self.settings = dict(settings)
        self.prefixes, self.primary, self.mappings = [], None, {}

    def __eq__(self, other):
        return vars(self) == vars(other)

    def __repr__(self):
        return "\n".join(f"{name}: {value}" for name, value in vars(self).items())

    def add_prefix(self, octets):
        parts = named(octets, "prefix")
        prefix = parts["addr"], parts["len"]
        if prefix not in self.prefixes:
            self.prefixes.append(prefix)
        if "primary" in parts or len(self.prefixes) == 1:
            self.primary = prefix

    def delete_prefix(self, octets):
        parts = named(octets, "prefix")
        prefix = parts["addr"], parts["len"]
        self.prefixes.remove(prefix)
        if self.primary == prefix:
            self.primary = self.prefixes[0] if self.prefixes else None

    def put(self, octets):
        side4, side6, own = mapping_of(octets)
        self.mappings = {key: value for key, value in self.mappings.items()
                         if key != side4 and value[0] != side6}
        self.mappings[side4] = side6, own

    def delete(self, octets):
        side4, side6, _ = mapping_of(octets)
        found = [key for key, value in self.mappings.items()
                 if key == side4 or not side4 and value[0] == side6]
        assert len(found) == 1, "a mapping was deleted that is not there"
        del self.mappings[found[0]]

    def set(self, octets):
        given = named(octets, "setting")
        defaults = {"icmp-source4": ("icmp-source4-len", octet(32)),
                    "icmp-source6": ("icmp-source6-len", octet(128)),
                    "mark": ("mark-mask", word(2 ** 32 - 1))}
        for name, default in defaults.items():
            if name in given:
                self.settings.update([default])
        self.settings.update(given)
        for name in ("icmp-source4", "icmp-source6"):
            if not any(self.settings[name]):
                self.settings[name + "-len"] = octet(0)


def mapping_of(octets):
    parts = named(octets, "eam")
    side4 = side6 = None
    if "addr4" in parts:
        side4 = parts["addr4"], parts.get("len4", octet(32))
    if "addr6" in parts:
        side6 = parts["addr6"], parts.get("len6", octet(128))
    own = named(parts["prefix"], "prefix") if "prefix" in parts else {}
    return side4, side6, tuple(own.values())


class Module:
    """What the module should hold after the requests that it has accepted from one socket."""

    def __init__(self, table, settings):
        self.table, self.settings, self.staged = table, settings, None

    def accept(self, command, octets):
        """The octets are the attributes."""
        command = {number: word for word, number in OPS.items()}[command]
        parts = named(octets, "nat64")
        table = self.staged if "staged" in parts else self.table
        eams = [part for kind, part in attributes(octets) if kind == NUMBERS["nat64"]["eam"]]
        if command == "prefix-new":
            table.add_prefix(parts["prefix"])
        elif command == "prefix-del":
            table.delete_prefix(parts["prefix"])
        elif command == "eam-new":
            for eam in eams:
                table.put(eam)
        elif command == "eam-del":
            for eam in eams:
                table.delete(eam)
        elif command == "eam-flush":
            table.mappings = {}
        elif command == "settings-set":
            table.set(parts["settings"])
        elif command == "load-begin":
            self.staged = Table(self.settings)
        elif command == "load-commit":
            self.table, self.staged = self.staged, None
        elif command == "load-abort":
            self.staged = None


def requests_in(octets, family):
    """The messages that the kernel finds in a datagram: number, whether it answers, command, attributes.

    The command is None where it is none of this family; it answers what it skips, too, if it is asked to.
    """
    while len(octets) >= HEADER.size:
        size, kind, flags, number, _ = HEADER.unpack_from(octets)
        if size < HEADER.size or size > len(octets):
            return
        if kind == family and flags & REQUEST and size >= HEADER.size + 4:
            yield number, flags & ACK, octets[HEADER.size], octets[HEADER.size + 4:size]
        else:
            yield number, flags & ACK or flags & REQUEST and kind >= 16, None, b""
        octets = octets[min(len(octets), (size + 3) & ~3):]
