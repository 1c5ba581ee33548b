// SPDX-License-Identifier: GPL-2.0-only
#include "addr.h"

#include <linux/errno.h>
#include <linux/inet.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <net/ipv6.h>

/* RFC 6052 section 2.2: bits 64 to 71. */
#define U_OCTET		8

/**
 * nat64_prefix_init() - make a translation prefix of an IPv6 prefix
 * @prefix: filled in on success only
 * @addr: IPv6 prefix
 * @len: its length
 *
 * RFC 6052 section 2.2.
 *
 * Return: 0, -EDOM for a length that the RFC does not know, -EINVAL for bits
 * set behind the length or in the octet that must be zero.
 */
int nat64_prefix_init(struct nat64_prefix *prefix, const struct in6_addr *addr,
		      u8 len)
{
	static const struct in6_addr wkp = {
		.s6_addr32 = { cpu_to_be32(0x0064ff9b) },
	};
	struct in6_addr masked;

	if (len != 96 && (len < 32 || len > 64 || len % 8))
		return -EDOM;
	ipv6_addr_prefix(&masked, addr, len);
	if (!ipv6_addr_equal(&masked, addr) || addr->s6_addr[U_OCTET])
		return -EINVAL;

	memset(prefix, 0, sizeof(*prefix));
	memset(&prefix->mask, 0xff, len / 8);
	prefix->addr = *addr;
	prefix->len = len;
	prefix->wkp = len == 96 && ipv6_addr_equal(addr, &wkp);
	return 0;
}

/**
 * nat64_addr_insert_around_u() - write an IPv4 address around the u octet
 * @prefix: translation prefix in use, shorter than 96 bits
 * @addr4: IPv4 address
 * @addr6: the prefix, which the address is written into
 *
 * RFC 6052 section 2.3.
 */
void nat64_addr_insert_around_u(const struct nat64_prefix *prefix,
				__be32 addr4, struct in6_addr *addr6)
{
	const u8 *octet = (const u8 *)&addr4;
	unsigned int pos = prefix->len / 8;
	unsigned int i;

	for (i = 0; i < sizeof(addr4); i++, pos++) {
		if (pos == U_OCTET)
			pos++;
		addr6->s6_addr[pos] = octet[i];
	}
}

/**
 * nat64_addr_extract() - read the IPv4 address inside an IPv6 address
 * @prefix: translation prefix that the address lies in
 * @addr6: IPv6 address
 * @addr4: result, filled in on success only
 *
 * RFC 6052 section 2.3. The suffix is ignored, as section 2.2 says.
 *
 * Return: 0, or -EINVAL for an address whose bits 64 to 71 are not zero.
 */
int nat64_addr_extract(const struct nat64_prefix *prefix,
		       const struct in6_addr *addr6, __be32 *addr4)
{
	unsigned int pos = prefix->len / 8;
	u8 octet[sizeof(*addr4)];
	unsigned int i;

	if (unlikely(addr6->s6_addr[U_OCTET]))
		return -EINVAL;
	if (likely(prefix->len == 96)) {
		*addr4 = addr6->s6_addr32[3];
		return 0;
	}
	for (i = 0; i < sizeof(octet); i++, pos++) {
		if (pos == U_OCTET)
			pos++;
		octet[i] = addr6->s6_addr[pos];
	}
	memcpy(addr4, octet, sizeof(octet));
	return 0;
}

/**
 * nat64_addr4_is_global() - whether the Well-Known Prefix may carry an address
 * @addr4: IPv4 address
 *
 * RFC 6052 section 3.1, with the blocks of RFC 5735 section 3 and those that
 * IANA's registry has since marked as not globally reachable (RFC 6890).
 */
bool nat64_addr4_is_global(__be32 addr4)
{
	static const struct {
		u32 addr, len;
	} special[] = {
		{ 0x00000000,  8 },	/* this network */
		{ 0x0a000000,  8 },	/* RFC 1918 */
		{ 0x64400000, 10 },	/* RFC 6598 */
		{ 0x7f000000,  8 },	/* loopback */
		{ 0xa9fe0000, 16 },	/* link local */
		{ 0xac100000, 12 },	/* RFC 1918 */
		{ 0xc0000000, 24 },	/* IETF protocol assignments */
		{ 0xc0000200, 24 },	/* TEST-NET-1 */
		{ 0xc0586300, 24 },	/* 6to4 relays, RFC 7526 */
		{ 0xc0a80000, 16 },	/* RFC 1918 */
		{ 0xc6120000, 15 },	/* benchmarking */
		{ 0xc6336400, 24 },	/* TEST-NET-2 */
		{ 0xcb007100, 24 },	/* TEST-NET-3 */
		{ 0xe0000000,  3 },	/* multicast, reserved, broadcast */
	};
	u32 a = ntohl(addr4);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(special); i++)
		if (!((a ^ special[i].addr) >> (32 - special[i].len)))
			return false;
	return true;
}

/**
 * nat64_addr6_is_host() - whether an address may be that of a host elsewhere
 * @addr6: IPv6 address
 *
 * RFC 7915 section 5.1; RFC 4291 section 2.5.5 for addresses that embed IPv4.
 */
bool nat64_addr6_is_host(const struct in6_addr *addr6)
{
	const __be32 *word = addr6->s6_addr32;

	return !ipv6_addr_is_multicast(addr6) && !ipv6_addr_v4mapped(addr6) &&
	       (word[0] | word[1] | word[2]) &&
	       !(ipv6_addr_type(addr6) & IPV6_ADDR_LINKLOCAL);
}
