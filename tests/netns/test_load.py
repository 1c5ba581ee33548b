# SPDX-License-Identifier: GPL-2.0
"""Loading and unloading the module."""

from pathlib import Path

import lib
import pytest
from lib import HOST4, HOST6, SERVER4, SERVER6
from packet import ANY, ip4, ip6, udp

pytestmark = pytest.mark.usefixtures("real")


def families():
    return lib.run("genl", "ctrl", "list").stdout


def test_what_unloading_leaves_behind(real):
    """Nothing: whatever is configured, and in how many namespaces."""
    lib.need("genl")
    for namespace in (real.v6, real.v4):
        namespace.run(lib.CTL, "load", "-", input=lib.CONFIG)
    real.wire.expect(ip6(HOST6, SERVER6, udp(1, 2)),
                     ip4(HOST4, SERVER4, udp(1, 2), ttl=63, id=ANY))
    assert "Name: nat64" in families()

    lib.unload_module()
    real.gateway.loaded = None
    assert not lib.module_loaded()
    assert "Name: nat64" not in families()
    assert "nat64" not in Path("/proc/modules").read_text()
    real.wire.expect(ip4(SERVER4, HOST4, udp(1, 2)), ip4(SERVER4, HOST4, udp(1, 2), ttl=63))
    refused = real.gateway.run(lib.CTL, "status", check=False)
    assert refused.returncode == 3 and "modprobe nat64" in refused.stderr

    lib.load_module()
    assert lib.state(real.gateway) == "off"
    real.gateway.configure(lib.CONFIG)
    real.wire.expect(ip6(HOST6, SERVER6, udp(1, 2)),
                     ip4(HOST4, SERVER4, udp(1, 2), ttl=63, id=ANY))


@lib.hooks_can_be_listed
def test_unloading_leaves_no_hooks(real):
    lib.unload_module()
    assert not lib.hooks(real.gateway)
    lib.load_module()
    real.gateway.loaded = None


def test_unloading_again_and_again(real):
    for _ in range(5):
        lib.unload_module()
        lib.load_module()
        real.gateway.loaded = None
    real.gateway.configure(lib.CONFIG)


def test_a_namespace_dies_with_its_configuration(real):
    for n in range(3):
        dying = lib.Namespace(f"nat64-dying{n}")
        dying.run(lib.CTL, "load", "-", input=lib.CONFIG)
        dying.delete()
    real.wire.expect(ip6(HOST6, SERVER6, udp(1, 2)),
                     ip4(HOST4, SERVER4, udp(1, 2), ttl=63, id=ANY))
