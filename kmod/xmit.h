/* SPDX-License-Identifier: GPL-2.0 */
/* The way on: route, MTU, and handing a translated packet over. */
#ifndef _NAT64_XMIT_H
#define _NAT64_XMIT_H

#include "xlat.h"

enum nat64_counter nat64_route6(struct nat64_pkt *p);
enum nat64_counter nat64_route4(struct nat64_pkt *p);
void nat64_route_put(struct nat64_pkt *p);
unsigned int nat64_route6_mtu(const struct nat64_pkt *p,
			      const struct in6_addr *daddr);
unsigned int nat64_route4_mtu(const struct nat64_pkt *p, __be32 daddr);
__be32 nat64_route4_source(const struct nat64_pkt *p, __be32 daddr);
bool nat64_route6_source(const struct nat64_pkt *p,
			 const struct in6_addr *daddr, struct in6_addr *saddr);
void nat64_deliver6(struct nat64_pkt *p);
void nat64_deliver4(struct nat64_pkt *p);

#endif /* _NAT64_XMIT_H */
