/* SPDX-License-Identifier: GPL-2.0-only */
/* Frees a rejected packet so that drop monitors see why. */
#ifndef _NAT64_DROP_H
#define _NAT64_DROP_H

#include <linux/skbuff.h>

#include "stats.h"

void nat64_drop(struct sk_buff *skb, enum nat64_counter reason);

#endif /* _NAT64_DROP_H */
