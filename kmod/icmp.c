// SPDX-License-Identifier: GPL-2.0
/* ICMP: RFC 7915 sections 4.2 to 4.4 and 5.2 to 5.4, RFC 4884, RFC 1191. */
#include "icmp.h"

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <net/icmp.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>
#include <net/route.h>

#include "skb.h"
#include "route.h"
#include "xlat.h"

#define ICMP_LEN	8

/* The longest errors: RFC 4443 section 2.4, RFC 1812 section 4.3.2.3. */
#define MAX_ICMP6	(IPV6_MIN_MTU - sizeof(struct ipv6hdr))
#define MAX_ICMP4	(576 - sizeof(struct iphdr))

/* RFC 4884 section 4: the quote in front of an extension. */
#define MIN_QUOTE	128
#define UNIT4		4
#define UNIT6		8

/* RFC 791: every link carries this much. */
#define IPV4_LEAST_MTU	68

/* A table entry for what has no counterpart. */
#define NONE		0xff

/**
 * struct quote - an ICMP error being translated
 * @hdr: headers of the packet that it quotes
 * @a: addresses of that packet in both families
 * @old_len: bytes of the ICMP message
 * @hdr_len: length of the quoted packet's headers after translation
 * @body: bytes of the quoted packet kept behind its headers
 * @old_body: bytes of it there were
 * @pad: zeros behind them
 * @ext: bytes of RFC 4884 extension kept behind those
 * @ext_off: where they were, from the ICMP header on
 * @info: MTU or pointer
 * @type: new type
 * @code: new code
 * @extensible: the new type may have an extension
 */
struct quote {
	struct nat64_hdr	hdr;
	struct nat64_addrs	a;
	unsigned int		old_len;
	unsigned int		hdr_len;
	unsigned int		body;
	unsigned int		old_body;
	unsigned int		pad;
	unsigned int		ext;
	unsigned int		ext_off;
	u32			info;
	u8			type;
	u8			code;
	bool			extensible;
};

static enum nat64_counter classify4(struct nat64_pkt *p, u8 type)
{
	switch (type) {
	case ICMP_ECHO:
	case ICMP_ECHOREPLY:
		return NAT64_OK;
	case ICMP_DEST_UNREACH:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETERPROB:
		p->icmp_error = true;
		return NAT64_OK;
	}
	return NAT64_ICMP_TYPE;
}

static enum nat64_counter classify6(struct nat64_pkt *p, u8 type)
{
	switch (type) {
	case ICMPV6_ECHO_REQUEST:
	case ICMPV6_ECHO_REPLY:
		return NAT64_OK;
	case ICMPV6_DEST_UNREACH:
	case ICMPV6_PKT_TOOBIG:
	case ICMPV6_TIME_EXCEED:
	case ICMPV6_PARAMPROB:
		p->icmp_error = true;
		return NAT64_OK;
	}
	return NAT64_ICMP_TYPE;
}

/**
 * nat64_icmp_classify() - what kind of ICMP message this is
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
	struct icmphdr buf;

	if (p->hdr.mf || p->hdr.frag_off)
		return NAT64_FRAGMENTED_ICMP;
	icmp = skb_header_pointer(p->skb, p->hdr.len, sizeof(buf), &buf);
	if (!icmp)
		return NAT64_MALFORMED;
	return p->hdr.proto == IPPROTO_ICMP ? classify4(p, icmp->type) :
					      classify6(p, icmp->type);
}

/**
 * nat64_icmp_echo_type() - the type of an echo message in the other family
 * @type: type of an echo request or reply
 */
u8 nat64_icmp_echo_type(u8 type)
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

/* RFC 7915 figure 3. */
static enum nat64_counter pointer46(struct quote *q, u8 pointer)
{
	static const u8 to6[] = {
		0, 1, 4, 4, NONE, NONE, NONE, NONE, 7, 6, NONE, NONE,
		8, 8, 8, 8, 24, 24, 24, 24,
	};

	if (pointer >= ARRAY_SIZE(to6) || to6[pointer] == NONE)
		return NAT64_ICMP_POINTER;
	q->info = to6[pointer];
	return NAT64_OK;
}

/* RFC 7915 figure 6. */
static enum nat64_counter pointer64(struct quote *q, u32 pointer)
{
	static const u8 to4[] = { 0, 1, NONE, NONE, 2, 2, 9, 8 };

	if (pointer >= sizeof(struct ipv6hdr))
		return NAT64_ICMP_POINTER;
	if (pointer >= offsetof(struct ipv6hdr, daddr))
		q->info = offsetof(struct iphdr, daddr);
	else if (pointer >= offsetof(struct ipv6hdr, saddr))
		q->info = offsetof(struct iphdr, saddr);
	else
		q->info = to4[pointer];
	return q->info == NONE ? NAT64_ICMP_POINTER : NAT64_OK;
}

/* RFC 7915 section 4.2, Destination Unreachable. */
static enum nat64_counter unreachable46(struct quote *q, u8 code)
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
	q->code = to6[code];
	q->type = ICMPV6_DEST_UNREACH;
	if (code == ICMP_PROT_UNREACH) {
		q->type = ICMPV6_PARAMPROB;
		q->info = offsetof(struct ipv6hdr, nexthdr);
	} else if (code == ICMP_FRAG_NEEDED) {
		q->type = ICMPV6_PKT_TOOBIG;
	}
	q->extensible = q->type == ICMPV6_DEST_UNREACH;
	return NAT64_OK;
}

/* RFC 7915 section 4.2. */
static enum nat64_counter type46(struct quote *q, const struct icmphdr *icmp)
{
	switch (icmp->type) {
	case ICMP_DEST_UNREACH:
		return unreachable46(q, icmp->code);
	case ICMP_TIME_EXCEEDED:
		q->type = ICMPV6_TIME_EXCEED;
		q->code = icmp->code;
		q->extensible = true;
		return NAT64_OK;
	}
	if (icmp->code != 0 && icmp->code != 2)
		return NAT64_ICMP_TYPE;
	q->type = ICMPV6_PARAMPROB;
	q->code = ICMPV6_HDR_FIELD;
	return pointer46(q, ((const u8 *)&icmp->un)[0]);
}

/* RFC 7915 section 5.2, Destination Unreachable. */
static enum nat64_counter unreachable64(struct quote *q, u8 code)
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
	q->type = ICMP_DEST_UNREACH;
	q->code = to4[code];
	q->extensible = true;
	return NAT64_OK;
}

/* RFC 7915 section 5.2, Parameter Problem. */
static enum nat64_counter parameter64(struct quote *q, u8 code, u32 pointer)
{
	switch (code) {
	case ICMPV6_HDR_FIELD:
		q->type = ICMP_PARAMETERPROB;
		q->code = 0;
		return pointer64(q, pointer);
	case ICMPV6_UNK_NEXTHDR:
		q->type = ICMP_DEST_UNREACH;
		q->code = ICMP_PROT_UNREACH;
		return NAT64_OK;
	}
	return NAT64_ICMP_TYPE;
}

/* RFC 7915 section 5.2. */
static enum nat64_counter type64(struct quote *q, const struct icmp6hdr *icmp)
{
	switch (icmp->icmp6_type) {
	case ICMPV6_DEST_UNREACH:
		return unreachable64(q, icmp->icmp6_code);
	case ICMPV6_PKT_TOOBIG:
		q->type = ICMP_DEST_UNREACH;
		q->code = ICMP_FRAG_NEEDED;
		return NAT64_OK;
	case ICMPV6_TIME_EXCEED:
		q->type = ICMP_TIME_EXCEEDED;
		q->code = icmp->icmp6_code;
		q->extensible = true;
		return NAT64_OK;
	}
	return parameter64(q, icmp->icmp6_code, ntohl(icmp->icmp6_pointer));
}

/* RFC 1191 section 7.1, for routers that do not name an MTU. */
static u32 plateau(u32 total_len)
{
	static const u16 plateaus[] = { 65535, 32000, 17914, 8166, 4352, 2002,
					1492 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(plateaus); i++)
		if (plateaus[i] < total_len)
			return plateaus[i];
	return 0;
}

/* RFC 7915 section 4.2, Fragmentation Needed: MTU of a Packet Too Big. */
static void mtu46(const struct nat64_pkt *p, struct quote *q, u32 mtu)
{
	u32 grow = sizeof(struct ipv6hdr) - sizeof(struct iphdr);

	if (!mtu)
		mtu = plateau(q->hdr.len + q->hdr.payload);
	mtu = min3(mtu + grow, p->mtu,
		   nat64_route4_mtu(p, q->a.dst4) + grow);
	q->info = max_t(u32, mtu, IPV6_MIN_MTU);
}

/* RFC 7915 section 5.2, Packet Too Big: MTU of a Fragmentation Needed. */
static void mtu64(const struct nat64_pkt *p, struct quote *q, u32 mtu)
{
	u32 shrink = sizeof(struct ipv6hdr) - sizeof(struct iphdr);

	mtu = min3(mtu, p->mtu + shrink, nat64_route6_mtu(p, &q->a.dst6));
	q->info = max_t(u32, mtu, IPV4_LEAST_MTU + shrink) - shrink;
}

/*
 * RFC 792: a quote has 8 bytes of the transport header. Sections 4.3 and 5.3:
 * no error is inside an error, and nothing that cannot be translated.
 */
static enum nat64_counter check_inner(const struct nat64_pkt *p,
				      const struct quote *q)
{
	struct nat64_pkt inner = { .hdr = q->hdr };
	unsigned int off = p->hdr.len + ICMP_LEN + q->hdr.len;
	u8 *type, buf;

	if (off + min_t(u32, q->hdr.payload, ICMP_LEN) > p->skb->len)
		return NAT64_ICMP_INNER;
	if (q->hdr.proto != p->hdr.proto || q->hdr.frag_off)
		return NAT64_OK;
	type = skb_header_pointer(p->skb, off, sizeof(buf), &buf);
	if (!type || q->hdr.payload < ICMP_LEN)
		return NAT64_ICMP_INNER;
	if (p->hdr.proto == IPPROTO_ICMP ? classify4(&inner, *type) :
					   classify6(&inner, *type))
		return NAT64_ICMP_INNER;
	return inner.icmp_error ? NAT64_ICMP_INNER_ERROR : NAT64_OK;
}

/*
 * What stays of the quote and of the extension behind it. An extension has its
 * quote cut rather than itself, down to what RFC 4884 wants; @quoted is the
 * length attribute in bytes, @unit what the new one counts in.
 */
static void lay_out(struct quote *q, unsigned int quoted, unsigned int unit,
		    unsigned int max)
{
	unsigned int avail = q->old_len - ICMP_LEN;
	unsigned int room = max - ICMP_LEN;
	unsigned int total;

	q->pad = 0;
	q->ext = 0;
	if (quoted < q->hdr.len + ICMP_LEN || quoted >= avail)
		quoted = avail;
	q->ext_off = ICMP_LEN + quoted;
	q->old_body = quoted - q->hdr.len;
	q->body = min(q->old_body, room - q->hdr_len);
	if (!q->extensible || quoted == avail)
		return;

	q->ext = min(avail - quoted, room - MIN_QUOTE);
	total = max_t(unsigned int, MIN_QUOTE,
		      ALIGN(q->hdr_len + q->old_body, unit));
	total = min(total, round_down(room - q->ext, unit));
	q->body = min(q->old_body, total - q->hdr_len);
	q->pad = total - q->hdr_len - q->body;
}

/*
 * Makes the message linear, its own, and with room in front and behind; what
 * is left cannot fail. Errors are small and rare: a copy is no matter.
 */
static enum nat64_counter make_room(struct nat64_pkt *p)
{
	unsigned int head = LL_RESERVED_SPACE(p->dst->dev) +
			    sizeof(struct ipv6hdr) + NAT64_HDR6_LEN(&p->hdr) +
			    sizeof(struct frag_hdr);

	if (p->dry)
		return NAT64_DRY;
	if (skb_linearize(p->skb) ||
	    pskb_expand_head(p->skb, ALIGN(head, NET_SKB_PAD), MIN_QUOTE,
			     GFP_ATOMIC))
		return NAT64_NO_MEMORY;
	return NAT64_OK;
}

/* The quoted packet's transport header, as its sender would know it. */
static void edit_inner_transport(struct sk_buff *skb, const struct quote *q,
				 bool to6)
{
	int at = nat64_csum_find(&q->hdr);
	__wsum pseudo;

	if (q->hdr.proto == (to6 ? IPPROTO_ICMP : IPPROTO_ICMPV6)) {
		if (q->hdr.frag_off || q->body < sizeof(__be32))
			return;
		pseudo = nat64_csum_pseudo6(&q->a, q->hdr.payload);
		nat64_csum_icmp(skb, 0, nat64_icmp_echo_type(*skb->data),
				to6 ? pseudo : ~pseudo);
		return;
	}
	if (at < 0 || at + sizeof(__sum16) > q->body)
		return;
	pseudo = nat64_csum_addrs(&q->a);
	nat64_csum_transport(skb, 0, q->hdr.proto, at, to6 ? pseudo : ~pseudo);
}

/* Brings body, padding and extension into their new places. */
static void edit_tail(struct sk_buff *skb, const struct quote *q)
{
	unsigned int new = q->body + q->pad + q->ext;
	u8 *body = skb->data;
	u8 *ext = body + q->old_body;

	if (new > skb->len)
		skb_put(skb, new - skb->len);
	memmove(body + q->body + q->pad, ext, q->ext);
	memset(body + q->body, 0, q->pad);
	__skb_trim(skb, new);
}

/*
 * Rewrites everything behind the outer headers, which stay room for those to
 * come. @write_inner writes the quoted header, @word is the second word of
 * the ICMP header.
 */
static struct icmphdr *
edit_message(struct nat64_pkt *p, const struct quote *q, bool to6, __be32 word)
{
	struct sk_buff *skb = p->skb;
	struct icmphdr *icmp;
	bool df = sizeof(struct iphdr) + q->hdr.payload >
		  IPV6_MIN_MTU - sizeof(struct iphdr);

	skb->ip_summed = CHECKSUM_NONE;
	__skb_pull(skb, p->hdr.len + ICMP_LEN + q->hdr.len);
	edit_inner_transport(skb, q, to6);
	edit_tail(skb, q);
	__skb_push(skb, q->hdr_len);
	if (to6)
		nat64_xlat46_write(skb->data, &q->hdr, &q->a,
				   p->cfg->set.traffic_class, q->hdr.ttl,
				   q->hdr.payload);
	else
		nat64_xlat64_write(skb->data, &q->hdr, &q->a, p->cfg->set.tos,
				   q->hdr.ttl, 0, df, q->hdr.payload);
	icmp = __skb_push(skb, ICMP_LEN);
	icmp->type = q->type;
	icmp->code = q->code;
	icmp->checksum = 0;
	icmp->un.gateway = word;
	p->hdr.payload = skb->len;
	__skb_push(skb, p->hdr.len);
	skb_reset_network_header(skb);
	return icmp;
}

/*
 * The sum of a message, its own checksum included: nothing, unless it is
 * corrupt. Added to the new checksum, it keeps the message corrupt.
 */
static __wsum residue(const struct nat64_pkt *p, __wsum pseudo)
{
	if (p->skb->ip_summed == CHECKSUM_PARTIAL)
		return 0;
	return skb_checksum(p->skb, p->hdr.len, p->hdr.payload, pseudo);
}

static void finish_checksum(struct nat64_pkt *p, struct icmphdr *icmp,
			    __wsum pseudo, __wsum old)
{
	__wsum sum = csum_partial(icmp, p->hdr.payload, pseudo);

	icmp->checksum = csum_fold(csum_sub(sum, old));
}

/* Section 6 for an address of the quoted packet. */
static bool map_quoted4(const struct nat64_pkt *p, bool mapped, __be32 addr4,
			struct in6_addr *addr6)
{
	const struct nat64_eam *eam;

	eam = mapped ? nat64_eam_find4(p->cfg->table, addr4) : NULL;
	if (eam) {
		nat64_eam_to6(eam, addr4, addr6);
		return true;
	}
	if (!p->prefix || !nat64_config_carries(p->cfg, p->prefix, addr4))
		return false;
	nat64_addr_embed(p->prefix, addr4, addr6);
	return true;
}

static enum nat64_counter read_quote46(const struct nat64_pkt *p,
				       struct quote *q)
{
	unsigned int off = p->hdr.len + ICMP_LEN;
	const struct iphdr *iph;
	struct iphdr buf;

	if (!nat64_parse4_quote(p->skb, off, &q->hdr))
		return NAT64_ICMP_INNER;
	iph = skb_header_pointer(p->skb, off, sizeof(buf), &buf);
	q->a.src4 = iph->saddr;
	q->a.dst4 = iph->daddr;
	q->hdr_len = NAT64_HDR6_LEN(&q->hdr);
	/* RFC 7757 section 4.2.1, rule 2. */
	if (!map_quoted4(p, true, q->a.src4, &q->a.src6) ||
	    !map_quoted4(p, !p->cfg->set.hairpin || !p->prefix, q->a.dst4,
			 &q->a.dst6))
		return NAT64_ICMP_INNER;
	return check_inner(p, q);
}

/* The second word: length attribute, MTU or pointer (RFC 4884 section 4). */
static __be32 word6(const struct quote *q)
{
	u32 length = q->ext ? (q->hdr_len + q->body + q->pad) / UNIT6 : 0;

	return q->extensible ? htonl(length << 24) : htonl(q->info);
}

/**
 * nat64_icmp46() - translate the message of an ICMPv4 error
 * @p: packet with a route; its ICMP message becomes that of ICMPv6, its outer
 *	headers become room, @p->hdr.payload the new length
 *
 * RFC 7915 sections 4.2 and 4.3.
 *
 * Return: NAT64_OK, or the reason why the packet is still as it was.
 */
enum nat64_counter nat64_icmp46(struct nat64_pkt *p)
{
	struct quote q = { .old_len = p->hdr.payload };
	enum nat64_counter reason;
	const struct icmphdr *old;
	struct icmphdr buf, *icmp;
	__wsum sum;

	old = skb_header_pointer(p->skb, p->hdr.len, sizeof(buf), &buf);
	reason = type46(&q, old) ?: read_quote46(p, &q);
	if (reason)
		return reason;
	if (q.type == ICMPV6_PKT_TOOBIG)
		mtu46(p, &q, ntohs(old->un.frag.mtu));
	lay_out(&q, ((const u8 *)&old->un)[1] * UNIT4, UNIT6, MAX_ICMP6);
	sum = residue(p, 0);
	reason = make_room(p);
	if (reason)
		return reason;
	icmp = edit_message(p, &q, true, word6(&q));
	finish_checksum(p, icmp, nat64_csum_pseudo6(&p->a, p->hdr.payload),
			sum);
	return NAT64_OK;
}

/* Section 6 for an address of the quoted packet. */
static bool map_quoted6(const struct nat64_pkt *p, const struct in6_addr *addr6,
			__be32 *addr4)
{
	const struct nat64_prefix *prefix;
	const struct nat64_eam *eam;

	eam = nat64_eam_find6(p->cfg->table, addr6);
	if (eam) {
		*addr4 = nat64_eam_to4(eam, addr6);
		return true;
	}
	prefix = nat64_prefix_find(p->cfg, addr6);
	return prefix && !nat64_addr_extract(prefix, addr6, addr4) &&
	       nat64_config_carries(p->cfg, prefix, *addr4);
}

static enum nat64_counter read_quote64(const struct nat64_pkt *p,
				       struct quote *q)
{
	unsigned int off = p->hdr.len + ICMP_LEN;
	const struct ipv6hdr *ip6h;
	struct ipv6hdr buf;

	if (!nat64_parse6_quote(p->skb, off, &q->hdr) ||
	    q->hdr.payload > IP_MAX_MTU - sizeof(struct iphdr))
		return NAT64_ICMP_INNER;
	ip6h = skb_header_pointer(p->skb, off, sizeof(buf), &buf);
	q->a.src6 = ip6h->saddr;
	q->a.dst6 = ip6h->daddr;
	q->hdr_len = sizeof(struct iphdr);
	if (!map_quoted6(p, &q->a.src6, &q->a.src4) ||
	    !map_quoted6(p, &q->a.dst6, &q->a.dst4))
		return NAT64_ICMP_INNER;
	return check_inner(p, q);
}

static __be32 word4(const struct quote *q)
{
	u32 length = q->ext ? (q->hdr_len + q->body + q->pad) / UNIT4 : 0;

	if (q->type == ICMP_PARAMETERPROB)
		return htonl(q->info << 24);
	return htonl(length << 16 | q->info);
}

/**
 * nat64_icmp64() - translate the message of an ICMPv6 error
 * @p: packet with a route; its ICMP message becomes that of ICMPv4, its outer
 *	headers become room, @p->hdr.payload the new length
 *
 * RFC 7915 sections 5.2 and 5.3.
 *
 * Return: NAT64_OK, or the reason why the packet is still as it was.
 */
enum nat64_counter nat64_icmp64(struct nat64_pkt *p)
{
	struct quote q = { .old_len = p->hdr.payload };
	const struct icmp6hdr *old;
	enum nat64_counter reason;
	unsigned int quoted = 0;
	struct icmp6hdr buf;
	struct icmphdr *icmp;
	__wsum sum;

	old = skb_header_pointer(p->skb, p->hdr.len, sizeof(buf), &buf);
	reason = type64(&q, old) ?: read_quote64(p, &q);
	if (reason)
		return reason;
	if (old->icmp6_type == ICMPV6_PKT_TOOBIG)
		mtu64(p, &q, ntohl(old->icmp6_mtu));
	if (q.extensible)
		quoted = ((const u8 *)&old->icmp6_dataun)[0] * UNIT6;
	lay_out(&q, quoted, UNIT4, MAX_ICMP4);
	sum = residue(p, nat64_csum_pseudo6(&p->a, p->hdr.payload));
	reason = make_room(p);
	if (reason)
		return reason;
	icmp = edit_message(p, &q, false, word4(&q));
	finish_checksum(p, icmp, 0, sum);
	return NAT64_OK;
}
