# SPDX-License-Identifier: GPL-2.0
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
