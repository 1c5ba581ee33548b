# SPDX-License-Identifier: GPL-2.0
"""A gateway between an IPv6 host and an IPv4 host, in three network namespaces.

    v6 host  eth0 ---- to6  gateway  to4 ---- eth0  v4 host
    2001:db8:1::/64                          198.51.100.0/24

Frames are injected and caught at the two far ends. Most packets come from and
go to hosts that exist only as neighbours of the gateway, so that nobody but
the test answers them; REAL6 and REAL4 have a stack behind them.

Nothing here waits for a time to pass: after what a test injects come two
sentinels, packets that the gateway forwards natively, one out of each side.
What came out before them is all that came out.
"""

import collections
import contextlib
import ctypes
import fcntl
import os
import re
import select
import shutil
import socket
import struct
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from packet import (ANY, Packet, checksum, describe, difference, icmp4, icmp6, ip4, ip6, u16, udp,
                    version)

TOP = Path(__file__).resolve().parents[2]
KO = Path(os.environ.get("NAT64_KO") or TOP / "build" / os.uname().release / "nat64.ko")
CTL = Path(os.environ.get("NAT64CTL") or TOP / "ctl" / "nat64ctl")

PREFIX = "2001:db8:100::/96"

# Two mapped hosts, one that is not mapped, and the gateway, on the IPv6 side.
HOST6, HOST4 = "2001:db8:1::10", "203.0.113.10"
PEER6, PEER4 = "2001:db8:1::20", "203.0.113.20"
STRANGER6 = "2001:db8:1::99"
GATEWAY6 = "2001:db8:1::1"
REAL6, REAL6_MAPPED = "2001:db8:1::80", "203.0.113.80"

# A host of the IPv4 Internet as each side knows it, and the gateway.
SERVER4, SERVER6 = "198.51.100.2", "2001:db8:100::c633:6402"
GATEWAY4 = "198.51.100.1"
REAL4, REAL4_EMBEDDED = "198.51.100.80", "2001:db8:100::c633:6450"

# Where sentinels go, by the side on which they come out; routes to them alone
# keep them native whatever is mapped.
SENTINEL6, SENTINEL4 = "198.18.77.6", "198.18.77.4"

CONFIG = f"""
prefix add {PREFIX}
add {HOST4} {HOST6}
add {PEER4} {PEER6}
add {REAL6_MAPPED} {REAL6}
"""

MAC_TO6, MAC_TO4 = "02:00:00:00:06:01", "02:00:00:00:04:01"
MAC_REAL6, MAC_REAL4 = "02:00:00:00:06:80", "02:00:00:00:04:80"
MAC_FAR6, MAC_FAR4 = "02:00:00:00:06:10", "02:00:00:00:04:02"

# What the tests need, for where the kernel does not load modules by itself.
MODULES = ("veth", "dummy", "vrf", "ifb", "8021q", "sch_fq", "sch_fq_codel", "sch_htb",
           "sch_tbf", "sch_ingress", "cls_matchall",
           "act_gact", "sch_netem", "nf_tables", "nft_ct", "nft_nat", "nft_masq", "nft_chain_nat",
           "nft_reject", "nft_reject_inet", "nft_reject_ipv4", "nft_reject_ipv6", "nft_fib",
           "nft_fib_inet", "nft_fib_ipv4", "nft_fib_ipv6", "nft_log", "nft_limit", "nft_hash",
           "nf_conntrack", "nf_defrag_ipv4", "nf_defrag_ipv6", "ipip", "sit", "ip_gre", "ip6_gre",
           "ip6_tunnel", "wireguard", "af_packet", "tun", "nfnetlink_hook")

PARAMETERS = Path("/sys/module/nat64/parameters")

DEADLINE = 20

# What tests have counted of what they did, printed when all are done.
FIGURES = collections.Counter()


def run(*command, input=None, check=True, timeout=120):
    """Runs a program; returns it with its output as text."""
    done = subprocess.run([str(word) for word in command], input=input, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout,
                          stdin=subprocess.DEVNULL if input is None else None)
    if check and done.returncode:
        raise AssertionError(f"{' '.join(map(str, command))}: exit {done.returncode}\n"
                             f"{done.stdout}{done.stderr}{input or ''}")
    return done


def kernel():
    return tuple(map(int, re.match(r"(\d+)\.(\d+)", os.uname().release).groups()))


def eventually(condition, what, timeout=DEADLINE, pause=0.01):
    """Returns what the condition returns, once that is true."""
    end = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(pause)


_libc = ctypes.CDLL(None, use_errno=True)


def _setns(fd):
    if _libc.setns(fd, 0x40000000):
        raise OSError(ctypes.get_errno(), "setns")


class Place:
    """A network namespace that there is; `with` it, this process and what it starts are inside."""

    def __init__(self, name):
        self.name = name
        self.fd = os.open(f"/run/netns/{name}", os.O_RDONLY)
        self._outside = []

    def __enter__(self):
        self._outside.append(os.open("/proc/self/ns/net", os.O_RDONLY))
        _setns(self.fd)
        return self

    def __exit__(self, *_):
        outside = self._outside.pop()
        _setns(outside)
        os.close(outside)


class Namespace(Place):
    """A network namespace of our own."""

    def __init__(self, name):
        run("ip", "netns", "del", name, check=False)
        run("ip", "netns", "add", name)
        super().__init__(name)
        with self:
            for key, value in (("net.ipv6.conf.default.addr_gen_mode", 1),
                               ("net.ipv6.conf.default.accept_dad", 0),
                               ("net.ipv6.conf.default.accept_ra", 0),
                               ("net.ipv6.conf.default.router_solicitations", 0),
                               ("net.ipv6.auto_flowlabels", 0)):
                self.sysctl(key, value)
            run("ip", "link", "set", "lo", "up")

    def delete(self):
        os.close(self.fd)
        run("ip", "netns", "del", self.name, check=False)

    def run(self, *command, **how):
        with self, unpinned():
            return run(*command, **how)

    def start(self, *command, **how):
        """Starts a program that goes on beside the test; as a context it is ended."""
        with self, unpinned():
            return subprocess.Popen([str(word) for word in command], **how)

    def ip(self, *lines):
        """Runs ip commands, given as lines."""
        return self.run("ip", "-batch", "-", input="\n".join(lines) + "\n")

    def sysctl(self, key, value=None):
        """Writes a sysctl, or reads it."""
        with self:
            path = Path("/proc/sys") / key.replace(".", "/")
            if value is not None:
                path.write_text(str(value))
            return path.read_text().strip()

    @contextlib.contextmanager
    def sysctls(self, **values):
        """Sysctls for a while; underscores double for dots: net__ipv4__ip_forward=0."""
        before = {}
        try:
            for key, value in values.items():
                key = key.replace("__", ".")
                before[key] = self.sysctl(key)
                self.sysctl(key, value)
            yield
        finally:
            for key, value in before.items():
                self.sysctl(key, value)

    @contextlib.contextmanager
    def routes(self, *lines):
        """Routes, rules and addresses for a while: "route 192.0.2.0/24 dev to6"."""
        words = [line.split(" ", 1) for line in lines]
        self.ip(*(f"{kind} add {rest}" for kind, rest in words))
        try:
            yield
        finally:
            self.ip(*(f"{kind} del {rest}" for kind, rest in reversed(words)))

    def mtu(self, device, value):
        """Sets an MTU; returns what it was."""
        with self, socket.socket() as any_socket:
            request = struct.pack("16sI12x", device.encode(), value)
            before = fcntl.ioctl(any_socket, 0x8921, request)  # SIOCGIFMTU
            fcntl.ioctl(any_socket, 0x8922, request)  # SIOCSIFMTU
        return struct.unpack_from("I", before, 16)[0]

    def offloads(self, device, **states):
        """Switches offloads: offloads("eth0", tso=True, gro=False)."""
        words = [w for name, on in states.items() for w in (name.replace("_", "-"),
                                                           "on" if on else "off")]
        self.run("ethtool", "-K", device, *words)


@contextlib.contextmanager
def unpinned():
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count()))
    try:
        yield
    finally:
        os.sched_setaffinity(0, mine)


# Frames.

GSO_NONE, GSO_TCPV4, GSO_UDP, GSO_TCPV6, GSO_UDP_L4, GSO_ECN = 0, 1, 3, 4, 5, 0x80


@dataclass(frozen=True)
class Offload:
    """What the sender left to the device: segmentation, the checksum of the transport.

    The header is how much of a frame of a page or more is to be linear; offsets
    count from the start of the frame.
    """

    gso: int = GSO_NONE
    size: int = 0
    header: int = 0
    csum_start: int = 0
    csum_offset: int = 0

    _layout = struct.Struct("=BBHHHH")

    def octets(self):
        return self._layout.pack(1 if self.csum_start else 0, self.gso, self.header, self.size,
                                 self.csum_start, self.csum_offset)

    @classmethod
    def parse(cls, octets):
        """What a packet that came out has; how much of it is linear is left out."""
        flags, gso, _, size, start, offset = cls._layout.unpack(octets)
        if not flags & 1:
            start = offset = 0
        return cls(gso, size, 0, start, offset)


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def ethertype(packet):
    return b"\x86\xdd" if version(packet) == 6 else b"\x08\x00"


@dataclass(frozen=True)
class Frame:
    """A packet with something particular about its frame."""

    packet: bytes
    dst: str = None
    src: str = None
    side: int = None
    trailer: bytes = b""
    offload: Offload = None

    @property
    def link(self):
        """The side it is on: that of its family, unless said."""
        return self.side or version(self.packet)


class Seen(Packet):
    """A packet that came out, with the frame it came in."""

    ether: bytes = b""
    offload: Offload = Offload()

    def finished(self):
        """The packet as the device sends it, with a checksum that was left to it."""
        at = self.offload.csum_start - 14
        if self.offload.gso or at < 0:
            return self
        value, field = checksum(self[at:]) or 0xffff, at + self.offload.csum_offset
        seen = Seen(self[:field] + u16(value) + self[field + 2:])
        seen.ether = self.ether
        return seen


def listen(namespace):
    """A packet socket on a device called eth0."""
    with namespace:
        listener = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    for level, option, value in ((263, 15, 1), (263, 23, 1), (socket.SOL_SOCKET, 33, 1 << 25)):
        listener.setsockopt(level, option, value)
    listener.bind(("eth0", 3))
    listener.setblocking(False)
    return listener


class Tap:
    """A device of the gateway that is a file here, with the words of a socket.

    What is sent goes all its way in this very task, as far as the next queue.
    """

    def __init__(self, gateway, name):
        with gateway:
            self.fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(self.fd, 0x400454ca, struct.pack("16sH22x", name.encode(), 0x5002))
        fcntl.ioctl(self.fd, 0x400454d0, 0x7)  # TUNSETOFFLOAD: checksums, TSO

    def fileno(self):
        return self.fd

    def sendmsg(self, parts):
        os.writev(self.fd, parts)

    def recv_into(self, buffer):
        return os.readv(self.fd, [buffer])

    def recv(self, length):
        return os.read(self.fd, length)


class Port:
    """The far end of a link of the gateway: frames go in and come out here."""

    def __init__(self, far_end, side, gateway_mac, far_mac):
        self.side = side
        self.gateway_mac, self.far_mac = mac(gateway_mac), mac(far_mac)
        self.socket = far_end
        self._buffer = bytearray(1 << 20)

    def fileno(self):
        return self.socket.fileno()

    def send(self, frame):
        ether = ((mac(frame.dst) if frame.dst else self.gateway_mac) +
                 (mac(frame.src) if frame.src else self.far_mac) +
                 ethertype(frame.packet))
        offload = (frame.offload or Offload()).octets()
        self.socket.sendmsg([offload, ether, frame.packet, frame.trailer])

    def drain(self):
        """Forgets what has come out so far."""
        while True:
            try:
                self.socket.recv(1)
            except BlockingIOError:
                return
            except OSError:  # this kernel cannot say what offload a packet has
                pass

    def receive(self):
        """The next packet that came out, None if there is none now."""
        while True:
            try:
                length = self.socket.recv_into(self._buffer)
            except BlockingIOError:
                return None
            octets = bytes(self._buffer[:length])
            ether = octets[10:24]
            # The gateway's own multicast listener reports come at any time.
            if ether[:6] == b"\x33\x33\0\0\0\x16":
                continue
            seen = Seen(octets[24:])
            seen.ether = ether
            seen.offload = Offload.parse(octets[:10])
            return seen


class Wire:
    """Both far ends of the gateway."""

    def __init__(self, far6, far4):
        self.port = {6: Port(far6, 6, MAC_TO6, MAC_FAR6), 4: Port(far4, 4, MAC_TO4, MAC_FAR4)}
        self._number = 0

    def exchange(self, *sent):
        """Injects packets where their family lives; returns what came out of either side.

        What is no packet is called: something that makes the gateway itself send.
        """
        for port in self.port.values():
            port.drain()
        for one in sent:
            if callable(one):
                one()
                continue
            frame = one if isinstance(one, Frame) else Frame(one)
            self.port[frame.link].send(frame)
        return self._until(self._sentinels())

    def _sentinels(self):
        """Packets that the gateway forwards as they are, one out of each side."""
        self._number += 1
        mark = udp(9, 9, struct.pack("!8sQ", b"sentinel", self._number))
        sentinels = {6: ip4(SERVER4, SENTINEL6, mark), 4: ip4(SERVER4, SENTINEL4, mark)}
        for sentinel in sentinels.values():
            self.port[4].send(Frame(sentinel))
        return {side: sentinel[20:] for side, sentinel in sentinels.items()}

    def _until(self, sentinels):
        seen, waiting = {6: [], 4: []}, {6, 4}
        end = time.monotonic() + DEADLINE
        while waiting:
            left = max(0, end - time.monotonic())
            if not select.select([self.port[side] for side in waiting], [], [], left)[0]:
                raise AssertionError(f"the sentinel never came out towards IPv{waiting}; before: "
                                     f"{[describe(p) for some in seen.values() for p in some]}")
            for side in (6, 4):
                while side in waiting and (packet := self.port[side].receive()) is not None:
                    if version(packet) == 4 and packet[20:] == sentinels[side]:
                        waiting.discard(side)
                    else:
                        seen[side].append(packet)
        return seen

    def expect(self, sent, *expected):
        """Injects, and fails unless exactly the expected packets come out, octet for octet.

        IPv6 packets are expected on the IPv6 side, IPv4 packets on the other, in
        this order on each side. A Frame says otherwise, or what is left to the
        device to do, which is else done here. With nothing expected, nothing at
        all may come out.
        """
        __tracebackhide__ = True
        many = isinstance(sent, (list, tuple))
        seen = self.exchange(*(sent if many else [sent]))
        expected = [e if isinstance(e, Frame) else Frame(e) for e in expected]
        problems = []
        for side in (6, 4):
            problems += self._compare(side, [e for e in expected if e.link == side],
                                      seen[side])
        if problems:
            for one in sent if many else [sent]:
                problems.append(f"  sent {one if callable(one) else describe(quoted(one))}")
            raise AssertionError("\n".join(problems))
        return seen

    def _compare(self, side, expected, seen):
        __tracebackhide__ = True
        problems = []
        for n, frame in enumerate(expected):
            want = frame.packet
            if n >= len(seen):
                problems.append(f"IPv{side} side: packet {n + 1} of {len(expected)} did not come:")
                problems.append(f"  expected {describe(want)}")
                continue
            got = seen[n] if frame.offload else seen[n].finished()
            lines = difference(want.closed(got), got)
            if got.offload != (frame.offload or Offload()):
                lines.append(f"  offload: expected {frame.offload}, got {got.offload}")
            ether = self.port[side].gateway_mac + ethertype(want)
            if got.ether[6:] != ether:
                lines.append(f"  frame: expected {ether.hex()}, got {got.ether[6:].hex()}")
            if lines:
                problems += [f"IPv{side} side: packet {n + 1} of {len(expected)} is wrong:", *lines]
        for got in seen[len(expected):]:
            problems += [f"IPv{side} side: nobody expected", f"  {describe(got)}"]
        return problems

    def expect_silence(self, *sent):
        """Injects, and fails if anything comes out of either side."""
        __tracebackhide__ = True
        for one in sent:
            self.expect(one)


# Answers of the gateway to a packet, quoting it as it was sent.

def quoted(sent):
    """The packet in what was sent, a frame or a packet."""
    return sent.packet if isinstance(sent, Frame) else sent


def answer6(sent, type, code, rest=0, source=GATEWAY6):
    sent = quoted(sent)
    return ip6(source, sent[8:24], icmp6(type, code, rest, sent[:1232]))


def answer4(sent, type, code, rest=0, source=GATEWAY4):
    sent = quoted(sent)
    return ip4(source, sent[12:16], icmp4(type, code, rest, sent[:548]), id=ANY,
               tos=0xc0 | sent[1] & 0x1e)


def answer(sent, type6, code6, type4, code4):
    return (answer6(sent, type6, code6) if version(quoted(sent)) == 6 else
            answer4(sent, type4, code4))


def prohibited(sent):
    """What a packet gets that is refused for no reason with an error of its own."""
    return answer(sent, 1, 1, 3, 13)


def time_exceeded(sent):
    return answer(sent, 3, 0, 11, 0)


def packet_too_big(sent, mtu):
    return answer6(sent, 2, 0, mtu)


def fragmentation_needed(sent, mtu):
    return answer4(sent, 3, 4, mtu)


def parameter_problem(sent, pointer):
    return answer6(sent, 4, 0, pointer)


def source_route_failed(sent):
    return answer4(sent, 3, 5)


# The module, the tool, the gateway.

def module_loaded():
    return Path("/sys/module/nat64").exists()


def dependencies():
    """The modules that nat64 depends on."""
    return [name for name in run("modinfo", "-F", "depends", KO).stdout.strip().split(",") if name]


def load_module():
    """Loads the module, and first what it depends on."""
    for name in dependencies():
        run("modprobe", name)
    run("insmod", KO)


def unload_module(check=True):
    where = module_range()
    done = run("rmmod", "nat64", check=check).returncode == 0
    if done:
        FORMER.append(where)
    return done


MEMLEAK = Path("/sys/kernel/debug/kmemleak")
FORMER = []


@contextlib.contextmanager
def parameter(name, value):
    """One of the module's for a while."""
    path = PARAMETERS / name
    usual = path.read_text()
    path.write_text(str(value))
    try:
        yield
    finally:
        path.write_text(usual)


def module_range():
    """Where the module is in memory."""
    line, = (line for line in Path("/proc/modules").read_text().splitlines()
             if line.startswith("nat64 "))
    words = line.split()
    return range(int(words[5], 16), int(words[5], 16) + int(words[1]))


def forget_leaks():
    """What leaked so far is not of interest."""
    if MEMLEAK.exists():
        MEMLEAK.write_text("scan")
        MEMLEAK.write_text("clear")


def leaks():
    """Memory that nobody knows of any more and that the module, which was there, has asked for."""
    if not MEMLEAK.exists():
        return []
    time.sleep(6)  # it does not speak of what is younger than five seconds
    for _ in range(2):
        MEMLEAK.write_text("scan")
    # User-mode Linux does not know who asked for it.
    return [block for block in MEMLEAK.read_text().split("unreferenced object")[1:]
            if "[nat64]" in block or block.rstrip().endswith("backtrace:") or
            any(int(number, 16) in where for where in FORMER
                for number in re.findall(r"0x[0-9a-f]{8,}", block))]


def lockdep_is_alive():
    """Once it has found something, it looks no further."""
    stats = Path("/proc/lockdep_stats")
    return not stats.exists() or re.search(r"debug_locks: +1$", stats.read_text(), re.M)


@dataclass
class Gateway(Namespace):
    """The namespace of the gateway, with nat64 in it."""

    def __init__(self, name):
        super().__init__(name)
        self.loaded = None

    def ctl(self, *words, **how):
        """Runs nat64ctl in the gateway."""
        self.loaded = None
        return self.run(CTL, *words, **how)

    def show(self, *words, **how):
        """Runs nat64ctl for a question that changes nothing; returns its output."""
        return self.run(CTL, *words, **how).stdout

    def configure(self, text):
        """Replaces the whole configuration, unless it is what stands already."""
        if self.loaded != text:
            self.ctl("-f", "load", "-", input=text)
            self.loaded = text


hooks_can_be_listed = pytest.mark.skipif(
    run("modprobe", "-q", "nfnetlink_hook", check=False).returncode != 0,
    reason="this kernel does not list its netfilter hooks")


def hooks(namespace):
    """The netfilter hooks of the module in a namespace, as nft lists them."""
    return [line.strip() for family in ("ip", "ip6")
            for line in namespace.run("nft", "list", "hooks", family).stdout.splitlines()
            if "nat64" in line]


def state(gateway):
    """What nat64ctl status calls the state."""
    return dict(line.split(None, 1) for line in gateway.show("status").splitlines())["state"]


@dataclass
class Topology:
    v6: Namespace
    gateway: Gateway
    v4: Namespace
    wire: Wire = field(default=None)

    def configure(self, text):
        self.gateway.configure(text)

    def delete(self):
        for namespace in (self.v6, self.gateway, self.v4):
            namespace.delete()

    @contextlib.contextmanager
    def mtus(self, to6=None, to4=None, far6=None, far4=None):
        """MTUs of the gateway's links for a while."""
        ends = [(n, d, m) for n, d, m in ((self.gateway, "to6", to6), (self.gateway, "to4", to4),
                                          (self.v6, "eth0", far6), (self.v4, "eth0", far4)) if m]
        before = []
        try:
            for namespace, device, value in ends:
                before.append((namespace, device, namespace.mtu(device, value)))
            yield
        finally:
            for namespace, device, value in before:
                namespace.mtu(device, value)


def furnish(gateway, vrf=None):
    """Gives a gateway that has its devices what it needs to forward."""
    for key, value in (("net.ipv4.ip_forward", 1), ("net.ipv6.conf.all.forwarding", 1),
                       ("net.ipv4.conf.all.send_redirects", 0),
                       ("net.ipv4.conf.to4.send_redirects", 0),
                       ("net.ipv4.conf.all.rp_filter", 0), ("net.ipv4.conf.to4.rp_filter", 0),
                       ("net.ipv4.conf.to6.rp_filter", 0),
                       ("net.ipv4.icmp_ratelimit", 0), ("net.ipv4.icmp_ratemask", 0),
                       ("net.ipv6.icmp.ratelimit", 0), ("net.ipv6.icmp.ratemask", "")):
        gateway.sysctl(key, value)

    phantoms6 = [f"neigh add {a} lladdr {MAC_FAR6} dev to6 nud permanent"
                 for a in (HOST6, PEER6, STRANGER6, "2001:db8:1::fe")]
    phantoms4 = [f"neigh add {a} lladdr {MAC_FAR4} dev to4 nud permanent"
                 for a in (SERVER4, "198.51.100.254")]
    gateway.ip(
        "link set to6 up", "link set to4 up",
        "addr add fe80::1/64 dev to6 nodad", "addr add fe80::4/64 dev to4 nodad",
        f"addr add {GATEWAY6}/64 dev to6 nodad", f"addr add {GATEWAY4}/24 dev to4",
        *phantoms6, *phantoms4,
        f"neigh add {REAL6} lladdr {MAC_REAL6} dev to6 nud permanent",
        f"neigh add {REAL4} lladdr {MAC_REAL4} dev to4 nud permanent",
        f"neigh add {SENTINEL6} lladdr {MAC_FAR6} dev to6 nud permanent",
        *(f"route add {route}" + (f" vrf {vrf}" if vrf else "") for route in (
            f"{SENTINEL6}/32 dev to6", f"{SENTINEL4}/32 via 198.51.100.254",
            "default via 198.51.100.254", "default via 2001:db8:1::fe")))


def build_topology(name="nat64", vrf=None):
    """Builds the namespaces, links, addresses, neighbours and routes.

    A VRF has both of the gateway's devices in it, and all of its routes.
    """
    run("modprobe", "-qa", *MODULES, check=False)
    v6, gateway, v4 = Namespace(f"{name}-v6"), Gateway(f"{name}-gw"), Namespace(f"{name}-v4")

    for side, near, near_mac, far_mac in ((v6, "to6", MAC_TO6, MAC_REAL6),
                                          (v4, "to4", MAC_TO4, MAC_REAL4)):
        gateway.ip(f"link add {near} mtu 1500 address {near_mac} type veth "
                   f"peer name eth0 mtu 65535 address {far_mac} netns {side.name}")
        side.ip("link set eth0 up")
    if vrf:
        gateway.ip(f"link add {vrf} type vrf table 10", f"link set {vrf} up",
                   f"link set to6 master {vrf}", f"link set to4 master {vrf}")

    furnish(gateway, vrf)
    v6.ip(f"addr add {REAL6}/64 dev eth0 nodad",
          f"neigh add {GATEWAY6} lladdr {MAC_TO6} dev eth0 nud permanent",
          f"route add default via {GATEWAY6}")
    v4.ip(f"addr add {REAL4}/24 dev eth0",
          f"neigh add {GATEWAY4} lladdr {MAC_TO4} dev eth0 nud permanent",
          f"route add default via {GATEWAY4}")
    topology = Topology(v6, gateway, v4)
    topology.wire = Wire(listen(v6), listen(v4))
    return topology


def need(*programs):
    """Fails if a program that a test runs is not there: a test never passes by not running."""
    missing = [p for p in programs if not shutil.which(p)]
    assert not missing, f"install {', '.join(missing)}"


# Rules of nft.

def chain(hook, *rules, name=None, priority=0, policy="accept", kind="filter"):
    """A base chain of nft, called as its hook unless it has a name."""
    return "\n".join([f"chain {name or hook} {{",
                      f"type {kind} hook {hook} priority {priority}; policy {policy};",
                      *rules, "}"])


def counted(gateway):
    """Packets by the comment of their nft rule."""
    text = gateway.run("nft", "list", "ruleset").stdout
    return {m[2]: int(m[1]) for m in
            re.finditer(r'counter packets (\d+) bytes \d+.*comment "([^"]+)"', text)}


# Sockets of the two real hosts.

def connect(client, server, address, port=0):
    """A TCP connection from one namespace to another; the two sockets of it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    other = socket.AF_INET if family == socket.AF_INET6 else socket.AF_INET6
    with server:
        listener = socket.create_server(("", port), family=other)
    with client:
        ours = socket.socket(family)
    with listener:
        listener.settimeout(DEADLINE)
        ours.settimeout(DEADLINE)
        ours.connect((address, listener.getsockname()[1]))
        theirs, _ = listener.accept()
    return ours, theirs


def stream(source, sink, data):
    """Sends data over a connection; returns what arrives."""
    source.setblocking(False)
    sink.setblocking(False)
    poll, left, got = select.poll(), memoryview(data), bytearray()
    poll.register(source, select.POLLOUT)
    poll.register(sink, select.POLLIN)
    end = time.monotonic() + DEADLINE
    while len(got) < len(data):
        if not poll.poll(1000 * max(0, end - time.monotonic())):
            raise AssertionError(f"stuck: {len(left)} octets not sent, "
                                 f"{len(got)} of {len(data)} arrived")
        with contextlib.suppress(BlockingIOError):
            left = left[source.send(left):]
            if not left:
                poll.modify(source, 0)
        with contextlib.suppress(BlockingIOError):
            got += sink.recv(1 << 20)
    return bytes(got)
