# SPDX-License-Identifier: GPL-2.0-only
"""What the gateway itself sends to mapped hosts, and what they send to it: setting local."""

import contextlib
import errno
import os
import re
import select
import socket

import nft
import pytest
import sockets
import util
from addresses import GATEWAY4, GATEWAY6, HOST4, HOST6, REAL6_MAPPED, SERVER4, SERVER6
from icmp_error import prohibited
from packet import (ANY, UDP, describe, echo6, echo_reply6, fragment, icmp4, icmp6, ip4, ip6,
                    octets, raw, tcp, udp)
from test_counters import counted
from util import DEADLINE, FORWARDING

pytestmark = pytest.mark.usefixtures("real")

GATEWAY4_EMBEDDED = f"2001:db8:100::{GATEWAY4}"
NEVER, ALWAYS = 0, 2  # IP_PMTUDISC_DONT, IP_PMTUDISC_DO


@pytest.fixture
def endpoint(real):
    """A UDP socket of the gateway, its local port fixed."""
    with real.gateway, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as endpoint:
        endpoint.bind(("0.0.0.0", 4000))
        endpoint.setblocking(False)
        yield endpoint


def test_a_datagram_of_the_gateway(real, endpoint):
    """It has been forwarded by nobody yet: its hop limit is whole."""
    real.wire.expect(lambda: endpoint.sendto(b"hello", (HOST4, 5000)),
                     ip6(GATEWAY4_EMBEDDED, HOST6, udp(4000, 5000, b"hello"), hlim=64))


def test_a_datagram_to_the_gateway(real, endpoint):
    real.wire.expect_silence(ip6(HOST6, GATEWAY4_EMBEDDED, udp(5000, 4000, b"hello")))
    assert endpoint.recvfrom(100) == (b"hello", (HOST4, 5000))


@pytest.mark.parametrize("hook", ["output", "postrouting"])
@pytest.mark.parametrize("family, to, match", [
    (socket.AF_INET, HOST4, f"ip6 daddr {HOST6}"), (socket.AF_INET6, SERVER6, f"ip daddr {SERVER4}")], ids=["4to6", "6to4"])
@pytest.mark.configuration(f"add 203.0.113.6 {GATEWAY6}", more=True)
def test_the_sender_is_told_what_a_chain_drops(real, filters, hook, family, to, match):
    """As of a native packet: EPERM."""
    filters(nft.chain(hook, f"{match} drop"))
    with real.gateway, socket.socket(family, socket.SOCK_DGRAM) as sender:
        def refused():
            with pytest.raises(OSError) as error:
                sender.sendto(b"x", (to, 5000))
            assert errno.errorcode[error.value.errno] == "EPERM"

        real.wire.expect_silence(refused)


def test_tos_of_the_gateway(real, endpoint):
    endpoint.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 0xb8)
    real.wire.expect(lambda: endpoint.sendto(b"x", (HOST4, 5000)),
                     ip6(GATEWAY4_EMBEDDED, HOST6, udp(4000, 5000, b"x"), hlim=64, tclass=0xb8))


def test_a_large_datagram_of_the_gateway_is_split(real, endpoint):
    endpoint.setsockopt(socket.IPPROTO_IP, 10, NEVER)
    data = bytes(range(250)) * 5
    body = octets(GATEWAY4_EMBEDDED, HOST6, udp(4000, 5000, data))
    seen = real.wire.exchange(lambda: endpoint.sendto(data, (HOST4, 5000)))
    assert not seen[4] and len(seen[6]) == 2
    id = int.from_bytes(seen[6][0][44:48], "big")
    # Before Linux 5.13 what connection tracking once reassembled in a network namespace is
    # reassembled there for ever, and gets another identification.
    assert id < 0x10000 or util.kernel() < (5, 13), describe(seen[6][0])
    assert seen[6] == [
        ip6(GATEWAY4_EMBEDDED, HOST6, fragment(id, 0, True), raw(UDP, body[:1232]), hlim=64),
        ip6(GATEWAY4_EMBEDDED, HOST6, fragment(id, 1232), raw(UDP, body[1232:]), hlim=64)]


def test_the_gateway_learns_the_path_mtu(real, endpoint):
    endpoint.setsockopt(socket.IPPROTO_IP, 10, ALWAYS)
    endpoint.connect((HOST4, 5000))
    with real.mtus(to6=1280):
        with contextlib.suppress(OSError):
            endpoint.send(bytes(1400))
        with pytest.raises(OSError) as refused:
            for _ in range(3):
                endpoint.send(bytes(1400))
        assert refused.value.errno == errno.EMSGSIZE
        endpoint.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        assert endpoint.getsockopt(socket.IPPROTO_IP, 14) == 1260
        real.wire.expect(lambda: endpoint.send(bytes(1232)),
                         ip6(GATEWAY4_EMBEDDED, HOST6, udp(4000, 5000, bytes(1232)), hlim=64))
    real.gateway.run("ip", "route", "flush", "cache")


def test_a_port_unreachable_reaches_the_gateway(real, endpoint):
    endpoint.connect((HOST4, 5000))
    real.wire.exchange(lambda: endpoint.send(b"x"))
    quote = ip6(GATEWAY4_EMBEDDED, HOST6, udp(4000, 5000, b"x"))
    real.wire.expect_silence(ip6(HOST6, GATEWAY4_EMBEDDED, icmp6(1, 4, 0, quote)))
    with pytest.raises(ConnectionRefusedError):
        endpoint.recv(100)


def test_an_echo_request_to_the_gateway_is_answered(real):
    real.wire.expect(ip6(HOST6, GATEWAY4_EMBEDDED, echo6(1, 2, b"hello")),
                     ip6(GATEWAY4_EMBEDDED, HOST6, echo_reply6(1, 2, b"hello"), hlim=64))


def test_a_closed_port_of_the_gateway(real):
    """The gateway's own errors are made in IPv4."""
    sent = ip6(HOST6, GATEWAY4_EMBEDDED, udp(5000, 4001, b"hello"))
    quote = ip6(HOST6, GATEWAY4_EMBEDDED, udp(5000, 4001, b"hello"), hlim=63)
    real.wire.expect(sent, ip6(GATEWAY4_EMBEDDED, HOST6, icmp6(1, 4, 0, quote), hlim=64,
                               tclass=0xc0))


def test_connections_of_the_gateway_carry_their_data(real):
    """With all that a local sender leaves to its device."""
    data = os.urandom(300_000)
    with real.mtus(far6=1500):
        ours, theirs = sockets.connect(real.gateway, real.v6, REAL6_MAPPED)
        with ours, theirs:
            assert sockets.stream(ours, theirs, data) == data
            assert sockets.stream(theirs, ours, data) == data


def test_time_exceeded_of_the_gateway_behind_the_translation(real):
    """Made by the gateway's IPv4 stack about a packet that it forwards to IPv4 natively."""
    packet = ip4(HOST4, "192.0.2.9", udp(1, 2, b"x"), ttl=1)
    quote = ip6(HOST6, "2001:db8:100::192.0.2.9", udp(1, 2, b"x"), hlim=1)
    real.wire.expect(packet, ip6(GATEWAY4_EMBEDDED, HOST6, icmp6(3, 0, 0, quote), hlim=64,
                                 tclass=0xc0))


def test_a_reset_that_no_socket_sends(real, filters):
    """By a chain. As IPv6 it has no way to go, of which nobody is told but the gateway itself."""
    filters(nft.chain("input", "tcp dport 7 reject with tcp reset"))
    sent = ip6(HOST6, GATEWAY4_EMBEDDED, tcp(5000, 7, flags=2))
    real.wire.expect(sent, ip6(GATEWAY4_EMBEDDED, HOST6, tcp(7, 5000, seq=0, ack=2, flags=0x14, window=0), hlim=64))
    with real.gateway.routes(f"route unreachable {HOST6}/128"):
        real.gateway.ctl("stats", "reset")
        real.wire.expect_silence(sent)
        times = FORWARDING.times
        assert counted(real.gateway) == {"translated_6to4": times, "unreachable": times, "answered": times}


@pytest.mark.configuration("set local off", more=True)
def test_without_local_the_gateway_sends_what_it_sends(real, endpoint):
    real.wire.expect(lambda: endpoint.sendto(b"hello", (HOST4, 5000)),
                     ip4(GATEWAY4, HOST4, udp(4000, 5000, b"hello"), id=ANY, df=True))


@pytest.mark.configuration("set local off", f"add 203.0.113.6 {GATEWAY6}", more=True)
@pytest.mark.parametrize("family, packet", [
    (socket.AF_INET, ip6(HOST6, GATEWAY4_EMBEDDED, udp(5000, 4000, b"hello"))),
    (socket.AF_INET6, ip4(SERVER4, "203.0.113.6", udp(5000, 4000, b"hello")))], ids=["6to4", "4to6"])
def test_without_local_nobody_reaches_the_gateway(real, family, packet):
    """RFC 7915 4.4, 5.4: the sender is told."""
    real.gateway.ctl("stats", "reset")
    with real.gateway, socket.socket(family, socket.SOCK_DGRAM) as service:
        service.bind(("", 4000))
        real.wire.expect(packet, prohibited(packet))
        assert not select.select([service], [], [], 0)[0]
    times = FORWARDING.times
    assert counted(real.gateway) == {"local_off": times, "answered": times}


@pytest.mark.configuration("set local off", more=True)
def test_without_local_forwarded_packets_are_translated(real):
    real.wire.expect(ip6(HOST6, SERVER6, tcp(1, 2)), ip4(HOST4, SERVER4, tcp(1, 2), ttl=63, id=ANY))
    real.wire.expect(ip4(SERVER4, HOST4, icmp4(3, 3, 0, ip4(HOST4, SERVER4, udp(1, 2)))),
                     ip6(SERVER6, HOST6, icmp6(1, 4, 0, ip6(HOST6, SERVER6, udp(1, 2))), hlim=63))


def test_a_mapped_address_of_the_gateway_itself_is_translated(real):
    """The mapping is explicit: DESIGN says that it wins over a local address."""
    with real.gateway.routes(f"addr {HOST4}/32 dev lo"):
        real.wire.expect(ip4(SERVER4, HOST4, udp(1, 2)), ip6(SERVER6, HOST6, udp(1, 2), hlim=63))


def test_an_ipv6_address_of_the_gateway_can_be_mapped(real, configure):
    """A service of the gateway has a public IPv4 address."""
    own = "2001:db8:1::1"
    configure(f"add 203.0.113.1 {own}")
    with real.gateway, socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as service:
        service.bind(("::", 4000))
        service.settimeout(DEADLINE)
        real.wire.expect_silence(ip4(SERVER4, "203.0.113.1", udp(5000, 4000, b"hello")))
        data, sender = service.recvfrom(100)
        assert (data, sender[:2]) == (b"hello", (SERVER6, 5000))
        real.wire.expect(lambda: service.sendto(b"answer", sender),
                         ip4("203.0.113.1", SERVER4, udp(4000, 5000, b"answer"), id=ANY))


@pytest.mark.configuration(f"add 203.0.113.6 {GATEWAY6}", more=True)
@pytest.mark.parametrize("family", [4, 6], ids=["4to6", "6to4"])
def test_a_datagram_that_is_to_go_one_hop(real, family):
    """As traceroute begins: no router has had it yet."""
    four = family == 4
    with real.gateway, socket.socket(socket.AF_INET if four else socket.AF_INET6, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(*((socket.IPPROTO_IP, socket.IP_TTL) if four else
                            (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS)), 1)
        sender.bind((GATEWAY4 if four else GATEWAY6, 4000))
        real.wire.expect(lambda: sender.sendto(b"x", (HOST4 if four else SERVER6, 5000)),
                         ip6(GATEWAY4_EMBEDDED, HOST6, udp(4000, 5000, b"x"), hlim=1) if four else
                         ip4("203.0.113.6", SERVER4, udp(4000, 5000, b"x"), ttl=1, id=ANY))


@pytest.mark.configuration(f"add {SERVER4} 2001:db8:46::2 edge", "add 203.0.113.48/28 2001:db8:46::/124 force", more=True)
def test_a_datagram_to_a_face_by_another_name(real, endpoint):
    """It would be translated once more on its way out, and is refused instead."""
    real.gateway.ctl("stats", "reset")

    def refused():
        with pytest.raises(PermissionError):
            endpoint.sendto(b"x", ("203.0.113.50", 5000))

    real.wire.expect_silence(refused)
    assert "loop 1\n" in re.sub(" +", " ", real.gateway.show("stats"))


@pytest.mark.configuration("prefix add 64:ff9b::/96", f"add {SERVER4} 2001:db8:46::2 edge",
                           "add 203.0.113.48 2001:db8:46:1::1")
def test_a_datagram_whose_source_the_prefix_may_not_carry(real):
    """RFC 6052 3.1: the gateway's own address is not global. With an edge mapping beside it is refused no less."""
    real.gateway.ctl("stats", "reset")
    with real.gateway.routes("addr 10.1.2.3/32 dev lo"), real.gateway, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind(("10.1.2.3", 4000))

        def refused():
            with pytest.raises(PermissionError):
                sender.sendto(b"x", ("203.0.113.48", 5000))

        real.wire.expect_silence(refused)
    assert counted(real.gateway)["wkp_not_global"] == 1


@pytest.mark.configuration("prefix add 2001:db8:100::/96", f"add {SERVER4} 2001:db8:46::2 edge")
def test_a_datagram_of_the_gateway_to_a_face(real):
    """From the IPv6 address that says its own IPv4 one, which for anybody else would be spoofed."""
    own = GATEWAY4_EMBEDDED
    with real.gateway.routes(f"addr {own}/128 dev lo nodad"), real.gateway, \
            socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sender:
        sender.bind((own, 4000))
        real.wire.expect(lambda: sender.sendto(b"x", ("2001:db8:46::2", 5000)),
                         ip4(GATEWAY4, SERVER4, udp(4000, 5000, b"x"), id=ANY))
