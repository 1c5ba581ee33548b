// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes out, with every room that a message may have left for them; and in, with
 * what the policies of the commands let nobody send.
 */
#include <kunit/test.h>
#include <linux/skbuff.h>

#include "netlink.h"
#include "text.h"

#define MOST	1024

/* Writes something into a message; 0 or an error. */
typedef int put_fn(struct sk_buff *skb);

static struct nat64_prefix prefixes[NAT64_MAX_PREFIXES] = {
	[1] = { .len = 96 },
};

static const struct nat64_eam eam = {
	.len4 = 24, .len6 = 120, .prefix_index = NAT64_PREFIX_PRIMARY,
};

static const struct nat64_eam own_eam = {
	.len4 = 24, .len6 = 120, .prefix_index = 1,
};

static const struct nat64_eam edge_eam = {
	.len4 = 32, .len6 = 128, .prefix_index = NAT64_PREFIX_PRIMARY,
	.flags = NAT64_EAM_EDGE,
};

static int put_prefix(struct sk_buff *skb)
{
	return nat64_put_prefix(skb, NAT64_A_PREFIX, &prefixes[1], false);
}

static int put_primary(struct sk_buff *skb)
{
	return nat64_put_prefix(skb, NAT64_A_PREFIX, &prefixes[1], true);
}

static int put_eam(struct sk_buff *skb)
{
	return nat64_put_eam(skb, NAT64_A_EAM, &eam, prefixes);
}

static int put_own_eam(struct sk_buff *skb)
{
	return nat64_put_eam(skb, NAT64_A_EAM, &own_eam, prefixes);
}

static int put_edge_eam(struct sk_buff *skb)
{
	return nat64_put_eam(skb, NAT64_A_EAM, &edge_eam, prefixes);
}

static int put_settings(struct sk_buff *skb)
{
	static const struct nat64_settings set;

	return nat64_put_settings(skb, &set);
}

static int put_total(struct sk_buff *skb)
{
	static struct nat64_table table;
	static const struct nat64_config cfg = { .table = &table };

	return nat64_put_total(skb, &cfg);
}

/* A nest of its header, an address and octets, each in whole words. */
#define NEST	NLA_HDRLEN
#define WORD	(NLA_HDRLEN + 4)
#define ADDR	(NLA_HDRLEN + 16)
#define PREFIX	(NEST + ADDR + WORD)
#define EAM	(NEST + WORD + WORD + ADDR + WORD)

static const struct put_case {
	const char *name;
	put_fn *put;
	unsigned int size;	/* 0: of many, or padded on some machines */
	bool or_nothing;
} put_cases[] = {
	{ "prefix", put_prefix, PREFIX },
	{ "primary prefix", put_primary, PREFIX + NLA_HDRLEN },
	{ "mapping", put_eam, EAM, true },
	{ "mapping with a prefix", put_own_eam, EAM + PREFIX, true },
	{ "mapping of the edge", put_edge_eam, EAM + NLA_HDRLEN, true },
	{ "settings", put_settings, 0 },
	{ "total", put_total, 0 },
};

/* Its end comes early, not its beginning late: 64-bit values are padded by where they lie. */
static struct sk_buff *make_message(struct kunit *test, unsigned int room)
{
	struct sk_buff *skb = alloc_skb(MOST, GFP_KERNEL);
	unsigned int cut;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
	cut = skb_tailroom(skb) - room;
	memcpy(skb->cb, &cut, sizeof(cut));
	skb->end -= cut;
	return skb;
}

static void free_message(struct sk_buff *skb)
{
	unsigned int cut;

	memcpy(&cut, skb->cb, sizeof(cut));
	skb->end += cut;
	kfree_skb(skb);
}

/* Everything is written as soon as there is room for it, and nothing is told less. */
static void try_room(struct kunit *test, const struct put_case *c,
		     unsigned int room, unsigned int size)
{
	struct sk_buff *skb = make_message(test, room);
	int err = c->put(skb);

	KUNIT_EXPECT_EQ_MSG(test, err, room < size ? -EMSGSIZE : 0,
			    "%s, %u of %u", c->name, room, size);
	if (!err)
		KUNIT_EXPECT_EQ_MSG(test, skb->len, size, "%s", c->name);
	else if (c->or_nothing)
		KUNIT_EXPECT_EQ_MSG(test, skb->len, 0, "%s, %u of %u", c->name,
				    room, size);
	free_message(skb);
}

static unsigned int full_size(struct kunit *test, const struct put_case *c)
{
	struct sk_buff *skb = make_message(test, MOST);
	unsigned int len;

	KUNIT_EXPECT_EQ(test, c->put(skb), 0);
	len = skb->len;
	free_message(skb);
	return len;
}

static void too_little_room(struct kunit *test)
{
	const struct put_case *c;
	unsigned int room, size;

	for (c = put_cases; c < put_cases + ARRAY_SIZE(put_cases); c++) {
		size = c->size ?: full_size(test, c);
		for (room = 0; room <= size + 4; room++)
			try_room(test, c, room, size);
	}
}

/* What a listing and an event have room for at least holds the longest of each. */
static void room_is_enough(struct kunit *test)
{
	KUNIT_EXPECT_LE(test, EAM + PREFIX + NLA_HDRLEN, NAT64_EAM_SIZE);
	KUNIT_EXPECT_LE(test, full_size(test, &put_cases[5]), NLMSG_GOODSIZE);
}

/* A dump ends where the next message has no room for its headers. */
static void dump_without_room(struct kunit *test)
{
	const unsigned int size = NLMSG_HDRLEN + GENL_HDRLEN;
	struct {
		struct nlmsghdr nlh;
		struct genlmsghdr genl;
	} request = { };
	struct netlink_callback cb = { .nlh = &request.nlh };
	struct nat64_message msg;
	struct sk_buff *skb;
	unsigned int room;
	int err;

	cb.skb = alloc_skb(0, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, cb.skb);
	memset(cb.skb->cb, 0, sizeof(cb.skb->cb));
	for (room = 0; room <= size; room++) {
		skb = make_message(test, room);
		err = nat64_dump_begin(&msg, skb, &cb);
		KUNIT_EXPECT_EQ_MSG(test, err, room < size ? -EMSGSIZE : 0, "%u", room);
		KUNIT_EXPECT_EQ(test, skb->len, err ? 0 : size);
		if (!err)
			KUNIT_EXPECT_EQ(test, nat64_dump_end(&msg, -EMSGSIZE), -EMSGSIZE);
		KUNIT_EXPECT_EQ(test, skb->len, 0);
		free_message(skb);
	}
	kfree_skb(cb.skb);
}

/* A nest with one attribute that is longer than the nest. */
static void nest_that_ends_early(struct kunit *test)
{
	struct {
		struct nlattr nest;
		struct nlattr inner;
	} octets = {
		.nest = { sizeof(octets), NAT64_A_EAM | NLA_F_NESTED },
		.inner = { NLA_HDRLEN + 4, 1 },
	};
	struct nat64_settings set = { .mark = 7, .mark_mask = 7 };
	struct netlink_ext_ack extack = { };
	struct nat64_mapping m;
	struct in6_addr addr;
	u8 len;

	KUNIT_EXPECT_EQ(test, nat64_parse_prefix(&octets.nest, &addr, &len, NULL, &extack),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, nat64_parse_mapping(&octets.nest, &m, &extack), -EINVAL);
	KUNIT_EXPECT_EQ(test, nat64_parse_settings(&octets.nest, &set, &extack), -EINVAL);
	KUNIT_EXPECT_EQ(test, set.mark_mask, 7);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(nest_that_ends_early),
	KUNIT_CASE(too_little_room),
	KUNIT_CASE(room_is_enough),
	KUNIT_CASE(dump_without_room),
	{ }
};

static struct kunit_suite suite = {
	.name = "nat64-message",
	.test_cases = cases,
};

kunit_test_suite(suite);
