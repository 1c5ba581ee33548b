// SPDX-License-Identifier: GPL-2.0
#include "hook.h"

#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>

#include "reject.h"
#include "route.h"
#include "skb.h"
#include "xlat.h"

static struct net_device *device_of(const struct nf_hook_state *state)
{
	return state->hook == NF_INET_LOCAL_OUT ? state->out : state->in;
}

/* A sender on this machine learns of the end of its packet: EPERM, or ENOMEM. */
static unsigned int reject_packet(struct nat64_pkt *p,
				  enum nat64_counter reason)
{
	if (!p->local) {
		nat64_pkt_reject(p, reason);
		return NF_STOLEN;
	}
	nat64_pkt_refuse(p, reason);
	return reason == NAT64_NO_MEMORY ? NF_DROP_ERR(-ENOMEM) : NF_DROP;
}

static enum nat64_counter translate(struct nat64_pkt *p)
{
	return p->family == 4 ? nat64_xlat46(p) : nat64_xlat64(p);
}

/* Translates each segment of a super-packet on its own. */
static noinline unsigned int segment(struct nat64_pkt *p)
{
	struct nat64_pkt whole = *p;
	struct sk_buff *segs, *skb, *next;
	enum nat64_counter reason;

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
		reason = translate(p);
		if (!reason)
			continue;
		if (reason == NAT64_SEGMENT)
			reason = NAT64_MALFORMED;
		nat64_pkt_reject(p, reason);
	}
	return NF_STOLEN;
}

/* Out of line: what is not ours need not clear a struct nat64_pkt. */
static noinline unsigned int run(struct nat64_net *nn,
				 const struct nat64_config *cfg,
				 struct sk_buff *skb,
				 const struct nf_hook_state *state,
				 const struct nat64_eam *eam,
				 const struct nat64_prefix *prefix)
{
	struct nat64_pkt p = {
		.skb = skb,
		.nn = nn,
		.cfg = cfg,
		.sk = state->sk,
		.in = device_of(state),
		.dst_eam = eam,
		.prefix = prefix,
		.family = eam ? 4 : 6,
		.local = state->hook == NF_INET_LOCAL_OUT,
	};
	enum nat64_counter reason = translate(&p);

	if (likely(!reason))
		return NF_STOLEN;
	if (reason == NAT64_SEGMENT)
		return segment(&p);
	return reject_packet(&p, reason);
}

static unsigned int hook4(void *priv, struct sk_buff *skb,
			  const struct nf_hook_state *state)
{
	struct nat64_net *nn = priv;
	const struct nat64_config *cfg = rcu_dereference(nn->config);
	__be32 daddr = ip_hdr(skb)->daddr;
	const struct nat64_eam *eam;

	eam = nat64_eam_find4(cfg->table, daddr);
	if (!eam || !nat64_is_marked(cfg, skb->mark) || !nat64_addr4_is_host(daddr))
		return NF_ACCEPT;
	if (unlikely(READ_ONCE(nn->native.found4)) &&
	    nat64_native_route4(nn, skb, device_of(state), eam))
		return NF_ACCEPT;
	return run(nn, cfg, skb, state, eam, NULL);
}

static unsigned int hook6(void *priv, struct sk_buff *skb,
			  const struct nf_hook_state *state)
{
	struct nat64_net *nn = priv;
	const struct nat64_config *cfg = rcu_dereference(nn->config);
	const struct nat64_prefix *prefix;

	prefix = nat64_prefix_find(cfg, &ipv6_hdr(skb)->daddr);
	if (!prefix || !nat64_is_marked(cfg, skb->mark))
		return NF_ACCEPT;
	if (unlikely(READ_ONCE(nn->native.found6)) &&
	    nat64_native_route6(nn, skb, device_of(state), prefix))
		return NF_ACCEPT;
	return run(nn, cfg, skb, state, NULL, prefix);
}

#define HOOK(family, fn, point) {			\
	.hook		= fn,				\
	.pf		= family,			\
	.hooknum	= point,			\
	.priority	= NAT64_HOOK_PRIORITY,		\
}

static const struct nf_hook_ops pre_ops[NAT64_N_OPS] = {
	HOOK(NFPROTO_IPV4, hook4, NF_INET_PRE_ROUTING),
	HOOK(NFPROTO_IPV6, hook6, NF_INET_PRE_ROUTING),
};

static const struct nf_hook_ops out_ops[NAT64_N_OPS] = {
	HOOK(NFPROTO_IPV4, hook4, NF_INET_LOCAL_OUT),
	HOOK(NFPROTO_IPV6, hook6, NF_INET_LOCAL_OUT),
};

/* Netfilter keeps the operations of a namespace; each has its own. */
static int switch_ops(struct nat64_net *nn, struct nf_hook_ops *ops,
		      const struct nf_hook_ops *model, bool *is_on, bool on)
{
	unsigned int i;
	int err = 0;

	if (*is_on == on)
		return 0;
	if (on) {
		for (i = 0; i < NAT64_N_OPS; i++) {
			ops[i] = model[i];
			ops[i].priv = nn;
		}
		err = nf_register_net_hooks(nn->net, ops, NAT64_N_OPS);
	} else {
		nf_unregister_net_hooks(nn->net, ops, NAT64_N_OPS);
	}
	if (!err)
		*is_on = on;
	return err;
}

/**
 * nat64_hooks_update() - register or unregister the hooks of a namespace
 * @nn: translator of the namespace
 * @pre: whether packets that come in are to be seen
 * @out: whether packets that the gateway sends are to be seen
 *
 * Context: process, under @nn->lock or while nobody else can know @nn.
 *
 * Return: 0, or a negative error with the hooks as they were.
 */
int nat64_hooks_update(struct nat64_net *nn, bool pre, bool out)
{
	bool pre_was = nn->pre_on;
	int err;

	if (pre && !nn->ways)
		nn->ways = nat64_ways_alloc();
	if (pre && !nn->ways)
		return -ENOMEM;
	err = switch_ops(nn, nn->pre_ops, pre_ops, &nn->pre_on, pre);
	if (err)
		return err;
	err = switch_ops(nn, nn->out_ops, out_ops, &nn->out_on, out);
	if (err)
		switch_ops(nn, nn->pre_ops, pre_ops, &nn->pre_on, pre_was);
	return err;
}
