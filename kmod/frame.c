// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames that XDP programs bring (xdp.c). What is plain is translated: no
 * fragment, no options, an upper protocol whose checksum is finished, an
 * outgoing device that takes frames, a neighbour that is known. Any other frame
 * stays unchanged and goes to the stack, where hook.c translates it, rejects it
 * or asks for the neighbour.
 */
#include "frame.h"

#include <linux/etherdevice.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/inetdevice.h>
#include <net/arp.h>
#include <net/dsfield.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/ndisc.h>
#include <net/neighbour.h>
#include <net/route.h>

#include "compat/compiler.h"
#include "compat/mtu.h"
#include "compat/xdp.h"
#include "compat/xfrm.h"
#include "csum.h"
#include "flow.h"
#include "header.h"
#include "icmp.h"
#include "map.h"
#include "route.h"
#include "trace.h"
#include "xlat.h"

/* Version 4, and no options. */
#define PLAIN_IPV4	0x45

/* The least upper header: that of UDP, and that of an echo message. */
#define LEAST_UPPER	8

/*
 * Whether settings let frames pass by the stack. With edge mappings, whose a
 * packet is depends on more than its addresses; counters of mappings and
 * tracepoints are served where a packet is an skb.
 */
static __always_inline bool is_open(const struct nat64_frame *f)
{
	const struct nat64_config *cfg = f->cfg;

	return cfg->set.forwarding == NAT64_FORWARDING_DIRECT &&
	       !cfg->set.mark_mask && !cfg->set.counters &&
	       likely(!cfg->has_edge) && !trace_translated_enabled();
}

/* Whether the device is a router's port of its own, and no policy applies. */
static __always_inline bool is_router_port(const struct nat64_frame *f)
{
	const struct net *net = f->nn->net;

	return !rcu_access_pointer(f->in->rx_handler) &&
	       !netif_is_l3_slave(f->in) &&
	       !nat64_xfrm_has_policy(net, XFRM_POLICY_FWD) &&
	       !nat64_xfrm_has_policy(net, XFRM_POLICY_OUT);
}

/* The lookup asks for no more than this. */
static __always_inline void start_lookup(struct nat64_pkt *p,
					 const struct nat64_frame *f)
{
	p->nn = f->nn;
	p->cfg = f->cfg;
	p->generation = nat64_config_generation(f->cfg);
}

/* Routing asks an skb for mark, tunnel and ports: @skb has none of them. */
static void start_search(struct nat64_pkt *p, struct sk_buff *skb,
			 const struct nat64_frame *f, u8 family)
{
	struct nat64_hdr hdr = p->hdr;

	memset(skb, 0, sizeof(*skb));
	nat64_pkt_clear(p);
	p->hdr = hdr;
	p->skb = skb;
	p->sk = NULL;
	p->in = f->in;
	p->family = family;
	p->local = false;
	p->keep = true;
	/* As in the ingress hook: where IPsec policies are, it is not for us. */
	p->ingress = true;
}

/*
 * Adds the flow that was found to the cache if it may be there, else to @flow.
 * The route lives under the RCU read lock without the reference. A route that
 * does not depend on the destination alone is for the stack to find.
 */
static bool end_search(struct nat64_pkt *p, struct nat64_flow *flow, u16 kind)
{
	struct nat64_flow *bucket = p->keep ? nat64_flow_admit(p, kind) : NULL;

	if (bucket)
		nat64_flow_add(bucket, p, kind);
	nat64_route_put(p);
	flow->a = p->a;
	flow->dst = p->dst;
	flow->csum = p->csum;
	return p->keep;
}

/* The flow is not in the cache: finds it as hook_ipv4() and nat64_xlat46() do. */
static noinline bool search_flow46(struct nat64_frame *f, struct nat64_pkt *p,
				   struct nat64_flow *flow)
{
	struct sk_buff skb;

	start_search(p, &skb, f, 4);
	p->dst_eam = nat64_eam_find4(f->cfg->table, p->a.dst4);
	if (!p->dst_eam || !nat64_addr4_is_host(p->a.dst4) ||
	    fib6_has_custom_rules(f->nn->net) || nat64_map46(p))
		return false;
	if (nat64_route6(p)) {
		nat64_route_put(p);
		return false;
	}
	return end_search(p, flow, NAT64_FLOW_4TO6);
}

/* Hairpinned flows are for the stack. */
static noinline bool search_flow64(struct nat64_frame *f, struct nat64_pkt *p,
				   struct nat64_flow *flow)
{
	struct sk_buff skb;

	start_search(p, &skb, f, 6);
	p->prefix = nat64_prefix_claiming(f->cfg, &p->a.dst6);
	if (fib4_has_custom_rules(f->nn->net) || nat64_map64(p) || p->dst_eam ||
	    nat64_eam_find4(f->cfg->table, p->a.dst4))
		return false;
	if (nat64_route4(p)) {
		nat64_route_put(p);
		return false;
	}
	return end_search(p, flow,
			  NAT64_FLOW_KIND(NAT64_FLOW_6TO4, p->hdr.tos));
}

/*
 * What a sender leaves to its device to finish has the bare sum of the
 * pseudo-header in the field. A finished one may, too, and is then no loss:
 * such a frame goes to the stack.
 */
static __always_inline bool is_finished(__sum16 sum, const struct nat64_flow *flow,
					u32 len, u8 proto, __wsum v6)
{
	return sum != (__force __sum16)~csum_tcpudp_magic(flow->a.src4,
							  flow->a.dst4, len,
							  proto, v6);
}

/*
 * Finds the checksum of a TCP segment or UDP datagram, @at. @v6: what an IPv6
 * pseudo-header has more than that of IPv4, 0 if the frame is IPv4.
 */
static __always_inline __sum16 *find_csum(void *at, const struct nat64_hdr *hdr,
					  const struct nat64_flow *flow, __wsum v6)
{
	struct tcphdr *tcp = at;
	struct udphdr *udp = at;
	__sum16 *field = hdr->proto == IPPROTO_TCP ? &tcp->check : &udp->check;

	if (hdr->proto == IPPROTO_TCP ? hdr->payload < sizeof(*tcp) : !*field)
		return NULL;
	return likely(is_finished(*field, flow, hdr->payload, hdr->proto, v6)) ?
		field : NULL;
}

static bool is_echo(const struct icmphdr *icmp, u8 request, u8 reply)
{
	return icmp->type == request || icmp->type == reply;
}

/* What a translated frame needs on its way out: a device that takes frames. */
static __always_inline bool may_leave(const struct nat64_frame *f,
				      const struct dst_entry *dst)
{
	const struct net_device *dev = dst->dev;

	return !dst->lwtstate && dev->type == ARPHRD_ETHER &&
	       dev->flags & IFF_UP && nat64_xdp_takes_frames(dev);
}

/* As neigh_output() does, but that an unknown address is for the stack to find. */
static __always_inline bool is_known(struct neighbour *neigh)
{
	u8 state;

	if (unlikely(!neigh))
		return false;
	state = READ_ONCE(neigh->nud_state);
	if (unlikely(!(state & NUD_VALID) ||
		     READ_ONCE(neigh->hh.hh_len) != ETH_HLEN))
		return false;
	if (unlikely(!(state & NUD_CONNECTED)))
		neigh_event_send(neigh, NULL);
	return true;
}

static __always_inline struct neighbour *find_neigh6(const struct nat64_flow *flow)
{
	const struct rt6_info *rt = (const struct rt6_info *)flow->dst;

	return __ipv6_neigh_lookup_noref(flow->dst->dev,
					 rt6_nexthop(rt, &flow->a.dst6));
}

static __always_inline struct neighbour *find_neigh4(const struct nat64_flow *flow)
{
	const struct rtable *rt = container_of(flow->dst, struct rtable, dst);

	if (likely(rt->rt_gw_family == AF_INET))
		return __ipv4_neigh_lookup_noref(rt->dst.dev,
						 (__force u32)rt->rt_gw4);
	if (rt->rt_gw_family == AF_INET6)
		return __ipv6_neigh_lookup_noref(rt->dst.dev, &rt->rt_gw6);
	return __ipv4_neigh_lookup_noref(rt->dst.dev,
					 (__force u32)flow->a.dst4);
}

/*
 * Puts the neighbour's Ethernet header in front of @at, and makes the frame that
 * which leaves. The protocol is written here: an IPv4 route may lead to an IPv6
 * neighbour. As neigh_hh_output() copies: 16 octets, of which 2 are padding.
 */
static __always_inline bool finish_frame(struct nat64_frame *f, void *at,
					 const struct neighbour *neigh,
					 u16 protocol)
{
	const struct hh_cache *hh = &neigh->hh;
	struct ethhdr *eth = at - ETH_HLEN;
	unsigned int seq;

	do {
		seq = read_seqbegin(&hh->hh_lock);
		memcpy(at - HH_DATA_MOD, hh->hh_data, HH_DATA_MOD);
	} while (read_seqretry(&hh->hh_lock, seq));
	eth->h_proto = htons(protocol);
	f->data = eth;
	f->out = neigh->dev;
	nat64_count(f->nn->stats, NAT64_TRANSLATED_XDP, 1);
	return true;
}

/* As nat64_parse4() reads, but for what is not plain. */
static __always_inline bool read_header4(const struct nat64_frame *f,
					 struct nat64_hdr *hdr)
{
	const struct iphdr *iph = f->data;
	unsigned int len = ntohs(iph->tot_len);

	if (unlikely(*(const u8 *)iph != PLAIN_IPV4 || ip_is_fragment(iph) ||
		     iph->ttl <= 1 || len < sizeof(*iph) + LEAST_UPPER ||
		     f->data + len > f->end ||
		     ip_fast_csum(iph, sizeof(*iph) / 4)))
		return false;
	hdr->payload = len - sizeof(*iph);
	hdr->len = sizeof(*iph);
	hdr->frag_off = 0;
	hdr->proto = iph->protocol;
	hdr->tos = iph->tos;
	hdr->ttl = iph->ttl;
	hdr->frag = false;
	hdr->mf = false;
	hdr->df = iph->frag_off & htons(IP_DF);
	return true;
}

/* RFC 7915 section 4.1: without DF a packet may have to be fragmented. */
static __always_inline bool fits46(const struct nat64_frame *f,
				   const struct nat64_hdr *hdr,
				   const struct dst_entry *dst)
{
	unsigned int mtu = max_t(unsigned int, nat64_dst_mtu6(dst),
				 IPV6_MIN_MTU);

	if (!hdr->df)
		mtu = min(mtu, f->cfg->set.lowest_ipv6_mtu);
	return sizeof(struct ipv6hdr) + hdr->payload <= mtu;
}

/* Returns false before anything is written. */
static __always_inline bool edit_upper46(void *upper, const struct nat64_hdr *hdr,
					 const struct nat64_flow *flow)
{
	struct icmphdr *icmp = upper;
	__sum16 *field;

	if (unlikely(hdr->proto == IPPROTO_ICMP)) {
		if (!is_echo(icmp, ICMP_ECHO, ICMP_ECHOREPLY) || !icmp->checksum)
			return false;
		nat64_csum_icmp_header(icmp, nat64_icmp_echo_type(icmp->type),
				       nat64_csum_pseudo6(&flow->a, hdr->payload));
		return true;
	}
	field = find_csum(upper, hdr, flow, 0);
	if (unlikely(!field))
		return false;
	nat64_csum_update(field, hdr->proto == IPPROTO_UDP, flow->csum);
	return true;
}

static __always_inline bool has_plain_upper(u8 proto, u8 icmp)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == icmp;
}

/**
 * nat64_frame_translate46() - translate a plain IPv4 frame
 * @f: frame with its network header
 *
 * RFC 7915 section 4, and gives it the Ethernet header of the next hop. Context:
 * RCU read lock, softirq.
 *
 * Return: true; or false with the frame unchanged, which is for the stack.
 */
bool nat64_frame_translate46(struct nat64_frame *f)
{
	const struct iphdr *iph = f->data;
	struct nat64_pkt p NAT64_UNINITIALIZED;
	void *upper = f->data + sizeof(*iph);
	const struct nat64_flow *flow;
	struct nat64_flow found NAT64_UNINITIALIZED;
	struct neighbour *neigh;
	void *at;

	if (unlikely(upper + LEAST_UPPER > f->end) || !is_open(f))
		return false;
	start_lookup(&p, f);
	p.a.src4 = iph->saddr;
	p.a.dst4 = iph->daddr;
	flow = nat64_flow_find46(&p);
	if (unlikely(!flow) && !nat64_eam_find4(f->cfg->table, p.a.dst4))
		return false;
	if (unlikely(!read_header4(f, &p.hdr) ||
		     !has_plain_upper(p.hdr.proto, IPPROTO_ICMP) ||
		     !is_router_port(f) || READ_ONCE(f->nn->native.has_specific4)))
		return false;
	if (unlikely(!flow)) {
		if (!search_flow46(f, &p, &found))
			return false;
		flow = &found;
	}
	at = upper - sizeof(struct ipv6hdr);
	if (unlikely(at - HH_DATA_MOD < f->floor ||
		     !READ_ONCE(f->nn->net->ipv6.devconf_all->forwarding) ||
		     !may_leave(f, flow->dst) || !fits46(f, &p.hdr, flow->dst)))
		return false;
	neigh = find_neigh6(flow);
	if (unlikely(!is_known(neigh) || !edit_upper46(upper, &p.hdr, flow)))
		return false;
	f->end = upper + p.hdr.payload;
	nat64_header6_write(at, &p.hdr, &flow->a, f->cfg->set.traffic_class,
			    p.hdr.ttl - 1, p.hdr.payload);
	nat64_count(f->nn->stats, NAT64_TRANSLATED_4TO6, 1);
	return finish_frame(f, at, neigh, ETH_P_IPV6);
}

/* As nat64_parse6() reads, but for what is not plain. */
static __always_inline bool read_header6(const struct nat64_frame *f,
					 struct nat64_hdr *hdr)
{
	const struct ipv6hdr *ip6h = f->data;
	unsigned int len = ntohs(ip6h->payload_len);

	if (unlikely(ip6h->version != 6 || ip6h->hop_limit <= 1 ||
		     len < LEAST_UPPER ||
		     f->data + sizeof(*ip6h) + len > f->end))
		return false;
	hdr->payload = len;
	hdr->len = sizeof(*ip6h);
	hdr->frag_off = 0;
	hdr->proto = ip6h->nexthdr;
	hdr->tos = ipv6_get_dsfield(ip6h);
	hdr->ttl = ip6h->hop_limit;
	hdr->frag = false;
	hdr->mf = false;
	return true;
}

/* As nat64_route4() and may_forward4() in route.c ask. */
static __always_inline bool may_forward64(const struct nat64_frame *f)
{
	struct in_device *in_dev = __in_dev_get_rcu(f->in);
	const struct inet6_dev *idev = __in6_dev_get(f->in);

	return in_dev && IN_DEV_FORWARD(in_dev) &&
	       idev && !READ_ONCE(idev->cnf.disable_ipv6);
}

static __always_inline bool fits64(const struct nat64_hdr *hdr,
				   const struct dst_entry *dst)
{
	return sizeof(struct iphdr) + hdr->payload <=
	       ip_dst_mtu_maybe_forward(dst, true);
}

/* Returns false before anything is written. */
static __always_inline bool edit_upper64(void *upper, const struct nat64_hdr *hdr,
					 const struct nat64_flow *flow)
{
	struct icmphdr *icmp = upper;
	__wsum pseudo;
	__sum16 *field;

	if (unlikely(hdr->proto == IPPROTO_ICMPV6)) {
		pseudo = nat64_csum_pseudo6(&flow->a, hdr->payload);
		if (!is_echo(icmp, ICMPV6_ECHO_REQUEST, ICMPV6_ECHO_REPLY) ||
		    icmp->checksum == (__force __sum16)~csum_fold(pseudo))
			return false;
		nat64_csum_icmp_header(icmp, nat64_icmp_echo_type(icmp->type),
				       ~pseudo);
		return true;
	}
	field = find_csum(upper, hdr, flow, flow->csum);
	if (unlikely(!field))
		return false;
	nat64_csum_update(field, hdr->proto == IPPROTO_UDP, ~flow->csum);
	return true;
}

/**
 * nat64_frame_translate64() - translate a plain IPv6 frame
 * @f: frame with its network header
 *
 * RFC 7915 section 5; the counterpart of nat64_frame_translate46().
 *
 * Return: true; or false with the frame unchanged, which is for the stack.
 */
bool nat64_frame_translate64(struct nat64_frame *f)
{
	const struct ipv6hdr *ip6h = f->data;
	struct nat64_pkt p NAT64_UNINITIALIZED;
	void *upper = f->data + sizeof(*ip6h);
	const struct nat64_flow *flow;
	struct nat64_flow found NAT64_UNINITIALIZED;
	struct neighbour *neigh;
	unsigned int len;
	void *at;

	if (unlikely(upper + LEAST_UPPER > f->end) || !is_open(f) ||
	    !nat64_prefix_claiming(f->cfg, &ip6h->daddr))
		return false;
	if (unlikely(!read_header6(f, &p.hdr) ||
		     !has_plain_upper(p.hdr.proto, IPPROTO_ICMPV6) ||
		     !is_router_port(f) || READ_ONCE(f->nn->native.has_specific6)))
		return false;
	start_lookup(&p, f);
	p.a.src6 = ip6h->saddr;
	p.a.dst6 = ip6h->daddr;
	flow = nat64_flow_find64(&p);
	if (unlikely(!flow)) {
		if (!search_flow64(f, &p, &found))
			return false;
		flow = &found;
	}
	at = upper - sizeof(struct iphdr);
	if (unlikely(at - HH_DATA_MOD < f->floor || !may_forward64(f) ||
		     !may_leave(f, flow->dst) || !fits64(&p.hdr, flow->dst)))
		return false;
	neigh = find_neigh4(flow);
	if (unlikely(!is_known(neigh) || !edit_upper64(upper, &p.hdr, flow)))
		return false;
	f->end = upper + p.hdr.payload;
	len = sizeof(struct iphdr) + p.hdr.payload;
	nat64_header4_write(at, &p.hdr, &flow->a, f->cfg->set.tos,
			    p.hdr.ttl - 1,
			    nat64_xlat64_reserve_ids(f->nn, &flow->a, 1),
			    len > NAT64_MAX_WITHOUT_DF, p.hdr.payload);
	nat64_count(f->nn->stats, NAT64_TRANSLATED_6TO4, 1);
	return finish_frame(f, at, neigh, ETH_P_IP);
}
