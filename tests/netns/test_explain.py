# SPDX-License-Identifier: GPL-2.0-only
"""nat64ctl explain says what becomes of a packet, and nothing comes of asking."""

import json

import pytest
from addresses import (CONFIG, GATEWAY4, HOST4, HOST6, PEER4, PEER6, PREFIX, SERVER4, SERVER6,
                       STRANGER6)
from packet import ANY, ip4, ip6, udp
from util import CTL

pytestmark = pytest.mark.usefixtures("real")


def explain(gateway, *words):
    return json.loads(gateway.show("-j", "explain", *words))


def mapping(addr4, addr6):
    return {"ipv4": f"{addr4}/32", "ipv6": f"{addr6}/128"}


PRIMARY = {"prefix": PREFIX, "primary": True}


def test_text_6to4(gateway):
    assert gateway.show("explain", "6", HOST6, SERVER6, "tcp", "1024", "80") == f"""\
packet      {HOST6} > {SERVER6} tcp length 60 hop limit 64
comes in    to6
source      mapping {HOST4} {HOST6}
prefix      {PREFIX} primary
is          translated
becomes     {HOST4} > {SERVER4} tcp length 40 ttl 63
goes out    to4 mtu 1500
"""


def test_text_4to6_refused(gateway):
    with gateway.routes(f"route unreachable {HOST6}/128"):
        assert gateway.show("explain", "4", SERVER4, HOST4) == f"""\
packet      {SERVER4} > {HOST4} icmp length 28 ttl 64 DF
comes in    to4
destination mapping {HOST4} {HOST6}
prefix      {PREFIX} primary
is          refused: unreachable
sender gets ICMPv4 type 3 code 1
"""


def test_6to4(gateway):
    said = explain(gateway, "6", HOST6, SERVER6, "udp", "1", "2")
    assert said == {
        "schema": 1,
        "packet": {"source": HOST6, "destination": SERVER6, "protocol": 17, "length": 48,
                   "hop_limit": 64, "traffic_class": 0},
        "in": "to6", "local": False, "source_mapping": mapping(HOST4, HOST6), "prefix": PRIMARY,
        "verdict": "translated",
        "header": {"source": HOST4, "destination": SERVER4, "protocol": 17, "length": 28,
                   "ttl": 63, "tos": 0, "df": False},
        "out": "to4", "mtu": 1500}


def test_4to6(gateway):
    said = explain(gateway, "inet", SERVER4, HOST4, "tcp")
    assert said == {
        "schema": 1,
        "packet": {"source": SERVER4, "destination": HOST4, "protocol": 6, "length": 40,
                   "ttl": 64, "tos": 0, "df": True},
        "in": "to4", "local": False, "destination_mapping": mapping(HOST4, HOST6),
        "prefix": PRIMARY, "verdict": "translated",
        "header": {"source": SERVER6, "destination": HOST6, "protocol": 6, "length": 60,
                   "hop_limit": 63, "traffic_class": 0},
        "out": "to6", "mtu": 1500}


def test_it_says_what_packets_do(gateway, wire):
    """The header that it prints is the one that comes out."""
    header = explain(gateway, "6", HOST6, SERVER6, "udp", "1", "2")["header"]
    wire.expect(ip6(HOST6, SERVER6, udp(1, 2)),
                ip4(header["source"], header["destination"], udp(1, 2), ttl=header["ttl"], id=ANY,
                    df=header["df"]))
    header = explain(gateway, "4", SERVER4, HOST4, "udp", "1", "2")["header"]
    wire.expect(ip4(SERVER4, HOST4, udp(1, 2)),
                ip6(header["source"], header["destination"], udp(1, 2),
                    hlim=header["hop_limit"]))


def test_the_next_hop(gateway):
    assert explain(gateway, "6", HOST6, "2001:db8:100::8.8.8.8")["via"] == "198.51.100.254"
    with gateway.routes(f"route {HOST6}/128 via 2001:db8:1::fe"):
        said = explain(gateway, "4", SERVER4, HOST4)
    assert (said["out"], said["via"]) == ("to6", "2001:db8:1::fe")
    with gateway.routes("route 192.0.2.0/24 via inet6 2001:db8:1::fe dev to6"):
        said = explain(gateway, "6", HOST6, "2001:db8:100::192.0.2.9")
    assert (said["out"], said["via"]) == ("to6", "2001:db8:1::fe")


def test_two_mapped_hosts(gateway):
    said = explain(gateway, "6", HOST6, f"2001:db8:100::{PEER4}")
    assert said["verdict"] == "translated"
    assert (said["source_mapping"], said["destination_mapping"]) == (
        mapping(HOST4, HOST6), mapping(PEER4, PEER6))
    assert (said["between"]["source"], said["between"]["destination"]) == (HOST4, PEER4)
    assert (said["header"]["source"], said["header"]["destination"], said["header"]["hop_limit"],
            said["header"]["protocol"]) == ("2001:db8:100::cb00:710a", PEER6, 63, 58)
    assert said["out"] == "to6"


@pytest.mark.configuration(CONFIG, "set hairpin off")
def test_without_hairpinning_the_source_is_mapped(gateway):
    said = explain(gateway, "4", PEER4, HOST4)
    assert said["header"]["source"] == PEER6
    assert said["source_mapping"] == mapping(PEER4, PEER6)


@pytest.mark.parametrize("words, reason", [
    (("4", SERVER4, "192.0.2.1"), "not_mapped"),
    (("6", HOST6, "2001:db8:9::1"), "no_prefix"),
])
def test_what_is_not_ours_is_passed(gateway, words, reason):
    said = explain(gateway, *words)
    assert (said["verdict"], said["reason"]) == ("passed", reason)
    assert "header" not in said and "answer" not in said


@pytest.mark.configuration(CONFIG, "add 64.0.0.0/2 2001:db8:40::/66")
def test_an_address_of_no_host_is_not_ours(gateway):
    said = explain(gateway, "4", SERVER4, "127.0.0.9")
    assert (said["verdict"], said["reason"]) == ("passed", "not_a_host")


@pytest.mark.parametrize("words", [("6", "2001:db8:66::1", SERVER6), ("4", "192.0.2.9", HOST4)])
def test_without_a_route_to_the_source(gateway, words):
    """It might have come in anywhere: it is asked of loopback."""
    with gateway.routes("route unreachable 2001:db8:66::/48", "route unreachable 192.0.2.0/24"):
        assert explain(gateway, *words)["in"] == "lo"


def test_native_routes_are_better(gateway):
    with gateway.routes(f"route {SERVER6}/128 dev to6"):
        said = explain(gateway, "6", HOST6, SERVER6)
    assert (said["verdict"], said["reason"]) == ("passed", "native_route")


@pytest.mark.configuration(CONFIG, "set mark 0x5")
def test_marks(gateway):
    said = explain(gateway, "6", HOST6, SERVER6)
    assert (said["verdict"], said["reason"]) == ("passed", "mark")


@pytest.mark.configuration("set local on")
def test_nothing_configured(gateway):
    said = explain(gateway, "6", HOST6, SERVER6)
    assert (said["verdict"], said["reason"]) == ("passed", "not_configured")


def test_packets_of_the_gateway_itself(gateway):
    said = explain(gateway, "4", GATEWAY4, HOST4)
    assert said["local"] and said["verdict"] == "translated"
    assert (said["header"]["hop_limit"], said["out"]) == (64, "to6")


@pytest.mark.parametrize("words, reason, answer", [
    (("6", STRANGER6, SERVER6, "udp"), "source_unmapped", {"type": 1, "code": 1, "info": 0}),
    # RFC 7915 section 5.4: an ICMPv6 message is refused in silence.
    (("6", STRANGER6, SERVER6), "source_unmapped", None),
    (("6", HOST6, "2001:db8:100::127.0.0.1", "tcp"), "destination_illegal",
     {"type": 1, "code": 1, "info": 0}),
    (("4", "127.0.0.1", HOST4, "udp", "dev", "to4"), "source_illegal", None),
    (("4", SERVER4, HOST4, "2"), "icmp_type", None),
])
def test_what_is_refused(gateway, words, reason, answer):
    said = explain(gateway, *words)
    assert (said["verdict"], said["reason"]) == ("refused", reason)
    assert said.get("answer") == answer


@pytest.mark.configuration(CONFIG, "set icmp-errors off")
def test_nobody_is_told_when_errors_are_off(gateway):
    said = explain(gateway, "6", STRANGER6, SERVER6, "udp")
    assert said["verdict"] == "refused" and "answer" not in said


def test_asking_sends_and_counts_nothing(gateway, wire):
    questions = [("6", HOST6, SERVER6, "tcp"), ("4", SERVER4, HOST4, "udp"),
                 ("6", STRANGER6, SERVER6, "udp"), ("6", HOST6, f"2001:db8:100::{PEER4}"),
                 ("4", GATEWAY4, HOST4)]
    before = gateway.show("stats")
    wire.expect([lambda words=words: gateway.show("explain", *words) for words in questions])
    assert gateway.show("stats") == before


TCP = ("tcp", "40000", "443")


def test_ping_works_and_web_pages_hang(net, gateway):
    """One command each."""
    with net.mtus(to6=1400):
        said = explain(gateway, "4", SERVER4, HOST4, *TCP, "length", "1500", "df")
        assert (said["verdict"], said["reason"]) == ("refused", "too_big")
        assert said["answer"] == {"type": 3, "code": 4, "info": 1380}
        assert explain(gateway, "4", SERVER4, HOST4, *TCP, "length", "1380")["header"][
            "length"] == 1400
        said = explain(gateway, "4", SERVER4, HOST4, *TCP, "length", "1500", "nodf")
        assert (said["verdict"], said["split"]) == ("translated", 1280)
    with net.mtus(to4=1400):
        said = explain(gateway, "6", HOST6, SERVER6, *TCP, "length", "1500")
        assert said["answer"] == {"type": 2, "code": 0, "info": 1420}


def test_it_says_what_long_packets_do(net, gateway):
    """As they are when they are sent."""
    with net.mtus(to6=1400):
        payload = bytes(1500 - 28)
        seen = net.wire.exchange(ip4(SERVER4, HOST4, udp(1, 2, payload), df=True))
        assert not seen[6] and len(seen[4]) == 1
        said = explain(gateway, "4", SERVER4, HOST4, "udp", "1", "2", "length", "1500")
        assert said["verdict"] == "refused"


@pytest.mark.parametrize("which, offset, more", [("first", 0, True), ("later", 1480, True),
                                                 ("last", 1480, False)])
def test_fragments(gateway, which, offset, more):
    said = explain(gateway, "4", SERVER4, HOST4, "udp", "1", "2", "length", "1036", "fragment", which)
    assert said["verdict"] == "translated"
    fragment = {"offset": offset, "more": more}
    assert said["packet"]["fragment"] == said["header"]["fragment"] == fragment
    assert (said["packet"]["length"], said["header"]["length"]) == (1036, 1064)
    assert said["packet"]["protocol"] == said["header"]["protocol"] == 17
    said = explain(gateway, "6", HOST6, SERVER6, "udp", "1", "2", "fragment", which)
    assert said["packet"]["fragment"] == said["header"]["fragment"] == fragment
    assert said["header"]["df"] is False


def test_fragmented_icmp(gateway):
    said = explain(gateway, "4", SERVER4, HOST4, "icmp", "fragment", "later")
    assert (said["verdict"], said["reason"]) == ("refused", "fragmented_icmp")


def test_tos(gateway):
    assert explain(gateway, "4", SERVER4, HOST4, "tos", "184")["header"]["traffic_class"] == 184
    assert explain(gateway, "6", HOST6, SERVER6, "tos", "3")["header"]["tos"] == 3


@pytest.mark.configuration(CONFIG, "set mark 0x5")
def test_mark(gateway):
    assert explain(gateway, "6", HOST6, SERVER6, "mark", "0x5")["verdict"] == "translated"
    assert explain(gateway, "6", HOST6, SERVER6, "mark", "6")["reason"] == "mark"


def test_dev(gateway):
    assert explain(gateway, "6", HOST6, SERVER6)["in"] == "to6"
    assert explain(gateway, "6", HOST6, SERVER6, "dev", "to4")["in"] == "to4"


def test_vrf(gateway):
    gateway.ip("link add red type vrf table 77", "link set red up", "link add port type dummy",
               "link set port master red", "link set port up", "addr add 192.0.2.1/24 dev port")
    try:
        said = explain(gateway, "4", "192.0.2.9", HOST4, "udp", "vrf", "red")
        assert said["in"] == "port"
        done = gateway.run(CTL, "explain", "6", HOST6, SERVER6, "vrf", "red", check=False)
        assert done.returncode == 1 and "no route to the source in VRF" in done.stderr
    finally:
        gateway.ip("link del port", "link del red")


@pytest.mark.parametrize("words, verdict, reason", [
    (("4", SERVER4, HOST4, "icmp", "8", "0"), "translated", None),
    (("4", SERVER4, HOST4, "icmp", "0", "0"), "translated", None),
    (("4", SERVER4, HOST4, "icmp", "13", "0"), "refused", "icmp_type"),
    (("4", SERVER4, HOST4, "icmp", "3", "4"), "translated", None),
    (("4", SERVER4, HOST4, "icmp", "11", "0"), "translated", None),
    (("6", HOST6, SERVER6, "icmpv6", "2", "0"), "translated", None),
    # The packet that an error quotes is one from its destination to its source.
    (("6", STRANGER6, SERVER6, "icmpv6", "3", "0"), "refused", "icmp_inner_packet"),
    (("6", HOST6, SERVER6, "icmpv6", "135", "0"), "refused", "icmp_type"),
])
def test_icmp_types(gateway, words, verdict, reason):
    said = explain(gateway, *words)
    assert (said["verdict"], said.get("reason")) == (verdict, reason)


@pytest.mark.parametrize("words, error", [
    (("4", SERVER4, HOST4, "tcp", "1", "2", "length", "39"), "such a packet has at least 40 bytes"),
    (("4", SERVER4, HOST4, "length", "9217"), '"9217" is not a length of at most 9216 bytes'),
    (("4", SERVER4, HOST4, "length", "101", "fragment", "first"),
     "a fragment that others follow has 20 bytes and a multiple of 8"),
    (("6", HOST6, SERVER6, "df"), "IPv6 has no DF"),
    (("4", SERVER4, HOST4, "fragment", "second"), '"second" is not first, later or last'),
    (("4", SERVER4, HOST4, "tos", "256"), '"256" is not a number from 0 to 255'),
    (("4", SERVER4, HOST4, "mark", "x"), '"x" is not a mark'),
    (("4", SERVER4, HOST4, "mark"), 'a mark is missing after "mark"'),
    (("4", SERVER4, HOST4, "dev", "eth9"), 'there is no device "eth9"'),
    (("4", SERVER4, HOST4, "icmp", "8"), 'an ICMP code is missing after "8"'),
    (("4", SERVER4, HOST4, "icmp", "256", "0"), '"256" is not an ICMP type'),
    (("4", SERVER4, HOST4, "tcp", "1", "2", "wat"),
     '"wat" is not length, df, nodf, fragment, tos, mark, dev or vrf'),
])
def test_wrong_options(gateway, words, error):
    done = gateway.run(CTL, "explain", *words, check=False)
    assert done.returncode == 1 and error in done.stderr


@pytest.mark.parametrize("words, error", [
    ((), "a family, 4 or 6 is missing"),
    (("5", HOST4, HOST4), '"5" is not a family, 4 or 6'),
    (("4", HOST6, HOST4), f'"{HOST6}" is no IPv4 address'),
    (("4", SERVER4, HOST4, "tcpp"), '"tcpp" is not a protocol'),
    (("4", SERVER4, HOST4, "256"), '"256" is not a protocol'),
    (("4", SERVER4, HOST4, "tcp", "1"), "a destination port is missing"),
    (("4", SERVER4, HOST4, "tcp", "1", "65536"), '"65536" is not a destination port'),
    (("4", SERVER4, HOST4, "tcp", "1", "2", "3"), '"3" is not length, df, nodf'),
])
def test_wrong_words(gateway, words, error):
    done = gateway.run(CTL, "explain", *words, check=False)
    assert done.returncode == 1 and error in done.stderr
