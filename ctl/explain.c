// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "module.h"
#include "print.h"

static int read_family(struct args *args, bool *six)
{
	static const char *const names[] = {
		"4", "6", "inet", "inet6", "ipv4", "ipv6"
	};
	unsigned int key;
	int ret;

	ret = args_keyword(args, names, sizeof(*names), ARRAY_SIZE(names),
			   "a family, 4 or 6", &key);
	if (!ret)
		*six = key % 2;
	return ret;
}

static int read_address(struct args *args, bool six, struct prefix *addr)
{
	int ret;

	ret = addr_read_single(args, addr);
	if (!ret && (addr->family == AF_INET6) != six)
		ret = args_invalid(args, "%s is no IPv%d address",
				   quoted(args->word[args->next - 1]), six ? 6 : 4);
	return ret;
}

static int read_number(struct args *args, const char *what, unsigned long max,
		       unsigned long *number)
{
	const char *word;
	char *end;
	int ret;

	ret = args_next(args, &word, what);
	if (ret)
		return ret;
	errno = 0;
	*number = strtoul(word, &end, 10);
	if (errno || *end || *word < '0' || *word > '9' || *number > max)
		return args_invalid(args, "%s is not %s", quoted(word), what);
	return EXIT_OK;
}

static int read_proto(struct args *args, struct packet *p)
{
	static const struct {
		const char *name;
		__u8 four;
		__u8 six;
	} protos[] = {
		{ "icmp", IPPROTO_ICMP, IPPROTO_ICMPV6 },
		{ "icmpv6", IPPROTO_ICMPV6, IPPROTO_ICMPV6 },
		{ "tcp", IPPROTO_TCP, IPPROTO_TCP },
		{ "udp", IPPROTO_UDP, IPPROTO_UDP },
		{ "sctp", IPPROTO_SCTP, IPPROTO_SCTP },
	};
	unsigned long number;
	const char *word = args_more(args) ? args->word[args->next] : "icmp";
	unsigned int key = 0;
	int ret = EXIT_OK;

	if (*word >= '0' && *word <= '9') {
		ret = read_number(args, "a protocol", 255, &number);
		p->proto = ret ? 0 : number;
		return ret;
	}
	if (args_more(args))
		ret = args_keyword(args, &protos[0].name, sizeof(protos[0]),
				   ARRAY_SIZE(protos),
				   "a protocol: icmp, icmpv6, tcp, udp, sctp or a number",
				   &key);
	p->proto = p->six ? protos[key].six : protos[key].four;
	return ret;
}

static int read_ports(struct args *args, struct packet *p)
{
	unsigned long sport, dport;
	int ret;

	if (!args_more(args))
		return EXIT_OK;
	if (p->proto == IPPROTO_ICMP || p->proto == IPPROTO_ICMPV6)
		return args_invalid(args, "ICMP has no ports");
	ret = read_number(args, "a source port", 65535, &sport);
	if (!ret)
		ret = read_number(args, "a destination port", 65535, &dport);
	if (ret)
		return ret;
	p->sport = sport;
	p->dport = dport;
	return EXIT_OK;
}

/* FAMILY SRC DST [PROTO [SPORT DPORT]] */
int read_explain(struct ctl *ctl, struct args *args, struct request *req)
{
	struct packet *p = &req->packet;
	int ret;

	(void)ctl;
	ret = read_family(args, &p->six);
	if (!ret)
		ret = read_address(args, p->six, &p->src);
	if (!ret)
		ret = read_address(args, p->six, &p->dst);
	if (!ret)
		ret = read_proto(args, p);
	return ret ? ret : read_ports(args, p);
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

static void pref64_line(struct out *out, const struct pref64 *t)
{
	if (!t->prefix.len)
		return;
	out_text(out, "%-12s", "prefix");
	pref64_out(out, "prefix", t);
	out_text(out, "\n");
}

static void route_out(struct out *out, const struct explained *e)
{
	if (!e->out)
		return;
	device_out(out, "out", "goes out", e->out);
	if (e->via.family == AF_INET)
		addr_out(out, "via", " via %s", AF_INET, &e->via.p4.addr);
	else if (e->via.family == AF_INET6)
		addr_out(out, "via", " via %s", AF_INET6, &e->via.p6.addr);
	out_number(out, "mtu", " mtu %llu", e->mtu);
	if (e->fragment_size)
		out_number(out, "split", " in fragments of %llu", e->fragment_size);
	out_text(out, "\n");
}

static void icmp_error_out(struct out *out, const struct explained *e, bool six)
{
	if (!e->has_icmp_error) {
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

static void explained_out(struct out *out, const struct packet *p,
			  const void *bytes, size_t len,
			  const struct explained *e)
{
	static const char *const verdicts[] = {
		[NAT64_VERDICT_PASSED]	   = "passed",
		[NAT64_VERDICT_TRANSLATED] = "translated",
		[NAT64_VERDICT_REFUSED]	   = "refused",
	};

	out_begin(out);
	header_out(out, "packet", "packet", bytes, len);
	device_out(out, "in", "comes in", e->in);
	out_bool(out, "local", ", from the gateway itself", e->local);
	out_text(out, "\n");
	mapping_out(out, "source_mapping", "source", &e->source);
	mapping_out(out, "destination_mapping", "destination", &e->destination);
	pref64_line(out, &e->pref64);
	out_string(out, "verdict", "is          %s",
		   e->verdict < ARRAY_SIZE(verdicts) ? verdicts[e->verdict] : "?");
	if (*e->reason)
		out_string(out, "reason", ": %s", e->reason);
	out_text(out, "\n");
	header_out(out, "between", "becomes", e->between.data, e->between.len);
	header_out(out, "header", e->between.len ? "and then" : "becomes",
		   e->header.data, e->header.len);
	route_out(out, e);
	if (e->verdict == NAT64_VERDICT_REFUSED)
		icmp_error_out(out, e, p->six);
	out_end(out);
}

/* explain */
int cmd_explain(struct ctl *ctl, struct request *req)
{
	struct explained explained = {};
	char bytes[PACKET_MAX];
	size_t len;
	int ret;

	len = packet_make(&req->packet, bytes);
	ret = ctl_result(ctl, module_explain(ctl->nl, bytes, len, &explained));
	if (!ret)
		explained_out(&ctl->out, &req->packet, bytes, len, &explained);
	return ret;
}
