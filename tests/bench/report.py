# SPDX-License-Identifier: GPL-2.0-only
"""The figures as a table and as a chart."""

from rows import FEW_PAIRS, LIVE_SIZES, PAIRS, SIZES, TABLES, XDP, Row

COLUMNS = SIZES + ("icmp", "pktgen", "nic")
LIVE = [("live", pairs) for pairs in PAIRS] + [(size, FEW_PAIRS) for size in LIVE_SIZES]
ARROWS = {"64": "6->4", "46": "4->6", "6": "IPv6", "4": "IPv4"}
LABELS = {"xdp-redirect": "XDP redirect", "redirect": "tc redirect", "forward": "forwarding",
          "fib": "bpf_fib_lookup", "flowtable": "nft flowtable", "xdp": "nat64 in XDP",
          "direct": "nat64 direct", "filtered": "nat64 filtered", "counted": "nat64 counters on",
          "jool": "Jool", "tayga": "TAYGA"}
BULK = {"bulk": "", "bulk-gro": ", segments and GRO", "bulk-single": ", segments"}
PASSED = {"xdp-pass": "XDP_PASS", "passed": "filtered", "passed-direct": "direct",
          "passed-xdp": "xdp"}
MAPPINGS = dict(zip(TABLES, ("", "10 thousand mappings", "a million mappings")))


def name_of(row):
    return f"{LABELS[row.system]} {ARROWS[row.way]}"


def label(row):
    return f"  {MAPPINGS[row.mappings]}" if row.mappings != TABLES[0] else name_of(row)


def cell(figures, row, yardstick):
    """A figure and its ratio to another."""
    value, base = figures.get(row.name), figures.get(yardstick.name)
    if value is None:
        return ""
    ratio = f" {value / base:5.2f}" if base and row != yardstick else " " * 6
    return f"{value:.0f}{ratio}"


def packets(figures):
    columns = [shape for shape in COLUMNS if Row("forward", 6, shape).name in figures]
    if columns:
        yield ["octets", *(column + " " * 6 for column in columns)]
    for family in (6, 4):
        for system in LABELS:
            for mappings in TABLES:
                some = [Row(system, family, shape, mappings) for shape in columns]
                cells = [cell(figures, row, row.yardstick) for row in some]
                if any(cells):
                    yield [label(some[0]), *cells]


def live(figures, systems):
    """Live frames, by how many pairs of addresses they have and by their sizes."""
    columns = [(shape, pairs) for shape, pairs in LIVE
               if Row("forward", 6, shape, pairs).name in figures]
    if columns:
        yield ["", *(f"{shape}/{pairs}" + " " * 6 for shape, pairs in columns)]
    for family in (6, 4):
        for system in systems:
            some = [Row(system, family, shape, pairs) for shape, pairs in columns]
            cells = [cell(figures, row, row.yardstick) for row in some]
            if any(cells):
                yield [name_of(some[0]), *cells]


def above_xdp_drop(figures):
    return live(figures, LABELS)


def above_tc_drop(figures):
    """What becomes a packet costs this much before it is one."""
    above = {}
    for system in LABELS:
        for row in (Row(system, family, *how) for family in (6, 4) for how in LIVE):
            drop = figures.get(row.like("drop", mappings=FEW_PAIRS).name)
            if row.name in figures and drop:
                above[row.name] = figures[row.name] - drop
    return live(above, [system for system in LABELS if system not in XDP])


def live_others(figures):
    """Live frames that are not the translator's, above forwarding without it."""
    for family in (6, 4):
        row = Row("forward", family, "live-other", FEW_PAIRS)
        more = {name: figures[row.like(system).name] - figures[row.name]
                for system, name in PASSED.items() if row.like(system).name in figures}
        if more:
            yield [f"{ARROWS[row.way]}, not ours", *(f"{name} {value:+.0f}"
                                                     for name, value in more.items())]


def others(figures):
    """Packets that are not the translator's, above forwarding without it."""
    for family in (6, 4):
        plain = figures.get(Row("forward", family, "other").name)
        for mappings in TABLES:
            passed = figures.get(Row("passed", family, "other", mappings).name)
            direct = figures.get(Row("passed-direct", family, "other", mappings).name)
            if plain and passed:
                yield [f"{ARROWS[str(family)]}, not ours, {mappings} mappings",
                       f"{passed - plain:+.0f}",
                       f"direct {direct - plain:+.0f}" if direct else ""]


def split(figures):
    """Ratios to the same packet whole."""
    for system in LABELS:
        row = Row(system, 4, "split")
        text = cell(figures, row, row.like(system, shape="1400"))
        if text:
            yield [f"{label(row)}, DF=0, 1400 octets", text]


def bulk(figures):
    """Octets per instruction, relative to what forwarding does for both families."""
    for shape, how in BULK.items():
        plain = [figures.get(Row("forward", family, shape).name) for family in (6, 4)]
        for family in (6, 4):
            for row in (Row(system, family, shape) for system in LABELS):
                value = figures.get(row.name)
                if value:
                    ratio = sum(plain) / 2 / value if row.system != "forward" else 1
                    yield [f"{label(row)}, TCP{how}", f"{1024 / value:.3f} {ratio:5.2f}"]


def aligned(lines):
    lines = list(lines)
    widths = [max(len(line[n]) for line in lines if n < len(line))
              for n in range(max(map(len, lines), default=0))]
    for line in lines:
        yield "  ".join([line[0].ljust(widths[0]),
                         *(text.rjust(width) for text, width in zip(line[1:], widths[1:]))]).rstrip()


PARTS = (
    ("instructions per packet above receiving and dropping it, and relative to forwarding", packets),
    ("the same of packets that are not ours, more than without the module", others),
    ("the same of packets that must be split, and relative to whole ones", split),
    ("live frames, instructions above dropping them in XDP, and relative to forwarding",
     above_xdp_drop),
    ("the same above dropping them in tc", above_tc_drop),
    ("live frames that are not ours, more than with nothing there", live_others),
    ("bulk TCP, octets per instruction, and relative to forwarding (mean of IPv6 and IPv4)", bulk),
)


def table(results):
    text = ""
    for result in results.values():
        for title, part in PARTS:
            lines = list(aligned(part(result["figures"])))
            if lines:
                text += f"{result['release']}: {title}\n" + "\n".join(lines) + "\n\n"
    return text


BARS = ("forward", "flowtable", "direct", "filtered", "jool")
LIVE_BARS = ("forward", "flowtable", "filtered", "direct", "fib", "xdp", "xdp-redirect")
COLOURS = {6: "#2a6f97", 4: "#e09f3e"}
SCALE = 25


def bar(x, y, width, family, text):
    return (f'<rect x="{x}" y="{y}" width="{width:.0f}" height="11" fill="{COLOURS[family]}"/>'
            f'<text x="{x + width + 4:.0f}" y="{y + 10}" font-size="10">{text}</text>\n')


def panel_height(bars):
    return 30 + 30 * len(bars)


def panel(top, figures, title, bars, *how):
    """Of rows of a shape and so many mappings."""
    svg = f'<text x="10" y="{top}" font-weight="bold">{title}</text>\n'
    for number, system in enumerate(bars):
        y = top + 10 + 30 * number
        svg += f'<text x="10" y="{y + 16}">{LABELS[system]}</text>\n'
        for offset, family in ((0, 6), (12, 4)):
            row = Row(system, family, *how)
            value = figures[row.name]
            svg += bar(130, y + offset, value / SCALE, family, f"{value:.0f} {ARROWS[row.way]}")
    return svg


def panels(results):
    """Of each kernel; beside XDP only of the newest, as the veth of 6.1 keeps no pages for skbs."""
    for result in results.values():
        yield result["figures"], (f"Linux {result['release']}: "
                                  "instructions per 100-octet packet"), BARS
    newest = [*results.values()][-1]
    yield newest["figures"], (f"Linux {newest['release']}: once a driver has the frame, "
                              "above an XDP drop"), LIVE_BARS, "live", FEW_PAIRS


def chart(results):
    """Bars of what comes in as IPv6 and as IPv4."""
    svg, y = "", 25
    for figures, title, bars, *how in panels(results):
        svg += panel(y, figures, title, bars, *how)
        y += panel_height(bars)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 620 {y}" width="620" '
            f'height="{y}" font-family="sans-serif" font-size="13">\n'
            "<title>Instructions per packet of plain forwarding and of translators</title>\n"
            f'<rect width="620" height="{y}" fill="#ffffff"/>\n{svg}</svg>\n')
