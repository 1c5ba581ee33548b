# SPDX-License-Identifier: GPL-2.0-only
"""Network namespaces: entered with `with`, and what a test changes in them for a while."""

import contextlib
import ctypes
import fcntl
import os
import socket
import struct
import subprocess
from pathlib import Path

from util import run

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
