/* SPDX-License-Identifier: GPL-2.0 */
/* struct flowi4 has a dscp_t in the place of its TOS since Linux 6.18. */
#ifndef _NAT64_COMPAT_FLOW_H
#define _NAT64_COMPAT_FLOW_H

#include <net/flow.h>
#include <net/ip.h>
#include <net/route.h>
#ifdef flowi4_dscp
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
#else
	fl4->flowi4_tos = RT_TOS(tos);
#endif
}

#endif /* _NAT64_COMPAT_FLOW_H */
