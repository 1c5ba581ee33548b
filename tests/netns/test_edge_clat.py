# SPDX-License-Identifier: GPL-2.0-only
"""What a phone does in an IPv6-only network: it learns the prefix from the network's DNS64
(RFC 7050), and runs a CLAT with it for programs that know only IPv4 (RFC 6877)."""

import contextlib
import http.server
import re
import socket
import socketserver
import struct
import threading
from ipaddress import IPv4Address, IPv6Address, IPv6Network

import pytest
import util
from model_addr import embed, extract
from test_edge_guide import FACE, PUBLIC, nat64_edge, plug, provider_of
from util import CTL

LITERAL, OWN6, OWN4, RESOLVER = "8.8.8.8", "2001:db8:cafe::10", "203.0.113.16", "2001:db8:cafe::1"
# RFC 7050 8.2: addresses that ipv4only.arpa has, and nobody else.
WELL_KNOWN = [IPv4Address("192.0.0.170"), IPv4Address("192.0.0.171")]

ZONE = {"ipv4only.arpa": WELL_KNOWN, "www.example": [IPv4Address(LITERAL)]}
A, AAAA = 1, 28


class DNS64(socketserver.BaseRequestHandler):
    """Answers for names that have IPv4 addresses only, as RFC 6147 has it.

    tests/cluster has a true one, which takes longer to start than all of this test.
    """

    def handle(self):
        query, endpoint = self.request
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
            at += 1 + query[at]
        kind = int.from_bytes(query[at + 1:at + 3], "big")
        found = ZONE.get(".".join(labels))
        addresses = {A: found, AAAA: [embed(self.server.prefix, a) for a in found or ()]}.get(kind)
        head = query[:2] + struct.pack("!5H", 0x8180 + 3 * (found is None), 1, len(addresses or ()), 0, 0)
        records = [b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(a.packed)) + a.packed
                   for a in addresses or ()]
        endpoint.sendto(head + query[12:at + 5] + b"".join(records), self.client_address)


class Resolver(socketserver.UDPServer):
    address_family = socket.AF_INET6


class Server(http.server.BaseHTTPRequestHandler):
    """Says by which address it knows its client."""

    def do_GET(self):
        answer = self.client_address[0].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(server):
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(params=["2001:db8:64::/96", "2001:db8:64:46::/64", "64:ff9b::/96"])
def prefix(request):
    return request.param


@pytest.fixture
def provider(module, prefix):
    """It has a web server of the IPv4 Internet in it, and a DNS64."""
    util.need("curl", "getent", "unshare")
    with provider_of(f"prefix add {prefix}", f"add {OWN4} {OWN6}") as provider:
        provider.ip(f"addr add {LITERAL}/32 dev lo", "route add unreachable 192.0.0.0/24")
        with provider:
            web, resolver = (socketserver.ThreadingTCPServer((LITERAL, 80), Server),
                             Resolver((RESOLVER, 53), DNS64))
        resolver.prefix = prefix
        with serving(web), serving(resolver):
            yield provider


class Phone:
    """An IPv6-only host that asks the network's resolver."""

    def __init__(self, host, directory):
        self.host, self.conf = host, directory / "resolv.conf"
        self.conf.write_text(f"nameserver {RESOLVER}\noptions timeout:2\n")

    def run(self, *command):
        """Runs a program that finds names there."""
        return self.host.run("unshare", "-m", "sh", "-c",
                             'mount --bind "$0" /etc/resolv.conf && exec "$@"', self.conf,
                             *command, check=False)

    def get(self, host):
        """By which address a web server knows it; or curl's exit status."""
        done = self.run("curl", "-sS", "--noproxy", "*", "--max-time", "5", f"http://{host}/")
        return done.stdout or done.returncode

    def discover(self):
        """RFC 7050 section 3: the prefix by which ipv4only.arpa has IPv6 addresses."""
        said = self.run("getent", "ahostsv6", "ipv4only.arpa").stdout
        found = {IPv6Network((six, length), strict=False)
                 for six in map(IPv6Address, re.findall(r"^(\S+) +STREAM", said, re.MULTILINE))
                 for length in (32, 40, 48, 56, 64, 96)
                 if extract(IPv6Network((six, length), strict=False), six) in WELL_KNOWN}
        assert len(found) == 1, said
        return str(found.pop())


@pytest.fixture
def phone(provider, tmp_path):
    host = plug(provider, "edge-phone", OWN6)
    yield Phone(host, tmp_path)
    host.delete()


@pytest.fixture
def clat(phone, prefix):
    """The phone, after it has found the prefix and begun to translate."""
    assert phone.discover() == prefix
    phone.host.run(CTL, "load", "-", input=f"prefix add {prefix}\nadd {PUBLIC} {FACE} edge\n")
    nat64_edge(phone.host, "up", FACE="local")
    return phone


def test_ipv4_literals_and_names(clat, prefix):
    """A literal goes by the CLAT; a name, and a literal that the program itself puts into the
    prefix, go past it."""
    assert clat.get(LITERAL) == PUBLIC
    assert clat.get("www.example") == OWN4
    assert clat.get(f"[{embed(prefix, LITERAL)}]") == OWN4


def test_the_well_known_addresses_are_nobody_s(clat, prefix):
    """RFC 7050: they are for finding the prefix. RFC 6052 3.1 has the Well-Known Prefix not
    carry them; in others, no route of the IPv4 Internet leads there."""
    cannot_connect = 7
    for address in WELL_KNOWN:
        assert clat.get(address) == cannot_connect
        assert clat.get(f"[{embed(prefix, address)}]") == cannot_connect
    said = clat.host.run(CTL, "explain", "4", PUBLIC, WELL_KNOWN[0], "tcp").stdout
    assert ("refused: wkp_not_global" in said) == prefix.startswith("64:")


def test_without_a_clat_programs_that_know_only_ipv4_are_alone(phone):
    assert phone.get(LITERAL) == 7
    assert phone.get("www.example") == OWN4
