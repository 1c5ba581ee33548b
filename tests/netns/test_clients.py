# SPDX-License-Identifier: GPL-2.0-only
"""Programs that people use, between an IPv6-only and an IPv4-only host.

NAT64_CURL_MB=50 makes curl fetch so much through each pair of MTUs.
"""

import contextlib
import hashlib
import json
import os
import re
from pathlib import Path

import pytest
import util
from addresses import GATEWAY4, GATEWAY6, REAL4, REAL4_EMBEDDED, REAL6, REAL6_MAPPED

pytestmark = pytest.mark.usefixtures("real")


@pytest.fixture(autouse=True)
def usual_links(real):
    with real.mtus(far6=1500, far4=1500):
        yield


def sides(real, direction):
    """The client's namespace, the server's, the server's address for the client and its own."""
    return ((real.v6, real.v4, REAL4_EMBEDDED, REAL4) if direction == "6to4" else
            (real.v4, real.v6, REAL6_MAPPED, REAL6))


def forget_mtus(namespace):
    for family in ("-4", "-6"):
        namespace.run("ip", family, "route", "flush", "cache")


DIRECTIONS = pytest.mark.parametrize("direction", ["6to4", "4to6"])


# ping

@DIRECTIONS
def test_ping(real, direction):
    client, _, address, _ = sides(real, direction)
    said = client.run("ping", "-n", "-c", 3, "-i", 0.01, "-W", 5, address).stdout
    assert "3 received" in said and " ttl=63 " in said


@DIRECTIONS
@pytest.mark.parametrize("df", ["do", "dont"])
def test_ping_with_sizes_about_the_limits(real, direction, df):
    """The data of 1240, 1260, 1280 and 1480 octets of packet."""
    client, _, address, _ = sides(real, direction)
    header = 48 if direction == "6to4" else 28
    for size in (1240, 1260, 1261, 1280, 1281, 1480):
        said = client.run("ping", "-n", "-c", 1, "-W", 5, "-M", df, "-s", size - header, address)
        assert "1 received" in said.stdout, size


def test_ping_that_does_not_fit_learns_the_mtu(real):
    with real.mtus(to6=1280, far6=1280):
        said = real.v4.run("ping", "-n", "-c", 1, "-W", 1, "-M", "do", "-s", 1400, REAL6_MAPPED,
                           check=False)
        assert "mtu = 1260" in said.stdout + said.stderr
        said = real.v4.run("ping", "-n", "-c", 1, "-W", 5, "-M", "do", "-s", 1232, REAL6_MAPPED)
        assert "1 received" in said.stdout
    forget_mtus(real.v4)
    with real.mtus(to4=1300, far4=1300):
        said = real.v6.run("ping", "-n", "-c", 1, "-W", 1, "-M", "do", "-s", 1400, REAL4_EMBEDDED,
                           check=False)
        assert re.search(r"mtu[:=]? ?=? ?1320", said.stdout + said.stderr)
    forget_mtus(real.v6)


# curl and nginx

def wait_for_listener(namespace, port):
    def listens():
        with namespace:
            fields = [line.split() for name in ("tcp", "tcp6")
                      for line in Path(f"/proc/thread-self/net/{name}").read_text().splitlines()]
        return any(f[1].endswith(f":{port:04X}") and f[3] == "0A" for f in fields)

    util.eventually(listens, f"somebody listens on port {port}")


@contextlib.contextmanager
def nginx(namespace, address, root, directory):
    util.need("nginx", "curl")
    listen = f"[{address}]:80" if ":" in address else f"{address}:80"
    config = directory / "nginx.conf"
    config.write_text(f"""
daemon off; master_process off; pid {directory}/nginx.pid; error_log {directory}/error.log;
events {{ }}
http {{
    access_log off; client_body_temp_path {directory}/b; proxy_temp_path {directory}/p;
    fastcgi_temp_path {directory}/f; uwsgi_temp_path {directory}/u; scgi_temp_path {directory}/s;
    server {{ listen {listen}; root {root}; }}
}}
""")
    with namespace.start("nginx", "-c", config, "-e", directory / "error.log") as server:
        try:
            wait_for_listener(namespace, 80)
            yield
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    directory = tmp_path_factory.mktemp("page")
    os.chmod(directory, 0o755)
    data = os.urandom(int(os.environ.get("NAT64_CURL_MB", "1")) << 20)
    (directory / "page").write_bytes(data)
    return directory, hashlib.sha256(data).hexdigest()


@pytest.fixture(scope="module")
def servers(namespaces, page, tmp_path_factory):
    """A web server on either side; returns the digest of its page."""
    directory, digest = page
    with nginx(namespaces.v6, REAL6, directory, tmp_path_factory.mktemp("nginx6")), \
            nginx(namespaces.v4, REAL4, directory, tmp_path_factory.mktemp("nginx4")):
        yield digest


def fetch(client, address):
    """The digest of what curl gets."""
    host = f"[{address}]" if ":" in address else address
    return client.run("sh", "-c", f"curl -sSf --max-time 60 'http://{host}/page' | sha256sum"
                      ).stdout.split()[0]


SIZES = (1280, 1400, 1500, 9000)


@DIRECTIONS
@pytest.mark.parametrize("mtu6, mtu4", [(six, four) for six in SIZES for four in SIZES])
def test_curl_fetches_a_page(real, servers, direction, mtu6, mtu4):
    client, _, address, _ = sides(real, direction)
    with real.mtus(to6=mtu6, far6=mtu6, to4=mtu4, far4=mtu4):
        assert fetch(client, address) == servers


@DIRECTIONS
def test_curl_through_a_bottleneck_that_only_the_gateway_sees(real, servers, direction):
    """The server's link is large, the client's small, and its MSS says nothing of it."""
    client, server, address, _ = sides(real, direction)
    small = (dict(to6=1280, far6=1280) if direction == "6to4" else dict(to4=1280, far4=1280))
    back = f"{GATEWAY6}" if direction == "6to4" else f"{GATEWAY4}"
    prefix = "2001:db8:100::/96" if direction == "6to4" else "203.0.113.0/24"
    with real.mtus(**small), client.routes(f"route {prefix} via {back} advmss 1440"):
        assert fetch(client, address) == servers
    forget_mtus(server)


# iperf3

@contextlib.contextmanager
def iperf3_server(namespace):
    util.need("iperf3")
    with namespace.start("iperf3", "-s", "-1", "--forceflush", stdout=-3) as server:
        try:
            wait_for_listener(namespace, 5201)
            yield
        finally:
            server.terminate()


@DIRECTIONS
@pytest.mark.parametrize("reverse", [[], ["-R"]], ids=["up", "down"])
def test_iperf3_tcp(real, direction, reverse):
    client, server, address, _ = sides(real, direction)
    with iperf3_server(server):
        said = json.loads(client.run("iperf3", "-J", "-n", "2M", "-c", address, *reverse).stdout)
    assert said["end"]["sum_sent"]["bytes"] >= 2 << 20
    assert said["end"]["sum_received"]["bytes"] > 0  # the server stops counting early


@DIRECTIONS
@pytest.mark.parametrize("length", [1000, 1440])
def test_iperf3_udp(real, direction, length):
    """Datagrams of 1440 octets without DF are split on the way to IPv6."""
    client, server, address, _ = sides(real, direction)
    with iperf3_server(server):
        said = json.loads(client.run("iperf3", "-J", "-u", "-b", "1M", "-n", "200K", "-l", length,
                                     "-c", address).stdout)
    total = said["end"]["sum"]
    assert total["packets"] >= 200 * 1024 // length
    assert total["lost_packets"] * 5 < total["packets"]  # a slow machine's socket overflows


@pytest.mark.parametrize("how", [["-n", "2M"], ["-u", "-b", "1M", "-n", "200K", "-l", "1440"]],
                         ids=["TCP", "UDP"])
def test_iperf3_without_path_mtu_discovery(real, how):
    """IP_MTU_DISCOVER off: DF is clear, and what does not fit is split."""
    real.gateway.ctl("stats", "reset")
    with real.v4.sysctls(net__ipv4__ip_no_pmtu_disc=1), iperf3_server(real.v6):
        said = json.loads(real.v4.run("iperf3", "-J", "-c", REAL6_MAPPED, *how).stdout)
    assert said["end"]["sum"]["packets"] if "-u" in how else said["end"]["sum_received"]["bytes"]
    stats = dict(line.split() for line in real.gateway.show("stats").splitlines())
    assert int(stats["split_4to6"]) > 100


# traceroute and tracepath show the gateway once, and then the host.

@DIRECTIONS
@pytest.mark.parametrize("how", [["-U"], ["-I"], ["-T"]], ids=["UDP", "ICMP", "TCP"])
def test_traceroute(real, direction, how):
    util.need("traceroute")
    client, _, address, _ = sides(real, direction)
    said = client.run("traceroute", "-n", "-q", 1, "-w", 5, "-N", 1, *how, address).stdout
    hops = [line.split()[:2] for line in said.splitlines()[1:]]
    gateway = GATEWAY6 if direction == "6to4" else GATEWAY4
    assert hops == [["1", gateway], ["2", address]], said


@DIRECTIONS
def test_tracepath(real, direction):
    util.need("tracepath")
    client, _, address, _ = sides(real, direction)
    with real.mtus(to4=1400, far4=1400):
        said = client.run("tracepath", "-n", address).stdout
    gateway, mtu = (GATEWAY6, 1420) if direction == "6to4" else (GATEWAY4, 1400)
    shown = [re.sub(r"\s+", " ", line).strip() for line in said.splitlines()]
    assert any(line.startswith(f"1: {gateway} ") for line in shown), said
    assert any(re.match(rf"2: {re.escape(address)} .*reached", line) for line in shown), said
    assert f"pmtu {mtu} hops 2" in shown[-1], said
    forget_mtus(client)


# The gateway's own programs, setting local.

def test_ping_of_the_gateway_itself(real):
    said = real.gateway.run("ping", "-n", "-c", 2, "-i", 0.01, "-W", 5, REAL6_MAPPED).stdout
    assert "2 received" in said


def test_curl_of_the_gateway_itself(real, servers):
    assert fetch(real.gateway, REAL6_MAPPED) == servers


def test_a_host_reaches_the_gateway_through_the_prefix(real):
    said = real.v6.run("ping", "-n", "-c", 2, "-i", 0.01, "-W", 5, f"2001:db8:100::{GATEWAY4}")
    assert "2 received" in said.stdout


@pytest.mark.configuration("set local off", more=True)
def test_the_gateway_itself_without_local(real):
    said = real.gateway.run("ping", "-n", "-c", 1, "-W", 0.2, REAL6_MAPPED, check=False).stdout
    assert "0 received" in said
