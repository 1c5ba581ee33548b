# SPDX-License-Identifier: GPL-2.0-only
"""docs/forwarding.md: its functions are there, its tests are there, no row is without an answer."""

import re

import pytest
from test_words import TOP

TEXT = (TOP / "docs/forwarding.md").read_text()
FUNCTIONS = {name for path in (TOP / "kmod").glob("*.[ch]")
             for name in re.findall(r"\b(\w+)\(", path.read_text())}
ROWS = [[cell.strip() for cell in line.strip("|").split("|")]
        for line in TEXT.splitlines() if re.match(r"\| (?!Linux |---)", line)]


def test_there_are_rows():
    assert len(ROWS) > 100


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:60])
def test_row(row):
    assert len(row) == 4, row
    what, answer, by, test = row
    assert answer.startswith(("kept", "left out")), f"{what}: {answer}"
    for name in re.findall(r"(\w+)\(\)", by):
        assert name in FUNCTIONS, f"{what}: kmod has no {name}()"
    assert by and test or not answer.startswith("kept"), f"{what}: kept, but by what, and which test says so?"
    for file, name in re.findall(r"(test_\w+\.py)::(test_\w+)", test):
        assert re.search(rf"^def {name}\(", (TOP / "tests/netns" / file).read_text(), re.M), f"{what}: {file} {name}"
