/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct flowi4 has a dscp_t in the place of its TOS since Linux 6.18; before,
 * all bits but those of ECN count since IPTOS_RT_MASK is gone. A flow has an l3mdev
 * (VRF) beside its outgoing device since 5.18.
 */
#ifndef _NAT64_COMPAT_FLOW_H
#define _NAT64_COMPAT_FLOW_H

#include <net/flow.h>
#include <net/ip.h>
#include <net/route.h>
#ifndef IPTOS_RT_MASK
#include <net/inet_dscp.h>
#endif

/**
 * nat64_flowi4_set_tos() - give a flow the TOS octet of a packet
 * @fl4: flow
 * @tos: octet, ECN bits are left out
 */
static inline void nat64_flowi4_set_tos(struct flowi4 *fl4, u8 tos)
{
#ifdef flowi4_dscp
	fl4->flowi4_dscp = inet_dsfield_to_dscp(tos);
#elif defined(IPTOS_RT_MASK)
	fl4->flowi4_tos = tos & IPTOS_RT_MASK;
#else
	fl4->flowi4_tos = tos & INET_DSCP_MASK;
#endif
}

/**
 * nat64_flow_set_l3mdev() - look a flow up in the table of a VRF
 * @common: common part of the flow; its outgoing device is set afterwards
 * @ifindex: of the VRF, 0 for none
 */
static inline void nat64_flow_set_l3mdev(struct flowi_common *common,
					 int ifindex)
{
#ifdef NAT64_HAVE_FLOW_L3MDEV
	common->flowic_l3mdev = ifindex;
#else
	common->flowic_oif = ifindex;
#endif
}

/**
 * nat64_rt_dst_alloc() - allocate an IPv4 route
 * @dev: device that it leads to
 * @flags: RTCF_*
 * @type: RTN_*
 * @noxfrm: no IPsec policies there
 *
 * Until Linux 5.14 there was a flag for policies on receiving, too.
 */
static inline struct rtable *nat64_rt_dst_alloc(struct net_device *dev,
						unsigned int flags, u16 type,
						bool noxfrm)
{
#ifdef NAT64_HAVE_RT_NOPOLICY
	return rt_dst_alloc(dev, flags, type, false, noxfrm);
#else
	return rt_dst_alloc(dev, flags, type, noxfrm);
#endif
}

/**
 * nat64_rtable_copy() - copy an IPv4 route, to change what a packet's is
 * @rt: route
 *
 * As rt_dst_clone() does, which Linux 7.2 does not export; metrics are not copied.
 *
 * Return: a new route with one reference, or NULL without memory.
 */
static inline struct rtable *nat64_rtable_copy(const struct rtable *rt)
{
	struct rtable *copy = nat64_rt_dst_alloc(rt->dst.dev, rt->rt_flags,
						 rt->rt_type,
						 rt->dst.flags & DST_NOXFRM);

	if (!copy)
		return NULL;
	copy->rt_is_input = rt->rt_is_input;
	copy->rt_iif = rt->rt_iif;
	copy->rt_pmtu = rt->rt_pmtu;
	copy->rt_mtu_locked = rt->rt_mtu_locked;
	copy->rt_uses_gateway = rt->rt_uses_gateway;
	copy->rt_gw_family = rt->rt_gw_family;
	if (rt->rt_gw_family == AF_INET)
		copy->rt_gw4 = rt->rt_gw4;
	else if (rt->rt_gw_family == AF_INET6)
		copy->rt_gw6 = rt->rt_gw6;
	copy->dst.input = rt->dst.input;
	copy->dst.output = rt->dst.output;
	copy->dst.error = rt->dst.error;
	copy->dst.lwtstate = lwtstate_get(rt->dst.lwtstate);
	return copy;
}

#endif /* _NAT64_COMPAT_FLOW_H */
