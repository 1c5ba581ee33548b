# SPDX-License-Identifier: GPL-2.0-only
"""Super-packets of every kind: what GRO makes, BIG TCP, UDP, and what was fragments before."""

import contextlib
import os
import socket
import struct

import icmp_error
import nft
import pytest
import sockets
from addresses import CONFIG, HOST4, HOST6, PEER6, REAL4_EMBEDDED, REAL6_MAPPED, SERVER4, SERVER6
from frame import GSO_TCPV4, GSO_TCPV6, Frame, Offload
from packet import ANY, UDP, difference, fragment, ip4, ip6, octets, raw, tcp, udp
from test_stack import ALL_OFF, ALL_ON, DATA, offloads, seeded, super_tcp, tap
from topology import build_topology
from util import DEADLINE, FORWARDING

pytestmark = pytest.mark.usefixtures("real")

DIRECTIONS = pytest.mark.parametrize("from_side", [6, 4], ids=["6to4", "4to6"])


def ends(real, from_side):
    """The client's namespace, the server's, and the server's address for the client."""
    return ((real.v6, real.v4, REAL4_EMBEDDED) if from_side == 6 else
            (real.v4, real.v6, REAL6_MAPPED))


@pytest.fixture
def arrivals(filters):
    """Counts what comes in, before the translator sees it, that is longer than a link's MTU."""
    filters(nft.chain("ingress devices = { to6, to4 }", 'meta length > 65575 counter comment "big"',
                      'meta length > 1500 counter comment "super"', name="arrivals", priority=-1000))


# Segments that the gateway's own GRO puts together again.

SEGMENTED = dict(ALL_ON, tso=False, gso=False, gro=False)


def piece(got, src, dst, mss):
    """What a packet of this length has to be, by its place in the stream."""
    six = ":" in src
    at = 40 if six else 20
    start = int.from_bytes(got[at + 4:at + 8], "big") - 7
    data = DATA[start:start + len(got) - at - 20]
    part = tcp(1000, 80, data, seq=7 + start, flags=0x18 if start + len(data) == len(DATA) else 0x10)
    fields = {"hlim": 63} if six else {"ttl": 63, "id": ANY, "df": 40 + min(mss, len(data)) > 1260}
    make = ip6 if six else ip4
    if len(data) <= mss:
        return Frame(make(src, dst, part, **fields)), data
    gso = GSO_TCPV6 if six else GSO_TCPV4
    return Frame(make(src, dst, seeded(src, dst, part, 16), **fields),
                 offload=Offload(gso, mss, 0, 14 + at, 16)), data


def check_pieces(seen, src, dst, mss):
    """Returns how much data each packet has, and all of it has to be there, in order.

    How much GRO puts into one is the kernel's affair: a packet that still has a
    socket, as the last one injected has, stays alone and may overtake.
    """
    at, lengths, whole = 44 if ":" in src else 24, [], b""
    for packet in sorted(seen, key=lambda packet: packet[at:at + 4]):
        want, data = piece(packet, src, dst, mss)
        got = packet if want.offload else packet.finished()
        assert not difference(want.packet.closed(got), got)
        assert got.offload == (want.offload or Offload())
        lengths.append(len(data))
        whole += data
    assert whole == DATA
    return lengths


@pytest.fixture
def gro(real):
    """A veth that has GRO of its own, since Linux 5.13, has it off until somebody wants it."""
    real.gateway.run("ip", "link", "add", "fresh", "type", "veth", "peer", "name", "fresh2")
    try:
        features = real.gateway.run("ethtool", "-k", "fresh").stdout
    finally:
        real.gateway.run("ip", "link", "del", "fresh")
    if "generic-receive-offload: off" not in features:
        pytest.skip("this kernel's veth has no GRO")


@pytest.mark.usefixtures("gro")
@pytest.mark.parametrize("linear", [True, False], ids=["a list of packets", "pages"])
@pytest.mark.parametrize("mss", [1440, 1220])
def test_tcp_that_gro_put_together(real, arrivals, mss, linear):
    """What has no pages of its own becomes a list of packets; the translator keeps it whole."""
    sent = (super_tcp(HOST6, SERVER6, GSO_TCPV6, mss, DATA),
            super_tcp(SERVER4, HOST4, GSO_TCPV4, mss, DATA, df=True))
    with offloads(real, far=dict(SEGMENTED, sg=not linear), near=dict(ALL_ON, gro=True)):
        seen = real.wire.exchange(*sent)
        assert max(check_pieces(seen[4], HOST4, SERVER4, mss)) >= 3 * mss
        assert max(check_pieces(seen[6], SERVER6, HOST6, mss)) >= 3 * mss
        real.gateway.offloads("to6", **ALL_OFF)
        real.gateway.offloads("to4", **ALL_OFF)
        for device in ("to6", "to4"):
            real.gateway.offloads(device, rx=True, gro=True)
        seen = real.wire.exchange(*sent)
        assert max(check_pieces(seen[4], HOST4, SERVER4, mss)) == mss
        assert max(check_pieces(seen[6], SERVER6, HOST6, mss)) == mss
    assert nft.counted(real.gateway)["super"] == 4 * FORWARDING.times


UDP_GRO = [("a list of packets", dict(ALL_ON, gro=True, rx_gro_list=True)),
           ("one datagram", dict(ALL_ON, gro=True, rx_udp_gro_forwarding=True)),
           ("a list, no offloads behind", dict(ALL_OFF, rx=True, gro=True, rx_gro_list=True)),
           ("one datagram, no offloads behind",
            dict(ALL_OFF, rx=True, gro=True, rx_udp_gro_forwarding=True))]


@contextlib.contextmanager
def usual_udp(real):
    try:
        yield
    finally:
        for device in ("to6", "to4"):
            real.gateway.offloads(device, rx_gro_list=False, rx_udp_gro_forwarding=False)
        for namespace in (real.v6, real.v4):
            namespace.offloads("eth0", tx_udp_segmentation=True)


def send_datagrams(real, from_side, data, size):
    """Sends datagrams in one go; returns what arrives."""
    client, server, to = ends(real, from_side)
    with server:
        sink = socket.socket(socket.AF_INET if from_side == 6 else socket.AF_INET6,
                             socket.SOCK_DGRAM)
    with client:
        source = socket.socket(socket.AF_INET6 if from_side == 6 else socket.AF_INET,
                               socket.SOCK_DGRAM)
    with sink, source:
        sink.bind(("", 0))
        sink.settimeout(DEADLINE)
        source.sendmsg([data], [(socket.IPPROTO_UDP, 103, struct.pack("=H", size))], 0,
                       (to, sink.getsockname()[1]))
        return [sink.recv(9000) for _ in range(0, len(data), size)]


@pytest.mark.usefixtures("gro")
@pytest.mark.parametrize("near", [pytest.param(n, id=i) for i, n in UDP_GRO])
def test_udp_that_gro_put_together(real, arrivals, near):
    data = os.urandom(1200 * 7 + 700)
    far = dict(ALL_ON, gro=False, tx_udp_segmentation=False)
    with usual_udp(real), offloads(real, far=far, near=near):
        for merged, from_side in enumerate((6, 4), 1):
            got = send_datagrams(real, from_side, data, 1200)
            assert got == [data[n:n + 1200] for n in range(0, len(data), 1200)]
            assert nft.counted(real.gateway)["super"] >= merged


# BIG TCP: super-packets beyond 64 KiB, which only IPv6, or an IPv4 of length 0, can have.

IFLA_GSO_MAX_SIZE, IFLA_TSO_MAX_SIZE, IFLA_GSO_IPV4_MAX_SIZE = 41, 59, 63
SO_RCVBUFFORCE = 33


def set_link(namespace, device, **attributes):
    """What this iproute2 does not know yet. Returns whether the kernel knows it."""
    with namespace, socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        words = b"".join(struct.pack("=HHI", 8, kind, value) for kind, value in attributes.values())
        body = struct.pack("=BxHiII", 0, 0, socket.if_nametoindex(device), 0, 0) + words
        netlink.send(struct.pack("=IHHII", 16 + len(body), 16, 5, 1, 0) + body)
        error = struct.unpack_from("=i", netlink.recv(4096), 16)[0]
        assert error == 0, os.strerror(-error)


def tells_of(namespace, attribute, device="eth0"):
    """Whether the kernel has this attribute of devices."""
    with namespace, socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        body = struct.pack("=BxHiII", 0, 0, socket.if_nametoindex(device), 0, 0)
        netlink.send(struct.pack("=IHHII", 16 + len(body), 18, 1, 1, 0) + body)
        answer, at = netlink.recv(65536), 32
        while at < len(answer):
            length, kind = struct.unpack_from("=HH", answer, at)
            if kind & 0x3fff == attribute:
                return True
            at += (length + 3) & ~3
    return False


def set_sizes(namespace, device, size):
    """The longest super-packets that a device is given."""
    set_link(namespace, device, any=(IFLA_GSO_MAX_SIZE, size))
    if tells_of(namespace, IFLA_GSO_IPV4_MAX_SIZE, device):
        set_link(namespace, device, four=(IFLA_GSO_IPV4_MAX_SIZE, size))


@contextlib.contextmanager
def lengths(namespace):
    """Of the packets on a host's link: how long each is, and how long it says it is."""
    with namespace:
        listener = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
    head = bytearray(40)

    def read():
        with contextlib.suppress(BlockingIOError):
            while True:
                length = listener.recv_into(head, 40, socket.MSG_TRUNC)
                yield length, (40 + int.from_bytes(head[4:6], "big") if head[0] >> 4 == 6 else
                               int.from_bytes(head[2:4], "big"))

    with listener:
        listener.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 256 << 20)
        listener.bind(("eth0", 3))
        listener.setblocking(False)
        yield read


@DIRECTIONS
@pytest.mark.parametrize("near", [dict(ALL_ON), dict(ALL_OFF)], ids=["all on", "all off"])
def test_big_tcp(real, arrivals, from_side, near):
    client, server, to = ends(real, from_side)
    if not tells_of(client, IFLA_TSO_MAX_SIZE if from_side == 6 else IFLA_GSO_IPV4_MAX_SIZE):
        pytest.skip(f"this kernel has no BIG TCP for IPv{from_side}")
    data = os.urandom(4 << 20)
    big = [(client, "eth0"), (real.gateway, "to4" if from_side == 6 else "to6")]
    for link in big:
        set_sizes(*link, 180_000)
    try:
        # A sender makes no large packets on a slow path, as one through a slow machine is.
        with real.mtus(far6=1500, far4=1500), offloads(real, near=dict(near, gro=False)), \
                client.sysctls(net__ipv4__tcp_tso_rtt_log=31):
            ours, theirs = sockets.connect(client, server, to)
            with ours, theirs, lengths(server) as arrived:
                for _ in range(20):  # until the window is wide enough for one
                    assert sockets.stream(ours, theirs, data) == data
                    wrong = [(got, said) for got, said in arrived() if got != said]
                    assert not wrong
                    if nft.counted(real.gateway)["big"]:
                        break
    finally:
        for link in big:
            set_sizes(*link, 65536)
    assert nft.counted(real.gateway)["big"] > 0


# TCP that has DF clear.

@pytest.mark.parametrize("near", [dict(ALL_ON, gro=False), dict(ALL_OFF), dict(ALL_ON, gro=True)],
                         ids=["all on", "all off", "GRO"])
@pytest.mark.parametrize("far", [ALL_ON, ALL_OFF], ids=["super-packets", "segments"])
def test_tcp_without_df_is_split_and_arrives(real, far, near):
    """7915 4.1, for a host that does no path MTU discovery."""
    data = os.urandom(300_000)
    real.gateway.ctl("stats", "reset")
    with real.v4.sysctls(net__ipv4__ip_no_pmtu_disc=1), real.mtus(far6=1500, far4=1500):
        with offloads(real, far=far, near=near):
            ours, theirs = sockets.connect(real.v4, real.v6, REAL6_MAPPED)
            with ours, theirs:
                assert sockets.stream(ours, theirs, data) == data
                assert sockets.stream(theirs, ours, data) == data
    stats = dict(line.split() for line in real.gateway.show("stats").splitlines())
    assert int(stats["split_4to6"]) >= len(data) // 1500


# Somebody listens, and holds on to each packet.

@DIRECTIONS
@pytest.mark.parametrize("states", [ALL_ON, ALL_OFF, dict(ALL_ON, gro=True)],
                         ids=["all on", "all off", "GRO"])
def test_connections_while_somebody_listens(real, from_side, states):
    client, server, to = ends(real, from_side)
    data = os.urandom(300_000)
    with tap(real.gateway, "to6") as six, tap(real.gateway, "to4") as four:
        with real.mtus(far6=1500, far4=1500), offloads(real, near=states):
            ours, theirs = sockets.connect(client, server, to)
            with ours, theirs:
                assert sockets.stream(ours, theirs, data) == data
        assert six() and four()


# Packets that the kernel put together before the translator sees them: with
# connection tracking and a VRF, whose packets pass PREROUTING twice, and a mark
# that chooses the second time.

@pytest.fixture(scope="module")
def in_vrf():
    topology = build_topology("nat64-vrf", vrf="blue")
    yield topology
    topology.delete()


@pytest.fixture
def reassembling(in_vrf, module):
    in_vrf.configure(CONFIG + "set mark 1\n")
    in_vrf.gateway.run("nft", "-f", "-", input="\n".join([
        "table inet test {", nft.chain("prerouting", 'iifname "blue" meta mark set 1',
                                       'ct state new counter comment "tracked"', priority=-1000),
        "}"]) + "\n")
    yield in_vrf
    in_vrf.gateway.run("nft", "flush", "ruleset")


@pytest.mark.parametrize("length", [1000, 1400, 2800])
def test_ipv6_packet_that_was_reassembled(reassembling, length):
    """It goes without DF, for it was not to be discovered whose path MTU."""
    part = udp(1000, 53, bytes(range(250)) * 12)
    part = udp(1000, 53, octets(HOST6, SERVER6, part)[8:length])
    six, four = octets(HOST6, SERVER6, part), octets(HOST4, SERVER4, part)
    cut = length // 16 * 8
    sent = [ip6(HOST6, SERVER6, fragment(7, 0, True), raw(UDP, six[:cut])),
            ip6(HOST6, SERVER6, fragment(7, cut), raw(UDP, six[cut:]))]
    size = length if length <= 1480 else cut  # the kernel keeps to what the fragments were
    expected = [ip4(HOST4, SERVER4, raw(UDP, four[at:at + size]), ttl=63, id=ANY, offset=at,
                    mf=at + size < length) for at in range(0, length, size)]
    reassembling.wire.expect(sent, *expected)


@pytest.mark.parametrize("df", [False, True], ids=["no DF", "DF"])
@pytest.mark.parametrize("length", [1000, 1400, 2800])
def test_ipv4_packet_that_was_reassembled(reassembling, length, df):
    """It is split again, with the Identification of its fragments."""
    part = udp(53, 1000, bytes(range(250)) * 12)
    part = udp(53, 1000, octets(SERVER4, HOST4, part)[8:length])
    four, six = octets(SERVER4, HOST4, part), octets(SERVER6, HOST6, part)
    cut = length // 16 * 8
    sent = [ip4(SERVER4, HOST4, raw(UDP, four[:cut]), id=7, mf=True, df=df),
            ip4(SERVER4, HOST4, raw(UDP, four[cut:]), id=7, offset=cut, df=df)]
    expected = [ip6(SERVER6, HOST6, fragment(7, at, at + 1232 < length),
                    raw(UDP, six[at:at + 1232]), hlim=63) for at in range(0, length, 1232)]
    if length + 40 <= 1280:
        expected = [ip6(SERVER6, HOST6, raw(UDP, six), hlim=63)]
    reassembling.wire.expect(sent, *expected)


# The same VRF, without a mark.

@pytest.fixture
def vrf(in_vrf, module):
    in_vrf.configure(CONFIG)
    return in_vrf


def test_packets_stay_in_their_vrf(vrf):
    vrf.wire.expect(ip6(HOST6, SERVER6, udp(1, 2)), ip4(HOST4, SERVER4, udp(1, 2), ttl=63, id=ANY))
    vrf.wire.expect(ip4(SERVER4, HOST4, udp(1, 2)), ip6(SERVER6, HOST6, udp(1, 2), hlim=63))
    vrf.wire.expect(ip6(HOST6, "2001:db8:100::203.0.113.20", udp(1, 2)),
                    ip6("2001:db8:100::203.0.113.10", PEER6, udp(1, 2), hlim=63))


def test_answers_come_from_the_vrf(vrf):
    for packet in (ip6(HOST6, SERVER6, udp(1, 2), hlim=1), ip4(SERVER4, HOST4, udp(1, 2), ttl=1)):
        vrf.wire.expect(packet, icmp_error.time_exceeded(packet))
    with vrf.mtus(to4=1400):
        packet = ip6(HOST6, SERVER6, udp(1, 2, bytes(1400)))
        vrf.wire.expect(packet, icmp_error.packet_too_big(packet, 1420))
    with vrf.mtus(to6=1300):
        packet = ip4(SERVER4, HOST4, udp(1, 2, bytes(1400)), df=True)
        vrf.wire.expect(packet, icmp_error.fragmentation_needed(packet, 1280))


@pytest.mark.parametrize("from_side", [6, 4], ids=["6to4", "4to6"])
def test_connections_through_a_vrf(vrf, from_side):
    client, server, to = ends(vrf, from_side)
    data = os.urandom(200_000)
    with vrf.mtus(far6=1500, far4=1500):
        ours, theirs = sockets.connect(client, server, to)
        with ours, theirs:
            assert sockets.stream(ours, theirs, data) == data
            assert sockets.stream(theirs, ours, data) == data
