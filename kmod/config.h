/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The configuration of a network namespace, as the packet path reads it.
 * control.c changes it.
 *
 * A &struct nat64_config never changes once it is published; a change makes
 * a copy and swaps one pointer. The table of mappings is shared by successive
 * configurations and changes in place, except that a load brings its own.
 */
#ifndef _NAT64_CONFIG_H
#define _NAT64_CONFIG_H

#include <linux/in6.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netfilter.h>
#include <linux/notifier.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "addr.h"
#include "native.h"
#include "request.h"
#include "settings.h"
#include "stats.h"
#include "table.h"

/**
 * struct nat64_config - what a packet sees
 * @set: settings
 * @table: mappings, never NULL
 * @n_order: number of translation prefixes
 * @primary: index of the primary prefix; meaningless while @n_order is 0
 * @n_claimed: how many of the translation prefixes, in @order, have IPv6
 *	destinations in them that are for the translator: all, or none where it
 *	has nothing but edge mappings
 * @overlaps_pref64: a mapping's IPv6 prefix overlaps a translation prefix
 * @has_edge: there are edge mappings
 * @generation: see nat64_config_generation()
 * @order: indexes in use, longest prefix first
 * @added: indexes in use, in the order in which the prefixes were added
 * @prefix: translation prefixes by index; a length of 0 is a free one
 * @rwork: frees the configuration after a grace period, in process context
 */
struct nat64_config {
	struct nat64_settings	set;
	struct nat64_table	*table;
	u8			n_order;
	u8			primary;
	u8			n_claimed;
	bool			overlaps_pref64;
	bool			has_edge;
	u32			generation;
	u8			order[NAT64_MAX_PREFIXES];
	u8			added[NAT64_MAX_PREFIXES];
	struct nat64_prefix	prefix[NAT64_MAX_PREFIXES];
	struct rcu_work		rwork;
};

struct nat64_flows;
struct nat64_load;

/* Hooks of one netfilter point: one for each family. */
#define NAT64_N_OPS	2

/**
 * struct nat64_ingress - hooks on the devices of a network namespace
 * @nb: notifier of devices, adds and removes hooks
 * @ports: the hooks, under the RTNL
 * @is_on: @nb is registered
 */
struct nat64_ingress {
	struct notifier_block	nb;
	struct list_head	ports;
	bool			is_on;
};

/**
 * struct nat64_net - the translator of a network namespace
 * @config: what packets see, never NULL between pernet init and exit
 * @stats: counters
 * @flows: flow cache, NULL without mappings
 * @net: the namespace
 * @is_exiting: the namespace goes away, and its devices later: set before a grace
 *	period, after which XDP programs must not read what is freed then
 * @ident_key: spreads pairs of hosts over identification generators
 * @native: state of more specific native routes
 * @flow_expiry: see nat64_flows_expire()
 * @lock: serialises all changes
 * @request: request that holds the lock
 * @load: configuration being loaded, or NULL
 * @generation: counts changes; dumps compare it
 * @walks: dumps of the table in place that are under way
 * @stats_base: what the counters were when they were last reset
 * @counter_resets: how often the counters of all mappings were freed
 * @pre_ops: PRE_ROUTING hooks, which netfilter points to
 * @out_ops: LOCAL_OUT hooks
 * @pre_on: PRE_ROUTING hooks are registered
 * @out_on: LOCAL_OUT hooks are registered
 * @ingress: hooks on the devices
 * @texts: texts of the last errors
 *
 * What packets read comes first, and no packet writes to it. What requests
 * write begins on a cache line of its own.
 */
struct nat64_net {
	struct nat64_config __rcu	*config;
	struct nat64_stats __percpu	*stats;
	struct nat64_flows __percpu	*flows;
	struct net			*net;
	bool				is_exiting;
	u32				ident_key;
	struct nat64_native		native;
	struct work_struct		flow_expiry;
	struct mutex			lock ____cacheline_aligned;
	struct nat64_request		request;
	struct nat64_load		*load;
	u32				generation;
	struct list_head		walks;
	u64				stats_base[NAT64_N_COUNTERS];
	u32				counter_resets;
	struct nf_hook_ops		pre_ops[NAT64_N_OPS];
	struct nf_hook_ops		out_ops[NAT64_N_OPS];
	bool				pre_on;
	bool				out_on;
	struct nat64_ingress		ingress;
	struct nat64_text		texts[NAT64_TEXTS];
};

/**
 * nat64_config_generation() - number of the state of mappings and configuration
 * @cfg: configuration that a packet sees
 *
 * What is found in the table afterwards is of this state or of a later one.
 * On one CPU, packets see numbers that only grow: each change adds 1 to the sum,
 * be it a change of the table in place, a new configuration, or
 * nat64_flows_expire().
 */
static inline u32 nat64_config_generation(const struct nat64_config *cfg)
{
	/* Read before any lookup; pairs with nat64_table_count_change(). */
	return cfg->generation + smp_load_acquire(&cfg->table->generation);
}

/**
 * nat64_config_carries() - whether a prefix may carry an IPv4 address
 * @cfg: configuration
 * @prefix: translation prefix
 * @addr4: address
 *
 * RFC 6052 section 3.1; setting wkp-strict.
 */
static inline bool nat64_config_carries(const struct nat64_config *cfg,
					const struct nat64_prefix *prefix,
					__be32 addr4)
{
	return likely(!prefix->wkp) || !cfg->set.wkp_strict ||
	       nat64_addr4_is_global(addr4);
}

static inline const struct nat64_prefix *
nat64_prefix_find_in(const struct nat64_config *cfg, const struct in6_addr *addr,
		     unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		const struct nat64_prefix *prefix = &cfg->prefix[cfg->order[i]];

		if (nat64_prefix_match(prefix, addr))
			return prefix;
	}
	return NULL;
}

/**
 * nat64_prefix_find() - the translation prefix that an address lies in
 * @cfg: configuration
 * @addr: IPv6 address
 *
 * Return: the longest one, NULL when there is none.
 */
static inline const struct nat64_prefix *
nat64_prefix_find(const struct nat64_config *cfg, const struct in6_addr *addr)
{
	return nat64_prefix_find_in(cfg, addr, cfg->n_order);
}

/**
 * nat64_prefix_claiming() - the translation prefix that selects a packet
 * @cfg: configuration
 * @addr: its IPv6 destination
 *
 * With nothing but edge mappings there is none: the prefixes lead to a border
 * relay elsewhere, and IPv6 packets to it are forwarded.
 *
 * Return: the longest one, NULL when there is none.
 */
static inline const struct nat64_prefix *
nat64_prefix_claiming(const struct nat64_config *cfg, const struct in6_addr *addr)
{
	return nat64_prefix_find_in(cfg, addr, cfg->n_claimed);
}

/**
 * nat64_config_peer_prefix() - the prefix that embeds the peers of a mapped host
 * @cfg: configuration
 * @eam: mapping of the host
 *
 * A mapping may name the prefix that writes the sources of packets to it, or the
 * destinations of those from an edge one.
 *
 * Return: that one, or the primary one; NULL when there is none.
 */
static inline const struct nat64_prefix *
nat64_config_peer_prefix(const struct nat64_config *cfg,
			 const struct nat64_eam *eam)
{
	if (unlikely(eam->prefix_index != NAT64_PREFIX_PRIMARY))
		return &cfg->prefix[eam->prefix_index];
	return likely(cfg->n_order) ? &cfg->prefix[cfg->primary] : NULL;
}

struct nat64_config *nat64_config_alloc(u32 hint);
struct nat64_config *nat64_config_copy(const struct nat64_config *old);
void nat64_config_free(struct nat64_config *cfg);
void nat64_config_free_rcu(struct nat64_config *cfg);
u8 nat64_config_prefix_index(const struct nat64_config *cfg,
			     const struct in6_addr *addr, u8 len);
u64 nat64_config_digest(const struct nat64_config *cfg);

extern unsigned int nat64_net_id;

/**
 * nat64_net() - the translator of a network namespace
 * @net: namespace
 */
static inline struct nat64_net *nat64_net(const struct net *net)
{
	return net_generic(net, nat64_net_id);
}

/**
 * nat64_config_protected() - get the configuration while holding the lock
 * @nn: translator
 *
 * Context: process, @nn->lock.
 * Return: the configuration in place.
 */
static inline struct nat64_config *nat64_config_protected(const struct nat64_net *nn)
{
	return rcu_dereference_protected(nn->config,
					 lockdep_is_held(&nn->lock));
}

/**
 * nat64_config_is_empty() - whether no packet can be translated
 * @cfg: configuration
 */
static inline bool nat64_config_is_empty(const struct nat64_config *cfg)
{
	return !cfg->n_order && !cfg->table->count;
}

/**
 * nat64_is_marked() - whether packets with a firewall mark are translated
 * @cfg: configuration
 * @mark: its firewall mark
 *
 * Setting mark: an administrator's chain says which packets are.
 */
static inline bool nat64_is_marked(const struct nat64_config *cfg, u32 mark)
{
	return !((mark ^ cfg->set.mark) & cfg->set.mark_mask);
}

#endif /* _NAT64_CONFIG_H */
