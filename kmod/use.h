/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much each mapping is used (setting counters).
 *
 * A table of its own beside that of the mappings, of those that had a packet: a
 * mapping costs nothing for being counted until then, and a load that brings
 * the same mapping again finds its counters.
 */
#ifndef _NAT64_USE_H
#define _NAT64_USE_H

#include <linux/in6.h>
#include <linux/list.h>
#include <linux/rhashtable.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct nat64_eam;
struct nat64_net;
struct nat64_pkt;

/**
 * enum nat64_direction - the direction of a packet
 * @NAT64_6TO4: from IPv6 to IPv4
 * @NAT64_4TO6: from IPv4 to IPv6
 * @NAT64_N_DIRECTIONS: how many there are
 */
enum nat64_direction {
	NAT64_6TO4,
	NAT64_4TO6,
	NAT64_N_DIRECTIONS
};

/**
 * struct nat64_use_key - a mapping, by both of its prefixes
 * @addr6: IPv6 prefix
 * @addr4: IPv4 prefix
 * @len4: length of the IPv4 prefix
 * @len6: length of the IPv6 prefix
 * @zero: makes all octets count
 */
struct nat64_use_key {
	struct in6_addr	addr6;
	__be32		addr4;
	u8		len4;
	u8		len6;
	u16		zero;
};

/**
 * struct nat64_use_sum - counters of a mapping
 * @packets: packets that left, each segment, by enum nat64_direction
 * @octets: octets of them
 * @last: when the last one left, in jiffies
 */
struct nat64_use_sum {
	u64		packets[NAT64_N_DIRECTIONS];
	u64		octets[NAT64_N_DIRECTIONS];
	unsigned long	last;
};

/**
 * struct nat64_use - a mapping that had a packet
 * @node: link in nat64_uses.table
 * @key: the mapping
 * @cpu: its counters
 * @rcu: for the grace period after removal
 */
struct nat64_use {
	struct rhash_head		node;
	struct nat64_use_key		key;
	struct nat64_use_sum __percpu	*cpu;
	struct rcu_head			rcu;
};

/**
 * struct nat64_uses - the mappings that had packets
 * @table: &struct nat64_use by @key
 * @rwork: frees all, after a grace period
 */
struct nat64_uses {
	struct rhashtable	table;
	struct rcu_work		rwork;
};

/**
 * struct nat64_use_walk - a pass over the mappings that had packets
 * @uses: they, or NULL when they were taken away from the pass
 * @list: link in nat64_net.use_walks
 * @iter: where the pass stands
 */
struct nat64_use_walk {
	struct nat64_uses	*uses;
	struct list_head	list;
	struct rhashtable_iter	iter;
};

void nat64_uses_init(struct nat64_net *nn);
void nat64_uses_exit(struct nat64_net *nn);
int nat64_uses_begin(struct nat64_net *nn);
int nat64_uses_renew(struct nat64_net *nn);
void nat64_uses_end(struct nat64_net *nn);
void nat64_use_walk_begin(struct nat64_net *nn, struct nat64_use_walk *walk);
void nat64_use_walk_end(struct nat64_net *nn, struct nat64_use_walk *walk);
void nat64_use_sum(const struct nat64_use *use, struct nat64_use_sum *sum);
void nat64_use_count4(const struct nat64_pkt *p);
void nat64_use_count6(const struct nat64_pkt *p);

#endif /* _NAT64_USE_H */
