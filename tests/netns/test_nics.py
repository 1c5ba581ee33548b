# SPDX-License-Identifier: GPL-2.0-only
"""A gateway with network cards: the driver of virtio-net, natively and with what the stack has.

tests/vm/run --links gives the machine two cables with a card at each end.
"""

import contextlib
import json
import os
from pathlib import Path

import pytest
import xdp
from addresses import MAC_TO6, REAL4_EMBEDDED
from ingress import DIRECT
from programs import need_xdp
from test_clients import DIRECTIONS, fetch, iperf3_server, nginx, sides
from topology import build_topology
from util import eventually, run

pytestmark = pytest.mark.as_configured


def find_card(address):
    """The device of that hardware address, or None."""
    for path in Path("/sys/class/net").iterdir():
        if (path / "device").exists() and (path / "address").read_text().strip() == address:
            return path.name
    return None


def cable(gateway, near, near_mac, host, far_mac):
    """As topology.veth(), of cards."""
    for namespace, name, address in ((gateway, near, near_mac), (host, "eth0", far_mac)):
        run("ip", "link", "set", find_card(address), "netns", namespace.name, "name", name)


@pytest.fixture(scope="module")
def topology(module):
    run("modprobe", "-q", "virtio_net", check=False)
    if not find_card(MAC_TO6):
        pytest.skip("the machine has no cables: tests/vm/run --links")
    topology = build_topology("nics", link=cable)
    yield topology
    topology.delete()


def is_taken(topology, count):
    """Whether a ping and its answer are translated in XDP."""
    before = count.taken()
    topology.v6.run("ping", "-n", "-c", 1, "-W", 5, REAL4_EMBEDDED)
    return count.taken() - before == 2


@pytest.fixture(params=["", "xdp", "xdp generic"], ids=["direct", "XDP", "generic XDP"])
def net(topology, request):
    """Of what it translates, XDP has the greatest part, or nothing without programs.

    In generic mode it is no more than that nothing is lost.
    """
    topology.configure(DIRECT)
    devices = ("to6", "to4") if request.param else ()
    if devices:
        need_xdp()
    with contextlib.closing(xdp.Count(topology.gateway)) as count, \
            xdp.programs(topology.gateway, *devices, mode=request.param[4:]):
        if request.param == "xdp":
            eventually(lambda: is_taken(topology, count), "pings are translated in XDP")
        before = count.all()
        yield topology
        grown = count.all()
        grown.subtract(before)
    translated = grown["translated_6to4"] + grown["translated_4to6"]
    assert translated > 5
    if request.param == "xdp":
        assert grown["translated_xdp"] >= translated - 10 - translated // 50
    elif not devices:
        assert grown["translated_xdp"] == 0


@DIRECTIONS
def test_pings(net, direction):
    client, _, address, _ = sides(net, direction)
    said = client.run("ping", "-n", "-q", "-c", 300, "-i", 0.002, "-W", 5, address).stdout
    assert " 0% packet loss" in said
    said = client.run("ping", "-n", "-q", "-c", 20, "-i", 0.01, "-s", 1232, "-W", 5, address).stdout
    assert " 0% packet loss" in said


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    directory = tmp_path_factory.mktemp("page")
    os.chmod(directory, 0o755)
    (directory / "page").write_bytes(os.urandom(2 << 20))
    return directory


@DIRECTIONS
def test_curl(net, page, tmp_path, direction):
    client, server, address, own = sides(net, direction)
    with nginx(server, own, page, tmp_path):
        assert fetch(client, address) == run("sha256sum", page / "page").stdout.split()[0]


@DIRECTIONS
def test_iperf3(net, direction):
    client, server, address, _ = sides(net, direction)
    with iperf3_server(server):
        said = json.loads(client.run("iperf3", "-J", "-n", "4M", "-c", address).stdout)
    assert said["end"]["sum_sent"]["bytes"] >= 4 << 20
