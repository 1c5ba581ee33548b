/* SPDX-License-Identifier: GPL-2.0-only */
/* Knowing when to translate (RFC 7915 sections 4.6 and 5.6). */
#ifndef _NAT64_NATIVE_H
#define _NAT64_NATIVE_H

#include <linux/notifier.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <net/flow.h>

struct nat64_eam;
struct nat64_net;
struct net_device;
struct sk_buff;

/**
 * struct nat64_native - more specific routes than mappings and prefixes
 * @has_specific4: @has_route4, or there are edge mappings
 * @has_route4: there may be one for a mapping
 * @has_specific6: there may be one for a translation prefix, or for faces
 * @is_stale: the routes are still to be scanned: until then packets do a lookup
 * @reject_lens: lengths of the prefixes in @rejects
 * @rejects: &struct reject_route by prefix, since @has_rejects
 * @seen4: the routes since the last scan began had one for a mapping
 * @seen6: the same for IPv6
 * @seen_lens: lengths of the prefixes of reject routes since then
 * @is_on: @nb is registered
 * @is_wanted: something is translated
 * @has_rejects: @rejects is initialised
 * @n_scans: numbers the scans
 * @cfg: configuration that the last scan was for; compared, never read
 * @n_wide: nat64_column.n_wide that it was for: of IPv4, and of IPv6 as well
 *	where there are edge mappings
 * @lock: of the flags and of @reject_lens, between a scan and FIB events
 * @nb: notifier of FIB events
 * @work: scans all routes
 */
struct nat64_native {
	bool			has_specific4;
	bool			has_route4;
	bool			has_specific6;
	bool			is_stale;
	u64			reject_lens;
	struct rhashtable	rejects;
	bool			seen4;
	bool			seen6;
	u64			seen_lens;
	bool			is_on;
	bool			is_wanted;
	bool			has_rejects;
	u32			n_scans;
	const void		*cfg;
	u32			n_wide;
	spinlock_t		lock;	/* of the flags */
	struct notifier_block	nb;
	struct delayed_work	work;
};

bool nat64_native_is_pending(const struct nat64_native *native);
void nat64_native_init(struct nat64_net *nn);
void nat64_native_update(struct nat64_net *nn, bool wanted);
void nat64_native_expect_edge(struct nat64_native *native);
void nat64_native_stop(struct nat64_net *nn);
void nat64_native_exit(struct nat64_net *nn);
bool nat64_native_route4(const struct nat64_native *native,
			 const struct sk_buff *skb, struct net_device *dev,
			 bool is_local, struct flowi4 *fl4,
			 const struct nat64_eam *eam);
bool nat64_native_longer4(const struct nat64_native *native,
			  const struct sk_buff *skb, struct net_device *dev,
			  bool is_local, struct flowi4 *fl4, u8 len4);
bool nat64_native_check4(const struct nat64_native *native,
			 const struct sk_buff *skb, struct net_device *dev,
			 bool is_local, const struct nat64_eam *eam);
struct net_device *nat64_native_input_dev(struct net_device *dev,
					  bool is_local);
bool nat64_native_route6(struct sk_buff *skb, struct net_device *dev,
			 bool is_local, u8 len);

/**
 * nat64_native_preferred4() - whether an IPv4 packet has a more specific route
 * @native: what is known of the namespace's routes
 * @skb: IPv4 packet
 * @dev: as nat64_pkt.in
 * @is_local: whether the gateway itself sends it
 * @eam: mapping of its destination
 *
 * RFC 7915 section 4.6: then it is not translated. Context: RCU read lock.
 */
static inline bool nat64_native_preferred4(const struct nat64_native *native,
					   const struct sk_buff *skb,
					   struct net_device *dev, bool is_local,
					   const struct nat64_eam *eam)
{
	return unlikely(READ_ONCE(native->has_specific4)) &&
	       nat64_native_check4(native, skb, dev, is_local, eam);
}

/**
 * nat64_native_preferred6() - whether an IPv6 packet has a more specific route
 * @native: what is known of the namespace's routes
 * @skb: IPv6 packet
 * @dev: as nat64_pkt.in
 * @is_local: whether the gateway itself sends it
 * @len: length of the translation prefix of its destination, or of the face
 *
 * RFC 7915 section 5.6: then it is not translated. Context: RCU read lock.
 */
static inline bool nat64_native_preferred6(const struct nat64_native *native,
					   struct sk_buff *skb,
					   struct net_device *dev,
					   bool is_local, u8 len)
{
	return unlikely(READ_ONCE(native->has_specific6)) &&
	       nat64_native_route6(skb, dev, is_local, len);
}

#endif /* _NAT64_NATIVE_H */
