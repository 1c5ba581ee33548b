# SPDX-License-Identifier: GPL-2.0
"""Fixtures: the namespaces once, the module once, the configuration before each test."""

import os

import lib
import pytest


def pytest_configure(config):
    config.addinivalue_line("markers", "configuration(text): what the gateway is given instead "
                                       "of, or with more=True beside, the usual configuration")


@pytest.fixture(scope="session", autouse=True)
def one_processor():
    """Keeps this process on one processor, so that packets stay in their order."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


@pytest.fixture(scope="session")
def namespaces():
    topology = lib.build_topology()
    yield topology
    topology.delete()


@pytest.fixture(scope="session")
def module():
    """The module, loaded; at the end it must go, and nothing of it may stay."""
    if lib.module_loaded():
        lib.unload_module()
    lib.load_module()
    yield
    if lib.module_loaded():
        lib.unload_module()
    assert not lib.module_loaded()


@pytest.fixture
def net(request, module, namespaces):
    """The three namespaces, with the test's configuration in the gateway."""
    mark = request.node.get_closest_marker("configuration")
    text = lib.CONFIG
    if mark:
        text = (text if mark.kwargs.get("more") else "") + "\n".join(mark.args) + "\n"
    namespaces.gateway.configure(text)
    return namespaces


@pytest.fixture
def gateway(net):
    return net.gateway


@pytest.fixture
def wire(net):
    return net.wire


@pytest.fixture
def expect(wire):
    return wire.expect


@pytest.fixture
def expect_silence(wire):
    return wire.expect_silence


@pytest.fixture
def configure(net):
    """Changes the configuration in the middle of a test: more lines after the usual ones."""
    return lambda *lines: net.gateway.configure(lib.CONFIG + "\n".join(lines) + "\n")
