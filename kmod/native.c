// SPDX-License-Identifier: GPL-2.0
/*
 * Knowing when to translate: RFC 7915 sections 4.6 and 5.6.
 *
 * A destination that a more specific native route leads to is forwarded. Such
 * routes are rare, so no packet asks for one until the routing tables are known
 * to hold one: all routes are listed once for each change of the prefixes, and
 * from then on every change of a route is heard of.
 */
#include "native.h"

#include <linux/inetdevice.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/fib_notifier.h>
#include <net/ip6_fib.h>
#include <net/ip6_route.h>
#include <net/ip_fib.h>
#include <net/l3mdev.h>

#include "compat/flow.h"
#include "config.h"

/* Whether an IPv4 route lies inside a mapping that is less specific. */
static bool inside_mapping(const struct nat64_config *cfg, __be32 addr, u8 len)
{
	unsigned int shorter;

	for (shorter = 0; shorter < len; shorter++)
		if (cfg->table->lens4 & BIT_ULL(shorter) &&
		    nat64_eam_get4(cfg->table, addr & inet_make_mask(shorter),
				   shorter))
			return true;
	return false;
}

/* Whether an IPv6 route lies inside a translation prefix. */
static bool inside_prefix(const struct nat64_config *cfg,
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

/* Whether an event is about a route that concerns us, and of which family. */
static bool is_native(const struct nat64_config *cfg,
		      const struct fib_notifier_info *info)
{
	const struct fib6_entry_notifier_info *six;
	const struct fib_entry_notifier_info *four;

	if (info->family == AF_INET6) {
		six = container_of(info, struct fib6_entry_notifier_info, info);
		return inside_prefix(cfg, &six->rt->fib6_dst);
	}
	if (info->family != AF_INET)
		return false;
	four = container_of(info, struct fib_entry_notifier_info, info);
	return inside_mapping(cfg, htonl(four->dst), four->dst_len);
}

static void note_route(struct nat64_native *native, int family)
{
	spin_lock_bh(&native->lock);
	if (family == AF_INET) {
		native->seen4 = true;
		native->found4 = true;
	} else {
		native->seen6 = true;
		native->found6 = true;
	}
	spin_unlock_bh(&native->lock);
}

/* Context: atomic. */
static int hear(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct nat64_net *nn = container_of(nb, struct nat64_net, native.nb);
	const struct fib_notifier_info *info = ptr;
	bool mine;

	if (event > FIB_EVENT_ENTRY_DEL)
		return NOTIFY_DONE;
	rcu_read_lock();
	mine = is_native(rcu_dereference(nn->config), info);
	rcu_read_unlock();
	if (!mine)
		return NOTIFY_DONE;
	if (event == FIB_EVENT_ENTRY_DEL)
		schedule_work(&nn->native.again);
	else
		note_route(&nn->native, info->family);
	return NOTIFY_DONE;
}

static void forget(struct nat64_native *native)
{
	spin_lock_bh(&native->lock);
	native->seen4 = false;
	native->seen6 = false;
	spin_unlock_bh(&native->lock);
}

/* If the routes cannot be listed, each packet has to ask for its own. */
static void list_routes(struct nat64_net *nn)
{
	struct nat64_native *native = &nn->native;
	int err;

	forget(native);
	err = register_fib_notifier(nn->net, &native->nb, NULL, NULL);
	native->on = !err;

	spin_lock_bh(&native->lock);
	native->found4 = native->seen4 || err;
	native->found6 = native->seen6 || err;
	spin_unlock_bh(&native->lock);
}

static void stop(struct nat64_net *nn)
{
	if (nn->native.on)
		unregister_fib_notifier(nn->net, &nn->native.nb);
	nn->native.on = false;
	nn->native.cfg = NULL;
}

/**
 * nat64_native_update() - look for routes inside what is translated now
 * @nn: translator of the namespace, after its configuration was changed
 * @on: whether anything is translated
 *
 * Mappings of single addresses need no look: no route is longer than they.
 *
 * Context: process, under @nn->lock, not under RTNL.
 */
void nat64_native_update(struct nat64_net *nn, bool on)
{
	const struct nat64_config *cfg = nat64_config_protected(nn);
	u64 lens = cfg->table->lens4 & ~BIT_ULL(32);

	if (on && nn->native.cfg == cfg && nn->native.lens == lens)
		return;
	stop(nn);
	if (!on)
		return;
	nn->native.cfg = cfg;
	nn->native.lens = lens;
	list_routes(nn);
}

static void look_again(struct work_struct *work)
{
	struct nat64_net *nn = container_of(work, struct nat64_net,
					    native.again);

	mutex_lock(&nn->lock);
	if (nn->native.on) {
		stop(nn);
		nat64_native_update(nn, true);
	}
	mutex_unlock(&nn->lock);
}

/**
 * nat64_native_init() - prepare to hear of routes
 * @nn: translator of a new namespace
 */
void nat64_native_init(struct nat64_net *nn)
{
	spin_lock_init(&nn->native.lock);
	INIT_WORK(&nn->native.again, look_again);
	nn->native.nb.notifier_call = hear;
}

/**
 * nat64_native_exit() - hear of no more routes
 * @nn: translator of a namespace that goes away
 *
 * Context: process; @nn->lock is not held.
 */
void nat64_native_exit(struct nat64_net *nn)
{
	mutex_lock(&nn->lock);
	stop(nn);
	mutex_unlock(&nn->lock);
	cancel_work_sync(&nn->native.again);
}

/**
 * nat64_native_route4() - whether a native route is better than a mapping
 * @nn: translator of the namespace
 * @skb: IPv4 packet
 * @in: device that it came in on; the outgoing one of a local packet
 * @eam: mapping of its destination
 *
 * RFC 7915 section 4.6. At equal length the mapping wins. Worth asking while
 * @nn->native.found4 only. Context: RCU read lock.
 */
bool nat64_native_route4(const struct nat64_net *nn, const struct sk_buff *skb,
			 const struct net_device *in,
			 const struct nat64_eam *eam)
{
	struct flowi4 fl4 = {
		.daddr = ip_hdr(skb)->daddr,
		.saddr = ip_hdr(skb)->saddr,
		.flowi4_iif = in->ifindex,
		.flowi4_mark = skb->mark,
	};
	struct fib_result res;

	if (eam->len4 == 32)
		return false;
	nat64_flowi4_set_tos(&fl4, ip_hdr(skb)->tos);
	return !fib_lookup(nn->net, &fl4, &res, 0) &&
	       res.prefixlen > eam->len4;
}

/**
 * nat64_native_route6() - whether a native route is better than a prefix
 * @nn: translator of the namespace
 * @skb: IPv6 packet
 * @in: device that it came in on; the outgoing one of a local packet
 * @prefix: translation prefix of its destination
 *
 * RFC 7915 section 5.6. At equal length the prefix wins. Worth asking while
 * @nn->native.found6 only. Context: RCU read lock.
 */
bool nat64_native_route6(const struct nat64_net *nn, struct sk_buff *skb,
			 struct net_device *in,
			 const struct nat64_prefix *prefix)
{
	struct flowi6 fl6 = {
		.daddr = ipv6_hdr(skb)->daddr,
		.saddr = ipv6_hdr(skb)->saddr,
		.flowlabel = ip6_flowinfo(ipv6_hdr(skb)),
		.flowi6_iif = in->ifindex,
		.flowi6_mark = skb->mark,
	};
	const struct fib6_info *from;
	const struct rt6_info *rt;

	rt = (struct rt6_info *)ip6_route_input_lookup(nn->net, in, &fl6, NULL,
						       RT6_LOOKUP_F_HAS_SADDR |
						       RT6_LOOKUP_F_DST_NOREF);
	from = rcu_dereference(rt->from);
	return from && from->fib6_dst.plen > prefix->len;
}
