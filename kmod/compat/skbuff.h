/* SPDX-License-Identifier: GPL-2.0 */
/* Page pools count the pages of packets since Linux 5.13, times have a kind since 5.18. */
#ifndef _NAT64_COMPAT_SKBUFF_H
#define _NAT64_COMPAT_SKBUFF_H

#include <linux/skbuff.h>

#ifdef NAT64_HAVE_PP_RECYCLE
#define nat64_skb_has_pool(skb)	((skb)->pp_recycle)
#else
#define nat64_skb_has_pool(skb)	((void)(skb), false)
#endif

#ifndef NAT64_HAVE_CLEAR_TSTAMP
static inline void skb_clear_tstamp(struct sk_buff *skb)
{
	skb->tstamp = 0;
}
#endif

#endif /* _NAT64_COMPAT_SKBUFF_H */
