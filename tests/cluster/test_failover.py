# SPDX-License-Identifier: GPL-2.0-only
"""Gateways come and go while traffic passes: what is lost, and that connections go on."""

import time

import cluster
import kmod
import pytest

DIRECTIONS = pytest.mark.parametrize("direction", cluster.PAIRS)

# What examples/cluster/bird says: three times 200 ms.
DETECTION = 0.6
# What nat64-announce says: one check each second.
CHECK = 1
# From there until both routers have changed their routes, and from one datagram to the next.
SLACK = 0.1

TRAFFIC = ("--streams", 4, "--rate", 20000, "--probes", 12, "--pps", 25)


def lost_after(report, moment):
    return [at - moment for at in report.lost_at if at >= moment]


@DIRECTIONS
def test_all_gateways_share_the_traffic(lab, direction):
    before = {gateway: lab.stats(gateway) for gateway in (1, 2, 3)}
    with lab.traffic(direction, "--streams", 16, "--rate", 20000, "--probes", 32, "--pps", 25) as traffic:
        traffic.last(1)
        report = traffic.end()
    assert not report.broken and not report.lost_at
    for counter in ("translated_4to6", "translated_6to4"):
        assert min(lab.shares(counter, before)) > 0.1


@DIRECTIONS
def test_power_off_is_noticed_by_bfd_and_breaks_nothing(lab, direction, note):
    with lab.traffic(direction, *TRAFFIC) as traffic:
        traffic.last(1)
        before = time.monotonic()
        lab.lab("kill", 2)
        traffic.last(2)
        report = traffic.end()
    lab.lab("add", 2)
    lost = lost_after(report, before)
    assert not report.broken
    assert lost and len(lost) == report.lost
    assert max(lost) < DETECTION + SLACK
    note(f"{report.lost} of {report.sent}, last after {max(lost):.2f} s")


@DIRECTIONS
def test_maintenance_loses_nothing(lab, direction):
    """Withdrawn, stopped, booted anew: each while traffic passes."""
    with lab.traffic(direction, *TRAFFIC) as traffic:
        traffic.last(1)
        lab.lab("drain", 2)
        lab.await_gateways(1, 3)
        traffic.last(1)
        lab.lab("shut", 2)
        traffic.last(1)
        lab.lab("add", 2)
        lab.await_gateways(1, 2, 3)
        traffic.last(1)
        report = traffic.end()
    assert not report.broken
    assert not report.lost_at


def test_a_new_gateway_needs_nobody_to_be_told(lab):
    """Of so many flows, it has some in each direction: but for one time in a million."""
    many = ("--streams", 4, "--rate", 20000, "--probes", 48, "--pps", 25)
    try:
        with lab.traffic("4to6", *many) as traffic:
            traffic.last(1)
            lab.lab("add", 4)
            lab.await_gateways(1, 2, 3, 4)
            traffic.last(2)
            report = traffic.end()
        assert not report.broken and not report.lost_at
        stats = lab.stats(4)
        assert stats["translated_4to6"] and stats["translated_6to4"]
    finally:
        lab.lab("drain", 4)
        lab.lab("shut", 4)


@DIRECTIONS
@pytest.mark.parametrize("lose", [("flush",), ("load", "/dev/null")],
                         ids=["flushed", "nothing loaded"])
def test_without_its_table_a_gateway_withdraws(lab, direction, lose, note):
    with lab.traffic(direction, *TRAFFIC) as traffic:
        traffic.last(1)
        before = time.monotonic()
        lab.ctl(1, *lose)
        lab.await_gateways(2, 3)
        traffic.last(2)
        lab.load(1)
        lab.await_gateways(1, 2, 3)
        traffic.last(1)
        report = traffic.end()
    lost = lost_after(report, before)
    assert not report.broken
    assert lost and len(lost) == report.lost
    assert max(lost) < CHECK + SLACK
    note(f"{report.lost} of {report.sent}, last after {max(lost):.2f} s")


def test_without_the_module_all_withdraw(lab):
    """There is one module for all gateways here; each on its own finds it missing."""
    kmod.unload_module()
    lab.await_gateways()
    kmod.load_module()
    lab.await_gateways()
    for gateway in (1, 2, 3):
        lab.load(gateway)


@pytest.mark.parametrize("link, other", [("to4", 6), ("to6", 4)])
def test_a_gateway_cut_off_on_one_side_withdraws_on_the_other(lab, link, other):
    lab.on("gateway3", "ip", "link", "set", link, "down")
    lab.await_gateways(1, 2, sides=[other])
    lab.lab("kill", 3)
    lab.lab("add", 3)


def test_a_failed_load_changes_nothing(lab):
    before = lab.status(1)
    done = lab.ctl(1, "load", "-", input="prefix add 2001:200:d00:100::/64\nadd 203.0.113.10 nonsense\n",
                   check=False)
    assert done.returncode == 1
    assert lab.status(1) == before
    assert lab.next_hops(4) == lab.next_hops(6) == {1, 2, 3}
