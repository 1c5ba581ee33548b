# SPDX-License-Identifier: GPL-2.0-only
"""IPsec policies hold for packets that are translated (RFC 4301 5).

As natively: the policies for forwarding on the packet as it came in, those for
going out on the packet as it leaves.
"""

import contextlib
import errno
import json
import os
import re
import socket

import pytest
from addresses import (GATEWAY4, GATEWAY6, HOST4, HOST6, REAL4, REAL4_EMBEDDED, REAL6, REAL6_MAPPED,
                       SENTINEL4, SENTINEL6, SERVER4, SERVER6)
from packet import ANY, ESP, echo4, echo6, echo_reply4, echo_reply6, ip4, ip6, udp
from sockets import connect, stream
from util import eventually, run

ALGORITHMS = ("xfrm_user", "esp4", "esp6", "gcm", "seqiv", "ctr", "ghash-generic")
OWN6, OWN6_MAPPED = "2001:db8:1::77", "203.0.113.77"
PART = udp(1, 2, b"hello")

pytestmark = [
    pytest.mark.usefixtures("real"),
    pytest.mark.skipif(run("modprobe", "-qa", *ALGORITHMS[:3], check=False).returncode != 0,
                       reason="this kernel has no IPsec"),
    pytest.mark.configuration(f"add {OWN6_MAPPED} {OWN6}", more=True)]


@contextlib.contextmanager
def xfrm(*states):
    """States and policies of namespaces, as ip xfrm takes them, for a while."""
    run("modprobe", "-qa", *ALGORITHMS, check=False)
    try:
        for namespace, *lines in states:
            for line in lines:
                namespace.run("ip", "xfrm", *line.split())
        yield
    finally:
        for namespace, *_ in states:
            for what in ("policy", "state"):
                namespace.run("ip", "xfrm", what, "flush")


# What is sent, what it becomes, and the addresses of both.
PACKETS = {
    "6to4": (ip6(HOST6, SERVER6, PART), ip4(HOST4, SERVER4, PART, ttl=63, id=ANY),
             f"src {HOST6} dst {SERVER6}", f"src {HOST4} dst {SERVER4}"),
    "4to6": (ip4(SERVER4, HOST4, PART), ip6(SERVER6, HOST6, PART, hlim=63),
             f"src {SERVER4} dst {HOST4}", f"src {SERVER6} dst {HOST6}"),
}
DIRECTIONS = pytest.mark.parametrize("direction", PACKETS)
MODES = pytest.mark.parametrize("mode", ["filtered", "direct"])


# Policies that let nothing pass.

@MODES
@DIRECTIONS
@pytest.mark.parametrize("policy", ["forwarding", "going out"])
def test_a_policy_that_blocks_holds(real, direction, policy, mode):
    """Silently, as natively; what it does not select passes."""
    real.gateway.ctl("set", "forwarding", mode)
    packet, expected, before, after = PACKETS[direction]
    line = f"policy add dir fwd {before}" if policy == "forwarding" else f"policy add dir out {after}"
    with xfrm((real.gateway, f"{line} action block")):
        real.wire.expect_silence(packet)
        other = PACKETS["4to6" if direction == "6to4" else "6to4"]
        real.wire.expect(other[0], other[1])
    real.wire.expect(packet, expected)


@DIRECTIONS
def test_a_policy_that_comes_later_holds_for_flows_that_are_known(real, direction):
    """And for nobody any more when it has gone."""
    real.gateway.ctl("set", "forwarding", "direct")
    packet, expected, _, after = PACKETS[direction]
    for _ in range(3):
        real.wire.expect(packet, expected)
    with xfrm((real.gateway, f"policy add dir out {after} action block")):
        real.wire.expect_silence(packet)
    for _ in range(3):
        real.wire.expect(packet, expected)


@pytest.mark.configuration(f"add {OWN6_MAPPED} {GATEWAY6}", more=True)
def test_policies_about_others_do_not_count_for_what_is_for_the_gateway(real):
    """An echo of each family, which its own socket answers."""
    with xfrm((real.gateway, "policy add dir out src 192.0.2.8 dst 192.0.2.9 action block",
               "policy add dir out src 2001:db8:8::8 dst 2001:db8:8::9 action block")):
        real.wire.expect(ip6(HOST6, f"2001:db8:100::{GATEWAY4}", echo6(7, 8)),
                         ip6(f"2001:db8:100::{GATEWAY4}", HOST6, echo_reply6(7, 8), hlim=64))
        real.wire.expect(ip4(SERVER4, OWN6_MAPPED, echo4(7, 8)),
                         ip4(OWN6_MAPPED, SERVER4, echo_reply4(7, 8), ttl=64, id=ANY))


@MODES
@DIRECTIONS
def test_policies_of_the_other_family_do_not_count(real, direction, mode):
    """For forwarding it is the packet as it came, for going out the packet as it leaves."""
    real.gateway.ctl("set", "forwarding", mode)
    packet, expected, before, after = PACKETS[direction]
    with xfrm((real.gateway, f"policy add dir out {before} action block",
               f"policy add dir fwd {after} action block")):
        real.wire.expect(packet, expected)


@DIRECTIONS
@pytest.mark.parametrize("default", ["fwd", "out"])
def test_the_default_policy_holds(real, direction, default):
    """Nothing is forwarded, or goes out, that no policy lets."""
    packet, expected, before, after = PACKETS[direction]
    selector = before if default == "fwd" else after
    sentinels = [f"policy add dir {default} src {SERVER4} dst {to}" for to in (SENTINEL4, SENTINEL6)]
    default_policy = real.gateway.run("ip", "xfrm", "policy", "setdefault", default, "block", check=False)
    if default_policy.returncode:
        pytest.skip("this kernel has no default policies")
    try:
        with xfrm((real.gateway, *sentinels)):
            real.wire.expect_silence(packet)
            real.gateway.run("ip", "xfrm", "policy", "add", "dir", default, *selector.split())
            real.wire.expect(packet, expected)
    finally:
        real.gateway.run("ip", "xfrm", "policy", "setdefault", default, "accept")


def test_the_default_policy_holds_without_any_other(real):
    """The device of the sentinels asks for no policy."""
    packet, expected, _, _ = PACKETS["6to4"]
    with real.gateway.sysctls(net__ipv4__conf__to4__disable_policy=1):
        if real.gateway.run("ip", "xfrm", "policy", "setdefault", "fwd", "block", check=False).returncode:
            pytest.skip("this kernel has no default policies")
        try:
            real.gateway.run("ip", "route", "flush", "cache")
            real.wire.expect_silence(packet)
        finally:
            real.gateway.run("ip", "xfrm", "policy", "setdefault", "fwd", "accept")
    real.wire.expect(packet, expected)


# Policies that encrypt.

KEY = "0x" + "5a" * 20


def tunnel(near, far, out, back, spi):
    """ESP in tunnel mode between two addresses, for what goes out and what comes back; for both ends."""
    sas = [f"state add src {a} dst {b} proto esp spi {n} mode tunnel aead rfc4106(gcm(aes)) {KEY} 128"
           for a, b, n in ((near, far, spi), (far, near, spi + 1))]
    there, here = (f"tmpl src {a} dst {b} proto esp mode tunnel" for a, b in ((near, far), (far, near)))
    return (["policy add dir out {} {}".format(out, there), "policy add dir fwd {} {}".format(back, here), *sas],
            ["policy add dir out {} {}".format(back, here), "policy add dir in {} {}".format(out, there), *sas])


@MODES
@DIRECTIONS
def test_a_policy_that_encrypts_holds(real, direction, mode):
    """Nothing leaves in clear, and nothing is taken in clear."""
    real.gateway.ctl("set", "forwarding", mode)
    packet, _, _, after = PACKETS[direction]
    near, far, side = (GATEWAY4, SERVER4, 4) if direction == "6to4" else (GATEWAY6, HOST6, 6)
    back = "src {3} dst {1}".format(*after.split())
    mine, _ = tunnel(near, far, after, back, 0x100)
    with xfrm((real.gateway, *mine)):
        seen = real.wire.exchange(packet)
        got, = seen[side]
        assert not seen[10 - side]
        assert got[6 if side == 6 else 9] == ESP and b"hello" not in got
        real.wire.expect_silence(PACKETS["4to6" if direction == "6to4" else "6to4"][0])


def protected(real, side):
    """The gateway and the host on a side protect all between that host and the other one."""
    if side == 4:
        mine, others = tunnel(GATEWAY4, REAL4, f"src {REAL6_MAPPED} dst {REAL4}",
                              f"src {REAL4} dst {REAL6_MAPPED}", 0x200)
        return (real.gateway, *mine), (real.v4, *others)
    mine, others = tunnel(GATEWAY6, REAL6, f"src {REAL4_EMBEDDED} dst {REAL6}",
                          f"src {REAL6} dst {REAL4_EMBEDDED}", 0x300)
    return (real.gateway, *mine), (real.v6, *others)


@contextlib.contextmanager
def usual_links(real):
    with real.mtus(far6=1500, far4=1500):
        yield
    for namespace in (real.v6, real.v4, real.gateway):
        for family in ("-4", "-6"):
            namespace.run("ip", family, "route", "flush", "cache")


PROTECTED = pytest.mark.parametrize("side", [4, 6], ids=["IPv4 is protected", "IPv6 is protected"])
CLIENT = pytest.mark.parametrize("direction", PACKETS)


@PROTECTED
@CLIENT
def test_connections_between_a_protected_host_and_one_behind_the_translator(real, side, direction):
    """With full packets: the path MTU, less what ESP adds, is learned."""
    data = os.urandom(150_000)
    client, server, to = ((real.v6, real.v4, REAL4_EMBEDDED) if direction == "6to4" else
                          (real.v4, real.v6, REAL6_MAPPED))
    with usual_links(real), xfrm(*protected(real, side)):
        ours, theirs = connect(client, server, to)
        with ours, theirs:
            assert stream(ours, theirs, data) == data
            assert stream(theirs, ours, data) == data


@MODES
@PROTECTED
def test_what_came_encrypted_is_forwarded_if_a_policy_knows_of_it(real, side, mode):
    """RFC 4301 5.2: out of a tunnel alone is not enough. Each is decrypted, and looked at anew."""
    host, other, family, to = ((real.v4, real.v6, socket.AF_INET, REAL6_MAPPED) if side == 4 else
                               (real.v6, real.v4, socket.AF_INET6, REAL4_EMBEDDED))
    real.gateway.ctl("set", "forwarding", mode)
    (gateway, *mine), others = protected(real, side)
    states, policies = ([line for line in mine if line.startswith(what)] for what in ("state", "policy add dir fwd"))

    def refused():
        return json.loads(real.gateway.show("-j", "stats"))["stats"]["ipsec_policy"]
    with other:
        sink = socket.socket(socket.AF_INET if family == socket.AF_INET6 else socket.AF_INET6, socket.SOCK_DGRAM)
    with host:
        source = socket.socket(family, socket.SOCK_DGRAM)
    with sink, source:
        sink.bind(("", 0))
        sink.settimeout(20)

        def passes(data):
            for _ in range(3):
                source.sendto(data, (to, sink.getsockname()[1]))
                assert sink.recv(100) == data

        passes(b"in clear")  # their flow is known
        with xfrm((gateway, *states), others):
            before = refused()
            for _ in range(2):
                source.sendto(b"no", (to, sink.getsockname()[1]))
            eventually(lambda: refused() == before + 2, "both are refused")
            for line in policies:
                gateway.run("ip", "xfrm", *line.split())
            passes(b"yes")
            assert refused() == before + 2


@pytest.mark.parametrize("side, length", [(4, 1500), (6, 1500)], ids=["IPv4 is protected", "IPv6 is protected"])
def test_the_sender_is_told_what_fits_into_esp(real, side, length):
    client, to, header = (real.v6, REAL4_EMBEDDED, 48) if side == 4 else (real.v4, REAL6_MAPPED, 28)
    with usual_links(real), xfrm(*protected(real, side)):
        said = client.run("ping", "-n", "-c", 2, "-i", 0.1, "-W", 1, "-M", "do", "-s", length - header, to,
                          check=False)
        told = re.search(r"mtu[:= ]+(\d+)", said.stdout + said.stderr)
        assert told and 1380 < int(told[1]) < 1500, said.stdout
        said = client.run("ping", "-n", "-c", 1, "-W", 5, "-M", "do", "-s", int(told[1]) - header, to)
        assert "1 received" in said.stdout


# What the gateway itself sends.

@contextlib.contextmanager
def sender(gateway, direction):
    source, to = (OWN6, SERVER6) if direction == "6to4" else (GATEWAY4, HOST4)
    with gateway.routes(f"addr {OWN6}/128 dev lo nodad"), gateway, \
            socket.socket(socket.AF_INET6 if ":" in to else socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind((source, 0))
        yield lambda: made.sendto(b"hello", (to, 2))


@DIRECTIONS
def test_a_policy_blocks_what_the_gateway_sends(real, direction):
    after = (f"src {OWN6_MAPPED} dst {SERVER4}" if direction == "6to4" else
             f"src 2001:db8:100::{GATEWAY4} dst {HOST6}")
    with sender(real.gateway, direction) as send:
        def refused():
            with pytest.raises(OSError) as error:
                send()
            assert error.value.errno == errno.EPERM

        with xfrm((real.gateway, f"policy add dir out {after} action block")):
            assert real.wire.exchange(refused) == {6: [], 4: []}
        assert len(real.wire.exchange(send)[4 if direction == "6to4" else 6]) == 1


@DIRECTIONS
def test_a_policy_encrypts_what_the_gateway_sends(real, direction):
    after, near, far, side = (
        (f"src {OWN6_MAPPED} dst {SERVER4}", GATEWAY4, SERVER4, 4) if direction == "6to4" else
        (f"src 2001:db8:100::{GATEWAY4} dst {HOST6}", GATEWAY6, HOST6, 6))
    mine, _ = tunnel(near, far, after, "src {3} dst {1}".format(*after.split()), 0x400)
    with sender(real.gateway, direction) as send, xfrm((real.gateway, *mine)):
        seen = real.wire.exchange(send)
    got, = seen[side]
    assert not seen[10 - side]
    assert got[6 if side == 6 else 9] == ESP and b"hello" not in got
