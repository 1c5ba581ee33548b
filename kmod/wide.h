/* SPDX-License-Identifier: GPL-2.0-only */
/* IPv6 addresses as numbers of 128 bits. */
#ifndef _NAT64_WIDE_H
#define _NAT64_WIDE_H

#include <linux/in6.h>
#include <linux/types.h>

/**
 * struct nat64_wide - an IPv6 address as a number
 * @hi: its first 64 bits
 * @lo: its last 64 bits
 */
struct nat64_wide {
	u64 hi;
	u64 lo;
};

static inline struct nat64_wide nat64_wide_get(const struct in6_addr *addr)
{
	return (struct nat64_wide) {
		.hi = (u64)ntohl(addr->s6_addr32[0]) << 32 |
		      ntohl(addr->s6_addr32[1]),
		.lo = (u64)ntohl(addr->s6_addr32[2]) << 32 |
		      ntohl(addr->s6_addr32[3]),
	};
}

static inline void nat64_wide_put(struct nat64_wide w, struct in6_addr *addr)
{
	addr->s6_addr32[0] = htonl(w.hi >> 32);
	addr->s6_addr32[1] = htonl(w.hi);
	addr->s6_addr32[2] = htonl(w.lo >> 32);
	addr->s6_addr32[3] = htonl(w.lo);
}

/**
 * nat64_wide_cut() - clear the bits behind a prefix
 * @w: number
 * @len: length of the prefix, 0 to 128
 */
static inline struct nat64_wide nat64_wide_cut(struct nat64_wide w, u8 len)
{
	if (len < 64)
		return (struct nat64_wide) { .hi = w.hi & ~(~0ULL >> len) };
	w.lo &= len < 128 ? ~(~0ULL >> (len - 64)) : ~0ULL;
	return w;
}

/**
 * nat64_wide_next() - the prefix that follows a prefix
 * @w: prefix
 * @len: its length, 1 to 128
 */
static inline struct nat64_wide nat64_wide_next(struct nat64_wide w, u8 len)
{
	unsigned int bit = 128 - len;
	u64 lo = w.lo;

	if (bit < 64)
		w.lo += BIT_ULL(bit);
	w.hi += bit < 64 ? w.lo < lo : BIT_ULL(bit - 64);
	return w;
}

#endif /* _NAT64_WIDE_H */
