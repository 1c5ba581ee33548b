# SPDX-License-Identifier: GPL-2.0-only
"""Sends many packets to a gateway with taps, and says what is wrong about what becomes of them."""

import json
import os
import sys
from collections import Counter
from ipaddress import ip_address, ip_network
from pathlib import Path

from frame import GSO_UDP_L4
from netlink import counters, named
from packet import checksum, describe, difference, version
from router import destination, segments
from taps import Listener


def listed(counts):
    return ", ".join(f"{number} {kind}" for kind, number in counts.most_common())


def leave(**figures):
    """What was done, for whoever started this machine: names and numbers."""
    if "NAT64_OUT" in os.environ:
        Path(os.environ["NAT64_OUT"], "fuzz.json").write_text(json.dumps(figures))


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
    """Sends packets, and says what is wrong about what becomes of them.

    Totals are by what became of them, and of super-packets by what they were.
    """

    def __init__(self, gateway, client, totals, supers):
        self.gateway, self.client = gateway, client
        self.taken, self.in_xdp = [], 0  # of those that were sent last
        self.totals, self.supers = totals, supers

    def problems(self, pairs, used_names=("packets", "octets")):
        """Of pairs of what is sent and what is expected."""
        self.gateway.received()
        counted, passed = counters(self.client), self.gateway.passed()
        used = uses(self.client)
        self.taken = self._send(pairs)
        expected = [expected for _, expected in self.taken]
        got = self.gateway.received()
        passed = self.gateway.passed() - passed
        counted = counters(self.client) - counted
        used = uses(self.client) - used
        self.in_xdp = counted["translated_xdp"]
        return [*count_problems(expected, counted, passed),
                *use_problems(expected, used, used_names),
                *packet_problems(expected, got, 6), *packet_problems(expected, got, 4)]

    def _send(self, pairs):
        """Returns those that the kernel has taken, in order."""
        taken = {id(sent) for sent in self.gateway.send_all(sent for sent, _ in pairs)}
        return [pair for pair in pairs if id(pair[0]) in taken]

    def note(self):
        """What was sent last is part of the totals."""
        for sent, expected in self.taken:
            self.totals[kind(expected)] += 1
            self.supers.update([super_kind(sent)] if sent.offload.gso else ())

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
    if (in_xdp := counted.pop("translated_xdp", 0)) > counted["translated_4to6"] + counted["translated_6to4"]:
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
    run.totals["for GRO"] += len(pairs)
    run.supers["packets that GRO put into others"] += len(pairs) - arrived
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
