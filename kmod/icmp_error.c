// SPDX-License-Identifier: GPL-2.0-only
#include "icmp_error.h"

#include <net/ip.h>
#include <net/ipv6.h>

#include "csum.h"
#include "header.h"
#include "icmp.h"
#include "map.h"
#include "skb.h"

#define ICMP_LEN	8
#define ICMP_CSUM	offsetof(struct icmphdr, checksum)

/* The longest errors: RFC 4443 section 2.4, RFC 1812 section 4.3.2.3. */
#define MAX_ICMP6	(IPV6_MIN_MTU - sizeof(struct ipv6hdr))
#define MAX_ICMP4	(576 - sizeof(struct iphdr))

/* RFC 4884 section 4: the quote in front of an extension, units of its length. */
#define MIN_QUOTE	128
#define RFC4884_UNIT4	4
#define RFC4884_UNIT6	8

/**
 * struct quote - an ICMP error being translated
 * @hdr: headers of the packet that it quotes
 * @a: addresses of that packet in both families
 * @icmp: the new ICMP header
 * @old_len: bytes of the ICMP message
 * @hdr_len: length of the quoted packet's headers after translation
 * @body: bytes of the quoted packet kept behind its headers
 * @old_body: bytes of it there were
 * @pad: zeros behind them
 * @ext: bytes of RFC 4884 extension kept behind those
 * @ext_off: where they were, from the ICMP header on
 */
struct quote {
	struct nat64_hdr	hdr;
	struct nat64_addrs	a;
	struct nat64_icmp_header icmp;
	unsigned int		old_len;
	unsigned int		hdr_len;
	unsigned int		body;
	unsigned int		old_body;
	unsigned int		pad;
	unsigned int		ext;
	unsigned int		ext_off;
};

/*
 * RFC 792: a quote has 8 bytes of the transport header. Sections 4.3 and 5.3:
 * no error is inside an error, and nothing that cannot be translated.
 */
static enum nat64_counter check_inner(const struct nat64_pkt *p,
				      const struct quote *q)
{
	unsigned int off = p->hdr.len + ICMP_LEN + q->hdr.len;
	u8 *type, buf;

	if (off + min_t(u32, q->hdr.payload, ICMP_LEN) > p->skb->len)
		return NAT64_ICMP_INNER_PACKET;
	if (q->hdr.proto != p->hdr.proto || q->hdr.frag_off)
		return NAT64_OK;
	type = skb_header_pointer(p->skb, off, sizeof(buf), &buf);
	if (!type || q->hdr.payload < ICMP_LEN)
		return NAT64_ICMP_INNER_PACKET;
	switch (nat64_icmp_kind(p->hdr.proto, *type)) {
	case NAT64_ICMP_ECHO:
		return NAT64_OK;
	case NAT64_ICMP_ERROR:
		return NAT64_ICMP_INNER_ERROR;
	default:
		return NAT64_ICMP_INNER_PACKET;
	}
}

/*
 * Decides how much is kept of the quote and of the extension behind it. The
 * quote is cut before the extension is, but not below the minimum of RFC 4884.
 * @quoted is the length attribute in bytes, @unit the unit of the new one.
 */
static void quote_layout(struct quote *q, unsigned int quoted,
			 unsigned int unit, unsigned int max)
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
	if (!q->icmp.extensible || quoted == avail)
		return;

	q->ext = min(avail - quoted, room - MIN_QUOTE);
	total = max_t(unsigned int, MIN_QUOTE,
		      ALIGN(q->hdr_len + q->old_body, unit));
	total = min(total, round_down(room - q->ext, unit));
	q->body = min(q->old_body, total - q->hdr_len);
	q->pad = total - q->hdr_len - q->body;
}

static unsigned int header_growth(unsigned int old, unsigned int new)
{
	return new > old ? new - old : 0;
}

static bool has_room(const struct sk_buff *skb, unsigned int head,
		     unsigned int tail)
{
	return !skb_cloned(skb) && skb_headroom(skb) >= head &&
	       skb_tailroom(skb) >= tail;
}

/*
 * Makes the message linear and unshared, with headroom for an outer header of
 * @outer bytes and tailroom for the padding; the edits that follow cannot fail.
 * A guest may have left another checksum to the device than that of the
 * message, such as one in the quote: it is finished here.
 */
static enum nat64_counter make_room(struct nat64_pkt *p, const struct quote *q,
				    unsigned int outer)
{
	unsigned int head = LL_RESERVED_SPACE(p->dst->dev) +
			    header_growth(q->hdr.len, q->hdr_len) +
			    header_growth(p->hdr.len, outer);
	enum nat64_counter reason = NAT64_OK;

	if (p->dry_run)
		return NAT64_DRY_RUN;
	if (!nat64_csum_is_partial(p->skb, p->hdr.len, ICMP_CSUM))
		reason = nat64_skb_finish_csum(p);
	if (reason)
		return reason;
	if (skb_linearize(p->skb))
		return NAT64_NO_MEMORY;
	if (likely(has_room(p->skb, head, q->pad)))
		return NAT64_OK;
	return pskb_expand_head(p->skb, ALIGN(head, NET_SKB_PAD), q->pad,
				GFP_ATOMIC) ? NAT64_NO_MEMORY : NAT64_OK;
}

/* Gives the quoted packet the transport header that its sender gave it. */
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

/* Moves body, padding and extension to their new offsets. */
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
 * Rewrites everything behind the outer headers, which are replaced later. @word
 * is the second word of the ICMP header.
 */
static struct icmphdr *
edit_message(struct nat64_pkt *p, const struct quote *q, bool to6, __be32 word)
{
	struct sk_buff *skb = p->skb;
	struct icmphdr *icmp;
	bool df = sizeof(struct iphdr) + q->hdr.payload > NAT64_MAX_WITHOUT_DF;
	bool has_ether = nat64_skb_has_ether(skb);
	struct nat64_ether ether;

	if (has_ether)
		ether = nat64_skb_ether(skb);
	skb->ip_summed = CHECKSUM_NONE;
	__skb_pull(skb, p->hdr.len + ICMP_LEN + q->hdr.len);
	edit_inner_transport(skb, q, to6);
	edit_tail(skb, q);
	__skb_push(skb, q->hdr_len);
	if (to6)
		nat64_header6_write(skb->data, &q->hdr, &q->a,
				    p->cfg->set.traffic_class, q->hdr.ttl,
				    q->hdr.payload);
	else
		nat64_header4_write(skb->data, &q->hdr, &q->a, p->cfg->set.tos,
				    q->hdr.ttl, 0, df, q->hdr.payload);
	icmp = __skb_push(skb, ICMP_LEN);
	icmp->type = q->icmp.type;
	icmp->code = q->icmp.code;
	icmp->checksum = 0;
	icmp->un.gateway = word;
	p->hdr.payload = skb->len;
	__skb_push(skb, p->hdr.len);
	skb_reset_network_header(skb);
	if (has_ether) {
		nat64_skb_put_ether(skb->data, ether);
		skb->mac_header = skb->network_header - ETH_HLEN;
	}
	return icmp;
}

/*
 * The sum of a message with its checksum, 0 unless it is corrupt.
 * finish_checksum() adds it to the new checksum, so that corrupt stays corrupt.
 */
static __wsum csum_error(const struct nat64_pkt *p, __wsum pseudo)
{
	if (nat64_csum_is_partial(p->skb, p->hdr.len, ICMP_CSUM))
		return 0;
	return skb_checksum(p->skb, p->hdr.len, p->hdr.payload, pseudo);
}

static void finish_checksum(struct nat64_pkt *p, struct icmphdr *icmp,
			    __wsum pseudo, __wsum old)
{
	__wsum sum = csum_partial(icmp, p->hdr.payload, pseudo);

	icmp->checksum = csum_fold(csum_sub(sum, old));
}

static enum nat64_counter read_quote46(const struct nat64_pkt *p,
				       struct quote *q)
{
	unsigned int off = p->hdr.len + ICMP_LEN;

	if (!nat64_parse4_quote(p->skb, off, &q->hdr, &q->a) ||
	    !nat64_map_quoted46(p, &q->a))
		return NAT64_ICMP_INNER_PACKET;
	q->hdr_len = NAT64_HDR6_LEN(&q->hdr);
	return check_inner(p, q);
}

/* The second word: length attribute, MTU or pointer (RFC 4884 section 4). */
static __be32 icmp6_un(const struct quote *q)
{
	u32 length = q->ext ? (q->hdr_len + q->body + q->pad) / RFC4884_UNIT6 : 0;

	return q->icmp.extensible ? htonl(length << 24) : htonl(q->icmp.info);
}

/**
 * nat64_icmp_error46() - translate the message of an ICMPv4 error
 * @p: packet with a route; its ICMP message becomes that of ICMPv6, its outer
 *	headers become room, @p->hdr.payload the new length
 *
 * RFC 7915 sections 4.2 and 4.3.
 *
 * Return: NAT64_OK, or the reason why the packet is still as it was.
 */
enum nat64_counter nat64_icmp_error46(struct nat64_pkt *p)
{
	struct quote q = { .old_len = p->hdr.payload };
	enum nat64_counter reason;
	const struct icmphdr *old;
	struct icmphdr buf, *icmp;
	__wsum sum;

	old = skb_header_pointer(p->skb, p->hdr.len, sizeof(buf), &buf);
	reason = nat64_icmp46_type(old, &q.icmp) ?: read_quote46(p, &q);
	if (reason)
		return reason;
	if (q.icmp.type == ICMPV6_PKT_TOOBIG)
		q.icmp.info = nat64_icmp46_mtu(p, ntohs(old->un.frag.mtu),
					       q.hdr.len + q.hdr.payload,
					       q.a.dst4);
	quote_layout(&q, ((const u8 *)&old->un)[1] * RFC4884_UNIT4,
		     RFC4884_UNIT6, MAX_ICMP6);
	reason = make_room(p, &q, sizeof(struct ipv6hdr) +
			   sizeof(struct frag_hdr));
	if (reason)
		return reason;
	sum = csum_error(p, 0);
	icmp = edit_message(p, &q, true, icmp6_un(&q));
	finish_checksum(p, icmp, nat64_csum_pseudo6(&p->a, p->hdr.payload),
			sum);
	return NAT64_OK;
}

static enum nat64_counter read_quote64(const struct nat64_pkt *p,
				       struct quote *q)
{
	unsigned int off = p->hdr.len + ICMP_LEN;

	if (!nat64_parse6_quote(p->skb, off, &q->hdr, &q->a) ||
	    q->hdr.payload > IP_MAX_MTU - sizeof(struct iphdr) ||
	    !nat64_map_quoted64(p, &q->a))
		return NAT64_ICMP_INNER_PACKET;
	q->hdr_len = sizeof(struct iphdr);
	return check_inner(p, q);
}

static __be32 icmp4_un(const struct quote *q)
{
	u32 length = q->ext ? (q->hdr_len + q->body + q->pad) / RFC4884_UNIT4 : 0;

	if (q->icmp.type == ICMP_PARAMETERPROB)
		return htonl(q->icmp.info << 24);
	return htonl(length << 16 | q->icmp.info);
}

/**
 * nat64_icmp_error64() - translate the message of an ICMPv6 error
 * @p: packet with a route; its ICMP message becomes that of ICMPv4, its outer
 *	headers become room, @p->hdr.payload the new length
 *
 * RFC 7915 sections 5.2 and 5.3.
 *
 * Return: NAT64_OK, or the reason why the packet is still as it was.
 */
enum nat64_counter nat64_icmp_error64(struct nat64_pkt *p)
{
	struct quote q = { .old_len = p->hdr.payload };
	const struct icmp6hdr *old;
	enum nat64_counter reason;
	unsigned int quoted = 0;
	struct icmp6hdr buf;
	struct icmphdr *icmp;
	__wsum sum;

	old = skb_header_pointer(p->skb, p->hdr.len, sizeof(buf), &buf);
	reason = nat64_icmp64_type(old, &q.icmp) ?: read_quote64(p, &q);
	if (reason)
		return reason;
	if (old->icmp6_type == ICMPV6_PKT_TOOBIG)
		q.icmp.info = nat64_icmp64_mtu(p, ntohl(old->icmp6_mtu),
					       &q.a.dst6);
	if (q.icmp.extensible)
		quoted = ((const u8 *)&old->icmp6_dataun)[0] * RFC4884_UNIT6;
	quote_layout(&q, quoted, RFC4884_UNIT4, MAX_ICMP4);
	reason = make_room(p, &q, sizeof(struct iphdr));
	if (reason)
		return reason;
	sum = csum_error(p, nat64_csum_pseudo6(&p->a, p->hdr.payload));
	icmp = edit_message(p, &q, false, icmp4_un(&q));
	finish_checksum(p, icmp, 0, sum);
	return NAT64_OK;
}
