# SPDX-License-Identifier: GPL-2.0-only
"""Requests that no client sends: each is refused and changes nothing, or does what it says.

tests/fuzz/netlink runs more of them, or one again.
"""

import contextlib
import os
import random
import sys
from collections import namedtuple
from errno import EIO

import pytest
import util
from addresses import CONFIG, HOST4, HOST6, SERVER4, SERVER6
from netlink import Socket, attributes, named
from packet import ANY, ip4, ip6, udp
from util import CTL, TOP

sys.path.insert(0, str(TOP / "tests/fuzz"))
import messages  # noqa: E402

pytestmark = pytest.mark.as_configured

SEED = os.environ.get("NAT64_FUZZ_SEED", "1")
FIRST = int(os.environ.get("NAT64_FUZZ_FIRST", 0))
COUNT = int(os.environ.get("NAT64_FUZZ_COUNT", 8))
REQUESTS = 50


def read_settings(client):
    octets = client.ask("settings-get")[0].attributes
    return named(named(octets, "nat64")["settings"], "setting")


def read_table(client):
    """The configuration in place, as messages.Table has it."""
    table = messages.Table(read_settings(client))
    for message in client.dump("prefix-get"):
        table.add_prefix(named(message.attributes, "nat64")["prefix"])
    for message in client.dump("eam-get"):
        for _, octets in attributes(message.attributes):
            table.put(octets)
    return table


State = namedtuple("State", "count digest")


def read_state(client):
    parts = named(client.ask("status-get")[0].attributes, "nat64")
    return State(parts["count"], parts["digest"])


SENTINEL = 0x55550000


def answers(client, datagram):
    """Sends a datagram; returns the errors that come back, by number of their request."""
    errors = {}
    client.send(datagram)
    # What has no answer before this one's has none.
    client.send(client.message("status-get", seq=SENTINEL))
    while True:
        for message in client.receive():
            if message.seq == SENTINEL and message.is_last:
                return errors
            if message.is_last:
                errors.setdefault(message.seq, []).append(message.error)


def accepted(client, datagram):
    """Sends a datagram; returns the requests for changes in it that were accepted."""
    errors = answers(client, datagram)
    done = []
    for number, is_answered, command, octets in messages.requests_in(datagram, client.family):
        some = errors.get(number, [])
        if command is None:
            del some[:bool(is_answered)]
            continue
        # Only who asks for it hears of a success.
        error = some.pop(0) if some else EIO if is_answered else 0
        if command in messages.PRIVILEGED and not error:
            done.append((command, octets))
    return done


def run_batch(client, nobody, module, rng):
    for _ in range(REQUESTS):
        datagram = messages.octets(rng, module.table, client.message)
        before = read_state(client)
        if not rng.randrange(4):
            assert not accepted(nobody, datagram), "anybody may change the configuration"
        done = accepted(client, datagram)
        for command, octets in done:
            module.accept(command, octets)
        assert done or read_state(client) == before, "refused, and yet something has changed"


PACKETS = [ip4(SERVER4, ".".join(map(str, (10, n, 0, m))), udp(1, 2)) for n in (0, 1)
           for m in range(4)] + [ip6(f"2001:db8:1::{n:x}", SERVER6, udp(1, 2)) for n in range(4)]


@pytest.fixture
def initial(net):
    """The settings of an empty configuration."""
    net.configure("")
    with net.gateway, contextlib.closing(Socket()) as client:
        return read_settings(client)


@pytest.mark.parametrize("number", range(FIRST, FIRST + COUNT))
def test_requests(net, expect, initial, number):
    print(f"to see it again: tests/fuzz/netlink --seed {SEED} --first {number} --count 1")
    net.configure(CONFIG)
    rng = random.Random(f"{SEED}/{number}")
    with net.gateway:
        client, nobody = Socket(), Socket(nobody=True)
    with contextlib.closing(client), contextlib.closing(nobody):
        module = messages.Module(read_table(client), initial)
        net.gateway.loaded = None
        run_batch(client, nobody, module, rng)
        assert read_table(client) == module.table
        net.wire.exchange(*PACKETS)
    # A load that was left open goes with its socket.
    util.eventually(lambda: net.gateway.run(CTL, "load", "-", input=CONFIG,
                                            check=False).returncode == 0, "a load is possible")
    # What the packets went to has no neighbour, for which the gateway asks up to three times.
    net.gateway.run("ip", "-6", "neigh", "flush", "dev", "to6")
    net.wire.exchange()
    expect([ip6(HOST6, SERVER6, udp(1, 2)), ip4(SERVER4, HOST4, udp(2, 1))],
           ip4(HOST4, SERVER4, udp(1, 2), ttl=63, id=ANY),
           ip6(SERVER6, HOST6, udp(2, 1), hlim=63))
