# SPDX-License-Identifier: GPL-2.0-only
"""Whatever may be written and read at once, each as often as it goes: for KCSAN to see.

test_churn.py judges packets, and waits for what it has changed. Here one process does
nothing but one kind of change, or of question, or of traffic, and only that the
translator works afterwards is asked. NAT64_RACE_SECONDS says how long each run lasts;
without it there is none.
"""

import contextlib
import itertools
import os
import random
import time

import ingress
import netlink
import pytest
import test_churn
from addresses import HOST4, HOST6, SERVER4, SERVER6
from netlink import CREATE, REPLACE
from packet import ip4, ip6, udp
from test_churn import EDGE4, EDGE6, FAR4, FAR6, FIRST, MODES, SECOND, Helper, addr4, addr6, ask, row
from util import FIGURES
from wire import Wire, listen

SECONDS = float(os.environ.get("NAT64_RACE_SECONDS", 0))
WIDE = {"addr4": "203.0.114.0", "len4": 24, "addr6": "2001:db8:e::", "len6": 120}
LOADED = {"addr4": "203.0.115.1", "addr6": "2001:db8:f::1"}

pytestmark = [pytest.mark.as_configured,
              pytest.mark.skipif(not SECONDS, reason="runs as long as NAT64_RACE_SECONDS says")]

net = test_churn.net


@pytest.fixture(params=MODES)
def mode(request):
    return request.param


def flood(net, number):
    """Packets of all kinds, both ways, through one processor."""
    wire = Wire(listen(net.v6), listen(net.v4))
    wire.number_from(number << 32)
    rng = random.Random(number)

    def step():
        part, n = udp(1000, 2000, b"flood"), rng.randrange(8)
        wire.exchange(*[ip6(HOST6, SERVER6, part), ip4(SERVER4, HOST4, part)] * 4,
                      ip4(SERVER4, addr4(n), part), ip6(addr6(n, FIRST), SERVER6, part),
                      ip4(SERVER4, "203.0.114.70", part), ip6("2001:db8:e::46", SERVER6, part),
                      ip4(EDGE4, FAR4, part), ip6(FAR6, EDGE6, part),
                      ip6(HOST6, SERVER6, part, hlim=1))
    return step


def count(client):
    """Counters of mappings are begun, read, reset and freed."""
    ask(client, "settings-set", settings={"counters": 1})
    for _ in range(4):
        client.dump("use-get")
        client.ask("stats-get")
    ask(client, "stats-reset")
    client.dump("use-get")
    ask(client, "settings-set", settings={"counters": 0})


def replace(client):
    """Mappings move, also with one of their prefixes alone, and go."""
    for which in (FIRST, FIRST, SECOND):
        ask(client, "eam-new", CREATE | REPLACE, eam=[row(n, which) for n in range(8)])
    with contextlib.suppress(netlink.Refused):
        ask(client, "eam-new", CREATE, eam=[row(8, FIRST), {"addr4": HOST4, "addr6": "2001:db8::1"}])
    ask(client, "eam-del", eam=[{"addr4": addr4(n)} for n in range(8)])


def widen(client):
    """A mapping that routes may be more specific than; an edge mapping, the only one perhaps."""
    for mapping in (WIDE, {"addr4": EDGE4, "addr6": EDGE6, "edge": True}):
        ask(client, "eam-new", CREATE | REPLACE, eam=mapping)
        ask(client, "eam-del", eam={name: mapping[name] for name in ("addr4", "len4") if name in mapping})


def load(client):
    """What stands is loaded anew, with a mapping more or less; every other load is given up."""
    with contextlib.suppress(netlink.Refused):
        ask(client, "load-begin")
        ask(client, "prefix-new", staged=True, prefix={"addr": "2001:db8:100::", "len": 96})
        ask(client, "settings-set", staged=True, settings={"forwarding": client.forwarding})
        rows = [{"addr4": HOST4, "addr6": HOST6}, *[LOADED] * (client.seq >> 1 & 1)]
        ask(client, "eam-new", CREATE, staged=True, eam=rows)
        ask(client, "load-commit")


def abandon(client):
    """A socket that closes while it loads."""
    other = netlink.Socket()
    with contextlib.suppress(netlink.Refused):
        ask(other, "load-begin")
        ask(other, "eam-new", CREATE, staged=True, eam=LOADED)
    other.close()


def show(client):
    for command in ("eam-get", "use-get", "prefix-get"):
        client.dump(command)
    for command in ("status-get", "settings-get"):
        client.ask(command)
    with contextlib.suppress(netlink.Refused):
        ask(client, "lookup", addr4=addr4(1))


def asking(gateway, function, forwarding):
    """A step of a helper, which has a socket of its own."""
    with gateway:
        client = netlink.Socket()
    client.forwarding = forwarding

    def step():
        with gateway, contextlib.suppress(netlink.Refused):
            function(client)
    return step


def reroute(gateway):
    """Routes inside a mapping and a prefix come and go; one of them leads nowhere."""
    shell = gateway.start("ip", "-force", "-batch", "-", stdin=-1, text=True)
    lines = "".join(f"route {what} {route}\n" for what in ("add", "del") for route in (
        "203.0.114.64/28 dev to4", "unreachable 203.0.114.80/28", "2001:db8:100::c633:0/112 dev to4"))

    def step():
        shell.stdin.write(lines)
        shell.stdin.flush()
        time.sleep(.02)
    return step


def counted(make, *arguments):
    """A helper that says how often it went round."""
    rounds = itertools.count()
    made = []

    def step():
        if not made:
            made.append(make(*arguments))
        made[0]()
        next(rounds)
    return Helper(step, lambda: next(rounds))


def test_everything_at_once(net, mode):
    net.configure(test_churn.CONFIG + MODES[mode])
    forwarding = int(mode != "filtered")
    if mode == "edge":
        net.gateway.ctl("add", "198.51.100.253", "2001:db8:46::3", "edge")
    made = {f"floods {cpu}": (flood, net, cpu + 1) for cpu in range(os.cpu_count())}
    made |= {function.__name__: (asking, net.gateway, function, forwarding)
             for function in (count, replace, widen, load, abandon, show)}
    made["reroute"] = (reroute, net.gateway)
    helpers = {name: counted(*arguments) for name, arguments in made.items()}
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and not any(helper.is_over() for helper in helpers.values()):
        time.sleep(.1)
    reports = {name: helper.stop() for name, helper in helpers.items()}
    wrong = [f"{name}: {report}" for name, report in reports.items() if not isinstance(report, int)]
    assert not wrong, "\n".join(wrong)
    for name, rounds in reports.items():
        assert rounds, f"{name} did nothing"
        FIGURES[f"rounds of {name} ({mode})"] += rounds
    net.configure(test_churn.CONFIG + MODES["filtered"])
    net.wire.expect([ingress.FROM6, ingress.FROM4], ingress.TO4, ingress.TO6)
