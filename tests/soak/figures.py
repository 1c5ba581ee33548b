# SPDX-License-Identifier: GPL-2.0-only
"""What the kernel has allocated, holds and has dropped; and whether that grows."""

import re
import statistics
import subprocess
from itertools import combinations
from pathlib import Path

from util import TOP, eventually, run
from xdp import users

SLABS = Path("/sys/kernel/slab")
EAMS, NAMESPACES = "nat64_eam", "net_namespace"

# What there may be more of at the end than after the first round of modes, KiB. It is the whole
# kernel's: a process more has a stack more, and memory of each processor comes by pages.
BOUNDS = {"SUnreclaim": 1024, "Percpu": 128, "VmallocUsed": 512}


def read_sizes():
    return {name: int(size) for name, size in
            re.findall(r"(\w+): +(\d+)", Path("/proc/meminfo").read_text())}


def read_slabs():
    """KiB of each cache."""
    rows = (line.split() for line in Path("/proc/slabinfo").read_text().splitlines()[2:])
    return {row[0]: int(row[14]) * int(row[5]) * 4 for row in rows}


def give_back():
    """The kernel keeps what files it has seen, which grows with each that is made."""
    Path("/proc/sys/vm/drop_caches").write_text("2")


def count_objects(cache):
    """How many of a cache's objects are used, without what each processor keeps of free ones."""
    if not (SLABS / cache).exists():
        return 0
    (SLABS / cache / "shrink").write_text("1")
    return int((SLABS / cache / "objects").read_text().split()[0])


def wait_for_objects(mappings, namespaces):
    """Until nobody waits to free any, or for so long that somebody does not."""
    def are_freed():
        return count_objects(EAMS) <= mappings and count_objects(NAMESPACES) <= namespaces
    try:
        eventually(are_freed, "", pause=.2)
    except AssertionError:
        pass


def sample():
    """Of what should be the same each time, KiB and counts."""
    sizes = read_sizes()
    return {**{name: sizes[name] for name in BOUNDS}, EAMS: count_objects(EAMS),
            NAMESPACES: count_objects(NAMESPACES), "users": users(), "slabs": read_slabs()}


def softnet_drops():
    """Packets that came to a processor whose queue was full."""
    return sum(int(line.split()[1], 16)
               for line in Path("/proc/net/softnet_stat").read_text().splitlines())


def socket_drops(namespace):
    """Datagrams for sockets that had no room."""
    with namespace:
        text = Path("/proc/thread-self/net/snmp").read_text()
        text6 = Path("/proc/thread-self/net/snmp6").read_text()
    names, values = [line.split() for line in text.splitlines() if line.startswith("Udp:")]
    return (int(values[names.index("RcvbufErrors")]) +
            int(re.search(r"Udp6RcvbufErrors\s+(\d+)", text6)[1]))


def device_drops(namespace):
    """Frames that the devices between the hosts, or queues in front of these, did not take."""
    with namespace:
        lines = Path("/proc/thread-self/net/dev").read_text().splitlines()
    drops = 0
    for line in lines:
        name, _, numbers = line.partition(":")
        if name.strip() in ("eth0", "to6", "to4"):
            numbers = numbers.split()
            drops += sum(int(numbers[n]) for n in (2, 3, 10, 11))
    return drops


def queue_drops(net):
    """All that queues have dropped so far, by where."""
    hosts = (net.v6, net.v4)
    return {"softnet": softnet_drops(), "sockets": sum(map(socket_drops, hosts)),
            "devices": sum(map(device_drops, (*hosts, net.gateway)))}


def log_faults():
    """What the kernel has said that a healthy one does not, in a line; nothing else."""
    log = Path("/run/soak-log")
    log.write_text(subprocess.run(["dmesg"], stdout=-1, text=True, check=True).stdout)
    return run(TOP / "tests/lib/check-log", log, check=False).stderr.strip().rpartition("\n")[2]


def trend(values):
    """What a series grows by from its first value to its last, whatever single ones do."""
    slopes = [(b - a) / (y - x) for (x, a), (y, b) in combinations(enumerate(values), 2)]
    return statistics.median(slopes) * (len(values) - 1) if slopes else 0


def growth(samples):
    """What has grown too much, in words."""
    for name, bound in BOUNDS.items():
        values = [one[name] for one in samples]
        by = trend(values)
        print(f"{name:14} {values[0]:8} KiB at first, {values[-1]:8} at last, trend {by:+7.0f}, "
              f"{min(values)} to {max(values)}; {bound} allowed")
        if by > bound or values[-1] - values[0] > bound:
            yield f"{name} grows: {values}"


def print_slabs(first, last):
    """Caches of which there is more, or less."""
    by = {name: last["slabs"].get(name, 0) - first["slabs"].get(name, 0)
          for name in {*first["slabs"], *last["slabs"]}}
    most = sorted(((kib, name) for name, kib in by.items() if abs(kib) >= 64), reverse=True)
    print("slabs, KiB:", ", ".join(f"{name} {kib:+}" for kib, name in most))


def changes(samples, names):
    """What is not the same each time and should be."""
    for name in names:
        values = sorted({one[name] for one in samples})
        print(f"{name:14} {', '.join(map(str, values))}")
        if len(values) > 1:
            yield f"{name} is not always the same: {[one[name] for one in samples]}"
