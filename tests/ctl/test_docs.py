# SPDX-License-Identifier: GPL-2.0
"""What README.md promises without the module: its links lead somewhere, its commands work."""

import re
import subprocess

from test_words import TOP

README = (TOP / "README.md").read_text()


def anchor(heading):
    """As the places that show README.md name a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_links_inside():
    headings = {anchor(text) for text in re.findall(r"^##+ (.*)$", README, re.M)}
    assert set(re.findall(r"\]\(#([^)]*)\)", README)) <= headings


def test_links_to_files():
    for path in re.findall(r"\]\((?!#|https?:)([^)#]*)", README):
        assert (TOP / path).exists(), path


def first(pattern, path):
    found = re.search(pattern, (TOP / path).read_text(), re.M)
    return found and found[1]


def test_versions_agree():
    header = first('^#define NAT64_VERSION "(.*)"$', "kmod/version.h")
    assert header
    assert header == first('^PACKAGE_VERSION="(.*)"$', "dkms.conf")
    assert header == first(r"\A\S+ \((.*?)\)", "debian/changelog")
    assert header == first(r"^## (\S+)", "CHANGELOG.md")


def test_licences_are_here():
    """Each licence and exception that a file names has its text."""
    done = subprocess.run(["git", "grep", "-hoP", r"SPDX-License-Identifier: \K[\w. -]+\w"],
                          cwd=TOP, capture_output=True, text=True, timeout=60)
    names = {name for line in done.stdout.splitlines() for name in line.split(" WITH ")}
    assert names == {path.name for path in (TOP / "LICENSES").iterdir()}
