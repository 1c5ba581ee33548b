// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "nl.h"

/* A hop limit that no router on the way uses up. */
#define HOPS	64

/* The longest packet that is made here: IPv6 and TCP. */
#define PACKET_MAX	64

/**
 * struct question - a packet to be explained
 * @six: it is IPv6
 * @src: its source
 * @dst: its destination
 * @proto: protocol
 * @sport: source port
 * @dport: destination port
 */
struct question {
	bool		six;
	struct prefix	src;
	struct prefix	dst;
	__u8		proto;
	__u16		sport;
	__u16		dport;
};

static int read_family(struct words *w, bool *six)
{
	static const char *const names[] = {
		"4", "6", "inet", "inet6", "ipv4", "ipv6"
	};
	unsigned int key;
	int ret;

	ret = words_key(w, names, sizeof(*names), ARRAY_SIZE(names),
			"a family, 4 or 6", &key);
	if (!ret)
		*six = key % 2;
	return ret;
}

static int read_address(struct words *w, bool six, struct prefix *addr)
{
	int ret;

	ret = addr_read_single(w, addr);
	if (!ret && (addr->family == AF_INET6) != six)
		ret = words_bad(w, "%s is no IPv%d address",
				quoted(w->word[w->next - 1]), six ? 6 : 4);
	return ret;
}

static int read_number(struct words *w, const char *what, unsigned long max,
		       unsigned long *number)
{
	const char *word;
	char *end;
	int ret;

	ret = words_next(w, &word, what);
	if (ret)
		return ret;
	errno = 0;
	*number = strtoul(word, &end, 10);
	if (errno || *end || *word < '0' || *word > '9' || *number > max)
		return words_bad(w, "%s is not %s", quoted(word), what);
	return DONE;
}

static int read_proto(struct words *w, struct question *q)
{
	static const struct {
		const char *name;
		__u8 four;
		__u8 six;
	} protos[] = {
		{ "icmp", IPPROTO_ICMP, IPPROTO_ICMPV6 },
		{ "tcp", IPPROTO_TCP, IPPROTO_TCP },
		{ "udp", IPPROTO_UDP, IPPROTO_UDP },
		{ "sctp", IPPROTO_SCTP, IPPROTO_SCTP },
	};
	unsigned long number;
	const char *word = words_more(w) ? w->word[w->next] : "icmp";
	unsigned int key = 0;
	int ret = DONE;

	if (*word >= '0' && *word <= '9') {
		ret = read_number(w, "a protocol", 255, &number);
		q->proto = ret ? 0 : number;
		return ret;
	}
	if (words_more(w))
		ret = words_key(w, &protos[0].name, sizeof(protos[0]),
				ARRAY_SIZE(protos),
				"a protocol: icmp, tcp, udp, sctp or a number",
				&key);
	q->proto = q->six ? protos[key].six : protos[key].four;
	return ret;
}

static int read_ports(struct words *w, struct question *q)
{
	unsigned long sport, dport;
	int ret;

	if (!words_more(w))
		return DONE;
	ret = read_number(w, "a source port", 65535, &sport);
	if (!ret)
		ret = read_number(w, "a destination port", 65535, &dport);
	if (ret)
		return ret;
	q->sport = sport;
	q->dport = dport;
	return words_end(w);
}

static int read_question(struct words *w, struct question *q)
{
	int ret;

	memset(q, 0, sizeof(*q));
	ret = read_family(w, &q->six);
	if (!ret)
		ret = read_address(w, q->six, &q->src);
	if (!ret)
		ret = read_address(w, q->six, &q->dst);
	if (!ret)
		ret = read_proto(w, q);
	return ret ? ret : read_ports(w, q);
}

/*
 * The first bytes of the transport: a SYN, an empty datagram, a ping. Checksums
 * are not asked for; only that of UDP must not be absent.
 */
static size_t make_transport(const struct question *q, void *at)
{
	struct tcphdr *tcp = at;
	struct udphdr *udp = at;
	__u8 *icmp = at;

	switch (q->proto) {
	case IPPROTO_TCP:
		tcp->source = htons(q->sport);
		tcp->dest = htons(q->dport);
		tcp->doff = sizeof(*tcp) / 4;
		tcp->syn = 1;
		return sizeof(*tcp);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		icmp[0] = q->six ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
		return sizeof(struct icmphdr);
	}
	udp->source = htons(q->sport);
	udp->dest = htons(q->dport);
	if (q->proto == IPPROTO_UDP) {
		udp->len = htons(sizeof(*udp));
		udp->check = 0xffff;
	}
	return sizeof(*udp);
}

static size_t make_packet(const struct question *q, char *packet)
{
	struct ipv6hdr *ip6h = (void *)packet;
	struct iphdr *iph = (void *)packet;
	size_t len;

	memset(packet, 0, PACKET_MAX);
	if (q->six) {
		len = make_transport(q, ip6h + 1);
		ip6h->version = 6;
		ip6h->payload_len = htons(len);
		ip6h->nexthdr = q->proto;
		ip6h->hop_limit = HOPS;
		memcpy(&ip6h->saddr, &q->src.p6.addr, sizeof(ip6h->saddr));
		memcpy(&ip6h->daddr, &q->dst.p6.addr, sizeof(ip6h->daddr));
		return sizeof(*ip6h) + len;
	}
	len = sizeof(*iph) + make_transport(q, iph + 1);
	iph->version = 4;
	iph->ihl = sizeof(*iph) / 4;
	iph->tot_len = htons(len);
	iph->frag_off = htons(IP_DF);
	iph->ttl = HOPS;
	iph->protocol = q->proto;
	memcpy(&iph->saddr, &q->src.p4.addr, sizeof(iph->saddr));
	memcpy(&iph->daddr, &q->dst.p4.addr, sizeof(iph->daddr));
	return len;
}

/* Results. */

static void addr_out(struct out *out, const char *key, const char *fmt,
		     int family, const void *addr)
{
	char text[INET6_ADDRSTRLEN];

	out_string(out, key, fmt, inet_ntop(family, addr, text, sizeof(text)));
}

static void proto_out(struct out *out, __u8 proto)
{
	switch (proto) {
	case IPPROTO_ICMP:
		out_text(out, " icmp");
		break;
	case IPPROTO_ICMPV6:
		out_text(out, " icmpv6");
		break;
	case IPPROTO_TCP:
		out_text(out, " tcp");
		break;
	case IPPROTO_UDP:
		out_text(out, " udp");
		break;
	default:
		out_text(out, " protocol %u", proto);
	}
	out_number(out, "protocol", NULL, proto);
}

static void header4_out(struct out *out, const struct iphdr *iph)
{
	addr_out(out, "source", "%s", AF_INET, &iph->saddr);
	addr_out(out, "destination", " > %s", AF_INET, &iph->daddr);
	proto_out(out, iph->protocol);
	out_number(out, "length", " length %llu", ntohs(iph->tot_len));
	out_number(out, "ttl", " ttl %llu", iph->ttl);
	out_number(out, "tos", iph->tos ? " tos %llu" : NULL, iph->tos);
	out_bool(out, "df", " DF", ntohs(iph->frag_off) & IP_DF);
}

static void header6_out(struct out *out, const struct ipv6hdr *ip6h)
{
	unsigned int tclass = ntohl(*(const __be32 *)ip6h) >> 20 & 0xff;

	addr_out(out, "source", "%s", AF_INET6, &ip6h->saddr);
	addr_out(out, "destination", " > %s", AF_INET6, &ip6h->daddr);
	proto_out(out, ip6h->nexthdr);
	out_number(out, "length", " length %llu",
		   ntohs(ip6h->payload_len) + sizeof(*ip6h));
	out_number(out, "hop_limit", " hop limit %llu", ip6h->hop_limit);
	out_number(out, "traffic_class",
		   tclass ? " traffic class %llu" : NULL, tclass);
}

static void header_out(struct out *out, const char *key, const char *label,
		       const void *header, size_t len)
{
	if (len < sizeof(struct iphdr))
		return;
	out_text(out, "%-12s", label);
	out_object(out, key);
	if (((const struct iphdr *)header)->version == 4)
		header4_out(out, header);
	else if (len >= sizeof(struct ipv6hdr))
		header6_out(out, header);
	out_close(out);
	out_text(out, "\n");
}

static void device_out(struct out *out, const char *key, const char *label,
		       unsigned int index)
{
	char name[IF_NAMESIZE];

	if (!index)
		return;
	if (!if_indextoname(index, name))
		snprintf(name, sizeof(name), "%u", index);
	out_text(out, "%-12s", label);
	out_string(out, key, "%s", name);
}

static void mapping_out(struct out *out, const char *key, const char *label,
			const struct eam *eam)
{
	if (!eam->p4.len && !eam->p6.len)
		return;
	out_text(out, "%-12smapping ", label);
	eam_out(out, key, eam);
	out_text(out, "\n");
}

static void prefix_line(struct out *out, const struct translation *t)
{
	if (!t->prefix.len)
		return;
	out_text(out, "%-12s", "prefix");
	prefix_out(out, "prefix", t);
	out_text(out, "\n");
}

static void way_out(struct out *out, const struct explained *e)
{
	if (!e->out)
		return;
	device_out(out, "out", "goes out", e->out);
	if (e->via.family == AF_INET)
		addr_out(out, "via", " via %s", AF_INET, &e->via.p4.addr);
	else if (e->via.family == AF_INET6)
		addr_out(out, "via", " via %s", AF_INET6, &e->via.p6.addr);
	out_number(out, "mtu", " mtu %llu", e->mtu);
	if (e->split)
		out_number(out, "split", " in fragments of %llu", e->split);
	out_text(out, "\n");
}

static void answer_out(struct out *out, const struct explained *e, bool six)
{
	if (!e->has_answer) {
		out_text(out, "%-12snone\n", "sender gets");
		return;
	}
	out_object(out, "answer");
	out_text(out, "%-12sICMPv%c", "sender gets", six ? '6' : '4');
	out_number(out, "type", " type %llu", e->type);
	out_number(out, "code", " code %llu", e->code);
	out_number(out, "info", e->info ? " info %llu" : NULL, e->info);
	out_close(out);
	out_text(out, "\n");
}

static void explained_out(struct out *out, const struct question *q,
			  const void *packet, size_t len,
			  const struct explained *e)
{
	static const char *const verdicts[] = {
		[NAT64_VERDICT_PASSED]	   = "passed",
		[NAT64_VERDICT_TRANSLATED] = "translated",
		[NAT64_VERDICT_REFUSED]	   = "refused",
	};

	out_begin(out);
	header_out(out, "packet", "packet", packet, len);
	device_out(out, "in", "comes in", e->in);
	out_bool(out, "local", ", from the gateway itself", e->local);
	out_text(out, "\n");
	mapping_out(out, "source_mapping", "source", &e->source);
	mapping_out(out, "destination_mapping", "destination", &e->destination);
	prefix_line(out, &e->prefix);
	out_string(out, "verdict", "is          %s",
		   e->verdict < ARRAY_SIZE(verdicts) ? verdicts[e->verdict] : "?");
	if (*e->reason)
		out_string(out, "reason", ": %s", e->reason);
	out_text(out, "\n");
	header_out(out, "between", "becomes", e->between, e->between_len);
	header_out(out, "header", e->between_len ? "and then" : "becomes",
		   e->header, e->header_len);
	way_out(out, e);
	if (e->verdict == NAT64_VERDICT_REFUSED)
		answer_out(out, e, q->six);
	out_end(out);
}

/* explain FAMILY SRC DST [PROTO [SPORT DPORT]] */
int cmd_explain(struct ctl *ctl, struct words *w)
{
	struct explained explained = {};
	char packet[PACKET_MAX];
	struct question q;
	size_t len;
	int ret;

	ret = read_question(w, &q);
	if (!ret)
		ret = ctl_connect(ctl);
	if (ret)
		return ret;
	len = make_packet(&q, packet);
	ret = ctl_result(ctl, nl_explain(ctl->nl, packet, len, &explained));
	if (!ret)
		explained_out(&ctl->out, &q, packet, len, &explained);
	return ret;
}
