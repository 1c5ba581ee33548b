/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of explicit address mappings (RFC 7757).
 *
 * A mapping stands in two hash tables, one for each column, under its prefix
 * and the length of it. A column remembers which lengths occur, so that a
 * longest match costs one hash lookup for each length in use, whatever the
 * number of mappings. Readers hold the RCU read lock only; writers hold the
 * mutex of the network namespace, or own a table that is not published yet.
 *
 * Writers change a table in batches, which can be taken back until they are
 * committed. What a batch replaces keeps its place under the keys that the new
 * mapping does not have, so neither column misses a packet that it had a
 * mapping for before and has one for afterwards, and going back needs no memory.
 */
#ifndef _NAT64_EAM_H
#define _NAT64_EAM_H

#include <linux/in6.h>
#include <linux/refcount.h>
#include <linux/rhashtable.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <net/ipv6.h>

#include <linux/nat64.h>

#include "addr.h"

/* A mapping that names no translation prefix of its own. */
#define NAT64_PREFIX_PRIMARY	0xff

/* Flags of a mapping, for writers only. */
#define NAT64_EAM_IN_PREF64	0x01	/* overlaps a translation prefix */
#define NAT64_EAM_GONE4		0x02	/* replaced in the IPv4 column */
#define NAT64_EAM_GONE6		0x04	/* replaced in the IPv6 column */
#define NAT64_EAM_DELETED	0x08	/* to be removed from both */
#define NAT64_EAM_RETIRED	(NAT64_EAM_GONE4 | NAT64_EAM_GONE6 | \
				 NAT64_EAM_DELETED)

/**
 * struct nat64_eam - an explicit address mapping
 * @node4: link in the IPv4 column
 * @node6: link in the IPv6 column
 * @addr6: IPv6 prefix, bits behind @len6 are zero
 * @addr4: IPv4 prefix, bits behind @len4 are zero
 * @len4: length of the IPv4 prefix, 0 to 32
 * @len6: length of the IPv6 prefix, 0 to 128; 128 - @len6 >= 32 - @len4
 * @prefix_index: translation prefix that writes IPv6 sources towards this
 *	mapping, an index of nat64_config.prefix, or NAT64_PREFIX_PRIMARY
 * @flags: NAT64_EAM_*; RETIRED ones are set during a batch only
 * @next: next one that the batch retires
 * @rcu: for the grace period after removal
 */
struct nat64_eam {
	struct rhash_head	node4;
	struct rhash_head	node6;
	struct in6_addr		addr6;
	__be32			addr4;
	u8			len4;
	u8			len6;
	u8			prefix_index;
	u8			flags;
	union {
		struct nat64_eam	*next;
		struct rcu_head		rcu;
	};
};

/**
 * struct nat64_table - a set of mappings with its two columns
 * @lens4: bit n is set while a mapping has an IPv4 prefix of length n
 * @lens6: the same for IPv6
 * @col4: &struct nat64_eam by IPv4 prefix and length
 * @col6: &struct nat64_eam by IPv6 prefix and length
 * @count4: mappings by length of their IPv4 prefix
 * @count6: mappings by length of their IPv6 prefix
 * @prefix_users: mappings that name each translation prefix
 * @count: number of mappings
 * @n_wide4: counts mappings shorter than /32 as they are put in
 * @overlaps_pref64: mappings whose IPv6 prefix overlaps a translation prefix
 * @digest: sum of a hash of each mapping
 * @refs: configurations and dumps that use the table
 * @work: frees the table
 */
struct nat64_table {
	u64			lens4;
	u64			lens6[3];
	struct rhashtable	col4;
	struct rhashtable	col6;
	u32			count4[33];
	u32			count6[129];
	u32			prefix_users[NAT64_MAX_PREFIXES];
	u32			count;
	u32			n_wide4;
	u32			overlaps_pref64;
	u64			digest;
	refcount_t		refs;
	struct work_struct	work;
};

/**
 * struct nat64_batch_item - one step of a batch
 * @new: mapping that was put in, or NULL
 * @old4: mapping whose place in the IPv4 column @new took, or that is deleted
 * @old6: mapping whose place in the IPv6 column @new took
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

/* Frees tables and configurations. */
extern struct workqueue_struct *nat64_workers;

int nat64_eam_init(void);
void nat64_eam_exit(void);

/* For packets, and whoever else holds the RCU read lock. */
const struct nat64_eam *nat64_eam_find4(struct nat64_table *t, __be32 addr4);
const struct nat64_eam *nat64_eam_find6(struct nat64_table *t,
					const struct in6_addr *addr6);
void nat64_eam_suffix6(const struct nat64_eam *eam, __be32 addr4,
		       struct in6_addr *addr6);
__be32 nat64_eam_to4(const struct nat64_eam *eam, const struct in6_addr *addr6);

/* Reading a table at leisure. */
struct nat64_eam *nat64_eam_get4(struct nat64_table *t, __be32 addr4, u8 len4);
struct nat64_eam *nat64_eam_get6(struct nat64_table *t,
				 const struct in6_addr *addr6, u8 len6);
const struct nat64_eam *nat64_eam_overlap4(struct nat64_table *t,
					   const struct nat64_eam *spec);
const struct nat64_eam *nat64_eam_overlap6(struct nat64_table *t,
					   const struct nat64_eam *spec);
void nat64_walk_enter(struct nat64_walk *walk, struct nat64_table *t);
void nat64_walk_start(struct nat64_walk *walk);
struct nat64_eam *nat64_walk_next(struct nat64_walk *walk);
void nat64_walk_stop(struct nat64_walk *walk);
void nat64_walk_exit(struct nat64_walk *walk);

/* Tables as a whole. */
struct nat64_table *nat64_table_alloc(u32 hint);
struct nat64_table *nat64_table_get(struct nat64_table *t);
void nat64_table_put(struct nat64_table *t);
void nat64_table_wait_resize(struct nat64_table *t);
const struct nat64_eam *nat64_table_find_overlap(struct nat64_table *t,
						 const struct nat64_prefix *p);
const struct nat64_prefix *
nat64_prefixes_overlap(const struct nat64_prefix *prefixes,
		       const struct nat64_eam *eam);
void nat64_table_mark_overlaps(struct nat64_table *t,
			       const struct nat64_prefix *prefixes);

/* Changing a table. */
struct nat64_batch *nat64_batch_begin(struct nat64_table *t,
				      const struct nat64_prefix *prefixes,
				      unsigned int size);
int nat64_batch_put(struct nat64_batch *b, const struct nat64_eam *spec);
void nat64_batch_delete(struct nat64_batch *b, struct nat64_eam *eam);
void nat64_batch_commit(struct nat64_batch *b);
void nat64_batch_abort(struct nat64_batch *b);

/**
 * nat64_eam_has4() - whether a mapping has exactly this IPv4 prefix
 * @eam: mapping
 * @addr4: prefix
 * @len4: its length
 *
 * Return: true or false.
 */
static inline bool nat64_eam_has4(const struct nat64_eam *eam, __be32 addr4,
				  u8 len4)
{
	return eam->addr4 == addr4 && eam->len4 == len4;
}

/**
 * nat64_eam_has6() - whether a mapping has exactly this IPv6 prefix
 * @eam: mapping
 * @addr6: prefix
 * @len6: its length
 *
 * Return: true or false.
 */
static inline bool nat64_eam_has6(const struct nat64_eam *eam,
				  const struct in6_addr *addr6, u8 len6)
{
	return eam->len6 == len6 && ipv6_addr_equal(&eam->addr6, addr6);
}

/**
 * nat64_prefix_overlaps() - whether a mapping overlaps a translation prefix
 * @prefix: translation prefix, or a free one, which overlaps nothing
 * @eam: mapping
 *
 * Return: true or false.
 */
static inline bool nat64_prefix_overlaps(const struct nat64_prefix *prefix,
					 const struct nat64_eam *eam)
{
	return prefix->len &&
	       ipv6_prefix_equal(&prefix->addr, &eam->addr6,
				 min(prefix->len, eam->len6));
}

/**
 * nat64_eam_to6() - the IPv6 address of an IPv4 address
 * @eam: mapping that the address lies in
 * @addr4: address
 * @addr6: result
 *
 * RFC 7757 section 3.3.1.
 */
static inline void nat64_eam_to6(const struct nat64_eam *eam, __be32 addr4,
				 struct in6_addr *addr6)
{
	*addr6 = eam->addr6;
	if (unlikely(eam->len4 != 32))
		nat64_eam_suffix6(eam, addr4, addr6);
}

#endif /* _NAT64_EAM_H */
