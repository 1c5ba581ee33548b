// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel tells each packet's end to dropwatch, to perf and to the tracepoint
 * skb:kfree_skb: one of its own reasons, and which function it was. Its reasons
 * are few, and only code inside of it may register more. So each of ours has a
 * function.
 */
#include "drop.h"

#include "compat/drop.h"

/* The kernel's reason that comes closest. */
static const u16 kernel_reasons[NAT64_N_COUNTERS] = {
	[NAT64_MALFORMED]	= NAT64_DROP(IP_INHDR),
	[NAT64_BAD_OPTION]	= NAT64_DROP(IP_INHDR),
	[NAT64_LINK_BROADCAST]	= NAT64_DROP(UNICAST_IN_L2_MULTICAST),
	[NAT64_SOURCE_ILLEGAL]	= NAT64_DROP(IP_INADDRERRORS),
	[NAT64_DESTINATION_ILLEGAL] = NAT64_DROP(IP_INADDRERRORS),
	[NAT64_ICMP_TYPE]	= NAT64_DROP(UNHANDLED_PROTO),
	[NAT64_TOO_BIG]		= NAT64_DROP(PKT_TOO_BIG),
	[NAT64_NO_ROUTE]	= NAT64_DROP(IP_OUTNOROUTES),
	[NAT64_UNREACHABLE]	= NAT64_DROP(IP_OUTNOROUTES),
	[NAT64_PROHIBITED]	= NAT64_DROP(IP_OUTNOROUTES),
	[NAT64_BLACKHOLE]	= NAT64_DROP(IP_OUTNOROUTES),
	[NAT64_NO_MEMORY]	= NAT64_DROP(NOMEM),
};

/* Neither a jump in the place of the call, nor one function for several reasons. */
#define X(id, name)							\
static noinline void nat64_drop_##id(struct sk_buff *skb)		\
{									\
	nat64_kfree_skb(skb, kernel_reasons[NAT64_##id] ?:		\
			NAT64_DROP(NETFILTER_DROP));			\
	asm volatile("" : : "i" (NAT64_##id) : "memory");		\
}

NAT64_REASONS(X)
#undef X

static void (*const drops[NAT64_N_COUNTERS])(struct sk_buff *skb) = {
#define X(id, name) [NAT64_##id] = nat64_drop_##id,
	NAT64_REASONS(X)
#undef X
};

/**
 * nat64_drop() - free a packet that was refused
 * @skb: packet
 * @reason: why
 */
void nat64_drop(struct sk_buff *skb, enum nat64_counter reason)
{
	drops[reason](skb);
}
