// SPDX-License-Identifier: GPL-2.0-only
/*
 * IPv4 routes where policy rules ask for the device that a packet came in on.
 *
 * A translated packet has no reverse path that could be checked, so
 * nat64_route4() looks up an output route, which no such rule applies to. Where
 * there are such rules, the route is made here as ip_route_input_slow() makes it.
 */
#include "route.h"

#include <linux/inetdevice.h>
#include <net/fib_rules.h>
#include <net/ip.h>
#include <net/ip_fib.h>
#include <net/l3mdev.h>
#include <net/lwtunnel.h>

#include "compat/flow.h"

#ifdef CONFIG_IP_MULTIPLE_TABLES
static bool has_iif_rules(const struct net *net)
{
	const struct fib_rule *rule;

	list_for_each_entry_rcu(rule, &net->ipv4.rules_ops->rules_list, list)
		if (READ_ONCE(rule->iifindex))
			return true;
	return false;
}
#else
static bool has_iif_rules(const struct net *net)
{
	return false;
}
#endif

static void set_nexthop(struct rtable *rt, const struct fib_nh_common *nhc,
			__be32 daddr)
{
	if (nhc->nhc_gw_family && nhc->nhc_scope == RT_SCOPE_LINK) {
		rt->rt_uses_gateway = 1;
		rt->rt_gw_family = nhc->nhc_gw_family;
		if (nhc->nhc_gw_family == AF_INET6)
			rt->rt_gw6 = nhc->nhc_gw.ipv6;
		else
			rt->rt_gw4 = nhc->nhc_gw.ipv4;
	} else {
		rt->rt_gw_family = AF_INET;
		rt->rt_gw4 = daddr;
	}
}

static struct rtable *make_route(const struct fib_result *res, __be32 daddr)
{
	const struct fib_nh_common *nhc = res->nhc;
	struct in_device *out = __in_dev_get_rcu(nhc->nhc_dev);
	struct rtable *rt;

	if (!out)
		return ERR_PTR(-ENETUNREACH);
	rt = nat64_rt_dst_alloc(nhc->nhc_dev, 0, res->type,
				IN_DEV_ORCONF(out, NOXFRM));
	if (!rt)
		return ERR_PTR(-ENOBUFS);
	rt->rt_is_input = 1;
	set_nexthop(rt, nhc, daddr);
	ip_dst_init_metrics(&rt->dst, res->fi->fib_metrics);
	rt->dst.lwtstate = lwtstate_get(nhc->nhc_lwtstate);
	lwtunnel_set_redirect(&rt->dst);
	return rt;
}

/* An output lookup for the gateway's own addresses would meet rules with "iif lo". */
static struct rtable *make_local_route(const struct net *net,
				       const struct fib_result *res)
{
	struct net_device *dev = l3mdev_master_dev_rcu(res->nhc->nhc_dev);
	struct rtable *rt;

	rt = nat64_rt_dst_alloc(dev ?: net->loopback_dev, RTCF_LOCAL, res->type,
				false);
	if (!rt)
		return ERR_PTR(-ENOBUFS);
	rt->rt_is_input = 1;
	return rt;
}

/**
 * nat64_route4_by_rules() - route of a packet that rules with "iif" decide on
 * @p: packet to be forwarded
 * @fl4: its flow
 *
 * Routes with several next hops are left to the output lookup, since the kernel
 * does not let modules choose among them.
 *
 * Context: RCU read lock.
 *
 * Return: a route with a reference, an error pointer, or NULL when no rule asks
 * for the device.
 */
struct rtable *nat64_route4_by_rules(const struct nat64_pkt *p,
				     const struct flowi4 *fl4)
{
	struct net *net = p->nn->net;
	struct flowi4 input = *fl4;
	struct fib_result res;
	int err;

	if (!fib4_has_custom_rules(net) || !has_iif_rules(net))
		return NULL;
	input.flowi4_iif = p->in->ifindex;
	input.flowi4_oif = 0;
	err = fib_lookup(net, &input, &res, 0);
	if (err)
		return ERR_PTR(err);
	if (res.type == RTN_LOCAL)
		return make_local_route(net, &res);
	if (res.type != RTN_UNICAST || fib_info_num_path(res.fi) > 1)
		return NULL;
	return make_route(&res, fl4->daddr);
}
