/* SPDX-License-Identifier: GPL-2.0 */
/* Per-CPU counters: what was translated, and why the rest was not. */
#ifndef _NAT64_STATS_H
#define _NAT64_STATS_H

#include <linux/irqflags.h>
#include <linux/percpu.h>
#include <linux/types.h>

/*
 * Packets that left, then every reason for which one did not. The names are
 * what userspace sees; the order is free.
 */
#define NAT64_COUNTERS(X)						\
	X(TRANSLATED_6TO4,	"translated_6to4")			\
	X(TRANSLATED_4TO6,	"translated_4to6")			\
	X(HAIRPINNED,		"hairpinned")				\
	X(SPLIT,		"split_4to6")				\
	X(ANSWERED,		"answered")

#define NAT64_REASONS(X)						\
	X(MALFORMED,		"malformed")				\
	X(LINK_BROADCAST,	"link_broadcast")			\
	X(SOURCE_ILLEGAL,	"source_illegal")			\
	X(SOURCE_UNMAPPED,	"source_unmapped")			\
	X(DESTINATION_ILLEGAL,	"destination_illegal")			\
	X(NO_PREFIX,		"no_prefix")				\
	X(NOT_GLOBAL,		"wkp_not_global")			\
	X(LOOP,			"loop")					\
	X(BAD_OPTION,		"bad_option")				\
	X(SOURCE_ROUTE,		"source_route")				\
	X(ROUTING_HEADER,	"routing_header")			\
	X(EXT_HEADERS,		"extension_headers")			\
	X(FRAGMENT_EXT_HEADER,	"fragment_extension_header")		\
	X(FRAGMENTED_ICMP,	"fragmented_icmp")			\
	X(UDP_ZERO,		"udp_zero_checksum")			\
	X(UDP_ZERO_FRAGMENT,	"udp_zero_checksum_fragment")		\
	X(ICMP_TYPE,		"icmp_type")				\
	X(ICMP_POINTER,		"icmp_pointer")				\
	X(ICMP_INNER,		"icmp_inner_packet")			\
	X(ICMP_INNER_ERROR,	"icmp_inner_error")			\
	X(ICMP_SOURCE,		"icmp_no_source")			\
	X(HOP_LIMIT,		"hop_limit")				\
	X(TOO_BIG,		"too_big")				\
	X(NO_ROUTE,		"no_route")				\
	X(UNREACHABLE,		"unreachable")				\
	X(PROHIBITED,		"prohibited")				\
	X(BLACKHOLE,		"blackhole")				\
	X(FORWARDING_OFF,	"forwarding_off")			\
	X(LOCAL_OFF,		"local_off")				\
	X(NO_MEMORY,		"no_memory")

/*
 * A reason for refusing a packet is the name of its counter. No reason is 0,
 * which stands for success where a function returns a reason.
 */
enum nat64_counter {
	NAT64_OK,
#define X(id, name) NAT64_##id,
	NAT64_COUNTERS(X)
	NAT64_REASONS(X)
#undef X
	NAT64_N_COUNTERS
};

/**
 * struct nat64_stats - counters of one CPU
 * @n: counts by enum nat64_counter
 */
struct nat64_stats {
	u64	n[NAT64_N_COUNTERS];
};

extern const char * const nat64_counter_names[NAT64_N_COUNTERS];

void nat64_stats_sum(const struct nat64_stats __percpu *stats, u64 *sum);

/**
 * nat64_count() - add to a counter of this CPU
 * @stats: counters of the network namespace
 * @which: counter
 * @by: how many
 *
 * Context: any; one instruction, safe against interrupts.
 */
static inline void nat64_count(struct nat64_stats __percpu *stats,
			       enum nat64_counter which, unsigned int by)
{
	this_cpu_add(stats->n[which], by);
}

#endif /* _NAT64_STATS_H */
