// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plain packets: no fragment, no options, no extension headers, an upper protocol
 * whose checksum can be updated, the MTU large enough. What they become is what
 * xlat46.c and xlat64.c make of them. Any other packet is left unchanged, for
 * those to translate, reject, fragment or answer.
 */
#include "frame.h"

#include <linux/if_ether.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/inetdevice.h>
#include <net/dsfield.h>
#include <net/geneve.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/vxlan.h>

#include "compat/compiler.h"
#include "compat/mtu.h"
#include "compat/xdp.h"
#include "compat/xfrm.h"
#include "csum.h"
#include "flow.h"
#include "header.h"
#include "icmp.h"
#include "neigh.h"
#include "skb.h"
#include "xlat.h"
#include "xmit.h"

/* Version 4, and no options. */
#define PLAIN_IPV4	0x45

/* The least upper header: that of UDP, and that of an echo message. */
#define LEAST_UPPER	8

/*
 * What a sender leaves to its device to finish has the bare sum of the
 * pseudo-header in the field, and a frame of XDP does not say which it is. A
 * finished checksum may be the same by chance; then the stack looks at it.
 * @v6: what an IPv6 pseudo-header has more than that of IPv4, 0 for IPv4.
 */
static __always_inline bool is_unfinished(__sum16 sum, const struct nat64_hdr *hdr,
					  const struct nat64_flow *flow,
					  __wsum v6)
{
	return sum == (__force __sum16)~csum_tcpudp_magic(flow->a.src4,
							  flow->a.dst4,
							  hdr->payload,
							  hdr->proto, v6);
}

/*
 * VXLAN, GENEVE, and the port that Linux had for VXLAN before it had one: of the
 * packet inside a checksum may be unfinished, which its frame does not say.
 */
static __always_inline bool is_tunnel(const struct udphdr *udp)
{
	return udp->dest == htons(IANA_VXLAN_UDP_PORT) ||
	       udp->dest == htons(GENEVE_UDP_PORT) || udp->dest == htons(8472);
}

/*
 * Returns the checksum of a TCP segment or UDP datagram @at, if it can be updated;
 * NULL as well for all other protocols.
 */
static __always_inline __sum16 *find_csum(const struct nat64_frame *f, void *at,
					  const struct nat64_hdr *hdr,
					  const struct nat64_flow *flow, __wsum v6)
{
	struct tcphdr *tcp = at;
	struct udphdr *udp = at;
	__sum16 *field;

	if (hdr->proto == IPPROTO_TCP) {
		field = &tcp->check;
		if (unlikely(hdr->payload < sizeof(*tcp) ||
			     (void *)(tcp + 1) > f->end))
			return NULL;
	} else {
		field = &udp->check;
		if (unlikely(hdr->proto != IPPROTO_UDP || !*field ||
			     (NAT64_XDP_FRAME(f) && is_tunnel(udp))))
			return NULL;
	}
	if (NAT64_XDP_FRAME(f) && unlikely(is_unfinished(*field, hdr, flow, v6)))
		return NULL;
	return field;
}

static __always_inline bool is_echo(const struct icmphdr *icmp, u8 request,
				    u8 reply)
{
	return icmp->type == request || icmp->type == reply;
}

/* What does not fill the frame has padding behind it, which is cut off. */
static __always_inline bool has_length(const struct nat64_frame *f,
				       unsigned int len)
{
	return likely(len == f->len) ||
	       (len < f->len && f->data + f->len == f->end);
}

/* A frame of XDP needs room for an Ethernet header, an skb for what its device adds. */
static __always_inline bool may_leave(const struct nat64_frame *f,
				      const struct dst_entry *dst, void *at)
{
	const struct net_device *dev = dst->dev;

	if (NAT64_XDP_FRAME(f))
		return likely(at - HH_DATA_MOD >= f->floor && !dst->lwtstate &&
			      dev->flags & IFF_UP) &&
		       (likely(nat64_xdp_takes_frames(dev)) ||
			nat64_xdp_is_generic(NAT64_XDP_FRAME(f)));
	return likely(at - LL_RESERVED_SPACE(dev) - dst->header_len >= f->floor) &&
	       !(f->to_neighbour && dst->lwtstate);
}

/* Makes the frame that which leaves, with its network header @at. */
static __always_inline void finish_frame(struct nat64_frame *f, void *at,
					 unsigned int len,
					 const struct nat64_flow *flow,
					 const struct neighbour *neigh,
					 u16 protocol)
{
	f->data = at;
	f->len = len;
	f->dst = flow->dst;
	if (!neigh)
		return;
	nat64_neigh_write_ether(at, neigh, protocol);
	f->data = at - ETH_HLEN;
	f->len = len + ETH_HLEN;
}

/* As nat64_parse4() reads, but for what is not plain. */
static __always_inline bool read_header4(const struct nat64_frame *f,
					 struct nat64_hdr *hdr)
{
	const struct iphdr *iph = f->data;
	unsigned int len = ntohs(iph->tot_len);

	if (unlikely((void *)(iph + 1) + LEAST_UPPER > f->end ||
		     *(const u8 *)iph != PLAIN_IPV4 || ip_is_fragment(iph) ||
		     iph->ttl <= 1 || len < sizeof(*iph) + LEAST_UPPER ||
		     !has_length(f, len)))
		return false;
	/* Others have come through ip_rcv(). */
	if (f->to_neighbour && unlikely(ip_fast_csum(iph, sizeof(*iph) / 4)))
		return false;
	hdr->payload = len - sizeof(*iph);
	hdr->proto = iph->protocol;
	hdr->tos = iph->tos;
	hdr->ttl = iph->ttl;
	hdr->df = iph->frag_off & htons(IP_DF);
	hdr->frag = false;
	return true;
}

/*
 * RFC 7915 section 4.1: without DF a packet may have to be fragmented. Neither the
 * MTU nor lowest-ipv6-mtu is below what every link takes.
 */
static __always_inline bool fits46(const struct nat64_frame *f,
				   const struct nat64_hdr *hdr,
				   const struct dst_entry *dst)
{
	unsigned int len = sizeof(struct ipv6hdr) + hdr->payload;

	if (len <= IPV6_MIN_MTU)
		return true;
	return len <= nat64_dst_mtu6(dst) &&
	       (hdr->df || len <= f->cfg->set.lowest_ipv6_mtu);
}

/* Return true unless the packet is not plain, and unchanged. */
static __always_inline bool edit_upper46(const struct nat64_frame *f, void *upper,
					 const struct nat64_hdr *hdr,
					 const struct nat64_flow *flow)
{
	struct icmphdr *icmp = upper;
	__sum16 *field;

	if (unlikely(hdr->proto == IPPROTO_ICMP)) {
		if (!is_echo(icmp, ICMP_ECHO, ICMP_ECHOREPLY) || !icmp->checksum)
			return false;
		nat64_csum_icmp_header(icmp, nat64_icmp_echo_type(icmp->type),
				       nat64_csum_pseudo6(&flow->a, hdr->payload));
		return true;
	}
	field = find_csum(f, upper, hdr, flow, 0);
	if (unlikely(!field))
		return false;
	nat64_csum_update(field, hdr->proto == IPPROTO_UDP, flow->csum);
	return true;
}

/* RFC 7915 section 4. Returns false with the packet unchanged if it is not plain. */
static __always_inline bool edit_frame46(struct nat64_frame *f,
					 const struct nat64_flow *flow)
{
	void *upper = f->data + sizeof(struct iphdr);
	void *at = upper - sizeof(struct ipv6hdr);
	struct neighbour *neigh = NULL;
	struct nat64_hdr hdr NAT64_UNINITIALIZED;

	if (unlikely(!read_header4(f, &hdr) || !may_leave(f, flow->dst, at) ||
		     !fits46(f, &hdr, flow->dst) ||
		     !READ_ONCE(f->nn->net->ipv6.devconf_all->forwarding)))
		return false;
	if (f->to_neighbour) {
		neigh = nat64_neigh_find6(flow);
		if (unlikely(!nat64_neigh_is_known(neigh)))
			return false;
	}
	if (unlikely(!edit_upper46(f, upper, &hdr, flow)))
		return false;
	f->tos = hdr.tos;
	nat64_header6_write(at, &hdr, &flow->a, f->cfg->set.traffic_class,
			    hdr.ttl - 1, hdr.payload);
	finish_frame(f, at, sizeof(struct ipv6hdr) + hdr.payload, flow, neigh,
		     ETH_P_IPV6);
	nat64_count(f->nn->stats, NAT64_TRANSLATED_4TO6, 1);
	return true;
}

/* As nat64_parse6() reads, but for what is not plain. */
static __always_inline bool read_header6(const struct nat64_frame *f,
					 struct nat64_hdr *hdr)
{
	const struct ipv6hdr *ip6h = f->data;
	unsigned int len = ntohs(ip6h->payload_len);

	if (unlikely((void *)(ip6h + 1) + LEAST_UPPER > f->end ||
		     ip6h->version != 6 || ip6h->hop_limit <= 1 ||
		     len < LEAST_UPPER || !has_length(f, sizeof(*ip6h) + len)))
		return false;
	hdr->payload = len;
	hdr->proto = ip6h->nexthdr;
	hdr->tos = ipv6_get_dsfield(ip6h);
	hdr->ttl = ip6h->hop_limit;
	hdr->frag = false;
	return true;
}

/* Sysctl net.ipv4.conf.DEV.forwarding, as check_forwarding4() asks. */
static __always_inline bool may_forward4(const struct net_device *dev)
{
	struct in_device *in_dev = __in_dev_get_rcu(dev);

	return in_dev && IN_DEV_FORWARD(in_dev);
}

static __always_inline bool fits64(const struct nat64_hdr *hdr,
				   const struct dst_entry *dst)
{
	return sizeof(struct iphdr) + hdr->payload <=
	       ip_dst_mtu_maybe_forward(dst, true);
}

/* As edit_upper46(). */
static __always_inline bool edit_upper64(const struct nat64_frame *f, void *upper,
					 const struct nat64_hdr *hdr,
					 const struct nat64_flow *flow)
{
	struct icmphdr *icmp = upper;
	__wsum pseudo;
	__sum16 *field;

	if (unlikely(hdr->proto == IPPROTO_ICMPV6)) {
		pseudo = nat64_csum_pseudo6(&flow->a, hdr->payload);
		if (!is_echo(icmp, ICMPV6_ECHO_REQUEST, ICMPV6_ECHO_REPLY) ||
		    icmp->checksum == (__force __sum16)~csum_fold(pseudo))
			return false;
		nat64_csum_icmp_header(icmp, nat64_icmp_echo_type(icmp->type),
				       ~pseudo);
		return true;
	}
	field = find_csum(f, upper, hdr, flow, flow->csum);
	if (unlikely(!field))
		return false;
	nat64_csum_update(field, hdr->proto == IPPROTO_UDP, ~flow->csum);
	return true;
}

/* RFC 7915 section 5. Returns as edit_frame46() does. */
static __always_inline bool edit_frame64(struct nat64_frame *f,
					 const struct nat64_flow *flow)
{
	void *upper = f->data + sizeof(struct ipv6hdr);
	void *at = upper - sizeof(struct iphdr);
	struct neighbour *neigh = NULL;
	struct nat64_hdr hdr NAT64_UNINITIALIZED;
	unsigned int len;

	if (unlikely(!read_header6(f, &hdr) || !may_leave(f, flow->dst, at) ||
		     !fits64(&hdr, flow->dst) || !may_forward4(f->in)))
		return false;
	if (f->to_neighbour) {
		neigh = nat64_neigh_find4(flow);
		if (unlikely(!nat64_neigh_is_known(neigh)))
			return false;
	}
	if (unlikely(!edit_upper64(f, upper, &hdr, flow)))
		return false;
	len = sizeof(struct iphdr) + hdr.payload;
	nat64_header4_write(at, &hdr, &flow->a, f->cfg->set.tos, hdr.ttl - 1,
			    nat64_xlat64_reserve_ids(f->nn, &flow->a, 1),
			    len > NAT64_MAX_WITHOUT_DF, hdr.payload);
	f->tos = ((const struct iphdr *)at)->tos;
	finish_frame(f, at, len, flow, neigh, ETH_P_IP);
	nat64_count(f->nn->stats, NAT64_TRANSLATED_6TO4, 1);
	return true;
}

/**
 * nat64_frame_edit46() - translate a plain IPv4 packet in place
 * @f: packet, which nobody else has; gets what the new one is
 * @flow: its flow
 *
 * RFC 7915 section 4. Context: RCU read lock, softirq.
 *
 * Return: true; or false with the packet unchanged, if it is not plain.
 */
bool nat64_frame_edit46(struct nat64_frame *f, const struct nat64_flow *flow)
{
	return edit_frame46(f, flow);
}

/**
 * nat64_frame_edit64() - translate a plain IPv6 packet in place
 * @f: packet, which nobody else has; gets what the new one is
 * @flow: its flow
 *
 * RFC 7915 section 5. Context: RCU read lock, softirq.
 *
 * Return: true; or false with the packet unchanged, if it is not plain.
 */
bool nat64_frame_edit64(struct nat64_frame *f, const struct nat64_flow *flow)
{
	return edit_frame64(f, flow);
}

/* An skb that nat64_skb_is_simple(), its data at the network header. */
static __always_inline struct nat64_frame
frame_of(struct nat64_net *nn, const struct nat64_config *cfg,
	 const struct sk_buff *skb, bool to_neighbour)
{
	struct nat64_frame f NAT64_UNINITIALIZED;

	f.nn = nn;
	f.cfg = cfg;
	f.in = skb->dev;
	f.floor = skb->head;
	f.data = skb->data;
	f.end = skb->data + skb_headlen(skb);
	f.len = skb->len;
	f.xdp = NULL;
	f.to_neighbour = to_neighbour;
	return f;
}

/*
 * Makes the skb that of the translated frame, which begins with a link-layer header
 * of @mac_len. Its route lives under the RCU read lock.
 */
static __always_inline void use_frame(struct sk_buff *skb,
				      const struct nat64_frame *f, u16 protocol,
				      unsigned int mac_len)
{
	skb->data = f->data;
	skb->len = f->len;
	if (!skb_is_nonlinear(skb))
		skb_set_tail_pointer(skb, f->len);
	skb_reset_mac_header(skb);
	skb_set_network_header(skb, mac_len);
	skb->mac_len = mac_len;
	skb_set_transport_header(skb, mac_len + (protocol == ETH_P_IP ?
				 sizeof(struct iphdr) : sizeof(struct ipv6hdr)));
	skb->protocol = htons(protocol);
	nat64_skb_reset_state(skb);
	nat64_skb_leave_owner(skb);
	nat64_skb_set_priority(skb, f->nn->net, f->tos);
	skb_dst_drop(skb);
	skb_dst_set_noref(skb, f->dst);
}

/* As neigh_hh_output() ends. */
static __always_inline void send_frame(struct sk_buff *skb,
				       const struct nat64_frame *f, u16 protocol)
{
	use_frame(skb, f, protocol, ETH_HLEN);
	skb->dev = f->dst->dev;
	dev_queue_xmit(skb);
}

/**
 * nat64_frame_send46() - translate a plain IPv4 packet, and send it
 * @nn: translator
 * @cfg: configuration that the packet sees
 * @skb: packet that nat64_skb_is_simple(), its data at the network header
 * @flow: its flow
 *
 * Setting forwarding direct. Context: RCU read lock, softirq.
 *
 * Return: true if it is gone; false with the packet unchanged, if it is not plain
 * or its neighbour not known.
 */
bool nat64_frame_send46(struct nat64_net *nn, const struct nat64_config *cfg,
			struct sk_buff *skb, const struct nat64_flow *flow)
{
	struct nat64_frame f = frame_of(nn, cfg, skb, true);

	if (unlikely(!edit_frame46(&f, flow)))
		return false;
	send_frame(skb, &f, ETH_P_IPV6);
	return true;
}

/**
 * nat64_frame_send64() - translate a plain IPv6 packet, and send it
 * @nn: translator
 * @cfg: configuration that the packet sees
 * @skb: packet that nat64_skb_is_simple(), its data at the network header
 * @flow: its flow
 *
 * Context and return as nat64_frame_send46().
 */
bool nat64_frame_send64(struct nat64_net *nn, const struct nat64_config *cfg,
			struct sk_buff *skb, const struct nat64_flow *flow)
{
	struct nat64_frame f = frame_of(nn, cfg, skb, true);

	if (unlikely(!edit_frame64(&f, flow)))
		return false;
	send_frame(skb, &f, ETH_P_IP);
	return true;
}

/* The Ethernet header stays in front: filters to come may ask for it. */
static __always_inline void put_ether(struct sk_buff *skb,
				      struct nat64_ether ether)
{
	nat64_skb_put_ether(skb->data, ether);
	skb->mac_header = skb->network_header - ETH_HLEN;
	skb->mac_len = ETH_HLEN;
}

/**
 * nat64_frame_forward46() - translate a plain IPv4 packet, and forward it
 * @nn: translator
 * @cfg: configuration that the packet sees
 * @skb: packet in PRE_ROUTING that nat64_skb_is_simple()
 * @flow: its flow
 *
 * Setting forwarding filtered. Context: RCU read lock, softirq.
 *
 * Return: true if it is gone; false with the packet unchanged, if it is not plain.
 */
bool nat64_frame_forward46(struct nat64_net *nn, const struct nat64_config *cfg,
			   struct sk_buff *skb, const struct nat64_flow *flow)
{
	struct nat64_frame f = frame_of(nn, cfg, skb, false);
	bool has_ether = nat64_skb_has_ether(skb);
	struct inet6_skb_parm *cb = IP6CB(skb);
	struct nat64_ether ether NAT64_UNINITIALIZED;
	int iif = IPCB(skb)->iif;

	if (likely(has_ether))
		ether = nat64_skb_ether(skb);
	if (unlikely(!edit_frame46(&f, flow)))
		return false;
	use_frame(skb, &f, ETH_P_IPV6, 0);
	if (likely(has_ether))
		put_ether(skb, ether);
	memset(cb, 0, sizeof(*cb));
	cb->iif = iif;
	cb->nhoff = offsetof(struct ipv6hdr, nexthdr);
	cb->flags = IP6SKB_FORWARDED;
	nat64_forward6(nn->net, skb, f.in, f.dst, !f.dst->lwtstate);
	return true;
}

/**
 * nat64_frame_forward64() - translate a plain IPv6 packet, and forward it
 * @nn: translator
 * @cfg: configuration that the packet sees
 * @skb: packet in PRE_ROUTING that nat64_skb_is_simple()
 * @flow: its flow
 *
 * Context and return as nat64_frame_forward46().
 */
bool nat64_frame_forward64(struct nat64_net *nn, const struct nat64_config *cfg,
			   struct sk_buff *skb, const struct nat64_flow *flow)
{
	struct nat64_frame f = frame_of(nn, cfg, skb, false);
	bool has_ether = nat64_skb_has_ether(skb);
	struct inet_skb_parm *cb = IPCB(skb);
	struct nat64_ether ether NAT64_UNINITIALIZED;
	int iif = IP6CB(skb)->iif;

	if (likely(has_ether))
		ether = nat64_skb_ether(skb);
	if (unlikely(!edit_frame64(&f, flow)))
		return false;
	use_frame(skb, &f, ETH_P_IP, 0);
	if (likely(has_ether))
		put_ether(skb, ether);
	memset(cb, 0, sizeof(*cb));
	cb->iif = iif;
	cb->flags = IPSKB_FORWARDED;
	nat64_forward4(nn->net, skb, f.in, f.dst, !f.dst->lwtstate);
	return true;
}
