// SPDX-License-Identifier: GPL-2.0-only
#include "counters.h"

#include <linux/bottom_half.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "pkt.h"
#include "skb.h"
#include "table.h"

/* Sets @new unless another CPU was first; returns the counters that are set. */
static struct nat64_eam_counters __percpu *
set_counters(struct nat64_eam *eam, struct nat64_eam_counters __percpu *new)
{
	return cmpxchg(&eam->counters, NULL, new) ?: new;
}

static struct nat64_eam_counters __percpu *
detach_counters(struct nat64_eam *eam)
{
	return xchg(&eam->counters, NULL);
}

/* The first packet of a mapping. Without memory, the next one tries again. */
static noinline struct nat64_eam_counters __percpu *
alloc_counters(const struct nat64_eam *eam)
{
	struct nat64_eam_counters __percpu *new, *has;
	int cpu;

	new = alloc_percpu_gfp(struct nat64_eam_counters,
			       GFP_ATOMIC | __GFP_NOWARN);
	if (!new)
		return NULL;
	for_each_possible_cpu(cpu)
		u64_stats_init(&per_cpu_ptr(new, cpu)->syncp);
	/* The one member of a mapping that the packet path writes. */
	has = set_counters((struct nat64_eam *)eam, new);
	if (has != new)
		free_percpu(new);
	return has;
}

static void add_counters(struct nat64_eam_counters __percpu *counters,
			 const struct nat64_eam_sum *sum)
{
	struct nat64_eam_counters *c;
	unsigned int dir;

	local_bh_disable();
	c = this_cpu_ptr(counters);
	u64_stats_update_begin(&c->syncp);
	for (dir = 0; dir < NAT64_N_DIRECTIONS; dir++) {
		u64_stats_add(&c->packets[dir], sum->packets[dir]);
		u64_stats_add(&c->bytes[dir], sum->bytes[dir]);
	}
	WRITE_ONCE(c->last, max(c->last, sum->last));
	u64_stats_update_end(&c->syncp);
	local_bh_enable();
}

/**
 * nat64_eam_count() - count a translated packet for a mapping
 * @p: packet
 * @eam: mapping, or NULL for the ICMP error of a router that has none
 * @dir: its direction
 *
 * Context: RCU read lock; bottom halves may be on, for local packets.
 */
void nat64_eam_count(const struct nat64_pkt *p, const struct nat64_eam *eam,
		     enum nat64_direction dir)
{
	struct nat64_eam_counters *c;
	struct nat64_eam_counters __percpu *counters;

	if (!eam)
		return;
	counters = READ_ONCE(eam->counters);
	if (unlikely(!counters))
		counters = alloc_counters(eam);
	if (unlikely(!counters))
		return;
	local_bh_disable();
	c = this_cpu_ptr(counters);
	u64_stats_update_begin(&c->syncp);
	u64_stats_add(&c->packets[dir], nat64_skb_segs(p->skb));
	u64_stats_add(&c->bytes[dir], p->skb->len);
	WRITE_ONCE(c->last, get_jiffies_64());
	u64_stats_update_end(&c->syncp);
	local_bh_enable();
}

static void read_counters(const struct nat64_eam_counters *c,
			  struct nat64_eam_sum *one)
{
	unsigned int dir, start;

	do {
		start = u64_stats_fetch_begin(&c->syncp);
		for (dir = 0; dir < NAT64_N_DIRECTIONS; dir++) {
			one->packets[dir] = u64_stats_read(&c->packets[dir]);
			one->bytes[dir] = u64_stats_read(&c->bytes[dir]);
		}
		one->last = READ_ONCE(c->last);
	} while (u64_stats_fetch_retry(&c->syncp, start));
}

/**
 * nat64_eam_sum() - add up the counters of a mapping
 * @eam: mapping
 * @sum: result
 *
 * Context: process, the lock of the namespace, which keeps the counters.
 */
void nat64_eam_sum(const struct nat64_eam *eam, struct nat64_eam_sum *sum)
{
	struct nat64_eam_counters __percpu *counters = READ_ONCE(eam->counters);
	struct nat64_eam_sum one;
	unsigned int dir;
	int cpu;

	memset(sum, 0, sizeof(*sum));
	if (!counters)
		return;
	for_each_possible_cpu(cpu) {
		read_counters(per_cpu_ptr(counters, cpu), &one);
		for (dir = 0; dir < NAT64_N_DIRECTIONS; dir++) {
			sum->packets[dir] += one.packets[dir];
			sum->bytes[dir] += one.bytes[dir];
		}
		sum->last = max(sum->last, one.last);
	}
}

/* A mapping of the new table that has had packets already keeps its own. */
static bool move_counters(struct nat64_eam *new, void *from)
{
	struct nat64_eam_sum sum;
	struct nat64_eam *old;
	struct nat64_eam_counters __percpu *has;

	old = nat64_eam_get4(from, new->addr4, new->len4);
	if (!old || !old->counters ||
	    !nat64_eam_has6(old, &new->addr6, new->len6))
		return false;
	has = set_counters(new, old->counters);
	if (has != old->counters) {
		nat64_eam_sum(old, &sum);
		add_counters(has, &sum);
		free_percpu(old->counters);
	}
	old->counters = NULL;
	return false;
}

/**
 * nat64_counters_move() - let mappings of a new table go on counting
 * @to: table that packets see
 * @from: table that they saw before; a grace period has passed
 *
 * Each mapping continues the counters of the one that had its prefixes.
 *
 * Context: process, the lock of the namespace.
 */
void nat64_counters_move(struct nat64_table *to, struct nat64_table *from)
{
	nat64_walk_until(to, move_counters, from);
}

static bool free_counters(struct nat64_eam *eam, void *arg)
{
	free_percpu(detach_counters(eam));
	return false;
}

/**
 * nat64_counters_free() - free the counters of all mappings
 * @t: table; packets do not count any more, and a grace period has passed
 *
 * Context: process, the lock of the namespace.
 */
void nat64_counters_free(struct nat64_table *t)
{
	nat64_walk_until(t, free_counters, NULL);
}

/**
 * struct old_counters - counters that packets may still write to
 * @n: how many
 * @size: how many there is room for
 * @counters: the counters
 */
struct old_counters {
	unsigned int	n;
	unsigned int	size;
	struct nat64_eam_counters __percpu *counters[];
};

static bool collect_counters(struct nat64_eam *eam, void *arg)
{
	struct old_counters *old = arg;

	if (READ_ONCE(eam->counters) && old->n < old->size)
		old->counters[old->n++] = detach_counters(eam);
	return false;
}

/**
 * nat64_counters_reset() - have all mappings count from zero
 * @t: table in place
 *
 * Context: process, the lock of the namespace. Waits for a grace period.
 * Return: 0, or -ENOMEM with nothing changed.
 */
int nat64_counters_reset(struct nat64_table *t)
{
	struct old_counters *old;

	old = kvmalloc(struct_size(old, counters, t->count),
		       GFP_KERNEL_ACCOUNT);
	if (!old)
		return -ENOMEM;
	old->n = 0;
	old->size = t->count;
	nat64_walk_until(t, collect_counters, old);
	synchronize_rcu();
	while (old->n) {
		free_percpu(old->counters[--old->n]);
		cond_resched();
	}
	kvfree(old);
	return 0;
}
