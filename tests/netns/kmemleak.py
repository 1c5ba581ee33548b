# SPDX-License-Identifier: GPL-2.0-only
"""What kmemleak and lockdep have found out about the module."""

import re
import time
from pathlib import Path

from kmod import FORMER

MEMLEAK = Path("/sys/kernel/debug/kmemleak")


def scan():
    """It does not speak of what is younger than five seconds, nor after its first look."""
    time.sleep(6)
    for _ in range(2):
        MEMLEAK.write_text("scan")


def forget_leaks():
    """What leaked so far is not of interest: Linux loses the name of a slab cache it cannot make."""
    if MEMLEAK.exists():
        scan()
        MEMLEAK.write_text("clear")


def leaks():
    """Memory that nobody knows of any more and that the module, which was there, has asked for."""
    if not MEMLEAK.exists():
        return []
    scan()
    # It may not know who asked for it; and of a module that is gone it knows only the addresses.
    return [block for block in MEMLEAK.read_text().split("unreferenced object")[1:]
            if "[nat64]" in block or block.rstrip().endswith("backtrace:") or
            any(int(number, 16) in where for where in FORMER
                for number in re.findall(r"0x[0-9a-f]{8,}", block))]


def lockdep_is_alive():
    """Once it has found something, it looks no further."""
    stats = Path("/proc/lockdep_stats")
    return not stats.exists() or re.search(r"debug_locks: +1$", stats.read_text(), re.M)
