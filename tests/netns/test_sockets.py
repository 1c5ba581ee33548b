# SPDX-License-Identifier: GPL-2.0-only
"""What the gateway's own sockets send, translated: still theirs.

ip_route_me_harder() and ip6_route_me_harder() look for the way of a packet in
OUTPUT by the device or VRF that its socket is bound to, by its owner, its mark
and its type of service; so does the translator, and a sender gets the error
that it would get in the other family.
"""

import contextlib
import ctypes
import errno
import json
import os
import socket
import struct
from pathlib import Path

import pytest
from addresses import GATEWAY4, HOST4, HOST6, MAC_FAR4, MAC_FAR6, PREFIX, SERVER4, SERVER6
from packet import ANY, ip4, ip6, udp
from test_counters import counted

OWN6, OWN6_MAPPED = "2001:db8:1::77", "203.0.113.77"
OWN4, OWN4_EMBEDDED = "198.51.100.77", "2001:db8:100::c633:644d"

pytestmark = [pytest.mark.usefixtures("real"),
              pytest.mark.configuration(f"add {OWN6_MAPPED} {OWN6}", more=True)]

# What is sent by a socket of which family, and what it is to become.
DEPARTURES = {
    "native IPv4": (OWN4, SERVER4, lambda part: ip4(OWN4, SERVER4, part, id=ANY, df=True)),
    "native IPv6": (OWN6, HOST6, lambda part: ip6(OWN6, HOST6, part)),
    "6to4": (OWN6, SERVER6, lambda part: ip4(OWN6_MAPPED, SERVER4, part, id=ANY)),
    "4to6": (OWN4, HOST4, lambda part: ip6(OWN4_EMBEDDED, HOST6, part)),
}
DEPART = pytest.mark.parametrize("departure", DEPARTURES)
PART = udp(4000, 5000, b"hello")


@contextlib.contextmanager
def device(gateway, name, kind, *lines):
    """A device with the gateway's own two addresses, for a while."""
    try:
        gateway.ip(f"link add {name} type {kind}", f"link set {name} up",
                   f"addr add {OWN4}/32 dev {name}", f"addr add {OWN6}/128 dev {name} nodad", *lines)
        gateway.run("ethtool", "-K", name, "tx", "off")  # checksums are to be seen finished
        yield
    finally:
        gateway.ip(f"link del {name}")
        for family in ("-4", "-6"):
            gateway.run("ip", family, "route", "flush", "table", 20, check=False)


@pytest.fixture
def addresses(real):
    with device(real.gateway, "own0", "dummy"):
        yield


@contextlib.contextmanager
def sender(gateway, departure, bound=None, mark=0, tos=0, owner=None, hears=0):
    """Sends the usual datagram when it is called."""
    source, to, _ = DEPARTURES[departure]
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    with gateway, socket.socket(family, socket.SOCK_DGRAM) as made:
        if owner:
            os.fchown(made.fileno(), owner, -1)
        if bound:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, bound.encode())
        made.setsockopt(socket.SOL_SOCKET, 36, mark)  # SO_MARK
        made.setsockopt(*((socket.IPPROTO_IPV6, socket.IPV6_TCLASS) if family == socket.AF_INET6 else
                          (socket.IPPROTO_IP, socket.IP_TOS)), tos)
        made.setsockopt(*((socket.IPPROTO_IPV6, 25) if family == socket.AF_INET6 else
                          (socket.IPPROTO_IP, 11)), hears)  # IPV6_RECVERR, IP_RECVERR
        made.bind((source, 4000))
        yield lambda: made.sendto(b"hello", (to, 5000))


def expect_error(send, wire, number):
    """Nothing leaves, and the sender is told at once."""
    def refused():
        with pytest.raises(OSError) as error:
            send()
        assert errno.errorcode[error.value.errno] == number
    assert wire.exchange(refused) == {6: [], 4: []}


# Sockets of a VRF.

VRF = "vrf table 20"
LEAD = [f"route add {PREFIX} dev to6 table 20", "route add default via 2001:db8:1::fe dev to6 table 20",
        "route add default via 198.51.100.254 dev to4 table 20"]
REFUSALS = {"unreachable": "EHOSTUNREACH", "prohibit": "EACCES", "blackhole": "EINVAL"}


@DEPART
@pytest.mark.parametrize("kind", REFUSALS)
def test_a_socket_of_a_vrf_that_leads_nowhere_is_told_so(real, departure, kind):
    """Whatever the main table says, the other family's too."""
    family = "-6" if departure in ("native IPv6", "4to6") else "-4"
    lines = [line for line in LEAD if (":" in line) != (family == "-6")]
    prefix = "::/0" if family == "-6" else "0.0.0.0/0"
    with device(real.gateway, "red", VRF, *lines, f"route add {kind} {prefix} table 20"), \
            sender(real.gateway, departure, bound="red") as send:
        expect_error(send, real.wire, REFUSALS[kind])


@DEPART
def test_a_socket_of_a_vrf_sends_by_its_routes(real, departure):
    """Which lead on where those of the main table end."""
    _, _, expected = DEPARTURES[departure]
    with real.gateway.routes(f"route unreachable {SERVER4}/32", f"route unreachable {HOST6}/128"), \
            device(real.gateway, "red", VRF, *LEAD,
                   f"neigh replace {SERVER4} lladdr {MAC_FAR4} dev to4",
                   f"neigh replace {HOST6} lladdr {MAC_FAR6} dev to6"), \
            sender(real.gateway, departure, bound="red") as send:
        real.wire.expect(send, expected(PART))


# Sockets of a device.

@contextlib.contextmanager
def tap(gateway, name):
    """What leaves by a device, as a list that is filled at the end."""
    seen = []
    with gateway, socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as listener:
        listener.bind((name, 3))
        listener.setblocking(False)
        yield seen
        with contextlib.suppress(BlockingIOError):
            while True:
                packet, (_, ether, *_) = listener.recvfrom(2000)
                seen += [packet] * (packet[6] not in (0, 58) or ether == 0x800)


@DEPART
def test_a_socket_of_a_device_sends_by_it(real, departure):
    """Though better routes lead elsewhere."""
    _, _, expected = DEPARTURES[departure]
    with device(real.gateway, "own0", "dummy", f"route add {PREFIX} dev own0 metric 2000",
                f"route add {HOST6}/128 dev own0 metric 2000",
                f"route add {SERVER4}/32 dev own0 metric 2000"), \
            real.gateway.routes(f"route {HOST6}/128 dev to6", f"route {SERVER4}/32 dev to4"), \
            tap(real.gateway, "own0") as left, \
            sender(real.gateway, departure, bound="own0") as send:
        assert real.wire.exchange(send) == {6: [], 4: []}
    want = expected(PART)
    got, = left
    assert got == want.closed(got)


def test_a_socket_of_a_device_that_has_no_way_is_told_so(real):
    """IPv6 does not take everybody for a neighbour."""
    with device(real.gateway, "own0", "dummy"), sender(real.gateway, "4to6", bound="own0") as send:
        expect_error(send, real.wire, "ENETUNREACH")


def test_a_socket_of_a_device_is_told_what_fits(real):
    """By its call, and by an ICMP error, from which the kernel knows the next time."""
    with device(real.gateway, "own0", "dummy", f"route add {HOST4} dev own0", f"route add {HOST6} dev own0 mtu 1400"), \
            real.gateway, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"own0")
        made.setsockopt(socket.IPPROTO_IP, 10, 2)  # IP_MTU_DISCOVER, IP_PMTUDISC_DO
        made.bind((OWN4, 4000))
        made.connect((HOST4, 5000))
        real.gateway.ctl("stats", "reset")
        for _ in range(2):
            expect_error(lambda: made.send(bytes(1381 - 28)), real.wire, "EMSGSIZE")
            assert counted(real.gateway) == {"too_big": 1, "answered": 1}
    real.gateway.run("ip", "route", "flush", "cache")


# Rules about the socket.

RULES = {"owner": ("uidrange 4242-4242", {"owner": 4242}), "mark": ("fwmark 7", {"mark": 7}),
         "type of service": ("tos 0x10", {"tos": 0x10})}


@DEPART
@pytest.mark.parametrize("rule", RULES)
def test_rules_about_the_socket_hold(real, addresses, departure, rule):
    words, how = RULES[rule]
    family = "-6" if departure in ("native IPv6", "4to6") else "-4"
    real.gateway.run("ip", family, "rule", "add", *words.split(), "prohibit")
    try:
        with sender(real.gateway, departure, **how) as send:
            expect_error(send, real.wire, "EACCES")
        with sender(real.gateway, departure) as send:
            real.wire.expect(send, DEPARTURES[departure][2](PART))
    finally:
        real.gateway.run("ip", family, "rule", "del", *words.split(), "prohibit")


# Queues.

@DEPART
def test_a_socket_that_asks_hears_of_a_full_queue(real, addresses, departure):
    """IP_RECVERR and IPV6_RECVERR: that its packet got no further than the device."""
    devices = ("to6", "to4")
    real.gateway.run("tc", "-b", "-", input="".join(f"qdisc replace dev {name} root pfifo limit 0\n" for name in devices))
    try:
        with sender(real.gateway, departure, hears=1) as send, pytest.raises(OSError) as error:
            send()
        assert errno.errorcode[error.value.errno] == "ENOBUFS"
        with sender(real.gateway, departure) as send:
            send()
    finally:
        real.gateway.run("tc", "-b", "-", input="".join(f"qdisc del dev {name} root\n" for name in devices))
    with sender(real.gateway, departure) as send:
        real.wire.expect(send, DEPARTURES[departure][2](PART))


@DEPART
def test_a_socket_hears_nothing_of_a_queue_that_drops_others(real, addresses, departure):
    """Of which the queue says that there is congestion. The first datagram leaves, and the last one waits."""
    device = "to4" if departure in ("native IPv4", "6to4") else "to6"
    if real.gateway.run("tc", "qdisc", "add", "dev", device, "root", "handle", "1:", *"tbf rate 8bit burst 80 limit 9000".split(),
                        check=False).returncode:
        pytest.skip("this kernel has no such queue")
    try:
        real.gateway.run("tc", "qdisc", "add", "dev", device, *"parent 1:1 handle 2: pfifo_head_drop limit 1".split())
        with sender(real.gateway, departure, hears=1) as send:
            for _ in range(6):
                send()
        queue, = (q for q in json.loads(real.gateway.run("tc", "-s", "-j", "qdisc", "show", "dev", device).stdout)
                  if q["kind"] == "pfifo_head_drop")
        assert queue["drops"] >= 4 and queue["qlen"] == 1
    finally:
        real.gateway.run("tc", "qdisc", "del", "dev", device, "root")


# What a tunnel sends is not the packet of the socket inside.

OUTER = {
    "native": ("type ipip", GATEWAY4, "198.51.100.254", 4),
    "4to6": ("type ipip", GATEWAY4, HOST4, 6),
    "6to4": ("type ip6tnl mode ipip6 encaplimit none", OWN6, SERVER6, 4),
}
INSIDE = "192.0.2.55"


@pytest.fixture(params=OUTER)
def tunnel(real, addresses, request):
    """A tunnel whose far end is behind the translator: the side on which its packets leave."""
    words, own, far, side = OUTER[request.param]
    real.gateway.ip(f"link add tun0 {words} local {own} remote {far} ttl 64", "link set tun0 up",
                    f"route add {INSIDE}/32 dev tun0")
    yield side
    real.gateway.ip("link del tun0")


def expect_inside(wire, side, send):
    """The datagram leaves in a packet of the tunnel."""
    seen = wire.exchange(send)
    got, = seen[side]
    assert not seen[10 - side]
    assert got[6 if side == 6 else 9] == 4 and got[-5:] == b"hello"
    assert got[-17:-13] == socket.inet_aton(INSIDE)


def test_a_tunnel_is_not_bound_to_the_device_of_the_socket_inside(real, tunnel):
    with real.gateway, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inside:
        inside.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"tun0")
        expect_inside(real.wire, tunnel, lambda: inside.sendto(b"hello", (INSIDE, 5000)))


def test_a_tunnel_is_not_of_the_owner_of_the_socket_inside(real, tunnel):
    words = "uidrange 4242-4242 to {} prohibit"
    for family, to in (("-4", SERVER4), ("-6", HOST6)):
        real.gateway.run("ip", family, "rule", "add", *words.format(to).split())
    try:
        with real.gateway, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inside:
            os.fchown(inside.fileno(), 4242, -1)
            expect_inside(real.wire, tunnel, lambda: inside.sendto(b"hello", (INSIDE, 5000)))
    finally:
        for family, to in (("-4", SERVER4), ("-6", HOST6)):
            real.gateway.run("ip", family, "rule", "del", *words.format(to).split())


# A program for packets that leave: r0 = skb->len <= 50.
NO_LONGER_THAN_50 = b"".join(struct.pack("=BBhi", *line) for line in (
    (0xb7, 0, 0, 1), (0x61, 0x12, 0, 0), (0xb5, 2, 1, 50), (0xb7, 0, 0, 0), (0x95, 0, 0, 0)))
CGROUP_SKB, INET_EGRESS, PROG_LOAD, PROG_ATTACH = 8, 1, 5, 8
CGROUPS = Path("/sys/fs/cgroup")


def bpf(command, attributes):
    number = {"x86_64": 321, "aarch64": 280, "s390x": 351}[os.uname().machine]
    buffer = ctypes.create_string_buffer(attributes.ljust(128, b"\0"))
    done = ctypes.CDLL(None, use_errno=True).syscall(number, command, buffer, 128)
    if done < 0:
        raise OSError(ctypes.get_errno(), f"bpf({command})")
    return done


def load_program():
    code, licence = ctypes.create_string_buffer(NO_LONGER_THAN_50), ctypes.create_string_buffer(b"GPL")
    try:
        return bpf(PROG_LOAD, struct.pack("=IIQQ", CGROUP_SKB, len(NO_LONGER_THAN_50) // 8,
                                          ctypes.addressof(code), ctypes.addressof(licence)))
    except OSError as error:
        if error.errno == errno.EINVAL:
            pytest.skip("this kernel has no programs of control groups")
        raise


@pytest.fixture
def short_packets_only():
    """This process in a control group that sends nothing longer than 50 octets."""
    group = CGROUPS / "nat64-test"
    before = CGROUPS / Path("/proc/self/cgroup").read_text().split("::")[1].strip("/\n")
    program = load_program()
    group.mkdir()
    directory = os.open(group, os.O_RDONLY)
    try:
        bpf(PROG_ATTACH, struct.pack("=IIII", directory, program, INET_EGRESS, 0))
        (group / "cgroup.procs").write_text(str(os.getpid()))
        yield
    finally:
        (before / "cgroup.procs").write_text(str(os.getpid()))
        os.close(directory)
        os.close(program)
        group.rmdir()


@pytest.mark.skipif(not (CGROUPS / "cgroup.procs").exists(), reason="no control groups of version 2 here")
def test_a_tunnel_is_not_in_the_control_group_of_the_socket_inside(real, tunnel, short_packets_only):
    """A cgroup_skb program sees the packet inside, as natively."""
    with real.gateway, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inside:
        with pytest.raises(PermissionError):
            inside.sendto(bytes(50), (INSIDE, 5000))
        expect_inside(real.wire, tunnel, lambda: inside.sendto(b"hello", (INSIDE, 5000)))


@pytest.mark.skipif(not (CGROUPS / "cgroup.procs").exists(), reason="no control groups of version 2 here")
@DEPART
def test_a_control_group_sees_what_its_sockets_send_translated(real, addresses, departure, short_packets_only):
    with sender(real.gateway, departure) as send:
        if departure in ("native IPv6", "4to6"):  # which becomes as long
            expect_error(send, real.wire, "EPERM")
        else:
            real.wire.expect(send, DEPARTURES[departure][2](PART))
