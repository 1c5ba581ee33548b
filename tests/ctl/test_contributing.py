# SPDX-License-Identifier: GPL-2.0-only
"""CONTRIBUTING.md's walks work: their steps are done in a copy of the tree, word for word."""

import re
import shutil
import subprocess
import sys
import textwrap

import pytest
from test_words import CTL, TOP

TEXT = (TOP / "CONTRIBUTING.md").read_text()
MAN = "test_man_page_and_help_tell_everything"


def steps(title):
    """Of a section: each file, the lines that are there, the lines to put behind them."""
    section = re.search(rf"^## {title}\n(.*?)(?=^## )", TEXT, re.M | re.S)[1]
    found = []
    for block in re.findall(r"^   ```diff\n(.*?)^   ```$", section, re.M | re.S):
        first, *lines = textwrap.dedent(block).splitlines()
        assert first.startswith("--- ")
        context = "".join(line[1:] + "\n" for line in lines if line[0] == " ")
        added = "".join(line[1:] + "\n" for line in lines if line[0] == "+")
        found.append((first[4:], context, added))
    return found


def follow(title, tree):
    """Does the steps; returns the files that they touch."""
    files = set()
    for name, context, added in steps(title):
        path = tree / name
        text = path.read_text()
        assert text.count(context) == 1, f"{name}: {context}"
        path.write_text(text.replace(context, context + added))
        files.add(name)
    return files


@pytest.fixture
def tree(tmp_path):
    files = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, capture_output=True, check=True,
                           text=True).stdout.split("\0")
    for name in filter(None, files):
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TOP / name, target)
    return tmp_path


def run_tests(tree, *tests):
    """Those of the copy that hold its lists against each other."""
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
                          cwd=tree, capture_output=True, text=True, timeout=300,
                          env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    return done.returncode == 0, done.stdout


def test_adding_a_setting(tree):
    files = follow("Adding a setting", tree)
    assert len(files) <= 6
    subprocess.run(["make", "-s", "-C", tree / "ctl", "CFLAGS=-O0"], check=True)
    nat64ctl = tree / "ctl" / "nat64ctl"
    shown = subprocess.run([nat64ctl, "help"], capture_output=True, text=True).stdout
    assert re.search(r"^  flow-label .*off or on$", shown, re.M)
    checked = subprocess.run([nat64ctl, "check", "-"], input="set flow-label on\n",
                             capture_output=True, text=True).stdout
    assert checked.startswith("1 setting,")
    ok, text = run_tests(tree, "tests/ctl/test_spec.py", f"tests/ctl/test_install.py::{MAN}")
    assert ok, text
    # A step that is forgotten is found.
    for name, test in (("ctl/nat64ctl.8", f"tests/ctl/test_install.py::{MAN}"),
                       ("uapi/nat64.yaml", "tests/ctl/test_spec.py")):
        shutil.copy2(TOP / name, tree / name)
        assert not run_tests(tree, test)[0], name


def test_adding_a_reason(tree):
    files = follow("Adding a reason", tree)
    shutil.copy2(CTL, tree / "ctl" / "nat64ctl")
    assert len(files) <= 4
    test = "tests/ctl/test_install.py::test_man_page_of_the_module_tells_all_counters"
    ok, text = run_tests(tree, test)
    assert ok, text
    shutil.copy2(TOP / "ctl/nat64.4", tree / "ctl/nat64.4")
    assert not run_tests(tree, test)[0]
