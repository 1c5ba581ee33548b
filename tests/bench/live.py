# SPDX-License-Identifier: GPL-2.0-only
"""Inside of a machine: frames that are XDP frames from the start.

    feed  ---- live   gateway  void, of sink/, which frees what it is given
    feed1 ---- live1           with two processors

A program of the kernel's test runs sends them to feed, and live's NAPI takes them
as the driver of a network card takes them from its ring: it runs a program, or
makes packets of them for GRO and the stack.
"""

import contextlib
import os
import socket
from concurrent.futures import ThreadPoolExecutor

import bpf
import programs
from marks import mark
from namespaces import inside, inside_of, ip, out_of, run

MAC_GATEWAY, MAC_FAR = "02:00:00:00:00:01", "02:00:00:00:00:02"
VOID = "void"


def ports(plan):
    """Devices that frames come in on, and where these are sent: a pair for each processor."""
    return [("live", "feed"), ("live1", "feed1")][:plan["senders"]]


def devices(plan):
    """All of the gateway, if there are any."""
    return [*(port for port, _ in ports(plan)), VOID] if "sink" in plan else []


def build(plan):
    """Beside the devices that are there."""
    run("insmod", plan["sink"])
    run("ip", "link", "set", VOID, "netns", "gateway")
    ip("gateway", f"link set {VOID} address {MAC_GATEWAY} up")
    for port, feed in ports(plan):
        ip("gateway", f"link add {port} address {MAC_GATEWAY} type veth peer {feed} netns source")
        inside("gateway", "ethtool", "-K", port, "gro", "on")
        ip("gateway", f"link set {port} up")
        ip("source", f"link set {feed} up")


@contextlib.contextmanager
def through_void():
    """It has addresses only then: other translators look at all of the gateway's."""
    addresses = ("203.0.115.1/24", "2001:db8:fffd::1/64")
    hops = ("203.0.115.2", "2001:db8:fffd::ff")
    ip("gateway", *(f"address add {address} dev {VOID}" for address in addresses),
       *(f"neighbour replace {hop} lladdr {MAC_FAR} dev {VOID} nud permanent" for hop in hops))
    with out_of(VOID, *hops):
        yield
    ip("gateway", *(f"address del {address} dev {VOID}" for address in addresses))


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
    return with_program(lambda: programs.redirect_all(socket.if_nametoindex(VOID), *macs))


def fib(plan, mappings):
    return with_program(programs.forward_by_fib)


@contextlib.contextmanager
def nat64(plan):
    """At all devices, as an operator has it: there are drivers that send frames only then."""
    ctl = [plan["nat64ctl"], "-n", "gateway", "xdp"]
    for device in devices(plan):
        run(*ctl, "add", device)
    yield
    for device in devices(plan):
        run(*ctl, "del", device)


def read_frames(path):
    """See replay.c; of these frames only the headers differ."""
    with open(path, "rb") as file:
        while length := file.read(2):
            yield file.read(int.from_bytes(length, "big"))


def left():
    """How many have left as packets, and how many as frames."""
    counts = {}
    for kind in ("packets", "frames"):
        with open(f"/sys/module/bench_sink/parameters/{kind}") as file:
            counts[kind] = int(file.read())
    return counts


def check(row, came, sent):
    """All must have come out, and as what the row says."""
    for kind, count in came.items():
        wanted = sent if kind == row.comes_out_as else 0
        if count != wanted:
            raise SystemExit(f"{row.name}: {count} {kind} came out, not {wanted}")


@contextlib.contextmanager
def generator(frames, feed):
    """The program that sends the frames in turn; in the network namespace of the device."""
    with bpf.closing(bpf.array(programs.heads(frames))) as heads:
        code = programs.generate(heads, len(frames), socket.if_nametoindex(feed))
        with bpf.closing(bpf.load_xdp(*code)) as prog:
            yield prog


def send(cpu, prog, frame, count, runs):
    """Nanoseconds per frame in each run, in which is no setting up and clearing away."""
    os.sched_setaffinity(0, {cpu})
    return [bpf.run_live(prog, frame, count) for _ in range(runs)]


def send_from_all(progs, *how):
    """A thread for each processor, in the network namespace of who calls this."""
    with ThreadPoolExecutor() as pool:
        senders = [pool.submit(send, cpu, prog, *how) for cpu, prog in enumerate(progs)]
        return sum((sender.result() for sender in senders), [])


def measure(plan, row):
    """What a frame of a row costs; the run with the fewest timers in it counts."""
    frames = list(read_frames(f"{plan['data']}/{row.frames}"))
    count, warm_up, runs = plan["live"]
    with inside_of("source"), contextlib.ExitStack() as stack:
        progs = [stack.enter_context(generator(frames, feed)) for _, feed in ports(plan)]
        send_from_all(progs, frames[0], count, warm_up)
        before = left()
        mark()
        times = send_from_all(progs, frames[0], count, runs)
        mark()
    came = {kind: count - before[kind] for kind, count in left().items()}
    check(row, came, count * runs * len(progs))
    return 1, min(times)
