// SPDX-License-Identifier: GPL-2.0
#include "skb.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/skbuff.h>
#include <net/dst.h>
#include <net/gso.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "drop.h"

/* Kinds of super-packet that only need their family changed. */
#define GSO_OURS	(SKB_GSO_TCPV4 | SKB_GSO_TCPV6 | SKB_GSO_UDP_L4 | \
			 SKB_GSO_DODGY | SKB_GSO_TCP_ECN | SKB_GSO_TCP_FIXEDID)

/**
 * nat64_skb_must_segment() - whether a super-packet has to be cut up first
 * @p: packet with its headers parsed
 *
 * So it is with super-packets of tunnels and of fraglist GRO, with those of
 * BIG TCP, which no IPv4 header can hold, and with UDP that is to get a
 * checksum for each segment.
 */
bool nat64_skb_must_segment(const struct nat64_pkt *p)
{
	const struct sk_buff *skb = p->skb;

	if (likely(!skb_is_gso(skb)))
		return false;
	return skb_shinfo(skb)->gso_type & ~GSO_OURS || p->udp_zero ||
	       p->hdr.payload + sizeof(struct iphdr) > IP_MAX_MTU;
}

/**
 * nat64_skb_segment() - cut a super-packet into its segments
 * @skb: super-packet, consumed on success
 *
 * Checksums stay unfinished: translating them costs less so, and the device
 * may be able to finish them.
 *
 * Return: list of packets, or an error pointer.
 */
struct sk_buff *nat64_skb_segment(struct sk_buff *skb)
{
	struct sk_buff *segs;

	segs = __skb_gso_segment(skb, NETIF_F_SG | NETIF_F_HW_CSUM, false);
	if (!segs)
		return ERR_PTR(-EINVAL);
	if (!IS_ERR(segs))
		consume_skb(skb);
	return segs;
}

/**
 * nat64_skb_fits() - whether a translated packet will fit a link
 * @p: packet, not yet translated
 * @len: its length after translation
 * @mtu: MTU of the link
 *
 * A super-packet is judged by its segments.
 */
bool nat64_skb_fits(const struct nat64_pkt *p, unsigned int len,
		    unsigned int mtu)
{
	struct sk_buff *skb = p->skb;

	if (likely(!skb_is_gso(skb)))
		return len <= mtu;
	skb_set_transport_header(skb, p->hdr.len);
	return skb_gso_validate_network_len(skb, mtu + skb->len - len);
}

static noinline enum nat64_counter move_head(struct nat64_pkt *p,
					     unsigned int room)
{
	if (p->dry)
		return NAT64_DRY;
	return skb_cow_head(p->skb, room) ? NAT64_NO_MEMORY : NAT64_OK;
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
 * Return: NAT64_OK, or with the packet as it was NAT64_NO_MEMORY or NAT64_DRY.
 */
enum nat64_counter nat64_skb_make_room(struct nat64_pkt *p, unsigned int touch,
				       unsigned int head)
{
	unsigned int room = LL_RESERVED_SPACE(p->dst->dev) +
			    p->dst->header_len;

	if (!pskb_may_pull(p->skb, touch))
		return NAT64_NO_MEMORY;
	if (head > p->hdr.len)
		room += head - p->hdr.len;
	if (likely(skb_headroom(p->skb) >= room && !skb_header_cloned(p->skb)))
		return NAT64_OK;
	return move_head(p, room);
}

/**
 * nat64_skb_replace_header() - exchange the bytes at the front of a packet
 * @skb: packet with room made for it
 * @old: bytes to take off
 * @new: bytes to put in their place
 *
 * Return: the new bytes, not yet written.
 */
void *nat64_skb_replace_header(struct sk_buff *skb, unsigned int old,
			       unsigned int new)
{
	__skb_pull(skb, old);
	__skb_push(skb, new);
	skb_reset_network_header(skb);
	skb_reset_mac_header(skb);
	skb_reset_mac_len(skb);
	return skb->data;
}

static void gso_flip(struct sk_buff *skb, unsigned int from, unsigned int to)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);

	if (!skb_is_gso(skb) || !(shinfo->gso_type & from))
		return;
	shinfo->gso_type &= ~(from | SKB_GSO_TCP_FIXEDID);
	shinfo->gso_type |= to;
}

/*
 * What the old family knew about the packet means nothing to the new one.
 * Mark, priority, class and hash stay; a local packet stays charged to its
 * socket. A stale receive time would make fq hold the packet back. Untracked
 * is what the packet is: without it, "ct state invalid" would match.
 */
static void change_family(struct nat64_pkt *p, u16 protocol,
			  unsigned int len)
{
	struct sk_buff *skb = p->skb;

	skb->protocol = htons(protocol);
	skb_set_transport_header(skb, len);
	skb_forward_csum(skb);
	skb_clear_tstamp(skb);
	skb_ext_reset(skb);
	nf_reset_ct(skb);
	skb->ignore_df = 0;
	if (p->local)
		return;
	skb_orphan(skb);
	skb_set_nfct(skb, IP_CT_UNTRACKED);
}

static void set_cb6(const struct nat64_pkt *p, struct sk_buff *skb)
{
	struct inet6_skb_parm *cb = IP6CB(skb);

	memset(cb, 0, sizeof(*cb));
	cb->iif = p->in->ifindex;
	cb->nhoff = offsetof(struct ipv6hdr, nexthdr);
	if (!p->local)
		cb->flags = IP6SKB_FORWARDED;
}

/**
 * nat64_skb_to6() - make an skb that of an IPv6 packet
 * @p: packet whose IPv6 headers are written
 */
void nat64_skb_to6(struct nat64_pkt *p)
{
	change_family(p, ETH_P_IPV6, sizeof(struct ipv6hdr));
	gso_flip(p->skb, SKB_GSO_TCPV4, SKB_GSO_TCPV6);
	set_cb6(p, p->skb);
}

/**
 * nat64_skb_to4() - make an skb that of an IPv4 packet
 * @p: packet whose IPv4 header is written
 */
void nat64_skb_to4(struct nat64_pkt *p)
{
	struct inet_skb_parm *cb = IPCB(p->skb);

	change_family(p, ETH_P_IP, sizeof(struct iphdr));
	gso_flip(p->skb, SKB_GSO_TCPV6, SKB_GSO_TCPV4);
	memset(cb, 0, sizeof(*cb));
	cb->iif = p->in->ifindex;
	if (!p->local)
		cb->flags = IPSKB_FORWARDED;
}

/* A fragment of a fragment lies where its parent lay, and ends as it did. */
static void shift_fragment(const struct nat64_pkt *p, struct sk_buff *frag)
{
	struct frag_hdr *fh;

	fh = (struct frag_hdr *)(skb_network_header(frag) +
				 sizeof(struct ipv6hdr));
	be16_add_cpu(&fh->frag_off, p->hdr.frag_off * 8);
	if (p->hdr.mf)
		fh->frag_off |= htons(IP6_MF);
}

/**
 * nat64_skb_split6() - send an IPv6 packet in fragments
 * @p: translated packet without a Fragment Header, with a route; consumed
 * @out: takes each fragment
 *
 * RFC 7915 section 4.1: each fragment is at most @p->split bytes long and has
 * the IPv4 identification. Nothing is remembered.
 *
 * Return: NAT64_OK or NAT64_NO_MEMORY.
 */
enum nat64_counter nat64_skb_split6(struct nat64_pkt *p,
				    void (*out)(struct nat64_pkt *p,
						struct sk_buff *skb))
{
	unsigned int hlen = sizeof(struct ipv6hdr);
	struct net_device *dev = p->dst->dev;
	enum nat64_counter reason = NAT64_OK;
	struct sk_buff *skb = p->skb, *frag;
	struct ip6_frag_state state;

	if (skb->ip_summed == CHECKSUM_PARTIAL && skb_checksum_help(skb)) {
		nat64_drop(skb, NAT64_NO_MEMORY);
		return NAT64_NO_MEMORY;
	}
	ip6_frag_init(skb, hlen, p->split - hlen - sizeof(struct frag_hdr),
		      dev->needed_tailroom, LL_RESERVED_SPACE(dev),
		      &ipv6_hdr(skb)->nexthdr, ipv6_hdr(skb)->nexthdr,
		      htonl(p->hdr.frag_id), &state);
	while (state.left > 0) {
		frag = ip6_frag_next(skb, &state);
		if (IS_ERR(frag)) {
			reason = NAT64_NO_MEMORY;
			break;
		}
		shift_fragment(p, frag);
		set_cb6(p, frag);
		out(p, frag);
	}
	consume_skb(skb);
	return reason;
}
