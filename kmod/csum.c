// SPDX-License-Identifier: GPL-2.0
#include "csum.h"

#include <linux/dccp.h>
#include <linux/icmp.h>
#include <linux/in.h>
#include <linux/tcp.h>
#include <linux/udp.h>

/* Offset of the checksum that covers the pseudo-header, or -1. */
static int csum_offset(u8 proto)
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
int nat64_csum_find(const struct nat64_hdr *hdr)
{
	int at = csum_offset(hdr->proto) - hdr->frag_off * 8;

	if (at < 0 || at + sizeof(__sum16) > hdr->payload)
		return -1;
	return at;
}

static u64 sum_addr6(const struct in6_addr *addr)
{
	const __be32 *word = addr->s6_addr32;

	return (u64)(__force u32)word[0] + (__force u32)word[1] +
	       (__force u32)word[2] + (__force u32)word[3];
}

static __wsum fold64(u64 sum)
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
 * The other way it loses as much: negate the sum with ~.
 */
__wsum nat64_csum_addrs(const struct nat64_addrs *a)
{
	return fold64(sum_addr6(&a->src6) +
		      sum_addr6(&a->dst6) +
		      (u32)~(__force u32)a->src4 + (u32)~(__force u32)a->dst4);
}

/**
 * nat64_csum_pseudo6() - the pseudo-header of ICMPv6
 * @a: addresses
 * @len: length of the ICMPv6 message
 *
 * RFC 8200 section 8.1. ICMPv4 has none.
 */
__wsum nat64_csum_pseudo6(const struct nat64_addrs *a, u32 len)
{
	return fold64(sum_addr6(&a->src6) +
		      sum_addr6(&a->dst6) +
		      (__force u32)htonl(len) +
		      (__force u32)htonl(IPPROTO_ICMPV6));
}

/* Whether the device is still to compute the checksum of this header. */
static bool is_partial(const struct sk_buff *skb, unsigned int l4)
{
	return skb->ip_summed == CHECKSUM_PARTIAL &&
	       skb_checksum_start_offset(skb) == l4;
}

/* The seed of an unfinished checksum is the sum of the pseudo-header. */
static void add_to_seed(__sum16 *seed, __wsum diff)
{
	*seed = ~csum_fold(csum_add(csum_unfold(*seed), diff));
}

/**
 * nat64_csum_transport() - carry a new pseudo-header into a checksum
 * @skb: packet, writable up to the field
 * @l4: offset of the transport header, or of the part in this fragment
 * @proto: protocol
 * @at: offset of the field from @l4, of nat64_csum_find()
 * @diff: what the pseudo-header gained
 *
 * A UDP checksum of zero is none, and stays so; one that becomes zero is sent
 * as 0xffff (RFC 768).
 */
void nat64_csum_transport(struct sk_buff *skb, unsigned int l4, u8 proto,
			  unsigned int at, __wsum diff)
{
	__sum16 *field = (__sum16 *)(skb->data + l4 + at);
	bool udp = proto == IPPROTO_UDP || proto == IPPROTO_UDPLITE;

	if (is_partial(skb, l4)) {
		add_to_seed(field, diff);
		return;
	}
	if (udp && !*field)
		return;
	csum_replace_by_diff(field, diff);
	if (udp && !*field)
		*field = CSUM_MANGLED_0;
}

/**
 * nat64_csum_icmp() - give an ICMP message its type of the other family
 * @skb: packet, writable up to the checksum
 * @l4: offset of the ICMP header
 * @type: new type; the code stays
 * @pseudo: what the pseudo-header adds, negated when it goes away
 *
 * RFC 7915 sections 4.2 and 5.2, for messages without a packet inside.
 */
void nat64_csum_icmp(struct sk_buff *skb, unsigned int l4, u8 type,
		     __wsum pseudo)
{
	struct icmphdr *icmp = (struct icmphdr *)(skb->data + l4);
	__be16 old = htons(icmp->type << 8);
	__be16 new = htons(type << 8);

	icmp->type = type;
	if (is_partial(skb, l4)) {
		add_to_seed(&icmp->checksum, pseudo);
		return;
	}
	csum_replace_by_diff(&icmp->checksum, pseudo);
	csum_replace2(&icmp->checksum, old, new);
	/* All zeros do not verify, and a sum by difference cannot tell. */
	if (!icmp->checksum && !icmp->type && !icmp->un.gateway)
		icmp->checksum = CSUM_MANGLED_0;
}
