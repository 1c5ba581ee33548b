# SPDX-License-Identifier: GPL-2.0-only
"""The settings as ctl/settings.c lists them, for tests that are about all of them."""

import re
from dataclasses import dataclass
from pathlib import Path

SOURCE = (Path(__file__).resolve().parents[2] / "ctl" / "settings.c").read_text()


@dataclass(frozen=True)
class Setting:
    """One row of the table: its values are words, or of another kind."""

    name: str
    kind: str
    default: str
    words: tuple = ()

    def json(self, value):
        """A value as nat64ctl -j prints it."""
        if self.words == ("off", "on"):
            return value == "on"
        return int(value) if self.kind == "SETTING_NUMBER" else value


def read():
    words = {name: tuple(re.findall(r'"(.+?)"', values)) for name, values in re.findall(
        r"^static const char \*const (\w+)\[\] = \{(.*)NULL \};$", SOURCE, re.M)}
    table = re.search(r"settings_table\[\] = \{(.*?)^\};", SOURCE, re.M | re.S)[1]
    for row in table.split("}, {"):
        field = dict(re.findall(r'\.(\w+)\s*= "?([^",]+)"?,', row))
        yield Setting(field["name"], field["kind"], field["initial"],
                      words.get(field.get("words"), ()))


SETTINGS = {setting.name: setting for setting in read()}
DEFAULTS = {setting.name: setting.default for setting in SETTINGS.values()}
# As nat64ctl get prints them.
ALL_DEFAULTS = "".join(f"{key} {value}\n" for key, value in DEFAULTS.items())
WORDS = {setting.name: setting.words for setting in SETTINGS.values() if setting.words}
