/* SPDX-License-Identifier: GPL-2.0-only */
/* The neighbour of a flow, and its Ethernet header. */
#ifndef _NAT64_NEIGH_H
#define _NAT64_NEIGH_H

#include <linux/if_ether.h>
#include <net/arp.h>
#include <net/ip6_route.h>
#include <net/ndisc.h>
#include <net/neighbour.h>
#include <net/route.h>

#include "flow.h"

/**
 * nat64_neigh_is_known() - whether a packet can be sent to a neighbour at once
 * @neigh: neighbour, or NULL
 *
 * As neigh_output() asks, which has a stale one probed. Only the header of an
 * Ethernet device is cached with this length. Context: RCU read lock, softirq.
 */
static __always_inline bool nat64_neigh_is_known(struct neighbour *neigh)
{
	u8 state;

	if (unlikely(!neigh))
		return false;
	state = READ_ONCE(neigh->nud_state);
	if (unlikely(!(state & NUD_VALID) ||
		     READ_ONCE(neigh->hh.hh_len) != ETH_HLEN))
		return false;
	if (unlikely(!(state & NUD_CONNECTED)))
		neigh_event_send(neigh, NULL);
	return true;
}

/**
 * nat64_neigh_find6() - find the neighbour that an IPv6 packet is sent to
 * @flow: its flow, from IPv4 to IPv6
 *
 * Context: RCU read lock, softirq. Return: the neighbour, or NULL.
 */
static __always_inline struct neighbour *
nat64_neigh_find6(const struct nat64_flow *flow)
{
	const struct rt6_info *rt = (const struct rt6_info *)flow->dst;

	return __ipv6_neigh_lookup_noref(flow->dst->dev,
					 rt6_nexthop(rt, &flow->a.dst6));
}

/**
 * nat64_neigh_find4() - find the neighbour that an IPv4 packet is sent to
 * @flow: its flow, from IPv6 to IPv4
 *
 * Context: RCU read lock, softirq. Return: the neighbour, of either family, or NULL.
 */
static __always_inline struct neighbour *
nat64_neigh_find4(const struct nat64_flow *flow)
{
	const struct rtable *rt = container_of(flow->dst, struct rtable, dst);

	if (likely(rt->rt_gw_family == AF_INET))
		return __ipv4_neigh_lookup_noref(rt->dst.dev,
						 (__force u32)rt->rt_gw4);
	if (rt->rt_gw_family == AF_INET6)
		return __ipv6_neigh_lookup_noref(rt->dst.dev, &rt->rt_gw6);
	return __ipv4_neigh_lookup_noref(rt->dst.dev,
					 (__force u32)flow->a.dst4);
}

/**
 * nat64_neigh_write_ether() - put the Ethernet header of a neighbour in front
 * @at: network header; 16 bytes in front of it are written, as neigh_hh_output()
 *	does, of which the first 2 are padding
 * @neigh: neighbour that nat64_neigh_is_known()
 * @protocol: ETH_P_IP or ETH_P_IPV6; a route of the one may lead to a neighbour of
 *	the other
 */
static __always_inline void
nat64_neigh_write_ether(void *at, const struct neighbour *neigh, u16 protocol)
{
	const struct hh_cache *hh = &neigh->hh;
	struct ethhdr *eth = at - ETH_HLEN;
	unsigned int seq;

	do {
		seq = read_seqbegin(&hh->hh_lock);
		memcpy(at - HH_DATA_MOD, hh->hh_data, HH_DATA_MOD);
	} while (read_seqretry(&hh->hh_lock, seq));
	eth->h_proto = htons(protocol);
}

#endif /* _NAT64_NEIGH_H */
