/* SPDX-License-Identifier: GPL-2.0-only */
/* What the driver of a device can do for XDP, as Linux 6.3 and later tell. */
#ifndef _NAT64CTL_XDP_FEATURES_H
#define _NAT64CTL_XDP_FEATURES_H

#include <linux/types.h>
#include <stdbool.h>

/**
 * struct xdp_features - what a driver can do
 * @known: the kernel tells
 * @native: it runs programs
 * @takes_frames: it sends what programs of other devices hand it
 */
struct xdp_features {
	bool	known;
	bool	native;
	bool	takes_frames;
};

struct xdp_features xdp_features(__u32 index);

#endif /* _NAT64CTL_XDP_FEATURES_H */
