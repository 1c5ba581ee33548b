# SPDX-License-Identifier: GPL-2.0-only
"""The kernel module: loads and unloads it, and sets its parameters."""

import contextlib
import os
from pathlib import Path

from util import TOP, run

KO = Path(os.environ.get("NAT64_KO") or TOP / "build" / os.uname().release / "nat64.ko")

PARAMETERS = Path("/sys/module/nat64/parameters")

FORMER = []  # where in memory it was each time it was loaded


def module_loaded():
    return Path("/sys/module/nat64").exists()


def dependencies():
    """The modules that nat64 depends on."""
    return [name for name in run("modinfo", "-F", "depends", KO).stdout.strip().split(",") if name]


def load_module():
    """Loads the module, and first what it depends on and is not there yet."""
    for name in dependencies():
        if not Path("/sys/module", name).exists():
            run("modprobe", name)
    run("insmod", KO)


def unload_module(check=True):
    where = module_range()
    done = run("rmmod", "nat64", check=check).returncode == 0
    if done:
        FORMER.append(where)
    return done


@contextlib.contextmanager
def parameter(name, value):
    """One of the module's for a while."""
    path = PARAMETERS / name
    usual = path.read_text()
    path.write_text(str(value))
    try:
        yield
    finally:
        path.write_text(usual)


def module_range():
    """Where the module is in memory."""
    line, = (line for line in Path("/proc/modules").read_text().splitlines()
             if line.startswith("nat64 "))
    words = line.split()
    return range(int(words[5], 16), int(words[5], 16) + int(words[1]))
