# SPDX-License-Identifier: GPL-2.0-only
"""A rule that tests/mutate breaks, and lists of them."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """A text that is once in a file, and what it becomes."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple      # those of tests/netns that ought to notice
    direct: bool      # run with NAT64_FORWARDING=direct, see tests/README.md
    checked: bool     # only the kernel with KASAN, lockdep and kmemleak notices

    @property
    def word(self):
        """A name for its files."""
        return re.sub(r"\W+", "-", f"{self.file.removeprefix('kmod/')} {self.name}")


class Rules(list):
    """What tests/mutate breaks in one part of the module."""

    def add(self, file, *rules, tests, direct=False, checked=False):
        """Adds rules of a file of kmod, each a name, an old text and a new one."""
        names = tuple(f"test_{name}.py" for name in tests.split())
        self.extend(Mutation(name, f"kmod/{file}", old, new, names, direct, checked)
                    for name, old, new in rules)
