// SPDX-License-Identifier: GPL-2.0-only
/* Native routes: lookups that need no state of struct nat64_native. */
#include <linux/ipv6.h>
#include <net/ip6_fib.h>
#include <net/ip6_route.h>
#include <net/l3mdev.h>

#include "native.h"

/**
 * nat64_native_input_dev() - the device that decides on the routing table
 * @dev: as nat64_pkt.in
 * @is_local: whether the gateway itself sends the packet
 *
 * Context: RCU read lock.
 * Return: @dev; that of a VRF, or loopback, for a packet of the gateway's own.
 */
struct net_device *nat64_native_input_dev(struct net_device *dev,
					  bool is_local)
{
	int vrf;

	if (!is_local)
		return dev;
	vrf = l3mdev_master_ifindex_rcu(dev);
	return (vrf ? dev_get_by_index_rcu(dev_net(dev), vrf) : NULL) ?:
	       dev_net(dev)->loopback_dev;
}

/**
 * nat64_native_route6() - whether a native route is more specific than a length
 * @skb: IPv6 packet
 * @dev: as nat64_pkt.in
 * @is_local: whether the gateway itself sends the packet
 * @len: length of the translation prefix of its destination, or of the face
 *
 * RFC 7915 section 5.6. At equal length the packet is translated. Called only
 * while nat64_native.has_specific6 is set. Context: RCU read lock.
 */
bool nat64_native_route6(struct sk_buff *skb, struct net_device *dev,
			 bool is_local, u8 len)
{
	struct net_device *in = nat64_native_input_dev(dev, is_local);
	struct flowi6 fl6 = {
		.daddr = ipv6_hdr(skb)->daddr,
		.saddr = ipv6_hdr(skb)->saddr,
		.flowlabel = ip6_flowinfo(ipv6_hdr(skb)),
		.flowi6_iif = in->ifindex,
		.flowi6_mark = skb->mark,
	};
	const struct fib6_info *from;
	const struct rt6_info *rt;

	rt = (struct rt6_info *)ip6_route_input_lookup(dev_net(dev), in, &fl6,
						       NULL,
						       RT6_LOOKUP_F_HAS_SADDR |
						       RT6_LOOKUP_F_DST_NOREF);
	from = rcu_dereference(rt->from);
	return from && from->fib6_dst.plen > len;
}
