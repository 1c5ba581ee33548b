// SPDX-License-Identifier: GPL-2.0-only
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/kernel.h>

#include "addr.h"
#include "text.h"

struct example {
	const char	*prefix;
	u8		len;
	const char	*addr4;
	const char	*addr6;
};

/* RFC 6052 table 1, and table 2. */
static const struct example examples[] = {
	{ "2001:db8::", 32, "192.0.2.33", "2001:db8:c000:221::" },
	{ "2001:db8:100::", 40, "192.0.2.33", "2001:db8:1c0:2:21::" },
	{ "2001:db8:122::", 48, "192.0.2.33", "2001:db8:122:c000:2:2100::" },
	{ "2001:db8:122:300::", 56, "192.0.2.33", "2001:db8:122:3c0:0:221::" },
	{ "2001:db8:122:344::", 64, "192.0.2.33", "2001:db8:122:344:c0:2:2100::" },
	{ "2001:db8:122:344::", 96, "192.0.2.33", "2001:db8:122:344::192.0.2.33" },
	{ "64:ff9b::", 96, "192.0.2.33", "64:ff9b::c000:221" },
	{ "2001:200:d00:100::", 64, "203.0.113.5", "2001:200:d00:100:cb:71:500::" },
	{ "2001:200:d00:100::", 96, "203.0.113.5", "2001:200:d00:100::cb00:7105" },
};

static struct nat64_prefix make(struct kunit *test, const char *text, u8 len)
{
	struct in6_addr addr = text6(test, text);
	struct nat64_prefix prefix;

	KUNIT_ASSERT_EQ_MSG(test, nat64_prefix_init(&prefix, &addr, len), 0,
			    "%s/%u", text, len);
	return prefix;
}

static void embed(struct kunit *test)
{
	const struct example *x;

	for (x = examples; x < examples + ARRAY_SIZE(examples); x++) {
		struct nat64_prefix prefix = make(test, x->prefix, x->len);
		struct in6_addr want = text6(test, x->addr6);
		struct in6_addr got;

		nat64_addr_embed(&prefix, text4(test, x->addr4), &got);
		KUNIT_EXPECT_TRUE_MSG(test, ipv6_addr_equal(&got, &want),
				      "%pI6c, not %s", &got, x->addr6);
	}
}

static void extract(struct kunit *test)
{
	const struct example *x;

	for (x = examples; x < examples + ARRAY_SIZE(examples); x++) {
		struct nat64_prefix prefix = make(test, x->prefix, x->len);
		struct in6_addr addr6 = text6(test, x->addr6);
		__be32 addr4 = 0;

		KUNIT_EXPECT_EQ(test, nat64_addr_extract(&prefix, &addr6, &addr4), 0);
		KUNIT_EXPECT_EQ_MSG(test, addr4, text4(test, x->addr4),
				    "%pI4 from %s", &addr4, x->addr6);
	}
}

/* RFC 6052 section 2.2: the suffix is reserved and to be ignored. */
static void suffix_is_ignored(struct kunit *test)
{
	struct nat64_prefix prefix = make(test, "2001:db8::", 32);
	struct in6_addr addr6 = text6(test, "2001:db8:c000:221:0:1:2:3");
	__be32 addr4 = 0;

	KUNIT_EXPECT_EQ(test, nat64_addr_extract(&prefix, &addr6, &addr4), 0);
	KUNIT_EXPECT_EQ(test, addr4, text4(test, "192.0.2.33"));
}

static void octet_8_must_be_zero(struct kunit *test)
{
	static const u8 lens[] = { 32, 40, 48, 56, 64, 96 };
	struct nat64_prefix prefix;
	struct in6_addr addr6;
	unsigned int i;
	__be32 addr4;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		prefix = make(test, "2001:db8::", lens[i]);
		addr6 = text6(test, "2001:db8::");
		addr6.s6_addr[8] = 1;
		addr4 = 1;
		KUNIT_EXPECT_EQ_MSG(test,
				    nat64_addr_extract(&prefix, &addr6, &addr4),
				    -EINVAL, "/%u", lens[i]);
		KUNIT_EXPECT_EQ(test, addr4, 1);
	}
}

static void prefix_lengths(struct kunit *test)
{
	struct in6_addr addr = text6(test, "2001:db8::");
	struct nat64_prefix prefix;
	unsigned int len;

	for (len = 0; len < 256; len++) {
		bool good = len == 32 || len == 40 || len == 48 || len == 56 ||
			    len == 64 || len == 96;

		KUNIT_EXPECT_EQ_MSG(test, nat64_prefix_init(&prefix, &addr, len),
				    good ? 0 : -EDOM, "/%u", len);
	}
}

static void prefix_bits(struct kunit *test)
{
	static const struct {
		const char	*addr;
		u8		len;
		int		err;
	} cases[] = {
		{ "2001:db8::1", 96, -EINVAL },
		{ "2001:db8:0:0:0:0:8000:0", 96, -EINVAL },
		{ "2001:db8:0:1::", 56, -EINVAL },
		{ "2001:db8:8000::", 32, -EINVAL },
		{ "2001:db8:0:0:100::", 96, -EINVAL },
		{ "2001:db8:0:0:1::", 96, 0 },
		{ "2001:db8:0:1::", 64, 0 },
	};
	struct nat64_prefix prefix;
	struct in6_addr addr;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		addr = text6(test, cases[i].addr);
		KUNIT_EXPECT_EQ_MSG(test,
				    nat64_prefix_init(&prefix, &addr, cases[i].len),
				    cases[i].err, "%s/%u", cases[i].addr,
				    cases[i].len);
	}
}

static void prefix_match(struct kunit *test)
{
	static const u8 lens[] = { 32, 40, 48, 56, 64, 96 };
	struct nat64_prefix prefix;
	struct in6_addr addr;
	unsigned int i, bit;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		prefix = make(test, "2001:db8::", lens[i]);
		for (bit = 0; bit < 128; bit++) {
			addr = prefix.addr;
			addr.s6_addr[bit / 8] ^= 0x80 >> bit % 8;
			KUNIT_EXPECT_EQ_MSG(test,
					    nat64_prefix_match(&prefix, &addr),
					    bit >= lens[i], "/%u, bit %u",
					    lens[i], bit);
		}
	}
}

static void well_known_prefix(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, make(test, "64:ff9b::", 96).wkp);
	KUNIT_EXPECT_FALSE(test, make(test, "64:ff9b::", 64).wkp);
	KUNIT_EXPECT_FALSE(test, make(test, "64:ff9b:1::", 96).wkp);
	KUNIT_EXPECT_FALSE(test, make(test, "64:ff9b:1::", 48).wkp);
}

/* First and last address of each block, and their neighbours. */
static void global_addresses(struct kunit *test)
{
	static const char * const not_global[] = {
		"0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255",
		"100.64.0.0", "100.127.255.255", "127.0.0.1", "127.255.255.255",
		"169.254.0.0", "169.254.255.255", "172.16.0.0",
		"172.31.255.255", "192.0.0.0", "192.0.0.255", "192.0.2.0",
		"192.0.2.255", "192.88.99.0", "192.88.99.255",
		"192.168.0.0", "192.168.255.255", "198.18.0.0",
		"198.19.255.255", "198.51.100.0", "198.51.100.255",
		"203.0.113.0", "203.0.113.255", "224.0.0.0", "239.255.255.255",
		"240.0.0.0", "255.255.255.255",
	};
	static const char * const global[] = {
		"1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255",
		"100.128.0.0", "126.255.255.255", "128.0.0.0",
		"169.253.255.255", "169.255.0.0", "172.15.255.255",
		"172.32.0.0", "191.255.255.255", "192.0.1.0", "192.0.3.0",
		"192.88.98.255", "192.88.100.0",
		"192.167.255.255", "192.169.0.0", "198.17.255.255",
		"198.20.0.0", "198.51.99.255", "198.51.101.0",
		"203.0.112.255", "203.0.114.0", "223.255.255.255", "8.8.8.8",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(not_global); i++)
		KUNIT_EXPECT_FALSE_MSG(test,
				       nat64_addr4_is_global(text4(test, not_global[i])),
				       "%s", not_global[i]);
	for (i = 0; i < ARRAY_SIZE(global); i++)
		KUNIT_EXPECT_TRUE_MSG(test,
				      nat64_addr4_is_global(text4(test, global[i])),
				      "%s", global[i]);
}

static void hosts_of_ipv6(struct kunit *test)
{
	static const char * const none[] = {
		"::", "::1", "::192.0.2.1", "::ffff:192.0.2.1", "fe80::1",
		"febf::1", "ff02::1", "ff0e::1",
	};
	static const char * const some[] = {
		"1::", "0:1::", "::1:0:0:0", "::1:192.0.2.1", "fec0::1",
		"64:ff9b::1", "2001:db8::1", "fdff::1",
	};
	struct in6_addr addr;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(none); i++) {
		addr = text6(test, none[i]);
		KUNIT_EXPECT_FALSE_MSG(test, nat64_addr6_is_host(&addr), "%s", none[i]);
	}
	for (i = 0; i < ARRAY_SIZE(some); i++) {
		addr = text6(test, some[i]);
		KUNIT_EXPECT_TRUE_MSG(test, nat64_addr6_is_host(&addr), "%s", some[i]);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(embed),
	KUNIT_CASE(extract),
	KUNIT_CASE(suffix_is_ignored),
	KUNIT_CASE(octet_8_must_be_zero),
	KUNIT_CASE(prefix_lengths),
	KUNIT_CASE(prefix_bits),
	KUNIT_CASE(prefix_match),
	KUNIT_CASE(well_known_prefix),
	KUNIT_CASE(global_addresses),
	KUNIT_CASE(hosts_of_ipv6),
	{ }
};

static struct kunit_suite suite = {
	.name = "nat64-addr",
	.test_cases = cases,
};

kunit_test_suite(suite);
