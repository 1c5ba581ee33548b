# SPDX-License-Identifier: GPL-2.0-only
"""The tables of docs/performance.md that have figures of packets."""

from rows import FEW_PAIRS, PAIRS, TABLES, XDP, Row

# What is compared, and how it is called there; with a number, of that many mappings.
TAP = (("tc, from device to device untouched", "redirect", TABLES[0]),
       ("plain forwarding of what comes in", "forward", TABLES[0]),
       ("nft flowtable", "flowtable", TABLES[0]),
       ("nat64, `forwarding direct`", "direct", TABLES[0]),
       ("nat64, `forwarding filtered`", "filtered", TABLES[0]),
       ("nat64 filtered, 10,000 mappings", "filtered", TABLES[1]),
       ("nat64 filtered, 1,000,000 mappings", "filtered", TABLES[2]),
       ("nat64 filtered, `counters on`", "counted", TABLES[0]),
       ("Jool 4.1.9 (jool_siit)", "jool", TABLES[0]),
       ("Jool, 10,000 mappings", "jool", TABLES[1]),
       ("TAYGA 0.9.2", "tayga", TABLES[0]))
NIC = tuple(line for line in TAP if line[1] in ("redirect", "forward", "direct", "filtered") and
            line[2] == TABLES[0])
LIVE = (("XDP, other link-layer addresses and out", "xdp-redirect"),
        ("nat64 in XDP", "xdp"),
        ("XDP, a router by `bpf_fib_lookup()`", "fib"),
        ("tc, from device to device untouched", "redirect"),
        ("nft flowtable", "flowtable"),
        ("nat64, `forwarding direct`", "direct"),
        ("nat64, `forwarding filtered`", "filtered"),
        ("plain forwarding of what comes in", "forward"))
BY_PAIRS = (("plain forwarding", "forward"), ("nat64, `forwarding filtered`", "filtered"),
            ("nat64, `forwarding direct`", "direct"), ("nat64 in XDP", "xdp"))


def table(first, columns, lines):
    yield f"| {first} | {' | '.join(columns)} |"
    yield f"| --- |{' ---: |' * len(columns)}"
    for name, *cells in lines:
        yield f"| {name} | {' | '.join(cells)} |"


def relative(value, forwarding):
    return f"{value:,.0f} ({value / forwarding:.2f})"


def of_kernels(results, shape, lines):
    for name, system, mappings in lines:
        cells = []
        for result in results.values():
            for row in (Row(system, family, shape, mappings) for family in (6, 4)):
                figures = result["figures"]
                cells.append(relative(figures[row.name], figures[row.yardstick.name]))
        yield [name, *cells]


def above_drops(figures):
    """Above a drop in XDP and, of what becomes a packet, above one in tc."""
    for name, system in LIVE:
        some = [Row(system, family, "live", FEW_PAIRS) for family in (6, 4)]
        cells = [relative(figures[row.name], figures[row.yardstick.name]) for row in some]
        for row in some:
            drop = figures[row.like("drop").name]
            cells.append("" if system in XDP else
                         relative(figures[row.name] - drop, figures[row.yardstick.name] - drop))
        yield [name, *cells]


def by_pairs(figures):
    for name, system in BY_PAIRS:
        yield [name, *(f"{figures[Row(system, family, 'live', pairs).name]:,.0f}"
                       for family in (6, 4) for pairs in PAIRS)]


def tables(results):
    """Each as its lines, of which the first is in the page once."""
    columns = [f"{series}, {way}" for series in results for way in ("6→4", "4→6")]
    newest = [*results.values()][-1]["figures"]
    yield table("from a tap, to a cable", columns, of_kernels(results, "100", TAP))
    yield table("by a driver, to no cable", columns, of_kernels(results, "nic", NIC))
    yield table("four pairs of addresses",
                ("above XDP drop, 6→4", "4→6", "above tc drop, 6→4", "4→6"), above_drops(newest))
    pairs = [f"{count:,} pairs" if count > 1 else "one pair" for count in PAIRS]
    yield table("above XDP drop",
                [f"{way}, {count}" for way in ("6→4", "4→6") for count in pairs], by_pairs(newest))


def updated(page, results):
    """The text of the page with the figures of all kernels."""
    lines = page.split("\n")
    for new in map(list, tables(results)):
        start = end = lines.index(new[0])
        while lines[end].startswith("|"):
            end += 1
        lines[start:end] = new
    return "\n".join(lines)
