/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Checksums by difference (RFC 1624): what arrives corrupt leaves corrupt, and
 * the payload is never read.
 */
#ifndef _NAT64_CSUM_H
#define _NAT64_CSUM_H

#include <linux/dccp.h>
#include <linux/icmp.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/types.h>
#include <linux/udp.h>
#include <net/checksum.h>

#include "addr.h"
#include "parse.h"

__wsum nat64_csum_pseudo6(const struct nat64_addrs *a, u32 len);
void nat64_csum_icmp_header(struct icmphdr *icmp, u8 type, __wsum pseudo);
void nat64_csum_icmp(struct sk_buff *skb, unsigned int l4, u8 type,
		     __wsum pseudo);

/**
 * nat64_csum_offset() - where a transport header has its checksum
 * @proto: protocol
 *
 * Return: offset of the checksum that covers the pseudo-header, or -1.
 */
static inline int nat64_csum_offset(u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return offsetof(struct tcphdr, check);
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		return offsetof(struct udphdr, check);
	case IPPROTO_DCCP:
		return offsetof(struct dccp_hdr, dccph_checksum);
	}
	return -1;
}

/**
 * nat64_csum_find() - where a packet carries the checksum of its transport
 * @hdr: packet
 *
 * RFC 7915 sections 4.5 and 5.5. The field may be in a later fragment, as that
 * of a TCP segment whose first fragment is only 8 or 16 bytes long.
 *
 * Return: offset from the end of the network headers, -1 when the packet has
 * no such field.
 */
static inline int nat64_csum_find(const struct nat64_hdr *hdr)
{
	int at = nat64_csum_offset(hdr->proto) - hdr->frag_off * 8;

	if (at < 0 || at + sizeof(__sum16) > hdr->payload)
		return -1;
	return at;
}

/**
 * nat64_csum_words6() - the sum of an IPv6 address, with all its carries
 * @addr: address
 *
 * Return: for nat64_csum_fold64().
 */
static inline u64 nat64_csum_words6(const struct in6_addr *addr)
{
	const __be32 *word = addr->s6_addr32;

	return (u64)(__force u32)word[0] + (__force u32)word[1] +
	       (__force u32)word[2] + (__force u32)word[3];
}

/**
 * nat64_csum_fold64() - fold the carries of a sum back into it
 * @sum: sum of 32-bit words
 *
 * Return: ones' complement sum.
 */
static inline __wsum nat64_csum_fold64(u64 sum)
{
	sum = (sum & U32_MAX) + (sum >> 32);
	sum = (sum & U32_MAX) + (sum >> 32);
	return (__force __wsum)sum;
}

/**
 * nat64_csum_addrs() - what a pseudo-header gains from IPv4 to IPv6
 * @a: addresses in both families
 *
 * Length and protocol count the same in both families (RFC 8200 section 8.1).
 * From IPv6 to IPv4 it loses as much: negate the sum with ~.
 *
 * Return: ones' complement sum.
 */
static inline __wsum nat64_csum_addrs(const struct nat64_addrs *a)
{
	return nat64_csum_fold64(nat64_csum_words6(&a->src6) +
				 nat64_csum_words6(&a->dst6) +
				 (u32)~(__force u32)a->src4 +
				 (u32)~(__force u32)a->dst4);
}

/**
 * nat64_csum_is_partial() - whether the device is to finish this checksum
 * @skb: packet
 * @l4: offset of the header that has the checksum
 * @at: offset of the checksum in that header
 *
 * An unfinished checksum may be that of a packet inside, in a tunnel: then
 * nothing is left to do for this one.
 */
static inline bool nat64_csum_is_partial(const struct sk_buff *skb,
					 unsigned int l4, unsigned int at)
{
	return skb->ip_summed == CHECKSUM_PARTIAL &&
	       skb_checksum_start_offset(skb) == l4 && skb->csum_offset == at;
}

/**
 * nat64_csum_start_in_headers() - whether a device would sum up network headers
 * @skb: packet
 * @len: length of its network headers
 *
 * Guests say themselves where the sum begins. What is in front of it must stay.
 */
static inline bool nat64_csum_start_in_headers(const struct sk_buff *skb,
					       unsigned int len)
{
	return skb->ip_summed == CHECKSUM_PARTIAL &&
	       skb_checksum_start_offset(skb) < (int)len;
}

/**
 * nat64_csum_add_to_seed() - carry a new pseudo-header into an unfinished sum
 * @seed: the checksum field, which holds the sum of the pseudo-header
 * @diff: what that gained
 */
static inline void nat64_csum_add_to_seed(__sum16 *seed, __wsum diff)
{
	*seed = ~csum_fold(csum_add(csum_unfold(*seed), diff));
}

/**
 * nat64_csum_update() - carry a new pseudo-header into a finished checksum
 * @field: the checksum
 * @udp: of UDP or UDP-Lite
 * @diff: what the pseudo-header gained
 *
 * A UDP checksum that becomes zero is sent as 0xffff (RFC 768).
 */
static inline void nat64_csum_update(__sum16 *field, bool udp, __wsum diff)
{
	csum_replace_by_diff(field, diff);
	if (udp && !*field)
		*field = CSUM_MANGLED_0;
}

/**
 * nat64_csum_transport() - carry a new pseudo-header into a checksum
 * @skb: packet, writable up to the field
 * @l4: offset of the transport header, or of the part in this fragment
 * @proto: protocol
 * @at: offset of the field from @l4, of nat64_csum_find()
 * @diff: what the pseudo-header gained
 *
 * A UDP checksum of zero is none, and stays so.
 */
static inline void nat64_csum_transport(struct sk_buff *skb, unsigned int l4,
					u8 proto, unsigned int at, __wsum diff)
{
	__sum16 *field = (__sum16 *)(skb->data + l4 + at);
	bool udp = proto == IPPROTO_UDP || proto == IPPROTO_UDPLITE;

	if (nat64_csum_is_partial(skb, l4, at)) {
		nat64_csum_add_to_seed(field, diff);
		return;
	}
	if (udp && !*field)
		return;
	nat64_csum_update(field, udp, diff);
}

#endif /* _NAT64_CSUM_H */
