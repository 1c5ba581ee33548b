# SPDX-License-Identifier: GPL-2.0-only
"""Inside of a machine: frames that are XDP frames from the start.

    feed ---- live  gateway  void  of sink/, which frees what it is given

A program of the kernel's test runs sends them to feed, and live's NAPI takes them
as the driver of a network card takes them from its ring: it runs a program, or
makes packets of them for GRO and the stack.
"""

import contextlib
import socket

import bpf
import programs
from marks import mark
from namespaces import inside, inside_of, ip, out_of, run
from rows import LIVE_FRAMES, LIVE_RUNS, LIVE_WARM_UP

MAC_GATEWAY, MAC_FAR = "02:00:00:00:00:01", "02:00:00:00:00:02"
DEVICES = ("live", "void")

# Nothing else sends there, but the kernel when a device comes up.
STRAY = 10


def build(plan):
    """Beside the devices that are there."""
    run("insmod", plan["sink"])
    run("ip", "link", "set", "void", "netns", "gateway")
    ip("gateway",
       f"link add live address {MAC_GATEWAY} type veth peer name feed netns source",
       f"link set void address {MAC_GATEWAY} up",
       "address add 203.0.115.1/24 dev void",
       "address add 2001:db8:fffd::1/64 dev void",
       f"neighbour add 203.0.115.2 lladdr {MAC_FAR} dev void nud permanent",
       f"neighbour add 2001:db8:fffd::ff lladdr {MAC_FAR} dev void nud permanent")
    inside("gateway", "ethtool", "-K", "live", "gro", "on")
    ip("gateway", "link set live up")
    ip("source", "link set feed up")


def through_void():
    return out_of("void", "203.0.115.2", "2001:db8:fffd::ff")


@contextlib.contextmanager
def with_program(make):
    """A program at the device where the frames come in; made where the gateway's devices are."""
    with contextlib.ExitStack() as stack:
        with inside_of("gateway"):
            stack.enter_context(bpf.attached("live", *make()))
        yield


def drop(plan, mappings):
    return with_program(lambda: programs.verdict(bpf.XDP_DROP))


def leave_alone(plan, mappings):
    return with_program(lambda: programs.verdict(bpf.XDP_PASS))


def redirect(plan, mappings):
    macs = [bytes.fromhex(mac.replace(":", "")) for mac in (MAC_FAR, MAC_GATEWAY)]
    return with_program(lambda: programs.redirect_all(socket.if_nametoindex("void"), *macs))


def fib(plan, mappings):
    return with_program(programs.forward_by_fib)


@contextlib.contextmanager
def nat64(plan):
    """At both devices, as an operator has it: there are drivers that send frames only then."""
    ctl = [plan["nat64ctl"], "-n", "gateway", "xdp"]
    for device in DEVICES:
        run(*ctl, "add", device)
    yield
    for device in DEVICES:
        run(*ctl, "del", device)


def read_frames(path):
    """See replay.c; of these frames only the headers differ."""
    with open(path, "rb") as file:
        while length := file.read(2):
            yield file.read(int.from_bytes(length, "big"))


def left():
    """How many have left as packets, and how many as frames."""
    for kind in ("packets", "frames"):
        with open(f"/sys/module/bench_sink/parameters/{kind}") as file:
            yield int(file.read())


def check(row, came, sent):
    """All must have come out, and as what the row says."""
    for kind, count in came.items():
        wanted = sent if kind == row.comes_out_as else 0
        if not wanted <= count < wanted + STRAY:
            raise SystemExit(f"{row.name}: {count} {kind} came out, not {wanted}")


def send(prog, frame, runs):
    """Nanoseconds per frame in each run, in which is no setting up and clearing away."""
    return [bpf.run_live(prog, frame, LIVE_FRAMES) for _ in range(runs)]


def measure(plan, row):
    """Sends the frames of a row in turn; the run with the fewest timers in it counts."""
    frames = list(read_frames(f"{plan['data']}/{row.frames}"))
    before = [*left()]
    with inside_of("source"), bpf.closing(bpf.array(programs.heads(frames))) as heads:
        code = programs.generate(heads, len(frames), socket.if_nametoindex("feed"))
        with bpf.closing(bpf.load_xdp(*code)) as prog:
            send(prog, frames[0], LIVE_WARM_UP)
            mark()
            times = send(prog, frames[0], LIVE_RUNS)
            mark()
    came = dict(zip(("packets", "frames"), (after - was for after, was in zip(left(), before))))
    check(row, came, LIVE_FRAMES * (LIVE_WARM_UP + LIVE_RUNS))
    return 1, min(times)
