# SPDX-License-Identifier: GPL-2.0-only
"""What README.md and the other documents promise: links lead somewhere, commands exist."""

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree

import pytest
from test_words import TOP, ctl

sys.path.insert(0, str(TOP / "tests/bench"))
import doc_tables  # noqa: E402
import report  # noqa: E402

PAGES = sorted(path.relative_to(TOP) for path in (*TOP.glob("*.md"), *TOP.glob("docs/*.md")))


def anchor(heading):
    """As the places that show these files name a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def anchors(path):
    return {anchor(text) for text in re.findall(r"^##+ (.*)$", path.read_text(), re.M)}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links(page):
    for path, fragment in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", (TOP / page).read_text()):
        target = (TOP / page).parent / path if path else TOP / page
        assert target.exists(), path
        assert not fragment or fragment in anchors(target), f"{path}#{fragment}"


def packaged(package):
    """What a package has of this tree in the directory of its documents, in the same places."""
    if package == "rpm":
        return first("^%doc (.*)$", "rpm/nat64.spec").split()
    return [path for kind in ("docs", "examples")
            for path in (TOP / f"debian/nat64-tools.{kind}").read_text().split()]


@pytest.mark.parametrize("package", ["deb", "rpm"])
def test_links_work_where_they_are_installed(package):
    """Of all pages, the README.md of examples among them, to what is in the package too."""
    parts = packaged(package)
    pages = [path for part in parts for path in ([TOP / part] if part.endswith(".md")
                                                 else (TOP / part).rglob("*.md"))]
    assert len(pages) > len(PAGES)
    for page in pages:
        for path in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            target = os.path.relpath((page.parent / path).resolve(), TOP)
            assert any(f"{target}/".startswith(f"{part}/") or part.startswith(f"{target}/")
                       for part in parts), f"{page.name}: {path}"


def test_readme_leads_to_all_pages():
    readme = (TOP / "README.md").read_text()
    for page in PAGES:
        assert page.name == "README.md" or f"]({page})" in readme, page


@pytest.mark.parametrize("path", sorted(TOP.glob("docs/*.svg")), ids=lambda path: path.name)
def test_pictures(path):
    """They are well-formed, say what they show, and nothing stands outside."""
    root = xml.etree.ElementTree.parse(path).getroot()
    space = "{http://www.w3.org/2000/svg}"
    left, top, width, height = map(float, root.get("viewBox").split())
    assert root.findtext(f"{space}title")
    places = [(float(at.get("x", 0)), float(at.get("y", 0))) for kind in ("rect", "text")
              for at in root.iter(space + kind)]
    assert places and all(left <= x <= left + width and top <= y <= top + height for x, y in places)


def test_figures():
    """Those that are shown are the committed ones."""
    baseline = json.loads((TOP / "tests/bench/baseline.json").read_text())
    page = (TOP / "docs/performance.md").read_text()
    assert page == doc_tables.updated(page, baseline)
    assert (TOP / "docs/chart.svg").read_text() == report.chart(baseline)


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=str)
def test_commands_exist(page):
    """Each first word behind nat64ctl is a command; each target of make is one."""
    text = (TOP / page).read_text()
    commands = set(re.findall(r"^  (\w+)", ctl("help").stdout, re.M))
    named = re.findall(r"(?:`|# |^    )nat64ctl (?:-[jfp] )*([a-z]\w*)", text, re.M)
    assert set(named) <= commands
    targets = set(re.findall(r"^([\w-]+):", (TOP / "Makefile").read_text(), re.M))
    assert set(re.findall(r"(?:`|^    )make ([a-z][\w-]*)", text, re.M)) <= targets


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
