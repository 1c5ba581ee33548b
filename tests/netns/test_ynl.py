# SPDX-License-Identifier: GPL-2.0-only
"""The kernel tree's own netlink client, which knows nat64 from uapi/nat64.yaml alone."""

import importlib.util
import json
import sys
from ipaddress import ip_address
from pathlib import Path

import pytest
import util
import yaml
from addresses import HOST4, HOST6, PREFIX, SERVER4, SERVER6
from packet import ANY, ip4, ip6, udp
from util import TOP

pytestmark = [pytest.mark.configuration(""), pytest.mark.as_configured]

SPEC_FILE = TOP / "uapi/nat64.yaml"
SPEC = yaml.safe_load(SPEC_FILE.read_text())
OPS = {op["name"]: op for op in SPEC["operations"]["list"] if "event" not in op}
SETS = {s["name"]: {a["name"]: a for a in s["attributes"]} for s in SPEC["attribute-sets"]}


@pytest.fixture(scope="module")
def directory():
    return Path(util.run(TOP / "tests/lib/ynl").stdout.strip())


@pytest.fixture(scope="module")
def ynl(directory):
    """The client's package, whose own name is lib, which anything might have."""
    spec = importlib.util.spec_from_file_location("ynl", directory / "lib/__init__.py")
    sys.modules["ynl"] = package = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)
    yield package
    del sys.modules["ynl"]


@pytest.fixture
def connect(gateway, ynl):
    """Opens a client in the gateway."""
    class Family(ynl.YnlFamily):
        """Padding, which some machines need, is no news; what is not specified is an error."""

        def _rsp_add(self, rsp, name, is_multi, decoded):
            assert not name.startswith("UnknownAttr"), name
            if name != "pad":
                super()._rsp_add(rsp, name, is_multi, decoded)

    def connect(spec=SPEC_FILE):
        # It keeps the numbers of families, which change when the module is loaded again.
        sys.modules["ynl.ynl"].genl_family_name_to_id = None
        gateway.loaded = None
        with gateway:
            return Family(str(spec), schema="", process_unknown=True)
    return connect


@pytest.fixture
def client(connect):
    return connect()


@pytest.fixture
def control(connect, directory):
    """A client of the family that knows all families."""
    client = connect(directory.parents[2] / "Documentation/netlink/specs/nlctrl.yaml")
    attributes = client.attr_sets["policy-attrs"].attrs_by_val
    if attributes[11].name == "mask":  # 6.12 takes the padding for it
        attributes[11], attributes[12] = attributes[12], attributes[11]
    return client


def eam(addr4, addr6, **more):
    return {"addr4": int(ip_address(addr4)), "addr6": ip_address(addr6).packed, **more}


def prefix(addr, length, **more):
    return {"addr": ip_address(addr).packed, "len": length, **more}


# What the module says of itself.

def test_operations(control):
    """Each has the number, the privilege and the ways in that are specified."""
    family = control.do("getfamily", {"family-name": "nat64"})
    found = {op["id"]: op["flags"] for entry in family["ops"] for op in entry.values()}
    specified = {number: {"cmd-cap-haspol",
                          *(("cmd-cap-do",) if "do" in op else ()),
                          *(("cmd-cap-dump",) if "dump" in op else ()), *op.get("flags", ())}
                 for number, op in enumerate(OPS.values(), 1)}
    assert found == specified
    groups = [group["name"] for entry in family["mcast-groups"] for group in entry.values()]
    assert groups == [group["name"] for group in SPEC["mcast-groups"]["list"]]
    assert family["version"] == SPEC.get("version", 1)


@pytest.fixture
def policies(control):
    """What each operation takes, by its number and way in, and the policies by theirs."""
    ops, policies = {}, {}
    for message in control.dump("getpolicy", {"family-name": "nat64"}):
        if "op-policy" in message:
            entry = message["op-policy"]
            for way in entry.keys() & {"do", "dump"}:
                ops[entry["op-id"], way] = entry[way]
        if "policy" in message:
            entry = message["policy"]
            policies.setdefault(entry["policy-id"], {})[entry["attr-id"]] = entry
    return ops, policies


def bounds(attribute):
    """Type and bounds that the policy of an attribute has."""
    checks = attribute.get("checks", {})
    kind = attribute["type"]
    if kind == "nest":
        return {"type": "nested"}
    if kind == "flag":
        return {"type": "flag"}
    if kind == "binary" or attribute.get("byte-order"):
        size = checks.get("exact-len", 4)
        return {"type": "binary", "min-length": checks.get("min-len", size),
                "max-length": checks.get("max-len", size)}
    most = 2 ** int(kind[1:]) - 1
    return {"type": kind, "min-value-u": checks.get("min", 0),
            "max-value-u": checks.get("max", most)}


def take(policies, number, attributes, used):
    """What a policy takes, each as it is specified; notes which of all attributes those are."""
    names = [list(SETS[attributes])[value - 1] for value in policies[number]]
    for name, entry in zip(names, policies[number].values()):
        attribute = SETS[attributes][name]
        wanted = bounds(attribute)
        assert {key: entry[key] for key in wanted} == wanted, f"{attributes} {name}"
        used.add((attributes, name))
        if attribute["type"] == "nest":
            take(policies, entry["policy-idx"], attribute["nested-attributes"], used)
    return set(names)


def test_policies(policies):
    """Each request takes what is specified, and nothing is specified that no request takes."""
    ops, policies = policies
    used = set()
    for number, (name, op) in enumerate(OPS.items(), 1):
        for way in op.keys() & {"do", "dump"}:
            request = set(op[way]["request"].get("attributes", []))
            policy = ops[number, way]
            assert (take(policies, policy, "nat64", used) if policy in policies
                    else set()) == request, name
    requested = {("nat64", name) for op in OPS.values() for way in op.keys() & {"do", "dump"}
                 for name in op[way]["request"].get("attributes", [])}
    nested = {(attributes, name) for attributes in ("prefix", "eam", "setting")
              for name in SETS[attributes]}
    asked = {("explain", name) for name in ("packet", "mark", "in")}
    assert used == requested | nested | asked


# A second client beside nat64ctl.

FLAGS = {"add": ["NLM_F_CREATE", "NLM_F_EXCL"], "replace": ["NLM_F_CREATE", "NLM_F_REPLACE"]}


def flags(ynl, how):
    return [getattr(ynl.Netlink, name) for name in FLAGS[how]]


def test_add_list_and_delete(gateway, ynl, client):
    client.do("prefix-new", {"prefix": prefix("64:ff9b::", 96)})
    client.do("eam-new", {"eam": [eam(HOST4, HOST6), eam("198.51.100.0", "2001:db8:2::", len4=24,
                                                          len6=120)]}, flags(ynl, "add"))
    client.do("eam-new", {"eam": [eam(HOST4, "2001:db8:3::1",
                                      prefix=prefix("64:ff9b::", 96))]}, flags(ynl, "replace"))
    assert gateway.show("save") == (
        "prefix add 64:ff9b::/96 primary\nadd 198.51.100.0/24 2001:db8:2::/120\n"
        f"add {HOST4} 2001:db8:3::1 prefix 64:ff9b::/96\n")
    own = {"addr": "64:ff9b::", "len": 96}
    block = {"addr4": "198.51.100.0", "len4": 24, "addr6": "2001:db8:2::", "len6": 120}
    host = {"addr4": HOST4, "len4": 32, "addr6": "2001:db8:3::1", "len6": 128, "prefix": own}
    listed = [message["eam"][0] for message in client.dump("eam-get", {})]
    assert sorted(listed, key=lambda entry: entry["addr4"]) == [block, host]
    inside = {"eam": [{"addr4": int(ip_address("203.0.113.0")), "len4": 24}]}
    assert client.dump("eam-get", inside) == [{"eam": [host]}]
    assert client.do("eam-get", {"eam": [{"addr6": ip_address("2001:db8:3::1").packed}]}) == {
        "eam": [host]}
    assert client.dump("prefix-get", {}) == [{"prefix": {**own, "primary": True}}]
    client.do("eam-del", {"eam": [eam(HOST4, "2001:db8:3::1")]})
    client.do("eam-flush", {})
    client.do("prefix-del", {"prefix": prefix("64:ff9b::", 96)})
    assert gateway.show("save") == ""


def test_what_is_refused(ynl, client):
    """With a text, and the place of the attribute at fault."""
    client.do("eam-new", {"eam": [eam(HOST4, HOST6)]}, flags(ynl, "add"))
    with pytest.raises(ynl.NlError) as refused:
        client.do("eam-new", {"force": True, "eam": [eam("192.0.2.1", "2001:db8::1"),
                                                     eam(HOST4, "2001:db8::2")]},
                  flags(ynl, "add"))
    assert refused.value.nl_msg.extack == {
        "msg": f"{HOST4}/32 is already mapped to {HOST6}/128", "bad-attr": ".eam"}
    with pytest.raises(ynl.NlError) as refused:
        client.do("settings-set", {"settings": {"lowest-ipv6-mtu": 1279}})
    assert refused.value.nl_msg.extack["bad-attr"] == ".settings.lowest-ipv6-mtu"
    assert refused.value.nl_msg.extack["policy"]["min-value"] == 1280


def load(client, ynl):
    client.do("load-begin", {"limit": 2})
    client.do("settings-set", {"staged": True, "settings": {"tos": 8, "forwarding": "direct"}})
    host, length = PREFIX.split("/")
    client.do("prefix-new", {"staged": True, "prefix": prefix(host, int(length))})
    client.do("eam-new", {"staged": True, "eam": [eam(HOST4, HOST6)]}, flags(ynl, "add"))
    return client.do("load-commit", {})


def test_load(net, gateway, ynl, client, expect):
    client.do("eam-new", {"eam": [eam("192.0.2.1", "2001:db8::1")]}, flags(ynl, "add"))
    first, second = load(client, ynl), load(client, ynl)
    status = client.do("status-get", {})
    assert first == {"changed": 1, "count": 1, "digest": status["digest"]}
    assert second == {**first, "changed": 0}
    assert f"digest      {status['digest']:016x}\n" in gateway.show("status")
    assert gateway.show("save") == (f"set tos 8\nset forwarding direct\n"
                                    f"prefix add {PREFIX} primary\nadd {HOST4} {HOST6}\n")
    settings = client.do("settings-get", {})["settings"]
    assert (settings["forwarding"], settings["tos"], settings["hairpin"]) == ("direct", 8, 1)
    expect(ip6(HOST6, SERVER6, udp(1, 2)), ip4(HOST4, SERVER4, udp(1, 2), ttl=63, id=ANY, tos=8))


def test_lookup_and_counters(ynl, client):
    client.do("eam-new", {"eam": [eam(HOST4, HOST6)]}, flags(ynl, "add"))
    answer = client.do("lookup", {"addr4": int(ip_address(HOST4))})
    assert (answer["family"], answer["addr6"], answer["eam"][0]["addr4"]) == (6, HOST6, HOST4)
    client.do("stats-reset", {})
    counters = client.do("stats-get", {})["stat"]
    assert {counter["value"] for counter in counters} == {0}
    assert "translated_6to4" in [counter["name"] for counter in counters]


def test_notifications(gateway, client):
    """Whatever changes, the listener is told under the name that is specified."""
    client.ntf_subscribe("config")
    gateway.ctl("-b", "-", input=f"prefix add 64:ff9b::/96\nadd {HOST4} {HOST6}\n"
                                 f"replace {HOST4} 2001:db8::2\nset tos 1\ndel {HOST4}\n"
                                 "prefix del 64:ff9b::/96\nstats reset\n")
    gateway.ctl("load", "-", input=f"add {HOST4} {HOST6}\n")
    gateway.ctl("flush")
    client.check_ntf()
    events = [(event["name"], event["msg"]) for event in client.async_msg_queue]
    assert [name for name, _ in events] == [
        "prefix-new-ntf", "eam-new-ntf", "eam-new-ntf", "settings-set-ntf", "eam-del-ntf",
        "prefix-del-ntf", "stats-reset-ntf", "load-commit-ntf", "eam-flush-ntf"]
    told = dict(events)
    assert told["eam-del-ntf"]["eam"][0]["addr6"] == "2001:db8::2"
    assert told["settings-set-ntf"]["settings"]["tos"] == 1
    assert told["load-commit-ntf"]["count"] == 1
    assert {op["name"] for op in SPEC["operations"]["list"] if "event" in op} == set(told)


def test_load_from_a_shell(gateway, directory):
    """All of a load in one line: the client sends many requests from one socket."""
    def words(value):
        return json.dumps(value, default=bytes.hex)

    def tool(*more):
        return gateway.run("/usr/bin/python3", directory / "cli.py", "--spec", SPEC_FILE,
                           "--no-schema", "--process-unknown", "--output-json", *more).stdout

    gateway.loaded = None
    requests = [("load-begin", {}), ("prefix-new", {"staged": True,
                                                    "prefix": prefix("64:ff9b::", 96)}),
                ("eam-new", {"staged": True, "eam": [eam(HOST4, HOST6)]}), ("load-commit", {})]
    done = json.loads(tool("--create", *(word for name, attributes in requests
                                         for word in ("--multi", name, words(attributes)))))
    assert done[-1]["changed"] == 1
    assert gateway.show("save") == f"prefix add 64:ff9b::/96 primary\nadd {HOST4} {HOST6}\n"
    assert json.loads(tool("--dump", "eam-get"))[0]["eam"][0]["addr6"] == HOST6
