/* SPDX-License-Identifier: GPL-2.0-only */
/* What decides on a route beside the addresses: ports, ICMP types. */
#ifndef _NAT64_ROUTE_UPPER_H
#define _NAT64_ROUTE_UPPER_H

#include <net/flow.h>

#include "pkt.h"

void nat64_route_set_upper(const struct nat64_pkt *p, union flowi_uli *uli);
u8 nat64_route_quoted_flow(const struct nat64_pkt *p, struct nat64_addrs *a,
			   union flowi_uli *uli);

#endif /* _NAT64_ROUTE_UPPER_H */
