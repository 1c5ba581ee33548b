# SPDX-License-Identifier: GPL-2.0-only
"""Traffic in one direction between sockets of the two hosts, at a bounded rate.

Datagrams and echo requests are numbered, and each must arrive once; of a TCP
connection each octet must be the right one. A process has one direction of it.

TCP goes to addresses of its own. A host that is told of an MTU keeps an exception
of its route for that address, and Linux drops what it is just sending by one that
it removes: the IPv6 stack removes all of them every 30 seconds where the next hop
has not said that it is a router. Datagrams always fit, so theirs has none.
"""

import contextlib
import os
import pickle
import select
import socket
import struct
import time
from pathlib import Path

from addresses import REAL4_EMBEDDED, REAL6_MAPPED

DATAGRAM = struct.Struct("!4sQ")
MARK = b"soak"
SIZES = (12, 100, 512, 1200)
PORT = 5000  # of those who receive
# Where TCP goes, as both sides know it.
STREAM4, STREAM4_EMBEDDED = "198.51.100.81", "2001:db8:100::c633:6451"
STREAM6, STREAM6_MAPPED = "2001:db8:1::81", "203.0.113.81"
DATAGRAMS, ECHOES, TO_OTHERS, OCTETS = 40, 5, 5, 40000  # each second
GIVEN_UP = 8  # seconds after which what was sent is lost
PATTERN = bytes(range(251))
TICK = .03
DIRECTIONS = ("6to4", "4to6")


class Rate:
    """How much is due by now of so much each second; what was missed is not made up for."""

    def __init__(self, each_second):
        self.each_second, self.owed, self.last = each_second, 0, time.monotonic()

    def due(self):
        now = time.monotonic()
        self.owed = min(self.owed + (now - self.last) * self.each_second, self.each_second / 5 + 1)
        self.last = now
        due = int(self.owed)
        self.owed -= due
        return due


class Numbered:
    """What was sent and has not come yet, by number; when what never came was sent."""

    def __init__(self):
        self.last, self.sent, self.got, self.strange, self.open, self.lost = 0, 0, 0, 0, {}, []

    def send(self, send):
        """The next number, by a function that says whether it could be sent."""
        self.last += 1
        self.open[self.last] = time.monotonic()
        if send(self.last):
            self.sent += 1
        else:
            del self.open[self.last]

    def arrive(self, number):
        """A number that is not waited for came twice, or far too late."""
        if self.open.pop(number, None) is None:
            self.strange += 1
        else:
            self.got += 1

    def expire(self):
        limit = time.monotonic() - GIVEN_UP
        for number, when in list(self.open.items()):
            if when > limit:
                return
            self.lost.append(when)
            del self.open[number]

    def report(self):
        return {"sent": self.sent, "got": self.got, "strange": self.strange, "lost": self.lost}


def open_socket(namespace, family, kind, protocol=0, port=0):
    with namespace:
        opened = socket.socket(family, kind, protocol)
    opened.setsockopt(socket.SOL_SOCKET, 33, 1 << 22)  # SO_RCVBUFFORCE
    opened.bind(("", port))
    opened.setblocking(False)
    return opened


def datagrams(opened):
    """All that has come to a socket, but for ICMP errors."""
    while True:
        try:
            yield opened.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            continue


class Stream:
    """A TCP connection in one direction, made anew only if it breaks."""

    def __init__(self, client, server, family, address):
        self.client, self.server, self.family, self.address = client, server, family, address
        self.rate, self.sent, self.got, self.wrong, self.made = Rate(OCTETS), 0, 0, 0, 0
        other = socket.AF_INET if family == socket.AF_INET6 else socket.AF_INET6
        with server:
            self.listener = socket.create_server(("", PORT), family=other)
        self.source = self.sink = None

    def connect(self):
        with self.client:
            self.source = socket.socket(self.family)
        self.source.settimeout(60)
        self.source.connect((self.address, PORT))
        self.sink, _ = self.listener.accept()
        self.source.setblocking(False)
        self.sink.setblocking(False)
        self.made += 1
        self.ours = self.theirs = 0

    def send(self):
        """What is due, if there is room for it."""
        due = self.rate.due()
        at = self.ours % len(PATTERN)
        data = (PATTERN * (due // len(PATTERN) + 2))[at:at + due]
        with contextlib.suppress(BlockingIOError):
            done = self.source.send(data)
            self.ours += done
            self.sent += done

    def receive(self):
        with contextlib.suppress(BlockingIOError):
            while data := self.sink.recv(1 << 16):
                at = self.theirs % len(PATTERN)
                self.wrong += data != (PATTERN * (len(data) // len(PATTERN) + 2))[at:at + len(data)]
                self.theirs += len(data)
                self.got += len(data)

    def report(self):
        return {"sent": self.sent, "got": self.got, "wrong": self.wrong, "made": self.made}


class Traffic:
    """Everything that one host sends to the other, and what came of it."""

    def __init__(self, net, direction, others, times):
        self.path = report_path(direction)
        is_6to4 = direction == "6to4"
        client, server = (net.v6, net.v4) if is_6to4 else (net.v4, net.v6)
        families = (socket.AF_INET6, socket.AF_INET)
        family, other = families if is_6to4 else families[::-1]
        self.address = REAL4_EMBEDDED if is_6to4 else REAL6_MAPPED
        self.source = open_socket(client, family, socket.SOCK_DGRAM)
        self.sink = open_socket(server, other, socket.SOCK_DGRAM, port=PORT)
        self.to_others = open_socket(client, family, socket.SOCK_DGRAM)
        self.from_others = open_socket(server, other, socket.SOCK_DGRAM, port=PORT + 1)
        protocol = socket.IPPROTO_ICMPV6 if is_6to4 else socket.IPPROTO_ICMP
        self.echo = open_socket(client, family, socket.SOCK_DGRAM, protocol)
        self.request = 128 if is_6to4 else 8
        self.stream = Stream(client, server, family, STREAM4_EMBEDDED if is_6to4 else STREAM6_MAPPED)
        self.others, self.others_sent, self.others_got, self.refused = others, 0, 0, 0
        self.numbered, self.echoes = Numbered(), Numbered()
        self.rates = {lambda: self.numbered.send(self.send_datagram): Rate(times * DATAGRAMS),
                      lambda: self.echoes.send(self.send_echo): Rate(times * ECHOES),
                      self.send_other: Rate(TO_OTHERS)}
        self.poll, self.next_report = select.poll(), 0
        for one in (self.sink, self.from_others, self.echo):
            self.poll.register(one, select.POLLIN)

    def send_to(self, opened, data, address):
        """Whether the host has taken it. An earlier ICMP error is of no interest, but is told of in
        place of sending."""
        for _ in range(10):
            try:
                return opened.sendto(data, address)
            except OSError:
                self.refused += 1
        return False

    def send_datagram(self, number):
        data = DATAGRAM.pack(MARK, number).ljust(SIZES[number % len(SIZES)], b".")
        return self.send_to(self.source, data, (self.address, PORT))

    def send_echo(self, number):
        head = struct.pack("!BBHHH", self.request, 0, 0, 0, number & 0xffff)
        return self.send_to(self.echo, head + DATAGRAM.pack(MARK, number), (self.address, 0))

    def send_other(self):
        """To a mapping that comes and goes: it is counted, no more."""
        self.others_sent += 1
        address = self.others[self.others_sent % len(self.others)]
        self.send_to(self.to_others, DATAGRAM.pack(MARK, self.others_sent), (address, PORT + 1))

    def receive(self):
        for data in datagrams(self.sink):
            self.numbered.arrive(DATAGRAM.unpack_from(data)[1])
        for data in datagrams(self.echo):
            self.echoes.arrive(DATAGRAM.unpack_from(data, 8)[1])
        self.others_got += sum(1 for _ in datagrams(self.from_others))
        self.stream.receive()

    def step(self):
        """One moment: what is due is sent, what has come is counted."""
        if not self.stream.source:
            self.stream.connect()
        for send, rate in self.rates.items():
            for _ in range(rate.due()):
                send()
        self.stream.send()
        time.sleep(TICK)
        self.receive()
        if time.monotonic() > self.next_report:
            self.tell()

    def tell(self):
        """Leaves what is known so far where read_report() finds it."""
        self.next_report = time.monotonic() + 1
        for one in (self.numbered, self.echoes):
            one.expire()
        new = self.path.with_suffix(".new")
        new.write_bytes(pickle.dumps(self.report()))
        os.rename(new, self.path)

    def report(self):
        return {"udp": self.numbered.report(), "echo": self.echoes.report(),
                "tcp": self.stream.report(), "refused": self.refused,
                "others": (self.others_sent, self.others_got)}


def report_path(direction):
    return Path("/run", f"soak-{direction}")


def read_report(direction):
    """What a direction's traffic has told last."""
    return pickle.loads(report_path(direction).read_bytes())
