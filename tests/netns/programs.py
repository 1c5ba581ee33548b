# SPDX-License-Identifier: GPL-2.0-only
"""XDP programs of others, and whether nat64's can be loaded here."""

import contextlib
import ctypes
import os
import platform
import socket
import struct
from pathlib import Path

import pytest
from util import CTL

MODULE_BTF = Path("/sys/kernel/btf/nat64")
KERNEL_BTF = MODULE_BTF.with_name("vmlinux")
CALL = {"x86_64": 321, "aarch64": 280, "s390x": 351}.get(platform.machine())
PROG_LOAD, LINK_CREATE = 5, 28
TYPE_XDP, ATTACH_XDP = 6, 37
PASS = struct.pack("<BBhi", 0xb7, 0, 0, 2) + struct.pack("<BBhi", 0x95, 0, 0, 0)

_libc = ctypes.CDLL(None, use_errno=True)


def is_built_with_libbpf():
    return b"libbpf.so" in CTL.read_bytes()


def need_xdp():
    """Skips a test where the program of nat64 cannot be loaded; the module is loaded."""
    if not MODULE_BTF.exists():
        pytest.skip("the module has no BTF here")
    if not is_built_with_libbpf():
        pytest.skip("this nat64ctl was built without libbpf")


def _bpf(command, attributes):
    buffer = ctypes.create_string_buffer(attributes)
    fd = _libc.syscall(CALL, command, buffer, len(attributes))
    if fd < 0:
        raise OSError(ctypes.get_errno(), f"bpf command {command}")
    return fd


def _load(name):
    insns, licence = ctypes.create_string_buffer(PASS), ctypes.create_string_buffer(b"GPL")
    return _bpf(PROG_LOAD, struct.pack("=IIQQIIQII16s", TYPE_XDP, len(PASS) // 8, ctypes.addressof(insns),
                                       ctypes.addressof(licence), 0, 0, 0, 0, 0, name.encode()))


@contextlib.contextmanager
def attached(namespace, device, name):
    """A program that passes everything, on a device for a while, as libxdp attaches its own."""
    with namespace:
        program = _load(name)
        link = _bpf(LINK_CREATE, struct.pack("=IIII", program, socket.if_nametoindex(device),
                                             ATTACH_XDP, 0))
    try:
        yield
    finally:
        os.close(link)
        os.close(program)


def has_program(namespace, device):
    return "prog/xdp" in namespace.run("ip", "link", "show", "dev", device).stdout

