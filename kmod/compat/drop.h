/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets are dropped for a reason since Linux 5.17; all of these are there since 6.0. */
#ifndef _NAT64_COMPAT_DROP_H
#define _NAT64_COMPAT_DROP_H

#include <linux/skbuff.h>

#ifdef NAT64_HAVE_DROP_REASONS
#define NAT64_DROP(reason)	SKB_DROP_REASON_##reason
#define nat64_kfree_skb(skb, reason)	kfree_skb_reason(skb, reason)
#else
#define NAT64_DROP(reason)	1
#define nat64_kfree_skb(skb, reason)	((void)(reason), kfree_skb(skb))
#endif

#endif /* _NAT64_COMPAT_DROP_H */
