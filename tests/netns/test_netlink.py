# SPDX-License-Identifier: GPL-2.0-only
"""The netlink interface itself: what nat64ctl does not send, or does not show."""

import contextlib
import re
import threading
import time
from pathlib import Path

import netlink
import pytest
import util
from addresses import HOST4, HOST6
from netlink import CREATE, DUMP, DUMP_INTR, ECHO, EXCL, NUMBERS, REPLACE, attributes, build, named
from packet import ip4, ip6, udp
from util import CTL

NEW = CREATE | EXCL
HOST = {"addr4": HOST4, "addr6": HOST6}
OTHER = {"addr4": "192.0.2.1", "addr6": "2001:db8:9::1"}
PREFIX = {"addr": "64:ff9b::", "len": 96}

IP4 = ip4("192.0.2.1", HOST4, udp(1, 2))
IP6 = ip6(HOST6, "2001:db8:100::192.0.2.1", udp(1, 2))

pytestmark = pytest.mark.configuration(f"prefix add 2001:db8:100::/96\nadd {HOST4} {HOST6}")


@pytest.fixture
def client(gateway):
    """A socket in the gateway, through which anything may be changed."""
    gateway.loaded = None
    with gateway:
        client = netlink.Socket()
    with contextlib.closing(client):
        yield client


@pytest.fixture
def listener(gateway):
    """A socket that is told of changes."""
    with gateway:
        listener = netlink.Socket()
    listener.subscribe("config")
    with contextlib.closing(listener):
        yield listener


def listed(messages):
    """The mappings in messages, as octets, each once."""
    found = [octets for message in messages for kind, octets in attributes(message.attributes)
             if kind == NUMBERS["nat64"]["eam"]]
    assert len(found) == len(set(found))
    return set(found)


def eam(**values):
    return {**OTHER, **values}


# Refusals: nat64ctl finds most of this itself, the module all the same.

REFUSALS = [
    ("prefix-new", {}, "no translation prefix is given"),
    ("prefix-new", {"prefix": {"len": 96}}, "a translation prefix is an address and a length"),
    ("prefix-new", {"prefix": {"addr": "64:ff9b::"}},
     "a translation prefix is an address and a length"),
    ("prefix-new", {"prefix": {"addr": "64:ff9b::", "len": 95}},
     "64:ff9b::/95: the length of a translation prefix is 32, 40, 48, 56, 64 or 96 (RFC 6052)"),
    ("prefix-new", {"prefix": {"addr": "64:ff9b::1", "len": 96}},
     "64:ff9b::1/96 has bits set beyond its length"),
    ("prefix-new", {"prefix": {"addr": "2001:db8:0:0:100::", "len": 96}},
     "2001:db8:0:0:100::/96: bits 64 to 71 must be zero (RFC 6052)"),
    *(("prefix-new", {"prefix": {"addr": addr, "len": length}},
       f"{addr}/{length} cannot be a translation prefix: it is never forwarded")
      for addr, length in (("::", 96), ("ff00::", 32), ("fe80::", 64), ("::ffff:0.0.0.0", 96))),
    ("prefix-new", {"prefix": {"addr": "2001:db8:1::", "len": 48}},
     f"2001:db8:1::/48 overlaps {HOST6}/128, which is mapped to {HOST4}/32"),
    ("prefix-del", {}, "no translation prefix is given"),
    ("prefix-del", {"prefix": {"len": 96}}, "a translation prefix is an address and a length"),
    ("prefix-del", {"prefix": PREFIX}, "64:ff9b::/96 is not a translation prefix"),
    ("eam-new", {}, "no mapping is given"),
    ("eam-new", {"eam": {}}, "a mapping is an IPv4 prefix and an IPv6 prefix"),
    ("eam-new", {"eam": {"addr4": "192.0.2.1"}}, "a mapping is an IPv4 prefix and an IPv6 prefix"),
    ("eam-new", {"eam": {"addr6": "2001:db8::1"}},
     "a mapping is an IPv4 prefix and an IPv6 prefix"),
    ("eam-new", {"eam": eam(len4=33)}, "integer out of range"),
    ("eam-new", {"eam": eam(len6=129)}, "integer out of range"),
    ("eam-new", {"eam": eam(len4=24)}, "192.0.2.1/24 has bits set beyond its length"),
    ("eam-new", {"eam": eam(len6=64)}, "2001:db8:9::1/64 has bits set beyond its length"),
    ("eam-new", {"eam": eam(addr4="192.0.2.0", len4=24, addr6="2001:db8:9::", len6=121)},
     "192.0.2.0/24 leaves 8 bits, for which 2001:db8:9::/121 has only 7 (RFC 7757 section 3.2)"),
    *(("eam-new", {"eam": eam(addr4=addr)},
       f"{addr}/32 cannot be mapped: it is not for unicast beyond a host")
      for addr in ("0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255")),
    *(("eam-new", {"eam": eam(addr6=addr)},
       f"{addr}/128 cannot be mapped: it is not for unicast beyond a link")
      for addr in ("::", "::1", "fe80::1", "ff02::1", "::ffff:1.2.3.4")),
    ("eam-new", {"eam": eam(prefix={"len": 96})},
     "a translation prefix is an address and a length"),
    ("eam-new", {"eam": eam(prefix=PREFIX)}, "64:ff9b::/96 is not a translation prefix"),
    ("eam-new", {"eam": [OTHER, OTHER]},
     "192.0.2.1/32 is already mapped to 2001:db8:9::1/128"),
    ("eam-new", {"eam": [OTHER, eam(addr4="192.0.2.2")]},
     "2001:db8:9::1/128 is already mapped to 192.0.2.1/32"),
    ("eam-new", {"eam": eam(addr6="2001:db8:100::1")},
     "2001:db8:100::1/128 lies inside the translation prefix 2001:db8:100::/96"),
    ("eam-new", {"eam": eam(addr6="2001:db8:100::", len6=48)},
     "2001:db8:100::/48 contains the translation prefix 2001:db8:100::/96"),
    ("eam-new", {"staged": True, "eam": OTHER}, "this socket is not loading a configuration"),
    ("prefix-new", {"staged": True, "prefix": PREFIX},
     "this socket is not loading a configuration"),
    ("settings-set", {"staged": True, "settings": {}},
     "this socket is not loading a configuration"),
    ("load-commit", {}, "this socket is not loading a configuration"),
    ("load-abort", {}, "this socket is not loading a configuration"),
    ("eam-del", {}, "no mapping is given"),
    ("eam-del", {"eam": {}}, "a mapping is named by an IPv4 prefix or an IPv6 prefix"),
    ("eam-del", {"eam": {"addr4": HOST4, "addr6": "2001:db8::1"}},
     f"{HOST4}/32 is not mapped to 2001:db8::1/128"),
    ("eam-del", {"eam": [{"addr4": HOST4}, {"addr6": HOST6}]}, f"{HOST6}/128 is not mapped"),
    ("eam-get", {}, "no mapping is given"),
    ("eam-get", {"eam": OTHER}, "there is no such mapping"),
    ("lookup", {}, "one address is looked up at a time"),
    ("lookup", {"addr4": HOST4, "addr6": HOST6}, "one address is looked up at a time"),
    ("settings-set", {}, "no setting is given"),
    ("settings-set", {"settings": {"icmp_source4": "192.0.2.1", "icmp_source4_len": 24}},
     "icmp-source4 192.0.2.1/24 has bits set beyond its length"),
    *(("settings-set", {"settings": {"icmp_source4": addr}},
       f"icmp-source4 {addr}/32 cannot be a source") for addr in ("127.0.0.1", "224.0.0.1")),
    ("settings-set", {"settings": {"icmp_source6": "2001:db8::1", "icmp_source6_len": 64}},
     "icmp-source6 2001:db8::1/64 has bits set beyond its length"),
    *(("settings-set", {"settings": {"icmp_source6": addr}},
       f"icmp-source6 {addr}/128 cannot be a source")
      for addr in ("::1", "fe80::1", "ff02::1")),
    ("settings-set", {"settings": {"mark": 3, "mark_mask": 1}},
     "mark 0x3 has bits set outside of its mask 0x1"),
    ("settings-set", {"settings": {"icmp_source4": "192.0.2.0", "icmp_source4_len": 33}},
     "integer out of range"),
    ("settings-set", {"settings": {"icmp_source4": "0.0.0.1"}}, "icmp-source4 0.0.0.1/32 cannot be a source"),
    ("settings-set", {"settings": {"icmp_source6": "::ffff:1.2.3.4"}},
     "icmp-source6 ::ffff:1.2.3.4/128 cannot be a source"),
    ("explain", {}, "no packet is given"),
    ("explain", {"explain": {}}, "no packet is given"),
    ("explain", {"explain": {"packet": IP4, "in": 0x7fffffff}}, "there is no such device"),
    *(("explain", {"explain": {"packet": octets}}, "this is no whole IPv4 or IPv6 packet")
      for octets in (b"\x55" + IP4[1:], b"\x44" + IP4[1:], b"\x4f" + IP4[1:], IP4[:-1],
                     b"\x65" + IP4[1:], b"\x45" + IP6[1:], IP6[:-1])),
]


class Askers:
    """Threads that are refused one after another, and stay; each keeps its text for a second."""

    def __init__(self, gateway, count):
        self.texts, self.go_on = [], threading.Event()
        time.sleep(1.1)
        began = time.monotonic()
        with gateway:
            for asked in range(1, count + 1):
                threading.Thread(target=self.ask, daemon=True).start()
                util.eventually(lambda: len(self.texts) >= asked, "it is answered")
        self.seconds = time.monotonic() - began

    def ask(self):
        with contextlib.closing(netlink.Socket()) as other, pytest.raises(netlink.Refused) as refused:
            other.ask("eam-new", build("nat64", eam=HOST), NEW)
        self.texts.append(refused.value.text)
        self.go_on.wait()


def test_more_refusals_at_once_than_there_are_texts(client, gateway):
    """A text belongs to its thread until that asks again, or a second has passed."""
    said = f"{HOST4}/32 is already mapped to {HOST6}/128"
    for _ in range(5):
        askers = Askers(gateway, 17)
        try:
            if askers.seconds < 1:
                assert askers.texts == 16 * [said] + ["refused, with too many others to say why"]
                assert Askers(gateway, 1).texts == [said]
                return
        finally:
            askers.go_on.set()
    pytest.skip("17 requests take this machine more than a second")


def state(client):
    """The configuration: its hash and all settings, as octets."""
    status = named(client.ask("status-get")[0].attributes, "nat64")
    return status["digest"], client.ask("settings-get")[0].attributes


@pytest.mark.parametrize("command, values, error", REFUSALS)
def test_refusals(client, command, values, error):
    before = state(client)
    with pytest.raises(netlink.Refused) as refused:
        client.ask(command, build("nat64", **values), NEW if command == "eam-new" else 0)
    assert refused.value.text == error
    assert state(client) == before


@pytest.mark.parametrize("settings", [
    {"icmp_source4": "0.0.0.0", "icmp_source4_len": 24}, {"icmp_source4_len": 24},
    {"icmp_source6": "::", "icmp_source6_len": 64}, {"icmp_source6_len": 64}], ids=str)
def test_a_pool_of_no_address_has_no_length(client, settings):
    """Whatever length is given, the settings are what they were."""
    before = state(client)
    client.ask("settings-set", build("nat64", settings=settings))
    assert state(client) == before


@pytest.mark.configuration("prefix add 2001:db8:64::/64")
@pytest.mark.parametrize("addr6, found", [("2001:db8:64:0:c6:3364:200::", b"\xc6\x33\x64\2"),
                                          ("2001:db8:64:0:100::", None)])
def test_a_lookup_of_what_embeds_nothing(client, addr6, found):
    """RFC 6052 section 2.2: bits 64 to 71."""
    if found:
        answer = named(client.ask("lookup", build("nat64", addr6=addr6))[0].attributes, "nat64")
        assert (answer["family"], answer["addr4"]) == (b"\4", found)
        return
    with pytest.raises(netlink.Refused) as refused:
        client.ask("lookup", build("nat64", addr6=addr6))
    assert refused.value.text == "bits 64 to 71 of the address are not zero (RFC 6052)"


@pytest.mark.configuration("prefix add 64:ff9b::/96")
def test_a_lookup_of_what_the_well_known_prefix_does_not_carry(client):
    """RFC 6052 section 3.1."""
    for asked in ({"addr4": "192.168.1.1"}, {"addr6": "64:ff9b::192.168.1.1"}):
        with pytest.raises(netlink.Refused) as refused:
            client.ask("lookup", build("nat64", **asked))
        assert refused.value.text == ("64:ff9b::/96 does not carry this IPv4 address, "
                                      "which is not global (wkp-strict)")


def test_a_mapping_is_neither_added_nor_replaced_unless_asked(client):
    for flags, error in ((0, "neither NLM_F_CREATE nor NLM_F_REPLACE is given"),
                         (EXCL, "neither NLM_F_CREATE nor NLM_F_REPLACE is given"),
                         (REPLACE, "192.0.2.1/32 is not mapped"),
                         # Together they are NLM_F_DUMP.
                         (EXCL | REPLACE, ""), (CREATE | EXCL | REPLACE, "")):
        with pytest.raises(netlink.Refused) as refused:
            client.ask("eam-new", build("nat64", eam=OTHER), flags)
        assert refused.value.text == error
    client.ask("eam-new", build("nat64", eam=HOST), REPLACE)


@pytest.mark.parametrize("addr4, addr6, inside", [
    ("192.0.0.0", "2001:db8:6::", None),
    ("203.0.112.0", "2001:db8:6::", f"203.0.112.0/21 contains {HOST4}/32, which is mapped to {HOST6}/128"),
    ("192.0.0.0", "2001:db8:1::", f"2001:db8:1::/117 contains {HOST6}/128, which is mapped to {HOST4}/32")])
def test_a_network_beside_many_mappings(client, addr4, addr6, inside):
    """Each address of it is looked up, as there are more mappings than it has addresses."""
    fill(client, 3000)
    network = build("nat64", eam={"addr4": addr4, "len4": 21, "addr6": addr6, "len6": 117})
    if inside:
        with pytest.raises(netlink.Refused) as refused:
            client.ask("eam-new", network, NEW)
        assert refused.value.text == inside
    else:
        client.ask("eam-new", network, NEW)
    assert len(listed(client.dump("eam-get"))) == (3001 if inside else 3002)


NETWORK4 = {"addr4": "203.0.113.0", "len4": 24, "addr6": "2001:db8:5::", "len6": 120}
NETWORK6 = {"addr4": "192.0.3.0", "len4": 24, "addr6": "2001:db8:1::", "len6": 120}


@pytest.mark.parametrize("many", [0, 3000], ids=["", "beside many"])
@pytest.mark.parametrize("takes, network", [({"addr4": "192.0.2.1", "addr6": HOST6}, NETWORK4),
                                            ({"addr4": HOST4, "addr6": "2001:db8:9::1"}, NETWORK6)], ids=["IPv4", "IPv6"])
def test_a_network_in_the_place_of_a_mapping_that_moves_away(client, takes, network, many):
    """Which is gone as soon as a mapping in front, in the same message, has one of its addresses."""
    fill(client, many)
    with pytest.raises(netlink.Refused, match="which is mapped to"):
        client.ask("eam-new", build("nat64", eam=[network, takes]), CREATE | REPLACE)
    client.ask("eam-new", build("nat64", eam=[takes, network]), CREATE | REPLACE)
    assert len(listed(client.dump("eam-get"))) == many + 2


@pytest.mark.parametrize("command, good, bad", [
    ("eam-new", OTHER, HOST), ("eam-del", HOST, OTHER)])
@pytest.mark.parametrize("place", [0, 1, 1500, 2999])
def test_the_mapping_at_fault_is_named(client, command, good, bad, place):
    """By its place in the message; and of 3000 mappings all or none are added or deleted."""
    rows = [{"addr4": f"10.0.{n >> 8}.{n & 255}", "addr6": f"2001:db8:7::{n:x}"}
            for n in range(3000)]
    if command == "eam-del":
        client.ask("eam-new", build("nat64", eam=rows), NEW)
    before = state(client)
    rows[place] = bad
    head = build("nat64", eam=rows[:place])
    with pytest.raises(netlink.Refused) as refused:
        client.ask(command, build("nat64", eam=rows), NEW if command == "eam-new" else 0)
    assert refused.value.offset == netlink.HEADER.size + netlink.GENERIC.size + len(head)
    assert state(client) == before
    rows[place] = good
    client.ask(command, build("nat64", eam=rows), NEW if command == "eam-new" else 0)
    assert len(listed(client.dump("eam-get"))) == (3001 if command == "eam-new" else 1)


def test_a_load_that_is_never_ended(client, gateway):
    """Its owner is named, and gives way to who insists."""
    with gateway:
        owner = netlink.Socket()
    with contextlib.closing(owner):
        owner.ask("load-begin")
        owner.ask("eam-new", build("nat64", staged=True, eam=OTHER), NEW)
        comm = Path("/proc/self/comm").read_text().strip()
        with pytest.raises(netlink.Refused) as refused:
            client.ask("load-begin")
        assert re.fullmatch(rf"another configuration is being loaded, by {comm} \(socket \d+\)",
                            refused.value.text)
        client.ask("load-begin", build("nat64", force=True))
        for command in ("load-commit", "load-abort"):
            with pytest.raises(netlink.Refused) as refused:
                owner.ask(command)
            assert refused.value.text == "this socket is not loading a configuration"
    client.ask("load-commit")
    assert listed(client.dump("eam-get")) == set()


# Dumps.

def fill(client, count):
    rows = [{"addr4": f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}", "addr6": f"2001:db8:7::{n:x}"}
            for n in range(count)]
    for start in range(0, count, 3000):
        client.ask("eam-new", build("nat64", eam=rows[start:start + 3000]), NEW)


@pytest.mark.parametrize("change", [
    None, ("eam-new", {"eam": OTHER}, NEW), ("eam-del", {"eam": HOST}), ("eam-flush", {}),
    ("eam-new", {"eam": {**HOST, "addr6": "2001:db8:9::1"}}, CREATE | REPLACE),
    ("prefix-new", {"prefix": PREFIX}), ("settings-set", {"settings": {"tos": 1}})])
def test_a_listing_knows_that_something_changed(client, gateway, change):
    """It is of one moment, or NLM_F_DUMP_INTR says that it is not."""
    fill(client, 3000)
    with gateway:
        other = netlink.Socket()
    client.send(client.message("eam-get", flags=DUMP))
    messages = list(client.receive())
    assert not any(message.is_last for message in messages)
    if change:
        other.ask(change[0], build("nat64", **change[1]), *change[2:])
    other.close()
    messages += client.answers(client.seq)
    assert any(message.flags & DUMP_INTR for message in messages) == bool(change)
    if not change:
        assert len(listed(messages[:-1])) == 3001


def test_a_listing_whose_table_has_been_replaced_twice(client, gateway):
    """It ends, and one of the table in place is whole."""
    fill(client, 3000)
    with gateway:
        other = netlink.Socket()
    client.send(client.message("eam-get", flags=DUMP))
    messages = list(client.receive())
    for _ in range(2):
        other.ask("eam-flush")
        other.ask("eam-new", build("nat64", eam=OTHER), NEW)
    other.close()
    messages += client.answers(client.seq)
    assert any(message.flags & DUMP_INTR for message in messages)
    assert len(listed(client.dump("eam-get"))) == 1


def test_a_listing_meets_a_table_that_grows(client, gateway):
    """It begins again where the larger one does, and says so."""
    fill(client, 3000)
    with gateway:
        other = netlink.Socket()
    client.send(client.message("eam-get", flags=DUMP))
    messages = list(client.receive())
    rows = [{"addr4": f"11.{n >> 16}.{n >> 8 & 255}.{n & 255}", "addr6": f"2001:db8:8::{n:x}"} for n in range(20000)]
    for at in range(0, len(rows), 1000):
        other.ask("eam-new", build("nat64", eam=rows[at:at + 1000]), NEW)
    other.close()
    messages += client.answers(client.seq)
    assert any(message.flags & DUMP_INTR for message in messages)
    before = {octets for message in messages[:-1] for kind, octets in attributes(message.attributes)
              if kind == NUMBERS["nat64"]["eam"]}
    assert before <= listed(client.dump("eam-get"))


def test_refused_changes_disturb_no_listing(client, gateway):
    fill(client, 3000)
    with gateway:
        other = netlink.Socket()
    client.send(client.message("eam-get", flags=DUMP))
    messages = list(client.receive())
    with pytest.raises(netlink.Refused):
        other.ask("eam-new", build("nat64", eam=[OTHER, HOST]), NEW)
    other.close()
    messages += client.answers(client.seq)
    assert not any(message.flags & DUMP_INTR for message in messages)


@pytest.mark.parametrize("command", ["eam-get", "use-get"])
def test_a_listing_is_whole_whatever_room_a_message_has(client, gateway, wire, command):
    """As much as what its reader asks for: its last mapping fits, or not, or only in part."""
    fill(client, 150)
    client.ask("settings-set", build("nat64", settings={"counters": 1}))
    wire.exchange(*(ip4("192.0.2.1", f"10.0.0.{n}", udp(1, 2)) for n in range(150)))
    whole = listed(client.dump(command))
    assert len(whole) == (151 if command == "eam-get" else 150)
    for room in range(4096, 4096 + 200, 4):
        with gateway:
            reader = netlink.Socket(room=room)
        with contextlib.closing(reader):
            assert listed(reader.dump(command)) == whole


@pytest.mark.parametrize("inside, wanted", [
    ({}, 4), ({"addr4": "10.0.0.0", "len4": 8}, 2), ({"addr4": "10.0.0.1"}, 1),
    ({"addr4": "10.0.0.0", "len4": 32}, 0), ({"addr4": "0.0.0.0", "len4": 0}, 4),
    ({"addr6": "2001:db8:7::", "len6": 48}, 3), ({"addr6": "2001:db8:7::2"}, 1),
    ({"addr6": "2001:db8:7::", "len6": 64}, 2), ({"addr6": "2001:db8:7:1::", "len6": 120}, 1),
    ({"addr6": "2001:db8:7:1::"}, 0),
    ({"addr4": "10.0.0.0", "len4": 8, "addr6": "2001:db8:7::1"}, 1)])
def test_listings_of_a_part(client, inside, wanted):
    """Mappings all of which lies inside; bits of the filter behind its length do not count."""
    client.ask("eam-new", build("nat64", eam=[
        {"addr4": "10.0.0.1", "addr6": "2001:db8:7::1"},
        {"addr4": "10.0.0.2", "addr6": "2001:db8:7::2"},
        {"addr4": "192.0.2.0", "len4": 24, "addr6": "2001:db8:7:1::", "len6": 120}]), NEW)
    octets = build("nat64", eam=inside) if inside else b""
    assert len(listed(client.dump("eam-get", octets))) == wanted


@pytest.mark.parametrize("inside", [{"addr4": "10.0.0.0", "len4": 33},
                                    {"addr6": "2001:db8::", "len6": 129}])
def test_listings_of_no_part(client, inside):
    with pytest.raises(netlink.Refused, match="integer out of range"):
        client.dump("eam-get", build("nat64", eam=inside))


def test_a_listing_that_is_given_up(client, gateway):
    """Its socket closes in the middle of it; nothing is left behind."""
    fill(client, 3000)
    for _ in range(5):
        with gateway:
            other = netlink.Socket()
        other.send(other.message("eam-get", flags=DUMP))
        next(other.receive())
        other.close()
    assert len(listed(client.dump("eam-get"))) == 3001


# Notifications.

def heard(listener, client):
    """What the listener was told so far: commands, flags and attributes."""
    client.ask("stats-reset")
    events = []
    while True:
        for message in listener.receive():
            command = message.payload[0]
            if command == netlink.OPS["stats-reset"]:
                return events
            events.append((command, message.flags, message.attributes))


def test_all_of_a_request_is_told(client, listener):
    """In as many messages as it takes, in the order of the request."""
    rows = [{"addr4": f"10.0.{n >> 8}.{n & 255}", "len4": 32, "addr6": f"2001:db8:7::{n:x}",
             "len6": 128} for n in range(1000)]
    client.ask("eam-new", build("nat64", eam=rows), NEW)
    events = heard(listener, client)
    assert len(events) > 1
    assert {(command, flags) for command, flags, _ in events} == {(netlink.OPS["eam-new"], NEW)}
    assert b"".join(octets for *_, octets in events) == build("nat64", eam=rows)
    client.ask("eam-del", build("nat64", eam=rows[:2]))
    assert [(command, octets) for command, _, octets in heard(listener, client)] == [
        (netlink.OPS["eam-del"], build("nat64", eam=rows[:2]))]


@pytest.mark.parametrize("command, values", [
    ("eam-new", {"eam": [OTHER, HOST]}), ("eam-del", {"eam": [HOST, OTHER]}),
    ("prefix-new", {"prefix": {"addr": "2001:db8:100::", "len": 96}}),
    ("prefix-del", {"prefix": PREFIX}), ("settings-set", {"settings": {"mark": 3, "mark_mask": 1}}),
    ("load-commit", {})])
def test_what_is_refused_is_not_told(client, listener, command, values):
    with pytest.raises(netlink.Refused):
        client.ask(command, build("nat64", **values), NEW if command == "eam-new" else 0)
    assert heard(listener, client) == []


@pytest.mark.parametrize("command, values", [
    ("settings-set", {"settings": {"hairpin": 1}}),
    ("prefix-new", {"prefix": {"addr": "2001:db8:100::", "len": 96, "primary": True}})])
def test_what_changes_nothing_is_not_told(client, listener, command, values):
    client.ask(command, build("nat64", **values))
    assert heard(listener, client) == []
    client.ask("eam-flush")
    heard(listener, client)
    client.ask("eam-flush")
    assert heard(listener, client) == []


def test_a_load_is_told_once(gateway, client, listener):
    """With its digest; not while it is being prepared, and not if it is what stands already."""
    for expected in (1, 0):
        client.ask("load-begin")
        client.ask("eam-new", build("nat64", staged=True, eam=OTHER), NEW)
        assert heard(listener, client) == []
        answer, = client.ask("load-commit")
        events = heard(listener, client)
        assert [command for command, *_ in events] == [netlink.OPS["load-commit"]] * expected
        for *_, octets in events:
            told, answered = named(octets, "nat64"), named(answer.attributes, "nat64")
            assert (told["count"], told["digest"]) == (answered["count"], answered["digest"])


def test_the_primary_prefix_that_takes_over_is_told(client, listener):
    client.ask("prefix-new", build("nat64", prefix=PREFIX))
    client.ask("prefix-del", build("nat64", prefix={"addr": "2001:db8:100::", "len": 96}))
    assert [(command, octets) for command, _, octets in heard(listener, client)] == [
        (netlink.OPS["prefix-new"], build("nat64", prefix=PREFIX)),
        (netlink.OPS["prefix-del"], build("nat64", prefix={"addr": "2001:db8:100::", "len": 96})),
        (netlink.OPS["prefix-new"], build("nat64", prefix={**PREFIX, "primary": True}))]


def test_echo(client):
    """Who asks for it is told of its own change, subscribed or not."""
    answers = client.ask("eam-new", build("nat64", eam=OTHER), NEW | ECHO)
    assert [named(answer.attributes, "nat64").keys() for answer in answers] == [{"eam"}]


def test_namespaces_are_apart(net, client, listener):
    net.v6.run(CTL, "add", "192.0.2.9", "2001:db8:9::9")
    assert heard(listener, client) == []
    assert len(listed(client.dump("eam-get"))) == 1
    net.v6.run(CTL, "flush")
