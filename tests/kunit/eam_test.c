// SPDX-License-Identifier: GPL-2.0-only
#include <kunit/test.h>
#include <linux/inetdevice.h>
#include <linux/kernel.h>
#include <linux/random.h>

#include "tables.h"
#include "text.h"

/* Translation prefixes that mappings may name. */
static struct nat64_prefix prefixes[NAT64_MAX_PREFIXES];

/* RFC 7757 figure 1. */
static const struct example {
	const char	*addr4;
	u8		len4;
	const char	*addr6;
	u8		len6;
} figure1[] = {
	{ "192.0.2.1", 32, "2001:db8:aaaa::", 128 },
	{ "192.0.2.2", 32, "2001:db8:bbbb::b", 128 },
	{ "192.0.2.16", 28, "2001:db8:cccc::", 124 },
	{ "192.0.2.128", 26, "2001:db8:dddd::", 64 },
	{ "192.0.2.192", 29, "2001:db8:eeee:8::", 62 },
	{ "192.0.2.224", 31, "64:ff9b::", 127 },
};

/* RFC 7757 appendix B. */
static const struct {
	const char	*addr4;
	const char	*addr6;
} appendix_b[] = {
	{ "192.0.2.1", "2001:db8:aaaa::" },
	{ "192.0.2.2", "2001:db8:bbbb::b" },
	{ "192.0.2.16", "2001:db8:cccc::" },
	{ "192.0.2.24", "2001:db8:cccc::8" },
	{ "192.0.2.31", "2001:db8:cccc::f" },
	{ "192.0.2.128", "2001:db8:dddd::" },
	{ "192.0.2.152", "2001:db8:dddd:0:6000::" },
	{ "192.0.2.183", "2001:db8:dddd:0:dc00::" },
	{ "192.0.2.191", "2001:db8:dddd:0:fc00::" },
	{ "192.0.2.192", "2001:db8:eeee:8::" },
	{ "192.0.2.195", "2001:db8:eeee:9:8000::" },
	{ "192.0.2.197", "2001:db8:eeee:a:8000::" },
	{ "192.0.2.199", "2001:db8:eeee:b:8000::" },
	{ "192.0.2.224", "64:ff9b::" },
	{ "192.0.2.225", "64:ff9b::1" },
};

static struct nat64_eam make(struct kunit *test, const char *addr4, u8 len4,
			     const char *addr6, u8 len6)
{
	return (struct nat64_eam) {
		.addr4 = text4(test, addr4),
		.len4 = len4,
		.addr6 = text6(test, addr6),
		.len6 = len6,
		.prefix_index = NAT64_PREFIX_PRIMARY,
	};
}

static struct nat64_batch *begin(struct kunit *test, struct nat64_table *t,
				 unsigned int size)
{
	struct nat64_batch *b = nat64_batch_begin(t, prefixes, size);

	KUNIT_ASSERT_NOT_NULL(test, b);
	return b;
}

static void put(struct kunit *test, struct nat64_table *t, const char *addr4,
		u8 len4, const char *addr6, u8 len6)
{
	struct nat64_eam spec = make(test, addr4, len4, addr6, len6);
	struct nat64_batch *b = begin(test, t, 1);

	KUNIT_ASSERT_EQ(test, nat64_batch_put(b, &spec), 0);
	nat64_batch_commit(b);
}

static void expect_to6(struct kunit *test, struct nat64_table *t,
		       const char *from, const char *to)
{
	const struct nat64_eam *eam;
	struct in6_addr got = { };
	struct in6_addr want;

	rcu_read_lock();
	eam = nat64_eam_find4(t, text4(test, from));
	if (eam)
		nat64_eam_to6(eam, text4(test, from), &got);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ_MSG(test, !eam, !to, "%s", from);
	if (!eam || !to)
		return;
	want = text6(test, to);
	KUNIT_EXPECT_TRUE_MSG(test, ipv6_addr_equal(&got, &want),
			      "%s becomes %pI6c, not %s", from, &got, to);
}

static void expect_to4(struct kunit *test, struct nat64_table *t,
		       const char *from, const char *to)
{
	struct in6_addr addr6 = text6(test, from);
	const struct nat64_eam *eam;
	__be32 got = 0;

	rcu_read_lock();
	eam = nat64_eam_find6(t, &addr6);
	if (eam)
		got = nat64_eam_to4(eam, &addr6);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ_MSG(test, !eam, !to, "%s", from);
	if (eam && to)
		KUNIT_EXPECT_EQ_MSG(test, got, text4(test, to),
				    "%s becomes %pI4, not %s", from, &got, to);
}

static void expect_pair(struct kunit *test, struct nat64_table *t,
			const char *addr4, const char *addr6)
{
	expect_to6(test, t, addr4, addr6);
	expect_to4(test, t, addr6, addr4);
}

static void rfc7757_examples(struct kunit *test)
{
	struct nat64_table *t = test->priv;
	const struct example *x;
	unsigned int i;

	for (x = figure1; x < figure1 + ARRAY_SIZE(figure1); x++)
		put(test, t, x->addr4, x->len4, x->addr6, x->len6);
	for (i = 0; i < ARRAY_SIZE(appendix_b); i++)
		expect_pair(test, t, appendix_b[i].addr4, appendix_b[i].addr6);
	expect_to6(test, t, "192.0.2.3", NULL);
	expect_to6(test, t, "192.0.2.32", NULL);
	expect_to6(test, t, "192.0.2.226", NULL);
	expect_to4(test, t, "2001:db8:aaaa::1", NULL);
	expect_to4(test, t, "64:ff9b::2", NULL);
	/* Bits behind the suffix do not count. */
	expect_to4(test, t, "2001:db8:dddd:0:fc00::1", "192.0.2.191");
}

static void longest_match(struct kunit *test)
{
	struct nat64_table *t = test->priv;

	put(test, t, "0.0.0.0", 0, "2001:db8:f::", 96);
	put(test, t, "203.0.113.0", 24, "2001:db8:1::", 120);
	put(test, t, "203.0.113.16", 28, "2001:db8:2::", 64);
	put(test, t, "203.0.113.17", 32, "2001:db8:2:0:8000::", 128);
	expect_pair(test, t, "198.51.100.1", "2001:db8:f::c633:6401");
	expect_pair(test, t, "203.0.113.1", "2001:db8:1::1");
	expect_pair(test, t, "203.0.113.18", "2001:db8:2:0:2000::");
	expect_pair(test, t, "203.0.113.17", "2001:db8:2:0:8000::");
	expect_to4(test, t, "2001:db8:2:0:8000::1", "203.0.113.24");
	expect_to4(test, t, "2001:db8:3::", NULL);
}

/* Bit by bit, as RFC 7757 section 3.3 has it. */
static void naive_to6(const struct nat64_eam *eam, __be32 addr4,
		      struct in6_addr *addr6)
{
	unsigned int i, to;

	*addr6 = eam->addr6;
	for (i = eam->len4, to = eam->len6; i < 32; i++, to++)
		if (ntohl(addr4) & BIT(31 - i))
			addr6->s6_addr[to / 8] |= 0x80 >> to % 8;
}

static void random_spec(struct nat64_eam *spec)
{
	struct in6_addr addr6;

	memset(spec, 0, sizeof(*spec));
	spec->prefix_index = NAT64_PREFIX_PRIMARY;
	spec->len4 = get_random_u32() % 33;
	spec->len6 = get_random_u32() % (97 + spec->len4);
	spec->addr4 = (__force __be32)get_random_u32() &
		      inet_make_mask(spec->len4);
	get_random_bytes(&addr6, sizeof(addr6));
	ipv6_addr_prefix(&spec->addr6, &addr6, spec->len6);
}

static void suffixes_of_every_length(struct kunit *test)
{
	struct in6_addr want, got;
	struct nat64_eam spec;
	unsigned int i;
	__be32 addr4;

	for (i = 0; i < 20000; i++) {
		random_spec(&spec);
		addr4 = spec.addr4 | ((__force __be32)get_random_u32() &
				      ~inet_make_mask(spec.len4));
		naive_to6(&spec, addr4, &want);
		nat64_eam_to6(&spec, addr4, &got);
		KUNIT_ASSERT_TRUE_MSG(test, ipv6_addr_equal(&got, &want),
				      "%pI4 in /%u to /%u", &addr4, spec.len4,
				      spec.len6);
		KUNIT_ASSERT_EQ(test, nat64_eam_to4(&spec, &got), addr4);
	}
}

static bool overlaps(struct kunit *test, struct nat64_table *t,
		     const char *addr4, u8 len4, const char *addr6, u8 len6)
{
	struct nat64_eam spec = make(test, addr4, len4, addr6, len6);

	return nat64_table_find_conflict(t, &t->by_addr4, &spec) ||
	       nat64_table_find_conflict(t, &t->by_addr6, &spec);
}

static void overlaps_are_found(struct kunit *test)
{
	struct nat64_table *t = test->priv;

	put(test, t, "203.0.113.0", 24, "2001:db8:1::", 120);
	put(test, t, "198.51.100.7", 32, "2001:db8:2::7", 128);
	/* Inside, beside, around: the last one takes a walk in IPv6. */
	KUNIT_EXPECT_TRUE(test, overlaps(test, t, "203.0.113.9", 32, "2001:db8:9::", 128));
	KUNIT_EXPECT_TRUE(test, overlaps(test, t, "192.0.2.9", 32, "2001:db8:1::9", 128));
	KUNIT_EXPECT_FALSE(test, overlaps(test, t, "203.0.114.9", 32, "2001:db8:1::109", 128));
	KUNIT_EXPECT_FALSE(test, overlaps(test, t, "198.51.100.0", 30, "2001:db8:9::", 126));
	KUNIT_EXPECT_TRUE(test, overlaps(test, t, "198.51.100.4", 30, "2001:db8:9::", 126));
	KUNIT_EXPECT_TRUE(test, overlaps(test, t, "0.0.0.0", 0, "2001:db8:9::", 96));
	KUNIT_EXPECT_TRUE(test, overlaps(test, t, "192.0.2.0", 24, "2001:db8:2::", 64));
	KUNIT_EXPECT_FALSE(test, overlaps(test, t, "192.0.2.0", 24, "2001:db8:3::", 64));
	/* The same prefix is a matter of its own. */
	KUNIT_EXPECT_FALSE(test, overlaps(test, t, "203.0.113.0", 24, "2001:db8:1::", 112));
}

static void replace(struct kunit *test)
{
	struct nat64_table *t = test->priv;

	put(test, t, "203.0.113.1", 32, "2001:db8::1", 128);
	put(test, t, "203.0.113.2", 32, "2001:db8::2", 128);
	put(test, t, "203.0.113.1", 32, "2001:db8::3", 128);
	expect_pair(test, t, "203.0.113.1", "2001:db8::3");
	expect_to4(test, t, "2001:db8::1", NULL);
	/* One that takes the place of two. */
	put(test, t, "203.0.113.1", 32, "2001:db8::2", 128);
	expect_pair(test, t, "203.0.113.1", "2001:db8::2");
	expect_to6(test, t, "203.0.113.2", NULL);
	expect_to4(test, t, "2001:db8::3", NULL);
	KUNIT_EXPECT_EQ(test, t->count, 1);
	/* Another length, for which readers are waited for. */
	put(test, t, "203.0.113.0", 31, "2001:db8::2", 127);
	put(test, t, "203.0.113.0", 31, "2001:db8::", 120);
	expect_pair(test, t, "203.0.113.0", "2001:db8::");
	expect_to4(test, t, "2001:db8::80", "203.0.113.1");
	KUNIT_EXPECT_EQ(test, t->count, 2);
}

/* Two mappings change places in one batch. */
static void two_mappings_change_places(struct kunit *test)
{
	struct nat64_table *t = test->priv;
	struct nat64_eam one, two;
	struct nat64_batch *b;

	put(test, t, "203.0.113.1", 32, "2001:db8::1", 128);
	put(test, t, "203.0.113.2", 32, "2001:db8::2", 128);
	one = make(test, "203.0.113.1", 32, "2001:db8::2", 128);
	two = make(test, "203.0.113.2", 32, "2001:db8::1", 128);

	b = begin(test, t, 2);
	KUNIT_EXPECT_EQ(test, nat64_batch_put(b, &one), 0);
	expect_to6(test, t, "203.0.113.2", "2001:db8::2");
	expect_to4(test, t, "2001:db8::1", "203.0.113.1");
	KUNIT_EXPECT_EQ(test, nat64_batch_put(b, &two), 0);
	nat64_batch_commit(b);
	expect_pair(test, t, "203.0.113.1", "2001:db8::2");
	expect_pair(test, t, "203.0.113.2", "2001:db8::1");
	KUNIT_EXPECT_EQ(test, t->count, 2);
}

static void abort_leaves_no_trace(struct kunit *test)
{
	struct nat64_table *t = test->priv;
	struct nat64_eam spec;
	struct nat64_batch *b;
	u64 digest;

	put(test, t, "203.0.113.1", 32, "2001:db8::1", 128);
	put(test, t, "203.0.113.2", 32, "2001:db8::2", 128);
	digest = t->digest;

	b = begin(test, t, 4);
	spec = make(test, "203.0.113.1", 32, "2001:db8::2", 128);
	KUNIT_EXPECT_EQ(test, nat64_batch_put(b, &spec), 0);
	spec = make(test, "203.0.113.0", 24, "2001:db8:1::", 64);
	KUNIT_EXPECT_EQ(test, nat64_batch_put(b, &spec), 0);
	spec = make(test, "203.0.113.2", 32, "2001:db8:2::", 128);
	KUNIT_EXPECT_EQ(test, nat64_batch_put(b, &spec), 0);
	nat64_batch_delete(b, nat64_eam_get4(t, spec.addr4, 32));
	nat64_batch_abort(b);

	expect_pair(test, t, "203.0.113.1", "2001:db8::1");
	expect_pair(test, t, "203.0.113.2", "2001:db8::2");
	expect_to6(test, t, "203.0.113.3", NULL);
	expect_to4(test, t, "2001:db8:1::", NULL);
	expect_to4(test, t, "2001:db8:2::", NULL);
	KUNIT_EXPECT_EQ(test, t->count, 2);
	KUNIT_EXPECT_EQ(test, t->by_addr4.lens[0], BIT_ULL(32));
	KUNIT_EXPECT_EQ(test, t->by_addr6.lens[1], 0);
	KUNIT_EXPECT_EQ(test, t->digest, digest);
}

/* The second column has no room: the first one is as it was. */
static void failure_leaves_no_trace(struct kunit *test)
{
	struct nat64_table *t = test->priv;
	struct nat64_eam *old;
	struct nat64_eam spec;
	struct nat64_batch *b;
	u64 digest;

	put(test, t, "203.0.113.1", 32, "2001:db8::1", 128);
	old = nat64_eam_get4(t, text4(test, "203.0.113.1"), 32);
	digest = t->digest;
	t->by_addr6.ht.max_elems = 1;

	b = begin(test, t, 2);
	spec = make(test, "203.0.113.1", 32, "2001:db8::2", 128);
	KUNIT_EXPECT_EQ(test, nat64_batch_put(b, &spec), -E2BIG);
	KUNIT_EXPECT_PTR_EQ(test, nat64_eam_get4(t, spec.addr4, 32), old);
	spec = make(test, "203.0.112.0", 24, "2001:db8::", 120);
	KUNIT_EXPECT_EQ(test, nat64_batch_put(b, &spec), -E2BIG);
	KUNIT_EXPECT_NULL(test, nat64_eam_get4(t, spec.addr4, 24));
	KUNIT_EXPECT_EQ(test, t->by_addr4.lens[0], BIT_ULL(32));
	nat64_batch_commit(b);
	KUNIT_EXPECT_PTR_EQ(test, nat64_eam_get6(t, &old->addr6, 128), old);
	KUNIT_EXPECT_EQ(test, t->count, 1);
	KUNIT_EXPECT_EQ(test, t->digest, digest);
}

static void delete_one(struct kunit *test)
{
	struct nat64_table *t = test->priv;
	struct nat64_batch *b;

	put(test, t, "203.0.113.0", 24, "2001:db8::", 120);
	put(test, t, "203.0.113.1", 32, "2001:db8:1::1", 128);
	b = begin(test, t, 1);
	nat64_batch_delete(b, nat64_eam_get4(t, text4(test, "203.0.113.1"), 32));
	expect_to6(test, t, "203.0.113.1", "2001:db8:1::1");
	nat64_batch_commit(b);
	expect_pair(test, t, "203.0.113.1", "2001:db8::1");
	expect_to4(test, t, "2001:db8:1::1", NULL);
	KUNIT_EXPECT_EQ(test, t->by_addr4.lens[0], BIT_ULL(24));
	KUNIT_EXPECT_EQ(test, t->by_addr6.lens[2], 0);
	KUNIT_EXPECT_EQ(test, t->by_addr6.lens[1], BIT_ULL(120 - 64));
}

static void digest_knows_no_order(struct kunit *test)
{
	struct nat64_table *t = test->priv;
	struct nat64_table *u = nat64_table_alloc(0);
	const struct example *x = figure1;
	const struct example *end = figure1 + ARRAY_SIZE(figure1);
	struct nat64_eam spec;
	struct nat64_batch *b;

	KUNIT_ASSERT_NOT_NULL(test, u);
	while (x < end) {
		KUNIT_EXPECT_EQ(test, t->digest == u->digest, x == figure1);
		put(test, t, x->addr4, x->len4, x->addr6, x->len6);
		x++;
	}
	while (--x >= figure1)
		put(test, u, x->addr4, x->len4, x->addr6, x->len6);
	KUNIT_EXPECT_EQ(test, t->digest, u->digest);

	/* The prefix that a mapping names counts, its index does not. */
	prefixes[3].len = 96;
	prefixes[3].addr = text6(test, "64:ff9b::");
	prefixes[5] = prefixes[3];
	spec = make(test, "203.0.113.1", 32, "2001:db8::1", 128);
	b = begin(test, t, 1);
	spec.prefix_index = 3;
	KUNIT_EXPECT_EQ(test, nat64_batch_put(b, &spec), 0);
	nat64_batch_commit(b);
	KUNIT_EXPECT_EQ(test, t->prefix_users[3], 1);
	b = begin(test, u, 1);
	spec.prefix_index = 5;
	KUNIT_EXPECT_EQ(test, nat64_batch_put(b, &spec), 0);
	KUNIT_EXPECT_EQ(test, t->digest, u->digest);
	nat64_batch_abort(b);
	KUNIT_EXPECT_EQ(test, u->prefix_users[5], 0);
	put(test, u, "203.0.113.1", 32, "2001:db8::1", 128);
	KUNIT_EXPECT_NE(test, t->digest, u->digest);
	nat64_table_put(u);
}

static int init(struct kunit *test)
{
	memset(prefixes, 0, sizeof(prefixes));
	test->priv = nat64_table_alloc(0);
	return test->priv ? 0 : -ENOMEM;
}

static void finish(struct kunit *test)
{
	if (test->priv)
		nat64_table_put(test->priv);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(rfc7757_examples),
	KUNIT_CASE(longest_match),
	KUNIT_CASE(suffixes_of_every_length),
	KUNIT_CASE(overlaps_are_found),
	KUNIT_CASE(replace),
	KUNIT_CASE(two_mappings_change_places),
	KUNIT_CASE(abort_leaves_no_trace),
	KUNIT_CASE(failure_leaves_no_trace),
	KUNIT_CASE(delete_one),
	KUNIT_CASE(digest_knows_no_order),
	{ }
};

static struct kunit_suite suite = {
	.name = "nat64-eam",
	.suite_init = tables_init,
	.suite_exit = tables_exit,
	.init = init,
	.exit = finish,
	.test_cases = cases,
};

kunit_test_suite(suite);
