# SPDX-License-Identifier: GPL-2.0-only
"""The gateway's place taken by the model: the same tests, so that the two can be held together."""

import contextlib

import icmp_error
from addresses import GATEWAY4, GATEWAY6
from frame import Frame
from model import Model
from packet import describe, difference, version


class Wire:
    def __init__(self, net):
        self.net = net

    def expect(self, sent, *expected):
        __tracebackhide__ = True
        sent = sent if isinstance(sent, (list, tuple)) else [sent]
        expected = [e.packet if isinstance(e, Frame) else e for e in expected]
        got = [packet for one in sent for packet in self._of(one)]
        problems = []
        for family in (6, 4):
            want, have = ([p for p in some if version(p) == family] for some in (expected, got))
            if len(want) != len(have):
                problems.append(f"IPv{family}: expected {len(want)} packets, got {len(have)}")
                problems += [f"  {describe(packet)}" for packet in have]
            for a, b in zip(want, have):
                problems += difference(a.closed(b.closed(b)), b.closed(b))
        if problems:
            problems.append(self.net.model.of(icmp_error.quoted(sent[0])).reason)
            raise AssertionError("\n".join(problems))

    def _of(self, one):
        frame = one if isinstance(one, Frame) else Frame(one)
        if frame.dst:  # multicast, or for somebody else
            return []
        return self.net.model.of(frame.packet).packets

    def expect_silence(self, *sent):
        __tracebackhide__ = True
        for one in sent:
            self.expect(one)


class Net:
    def __init__(self, text):
        self.wire = Wire(self)
        self.configure(text)

    def configure(self, text):
        self.model = Model(text, gateway4=GATEWAY4, gateway6=GATEWAY6, link4="198.51.100.0/24")

    @contextlib.contextmanager
    def mtus(self, to6=None, to4=None, far6=None, far4=None):
        before = self.model.mtu6, self.model.mtu4
        self.model.mtu6, self.model.mtu4 = to6 or before[0], to4 or before[1]
        yield
        self.model.mtu6, self.model.mtu4 = before
