/* SPDX-License-Identifier: GPL-2.0 */
/* The only editor of a packet's room, GSO type, route and control block. */
#ifndef _NAT64_SKB_H
#define _NAT64_SKB_H

#include "xlat.h"

bool nat64_skb_must_segment(const struct nat64_pkt *p);
struct sk_buff *nat64_skb_segment(struct sk_buff *skb);
bool nat64_skb_fits(const struct nat64_pkt *p, unsigned int len,
		    unsigned int mtu);
enum nat64_counter nat64_skb_make_room(struct nat64_pkt *p, unsigned int touch,
				       unsigned int head);
void *nat64_skb_replace_header(struct sk_buff *skb, unsigned int old,
			       unsigned int new);
void nat64_skb_to6(struct nat64_pkt *p);
void nat64_skb_to4(struct nat64_pkt *p);
enum nat64_counter nat64_skb_split6(struct nat64_pkt *p,
				    void (*out)(struct nat64_pkt *p,
						struct sk_buff *skb));

#endif /* _NAT64_SKB_H */
