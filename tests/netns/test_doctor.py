# SPDX-License-Identifier: GPL-2.0-only
"""nat64ctl doctor finds each common mistake, and the command that it prints fixes it."""

import contextlib
import json
import os
from pathlib import Path

import kmod
import pytest
import util
from addresses import (CONFIG, GATEWAY4, GATEWAY6, HOST4, HOST6, MAC_FAR6, PEER4, PEER6, PREFIX,
                       REAL4_EMBEDDED, REAL6, REAL6_MAPPED, SENTINEL6, SERVER4, SERVER6)
from doctoring import examine, fix
from frame import Frame
from kmod import KO
from netns import Namespace
from packet import ANY, ip4, ip6, udp
from util import CTL

pytestmark = pytest.mark.usefixtures("real")


def found(gateway, check, problem, *commands):
    """Fails unless exactly these commands are printed; returns them."""
    findings, status = examine(gateway)
    assert status == 0
    assert {f["check"] for f in findings} == {check}
    assert problem in findings[0]["problem"]
    assert tuple(f["command"] for f in findings) == commands


def translates(net):
    """Both ways."""
    net.wire.expect([ip6(HOST6, SERVER6, udp(1, 2)), ip4(SERVER4, HOST4, udp(1, 2))],
                    ip4(HOST4, SERVER4, udp(1, 2), ttl=63, id=ANY),
                    ip6(SERVER6, HOST6, udp(1, 2), hlim=63))


def test_nothing_is_wrong(gateway):
    gateway.ctl("stats", "reset")
    assert gateway.show("doctor") == "nothing found\n"


FORWARDING = [
    ("net.ipv4.ip_forward", "the kernel does not forward IPv4", "net.ipv4.ip_forward"),
    ("net.ipv6.conf.all.forwarding", "the kernel does not forward IPv6",
     "net.ipv6.conf.all.forwarding"),
    ("net.ipv4.conf.to6.forwarding", "what comes in on to6 is not forwarded as IPv4",
     "net/ipv4/conf/to6/forwarding"),
]


@pytest.mark.parametrize("key, problem, named", FORWARDING, ids=[f[0] for f in FORWARDING])
def test_forwarding_is_off(net, healthy, key, problem, named):
    healthy.sysctl(key, 0)
    found(healthy, "forwarding", problem, f"sysctl -w {named}=1")
    fix(healthy, f"sysctl -w {named}=1")
    translates(net)


def test_text(healthy):
    healthy.sysctl("net.ipv4.ip_forward", 0)
    assert healthy.show("doctor") == ("the kernel does not forward IPv4\n"
                                      "    sysctl -w net.ipv4.ip_forward=1\n")
    healthy.sysctl("net.ipv4.ip_forward", 1)


def test_no_route_to_a_mapped_host(net, healthy):
    healthy.ip(f"route add unreachable {HOST6}/128")
    command = f"ip -6 route replace {HOST6}/128 dev to6"
    found(healthy, "host-route", f"no route to {HOST6}, which {HOST4} is mapped to", command)
    healthy.ip(f"route del unreachable {HOST6}/128")
    healthy.ip("route del default via 2001:db8:1::fe", "route del 2001:db8:1::/64 dev to6",
               f"route add {PEER6}/128 dev to6", f"route add {REAL6}/128 dev to6",
               "route add 2001:db8:100::/64 dev to6")
    found(healthy, "host-route", f"no route to {HOST6}", command)
    fix(healthy, command)
    translates(net)
    healthy.ip(f"route del {HOST6}/128", f"route del {PEER6}/128", f"route del {REAL6}/128",
               "route del 2001:db8:100::/64 dev to6", "route add 2001:db8:1::/64 dev to6",
               "route add default via 2001:db8:1::fe")


def test_no_route_to_the_prefix(healthy):
    healthy.ip("route del default via 2001:db8:1::fe")
    command = f"ip -6 route replace {PREFIX} dev to6"
    found(healthy, "prefix-route", f"no IPv6 route to {PREFIX}", command)
    fix(healthy, command)
    assert examine(healthy) == ([], 0)
    healthy.ip(f"route del {PREFIX} dev to6", "route add default via 2001:db8:1::fe")


def test_a_route_to_the_prefix_leads_to_no_router(net, healthy):
    """Not even where the mapped hosts are behind one: it would send packets back."""
    healthy.ip("route del default via 2001:db8:1::fe",
               *(f"route add {host}/128 via 2001:db8:1::fe" for host in (HOST6, PEER6, REAL6)))
    command = f"ip -6 route replace {PREFIX} dev to6"
    found(healthy, "prefix-route", f"no IPv6 route to {PREFIX}", command)
    fix(healthy, command)
    assert examine(healthy) == ([], 0)
    translates(net)
    healthy.ctl("load", "/dev/null")
    seen = net.wire.exchange(ip6(HOST6, SERVER6, udp(1, 2)))
    healthy.configure(CONFIG)
    assert not seen[4] and {packet[6] for packet in seen[6]} <= {58}  # who has that address?
    healthy.ip(f"route del {PREFIX} dev to6",
               *(f"route del {host}/128 via 2001:db8:1::fe" for host in (HOST6, PEER6, REAL6)),
               "route add default via 2001:db8:1::fe")


@pytest.fixture
def sick(module):
    """A gateway with two devices and no address or route, seen from outside."""
    with contextlib.ExitStack() as stack:
        namespace = Namespace("nat64-sick")
        stack.callback(namespace.delete)
        namespace.ip("link add to6 type dummy", "link add to4 type dummy")
        util.run(CTL, "-n", namespace.name, "load", "-", input=CONFIG)
        yield namespace


def examine_outside(namespace):
    done = util.run(CTL, "-j", "-n", namespace.name, "doctor")
    return [(f["check"], f.get("command")) for f in json.loads(done.stdout)["findings"]]


def test_commands_are_for_the_namespace(sick):
    """They are typed where nat64ctl was, and then nothing is left to say."""
    there = f"ip netns exec {sick.name} "
    sick.ip("link set to6 up", "link set to4 up", f"addr add {GATEWAY6}/64 dev to6 nodad",
            f"addr add {GATEWAY4}/24 dev to4", "route add default via 198.51.100.254")
    findings = examine_outside(sick)
    assert findings == [
        ("forwarding", f"{there}sysctl -w net.ipv6.conf.all.forwarding=1"),
        ("forwarding", f"{there}sysctl -w net.ipv4.ip_forward=1"),
        ("prefix-route", f"{there}ip -6 route replace {PREFIX} dev to6")]
    path = f"{CTL.parent}:{os.environ['PATH']}"
    for _, command in findings:
        util.run("env", f"PATH={path}", "sh", "-c", command)
    assert examine_outside(sick) == []
    util.run(CTL, "-n", sick.name, "add", GATEWAY4, "2001:db8:1::77")
    assert examine_outside(sick) == [("own-address", f"{there}nat64ctl del {GATEWAY4}/32")]
    done = util.run(CTL, "-j", "-n", f"/run/netns/{sick.name}", "doctor")
    assert json.loads(done.stdout)["findings"][0]["command"] == (
        f"nsenter --net=/run/netns/{sick.name} nat64ctl del {GATEWAY4}/32")


def test_no_route_is_guessed_where_nothing_is_known(sick):
    """As on a gateway whose IPv6 device lost its addresses."""
    commands = dict(examine_outside(sick))
    assert commands["host-route"] is None and commands["prefix-route"] is None
    assert not [c for c in commands.values() if c and "route" in c]


def test_routes_into_the_machine_itself(sick):
    """What an earlier doctor advised."""
    sick.ip(f"route add {HOST6}/128 dev lo")
    done = util.run(CTL, "-j", "-n", sick.name, "doctor")
    assert (f"no route to {HOST6}, which {HOST4} is mapped to: the one there is leads to lo; "
            "add a route by the IPv6 network's router") in [
                f["problem"] for f in json.loads(done.stdout)["findings"]]


def test_all_findings_are_in_the_json(sick):
    """People are told of eight, and that there are more."""
    util.run(CTL, "-n", sick.name, "load", "-", input=f"prefix add {PREFIX}\n" + "".join(
        f"add 203.0.113.{n} 2001:db8:1::{n:x}\n" for n in range(1, 21)))
    checks = [check for check, _ in examine_outside(sick)]
    assert checks.count("host-route") == 20
    text = util.run(CTL, "-n", sick.name, "doctor").stdout
    assert text.count("no route to") == 8
    assert "\nand 12 more like these\n" in text


def test_an_ipvlan_in_l3_mode(sick):
    if util.run("ip", "-n", sick.name, "link", "add", "v6", "link", "to6", "type", "ipvlan",
                "mode", "l3", check=False).returncode:
        pytest.skip("this kernel has no ipvlan")
    sick.ip("link set to6 up", "link set v6 up")
    command = f"ip netns exec {sick.name} ip link set dev v6 type ipvlan mode l3s"
    assert ("ipvlan", command) in examine_outside(sick)
    util.run("sh", "-c", command)
    assert "ipvlan" not in dict(examine_outside(sick))


@pytest.mark.parametrize("mapped, problem", [
    ("198.51.100.0/24", "is the network on to4, or more than that"),
    ("198.51.0.0/16", "is the network on to4, or more than that"),
    ("198.51.100.0/27", "lies in the network on to4, where hosts have addresses of it")])
def test_a_network_is_mapped_whose_hosts_are_on_the_link(healthy, mapped, problem):
    """Jool's introduction maps both sides. A local route would cut the real hosts off."""
    healthy.ctl("add", mapped, "2001:db8:1:1::/96", "force")
    findings, _ = examine(healthy)
    assert [(f["check"], f.get("command")) for f in findings] == [("arp", None)]
    assert problem in findings[0]["problem"]
    healthy.ctl("del", mapped)


def test_a_packet_that_is_refused(healthy):
    """Nothing else is to be found; the module itself says why."""
    packet = f"a packet from {HOST6} to {PREFIX[:-3]}808:808, for example"
    command = f"nat64ctl explain 6 {HOST6} {PREFIX[:-3]}808:808"
    healthy.ip("route del default via 198.51.100.254")
    findings, status = examine(healthy)
    assert status == 0 and {f["check"] for f in findings} == {"packet"}
    assert findings[0]["problem"] == f"{packet}, is refused: no_route"
    assert findings[0]["command"] == command
    assert "no_route" in fix(healthy, command).stdout
    healthy.ip("route add default via 198.51.100.254")


@pytest.mark.configuration(f"add {HOST4} {HOST6}")
def test_there_is_no_prefix(gateway):
    found(gateway, "packet", f"a packet from 8.8.8.8 to {HOST4}, for example, is refused: no_prefix",
          f"nat64ctl explain 4 8.8.8.8 {HOST4}")


def test_a_native_route_is_more_specific(healthy):
    with healthy.routes(f"route {PREFIX[:-3]}800:0/104 via 2001:db8:1::fe dev to6"):
        findings, _ = examine(healthy)
        assert {f["check"] for f in findings} == {"packet"}
        assert findings[0]["problem"] == (f"a packet from {HOST6} to {PREFIX[:-3]}808:808, for "
                                          "example, is not translated: native_route")


def not_looked_at(gateway):
    return json.loads(gateway.show("-j", "doctor"))["not_looked_at"]


def test_native_routes_are_named(healthy):
    """The administrator may mean them; but nothing that they take is translated."""
    healthy.ctl("add", "192.0.2.0/24", "2001:db8:1:2::/120")
    with healthy.routes(f"route {PREFIX[:-3]}cb00:7100/120 via 2001:db8:1::fe dev to6",
                        "route blackhole 192.0.2.7/32",
                        "route 192.0.2.128/25 via 198.51.100.254 dev to4",
                        "route 192.0.0.0/16 via 198.51.100.254 dev to4"):
        assert sorted(not_looked_at(healthy)) == [
            f"packets to {taken}, which a native route inside {inside} takes" for taken, inside in (
                ("192.0.2.128/25", "192.0.2.0/24"), ("192.0.2.7", "192.0.2.0/24"),
                (f"{PREFIX[:-3]}cb00:7100/120", PREFIX))]
        assert healthy.show("doctor").splitlines()[-1] == "no mistake found in the rest"
    assert not_looked_at(healthy) == []
    healthy.ctl("del", "192.0.2.0/24")


def test_routes_to_translatable_hosts_are_not(healthy):
    healthy.ctl("add", "192.0.2.0/24", "translatable")
    with healthy.routes(f"route {PREFIX[:-3]}c000:200/120 dev to6"):
        assert not_looked_at(healthy) == []
    healthy.ctl("del", "192.0.2.0/24")


@pytest.mark.configuration(CONFIG, "set mark 1")
def test_nobody_sets_the_mark(gateway):
    gateway.ctl("stats", "reset")
    findings, _ = examine(gateway)
    assert {f["check"] for f in findings} == {"packet"}
    assert findings[0]["problem"].endswith("is not translated: mark")
    gateway.run("nft", "-f", "-", input="""
table inet chooser {
    chain prerouting {
        type filter hook prerouting priority -500;
        iifname "to6" meta mark set 1
    }
}
""")
    assert examine(gateway) == ([], 0)
    gateway.run("nft", "delete", "table", "inet", "chooser")


def test_hairpinned_packets_need_no_way_back(net, healthy):
    """They count as translated to IPv6, and never were in the IPv4 network."""
    net.wire.exchange(ip6(HOST6, f"{PREFIX[:-3]}{PEER4}", udp(1, 2)))
    assert json.loads(healthy.show("-j", "stats"))["stats"]["hairpinned"] == 1
    assert examine(healthy) == ([], 0)


@pytest.mark.parametrize("mapped, asked", [("198.51.100.200", "198.51.100.200"),
                                           ("198.51.100.208/28", "198.51.100.213")])
def test_nobody_answers_arp(net, healthy, mapped, asked):
    util.need("arping")
    healthy.ctl("add", mapped, "2001:db8:1::/124" if "/" in mapped else "2001:db8:1::77",
                *["force"] * ("/" in mapped))
    full = mapped if "/" in mapped else f"{mapped}/32"
    command = f"ip route add local {full} dev lo"
    found(healthy, "arp", f"{mapped} lies in the network on to4", command)

    def answered():
        return net.v4.run("arping", "-c", "1", "-w", "1", "-I", "eth0", asked,
                          check=False).returncode == 0
    assert not answered()
    fix(healthy, command)
    assert answered()
    assert examine(healthy) == ([], 0)
    # It is translated all the same.
    to = "2001:db8:1::5" if "/" in mapped else "2001:db8:1::77"
    assert f'"destination":"{to}"' in healthy.show("-j", "explain", "4", SERVER4, asked)
    healthy.ip(f"route del local {full} dev lo")
    healthy.ctl("del", mapped)


def test_an_address_of_the_gateway_is_mapped(healthy):
    healthy.ctl("add", GATEWAY4, "2001:db8:1::77")
    found(healthy, "own-address", f"{GATEWAY4} is mapped, and is an address of to4",
          f"nat64ctl del {GATEWAY4}/32")
    fix(healthy, f"nat64ctl del {GATEWAY4}/32")


@pytest.mark.parametrize("address, every, value", [
    (None, 0, "0"), ("192.0.2.1/24", 0, "2"), (None, 1, "0 net/ipv4/conf/all/rp_filter=0")],
    ids=["no address", "an address", "all devices"])
def test_reverse_path_filtering(net, healthy, address, every, value):
    """Of what another gateway has translated, and this one routes."""
    foreign = Frame(ip4(HOST4, SERVER4, udp(1, 2)), side=6)
    with contextlib.ExitStack() as stack:
        if address:
            # With its last address, a device loses its routes and neighbours.
            stack.callback(healthy.ip, f"route add {SENTINEL6}/32 dev to6",
                           f"neigh replace {SENTINEL6} lladdr {MAC_FAR6} dev to6 "
                           "nud permanent")
            stack.enter_context(healthy.routes(f"addr {address} dev to6"))
        stack.enter_context(healthy.sysctls(net__ipv4__conf__to6__rp_filter=1,
                                            net__ipv4__conf__all__rp_filter=every,
                                            net__ipv4__conf__to4__rp_filter=2))
        net.wire.exchange(foreign)
        command = f"sysctl -w net/ipv4/conf/to6/rp_filter={value}"
        found(healthy, "rp-filter", "and is on for to6", command)
        fix(healthy, command)
        net.wire.expect(foreign, ip4(HOST4, SERVER4, udp(1, 2), ttl=63))
        assert examine(healthy) == ([], 0)


def test_mtu(net, healthy):
    with net.mtus(to4=1200):
        found(healthy, "mtu", "the MTU of to4 is 1200: IPv6 wants 1280",
              "ip link set dev to4 mtu 1500")
        fix(healthy, "ip link set dev to4 mtu 1500")
    healthy.ip("addr replace fe80::4/64 dev to4 nodad")


def test_the_ipv4_network_does_not_know_the_mapped_addresses(net, healthy):
    router = net.v4
    router.ip(f"route del default via {GATEWAY4}")
    with healthy.sysctls(net__ipv4__ip_forward=1):
        net.v6.run("ping", "-c", "1", "-W", "1", REAL4_EMBEDDED, check=False)
    command = f"ip route add {HOST4}/32 via {GATEWAY4}"
    found(healthy, "return-route", "nobody routes the mapped addresses here; on the IPv4 router",
          command)
    fix(router, command.replace(HOST4, REAL6_MAPPED))
    net.v6.run("ping", "-c", "1", "-W", "5", REAL4_EMBEDDED)
    router.ip(f"route del {REAL6_MAPPED}/32 via {GATEWAY4}",
              f"route add default via {GATEWAY4}")


def test_the_ipv6_network_does_not_know_the_prefix(net, healthy):
    router = net.v6
    router.ip(f"route del default via {GATEWAY6}")
    net.v4.run("ping", "-c", "1", "-W", "1", REAL6_MAPPED, check=False)
    command = f"ip -6 route add {PREFIX} via {GATEWAY6}"
    found(healthy, "return-route", "nobody routes the prefix here; on the IPv6 router", command)
    fix(router, command)
    net.v4.run("ping", "-c", "1", "-W", "5", REAL6_MAPPED)
    router.ip(f"route del {PREFIX} via {GATEWAY6}", f"route add default via {GATEWAY6}")


@pytest.mark.parametrize("words", [("doctor", "--status"), ("--status", "doctor"), ("doctor", "--s")])
def test_the_exit_status_by_request(healthy, words):
    assert healthy.run(CTL, *words).stdout == "nothing found\n"
    with healthy.sysctls(net__ipv4__ip_forward=0):
        assert healthy.run(CTL, *words, check=False).returncode == 1
        assert healthy.run(CTL, "doctor").returncode == 0


@pytest.fixture
def unconfigured(gateway, tmp_path):
    """The gateway without configuration, and how it types a command with a file of its own for it."""
    place = Path("/etc/nat64")
    made = not place.exists()
    place.mkdir(exist_ok=True)
    (tmp_path / "nat64.conf").touch()
    path = f"{CTL.parent}:{os.environ['PATH']}"
    gateway.ctl("stats", "reset")
    gateway.ctl("load", "-", input="")
    yield lambda command: gateway.run("unshare", "-m", "env", f"PATH={path}", "sh", "-c",
                                      f"mount --bind {tmp_path} {place} && {command}").stdout
    if made:
        place.rmdir()


def test_nothing_is_configured(gateway, unconfigured, tmp_path):
    (tmp_path / "nat64.conf").write_text(f"# that of the tests\n{CONFIG}")
    problem, command = unconfigured("nat64ctl doctor").splitlines()
    assert problem == "nothing is configured in this network namespace"
    assert command == "    nat64ctl load /etc/nat64/nat64.conf"
    unconfigured(command)
    assert examine(gateway) == ([], 0)


@pytest.mark.parametrize("text", ["", "# add 192.0.2.1 2001:db8::1\nset tos 0\n"])
def test_nothing_is_in_the_file(unconfigured, tmp_path, text):
    """As it is shipped: to load it would change nothing."""
    (tmp_path / "nat64.conf").write_text(text)
    assert unconfigured("nat64ctl doctor") == (
        "nothing is configured in this network namespace, and /etc/nat64/nat64.conf has no mapping: "
        "write one, see nat64.conf(5)\n")


def test_module_of_another_version(gateway, tmp_path):
    """One that was loaded before the packages were upgraded."""
    version = gateway.run(CTL, "-V").stdout.split()[1].encode()
    older = tmp_path / "nat64.ko"
    octets = KO.read_bytes()
    assert octets.count(b"\0" + version + b"\0")
    older.write_bytes(octets.replace(b"\0" + version + b"\0", b"\0" + b"x" + version[1:] + b"\0"))
    kmod.unload_module()
    util.run("insmod", older)
    gateway.loaded = None
    try:
        gateway.configure(CONFIG)
        found(gateway, "version", f"the module is version x{version[1:].decode()}, nat64ctl is "
              f"version {version.decode()}",
              "modprobe -r nat64 && modprobe nat64 && nat64ctl load /etc/nat64/nat64.conf")
    finally:
        kmod.unload_module()
        kmod.load_module()
        gateway.loaded = None
    gateway.configure(CONFIG)
    assert examine(gateway) == ([], 0)


def test_module_is_missing(gateway):
    """The command loads it, once it is installed."""
    kmod.unload_module()
    try:
        findings, status = examine(gateway)
        assert ([f["command"] for f in findings], status) == (["modprobe nat64"], 3)
        text = gateway.run(CTL, "doctor", check=False)
        assert (text.stdout, text.returncode) == (
            "the nat64 module is not loaded\n    modprobe nat64\n", 3)
    finally:
        kmod.load_module()
        gateway.loaded = None
