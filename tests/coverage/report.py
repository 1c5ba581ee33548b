# SPDX-License-Identifier: GPL-2.0-only
"""What gcov has counted of the module, summed over runs: a table, and what no run has reached.

tests/coverage/unreached.txt says why, each reason above what it is about: lines that were not
executed, and lines that were not left in every way, with how many of those. A question mark is
for what only some runs reach; NOT_YET, a reason, for what could be reached. What is explained
nowhere is printed as it is written there, and what is explained although it is reached as well.
"""

import collections
import functools
import json
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
UNREACHED = Path(__file__).with_name("unreached.txt")

# Macros of the kernel that have branches of their own where they are written: not counted.
MACROS = re.compile(r"\b(WARN_ON_ONCE|NL_SET_(ERR_MSG|BAD_ATTR)\w*|TRACE_EVENT|hweight64)\(")

# In percent, of what can be reached.
GOAL = {"lines": 98, "branches": 95}
# Of which little or nothing is compiled there.
LEFT_OUT = {"kmod/xdp.c": "not compiled for this kernel, which has no BTF of modules: XDP"}
NOT_YET = "No test does this yet."

HEAD = re.compile(r"(?=[A-Za-z_]).*?\b(\w+)\(")


@dataclass
class Line:
    """How often a line was executed, and each way out of it taken; by what its ways belong to."""

    count: int = 0
    ways: dict = field(default_factory=dict)

    @property
    def branches(self):
        return [count for ways in self.ways.values() for count in ways]

    def add(self, count, origin, ways):
        self.count += count
        if ways:
            before = self.ways.setdefault((origin, len(ways)), [0] * len(ways))
            before[:] = map(sum, zip(before, ways))


def run_gcov(data):
    """What gcov says of one object file's counts, which lie beside its notes."""
    said = subprocess.run(["gcov", "--json-format", "--branch-probabilities", "--stdout", data.name],
                          cwd=data.parent, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout
    return json.loads(said)["files"]


def read_counts(built, directories):
    """All lines of the module: by file, relative to built, and number. The counts of an object
    that has been compiled again since are left out."""
    files = collections.defaultdict(lambda: collections.defaultdict(Line))
    for directory in directories:
        for data in sorted(directory.rglob("*.gcda")):
            notes = data.with_suffix(".gcno")
            now = built / notes.relative_to(directory)
            if not now.exists() or now.read_bytes() != notes.read_bytes():
                print(f"{data}: compiled again since, not counted")
                continue
            add_object(files, built, run_gcov(data))
    return files


def add_object(files, built, said):
    for file in said:
        path = Path(file["file"])
        if not path.is_relative_to(built / "kmod"):
            continue
        name = str(path.relative_to(built))
        for line in file["lines"]:
            number = line["line_number"]
            ways = [] if MACROS.search(read_source(name)[number - 1]) else line["branches"]
            files[name][number].add(line["count"], line.get("function_name"),
                                    [way["count"] for way in ways])


@functools.cache
def read_source(file):
    return (TOP / file).read_text().splitlines()


def enclosing(file, number):
    """The name of the function, or macro, that a line belongs to."""
    for line in reversed(read_source(file)[:number]):
        found = HEAD.match(line)
        if found:
            return found[1]
    return ""


@dataclass
class Missing:
    """A line that was not executed, or not left in every way, as unreached.txt has it."""

    what: str
    number: int
    lines: int
    branches: int


def missing(files):
    for file, lines in sorted(files.items()):
        for number, line in sorted(lines.items()):
            never = line.branches.count(0)
            if line.count and not never:
                continue
            what = f"{file} {enclosing(file, number)}: {read_source(file)[number - 1].strip()}"
            if line.count:
                what += f" ({never} of {len(line.branches)})"
            yield Missing(what, number, not line.count, never)


def read_reasons():
    """The reasons of all that is explained, a list for each; and what only some runs reach."""
    reasons, chances, reason = collections.defaultdict(list), {}, ""
    for line in UNREACHED.read_text().splitlines():
        if line.startswith("\t? "):
            chances[without_ways(line[3:])] = reason
        elif line.startswith("\t"):
            reasons[line[1:]].append(reason)
        elif line and not line.startswith("#"):
            reason = line
    return reasons, chances


def without_ways(what):
    return re.sub(r" \(\d+ of \d+\)$", "", what)


def figures(lines):
    """Of the lines, and of their branches, how many were reached, and how many there are."""
    branches = [count for line in lines for count in line.branches]
    return {"lines": (sum(line.count > 0 for line in lines), len(lines)),
            "branches": (sum(count > 0 for count in branches), len(branches))}


def percentage(reached, there):
    return 100 * reached / there if there else 100


def print_row(name, counted):
    print(f"{name:28}", *(f"{there:6} {what} {percentage(reached, there):6.1f}%"
                          for what, (reached, there) in counted.items()), LEFT_OUT.get(name, ""))


def print_table(files):
    """Returns the figures of all files together."""
    for file, lines in sorted(files.items()):
        print_row(file, figures(lines.values()))
    total = figures([line for lines in files.values() for line in lines.values()])
    print_row("all", total)
    return total


def reachable(total, unreachable):
    """The same figures without what cannot be reached."""
    return {what: (reached, there - sum(getattr(one, what) for one in unreachable))
            for what, (reached, there) in total.items()}


def report(built, directories):
    """Prints all of it. Returns whether the goal is met, and nothing is left to explain."""
    files = read_counts(built, directories)
    reasons, chances = read_reasons()
    unexplained, explained, unreachable = [], 0, []
    for one in missing(files):
        found = reasons.get(one.what)
        reason = found.pop() if found else chances.get(without_ways(one.what))
        if reason is None:
            unexplained.append(one)
        explained += reason is not None
        if reason not in (None, NOT_YET):
            unreachable.append(one)
    total = reachable(print_table(files), unreachable)
    print_row("all that can be reached", total)
    print(f"\nNot reached, and explained in {UNREACHED.relative_to(TOP)}: {explained}")
    print(f"Not reached, and not explained: {len(unexplained)}")
    for one in unexplained:
        print(f"\t{one.what}\t# {one.number}")
    stale = [what for what, left in sorted(reasons.items()) for _ in left]
    print(f"Explained, and reached or not there: {len(stale)}")
    for what in stale:
        print(f"\t{what}")
    met = all(percentage(*total[what]) >= GOAL[what] for what in GOAL)
    return met and files and not unexplained and not stale
