// SPDX-License-Identifier: GPL-2.0-only
#include "route.h"

#include <linux/inetdevice.h>
#include <net/addrconf.h>
#include <net/dst_metadata.h>
#include <net/inet_sock.h>
#include <net/ip_fib.h>
#include <net/l3mdev.h>
#include <net/nexthop.h>
#include <net/xfrm.h>

#include "compat/flow.h"
#include "compat/mtu.h"
#include "compat/xfrm.h"
#include "flow.h"
#include "route_upper.h"

/* Why a route lookup failed; each reason has its ICMP error (NAT64_REASONS). */
static enum nat64_counter route_error(int err)
{
	switch (err) {
	case -EACCES:
		return NAT64_PROHIBITED;
	case -EINVAL:
		return NAT64_BLACKHOLE;
	case -EHOSTUNREACH:
		return NAT64_UNREACHABLE;
	case -ENOBUFS:
	case -ENOMEM:
		return NAT64_NO_MEMORY;
	}
	return NAT64_NO_ROUTE;
}

/* The socket whose options decide on what the gateway itself sends, or NULL. */
static struct sock *sending_sock(const struct nat64_pkt *p)
{
	return sk_to_full_sk(p->sk);
}

static bool has_ipsec_policy(const struct nat64_pkt *p)
{
	return unlikely(nat64_xfrm_has_policy(p->nn->net, XFRM_POLICY_OUT));
}

/*
 * As ip_forward(), ip6_forward() and ip_route_output_flow() ask: whether the
 * packet is to be encrypted on its way, or must not go there at all. @p->dst
 * becomes a reference, or NULL.
 */
static noinline enum nat64_counter lookup_policy(struct nat64_pkt *p,
						 struct flowi *fl)
{
	struct dst_entry *dst = p->dst;

	if (dst->flags & DST_NOXFRM)
		return NAT64_OK;
	if (!p->dst_held && !dst_hold_safe(dst))
		return NAT64_NO_ROUTE;
	p->dst_held = false;
	p->dst = NULL;
	p->keep = false;
	fl->flowi_oif = dst->dev->ifindex;
	dst = xfrm_lookup(p->nn->net, dst, fl, sending_sock(p),
			  p->local ? 0 : XFRM_LOOKUP_QUEUE);
	if (IS_ERR(dst))
		return NAT64_IPSEC_POLICY;
	p->dst = dst;
	p->dst_held = true;
	return NAT64_OK;
}

/**
 * nat64_route_check_policy() - whether IPsec policies let a packet in
 * @p: packet as it came, of a namespace with policies, or decrypted
 *
 * See nat64_route_may_enter().
 */
bool nat64_route_check_policy(const struct nat64_pkt *p)
{
	const struct net *net = p->nn->net;
	const struct inet6_dev *idev;
	struct in_device *in_dev;

	if (p->family == 4) {
		in_dev = __in_dev_get_rcu(p->in);
		return (in_dev && IN_DEV_ORCONF(in_dev, NOPOLICY)) ||
		       xfrm4_policy_check(NULL, XFRM_POLICY_FWD, p->skb);
	}
	idev = __in6_dev_get(p->in);
	return READ_ONCE(net->ipv6.devconf_all->disable_policy) ||
	       (idev && READ_ONCE(idev->cnf.disable_policy)) ||
	       xfrm6_policy_check(NULL, XFRM_POLICY_FWD, p->skb);
}

/* Of the tunnel that a packet came through, for rules that ask for it. */
static __be64 tunnel_id(const struct sk_buff *skb)
{
	const struct ip_tunnel_info *info = skb_tunnel_info(skb);

	return info && !(info->mode & IP_TUNNEL_INFO_TX) ? info->key.tun_id : 0;
}

/*
 * A packet of the gateway itself is routed as its socket would, as in
 * ip6_route_me_harder(), any other one by the device that it came in on.
 * Returns a reference for the former only, see put_route6().
 */
static struct dst_entry *lookup_route6(const struct nat64_pkt *p, struct flowi6 *fl6)
{
	struct net_device *dev = nat64_pkt_l3dev(p);
	struct sock *sk = sending_sock(p);

	fl6->flowi6_mark = p->skb->mark;
	if (!p->local) {
		fl6->flowi6_iif = dev->ifindex;
		fl6->flowi6_tun_key.tun_id = tunnel_id(p->skb);
		return ip6_route_input_lookup(p->nn->net, dev, fl6, NULL,
					      RT6_LOOKUP_F_HAS_SADDR |
					      RT6_LOOKUP_F_DST_NOREF);
	}
	nat64_flow_set_l3mdev(&fl6->__fl_common,
			      l3mdev_master_ifindex_rcu(p->in));
	fl6->flowi6_uid = sock_net_uid(p->nn->net, sk);
	if (sk && sk->sk_bound_dev_if)
		fl6->flowi6_oif = sk->sk_bound_dev_if;
	/* Without a source it would look for one in an IPv6 socket. */
	if (ipv6_addr_any(&fl6->saddr))
		sk = NULL;
	return ip6_route_output(p->nn->net, sk, fl6);
}

static void put_route6(const struct nat64_pkt *p, struct dst_entry *dst)
{
	if (p->local)
		dst_release(dst);
}

/* The forwarding sysctls hold as for packets that the kernel forwards. */
static enum nat64_counter check_forwarding6(const struct nat64_pkt *p,
					    const struct dst_entry *dst)
{
	if (p->local)
		return NAT64_OK;
	if (unlikely(nat64_dst_is_local6(dst)))
		return p->cfg->set.local ? NAT64_OK : NAT64_LOCAL_OFF;
	return READ_ONCE(p->nn->net->ipv6.devconf_all->forwarding) ?
		NAT64_OK : NAT64_FORWARDING_OFF;
}

static bool may_forward4(const struct nat64_pkt *p)
{
	struct in_device *in_dev = __in_dev_get_rcu(p->in);

	return in_dev && IN_DEV_FORWARD(in_dev);
}

static enum nat64_counter check_forwarding4(const struct nat64_pkt *p,
					    const struct rtable *rt)
{
	if (rt->rt_type != RTN_UNICAST && rt->rt_type != RTN_LOCAL)
		return NAT64_DESTINATION_ILLEGAL;
	if (p->local)
		return NAT64_OK;
	if (unlikely(nat64_dst_is_local4(&rt->dst)))
		return p->cfg->set.local ? NAT64_OK : NAT64_LOCAL_OFF;
	return may_forward4(p) ? NAT64_OK : NAT64_FORWARDING_OFF;
}

/* Return true if the destination alone decides, so that the route may be cached. */
static bool is_dst_only_route6(const struct nat64_pkt *p,
			       const struct dst_entry *dst)
{
	const struct rt6_info *rt = (const struct rt6_info *)dst;
	const struct fib6_info *from = rcu_dereference(rt->from);
	const struct fib6_node *node;

	if (!from || rt6_need_strict(&p->a.dst6) || nat64_dst_is_local6(dst))
		return false;
	if (from->nh && nexthop_is_multipath(from->nh))
		return false;
	node = rcu_dereference(from->fib6_node);
	return node && rcu_access_pointer(node->leaf) == from &&
	       !rcu_access_pointer(from->fib6_next);
}

static bool may_cache6(const struct nat64_pkt *p)
{
	return !p->local && !p->dry_run && !fib6_has_custom_rules(p->nn->net) &&
	       !fib6_routes_require_src(p->nn->net);
}

static void set_flow6(const struct nat64_pkt *p, struct flowi6 *fl6)
{
	*fl6 = (struct flowi6){
		.daddr = p->a.dst6,
		.saddr = p->a.src6,
		.flowi6_proto = p->hdr.proto == IPPROTO_ICMP ?
				IPPROTO_ICMPV6 : p->hdr.proto,
		.flowlabel = ip6_make_flowinfo(p->hdr.tos, 0),
	};
	nat64_route_set_upper(p, &fl6->uli);
}

/*
 * Multipath: an ICMP error follows the flow that it is about, where the hash
 * alone decides: no rules, no routes by source.
 */
static void set_quoted_flow6(const struct nat64_pkt *p, struct flowi6 *fl6)
{
	union flowi_uli uli = {};
	struct nat64_addrs a;
	u8 proto;

	if (likely(!p->icmp_error) || p->family != 4)
		return;
	proto = nat64_route_quoted_flow(p, &a, &uli);
	if (!proto)
		return;
	fl6->saddr = a.dst6;
	fl6->flowi6_proto = proto;
	fl6->uli = uli;
}

/*
 * The bucket for what is to be cached of a packet whose route is being looked up:
 * its flow, which nat64_xlat46() and nat64_xlat64() add later (@p->keep), or else
 * its destination (@kind), which is the next best.
 */
static struct nat64_flow *admit_flow(struct nat64_pkt *p, u16 kind)
{
	struct nat64_flow *flow;

	if (p->keep) {
		flow = nat64_flow_admit(p, nat64_flow_kind(p));
		if (flow)
			return flow;
	}
	p->keep = false;
	return nat64_flow_admit(p, kind);
}

/* Caches the route itself, unless the whole flow will be. */
static void cache_dst(struct nat64_pkt *p, struct nat64_flow *flow, u16 kind)
{
	if (!flow || !p->dst_only)
		p->keep = false;
	else if (!p->keep)
		nat64_flow_add(flow, p, kind);
}

static void lookup_dst6(struct nat64_pkt *p, bool may_cache)
{
	struct nat64_flow *flow;
	struct flowi6 fl6;

	set_flow6(p, &fl6);
	if (may_cache)
		set_quoted_flow6(p, &fl6);
	p->dst = lookup_route6(p, &fl6);
	p->dst_held = p->local;
	if (!may_cache || p->dst->error) {
		p->keep = false;
		return;
	}
	/* Before policies are asked for: one that comes later makes it invalid. */
	p->cookie = rt6_get_cookie((const struct rt6_info *)p->dst);
	flow = admit_flow(p, NAT64_FLOW_DST6);
	p->dst_only = (flow || p->ingress) && is_dst_only_route6(p, p->dst);
	cache_dst(p, flow, NAT64_FLOW_DST6);
}

/* For a packet whose flow is not in the cache. */
static noinline void find_dst6(struct nat64_pkt *p)
{
	bool may_cache = may_cache6(p);

	p->dst_only = may_cache && nat64_flow_get_dst(p, NAT64_FLOW_DST6);
	if (!p->dst_only)
		lookup_dst6(p, may_cache);
}

static noinline enum nat64_counter check_policy6(struct nat64_pkt *p)
{
	struct flowi6 fl6;

	if (nat64_dst_is_local6(p->dst))
		return NAT64_OK;
	set_flow6(p, &fl6);
	fl6.flowi6_mark = p->skb->mark;
	return lookup_policy(p, flowi6_to_flowi(&fl6));
}

/**
 * nat64_route6() - find the route of a packet that becomes IPv6
 * @p: packet with its IPv6 addresses; gets @p->dst, unless that of its flow is
 *	there, and @p->mtu
 *
 * As ip6_forward() would, or ip6_route_me_harder() for what the gateway itself
 * sends, but for the MTU: a route's own counts, since ip6_output() will not
 * send more. nat64_route_put() returns the route unless it went with the
 * packet. Context: RCU read lock, which the route lives under.
 *
 * Return: NAT64_OK or the reason why there is none.
 */
enum nat64_counter nat64_route6(struct nat64_pkt *p)
{
	enum nat64_counter reason;

	if (unlikely(!p->dst))
		find_dst6(p);
	if (unlikely(p->dst->error))
		return route_error(p->dst->error);
	reason = check_forwarding6(p, p->dst);
	if (likely(!reason) && has_ipsec_policy(p))
		reason = p->ingress ? NAT64_NOT_PLAIN : check_policy6(p);
	if (unlikely(reason))
		return reason;
	p->mtu = max_t(unsigned int, nat64_dst_mtu6(p->dst), IPV6_MIN_MTU);
	return NAT64_OK;
}

/* As lookup_route6(); always returns a reference, or an error pointer. */
static struct rtable *lookup_route4(const struct nat64_pkt *p, struct flowi4 *fl4)
{
	int l3mdev = l3mdev_master_ifindex_rcu(p->in);
	struct sock *sk = sending_sock(p);
	struct rtable *rt;

	fl4->flowi4_mark = p->skb->mark;
	fl4->flowi4_flags = FLOWI_FLAG_ANYSRC;
	nat64_flowi4_set_tos(fl4, p->hdr.tos);
	fl4->flowi4_uid = sock_net_uid(p->nn->net, sk);
	if (p->local) {
		nat64_flow_set_l3mdev(&fl4->__fl_common, l3mdev);
		if (sk && sk->sk_bound_dev_if)
			fl4->flowi4_oif = sk->sk_bound_dev_if;
	} else {
		fl4->flowi4_oif = l3mdev;
		fl4->flowi4_tun_key.tun_id = tunnel_id(p->skb);
		rt = nat64_route4_by_rules(p, fl4);
		if (rt)
			return rt;
	}
	return __ip_route_output_key(p->nn->net, fl4);
}

/* As ip_error() has it, which is silent where nothing would be forwarded anyway. */
static enum nat64_counter no_route4(const struct nat64_pkt *p, int err)
{
	return p->local || may_forward4(p) ? route_error(err) :
					     NAT64_FORWARDING_OFF;
}

/* Return true if the destination alone decides, so that the route may be cached. */
static bool is_dst_only_route4(const struct nat64_pkt *p, struct flowi4 *fl4)
{
	struct fib_result res;

	return !fib_lookup(p->nn->net, fl4, &res, FIB_LOOKUP_IGNORE_LINKSTATE) &&
	       res.type == RTN_UNICAST && fib_info_num_path(res.fi) == 1 &&
	       (res.prefixlen || res.table->tb_num_default <= 1);
}

static bool may_cache4(const struct nat64_pkt *p)
{
	return !p->local && !p->dry_run && !fib4_has_custom_rules(p->nn->net);
}

static void set_flow4(const struct nat64_pkt *p, struct flowi4 *fl4)
{
	*fl4 = (struct flowi4){
		.daddr = p->a.dst4,
		.saddr = p->a.src4,
		.flowi4_proto = p->hdr.proto == IPPROTO_ICMPV6 ?
				IPPROTO_ICMP : p->hdr.proto,
	};
	nat64_route_set_upper(p, &fl4->uli);
}

/* As set_quoted_flow6(). */
static void set_quoted_flow4(const struct nat64_pkt *p, struct flowi4 *fl4)
{
	union flowi_uli uli = {};
	struct nat64_addrs a;
	u8 proto;

	if (likely(!p->icmp_error))
		return;
	proto = nat64_route_quoted_flow(p, &a, &uli);
	if (!proto || !nat64_addr4_is_host(a.dst4))
		return;
	fl4->saddr = a.dst4;
	fl4->flowi4_proto = proto;
	fl4->uli = uli;
}

/* Returns 0, or a negative error. */
static int lookup_dst4(struct nat64_pkt *p, bool may_cache)
{
	u16 kind = NAT64_FLOW_KIND(NAT64_FLOW_DST4, p->hdr.tos);
	struct nat64_flow *flow;
	struct flowi4 fl4;
	struct rtable *rt;

	set_flow4(p, &fl4);
	if (may_cache)
		set_quoted_flow4(p, &fl4);
	rt = lookup_route4(p, &fl4);
	if (IS_ERR(rt))
		return PTR_ERR(rt);
	p->dst = &rt->dst;
	p->dst_held = true;
	if (!may_cache) {
		p->keep = false;
		return 0;
	}
	p->cookie = 0;
	flow = admit_flow(p, kind);
	p->dst_only = (flow || p->ingress) && is_dst_only_route4(p, &fl4);
	cache_dst(p, flow, kind);
	return 0;
}

/* The flow is not in the cache. Returns 0, or a negative error. */
static noinline int find_dst4(struct nat64_pkt *p)
{
	u16 kind = NAT64_FLOW_KIND(NAT64_FLOW_DST4, p->hdr.tos);
	bool may_cache = may_cache4(p);

	p->dst_only = may_cache && nat64_flow_get_dst(p, kind);
	return p->dst_only ? 0 : lookup_dst4(p, may_cache);
}

static noinline enum nat64_counter check_policy4(struct nat64_pkt *p)
{
	struct flowi4 fl4;

	if (nat64_dst_is_local4(p->dst))
		return NAT64_OK;
	set_flow4(p, &fl4);
	fl4.flowi4_mark = p->skb->mark;
	nat64_flowi4_set_tos(&fl4, p->hdr.tos);
	return lookup_policy(p, flowi4_to_flowi(&fl4));
}

/**
 * nat64_route4() - find the route of a packet that becomes IPv4
 * @p: packet with its IPv4 addresses; gets @p->dst, unless that of its flow is
 *	there, and @p->mtu
 *
 * As ip_forward() would, but without asking the reverse path about the source:
 * that is a mapped address, which need not have a route; or as
 * ip_route_me_harder() does for what the gateway itself sends. Context: RCU
 * read lock. nat64_route_put() returns the route unless it went with the packet.
 *
 * Return: NAT64_OK or the reason why there is none.
 */
enum nat64_counter nat64_route4(struct nat64_pkt *p)
{
	enum nat64_counter reason;
	int err;

	if (unlikely(!p->dst)) {
		err = find_dst4(p);
		if (err)
			return no_route4(p, err);
	}
	reason = check_forwarding4(p, container_of(p->dst, struct rtable, dst));
	if (likely(!reason) && has_ipsec_policy(p))
		reason = p->ingress ? NAT64_NOT_PLAIN : check_policy4(p);
	if (unlikely(reason))
		return reason;
	p->mtu = ip_dst_mtu_maybe_forward(p->dst, true);
	return NAT64_OK;
}

/**
 * nat64_route_put() - return the route of a packet that was refused
 * @p: packet
 */
void nat64_route_put(struct nat64_pkt *p)
{
	if (p->dst_held)
		dst_release(p->dst);
	p->dst_held = false;
}

/**
 * nat64_route6_mtu() - MTU of the IPv6 next hop towards an address
 * @p: ICMP error, for which RFC 7915 sections 4.2 and 5.2 want it
 * @daddr: address
 *
 * Return: MTU in bytes; the largest one when there is no route.
 */
unsigned int nat64_route6_mtu(const struct nat64_pkt *p,
			      const struct in6_addr *daddr)
{
	struct flowi6 fl6 = { .daddr = *daddr };
	struct dst_entry *dst = lookup_route6(p, &fl6);
	unsigned int mtu;

	mtu = dst->error ? IP6_MAX_MTU : nat64_dst_mtu6(dst);
	put_route6(p, dst);
	return mtu;
}

/**
 * nat64_route4_mtu() - MTU of the IPv4 next hop towards an address
 * @p: ICMP error, for which RFC 7915 sections 4.2 and 5.2 want it
 * @daddr: address
 *
 * Return: MTU in bytes; the largest one when there is no route.
 */
unsigned int nat64_route4_mtu(const struct nat64_pkt *p, __be32 daddr)
{
	struct flowi4 fl4 = { .daddr = daddr };
	struct rtable *rt = lookup_route4(p, &fl4);
	unsigned int mtu;

	if (IS_ERR(rt))
		return IP_MAX_MTU;
	mtu = ip_dst_mtu_maybe_forward(&rt->dst, true);
	ip_rt_put(rt);
	return mtu;
}

/*
 * Sysctl icmp_errors_use_inbound_ifaddr, as icmp_send() has it for errors of the
 * gateway's own. Returns 0 if there is no such address.
 */
static __be32 inbound_ifaddr(const struct nat64_pkt *p, __be32 daddr)
{
	const struct net *net = p->nn->net;

	if (likely(!READ_ONCE(net->ipv4.sysctl_icmp_errors_use_inbound_ifaddr)) ||
	    p->local)
		return 0;
	return inet_select_addr(p->in, daddr, RT_SCOPE_LINK);
}

/**
 * nat64_route4_source() - the gateway's own address towards an IPv4 address
 * @p: packet
 * @daddr: address
 *
 * Return: address; 192.0.0.8 (RFC 7600 section 4.8), as the kernel's own errors
 * have it, when the gateway has none; 0 when there is no route.
 */
__be32 nat64_route4_source(const struct nat64_pkt *p, __be32 daddr)
{
	struct flowi4 fl4 = { .daddr = daddr };
	struct rtable *rt = lookup_route4(p, &fl4);

	if (IS_ERR(rt))
		return 0;
	ip_rt_put(rt);
	return inbound_ifaddr(p, daddr) ?: fl4.saddr ?: htonl(INADDR_DUMMY);
}

/**
 * nat64_route6_source() - the gateway's own address towards an IPv6 address
 * @p: packet
 * @daddr: address
 * @saddr: result
 *
 * A gateway without any address is given that of its loopback interface, which
 * must not be sent (RFC 4291 section 2.5.3).
 *
 * Return: whether the gateway has one.
 */
bool nat64_route6_source(const struct nat64_pkt *p,
			 const struct in6_addr *daddr, struct in6_addr *saddr)
{
	struct flowi6 fl6 = { .daddr = *daddr };
	struct dst_entry *dst = lookup_route6(p, &fl6);
	bool found = !dst->error &&
		     !ipv6_dev_get_saddr(p->nn->net, dst->dev, daddr, 0, saddr) &&
		     !ipv6_addr_loopback(saddr);

	put_route6(p, dst);
	return found;
}
