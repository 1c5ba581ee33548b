/* SPDX-License-Identifier: GPL-2.0 */
/* ICMP: messages translated, errors with their quotes. */
#ifndef _NAT64_ICMP_H
#define _NAT64_ICMP_H

#include "pkt.h"

enum nat64_counter nat64_icmp_classify(struct nat64_pkt *p);
u8 nat64_icmp_echo_type(u8 type);
enum nat64_counter nat64_icmp46(struct nat64_pkt *p);
enum nat64_counter nat64_icmp64(struct nat64_pkt *p);

#endif /* _NAT64_ICMP_H */
