# SPDX-License-Identifier: GPL-2.0-only
"""The configuration that docs/ shows for other programs is parsed by these programs.

The word behind the fence of a block names the program. Blocks whose program, or
version of it, is not installed are skipped: tests/deps.sh installs those that are
small and leave the machine's network alone. tests/packages/run --guides has all of
them parsed, each block by Debian 13's programs and most by Debian 12's.
"""

import os
import re
import shutil
import subprocess

import pytest
import yaml
from test_words import CTL, TOP

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
BLOCKS = [(path.name, kind, text) for path in sorted((TOP / "docs").glob("*.md"))
          for kind, text in BLOCK.findall(path.read_text())]


def run(*words, **more):
    env = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
    if not shutil.which(words[0], path=env["PATH"]):
        pytest.skip(f"{words[0]} is not installed")
    return subprocess.run([str(word) for word in words], env=env, capture_output=True, text=True,
                          timeout=120, **more)


def check(*words, **more):
    done = run(*words, **more)
    assert done.returncode == 0, done.stdout + done.stderr


def nat64(file):
    check(CTL, "check", file)


def unbound(file):
    check("unbound-checkconf", file)


def named(file):
    # Whether the directory exists is not the point.
    file.write_text(file.read_text().replace("/var/cache/bind", str(file.parent)))
    check("named-checkconf", file)


def kresd(file):
    """It has no check: it runs the file in a directory of its own, and quits."""
    with open(file, "a") as text:
        text.write("\nprint('parsed', modules.list and 1)\nquit()\n")
    done = run("kresd", "-n", "-q", "-c", file, file.parent)
    assert "parsed" in done.stdout and "error" not in done.stderr, done.stdout + done.stderr


def recursor(file):
    file.rename(file.parent / "recursor.conf")
    check("pdns_recursor", f"--config-dir={file.parent}", "--config=check")


def need_version(program, *version):
    done = run(program, "--version")
    found = re.search(r"(\d+)\.(\d+)", done.stdout + done.stderr)
    if (int(found[1]), int(found[2])) < version:
        pytest.skip(f"{program} is older than {version[0]}.{version[1]}")


def recursor_yaml(file):
    need_version("pdns_recursor", 5, 2)
    file.rename(file.parent / "recursor.yml")
    check("pdns_recursor", f"--config-dir={file.parent}", "--config=check")


def radvd(file):
    need_version("radvd", 2, 20)
    check("radvd", "-c", "-C", file)


def bird(file):
    check("bird", "-p", "-c", file)


def frr(file):
    check("vtysh", "-C", "-f", file)


def nft(file):
    done = run("nft", "-c", "-f", file)
    if "Operation not permitted" in done.stderr:
        pytest.skip("nft needs root")
    assert done.returncode == 0, done.stderr


def keepalived(file):
    file.write_text(file.read_text().replace("/usr/local/sbin", str(TOP / "examples/cluster")))
    done = run("keepalived", "-t", "-f", file)
    # That the example's devices are not here is all that it may find.
    lines = [line for line in done.stderr.splitlines()
             if line and not re.search(r"interface to[46]|to[46].*not (exist|found)|^Non-existent interface", line)]
    assert not lines, done.stderr


def ansible(file):
    (file.parent / "nat64.conf").write_text("")
    check("ansible-playbook", "-i", "gateways,", "--syntax-check", file)


def netplan(file):
    """netplan is not in Debian's base: this checks that it is YAML with the keys that it wants."""
    tree = yaml.safe_load(file.read_text())
    if shutil.which("netplan"):
        file.chmod(0o600)
        root = file.parent / "root" / "etc" / "netplan"
        root.mkdir(parents=True)
        file.rename(root / "60-nat64.yaml")
        check("netplan", "generate", "--root-dir", file.parent / "root")
    assert set(tree["network"]) == {"version", "ethernets"}


def ifupdown(file):
    check("ifquery", "-i", file, "to4", "to6")


SECTIONS = {"Match": {"Name"}, "Network": {"Address", "Gateway", "IPv6AcceptRA", "IPv6SendRA"},
            "Route": {"Destination", "Gateway", "Scope"}, "IPv6Prefix": {"Prefix"},
            "IPv6PREF64Prefix": {"Prefix", "LifetimeSec"}}


def networkd(file):
    """networkd has no check; what it would ignore with a warning is a key that it does not know."""
    section = None
    for line in filter(None, file.read_text().splitlines()):
        head = re.fullmatch(r"\[(\w+)\]", line)
        section = head[1] if head else section
        assert head or line.partition("=")[0] in SECTIONS[section], line


PROGRAMS = (nat64, unbound, named, kresd, recursor, recursor_yaml, radvd, bird, frr, nft, keepalived, ansible, netplan,
            ifupdown, networkd)


@pytest.mark.parametrize("page, kind, text", BLOCKS, ids=[f"{p}-{k}" for p, k, _ in BLOCKS])
def test_block_is_parsed(page, kind, text, tmp_path):
    programs = {program.__name__: program for program in PROGRAMS}
    assert kind in programs, page
    file = tmp_path / ("play.yml" if kind == "ansible" else "file.conf")
    file.write_text(text)
    programs[kind](file)


def test_each_program_has_a_block():
    assert {kind for _, kind, _ in BLOCKS} == {program.__name__ for program in PROGRAMS}


@pytest.mark.parametrize("status, faults", [
    ("state on\nprefixes 2001:db8::/96\nmappings 1\n", ""),
    ("state off\nprefixes none\nmappings 0\n",
     "nat64 is not on\nno translation prefix\n0 mappings, fewer than 1\n"),
    ("nat64ctl: the nat64 module is not loaded\n",
     "nat64 is not on\nno translation prefix\n0 mappings, fewer than 1\n")])
def test_health(tmp_path, status, faults):
    fake = tmp_path / "nat64ctl"
    fake.write_text(f"#!/bin/sh\nprintf '%s' '{status}'\n")
    fake.chmod(0o755)
    done = subprocess.run([TOP / "examples/cluster/nat64-health"], capture_output=True, text=True,
                          env={**os.environ, "NAT64CTL": str(fake)})
    assert (done.returncode, done.stdout) == (bool(faults), faults)
