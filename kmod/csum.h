/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checksums by difference (RFC 1624): what arrives corrupt leaves corrupt, and
 * the payload is never read.
 */
#ifndef _NAT64_CSUM_H
#define _NAT64_CSUM_H

#include <linux/in6.h>
#include <linux/skbuff.h>
#include <linux/types.h>
#include <net/checksum.h>

#include "parse.h"

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

int nat64_csum_find(const struct nat64_hdr *hdr);
__wsum nat64_csum_addrs(const struct nat64_addrs *a);
__wsum nat64_csum_pseudo6(const struct nat64_addrs *a, u32 len);
void nat64_csum_transport(struct sk_buff *skb, unsigned int l4, u8 proto,
			  unsigned int at, __wsum diff);
void nat64_csum_icmp(struct sk_buff *skb, unsigned int l4, u8 type,
		     __wsum pseudo);

#endif /* _NAT64_CSUM_H */
