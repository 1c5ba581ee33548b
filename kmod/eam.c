// SPDX-License-Identifier: GPL-2.0-only
#include "eam.h"

#include "wide.h"

/**
 * nat64_eam_suffix6() - write the suffix of an IPv4 address
 * @eam: mapping that the address lies in, of a prefix shorter than 32
 * @addr4: address
 * @addr6: the mapping's IPv6 prefix, which the suffix is written into
 */
void nat64_eam_suffix6(const struct nat64_eam *eam, __be32 addr4,
		       struct in6_addr *addr6)
{
	struct nat64_wide w = nat64_wide_get(&eam->addr6);
	u64 suffix = (u64)ntohl(addr4) << (32 + eam->len4);
	u8 pos = eam->len6;

	if (pos >= 64) {
		w.lo |= suffix >> (pos - 64);
	} else {
		w.hi |= suffix >> pos;
		w.lo |= pos ? suffix << (64 - pos) : 0;
	}
	nat64_wide_put(w, addr6);
}

static noinline __be32 extract_suffix(const struct nat64_eam *eam,
				      const struct in6_addr *addr6)
{
	struct nat64_wide w = nat64_wide_get(addr6);
	u8 pos = eam->len6;
	u64 suffix;

	if (pos >= 64)
		suffix = w.lo << (pos - 64);
	else
		suffix = w.hi << pos | (pos ? w.lo >> (64 - pos) : 0);
	return eam->addr4 | htonl(suffix >> 32 >> eam->len4);
}

/**
 * nat64_eam_to4() - the IPv4 address of an IPv6 address
 * @eam: mapping that the address lies in
 * @addr6: address
 *
 * RFC 7757 section 3.3.2. Bits behind the suffix are ignored.
 *
 * Return: the IPv4 address.
 */
__be32 nat64_eam_to4(const struct nat64_eam *eam, const struct in6_addr *addr6)
{
	if (likely(eam->len4 == 32))
		return eam->addr4;
	return extract_suffix(eam, addr6);
}

/**
 * nat64_eam_overlapping_prefix() - a translation prefix that a mapping overlaps
 * @eam: mapping
 * @prefixes: translation prefixes by index
 *
 * Return: the first such translation prefix, or NULL.
 */
const struct nat64_prefix *
nat64_eam_overlapping_prefix(const struct nat64_eam *eam,
			     const struct nat64_prefix *prefixes)
{
	unsigned int i;

	for (i = 0; i < NAT64_MAX_PREFIXES; i++)
		if (nat64_prefix_overlaps(&prefixes[i], eam))
			return &prefixes[i];
	return NULL;
}
