// SPDX-License-Identifier: GPL-2.0
/*
 * Finding the way of a packet.
 *
 * Each CPU keeps the ways that its packets took last, as long as nothing but
 * the destination decides on them: no policy rules, no routes by source, no
 * choice of next hops. Whether a way still holds, its route itself knows: the
 * kernel marks every route that a change of whatever kind concerns.
 */
#include "route.h"

#include <linux/hash.h>
#include <linux/inetdevice.h>
#include <net/addrconf.h>
#include <net/inet_ecn.h>
#include <net/ip_fib.h>
#include <net/l3mdev.h>
#include <net/nexthop.h>

#include "compat/flow.h"
#include "compat/mtu.h"

#define WAYS_BITS	11

/* What a way is to: a family, and what else may decide there. */
#define WAY6		1
#define WAY4(tos)	(2 | ((tos) & ~INET_ECN_MASK) << 8)

/**
 * struct nat64_way - a route that a packet took
 * @dst6: destination; that of IPv4 is in its last word
 * @kind: WAY6 or WAY4(); 0: none
 * @cookie: with which an IPv6 route tells whether it still holds
 * @dst: the route, which is held
 */
struct nat64_way {
	struct in6_addr		dst6;
	u32			kind;
	u32			cookie;
	struct dst_entry	*dst;
};

/**
 * struct nat64_ways - the ways that packets of a CPU took last
 * @pair: by a hash of the destination; the newer one comes first
 */
struct nat64_ways {
	struct nat64_way (*pair)[2];
};

/**
 * nat64_ways_alloc() - make room to keep ways
 *
 * Context: process. Return: for nat64_net.ways; NULL: no memory.
 */
struct nat64_ways __percpu *nat64_ways_alloc(void)
{
	struct nat64_ways __percpu *ways = alloc_percpu(struct nat64_ways);
	struct nat64_ways *mine;
	int cpu;

	if (!ways)
		return NULL;
	for_each_possible_cpu(cpu) {
		mine = per_cpu_ptr(ways, cpu);
		mine->pair = kvzalloc_node(sizeof(*mine->pair) << WAYS_BITS,
					   GFP_KERNEL_ACCOUNT,
					   cpu_to_node(cpu));
		if (!mine->pair) {
			nat64_ways_free(ways);
			return NULL;
		}
	}
	return ways;
}

/**
 * nat64_ways_free() - give back the ways, and the routes
 * @ways: of nat64_ways_alloc(), in no packet's sight any more; or NULL
 *
 * Context: process.
 */
void nat64_ways_free(struct nat64_ways __percpu *ways)
{
	struct nat64_ways *mine;
	unsigned int i;
	int cpu;

	if (!ways)
		return;
	for_each_possible_cpu(cpu) {
		mine = per_cpu_ptr(ways, cpu);
		for (i = 0; mine->pair && i < 2 << WAYS_BITS; i++)
			dst_release(mine->pair[i / 2][i % 2].dst);
		kvfree(mine->pair);
	}
	free_percpu(ways);
}

/*
 * A packet that is handled on behalf of a process may change the CPU, and so
 * may any with a real-time kernel. What the gateway sends itself has no device
 * that it came in on.
 */
static bool may_keep(const struct nat64_pkt *p)
{
	return !p->local && in_softirq() && !IS_ENABLED(CONFIG_PREEMPT_RT);
}

/* Subnets and hosts are both numbered from 1: neither may hide the other. */
static struct nat64_way *find_pair(const struct nat64_pkt *p,
				   const struct in6_addr *dst6, u32 kind)
{
	const u32 *word = (__force const u32 *)dst6->s6_addr32;
	u64 subnet = (u64)word[0] << 32 | word[1];
	u64 host = (u64)word[2] << 32 | word[3];
	u64 key = subnet * GOLDEN_RATIO_64 + host + kind;

	return this_cpu_ptr(p->nn->ways)->pair[hash_64(key, WAYS_BITS)];
}

static void forget_way(struct nat64_way *way)
{
	dst_release(way->dst);
	way->dst = NULL;
	way->kind = 0;
}

/* A carrier that is lost may count as a lost route, which the route misses. */
static struct dst_entry *check_way(struct nat64_way *way)
{
	if (likely(dst_check(way->dst, way->cookie) &&
		   netif_carrier_ok(way->dst->dev)))
		return way->dst;
	forget_way(way);
	return NULL;
}

static struct dst_entry *find_way(const struct nat64_pkt *p,
				  const struct in6_addr *dst6, u32 kind)
{
	struct nat64_way *way = find_pair(p, dst6, kind);

	if (likely(way->kind == kind && ipv6_addr_equal(&way->dst6, dst6)))
		return check_way(way);
	way++;
	if (way->kind == kind && ipv6_addr_equal(&way->dst6, dst6))
		return check_way(way);
	return NULL;
}

static void keep_way(const struct nat64_pkt *p, const struct in6_addr *dst6,
		     u32 kind, struct dst_entry *dst, u32 cookie)
{
	struct nat64_way *way = find_pair(p, dst6, kind);

	if (!dst_hold_safe(dst))
		return;
	forget_way(way + 1);
	way[1] = way[0];
	way->dst6 = *dst6;
	way->kind = kind;
	way->cookie = cookie;
	way->dst = dst;
}

/* What routing knows about a failed lookup, as RFC 7915 wants it answered. */
static enum nat64_counter route_error(int err)
{
	switch (err) {
	case -EACCES:
		return NAT64_PROHIBITED;
	case -EINVAL:
		return NAT64_BLACKHOLE;
	case -EHOSTUNREACH:
		return NAT64_UNREACHABLE;
	case -ENOBUFS:
	case -ENOMEM:
		return NAT64_NO_MEMORY;
	}
	return NAT64_NO_ROUTE;
}

/* Ports take part in multipath hashing and in policy rules. */
static __be32 read_ports(const struct nat64_pkt *p)
{
	const __be32 *ports;
	__be32 buf;

	if (p->hdr.frag_off ||
	    (p->hdr.proto != IPPROTO_TCP && p->hdr.proto != IPPROTO_UDP &&
	     p->hdr.proto != IPPROTO_SCTP))
		return 0;
	ports = skb_header_pointer(p->skb, p->hdr.len, sizeof(buf), &buf);
	return ports ? *ports : 0;
}

static struct dst_entry *lookup6(const struct nat64_pkt *p,
				 const struct in6_addr *saddr,
				 const struct in6_addr *daddr, u8 proto,
				 __be32 ports)
{
	struct net_device *in = p->local ? p->nn->net->loopback_dev : p->in;
	struct flowi6 fl6 = {
		.flowi6_iif = in->ifindex,
		.flowi6_mark = p->skb->mark,
		.flowi6_proto = proto,
		.flowlabel = ip6_make_flowinfo(p->hdr.tos, 0),
		.daddr = *daddr,
		.saddr = *saddr,
		.fl6_sport = (__force __be16)((const u16 *)&ports)[0],
		.fl6_dport = (__force __be16)((const u16 *)&ports)[1],
	};

	return ip6_route_input_lookup(p->nn->net, in, &fl6, NULL,
				      RT6_LOOKUP_F_HAS_SADDR |
				      RT6_LOOKUP_F_DST_NOREF);
}

/* Neither family forwards for itself what its sysctls do not let it forward. */
static enum nat64_counter check_forwarding6(const struct nat64_pkt *p,
					    const struct dst_entry *dst)
{
	if (p->local)
		return NAT64_OK;
	if (unlikely(nat64_dst_is_local6(dst)))
		return p->cfg->set.local ? NAT64_OK : NAT64_LOCAL_OFF;
	return READ_ONCE(p->nn->net->ipv6.devconf_all->forwarding) ?
		NAT64_OK : NAT64_FORWARDING_OFF;
}

static enum nat64_counter check_forwarding4(const struct nat64_pkt *p,
					    const struct rtable *rt)
{
	struct in_device *in_dev;

	if (rt->rt_type != RTN_UNICAST && rt->rt_type != RTN_LOCAL)
		return NAT64_DESTINATION_ILLEGAL;
	if (p->local)
		return NAT64_OK;
	if (unlikely(nat64_dst_is_local4(&rt->dst)))
		return p->cfg->set.local ? NAT64_OK : NAT64_LOCAL_OFF;
	in_dev = __in_dev_get_rcu(p->in);
	return in_dev && IN_DEV_FORWARD(in_dev) ?
		NAT64_OK : NAT64_FORWARDING_OFF;
}

/* Whether nothing but the destination decides, now and for other packets. */
static bool is_only_way6(const struct nat64_pkt *p,
			 const struct dst_entry *dst)
{
	const struct rt6_info *rt = (const struct rt6_info *)dst;
	const struct fib6_info *from = rcu_dereference(rt->from);
	const struct fib6_node *node;

	if (!from || rt6_need_strict(&p->a.dst6) || nat64_dst_is_local6(dst))
		return false;
	if (from->nh && nexthop_is_multipath(from->nh))
		return false;
	node = rcu_dereference(from->fib6_node);
	return node && rcu_access_pointer(node->leaf) == from &&
	       !rcu_access_pointer(from->fib6_next);
}

static bool may_keep6(const struct nat64_pkt *p)
{
	return may_keep(p) && !fib6_has_custom_rules(p->nn->net) &&
	       !fib6_routes_require_src(p->nn->net);
}

static struct dst_entry *find_dst6(const struct nat64_pkt *p)
{
	u8 proto = p->hdr.proto == IPPROTO_ICMP ? IPPROTO_ICMPV6 :
						  p->hdr.proto;
	bool keep = may_keep6(p);
	struct dst_entry *dst;

	if (likely(keep)) {
		dst = find_way(p, &p->a.dst6, WAY6);
		if (likely(dst))
			return dst;
	}
	dst = lookup6(p, &p->a.src6, &p->a.dst6, proto, read_ports(p));
	if (keep && !dst->error && is_only_way6(p, dst))
		keep_way(p, &p->a.dst6, WAY6, dst,
			 rt6_get_cookie((struct rt6_info *)dst));
	return dst;
}

/**
 * nat64_route6() - find the way of a packet that becomes IPv6
 * @p: packet with its IPv6 addresses; gets @p->dst and @p->mtu
 *
 * As ip6_forward() would, but for the MTU: a route's own counts, since
 * ip6_output() will not send more. Context: RCU read lock, which the route
 * lives under.
 *
 * Return: NAT64_OK or the reason why there is no way.
 */
enum nat64_counter nat64_route6(struct nat64_pkt *p)
{
	struct dst_entry *dst = find_dst6(p);
	enum nat64_counter reason;

	if (unlikely(dst->error))
		return route_error(dst->error);
	reason = check_forwarding6(p, dst);
	if (unlikely(reason))
		return reason;
	p->dst = dst;
	p->mtu = max_t(unsigned int, nat64_dst_mtu6(dst), IPV6_MIN_MTU);
	return NAT64_OK;
}

static struct rtable *lookup4(const struct nat64_pkt *p, struct flowi4 *fl4)
{
	fl4->flowi4_mark = p->skb->mark;
	fl4->flowi4_oif = p->local ? 0 : l3mdev_master_ifindex_rcu(p->in);
	fl4->flowi4_flags = FLOWI_FLAG_ANYSRC;
	nat64_flowi4_set_tos(fl4, p->hdr.tos);
	return __ip_route_output_key(p->nn->net, fl4);
}

/* Whether nothing but the destination decides, now and for other packets. */
static bool is_only_way4(const struct nat64_pkt *p, struct flowi4 *fl4)
{
	struct fib_result res;

	return !fib_lookup(p->nn->net, fl4, &res, FIB_LOOKUP_IGNORE_LINKSTATE) &&
	       res.type == RTN_UNICAST && fib_info_num_path(res.fi) == 1 &&
	       (res.prefixlen || res.table->tb_num_default <= 1);
}

static bool may_keep4(const struct nat64_pkt *p)
{
	return may_keep(p) && !fib4_has_custom_rules(p->nn->net);
}

static struct rtable *lookup_packet4(const struct nat64_pkt *p,
				     struct flowi4 *fl4)
{
	__be32 ports = read_ports(p);

	*fl4 = (struct flowi4){
		.daddr = p->a.dst4,
		.saddr = p->a.src4,
		.flowi4_proto = p->hdr.proto == IPPROTO_ICMPV6 ?
				IPPROTO_ICMP : p->hdr.proto,
		.fl4_sport = (__force __be16)((const u16 *)&ports)[0],
		.fl4_dport = (__force __be16)((const u16 *)&ports)[1],
	};
	return lookup4(p, fl4);
}

static noinline struct rtable *find_slowly4(struct nat64_pkt *p, bool keep)
{
	struct in6_addr key = { .s6_addr32[3] = p->a.dst4 };
	struct flowi4 fl4;
	struct rtable *rt = lookup_packet4(p, &fl4);

	p->dst_held = !IS_ERR(rt);
	if (keep && p->dst_held && is_only_way4(p, &fl4))
		keep_way(p, &key, WAY4(p->hdr.tos), &rt->dst, 0);
	return rt;
}

static struct rtable *find_rt4(struct nat64_pkt *p)
{
	struct in6_addr key = { .s6_addr32[3] = p->a.dst4 };
	bool keep = may_keep4(p);
	struct dst_entry *dst;

	if (likely(keep)) {
		dst = find_way(p, &key, WAY4(p->hdr.tos));
		if (likely(dst))
			return container_of(dst, struct rtable, dst);
	}
	return find_slowly4(p, keep);
}

/**
 * nat64_route4() - find the way of a packet that becomes IPv4
 * @p: packet with its IPv4 addresses; gets @p->dst and @p->mtu
 *
 * As ip_forward() would, but without asking the reverse path about the source:
 * that is a mapped address, which need not have a route. Context: RCU read
 * lock. nat64_route_put() returns the route unless it went with the packet.
 *
 * Return: NAT64_OK or the reason why there is no way.
 */
enum nat64_counter nat64_route4(struct nat64_pkt *p)
{
	struct rtable *rt = find_rt4(p);

	if (IS_ERR(rt))
		return route_error(PTR_ERR(rt));
	p->dst = &rt->dst;
	p->mtu = ip_dst_mtu_maybe_forward(&rt->dst, true);
	return check_forwarding4(p, rt);
}

/**
 * nat64_route_put() - return the route of a packet that was refused
 * @p: packet
 */
void nat64_route_put(struct nat64_pkt *p)
{
	if (p->dst_held)
		dst_release(p->dst);
	p->dst_held = false;
}

/**
 * nat64_route6_mtu() - MTU of the IPv6 next hop towards an address
 * @p: ICMP error, for which RFC 7915 sections 4.2 and 5.2 want it
 * @daddr: address
 *
 * Return: MTU; the largest one when there is no route.
 */
unsigned int nat64_route6_mtu(const struct nat64_pkt *p,
			      const struct in6_addr *daddr)
{
	struct dst_entry *dst = lookup6(p, &in6addr_any, daddr, 0, 0);

	if (dst->error)
		return IP6_MAX_MTU;
	return nat64_dst_mtu6(dst);
}

/**
 * nat64_route4_mtu() - MTU of the IPv4 next hop towards an address
 * @p: ICMP error, for which RFC 7915 sections 4.2 and 5.2 want it
 * @daddr: address
 *
 * Return: MTU; the largest one when there is no route.
 */
unsigned int nat64_route4_mtu(const struct nat64_pkt *p, __be32 daddr)
{
	struct flowi4 fl4 = { .daddr = daddr };
	struct rtable *rt = lookup4(p, &fl4);
	unsigned int mtu;

	if (IS_ERR(rt))
		return IP_MAX_MTU;
	mtu = ip_dst_mtu_maybe_forward(&rt->dst, true);
	ip_rt_put(rt);
	return mtu;
}

/**
 * nat64_route4_source() - the gateway's own address towards an IPv4 address
 * @p: packet
 * @daddr: address
 *
 * Return: address, 0 when the gateway has none.
 */
__be32 nat64_route4_source(const struct nat64_pkt *p, __be32 daddr)
{
	struct flowi4 fl4 = { .daddr = daddr };
	struct rtable *rt = lookup4(p, &fl4);

	if (IS_ERR(rt))
		return 0;
	ip_rt_put(rt);
	return fl4.saddr;
}

/**
 * nat64_route6_source() - the gateway's own address towards an IPv6 address
 * @p: packet
 * @daddr: address
 * @saddr: result
 *
 * Return: whether the gateway has one.
 */
bool nat64_route6_source(const struct nat64_pkt *p,
			 const struct in6_addr *daddr, struct in6_addr *saddr)
{
	struct dst_entry *dst = lookup6(p, &in6addr_any, daddr, 0, 0);

	return !dst->error &&
	       !ipv6_dev_get_saddr(p->nn->net, dst->dev, daddr, 0, saddr);
}

