# SPDX-License-Identifier: GPL-2.0-only
"""The XDP programs of the benchmark."""

import socket
import struct

from bpf import (ADD, AND, B, DW, FP, H, JEQ, JGT, JLE, JLT, JNE, LSH, W, XDP_ABORTED, XDP_PASS,
                 alu, alu_reg, call, jump, jump_if, jump_if_reg, leave, load, map_value,
                 mov, mov_reg, store, store_imm, swap16)

REDIRECT, FIB_LOOKUP = 23, 69

# What of each frame is its own: all headers.
HEAD = 64

# Of struct xdp_md, of the headers, and of struct bpf_fib_lookup.
MD_DATA, MD_DATA_END, MD_IFINDEX = 0, 4, 12
ETHERTYPE, IP = 12, 14
FIB_SIZE = 64
FIB_FAMILY, FIB_PROTOCOL, FIB_LENGTH, FIB_IFINDEX, FIB_TOS, FIB_SOURCE, FIB_DESTINATION, \
    FIB_SMAC, FIB_DMAC = 0, 1, 6, 8, 12, 16, 32, 52, 58


def little(octets):
    """As the processor reads them."""
    return int.from_bytes(octets, "little", signed=len(octets) == 4)


def verdict(action):
    return mov(0, action), leave()


def redirect(ifindex):
    return mov(1, ifindex), mov(2, 0), call(REDIRECT), leave()


def has_octets(count, otherwise):
    """From register 2 on, to the end in register 3; register 4 is lost."""
    return mov_reg(4, 2), alu(ADD, 4, count), jump_if_reg(JGT, 4, 3, otherwise)


def frame_of(context):
    return load(W, 2, context, MD_DATA), load(W, 3, context, MD_DATA_END)


def heads(frames):
    """What generate() has to have in an array: whose turn it is, and the headers."""
    return struct.pack("<Q", 0) + b"".join(frame[:HEAD].ljust(HEAD, b"\0") for frame in frames)


def generate(map_fd, count, ifindex):
    """Gives each frame the next of so many headers, and sends it to a device."""
    return (
        frame_of(1), has_octets(HEAD, "short"),
        map_value(5, map_fd),
        load(DW, 6, 5, 0),
        jump_if(JLT, 6, count, "next"),
        mov(6, 0),
        "next",
        mov_reg(7, 6), alu(ADD, 7, 1), store(DW, 5, 0, 7),
        alu(LSH, 6, 6), alu_reg(ADD, 5, 6),
        [(load(DW, 0, 5, 8 + at), store(DW, 2, at, 0)) for at in range(0, HEAD, 8)],
        redirect(ifindex),
        "short", verdict(XDP_ABORTED))


def redirect_all(ifindex, destination, source):
    """The least that a redirected frame costs: other link-layer addresses, and out."""
    addresses = destination + source
    return (
        frame_of(1), has_octets(len(addresses), "short"),
        [store_imm(W, 2, at, little(addresses[at:at + 4])) for at in range(0, 12, 4)],
        redirect(ifindex),
        "short", verdict(XDP_ABORTED))


def forward_by_fib():
    """A router of both families by bpf_fib_lookup(), as xdp-forward of xdp-tools is."""
    context, data, end = 6, 7, 8
    fib = -FIB_SIZE
    return (
        mov_reg(context, 1),
        load(W, data, context, MD_DATA), load(W, end, context, MD_DATA_END),
        mov_reg(2, data), mov_reg(3, end), has_octets(IP + 20, "pass"),
        [store_imm(DW, FP, fib + at, 0) for at in range(0, FIB_SIZE, 8)],
        load(H, 9, data, ETHERTYPE),
        jump_if(JEQ, 9, little(b"\x08\x00"), "ipv4"),
        jump_if(JNE, 9, little(b"\x86\xdd"), "pass"),

        has_octets(IP + 40, "pass"),
        load(B, 0, data, IP + 7), jump_if(JLE, 0, 1, "pass"),
        store_imm(B, FP, fib + FIB_FAMILY, socket.AF_INET6),
        load(W, 0, data, IP), alu(AND, 0, little(b"\x0f\xff\xff\xff")),
        store(W, FP, fib + FIB_TOS, 0),
        load(B, 0, data, IP + 6), store(B, FP, fib + FIB_PROTOCOL, 0),
        load(H, 0, data, IP + 4), swap16(0), store(H, FP, fib + FIB_LENGTH, 0),
        [(load(W, 0, data, IP + 8 + at), store(W, FP, fib + FIB_SOURCE + at, 0))
         for at in range(0, 32, 4)],
        jump("look up"),

        "ipv4",
        load(B, 0, data, IP + 8), jump_if(JLE, 0, 1, "pass"),
        store_imm(B, FP, fib + FIB_FAMILY, socket.AF_INET),
        load(B, 0, data, IP + 1), store(B, FP, fib + FIB_TOS, 0),
        load(B, 0, data, IP + 9), store(B, FP, fib + FIB_PROTOCOL, 0),
        load(H, 0, data, IP + 2), swap16(0), store(H, FP, fib + FIB_LENGTH, 0),
        load(W, 0, data, IP + 12), store(W, FP, fib + FIB_SOURCE, 0),
        load(W, 0, data, IP + 16), store(W, FP, fib + FIB_DESTINATION, 0),

        "look up",
        load(W, 0, context, MD_IFINDEX), store(W, FP, fib + FIB_IFINDEX, 0),
        mov_reg(1, context), mov_reg(2, FP), alu(ADD, 2, fib), mov(3, FIB_SIZE), mov(4, 0),
        call(FIB_LOOKUP), jump_if(JNE, 0, 0, "pass"),
        jump_if(JEQ, 9, little(b"\x08\x00"), "age ipv4"),
        load(B, 0, data, IP + 7), alu(ADD, 0, -1), store(B, data, IP + 7, 0),
        jump("send"),

        "age ipv4",
        load(H, 0, data, IP + 10), alu(ADD, 0, 1),
        jump_if(JLT, 0, 0xffff, "no carry"), alu(ADD, 0, 1),
        "no carry",
        store(H, data, IP + 10, 0),
        load(B, 0, data, IP + 8), alu(ADD, 0, -1), store(B, data, IP + 8, 0),

        "send",
        [(load(H, 0, FP, fib + FIB_DMAC + at), store(H, data, at, 0),
          load(H, 0, FP, fib + FIB_SMAC + at), store(H, data, 6 + at, 0)) for at in range(0, 6, 2)],
        load(W, 1, FP, fib + FIB_IFINDEX), mov(2, 0), call(REDIRECT), leave(),
        "pass", verdict(XDP_PASS))
