# SPDX-License-Identifier: GPL-2.0
"""Random packets: the gateway does with each what the model of the RFCs says.

NAT64_RANDOM=FIRST-LAST chooses other seeds than the usual ones.
"""

import os

import lib
import pytest
from generator import Generator
from model import Model
from packet import describe, difference, version

FIRST, LAST = map(int, os.environ.get("NAT64_RANDOM", "1-600").split("-"))
BATCH = 50


def is_answer(sent, packets):
    """One error of the gateway back to where the packet came from, or nothing at all."""
    if not packets:
        return True
    got = packets[0]
    if len(packets) > 1 or version(got) != version(sent):
        return False
    if version(got) == 6:
        return got[24:40] == sent[8:24] and got[6] == 58 and got[40] < 128
    return got[16:20] == sent[12:16] and got[9] == 1 and got[20] in (3, 11, 12)


@pytest.mark.parametrize("first", range(FIRST, LAST + 1, BATCH))
def test_random_packets(real, first):
    model = Model(lib.CONFIG, gateway4=lib.GATEWAY4, gateway6=lib.GATEWAY6)
    problems = []
    for seed in range(first, min(first + BATCH, LAST + 1)):
        sent = Generator(seed).packet()
        outcome = model.of(sent)
        seen = real.wire.exchange(sent)
        packets = [p.finished() for p in seen[6] + seen[4]]
        # Of several reasons to refuse a packet any may be given.
        if outcome.verdict == "native" or (outcome.verdict == "refused" and
                                           is_answer(sent, packets)):
            continue
        want = sorted(outcome.packets, key=version, reverse=True)
        lines = [line for a, b in zip(want, packets) for line in difference(a.closed(b), b)]
        if len(want) != len(packets):
            lines += [f"  expected {len(want)} packets, got {len(packets)}"]
            lines += [f"  got {describe(p)}" for p in packets]
        if lines:
            problems += [f"seed {seed}: {describe(sent)}",
                         f"  the model says: {outcome.verdict} {outcome.reason}", *lines]
    assert not problems, "\n".join(problems)
