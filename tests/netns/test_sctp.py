# SPDX-License-Identifier: GPL-2.0-only
"""SCTP associations through the translator, in bulk: its CRC32c is of no header (RFC 9260 6.8).

Linux leaves the CRC and the segmentation of SCTP to devices that can. A CRC that is
still to be computed stays so; a GSO packet is segmented before it is translated.
"""

import contextlib
import os
import select
import socket
import time

import pytest
from addresses import REAL4, REAL4_EMBEDDED, REAL6, REAL6_MAPPED
from offloads import ALL_OFF, ALL_ON, offloads
from util import DEADLINE, run

SCTP = 132
PIECE = 8000
DATA = os.urandom(12 * PIECE)

pytestmark = [pytest.mark.usefixtures("real"),
              pytest.mark.skipif(run("modprobe", "-q", "sctp", check=False).returncode != 0,
                                 reason="this kernel has no SCTP")]

DIRECTIONS = pytest.mark.parametrize("direction", ["6to4", "4to6"])


def endpoint(namespace, address):
    """A socket that is bound to an address."""
    with namespace:
        made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, SCTP)
    made.settimeout(DEADLINE)
    made.bind((address, 0))
    return made


@contextlib.contextmanager
def association(net, direction):
    """Its two ends, each of one address, or it would tell of others."""
    near, far, source, to, own = ((net.v6, net.v4, REAL6, REAL4_EMBEDDED, REAL4) if direction == "6to4" else
                                  (net.v4, net.v6, REAL4, REAL6_MAPPED, REAL6))
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(endpoint(far, own))
        ours = stack.enter_context(endpoint(near, source))
        listener.listen()
        ours.connect((to, listener.getsockname()[1]))
        theirs = stack.enter_context(listener.accept()[0])
        yield ours, theirs


def carry(source, sink):
    """All of the data in messages; returns what arrives."""
    source.setblocking(False)
    sink.setblocking(False)
    poll, sent, got, end = select.poll(), 0, bytearray(), time.monotonic() + DEADLINE
    poll.register(source, select.POLLOUT)
    poll.register(sink, select.POLLIN)
    while len(got) < len(DATA):
        assert poll.poll(1000 * max(0, end - time.monotonic())), f"stuck: {sent} octets sent, {len(got)} arrived"
        with contextlib.suppress(BlockingIOError):
            if sent < len(DATA):
                sent += source.send(DATA[sent:sent + PIECE])
            else:
                poll.modify(source, 0)
        with contextlib.suppress(BlockingIOError):
            got += sink.recv(1 << 16)
    return bytes(got)


@contextlib.contextmanager
def lengths(namespace, device):
    """Of the SCTP packets that pass a device, as they are in memory."""
    seen = []
    with namespace, socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as listener:
        listener.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)
        listener.bind((device, 3))
        listener.setblocking(False)
        yield seen
        with contextlib.suppress(BlockingIOError):
            while True:
                packet = listener.recv(1 << 16)
                seen += [len(packet)] * (packet[6 if packet[0] >> 4 == 6 else 9] == SCTP)


STATES = {"all on": (ALL_ON, ALL_ON), "all off": (ALL_OFF, ALL_OFF),
          "hosts on, gateway off": (ALL_ON, ALL_OFF),
          "hosts off, gateway on": (ALL_OFF, ALL_ON)}


@DIRECTIONS
@pytest.mark.parametrize("states", STATES)
def test_an_association_carries_its_data_both_ways(real, direction, states):
    with real.mtus(far6=1500, far4=1500), offloads(real, *STATES[states]), \
            association(real, direction) as (ours, theirs):
        assert carry(ours, theirs) == DATA
        assert carry(theirs, ours) == DATA


@pytest.mark.as_configured
@pytest.mark.parametrize("mode", ["filtered", "direct"])
@DIRECTIONS
def test_gso_packets_are_segmented_and_arrive(real, direction, mode):
    real.gateway.ctl("set", "forwarding", mode)
    inside, outside = ("to6", "to4") if direction == "6to4" else ("to4", "to6")
    with real.mtus(far6=1500, far4=1500), offloads(real, ALL_ON, ALL_ON), \
            association(real, direction) as (ours, theirs), \
            lengths(real.gateway, inside) as before, lengths(real.gateway, outside) as after:
        assert carry(ours, theirs) == DATA
    assert max(before) > 3000 and max(after) <= 1500


@DIRECTIONS
def test_an_association_learns_the_path_mtu(real, direction):
    """Over a link that only the gateway knows to be small."""
    mtus = {"to4": 1400, "far4": 1400} if direction == "6to4" else {"to6": 1300, "far6": 1300}
    with real.mtus(**{"far6": 1500, "far4": 1500, **mtus}), association(real, direction) as (ours, theirs):
        assert carry(ours, theirs) == DATA
    for namespace in (real.v6, real.v4):
        for family in ("-4", "-6"):
            namespace.run("ip", family, "route", "flush", "cache")
