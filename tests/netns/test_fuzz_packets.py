# SPDX-License-Identifier: GPL-2.0-only
"""Packets that nobody sends: each is translated as the model says, or refused and counted.

Super-packets of UDP are taken, and seen going out, since Linux 6.2.
tests/fuzz/packets runs more of them, or one batch again.
"""

import contextlib
import os
import random
from collections import Counter

import pytest
import util
from addresses import CONFIG, GATEWAY4, GATEWAY6, HOST6, SERVER6
from fuzzing import Listeners, Run, gathered_problems, leave, listed, one_by_one
from generator import MEMORY, Generator, Sent
from model import Model
from netlink import Socket
from packet import ip6, tcp, udp
from router import Router, sum_at
from scenes import scene
from taps import GRO_KINDS, OFFLOADS, TapGateway

SEED = os.environ.get("NAT64_FUZZ_SEED", "1")
FIRST = int(os.environ.get("NAT64_FUZZ_FIRST", 0))
COUNT = int(os.environ.get("NAT64_FUZZ_BATCHES", 20))
PACKETS, HOSTILE = int(os.environ.get("NAT64_FUZZ_PACKETS", 240)), 10
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
    leave(packets=sum(totals.values()))


class Batch:
    """A configuration, packets for it, and what is to become of them."""

    def __init__(self, number, gateway):
        rng = random.Random(f"{SEED}/{number}")
        self.scene = scene(rng)
        self.offloads = rng.choice(OFFLOADS)
        self.heard, self.gro = rng.random() < 0.3, rng.random() < 0.5
        generator = Generator(rng, self.scene)
        self.sent = [generator.packet() for _ in range(PACKETS)]
        self.hostile = [generator.hostile() for _ in range(HOSTILE)]
        self.router = Router(Model(
            self.scene.text, gateway4=GATEWAY4, gateway6=GATEWAY6, mtu4=self.scene.mtu4,
            mtu6=self.scene.mtu6, followed=gateway.followed,
            native=(GATEWAY4 + "/32", GATEWAY6 + "/128", *self.scene.routes)))
        self.expected = [self.router.of(sent) for sent in self.sent]
        self.gro_kind = rng.choice(GRO_KINDS)
        self.gathered = list(self.translated(generator.stream() for _ in range(STREAMS)))

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


def run_batch(gateway, batch, client, listeners):
    run = Run(gateway, client, totals, supers)
    tables[" and ".join(batch.scene.roles)] += 1
    pairs = list(zip(batch.sent, batch.expected))
    problems = run.problems(pairs)
    problems += listeners.problems([sent for sent, _ in run.taken])
    run.note()
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
