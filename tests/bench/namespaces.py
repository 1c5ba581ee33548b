# SPDX-License-Identifier: GPL-2.0-only
"""Inside of a machine: programs, and network namespaces."""

import contextlib
import ctypes
import subprocess


def run(*command, input=None):
    subprocess.run([str(word) for word in command], input=input, text=True, check=True,
                   stdin=subprocess.DEVNULL if input is None else None)


def ip(namespace, *lines):
    run("ip", "-n", namespace, "-batch", "-", input="\n".join(lines) + "\n")


def inside(namespace, *command, **how):
    run("ip", "netns", "exec", namespace, *command, **how)


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def enter(namespace):
    with open(f"/run/netns/{namespace}") as file:
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), 0x40000000):
            raise OSError(ctypes.get_errno(), "setns")


@contextlib.contextmanager
def inside_of(namespace):
    enter(namespace)
    yield
    enter("sink")


def sysctls(namespace, **values):
    inside(namespace, "sysctl", "-qw", *(f"{key.replace('__', '.')}={value}"
                                         for key, value in values.items()))


def act(namespace, device, *action):
    run("tc", "-n", namespace, "qdisc", "add", "dev", device, "clsact")
    run("tc", "-n", namespace, "filter", "add", "dev", device, "ingress", "matchall",
        "action", *action)


@contextlib.contextmanager
def out_of(device, hop4, hop6):
    ip("gateway", f"route replace default via {hop4} dev {device}",
       f"route replace default via {hop6} dev {device}")
    yield
    ip("gateway", "route replace default via 203.0.113.2 dev out",
       "route replace default via 2001:db8:ffff::ff dev out")
