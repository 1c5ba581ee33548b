// SPDX-License-Identifier: GPL-2.0-only
/*
 * Setting forwarding direct: packets of cached flows are translated in the
 * ingress hook of their device, before ip_rcv() and ip6_rcv(), so what those
 * check is checked here. Any other packet is passed unchanged, and comes to
 * PRE_ROUTING: hook.c rejects packets, sends ICMP errors, and fills the flow
 * cache.
 */
#include "ingress.h"

#include <linux/if_arp.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/netfilter_netdev.h>
#include <linux/slab.h>
#include <net/addrconf.h>
#include <net/dsfield.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "compat/compiler.h"
#include "compat/skbuff.h"
#include "compat/xfrm.h"
#include "flow.h"
#include "frame.h"
#include "skb.h"
#include "trace.h"
#include "xlat.h"

/* Version 4, and no options. */
#define PLAIN_IPV4	0x45

/*
 * Whether packets are to be taken here. With edge mappings, whose a packet is
 * depends on more than its addresses: on routes, and on who else claims it.
 */
static __always_inline bool is_open(const struct nat64_config *cfg)
{
	return cfg->set.forwarding == NAT64_FORWARDING_DIRECT &&
	       !cfg->set.mark_mask && likely(!cfg->has_edge);
}

/*
 * Whether a device hands its packets to IP itself: ports of bridges, bonds and
 * macvlans do not. Where VRFs are, there are policy rules, and no flows.
 */
static __always_inline bool is_router_port(const struct net_device *dev)
{
	return !rcu_access_pointer(dev->rx_handler);
}

/* Nothing is known of the packet but what it says itself, and nobody else has it. */
static __always_inline bool is_plain_skb(const struct sk_buff *skb)
{
	return !skb_vlan_tag_present(skb) && !skb_shared(skb) &&
	       !skb_is_redirected(skb) && !nat64_skb_has_ext(skb);
}

/* Only a packet that nobody else has may be pulled. */
static __always_inline bool has_header(struct sk_buff *skb, unsigned int len)
{
	return likely(skb_headlen(skb) >= len) ||
	       (!skb_shared(skb) && pskb_may_pull(skb, len));
}

static __always_inline bool may_take(const struct nat64_net *nn,
				     const struct sk_buff *skb)
{
	return is_plain_skb(skb) && is_router_port(skb->dev) &&
	       !nat64_xfrm_has_policy(nn->net, XFRM_POLICY_FWD);
}

static __always_inline void start_packet(struct nat64_pkt *p,
					 struct nat64_net *nn,
					 const struct nat64_config *cfg,
					 struct sk_buff *skb, u8 family)
{
	nat64_flow_start_lookup(p, nn, cfg);
	p->skb = skb;
	p->sk = NULL;
	p->in = skb->dev;
	p->family = family;
	p->local = false;
	nat64_pkt_clear(p);
	p->ingress = true;
}

/**
 * struct padding - what ip_rcv() and ip6_rcv() cut off
 * @len: length of the packet as it came
 * @csum: its checksum, if it is CHECKSUM_COMPLETE
 */
struct padding {
	unsigned int	len;
	__wsum		csum;
};

/* @len: that of the packet by its own account, not more than there is. */
static __always_inline bool cut_padding(struct sk_buff *skb, unsigned int len,
					struct padding *padding)
{
	padding->len = skb->len;
	padding->csum = skb->csum;
	if (likely(skb->len == len))
		return true;
	return !skb_is_nonlinear(skb) && skb->ip_summed != CHECKSUM_PARTIAL &&
	       !pskb_trim_rcsum(skb, len);
}

/*
 * A GSO packet that is left comes to PRE_ROUTING only when the hook has seen all
 * packets that GRO has let go with it. Those of its flow must not overtake it, so
 * they are not to find the flow, which PRE_ROUTING then adds anew. @flow is as it
 * was found: for a packet whose flow is known nothing is added to the cache.
 */
static __always_inline unsigned int leave_packet(const struct sk_buff *skb,
						 struct nat64_flow *flow)
{
	if (unlikely(skb_is_gso(skb)))
		nat64_flow_evict(flow);
	return NF_ACCEPT;
}

/* Packet sockets of the protocol come later, and show it. */
static __always_inline void restore_padding(struct sk_buff *skb,
					    const struct padding *padding)
{
	if (likely(skb->len >= padding->len))
		return;
	__skb_put(skb, padding->len - skb->len);
	skb->csum = padding->csum;
}

static __always_inline unsigned int count_segs(const struct sk_buff *skb)
{
	return max_t(unsigned short, 1, skb_shinfo(skb)->gso_segs);
}

static __always_inline void start_cb4(struct sk_buff *skb)
{
	memset(IPCB(skb), 0, sizeof(struct inet_skb_parm));
	IPCB(skb)->iif = skb->skb_iif;
}

/* Whether all that there is to do is to write other headers (frame.c). */
static __always_inline bool is_simple(const struct nat64_config *cfg,
				      const struct sk_buff *skb)
{
	return nat64_skb_is_simple(skb) && likely(!cfg->set.counters) &&
	       !trace_translated_enabled();
}

/* As ip_rcv() counts what it lets through. */
static __always_inline void count_received4(struct net *net, unsigned int len,
					    u8 tos, unsigned int segs)
{
	__IP_UPD_PO_STATS(net, IPSTATS_MIB_IN, len);
	__IP_ADD_STATS(net, IPSTATS_MIB_NOECTPKTS + (tos & INET_ECN_MASK),
		       segs);
}

static noinline unsigned int run_packet4(struct nat64_net *nn,
					 const struct nat64_config *cfg,
					 struct sk_buff *skb,
					 struct nat64_flow *flow)
{
	const struct iphdr *iph = ip_hdr(skb);
	unsigned int len = ntohs(iph->tot_len), segs = count_segs(skb);
	struct nat64_pkt p NAT64_UNINITIALIZED;
	struct padding padding;
	u8 tos = iph->tos;

	if (unlikely(len < sizeof(*iph) || len > skb->len ||
		     ip_fast_csum(iph, sizeof(*iph) / 4)) ||
	    unlikely(!cut_padding(skb, len, &padding)))
		return leave_packet(skb, flow);
	start_packet(&p, nn, cfg, skb, 4);
	p.a.src4 = iph->saddr;
	p.a.dst4 = iph->daddr;
	nat64_flow_use46(&p, flow);
	start_cb4(skb);
	if (unlikely(nat64_xlat46(&p))) {
		restore_padding(skb, &padding);
		return leave_packet(skb, flow);
	}
	count_received4(nn->net, padding.len, tos, segs);
	return NF_STOLEN;
}

static __always_inline bool run_frame4(struct nat64_net *nn,
				       const struct nat64_config *cfg,
				       struct sk_buff *skb,
				       const struct nat64_flow *flow, u8 tos)
{
	unsigned int len = skb->len;

	if (!is_simple(cfg, skb) || !nat64_frame_send46(nn, cfg, skb, flow))
		return false;
	count_received4(nn->net, len, tos, 1);
	return true;
}

static unsigned int translate_ipv4(struct nat64_net *nn,
				   const struct nat64_config *cfg,
				   struct sk_buff *skb)
{
	struct nat64_pkt p NAT64_UNINITIALIZED;
	struct nat64_flow *flow;
	const struct iphdr *iph;

	if (unlikely(!has_header(skb, sizeof(*iph))))
		return NF_ACCEPT;
	iph = ip_hdr(skb);
	nat64_flow_start_lookup(&p, nn, cfg);
	p.a.src4 = iph->saddr;
	p.a.dst4 = iph->daddr;
	flow = nat64_flow_find46(&p);
	if (!flow || unlikely(*(const u8 *)iph != PLAIN_IPV4 ||
			      !may_take(nn, skb) ||
			      READ_ONCE(nn->native.has_specific4)))
		return NF_ACCEPT;
	if (likely(run_frame4(nn, cfg, skb, flow, iph->tos)))
		return NF_STOLEN;
	return run_packet4(nn, cfg, skb, flow);
}

static __always_inline void start_cb6(struct sk_buff *skb)
{
	memset(IP6CB(skb), 0, sizeof(struct inet6_skb_parm));
	IP6CB(skb)->iif = skb->skb_iif;
}

/* As ip6_rcv() counts what it lets through. */
static __always_inline void count_received6(struct net *net,
					    struct inet6_dev *idev,
					    unsigned int len, u8 tclass,
					    unsigned int segs)
{
	__IP6_UPD_PO_STATS(net, idev, IPSTATS_MIB_IN, len);
	__IP6_ADD_STATS(net, idev,
			IPSTATS_MIB_NOECTPKTS + (tclass & INET_ECN_MASK), segs);
}

static noinline unsigned int run_packet6(struct nat64_net *nn,
					 const struct nat64_config *cfg,
					 struct sk_buff *skb,
					 struct nat64_flow *flow,
					 struct inet6_dev *idev)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	unsigned int len = ntohs(ip6h->payload_len) + sizeof(*ip6h);
	struct nat64_pkt p NAT64_UNINITIALIZED;
	unsigned int segs = count_segs(skb);
	u8 tclass = ipv6_get_dsfield(ip6h);
	struct padding padding;

	if (unlikely(!ip6h->payload_len || len > skb->len ||
		     !cut_padding(skb, len, &padding)))
		return leave_packet(skb, flow);
	start_packet(&p, nn, cfg, skb, 6);
	p.a.src6 = ip6h->saddr;
	p.a.dst6 = ip6h->daddr;
	nat64_flow_use64(&p, flow);
	start_cb6(skb);
	if (unlikely(nat64_xlat64(&p))) {
		restore_padding(skb, &padding);
		return leave_packet(skb, flow);
	}
	count_received6(nn->net, idev, padding.len, tclass, segs);
	return NF_STOLEN;
}

static __always_inline bool run_frame6(struct nat64_net *nn,
				       const struct nat64_config *cfg,
				       struct sk_buff *skb,
				       const struct nat64_flow *flow,
				       struct inet6_dev *idev, u8 tclass)
{
	unsigned int len = skb->len;

	if (!is_simple(cfg, skb) || !nat64_frame_send64(nn, cfg, skb, flow))
		return false;
	count_received6(nn->net, idev, len, tclass, 1);
	return true;
}

/* What ip6_rcv() lets in; hop-by-hop options are for the kernel to read. */
static __always_inline bool may_receive6(const struct inet6_dev *idev,
					 const struct ipv6hdr *ip6h)
{
	return idev && !READ_ONCE(idev->cnf.disable_ipv6) &&
	       ip6h->version == 6 && ip6h->nexthdr != NEXTHDR_HOP;
}

static noinline unsigned int translate_ipv6(struct nat64_net *nn,
					    const struct nat64_config *cfg,
					    struct sk_buff *skb)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	struct nat64_pkt p NAT64_UNINITIALIZED;
	struct nat64_flow *flow;
	struct inet6_dev *idev;
	u8 tclass = ipv6_get_dsfield(ip6h);

	nat64_flow_start_lookup(&p, nn, cfg);
	p.a.src6 = ip6h->saddr;
	p.a.dst6 = ip6h->daddr;
	p.hdr.tos = tclass;
	flow = nat64_flow_find64(&p);
	if (unlikely(!flow))
		return NF_ACCEPT;
	idev = __in6_dev_get(skb->dev);
	if (unlikely(!may_take(nn, skb) || READ_ONCE(nn->native.has_specific6)))
		return NF_ACCEPT;
	if (unlikely(!may_receive6(idev, ip6h)))
		return leave_packet(skb, flow);
	if (likely(run_frame6(nn, cfg, skb, flow, idev, tclass)))
		return NF_STOLEN;
	return run_packet6(nn, cfg, skb, flow, idev);
}

static unsigned int hook_ingress(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state)
{
	struct nat64_net *nn = priv;
	const struct nat64_config *cfg = rcu_dereference(nn->config);

	if (!is_open(cfg))
		return NF_ACCEPT;
	if (skb->protocol == htons(ETH_P_IP))
		return translate_ipv4(nn, cfg, skb);
	if (skb->protocol != htons(ETH_P_IPV6) ||
	    !has_header(skb, sizeof(struct ipv6hdr)) ||
	    !nat64_prefix_claiming(cfg, &ipv6_hdr(skb)->daddr))
		return NF_ACCEPT;
	return translate_ipv6(nn, cfg, skb);
}

/* Devices. */

/**
 * struct ingress_port - the hook of a device
 * @list: in nat64_ingress.ports, under the RTNL
 * @ops: which netfilter points to
 * @rcu: a listing of hooks may still read @ops
 */
struct ingress_port {
	struct list_head	list;
	struct nf_hook_ops	ops;
	struct rcu_head		rcu;
};

static struct ingress_port *find_port(const struct nat64_ingress *ingress,
				      const struct net_device *dev)
{
	struct ingress_port *port;

	list_for_each_entry(port, &ingress->ports, list)
		if (port->ops.dev == dev)
			return port;
	return NULL;
}

static bool needs_hook(const struct net_device *dev)
{
	return dev->type == ARPHRD_ETHER && !netif_is_l3_master(dev);
}

/* Without memory, the packets of the device are translated in PRE_ROUTING. */
static void add_port(struct nat64_net *nn, struct net_device *dev)
{
	struct ingress_port *port;

	if (!needs_hook(dev) || find_port(&nn->ingress, dev))
		return;
	port = kzalloc(sizeof(*port), GFP_KERNEL_ACCOUNT);
	if (!port)
		return;
	port->ops = (struct nf_hook_ops){
		.hook = hook_ingress,
		.priv = nn,
		.dev = dev,
		.pf = NFPROTO_NETDEV,
		.hooknum = NF_NETDEV_INGRESS,
		/* After all chains that an administrator has there. */
		.priority = INT_MAX,
	};
	if (nf_register_net_hook(nn->net, &port->ops)) {
		kfree(port);
		return;
	}
	list_add(&port->list, &nn->ingress.ports);
}

static void del_port(struct nat64_net *nn, const struct net_device *dev)
{
	struct ingress_port *port = find_port(&nn->ingress, dev);

	if (!port)
		return;
	list_del(&port->list);
	nf_unregister_net_hook(nn->net, &port->ops);
	kfree_rcu(port, rcu);
}

/* Context: the RTNL. A device may be unregistered by more than one event. */
static int netdev_event(struct notifier_block *nb, unsigned long event,
			void *info)
{
	struct net_device *dev = netdev_notifier_info_to_dev(info);
	struct nat64_net *nn = container_of(nb, struct nat64_net, ingress.nb);

	switch (event) {
	case NETDEV_REGISTER:
		add_port(nn, dev);
		break;
	case NETDEV_UNREGISTER:
		del_port(nn, dev);
		break;
	}
	return NOTIFY_DONE;
}

/**
 * nat64_ingress_register() - have hooks on all devices, now and later
 * @nn: translator of a namespace with setting forwarding direct
 *
 * Each stays until its device leaves the namespace, as nat64_hooks_register() has
 * it. Kernels without such hooks translate all packets in PRE_ROUTING.
 *
 * Context: process, under @nn->lock.
 *
 * Return: 0, or a negative error.
 */
int nat64_ingress_register(struct nat64_net *nn)
{
	struct nat64_ingress *ingress = &nn->ingress;
	int err;

	if (!IS_ENABLED(CONFIG_NETFILTER_INGRESS) || ingress->is_on)
		return 0;
	INIT_LIST_HEAD(&ingress->ports);
	ingress->nb.notifier_call = netdev_event;
	err = register_netdevice_notifier_net(nn->net, &ingress->nb);
	ingress->is_on = !err;
	return err;
}

/**
 * nat64_ingress_unregister() - unregister the hooks of a namespace that goes away
 * @nn: translator of the namespace
 *
 * Context: process.
 */
void nat64_ingress_unregister(struct nat64_net *nn)
{
	struct nat64_ingress *ingress = &nn->ingress;

	if (ingress->is_on)
		unregister_netdevice_notifier_net(nn->net, &ingress->nb);
	ingress->is_on = false;
}
