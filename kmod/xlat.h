/* SPDX-License-Identifier: GPL-2.0-only */
/* The two directions: RFC 7915 section 4 in xlat46.c, section 5 in xlat64.c. */
#ifndef _NAT64_XLAT_H
#define _NAT64_XLAT_H

#include "pkt.h"

enum nat64_counter nat64_xlat46(struct nat64_pkt *p);
void nat64_xlat46_back(struct nat64_pkt *p);
enum nat64_counter nat64_xlat64(struct nat64_pkt *p);
void nat64_xlat64_init(void);
u16 nat64_xlat64_reserve_ids(const struct nat64_net *nn,
			     const struct nat64_addrs *a, u32 n);

#endif /* _NAT64_XLAT_H */
