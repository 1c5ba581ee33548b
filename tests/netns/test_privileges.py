# SPDX-License-Identifier: GPL-2.0-only
"""Who may do what, how much of the kernel's memory, and what nobody is told."""

import ctypes
import os
import pickle
import re
import socket
import struct
import sys
from contextlib import closing
from errno import EPERM
from pathlib import Path
from signal import SIGKILL

import kmod
import netlink
import pytest
import util
from addresses import HOST4, HOST6, SERVER4, SERVER6
from kmod import PARAMETERS
from netlink import CREATE, DUMP, REPLACE, SPEC, build
from packet import ANY, ip4, ip6, udp
from util import CTL, DEADLINE

pytestmark = pytest.mark.usefixtures("real")

LIBC = ctypes.CDLL(None, use_errno=True)
NEWNET, NEWUSER = 0x40000000, 0x10000000

HOST = {"addr4": HOST4, "addr6": HOST6}
WKP = {"addr": "64:ff9b::", "len": 96}

# Every command, in an order in which all succeed, and who may give it.
ADMINISTRATOR, ANYBODY = True, False
COMMANDS = [
    ("prefix-new", 0, {"prefix": WKP}, ADMINISTRATOR),
    ("eam-new", CREATE | REPLACE, {"eam": HOST}, ADMINISTRATOR),
    ("settings-set", 0, {"settings": {"counters": 1}}, ADMINISTRATOR),
    ("status-get", 0, {}, ANYBODY),
    ("prefix-get", DUMP, {}, ANYBODY),
    ("eam-get", 0, {"eam": HOST}, ANYBODY),
    ("eam-get", DUMP, {}, ANYBODY),
    ("lookup", 0, {"addr4": HOST4}, ANYBODY),
    ("settings-get", 0, {}, ANYBODY),
    ("stats-get", 0, {}, ANYBODY),
    ("use-get", DUMP, {}, ANYBODY),
    ("explain", 0, {"explain": {"packet": ip4(SERVER4, HOST4, udp(1, 2))}}, ADMINISTRATOR),
    ("load-begin", 0, {}, ADMINISTRATOR),
    ("load-abort", 0, {}, ADMINISTRATOR),
    ("load-begin", 0, {}, ADMINISTRATOR),
    ("load-commit", 0, {}, ADMINISTRATOR),
    ("prefix-new", 0, {"prefix": WKP}, ADMINISTRATOR),
    ("prefix-del", 0, {"prefix": WKP}, ADMINISTRATOR),
    ("eam-new", CREATE | REPLACE, {"eam": HOST}, ADMINISTRATOR),
    ("eam-del", 0, {"eam": HOST}, ADMINISTRATOR),
    ("eam-flush", 0, {}, ADMINISTRATOR),
    ("stats-reset", 0, {}, ADMINISTRATOR),
]


def test_every_command_is_decided_on():
    """And the specification says the same."""
    decided = {(name, "dump" if flags == DUMP else "do"): needed
               for name, flags, _, needed in COMMANDS}
    assert decided == {(op["name"], mode): "uns-admin-perm" in op.get("flags", [])
                       for op in SPEC["operations"]["list"]
                       for mode in ("do", "dump") if mode in op}


def give(client, command, flags, values):
    """The number of the error that the command gets, 0 for none."""
    try:
        client.ask(command, build("nat64", **values), flags)
    except netlink.Refused as refused:
        return refused.error
    return 0


def give_all(client):
    return [give(client, *command[:3]) for command in COMMANDS]


ALL_DONE = [0] * len(COMMANDS)
ONLY_READS = [EPERM if needed else 0 for *_, needed in COMMANDS]


def in_child(function):
    """What the function returns, in a process of its own."""
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        try:
            with open(theirs, "wb") as pipe:
                try:
                    pickle.dump(function(), pipe)
                except BaseException as error:
                    pickle.dump(AssertionError(f"in the child: {error!r}"), pipe)
        finally:
            os._exit(0)
    os.close(theirs)
    with open(ours, "rb") as pipe:
        said = pickle.load(pipe)
    os.waitpid(child, 0)
    if isinstance(said, BaseException):
        raise said
    return said


def unshare(what):
    if LIBC.unshare(what):
        raise OSError(ctypes.get_errno(), "unshare")


def become_root_of_a_user_namespace(*more):
    """Of one that a user without any privilege has made."""
    os.setresgid(netlink.NOBODY, netlink.NOBODY, netlink.NOBODY)
    os.setresuid(netlink.NOBODY, netlink.NOBODY, netlink.NOBODY)
    LIBC.prctl(4, 1)  # PR_SET_DUMPABLE: its own files in /proc are its own again
    unshare(NEWUSER | sum(more))
    Path("/proc/self/uid_map").write_text(f"0 {netlink.NOBODY} 1")


def state(gateway):
    return gateway.show("save"), gateway.show("-j", "status")


def test_root(gateway):
    with gateway, closing(netlink.Socket()) as client:
        assert give_all(client) == ALL_DONE
    gateway.loaded = None


@pytest.mark.parametrize("opener, sender", [
    ("nobody", "nobody"), ("root", "nobody"), ("nobody", "root")])
def test_an_unprivileged_user(gateway, opener, sender):
    """May read. Neither does a socket of root's help, nor root's help with a socket."""
    before = state(gateway)
    with gateway, closing(netlink.Socket(nobody=opener == "nobody")) as client:
        client.nobody = sender == "nobody"
        assert give_all(client) == ONLY_READS
    assert state(gateway) == before


def test_root_of_a_user_namespace_in_its_own_network(gateway):
    """May do all, to its own."""
    before = state(gateway)

    def child():
        become_root_of_a_user_namespace(NEWNET)
        with closing(netlink.Socket()) as client:
            return give_all(client)

    assert in_child(child) == ALL_DONE
    assert state(gateway) == before


def test_root_of_a_user_namespace_in_the_network_of_another(gateway):
    """May read, as any user; with a socket that was there before it, too."""
    before = state(gateway)

    def child(with_socket_of_root):
        gateway.__enter__()
        client = netlink.Socket() if with_socket_of_root else None
        become_root_of_a_user_namespace()
        return give_all(client or netlink.Socket())

    for with_socket_of_root in (True, False):
        assert in_child(lambda: child(with_socket_of_root)) == ONLY_READS
    assert state(gateway) == before


def test_a_socket_reaches_only_the_network_it_was_opened_in(gateway):
    """Root of another network namespace holds a socket of the gateway's: no more than nobody."""
    before = state(gateway)

    def child():
        with gateway:
            client = netlink.Socket()
        become_root_of_a_user_namespace(NEWNET)
        return give_all(client)

    assert in_child(child) == ONLY_READS
    assert state(gateway) == before


# What is heard.

def name_peer(gateway):
    """Gives the gateway's namespace a number in the one that this process is in."""
    with closing(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)) as route:
        body = bytes(4) + netlink.attribute(1, struct.pack("=i", 7)) + netlink.attribute(
            3, struct.pack("=I", gateway.fd))
        route.send(netlink.HEADER.pack(netlink.HEADER.size + len(body), 88, 5, 1, 0) + body)
        assert next(iter([netlink.Message(route.recv(4096))])).error == 0


@pytest.mark.parametrize("privileged", [True, False])
def test_notifications_of_other_namespaces(gateway, privileged):
    """Are heard by who listens to all namespaces and has privileges in them."""
    def child():
        if privileged:
            unshare(NEWNET)
        else:
            become_root_of_a_user_namespace(NEWNET)
        name_peer(gateway)
        client = netlink.Socket()
        client.subscribe("config")
        client.socket.setsockopt(270, 8, 1)  # NETLINK_LISTEN_ALL_NSID
        os.write(ready[1], b"!")
        os.read(done[0], 1)
        client.socket.setblocking(False)
        heard = []
        with pytest.raises(BlockingIOError):
            while True:
                heard += client.receive()
        return [message.payload[0] for message in heard]

    ready, done = os.pipe(), os.pipe()
    changer = os.fork()
    if not changer:
        os.read(ready[0], 1)
        gateway.ctl("set", "tos", "4")
        os.write(done[1], b"!")
        os._exit(0)
    heard = in_child(child)
    os.waitpid(changer, 0)
    gateway.loaded = None
    assert heard == ([netlink.OPS["settings-set"]] if privileged else [])


# What is told.

SIZES = {"u8": 1, "u16": 2, "u32": 4, "u64": 8, "flag": 0}


def check_attributes(octets, kinds):
    """Every octet of an answer is one that the specification speaks of."""
    specified = {a["name"]: a for a in netlink.SETS[kinds]}
    names = {number: name for name, number in netlink.NUMBERS[kinds].items()}
    at = 0
    while at < len(octets):
        size, kind = struct.unpack_from("=HH", octets, at)
        payload, padding = octets[at + 4:at + size], octets[at + size:at + (size + 3 & ~3)]
        what = specified[names[kind & ~netlink.FLAGS]]
        assert not padding.strip(b"\0"), what
        if what["type"] == "nest":
            check_attributes(payload, what["nested-attributes"])
        elif what["type"] == "string":
            assert payload.index(b"\0") == len(payload) - 1, what
        elif what["type"] == "binary":
            assert len(payload) == what.get("checks", {}).get("exact-len", len(payload)), what
        elif what["type"] == "pad":
            assert not payload
        else:
            assert len(payload) == SIZES[what["type"]], what
        at += size + 3 & ~3


def litter(octet):
    """Fills memory that others may get next."""
    for size in (60, 120, 250, 500, 1000, 2000, 4000, 8000):
        left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        with left, right:
            for _ in range(8):
                left.send(bytes([octet]) * size)


def answers(client):
    """What every command that only reads is answered, and an explained packet."""
    said = {}
    for command, flags, values, needed in COMMANDS:
        if not needed or command == "explain":
            messages = client.ask(command, build("nat64", **values), flags)
            said[command, flags] = b"".join(message.attributes for message in messages)
    return said


@pytest.mark.configuration("set counters on", more=True)
def test_answers_hold_nothing_else(real):
    """Whatever was in memory before; and nothing looks like an address of the kernel's."""
    real.wire.exchange(ip4(SERVER4, HOST4, udp(1, 2)), ip6(HOST6, SERVER6, udp(1, 2)))
    with real.gateway, closing(netlink.Socket()) as client:
        first = answers(client)
        for octet in (0x5a, 0xa5, 0xff):
            litter(octet)
            for key, octets in answers(client).items():
                check_attributes(octets, "nat64")
                assert len(octets) == len(first[key])
                assert bytes([octet]) * 6 not in octets, key
                assert key[0] == "use-get" or octets == first[key], key
    assert len(first) == len([c for c in COMMANDS if not c[3]]) + 1


def test_nothing_of_another_namespace_is_told(gateway):
    """Neither by answers nor by the texts of refusals."""
    def child():
        unshare(NEWNET)
        with closing(netlink.Socket()) as client:
            said = [client.ask(command, b"", flags) for command, flags, values, needed in COMMANDS
                    if not needed and not values]
            texts = []
            for command, values in (("eam-get", {"eam": HOST}), ("lookup", {"addr4": HOST4}),
                                    ("eam-del", {"eam": {"addr6": HOST6}}),
                                    ("prefix-del", {"prefix": WKP})):
                with pytest.raises(netlink.Refused) as refused:
                    client.ask(command, build("nat64", **values))
                texts.append(refused.value.text)
        return b"".join(m.attributes for messages in said for m in messages), texts

    with pytest.raises(netlink.Refused), gateway, closing(netlink.Socket()) as client:
        client.ask("eam-new", build("nat64", eam=HOST), CREATE)
    octets, texts = in_child(child)
    assert socket.inet_pton(socket.AF_INET6, HOST6) not in octets
    assert socket.inet_aton(HOST4) not in octets
    assert texts == ["there is no such mapping",
                     "the address lies in no mapping and in no translation prefix",
                     f"{HOST6}/128 is not mapped", "64:ff9b::/96 is not a translation prefix"]


ADDRESS = re.compile(rb"(0x)?(ffff|[0-9a-f]{4})[0-9a-f]{12}", re.I)


def readable(directory):
    """The files below a directory that nobody in particular may read, and what is in them."""
    for path in directory.rglob("*"):
        if path.is_file() and path.stat().st_mode & 0o004:
            try:
                yield path, path.read_bytes()
            except OSError:
                continue


def test_files_of_the_module():
    """Two parameters, which root may write; no address of the kernel's."""
    assert {path.name: path.stat().st_mode & 0o777 for path in PARAMETERS.iterdir()} == {
        "max_mappings": 0o644, "max_mappings_userns": 0o644}
    files = list(readable(Path("/sys/module/nat64")))
    assert files
    for path, octets in files:
        if path.parent.name != "notes" and path.name != "srcversion":
            assert not ADDRESS.search(octets), path
    assert not [path for path in Path("/proc").glob("*nat64*")]
    assert not [path for path in Path("/proc/net").glob("*nat64*")]


@pytest.mark.skipif(not Path("/sys/kernel/tracing/events/nat64").exists() and
                    not Path("/sys/kernel/tracing/events").exists(), reason="no tracing here")
def test_tracepoints_have_no_address_of_the_kernel():
    formats = list(Path("/sys/kernel/tracing/events/nat64").glob("*/format"))
    assert len(formats) == 2
    for path in formats:
        text = path.read_text()
        assert "src6" in text and not re.search(r"field:.*\*|skbaddr", text)
        assert set(re.findall(r"%p\w*", text)) == {"%pI6c", "%pI4"}


# How much memory.

def fill(client, count, staged):
    """Adds mappings, one by one: how many could be, and the text of the refusal."""
    more = {"staged": True} if staged else {}
    for n in range(count):
        try:
            client.ask("eam-new", build("nat64", eam={
                "addr4": f"192.0.2.{n}", "addr6": f"2001:db8::{n + 1:x}"}, **more), CREATE)
        except netlink.Refused as refused:
            return n, refused.text
    return count, None


@pytest.mark.parametrize("staged", [False, True], ids=["one by one", "load"])
def test_mappings_of_a_user_namespace_are_limited(gateway, staged):
    """By a limit of their own, or by the general one if that is lower."""
    def child():
        become_root_of_a_user_namespace(NEWNET)
        with closing(netlink.Socket()) as client:
            if staged:
                client.ask("load-begin", build("nat64", limit=1 << 30))
            limit = netlink.named(client.ask("status-get")[0].attributes, "nat64")["limit"]
            return int.from_bytes(limit, sys.byteorder), *fill(client, 5, staged)

    with kmod.parameter("max_mappings_userns", 3):
        text = "there are 3 mappings already, the limit (module parameter max_mappings_userns)"
        assert in_child(child) == (3, 3, text)
        gateway.ctl("add", "192.0.2.1", "2001:db8:9::1")
        with kmod.parameter("max_mappings", 2):
            assert in_child(child)[:2] == (2, 2)


CGROUPS = Path("/sys/fs/cgroup")
MANY = 100_000
# Octets; Linux 5.10 sums up what each processor has freed only now and then.
ALL, NONE = 64 * MANY, 8 * MANY
# Seconds for that many RCU callbacks, on kernels that look at each.
PATIENCE = 4 * DEADLINE


@pytest.fixture
def cgroup():
    """A memory control group."""
    controllers = CGROUPS / "cgroup.controllers"
    if not controllers.exists() or "memory" not in controllers.read_text().split():
        pytest.skip("this kernel has no memory control groups")
    (CGROUPS / "cgroup.subtree_control").write_text("+memory")
    group = CGROUPS / "nat64"
    group.mkdir()
    yield group
    util.eventually(lambda: not (group / "cgroup.procs").read_text(), "the group is not empty")
    group.rmdir()


def load_within(group, gateway, count):
    """Loads this many mappings, by a nat64ctl that is in the group."""
    lines = ["prefix add 64:ff9b::/96"]
    lines += [f"add {0x0b000000 + n >> 24}.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255} "
              f"2001:db8:{n >> 16:x}:{n & 0xffff:x}::1" for n in range(count)]
    command = f'echo $$ >{group}/cgroup.procs; exec "$0" "$@"'
    gateway.loaded = None
    return gateway.run("sh", "-c", command, CTL, "-f", "load", "-", input="\n".join(lines) + "\n",
                       check=False)


def charged(group):
    """Octets of the kernel's small allocations."""
    words = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    return int(words["slab"])


def test_mappings_are_charged_to_who_asks_for_them(gateway, cgroup):
    """Until they are gone, however long nat64ctl has been gone."""
    done = load_within(cgroup, gateway, MANY)
    assert done.returncode == 0, done.stderr
    assert not (cgroup / "cgroup.procs").read_text()
    assert charged(cgroup) >= ALL
    gateway.ctl("-f", "flush")
    util.eventually(lambda: charged(cgroup) < NONE, "the mappings are gone, the charge is not", PATIENCE)


def test_who_may_not_have_more_memory_loads_nothing(real, cgroup):
    """
    Nor does anybody else suffer: what is configured stays, what was loaded is gone. The
    limit is between what nat64ctl takes to read that much and what all of it would take.
    """
    before = state(real.gateway)
    (cgroup / "memory.max").write_text(str(110 * MANY))
    assert load_within(cgroup, real.gateway, MANY).returncode == -SIGKILL
    assert state(real.gateway) == before
    util.eventually(lambda: charged(cgroup) < NONE, "what was loaded is still charged", PATIENCE)
    real.wire.expect(ip6(HOST6, SERVER6, udp(1, 2)), ip4(HOST4, SERVER4, udp(1, 2), ttl=63, id=ANY))
