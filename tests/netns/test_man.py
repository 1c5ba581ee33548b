# SPDX-License-Identifier: GPL-2.0-only
"""The examples of the man pages do what the pages say."""

import os
import re
from pathlib import Path

import pytest
import util
from addresses import HOST6, SERVER6, STRANGER6
from packet import ip6, udp
from util import CTL, TOP

pytestmark = pytest.mark.usefixtures("real")

TRACING = Path("/sys/kernel/tracing")


def examples(page):
    """What is typed in each example, and what it prints."""
    man = (TOP / "ctl" / page).read_text().partition(".Sh EXAMPLES")[2]
    for text in re.findall(r"^\.Bd -literal.*\n((?:.*\n)*?)\.Ed$", man, re.M):
        found = []
        for line in text.splitlines(keepends=True):
            if line.startswith("# "):
                found.append([line[2:].strip(), ""])
            elif found:
                found[-1][1] += line
        yield found


@pytest.mark.configuration("set local on")
def test_the_tool(gateway, tmp_path):
    path = f"{CTL.parent}:{os.environ['PATH']}"
    gateway.loaded = None
    typed = [line for example in examples("nat64ctl.8") for line in example]
    assert len(typed) == 8
    for line, printed in typed:
        line = line.replace("/etc/nat64/", f"{tmp_path}/")
        assert gateway.run("env", f"PATH={path}", "sh", "-c", line).stdout == printed, line
    assert gateway.show("save") == ("prefix add 2001:db8:6464::/64 primary\n"
                                    "add 203.0.113.10 2001:db8:1::10\n")


@pytest.mark.skipif(not (TRACING / "events").is_dir(), reason="this kernel does not trace")
def test_the_module(wire):
    first, second = examples("nat64.4")
    packets = [ip6(HOST6, SERVER6, udp(1, 2), hlim=1), ip6(STRANGER6, SERVER6, udp(1, 2))]
    event = TRACING / "events" / "nat64" / "refused"
    watch = [line for line, _ in first]
    assert watch.pop() == "cat trace_pipe"
    condition = re.search(r"--filter '(.*)'", second[0][0]).group(1)
    try:
        util.run("sh", "-c", "\n".join(watch))
        wire.exchange(*packets)
        (event / "filter").write_text(condition)
        wire.exchange(*packets)
        (event / "enable").write_text("0")
        seen = re.findall(r": refused: .* reason (\w+)$", (TRACING / "trace").read_text(), re.M)
        assert seen == ["hop_limit", "source_unmapped", "source_unmapped"]
    finally:
        (event / "filter").write_text("0")
        (event / "enable").write_text("0")
        (TRACING / "trace").write_text("")
