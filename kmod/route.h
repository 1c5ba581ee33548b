/* SPDX-License-Identifier: GPL-2.0 */
/* The way of a packet: routes, their MTU, and the gateway's own addresses. */
#ifndef _NAT64_ROUTE_H
#define _NAT64_ROUTE_H

#include <linux/types.h>
#include <net/ip6_route.h>
#include <net/route.h>

#include "pkt.h"

enum nat64_counter nat64_route6(struct nat64_pkt *p);
enum nat64_counter nat64_route4(struct nat64_pkt *p);
void nat64_route_put(struct nat64_pkt *p);
unsigned int nat64_route6_mtu(const struct nat64_pkt *p,
			      const struct in6_addr *daddr);
unsigned int nat64_route4_mtu(const struct nat64_pkt *p, __be32 daddr);
__be32 nat64_route4_source(const struct nat64_pkt *p, __be32 daddr);
bool nat64_route6_source(const struct nat64_pkt *p,
			 const struct in6_addr *daddr, struct in6_addr *saddr);

struct nat64_ways __percpu *nat64_ways_alloc(void);
void nat64_ways_free(struct nat64_ways __percpu *ways);

/**
 * nat64_dst_is_local6() - whether packets on this way are the gateway's own
 * @dst: IPv6 route
 *
 * Return: true or false.
 */
static inline bool nat64_dst_is_local6(const struct dst_entry *dst)
{
	const struct rt6_info *rt = (const struct rt6_info *)dst;

	return rt->rt6i_flags & (RTF_LOCAL | RTF_ANYCAST);
}

/**
 * nat64_dst_is_local4() - whether packets on this way are the gateway's own
 * @dst: IPv4 route
 *
 * Return: true or false.
 */
static inline bool nat64_dst_is_local4(const struct dst_entry *dst)
{
	const struct rtable *rt = container_of(dst, struct rtable, dst);

	return rt->rt_flags & RTCF_LOCAL;
}

#endif /* _NAT64_ROUTE_H */
