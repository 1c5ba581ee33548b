# SPDX-License-Identifier: GPL-2.0
"""Configurations made from those of map646 and Jool."""

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
    ("map-static 192.0.2.1 2001:db8::1 force", "1:34", '"force" is one word too many'),
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
        f"{file}: manually-enabled: has no counterpart: left out",
        f"{file}: mtu-plateaus: has no counterpart: left out",
        f'{file}: denylist4: "198.51.100.0" has no counterpart: left out',
        f'{file}: denylist4: "198.51.100.32/27" has no counterpart: left out']


def test_jool_defaults(tmp_path):
    """Where Jool's default is not ours, its default is written."""
    file = tmp_path / "jool.conf"
    file.write_text('{"instance": "a", "framework": "iptables"}')
    done = convert("jool", file)
    assert (done.stdout, done.stderr) == ("set udp-zero-checksum drop\n", "")


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
