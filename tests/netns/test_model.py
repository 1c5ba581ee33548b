# SPDX-License-Identifier: GPL-2.0-only
"""The model against the examples that the RFCs themselves give."""

from ipaddress import IPv4Address as A4
from ipaddress import IPv6Address as A6
from ipaddress import IPv6Network as N6

import packet as p
import pytest
from addresses import HOST4, HOST6, PREFIX, SERVER6
from model import Model
from model_addr import embed, extract, translatable

# RFC 6052 2.4, tables 1 and 2.
TABLE_6052 = [
    ("2001:db8::/32", "2001:db8:c000:221::"),
    ("2001:db8:100::/40", "2001:db8:1c0:2:21::"),
    ("2001:db8:122::/48", "2001:db8:122:c000:2:2100::"),
    ("2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"),
    ("2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"),
    ("2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33"),
    ("64:ff9b::/96", "64:ff9b::192.0.2.33"),
]


@pytest.mark.parametrize("prefix, six", TABLE_6052)
def test_rfc_6052_examples(prefix, six):
    assert embed(prefix, "192.0.2.33") == A6(six)
    assert extract(N6(prefix), A6(six)) == A4("192.0.2.33")


# RFC 7757, figures 1 and 7.
EAMT = """
prefix add 64:ff9b::/96
add 192.0.2.1 2001:db8:aaaa::
add 192.0.2.2/32 2001:db8:bbbb::b/128
add 192.0.2.16/28 2001:db8:cccc::/124
add 192.0.2.128/26 2001:db8:dddd::/64
add 192.0.2.192/29 2001:db8:eeee:8::/62
add 192.0.2.224/31 64:ff9b::/127
set wkp-strict off
"""
FIGURE_7 = [
    ("192.0.2.1", "2001:db8:aaaa::"), ("192.0.2.2", "2001:db8:bbbb::b"),
    ("192.0.2.16", "2001:db8:cccc::"), ("192.0.2.24", "2001:db8:cccc::8"),
    ("192.0.2.31", "2001:db8:cccc::f"), ("192.0.2.128", "2001:db8:dddd::"),
    ("192.0.2.152", "2001:db8:dddd:0:6000::"), ("192.0.2.183", "2001:db8:dddd:0:dc00::"),
    ("192.0.2.191", "2001:db8:dddd:0:fc00::"), ("192.0.2.195", "2001:db8:eeee:9:8000::"),
    ("192.0.2.225", "64:ff9b::1"), ("192.0.2.248", "64:ff9b::c000:2f8"),
]


@pytest.mark.parametrize("four, six", FIGURE_7)
def test_rfc_7757_examples(four, six):
    model = Model(EAMT)
    by4, by6 = model.mapping4(A4(four)), model.mapping6(A6(six))
    assert (by4.to6(A4(four)) if by4 else embed("64:ff9b::/96", four)) == A6(six)
    assert (by6.to4(A6(six)) if by6 else extract(N6("64:ff9b::/96"), A6(six))) == A4(four)


def test_rfc_7757_longest_prefix_of_each_column():
    model = Model("add 0.0.0.0/0 2001:db8:ff00::/40\nadd 198.51.100.64/32 2001:db8::abcd/128")
    assert model.mapping6(A6("2001:db8:ffc6:3364:4000::")).to4(
        A6("2001:db8:ffc6:3364:4000::")) == A4("198.51.100.64")
    assert model.mapping4(A4("198.51.100.64")).to6(A4("198.51.100.64")) == A6("2001:db8::abcd")


def only(outcome):
    assert outcome.verdict == "translated" and len(outcome.packets) == 1, outcome
    return outcome.packets[0]


HAIRPIN = EAMT + "set icmp-source4 198.51.100.1\n"
AAAA, BBBB = "2001:db8:aaaa::", "2001:db8:bbbb::b"
FIRST, SECOND = "64:ff9b::192.0.2.1", "64:ff9b::192.0.2.2"


@pytest.mark.parametrize("src, dst, new_src, new_dst", [
    (AAAA, SECOND, FIRST, BBBB), (BBBB, FIRST, SECOND, AAAA)], ids=["figure 8", "figure 11"])
def test_rfc_7757_hairpinned_packets(src, dst, new_src, new_dst):
    got = only(Model(HAIRPIN).of(p.ip6(src, dst, p.udp(1, 2, b"x"))))
    assert got == p.ip6(new_src, new_dst, p.udp(1, 2, b"x"), hlim=63)


@pytest.mark.parametrize("outer, new_outer", [
    ("2001:db8::1234", "64:ff9b::198.51.100.1"), (BBBB, SECOND)], ids=["figure 9", "figure 10"])
def test_rfc_7757_hairpinned_errors(outer, new_outer):
    bounced = p.ip6(FIRST, BBBB, p.udp(1, 2, b"x"), hlim=63)
    got = only(Model(HAIRPIN).of(p.ip6(outer, FIRST, p.icmp6(1, 4, 0, bounced))))
    original = p.ip6(AAAA, SECOND, p.udp(1, 2, b"x"), hlim=63)
    assert got == p.ip6(new_outer, AAAA, p.icmp6(1, 4, 0, original), hlim=63)


# RFC 7915 appendix A, its IPv4-translatable addresses as a mapping.
APPENDIX_A = "prefix add 2001:db8:100::/40\nadd 192.0.2.0/24 2001:db8:1c0:2::/72"


def test_rfc_7915_appendix_a():
    model = Model(APPENDIX_A)
    h6, h4 = "2001:db8:1c0:2:21::", "2001:db8:1c6:3364:2::"
    got = only(model.of(p.ip6(h6, h4, p.tcp(1, 2, b"x"), hlim=9)))
    want = p.ip4("192.0.2.33", "198.51.100.2", p.tcp(1, 2, b"x"), ttl=8, id=p.ANY)
    assert got.closed(got) == want.closed(got)
    got = only(model.of(p.ip4("198.51.100.2", "192.0.2.33", p.tcp(2, 1, b"x"), ttl=9, df=True)))
    assert got == p.ip6(h4, h6, p.tcp(2, 1, b"x"), hlim=8)


@pytest.mark.parametrize("value", [0, 1, 0x7fff, 0xfffe, 0xffff])
def test_checksums_by_difference_are_those_of_the_whole(value):
    """RFC 1624, with each value of a word that makes a checksum special."""
    from model_csum import changed
    for new in (0, 1, 0x1234, 0xfffe, 0xffff):
        other = b"\x12\x34\x56\x78"
        before = p.checksum(p.u16(value), other)
        assert changed(before, p.u16(value), p.u16(new)) == p.checksum(p.u16(new), other)


def test_translatable_blocks():
    """RFC 6052 2.2 and 3.3: a mapping says no more than what bits 64 to 71 leave in one piece."""
    def said(*words):
        return [f"{m.four} {m.six}" for m in translatable(*words)]

    assert said("192.0.2.0/24", "3fff:40:100::/40") == ["192.0.2.0/24 3fff:40:1c0:2::/72"]
    assert said("198.18.0.0/15", "3fff:64:1:1::/64") == ["198.18.0.0/15 3fff:64:1:1:c6:1200::/87"]
    assert said("203.0.112.0/23", "3fff:40:100::/40") == [
        "203.0.112.0/24 3fff:40:1cb:70::/72", "203.0.113.0/24 3fff:40:1cb:71::/72"]
    assert said("192.0.0.0/22", "3fff:32::/32") == ["192.0.0.0/22 3fff:32:c000::/54"]
    assert said("192.0.2.1", "3fff:96:1:1::/96") == ["192.0.2.1/32 3fff:96:1:1::c000:201/128"]


@pytest.mark.parametrize("link4, becomes", [(None, 6), ("198.51.100.0/24", 4)])
def test_a_link_of_the_gateway_is_a_route(link4, becomes):
    """A gateway with a single address of its own has no route to its neighbours but the default."""
    model = Model(f"prefix add {PREFIX}\nadd {HOST4} {HOST6}\nadd 0.0.0.0/0 2001:db8:ff00::/40\n",
                  link4=link4)
    assert [p.version(one) for one in model.of(p.ip6(HOST6, SERVER6, p.udp(1, 2))).packets] == [becomes]
