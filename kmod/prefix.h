/* SPDX-License-Identifier: GPL-2.0-only */
/* Adding and deleting translation prefixes. */
#ifndef _NAT64_PREFIX_H
#define _NAT64_PREFIX_H

#include <linux/in6.h>
#include <linux/types.h>

struct nat64_request;

int nat64_prefix_add(struct nat64_request *rq, const struct in6_addr *addr,
		     u8 len, bool primary);
int nat64_prefix_del(struct nat64_request *rq, const struct in6_addr *addr,
		     u8 len);

#endif /* _NAT64_PREFIX_H */
