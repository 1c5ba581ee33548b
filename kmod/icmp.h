/* SPDX-License-Identifier: GPL-2.0 */
/* ICMP: messages translated, errors with their quotes, and answers. */
#ifndef _NAT64_ICMP_H
#define _NAT64_ICMP_H

#include "pkt.h"

/**
 * struct nat64_answer - an ICMP error, in the family of the packet it is about
 * @type: type
 * @code: code
 * @info: MTU or pointer, or 0
 */
struct nat64_answer {
	u8	type;
	u8	code;
	u32	info;
};

enum nat64_counter nat64_icmp_classify(struct nat64_pkt *p);
u8 nat64_icmp_echo_type(u8 type);
enum nat64_counter nat64_icmp46(struct nat64_pkt *p);
enum nat64_counter nat64_icmp64(struct nat64_pkt *p);
bool nat64_icmp_find_answer(const struct nat64_pkt *p,
			    enum nat64_counter reason,
			    struct nat64_answer *answer);
void nat64_icmp_answer(struct nat64_pkt *p, enum nat64_counter reason);

#endif /* _NAT64_ICMP_H */
