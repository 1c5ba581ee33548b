/* SPDX-License-Identifier: GPL-2.0-only */
/* What the module says, without netlink. */
#ifndef _NAT64CTL_REPLY_H
#define _NAT64CTL_REPLY_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "conf.h"

/**
 * struct stat_value - a counter of the module
 * @name: its name
 * @value: its value
 */
struct stat_value {
	char	name[48];
	__u64	value;
};

/**
 * struct eam_counters - the counters of a mapping
 * @eam: the mapping
 * @packets_6to4: packets translated to IPv4
 * @octets_6to4: bytes of them
 * @packets_4to6: packets translated to IPv6
 * @octets_4to6: bytes of them
 * @idle: milliseconds since the last one
 */
struct eam_counters {
	struct eam	eam;
	__u64		packets_6to4;
	__u64		octets_6to4;
	__u64		packets_4to6;
	__u64		octets_4to6;
	__u64		idle;
};

/**
 * struct reply - what the module said; each request fills in its part
 * @conf: prefixes, mappings, settings
 * @version: version of the module
 * @active: 1 if there is something to translate by
 * @routes_pending: 1 while the routes are still to be listed
 * @changed: 1 if a load changed something
 * @replace: an event: mappings came in the place of others
 * @count: number of mappings
 * @limit: number of mappings that are allowed
 * @generation: number of changes so far
 * @digest: hash of the mappings and prefixes
 * @addr: what an address becomes
 * @n_stats: number of counters
 * @stats: counters
 * @n_counters: number of mappings that had packets
 * @counters: the counters of each
 */
struct reply {
	struct conf		conf;
	char			version[32];
	__u8			active;
	__u8			routes_pending;
	__u8			changed;
	bool			replace;
	__u32			count;
	__u32			limit;
	__u32			generation;
	__u64			digest;
	struct prefix		addr;
	size_t			n_stats;
	struct stat_value	*stats;
	size_t			n_counters;
	struct eam_counters	*counters;
};

/**
 * struct header - network headers of a packet
 * @len: length of @data
 * @data: the headers
 */
struct header {
	size_t	len;
	__u32	data[12];
};

/**
 * struct explained - what would become of a packet
 * @verdict: enum nat64_verdict
 * @reason: why it is not translated, or empty
 * @local: the gateway itself sends it
 * @in: device that it comes in on
 * @source: mapping of its source, or all zeros
 * @destination: mapping of its destination, or all zeros
 * @pref64: translation prefix, or all zeros
 * @between: IPv4 header of a packet that is translated twice
 * @header: network headers after translation
 * @out: device that it goes out on, or 0
 * @via: next hop, if it is a router
 * @mtu: MTU of that route
 * @fragment_size: size of the fragments that it is sent as, or 0
 * @has_icmp_error: the sender gets an ICMP error
 * @type: its type
 * @code: its code
 * @info: MTU or pointer in it
 */
struct explained {
	__u8		verdict;
	char		reason[48];
	bool		local;
	__u32		in;
	struct eam	source;
	struct eam	destination;
	struct pref64	pref64;
	struct header	between;
	struct header	header;
	__u32		out;
	struct prefix	via;
	__u32		mtu;
	__u32		fragment_size;
	bool		has_icmp_error;
	__u8		type;
	__u8		code;
	__u32		info;
};

void reply_free(struct reply *reply);
int counters_compare(const void *a, const void *b);
void counters_sort(struct reply *reply);

#endif /* _NAT64CTL_REPLY_H */
