/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of explicit address mappings (RFC 7757).
 *
 * A mapping stands in two hash tables, one for each column, under its prefix
 * and the length of it. A column remembers which lengths occur, so that a
 * longest match costs one hash lookup for each length in use, whatever the
 * number of mappings. Readers hold the RCU read lock only; writers hold the
 * mutex of the network namespace, or own a table that is not published yet.
 */
#ifndef _NAT64_EAM_H
#define _NAT64_EAM_H

#include <linux/in6.h>
#include <linux/refcount.h>
#include <linux/rhashtable.h>
#include <linux/types.h>

#include <linux/nat64.h>

/* A mapping that names no translation prefix of its own. */
#define NAT64_SLOT_PRIMARY	0xff

/**
 * struct nat64_eam - an explicit address mapping
 * @node4: link in the IPv4 column
 * @node6: link in the IPv6 column
 * @addr6: IPv6 prefix, bits behind @len6 are zero
 * @addr4: IPv4 prefix, bits behind @len4 are zero
 * @len4: length of the IPv4 prefix, 0 to 32
 * @len6: length of the IPv6 prefix, 0 to 128; 128 - @len6 >= 32 - @len4
 * @slot: translation prefix that writes IPv6 sources towards this mapping,
 *	an index of nat64_config.prefix, or NAT64_SLOT_PRIMARY
 * @rcu: for the grace period after removal
 */
struct nat64_eam {
	struct rhash_head	node4;
	struct rhash_head	node6;
	struct in6_addr		addr6;
	__be32			addr4;
	u8			len4;
	u8			len6;
	u8			slot;
	struct rcu_head		rcu;
};

/**
 * struct nat64_table - a set of mappings with its two columns
 * @col4: &struct nat64_eam by IPv4 prefix and length
 * @col6: &struct nat64_eam by IPv6 prefix and length
 * @lens4: bit n is set while a mapping has an IPv4 prefix of length n
 * @lens6: the same for IPv6
 * @count4: mappings by length of their IPv4 prefix
 * @count6: mappings by length of their IPv6 prefix
 * @slots: mappings by translation prefix that they name
 * @count: number of mappings
 * @digest: sum of nat64_eam_digest() over all mappings
 * @refs: configurations and dumps that use the table
 */
struct nat64_table {
	struct rhashtable	col4;
	struct rhashtable	col6;
	u64			lens4;
	unsigned long		lens6[BITS_TO_LONGS(129)];
	u32			count4[33];
	u32			count6[129];
	u32			slots[NAT64_MAX_PREFIXES];
	u32			count;
	u64			digest;
	refcount_t		refs;
};

const struct nat64_eam *nat64_eam_find4(struct nat64_table *t, __be32 addr4);
const struct nat64_eam *nat64_eam_find6(struct nat64_table *t,
					const struct in6_addr *addr6);
void nat64_eam_to6(const struct nat64_eam *eam, __be32 addr4,
		   struct in6_addr *addr6);
__be32 nat64_eam_to4(const struct nat64_eam *eam, const struct in6_addr *addr6);

#endif /* _NAT64_EAM_H */
