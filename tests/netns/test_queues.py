# SPDX-License-Identifier: GPL-2.0-only
"""Packets that wait in a queue of netfilter while the translator's configuration changes.

Linux drops all packets that wait in the queues of a namespace when a hook there
is unregistered, whoever's they are. No change of a configuration does that.
"""

import addresses
import pytest
from addresses import HOST4, HOST6, SERVER4, SERVER6
from nfqueue import Queue
from nft import chain
from packet import ANY, ip4, ip6, udp
from util import run

NUMBER = 77
ELSEWHERE = "192.0.2.9"
HELD = chain("prerouting", f"ip daddr {ELSEWHERE} queue num {NUMBER}", priority=-1000)

pytestmark = [
    pytest.mark.as_configured,
    pytest.mark.usefixtures("real"),
    pytest.mark.skipif(run("modprobe", "-qa", "nfnetlink_queue", "nft_queue", check=False).returncode != 0,
                       reason="this kernel has no queues of netfilter")]


def waiting(count):
    """Native packets that are held, as they come and as they go on."""
    parts = [udp(1, n, b"hello") for n in range(1, count + 1)]
    return ([ip4(SERVER4, ELSEWHERE, part) for part in parts],
            [ip4(SERVER4, ELSEWHERE, part, ttl=63) for part in parts])


ON = addresses.CONFIG
OFF = ON + "set local off\n"
DIRECT = ON + "set forwarding direct\n"
CHANGES = {
    "local is switched off": (ON, ["set local off"], ""),
    "local is switched on": (OFF, ["set local on"], ""),
    "a load switches local off": (ON, ["load -"], OFF),
    "a load switches local on": (OFF, ["load -"], ON),
    "all mappings go": (ON, ["flush"], ""),
    "the last mapping goes": (f"add {HOST4} {HOST6}\n", [f"del {HOST4}"], ""),
    "the last prefix goes": (f"prefix add {addresses.PREFIX}\n", [f"prefix del {addresses.PREFIX}"], ""),
    "all goes by a load": (ON, ["load -"], ""),
    "all goes and comes back": (ON, ["load -", f"prefix add {addresses.PREFIX}"], ""),
    "forwarding changes": (ON, ["set forwarding direct"], ""),
    "forwarding changes back": (DIRECT, ["set forwarding filtered"], ""),
    "direct needs a mark": (DIRECT, ["set mark 1/1"], ""),
    "direct, and all goes by a load": (DIRECT, ["load -"], ""),
}


@pytest.fixture
def change(real, request):
    """Makes the change of a test, whose configuration is there already."""
    before, commands, text = CHANGES[request.param]
    real.gateway.configure(before)

    def make():
        for command in commands:
            real.gateway.ctl(*command.split(), input=text if command.startswith("load") else None)

    return make


@pytest.mark.parametrize("change", CHANGES, indirect=True)
def test_native_packets_that_wait_are_not_lost(real, filters, change):
    sent, expected = waiting(5)
    with Queue(real.gateway, NUMBER) as queue:
        filters(HELD)
        real.wire.expect_silence(*sent)
        queue.hold(5)
        change()
        real.wire.expect(queue.release, *expected)


@pytest.mark.parametrize("change", ["local is switched off", "all goes by a load"], indirect=True)
def test_translated_packets_that_wait_are_not_lost(real, filters, change):
    """They were translated before, and go where they were to go."""
    with Queue(real.gateway, NUMBER) as queue:
        filters(chain("forward", f"ip saddr {HOST4} queue num {NUMBER}", f"ip6 saddr {SERVER6} queue num {NUMBER}"))
        real.wire.expect_silence(ip6(HOST6, SERVER6, udp(1, 2)), ip4(SERVER4, HOST4, udp(1, 2)))
        queue.hold(2)
        change()
        real.wire.expect(queue.release, ip4(HOST4, SERVER4, udp(1, 2), ttl=63, id=ANY),
                         ip6(SERVER6, HOST6, udp(1, 2), hlim=63))


def test_packets_that_wait_before_the_translator_are_translated_by_what_is_then_configured(real, filters):
    with Queue(real.gateway, NUMBER) as queue:
        filters(chain("prerouting", f"ip daddr {HOST4} queue num {NUMBER}", priority=-1000))
        real.wire.expect_silence(ip4(SERVER4, HOST4, udp(1, 2)), ip4(SERVER4, HOST4, udp(1, 3)))
        queue.hold(2)
        real.gateway.ctl("set", "local", "off")
        real.gateway.ctl("replace", HOST4, addresses.STRANGER6)
        real.wire.expect(queue.release, *[ip6(SERVER6, addresses.STRANGER6, udp(1, n), hlim=63) for n in (2, 3)])
