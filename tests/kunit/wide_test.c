// SPDX-License-Identifier: GPL-2.0-only
/* Prefixes as numbers of 128 bits. */
#include <kunit/test.h>
#include <linux/kernel.h>

#include "text.h"
#include "wide.h"

static void expect_addr(struct kunit *test, struct nat64_wide w,
			const char *text, unsigned int len)
{
	struct in6_addr want = text6(test, text), got;

	nat64_wide_put(w, &got);
	KUNIT_EXPECT_TRUE_MSG(test, ipv6_addr_equal(&got, &want), "/%u: %pI6c, not %s",
			      len, &got, text);
}

static void cut(struct kunit *test)
{
	static const struct {
		u8 len;
		const char *text;
	} cases[] = {
		{ 0, "::" },
		{ 1, "8000::" },
		{ 63, "ffff:ffff:ffff:fffe::" },
		{ 64, "ffff:ffff:ffff:ffff::" },
		{ 65, "ffff:ffff:ffff:ffff:8000::" },
		{ 127, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe" },
		{ 128, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	};
	const struct nat64_wide all = { .hi = ~0ULL, .lo = ~0ULL };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		expect_addr(test, nat64_wide_cut(all, cases[i].len),
			    cases[i].text, cases[i].len);
}

static void next(struct kunit *test)
{
	static const struct {
		u64 hi, lo;
		u8 len;
		const char *text;
	} cases[] = {
		{ 0, 0, 1, "8000::" },
		{ 0, 0, 64, "0:0:0:1::" },
		{ 0, 0, 65, "::8000:0:0:0" },
		{ 0, 1ULL << 63, 65, "0:0:0:1::" },
		{ 0, 0, 128, "::1" },
		{ 0, ~0ULL, 128, "0:0:0:1::" },
		{ ~0ULL, ~0ULL, 128, "::" },
	};
	struct nat64_wide from;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		from.hi = cases[i].hi;
		from.lo = cases[i].lo;
		expect_addr(test, nat64_wide_next(from, cases[i].len),
			    cases[i].text, cases[i].len);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(cut),
	KUNIT_CASE(next),
	{ }
};

static struct kunit_suite suite = {
	.name = "nat64-wide",
	.test_cases = cases,
};

kunit_test_suite(suite);
