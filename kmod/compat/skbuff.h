/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Since Linux 5.12 there is a function that knows the checksum of SCTP; page
 * pools count the pages of packets since 5.13, times have a kind since 5.18. Not
 * every kernel has extensions of packets: the state of IPsec, of bridges, of tc.
 */
#ifndef _NAT64_COMPAT_SKBUFF_H
#define _NAT64_COMPAT_SKBUFF_H

#include <linux/skbuff.h>

#ifdef NAT64_HAVE_PP_RECYCLE
#define nat64_skb_has_pool(skb)	((skb)->pp_recycle)
#else
#define nat64_skb_has_pool(skb)	((void)(skb), false)
#endif

#ifdef CONFIG_SKB_EXTENSIONS
#define nat64_skb_has_ext(skb)	((skb)->active_extensions)
#else
#define nat64_skb_has_ext(skb)	((void)(skb), false)
#endif

#ifndef NAT64_HAVE_CSUM_IS_SCTP
static inline bool skb_csum_is_sctp(const struct sk_buff *skb)
{
	return skb->csum_not_inet;
}
#endif

#ifndef NAT64_HAVE_CLEAR_TSTAMP
static inline void skb_clear_tstamp(struct sk_buff *skb)
{
	skb->tstamp = 0;
}
#endif

#endif /* _NAT64_COMPAT_SKBUFF_H */
