// SPDX-License-Identifier: GPL-2.0-only
#include "table.h"

#include <linux/err.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

/* Mappings to look at before others may run. */
#define WALK_STEPS	1024

/**
 * nat64_walk_enter() - begin a pass over all mappings
 * @walk: the pass, filled in
 * @t: table, which the pass keeps
 *
 * Context: process.
 */
void nat64_walk_enter(struct nat64_walk *walk, struct nat64_table *t)
{
	walk->table = nat64_table_get(t);
	walk->rewinds = 0;
	rhashtable_walk_enter(&t->by_addr4.ht, &walk->iter);
}

/**
 * nat64_walk_start() - begin a stretch, or continue after nat64_walk_stop()
 * @walk: the pass
 *
 * Takes the RCU read lock.
 */
void nat64_walk_start(struct nat64_walk *walk)
	__acquires(RCU)
{
	if (rhashtable_walk_start_check(&walk->iter))
		walk->rewinds++;
}

/**
 * nat64_walk_next() - the next mapping of a pass
 * @walk: the pass
 *
 * When the table has changed its size, the pass begins anew, and counts it.
 *
 * Return: a mapping, valid under the RCU read lock, or NULL at the end.
 */
struct nat64_eam *nat64_walk_next(struct nat64_walk *walk)
{
	struct nat64_eam *eam;

	while (IS_ERR(eam = rhashtable_walk_next(&walk->iter)))
		walk->rewinds++;
	return eam;
}

/**
 * nat64_walk_stop() - end a stretch
 * @walk: the pass
 *
 * Gives up the RCU read lock.
 */
void nat64_walk_stop(struct nat64_walk *walk)
	__releases(RCU)
{
	rhashtable_walk_stop(&walk->iter);
}

/**
 * nat64_walk_exit() - end a pass
 * @walk: the pass
 *
 * Context: process.
 */
void nat64_walk_exit(struct nat64_walk *walk)
{
	rhashtable_walk_exit(&walk->iter);
	nat64_table_put(walk->table);
	/* set_seq() of a dump reads it without the lock. */
	WRITE_ONCE(walk->table, NULL);
}

/**
 * nat64_walk_until() - find the first mapping that a function accepts
 * @t: table
 * @fn: returns whether to stop; may be shown a mapping twice
 * @arg: for @fn
 *
 * Context: process, the lock that serialises changes.
 * Return: the mapping, or NULL after all of them.
 */
struct nat64_eam *nat64_walk_until(struct nat64_table *t, nat64_walk_fn *fn,
				   void *arg)
{
	struct nat64_eam *eam;
	struct nat64_walk walk;
	unsigned int steps = 0;

	nat64_walk_enter(&walk, t);
	nat64_walk_start(&walk);
	while ((eam = nat64_walk_next(&walk)) && !fn(eam, arg)) {
		if (++steps % WALK_STEPS)
			continue;
		nat64_walk_stop(&walk);
		cond_resched();
		nat64_walk_start(&walk);
	}
	nat64_walk_stop(&walk);
	nat64_walk_exit(&walk);
	return eam;
}

static bool overlaps_prefix(struct nat64_eam *eam, void *arg)
{
	return nat64_prefix_overlaps(arg, eam);
}

/**
 * nat64_table_find_overlap() - a mapping that overlaps a translation prefix
 * @t: table
 * @p: translation prefix
 *
 * Passes over the whole table.
 *
 * Context: process, the lock that serialises changes.
 * Return: a mapping or NULL.
 */
const struct nat64_eam *nat64_table_find_overlap(struct nat64_table *t,
						 const struct nat64_prefix *p)
{
	return nat64_walk_until(t, overlaps_prefix, (void *)p);
}

struct mark_arg {
	struct nat64_table		*table;
	const struct nat64_prefix	*prefixes;
};

static bool mark_overlap(struct nat64_eam *eam, void *data)
{
	const struct mark_arg *arg = data;
	bool is = nat64_eam_overlapping_prefix(eam, arg->prefixes);
	bool was = eam->flags & NAT64_EAM_IN_PREF64;

	if (is != was) {
		nat64_eam_set_flags(eam, eam->flags ^ NAT64_EAM_IN_PREF64);
		arg->table->overlaps_pref64 += is - was;
	}
	return false;
}

/**
 * nat64_table_mark_overlaps() - find the mappings that overlap translation prefixes
 * @t: table
 * @prefixes: translation prefixes by index, which have changed
 *
 * Passes over the whole table.
 *
 * Context: process, the lock that serialises changes.
 */
void nat64_table_mark_overlaps(struct nat64_table *t,
			       const struct nat64_prefix *prefixes)
{
	struct mark_arg arg = { .table = t, .prefixes = prefixes };

	nat64_walk_until(t, mark_overlap, &arg);
}
