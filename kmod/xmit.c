// SPDX-License-Identifier: GPL-2.0
#include "xmit.h"

#include <linux/inetdevice.h>
#include <linux/netfilter.h>
#include <net/addrconf.h>
#include <net/ip6_route.h>
#include <net/l3mdev.h>
#include <net/neighbour.h>
#include <net/route.h>

#include "compat/flow.h"
#include "skb.h"

/* What routing knows about a failed lookup, as RFC 7915 wants it answered. */
static enum nat64_counter route_error(int err)
{
	switch (err) {
	case -EACCES:
		return NAT64_PROHIBITED;
	case -EINVAL:
		return NAT64_BLACKHOLE;
	case -EHOSTUNREACH:
		return NAT64_UNREACHABLE;
	}
	return NAT64_NO_ROUTE;
}

/* Ports take part in multipath hashing and in policy rules. */
static __be32 read_ports(const struct nat64_pkt *p)
{
	const __be32 *ports;
	__be32 buf;

	if (p->hdr.frag_off ||
	    (p->hdr.proto != IPPROTO_TCP && p->hdr.proto != IPPROTO_UDP &&
	     p->hdr.proto != IPPROTO_SCTP))
		return 0;
	ports = skb_header_pointer(p->skb, p->hdr.len, sizeof(buf), &buf);
	return ports ? *ports : 0;
}

static struct dst_entry *lookup6(const struct nat64_pkt *p,
				 const struct in6_addr *saddr,
				 const struct in6_addr *daddr, u8 proto,
				 __be32 ports)
{
	struct net_device *in = p->local ? p->net->loopback_dev : p->in;
	struct flowi6 fl6 = {
		.flowi6_iif = in->ifindex,
		.flowi6_mark = p->skb->mark,
		.flowi6_proto = proto,
		.flowlabel = ip6_make_flowinfo(p->hdr.tos, 0),
		.daddr = *daddr,
		.saddr = *saddr,
		.fl6_sport = (__force __be16)((const u16 *)&ports)[0],
		.fl6_dport = (__force __be16)((const u16 *)&ports)[1],
	};

	return ip6_route_input_lookup(p->net, in, &fl6, NULL,
				      RT6_LOOKUP_F_HAS_SADDR |
				      RT6_LOOKUP_F_DST_NOREF);
}

static bool is_local6(const struct dst_entry *dst)
{
	const struct rt6_info *rt = (const struct rt6_info *)dst;

	return rt->rt6i_flags & (RTF_LOCAL | RTF_ANYCAST);
}

static bool is_local4(const struct dst_entry *dst)
{
	const struct rtable *rt = container_of(dst, struct rtable, dst);

	return rt->rt_flags & RTCF_LOCAL;
}

/* Neither family forwards for itself what its sysctls do not let it forward. */
static enum nat64_counter check_forwarding6(const struct nat64_pkt *p,
					    const struct dst_entry *dst)
{
	if (p->local)
		return NAT64_OK;
	if (unlikely(is_local6(dst)))
		return p->cfg->set.local ? NAT64_OK : NAT64_LOCAL_OFF;
	return READ_ONCE(p->net->ipv6.devconf_all->forwarding) ?
		NAT64_OK : NAT64_FORWARDING_OFF;
}

static enum nat64_counter check_forwarding4(const struct nat64_pkt *p,
					    const struct rtable *rt)
{
	struct in_device *in_dev;

	if (rt->rt_type != RTN_UNICAST && rt->rt_type != RTN_LOCAL)
		return NAT64_DESTINATION_ILLEGAL;
	if (p->local)
		return NAT64_OK;
	if (unlikely(is_local4(&rt->dst)))
		return p->cfg->set.local ? NAT64_OK : NAT64_LOCAL_OFF;
	in_dev = __in_dev_get_rcu(p->in);
	return in_dev && IN_DEV_FORWARD(in_dev) ?
		NAT64_OK : NAT64_FORWARDING_OFF;
}

/**
 * nat64_route6() - find the way of a packet that becomes IPv6
 * @p: packet with its IPv6 addresses; gets @p->dst and @p->mtu
 *
 * As ip6_forward() would. Context: RCU read lock, which the route lives under.
 *
 * Return: NAT64_OK or the reason why there is no way.
 */
enum nat64_counter nat64_route6(struct nat64_pkt *p)
{
	u8 proto = p->hdr.proto == IPPROTO_ICMP ? IPPROTO_ICMPV6 :
						  p->hdr.proto;
	struct dst_entry *dst = lookup6(p, &p->a.src6, &p->a.dst6, proto,
					read_ports(p));
	enum nat64_counter reason;

	if (unlikely(dst->error))
		return route_error(dst->error);
	reason = check_forwarding6(p, dst);
	if (unlikely(reason))
		return reason;
	p->dst = dst;
	p->mtu = max_t(unsigned int, ip6_dst_mtu_maybe_forward(dst, true),
		       IPV6_MIN_MTU);
	return NAT64_OK;
}

static struct rtable *lookup4(const struct nat64_pkt *p, struct flowi4 *fl4)
{
	fl4->flowi4_mark = p->skb->mark;
	fl4->flowi4_oif = p->local ? 0 : l3mdev_master_ifindex_rcu(p->in);
	fl4->flowi4_flags = FLOWI_FLAG_ANYSRC;
	nat64_flowi4_set_tos(fl4, p->hdr.tos);
	return __ip_route_output_key(p->net, fl4);
}

/**
 * nat64_route4() - find the way of a packet that becomes IPv4
 * @p: packet with its IPv4 addresses; gets @p->dst and @p->mtu
 *
 * As ip_forward() would, but without asking the reverse path about the source:
 * that is a mapped address, which need not have a route. Context: RCU read
 * lock. nat64_route_put() returns the route unless it went with the packet.
 *
 * Return: NAT64_OK or the reason why there is no way.
 */
enum nat64_counter nat64_route4(struct nat64_pkt *p)
{
	__be32 ports = read_ports(p);
	struct flowi4 fl4 = {
		.daddr = p->a.dst4,
		.saddr = p->a.src4,
		.flowi4_proto = p->hdr.proto == IPPROTO_ICMPV6 ?
				IPPROTO_ICMP : p->hdr.proto,
		.fl4_sport = (__force __be16)((const u16 *)&ports)[0],
		.fl4_dport = (__force __be16)((const u16 *)&ports)[1],
	};
	struct rtable *rt = lookup4(p, &fl4);

	if (IS_ERR(rt))
		return route_error(PTR_ERR(rt));
	p->dst = &rt->dst;
	p->dst_held = true;
	p->mtu = ip_dst_mtu_maybe_forward(&rt->dst, true);
	return check_forwarding4(p, rt);
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
 * Return: MTU; the largest one when there is no route.
 */
unsigned int nat64_route6_mtu(const struct nat64_pkt *p,
			      const struct in6_addr *daddr)
{
	struct dst_entry *dst = lookup6(p, &in6addr_any, daddr, 0, 0);

	if (dst->error)
		return IP6_MAX_MTU;
	return ip6_dst_mtu_maybe_forward(dst, true);
}

/**
 * nat64_route4_mtu() - MTU of the IPv4 next hop towards an address
 * @p: ICMP error, for which RFC 7915 sections 4.2 and 5.2 want it
 * @daddr: address
 *
 * Return: MTU; the largest one when there is no route.
 */
unsigned int nat64_route4_mtu(const struct nat64_pkt *p, __be32 daddr)
{
	struct flowi4 fl4 = { .daddr = daddr };
	struct rtable *rt = lookup4(p, &fl4);
	unsigned int mtu;

	if (IS_ERR(rt))
		return IP_MAX_MTU;
	mtu = ip_dst_mtu_maybe_forward(&rt->dst, true);
	ip_rt_put(rt);
	return mtu;
}

/**
 * nat64_route4_source() - the gateway's own address towards an IPv4 address
 * @p: packet
 * @daddr: address
 *
 * Return: address, 0 when the gateway has none.
 */
__be32 nat64_route4_source(const struct nat64_pkt *p, __be32 daddr)
{
	struct flowi4 fl4 = { .daddr = daddr };
	struct rtable *rt = lookup4(p, &fl4);

	if (IS_ERR(rt))
		return 0;
	ip_rt_put(rt);
	return fl4.saddr;
}

/**
 * nat64_route6_source() - the gateway's own address towards an IPv6 address
 * @p: packet
 * @daddr: address
 * @saddr: result
 *
 * Return: whether the gateway has one.
 */
bool nat64_route6_source(const struct nat64_pkt *p,
			 const struct in6_addr *daddr, struct in6_addr *saddr)
{
	struct dst_entry *dst = lookup6(p, &in6addr_any, daddr, 0, 0);

	return !dst->error &&
	       !ipv6_dev_get_saddr(p->net, dst->dev, daddr, 0, saddr);
}

/* The packet takes the reference along, or lives under the RCU read lock. */
static void give_route(struct nat64_pkt *p)
{
	skb_dst_drop(p->skb);
	if (p->dst_held)
		skb_dst_set(p->skb, p->dst);
	else
		skb_dst_set_noref(p->skb, p->dst);
	p->dst_held = false;
}

/*
 * The okfn is the route's own output function, which outlives this module:
 * the packet may wait in an NFQUEUE while the module is unloaded.
 */
static void forward(const struct nat64_pkt *p, struct sk_buff *skb, u8 family)
{
	struct dst_entry *dst = skb_dst(skb);

	NF_HOOK(family, NF_INET_FORWARD, p->net, NULL, skb, p->in, dst->dev,
		dst->output);
}

/* Whether the way on is a device and a neighbour, nothing else. */
static bool is_direct(const struct nat64_pkt *p, const struct sk_buff *skb)
{
	const struct dst_entry *dst = skb_dst(skb);

	return p->cfg->set.forwarding == NAT64_FORWARDING_DIRECT &&
	       !dst->lwtstate && !dst_xfrm(dst) &&
	       (skb->len <= p->mtu || skb_is_gso(skb));
}

static void direct6(struct sk_buff *skb)
{
	const struct rt6_info *rt = (struct rt6_info *)skb_dst(skb);
	const struct in6_addr *nexthop;

	nexthop = rt6_nexthop(rt, &ipv6_hdr(skb)->daddr);
	skb->dev = rt->dst.dev;
	neigh_xmit(NEIGH_ND_TABLE, skb->dev, nexthop, skb);
}

static void direct4(struct sk_buff *skb)
{
	const struct rtable *rt = skb_rtable(skb);

	skb->dev = rt->dst.dev;
	if (rt->rt_gw_family == AF_INET6)
		neigh_xmit(NEIGH_ND_TABLE, skb->dev, &rt->rt_gw6, skb);
	else if (rt->rt_gw_family == AF_INET)
		neigh_xmit(NEIGH_ARP_TABLE, skb->dev, &rt->rt_gw4, skb);
	else
		neigh_xmit(NEIGH_ARP_TABLE, skb->dev, &ip_hdr(skb)->daddr, skb);
}

static void hand_over6(struct nat64_pkt *p, struct sk_buff *skb)
{
	nat64_count(p->nn->stats, NAT64_TRANSLATED_4TO6,
		    skb_shinfo(skb)->gso_segs ?: 1);
	if (p->local)
		ip6_local_out(p->net, skb->sk, skb);
	else if (unlikely(is_local6(skb_dst(skb))))
		dst_input(skb);
	else if (is_direct(p, skb))
		direct6(skb);
	else
		forward(p, skb, NFPROTO_IPV6);
}

/**
 * nat64_deliver6() - send an IPv6 packet that the translator made on its way
 * @p: translated packet, consumed
 *
 * Through FORWARD and POSTROUTING, to the gateway itself, through OUTPUT and
 * POSTROUTING when it comes from the gateway, or straight to the neighbour.
 */
void nat64_deliver6(struct nat64_pkt *p)
{
	enum nat64_counter reason;

	give_route(p);
	if (likely(!p->split)) {
		hand_over6(p, p->skb);
		return;
	}
	nat64_count(p->nn->stats, NAT64_SPLIT, 1);
	reason = nat64_skb_split6(p, hand_over6);
	if (reason)
		nat64_count(p->nn->stats, reason, 1);
}

/**
 * nat64_deliver4() - send an IPv4 packet that the translator made on its way
 * @p: translated packet, consumed
 *
 * The counterpart of nat64_deliver6(). A packet without DF that does not fit
 * is fragmented by the kernel's own output (RFC 7915 section 5.1.1).
 */
void nat64_deliver4(struct nat64_pkt *p)
{
	struct sk_buff *skb = p->skb;

	give_route(p);
	nat64_count(p->nn->stats, NAT64_TRANSLATED_6TO4,
		    skb_shinfo(skb)->gso_segs ?: 1);
	if (p->local)
		ip_local_out(p->net, skb->sk, skb);
	else if (unlikely(is_local4(skb_dst(skb))))
		dst_input(skb);
	else if (is_direct(p, skb))
		direct4(skb);
	else
		forward(p, skb, NFPROTO_IPV4);
}
