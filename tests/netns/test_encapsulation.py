# SPDX-License-Identifier: GPL-2.0-only
"""Tunnels, and other protocols whose checksum is left to the device.

The outer datagram of a tunnel may have no checksum while that of the packet inside is
unfinished: what is left to the device says nothing about the outer one, which IPv6 cannot
do without (RFC 7915 4.5, RFC 8200 8.1). The CRC of SCTP (RFC 9260 6.8) is no Internet
checksum, and that of a whole packet.
"""

import contextlib
import socket
import struct

import pytest
import sockets
import util
from addresses import (GATEWAY4, HOST4, HOST6, PEER6, REAL4, REAL4_EMBEDDED, REAL6, REAL6_MAPPED,
                       SERVER4, SERVER6)
from frame import Frame, Offload
from icmp_error import prohibited
from packet import (ANY, UDP, address, checksum, fragment, icmp4, icmp6, ip4, ip6, octets, raw, u16, udp,
                    version)
from test_local import GATEWAY4_EMBEDDED
from test_stack import ALL_OFF, ALL_ON, offloads, seeded
from util import DEADLINE

pytestmark = pytest.mark.usefixtures("real")

PORT = 4789

# The first makes 60 octets of IPv4; each has a checksum at an offset of 16.
SMALL = bytes(range(1, 33))
LARGE = SMALL + bytes(range(250)) * 5


def finished(data, at=16):
    """What a device makes of an unfinished checksum."""
    return data[:at] + u16(checksum(data) or 0xffff) + data[at + 2:]


def bare(data, **how):
    """A datagram without a checksum."""
    return udp(PORT, PORT, data, checksum=0, **how)


def unfinished4(part, start=42, at=16, **fields):
    return Frame(ip4(SERVER4, HOST4, part, **fields),
                 offload=Offload(csum_start=start, csum_offset=at))


def arrives(wire, sent, *expected):
    """What comes out, once devices have done what is left to them; returns what that is."""
    side = version(expected[0])
    seen = wire.exchange(sent)
    assert not seen[10 - side]
    assert [bytes(packet.finished()) for packet in seen[side]] == [
        want.closed(packet) for want, packet in zip(expected, seen[side])]
    assert len(seen[side]) == len(expected)
    return [packet.offload for packet in seen[side]]


WHOLE = ip6(SERVER6, HOST6, udp(PORT, PORT, finished(SMALL)), hlim=63)


def test_the_outer_datagram_gets_a_checksum(wire):
    """The sum of what the device will have finished, and that stays the device's."""
    assert arrives(wire, unfinished4(bare(SMALL)), WHOLE) == [
        Offload(csum_start=62, csum_offset=16)]


def test_both_are_finished_for_a_device_that_cannot(real, wire):
    with offloads(real, near=dict(tx=False)):
        assert arrives(wire, unfinished4(bare(SMALL)), WHOLE) == [Offload()]


def test_a_sum_of_zero_is_sent_as_ones(wire):
    # From port 0 the checksum is what its own sum lacks; the port is to make up for that.
    port = int.from_bytes(octets(SERVER6, HOST6, udp(0, PORT, finished(SMALL)))[6:8], "big")
    assert octets(SERVER6, HOST6, udp(port, PORT, finished(SMALL)))[6:8] == b"\xff\xff"
    arrives(wire, unfinished4(udp(port, PORT, SMALL, checksum=0)),
            ip6(SERVER6, HOST6, udp(port, PORT, finished(SMALL)), hlim=63))


@pytest.mark.configuration("set udp-zero-checksum drop", more=True)
@pytest.mark.parametrize("field", [0xffff, 0], ids=["ones", "zero"])
def test_an_unfinished_checksum_that_begins_with_nothing(wire, field):
    """The addresses and the length sum up to zero, which a sender may write as such: it has a checksum."""
    begin = u16(192 << 8) + address(HOST4) + u16(UDP) + u16(len(SMALL) + 8)
    last = checksum(begin)
    four, six = f"192.0.{last >> 8}.{last & 255}", f"2001:db8:100::c000:{last:x}"
    whole = octets(four, HOST4, udp(1, 2, SMALL))
    sent = Frame(ip4(four, HOST4, raw(UDP, whole[:6] + u16(field) + whole[8:])),
                 offload=Offload(csum_start=34, csum_offset=6))
    assert arrives(wire, sent, ip6(six, HOST6, udp(1, 2, SMALL), hlim=63)) == [Offload(csum_start=54, csum_offset=6)]


@pytest.mark.configuration("set udp-zero-checksum drop", more=True)
@pytest.mark.parametrize("start", [42, 34])
def test_a_datagram_without_a_checksum_is_refused(expect, start):
    sent = unfinished4(bare(SMALL), start)
    expect(sent, prohibited(sent.packet))


def test_a_fragment_without_a_checksum_is_refused(expect):
    sent = unfinished4(bare(SMALL), mf=True)
    expect(sent, prohibited(sent.packet))


@pytest.mark.parametrize("start, at", [(34, 16), (34, 10), (40, 12)])
def test_a_sum_that_begins_in_the_udp_header(wire, start, at):
    """It covers the field that is to be computed. A guest may ask for it."""
    whole = octets(SERVER4, HOST4, bare(SMALL))
    begin = start - 34
    done = whole[:begin] + finished(whole[begin:], at)
    arrives(wire, unfinished4(bare(SMALL), start, at),
            ip6(SERVER6, HOST6, udp(PORT, PORT, done[8:]), hlim=63))


def test_a_datagram_that_ends_before_the_packet(wire):
    """The rest is in the sum of the device, not in that of the datagram."""
    done = finished(SMALL + b"the rest of it")
    datagram = octets(SERVER6, HOST6, udp(PORT, PORT, done[:32]))
    arrives(wire, unfinished4(bare(SMALL + b"the rest of it", length=40)),
            ip6(SERVER6, HOST6, raw(UDP, datagram + b"the rest of it"), hlim=63))


def test_both_are_finished_before_fragmenting(wire):
    body = octets(SERVER6, HOST6, udp(PORT, PORT, finished(LARGE)))
    arrives(wire, unfinished4(bare(LARGE), id=7),
            ip6(SERVER6, HOST6, fragment(7, 0, True), raw(UDP, body[:1232]), hlim=63),
            ip6(SERVER6, HOST6, fragment(7, 1232), raw(UDP, body[1232:]), hlim=63))


def test_a_hairpinned_datagram_gets_a_checksum(wire):
    there, here = "2001:db8:100::203.0.113.20", "2001:db8:100::203.0.113.10"
    arrives(wire, Frame(ip6(HOST6, there, bare(SMALL)),
                        offload=Offload(csum_start=62, csum_offset=16)),
            ip6(here, PEER6, udp(PORT, PORT, finished(SMALL)), hlim=63))


def test_ipv4_needs_no_checksum(wire):
    assert arrives(wire, Frame(ip6(HOST6, SERVER6, bare(SMALL)),
                               offload=Offload(csum_start=62, csum_offset=16)),
                   ip4(HOST4, SERVER4, bare(finished(SMALL)), ttl=63, id=ANY)) == [
        Offload(csum_start=42, csum_offset=16)]


def test_an_outer_checksum_changes_by_difference(wire):
    part = udp(PORT, PORT, finished(SMALL))
    arrives(wire, unfinished4(raw(UDP, octets(SERVER4, HOST4, part)[:8] + SMALL)), WHOLE)
    arrives(wire, Frame(ip6(HOST6, SERVER6, raw(UDP, octets(HOST6, SERVER6, part)[:8] + SMALL)),
                        offload=Offload(csum_start=62, csum_offset=16)),
            ip4(HOST4, SERVER4, part, ttl=63, id=ANY))


@pytest.mark.parametrize("ends, make, error, header", [
    ((SERVER4, HOST4), ip4, lambda quote: icmp4(3, 3, 0, quote), 20),
    ((HOST6, SERVER6), ip6, lambda quote: icmp6(1, 4, 0, quote), 40)], ids=["ICMPv4", "ICMPv6"])
def test_a_checksum_in_a_quote_is_finished(wire, ends, make, error, header):
    """The message's own covers what the device will make of it."""
    part = udp(5, 6, bytes(range(60)))
    whole = make(*ends, error(make(*reversed(ends), part)))
    quote = make(*reversed(ends), seeded(*reversed(ends), part, 6))
    left = Frame(whole[:header + 8] + quote,
                 offload=Offload(csum_start=14 + 2 * header + 8, csum_offset=6))
    side = 10 - version(whole)
    (want,), (seen,) = (wire.exchange(packet)[side] for packet in (whole, left))
    assert seen.offload == Offload()
    assert seen[:4] + seen[6:10] + seen[12:] == want[:4] + want[6:10] + want[12:]


# Tunnels of the kernel's own.

@pytest.fixture
def tunnel(real):
    """Makes VXLAN ends in two namespaces; they go with the test."""
    made = []
    util.run("modprobe", "-q", "vxlan", check=False)

    def make(*ends):
        for number, (namespace, local, remote, mtu) in enumerate(ends, 1):
            family = "-6" if ":" in local else "-4"
            done = namespace.run(
                "ip", family, "link", "add", "tunnel", "mtu", mtu, "type", "vxlan", "id", 7,
                "local", local, "remote", remote, "dstport", PORT, "noudpcsum", check=False)
            if done.returncode and "Unknown device type" in done.stderr:
                pytest.skip("this kernel has no VXLAN")
            assert not done.returncode, done.stderr
            made.append(namespace)
            namespace.ip(f"addr add 192.168.77.{number}/24 dev tunnel", "link set tunnel up")

    yield make
    for namespace in made:
        namespace.ip("link del tunnel")


def streams(client, server, address, data=bytes(range(256)) * 4000):
    """A TCP connection through the tunnel, and what it carries each way."""
    with server:
        listener = socket.create_server(("", 0))
    with client:
        ours = socket.socket()
    with listener, ours:
        for one in (listener, ours):
            one.settimeout(DEADLINE)
        ours.connect((address, listener.getsockname()[1]))
        theirs, _ = listener.accept()
        with theirs:
            assert sockets.stream(ours, theirs, data) == data
            assert sockets.stream(theirs, ours, data) == data


def snmp(namespace, name):
    lines = namespace.run("cat", "/proc/net/snmp6").stdout.splitlines()
    return next(int(line.split()[1]) for line in lines if line.split()[0] == name)


OFFLOADS = pytest.mark.parametrize("states", [ALL_ON, ALL_OFF], ids=["offloads", "no offloads"])
MTUS = pytest.mark.parametrize("mtu", [1200, 1350], ids=["whole", "fragments"])


@OFFLOADS
@MTUS
def test_tcp_in_vxlan_without_outer_checksums(real, tunnel, mtu, states):
    before = snmp(real.v6, "Udp6InCsumErrors")
    with real.mtus(far6=1500, far4=1500), offloads(real, far=states, near=states):
        tunnel((real.v4, REAL4, REAL6_MAPPED, mtu), (real.v6, REAL6, REAL4_EMBEDDED, mtu))
        streams(real.v4, real.v6, "192.168.77.2")
    assert snmp(real.v6, "Udp6InCsumErrors") == before


@OFFLOADS
@MTUS
def test_tcp_in_vxlan_of_the_gateway(real, tunnel, mtu, states):
    before = snmp(real.v6, "Udp6InCsumErrors")
    with real.mtus(far6=1500, far4=1500), offloads(real, far=states, near=states):
        tunnel((real.gateway, GATEWAY4, REAL6_MAPPED, mtu),
               (real.v6, REAL6, GATEWAY4_EMBEDDED, mtu))
        streams(real.gateway, real.v6, "192.168.77.2")
    assert snmp(real.v6, "Udp6InCsumErrors") == before


# SCTP.

SCTP_PEER_ADDR_PARAMS, PMTUD_DISABLE = 9, 0x10


@pytest.fixture(scope="module")
def sctp():
    util.run("modprobe", "-q", "sctp", check=False)
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_STREAM,
                                                     socket.IPPROTO_SCTP):
        return
    pytest.skip("this kernel has no SCTP")


def sctp_socket(namespace, address):
    """A socket of one address, whose packets have no DF and up to 1500 octets."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with namespace:
        made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_SCTP)
    made.settimeout(DEADLINE)
    made.bind((address, 0))
    mtu = 1500 if family == socket.AF_INET else 1280
    made.setsockopt(socket.IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, struct.pack(
        "=I128sIHIIIIBx", 0, b"", 0, 0, mtu, 0, PMTUD_DISABLE, 0, 0))
    return made


def send_sctp(client, server, to):
    """Messages of many lengths; each has to arrive."""
    with client, server:
        server.listen()
        client.connect((to, server.getsockname()[1]))
        accepted, _ = server.accept()
        with accepted:
            for length in range(1000, 1500, 9):
                message = bytes([length % 251]) * length
                client.send(message)
                assert accepted.recv(2000) == message


def test_the_crc_of_sctp_is_finished_before_fragmenting_4to6(real, sctp):
    with real.mtus(far6=1500, far4=1500):
        send_sctp(sctp_socket(real.v4, REAL4), sctp_socket(real.v6, REAL6), REAL6_MAPPED)


def test_the_crc_of_sctp_of_the_gateway_is_finished_before_fragmenting(real, sctp):
    with real.mtus(far6=1500, far4=1500):
        send_sctp(sctp_socket(real.gateway, GATEWAY4), sctp_socket(real.v6, REAL6), REAL6_MAPPED)


def test_the_crc_of_sctp_is_finished_before_fragmenting_6to4(real, sctp):
    with real.mtus(far6=1500, far4=1500, to4=700):
        send_sctp(sctp_socket(real.v6, REAL6), sctp_socket(real.v4, REAL4), REAL4_EMBEDDED)
