# SPDX-License-Identifier: GPL-2.0-only
"""What is measured: a row is one system that passes on one kind of packets."""

from collections import namedtuple

SIZES = ("100", "512", "1400")
TABLES = (10, 10_000, 1_000_000)

# Of live frames: sizes, the least that Ethernet has to the most, and pairs of addresses.
LIVE_SIZES = ("live-64", "live-512", "live-1400")
PAIRS = (1, 4, 10_000)
FEW_PAIRS = 4

# Frames that differ, and how often each is sent before it counts, and then.
FRAMES, WARM_UP, ROUNDS = 500, 3, 3
MEGABYTES = 64

# TCP in segments, with GRO at the gateway and without; elsewhere in GSO packets.
SEGMENTS = ("bulk-gro", "bulk-single")

# Packets of the kernel's generator in each of its runs, the first of which does not count.
PKTGEN = (2000, 2)

# Live frames in each run, runs before it counts, and then. The pairs are used in turn,
# and a flowtable has a flow after some packets.
LIVE = (10_000, 5, 3)

# The order of measurement: plain forwarding goes first, with no hook anywhere, and
# direct after filtered, since its hooks stay.
SYSTEMS = ("xdp-drop", "drop", "xdp-redirect", "redirect", "fib", "forward", "xdp-pass",
           "filtered", "counted", "passed", "direct", "passed-direct", "xdp", "passed-xdp",
           "flowtable", "jool", "tayga")
NAT64_XDP = ("xdp", "passed-xdp")
NAT64 = ("filtered", "counted", "passed", "direct", "passed-direct", *NAT64_XDP)
TRANSLATORS = ("xdp", "direct", "filtered", "counted", "jool", "tayga")

# Where what comes as an XDP frame leaves as one.
XDP = ("xdp-redirect", "fib", "xdp")


class Row(namedtuple("Row", "system family shape mappings", defaults=("100", 10))):
    """What comes in, and what is done with it.

    system    drop: at the first device; redirect: from there to the last, by tc,
              the least that any path costs; forward: the kernel; flowtable: its
              fast path; filtered, direct: nat64; counted: filtered, with counters
              on; passed: forwarded, with nat64 there; passed-direct: with
              setting forwarding direct there; xdp: nat64 in XDP; passed-xdp: forwarded,
              with that there; xdp-drop, xdp-redirect, xdp-pass: XDP programs that only
              drop, redirect, or pass on what is then forwarded; fib: one that forwards
              by bpf_fib_lookup()
    family    that comes in, 4 or 6
    shape     octets of a frame, or: icmp, an error; split, IPv4 that has to be
              split; other, of 100 octets and not the translator's; pktgen, of 100
              octets by the kernel's generator; nic and nic-other, of 100 octets, as a
              driver's NAPI brings them, and out of a device that is no cable;
              bulk, one TCP connection, in GSO packets; bulk-gro and bulk-single, in
              segments that the gateway merges or does not; live, live-64 and so on, and live-other: XDP
              frames, of 100 octets unless it says otherwise, see live.py
    mappings  in the table, over which the packets are spread; with live, one pair of
              addresses for each, in turn
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
        """The name of the file that they are in."""
        return f"{self.family}-{'live-' * self.is_live}{self.packets}-{self.mappings}"

    @property
    def packets(self):
        """The shape of the packets, however they come."""
        how, _, what = self.shape.partition("-")
        return (what or "100") if how in ("nic", "live") else self.shape

    @property
    def has_frames(self):
        return self.shape != "pktgen" and not self.is_bulk

    @property
    def is_bulk(self):
        return self.shape.startswith("bulk")

    @property
    def megabytes(self):
        return MEGABYTES // 4 if self.shape in SEGMENTS else MEGABYTES

    @property
    def is_live(self):
        return self.shape.startswith("live")

    @property
    def baseline(self):
        """What is subtracted; None: a connection has two ends, which no baseline tells apart."""
        base = (self.like("xdp-drop", mappings=FEW_PAIRS) if self.is_live else
                self.like("drop", mappings=TABLES[0]))
        return None if self.is_bulk or self == base else base

    @property
    def yardstick(self):
        """Of few destinations, forwarding of live frames is cheap: it has as many."""
        return self.like("forward", mappings=self.mappings if self.is_live else TABLES[0])

    @property
    def comes_out_as(self):
        """What becomes of live frames."""
        if self.system in ("xdp-drop", "drop"):
            return None
        return "frames" if self.system in XDP else "packets"

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
    for shape in SEGMENTS:
        for system in ("forward", "direct", "filtered"):
            rows += both(system, shape)
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
    return rows + both("forward", "other") + both("tayga") + live()


def live():
    """XDP beside the rest."""
    rows = []
    for system in ("xdp-redirect", "redirect", "fib", "flowtable"):
        rows += both(system, "live", FEW_PAIRS)
    for system in ("forward", "filtered", "direct", "xdp"):
        for pairs in PAIRS:
            rows += both(system, "live", pairs)
        for size in LIVE_SIZES:
            rows += both(system, size, FEW_PAIRS)
    for system in ("forward", "xdp-pass", "passed", "passed-direct", "passed-xdp"):
        rows += both(system, "live-other", FEW_PAIRS)
    return rows


def by_name():
    """Measured only when they are asked for."""
    rows = both("counted", "live", FEW_PAIRS) + both("jool", "live", FEW_PAIRS)
    for pairs in (PAIRS[0], PAIRS[-1]):
        for system in ("xdp-redirect", "redirect", "fib", "flowtable"):
            rows += both(system, "live", pairs)
    for size in LIVE_SIZES:
        for system in ("xdp-redirect", "redirect", "fib", "flowtable"):
            rows += both(system, size, FEW_PAIRS)
    return rows


def in_order(rows):
    """As they are measured: each group is set up once for each table."""
    groups = [group(Row(system, 4)) for system in SYSTEMS]
    return sorted(dict.fromkeys(rows), key=lambda row: (groups.index(group(row)), row.mappings,
                                                        SYSTEMS.index(row.system)))


def with_baseline(rows):
    """Adds what is subtracted from the rows."""
    return in_order([*rows, *(row.baseline for row in rows if row.baseline)])


def with_yardsticks(rows):
    """Adds what the rows are compared with as well."""
    return with_baseline([*rows, *(row.yardstick for row in rows),
                          *(row.like(row.system, shape="1400") for row in rows
                            if row.shape == "split"),
                          *(row.like("drop", mappings=FEW_PAIRS) for row in rows if row.is_live)])


def named(names):
    """The rows of these names, of which /10, /100/10 and, of live frames, /4 may be left out."""
    known = {}
    for row in everything() + by_name():
        known[row.name] = known[row.name.replace("/100/10", "")] = row
        known[row.name.removesuffix(f"/{FEW_PAIRS}" if row.is_live else "/10")] = row
    try:
        return [known[name] for name in names]
    except KeyError as error:
        raise SystemExit(f"no row is named {error}; these are: "
                         f"{' '.join(row.name for row in everything() + by_name())}")
