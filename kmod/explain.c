// SPDX-License-Identifier: GPL-2.0-only
#include "explain.h"

#include <linux/inetdevice.h>
#include <net/addrconf.h>
#include <net/ip6_route.h>
#include <net/route.h>

#include "edge.h"
#include "header.h"
#include "map.h"
#include "native.h"
#include "route.h"
#include "skb.h"
#include "xlat.h"

static bool is_whole4(const struct sk_buff *skb)
{
	const struct iphdr *iph = (struct iphdr *)skb->data;

	return skb->len >= sizeof(*iph) && iph->version == 4 && iph->ihl >= 5 &&
	       4 * iph->ihl <= skb->len && ntohs(iph->tot_len) == skb->len;
}

static bool is_whole6(const struct sk_buff *skb)
{
	const struct ipv6hdr *ip6h = (struct ipv6hdr *)skb->data;

	return skb->len >= sizeof(*ip6h) && ip6h->version == 6 &&
	       ntohs(ip6h->payload_len) + sizeof(*ip6h) == skb->len;
}

/**
 * nat64_explain_is_whole() - whether an IP packet would reach the hooks
 * @skb: linear, its data at what may be the network header
 *
 * Return: false for what the kernel drops before any hook.
 */
bool nat64_explain_is_whole(const struct sk_buff *skb)
{
	return is_whole4(skb) || is_whole6(skb);
}

/* The device towards the source; loopback if the source is a local address. */
static struct net_device *source_dev4(struct net *net, __be32 saddr)
{
	struct flowi4 fl4 = { .daddr = saddr };
	struct net_device *dev;
	struct rtable *rt;

	rt = __ip_route_output_key(net, &fl4);
	if (IS_ERR(rt))
		return net->loopback_dev;
	dev = rt->dst.dev;
	ip_rt_put(rt);
	return dev;
}

static struct net_device *source_dev6(struct net *net,
				      const struct in6_addr *saddr)
{
	struct flowi6 fl6 = { .daddr = *saddr };
	struct net_device *dev = net->loopback_dev;
	struct dst_entry *dst;

	dst = ip6_route_output(net, NULL, &fl6);
	if (!dst->error)
		dev = dst->dev;
	dst_release(dst);
	return dev;
}

static bool is_own_addr4(struct net *net, __be32 addr)
{
	return inet_addr_type(net, addr) == RTN_LOCAL;
}

static bool is_own_addr6(struct net *net, const struct in6_addr *addr)
{
	return ipv6_chk_addr(net, addr, NULL, 0);
}

static void init_explained(struct nat64_explained *e, struct nat64_net *nn,
			   struct sk_buff *skb, struct net_device *in)
{
	bool is_v4 = ip_hdr(skb)->version == 4;

	memset(e, 0, sizeof(*e));
	e->p.family = is_v4 ? 4 : 6;
	e->p.skb = skb;
	e->p.nn = nn;
	e->p.cfg = rcu_dereference(nn->config);
	e->p.dry_run = true;
	e->p.second_pass = &e->back;
	e->p.local = !in &&
		     (is_v4 ? is_own_addr4(nn->net, ip_hdr(skb)->saddr) :
			      is_own_addr6(nn->net, &ipv6_hdr(skb)->saddr));
	if (!in)
		in = is_v4 ? source_dev4(nn->net, ip_hdr(skb)->saddr) :
			     source_dev6(nn->net, &ipv6_hdr(skb)->saddr);
	e->p.in = in;
	skb->dev = in;
}

static void pass_packet(struct nat64_explained *e, const char *reason)
{
	e->verdict = NAT64_VERDICT_PASSED;
	e->reason = reason;
}

/* Whether there is a hook to see the packet, and a mark that it asks for. */
static bool is_hooked(struct nat64_explained *e)
{
	if (nat64_config_is_empty(e->p.cfg))
		pass_packet(e, "not_configured");
	else if (e->p.local && !e->p.cfg->set.local)
		pass_packet(e, "local_off");
	else if (!nat64_is_marked(e->p.cfg, e->p.skb->mark))
		pass_packet(e, "mark");
	else
		return true;
	return false;
}

static void set_verdict(struct nat64_explained *e, enum nat64_counter reason)
{
	if (reason == NAT64_DRY_RUN) {
		e->verdict = NAT64_VERDICT_TRANSLATED;
		e->has_back = e->back.skb;
		return;
	}
	e->verdict = NAT64_VERDICT_REFUSED;
	e->reason = nat64_counter_names[reason];
	e->has_error = nat64_reject_error(&e->p, reason, &e->error);
	nat64_map_rejected(&e->p);
}

/* What is not translated because of its destination. */
static void explain_edge4(struct nat64_explained *e, const char *reason)
{
	struct nat64_pkt *p = &e->p;

	if (!p->cfg->has_edge || !nat64_edge_sender4(p->cfg, p->skb))
		return pass_packet(e, reason);
	if (!nat64_edge_takes4(p->nn, p->cfg, p->skb, p->in, p->local))
		return pass_packet(e, !nat64_addr4_is_host(ip_hdr(p->skb)->daddr) ?
				   "not_a_host" : !p->cfg->n_order ?
				   "no_prefix" : "native_route");
	p->dst_eam = NULL;
	set_verdict(e, nat64_xlat46(p));
}

static void explain_ipv4(struct nat64_explained *e)
{
	struct nat64_pkt *p = &e->p;
	__be32 daddr = ip_hdr(p->skb)->daddr;
	const struct nat64_eam *eam;

	eam = nat64_eam_find4(p->cfg->table, daddr);
	if (!eam)
		return explain_edge4(e, "not_mapped");
	p->dst_eam = eam;
	if (!nat64_addr4_is_host(daddr))
		return pass_packet(e, "not_a_host");
	if (nat64_native_beats_eam(&p->nn->native, p->skb, p->in, p->local,
				   eam))
		return explain_edge4(e, nat64_eam_is_edge(eam) ? "edge_host" :
							"native_route");
	set_verdict(e, nat64_xlat46(p));
}

/* Return true if the packet is for the face of an edge mapping. */
static bool is_to_face(struct nat64_explained *e)
{
	struct nat64_pkt *p = &e->p;

	if (p->cfg->has_edge && !p->prefix)
		p->dst_eam = nat64_edge_find_face(p->cfg, p->skb);
	return p->dst_eam;
}

static const char *no_prefix_reason(const struct nat64_pkt *p)
{
	return nat64_prefix_find(p->cfg, &ipv6_hdr(p->skb)->daddr) ?
	       "edge_only" : "no_prefix";
}

static bool is_from_face(const struct nat64_pkt *p)
{
	return p->local && p->cfg->has_edge &&
	       nat64_edge_is_face(p->cfg, &ipv6_hdr(p->skb)->saddr);
}

static void explain_ipv6(struct nat64_explained *e)
{
	struct nat64_pkt *p = &e->p;

	if (is_from_face(p))
		return pass_packet(e, "edge_face");
	p->prefix = nat64_prefix_claiming(p->cfg, &ipv6_hdr(p->skb)->daddr);
	if (!is_to_face(e) && !p->prefix)
		return pass_packet(e, no_prefix_reason(p));
	if (nat64_native_beats_len6(&p->nn->native, p->skb, p->in, p->local,
				    p->prefix ? p->prefix->len :
						p->dst_eam->len6))
		return pass_packet(e, "native_route");
	set_verdict(e, nat64_xlat64(p));
	if (!p->prefix)
		p->prefix = nat64_prefix_find(p->cfg, &ipv6_hdr(p->skb)->saddr);
}

/**
 * nat64_explain_begin() - find out what would become of a packet
 * @e: result
 * @nn: translator of the namespace
 * @skb: whole packet, its network header set
 * @in: device that it comes in on, or NULL for the one that leads to its source
 *
 * Context: RCU read lock and bottom halves off until nat64_explain_end().
 */
void nat64_explain_begin(struct nat64_explained *e, struct nat64_net *nn,
			 struct sk_buff *skb, struct net_device *in)
{
	init_explained(e, nn, skb, in);
	if (!is_hooked(e))
		return;
	if (e->p.family == 4)
		explain_ipv4(e);
	else
		explain_ipv6(e);
}

/**
 * nat64_explain_header6() - the headers that an IPv4 packet will have
 * @p: packet that was found fit to be translated
 * @at: where; 48 bytes
 *
 * Return: length of the headers.
 */
unsigned int nat64_explain_header6(const struct nat64_pkt *p, void *at)
{
	nat64_header6_write(at, &p->hdr, &p->a, p->cfg->set.traffic_class,
			    p->hdr.ttl - !p->local, p->hdr.payload);
	return NAT64_HDR6_LEN(&p->hdr);
}

/**
 * nat64_explain_header4() - the header that an IPv6 packet will have
 * @p: packet that was found fit to be translated
 * @at: where; 20 bytes
 *
 * Its identification will be another one.
 *
 * Return: length of the header.
 */
unsigned int nat64_explain_header4(const struct nat64_pkt *p, void *at)
{
	nat64_header4_write(at, &p->hdr, &p->a, p->cfg->set.tos,
			    p->hdr.ttl - !p->local, 0, nat64_skb_needs_df(p),
			    p->hdr.payload);
	return sizeof(struct iphdr);
}

/**
 * nat64_explain_end() - give back what nat64_explain_begin() has found
 * @e: result
 */
void nat64_explain_end(struct nat64_explained *e)
{
	nat64_route_put(&e->p);
	nat64_route_put(&e->back);
}
