// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel tells each packet's end to dropwatch, to perf and to the tracepoint
 * skb:kfree_skb: one of its own reasons, and which function it was. Its reasons
 * are few, and only code inside of it may register more. So each of ours has a
 * function.
 */
#include "drop.h"

#include "compat/drop.h"

/* Neither a jump in the place of the call, nor one function for several reasons. */
#define X(id, name, kernel_reason, ...)					\
static noinline void nat64_drop_##id(struct sk_buff *skb)		\
{									\
	nat64_kfree_skb(skb, NAT64_DROP(kernel_reason));		\
	asm volatile("" : : "i" (NAT64_##id) : "memory");		\
}

NAT64_REASONS(X)
#undef X

static void (*const drop_functions[NAT64_N_COUNTERS])(struct sk_buff *skb) = {
#define X(id, ...) [NAT64_##id] = nat64_drop_##id,
	NAT64_REASONS(X)
#undef X
};

/**
 * nat64_drop() - free a packet for a reason that drop monitors see
 * @skb: packet
 * @reason: why
 */
void nat64_drop(struct sk_buff *skb, enum nat64_counter reason)
{
	drop_functions[reason](skb);
}
