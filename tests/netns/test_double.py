# SPDX-License-Identifier: GPL-2.0-only
"""IPv4 over IPv6: packets between IPv4 hosts are translated twice (RFC 7756 section 3, RFC 6877).

    inner ---- edge ---- router ---- border ---- outer
    203.0.113.10    2001:db8:e::/64  2001:db8:b::/64    198.51.100.10

The edge has an edge mapping for the inner host. The border has a usual one; or is Debian's Jool,
stateless or stateful, if NAT64_OTHERS has what tests/bench/others prints for this kernel.
"""

import contextlib
import itertools
import os
import re
import socket
from pathlib import Path

import pytest
import util
from addresses import PREFIX
from netns import Namespace
from sockets import connect, stream
from topology import Gateway

INNER4, INNER6, OUTER4 = "203.0.113.10", "2001:db8:46::10", "198.51.100.10"
EDGE4, BORDER4 = "203.0.113.1", "198.51.100.1"
IP_MTU_DISCOVER, IP_PMTUDISC_DONT, IP_PMTUDISC_DO, IP_MTU = 10, 0, 2, 14
NAMES = ("inner", "edge", "router", "border", "outer")
OTHERS = {Path(path).name: path for path in os.environ.get("NAT64_OTHERS", "").split()}
MEGABYTE = os.urandom(1 << 20)

DIRECTIONS = pytest.mark.parametrize("outwards", [True, False], ids=["outwards", "inwards"])

pytestmark = pytest.mark.usefixtures("module")


class Chain:
    """Five namespaces, each with a device "outer" for its link to the next one, "inner" there."""

    def __init__(self, translator):
        self.translator = translator
        self.inner, self.router, self.outer = (Namespace(f"nat64-{name}") for name in NAMES[::2])
        self.edge, self.border = (Gateway(f"nat64-{name}") for name in NAMES[1::2])
        for near, far in zip(NAMES, NAMES[1:]):
            near, far = getattr(self, near), getattr(self, far)
            near.ip(f"link add outer type veth peer name inner netns {far.name}",
                    "link set outer up")
            far.ip("link set inner up")
        for namespace in (self.edge, self.router, self.border):
            for key in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"):
                namespace.sysctl(key, 1)
            for key in ("net.ipv4.icmp_ratelimit", "net.ipv6.icmp.ratelimit"):
                namespace.sysctl(key, 0)
        self.add_addresses()

    def add_addresses(self):
        self.inner.ip(f"addr add {INNER4}/28 dev outer", f"route add default via {EDGE4}")
        for n, (end, device) in enumerate(((self.edge, "outer"), (self.router, "inner"),
                                           (self.router, "outer"), (self.border, "inner"))):
            end.ip(f"addr add fe80::{n + 1}/64 dev {device} nodad")
        self.edge.ip(f"addr add {EDGE4}/28 dev inner", "addr add 2001:db8:e::2/64 dev outer nodad",
                     "route add default via 2001:db8:e::1")
        self.router.ip("addr add 2001:db8:e::1/64 dev inner nodad",
                       "addr add 2001:db8:b::1/64 dev outer nodad",
                       f"route add {INNER6}/128 via 2001:db8:e::2",
                       f"route add {PREFIX} via 2001:db8:b::2")
        self.border.ip("addr add 2001:db8:b::2/64 dev inner nodad",
                       f"addr add {BORDER4}/24 dev outer",
                       "route add default via 2001:db8:b::1")
        self.outer.ip(f"addr add {OUTER4}/24 dev inner", f"route add 203.0.113.0/28 via {BORDER4}")

    def configure(self, mode="filtered", lowest=1280):
        for gateway, role in ((self.edge, " edge"), (self.border, "")):
            if gateway is self.edge or self.translator == "nat64":
                gateway.configure(f"prefix add {PREFIX}\nadd {INNER4} {INNER6}{role}\n"
                                  f"set forwarding {mode}\nset lowest-ipv6-mtu {lowest}\n")

    def ends(self, outwards):
        """The client, the server, and the server's address."""
        return ((self.inner, self.outer, OUTER4) if outwards else (self.outer, self.inner, INNER4))

    def seen_as(self, outwards):
        """The client's address for the server."""
        return (OUTER4 if not outwards else BORDER4 if self.translator == "jool" else INNER4)

    def connect(self, outwards):
        return connect(*self.ends(outwards), server_family=socket.AF_INET)

    @contextlib.contextmanager
    def narrow_link(self, number, mtu):
        """One of the four links has a smaller MTU for a while; then nobody knows of it."""
        near, far = (getattr(self, name) for name in NAMES[number:number + 2])
        ends = ((near, "outer"), (far, "inner"))
        for namespace, device in ends:
            namespace.mtu(device, mtu)
        try:
            yield
        finally:
            for namespace, device in ends:
                namespace.mtu(device, 1500)
            for name, family in itertools.product(NAMES, ("-4", "-6")):
                getattr(self, name).run("ip", family, "route", "flush", "cache")

    def delete(self):
        for name in NAMES:
            getattr(self, name).delete()


@contextlib.contextmanager
def jool(border, program):
    """Jool in the border: jool_siit; or jool, stateful, which has the border's own address."""
    modules = [OTHERS[f"{name}.ko"] for name in ("jool_common", program)]
    util.run("modprobe", "-a", "x_tables", "nf_defrag_ipv4", "nf_defrag_ipv6", "nf_conntrack")
    for module in modules:
        util.run("insmod", module)
    border.run(OTHERS[program], "instance", "add", "--netfilter", "--pool6", PREFIX)
    border.run(OTHERS[program], "global", "update", "lowest-ipv6-mtu", 1500)
    if program == "jool_siit":
        border.run(OTHERS[program], "eamt", "add", INNER4, INNER6)
    yield
    border.run(OTHERS[program], "instance", "remove")
    for module in reversed(modules):
        util.run("rmmod", module)


@pytest.fixture(scope="module", params=["nat64", "jool_siit", "jool"])
def built(request, module):
    if request.param not in ("nat64", *OTHERS):
        pytest.skip("see tests/bench/others")
    chain = Chain(request.param)
    with jool(chain.border, request.param) if request.param in OTHERS else contextlib.nullcontext():
        yield chain
    chain.delete()


@pytest.fixture
def chain(request, built):
    if built.translator == "jool" and not request.node.callspec.params["outwards"]:
        pytest.skip("a stateful translator lets nobody in")
    built.configure()
    return built


@pytest.mark.parametrize("mode", ["filtered", "direct"])
@DIRECTIONS
def test_fifty_megabytes_each_way(chain, outwards, mode):
    chain.configure(mode)
    ours, theirs = chain.connect(outwards)
    with ours, theirs:
        for source, sink in ((ours, theirs), (theirs, ours)):
            assert all(stream(source, sink, MEGABYTE) == MEGABYTE for _ in range(50))


@contextlib.contextmanager
def datagrams(chain, outwards):
    """UDP sockets of a client and of a server, and the server's address."""
    client, server, to = chain.ends(outwards)
    with client:
        ours = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with server:
        theirs = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with ours, theirs:
        theirs.bind(("", 5000))
        for endpoint in (ours, theirs):
            endpoint.settimeout(util.DEADLINE)
        ours.connect((to, 5000))
        yield ours, theirs


@pytest.mark.parametrize("length", [0, 1, 1400, 1452, 1453, 3000, 60000])
@DIRECTIONS
def test_datagrams_and_their_fragments(chain, outwards, length):
    """1452 octets fill an IPv6 packet of 1500; longer ones become fragments somewhere."""
    if chain.translator == "jool" and length > 1452:
        pytest.skip("Jool 4.1.9 cannot send what it put together of fragments: JSTAT_DST_OUTPUT")
    data = MEGABYTE[:length]
    with datagrams(chain, outwards) as (ours, theirs):
        for endpoint in (ours, theirs):  # nobody has learned a path MTU, and none has to
            endpoint.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT)
        ours.send(data)
        got, source = theirs.recvfrom(65536)
        assert (got, source[0]) == (data, chain.seen_as(outwards))
        theirs.sendto(data[::-1], source)
        assert ours.recv(65536) == data[::-1]


@pytest.mark.parametrize("size, lowest", [(56, 1280), (1232, 1280), (1400, 1500)])
@DIRECTIONS
def test_ping(chain, outwards, size, lowest):
    """Fragments of ICMP are not translated (RFC 7915 1.2), and answers to pings have no DF (4)."""
    chain.configure(lowest=lowest)
    client, _, to = chain.ends(outwards)
    said = client.run("ping", "-n", "-c", 3, "-i", 0.01, "-W", 10, "-s", size, to).stdout
    assert " 3 received" in said


@pytest.mark.parametrize("how", [[], ["-I"], ["-T"]], ids=["UDP", "ICMP", "TCP"])
@pytest.mark.parametrize("outwards, hops", [
    (True, [EDGE4, EDGE4, EDGE4, OUTER4]), (False, [BORDER4, BORDER4, BORDER4, INNER4])])
def test_traceroute_shows_each_hop(chain, outwards, hops, how):
    """RFC 6791: routers without an IPv4 address get the translator's own one."""
    util.need("traceroute")
    client, _, to = chain.ends(outwards)
    said = client.run("traceroute", "-n", "-q", 1, "-w", 5, "-N", 1, *how, to).stdout
    assert re.findall(r"^ *\d+  (\S+)", said, re.MULTILINE) == hops


# What a host learns of a link of 1400 octets: an IPv6 header is longer by 20 (RFC 7915 4.2, 5.2).
NARROW = pytest.mark.parametrize("number, learned", [(0, 1400), (1, 1380), (2, 1380), (3, 1400)],
                                 ids=["inner link", "edge's link", "border's link", "outer link"])


@NARROW
@DIRECTIONS
def test_the_path_mtu_is_learned_from_behind_each_hop(chain, outwards, number, learned):
    with chain.narrow_link(number, 1400), datagrams(chain, outwards) as (ours, _):
        ours.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)

        def is_sent(length):
            """An error that was reported since the last call is an answer to this one."""
            with contextlib.suppress(OSError):
                return ours.send(bytes(length - 28)) + 28 == length
            return False

        util.eventually(lambda: not is_sent(1401) and ours.getsockopt(socket.IPPROTO_IP,
                                                                      IP_MTU) == learned,
                        "a packet too big is reported")
        util.eventually(lambda: is_sent(learned), "one that is not is sent")
        assert not is_sent(learned + 1)


@NARROW
@DIRECTIONS
def test_tcp_passes_a_narrow_link(chain, outwards, number, learned):
    with chain.narrow_link(number, 1400):
        ours, theirs = chain.connect(outwards)
        with ours, theirs:
            assert stream(ours, theirs, MEGABYTE) == MEGABYTE
            assert stream(theirs, ours, MEGABYTE) == MEGABYTE
