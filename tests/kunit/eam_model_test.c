// SPDX-License-Identifier: GPL-2.0-only
/* The table against a list that is searched from end to end. */
#include <kunit/test.h>
#include <linux/inetdevice.h>
#include <linux/kernel.h>
#include <linux/random.h>

#include "tables.h"

static struct nat64_batch *begin(struct kunit *test, struct nat64_table *t,
				 unsigned int size)
{
	struct nat64_batch *b = nat64_batch_begin(t, NULL, size);

	KUNIT_ASSERT_NOT_NULL(test, b);
	return b;
}

#define MODEL_SIZE	200

/* Few enough prefixes that they clash and nest all the time. */
static void random_near_spec(struct nat64_eam *spec)
{
	u32 r = get_random_u32();
	struct in6_addr addr6 = { };

	memset(spec, 0, sizeof(*spec));
	spec->prefix_index = NAT64_PREFIX_PRIMARY;
	spec->len4 = 26 + r % 7;
	spec->len6 = 90 + spec->len4 + (r >> 8) % 7;
	spec->addr4 = htonl(0xcb007100 | (r >> 16 & 0x3f)) &
		      inet_make_mask(spec->len4);
	addr6.s6_addr[15] = r >> 24 & 0x3f;
	ipv6_addr_prefix(&spec->addr6, &addr6, spec->len6);
}

static void model_put(struct nat64_eam *model, unsigned int *n,
		      const struct nat64_eam *spec)
{
	unsigned int i = 0;

	while (i < *n) {
		if (nat64_eam_has4(&model[i], spec->addr4, spec->len4) ||
		    nat64_eam_has6(&model[i], &spec->addr6, spec->len6))
			model[i] = model[--*n];
		else
			i++;
	}
	model[(*n)++] = *spec;
}

static int model_find4(const struct nat64_eam *model, unsigned int n, __be32 a)
{
	int best = -1;
	unsigned int i;

	for (i = 0; i < n; i++)
		if (!((a ^ model[i].addr4) & inet_make_mask(model[i].len4)) &&
		    (best < 0 || model[i].len4 > model[best].len4))
			best = i;
	return best;
}

static int model_find6(const struct nat64_eam *model, unsigned int n,
		       const struct in6_addr *a)
{
	int best = -1;
	unsigned int i;

	for (i = 0; i < n; i++)
		if (ipv6_prefix_equal(a, &model[i].addr6, model[i].len6) &&
		    (best < 0 || model[i].len6 > model[best].len6))
			best = i;
	return best;
}

static bool is_same(const struct nat64_eam *eam, const struct nat64_eam *model,
		    int i)
{
	if (!eam || i < 0)
		return !eam && i < 0;
	return nat64_eam_has4(eam, model[i].addr4, model[i].len4) &&
	       nat64_eam_has6(eam, &model[i].addr6, model[i].len6);
}

static void model_compare(struct kunit *test, struct nat64_table *t,
			  const struct nat64_eam *model, unsigned int n)
{
	struct in6_addr addr6 = { };
	unsigned int i;
	__be32 addr4;

	KUNIT_ASSERT_EQ(test, t->count, n);
	rcu_read_lock();
	for (i = 0; i < 64; i++) {
		addr4 = htonl(0xcb007100 | i);
		addr6.s6_addr[15] = i;
		KUNIT_EXPECT_TRUE_MSG(test,
				      is_same(nat64_eam_find4(t, addr4), model,
					      model_find4(model, n, addr4)),
				      "%pI4", &addr4);
		KUNIT_EXPECT_TRUE_MSG(test,
				      is_same(nat64_eam_find6(t, &addr6), model,
					      model_find6(model, n, &addr6)),
				      "%pI6c", &addr6);
	}
	rcu_read_unlock();
}

static void model_delete(struct kunit *test, struct nat64_table *t,
			 struct nat64_eam *model, unsigned int *n)
{
	unsigned int i = get_random_u32() % *n;
	struct nat64_batch *b = begin(test, t, 1);

	nat64_batch_delete(b, nat64_eam_get4(t, model[i].addr4, model[i].len4));
	nat64_batch_commit(b);
	model[i] = model[--*n];
}

static void random_changes(struct kunit *test)
{
	struct nat64_table *t = test->priv;
	struct nat64_eam *model, spec;
	struct nat64_batch *b;
	unsigned int i, n = 0;

	model = kunit_kcalloc(test, MODEL_SIZE, sizeof(*model), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, model);
	for (i = 0; i < 500; i++) {
		random_near_spec(&spec);
		b = begin(test, t, 1);
		KUNIT_ASSERT_EQ(test, nat64_batch_put(b, &spec), 0);
		if (i % 5 == 0) {
			nat64_batch_abort(b);
		} else {
			nat64_batch_commit(b);
			model_put(model, &n, &spec);
		}
		if (i % 7 == 0 && n)
			model_delete(test, t, model, &n);
		if (n == MODEL_SIZE)
			break;
		if (i % 10 == 0)
			model_compare(test, t, model, n);
	}
	model_compare(test, t, model, n);
	while (n)
		model_delete(test, t, model, &n);
	model_compare(test, t, model, 0);
	KUNIT_EXPECT_EQ(test, t->digest, 0);
	KUNIT_EXPECT_EQ(test, t->by_addr4.lens[0], 0);
}

#define MANY	50000

static void growth_and_walk(struct kunit *test)
{
	struct nat64_table *t = test->priv;
	struct nat64_eam spec = {
		.len4 = 32,
		.len6 = 128,
		.prefix_index = NAT64_PREFIX_PRIMARY,
	};
	struct nat64_batch *b = begin(test, t, MANY);
	unsigned int i, seen = 0, missing = 0;
	struct nat64_walk walk;

	for (i = 0; i < MANY; i++) {
		spec.addr4 = htonl(0x0a000000 + i);
		spec.addr6.s6_addr32[3] = spec.addr4;
		KUNIT_ASSERT_EQ(test, nat64_batch_put(b, &spec), 0);
	}
	nat64_batch_commit(b);

	rcu_read_lock();
	for (i = 0; i < MANY; i++) {
		spec.addr4 = htonl(0x0a000000 + i);
		spec.addr6.s6_addr32[3] = spec.addr4;
		missing += !nat64_eam_find4(t, spec.addr4) ||
			   !nat64_eam_find6(t, &spec.addr6);
	}
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, missing, 0);

	nat64_table_wait_resize(t);
	nat64_walk_enter(&walk, t);
	nat64_walk_start(&walk);
	while (nat64_walk_next(&walk))
		seen++;
	nat64_walk_stop(&walk);
	KUNIT_EXPECT_EQ(test, walk.rewinds, 0);
	KUNIT_EXPECT_EQ(test, seen, MANY);
	nat64_walk_exit(&walk);
}

static int init(struct kunit *test)
{
	test->priv = nat64_table_alloc(0);
	return test->priv ? 0 : -ENOMEM;
}

static void finish(struct kunit *test)
{
	if (test->priv)
		nat64_table_put(test->priv);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(random_changes),
	KUNIT_CASE(growth_and_walk),
	{ }
};

static struct kunit_suite suite = {
	.name = "nat64-eam-model",
	.suite_init = tables_init,
	.suite_exit = tables_exit,
	.init = init,
	.exit = finish,
	.test_cases = cases,
};

kunit_test_suite(suite);
