# SPDX-License-Identifier: GPL-2.0-only
"""The addresses of the benchmark, its frames and the configurations of the translators.

Mapped hosts are numbered from 0 in both families. Servers of the IPv4 Internet
are all of 198.51.100.0/24, for the IPv6 hosts inside of PREFIX.
"""

import ipaddress
import json
import random
import sys
from pathlib import Path

import rows

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "netns"))
from packet import icmp4, icmp6, ip4, ip6, udp  # noqa: E402

PREFIX = "2001:db8:100::/96"
MAPPED4 = int(ipaddress.ip_address("10.64.0.0"))
MAPPED6 = int(ipaddress.ip_address("2001:db8:1::"))
SERVERS4 = int(ipaddress.ip_address("198.51.100.0"))
SERVERS6 = int(ipaddress.ip_address("2001:db8:100::c633:6400"))
OTHERS4 = int(ipaddress.ip_address("192.0.2.0"))
OTHERS6 = int(ipaddress.ip_address("2001:db8:200::"))

MAC_GATEWAY, MAC_FAR = "02:00:00:00:00:01", "02:00:00:00:00:02"
ETHERNET = 14


def host4(number):
    return str(ipaddress.IPv4Address(MAPPED4 + number))


def host6(number):
    """256 hosts in each /64."""
    return str(ipaddress.IPv6Address(MAPPED6 + ((number >> 8) << 64) + 0x10 + (number & 255)))


def at4(base, offset):
    return str(ipaddress.IPv4Address(base + offset))


def at6(base, offset):
    return str(ipaddress.IPv6Address(base + offset))


def datagram(size, headers, ports):
    return udp(*ports, b"\x5a" * (int(size) - ETHERNET - headers - 8))


def packet4(shape, host, far, ports):
    """From a server, or from a router on the way to one, to a mapped host."""
    server, host = at4(SERVERS4, far), host4(host)
    if shape == "icmp":
        quote = ip4(host, server, datagram(100, 20, ports), df=True, ttl=60)
        return ip4(at4(SERVERS4, 1), host, icmp4(3, 1, 0, quote))
    if shape == "other":
        return ip4(server, at4(OTHERS4, far), datagram(100, 20, ports), df=True)
    if shape == "split":
        return ip4(server, host, datagram(1400, 20, ports), id=far + 1)
    return ip4(server, host, datagram(shape, 20, ports), df=True)


def packet6(shape, host, far, ports):
    """From a mapped host, or from a router before it, to a server."""
    server, host = at6(SERVERS6, far), host6(host)
    if shape == "icmp":
        quote = ip6(server, host, datagram(100, 40, ports), hlim=60)
        return ip6(host, server, icmp6(1, 3, 0, quote))
    if shape == "other":
        return ip6(host, at6(OTHERS6, far), datagram(100, 40, ports))
    return ip6(host, server, datagram(shape, 40, ports))


def frames(row):
    """The same frames every time, spread over all mappings; of live ones a pair for each."""
    spread = random.Random(f"{row.family} {row.packets} {row.mappings}")
    ethertype = b"\x08\x00" if row.family == 4 else b"\x86\xdd"
    macs = bytes.fromhex((MAC_GATEWAY + MAC_FAR).replace(":", ""))
    make = packet4 if row.family == 4 else packet6
    for n in range(row.mappings if row.is_live else rows.FRAMES):
        ports = spread.randrange(1024, 65536), spread.randrange(1024, 65536)
        host, far = ((n, 2 + n % 253) if row.is_live else
                     (spread.randrange(row.mappings), spread.randrange(2, 255)))
        yield macs + ethertype + make(row.packets, host, far, ports)


def write_frames(path, row):
    with open(path, "wb") as file:
        for frame in frames(row):
            file.write(len(frame).to_bytes(2, "big") + frame)


def write_nat64(path, mappings):
    with open(path, "w") as file:
        file.write(f"prefix add {PREFIX}\n")
        file.writelines(f"add {host4(n)} {host6(n)}\n" for n in range(mappings))


def write_jool(path, mappings):
    table = [{"ipv6 prefix": host6(n) + "/128", "ipv4 prefix": host4(n) + "/32"}
             for n in range(mappings)]
    path.write_text(json.dumps({"instance": "bench", "framework": "netfilter",
                                "global": {"pool6": PREFIX}, "eamt": table}))


def write_tayga(path, mappings):
    lines = ["tun-device siit", "ipv4-addr 192.0.2.1", "ipv6-addr 2001:db8:ffff::2",
             f"prefix {PREFIX}"]
    path.write_text("\n".join(lines + [f"map {host4(n)} {host6(n)}"
                                       for n in range(mappings)]) + "\n")


TABLES = {"nat64": write_nat64, "jool": write_jool, "tayga": write_tayga}
