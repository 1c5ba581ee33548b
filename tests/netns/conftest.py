# SPDX-License-Identifier: GPL-2.0-only
"""Fixtures: the namespaces once, the module once, the configuration before each test."""

import json
import os
from pathlib import Path

import kmemleak
import kmod
import modelled
import pytest
from addresses import CONFIG
from doctoring import examine
from topology import build_topology
from util import FIGURES, choose_forwarding, eventually

PENDING = Path(__file__).with_name("pending.txt")


def pytest_addoption(parser):
    parser.addoption("--against", choices=("kernel", "model"), default="kernel",
                     help="what the expectations are held against: nat64 in a gateway, or "
                          "the model of it, which needs neither root nor a module")


def pytest_configure(config):
    config.addinivalue_line("markers", "configuration(text): what the gateway is given instead "
                                       "of, or with more=True beside, the usual configuration")
    config.addinivalue_line("markers", "as_configured: NAT64_FORWARDING changes nothing; what chains see, "
                                       "what is counted, or how often it is sent, is the test")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    choose_forwarding(item.get_closest_marker("as_configured"))


def pytest_collection_modifyitems(items):
    """
    Tests that pending.txt names are known to fail, and must: a line is why, a tab, the test.
    Behind a question mark nobody has seen yet whether they still do.
    """
    if not PENDING.exists():
        return
    lines = [line.split("\t") for line in PENDING.read_text().splitlines() if line]
    reasons = {test: why for why, test in lines}
    for item in items:
        why = reasons.get(item.nodeid.rpartition("/")[2])
        if why:
            item.add_marker(pytest.mark.xfail(strict=not why.endswith("?"), reason=why))


def pytest_terminal_summary(terminalreporter):
    for what, count in FIGURES.items():
        terminalreporter.write_line(f"{count} {what}")


@pytest.fixture(scope="session", autouse=True)
def one_processor():
    """Keeps this process on one processor, so that packets stay in their order."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


@pytest.fixture(scope="session")
def namespaces(request):
    if request.config.getoption("against") == "model":
        pytest.skip("needs the kernel")
    topology = build_topology()
    yield topology
    topology.delete()


@pytest.fixture(scope="session")
def module():
    """The module, loaded; at the end it must go, and nothing of it may stay."""
    if kmod.module_loaded():
        kmod.unload_module()
    kmod.load_module()
    yield
    if kmod.module_loaded():  # XDP programs go some time after their namespace
        eventually(lambda: kmod.unload_module(check=False), "nobody holds the module")
    assert not kmod.module_loaded()
    assert kmemleak.lockdep_is_alive()


@pytest.fixture
def text(request):
    """The configuration of a test, as nat64ctl load reads it."""
    mark = request.node.get_closest_marker("configuration")
    if not mark:
        return CONFIG
    return (CONFIG if mark.kwargs.get("more") else "") + "\n".join(mark.args) + "\n"


@pytest.fixture
def net(request, text):
    """The three namespaces with the test's configuration in the gateway, or the model of them."""
    if request.config.getoption("against") == "model":
        yield modelled.Net(text)
        return
    request.getfixturevalue("module")
    net = request.getfixturevalue("namespaces")
    net.configure(text)
    yield net


@pytest.fixture
def real(request):
    """For a test that needs more than packets: it says nothing about the model."""
    if request.config.getoption("against") == "model":
        pytest.skip("needs the kernel")
    return request.getfixturevalue("net")


@pytest.fixture
def gateway(real):
    return real.gateway


@pytest.fixture
def ctl(gateway):
    """Runs nat64ctl and returns what it printed; fails unless it succeeds without a word."""
    def run(*words, **how):
        __tracebackhide__ = True
        done = gateway.ctl(*" ".join(map(str, words)).split(), **how)
        assert done.stderr == ""
        return done.stdout
    return run


@pytest.fixture
def refused(gateway):
    """Runs nat64ctl, which must be refused with these words and change nothing."""
    def run(words, error, status=2, place="nat64ctl", **how):
        __tracebackhide__ = True
        def state():
            return gateway.show("-b", "-", input="save\nstatus\n")
        before = state()
        done = gateway.ctl(*words.split(), check=False, **how)
        assert (done.stderr, done.returncode, done.stdout) == (f"{place}: {error}\n", status, "")
        assert state() == before
    return run


@pytest.fixture
def asked(ctl):
    """What nat64ctl prints as JSON, without the version of the schema."""
    def run(*words):
        answer = json.loads(ctl("-j", *words))
        assert answer.pop("schema") == 1
        return answer
    return run


@pytest.fixture
def healthy(gateway):
    """The gateway, of which nothing is to be said before and after."""
    gateway.ctl("stats", "reset")
    assert examine(gateway) == ([], 0)
    yield gateway
    assert examine(gateway) == ([], 0)
    gateway.loaded = None


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
    return lambda *lines: net.configure(CONFIG + "\n".join(lines) + "\n")


@pytest.fixture
def filters(gateway):
    """Loads chains into a table; they go with the test."""
    tables = []

    def load(*chains):
        tables.append(f"test{len(tables)}")
        gateway.run("nft", "-f", "-", input="\n".join(
            [f"table inet {tables[-1]} {{", *chains, "}"]) + "\n")

    yield load
    gateway.run("nft", "flush", "ruleset")
