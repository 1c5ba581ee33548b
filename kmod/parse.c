// SPDX-License-Identifier: GPL-2.0-only
#include "parse.h"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/dsfield.h>
#include <net/ip.h>
#include <net/ipv6.h>

/*
 * RFC 8200 section 4.1 has every extension header once, destination options
 * twice. The limit bounds what a hostile packet costs.
 */
#define MAX_EXT_HEADERS		16

/* IANA's IPv6 extension header types that the kernel has no name for. */
#define NEXTHDR_HIP		139
#define NEXTHDR_SHIM6		140

/* An unexpired source route: its pointer is not past its end (RFC 791). */
static enum nat64_counter check_source_route(const u8 *opt, unsigned int len)
{
	if (len <= IPOPT_OFFSET)
		return NAT64_BAD_OPTION;
	return opt[IPOPT_OFFSET] <= len ? NAT64_SOURCE_ROUTE : NAT64_OK;
}

static enum nat64_counter check_option(const u8 *opt, int left)
{
	if (left < 2 || opt[1] < 2 || opt[1] > left)
		return NAT64_BAD_OPTION;
	if (opt[0] != IPOPT_LSRR && opt[0] != IPOPT_SSRR)
		return NAT64_OK;
	return check_source_route(opt, opt[1]);
}

/* RFC 7915 section 4.1: options are ignored, source routes are not. */
static enum nat64_counter check_options(const u8 *opt, int left)
{
	enum nat64_counter reason;

	while (left > 0 && *opt != IPOPT_END) {
		unsigned int len = 1;

		if (*opt != IPOPT_NOOP) {
			reason = check_option(opt, left);
			if (reason)
				return reason;
			len = opt[1];
		}
		opt += len;
		left -= len;
	}
	return NAT64_OK;
}

static __always_inline void fill_header4(struct nat64_hdr *hdr,
					 const struct iphdr *iph)
{
	u16 frag = ntohs(iph->frag_off);

	hdr->len = iph->ihl * 4;
	hdr->proto = iph->protocol;
	hdr->tos = iph->tos;
	hdr->ttl = iph->ttl;
	hdr->df = frag & IP_DF;
	hdr->mf = frag & IP_MF;
	hdr->frag_off = frag & IP_OFFSET;
	hdr->frag = hdr->mf || hdr->frag_off;
	hdr->frag_id = ntohs(iph->id);
}

/**
 * nat64_parse4() - read the IPv4 header of a packet
 * @skb: packet at its network header, which the kernel has validated
 * @hdr: result
 *
 * Return: NAT64_OK, NAT64_BAD_OPTION or NAT64_SOURCE_ROUTE (RFC 7915
 * section 4.1), or NAT64_MALFORMED.
 */
enum nat64_counter nat64_parse4(const struct sk_buff *skb,
				struct nat64_hdr *hdr)
{
	const struct iphdr *iph = ip_hdr(skb);

	fill_header4(hdr, iph);
	if (unlikely(hdr->len > skb_headlen(skb)))
		return NAT64_MALFORMED;
	hdr->payload = skb->len - hdr->len;
	if (likely(hdr->len == sizeof(*iph)))
		return NAT64_OK;
	return check_options((const u8 *)(iph + 1), hdr->len - sizeof(*iph));
}

/**
 * nat64_parse4_quote() - read the IPv4 header quoted in an ICMP error
 * @skb: ICMPv4 error
 * @off: offset of the quote from the data of @skb
 * @hdr: result; the payload is what the header claims, not what is there
 * @a: gets the addresses of this family
 *
 * Return: whether there is a whole and consistent header.
 */
bool nat64_parse4_quote(const struct sk_buff *skb, unsigned int off,
			struct nat64_hdr *hdr, struct nat64_addrs *a)
{
	const struct iphdr *iph;
	struct iphdr buf;

	iph = skb_header_pointer(skb, off, sizeof(buf), &buf);
	if (!iph || iph->version != 4 || iph->ihl < 5)
		return false;
	fill_header4(hdr, iph);
	if (off + hdr->len > skb->len || ntohs(iph->tot_len) < hdr->len)
		return false;
	hdr->payload = ntohs(iph->tot_len) - hdr->len;
	a->src4 = iph->saddr;
	a->dst4 = iph->daddr;
	return true;
}

static bool is_ext_header(u8 nexthdr)
{
	switch (nexthdr) {
	case NEXTHDR_HOP:
	case NEXTHDR_ROUTING:
	case NEXTHDR_FRAGMENT:
	case NEXTHDR_AUTH:
	case NEXTHDR_DEST:
	case NEXTHDR_MOBILITY:
	case NEXTHDR_HIP:
	case NEXTHDR_SHIM6:
		return true;
	}
	return false;
}

/* RFC 7915 section 5.1.1; @off is that of the Fragment Header. */
static enum nat64_counter read_fragment_header(const struct sk_buff *skb,
					       unsigned int off,
					       struct nat64_hdr *hdr)
{
	const struct frag_hdr *fh;
	struct frag_hdr buf;

	fh = skb_header_pointer(skb, off, sizeof(buf), &buf);
	if (!fh)
		return NAT64_MALFORMED;
	hdr->frag = true;
	hdr->mf = fh->frag_off & htons(IP6_MF);
	hdr->frag_off = ntohs(fh->frag_off) >> 3;
	hdr->frag_id = ntohl(fh->identification);
	hdr->proto = fh->nexthdr;
	hdr->len += sizeof(*fh);
	return is_ext_header(hdr->proto) ? NAT64_FRAGMENT_EXTENSION_HEADER : NAT64_OK;
}

/* Skips one of the headers that RFC 7915 section 5.1 ignores. */
static enum nat64_counter skip_ext_header(const struct sk_buff *skb,
					  unsigned int off, struct nat64_hdr *hdr,
					  u32 *pointer)
{
	const struct ipv6_rt_hdr *rt;
	struct ipv6_rt_hdr buf;

	rt = skb_header_pointer(skb, off, sizeof(buf), &buf);
	if (!rt)
		return NAT64_MALFORMED;
	if (hdr->proto == NEXTHDR_ROUTING && rt->segments_left) {
		*pointer = hdr->len +
			   offsetof(struct ipv6_rt_hdr, segments_left);
		return NAT64_ROUTING_HEADER;
	}
	hdr->proto = rt->nexthdr;
	hdr->len += ipv6_optlen(rt);
	return NAT64_OK;
}

/* Return true for the headers that walk_ext_headers() does not stop at. */
static __always_inline bool is_walked(u8 nexthdr)
{
	switch (nexthdr) {
	case NEXTHDR_HOP:
	case NEXTHDR_ROUTING:
	case NEXTHDR_FRAGMENT:
	case NEXTHDR_DEST:
		return true;
	}
	return false;
}

/*
 * Walks the extension headers of the IPv6 header at @off, up to the first that
 * RFC 7915 section 5.1 does not skip, or up to the Fragment Header.
 */
static enum nat64_counter walk_ext_headers(const struct sk_buff *skb,
					   unsigned int off,
					   struct nat64_hdr *hdr, u32 *pointer)
{
	enum nat64_counter reason;
	unsigned int i;

	for (i = 0; i < MAX_EXT_HEADERS; i++) {
		switch (hdr->proto) {
		case NEXTHDR_FRAGMENT:
			return read_fragment_header(skb, off + hdr->len, hdr);
		case NEXTHDR_HOP:
		case NEXTHDR_ROUTING:
		case NEXTHDR_DEST:
			reason = skip_ext_header(skb, off + hdr->len, hdr,
						 pointer);
			if (reason)
				return reason;
			break;
		default:
			return NAT64_OK;
		}
	}
	return NAT64_EXTENSION_HEADERS;
}

static void fill_header6(struct nat64_hdr *hdr, const struct ipv6hdr *ip6h)
{
	hdr->len = sizeof(*ip6h);
	hdr->proto = ip6h->nexthdr;
	hdr->tos = ipv6_get_dsfield(ip6h);
	hdr->ttl = ip6h->hop_limit;
	hdr->df = false;
	hdr->mf = false;
	hdr->frag = false;
	hdr->frag_off = 0;
	hdr->frag_id = 0;
}

/*
 * A length of 0 is for jumbograms, behind hop-by-hop options (RFC 2675): the
 * kernel lets others pass, with what the link padded them with.
 */
static enum nat64_counter check_ext_length(const struct sk_buff *skb,
					   const struct nat64_hdr *hdr)
{
	if (hdr->len > skb->len)
		return NAT64_MALFORMED;
	if (!ipv6_hdr(skb)->payload_len &&
	    skb->len <= sizeof(struct ipv6hdr) + IPV6_MAXPLEN)
		return NAT64_MALFORMED;
	return NAT64_OK;
}

/**
 * nat64_parse6() - read the IPv6 header and extension headers of a packet
 * @skb: packet at its network header, which the kernel has validated
 * @hdr: result
 * @pointer: where a Parameter Problem points to, set with NAT64_ROUTING_HEADER
 *
 * RFC 7915 sections 5.1 and 5.1.1.
 *
 * Return: NAT64_OK or the reason why the packet cannot be translated.
 */
enum nat64_counter nat64_parse6(const struct sk_buff *skb,
				struct nat64_hdr *hdr, u32 *pointer)
{
	enum nat64_counter reason;

	fill_header6(hdr, ipv6_hdr(skb));
	if (unlikely(is_walked(hdr->proto))) {
		reason = walk_ext_headers(skb, 0, hdr, pointer);
		if (reason)
			return reason;
	}
	hdr->payload = skb->len - hdr->len;
	return likely(hdr->len == sizeof(struct ipv6hdr)) ?
		NAT64_OK : check_ext_length(skb, hdr);
}

/**
 * nat64_parse6_quote() - read the IPv6 headers quoted in an ICMP error
 * @skb: ICMPv6 error
 * @off: offset of the quote from the data of @skb
 * @hdr: result; the payload is what the header claims, not what is there
 * @a: gets the addresses of this family
 *
 * Return: whether there are whole and consistent headers.
 */
bool nat64_parse6_quote(const struct sk_buff *skb, unsigned int off,
			struct nat64_hdr *hdr, struct nat64_addrs *a)
{
	const struct ipv6hdr *ip6h;
	struct ipv6hdr buf;
	unsigned int total;
	u32 pointer;

	ip6h = skb_header_pointer(skb, off, sizeof(buf), &buf);
	if (!ip6h || ip6h->version != 6)
		return false;
	total = sizeof(*ip6h) + ntohs(ip6h->payload_len);
	fill_header6(hdr, ip6h);
	if (walk_ext_headers(skb, off, hdr, &pointer))
		return false;
	if (off + hdr->len > skb->len || total < hdr->len)
		return false;
	hdr->payload = total - hdr->len;
	a->src6 = ip6h->saddr;
	a->dst6 = ip6h->daddr;
	return true;
}
