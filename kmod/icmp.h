/* SPDX-License-Identifier: GPL-2.0-only */
/* ICMP types, codes, pointers and MTUs (RFC 7915 sections 4.2 and 5.2). */
#ifndef _NAT64_ICMP_H
#define _NAT64_ICMP_H

#include <linux/icmp.h>
#include <linux/icmpv6.h>

#include "pkt.h"

/**
 * enum nat64_icmp_kind - what an ICMP message is
 * @NAT64_ICMP_OTHER: not translated
 * @NAT64_ICMP_ECHO: echo request or reply
 * @NAT64_ICMP_ERROR: error, which quotes a packet
 */
enum nat64_icmp_kind {
	NAT64_ICMP_OTHER,
	NAT64_ICMP_ECHO,
	NAT64_ICMP_ERROR,
};

/**
 * struct nat64_icmp_header - the ICMP header of a translated error
 * @info: MTU or pointer
 * @type: type
 * @code: code
 * @extensible: this type may have an RFC 4884 extension
 */
struct nat64_icmp_header {
	u32	info;
	u8	type;
	u8	code;
	bool	extensible;
};

enum nat64_icmp_kind nat64_icmp_kind(u8 proto, u8 type);
enum nat64_counter nat64_icmp_classify(struct nat64_pkt *p);
enum nat64_counter nat64_icmp46_type(const struct icmphdr *old,
				     struct nat64_icmp_header *new);
enum nat64_counter nat64_icmp64_type(const struct icmp6hdr *old,
				     struct nat64_icmp_header *new);
u32 nat64_icmp46_mtu(const struct nat64_pkt *p, u32 mtu, u32 quoted_len,
		     __be32 quoted_daddr);
u32 nat64_icmp64_mtu(const struct nat64_pkt *p, u32 mtu,
		     const struct in6_addr *quoted_daddr);

/**
 * nat64_icmp_echo_type() - the type of an echo message in the other family
 * @type: type of an echo request or reply
 */
static inline u8 nat64_icmp_echo_type(u8 type)
{
	switch (type) {
	case ICMP_ECHO:
		return ICMPV6_ECHO_REQUEST;
	case ICMP_ECHOREPLY:
		return ICMPV6_ECHO_REPLY;
	case ICMPV6_ECHO_REQUEST:
		return ICMP_ECHO;
	default:
		return ICMP_ECHOREPLY;
	}
}

#endif /* _NAT64_ICMP_H */
