/* SPDX-License-Identifier: GPL-2.0-only */
/* An explicit address mapping (RFC 7757), and addresses translated by it. */
#ifndef _NAT64_EAM_H
#define _NAT64_EAM_H

#include <linux/in6.h>
#include <linux/rhashtable-types.h>
#include <linux/types.h>
#include <net/ipv6.h>

#include <linux/nat64.h>

#include "addr.h"

/* A mapping that names no translation prefix of its own. */
#define NAT64_PREFIX_PRIMARY	0xff

/* Flags of a mapping. The packet path reads EDGE only. */
#define NAT64_EAM_IN_PREF64	0x01	/* overlaps a translation prefix */
#define NAT64_EAM_GONE4		0x02	/* another one has its IPv4 prefix */
#define NAT64_EAM_GONE6		0x04	/* another one has its IPv6 prefix */
#define NAT64_EAM_DELETED	0x08	/* to be deleted */
#define NAT64_EAM_EDGE		0x10	/* the hosts are on the IPv4 side */
#define NAT64_EAM_RETIRED	(NAT64_EAM_GONE4 | NAT64_EAM_GONE6 | \
				 NAT64_EAM_DELETED)

struct nat64_eam_counters;

/**
 * struct nat64_eam - an explicit address mapping
 * @node4: link in nat64_table.by_addr4
 * @node6: link in nat64_table.by_addr6
 * @addr6: IPv6 prefix, bits behind @len6 are zero
 * @addr4: IPv4 prefix, bits behind @len4 are zero
 * @len4: length of the IPv4 prefix, 0 to 32
 * @len6: length of the IPv6 prefix, 0 to 128; 128 - @len6 >= 32 - @len4
 * @prefix_index: translation prefix that writes IPv6 sources towards this
 *	mapping, destinations from an edge one, an index of nat64_config.prefix,
 *	or NAT64_PREFIX_PRIMARY
 * @flags: NAT64_EAM_*; RETIRED ones are set during a batch only
 * @next: next mapping that the batch retires
 * @rcu: for the grace period after removal
 * @counters: what packets did, NULL before the first one (setting counters)
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
	struct nat64_eam_counters __percpu *counters;
};

void nat64_eam_suffix6(const struct nat64_eam *eam, __be32 addr4,
		       struct in6_addr *addr6);
__be32 nat64_eam_to4(const struct nat64_eam *eam, const struct in6_addr *addr6);
const struct nat64_prefix *
nat64_eam_overlapping_prefix(const struct nat64_eam *eam,
			     const struct nat64_prefix *prefixes);

/**
 * nat64_eam_is_edge() - whether a mapping is of hosts on the IPv4 side
 * @eam: mapping
 *
 * An edge mapping (RFC 7756) gives IPv4 hosts IPv6 addresses, which are called
 * their faces. Any other one, a border mapping, gives IPv6 hosts IPv4
 * addresses.
 */
static inline bool nat64_eam_is_edge(const struct nat64_eam *eam)
{
	/* A batch sets other flags of what packets see; this one never changes. */
	return data_race(eam->flags) & NAT64_EAM_EDGE;
}

/**
 * nat64_eam_set_flags() - change the flags of a mapping that packets may see
 * @eam: mapping
 * @flags: all of them; EDGE as it was
 *
 * Context: the lock that serialises changes.
 */
static inline void nat64_eam_set_flags(struct nat64_eam *eam, u8 flags)
{
	WRITE_ONCE(eam->flags, flags);
}

/**
 * nat64_eam_has4() - whether a mapping has exactly this IPv4 prefix
 * @eam: mapping
 * @addr4: prefix
 * @len4: its length
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
