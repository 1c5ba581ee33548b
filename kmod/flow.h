/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The flow cache: addresses and routes of recent packets after translation, per
 * CPU.
 *
 * A flow is a pair of addresses before translation. Its entry has those of the
 * other family, the difference of the checksums, and the route. Hairpinned
 * flows are not cached. An entry points to no mapping and no translation
 * prefix, which may be freed at any time. Whatever depends on more than the
 * addresses is evaluated for each packet.
 *
 * A route is cached only if it depends on the destination alone: no policy
 * rules, no routes by source, no multipath. dst_check() tells whether it is
 * still valid, but for IPv6 routes that come to the table local, which decides
 * first. The rest of an entry is valid in one generation: each change of
 * mappings, prefixes and settings begins a new one, and so do those routes.
 *
 * An entry may also be of a destination alone, and have its route: for packets
 * whose flow is not cached, and for ICMP errors, whose addresses depend on what
 * they quote.
 *
 * The hash of a flow selects a bucket of two slots. Where both are in use, in
 * this generation, a flow is admitted if it misses twice in a row. So packets
 * of a million flows cost a lookup more than with no cache, and evict nothing.
 * The cache grows while packets find full buckets, up to 2 MB for each CPU
 * that handles packets, or 8 kB in network namespaces that a user namespace
 * owns.
 */
#ifndef _NAT64_FLOW_H
#define _NAT64_FLOW_H

#include <linux/hash.h>
#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <net/dst.h>
#include <net/inet_ecn.h>
#include <net/ip6_fib.h>
#include <net/ip_fib.h>
#include <net/ipv6.h>

#include "pkt.h"

/* Kinds of entries: flows of a direction, and destinations of a family. */
#define NAT64_FLOW_6TO4		1
#define NAT64_FLOW_4TO6		2
#define NAT64_FLOW_DST4		3
#define NAT64_FLOW_DST6		4

/* IPv4 routes may be by TOS, which is part of the kind. */
#define NAT64_FLOW_KIND(what, tos)	((what) | ((tos) & ~INET_ECN_MASK) << 8)
#define NAT64_FLOW_WHAT(kind)		((kind) & 0xff)

/**
 * struct nat64_flow - an entry; one cache line
 * @a: addresses, those of the direction or the destination are its key
 * @dst: route in the new family, of which this holds a reference
 * @generation: in which it is valid
 * @cookie: with which an IPv6 route tells whether it is still valid
 * @csum: nat64_csum_addrs() of @a
 * @kind: NAT64_FLOW_KIND(), 0: unused
 * @candidate: in the first slot of a bucket: bits of the hash of the last flow
 *	that was not admitted
 */
struct nat64_flow {
	struct nat64_addrs	a;
	struct dst_entry	*dst;
	u32			generation;
	u32			cookie;
	__wsum			csum;
	u16			kind;
	u16			candidate;
};

static_assert(sizeof(struct nat64_flow) <= 64);

/**
 * struct nat64_flows - the flow cache of a network namespace, on one CPU
 * @slots: buckets of two by a hash, the newer entry first; NULL until the CPU
 *	handles a packet
 * @shift: 64 less the logarithm of the number of buckets
 * @pressure: how often packets found a full bucket since the last resize
 *
 * Only softirqs of the CPU read or write this, until it is freed.
 */
struct nat64_flows {
	struct nat64_flow	*slots;
	unsigned int		shift;
	unsigned int		pressure;
};

void nat64_flow_evict(struct nat64_flow *flow);
bool nat64_flow_get_dst(struct nat64_pkt *p, u16 kind);
struct nat64_flow *nat64_flow_admit(const struct nat64_pkt *p, u16 kind);
void nat64_flow_add(struct nat64_flow *flow, const struct nat64_pkt *p, u16 kind);
void nat64_flows_init(struct nat64_net *nn);
void nat64_flows_expire(struct nat64_net *nn);
void nat64_flows_stop(struct nat64_net *nn);
void nat64_flows_update(struct nat64_net *nn, bool wanted);
void nat64_flows_exit(struct nat64_net *nn);

/**
 * nat64_flows() - the cache of this CPU
 * @nn: translator
 *
 * A packet that is handled in process context may change the CPU. With
 * PREEMPT_RT a softirq does not, but another one may preempt it, where the kernel
 * is not built to let one CPU do one after the other, as earlier kernels all did:
 * for all of these there is none.
 *
 * Return: the cache, or NULL.
 */
static __always_inline struct nat64_flows *nat64_flows(const struct nat64_net *nn)
{
	struct nat64_flows __percpu *flows = READ_ONCE(nn->flows);

	if (unlikely(!flows || !in_softirq()) || IS_ENABLED(CONFIG_PREEMPT_RT))
		return NULL;
	return this_cpu_ptr(flows);
}

/* Subnets and hosts are often both numbered from 1: mix one after the other. */
static __always_inline u64 nat64_flow_mix6(u64 hash, const struct in6_addr *addr)
{
	const u32 *word = (__force const u32 *)addr->s6_addr32;
	u64 subnet = (u64)word[0] << 32 | word[1];
	u64 host = (u64)word[2] << 32 | word[3];

	return ((hash + subnet) * GOLDEN_RATIO_64 + host) * GOLDEN_RATIO_64;
}

static __always_inline u64 nat64_flow_mix4(u64 hash, __be32 addr)
{
	return (hash + (__force u32)addr) * GOLDEN_RATIO_64;
}

/**
 * nat64_flow_hash() - hash of a key; the first bits are the best ones
 * @a: addresses
 * @kind: of the key
 */
static __always_inline u64 nat64_flow_hash(const struct nat64_addrs *a, u16 kind)
{
	switch (NAT64_FLOW_WHAT(kind)) {
	case NAT64_FLOW_6TO4:
		return nat64_flow_mix6(nat64_flow_mix6(kind, &a->src6),
				       &a->dst6);
	case NAT64_FLOW_4TO6:
		return nat64_flow_mix4(nat64_flow_mix4(kind, a->src4), a->dst4);
	case NAT64_FLOW_DST4:
		return nat64_flow_mix4(kind, a->dst4);
	}
	return nat64_flow_mix6(kind, &a->dst6);
}

static __always_inline struct nat64_flow *
nat64_flow_bucket(const struct nat64_flows *flows, u64 hash)
{
	return flows->slots + 2 * (hash >> flows->shift);
}

static __always_inline bool nat64_flow_matches(const struct nat64_flow *flow,
					       const struct nat64_addrs *a, u16 kind,
					       u32 generation)
{
	if (flow->kind != kind || flow->generation != generation)
		return false;
	switch (NAT64_FLOW_WHAT(kind)) {
	case NAT64_FLOW_6TO4:
		return ipv6_addr_equal(&flow->a.src6, &a->src6) &&
		       ipv6_addr_equal(&flow->a.dst6, &a->dst6);
	case NAT64_FLOW_4TO6:
		return flow->a.src4 == a->src4 && flow->a.dst4 == a->dst4;
	case NAT64_FLOW_DST4:
		return flow->a.dst4 == a->dst4;
	}
	return ipv6_addr_equal(&flow->a.dst6, &a->dst6);
}

/**
 * nat64_flow_find() - find an entry
 * @p: packet with the addresses that are the key
 * @kind: NAT64_FLOW_KIND()
 *
 * dst_check() misses a lost carrier, which may be a reason to take another
 * route (ignore_routes_with_linkdown).
 *
 * Context: RCU read lock, under which the route lives; this CPU handles no
 * other packet before the entry is used.
 *
 * Return: the entry, NULL when there is none that is valid.
 */
static __always_inline struct nat64_flow *
nat64_flow_find(const struct nat64_pkt *p, u16 kind)
{
	struct nat64_flows *flows = nat64_flows(p->nn);
	struct nat64_flow *flow;

	if (unlikely(!flows || !flows->slots))
		return NULL;
	flow = nat64_flow_bucket(flows, nat64_flow_hash(&p->a, kind));
	if (unlikely(!nat64_flow_matches(flow, &p->a, kind, p->generation)) &&
	    !nat64_flow_matches(++flow, &p->a, kind, p->generation))
		return NULL;
	if (likely(dst_check(flow->dst, flow->cookie) &&
		   netif_carrier_ok(flow->dst->dev)))
		return flow;
	nat64_flow_evict(flow);
	return NULL;
}

/**
 * nat64_flow_start_lookup() - what a lookup asks of a packet beside its addresses
 * @p: packet, of which nothing else need be filled in yet
 * @nn: translator
 * @cfg: configuration that the packet sees
 */
static __always_inline void nat64_flow_start_lookup(struct nat64_pkt *p,
						    struct nat64_net *nn,
						    const struct nat64_config *cfg)
{
	p->nn = nn;
	p->cfg = cfg;
	p->generation = nat64_config_generation(cfg);
}

/**
 * nat64_flow_find64() - find the flow of an IPv6 packet
 * @p: packet with @p->nn, its IPv6 addresses, @p->hdr.tos and @p->generation
 *
 * Policy rules are asked for here as well: the first one makes all cached routes
 * invalid, but not that of a packet which is between its lookup and the cache.
 *
 * Context and return as nat64_flow_find().
 */
static __always_inline struct nat64_flow *
nat64_flow_find64(const struct nat64_pkt *p)
{
	if (unlikely(fib4_has_custom_rules(p->nn->net)))
		return NULL;
	return nat64_flow_find(p, NAT64_FLOW_KIND(NAT64_FLOW_6TO4, p->hdr.tos));
}

/**
 * nat64_flow_find46() - find the flow of an IPv4 packet
 * @p: packet with @p->nn, its IPv4 addresses and @p->generation
 *
 * Context and return as nat64_flow_find().
 */
static __always_inline struct nat64_flow *
nat64_flow_find46(const struct nat64_pkt *p)
{
	if (unlikely(fib6_has_custom_rules(p->nn->net)))
		return NULL;
	return nat64_flow_find(p, NAT64_FLOW_4TO6);
}

/**
 * nat64_flow_use64() - give an IPv6 packet what its flow says
 * @p: packet; gets its IPv4 addresses, @p->csum and @p->dst
 * @flow: nat64_flow_find64() of it
 */
static __always_inline void nat64_flow_use64(struct nat64_pkt *p,
					     const struct nat64_flow *flow)
{
	p->a.src4 = flow->a.src4;
	p->a.dst4 = flow->a.dst4;
	p->csum = flow->csum;
	p->dst = flow->dst;
}

/**
 * nat64_flow_use46() - give an IPv4 packet what its flow says
 * @p: packet; gets its IPv6 addresses, @p->csum and @p->dst
 * @flow: nat64_flow_find46() of it
 */
static __always_inline void nat64_flow_use46(struct nat64_pkt *p,
					     const struct nat64_flow *flow)
{
	p->a.src6 = flow->a.src6;
	p->a.dst6 = flow->a.dst6;
	p->csum = flow->csum;
	p->dst = flow->dst;
}

/**
 * nat64_flow_kind() - the kind of entry that the flow of a packet has
 * @p: packet as it came, with @p->hdr.tos
 */
static inline u16 nat64_flow_kind(const struct nat64_pkt *p)
{
	return p->family == 4 ? NAT64_FLOW_4TO6 :
				NAT64_FLOW_KIND(NAT64_FLOW_6TO4, p->hdr.tos);
}

static __always_inline void nat64_flow_start(struct nat64_pkt *p)
{
	p->dst = NULL;
	p->keep = false;
	p->generation = nat64_config_generation(p->cfg);
}

/* Local packets and ICMP errors are not cached; dry runs look everything up. */
static __always_inline bool nat64_flow_may_find(const struct nat64_pkt *p)
{
	return !(p->local || p->icmp_error || p->dry_run);
}

/**
 * nat64_flow_get64() - look up the flow of an IPv6 packet, and use it
 * @p: packet with its IPv6 addresses; gets the IPv4 ones, @p->csum and @p->dst,
 *	or else @p->keep, if the flow may be kept once all that is found
 *
 * Return: whether the flow was there.
 */
static __always_inline bool nat64_flow_get64(struct nat64_pkt *p)
{
	const struct nat64_flow *flow;

	nat64_flow_start(p);
	if (unlikely(!nat64_flow_may_find(p)))
		return false;
	flow = nat64_flow_find64(p);
	p->keep = !flow;
	if (unlikely(!flow))
		return false;
	nat64_flow_use64(p, flow);
	return true;
}

/**
 * nat64_flow_get46() - look up the flow of an IPv4 packet, and use it
 * @p: packet with its IPv4 addresses; see nat64_flow_get64()
 *
 * Return: whether the flow was there.
 */
static __always_inline bool nat64_flow_get46(struct nat64_pkt *p)
{
	const struct nat64_flow *flow;

	nat64_flow_start(p);
	if (unlikely(!nat64_flow_may_find(p)))
		return false;
	flow = nat64_flow_find46(p);
	p->keep = !flow;
	if (unlikely(!flow))
		return false;
	nat64_flow_use46(p, flow);
	return true;
}

#endif /* _NAT64_FLOW_H */
