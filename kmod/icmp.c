// SPDX-License-Identifier: GPL-2.0-only
#include "icmp.h"

#include <net/ipv6.h>

#include "route.h"

/* RFC 791: every link carries this much. */
#define IPV4_LEAST_MTU	68

/* A table entry for what has no counterpart. */
#define NONE		0xff

static enum nat64_icmp_kind icmp4_kind(u8 type)
{
	switch (type) {
	case ICMP_ECHO:
	case ICMP_ECHOREPLY:
		return NAT64_ICMP_ECHO;
	case ICMP_DEST_UNREACH:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETERPROB:
		return NAT64_ICMP_ERROR;
	}
	return NAT64_ICMP_OTHER;
}

static enum nat64_icmp_kind icmp6_kind(u8 type)
{
	switch (type) {
	case ICMPV6_ECHO_REQUEST:
	case ICMPV6_ECHO_REPLY:
		return NAT64_ICMP_ECHO;
	case ICMPV6_DEST_UNREACH:
	case ICMPV6_PKT_TOOBIG:
	case ICMPV6_TIME_EXCEED:
	case ICMPV6_PARAMPROB:
		return NAT64_ICMP_ERROR;
	}
	return NAT64_ICMP_OTHER;
}

/**
 * nat64_icmp_kind() - what kind of message an ICMP type is
 * @proto: IPPROTO_ICMP or IPPROTO_ICMPV6
 * @type: type
 *
 * RFC 7915 sections 4.2 and 5.2.
 */
enum nat64_icmp_kind nat64_icmp_kind(u8 proto, u8 type)
{
	return proto == IPPROTO_ICMP ? icmp4_kind(type) : icmp6_kind(type);
}

/**
 * nat64_icmp_classify() - find out what ICMP message a packet is
 * @p: packet with its headers parsed; gets @p->icmp_error
 *
 * RFC 7915 sections 1.2, 4.2 and 5.2.
 *
 * Return: NAT64_OK, NAT64_FRAGMENTED_ICMP, NAT64_MALFORMED, or NAT64_ICMP_TYPE
 * for messages that are dropped silently.
 */
enum nat64_counter nat64_icmp_classify(struct nat64_pkt *p)
{
	const struct icmphdr *icmp;
	enum nat64_icmp_kind kind;
	struct icmphdr buf;

	if (p->hdr.mf || p->hdr.frag_off)
		return NAT64_FRAGMENTED_ICMP;
	icmp = skb_header_pointer(p->skb, p->hdr.len, sizeof(buf), &buf);
	if (!icmp)
		return NAT64_MALFORMED;
	kind = nat64_icmp_kind(p->hdr.proto, icmp->type);
	p->icmp_error = kind == NAT64_ICMP_ERROR;
	return kind == NAT64_ICMP_OTHER ? NAT64_ICMP_TYPE : NAT64_OK;
}

/* RFC 7915 figure 3. */
static enum nat64_counter map_pointer46(struct nat64_icmp_header *new, u8 pointer)
{
	static const u8 to6[] = {
		0, 1, 4, 4, NONE, NONE, NONE, NONE, 7, 6, NONE, NONE,
		8, 8, 8, 8, 24, 24, 24, 24,
	};

	if (pointer >= ARRAY_SIZE(to6) || to6[pointer] == NONE)
		return NAT64_ICMP_POINTER;
	new->info = to6[pointer];
	return NAT64_OK;
}

/* RFC 7915 figure 6. */
static enum nat64_counter map_pointer64(struct nat64_icmp_header *new, u32 pointer)
{
	static const u8 to4[] = { 0, 1, NONE, NONE, 2, 2, 9, 8 };

	if (pointer >= sizeof(struct ipv6hdr))
		return NAT64_ICMP_POINTER;
	if (pointer >= offsetof(struct ipv6hdr, daddr))
		new->info = offsetof(struct iphdr, daddr);
	else if (pointer >= offsetof(struct ipv6hdr, saddr))
		new->info = offsetof(struct iphdr, saddr);
	else
		new->info = to4[pointer];
	return new->info == NONE ? NAT64_ICMP_POINTER : NAT64_OK;
}

/* RFC 7915 section 4.2, Destination Unreachable. */
static enum nat64_counter dest_unreach46(struct nat64_icmp_header *new, u8 code)
{
	static const u8 to6[] = {
		[ICMP_NET_UNREACH]	= ICMPV6_NOROUTE,
		[ICMP_HOST_UNREACH]	= ICMPV6_NOROUTE,
		[ICMP_PROT_UNREACH]	= ICMPV6_UNK_NEXTHDR,
		[ICMP_PORT_UNREACH]	= ICMPV6_PORT_UNREACH,
		[ICMP_FRAG_NEEDED]	= 0,
		[ICMP_SR_FAILED]	= ICMPV6_NOROUTE,
		[ICMP_NET_UNKNOWN]	= ICMPV6_NOROUTE,
		[ICMP_HOST_UNKNOWN]	= ICMPV6_NOROUTE,
		[ICMP_HOST_ISOLATED]	= ICMPV6_NOROUTE,
		[ICMP_NET_ANO]		= ICMPV6_ADM_PROHIBITED,
		[ICMP_HOST_ANO]		= ICMPV6_ADM_PROHIBITED,
		[ICMP_NET_UNR_TOS]	= ICMPV6_NOROUTE,
		[ICMP_HOST_UNR_TOS]	= ICMPV6_NOROUTE,
		[ICMP_PKT_FILTERED]	= ICMPV6_ADM_PROHIBITED,
		[ICMP_PREC_VIOLATION]	= NONE,
		[ICMP_PREC_CUTOFF]	= ICMPV6_ADM_PROHIBITED,
	};

	if (code >= ARRAY_SIZE(to6) || to6[code] == NONE)
		return NAT64_ICMP_TYPE;
	new->code = to6[code];
	new->type = ICMPV6_DEST_UNREACH;
	if (code == ICMP_PROT_UNREACH) {
		new->type = ICMPV6_PARAMPROB;
		new->info = offsetof(struct ipv6hdr, nexthdr);
	} else if (code == ICMP_FRAG_NEEDED) {
		new->type = ICMPV6_PKT_TOOBIG;
	}
	new->extensible = new->type == ICMPV6_DEST_UNREACH;
	return NAT64_OK;
}

/**
 * nat64_icmp46_type() - the ICMPv6 header of an ICMPv4 error
 * @old: ICMPv4 header
 * @new: result, zeroed by the caller; without the MTU of a Packet Too Big
 *
 * RFC 7915 section 4.2.
 *
 * Return: NAT64_OK, NAT64_ICMP_TYPE or NAT64_ICMP_POINTER.
 */
enum nat64_counter nat64_icmp46_type(const struct icmphdr *old,
				     struct nat64_icmp_header *new)
{
	switch (old->type) {
	case ICMP_DEST_UNREACH:
		return dest_unreach46(new, old->code);
	case ICMP_TIME_EXCEEDED:
		new->type = ICMPV6_TIME_EXCEED;
		new->code = old->code;
		new->extensible = true;
		return NAT64_OK;
	}
	if (old->code != 0 && old->code != 2)
		return NAT64_ICMP_TYPE;
	new->type = ICMPV6_PARAMPROB;
	new->code = ICMPV6_HDR_FIELD;
	return map_pointer46(new, ((const u8 *)&old->un)[0]);
}

/* RFC 7915 section 5.2, Destination Unreachable. */
static enum nat64_counter dest_unreach64(struct nat64_icmp_header *new, u8 code)
{
	static const u8 to4[] = {
		[ICMPV6_NOROUTE]	= ICMP_HOST_UNREACH,
		[ICMPV6_ADM_PROHIBITED]	= ICMP_HOST_ANO,
		[ICMPV6_NOT_NEIGHBOUR]	= ICMP_HOST_UNREACH,
		[ICMPV6_ADDR_UNREACH]	= ICMP_HOST_UNREACH,
		[ICMPV6_PORT_UNREACH]	= ICMP_PORT_UNREACH,
	};

	if (code >= ARRAY_SIZE(to4))
		return NAT64_ICMP_TYPE;
	new->type = ICMP_DEST_UNREACH;
	new->code = to4[code];
	new->extensible = true;
	return NAT64_OK;
}

/* RFC 7915 section 5.2, Parameter Problem. */
static enum nat64_counter param_problem64(struct nat64_icmp_header *new,
					  u8 code, u32 pointer)
{
	switch (code) {
	case ICMPV6_HDR_FIELD:
		new->type = ICMP_PARAMETERPROB;
		new->code = 0;
		return map_pointer64(new, pointer);
	case ICMPV6_UNK_NEXTHDR:
		new->type = ICMP_DEST_UNREACH;
		new->code = ICMP_PROT_UNREACH;
		return NAT64_OK;
	}
	return NAT64_ICMP_TYPE;
}

/**
 * nat64_icmp64_type() - the ICMPv4 header of an ICMPv6 error
 * @old: ICMPv6 header
 * @new: result, zeroed by the caller; without the MTU of a Fragmentation Needed
 *
 * RFC 7915 section 5.2.
 *
 * Return: NAT64_OK, NAT64_ICMP_TYPE or NAT64_ICMP_POINTER.
 */
enum nat64_counter nat64_icmp64_type(const struct icmp6hdr *old,
				     struct nat64_icmp_header *new)
{
	switch (old->icmp6_type) {
	case ICMPV6_DEST_UNREACH:
		return dest_unreach64(new, old->icmp6_code);
	case ICMPV6_PKT_TOOBIG:
		new->type = ICMP_DEST_UNREACH;
		new->code = ICMP_FRAG_NEEDED;
		return NAT64_OK;
	case ICMPV6_TIME_EXCEED:
		new->type = ICMP_TIME_EXCEEDED;
		new->code = old->icmp6_code;
		new->extensible = true;
		return NAT64_OK;
	}
	return param_problem64(new, old->icmp6_code, ntohl(old->icmp6_pointer));
}

/* RFC 1191 section 7.1, for routers that do not name an MTU. */
static u32 plateau_below(u32 total_len)
{
	static const u16 plateaus[] = { 65535, 32000, 17914, 8166, 4352, 2002,
					1492 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(plateaus); i++)
		if (plateaus[i] < total_len)
			return plateaus[i];
	return 0;
}

/**
 * nat64_icmp46_mtu() - the MTU of a Packet Too Big
 * @p: ICMPv4 error with its route
 * @mtu: MTU of the Fragmentation Needed, 0 from routers that name none
 * @quoted_len: total length of the quoted packet
 * @quoted_daddr: its destination
 *
 * RFC 7915 section 4.2.
 */
u32 nat64_icmp46_mtu(const struct nat64_pkt *p, u32 mtu, u32 quoted_len,
		     __be32 quoted_daddr)
{
	u32 grow = sizeof(struct ipv6hdr) - sizeof(struct iphdr);

	if (!mtu)
		mtu = plateau_below(quoted_len);
	mtu = min3(mtu + grow, p->mtu,
		   nat64_route4_mtu(p, quoted_daddr) + grow);
	return max_t(u32, mtu, IPV6_MIN_MTU);
}

/**
 * nat64_icmp64_mtu() - the MTU of a Fragmentation Needed
 * @p: ICMPv6 error with its route
 * @mtu: MTU of the Packet Too Big
 * @quoted_daddr: destination of the quoted packet
 *
 * RFC 7915 section 5.2.
 */
u32 nat64_icmp64_mtu(const struct nat64_pkt *p, u32 mtu,
		     const struct in6_addr *quoted_daddr)
{
	u32 shrink = sizeof(struct ipv6hdr) - sizeof(struct iphdr);

	mtu = min3(mtu, p->mtu + shrink, nat64_route6_mtu(p, quoted_daddr));
	return max_t(u32, mtu, IPV4_LEAST_MTU + shrink) - shrink;
}
