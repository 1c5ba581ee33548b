// SPDX-License-Identifier: GPL-2.0
#include "packet.h"

#include <arpa/inet.h>
#include <linux/ipv6.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>

/* A hop limit that no router on the way uses up. */
#define HOPS	64

/*
 * The first bytes of the transport: a SYN, an empty datagram, a ping. Checksums
 * are not asked for; only that of UDP must not be absent.
 */
static size_t make_transport(const struct packet *p, void *at)
{
	struct tcphdr *tcp = at;
	struct udphdr *udp = at;
	__u8 *icmp = at;

	switch (p->proto) {
	case IPPROTO_TCP:
		tcp->source = htons(p->sport);
		tcp->dest = htons(p->dport);
		tcp->doff = sizeof(*tcp) / 4;
		tcp->syn = 1;
		return sizeof(*tcp);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		icmp[0] = p->six ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
		return sizeof(struct icmphdr);
	}
	udp->source = htons(p->sport);
	udp->dest = htons(p->dport);
	if (p->proto == IPPROTO_UDP) {
		udp->len = htons(sizeof(*udp));
		udp->check = 0xffff;
	}
	return sizeof(*udp);
}

/**
 * packet_make() - make the first bytes of a packet
 * @p: what it is to be
 * @bytes: PACKET_MAX bytes, filled in
 *
 * Return: its length
 */
size_t packet_make(const struct packet *p, char *bytes)
{
	struct ipv6hdr *ip6h = (void *)bytes;
	struct iphdr *iph = (void *)bytes;
	size_t len;

	memset(bytes, 0, PACKET_MAX);
	if (p->six) {
		len = make_transport(p, ip6h + 1);
		ip6h->version = 6;
		ip6h->payload_len = htons(len);
		ip6h->nexthdr = p->proto;
		ip6h->hop_limit = HOPS;
		memcpy(&ip6h->saddr, &p->src.p6.addr, sizeof(ip6h->saddr));
		memcpy(&ip6h->daddr, &p->dst.p6.addr, sizeof(ip6h->daddr));
		return sizeof(*ip6h) + len;
	}
	len = sizeof(*iph) + make_transport(p, iph + 1);
	iph->version = 4;
	iph->ihl = sizeof(*iph) / 4;
	iph->tot_len = htons(len);
	iph->frag_off = htons(IP_DF);
	iph->ttl = HOPS;
	iph->protocol = p->proto;
	memcpy(&iph->saddr, &p->src.p4.addr, sizeof(iph->saddr));
	memcpy(&iph->daddr, &p->dst.p4.addr, sizeof(iph->daddr));
	return len;
}
