# SPDX-License-Identifier: GPL-2.0-only
"""Which address becomes which: RFC 6052, RFC 7757, RFC 8215."""

import pytest
from addresses import (GATEWAY6, HOST4, HOST6, MAC_FAR4, PEER4, PEER6, PREFIX, SERVER4, SERVER6,
                       STRANGER6)
from frame import Frame
from icmp_error import packet_too_big, parameter_problem, prohibited, time_exceeded
from model_addr import embed
from packet import (ANY, ESP, UDP, echo6, echo_reply6, fragment, hop_by_hop, icmp4, icmp6, ip4,
                    ip6, octets, raw, routing, tcp, udp)
from test_counters import counted

MAPPING = f"add {HOST4} {HOST6}"


# A host outside of the prefixes that the RFCs use in their examples (RFC 9637).
AWAY6 = "3fff:1::10"
AWAY = f"add {HOST4} {AWAY6}"


def there_and_back(expect, host6, server6, host4=HOST4, server4=SERVER4):
    """A datagram from the IPv6 host to the IPv4 one, and the answer."""
    expect(ip6(host6, server6, udp(1000, 53, b"query")),
           ip4(host4, server4, udp(1000, 53, b"query"), ttl=63, id=ANY))
    expect(ip4(server4, host4, udp(53, 1000, b"answer"), id=7),
           ip6(server6, host6, udp(53, 1000, b"answer"), hlim=63))


# RFC 6052 2.2 to 2.4: the table's own prefixes and address.

TABLE_1 = [
    ("2001:db8::/32", "2001:db8:c000:221::"),
    ("2001:db8:100::/40", "2001:db8:1c0:2:21::"),
    ("2001:db8:122::/48", "2001:db8:122:c000:2:2100::"),
    ("2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"),
    ("2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"),
    ("2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33"),
]


@pytest.mark.parametrize("prefix, six", TABLE_1, ids=[p for p, _ in TABLE_1])
def test_prefixes_of_each_length(net, expect, prefix, six):
    net.configure(f"prefix add {prefix}\n{AWAY}\n")
    there_and_back(expect, AWAY6, six, server4="192.0.2.33")


@pytest.mark.parametrize("four", ["1.2.3.4", "11.0.0.0", "11.255.255.255", "223.255.255.254"])
@pytest.mark.parametrize("prefix", [p for p, _ in TABLE_1])
def test_every_octet_has_its_place(net, expect, prefix, four):
    net.configure(f"prefix add {prefix}\n{AWAY}\n")
    there_and_back(expect, AWAY6, embed(prefix, four).packed, server4=four)


@pytest.mark.parametrize("prefix, six", [
    ("2001:db8::/32", "2001:db8:c000:221:00ff:ffff:ffff:ffff"),
    ("2001:db8:100::/40", "2001:db8:1c0:2:21:ffff:ffff:ffff"),
    ("2001:db8:122::/48", "2001:db8:122:c000:2:21ff:ffff:ffff"),
    ("2001:db8:122:300::/56", "2001:db8:122:3c0:0:221:ffff:ffff"),
    ("2001:db8:122:344::/64", "2001:db8:122:344:c0:2:21ff:ffff"),
], ids=["/32", "/40", "/48", "/56", "/64"])
def test_suffix_is_ignored(net, expect, prefix, six):
    net.configure(f"prefix add {prefix}\n{AWAY}\n")
    expect(ip6(AWAY6, six, tcp(1, 2)), ip4(HOST4, "192.0.2.33", tcp(1, 2), ttl=63, id=ANY))


@pytest.mark.parametrize("prefix, six", [
    ("2001:db8::/32", "2001:db8:c000:221:100::"), ("2001:db8:100::/40", "2001:db8:1c0:2:8021::"),
    ("2001:db8:122::/48", "2001:db8:122:c000:102:2100::"),
    ("2001:db8:122:300::/56", "2001:db8:122:3c0:ff00:221::"),
    ("2001:db8:122:344::/64", "2001:db8:122:344:1c0:2:2100::"),
], ids=["/32", "/40", "/48", "/56", "/64"])
def test_bits_64_to_71_must_be_zero(net, expect, expect_silence, prefix, six):
    net.configure(f"prefix add {prefix}\n{AWAY}\n")
    packet = ip6(AWAY6, six, udp(1, 2))
    expect(packet, prohibited(packet))
    expect_silence(ip6(AWAY6, six, echo6(1, 2)))


@pytest.mark.configuration("prefix add 2001:200:d00:100::/96", MAPPING)
def test_the_form_that_map646_used(expect):
    there_and_back(expect, HOST6, "2001:200:d00:100::c633:6402")


@pytest.mark.configuration("prefix add 2001:200:d00:100::/64", MAPPING)
def test_the_form_of_a_64_bit_prefix(expect):
    there_and_back(expect, HOST6, "2001:200:d00:100:c6:3364:200::")


@pytest.mark.parametrize("other", ["2001:db8:ff:ffff:ffff:ffff:c633:6402",
                                   "2001:db8:100::1:c633:6402"])
def test_addresses_beside_the_prefix_are_forwarded(real, other):
    """5.6: what is not inside a prefix is nothing to us."""
    with real.gateway.routes(f"neigh {other} lladdr {MAC_FAR4} dev to4", f"route {other} dev to4"):
        real.wire.expect(ip6(HOST6, other, udp(1, 2)),
                         Frame(ip6(HOST6, other, udp(1, 2), hlim=63), side=4))


# Several prefixes.

SEVERAL = ("prefix add 2001:db8:100::/96", "prefix add 2001:db8:200::/64", MAPPING)


@pytest.mark.configuration(*SEVERAL)
def test_each_prefix_is_recognised_and_the_first_writes(expect):
    there_and_back(expect, HOST6, "2001:db8:100::c633:6402")
    expect(ip6(HOST6, "2001:db8:200:0:c6:3364:200::", udp(1, 2)),
           ip4(HOST4, SERVER4, udp(1, 2), ttl=63, id=ANY))


@pytest.mark.configuration("prefix add 2001:db8:100::/96", "prefix add 2001:db8:200::/64 primary",
                           MAPPING)
def test_the_primary_prefix_writes(expect):
    there_and_back(expect, HOST6, "2001:db8:200:0:c6:3364:200::")
    expect(ip6(HOST6, SERVER6, udp(1, 2)), ip4(HOST4, SERVER4, udp(1, 2), ttl=63, id=ANY))


@pytest.mark.configuration(*SEVERAL, f"add {PEER4} {PEER6} prefix 2001:db8:200::/64")
def test_a_mapping_with_its_own_prefix(expect):
    there_and_back(expect, HOST6, "2001:db8:100::c633:6402")
    there_and_back(expect, PEER6, "2001:db8:200:0:c6:3364:200::", host4=PEER4)


@pytest.mark.configuration(*SEVERAL, f"add {PEER4} {PEER6} prefix 2001:db8:200::/64")
def test_an_error_uses_the_prefix_of_its_mapping(expect):
    quote4 = ip4(PEER4, SERVER4, udp(1000, 53, bytes(8)), id=1)
    quote6 = ip6(PEER6, "2001:db8:200:0:c6:3364:200::", udp(1000, 53, bytes(8)))
    expect(ip4("192.0.2.77", PEER4, icmp4(11, 0, 0, quote4)),
           ip6("2001:db8:200:0:c0:2:4d00::", PEER6, icmp6(3, 0, 0, quote6), hlim=63))


@pytest.mark.configuration("prefix add 2001:db8::/32", "prefix add 2001:db8:100::/96",
                           AWAY)
def test_the_longer_of_two_prefixes_counts(expect):
    expect(ip6(AWAY6, "2001:db8:100::c633:6402", udp(1, 2)),
           ip4(HOST4, SERVER4, udp(1, 2), ttl=63, id=ANY))
    expect(ip6(AWAY6, "2001:db8:c633:6402::", udp(1, 2)),
           ip4(HOST4, SERVER4, udp(1, 2), ttl=63, id=ANY))


# RFC 6052 3.1 and RFC 8215.

WELL_KNOWN = ("prefix add 64:ff9b::/96", MAPPING)
NOT_GLOBAL = ["10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.0.1",
              "100.64.0.1", "192.0.2.1", "198.51.100.2", "203.0.113.99", "198.18.0.1",
              "192.0.0.8", "192.88.99.1"]
GLOBAL = ["8.8.8.8", "172.15.255.255", "172.32.0.1", "192.167.255.255", "100.63.255.255",
          "100.128.0.1", "198.17.255.255", "198.20.0.1", "11.0.0.1", "1.1.1.1", "223.255.255.1",
          "192.0.1.1", "192.88.98.255", "192.88.100.1", "192.169.0.1", "169.253.255.255"]


@pytest.mark.configuration(*WELL_KNOWN)
@pytest.mark.parametrize("four", GLOBAL)
def test_well_known_prefix_carries_global_addresses(expect, four):
    there_and_back(expect, HOST6, f"64:ff9b::{four}", server4=four)


@pytest.mark.configuration(*WELL_KNOWN)
@pytest.mark.parametrize("four", NOT_GLOBAL)
def test_well_known_prefix_refuses_other_addresses(expect, four):
    packet = ip6(HOST6, f"64:ff9b::{four}", udp(1, 2))
    expect(packet, prohibited(packet))
    packet = ip4(four, HOST4, udp(1, 2))
    expect(packet, prohibited(packet))


ERROR_OF_A_PRIVATE_ROUTER = ip4("10.9.9.9", HOST4, icmp4(11, 0, 0, ip4(
    HOST4, "8.8.8.8", udp(1000, 53, b"12345678"))))


def error_from(source):
    return ip6(source, HOST6, icmp6(3, 0, 0, ip6(
        HOST6, "64:ff9b::8.8.8.8", udp(1000, 53, b"12345678"))), hlim=63)


@pytest.mark.configuration(*WELL_KNOWN)
def test_error_from_where_the_well_known_prefix_cannot_say(expect):
    """RFC 6791, the other way: the gateway's own address."""
    expect(ERROR_OF_A_PRIVATE_ROUTER, error_from(GATEWAY6))


@pytest.mark.configuration(*WELL_KNOWN, "set icmp-source6 2001:db8:9::9")
def test_icmp_source6(expect):
    expect(ERROR_OF_A_PRIVATE_ROUTER, error_from("2001:db8:9::9"))


@pytest.mark.configuration(*WELL_KNOWN, "set wkp-strict off")
@pytest.mark.parametrize("four", NOT_GLOBAL)
def test_well_known_prefix_without_its_restriction(expect, four):
    there_and_back(expect, HOST6, f"64:ff9b::{four}", server4=four)


@pytest.mark.parametrize("prefix, six", [
    ("64:ff9b:1::/48", "64:ff9b:1:a01:2:300::"), ("64:ff9b:1:fffe::/64", "64:ff9b:1:fffe:a:102:300::"),
    ("64:ff9b:1::/96", "64:ff9b:1::10.1.2.3"), (PREFIX, "2001:db8:100::10.1.2.3"),
], ids=["RFC 8215 /48", "RFC 8215 /64", "RFC 8215 /96", "network-specific"])
def test_other_prefixes_carry_any_address(net, expect, prefix, six):
    net.configure(f"prefix add {prefix}\n{MAPPING}\n")
    there_and_back(expect, HOST6, six, server4="10.1.2.3")


# RFC 7757: figures 1 and 7.

EAMT = (
    "prefix add 64:ff9b::/96", "set wkp-strict off",
    "add 192.0.2.1 2001:db8:aaaa::", "add 192.0.2.2/32 2001:db8:bbbb::b/128",
    "add 192.0.2.16/28 2001:db8:cccc::/124", "add 192.0.2.128/26 2001:db8:dddd::/64",
    "add 192.0.2.192/29 2001:db8:eeee:8::/62", "add 192.0.2.224/31 64:ff9b::/127",
)
FIGURE_7 = [
    ("192.0.2.1", "2001:db8:aaaa::"), ("192.0.2.2", "2001:db8:bbbb::b"),
    ("192.0.2.16", "2001:db8:cccc::"), ("192.0.2.24", "2001:db8:cccc::8"),
    ("192.0.2.31", "2001:db8:cccc::f"), ("192.0.2.128", "2001:db8:dddd::"),
    ("192.0.2.152", "2001:db8:dddd:0:6000::"), ("192.0.2.183", "2001:db8:dddd:0:dc00::"),
    ("192.0.2.191", "2001:db8:dddd:0:fc00::"), ("192.0.2.195", "2001:db8:eeee:9:8000::"),
]


@pytest.mark.configuration(*EAMT)
@pytest.mark.parametrize("four, six", FIGURE_7, ids=[f for f, _ in FIGURE_7])
def test_examples_of_rfc_7757(expect, four, six):
    there_and_back(expect, six, "64:ff9b::198.51.100.2", host4=four)


@pytest.mark.configuration(*EAMT)
def test_a_mapping_inside_the_prefix(expect):
    """Figure 7, 192.0.2.225 and 192.0.2.248: as destinations of IPv4 and as sources."""
    expect(ip4(SERVER4, "192.0.2.225", udp(1, 2)),
           ip6("64:ff9b::198.51.100.2", "64:ff9b::1", udp(1, 2), hlim=63))
    expect(ip6("64:ff9b::1", "64:ff9b::198.51.100.2", udp(1, 2)),
           ip4("192.0.2.225", SERVER4, udp(1, 2), ttl=63, id=ANY))
    # As a destination of IPv6 too; 4.2.2 hairpins only what RFC 6052 translated.
    expect(ip6("2001:db8:aaaa::", "64:ff9b::1", udp(1, 2)),
           ip4("192.0.2.1", "192.0.2.225", udp(1, 2), ttl=63, id=ANY))
    expect(ip6("2001:db8:aaaa::", "64:ff9b::192.0.2.248", udp(1, 2)),
           ip4("192.0.2.1", "192.0.2.248", udp(1, 2), ttl=63, id=ANY))


@pytest.mark.configuration("prefix add 64:ff9b::/96", "add 192.0.2.1 2001:db8:aaaa::", "add 192.0.2.225 2001:db8:5::1")
def test_a_prefix_that_comes_over_a_mapping(gateway, expect):
    """RFC 7757 3.3.2: the mapping is looked for first, also once another one has come and gone."""
    sent = ip6("2001:db8:aaaa::", "2001:db8:5::1", udp(1, 2))
    expect(sent, ip6("2001:db8:aaaa::", "2001:db8:5::1", udp(1, 2), hlim=63))
    for command in ("-f prefix add 2001:db8:5::/96", "add 192.0.2.226 2001:db8:9::1", "del 192.0.2.226"):
        gateway.ctl(*command.split())
        expect(sent, ip4("192.0.2.1", "192.0.2.225", udp(1, 2), ttl=63, id=ANY))


@pytest.mark.configuration(*EAMT)
@pytest.mark.parametrize("six, four", [
    ("2001:db8:dddd::1", "192.0.2.128"), ("2001:db8:dddd:0:6000::ffff", "192.0.2.152"),
    ("2001:db8:dddd:0:63ff:ffff:ffff:ffff", "192.0.2.152"), ("2001:db8:eeee:9:9fff::1", "192.0.2.195"),
])
def test_suffix_bits_beyond_the_ipv4_address_are_discarded(expect, six, four):
    """RFC 7757 3.3.2, step 5."""
    expect(ip6(six, "64:ff9b::198.51.100.2", udp(1, 2)), ip4(four, SERVER4, udp(1, 2), ttl=63,
                                                             id=ANY))


@pytest.mark.configuration(*EAMT)
@pytest.mark.parametrize("six", ["2001:db8:aaaa::1", "2001:db8:bbbb::a", "2001:db8:cccc::10",
                                 "2001:db8:dddd:1::", "2001:db8:eeee:c::", "2001:db8:eeee:7::"])
def test_addresses_beside_the_mappings_are_not_mapped(expect, six):
    packet = ip6(six, "64:ff9b::198.51.100.2", udp(1, 2))
    expect(packet, prohibited(packet))


@pytest.mark.configuration(*EAMT)
@pytest.mark.parametrize("four", ["192.0.2.0", "192.0.2.3", "192.0.2.15", "192.0.2.32",
                                  "192.0.2.127", "192.0.2.200", "192.0.2.223", "192.0.2.226"])
def test_ipv4_addresses_beside_the_mappings_are_forwarded(expect, four):
    expect(ip4(SERVER4, four, udp(1, 2)), ip4(SERVER4, four, udp(1, 2), ttl=63))


# The longest match in each column, RFC 7757 3.3 and 5.

NESTED = (f"prefix add {PREFIX}", "add 203.0.113.0/24 2001:db8:a::/120",
          "add 203.0.113.64/26 2001:db8:b::/122", "add 203.0.113.65 2001:db8:c::1",
          "add 192.0.2.128/25 2001:db8:d::/64", "add 192.0.2.200 2001:db8:d::77",
          "add 203.0.114.0/25 2001:db8:e::/56", "add 203.0.114.128/26 2001:db8:e:5::/122")


@pytest.mark.configuration(*NESTED)
@pytest.mark.parametrize("four, six", [
    ("203.0.113.1", "2001:db8:a::1"), ("203.0.113.63", "2001:db8:a::3f"),
    ("203.0.113.64", "2001:db8:b::"), ("203.0.113.65", "2001:db8:c::1"),
    ("203.0.113.66", "2001:db8:b::2"), ("203.0.113.127", "2001:db8:b::3f"),
    ("203.0.113.128", "2001:db8:a::80"), ("203.0.113.255", "2001:db8:a::ff"),
    ("192.0.2.200", "2001:db8:d::77"), ("192.0.2.201", "2001:db8:d:0:9200::"),
])
def test_longest_match_of_an_ipv4_address(expect, four, six):
    there_and_back(expect, six, SERVER6, host4=four)


@pytest.mark.configuration(*NESTED)
@pytest.mark.parametrize("six, four", [
    ("2001:db8:a::41", "203.0.113.65"), ("2001:db8:b::1", "203.0.113.65"),
    ("2001:db8:d::76", "192.0.2.128"), ("2001:db8:d:0:9000::", "192.0.2.200"),
    ("2001:db8:e:5::2", "203.0.114.130"), ("2001:db8:e:6::", "203.0.114.3"),
])
def test_longest_match_of_an_ipv6_address(expect, six, four):
    """The way back may lead elsewhere: RFC 7757 5."""
    expect(ip6(six, SERVER6, udp(1, 2)), ip4(four, SERVER4, udp(1, 2), ttl=63, id=ANY))


@pytest.mark.configuration("add 0.0.0.0/0 2001:db8:ff00::/40", "add 192.0.2.64 2001:db8::abcd",
                           "set hairpin off")
def test_figure_2_of_rfc_7757(expect):
    """IVI, without any prefix: all IPv4 addresses are mapped, one of them elsewhere."""
    expect(ip4("203.0.113.33", "192.0.2.64", udp(1, 2)),
           ip6("2001:db8:ffcb:71:2100::", "2001:db8::abcd", udp(1, 2), hlim=63))
    expect(ip4("203.0.113.33", "192.0.2.65", udp(1, 2)),
           ip6("2001:db8:ffcb:71:2100::", "2001:db8:ffc0:2:4100::", udp(1, 2), hlim=63))


@pytest.mark.configuration(MAPPING)
def test_without_a_prefix_an_unmapped_ipv4_source_is_refused(expect):
    packet = ip4(SERVER4, HOST4, udp(1, 2))
    expect(packet, prohibited(packet))


@pytest.mark.configuration("prefix add 2001:db8:100::/40", "add 192.0.2.0/24 2001:db8:1c0:2::/72")
def test_appendix_a_of_rfc_7915(expect):
    there_and_back(expect, "2001:db8:1c0:2:21::", "2001:db8:1c6:3364:2::", host4="192.0.2.33")


# Hairpinning, RFC 7757 4.2.2.

HOST_FOR_PEER, PEER_FOR_HOST = "2001:db8:100::203.0.113.10", "2001:db8:100::203.0.113.20"


@pytest.mark.parametrize("part", [udp(1, 2, b"x"), tcp(1, 2), echo6(1, 2, b"x"), raw(ESP, bytes(9)),
                                  udp(1, 2, b"x", wrong_by=9)],
                         ids=["UDP", "TCP", "echo", "ESP", "wrong checksum"])
def test_two_mapped_hosts_reach_each_other(expect, part):
    fields = {"tclass": 0xb9}
    expect(ip6(HOST6, PEER_FOR_HOST, part, **fields),
           ip6(HOST_FOR_PEER, PEER6, part, hlim=63, **fields))
    expect(ip6(PEER6, HOST_FOR_PEER, part, **fields),
           ip6(PEER_FOR_HOST, HOST6, part, hlim=63, **fields))


def test_a_mapped_host_reaches_itself(expect):
    expect(ip6(HOST6, HOST_FOR_PEER, udp(1, 2)), ip6(HOST_FOR_PEER, HOST6, udp(1, 2), hlim=63))


def test_hairpinned_packet_loses_what_ipv4_does_not_have(expect):
    expect(ip6(HOST6, PEER_FOR_HOST, hop_by_hop(), udp(1, 2), flow=0x12345),
           ip6(HOST_FOR_PEER, PEER6, udp(1, 2), hlim=63))


def test_hairpinned_fragment(expect):
    part = octets(HOST6, PEER_FOR_HOST, udp(1, 2, bytes(64)))
    there = octets(HOST_FOR_PEER, PEER6, udp(1, 2, bytes(64)))
    expect(ip6(HOST6, PEER_FOR_HOST, fragment(0x1234beef, 0, True), raw(UDP, part[:32])),
           ip6(HOST_FOR_PEER, PEER6, fragment(0xbeef, 0, True), raw(UDP, there[:32]), hlim=63))
    expect(ip6(HOST6, PEER_FOR_HOST, fragment(0x1234beef, 32), raw(UDP, part[32:])),
           ip6(HOST_FOR_PEER, PEER6, fragment(0xbeef, 32), raw(UDP, there[32:]), hlim=63))


@pytest.mark.parametrize("hops", [2, 1])
def test_hop_limit_of_a_hairpinned_packet(expect, hops):
    packet = ip6(HOST6, PEER_FOR_HOST, udp(1, 2), hlim=hops)
    expect(packet, time_exceeded(packet) if hops == 1 else
           ip6(HOST_FOR_PEER, PEER6, udp(1, 2), hlim=1))


@pytest.mark.parametrize("length", [1280, 1281, 1500])
def test_large_hairpinned_packets(expect, length):
    part = udp(1, 2, bytes(range(250)) * 8)
    part = udp(1, 2, octets(HOST6, PEER6, part)[8:length - 40])
    expect(ip6(HOST6, PEER_FOR_HOST, part), ip6(HOST_FOR_PEER, PEER6, part, hlim=63))


def test_hairpinned_packet_that_is_too_big(real):
    """It is the IPv6 sender that has to know, not the gateway between its two passes."""
    part = udp(1, 2, octets(HOST6, PEER6, udp(1, 2, bytes(range(250)) * 8))[8:1360])
    with real.gateway.routes(f"route {PEER6}/128 dev to6 mtu 1400"):
        real.wire.expect(ip6(HOST6, PEER_FOR_HOST, part),
                         ip6(HOST_FOR_PEER, PEER6, part, hlim=63))
        packet = ip6(HOST6, PEER_FOR_HOST, raw(253, bytes(1361)))
        real.wire.expect(packet, packet_too_big(packet, 1400))


def test_unmapped_host_does_not_reach_a_mapped_one(expect):
    packet = ip6(STRANGER6, PEER_FOR_HOST, udp(1, 2))
    expect(packet, prohibited(packet))


@pytest.mark.configuration("set hairpin off", more=True)
def test_hairpinning_switched_off(expect):
    """The packet is one for the IPv4 Internet, like any other."""
    expect(ip6(HOST6, PEER_FOR_HOST, udp(1, 2)), ip4(HOST4, PEER4, udp(1, 2), ttl=63, id=ANY))


@pytest.mark.configuration("prefix add 2001:db8:200::/64", f"prefix add {PREFIX}", MAPPING,
                           f"add {PEER4} {PEER6} prefix {PREFIX}")
def test_hairpinning_between_prefixes(expect):
    expect(ip6(HOST6, "2001:db8:200:0:cb:71:1400::", udp(1, 2)),
           ip6(HOST_FOR_PEER, PEER6, udp(1, 2), hlim=63))
    expect(ip6(PEER6, HOST_FOR_PEER, udp(1, 2)),
           ip6("2001:db8:200:0:cb:71:1400::", HOST6, udp(1, 2), hlim=63))


@pytest.mark.configuration(*EAMT, "set icmp-source4 198.51.100.1")
def test_hairpinning_examples_of_rfc_7757(expect):
    """Appendix B.1: figures 8, 9, 10 and 11."""
    first, second = "2001:db8:aaaa::", "2001:db8:bbbb::b"
    first_from_afar, second_from_afar = "64:ff9b::192.0.2.1", "64:ff9b::192.0.2.2"
    part = udp(1, 2, b"x")
    expect(ip6(first, second_from_afar, part), ip6(first_from_afar, second, part, hlim=63))
    expect(ip6(second, first_from_afar, part), ip6(second_from_afar, first, part, hlim=63))
    for source, becomes in (("2001:db8::1234", "64:ff9b::198.51.100.1"),
                            (second, second_from_afar)):
        expect(ip6(source, first_from_afar,
                   icmp6(1, 4, 0, ip6(first_from_afar, second, part, hlim=63))),
               ip6(becomes, first,
                   icmp6(1, 4, 0, ip6(first, second_from_afar, part, hlim=63)), hlim=63))


# More specific native routes, 4.6 and 5.6.

def test_more_specific_native_route_in_the_prefix(real):
    inside = "2001:db8:100::c633:6403"
    sent, forwarded = (ip6(HOST6, inside, udp(1, 2), hlim=h) for h in (64, 63))
    with real.gateway.routes("route 2001:db8:100::c633:6403/128 via 2001:db8:1::fe"):
        seen = real.wire.exchange(sent)
        assert forwarded in seen[6] and not seen[4]
        real.wire.expect(ip6(HOST6, SERVER6, udp(1, 2)),
                         ip4(HOST4, SERVER4, udp(1, 2), ttl=63, id=ANY))
    with real.gateway.routes("neigh 198.51.100.3 lladdr 02:00:00:00:04:02 dev to4"):
        real.wire.expect(sent, ip4(HOST4, "198.51.100.3", udp(1, 2), ttl=63, id=ANY))


@pytest.mark.configuration(f"prefix add {PREFIX}", "add 192.0.2.0/24 2001:db8:5::/120")
def test_more_specific_native_route_in_a_mapping(real):
    packet = ip4(SERVER4, "192.0.2.9", udp(1, 2))
    with real.gateway.routes("route 192.0.2.8/29 via 198.51.100.254"):
        real.wire.expect(packet, ip4(SERVER4, "192.0.2.9", udp(1, 2), ttl=63))
    real.wire.expect(packet, ip6(SERVER6, "2001:db8:5::9", udp(1, 2), hlim=63))


@pytest.mark.configuration(f"prefix add {PREFIX}", "add 192.0.2.8/29 2001:db8:5::/125")
def test_a_mapping_wins_over_a_route_of_its_length(real):
    packet = ip4(SERVER4, "192.0.2.9", udp(1, 2))
    translated = ip6(SERVER6, "2001:db8:5::1", udp(1, 2), hlim=63)
    routes = ["route 192.0.2.8/29 via 198.51.100.254", "route 192.0.2.0/24 via 198.51.100.254"]
    with real.gateway.routes(*routes):
        real.wire.expect(packet, translated)
    # With another that is longer, each packet asks for its route.
    with real.gateway.routes(*routes, "route 192.0.2.12/30 via 198.51.100.254"):
        real.wire.expect(packet, translated)


def test_a_prefix_wins_over_a_route_of_its_length(real):
    routes = ["route 2001:db8:100::/96 via 2001:db8:1::fe", "route 2001:db8::/32 via 2001:db8:1::fe"]
    packet = ip6(HOST6, SERVER6, udp(1, 2))
    translated = ip4(HOST4, SERVER4, udp(1, 2), ttl=63, id=ANY)
    with real.gateway.routes(*routes):
        real.wire.expect(packet, translated)
    # With another that is longer, each packet asks for its route.
    with real.gateway.routes(*routes, "route 2001:db8:100::a00:0/120 via 2001:db8:1::fe"):
        real.wire.expect(packet, translated)


def test_an_address_of_the_gateway_inside_the_prefix(real):
    own = "2001:db8:100::abcd"
    sent = ip6(HOST6, own, echo6(1, 2, b"x"))
    with real.gateway.routes(f"addr {own}/128 dev lo nodad"):
        real.wire.expect(sent, ip6(own, HOST6, echo_reply6(1, 2, b"x")))


@pytest.mark.configuration("prefix add 64:ff9b::/96", MAPPING)
def test_an_error_without_a_source_of_its_own_or_a_route(real):
    """It is lost without a word: no address of the gateway's leads there."""
    error = ip4("10.0.0.1", HOST4, icmp4(3, 1, 0, ip4(HOST4, "8.8.8.8", udp(1, 2))))
    real.gateway.ctl("stats", "reset")
    with real.gateway.routes(f"route unreachable {HOST6}/128"):
        real.wire.expect_silence(error)
    assert counted(real.gateway) == {"icmp_no_source": 1}
    assert len(real.wire.exchange(error)[6]) == 1


@pytest.mark.configuration("prefix add 64:ff9b::/96", MAPPING, f"add 9.9.9.20 {PEER6}")
def test_hairpinning_needs_a_source_that_the_prefix_carries(expect):
    """RFC 6052 3.1: the host's own IPv4 address is not global, so nobody could answer."""
    packet = ip6(HOST6, "64:ff9b::9.9.9.20", udp(1, 2))
    expect(packet, prohibited(packet))


@pytest.mark.configuration(f"prefix add {PREFIX}", "add 64.0.0.0/2 2001:db8:40::/66")
def test_a_host_of_a_quarter_of_ipv4(expect):
    """Such a mapping has addresses of no host as well, so each is looked at."""
    expect(ip6("2001:db8:40:0:100:1::", SERVER6, udp(1, 2)), ip4("65.0.0.1", SERVER4, udp(1, 2), ttl=63, id=ANY))


COMPATIBLE6 = "::192.0.2.1"


@pytest.mark.configuration(f"add 203.0.113.7 {COMPATIBLE6}", more=True)
def test_a_source_that_only_its_mapping_makes_a_host(real, expect):
    """RFC 4291 2.5.5.1: of no host any more, unless a mapping says so; it is told of errors as well."""
    expect(ip6(COMPATIBLE6, SERVER6, udp(1, 2)), ip4("203.0.113.7", SERVER4, udp(1, 2), ttl=63, id=ANY))
    packet = ip6(COMPATIBLE6, SERVER6, routing(1), udp(1, 2))
    expect(packet, parameter_problem(packet, 43))
