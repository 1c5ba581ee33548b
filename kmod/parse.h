/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads network headers, of packets and of packets quoted in ICMP errors. */
#ifndef _NAT64_PARSE_H
#define _NAT64_PARSE_H

#include <linux/skbuff.h>
#include <linux/types.h>

#include "addr.h"
#include "stats.h"

/**
 * struct nat64_hdr - what the network headers of a packet say
 * @payload: bytes behind the network headers, by their own account
 * @frag_id: identification, host byte order
 * @len: length of all network headers, options and extension headers included
 * @frag_off: fragment offset in 8-byte units
 * @proto: protocol of the transport header, in the packet's own family
 * @tos: TOS octet or traffic class
 * @ttl: TTL or hop limit
 * @frag: a fragment, or has a Fragment Header
 * @mf: more fragments follow
 * @df: IPv4 only: Don't Fragment
 */
struct nat64_hdr {
	u32	payload;
	u32	frag_id;
	u16	len;
	u16	frag_off;
	u8	proto;
	u8	tos;
	u8	ttl;
	bool	frag;
	bool	mf;
	bool	df;
};

enum nat64_counter nat64_parse4(const struct sk_buff *skb,
				struct nat64_hdr *hdr);
enum nat64_counter nat64_parse6(const struct sk_buff *skb,
				struct nat64_hdr *hdr, u32 *pointer);
bool nat64_parse4_quote(const struct sk_buff *skb, unsigned int off,
			struct nat64_hdr *hdr, struct nat64_addrs *a);
bool nat64_parse6_quote(const struct sk_buff *skb, unsigned int off,
			struct nat64_hdr *hdr, struct nat64_addrs *a);

#endif /* _NAT64_PARSE_H */
