// SPDX-License-Identifier: GPL-2.0-only
#include "skb.h"

#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/dst.h>
#include <net/gso.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "compat/skbuff.h"

/**
 * nat64_skb_segment() - make packets of the segments of a GSO packet
 * @skb: GSO packet, consumed on success
 *
 * Checksums stay unfinished: translating them costs less so, and the device
 * may be able to finish them.
 *
 * Return: list of packets, or an error pointer.
 */
struct sk_buff *nat64_skb_segment(struct sk_buff *skb)
{
	struct sk_buff *segs;

	if (skb_warn_if_lro(skb))
		return ERR_PTR(-EINVAL);
	segs = __skb_gso_segment(skb, NETIF_F_SG | NETIF_F_HW_CSUM, false);
	if (!segs)
		return ERR_PTR(-EINVAL);
	if (!IS_ERR(segs))
		consume_skb(skb);
	return segs;
}

/**
 * nat64_skb_gso_fits() - whether the segments of a GSO packet will fit a link
 * @p: GSO packet, not yet translated
 * @len: its length after translation
 * @mtu: MTU of the link
 */
bool nat64_skb_gso_fits(const struct nat64_pkt *p, unsigned int len,
			unsigned int mtu)
{
	struct sk_buff *skb = p->skb;

	skb_set_transport_header(skb, p->hdr.len);
	return skb_gso_validate_network_len(skb, mtu + skb->len - len);
}

/**
 * nat64_skb_count_segs() - how many segments a GSO packet has
 * @skb: GSO packet of TCP or UDP, its transport header known
 *
 * Those of guests come without gso_segs.
 *
 * Return: at least 1.
 */
unsigned int nat64_skb_count_segs(const struct sk_buff *skb)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);
	unsigned int at = skb_transport_offset(skb);
	const struct tcphdr *tcp;
	struct tcphdr buf;

	if (shinfo->gso_type & SKB_GSO_UDP_L4) {
		at += sizeof(struct udphdr);
	} else {
		tcp = skb_header_pointer(skb, at, sizeof(buf), &buf);
		at += tcp ? tcp->doff * 4 : 0;
	}
	return at < skb->len ? DIV_ROUND_UP(skb->len - at, shinfo->gso_size) : 1;
}

/**
 * nat64_skb_move_head() - get a packet the head room that it lacks
 * @p: packet
 * @room: bytes
 *
 * Return: as nat64_skb_make_room().
 */
enum nat64_counter nat64_skb_move_head(struct nat64_pkt *p, unsigned int room)
{
	return skb_cow_head(p->skb, room) ? NAT64_NO_MEMORY : NAT64_OK;
}

static void flip_gso_type(struct sk_buff *skb, unsigned int from,
			  unsigned int to)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);

	if (!skb_is_gso(skb) || !(shinfo->gso_type & from))
		return;
	shinfo->gso_type &= ~(from | SKB_GSO_TCP_FIXEDID);
	shinfo->gso_type |= to;
}

static __always_inline void change_family(struct nat64_pkt *p, u8 family,
					  u16 protocol, unsigned int len)
{
	struct sk_buff *skb = p->skb;

	p->family = family;
	p->translated = true;
	skb->protocol = htons(protocol);
	skb_set_transport_header(skb, len);
	nat64_skb_reset_state(skb);
	if (!p->local)
		nat64_skb_leave_owner(skb);
}

/**
 * nat64_skb_to6() - make an skb that of an IPv6 packet
 * @p: packet whose IPv6 headers are written
 */
void nat64_skb_to6(struct nat64_pkt *p)
{
	struct inet6_skb_parm *cb = IP6CB(p->skb);
	int iif = IPCB(p->skb)->iif;

	change_family(p, 6, ETH_P_IPV6, sizeof(struct ipv6hdr));
	flip_gso_type(p->skb, SKB_GSO_TCPV4, SKB_GSO_TCPV6);
	memset(cb, 0, sizeof(*cb));
	cb->iif = iif;
	cb->nhoff = offsetof(struct ipv6hdr, nexthdr);
	if (!p->local)
		cb->flags = IP6SKB_FORWARDED;
}

/**
 * nat64_skb_to4() - make an skb that of an IPv4 packet
 * @p: packet whose IPv4 header is written
 */
void nat64_skb_to4(struct nat64_pkt *p)
{
	struct inet_skb_parm *cb = IPCB(p->skb);
	int iif = IP6CB(p->skb)->iif;

	change_family(p, 4, ETH_P_IP, sizeof(struct iphdr));
	flip_gso_type(p->skb, SKB_GSO_TCPV6, SKB_GSO_TCPV4);
	memset(cb, 0, sizeof(*cb));
	cb->iif = iif;
	if (!p->local)
		cb->flags = IPSKB_FORWARDED;
}

/**
 * nat64_skb_finish_csum() - compute a checksum that is left to the device
 * @p: packet, which may have none such
 *
 * An Internet checksum, or the CRC32c of SCTP, of the packet or of one inside.
 * Clears skb->encapsulation, since no offload needs the inner headers any more.
 *
 * Return: NAT64_OK, or with the packet as it was NAT64_NO_MEMORY, or
 * NAT64_MALFORMED for a GSO packet, which has none of its own.
 */
enum nat64_counter nat64_skb_finish_csum(struct nat64_pkt *p)
{
	if (p->skb->ip_summed != CHECKSUM_PARTIAL)
		return NAT64_OK;
	if (skb_is_gso(p->skb))
		return NAT64_MALFORMED;
	if (skb_csum_hwoffload_help(p->skb, 0))
		return NAT64_NO_MEMORY;
	p->skb->encapsulation = 0;
	return NAT64_OK;
}

/*
 * skb_split() needs a finished checksum and pages that no clone shares. Pages
 * of a page pool cannot be in two packets: the pool, not the page, counts
 * references.
 */
static bool make_fragmentable(struct nat64_pkt *p)
{
	struct sk_buff *skb = p->skb;

	if (nat64_skb_finish_csum(p))
		return false;
	if (skb_has_frag_list(skb) || nat64_skb_has_pool(skb))
		return !skb_linearize(skb);
	return !skb_unclone(skb, GFP_ATOMIC);
}

/* Detaches what is behind @at; copies the part of it that is not in pages. */
static struct sk_buff *detach_tail(const struct nat64_pkt *p, unsigned int at)
{
	const struct dst_entry *dst = p->dst;
	unsigned int room = LL_RESERVED_SPACE(dst->dev) + dst->header_len +
			    sizeof(struct ipv6hdr) + sizeof(struct frag_hdr);
	unsigned int linear = max(skb_headlen(p->skb), at) - at;
	struct sk_buff *tail = alloc_skb(room + linear +
					 dst->dev->needed_tailroom, GFP_ATOMIC);

	if (!tail)
		return NULL;
	skb_reserve(tail, room);
	skb_copy_header(tail, p->skb);
	skb_reset_network_header(tail);
	skb_reset_mac_header(tail);
	if (nat64_skb_has_ether(p->skb)) {
		nat64_skb_put_ether(tail->data, nat64_skb_ether(p->skb));
		tail->mac_header -= ETH_HLEN;
	}
	skb_split(p->skb, tail, at);
	tail->truesize += tail->data_len;
	if (p->local && p->skb->sk)
		skb_set_owner_w(tail, p->skb->sk);
	return tail;
}

/**
 * nat64_skb_fragment_payload() - make fragments of the payload of a packet
 * @p: packet with a route and room made; on failure only its head is left
 * @size: bytes of each fragment but the last
 *
 * The fragments have room for IPv6 headers in the place of those of @p. Either
 * all of them are made or none.
 *
 * Return: list of payloads, @p->skb being the first one, or NULL.
 */
struct sk_buff *nat64_skb_fragment_payload(struct nat64_pkt *p,
					   unsigned int size)
{
	struct sk_buff *skb = p->skb, *tail;
	unsigned int at;

	if (!make_fragmentable(p))
		return NULL;
	__skb_pull(skb, p->hdr.len);
	for (at = rounddown(skb->len - 1, size); at; at -= size) {
		tail = detach_tail(p, at);
		if (!tail)
			goto err;
		tail->next = skb->next;
		skb->next = tail;
	}
	return skb;

err:
	kfree_skb_list(skb->next);
	skb_mark_not_on_list(skb);
	__skb_push(skb, p->hdr.len);
	return NULL;
}
