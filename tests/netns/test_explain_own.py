# SPDX-License-Identifier: GPL-2.0-only
"""nat64ctl explain about packets that the gateway itself, or a host, sends: what the hook of
LOCAL_OUT would do, which does not ask for forwarding."""

import errno
import socket

import pytest
from addresses import GATEWAY6, HOST4, PREFIX, SERVER4, SERVER6
from packet import ANY, ip4, ip6, udp
from test_clat import CLAT4, CLAT6, FAR4, FAR6, clat
from test_explain import explain

pytestmark = pytest.mark.usefixtures("real")

OWN4 = "203.0.113.6"
NO_FORWARDING = {"net__ipv4__ip_forward": 0, "net__ipv6__conf__all__forwarding": 0}
BY = pytest.mark.parametrize("dev", [(), ("dev", "lo")], ids=["no device", "lo"])


@pytest.fixture
def host(gateway):
    """A host whose address is on a dummy device, as that of a CLAT."""
    gateway.ip("link add clat type dummy", "link set clat up", f"addr add {CLAT4}/32 dev clat")
    yield gateway
    gateway.ip("link del clat")


def explain_unforwarding(host, *words):
    """Of a host that forwards nothing; the tests' own packets need a gateway that does."""
    with host.sysctls(**NO_FORWARDING):
        return explain(host, *words)


def sender(host, source, mark=0):
    """A UDP socket of the host."""
    with host:
        endpoint = socket.socket(socket.AF_INET6 if ":" in source else socket.AF_INET,
                                 socket.SOCK_DGRAM)
    endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
    endpoint.bind((source, 4000))
    return endpoint


@clat
@BY
def test_a_program_that_knows_only_ipv4(host, wire, dev):
    said = explain_unforwarding(host, "4", CLAT4, FAR4, "udp", "4000", "5000", *dev)
    assert (said["in"], said["local"], said["verdict"]) == ("lo", True, "translated")
    assert said["source_mapping"]["ipv4"] == f"{CLAT4}/32"
    header = said["header"]
    assert (header["source"], header["destination"], header["hop_limit"]) == (CLAT6, FAR6, 64)
    assert (said["out"], said["via"]) == ("to6", "2001:db8:1::fe")
    with sender(host, CLAT4) as endpoint:
        wire.expect(lambda: endpoint.sendto(b"x", (FAR4, 5000)),
                    ip6(header["source"], header["destination"], udp(4000, 5000, b"x"),
                        hlim=header["hop_limit"]))


@pytest.mark.configuration(f"add {OWN4} {GATEWAY6}", more=True)
@BY
def test_an_ipv6_socket(host, wire, dev):
    said = explain_unforwarding(host, "6", GATEWAY6, SERVER6, "udp", "4000", "5000", *dev)
    assert (said["in"], said["local"], said["verdict"]) == ("lo", True, "translated")
    assert (said["header"]["source"], said["header"]["ttl"], said["out"]) == (OWN4, 64, "to4")
    with sender(host, GATEWAY6) as endpoint:
        wire.expect(lambda: endpoint.sendto(b"x", (SERVER6, 5000)),
                    ip4(OWN4, SERVER4, udp(4000, 5000, b"x"), ttl=64, id=ANY))


@clat
def test_the_answer_needs_no_forwarding_either(host):
    said = explain_unforwarding(host, "6", FAR6, CLAT6, "udp")
    assert (said["local"], said["verdict"], said["out"]) == (False, "translated", "lo")


@clat
def test_what_has_just_been_translated_is_not_translated_again(host, wire):
    """A packet of the host's own from the face, which LOCAL_OUT sees behind the translation."""
    with host.routes(f"addr {CLAT6}/128 dev clat nodad"):
        said = explain_unforwarding(host, "6", CLAT6, FAR6, "udp")
        assert (said["local"], said["verdict"], said["reason"]) == (True, "passed", "edge_face")
        with sender(host, CLAT6) as endpoint:
            wire.expect(lambda: endpoint.sendto(b"x", (FAR6, 5000)),
                        ip6(CLAT6, FAR6, udp(4000, 5000, b"x"), hlim=64))


@pytest.mark.configuration(f"add {OWN4} {GATEWAY6}", more=True)
def test_an_ipv6_packet_without_a_route(host):
    with host.routes(f"route unreachable {PREFIX}"):
        said = explain_unforwarding(host, "6", GATEWAY6, SERVER6, "udp")
        assert (said["local"], said["verdict"], said["reason"]) == (True, "passed", "not_routed")
        with sender(host, GATEWAY6) as endpoint, pytest.raises(OSError) as failed:
            endpoint.sendto(b"x", (SERVER6, 5000))
        assert errno.errorcode[failed.value.errno] == "EHOSTUNREACH"


@clat
def test_what_others_send_needs_forwarding(host):
    """A source that is nobody's, and one of the host's that comes in from outside."""
    for words in (("192.0.2.50", HOST4, "dev", "lo"), (CLAT4, FAR4, "dev", "to4")):
        said = explain_unforwarding(host, "4", *words[:2], "udp", *words[2:])
        assert not said["local"] and said["verdict"] != "translated"


@clat
@pytest.mark.parametrize("route, error", [(None, "ENETUNREACH"), ("unreachable", "EHOSTUNREACH")])
def test_without_a_route_of_its_own_family(host, wire, route, error):
    """No packet comes to be: the call of the program fails."""
    host.ip("route del default")
    try:
        if route:
            host.ip(f"route add {route} default")
        said = explain(host, "4", CLAT4, FAR4, "udp")
        assert (said["local"], said["verdict"], said["reason"]) == (True, "passed", "not_routed")
        assert "header" not in said and "answer" not in said
        with sender(host, CLAT4) as endpoint, pytest.raises(OSError) as failed:
            endpoint.sendto(b"x", (FAR4, 5000))
        assert errno.errorcode[failed.value.errno] == error
    finally:
        host.ip("route replace default via 198.51.100.254")
        if route:
            host.run("ip", "route", "del", route, "default", check=False)


@clat
def test_the_route_is_that_of_the_mark(host):
    lines = ("rule from 192.0.0.1 fwmark 7 table 77", "route unreachable default table 77")
    with host.routes(*lines):
        assert explain(host, "4", CLAT4, FAR4, "udp")["verdict"] == "translated"
        assert explain(host, "4", CLAT4, FAR4, "udp", "mark", "7")["reason"] == "not_routed"
        with sender(host, CLAT4, mark=7) as endpoint, pytest.raises(OSError):
            endpoint.sendto(b"x", (FAR4, 5000))


@clat
def test_the_doctor_sees_that_there_is_no_default_route(host):
    host.ip("route del default")
    try:
        assert f"a packet from {CLAT4} to 8.8.8.8, for example, is not translated: not_routed" in (
            host.show("doctor"))
    finally:
        host.ip("route add default via 198.51.100.254")


@clat
def test_the_doctor_asks_no_host_to_forward(host):
    with host.sysctls(**NO_FORWARDING):
        assert "forward" not in host.show("doctor")
        host.ctl("add", "192.0.0.2", "2001:db8:46::65", "edge")
        assert "the kernel does not forward IPv4" in host.show("doctor")


@pytest.mark.configuration(f"prefix add {PREFIX}", f"add {CLAT4} {CLAT6} edge", "set local off")
@BY
def test_without_local(host, dev):
    said = explain(host, "4", CLAT4, FAR4, "udp", *dev)
    assert (said["local"], said["verdict"], said["reason"]) == (True, "passed", "local_off")


@pytest.fixture
def vrf(gateway):
    """A VRF with a way to IPv6, and an address of the host's in it that nothing else has."""
    gateway.ip("link add red type vrf table 77", "link set red up", "link add port type dummy",
               "link set port master red", "link set port up", "addr add 192.0.0.1/32 dev red",
               "addr add 2001:db8:7::1/64 dev port nodad", "route add default dev port vrf red",
               "route add default via 2001:db8:7::fe vrf red")
    yield gateway
    gateway.ip("link del port", "link del red")


@pytest.mark.configuration(f"prefix add {PREFIX}", f"add {CLAT4} {CLAT6} edge",
                           "add 203.0.113.7 2001:db8:7::1")
@pytest.mark.parametrize("word", ["vrf", "dev"])
def test_a_host_in_a_vrf(vrf, word):
    said = explain_unforwarding(vrf, "4", CLAT4, FAR4, "udp", word, "red")
    assert (said["in"], said["local"], said["verdict"]) == ("red", True, "translated")
    assert (said["out"], said["via"]) == ("port", "2001:db8:7::fe")
    said = explain_unforwarding(vrf, "6", "2001:db8:7::1", FAR6, "udp", word, "red")
    assert (said["in"], said["local"], said["verdict"]) == ("red", True, "translated")
    assert said["out"] == "port"
    # Outside of the VRF these are nobody's addresses.
    assert not explain(vrf, "4", CLAT4, FAR4, "udp")["local"]
    assert not explain(vrf, "6", "2001:db8:7::1", FAR6, "udp")["local"]


def test_an_address_of_no_vrf(vrf):
    """The table of a VRF without a route has others asked."""
    said = explain_unforwarding(vrf, "6", GATEWAY6, SERVER6, "udp", "dev", "red")
    assert not said["local"]
