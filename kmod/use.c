// SPDX-License-Identifier: GPL-2.0
#include "use.h"

#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/percpu.h>
#include <linux/slab.h>

#include "control.h"
#include "skb.h"

/* Mappings that may be gone already, beside those that are there. */
#define SLACK	1024

/* Mappings to look at before others may run. */
#define SWEEP_STEPS	1024

/* Few mappings have the same IPv4 prefix, ever. */
static u32 key_hash(const void *data, u32 len, u32 seed)
{
	const struct nat64_use_key *key = data;

	return jhash_2words((__force u32)key->addr4, key->len4, seed);
}

static const struct rhashtable_params params = {
	.head_offset = offsetof(struct nat64_use, node),
	.key_offset = offsetof(struct nat64_use, key),
	.key_len = sizeof(struct nat64_use_key),
	.hashfn = key_hash,
	.automatic_shrinking = true,
};

static void use_free(struct nat64_use *use)
{
	free_percpu(use->cpu);
	kfree(use);
}

static void use_free_rcu(struct rcu_head *rcu)
{
	use_free(container_of(rcu, struct nat64_use, rcu));
}

static void use_destroy(void *use, void *arg)
{
	use_free(use);
}

/* Whether the mapping is still there. Context: the lock of the translator. */
static bool is_mapped(const struct nat64_net *nn, const struct nat64_use *use)
{
	const struct nat64_use_key *key = &use->key;
	const struct nat64_eam *eam;

	eam = nat64_eam_get4(nat64_config_protected(nn)->table, key->addr4,
			     key->len4);
	return eam && nat64_eam_has6(eam, &key->addr6, key->len6);
}

static void sweep(struct nat64_net *nn, struct nat64_uses *uses)
{
	struct rhashtable_iter iter;
	struct nat64_use *use;
	unsigned int steps = 0;

	rhashtable_walk_enter(&uses->table, &iter);
	rhashtable_walk_start(&iter);
	while ((use = rhashtable_walk_next(&iter))) {
		if (!IS_ERR(use) && !is_mapped(nn, use) &&
		    !rhashtable_remove_fast(&uses->table, &use->node, params))
			call_rcu(&use->rcu, use_free_rcu);
		if (++steps % SWEEP_STEPS)
			continue;
		rhashtable_walk_stop(&iter);
		cond_resched();
		rhashtable_walk_start(&iter);
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
}

static struct nat64_uses *uses_held(const struct nat64_net *nn)
{
	return rcu_dereference_protected(nn->uses, lockdep_is_held(&nn->lock));
}

static void sweep_work(struct work_struct *work)
{
	struct nat64_net *nn = container_of(work, struct nat64_net, use_sweep);

	mutex_lock(&nn->lock);
	if (uses_held(nn))
		sweep(nn, uses_held(nn));
	mutex_unlock(&nn->lock);
}

static struct nat64_uses *uses_alloc(void)
{
	struct nat64_uses *uses = kzalloc(sizeof(*uses), GFP_KERNEL_ACCOUNT);

	if (!uses)
		return NULL;
	if (rhashtable_init(&uses->table, &params)) {
		kfree(uses);
		return NULL;
	}
	return uses;
}

static void uses_free_work(struct work_struct *work)
{
	struct nat64_uses *uses;

	uses = container_of(to_rcu_work(work), struct nat64_uses, rwork);
	rhashtable_free_and_destroy(&uses->table, use_destroy, NULL);
	kfree(uses);
}

static void end_walk(struct nat64_use_walk *walk)
{
	if (!walk->uses)
		return;
	rhashtable_walk_exit(&walk->iter);
	walk->uses = NULL;
}

/* A reader who does not come back must not keep what is counted no more. */
static void replace(struct nat64_net *nn, struct nat64_uses *new)
{
	struct nat64_uses *old = uses_held(nn);
	struct nat64_use_walk *walk;

	rcu_assign_pointer(nn->uses, new);
	if (!old)
		return;
	list_for_each_entry(walk, &nn->use_walks, list)
		end_walk(walk);
	INIT_RCU_WORK(&old->rwork, uses_free_work);
	queue_rcu_work(nat64_workers, &old->rwork);
}

/**
 * nat64_use_walk_begin() - begin a pass over the mappings that had packets
 * @nn: translator
 * @walk: the pass; goes on under the lock of the translator, and is over when
 *	it has no mappings: they are not counted, or anew
 *
 * Context: process.
 */
void nat64_use_walk_begin(struct nat64_net *nn, struct nat64_use_walk *walk)
{
	mutex_lock(&nn->lock);
	walk->uses = uses_held(nn);
	if (walk->uses)
		rhashtable_walk_enter(&walk->uses->table, &walk->iter);
	list_add(&walk->list, &nn->use_walks);
	mutex_unlock(&nn->lock);
}

/**
 * nat64_use_walk_end() - end a pass, be it over or not
 * @nn: translator
 * @walk: the pass
 *
 * Context: process.
 */
void nat64_use_walk_end(struct nat64_net *nn, struct nat64_use_walk *walk)
{
	mutex_lock(&nn->lock);
	list_del(&walk->list);
	end_walk(walk);
	mutex_unlock(&nn->lock);
}

/**
 * nat64_uses_init() - prepare a namespace; nothing is counted yet
 * @nn: translator of a new namespace
 */
void nat64_uses_init(struct nat64_net *nn)
{
	INIT_WORK(&nn->use_sweep, sweep_work);
	INIT_LIST_HEAD(&nn->use_walks);
}

/**
 * nat64_uses_exit() - forget what was counted
 * @nn: translator of a namespace that goes away, with no packets any more
 *
 * Context: process; the lock of the translator is not held.
 */
void nat64_uses_exit(struct nat64_net *nn)
{
	cancel_work_sync(&nn->use_sweep);
	mutex_lock(&nn->lock);
	replace(nn, NULL);
	mutex_unlock(&nn->lock);
}

/**
 * nat64_uses_begin() - get ready to count, unless it is so already
 * @nn: translator
 *
 * Context: process, the lock of the translator.
 * Return: 0 or -ENOMEM.
 */
int nat64_uses_begin(struct nat64_net *nn)
{
	return rcu_access_pointer(nn->uses) ? 0 : nat64_uses_renew(nn);
}

/**
 * nat64_uses_renew() - begin to count from zero
 * @nn: translator
 *
 * Context: process, the lock of the translator.
 * Return: 0 or -ENOMEM.
 */
int nat64_uses_renew(struct nat64_net *nn)
{
	struct nat64_uses *uses = uses_alloc();

	if (!uses)
		return -ENOMEM;
	replace(nn, uses);
	return 0;
}

/**
 * nat64_uses_end() - count no more, and forget
 * @nn: translator
 *
 * Context: process, the lock of the translator.
 */
void nat64_uses_end(struct nat64_net *nn)
{
	replace(nn, NULL);
}

/**
 * nat64_use_sum() - add up the counters of all CPUs
 * @use: mapping that had a packet
 * @sum: result
 */
void nat64_use_sum(const struct nat64_use *use, struct nat64_use_sum *sum)
{
	unsigned int way;
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		const struct nat64_use_sum *c = per_cpu_ptr(use->cpu, cpu);

		for (way = 0; way < NAT64_N_DIRECTIONS; way++) {
			sum->packets[way] += READ_ONCE(c->packets[way]);
			sum->octets[way] += READ_ONCE(c->octets[way]);
		}
		if (c->last && (!sum->last || time_after(c->last, sum->last)))
			sum->last = c->last;
	}
}

/* The first packet of a mapping. Without memory, the next one tries again. */
static noinline struct nat64_use *
make_use(const struct nat64_pkt *p, struct nat64_uses *uses,
	 const struct nat64_use_key *key)
{
	u32 limit = READ_ONCE(p->cfg->table->count) + SLACK;
	struct nat64_use *use, *other = NULL;

	if (atomic_read(&uses->table.nelems) > limit) {
		schedule_work(&p->nn->use_sweep);
		return NULL;
	}
	use = kmalloc(sizeof(*use), GFP_ATOMIC | __GFP_NOWARN);
	if (!use)
		return NULL;
	use->key = *key;
	use->cpu = alloc_percpu_gfp(struct nat64_use_sum,
				    GFP_ATOMIC | __GFP_NOWARN);
	if (use->cpu) {
		other = rhashtable_lookup_get_insert_fast(&uses->table,
							  &use->node, params);
		if (!other)
			return use;
	}
	use_free(use);
	return IS_ERR(other) ? NULL : other;
}

static void count(const struct nat64_pkt *p, const struct nat64_eam *eam,
		  enum nat64_direction way)
{
	struct nat64_uses *uses = rcu_dereference(p->nn->uses);
	struct nat64_use_key key = {
		.addr6 = eam->addr6,
		.addr4 = eam->addr4,
		.len4 = eam->len4,
		.len6 = eam->len6,
	};
	struct nat64_use *use;

	if (!uses)
		return;
	use = rhashtable_lookup(&uses->table, &key, params);
	if (unlikely(!use))
		use = make_use(p, uses, &key);
	if (unlikely(!use))
		return;
	this_cpu_add(use->cpu->packets[way], nat64_skb_segs(p->skb));
	this_cpu_add(use->cpu->octets[way], p->skb->len);
	this_cpu_write(use->cpu->last, jiffies ?: 1);
}

/**
 * nat64_use_count4() - count a packet that became IPv4 for its source
 * @p: translated packet
 *
 * Context: RCU read lock.
 */
void nat64_use_count4(const struct nat64_pkt *p)
{
	if (p->src_eam)
		count(p, p->src_eam, NAT64_6TO4);
}

/**
 * nat64_use_count6() - count a packet that became IPv6 for its destination
 * @p: translated packet
 *
 * Context: RCU read lock.
 */
void nat64_use_count6(const struct nat64_pkt *p)
{
	count(p, p->dst_eam, NAT64_4TO6);
}
