# SPDX-License-Identifier: GPL-2.0-only
"""IPv4 identifications that several gateways give to the packets of one pair of hosts.

RFC 6864 section 4.3: datagrams that may be fragmented are not to repeat one
while an earlier one may be on its way. Gateways do not know of each other; they
can only see to it that each does not repeat any itself, and that a collision
with another one is as rare as chance has it.
"""

import collections
import itertools
import socket
import struct
import time

import cluster
import netns

SOURCE4 = "203.0.113.20"
DESTINATIONS = [f"198.51.100.{128 + n}" for n in range(32)]
EACH = 288  # datagrams to each; about a third of them through each gateway

SO_RCVBUFFORCE = 33


def tap(lab):
    """Catches all that comes from the gateways to the IPv4 side."""
    with netns.Place("router4"):
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
    tap.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 26)
    tap.bind(("gateways", 0x0800))
    tap.settimeout(0.1)
    return tap


def send(lab):
    """Small datagrams, which go without DF, from one host to many."""
    with netns.Place("client6"), socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sender:
        for _, destination in itertools.product(range(EACH), DESTINATIONS):
            sender.sendto(b"identify me", (cluster.embedded(destination), 9))


def identifications(caught):
    """By destination and gateway, which its link-layer address tells."""
    found = collections.defaultdict(list)
    end = time.monotonic() + 1
    while time.monotonic() < end:
        try:
            octets, (_, _, _, _, gateway) = caught.recvfrom(2048)
        except TimeoutError:
            continue
        identification, flags = struct.unpack_from("!HH", octets, 4)
        source, destination = (socket.inet_ntoa(octets[at:at + 4]) for at in (12, 16))
        if source == SOURCE4 and destination in DESTINATIONS:
            assert not flags & 0x4000, "these are to go without DF"
            found[destination, gateway].append(identification)
    return found


def collisions(found):
    """How many datagrams repeat what another gateway gave to one of the same pair."""
    count = 0
    for destination in DESTINATIONS:
        sets = [set(ids) for (to, _), ids in found.items() if to == destination]
        count += sum(map(len, sets)) - len(set().union(*sets))
    return count


def test_gateways_repeat_identifications_no_more_than_chance_has_it(spread, note):
    lab = spread
    lab.on("router4", "ip", "route", "add", "blackhole", "198.51.100.128/25")
    with tap(lab) as caught:
        send(lab)
        found = identifications(caught)
    lab.on("router4", "ip", "route", "del", "blackhole", "198.51.100.128/25")
    assert sum(map(len, found.values())) == EACH * len(DESTINATIONS)
    assert len(found) == len(DESTINATIONS) * cluster.GATEWAYS
    for ids in found.values():
        assert len(set(ids)) == len(ids), "one gateway repeats itself"
    # Chance: 32 pairs of hosts, 3 pairs of gateways, 96 * 96 / 65536 each: 13 are to be expected.
    # In step, as gateways with the same start would be, there are more than 5,000.
    count = collisions(found)
    note(f"{count} collisions in {EACH * len(DESTINATIONS)} datagrams")
    assert count < 500

