# SPDX-License-Identifier: GPL-2.0-only
"""XDP: programs come and go under traffic both ways, with the module and its devices."""

import contextlib
import itertools
import json
import re
import threading

import kmod
import pytest
import xdp
from addresses import REAL4_EMBEDDED, REAL6_MAPPED
from frame import Frame
from ingress import DIRECT, FROM4, FROM6, TO4, TO6
from programs import need_xdp
from sockets import connect, stream
from test_clients import iperf3_server, sides
from util import FIGURES, eventually

pytestmark = pytest.mark.as_configured

PINGS = 500
NATIVE, GENERIC = "", "generic"


@pytest.fixture(scope="module")
def topology(module, namespaces):
    need_xdp()
    with xdp.topology("xdptrf") as topology:
        yield topology


@pytest.fixture
def net(topology):
    topology.configure(DIRECT)
    with topology.mtus(far6=1500, far4=1500):
        yield topology


@pytest.fixture
def count(net):
    with contextlib.closing(xdp.Count(net.gateway)) as count:
        yield count


@contextlib.contextmanager
def unfinished(net, on):
    """Whether hosts leave checksums to their devices, which veth never finishes; without segmentation."""
    for host in (net.v6, net.v4):
        host.offloads("eth0", tx=on)
    yield
    for host in (net.v6, net.v4):
        host.offloads("eth0", tx=True, tso=True, gso=True, sg=True)


def churn(net, is_over, mode):
    """Programs are attached and detached until it is over; mode often."""
    for n in itertools.count():
        if is_over():
            return n
        with xdp.programs(net.gateway, "to6", "to4", mode=mode):
            pass


def pinged(said):
    """How many were sent and mode many answered."""
    return tuple(map(int, re.search(r"(\d+) packets transmitted, (\d+) received", said).groups()))


@pytest.mark.parametrize("mode", [NATIVE, GENERIC], ids=["native", "generic"])
def test_pings_while_programs_come_and_go(net, count, mode):
    """A link of veth that becomes native or is so no more may lose what it holds just then."""
    before = count.all()
    pings = [(net.v6, REAL4_EMBEDDED), (net.v4, REAL6_MAPPED)]
    with contextlib.ExitStack() as stack:
        started = [stack.enter_context(host.start("ping", "-n", "-q", "-i", "0.01", "-c", str(PINGS), "-W", "2", address, stdout=-1,
                                                  text=True)) for host, address in pings]
        times = churn(net, lambda: all(ping.poll() is not None for ping in started), mode)
        results = [pinged(ping.communicate()[0]) for ping in started]
    grown = count.all()
    grown.subtract(before)
    lost = sum(sent - got for sent, got in results)
    FIGURES[f"times XDP was attached and detached under pings ({'generic' if mode else 'native'})"] += times
    FIGURES[f"pings lost by that ({'generic' if mode else 'native'})"] += lost
    assert times > 1 and grown["translated_xdp"] > 0
    assert lost <= (0 if mode else 4 * times)
    least, most = sum(got for _, got in results), sum(sent for sent, _ in results)
    for way in ("translated_6to4", "translated_4to6"):
        assert least <= grown[way] <= most
    assert grown["translated_xdp"] <= grown["translated_6to4"] + grown["translated_4to6"]
    others = {name: by for name, by in grown.items() if by and not name.startswith("translated")}
    assert not others


@pytest.mark.parametrize("on", [True, False], ids=["unfinished", "finished"])
@pytest.mark.parametrize("direction", ["6to4", "4to6"])
def test_a_stream_arrives_whole(net, count, direction, on):
    """With checksums that hosts have not finished, the stack has all of it, else XDP has."""
    client, server, address, _ = sides(net, direction)
    data = bytes(range(256)) * 8192
    with unfinished(net, on), xdp.programs(net.gateway, "to6", "to4"):
        xdp.known(net, count, [FROM6, FROM4])
        before = count.all()
        ours, theirs = connect(client, server, address)
        with ours, theirs:
            assert stream(ours, theirs, data) == data
            assert stream(theirs, ours, data) == data
        grown = count.all()
        grown.subtract(before)
        assert grown["translated_6to4"] > 20 and grown["translated_4to6"] > 20
        if on:
            assert grown["translated_xdp"] == 0
        else:
            assert grown["translated_xdp"] >= grown["translated_6to4"] + grown["translated_4to6"] - 10


@pytest.mark.parametrize("on", [True, False], ids=["unfinished", "finished"])
@pytest.mark.parametrize("mode", [NATIVE, GENERIC], ids=["native", "generic"])
def test_streams_while_programs_come_and_go(net, mode, on):
    """TCP sends again what is lost; nothing is ever wrong."""
    data = bytes(range(251)) * 8000
    with unfinished(net, on):
        pairs = [connect(net.v6, net.v4, REAL4_EMBEDDED), connect(net.v4, net.v6, REAL6_MAPPED)]
        got = [None, None]

        def run(n):
            got[n] = stream(*pairs[n], data)
        threads = [threading.Thread(target=run, args=(n,)) for n in range(2)]
        for thread in threads:
            thread.start()
        times = churn(net, lambda: not any(thread.is_alive() for thread in threads), mode)
        for ends in pairs:
            for end in ends:
                end.close()
    assert times and got == [data, data]


@pytest.mark.parametrize("direction", ["6to4", "4to6"])
def test_iperf3(net, count, direction):
    client, server, address, _ = sides(net, direction)
    with unfinished(net, False), xdp.programs(net.gateway, "to6", "to4"):
        xdp.known(net, count, [FROM6, FROM4])
        before = count.taken()
        with iperf3_server(server):
            said = json.loads(client.run("iperf3", "-J", "-n", "2M", "-c", address).stdout)
        assert said["end"]["sum_sent"]["bytes"] >= 2 << 20
        # As long as native routes are looked for after a change, the stack has packets.
        assert count.taken() - before > (2 << 20) // 1500 // 3


def test_the_module_stays_while_a_program_is_attached(net):
    net.configure("\n")
    with xdp.programs(net.gateway, "to4"):
        assert not kmod.unload_module(check=False)
    eventually(lambda: kmod.unload_module(check=False), "the program is gone")
    kmod.load_module()
    net.configure(DIRECT)
    net.wire.expect([FROM6, FROM4], TO4, TO6)


def test_a_device_goes_with_its_program(net):
    before = xdp.users()
    net.gateway.ip("link add gone type veth peer name gone2", "link set gone up", "link set gone2 up")
    net.gateway.ctl("xdp", "add", "gone")
    net.gateway.ctl("xdp", "add", "gone2", "generic")
    assert xdp.users() > before
    net.gateway.ip("link del gone")
    eventually(lambda: xdp.users() == before, "the programs are gone")


def flood(port):
    """Sends until the link is gone."""
    with contextlib.suppress(OSError):
        while True:
            port.send(Frame(FROM6))


def test_a_namespace_goes_with_its_programs(module, namespaces):
    """Its devices go after its translator, and have frames until then."""
    need_xdp()
    before = xdp.users()
    with xdp.topology("xdpgone") as topology:
        topology.configure(DIRECT)
        for device in ("to6", "to4"):
            xdp.attach(topology.gateway, device)
        topology.wire.expect([FROM6, FROM4], TO4, TO6)
        topology.wire.expect([FROM6, FROM4], TO4, TO6)
        sender = threading.Thread(target=flood, args=(topology.wire.port[6],))
        sender.start()
    sender.join()
    eventually(lambda: xdp.users() == before, "the programs are gone")
