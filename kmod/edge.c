// SPDX-License-Identifier: GPL-2.0-only
#include "edge.h"

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/ndisc.h>

#include "compat/flow.h"
#include "icmp.h"
#include "native.h"

static const struct nat64_eam *find_edge4(const struct nat64_config *cfg,
					  __be32 addr4)
{
	const struct nat64_eam *eam = nat64_eam_find4(cfg->table, addr4);

	return eam && nat64_eam_is_edge(eam) ? eam : NULL;
}

static const struct nat64_eam *find_edge6(const struct nat64_config *cfg,
					  const struct in6_addr *addr6)
{
	const struct nat64_eam *eam = nat64_eam_find6(cfg->table, addr6);

	return eam && nat64_eam_is_edge(eam) ? eam : NULL;
}

/* The destination of the packet that an ICMP error quotes, or 0. */
static __be32 quoted_destination(const struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	unsigned int at = skb_network_offset(skb) + iph->ihl * 4;
	const struct icmphdr *icmp;
	const __be32 *daddr;
	struct icmphdr buf;
	__be32 buf4;

	if (iph->protocol != IPPROTO_ICMP || iph->frag_off & htons(IP_OFFSET))
		return 0;
	icmp = skb_header_pointer(skb, at, sizeof(buf), &buf);
	if (!icmp ||
	    nat64_icmp_kind(IPPROTO_ICMP, icmp->type) != NAT64_ICMP_ERROR)
		return 0;
	at += sizeof(buf) + offsetof(struct iphdr, daddr);
	daddr = skb_header_pointer(skb, at, sizeof(buf4), &buf4);
	return daddr ? *daddr : 0;
}

/**
 * nat64_edge_sender4() - the edge mapping that an IPv4 packet comes from
 * @cfg: configuration that has edge mappings
 * @skb: IPv4 packet
 *
 * An ICMP error about a packet to the host of an edge mapping counts as from
 * there, whatever router it is that sends it.
 *
 * Context: RCU read lock.
 * Return: the mapping, or NULL.
 */
const struct nat64_eam *nat64_edge_sender4(const struct nat64_config *cfg,
					   const struct sk_buff *skb)
{
	const struct nat64_eam *eam = find_edge4(cfg, ip_hdr(skb)->saddr);
	__be32 daddr;

	if (likely(eam))
		return eam;
	daddr = quoted_destination(skb);
	return daddr ? find_edge4(cfg, daddr) : NULL;
}

static bool is_native4(const struct nat64_native *native,
		       const struct sk_buff *skb, struct net_device *dev,
		       bool is_local)
{
	struct flowi4 fl4 = {
		.daddr = ip_hdr(skb)->daddr,
		.saddr = ip_hdr(skb)->saddr,
	};

	nat64_flowi4_set_tos(&fl4, ip_hdr(skb)->tos);
	return nat64_native_longer4(native, skb, dev, is_local, &fl4, 0);
}

/* Whether there is an IPv6 address for a destination. */
static bool has_address6(const struct nat64_config *cfg,
			 const struct nat64_eam *edge, __be32 daddr)
{
	return nat64_config_peer_prefix(cfg, edge) ||
	       nat64_eam_find4(cfg->table, daddr);
}

/**
 * nat64_edge_translates4() - whether an IPv4 packet is translated for its source
 * @nn: translator
 * @cfg: its configuration, which has edge mappings
 * @skb: IPv4 packet that is not translated for its destination
 * @dev: as nat64_pkt.in
 * @is_local: whether the gateway itself sends it
 *
 * A packet from an edge mapping is, unless a native route to its destination is
 * more specific than the default (RFC 7915 section 4.6). Without a prefix the
 * destination has to be mapped as well.
 * Context: RCU read lock.
 */
bool nat64_edge_translates4(const struct nat64_net *nn,
			    const struct nat64_config *cfg,
			    const struct sk_buff *skb, struct net_device *dev,
			    bool is_local)
{
	const struct nat64_eam *edge;
	__be32 daddr = ip_hdr(skb)->daddr;

	/* With claimed prefixes, its own ICMP errors are sent as IPv4. */
	if (is_local && cfg->n_claimed)
		edge = find_edge4(cfg, ip_hdr(skb)->saddr);
	else
		edge = nat64_edge_sender4(cfg, skb);
	return edge && nat64_addr4_is_host(daddr) &&
	       has_address6(cfg, edge, daddr) &&
	       !is_native4(&nn->native, skb, dev, is_local);
}

/* The kernel answers neighbour discovery for a face (proxy_ndp). */
static bool is_neighbour_discovery(const struct sk_buff *skb)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	const u8 *type;
	u8 buf;

	if (ip6h->nexthdr != IPPROTO_ICMPV6 || ip6h->hop_limit != 255)
		return false;
	type = skb_header_pointer(skb, skb_network_offset(skb) + sizeof(*ip6h),
				  sizeof(buf), &buf);
	return type && *type >= NDISC_ROUTER_SOLICITATION &&
	       *type <= NDISC_REDIRECT;
}

/**
 * nat64_edge_find_face() - the edge mapping that an IPv6 packet is for
 * @cfg: configuration that has edge mappings
 * @skb: IPv6 packet
 *
 * Context: RCU read lock.
 * Return: the mapping that has its destination, or NULL.
 */
const struct nat64_eam *nat64_edge_find_face(const struct nat64_config *cfg,
					     const struct sk_buff *skb)
{
	const struct nat64_eam *eam = find_edge6(cfg, &ipv6_hdr(skb)->daddr);

	return eam && !is_neighbour_discovery(skb) ? eam : NULL;
}

/**
 * nat64_edge_is_face() - whether an address is the face of an edge mapping
 * @cfg: configuration that has edge mappings
 * @addr6: IPv6 address
 *
 * Context: RCU read lock.
 */
bool nat64_edge_is_face(const struct nat64_config *cfg,
			const struct in6_addr *addr6)
{
	return find_edge6(cfg, addr6);
}

/**
 * nat64_edge_routes_source() - whether a native route leads to a packet's source
 * @p: packet from IPv6 whose IPv4 addresses are known
 *
 * Then the host of that address is on the IPv4 side of this gateway: an edge
 * mapping may also have hosts behind other gateways. Context: RCU read lock.
 */
bool nat64_edge_routes_source(const struct nat64_pkt *p)
{
	struct flowi4 fl4 = { .daddr = p->a.src4, .saddr = p->a.dst4 };

	nat64_flowi4_set_tos(&fl4, p->hdr.tos);
	return nat64_native_longer4(&p->nn->native, p->skb, p->in, p->local,
				    &fl4, 0);
}
