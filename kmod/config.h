/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The configuration of a network namespace: what the packet path reads.
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
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "addr.h"
#include "eam.h"
#include "native.h"
#include "stats.h"
#include "use.h"

/**
 * struct nat64_settings - the settings, as in enum nat64_setting
 * @icmp_source6: pool of IPv6 sources, :: for none
 * @icmp_source4: pool of IPv4 sources, 0.0.0.0 for none (RFC 6791)
 * @mark: firewall mark of packets to look at
 * @mark_mask: bits of the mark that count; 0: all packets
 * @lowest_ipv6_mtu: RFC 7915 section 4.1
 * @tos: octet to write, or NAT64_COPY
 * @traffic_class: octet to write, or NAT64_COPY
 * @icmp_source4_len: length of that pool's prefix
 * @icmp_source6_len: length of that pool's prefix
 * @udp_zero_checksum: enum nat64_udp_zero_checksum
 * @forwarding: enum nat64_forwarding
 * @icmp_errors: answer packets that are refused
 * @wkp_strict: RFC 6052 section 3.1
 * @hairpin: RFC 7757 section 4.2
 * @local: translate what the gateway itself sends and receives
 * @counters: count packets and bytes of each mapping
 */
struct nat64_settings {
	struct in6_addr	icmp_source6;
	__be32		icmp_source4;
	u32		mark;
	u32		mark_mask;
	u32		lowest_ipv6_mtu;
	u32		tos;
	u32		traffic_class;
	u8		icmp_source4_len;
	u8		icmp_source6_len;
	u8		udp_zero_checksum;
	u8		forwarding;
	bool		icmp_errors;
	bool		wkp_strict;
	bool		hairpin;
	bool		local;
	bool		counters;
};

/**
 * struct nat64_config - what a packet sees
 * @set: settings
 * @table: mappings, never NULL
 * @n_order: number of translation prefixes
 * @primary: slot of the primary prefix; meaningless while @n_order is 0
 * @inside: whether a mapping's IPv6 prefix overlaps a translation prefix
 * @order: slots in use, longest prefix first
 * @added: slots in use, in the order in which the prefixes were added
 * @prefix: translation prefixes by slot; a length of 0 is a free slot
 * @rwork: frees the configuration after a grace period, in process context
 */
struct nat64_config {
	struct nat64_settings	set;
	struct nat64_table	*table;
	u8			n_order;
	u8			primary;
	bool			inside;
	u8			order[NAT64_MAX_PREFIXES];
	u8			added[NAT64_MAX_PREFIXES];
	struct nat64_prefix	prefix[NAT64_MAX_PREFIXES];
	struct rcu_work		rwork;
};

struct nat64_load;
struct nat64_ways;

/* Refusals whose texts may still be on their way to their readers. */
#define NAT64_TEXTS	16
#define NAT64_TEXT_LEN	176

/**
 * struct nat64_text - text of a refusal
 * @owner: task that was refused; its answer has left when it asks again
 * @stamp: when that was, in jiffies
 * @text: for its struct netlink_ext_ack, which keeps only a pointer
 */
struct nat64_text {
	const void	*owner;
	unsigned long	stamp;
	char		text[NAT64_TEXT_LEN];
};

/* Hooks of one netfilter point: one for each family. */
#define NAT64_N_OPS	2

/**
 * struct nat64_net - the translator of a network namespace
 * @config: what packets see, never NULL between pernet init and exit
 * @stats: counters
 * @ways: routes that packets took lately, since there are hooks
 * @uses: mappings that had packets, NULL unless they are counted
 * @net: the namespace
 * @ident_key: spreads pairs of hosts over identification generators
 * @native: routes that are better than translating
 * @lock: serialises all changes
 * @load: configuration being loaded, or NULL
 * @generation: counts changes; dumps compare it
 * @walks: passes over the table in place that wait for their reader
 * @stats_base: what the counters were when they were last reset
 * @use_walks: passes over uses that wait for their reader
 * @use_sweep: removes uses of what is a mapping no more
 * @pre_ops: PRE_ROUTING hooks, as netfilter holds on to them
 * @out_ops: LOCAL_OUT hooks
 * @pre_on: PRE_ROUTING hooks are registered
 * @out_on: LOCAL_OUT hooks are registered
 * @texts: texts of the last refusals
 *
 * What packets read comes first. No packet writes here, and what requests write
 * stands apart.
 */
struct nat64_net {
	struct nat64_config __rcu	*config;
	struct nat64_stats __percpu	*stats;
	struct nat64_ways __percpu	*ways;
	struct nat64_uses __rcu		*uses;
	struct net			*net;
	u32				ident_key;
	struct nat64_native		native;
	/* of all changes */
	struct mutex			lock ____cacheline_aligned;
	struct nat64_load		*load;
	u32				generation;
	struct list_head		walks;
	u64				stats_base[NAT64_N_COUNTERS];
	struct list_head		use_walks;
	struct work_struct		use_sweep;
	struct nf_hook_ops		pre_ops[NAT64_N_OPS];
	struct nf_hook_ops		out_ops[NAT64_N_OPS];
	bool				pre_on;
	bool				out_on;
	struct nat64_text		texts[NAT64_TEXTS];
};

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
	unsigned int i;

	for (i = 0; i < cfg->n_order; i++) {
		const struct nat64_prefix *prefix = &cfg->prefix[cfg->order[i]];

		if (nat64_prefix_match(prefix, addr))
			return prefix;
	}
	return NULL;
}

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
 * nat64_config_held() - the configuration, for who changes it
 * @nn: translator, whose lock is held
 *
 * Return: the configuration in place.
 */
static inline struct nat64_config *nat64_config_held(const struct nat64_net *nn)
{
	return rcu_dereference_protected(nn->config,
					 lockdep_is_held(&nn->lock));
}

/**
 * nat64_is_marked() - whether packets with a mark are looked at
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
