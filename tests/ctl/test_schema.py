# SPDX-License-Identifier: GPL-2.0-only
"""nat64ctl.schema.json describes what nat64ctl -j prints: that of commands without the module."""

import json
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from json_schema import SCHEMA, check  # noqa: E402
from test_words import BAD_USAGE, NO_MODULE, REFUSED, ctl  # noqa: E402

jsonschema = pytest.importorskip("jsonschema")

no_module = pytest.mark.skipif(os.path.exists("/sys/module/nat64"), reason="the module is loaded")


def test_it_is_a_schema():
    jsonschema.Draft7Validator.check_schema(SCHEMA)


def commands():
    return json.loads(ctl("-j", "help").stdout)["commands"]


def test_each_command_is_described():
    names = {entry["name"] for entry in commands()}
    several = dict.fromkeys(("prefix", "xdp"), ("add", "del", "list"))
    described = set(SCHEMA["definitions"])
    for name in names:
        for word in several.get(name, {""}):
            assert f"{name} {word}".strip() in described


def test_help_and_version():
    check("help", ctl("-j", "help").stdout)
    check("version", ctl("-j", "-V").stdout)


def test_check_and_import(tmp_path):
    check("check", ctl("-j", "check", "/dev/null").stdout)
    file = tmp_path / "map646.conf"
    file.write_text("mapping-prefix 2001:db8::\nmap-static 203.0.113.1 2001:db8:1::1\n")
    check("import", ctl("-j", "import", "map646", file).stdout)


@no_module
def test_doctor_and_errors_without_the_module():
    done = ctl("-j", "doctor")
    check("doctor", done.stdout)
    done = ctl("-j", "list")
    check("error", done.stderr)
    assert json.loads(done.stderr)["error"]["status"] == done.returncode == NO_MODULE


ERRORS = [
    (("bogus",), BAD_USAGE, {}),
    ((), BAD_USAGE, {}),
    (("-x",), BAD_USAGE, {}),
    (("check", "/no/such"), BAD_USAGE, {"file": "/no/such"}),
    (("-n", "/dev/null", "list"), REFUSED, {}),
    (("check", "\xff\x1b"), BAD_USAGE, {"file": "\xff\x1b"}),
]


@pytest.mark.parametrize("words, status, location", ERRORS)
def test_errors(words, status, location):
    done = ctl("-j", *words)
    check("error", done.stderr)
    error = json.loads(done.stderr)["error"]
    assert error.pop("text") and error == {"status": status, **location}
    assert (done.returncode, done.stdout) == (status, "")


def test_errors_of_a_file_and_of_a_batch():
    text = "bogus\nprefix add 64:ff9b::/96\nadd x\n"
    said = [json.loads(line)["error"] for line in ctl("-j", "check", "-", text=text).stderr.splitlines()]
    assert [(e["file"], e["line"], e["column"], e["status"]) for e in said] == [
        ("<stdin>", 1, 1, 1), ("<stdin>", 3, 5, 1)]
    done = ctl("-j", "-f", "-b", "-", text="bogus\ncheck /dev/null\ncheck /no/such\n")
    said = [json.loads(line) for line in done.stderr.splitlines()]
    assert [next(iter(set(line) - {"schema"})) for line in said] == ["error", "warning", "error"]
    for line, name in zip(done.stderr.splitlines(), ("error", "warning", "error")):
        check(name, line)


def test_bytes_that_are_no_text():
    done = ctl("-j", os.fsdecode(b"\xff\xfe"))
    assert r'\xff\xfe' in json.loads(done.stderr)["error"]["text"]
