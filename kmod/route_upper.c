// SPDX-License-Identifier: GPL-2.0-only
#include "route_upper.h"

#include "icmp.h"
#include "map.h"
#include "parse.h"

static u8 other_proto(u8 proto)
{
	switch (proto) {
	case IPPROTO_ICMP:
		return IPPROTO_ICMPV6;
	case IPPROTO_ICMPV6:
		return IPPROTO_ICMP;
	}
	return proto;
}

/*
 * All fragments of a packet are to take one route, so none has any. @hdr: of
 * the packet, or of one that it quotes, whose upper header is @at.
 */
static void set_upper(const struct sk_buff *skb, const struct nat64_hdr *hdr,
		      unsigned int at, union flowi_uli *uli)
{
	__be16 buf[2];
	const __be16 *word;

	if (hdr->frag_off || hdr->mf)
		return;
	word = skb_header_pointer(skb, at, sizeof(buf), buf);
	if (!word)
		return;
	switch (hdr->proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		uli->ports.sport = word[0];
		uli->ports.dport = word[1];
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		uli->icmpt.type = nat64_icmp_echo_type(*(const u8 *)word);
	}
}

/**
 * nat64_route_set_upper() - ports of a packet, or the type of an ICMP message
 * @p: packet
 * @uli: as all zero; filled in as it will be in the new family
 *
 * They take part in multipath hashing, in policy rules and in IPsec policies.
 * An ICMP error has none.
 */
void nat64_route_set_upper(const struct nat64_pkt *p, union flowi_uli *uli)
{
	if (!p->icmp_error)
		set_upper(p->skb, &p->hdr, p->hdr.len, uli);
}

/**
 * nat64_route_quoted_flow() - the flow that an ICMP error is about
 * @p: ICMP error
 * @a: its addresses in the new family, in the order in which it sends, the way
 *	that the error goes: the source is the destination that the error quotes
 * @uli: as all zero; its ports
 *
 * Among several next hops an error takes that of its flow, as in
 * ip_multipath_l3_keys(), since several hosts may have one address.
 *
 * Return: the flow's protocol in the new family, or 0 if there is no such flow.
 */
u8 nat64_route_quoted_flow(const struct nat64_pkt *p, struct nat64_addrs *a,
			   union flowi_uli *uli)
{
	unsigned int at = p->hdr.len + sizeof(struct icmphdr);
	struct nat64_hdr hdr;
	bool found;

	found = p->family == 4 ? nat64_parse4_quote(p->skb, at, &hdr, a) &&
				 nat64_map_quoted46(p, a) :
				 nat64_parse6_quote(p->skb, at, &hdr, a) &&
				 nat64_map_quoted64(p, a);
	if (!found)
		return 0;
	set_upper(p->skb, &hdr, at + hdr.len, uli);
	if (hdr.proto != IPPROTO_ICMP && hdr.proto != IPPROTO_ICMPV6)
		swap(uli->ports.sport, uli->ports.dport);
	return other_proto(hdr.proto);
}
