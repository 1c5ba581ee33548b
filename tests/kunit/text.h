/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses as the RFCs write them. */
#ifndef _NAT64_TEST_TEXT_H
#define _NAT64_TEST_TEXT_H

#include <kunit/test.h>
#include <linux/inet.h>
#include <net/ipv6.h>

static inline __be32 text4(struct kunit *test, const char *text)
{
	__be32 addr = 0;

	KUNIT_ASSERT_EQ_MSG(test, in4_pton(text, -1, (u8 *)&addr, -1, NULL), 1,
			    "%s", text);
	return addr;
}

static inline struct in6_addr text6(struct kunit *test, const char *text)
{
	struct in6_addr addr = { };

	KUNIT_ASSERT_EQ_MSG(test, in6_pton(text, -1, addr.s6_addr, -1, NULL), 1,
			    "%s", text);
	return addr;
}

#endif /* _NAT64_TEST_TEXT_H */
