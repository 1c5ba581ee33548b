/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of explicit address mappings (RFC 7757).
 *
 * A mapping stands in two hash tables, the columns, under its prefix of that
 * family and the length of it. A column knows which lengths occur, so that a
 * longest match costs one hash lookup for each length in use, whatever the number
 * of mappings. Readers hold the RCU read lock only. Writers hold the lock of the
 * network namespace, or own a table that is not published yet.
 *
 * Writers change a table in batches, which can be taken back until they are
 * committed. A mapping that a batch replaces stays in its columns under the keys
 * that the new mapping does not have. So packets find a mapping in either column
 * throughout if they did before and do afterwards, and taking a batch back needs
 * no memory.
 */
#ifndef _NAT64_TABLE_H
#define _NAT64_TABLE_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/rhashtable.h>
#include <linux/workqueue.h>

#include "eam.h"
#include "wide.h"

/**
 * struct nat64_column - the mappings of a table, by their prefixes of one family
 * @lens: bit n is set while a mapping has a prefix of length n
 * @ht: &struct nat64_eam by prefix and length
 * @bits: length of an address, 32 or 128
 * @n_wide: counts mappings of more than one address as they are put in
 * @count: mappings by length of their prefix
 */
struct nat64_column {
	u64			lens[3];
	struct rhashtable	ht;
	u8			bits;
	u32			n_wide;
	u32			count[129];
};

/**
 * struct nat64_table - a set of mappings
 * @generation: see nat64_table_count_change()
 * @by_addr4: by their IPv4 prefixes
 * @by_addr6: by their IPv6 prefixes
 * @prefix_users: mappings that name each translation prefix
 * @count: number of mappings
 * @overlaps_pref64: mappings whose IPv6 prefix overlaps a translation prefix
 * @n_edge: edge mappings
 * @digest: sum of a hash of each mapping
 * @refs: configurations and dumps that use the table
 * @work: frees the table
 */
struct nat64_table {
	u32			generation;
	struct nat64_column	by_addr4;
	struct nat64_column	by_addr6;
	u32			prefix_users[NAT64_MAX_PREFIXES];
	u32			count;
	u32			overlaps_pref64;
	u32			n_edge;
	u64			digest;
	refcount_t		refs;
	struct work_struct	work;
};

/**
 * nat64_table_count_change() - have packets know that something has changed
 * @t: table
 *
 * See nat64_config_generation(). Context: the lock that serialises changes.
 */
static inline void nat64_table_count_change(struct nat64_table *t)
{
	/* Whoever sees the new number sees all that was changed before. */
	smp_store_release(&t->generation, t->generation + 1);
}

/**
 * struct nat64_batch_item - one step of a batch
 * @new: mapping that was put in, or NULL
 * @old4: mapping whose IPv4 prefix @new has now, or that is deleted
 * @old6: mapping whose IPv6 prefix @new has now
 */
struct nat64_batch_item {
	struct nat64_eam	*new;
	struct nat64_eam	*old4;
	struct nat64_eam	*old6;
};

/**
 * struct nat64_batch - changes of a table that are done all or not at all
 * @table: the table
 * @prefixes: translation prefixes by index, for the digest
 * @retired: mappings that commit removes
 * @n: number of steps done
 * @size: number of steps possible
 * @item: the steps
 */
struct nat64_batch {
	struct nat64_table		*table;
	const struct nat64_prefix	*prefixes;
	struct nat64_eam		*retired;
	unsigned int			n;
	unsigned int			size;
	struct nat64_batch_item		item[];
};

/**
 * struct nat64_walk - a pass over all mappings of a table
 * @table: the table, or NULL when it was taken away from the pass
 * @list: link in nat64_net.walks, for passes that wait for their reader
 * @iter: where the pass stands
 * @rewinds: how often the table's growth sent it back to the start
 */
struct nat64_walk {
	struct nat64_table	*table;
	struct list_head	list;
	struct rhashtable_iter	iter;
	unsigned int		rewinds;
};

typedef bool nat64_walk_fn(struct nat64_eam *eam, void *arg);

/* Frees tables, configurations and counters after a grace period. */
extern struct workqueue_struct *nat64_workers;

extern struct kmem_cache *nat64_eam_cache;

/* table.c */
void nat64_eam_free(struct nat64_eam *eam);
int nat64_table_init(void);
void nat64_table_exit(void);
struct nat64_table *nat64_table_alloc(u32 hint);
struct nat64_table *nat64_table_get(struct nat64_table *t);
void nat64_table_put(struct nat64_table *t);
void nat64_table_wait_resize(struct nat64_table *t);
const struct nat64_eam *nat64_eam_find4(struct nat64_table *t, __be32 addr4);
const struct nat64_eam *nat64_eam_find6(struct nat64_table *t,
					const struct in6_addr *addr6);
struct nat64_eam *nat64_eam_get4(struct nat64_table *t, __be32 addr4, u8 len4);
struct nat64_eam *nat64_eam_get6(struct nat64_table *t,
				 const struct in6_addr *addr6, u8 len6);
struct nat64_eam *nat64_column_get(struct nat64_column *col,
				   struct nat64_wide prefix, u8 len);

/* table_walk.c */
void nat64_walk_enter(struct nat64_walk *walk, struct nat64_table *t);
void nat64_walk_start(struct nat64_walk *walk);
struct nat64_eam *nat64_walk_next(struct nat64_walk *walk);
void nat64_walk_stop(struct nat64_walk *walk);
void nat64_walk_exit(struct nat64_walk *walk);
struct nat64_eam *nat64_walk_until(struct nat64_table *t, nat64_walk_fn *fn,
				   void *arg);
const struct nat64_eam *nat64_table_find_overlap(struct nat64_table *t,
						 const struct nat64_prefix *p);
void nat64_table_mark_overlaps(struct nat64_table *t,
			       const struct nat64_prefix *prefixes);

/* table_overlap.c */
bool nat64_column_overlap(const struct nat64_column *col,
			  const struct nat64_eam *a, const struct nat64_eam *b);
const struct nat64_eam *nat64_table_find_conflict(struct nat64_table *t,
						  struct nat64_column *col,
						  const struct nat64_eam *new);

/* table_batch.c */
struct nat64_batch *nat64_batch_begin(struct nat64_table *t,
				      const struct nat64_prefix *prefixes,
				      unsigned int size);
int nat64_batch_put(struct nat64_batch *b, const struct nat64_eam *new);
void nat64_batch_delete(struct nat64_batch *b, struct nat64_eam *eam);
void nat64_batch_commit(struct nat64_batch *b);
void nat64_batch_abort(struct nat64_batch *b);

/**
 * nat64_column_len() - the length of the prefix that a column knows a mapping by
 * @col: column
 * @eam: mapping
 */
static inline u8 nat64_column_len(const struct nat64_column *col,
				  const struct nat64_eam *eam)
{
	return col->bits == 32 ? eam->len4 : eam->len6;
}

/**
 * nat64_column_prefix() - the prefix that a column knows a mapping by
 * @col: column
 * @eam: mapping
 *
 * Return: the prefix as a number; an IPv4 prefix is its first bits.
 */
static inline struct nat64_wide
nat64_column_prefix(const struct nat64_column *col, const struct nat64_eam *eam)
{
	if (col->bits == 32)
		return (struct nat64_wide) {
			.hi = (u64)ntohl(eam->addr4) << 32
		};
	return nat64_wide_get(&eam->addr6);
}

#endif /* _NAT64_TABLE_H */
