/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cache of the routes that packets took last, per CPU.
 *
 * It holds routes for which nothing but the destination decides: no policy
 * rules, no routes by source, no choice of next hops. Whether a cached route is
 * still valid, the route itself knows: the kernel marks every route that a
 * change of whatever kind concerns.
 */
#ifndef _NAT64_DST_CACHE_H
#define _NAT64_DST_CACHE_H

#include <linux/in6.h>
#include <linux/types.h>
#include <net/dst.h>
#include <net/inet_ecn.h>

struct nat64_dst_cache;
struct nat64_net;

/* Kinds of keys: a family, and what else may decide there. */
#define NAT64_DST_KIND6		1
#define NAT64_DST_KIND4(tos)	(2 | ((tos) & ~INET_ECN_MASK) << 8)

struct dst_entry *nat64_dst_cache_get(const struct nat64_net *nn,
				      const struct in6_addr *addr, u32 kind);
void nat64_dst_cache_set(const struct nat64_net *nn,
			 const struct in6_addr *addr, u32 kind,
			 struct dst_entry *dst, u32 cookie);
void nat64_dst_cache_update(struct nat64_net *nn, bool wanted);
void nat64_dst_cache_exit(struct nat64_net *nn);

#endif /* _NAT64_DST_CACHE_H */
