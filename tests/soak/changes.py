# SPDX-License-Identifier: GPL-2.0-only
"""What happens to a gateway that has traffic: see test_churn.py for most of it.

Some of it may lose packets of mappings that stay: while the module is not
there, a link is down or its neighbour not known again, for whom only so many
wait, or a device of veth starts or ends to take frames of XDP, when it loses
what it holds. Each is noted, with its time.
"""

import contextlib
import time

import kmod
from addresses import MAC_FAR4, MAC_FAR6, MAC_REAL4, MAC_REAL6, REAL4, REAL6
from test_churn import (CONFIG, ENTRIES, LIBC, MODULE_PLACE, NEWNET, PLACES, PREFIX_PLACE, Churn, Dying,
                        unload_module)
from traffic import STREAM6, STREAM6_MAPPED
from util import CTL, FIGURES, eventually
from xdp import users

MODES = ("filtered", "direct", "xdp")
DEVICES = ("to6", "to4")
REST_PLACE = PLACES  # one more in the shared state: nobody makes network namespaces now
MARGIN = .5  # seconds around a loss for which a change accounts


class Losses:
    """When packets may be lost, and to what."""

    def __init__(self):
        self.times = []

    @contextlib.contextmanager
    def by(self, what):
        start = time.monotonic()
        yield
        self.times.append((start - MARGIN, time.monotonic() + MARGIN, what))

    def account(self, when):
        """What may have lost a packet that was sent then; nothing for most times."""
        return next((what for start, end, what in self.times if start <= when <= end), None)

    def overlap(self, since, until):
        return any(start <= until and since <= end for start, end, _ in self.times)


class Changes(Churn):
    """Everything that can change, one step at a time."""

    def __init__(self, net, known):
        self.net, self.mode, self.holders, self.losses = net, "filtered", 0, Losses()
        self.begun = []  # when each step began, and which
        self.links = {"to6": [net.v6, 1500], "to4": [net.v4, 1500]}  # the host, and the MTU of both ends
        super().__init__(net.gateway, known, "filtered")
        self.set_base()

    def set_base(self):
        self.base = CONFIG + f"add {STREAM6_MAPPED} {STREAM6}\n"
        self.base += f"set forwarding {'filtered' if self.mode == 'filtered' else 'direct'}\n"
        if self.mode == "xdp":
            self.base += "".join(f"xdp add {device}\n" for device in DEVICES)

    def enter(self, mode):
        """Another mode. Hosts finish checksums and take frames for XDP, and else leave all to veth."""
        was, self.mode = self.mode, mode
        self.set_base()
        if "xdp" not in (was, mode):
            self.holders = 0
            self.load()
            return
        with self.losses.by("XDP comes or goes"):
            for host in (self.net.v6, self.net.v4):
                host.offloads("eth0", tx=mode != "xdp", gro=mode == "xdp")
                if mode != "xdp":
                    host.offloads("eth0", sg=True, tso=True, gso=True)
            if was == "xdp":
                self.detach()
            self.load()
        self.holders = users() if mode == "xdp" else 0

    def detach(self):
        for device in DEVICES:
            self.gateway.ctl("xdp", "del", device)

    @contextlib.contextmanager
    def renewed(self):
        """The module unloaded, loaded, configured, and no program of the gateway's before."""
        with self.losses.by("the module is not there"):
            if self.mode == "xdp":
                self.detach()
            with self.known.change((MODULE_PLACE, 0)):
                self.client.close()
                unload_module()
                yield
                kmod.load_module()
                self.connect()
                self.load()
        FIGURES["times the module was unloaded and loaded"] += 1

    # Of what stands, and is what it was before and after.

    def set_mtu(self, device, value):
        """Of both ends of a link: veth drops what is longer than its other end has room for, as
        some of TCP is that is on its way. Datagrams always have room."""
        host, before = self.links[device]
        ends = [(host, "eth0"), (self.gateway, device)]
        for end, name in ends if value < before else reversed(ends):
            end.mtu(name, value)
        self.links[device][1] = value

    def mtu(self):
        for device in DEVICES:
            self.set_mtu(device, self.rng.choice((1280, 1400, 1500)))
        FIGURES["MTUs"] += 2

    def route(self):
        """More specific ones by the same way, and others that native routes are looked for among."""
        with self.gateway.routes(f"route {REAL4}/32 dev to4", f"route {REAL6}/128 dev to6",
                                 "route unreachable 192.0.2.0/24", "route unreachable 2001:db8:77::/48"):
            time.sleep(.2)
        FIGURES["routes that came and went"] += 4

    def neighbour(self):
        """Forgotten, and asked for again."""
        self.gateway.ip(f"neigh del {REAL4} dev to4", f"neigh del {REAL6} dev to6")
        time.sleep(.5)
        self.gateway.ip(f"neigh replace {REAL4} lladdr {MAC_REAL4} dev to4 nud stale",
                        f"neigh replace {REAL6} lladdr {MAC_REAL6} dev to6 nud stale")
        FIGURES["neighbours forgotten"] += 2

    def knows_hosts(self):
        """Traffic asks for them. Nothing asks while the link has no address of its own, and then a
        second later."""
        return all("lladdr" in self.gateway.run("ip", "neigh", "show", host, "dev", device).stdout
                   for host, device in ((REAL6, "to6"), (REAL4, "to4")))

    def link(self):
        """Down and up; addresses stay but for those of the link, and routes are only theirs then."""
        with self.losses.by("a link is down"):
            for device in DEVICES:
                self.gateway.ip(f"link set {device} down", f"link set {device} up")
            self.gateway.ip("addr replace fe80::1/64 dev to6 nodad", "addr replace fe80::4/64 dev to4 nodad",
                            "route replace default via 198.51.100.254",
                            "route replace default via 2001:db8:1::fe",
                            f"route replace 2001:db8:c::/48 via {REAL6}",
                            f"neigh replace 198.51.100.254 lladdr {MAC_FAR4} dev to4 nud permanent",
                            f"neigh replace 2001:db8:1::fe lladdr {MAC_FAR6} dev to6 nud permanent")
            eventually(self.knows_hosts, "the hosts are known again")
        FIGURES["links that went down and came up"] += 2

    def program(self):
        """On a device that goes with it."""
        self.gateway.ip("link add passing type veth peer name passing2", "link set passing up")
        if self.mode == "xdp":
            self.gateway.ctl("xdp", "add", "passing")
            FIGURES["XDP programs that went with their device"] += 1
        self.gateway.ip("link del passing")

    def tool(self):
        """What asks and changes nothing."""
        words, given = self.rng.choice((
            (("save",), None), (("status",), None), (("stats",), None), (("list",), None),
            (("diff", "-"), self.base), (("-j", "doctor"), None), (("xdp", "list"), None)))
        done = self.gateway.run(CTL, *words, input=given, check=False)
        assert done.returncode in (0, 1) and not done.stderr, f"{words}: {done.stderr}"
        FIGURES["questions by nat64ctl"] += 1

    STEPS = [(Churn.entry, 30), (Churn.batch, 6), (Churn.refused, 3), (Churn.prefix, 6),
             (Churn.setting, 10), (Churn.listing, 5), (Churn.load, 8),
             (Churn.device, 2), (mtu, 2), (route, 2), (neighbour, 2), (link, .5), (program, 1),
             (tool, 6)]

    def step(self):
        steps, weights = zip(*self.STEPS)
        step, = self.rng.choices(steps, weights)
        self.begun.append((time.monotonic(), step.__name__))
        step(self)

    def last_step(self, when):
        """The step that had begun by then."""
        return max((one for one in self.begun if one[0] <= when), default=(0, "none"))[1]

    def steps_around(self, when):
        """Those that began near a time, in lines, with the seconds to it."""
        yield "steps: " + ", ".join(f"{at - when:+.2f} {step}" for at, step in self.begun
                                    if -4 < at - when < 2)

    @contextlib.contextmanager
    def rest(self):
        """Nobody makes network namespaces meanwhile, and the last is on its way."""
        with self.known.change((REST_PLACE, 1)):
            pass
        yield
        with self.known.change((REST_PLACE, 0)):
            pass

    def settle(self):
        """To what stands at every rest: no mapping nor device more, and nobody who still holds any."""
        if self.device_is_there:
            self.device()
        for device in DEVICES:
            self.set_mtu(device, 1500)
        with self.known.change(*((n, 0) for n in range(ENTRIES)), (PREFIX_PLACE, 0)):
            self.gateway.ctl("load", "-", input=self.base)
        eventually(lambda: users() <= self.holders, "only the gateway's programs hold the module")


class Passing(Dying):
    """Network namespaces that come and go, a few each second; at a rest there is none."""

    def __init__(self, known, home):
        super().__init__(known)
        self.home = home

    def step(self):
        time.sleep(.25)
        if self.known.read(REST_PLACE)[1]:
            self.left = None
            LIBC.setns(self.home, NEWNET)
        else:
            super().step()
