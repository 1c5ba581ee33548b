# SPDX-License-Identifier: GPL-2.0-only
"""Network namespaces: entered with `with`, and what a test changes in them for a while."""

import contextlib
import ctypes
import fcntl
import functools
import os
import socket
import struct
import subprocess
from pathlib import Path

from util import run

NAMES = Path("/run/netns")
CLONE_NEWNET, CLONE_NEWUSER, MNT_DETACH, MS_BIND = 0x40000000, 0x10000000, 2, 4096
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1

_libc = ctypes.CDLL(None, use_errno=True)


def _call(name, *arguments):
    """A function of libc's that Python lacks."""
    if getattr(_libc, name)(*arguments):
        raise OSError(ctypes.get_errno(), name)


def _remove(name):
    """As `ip netns del` does, if it is there; to start a program takes far longer than this does."""
    path = NAMES / name
    with contextlib.suppress(OSError):
        _call("umount2", bytes(path), MNT_DETACH)
    path.unlink(missing_ok=True)


@functools.cache
def _prepare():
    """Has ip make the directory of their names, and a mount of it that all see."""
    run("ip", "netns", "add", "nat64-first")
    run("ip", "netns", "del", "nat64-first")


def _name(name, of):
    """Gives the network namespace of a process a name."""
    _prepare()
    path = NAMES / name
    path.touch(0o444, exist_ok=False)
    _call("mount", f"/proc/{of}/ns/net".encode(), bytes(path), b"none", ctypes.c_ulong(MS_BIND), None)


def _create(name):
    """As `ip netns add` does."""
    outside = os.open("/proc/self/ns/net", os.O_RDONLY)
    _call("unshare", CLONE_NEWNET)
    try:
        _name(name, "self")
    finally:
        _call("setns", outside, CLONE_NEWNET)
        os.close(outside)


def _create_owned(name):
    """The same of one that a user namespace owns, and nobody is in either of them."""
    ours, theirs = socket.socketpair()
    child = os.fork()
    if not child:
        try:
            ours.close()
            _call("unshare", CLONE_NEWUSER | CLONE_NEWNET)
            theirs.send(b"made")
            theirs.recv(1)
        finally:
            os._exit(0)
    theirs.close()
    with ours:
        assert ours.recv(4) == b"made", "user namespaces are not permitted"
        _name(name, child)
    os.waitpid(child, 0)


class Place:
    """A network namespace that there is; `with` it, this process and what it starts are inside."""

    def __init__(self, name):
        self.name = name
        self.fd = os.open(NAMES / name, os.O_RDONLY)
        self._outside = []

    def __enter__(self):
        self._outside.append(os.open("/proc/self/ns/net", os.O_RDONLY))
        _call("setns", self.fd, CLONE_NEWNET)
        return self

    def __exit__(self, *_):
        outside = self._outside.pop()
        _call("setns", outside, CLONE_NEWNET)
        os.close(outside)


class Namespace(Place):
    """A network namespace of our own."""

    create = staticmethod(_create)

    def __init__(self, name):
        _remove(name)
        self.create(name)
        super().__init__(name)
        with self:
            for key, value in (("net.ipv6.conf.default.addr_gen_mode", 1),
                               ("net.ipv6.conf.default.accept_dad", 0),
                               ("net.ipv6.conf.default.accept_ra", 0),
                               ("net.ipv6.conf.default.router_solicitations", 0),
                               ("net.ipv6.auto_flowlabels", 0)):
                self.sysctl(key, value)
            set_up("lo")

    def delete(self):
        os.close(self.fd)
        _remove(self.name)

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

    @contextlib.contextmanager
    def nexthop(self, id, what):
        """A nexthop object for a while."""
        self.ip(f"nexthop add id {id} {what}")
        try:
            yield
        finally:
            self.ip(f"nexthop del id {id}")

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


class Owned:
    """Beside Namespace: of one that a user namespace owns."""

    create = staticmethod(_create_owned)


def set_up(device):
    """As `ip link set DEVICE up` does."""
    with socket.socket() as any_socket:
        flags, = struct.unpack_from("16xH", fcntl.ioctl(any_socket, SIOCGIFFLAGS, struct.pack(
            "16s16x", device.encode())))
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", device.encode(), flags | IFF_UP))


@contextlib.contextmanager
def unpinned():
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count()))
    try:
        yield
    finally:
        os.sched_setaffinity(0, mine)
