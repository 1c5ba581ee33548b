// SPDX-License-Identifier: GPL-2.0-only
#include "control.h"

#include <linux/err.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "counters.h"
#include "flow.h"
#include "hook.h"
#include "load.h"

/**
 * nat64_control_init() - give a network namespace an empty configuration
 * @nn: its translator
 *
 * Return: 0 or -ENOMEM.
 */
int nat64_control_init(struct nat64_net *nn)
{
	struct nat64_config *cfg = nat64_config_alloc(0);

	if (!cfg)
		return -ENOMEM;
	mutex_init(&nn->lock);
	INIT_LIST_HEAD(&nn->walks);
	nn->generation = 1;
	RCU_INIT_POINTER(nn->config, cfg);
	return 0;
}

/**
 * nat64_control_exit() - free the configuration of a network namespace
 * @nn: its translator
 *
 * Context: process; the hooks are gone, and a grace period has passed.
 */
void nat64_control_exit(struct nat64_net *nn)
{
	nat64_config_free(rcu_dereference_protected(nn->config, true));
}

/* Publishing. */

static int hooks_error(const struct nat64_request *rq, int err)
{
	return nat64_request_error(rq, err,
				   "the netfilter hooks cannot be registered");
}

/* Flow cache and route listener follow the configuration that packets see. */
static void sync_packet_path(struct nat64_net *nn)
{
	const struct nat64_config *cfg = nat64_config_protected(nn);

	nat64_flows_update(nn, cfg->table->count);
	nat64_native_update(nn, !nat64_config_is_empty(cfg));
}

/* An abandoned dump must not pin a replaced table. */
static void end_walks(struct nat64_net *nn, const struct nat64_table *t)
{
	struct nat64_walk *walk;

	list_for_each_entry(walk, &nn->walks, list)
		if (walk->table == t)
			nat64_walk_exit(walk);
}

/*
 * Counters move with their mappings to a new table, and are freed when setting
 * counters was switched off.
 */
static void sync_counters(struct nat64_net *nn, const struct nat64_config *old,
			  const struct nat64_config *new)
{
	bool is_same_table = new->table == old->table;

	if (!old->set.counters || (new->set.counters && is_same_table))
		return;
	WRITE_ONCE(nn->counter_resets,
		   nn->counter_resets + !new->set.counters);
	/* Packets that see the old configuration may still count. */
	synchronize_rcu();
	if (new->set.counters)
		nat64_counters_move(new->table, old->table);
	else if (is_same_table)
		nat64_counters_free(new->table);
}

/*
 * Packets see the sum of both counters, see nat64_config_generation(). It grows
 * by 1, also when the new configuration has another table with its own count.
 */
static void next_generation(const struct nat64_config *old,
			    struct nat64_config *new)
{
	new->generation = old->generation + old->table->generation + 1 -
			  new->table->generation;
}

/* With edge mappings only, the prefixes lead to a border relay elsewhere. */
static u8 count_claimed(const struct nat64_config *cfg)
{
	const struct nat64_table *t = cfg->table;

	return t->n_edge && t->n_edge == t->count ? 0 : cfg->n_order;
}

/* All CPUs see has_specific4 set before a packet can find an edge mapping. */
static void begin_edge(struct nat64_net *nn, const struct nat64_config *old,
		       const struct nat64_config *new)
{
	if (old->has_edge || !new->has_edge)
		return;
	nat64_native_expect_edge(&nn->native);
	synchronize_rcu();
}

/**
 * nat64_config_publish() - replace the configuration that packets see
 * @rq: request that made the new one; told that it changed something
 * @new: configuration, taken over on success
 *
 * A packet sees all of the old one or all of the new one. The old one is freed
 * after a grace period.
 *
 * Context: process, @rq->nn->lock.
 * Return: 0, or a negative error with nothing changed.
 */
int nat64_config_publish(struct nat64_request *rq, struct nat64_config *new)
{
	struct nat64_net *nn = rq->nn;
	struct nat64_config *old = nat64_config_protected(nn);
	int err;

	if (!nat64_config_is_empty(new)) {
		err = nat64_hooks_register(nn, &new->set);
		if (err)
			return hooks_error(rq, err);
	}
	new->n_claimed = count_claimed(new);
	begin_edge(nn, old, new);
	next_generation(old, new);
	rcu_assign_pointer(nn->config, new);
	WRITE_ONCE(nn->generation, nn->generation + 1);
	rq->changed = true;
	sync_packet_path(nn);
	if (new->table != old->table)
		end_walks(nn, old->table);
	sync_counters(nn, old, new);
	nat64_config_free_rcu(old);
	return 0;
}

/* Editing. */

/**
 * nat64_request_config() - the configuration that a request is about
 * @rq: request
 *
 * Context: process, @rq->nn->lock.
 * Return: for a staged request the configuration that its socket loads, or
 * -ENOENT if it loads none; otherwise the one in place.
 */
struct nat64_config *nat64_request_config(const struct nat64_request *rq)
{
	const struct nat64_load *load = rq->nn->load;
	int err;

	if (!rq->staged)
		return nat64_config_protected(rq->nn);
	if (load && load->portid == rq->portid)
		return load->config;
	err = nat64_request_error(rq, -ENOENT,
				  "this socket is not loading a configuration");
	return ERR_PTR(err);
}

/**
 * nat64_config_edit_begin() - get a configuration that may be written to
 * @rq: request
 *
 * Context: process, @rq->nn->lock.
 * Return: the configuration being loaded, or a copy of the one in place; to be
 * handed to nat64_config_edit_end(). -ENOENT, -ENOMEM.
 */
struct nat64_config *nat64_config_edit_begin(const struct nat64_request *rq)
{
	struct nat64_config *cfg = nat64_request_config(rq);

	if (IS_ERR(cfg) || rq->staged)
		return cfg;
	return nat64_config_copy(cfg) ?: ERR_PTR(nat64_request_no_memory(rq));
}

/**
 * nat64_config_edit_end() - publish an edited configuration, or free it
 * @rq: request
 * @cfg: what nat64_config_edit_begin() returned
 * @err: 0, or why it is not to be published
 *
 * What is being loaded stays as it is: LOAD_COMMIT publishes it.
 *
 * Context: process, @rq->nn->lock.
 * Return: 0, or a negative error with the configuration in place unchanged.
 */
int nat64_config_edit_end(struct nat64_request *rq, struct nat64_config *cfg,
			  int err)
{
	if (rq->staged)
		return err;
	if (!err)
		err = nat64_config_publish(rq, cfg);
	if (err)
		nat64_config_free(cfg);
	return err;
}

/**
 * nat64_config_flush() - delete all mappings
 * @rq: request, not a staged one
 *
 * Context: process, @rq->nn->lock.
 * Return: 0 or a negative error.
 */
int nat64_config_flush(struct nat64_request *rq)
{
	struct nat64_table *table;
	struct nat64_config *cfg;

	if (!nat64_config_protected(rq->nn)->table->count)
		return 0;
	table = nat64_table_alloc(0);
	if (!table)
		return nat64_request_no_memory(rq);
	cfg = nat64_config_edit_begin(rq);
	if (IS_ERR(cfg)) {
		nat64_table_put(table);
		return PTR_ERR(cfg);
	}
	nat64_table_put(cfg->table);
	cfg->table = table;
	cfg->overlaps_pref64 = false;
	cfg->has_edge = false;
	return nat64_config_edit_end(rq, cfg, 0);
}

/* What the first mapping of a kind needs before packets may see it. */

/**
 * nat64_hooks_prepare() - register the hooks that a first mapping needs
 * @rq: request to add a mapping
 *
 * To be followed by nat64_config_sync(), whether the mapping comes or not.
 *
 * Context: process, @rq->nn->lock.
 * Return: 0, or a negative error with nothing changed.
 */
int nat64_hooks_prepare(const struct nat64_request *rq)
{
	struct nat64_net *nn = rq->nn;
	int err;

	err = nat64_hooks_register(nn, &nat64_config_protected(nn)->set);
	return err ? hooks_error(rq, err) : 0;
}

static int set_lookup_flags(struct nat64_request *rq, bool overlaps,
			    bool edge)
{
	struct nat64_config *cfg = nat64_config_edit_begin(rq);

	if (IS_ERR(cfg))
		return PTR_ERR(cfg);
	cfg->overlaps_pref64 = overlaps;
	cfg->has_edge = edge;
	return nat64_config_edit_end(rq, cfg, 0);
}

/**
 * nat64_flags_prepare() - have packets look for a kind of mappings
 * @rq: request that is about to add such a mapping; its config may change
 * @flags: NAT64_EAM_IN_PREF64, NAT64_EAM_EDGE
 *
 * Packets do so by the time this returns. They do not while no mapping overlaps
 * a translation prefix, or is an edge mapping, which saves them a lookup.
 *
 * Context: process, @rq->nn->lock. May wait for a grace period.
 * Return: 0 or a negative error.
 */
int nat64_flags_prepare(struct nat64_request *rq, u8 flags)
{
	const struct nat64_config *cfg = rq->config;
	bool overlaps = cfg->overlaps_pref64 || flags & NAT64_EAM_IN_PREF64;
	bool edge = cfg->has_edge || flags & NAT64_EAM_EDGE;
	int err;

	if (overlaps == cfg->overlaps_pref64 && edge == cfg->has_edge)
		return 0;
	err = set_lookup_flags(rq, overlaps, edge);
	if (err || rq->staged)
		return err;
	rq->config = nat64_config_protected(rq->nn);
	rq->batch->prefixes = rq->config->prefix;
	synchronize_rcu();
	return 0;
}

/**
 * nat64_config_sync() - release what no published mapping needs
 * @nn: translator
 *
 * Undoes nat64_hooks_prepare() and nat64_flags_prepare().
 *
 * Context: process, @nn->lock.
 */
void nat64_config_sync(struct nat64_net *nn)
{
	const struct nat64_config *cfg = nat64_config_protected(nn);
	struct nat64_request rq = { .nn = nn };
	bool overlaps = cfg->overlaps_pref64 && cfg->table->overlaps_pref64;
	bool edge = cfg->has_edge && cfg->table->n_edge;

	/* Without memory a flag stays set, which costs packets a lookup. */
	if (overlaps != cfg->overlaps_pref64 || edge != cfg->has_edge ||
	    cfg->n_claimed != count_claimed(cfg))
		set_lookup_flags(&rq, overlaps, edge);
	sync_packet_path(nn);
}

/* Passes over the table in place that last longer than one request. */

static struct nat64_table *hold_table(struct nat64_net *nn)
{
	struct nat64_table *t;

	rcu_read_lock();
	t = nat64_table_get(rcu_dereference(nn->config)->table);
	rcu_read_unlock();
	return t;
}

/**
 * nat64_config_walk_begin() - begin a pass over the mappings in place
 * @nn: translator
 * @walk: the pass. It goes on under @nn->lock, and is over when its table is
 *	NULL: another table has been published
 * @prefixes: filled in with the translation prefixes by their index
 *
 * Context: process; @nn->lock is taken.
 */
void nat64_config_walk_begin(struct nat64_net *nn, struct nat64_walk *walk,
			     struct nat64_prefix *prefixes)
{
	const struct nat64_config *cfg;
	struct nat64_table *t;

	t = hold_table(nn);
	nat64_table_wait_resize(t);
	nat64_table_put(t);

	mutex_lock(&nn->lock);
	cfg = nat64_config_protected(nn);
	nat64_walk_enter(walk, cfg->table);
	list_add(&walk->list, &nn->walks);
	memcpy(prefixes, cfg->prefix, sizeof(cfg->prefix));
	mutex_unlock(&nn->lock);
}

/**
 * nat64_config_walk_end() - end a pass, be it over or not
 * @nn: translator
 * @walk: the pass
 *
 * Context: process; @nn->lock is taken.
 */
void nat64_config_walk_end(struct nat64_net *nn, struct nat64_walk *walk)
{
	mutex_lock(&nn->lock);
	list_del(&walk->list);
	if (walk->table)
		nat64_walk_exit(walk);
	mutex_unlock(&nn->lock);
}
