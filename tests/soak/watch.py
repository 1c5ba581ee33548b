# SPDX-License-Identifier: GPL-2.0-only
"""What the kernel says of packets that it drops: its tracepoints, and the counters of namespaces.

Both are read again and again, and what they said lately is kept, so that it can
be told of a packet once it is known to be lost.
"""

import os
import re
import time
from collections import Counter, deque
from pathlib import Path

TRACE = Path("/sys/kernel/tracing/instances/soak")
# Of ARP, IPv4 and IPv6 alone: sockets of other families drop what nobody waits for.
NO_FILTER = "0"
EVENTS = {"skb/kfree_skb": "protocol == 0x806 || protocol == 0x800 || protocol == 0x86dd",
          "xdp/xdp_redirect_err": NO_FILTER, "xdp/xdp_exception": NO_FILTER, "xdp/xdp_devmap_xmit": "drops > 0"}
BUFFER = 1024  # KiB for each processor
KEPT = 30  # seconds
EVENT = re.compile(r"\s(\d+\.\d+): (.*)")
FREED = re.compile(r"kfree_skb: .* protocol=(\d+) location=(\w+).* reason: (\w+)")
FILES = ("snmp", "snmp6", "netstat", "dev", "softnet_stat")
# Of all that is counted, what only ordinary traffic moves.
ORDINARY = re.compile(r"Octets|InReceives|Delivers|Requests|Forw|NoECT|Transmits|InType|OutType|McastPkts|"
                      r"InMsgs|OutMsgs|Echo|Segs|Datagrams|TCP|Tcp|\.[0189]$|DelayedACK")


class Trace:
    """Events of an instance of tracefs of our own, by the clock of time.monotonic()."""

    def __init__(self):
        TRACE.mkdir(exist_ok=True)
        (TRACE / "trace_clock").write_text("mono")
        (TRACE / "buffer_size_kb").write_text(str(BUFFER))
        for event, wanted in EVENTS.items():
            (TRACE / "events" / event / "filter").write_text(wanted)
            (TRACE / "events" / event / "enable").write_text("1")
        self.pipe = os.open(TRACE / "trace_pipe", os.O_RDONLY | os.O_NONBLOCK)
        self.part, self.events = "", deque()

    def read(self):
        while True:
            try:
                data = os.read(self.pipe, 1 << 16)
            except BlockingIOError:
                return
            if not data:
                return
            *lines, self.part = (self.part + data.decode()).split("\n")
            self.events += [(float(found[1]), found[2]) for found in map(EVENT.search, lines) if found]

    def around(self, start, end):
        """Of the events, how many were the same, and when the first and the last one was."""
        times = {}
        for at, event in self.events:
            if start <= at <= end:
                found = FREED.search(event)
                what = f"{found[2]} {found[3]}, protocol {int(found[1]):#x}" if found else event
                times.setdefault(what, []).append(at)
        return times


def pairs(text):
    """Names and values of a file that has a line of names above each line of values."""
    lines = [line.split() for line in text.splitlines()]
    for names, values in zip(lines[::2], lines[1::2]):
        yield from ((names[0] + name, value) for name, value in zip(names[1:], values[1:]))


def read_counters(namespace):
    """All that the kernel counts in a namespace, by name."""
    with namespace:
        text = {name: Path("/proc/thread-self/net", name).read_text() for name in FILES}
    found = {**dict(pairs(text["snmp"])), **dict(pairs(text["netstat"])),
             **dict(line.split() for line in text["snmp6"].splitlines())}
    for line in text["dev"].splitlines()[2:]:
        device, _, values = line.partition(":")
        found |= {f"{device.strip()}.{n}": value for n, value in enumerate(values.split())}
    for cpu, line in enumerate(text["softnet_stat"].splitlines()):
        found[f"softnet {cpu}"] = int(line.split()[1], 16)
    return Counter({name: int(value) for name, value in found.items() if not ORDINARY.search(name)})


class Watch:
    """The trace, and the counters of namespaces, given by name."""

    def __init__(self, namespaces):
        self.namespaces, self.trace, self.moves = namespaces, Trace(), deque()
        self.counts = {name: read_counters(one) for name, one in namespaces.items()}

    def look(self):
        """Reads what is new."""
        self.trace.read()
        now = time.monotonic()
        for name, namespace in self.namespaces.items():
            before, self.counts[name] = self.counts[name], read_counters(namespace)
            for counter, by in (self.counts[name] - before).items():
                self.moves.append((now, f"{name} {counter} +{by}"))
        for kept in (self.trace.events, self.moves):
            while kept and kept[0][0] < now - KEPT:
                kept.popleft()

    def around(self, when, before=1, after=3):
        """What was dropped and counted near a time, in lines, with the seconds to it."""
        for what, times in self.trace.around(when - before, when + after).items():
            yield f"{times[0] - when:+.3f} to {times[-1] - when:+.3f}: {len(times)} {what}"
        moved = [f"{at - when:+.2f} {what}" for at, what in self.moves if -before <= at - when <= after]
        yield "counters: " + ", ".join(moved)
