# SPDX-License-Identifier: GPL-2.0-only
"""The network of examples/cluster as tests see it, and the traffic through it."""

import contextlib
import json
import re
import subprocess
import time
from dataclasses import dataclass

import util
from util import CTL, TOP

LAB = TOP / "examples" / "cluster" / "lab"
TRAFFIC = TOP / "examples" / "cluster" / "traffic"
CONFIG = TOP / "examples" / "cluster" / "nat64.conf"
MODULES = ("veth", "bridge", "dummy", "nf_tables", "nft_numgen", "af_packet")
GATEWAYS = 3

PREFIX = "2001:200:d00:100::/64"
PUBLIC = "203.0.113.0/24"

# What of traffic one gateway has, when three have it all, is a third; give or take. Packets
# that GRO put together go as one and count as many: some hundred choices are all there are.
FAIR = (0.2, 0.47)


def embedded(address):
    """An IPv4 address inside the prefix (RFC 6052, a /64 prefix)."""
    a, b, c, d = map(int, address.split("."))
    return f"2001:200:d00:100:{a:x}:{b << 8 | c:x}:{d << 8:x}:0"


@dataclass(frozen=True)
class Pair:
    """A client of one family and a server of the other, which the client calls so."""

    client: str
    server: str
    address: str


PAIRS = {"4to6": Pair("client4", "server6", "203.0.113.10"),
         "6to4": Pair("client6", "server4", embedded("198.51.100.80"))}


class Report:
    """What became of traffic that has ended."""

    def __init__(self, lines):
        self.seconds = [json.loads(line) for line in lines]
        self.__dict__.update(self.seconds[-1])

    @property
    def broken(self):
        """What no loss of packets excuses."""
        return self.faults or self.unfinished or self.wrong


class Network:
    """The hosts, by name, and the commands of the lab."""

    def lab(self, *words):
        return util.run("env", f"NAT64CTL={CTL}", LAB, *words)

    def on(self, host, *words, **how):
        return util.run("ip", "netns", "exec", host, *words, **how)

    def ctl(self, gateway, *words, **how):
        return self.on(f"gateway{gateway}", CTL, *words, **how)

    def load(self, gateway, text=None):
        """Loads the table that all have, or another."""
        self.ctl(gateway, "load", CONFIG if text is None else "-", input=text)

    def status(self, gateway):
        return json.loads(self.ctl(gateway, "-j", "status").stdout)

    def stats(self, gateway):
        return json.loads(self.ctl(gateway, "-j", "stats").stdout)["stats"]

    def next_hops(self, side):
        """The gateways that a router would send packets to now."""
        family, network = ("-6", PREFIX) if side == 6 else ("-4", PUBLIC)
        routes = util.run("ip", "-n", f"router{side}", family, "route", "show", network).stdout
        return {int(last) - 10 for last in re.findall(r"via \S+[.:](\d+) dev", routes)}

    def await_gateways(self, *numbers, sides=(4, 6)):
        for side in sides:
            util.eventually(lambda side=side: self.next_hops(side) == set(numbers),
                            f"router{side} has gateways {numbers}", pause=0.2)

    def shares(self, counter, before):
        """Which part of the packets each gateway had since there were these statistics."""
        counts = [self.stats(gateway)[counter] - before[gateway][counter] for gateway in before]
        return [count / sum(counts) for count in counts]

    @contextlib.contextmanager
    def serving(self, host):
        with self._start(host, "serve") as server:
            try:
                assert server.stdout.readline() == "ready\n"
                yield
            finally:
                server.kill()

    @contextlib.contextmanager
    def traffic(self, direction, *options):
        """Traffic while the context lasts; then its report can be had."""
        pair = PAIRS[direction]
        with (self.serving(pair.server),
              self._start(pair.client, "send", pair.address, *options) as sender):
            try:
                yield Running(sender)
            finally:
                sender.kill()

    def _start(self, host, *words):
        return subprocess.Popen(["ip", "netns", "exec", host, str(TRAFFIC), *map(str, words)],
                                text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)


class Running:
    """Traffic that goes on."""

    def __init__(self, sender):
        self.sender = sender
        self.lines = []

    def last(self, seconds):
        """Lets it go on for so long, at least."""
        start = time.monotonic()
        while not self.lines or json.loads(self.lines[-1])["time"] < start + seconds:
            line = self.sender.stdout.readline()
            assert line, "the sender has ended"
            self.lines.append(line)

    def end(self):
        """Ends it, or waits for the end of what has one of its own."""
        if "--octets" not in self.sender.args:
            self.sender.terminate()
        output, _ = self.sender.communicate(timeout=120)
        return Report(self.lines + output.splitlines())
