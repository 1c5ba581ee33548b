// SPDX-License-Identifier: GPL-2.0-only
/* EXPLAIN */
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/route.h>

#include "explain.h"
#include "netlink.h"

/* Bytes in front of the packet that is explained. */
#define HEAD_ROOM	256

static int put_mappings(struct sk_buff *skb, const struct nat64_explained *e)
{
	const struct nat64_prefix *prefixes = e->p.cfg->prefix;
	const struct nat64_prefix *prefix = e->p.prefix;
	const struct nat64_eam *src_eam = e->p.src_eam;
	const struct nat64_eam *dst_eam = e->has_back ? e->back.dst_eam :
							e->p.dst_eam;
	int err = 0;

	if (src_eam)
		err = nat64_put_eam(skb, NAT64_EXPLAIN_A_SOURCE, src_eam, prefixes);
	if (dst_eam)
		err |= nat64_put_eam(skb, NAT64_EXPLAIN_A_DESTINATION, dst_eam,
				     prefixes);
	if (prefix)
		err |= nat64_put_prefix(skb, NAT64_EXPLAIN_A_PREFIX, prefix,
					prefix == &prefixes[e->p.cfg->primary]);
	return err;
}

static int put_via6(struct sk_buff *skb, const struct nat64_pkt *p)
{
	const struct rt6_info *rt = (const struct rt6_info *)p->dst;
	struct in6_addr via = *rt6_nexthop(rt, (struct in6_addr *)&p->a.dst6);

	return ipv6_addr_equal(&via, &p->a.dst6) ? 0 :
	       nla_put_in6_addr(skb, NAT64_EXPLAIN_A_VIA6, &via);
}

static int put_via4(struct sk_buff *skb, const struct nat64_pkt *p)
{
	const struct rtable *rt = container_of(p->dst, struct rtable, dst);

	if (rt->rt_gw_family == AF_INET6)
		return nla_put_in6_addr(skb, NAT64_EXPLAIN_A_VIA6, &rt->rt_gw6);
	/* nat64_route4_by_rules() names a destination on the link itself. */
	return rt->rt_gw_family != AF_INET || rt->rt_gw4 == p->a.dst4 ? 0 :
	       nla_put_in_addr(skb, NAT64_EXPLAIN_A_VIA4, rt->rt_gw4);
}

/* New headers and the route; a hairpinned packet has headers for each pass. */
static int put_translated(struct sk_buff *skb, const struct nat64_explained *e)
{
	const struct nat64_pkt *p = e->has_back ? &e->back : &e->p;
	bool to4 = p->family == 6;
	u8 header[sizeof(struct ipv6hdr) + sizeof(struct frag_hdr)];
	unsigned int len;
	int err = 0;

	if (to4) {
		len = nat64_explain_header4(&e->p, header);
		err = nla_put(skb, e->has_back ? NAT64_EXPLAIN_A_BETWEEN :
			      NAT64_EXPLAIN_A_HEADER, len, header);
	}
	if (!to4 || e->has_back) {
		len = nat64_explain_header6(p, header);
		err |= nla_put(skb, NAT64_EXPLAIN_A_HEADER, len, header);
		err |= put_via6(skb, p);
	} else {
		err |= put_via4(skb, p);
	}
	err |= nla_put_u32(skb, NAT64_EXPLAIN_A_OUT, p->dst->dev->ifindex);
	err |= nla_put_u32(skb, NAT64_EXPLAIN_A_MTU, p->mtu);
	if (p->fragment_size)
		err |= nla_put_u32(skb, NAT64_EXPLAIN_A_SPLIT, p->fragment_size);
	return err;
}

static int put_refused(struct sk_buff *skb, const struct nat64_icmp_error *error)
{
	int err;

	err = nla_put_u8(skb, NAT64_EXPLAIN_A_ICMP_TYPE, error->type);
	err |= nla_put_u8(skb, NAT64_EXPLAIN_A_ICMP_CODE, error->code);
	return err | nla_put_u32(skb, NAT64_EXPLAIN_A_ICMP_INFO, error->info);
}

static int put_explained(struct sk_buff *skb, const struct nat64_explained *e)
{
	struct nlattr *nest = nla_nest_start(skb, NAT64_A_EXPLAIN);
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = nla_put_u8(skb, NAT64_EXPLAIN_A_VERDICT, e->verdict);
	err |= nla_put_u32(skb, NAT64_EXPLAIN_A_IN, e->in->ifindex);
	if (e->p.local)
		err |= nla_put_flag(skb, NAT64_EXPLAIN_A_LOCAL);
	if (e->reason)
		err |= nla_put_string(skb, NAT64_EXPLAIN_A_REASON, e->reason);
	err |= put_mappings(skb, e);
	if (e->verdict == NAT64_VERDICT_TRANSLATED)
		err |= put_translated(skb, e);
	if (e->has_error)
		err |= put_refused(skb, &e->error);
	nla_nest_end(skb, nest);
	return err;
}

/* With head room as a driver leaves it: the dry run does not depend on it. */
static struct sk_buff *make_packet(const struct nlattr *attr)
{
	struct sk_buff *skb = alloc_skb(HEAD_ROOM + nla_len(attr), GFP_KERNEL);

	if (!skb)
		return NULL;
	skb_reserve(skb, HEAD_ROOM);
	nla_memcpy(skb_put(skb, nla_len(attr)), attr, nla_len(attr));
	skb_reset_mac_header(skb);
	skb_reset_network_header(skb);
	skb->protocol = ip_hdr(skb)->version == 4 ? htons(ETH_P_IP) :
						    htons(ETH_P_IPV6);
	return skb;
}

static int explain_packet(struct sk_buff *skb, struct nat64_net *nn,
			  struct sk_buff *packet, const struct nlattr *attr,
			  struct netlink_ext_ack *extack)
{
	struct net_device *in = NULL;
	struct nat64_explained e;
	int err = -ENODEV;

	local_bh_disable();
	rcu_read_lock();
	if (attr)
		in = dev_get_by_index_rcu(nn->net, nla_get_u32(attr));
	if (!attr || in) {
		nat64_explain_begin(&e, nn, packet, in);
		err = put_explained(skb, &e);
		nat64_explain_end(&e);
	} else {
		NL_SET_ERR_MSG_ATTR(extack, attr, "there is no such device");
	}
	rcu_read_unlock();
	local_bh_enable();
	return err;
}

/**
 * nat64_nl_explain() - EXPLAIN: dry run of the translator for one packet
 * @skb: request, not used
 * @info: request
 *
 * Context: process; takes the RCU read lock.
 * Return: 0 or a negative error.
 */
int nat64_nl_explain(struct sk_buff *skb, struct genl_info *info)
{
	struct nat64_net *nn = nat64_nl_net(info);
	struct nlattr *tb[NAT64_EXPLAIN_A_MAX + 1];
	struct sk_buff *packet;
	struct nat64_message msg;
	int err;

	err = nat64_need_attr(info, NAT64_A_EXPLAIN, "no packet is given") ?:
	      nla_parse_nested(tb, NAT64_EXPLAIN_A_MAX,
			       info->attrs[NAT64_A_EXPLAIN], NULL,
			       info->extack);
	if (err)
		return err;
	if (!tb[NAT64_EXPLAIN_A_PACKET]) {
		NL_SET_ERR_MSG(info->extack, "no packet is given");
		return -EINVAL;
	}
	packet = make_packet(tb[NAT64_EXPLAIN_A_PACKET]);
	if (!packet)
		return -ENOMEM;
	if (tb[NAT64_EXPLAIN_A_MARK])
		packet->mark = nla_get_u32(tb[NAT64_EXPLAIN_A_MARK]);
	if (nat64_explain_is_whole(packet)) {
		err = nat64_reply_begin(&msg, info, NAT64_EXPLAIN_SIZE);
	} else {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[NAT64_EXPLAIN_A_PACKET],
				    "this is no whole IPv4 or IPv6 packet");
		err = -EINVAL;
	}
	if (!err) {
		err = explain_packet(msg.skb, nn, packet,
				     tb[NAT64_EXPLAIN_A_IN], info->extack);
		err = nat64_reply_end(&msg, info, err);
	}
	kfree_skb(packet);
	return err;
}
