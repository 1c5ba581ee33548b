# SPDX-License-Identifier: GPL-2.0-only
"""Files for nat64ctl that are right, nearly right, or once were.

Everything comes from the random numbers that are given, so that a seed is a file.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "netns"))
import settings  # noqa: E402

LENGTHS6 = (0, 1, 32, 40, 48, 56, 63, 64, 65, 96, 97, 104, 120, 127, 128, 129)
SETTINGS = {
    **settings.WORDS,
    "lowest-ipv6-mtu": ("1280", "1500", "65535", "1279"),
    "tos": ("copy", "0", "255", "0x10", "256"), "traffic-class": ("copy", "7"),
    "icmp-source4": ("none", "192.0.2.0/24", "192.0.2.1"),
    "icmp-source6": ("none", "2001:db8::/64", "2001:db8::1"),
    "mark": ("none", "0x10/0xff", "1", "0xffffffff/0xffffffff")}
NUMBERS = ("-1", "0", "1", "00", "65535", "65536", "2147483648", "4294967295", "4294967296",
           "18446744073709551616", "1e9", "0x", "9" * 400)
WORDS = ("add", "prefix", "set", "primary", "force", "del", "list", "include", "map-static",
         "xdp", "generic", "eth0", ".", "eth0:1", "mapping-prefix", "map66-static", "#", "-", "::", "::/0", "0.0.0.0/0", "64:ff9b::/96",
         "/", "//32", "%s%n", "é", "\x1b[31m", "x" * 5000)
BYTES = (b"\0", b"\n", b"\r\n", b"\t", b" ", b"#", b"/", b":", b'"', b"{", b"]", b"\xff", b"\x80")


def address4(rng):
    """Few enough that they clash."""
    return f"{rng.choice((10, 192, 203))}.0.{rng.choice((0, 2))}.{rng.randrange(8)}"


def address6(rng):
    return rng.choice((f"2001:db8::{rng.randrange(8):x}", f"2001:db8:{rng.randrange(4):x}::",
                       f"64:ff9b::c000:20{rng.randrange(8):x}", "2001:db8:0:1::"))


def prefix4(rng):
    return address4(rng) + rng.choice(("", "", "", "/32", f"/{rng.randrange(34)}"))


def prefix6(rng):
    return address6(rng) + rng.choice(("", "", "", "/128", f"/{rng.choice(LENGTHS6)}"))


def translation(rng):
    return rng.choice(("64:ff9b::/96", "2001:db8::/32", "2001:db8:1::/48", "2001:db8:2::/64",
                       "2001:db8:3::/96", f"2001:db8:ff::/{rng.choice(LENGTHS6)}"))


def setting(rng):
    name = rng.choice(list(SETTINGS))
    return f"set {name} {rng.choice(SETTINGS[name])}"


def mapping(rng, word="add"):
    more = "".join(part for part in (f" prefix {translation(rng)}", " force")
                   if not rng.randrange(4))
    return f"{word} {prefix4(rng)} {prefix6(rng)}{more}"


def conf_line(rng):
    return rng.choice((mapping, mapping, mapping, setting, lambda rng:
                       f"prefix add {translation(rng)}" + rng.choice(("", " primary"))))(rng)


def xdp_line(rng, word="add"):
    return f"xdp {word} {rng.choice(('lo', 'no-such', 'no9', 'x' * 16))}{rng.choice(('', ' generic'))}"


def conf(rng):
    return "".join(conf_line(rng) + "\n" for _ in range(rng.choice((1, 3, 10, 40))))


def batch(rng):
    """Every command; what has to ask the kernel fails without the module."""
    lines = (conf_line, conf_line, lambda rng: mapping(rng, "replace"),
             lambda rng: f"del {rng.choice((prefix4, prefix6))(rng)}",
             lambda rng: f"list {prefix4(rng)}", lambda rng: f"lookup {address6(rng)}",
             lambda rng: f"prefix del {translation(rng)}", xdp_line, lambda rng: xdp_line(rng, "del"),
             lambda rng: rng.choice(("flush", "status", "stats reset", "get", "get tos", "save",
                                     "help", "prefix list", "xdp list", "check /dev/null")))
    return "".join(rng.choice(lines)(rng) + "\n" for _ in range(rng.choice((1, 10))))


def map646_line(rng):
    return rng.choice((f"map-static {address4(rng)} {address6(rng)}",
                       f"map-static {address4(rng)} {address6(rng)}",
                       f"mapping-prefix {address6(rng)}", "mapping-prefix 2001:db8:64::",
                       f"map66-static {address6(rng)} {address6(rng)}", "# comment", "",
                       "include /dev/null", "include FILE"))


def map646(rng):
    return "".join(map646_line(rng) + "\n" for _ in range(rng.choice((1, 5, 20))))


def jool_value(rng, depth=3):
    """Any JSON at all."""
    kind = rng.randrange(9 if depth else 7)
    if kind == 7:
        return [jool_value(rng, depth - 1) for _ in range(rng.randrange(3))]
    if kind == 8:
        return {rng.choice(("a", "", "eamt", "\x1b[0m\n")): jool_value(rng, depth - 1)}
    return rng.choice((None, True, False, rng.getrandbits(rng.choice((8, 33, 63))), -1, 1.5,
                       "", "text", address4(rng), translation(rng), "\u2028\x07"))


def jool(rng):
    pool = {"ipv4 prefix": prefix4, "ipv6 prefix": prefix6}
    settings = {"pool6": translation(rng), "lowest-ipv6-mtu": 1280, "zeroize-traffic-class": True,
                "override-tos": True, "tos": rng.randrange(260), "amend-udp-checksum-zero": False,
                "eam-hairpin-mode": rng.choice(("none", "simple", "intrinsic")),
                "rfc6791v4-prefix": "198.51.100.0/24", "rfc6791v6-prefix": None,
                "manually-enabled": True, "mtu-plateaus": [1280, 576]}
    top = {"comment": "", "instance": "i", "framework": "netfilter",
           "global": dict(rng.sample(sorted(settings.items()), rng.randrange(len(settings)))),
           "eamt": [{key: make(rng) for key, make in pool.items()}
                    for _ in range(rng.randrange(8))],
           "denylist4": [prefix4(rng) for _ in range(rng.randrange(3))]}
    top = dict(rng.sample(list(top.items()), rng.randrange(1, len(top) + 1)))
    while not rng.randrange(3):
        inner = rng.choice([top, *(v for v in top.values() if isinstance(v, dict))])
        inner[rng.choice([*inner, "pool4", "bib", "\x1b[31mnews\n"])] = jool_value(rng)
    return json.dumps(top, indent=rng.choice((None, 1)))


def tayga_line(rng):
    return rng.choice((f"map {address4(rng)} {address6(rng)}", f"Map {prefix4(rng)} {prefix6(rng)}",
                       f"\tprefix {translation(rng)}", f"ipv4-addr {address4(rng)}",
                       f"wkpf-strict {rng.choice(('yes', 'no', '0', 'x'))}",
                       f"udp-cksum-mode {rng.choice(('drop', 'calc', 'fwd'))}",
                       f"offlink-mtu {rng.choice(NUMBERS)}", "map-file FILE", "map-file /dev/null",
                       "data-dir /nonexistent", f"dynamic-pool {prefix4(rng)}", "tun-device nat64",
                       "log drop reject", "tun-route 0.0.0.0/0", "clat-dev=clat", "# comment"))


def tayga(rng):
    return "".join(tayga_line(rng) + "\n" for _ in range(rng.choice((1, 5, 20))))


def swap_word(rng, text):
    words = text.split(" ")
    words[rng.randrange(len(words))] = rng.choice(WORDS + NUMBERS)
    return " ".join(words)


def move_line(rng, text):
    lines = text.split("\n")
    line = lines.pop(rng.randrange(len(lines)))
    for _ in range(rng.choice((0, 1, 1, 2, 300))):
        lines.insert(rng.randrange(len(lines) + 1), line)
    return "\n".join(lines)


def number(rng, text):
    """A number that stands somewhere becomes another."""
    at = [i for i, c in enumerate(text) if c.isdigit()]
    if not at:
        return text
    i = rng.choice(at)
    return text[:i] + rng.choice(NUMBERS) + text[i + 1:]


def some_bytes(rng, data):
    at = rng.randrange(len(data) + 1)
    end = min(len(data), at + rng.choice((0, 0, 1, 1, 7)))
    return data[:at] + rng.choice(BYTES) * rng.choice((1, 1, 2, 200)) + data[end:]


def cut(rng, data):
    return data[:rng.randrange(len(data) + 1)]


GRAMMARS = {"conf": conf, "batch": batch, "map646": map646, "jool": jool,
            "tayga": tayga}


def make(rng, kind, file):
    """One file, of which two in three are no longer right."""
    text = GRAMMARS[kind](rng).replace("FILE", str(file))
    while rng.randrange(3):
        text = rng.choice((swap_word, move_line, number))(rng, text)
    data = text.encode()
    while not rng.randrange(3):
        data = rng.choice((some_bytes, some_bytes, cut))(rng, data)
    return data
