# SPDX-License-Identifier: GPL-2.0-only
"""The same packets through each door: all do with them what the model says.

    filtered: in PRE_ROUTING, and on through FORWARD
    direct: at the devices' ingress hook, and in PRE_ROUTING what that leaves
    xdp: in XDP programs on two devices, and at the ingress hook what they leave

Most packets are plain frames and their neighbours (plain.py), the others are of every
kind. tests/fuzz/packets --doors runs more of them, or one batch again.
"""

import contextlib
import os
from collections import Counter

import pytest
import util
from addresses import CONFIG, HOST4, HOST6, SERVER4, SERVER6
from changes import apply
from doors import batch_of
from fuzzing import Run, gathered_problems, kind, leave, listed, one_by_one
from generator import MEMORY, Sent
from ingress import KEEPS_FLOWS, Left
from netlink import Socket, build
from packet import describe, ip4, ip6, tcp
from programs import MODULE_BTF, is_built_with_libbpf
from taps import TapGateway

SEED = os.environ.get("NAT64_FUZZ_SEED", "1")
FIRST = int(os.environ.get("NAT64_FUZZ_FIRST", 0))
COUNT = int(os.environ.get("NAT64_FUZZ_DOORS", 4))
PACKETS = int(os.environ.get("NAT64_FUZZ_FRAMES", 2000))
WANTED = os.environ.get("NAT64_FUZZ_ONLY", "filtered direct xdp").split()

# Before Linux 5.15 GRO loses count of a tap's memory.
GRO_COUNTS = util.kernel() >= (5, 15)

# What a configuration has for these doors, which the same packets pass one after the other.
PASSES = {("filtered", "direct"): "", ("xdp",): "xdp add to6\nxdp add to4\n"}

EARS = [(f"to{side}", protocol) for side in (6, 4) for protocol in (0x86dd, 0x0800)]
# By door: packets sent, translated, and those of them that it took by itself.
sent, translated, taken = Counter(), Counter(), Counter()
totals, supers = Counter(), Counter()


def passes():
    """Those that are wanted, and that this kernel has: doors, and what their configuration has."""
    has_xdp = MODULE_BTF.exists() and is_built_with_libbpf()
    for doors, more in PASSES.items():
        doors = [door for door in doors if door in WANTED and (door != "xdp" or has_xdp)]
        if doors:
            yield doors, more


@pytest.fixture(scope="module")
def gateway(module):
    gateway = TapGateway("nat64-doors")
    yield gateway
    gateway.delete()
    print(f"\nthrough each door: {listed(sent)}")
    print(f"translated: {listed(translated)}; taken by the door itself: {listed(taken)}")
    print(f"{listed(totals)}; super-packets: {listed(supers)}")
    leave(followed=gateway.followed, **sent,
          **{f"{door}-taken": taken[door] for door in set(sent) - {"filtered"}})


def is_across(expected):
    return kind(expected) == "translated" and len(expected.packets) == 1


def door_problems(gateway, run, pairs, door):
    """What becomes of packets at one door, and who has seen them on their way."""
    seen, forwarded = gateway.counter(b"seen"), gateway.counter(b"forwarded")
    problems = run.problems(pairs)
    seen, forwarded = gateway.counter(b"seen") - seen, gateway.counter(b"forwarded") - forwarded
    if problems:
        return problems[:12] + list(one_by_one(run, pairs))
    run.note()
    across = sum(is_across(expected) for _, expected in run.taken)
    arrived = sum(expected.verdict != "unseen" for _, expected in run.taken)
    sent[door] += len(run.taken)
    translated[door] += across
    taken[door] += {"filtered": 0, "direct": arrived - seen, "xdp": run.in_xdp}[door]
    if forwarded and door != "filtered":
        return [f"{forwarded} packets came to FORWARD"]
    if door == "filtered" and (forwarded < across or seen < across):
        return [f"of {across} packets {seen} came to PRE_ROUTING, {forwarded} to FORWARD"]
    return []


def left_problems(left, run):
    """What the ingress hook and XDP programs leave is what was sent."""
    known = {one.packet + one.trailer for one, _ in run.taken}
    for packet in left.all():
        if packet not in known:
            yield f"left, and changed: {describe(packet)[:700]}\n  {packet[:400].hex()}"


def part_problems(gateway, run, batch, part, door):
    gateway.ethers.clear()
    # What somebody hears is not edited in place in PRE_ROUTING.
    with Left(gateway, *(EARS if batch.heard and door != "filtered" else ())) as left:
        yield from door_problems(gateway, run, part.pairs, door)
        yield from left_problems(left, run)
    for ether, family in gateway.ethers - part.state.ethers():
        yield f"a frame with {ether.hex()} in front of IPv{family}"


def batch_problems(gateway, batch, doors, client):
    """The first that there are, with the state that they are of."""
    run = Run(gateway, client, totals, supers)
    for number, part in enumerate(batch.parts):
        apply(gateway, part.state, part.commands)
        for door in doors:
            client.ask("settings-set", build("nat64", settings={"forwarding": int(door != "filtered")}))
            problems = list(part_problems(gateway, run, batch, part, door))
            if part is batch.parts[-1] and not problems and GRO_COUNTS:
                problems = gathered_problems(run, batch.gathered)
            if problems:
                return [f"at the door {door}, part {number}, behind {part.commands}:", part.state.text,
                        repr(part.state), *problems]
    return []


def check_batch(gateway, batch, again):
    first = batch.parts[0].state
    for doors, more in passes():
        gateway.configure(first.text + more)
        gateway.loaded = None
        gateway.arrange(first.mtu6, first.mtu4, batch.offloads, batch.gro, gateway.routes)
        gateway.gathers(batch.gro_kind)
        with gateway, contextlib.closing(Socket()) as client:
            problems = batch_problems(gateway, batch, doors, client)
        if problems:
            pytest.fail("\n".join([f"to see it again: {again}", batch.described(), *problems[:400]]),
                        pytrace=False)


@pytest.mark.parametrize("number", range(FIRST, FIRST + COUNT))
def test_packets_through_each_door(gateway, number):
    check_batch(gateway, batch_of(number, SEED, PACKETS, gateway.followed),
                f"tests/fuzz/packets --doors --seed {SEED} --first {number} --count 1")


def segments(make, size):
    """Three segments of a TCP stream that GRO puts together, and the last one, behind a gap."""
    seqs = [1, size + 1, 2 * size + 1, 4 * size]
    data = [bytes([number]) * length for number, length in enumerate((size, size, size, 100))]
    return data, [make(number, tcp(1, 2, one, seq=seq, flags=0x11 if one is data[-1] else 0x10))
                  for number, (seq, one) in enumerate(zip(seqs, data))]


# By name: what GRO makes of segments, which segments, and how much is before their data as they come out.
LEFT_WHOLE = {
    "a list, 6 to 4": ({"rx_gro_list": True}, 6, 40,
                       segments(lambda _, part: ip6(HOST6, SERVER6, part), 500)),
    "a list, 4 to 6": ({"rx_gro_list": True}, 4, 60,
                       segments(lambda n, part: ip4(SERVER4, HOST4, part, id=n, df=True), 500)),
    "to be fragmented": ({}, 4, 0, segments(lambda n, part: ip4(SERVER4, HOST4, part, id=n), 1400)),
}


@pytest.mark.skipif(not GRO_COUNTS, reason="this kernel's GRO loses count of a tap's memory")
@pytest.mark.parametrize("name", LEFT_WHOLE)
def test_nothing_overtakes_a_super_packet_that_is_left(gateway, name):
    """GRO lets go of it and of what is behind it at once, and the ingress hook leaves it to PRE_ROUTING."""
    kind, side, at, (data, packets) = LEFT_WHOLE[name]
    if kind and util.kernel() < (6, 10):
        pytest.skip("this kernel makes no lists of segments")
    gateway.configure(CONFIG + "set forwarding direct\n")
    gateway.arrange(1500, 1500, 0, False)
    gateway.gathers(kind)

    def lets_go():
        before = gateway.arrived()
        assert all(gateway.send(Sent(packet, side, gathered=MEMORY[0])) for packet in packets)
        out = [packet for packet, _ in gateway.received()[10 - side]]
        if at:
            assert [bytes(packet[at:]) for packet in out] == data
        assert data[-1] in out[-1]
        return gateway.arrived() - before

    with gateway:
        util.eventually(lambda: lets_go() == 2, "GRO puts three of them together")
        for _ in range(4):
            lets_go()


@pytest.mark.skipif(COUNT < 4, reason="a configuration may leave all to PRE_ROUTING")
def test_doors_take_much_of_what_is_translated(gateway):
    for door in sent.keys() - {"filtered"}:
        if door == "direct" and not KEEPS_FLOWS:
            assert translated[door] > taken[door] == 0
        else:
            assert taken[door] > 0.2 * translated[door] > 0, door
