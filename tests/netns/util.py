# SPDX-License-Identifier: GPL-2.0-only
"""Programs to run, conditions to wait for, and where the module's tool is."""

import collections
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

TOP = Path(__file__).resolve().parents[2]

CTL = Path(os.environ.get("NAT64CTL") or TOP / "ctl" / "nat64ctl")

DEADLINE = 20

# NAT64_FORWARDING=direct: tests have setting forwarding direct unless they say otherwise, and send
# what they send a second time, when its flow is known: that is what they judge. Those that
# are marked as_configured do not. NAT64_FORWARDING=xdp: their gateway has the XDP program on its
# devices as well, and its hosts' devices take frames.
FORWARDING = SimpleNamespace(is_direct=False, is_xdp=False, times=1)


def choose_forwarding(as_configured):
    mode = os.environ.get("NAT64_FORWARDING")
    FORWARDING.is_direct = mode in ("direct", "xdp") and not as_configured
    FORWARDING.is_xdp = mode == "xdp" and not as_configured
    FORWARDING.times = 2 if FORWARDING.is_direct else 1


# What tests have counted of what they did, printed when all are done.
FIGURES = collections.Counter()


def run(*command, input=None, check=True, timeout=120):
    """Runs a program; returns it with its output as text."""
    done = subprocess.run([str(word) for word in command], input=input, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout,
                          stdin=subprocess.DEVNULL if input is None else None)
    if check and done.returncode:
        raise AssertionError(f"{' '.join(map(str, command))}: exit {done.returncode}\n"
                             f"{done.stdout}{done.stderr}{input or ''}")
    return done


def kernel():
    return tuple(map(int, re.match(r"(\d+)\.(\d+)", os.uname().release).groups()))


def eventually(condition, what, timeout=DEADLINE, pause=0.01):
    """Returns what the condition returns, once that is true."""
    end = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(pause)


def need(*programs):
    """Fails if a program that a test runs is not there: a test never passes by not running."""
    missing = [p for p in programs if not shutil.which(p)]
    assert not missing, f"install {', '.join(missing)}"
