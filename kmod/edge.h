/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Edge mappings (RFC 7756, RFC 6877): the host is on the IPv4 side, its IPv6
 * address is called its face. Finds the packets that are translated for them.
 */
#ifndef _NAT64_EDGE_H
#define _NAT64_EDGE_H

#include "pkt.h"

const struct nat64_eam *nat64_edge_sender4(const struct nat64_config *cfg,
					   const struct sk_buff *skb);
bool nat64_edge_translates4(const struct nat64_net *nn,
			    const struct nat64_config *cfg,
			    const struct sk_buff *skb, struct net_device *dev,
			    bool is_local);
const struct nat64_eam *nat64_edge_find_face(const struct nat64_config *cfg,
					     const struct sk_buff *skb);
bool nat64_edge_is_face(const struct nat64_config *cfg,
			const struct in6_addr *addr6);
bool nat64_edge_routes_source(const struct nat64_pkt *p);

#endif /* _NAT64_EDGE_H */
