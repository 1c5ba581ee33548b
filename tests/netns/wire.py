# SPDX-License-Identifier: GPL-2.0-only
"""Injects frames at the far ends of the gateway's links and catches what comes out.

Nothing here waits for a time to pass: after what a test injects come two
sentinels, packets that the gateway forwards natively, one out of each side.
What came out before them is all that came out.
"""

import fcntl
import os
import select
import socket
import struct
import time

from addresses import MAC_FAR4, MAC_FAR6, MAC_TO4, MAC_TO6, SENTINEL4, SENTINEL6, SERVER4
from frame import Frame, Offload, Seen, ethertype, mac
from icmp_error import quoted
from packet import describe, difference, ip4, udp, version
from util import DEADLINE, FORWARDING


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
                 frame.tag + (frame.protocol or ethertype(frame.packet)))
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

    def number_from(self, number):
        """Has sentinels that others who listen, too, do not take for theirs."""
        self._number = number

    def exchange(self, *sent):
        """Injects packets where their family lives; returns what came out of either side.

        What is no packet is called: something that makes the gateway itself send.
        """
        if FORWARDING.is_direct and not any(map(callable, sent)):
            self.exchange_once(*sent)
        return self.exchange_once(*sent)

    def exchange_once(self, *sent):
        """exchange() for tests whose answers depend on how often something comes."""
        for port in self.port.values():
            port.drain()
        for one in sent:
            if callable(one):
                one()
                continue
            frame = one if isinstance(one, Frame) else Frame(one)
            self.port[frame.link].send(frame)
        return self.rest()

    def rest(self):
        """What has come out since, and does before the next sentinels."""
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
