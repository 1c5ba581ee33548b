# SPDX-License-Identifier: GPL-2.0-only
"""Configurations made from those of map646, Jool and TAYGA."""

import json

import pytest
from test_words import BAD_USAGE, check_error, ctl


def convert(kind, file):
    done = ctl("import", kind, file)
    if done.returncode == 0:
        again = ctl("check", "-", text=done.stdout)
        assert again.returncode == 0, again.stderr
    return done


MAP646 = """\
# map646
mapping-prefix 2001:200:d00:100::

map-static 203.178.0.20 2001:200:1::20
include {inner}
map66-static 2001:200:d00:200::1 2001:200:1::66
map-static 203.178.0.10 2001:200:1::99
"""
INNER = """\
map-static 203.178.0.10 2001:200:1::10
map-static 203.178.0.30 2001:200:1::20
"""


def test_map646(tmp_path):
    file, inner = tmp_path / "map646.conf", tmp_path / "more.conf"
    file.write_text(MAP646.format(inner=inner))
    inner.write_text(INNER)
    done = convert("map646", file)
    assert done.returncode == 0
    assert done.stdout == """\
prefix add 2001:200:d00:100::/96 primary
add 203.178.0.10 2001:200:1::10
add 203.178.0.20 2001:200:1::20
"""
    assert sorted(done.stderr.splitlines()) == sorted([
        f"{file}:6:1: map66-static is not supported: left out",
        f"{file}:7:12: 203.178.0.10/32 is already mapped to 2001:200:1::10/128 "
        f"in line 1 of {inner}: left out",
        f"{inner}:2:25: 2001:200:1::20/128 is already mapped to 203.178.0.20/32 "
        f"in line 4 of {file}: left out"])


@pytest.mark.parametrize("text, place, error", [
    ("mapping-prefix", "1:15", 'an IPv6 address is missing after "mapping-prefix"'),
    ("mapping-prefix 64::/64", "1:16", '"64::/64" has a length; map646 takes an address'),
    ("mapping-prefix 64::1", "1:16", 'the last 32 bits of "64::1" must be zero'),
    ("mapping-prefix 64:0:0:0:100::", "1:16",
     '"64:0:0:0:100::": bits 64 to 71 must be zero (RFC 6052)'),
    ("mapping-prefix ff02::", "1:16",
     '"ff02::" cannot be a translation prefix: it is never forwarded'),
    ("map-static 192.0.2.1", "1:21", 'an IPv6 address is missing after "192.0.2.1"'),
    ("map-static 192.0.2.1 2001:db8::1 force", "1:34", 'unexpected word "force"'),
    ("\nmap-dynamic x", "2:1", '"map-dynamic" is not a statement of map646'),
])
def test_bad_map646(tmp_path, text, place, error):
    file = tmp_path / "map646.conf"
    file.write_text(text)
    check_error(ctl("import", "map646", file), BAD_USAGE, f"{file}:{place}: {error}")


def test_map646_that_includes_a_name_for_a_terminal(tmp_path):
    file = tmp_path / "map646.conf"
    file.write_text("include \x1b[31mred\n")
    check_error(ctl("import", "map646", file), BAD_USAGE,
                r"\x1b[31mred: No such file or directory")


def test_map646_that_includes_itself(tmp_path):
    file = tmp_path / "loop.conf"
    file.write_text(f"include {file}\n")
    check_error(ctl("import", "map646", file), BAD_USAGE,
                f"{file}:1:9: more than 10 files include one another")


JOOL = {
    "comment": "an SIIT instance",
    "instance": "alpha",
    "framework": "netfilter",
    "global": {
        "comment": {"who": "cares"},
        "pool6": "64:ff9b::/96",
        "manually-enabled": True,
        "lowest-ipv6-mtu": 1500,
        "zeroize-traffic-class": True,
        "override-tos": True,
        "tos": 64,
        "amend-udp-checksum-zero": True,
        "eam-hairpin-mode": "none",
        "mtu-plateaus": [1500, 1280],
        "rfc6791v4-prefix": "198.51.100.0/24",
        "rfc6791v6-prefix": None,
    },
    "eamt": [
        {"ipv6 prefix": "2001:db8:3::/124", "ipv4 prefix": "192.0.2.16/28", "comment": 1},
        {"ipv6 prefix": "2001:db8:1::1", "ipv4 prefix": "192.0.2.1"},
        {"ipv6 prefix": "2001:db8:4::", "ipv4 prefix": "192.0.2.17/32"},
    ],
    "denylist4": ["198.51.100.0", "198.51.100.32/27"],
}


SIDE = ("each mapping is taken to be of an IPv6 host; one of an IPv4 host (edge relay, CLAT) "
        "needs the word edge")
BOTH = ("so some of the mappings are of IPv4 hosts and some of IPv6 hosts: say which are of IPv4 "
        "hosts, with edge IPV4/LEN behind the file")
NATIVE = ("is left out; if it lies in a mapping, a more specific route to it on the gateway does "
          "the same (RFC 7915 section 4.6)")


def test_jool(tmp_path):
    file = tmp_path / "jool.conf"
    file.write_text(json.dumps(JOOL))
    done = convert("jool", file)
    assert done.returncode == 0
    assert done.stdout == """\
set lowest-ipv6-mtu 1500
set tos 64
set traffic-class 0
set icmp-source4 198.51.100.0/24
set hairpin off
prefix add 64:ff9b::/96 primary
add 192.0.2.1 2001:db8:1::1
add 192.0.2.16/28 2001:db8:3::/124
add 192.0.2.17 2001:db8:4:: force
"""
    assert done.stderr.splitlines() == [
        f"{file}: mtu-plateaus: has no counterpart: left out",
        f'{file}: denylist4: "198.51.100.0" {NATIVE}',
        f'{file}: denylist4: "198.51.100.32/27" {NATIVE}',
        f"{file}: {SIDE}"]


def test_json(tmp_path):
    file = tmp_path / "jool.conf"
    file.write_text(json.dumps(JOOL))
    printed = json.loads(ctl("-j", "import", "jool", file).stdout)
    assert printed["schema"] == 1
    assert printed["settings"] == {
        "udp-zero-checksum": "compute", "lowest-ipv6-mtu": 1500, "tos": 64, "traffic-class": 0,
        "icmp-source4": "198.51.100.0/24", "hairpin": False}
    assert printed["prefixes"] == [{"prefix": "64:ff9b::/96", "primary": True}]
    assert [m["ipv4"] for m in printed["mappings"]] == ["192.0.2.1/32", "192.0.2.16/28",
                                                        "192.0.2.17/32"]


def other_case(value):
    """The same with keys in other cases; Jool reads them, too."""
    if isinstance(value, list):
        return [other_case(part) for part in value]
    if not isinstance(value, dict):
        return value
    return {(key.upper() if len(key) % 2 else key.title()): other_case(part)
            for key, part in value.items()}


def test_jool_in_other_case(tmp_path):
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_text(json.dumps(JOOL))
    large.write_text(json.dumps(other_case(JOOL)))
    assert '"IPV4 PREFIX"' in large.read_text() and '"Eamt"' in large.read_text()
    done = convert("jool", large)
    assert (done.returncode, done.stdout) == (0, convert("jool", small).stdout)


def test_jool_that_is_off(tmp_path):
    file = tmp_path / "jool.conf"
    file.write_text(json.dumps({**JOOL, "global": {"manually-enabled": False}}))
    check_error(ctl("import", "jool", file), BAD_USAGE,
                f"{file}: manually-enabled: this translator is off, but nat64 translates whatever "
                "is configured: delete this line if that is wanted")


def test_jool_with_mappings_of_both_sides(tmp_path):
    """As in Jool's introduction to explicit address mappings."""
    file = tmp_path / "jool.conf"
    file.write_text("""{
        "instance": "example", "framework": "netfilter",
        "eamt": [{"ipv6 prefix": "2001:db8:6::/120", "ipv4 prefix": "198.51.100.0/24"},
                 {"ipv6 prefix": "2001:db8:4::/120", "ipv4 prefix": "192.0.2.0/24"}]}""")
    check_error(ctl("import", "jool", file), BAD_USAGE, f'{file}: there is no "pool6", {BOTH}')


def test_jool_defaults(tmp_path):
    """Where Jool's default is not ours, its default is written."""
    file = tmp_path / "jool.conf"
    file.write_text('{"instance": "a", "framework": "netfilter"}')
    done = convert("jool", file)
    assert (done.stdout, done.stderr) == ("set udp-zero-checksum drop\n", "")


def test_jool_for_iptables(tmp_path):
    """It translates what rules send to it."""
    file = tmp_path / "jool.conf"
    file.write_text('{"instance": "a", "framework": "iptables"}')
    done = convert("jool", file)
    assert (done.stdout, done.returncode) == ("set udp-zero-checksum drop\n", 0)
    assert done.stderr == (f"{file}: framework: iptables is left out: nat64 takes every packet of "
                           "its mappings and prefixes, unless the setting mark chooses\n")


@pytest.mark.parametrize("text, error", [
    ("{", ":1:1: string or '}' expected near end of file"),
    ("[]", ": this is not a configuration of Jool's"),
    ('{"pool4": []}', ": pool4: belongs to a stateful NAT64, which nat64 is not"),
    ('{"pool5": []}', ": pool5: is not a key of Jool's"),
    (r'{"\u001b[31m\n": 1}', r": \x1b[31m\x0a: is not a key of Jool's"),
    ('{"global": []}', ": global: must be an object"),
    ('{"global": {"pool6": 6}}', ": pool6: must be a prefix or null"),
    ('{"global": {"pool6": "64:ff9b::/97"}}',
     ': pool6: "64:ff9b::/97": the length of a translation prefix is '
     "32, 40, 48, 56, 64 or 96 (RFC 6052)"),
    ('{"global": {"override-tos": 1}}', ": override-tos: must be true or false"),
    ('{"global": {"override-tos": true, "tos": 300}}',
     ': tos: "300" is not a value of tos: copy or a number from 0 to 255'),
    ('{"eamt": {}}', ": eamt: must be an array"),
    ('{"eamt": [{"ipv4 prefix": "192.0.2.1"}]}',
     ': eamt entry 1: must have an "ipv4 prefix" and an "ipv6 prefix"'),
    ('{"eamt": [{"ipv4 prefix": "192.0.2.1", "ipv6 prefix": "::g"}]}',
     ': eamt entry 1: "::g" is not an IPv6 address'),
    ('{"eamt": [{"ipv4 prefix": "192.0.2.1", "ipv6 prefix": "2001:db8::1"},'
     ' {"ipv4 prefix": "192.0.2.1", "ipv6 prefix": "2001:db8::2"}]}',
     ": eamt entry 2: 192.0.2.1/32 is already mapped to 2001:db8::1/128 in entry 1"),
])
def test_bad_jool(tmp_path, text, error):
    file = tmp_path / "jool.conf"
    file.write_text(text)
    check_error(ctl("import", "jool", file), BAD_USAGE, f"{file}{error}")


TAYGA = """\
tun-device nat64
  ipv4-addr 192.168.255.1
IPv6-Addr 2001:db8:1::1
\tprefix\t2001:db8:1:ffff::/96
dynamic-pool 192.168.255.0/24
wkpf-strict False
Udp-Cksum-Mode calc
offlink-mtu 1400
log drop reject
workers 4
tun-up yes
tun-ip 192.0.2.7/24
tun-route 192.0.2.0/24
strict-frag-hdr on
map-file more.map
data-dir {directory}
#map 192.0.2.1 2001:db8::1
MAP 203.0.113.10 2001:db8:1:4444::1 # a server
map\t203.0.113.64/29 2001:db8:1:5555::40/125
"""


def test_tayga(tmp_path):
    file, more = tmp_path / "tayga.conf", tmp_path / "more.map"
    file.write_text(TAYGA.format(directory=tmp_path))
    more.write_text("# more\nmap 203.0.113.12 2001:db8:1:4444::3\n")
    done = convert("tayga", file)
    assert done.returncode == 0
    assert done.stdout == """\
set lowest-ipv6-mtu 1400
set icmp-source4 192.168.255.1
set wkp-strict off
prefix add 2001:db8:1:ffff::/96 primary
add 203.0.113.10 2001:db8:1:4444::1
add 203.0.113.12 2001:db8:1:4444::3
add 203.0.113.64/29 2001:db8:1:5555::40/125
"""
    device = "is left out: there is no TUN device"
    assert done.stderr.splitlines() == [
        f"{file}:3:1: ipv6-addr is left out: ICMPv6 errors come from the gateway's own address",
        f"{file}:5:1: dynamic-pool is left out: addresses are not assigned; each host that had one "
        "of these needs a mapping (dynamic.map in the data-dir lists them)",
        f"{file}:9:1: log is left out: nat64ctl stats, nat64ctl explain and tracepoints say what "
        "is refused",
        f"{file}:12:1: tun-ip {device}", f"{file}:13:1: tun-route {device}",
        f"{file}:14:1: strict-frag-hdr is left out: nothing depends on it", f"{file}: {SIDE}"]


def test_tayga_defaults(tmp_path):
    file = tmp_path / "tayga.conf"
    file.write_text("tun-device nat64\nipv4-addr 192.0.2.1\nprefix 64:ff9b::/96\n")
    done = convert("tayga", file)
    assert (done.stdout, done.stderr) == ("set udp-zero-checksum drop\n"
                                          "set icmp-source4 192.0.2.1\n"
                                          "prefix add 64:ff9b::/96 primary\n", "")


def test_tayga_that_forwards_datagrams_without_a_checksum(tmp_path):
    file = tmp_path / "tayga.conf"
    file.write_text("prefix 64:ff9b::/96\nudp-cksum-mode fwd\n")
    done = convert("tayga", file)
    assert (done.stdout, done.stderr) == (
        "prefix add 64:ff9b::/96 primary\n",
        f"{file}:2:16: UDP without a checksum is not forwarded: checksums are computed\n")


NO_CLATD = ('this is a configuration of clatd: a CLAT is "prefix add PLAT-PREFIX" and '
            '"add CLAT-V4-ADDR CLAT-V6-ADDR edge" here')


@pytest.mark.parametrize("text, error", [
    ("prefix 64:ff9b::/97", ':1:8: "64:ff9b::/97": the length of a translation prefix is '
                            "32, 40, 48, 56, 64 or 96 (RFC 6052)"),
    ("prefix 64:ff9b::/96 x", ':1:21: unexpected word "x"'),
    ("map 192.0.2.1", ':1:14: an IPv6 address is missing after "192.0.2.1"'),
    ("map 192.0.2.1 2001:db8::1\nprefix 64:ff9b::/96\nmap 192.0.2.1 2001:db8::2",
     ":3:5: 192.0.2.1/32 is already mapped to 2001:db8::1/128 in line 1"),
    ("map 192.0.2.0/24 2001:db8::/121",
     ":1:18: 192.0.2.0/24 leaves 8 bits, for which 2001:db8::/121 has only 7 "
     "(RFC 7757 section 3.2)"),
    ("offlink-mtu 900", ':1:13: "900" is not a value of lowest-ipv6-mtu: a number from 1280 to '
                        "65535"),
    ("wkpf-strict perhaps", ':1:13: "perhaps" is not yes or no'),
    ("udp-cksum-mode keep", ':1:16: "keep" is not drop, calc or fwd'),
    ("bogus 1", ':1:1: "bogus" is not a directive of TAYGA'),
    ("map 192.0.2.1 2001:db8:1::1\nmap 198.51.100.0/24 2001:db8:2::/120",
     f": there is no prefix, {BOTH}"),
    ("# clatd\nclat-dev=clat", f":2:1: {NO_CLATD}"),
    ("clat-v4-addr 192.0.0.1", f":1:1: {NO_CLATD}"),
])
def test_bad_tayga(tmp_path, text, error):
    file = tmp_path / "tayga.conf"
    file.write_text(text)
    check_error(ctl("import", "tayga", file), BAD_USAGE, f"{file}{error}")


def test_bad_map_file_of_tayga(tmp_path):
    file, more = tmp_path / "tayga.conf", tmp_path / "more.map"
    file.write_text(f"prefix 64:ff9b::/96\nmap 192.0.2.1 2001:db8::1\nmap-file {more}\n")
    more.write_text("prefix 64:ff9b:1::/96\n")
    check_error(ctl("import", "tayga", file), BAD_USAGE, f'{more}:1:1: "prefix" is not map')
    more.write_text("map 192.0.2.2 2001:db8::2\nmap 192.0.2.1 2001:db8::3\n")
    check_error(ctl("import", "tayga", file), BAD_USAGE,
                f"{more}:2:5: 192.0.2.1/32 is already mapped to 2001:db8::1/128 in line 2 of "
                f"{file}")
    more.unlink()
    check_error(ctl("import", "tayga", file), BAD_USAGE, f"{more}: No such file or directory")


# Mappings of IPv4 hosts.

def jool(*entries, pool6=None):
    return json.dumps({"global": {"pool6": pool6} if pool6 else {}, "eamt": [
        {"ipv4 prefix": four, "ipv6 prefix": six} for four, six in entries]})


TUTORIAL = jool(("198.51.100.0/24", "2001:db8:4::/120"), ("192.0.2.0/24", "2001:db8:6::/120"))


@pytest.mark.parametrize("kind, text, words, lines", [
    ("jool", TUTORIAL, ["edge", "192.0.2.0/24"],
     ["add 192.0.2.0/24 2001:db8:6::/120 edge", "add 198.51.100.0/24 2001:db8:4::/120"]),
    ("jool", TUTORIAL, ["edge", "198.51.100.0/24"],
     ["add 192.0.2.0/24 2001:db8:6::/120", "add 198.51.100.0/24 2001:db8:4::/120 edge"]),
    ("jool", jool(("192.0.0.1", "2001:db8::1"), pool6="64:ff9b::/96"), [],
     ["prefix add 64:ff9b::/96 primary", "add 192.0.0.1 2001:db8::1 edge"]),
    ("jool", jool(("203.0.113.1", "2001:db8::1"), ("203.0.113.2", "2001:db8::2"),
                  ("198.51.100.1", "2001:db8::3"), pool6="64:ff9b::/96"),
     ["edge", "203.0.113.0/31", "edge", "203.0.113.2"],
     ["prefix add 64:ff9b::/96 primary", "add 198.51.100.1 2001:db8::3", "add 203.0.113.1 2001:db8::1 edge",
      "add 203.0.113.2 2001:db8::2 edge"]),
    # As clatd writes it.
    ("tayga", "tun-device clat\nprefix 64:ff9b::/96\nipv4-addr 192.0.0.2\nmap 192.0.0.1 2001:db8::c1a7\n", [],
     ["set icmp-source4 192.0.0.2", "prefix add 64:ff9b::/96 primary", "add 192.0.0.1 2001:db8::c1a7 edge"]),
    ("tayga", "prefix 64:ff9b::/96\nmap 10.0.0.0/24 2001:db8::/120\ntun-route 0.0.0.0/0\n", [],
     ["prefix add 64:ff9b::/96 primary", "add 10.0.0.0/24 2001:db8::/120 edge"]),
    ("tayga", "map 198.51.100.0/24 2001:db8:4::/120\nmap 192.0.2.1 2001:db8:6::1\n", ["edge", "192.0.2.1"],
     ["add 192.0.2.1 2001:db8:6::1 edge", "add 198.51.100.0/24 2001:db8:4::/120"]),
])
def test_mappings_of_ipv4_hosts(tmp_path, kind, text, words, lines):
    file = tmp_path / "conf"
    file.write_text(text)
    done = ctl("import", kind, file, *words)
    assert (done.returncode, [line for line in done.stdout.splitlines()
                              if not line.startswith("set udp-zero")]) == (0, lines)
    assert SIDE not in done.stderr
    (tmp_path / "made").write_text(done.stdout)
    checked = ctl("check", tmp_path / "made")
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize("words, error", [
    (["edge", "10.0.0.0/8"], "nat64ctl: edge 10.0.0.0/8: no mapping lies inside"),
    (["edge"], 'nat64ctl: an IPv4 address is missing after "edge"'),
    (["edge", "0.0.0.0/0"], f'FILE: there is no "pool6", {BOTH}'),
    (["border", "10.0.0.0/8"], 'nat64ctl: "border" is not edge'),
])
def test_bad_sides(tmp_path, words, error):
    file = tmp_path / "jool.conf"
    file.write_text(TUTORIAL)
    check_error(ctl("import", "jool", file, *words), BAD_USAGE, error.replace("FILE", str(file)))
