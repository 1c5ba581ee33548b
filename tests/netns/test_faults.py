# SPDX-License-Identifier: GPL-2.0-only
"""Without memory: whichever allocation fails, a request is refused or done, a packet lost or sent.

Nothing is half done, every loss is counted, and the next one finds everything as it was.
"""

import contextlib
import ctypes
import os
import socket
import struct
from dataclasses import dataclass
from errno import EAGAIN, ENOBUFS, ENOMEM
from pathlib import Path

import kmod
import netlink
import pytest
import topology
import util
from addresses import CONFIG, GATEWAY4, GATEWAY6, HOST4, HOST6, MAC_TO4, MAC_TO6, SERVER4, SERVER6
from frame import GSO_TCPV4, GSO_TCPV6, Frame, Offload
from kmod import KO
from netlink import CREATE, DUMP, EXCL, REPLACE, attributes, build, named
from packet import fragment, icmp4, icmp6, ip4, ip6, octets, raw, tcp, udp
from test_stack import seeded, super_tcp
from test_trace import TRACING, traced
from test_transactions import LOAD, OLD, PREFIX as OTHER_PREFIX, TRAFFIC, eams, exchange
from util import FIGURES
from wire import Tap, Wire

FAULTS = Path("/sys/kernel/debug")
FAIL_NTH = "/proc/thread-self/fail-nth"

pytestmark = [
    pytest.mark.configuration(""),
    pytest.mark.skipif(not os.path.exists(FAIL_NTH),
                       reason="this kernel cannot let allocations fail")]


# Where the kernel itself allocates a lot: 1 lets each of it fail, in turn.
STEP = int(os.environ.get("NAT64_FAULT_STEP", 23))

# Most allocations of the loader are for names in sysfs, which may be missing; those without which
# the module is refused are a few dozen in a row.
LOADING_STEP = min(STEP, 7)


class Fault:
    """A context in which the nth allocation of this task fails, if it comes to that."""

    def __init__(self, n):
        self.n = n

    def __enter__(self):
        self.file = os.open(FAIL_NTH, os.O_RDWR)
        os.pwrite(self.file, str(self.n).encode(), 0)
        return self

    def __exit__(self, *_):
        self.left = int(os.pread(self.file, 16, 0))
        self.happened = self.left == 0
        os.pwrite(self.file, b"0", 0)
        os.close(self.file)


@pytest.fixture(autouse=True)
def faults():
    """Allocations that may wait can fail as well, and small ones."""
    before = {}
    for kind in ("failslab", "fail_page_alloc"):
        for name, value in (("ignore-gfp-wait", "N"), ("verbose", "0"), ("min-order", "0")):
            path = FAULTS / kind / name
            if path.exists():
                before[path] = path.read_text()
                path.write_text(value)
    yield
    for path, value in before.items():
        path.write_text(value)


def each_fault(attempt, figure, first=1, step=1):
    """Calls attempt(fault) with one allocation after another failing, until there is no more to
    fail; returns what it returned."""
    outcomes, n, happened = [], first, True
    while happened:
        fault = Fault(n)
        outcomes.append(attempt(fault))
        happened = fault.happened
        n += step
    FIGURES[figure] += len(outcomes) - 1
    return outcomes


# Requests.

HOST = {"addr4": "203.0.113.1", "addr6": "2001:db8:a::1"}
INSIDE = {"addr4": "203.0.114.1", "addr6": "2001:db8:100:0:c6:3364:0:1"}
WITH_INSIDE = "prefix add 64:ff9b::/96\nadd 203.0.113.1 64:ff9b::1\n"
COUNTED = OLD + "set counters on\n"
NEW = CREATE | EXCL


def one(command, flags=0, /, **values):
    return [command, build("nat64", **values), flags]


def packet(octets_of_it):
    return {"explain": {"packet": octets_of_it}}


EXPLAINED = {
    "6 to 4": ip6(HOST["addr6"], "2001:db8:100:0:c6:3364:200:7", udp(1, 2)),
    "4 to 6": ip4(SERVER4, HOST["addr4"], udp(1, 2)),
    "hairpin": ip6(HOST["addr6"], "2001:db8:100:0:c6:3364:cb00:7102", udp(1, 2)),
    "refused": ip4(SERVER4, HOST["addr4"], udp(1, 2), ttl=1),
    "not ours": ip4(SERVER4, "192.0.2.1", udp(1, 2)),
}

# What stands before, and what is asked; the last request names the row.
REQUESTS = {
    "add": (OLD, ["eam-new", eams(100, 12, "e"), NEW]),
    "first": ("", ["eam-new", eams(100, 2, "e"), NEW]),
    "replace": (OLD, ["eam-new", eams(26, 12, "e"), CREATE | REPLACE]),
    "inside": (OLD, ["eam-new", eams(100, 2, "e") + build("nat64", force=True, eam=INSIDE), NEW]),
    "grow": (OLD, ["eam-new", eams(100, 60, "e"), NEW]),
    "echo": (OLD, ["eam-new", eams(100, 2, "e"), NEW | netlink.ECHO]),
    "delete": (OLD, ["eam-del", eams(1, 12, "a")]),
    "delete the last": ("add 203.0.113.1 2001:db8:a::1\n", ["eam-del", eams(1, 1, "a")]),
    "flush": (OLD, ["eam-flush"]),
    "prefix": (OLD, one("prefix-new", prefix=OTHER_PREFIX)),
    "first prefix": ("", one("prefix-new", prefix=OTHER_PREFIX)),
    "primary prefix": (OLD + "prefix add 64:ff9b::/96\n",
                       one("prefix-new", prefix={**OTHER_PREFIX, "primary": True})),
    "prefix about a mapping": ("add 203.0.113.1 64:ff9b::1\n",
                               one("prefix-new", force=True, prefix=OTHER_PREFIX)),
    "no prefix": ("prefix add 64:ff9b::/96 primary\n", one("prefix-del", prefix=OTHER_PREFIX)),
    "no prefix about a mapping": (WITH_INSIDE, one("prefix-del", prefix=OTHER_PREFIX)),
    "settings": (OLD, one("settings-set", settings={"local": 0})),
    "local again": (OLD + "set local off\n", one("settings-set", settings={"local": 1})),
    "counters": (OLD, one("settings-set", settings={"counters": 1})),
    "no counters": (COUNTED, one("settings-set", settings={"counters": 0})),
    "begin": (OLD, one("load-begin", limit=30000)),
    "load": (OLD, *LOAD),
    "abort": (OLD, *LOAD[:-1], ["load-abort"]),
    "forget": (COUNTED, ["stats-reset"]),
    "status": (OLD, ["status-get"]),
    "prefixes": (OLD, ["prefix-get", b"", DUMP]),
    "mapping": (OLD, one("eam-get", eam=HOST)),
    "mappings": (OLD, ["eam-get", b"", DUMP]),
    "settings all": (OLD, ["settings-get"]),
    "statistics": (COUNTED, ["stats-get"]),
    "uses": (COUNTED, ["use-get", b"", DUMP]),
    "lookup 4": (OLD, one("lookup", addr4="203.0.113.1")),
    "lookup 6": (OLD, one("lookup", addr6="2001:db8:a::1")),
    **{f"explain {name}": (OLD, one("explain", **packet(one_of)))
       for name, one_of in EXPLAINED.items()},
}


def test_every_command_has_its_row():
    asked = {(request[0], "dump" if request[2:] == [DUMP] else "do")
             for _, *requests in REQUESTS.values() for request in requests}
    assert asked == {(op["name"], mode) for op in netlink.SPEC["operations"]["list"]
                     for mode in ("do", "dump") if mode in op}


def told(messages):
    """What answers say; how long ago something was is left out."""
    idle = netlink.NUMBERS["use"]["idle"]
    return [(message.payload[0], [
        (kind, [pair for pair in attributes(value) if pair[0] != idle]
         if kind == netlink.NUMBERS["nat64"]["use"] else value)
        for kind, value in attributes(message.attributes)]) for message in messages]


def standing(client):
    """All that can be seen of the translator, but for the generation, which only counts."""
    uses = sorted(told(client.dump("use-get")))
    status = named(client.ask("status-get")[0].attributes, "nat64")
    return (uses, sorted(told(client.dump("eam-get"))), told(client.dump("prefix-get")),
            told(client.ask("settings-get")), told(client.ask("stats-get")),
            [status[name] for name in ("active", "count", "digest")])


def ask_all(client, requests):
    """The answers to the last request, a refusal, or the error with which an answer was lost."""
    try:
        for request in requests:
            answers = client.ask(*request)
        return told(answers)
    except (netlink.Refused, OSError) as error:
        return error


def overheard(listener):
    """The notifications there are, None if some were lost."""
    events = []
    try:
        while True:
            events += told(listener.receive())
    except OSError as error:
        return None if error.errno == ENOBUFS else events


class Asked:
    """One row, asked again and again from the same state."""

    def __init__(self, real, name):
        self.real, self.gateway = real, real.gateway
        self.text, *self.requests = REQUESTS[name]
        with self.gateway:
            self.observer, self.listener = netlink.Socket(), netlink.Socket()
        self.listener.subscribe("config")
        self.listener.socket.setblocking(False)
        self.prepare()

    def prepare(self):
        """The configuration of the row, once, and what puts it back."""
        self.gateway.configure(self.text)
        self.count()
        self.before = standing(self.observer)
        rows, prefixes, settings = (
            [message.attributes for message in self.observer.ask(*request)]
            for request in (("eam-get", b"", DUMP), ("prefix-get", b"", DUMP), ("settings-get",)))
        staged = build("nat64", staged=True)
        self.load = [["load-begin"], *(["prefix-new", prefix + staged] for prefix in prefixes),
                     *([["eam-new", b"".join(rows) + build("nat64", force=True) + staged, NEW]]
                       if rows else []),
                     ["settings-set", *(octets + staged for octets in settings)], ["load-commit"]]

    def count(self):
        """What is counted of a few packets, if it is."""
        self.observer.ask("stats-reset")
        if "counters on" in self.text:
            exchange(self.real.wire, TRAFFIC[:8])

    def restore(self):
        if standing(self.observer) == self.before:
            return
        for request in self.load:
            self.observer.ask(*request)
        if standing(self.observer) != self.before:
            self.count()
        assert standing(self.observer) == self.before

    def once(self, fault=contextlib.nullcontext()):
        """What was said, what was told to listeners, and what stands then."""
        self.restore()
        overheard(self.listener)
        with self.gateway:
            client = netlink.Socket()
        with contextlib.closing(client), fault:
            said = ask_all(client, self.requests)
        after = standing(self.observer)
        self.gateway.loaded = self.text if after == self.before else None
        return said, overheard(self.listener), after

    def close(self):
        self.observer.close()
        self.listener.close()


@pytest.fixture
def asked(real, request):
    row = Asked(real, request.param)
    yield row
    row.close()


@pytest.mark.parametrize("asked", REQUESTS, indirect=True)
def test_requests(asked):
    """The request is refused and changes nothing, or is done; who listens is told, or told that
    he was not."""
    said, events, after = asked.once()
    assert not isinstance(said, Exception)

    def attempt(fault):
        done, heard, found = asked.once(fault)
        where = f"allocation {fault.n}"
        if isinstance(done, netlink.Refused):
            assert done.error in (ENOMEM, ENOBUFS) and found == asked.before, where
            assert not heard, where
        elif isinstance(done, OSError):
            assert done.errno in (ENOMEM, ENOBUFS, EAGAIN) and found in (asked.before, after), where
        else:
            # An echo may be lost like any notification.
            assert done in (said, [] if said == events else said) and found == after, where
        if heard is not None:
            assert heard == (events if found == after else []), where
        return type(done)

    outcomes = each_fault(attempt, "faults in requests")
    assert outcomes[-1] is list and {list, OSError} <= set(outcomes)
    with asked.gateway:
        client = netlink.Socket()
    with contextlib.closing(client):
        client.ask("load-begin")
        client.ask("load-abort")


# Packets. They come from taps, so that they go all their way in the task that has the fault.

@pytest.fixture(scope="module")
def taps(module):
    gateway = topology.Gateway("nat64-taps")
    far = [Tap(gateway, "to6"), Tap(gateway, "to4")]
    gateway.ip(f"link set to6 address {MAC_TO6}", f"link set to4 address {MAC_TO4}")
    topology.furnish(gateway)
    yield topology.Topology(None, gateway, None, Wire(*far))
    for tap in far:
        os.close(tap.fd)
    gateway.delete()


DATA = bytes(range(256)) * 5
QUOTED4 = ip4(HOST4, SERVER4, udp(1, 2, bytes(20)))
QUOTED6 = ip6(SERVER6, HOST6, udp(1, 2, bytes(20)))
FRAGMENT = octets(SERVER4, HOST4, udp(1, 2, DATA))[:1000]
LARGE = Frame(ip6(HOST6, SERVER6, tcp(1000, 80, bytes(65505))),
              offload=Offload(GSO_TCPV6, 1400, 74, 54, 16))


def local(family, address):
    """A datagram that the gateway itself sends."""
    def send(net):
        with net.gateway:
            sender = socket.socket(family, socket.SOCK_DGRAM)
        with sender:
            sender.bind(("" if family == socket.AF_INET6 else GATEWAY4, 4000))
            with net.fault:
                sender.sendto(b"from here", (address, 53))
    return send


@dataclass(frozen=True)
class Sent:
    """What is sent, whether only some of what it becomes may be lost, what the configuration has
    more for it, the neighbour that is not to be known; whether a packet socket has it as well,
    and it is always the first with its configuration; and what rules and sysctls there are
    meanwhile."""

    what: object
    partly: bool = False
    more: str = ""
    unknown: str = ""
    watched: bool = False
    first: bool = False
    rules: tuple = ()
    sysctls: tuple = ()


PACKETS = {
    "6 to 4": Sent(ip6(HOST6, SERVER6, udp(1, 2, DATA[:100]))),
    "4 to 6": Sent(ip4(SERVER4, HOST4, udp(1, 2, DATA[:100]))),
    "first 6 to 4": Sent(ip6(HOST6, SERVER6, udp(1, 2, DATA[:100])), first=True),
    "first 4 to 6": Sent(ip4(SERVER4, HOST4, udp(1, 2, DATA[:100])), first=True),
    "hairpin": Sent(ip6(HOST6, "2001:db8:100::cb00:7114", udp(1, 2))),
    "fragment 6 to 4": Sent(ip6(HOST6, SERVER6, fragment(7, 0, True), raw(17, FRAGMENT))),
    "fragment 4 to 6": Sent(ip4(SERVER4, HOST4, raw(17, FRAGMENT), id=7, mf=True)),
    # The kernel's own output splits what goes to IPv4, and in filtered mode whatever it sends.
    "split 6 to 4": Sent(ip6(HOST6, SERVER6, fragment(7), udp(1, 2, bytes(1440))), partly=True),
    "split 4 to 6": Sent(ip4(SERVER4, HOST4, udp(1, 2, bytes(1440)))),
    "super-packet 6 to 4": Sent(super_tcp(HOST6, SERVER6, GSO_TCPV6, 1220, DATA)),
    "super-packet 4 to 6": Sent(super_tcp(SERVER4, HOST4, GSO_TCPV4, 1220, DATA, df=True)),
    "segmented": Sent(LARGE, partly=True),
    "error 6 to 4": Sent(ip6(HOST6, SERVER6, icmp6(1, 3, 0, QUOTED6))),
    "error 4 to 6": Sent(ip4(SERVER4, HOST4, icmp4(3, 1, 0, QUOTED4))),
    "error of nobody": Sent(ip6("2001:db8:1::99", SERVER6, icmp6(1, 3, 0, QUOTED6))),
    "error 6 to 4 that others have": Sent(ip6(HOST6, SERVER6, icmp6(1, 3, 0, QUOTED6)), watched=True),
    "error 4 to 6 that others have": Sent(ip4(SERVER4, HOST4, icmp4(3, 1, 0, QUOTED4)), watched=True),
    "large error 6 to 4": Sent(Frame(ip6(HOST6, SERVER6, icmp6(1, 3, 0, QUOTED6 + bytes(5000))),
                                     offload=Offload(header=70))),
    "split 4 to 6 that others have": Sent(
        Frame(ip4(SERVER4, HOST4, seeded(SERVER4, HOST4, udp(1, 2, bytes(1440)), 6)),
              offload=Offload(csum_start=34, csum_offset=6)), watched=True),
    "error whose quote is left to the device and that others have": Sent(
        Frame(ip4(SERVER4, HOST4, icmp4(3, 1, 0, ip4(HOST4, SERVER4, seeded(HOST4, SERVER4, udp(1, 2, bytes(20)), 6)))),
              offload=Offload(csum_start=62, csum_offset=6)), watched=True),
    "inner checksum to be finished and that others have": Sent(
        Frame(ip4(SERVER4, HOST4, udp(4789, 4789, DATA[:100], checksum=0)),
              offload=Offload(csum_start=34, csum_offset=16)), watched=True),
    "headers in pages and that others have": Sent(
        Frame(ip6(HOST6, SERVER6, fragment(7), udp(1, 2, bytes(5000))), offload=Offload(header=62)),
        partly=True, watched=True),
    "by rules": Sent(ip6(HOST6, SERVER6, udp(1, 2)), rules=("rule iif to6 lookup main pref 99",)),
    "to the gateway": Sent(ip6(HOST6, f"2001:db8:100::{GATEWAY4}", udp(1, 2))),
    "to the gateway by rules": Sent(ip6(HOST6, f"2001:db8:100::{GATEWAY4}", udp(1, 2)),
                                    rules=("rule iif to6 lookup main pref 99",)),
    "answer 6": Sent(ip6(HOST6, SERVER6, udp(1, 2), hlim=1)),
    "answer 4 of the device": Sent(ip4(SERVER4, HOST4, udp(1, 2), ttl=1),
                                   sysctls=(("net__ipv4__icmp_errors_use_inbound_ifaddr", 1),)),
    "answer 4": Sent(ip4(SERVER4, HOST4, udp(1, 2), ttl=1)),
    "too big 6": Sent(ip6(HOST6, SERVER6, udp(1, 2, bytes(1445)))),
    "too big 4": Sent(ip4(SERVER4, HOST4, udp(1, 2, bytes(1470)), df=True)),
    "local 6": Sent(local(socket.AF_INET6, SERVER6), more=f"add 203.0.113.1 {GATEWAY6}\n"),
    "local 4": Sent(local(socket.AF_INET, HOST4)),
    "counted 6 to 4": Sent(ip6(HOST6, SERVER6, udp(1, 2)), more="set counters on\n"),
    "counted 4 to 6": Sent(ip4(SERVER4, HOST4, udp(1, 2)), more="set counters on\n"),
    "unknown neighbour 6": Sent(ip4(SERVER4, "203.0.113.77", udp(1, 2)),
                                more="add 203.0.113.77 2001:db8:1::77\n",
                                unknown="2001:db8:1::77 dev to6"),
    "unknown neighbour 4": Sent(ip6(HOST6, "2001:db8:100::c633:644d", udp(1, 2)),
                                unknown="198.51.100.77 dev to4"),
}


def plain(packet):
    """A packet without what is new in every one."""
    if packet.ether[12:] == b"\x08\x00":
        return packet[:4] + b"\0\0" + packet[6:10] + b"\0\0" + packet[12:]
    return bytes(packet)


def counters(client):
    """The counters that are not zero."""
    stats = (named(stat, "stat") for kind, stat in attributes(
        client.ask("stats-get")[0].attributes) if kind == netlink.NUMBERS["nat64"]["stat"])
    values = {stat["name"].rstrip(b"\0").decode(): struct.unpack("=Q", stat["value"])[0]
              for stat in stats}
    return {name: value for name, value in values.items() if value}


class Shot:
    """One packet, sent again and again as if it were the first."""

    def __init__(self, taps, sent):
        self.net, self.gateway, self.sent = taps, taps.gateway, sent
        with self.gateway:
            self.client = netlink.Socket()

    def forget(self):
        """Routes, neighbours and counters are as if no packet had ever been."""
        if self.sent.first:
            text = self.gateway.show("save")
            for one in ("", text):
                self.gateway.ctl("load", "-", input=one)
        with self.gateway:
            for family in ("ipv4", "ipv6"):
                Path(f"/proc/sys/net/{family}/route/flush").write_text("1")
        if self.sent.unknown:
            self.gateway.run("ip", "neigh", "del", *self.sent.unknown.split(), check=False)
        self.client.ask("stats-reset")

    def send(self, fault):
        self.net.fault = fault
        what = self.sent.what
        if callable(what):
            return what(self.net)
        frame = what if isinstance(what, Frame) else Frame(what)
        port = self.net.wire.port[frame.link]
        with fault:
            port.send(frame)
        return None

    def once(self, fault=contextlib.nullcontext()):
        """Whether it could be sent, what came out on each side, and what was counted."""
        self.forget()
        refused = []

        def send():
            try:
                self.send(fault)
            except OSError as error:
                refused.append(error)

        seen = self.net.wire.exchange(send)
        return refused, {side: [plain(p) for p in seen[side]] for side in seen}, counters(self.client)


@pytest.mark.parametrize("forwarding", ["filtered", "direct"])
@pytest.mark.parametrize("name", PACKETS)
def test_packets(taps, name, forwarding):
    """It comes out whole or not at all, and if not, a counter says so."""
    sent = PACKETS[name]
    taps.configure(CONFIG + f"set forwarding {forwarding}\n" + sent.more)
    with contextlib.ExitStack() as stack:
        stack.enter_context(taps.gateway.routes(*sent.rules))
        stack.enter_context(taps.gateway.sysctls(**dict(sent.sysctls)))
        if sent.watched:
            with taps.gateway:
                stack.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)))
        try_packet(Shot(taps, sent), sent)


def try_packet(shot, sent):
    shot.once()
    refused, wanted, counted = shot.once()
    assert not refused and counted and any(wanted.values())

    def attempt(fault):
        refused, seen, counts = shot.once(fault)
        where = f"allocation {fault.n}: {refused or counts}, {seen}"
        assert all(error.errno in (ENOMEM, ENOBUFS) for error in refused), where
        if seen == wanted:
            return "sent"
        assert refused or counts, where
        for side in (6, 4):
            assert all(packet in wanted[side] for packet in seen[side]), where
        if not sent.partly:
            assert not any(seen.values()), where
        return "lost"

    outcomes = each_fault(attempt, "faults under packets")
    # Else the gateway goes on asking for its neighbour while the next packet is tried.
    shot.forget()
    shot.client.close()
    assert outcomes[-1] == "sent" and "lost" in outcomes


@pytest.mark.skipif(not (TRACING / "instances").is_dir(), reason="this kernel does not trace")
def test_what_is_lost_behind_its_translation_is_traced(taps):
    """As what it has become. Which allocation it is varies, so that it may be missed once or twice."""
    taps.configure(CONFIG)
    shot = Shot(taps, PACKETS["to the gateway"])

    def events_of(fault):
        with traced("nat64/refused") as events:
            shot.once(fault)
            return events()

    event = (f"6to4 to6 protocol 17 length 28 src6 {HOST6} dst6 2001:db8:100::c633:6401 src4 {HOST4} dst4 {GATEWAY4} "
             "sport 1 dport 2 reason no_memory")
    assert any([event] in each_fault(events_of, "faults under traced packets") for _ in range(8))
    shot.client.close()


# Routes.

MAPPING = {"addr4": "203.0.113.0", "len4": 24, "addr6": "2001:db8:1::", "len6": 120}
LISTED = [["load-begin"], one("prefix-new", prefix={"addr": "2001:db8:100::", "len": 96}, staged=True),
          one("eam-new", NEW, eam=MAPPING, staged=True), ["load-commit"]]


def is_pending(client):
    return named(client.ask("status-get")[0].attributes, "nat64")["routes-pending"] == b"\1"


def said_of_routes(gateway):
    return gateway.show("status").splitlines()[-1]


def test_listing_the_routes(real):
    """Without memory it is tried again, and status says so; until then each packet asks."""
    with real.gateway:
        client = netlink.Socket()
    real.gateway.loaded = None
    said = set()

    def attempt(fault):
        refused = f"203.0.113.{fault.n}"  # one that no listing before has met
        client.ask("load-begin")
        client.ask("load-commit")
        with real.gateway.routes(f"route blackhole {refused}"):
            return list_routes(fault, ip4(SERVER4, refused, udp(1, 2)))

    def list_routes(fault, packet):
        for request in LISTED[:-1]:
            client.ask(*request)
        try:
            with fault:
                client.ask(*LISTED[-1])
        except (netlink.Refused, OSError):
            with contextlib.suppress(netlink.Refused):
                client.ask("load-abort")
            return "refused"
        if not is_pending(client):
            return "listed"
        real.wire.expect_silence(packet)
        text = said_of_routes(real.gateway)
        if is_pending(client):  # the next listing may have been faster than the process
            said.add(text)
        util.eventually(lambda: not is_pending(client), "the routes are listed")
        assert said_of_routes(real.gateway) == "routes      listed"
        real.wire.expect_silence(packet)
        return "pending"

    with contextlib.closing(client):
        outcomes = each_fault(attempt, "faults in listing the routes")
    assert outcomes[-1] == "listed" and "pending" in outcomes
    assert said == {"routes      pending"}


# The module, and network namespaces.

LIBC = ctypes.CDLL(None, use_errno=True)


def insert_module(parameters=b""):
    fd = os.open(KO, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if LIBC.syscall(313, fd, parameters, 0):
            raise OSError(ctypes.get_errno(), "finit_module")
    finally:
        os.close(fd)


def allocations_of_the_loader():
    """Those until the module's parameters are read; its own come later."""
    many = 1 << 20
    with Fault(many) as fault, pytest.raises(OSError):
        insert_module(b"max_mappings=none")
    return many - fault.left


def test_loading_the_module(real):
    """It is there whole, or not at all."""
    for name in kmod.dependencies():
        util.run("modprobe", name)
    kmod.unload_module()
    first = max(allocations_of_the_loader() for _ in range(3))

    def attempt(fault):
        with fault, contextlib.suppress(OSError):
            insert_module()
        loaded = kmod.module_loaded()
        if loaded:
            assert topology.state(real.gateway) == "off"
            kmod.unload_module()
        return loaded

    outcomes = each_fault(attempt, "faults in loading the module", first, LOADING_STEP)
    kmod.load_module()
    real.gateway.loaded = None
    assert outcomes[-1] and False in outcomes


def in_child(function):
    """What the function says, in a process of its own: a number of 0 to 98."""
    child = os.fork()
    if not child:
        status = 99
        with contextlib.suppress(BaseException):
            status = function()
        os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


MADE, FAILED, NO_MORE, REFUSED_HOOKS = range(4)


def make_namespace(n):
    with Fault(n) as fault:
        failed = LIBC.unshare(0x40000000)
    if failed:
        return FAILED
    status = named(netlink.Socket().ask("status-get")[0].attributes, "nat64")
    assert status["count"] == bytes(4)
    return MADE if fault.happened else NO_MORE


def test_making_a_network_namespace(real):
    """It is there with a translator in it, or not at all."""
    outcomes, n = [], 1
    while NO_MORE not in outcomes:
        outcomes.append(in_child(lambda: make_namespace(n)))
        assert outcomes[-1] in (MADE, FAILED, NO_MORE), f"allocation {n}"
        n += STEP
    FIGURES["faults in making a network namespace"] += len(outcomes) - 1
    assert FAILED in outcomes


# What asks for the hooks of a namespace that has none yet, after what else it takes.
FIRST = {
    "a mapping": [["eam-new", build("nat64", eam=HOST), NEW]],
    "a load": [["load-begin"], ["eam-new", build("nat64", staged=True, eam=HOST), NEW], ["load-commit"]],
    "local": [["settings-set", build("nat64", settings={"local": 0})],
              ["eam-new", build("nat64", eam=HOST), NEW],
              ["settings-set", build("nat64", settings={"local": 1})]],
}
NO_MEMORY = {"", "out of memory", "the netfilter hooks cannot be registered"}


def register_hooks(n, requests):
    assert not LIBC.unshare(0x40000000)
    client = netlink.Socket()

    def status():
        return client.ask("status-get")[0].attributes

    for request in requests[:-1]:
        client.ask(*request)
    before, outcome = status(), MADE
    with Fault(n) as fault:
        try:
            client.ask(*requests[-1])
        except netlink.Refused as error:
            assert error.error == ENOMEM and error.text in NO_MEMORY
            outcome = REFUSED_HOOKS if "hooks" in error.text else FAILED
        except OSError:  # there was no memory for the request, or for its answer
            outcome = FAILED
    if outcome != MADE and status() == before:
        client.ask(*requests[-1])
    else:
        assert outcome != REFUSED_HOOKS
    assert named(status(), "nat64")["count"] == struct.pack("=I", 1)
    return outcome if fault.happened else NO_MORE


@pytest.mark.parametrize("first", FIRST)
def test_the_first_hooks_of_a_network_namespace(real, first):
    """Who asks for them is refused, and may ask again."""
    outcomes, n = [], 1
    # Pages that the new process touches first count as well, and may hide another allocation.
    while not {NO_MORE, REFUSED_HOOKS} <= set(outcomes) and len(outcomes) < 500:
        outcomes.append(in_child(lambda: register_hooks(n, FIRST[first])))
        assert outcomes[-1] in (MADE, FAILED, NO_MORE, REFUSED_HOOKS), f"allocation {n}"
        n = 1 if outcomes[-1] == NO_MORE else n + 1
    FIGURES["faults in registering hooks"] += len(outcomes) - 1
    assert REFUSED_HOOKS in outcomes
