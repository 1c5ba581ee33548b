// SPDX-License-Identifier: GPL-2.0-only
/* Addresses of a packet that an ICMP error quotes. */
#include "map.h"

#include "addr.h"
#include "config.h"
#include "table.h"

static bool map_quoted4(const struct nat64_pkt *p, bool use_eam, __be32 addr4,
			struct in6_addr *addr6)
{
	const struct nat64_eam *eam = NULL;

	if (use_eam || unlikely(p->cfg->has_edge))
		eam = nat64_eam_find4(p->cfg->table, addr4);
	if (eam && (use_eam || nat64_eam_is_edge(eam))) {
		nat64_eam_to6(eam, addr4, addr6);
		return true;
	}
	if (!p->prefix || !nat64_config_carries(p->cfg, p->prefix, addr4))
		return false;
	nat64_addr_embed(p->prefix, addr4, addr6);
	return true;
}

/**
 * nat64_map_quoted46() - find the IPv6 addresses of a packet in an ICMPv4 error
 * @p: the error, mapped already
 * @a: addresses of the quoted packet; gets the IPv6 ones
 *
 * RFC 7757 section 4.2.1, rule 2: with hairpinning, no mapping is used for the
 * destination, unless it is an edge mapping.
 *
 * Return: false if an address cannot be translated.
 */
bool nat64_map_quoted46(const struct nat64_pkt *p, struct nat64_addrs *a)
{
	bool use_eam = !p->cfg->set.hairpin || !p->prefix;

	return map_quoted4(p, true, a->src4, &a->src6) &&
	       map_quoted4(p, use_eam, a->dst4, &a->dst6);
}

static bool map_quoted6(const struct nat64_pkt *p, const struct in6_addr *addr6,
			__be32 *addr4)
{
	const struct nat64_prefix *prefix;
	const struct nat64_eam *eam;

	eam = nat64_eam_find6(p->cfg->table, addr6);
	if (eam) {
		*addr4 = nat64_eam_to4(eam, addr6);
		return true;
	}
	prefix = nat64_prefix_find(p->cfg, addr6);
	return prefix && !nat64_addr_extract(prefix, addr6, addr4) &&
	       nat64_config_carries(p->cfg, prefix, *addr4);
}

/**
 * nat64_map_quoted64() - find the IPv4 addresses of a packet in an ICMPv6 error
 * @p: the error, mapped already
 * @a: addresses of the quoted packet; gets the IPv4 ones
 *
 * Return: false if an address cannot be translated.
 */
bool nat64_map_quoted64(const struct nat64_pkt *p, struct nat64_addrs *a)
{
	return map_quoted6(p, &a->src6, &a->src4) &&
	       map_quoted6(p, &a->dst6, &a->dst4);
}
