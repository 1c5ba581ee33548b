# SPDX-License-Identifier: GPL-2.0-only
"""Usage: ktap.py LOG XML

Reads the KUnit cases (KTAP) out of a kernel log, prints them and writes them as
JUnit XML. Fails if any case has failed, or if there is none.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass

TIMESTAMP = re.compile(r"^\[ *\d+\.\d+\] ?")
SUITE = re.compile(r"^ {4}# Subtest: (?P<name>.*)$")
RESULT = re.compile(r"^(?: {4})?(?P<verdict>ok|not ok) \d+ (?:- )?(?P<name>\S+)(?P<skip> # SKIP)?")


@dataclass
class Case:
    suite: str
    name: str
    passed: bool
    skipped: bool
    words: list


def parse(lines):
    """Yields the cases, and a suite that failed without any of its cases."""
    suite, words, failed = None, [], False
    for line in lines:
        text = TIMESTAMP.sub("", line.rstrip("\n"))
        if match := SUITE.match(text):
            suite, words, failed = match["name"], [], False
        elif match := RESULT.match(text):
            case = Case(suite or match["name"], match["name"], match["verdict"] == "ok",
                        bool(match["skip"]), words)
            if text.startswith(" "):
                yield case
                words, failed = [], failed or not case.passed
            else:
                if not case.passed and not failed:
                    yield case
                suite, words, failed = None, [], False
        elif suite:
            words.append(text)


def junit(cases):
    root = ElementTree.Element("testsuite", name="kunit", tests=str(len(cases)))
    for case in cases:
        element = ElementTree.SubElement(root, "testcase", classname=case.suite, name=case.name)
        if not case.passed:
            ElementTree.SubElement(element, "failure").text = "\n".join(case.words)
        elif case.skipped:
            ElementTree.SubElement(element, "skipped")
    return ElementTree.ElementTree(root)


def main(log, xml):
    with open(log, errors="replace") as file:
        cases = list(parse(file))
    for case in cases:
        print(f"{case.suite}.{case.name}:",
              "skipped" if case.skipped else "ok" if case.passed else "FAILED")
        if not case.passed:
            print("\n".join(case.words))
    if not cases:
        print("no KUnit case has run")
    junit(cases).write(xml)
    return 0 if cases and all(case.passed for case in cases) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
