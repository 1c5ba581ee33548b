# SPDX-License-Identifier: GPL-2.0-only
"""What the packages for distributions with RPM hold, built by Debian's rpm."""

import re
import shutil
import subprocess

import pytest
from test_words import TOP, ctl

PARTS = ("Kbuild", "CHANGELOG.md", "CONFORMANCE.md", "CONTRIBUTING.md", "LICENSES", "README.md", "SECURITY.md", "ctl",
         "dkms.conf", "docs", "examples", "kmod", "uapi")


def rpm(*words):
    return subprocess.run(["rpm", *map(str, words)], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.split("\n")[:-1]


@pytest.fixture(scope="module")
def version():
    return ctl("-V").stdout.split()[1]


@pytest.fixture(scope="module")
def packages(tmp_path_factory, version):
    """The packages by their names."""
    top = tmp_path_factory.mktemp("rpm")
    source = top / "SOURCES" / f"nat64-{version}.tar.gz"
    source.parent.mkdir()
    (top / "tree" / f"nat64-{version}").mkdir(parents=True)
    for part in PARTS:
        subprocess.run(["cp", "-r", TOP / part, top / "tree" / f"nat64-{version}"], check=True)
    subprocess.run(["make", "-s", "-C", top / "tree" / f"nat64-{version}" / "ctl", "clean"], check=True)
    subprocess.run(["tar", "-czf", source, "-C", top / "tree", f"nat64-{version}"], check=True)
    # Of what is to be installed before, Debian's rpm knows nothing.
    done = subprocess.run(["rpmbuild", "-bb", "--nodeps", "--quiet", f"-D_topdir {top}",
                           TOP / "rpm" / "nat64.spec"], text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    yield {rpm("-qp", "--qf", "%{NAME}\n", path)[0]: path for path in top.glob("RPMS/*/*.rpm")}
    shutil.rmtree(top)


def test_there_is_one_for_dkms_and_one_of_tools(packages, version):
    assert sorted(packages) == ["nat64-dkms", "nat64-tools"]
    for path in packages.values():
        assert rpm("-qp", "--qf", "%{VERSION} %{LICENSE}\n", path) == [f"{version} GPL-2.0-only"]


def test_the_tools_are_where_they_belong(packages):
    listed = rpm("-qpl", packages["nat64-tools"])
    for path in ("/etc/nat64/nat64.conf", "/usr/sbin/nat64ctl", "/usr/bin/nat64ctl-complete",
                 "/usr/lib/systemd/system/nat64.service", "/usr/lib/systemd/system/nat64-xdp@.service",
                 "/usr/share/nat64/nat64ctl.schema.json",
                 "/usr/share/zsh/site-functions/_nat64ctl"):
        assert path in listed
    assert len([path for path in listed if re.search(r"/man\d/nat64[\w.]*\.\d(\.gz)?$", path)]) == 3


def test_an_edited_configuration_stays(packages):
    assert rpm("-qpc", packages["nat64-tools"]) == ["/etc/nat64/nat64.conf"]


def test_dkms_gets_sources_and_nothing_that_was_built(packages, version):
    listed = rpm("-qpl", packages["nat64-dkms"])
    source = f"/usr/src/nat64-{version}"
    for name in ("Kbuild", "dkms.conf", "kmod/Makefile", "kmod/main.c", "kmod/compat/btf.sh", "uapi/linux/nat64.h"):
        assert f"{source}/{name}" in listed
    assert not [path for path in listed if re.search(r"\.(o|ko|mod|cmd)$", path)]
    scripts = "\n".join(rpm("-qp", "--scripts", packages["nat64-dkms"]))
    assert f"dkms add -m nat64 -v {version}" in scripts
    assert f"dkms remove -m nat64 -v {version} --all" in scripts
