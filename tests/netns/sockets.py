# SPDX-License-Identifier: GPL-2.0-only
"""Connections between sockets of two namespaces."""

import contextlib
import select
import socket
import time

from util import DEADLINE


def connect(client, server, address, port=0, server_family=None):
    """A TCP connection from one namespace to another; the two sockets of it.

    The server is of the other family, unless said.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    other = socket.AF_INET if family == socket.AF_INET6 else socket.AF_INET6
    with server:
        listener = socket.create_server(("", port), family=server_family or other)
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
