# SPDX-License-Identifier: GPL-2.0-only
"""Offloads of the devices on the way of a packet, for a while."""

import contextlib

ALL_OFF = dict(tx=False, rx=False, sg=False, tso=False, gso=False, gro=False)
ALL_ON = dict(tx=True, rx=True, sg=True, tso=True, gso=True, gro=True)


@contextlib.contextmanager
def offloads(net, far=None, near=None):
    """Offloads of the hosts' and of the gateway's devices for a while."""
    usual = dict(ALL_ON, gro=False)
    ends = [(net.v6, "eth0", far), (net.v4, "eth0", far),
            (net.gateway, "to6", near), (net.gateway, "to4", near)]
    ends = [end for end in ends if end[2]]
    try:
        for namespace, device, states in ends:
            namespace.offloads(device, **states)
        yield
    finally:
        for namespace, device, _ in ends:
            namespace.offloads(device, **usual)
