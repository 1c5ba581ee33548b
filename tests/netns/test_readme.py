# SPDX-License-Identifier: GPL-2.0-only
"""README.md and docs say what is so: the worked example is typed in, the tables are complete."""

import contextlib
import re

import netns
import pytest
import util
from topology import MODULES
from util import CTL, TOP

TEXT = (TOP / "README.md").read_text() + (TOP / "docs" / "reference.md").read_text()

LINKS = (("client4", "eth0", "router4", "client"), ("router4", "gw", "gateway", "to4"),
         ("gateway", "to6", "router6", "gw"), ("router6", "web", "web6", "eth0"))

# What the example takes for granted. Routers need a link-local address to ask for neighbours.
GIVEN = {
    "client4": ("addr add 198.51.100.10/24 dev eth0", "route add default via 198.51.100.1"),
    "router4": ("addr add 198.51.100.1/24 dev client", "addr add 192.0.2.1/24 dev gw"),
    "gateway": ("addr add 192.0.2.64/24 dev to4", "addr add 2001:db8:6::64/64 dev to6",
                "addr add fe80::64/64 dev to6"),
    "router6": ("addr add 2001:db8:6::1/64 dev gw", "addr add fe80::1/64 dev gw",
                "addr add 2001:db8:cafe::1/64 dev web", "addr add fe80::1/64 dev web"),
    "web6": ("addr add 2001:db8:cafe::10/64 dev eth0", "route add default via 2001:db8:cafe::1"),
}


def section(title):
    return re.search(rf"^##+ {title}\n(.*?)(?=^##+ |\Z)", TEXT, re.M | re.S).group(1)


def typed(text):
    """The lines typed in a text, each with its host and what it prints."""
    found = []
    for line in text.splitlines():
        prompt = re.fullmatch(r"    (\w+)# (.*)", line)
        if prompt:
            found.append((*prompt.groups(), []))
        elif found and (not line or line.startswith("    ")):
            found[-1][2].append(line[4:])
        elif found:
            found.append((None, None, []))
    return [(host, line, "\n".join(printed).strip("\n")) for host, line, printed in found if host]


def first_column(title):
    """The names in the tables of a section."""
    rows = re.findall(r"^\| ([^|]*) \|(?!.*\n\| ---)", section(title), re.M)
    return [name for row in rows if row != "---" for name in row.split(", ")]


@pytest.fixture
def hosts(module):
    """The network of the worked example, before anything was typed."""
    with contextlib.ExitStack() as stack:
        hosts = {}
        util.run("modprobe", "-qa", *MODULES, check=False)
        for name in GIVEN:
            hosts[name] = netns.Namespace(f"readme-{name}")
            stack.callback(hosts[name].delete)
        for host, device, peer, peer_device in LINKS:
            hosts[host].ip(f"link add {device} type veth peer name {peer_device} "
                           f"netns readme-{peer}")
        for host, device, peer, peer_device in LINKS:
            hosts[host].ip(f"link set {device} up")
            hosts[peer].ip(f"link set {peer_device} up")
        for name, lines in GIVEN.items():
            hosts[name].ip(*lines)
        hosts["router4"].sysctl("net.ipv4.ip_forward", 1)
        hosts["router6"].sysctl("net.ipv6.conf.all.forwarding", 1)
        yield hosts


def test_worked_example(hosts):
    util.need("ping", "traceroute", "sysctl")
    lines = typed(section("A worked example")) + typed(section("Routers without a mapping"))
    assert len(lines) > 10
    for host, line, expected in lines:
        printed = hosts[host].run("bash", "-c", f"PATH={CTL.parent}:$PATH; {line}").stdout
        pattern = re.escape(expected).replace(r"\.\.\.", ".*")
        assert re.fullmatch(pattern, printed.strip("\n")), \
            f"{host}# {line}\nThe document: {expected}\nprinted: {printed}"


def test_all_settings_are_listed():
    source = (TOP / "ctl" / "settings.c").read_text()
    names = re.findall(r'^\t\t\.name\s*= "(.*)",$', source, re.M)
    assert sorted(first_column("Settings")) == sorted(names)


def test_all_counters_are_listed():
    source = (TOP / "kmod" / "stats.h").read_text()
    names = re.findall(r'X\(\w+,\s*"(\w+)"', source)
    assert first_column("Counters") == names
