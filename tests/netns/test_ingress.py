# SPDX-License-Identifier: GPL-2.0-only
"""forwarding direct: packets of known flows are taken at their device's ingress hook.

Whatever comes, the same comes out, and the same is counted, as when PRE_ROUTING
takes it. A chain there, in front of the translator, tells who took a packet.
These tests have a gateway of their own, in which no policy rule ever stood:
with one, no flow is kept.
"""

import contextlib
import json
import socket
from pathlib import Path

import addresses
import pytest
from addresses import GATEWAY4, HOST4, HOST6, MAC_FAR4, MAC_FAR6, PREFIX, SERVER4, SERVER6, STRANGER6
from frame import GSO_TCPV4, GSO_TCPV6, Frame, Offload
from icmp_error import prohibited
from ingress import (DIRECT, FOUR, FROM4, FROM6, PART, PRE_ROUTING, SIX, TO4, TO6, USUAL, arrivals,
                     heard, keeps_flows, known, topology_of_its_own, warm)
from offloads import ALL_OFF, offloads
from packet import (ANY, UDP, checksum, destination_options, echo4, echo6, fragment, hop_by_hop,
                    icmp4, icmp6, ip4, ip6, octets, raw, routing, tcp, u16, udp, version)
from programs import attached
from test_stack import seeded, super_tcp
from util import run

pytestmark = [pytest.mark.as_configured, keeps_flows]

LONG = udp(1, 53, bytes(1000))
FILTERED = addresses.CONFIG + "set forwarding filtered\n"


@pytest.fixture(scope="module")
def topology(module, namespaces):
    yield from topology_of_its_own()


@pytest.fixture
def net(topology):
    topology.configure(DIRECT)
    return topology

# What a packet becomes.

def wrong(packet):
    """With a header checksum that is not right."""
    return type(packet)(packet[:10] + u16(int.from_bytes(packet[10:12], "big") ^ 0x0100) + packet[12:])


def relabelled(packet, first):
    """With another first octet: version and header length."""
    return type(packet)(bytes([first]) + packet[1:])


def saying(packet, length):
    """With a total length, or payload length, of its own."""
    if version(packet) == 6:
        return type(packet)(packet[:4] + u16(length) + packet[6:])
    packet = packet[:2] + u16(length) + packet[4:10] + b"\0\0" + packet[12:]
    return type(FROM4)(packet[:10] + u16(checksum(packet[:20])) + packet[12:])


def left_to_device(src, dst, part, at):
    make, header = (ip6, 40) if ":" in src else (ip4, 20)
    return Frame(make(src, dst, seeded(src, dst, part, at)), offload=Offload(csum_start=14 + header, csum_offset=at))


def padded(frame):
    return Frame(frame.packet, trailer=b"padding", offload=frame.offload)


def summing_to_zero(src, dst):
    """A datagram whose checksum is 0 between these addresses, and is sent as ones (RFC 768)."""
    return udp(1, 53, octets(src, dst, udp(1, 53, bytes(2)))[6:8])


OTHERS = "02:00:00:00:99:99"
STREAM = tcp(1000, 80, bytes(range(100)), seq=7)

# By name what comes in, and whether it is taken at the ingress hook.
PACKETS = {
    "6 UDP": (FROM6, True),
    "6 TCP": (ip6(*SIX, STREAM), True),
    "6 UDP without data": (ip6(*SIX, udp(1, 53)), True),
    "6 UDP with a wrong checksum": (ip6(*SIX, udp(1, 53, b"x", wrong_by=1)), True),
    "6 UDP with a checksum of 0 in IPv4": (ip6(*SIX, summing_to_zero(HOST4, SERVER4)), True),
    "6 echo": (ip6(*SIX, echo6(1, 2, b"data")), True),
    "6 echo reply": (ip6(*SIX, icmp6(129, 0, 0, b"data")), True),
    "6 TCP cut in its checksum, padded": (Frame(ip6(*SIX, raw(6, bytes(range(17)))), trailer=bytes(20)), True),
    "6 another protocol": (ip6(*SIX, raw(47, bytes(20))), True),
    "6 traffic class": (ip6(*SIX, PART, tclass=0xb9), True),
    "6 congestion": (ip6(*SIX, PART, tclass=3), True),
    "6 flow label": (ip6(*SIX, PART, flow=0x12345), True),
    "6 long": (ip6(*SIX, LONG), True),
    "6 of 1260 octets in IPv4": (ip6(*SIX, udp(1, 53, bytes(1232))), True),
    "6 of 1261 octets in IPv4": (ip6(*SIX, udp(1, 53, bytes(1233))), True),
    "6 padded": (Frame(FROM6, trailer=b"padding"), True),
    "6 padded, TCP": (Frame(ip6(*SIX, tcp(1000, 80)), trailer=bytes(6)), True),
    "6 padded, and not for us": (Frame(ip6(*SIX, PART, hlim=1), trailer=b"padding"), False),
    "6 padded, unfinished": (padded(left_to_device(*SIX, PART, 6)), False),
    "6 truncated": (saying(FROM6, len(FROM6)), False),
    "6 of length 0": (saying(FROM6, 0), False),
    "6 cut in its header": (Frame(FROM6[:30]), False),
    "6 of version 5": (Frame(relabelled(FROM6, 0x50), side=6, protocol=b"\x86\xdd"), False),
    "6 last hop": (ip6(*SIX, PART, hlim=1), False),
    "6 no hop": (ip6(*SIX, PART, hlim=0), False),
    "6 last hop but one": (ip6(*SIX, PART, hlim=2), True),
    "6 unfinished UDP": (left_to_device(*SIX, PART, 6), True),
    "6 unfinished TCP": (left_to_device(*SIX, STREAM, 16), True),
    "6 super-packet": (super_tcp(*SIX, GSO_TCPV6, 1220, bytes(5000)), True),
    "6 super-packet, last hop": (super_tcp(*SIX, GSO_TCPV6, 1220, bytes(5000), hlim=1), False),
    "6 first fragment": (ip6(*SIX, fragment(7, 0, True), raw(UDP, octets(*SIX, LONG)[:800])), True),
    "6 later fragment": (ip6(*SIX, fragment(7, 800), raw(UDP, octets(*SIX, LONG)[800:])), True),
    "6 fragmented echo": (ip6(*SIX, fragment(7, 0, True), raw(58, octets(*SIX, echo6(1, 2, bytes(800)))[:800])), False),
    "6 destination options": (ip6(*SIX, destination_options(), PART), True),
    "6 hop-by-hop options": (ip6(*SIX, hop_by_hop(), PART), False),
    "6 a route to go": (ip6(*SIX, routing(1), PART), False),
    "6 a route that ended": (ip6(*SIX, routing(0), PART), True),
    "6 an error": (ip6(*SIX, icmp6(1, 4, 0, ip6(SERVER6, HOST6, PART))), False),
    "6 packet too big": (ip6(*SIX, icmp6(2, 0, 1400, ip6(SERVER6, HOST6, PART))), False),
    "6 neighbour discovery": (ip6(*SIX, icmp6(135, 0, 0, bytes(16))), False),
    "6 for another": (Frame(FROM6, dst=OTHERS), False),
    "6 broadcast": (Frame(FROM6, dst="ff:ff:ff:ff:ff:ff"), False),
    "6 multicast": (Frame(FROM6, dst="33:33:00:00:00:01"), False),
    "6 from loopback": (ip6("::1", SERVER6, PART), False),
    "6 from a multicast address": (ip6("ff02::1", SERVER6, PART), False),
    "6 from a stranger": (ip6(STRANGER6, SERVER6, PART), False),
    "6 to loopback": (ip6(HOST6, "2001:db8:100::7f00:1", PART), False),
    "6 to the gateway": (ip6(HOST6, f"2001:db8:100::{GATEWAY4}", PART), False),
    "6 to a mapped host": (ip6(HOST6, f"2001:db8:100::{addresses.PEER4}", PART), False),
    "4 UDP": (FROM4, True),
    "4 TCP": (ip4(*FOUR, STREAM), True),
    "4 UDP without data": (ip4(*FOUR, udp(1, 53)), True),
    "4 UDP with a wrong checksum": (ip4(*FOUR, udp(1, 53, b"x", wrong_by=1)), True),
    "4 UDP without a checksum": (ip4(*FOUR, udp(1, 53, b"x", checksum=0)), True),
    "4 UDP with a checksum of 0 in IPv6": (ip4(*FOUR, summing_to_zero(SERVER6, HOST6)), True),
    "4 echo": (ip4(*FOUR, echo4(1, 2, b"data")), True),
    "4 echo reply": (ip4(*FOUR, icmp4(0, 0, 0, b"data")), True),
    "4 TCP cut in its checksum, padded": (Frame(ip4(*FOUR, raw(6, bytes(range(17)))), trailer=bytes(20)), True),
    "4 another protocol": (ip4(*FOUR, raw(47, bytes(20))), True),
    "4 type of service": (ip4(*FOUR, PART, tos=0xb9), True),
    "4 congestion": (ip4(*FOUR, PART, tos=3), True),
    "4 long": (ip4(*FOUR, LONG), True),
    "4 to be split": (ip4(*FOUR, udp(1, 53, bytes(1400)), id=7), True),
    "4 too big": (ip4(*FOUR, udp(1, 53, bytes(1465)), df=True), False),
    "4 not to be split": (ip4(*FOUR, udp(1, 53, bytes(1400)), df=True), True),
    "4 padded": (Frame(FROM4, trailer=b"padding"), True),
    "4 padded, TCP": (Frame(ip4(*FOUR, tcp(1000, 80)), trailer=bytes(6)), True),
    "4 padded, unfinished": (padded(left_to_device(*FOUR, PART, 6)), False),
    "4 padded, and not for us": (Frame(ip4(*FOUR, PART, ttl=1), trailer=b"padding"), False),
    "4 truncated": (saying(FROM4, len(FROM4) + 1), False),
    "4 shorter than its header": (saying(FROM4, 19), False),
    "4 as long as its header": (saying(FROM4, 20), True),
    "4 cut in its header": (Frame(FROM4[:18]), False),
    "4 of version 5": (Frame(relabelled(FROM4, 0x55), side=4), False),
    "4 with a short header": (Frame(relabelled(FROM4, 0x44), side=4), False),
    "4 with a wrong sum": (wrong(FROM4), False),
    "4 last hop": (ip4(*FOUR, PART, ttl=1), False),
    "4 last hop but one": (ip4(*FOUR, PART, ttl=2), True),
    "4 unfinished UDP": (left_to_device(*FOUR, PART, 6), True),
    "4 unfinished TCP": (left_to_device(*FOUR, STREAM, 16), True),
    "4 super-packet": (super_tcp(*FOUR, GSO_TCPV4, 1220, bytes(5000), df=True), True),
    "4 super-packet, last hop": (super_tcp(*FOUR, GSO_TCPV4, 1220, bytes(5000), df=True, ttl=1), False),
    "4 super-packet to be split": (super_tcp(*FOUR, GSO_TCPV4, 1440, bytes(5000)), False),
    "4 first fragment": (ip4(*FOUR, raw(UDP, octets(*FOUR, LONG)[:800]), id=7, mf=True), True),
    "4 later fragment": (ip4(*FOUR, raw(UDP, octets(*FOUR, LONG)[800:]), id=7, offset=800), True),
    "4 fragmented echo": (ip4(*FOUR, raw(1, octets(*FOUR, echo4(1, 2, bytes(800)))[:800]), mf=True), False),
    "4 options": (ip4(*FOUR, PART, options=b"\1\1\1\0"), False),
    "4 a source route": (ip4(*FOUR, PART, options=b"\x83\7\4\1\1\1\1\0"), False),
    "4 an error": (ip4(*FOUR, icmp4(3, 3, 0, ip4(HOST4, SERVER4, PART))), False),
    "4 for another": (Frame(FROM4, dst=OTHERS), False),
    "4 broadcast": (Frame(FROM4, dst="ff:ff:ff:ff:ff:ff"), False),
    "4 from loopback": (ip4("127.0.0.1", HOST4, PART), False),
    "4 from nowhere": (ip4("0.0.0.1", HOST4, PART), False),
    "4 from a multicast address": (ip4("224.0.0.1", HOST4, PART), False),
    "4 from the gateway's address": (ip4(GATEWAY4, HOST4, PART), True),
    "4 IGMP": (ip4(*FOUR, raw(2, bytes(8))), False),
    "4 of nobody": (ip4(SERVER4, "203.0.113.99", PART), False),
}


def snmp(gateway):
    """IP's counters of what comes in, of the gateway and, for IPv6, of the device."""
    with gateway:
        proc = Path("/proc/thread-self/net")
        names = {}
        for file in ("snmp", "netstat"):
            rows = [line.split() for line in (proc / file).read_text().splitlines()]
            for keys, values in zip(rows[::2], rows[1::2]):
                if keys[0] in ("Ip:", "IpExt:"):
                    names.update({keys[0] + key: int(value) for key, value in zip(keys[1:], values[1:])})
        for file in ("snmp6", "dev_snmp6/to6"):
            for line in (proc / file).read_text().splitlines():
                key, value = line.split()[:2]
                if key.startswith("Ip6In"):
                    names[file + key] = int(value)
    return names


def stats(gateway):
    return json.loads(gateway.show("-j", "stats"))["stats"]


def apart_from_output(found):
    """What came out, and what is counted, but for what IP counts as it sends: setting forwarding decides on that."""
    return {name: (out, {key: n for key, n in counted.items() if "Out" not in key})
            for name, (out, counted) in found.items()}


def grown(before, after):
    return {key: after[key] - before[key] for key in after if after[key] != before.get(key)}


def plain(packet):
    """Without what IPv4 numbers as it likes."""
    return bytes(packet if version(packet) == 6 else packet[:4] + b"\0\0" + packet[6:10] + b"\0\0" + packet[12:])


def outcome(net, sent):
    """What comes out of the gateway, and what the kernel counts there."""
    before = snmp(net.gateway)
    out = net.wire.exchange(sent)
    return ({side: [(plain(p), p.offload, p.ether) for p in out[side]] for side in out},
            grown(before, snmp(net.gateway)))


def prepare(net, sent):
    """The flow of a packet is known, if it can be."""
    packet, six = sent, version(sent) == 6 if not isinstance(sent, Frame) else sent.link == 6
    if isinstance(sent, Frame):
        packet = sent.packet
    if len(packet) >= (40 if six else 20):
        warm(net, relabelled(packet, 0x60 | packet[0] & 15 if six else 0x45))


@contextlib.contextmanager
def listeners(net):
    """Packet sockets, as tcpdump has them: what passes is cloned for them."""
    with contextlib.ExitStack() as stack:
        for device in ("to6", "to4"):
            with net.gateway:
                listener = stack.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
            listener.bind((device, 3))
        yield


@contextlib.contextmanager
def no_offloads(net):
    """What goes out has its checksums finished and no segments to come."""
    with offloads(net, near=ALL_OFF):
        yield


@contextlib.contextmanager
def strict(net):
    """rp_filter, which translated packets do not ask."""
    with net.gateway.sysctls(net__ipv4__conf__all__rp_filter=1, net__ipv4__conf__to4__rp_filter=1):
        yield


@contextlib.contextmanager
def counting(net):
    net.gateway.ctl("set", "counters", "on")
    yield


@contextlib.contextmanager
def roomy(net):
    """Packets have room in front, as drivers of cards leave it, where headers may grow: as a program
    of XDP on a veth has it."""
    with net.mtus(far6=1500, far4=1500), attached(net.gateway, "to6", "pass"), attached(net.gateway, "to4", "pass"):
        yield


@contextlib.contextmanager
def nothing(net):
    yield


CIRCUMSTANCES = {"plainly": nothing, "with head room": roomy, "cloned": listeners, "without offloads": no_offloads,
                 "with rp_filter": strict, "counted": counting}


def packets_for(circumstance):
    """Those that get as far as the gateway: a veth with a program takes what fits into a page."""
    return {name: sent for name, (sent, _) in PACKETS.items()
            if circumstance != "with head room" or len(getattr(sent, "packet", sent)) <= 1500}


def outcomes(net, packets):
    """Of packets by their names, and which the hook has left; what is counted in all."""
    found, left, before = {}, set(), stats(net.gateway)
    for name, sent in packets.items():
        prepare(net, sent)
        count = net.left.count()
        found[name] = outcome(net, sent)
        if net.left.count() != count:
            left.add(name)
    of_mappings = [m.get("counters", {}).get(f"{what}_{way}") for what in ("packets", "bytes")
                   for way in ("6to4", "4to6") for m in json.loads(net.gateway.show("-j", "list"))["mappings"]]
    return found, left, grown(before, stats(net.gateway)), of_mappings


@pytest.mark.parametrize("circumstance", CIRCUMSTANCES)
def test_packets_become_what_they_become_in_prerouting(net, circumstance):
    """Whether frame.c edits them, behind PRE_ROUTING or at ingress, or, for a mark is asked for, xlat46.c and xlat64.c."""
    packets, found = packets_for(circumstance), []
    for text in (PRE_ROUTING, FILTERED, DIRECT):
        net.configure(text)
        with CIRCUMSTANCES[circumstance](net):
            found.append(outcomes(net, packets))
    usual, filtered, direct = found
    for a, b in ((usual[0], direct[0]), (apart_from_output(usual[0]), apart_from_output(filtered[0]))):
        wrong = [name for name in packets if a[name] != b[name]]
        assert not wrong, "\n".join(f"{name}: {a[name]}, now {b[name]}" for name in wrong)
    assert usual[2:] == filtered[2:] == direct[2:]
    taken = {name for name in packets if PACKETS[name][1]}
    assert taken & direct[1] == set()
    assert taken <= usual[1] & filtered[1]
    assert (packets.keys() - taken) & usual[1] <= direct[1]


# Changes hold with the next packet.

@pytest.fixture
def taken(net):
    """Both flows are."""
    known(net, *USUAL)
    return net


@pytest.fixture
def edited(taken):
    """And frame.c edits packets of both."""
    with roomy(taken):
        known(taken, *USUAL)
        yield taken


def test_a_flow_is_taken_from_its_second_packet_on(net):
    net.configure(DIRECT + "set tos copy\nset hairpin off\n")
    net.configure(DIRECT)
    assert [arrivals(net, packet) for packet in (FROM6, FROM6, FROM4, FROM4)] == [1, 0, 1, 0]


@pytest.mark.parametrize("commands, after, came", [
    (["set forwarding filtered"], USUAL, 2),
    (["set mark 1/1"], {FROM6: ip6(*SIX, PART, hlim=63), FROM4: ip4(*FOUR, PART, ttl=63)}, 2),
    ([f"del {HOST4}"], {FROM6: None, FROM4: ip4(*FOUR, PART, ttl=63)}, 2),
    ([f"replace 203.0.113.99 {HOST6}"], {FROM6: ip4("203.0.113.99", SERVER4, PART, ttl=63, id=ANY)}, 1),
    (["prefix add 2001:db8:200::/96 primary"], {FROM4: ip6("2001:db8:200::c633:6402", HOST6, PART, hlim=63)}, 1),
    (["set tos 4", "set traffic-class 8"], {FROM6: ip4(HOST4, SERVER4, PART, ttl=63, id=ANY, tos=4),
                                            FROM4: ip6(SERVER6, HOST6, PART, hlim=63, tclass=8)}, 2),
    ([f"add {SERVER4} {STRANGER6}"], {FROM6: ip6("2001:db8:100::cb00:710a", STRANGER6, PART, hlim=63)}, 1)],
    ids=["filtered", "mark", "a mapping goes", "a mapping moves", "a prefix", "headers", "hairpin"])
def test_a_change_holds_with_the_next_packet(taken, commands, after, came):
    before = taken.left.count()
    taken.gateway.ctl("-b", "-", input="\n".join(commands) + "\n")
    for sent, expected in after.items():
        taken.wire.expect(sent, prohibited(sent) if expected is None else expected)
    assert taken.left.count() - before == came


def test_filtered_has_all_packets_in_prerouting(taken):
    """The hooks stay, and so do flows."""
    taken.gateway.ctl("set", "forwarding", "filtered")
    taken.gateway.loaded = None
    assert [arrivals(taken, *USUAL) for _ in range(3)] == [2, 2, 2]


def test_sysctls_hold_with_the_next_packet(edited):
    with edited.gateway.sysctls(net__ipv4__conf__to6__forwarding=0):
        edited.wire.expect_silence(FROM6)
    with edited.gateway.sysctls(net__ipv6__conf__all__forwarding=0):
        edited.wire.expect_silence(FROM4)
    for sent, expected in USUAL.items():
        edited.wire.expect(sent, expected)


def test_an_mtu_holds_with_the_next_packet(edited):
    long6, long4 = ip6(*SIX, udp(1, 53, bytes(1300))), ip4(*FOUR, udp(1, 53, bytes(1300)), df=True)
    known(edited, long6, long4)
    with edited.mtus(to4=1300):
        known(edited, FROM6)
        out = edited.wire.exchange(long6)
        assert [p[40:42] + p[44:48] for p in out[6]] == [b"\2\0\0\0\5\x28"] and not out[4]
    with edited.mtus(to6=1300):
        known(edited, FROM4)
        out = edited.wire.exchange(long4)
        assert [p[20:22] + p[26:28] for p in out[4]] == [b"\3\4\5\0"] and not out[6]
    known(edited, long6, long4)


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_native_route_holds_with_the_next_packet(taken, where):
    native = {"before": f"route {SERVER6}/128 via 2001:db8:1::fe", "after": f"route unreachable {SERVER4}/32"}[where]
    with taken.gateway.routes(native):
        out = taken.wire.exchange(FROM6)
        assert [len(out[6]), len(out[4])] == [1, 0]
    assert taken.wire.exchange(FROM6)[4]


@pytest.mark.skipif(run("modprobe", "-q", "xfrm_user", check=False).returncode != 0, reason="this kernel has no policies")
def test_policies_for_forwarding_have_all_packets_in_prerouting(taken):
    """Of whomever they are."""
    taken.gateway.ip("xfrm policy add src 192.0.2.8 dst 192.0.2.9 dir fwd action block")
    try:
        assert [arrivals(taken, *USUAL) for _ in range(3)] == [2, 2, 2]
    finally:
        taken.gateway.ip("xfrm policy flush")
    known(taken, *USUAL)


# With edge mappings, whose a packet is depends on more than its addresses.

FACE6 = "2001:db8:46::9"
EDGE = f"add 192.0.2.9 {FACE6} edge\n"
WITH_EDGE = {**USUAL,
             ip6(HOST6, FACE6, PART): ip4(HOST4, "192.0.2.9", PART, ttl=63, id=ANY),
             ip4("192.0.2.9", HOST4, PART): ip6(FACE6, HOST6, PART, hlim=63)}


@pytest.mark.parametrize("text", [DIRECT, PRE_ROUTING], ids=["direct", "pre_routing"])
def test_edge_mappings_have_all_packets_in_prerouting(net, text):
    """Whatever flows are known."""
    net.configure(text + EDGE)
    with net.gateway.routes(f"route 192.0.2.9/32 via {SERVER4}"):
        for _ in range(3):
            before = net.left.count()
            for sent, expected in WITH_EDGE.items():
                net.wire.expect(sent, expected)
            assert net.left.count() - before == len(WITH_EDGE)


def test_an_edge_mapping_comes_and_goes(taken):
    """While there is one, each packet is left."""
    taken.gateway.ctl("add", "192.0.2.9", FACE6, "edge")
    taken.gateway.loaded = None
    assert [arrivals(taken, *USUAL) for _ in range(2)] == [2, 2]
    taken.gateway.ctl("del", "192.0.2.9")
    known(taken, *USUAL)


def test_the_prefix_of_an_edge_relay_is_elsewhere(net):
    """Once only edge mappings are left, what goes to the prefix is not translated."""
    net.configure(f"prefix add {PREFIX}\nadd {HOST4} {HOST6}\nset forwarding direct\n")
    known(net, *USUAL)
    net.gateway.ctl("-b", "-", input=f"{EDGE}del {HOST4}\n")
    net.gateway.loaded = None
    net.wire.expect(FROM6, ip6(*SIX, PART, hlim=63))


def test_a_neighbour_moves(taken):
    taken.gateway.ip(f"neigh replace {HOST6} lladdr 02:00:00:00:06:77 dev to6 nud permanent")
    try:
        assert taken.wire.expect(FROM4, TO6)[6][0].ether[:6] == bytes.fromhex("020000000677")
        assert arrivals(taken, FROM4) == 0
    finally:
        taken.gateway.ip(f"neigh replace {HOST6} lladdr {MAC_FAR6} dev to6 nud permanent")


def test_a_neighbour_that_is_no_longer_known_is_asked_for(taken):
    """Its address is still there, and is not used (RFC 4861 7.3.3); the packet waits."""
    permanent = f"neigh replace {SERVER4} lladdr {MAC_FAR4} dev to4 nud permanent"
    taken.gateway.ip(f"neigh change {SERVER4} dev to4 nud failed")
    try:
        assert TO4[20:] not in [packet[20:] for packet in taken.wire.exchange(FROM6)[4]]
    finally:
        out = taken.wire.exchange(lambda: taken.gateway.ip(permanent))
    assert [packet[20:] for packet in out[4]] == [TO4[20:]]


def test_an_ipv4_route_through_an_ipv6_router(net):
    """RFC 8950: the frame is still one of IPv4."""
    sent = ip6(HOST6, f"{PREFIX.removesuffix('/96')}192.0.2.1", PART)
    net.gateway.ip("neigh replace fe80::99 lladdr 02:00:00:00:04:99 dev to4 nud permanent")
    with net.gateway.routes("route 192.0.2.0/24 via inet6 fe80::99 dev to4"):
        known(net, sent)
        out = net.wire.expect(sent, ip4(HOST4, "192.0.2.1", PART, ttl=63, id=ANY))
    assert out[4][0].ether[:6] == bytes.fromhex("020000000499")


def test_chains_at_ingress_come_first(taken):
    """Of nft and of tc, whatever their priority."""
    taken.gateway.run("nft", "-f", "-", input="""table netdev early {
chain late { type filter hook ingress device to6 priority 500; udp dport 53 drop; }
}
""")
    taken.wire.expect_silence(FROM6)
    taken.gateway.run("nft", "delete", "table", "netdev", "early")
    taken.wire.expect(FROM6, TO4)
    taken.gateway.run("tc", "qdisc", "add", "dev", "to6", "clsact")
    try:
        taken.gateway.run("tc", "filter", "add", "dev", "to6", "ingress", "matchall", "action", "drop")
        taken.wire.expect_silence(FROM6)
    finally:
        taken.gateway.run("tc", "qdisc", "del", "dev", "to6", "clsact")


def test_packet_sockets_see_packets_on_both_devices(taken):
    with contextlib.ExitStack() as stack:
        ears = {}
        for device in ("to6", "to4"):
            with taken.gateway:
                ears[device] = stack.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
            ears[device].bind((device, 3))
            ears[device].setblocking(False)
        before = taken.left.count()
        taken.wire.expect(FROM6, TO4)
        assert taken.left.count() == before
        packets = {device: [packet[14:] for packet in heard(ear)] for device, ear in ears.items()}
    assert FROM6 in packets["to6"]
    assert any(packet[12:20] == TO4[12:20] for packet in packets["to4"])
