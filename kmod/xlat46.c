// SPDX-License-Identifier: GPL-2.0-only
/* From IPv4 to IPv6: RFC 7915 section 4. */
#include <linux/icmp.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ipv6.h>

#include "compat/skbuff.h"
#include "counters.h"
#include "flow.h"
#include "header.h"
#include "icmp.h"
#include "icmp_error.h"
#include "map.h"
#include "reject.h"
#include "route.h"
#include "skb.h"
#include "trace.h"
#include "xlat.h"
#include "xmit.h"

/* Section 4.5: what a UDP datagram without a checksum is to become. */
static inline enum nat64_counter check_udp(struct nat64_pkt *p)
{
	const struct udphdr *udp;
	struct udphdr buf;

	if (p->hdr.frag_off)
		return NAT64_OK;
	udp = skb_header_pointer(p->skb, p->hdr.len, sizeof(buf), &buf);
	if (!udp || udp->check ||
	    nat64_csum_is_partial(p->skb, p->hdr.len,
				  offsetof(struct udphdr, check)))
		return NAT64_OK;
	if (p->hdr.frag)
		return NAT64_UDP_ZERO_CHECKSUM_FRAGMENT;
	if (p->cfg->set.udp_zero_checksum == NAT64_UDP_ZERO_DROP)
		return NAT64_UDP_ZERO_CHECKSUM;
	if (skb_is_gso(p->skb))
		return NAT64_NEEDS_SEGMENTING;
	if (ntohs(udp->len) < sizeof(buf) || ntohs(udp->len) > p->hdr.payload)
		return NAT64_MALFORMED;
	p->udp_zero = true;
	return NAT64_OK;
}

static enum nat64_counter classify_packet46(struct nat64_pkt *p)
{
	p->icmp_error = false;
	if (p->hdr.proto == IPPROTO_ICMP)
		return nat64_icmp_classify(p);
	return p->hdr.proto == IPPROTO_IGMP ? NAT64_ICMP_TYPE : NAT64_OK;
}

static enum nat64_counter check_transport(struct nat64_pkt *p)
{
	p->udp_zero = false;
	return p->hdr.proto == IPPROTO_UDP ? check_udp(p) : NAT64_OK;
}

/*
 * What the gateway itself sends has DF as its socket looks for the path MTU, and
 * is fragmented in spite of it if the socket permits that, as ip_fragment() does.
 */
static bool may_fragment_local4(const struct nat64_pkt *p)
{
	return p->local && p->skb->ignore_df && !skb_is_gso(p->skb);
}

/*
 * Sections 4 and 4.1. A translated ICMP error always fits: it is cut to 1280
 * bytes, as RFC 4443 section 2.4 wants it.
 */
static enum nat64_counter check_size46(struct nat64_pkt *p)
{
	unsigned int len = NAT64_HDR6_LEN(&p->hdr) + p->hdr.payload;
	unsigned int limit = p->mtu;

	p->fragment_size = 0;
	if (!p->hdr.df)
		limit = min(limit, p->cfg->set.lowest_ipv6_mtu);
	if (likely(nat64_skb_fits(p, len, limit)) || p->icmp_error)
		return NAT64_OK;
	if (p->hdr.df && !may_fragment_local4(p)) {
		p->info = p->mtu - NAT64_HDR6_LEN(&p->hdr) +
			  sizeof(struct iphdr);
		return NAT64_TOO_BIG;
	}
	if (skb_is_gso(p->skb))
		return NAT64_NEEDS_SEGMENTING;
	if (p->hdr.frag_off * 8 + p->hdr.payload > IP_MAX_MTU)
		return NAT64_MALFORMED;
	p->fragment_size = min(limit, p->cfg->set.lowest_ipv6_mtu);
	p->hdr.frag = true;
	return NAT64_OK;
}

/* A packet that the kernel reassembled was fragments when it was sent. */
static void use_frag_max_size4(struct nat64_pkt *p)
{
	if (unlikely(IPCB(p->skb)->frag_max_size) && !p->local)
		p->hdr.df = false;
}

/* hook_ipv4() looked the mapping up before p->generation was read. */
static bool is_mapping_current(const struct nat64_pkt *p)
{
	return nat64_eam_find4(p->cfg->table, p->a.dst4) == p->dst_eam;
}

static noinline void keep_flow46(const struct nat64_pkt *p)
{
	struct nat64_flow *flow = nat64_flow_admit(p, NAT64_FLOW_4TO6);

	if (flow && is_mapping_current(p))
		nat64_flow_add(flow, p, NAT64_FLOW_4TO6);
}

/* Everything that can refuse a packet; nothing of it is changed yet. */
static enum nat64_counter decide_packet46(struct nat64_pkt *p)
{
	enum nat64_counter reason;

	if (unlikely(p->skb->pkt_type != PACKET_HOST) && !p->local)
		return NAT64_LINK_BROADCAST;
	reason = nat64_parse4(p->skb, &p->hdr);
	if (unlikely(reason))
		return reason;
	if (unlikely(nat64_csum_start_in_headers(p->skb, p->hdr.len)))
		return NAT64_MALFORMED;
	use_frag_max_size4(p);
	reason = classify_packet46(p);
	if (unlikely(reason))
		return reason;
	p->a.src4 = ip_hdr(p->skb)->saddr;
	p->a.dst4 = ip_hdr(p->skb)->daddr;
	if (p->ingress) {
		if (unlikely(p->icmp_error))
			return NAT64_NOT_PLAIN;
	} else if (unlikely(!nat64_flow_get46(p))) {
		reason = nat64_map46(p);
		if (reason)
			return reason;
	}
	if (unlikely(p->hdr.ttl <= 1) && !p->local)
		return NAT64_HOP_LIMIT;
	reason = check_transport(p);
	if (unlikely(reason))
		return reason;
	if (unlikely(nat64_skb_must_segment(p)))
		return NAT64_NEEDS_SEGMENTING;
	reason = nat64_route6(p);
	if (unlikely(reason))
		return reason;
	if (unlikely(p->keep))
		keep_flow46(p);
	return check_size46(p);
}

/*
 * Of a tunnel's datagram the checksum of the packet inside may be left to the
 * device. Once that is finished, what it covers sums up to what is known
 * already (local checksum offload), provided that it is an Internet checksum
 * and that both end with the packet; if not, it has to be finished now.
 */
static enum nat64_counter finish_inner_csum(struct nat64_pkt *p)
{
	struct sk_buff *skb = p->skb;
	unsigned int inner = p->hdr.len + sizeof(struct udphdr);
	const struct udphdr *udp;
	struct udphdr buf;

	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return NAT64_OK;
	udp = skb_header_pointer(skb, p->hdr.len, sizeof(buf), &buf);
	if (!skb_csum_is_sctp(skb) &&
	    skb_checksum_start_offset(skb) >= (int)inner &&
	    ntohs(udp->len) == p->hdr.payload)
		return NAT64_OK;
	return nat64_skb_finish_csum(p);
}

/*
 * Section 4.5. The device computes the sum of what ends with the packet, unless
 * it has to finish another one inside. In the other cases it is computed here.
 */
static void compute_udp_csum(struct nat64_pkt *p)
{
	struct udphdr *udp = (struct udphdr *)(p->skb->data + p->hdr.len);
	unsigned int len = ntohs(udp->len);
	__wsum sum;

	udp->check = ~csum_ipv6_magic(&p->a.src6, &p->a.dst6, len, IPPROTO_UDP,
				      0);
	if (p->skb->ip_summed != CHECKSUM_PARTIAL && len == p->hdr.payload) {
		p->skb->encapsulation = 0;
		skb_partial_csum_set(p->skb, p->hdr.len,
				     offsetof(struct udphdr, check));
		return;
	}
	if (p->skb->ip_summed == CHECKSUM_PARTIAL) {
		skb_set_transport_header(p->skb, p->hdr.len);
		sum = lco_csum(p->skb);
	} else {
		sum = skb_checksum(p->skb, p->hdr.len, len, 0);
	}
	udp->check = csum_fold(sum) ?: CSUM_MANGLED_0;
}

static void edit_transport46(struct nat64_pkt *p, int at)
{
	struct icmphdr *icmp = (struct icmphdr *)(p->skb->data + p->hdr.len);

	if (p->hdr.proto == IPPROTO_ICMP)
		nat64_csum_icmp(p->skb, p->hdr.len,
				nat64_icmp_echo_type(icmp->type),
				nat64_csum_pseudo6(&p->a, p->hdr.payload));
	else if (unlikely(p->udp_zero))
		compute_udp_csum(p);
	else if (likely(at >= 0))
		nat64_csum_transport(p->skb, p->hdr.len, p->hdr.proto, at,
				     p->csum);
}

/*
 * Counts for the mappings of the hosts at either end. A cached flow leaves that
 * of the source unknown, and in the ingress hook that of the destination as
 * well.
 */
static noinline void count_packet46(const struct nat64_pkt *p)
{
	const struct nat64_eam *src_eam = p->src_eam;
	const struct nat64_eam *dst_eam = p->dst_eam;

	if (p->ingress)
		dst_eam = nat64_eam_find4(p->cfg->table, p->a.dst4);
	if (dst_eam && !nat64_eam_is_edge(dst_eam))
		nat64_eam_count(p, dst_eam, NAT64_4TO6);
	if (!p->cfg->has_edge)
		return;
	if (!src_eam)
		src_eam = nat64_eam_find4(p->cfg->table, p->a.src4);
	if (src_eam && nat64_eam_is_edge(src_eam))
		nat64_eam_count(p, src_eam, NAT64_4TO6);
}

/* Writes the network headers, and sends the packet on. */
static void finish_packet46(struct nat64_pkt *p)
{
	u8 ttl = p->hdr.ttl - !(p->local || p->hairpin);
	void *at;

	at = nat64_skb_replace_header(p, p->hdr.len,
				      NAT64_HDR6_LEN(&p->hdr));
	nat64_header6_write(at, &p->hdr, &p->a, p->cfg->set.traffic_class, ttl,
			    p->hdr.payload);
	nat64_skb_to6(p);
	if (trace_translated_enabled())
		nat64_trace_translated(p);
	if (unlikely(p->cfg->set.counters))
		count_packet46(p);
	nat64_deliver6(p);
}

/*
 * Section 4.1: each fragment gets a Fragment Header with the identification of
 * the IPv4 packet. Fragments of a fragment continue at its offset, and the last
 * one has its M flag. No state is kept.
 */
static noinline void send_fragments(struct nat64_pkt *p)
{
	unsigned int size = round_down(p->fragment_size - sizeof(struct ipv6hdr) -
				       sizeof(struct frag_hdr), 8);
	struct sk_buff *skb, *next;
	bool mf = p->hdr.mf;

	skb = nat64_skb_fragment_payload(p, size);
	if (!skb)
		return nat64_pkt_drop(p, NAT64_NO_MEMORY);
	nat64_count(p->nn->stats, NAT64_SPLIT_4TO6, 1);
	p->hdr.len = 0;
	skb_list_walk_safe(skb, skb, next) {
		skb_mark_not_on_list(skb);
		p->skb = skb;
		p->hdr.payload = skb->len;
		p->hdr.mf = mf || next;
		finish_packet46(p);
		p->hdr.frag_off += size / 8;
	}
}

/* Edits and sends the packet; on an error it is unchanged, and still the caller's. */
static enum nat64_counter edit_packet46(struct nat64_pkt *p)
{
	enum nat64_counter reason;
	unsigned int touch = p->hdr.len;
	int at = nat64_csum_find(&p->hdr);

	if (p->icmp_error) {
		reason = nat64_icmp_error46(p);
	} else {
		if (p->hdr.proto == IPPROTO_ICMP)
			touch += sizeof(struct icmphdr);
		else if (at >= 0)
			touch += at + sizeof(__sum16);
		reason = unlikely(p->udp_zero) ? finish_inner_csum(p) :
						 NAT64_OK;
		if (likely(!reason))
			reason = nat64_skb_make_room(p, touch,
						     NAT64_HDR6_LEN(&p->hdr));
		if (likely(!reason))
			edit_transport46(p, at);
	}
	if (unlikely(reason))
		return reason;
	if (unlikely(p->fragment_size))
		send_fragments(p);
	else
		finish_packet46(p);
	return NAT64_OK;
}

/**
 * nat64_xlat46_back() - the second pass of a hairpinned packet
 * @p: packet of nat64_map46() and nat64_route6(), now IPv4; consumed
 *
 * RFC 7757 section 4.2.2. A packet that fails here is dropped without an ICMP
 * error, which would quote IPv4 headers that its sender never sent.
 */
void nat64_xlat46_back(struct nat64_pkt *p)
{
	enum nat64_counter reason;

	p->hairpin = true;
	p->family = 4;
	reason = nat64_parse4(p->skb, &p->hdr);
	if (!reason)
		reason = classify_packet46(p);
	if (!reason)
		reason = check_transport(p);
	if (!reason)
		reason = check_size46(p);
	if (!reason)
		reason = edit_packet46(p);
	if (reason)
		nat64_pkt_drop(p, reason);
}

/**
 * nat64_xlat46() - translate an IPv4 packet
 * @p: packet with the mapping of its destination
 *
 * RFC 7915 section 4. Context: RCU read lock.
 *
 * Return: NAT64_OK when the packet was consumed, NAT64_NEEDS_SEGMENTING when it
 * has to be segmented first, or the reason why it is rejected, still as it was.
 */
enum nat64_counter nat64_xlat46(struct nat64_pkt *p)
{
	enum nat64_counter reason = decide_packet46(p);

	return likely(!reason) ? edit_packet46(p) : reason;
}
