# SPDX-License-Identifier: GPL-2.0-only
"""XDP programs on a gateway's devices, and how many packets they have translated."""

import contextlib
from pathlib import Path

from netlink import Socket, counters
from topology import build_topology
from util import eventually


def attach(gateway, device, mode=""):
    gateway.ctl(*f"xdp add {device} {mode}".split())
    gateway.programs[device] = mode


def detach(gateway, device):
    del gateway.programs[device]
    gateway.ctl("xdp", "del", device)


@contextlib.contextmanager
def programs(gateway, *devices, mode=""):
    """On these devices for a while."""
    done = []
    try:
        for device in devices:
            attach(gateway, device, mode)
            done.append(device)
        yield
    finally:
        for device in done:
            detach(gateway, device)


def users():
    """Who holds the module: its programs do."""
    return int(Path("/sys/module/nat64/refcnt").read_text())


@contextlib.contextmanager
def receivers(topology):
    """The hosts take frames for a while: veth asks for GRO where they go."""
    hosts = (topology.v6, topology.v4)
    try:
        for host in hosts:
            host.offloads("eth0", gro=True)
        yield
    finally:
        for host in hosts:
            host.offloads("eth0", gro=False)


@contextlib.contextmanager
def topology(name):
    """One of its own, whose hosts take frames; it goes before the module may."""
    built = build_topology(name)
    try:
        with receivers(built):
            yield built
    finally:
        built.delete()


class Count:
    """The translator's counters of a gateway, asked for in this process."""

    def __init__(self, gateway):
        with gateway:
            self.client = Socket()

    def all(self):
        return counters(self.client)

    def taken(self):
        """Packets translated in XDP so far."""
        return self.all()["translated_xdp"]

    def expect(self, wire, taken, sent, *expected):
        """Sends, and as many as said are translated in XDP."""
        __tracebackhide__ = True
        before = self.taken()
        out = wire.expect(sent, *expected)
        assert self.taken() - before == taken
        return out

    def close(self):
        self.client.close()


def known(net, count, sent):
    """These packets are translated in XDP from now on.

    Until neighbours are known and native routes have been looked for, which goes on beside, the
    stack has them.
    """
    def are_taken():
        before = count.taken()
        net.wire.exchange(*sent)
        return count.taken() - before == len(sent)
    eventually(are_taken, "they are translated in XDP")
