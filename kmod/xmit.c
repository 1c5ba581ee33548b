// SPDX-License-Identifier: GPL-2.0
#include "xmit.h"

#include <linux/netfilter.h>
#include <net/addrconf.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/neighbour.h>
#include <net/route.h>

#include "reject.h"
#include "route.h"
#include "skb.h"

/* The packet takes the reference along, or lives under the RCU read lock. */
static __always_inline void give_route(struct nat64_pkt *p)
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
static __always_inline void forward(const struct nat64_pkt *p, u8 family)
{
	NF_HOOK(family, NF_INET_FORWARD, p->nn->net, NULL, p->skb, p->in,
		p->dst->dev, p->dst->output);
}

/* Whether the way on is a device and a neighbour, nothing else. */
static __always_inline bool is_direct(const struct nat64_pkt *p)
{
	return p->cfg->set.forwarding == NAT64_FORWARDING_DIRECT &&
	       !p->dst->lwtstate && !dst_xfrm(p->dst) &&
	       (p->skb->len <= p->mtu || skb_is_gso(p->skb));
}

/* As ip6_finish_output2() and ip_finish_output2() send. */
static __always_inline void send_to(struct nat64_pkt *p,
				    struct neighbour *neigh, bool skip_cache)
{
	if (IS_ERR(neigh)) {
		nat64_pkt_drop(p, NAT64_NO_MEMORY);
		return;
	}
	neigh_output(neigh, p->skb, skip_cache);
}

static void direct6(struct nat64_pkt *p)
{
	const struct rt6_info *rt = (const struct rt6_info *)p->dst;
	const struct in6_addr *nexthop = rt6_nexthop(rt, &p->a.dst6);

	p->skb->dev = p->dst->dev;
	rcu_read_lock_bh();
	send_to(p, ip_neigh_gw6(p->dst->dev, nexthop), false);
	rcu_read_unlock_bh();
}

static void direct4(struct nat64_pkt *p)
{
	struct neighbour *neigh;
	bool is_v6gw = false;

	p->skb->dev = p->dst->dev;
	rcu_read_lock_bh();
	neigh = ip_neigh_for_gw(skb_rtable(p->skb), p->skb, &is_v6gw);
	send_to(p, neigh, is_v6gw);
	rcu_read_unlock_bh();
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
	struct sk_buff *skb = p->skb;

	give_route(p);
	nat64_count(p->nn->stats, NAT64_TRANSLATED_4TO6, nat64_skb_segs(skb));
	if (unlikely(p->local))
		ip6_local_out(p->nn->net, skb->sk, skb);
	else if (unlikely(nat64_dst_is_local6(p->dst)))
		dst_input(skb);
	else if (is_direct(p))
		direct6(p);
	else
		forward(p, NFPROTO_IPV6);
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
	nat64_count(p->nn->stats, NAT64_TRANSLATED_6TO4, nat64_skb_segs(skb));
	if (unlikely(p->local))
		ip_local_out(p->nn->net, skb->sk, skb);
	else if (unlikely(nat64_dst_is_local4(p->dst)))
		dst_input(skb);
	else if (is_direct(p))
		direct4(p);
	else
		forward(p, NFPROTO_IPV4);
}
