/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The end of a packet that is not translated: it is counted, traced, and freed
 * for a reason; its sender gets an ICMP error where the reason has one.
 */
#ifndef _NAT64_REJECT_H
#define _NAT64_REJECT_H

#include "pkt.h"

/**
 * struct nat64_icmp_error - an ICMP error, in the family of the packet it is about
 * @type: type
 * @code: code
 * @info: MTU or pointer, or 0
 */
struct nat64_icmp_error {
	u8	type;
	u8	code;
	u32	info;
};

bool nat64_reject_error(const struct nat64_pkt *p, enum nat64_counter reason,
			struct nat64_icmp_error *error);
void nat64_pkt_refuse(struct nat64_pkt *p, enum nat64_counter reason);
void nat64_pkt_reject(struct nat64_pkt *p, enum nat64_counter reason);
void nat64_pkt_drop(struct nat64_pkt *p, enum nat64_counter reason);

#endif /* _NAT64_REJECT_H */
