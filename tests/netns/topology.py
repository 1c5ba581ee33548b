# SPDX-License-Identifier: GPL-2.0-only
"""A gateway between an IPv6 host and an IPv4 host, in three network namespaces.

    v6 host  eth0 ---- to6  gateway  to4 ---- eth0  v4 host
    2001:db8:1::/64                          198.51.100.0/24

Most packets of the tests come from and go to hosts that exist only as
neighbours of the gateway, so that nobody but the test answers them; REAL6 and
REAL4 have a stack behind them. Frames go in and come out in wire.py.
"""

import contextlib
from dataclasses import dataclass, field

import kmod
import pytest
from addresses import (GATEWAY4, GATEWAY6, HOST6, MAC_FAR4, MAC_FAR6, MAC_REAL4, MAC_REAL6, MAC_TO4,
                       MAC_TO6, PEER6, REAL4, REAL6, SENTINEL4, SENTINEL6, SERVER4, STRANGER6)
from netns import Namespace, Owned
from util import CTL, FORWARDING, run
from wire import Wire, listen

# What the tests need, for where the kernel does not load modules by itself.
MODULES = ("veth", "dummy", "vrf", "ifb", "8021q", "sch_fq", "sch_fq_codel", "sch_htb",
           "sch_tbf", "sch_ingress", "cls_matchall",
           "act_gact", "sch_netem", "nf_tables", "nft_ct", "nft_nat", "nft_masq", "nft_chain_nat",
           "nft_reject", "nft_reject_inet", "nft_reject_ipv4", "nft_reject_ipv6", "nft_fib",
           "nft_fib_inet", "nft_fib_ipv4", "nft_fib_ipv6", "nft_log", "nft_limit", "nft_hash",
           "nf_conntrack", "nf_defrag_ipv4", "nf_defrag_ipv6", "ipip", "sit", "ip_gre", "ip6_gre",
           "ip6_tunnel", "wireguard", "af_packet", "tun", "nfnetlink_hook")


def has_choice(text):
    """Whether NAT64_FORWARDING may choose for a configuration, which says nothing of it."""
    return "set forwarding" not in text


@dataclass
class Gateway(Namespace):
    """The namespace of the gateway, with nat64 in it."""

    def __init__(self, name):
        super().__init__(name)
        self.loaded = None
        self.unloads = 0
        self.programs = {}  # of XDP: devices, and in which mode; a load would detach others

    def ctl(self, *words, **how):
        """Runs nat64ctl in the gateway."""
        self.loaded = None
        return self.run(CTL, *words, **how)

    def show(self, *words, **how):
        """Runs nat64ctl for a question that changes nothing; returns its output."""
        return self.run(CTL, *words, **how).stdout

    def configure(self, text):
        """Replaces the whole configuration, unless it is what stands already."""
        unloads = len(kmod.FORMER)
        if has_choice(text) and FORWARDING.is_direct:
            text += "set forwarding direct\n"
            if FORWARDING.is_xdp:
                text += "xdp add to6\nxdp add to4\n"
        text += "".join(f"xdp add {device} {mode}\n" for device, mode in self.programs.items())
        if (self.loaded, self.unloads) != (text, unloads):
            self.ctl("-f", "load", "-", input=text)
            self.loaded, self.unloads = text, unloads


class OwnedGateway(Owned, Gateway):
    """One whose network namespace is of a user namespace."""


hooks_can_be_listed = pytest.mark.skipif(
    run("modprobe", "-q", "nfnetlink_hook", check=False).returncode != 0,
    reason="this kernel does not list its netfilter hooks")


def hooks(namespace):
    """The netfilter hooks of the module in a namespace, as nft lists them."""
    return [line.strip() for family in ("ip", "ip6")
            for line in namespace.run("nft", "list", "hooks", family).stdout.splitlines()
            if "nat64" in line]


def state(gateway):
    """What nat64ctl status calls the state."""
    return dict(line.split(None, 1) for line in gateway.show("status").splitlines())["state"]


@dataclass
class Topology:
    v6: Namespace
    gateway: Gateway
    v4: Namespace
    wire: Wire = field(default=None)
    receives: bool = False  # the hosts' devices take frames of XDP

    def configure(self, text):
        if (FORWARDING.is_xdp and has_choice(text)) != self.receives:
            self.receives = not self.receives
            for host in (self.v6, self.v4):
                host.offloads("eth0", gro=self.receives)
        self.gateway.configure(text)

    def delete(self):
        for namespace in (self.v6, self.gateway, self.v4):
            namespace.delete()

    @contextlib.contextmanager
    def mtus(self, to6=None, to4=None, far6=None, far4=None):
        """MTUs of the gateway's links for a while."""
        ends = [(n, d, m) for n, d, m in ((self.gateway, "to6", to6), (self.gateway, "to4", to4),
                                          (self.v6, "eth0", far6), (self.v4, "eth0", far4)) if m]
        before = []
        try:
            for namespace, device, value in ends:
                before.append((namespace, device, namespace.mtu(device, value)))
            yield
        finally:
            for namespace, device, value in before:
                namespace.mtu(device, value)


def furnish(gateway, vrf=None):
    """Gives a gateway that has its devices what it needs to forward."""
    for key, value in (("net.ipv4.ip_forward", 1), ("net.ipv6.conf.all.forwarding", 1),
                       ("net.ipv4.conf.all.send_redirects", 0),
                       ("net.ipv4.conf.to4.send_redirects", 0),
                       ("net.ipv4.conf.all.rp_filter", 0), ("net.ipv4.conf.to4.rp_filter", 0),
                       ("net.ipv4.conf.to6.rp_filter", 0),
                       ("net.ipv4.icmp_ratelimit", 0), ("net.ipv4.icmp_ratemask", 0),
                       ("net.ipv6.icmp.ratelimit", 0), ("net.ipv6.icmp.ratemask", "")):
        gateway.sysctl(key, value)

    phantoms6 = [f"neigh add {a} lladdr {MAC_FAR6} dev to6 nud permanent"
                 for a in (HOST6, PEER6, STRANGER6, "2001:db8:1::fe")]
    phantoms4 = [f"neigh add {a} lladdr {MAC_FAR4} dev to4 nud permanent"
                 for a in (SERVER4, "198.51.100.254")]
    gateway.ip(
        "link set to6 up", "link set to4 up",
        "addr add fe80::1/64 dev to6 nodad", "addr add fe80::4/64 dev to4 nodad",
        f"addr add {GATEWAY6}/64 dev to6 nodad", f"addr add {GATEWAY4}/24 dev to4",
        *phantoms6, *phantoms4,
        f"neigh add {REAL6} lladdr {MAC_REAL6} dev to6 nud permanent",
        f"neigh add {REAL4} lladdr {MAC_REAL4} dev to4 nud permanent",
        f"neigh add {SENTINEL6} lladdr {MAC_FAR6} dev to6 nud permanent",
        *(f"route add {route}" + (f" vrf {vrf}" if vrf else "") for route in (
            f"{SENTINEL6}/32 dev to6", f"{SENTINEL4}/32 via 198.51.100.254",
            "default via 198.51.100.254", "default via 2001:db8:1::fe")))


def veth(gateway, near, near_mac, host, far_mac):
    """A link between the gateway and a host."""
    gateway.ip(f"link add {near} mtu 1500 address {near_mac} type veth "
               f"peer name eth0 mtu 65535 address {far_mac} netns {host.name}")


def build_topology(name="nat64", vrf=None, link=veth, gateway=Gateway):
    """Builds the namespaces, links, addresses, neighbours and routes.

    A VRF has both of the gateway's devices in it, and all of its routes.
    """
    run("modprobe", "-qa", *MODULES, check=False)
    v6, gateway, v4 = Namespace(f"{name}-v6"), gateway(f"{name}-gw"), Namespace(f"{name}-v4")

    for side, near, near_mac, far_mac in ((v6, "to6", MAC_TO6, MAC_REAL6),
                                          (v4, "to4", MAC_TO4, MAC_REAL4)):
        link(gateway, near, near_mac, side, far_mac)
        side.ip("link set eth0 up")
    if vrf:
        gateway.ip(f"link add {vrf} type vrf table 10", f"link set {vrf} up",
                   f"link set to6 master {vrf}", f"link set to4 master {vrf}")

    furnish(gateway, vrf)
    v6.ip(f"addr add {REAL6}/64 dev eth0 nodad",
          f"neigh add {GATEWAY6} lladdr {MAC_TO6} dev eth0 nud permanent",
          f"route add default via {GATEWAY6}")
    v4.ip(f"addr add {REAL4}/24 dev eth0",
          f"neigh add {GATEWAY4} lladdr {MAC_TO4} dev eth0 nud permanent",
          f"route add default via {GATEWAY4}")
    topology = Topology(v6, gateway, v4)
    topology.wire = Wire(listen(v6), listen(v4))
    return topology
