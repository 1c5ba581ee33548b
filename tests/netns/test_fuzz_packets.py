# SPDX-License-Identifier: GPL-2.0-only
"""Packets that nobody sends: each is translated as the model says, or refused and counted.

Super-packets of UDP are taken, and seen going out, since Linux 6.2.
tests/fuzz/packets runs more of them, or one batch again.
"""

import contextlib
import os
import random
import sys
from collections import Counter
from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest
import util
import xdp
from addresses import CONFIG, GATEWAY4, GATEWAY6, HOST6, SERVER6
from frame import GSO_UDP_L4
from generator import MEMORY, Generator, Sent
from model import Model
from netlink import Socket, counters, named
from packet import checksum, describe, difference, ip6, tcp, udp, version
from programs import need_xdp
from router import Router, destination, segments, sum_at
from scenes import scene
from taps import GRO_KINDS, OFFLOADS, Listener, TapGateway

SEED = os.environ.get("NAT64_FUZZ_SEED", "1")
FIRST = int(os.environ.get("NAT64_FUZZ_FIRST", 0))
COUNT = int(os.environ.get("NAT64_FUZZ_BATCHES", 20))
XDP_COUNT = int(os.environ.get("NAT64_FUZZ_XDP", 3))
PACKETS, HOSTILE, XDP_STREAMS = 240, 10, 12
# Before Linux 5.15 GRO loses count of a tap's memory.
STREAMS = 6 if util.kernel() >= (5, 15) else 0

totals, supers, tables = Counter(), Counter(), Counter()


@pytest.fixture(scope="module")
def gateway(module):
    gateway = TapGateway()
    yield gateway
    gateway.delete()
    print(f"\n{sum(totals.values())} packets: {listed(totals)}")
    print(f"super-packets among them: {listed(supers)}")
    print(f"tables of mappings: {listed(tables)}")


def listed(counts):
    return ", ".join(f"{number} {kind}" for kind, number in counts.most_common())


class Batch:
    """A configuration, packets for it, and what is to become of them.

    Nobody hears of packets that are translated in XDP, nor does GRO have them.
    """

    def __init__(self, number, gateway, xdp=False):
        rng = random.Random(f"{SEED}/{number}")
        self.scene = scene(rng, plain=xdp)
        self.offloads = rng.choice(OFFLOADS)
        self.heard, self.gro = rng.random() < 0.3 and not xdp, rng.random() < 0.5
        generator = Generator(rng, self.scene)
        self.sent = [generator.packet() for _ in range(PACKETS)]
        self.sent += [replace(sent, gathered="", is_last=False)
                      for _ in range(XDP_STREAMS if xdp else 0) for sent in generator.stream()]
        self.hostile = [generator.hostile() for _ in range(HOSTILE)]
        self.router = Router(Model(
            self.scene.text, gateway4=GATEWAY4, gateway6=GATEWAY6, mtu4=self.scene.mtu4,
            mtu6=self.scene.mtu6, followed=gateway.followed,
            native=(GATEWAY4 + "/32", GATEWAY6 + "/128", *self.scene.routes)))
        self.expected = [self.router.of(sent) for sent in self.sent]
        self.gro_kind = rng.choice(GRO_KINDS)
        self.gathered = list(self.translated(generator.stream() for _ in range(0 if xdp else STREAMS)))

    def translated(self, streams):
        """Of what is refused, GRO would say how often."""
        for stream in streams:
            pairs = [(sent, self.router.of(sent)) for sent in stream]
            if all(expected.verdict == "translated" for _, expected in pairs):
                for _, expected in pairs:
                    for packet in expected.packets:
                        packet.sum_at = sum_at(packet)
                yield from pairs

    def described(self):
        how = [f"to6 mtu {self.scene.mtu6}", f"to4 mtu {self.scene.mtu4}",
               f"offloads {self.offloads:#x}", *(f"route {to}" for to in self.scene.routes)]
        how += [f"of datagrams {word}" for word in self.gro_kind]
        how += ["GRO"] * self.gro + ["somebody listens"] * self.heard
        return f"{self.scene.text}{', '.join(how)}"


def uses(client):
    """What each mapping has sent on, as the model counts it."""
    count = Counter()
    for message in client.dump("use-get"):
        words = named(message.attributes, "nat64")
        eam, use = named(words["eam"], "eam"), named(words["use"], "use")
        four = ip_network((eam["addr4"], eam["len4"][0]))
        count.update({(four, name): int.from_bytes(value, sys.byteorder)
                      for name, value in use.items() if name.startswith(("packets", "octets"))})
    return count


class Run:
    """Sends packets, and says what is wrong about what becomes of them."""

    def __init__(self, gateway, client):
        self.gateway, self.client, self.taken = gateway, client, []

    def problems(self, pairs, used_names=("packets", "octets")):
        """Of pairs of what is sent and what is expected."""
        self.gateway.received()
        counted, passed = counters(self.client), self.gateway.passed()
        used = uses(self.client)
        self.taken = [pair for pair in pairs if self.gateway.send(pair[0])]
        expected = [expected for _, expected in self.taken]
        got = self.gateway.received()
        passed = self.gateway.passed() - passed
        counted = counters(self.client) - counted
        used = uses(self.client) - used
        return [*count_problems(expected, counted, passed),
                *use_problems(expected, used, used_names),
                *packet_problems(expected, got, 6), *packet_problems(expected, got, 4)]

    def hostile_problems(self, sent):
        """What makes no sense is dropped, or still becomes packets."""
        for one in sent:
            if not self.gateway.send(one):
                continue
            for side, packets in self.gateway.received().items():
                for packet, _ in packets:
                    if not is_sane(packet):
                        yield f"out of to{side} comes {packet[:80].hex()}, for\n{one.described()}"


def count_problems(expected, counted, passed):
    answered = counted.pop("answered", 0)
    totals["in XDP"] += (in_xdp := counted.pop("translated_xdp", 0))
    if in_xdp > counted["translated_4to6"] + counted["translated_6to4"]:
        yield f"{in_xdp} packets translated in XDP are not counted otherwise"
    want = Counter()
    for one in expected:
        want.update(one.counts)
    for name in sorted({*want, *counted}):
        if want[name] != counted[name]:
            yield f"counter {name}: expected {want[name]}, got {counted[name]}"
    told = sum(one.reason != "" and bool(one.packets) for one in expected)
    if answered < told:
        yield f"counter answered: expected at least {told}, got {answered}"
    if passed != sum(one.passed for one in expected):
        yield f"expected {sum(one.passed for one in expected)} to be passed on, got {passed}"


def use_problems(expected, used, names):
    want = Counter()
    for one in expected:
        want.update({(mapping.four, name): by for (mapping, name), by in one.uses.items()})
    for four, name in sorted({*want, *used}, key=str):
        if want[four, name] != used[four, name] and name.startswith(names):
            yield f"{name} of {four}: expected {want[four, name]}, got {used[four, name]}"


def packet_problems(expected, got, side):
    """All that came out of a side against all that was to, in order."""
    want = [(packet, one) for one in expected for packet in one.packets if version(packet) == side]
    have = [part for packet, offload in got[side]
            for part in (segments(packet, offload) if offload.csum_start else [packet])]
    ids = {}
    for (packet, one), seen in zip(want, have):
        if packet.closed(seen) != seen:
            yield f"{one.verdict} {one.reason}:"
            yield from difference(packet.closed(seen), seen)
        if packet.any_id[:1] == (0,) and not fits(ids.setdefault(id(one), []), seen):
            yield f"another identification: {describe(seen)}"
    if len(want) != len(have):
        yield f"IPv{side}: expected {len(want)} packets, got {len(have)}"
        yield from (f"  expected {describe(packet)}" for packet, _ in want[:4])
        yield from (f"  got      {describe(packet)}" for packet in have[:4])


def fits(ids, packet):
    """RFC 6864: the fragments of a packet have one identification, its neighbours have others."""
    if int.from_bytes(packet[6:8], "big") & 0x1fff:
        return ids[-1:] == [packet[4:6]]
    is_new = packet[4:6] not in ids
    ids.append(packet[4:6])
    return is_new


def is_sane(packet):
    """Whether a packet has the length that it says, and is from and to somebody."""
    if version(packet) == 6:
        return len(packet) == 40 + int.from_bytes(packet[4:6], "big")
    return (version(packet) == 4 and len(packet) == int.from_bytes(packet[2:4], "big") and
            not checksum(packet[:20]) and not ip_address(destination(packet)).is_unspecified)


class Listeners:
    """Somebody who holds on to each packet that comes in, which must not change for that."""

    def __init__(self, gateway, wanted):
        names = ("to6", "to4", "in6", "in4") if wanted else ()
        self.all = {name: Listener(gateway, name) for name in names}

    def problems(self, sent):
        for name, listener in self.all.items():
            heard = Counter(listener.heard())
            for one in sent:
                if one.device == name and not heard[one.packet + one.trailer]:
                    yield f"somebody on {name} holds on to another packet than\n{one.described()}"

    def close(self):
        for listener in self.all.values():
            listener.close()


def one_by_one(run, pairs):
    """Which packets it was: each alone."""
    yield "each alone:"
    for number, (sent, expected) in enumerate(pairs):
        problems = [line[:400] for line in run.problems([(sent, expected)])]
        if problems:
            yield from (f"packet {number}: {expected.verdict} {expected.reason}", *problems[:24],
                        f"  sent {sent.described()}")


def kind(expected):
    if expected.verdict.startswith("refused"):
        return "refused and answered" if expected.packets else "refused silently"
    return expected.verdict


def super_kind(sent):
    return "of UDP" if sent.offload.gso == GSO_UDP_L4 else "of TCP"


def through_gro(run, pairs):
    """How many octets leave depends on what GRO puts together."""
    arrived = run.gateway.arrived()
    problems = run.problems(pairs, ("packets",))
    arrived = run.gateway.arrived() - arrived
    totals["for GRO"] += len(pairs)
    supers["packets that GRO put into others"] += len(pairs) - arrived
    return problems


def gathered_problems(run, pairs):
    """A busy processor lets GRO go of one flow before another, now and then, but not each time.

    None may be lost or too many, not even once.
    """
    problems = through_gro(run, pairs)
    for _ in range(2):
        if problems and not any(" packets, got " in line for line in problems):
            problems = through_gro(run, pairs)
    if problems:
        problems = ["gathered by GRO:", *problems[:12], *one_by_one(run, pairs)]
    return problems


def run_batch(gateway, batch, client, listeners):
    run = Run(gateway, client)
    tables[" and ".join(batch.scene.roles)] += 1
    pairs = list(zip(batch.sent, batch.expected))
    problems = run.problems(pairs)
    problems += listeners.problems([sent for sent, _ in run.taken])
    for sent, expected in run.taken:
        totals[kind(expected)] += 1
        supers.update([super_kind(sent)] if sent.offload.gso else ())
    if problems:
        problems = problems[:12] + list(one_by_one(run, pairs))
    problems += gathered_problems(run, batch.gathered)
    problems += run.hostile_problems(batch.hostile)
    totals["with senseless offloads"] += len(batch.hostile)
    return problems


@pytest.mark.skipif(not STREAMS, reason="this kernel's GRO loses count of a tap's memory")
@pytest.mark.parametrize("memory", MEMORY)
@pytest.mark.parametrize("gro_kind", GRO_KINDS, ids=str)
def test_packets_come_through_gro(gateway, gro_kind, memory):
    """What test_packets hopes to be put together can be put together at all."""
    gateway.configure(CONFIG)
    gateway.arrange(1500, 1500, 0, False)
    gateway.gathers(gro_kind)
    parts = (udp(1, 2, bytes(500)) if gro_kind else tcp(1, 2, bytes(500), seq=500 * number)
             for number in range(8))
    stream = [Sent(ip6(HOST6, SERVER6, part), 6, gathered=memory) for part in parts]

    def lets_go():
        before = gateway.arrived()
        assert all(gateway.send(sent) for sent in stream)
        assert len(gateway.received()[4]) == 8
        return gateway.arrived() - before

    with gateway:
        util.eventually(lambda: lets_go() < 8, "GRO puts packets together")


def check_batch(gateway, batch, again):
    gateway.configure(batch.scene.text)
    gateway.arrange(batch.scene.mtu6, batch.scene.mtu4, batch.offloads, batch.gro,
                    batch.scene.routes)
    gateway.gathers(batch.gro_kind)
    with gateway, contextlib.closing(Socket()) as client, \
            contextlib.closing(Listeners(gateway, batch.heard)) as listeners:
        problems = run_batch(gateway, batch, client, listeners)
    if problems:
        pytest.fail("\n".join([f"to see it again: {again}", batch.described(), *problems[:400]]), pytrace=False)


@pytest.mark.parametrize("number", range(FIRST, FIRST + COUNT))
def test_packets(gateway, number):
    check_batch(gateway, Batch(number, gateway),
                f"tests/fuzz/packets --seed {SEED} --first {number} --count 1")


@pytest.mark.parametrize("number", range(FIRST, FIRST + XDP_COUNT))
def test_packets_through_xdp(gateway, number):
    """Twice: the first packet to a neighbour is for the stack."""
    need_xdp()
    batch = Batch(number, gateway, xdp=True)
    again = f"NAT64_FUZZ_SEED={SEED} NAT64_FUZZ_FIRST={number} NAT64_FUZZ_XDP=1 NAT64_FUZZ_BATCHES=0"
    with xdp.programs(gateway, "to6", "to4"):
        check_batch(gateway, batch, again)
        check_batch(gateway, batch, again)


@pytest.mark.skipif(XDP_COUNT < 3, reason="a configuration may leave all to the stack")
def test_many_packets_were_translated_in_xdp(gateway):
    need_xdp()
    assert totals["in XDP"] > 40 * XDP_COUNT
