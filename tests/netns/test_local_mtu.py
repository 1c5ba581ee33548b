# SPDX-License-Identifier: GPL-2.0-only
"""Large datagrams of the gateway's own sockets.

A socket that lets its packets be fragmented has them fragmented on the way out,
in the family that they leave in; one that does not is told EMSGSIZE, and what
fits. Both as a host on the link would see it (RFC 7915 4.2, 5.1.1, 5.2).
"""

import contextlib
import errno
import os
import socket
import struct

import pytest
from addresses import (GATEWAY4, HOST4, HOST6, PEER4, PEER6, REAL4_EMBEDDED, REAL6_MAPPED, SERVER4,
                       SERVER6)
from nft import chain
from packet import ANY, UDP, fragment, ip4, ip6, octets, raw, udp
from sockets import stream
from util import DEADLINE, eventually

OWN6, OWN6_MAPPED = "2001:db8:1::77", "203.0.113.77"
GATEWAY4_EMBEDDED = f"2001:db8:100::{GATEWAY4}"
DONT, WANT, DO, PROBE = 0, 1, 2, 3  # IP_MTU_DISCOVER and IPV6_MTU_DISCOVER
DATA = (bytes(range(251)) * 40)[:9000]

pytestmark = [pytest.mark.usefixtures("real"),
              pytest.mark.configuration(f"add {OWN6_MAPPED} {OWN6}", more=True)]


@pytest.fixture(autouse=True)
def own(real):
    with real.gateway.routes(f"addr {OWN6}/128 dev lo nodad"):
        yield
    for family in ("-4", "-6"):
        real.gateway.run("ip", family, "route", "flush", "cache")


@contextlib.contextmanager
def endpoint(gateway, family, **options):
    """A UDP socket of the gateway with options by name."""
    level = socket.IPPROTO_IPV6 if family == 6 else socket.IPPROTO_IP
    numbers = {"discover": 23 if family == 6 else 10, "dontfrag": 62}
    with gateway, socket.socket(socket.AF_INET6 if family == 6 else socket.AF_INET, socket.SOCK_DGRAM) as made:
        for name, value in options.items():
            made.setsockopt(level, numbers[name], value)
        made.bind((OWN6 if family == 6 else GATEWAY4, 4000))
        yield made


def mtu_of(made, family):
    return made.getsockopt(socket.IPPROTO_IPV6 if family == 6 else socket.IPPROTO_IP, 24 if family == 6 else 14)


def put_together(packets, mtu):
    """What IPv4 fragments carry, which are all that is to come; the header must be alike in all."""
    body, heads = {}, set()
    for packet in packets:
        assert len(packet) <= mtu and packet[0] == 0x45 and not packet[6] & 0x40
        heads.add((packet[4:6], packet[8:10], packet[12:20]))
        body[int.from_bytes(packet[6:8], "big") & 0x1fff] = packet[20:]
        assert bool(packet[6] & 0x20) == (packet is not packets[-1])
    assert len(heads) == 1
    whole = b"".join(part for _, part in sorted(body.items()))
    assert all(at * 8 == sum(len(p) for o, p in body.items() if o < at) for at in body)
    return whole


MTUS = pytest.mark.parametrize("mtu6, mtu4", [(1500, 1500), (1500, 1400), (1280, 1500), (9000, 1500), (1500, 600)])


@MTUS
@pytest.mark.parametrize("discover", [DONT, WANT], ids=["discovery off", "usual discovery"])
@pytest.mark.parametrize("size", [2000, 9000])
def test_a_large_datagram_into_the_prefix_is_fragmented(real, mtu6, mtu4, discover, size):
    """At once: nothing has to be learned where a host's fragments would be translated."""
    if mtu6 == 9000 and discover == WANT and size == 2000:
        pytest.skip("fits the link of the socket, which learns the MTU")
    with real.mtus(to6=mtu6, to4=mtu4), endpoint(real.gateway, 6, discover=discover) as sender:
        seen = real.wire.exchange(lambda: sender.sendto(DATA[:size], (SERVER6, 5000)))
        assert not seen[6] and len(seen[4]) > 1
        assert put_together(seen[4], mtu4) == octets(OWN6_MAPPED, SERVER4, udp(4000, 5000, DATA[:size]))
        assert {(p[9], p[12:20]) for p in seen[4]} == {
            (UDP, socket.inet_aton(OWN6_MAPPED) + socket.inet_aton(SERVER4))}


@pytest.mark.parametrize("discover", [DONT, WANT], ids=["discovery off", "usual discovery"])
@pytest.mark.parametrize("size", [1353, 1452])
def test_a_large_datagram_of_an_ipv4_socket_is_fragmented(real, discover, size):
    """Of 1381 and 1480 octets, where 1380 of IPv4 pass."""
    body = octets(GATEWAY4_EMBEDDED, HOST6, udp(4000, 5000, DATA[:size]))
    with real.mtus(to6=1400, to4=1500), endpoint(real.gateway, 4, discover=discover) as sender:
        seen = real.wire.exchange(lambda: sender.sendto(DATA[:size], (HOST4, 5000)))
    assert not seen[4] and len(seen[6]) == 2
    id = int.from_bytes(seen[6][0][44:48], "big")
    assert seen[6] == [ip6(GATEWAY4_EMBEDDED, HOST6, fragment(id, at, at == 0), raw(UDP, body[at:at + 1232]), hlim=64)
                       for at in (0, 1232)]


@pytest.mark.parametrize("discover", [DONT, WANT], ids=["discovery off", "usual discovery"])
def test_a_large_datagram_to_a_mapped_host_through_the_prefix_is_fragmented(real, discover):
    """Hairpinned: to IPv4 and back, split by the second pass."""
    there, here = f"2001:db8:100::{PEER4}", f"2001:db8:100::{OWN6_MAPPED}"
    body = octets(here, PEER6, udp(4000, 5000, DATA[:2000]))
    with endpoint(real.gateway, 6, discover=discover) as sender:
        seen = real.wire.exchange(lambda: sender.sendto(DATA[:2000], (there, 5000)))
    assert not seen[4] and len(seen[6]) == 2
    id = int.from_bytes(seen[6][0][44:48], "big")
    assert seen[6] == [ip6(here, PEER6, fragment(id, at, at == 0), raw(UDP, body[at:at + 1232]), hlim=64)
                       for at in (0, 1232)]


def test_a_large_datagram_to_a_mapped_host_through_the_prefix_that_may_not_be_fragmented(real):
    """The sender is told, as by a link as narrow."""
    with real.mtus(to6=1400, to4=1500), endpoint(real.gateway, 6, dontfrag=1) as sender:
        sender.connect((f"2001:db8:100::{PEER4}", 5000))

        def refused():
            with pytest.raises(OSError) as error:
                sender.send(DATA[:1400 - 47])
            assert errno.errorcode[error.value.errno] == "EMSGSIZE"

        assert real.wire.exchange(refused) == {6: [], 4: []}


def try_until_it_arrives(sender, to, sink, data):
    """What is not fragmented may be refused until the path MTU is known."""
    def once():
        with contextlib.suppress(OSError):
            sender.sendto(data, to)
        with contextlib.suppress(TimeoutError):
            return sink.recv(65535) == data
    sink.settimeout(0.5)
    eventually(once, "a datagram", timeout=5)


@pytest.mark.parametrize("family", [6, 4], ids=["6to4", "4to6"])
@pytest.mark.parametrize("size", [1400, 1452, 1472, 2000, 9000])
def test_datagrams_of_any_size_arrive(real, family, size):
    """From a socket with the usual discovery, which may have to learn."""
    far, to = (real.v4, REAL4_EMBEDDED) if family == 6 else (real.v6, REAL6_MAPPED)
    with real.mtus(to6=1500, to4=1400, far6=1500, far4=1500), endpoint(real.gateway, family) as sender, far, \
            socket.socket(socket.AF_INET if family == 6 else socket.AF_INET6, socket.SOCK_DGRAM) as sink:
        sink.bind(("", 0))
        try_until_it_arrives(sender, (to, sink.getsockname()[1]), sink, DATA[:size])


FORBID6 = {"dontfrag": {"dontfrag": 1}, "discovery": {"discover": DO}, "probing": {"discover": PROBE}}


@pytest.mark.parametrize("forbid", FORBID6)
def test_a_socket_that_forbids_fragments_is_told_in_ipv6(real, forbid):
    """Of 1421 octets where 1400 of IPv4 pass; 1420 go, in one piece."""
    with real.mtus(to6=1500, to4=1400), endpoint(real.gateway, 6, **FORBID6[forbid]) as sender:
        def refused():
            with pytest.raises(OSError) as error:
                sender.sendto(DATA[:1421 - 48], (SERVER6, 5000))
            assert errno.errorcode[error.value.errno] == "EMSGSIZE"

        assert real.wire.exchange(refused) == {6: [], 4: []}
        real.wire.expect(lambda: sender.sendto(DATA[:1420 - 48], (SERVER6, 5000)),
                         ip4(OWN6_MAPPED, SERVER4, udp(4000, 5000, DATA[:1420 - 48]), id=ANY, df=True))


@pytest.mark.parametrize("discover", [DO, PROBE], ids=["discovery", "probing"])
def test_a_socket_that_forbids_fragments_is_told_in_ipv4(real, discover):
    with real.mtus(to6=1400, to4=1500), endpoint(real.gateway, 4, discover=discover) as sender:
        def refused():
            with pytest.raises(OSError) as error:
                sender.sendto(DATA[:1381 - 28], (HOST4, 5000))
            assert errno.errorcode[error.value.errno] == "EMSGSIZE"

        assert real.wire.exchange(refused) == {6: [], 4: []}
        real.wire.expect(lambda: sender.sendto(DATA[:1380 - 28], (HOST4, 5000)),
                         ip6(GATEWAY4_EMBEDDED, HOST6, udp(4000, 5000, DATA[:1380 - 28]), hlim=64))


@pytest.mark.parametrize("family", [6, 4], ids=["6to4", "4to6"])
def test_a_socket_learns_what_fits(real, family):
    to, knows, mtus = ((SERVER6, 1420, {"to6": 1500, "to4": 1400}) if family == 6 else
                       (HOST4, 1380, {"to6": 1400, "to4": 1500}))
    with real.mtus(**mtus), endpoint(real.gateway, family, discover=DO) as sender:
        sender.connect((to, 5000))
        with pytest.raises(OSError):
            sender.send(DATA[:1460 - 48])
        assert mtu_of(sender, family) == knows


@pytest.mark.parametrize("family", [6, 4], ids=["6to4", "4to6"])
def test_connections_of_the_gateway_over_a_smaller_link(real, family):
    """The MSS is of the link of the socket's own family, which is larger."""
    data = os.urandom(200_000)
    far, to, own = (real.v4, REAL4_EMBEDDED, OWN6) if family == 6 else (real.v6, REAL6_MAPPED, GATEWAY4)
    mtus = {"to4": 1300} if family == 6 else {"to6": 1300}
    with real.mtus(far6=1500, far4=1500, **mtus), far, \
            socket.create_server(("", 0), family=socket.AF_INET if family == 6 else socket.AF_INET6) as server:
        with real.gateway:
            client = socket.socket(socket.AF_INET6 if family == 6 else socket.AF_INET)
        with client:
            client.settimeout(DEADLINE)
            client.bind((own, 0))
            client.connect((to, server.getsockname()[1]))
            with server.accept()[0] as served:
                assert stream(client, served, data) == data


# UDP_SEGMENT: one call, many datagrams.

def send_segments(sender, to, size, data):
    sender.sendmsg([data], [(socket.IPPROTO_UDP, 103, struct.pack("=H", size))], 0, (to, 5000))


@pytest.mark.parametrize("family, size", [(6, 1452), (4, 1472)], ids=["6to4", "4to6"])
def test_segments_that_may_not_be_fragmented(real, family, size):
    """With the usual discovery: they fit the link of the socket, in IPv4 as one packet, and not the other one."""
    mtus = {"to6": 1500, "to4": 1400} if family == 6 else {"to6": 1400, "to4": 9000}
    with real.mtus(**mtus), endpoint(real.gateway, family, discover=WANT) as sender:
        def refused():
            with pytest.raises(OSError) as error:
                send_segments(sender, SERVER6 if family == 6 else HOST4, size, DATA[:3 * size])
            assert errno.errorcode[error.value.errno] == "EMSGSIZE"

        assert real.wire.exchange(refused) == {6: [], 4: []}


def fragmented(datagram, id):
    return [ip6(GATEWAY4_EMBEDDED, HOST6, fragment(id, at, at == 0), raw(UDP, datagram[at:at + 1232]), hlim=64)
            for at in (0, 1232)]


def test_segments_that_may_be_fragmented(real):
    """Each becomes two fragments with an identification of its own."""
    with real.mtus(to6=1400, to4=1500), endpoint(real.gateway, 4, discover=DONT) as sender:
        seen = real.wire.exchange(lambda: send_segments(sender, HOST4, 1472, DATA[:3 * 1472]))
    assert not seen[4] and len(seen[6]) == 6
    ids = [int.from_bytes(packet[44:48], "big") for packet in seen[6][::2]]
    assert len(set(ids)) == 3
    assert seen[6] == [part for n, id in enumerate(ids) for part in fragmented(octets(
        GATEWAY4_EMBEDDED, HOST6, udp(4000, 5000, DATA[n * 1472:(n + 1) * 1472])), id)]


def test_the_sender_of_segments_is_told_what_a_chain_drops(real, filters):
    filters(chain("output", f"ip6 daddr {HOST6} drop"))
    with real.mtus(to6=1400, to4=1500), endpoint(real.gateway, 4, discover=DONT) as sender:
        def refused():
            with pytest.raises(OSError) as error:
                send_segments(sender, HOST4, 1472, DATA[:3 * 1472])
            assert errno.errorcode[error.value.errno] == "EPERM"

        assert real.wire.exchange(refused) == {6: [], 4: []}


@pytest.mark.parametrize("size, fits", [(65507, True), (65508, False), (65527, False)])
def test_the_largest_datagram_into_the_prefix(real, size, fits):
    """More than 65,507 octets no datagram of IPv4 has."""
    data = (DATA * 8)[:size]
    with endpoint(real.gateway, 6, discover=DONT) as sender:
        def send():
            if fits:
                return sender.sendto(data, (SERVER6, 5000))
            with pytest.raises(OSError) as error:
                sender.sendto(data, (SERVER6, 5000))
            assert errno.errorcode[error.value.errno] == "EMSGSIZE"

        seen = real.wire.exchange(send)
    assert not seen[6] and bool(seen[4]) == fits
    if fits:
        assert put_together(seen[4], 1500) == octets(OWN6_MAPPED, SERVER4, udp(4000, 5000, data))
