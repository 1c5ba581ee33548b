# SPDX-License-Identifier: GPL-2.0-only
"""uapi/nat64.yaml says what uapi/linux/nat64.h says, in the kernel's words for that."""

import re
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml

TOP = Path(__file__).resolve().parents[2]
SPEC = yaml.safe_load((TOP / "uapi/nat64.yaml").read_text())
HEADER = (TOP / "uapi/linux/nat64.h").read_text()

# What the header has beside what counts: bounds, and the numbers that mean nothing.
NO_NAMES = re.compile(r"__NAT64_\w+_MAX|NAT64_\w*UNSPEC")


def header_enums():
    """The enums of the header: their names, each with its names and numbers."""
    enums = {}
    for name, body in re.findall(r"^enum (\w+) \{\n(.*?)^\};", HEADER, re.M | re.S):
        names = re.findall(r"^\t(\w+),?$", body, re.M)
        assert len(names) == len(body.split()), name
        enums[name] = {word: value for value, word in enumerate(names)
                       if not NO_NAMES.fullmatch(word)}
    return enums


def c_name(*words):
    return "".join(words).replace("-", "_").upper()


def numbered(entries, prefix, value):
    """Names and numbers as the specification counts: from value on, or from where it says."""
    names = {}
    for entry in entries:
        entry = {"name": entry} if isinstance(entry, str) else entry
        value = entry.get("value", value)
        names[c_name(prefix, entry["name"])] = value
        value += 1
    return names


def specified_enums():
    operations = SPEC["operations"]
    requests = [op for op in operations["list"] if "event" not in op]
    enums = {operations["enum-name"]: numbered(requests, operations["name-prefix"], 1)}
    for attributes in SPEC["attribute-sets"]:
        enums[attributes["enum-name"]] = numbered(attributes["attributes"],
                                                  attributes["name-prefix"], 1)
    for definition in SPEC["definitions"]:
        if definition["type"] == "enum":
            enums["nat64-" + definition["name"]] = numbered(definition["entries"],
                                                            definition["name-prefix"], 0)
    return {name.replace("-", "_"): names for name, names in enums.items()}


@pytest.mark.parametrize("enum", sorted(header_enums()))
def test_names_and_numbers(enum):
    assert specified_enums()[enum] == header_enums()[enum]


def test_nothing_is_specified_that_is_not_there():
    assert specified_enums().keys() == header_enums().keys()


def test_constants():
    defines = dict(re.findall(r'^#define (NAT64_\w+)\s+"?(\w+)"?$', HEADER, re.M))
    for definition in SPEC["definitions"]:
        if definition["type"] == "const":
            assert str(definition["value"]) == defines[c_name("nat64-", definition["name"])]
    assert SPEC["name"] == defines["NAT64_GENL_NAME"]
    assert str(SPEC.get("version", 1)) == defines["NAT64_GENL_VERSION"]
    groups = [group["name"] for group in SPEC["mcast-groups"]["list"]]
    assert groups == [defines["NAT64_MCGRP_CONFIG_NAME"]]
    assert (TOP / "uapi" / SPEC["uapi-header"]).exists()


def test_notifications_have_the_numbers_of_their_requests():
    requests = specified_enums()["nat64_cmd"]
    for op in SPEC["operations"]["list"]:
        if "event" in op:
            request = op["name"].removesuffix("-ntf")
            assert op["value"] == requests[c_name("nat64-cmd-", request)], op["name"]


POLICIES = (TOP / "kmod/netlink_attr.c").read_text()
SETTINGS = (TOP / "kmod/settings.h").read_text()
COMMANDS = (TOP / "kmod/netlink.c").read_text()
NUMBERS = {name: number for names in header_enums().values() for name, number in names.items()}
CONSTANTS = {"NAT64_COPY": 256, "NAT64_EXPLAIN_MAX": 9216, **NUMBERS}

# What the specification says of an attribute, as the source puts it.
MACROS = {("u32", ("byte-order", "big-endian")): "ADDR4", ("binary", ("exact-len", 16)): "ADDR6",
          ("flag",): "FLAG", ("u8",): "U8", ("u32",): "U32", ("u8", ("max", 32)): "LEN4",
          ("u8", ("max", 128)): "LEN6", ("u32", ("max", 256)): "OCTET",
          ("u32", ("max", 65535), ("min", 1280)): "MTU"}


def source_policies():
    """The attributes of each policy of the source, with the text that stands for their checks."""
    found = {}
    for name, body in re.findall(r"^(?:static )?const struct nla_policy (\w+)\[\w+ \+ 1\] = \{(.*?)\};",
                                 POLICIES, re.M | re.S):
        found[name] = dict(re.findall(r"^\t\[(\w+)\]\s*= (.*),$", body, re.M))
    found["settings_policy"] = {
        f"NAT64_SETTING_{attr}": policy for attr, policy in re.findall(
            r"X\(([A-Z]\w+),(?:[^,]*,\s*(?:\\\s*)?){3}((?:UP_TO\(\w+\)|\w+))\)", SETTINGS)}
    return found


def expected_policy(attribute):
    """What the source is to say of an attribute that is no nest."""
    checks = attribute.get("checks", {})
    facts = [(key, attribute[key]) for key in ("byte-order",) if key in attribute]
    key = (attribute["type"], *facts, *sorted(checks.items()))
    return MACROS.get(key) or key


def source_policy(text):
    """A text of the source in the terms of expected_policy()."""
    if (bound := re.fullmatch(r"UP_TO\((\w+)\)", text)):
        return "u8", ("max", int(CONSTANTS.get(bound[1], bound[1])))
    if (bounds := re.fullmatch(r"NLA_POLICY_RANGE\(NLA_BINARY, (\d+), (\w+)\)", text)):
        return "binary", ("max-len", CONSTANTS[bounds[2]]), ("min-len", int(bounds[1]))
    return text


def check_policy(name, attributes, wanted):
    """A policy takes the attributes that are wanted, and checks them as is specified."""
    spec = {c_name(attributes["name-prefix"], a["name"]): a for a in attributes["attributes"]}
    policy = source_policies()[name]
    assert policy.keys() == {c_name(attributes["name-prefix"], word) for word in wanted}, name
    for attr, text in policy.items():
        if spec[attr]["type"] != "nest":
            assert source_policy(text) == expected_policy(spec[attr]), attr
            continue
        inner = next(s for s in SPEC["attribute-sets"] if s["name"] == spec[attr]["nested-attributes"])
        nested = re.fullmatch(r"NLA_POLICY_NESTED\((\w+)\)", text)[1]
        assert source_policies()[nested], nested
        check_policy(nested, inner, [
            a["name"] for a in inner["attributes"]
            if c_name(inner["name-prefix"], a["name"]) in source_policies()[nested]])


def test_the_module_takes_what_is_specified():
    """Each command: its attributes, the bounds of them, and whether administrators only may."""
    commands = {name: (kind == "CHANGE", f"nat64_{policy}_policy") for kind, name, policy in
                re.findall(r"(GET|CHANGE)\((\w+), (\w+)\)", COMMANDS.partition("ops[]")[2])}
    outer = SPEC["attribute-sets"][0]
    requests = [op for op in SPEC["operations"]["list"] if "event" not in op]
    assert commands.keys() == {c_name(op["name"]) for op in requests}
    for op in requests:
        administrators, policy = commands[c_name(op["name"])]
        assert administrators == ("uns-admin-perm" in op.get("flags", [])), op["name"]
        how = op.get("do") or op["dump"]
        check_policy(policy, outer, how["request"].get("attributes", []))


def test_every_setting_is_taken():
    setting = next(s for s in SPEC["attribute-sets"] if s["name"] == "setting")
    check_policy("settings_policy", setting, [a["name"] for a in setting["attributes"]])


def test_what_is_named_elsewhere_is_there():
    sets = {s["name"]: [a["name"] for a in s["attributes"]] for s in SPEC["attribute-sets"]}
    enums = {d["name"] for d in SPEC["definitions"]}
    for attributes in SPEC["attribute-sets"]:
        for attribute in attributes["attributes"]:
            assert attribute.get("nested-attributes", "nat64") in sets
            assert "enum" not in attribute or attribute["enum"] in enums
    for op in SPEC["operations"]["list"]:
        lists = [op["event"]] if "event" in op else [
            part for how in ("do", "dump") for part in op.get(how, {}).values()]
        for part in lists:
            assert set(part.get("attributes", [])) <= set(sets[op["attribute-set"]]), op["name"]


def test_schema():
    """As the kernel tree demands it of its own specifications."""
    client = subprocess.run([TOP / "tests/lib/ynl"], check=True, text=True,
                            stdout=subprocess.PIPE).stdout.strip()
    schema = Path(client).parents[2] / f"Documentation/netlink/{SPEC['protocol']}.yaml"
    jsonschema.Draft7Validator(yaml.safe_load(schema.read_text())).validate(SPEC)
