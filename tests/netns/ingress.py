# SPDX-License-Identifier: GPL-2.0-only
"""Whether packets are taken at the ingress hook of their device, or in PRE_ROUTING."""

import socket
import time
from pathlib import Path

import pytest
from addresses import CONFIG, HOST4, HOST6, SERVER4, SERVER6
from netlink import RCVBUFFORCE
from packet import ANY, ip4, ip6, u16, udp, version
from topology import Gateway, build_topology
from util import eventually

KEEPS_FLOWS = not Path("/sys/kernel/realtime").exists()
keeps_flows = pytest.mark.skipif(
    not KEEPS_FLOWS,
    reason="with PREEMPT_RT no flow is kept, by which the packets of this would be taken")

SIX, FOUR = (HOST6, SERVER6), (SERVER4, HOST4)
MARK = 4242  # the port of what is not asked about
PART = udp(1, 53, b"question")
DIRECT = CONFIG + "set forwarding direct\n"
PRE_ROUTING = DIRECT + "set mark 0/1\n"  # what packets without a mark have

FROM6, FROM4 = ip6(*SIX, PART), ip4(*FOUR, PART)
TO4, TO6 = ip4(HOST4, SERVER4, PART, ttl=63, id=ANY), ip6(SERVER6, HOST6, PART, hlim=63)
USUAL = {FROM6: TO4, FROM4: TO6}


class Left:
    """Packets that the ingress hook has left: a socket of IP alone gets them right behind it."""

    def __init__(self, gateway, *where):
        self.ears, self.packets = [], []
        for address in where:
            with gateway:
                self.ears.append(socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0))
            self.ears[-1].setsockopt(socket.SOL_SOCKET, RCVBUFFORCE, 1 << 26)
            self.ears[-1].bind(address)
            self.ears[-1].setblocking(False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for ear in self.ears:
            ear.close()

    def all(self):
        """What was left since, whatever it is."""
        return [packet for ear in self.ears for packet in heard(ear)]

    def count(self):
        """All that were left so far, but for sentinels and those that made flows known."""
        for ear in self.ears:
            self.packets += [p for p in heard(ear) if not is_noise(p)]
        return len(self.packets)


def heard(ear):
    while True:
        try:
            yield ear.recv(70000)
        except BlockingIOError:
            return


def is_noise(packet):
    at = 40 if packet[0] >> 4 == 6 else 20
    return packet[at:at + 2] in (u16(MARK), u16(9)) or packet[0] >> 4 == 6 and packet[6] == 0 and packet[24] == 0xff


def multicasts(gateway):
    with gateway, open("/proc/thread-self/net/snmp6") as file:
        return next(line for line in file if line.startswith("Ip6InMcastPkts"))


def wait_for_reports(gateway):
    """Hosts that are new tell their multicast groups twice, each within a second."""
    before = None
    while before != multicasts(gateway):
        before = multicasts(gateway)
        time.sleep(1.2)


def topology_of_its_own(gateway=Gateway):
    """One in which no policy rule ever stood: with one, no flow is kept."""
    topology = build_topology("ingress", gateway=gateway)
    wait_for_reports(topology.gateway)
    with Left(topology.gateway, ("to6", 0x86dd), ("to4", 0x0800)) as topology.left:
        yield topology
    topology.delete()


def warm(net, *packets):
    """The flows of these packets are known afterwards."""
    ends = {(version(p), p[8:40] if version(p) == 6 else p[12:20], p[1] if version(p) == 4 else
             (p[0] << 4 | p[1] >> 4) & 0xff) for p in packets}
    for family, pair, tos in sorted(ends):
        half = len(pair) // 2
        make, field = (ip6, "tclass") if family == 6 else (ip4, "tos")
        packet = make(pair[:half], pair[half:], udp(MARK, 53), **{field: tos})
        net.wire.exchange(packet, packet)


def arrivals(net, *sent):
    """How many of the packets the hook has left."""
    before = net.left.count()
    net.wire.exchange(*sent)
    return net.left.count() - before


def known(net, *packets):
    """The flows are known, and their packets taken; until native routes are looked for, none is."""
    for packet in packets:
        net.wire.exchange(packet)
    eventually(lambda: arrivals(net, *packets) == 0, "they are taken")
