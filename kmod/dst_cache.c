// SPDX-License-Identifier: GPL-2.0
#include "dst_cache.h"

#include <linux/hash.h>
#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "config.h"

/*
 * A CPU that handles packets begins with MIN_BITS and grows by GROWTH_BITS as
 * long as valid routes have to make room for others. What packets make the
 * kernel allocate is charged to nobody, so the namespaces of users stay small.
 */
#define MIN_BITS	4
#define GROWTH_BITS	2
#define MAX_BITS	11
#define MAX_BITS_USERNS	6

/**
 * struct cached_dst - a route that a packet took
 * @addr: destination; that of IPv4 is in its last word
 * @kind: NAT64_DST_KIND6 or NAT64_DST_KIND4(); 0: unused
 * @cookie: with which an IPv6 route tells whether it is still valid
 * @dst: the route, of which this holds a reference
 */
struct cached_dst {
	struct in6_addr		addr;
	u32			kind;
	u32			cookie;
	struct dst_entry	*dst;
};

/**
 * struct dst_slots - the routes that packets of one CPU took last
 * @bits: logarithm of the number of pairs
 * @evictions: routes that made room for others since this has that size
 * @pair: by a hash of the destination; the newer one comes first
 */
struct dst_slots {
	unsigned int		bits;
	unsigned int		evictions;
	struct cached_dst	pair[][2];
};

/**
 * struct nat64_dst_cache - the cache of a network namespace
 * @slots: of each CPU, NULL until it handles a packet; only softirqs of that
 *	CPU read or write them, until the cache is freed
 * @max_bits: bound of dst_slots.bits
 */
struct nat64_dst_cache {
	struct dst_slots * __percpu	*slots;
	unsigned int			max_bits;
};

/*
 * The slots of this CPU, if they may be used here: a packet that is handled in
 * process context may change the CPU, and so may any with a real-time kernel.
 */
static struct dst_slots **find_slots(const struct nat64_dst_cache *cache)
{
	if (!cache || !in_softirq() || IS_ENABLED(CONFIG_PREEMPT_RT))
		return NULL;
	return this_cpu_ptr(cache->slots);
}

/* Subnets and hosts are both numbered from 1: neither may hide the other. */
static struct cached_dst *find_pair(struct dst_slots *slots,
				    const struct in6_addr *addr, u32 kind)
{
	const u32 *word = (__force const u32 *)addr->s6_addr32;
	u64 subnet = (u64)word[0] << 32 | word[1];
	u64 host = (u64)word[2] << 32 | word[3];
	u64 key = subnet * GOLDEN_RATIO_64 + host + kind;

	return slots->pair[hash_64(key, slots->bits)];
}

static void forget_dst(struct cached_dst *entry)
{
	dst_release(entry->dst);
	entry->dst = NULL;
	entry->kind = 0;
}

static bool is_key(const struct cached_dst *entry, const struct in6_addr *addr,
		   u32 kind)
{
	return entry->kind == kind && ipv6_addr_equal(&entry->addr, addr);
}

/* A carrier that is lost may count as a lost route, which the route misses. */
static struct dst_entry *check_dst(struct cached_dst *entry)
{
	if (likely(dst_check(entry->dst, entry->cookie) &&
		   netif_carrier_ok(entry->dst->dev)))
		return entry->dst;
	forget_dst(entry);
	return NULL;
}

/**
 * nat64_dst_cache_get() - find a cached route
 * @nn: translator of the namespace
 * @addr: destination; that of IPv4 in its last word, all others zero
 * @kind: NAT64_DST_KIND6 or NAT64_DST_KIND4()
 *
 * Context: RCU read lock, under which the route lives.
 *
 * Return: the route, NULL when none is cached that is still valid.
 */
struct dst_entry *nat64_dst_cache_get(const struct nat64_net *nn,
				      const struct in6_addr *addr, u32 kind)
{
	struct dst_slots **slots = find_slots(rcu_dereference(nn->dst_cache));
	struct cached_dst *entry;

	if (unlikely(!slots || !*slots))
		return NULL;
	entry = find_pair(*slots, addr, kind);
	if (likely(is_key(entry, addr, kind)))
		return check_dst(entry);
	entry++;
	return is_key(entry, addr, kind) ? check_dst(entry) : NULL;
}

static void free_slots(struct dst_slots *slots)
{
	unsigned int i;

	if (!slots)
		return;
	for (i = 0; i < 2U << slots->bits; i++)
		dst_release(slots->pair[i / 2][i % 2].dst);
	kfree(slots);
}

/* If there is no memory for larger slots, the old ones go on for a while. */
static void resize_slots(struct dst_slots **slots, unsigned int bits)
{
	struct dst_slots *new;

	new = kzalloc(struct_size(new, pair, 1UL << bits),
		      GFP_ATOMIC | __GFP_NOWARN);
	if (!new) {
		if (*slots)
			(*slots)->evictions = 0;
		return;
	}
	new->bits = bits;
	free_slots(*slots);
	*slots = new;
}

/* Makes sure that there are slots, and enough of them. */
static void grow_slots(struct dst_slots **slots, unsigned int max_bits)
{
	struct dst_slots *old = *slots;

	if (!old)
		resize_slots(slots, MIN_BITS);
	else if (unlikely(old->bits < max_bits &&
			  old->evictions >= 1U << old->bits))
		resize_slots(slots, min(old->bits + GROWTH_BITS, max_bits));
}

/**
 * nat64_dst_cache_set() - cache a route
 * @nn: translator of the namespace
 * @addr: as in nat64_dst_cache_get()
 * @kind: as in nat64_dst_cache_get()
 * @dst: route, decided on by the destination alone
 * @cookie: of an IPv6 route, 0 for IPv4
 *
 * Context: RCU read lock.
 */
void nat64_dst_cache_set(const struct nat64_net *nn,
			 const struct in6_addr *addr, u32 kind,
			 struct dst_entry *dst, u32 cookie)
{
	const struct nat64_dst_cache *cache = rcu_dereference(nn->dst_cache);
	struct dst_slots **slots = find_slots(cache);
	struct cached_dst *entry;

	if (!slots)
		return;
	grow_slots(slots, cache->max_bits);
	if (!*slots || !dst_hold_safe(dst))
		return;
	entry = find_pair(*slots, addr, kind);
	if (entry[1].kind)
		(*slots)->evictions++;
	forget_dst(entry + 1);
	entry[1] = entry[0];
	entry->addr = *addr;
	entry->kind = kind;
	entry->cookie = cookie;
	entry->dst = dst;
}

static struct nat64_dst_cache *alloc_cache(const struct nat64_net *nn)
{
	bool is_userns = nn->net->user_ns != &init_user_ns;
	struct nat64_dst_cache *cache;

	cache = kzalloc(sizeof(*cache), GFP_KERNEL_ACCOUNT);
	if (!cache)
		return NULL;
	cache->slots = alloc_percpu_gfp(struct dst_slots *, GFP_KERNEL_ACCOUNT);
	if (!cache->slots) {
		kfree(cache);
		return NULL;
	}
	cache->max_bits = is_userns ? MAX_BITS_USERNS : MAX_BITS;
	return cache;
}

static void free_cache(struct nat64_dst_cache *cache)
{
	int cpu;

	if (!cache)
		return;
	for_each_possible_cpu(cpu)
		free_slots(*per_cpu_ptr(cache->slots, cpu));
	free_percpu(cache->slots);
	kfree(cache);
}

/**
 * nat64_dst_cache_exit() - free the cache and give back the routes
 * @nn: translator of a namespace that goes away, a grace period after its hooks
 *
 * Context: process.
 */
void nat64_dst_cache_exit(struct nat64_net *nn)
{
	free_cache(rcu_replace_pointer(nn->dst_cache, NULL, true));
}

/**
 * nat64_dst_cache_update() - have a cache as long as there are mappings
 * @nn: translator of the namespace
 * @wanted: whether packets may be translated
 *
 * Without memory there is no cache, which costs packets a route lookup.
 *
 * Context: process, under @nn->lock.
 */
void nat64_dst_cache_update(struct nat64_net *nn, bool wanted)
{
	struct nat64_dst_cache *cache;

	cache = rcu_dereference_protected(nn->dst_cache,
					  lockdep_is_held(&nn->lock));
	if (!cache == !wanted)
		return;
	if (wanted) {
		rcu_assign_pointer(nn->dst_cache, alloc_cache(nn));
		return;
	}
	RCU_INIT_POINTER(nn->dst_cache, NULL);
	synchronize_net();
	free_cache(cache);
}
