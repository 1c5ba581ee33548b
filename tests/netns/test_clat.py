# SPDX-License-Identifier: GPL-2.0-only
"""A program of the gateway itself that knows only IPv4: a CLAT (RFC 6877).

Its address has an edge mapping; see test_edge.py.
"""

import socket

import pytest
from addresses import GATEWAY6, PREFIX
from icmp_error import answer6
from packet import ANY, echo6, echo_reply6, icmp6, ip4, ip6, udp
from util import DEADLINE

pytestmark = pytest.mark.usefixtures("real")

FAR4, FAR6 = "192.0.2.9", "2001:db8:100::c000:209"
ROUTER6 = "2001:db8:7::7"
DATA = bytes(range(33))
CLAT4, CLAT6 = "192.0.0.1", "2001:db8:46::64"
clat = pytest.mark.configuration(f"prefix add {PREFIX}", f"add {CLAT4} {CLAT6} edge")


@pytest.fixture
def program(real):
    """A UDP socket that knows only IPv4."""
    with real.gateway.routes(f"addr {CLAT4}/32 dev lo"), real.gateway, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as endpoint:
        endpoint.bind((CLAT4, 4000))
        endpoint.settimeout(DEADLINE)
        yield endpoint


@clat
def test_a_program_of_the_gateway(real, program):
    real.wire.expect(lambda: program.sendto(b"hello", (FAR4, 5000)), ip6(CLAT6, FAR6, udp(4000, 5000, b"hello"), hlim=64))
    real.wire.expect_silence(ip6(FAR6, CLAT6, udp(5000, 4000, b"answer")))
    assert program.recvfrom(100) == (b"answer", (FAR4, 5000))


@clat
def test_a_program_of_the_gateway_hears_errors(real, program):
    program.connect((FAR4, 5000))
    real.wire.exchange(lambda: program.send(b"x"))
    real.wire.expect_silence(ip6(FAR6, CLAT6, icmp6(1, 4, 0, ip6(CLAT6, FAR6, udp(4000, 5000, b"x")))))
    with pytest.raises(ConnectionRefusedError):
        program.recv(100)


@clat
def test_a_program_of_the_gateway_learns_the_path_mtu(real, program):
    program.setsockopt(socket.IPPROTO_IP, 10, 2)
    program.connect((FAR4, 5000))
    quote = ip6(CLAT6, FAR6, udp(4000, 5000, bytes(1400)))
    real.wire.expect_silence(ip6(ROUTER6, CLAT6, icmp6(2, 0, 1400, quote[:1232])))
    with pytest.raises(OSError):
        for _ in range(2):
            program.send(bytes(1400))
    assert program.getsockopt(socket.IPPROTO_IP, 14) == 1380
    real.gateway.run("ip", "route", "flush", "cache")


@clat
def test_pings_to_a_face_of_the_gateway(real, program):
    real.wire.expect(ip6(FAR6, CLAT6, echo6(1, 2, DATA)), ip6(CLAT6, FAR6, echo_reply6(1, 2, DATA), hlim=64))


@clat
def test_the_face_may_be_an_address_of_the_gateway(real, program):
    """RFC 7756 3.1. At equal length the mapping wins over the local route."""
    with real.gateway.routes(f"addr {CLAT6}/128 dev to6 nodad"):
        real.wire.expect_silence(ip6(FAR6, CLAT6, udp(5000, 4000, b"hello")))
        assert program.recvfrom(100) == (b"hello", (FAR4, 5000))
        real.wire.expect(lambda: program.sendto(b"hello", (FAR4, 5000)), ip6(CLAT6, FAR6, udp(4000, 5000, b"hello"), hlim=64))


@clat
def test_a_closed_port_of_the_gateway(real, program):
    sent = ip6(FAR6, CLAT6, udp(5000, 4001, b"hello"))
    quote = ip6(FAR6, CLAT6, udp(5000, 4001, b"hello"), hlim=63)
    real.wire.expect(sent, ip6(CLAT6, FAR6, icmp6(1, 4, 0, quote), hlim=64, tclass=0xc0))


@clat
def test_the_gateway_keeps_its_own_ipv6(real, program):
    """It speaks to the prefix as any IPv6 host does."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as six:
        six.bind((GATEWAY6, 4000))
        real.wire.expect(lambda: six.sendto(b"hello", (FAR6, 5000)), ip6(GATEWAY6, FAR6, udp(4000, 5000, b"hello"), hlim=64))


@clat
def test_what_the_gateway_refuses_is_told_to_whom_sent_it(real, program):
    """By its own IPv6 address, past the translator."""
    packet = ip6(FAR6, CLAT6, udp(1, 2, b"hello"), hlim=1)
    real.wire.expect(packet, answer6(packet, 3, 0))


@pytest.mark.configuration(f"prefix add {PREFIX}", f"add {CLAT4} {CLAT6} edge", "set local off")
def test_without_local_the_program_is_left_alone(real, program):
    real.wire.expect(lambda: program.sendto(b"hello", (FAR4, 5000)),
                     ip4(CLAT4, FAR4, udp(4000, 5000, b"hello"), id=ANY, df=True))
