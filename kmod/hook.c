// SPDX-License-Identifier: GPL-2.0-only
#include "hook.h"

#include <linux/netfilter.h>
#include <linux/netfilter_bridge.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>

#include "compat/compiler.h"
#include "edge.h"
#include "flow.h"
#include "frame.h"
#include "ingress.h"
#include "reject.h"
#include "route.h"
#include "skb.h"
#include "trace.h"
#include "xlat.h"
#include "xmit.h"

static bool is_local(const struct nf_hook_state *state)
{
	return state->hook == NF_INET_LOCAL_OUT;
}

static struct net_device *hook_dev(const struct nf_hook_state *state)
{
	return is_local(state) ? state->out : state->in;
}

/*
 * br_netfilter calls PRE_ROUTING for the frames of a bridge before the bridge
 * has filtered them and learned their source, for those to other hosts as well.
 * Let them go on through the bridge. Those that it hands up must pass
 * PRE_ROUTING again, so keep ip_sabotage_in() from skipping it
 * (sabotage_in_done).
 *
 * Context: @skb has bridge information.
 */
static noinline unsigned int leave_to_bridge(struct sk_buff *skb,
					     const struct nf_hook_state *state)
{
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	struct nf_bridge_info *info = nf_bridge_info_get(skb);

#ifdef NAT64_HAVE_SABOTAGE_IN_DONE
	info->sabotage_in_done = 1;
#endif
	if (info->pkt_otherhost)
		return NF_ACCEPT;
#endif
	/* Skip defragmentation and conntrack, as for other packets. */
	state->okfn(state->net, state->sk, skb);
	return NF_STOLEN;
}

/* Return true if a frame is still to go through a bridge of the gateway. */
static bool is_in_bridge(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	const struct nf_bridge_info *info = nf_bridge_info_get(skb);

	if (likely(!info) || !info->in_prerouting)
		return false;
#ifdef NAT64_HAVE_SABOTAGE_IN_DONE
	return true;
#else
	return info->pkt_otherhost;
#endif
#else
	return false;
#endif
}

/* The error for a sender on this machine, as a failed route lookup gives it. */
static int local_errno(enum nat64_counter reason)
{
	switch (reason) {
	case NAT64_NO_MEMORY:
		return -ENOMEM;
	case NAT64_NO_ROUTE:
		return -ENETUNREACH;
	case NAT64_UNREACHABLE:
		return -EHOSTUNREACH;
	case NAT64_PROHIBITED:
		return -EACCES;
	case NAT64_BLACKHOLE:
		return -EINVAL;
	case NAT64_TOO_BIG:
		return -EMSGSIZE;
	default:
		return -EPERM;
	}
}

static unsigned int reject_packet(struct nat64_pkt *p,
				  enum nat64_counter reason)
{
	if (!p->local) {
		nat64_pkt_reject(p, reason);
		return NF_STOLEN;
	}
	nat64_pkt_refuse(p, reason);
	return NF_DROP_ERR(local_errno(reason));
}

/*
 * The upper bits are an error for the call of a sender on this machine; kernels
 * that do not look at them with NF_STOLEN ignore it.
 */
static unsigned int stolen_verdict(const struct nat64_pkt *p)
{
	return NF_STOLEN | -p->err << NF_VERDICT_QBITS;
}

static enum nat64_counter translate_packet(struct nat64_pkt *p)
{
	return p->family == 4 ? nat64_xlat46(p) : nat64_xlat64(p);
}

/* Translates each segment of a GSO packet on its own. */
static noinline unsigned int segment_packet(struct nat64_pkt *p)
{
	struct nat64_pkt whole = *p;
	struct sk_buff *segs, *skb, *next;
	enum nat64_counter reason;
	int err = 0;

	nat64_route_put(&whole);
	segs = nat64_skb_segment(p->skb);
	if (IS_ERR(segs))
		return reject_packet(&whole, segs == ERR_PTR(-ENOMEM) ?
				     NAT64_NO_MEMORY : NAT64_MALFORMED);
	skb_list_walk_safe(segs, skb, next) {
		skb_mark_not_on_list(skb);
		*p = whole;
		p->skb = skb;
		p->dst_held = false;
		reason = translate_packet(p);
		err = p->err ?: err;
		if (!reason)
			continue;
		if (reason == NAT64_NEEDS_SEGMENTING)
			reason = NAT64_MALFORMED;
		nat64_pkt_reject(p, reason);
	}
	p->err = err;
	return stolen_verdict(p);
}

/* Out of line so that packets which are passed skip filling struct nat64_pkt. */
static noinline unsigned int run_packet(struct nat64_net *nn,
					const struct nat64_config *cfg,
					struct sk_buff *skb,
					const struct nf_hook_state *state,
					const struct nat64_eam *eam,
					const struct nat64_prefix *prefix)
{
	struct nat64_pkt p NAT64_UNINITIALIZED;
	enum nat64_counter reason;

	p.skb = skb;
	p.nn = nn;
	p.cfg = cfg;
	p.sk = state->sk;
	p.in = hook_dev(state);
	p.family = state->pf == NFPROTO_IPV4 ? 4 : 6;
	p.local = is_local(state);
	nat64_pkt_clear(&p);
	p.dst_eam = eam;
	p.prefix = prefix;
	if (!p.local && !nat64_route_may_enter(&p))
		return reject_packet(&p, NAT64_IPSEC_POLICY);
	reason = translate_packet(&p);
	if (likely(!reason))
		return stolen_verdict(&p);
	if (reason == NAT64_NEEDS_SEGMENTING)
		return segment_packet(&p);
	return reject_packet(&p, reason);
}

/*
 * Whether a packet goes the way that frame.c serves, through FORWARD. A policy for
 * what goes out makes all cached routes invalid, and none is cached then. No
 * packet is reassembled in front of this hook, but in a VRF.
 */
static __always_inline bool may_run_frame(const struct nat64_net *nn,
					  const struct nat64_config *cfg,
					  const struct sk_buff *skb,
					  const struct nf_hook_state *state)
{
	return state->hook == NF_INET_PRE_ROUTING &&
	       cfg->set.forwarding != NAT64_FORWARDING_DIRECT &&
	       nat64_skb_is_simple(skb) && likely(!cfg->set.counters) &&
	       !cfg->has_edge && !trace_translated_enabled() &&
	       !(state->in->priv_flags & (IFF_L3MDEV_MASTER | IFF_L3MDEV_SLAVE)) &&
	       !nat64_xfrm_has_policy(nn->net, XFRM_POLICY_FWD) &&
	       !secpath_exists(skb);
}

/* Return true if the packet was plain, and is gone; else it is unchanged. */
static noinline bool run_frame4(struct nat64_net *nn,
				const struct nat64_config *cfg,
				struct sk_buff *skb,
				const struct nf_hook_state *state)
{
	struct nat64_pkt p NAT64_UNINITIALIZED;
	const struct nat64_flow *flow;

	if (unlikely(!may_run_frame(nn, cfg, skb, state)))
		return false;
	nat64_flow_start_lookup(&p, nn, cfg);
	p.a.src4 = ip_hdr(skb)->saddr;
	p.a.dst4 = ip_hdr(skb)->daddr;
	flow = nat64_flow_find46(&p);
	return likely(flow) && nat64_frame_forward46(nn, cfg, skb, flow);
}

static noinline bool run_frame6(struct nat64_net *nn,
				const struct nat64_config *cfg,
				struct sk_buff *skb,
				const struct nf_hook_state *state)
{
	struct nat64_pkt p NAT64_UNINITIALIZED;
	const struct nat64_flow *flow;

	if (unlikely(!may_run_frame(nn, cfg, skb, state)))
		return false;
	nat64_flow_start_lookup(&p, nn, cfg);
	p.a.src6 = ipv6_hdr(skb)->saddr;
	p.a.dst6 = ipv6_hdr(skb)->daddr;
	p.hdr.tos = ipv6_get_dsfield(ipv6_hdr(skb));
	flow = nat64_flow_find64(&p);
	return likely(flow) && nat64_frame_forward64(nn, cfg, skb, flow);
}

/* Not selected by its destination; an edge mapping of its source may. */
static noinline unsigned int
hook_edge4(struct nat64_net *nn, const struct nat64_config *cfg,
	   struct sk_buff *skb, const struct nf_hook_state *state)
{
	if (!nat64_is_marked(cfg, skb->mark) ||
	    !nat64_edge_translates4(nn, cfg, skb, hook_dev(state), is_local(state)))
		return NF_ACCEPT;
	if (is_in_bridge(skb))
		return leave_to_bridge(skb, state);
	return run_packet(nn, cfg, skb, state, NULL, NULL);
}

/* An IPv6 packet to a translation prefix, or to the face of an edge mapping. */
static __always_inline unsigned int
hook_selected6(struct nat64_net *nn, const struct nat64_config *cfg,
	       struct sk_buff *skb, const struct nf_hook_state *state,
	       const struct nat64_eam *eam, const struct nat64_prefix *prefix)
{
	if (!nat64_is_marked(cfg, skb->mark))
		return NF_ACCEPT;
	if (is_in_bridge(skb))
		return leave_to_bridge(skb, state);
	if (nat64_native_preferred6(&nn->native, skb, hook_dev(state),
				    is_local(state),
				    prefix ? prefix->len : eam->len6))
		return NF_ACCEPT;
	if (likely(run_frame6(nn, cfg, skb, state)))
		return NF_STOLEN;
	return run_packet(nn, cfg, skb, state, eam, prefix);
}

/* The destination lies in no prefix; it may be the face of an edge mapping. */
static noinline unsigned int
hook_edge6(struct nat64_net *nn, const struct nat64_config *cfg,
	   struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct nat64_eam *eam = nat64_edge_find_face(cfg, skb);

	return eam ? hook_selected6(nn, cfg, skb, state, eam, NULL) : NF_ACCEPT;
}

static unsigned int hook_ipv4(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state)
{
	struct nat64_net *nn = priv;
	const struct nat64_config *cfg = rcu_dereference(nn->config);
	__be32 daddr = ip_hdr(skb)->daddr;
	const struct nat64_eam *eam;

	eam = nat64_eam_find4(cfg->table, daddr);
	if (!eam)
		return likely(!cfg->has_edge) ? NF_ACCEPT :
		       hook_edge4(nn, cfg, skb, state);
	if (!nat64_is_marked(cfg, skb->mark) || !nat64_addr4_is_host(daddr))
		return NF_ACCEPT;
	if (is_in_bridge(skb))
		return leave_to_bridge(skb, state);
	if (nat64_native_preferred4(&nn->native, skb, hook_dev(state),
				    is_local(state), eam))
		return likely(!cfg->has_edge) ? NF_ACCEPT :
		       hook_edge4(nn, cfg, skb, state);
	if (likely(run_frame4(nn, cfg, skb, state)))
		return NF_STOLEN;
	return run_packet(nn, cfg, skb, state, eam, NULL);
}

static unsigned int hook_ipv6(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state)
{
	struct nat64_net *nn = priv;
	const struct nat64_config *cfg = rcu_dereference(nn->config);
	const struct nat64_prefix *prefix;

	prefix = nat64_prefix_claiming(cfg, &ipv6_hdr(skb)->daddr);
	if (!prefix)
		return likely(!cfg->has_edge) ? NF_ACCEPT :
		       hook_edge6(nn, cfg, skb, state);
	return hook_selected6(nn, cfg, skb, state, NULL, prefix);
}

/* Setting local. */
static bool is_local_on(const struct nat64_net *nn)
{
	return rcu_dereference(nn->config)->set.local;
}

/* A packet from a face in LOCAL_OUT has just been translated from IPv4. */
static bool is_from_face(const struct nat64_net *nn, const struct sk_buff *skb)
{
	const struct nat64_config *cfg = rcu_dereference(nn->config);

	return unlikely(cfg->has_edge) &&
	       nat64_edge_is_face(cfg, &ipv6_hdr(skb)->saddr);
}

static unsigned int hook_out4(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state)
{
	return is_local_on(priv) ? hook_ipv4(priv, skb, state) : NF_ACCEPT;
}

static unsigned int hook_out6(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state)
{
	if (!is_local_on(priv) || is_from_face(priv, skb))
		return NF_ACCEPT;
	return hook_ipv6(priv, skb, state);
}

#define HOOK(family, fn, point) {			\
	.hook		= fn,				\
	.pf		= family,			\
	.hooknum	= point,			\
	.priority	= NAT64_HOOK_PRIORITY,		\
}

static const struct nf_hook_ops pre_ops[NAT64_N_OPS] = {
	HOOK(NFPROTO_IPV4, hook_ipv4, NF_INET_PRE_ROUTING),
	HOOK(NFPROTO_IPV6, hook_ipv6, NF_INET_PRE_ROUTING),
};

static const struct nf_hook_ops out_ops[NAT64_N_OPS] = {
	HOOK(NFPROTO_IPV4, hook_out4, NF_INET_LOCAL_OUT),
	HOOK(NFPROTO_IPV6, hook_out6, NF_INET_LOCAL_OUT),
};

/* Netfilter keeps the operations of a namespace; each has its own. */
static int register_ops(struct nat64_net *nn, struct nf_hook_ops *ops,
			const struct nf_hook_ops *model, bool *is_on)
{
	unsigned int i;
	int err;

	if (*is_on)
		return 0;
	for (i = 0; i < NAT64_N_OPS; i++) {
		ops[i] = model[i];
		ops[i].priv = nn;
	}
	err = nf_register_net_hooks(nn->net, ops, NAT64_N_OPS);
	*is_on = !err;
	return err;
}

/**
 * nat64_hooks_register() - register hooks of a namespace that are not there yet
 * @nn: translator of the namespace
 * @set: settings that say which
 *
 * Hooks stay as long as the namespace does: unregistering one makes the kernel
 * drop all packets that wait in any NFQUEUE of the namespace.
 *
 * Context: process, under @nn->lock.
 *
 * Return: 0, or a negative error; hooks that were registered before stay.
 */
int nat64_hooks_register(struct nat64_net *nn,
			 const struct nat64_settings *set)
{
	int err = register_ops(nn, nn->pre_ops, pre_ops, &nn->pre_on);

	if (!err && set->local)
		err = register_ops(nn, nn->out_ops, out_ops, &nn->out_on);
	if (!err && set->forwarding == NAT64_FORWARDING_DIRECT &&
	    !set->mark_mask)
		err = nat64_ingress_register(nn);
	return err;
}

/**
 * nat64_hooks_unregister() - unregister the hooks of a namespace that goes away
 * @nn: translator of the namespace
 *
 * Context: process.
 */
void nat64_hooks_unregister(struct nat64_net *nn)
{
	nat64_ingress_unregister(nn);
	if (nn->out_on)
		nf_unregister_net_hooks(nn->net, nn->out_ops, NAT64_N_OPS);
	if (nn->pre_on)
		nf_unregister_net_hooks(nn->net, nn->pre_ops, NAT64_N_OPS);
	nn->out_on = false;
	nn->pre_on = false;
}
