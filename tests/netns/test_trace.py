# SPDX-License-Identifier: GPL-2.0-only
"""Who looks on sees what becomes of a packet: the tracepoints of nat64, and the kernel's own."""

import contextlib
import re
from pathlib import Path

import icmp_error
import pytest
from addresses import HOST4, HOST6, PEER4, SERVER4, SERVER6, STRANGER6
from icmp_error import prohibited
from packet import ANY, UDP, destination_options, fragment, ip4, ip6, raw, udp
from util import TOP

TRACING = Path("/sys/kernel/tracing")

pytestmark = [
    pytest.mark.as_configured,
    pytest.mark.usefixtures("real"),
    pytest.mark.skipif(not (TRACING / "instances").is_dir(), reason="this kernel does not trace")]


@contextlib.contextmanager
def traced(event, filter=None):
    """Records an event; gives a function that returns what was printed of it so far."""
    instance = TRACING / "instances" / "nat64-test"
    instance.mkdir()
    try:
        if filter:
            (instance / "events" / event / "filter").write_text(filter)
        (instance / "events" / event / "enable").write_text("1")
        yield lambda: re.findall(r"^ +.*?: \w+: (.*)$", (instance / "trace").read_text(), re.M)
        (instance / "events" / event / "enable").write_text("0")
    finally:
        instance.rmdir()


def functions():
    """The functions of the module, and the addresses that they span."""
    lines = (line.split() for line in Path("/proc/kallsyms").read_text().splitlines())
    table = sorted((int(w[0], 16), w[2]) for w in lines if w[3:] == ["[nat64]"] and w[1] in "tT")
    ends = [start for start, _ in table[1:]] + [table[-1][0] + 4096]
    return {name: (start, end) for (start, name), end in zip(table, ends)}


def inside(start, end):
    return f"location > {start:#x} && location <= {end:#x}"


SIX = ip6(HOST6, SERVER6, udp(1, 2, b"x"))
FOUR = ip4(SERVER4, HOST4, udp(1, 2, b"x"))
ADDRESSES6 = f"src6 {HOST6} dst6 {SERVER6} src4 {HOST4} dst4 {SERVER4}"
ADDRESSES4 = f"src6 {SERVER6} dst6 {HOST6} src4 {SERVER4} dst4 {HOST4}"


def test_translated_packets_are_traced_with_both_address_pairs(wire):
    with traced("nat64/translated") as events:
        wire.expect([SIX, FOUR], ip4(HOST4, SERVER4, udp(1, 2, b"x"), ttl=63, id=ANY),
                    ip6(SERVER6, HOST6, udp(1, 2, b"x"), hlim=63))
        assert events() == [
            f"6to4 to6 > to4 protocol 17 length 29 {ADDRESSES6}",
            f"4to6 to4 > to6 protocol 17 length 49 {ADDRESSES4}"]


REFUSED = [
    (ip6(HOST6, SERVER6, udp(1, 2), hlim=1), f"6to4 to6 protocol 17 length 48 {ADDRESSES6}",
     "hop_limit"),
    (ip4(SERVER4, HOST4, udp(1, 2), ttl=1), f"4to6 to4 protocol 17 length 28 {ADDRESSES4}",
     "hop_limit"),
    (ip6(STRANGER6, SERVER6, udp(1, 2)), "6to4 to6 protocol 17 length 48 "
     f"src6 {STRANGER6} dst6 {SERVER6} src4 0.0.0.0 dst4 {SERVER4}", "source_unmapped"),
    # Refused before its addresses were looked at: they are looked for again.
    (ip4(SERVER4, HOST4, udp(1, 2), options=b"\x07\0\4\0"),
     f"4to6 to4 protocol 17 length 32 {ADDRESSES4}", "bad_option"),
]


@pytest.mark.parametrize("packet, event, reason", REFUSED,
                         ids=[f"{r[2]} {r[1][:4]}" for r in REFUSED])
def test_refused_packets_are_traced_with_their_reason(wire, packet, event, reason):
    with traced("nat64/refused") as events:
        wire.exchange(packet)
        assert events() == [f"{event} sport 1 dport 2 reason {reason}"]


@pytest.mark.parametrize("packet, event", [
    (ip4(SERVER4, HOST4, raw(UDP, b"\0\7\0\x09\0\x20\0\0" + bytes(8)), mf=True),
     f"4to6 to4 protocol 17 length 36 {ADDRESSES4} sport 7 dport 9 "
     "reason udp_zero_checksum_fragment"),
    (ip6(HOST6, SERVER6, fragment(1), destination_options(), udp(7, 9)),
     f"6to4 to6 protocol 44 length 64 {ADDRESSES6} sport 7 dport 9 "
     "reason fragment_extension_header"),
    (ip6(HOST6, SERVER6, fragment(1, 8), destination_options(), udp(7, 9)),
     f"6to4 to6 protocol 44 length 64 {ADDRESSES6} sport 0 dport 0 "
     "reason fragment_extension_header"),
    (ip6(HOST6, SERVER6, raw(58, b"\x80\0")), f"6to4 to6 protocol 58 length 42 {ADDRESSES6} "
     "sport 0 dport 0 reason malformed"),
    (ip4(SERVER4, HOST4, raw(UDP, bytes(range(16))), offset=16, ttl=1),
     f"4to6 to4 protocol 17 length 36 {ADDRESSES4} sport 0 dport 0 reason hop_limit"),
], ids=["UDP without checksum, fragment", "extension header behind a Fragment header",
        "later fragment", "no ports", "later IPv4 fragment"])
def test_events_that_rfc_7915_asks_for_name_the_ports(wire, packet, event):
    """4.5 and 5.1.1."""
    with traced("nat64/refused") as events:
        wire.exchange(packet)
        assert events() == [event]


@pytest.mark.configuration("set udp-zero-checksum drop", more=True)
def test_a_packet_that_is_refused_when_it_is_ipv4_already(gateway, wire):
    """Hairpinned: its event is that of the packet between its two passes."""
    with traced("nat64/refused") as events:
        wire.expect_silence(ip6(HOST6, f"2001:db8:100::{PEER4}", udp(7, 9, checksum=0)))
        assert events() == ["4to6 to6 protocol 17 length 28 src6 2001:db8:100::cb00:710a dst6 2001:db8:1::20 "
                            f"src4 {HOST4} dst4 {PEER4} sport 7 dport 9 reason udp_zero_checksum"]


DROPPED = [
    (ip6(STRANGER6, SERVER6, udp(1, 2)), "SOURCE_UNMAPPED", "NETFILTER_DROP"),
    (ip6(HOST6, "2001:db8:100::127.0.0.1", udp(1, 2)), "DESTINATION_ILLEGAL", "IP_INADDRERRORS"),
    (ip4(SERVER4, HOST4, udp(1, 2), options=b"\x07\0\4\0"), "BAD_OPTION", "IP_INHDR"),
    (ip4(SERVER4, HOST4, udp(1, 2), ttl=1), "HOP_LIMIT", "NETFILTER_DROP"),
]


@pytest.mark.parametrize("packet, reason, kernel_reason", DROPPED, ids=[d[1] for d in DROPPED])
def test_the_kernel_is_told_the_reason(wire, packet, reason, kernel_reason):
    """By the name of a function, and by one of its own reasons, since Linux 5.17."""
    function = functions()[f"nat64_drop_{reason}"]
    knows_reasons = "reason" in (TRACING / "events" / "skb" / "kfree_skb" / "format").read_text()
    with traced("skb/kfree_skb", inside(*function)) as events:
        wire.exchange(packet)
        seen = [line.rpartition("reason: ")[2] if knows_reasons else kernel_reason
                for line in events()]
        assert seen == [kernel_reason]


def test_every_reason_has_a_function():
    source = (TOP / "kmod" / "stats.h").read_text()
    reasons = source.partition("define NAT64_REASONS")[2]
    names = {f"nat64_drop_{name}" for name in re.findall(r'X\((\w+),\s*"', reasons)}
    assert len(names) > 20 and names <= functions().keys()


def test_a_packet_that_is_translated_is_no_drop(wire):
    spans = functions().values()
    with traced("skb/kfree_skb", inside(min(spans)[0], max(spans)[1])) as events:
        wire.exchange(SIX, FOUR)
        assert events() == []


def test_a_filter_finds_one_reason(wire):
    """As an operator asks for it: only this reason, only this family."""
    unmapped = ip6(STRANGER6, SERVER6, udp(1, 2))
    with traced("nat64/refused", 'reason == "source_unmapped" && family == 6') as events:
        wire.expect([REFUSED[0][0], unmapped], icmp_error.time_exceeded(REFUSED[0][0]),
                    prohibited(unmapped))
        assert [line.rpartition(" ")[2] for line in events()] == ["source_unmapped"]
