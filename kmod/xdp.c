// SPDX-License-Identifier: GPL-2.0-only
/*
 * XDP: a program of a few instructions, which nat64ctl loads, calls the function
 * here for each frame that a device receives, and redirects those that it has
 * translated. The program holds the module.
 */
#include "xdp.h"

#include <linux/bpf.h>
#include <linux/etherdevice.h>
#include <linux/filter.h>
#include <linux/module.h>
#include <net/addrconf.h>
#include <net/dsfield.h>
#include <net/xdp.h>

#include "compat/compiler.h"
#include "compat/xdp.h"
#include "compat/xfrm.h"
#include "config.h"
#include "flow.h"
#include "frame.h"
#include "map.h"
#include "route.h"
#include "trace.h"

#ifdef NAT64_HAVE_XDP
/*
 * Whether settings let frames pass by the stack. With edge mappings, whose a
 * packet is depends on more than its addresses; counters of mappings and
 * tracepoints are served where a packet is an skb.
 */
static __always_inline bool is_open(const struct nat64_config *cfg)
{
	return cfg->set.forwarding == NAT64_FORWARDING_DIRECT &&
	       !cfg->set.mark_mask && !cfg->set.counters &&
	       likely(!cfg->has_edge) && !trace_translated_enabled();
}

/* Whether the device is a router's port of its own, and no policy applies. */
static __always_inline bool is_router_port(const struct nat64_net *nn,
					   const struct net_device *dev)
{
	return !rcu_access_pointer(dev->rx_handler) && !netif_is_l3_slave(dev) &&
	       !nat64_xfrm_has_policy(nn->net, XFRM_POLICY_FWD) &&
	       !nat64_xfrm_has_policy(nn->net, XFRM_POLICY_OUT);
}

/* Routing asks an skb for mark, tunnel and ports: @skb has none of them. */
static void start_search(struct nat64_pkt *p, struct sk_buff *skb,
			 const struct nat64_frame *f)
{
	memset(skb, 0, sizeof(*skb));
	nat64_pkt_clear(p);
	p->skb = skb;
	p->sk = NULL;
	p->in = f->in;
	p->local = false;
	p->keep = true;
	/* Where IPsec policies are, it is for the stack. */
	p->ingress = true;
}

/*
 * Adds the flow that was found to the cache if it may be there, and to @flow. The
 * route lives under the RCU read lock without the reference. One that does not
 * depend on the destination alone is for the stack to find.
 */
static bool end_search(struct nat64_pkt *p, struct nat64_flow *flow)
{
	struct nat64_flow *bucket = NULL;

	if (p->keep)
		bucket = nat64_flow_admit(p, nat64_flow_kind(p));
	if (bucket)
		nat64_flow_add(bucket, p, nat64_flow_kind(p));
	nat64_route_put(p);
	flow->a = p->a;
	flow->dst = p->dst;
	flow->csum = p->csum;
	return p->dst_only;
}

/*
 * A flow that is not in the cache, as hook_ipv4() and nat64_xlat46() find it: the
 * stack may handle its packets on another CPU, and keep it there.
 */
static noinline bool search_flow46(const struct nat64_frame *f,
				   struct nat64_pkt *p, struct nat64_flow *flow)
{
	const struct iphdr *iph = f->data;
	struct sk_buff skb;

	start_search(p, &skb, f);
	p->family = 4;
	p->hdr.proto = iph->protocol;
	p->hdr.tos = iph->tos;
	p->dst_eam = nat64_eam_find4(f->cfg->table, p->a.dst4);
	if (!p->dst_eam || !nat64_addr4_is_host(p->a.dst4) ||
	    fib6_has_custom_rules(f->nn->net) || nat64_map46(p))
		return false;
	if (nat64_route6(p)) {
		nat64_route_put(p);
		return false;
	}
	return end_search(p, flow);
}

/*
 * The same for IPv6. Where the destination has a mapping, the stack finds out
 * whether the flow is hairpinned, and if not, keeps it; with PREEMPT_RT, where it
 * keeps none, it has all packets to such destinations.
 */
static noinline bool search_flow64(const struct nat64_frame *f,
				   struct nat64_pkt *p, struct nat64_flow *flow)
{
	const struct ipv6hdr *ip6h = f->data;
	u8 tos = p->hdr.tos;
	struct sk_buff skb;

	start_search(p, &skb, f);
	p->family = 6;
	p->hdr.proto = ip6h->nexthdr;
	p->hdr.tos = tos;
	p->prefix = nat64_prefix_claiming(f->cfg, &p->a.dst6);
	if (fib4_has_custom_rules(f->nn->net) || nat64_map64(p) || p->dst_eam ||
	    nat64_eam_find4(f->cfg->table, p->a.dst4))
		return false;
	if (nat64_route4(p)) {
		nat64_route_put(p);
		return false;
	}
	return end_search(p, flow);
}

static __always_inline bool translate_frame46(struct nat64_frame *f)
{
	struct nat64_flow found NAT64_UNINITIALIZED;
	struct nat64_pkt p NAT64_UNINITIALIZED;
	const struct iphdr *iph = f->data;
	const struct nat64_flow *flow;

	if (unlikely(READ_ONCE(f->nn->native.has_specific4)))
		return false;
	nat64_flow_start_lookup(&p, f->nn, f->cfg);
	p.a.src4 = iph->saddr;
	p.a.dst4 = iph->daddr;
	flow = nat64_flow_find46(&p);
	if (unlikely(!flow)) {
		if (!search_flow46(f, &p, &found))
			return false;
		flow = &found;
	}
	return nat64_frame_edit46(f, flow);
}

static __always_inline bool translate_frame64(struct nat64_frame *f)
{
	const struct inet6_dev *idev = __in6_dev_get(f->in);
	struct nat64_flow found NAT64_UNINITIALIZED;
	struct nat64_pkt p NAT64_UNINITIALIZED;
	const struct ipv6hdr *ip6h = f->data;
	const struct nat64_flow *flow;

	if (unlikely(!idev || READ_ONCE(idev->cnf.disable_ipv6) ||
		     READ_ONCE(f->nn->native.has_specific6)))
		return false;
	nat64_flow_start_lookup(&p, f->nn, f->cfg);
	p.a.src6 = ip6h->saddr;
	p.a.dst6 = ip6h->daddr;
	p.hdr.tos = ipv6_get_dsfield(ip6h);
	flow = nat64_flow_find64(&p);
	if (unlikely(!flow)) {
		if (!search_flow64(f, &p, &found))
			return false;
		flow = &found;
	}
	return nat64_frame_edit64(f, flow);
}

/* As nat64_net(), which takes and leaves the RCU read lock for itself. */
static __always_inline struct nat64_net *net_of(const struct net_device *dev)
{
	return rcu_dereference(dev_net(dev)->gen)->ptr[nat64_net_id];
}

/* Most frames that are not for the translator end here. */
static __always_inline bool is_claimed(const struct nat64_config *cfg,
				       const struct ethhdr *eth, const void *end)
{
	const struct ipv6hdr *ip6h = (const void *)(eth + 1);
	const struct iphdr *iph = (const void *)(eth + 1);

	if (eth->h_proto == htons(ETH_P_IPV6))
		return (const void *)(ip6h + 1) <= end &&
		       nat64_prefix_claiming(cfg, &ip6h->daddr);
	return eth->h_proto == htons(ETH_P_IP) &&
	       (const void *)(iph + 1) <= end &&
	       nat64_eam_find4(cfg->table, iph->daddr);
}

/* Whether there is nothing but the frame, in one piece: no data of another program. */
static __always_inline bool is_simple_buff(struct xdp_buff *xdp)
{
	return likely(!xdp_buff_has_frags(xdp)) &&
	       (xdp_data_meta_unsupported(xdp) || xdp->data_meta == xdp->data) &&
	       !nat64_xdp_is_tagged(xdp);
}

/* Returns the device to redirect to, or 0. */
static __always_inline int translate_buff(struct nat64_net *nn,
					  const struct nat64_config *cfg,
					  struct xdp_buff *xdp)
{
	const struct ethhdr *eth = xdp->data;
	struct nat64_frame f = {
		.nn = nn,
		.cfg = cfg,
		.in = xdp->rxq->dev,
		.floor = xdp->data_hard_start + sizeof(struct xdp_frame),
		.data = xdp->data + ETH_HLEN,
		.end = xdp->data_end,
		.len = xdp->data_end - xdp->data - ETH_HLEN,
		.to_neighbour = true,
		.xdp = xdp,
	};

	if (unlikely(!ether_addr_equal_64bits(eth->h_dest, f.in->dev_addr) ||
		     !is_simple_buff(xdp) || !is_router_port(nn, f.in)))
		return 0;
	if (eth->h_proto == htons(ETH_P_IPV6) ? !translate_frame64(&f) :
						!translate_frame46(&f))
		return 0;
	xdp->data_meta += f.data - xdp->data;
	xdp->data = f.data;
	xdp->data_end = f.data + f.len;
	nat64_count(nn->stats, NAT64_TRANSLATED_XDP, 1);
	return f.dst->dev->ifindex;
}

__bpf_kfunc_start_defs();

/**
 * bpf_nat64_xdp() - translate a frame, if it is a plain one
 * @ctx: context of the XDP program
 *
 * Context: softirq.
 *
 * Return: index of the device to which the frame is to be redirected, with an
 * Ethernet header for it; 0 with the frame unchanged, which is to be passed.
 */
__bpf_kfunc int bpf_nat64_xdp(struct xdp_md *ctx)
{
	struct xdp_buff *xdp = (struct xdp_buff *)ctx;
	const struct nat64_config *cfg;
	struct nat64_net *nn;
	int out = 0;

	if (unlikely(xdp->data + ETH_HLEN > xdp->data_end))
		return 0;
	rcu_read_lock();
	nn = net_of(xdp->rxq->dev);
	if (unlikely(READ_ONCE(nn->is_exiting)))
		goto unlock;
	cfg = rcu_dereference(nn->config);
	if (is_open(cfg) && is_claimed(cfg, xdp->data, xdp->data_end))
		out = translate_buff(nn, cfg, xdp);
unlock:
	rcu_read_unlock();
	return out;
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(nat64_xdp_kfuncs)
BTF_ID_FLAGS(func, bpf_nat64_xdp)
BTF_KFUNCS_END(nat64_xdp_kfuncs)

static const struct btf_kfunc_id_set kfunc_set = {
	.owner = THIS_MODULE,
	.set = &nat64_xdp_kfuncs,
};

/**
 * nat64_xdp_init() - let XDP programs translate
 *
 * A module that was built without BTF, or with that of another kernel, does
 * without: nat64ctl says so when it is to attach a program.
 */
void nat64_xdp_init(void)
{
	if (THIS_MODULE->btf_data_size)
		register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &kfunc_set);
}
#else
void nat64_xdp_init(void)
{
}
#endif
