/* SPDX-License-Identifier: GPL-2.0-only */
/* The MTU of an IPv6 route can be had without an indirect call since Linux 5.14. */
#ifndef _NAT64_COMPAT_MTU_H
#define _NAT64_COMPAT_MTU_H

#include <linux/types.h>
#include <net/ip6_route.h>

/**
 * nat64_dst_mtu6() - the MTU of an IPv6 route: its own, else the device's
 * @dst: route
 */
static inline unsigned int nat64_dst_mtu6(const struct dst_entry *dst)
{
#ifdef NAT64_HAVE_IP6_DST_MTU
	return ip6_dst_mtu_maybe_forward(dst, false);
#else
	return dst_mtu(dst);
#endif
}

#endif /* _NAT64_COMPAT_MTU_H */
