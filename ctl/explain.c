// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "module.h"
#include "print.h"

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

static void fragment_out(struct out *out, unsigned int offset, bool more)
{
	out_object(out, "fragment");
	out_number(out, "offset", " fragment at %llu", offset);
	out_bool(out, "more", " with more to come", more);
	out_close(out);
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
	if (iph->frag_off & htons(IP_MF | IP_OFFMASK))
		fragment_out(out, (ntohs(iph->frag_off) & IP_OFFMASK) * 8,
			     iph->frag_off & htons(IP_MF));
}

/* The Fragment Header, or NULL. */
static const struct ip6_frag *find_fragment(const struct ipv6hdr *ip6h,
					    size_t len)
{
	if (ip6h->nexthdr != IPPROTO_FRAGMENT ||
	    len < sizeof(*ip6h) + sizeof(struct ip6_frag))
		return NULL;
	return (const void *)(ip6h + 1);
}

static void header6_out(struct out *out, const struct ipv6hdr *ip6h, size_t len)
{
	const struct ip6_frag *frag = find_fragment(ip6h, len);
	unsigned int tclass = ntohl(*(const __be32 *)ip6h) >> 20 & 0xff;

	addr_out(out, "source", "%s", AF_INET6, &ip6h->saddr);
	addr_out(out, "destination", " > %s", AF_INET6, &ip6h->daddr);
	proto_out(out, frag ? frag->ip6f_nxt : ip6h->nexthdr);
	out_number(out, "length", " length %llu",
		   ntohs(ip6h->payload_len) + sizeof(*ip6h));
	out_number(out, "hop_limit", " hop limit %llu", ip6h->hop_limit);
	out_number(out, "traffic_class",
		   tclass ? " traffic class %llu" : NULL, tclass);
	if (frag)
		fragment_out(out, ntohs(frag->ip6f_offlg & IP6F_OFF_MASK),
			     frag->ip6f_offlg & IP6F_MORE_FRAG);
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
		header6_out(out, header, len);
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
	ret = ctl_result(ctl, module_explain(ctl->nl, &req->packet, bytes, len,
					     &explained));
	if (!ret)
		explained_out(&ctl->out, &req->packet, bytes, len, &explained);
	return ret;
}
