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

#include <linux/hash.h>
#include <linux/in6.h>
#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <linux/types.h>
#include <net/dst.h>
#include <net/inet_ecn.h>
#include <net/ipv6.h>

struct nat64_net;

/* Kinds of keys: a family, and what else may decide there. */
#define NAT64_DST_KIND6		1
#define NAT64_DST_KIND4(tos)	(2 | ((tos) & ~INET_ECN_MASK) << 8)

/**
 * struct nat64_cached_dst - a route that a packet took
 * @addr: destination; that of IPv4 is in its last word
 * @kind: NAT64_DST_KIND6 or NAT64_DST_KIND4(); 0: unused
 * @cookie: with which an IPv6 route tells whether it is still valid
 * @dst: the route, of which this holds a reference
 */
struct nat64_cached_dst {
	struct in6_addr		addr;
	u32			kind;
	u32			cookie;
	struct dst_entry	*dst;
};

/**
 * struct nat64_dst_slots - the routes that packets of one CPU took last
 * @bits: logarithm of the number of pairs
 * @evictions: routes that made room for others since this has that size
 * @pair: by a hash of the destination; the newer one comes first
 */
struct nat64_dst_slots {
	unsigned int		bits;
	unsigned int		evictions;
	struct nat64_cached_dst	pair[][2];
};

/**
 * struct nat64_dst_cache - the cache of a network namespace, on one CPU
 * @slots: NULL until the CPU handles a packet; only its softirqs read or write
 *	them, until the cache is freed
 */
struct nat64_dst_cache {
	struct nat64_dst_slots	*slots;
};

void nat64_dst_cache_forget(struct nat64_cached_dst *entry);
void nat64_dst_cache_set(const struct nat64_net *nn,
			 const struct in6_addr *addr, u32 kind,
			 struct dst_entry *dst, u32 cookie);
void nat64_dst_cache_update(struct nat64_net *nn, bool wanted);
void nat64_dst_cache_exit(struct nat64_net *nn);

/**
 * nat64_dst_cache_slots() - the slots of this CPU
 * @cache: nat64_net.dst_cache
 *
 * A packet that is handled in process context may change the CPU, and so may
 * any with a real-time kernel: for these there are none.
 *
 * Return: where they are, or NULL.
 */
static __always_inline struct nat64_dst_slots **
nat64_dst_cache_slots(struct nat64_dst_cache __percpu *cache)
{
	if (unlikely(!cache) || !in_softirq() || IS_ENABLED(CONFIG_PREEMPT_RT))
		return NULL;
	return &this_cpu_ptr(cache)->slots;
}

/**
 * nat64_dst_cache_pair() - the two places where a route may be
 * @slots: of this CPU
 * @addr: as in nat64_dst_cache_get()
 * @kind: as in nat64_dst_cache_get()
 *
 * Subnets and hosts are both numbered from 1: neither may hide the other.
 */
static __always_inline struct nat64_cached_dst *
nat64_dst_cache_pair(struct nat64_dst_slots *slots,
		     const struct in6_addr *addr, u32 kind)
{
	const u32 *word = (__force const u32 *)addr->s6_addr32;
	u64 subnet = (u64)word[0] << 32 | word[1];
	u64 host = (u64)word[2] << 32 | word[3];
	u64 key = subnet * GOLDEN_RATIO_64 + host + kind;

	return slots->pair[hash_64(key, slots->bits)];
}

static __always_inline bool
nat64_cached_dst_is(const struct nat64_cached_dst *entry,
		    const struct in6_addr *addr, u32 kind)
{
	return entry->kind == kind && ipv6_addr_equal(&entry->addr, addr);
}

/* A carrier that is lost may count as a lost route, which the route misses. */
static __always_inline struct dst_entry *
nat64_cached_dst_check(struct nat64_cached_dst *entry)
{
	if (likely(dst_check(entry->dst, entry->cookie) &&
		   netif_carrier_ok(entry->dst->dev)))
		return entry->dst;
	nat64_dst_cache_forget(entry);
	return NULL;
}

/**
 * nat64_dst_cache_get() - find a cached route
 * @cache: nat64_net.dst_cache
 * @addr: destination; that of IPv4 in its last word, all others zero
 * @kind: NAT64_DST_KIND6 or NAT64_DST_KIND4()
 *
 * Context: RCU read lock, under which the route lives.
 *
 * Return: the route, NULL when none is cached that is still valid.
 */
static __always_inline struct dst_entry *
nat64_dst_cache_get(struct nat64_dst_cache __percpu *cache,
		    const struct in6_addr *addr, u32 kind)
{
	struct nat64_dst_slots **slots = nat64_dst_cache_slots(cache);
	struct nat64_cached_dst *entry;

	if (unlikely(!slots || !*slots))
		return NULL;
	entry = nat64_dst_cache_pair(*slots, addr, kind);
	if (likely(nat64_cached_dst_is(entry, addr, kind)))
		return nat64_cached_dst_check(entry);
	entry++;
	if (!nat64_cached_dst_is(entry, addr, kind))
		return NULL;
	return nat64_cached_dst_check(entry);
}

#endif /* _NAT64_DST_CACHE_H */
