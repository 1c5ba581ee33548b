// SPDX-License-Identifier: GPL-2.0-only
#include "packet.h"

#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>

/* A hop limit that no router on the way uses up. */
#define HOPS	64

/* Where fragments behind the first begin, and what an ICMP error tells. */
#define OFFSET	1480
#define MTU	1400

/**
 * packet_is_icmp() - whether a packet is ICMP of its own family
 * @p: packet
 */
bool packet_is_icmp(const struct packet *p)
{
	return p->proto == (p->six ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
}

static __u8 icmp_type(const struct packet *p)
{
	if (p->has_type)
		return p->type;
	return p->six ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
}

static bool is_icmp_error(const struct packet *p)
{
	__u8 type = icmp_type(p);

	if (!packet_is_icmp(p))
		return false;
	return p->six ? type && type < 128 :
	       type == ICMP_DEST_UNREACH || type == ICMP_SOURCE_QUENCH ||
	       type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETERPROB;
}

/* The datagram that an error is about: one that its destination has sent. */
static size_t make_quote(const struct packet *p, void *at)
{
	const struct packet quoted = {
		.six = p->six,
		.src = p->dst,
		.dst = p->src,
		.proto = IPPROTO_UDP,
	};

	return packet_make(&quoted, at);
}

static size_t make_icmp(const struct packet *p, __u8 *icmp)
{
	size_t len = sizeof(struct icmphdr);

	icmp[0] = icmp_type(p);
	icmp[1] = p->code;
	if (p->six && icmp[0] == ICMP6_PACKET_TOO_BIG)
		((struct icmp6_hdr *)icmp)->icmp6_mtu = htonl(MTU);
	else if (!p->six && icmp[0] == ICMP_DEST_UNREACH &&
		 p->code == ICMP_FRAG_NEEDED)
		((struct icmphdr *)icmp)->un.frag.mtu = htons(MTU);
	if (is_icmp_error(p))
		len += make_quote(p, icmp + len);
	return len;
}

/*
 * The first bytes of the transport: a SYN, an empty datagram, a ping. Checksums
 * are not asked for; only that of UDP must not be absent.
 */
static size_t make_transport(const struct packet *p, void *at)
{
	struct tcphdr *tcp = at;
	struct udphdr *udp = at;

	if (packet_is_icmp(p))
		return make_icmp(p, at);
	udp->source = htons(p->sport);
	udp->dest = htons(p->dport);
	switch (p->proto) {
	case IPPROTO_TCP:
		tcp->doff = sizeof(*tcp) / 4;
		tcp->syn = 1;
		return sizeof(*tcp);
	case IPPROTO_UDP:
		udp->check = 0xffff;
		break;
	}
	return sizeof(*udp);
}

static size_t header_size(const struct packet *p)
{
	if (!p->six)
		return sizeof(struct iphdr);
	return sizeof(struct ip6_hdr) +
	       (p->fragment ? sizeof(struct ip6_frag) : 0);
}

/* Bytes behind the headers: as asked for, and of fragments a multiple of 8. */
static size_t payload_size(const struct packet *p, size_t least)
{
	if (p->length > header_size(p) + least)
		return p->length - header_size(p);
	if (p->fragment == FRAGMENT_FIRST || p->fragment == FRAGMENT_LATER)
		return (least + 7) & ~(size_t)7;
	return least;
}

static bool has_more(const struct packet *p)
{
	return p->fragment == FRAGMENT_FIRST || p->fragment == FRAGMENT_LATER;
}

static bool has_offset(const struct packet *p)
{
	return p->fragment == FRAGMENT_LATER || p->fragment == FRAGMENT_LAST;
}

static void make_header6(const struct packet *p, struct ip6_hdr *ip6h,
			 size_t payload)
{
	struct ip6_frag *frag = (void *)(ip6h + 1);

	ip6h->ip6_flow = htonl(6 << 28 | p->tos << 20);
	ip6h->ip6_plen = htons(header_size(p) - sizeof(*ip6h) + payload);
	ip6h->ip6_nxt = p->fragment ? IPPROTO_FRAGMENT : p->proto;
	ip6h->ip6_hlim = HOPS;
	ip6h->ip6_src = p->src.p6.addr;
	ip6h->ip6_dst = p->dst.p6.addr;
	if (!p->fragment)
		return;
	frag->ip6f_nxt = p->proto;
	frag->ip6f_offlg = htons(has_offset(p) ? OFFSET : 0);
	if (has_more(p))
		frag->ip6f_offlg |= IP6F_MORE_FRAG;
	frag->ip6f_ident = htonl(1);
}

static void make_header4(const struct packet *p, struct iphdr *iph,
			 size_t payload)
{
	__u16 flags = p->no_df || p->fragment ? 0 : IP_DF;

	if (has_more(p))
		flags |= IP_MF;
	if (has_offset(p))
		flags |= OFFSET / 8;
	iph->version = 4;
	iph->ihl = sizeof(*iph) / 4;
	iph->tos = p->tos;
	iph->tot_len = htons(sizeof(*iph) + payload);
	iph->id = htons(p->fragment ? 1 : 0);
	iph->frag_off = htons(flags);
	iph->ttl = HOPS;
	iph->protocol = p->proto;
	iph->saddr = p->src.p4.addr.s_addr;
	iph->daddr = p->dst.p4.addr.s_addr;
}

/**
 * packet_make() - make a packet
 * @p: what it is to be; its length is one that packet_make() may give it
 * @bytes: PACKET_MAX bytes, filled in
 *
 * Return: its length, which is more than was asked for when its headers are
 */
size_t packet_make(const struct packet *p, char *bytes)
{
	char *at = bytes + header_size(p);
	size_t payload = 8;

	memset(bytes, 0, p->length > 256 ? p->length : 256);
	if (!has_offset(p))
		payload = make_transport(p, at);
	payload = payload_size(p, payload);
	if (p->proto == IPPROTO_UDP && !has_offset(p))
		((struct udphdr *)at)->len =
			htons(payload + (has_more(p) ? OFFSET : 0));
	if (p->six)
		make_header6(p, (void *)bytes, payload);
	else
		make_header4(p, (void *)bytes, payload);
	return header_size(p) + payload;
}
