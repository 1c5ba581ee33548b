# SPDX-License-Identifier: GPL-2.0-only
"""XDP: the devices that frames come in on, and those that they go out on."""

import contextlib
import functools
import socket

import pytest
import xdp
from addresses import GATEWAY6, HOST4, HOST6, MAC_FAR6, MAC_TO6, SENTINEL6, SERVER4
from frame import GSO_UDP_L4, Frame, Offload
from ingress import DIRECT, FROM4, FROM6, PART, SIX, TO4, TO6
from netns import Namespace
from packet import ANY, UDP, ip4, ip6, octets, raw, tcp, udp
from programs import need_xdp
from test_ingress_devices import MAC_OTHER, MAC_UPPER, UPPERS, frame_to
from test_stack import seeded
from test_xdp import warm
from util import kernel, run
from wire import listen

pytestmark = pytest.mark.as_configured
NATIVE, GENERIC = "", "generic"
BOTH = pytest.mark.parametrize("mode", [NATIVE, GENERIC], ids=["native", "generic"])


@pytest.fixture(scope="module")
def topology(module, namespaces):
    need_xdp()
    with xdp.topology("xdpdev") as topology:
        yield topology


@pytest.fixture
def net(topology):
    topology.configure(DIRECT)
    warm(topology)
    return topology


@pytest.fixture
def count(net):
    with contextlib.closing(xdp.Count(net.gateway)) as count:
        yield count


@pytest.fixture
def takes(net, count):
    return functools.partial(count.expect, net.wire)


@contextlib.contextmanager
def sender(namespace, device):
    with namespace:
        opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    with opened:
        opened.bind((device, 0))
        yield opened

# What comes in.

@pytest.mark.skipif(kernel() < (6, 8), reason="this kernel does not tell programs of tags")
@pytest.mark.parametrize("vlan", [0, 5])
def test_a_tag_that_is_beside_the_frame(net, takes, vlan):
    """As a device leaves it that takes tags off: what is of a VLAN is not the device's own."""
    net.v6.ip(f"link add link eth0 name tagged type vlan id {vlan}", "link set tagged up")
    try:
        with sender(net.v6, "tagged") as tagged, xdp.programs(net.gateway, "to6", "to4"):
            takes(0, [lambda: tagged.send(frame_to(MAC_TO6, FROM6))], *([TO4] if vlan == 0 else []))
    finally:
        net.v6.ip("link del tagged")


@BOTH
def test_a_segment_in_a_datagram(net, takes, mode):
    """Whose checksum may be left to the device: VXLAN is for the stack, which knows."""
    inner = ip6(*SIX, tcp(1, 2, b"inner"))
    part = udp(7, 4789, bytes(8) + inner)
    body, at = octets(*SIX, part), 8 + 8 + 40
    left = body[:at] + octets(*SIX, seeded(*SIX, tcp(1, 2, b"inner"), 16))
    became = ip4(HOST4, SERVER4, part, ttl=63, id=ANY)
    with xdp.programs(net.gateway, "to6", "to4", mode=mode):
        takes(0, ip6(*SIX, part), became)
        takes(0, Frame(ip6(*SIX, raw(UDP, left)), offload=Offload(csum_start=54 + at, csum_offset=16)),
              became)


@pytest.mark.skipif(kernel() < (6, 2), reason="this kernel takes no super-packets of UDP")
@BOTH
@pytest.mark.parametrize("on", [True, False], ids=["unfinished", "finished"])
@pytest.mark.parametrize("kind", [{}, {"rx_gro_list": True}, {"rx_udp_gro_forwarding": True}], ids=str)
def test_datagrams_at_once(net, count, mode, kind, on):
    """GRO may gather what the host has sent at once."""
    parts = [udp(1, 53, bytes([n]) * 200) for n in range(4)]
    whole = udp(1, 53, b"".join(bytes([n]) * 200 for n in range(4)))
    sent = Frame(ip6(*SIX, seeded(*SIX, whole, 6)), offload=Offload(GSO_UDP_L4, 200, 62, 54, 6))
    net.v6.offloads("eth0", tx=on, tx_udp_segmentation=False)
    net.gateway.offloads("to6", gro=True, **kind)
    try:
        with xdp.programs(net.gateway, "to6", "to4", mode=mode):
            before = count.taken()
            out = net.wire.exchange_once(sent)[4]
            assert count.taken() - before == (0 if on else 4)
        data = b"".join(bytes(p[28:]) for p in out)
        assert data == b"".join(octets(*SIX, part)[8:] for part in parts)
        if not on:
            assert [p[:20] for p in out] == [ip4(HOST4, SERVER4, part, ttl=63, id=ANY).closed(p)[:20]
                                             for p, part in zip(out, parts)]
    finally:
        net.gateway.offloads("to6", gro=False, **dict.fromkeys(kind, False))
        net.v6.offloads("eth0", tx=True, tx_udp_segmentation=True)


@pytest.mark.skipif(kernel() < (6, 3), reason="devices are not known to take frames without a program there")
def test_one_device_alone(net, takes):
    with xdp.programs(net.gateway, "to6"):
        takes(1, [FROM6, FROM4], TO4, TO6)
    with xdp.programs(net.gateway, "to4"):
        takes(1, [FROM6, FROM4], TO4, TO6)
    takes(0, [FROM6, FROM4], TO4, TO6)


# What goes out.

AWAY6, AWAY4 = "2001:db8:100::192.0.2.9", "192.0.2.9"
OUTS = {
    "a VLAN": ["link add link to4 name out type vlan id 7"],
    "a dummy": ["link add out type dummy"],
    "a macvlan": ["link add link to4 name out type macvlan mode bridge"],
    "a veth without a receiver": ["link add out type veth peer name out2", "link set out2 up"],
    "a veth that is down beyond": ["link add out type veth peer name out2"],
}


@BOTH
@pytest.mark.parametrize("out", OUTS)
def test_a_device_that_takes_no_frames(net, takes, mode, out):
    """The stack has packets that go there."""
    sent, became = ip6(HOST6, AWAY6, PART), ip4(HOST4, AWAY4, PART, ttl=63, id=ANY)
    with xdp.programs(net.gateway, "to6", "to4", mode=mode):
        net.gateway.ip(*OUTS[out], "link set out up",
                       f"neigh add {AWAY4} lladdr 02:00:00:00:00:09 dev out nud permanent", f"route add {AWAY4}/32 dev out")
        try:
            arrived = []
            for _ in range(3):
                seen = net.wire.exchange(sent)[4]
                arrived += [p for p in seen if p == became.closed(p)]
            assert len(arrived) == (3 if out in ("a VLAN", "a macvlan") else 0)
        finally:
            net.gateway.ip("link del out")
        takes(2, [FROM6, FROM4], TO4, TO6)


def test_a_receiver_comes_and_goes(net, takes):
    """veth takes frames while GRO is on at its other end."""
    with xdp.programs(net.gateway, "to6", "to4"):
        for _ in range(3):
            net.v4.offloads("eth0", gro=False)
            takes(1, [FROM6, FROM4], TO4, TO6)
            net.v4.offloads("eth0", gro=True)
            takes(2, [FROM6, FROM4], TO4, TO6)


def test_back_to_the_device_that_it_came_from(net, takes):
    """A gateway with one link."""
    router = "2001:db8:1::20"  # PEER6
    with xdp.programs(net.gateway, "to6", "to4"), net.gateway.routes(f"route {AWAY4}/32 via inet6 {router} dev to6"):
        sent, became = ip6(HOST6, AWAY6, PART), Frame(ip4(HOST4, AWAY4, PART, ttl=63, id=ANY), side=6)
        net.wire.expect(sent, became)
        takes(1, sent, became)


# Devices above the one that has the program, and below.

@pytest.fixture
def far(net):
    """A namespace with a link to the gateway, which ends in device near there."""
    far = Namespace("xdp-far")
    net.gateway.ip(f"link add near address {MAC_OTHER} type veth peer name eth0 address 02:00:00:00:0c:99 netns {far.name}")
    far.ip("link set eth0 up")
    far.offloads("eth0", gro=True)
    net.gateway.ip("link set near up")
    with xdp.programs(net.gateway, "to6", "to4"):
        net.gateway.ctl("xdp", "add", "near")
        yield far
    net.gateway.run("ip", "link", "del", "near", check=False)
    far.delete()


@pytest.mark.parametrize("upper", UPPERS)
def test_devices_above(net, far, takes, count, upper):
    """The tool refuses to attach the program there; whoever adds them later loses nothing.

    A bond sends frames if its ports do, which kernels say since Linux 6.3.
    """
    module, commands, device = UPPERS[upper]
    if module:
        run("modprobe", "-q", module, check=False)
    tag = b"\x81\0\0\5" if upper == "vlan" else b""
    try:
        net.gateway.ip(*commands, f"link set {device} address {MAC_UPPER}", f"link set {device} up", "link set near up",
                       f"addr add 192.0.2.1/24 dev {device}", f"addr add 2001:db8:c::1/64 dev {device} nodad",
                       f"neigh add {AWAY4} lladdr 02:00:00:00:0c:99 dev {device} nud permanent")
        with sender(far, "eth0") as sending, listen(far) as ear:
            taken = int(upper == "none")
            sends_frames = upper == "none" or upper == "bond" and kernel() >= (6, 3)
            frames = [frame_to(MAC_UPPER, packet, tag) for packet in (FROM6, FROM4)]
            takes(2 * taken, [lambda: sending.send(frames[0]), lambda: sending.send(frames[1])], TO4, TO6)
            for number in range(2):
                before = count.taken()
                net.wire.exchange(ip6(HOST6, AWAY6, PART))
                assert count.taken() - before == (number if sends_frames else 0)
                assert heard_of(ear, ip4(HOST4, AWAY4, PART, ttl=63, id=ANY)) == 1
    finally:
        net.gateway.run("ip", "link", "del", device, check=False)


def test_a_port_of_a_vrf(module):
    """The tool refuses to attach the program there; what becomes one later is for the stack.

    In a namespace of its own, for the policy rules of a VRF outlive it.
    """
    need_xdp()
    with xdp.topology("xdp-vrf") as built, contextlib.closing(xdp.Count(built.gateway)) as count:
        built.configure(DIRECT)
        warm(built)
        with xdp.programs(built.gateway, "to6", "to4"):
            count.expect(built.wire, 2, [FROM6, FROM4], TO4, TO6)
            built.gateway.ip("link add red type vrf table 77", "link set red up", "link set to6 master red",
                             f"addr add {GATEWAY6}/64 dev to6 nodad",
                             *(f"neigh replace {host} lladdr {MAC_FAR6} dev to6 nud permanent" for host in (HOST6, SENTINEL6)),
                             f"route add {SERVER4}/32 dev to4 vrf red", f"route add {HOST6}/128 dev to6",
                             f"route add {SENTINEL6}/32 dev to6")
            for _ in range(3):
                count.expect(built.wire, 0, [FROM6, FROM4], TO4, TO6)


def heard_of(ear, packet):
    """How often that packet came, of all that came since."""
    count = 0
    while True:
        try:
            octets_ = ear.recv(70000)[24:]
        except BlockingIOError:
            return count
        count += len(octets_) >= 20 and packet.closed(octets_) == octets_
