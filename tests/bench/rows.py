# SPDX-License-Identifier: GPL-2.0-only
"""What is measured: a row is one system that passes on one kind of packets."""

from collections import namedtuple

SIZES = ("100", "512", "1400")
TABLES = (10, 10_000, 1_000_000)

# Frames that differ, and how often each is sent before it counts, and then.
FRAMES, WARM_UP, ROUNDS = 500, 3, 3
MEGABYTES = 64

# Packets of the kernel's generator in each of its runs, the first of which does not count.
PKTGEN = (2000, 2)

# The order of measurement: plain forwarding goes first, with no hook anywhere, and
# direct after filtered, since its hooks stay.
SYSTEMS = ("drop", "redirect", "forward", "filtered", "counted", "passed", "direct",
           "passed-direct", "flowtable", "jool", "tayga")
NAT64 = ("filtered", "counted", "passed", "direct", "passed-direct")
TRANSLATORS = ("direct", "filtered", "counted", "jool", "tayga")


class Row(namedtuple("Row", "system family shape mappings", defaults=("100", 10))):
    """What comes in, and what is done with it.

    system    drop: at the first device; redirect: from there to the last, by tc,
              the least that any path costs; forward: the kernel; flowtable: its
              fast path; filtered, direct: nat64; counted: filtered, with counters
              on; passed: forwarded, with nat64 there; passed-direct: with
              setting forwarding direct there
    family    that comes in, 4 or 6
    shape     octets of a frame, or: icmp, an error; split, IPv4 that has to be
              split; other, of 100 octets and not the translator's; pktgen, of 100
              octets by the kernel's generator; nic and nic-other, of 100 octets, as a
              driver's NAPI brings them, and out of a device that is no cable;
              bulk, one TCP connection
    mappings  in the table, over which the packets are spread
    """

    @property
    def way(self):
        if self.system in TRANSLATORS:
            return "64" if self.family == 6 else "46"
        return str(self.family)

    @property
    def name(self):
        return f"{self.system}{self.way}/{self.shape}/{self.mappings}"

    @property
    def frames(self):
        return f"{self.family}-{self.packets}-{self.mappings}"

    @property
    def packets(self):
        """The shape of the packets, however they come."""
        return {"nic": "100", "nic-other": "other"}.get(self.shape, self.shape)

    @property
    def is_replayed(self):
        return self.shape not in ("pktgen", "bulk")

    @property
    def has_baseline(self):
        """A connection has two ends, which no baseline tells apart."""
        return self.shape != "bulk" and self.system != "drop"

    def comes_out(self, packets):
        """How many packets there are behind the gateway, of those before it."""
        if self.system == "drop":
            return 0
        return 2 * packets if self.shape == "split" and self.way == "46" else packets

    def like(self, system, **other):
        """What this row is compared with."""
        return self._replace(system=system, **other)


def group(row):
    """What has to be set up for a row."""
    return "nat64" if row.system in NAT64 else row.system


def both(system, *rest):
    return [Row(system, family, *rest) for family in (6, 4)]


def quick():
    """Enough to see whether a change of the packet path helps."""
    rows = [row for system in ("redirect", "forward", "direct", "filtered") for row in both(system)]
    return rows + both("forward", "other") + both("passed", "other")


def everything():
    rows = []
    for shape in SIZES + ("icmp", "pktgen", "bulk"):
        for system in ("forward", "direct", "filtered", "jool"):
            rows += both(system, shape)
    for shape in SIZES + ("pktgen",):
        rows += both("redirect", shape) + both("flowtable", shape)
    for mappings in TABLES[1:]:
        for shape in SIZES:
            rows += both("direct", shape, mappings) + both("filtered", shape, mappings)
    for mappings in TABLES:
        rows += both("passed", "other", mappings) + both("passed-direct", "other", mappings)
    for system in ("redirect", "forward", "direct", "filtered"):
        rows += both(system, "nic")
    for system in ("forward", "passed", "passed-direct"):
        rows += both(system, "nic-other")
    rows += both("counted")
    rows += both("jool", "100", TABLES[1])  # a million take it more than an hour to load
    rows += [Row(system, 4, "split") for system in ("forward", "direct", "filtered", "jool")]
    return rows + both("forward", "other") + both("tayga")


def in_order(rows):
    """As they are measured: each group is set up once for each table."""
    groups = [group(Row(system, 4)) for system in SYSTEMS]
    return sorted(dict.fromkeys(rows), key=lambda row: (groups.index(group(row)), row.mappings,
                                                        SYSTEMS.index(row.system)))


def with_baseline(rows):
    """Adds what is subtracted from the rows."""
    return in_order([*rows, *(row.like("drop", mappings=10) for row in rows if row.has_baseline)])


def with_yardsticks(rows):
    """Adds what the rows are compared with as well."""
    return with_baseline([*rows, *(row.like("forward", mappings=10) for row in rows),
                          *(row.like(row.system, shape="1400") for row in rows
                            if row.shape == "split")])


def named(names):
    """The rows of these names, of which /10 and /100/10 may be left out."""
    known = {}
    for row in everything():
        known[row.name] = known[row.name.replace("/100/10", "")] = row
        known[row.name.removesuffix("/10")] = row
    try:
        return [known[name] for name in names]
    except KeyError as error:
        raise SystemExit(f"no row is named {error}; these are: "
                         f"{' '.join(row.name for row in everything())}")
