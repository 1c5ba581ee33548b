# SPDX-License-Identifier: GPL-2.0-only
"""What ip_output() and ip6_output() do, of packets that the translator sends without them.

So it does with `forwarding filtered`, from the first packet of a flow on, with whatever
needs only its neighbour: POST_ROUTING sees it once, with both of its devices, and what a
chain has made of it is what is sent.
"""

import pytest
from addresses import HOST4, HOST6, PEER6, SERVER4, SERVER6, STRANGER6
from nfqueue import Queue
from nft import chain, counted
from packet import ANY, ip4, ip6, udp, version
from util import run

pytestmark = [pytest.mark.usefixtures("real"), pytest.mark.as_configured]

NUMBER = 78
PART = udp(1, 2, b"hello")
WAYS = {
    "4to6": (ip4(SERVER4, HOST4, PART), ip6(SERVER6, HOST6, PART, hlim=63)),
    "6to4": (ip6(HOST6, SERVER6, PART), ip4(HOST4, SERVER4, PART, ttl=63, id=ANY)),
}
FROM = {"4to6": f"ip6 saddr {SERVER6}", "6to4": f"ip saddr {HOST4}"}
DEVICES = {"4to6": 'iifname "to4" oifname "to6"', "6to4": 'iifname "to6" oifname "to4"'}

both_ways = pytest.mark.parametrize("way", WAYS)


def seen(way, name, *what):
    return " ".join([FROM[way], DEVICES[way], "counter", *what, f'comment "{name}"'])


def twice(real, sent, *expected):
    """The second time the flow is known."""
    for _ in range(2):
        real.wire.expect(sent, *expected)


@both_ways
def test_chains_see_each_packet_once_between_its_devices(real, filters, way):
    filters(*(chain(hook, seen(way, hook)) for hook in ("forward", "postrouting")))
    twice(real, *WAYS[way])
    assert counted(real.gateway) == {"forward": 2, "postrouting": 2}


@both_ways
@pytest.mark.parametrize("hook", ["forward", "postrouting"])
def test_a_chain_drops(real, filters, way, hook):
    filters(chain(hook, seen(way, hook, "drop")))
    sent, _ = WAYS[way]
    real.wire.expect_silence(sent, sent)
    assert counted(real.gateway) == {hook: 2}


@both_ways
@pytest.mark.parametrize("hook", ["forward", "postrouting"])
@pytest.mark.skipif(run("modprobe", "-qa", "nfnetlink_queue", "nft_queue", check=False).returncode != 0,
                    reason="this kernel has no queues of netfilter")
def test_a_packet_that_waits_goes_on_behind_the_chain_that_queued_it(real, filters, way, hook):
    filters(chain("postrouting", seen(way, "before"), name="before", priority=-10),
            chain(hook, f"{FROM[way]} queue num {NUMBER}", name="held"),
            chain("postrouting", seen(way, "behind"), name="behind", priority=10))
    sent, expected = WAYS[way]
    with Queue(real.gateway, NUMBER) as queue:
        real.wire.expect_silence(sent, sent)
        queue.hold(2)
        real.wire.expect(queue.release, expected, expected)
    assert counted(real.gateway) == {"before": 2, "behind": 2}


REWRITTEN = {
    "another hop limit": ("4to6", "ip6 hoplimit set 9", ip6(SERVER6, HOST6, PART, hlim=9)),
    "another TTL": ("6to4", "ip ttl set 9", ip4(HOST4, SERVER4, PART, ttl=9, id=ANY)),
    "another host": ("4to6", f"ip6 daddr set {PEER6}", ip6(SERVER6, PEER6, PART, hlim=63)),
    "a stranger": ("4to6", f"ip6 daddr set {STRANGER6}", ip6(SERVER6, STRANGER6, PART, hlim=63)),
    "another server": ("6to4", "ip daddr set 198.51.100.254", ip4(HOST4, "198.51.100.254", PART, ttl=63, id=ANY)),
}


@pytest.mark.parametrize("hook", ["forward", "postrouting"])
@pytest.mark.parametrize("way, rule, expected", REWRITTEN.values(), ids=REWRITTEN)
def test_what_a_chain_writes_is_what_is_sent(real, filters, hook, way, rule, expected):
    filters(chain(hook, f"{FROM[way]} {rule}"))
    twice(real, WAYS[way][0], expected)


def sent_counts(gateway, family):
    """Packets and bytes that a family has sent; OutTransmits was called OutRequests before Linux 6.6."""
    if family == 6:
        words = dict(line.split() for line in gateway.run("cat", "/proc/net/snmp6").stdout.splitlines())
        words = {name.removeprefix("Ip6"): value for name, value in words.items()}
    else:
        words = {}
        for file in ("snmp", "netstat"):
            lines = gateway.run("cat", f"/proc/net/{file}").stdout.splitlines()
            for names, values in zip(lines[::2], lines[1::2]):
                if names.startswith(("Ip:", "IpExt:")):
                    words.update(zip(names.split()[1:], values.split()[1:]))
    packets = words.get("OutTransmits", words["OutRequests"])
    return int(packets), int(words["OutOctets"])


def grown(real, family, *sent):
    """What is counted while packets, and the sentinels behind them, are forwarded."""
    before = sent_counts(real.gateway, family)
    real.wire.exchange(*sent)
    return [now - then for now, then in zip(sent_counts(real.gateway, family), before)]


@both_ways
def test_the_kernel_counts_what_is_sent(real, way):
    sent, expected = WAYS[way]
    packets, size = grown(real, version(expected), sent, sent)
    sentinels = grown(real, version(expected))
    assert [packets - sentinels[0], size - sentinels[1]] == [2, 2 * len(expected)]
