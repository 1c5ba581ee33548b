/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The common case: a packet whose flow is known, with nothing in it that needs
 * more than its headers rewritten. The XDP program and the hooks try this first.
 */
#ifndef _NAT64_FRAME_H
#define _NAT64_FRAME_H

#include <linux/types.h>

struct dst_entry;
struct nat64_config;
struct nat64_flow;
struct nat64_net;
struct net_device;
struct sk_buff;
struct xdp_buff;

/**
 * struct nat64_frame - a packet as it lies in memory
 * @nn: translator of the namespace
 * @cfg: configuration that this packet sees
 * @in: device that it came in on
 * @floor: how far its headers may grow to the front
 * @data: its network header; afterwards the first of its new headers
 * @end: where the part ends that lies in one piece
 * @len: bytes from @data on, with those behind @end
 * @dst: its route afterwards
 * @xdp: what an XDP program calls it, which says nothing of its checksum; NULL
 *	if it is an skb
 * @tos: TOS octet of the IPv4 packet that it was or has become
 * @to_neighbour: it is to get the Ethernet header of the next hop as well, which
 *	must be known
 */
struct nat64_frame {
	struct nat64_net		*nn;
	const struct nat64_config	*cfg;
	struct net_device		*in;
	void				*floor;
	void				*data;
	void				*end;
	unsigned int			len;
	struct dst_entry		*dst;
	const struct xdp_buff		*xdp;
	u8				tos;
	bool				to_neighbour;
};

bool nat64_frame_edit46(struct nat64_frame *f, const struct nat64_flow *flow);
bool nat64_frame_edit64(struct nat64_frame *f, const struct nat64_flow *flow);
bool nat64_frame_send46(struct nat64_net *nn, const struct nat64_config *cfg,
			struct sk_buff *skb, const struct nat64_flow *flow);
bool nat64_frame_send64(struct nat64_net *nn, const struct nat64_config *cfg,
			struct sk_buff *skb, const struct nat64_flow *flow);
bool nat64_frame_forward46(struct nat64_net *nn, const struct nat64_config *cfg,
			   struct sk_buff *skb, const struct nat64_flow *flow);
bool nat64_frame_forward64(struct nat64_net *nn, const struct nat64_config *cfg,
			   struct sk_buff *skb, const struct nat64_flow *flow);

#endif /* _NAT64_FRAME_H */
