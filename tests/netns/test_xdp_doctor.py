# SPDX-License-Identifier: GPL-2.0-only
"""nat64ctl doctor finds what keeps packets out of XDP, and the command that it prints mends it."""

import json

import pytest
from addresses import CONFIG
from doctoring import examine, fix
from programs import need_xdp
from util import kernel

pytestmark = [pytest.mark.as_configured, pytest.mark.configuration(CONFIG, "set forwarding direct")]

DRIVERS_TELL = kernel() >= (6, 3)
drivers_tell = pytest.mark.skipif(not DRIVERS_TELL, reason="drivers do not tell what XDP they support before 6.3")

PEER_NOTE = ("whether the peer of {}, in another network namespace, leaves checksums to devices, which "
             "keeps packets out of XDP: ethtool -k")


@pytest.fixture
def gateway(real):
    """The gateway, with the program on both devices, and nothing to be said about that."""
    need_xdp()
    with real.mtus(to6=1500, to4=1500, far6=1500, far4=1500):
        for host in (real.v6, real.v4):
            host.offloads("eth0", gro=True)
        for device in ("to4", "to6"):
            real.gateway.ctl("xdp", "add", device)
        real.gateway.ctl("stats", "reset")
        assert examine(real.gateway) == ([], 0)
        yield real.gateway
        real.gateway.run("ip", "link", "del", "near9", check=False)
        real.gateway.ctl("load", "/dev/null")
        for host in (real.v6, real.v4):
            host.offloads("eth0", gro=False)


def found(gateway, problem, command):
    """Fails unless this is all that is found; types the command, after which nothing is."""
    findings, status = examine(gateway)
    assert status == 0
    assert [(f["check"], f.get("command")) for f in findings] == [("xdp", command)]
    assert problem in findings[0]["problem"]
    if command:
        fix(gateway, command)
        assert examine(gateway) == ([], 0)


@pytest.mark.parametrize("change, problem, command", [
    ("set forwarding filtered", "forwarding is filtered", "nat64ctl set forwarding direct"),
    ("set counters on", "counters is on", "nat64ctl set counters off"),
    ("add 192.0.0.1 2001:db8:46::1 edge", "there are edge mappings", None)])
def test_settings(gateway, change, problem, command):
    gateway.ctl(*change.split())
    findings, _ = examine(gateway)
    # An edge mapping of an address that is not there is no mistake of XDP's.
    assert [f["problem"] for f in findings if f["check"] == "xdp"] == [
        f"to6 has the XDP program, and no packet is translated by it: {problem}"]
    if command:
        found(gateway, problem, command)


def test_mark(gateway):
    """Which packets have it, no program knows."""
    gateway.ctl("set", "mark", "1")
    findings, _ = examine(gateway)
    assert [f["command"] for f in findings if f["check"] == "xdp"] == ["nat64ctl set mark none"]


@pytest.mark.parametrize("route, family, where", [
    ("route 192.0.2.9/32 dev to6", 4, "mappings"), ("route 2001:db8:100::1:0/112 dev to4", 6, "prefixes")])
def test_native_routes(gateway, route, family, where):
    """One of them keeps all packets of its family out: which it takes, each is to be asked."""
    gateway.ctl("add", "192.0.2.0/24", "2001:db8:9::/120")
    with gateway.routes(route):
        problems = [f["problem"] for f in examine(gateway)[0] if f["check"] == "xdp"]
    assert problems == [f"to6 has the XDP program, and no IPv{family} packet is translated by it: "
                        f"there are native routes inside {where}"]


@drivers_tell
def test_generic_mode_of_a_driver_that_could_do_better(gateway):
    gateway.ctl("xdp", "del", "to4")
    gateway.ctl("xdp", "add", "to4", "generic")
    found(gateway, "to4 has the XDP program in generic mode",
          "nat64ctl xdp del to4 && nat64ctl xdp add to4")
    assert "to4 native\n" in gateway.show("xdp", "list")


@drivers_tell
def test_a_target_that_takes_no_frames(gateway, real):
    real.v4.offloads("eth0", gro=False)
    found(gateway, "to4, by which translated packets leave, takes no frames of XDP, as GRO is off on its "
          "peer, in another network namespace", None)


@drivers_tell
def test_a_target_whose_peer_is_here(gateway):
    gateway.run("ip", "link", "add", "near9", "type", "veth", "peer", "far9")
    for device in ("near9", "far9"):
        gateway.run("ip", "link", "set", device, "up")
    with gateway.routes("route 2001:db8:77::/64 dev near9"):
        gateway.ctl("add", "203.0.113.77", "2001:db8:77::1")
        found(gateway, "near9, by which translated packets leave, takes no frames", "ethtool -K far9 gro on")
        gateway.run("ip", "link", "set", "near9", "mtu", "1500")
        gateway.ctl("xdp", "add", "near9")
        found(gateway, "far9, the peer of near9, leaves the checksums", "ethtool -K far9 tx off")
        gateway.ctl("xdp", "del", "near9")


def test_one_device_sends_no_frames_to_itself(gateway, real):
    """What comes in on the only one that has the program leaves by the other."""
    gateway.ctl("xdp", "del", "to6")
    real.v4.offloads("eth0", gro=False)
    if not DRIVERS_TELL:
        found(gateway, "to6, by which translated packets leave, takes no frames of XDP while it has no program "
              "of its own", "nat64ctl xdp add to6")
    assert examine(gateway) == ([], 0)


def test_what_came_after_the_program(gateway):
    gateway.run("ip", "link", "add", "tag9", "link", "to4", "type", "vlan", "id", "9")
    found(gateway, "to4 (veth) carries VLANs (tag9)", None)
    gateway.run("ip", "link", "del", "tag9")
    gateway.run("ip", "link", "add", "mac9", "link", "to4", "type", "macvlan")
    found(gateway, "to4 carries mac9 (macvlan)", None)
    gateway.run("ip", "link", "del", "mac9")
    assert examine(gateway) == ([], 0)


def test_peers_elsewhere_are_named(gateway):
    """The doctor cannot look there; and its own program it does not name."""
    assert json.loads(gateway.show("-j", "doctor"))["not_looked_at"] == [
        PEER_NOTE.format("to6"), PEER_NOTE.format("to4")]


def test_without_a_program_there_is_nothing_to_say(gateway, real):
    for device in ("to4", "to6"):
        gateway.ctl("xdp", "del", device)
    real.v4.offloads("eth0", gro=False)
    assert gateway.show("doctor") == "nothing found\n"
