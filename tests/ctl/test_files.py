# SPDX-License-Identifier: GPL-2.0-only
"""Configuration files: what `check` accepts, and its error for each that it does not."""

import json
import random
import resource
import subprocess
from ipaddress import IPv4Address, IPv6Address

import pytest
from test_words import BAD_USAGE, CTL, check_error, ctl

GOOD = """\
# The gateway of the example.
set tos 0\t# comment
set mark 0x10/0xff
 prefix   add 64:ff9b::/96
pre add 2001:200:d00:100::/64 primary
prefix add 2001:200:d00:100::/96

add 203.0.113.10 2001:db8:1::10
add 203.0.113.128/25 2001:db8:2::/121 prefix 2001:200:d00:100::/96
add 203.0.113.130 2001:db8:2::2/128 force\r
a 198.51.100.0/24 64:ff9b::c633:6400/120 force"""


def test_good_file():
    done = ctl("check", "-", text=GOOD)
    assert (done.returncode, done.stdout, done.stderr) == (
        0, "2 settings, 3 prefixes, 4 mappings\n", "")


def test_good_file_as_json():
    done = ctl("-j", "check", "-", text=GOOD)
    assert json.loads(done.stdout) == {"schema": 1, "settings": 2, "prefixes": 3, "mappings": 4, "xdp": 0}


XDP = "set forwarding direct\nprefix add 64:ff9b::/96\nadd 203.0.113.1 2001:db8::1\n"


def test_devices_with_xdp_are_counted():
    """Whether they are there is not looked at: the file may be for another machine."""
    for lines, said in (("xdp add no-such\n", "1 device"), ("x a no-such g\nxdp add b\n", "2 devices")):
        done = ctl("check", "-", text=XDP + lines)
        assert (done.stdout, done.stderr) == (f"1 setting, 1 prefix, 1 mapping, {said} with XDP\n", "")
    assert json.loads(ctl("-j", "check", "-", text=XDP + lines).stdout)["xdp"] == 2


@pytest.mark.parametrize("change, warning", [
    (("set forwarding direct\n", ""), "forwarding is filtered"),
    (("direct", "filtered"), "forwarding is filtered"),
    (("set forwarding direct\n", "set forwarding direct\nset mark 1\n"), "mark is set"),
    (("set forwarding direct\n", "set forwarding direct\nset counters on\n"), "counters is on"),
    (("2001:db8::1", "2001:db8::1 edge"), "there are edge mappings")])
def test_what_keeps_packets_out_of_xdp_is_warned_of(change, warning):
    text = XDP.replace(*change) + "xdp add eth0\nxdp add eth1\n"
    done = ctl("check", "-", text=text)
    line = text.splitlines().index("xdp add eth0") + 1
    assert (done.stderr, done.returncode) == (
        f"<stdin>:{line}:9: warning: {warning}: no packet is translated by XDP\n", 0)


def test_empty_file():
    assert ctl("check", "/dev/null").stdout == "0 settings, 0 prefixes, 0 mappings\n"
    one = "set tos 0\nprefix add 64:ff9b::/96\nadd 203.0.113.1 2001:db8::1\n"
    assert ctl("check", "-", text=one).stdout == "1 setting, 1 prefix, 1 mapping\n"


def test_all_errors_are_told():
    text = "bogus\nadd 192.0.2.1\nprefix add 64:ff9b::/96\nset tos 300\nadd 192.0.2.2 2001:db8::2\n"
    done = ctl("check", "-", text=text)
    assert [line.split(" ")[0] for line in done.stderr.splitlines()] == [
        "<stdin>:1:1:", "<stdin>:2:14:", "<stdin>:4:9:"]
    assert (done.returncode, done.stdout) == (BAD_USAGE, "")
    clashes = "prefix add 64:ff9b::/96\n" + "add 192.0.2.1 2001:db8::1\n" * 4
    done = ctl("check", "-", text=clashes)
    assert done.stderr.splitlines() == [
        f"<stdin>:{n}:5: 192.0.2.1/32 is already mapped to 2001:db8::1/128 in line 2"
        for n in (3, 4, 5)]


@pytest.mark.parametrize("line", ["bogus", "add 192.0.2.1 2001:db8::1"])
def test_twenty_errors_are_told(line):
    done = ctl("check", "-", text="prefix add 64:ff9b::/96\n" + f"{line}\n" * 40)
    lines = done.stderr.splitlines()
    assert len(lines) == 21
    assert lines[-1] == "<stdin>: 20 errors; there may be more"
    assert done.returncode == BAD_USAGE


WIDE = ("is wider than 203.0.113.9/32: several IPv6 addresses become one IPv4 address; "
        "/128 would do")
WARNED = [
    ("add 203.0.113.9 2001:db8::9", "", "no line adds a translation prefix: nothing is translated"),
    ("", "", "no line adds a translation prefix: nothing is translated"),
    ("prefix add 64:ff9b::/96", "", "no line adds a mapping: every packet is refused"),
    ("prefix add 64:ff9b::/96\nadd 10.1.0.0/16 2001:db8::/112", ":2:5",
     "10.1.0.0/16 is private, and its peers, which will be private as well, cannot stand in "
     "64:ff9b::/96: packets are refused as wkp_not_global; use a prefix of your own"),
    ("prefix add 2001:db8:64::/96\nadd 203.0.113.9 2001:db8::/64", ":2:17",
     f"2001:db8::/64 {WIDE}"),
    ("prefix add 2001:db8:64::/96\nadd 0.0.0.0/0 2001:db8:1::/96 force", ":2:5",
     "this maps every IPv4 address, the gateway's own traffic included"),
]


@pytest.mark.parametrize("text, place, warning", WARNED)
def test_warnings(text, place, warning):
    done = ctl("check", "-", text=text)
    assert (done.stderr, done.returncode) == (f"<stdin>{place}: warning: {warning}\n", 0)


@pytest.mark.parametrize("text", [
    GOOD.replace("2001:db8::/64", "2001:db8::/120"),
    "set wkp-strict off\nprefix add 64:ff9b::/96\nadd 10.0.0.1 2001:db8::1",
    "prefix add 2001:db8:64::/96\nadd 192.168.0.0/16 2001:db8::/112",
    "prefix add 64:ff9b::/96\nadd 172.32.0.1 2001:db8::1",
    "prefix add 64:ff9b::/96\nprefix add 2001:db8:64::/96\n"
    "add 100.64.0.1 2001:db8::1 prefix 2001:db8:64::/96"])
def test_no_warnings(text):
    assert ctl("check", "-", text=text).stderr == ""


def test_twenty_warnings_are_told():
    text = "prefix add 2001:db8:64::/96\n" + "".join(
        f"add 203.0.113.{n} 2001:db8:0:{n}::/64\n" for n in range(1, 31))
    lines = ctl("check", "-", text=text).stderr.splitlines()
    assert len(lines) == 21 and lines[-1] == "<stdin>: warning: 10 more like these"


FORCE = 'write "force" behind it to permit it'

BAD = [
    ("bogus", "1:1", '"bogus" is not a keyword; a line begins with add, prefix, set or xdp'),
    ("del 192.0.2.1", "1:1", '"del" is not a keyword; a line begins with add, prefix, set or xdp'),
    ("\n\n  \tadd 192.0.2.1", "3:17", 'an IPv6 address is missing after "192.0.2.1"'),
    ("add # 192.0.2.1", "1:5", 'an IPv4 address is missing after "add"'),
    ("add 192.0.2.1/24 2001:db8::/64", "1:5",
     '"192.0.2.1/24" has bits set beyond its length; the prefix is 192.0.2.0/24'),
    ("add 192.0.2.0/24 2001:db8::/127", "1:18",
     "192.0.2.0/24 leaves 8 bits, for which 2001:db8::/127 has only 1 (RFC 7757 section 3.2)"),
    ("add 192.0.2.1 2001:db8::1 192.0.2.1", "1:27", '"192.0.2.1" is not prefix, edge or force'),
    ("prefix del 64:ff9b::/96", "1:8", '"del" is not add'),
    ("prefix add 64:ff9b::/96 x", "1:25", '"x" is not primary'),
    ("set hairpin on off", "1:16", 'unexpected word "off"'),
    (" ".join("x" * 20), "1:33", "too many words"),
    ("add 192.0.2.1\0 2001:db8::1", "1:14", "a NUL byte is not text"),
    ("# ok\n# \0\n", "2:3", "a NUL byte is not text"),
    ("\ufeffadd 192.0.2.1 2001:db8::1", "1:1",
     "the file begins with a byte order mark; save it without one"),

    ("xdp del eth0", "1:5", '"del" is not add'),
    ("xdp add", "1:8", 'a device is missing after "add"'),
    ("xdp add eth0:1", "1:9", '"eth0:1" cannot be the name of a device'),
    ("xdp add eth0 native", "1:14", '"native" is not generic'),
    ("xdp add eth0 generic eth1", "1:22", 'unexpected word "eth1"'),

    # Lines that clash with others: each names both.
    ("xdp add eth0\nxdp add eth1\nx a eth0 g", "3:5", "eth0 stands in line 1 already"),
    ("set tos 1\n\nset tos 1", "3:9", "tos is set in line 1 already"),
    ("prefix add 64:ff9b::/96\nprefix add 64:ff9b::/96", "2:12",
     "prefix 64:ff9b::/96 stands in line 1 already"),
    ("prefix add 64:ff9b::/96 primary\nprefix add 2001:db8::/64 primary", "2:26",
     "prefix 64:ff9b::/96 of line 1 is primary already"),
    ("".join(f"prefix add 2001:db8:{n:x}::/48\n" for n in range(17)), "17:12",
     "more than 16 prefixes"),
    ("add 192.0.2.1 2001:db8::1 prefix 64:ff9b::/96", "1:34",
     "no line adds the prefix 64:ff9b::/96"),
    ("add 192.0.2.1 2001:db8::1\nadd 192.0.2.1 2001:db8::2", "2:5",
     "192.0.2.1/32 is already mapped to 2001:db8::1/128 in line 1"),
    ("add 192.0.2.1 2001:db8::1\n\nadd 192.0.2.2 2001:db8::1", "3:15",
     "2001:db8::1/128 is already mapped to 192.0.2.1/32 in line 1"),
    ("add 192.0.2.1 2001:db8::1\nadd 192.0.2.1 2001:db8::1", "2:5",
     "192.0.2.1/32 is already mapped to 2001:db8::1/128 in line 1"),
    ("add 192.0.2.0/24 2001:db8::/64\nadd 192.0.2.1 2001:db8:1::1", "2:5",
     f"192.0.2.1/32 lies inside 192.0.2.0/24 of line 1; {FORCE}"),
    ("add 192.0.2.1 2001:db8:1::1\nadd 192.0.2.0/24 2001:db8::/64", "2:5",
     f"192.0.2.0/24 contains 192.0.2.1/32 of line 1; {FORCE}"),
    ("add 192.0.2.1 2001:db8::1\nadd 198.51.100.0/24 2001:db8::/64", "2:21",
     f"2001:db8::/64 contains 2001:db8::1/128 of line 1; {FORCE}"),
    ("add 0.0.0.0/0 2001:db8::/32 force\nadd 192.0.2.1 2002::1", "2:5",
     f"192.0.2.1/32 lies inside 0.0.0.0/0 of line 1; {FORCE}"),
    ("prefix add 64:ff9b::/96\nadd 192.0.2.1 64:ff9b::c000:201", "2:15",
     "64:ff9b::c000:201/128 lies inside the translation prefix 64:ff9b::/96 of line 1; "
     f"{FORCE}"),
    ("add 10.0.0.0/8 2001::/16\nprefix add 2001:db8::/32", "1:16",
     f"2001::/16 contains the translation prefix 2001:db8::/32 of line 2; {FORCE}"),
    ("add 0.0.0.0/0 2001::/16\nprefix add 2001:db8::/32", "1:5",
     "this maps every IPv4 address, so the gateway's own traffic as well; "
     'write "force" behind it if that is meant'),
    ("add 192.0.2.0/24 2001:db8::/96\nprefix add 2001:db8::/96", "1:18",
     f"2001:db8::/96 lies inside the translation prefix 2001:db8::/96 of line 2; {FORCE}"),
    # Only what is inside: neighbours do not clash, a hull three levels up does.
    ("add 192.0.2.0/24 2001:db8::/64\nadd 192.0.3.0/24 2001:db8:0:1::/64\n"
     "add 192.0.0.0/16 2001:db8:8000::/33 force\nadd 192.0.1.255 2001:db8:8000::/96", "4:5",
     f"192.0.1.255/32 lies inside 192.0.0.0/16 of line 3; {FORCE}"),
    # The first line that is wrong is the one that is named.
    ("add 10.0.0.9 1::9\nadd 10.0.0.1 1::1\nadd 10.0.0.2 1::9\nadd 10.0.0.1 1::4", "3:14",
     "1::9/128 is already mapped to 10.0.0.9/32 in line 1"),
]


@pytest.mark.parametrize("text, place, error", BAD)
def test_bad_file(tmp_path, text, place, error):
    file = tmp_path / "nat64.conf"
    file.write_text(text)
    check_error(ctl("load", file), BAD_USAGE, f"{file}:{place}: {error}")
    done = ctl("check", file)
    assert (done.stderr.splitlines()[0], done.returncode, done.stdout) == (
        f"{file}:{place}: {error}", BAD_USAGE, "")


@pytest.mark.parametrize("command", ["load", "diff", "check"])
def test_each_command_reads_alike(command):
    check_error(ctl(command, "-", text="add x"), BAD_USAGE,
                '<stdin>:1:5: "x" is not an IPv4 address')


def test_missing_file():
    check_error(ctl("check", "/no/such"), BAD_USAGE, "/no/such: No such file or directory")
    check_error(ctl("check", "/"), BAD_USAGE, "/: Is a directory")


OVERLAPS = [text for text, _, error in BAD if 'write "force"' in error]
DOUBLES = [text for text, _, error in BAD if "already mapped" in error]


@pytest.mark.parametrize("text, place, error", [b for b in BAD if b[0] in OVERLAPS])
def test_what_only_the_option_permits_is_warned_of(text, place, error):
    """It is refused when the service is reloaded."""
    done = ctl("-f", "check", "-", text=text)
    assert (done.stderr.splitlines()[0], done.returncode) == (
        f"<stdin>:{place}: warning: without -f, as when the service is reloaded, this file is "
        f"refused: {error}", 0)


@pytest.mark.parametrize("text", OVERLAPS)
def test_force_permits_overlaps(text):
    assert ctl("-f", "check", "-", text=text).returncode == 0
    forced = "\n".join(f"{line} force" if line.startswith("add") else line
                       for line in text.replace(" force", "").splitlines())
    assert ctl("check", "-", text=forced).returncode == 0


@pytest.mark.parametrize("text", DOUBLES)
def test_force_permits_no_doubles(text):
    assert ctl("-f", "check", "-", text=text).returncode == BAD_USAGE
    assert ctl("check", "-", text=text.replace("\n", " force\n")).returncode == BAD_USAGE


def overlap(a, b, bits):
    length = min(a[1], b[1])
    return not length or a[0] >> (bits - length) == b[0] >> (bits - length)


def first_clash(rows):
    """By comparing each with each: the line of the first that overlaps an earlier one."""
    for i, (v4, v6) in enumerate(rows):
        for w4, w6 in rows[:i]:
            if overlap(v4, w4, 32) or overlap(v6, w6, 128):
                return i + 1
    return None


def random_prefix(rng, bits, top, shortest):
    """Below a few bits that make it unicast; few enough others that many overlap."""
    length = rng.randint(shortest, bits)
    address = top | rng.getrandbits(5) << rng.choice((bits - 13, bits - 17, 0))
    return address >> (bits - length) << (bits - length), length


@pytest.mark.parametrize("seed", range(200))
def test_clashes_against_each_with_each(seed):
    rng = random.Random(seed)
    rows = []
    for _ in range(rng.randint(2, 12)):
        v4 = random_prefix(rng, 32, 10 << 24, 2)
        rows.append((v4, random_prefix(rng, 128, 0x20 << 120, 2 if v4[1] == 32 else v4[1])))
        if rows[-1][1][1] > 96 + v4[1]:
            rows.pop()
    text = "".join(f"add {IPv4Address(a)}/{n} {IPv6Address(b)}/{m}\n" for (a, n), (b, m) in rows)
    done = ctl("check", "-", text=text)
    line = first_clash(rows)
    assert done.returncode == (BAD_USAGE if line else 0), text
    if line:
        assert done.stderr.startswith(f"<stdin>:{line}:"), text + done.stderr


def test_a_million_mappings(tmp_path):
    """In a few seconds even on a busy machine; one alone takes less than one."""
    rng = random.Random(64)
    file = tmp_path / "million"
    with open(file, "w") as out:
        for n, v4 in enumerate(rng.sample(range(0x80000000, 0xdf000000), 1000000)):
            out.write(f"add {v4 >> 24}.{v4 >> 16 & 255}.{v4 >> 8 & 255}.{v4 & 255} "
                      f"2001:db8:{rng.getrandbits(16):x}::{n >> 16:x}:{n & 65535:x}\n")
        out.write("add 192.0.2.1 2002::/16\n")
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = ctl("check", file)
    seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    assert (done.returncode, done.stdout) == (0, "0 settings, 0 prefixes, 1000001 mappings\n")
    assert seconds < 5


def test_no_leaks(tmp_path):
    file = tmp_path / "conf"
    file.write_text(GOOD)
    for words in (["check", file], ["-j", "check", file], ["-b", file], ["-n", "none", "list"]):
        done = subprocess.run(["valgrind", "-q", "--leak-check=full", "--error-exitcode=99", CTL,
                               *words], capture_output=True, text=True)
        assert done.returncode != 99, done.stderr
