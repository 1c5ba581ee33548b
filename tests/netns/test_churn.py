# SPDX-License-Identifier: GPL-2.0-only
"""Everything that can change does, at once, under traffic both ways.

What never changes loses no packet, and no packet is translated by a mapping or
a prefix that is not there. Each processor has traffic of its own, both ways, as
what they do at once is what finds data races. NAT64_CHURN_SECONDS says how long
each run lasts.
"""

import contextlib
import ctypes
import mmap
import os
import pickle
import random
import signal
import struct
import time
import traceback
from pathlib import Path

import addresses
import ingress
import kmemleak
import kmod
import netlink
import netns
import programs
import pytest
import util
import xdp
from addresses import HOST4, HOST6, SERVER4, SERVER6
from kmemleak import MEMLEAK
from netlink import CREATE, DUMP, REPLACE, build
from packet import ANY, describe, ip4, ip6, udp
from topology import build_topology
from util import FIGURES
from wire import Wire, listen

pytestmark = pytest.mark.as_configured

SECONDS = float(os.environ.get("NAT64_CHURN_SECONDS", 12))
LIBC = ctypes.CDLL(None, use_errno=True)
NEWNET = 0x40000000

# Mappings that come, go, and move from one host to another; one more prefix; a device that a
# mapped host is behind; an edge mapping, whose host sends to somebody far away.
ENTRIES = 64
ABSENT, FIRST, SECOND = range(3)
COMING_PREFIX = {"addr": "2001:db8:200::", "len": 96}
BEHIND4, BEHIND6 = "203.0.111.1", "2001:db8:dd::1"
EDGE4, EDGE6 = "198.51.100.254", "2001:db8:46::2"
FAR4, FAR6 = "192.0.2.9", "2001:db8:100::c000:209"

CONFIG = addresses.CONFIG + f"add {BEHIND4} {BEHIND6}\n"

# What the gateway is besides: forwarding direct in both of the latter, with XDP programs in the
# last one; with edge mappings, neither serves.
MODES = {"filtered": "set forwarding filtered\n", "edge": "set forwarding direct\n",
         "direct": "set forwarding direct\n",
         "xdp": "set forwarding direct\nxdp add to6\nxdp add to4\n"}

# Places in the shared state: entries, and what comes after them. What stands with the module is
# the XDP programs, too: a link whose last one goes may lose what it has.
PREFIX_PLACE, EDGE_PLACE, MODULE_PLACE, PLACES = range(ENTRIES, ENTRIES + 4)


def addr4(n):
    return f"203.0.112.{n + 1}"


def addr6(n, which):
    return f"2001:db8:c:{which}::{n + 1:x}"


class Known:
    """What stands, in memory that processes share: a version, odd during a change, and a value."""

    def __init__(self):
        self.memory = mmap.mmap(-1, 4096)

    def read(self, place):
        return struct.unpack_from("=II", self.memory, 8 * place)

    @contextlib.contextmanager
    def change(self, *values):
        """Pairs of a place and its new value."""
        for place, _ in values:
            version, old = self.read(place)
            struct.pack_into("=II", self.memory, 8 * place, version + 1, old)
        yield
        for place, value in values:
            version, _ = self.read(place)
            struct.pack_into("=II", self.memory, 8 * place, version + 1, value)


# Traffic.

def stable6(load):
    """A packet that is always translated, and what it becomes."""
    return ip6(HOST6, SERVER6, load), ip4(HOST4, SERVER4, load, ttl=63, id=ANY)


def stable4(load):
    return ip4(SERVER4, HOST4, load), ip6(SERVER6, HOST6, load, hlim=63)


def to_entry(n, load):
    """A packet to an entry, and what it becomes by the state of that."""
    return ip4(SERVER4, addr4(n), load), {
        ABSENT: ip4(SERVER4, addr4(n), load, ttl=63, id=ANY),
        FIRST: ip6(SERVER6, addr6(n, FIRST), load, hlim=63),
        SECOND: ip6(SERVER6, addr6(n, SECOND), load, hlim=63)}


def from_entry(n, which, load):
    return ip6(addr6(n, which), SERVER6, load), {
        which: ip4(addr4(n), SERVER4, load, ttl=63, id=ANY)}


def by_prefix(load):
    return ip6(HOST6, "2001:db8:200::c633:6402", load), {
        True: ip4(HOST4, SERVER4, load, ttl=63, id=ANY),
        False: ip6(HOST6, "2001:db8:200::c633:6402", load, hlim=63)}


def behind(load):
    return ip4(SERVER4, BEHIND4, load), ip6(SERVER6, BEHIND6, load, hlim=63)


def from_edge(load):
    return ip4(EDGE4, FAR4, load), {True: ip6(EDGE6, FAR6, load, hlim=63),
                                    False: ip4(EDGE4, FAR4, load, ttl=63)}


def to_edge(load):
    return ip6(FAR6, EDGE6, load), {True: ip4(FAR4, EDGE4, load, ttl=63, id=ANY),
                                    False: ip6(FAR6, EDGE6, load, hlim=63)}


class Traffic:
    """Sends bursts of all kinds of packets and judges what becomes of each.

    Others of another number do so beside, through sockets of their own.
    """

    def __init__(self, net, known, number):
        self.wire, self.known, self.number = Wire(listen(net.v6), listen(net.v4)), known, number
        self.wire.number_from(number << 32)
        self.rng = random.Random(number)
        self.serial, self.sent, self.certain = number << 32, 0, 0
        self.missing = set()  # what nothing was certain of, and has not come so far

    def load(self):
        self.serial += 1
        return udp(1000, 2000, struct.pack("!4sQ", b"load", self.serial))

    def plan(self):
        """Packets of one burst: what is sent, the place it depends on, and what it may become."""
        for make in [stable6, stable4] * 6:
            sent, wanted = make(self.load())
            yield sent, None, {0: wanted}
        for n in self.rng.sample(range(ENTRIES), 8):
            sent, wanted = to_entry(n, self.load())
            yield sent, n, wanted
            sent, wanted = from_entry(n, self.rng.choice((FIRST, SECOND)), self.load())
            yield sent, n, wanted
        for make, place in ((by_prefix, PREFIX_PLACE), (from_edge, EDGE_PLACE),
                            (to_edge, EDGE_PLACE)):
            sent, wanted = make(self.load())
            yield sent, place, wanted
        sent, wanted = behind(self.load())
        yield sent, "any", {0: wanted}
        for make in (stable6, stable4):
            sent, wanted = make(self.load())
            yield sent, None, {0: wanted}

    @staticmethod
    def serial_of(packet):
        """0 if it has none; an ICMP error has what it quotes farther behind."""
        at = packet.find(b"load")
        return struct.unpack_from("!Q", packet, at + 4)[0] if at in (28, 48) else 0

    def exchange(self, sent):
        """All that comes out. What a link's NAPI has still to do, a sentinel of the other link may overtake.

        And what XDP passes is handed on after what it redirects, at the end of that NAPI's turn.
        """
        seen, last = self.wire.exchange(*sent), {self.serial - 1, self.serial}
        seen = seen[6] + seen[4]
        end = time.monotonic() + 1
        is_over = False
        while not is_over:
            is_over = last <= {self.serial_of(packet) for packet in seen} or time.monotonic() > end
            more = self.wire.rest()
            seen += more[6] + more[4]
        return seen

    def burst(self):
        first = self.serial + 1
        plan = list(self.plan())
        before = [self.known.read(place) for place in range(PLACES)]
        seen = self.exchange([sent for sent, *_ in plan])
        after = [self.known.read(place) for place in range(PLACES)]
        module_stands = before[MODULE_PLACE] == after[MODULE_PLACE] and not (
            before[MODULE_PLACE][0] & 1)
        came = {}
        for packet in seen:
            if self.serial_of(packet) >> 32 == self.number:
                came.setdefault(self.serial_of(packet), []).append(packet)
        for serial, (sent, place, outcomes) in enumerate(plan, first):
            got = came.pop(serial, [])
            self.judge(sent, place, outcomes, got, before, after, module_stands)
            if not got:
                self.missing.add(serial)
        for serial, got in came.items():
            assert serial in self.missing and len(got) == 1, "a packet that nobody has sent, or came twice"
            self.missing.remove(serial)
        self.sent += len(plan)

    def judge(self, sent, place, outcomes, got, before, after, module_stands):
        where = (f"sent {describe(sent)}\ngot {[describe(packet) for packet in got]}\n"
                 f"state {place}")
        assert len(got) <= 1, where
        # What it is without a translator: a packet to forward as it is.
        untouched = [] if module_stands else [sent[20:] if sent[0] >> 4 == 4 else sent[40:]]
        for packet in got:
            assert any(wanted.closed(packet) == packet for wanted in outcomes.values()) or (
                packet[-len(untouched[0]):] == untouched[0] if untouched else False), where
        if not module_stands or place == "any":
            return
        if place is None:
            assert got, f"lost: {where}"
            self.certain += 1
        elif before[place] == after[place] and not before[place][0] & 1:
            wanted = outcomes.get(before[place][1])
            assert bool(got) == bool(wanted), f"{before[place]} {where}"
            assert not wanted or wanted.closed(got[0]) == got[0], f"{before[place]} {where}"
            self.certain += 1


class Helper:
    """A process beside the test that does something again and again until it is stopped."""

    def __init__(self, step, report, cpu=None):
        self.pipe, theirs = os.pipe()
        self.child = os.fork()
        if self.child:
            os.close(theirs)
            return
        stopped = []
        signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
        try:
            os.sched_setaffinity(0, {cpu} if cpu is not None else range(os.cpu_count()))
            while not stopped:
                step()
            said = report()
        except BaseException:
            said = traceback.format_exc()
        with open(theirs, "wb") as pipe:
            pickle.dump(said, pipe)
        os._exit(0)

    def is_over(self):
        """It has met with something that should not be."""
        return os.waitid(os.P_PID, self.child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def stop(self):
        """What it reports at its end."""
        os.kill(self.child, signal.SIGTERM)
        with open(self.pipe, "rb") as pipe:
            said = pickle.load(pipe)
        os.waitpid(self.child, 0)
        return said


# Changes.

def unload_module():
    """As soon as nobody is in the middle of a listing."""
    util.eventually(lambda: kmod.unload_module(check=False), "the module can be unloaded")


def ask(client, command, flags=0, /, **values):
    return client.ask(command, build("nat64", **values), flags)


def row(n, which):
    return {"addr4": addr4(n), "addr6": addr6(n, which)}


EDGE_ROW = {"addr4": EDGE4, "addr6": EDGE6, "edge": True}

SETTINGS = [{"counters": 1}, {"counters": 0}, {"hairpin": 0}, {"hairpin": 1}, {"local": 0},
            {"local": 1}, {"icmp_errors": 0}, {"icmp_errors": 1}, {"lowest_ipv6_mtu": 1400},
            {"lowest_ipv6_mtu": 1280}, {"wkp_strict": 0}, {"icmp_source4": "192.0.2.1"}]


class Churn:
    """All that happens to a gateway."""

    def __init__(self, gateway, known, mode):
        self.gateway, self.known, self.rng = gateway, known, random.Random(2)
        self.base = CONFIG + MODES[mode]
        self.steps = self.STEPS + self.MORE_STEPS.get(mode, [])
        self.has_programs = mode == "xdp"
        self.device_is_there = False
        self.connect()

    def connect(self):
        with self.gateway:
            self.client = netlink.Socket()

    def value(self, place):
        return self.known.read(place)[1]

    def entry(self):
        n = self.rng.randrange(ENTRIES)
        new = self.rng.randrange(3)
        with self.known.change((n, new)):
            if new != ABSENT:
                ask(self.client, "eam-new", CREATE | REPLACE, eam=row(n, new))
            elif self.value(n) != ABSENT:
                ask(self.client, "eam-del", eam={"addr4": addr4(n)})
        FIGURES["single changes"] += 1

    def batch(self):
        """Many at once, which is one step."""
        some = self.rng.sample(range(ENTRIES), 20)
        which = self.rng.choice((FIRST, SECOND))
        with self.known.change(*((n, which) for n in some)):
            ask(self.client, "eam-new", CREATE | REPLACE, eam=[row(n, which) for n in some])
        FIGURES["batches"] += 1

    def refused(self):
        """A batch that fails at its end changes nothing that lasts, but its rows are seen."""
        absent = [n for n in range(ENTRIES) if self.value(n) == ABSENT][:10]
        with self.known.change(*((n, ABSENT) for n in absent)):
            with pytest.raises(netlink.Refused):
                ask(self.client, "eam-new", CREATE,
                    eam=[row(n, FIRST) for n in absent] + [{"addr4": HOST4, "addr6": "2001:db8::1"}])
        FIGURES["batches that were taken back"] += 1

    def prefix(self):
        there = self.value(PREFIX_PLACE)
        with self.known.change((PREFIX_PLACE, int(not there))):
            ask(self.client, "prefix-del" if there else "prefix-new", prefix=COMING_PREFIX)
        FIGURES["prefixes that came or went"] += 1

    def setting(self):
        ask(self.client, "settings-set", settings=self.rng.choice(SETTINGS))
        FIGURES["settings"] += 1

    def reset(self):
        ask(self.client, "stats-reset")

    def listing(self):
        """Some of them are given up."""
        if self.rng.random() < .5:
            self.client.dump("eam-get")
            self.client.dump("use-get")
            return
        with self.gateway:
            other = netlink.Socket()
        other.send(other.message(self.rng.choice(("eam-get", "use-get")), flags=DUMP))
        other.close()

    def load(self):
        """A whole configuration, in which every entry may be another."""
        values = [self.rng.randrange(3) for _ in range(ENTRIES)]
        prefix = self.rng.randrange(2)
        text = self.base + "".join(f"add {addr4(n)} {addr6(n, which)}\n"
                                   for n, which in enumerate(values) if which != ABSENT)
        if prefix:
            text += f"prefix add {COMING_PREFIX['addr']}/96\n"
        if self.value(EDGE_PLACE):
            text += f"add {EDGE4} {EDGE6} edge\n"
        with self.known.change(*enumerate(values), (PREFIX_PLACE, prefix)):
            self.gateway.ctl("load", "-", input=text)
        FIGURES["reloads"] += 1

    def device(self):
        """With a route to a mapped host; both go at once."""
        if self.device_is_there:
            self.gateway.ip("link del churn")
        else:
            self.gateway.ip("link add churn type dummy", "link set churn up",
                            f"route add {BEHIND6}/128 dev churn")
        self.device_is_there = not self.device_is_there
        FIGURES["devices that came or went"] += 1

    def edge(self):
        """The first edge mapping comes, or the last one goes."""
        there = self.value(EDGE_PLACE)
        with self.known.change((EDGE_PLACE, int(not there))):
            ask(self.client, "eam-del" if there else "eam-new", 0 if there else CREATE,
                eam={"addr4": EDGE4} if there else EDGE_ROW)
        FIGURES["edge mappings that came or went"] += 1

    def detach(self):
        for device in ("to6", "to4"):
            self.gateway.ctl("xdp", "del", device)

    def xdp(self):
        """Programs go and come."""
        with self.known.change((MODULE_PLACE, 0)):
            self.detach()
            for device in ("to6", "to4"):
                self.gateway.ctl("xdp", "add", device)
        FIGURES["times XDP was detached and attached"] += 1

    def module(self):
        """Unloaded, loaded, configured."""
        with self.known.change((MODULE_PLACE, 0)):
            if self.has_programs:
                self.detach()
            self.client.close()
            unload_module()
            kmod.load_module()
            self.connect()
            self.load()
        FIGURES["times the module was unloaded and loaded"] += 1

    STEPS = [(entry, 40), (batch, 10), (refused, 5), (prefix, 10), (setting, 20), (reset, 3),
             (listing, 6), (load, 8), (device, 3), (module, 1)]
    MORE_STEPS = {"edge": [(edge, 20)], "xdp": [(xdp, 3)]}

    def run(self, until, helpers):
        steps, weights = zip(*self.steps)
        for step in steps:
            step(self)
        while time.monotonic() < until and not any(helper.is_over() for helper in helpers):
            self.rng.choices(steps, weights)[0](self)
        if self.device_is_there:
            self.device()
        self.client.close()


class Dying:
    """Network namespaces, one after the other, each dying with all that it has."""

    def __init__(self, known):
        self.known, self.count, self.left = known, 0, None

    def step(self):
        if self.known.read(MODULE_PLACE)[0] & 1:  # a listing would keep the module
            self.left = None
            time.sleep(.01)
            return
        if LIBC.unshare(NEWNET):
            raise OSError(ctypes.get_errno(), "unshare")
        try:
            client = netlink.Socket()
        except netlink.Refused:  # the module is not there
            return
        with contextlib.suppress(netlink.Refused, OSError):
            ask(client, "prefix-new", prefix={"addr": "64:ff9b::", "len": 96})
            ask(client, "eam-new", CREATE, eam=[row(n, FIRST) for n in range(ENTRIES)])
            ask(client, "settings-set", settings={"counters": 1})
            ask(client, "load-begin", limit=1000)
            client.send(client.message("eam-get", flags=DUMP))
        # Half of them with a load and a listing that are not finished.
        self.left = client if self.count % 2 else client.close()
        self.count += 1

    def report(self):
        return self.count


# What is left.

def percpu():
    return int(Path("/proc/meminfo").read_text().partition("Percpu:")[2].split()[0])


@pytest.fixture
def net(module, mode):
    """Of its own: where a policy rule ever stood no flow is kept."""
    if mode == "xdp":
        programs.need_xdp()
    topology = build_topology("churn")
    with xdp.receivers(topology) if mode == "xdp" else contextlib.nullcontext():
        yield topology
    topology.delete()


@pytest.fixture
def nothing_leaks(real):
    kmemleak.forget_leaks()
    before = percpu()
    yield
    unload_module()
    # Namespaces are on their way, and not all is given back at once.
    util.eventually(lambda: percpu() < before + 2048, f"memory of each CPU is as before, {before}")
    assert not kmemleak.leaks()
    kmod.load_module()


def tell_figures(reports):
    """What the helpers have done; none may have met with something that should not be."""
    wrong = [report for report in reports if isinstance(report, str)]
    assert not wrong, "\n".join(wrong)
    *traffic, namespaces = reports
    for sent, certain in traffic:
        FIGURES["packets under churn"] += sent
        FIGURES["of these packets had only one right outcome"] += certain
        assert certain > sent / 20
    FIGURES["network namespaces that died"] += namespaces
    assert namespaces


@pytest.mark.skipif(not MEMLEAK.exists() and "NAT64_CHURN_SECONDS" not in os.environ,
                    reason="this kernel does not find leaks; NAT64_CHURN_SECONDS runs it all the same")
@pytest.mark.parametrize("mode", MODES)
def test_churn(real, nothing_leaks, mode):
    known, cpus = Known(), range(os.cpu_count())
    churn, dying = Churn(real.gateway, known, mode), Dying(known)
    churn.load()
    traffics = [Traffic(real, known, cpu + 1) for cpu in cpus]
    helpers = [*(Helper(traffic.burst, lambda traffic=traffic: (traffic.sent, traffic.certain), cpu)
                 for traffic, cpu in zip(traffics, cpus)), Helper(dying.step, dying.report)]
    try:
        with netns.unpinned():
            churn.run(time.monotonic() + SECONDS, helpers)
    finally:
        reports = [helper.stop() for helper in helpers]
    if mode == "xdp":
        real.configure(CONFIG + MODES[mode])
        with contextlib.closing(xdp.Count(real.gateway)) as count:
            xdp.known(real, count, [ingress.FROM6, ingress.FROM4])
    real.configure(CONFIG)
    tell_figures(reports)
    real.wire.expect(*stable6(udp(1, 2)))
