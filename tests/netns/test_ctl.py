# SPDX-License-Identifier: GPL-2.0
"""nat64ctl against the module: what it prints, returns and changes."""

import contextlib
import ipaddress
import json
import os
import random
import re
import select
import subprocess
import sys

import kmod
import netlink
import pytest
import settings
import util
from addresses import CONFIG, REAL6_MAPPED
from util import CTL, TOP

sys.path.insert(0, str(TOP / "tests/fuzz"))
import inputs  # noqa: E402

pytestmark = pytest.mark.configuration("")

REFUSED = 2


@pytest.fixture
def ctl(gateway):
    """Runs nat64ctl and returns what it printed; fails unless it succeeds without a word."""
    def run(*words, **how):
        __tracebackhide__ = True
        done = gateway.ctl(*" ".join(map(str, words)).split(), **how)
        assert done.stderr == ""
        return done.stdout
    return run


@pytest.fixture
def refused(gateway):
    """Runs nat64ctl, which must be refused with these words and change nothing."""
    def run(words, error, status=REFUSED, place="nat64ctl", **how):
        __tracebackhide__ = True
        def state():
            return gateway.show("-b", "-", input="save\nstatus\n")
        before = state()
        done = gateway.ctl(*words.split(), check=False, **how)
        assert (done.stderr, done.returncode, done.stdout) == (f"{place}: {error}\n", status, "")
        assert state() == before
    return run


@pytest.fixture
def asked(ctl):
    """What nat64ctl prints as JSON, without the version of the schema."""
    def run(*words):
        answer = json.loads(ctl("-j", *words))
        assert answer.pop("schema") == 1
        return answer
    return run


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


@pytest.mark.configuration("add 203.0.113.0/24 2001:db8:2::/64")
def test_overlaps_are_forced(ctl):
    ctl("-f add 203.0.113.10 2001:db8:1::10")
    ctl("add 203.0.113.11 2001:db8:1::11 force")
    assert ctl("list") == ("203.0.113.0/24 2001:db8:2::/64\n203.0.113.10 2001:db8:1::10\n"
                           "203.0.113.11 2001:db8:1::11\n")


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

DEFAULTS = "".join(f"{key} {value}\n" for key, value in settings.DEFAULTS.items())


def test_settings(ctl, asked):
    assert ctl("get") == DEFAULTS
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
    default = re.search(f"^{key} (.*)$", DEFAULTS, re.M)[1]
    assert ctl("-b -", input=f"set {key} {value}\nget {key}\nsave\n") == (
        f"{shown}\nset {key} {shown}\n")
    assert ctl("-b -", input=f"set {key} {default}\nget\nsave\n") == DEFAULTS


# The whole configuration.

WHOLE = """\
set tos 0
set icmp-source4 192.0.2.0/24
set mark 0x10/0xff
prefix add 64:ff9b::/96
prefix add 2001:db8:64::/64 primary
add 198.51.100.0/24 2001:db8:2::/56 prefix 64:ff9b::/96
add 203.0.113.0/24 2001:db8:3::/64
add 203.0.113.10 2001:db8:1::10 force
add 203.0.113.11 64:ff9b::cb00:710b force
"""
COUNTS = "3 settings, 2 prefixes, 4 mappings"


def test_save_and_load(gateway, ctl, asked):
    loaded = ctl("load -", input=WHOLE)
    assert re.fullmatch(f"loaded: {COUNTS}, digest [0-9a-f]{{16}}\n", loaded)
    assert ctl("save") == WHOLE
    assert ctl("load -", input=WHOLE) == loaded.replace("loaded", "unchanged")
    shuffled = "\n".join(reversed(WHOLE.splitlines()))
    forced = gateway.ctl("-f", "load", "-", input=shuffled.replace(" force", ""))
    assert forced.stdout == loaded.replace("loaded", "unchanged")
    assert re.fullmatch("<stdin>:[0-9:]+: warning: without -f, .* this file is refused: .*\n",
                        forced.stderr)
    assert ctl("diff -", input=WHOLE) == ""
    assert asked("save")["mappings"] == asked("list")["mappings"]
    assert asked("save")["settings"] == asked("get")["settings"]
    ctl("load /dev/null")
    assert ctl("save") == ""
    assert ctl("get") == DEFAULTS


@pytest.mark.parametrize("seed", range(8))
def test_what_is_saved_loads_again(gateway, ctl, seed):
    """Byte for byte, without being forced; and it is what stands."""
    rng = random.Random(seed)
    file = next(text for text in iter(lambda: inputs.conf(rng), None)
                if gateway.ctl("-f", "load", "-", input=text, check=False).returncode == 0)
    saved = ctl("save")
    assert ctl("load -", input=saved).startswith("unchanged: "), file
    ctl("load /dev/null")
    ctl("load -", input=saved)
    assert ctl("save") == saved
    assert gateway.ctl("-f", "diff", "-", input=file).stdout == ""


def run_on_terminal(gateway, *words):
    """What a program says on the standard error when that is a terminal."""
    ours, theirs = os.openpty()
    said = b""
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        with gateway.start(*words, stdout=subprocess.DEVNULL, stderr=theirs):
            os.close(theirs)
            with contextlib.suppress(OSError):  # its end
                while octets := terminal.read(4096):
                    said += octets
    return said.decode()


def test_progress(gateway, tmp_path):
    """Only on a terminal, and only of what takes a while; nothing of it stays there."""
    small, large = tmp_path / "small", tmp_path / "large"
    rows = [f"add 10.{n >> 16}.{n >> 8 & 255}.{n & 255} 2001:db8::{n:x}\n" for n in range(40000)]
    small.write_text("".join(rows[:1000]))
    large.write_text("".join(rows))
    assert run_on_terminal(gateway, CTL, "load", small) == ""
    clear = "\r\033[K"
    assert run_on_terminal(gateway, CTL, "load", large) == (
        f"{clear}0 of 40000 mappings{clear}20000 of 40000 mappings{clear}")
    gateway.loaded = None
    done = gateway.ctl("load", large)
    assert done.stderr == "" and done.stdout.startswith("unchanged: ")


def test_load_as_json(ctl):
    first, second = (json.loads(ctl("-j load -", input=WHOLE)) for _ in range(2))
    assert (first.pop("changed"), second.pop("changed")) == (True, False)
    assert first == second
    assert {**first, "digest": ""} == {"schema": 1, "settings": 3, "prefixes": 2, "mappings": 4,
                                       "digest": ""}


def test_the_first_prefix_is_primary(ctl):
    ctl("load -", input="prefix add 64:ff9b::/96\nprefix add 2001:db8::/64\n")
    assert ctl("save") == "prefix add 64:ff9b::/96 primary\nprefix add 2001:db8::/64\n"


def test_digest_is_that_of_any_order(ctl):
    ctl("load -", input=WHOLE)
    digest = ctl("status").split("digest")[1].split()[0]
    ctl("load /dev/null")
    assert ctl("status").split("digest")[1].split()[0] != digest
    for line in reversed(WHOLE.splitlines()):
        if line.startswith("prefix"):
            ctl("-f", line)
    for line in reversed(WHOLE.splitlines()):
        if line.startswith("add"):
            ctl("-f", line)
    assert ctl("status").split("digest")[1].split()[0] == digest


def test_diff(ctl):
    ctl("load -", input=WHOLE)
    then = WHOLE.replace("set tos 0\n", "set local off\n").replace(" primary", "").replace(
        "add 203.0.113.0/24 2001:db8:3::/64", "add 203.0.113.0/25 2001:db8:3::/64").replace(
        "2001:db8:1::10", "2001:db8:1::11")
    changes = """\
- set tos 0
+ set tos copy
- set local on
+ set local off
- prefix add 64:ff9b::/96
+ prefix add 64:ff9b::/96 primary
- prefix add 2001:db8:64::/64 primary
+ prefix add 2001:db8:64::/64
- add 203.0.113.0/24 2001:db8:3::/64
+ add 203.0.113.0/25 2001:db8:3::/64
- add 203.0.113.10 2001:db8:1::10
+ add 203.0.113.10 2001:db8:1::11
"""
    assert ctl("diff -", input=then) == changes
    assert ctl("save") == WHOLE
    kinds = [c["change"] for c in json.loads(ctl("-j diff -", input=then))["changes"]]
    assert kinds == [{"-": "removed", "+": "added"}[line[0]] for line in changes.splitlines()]


@pytest.mark.configuration(WHOLE)
def test_a_bad_file_changes_nothing(refused, tmp_path):
    file = tmp_path / "bad.conf"
    file.write_text("set tos 1\nadd 192.0.2.1 2001:db8::1\nadd 192.0.2.1 2001:db8::2\n")
    refused(f"load {file}", status=1, place=f"{file}:3:5",
            error="192.0.2.1/32 is already mapped to 2001:db8::1/128 in line 2")


@pytest.mark.configuration(WHOLE)
@pytest.mark.parametrize("n", [5, 2500])
def test_what_the_kernel_refuses_has_its_line(refused, tmp_path, n):
    """Far into the second message too."""
    file = tmp_path / "large.conf"
    file.write_text("# one mapping a line from the third line on\nprefix add 64:ff9b::/96\n" +
                    "".join(f"  add 192.0.{i >> 8}.{i & 255} 2001:db8::{i:x} force\n"
                            for i in range(1, n + 10)))
    with kmod.parameter("max_mappings", n):
        refused(f"load {file}", place=f"{file}:{n + 3}:7",
                error=f"there are {n} mappings already, the limit (module parameter max_mappings)")


def random_rows(rng):
    """Mappings so close to each other and to the prefixes that many clash."""
    yield "prefix add 2001:db8::/64"
    yield "prefix add 2001:db8:0:1::/96"
    for _ in range(rng.randint(2, 12)):
        len4 = rng.choice((32, 32, 32, 30, 28, 8, 3, rng.randint(0, 32)))
        len6 = min(rng.choice((128, 128, 96, 64, 33, rng.randint(3, 128))), 96 + len4)
        addr4 = rng.choice((10, 192, 192)) << 24 | rng.getrandbits(4)
        addr6 = 0x20010db8 << 96 | rng.getrandbits(2) << 64 | rng.getrandbits(4)
        yield (f"add {ipaddress.IPv4Network((addr4, len4), strict=False)} "
               f"{ipaddress.IPv6Network((addr6, len6), strict=False)}")


def verdict(gateway, words, text):
    """Whether it is accepted, and if not, at which line."""
    done = gateway.ctl(*words.split(), check=False, input=text)
    found = re.search("^<stdin>:([0-9]+)(:[0-9]+)?: (?!warning: )", done.stderr, re.MULTILINE)
    assert bool(found) == bool(done.returncode), done.stderr
    return found and int(found[1])


@pytest.mark.parametrize("seed", range(12))
def test_check_knows_what_the_kernel_refuses(gateway, seed):
    """Whether all at once or one by one; and a load takes what check accepts."""
    text = "\n".join(random_rows(random.Random(seed))) + "\n"
    checked = verdict(gateway, "check -", text)
    assert checked == verdict(gateway, "-b -", text), text
    assert checked == verdict(gateway, "load -", text), text
    assert verdict(gateway, "-f check -", text) == verdict(gateway, "-f load -", text), text


@pytest.mark.configuration(WHOLE)
def test_one_load_at_a_time(gateway, ctl, refused):
    with gateway:
        other = netlink.Socket()
    other.ask("load-begin")
    done = gateway.ctl("load", "/dev/null", check=False)
    assert re.fullmatch("/dev/null: another configuration is being loaded, by python3 "
                        r"\(socket [0-9]+\)\n", done.stderr)
    assert done.returncode == REFUSED
    assert ctl("save") == WHOLE
    other.close()
    util.eventually(lambda: gateway.ctl("load", "/dev/null", check=False).returncode == 0,
                    "the other load is given up")
    assert ctl("save") == ""
    with gateway:
        other = netlink.Socket()
    other.ask("load-begin")
    assert ctl("-f", "load", "/dev/null").startswith("unchanged: ")
    other.close()


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


def metrics(stats, suffix):
    return "".join(f"# HELP nat64_{name}{suffix} Counter {name}, see nat64(4).\n"
                   f"# TYPE nat64_{name}{suffix} counter\nnat64_{name}_total {value}\n"
                   for name, value in stats.items())


@pytest.mark.configuration(CONFIG)
def test_stats_for_prometheus(gateway, ctl, asked):
    text = ctl("stats prometheus")
    assert text == metrics(asked("stats")["stats"], "_total")
    util.need("promtool")
    assert gateway.run("promtool", "check", "metrics", input=text).stderr == ""


@pytest.mark.configuration(CONFIG)
def test_stats_as_openmetrics(ctl, asked):
    """Whose parsers refuse a counter that is described under the name of its value."""
    text, stats = ctl("stats openmetrics"), asked("stats")["stats"]
    assert text == metrics(stats, "") + "# EOF\n"
    parser = pytest.importorskip("prometheus_client.openmetrics.parser")
    families = list(parser.text_string_to_metric_families(text))
    assert {f.name.removeprefix("nat64_"): f.samples[0].value for f in families} == stats
    assert {f.type for f in families} == {"counter"}


@pytest.fixture
def monitor(gateway):
    """Starts nat64ctl monitor; returns a function that returns the next line it prints."""
    with contextlib.ExitStack() as stack:
        def start(*options):
            process = stack.enter_context(gateway.start(
                CTL, *options, "monitor", stdout=subprocess.PIPE, text=True))
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
        place = "/dev/null" if "load" in words else "nat64ctl"
        assert (done.stderr, done.returncode) == (
            f"{place}: Operation not permitted: changes need CAP_NET_ADMIN\n", REFUSED)
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
    done = gateway.run("valgrind", "-q", "--leak-check=full", "--error-exitcode=99",
                       CTL, "-jf", "-b", "-", input=batch, check=False)
    assert done.returncode == REFUSED, done.stderr
