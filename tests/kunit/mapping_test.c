// SPDX-License-Identifier: GPL-2.0-only
/* What may stand in a configuration, tried on one that is being loaded. */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "control.h"
#include "load.h"
#include "mapping.h"
#include "prefix.h"
#include "tables.h"
#include "text.h"

#define PORTID	4711

struct fixture {
	struct nat64_net		nn;
	struct netlink_ext_ack		extack;
	struct nat64_request		rq;
};

/* A mapping, and the translation prefix that it names. */
struct words {
	const char	*addr4;
	u8		len4;
	const char	*addr6;
	u8		len6;
	const char	*own;
	u8		own_len;
};

#define MAP(a4, l4, a6, l6)	((struct words) { a4, l4, a6, l6 })

static struct nat64_mapping parse(struct kunit *test, const struct words *w)
{
	struct nat64_mapping m = {
		.len4 = w->len4,
		.len6 = w->len6,
		.prefix_len = w->own_len,
		.has4 = w->addr4,
		.has6 = w->addr6,
		.has_prefix = w->own,
	};

	if (w->addr4)
		m.addr4 = text4(test, w->addr4);
	if (w->addr6)
		m.addr6 = text6(test, w->addr6);
	if (w->own)
		m.prefix = text6(test, w->own);
	return m;
}

static struct nat64_config *loaded(struct fixture *f)
{
	return f->nn.load->config;
}

static int change(struct kunit *test, const struct words *w, size_t n,
		  int (*fn)(struct nat64_request *rq,
			    const struct nat64_mapping *m))
{
	struct fixture *f = test->priv;
	struct nat64_mapping m;
	int err;

	f->extack._msg = NULL;
	mutex_lock(&f->nn.lock);
	err = nat64_mapping_begin(&f->rq, n);
	if (!err) {
		for (; !err && n; n--, w++) {
			m = parse(test, w);
			err = fn(&f->rq, &m);
		}
		nat64_mapping_end(&f->rq, err);
	}
	mutex_unlock(&f->nn.lock);
	return err;
}

static int add(struct kunit *test, struct words w)
{
	return change(test, &w, 1, nat64_mapping_put);
}

static int del(struct kunit *test, struct words w)
{
	return change(test, &w, 1, nat64_mapping_del);
}

static int add_prefix(struct kunit *test, const char *text, u8 len, bool primary)
{
	struct fixture *f = test->priv;
	struct in6_addr addr = text6(test, text);
	int err;

	f->extack._msg = NULL;
	mutex_lock(&f->nn.lock);
	err = nat64_prefix_add(&f->rq, &addr, len, primary);
	mutex_unlock(&f->nn.lock);
	return err;
}

static void expect_refusal(struct kunit *test, int err, int want,
			   const char *text)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ_MSG(test, err, want, "%s", text);
	KUNIT_ASSERT_NOT_NULL(test, f->extack._msg);
	KUNIT_EXPECT_STREQ(test, f->extack._msg, text);
}

static void forms(struct kunit *test)
{
	struct words own = {
		"203.0.113.1", 32, "2001:db8::1", 128, "2001:db8:f::", 96,
	};

	expect_refusal(test, add(test, MAP("203.0.113.1", 24, "2001:db8::", 120)),
		       -EINVAL, "203.0.113.1/24 has bits set beyond its length");
	expect_refusal(test, add(test, MAP("203.0.113.0", 24, "2001:db8::1", 120)),
		       -EINVAL, "2001:db8::1/120 has bits set beyond its length");
	expect_refusal(test, add(test, MAP("203.0.113.0", 24, "2001:db8::", 121)),
		       -EINVAL,
		       "203.0.113.0/24 leaves 8 bits, for which 2001:db8::/121 has only 7 (RFC 7757 section 3.2)");
	expect_refusal(test, add(test, MAP(NULL, 32, "2001:db8::", 128)),
		       -EINVAL, "a mapping is an IPv4 prefix and an IPv6 prefix");
	expect_refusal(test, add(test, own), -ENOENT,
		       "2001:db8:f::/96 is not a translation prefix");
}

static void unicast(struct kunit *test)
{
	static const char * const bad4[] = {
		"0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "240.0.0.1",
		"255.255.255.255",
	};
	static const char * const bad6[] = {
		"::", "::1", "::ffff:192.0.2.1", "fe80::1", "ff02::1", "ff0e::1",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad4); i++)
		KUNIT_EXPECT_EQ_MSG(test, add(test, MAP(bad4[i], 32, "2001:db8::1", 128)),
				    -EINVAL, "%s", bad4[i]);
	for (i = 0; i < ARRAY_SIZE(bad6); i++)
		KUNIT_EXPECT_EQ_MSG(test, add(test, MAP("203.0.113.1", 32, bad6[i], 128)),
				    -EINVAL, "%s", bad6[i]);
	KUNIT_EXPECT_EQ(test, add(test, MAP("0.0.0.0", 0, "2001:db8::", 96)), 0);
	KUNIT_EXPECT_EQ(test, del(test, MAP("0.0.0.0", 0, NULL, 0)), 0);
	KUNIT_EXPECT_EQ(test, add(test, MAP("1.0.0.1", 32, "::", 32)), 0);
}

static void clashes(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, add(test, MAP("203.0.113.10", 32, "2001:db8:1::10", 128)), 0);
	f->rq.force = true;
	expect_refusal(test, add(test, MAP("203.0.113.10", 32, "2001:db8:1::11", 128)),
		       -EEXIST, "203.0.113.10/32 is already mapped to 2001:db8:1::10/128");
	expect_refusal(test, add(test, MAP("203.0.113.11", 32, "2001:db8:1::10", 128)),
		       -EEXIST, "2001:db8:1::10/128 is already mapped to 203.0.113.10/32");
	f->rq.force = false;
	expect_refusal(test, add(test, MAP("203.0.113.0", 24, "2001:db8:2::", 120)),
		       -EADDRINUSE,
		       "203.0.113.0/24 contains 203.0.113.10/32, which is mapped to 2001:db8:1::10/128");
	expect_refusal(test, add(test, MAP("192.0.2.0", 24, "2001:db8:1::", 120)),
		       -EADDRINUSE,
		       "2001:db8:1::/120 contains 2001:db8:1::10/128, which is mapped to 203.0.113.10/32");
	f->rq.force = true;
	KUNIT_EXPECT_EQ(test, add(test, MAP("203.0.113.0", 24, "2001:db8:2::", 120)), 0);
	f->rq.force = false;
	expect_refusal(test, add(test, MAP("203.0.113.11", 32, "2001:db8:3::", 128)),
		       -EADDRINUSE,
		       "203.0.113.11/32 lies inside 203.0.113.0/24, which is mapped to 2001:db8:2::/120");
	expect_refusal(test, del(test, MAP("203.0.113.11", 32, NULL, 0)),
		       -ENOENT, "203.0.113.11/32 is not mapped");
	expect_refusal(test, del(test, MAP("203.0.113.10", 32, "2001:db8::", 128)),
		       -ENOENT, "203.0.113.10/32 is not mapped to 2001:db8::/128");
	/* A prefix that stands overlaps nothing new. */
	f->rq.replace = true;
	KUNIT_EXPECT_EQ(test, add(test, MAP("203.0.113.10", 32, "2001:db8:1::12", 128)), 0);
}

/* More mappings than there are prefixes to look up: each of those is. */
static void prefixes_inside_are_looked_up(struct kunit *test)
{
	static const struct {
		u8		len;
		struct words	outer, inner;
		const char	*text;
	} rows[] = {
		{ 66, MAP("10.2.0.1", 32, "fd05::", 60),
		  MAP("10.0.0.9", 32, "fd05:0:0:7:c000::", 66),
		  "fd05::/60 contains fd05:0:0:7:c000::/66, which is mapped to 10.0.0.9/32" },
		{ 60, MAP("10.2.0.1", 32, "fd05::", 56),
		  MAP("10.0.0.9", 32, "fd05:0:0:f0::", 60),
		  "fd05::/56 contains fd05:0:0:f0::/60, which is mapped to 10.0.0.9/32" },
	};
	struct fixture *f = test->priv;
	char addr4[16], addr6[40];
	unsigned int i, n;

	f->rq.force = true;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		mutex_lock(&f->nn.lock);
		KUNIT_ASSERT_EQ(test, nat64_load_begin(&f->rq, 0), 0);
		mutex_unlock(&f->nn.lock);
		f->rq.force = false;
		for (n = 0; n < 80; n++) {
			snprintf(addr4, sizeof(addr4), "198.51.100.%u", n);
			snprintf(addr6, sizeof(addr6), "2001:db9:%x::", n);
			KUNIT_ASSERT_EQ(test, add(test, MAP(addr4, 32, addr6, rows[i].len)), 0);
		}
		KUNIT_EXPECT_EQ(test, add(test, rows[i].inner), 0);
		expect_refusal(test, add(test, rows[i].outer), -EADDRINUSE, rows[i].text);
		KUNIT_EXPECT_EQ(test, del(test, rows[i].inner), 0);
		KUNIT_EXPECT_EQ(test, add(test, rows[i].outer), 0);
		f->rq.force = true;
	}
}

static void all_or_nothing(struct kunit *test)
{
	const struct words adds[] = {
		MAP("203.0.113.1", 32, "2001:db8::1", 128),
		MAP("203.0.113.2", 32, "2001:db8::2", 128),
		MAP("203.0.113.1", 32, "2001:db8::3", 128),
	};
	const struct words dels[] = {
		MAP("203.0.113.1", 32, NULL, 0),
		MAP(NULL, 0, "2001:db8::2", 128),
		MAP("203.0.113.1", 32, NULL, 0),
	};
	struct fixture *f = test->priv;

	expect_refusal(test, change(test, adds, 3, nat64_mapping_put), -EEXIST,
		       "203.0.113.1/32 is already mapped to 2001:db8::1/128");
	KUNIT_EXPECT_EQ(test, loaded(f)->table->count, 0);
	KUNIT_EXPECT_EQ(test, change(test, adds, 2, nat64_mapping_put), 0);
	expect_refusal(test, change(test, dels, 3, nat64_mapping_del), -ENOENT,
		       "203.0.113.1/32 is not mapped");
	KUNIT_EXPECT_EQ(test, loaded(f)->table->count, 2);
	KUNIT_EXPECT_EQ(test, change(test, dels, 2, nat64_mapping_del), 0);
	KUNIT_EXPECT_EQ(test, loaded(f)->table->count, 0);
	KUNIT_EXPECT_EQ(test, loaded(f)->table->digest, 0);
}

static void limit_of_mappings(struct kunit *test)
{
	unsigned int was = nat64_max_mappings;
	struct fixture *f = test->priv;

	nat64_max_mappings = 1;
	KUNIT_EXPECT_EQ(test, add(test, MAP("203.0.113.1", 32, "2001:db8::1", 128)), 0);
	expect_refusal(test, add(test, MAP("203.0.113.2", 32, "2001:db8::2", 128)), -ENOSPC,
		       "there are 1 mappings already, the limit (module parameter max_mappings)");
	f->rq.replace = true;
	KUNIT_EXPECT_EQ(test, add(test, MAP("203.0.113.1", 32, "2001:db8::2", 128)), 0);
	nat64_max_mappings = was;
}

static void translation_prefixes(struct kunit *test)
{
	struct fixture *f = test->priv;
	const struct nat64_config *cfg = loaded(f);

	KUNIT_EXPECT_EQ(test, add_prefix(test, "2001:db8:64::", 64, false), 0);
	KUNIT_EXPECT_EQ(test, add_prefix(test, "2001:db8:64::", 96, false), 0);
	KUNIT_EXPECT_EQ(test, cfg->prefix[cfg->primary].len, 64);
	KUNIT_EXPECT_EQ(test, cfg->prefix[cfg->order[0]].len, 96);
	KUNIT_EXPECT_EQ(test, add_prefix(test, "2001:db8:64::", 96, true), 0);
	KUNIT_EXPECT_EQ(test, cfg->prefix[cfg->primary].len, 96);
	expect_refusal(test, add_prefix(test, "2001:db8:64::", 96, false), -EEXIST,
		       "2001:db8:64::/96 is a translation prefix already");
	expect_refusal(test, add_prefix(test, "2001:db8:64::", 80, false), -EINVAL,
		       "2001:db8:64::/80: the length of a translation prefix is 32, 40, 48, 56, 64 or 96 (RFC 6052)");
	expect_refusal(test, add_prefix(test, "2001:db8:64::1", 96, false), -EINVAL,
		       "2001:db8:64::1/96 has bits set beyond its length");
	expect_refusal(test, add_prefix(test, "2001:db8:64:0:ff00::", 96, false), -EINVAL,
		       "2001:db8:64:0:ff00::/96: bits 64 to 71 must be zero (RFC 6052)");
	expect_refusal(test, add_prefix(test, "fe80::", 64, false), -EINVAL,
		       "fe80::/64 cannot be a translation prefix: it is never forwarded");
}

static void mappings_inside_prefixes(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, add_prefix(test, "2001:db8:64::", 96, false), 0);
	expect_refusal(test, add(test, MAP("203.0.113.1", 32, "2001:db8:64::1", 128)),
		       -EADDRINUSE,
		       "2001:db8:64::1/128 lies inside the translation prefix 2001:db8:64::/96");
	expect_refusal(test, add(test, MAP("203.0.113.0", 24, "2001:db8::", 32)),
		       -EADDRINUSE,
		       "2001:db8::/32 contains the translation prefix 2001:db8:64::/96");
	KUNIT_EXPECT_FALSE(test, loaded(f)->overlaps_pref64);
	f->rq.force = true;
	KUNIT_EXPECT_EQ(test, add(test, MAP("203.0.113.1", 32, "2001:db8:64::1", 128)), 0);
	KUNIT_EXPECT_TRUE(test, loaded(f)->overlaps_pref64);
	KUNIT_EXPECT_EQ(test, loaded(f)->table->overlaps_pref64, 1);
	KUNIT_EXPECT_EQ(test, add(test, MAP("203.0.113.2", 32, "2001:db8:65::1", 128)), 0);
	f->rq.force = false;
	expect_refusal(test, add_prefix(test, "2001:db8:65::", 96, false), -EADDRINUSE,
		       "2001:db8:65::/96 overlaps 2001:db8:65::1/128, which is mapped to 203.0.113.2/32");
	/* What was permitted once may be replaced. */
	f->rq.replace = true;
	KUNIT_EXPECT_EQ(test, add(test, MAP("203.0.113.3", 32, "2001:db8:64::1", 128)), 0);
	KUNIT_EXPECT_EQ(test, add(test, MAP("203.0.113.1", 32, "2001:db8:64::1", 128)), 0);
	KUNIT_EXPECT_EQ(test, loaded(f)->table->overlaps_pref64, 1);
	f->rq.replace = false;
	f->rq.force = true;
	KUNIT_EXPECT_EQ(test, add_prefix(test, "2001:db8:65::", 96, false), 0);
	KUNIT_EXPECT_EQ(test, loaded(f)->table->overlaps_pref64, 2);
	KUNIT_EXPECT_EQ(test, del(test, MAP("203.0.113.1", 32, NULL, 0)), 0);
	KUNIT_EXPECT_EQ(test, loaded(f)->table->overlaps_pref64, 1);
}

static void one_load_at_a_time(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct nat64_request other = f->rq;

	mutex_lock(&f->nn.lock);
	strscpy(f->nn.load->comm, "a\tloader", sizeof(f->nn.load->comm));
	expect_refusal(test, nat64_load_begin(&other, 0), -EBUSY,
		       "another configuration is being loaded, by a\\tloader (socket 4711)");
	other.portid++;
	expect_refusal(test, nat64_load_commit(&other), -ENOENT,
		       "this socket is not loading a configuration");
	expect_refusal(test, nat64_load_abort(&other), -ENOENT,
		       "this socket is not loading a configuration");
	mutex_unlock(&f->nn.lock);

	nat64_load_release(&f->nn, PORTID + 1);
	KUNIT_EXPECT_NOT_NULL(test, f->nn.load);
	mutex_lock(&f->nn.lock);
	other.force = true;
	KUNIT_EXPECT_EQ(test, nat64_load_begin(&other, 0), 0);
	KUNIT_EXPECT_EQ(test, nat64_load_abort(&f->rq), -ENOENT);
	f->rq.force = true;
	KUNIT_EXPECT_EQ(test, nat64_load_begin(&f->rq, 0), 0);
	mutex_unlock(&f->nn.lock);
	nat64_load_release(&f->nn, PORTID);
	KUNIT_EXPECT_NULL(test, f->nn.load);

	mutex_lock(&f->nn.lock);
	KUNIT_EXPECT_EQ(test, nat64_load_begin(&f->rq, 100), 0);
	KUNIT_EXPECT_EQ(test, nat64_load_commit(&f->rq), 0);
	KUNIT_EXPECT_FALSE(test, f->rq.changed);
	KUNIT_EXPECT_NULL(test, f->nn.load);
	mutex_unlock(&f->nn.lock);
}

static int init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	int err;

	if (!f || nat64_control_init(&f->nn))
		return -ENOMEM;
	test->priv = f;
	f->nn.net = &init_net;
	f->rq = (struct nat64_request) {
		.nn = &f->nn,
		.extack = &f->extack,
		.portid = PORTID,
		.staged = true,
		.create = true,
	};
	mutex_lock(&f->nn.lock);
	err = nat64_load_begin(&f->rq, 0);
	mutex_unlock(&f->nn.lock);
	return err;
}

static void finish(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (!f)
		return;
	nat64_load_exit(&f->nn);
	nat64_control_exit(&f->nn);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(forms),
	KUNIT_CASE(unicast),
	KUNIT_CASE(clashes),
	KUNIT_CASE(prefixes_inside_are_looked_up),
	KUNIT_CASE(all_or_nothing),
	KUNIT_CASE(limit_of_mappings),
	KUNIT_CASE(translation_prefixes),
	KUNIT_CASE(mappings_inside_prefixes),
	KUNIT_CASE(one_load_at_a_time),
	{ }
};

static struct kunit_suite suite = {
	.name = "nat64-mapping",
	.suite_init = tables_init,
	.suite_exit = tables_exit,
	.init = init,
	.exit = finish,
	.test_cases = cases,
};

kunit_test_suite(suite);
