/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses of a packet in the other family: RFC 7915 section 6 with mappings
 * (RFC 7757), translation prefixes (RFC 6052) and the sources of ICMP errors
 * whose sender has neither (RFC 6791).
 */
#ifndef _NAT64_MAP_H
#define _NAT64_MAP_H

#include "pkt.h"

enum nat64_counter nat64_map46(struct nat64_pkt *p);
enum nat64_counter nat64_map64(struct nat64_pkt *p);
bool nat64_map_quoted46(const struct nat64_pkt *p, struct nat64_addrs *a);
bool nat64_map_quoted64(const struct nat64_pkt *p, struct nat64_addrs *a);
void nat64_map_rejected(struct nat64_pkt *p);

#endif /* _NAT64_MAP_H */
