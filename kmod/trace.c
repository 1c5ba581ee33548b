// SPDX-License-Identifier: GPL-2.0-only
#define CREATE_TRACE_POINTS
#include "trace.h"

#include <net/ip.h>
#include <net/ipv6.h>

#include "map.h"

/* The family that the packet came with; one that is translated has the other. */
static u8 original_family(const struct nat64_pkt *p)
{
	if (!p->translated)
		return p->family;
	return p->family == 4 ? 6 : 4;
}

/**
 * nat64_trace_translated() - fire nat64:translated for a translated packet
 * @p: packet, already in its new family
 *
 * Context: RCU read lock.
 */
void nat64_trace_translated(const struct nat64_pkt *p)
{
	trace_translated(p, original_family(p));
}

/* Where the transport header is, or -1 when it is in another fragment. */
static int find_transport(const struct sk_buff *skb, u8 family, u8 *proto)
{
	const struct iphdr *iph = ip_hdr(skb);
	__be16 frag_off = 0;
	int off;

	if (family == 4) {
		*proto = iph->protocol;
		return iph->frag_off & htons(IP_OFFSET) ? -1 : iph->ihl * 4;
	}
	*proto = ipv6_hdr(skb)->nexthdr;
	off = ipv6_skip_exthdr(skb, sizeof(struct ipv6hdr), proto, &frag_off);
	return frag_off & htons(IP6_OFFSET) ? -1 : off;
}

static void find_ports(const struct sk_buff *skb, u8 family, __be16 *ports)
{
	u8 proto;
	int off = find_transport(skb, family, &proto);

	switch (proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		if (off >= 0)
			skb_copy_bits(skb, off, ports, 2 * sizeof(*ports));
	}
}

/**
 * nat64_trace_refused() - fire nat64:refused for a rejected packet
 * @p: packet
 * @reason: why it is not translated
 *
 * It may have been rejected before its addresses were known: they are looked up
 * here. RFC 7915 section 4.5 wants the ports as well.
 *
 * Context: RCU read lock.
 */
void nat64_trace_refused(const struct nat64_pkt *p, enum nat64_counter reason)
{
	struct nat64_pkt again = *p;
	__be16 ports[2] = {};

	if (!p->translated)
		nat64_map_rejected(&again);
	find_ports(p->skb, p->family, ports);
	trace_refused(p, &again.a, original_family(p),
		      p->family == 4 ? ip_hdr(p->skb)->protocol :
				    ipv6_hdr(p->skb)->nexthdr, ports, reason);
}
