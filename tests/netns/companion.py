# SPDX-License-Identifier: GPL-2.0-only
"""A gateway that forwards natively in both families and translates, between three links.

    host, routers -- to6  gateway  to4 -- host, routers
                          to9 -- routers

Each trip is made three times: as native IPv4, as native IPv6, and translated.
The hosts of a side have the same MAC address in both families, so that what
becomes of the three can be compared: where each left, to which next hop, with
what octets, which rules, sockets and errors it met.
"""

import errno
import os
import re
import select
import socket
import time
from dataclasses import dataclass, field
from ipaddress import ip_address

import nft
from addresses import PREFIX
from frame import Frame
from model_addr import embed
from netns import Namespace
from packet import ip4, ip6, tcp, udp, version
from topology import Gateway
from util import run
from wire import Port, listen

SIDES = (6, 4, 9)
NETWORK4 = {6: "192.0.2.", 4: "198.51.100.", 9: "198.18.9."}
NETWORK6 = {6: "2001:db8:1::", 4: "2001:db8:4::", 9: "2001:db8:9::"}
HOST, ROUTER, OTHER_ROUTER = 2, 254, 253
NEIGHBOURS = {HOST: "host", ROUTER: "router", OTHER_ROUTER: "other router"}

# The host of side 6 and the gateway as IPv4 knows them when translated.
MAPPED_HOST = "203.0.113.10"
MAPPED_GATEWAY = {6: "203.0.113.6", 4: "203.0.113.4", 9: "203.0.113.9"}
NATIVE4, NATIVE6, TRANSLATED = "native IPv4", "native IPv6", "translated"
KINDS = (NATIVE4, NATIVE6, TRANSLATED)
MARK, PORT, SENTINEL_PORT = 5, 7000, 9

# Tables for rules: all by the other router, by another device, refused, thrown back, empty, with
# a small MTU.
BY_OTHER_ROUTER, BY_OTHER_DEVICE, REFUSED, THROWN, EMPTY, NARROW = 101, 109, 110, 111, 112, 113
NARROW_MTU = 1400
SENTINELS = 77


def host4(side, number=HOST):
    return NETWORK4[side] + str(number)


def host6(side, number=HOST):
    return NETWORK6[side] + format(number, "x")


def embedded(four):
    """An IPv4 address as IPv6 knows it."""
    return str(embed(PREFIX, four))


def near_mac(side):
    return f"02:00:00:00:0{side}:01"


def neighbour_mac(side, number):
    return f"02:00:00:00:0{side}:{number:02x}"


CONFIG = "\n".join([
    f"prefix add {PREFIX}", f"add {MAPPED_HOST} {host6(6)}",
    *(f"add {MAPPED_GATEWAY[side]} {host6(side, 1)}" for side in SIDES), ""])


@dataclass(frozen=True)
class Trip:
    """A packet's way from a side, or the gateway (0), to another one, in one of three kinds."""

    source: int
    target: int
    kind: str
    number: int

    @property
    def name(self):
        side = {0: "the gateway"}
        return (f"{side.get(self.source, f'side {self.source}')} to "
                f"{side.get(self.target, f'side {self.target}')}, {self.kind}")

    @property
    def tag(self):
        return b"trip%02d" % self.number

    @property
    def sport(self):
        return 10000 + self.number

    @property
    def family(self):
        """As it is sent."""
        if self.kind != TRANSLATED:
            return 4 if self.kind == NATIVE4 else 6
        return self.source or {4: 6, 6: 4}[self.target]

    @property
    def destination(self):
        """Where it is sent to."""
        if self.kind != TRANSLATED:
            where = (self.target, HOST) if self.target else (self.source, 1)
            return (host4 if self.family == 4 else host6)(*where)
        if self.family == 6:
            return embedded(host4(self.target) if self.target else host4(self.source, 1))
        return MAPPED_HOST if self.target else MAPPED_GATEWAY[self.source]

    def packet(self, shape):
        head = {"udp": udp, "tcp": tcp}[shape.proto](self.sport, PORT, self.tag + bytes(shape.size))
        if self.family == 4:
            return ip4(host4(self.source), self.destination, head, ttl=shape.ttl, tos=shape.tos,
                       df=True)
        return ip6(host6(self.source), self.destination, head, hlim=shape.ttl, tclass=shape.tos)


WAYS = ((6, 4), (4, 6), (6, 0), (4, 0), (0, 4), (0, 6))
TRIPS = [Trip(*way, kind, number) for number, (way, kind) in
         enumerate((way, kind) for way in WAYS for kind in KINDS)]


@dataclass
class Shape:
    """What the packets are like, and the socket that the gateway sends from."""

    proto: str = "udp"
    size: int = 0
    tos: int = 0
    ttl: int = 64
    device: str = None
    mark: int = 0
    priority: int = None
    uid: int = 0


@dataclass
class Surroundings:
    """What a scenario puts around the packets."""

    names: list = field(default_factory=list)
    rules4: list = field(default_factory=list)
    rules6: list = field(default_factory=list)
    tc: list = field(default_factory=list)
    chains: list = field(default_factory=list)
    sysctls: dict = field(default_factory=dict)
    policies: list = field(default_factory=list)
    servers: list = field(default_factory=list)
    forwarding: str = "filtered"
    shape: Shape = field(default_factory=Shape)


def each_trip(match, name, verdict=""):
    """Rules that count the packets of each trip on its own."""
    return [f'{match} th sport {trip.sport} counter {verdict} comment "{name}:{trip.number}"'
            for trip in TRIPS]


# Links of a gateway, each with its far end eth0 in the other namespace.

def plain(gateway, far, side):
    gateway.ip(f"link add to{side} type veth peer name eth0 netns {far.name}")


def under(gateway, far, side, *lines, far_lines=("link set p name eth0",)):
    gateway.ip(f"link add p{side} type veth peer name p netns {far.name}",
               *(line.format(near=f"p{side}", to=f"to{side}") for line in lines),
               f"link set p{side} up")
    far.ip(*far_lines, *(["link set p up"] if "link set p name eth0" not in far_lines else []))


def vlan(gateway, far, side):
    under(gateway, far, side, "link add link {near} name {to} type vlan id 7",
          far_lines=("link add link p name eth0 type vlan id 7",))


def bridge(gateway, far, side):
    under(gateway, far, side, "link add {to} type bridge", "link set {near} master {to}")


def bond(gateway, far, side):
    under(gateway, far, side, "link add {to} type bond mode active-backup",
          "link set {near} master {to}")


def macvlan(gateway, far, side):
    under(gateway, far, side, "link add link {near} name {to} type macvlan mode bridge")


def macvlan_on_bridge(gateway, far, side):
    under(gateway, far, side, "link add b{near} type bridge", "link set {near} master b{near}",
          "link set b{near} up", "link add link b{near} name {to} type macvlan mode bridge")


LINKS = {"plain": plain, "vlan": vlan, "bridge": bridge, "bridge with netfilter": bridge,
         "macvlan on a bridge with netfilter": macvlan_on_bridge,
         "bond": bond, "macvlan": macvlan, "vrf": plain}
MODULES = ("bridge", "br_netfilter", "bonding", "macvlan", "8021q", "vrf", "sch_ingress",
           "sch_prio", "sch_fq", "sch_fq_codel", "act_skbedit", "cls_matchall", "xfrm_user",
           "nf_tables", "nft_fib_inet", "nft_reject_inet")


class Bed:
    """The gateway with its links of one kind; with rules of its own unless told otherwise."""

    def __init__(self, kind, ruled=True):
        self.kind, self.vrf, self.ruled = kind, "blue" if kind == "vrf" else None, ruled
        run("modprobe", "-qa", *MODULES, check=False)
        self.gateway = Gateway("companion-gw")
        self.far = {side: Namespace(f"companion-{side}") for side in SIDES}
        for side in SIDES:
            LINKS[kind](self.gateway, self.far[side], side)
            self.far[side].ip("link set eth0 up")
        self._sysctls()
        self._addresses()
        self._routes()
        self.ports = {side: Port(listen(self.far[side]), side, near_mac(side),
                                 neighbour_mac(side, HOST)) for side in SIDES}
        self._sentinel, self._can_observe = 0, True
        self._can_observe = self._load(self._observers(), check=False).returncode == 0
        self.gateway.run("nft", "flush", "ruleset")

    def delete(self):
        for namespace in (self.gateway, *self.far.values()):
            namespace.delete()

    def _sysctls(self):
        for key, value in (("net.ipv4.ip_forward", 1), ("net.ipv6.conf.all.forwarding", 1),
                           ("net.ipv4.conf.all.rp_filter", 0),
                           ("net.ipv4.conf.all.send_redirects", 0),
                           ("net.ipv4.icmp_ratelimit", 0), ("net.ipv4.icmp_ratemask", 0),
                           ("net.ipv6.icmp.ratelimit", 0), ("net.ipv6.icmp.ratemask", "")):
            self.gateway.sysctl(key, value)
        for side in SIDES:
            self.gateway.sysctl(f"net.ipv4.conf.to{side}.rp_filter", 0)
            self.gateway.sysctl(f"net.ipv4.conf.to{side}.send_redirects", 0)
        if "bridge" in self.kind:
            on = int("netfilter" in self.kind)
            for key in ("iptables", "ip6tables"):
                if on or os.path.exists("/proc/sys/net/bridge"):
                    self.gateway.sysctl(f"net.bridge.bridge-nf-call-{key}", on)

    def _addresses(self):
        lines = []
        if self.vrf:
            lines += [f"link add {self.vrf} type vrf table 10", f"link set {self.vrf} up"]
        for side in SIDES:
            device = f"to{side}"
            lines += [f"link set {device} address {near_mac(side)}"]
            lines += [f"link set {device} master {self.vrf}"] if self.vrf else []
            lines += [f"link set {device} up", f"addr add {host4(side, 1)}/24 dev {device}",
                      f"addr add {host6(side, 1)}/64 dev {device} nodad"]
            lines += [f"neigh add {address(side, number)} lladdr {neighbour_mac(side, number)} "
                      f"dev {device} nud permanent"
                      for number in NEIGHBOURS for address in (host4, host6)]
            lines += [f"neigh add 198.18.77.{side} lladdr {neighbour_mac(side, HOST)} dev {device} "
                      "nud permanent"]
        self.gateway.ip(*lines)

    def _routes(self):
        table = " vrf " + self.vrf if self.vrf else ""
        lines = [f"route add default via {address(4, ROUTER)}{table}" for address in (host4, host6)]
        lines += [f"route add default via {address(9, ROUTER)} dev to9 metric 4096{table}"
                  for address in (host4, host6)]
        lines += [f"route add 203.0.113.0/24 via {host4(6, ROUTER)}{table}",
                  f"route add {PREFIX} via {host6(4, ROUTER)}{table}"]
        for address in (host4, host6):
            for side in (6, 4):
                there = address(side)
                lines += [
                    f"route add {there} via {address(side, OTHER_ROUTER)} dev to{side} "
                    f"table {BY_OTHER_ROUTER}",
                    f"route add {there} dev to{side} mtu {NARROW_MTU} table {NARROW}",
                    f"route add unreachable {there} table {REFUSED}",
                    f"route add throw {there} table {THROWN}"]
            lines += [f"route add default via {address(4, OTHER_ROUTER)} dev to4 "
                      f"table {BY_OTHER_ROUTER}",
                      f"route add default via {address(9, ROUTER)} dev to9 table {BY_OTHER_DEVICE}"]
        sentinels = f" table {SENTINELS}" if self.ruled else ""
        lines += [f"route add 198.18.77.{side} dev to{side}{sentinels}" for side in SIDES]
        if self.ruled:
            lines += [f"rule add pref 1 to 198.18.77.0/24 lookup {SENTINELS}"]
        self.gateway.ip(*lines)

    # One scenario.

    def rules(self, family, what, rules):
        """Adds or deletes rules of one family."""
        if rules:
            self.gateway.run("ip", f"-{family}", "-force", "-batch", "-", check=what == "add",
                             input="".join(f"rule {what} {rule}\n" for rule in rules))

    def play(self, surroundings):
        """Makes all trips in a scenario; returns what became of each."""
        try:
            self._put(surroundings)
            return self._travel(surroundings)
        finally:
            self._take_away(surroundings)

    def _put(self, s):
        self._sysctls_before = {}
        self.gateway.configure(CONFIG + f"set forwarding {s.forwarding}\n")
        self.rules(4, "add", s.rules4)
        self.rules(6, "add", s.rules6)
        self.gateway.ip(*(f"xfrm policy add {policy}" for policy in s.policies))
        if s.tc:
            self.gateway.run("tc", "-batch", "-", input="\n".join(s.tc) + "\n")
        for key, value in s.sysctls.items():
            self._sysctls_before[key] = self.gateway.sysctl(key)
            self.gateway.sysctl(key, value)
        self._load(["table inet companion {", *s.chains, "}", *self._observers()])

    def _load(self, lines, check=True):
        return self.gateway.run("nft", "-f", "-", input="\n".join(lines) + "\n", check=check)

    def _take_away(self, s):
        self.gateway.run("nft", "flush", "ruleset")
        for key, value in self._sysctls_before.items():
            self.gateway.sysctl(key, value)
        devices = {words[words.index("dev") + 1] for words in map(str.split, s.tc)}
        for device in devices:
            for what in ("clsact", "root"):
                self.gateway.run("tc", "qdisc", "del", "dev", device, what, check=False)
        self.rules(4, "del", s.rules4)
        self.rules(6, "del", s.rules6)
        if s.policies:
            self.gateway.run("ip", "xfrm", "policy", "flush")

    def _observers(self):
        """What mark and priority a packet has when it is handed to a device, if nft can say."""
        if not self._can_observe:
            return []
        rules = [rule for what in ("meta priority 0:2", "meta priority 0:4", "meta priority 0:6",
                                   "meta priority 1:7", f"meta mark {MARK}", "meta mark 9")
                 for rule in each_trip(what, "egress " + what)]
        return [line for side in SIDES for line in (
            f"table netdev observe{side} {{", f"chain egress {{ type filter hook egress "
            f"device to{side} priority 0; policy accept;", *rules, "}", "}")]

    def _travel(self, s):
        outcomes = {trip: {"left": [], "answers": [], "sockets": []} for trip in TRIPS}
        servers = self._servers(s)
        for port in self.ports.values():
            port.drain()
        for trip in TRIPS:
            if trip.source:
                self.ports[trip.source].send(Frame(trip.packet(s.shape)))
            else:
                outcomes[trip]["errno"] = self._send(trip, s.shape)
        for side, packet in self.take():
            self._note(outcomes, side, packet)
        self._hear(outcomes, servers)
        self._count(outcomes)
        return outcomes

    def _servers(self, s):
        """Sockets of the gateway, by family and by what they are bound to."""
        servers = {}
        for device in s.servers:
            for family in (4, 6):
                servers[family, device] = self._socket(family, device)
                servers[family, device].bind(("", PORT))
                servers[family, device].setblocking(False)
        return servers

    def _socket(self, family, device=None, uid=0):
        kind = socket.AF_INET if family == 4 else socket.AF_INET6
        with self.gateway:
            os.seteuid(uid)
            try:
                end = socket.socket(kind, socket.SOCK_DGRAM)
            finally:
                os.seteuid(0)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == 6:
            end.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if device:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        return end

    def _send(self, trip, shape):
        """Sends from the gateway; returns the error that the sender sees."""
        with self._socket(trip.family, shape.device or self.vrf, shape.uid) as end:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, shape.mark)
            if trip.family == 4:
                end.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, shape.tos)
            else:
                end.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, shape.tos)
            if shape.priority is not None:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_PRIORITY, shape.priority)
            try:
                end.bind(("", trip.sport))
                end.sendto(trip.tag + bytes(shape.size), (trip.destination, PORT))
            except OSError as error:
                return errno.errorcode[error.errno]
        return ""

    def _send_sentinels(self):
        self._sentinel += 1
        mark = b"sentinel%d|" % self._sentinel
        for side in SIDES:
            self.ports[4].send(Frame(ip4(host4(4), f"198.18.77.{side}",
                                         udp(9, SENTINEL_PORT, mark))))
        return mark

    def take(self):
        """What comes out, by side, until sentinels do, or for a while where none is forwarded."""
        mark, waiting, end = self._send_sentinels(), set(SIDES), time.monotonic() + 0.5
        while waiting and (left := end - time.monotonic()) > 0:
            select.select(list(self.ports.values()), [], [], left)
            for side, port in self.ports.items():
                while (packet := port.receive()) is not None:
                    if mark in packet:
                        waiting.discard(side)
                    else:
                        yield side, packet

    def _note(self, outcomes, side, packet):
        found = re.search(rb"trip(\d\d)", packet)
        if not found:
            return
        outcome = outcomes[TRIPS[int(found[1])]]
        if answer := error_class(packet):
            outcome["answers"].append((side, answer, answers_from(packet)))
            return
        number = packet.ether[5]
        tos, ttl = ((packet[1], packet[8]) if version(packet) == 4 else
                    ((packet[0] << 4 | packet[1] >> 4) & 0xff, packet[7]))
        outcome["left"].append((side, NEIGHBOURS.get(number, number), f"tos {tos:#x}",
                                f"ttl {ttl}"))

    @staticmethod
    def _hear(outcomes, servers):
        for (_, device), server in servers.items():
            with server:
                while True:
                    try:
                        data = server.recv(2048)
                    except BlockingIOError:
                        break
                    outcomes[TRIPS[int(data[4:6])]]["sockets"].append(device or "any")

    def _count(self, outcomes):
        for comment, packets in nft.counted(self.gateway).items():
            name, _, number = comment.rpartition(":")
            outcomes[TRIPS[int(number)]]["rule " + name] = packets > 0


ERRORS = {(4, 3, 0): "no route", (4, 3, 1): "host unreachable", (4, 3, 3): "port unreachable",
          (4, 3, 4): "too big", (4, 3, 13): "prohibited", (4, 3, 9): "prohibited",
          (4, 3, 10): "prohibited", (4, 11, 0): "hop limit",
          (6, 1, 0): "no route", (6, 1, 1): "prohibited", (6, 1, 3): "host unreachable",
          (6, 1, 4): "port unreachable", (6, 2, 0): "too big", (6, 3, 0): "hop limit"}


def error_class(packet):
    """What an ICMP error says in either family; None if it is none."""
    family = version(packet)
    proto, at = (packet[9], 4 * (packet[0] & 15)) if family == 4 else (packet[6], 40)
    if proto != {4: 1, 6: 58}[family]:
        return None
    type, code = packet[at:at + 2]
    return ERRORS.get((family, type, code), f"{family} {type}/{code}")


def answers_from(packet):
    """Whose address an error has, in either family and in either form."""
    four = version(packet) == 4
    source = str(ip_address(bytes(packet[12:16] if four else packet[8:24])))
    for side in SIDES:
        if source in (host4(side, 1), host6(side, 1), MAPPED_GATEWAY[side],
                      embedded(host4(side, 1))):
            return f"the gateway on side {side}"
    return source


def disagreements(outcomes, ignored=()):
    """Where a translated packet fared as neither of its native companions did."""
    for first in range(0, len(TRIPS), len(KINDS)):
        native4, native6, translated = (outcomes[trip] for trip in TRIPS[first:first + len(KINDS)])
        for what, got in translated.items():
            natives = native4.get(what), native6.get(what)
            if got not in natives and what not in ignored:
                yield (f"{TRIPS[first + 2].name}: {what}: {got}, "
                       f"where IPv4 has {natives[0]} and IPv6 {natives[1]}")
