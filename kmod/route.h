/* SPDX-License-Identifier: GPL-2.0-only */
/* Routes of translated packets, their MTU, and the gateway's own addresses. */
#ifndef _NAT64_ROUTE_H
#define _NAT64_ROUTE_H

#include <linux/types.h>
#include <net/ip6_route.h>
#include <net/route.h>

#include "compat/xfrm.h"
#include "pkt.h"

enum nat64_counter nat64_route6(struct nat64_pkt *p);
enum nat64_counter nat64_route4(struct nat64_pkt *p);
struct rtable *nat64_route4_by_rules(const struct nat64_pkt *p,
				     const struct flowi4 *fl4);
void nat64_route_put(struct nat64_pkt *p);
bool nat64_route_check_policy(const struct nat64_pkt *p);
unsigned int nat64_route6_mtu(const struct nat64_pkt *p,
			      const struct in6_addr *daddr);
unsigned int nat64_route4_mtu(const struct nat64_pkt *p, __be32 daddr);
__be32 nat64_route4_source(const struct nat64_pkt *p, __be32 daddr);
bool nat64_route6_source(const struct nat64_pkt *p,
			 const struct in6_addr *daddr, struct in6_addr *saddr);

/**
 * nat64_dst_is_local6() - whether packets on this route are the gateway's own
 * @dst: IPv6 route
 */
static inline bool nat64_dst_is_local6(const struct dst_entry *dst)
{
	const struct rt6_info *rt = (const struct rt6_info *)dst;

	return rt->rt6i_flags & (RTF_LOCAL | RTF_ANYCAST);
}

/**
 * nat64_dst_is_local4() - whether packets on this route are the gateway's own
 * @dst: IPv4 route
 */
static inline bool nat64_dst_is_local4(const struct dst_entry *dst)
{
	const struct rtable *rt = container_of(dst, struct rtable, dst);

	return rt->rt_flags & RTCF_LOCAL;
}

/**
 * nat64_route_may_enter() - whether IPsec policies let a packet in
 * @p: packet to be forwarded, as it came
 *
 * As ip_forward() and ip6_forward() ask first of all: what has to come
 * encrypted is not taken in clear. Context: RCU read lock.
 */
static inline bool nat64_route_may_enter(const struct nat64_pkt *p)
{
	if (likely(!nat64_xfrm_has_policy(p->nn->net, XFRM_POLICY_FWD) &&
		   !secpath_exists(p->skb)))
		return true;
	return nat64_route_check_policy(p);
}

#endif /* _NAT64_ROUTE_H */
