# SPDX-License-Identifier: GPL-2.0-only
"""Blocks of hosts whose IPv6 addresses are translatable ones: RFC 6052 3.3.

Each has the IPv6 address that the prefix makes of its IPv4 address, for all six
lengths; bits 64 to 71 may lie in the middle of what the addresses differ in.
"""

import pytest
from addresses import SERVER4
from model_addr import embed
from packet import ANY, ip4, ip6, udp

pytestmark = pytest.mark.usefixtures("real")

PART = udp(1, 2, b"hello")
BLOCK, INSIDE, OUTSIDE = "192.0.0.0/22", ("192.0.0.0", "192.0.1.2", "192.0.3.255"), "192.0.4.0"
# Of each length, with how many mappings say it.
PREFIXES = {"3fff:32::/32": 1, "3fff:40:100::/40": 4, "3fff:48:1::/48": 1, "3fff:56:1:100::/56": 1,
            "3fff:64:1:1::/64": 1, "3fff:96:1:1::/96": 1}


def of(prefix, four):
    return embed(prefix, four).packed


@pytest.fixture(params=PREFIXES)
def prefix(request, real):
    real.gateway.ctl("load", "-", input=f"add {BLOCK} translatable\nprefix add {request.param}\n")
    return request.param


def test_a_block(real, prefix):
    assert len(real.gateway.show("list").splitlines()) == PREFIXES[prefix]
    for four in INSIDE:
        real.wire.expect(ip4(SERVER4, four, PART), ip6(of(prefix, SERVER4), of(prefix, four), PART, hlim=63))
        real.wire.expect(ip6(of(prefix, four), of(prefix, SERVER4), PART), ip4(four, SERVER4, PART, ttl=63, id=ANY))


def test_only_what_is_named(real, prefix):
    """RFC 6052 5.1: no other host of the prefix passes for an IPv4 host."""
    real.gateway.ctl("set", "icmp-errors", "off")
    real.wire.expect_silence(ip6(of(prefix, OUTSIDE), of(prefix, SERVER4), PART))
    assert "source_unmapped" in real.gateway.show("explain", "6", embed(prefix, OUTSIDE), embed(prefix, SERVER4))
    real.wire.expect(ip4(SERVER4, OUTSIDE, PART), ip4(SERVER4, OUTSIDE, PART, ttl=63))


def test_hosts_of_a_block_are_reached_natively(real, prefix):
    """RFC 7915 5.6: by the route to them, which is more specific than the prefix."""
    src, dst = of(prefix, INSIDE[1]), of(prefix, INSIDE[2])
    with real.gateway.routes(f"route {embed(prefix, INSIDE[2])}/128 via 2001:db8:1::fe"):
        real.wire.expect(ip6(src, dst, PART), ip6(src, dst, PART, hlim=63))


def test_a_saved_block_is_loaded_again(real, prefix):
    before = real.gateway.show("save"), real.gateway.show("status")
    real.gateway.ctl("flush")
    real.gateway.ctl("load", "-", input=before[0])
    assert real.gateway.show("save") == before[0]
    assert [line for line in real.gateway.show("status").splitlines() if "digest" in line] == [
        line for line in before[1].splitlines() if "digest" in line]


@pytest.mark.configuration("prefix add 3fff:40:100::/40", "prefix add 3fff:64:1:1::/64")
def test_blocks_one_by_one(real, ctl):
    ctl("add 192.0.2.0/24 translatable")
    ctl("add 198.18.0.0/15 translatable prefix 3fff:64:1:1::/64")
    ctl("add 203.0.112.0/23 translatable")
    assert ctl("list") == ("192.0.2.0/24 3fff:40:1c0:2::/72\n"
                           "198.18.0.0/15 3fff:64:1:1:c6:1200::/87 prefix 3fff:64:1:1::/64\n"
                           "203.0.112.0/24 3fff:40:1cb:70::/72\n203.0.113.0/24 3fff:40:1cb:71::/72\n")


@pytest.mark.configuration("prefix add 3fff:40:100::/40")
def test_a_block_that_is_split_too_often(refused):
    refused("add 0.0.0.0/0 translatable force", "bits 64 to 71 split this block into more than 65536; map less")


@pytest.mark.configuration("add 192.0.2.1 2001:db8:1::1")
def test_a_block_without_a_prefix(refused):
    refused("add 203.0.113.0/24 translatable",
            "there is no translation prefix that these addresses could be translatable in")
