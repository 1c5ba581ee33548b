/* SPDX-License-Identifier: GPL-2.0-only */
/* Translating a plain packet in place, before it is an skb. */
#ifndef _NAT64_FRAME_H
#define _NAT64_FRAME_H

#include <linux/types.h>

struct nat64_config;
struct nat64_net;
struct neighbour;
struct net_device;

/**
 * struct nat64_frame - a frame in one piece of memory
 * @nn: translator of the namespace
 * @cfg: configuration that this packet sees
 * @in: device that it came in on
 * @floor: how far its headers may grow to the front
 * @data: its network header; of a translated packet the link-layer header
 * @end: where it ends; of a translated packet without padding
 * @out: device that a translated packet leaves on
 */
struct nat64_frame {
	struct nat64_net		*nn;
	const struct nat64_config	*cfg;
	struct net_device		*in;
	void				*floor;
	void				*data;
	void				*end;
	struct net_device		*out;
};

bool nat64_frame_translate46(struct nat64_frame *f);
bool nat64_frame_translate64(struct nat64_frame *f);

#endif /* _NAT64_FRAME_H */
