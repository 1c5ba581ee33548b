# SPDX-License-Identifier: GPL-2.0-only
"""Programs of a gateway whose devices are in a VRF.

What is translated to the gateway itself belongs to the VRF as what came in
natively does: l3mdev_ip_rcv() and l3mdev_ip6_rcv() say so to the sockets. What
a socket of the VRF sends stays in the VRF. Each test is run with native packets
of both families beside the translated ones.
"""

import os
import socket
import struct

import addresses
import pytest
import sockets
from addresses import (GATEWAY4, GATEWAY6, HOST4, HOST6, REAL4, REAL4_EMBEDDED, REAL6,
                       REAL6_MAPPED, SERVER4, SERVER6)
from packet import ANY, ip4, ip6, udp, version
from topology import build_topology
from util import DEADLINE

GATEWAY4_EMBEDDED, GATEWAY6_MAPPED = f"2001:db8:100::{GATEWAY4}", "203.0.113.1"
CONFIG = addresses.CONFIG + f"add {GATEWAY6_MAPPED} {GATEWAY6}\n"

pytestmark = pytest.mark.usefixtures("real")


@pytest.fixture(scope="module")
def blue():
    topology = build_topology("nat64-blue", vrf="blue")
    yield topology
    topology.delete()


@pytest.fixture
def vrf(blue, module):
    blue.configure(CONFIG)
    with blue.mtus(far6=1500, far4=1500):
        yield blue


ACCEPT = pytest.mark.parametrize("accept", [0, 1], ids=["accept 0", "accept 1"])


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def a_socket(gateway, family, device=None, kind=socket.SOCK_DGRAM):
    """A socket of the gateway, of a device or a VRF if one is named."""
    with gateway:
        made = socket.socket(family, kind)
    if device:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    return made


# Datagrams for the gateway: the packet, the socket's family, the device that it came in on.

HELLO = udp(5000, 4000, b"hello")
ARRIVALS = {
    "native IPv4": (ip4(SERVER4, GATEWAY4, HELLO), socket.AF_INET, "to4"),
    "native IPv6": (ip6(HOST6, GATEWAY6, HELLO), socket.AF_INET6, "to6"),
    "6to4": (ip6(HOST6, GATEWAY4_EMBEDDED, HELLO), socket.AF_INET, "to6"),
    "4to6": (ip4(SERVER4, GATEWAY6_MAPPED, HELLO), socket.AF_INET6, "to4"),
}
ARRIVE = pytest.mark.parametrize("arrival", ARRIVALS)


def message(topology, arrival, device):
    """What a socket of a device gets of a datagram: data and control messages, or None."""
    packet, family, _ = ARRIVALS[arrival]
    with a_socket(topology.gateway, family, device) as server:
        server.setsockopt(socket.IPPROTO_IPV6 if family == socket.AF_INET6 else socket.IPPROTO_IP,
                          socket.IPV6_RECVPKTINFO if family == socket.AF_INET6 else 8, 1)
        server.bind(("", 4000))
        server.setblocking(False)
        topology.wire.exchange(packet)
        try:
            return server.recvmsg(100, 500)[:2]
        except BlockingIOError:
            return None


def gets(topology, arrival, device):
    got = message(topology, arrival, device)
    assert got is None or got[0] == b"hello"
    return got is not None


def arrived_on(control):
    """The index of the device in IP_PKTINFO or IPV6_PKTINFO."""
    (level, _, octets_), = control
    return struct.unpack_from("=I", octets_, 16 if level == socket.IPPROTO_IPV6 else 0)[0]


@ACCEPT
@ARRIVE
def test_a_datagram_is_for_the_socket_of_the_vrf(vrf, arrival, accept):
    with vrf.gateway.sysctls(net__ipv4__udp_l3mdev_accept=accept):
        assert gets(vrf, arrival, "blue")


@ACCEPT
@ARRIVE
def test_a_datagram_is_for_a_socket_of_no_vrf_if_the_sysctl_says_so(vrf, arrival, accept):
    with vrf.gateway.sysctls(net__ipv4__udp_l3mdev_accept=accept):
        assert gets(vrf, arrival, None) == bool(accept)


@ARRIVE
def test_a_datagram_is_for_the_socket_of_the_device_that_it_came_in_on(vrf, arrival):
    device = ARRIVALS[arrival][2]
    assert gets(vrf, arrival, device)
    assert not gets(vrf, arrival, "to4" if device == "to6" else "to6")


@ARRIVE
def test_the_socket_learns_the_device_that_the_datagram_came_in_on(vrf, arrival):
    """Not that of the VRF, and not loopback."""
    _, control = message(vrf, arrival, "blue")
    with vrf.gateway:
        assert socket.if_indextoname(arrived_on(control)) == ARRIVALS[arrival][2]


@ARRIVE
def test_what_rules_say_of_the_gateways_own_packets_concerns_no_datagram_for_it(vrf, arrival):
    """It comes in on the device of the VRF; "iif lo" is what the gateway itself sends."""
    rules = [("ip", family, "rule", action, "pref", "900", "iif", "lo", "prohibit")
             for action in ("add", "del") for family in ("-4", "-6")]
    for rule in rules[:2]:
        vrf.gateway.run(*rule)
    try:
        assert gets(vrf, arrival, "blue")
    finally:
        for rule in rules[2:]:
            vrf.gateway.run(*rule)


@ARRIVE
def test_a_closed_port_is_answered_from_the_vrf(vrf, arrival):
    """The error takes the way back into the VRF, through the translator if the datagram did."""
    packet, _, device = ARRIVALS[arrival]
    seen = vrf.wire.exchange(packet)
    got, = seen[6 if device == "to6" else 4]
    assert got[20 if version(packet) == 4 else 40:][:2] == (b"\3\3" if version(packet) == 4 else b"\1\4")
    assert not seen[4 if device == "to6" else 6]


# Connections to a server of the gateway, and from a client of it.

DATA = os.urandom(100_000)
SERVERS = {"native IPv4": ("v4", GATEWAY4), "native IPv6": ("v6", GATEWAY6),
           "6to4": ("v6", GATEWAY4_EMBEDDED), "4to6": ("v4", GATEWAY6_MAPPED)}
CLIENTS = {"native IPv4": ("v4", REAL4), "native IPv6": ("v6", REAL6),
           "6to4": ("v4", REAL4_EMBEDDED), "4to6": ("v6", REAL6_MAPPED)}


def other(family):
    return socket.AF_INET if family == socket.AF_INET6 else socket.AF_INET6


def carries(client, listener, address):
    """Whether a connection is made and carries its data both ways, or is refused."""
    client.settimeout(DEADLINE)
    listener.settimeout(DEADLINE)
    try:
        client.connect((address, listener.getsockname()[1]))
    except ConnectionRefusedError:
        return False
    server, _ = listener.accept()
    with server:
        return (sockets.stream(client, server, DATA) == DATA and
                sockets.stream(server, client, DATA) == DATA)


def listening(sock, address=""):
    sock.bind((address, 0))
    sock.listen()
    return sock


@ACCEPT
@pytest.mark.parametrize("device", ["blue", None], ids=["of the VRF", "of none"])
@pytest.mark.parametrize("how", SERVERS)
def test_a_connection_is_for_the_server_of_the_vrf(vrf, how, device, accept):
    side, address = SERVERS[how]
    family = family_of(address) if how.startswith("native") else other(family_of(address))
    with vrf.gateway.sysctls(net__ipv4__tcp_l3mdev_accept=accept), \
            listening(a_socket(vrf.gateway, family, device, socket.SOCK_STREAM)) as server, \
            a_socket(getattr(vrf, side), family_of(address), None, socket.SOCK_STREAM) as client:
        assert carries(client, server, address) == bool(device or accept)


@pytest.mark.parametrize("how", CLIENTS)
def test_a_connection_of_a_client_in_the_vrf(vrf, how):
    """What it sends is translated by the routes of the VRF, and so is what it gets back."""
    side, address = CLIENTS[how]
    family = family_of(address) if how.startswith("native") else other(family_of(address))
    with listening(a_socket(getattr(vrf, side), family, None, socket.SOCK_STREAM)) as server, \
            a_socket(vrf.gateway, family_of(address), "blue", socket.SOCK_STREAM) as client:
        assert carries(client, server, address)


DEPARTURES = {
    "native IPv4": (SERVER4, lambda part: ip4(GATEWAY4, SERVER4, part, id=ANY, df=True)),
    "native IPv6": (HOST6, lambda part: ip6(GATEWAY6, HOST6, part)),
    "6to4": (SERVER6, lambda part: ip4(GATEWAY6_MAPPED, SERVER4, part, id=ANY)),
    "4to6": (HOST4, lambda part: ip6(GATEWAY4_EMBEDDED, HOST6, part)),
}


@pytest.mark.parametrize("departure", DEPARTURES)
def test_a_datagram_of_a_socket_in_the_vrf_leaves_by_its_routes(vrf, departure):
    """The main table has none."""
    address, expected = DEPARTURES[departure]
    with a_socket(vrf.gateway, family_of(address), "blue") as client:
        client.bind(("", 4000))
        vrf.wire.expect(lambda: client.sendto(b"hello", (address, 5000)), expected(udp(4000, 5000, b"hello")))
