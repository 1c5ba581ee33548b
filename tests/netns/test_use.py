# SPDX-License-Identifier: GPL-2.0-only
"""Setting counters: how much each mapping is used."""

import contextlib
import ctypes
import ipaddress
import json
import os
import pty
import re
import subprocess
import termios
import threading
import time

import pytest
import util
from addresses import CONFIG, HOST4, HOST6, PEER4, PEER6, PREFIX, SERVER4, SERVER6, STRANGER6
from frame import Frame
from netlink import CREATE, DUMP, DUMP_INTR, REPLACE, Refused, Socket, build, named
from packet import ANY, icmp6, ip4, ip6, udp
from util import CTL

COUNTED = CONFIG + "set counters on\n"
# membarrier(2), which waits for an RCU grace period.
MEMBARRIER = {"x86_64": 324, "aarch64": 283, "s390x": 356}[os.uname().machine]

pytestmark = [pytest.mark.usefixtures("real"), pytest.mark.configuration(COUNTED)]

SIX, FOUR = ip6(HOST6, SERVER6, udp(1, 2, bytes(100))), ip4(SERVER4, HOST4, udp(1, 2, bytes(50)))


UNUSED = (0, 0, 0, 0)


@pytest.fixture
def counted(gateway):
    """The counters of a mapping: packets and octets to IPv4, packets and octets to IPv6.

    None where they are off.
    """
    gateway.ctl("stats", "reset")
    gateway.loaded = COUNTED

    def read(addr4):
        listed = json.loads(gateway.show("-j", "list", addr4))["mappings"]
        counters = listed[0].get("counters") if listed else None
        return counters and (counters["packets_6to4"], counters["octets_6to4"],
                             counters["packets_4to6"], counters["octets_4to6"])
    return read


def test_packets_and_octets_each_way(wire, counted):
    assert counted(HOST4) == UNUSED
    wire.exchange(SIX, SIX, FOUR)
    assert counted(HOST4) == (2, 2 * 128, 1, 98)
    assert counted(PEER4) == UNUSED
    wire.exchange(FOUR)
    assert counted(HOST4) == (2, 2 * 128, 2, 2 * 98)


def test_text(gateway, wire, counted):
    wire.exchange(SIX, FOUR)
    assert counted(HOST4)
    assert re.fullmatch(f"{HOST4} {HOST6}  6to4 1 packets 128 octets  4to6 1 packets 98 octets  "
                        r"idle \d s\n", gateway.show("list", HOST4))
    assert gateway.show("list", PEER4) == f"{PEER4} {PEER6}\n"


def test_last_use(gateway, wire, counted):
    def idle():
        return json.loads(gateway.show("-j", "list", HOST4))["mappings"][0]["counters"]["idle_ms"]
    wire.exchange(SIX)
    first = idle()
    assert first < 20000
    util.eventually(lambda: idle() > first + 100, "the mapping is idle")
    wire.exchange(SIX)
    assert idle() < 20000


def test_refused_packets_do_not_count(wire, counted):
    wire.exchange(ip6(HOST6, SERVER6, udp(1, 2), hlim=1), ip4(SERVER4, HOST4, udp(1, 2), ttl=1))
    assert counted(HOST4) == UNUSED


def test_between_two_mapped_hosts_both_count(wire, counted):
    wire.exchange(ip6(HOST6, f"2001:db8:100::{PEER4}", udp(1, 2)))
    assert (counted(HOST4), counted(PEER4)) == ((1, 28, 0, 0), (0, 0, 1, 48))


def test_errors_of_routers_without_a_mapping_do_not_count(wire, counted):
    error = icmp6(3, 0, 0, ip6(SERVER6, HOST6, udp(1, 2)))
    assert wire.exchange(ip6(STRANGER6, SERVER6, error))[4]
    assert counted(HOST4) == UNUSED


@pytest.mark.configuration(CONFIG, "add 192.0.2.0/24 2001:db8:9::/120", "set counters on")
def test_a_block_counts_as_one(wire, gateway):
    gateway.ctl("stats", "reset")
    wire.exchange(ip4(SERVER4, "192.0.2.1", udp(1, 2)), ip4(SERVER4, "192.0.2.2", udp(1, 2)))
    listed = json.loads(gateway.show("-j", "list", "192.0.2.0/24"))["mappings"]
    assert listed[0]["counters"]["packets_4to6"] == 2


def test_a_load_keeps_the_counters_of_what_stays(gateway, wire, counted):
    peer = ip6(PEER6, SERVER6, udp(1, 2))
    wire.exchange(SIX, peer)
    gateway.configure(COUNTED.replace(f"add {PEER4} {PEER6}", f"add {PEER4} 2001:db8:1::30")
                      + "add 192.0.2.1 2001:db8:9::1\n")
    wire.exchange(SIX)
    assert counted(HOST4) == (2, 2 * 128, 0, 0)
    assert counted(PEER4) == UNUSED


def wait_for_rcu():
    """Until what nobody reads any more is freed."""
    for _ in range(2):
        assert ctypes.CDLL(None).syscall(MEMBARRIER, 1, 0) == 0
        time.sleep(.1)


def replace(gateway, *more):
    """The mapping by one with both of its prefixes."""
    same = {"addr4": HOST4, "addr6": HOST6, "prefix": {"addr": PREFIX[:-3], "len": 96}}
    with gateway:
        client = Socket()
    with contextlib.closing(client):
        client.ask("eam-new", build("nat64", eam=[same, *more]), CREATE | REPLACE)


def replace_in_vain(gateway):
    with pytest.raises(Refused, match="lies inside the translation prefix"):
        replace(gateway, {"addr4": "192.0.2.1", "addr6": PREFIX[:-3] + "1"})


def load(gateway):
    gateway.ctl("load", "-", input=COUNTED + "set tos 1\n")


@pytest.mark.parametrize("change", [replace, replace_in_vain, load])
def test_counters_that_stay_are_not_given_to_another_mapping(gateway, wire, counted, change):
    """The next counters that are allocated would have their memory, were it free."""
    wire.exchange(SIX)
    change(gateway)
    gateway.loaded = None
    wait_for_rcu()
    wire.exchange(*[ip6(PEER6, SERVER6, udp(1, 2, bytes(9)))] * 3)
    assert counted(HOST4) == (1, 128, 0, 0)
    assert counted(PEER4) == (3, 3 * 37, 0, 0)


def test_loads_beside_traffic_lose_no_count(gateway, wire, counted):
    """Not of packets that a new table counts before it has the counters of the old one."""
    sent, stop = 0, threading.Event()
    more = "".join(f"add 198.18.{n}.1 2001:db8:9::{n:x}\n" for n in range(100))

    def load():
        while not stop.is_set():
            for text in (COUNTED, COUNTED + more):
                gateway.ctl("-f", "load", "-", input=text)

    loader = threading.Thread(target=load)
    loader.start()
    try:
        for _ in range(400):
            wire.exchange(SIX, FOUR)
            sent += 1
    finally:
        stop.set()
        loader.join()
    gateway.loaded = None
    assert counted(HOST4) == (sent, sent * 128, sent, sent * 98)


def test_another_setting_keeps_the_counters(gateway, wire, counted):
    wire.exchange(SIX)
    gateway.ctl("set", "tos", "3")
    wire.exchange(SIX)
    gateway.loaded = None
    assert counted(HOST4) == (2, 2 * 128, 0, 0)


def test_errors_of_routers_without_a_mapping_count_for_the_other_host_only(wire, counted):
    """RFC 6791, hairpinned: the error counts for whom it is."""
    quote = ip6(f"2001:db8:100::{PEER4}", f"2001:db8:100::{HOST4}", udp(1, 2))
    error = icmp6(3, 0, 0, quote)
    assert len(wire.exchange(ip6(STRANGER6, f"2001:db8:100::{PEER4}", error))[6]) == 1
    assert counted(HOST4) == UNUSED and counted(PEER4)[:3] == (0, 0, 1)


@pytest.mark.configuration(COUNTED, f"add {SERVER4} 2001:db8:46::2 edge", "set local off")
def test_hosts_on_both_sides_count(gateway, wire):
    """Each packet for the mappings of both its ends, and for those that have one."""
    gateway.ctl("stats", "reset")
    face, far6, other4, other6 = "2001:db8:46::2", "2001:db8:100::c000:209", "198.51.100.3", "2001:db8:100::c633:6403"
    part = udp(1, 2, b"x")
    wire.expect(ip4(SERVER4, "192.0.2.9", part), ip6(face, far6, part, hlim=63))
    wire.expect([FOUR, ip4(other4, HOST4, part), ip4(PEER4, HOST4, part)],
                ip6(face, HOST6, udp(1, 2, bytes(50)), hlim=63), ip6(other6, HOST6, part, hlim=63),
                ip6("2001:db8:100::cb00:7114", HOST6, part, hlim=63))
    wire.expect([ip6(far6, face, part), ip6(HOST6, face, part)], ip4("192.0.2.9", SERVER4, part, ttl=63, id=ANY),
                ip4(HOST4, SERVER4, part, ttl=63, id=ANY))
    listed = {m["ipv4"]: m.get("counters") for m in json.loads(gateway.show("-j", "list"))["mappings"]}
    packets = {addr: (c["packets_6to4"], c["packets_4to6"]) for addr, c in listed.items() if c and (
        c["packets_6to4"] or c["packets_4to6"])}
    assert packets == {f"{HOST4}/32": (1, 3), f"{SERVER4}/32": (2, 2)}
    gateway.loaded = None


def test_off_forgets(gateway, wire, counted):
    wire.exchange(SIX)
    gateway.configure(CONFIG)
    wire.exchange(SIX)
    assert counted(HOST4) is None
    gateway.configure(COUNTED)
    assert counted(HOST4) == UNUSED


def test_reset(gateway, wire, counted):
    wire.exchange(SIX)
    gateway.ctl("stats", "reset")
    assert counted(HOST4) == UNUSED
    wire.exchange(SIX)
    assert counted(HOST4) == (1, 128, 0, 0)


MANY = 1100


def use_many(gateway, wire):
    """As many mappings, each of which has had a packet."""
    first = ipaddress.ip_address("10.0.0.0")
    lines = "".join(f"add {first + n} 2001:db8:5::{n:x}\n" for n in range(1, MANY + 1))
    gateway.configure(COUNTED + lines)
    gateway.ctl("stats", "reset")
    for n in range(1, MANY + 1, 100):
        wire.exchange(*(ip4(SERVER4, str(first + m), udp(1, 2))
                        for m in range(n, min(n + 100, MANY + 1))))


@contextlib.contextmanager
def begun_listing(gateway):
    """Of what is used: its reader, and the messages that it has had so far."""
    with gateway:
        reader = Socket()
    with contextlib.closing(reader):
        reader.send(reader.message("use-get", flags=DUMP))
        messages = list(reader.receive())
        assert not any(message.is_last for message in messages)
        yield reader, messages


@pytest.mark.parametrize("change", [None, ("stats", "reset"), ("set", "counters", "off"), ("load", "-")],
                         ids=["unchanged", "reset", "off", "another table"])
def test_a_reader_keeps_nothing_that_is_counted_no_more(gateway, wire, change):
    """Who does not come back for the rest holds no memory; who does, hears of it."""
    use_many(gateway, wire)
    with begun_listing(gateway) as (reader, messages):
        if change:
            gateway.ctl(*change, input=COUNTED)
            gateway.loaded = None
        messages += reader.answers(reader.seq)
    assert any(message.flags & DUMP_INTR for message in messages) == bool(change)
    assert (len(messages) - 1 == MANY) == (not change)


def addresses_in(messages):
    """The IPv4 addresses of the mappings in a listing."""
    return [ipaddress.ip_address(named(named(message.attributes, "nat64")["eam"], "eam")["addr4"])
            for message in messages]


UNUSED4, UNUSED6 = ipaddress.ip_address("11.0.0.0"), ipaddress.ip_address("2001:db8:8::")


def unused(first, last):
    """Requests for mappings that no packet goes to, a thousand in each."""
    return [build("nat64", eam=[{"addr4": str(UNUSED4 + n), "addr6": str(UNUSED6 + n)}
                                for n in range(at, min(at + 1000, last))])
            for at in range(first, last, 1000)]


def add(gateway, requests):
    """To the table in place."""
    gateway.loaded = None
    with gateway:
        client = Socket()
    with contextlib.closing(client):
        for request in requests:
            client.ask("eam-new", request, CREATE)


def test_a_reader_whose_table_has_grown_begins_again(gateway, wire):
    """And hears of it; new mappings alone are no reason."""
    use_many(gateway, wire)
    with begun_listing(gateway) as (reader, messages):
        add(gateway, unused(0, 5000))
        messages += reader.answers(reader.seq)
    assert any(message.flags & DUMP_INTR for message in messages)
    assert len(set(addresses_in(messages[:-1]))) == MANY


def test_a_reader_meets_a_table_that_is_being_moved(gateway, wire):
    """It shows each mapping once, or says that it may not."""
    use_many(gateway, wire)
    adding = threading.Thread(target=add, args=(gateway, unused(0, 100000)))
    with gateway:
        reader = Socket()
    adding.start()
    seen = []
    with contextlib.closing(reader):
        while adding.is_alive():
            seen.append(reader.dump("use-get"))
    adding.join()
    whole = [messages for messages in seen if not any(message.flags & DUMP_INTR for message in messages)]
    assert 0 < len(whole) < len(seen)
    for messages in whole:
        assert len(messages) == len(set(addresses_in(messages))) == MANY


def test_mappings_that_are_gone_are_forgotten(gateway, wire):
    """Their counters make room for those of new ones."""
    use_many(gateway, wire)
    listed = json.loads(gateway.show("-j", "list", "10.0.0.0/8"))["mappings"]
    assert sum("counters" in mapping for mapping in listed) == MANY
    gateway.configure(COUNTED)

    def is_counted():
        wire.exchange(SIX)
        return "6to4" in gateway.show("list", HOST4)
    util.eventually(is_counted, "there is room again")


def top(gateway, *words):
    return [json.loads(line) for line in gateway.show("-j", "top", *words).splitlines()]


def test_top_shows_the_busiest_first(gateway, wire, counted):
    """Of the time that it looks."""
    wire.exchange(SIX, *[ip6(PEER6, SERVER6, udp(1, 2))] * 50)
    stop = threading.Event()

    def send():
        while not stop.is_set():
            wire.port[6].send(Frame(SIX))
            stop.wait(0.05)
    sender = threading.Thread(target=send)
    sender.start()
    try:
        seen = top(gateway, "1", "2")
    finally:
        stop.set()
        sender.join()
    wire.exchange()
    assert len(seen) == 2
    rows = seen[-1]["mappings"]
    assert [row["mapping"]["ipv4"] for row in rows] == [f"{HOST4}/32", f"{PEER4}/32"]
    assert rows[0]["packets_per_second"] > 0 and rows[0]["octets_4to6_per_second"] == 0
    assert rows[0]["octets_6to4_per_second"] >= 100 * rows[0]["packets_per_second"]
    assert rows[1]["packets_per_second"] == 0


def test_top_ends_with_q(gateway, counted):
    """Typed at a terminal, which is then as it was."""
    hold, given = pty.openpty()
    before = termios.tcgetattr(given)
    with gateway, open(given, "rb", buffering=0) as terminal:
        top = subprocess.Popen(["setsid", "--ctty", CTL, "top", "100"], stdin=terminal,
                               stdout=subprocess.DEVNULL)
        util.eventually(lambda: not termios.tcgetattr(given)[3] & termios.ICANON, "it reads keys")
        os.write(hold, b"xq")
        assert top.wait(timeout=util.DEADLINE) == 0
        assert termios.tcgetattr(given) == before
    os.close(hold)


def test_top_in_text(gateway, wire, counted):
    wire.exchange(SIX)
    assert gateway.show("top", "0.1", "1") == (
        " 6to4 octets/s  4to6 octets/s    packets/s  mapping\n"
        f"             0              0            0  {HOST4} {HOST6}\n")


@pytest.mark.configuration(CONFIG)
def test_top_without_counters(gateway):
    done = gateway.run(CTL, "top", check=False)
    assert (done.returncode, done.stderr) == (
        2, "nat64ctl: nothing is counted; begin with: nat64ctl set counters on\n")


@pytest.mark.parametrize("words, error", [
    (("x",), '"x" is not a number of seconds'), (("1", "0"), '"0" is not a number of times'),
    (("1", "1", "1"), 'unexpected word "1"')])
def test_wrong_words(gateway, words, error):
    done = gateway.run(CTL, "top", *words, check=False)
    assert done.returncode == 1 and error in done.stderr
