// SPDX-License-Identifier: GPL-2.0-only
#include "xmit.h"

#include <linux/netfilter.h>
#include <net/addrconf.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/neighbour.h>
#include <net/route.h>

#include "compat/flow.h"
#include "reject.h"
#include "route.h"
#include "skb.h"

/* What ip_send_skb() tells the sender: a chain or a queue may have dropped it. */
static int xmit_error(int err)
{
	return err > 0 ? net_xmit_errno(err) : err;
}

/* The packet takes the reference along, or lives under the RCU read lock. */
static __always_inline void set_route(struct nat64_pkt *p)
{
	skb_dst_drop(p->skb);
	if (p->dst_held)
		skb_dst_set(p->skb, p->dst);
	else
		skb_dst_set_noref(p->skb, p->dst);
	p->dst_held = false;
}

static __always_inline bool has_l3mdev(const struct nat64_pkt *p)
{
	return unlikely(p->in->priv_flags &
			(IFF_L3MDEV_MASTER | IFF_L3MDEV_SLAVE));
}

/*
 * What came in on a port of a VRF belongs to the VRF's device from here on, as
 * l3mdev_ip_rcv() has it: sockets are found by it, and by the port.
 */
static void enter_l3mdev(const struct nat64_pkt *p, struct net_device *dev)
{
	p->skb->dev = dev;
	p->skb->skb_iif = dev->ifindex;
}

static void enter_l3mdev6(const struct nat64_pkt *p)
{
	struct net_device *dev = nat64_pkt_l3dev(p);

	if (!netif_is_l3_master(dev))
		return;
	IP6CB(p->skb)->flags |= IP6SKB_L3SLAVE;
	enter_l3mdev(p, dev);
}

static void enter_l3mdev4(const struct nat64_pkt *p)
{
	struct net_device *dev = nat64_pkt_l3dev(p);

	if (!netif_is_l3_master(dev))
		return;
	IPCB(p->skb)->flags |= IPSKB_L3SLAVE;
	enter_l3mdev(p, dev);
}

static __always_inline bool is_direct(const struct nat64_pkt *p)
{
	return p->cfg->set.forwarding == NAT64_FORWARDING_DIRECT;
}

/* Return true if all that is left to do is to find the neighbour's address. */
static __always_inline bool is_plain(const struct nat64_pkt *p)
{
	return !p->dst->lwtstate && !dst_xfrm(p->dst) &&
	       (p->skb->len <= p->mtu || skb_is_gso(p->skb));
}

/* Context of find_neigh6() and find_neigh4(): softirq, which is an RCU read lock for them. */
static __always_inline struct neighbour *find_neigh6(const struct sk_buff *skb,
						     const struct dst_entry *dst)
{
	const struct rt6_info *rt = (const struct rt6_info *)dst;

	return ip_neigh_gw6(dst->dev, rt6_nexthop(rt, &ipv6_hdr(skb)->daddr));
}

static __always_inline struct neighbour *find_neigh4(struct sk_buff *skb,
						     bool *is_v6gw)
{
	*is_v6gw = false;
	return ip_neigh_for_gw(skb_rtable(skb), skb, is_v6gw);
}

/* As ip6_finish_output2() and ip_finish_output2() send. */
static __always_inline void send_direct(struct nat64_pkt *p,
					struct neighbour *neigh, bool is_v6gw)
{
	if (IS_ERR(neigh))
		nat64_pkt_drop(p, NAT64_NO_MEMORY);
	else
		neigh_output(neigh, p->skb, is_v6gw);
}

/*
 * Setting forwarding direct: past FORWARD and POSTROUTING. What is still to be
 * fragmented, encapsulated or encrypted goes through the route's own output,
 * which passes by POSTROUTING for packets that were routed a second time.
 */
static void send_direct6(struct nat64_pkt *p)
{
	if (unlikely(!is_plain(p))) {
		IP6CB(p->skb)->flags |= IP6SKB_REROUTED;
		dst_output(p->nn->net, NULL, p->skb);
		return;
	}
	p->skb->dev = p->dst->dev;
	send_direct(p, find_neigh6(p->skb, p->dst), false);
}

static void send_direct4(struct nat64_pkt *p)
{
	struct neighbour *neigh;
	bool is_v6gw;

	if (unlikely(!is_plain(p))) {
		IPCB(p->skb)->flags |= IPSKB_REROUTED;
		dst_output(p->nn->net, NULL, p->skb);
		return;
	}
	p->skb->dev = p->dst->dev;
	neigh = find_neigh4(p->skb, &is_v6gw);
	send_direct(p, neigh, is_v6gw);
}

/*
 * Runs chains. The okfn is the route's own output function, which outlives this
 * module: the packet may wait in an NFQUEUE while the module is unloaded.
 * Returns true if they let it go on at once.
 */
static __always_inline bool run_chains(u8 family, unsigned int hook,
				       struct net *net, struct sk_buff *skb,
				       struct net_device *in,
				       struct dst_entry *dst)
{
	return nf_hook(family, hook, net, NULL, skb, in, dst->dev,
		       dst->output) == 1;
}

/* Whether chains have left the packet's route and length as they were. */
static __always_inline bool is_unchanged(const struct sk_buff *skb,
					 const struct dst_entry *dst,
					 unsigned int len)
{
	return likely(skb_dst(skb) == dst && skb->len == len);
}

/* Sends as the end of ip6_output() does. */
static __always_inline void output_plain6(struct net *net, struct sk_buff *skb,
					  struct dst_entry *dst)
{
	struct neighbour *neigh;

	neigh = find_neigh6(skb, dst);
	if (IS_ERR(neigh)) {
		dst_output(net, NULL, skb);
	} else {
		__IP6_UPD_PO_STATS(net, ip6_dst_idev(dst), IPSTATS_MIB_OUT,
				   skb->len);
		neigh_output(neigh, skb, false);
	}
}

static __always_inline void output_plain4(struct net *net, struct sk_buff *skb)
{
	struct neighbour *neigh;
	bool is_v6gw;

	neigh = find_neigh4(skb, &is_v6gw);
	if (IS_ERR(neigh)) {
		dst_output(net, NULL, skb);
	} else {
		__IP_UPD_PO_STATS(net, IPSTATS_MIB_OUT, skb->len);
		neigh_output(neigh, skb, is_v6gw);
	}
}

/**
 * nat64_forward6() - send an IPv6 packet through FORWARD and POST_ROUTING
 * @net: network namespace
 * @skb: translated packet with its route, consumed
 * @in: device that it came in on, or the VRF's
 * @dst: its route
 * @plain: it needs nothing but its neighbour, and is sent without ip6_output(), to
 *	which REROUTED says that it has been in POST_ROUTING
 *
 * Setting forwarding filtered. Context: RCU read lock, softirq.
 */
void nat64_forward6(struct net *net, struct sk_buff *skb, struct net_device *in,
		    struct dst_entry *dst, bool plain)
{
	unsigned int len = skb->len;

	if (!run_chains(NFPROTO_IPV6, NF_INET_FORWARD, net, skb, in, dst))
		return;
	if (likely(plain && is_unchanged(skb, dst, len))) {
		in = skb->dev;
		skb->dev = dst->dev;
		IP6CB(skb)->flags |= IP6SKB_REROUTED;
		if (!run_chains(NFPROTO_IPV6, NF_INET_POST_ROUTING, net, skb,
				in, dst))
			return;
		if (is_unchanged(skb, dst, len)) {
			output_plain6(net, skb, dst);
			return;
		}
	}
	dst_output(net, NULL, skb);
}

/**
 * nat64_forward4() - send an IPv4 packet through FORWARD and POST_ROUTING
 * @net: network namespace
 * @skb: translated packet with its route, consumed
 * @in: device that it came in on, or the VRF's
 * @dst: its route
 * @plain: as with nat64_forward6(), whose counterpart this is
 */
void nat64_forward4(struct net *net, struct sk_buff *skb, struct net_device *in,
		    struct dst_entry *dst, bool plain)
{
	unsigned int len = skb->len;

	if (!run_chains(NFPROTO_IPV4, NF_INET_FORWARD, net, skb, in, dst))
		return;
	if (likely(plain && is_unchanged(skb, dst, len))) {
		in = skb->dev;
		skb->dev = dst->dev;
		IPCB(skb)->flags |= IPSKB_REROUTED;
		if (!run_chains(NFPROTO_IPV4, NF_INET_POST_ROUTING, net, skb,
				in, dst))
			return;
		if (is_unchanged(skb, dst, len)) {
			output_plain4(net, skb);
			return;
		}
	}
	dst_output(net, NULL, skb);
}

/*
 * rt_iif of an output route is the device that has the address. Clear it, so
 * that sockets are found by the device that the packet came in on.
 */
static void receive_packet4(struct nat64_pkt *p)
{
	struct rtable *rt = nat64_rtable_copy(skb_rtable(p->skb));

	if (!rt) {
		nat64_pkt_drop(p, NAT64_NO_MEMORY);
		return;
	}
	rt->rt_iif = 0;
	skb_dst_drop(p->skb);
	skb_dst_set(p->skb, &rt->dst);
	dst_input(p->skb);
}

/**
 * nat64_deliver6() - send a translated IPv6 packet on its way
 * @p: translated packet with a route, consumed
 *
 * Through FORWARD and POSTROUTING; to the gateway itself; through OUTPUT and
 * POSTROUTING when it comes from the gateway; or, setting forwarding direct,
 * straight to the neighbour. Context: RCU read lock.
 */
void nat64_deliver6(struct nat64_pkt *p)
{
	struct sk_buff *skb = p->skb;

	set_route(p);
	nat64_count(p->nn->stats, NAT64_TRANSLATED_4TO6, nat64_skb_segs(skb));
	if (unlikely(p->local)) {
		p->err = xmit_error(ip6_local_out(p->nn->net, p->sk, skb));
		return;
	}
	if (has_l3mdev(p))
		enter_l3mdev6(p);
	if (unlikely(nat64_dst_is_local6(p->dst))) {
		dst_input(skb);
		return;
	}
	nat64_skb_set_priority(skb, p->nn->net, p->hdr.tos);
	if (is_direct(p))
		send_direct6(p);
	else
		nat64_forward6(p->nn->net, skb, nat64_pkt_l3dev(p), p->dst,
			       is_plain(p));
}

/**
 * nat64_deliver4() - send a translated IPv4 packet on its way
 * @p: translated packet with a route, consumed
 *
 * The counterpart of nat64_deliver6(). A packet without DF that does not fit
 * is fragmented by the kernel's own output (RFC 7915 section 5.1.1). Context:
 * RCU read lock.
 */
void nat64_deliver4(struct nat64_pkt *p)
{
	struct sk_buff *skb = p->skb;

	set_route(p);
	nat64_count(p->nn->stats, NAT64_TRANSLATED_6TO4, nat64_skb_segs(skb));
	if (unlikely(p->local)) {
		p->err = xmit_error(ip_local_out(p->nn->net, p->sk, skb));
		return;
	}
	if (has_l3mdev(p))
		enter_l3mdev4(p);
	if (unlikely(nat64_dst_is_local4(p->dst))) {
		receive_packet4(p);
		return;
	}
	nat64_skb_set_priority(skb, p->nn->net, ip_hdr(skb)->tos);
	if (is_direct(p))
		send_direct4(p);
	else
		nat64_forward4(p->nn->net, skb, nat64_pkt_l3dev(p), p->dst,
			       is_plain(p));
}
