// SPDX-License-Identifier: GPL-2.0-only
#include "map.h"

#include <linux/icmp.h>
#include <linux/inetdevice.h>
#include <linux/random.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "edge.h"
#include "route.h"

/*
 * The IPv6 source of an ICMPv4 error whose IPv4 source the prefix may not carry:
 * the counterpart of RFC 6791, which is about IPv6 to IPv4.
 */
static enum nat64_counter rfc6791_source6(struct nat64_pkt *p)
{
	const struct nat64_settings *set = &p->cfg->set;

	if (!p->icmp_error)
		return NAT64_WKP_NOT_GLOBAL;
	if (ipv6_addr_any(&set->icmp_source6))
		return nat64_route6_source(p, &p->a.dst6, &p->a.src6) ?
			NAT64_OK : NAT64_ICMP_NO_SOURCE;
	get_random_bytes(&p->a.src6, sizeof(p->a.src6));
	ipv6_addr_prefix_copy(&p->a.src6, &set->icmp_source6,
			      set->icmp_source6_len);
	return NAT64_OK;
}

/*
 * Whether an ICMP error comes from the host that the quoted packet was for. When
 * the second pass of a hairpinned packet is planned, the packet is still IPv6.
 */
static bool sent_by_quoted_destination(const struct nat64_pkt *p)
{
	unsigned int quote = p->hdr.len + sizeof(struct icmphdr);
	const struct in6_addr *dst6;
	struct in6_addr buf6;
	const __be32 *dst4;
	__be32 buf4;

	if (p->family == 4) {
		quote += offsetof(struct iphdr, daddr);
		dst4 = skb_header_pointer(p->skb, quote, sizeof(buf4), &buf4);
		return !dst4 || *dst4 == p->a.src4;
	}
	quote += offsetof(struct ipv6hdr, daddr);
	dst6 = skb_header_pointer(p->skb, quote, sizeof(buf6), &buf6);
	return !dst6 || ipv6_addr_equal(dst6, &ipv6_hdr(p->skb)->saddr);
}

/*
 * With hairpinning, a mapping must not be used for the source (RFC 7757 section
 * 4.2.1, rules 1 and 3): replies have to come back through a translator.
 * Without a prefix there is nothing but mappings (figure 2 there).
 */
static bool source_may_be_mapped(const struct nat64_pkt *p)
{
	if (unlikely(!p->cfg->set.hairpin || !p->prefix))
		return true;
	return unlikely(p->icmp_error) && !sent_by_quoted_destination(p);
}

static const struct nat64_eam *find_source4(const struct nat64_pkt *p)
{
	bool may_be_mapped = source_may_be_mapped(p);
	const struct nat64_eam *eam;

	if (!may_be_mapped && likely(!p->cfg->has_edge))
		return NULL;
	eam = nat64_eam_find4(p->cfg->table, p->a.src4);
	/* Replies to a face come to a translator anyway. */
	return may_be_mapped || (eam && nat64_eam_is_edge(eam)) ? eam : NULL;
}

/*
 * For packets that an edge mapping of their source selects: the destination
 * need not be mapped.
 */
static noinline enum nat64_counter map_destination4(struct nat64_pkt *p)
{
	const struct nat64_eam *edge = nat64_edge_sender4(p->cfg, p->skb);

	if (!edge)
		return NAT64_SOURCE_UNMAPPED;
	p->prefix = nat64_config_peer_prefix(p->cfg, edge);
	p->dst_eam = nat64_eam_find4(p->cfg->table, p->a.dst4);
	if (p->dst_eam) {
		nat64_eam_to6(p->dst_eam, p->a.dst4, &p->a.dst6);
		return NAT64_OK;
	}
	if (!p->prefix)
		return NAT64_NO_PREFIX;
	if (!nat64_config_carries(p->cfg, p->prefix, p->a.dst4))
		return NAT64_WKP_NOT_GLOBAL;
	nat64_addr_embed(p->prefix, p->a.dst4, &p->a.dst6);
	return NAT64_OK;
}

/* RFC 7915 section 6. */
static enum nat64_counter map_source4(struct nat64_pkt *p)
{
	__be32 src4 = p->a.src4;

	if (unlikely(!nat64_addr4_is_host(src4)) && !p->icmp_error)
		return NAT64_SOURCE_ILLEGAL;
	p->src_eam = find_source4(p);
	if (p->src_eam) {
		nat64_eam_to6(p->src_eam, src4, &p->a.src6);
		return NAT64_OK;
	}
	if (unlikely(!p->prefix))
		return NAT64_NO_PREFIX;
	if (unlikely(!nat64_config_carries(p->cfg, p->prefix, src4)))
		return rfc6791_source6(p);
	nat64_addr_embed(p->prefix, src4, &p->a.src6);
	return NAT64_OK;
}

/*
 * A packet of the gateway itself passes LOCAL_OUT again as IPv6. True if it
 * would be translated there once more, perhaps without an end.
 */
static bool would_loop(const struct nat64_pkt *p)
{
	return !nat64_edge_is_face(p->cfg, &p->a.src6) &&
	       (nat64_prefix_claiming(p->cfg, &p->a.dst6) ||
		nat64_edge_is_face(p->cfg, &p->a.dst6));
}

/**
 * nat64_map46() - find the IPv6 addresses of a packet
 * @p: packet with its IPv4 addresses and the border mapping of its destination,
 *	or none if it comes from an edge mapping; gets the IPv6 addresses, the
 *	mapping of its source, the translation prefix, and @p->csum
 *
 * Context: RCU read lock.
 *
 * Return: NAT64_OK or the reason why there are none.
 */
enum nat64_counter nat64_map46(struct nat64_pkt *p)
{
	enum nat64_counter reason;

	if (unlikely(!p->dst_eam || nat64_eam_is_edge(p->dst_eam))) {
		reason = map_destination4(p);
		if (reason)
			return reason;
	} else {
		nat64_eam_to6(p->dst_eam, p->a.dst4, &p->a.dst6);
		if (unlikely(p->cfg->overlaps_pref64) && p->local &&
		    nat64_prefix_claiming(p->cfg, &p->a.dst6))
			return NAT64_LOOP;
		p->prefix = nat64_config_peer_prefix(p->cfg, p->dst_eam);
	}
	reason = map_source4(p);
	if (unlikely(p->local && p->cfg->has_edge) && !reason && would_loop(p))
		return NAT64_LOOP;
	if (likely(!reason && !p->icmp_error))
		p->csum = nat64_csum_addrs(&p->a);
	return reason;
}

static enum nat64_counter map_destination6(struct nat64_pkt *p)
{
	if (unlikely(p->cfg->overlaps_pref64 || !p->prefix)) {
		p->dst_eam = nat64_eam_find6(p->cfg->table, &p->a.dst6);
		if (p->dst_eam) {
			p->a.dst4 = nat64_eam_to4(p->dst_eam, &p->a.dst6);
			return NAT64_OK;
		}
		if (!p->prefix)
			return NAT64_DESTINATION_ILLEGAL;
	}
	if (unlikely(nat64_addr_extract(p->prefix, &p->a.dst6, &p->a.dst4)))
		return NAT64_DESTINATION_ILLEGAL;
	return likely(nat64_config_carries(p->cfg, p->prefix, p->a.dst4)) ?
		NAT64_OK : NAT64_WKP_NOT_GLOBAL;
}

/* RFC 6791: an ICMPv6 error from a router that has no mapping. */
static enum nat64_counter rfc6791_source4(struct nat64_pkt *p)
{
	const struct nat64_settings *set = &p->cfg->set;
	__be32 mask = inet_make_mask(set->icmp_source4_len);
	u32 random;

	if (!set->icmp_source4) {
		p->a.src4 = nat64_route4_source(p, p->a.dst4);
		return p->a.src4 ? NAT64_OK : NAT64_ICMP_NO_SOURCE;
	}
	get_random_bytes(&random, sizeof(random));
	p->a.src4 = set->icmp_source4 | ((__force __be32)random & ~mask);
	return NAT64_OK;
}

static enum nat64_counter map_source6(struct nat64_pkt *p)
{
	const struct nat64_eam *eam;

	eam = nat64_eam_find6(p->cfg->table, &p->a.src6);
	p->src_eam = eam;
	if (unlikely(p->cfg->has_edge) && eam && nat64_eam_is_edge(eam))
		return NAT64_SOURCE_SPOOFED;
	if (likely(eam)) {
		p->a.src4 = nat64_eam_to4(eam, &p->a.src6);
		return likely(eam->len4 >= NAT64_LEN4_HOSTS ||
			      nat64_addr4_is_host(p->a.src4)) ?
			NAT64_OK : NAT64_SOURCE_ILLEGAL;
	}
	if (!nat64_addr6_is_host(&p->a.src6))
		return NAT64_SOURCE_ILLEGAL;
	return p->icmp_error ? rfc6791_source4(p) : NAT64_SOURCE_UNMAPPED;
}

/*
 * A packet from IPv6 must not have the IPv4 source of the gateway itself, of a
 * link's broadcast, or of another host on the IPv4 side.
 */
static bool is_source_spoofed(const struct nat64_pkt *p)
{
	const struct nat64_eam *eam;

	if (p->src_eam && !nat64_eam_is_edge(p->src_eam))
		return false;
	if (!p->local && inet_addr_type_dev_table(p->nn->net, p->in,
						  p->a.src4) != RTN_UNICAST)
		return true;
	eam = p->src_eam ?: nat64_eam_find4(p->cfg->table, p->a.src4);
	return eam && nat64_eam_is_edge(eam) && nat64_edge_routes_source(p);
}

/*
 * The source of a packet to the face of an IPv4 host: its own mapping, else the
 * address inside of its translation prefix.
 */
static enum nat64_counter map_source_to_face(struct nat64_pkt *p)
{
	const struct nat64_prefix *prefix;

	/* is_source_spoofed() depends on addresses of the gateway. */
	p->keep = false;
	p->src_eam = nat64_eam_find6(p->cfg->table, &p->a.src6);
	prefix = nat64_prefix_find(p->cfg, &p->a.src6);
	if (p->src_eam) {
		p->a.src4 = nat64_eam_to4(p->src_eam, &p->a.src6);
	} else if (!nat64_addr6_is_host(&p->a.src6)) {
		return NAT64_SOURCE_ILLEGAL;
	} else if (!prefix) {
		return p->icmp_error ? rfc6791_source4(p) : NAT64_SOURCE_OUTSIDE;
	} else if (nat64_addr_extract(prefix, &p->a.src6, &p->a.src4)) {
		return NAT64_SOURCE_ILLEGAL;
	} else if (!nat64_config_carries(p->cfg, prefix, p->a.src4)) {
		return p->icmp_error ? rfc6791_source4(p) :
				       NAT64_WKP_NOT_GLOBAL;
	}
	if (!nat64_addr4_is_host(p->a.src4))
		return NAT64_SOURCE_ILLEGAL;
	return is_source_spoofed(p) ? NAT64_SOURCE_SPOOFED : NAT64_OK;
}

/**
 * nat64_map64() - find the IPv4 addresses of a packet
 * @p: packet with its IPv6 addresses and the translation prefix of its
 *	destination, or none if that is the face of an edge mapping; gets
 *	the IPv4 addresses, the mappings of both, and @p->csum
 *
 * Context: RCU read lock.
 *
 * Return: NAT64_OK or the reason why there are none.
 */
enum nat64_counter nat64_map64(struct nat64_pkt *p)
{
	enum nat64_counter reason = map_destination6(p);

	if (unlikely(reason))
		return reason;
	if (unlikely(!nat64_addr4_is_host(p->a.dst4)))
		return NAT64_DESTINATION_ILLEGAL;
	if (unlikely(p->dst_eam && nat64_eam_is_edge(p->dst_eam)))
		reason = map_source_to_face(p);
	else
		reason = map_source6(p);
	if (likely(!reason && !p->icmp_error))
		p->csum = nat64_csum_addrs(&p->a);
	return reason;
}

static void map_rejected4(struct nat64_pkt *p)
{
	p->a.src4 = ip_hdr(p->skb)->saddr;
	p->a.dst4 = ip_hdr(p->skb)->daddr;
	nat64_map46(p);
}

static void map_rejected6(struct nat64_pkt *p)
{
	p->a.src6 = ipv6_hdr(p->skb)->saddr;
	p->a.dst6 = ipv6_hdr(p->skb)->daddr;
	if (p->prefix)
		nat64_addr_extract(p->prefix, &p->a.dst6, &p->a.dst4);
	else if (p->dst_eam)
		p->a.dst4 = nat64_eam_to4(p->dst_eam, &p->a.dst6);
	p->src_eam = nat64_eam_find6(p->cfg->table, &p->a.src6);
	if (p->src_eam)
		p->a.src4 = nat64_eam_to4(p->src_eam, &p->a.src6);
}

/**
 * nat64_map_rejected() - find what can be found of the addresses of a packet
 * @p: packet that was rejected, perhaps before its addresses were mapped; gets
 *	those of both families, 0 for what has no counterpart
 *
 * For tracepoints and EXPLAIN; no RFC 6791 source is chosen. Context: RCU read
 * lock.
 */
void nat64_map_rejected(struct nat64_pkt *p)
{
	memset(&p->a, 0, sizeof(p->a));
	p->icmp_error = false;
	if (p->family == 4)
		map_rejected4(p);
	else
		map_rejected6(p);
}
