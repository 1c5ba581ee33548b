// SPDX-License-Identifier: GPL-2.0-only
/* From IPv6 to IPv4: RFC 7915 section 5. */
#include <linux/hash.h>
#include <linux/icmpv6.h>
#include <linux/inetdevice.h>
#include <linux/random.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "compat/flow.h"
#include "compat/skbuff.h"
#include "compat/sock.h"
#include "counters.h"
#include "flow.h"
#include "header.h"
#include "icmp.h"
#include "icmp_error.h"
#include "map.h"
#include "native.h"
#include "route.h"
#include "skb.h"
#include "trace.h"
#include "xlat.h"
#include "xmit.h"

/*
 * Fragment identifications (RFC 6864) are to differ between the datagrams of a
 * pair of hosts. Each CPU has counters of its own, so that no cache line is
 * shared, and many of them, so that one does not come round the faster for the
 * traffic of all other pairs. All start at random: gateways do not run in step.
 *
 * A counter has 32 bits although an identification has 16: some kernels' per-CPU
 * operations on arm64 access a whole word whatever the type, and fault on a
 * halfword that is not aligned to four bytes.
 */
#define IP_ID_BITS	8

struct ip_ids {
	u32 next[1 << IP_ID_BITS];
};

static DEFINE_PER_CPU(struct ip_ids, ip_ids);

/**
 * nat64_xlat64_init() - start the identification generators
 */
void nat64_xlat64_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		get_random_bytes(per_cpu_ptr(&ip_ids, cpu),
				 sizeof(struct ip_ids));
}

/**
 * nat64_xlat64_reserve_ids() - reserve IPv4 identifications
 * @nn: translator
 * @a: addresses of the packet
 * @n: how many, in a row
 *
 * Which pairs share a counter depends on a key, so that nobody learns from his
 * own pair about that of others. Context: any.
 *
 * Return: the first one, host byte order.
 */
u16 nat64_xlat64_reserve_ids(const struct nat64_net *nn,
			     const struct nat64_addrs *a, u32 n)
{
	u32 pair = (__force u32)a->src4 ^ rol32((__force u32)a->dst4, 16);
	u32 which = hash_32(pair ^ nn->ident_key, IP_ID_BITS);

	return this_cpu_add_return(ip_ids.next[which], n) - n;
}

static u16 reserve_ip_ids(const struct nat64_pkt *p, u32 n)
{
	return nat64_xlat64_reserve_ids(p->nn, &p->a, n);
}

static enum nat64_counter classify_packet64(struct nat64_pkt *p)
{
	p->icmp_error = false;
	p->udp_zero = false;
	return p->hdr.proto == IPPROTO_ICMPV6 ? nat64_icmp_classify(p) :
						NAT64_OK;
}

/* As a packet with a Fragment Header: sent without DF, with an identification. */
static void mark_fragment(struct nat64_pkt *p)
{
	p->hdr.frag = true;
	p->hdr.frag_id = reserve_ip_ids(p, 1);
}

/* A packet that the kernel reassembled was fragments when it was sent. */
static void use_frag_max_size6(struct nat64_pkt *p)
{
	if (likely(!IP6CB(p->skb)->frag_max_size) || p->local)
		return;
	mark_fragment(p);
}

/*
 * What the gateway itself sends comes here before ip6_output() fragments it, if
 * its socket permits that.
 */
static bool may_fragment_local6(const struct nat64_pkt *p)
{
	return p->local && p->skb->ignore_df && !skb_is_gso(p->skb) &&
	       !nat64_sock_dontfrag6(sk_to_full_sk(p->sk));
}

/*
 * RFC 9260 section 6.8: the CRC of SCTP is that of the whole packet. The kernel
 * would write an Internet checksum in its place before it fragments.
 */
static enum nat64_counter prepare_fragmenting(struct nat64_pkt *p)
{
	return skb_csum_is_sctp(p->skb) ? nat64_skb_finish_csum(p) : NAT64_OK;
}

/*
 * Sections 5 and 5.1.1: up to 1280 bytes, and with a Fragment Header, the
 * packet goes without DF and is fragmented on its way out. A translated ICMP
 * error always fits: it is cut to 576 bytes, as RFC 1812 section 4.3.2.3 has it.
 * What holds for a packet holds for the segments of a GSO packet.
 */
static enum nat64_counter check_size64(struct nat64_pkt *p)
{
	unsigned int len = sizeof(struct iphdr) + p->hdr.payload;

	if (likely(nat64_skb_fits(p, len, p->mtu)) || p->icmp_error)
		return NAT64_OK;
	if (p->hdr.frag_off * 8 + p->hdr.payload > IP_MAX_MTU)
		return NAT64_MALFORMED;
	if (len <= IP_MAX_MTU && !skb_is_gso(p->skb) &&
	    (p->hdr.frag || p->skb->len <= IPV6_MIN_MTU))
		return prepare_fragmenting(p);
	if (len <= IP_MAX_MTU && may_fragment_local6(p)) {
		mark_fragment(p);
		return prepare_fragmenting(p);
	}
	if (skb_is_gso(p->skb) &&
	    nat64_skb_gso_fits(p, p->skb->len, IPV6_MIN_MTU))
		return NAT64_NEEDS_SEGMENTING;
	p->info = max_t(u32, p->mtu + sizeof(struct ipv6hdr) -
			sizeof(struct iphdr), IPV6_MIN_MTU);
	return NAT64_TOO_BIG;
}

/* Everything that can refuse a packet but its size; nothing is changed yet. */
static enum nat64_counter decide_packet64(struct nat64_pkt *p)
{
	enum nat64_counter reason;

	if (unlikely(p->skb->pkt_type != PACKET_HOST) && !p->local)
		return NAT64_LINK_BROADCAST;
	reason = nat64_parse6(p->skb, &p->hdr, &p->info);
	if (unlikely(reason))
		return reason;
	if (unlikely(nat64_csum_start_in_headers(p->skb, p->hdr.len)))
		return NAT64_MALFORMED;
	reason = classify_packet64(p);
	if (unlikely(reason))
		return reason;
	p->a.src6 = ipv6_hdr(p->skb)->saddr;
	p->a.dst6 = ipv6_hdr(p->skb)->daddr;
	if (p->ingress) {
		if (unlikely(p->icmp_error))
			return NAT64_NOT_PLAIN;
	} else if (unlikely(!nat64_flow_get64(p))) {
		reason = nat64_map64(p);
		if (reason)
			return reason;
	}
	if (unlikely(p->hdr.ttl <= 1) && !p->local)
		return NAT64_HOP_LIMIT;
	if (unlikely(nat64_skb_must_segment(p)))
		return NAT64_NEEDS_SEGMENTING;
	use_frag_max_size6(p);
	return NAT64_OK;
}

static void edit_transport64(struct nat64_pkt *p, int at)
{
	struct icmp6hdr *icmp;

	if (p->hdr.proto == IPPROTO_ICMPV6) {
		icmp = (struct icmp6hdr *)(p->skb->data + p->hdr.len);
		nat64_csum_icmp(p->skb, p->hdr.len,
				nat64_icmp_echo_type(icmp->icmp6_type),
				~nat64_csum_pseudo6(&p->a, p->hdr.payload));
	} else if (likely(at >= 0)) {
		nat64_csum_transport(p->skb, p->hdr.len, p->hdr.proto, at,
				     ~p->csum);
	}
}

static void edit_network64(struct nat64_pkt *p)
{
	bool df = nat64_skb_needs_df(p);
	u32 segs = nat64_skb_segs(p->skb);
	u16 id = reserve_ip_ids(p, segs);
	void *at;

	at = nat64_skb_replace_header(p, p->hdr.len, sizeof(struct iphdr));
	nat64_header4_write(at, &p->hdr, &p->a, p->cfg->set.tos,
			    p->hdr.ttl - !p->local, id, df, p->hdr.payload);
	nat64_skb_to4(p);
}

/* Turns the packet into an IPv4 packet; on an error it is unchanged. */
static enum nat64_counter edit_packet64(struct nat64_pkt *p)
{
	enum nat64_counter reason;
	unsigned int touch = p->hdr.len;
	int at = nat64_csum_find(&p->hdr);

	if (p->icmp_error) {
		reason = nat64_icmp_error64(p);
	} else {
		if (p->hdr.proto == IPPROTO_ICMPV6)
			touch += sizeof(struct icmp6hdr);
		else if (at >= 0)
			touch += at + sizeof(__sum16);
		reason = nat64_skb_make_room(p, touch, sizeof(struct iphdr));
		if (likely(!reason))
			edit_transport64(p, at);
	}
	if (likely(!reason))
		edit_network64(p);
	return reason;
}

/* The second pass may fragment what has a Fragment Header only. */
static enum nat64_counter check_size_hairpin(struct nat64_pkt *p,
					     const struct nat64_pkt *back)
{
	unsigned int len = sizeof(struct ipv6hdr) + p->hdr.payload;

	p->dst = back->dst;
	p->mtu = back->mtu - (sizeof(struct ipv6hdr) - sizeof(struct iphdr));
	if (p->hdr.frag || p->icmp_error || nat64_skb_fits(p, len, back->mtu))
		return NAT64_OK;
	if (may_fragment_local6(p)) {
		mark_fragment(p);
		return NAT64_OK;
	}
	p->info = back->mtu;
	return NAT64_TOO_BIG;
}

/*
 * Both passes of a hairpinned packet. The route of the second one is found
 * before the first one changes anything, so that its sender is told of errors.
 */
static noinline enum nat64_counter hairpin_packet(struct nat64_pkt *p,
						  const struct nat64_eam *eam)
{
	struct nat64_pkt back = *p;
	enum nat64_counter reason;

	back.src_eam = NULL;
	back.dst_eam = eam;
	back.keep = false;
	reason = nat64_map46(&back) ?: nat64_route6(&back) ?:
		 check_size_hairpin(p, &back) ?: edit_packet64(p);
	if (reason == NAT64_DRY_RUN)
		*p->second_pass = back;
	else if (reason)
		nat64_route_put(&back);
	if (reason)
		return reason;
	nat64_count(p->nn->stats, NAT64_HAIRPINNED, nat64_skb_segs(p->skb));
	if (unlikely(p->cfg->set.counters))
		nat64_eam_count(p, p->src_eam, NAT64_6TO4);
	nat64_xlat46_back(&back);
	p->err = back.err;
	return NAT64_OK;
}

/*
 * RFC 7757 section 4.2.2: the mapping of the IPv4 destination that brings the
 * packet back into IPv6, unless the IPv6 destination has one of its own
 * (condition A2), or a more specific IPv4 route leads elsewhere (RFC 7915
 * section 4.6).
 */
static noinline const struct nat64_eam *find_hairpin(struct nat64_pkt *p)
{
	struct flowi4 fl4 = { .daddr = p->a.dst4, .saddr = p->a.src4 };
	const struct nat64_eam *eam;

	if (!p->cfg->set.hairpin || p->dst_eam)
		return NULL;
	eam = nat64_eam_find4(p->cfg->table, p->a.dst4);
	if (likely(!eam || !READ_ONCE(p->nn->native.has_specific4)))
		return eam;
	p->keep = false;
	nat64_flowi4_set_tos(&fl4, p->hdr.tos);
	return nat64_native_route4(&p->nn->native, p->skb, p->in, p->local,
				   &fl4, eam) ? NULL : eam;
}

static noinline void keep_flow64(const struct nat64_pkt *p)
{
	struct nat64_flow *flow = nat64_flow_admit(p, nat64_flow_kind(p));

	if (flow)
		nat64_flow_add(flow, p, nat64_flow_kind(p));
}

/* Counts for the mappings of the hosts at either end. */
static noinline void count_packet64(const struct nat64_pkt *p)
{
	const struct nat64_eam *src_eam = p->src_eam;

	if (p->dst_eam && nat64_eam_is_edge(p->dst_eam))
		nat64_eam_count(p, p->dst_eam, NAT64_6TO4);
	/* A cached flow leaves the mapping unknown. */
	if (!src_eam)
		src_eam = nat64_eam_find6(p->cfg->table, &p->a.src6);
	if (src_eam && !nat64_eam_is_edge(src_eam))
		nat64_eam_count(p, src_eam, NAT64_6TO4);
}

/**
 * nat64_xlat64() - translate an IPv6 packet
 * @p: packet with the translation prefix of its destination
 *
 * RFC 7915 section 5. Context: RCU read lock.
 *
 * Return: NAT64_OK when the packet was consumed, NAT64_NEEDS_SEGMENTING when it
 * has to be segmented first, or the reason why it is rejected, still as it was.
 */
enum nat64_counter nat64_xlat64(struct nat64_pkt *p)
{
	enum nat64_counter reason = decide_packet64(p);
	const struct nat64_eam *eam;

	if (unlikely(reason))
		return reason;
	if (unlikely(!p->dst)) {
		eam = find_hairpin(p);
		if (eam)
			return hairpin_packet(p, eam);
	}
	reason = nat64_route4(p);
	if (unlikely(reason))
		return reason;
	if (unlikely(p->keep))
		keep_flow64(p);
	reason = check_size64(p);
	if (unlikely(reason))
		return reason;
	reason = edit_packet64(p);
	if (unlikely(reason))
		return reason;
	if (trace_translated_enabled())
		nat64_trace_translated(p);
	if (unlikely(p->cfg->set.counters))
		count_packet64(p);
	nat64_deliver4(p);
	return NAT64_OK;
}
