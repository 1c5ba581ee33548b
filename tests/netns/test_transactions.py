# SPDX-License-Identifier: GPL-2.0-only
"""Changes are done whole or not at all, and what they are not about stays as it is."""

import contextlib
import re
import subprocess
import time
from ipaddress import IPv4Address

import netlink
import pytest
import util
from addresses import SERVER4
from netlink import CREATE, EXCL, build
from packet import ANY, describe, ip4, ip6, udp, version
from util import CTL

pytestmark = pytest.mark.configuration("")

# Two configurations without anything in common, for which every packet here is one to translate.
HOSTS = range(1, 33)
SIDE6 = [f"2001:db8:a::{n:x}" for n in HOSTS]
OLD = """\
set tos 4
set traffic-class 8
prefix add 2001:db8:100:0:c6:3364::/96 primary
""" + "".join(f"add 203.0.113.{n} 2001:db8:a::{n:x}\n" for n in HOSTS)
NEW = """\
set tos 12
set traffic-class 16
prefix add 2001:db8:100::/64 primary
""" + "".join(f"add 203.0.112.{n} 2001:db8:a::{n:x}\n" for n in HOSTS) + "".join(
    f"add 203.0.113.{n} 2001:db8:b::{n:x}\n" for n in HOSTS)


def traffic():
    """What is sent, and what becomes of it: by the old configuration, by the new one."""
    for n in HOSTS:
        load = udp(1000 + n, 53, b"either or")
        host = f"2001:db8:a::{n:x}"
        yield (ip4(SERVER4, f"203.0.113.{n}", load),
               ip6("2001:db8:100:0:c6:3364:c633:6402", host, load, hlim=63, tclass=8),
               ip6("2001:db8:100:0:c6:3364:200:0", f"2001:db8:b::{n:x}", load, hlim=63, tclass=16))
        yield (ip6(host, "2001:db8:100:0:c6:3364:200:7", load),
               ip4(f"203.0.113.{n}", "2.0.0.7", load, ttl=63, id=ANY, tos=4),
               ip4(f"203.0.112.{n}", "198.51.100.2", load, ttl=63, id=ANY, tos=12))


TRAFFIC = list(traffic())


def exchange(wire, traffic=TRAFFIC):
    """Sends the traffic once; returns how much of it came out as each configuration wants it."""
    seen = wire.exchange(*(sent for sent, *_ in traffic))
    count = [0, 0]
    for side in (6, 4):
        wanted = [outcomes for _, *outcomes in traffic if version(outcomes[0]) == side]
        assert len(seen[side]) == len(wanted), "packets were lost, or came twice"
        for got, outcomes in zip(seen[side], wanted):
            matches = [outcome.closed(got) == got for outcome in outcomes]
            assert any(matches), f"neither old nor new: {describe(got)}"
            count[matches.index(True)] += 1
    return count


def files(directory, **texts):
    for name, text in texts.items():
        directory.joinpath(name).write_text(text)
    return [directory / name for name in texts]


def test_reloads_under_traffic(real, tmp_path):
    """Each packet is translated by all of the old configuration or by all of the new one."""
    old, new = files(tmp_path, old=OLD, new=NEW)
    real.configure(OLD)
    assert exchange(real.wire) == [len(TRAFFIC), 0]
    loads = files(tmp_path, loads=f"load {new}\nload {old}\n" * 150)[0]
    total = [0, 0]
    real.gateway.loaded = None
    with real.gateway.start(CTL, "-b", loads, stdout=subprocess.PIPE) as process:
        # A pipe holds what it prints.
        while process.poll() is None:
            total = [a + b for a, b in zip(total, exchange(real.wire))]
        printed = process.stdout.read().decode().splitlines()
    assert process.returncode == 0
    assert [line.split(":")[0] for line in printed] == ["loaded"] * 300
    assert all(total), "only one of the two was ever seen"
    assert exchange(real.wire) == [len(TRAFFIC), 0]


def some_rows(count, network=0x0a400000, group=0xf0):
    """Mappings of other hosts, as lines."""
    return [f"add {IPv4Address(network + n)} 2001:db8:{group:x}:{n >> 16:x}::{n & 0xffff:x}\n"
            for n in range(count)]


def test_changes_beside_traffic(real, tmp_path):
    """While others come, go, and make the table grow and shrink, no mapping misses a packet."""
    rows = some_rows(49000)
    more = some_rows(1500, network=0x0ac00000, group=0xc)
    real.configure(OLD + "".join(rows))
    remove = [f"del {line.split()[1]}\n" for line in more]
    swap = [line.replace("add", "replace").replace(":c:", ":d:") for line in more]
    changes = files(tmp_path, changes="".join(more + swap + remove))[0]
    real.gateway.loaded = None
    rounds = 0
    with real.gateway.start(CTL, "-b", changes) as process:
        while process.poll() is None:
            assert exchange(real.wire) == [len(TRAFFIC), 0]
            rounds += 1
    assert process.returncode == 0 and rounds


# A load that is not finished.


def eams(first, count, group, **more):
    rows = [{"addr4": f"203.0.113.{n}", "addr6": f"2001:db8:{group}::{n:x}"}
            for n in range(first, first + count)]
    return build("nat64", **more, eam=rows)


PREFIX = {"addr": "64:ff9b::", "len": 96}
INSIDE = {"addr4": "203.0.114.1", "addr6": "2001:db8:100:0:c6:3364:0:1"}
SETTINGS = {"local": 0}

LOAD = (["load-begin"], ["prefix-new", build("nat64", staged=True, prefix=PREFIX)],
        ["eam-new", eams(1, 12, "e", staged=True), CREATE | EXCL],
        ["settings-set", build("nat64", staged=True, settings=SETTINGS)], ["load-commit"])


def ask_all(client, requests):
    """Whether all was done: True, False, or None when the answer was lost."""
    try:
        for request in requests:
            client.ask(*request)
    except netlink.Refused:
        return False
    except OSError:
        return None
    return True


@pytest.mark.parametrize("end", ["close", "abort"])
@pytest.mark.parametrize("steps", [1, 2, 3, 4])
def test_a_load_that_breaks_off(real, steps, end):
    real.configure(OLD)
    with real.gateway:
        client = netlink.Socket()
    with contextlib.closing(client):
        assert ask_all(client, LOAD[:steps])
        assert exchange(real.wire) == [len(TRAFFIC), 0]
        if end == "abort":
            client.ask("load-abort")
            with pytest.raises(netlink.Refused, match="not loading a configuration"):
                client.ask("load-commit")
            client.ask("load-begin")
    assert real.gateway.show("save") == OLD
    assert exchange(real.wire) == [len(TRAFFIC), 0]


def load_is_possible(gateway, file):
    return gateway.ctl("load", file, check=False).returncode == 0


def test_a_load_that_is_killed(real, tmp_path):
    """At any point: it has changed nothing, or was done but for telling so."""
    old, large = files(tmp_path, old=OLD, large=NEW + "".join(some_rows(5000)))
    started = time.monotonic()
    real.gateway.ctl("load", large)
    seconds = time.monotonic() - started
    done = real.gateway.show("save")
    cut_off = 0
    for n in range(15):
        real.configure(OLD)
        with real.gateway.start(CTL, "load", large, stdout=subprocess.DEVNULL) as process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds * n / 12)
            process.kill()
        real.gateway.loaded = None
        found = real.gateway.show("save")
        assert found == done if process.returncode == 0 else found in (OLD, done)
        cut_off += found == OLD
        assert exchange(real.wire) == ([len(TRAFFIC), 0] if found == OLD else [0, len(TRAFFIC)])
        util.eventually(lambda: load_is_possible(real.gateway, old), "another load is possible")
    assert cut_off > 3


def test_two_loads_at_once(real, tmp_path):
    """One of them is refused, or waits its turn; what stands is all of one of them."""
    paths = files(tmp_path, old=OLD, new=NEW)
    words = {path: path.read_text() for path in paths}
    for _ in range(10):
        with contextlib.ExitStack() as stack:
            runs = [stack.enter_context(real.gateway.start(
                CTL, "load", path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE))
                for path in paths]
            said = [run.communicate()[1].decode() for run in runs]
        real.gateway.loaded = None
        for run, text, path in zip(runs, said, paths):
            assert run.returncode in (0, 2)
            assert (run.returncode == 2) == bool(re.fullmatch(
                f"{path}: another configuration is being loaded, by nat64ctl \\(socket [0-9]+\\)\n", text))
        done = [path for run, path in zip(runs, paths) if run.returncode == 0]
        # Both may be refused: of each other, or of one that has not been closed yet.
        assert not done or real.gateway.show("save") in [words[path] for path in done]
