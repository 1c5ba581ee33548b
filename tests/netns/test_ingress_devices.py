# SPDX-License-Identifier: GPL-2.0-only
"""forwarding direct: which devices have an ingress hook, and how they come and go."""

import json
import os
import socket
from errno import EAGAIN, ENOBUFS, ENOMEM
from pathlib import Path

import kmod
import netlink
import pytest
import test_faults
from addresses import CONFIG, HOST4, HOST6, MAC_TO6, SERVER4, SERVER6
from ingress import (DIRECT, FOUR, FROM4, FROM6, PART, PRE_ROUTING, TO4, TO6, USUAL, Left, arrivals,
                     keeps_flows, known, topology_of_its_own)
from netns import Namespace
from packet import ip4, version
from topology import build_topology, hooks_can_be_listed
from util import FIGURES, eventually, run

pytestmark = pytest.mark.as_configured


@pytest.fixture(scope="module")
def topology(module, namespaces):
    yield from topology_of_its_own()


@pytest.fixture
def net(topology):
    topology.configure(DIRECT)
    return topology

CAN_LIST = not hooks_can_be_listed.args[0]


def has_hooks(gateway, count, *devices):
    """Whether the translator has that many on each; Debian's 6.1 does not tell."""
    listed = [gateway.run("nft", "list", "hooks", "netdev", "device", device, check=False).stdout
              for device in devices if CAN_LIST]
    return all(text.count("[nat64]") == count for text in listed)


MAC_OTHER, MAC_UPPER = "02:00:00:00:0c:10", "02:00:00:00:0c:01"
UPPERS = {
    "none": ("", [], "near"),
    "vlan": ("8021q", [f"link set near address {MAC_UPPER}",
                       "link add link near name upper type vlan id 5"], "upper"),
    "bridge": ("bridge", ["link add upper type bridge", f"link set near address {MAC_UPPER} master upper"], "upper"),
    "macvlan": ("macvlan", ["link add link near name upper type macvlan mode bridge"], "upper"),
    "bond": ("bonding", ["link add upper type bond mode balance-rr", "link set near down",
                         "link set near master upper"], "upper"),
}


@pytest.fixture
def far(net):
    """A namespace with a link to the gateway, which ends in device link there."""
    far = Namespace("ingress-far")
    net.gateway.ip(f"link add near address {MAC_OTHER} type veth peer name eth0 netns {far.name}")
    far.ip("link set eth0 up")
    net.gateway.ip("link set near up")
    yield far
    net.gateway.run("ip", "link", "del", "near", check=False)
    far.delete()


def frame_to(mac, packet, tag=b""):
    ethertype = b"\x86\xdd" if version(packet) == 6 else b"\x08\0"
    return bytes.fromhex(mac.replace(":", "")) + bytes.fromhex("020000000c99") + tag + ethertype + packet


def eventually_taken(net, where, sends, *expected):
    """All are translated, and none is left: what links still have to tell makes routes invalid."""
    def taken():
        with Left(net.gateway, *where) as left:
            net.wire.expect(sends, *expected)
            return left.count() == 0
    eventually(taken, "they are taken")


def received(gateway, device):
    return json.loads(gateway.run("ip", "-j", "-s", "link", "show", device).stdout)[0]["stats64"]["rx"]["packets"]


@keeps_flows
def test_a_device_that_forwards_nothing(net, far):
    """Though packets of the same hosts are forwarded that come in on another one."""
    net.gateway.ip("addr add 2001:db8:c::1/64 dev near nodad")
    with far:
        sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    with sender, net.gateway.sysctls(net__ipv4__conf__near__forwarding=0):
        known(net, FROM6)
        sender.bind(("eth0", 0))
        net.wire.expect([lambda: sender.send(frame_to(MAC_OTHER, FROM6))])
        net.wire.expect(FROM6, TO4)


@keeps_flows
@pytest.mark.parametrize("upper", UPPERS)
def test_a_device_that_ip_sees_takes_packets(net, far, upper):
    module, commands, device = UPPERS[upper]
    if module:
        run("modprobe", "-q", module, check=False)
    if any(net.gateway.run("ip", *command.split(), check=False).returncode for command in commands):
        pytest.skip("this kernel has no such devices")
    try:
        if upper == "bridge":  # what netfilter is shown of bridges, PRE_ROUTING has
            net.gateway.run("sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=0",
                            "net.bridge.bridge-nf-call-ip6tables=0", check=False)
        net.gateway.ip(f"link set {device} address {MAC_UPPER}", f"link set {device} up",
                       "link set near up", f"addr add 192.0.2.1/24 dev {device}", f"addr add 2001:db8:c::1/64 dev {device} nodad")
        with far:
            sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        tag = b"\x81\0\0\5" if upper == "vlan" else b""
        before = received(net.gateway, device)
        with sender:
            sender.bind(("eth0", 0))
            six, four = frame_to(MAC_UPPER, FROM6, tag), frame_to(MAC_UPPER, FROM4, tag)
            net.wire.expect([lambda: sender.send(six), lambda: sender.send(four)], TO4, TO6)
            eventually_taken(net, [(device, 0x86dd), (device, 0x800)],
                             [lambda: sender.send(six), lambda: sender.send(four)], TO4, TO6)
            assert received(net.gateway, device) - before >= 4
            assert has_hooks(net.gateway, 1, device)
            other = frame_to("02:00:00:00:99:99", FROM6, tag)
            net.wire.expect([lambda: sender.send(other)])
    finally:
        net.gateway.run("ip", "link", "del", device, check=False)


@keeps_flows
def test_a_device_without_ipv6_takes_no_ipv6(net, far):
    known(net, FROM6)
    with far:
        sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    with sender, net.gateway.sysctls(net__ipv6__conf__near__disable_ipv6=1):
        sender.bind(("eth0", 0))
        net.wire.expect([lambda: sender.send(frame_to(MAC_OTHER, FROM6))])


@keeps_flows
def test_a_device_too_small_for_ipv6_takes_no_ipv6(net, far):
    """It has no part in IPv6 at all (RFC 8200 5), as a link of less than 1,280 octets."""
    net.gateway.ip("addr add 192.0.2.1/24 dev near")
    net.gateway.mtu("near", 1000)
    known(net, *USUAL)
    with far:
        sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    with sender:
        sender.bind(("eth0", 0))
        net.wire.expect([lambda: sender.send(frame_to(MAC_OTHER, FROM6)),
                         lambda: sender.send(frame_to(MAC_OTHER, FROM4))], TO6)


@keeps_flows
def test_packets_that_are_redirected_are_left_to_prerouting(net, far):
    """To the device by another one (mirred), which has done what it does with packets."""
    net.gateway.run("tc", "qdisc", "add", "dev", "near", "clsact")
    redirect = "tc filter add dev near ingress matchall action mirred ingress redirect dev to6".split()
    if net.gateway.run(*redirect, check=False).returncode:
        pytest.skip("this kernel does not redirect")
    known(net, FROM6)
    with far:
        sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    with sender:
        sender.bind(("eth0", 0))
        for n in (1, 2, 3):
            before = net.left.count()
            net.wire.expect([lambda: sender.send(frame_to(MAC_OTHER, FROM6))], TO4)
            assert net.left.count() - before == 1
    assert arrivals(net, FROM6) == 0


def generate(gateway, count):
    """Has the kernel's generator make packets of a flow that is known, and a device receive them."""
    words = (f"count {count}", "delay 0", "pkt_size 100", "xmit_mode netif_receive", f"dst_mac {MAC_TO6}", f"src6 {HOST6}",
             f"dst6 {SERVER6}", "udp_src_min 7", "udp_src_max 7", "flag UDPCSUM")
    with gateway:
        proc = Path("/proc/thread-self/net/pktgen")
        try:
            for file, lines in (("kpktgend_0", ["add_device to6"]), ("to6", words), ("pgctrl", ["start"])):
                for line in lines:
                    (proc / file).write_text(line + "\n")
        finally:
            (proc / "kpktgend_0").write_text("rem_device_all\n")


@keeps_flows
@pytest.mark.skipif(run("modprobe", "-q", "pktgen", check=False).returncode != 0, reason="this kernel generates no packets")
def test_packets_that_somebody_keeps_are_left_to_prerouting(net):
    """They are not its own to change."""
    known(net, FROM6)
    before = net.left.count()
    out = net.wire.exchange(lambda: generate(net.gateway, 3))
    assert not out[6] and [(p[12:20], p[20:24]) for p in out[4]] == [
        (ip4(HOST4, SERVER4, PART)[12:20], b"\0\7\0\x09")] * 3
    assert net.left.count() - before == 3
    assert arrivals(net, FROM6) == 0


def test_a_port_of_a_vrf_is_left_to_prerouting(module):
    """With policy rules, which VRFs bring, no flows are kept; the VRF's device has no hook."""
    topology = build_topology("ing-vrf", vrf="red")
    try:
        topology.configure(DIRECT)
        assert has_hooks(topology.gateway, 0, "red") and has_hooks(topology.gateway, 1, "to6")
        with Left(topology.gateway, ("to6", 0x86dd)) as left:
            for count in (1, 2, 3):
                topology.wire.expect(FROM6, TO4)
                assert left.count() == count
    finally:
        topology.delete()


@keeps_flows
def test_devices_come_go_and_are_renamed(net, far):
    gateway = net.gateway
    with far:
        sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    with sender:
        sender.bind(("eth0", 0))
        six = frame_to(MAC_OTHER, FROM6)
        gateway.ip("addr add 2001:db8:c::1/64 dev near nodad", "addr add 192.0.2.1/24 dev near")
        for old, new in (("near", "renamed"), ("renamed", "near")):
            gateway.ip(f"link set {old} down", f"link set {old} name {new}", f"link set {new} up",
                       f"addr replace 2001:db8:c::1/64 dev {new} nodad")
            known(net, FROM6)
            eventually_taken(net, [(new, 0x86dd)], [lambda: sender.send(six)], TO4)
            assert has_hooks(gateway, 1, new)
    for _ in range(5):
        gateway.ip("link add churn type veth peer name churn2", "link set churn up", "link set churn2 up")
        assert has_hooks(gateway, 1, "churn", "churn2")
        gateway.ip("link del churn")
    net.wire.expect([FROM6, FROM4], TO4, TO6)


def test_a_device_moves_between_namespaces(net, far):
    """It has a hook where direct is set, and in no other namespace."""
    gateway, elsewhere = net.gateway, Namespace("ingress-away")
    try:
        for _ in range(5):
            assert has_hooks(gateway, 1, "near")
            gateway.ip(f"link set near netns {elsewhere.name}")
            assert has_hooks(elsewhere, 0, "near")
            elsewhere.ip("link set near up")
            elsewhere.ip(f"link set near netns {gateway.name}")
    finally:
        elsewhere.delete()
    assert has_hooks(gateway, 1, "near")


def test_a_namespace_goes_with_its_hooks(module):
    topology = build_topology("ing-gone")
    try:
        topology.configure(DIRECT)
        for _ in range(3):
            topology.wire.exchange(*USUAL)
        assert has_hooks(topology.gateway, 1, "to6")
    finally:
        topology.delete()


@keeps_flows
def test_the_module_goes_with_its_hooks(net):
    known(net, *USUAL)
    kmod.unload_module()
    try:
        assert has_hooks(net.gateway, 0, "to6", "to4")
        net.wire.expect([FROM4], ip4(*FOUR, PART, ttl=63))
    finally:
        kmod.load_module()
    net.configure(DIRECT)
    known(net, *USUAL)


@hooks_can_be_listed
@pytest.mark.parametrize("text", [CONFIG, PRE_ROUTING, "set forwarding direct\n"], ids=["filtered", "mark", "empty"])
def test_no_hooks_where_none_are_wanted(module, text):
    topology = build_topology("ing-none")
    try:
        topology.configure(text)
        assert has_hooks(topology.gateway, 0, "to6")
    finally:
        topology.delete()


# Without memory.

faults = test_faults.faults
FAILED, MADE, NO_MORE = range(3)


def ask_for_direct(client):
    client.ask("settings-set", netlink.build("nat64", settings={"forwarding": 1}))


def direct_under_fault(n):
    """Whatever allocation fails: it is refused or done, and can be asked for again."""
    assert not test_faults.LIBC.unshare(0x40000000)
    run("ip", "link", "add", "near", "type", "veth", "peer", "name", "far")
    client = netlink.Socket()
    client.ask("prefix-new", netlink.build("nat64", prefix=test_faults.OTHER_PREFIX))
    before, outcome = test_faults.standing(client), MADE
    try:
        with test_faults.Fault(n) as fault:
            ask_for_direct(client)
    except netlink.Refused as error:
        assert error.error in (ENOMEM, ENOBUFS) and test_faults.standing(client) == before
        outcome = FAILED
    except OSError as error:
        assert error.errno in (ENOMEM, ENOBUFS, EAGAIN)
        outcome = FAILED
        client = netlink.Socket()
    ask_for_direct(client)
    run("ip", "link", "add", "late", "type", "veth", "peer", "name", "later")
    run("ip", "link", "del", "near")
    return outcome if fault.happened else NO_MORE


@pytest.mark.skipif(not os.path.exists(test_faults.FAIL_NTH), reason="this kernel cannot let allocations fail")
def test_hooks_without_memory(net):
    outcomes = []
    while NO_MORE not in outcomes:
        n = len(outcomes) + 1
        outcomes.append(test_faults.in_child(lambda: direct_under_fault(n)))
        assert outcomes[-1] in (FAILED, MADE, NO_MORE), f"allocation {n}"
    FIGURES["faults in hooks of devices"] += len(outcomes) - 1
    assert FAILED in outcomes and MADE in outcomes
