// SPDX-License-Identifier: GPL-2.0-only
#include "csum.h"

#include <linux/icmp.h>
#include <linux/in.h>

/**
 * nat64_csum_pseudo6() - the pseudo-header of ICMPv6
 * @a: addresses
 * @len: length of the ICMPv6 message
 *
 * RFC 8200 section 8.1. ICMPv4 has none.
 */
__wsum nat64_csum_pseudo6(const struct nat64_addrs *a, u32 len)
{
	return nat64_csum_fold64(nat64_csum_words6(&a->src6) +
				 nat64_csum_words6(&a->dst6) +
				 (__force u32)htonl(len) +
				 (__force u32)htonl(IPPROTO_ICMPV6));
}

/**
 * nat64_csum_icmp_header() - give an ICMP message its type of the other family
 * @icmp: its header, with a finished checksum
 * @type: new type; the code stays
 * @pseudo: what the pseudo-header adds, negated when it goes away
 *
 * RFC 7915 sections 4.2 and 5.2, for messages without a packet inside.
 */
void nat64_csum_icmp_header(struct icmphdr *icmp, u8 type, __wsum pseudo)
{
	__be16 old = htons(icmp->type << 8);
	__be16 new = htons(type << 8);

	icmp->type = type;
	csum_replace_by_diff(&icmp->checksum, pseudo);
	csum_replace2(&icmp->checksum, old, new);
	/* Of all zeros the checksum is 0xffff; the update may give 0. */
	if (!icmp->checksum && !icmp->type && !icmp->un.gateway)
		icmp->checksum = CSUM_MANGLED_0;
}

/**
 * nat64_csum_icmp() - the same for a packet whose checksum may be unfinished
 * @skb: packet, writable up to the checksum
 * @l4: offset of the ICMP header
 * @type: new type; the code stays
 * @pseudo: what the pseudo-header adds, negated when it goes away
 */
void nat64_csum_icmp(struct sk_buff *skb, unsigned int l4, u8 type,
		     __wsum pseudo)
{
	struct icmphdr *icmp = (struct icmphdr *)(skb->data + l4);

	if (nat64_csum_is_partial(skb, l4,
				  offsetof(struct icmphdr, checksum))) {
		icmp->type = type;
		nat64_csum_add_to_seed(&icmp->checksum, pseudo);
		return;
	}
	nat64_csum_icmp_header(icmp, type, pseudo);
}
