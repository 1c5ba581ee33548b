# SPDX-License-Identifier: GPL-2.0-only
"""What has to be the same on every kind of machine, and with a tool of 32 bits."""

import json

# Settings with numbers, and of prefixes and mappings each kind that the digest tells apart.
TABLE = """\
set lowest-ipv6-mtu 1400
set icmp-source4 192.0.2.0/24
set mark 0x1020304/0xf0f0f0f
prefix add 64:ff9b::/96
prefix add 2001:db8:64::/64 primary
add 198.51.100.0/24 2001:db8:2::/56 prefix 64:ff9b::/96
add 203.0.113.0/24 2001:db8:3::/64
add 203.0.113.10 2001:db8:1::10 force
add 203.0.113.11 64:ff9b::cb00:710b force
"""
# As nat64_config_digest() describes it, worked out by another program.
DIGEST = "c37594481ab5fc60"


def test_digest(gateway):
    """A gateway is held against others of its cluster, which may be other machines."""
    gateway.ctl("-f", "load", "-", input=TABLE)
    assert gateway.show("save") == TABLE
    assert json.loads(gateway.show("-j", "status"))["digest"] == DIGEST


def test_digest_whatever_the_order(gateway):
    gateway.ctl("-f", "load", "-", input="\n".join(reversed(TABLE.splitlines())) + "\n")
    assert json.loads(gateway.show("-j", "status"))["digest"] == DIGEST
