# SPDX-License-Identifier: GPL-2.0-only
"""CONFORMANCE.md: each row names a test, and each test that it names is there."""

import re
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
TESTS = TOP / "tests"
COLUMNS = ["§", "what it asks for", "what nat64 does", "proved by"]


def tables(text):
    """The rows of each table, with the heading that it stands under and its line."""
    heading = ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#"):
            heading = line.strip("# ")
        elif line.startswith("|"):
            yield heading, number, [cell.strip() for cell in line.strip("|").split("|")]


ROWS = [row for row in tables((TOP / "CONFORMANCE.md").read_text())
        if set(row[2][0]) - set("-:") and row[2] != COLUMNS]


def there(name):
    file, _, function = name.partition("::")
    path = TESTS / file if "/" in file else TESTS / "netns" / file
    return path.is_file() and re.search(rf"^def {re.escape(function)}\(", path.read_text(), re.M)


def test_every_table_has_the_same_columns():
    lines = (TOP / "CONFORMANCE.md").read_text().splitlines()
    heads = [above for above, line in zip(lines, lines[1:]) if re.match(r"\|[-|: ]+$", line)]
    assert len(heads) >= 9
    for head in heads:
        assert [cell.strip() for cell in head.strip("|").split("|")] == COLUMNS


@pytest.mark.parametrize("heading, line, cells", [
    pytest.param(*row, id=f"{row[0].split(':')[0]} {row[2][0]} line {row[1]}") for row in ROWS])
def test_every_row_names_tests_that_are_there(heading, line, cells):
    assert len(cells) == len(COLUMNS) and all(cells), f"line {line}: an empty cell"
    names = re.findall(r"`([^`]+)`", cells[3])
    assert names, f"line {line} names no test"
    missing = [name for name in names if not there(name)]
    assert not missing, f"line {line}: there is no {', '.join(missing)}"
