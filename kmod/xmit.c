// SPDX-License-Identifier: GPL-2.0-only
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

/*
 * The okfn is the route's own output function, which outlives this module:
 * the packet may wait in an NFQUEUE while the module is unloaded.
 */
static __always_inline void forward_packet(const struct nat64_pkt *p, u8 family)
{
	NF_HOOK(family, NF_INET_FORWARD, p->nn->net, NULL, p->skb,
		nat64_pkt_l3dev(p), p->dst->dev, p->dst->output);
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

static void send_plain6(struct nat64_pkt *p)
{
	const struct rt6_info *rt = (const struct rt6_info *)p->dst;
	const struct in6_addr *nexthop = rt6_nexthop(rt, &p->a.dst6);

	p->skb->dev = p->dst->dev;
	rcu_read_lock_bh();
	send_to(p, ip_neigh_gw6(p->dst->dev, nexthop), false);
	rcu_read_unlock_bh();
}

static void send_plain4(struct nat64_pkt *p)
{
	struct neighbour *neigh;
	bool is_v6gw = false;

	p->skb->dev = p->dst->dev;
	rcu_read_lock_bh();
	neigh = ip_neigh_for_gw(skb_rtable(p->skb), p->skb, &is_v6gw);
	send_to(p, neigh, is_v6gw);
	rcu_read_unlock_bh();
}

/*
 * Setting forwarding direct: past FORWARD and POSTROUTING. What is still to be
 * fragmented, encapsulated or encrypted goes through the route's own output,
 * which passes by POSTROUTING for packets that were routed a second time.
 */
static void send_direct6(struct nat64_pkt *p)
{
	if (likely(is_plain(p))) {
		send_plain6(p);
		return;
	}
	IP6CB(p->skb)->flags |= IP6SKB_REROUTED;
	dst_output(p->nn->net, NULL, p->skb);
}

static void send_direct4(struct nat64_pkt *p)
{
	if (likely(is_plain(p))) {
		send_plain4(p);
		return;
	}
	IPCB(p->skb)->flags |= IPSKB_REROUTED;
	dst_output(p->nn->net, NULL, p->skb);
}

/*
 * rt_iif of an output route is the device that has the address. Clear it, so
 * that sockets are found by the device that the packet came in on.
 */
static void receive_packet4(struct nat64_pkt *p)
{
	struct rtable *rt = rt_dst_clone(p->dst->dev, skb_rtable(p->skb));

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
		forward_packet(p, NFPROTO_IPV6);
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
		forward_packet(p, NFPROTO_IPV4);
}

/**
 * nat64_send_frame() - send a translated frame to its neighbour
 * @skb: packet that was the frame
 * @f: frame with its Ethernet header
 * @protocol: ETH_P_IP or ETH_P_IPV6
 *
 * Setting forwarding direct: as neigh_hh_output() ends. Context: RCU read lock,
 * softirq.
 */
void nat64_send_frame(struct sk_buff *skb, const struct nat64_frame *f,
		      u16 protocol)
{
	nat64_skb_use_frame(skb, f, protocol, ETH_HLEN);
	skb->dev = f->dst->dev;
	dev_queue_xmit(skb);
}

/* The Ethernet header stays in front: filters to come may ask for it. */
static __always_inline void put_ether(struct sk_buff *skb, const void *ether)
{
	memcpy(skb->data - ETH_HLEN, ether, ETH_HLEN);
	skb->mac_header = skb->network_header - ETH_HLEN;
	skb->mac_len = ETH_HLEN;
}

/**
 * nat64_forward_frame6() - send a translated frame through FORWARD
 * @skb: packet that was the frame, IPv4
 * @f: frame without a link-layer header
 * @ether: the Ethernet header that it came with, or NULL
 *
 * Setting forwarding filtered; the counterpart of nat64_deliver6(). Context: RCU
 * read lock.
 */
void nat64_forward_frame6(struct sk_buff *skb, const struct nat64_frame *f,
			  const void *ether)
{
	struct inet6_skb_parm *cb = IP6CB(skb);
	int iif = IPCB(skb)->iif;

	nat64_skb_use_frame(skb, f, ETH_P_IPV6, 0);
	if (ether)
		put_ether(skb, ether);
	memset(cb, 0, sizeof(*cb));
	cb->iif = iif;
	cb->nhoff = offsetof(struct ipv6hdr, nexthdr);
	cb->flags = IP6SKB_FORWARDED;
	NF_HOOK(NFPROTO_IPV6, NF_INET_FORWARD, f->nn->net, NULL, skb, f->in,
		f->dst->dev, f->dst->output);
}

/**
 * nat64_forward_frame4() - send a translated frame through FORWARD
 * @skb: packet that was the frame, IPv6
 * @f: frame without a link-layer header
 * @ether: the Ethernet header that it came with, or NULL
 *
 * Setting forwarding filtered; the counterpart of nat64_deliver4(). Context: RCU
 * read lock.
 */
void nat64_forward_frame4(struct sk_buff *skb, const struct nat64_frame *f,
			  const void *ether)
{
	struct inet_skb_parm *cb = IPCB(skb);
	int iif = IP6CB(skb)->iif;

	nat64_skb_use_frame(skb, f, ETH_P_IP, 0);
	if (ether)
		put_ether(skb, ether);
	memset(cb, 0, sizeof(*cb));
	cb->iif = iif;
	cb->flags = IPSKB_FORWARDED;
	NF_HOOK(NFPROTO_IPV4, NF_INET_FORWARD, f->nn->net, NULL, skb, f->in,
		f->dst->dev, f->dst->output);
}
