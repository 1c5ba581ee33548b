# SPDX-License-Identifier: GPL-2.0-only
"""Links of many kinds as a side of the gateway: connections over them carry their data.

    host6  link6  gateway  link4  host4
"""

import contextlib
import os
import socket

import pytest
from addresses import PREFIX
from netns import Namespace
from nft import chain, counted
from sockets import connect, stream
from topology import Gateway
from util import run

HOST6, HOST6_MAPPED, NEAR6 = "2001:db8:51::10", "203.0.113.51", "2001:db8:51::1"
HOST4, HOST4_EMBEDDED, NEAR4 = "192.0.2.98", "2001:db8:100::c000:262", "192.0.2.97"
CONFIG = f"prefix add {PREFIX}\nadd {HOST6_MAPPED} {HOST6}\n"
DATA = os.urandom(60_000)

pytestmark = pytest.mark.usefixtures("real")


class Net:
    """A gateway with one host on each side."""

    def __init__(self, name):
        self.gateway = Gateway(f"{name}-gw")
        self.host6, self.host4 = Namespace(f"{name}-6"), Namespace(f"{name}-4")
        for key in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"):
            self.gateway.sysctl(key, 1)
        for key in ("net.ipv4.conf.all.rp_filter", "net.ipv4.conf.default.rp_filter"):
            self.gateway.sysctl(key, 0)

    def furnish(self, near6, near4, far6="eth0", far4="eth0"):
        """Addresses and routes, once there are devices of these names."""
        self.gateway.ip(f"addr add {NEAR6}/64 dev {near6} nodad", f"addr add fe80::51/64 dev {near6} nodad",
                        f"addr add {NEAR4}/28 dev {near4}")
        self.host6.ip(f"addr add {HOST6}/64 dev {far6} nodad", f"addr add fe80::6/64 dev {far6} nodad",
                      f"route add default via {NEAR6}")
        self.host4.ip(f"addr add {HOST4}/28 dev {far4}", f"route add default via {NEAR4}")

    def delete(self):
        for namespace in (self.gateway, self.host6, self.host4):
            namespace.delete()

    def check(self):
        """Connections both ways, with data both ways."""
        for client, server, to in ((self.host6, self.host4, HOST4_EMBEDDED),
                                   (self.host4, self.host6, HOST6_MAPPED)):
            ours, theirs = connect(client, server, to)
            with ours, theirs:
                assert stream(ours, theirs, DATA) == DATA
                assert stream(theirs, ours, DATA) == DATA


def wire_up(near, name, far, far_name="eth0"):
    near.ip(f"link add {name} type veth peer name {far_name} netns {far.name}", f"link set {name} up")
    far.ip(f"link set {far_name} up")


def plain(net):
    wire_up(net.gateway, "to6", net.host6)
    wire_up(net.gateway, "to4", net.host4)
    return "to6", "to4", "eth0", "eth0"


def vlan_over_bond(net):
    """Both sides are VLANs of one bond of two links. Both ends of it prefer the same link, since neither
    takes a frame from the link that it does not use."""
    for name in ("a", "b"):
        wire_up(net.gateway, f"g{name}", net.host6, f"h{name}")
    for end, prefix in ((net.gateway, "g"), (net.host6, "h")):
        end.ip("link add bond0 type bond mode active-backup miimon 10",
               *(f"link set {prefix}{n} {how}" for n in "ab" for how in ("down", "master bond0", "up")),
               f"link set bond0 type bond primary {prefix}a", "link set bond0 up")
        end.ip(*(line for n in (66, 44) for line in (
            f"link add link bond0 name bond0.{n} type vlan id {n}", f"link set bond0.{n} up")))
    net.host6.ip(f"link set bond0.44 netns {net.host4.name}")
    net.host4.ip("link set bond0.44 up")
    return "bond0.66", "bond0.44", "bond0.66", "bond0.44"


def macvlan(net):
    """The gateway's devices are macvlans of what leads to the hosts."""
    plain(net)
    net.gateway.ip(*(line for n in "64" for line in (
        f"link add link to{n} name mac{n} type macvlan mode bridge", f"link set mac{n} up")))
    return "mac6", "mac4", "eth0", "eth0"


def ipvlan(net):
    """What is not for an address of theirs comes in at the device below."""
    plain(net)
    net.gateway.ip(*(line for n in "64" for line in (
        f"link add link to{n} name ipv{n} type ipvlan mode l2", f"link set ipv{n} up")))
    return "ipv6", "ipv4", "eth0", "eth0"


def bridge(net):
    """The gateway's devices are bridges, shown to netfilter if the kernel can."""
    plain(net)
    net.gateway.ip(*(line for n in "64" for line in (
        f"link add br{n} type bridge forward_delay 0", f"link set to{n} master br{n}", f"link set br{n} up")))
    with contextlib.suppress(FileNotFoundError):
        for name in ("iptables", "ip6tables"):
            net.gateway.sysctl(f"net.bridge.bridge-nf-call-{name}", 1)
    return "br6", "br4", "eth0", "eth0"


def vxlan(net):
    """With checksums of its own, over IPv4 to the IPv6 host and over IPv6 to the IPv4 host."""
    plain(net)
    net.gateway.ip("addr add 10.6.0.1/24 dev to6", "addr add fd04::1/64 dev to4 nodad")
    net.host6.ip("addr add 10.6.0.2/24 dev eth0")
    net.host4.ip("addr add fd04::2/64 dev eth0 nodad")
    for end, device, n, own, peer in ((net.gateway, "to6", 6, "10.6.0.1", "10.6.0.2"),
                                      (net.host6, "eth0", 6, "10.6.0.2", "10.6.0.1"),
                                      (net.gateway, "to4", 4, "fd04::1", "fd04::2"),
                                      (net.host4, "eth0", 4, "fd04::2", "fd04::1")):
        end.ip(f"link add vx{n} type vxlan id {n} local {own} remote {peer} dev {device} dstport 4789 "
               "udpcsum udp6zerocsumrx", f"link set vx{n} up")
    return "vx6", "vx4", "vx6", "vx4"


KINDS = {
    "VLANs over a bond": (vlan_over_bond, ["bonding", "8021q"]), "macvlan": (macvlan, ["macvlan"]),
    "ipvlan in mode l2": (ipvlan, ["ipvlan"]),
    "bridge": (bridge, ["bridge", "br_netfilter"]), "VXLAN": (vxlan, ["vxlan"]),
}


@contextlib.contextmanager
def built(name, make=plain):
    net = Net(name)
    try:
        net.furnish(*make(net))
        yield net
    finally:
        net.delete()


@pytest.mark.parametrize("mode", ["filtered", "direct"])
@pytest.mark.parametrize("kind", KINDS)
def test_connections_over_links_of_this_kind(module, kind, mode):
    make, modules = KINDS[kind]
    if run("modprobe", "-qa", *modules, check=False).returncode:
        pytest.skip("not in this kernel")
    with built("nat64-link", make) as net:
        net.gateway.configure(CONFIG + f"set forwarding {mode}\n")
        net.check()


# Tunnels to hosts of one family whose ends are of the other.

OTHER_FAMILY = {
    "ipip6 to the IPv4 host": ("type ip6tnl mode ipip6", 4),
    "gre over IPv6 to the IPv4 host": ("type ip6gre", 4),
    "sit to the IPv6 host": ("type sit", 6),
    "gre over IPv4 to the IPv6 host": ("type gre", 6),
}


def over_the_other_family(words, side):
    def make(net):
        devices = list(plain(net))
        own, far = ("10.6.0.1", "10.6.0.2") if side == 6 else ("fd04::1", "fd04::2")
        end = net.host6 if side == 6 else net.host4
        net.gateway.ip(f"addr add {own}/24 dev to6" if side == 6 else f"addr add {own}/64 dev to4 nodad")
        end.ip(f"addr add {far}/24 dev eth0" if side == 6 else f"addr add {far}/64 dev eth0 nodad")
        for namespace, local, remote in ((net.gateway, own, far), (end, far, own)):
            namespace.ip(f"link add tun0 {words} local {local} remote {remote}", "link set tun0 up")
        devices[0 if side == 6 else 1] = devices[2 if side == 6 else 3] = "tun0"
        return devices
    return make


@pytest.mark.parametrize("mode", ["filtered", "direct"])
@pytest.mark.parametrize("kind", OTHER_FAMILY)
def test_connections_through_a_tunnel_whose_ends_are_of_the_other_family(module, kind, mode):
    with built("nat64-link", over_the_other_family(*OTHER_FAMILY[kind])) as net:
        net.gateway.configure(CONFIG + f"set forwarding {mode}\n")
        net.check()


# An on-link prefix, and MSS.

def test_neighbours_of_an_on_link_prefix_are_answered_for(module):
    """The IPv6 host takes the whole prefix for its own link; the gateway is a proxy for an address of it."""
    with built("nat64-link") as net:
        net.gateway.configure(CONFIG)
        net.host6.ip(f"route add {PREFIX} dev eth0")
        net.gateway.sysctl("net.ipv6.conf.to6.proxy_ndp", 1)
        net.gateway.ip(f"neigh add proxy {HOST4_EMBEDDED} dev to6")
        net.check()
        assert "lladdr" in net.host6.run("ip", "neigh", "show", HOST4_EMBEDDED).stdout


@pytest.mark.as_configured
@pytest.mark.parametrize("to, most", [("1100", 1100), ("rt mtu", 1360)], ids=["a number", "by the route"])
def test_the_mss_is_clamped_by_nft(module, to, most):
    """Both ways: translated packets pass FORWARD in their new family."""
    with built("nat64-link") as net:
        net.gateway.configure(CONFIG)
        rule = f'tcp flags syn tcp option maxseg size set {to} counter comment "syn"'
        net.gateway.run("nft", "-f", "-", input="\n".join(["table inet t {", chain("forward", rule), "}\n"]))
        net.gateway.mtu("to4", 1400)
        ours, theirs = connect(net.host6, net.host4, HOST4_EMBEDDED)
        with ours, theirs:
            assert theirs.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG) <= most
            assert stream(ours, theirs, DATA) == DATA
            assert stream(theirs, ours, DATA) == DATA
        assert counted(net.gateway)["syn"] == 2


# Next hops as objects.

def test_next_hop_objects_are_replaced_and_grouped_under_traffic(module):
    """Connections go on while the route's next hops are changed below it, and the old ones are gone."""
    with built("nat64-link") as net:
        net.gateway.configure(CONFIG)
        wire_up(net.gateway, "to4b", net.host4, "eth1")
        wire_up(net.gateway, "to6b", net.host6, "eth1")
        net.gateway.ip("addr add 192.0.2.113/28 dev to4b", "addr add 2001:db8:52::1/64 dev to6b nodad",
                       "addr add fe80::53/64 dev to6b nodad")
        net.host4.ip("addr add 192.0.2.114/28 dev eth1", "addr add 198.51.100.77/32 dev lo")
        net.host6.ip("addr add 2001:db8:52::10/64 dev eth1 nodad",
                     "addr add 2001:db8:77::77/128 dev lo nodad")
        net.gateway.ip(
            f"nexthop add id 41 via {HOST4} dev to4", "nexthop add id 42 via 192.0.2.114 dev to4b",
            f"nexthop add id 61 via {HOST6} dev to6", "nexthop add id 62 via 2001:db8:52::10 dev to6b",
            "nexthop add id 40 group 41", "nexthop add id 60 group 61",
            "route add 198.51.100.77/32 nhid 40", "route add 2001:db8:77::77/128 nhid 60")
        net.gateway.ctl("add", "203.0.113.77", "2001:db8:77::77")
        net.host6.ip(f"route add {PREFIX} via {NEAR6} src 2001:db8:77::77")
        net.host4.ip(f"route add 203.0.113.77/32 via {NEAR4} src 198.51.100.77")
        ours, theirs = connect(net.host6, net.host4, "2001:db8:100::c633:644d")
        with ours, theirs:
            for group in ("{0}2", "{0}1/{0}2", "{0}2,10/{0}1,1", "{0}1"):
                for family in "46":
                    net.gateway.ip(f"nexthop replace id {family}0 group " + group.format(family))
                assert stream(ours, theirs, DATA) == DATA
                assert stream(theirs, ours, DATA) == DATA
            net.gateway.ip("nexthop del id 42", "nexthop del id 62")
            assert stream(ours, theirs, DATA) == DATA
        for family in "46":
            net.gateway.run("ip", f"-{family}", "nexthop", "replace", "id", f"{family}1", "blackhole")
        said = net.host4.run("ping", "-n", "-c", 1, "-W", 0.3, "203.0.113.77", check=False).stdout
        assert "0 received" in said
