# SPDX-License-Identifier: GPL-2.0-only
"""A bridge of the gateway, with net.bridge.bridge-nf-call-iptables and -ip6tables.

br_netfilter shows bridged frames to the PREROUTING hooks of both families.
Frames that are not for the gateway are the bridge's: translated is only what a
router without a bridge would have taken.
"""

import os

import pytest
from addresses import HOST4, HOST6, PEER4, REAL4_EMBEDDED, SERVER4, SERVER6, STRANGER6
from frame import Frame
from netns import Namespace
from packet import ANY, ip4, ip6, tcp, udp
from sockets import connect, stream
from util import run
from wire import Port, listen

MAC_BRIDGE, MAC_NEAR_A, MAC_NEAR_B = "02:00:00:00:0b:00", "02:00:00:00:0b:0a", "02:00:00:00:0b:0b"
MAC_A, MAC_B = "02:00:00:00:ba:10", "02:00:00:00:bb:10"

# A host with IPv6 only and one with IPv4 only on the bridge, and the gateway.
A6, A6_MAPPED, GATEWAY6 = "2001:db8:b::10", "203.0.113.200", "2001:db8:b::1"
B4, B4_EMBEDDED, GATEWAY4 = "192.0.2.66", "2001:db8:100::c000:242", "192.0.2.65"

PART = udp(1, 2, b"hello")

pytestmark = [
    pytest.mark.usefixtures("real"),
    pytest.mark.skipif(run("modprobe", "-qa", "bridge", "br_netfilter", check=False).returncode != 0,
                       reason="this kernel does not show bridged packets to netfilter"),
    pytest.mark.configuration(f"add {A6_MAPPED} {A6}", more=True)]


class Bridge:
    """Two hosts, each a namespace and a port where frames go in and come out."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.a, self.b = Namespace("nat64-ba"), Namespace("nat64-bb")
        gateway.ip(f"link add br0 address {MAC_BRIDGE} type bridge forward_delay 0 mcast_snooping 0",
                   "link set br0 up")
        for host, near, near_mac, far_mac in ((self.a, "pa", MAC_NEAR_A, MAC_A),
                                              (self.b, "pb", MAC_NEAR_B, MAC_B)):
            gateway.ip(f"link add {near} address {near_mac} type veth peer name eth0 address {far_mac} "
                       f"netns {host.name}", f"link set {near} master br0", f"link set {near} up")
            host.ip("link set eth0 up")
        gateway.ip(f"addr add {GATEWAY6}/64 dev br0 nodad", f"addr add {GATEWAY4}/26 dev br0")
        self.a.ip(f"addr add {A6}/64 dev eth0 nodad", f"route add default via {GATEWAY6}")
        self.b.ip(f"addr add {B4}/26 dev eth0", f"route add default via {GATEWAY4}")
        self.port_a = Port(listen(self.a), 6, MAC_BRIDGE, MAC_A)
        self.port_b = Port(listen(self.b), 4, MAC_BRIDGE, MAC_B)
        self._learn()

    def _learn(self):
        """The bridge hears of both addresses."""
        for port, other in ((self.port_a, MAC_B), (self.port_b, MAC_A)):
            port.send(Frame(ip4("192.0.2.67", "192.0.2.68", PART), dst=other))

    def delete(self):
        self.gateway.ip("link del br0", "link del pa", "link del pb")
        for host in (self.a, self.b):
            host.delete()


@pytest.fixture(scope="module")
def built(namespaces, module):
    made = Bridge(namespaces.gateway)
    yield made
    made.delete()


@pytest.fixture(params=[1, 0], ids=["shown to netfilter", "not shown"])
def bridge(built, real, request):
    names = ("net__bridge__bridge-nf-call-iptables", "net__bridge__bridge-nf-call-ip6tables")
    with real.gateway.sysctls(**dict.fromkeys(names, request.param)):
        yield built


def came(port):
    """All packets that have come out there, without neighbour discovery and multicast listeners."""
    packets = iter(port.receive, None)
    return [bytes(p) for p in packets
            if not (p[0] >> 4 == 6 and (p[6] == 0 or p[6] == 58 and p[40] in range(133, 138)))]


# Between the hosts of the bridge.

BRIDGED = {
    "between two mapped IPv4 hosts": ip4(HOST4, PEER4, PART),
    "to a mapped IPv4 host": ip4(SERVER4, HOST4, PART, ttl=1),
    "to a router of the prefix": ip6(HOST6, SERVER6, PART),
    "to a router of the prefix, from a host that is not mapped": ip6(STRANGER6, SERVER6, PART, hlim=1),
    "answers of a translator on the bridge": ip6(SERVER6, HOST6, tcp(80, 1000, b"x")),
    "an IPv6 source that no host may have": ip6("2001:db8:100::127.0.0.1", SERVER6, PART),
}


@pytest.mark.parametrize("what", BRIDGED)
def test_frames_for_others_stay_as_they_are(real, bridge, what):
    """They are neither translated nor answered."""
    packet = BRIDGED[what]
    bridge.port_a.drain()
    bridge.port_b.drain()
    assert real.wire.exchange(lambda: bridge.port_a.send(Frame(packet, dst=MAC_B))) == {6: [], 4: []}
    assert came(bridge.port_b) == [packet] and came(bridge.port_a) == []


@pytest.mark.configuration(f"add {SERVER4} 2001:db8:46::2 edge", more=True)
def test_frames_of_a_host_with_a_face_stay_as_they_are(real, bridge):
    packet = ip4(SERVER4, "192.0.2.200", PART)
    bridge.port_a.drain()
    bridge.port_b.drain()
    assert real.wire.exchange(lambda: bridge.port_a.send(Frame(packet, dst=MAC_B))) == {6: [], 4: []}
    assert came(bridge.port_b) == [packet] and came(bridge.port_a) == []


@pytest.mark.parametrize("to", ["ff:ff:ff:ff:ff:ff", "33:33:00:00:00:99", "02:00:00:00:99:99"],
                         ids=["broadcast", "multicast", "to an address that is not known"])
@pytest.mark.parametrize("packet", [ip4(HOST4, PEER4, PART), ip6(HOST6, SERVER6, PART)],
                         ids=["IPv4", "IPv6"])
def test_frames_that_are_flooded_stay_as_they_are(real, bridge, packet, to):
    bridge.port_a.drain()
    bridge.port_b.drain()
    assert real.wire.exchange(lambda: bridge.port_a.send(Frame(packet, dst=to))) == {6: [], 4: []}
    assert came(bridge.port_b) == [packet] and came(bridge.port_a) == []


# For the gateway.

@pytest.mark.parametrize("to", [MAC_BRIDGE, MAC_NEAR_A], ids=["the bridge's address", "the port's address"])
def test_frames_for_the_gateway_are_translated(real, bridge, to):
    bridge.port_b.drain()
    seen = real.wire.exchange(lambda: bridge.port_a.send(Frame(ip6(A6, SERVER6, PART), dst=to)))
    want = ip4(A6_MAPPED, SERVER4, PART, ttl=63, id=ANY)
    got, = seen[4]
    assert got == want.closed(got) and not seen[6] and came(bridge.port_b) == []


def test_frames_for_the_gateway_are_answered(real, bridge):
    """Out of the bridge, to the host that sent them."""
    bridge.port_a.drain()
    packet = Frame(ip6(A6, SERVER6, PART, hlim=1))
    assert real.wire.exchange(lambda: bridge.port_a.send(packet)) == {6: [], 4: []}
    got, = came(bridge.port_a)
    assert got[40:42] == b"\3\0" and got[24:40] == bytes(ip6(A6, A6)[8:24])


DATA = os.urandom(150_000)


@pytest.mark.parametrize("direction", ["6to4", "4to6"])
def test_connections_between_a_host_of_the_bridge_and_one_elsewhere(real, bridge, direction):
    client, server, to = ((bridge.a, real.v4, REAL4_EMBEDDED) if direction == "6to4" else
                          (real.v4, bridge.a, A6_MAPPED))
    with real.mtus(far4=1500):
        ours, theirs = connect(client, server, to)
        with ours, theirs:
            assert stream(ours, theirs, DATA) == DATA
            assert stream(theirs, ours, DATA) == DATA


@pytest.mark.parametrize("direction", ["6to4", "4to6"])
def test_connections_between_two_hosts_of_the_bridge_of_different_families(bridge, direction):
    """The way in and the way out are the same device."""
    client, server, to = ((bridge.a, bridge.b, B4_EMBEDDED) if direction == "6to4" else
                          (bridge.b, bridge.a, A6_MAPPED))
    ours, theirs = connect(client, server, to)
    with ours, theirs:
        assert stream(ours, theirs, DATA) == DATA
        assert stream(theirs, ours, DATA) == DATA
