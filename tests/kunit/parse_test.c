// SPDX-License-Identifier: GPL-2.0-only
/* Headers, options and extension headers, at every length and at random. */
#include <kunit/test.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/random.h>
#include <linux/skbuff.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "parse.h"

#define ROUNDS	20000
#define MAX_LEN	256

/*
 * A packet whose buffer ends with the packet, so that KASAN sees whoever reads
 * past the end.
 */
static struct sk_buff *make_skb(struct kunit *test, const void *data,
				unsigned int len)
{
	struct sk_buff *skb = alloc_skb(len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
	skb_reserve(skb, skb_tailroom(skb) - len);
	skb_put_data(skb, data, len);
	skb_reset_network_header(skb);
	return skb;
}

struct option_case {
	const char *name;
	u8 opt[8];
	enum nat64_counter reason;
};

/* RFC 7915 section 4.1, RFC 791 section 3.1. */
static void options(struct kunit *test)
{
	static const struct option_case cases[] = {
		{ "none", { 0 }, NAT64_OK },
		{ "padding", { 1, 1, 1, 1, 1, 1, 1, 1 }, NAT64_OK },
		{ "record route", { 7, 7, 4, 0, 0, 0, 0, 0 }, NAT64_OK },
		{ "after the end", { 0, 131, 7, 4 }, NAT64_OK },
		{ "length 0", { 7, 0 }, NAT64_BAD_OPTION },
		{ "length 1", { 7, 1 }, NAT64_BAD_OPTION },
		{ "too long", { 7, 9 }, NAT64_BAD_OPTION },
		{ "no length", { 1, 1, 1, 1, 1, 1, 1, 7 }, NAT64_BAD_OPTION },
		{ "loose source route", { 131, 7, 4 }, NAT64_SOURCE_ROUTE },
		{ "strict source route", { 137, 7, 4 }, NAT64_SOURCE_ROUTE },
		{ "last hop of a source route", { 131, 7, 5 },
		  NAT64_SOURCE_ROUTE },
		{ "expired source route", { 131, 7, 8 }, NAT64_OK },
		{ "source route without a pointer", { 131, 2 },
		  NAT64_BAD_OPTION },
		{ "source route behind padding", { 1, 131, 7, 4 },
		  NAT64_SOURCE_ROUTE },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		u8 packet[28] = { 0x47, 0, 0, sizeof(packet) };
		struct nat64_hdr hdr;
		struct sk_buff *skb;

		memcpy(packet + 20, cases[i].opt, 8);
		skb = make_skb(test, packet, sizeof(packet));
		KUNIT_EXPECT_EQ_MSG(test, nat64_parse4(skb, &hdr),
				    cases[i].reason, "%s", cases[i].name);
		kfree_skb(skb);
	}
}

struct chain_case {
	const char *name;
	u8 first;
	u8 chain[32];
	enum nat64_counter reason;
	u8 proto;
	u16 len;
	u32 pointer;
};

#define FRAG(next, off_mf) next, 0, 0, off_mf, 0x12, 0x34, 0x56, 0x78

/* RFC 7915 sections 5.1 and 5.1.1. */
static void extension_headers(struct kunit *test)
{
	static const struct chain_case cases[] = {
		{ "none", 6, {}, NAT64_OK, 6, 40 },
		{ "no next header", 59, {}, NAT64_OK, 59, 40 },
		{ "hop-by-hop", 0, { 17, 0 }, NAT64_OK, 17, 48 },
		{ "destination options", 60, { 58, 1 }, NAT64_OK, 58, 56 },
		{ "routing, done", 43, { 6, 0, 0, 0 }, NAT64_OK, 6, 48 },
		{ "routing, not done", 43, { 6, 0, 0, 1 },
		  NAT64_ROUTING_HEADER, 43, 40, 43 },
		{ "routing behind hop-by-hop", 0, { 43, 0, 0, 0, 0, 0, 0, 0,
						    6, 0, 4, 2 },
		  NAT64_ROUTING_HEADER, 43, 48, 51 },
		{ "authentication is a payload", 51, { 6, 4 }, NAT64_OK, 51,
		  40 },
		{ "encryption is a payload", 50, {}, NAT64_OK, 50, 40 },
		{ "fragment", 44, { FRAG(17, 1) }, NAT64_OK, 17, 48 },
		{ "fragment of ESP", 44, { FRAG(50, 1) }, NAT64_OK, 50, 48 },
		{ "fragment behind options", 60, { 44, 0, 0, 0, 0, 0, 0, 0,
						   FRAG(6, 8) },
		  NAT64_OK, 6, 56 },
		{ "fragment of AH", 44, { FRAG(51, 1) },
		  NAT64_FRAGMENT_EXTENSION_HEADER, 51, 48 },
		{ "fragment of options", 44, { FRAG(60, 9) },
		  NAT64_FRAGMENT_EXTENSION_HEADER, 60, 48 },
		{ "fragment of a fragment", 44, { FRAG(44, 0) },
		  NAT64_FRAGMENT_EXTENSION_HEADER, 44, 48 },
		{ "past the end", 0, { 6, 8 }, NAT64_MALFORMED, 6, 112 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct chain_case *c = &cases[i];
		u8 packet[40 + sizeof(c->chain)] = { 0x60 };
		struct nat64_hdr hdr;
		struct sk_buff *skb;
		u32 pointer = 0;

		packet[5] = sizeof(c->chain);
		packet[6] = c->first;
		memcpy(packet + 40, c->chain, sizeof(c->chain));
		skb = make_skb(test, packet, sizeof(packet));
		KUNIT_EXPECT_EQ_MSG(test, nat64_parse6(skb, &hdr, &pointer),
				    c->reason, "%s", c->name);
		KUNIT_EXPECT_EQ_MSG(test, hdr.proto, c->proto, "%s", c->name);
		KUNIT_EXPECT_EQ_MSG(test, hdr.len, c->len, "%s", c->name);
		KUNIT_EXPECT_EQ_MSG(test, pointer, c->pointer, "%s", c->name);
		kfree_skb(skb);
	}
}

static void fragment_fields(struct kunit *test)
{
	static const u8 fields[] = { 17, 0xff, 0xab, 0xcf, 1, 2, 3, 4 };
	u8 packet[56] = { 0x60, 0, 0, 0, 0, 16, 44, 64 };
	struct nat64_hdr hdr;
	struct sk_buff *skb;
	u32 pointer;

	memcpy(packet + 40, fields, sizeof(fields));
	skb = make_skb(test, packet, sizeof(packet));
	KUNIT_ASSERT_EQ(test, nat64_parse6(skb, &hdr, &pointer), NAT64_OK);
	KUNIT_EXPECT_TRUE(test, hdr.frag);
	KUNIT_EXPECT_TRUE(test, hdr.mf);
	KUNIT_EXPECT_EQ(test, hdr.frag_off, 0xabcf >> 3);
	KUNIT_EXPECT_EQ(test, hdr.frag_id, 0x01020304);
	KUNIT_EXPECT_EQ(test, hdr.payload, 8);
	kfree_skb(skb);
}

static void too_many_headers_are_refused(struct kunit *test)
{
	u8 packet[40 + 40 * 8] = { 0x60, 0, 0, 0, 1, 64, 60, 64 };
	struct nat64_hdr hdr;
	struct sk_buff *skb;
	unsigned int i;
	u32 pointer;

	for (i = 0; i < 40; i++)
		packet[40 + 8 * i] = 60;
	skb = make_skb(test, packet, sizeof(packet));
	KUNIT_EXPECT_EQ(test, nat64_parse6(skb, &hdr, &pointer),
			NAT64_EXTENSION_HEADERS);
	kfree_skb(skb);
}

/* What a parser accepts lies inside the packet, whatever the bytes say. */
static void noise_stays_in_bounds(struct kunit *test)
{
	static const u8 exts[] = { 0, 43, 44, 60, 6, 17, 58, 51 };
	u8 packet[MAX_LEN];
	unsigned int i, j;

	for (i = 0; i < ROUNDS; i++) {
		unsigned int len = 40 + i % (MAX_LEN - 40);
		struct nat64_addrs a;
		struct nat64_hdr hdr;
		struct sk_buff *skb;
		u32 pointer;

		get_random_bytes(packet, len);
		packet[6] = exts[packet[6] % 8];
		for (j = 40; j < len; j += 8) {
			packet[j] = exts[packet[j] % 8];
			if (j + 1 < len)
				packet[j + 1] %= 3;
		}
		packet[0] = 0x60;
		skb = make_skb(test, packet, len);
		if (!nat64_parse6(skb, &hdr, &pointer))
			KUNIT_EXPECT_EQ(test, hdr.len + hdr.payload, len);
		if (nat64_parse6_quote(skb, 0, &hdr, &a))
			KUNIT_EXPECT_LE(test, hdr.len, len);

		skb->data[0] = 0x40 | (5 + packet[1] % 11);
		if ((skb->data[0] & 0xf) * 4 <= len &&
		    !nat64_parse4(skb, &hdr))
			KUNIT_EXPECT_EQ(test, hdr.len + hdr.payload, len);
		if (nat64_parse4_quote(skb, 0, &hdr, &a))
			KUNIT_EXPECT_LE(test, hdr.len, len);
		kfree_skb(skb);
	}
}

/* A quote may end anywhere; it is taken only with its whole header. */
static void quotes_of_every_length(struct kunit *test)
{
	u8 four[24] = { 0x46, 0, 0, 100, 0, 0, 0, 0, 64, 17 };
	u8 six[48] = { 0x60, 0, 0, 0, 0, 100, 0, 64, [40] = 17 };
	struct nat64_addrs a;
	struct nat64_hdr hdr;
	struct sk_buff *skb;
	unsigned int len;

	for (len = 0; len <= sizeof(six); len++) {
		skb = make_skb(test, six, len);
		KUNIT_EXPECT_EQ(test, nat64_parse6_quote(skb, 0, &hdr, &a),
				len == sizeof(six));
		kfree_skb(skb);
	}
	KUNIT_EXPECT_EQ(test, hdr.payload, 92);
	for (len = 0; len <= sizeof(four); len++) {
		skb = make_skb(test, four, len);
		KUNIT_EXPECT_EQ(test, nat64_parse4_quote(skb, 0, &hdr, &a),
				len == sizeof(four));
		kfree_skb(skb);
	}
	KUNIT_EXPECT_EQ(test, hdr.payload, 76);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(options),
	KUNIT_CASE(extension_headers),
	KUNIT_CASE(fragment_fields),
	KUNIT_CASE(too_many_headers_are_refused),
	KUNIT_CASE(noise_stays_in_bounds),
	KUNIT_CASE(quotes_of_every_length),
	{}
};

static struct kunit_suite suite = {
	.name = "nat64-parse",
	.test_cases = cases,
};

kunit_test_suite(suite);
