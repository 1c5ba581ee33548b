# SPDX-License-Identifier: GPL-2.0-only
"""A netfilter queue that holds packets until it is told to let them go."""

import socket
import struct

from netlink import ACK, HEADER, REQUEST, Message, attribute, attributes

QUEUE = 3 << 8  # NFNL_SUBSYS_QUEUE
PACKET, VERDICT, CONFIG = QUEUE, QUEUE | 1, QUEUE | 2
ACCEPT = 1


class Queue:
    """A queue of a namespace, by its number; as a context it is closed."""

    def __init__(self, namespace, number):
        self.number, self.held = number, []
        with namespace:
            self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
        self.socket.bind((0, 0))
        self.socket.settimeout(20)
        self._send(CONFIG, attribute(1, struct.pack("!BBH", 1, 0, 0)))  # bind
        self._send(CONFIG, attribute(2, struct.pack("!IB", 0xffff, 2)))  # copy whole packets

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _send(self, type, octets):
        body = struct.pack("!BBH", 0, 0, self.number) + octets
        ack = ACK if type == CONFIG else 0
        self.socket.send(HEADER.pack(HEADER.size + len(body), type, REQUEST | ack, 1, 0) + body)
        while ack:
            message = Message(self.socket.recv(1 << 16))
            if message.is_last:
                if message.error:
                    raise message.refusal()
                return

    def hold(self, count):
        """Waits until so many packets are held in all."""
        while len(self.held) < count:
            message = Message(self.socket.recv(1 << 17))
            if message.type == PACKET:
                words = dict(attributes(message.payload[4:]))
                self.held.append(words[1][:4])

    def release(self):
        """Lets them all go, in their order."""
        for number in self.held:
            self._send(VERDICT, attribute(2, struct.pack("!I", ACCEPT) + number))
        self.held = []
