# SPDX-License-Identifier: GPL-2.0-only
"""What `make install` puts in place beside the module."""

import os
import re
import subprocess

import pytest
from test_words import CTL, TOP, ctl

COMMANDS = ("prefix add replace del list lookup flush load check diff save import set get "
            "xdp status stats explain doctor top monitor help").split()
KEYS = re.findall(r"^  (\S+) \[", ctl("help").stdout.partition("KEY and VALUE")[2], re.M)


def make(target, root):
    return subprocess.run(["make", "--no-print-directory", "-C", TOP / "ctl", target,
                           f"DESTDIR={root}"], check=True, capture_output=True, text=True)


def files(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


INSTALLED = ["etc/nat64/nat64.conf", "lib/systemd/system/nat64-xdp@.service",
             "lib/systemd/system/nat64.service", "usr/bin/nat64ctl-complete",
             "usr/sbin/nat64ctl", "usr/share/bash-completion/completions/nat64ctl",
             "usr/share/fish/vendor_completions.d/nat64ctl.fish",
             "usr/share/man/man1/nat64ctl-complete.1", "usr/share/man/man4/nat64.4",
             "usr/share/man/man5/nat64.conf.5", "usr/share/man/man8/nat64ctl.8",
             "usr/share/nat64/nat64ctl.schema.json", "usr/share/zsh/vendor-completions/_nat64ctl"]


def test_install_and_uninstall(tmp_path):
    make("install", tmp_path)
    assert files(tmp_path) == INSTALLED
    make("uninstall", tmp_path)
    assert files(tmp_path) == []


def test_it_is_built_without_libbpf(tmp_path):
    """Where that is missing or too old, only `xdp add` is, and says so."""
    subprocess.run(["cp", "-r", TOP / "ctl", TOP / "kmod", TOP / "uapi", tmp_path], check=True)
    for libbpf, has_it in (("", False), ("libbpf", True)):
        subprocess.run(["make", "-s", "-B", "-C", tmp_path / "ctl", "CFLAGS=-O0", f"libbpf={libbpf}"],
                       check=True, capture_output=True)
        program = (tmp_path / "ctl" / "nat64ctl").read_bytes()
        assert (b"libbpf.so" in program) == has_it
        assert (b"this nat64ctl was built without libbpf 1.0 or later" in program) != has_it


def test_each_program_has_a_man_page():
    pages = {re.sub(r"\.\d$", "", path.rpartition("/")[2]) for path in INSTALLED if "/man/" in path}
    assert {path.rpartition("/")[2] for path in INSTALLED if "bin/" in path} <= pages


def test_an_edited_configuration_stays(tmp_path):
    conf = tmp_path / "etc/nat64/nat64.conf"
    make("install", tmp_path)
    conf.write_text("prefix add 64:ff9b::/96\n")
    make("install", tmp_path)
    make("uninstall", tmp_path)
    assert files(tmp_path) == INSTALLED[:1]
    assert conf.read_text() == "prefix add 64:ff9b::/96\n"


def test_the_example_is_a_configuration(tmp_path):
    text = (TOP / "ctl" / "nat64.conf").read_text()
    assert ctl("check", "-", text=text).stdout == "0 settings, 0 prefixes, 0 mappings\n"
    text = re.sub("^#(?=(prefix|add|set) )", "", text, flags=re.M)
    assert ctl("check", "-", text=text).stdout == "1 setting, 1 prefix, 3 mappings\n"


def test_unit(tmp_path):
    make("install", tmp_path)
    unit = (tmp_path / INSTALLED[2]).read_text()
    assert "@" not in unit.replace("@system-service @module", "")
    assert "ExecReload=/usr/sbin/nat64ctl load /etc/nat64/nat64.conf" in unit
    # What -f permitted before the machine went down works again when it comes up.
    assert "ExecStart=/usr/sbin/nat64ctl -f load /etc/nat64/nat64.conf" in unit
    unit = (tmp_path / INSTALLED[1]).read_text()
    assert "ExecStart=/usr/sbin/nat64ctl -f xdp add %I $MODE\n" in unit


def test_units_are_understood(tmp_path):
    make("install", tmp_path)
    for path in INSTALLED[1:3]:
        unit = tmp_path / path.rpartition("/")[2].replace("@", "@eth0")
        unit.write_text((tmp_path / path).read_text().replace("/usr/sbin/nat64ctl", str(CTL)))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *tmp_path.glob("nat64*.service")],
                          capture_output=True, text=True)
    about_them = [line for line in done.stderr.splitlines() if "nat64" in line]
    assert about_them == []


def test_both_units_may_do_what_xdp_needs(tmp_path):
    make("install", tmp_path)
    for path in INSTALLED[1:3]:
        unit = (tmp_path / path).read_text()
        for key, word in (("CapabilityBoundingSet", "CAP_NET_ADMIN"), ("CapabilityBoundingSet", "CAP_SYS_ADMIN"),
                          ("SystemCallFilter", "bpf")):
            assert re.search(rf"^{key}=(.* )?{word}( |$)", unit, re.M), (path, word)


@pytest.mark.parametrize("name", ["cluster/nat64-announce", "edge/nat64-edge"])
def test_units_of_the_examples_are_understood(tmp_path, name):
    unit = tmp_path / f"{name.partition('/')[2]}.service"
    unit.write_text(re.sub("/usr/local/sbin/\\S+", "/bin/true",
                           (TOP / "examples" / f"{name}.service").read_text()))
    for other in ("nat64", "bird"):
        (tmp_path / f"{other}.service").write_text("[Service]\nExecStart=/bin/true\n")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *tmp_path.glob("*.service")],
                          capture_output=True, text=True)
    assert [line for line in done.stderr.splitlines() if unit.name in line] == []


@pytest.mark.parametrize("page", ["nat64ctl-complete.1", "nat64.4", "nat64.conf.5", "nat64ctl.8"])
def test_man_pages_are_clean(page):
    done = subprocess.run(["mandoc", "-Tlint", "-W", "warning", TOP / "ctl" / page],
                          capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("", 0)


def test_man_page_and_help_tell_everything():
    man = (TOP / "ctl" / "nat64ctl.8").read_text()
    summary = ctl("help").stdout
    for command in COMMANDS:
        assert re.search(rf"Cm {command}\b", man), command
        assert re.search(rf"^  {command} ", summary, re.M), command
    names = re.findall(r'^\t\t\.name\t = "(.*)",$', (TOP / "ctl" / "settings.c").read_text(), re.M)
    assert KEYS == names
    for key in KEYS:
        assert f".It Cm {key} " in man


def test_man_page_of_the_module_tells_all_counters():
    source = (TOP / "kmod" / "stats.h").read_text()
    man = (TOP / "ctl" / "nat64.4").read_text()
    named = re.findall(r"^\.It (\w+_?\w+)$", man, re.M)
    assert named == re.findall(r'X\(\w+,\s*"(\w+)"', source)


def literals(page):
    """The examples of a man page."""
    man = (TOP / "ctl" / page).read_text().partition(".Sh EXAMPLES")[2]
    return re.findall(r"^\.Bd -literal.*\n((?:.*\n)*?)\.Ed$", man, re.M)


def test_the_examples_of_the_configuration_are_configurations():
    sizes = [ctl("check", "-", text=text).stdout for text in literals("nat64.conf.5")]
    assert sizes == ["1 setting, 1 prefix, 3 mappings\n", "0 settings, 2 prefixes, 2 mappings\n",
                     "1 setting, 1 prefix, 1 mapping, 2 devices with XDP\n"]


LIVE = """#!/bin/sh
case $* in
help) exec "$NAT64CTL" help ;;
*"xdp list") echo "eth7 native"; echo "eth8 generic" ;;
*"prefix list") echo "2001:db8:64::/96 primary" ;;
"-n blue list") echo "192.0.2.9 2001:db8::9" ;;
list) echo "203.0.113.10 2001:db8:1::10"; echo "203.0.113.128/25 2001:db8:2::/121" ;;
esac
"""


BASH = """
_get_comp_words_by_ref() {
    words=("${COMP_WORDS[@]}"); cword=$COMP_CWORD
    cur=${words[cword]}; prev=${words[cword - 1]}
}
compopt() { :; }
__ltrim_colon_completions() { :; }
. CTL/nat64ctl.bash
COMP_WORDS=(nat64ctl "$@"); COMP_CWORD=$#; _nat64ctl
printf '%s\n' "${COMPREPLY[@]}"
"""
# What begins otherwise, zsh itself leaves out.
ZSH = """
compadd() { print -rl -- ${(M)${(@P)2}:#$PREFIX*} }
_files() { print -rl -- $PREFIX*(N) }
complete() { . CTL/nat64ctl.zsh }
words=(nat64ctl "$@") CURRENT=${#words} PREFIX=${words[-1]}
complete
"""
FISH = """
. CTL/nat64ctl.fish
complete -C "nat64ctl $argv"
"""
SHELLS = {"bash": ("bash", "-c", BASH, "bash"), "zsh": ("zsh", "-fc", ZSH, "zsh"),
          "fish": ("fish", "--no-config", "-c", FISH, "--")}


def complete(shell, *words):
    command = [word.replace("CTL", f"{TOP}/ctl") for word in SHELLS[shell]]
    done = subprocess.run([*command, *words], check=True, text=True, stdout=subprocess.PIPE)
    return sorted(done.stdout.split())


@pytest.fixture(params=SHELLS)
def shell(request, tmp_path, monkeypatch):
    """A shell, in a directory with two files, that finds a nat64ctl with a table."""
    tool = tmp_path / "bin" / "nat64ctl"
    tool.parent.mkdir()
    tool.write_text(LIVE)
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:{TOP / 'ctl'}:{os.environ['PATH']}")
    monkeypatch.setenv("NAT64CTL", str(CTL))
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "gateway.conf").write_text("")
    (tmp_path / "jool.json").write_text("")
    monkeypatch.chdir(tmp_path)
    return request.param


@pytest.mark.parametrize("words, words_after", [
    ([""], COMMANDS), (["st"], ["status", "stats"]), (["prefix", ""], ["add", "del", "list"]),
    (["prefix", "add", "64:ff9b::/96", ""], ["primary"]), (["set", ""], KEYS), (["get", ""], KEYS),
    (["add", "192.0.2.1", "::1", "p"], ["prefix"]), (["-j", "import", ""], ["map646", "jool", "tayga"]),
    (["set", "hairpin", ""], ["on", "off"]), (["set", "hairpin", "on", ""], []),
    (["set", "tos", ""], ["copy"]), (["set", "icmp-source4", ""], ["none"]),
    (["set", "lowest-ipv6-mtu", ""], []), (["set", "forwarding", "d"], ["direct"]),
    (["stats", ""], ["reset", "openmetrics", "prometheus"]), (["--j"], ["--json"]),
    (["doctor", "-"], ["--status"]), (["doctor", ""], []), (["-j", "load", "g"], ["gateway.conf"]),
    (["import", "jool", "j"], ["jool.json"]), (["--batch", "g"], ["gateway.conf"]),
    (["explain", ""], ["4", "6"]), (["del", "203.0.113.1"], ["203.0.113.10", "203.0.113.128/25"]),
    (["del", "2001:db8:2"], ["2001:db8:2::/121"]), (["-n", "blue", "lookup", ""],
                                                    ["192.0.2.9", "2001:db8::9"]),
    (["prefix", "del", ""], ["2001:db8:64::/96"]),
    (["xdp", ""], ["add", "del", "list"]), (["xdp", "add", "l"], ["lo"]),
    (["xdp", "add", "eth0", ""], ["generic"]), (["xdp", "add", "eth0", "generic", ""], []),
    (["xdp", "del", ""], ["eth7", "eth8"]), (["xdp", "list", ""], []),
    (["add", "192.0.2.1", "::1", "prefix", ""], ["2001:db8:64::/96"]),
    (["replace", "203.0.113.10", "2"], ["2001:db8:1::10", "203.0.113.10", "203.0.113.128/25",
                                        "2001:db8:2::/121"])])
def test_completion(shell, words, words_after):
    """Also of addresses that stand in the table."""
    assert complete(shell, *words) == sorted(words_after)


def test_install_module_copies_the_source_for_dkms(tmp_path):
    version = ctl("-V").stdout.split()[1]
    for word in ("install", "uninstall"):
        subprocess.run([TOP / "ctl" / "install-module", word], check=True,
                       env={**os.environ, "DESTDIR": str(tmp_path), "DKMS": "yes"})
        source = tmp_path / "usr/src" / f"nat64-{version}"
        if word == "uninstall":
            assert not source.exists()
            continue
        copied = files(source)
        for file in ("Kbuild", "dkms.conf", "kmod/version.h", "uapi/linux/nat64.h"):
            assert file in copied
        assert not [file for file in copied if re.search(r"\.(o|ko|mod|mod\.c|cmd)$", file)]
