# SPDX-License-Identifier: GPL-2.0-only
"""A gateway whose links end in this process: for many packets, of any form in memory.

    to6, to4: what is written comes in, linear as long as it is no super-packet
    in6, in4: it comes in as pieces of memory; nothing goes out there
    to6.7, to4.7: VLANs on the first two
    gro6, gro4: it waits in GRO, for what can be put together with it; nothing goes out there

What a write leads to has come out, or has been dropped, when it returns; for
gro6 and gro4, when release() does.
"""

import array
import contextlib
import fcntl
import os
import socket
import struct
import tempfile
from dataclasses import replace
from pathlib import Path

import aio
import nft
import topology
import util
from addresses import GATEWAY4, GATEWAY6, HOST4, HOST6, MAC_TO6, SERVER4
from frame import Offload
from generator import MEMORY, VLAN, Sent
from netlink import DUMP, HEADER, REQUEST, Message, attribute, attributes
from packet import Packet, destination_options, hop_by_hop, icmp6, ip4, ip6, version
from topology import MODULES
from util import DEADLINE

TUNSETIFF, TUNSETOFFLOAD = 0x400454ca, 0x400454d0
SIOCETHTOOL, ETHTOOL_SGRO = 0x8946, 0x2c
TAP, NAPI, NAPI_FRAGS, NO_PI, VNET_HDR = 0x02, 0x10, 0x20, 0x1000, 0x4000
# Checksums, TCP over either family and with ECN, UDP over either.
OFFLOADS = (0, 0x01, 0x0f, 0x6f)

NOTHING_LEFT = Offload()

# The firewall marks that packets get for where they come in.
MARKS = {"to6": 0x11, "to4": 0x12, "in6": 0x21, "in4": 0x22, "gro6": 0x31, "gro4": 0x32}

# Whither native routes lead. Had they no router, Linux would take the first address of
# each for an anycast address, and send it no ICMP error.
BEHIND = {True: "via 2001:db8:1::2 dev to6", False: f"via {SERVER4} dev to4"}

# What GRO makes of datagrams, and since Linux 6.10 of segments: nothing or one
# packet; a list of packets; one packet.
GRO_KINDS = ({}, {"rx_gro_list": True}, {"rx_udp_gro_forwarding": True})

# A message of nf_tables, and attributes of a rule.
GETRULE, TABLE, CHAIN, EXPRESSIONS = 0xa07, 1, 2, 4

# All that the translator lets pass or sends to the gateway itself ends here.
# Without sets, for which Linux 6.1 itself breaks a rule of RCU.
CHAINS = "\n".join((
    "table inet fuzz {",
    nft.chain("prerouting", *(f'iifname "{name}{vlan}" meta mark set {mark}' for name, mark in MARKS.items()
                              for vlan in ("", f".{VLAN}")),
              name="marked", priority=-430),
    nft.chain("ingress devices = { gro6, gro4 }", "ip protocol 59 counter drop",
              name="released", priority=-450),
    nft.chain("ingress devices = { gro6, gro4 }", "counter", name="arrived", priority=-440),
    nft.chain("prerouting", 'iifname != "lo" counter', name="seen", priority=-440),
    nft.chain("forward", "counter", name="forwarded"),
    nft.chain("prerouting", 'iifname != "lo" counter drop', name="passed", priority=-410),
    nft.chain("input", name="local", policy="drop"),
    "}"))


def stays_on_link(packet):
    """A multicast of the gateway's, an answer to a neighbour: out of the link that it came from."""
    return packet[0] >> 4 == 6 and (packet[24] == 0xff or packet[24:26] == b"\xfe\x80")


@contextlib.contextmanager
def sysfs():
    """Where the devices are of the namespace that this process is in."""
    with tempfile.TemporaryDirectory() as where:
        util.run("mount", "-t", "sysfs", "sysfs", where)
        try:
            yield where
        finally:
            util.run("umount", "-l", where)


class Tap:
    """One end of a link; to be opened inside the gateway's namespace."""

    def __init__(self, name, more=0):
        self.name = name
        self.fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        flags = TAP | NO_PI | VNET_HDR | more
        fcntl.ioctl(self.fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), flags))
        util.run("ip", "link", "set", name, "address", MAC_TO6, "arp", "off",
                 "txqueuelen", "30000", "up")
        self.buffer = bytearray(70000)

    def offloads(self, flags):
        """What is left to this end; False if the kernel does not know it."""
        try:
            fcntl.ioctl(self.fd, TUNSETOFFLOAD, flags)
        except OSError:
            return False
        return True

    def gro(self, on):
        value = array.array("I", [ETHTOOL_SGRO, on])
        with socket.socket() as any_socket:
            fcntl.ioctl(any_socket, SIOCETHTOOL,
                        struct.pack("16sP16x", self.name.encode(), value.buffer_info()[0]))

    def write(self, sent):
        """Returns whether the kernel has taken the frame."""
        pieces = [sent.octets]
        if sent.cuts:
            at = len(sent.octets) - sum(sent.cuts) + sent.cuts[0]
            pieces = [sent.octets[:at]]
            for size in sent.cuts[1:]:
                pieces.append(sent.octets[at:at + size])
                at += size
        try:
            os.writev(self.fd, pieces)
        except OSError:
            return False
        return True

    def read(self):
        """The next frame that has come out, or None."""
        try:
            return self.buffer[:os.readv(self.fd, [self.buffer])]
        except BlockingIOError:
            return None

    def frames(self, requests):
        """All that have come out."""
        if not requests:
            yield from iter(self.read, None)
            return
        some = range(aio.MANY)
        while len(some) == aio.MANY:
            some = requests.read(self.fd)
            yield from some


def parsed(frame):
    """A packet that has come out, with its offload, counted as if it had no tag."""
    at, offload = 28 if frame[22:24] == b"\x81\0" else 24, bytes(frame[:10])
    packet = Packet(frame[at:])
    packet.ether = bytes(frame[10:at])
    offload = Offload.parse(offload) if any(offload) else NOTHING_LEFT
    if offload.csum_start:
        offload = replace(offload, csum_start=offload.csum_start - (at - 24))
    return packet, offload


class Collector(Tap):
    """A link of which GRO keeps what comes in until release(), or until the clock ticks.

    Packets in memory of their own become a list, those in parts of pages pages of the first.
    """

    def __init__(self, name, sys):
        super().__init__(name, NAPI)
        self.timeout = os.open(f"{sys}/class/net/{name}/gro_flush_timeout", os.O_WRONLY)
        self.holds, self.kind = False, {}

    def write(self, sent):
        if not self.holds:
            os.pwrite(self.timeout, b"%d" % 10**10, 0)
            os.set_blocking(self.fd, sent.gathered == MEMORY[0])
            self.holds = True
        return super().write(sent)

    def release(self):
        """A packet of which GRO makes nothing tells it that it is time."""
        os.pwrite(self.timeout, b"0", 0)
        super().write(Sent(ip4(SERVER4, HOST4), 4))
        self.holds = False


class TapGateway(topology.Gateway):
    def __init__(self, name="nat64-fuzz"):
        util.run("modprobe", "-qa", *MODULES, check=False)
        super().__init__(name)
        with self:
            self.ends = {side: Tap(f"to{side}") for side in (6, 4)}
            self.pieces = {side: Tap(f"in{side}", NAPI | NAPI_FRAGS) for side in (6, 4)}
            with sysfs() as sys:
                self.collectors = {side: Collector(f"gro{side}", sys) for side in (6, 4)}
        for key, value in (("net.ipv4.ip_forward", 1), ("net.ipv6.conf.all.forwarding", 1),
                           ("net.ipv4.conf.all.rp_filter", 0), ("net.ipv4.conf.default.rp_filter", 0),
                           # Fragments to the gateway itself come to nothing, rather than to a
                           # timeout with an answer in the middle of something else.
                           ("net.ipv4.ipfrag_low_thresh", 0), ("net.ipv4.ipfrag_high_thresh", 0),
                           ("net.ipv4.icmp_ratelimit", 0), ("net.ipv4.icmp_ratemask", 0),
                           ("net.ipv6.icmp.ratelimit", 0), ("net.ipv6.icmp.ratemask", "")):
            self.sysctl(key, value)
        for key in ("icmp_msgs_per_sec", "icmp_msgs_burst"):
            self.nearest_sysctl("net.ipv4." + key, 2**30)
        for device in self.ends.values():
            self.ip(f"link add link {device.name} name {device.name}.{VLAN} up type vlan id {VLAN}")
        self.ip(f"addr add {GATEWAY6}/128 dev to6 nodad", f"addr add {GATEWAY4}/32 dev to4",
                "route add default dev to4", "route add ::/0 dev to6")
        self.run("nft", "-f", "-", input=CHAINS)
        with self:
            self.netfilter = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
        self.netfilter.settimeout(DEADLINE)
        self.routes, self.hops, self.requests = (), {}, aio.requests()
        self.ethers = set()  # Ethernet headers of what came out, each with the family behind it
        self.followed = next((n for n in range(64) if self.answers_error_behind(n + 1)), None)

    def delete(self):
        for end in (*self.ends.values(), *self.pieces.values(), *self.collectors.values()):
            os.close(end.fd)
        for collector in self.collectors.values():
            os.close(collector.timeout)
        if self.requests:
            self.requests.close()
        self.netfilter.close()
        super().delete()

    def nearest_sysctl(self, key, value):
        """One that may be the same for all namespaces, and in the first one alone."""
        try:
            self.sysctl(key, value)
        except FileNotFoundError:
            Path("/proc/sys", *key.split(".")).write_text(str(value))

    def answers_error_behind(self, count):
        """Whether Linux, which answers no error, still finds it behind so many extension headers."""
        headers = [hop_by_hop(b"\x9e\x04" + bytes(4)), *[destination_options()] * (count - 1)]
        self.ends[6].write(Sent(ip6(HOST6, "2001:db8:9::9", *headers, icmp6(1, 0)), 6))
        return bool(self.received()[6])

    def arrange(self, mtu6, mtu4, offloads, gro, routes=()):
        """MTUs, routes, what the ends can do, and whether what comes in passes through GRO."""
        self.mtus(mtu6, mtu4)
        lines = self.leading(routes)
        if lines:
            self.ip(*lines)
        for end in self.ends.values():
            if not end.offloads(offloads):
                end.offloads(offloads & 0x0f)
        with self:
            for end in (*self.ends.values(), *self.pieces.values()):
                end.gro(gro)

    def mtus(self, mtu6, mtu4):
        for side, value in ((6, mtu6), (4, mtu4)):
            self.mtu(f"to{side}", value)
            self.mtu(f"to{side}.{VLAN}", value)

    def leading(self, routes):
        """Lines for ip, after which there are these native routes, and no others but those by default."""
        before, self.routes = self.routes, routes
        return [] if before == routes else [
            *(f"route del {to}" for to in before),
            *(f"route add {to} {BEHIND[':' in to]} onlink" for to in routes)]

    def gathers(self, kind):
        """What GRO makes of datagrams, one of GRO_KINDS."""
        for collector in self.collectors.values():
            if collector.kind != kind:
                self.offloads(collector.name, **dict.fromkeys(collector.kind, False), **kind)
                collector.kind = kind

    def send(self, sent):
        kind = self.collectors if sent.gathered else self.pieces if sent.cuts else self.ends
        is_taken = kind[sent.side].write(sent)
        if sent.is_last:
            self.release()
        return is_taken

    def send_all(self, some):
        """In order; returns those that the kernel has taken."""
        taken, waiting = [], []
        for sent in some:
            if not self.requests or sent.cuts or sent.gathered or len(waiting) == aio.MANY:
                taken += self._written(waiting)
                waiting = []
            if not self.requests or sent.cuts or sent.gathered:
                taken += [sent] if self.send(sent) else []
            else:
                waiting.append(sent)
        return taken + self._written(waiting)

    def _written(self, some):
        if not some:
            return []
        done = self.requests.write([(self.ends[sent.side].fd, sent.octets) for sent in some])
        return [sent for sent, is_taken in zip(some, done) if is_taken]

    def release(self):
        """What waits in GRO comes out; it may be another task that does so."""
        for collector in self.collectors.values():
            if collector.holds:
                before = self.counter(b"released")
                collector.release()
                util.eventually(lambda: self.counter(b"released") > before, "GRO lets go")

    def received(self):
        """All that has come out, by side, and not for the link alone."""
        self.release()
        got = {side: [one for one in map(parsed, end.frames(self.requests)) if not stays_on_link(one[0])]
               for side, end in self.ends.items()}
        self.ethers |= {(packet.ether, version(packet)) for some in got.values() for packet, _ in some}
        return got

    def passed(self):
        """How many packets came behind the translator on their way in."""
        return self.counter(b"passed")

    def arrived(self):
        """How many packets GRO has let go."""
        return self.counter(b"arrived")

    def counter(self, chain):
        which = bytes((1, 0, 0, 0)) + attribute(TABLE, b"fuzz\0") + attribute(CHAIN, chain + b"\0")
        self.netfilter.send(HEADER.pack(HEADER.size + len(which), GETRULE, REQUEST | DUMP, 1, 0)
                            + which)
        count = None
        while True:
            octets = self.netfilter.recv(1 << 16)
            message = Message(octets)
            if message.is_last:
                return count
            count = count_in(message.payload[4:])
            if Message(octets[message.size:]).is_last if len(octets) > message.size else False:
                return count


def count_in(rule):
    """The packets of the counter in a rule: of its expressions the one with that name."""
    for _, expression in attributes(dict(attributes(rule))[EXPRESSIONS]):
        words = dict(attributes(expression))
        if words[1] == b"counter\0":
            return int.from_bytes(dict(attributes(words[2]))[2], "big")
    raise ValueError("no counter")


class Listener:
    """A packet socket on a device, as tcpdump has one; what passes is cloned for it."""

    def __init__(self, namespace, device):
        with namespace:
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, 33, 1 << 26)
        self.socket.bind((device, 3))
        self.socket.setblocking(False)

    def heard(self):
        """What has come in and gone out since, without Ethernet headers."""
        packets = []
        while True:
            try:
                packets.append(self.socket.recv(70000)[14:])
            except BlockingIOError:
                return packets

    def close(self):
        self.socket.close()
