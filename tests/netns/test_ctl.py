# SPDX-License-Identifier: GPL-2.0-only
"""nat64ctl against the module: what it prints, returns and changes."""

import contextlib
import datetime
import json
import os
import re
import select
import subprocess
import sys

import kmod
import pytest
import settings
import util
from addresses import CONFIG, REAL6_MAPPED, WHOLE
from util import CTL, TOP

sys.path.insert(0, str(TOP / "tests/lib"))
import json_schema  # noqa: E402

pytestmark = pytest.mark.configuration("")

REFUSED = 2


# Prefixes.

def test_prefixes(ctl, asked):
    assert ctl("prefix add 64:ff9b::/96") == ""
    assert ctl("prefix list") == "64:ff9b::/96 primary\n"
    ctl("prefix add 2001:db8:64::/64")
    ctl("prefix add 2001:db8::/40 primary")
    assert ctl("prefix list") == ("64:ff9b::/96\n2001:db8::/40 primary\n2001:db8:64::/64\n")
    assert asked("prefix list") == {"prefixes": [
        {"prefix": "64:ff9b::/96", "primary": False},
        {"prefix": "2001:db8::/40", "primary": True},
        {"prefix": "2001:db8:64::/64", "primary": False}]}
    ctl("prefix add 2001:db8:64::/64 primary")
    ctl("prefix del 2001:db8::/40")
    assert ctl("p l") == "64:ff9b::/96\n2001:db8:64::/64 primary\n"


def test_a_prefix_that_goes_gives_up_being_primary(ctl):
    ctl("prefix add 64:ff9b::/96")
    ctl("prefix add 2001:db8:64::/64")
    ctl("prefix del 64:ff9b::/96")
    assert ctl("prefix list") == "2001:db8:64::/64 primary\n"


def test_the_prefix_that_was_added_first_becomes_primary(ctl):
    """Not the longest one."""
    for prefix in ("2001:db8:64::/64", "64:ff9b::/96", "2001:db8:65::/64 primary"):
        ctl(f"prefix add {prefix}")
    ctl("prefix del 2001:db8:65::/64")
    assert ctl("prefix list") == "64:ff9b::/96\n2001:db8:64::/64 primary\n"


@pytest.mark.configuration("prefix add 64:ff9b::/96", "prefix add 2001:db8:64::/64",
                           "add 203.0.113.10 2001:db8:1::10 prefix 64:ff9b::/96")
def test_refused_prefixes(refused):
    refused("prefix add 64:ff9b::/96", "64:ff9b::/96 is a translation prefix already")
    refused("prefix del 2001:db8:64::/96", "2001:db8:64::/96 is not a translation prefix")
    refused("prefix del 64:ff9b::/96", "64:ff9b::/96 is the prefix of mappings, 1 of them")
    refused("prefix add 2001:db8:1::/48",
            "2001:db8:1::/48 overlaps 2001:db8:1::10/128, which is mapped to 203.0.113.10/32")


@pytest.mark.configuration("add 203.0.113.10 2001:db8:1::10")
def test_a_prefix_over_a_mapping_is_forced(ctl):
    ctl("-f prefix add 2001:db8:1::/48")
    assert ctl("save") == ("prefix add 2001:db8:1::/48 primary\n"
                           "add 203.0.113.10 2001:db8:1::10 force\n")


@pytest.mark.configuration(*(f"prefix add 2001:db8:{n:x}::/48" for n in range(16)))
def test_too_many_prefixes(refused):
    refused("prefix add 64:ff9b::/96", "there are 16 translation prefixes already, the limit")


# Mappings.

def test_mappings(ctl, asked):
    ctl("prefix add 2001:db8:64::/64")
    ctl("add 203.0.113.10 2001:db8:1::10")
    ctl("add 203.0.113.9/32 2001:db8:1::9/128 prefix 2001:db8:64::/64")
    ctl("add 198.51.100.0/24 2001:db8:2::/56")
    assert ctl("list") == ("198.51.100.0/24 2001:db8:2::/56\n"
                           "203.0.113.9 2001:db8:1::9 prefix 2001:db8:64::/64\n"
                           "203.0.113.10 2001:db8:1::10\n")
    assert asked("list 203.0.113.0/24") == {"mappings": [
        {"ipv4": "203.0.113.9/32", "ipv6": "2001:db8:1::9/128", "prefix": "2001:db8:64::/64"},
        {"ipv4": "203.0.113.10/32", "ipv6": "2001:db8:1::10/128"}]}
    assert ctl("list 2001:db8:2::/48") == "198.51.100.0/24 2001:db8:2::/56\n"
    assert ctl("list 203.0.113.10") == "203.0.113.10 2001:db8:1::10\n"
    assert ctl("list 198.51.100.1") == ""
    ctl("del 203.0.113.9")
    ctl("del 2001:db8:2::/56")
    assert ctl("list") == "203.0.113.10 2001:db8:1::10\n"
    ctl("replace 203.0.113.10 2001:db8:1::11")
    ctl("replace 203.0.113.11 2001:db8:1::11")
    ctl("replace 203.0.113.12 2001:db8:1::12")
    assert ctl("list") == "203.0.113.11 2001:db8:1::11\n203.0.113.12 2001:db8:1::12\n"
    assert ctl("flush") == ""
    assert ctl("list") == ""
    assert asked("list") == {"mappings": []}


@pytest.mark.configuration("prefix add 64:ff9b::/96",
                           "add 203.0.113.10 2001:db8:1::10",
                           "add 198.51.100.0/24 2001:db8:2::/56")
@pytest.mark.parametrize("words, error", [
    ("add 203.0.113.10 2001:db8:1::11",
     "203.0.113.10/32 is already mapped to 2001:db8:1::10/128"),
    ("-f add 203.0.113.10 2001:db8:1::11",
     "203.0.113.10/32 is already mapped to 2001:db8:1::10/128"),
    ("add 203.0.113.11 2001:db8:1::10",
     "2001:db8:1::10/128 is already mapped to 203.0.113.10/32"),
    ("add 203.0.113.0/24 2001:db8:3::/64",
     "203.0.113.0/24 contains 203.0.113.10/32, which is mapped to 2001:db8:1::10/128"),
    ("add 198.51.100.1 2001:db8:3::1",
     "198.51.100.1/32 lies inside 198.51.100.0/24, which is mapped to 2001:db8:2::/56"),
    ("add 192.0.2.1 2001:db8:2::1",
     "2001:db8:2::1/128 lies inside 2001:db8:2::/56, which is mapped to 198.51.100.0/24"),
    ("add 192.0.2.1 64:ff9b::1",
     "64:ff9b::1/128 lies inside the translation prefix 64:ff9b::/96"),
    ("add 192.0.2.1 2001:db8:3::1 prefix 64:ff9b:1::/96",
     "64:ff9b:1::/96 is not a translation prefix"),
    ("del 192.0.2.1", "192.0.2.1/32 is not mapped"),
    ("del 203.0.113.0/24", "203.0.113.0/24 is not mapped"),
    ("del 2001:db8:1::11", "2001:db8:1::11/128 is not mapped"),
])
def test_refused_mappings(refused, words, error):
    refused(words, error)


@pytest.mark.configuration("add 0.0.0.0/0 2001:db8:ff00::/40")
def test_inside_of_all_addresses(refused):
    refused("add 203.0.113.10 2001:db8:1::10",
            "203.0.113.10/32 lies inside 0.0.0.0/0, which is mapped to 2001:db8:ff00::/40")


@pytest.mark.configuration("add 203.0.113.0/24 2001:db8:2::/64")
def test_overlaps_are_forced(ctl):
    ctl("-f add 203.0.113.10 2001:db8:1::10")
    ctl("add 203.0.113.11 2001:db8:1::11 force")
    assert ctl("list") == ("203.0.113.0/24 2001:db8:2::/64\n203.0.113.10 2001:db8:1::10\n"
                           "203.0.113.11 2001:db8:1::11\n")


@pytest.mark.configuration("add 203.0.113.0/25 2001:db8:1::/120")
def test_a_longer_prefix_with_the_same_hosts_overlaps_nothing(ctl):
    """It is what the new mapping takes the place of."""
    ctl("replace 203.0.113.0/24 2001:db8:1::/120")
    assert ctl("list") == "203.0.113.0/24 2001:db8:1::/120\n"


@pytest.mark.configuration("add 203.0.113.1 2001:db8:1::1", "add 203.0.113.2 2001:db8:1::2")
def test_limit(refused):
    with kmod.parameter("max_mappings", 2):
        refused("add 203.0.113.3 2001:db8:1::3",
                "there are 2 mappings already, the limit (module parameter max_mappings)")


@pytest.mark.configuration("prefix add 2001:db8:64::/96", "prefix add 64:ff9b::/96",
                           "add 203.0.113.10 2001:db8:1::10",
                           "add 198.51.100.0/24 2001:db8:2::/56")
def test_lookup(ctl, asked, refused):
    assert ctl("lookup 203.0.113.10") == (
        "203.0.113.10 becomes 2001:db8:1::10 by mapping 203.0.113.10 2001:db8:1::10\n")
    assert asked("lookup 2001:db8:2:7f::1") == {
        "address": "2001:db8:2:7f::1", "translated": "198.51.100.127",
        "mapping": {"ipv4": "198.51.100.0/24", "ipv6": "2001:db8:2::/56"}}
    assert ctl("lookup 192.0.2.1") == (
        "192.0.2.1 becomes 2001:db8:64::c000:201 by prefix 2001:db8:64::/96 primary\n")
    assert asked("lookup 64:ff9b::808:808") == {
        "address": "64:ff9b::808:808", "translated": "8.8.8.8",
        "prefix": {"prefix": "64:ff9b::/96", "primary": False}}
    refused("lookup 64:ff9b::a00:1", "64:ff9b::/96 does not carry this IPv4 address, which is "
                                     "not global (wkp-strict)")
    refused("lookup 2001:db8:3::1",
            "the address lies in no mapping and in no translation prefix")


@pytest.mark.configuration("prefix add 2001:db8:64::/96", "add 10.0.0.0/8 2001:db8::/96",
                           "add 0.0.0.0/0 2001:db8:ff00::/40")
@pytest.mark.parametrize("address", ["0.0.0.0", "127.0.0.1", "224.0.0.1", "240.0.0.1",
                                     "255.255.255.255"])
def test_lookup_of_what_is_no_address_of_a_host(refused, address):
    """Packets with it are refused, whatever the table says."""
    error = f"{address} is not translated: it is not for unicast beyond a host"
    refused(f"lookup {address}", error)
    refused(f"lookup 2001:db8:64::{address}", error)


# Settings.

def test_settings(ctl, asked):
    assert ctl("get") == settings.ALL_DEFAULTS
    assert asked("get") == {"settings": {
        setting.name: setting.json(setting.default) for setting in settings.SETTINGS.values()}}


@pytest.mark.parametrize("key, value, shown", [
    *((key, word, word) for key, words in settings.WORDS.items() for word in words
      if word != settings.DEFAULTS[key]), ("lowest-ipv6-mtu", "65535", "65535"),
    ("tos", "0x10", "16"), ("tos", "0", "0"), ("traffic-class", "255", "255"),
    ("icmp-source4", "192.0.2.1", "192.0.2.1"), ("icmp-source4", "192.0.2.0/24", "192.0.2.0/24"),
    ("icmp-source6", "2001:db8::/64", "2001:db8::/64"), ("mark", "17", "0x11"),
    ("mark", "0x10/0xf0", "0x10/0xf0"), ("mark", "0/1", "0x0/0x1")])
def test_each_setting(ctl, key, value, shown):
    default = re.search(f"^{key} (.*)$", settings.ALL_DEFAULTS, re.M)[1]
    assert ctl("-b -", input=f"set {key} {value}\nget {key}\nsave\n") == (
        f"{shown}\nset {key} {shown}\n")
    assert ctl("-b -", input=f"set {key} {default}\nget\nsave\n") == settings.ALL_DEFAULTS


# State.

def test_status(ctl, asked):
    version = util.run(CTL, "-V").stdout.split()[1]
    assert re.fullmatch(f"""\
state       off
module      {version}
nat64ctl    {version}
prefixes    none
mappings    0 of at most [0-9]+
digest      0000000000000000
generation  [0-9]+
routes      listed
""", ctl("status"))
    ctl("load -", input=WHOLE)
    status = ctl("status").splitlines()
    assert status[0] == "state       on"
    assert status[3:5] == ["prefixes    64:ff9b::/96", "            2001:db8:64::/64 primary"]
    status = asked("status")
    assert status["state"] == "on" and status["mappings"] == 4
    assert status["prefixes"] == asked("prefix list")["prefixes"]


@pytest.mark.configuration(CONFIG)
def test_stats(gateway, ctl, asked):
    ctl("stats reset")
    stats = asked("stats")["stats"]
    assert set(stats.values()) == {0}
    gateway.run("ping", "-c", "1", "-W", "1", REAL6_MAPPED)
    stats = asked("stats")["stats"]
    assert sum(stats.values())
    lines = ctl("stats").splitlines()
    assert {len(line) for line in lines} == {len(lines[0])}
    assert {line.split()[0]: int(line.split()[1]) for line in lines} == stats
    ctl("stats reset")
    assert set(asked("stats")["stats"].values()) == {0}


@pytest.fixture
def monitor(gateway):
    """Starts nat64ctl monitor; returns a function that returns the next line it prints."""
    with contextlib.ExitStack() as stack:
        def start(*options, behind=()):
            process = stack.enter_context(gateway.start(
                CTL, *options, "monitor", *behind, stdout=subprocess.PIPE, text=True))
            stack.callback(process.terminate)

            def hears():
                gateway.ctl("stats", "reset")
                return select.select([process.stdout], [], [], 0.1)[0]

            def line():
                """Past the events by which it was found out that it listens."""
                text = process.stdout.readline()
                return line() if "stats reset" in text else text

            util.eventually(hears, "monitor listens")
            return line
        yield start


def test_monitor(ctl, monitor):
    line, json_line = monitor(), monitor("-j")
    for words, event, as_json in (
            ("prefix add 64:ff9b::/96", "prefix add 64:ff9b::/96 primary",
             {"event": "prefix add", "prefix": {"prefix": "64:ff9b::/96", "primary": True}}),
            ("add 203.0.113.10 2001:db8:1::10", "add 203.0.113.10 2001:db8:1::10",
             {"event": "add", "mapping": {"ipv4": "203.0.113.10/32",
                                          "ipv6": "2001:db8:1::10/128"}}),
            ("replace 203.0.113.10 2001:db8:1::11", "replace 203.0.113.10 2001:db8:1::11",
             {"event": "replace", "mapping": {"ipv4": "203.0.113.10/32",
                                              "ipv6": "2001:db8:1::11/128"}}),
            ("del 203.0.113.10", "del 203.0.113.10 2001:db8:1::11",
             {"event": "del", "mapping": {"ipv4": "203.0.113.10/32",
                                          "ipv6": "2001:db8:1::11/128"}}),
            ("set tos 1", "set tos 1", {"event": "set", "setting": "tos", "value": 1}),
            ("set hairpin off", "set hairpin off",
             {"event": "set", "setting": "hairpin", "value": False}),
            ("prefix del 64:ff9b::/96", "prefix del 64:ff9b::/96",
             {"event": "prefix del", "prefix": {"prefix": "64:ff9b::/96", "primary": False}})):
        ctl(words)
        assert line() == event + "\n"
        assert json.loads(json_line()) == {"schema": 1, **as_json}
    ctl("load -", input=WHOLE)
    assert re.fullmatch("load 4 mappings, digest [0-9a-f]{16}\n", line())
    assert [line() for _ in range(4)] == ["set tos 0\n", "set icmp-source4 192.0.2.0/24\n",
                                          "set hairpin on\n", "set mark 0x10/0xff\n"]
    ctl("flush")
    assert line() == "flush\n"
    ctl("load -", input=WHOLE)
    assert line().startswith("load ")
    ctl("set hairpin off")
    ctl("flush")
    assert [line(), line()] == ["set hairpin off\n", "flush\n"]


def test_monitor_with_times(ctl, monitor):
    line, json_line = monitor(behind=("-t",)), monitor("-j", "-t")
    before = datetime.datetime.now(datetime.timezone.utc)
    ctl("set tos 1")
    time, words = line().split(" ", 1)
    assert words == "set tos 1\n"
    assert before <= datetime.datetime.fromisoformat(time)
    text = json_line()
    json_schema.check("monitor", text)
    assert before <= datetime.datetime.fromisoformat(json.loads(text)["time"])


# Batches, privilege, consistency.

def test_batch(ctl, gateway):
    ctl("-b -", input="prefix add 64:ff9b::/96\n# comment\n\nadd 203.0.113.10 2001:db8:1::10\n")
    assert ctl("save") == ("prefix add 64:ff9b::/96 primary\nadd 203.0.113.10 2001:db8:1::10\n")
    text = "add 203.0.113.11 2001:db8:1::11\nadd 203.0.113.10 ::2:2\nflush\nlist\n"
    done = gateway.ctl("-b", "-", input=text, check=False)
    error = "<stdin>:2: 203.0.113.10/32 is already mapped to 2001:db8:1::10/128\n"
    assert (done.stderr, done.returncode) == (error, REFUSED)
    assert ctl("list") == "203.0.113.10 2001:db8:1::10\n203.0.113.11 2001:db8:1::11\n"
    done = gateway.ctl("-f", "-b", "-", input=text[32:], check=False)
    assert (done.stderr, done.returncode, done.stdout) == (error.replace(":2:", ":1:"), REFUSED, "")
    assert ctl("list") == ""


def test_who_may_do_what(gateway):
    gateway.configure(WHOLE)

    def ask(*words):
        return gateway.run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                           "--inh-caps=-all", CTL, *words, check=False)
    util.need("setpriv")
    for words in ("save", "list", "prefix list", "get", "status", "stats", "lookup 203.0.113.10"):
        assert ask(*words.split()).stdout == gateway.show(*words.split())
    for words in ("flush", "add 192.0.2.1 2001:db8::1", "del 203.0.113.10", "set tos 1",
                  "prefix del 64:ff9b::/96", "load /dev/null", "stats reset"):
        done = ask(*words.split())
        assert (done.stderr, done.returncode) == (
            "nat64ctl: Operation not permitted: changes need CAP_NET_ADMIN\n", REFUSED)
    assert gateway.show("save") == WHOLE


def test_netns_option(gateway, ctl):
    ctl("load -", input=WHOLE)
    assert util.run(CTL, "-n", gateway.name, "save").stdout == WHOLE
    assert util.run(CTL, "-n", f"/run/netns/{gateway.name}", "save").stdout == WHOLE


def test_listing_while_the_table_changes(gateway, ctl):
    """A listing is one of some moment, or it says that it is not."""
    ctl("load -", input="".join(f"add 192.0.{i >> 8}.{i & 255} 2001:db8::{i:x}\n"
                                for i in range(1, 3000)))
    usual = ctl("list").splitlines()
    churn = "add 203.0.113.1 2001:db8:1::1\ndel 203.0.113.1\n" * 3000
    read, write = os.pipe()
    with gateway.start(CTL, "-b", "-", stdin=read) as batch, os.fdopen(write, "w") as pipe:
        os.close(read)
        pipe.write(churn[:4096])
        for _ in range(5):
            done = gateway.run(CTL, "list", check=False)
            if done.returncode:
                assert done.stderr == ("nat64ctl: the configuration kept changing while it was "
                                       "read; try again\n")
                continue
            rows = done.stdout.splitlines()
            assert [row for row in rows if not row.startswith("203.")] == usual
            assert len(rows) - len(usual) in (0, 1)
        pipe.write(churn[4096:])
        pipe.close()
        assert batch.wait(60) == 0


def test_no_leaks(gateway, tmp_path):
    util.need("valgrind")
    file = tmp_path / "nat64.conf"
    file.write_text(WHOLE)
    batch = "\n".join((f"load {file}", "save", "list", "prefix list", f"diff {file}", "status",
                       "lookup 203.0.113.10", "stats", "add 203.0.113.10 2001:db8::1", "get",
                       "flush", f"diff {file}", f"load {file}"))
    gateway.loaded = None
    done = gateway.run("valgrind", "-q", "--leak-check=full", "--error-exitcode=99",
                       CTL, "-jf", "-b", "-", input=batch, check=False)
    assert done.returncode == REFUSED, done.stderr
