/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * skb_gso_segment() has this header of its own since Linux 6.5. The directory
 * is searched after the kernel's own, so that this one serves older kernels.
 */
#include <linux/netdevice.h>
#include <linux/skbuff.h>
