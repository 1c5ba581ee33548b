// SPDX-License-Identifier: GPL-2.0-only
/* Changes of a table that are done all or not at all. */
#include "table.h"

#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/siphash.h>
#include <linux/slab.h>

/* How often to wait for a column to grow before giving up. */
#define GROWTH_TRIES	8

/*
 * Columns. Insertion and removal use the parameters that each table keeps a copy
 * of; constants that the compiler can inline matter to lookups only.
 */

static struct rhash_head *node_in(const struct nat64_column *col,
				  struct nat64_eam *eam)
{
	return (void *)eam + col->ht.p.head_offset;
}

/*
 * A column grows in a worker. A writer that fills it faster waits, since
 * otherwise rhashtable would allocate the larger table in atomic context, page
 * by page.
 */
static void wait_growth(struct rhashtable *ht)
{
	bool full;

	rcu_read_lock();
	full = rht_grow_above_100(ht, rht_dereference_rcu(ht->tbl, ht));
	rcu_read_unlock();
	if (unlikely(full))
		flush_work(&ht->run_work);
}

static bool retry_insert(struct rhashtable *ht, int err, unsigned int *tries)
{
	if (likely(err != -EBUSY && err != -ENOMEM) ||
	    ++*tries == GROWTH_TRIES)
		return false;
	flush_work(&ht->run_work);
	cond_resched();
	return true;
}

static void set_len(struct nat64_column *col, u8 len, bool is_used)
{
	u64 *lens = &col->lens[len / 64];
	u64 bit = BIT_ULL(len % 64);

	WRITE_ONCE(*lens, is_used ? *lens | bit : *lens & ~bit);
}

static int column_insert(struct nat64_column *col, struct nat64_eam *eam)
{
	u8 len = nat64_column_len(col, eam);
	unsigned int tries = 0;
	int err;

	wait_growth(&col->ht);
	do {
		err = rhashtable_insert_fast(&col->ht, node_in(col, eam),
					     col->ht.p);
	} while (retry_insert(&col->ht, err, &tries));
	if (err)
		return err;
	if (!col->count[len]++)
		set_len(col, len, true);
	if (len < col->bits)
		col->n_wide++;
	return 0;
}

static void column_remove(struct nat64_column *col, struct nat64_eam *eam)
{
	u8 len = nat64_column_len(col, eam);

	WARN_ON_ONCE(rhashtable_remove_fast(&col->ht, node_in(col, eam),
					    col->ht.p));
	if (!--col->count[len])
		set_len(col, len, false);
}

static void column_replace(struct nat64_column *col, struct nat64_eam *old,
			   struct nat64_eam *new)
{
	WARN_ON_ONCE(rhashtable_replace_fast(&col->ht, node_in(col, old),
					     node_in(col, new), col->ht.p));
}

/* Takes the place of @old, if any, under the same key. */
static int column_put(struct nat64_column *col, struct nat64_eam *old,
		      struct nat64_eam *new)
{
	if (!old)
		return column_insert(col, new);
	column_replace(col, old, new);
	return 0;
}

/* Undoes column_put(): removes @new, and puts @old back, if any. */
static void column_restore(struct nat64_column *col, struct nat64_eam *old,
			   struct nat64_eam *new)
{
	if (old)
		column_replace(col, new, old);
	else
		column_remove(col, new);
}

/* Batches. */

/*
 * Equal on every machine, so that gateways can be compared: a fixed key, and
 * only bytes in network order.
 */
static u64 digest_eam(const struct nat64_eam *eam,
		      const struct nat64_prefix *prefixes)
{
	static const siphash_key_t key = {
		.key = { 0x6e61743634206561ULL, 0x6d20646967657374ULL },
	};
	struct {
		struct in6_addr	addr6;
		__be32		addr4;
		u8		len4;
		u8		len6;
		u8		prefix_len;
		u8		is_edge;
		struct in6_addr	prefix;
	} __aligned(SIPHASH_ALIGNMENT) msg = {
		.addr6 = eam->addr6,
		.addr4 = eam->addr4,
		.len4 = eam->len4,
		.len6 = eam->len6,
		.is_edge = nat64_eam_is_edge(eam),
	};

	if (eam->prefix_index != NAT64_PREFIX_PRIMARY) {
		msg.prefix_len = prefixes[eam->prefix_index].len;
		msg.prefix = prefixes[eam->prefix_index].addr;
	}
	return siphash(&msg, sizeof(msg), &key);
}

/* Counts a mapping in, or out when @by is -1. */
static void account_eam(struct nat64_batch *b, const struct nat64_eam *eam, int by)
{
	struct nat64_table *t = b->table;

	t->count += by;
	t->digest += by * digest_eam(eam, b->prefixes);
	if (eam->prefix_index != NAT64_PREFIX_PRIMARY)
		t->prefix_users[eam->prefix_index] += by;
	if (eam->flags & NAT64_EAM_IN_PREF64)
		t->overlaps_pref64 += by;
	if (nat64_eam_is_edge(eam))
		t->n_edge += by;
}

static void retire_eam(struct nat64_batch *b, struct nat64_eam *eam, u8 why)
{
	if (!eam)
		return;
	if (!(eam->flags & NAT64_EAM_RETIRED)) {
		account_eam(b, eam, -1);
		eam->next = b->retired;
		b->retired = eam;
	}
	nat64_eam_set_flags(eam, eam->flags | why);
}

static void unretire_eam(struct nat64_batch *b, struct nat64_eam *eam, u8 why)
{
	if (!eam)
		return;
	nat64_eam_set_flags(eam, eam->flags & ~why);
	if (!(eam->flags & NAT64_EAM_RETIRED))
		account_eam(b, eam, 1);
}

/*
 * A mapping that takes the place of one with both of its prefixes goes on with
 * its counters. Both have them until the batch ends.
 */
static bool shares_counters(const struct nat64_batch_item *item)
{
	return item->new && item->old4 && item->old4 == item->old6;
}

/* Packets may have given @eam counters of its own meanwhile. */
static void unshare_counters(struct nat64_eam *eam, const struct nat64_eam *of)
{
	struct nat64_eam_counters __percpu *counters = READ_ONCE(of->counters);

	if (counters)
		cmpxchg(&eam->counters, counters, NULL);
}

static void free_eam_rcu(struct rcu_head *rcu)
{
	nat64_eam_free(container_of(rcu, struct nat64_eam, rcu));
}

/* Whether an address moves from @old to @new, found under another length. */
static bool moves_address(const struct nat64_table *t,
			  const struct nat64_eam *old,
			  const struct nat64_eam *new)
{
	return old && ((old->len4 != new->len4 &&
			nat64_column_overlap(&t->by_addr4, old, new)) ||
		       (old->len6 != new->len6 &&
			nat64_column_overlap(&t->by_addr6, old, new)));
}

static unsigned int count_lens(const struct nat64_column *col)
{
	return hweight64(col->lens[0]) + hweight64(col->lens[1]) +
	       hweight64(col->lens[2]);
}

/*
 * A packet may be between two lookups of different lengths, and miss both the
 * new mapping and the old one.
 */
static bool needs_grace_period(const struct nat64_batch *b)
{
	const struct nat64_batch_item *item = b->item;

	if (!b->retired || !item->new)
		return false;
	if (b->n > 1)
		return count_lens(&b->table->by_addr4) +
		       count_lens(&b->table->by_addr6) > 2;
	return moves_address(b->table, item->old4, item->new) ||
	       moves_address(b->table, item->old6, item->new);
}

static void end_batch(struct nat64_batch *b)
{
	nat64_table_count_change(b->table);
	kvfree(b);
}

/**
 * nat64_batch_begin() - begin to change a table
 * @t: table
 * @prefixes: translation prefixes by index
 * @size: how many changes to expect at most
 *
 * The memory is charged to the caller.
 *
 * Context: process, the lock that serialises changes until the batch ends.
 * Return: the batch, to be ended by nat64_batch_commit() or
 * nat64_batch_abort(), or NULL without memory.
 */
struct nat64_batch *nat64_batch_begin(struct nat64_table *t,
				      const struct nat64_prefix *prefixes,
				      unsigned int size)
{
	struct nat64_batch *b;

	b = kvmalloc(struct_size(b, item, size), GFP_KERNEL_ACCOUNT);
	if (!b)
		return NULL;
	b->table = t;
	b->prefixes = prefixes;
	b->retired = NULL;
	b->n = 0;
	b->size = size;
	return b;
}

/**
 * nat64_batch_put() - add a mapping, in the place of those with its prefixes
 * @b: batch
 * @new: mapping, which is copied: addresses, lengths, prefix, IN_PREF64 and EDGE
 *
 * Packets see the mapping at once. A mapping that has the same IPv4 prefix or
 * the same IPv6 prefix is replaced.
 *
 * Context: process, the lock that serialises changes.
 * Return: 0, or -ENOMEM or another error of the hash table with nothing done.
 */
int nat64_batch_put(struct nat64_batch *b, const struct nat64_eam *new)
{
	struct nat64_batch_item *item = &b->item[b->n];
	struct nat64_table *t = b->table;
	int err;

	if (WARN_ON_ONCE(b->n == b->size))
		return -EINVAL;
	item->new = kmem_cache_alloc(nat64_eam_cache, GFP_KERNEL);
	if (!item->new)
		return -ENOMEM;
	*item->new = *new;
	item->old4 = nat64_eam_get4(t, new->addr4, new->len4);
	item->old6 = nat64_eam_get6(t, &new->addr6, new->len6);
	if (shares_counters(item))
		item->new->counters = READ_ONCE(item->old4->counters);

	err = column_put(&t->by_addr4, item->old4, item->new);
	if (err) {
		kmem_cache_free(nat64_eam_cache, item->new);
		return err;
	}
	err = column_put(&t->by_addr6, item->old6, item->new);
	if (err) {
		column_restore(&t->by_addr4, item->old4, item->new);
		call_rcu(&item->new->rcu, free_eam_rcu);
		return err;
	}

	b->n++;
	account_eam(b, item->new, 1);
	retire_eam(b, item->old4, NAT64_EAM_GONE4);
	retire_eam(b, item->old6, NAT64_EAM_GONE6);
	return 0;
}

/**
 * nat64_batch_delete() - delete a mapping
 * @b: batch
 * @eam: mapping of the table that is not retired yet
 *
 * Packets see the mapping until the batch is committed.
 *
 * Context: process, the lock that serialises changes.
 */
void nat64_batch_delete(struct nat64_batch *b, struct nat64_eam *eam)
{
	struct nat64_batch_item *item = &b->item[b->n];

	if (WARN_ON_ONCE(b->n == b->size))
		return;
	item->new = NULL;
	item->old4 = eam;
	item->old6 = NULL;
	b->n++;
	retire_eam(b, eam, NAT64_EAM_DELETED);
}

/**
 * nat64_batch_commit() - make the changes of a batch stay, and free the batch
 * @b: batch
 *
 * Cannot fail. Waits for a grace period where addresses pass to a mapping with
 * another prefix length.
 *
 * Context: process, the lock that serialises changes.
 */
void nat64_batch_commit(struct nat64_batch *b)
{
	const struct nat64_batch_item *item;
	struct nat64_eam *eam;

	if (unlikely(needs_grace_period(b)))
		synchronize_rcu();
	for (item = b->item; item < b->item + b->n; item++)
		if (shares_counters(item))
			unshare_counters(item->old4, item->new);
	while ((eam = b->retired)) {
		b->retired = eam->next;
		if (!(eam->flags & NAT64_EAM_GONE4))
			column_remove(&b->table->by_addr4, eam);
		if (!(eam->flags & NAT64_EAM_GONE6))
			column_remove(&b->table->by_addr6, eam);
		call_rcu(&eam->rcu, free_eam_rcu);
		cond_resched();
	}
	end_batch(b);
}

static void undo_item(struct nat64_batch *b, const struct nat64_batch_item *item)
{
	if (!item->new) {
		unretire_eam(b, item->old4, NAT64_EAM_DELETED);
		return;
	}
	column_restore(&b->table->by_addr6, item->old6, item->new);
	column_restore(&b->table->by_addr4, item->old4, item->new);
	unretire_eam(b, item->old6, NAT64_EAM_GONE6);
	unretire_eam(b, item->old4, NAT64_EAM_GONE4);
	account_eam(b, item->new, -1);
	if (shares_counters(item))
		unshare_counters(item->new, item->old4);
	call_rcu(&item->new->rcu, free_eam_rcu);
}

/**
 * nat64_batch_abort() - take back the changes of a batch, and free the batch
 * @b: batch
 *
 * Cannot fail, and needs no memory.
 *
 * Context: process, the lock that serialises changes.
 */
void nat64_batch_abort(struct nat64_batch *b)
{
	while (b->n) {
		undo_item(b, &b->item[--b->n]);
		cond_resched();
	}
	end_batch(b);
}
