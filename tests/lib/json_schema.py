# SPDX-License-Identifier: GPL-2.0-only
"""Holds what nat64ctl -j prints against nat64ctl.schema.json."""

import json
from pathlib import Path

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "ctl/nat64ctl.schema.json").read_text())


def check(command, text):
    """Fails unless each line of the text is an object of that command."""
    import jsonschema
    assert text.splitlines()
    for line in text.splitlines():
        jsonschema.validate(json.loads(line), {
            "$ref": f"#/definitions/{command}", "definitions": SCHEMA["definitions"]})
