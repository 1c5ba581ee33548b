/* SPDX-License-Identifier: GPL-2.0-only */
/* The only editor of a packet's room, GSO type, route and control block. */
#ifndef _NAT64_SKB_H
#define _NAT64_SKB_H

#include <linux/if_ether.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <net/ip.h>
#include <net/route.h>

#include "compat/skbuff.h"
#include "header.h"
#include "pkt.h"

/* Kinds of GSO packet that only need their family changed. */
#define NAT64_GSO_SUPPORTED	(SKB_GSO_TCPV4 | SKB_GSO_TCPV6 | SKB_GSO_UDP_L4 | \
			 SKB_GSO_DODGY | SKB_GSO_TCP_ECN | SKB_GSO_TCP_FIXEDID)

struct sk_buff *nat64_skb_segment(struct sk_buff *skb);
enum nat64_counter nat64_skb_move_head(struct nat64_pkt *p, unsigned int room);
bool nat64_skb_gso_fits(const struct nat64_pkt *p, unsigned int len,
			unsigned int mtu);
unsigned int nat64_skb_count_segs(const struct sk_buff *skb);
void nat64_skb_to6(struct nat64_pkt *p);
void nat64_skb_to4(struct nat64_pkt *p);
enum nat64_counter nat64_skb_finish_csum(struct nat64_pkt *p);
struct sk_buff *nat64_skb_fragment_payload(struct nat64_pkt *p,
					   unsigned int size);

/**
 * nat64_skb_segs() - how many packets a packet is
 * @skb: packet, its transport header known if it is a GSO packet
 *
 * Return: 1, or the number of segments of a GSO packet.
 */
static inline unsigned int nat64_skb_segs(const struct sk_buff *skb)
{
	if (likely(!skb_is_gso(skb)))
		return 1;
	return skb_shinfo(skb)->gso_segs ?: nat64_skb_count_segs(skb);
}

/**
 * nat64_skb_must_segment() - whether a GSO packet has to be segmented first
 * @p: packet with its headers parsed
 *
 * So it is with GSO packets of tunnels and of fraglist GRO, and with those
 * of BIG TCP, which no IPv4 header can hold. One without a type is of LRO,
 * which is not to be forwarded: segmenting it fails.
 */
static inline bool nat64_skb_must_segment(const struct nat64_pkt *p)
{
	const struct sk_buff *skb = p->skb;

	if (likely(!skb_is_gso(skb)))
		return false;
	return !skb_shinfo(skb)->gso_type ||
	       skb_shinfo(skb)->gso_type & ~NAT64_GSO_SUPPORTED ||
	       p->hdr.payload + sizeof(struct iphdr) > IP_MAX_MTU;
}

/**
 * nat64_skb_fits() - whether a translated packet will fit a link
 * @p: packet, not yet translated
 * @len: its length after translation
 * @mtu: MTU of the link
 *
 * A GSO packet is judged by its segments.
 */
static inline bool nat64_skb_fits(const struct nat64_pkt *p, unsigned int len,
				  unsigned int mtu)
{
	if (likely(!skb_is_gso(p->skb)))
		return len <= mtu;
	return nat64_skb_gso_fits(p, len, mtu);
}

/**
 * nat64_skb_needs_df() - whether a translated packet is sent with DF
 * @p: IPv6 packet, not yet translated
 *
 * RFC 7915 section 5.1. What holds for a packet holds for the segments of a
 * GSO packet.
 */
static inline bool nat64_skb_needs_df(const struct nat64_pkt *p)
{
	return !nat64_skb_fits(p, sizeof(struct iphdr) + p->hdr.payload,
			       NAT64_MAX_WITHOUT_DF);
}

/**
 * nat64_skb_make_room() - the last step that can fail
 * @p: packet with a route
 * @touch: bytes from the network header on that will be written
 * @head: bytes needed in front of those that stay
 *
 * Makes the headers writable, with room for the link-layer header to come, as
 * ip_forward() does. Does not copy the payload. Pointers into the packet are
 * stale afterwards.
 *
 * Return: NAT64_OK, or with the packet as it was NAT64_NO_MEMORY or
 * NAT64_DRY_RUN.
 */
static inline enum nat64_counter
nat64_skb_make_room(struct nat64_pkt *p, unsigned int touch, unsigned int head)
{
	unsigned int room = LL_RESERVED_SPACE(p->dst->dev) +
			    p->dst->header_len;

	if (unlikely(p->dry_run))
		return NAT64_DRY_RUN;
	if (!pskb_may_pull(p->skb, touch))
		return NAT64_NO_MEMORY;
	if (head > p->hdr.len)
		room += head - p->hdr.len;
	if (likely(skb_headroom(p->skb) >= room && !skb_header_cloned(p->skb)))
		return NAT64_OK;
	return nat64_skb_move_head(p, room);
}

/**
 * nat64_skb_set_priority() - give a forwarded packet its priority
 * @skb: packet
 * @net: namespace
 * @tos: TOS octet of the IPv4 packet
 *
 * As ip_forward() has it, sysctl net.ipv4.ip_forward_update_priority.
 */
static inline void nat64_skb_set_priority(struct sk_buff *skb,
					  const struct net *net, u8 tos)
{
	if (READ_ONCE(net->ipv4.sysctl_ip_fwd_update_priority))
		skb->priority = rt_tos2priority(tos);
}

/**
 * nat64_skb_reset_state() - forget what the old family knew about a packet
 * @skb: packet
 *
 * Mark, priority, class and hash stay. A stale receive time would make fq hold
 * the packet back.
 */
static __always_inline void nat64_skb_reset_state(struct sk_buff *skb)
{
	skb_forward_csum(skb);
	skb_clear_tstamp(skb);
	skb_ext_reset(skb);
	nf_reset_ct(skb);
	skb->ignore_df = 0;
}

/**
 * nat64_skb_leave_owner() - make a packet nobody's
 * @skb: packet that the gateway did not send itself
 *
 * Untracked is what it is: without it, "ct state invalid" would match.
 */
static __always_inline void nat64_skb_leave_owner(struct sk_buff *skb)
{
	skb_orphan(skb);
	skb_set_nfct(skb, IP_CT_UNTRACKED);
}

/**
 * nat64_skb_is_simple() - whether a packet may be edited as a frame
 * @skb: packet
 *
 * A GSO packet, an unfinished checksum, and headers that somebody else has as
 * well need more; so does a packet that was not for this host.
 */
static __always_inline bool nat64_skb_is_simple(const struct sk_buff *skb)
{
	return !skb_is_gso(skb) && skb->ip_summed != CHECKSUM_PARTIAL &&
	       !skb_header_cloned(skb) && skb->pkt_type == PACKET_HOST;
}

/**
 * nat64_skb_has_ether() - whether a packet has its Ethernet header in front
 * @skb: packet
 */
static inline bool nat64_skb_has_ether(const struct sk_buff *skb)
{
	return skb->network_header - skb->mac_header == ETH_HLEN;
}

/**
 * struct nat64_ether - a copy of an Ethernet header
 * @first: its first 8 bytes
 * @last: its last 8 bytes
 */
struct nat64_ether {
	u64	first;
	u64	last;
};

/**
 * nat64_skb_ether() - the Ethernet header of a packet
 * @skb: packet that nat64_skb_has_ether()
 *
 * Return: a copy, as what is put into the packet may overlap it.
 */
static __always_inline struct nat64_ether
nat64_skb_ether(const struct sk_buff *skb)
{
	const unsigned char *from = skb_network_header(skb) - ETH_HLEN;
	struct nat64_ether ether;

	memcpy(&ether.first, from, sizeof(ether.first));
	memcpy(&ether.last, from + ETH_HLEN - sizeof(ether.last),
	       sizeof(ether.last));
	return ether;
}

/**
 * nat64_skb_put_ether() - put an Ethernet header in front of a packet
 * @data: the packet, with room in front
 * @ether: header
 */
static __always_inline void nat64_skb_put_ether(unsigned char *data,
						struct nat64_ether ether)
{
	unsigned char *to = data - ETH_HLEN;

	memcpy(to, &ether.first, sizeof(ether.first));
	memcpy(to + ETH_HLEN - sizeof(ether.last), &ether.last,
	       sizeof(ether.last));
}

/**
 * nat64_skb_replace_header() - exchange the bytes at the front of a packet
 * @p: packet with room made for it
 * @old: bytes to take off
 * @new: bytes to put in their place
 *
 * An Ethernet header stays in front of them: filters that the packet is still to
 * come by may ask for its addresses. nat64_skb_make_room() has made room for it,
 * since LL_RESERVED_SPACE() is never less.
 *
 * Return: the new bytes, not yet written.
 */
static inline void *nat64_skb_replace_header(const struct nat64_pkt *p,
					     unsigned int old,
					     unsigned int new)
{
	struct sk_buff *skb = p->skb;

	if (p->cfg->set.forwarding != NAT64_FORWARDING_DIRECT &&
	    likely(nat64_skb_has_ether(skb))) {
		nat64_skb_put_ether(skb->data + old - new,
				    nat64_skb_ether(skb));
		__skb_pull(skb, old);
		__skb_push(skb, new);
		skb_reset_network_header(skb);
		skb->mac_header = skb->network_header - ETH_HLEN;
		return skb->data;
	}
	__skb_pull(skb, old);
	__skb_push(skb, new);
	skb_reset_network_header(skb);
	skb_reset_mac_header(skb);
	skb_reset_mac_len(skb);
	return skb->data;
}

#endif /* _NAT64_SKB_H */
