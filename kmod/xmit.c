// SPDX-License-Identifier: GPL-2.0
#include "xmit.h"

#include <linux/netfilter.h>
#include <net/addrconf.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/neighbour.h>
#include <net/route.h>

#include "route.h"
#include "skb.h"

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

/* As ip6_finish_output2() and ip_finish_output2() send. */
static void send_to(struct neighbour *neigh, struct sk_buff *skb,
		    bool skip_cache)
{
	if (IS_ERR(neigh))
		kfree_skb(skb);
	else
		neigh_output(neigh, skb, skip_cache);
}

static void direct6(struct sk_buff *skb)
{
	const struct rt6_info *rt = (struct rt6_info *)skb_dst(skb);
	const struct in6_addr *nexthop;

	nexthop = rt6_nexthop(rt, &ipv6_hdr(skb)->daddr);
	skb->dev = rt->dst.dev;
	rcu_read_lock_bh();
	send_to(ip_neigh_gw6(skb->dev, nexthop), skb, false);
	rcu_read_unlock_bh();
}

static void direct4(struct sk_buff *skb)
{
	struct rtable *rt = skb_rtable(skb);
	struct neighbour *neigh;
	bool is_v6gw = false;

	skb->dev = rt->dst.dev;
	rcu_read_lock_bh();
	neigh = ip_neigh_for_gw(rt, skb, &is_v6gw);
	send_to(neigh, skb, is_v6gw);
	rcu_read_unlock_bh();
}

static void hand_over6(struct nat64_pkt *p, struct sk_buff *skb)
{
	nat64_count(p->nn->stats, NAT64_TRANSLATED_4TO6,
		    skb_shinfo(skb)->gso_segs ?: 1);
	if (p->local)
		ip6_local_out(p->net, skb->sk, skb);
	else if (unlikely(nat64_dst_is_local6(skb_dst(skb))))
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
	else if (unlikely(nat64_dst_is_local4(skb_dst(skb))))
		dst_input(skb);
	else if (is_direct(p, skb))
		direct4(skb);
	else
		forward(p, skb, NFPROTO_IPV4);
}
