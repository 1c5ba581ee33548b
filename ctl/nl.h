/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The module, as the rest of the tool sees it. Only nl.c knows netlink.
 *
 * A function that returns a status other than DONE has a text for it, which
 * nl_error() returns.
 */
#ifndef _NAT64CTL_NL_H
#define _NAT64CTL_NL_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "conf.h"

struct nl;

/**
 * struct nl_stat - a counter
 * @name: its name
 * @value: its value
 */
struct nl_stat {
	char	name[48];
	__u64	value;
};

/**
 * struct use - what has left of a mapping's packets
 * @eam: the mapping
 * @packets_6to4: packets that became IPv4
 * @octets_6to4: octets of them
 * @packets_4to6: packets that became IPv6
 * @octets_4to6: octets of them
 * @idle: milliseconds since the last one
 */
struct use {
	struct eam	eam;
	__u64		packets_6to4;
	__u64		octets_6to4;
	__u64		packets_4to6;
	__u64		octets_4to6;
	__u64		idle;
};

/**
 * struct nl_reply - what the module said; each request fills in its part
 * @conf: prefixes, mappings, settings
 * @version: version of the module
 * @active: hooks are registered
 * @changed: a load changed something
 * @replace: an event: mappings came in the place of others
 * @count: number of mappings
 * @limit: number of mappings that are allowed
 * @generation: number of changes so far
 * @digest: hash of the mappings and prefixes
 * @addr: what an address becomes
 * @n_stats: number of counters
 * @stats: counters
 * @n_uses: number of mappings that had packets
 * @uses: the counters of each
 */
struct nl_reply {
	struct conf	conf;
	char		version[32];
	bool		active;
	bool		changed;
	bool		replace;
	__u32		count;
	__u32		limit;
	__u32		generation;
	__u64		digest;
	struct prefix	addr;
	size_t		n_stats;
	struct nl_stat	*stats;
	size_t		n_uses;
	struct use	*uses;
};

/**
 * struct explained - what would become of a packet
 * @verdict: enum nat64_verdict
 * @reason: why it is not translated, or empty
 * @local: the gateway itself sends it
 * @in: device that it comes in on
 * @source: mapping of its source, or all zeros
 * @destination: mapping of its destination, or all zeros
 * @prefix: translation prefix, or all zeros
 * @between_len: length of @between
 * @between: IPv4 header of a packet that is translated twice
 * @header_len: length of @header
 * @header: network headers after translation
 * @out: device that it goes out on, or 0
 * @via: next hop, if it is a router
 * @mtu: MTU of that way
 * @split: size of the fragments it is split to, or 0
 * @has_answer: the sender gets an ICMP error
 * @type: its type
 * @code: its code
 * @info: MTU or pointer in it
 */
struct explained {
	__u8			verdict;
	char			reason[48];
	bool			local;
	__u32			in;
	struct eam		source;
	struct eam		destination;
	struct translation	prefix;
	size_t			between_len;
	__u32			between[12];
	size_t			header_len;
	__u32			header[12];
	__u32			out;
	struct prefix		via;
	__u32			mtu;
	__u32			split;
	bool			has_answer;
	__u8			type;
	__u8			code;
	__u32			info;
};

/**
 * enum nl_add_flags - how mappings are added
 * @NL_REPLACE: in the place of those with the same IPv4 or IPv6 prefix
 * @NL_FORCE: even when they overlap others
 * @NL_STAGED: to the configuration that nl_load_begin() opened
 */
enum nl_add_flags {
	NL_REPLACE	= 1,
	NL_FORCE	= 2,
	NL_STAGED	= 4,
};

typedef void nl_event_fn(void *data, unsigned int cmd,
			 const struct nl_reply *event);

struct nl *nl_alloc(void);
int nl_open(struct nl *nl);
void nl_close(struct nl *nl);
const char *nl_error(const struct nl *nl);
long nl_bad_eam(const struct nl *nl);

int nl_status(struct nl *nl, struct nl_reply *reply);
int nl_stats(struct nl *nl, struct nl_reply *reply);
int nl_stats_reset(struct nl *nl);

int nl_prefix_add(struct nl *nl, const struct translation *t,
		  unsigned int flags);
int nl_prefix_del(struct nl *nl, const struct prefix6 *p);
int nl_prefix_list(struct nl *nl, struct nl_reply *reply);

int nl_eam_add(struct nl *nl, const struct eam *eams, size_t n,
	       unsigned int flags);
int nl_eam_del(struct nl *nl, const struct prefix *p);
int nl_eam_list(struct nl *nl, const struct prefix *inside,
		struct nl_reply *reply);
int nl_eam_flush(struct nl *nl);
int nl_lookup(struct nl *nl, const struct prefix *addr, struct nl_reply *reply);

int nl_use_list(struct nl *nl, struct nl_reply *reply);
int use_compare(const void *a, const void *b);
int nl_explain(struct nl *nl, const void *packet, size_t len,
	       struct explained *explained);

int nl_settings_get(struct nl *nl, struct setting_value *values);
int nl_settings_set(struct nl *nl, const struct setting_value *values,
		    bool staged);

int nl_load_begin(struct nl *nl, size_t n_eams);
int nl_load_commit(struct nl *nl, struct nl_reply *reply);
void nl_load_abort(struct nl *nl);

int nl_monitor(struct nl *nl, nl_event_fn *event, void *data);

void nl_reply_free(struct nl_reply *reply);

#endif /* _NAT64CTL_NL_H */
