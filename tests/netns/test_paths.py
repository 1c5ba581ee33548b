# SPDX-License-Identifier: GPL-2.0-only
"""Whole paths: routers behind the gateway on either side, path MTUs, tunnels, policy routing.

    h6 ---- router6 ---- gateway ---- router4 ---- h4

The routers are the hosts of the other tests. A route's MTU makes a bottleneck
that only the router in front of it knows of.
"""

import contextlib
import errno
import json
import os
import re
import shutil
import socket
import struct
from pathlib import Path

import netns
import nft
import pytest
import sockets
import util
from addresses import (GATEWAY4, GATEWAY6, HOST4, HOST6, PREFIX, REAL4, REAL4_EMBEDDED, REAL6,
                       REAL6_MAPPED, SERVER4, SERVER6)
from icmp_error import answer4, answer6, fragmentation_needed, packet_too_big
from packet import ANY, UDP, fragment, ip4, ip6, octets, raw, udp
from util import DEADLINE

H6, H6_MAPPED = "2001:db8:66::66", "203.0.113.66"
H4, H4_EMBEDDED = "192.0.2.130", "2001:db8:100::c000:282"
ROUTER6, ROUTER4 = "2001:db8:66::1", "192.0.2.129"
DEAD6, DEAD6_MAPPED = "2001:db8:66::dead", "203.0.113.67"
BANNED6, BANNED6_MAPPED = "2001:db8:66::baad", "203.0.113.68"
DEAD4, DEAD4_EMBEDDED = "192.0.2.140", "2001:db8:100::c000:28c"
BANNED4, BANNED4_EMBEDDED = "192.0.2.141", "2001:db8:100::c000:28d"
POOL4 = "203.0.113.254"

# The router of the IPv6 side has no mapping.
CONFIG = [f"prefix add {PREFIX}", f"add {HOST4} {HOST6}", f"add {H6_MAPPED} {H6}",
          f"add {DEAD6_MAPPED} {DEAD6}", f"add {BANNED6_MAPPED} {BANNED6}",
          f"set icmp-source4 {POOL4}"]

pytestmark = [pytest.mark.usefixtures("real"), pytest.mark.configuration(*CONFIG)]

DIRECTIONS = pytest.mark.parametrize("direction", ["6to4", "4to6"])


@pytest.fixture(scope="module")
def hosts(namespaces):
    """The two hosts behind the routers."""
    h6, h4 = netns.Namespace("nat64-h6"), netns.Namespace("nat64-h4")
    near6, near4, gateway = namespaces.v6, namespaces.v4, namespaces.gateway
    near6.ip("link add down0 type veth peer name eth0 netns nat64-h6", "link set down0 up",
             f"addr add {ROUTER6}/64 dev down0 nodad", "addr add fe80::1/64 dev down0 nodad",
             f"route add unreachable {DEAD6}/128", f"route add prohibit {BANNED6}/128")
    near4.ip("link add down0 type veth peer name eth0 netns nat64-h4", "link set down0 up",
             f"addr add {ROUTER4}/25 dev down0",
             f"route add unreachable {DEAD4}/32", f"route add prohibit {BANNED4}/32")
    h6.ip("link set eth0 up", f"addr add {H6}/64 dev eth0 nodad",
          "addr add fe80::66/64 dev eth0 nodad", f"route add default via {ROUTER6}")
    h4.ip("link set eth0 up", f"addr add {H4}/25 dev eth0", f"route add default via {ROUTER4}")
    routes = [f"route 2001:db8:66::/64 via {REAL6}", f"route 192.0.2.128/25 via {REAL4}"]
    with near6.sysctls(net__ipv6__conf__all__forwarding=1, net__ipv6__icmp__ratelimit=0), \
            near4.sysctls(net__ipv4__ip_forward=1, net__ipv4__icmp_ratelimit=0), \
            gateway.routes(*routes), namespaces.mtus(far6=1500, far4=1500):
        yield h6, h4
    near6.ip("link del down0", f"route del unreachable {DEAD6}/128", f"route del prohibit {BANNED6}/128")
    near4.ip("link del down0", f"route del unreachable {DEAD4}/32", f"route del prohibit {BANNED4}/32")
    for namespace in (h6, h4):
        namespace.delete()


@pytest.fixture
def forget(hosts, real):
    """What was learned of path MTUs goes with the test."""
    yield
    h6, h4 = hosts
    for namespace in (h6, real.v6):
        namespace.run("ip", "-6", "route", "flush", "cache")
    for namespace in (h4, real.v4):
        with namespace:
            Path("/proc/sys/net/ipv4/route/flush").write_text("1")


FORGET = pytest.mark.usefixtures("forget")


def ends(hosts, direction):
    """Client, server, the server's address for the client, and its own."""
    h6, h4 = hosts
    return (h6, h4, H4_EMBEDDED, H4) if direction == "6to4" else (h4, h6, H6_MAPPED, H6)


@contextlib.contextmanager
def bottleneck(real, side, mtu):
    """A route of a router that carries less than its link."""
    router, route = ((real.v6, "2001:db8:66::/64 dev down0 metric 256") if side == 6 else
                     (real.v4, f"192.0.2.128/25 dev down0 src {ROUTER4} scope link proto kernel"))
    change = "change" if side == 6 else "replace"
    router.ip(f"route {change} {route} mtu {mtu}")
    try:
        yield
    finally:
        router.ip(f"route {change} {route} mtu 1500")


def learned(namespace, to):
    """The path MTU that a host has learned, or None."""
    said = namespace.run("ip", "route", "get", to).stdout
    found = re.search(r" mtu (\d+)", said)
    return int(found[1]) if found else None


# Path MTU discovery from end to end, RFC 7915 1.4, 4.2, 5.2, 7.

# The bottleneck's side and MTU; what each end then knows of the path.
BOTTLENECKS = [(6, 1280, None, 1260), (6, 1400, None, 1380), (4, 1400, 1420, None),
               (4, 1280, 1300, None), (4, 1000, 1280, None)]


@FORGET
@pytest.mark.parametrize("side, mtu, knows6, knows4", BOTTLENECKS,
                         ids=[f"{m} on the IPv{s} side" for s, m, _, _ in BOTTLENECKS])
def test_tcp_learns_the_path_mtu(real, hosts, side, mtu, knows6, knows4):
    h6, h4 = hosts
    data = os.urandom(200_000)
    with bottleneck(real, side, mtu):
        ours, theirs = sockets.connect(h4, h6, H6_MAPPED)
        with ours, theirs:
            assert sockets.stream(ours, theirs, data) == data
            assert sockets.stream(theirs, ours, data) == data
        assert (learned(h6, H4_EMBEDDED), learned(h4, H6_MAPPED)) == (knows6, knows4)


NEVER, ALWAYS = 0, 2  # IP_PMTUDISC_DONT, IP_PMTUDISC_DO; IPv6's are the same


@contextlib.contextmanager
def datagrams(hosts, direction, discover):
    """A connected UDP socket and the one that it sends to."""
    client, server, to, _ = ends(hosts, direction)
    family, level, option = ((socket.AF_INET6, socket.IPPROTO_IPV6, 23) if direction == "6to4" else
                             (socket.AF_INET, socket.IPPROTO_IP, 10))
    with server:
        sink = socket.socket(socket.AF_INET if family == socket.AF_INET6 else socket.AF_INET6,
                             socket.SOCK_DGRAM)
    with client:
        source = socket.socket(family, socket.SOCK_DGRAM)
    with sink, source:
        sink.bind(("", 0))
        sink.settimeout(DEADLINE)
        source.setsockopt(level, option, discover)
        source.connect((to, sink.getsockname()[1]))
        yield source, sink


def path_mtu(source):
    level, option = ((socket.IPPROTO_IPV6, 24) if source.family == socket.AF_INET6 else
                     (socket.IPPROTO_IP, 14))
    return source.getsockopt(level, option)


@FORGET
@pytest.mark.parametrize("side, mtu, knows6, knows4", BOTTLENECKS,
                         ids=[f"{m} on the IPv{s} side" for s, m, _, _ in BOTTLENECKS])
def test_udp_learns_the_path_mtu(real, hosts, side, mtu, knows6, knows4):
    direction, knows, headers = (("6to4", knows6, 48) if knows6 else ("4to6", knows4, 28))
    with bottleneck(real, side, mtu), datagrams(hosts, direction, ALWAYS) as (source, sink):
        def learns():
            with contextlib.suppress(OSError):
                source.send(bytes(path_mtu(source) - headers))
            return path_mtu(source) == knows

        util.eventually(learns, f"a path MTU of {knows}")
        source.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        with pytest.raises(OSError) as refused:
            source.send(bytes(knows - headers + 1))
        assert refused.value.errno == errno.EMSGSIZE
        data = os.urandom(knows - headers)
        source.send(data)
        assert any(sink.recv(9000) == data for _ in range(9))


def arrives(source, sink, data, may_be_lost):
    """An IPv6 host loses what was too large until it has learned so, whatever it discovers."""
    def once():
        source.send(data)
        with contextlib.suppress(TimeoutError):
            return sink.recv(65535) == data

    if may_be_lost:
        sink.settimeout(0.5)
        util.eventually(once, "a datagram")
    else:
        assert once()


@FORGET
@pytest.mark.parametrize("direction, side, mtu", [
    ("4to6", 6, 1280), ("4to6", 6, 1400), ("4to6", 4, 1400), ("4to6", 4, 576),
    ("6to4", 6, 1280), ("6to4", 4, 1400), ("6to4", 4, 1000), ("6to4", 4, 576)])
def test_udp_without_discovery_arrives(real, hosts, direction, side, mtu):
    """Fragments of fragments, put together only by the host that they are for."""
    with bottleneck(real, side, mtu), datagrams(hosts, direction, NEVER) as (source, sink):
        for size in (1232, 1233, 1400, 3000, 9000):
            arrives(source, sink, os.urandom(size), may_be_lost=direction == "6to4")


# Errors of routers, as sockets see them: type, code, and from whom.

def error_of(source):
    """The first ICMP error that a socket gets, which asks for it until then: routers limit them."""
    def ask():
        with contextlib.suppress(BlockingIOError):
            return source.recvmsg(2000, 2000, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT)[1]
        with contextlib.suppress(OSError):
            source.send(b"hello")

    (_, _, octets_), = util.eventually(ask, "an error")
    number, _, type, code = struct.unpack_from("=IBBB", octets_)
    family = struct.unpack_from("=H", octets_, 16)[0]
    offender = (socket.inet_ntop(socket.AF_INET, octets_[20:24]) if family == socket.AF_INET else
                socket.inet_ntop(socket.AF_INET6, octets_[24:40]))
    return errno.errorcode[number], type, code, offender


ERRORS_4TO6 = [("unreachable", DEAD6_MAPPED, ("EHOSTUNREACH", 3, 1, POOL4)),
               ("prohibited", BANNED6_MAPPED, ("EHOSTUNREACH", 3, 10, POOL4)),
               ("nobody there", H6_MAPPED, ("ECONNREFUSED", 3, 3, H6_MAPPED))]
ERRORS_6TO4 = [("unreachable", DEAD4_EMBEDDED, ("ENETUNREACH", 1, 0, REAL4_EMBEDDED)),
               ("prohibited", BANNED4_EMBEDDED, ("EACCES", 1, 1, REAL4_EMBEDDED)),
               ("nobody there", H4_EMBEDDED, ("ECONNREFUSED", 1, 4, H4_EMBEDDED))]


@pytest.mark.parametrize("to, expected", [
    pytest.param(to, expected, id=f"{'6to4' if ':' in to else '4to6'} {name}")
    for name, to, expected in ERRORS_4TO6 + ERRORS_6TO4])
def test_errors_of_routers_reach_the_socket(hosts, to, expected):
    h6, h4 = hosts
    six = ":" in to
    with h6 if six else h4:
        source = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
    with source:
        source.setsockopt(socket.IPPROTO_IPV6 if six else socket.IPPROTO_IP, 25 if six else 11, 1)
        source.connect((to, 9))
        assert error_of(source) == expected


@DIRECTIONS
@pytest.mark.parametrize("how", [["-U"], ["-I"], ["-T"]], ids=["UDP", "ICMP", "TCP"])
def test_traceroute_through_routers(hosts, direction, how):
    util.need("traceroute")
    client, _, address, _ = ends(hosts, direction)
    said = client.run("traceroute", "-n", "-q", 1, "-w", 5, "-N", 1, *how, address).stdout
    hops = [line.split()[1] for line in said.splitlines()[1:]]
    assert hops == ([ROUTER6, GATEWAY6, REAL4_EMBEDDED, H4_EMBEDDED] if direction == "6to4" else
                    [ROUTER4, GATEWAY4, POOL4, H6_MAPPED]), said


@FORGET
@DIRECTIONS
def test_tracepath_finds_a_bottleneck_behind_a_router(real, hosts, direction):
    util.need("tracepath")
    client, _, address, _ = ends(hosts, direction)
    with bottleneck(real, 4 if direction == "6to4" else 6, 1400):
        said = client.run("tracepath", "-n", address).stdout
    assert re.search(f"pmtu {1420 if direction == '6to4' else 1380} hops 4", said), said


# Every pair of MTUs: exact packets at and above each limit, and ping.

SIZES = (1280, 1400, 1500, 9000)
PAIRS = pytest.mark.parametrize("mtu6, mtu4", [(six, four) for six in SIZES for four in SIZES])


def long_udp(length, header):
    return udp(53, 1000, (bytes(range(251)) * 40)[:length - header - 8])


@PAIRS
def test_limits_of_each_pair_of_mtus(real, mtu6, mtu4):
    """The largest packet that passes unbroken, and the smallest that does not, if it can come in."""
    expect = real.wire.expect
    with real.mtus(to6=mtu6, to4=mtu4, far6=65535, far4=65535):
        fits = min(mtu6, mtu4 + 20)
        part = long_udp(fits, 40)
        expect(ip6(HOST6, SERVER6, part),
               ip4(HOST4, SERVER4, part, ttl=63, id=ANY, df=fits > 1280))
        if fits < mtu6:
            packet = ip6(HOST6, SERVER6, long_udp(fits + 1, 40))
            expect(packet, packet_too_big(packet, mtu4 + 20))
        fits = min(mtu4, mtu6 - 20)
        part = long_udp(fits, 20)
        expect(ip4(SERVER4, HOST4, part, df=True), ip6(SERVER6, HOST6, part, hlim=63))
        if fits < mtu4:
            packet = ip4(SERVER4, HOST4, long_udp(fits + 1, 20), df=True)
            expect(packet, fragmentation_needed(packet, mtu6 - 20))
        part = long_udp(1260, 20)
        expect(ip4(SERVER4, HOST4, part), ip6(SERVER6, HOST6, part, hlim=63))
        part = long_udp(min(mtu4, 2000), 20)
        body = octets(SERVER6, HOST6, part)
        if len(body) > 1240:
            expect(ip4(SERVER4, HOST4, part, id=9),
                   *[ip6(SERVER6, HOST6, fragment(9, at, at + 1232 < len(body)),
                         raw(UDP, body[at:at + 1232]), hlim=63) for at in range(0, len(body), 1232)])


def ping(client, address, size, df):
    """Sends one echo request that makes packets of this size; returns what ping says."""
    header = 48 if ":" in address else 28
    done = client.run("ping", "-n", "-c", 1, "-W", 3, "-M", df, "-s", size - header, address,
                      check=False)
    return done.stdout + done.stderr


@FORGET
@pytest.mark.configuration(*CONFIG, f"add {REAL6_MAPPED} {REAL6}")
@DIRECTIONS
@PAIRS
def test_ping_for_each_pair_of_mtus(real, direction, mtu6, mtu4):
    client, address = ((real.v6, REAL4_EMBEDDED) if direction == "6to4" else
                       (real.v4, REAL6_MAPPED))
    fits = min(mtu6, mtu4 + 20) if direction == "6to4" else min(mtu4, mtu6 - 20)
    own = mtu6 if direction == "6to4" else mtu4
    with real.mtus(to6=mtu6, far6=mtu6, to4=mtu4, far4=mtu4):
        assert "1 received" in ping(client, address, fits, "do")
        if fits < own:
            assert re.search(rf"mtu[:= ]+{fits}\b", ping(client, address, fits + 1, "do"))
            assert "0 received" in ping(client, address, fits + 1, "do")
        assert "1 received" in ping(client, address, fits, "dont")


# Policy routing.

@contextlib.contextmanager
def rules(gateway, *lines):
    for line in lines:
        gateway.run("ip", *line.format("add").split())
    try:
        yield
    finally:
        for line in reversed(lines):
            gateway.run("ip", *line.format("del").split())


@pytest.mark.configuration(*CONFIG, "add 203.0.113.99 2001:db8:9::9")
def test_a_mark_chooses_the_route(real, filters):
    """Set on the packet that comes in, it counts for the one that goes out."""
    filters(nft.chain("prerouting", "udp dport 7 meta mark set 77", priority=-1000))
    with rules(real.gateway, "rule {} fwmark 77 table 100", "-6 rule {} fwmark 77 table 100",
               "route {} unreachable 192.0.2.7/32",
               "-6 route {} unreachable 2001:db8:9::9/128",
               "route {} default via 198.51.100.254 table 100",
               "-6 route {} default via 2001:db8:1::fe table 100"):
        to4, to6 = "2001:db8:100::192.0.2.7", "203.0.113.99"
        real.wire.expect(ip6(HOST6, to4, udp(1, 7)), ip4(HOST4, "192.0.2.7", udp(1, 7), ttl=63, id=ANY))
        real.wire.expect(ip4(SERVER4, to6, udp(1, 7)), ip6(SERVER6, "2001:db8:9::9", udp(1, 7), hlim=63))
        packet = ip6(HOST6, to4, udp(1, 8))
        real.wire.expect(packet, answer6(packet, 1, 3))
        packet = ip4(SERVER4, to6, udp(1, 8))
        real.wire.expect(packet, answer4(packet, 3, 1))


def test_ports_choose_the_route(real):
    with rules(real.gateway, "rule {} ipproto udp dport 7 blackhole",
               "-6 rule {} ipproto udp sport 7 blackhole"):
        real.wire.expect_silence(ip6(HOST6, SERVER6, udp(1, 7)), ip4(SERVER4, HOST4, udp(7, 1)))
        real.wire.expect(ip6(HOST6, SERVER6, udp(7, 1)), ip4(HOST4, SERVER4, udp(7, 1), ttl=63, id=ANY))
        real.wire.expect(ip4(SERVER4, HOST4, udp(1, 7)), ip6(SERVER6, HOST6, udp(1, 7), hlim=63))


# NAT and reject in the rules of either family.

def test_nat_leaves_translated_packets_alone(real, filters):
    """They are untracked. Native ones are changed as before."""
    filters(nft.chain("postrouting", "udp dport 7-8 masquerade", kind="nat", priority=100),
            nft.chain("prerouting", "udp dport 7 dnat ip to 192.0.2.200",
                      "udp dport 7 dnat ip6 to 2001:db8:1::fe", kind="nat", priority=-100))
    for port in (7, 8):
        real.wire.expect(ip6(HOST6, SERVER6, udp(1, port)),
                         ip4(HOST4, SERVER4, udp(1, port), ttl=63, id=ANY))
        real.wire.expect(ip4(SERVER4, HOST4, udp(1, port)), ip6(SERVER6, HOST6, udp(1, port), hlim=63))
    seen = real.wire.exchange(ip4(SERVER4, "192.0.2.9", udp(4321, 7)))[4]
    assert [p for p in seen if p == ip4(GATEWAY4, "192.0.2.200", udp(4321, 7), ttl=63)]


@pytest.mark.parametrize("packet, rule, told", [
    (ip6(HOST6, SERVER6, udp(1, 666)), "ip6 daddr 2001:db8:100::/96 udp dport 666 reject with icmpv6 "
     "admin-prohibited", (1, 1)),
    (ip4(SERVER4, HOST4, udp(1, 666)), "ip daddr 203.0.113.0/24 udp dport 666 reject with icmp "
     "admin-prohibited", (3, 13)),
], ids=["IPv6", "IPv4"])
def test_reject_before_the_translator(real, filters, packet, rule, told):
    """In the packet's own family, and about the packet as it came."""
    filters(nft.chain("prerouting", rule, priority=-1000))
    seen = real.wire.exchange(packet)
    make, want = ((answer6, 6) if packet[0] >> 4 == 6 else (answer4, 4))
    got, = seen[want]
    assert not seen[10 - want]
    head = 40 if want == 6 else 20
    expected = make(packet, *told)
    assert got[head:head + 2] == expected[head:head + 2] and got[head + 8:] == packet


# Tunnels.

TUNNEL = {
    "ipip": "type ipip local {} remote {}", "gre": "type gre local {} remote {}",
    "sit": "type sit local {} remote {}", "ip6tnl": "type ip6tnl mode ip6ip6 local {} remote {}",
    "ip6gre": "type ip6gre local {} remote {}",
}
T6, T6_MAPPED = "2001:db8:55::55", "203.0.113.55"
T4, T4_EMBEDDED = "192.0.2.55", "2001:db8:100::c000:237"


def wireguard(end, device, port, peer, peer_port, peer_key):
    end.run("wg", "set", device, "listen-port", port, "peer", peer_key, "allowed-ips",
            "0.0.0.0/0,::/0", "endpoint", f"[{peer}]:{peer_port}" if ":" in peer else
            f"{peer}:{peer_port}")


@contextlib.contextmanager
def tunnel(kind, gateway, far, own, remote, tmp_path):
    """A device tun0 at both ends."""
    if kind == "wireguard" and not shutil.which("wg"):
        raise AssertionError("install wireguard-tools")
    words = "type wireguard" if kind == "wireguard" else TUNNEL[kind]
    ends_ = ((gateway, own, remote), (far, remote, own))
    try:
        for end, local, peer in ends_:
            end.ip(f"link add tun0 {words.format(local, peer)}")
        if kind == "wireguard":
            keys = []
            for n, (end, _, _) in enumerate(ends_):
                file = tmp_path / f"key{n}"
                file.write_text(util.run("wg", "genkey").stdout)
                file.chmod(0o600)
                end.run("wg", "set", "tun0", "private-key", file)
                keys.append(end.run("wg", "show", "tun0", "public-key").stdout.strip())
            wireguard(gateway, "tun0", 5001, remote, 5002, keys[1])
            wireguard(far, "tun0", 5002, own, 5001, keys[0])
        for end, _, _ in ends_:
            end.ip("link set tun0 up")
        yield
    finally:
        for end, _, _ in ends_:
            end.run("ip", "link", "del", "tun0", check=False)


def exercise(client, server, to, back, fits_there, fits_back):
    """Data both ways, and each side's largest packet."""
    data = os.urandom(150_000)
    ours, theirs = sockets.connect(client, server, to)
    with ours, theirs:
        assert sockets.stream(ours, theirs, data) == data
        assert sockets.stream(theirs, ours, data) == data
    assert "1 received" in ping(client, to, fits_there, "do")
    assert "1 received" in ping(server, back, fits_back, "do")


def mtu_of(namespace, device):
    return json.loads(namespace.run("ip", "-j", "link", "show", device).stdout)[0]["mtu"]


@FORGET
@pytest.mark.configuration(*CONFIG, f"add {REAL6_MAPPED} {REAL6}")
@pytest.mark.parametrize("kind", ["ipip", "gre", "wireguard"])
def test_translated_packets_through_an_ipv4_tunnel(real, hosts, tmp_path, kind):
    """The IPv4 host is at the other end of the tunnel, the IPv6 host on the link."""
    gateway, far = real.gateway, real.v4
    with tunnel(kind, gateway, far, GATEWAY4, REAL4, tmp_path):
        mtu = mtu_of(gateway, "tun0")
        with gateway.routes(f"route {T4}/32 dev tun0"), far.routes(
                f"addr {T4}/32 dev lo", f"route 203.0.113.0/24 dev tun0 src {T4}"):
            exercise(real.v6, far, T4_EMBEDDED, REAL6_MAPPED, mtu + 20, min(mtu, 1480))
            packet = ip6(HOST6, T4_EMBEDDED, long_udp(mtu + 21, 40))
            with real.mtus(to6=2000, far6=2000):
                real.wire.expect(packet, packet_too_big(packet, mtu + 20))


@FORGET
@pytest.mark.configuration(*CONFIG, f"add {T6_MAPPED} {T6}")
@pytest.mark.parametrize("kind", ["ip6tnl", "ip6gre", "sit", "wireguard"])
def test_translated_packets_through_an_ipv6_tunnel(real, hosts, tmp_path, kind):
    """The IPv6 host is at the other end of the tunnel, the IPv4 host on the link."""
    gateway, far = real.gateway, real.v4 if kind == "sit" else real.v6
    own, remote = (GATEWAY4, REAL4) if kind == "sit" else (GATEWAY6, REAL6)
    with tunnel(kind, gateway, far, own, remote, tmp_path):
        mtu = mtu_of(gateway, "tun0")
        with gateway.routes(f"route {T6}/128 dev tun0"), far.routes(
                f"addr {T6}/128 dev lo nodad", f"route {PREFIX} dev tun0 src {T6}"):
            exercise(hosts[1], far, T6_MAPPED, H4_EMBEDDED, mtu - 20, mtu)
            packet = ip4(SERVER4, T6_MAPPED, long_udp(mtu - 19, 20), df=True)
            real.wire.expect(packet, fragmentation_needed(packet, mtu - 20))
