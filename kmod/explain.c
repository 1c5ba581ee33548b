// SPDX-License-Identifier: GPL-2.0-only
#include "explain.h"

#include <linux/inetdevice.h>
#include <net/addrconf.h>
#include <net/ip6_route.h>
#include <net/l3mdev.h>
#include <net/route.h>

#include "compat/flow.h"
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

/* The device towards the source. */
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

static struct net_device *source_dev(struct net *net, const struct sk_buff *skb)
{
	return ip_hdr(skb)->version == 4 ?
	       source_dev4(net, ip_hdr(skb)->saddr) :
	       source_dev6(net, &ipv6_hdr(skb)->saddr);
}

/*
 * Whether the gateway itself sends a packet: its source is an address of the
 * gateway, in the VRF that is @dev, or in none. Such a source is spoofed if the
 * packet comes in on any other device.
 */
static bool is_own_packet(struct net *net, const struct sk_buff *skb,
			  struct net_device *dev)
{
	if (!(dev->flags & IFF_LOOPBACK) && !netif_is_l3_master(dev))
		return false;
	if (ip_hdr(skb)->version == 4)
		return inet_addr_type_dev_table(net, dev, ip_hdr(skb)->saddr) ==
		       RTN_LOCAL;
	return ipv6_chk_addr_and_flags(net, &ipv6_hdr(skb)->saddr, dev, true, 0,
				       IFA_F_TENTATIVE);
}

/*
 * The outgoing device that netfilter names in LOCAL_OUT, that of the route
 * before translation. NULL without a route: the call of the sender fails before
 * the hook.
 */
static struct net_device *output_dev4(struct net *net, const struct sk_buff *skb,
				      int vrf)
{
	const struct iphdr *iph = ip_hdr(skb);
	struct flowi4 fl4 = {
		.daddr = iph->daddr,
		.saddr = iph->saddr,
		.flowi4_oif = vrf,
		.flowi4_mark = skb->mark,
		.flowi4_proto = iph->protocol,
		.flowi4_uid = sock_net_uid(net, NULL),
	};
	struct net_device *dev;
	struct rtable *rt;

	nat64_flowi4_set_tos(&fl4, iph->tos);
	rt = __ip_route_output_key(net, &fl4);
	if (IS_ERR(rt))
		return NULL;
	dev = rt->dst.dev;
	ip_rt_put(rt);
	return dev;
}

static struct net_device *output_dev6(struct net *net, const struct sk_buff *skb,
				      int vrf)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	struct flowi6 fl6 = {
		.daddr = ip6h->daddr,
		.saddr = ip6h->saddr,
		.flowlabel = ip6_flowinfo(ip6h),
		.flowi6_oif = vrf,
		.flowi6_mark = skb->mark,
		.flowi6_proto = ip6h->nexthdr,
		.flowi6_uid = sock_net_uid(net, NULL),
	};
	struct dst_entry *dst = ip6_route_output(net, NULL, &fl6);
	struct net_device *dev = dst->error ? NULL : dst->dev;

	dst_release(dst);
	return dev;
}

static struct net_device *output_dev(struct net *net, const struct sk_buff *skb,
				     const struct net_device *dev)
{
	int vrf = netif_is_l3_master(dev) ? dev->ifindex : 0;

	return ip_hdr(skb)->version == 4 ? output_dev4(net, skb, vrf) :
					   output_dev6(net, skb, vrf);
}

/* @in: NULL for the gateway itself, or for the route to the source. */
static void init_devices(struct nat64_explained *e, struct net_device *in)
{
	struct net *net = e->p.nn->net;
	struct sk_buff *skb = e->p.skb;
	struct net_device *own = in ?: net->loopback_dev;

	e->p.local = is_own_packet(net, skb, own);
	e->in = e->p.local ? own : in ?: source_dev(net, skb);
	e->p.in = e->p.local ? output_dev(net, skb, own) : e->in;
	skb->dev = e->p.in;
}

static void init_explained(struct nat64_explained *e, struct nat64_net *nn,
			   struct sk_buff *skb, struct net_device *in)
{
	memset(e, 0, sizeof(*e));
	e->p.family = ip_hdr(skb)->version == 4 ? 4 : 6;
	e->p.skb = skb;
	e->p.nn = nn;
	e->p.cfg = rcu_dereference(nn->config);
	e->p.dry_run = true;
	e->p.second_pass = &e->back;
	init_devices(e, in);
}

static void pass_packet(struct nat64_explained *e, const char *reason)
{
	e->verdict = NAT64_VERDICT_PASSED;
	e->reason = reason;
}

/* Whether a hook sees the packet, and it has the mark that is asked for. */
static bool is_hooked(struct nat64_explained *e)
{
	if (nat64_config_is_empty(e->p.cfg))
		pass_packet(e, "not_configured");
	else if (e->p.local && !e->p.cfg->set.local)
		pass_packet(e, "local_off");
	else if (!nat64_is_marked(e->p.cfg, e->p.skb->mark))
		pass_packet(e, "mark");
	else if (!e->p.in)
		pass_packet(e, "not_routed");
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

/* Not selected by its destination; an edge mapping of its source may. */
static void explain_edge4(struct nat64_explained *e, const char *reason)
{
	struct nat64_pkt *p = &e->p;

	if (!p->cfg->has_edge || !nat64_edge_sender4(p->cfg, p->skb))
		return pass_packet(e, reason);
	if (!nat64_edge_translates4(p->nn, p->cfg, p->skb, p->in, p->local))
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
	if (nat64_native_preferred4(&p->nn->native, p->skb, p->in, p->local,
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

static bool is_local_from_face(const struct nat64_pkt *p)
{
	return p->local && p->cfg->has_edge &&
	       nat64_edge_is_face(p->cfg, &ipv6_hdr(p->skb)->saddr);
}

static void explain_ipv6(struct nat64_explained *e)
{
	struct nat64_pkt *p = &e->p;

	if (is_local_from_face(p))
		return pass_packet(e, "edge_face");
	p->prefix = nat64_prefix_claiming(p->cfg, &ipv6_hdr(p->skb)->daddr);
	if (!is_to_face(e) && !p->prefix)
		return pass_packet(e, no_prefix_reason(p));
	if (nat64_native_preferred6(&p->nn->native, p->skb, p->in, p->local,
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
 * @in: device that it comes in on, or NULL for the one that leads to its source;
 *	loopback, NULL or a VRF for what the gateway itself sends
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
 * nat64_explain_end() - release the routes of nat64_explain_begin()
 * @e: result
 */
void nat64_explain_end(struct nat64_explained *e)
{
	nat64_route_put(&e->p);
	nat64_route_put(&e->back);
}
