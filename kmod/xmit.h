/* SPDX-License-Identifier: GPL-2.0-only */
/* Handing a translated packet over. */
#ifndef _NAT64_XMIT_H
#define _NAT64_XMIT_H

#include "pkt.h"

void nat64_deliver6(struct nat64_pkt *p);
void nat64_deliver4(struct nat64_pkt *p);
void nat64_forward6(struct net *net, struct sk_buff *skb, struct net_device *in,
		    struct dst_entry *dst, bool plain);
void nat64_forward4(struct net *net, struct sk_buff *skb, struct net_device *in,
		    struct dst_entry *dst, bool plain);

#endif /* _NAT64_XMIT_H */
