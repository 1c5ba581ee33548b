/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ICMP errors with the packets that they quote (RFC 7915 sections 4.3 and 5.3)
 * and their extensions (RFC 4884).
 */
#ifndef _NAT64_ICMP_ERROR_H
#define _NAT64_ICMP_ERROR_H

#include "pkt.h"

enum nat64_counter nat64_icmp_error46(struct nat64_pkt *p);
enum nat64_counter nat64_icmp_error64(struct nat64_pkt *p);

#endif /* _NAT64_ICMP_ERROR_H */
