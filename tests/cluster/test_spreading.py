# SPDX-License-Identifier: GPL-2.0-only
"""Each packet through a gateway chosen at random: the hardest spreading there can be."""

import cluster
import pytest

# Between the routers and the servers; what comes from the clients is larger.
NARROW = 1400


def narrow(lab, mtu):
    """The MTU of the links to both servers, which TCP is to learn from errors, not from the MSS."""
    for family, server, router, gateway in (("-4", "server4", "router4", "198.51.100.1"),
                                            ("-6", "server6", "router6", "2001:db8:cafe::1")):
        lab.on(server, "ip", "link", "set", "eth0", "mtu", mtu)
        lab.on(server, "ip", family, "route", "replace", "default", "via", gateway, "advmss", 1440)
        lab.on(router, "ip", "link", "set", server, "mtu", mtu)
        lab.on(router, "ip", "link", "set", "hosts", "mtu", mtu)


def is_fair(shares):
    least, most = cluster.FAIR
    return least < min(shares) and max(shares) < most


def learned_mtus(lab, direction):
    pair = cluster.PAIRS[direction]
    return lab.on(pair.client, "ip", "route", "get", pair.address).stdout


@pytest.mark.parametrize("direction, mtu", [("4to6", NARROW - 20), ("6to4", NARROW + 20)])
def test_packets_of_one_flow_through_all_gateways(spread, direction, mtu):
    """TCP, UDP in fragments, and the path MTU errors that both need."""
    lab = spread
    before = {gateway: lab.stats(gateway) for gateway in (1, 2, 3)}
    narrow(lab, NARROW)
    try:
        with lab.traffic(direction, "--streams", 4, "--octets", 3000000, "--rate", 3000000,
                         "--probes", 4, "--pps", 100, "--size", 4000) as traffic:
            report = traffic.end()
        assert f"mtu {mtu}" in learned_mtus(lab, direction)
    finally:
        narrow(lab, 1500)
    assert not report.broken
    assert report.octets == 4 * 3000000
    assert report.sent > 100 and not report.lost_at
    for counter in ("translated_4to6", "translated_6to4"):
        assert is_fair(lab.shares(counter, before))
