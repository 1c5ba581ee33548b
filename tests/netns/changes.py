# SPDX-License-Identifier: GPL-2.0-only
"""What changes in a gateway with taps while packets pass: table, settings, MTUs, routes, next hops."""

from dataclasses import dataclass, replace
from ipaddress import ip_network

from addresses import GATEWAY4, GATEWAY6
from frame import mac
from generator import GATEWAY, VLAN
from model import Model
from router import Router
from scenes import MTUS4, MTUS6, SETTINGS, native_routes

# Who the default routes lead to, but for the link itself, and their hardware addresses.
NEXT_HOPS = {6: ("dev to6", *(f"via 2001:db8:1::f{n} dev to6{vlan} onlink"
                              for n, vlan in ((1, ""), (2, ""), (3, f".{VLAN}")))),
             4: ("dev to4", *(f"via 198.51.100.24{n} dev to4{vlan} onlink"
                              for n, vlan in ((1, ""), (2, ""), (3, f".{VLAN}"))))}
TAGGED, TAG = 3, b"\x81\0" + VLAN.to_bytes(2, "big")
MACS = ("02:00:00:00:0f:01", "02:00:00:00:0f:02")
# What packets are held against in any state, or would be open.
KEPT = ("forwarding", "mark", "counters", "icmp-source4", "icmp-source6")


@dataclass(frozen=True)
class State:
    """A configuration without setting forwarding, and what is around it."""

    lines: tuple
    mtu6: int
    mtu4: int
    routes: tuple
    hops: tuple = (0, 0)  # for IPv6 and for IPv4: which of NEXT_HOPS
    macs: tuple = (0, 0)  # which of MACS that has

    @classmethod
    def of(cls, scene):
        return cls(tuple(line for line in scene.text.splitlines() if not line.startswith("set forwarding")),
                   scene.mtu6, scene.mtu4, scene.routes)

    @property
    def text(self):
        return "".join(line + "\n" for line in self.lines)

    def router(self, followed):
        return Router(Model(self.text, gateway4=GATEWAY4, gateway6=GATEWAY6, mtu4=self.mtu4,
                            mtu6=self.mtu6, followed=followed,
                            native=(GATEWAY4 + "/32", GATEWAY6 + "/128", *self.routes)))

    def ethers(self):
        """The Ethernet headers of what leaves, each with the family behind it."""
        kinds = ((6, b"\x86\xdd"), (4, b"\x08\0"))
        found = {(GATEWAY + GATEWAY + ethertype, family) for family, ethertype in kinds if self.routes}
        for (family, ethertype), hop, which in zip(kinds, self.hops, self.macs):
            router = mac(MACS[which]) if hop else GATEWAY
            found.add((router + GATEWAY + (TAG if hop == TAGGED else b"") + ethertype, family))
        return found

    def without(self, *starts):
        return tuple(line for line in self.lines if not line.startswith(starts))


class Changes:
    """Draws changes; each returns the state behind it and the lines for nat64ctl that lead there."""

    def __init__(self, rng, scene):
        self.random, self.scene, self.count = rng, scene, 0

    def fresh(self):
        """A number that is in no address yet."""
        self.count += 1
        return self.count

    def hosts(self, state):
        """Mappings of hosts of the IPv6 side."""
        return [line for line in state.lines if line.startswith("add ")
                and not line.endswith("edge") and "translatable" not in line]

    def mapping_replaced(self, state):
        hosts = self.hosts(state)
        if not hosts:
            return state, ()
        old = self.random.choice(hosts)
        _, four, six, *own = old.split()
        length = int(six.split("/")[1]) if "/" in six else 128
        six = ip_network((f"2001:db8:{0xc000 + self.fresh():x}::", length), strict=False)
        new = " ".join(("add", four, str(six), *own))
        lines = tuple(new if line == old else line for line in state.lines)
        return replace(state, lines=lines), ("replace " + new.removeprefix("add "),)

    def mapping_goes(self, state):
        hosts = self.hosts(state)
        if len(hosts) < 3:
            return state, ()
        old = self.random.choice(hosts)
        return (replace(state, lines=tuple(line for line in state.lines if line != old)),
                ("del " + old.split()[1],))

    def prefix_comes(self, state):
        """And is the primary one from then on, but for what follows from the former one."""
        if any("translatable" in line for line in state.lines):
            return state, ()
        new = f"prefix add 3fff:96:{self.fresh():x}::/96 primary"
        lines = tuple(line.removesuffix(" primary") for line in state.lines)
        return replace(state, lines=(*lines, new)), (new,)

    def prefix_goes(self, state):
        """One that is not the primary one, nor that of a mapping."""
        prefixes = [line.split()[2] for line in state.lines if line.startswith("prefix add")
                    and "primary" not in line]
        prefixes = [one for one in prefixes if not any(f"prefix {one}" in line for line in state.lines)
                    and any(line.endswith(" primary") for line in state.lines)]
        if not prefixes:
            return state, ()
        old = self.random.choice(prefixes)
        return replace(state, lines=state.without(f"prefix add {old}")), (f"prefix del {old}",)

    def setting(self, state):
        key = self.random.choice([key for key in SETTINGS if key not in KEPT])
        line = f"set {key} {self.random.choice(SETTINGS[key])}"
        return replace(state, lines=(*state.without(f"set {key} "), line)), (line,)

    def mtu(self, state):
        """IPv6 comes and goes with an MTU of 1280: that is not for these tests."""
        if self.random.random() < 0.5:
            return replace(state, mtu6=self.random.choice(MTUS6)), ()
        mtus = [mtu for mtu in MTUS4 if (mtu < 1280) == (state.mtu4 < 1280)]
        return replace(state, mtu4=self.random.choice(mtus)), ()

    def routes(self, state):
        """Inside of what is translated: some come, or all go."""
        if state.routes:
            return replace(state, routes=()), ()
        hosts = self.scene.mappings + self.scene.edges
        routes = dict.fromkeys(native_routes(self.random, self.scene.prefixes, hosts))
        return replace(state, routes=tuple(to for to in routes if to != f"{GATEWAY6}/128")), ()

    def next_hop(self, state):
        return replace(state, hops=tuple(self.random.randrange(4) for _ in range(2))), ()

    def neighbour(self, state):
        """The next hop has another hardware address."""
        hops = tuple(hop or 1 for hop in state.hops)
        return replace(state, hops=hops, macs=tuple(1 - which for which in state.macs)), ()

    def drawn(self, state):
        change = self.random.choice((
            self.mapping_replaced, self.mapping_replaced, self.mapping_goes, self.prefix_comes,
            self.prefix_goes, self.setting, self.setting, self.mtu, self.mtu, self.routes,
            self.next_hop, self.neighbour))
        return change(state)


def next_hops(gateway, state):
    """Lines for ip: default routes, and the neighbours that they lead to, if they are others."""
    for at, family in enumerate((6, 4)):
        hop, which = state.hops[at], state.macs[at]
        if gateway.hops.get(family, (0, 0)) == (hop, which):
            continue
        gateway.hops[family] = hop, which
        how = NEXT_HOPS[family][hop]
        if hop:
            yield f"neigh replace {how.split()[1]} lladdr {MACS[which]} dev {how.split()[3]} nud permanent"
        yield f"route replace {'::/0' if family == 6 else 'default'} {how}"


def apply(gateway, state, commands=()):
    """Leads a gateway into a state; its configuration needs these lines for nat64ctl."""
    if commands:
        gateway.ctl("-f", "-b", "-", input="\n".join(commands) + "\n")
    gateway.mtus(state.mtu6, state.mtu4)
    lines = [*gateway.leading(state.routes), *next_hops(gateway, state)]
    if lines:
        gateway.ip(*lines)
