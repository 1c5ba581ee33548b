# SPDX-License-Identifier: GPL-2.0-only
"""nat64ctl doctor reads firewalls: it finds those that drop all that is translated, and names the rest.

It never runs them: rules may send, count, log and limit what they see.
"""

import contextlib
import json
import re

import pytest
from addresses import (CONFIG, HOST6, PREFIX, REAL4_EMBEDDED, REAL6_MAPPED, SENTINEL4, SENTINEL6,
                       SERVER6, STRANGER6)
from doctoring import examine, fix
from packet import ip6, udp
from util import CTL, run

pytestmark = pytest.mark.usefixtures("real")

# Queues, and somewhere to log to.
IS_STOCK = run("modprobe", "-qa", "nft_queue", "nf_log_syslog", check=False).returncode == 0


def chain(hook, *rules, family="inet", priority=0, policy="drop"):
    lines = "\n".join(f"        {rule}" for rule in rules)
    return f"""
    chain {hook} {{
        type filter hook {hook} priority {priority}; policy {policy};
{lines}
    }}
"""


# Chains that let nothing pass which is untracked, and how nft calls them.
BLOCKING = {
    "policy": ("inet", chain("forward", "ct state established,related accept")),
    "a map of states": ("inet", chain(
        "forward", "ct state vmap { established : accept, related : accept, untracked : drop }")),
    "reject at the end": ("ip6", chain(
        "forward", "ct state vmap { established : accept, invalid : drop }",
        "ct state related accept", "meta l4proto tcp reject with tcp reset", "counter reject",
        policy="accept")),
    "behind all": ("inet", chain("postrouting", "ct state established accept", priority=100)),
    "early in forward": ("ip", chain("forward", priority=-200)),
}
# Those that drop some; whether what is translated is among it only a packet could say.
DROPPING_SOME = {
    "one way only": ("inet", chain("forward", 'iifname "to6" accept',
                                   "ct state established,related accept")),
    "a map with a name": ("inet", """
    map states {
        type ct_state : verdict
        elements = { established : accept, untracked : drop }
    }
""" + chain("forward", "ct state vmap @states")),
    "a jump": ("inet", """
    chain strangers {
        counter drop
    }
""" + chain("forward", "ct state != { established, related } jump strangers", policy="accept")),
    "untracked is invalid": ("inet", chain("forward", "ct state { invalid, untracked } drop",
                                           policy="accept")),
    "a source": ("ip6", chain("forward", f"ip6 saddr {PREFIX} drop", policy="accept")),
    "before the translator": ("inet", chain("prerouting", f"ip6 daddr {PREFIX} drop",
                                            priority=-450, policy="accept")),
}
if IS_STOCK:
    DROPPING_SOME["a queue"] = ("inet", chain("forward", 'iifname "to6" queue num 7', policy="accept"))


@contextlib.contextmanager
def firewall(gateway, family, chains):
    gateway.run("nft", "-f", "-", input=f"table {family} firewall {{{chains}}}\n")
    try:
        yield
    finally:
        gateway.run("nft", "delete", "table", family, "firewall")


def hooked(chains):
    """The name of the chain that netfilter calls."""
    return re.search(r"hook (\w+)", chains)[1]


def not_looked_at(gateway):
    return json.loads(gateway.show("-j", "doctor"))["not_looked_at"]


def pings(net):
    """Whether they get there and back, begun at either end."""
    return [namespace.run("ping", "-c", "1", "-W", "1", address, check=False).returncode == 0
            for namespace, address in ((net.v6, REAL4_EMBEDDED), (net.v4, REAL6_MAPPED))]


@pytest.mark.parametrize("name", BLOCKING)
def test_a_firewall_that_drops_all(net, healthy, name):
    family, chains = BLOCKING[name]
    with firewall(healthy, family, chains):
        assert pings(net) == [False, False]
        healthy.ctl("stats", "reset")
        (finding,), status = examine(healthy)
        assert (finding["check"], status) == ("firewall", 0)
        assert finding["problem"].startswith(
            f"chain {hooked(chains)} of table {family} firewall may drop what is translated")
        fix(healthy, finding["command"])
        assert examine(healthy) == ([], 0)
        assert pings(net) == [True, True]


def blocked(gateway, family):
    """What is said of a chain that drops all, in a table of that family."""
    with firewall(gateway, family, chain("forward")):
        (finding,) = [f for f in examine(gateway)[0] if f["check"] == "firewall"]
        fix(gateway, finding["command"])
        assert "firewall" not in [f["check"] for f in examine(gateway)[0]]
        return finding["command"]


def rules(family, *conditions):
    return "nft '" + "; ".join(f"insert rule {family} firewall forward ct state untracked {c} accept"
                               for c in conditions) + "'"


def test_its_command_permits_what_is_translated_only(net, healthy):
    """Not whatever else is untracked."""
    conditions = f"ip6 saddr {PREFIX}", "ip saddr 203.0.113.0/25"
    assert blocked(healthy, "inet") == rules("inet", *conditions)
    assert blocked(healthy, "ip6") == rules("ip6", conditions[0])
    assert blocked(healthy, "ip") == rules("ip", conditions[1])
    untracked = chain("prerouting", f"ip6 saddr {STRANGER6} notrack", priority=-300, policy="accept")
    sentinels = f"ip daddr {{ {SENTINEL4}, {SENTINEL6} }} accept"
    with firewall(healthy, "inet", untracked + chain("forward", sentinels)):
        fix(healthy, rules("inet", *conditions))
        net.wire.expect_silence(ip6(STRANGER6, "2001:db8:4::4", udp(1, 2)))


@pytest.mark.configuration(CONFIG, "prefix add 2001:db8:200::/96",
                           "add 192.0.2.7 2001:db8:77::7 edge", "add 192.0.2.8 2001:db8:77::8 edge")
def test_its_command_where_there_are_edge_mappings(gateway):
    assert blocked(gateway, "inet") == rules(
        "inet", f"ip6 saddr {{ {PREFIX}, 2001:db8:200::/96 }}", "ip saddr 203.0.113.0/25",
        "ip6 saddr 2001:db8:77::/124", "ip daddr 192.0.2.0/28")
    gateway.loaded = None


@pytest.mark.parametrize("name", DROPPING_SOME)
def test_a_firewall_that_drops_some(healthy, name):
    family, chains = DROPPING_SOME[name]
    with firewall(healthy, family, chains):
        assert examine(healthy) == ([], 0)
        assert not_looked_at(healthy) == [
            f"what chain {hooked(chains)} of table {family} firewall drops by its rules"]


@pytest.mark.parametrize("passing", [
    'iifname "to4" oifname "to6" accept\niifname "to6" oifname "to4" accept',
    "ct state vmap { established : accept, related : accept, untracked : accept }",
    "ct state vmap @states",
    "meta nfproto vmap { ipv4 : accept, ipv6 : accept }"])
def test_a_firewall_that_lets_pass(healthy, passing):
    states = """
    map states {
        type ct_state : verdict
        elements = { established : accept, untracked : accept }
    }
"""
    with firewall(healthy, "inet", states + chain("forward", passing)):
        assert examine(healthy) == ([], 0)


@pytest.mark.parametrize("chains", [
    chain("forward", "counter accept", policy="accept"),
    chain("prerouting", "tcp dport 22 drop", priority=-300, policy="accept"),
    chain("input", "tcp dport 22 drop", policy="accept")])
def test_chains_that_drop_nothing_translated(healthy, chains):
    """Not by a rule, or not on its way."""
    with firewall(healthy, "inet", chains):
        assert examine(healthy) == ([], 0)
        assert not_looked_at(healthy) == []


def test_rules_are_not_run(net, healthy):
    """Rules that count, limit, remember, log, queue and send: all is as it was, and nothing is sent."""
    acting = """
    set seen {
        type ipv6_addr
        flags dynamic
    }
""" + chain("forward", "ct state != untracked accept",  # what the test itself sends
            "counter packets 0 bytes 0", "add @seen { ip6 saddr }",
            "limit rate 1/day burst 1 packets counter", *["log", "udp dport 1 queue num 7"] * IS_STOCK,
            "counter reject with icmpx admin-prohibited", policy="accept")
    with firewall(healthy, "inet", acting):
        before = healthy.run("nft", "list", "ruleset").stdout
        seen = net.wire.exchange(lambda: examine(healthy),
                                 lambda: healthy.show("explain", "6", HOST6, SERVER6))
        assert not seen[4] and not seen[6]
        assert healthy.run("nft", "list", "ruleset").stdout == before


def test_iptables_legacy(healthy):
    """Whose rules nft does not show."""
    for tool in ("iptables-legacy", "ip6tables-legacy"):
        if healthy.run("sh", "-c", f"command -v {tool} && {tool} -t filter -L",
                       check=False).returncode:
            pytest.skip(f"no {tool} here")
        assert f"rules of {tool}" in not_looked_at(healthy)


def test_what_is_not_looked_at_is_named(healthy):
    assert not_looked_at(healthy) == []
    healthy.run("tc", "qdisc", "add", "dev", "to4", "clsact")
    try:
        with firewall(healthy, "netdev", """
    chain incoming {
        type filter hook ingress device "to6" priority 0; policy accept;
    }
"""):
            assert not_looked_at(healthy) == [
                "chain incoming of table netdev firewall, which sees packets at a device",
                "the filters of tc on to4"]
            text = healthy.show("doctor")
            assert "nothing found" not in text
            assert text.endswith("not looked at: the filters of tc on to4\n"
                                 "no mistake found in the rest\n")
    finally:
        healthy.run("tc", "qdisc", "del", "dev", "to4", "clsact")


def test_without_nft(healthy, tmp_path):
    done = healthy.run("env", f"PATH={tmp_path}", CTL, "-j", "doctor")
    said = json.loads(done.stdout)
    assert said["findings"] == []
    assert said["not_looked_at"] == ["the firewall: nft could not be run"]


@pytest.mark.configuration(CONFIG, "set forwarding direct")
def test_past_the_firewall_nothing_is_dropped(healthy):
    with firewall(healthy, *BLOCKING["policy"]):
        assert examine(healthy) == ([], 0)
        assert not_looked_at(healthy) == []
