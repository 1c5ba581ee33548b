/* SPDX-License-Identifier: GPL-2.0-only */
/* Policies have a default, which may be to block, since Linux 5.15. */
#ifndef _NAT64_COMPAT_XFRM_H
#define _NAT64_COMPAT_XFRM_H

#include <linux/types.h>
#include <net/net_namespace.h>
#include <net/xfrm.h>

/**
 * nat64_xfrm_has_policy() - whether IPsec policies have to be asked
 * @net: network namespace
 * @dir: XFRM_POLICY_*
 */
static inline bool nat64_xfrm_has_policy(const struct net *net, int dir)
{
#if !IS_ENABLED(CONFIG_XFRM)
	return false;
#elif defined(NAT64_HAVE_XFRM_DEFAULT)
	return READ_ONCE(net->xfrm.policy_count[dir]) ||
	       READ_ONCE(net->xfrm.policy_default[dir]) !=
	       XFRM_USERPOLICY_ACCEPT;
#else
	return READ_ONCE(net->xfrm.policy_count[dir]);
#endif
}

#endif /* _NAT64_COMPAT_XFRM_H */
