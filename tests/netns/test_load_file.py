# SPDX-License-Identifier: GPL-2.0-only
"""nat64ctl load, save, diff and check against the module: the whole configuration in one file."""

import contextlib
import ipaddress
import json
import os
import random
import re
import subprocess
import sys

import kmod
import netlink
import pytest
import settings
import util
from addresses import WHOLE
from util import CTL, TOP

sys.path.insert(0, str(TOP / "tests/fuzz"))
import inputs  # noqa: E402

pytestmark = pytest.mark.configuration("")

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
    assert ctl("get") == settings.ALL_DEFAULTS


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
                                       "xdp": 0, "digest": ""}


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


def test_diff(gateway, ctl):
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
    done = gateway.ctl("diff", "-", input=then, check=False)
    assert (done.stdout, done.stderr, done.returncode) == (changes, "", 1)
    assert ctl("save") == WHOLE
    kinds = [c["change"] for c in json.loads(
        gateway.ctl("-j", "diff", "-", input=then, check=False).stdout)["changes"]]
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
@pytest.mark.as_configured
def test_one_load_at_a_time(gateway, ctl, refused):
    with gateway:
        other = netlink.Socket()
    other.ask("load-begin")
    done = gateway.ctl("load", "/dev/null", check=False)
    assert re.fullmatch("/dev/null: another configuration is being loaded, by python3 "
                        r"\(socket [0-9]+\)\n", done.stderr)
    assert done.returncode == 2
    assert ctl("save") == WHOLE
    other.close()
    util.eventually(lambda: gateway.ctl("load", "/dev/null", check=False).returncode == 0,
                    "the other load is given up")
    assert ctl("save") == ""
    with gateway:
        other = netlink.Socket()
    other.ask("load-begin")
    other.ask("eam-new", netlink.build("nat64", staged=True, eam={"addr4": "192.0.2.1", "addr6": "2001:db8:9::1"}),
              netlink.CREATE)
    assert ctl("-f", "load", "/dev/null").startswith("unchanged: ")
    other.close()
