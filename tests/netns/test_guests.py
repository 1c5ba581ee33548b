# SPDX-License-Identifier: GPL-2.0-only
"""Guests on this machine: what they leave to the device comes unchecked, and uncounted."""

import pytest
from addresses import CONFIG, HOST4, HOST6, PEER6, SERVER4, SERVER6
from frame import GSO_TCPV4, GSO_TCPV6, Offload
from generator import Sent
from packet import (address, destination_options, echo4, echo6, hop_by_hop, icmp4, icmp6, ip4, ip6, raw, tcp,
                    udp)
from taps import TapGateway
from test_counters import counted
from test_stack import DATA, seeded, super_tcp


@pytest.fixture(scope="module")
def gateway(module):
    gateway = TapGateway("nat64-guests")
    gateway.arrange(1500, 1500, 0, gro=False)
    yield gateway
    gateway.delete()


@pytest.fixture(autouse=True)
def configured(gateway):
    gateway.configure(CONFIG + "set counters on\n")
    gateway.ctl("stats", "reset")


def send(gateway, frame, side):
    assert gateway.send(Sent(frame.packet, side, offload=frame.offload))
    return gateway.received()[10 - side]


def test_the_segments_of_a_super_packet_are_counted(gateway):
    assert len(send(gateway, super_tcp(HOST6, SERVER6, GSO_TCPV6, 500, DATA), 6)) == 11
    assert len(send(gateway, super_tcp(SERVER4, HOST4, GSO_TCPV4, 500, DATA, df=True), 4)) == 11
    assert counted(gateway) == {"translated_6to4": 11, "translated_4to6": 11}
    assert "6to4 11 packets" in gateway.show("list", HOST4)
    assert "4to6 11 packets" in gateway.show("list", HOST4)


def test_the_segments_of_a_hairpinned_super_packet_are_counted(gateway):
    frame = super_tcp(HOST6, "2001:db8:100::203.0.113.20", GSO_TCPV6, 500, DATA)
    assert gateway.send(Sent(frame.packet, 6, offload=frame.offload))
    seen = gateway.received()[6]
    assert [bytes(packet[24:40]) for packet, _ in seen] == [address(PEER6)] * 11
    assert counted(gateway) == {"hairpinned": 11, "translated_4to6": 11}


def test_identifications_of_segments_differ(gateway):
    """RFC 6864: those of one super-packet, and those of the next."""
    seen = [packet[4:6] for _ in range(8) for packet, _ in
            send(gateway, super_tcp(HOST6, SERVER6, GSO_TCPV6, 500, DATA), 6)]
    assert len(seen) == len(set(seen)) == 8 * 11


@pytest.mark.parametrize("headers", [
    (), (destination_options(),), (hop_by_hop(), destination_options())], ids=len)
def test_the_segments_of_a_super_packet_behind_extension_headers_are_counted(gateway, headers):
    """The octets that would be the TCP header's without them say another number."""
    part = seeded(HOST6, SERVER6, tcp(1000, 80, DATA[:1101], seq=0xf0000000, flags=0x18), 16)
    start = 54 + sum(len(header.octets) for header in headers)
    sent = Sent(ip6(HOST6, SERVER6, *headers, part), 6,
                offload=Offload(GSO_TCPV6, 100, start + 20, start, 16))
    seen = []
    for _ in range(8):
        assert gateway.send(sent)
        seen += [packet[4:6] for packet, _ in gateway.received()[4]]
    assert counted(gateway) == {"translated_6to4": 8 * 12}
    assert len(seen) == len(set(seen)) == 8 * 12


@pytest.mark.parametrize("start", [8, 14, 20, 33, 53])
def test_a_checksum_that_begins_in_the_headers(gateway, start):
    """Its packet is malformed: there is no such place in the packet that it would become."""
    six = [ip6(HOST6, SERVER6, part) for part in (udp(1, 2, bytes(99)), echo6(1, 2, bytes(99)))]
    four = [ip4(SERVER4, HOST4, part) for part in (udp(1, 2, bytes(99)), echo4(1, 2, bytes(99)))]
    four += [ip4(SERVER4, HOST4, udp(1, 2, bytes(1400)))]  # to be split
    sent = [Sent(packet, 6, offload=Offload(csum_start=start, csum_offset=6)) for packet in six]
    sent += [Sent(packet, 4, offload=Offload(csum_start=start, csum_offset=6)) for packet in four
             if start < 34]
    taken = [gateway.send(one) for one in sent]
    assert gateway.received() == {6: [], 4: []}
    assert counted(gateway) == ({"malformed": sum(taken)} if any(taken) else {})
    # Newer kernels refuse by themselves what begins in the link-layer header or right behind it.
    assert all(taken) or start <= 14


@pytest.mark.parametrize("side", [6, 4])
def test_an_error_whose_checksum_is_left_to_the_device(gateway, side):
    """The whole message has another one after translation, and it is finished."""
    whole, make, ends = ((ip6(HOST6, SERVER6, icmp6(1, 3, 0, ip6(SERVER6, HOST6, udp(1, 2)))), ip6, (HOST6, SERVER6))
                         if side == 6 else
                         (ip4(SERVER4, HOST4, icmp4(3, 1, 0, ip4(HOST4, SERVER4, udp(1, 2)))), ip4, (SERVER4, HOST4)))
    header = 40 if side == 6 else 20
    part = bytes(whole)[header:]
    sums = seeded(*ends, raw(58, part), 2) if side == 6 else raw(1, part[:2] + bytes(2) + part[4:])
    assert gateway.send(Sent(whole, side))
    (want, _), = gateway.received()[10 - side]
    assert gateway.send(Sent(make(*ends, sums), side, offload=Offload(csum_start=14 + header, csum_offset=2)))
    (seen, offload), = gateway.received()[10 - side]
    assert offload == Offload()
    assert seen[:4] + seen[6:10] + seen[12:] == want[:4] + want[6:10] + want[12:]
