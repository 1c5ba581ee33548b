// SPDX-License-Identifier: GPL-2.0
#include "dst_cache.h"

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
 * nat64_dst_cache_forget() - take a route out of the cache
 * @entry: its place
 *
 * Context: softirq of the CPU that the entry belongs to.
 */
void nat64_dst_cache_forget(struct nat64_cached_dst *entry)
{
	dst_release(entry->dst);
	entry->dst = NULL;
	entry->kind = 0;
}

static void free_slots(struct nat64_dst_slots *slots)
{
	unsigned int i;

	if (!slots)
		return;
	for (i = 0; i < 2U << slots->bits; i++)
		dst_release(slots->pair[i / 2][i % 2].dst);
	kfree(slots);
}

/* If there is no memory for larger slots, the old ones go on for a while. */
static void resize_slots(struct nat64_dst_slots **slots, unsigned int bits)
{
	struct nat64_dst_slots *new;

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
static void grow_slots(const struct nat64_net *nn,
		       struct nat64_dst_slots **slots)
{
	bool is_userns = nn->net->user_ns != &init_user_ns;
	unsigned int max_bits = is_userns ? MAX_BITS_USERNS : MAX_BITS;
	struct nat64_dst_slots *old = *slots;

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
	struct nat64_dst_slots **slots =
		nat64_dst_cache_slots(READ_ONCE(nn->dst_cache));
	struct nat64_cached_dst *entry;

	if (!slots)
		return;
	grow_slots(nn, slots);
	if (!*slots || !dst_hold_safe(dst))
		return;
	entry = nat64_dst_cache_pair(*slots, addr, kind);
	if (entry[1].kind)
		(*slots)->evictions++;
	nat64_dst_cache_forget(entry + 1);
	entry[1] = entry[0];
	entry->addr = *addr;
	entry->kind = kind;
	entry->cookie = cookie;
	entry->dst = dst;
}

static void free_cache(struct nat64_dst_cache __percpu *cache)
{
	int cpu;

	if (!cache)
		return;
	for_each_possible_cpu(cpu)
		free_slots(per_cpu_ptr(cache, cpu)->slots);
	free_percpu(cache);
}

/**
 * nat64_dst_cache_exit() - free the cache and give back the routes
 * @nn: translator of a namespace that goes away, a grace period after its hooks
 *
 * Context: process.
 */
void nat64_dst_cache_exit(struct nat64_net *nn)
{
	free_cache(nn->dst_cache);
	nn->dst_cache = NULL;
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
	struct nat64_dst_cache __percpu *cache = nn->dst_cache;

	if (!cache == !wanted)
		return;
	if (wanted) {
		cache = alloc_percpu_gfp(struct nat64_dst_cache,
					 GFP_KERNEL_ACCOUNT);
		/* Packets are not to see it before it is zero. */
		smp_store_release(&nn->dst_cache, cache);
		return;
	}
	WRITE_ONCE(nn->dst_cache, NULL);
	synchronize_net();
	free_cache(cache);
}
