// SPDX-License-Identifier: GPL-2.0-only
/*
 * dropwatch, perf and the tracepoint skb:kfree_skb show for each dropped packet a
 * reason from the kernel's own list and the function that dropped it. The list is
 * short, and a module outside the tree cannot extend it. So each counter has a
 * function of its own, whose name tells the exact reason.
 */
#include "drop.h"

#include "compat/drop.h"

/*
 * The asm keeps the call from becoming a tail call, which would show the caller,
 * and makes the bodies differ, so that the compiler cannot merge the functions.
 */
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
