// SPDX-License-Identifier: GPL-2.0-only
/* Checksums by difference against full sums over random data (RFC 1624). */
#include <kunit/test.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/random.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>

#include "csum.h"

#define ROUNDS	2000
#define MAX_LEN	200

static struct sk_buff *random_skb(struct kunit *test, unsigned int len)
{
	struct sk_buff *skb = alloc_skb(MAX_LEN, GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, skb);
	get_random_bytes(skb_put(skb, len), len);
	return skb;
}

static void random_addrs(struct nat64_addrs *a)
{
	get_random_bytes(a, sizeof(*a));
}

static __sum16 *field(struct sk_buff *skb, const struct nat64_hdr *hdr)
{
	return (__sum16 *)(skb->data + nat64_csum_find(hdr));
}

static __sum16 full4(struct sk_buff *skb, const struct nat64_addrs *a, u8 proto)
{
	return csum_tcpudp_magic(a->src4, a->dst4, skb->len, proto,
				 csum_partial(skb->data, skb->len, 0));
}

static __sum16 full6(struct sk_buff *skb, const struct nat64_addrs *a, u8 proto)
{
	return csum_ipv6_magic(&a->src6, &a->dst6, skb->len, proto,
			       csum_partial(skb->data, skb->len, 0));
}

/* The same address pair in both families: what leaves verifies as what came. */
static void transport_by_difference(struct kunit *test)
{
	static const u8 protos[] = {
		IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDPLITE, IPPROTO_DCCP,
	};
	struct nat64_addrs a;
	struct sk_buff *skb;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		struct nat64_hdr hdr = { .proto = protos[i % 4] };
		__sum16 *check;

		hdr.payload = 20 + i % (MAX_LEN - 20);
		skb = random_skb(test, hdr.payload);
		random_addrs(&a);
		check = field(skb, &hdr);
		*check = 0;
		*check = full4(skb, &a, hdr.proto) ?: CSUM_MANGLED_0;

		nat64_csum_transport(skb, 0, hdr.proto, nat64_csum_find(&hdr),
				     nat64_csum_addrs(&a));
		KUNIT_EXPECT_EQ(test, full6(skb, &a, hdr.proto), 0);
		nat64_csum_transport(skb, 0, hdr.proto, nat64_csum_find(&hdr),
				     ~nat64_csum_addrs(&a));
		KUNIT_EXPECT_EQ(test, full4(skb, &a, hdr.proto), 0);
		kfree_skb(skb);
	}
}

static void corrupt_stays_corrupt(struct kunit *test)
{
	struct nat64_hdr hdr = { .proto = IPPROTO_TCP, .payload = 60 };
	struct nat64_addrs a;
	struct sk_buff *skb;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		__sum16 *check;

		skb = random_skb(test, hdr.payload);
		random_addrs(&a);
		check = field(skb, &hdr);
		*check = 0;
		*check = full4(skb, &a, hdr.proto);
		be16_add_cpu((__force __be16 *)check, 1 + i);
		if (!full4(skb, &a, hdr.proto))
			goto next;
		nat64_csum_transport(skb, 0, hdr.proto, nat64_csum_find(&hdr),
				     nat64_csum_addrs(&a));
		KUNIT_EXPECT_NE(test, full6(skb, &a, hdr.proto), 0);
next:
		kfree_skb(skb);
	}
}

static void udp_zero_stays_zero(struct kunit *test)
{
	struct nat64_hdr hdr = { .proto = IPPROTO_UDP, .payload = 30 };
	struct sk_buff *skb = random_skb(test, hdr.payload);
	struct nat64_addrs a;

	random_addrs(&a);
	*field(skb, &hdr) = 0;
	nat64_csum_transport(skb, 0, hdr.proto, nat64_csum_find(&hdr),
			     nat64_csum_addrs(&a));
	KUNIT_EXPECT_EQ(test, *field(skb, &hdr), 0);
	kfree_skb(skb);
}

/* RFC 768: a sum of zero is sent as all ones, in TCP it stays. */
static void udp_never_becomes_zero(struct kunit *test)
{
	struct nat64_hdr hdr = { .proto = IPPROTO_UDP, .payload = 30 };
	struct nat64_addrs a;
	struct sk_buff *skb;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		__sum16 *check;
		__sum16 six;

		skb = random_skb(test, hdr.payload);
		random_addrs(&a);
		check = field(skb, &hdr);
		*check = 0;
		six = full6(skb, &a, hdr.proto);
		/* Make the payload such that the IPv6 checksum is zero. */
		csum_replace2((__sum16 *)skb->data,
			      (__force __be16)~six, 0);
		*check = 0;
		if (full6(skb, &a, hdr.proto)) {
			kfree_skb(skb);
			continue;
		}
		*check = full4(skb, &a, hdr.proto) ?: CSUM_MANGLED_0;
		nat64_csum_transport(skb, 0, hdr.proto, nat64_csum_find(&hdr),
				     nat64_csum_addrs(&a));
		KUNIT_EXPECT_EQ(test, *check, CSUM_MANGLED_0);
		kfree_skb(skb);
	}
}

/* A device that finishes the sum must find the new pseudo-header in it. */
static void partial_is_seeded_anew(struct kunit *test)
{
	struct nat64_addrs a;
	struct sk_buff *skb;
	struct udphdr *udp;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		skb = random_skb(test, 40);
		random_addrs(&a);
		udp = (struct udphdr *)skb->data;
		udp->check = ~csum_tcpudp_magic(a.src4, a.dst4, skb->len,
						IPPROTO_UDP, 0);
		KUNIT_ASSERT_TRUE(test, skb_partial_csum_set(skb, 0, 6));
		nat64_csum_transport(skb, 0, IPPROTO_UDP, 6,
				     nat64_csum_addrs(&a));
		KUNIT_ASSERT_EQ(test, skb_checksum_help(skb), 0);
		KUNIT_EXPECT_EQ(test, full6(skb, &a, IPPROTO_UDP), 0);
		kfree_skb(skb);
	}
}

static void icmp_gains_and_loses_the_pseudo_header(struct kunit *test)
{
	struct nat64_addrs a;
	struct icmphdr *icmp;
	struct sk_buff *skb;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		__wsum pseudo;

		skb = random_skb(test, 8 + i % 100);
		random_addrs(&a);
		icmp = (struct icmphdr *)skb->data;
		icmp->type = ICMP_ECHO;
		icmp->checksum = 0;
		icmp->checksum = ip_compute_csum(icmp, skb->len);
		pseudo = nat64_csum_pseudo6(&a, skb->len);

		nat64_csum_icmp(skb, 0, ICMPV6_ECHO_REQUEST, pseudo);
		KUNIT_EXPECT_EQ(test, icmp->type, ICMPV6_ECHO_REQUEST);
		KUNIT_EXPECT_EQ(test, full6(skb, &a, IPPROTO_ICMPV6), 0);
		nat64_csum_icmp(skb, 0, ICMP_ECHO, ~pseudo);
		KUNIT_EXPECT_EQ(test, ip_compute_csum(icmp, skb->len), 0);
		kfree_skb(skb);
	}
}

/* Where the field is, in whole packets and in fragments of 8 bytes. */
static void field_is_found_in_its_fragment(struct kunit *test)
{
	static const struct {
		u8 proto;
		u16 frag_off;
		u32 payload;
		int at;
	} cases[] = {
		{ IPPROTO_TCP,	0, 20, 16 },
		{ IPPROTO_TCP,	0, 17, -1 },
		{ IPPROTO_TCP,	0, 16, -1 },
		{ IPPROTO_TCP,	0,  8, -1 },
		{ IPPROTO_TCP,	1,  8, -1 },
		{ IPPROTO_TCP,	1, 16,  8 },
		{ IPPROTO_TCP,	2,  8,  0 },
		{ IPPROTO_TCP,	3,  8, -1 },
		{ IPPROTO_UDP,	0,  8,  6 },
		{ IPPROTO_UDP,	0,  7, -1 },
		{ IPPROTO_UDP,	1,  8, -1 },
		{ IPPROTO_UDP,	8191, 8, -1 },
		{ IPPROTO_GRE,	0, 40, -1 },
		{ IPPROTO_SCTP,	0, 40, -1 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nat64_hdr hdr = {
			.proto = cases[i].proto,
			.frag_off = cases[i].frag_off,
			.payload = cases[i].payload,
		};

		KUNIT_EXPECT_EQ_MSG(test, nat64_csum_find(&hdr), cases[i].at,
				    "case %u", i);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(transport_by_difference),
	KUNIT_CASE(corrupt_stays_corrupt),
	KUNIT_CASE(udp_zero_stays_zero),
	KUNIT_CASE(udp_never_becomes_zero),
	KUNIT_CASE(partial_is_seeded_anew),
	KUNIT_CASE(icmp_gains_and_loses_the_pseudo_header),
	KUNIT_CASE(field_is_found_in_its_fragment),
	{}
};

static struct kunit_suite suite = {
	.name = "nat64-csum",
	.test_cases = cases,
};

kunit_test_suite(suite);
