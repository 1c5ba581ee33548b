/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Network headers of the other family, of packets and of packets quoted in ICMP
 * errors. Inline: the packet path has one caller of each.
 */
#ifndef _NAT64_HEADER_H
#define _NAT64_HEADER_H

#include <linux/nat64.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "addr.h"
#include "parse.h"

/* RFC 7915 section 5.1: IPv4 packets up to this long are sent without DF. */
#define NAT64_MAX_WITHOUT_DF	(IPV6_MIN_MTU - 20)

/* Length of the IPv6 headers of a packet, a Fragment Header included. */
#define NAT64_HDR6_LEN(hdr) \
	(sizeof(struct ipv6hdr) + ((hdr)->frag ? sizeof(struct frag_hdr) : 0))

/**
 * nat64_header6_write() - write the IPv6 header of an IPv4 packet
 * @at: where; NAT64_HDR6_LEN() bytes
 * @hdr: IPv4 packet
 * @a: its addresses in both families
 * @tclass: NAT64_SETTING_TRAFFIC_CLASS
 * @hlimit: hop limit
 * @payload: bytes behind the headers
 *
 * RFC 7915 section 4.1.
 */
static inline void
nat64_header6_write(void *at, const struct nat64_hdr *hdr,
		    const struct nat64_addrs *a, u16 tclass, u8 hlimit,
		    unsigned int payload)
{
	u8 proto = hdr->proto == IPPROTO_ICMP ? IPPROTO_ICMPV6 : hdr->proto;
	struct ipv6hdr *ip6h = at;
	struct frag_hdr *fh = (struct frag_hdr *)(ip6h + 1);

	ip6_flow_hdr(ip6h, tclass == NAT64_COPY ? hdr->tos : tclass, 0);
	ip6h->hop_limit = hlimit;
	ip6h->saddr = a->src6;
	ip6h->daddr = a->dst6;
	if (likely(!hdr->frag)) {
		ip6h->nexthdr = proto;
		ip6h->payload_len = htons(payload);
		return;
	}
	ip6h->nexthdr = NEXTHDR_FRAGMENT;
	ip6h->payload_len = htons(payload + sizeof(*fh));
	fh->nexthdr = proto;
	fh->reserved = 0;
	fh->frag_off = htons(hdr->frag_off << 3 | (hdr->mf ? IP6_MF : 0));
	fh->identification = htonl(hdr->frag_id);
}

/**
 * nat64_header4_write() - write the IPv4 header of an IPv6 packet
 * @at: where; 20 bytes
 * @hdr: IPv6 packet
 * @a: its addresses in both families
 * @tos: NAT64_SETTING_TOS
 * @ttl: time to live
 * @id: identification of a packet without a Fragment Header
 * @df: Don't Fragment, for a packet without a Fragment Header
 * @payload: bytes behind the header
 *
 * RFC 7915 sections 5.1 and 5.1.1.
 */
static inline void
nat64_header4_write(void *at, const struct nat64_hdr *hdr,
		    const struct nat64_addrs *a, u16 tos, u8 ttl, u16 id,
		    bool df, unsigned int payload)
{
	struct iphdr *iph = at;

	iph->version = 4;
	iph->ihl = 5;
	iph->tos = tos == NAT64_COPY ? hdr->tos : tos;
	iph->tot_len = htons(payload + sizeof(*iph));
	iph->ttl = ttl;
	iph->protocol = hdr->proto == IPPROTO_ICMPV6 ? IPPROTO_ICMP :
						       hdr->proto;
	iph->saddr = a->src4;
	iph->daddr = a->dst4;
	if (likely(!hdr->frag)) {
		iph->id = htons(id);
		iph->frag_off = df ? htons(IP_DF) : 0;
	} else {
		iph->id = htons(hdr->frag_id);
		iph->frag_off = htons(hdr->frag_off | (hdr->mf ? IP_MF : 0));
	}
	iph->check = 0;
	iph->check = ip_fast_csum(iph, 5);
}

#endif /* _NAT64_HEADER_H */
