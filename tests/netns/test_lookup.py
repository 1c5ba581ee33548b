# SPDX-License-Identifier: GPL-2.0-only
"""What decides on the route of a translated packet beside its destination.

Rules by tunnel key, IPv6 routes by source, devices without policies, routes
that encapsulate; test_paths.py and test_ways.py have the common ones.
"""

import contextlib
import json
import struct

import pytest
from addresses import GATEWAY4, GATEWAY6, HOST4, HOST6, MAC_FAR4, SERVER4, SERVER6
from frame import ethertype, mac
from icmp_error import answer6, prohibited
from packet import ANY, ip4, ip6, udp
from util import run

pytestmark = pytest.mark.usefixtures("real")

VXLAN_PORT, MAC_VXLAN = 4789, "02:00:00:00:00:99"
# By the side of its sender: a packet, and what it becomes.
PAIRS = {6: (ip6(HOST6, SERVER6, udp(1, 2, b"x")),
             ip4(HOST4, SERVER4, udp(1, 2, b"x"), ttl=63, id=ANY)),
         4: (ip4(SERVER4, HOST4, udp(1, 2, b"x")),
             ip6(SERVER6, HOST6, udp(1, 2, b"x"), hlim=63))}


@pytest.fixture(params=[6, 4], ids=["6to4", "4to6"])
def side(request):
    return request.param


@pytest.fixture(params=["filtered", "direct"])
def forwarding(request, configure):
    configure(f"set forwarding {request.param}")


def in_vxlan(packet, vni):
    """To the gateway's own VXLAN device, from the side of its family."""
    inner = mac(MAC_VXLAN) + mac("02:00:00:00:00:98") + ethertype(packet) + packet
    datagram = udp(5000, VXLAN_PORT, struct.pack("!II", 0x08000000, vni << 8) + inner)
    if packet[0] >> 4 == 6:
        return ip6(HOST6, GATEWAY6, datagram)
    return ip4(SERVER4, GATEWAY4, datagram)


needs_vxlan = pytest.mark.skipif(run("modprobe", "-q", "vxlan", check=False).returncode != 0,
                                 reason="this kernel has no VXLAN")


@contextlib.contextmanager
def routes_or_skip(gateway, *lines):
    """Routes of kinds that not every kernel knows."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(gateway.routes(*lines))
        except AssertionError as error:
            if "LWTUNNEL" not in str(error) and "SUBTREES" not in str(error):
                raise
            pytest.skip(str(error))
        yield


@needs_vxlan
def test_rules_by_tunnel_key(gateway, expect, side, forwarding):
    """Those of the new family, with the key of the tunnel that the packet came through."""
    sent, translated = PAIRS[side]
    gateway.ip(f"link add vxlan0 address {MAC_VXLAN} type vxlan external dstport {VXLAN_PORT}",
               "link set vxlan0 up")
    rule = "-4" if side == 6 else "-6", "rule"
    try:
        expect(in_vxlan(sent, 5), translated)
        gateway.run("ip", *rule, "add", "tun_id", "5", "prohibit")
        try:
            expect(in_vxlan(sent, 5), prohibited(sent))
            expect(in_vxlan(sent, 6), translated)
        finally:
            gateway.run("ip", *rule, "del", "tun_id", "5", "prohibit")
    finally:
        gateway.ip("link del vxlan0")


# IPv4 rules by the device that a packet came in on.

def unreachable(packet):
    return answer6(packet, 1, 3)


RULE = "rule iif to6 lookup 77 pref 99"
MAIN_ENDS = f"route unreachable {SERVER4}/32"


@pytest.mark.parametrize("way", [f"{SERVER4} dev to4", "default via 198.51.100.254 dev to4"], ids=["on the link", "a router"])
def test_rules_by_device(gateway, wire, forwarding, way):
    sent, translated = PAIRS[6]
    with gateway.routes(f"route {way} table 77", MAIN_ENDS):
        wire.expect(sent, unreachable(sent))
        with gateway.routes(RULE):
            for _ in range(2):
                packet, = wire.expect(sent, translated)[4]
                assert packet.ether[:6] == mac(MAC_FAR4)


def test_rules_by_device_leave_several_routers_to_the_other_rules(gateway, wire, forwarding):
    sent, translated = PAIRS[6]
    hops = " ".join(f"nexthop via 198.51.100.{hop} dev to4" for hop in (253, 254))
    with gateway.routes(f"route default table 77 {hops}", RULE):
        wire.expect(sent, translated)
        with gateway.routes(MAIN_ENDS):
            wire.expect(sent, unreachable(sent))


@pytest.mark.parametrize("way, out, via", [
    (f"{SERVER4} dev to4", "to4", None), ("0.0.0.0/0 via 198.51.100.254 dev to4", "to4", "198.51.100.254"),
    ("0.0.0.0/0 via inet6 2001:db8:1::fe dev to6", "to6", "2001:db8:1::fe")])
def test_the_next_hop_of_rules_by_device(gateway, forwarding, way, out, via):
    with gateway.routes(f"route {way} table 77", RULE):
        said = json.loads(gateway.show("-j", "explain", "6", HOST6, SERVER6))
    assert (said["out"], said.get("via")) == (out, via)


@pytest.mark.parametrize("kind, answer", [("prohibit", prohibited), ("blackhole", None)])
def test_rules_by_device_that_refuse(gateway, wire, forwarding, kind, answer):
    sent, translated = PAIRS[6]
    with gateway.routes(f"rule iif to6 {kind} pref 99"):
        wire.expect(sent, *[answer(sent)] if answer else [])
    wire.expect(sent, translated)


def test_a_broadcast_is_none_of_a_rule_by_device(gateway, wire, forwarding):
    sent = ip6(HOST6, "2001:db8:100::198.51.100.255", udp(1, 2))
    with gateway.routes("rule iif to6 lookup local pref 99"):
        wire.expect(sent, prohibited(sent))


def test_ipv6_routes_by_source(gateway, wire, forwarding):
    """The source after translation; a route that was cached before does not count."""
    sent, translated = PAIRS[4]
    other = ip4("198.51.100.3", HOST4, udp(1, 2, b"x"))
    other6 = ip6("2001:db8:100::c633:6403", HOST6, udp(1, 2, b"x"), hlim=63)
    wire.expect(sent, translated)
    with routes_or_skip(gateway, f"route {HOST6} from {SERVER6} via 2001:db8:1::77",
                        "neigh 2001:db8:1::77 lladdr 02:00:00:00:06:77 dev to6"):
        seen = wire.expect([sent, other], translated, other6)
        assert [packet.ether[5] for packet in seen[6]] == [0x77, 0x10]
    assert wire.expect(sent, translated)[6][0].ether[5] == 0x10


@pytest.mark.skipif(run("modprobe", "-q", "xfrm_user", check=False).returncode != 0,
                    reason="this kernel has no policies")
@pytest.mark.parametrize("where", ["device", "all"])
def test_a_device_without_policies(gateway, expect, expect_silence, side, forwarding, where):
    sent, translated = PAIRS[side]
    ends = (HOST6, SERVER6) if side == 6 else (SERVER4, HOST4)
    key = f"net__ipv{side}__conf__{'all' if where == 'all' else f'to{side}'}__disable_policy"
    gateway.ip(f"xfrm policy add src {ends[0]} dst {ends[1]} dir fwd action block")
    try:
        expect_silence(sent)
        with gateway.sysctls(**{key: 1}):
            expect(sent, translated)
    finally:
        gateway.ip("xfrm policy flush")


@pytest.mark.skipif(run("modprobe", "-q", "xfrm_user", check=False).returncode != 0,
                    reason="this kernel has no policies")
@pytest.mark.parametrize("where", ["to4", "all"])
@pytest.mark.parametrize("rules", [(), ("rule iif to6 lookup main pref 99",)], ids=["no rules", "rules by device"])
def test_a_device_that_encrypts_nothing(gateway, expect, expect_silence, forwarding, where, rules):
    """IPv4 has a sysctl for that, which new routes heed."""
    sent, translated = PAIRS[6]
    gateway.ip(f"xfrm policy add src {HOST4} dst {SERVER4} dir out action block")
    try:
        with gateway.routes(*rules):
            expect_silence(sent)
            with gateway.sysctls(**{f"net__ipv4__conf__{where}__disable_xfrm": 1}):
                gateway.run("ip", "route", "flush", "cache")
                expect(sent, translated)
    finally:
        gateway.ip("xfrm policy flush")


def test_a_route_that_encapsulates(gateway, wire, side, forwarding):
    """encap ip and ip6: the packet leaves inside another one."""
    sent, translated = PAIRS[side]
    if side == 6:
        tunnel, route = "ipip", f"{SERVER4} encap ip id 5 dst 198.51.100.254 dev tunnel0"
    else:
        tunnel, route = "ip6tnl mode any", f"{HOST6} encap ip6 id 5 dst 2001:db8:1::fe dev tunnel0"
    gateway.ip(f"link add tunnel0 type {tunnel} external", "link set tunnel0 up")
    try:
        with routes_or_skip(gateway, f"route {route}"):
            outer, = wire.exchange(sent)[4 if side == 6 else 6]
    finally:
        gateway.ip("link del tunnel0")
    inner = outer[20 if side == 6 else 40:]
    assert len(outer) > len(translated) and inner == translated.closed(inner)
