# SPDX-License-Identifier: GPL-2.0-only
"""What nat64ctl says and returns without the module: usage, files, importers.

Every error is one line on the standard error, word for word as written here.
"""

import os
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
CTL = Path(os.environ.get("NAT64CTL") or TOP / "ctl" / "nat64ctl")

BAD_USAGE, REFUSED, NO_MODULE = 1, 2, 3
LENGTHS = "32, 40, 48, 56, 64 or 96 (RFC 6052)"


def ctl(*words, text=None):
    return subprocess.run([CTL, *map(str, words)], input=text, capture_output=True, text=True,
                          timeout=60, errors="replace")


def check_error(done, status, error):
    assert (done.stderr, done.returncode, done.stdout) == (error + "\n", status, "")


WORDS = [
    ("bogus", '"bogus" is not a command (nat64ctl help lists them)'),
    ("", '"" is not a command (nat64ctl help lists them)'),
    ("s", '"s" is ambiguous: save, set, status, stats'),
    ("prefix", 'add, del or list is missing after "prefix"'),
    ("prefix drop", '"drop" is not add, del or list'),
    ("prefix add", 'a translation prefix is missing after "add"'),
    ("prefix add 2001:db8::", f'"2001:db8::" needs a length: {LENGTHS}'),
    ("prefix add 2001:db8::/33",
     f'"2001:db8::/33": the length of a translation prefix is {LENGTHS}'),
    ("prefix add 2001:db8::/128",
     f'"2001:db8::/128": the length of a translation prefix is {LENGTHS}'),
    ("prefix add ::/0", f'"::/0": the length of a translation prefix is {LENGTHS}'),
    ("prefix add 2001:db8::/129",
     '"2001:db8::/129": the length of an IPv6 prefix is a number from 0 to 128'),
    ("prefix add 2001:db8::1/96",
     '"2001:db8::1/96" has bits set beyond its length; the prefix is 2001:db8::/96'),
    ("prefix add 2001:db8:0:0:100::/96",
     '"2001:db8:0:0:100::/96": bits 64 to 71 must be zero (RFC 6052)'),
    *((f"prefix add {prefix}",
       f'"{prefix}" cannot be a translation prefix: it is never forwarded')
      for prefix in ("::/96", "::/32", "::ffff:0:0/96", "ff00::/32", "fe80::/64")),
    ("prefix add 2001:db8::/96 secondary", '"secondary" is not primary'),
    ("prefix add 2001:db8::/96 primary x", 'unexpected word "x"'),
    ("prefix add 192.0.2.0/24", '"192.0.2.0/24" is not an IPv6 address with a length'),
    ("prefix del 2001:db8::/96 primary", 'unexpected word "primary"'),
    ("prefix list all", 'unexpected word "all"'),
    ("add", 'an IPv4 address is missing after "add"'),
    ("add 192.0.2.1", 'an IPv6 address is missing after "192.0.2.1"'),
    ("add 2001:db8::1 192.0.2.1", '"2001:db8::1" is not an IPv4 address; '
     "the IPv4 address comes first where there are two"),
    ("add 192.0.2 2001:db8::1", '"192.0.2" is not an IPv4 address'),
    ("add 192.0.2.256 2001:db8::1", '"192.0.2.256" is not an IPv4 address'),
    ("add 192.0.2.01 2001:db8::1", '"192.0.2.01" is not an IPv4 address: a number in it begins with 0'),
    ("add 192.0.2.1/ 2001:db8::1",
     '"192.0.2.1/": the length of an IPv4 prefix is a number from 0 to 32'),
    ("add 192.0.2.1/33 2001:db8::1",
     '"192.0.2.1/33": the length of an IPv4 prefix is a number from 0 to 32'),
    ("add 192.0.2.1/-1 2001:db8::1",
     '"192.0.2.1/-1": the length of an IPv4 prefix is a number from 0 to 32'),
    ("add 192.0.2.1/032 2001:db8::1",
     '"192.0.2.1/032": the length of an IPv4 prefix is a number from 0 to 32'),
    ("add 192.0.2.1/4294967328 2001:db8::1",
     '"192.0.2.1/4294967328": the length of an IPv4 prefix is a number from 0 to 32'),
    ("add 192.0.2.1/24 2001:db8::/120",
     '"192.0.2.1/24" has bits set beyond its length; the prefix is 192.0.2.0/24'),
    ("add 192.0.2.1/31 2001:db8::/120",
     '"192.0.2.1/31" has bits set beyond its length; the prefix is 192.0.2.0/31'),
    ("add 192.0.2.1 2001:db8:::1", '"2001:db8:::1" is not an IPv6 address'),
    ("add 192.0.2.1 2001:db8::1%eth0", '"2001:db8::1%eth0" is not an IPv6 address: no zone belongs here'),
    ("add 192.0.2.1 2001:db8::1/127",
     '"2001:db8::1/127" has bits set beyond its length; the prefix is 2001:db8::/127'),
    ("add 192.0.2.0/24 2001:db8::/121",
     "192.0.2.0/24 leaves 8 bits, for which 2001:db8::/121 has only 7 (RFC 7757 section 3.2)"),
    ("add 0.0.0.0/0 2001:db8::/97",
     "0.0.0.0/0 leaves 32 bits, for which 2001:db8::/97 has only 31 (RFC 7757 section 3.2)"),
    ("add 192.0.2.1 2001:db8::1 via", '"via" is not prefix, edge or force'),
    ("add 192.0.2.1 2001:db8::1 prefix", 'a translation prefix is missing after "prefix"'),
    ("add 192.0.2.1 2001:db8::1 prefix ::1/128",
     f'"::1/128": the length of a translation prefix is {LENGTHS}'),
    ("add 192.0.2.1 2001:db8::1 prefix 64:ff9b::/96 prefix 64:ff9b::/96",
     "prefix is given twice"),
    ("add 192.0.2.1 2001:db8::1 force force", "force is given twice"),
    *((f"add {v4} 2001:db8::/64", f"{v4} cannot be mapped: it is not for unicast beyond a host")
      for v4 in ("127.0.0.0/8", "0.0.0.0/8", "224.0.0.1/32", "240.0.0.0/4", "255.255.255.255/32")),
    *((f"add 192.0.2.1 {v6}", f"{v6} cannot be mapped: it is not for unicast beyond a link")
      for v6 in ("::/128", "::1/128", "fe80::1/128", "ff02::1/128", "::ffff:1.2.3.4/128")),
    ("replace 192.0.2.1", 'an IPv6 address is missing after "192.0.2.1"'),
    ("del", 'an IPv4 or IPv6 address is missing after "del"'),
    ("del gateway", '"gateway" is not an IPv4 or IPv6 address'),
    ("del 192.0.2.1 2001:db8::1", 'unexpected word "2001:db8::1"'),
    ("list 192.0.2.1/24",
     '"192.0.2.1/24" has bits set beyond its length; the prefix is 192.0.2.0/24'),
    ("list 192.0.2.0/24 x", 'unexpected word "x"'),
    ("lookup", 'an IPv4 or IPv6 address is missing after "lookup"'),
    ("lookup 192.0.2.0/24", '"192.0.2.0/24" is a prefix; one address is wanted'),
    ("flush all", 'unexpected word "all"'),
    ("load", 'a file is missing after "load"'),
    ("load a b", 'unexpected word "b"'),
    ("save x", 'unexpected word "x"'),
    ("import", 'map646, jool or tayga is missing after "import"'),
    ("import clatd x", '"clatd" is not map646, jool or tayga'),
    ("import jool", 'a file is missing after "jool"'),
    ("set", 'a setting is missing after "set"'),
    ("set mtu 1500", '"mtu" is not a setting (nat64ctl help lists them)'),
    ("set icmp on", '"icmp" is ambiguous: icmp-source4, icmp-source6, icmp-errors'),
    ("set hairpin", 'a value is missing after "hairpin"'),
    ("set hairpin maybe", '"maybe" is not a value of hairpin: off or on'),
    ("set hairpin o", '"o" is ambiguous: off, on'),
    ("set hairpin on off", 'unexpected word "off"'),
    ("set udp-zero-checksum keep",
     '"keep" is not a value of udp-zero-checksum: compute or drop'),
    ("set forwarding fast", '"fast" is not a value of forwarding: filtered or direct'),
    ("set lowest-ipv6-mtu 1279",
     '"1279" is not a value of lowest-ipv6-mtu: a number from 1280 to 65535'),
    ("set lowest-ipv6-mtu 65536",
     '"65536" is not a value of lowest-ipv6-mtu: a number from 1280 to 65535'),
    ("set lowest-ipv6-mtu 4294968776",
     '"4294968776" is not a value of lowest-ipv6-mtu: a number from 1280 to 65535'),
    ("set tos 256", '"256" is not a value of tos: copy or a number from 0 to 255'),
    ("set tos 0x", '"0x" is not a value of tos: copy or a number from 0 to 255'),
    ("set tos 1k", '"1k" is not a value of tos: copy or a number from 0 to 255'),
    ("set traffic-class c", '"c" is not a value of traffic-class: copy or a number from 0 to 255'),
    ("set icmp-source4 0.0.0.0", '"0.0.0.0" cannot be a source; write none for none'),
    ("set icmp-source4 127.0.0.0/8", '"127.0.0.0/8" cannot be a source; write none for none'),
    ("set icmp-source6 fe80::/64", '"fe80::/64" cannot be a source; write none for none'),
    ("set icmp-source4 2001:db8::1", '"2001:db8::1" is not an IPv4 address; '
     "the IPv4 address comes first where there are two"),
    ("set icmp-source4 192.0.2.1/24",
     '"192.0.2.1/24" has bits set beyond its length; the prefix is 192.0.2.0/24'),
    ("set icmp-source6 ::", '"::" cannot be a source; write none for none'),
    ("set icmp-source6 192.0.2.1", '"192.0.2.1" is not an IPv6 address'),
    ("set mark x", '"x": mark is none or VALUE[/MASK]'),
    ("set mark 1/2/3", '"1/2/3": mark is none or VALUE[/MASK]'),
    ("set mark 0x100000000", '"0x100000000": mark is none or VALUE[/MASK]'),
    ("set mark 0/0", '"0/0" has no bit in its mask; write none to look at every packet'),
    ("set mark 0x3/0x1", '"0x3/0x1" has bits outside its mask, so that no packet matches'),
    ("get mtu", '"mtu" is not a setting (nat64ctl help lists them)'),
    ("get tos x", 'unexpected word "x"'),
    ("xdp", 'add, del or list is missing after "xdp"'),
    ("xdp attach eth0", '"attach" is not add, del or list'),
    ("xdp add", 'a device is missing after "add"'),
    ("xdp add eth0 native", '"native" is not generic'),
    ("xdp add eth0 generic x", 'unexpected word "x"'),
    ("xdp del", 'a device is missing after "del"'),
    ("xdp del eth0 generic", 'unexpected word "generic"'),
    ("xdp list eth0", 'unexpected word "eth0"'),
    *((f"xdp {verb} {name}", f'"{name}" cannot be the name of a device')
      for verb in ("add", "del") for name in (".", "..", "a/b", "eth0:1", "x" * 16)),
    ("status x", 'unexpected word "x"'),
    ("stats clear", '"clear" is not reset, openmetrics or prometheus'),
    ("explain 6 2001:db8::1 2001:db8::2 icmpv6 8", 'an ICMP code is missing after "8"'),
    ("stats r", '"r" must be written in full: reset'),
    ("stats rese", '"rese" must be written in full: reset'),
    ("f", '"f" must be written in full: flush'),
    ("flus", '"flus" must be written in full: flush'),
    ("add 0.0.0.0/0 2001:db8::/96",
     "this maps every IPv4 address, so the gateway's own traffic as well; "
     'write "force" behind it if that is meant'),
    ("stats reset now", 'unexpected word "now"'),
    ("monitor all", '"all" is not -t'),
    ("doctor all", '"all" is not --status'),
    ("top 0", '"0" is not a number of seconds; at least 0.1'),
    (" ".join(["help"] * 17), 'too many words, from "help" on'),
]


@pytest.mark.parametrize("words, error", [(w, e) for w, e in WORDS if e])
def test_bad_words(words, error):
    check_error(ctl(*words.split(" ")), BAD_USAGE, f"nat64ctl: {error}")


@pytest.mark.parametrize("words, error", [(w, e) for w, e in WORDS if e and w.split()])
def test_bad_words_in_a_batch(tmp_path, words, error):
    """The same words, with the place of the line, and nothing behind it is done."""
    if "too many words" in error:
        error = "too many words"
    file = tmp_path / "batch"
    file.write_text(f"# first\n\n {words} # comment\nhelp\n")
    done = ctl("-b", file)
    place, _, text = done.stderr.rstrip("\n").partition(": ")
    assert (text, done.returncode, done.stdout) == (error, BAD_USAGE, "")
    assert place.startswith(f"{file}:3:")


def test_no_words():
    done = ctl()
    assert done.returncode == BAD_USAGE
    assert done.stderr.startswith("Usage: nat64ctl ")
    assert done.stdout == ""


@pytest.mark.parametrize("option", ["-h", "--help", "help", "he"])
def test_help(option):
    done = ctl(option)
    assert (done.returncode, done.stderr) == (0, "")
    for word in ("prefix", "replace", "lookup", "import", "openmetrics", "monitor"):
        assert word in done.stdout


def test_version():
    header = (TOP / "kmod" / "version.h").read_text()
    version = header.split('NAT64_VERSION "')[1].split('"')[0]
    assert ctl("-V").stdout == f"nat64ctl {version}\n"


def test_bad_option():
    done = ctl("-x")
    assert done.returncode == BAD_USAGE
    assert done.stderr == "nat64ctl: unknown option -x; try nat64ctl -h\n"
    check_error(ctl("-n"), BAD_USAGE, "nat64ctl: a name is missing after -n; try nat64ctl -h")


def test_terminal_escapes_are_not_passed_on():
    check_error(ctl("\x1b[31mred\x7f"), BAD_USAGE,
                r'nat64ctl: "\x1b[31mred\x7f" is not a command (nat64ctl help lists them)')


def test_long_words_are_cut():
    check_error(ctl("x" * 5000), BAD_USAGE,
                f'nat64ctl: "{"x" * 64}..." is not a command (nat64ctl help lists them)')


NO_MODULE_TEXT = "the nat64 module is not loaded; load it with: modprobe nat64"


@pytest.mark.skipif(os.path.exists("/sys/module/nat64"), reason="the module is loaded")
@pytest.mark.parametrize("words", [
    "prefix add 64:ff9b::/96", "prefix add 64:ff9b::/96 pri", "pre d 64:ff9b::/96", "prefix list",
    "p l", "add 192.0.2.1 2001:db8::1", "a 192.0.2.0/24 2001:db8::/64 p 64:ff9b::/96 f",
    "replace 192.0.2.1 2001:db8::1", "del 192.0.2.1", "del 2001:db8::/64", "list",
    "list 0.0.0.0/0", "list ::/0", "look 192.0.2.1", "lookup ::ffff:192.0.2.1", "flush", "load -",
    "diff -", "save", "set hairpin off", "set hair of", "set tos copy", "set tos 0xff",
    "set icmp-source4 none", "set icmp-source4 192.0.2.0/24", "set icmp-source6 2001:db8::/64",
    "set mark none", "set mark 0x10/0xff", "set mark 4294967295", "get", "get tos", "status",
    "stats", "stats reset", "add 0.0.0.0/0 2001:db8::/96 force", "explain 6 2001:db8::1 2001:db8::2 icmpv6",
    "-f add 0.0.0.0/0 2001:db8::/96", "monitor",
    "xdp add eth0", "x a eth0 g", "xdp del eth0", "xdp list"])
def test_without_module(words):
    check_error(ctl(*words.split(), text=""), NO_MODULE, f"nat64ctl: {NO_MODULE_TEXT}")


def test_network_namespace():
    check_error(ctl("-n", "no-such", "list"), BAD_USAGE,
                'nat64ctl: cannot open network namespace "no-such": No such file or directory')
    check_error(ctl("-n", "/dev/null", "list"), REFUSED,
                'nat64ctl: cannot enter network namespace "/dev/null": Invalid argument')


def test_batch_excludes_a_command():
    check_error(ctl("-b", "-", "list", text=""), BAD_USAGE,
                'nat64ctl: "list" and -b exclude each other')


def test_batch_goes_on_with_force():
    done = ctl("-f", "-b", "-", text="bogus\ncheck /dev/null\nset tos 300\n")
    assert done.returncode == BAD_USAGE
    assert done.stdout == "0 settings, 0 prefixes, 0 mappings\n"
    assert done.stderr.splitlines() == [
        '<stdin>:1:1: "bogus" is not a command (nat64ctl help lists them)',
        "/dev/null: warning: no line adds a translation prefix: nothing is translated",
        '<stdin>:3:9: "300" is not a value of tos: copy or a number from 0 to 255']


def test_batch_stops():
    done = ctl("-b", "-", text="bogus\ncheck /dev/null\n")
    assert (done.returncode, done.stdout) == (BAD_USAGE, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_full_disk():
    with open("/dev/full", "w") as full:
        done = subprocess.run([CTL, "help"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (
        BAD_USAGE, "nat64ctl: cannot write: No space left on device\n")
