# SPDX-License-Identifier: GPL-2.0-only
"""XDP programs from instructions, and what bpf(2) does with them."""

import contextlib
import ctypes
import os
import socket
import struct
from collections import namedtuple

SYS_BPF = 321  # of x86-64
MAP_CREATE, MAP_UPDATE_ELEM, PROG_LOAD, PROG_TEST_RUN, LINK_CREATE = 0, 2, 5, 10, 28
MAP_TYPE_ARRAY, PROG_TYPE_XDP, ATTACH_XDP = 2, 6, 37
TEST_XDP_LIVE_FRAMES, XDP_FLAGS_DRV_MODE = 1 << 1, 1 << 2
PSEUDO_MAP_VALUE = 2

XDP_ABORTED, XDP_DROP, XDP_PASS = range(3)

# Frames that are sent before the receiver's NAPI runs, as many as it takes at once.
BATCH = 64

Insn = namedtuple("Insn", "code dst src off imm", defaults=(0, 0, 0, 0))

W, H, B, DW = 0x00, 0x08, 0x10, 0x18
ADD, AND, LSH, MOV = 0x00, 0x50, 0x60, 0xb0
JEQ, JGT, JNE, JLE, JLT = 0x10, 0x20, 0x50, 0xb0, 0xa0
FP = 10


def alu(operation, dst, imm):
    return Insn(0x07 | operation, dst, imm=imm)


def alu_reg(operation, dst, src):
    return Insn(0x0f | operation, dst, src)


def mov(dst, imm):
    return alu(MOV, dst, imm)


def mov_reg(dst, src):
    return alu_reg(MOV, dst, src)


def swap16(dst):
    return Insn(0xdc, dst, imm=16)


def load(size, dst, src, off):
    return Insn(0x61 | size, dst, src, off)


def store(size, dst, off, src):
    return Insn(0x63 | size, dst, src, off)


def store_imm(size, dst, off, imm):
    return Insn(0x62 | size, dst, off=off, imm=imm)


def jump(label):
    return Insn(0x05, off=label)


def jump_if(operation, dst, imm, label):
    return Insn(0x05 | operation, dst, off=label, imm=imm)


def jump_if_reg(operation, dst, src, label):
    return Insn(0x0d | operation, dst, src, label)


def call(helper):
    return Insn(0x85, imm=helper)


def leave():
    return Insn(0x95)


def map_value(dst, map_fd):
    """The address of the only value of an array, in the room of two instructions."""
    return Insn(0x18, dst, PSEUDO_MAP_VALUE, imm=map_fd), Insn(0)


def flatten(program):
    for item in program:
        if isinstance(item, (Insn, str)):
            yield item
        else:
            yield from flatten(item)


def assemble(program):
    """The octets of instructions; a string is the label of what comes next."""
    code, labels = [], {}
    for item in flatten(program):
        if isinstance(item, str):
            labels[item] = len(code)
        else:
            code.append(item)
    return b"".join(
        struct.pack("<BBhi", insn.code, insn.dst | insn.src << 4,
                    labels[insn.off] - at - 1 if isinstance(insn.off, str) else insn.off, insn.imm)
        for at, insn in enumerate(code))


def bpf(command, attributes):
    """Returns what the system call does, and the attributes after it."""
    buffer = ctypes.create_string_buffer(attributes, 128)
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(SYS_BPF, command, buffer, len(buffer))
    if result < 0:
        raise OSError(ctypes.get_errno(), f"bpf({command}): {os.strerror(ctypes.get_errno())}")
    return result, buffer.raw


@contextlib.contextmanager
def closing(fd):
    yield fd
    os.close(fd)


def array(value):
    """An array of one value; the descriptor is the caller's."""
    fd, _ = bpf(MAP_CREATE, struct.pack("<IIII", MAP_TYPE_ARRAY, 4, len(value), 1))
    key, octets = ctypes.c_uint32(0), ctypes.create_string_buffer(value, len(value))
    bpf(MAP_UPDATE_ELEM, struct.pack("<I4xQQQ", fd, ctypes.addressof(key),
                                     ctypes.addressof(octets), 0))
    return fd


def load_xdp(*program):
    """Descriptor of a program, the caller's; what the verifier says of a wrong one is raised."""
    code = ctypes.create_string_buffer(assemble(program))
    licence, log = ctypes.create_string_buffer(b"GPL"), ctypes.create_string_buffer(1 << 16)
    attributes = struct.pack("<IIQQIIQII16sII", PROG_TYPE_XDP, (len(code) - 1) // 8,
                             ctypes.addressof(code), ctypes.addressof(licence), 1, len(log),
                             ctypes.addressof(log), 0, 0, b"bench", 0, ATTACH_XDP)
    try:
        return bpf(PROG_LOAD, attributes)[0]
    except OSError as error:
        raise SystemExit(f"{error}\n{log.value.decode()}") from error


@contextlib.contextmanager
def attached(device, *program):
    """With a program at a device of this network namespace, in its driver."""
    with closing(load_xdp(*program)) as prog:
        link, _ = bpf(LINK_CREATE, struct.pack("<IIII", prog, socket.if_nametoindex(device),
                                               ATTACH_XDP, XDP_FLAGS_DRV_MODE))
        with closing(link):
            yield


def run_live(prog, frame, count):
    """Runs a program on live XDP frames; returns nanoseconds per frame."""
    octets = ctypes.create_string_buffer(frame, len(frame))
    attributes = struct.pack("<IIIIQQIIIIQQIII", prog, 0, len(frame), 0,
                             ctypes.addressof(octets), 0, count, 0, 0, 0, 0, 0,
                             TEST_XDP_LIVE_FRAMES, 0, BATCH)
    _, after = bpf(PROG_TEST_RUN, attributes)
    return struct.unpack_from("<I", after, 36)[0]
