/* SPDX-License-Identifier: GPL-2.0-only */
/* Handing a translated packet over. */
#ifndef _NAT64_XMIT_H
#define _NAT64_XMIT_H

#include "frame.h"
#include "pkt.h"

void nat64_deliver6(struct nat64_pkt *p);
void nat64_deliver4(struct nat64_pkt *p);
void nat64_send_frame(struct sk_buff *skb, const struct nat64_frame *f,
		      u16 protocol);
void nat64_forward_frame6(struct sk_buff *skb, const struct nat64_frame *f,
			  const void *ether);
void nat64_forward_frame4(struct sk_buff *skb, const struct nat64_frame *f,
			  const void *ether);

#endif /* _NAT64_XMIT_H */
