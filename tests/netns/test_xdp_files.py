# SPDX-License-Identifier: GPL-2.0-only
"""XDP as nat64ctl has it: attached, listed, saved, loaded, taken back; never in the way of others."""

import contextlib
import json
import re

import kmod
import pytest
from addresses import CONFIG
from programs import KERNEL_BTF, MODULE_BTF, attached, has_program, is_built_with_libbpf, need_xdp
from util import CTL, eventually

pytestmark = pytest.mark.as_configured

DIRECT = CONFIG + "set forwarding direct\n"
BOTH = "xdp add to4 generic\nxdp add to6\n"


@pytest.fixture
def gateway(real):
    """The gateway, without a program afterwards."""
    need_xdp()
    with real.mtus(to6=1500, to4=1500, far6=1500, far4=1500):
        yield real.gateway
        real.gateway.ctl("load", "/dev/null")
        assert real.gateway.show("xdp", "list") == ""


@pytest.fixture
def link(gateway):
    """Makes a device of the gateway, which goes with the test."""
    made = []

    def make(name, *words):
        gateway.run("ip", "link", "add", name, *words)
        gateway.run("ip", "link", "set", name, "up")
        made.append(name)
        return name

    yield make
    for name in made:
        gateway.run("ip", "link", "del", name, check=False)


def refusal(gateway, *words, file=None):
    """What a command is refused with."""
    done = gateway.ctl(*words, check=False, input=file)
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr.rstrip("\n")


@pytest.mark.parametrize("mode, other", [("native", "generic"), ("generic", "")])
def test_a_device_has_the_program_until_it_is_taken(gateway, ctl, asked, mode, other):
    words = f"xdp add to4 {mode}".removesuffix(" native")
    assert ctl(words) == ""
    assert has_program(gateway, "to4")
    assert ctl("xdp list") == f"to4 {mode}\n"
    entry, = asked("xdp list")["xdp"]
    assert entry.pop("program") > 0 and entry == {"device": "to4", "mode": mode}
    assert f"xdp         to4 {mode}\n" in ctl("status")
    assert [row["device"] for row in asked("status")["xdp"]] == ["to4"]
    assert words in ctl("save").splitlines()
    assert asked("save")["xdp"] == [entry]
    already = f"nat64ctl: to4 has the program already, in {mode} mode"
    assert refusal(gateway, *words.split()) == already
    assert refusal(gateway, "-f", *f"xdp add to4 {other}".split()) == already
    ctl(f"-f {words}")
    ctl("xdp del to4")
    assert not has_program(gateway, "to4")
    assert refusal(gateway, "xdp", "del", "to4") == "nat64ctl: to4 has no XDP program"
    assert ctl("xdp list") == ""
    assert asked("xdp list") == {"xdp": []}


def test_json_of_what_changes(gateway, asked):
    assert asked("xdp add to6") == {"done": True}
    assert asked("xdp del to6") == {"done": True}
    done = gateway.ctl("-j", "xdp", "add", "no-such", check=False)
    assert json.loads(done.stderr)["error"] == {"text": "there is no device no-such", "status": 2}


def test_another_network_namespace(gateway, real):
    words = [CTL, "-n", gateway.name, "xdp"]
    real.v4.run(*words, "add", "to4")
    assert real.v4.run(*words, "list").stdout == "to4 native\n"
    assert real.v4.run(CTL, "xdp", "list").stdout == ""
    real.v4.run(*words, "del", "to4")


def test_a_batch_names_the_line(gateway):
    done = gateway.ctl("-b", "-", input="xdp add to4\nxdp list\nxdp del lo\n", check=False)
    assert (done.stdout, done.stderr, done.returncode) == (
        "to4 native\n", "<stdin>:3:9: lo has no XDP program\n", 2)


UNFIT = [
    ((), "lo", "lo is no Ethernet device"),
    ((("br9", "type", "bridge"), ("port9", "master", "br9", "type", "dummy")), "port9",
     "port9 is a port of br9 (bridge), which gets all of its frames: none would be translated by XDP"),
    ((("low9", "type", "veth", "peer", "far9"), ("mac9", "link", "low9", "type", "macvlan")), "low9",
     "low9 carries mac9 (macvlan), which is shown all of its frames: none would be translated by XDP"),
    ((("low9", "type", "veth", "peer", "far9"), ("tag9", "link", "low9", "type", "vlan", "id", "9")), "low9",
     "low9 (veth) carries VLANs (tag9), and gets the tags beside the frames, where XDP cannot see them"),
    ((("none9", "type", "dummy"),), "none9", "none9: Underlying driver does not support XDP in native "
     "mode; without the driver, and slower: nat64ctl xdp add none9 generic"),
    ((), "no-such", "there is no device no-such"),
]


@pytest.mark.parametrize("links, device, why", UNFIT, ids=[f"{unfit[1]}-{n}" for n, unfit in enumerate(UNFIT)])
def test_what_is_not_fit_is_refused(gateway, link, links, device, why):
    """And a load as well, which changes nothing then; but for a device that is not there."""
    for words in links:
        link(*words)
    assert refusal(gateway, "xdp", "add", device) == f"nat64ctl: {why}"
    if device == "no-such":
        return
    before = gateway.show("save")
    assert refusal(gateway, "load", "-", file=f"xdp add to4\n\nxdp add {device}\n") == f"<stdin>:3:9: {why}"
    assert gateway.show("save") == before
    # When the machine boots, the rest is to work.
    done = gateway.ctl("-f", "load", "-", input=f"xdp add to4\n\nxdp add {device}\n")
    assert done.stderr == f"<stdin>:3:9: warning: without XDP: {why}\n"
    assert gateway.show("xdp", "list") == "to4 native\n"


def test_generic_mode_does_without_the_driver(gateway, ctl, link):
    ctl(f"xdp add {link('none9', 'type', 'dummy')} generic")
    assert ctl("xdp list") == "none9 generic\n"
    gateway.run("ip", "link", "del", "none9")
    assert ctl("xdp list") == ""


# Files.

def test_a_load_attaches_and_detaches(gateway, ctl):
    saved = ctl("save")
    assert ctl("load -", input=DIRECT + BOTH).startswith("loaded: ")
    assert ctl("xdp list") == "to6 native\nto4 generic\n"
    assert ctl("load -", input=DIRECT + BOTH).startswith("unchanged: ")
    assert ctl("save").endswith(BOTH)
    assert ctl("diff -", input=DIRECT + BOTH) == ""
    assert ctl("load -", input=ctl("save")).startswith("unchanged: ")
    # Only a device less, and a mode: that is a change.
    assert ctl("load -", input=DIRECT + "xdp add to4\n").startswith("loaded: ")
    assert ctl("xdp list") == "to4 native\n"
    assert not has_program(gateway, "to6")
    ctl("load -", input=saved)
    assert ctl("xdp list") == ""
    assert ctl("save") == saved


def test_the_counts_of_a_load(ctl):
    assert re.fullmatch("loaded: 0 settings, 0 prefixes, 0 mappings, 2 devices with XDP, digest 0{16}\n",
                        ctl("load -", input=BOTH))
    assert json.loads(ctl("-j load -", input=BOTH))["xdp"] == 2


def test_diff(gateway, ctl):
    ctl("load -", input=BOTH)
    changes = ["- xdp add to4 generic", "+ xdp add no-such", "+ xdp add to4"]
    file = "xdp add to4\nxdp add to6\nxdp add no-such\n"
    done = gateway.ctl("diff", "-", input=file, check=False)
    assert (sorted(done.stdout.splitlines()), done.returncode) == (sorted(changes), 1)
    done = gateway.ctl("-j", "diff", "-", input=file, check=False)
    assert {(row["change"], row["xdp"]["device"], row["xdp"]["mode"])
            for row in json.loads(done.stdout)["changes"]} == {
        ("removed", "to4", "generic"), ("added", "to4", "native"), ("added", "no-such", "native")}
    assert ctl("xdp list") == "to6 native\nto4 generic\n"


def test_a_device_that_is_not_there_is_warned_of(gateway, ctl, link):
    """It may come later: what stands otherwise is loaded."""
    file = "prefix add 64:ff9b::/96\nxdp add later9\nxdp add to4\n"
    for options in ((), ("-f",)):
        done = gateway.ctl(*options, "load", "-", input=file)
        assert done.stderr == ("<stdin>:2:9: warning: there is no device later9: its packets are "
                               "translated without XDP\n")
        assert ctl("xdp list") == "to4 native\n"
        assert ctl("prefix list") == "64:ff9b::/96 primary\n"
    link("later9", "type", "veth", "peer", "far9")
    assert ctl("load -", input=file).startswith("loaded: ")
    assert set(ctl("xdp list").splitlines()) == {"to4 native", "later9 native"}


def test_what_the_kernel_refuses_is_taken_back(gateway, ctl):
    """The configuration is refused after the program was attached, and changed its mode."""
    ctl("load -", input="xdp add to4\n")
    before = ctl("save")
    many = "".join(f"add 192.0.2.{n} 2001:db8:2::{n}\n" for n in range(1, 9))
    with kmod.parameter("max_mappings", 4):
        assert "mappings" in refusal(gateway, "load", "-", file=many + "xdp add to4 generic\nxdp add to6\n")
    assert ctl("save") == before
    assert ctl("xdp list") == "to4 native\n"
    assert not has_program(gateway, "to6")
    assert ctl("load -", input=many + BOTH).startswith("loaded: ")


# Others.

@pytest.mark.parametrize("name", ["xdp_dispatcher", "a"])
def test_another_program_stays(gateway, ctl, name):
    with attached(gateway, "to4", name):
        number = re.search(r"prog/xdp id (\d+)", gateway.run("ip", "link", "show", "dev", "to4").stdout)[1]
        why = (f'to4 has another XDP program, "{name}", number {number}, which stays; '
               "nat64 can have this device once that is detached")
        for words in ("add to4", "add to4 generic", "del to4"):
            assert refusal(gateway, "-f", "xdp", *words.split()) == f"nat64ctl: {why}"
        assert refusal(gateway, "load", "-", file="xdp add to6\nxdp add to4\n") == f"<stdin>:2:9: {why}"
        assert ctl("xdp list") == ""
        ctl("load -", input="xdp add to6\n")
        assert ctl("xdp list") == "to6 native\n"
        assert "xdp add to4" not in ctl("save")
        assert json.loads(gateway.show("-j", "doctor"))["not_looked_at"].count("the XDP program of to4") == 1
        ctl("load /dev/null")
        assert f"prog/xdp id {number} " in gateway.run("ip", "link", "show", "dev", "to4").stdout
    ctl("xdp add to4")


@contextlib.contextmanager
def unloadable():
    assert not kmod.unload_module(check=False)
    yield
    eventually(lambda: kmod.unload_module(check=False), "the module goes")
    kmod.load_module()


def test_the_module_stays_as_long_as_a_device_has_the_program(gateway, ctl):
    ctl("xdp add to4")
    ctl("xdp add to6 generic")
    with unloadable():
        ctl("xdp del to4")
        assert not kmod.unload_module(check=False)
        ctl("xdp del to6")


def test_a_device_that_goes_takes_the_program_along(gateway, ctl, link):
    ctl(f"xdp add {link('gone9', 'type', 'veth', 'peer', 'far9')}")
    with unloadable():
        gateway.run("ip", "link", "del", "gone9")
        assert ctl("xdp list") == ""


def test_without_btf(real):
    """Nothing is attached, and a load without XDP is as ever."""
    if MODULE_BTF.exists() or not is_built_with_libbpf():
        pytest.skip("the module has BTF here, or this nat64ctl is built without libbpf")
    why = ("the nat64 module has no BTF (/sys/kernel/btf/nat64), without which there is no XDP for nat64: "
           "install pahole and build the module again, see nat64(4)")
    if not KERNEL_BTF.exists():
        why = "this kernel has no BTF (/sys/kernel/btf/vmlinux), without which there is no XDP for nat64"
    assert refusal(real.gateway, "xdp", "add", "to4") == f"nat64ctl: {why}"
    assert refusal(real.gateway, "load", "-", file="xdp add to4\n") == f"<stdin>:1:9: {why}"
    done = real.gateway.ctl("-f", "load", "-", input="prefix add 64:ff9b::/96\nxdp add to4\n")
    assert done.stderr == f"<stdin>:2:9: warning: without XDP: {why}\n"
    assert real.gateway.show("save") == "prefix add 64:ff9b::/96 primary\n"
    assert real.gateway.show("xdp", "list") == ""


def as_user(gateway, *words):
    return gateway.run("setpriv", "--reuid", "nobody", "--clear-groups", "--inh-caps", "-all",
                       CTL, *words, check=False)


def test_whose_program_it_is_takes_a_privilege_to_know(gateway, ctl):
    ctl("xdp add to4")
    warning = ("nat64ctl: warning: to4 has an XDP program; whether it is that of nat64, only "
               "CAP_SYS_ADMIN may ask\n")
    for words, said in ((("status",), "state"), (("xdp", "list"), ""), (("save",), "")):
        done = as_user(gateway, *words)
        assert (done.stderr, done.returncode) == (warning, 0)
        assert done.stdout.startswith(said) and "to4" not in done.stdout
    for words in ("add to4", "del to4"):
        done = as_user(gateway, "xdp", *words.split())
        assert (done.stderr, done.returncode) == (warning.replace("warning: ", ""), 2)
    done = as_user(gateway, "xdp", "add", "to6")
    assert done.returncode == 2 and "CAP_SYS_ADMIN" in done.stderr


def test_the_capabilities_of_the_service_are_enough(gateway, ctl):
    for words in (("load", "-"), ("xdp", "list"), ("load", "/dev/null")):
        done = gateway.run("setpriv", "--bounding-set", "-all,+net_admin,+sys_admin", "--inh-caps", "-all",
                           CTL, *words, input=BOTH)
        assert done.stderr == ""
    assert ctl("xdp list") == ""
