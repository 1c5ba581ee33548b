// SPDX-License-Identifier: GPL-2.0
#define CREATE_TRACE_POINTS
#include "trace.h"

/* A packet that was translated is one of the other family now. */
void nat64_trace_translated(const struct nat64_pkt *p)
{
	trace_translated(p, ip_hdr(p->skb)->version == 4 ? 6 : 4);
}

static void find_addrs4(struct nat64_pkt *p)
{
	const struct iphdr *iph = ip_hdr(p->skb);
	const struct nat64_eam *eam;

	p->a.src4 = iph->saddr;
	p->a.dst4 = iph->daddr;
	eam = nat64_eam_find4(p->cfg->table, iph->daddr);
	if (eam)
		nat64_xlat46_addresses(p, eam);
}

static void find_addrs6(struct nat64_pkt *p)
{
	const struct nat64_prefix *prefix;
	const struct nat64_eam *eam;

	p->a.src6 = ipv6_hdr(p->skb)->saddr;
	p->a.dst6 = ipv6_hdr(p->skb)->daddr;
	prefix = nat64_prefix_find(p->cfg, &p->a.dst6);
	if (prefix)
		nat64_addr_extract(prefix, &p->a.dst6, &p->a.dst4);
	eam = nat64_eam_find6(p->cfg->table, &p->a.src6);
	if (eam)
		p->a.src4 = nat64_eam_to4(eam, &p->a.src6);
}

/*
 * A packet may have been refused before its addresses were known: they are
 * looked for again.
 */
void nat64_trace_refused(const struct nat64_pkt *p, enum nat64_counter reason)
{
	u8 family = ip_hdr(p->skb)->version;
	struct nat64_pkt again = *p;

	memset(&again.a, 0, sizeof(again.a));
	again.icmp_error = false;
	if (family == 4)
		find_addrs4(&again);
	else
		find_addrs6(&again);
	trace_refused(p, &again.a, family,
		      family == 4 ? ip_hdr(p->skb)->protocol :
				    ipv6_hdr(p->skb)->nexthdr, reason);
}
