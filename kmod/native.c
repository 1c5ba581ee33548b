// SPDX-License-Identifier: GPL-2.0-only
/*
 * Knowing when to translate: RFC 7915 sections 4.6 and 5.6.
 *
 * A packet is not translated if a native route to its destination is more
 * specific than the mapping or prefix. Such routes are rare, so packets look
 * for one only if the routing tables may have one: a scan lists all routes
 * after a change of what is translated, and from then on FIB events tell of
 * every change of a route. While a scan is due, or was disturbed by changes of
 * the routes, each packet does a lookup.
 */
#include "native.h"

#include <linux/inetdevice.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/rhashtable.h>
#include <net/fib_notifier.h>
#include <net/ip6_fib.h>
#include <net/ip_fib.h>

#include "compat/flow.h"
#include "config.h"
#include "flow.h"

/* After a scan that the kernel gave up because routes changed meanwhile. */
#define RETRY_DELAY	HZ

/**
 * struct reject_route - an IPv4 route that refuses packets, inside a mapping
 * @node: link in nat64_native.rejects
 * @key: reject_key() of its prefix
 * @scan: number of the last scan that saw it
 * @rcu: for the grace period after removal
 *
 * Of a blackhole, unreachable or prohibit route, a lookup gives the error
 * alone, not the length of its prefix. So these are kept.
 */
struct reject_route {
	struct rhash_head	node;
	u64			key;
	u32			scan;
	struct rcu_head		rcu;
};

static const struct rhashtable_params reject_params = {
	.head_offset = offsetof(struct reject_route, node),
	.key_offset = offsetof(struct reject_route, key),
	.key_len = sizeof_field(struct reject_route, key),
	.automatic_shrinking = true,
};

/* @addr is in host byte order. */
static u64 reject_key(u32 addr, unsigned int len)
{
	return (u64)addr << 8 | len;
}

/* Whether an IPv4 route is more specific than a mapping that covers it. */
static bool has_covering_mapping(const struct nat64_config *cfg, __be32 addr,
				 u8 len)
{
	unsigned int shorter;

	for (shorter = 0; shorter < len; shorter++)
		if (READ_ONCE(cfg->table->by_addr4.lens[0]) & BIT_ULL(shorter) &&
		    nat64_eam_get4(cfg->table, addr & inet_make_mask(shorter),
				   shorter))
			return true;
	return false;
}

/* Whether an IPv6 route is more specific than the faces of an edge mapping. */
static bool has_covering_face(const struct nat64_config *cfg,
			      const struct rt6key *dst)
{
	const struct nat64_eam *eam;
	struct in6_addr masked;
	int len;

	if (!cfg->has_edge)
		return false;
	for (len = 0; len < dst->plen; len++) {
		if (!(READ_ONCE(cfg->table->by_addr6.lens[len / 64]) &
		      BIT_ULL(len % 64)))
			continue;
		ipv6_addr_prefix(&masked, &dst->addr, len);
		eam = nat64_eam_get6(cfg->table, &masked, len);
		if (eam && nat64_eam_is_edge(eam))
			return true;
	}
	return false;
}

/* Whether an IPv6 route is more specific than a translation prefix. */
static bool has_covering_prefix(const struct nat64_config *cfg,
				const struct rt6key *dst)
{
	unsigned int i;

	for (i = 0; i < cfg->n_order; i++) {
		const struct nat64_prefix *prefix = &cfg->prefix[cfg->order[i]];

		if (dst->plen > prefix->len &&
		    nat64_prefix_match(prefix, &dst->addr))
			return true;
	}
	return false;
}

/* A nexthop object may become a blackhole without an event of its routes. */
static bool may_reject(const struct fib_entry_notifier_info *route)
{
	return route->fi->nh || route->type == RTN_BLACKHOLE ||
	       route->type == RTN_UNREACHABLE || route->type == RTN_PROHIBIT;
}

static struct reject_route *find_reject(struct nat64_native *native, u64 key)
{
	return rhashtable_lookup(&native->rejects, &key, reject_params);
}

/* Returns false if there is no memory. Context: atomic, RCU read lock. */
static bool note_reject(struct nat64_native *native, u64 key)
{
	struct reject_route *reject = find_reject(native, key);

	if (reject) {
		WRITE_ONCE(reject->scan, native->n_scans);
		return true;
	}
	reject = kzalloc(sizeof(*reject), GFP_ATOMIC | __GFP_NOWARN);
	if (!reject)
		return false;
	reject->key = key;
	reject->scan = native->n_scans;
	if (!rhashtable_lookup_insert_fast(&native->rejects, &reject->node,
					   reject_params))
		return true;
	kfree(reject);
	return find_reject(native, key);
}

static void rescan_routes(struct nat64_native *native, unsigned long delay)
{
	queue_delayed_work(system_long_wq, &native->work, delay);
}

/* Context: @native->lock is held. */
static void note_specific4(struct nat64_native *native)
{
	native->seen4 = true;
	WRITE_ONCE(native->has_route4, true);
	WRITE_ONCE(native->has_specific4, true);
}

static void note_specific6(struct nat64_native *native)
{
	spin_lock_bh(&native->lock);
	native->seen6 = true;
	WRITE_ONCE(native->has_specific6, true);
	spin_unlock_bh(&native->lock);
}

/* Context: RCU read lock, @native->lock is held. */
static void note_route4(struct nat64_native *native,
			const struct fib_entry_notifier_info *route)
{
	u64 key = reject_key(route->dst, route->dst_len);
	u64 len = BIT_ULL(route->dst_len);

	if (!may_reject(route)) {
		if (find_reject(native, key))
			rescan_routes(native, 0);
		return;
	}
	if (!note_reject(native, key)) {
		WRITE_ONCE(native->is_stale, true);
		rescan_routes(native, RETRY_DELAY);
	}
	native->seen_lens |= len;
	WRITE_ONCE(native->reject_lens, native->reject_lens | len);
}

/*
 * Hosts of edge mappings send to anywhere, so any route that refuses packets may
 * be one that is more specific than the default. Context: RCU read lock.
 */
static bool is_reject_to_edge(struct nat64_net *nn,
			      const struct nat64_config *cfg,
			      const struct fib_entry_notifier_info *route)
{
	return cfg->has_edge && route->dst_len &&
	       (may_reject(route) ||
		find_reject(&nn->native,
			    reject_key(route->dst, route->dst_len)));
}

/* Context: atomic, RCU read lock. */
static void route_event4(struct nat64_net *nn, unsigned long event,
			 const struct fib_entry_notifier_info *route)
{
	const struct nat64_config *cfg = rcu_dereference(nn->config);
	bool is_inside = has_covering_mapping(cfg, htonl(route->dst),
					      route->dst_len);

	if (!is_inside && !is_reject_to_edge(nn, cfg, route))
		return;
	if (event == FIB_EVENT_ENTRY_DEL) {
		rescan_routes(&nn->native, 0);
		return;
	}
	spin_lock_bh(&nn->native.lock);
	if (is_inside)
		note_specific4(&nn->native);
	note_route4(&nn->native, route);
	spin_unlock_bh(&nn->native.lock);
}

static bool is_local_table(const struct fib6_table *table)
{
	return IS_ENABLED(CONFIG_IPV6_MULTIPLE_TABLES) &&
	       table->tb6_id == RT6_TABLE_LOCAL;
}

/* Context: atomic, RCU read lock. */
static void route_event6(struct nat64_net *nn, unsigned long event,
			 const struct fib6_entry_notifier_info *route)
{
	const struct nat64_config *cfg = rcu_dereference(nn->config);

	if (event != FIB_EVENT_ENTRY_DEL &&
	    is_local_table(route->rt->fib6_table))
		nat64_flows_expire(nn);
	if (!has_covering_prefix(cfg, &route->rt->fib6_dst) &&
	    !has_covering_face(cfg, &route->rt->fib6_dst))
		return;
	if (event == FIB_EVENT_ENTRY_DEL)
		rescan_routes(&nn->native, 0);
	else
		note_specific6(&nn->native);
}

/* Context: atomic. */
static int fib_event(struct notifier_block *nb, unsigned long event,
		     void *ptr)
{
	struct nat64_net *nn = container_of(nb, struct nat64_net, native.nb);
	const struct fib_notifier_info *info = ptr;

	if (event > FIB_EVENT_ENTRY_DEL)
		return NOTIFY_DONE;
	rcu_read_lock();
	if (info->family == AF_INET)
		route_event4(nn, event,
			     container_of(info, struct fib_entry_notifier_info,
					  info));
	else if (info->family == AF_INET6)
		route_event6(nn, event,
			     container_of(info, struct fib6_entry_notifier_info,
					  info));
	rcu_read_unlock();
	return NOTIFY_DONE;
}

static void stop_listening(struct nat64_net *nn)
{
	if (nn->native.is_on)
		unregister_fib_notifier(nn->net, &nn->native.nb);
	nn->native.is_on = false;
}

/* FIB events from here on count for the scan that begins. */
static void begin_scan(struct nat64_native *native)
{
	spin_lock_bh(&native->lock);
	native->n_scans++;
	native->seen4 = false;
	native->seen6 = false;
	native->seen_lens = 0;
	WRITE_ONCE(native->is_stale, false);
	spin_unlock_bh(&native->lock);
}

static void forget_reject(struct nat64_native *native,
			  struct reject_route *reject)
{
	bool is_gone;

	spin_lock_bh(&native->lock);
	is_gone = reject->scan != native->n_scans &&
		  !rhashtable_remove_fast(&native->rejects, &reject->node,
					  reject_params);
	spin_unlock_bh(&native->lock);
	if (is_gone)
		kfree_rcu(reject, rcu);
}

/* A walk that a resize of the table disturbs leaves some for the next scan. */
static void sweep_rejects(struct nat64_native *native)
{
	struct rhashtable_iter iter;
	struct reject_route *reject;

	rhashtable_walk_enter(&native->rejects, &iter);
	rhashtable_walk_start(&iter);
	while ((reject = rhashtable_walk_next(&iter)))
		if (!IS_ERR(reject))
			forget_reject(native, reject);
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
}

/* Context: process, @nn->lock is held. Returns whether the scan is complete. */
static bool finish_scan(struct nat64_native *native, bool has_edge)
{
	bool is_complete;

	sweep_rejects(native);
	spin_lock_bh(&native->lock);
	is_complete = !native->is_stale;
	WRITE_ONCE(native->has_route4, native->seen4 || !is_complete);
	WRITE_ONCE(native->has_specific4, native->has_route4 || has_edge);
	WRITE_ONCE(native->has_specific6, native->seen6 || !is_complete);
	WRITE_ONCE(native->reject_lens, native->seen_lens);
	spin_unlock_bh(&native->lock);
	return is_complete;
}

/* register_fib_notifier() replays all routes to the new notifier. */
static void scan_routes(struct nat64_net *nn)
{
	struct nat64_native *native = &nn->native;

	stop_listening(nn);
	begin_scan(native);
	native->is_on = !register_fib_notifier(nn->net, &native->nb, NULL, NULL);
	if (!native->is_on)
		WRITE_ONCE(native->is_stale, true);
	if (!finish_scan(native, nat64_config_protected(nn)->has_edge))
		rescan_routes(native, RETRY_DELAY);
}

static void scan_work(struct work_struct *work)
{
	struct nat64_net *nn = container_of(to_delayed_work(work),
					    struct nat64_net, native.work);

	mutex_lock(&nn->lock);
	if (nn->native.is_wanted)
		scan_routes(nn);
	mutex_unlock(&nn->lock);
}

/* Until the routes are scanned, each packet looks for a native route. */
static void expect_specific(struct nat64_native *native)
{
	spin_lock_bh(&native->lock);
	WRITE_ONCE(native->is_stale, true);
	WRITE_ONCE(native->has_route4, true);
	WRITE_ONCE(native->has_specific4, true);
	WRITE_ONCE(native->has_specific6, true);
	spin_unlock_bh(&native->lock);
	rescan_routes(native, 0);
}

/**
 * nat64_native_expect_edge() - have packets look for native routes
 * @native: of a namespace that is about to get edge mappings
 *
 * nat64_native_update() is to follow. Context: process, nat64_net.lock.
 */
void nat64_native_expect_edge(struct nat64_native *native)
{
	spin_lock_bh(&native->lock);
	WRITE_ONCE(native->has_specific4, true);
	spin_unlock_bh(&native->lock);
}

static bool init_rejects(struct nat64_native *native)
{
	if (!native->has_rejects)
		native->has_rejects = !rhashtable_init(&native->rejects,
						       &reject_params);
	return native->has_rejects;
}

/**
 * nat64_native_update() - look for routes inside what is translated now
 * @nn: translator of the namespace, after its configuration was changed
 * @wanted: whether anything is translated
 *
 * Mappings of single addresses need no scan: no route is more specific. One
 * that adds others does not wait for the scan: a work does it.
 *
 * Context: process, under @nn->lock, not under RTNL.
 */
void nat64_native_update(struct nat64_net *nn, bool wanted)
{
	const struct nat64_config *cfg = nat64_config_protected(nn);
	struct nat64_native *native = &nn->native;
	u32 n_wide;

	native->is_wanted = wanted && init_rejects(native);
	if (!native->is_wanted) {
		stop_listening(nn);
		native->cfg = NULL;
		return;
	}
	n_wide = cfg->table->by_addr4.n_wide;
	if (cfg->has_edge)
		n_wide += cfg->table->by_addr6.n_wide;
	if (native->cfg == cfg && native->n_wide == n_wide)
		return;
	native->n_wide = n_wide;
	if (native->cfg == cfg) {
		expect_specific(native);
		return;
	}
	native->cfg = cfg;
	scan_routes(nn);
}

/**
 * nat64_native_is_pending() - whether the routes are still to be listed
 * @native: of a namespace
 *
 * Until then, each packet for a mapping or a prefix looks for a native route.
 *
 * Context: process, under nat64_net.lock.
 */
bool nat64_native_is_pending(const struct nat64_native *native)
{
	return native->is_wanted && READ_ONCE(native->is_stale);
}

/**
 * nat64_native_init() - prepare the state of native routes
 * @nn: translator of a new namespace
 */
void nat64_native_init(struct nat64_net *nn)
{
	spin_lock_init(&nn->native.lock);
	INIT_DELAYED_WORK(&nn->native.work, scan_work);
	nn->native.nb.notifier_call = fib_event;
}

/**
 * nat64_native_stop() - stop listening to FIB events
 * @nn: translator of a namespace that goes away, after its hooks
 *
 * Context: process; @nn->lock is not held.
 */
void nat64_native_stop(struct nat64_net *nn)
{
	mutex_lock(&nn->lock);
	nn->native.is_wanted = false;
	stop_listening(nn);
	mutex_unlock(&nn->lock);
	cancel_delayed_work_sync(&nn->native.work);
}

static void free_reject(void *reject, void *arg)
{
	kfree(reject);
}

/**
 * nat64_native_exit() - free the state of native routes
 * @nn: translator of a namespace that goes away, a grace period after
 *	nat64_native_stop()
 *
 * Context: process.
 */
void nat64_native_exit(struct nat64_net *nn)
{
	if (nn->native.has_rejects)
		rhashtable_free_and_destroy(&nn->native.rejects, free_reject,
					    NULL);
}

/* Return true if a route that refuses packets is longer than @len. */
static bool has_reject(const struct nat64_native *native, __be32 daddr, u8 len)
{
	u64 lens = READ_ONCE(native->reject_lens) & ~GENMASK_ULL(len, 0);
	unsigned int longer;

	if (READ_ONCE(native->is_stale))
		return true;
	for (; lens; lens &= lens - 1) {
		longer = __ffs64(lens);
		if (find_reject((struct nat64_native *)native,
				reject_key(ntohl(daddr & inet_make_mask(longer)),
					   longer)))
			return true;
	}
	return false;
}

/**
 * nat64_native_route4() - whether a native route is better than a mapping
 * @native: state of the namespace
 * @skb: packet, whose firewall mark counts
 * @dev: as nat64_pkt.in
 * @is_local: whether the gateway itself sends the packet
 * @fl4: its IPv4 addresses and TOS; changed
 * @eam: mapping of its destination
 *
 * RFC 7915 section 4.6. At equal length the mapping wins, but the host of an edge
 * mapping is on the IPv4 side anyhow. Called only while
 * nat64_native.has_specific4 is set. Context: RCU read lock.
 */
bool nat64_native_route4(const struct nat64_native *native,
			 const struct sk_buff *skb, struct net_device *dev,
			 bool is_local, struct flowi4 *fl4,
			 const struct nat64_eam *eam)
{
	if (nat64_eam_is_edge(eam))
		return true;
	if (eam->len4 == 32 || !READ_ONCE(native->has_route4))
		return false;
	return nat64_native_longer4(native, skb, dev, is_local, fl4, eam->len4);
}

/**
 * nat64_native_longer4() - whether a native route is more specific than a length
 * @native: state of the namespace
 * @skb: packet, whose firewall mark counts
 * @dev: as nat64_pkt.in
 * @is_local: whether the gateway itself sends the packet
 * @fl4: addresses and TOS; changed
 * @len4: length; that of a mapping that the destination lies in, or 0, the
 *	default route's, while there are edge mappings
 *
 * Context: RCU read lock.
 */
bool nat64_native_longer4(const struct nat64_native *native,
			  const struct sk_buff *skb, struct net_device *dev,
			  bool is_local, struct flowi4 *fl4, u8 len4)
{
	__be32 daddr = fl4->daddr;
	struct fib_result res;
	int err;

	fl4->flowi4_iif = nat64_native_input_dev(dev, is_local)->ifindex;
	fl4->flowi4_mark = skb->mark;
	err = fib_lookup(dev_net(dev), fl4, &res, 0);
	switch (err) {
	case 0:
		return res.prefixlen > len4;
	case -EINVAL:
	case -EHOSTUNREACH:
	case -EACCES:
		return has_reject(native, daddr, len4);
	}
	return false;
}

/**
 * nat64_native_check4() - nat64_native_preferred4(), out of line
 * @native: as there
 * @skb: as there
 * @dev: as there
 * @is_local: as there
 * @eam: as there
 *
 * Context: RCU read lock.
 */
bool nat64_native_check4(const struct nat64_native *native,
			 const struct sk_buff *skb, struct net_device *dev,
			 bool is_local, const struct nat64_eam *eam)
{
	struct flowi4 fl4 = {
		.daddr = ip_hdr(skb)->daddr,
		.saddr = ip_hdr(skb)->saddr,
	};

	nat64_flowi4_set_tos(&fl4, ip_hdr(skb)->tos);
	return nat64_native_route4(native, skb, dev, is_local, &fl4, eam);
}
