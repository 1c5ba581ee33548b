# SPDX-License-Identifier: GPL-2.0-only
"""Addresses of the three-namespace topology (topology.py), and the usual configuration."""

PREFIX = "2001:db8:100::/96"

# Two mapped hosts, one that is not mapped, and the gateway, on the IPv6 side.
HOST6, HOST4 = "2001:db8:1::10", "203.0.113.10"
PEER6, PEER4 = "2001:db8:1::20", "203.0.113.20"
STRANGER6 = "2001:db8:1::99"
GATEWAY6 = "2001:db8:1::1"
REAL6, REAL6_MAPPED = "2001:db8:1::80", "203.0.113.80"

# A host of the IPv4 Internet as each side knows it, and the gateway.
SERVER4, SERVER6 = "198.51.100.2", "2001:db8:100::c633:6402"
GATEWAY4 = "198.51.100.1"
REAL4, REAL4_EMBEDDED = "198.51.100.80", "2001:db8:100::c633:6450"

# Where sentinels go, by the side on which they come out; routes to them alone
# keep them native whatever is mapped.
SENTINEL6, SENTINEL4 = "198.18.77.6", "198.18.77.4"

CONFIG = f"""
prefix add {PREFIX}
add {HOST4} {HOST6}
add {PEER4} {PEER6}
add {REAL6_MAPPED} {REAL6}
"""

MAC_TO6, MAC_TO4 = "02:00:00:00:06:01", "02:00:00:00:04:01"
MAC_REAL6, MAC_REAL4 = "02:00:00:00:06:80", "02:00:00:00:04:80"
MAC_FAR6, MAC_FAR4 = "02:00:00:00:06:10", "02:00:00:00:04:02"

# What nat64ctl save prints, with lines of every kind.
WHOLE = """\
set tos 0
set icmp-source4 192.0.2.0/24
set mark 0x10/0xff
prefix add 64:ff9b::/96
prefix add 2001:db8:64::/64 primary
add 198.51.100.0/24 2001:db8:2::/56 prefix 64:ff9b::/96
add 203.0.113.0/24 2001:db8:3::/64
add 203.0.113.10 2001:db8:1::10 force
add 203.0.113.11 64:ff9b::cb00:710b force
"""
