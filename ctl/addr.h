/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses and prefixes as words. */
#ifndef _NAT64CTL_ADDR_H
#define _NAT64CTL_ADDR_H

#include <linux/types.h>
#include <netinet/in.h>
#include <stdbool.h>

#include "args.h"

/**
 * struct prefix4 - an IPv4 prefix
 * @addr: address, bits behind @len are zero
 * @len: 0 to 32
 */
struct prefix4 {
	struct in_addr	addr;
	__u8		len;
};

/**
 * struct prefix6 - an IPv6 prefix
 * @addr: address, bits behind @len are zero
 * @len: 0 to 128
 */
struct prefix6 {
	struct in6_addr	addr;
	__u8		len;
};

/**
 * struct prefix - a prefix of either family
 * @family: AF_INET, AF_INET6, or AF_UNSPEC for none
 * @p4: for AF_INET
 * @p6: for AF_INET6
 */
struct prefix {
	int			family;
	union {
		struct prefix4	p4;
		struct prefix6	p6;
	};
};

int addr_parse4(const struct args *args, const char *word, struct prefix4 *p);
int addr_parse6(const struct args *args, const char *word, struct prefix6 *p);
int addr_read4(struct args *args, const char *what, struct prefix4 *p);
int addr_read6(struct args *args, const char *what, struct prefix6 *p);
int addr_read(struct args *args, const char *what, struct prefix *p);
int addr_read_single(struct args *args, struct prefix *p);
int addr_read_pref64(struct args *args, struct prefix6 *p);
int addr_check_pref64(const struct args *args, const char *word,
		      const struct prefix6 *p);

/* Longest texts, with their NUL byte. */
#define PREFIX4_LEN	sizeof("255.255.255.255/32")
#define PREFIX6_LEN	(INET6_ADDRSTRLEN + sizeof("/128") - 1)

const char *addr_text4(const struct prefix4 *p);
const char *addr_text6(const struct prefix6 *p);
const char *addr_short4(const struct prefix4 *p);
const char *addr_short6(const struct prefix6 *p);

bool addr_unicast4(const struct prefix4 *p);
bool addr_unicast6(const struct prefix6 *p);
bool addr_is_private4(const struct prefix4 *p);
bool addr_is_wkp(const struct prefix6 *p);
bool addr_overlap4(const struct prefix4 *a, const struct prefix4 *b);
bool addr_overlap6(const struct prefix6 *a, const struct prefix6 *b);
bool addr_inside4(const struct prefix4 *p, const struct prefix4 *around);
bool addr_inside6(const struct prefix6 *p, const struct prefix6 *around);
void addr_widen4(struct prefix4 *p, const struct prefix4 *inside);
void addr_widen6(struct prefix6 *p, const struct prefix6 *inside);
bool addr_same4(const struct prefix4 *a, const struct prefix4 *b);
void addr_embed(const struct prefix6 *p, const struct in_addr *addr,
		struct in6_addr *to);
bool addr_same6(const struct prefix6 *a, const struct prefix6 *b);

#endif /* _NAT64CTL_ADDR_H */
