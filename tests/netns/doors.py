# SPDX-License-Identifier: GPL-2.0-only
"""Batches of packets that go through each door of a gateway, and what is to become of them.

    doors.py DIRECTORY SEED FIRST COUNT PACKETS FOLLOWED

makes some for a machine that is slow, where batch_of() finds them.
"""

import os
import pickle
import random
import sys
from dataclasses import dataclass
from pathlib import Path

from changes import Changes, State
from generator import Generator
from plain import PlainGenerator
from router import sum_at
from scenes import scene
from taps import GRO_KINDS, OFFLOADS

PARTS, STREAMS = 4, 2


@dataclass
class Part:
    """Packets of a batch in one state of the gateway, and what leads there from the state before."""

    state: State
    commands: tuple
    pairs: list


class Batch:
    """A configuration, packets for it, and what is to become of them at any door.

    Between them something changes, which holds with the next packet.
    """

    def __init__(self, number, seed, packets, followed):
        rng = random.Random(f"{seed}/doors/{number}")
        self.followed = followed
        self.scene = scene(rng, plain=rng.random() < 0.85)
        self.heard = rng.random() < 0.25
        self.offloads, self.gro, self.gro_kind = rng.choice(OFFLOADS), rng.random() < 0.5, rng.choice(GRO_KINDS)
        state, commands, changes = State.of(self.scene), (), Changes(rng, self.scene)
        self.router = state.router(followed)
        plain, any_kind = PlainGenerator(rng, self.scene, self.translated), Generator(rng, self.scene)
        self.parts = []
        for _ in range(PARTS):
            self.parts.append(Part(state, commands, [(one, self.router.of(one)) for one in (
                plain.plain() if rng.random() < 0.9 else any_kind.packet()
                for _ in range(packets // PARTS))]))
            last, (state, commands) = state, changes.drawn(state)
            self.router = state.router(followed)
        self.router = last.router(followed)
        self.gathered = [pair for _ in range(STREAMS) for pair in self.whole(any_kind.stream())]
        self.router = None

    def translated(self, packet):
        outcome = self.router.model.of(packet)
        return outcome.packets[0] if outcome.verdict == "translated" else None

    def whole(self, stream):
        """A stream of which GRO may make one packet, and nothing is refused."""
        pairs = [(one, self.router.of(one)) for one in stream]
        if any(expected.verdict != "translated" for _, expected in pairs):
            return []
        for packet in (packet for _, expected in pairs for packet in expected.packets):
            packet.sum_at = sum_at(packet)
        return pairs

    def described(self):
        return "\n".join([f"offloads {self.offloads:#x}", *(f"of datagrams {word}" for word in self.gro_kind),
                          *["GRO"] * self.gro, *["somebody listens"] * self.heard])


def batch_of(number, seed, packets, followed):
    """One of that many packets; see Model of what is followed."""
    made = Path(os.environ.get("NAT64_OUT", "/nonexistent"), f"batch-{seed}-{number}-{packets}-{followed}")
    return pickle.loads(made.read_bytes()) if made.exists() else Batch(number, seed, packets, followed)


def main(directory, seed, *numbers):
    first, count, packets, followed = (None if number == "None" else int(number) for number in numbers)
    for number in range(first, first + count):
        path = Path(directory, f"batch-{seed}-{number}-{packets}-{followed}")
        path.write_bytes(pickle.dumps(Batch(number, seed, packets, followed)))


if __name__ == "__main__":
    import doors  # by the name under which batches are found there

    doors.main(*sys.argv[1:])
