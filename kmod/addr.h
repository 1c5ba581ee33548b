/* SPDX-License-Identifier: GPL-2.0-only */
/* IPv4 addresses inside IPv6 addresses (RFC 6052); knows no packets. */
#ifndef _NAT64_ADDR_H
#define _NAT64_ADDR_H

#include <linux/in6.h>
#include <linux/inet.h>
#include <linux/types.h>

/**
 * struct nat64_prefix - a translation prefix
 * @addr: prefix, bits behind @len are zero
 * @mask: as many ones as @len
 * @len: 32, 40, 48, 56, 64 or 96; 0 for none
 * @wkp: the Well-Known Prefix 64:ff9b::/96
 */
struct nat64_prefix {
	struct in6_addr	addr;
	struct in6_addr	mask;
	u8		len;
	bool		wkp;
};

/**
 * struct nat64_addrs - the addresses of a packet in both families
 * @src6: IPv6 source
 * @dst6: IPv6 destination
 * @src4: IPv4 source
 * @dst4: IPv4 destination
 */
struct nat64_addrs {
	struct in6_addr	src6;
	struct in6_addr	dst6;
	__be32		src4;
	__be32		dst4;
};

int nat64_prefix_init(struct nat64_prefix *prefix, const struct in6_addr *addr,
		      u8 len);
void nat64_addr_insert_around_u(const struct nat64_prefix *prefix,
				__be32 addr4, struct in6_addr *addr6);
int nat64_addr_extract(const struct nat64_prefix *prefix,
		       const struct in6_addr *addr6, __be32 *addr4);
bool nat64_addr4_is_global(__be32 addr4);
bool nat64_addr6_is_host(const struct in6_addr *addr6);

/* IPv4 prefixes from this length on have either hosts in them or none. */
#define NAT64_LEN4_HOSTS	8

/**
 * nat64_addr4_is_host() - whether an address may be that of a host
 * @addr4: IPv4 address
 *
 * RFC 1812 section 5.3.7: not 0.0.0.0/8, not 127.0.0.0/8, not multicast or
 * above.
 */
static inline bool nat64_addr4_is_host(__be32 addr4)
{
	u8 first = ntohl(addr4) >> 24;

	return first && first != 127 && first < 224;
}

/**
 * nat64_prefix_match() - whether an address lies in a translation prefix
 * @prefix: translation prefix in use
 * @addr: IPv6 address
 *
 * The length is at least 32, at most 96: three words are enough.
 */
static inline bool nat64_prefix_match(const struct nat64_prefix *prefix,
				      const struct in6_addr *addr)
{
	const __be32 *a = addr->s6_addr32;
	const __be32 *m = prefix->mask.s6_addr32;
	const __be32 *p = prefix->addr.s6_addr32;

	return !(((a[0] ^ p[0]) & m[0]) | ((a[1] ^ p[1]) & m[1]) |
		 ((a[2] ^ p[2]) & m[2]));
}

/**
 * nat64_addr_embed() - write an IPv4 address into a translation prefix
 * @prefix: translation prefix in use
 * @addr4: IPv4 address
 * @addr6: result
 *
 * RFC 6052 section 2.3. The suffix is zero.
 */
static inline void nat64_addr_embed(const struct nat64_prefix *prefix,
				    __be32 addr4, struct in6_addr *addr6)
{
	*addr6 = prefix->addr;
	if (likely(prefix->len == 96))
		addr6->s6_addr32[3] = addr4;
	else
		nat64_addr_insert_around_u(prefix, addr4, addr6);
}

#endif /* _NAT64_ADDR_H */
