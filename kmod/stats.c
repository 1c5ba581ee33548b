// SPDX-License-Identifier: GPL-2.0-only
#include "stats.h"

#include <linux/cpumask.h>
#include <linux/string.h>

const char * const nat64_counter_names[NAT64_N_COUNTERS] = {
#define X(id, name, ...) [NAT64_##id] = name,
	NAT64_COUNTERS(X)
	NAT64_REASONS(X)
#undef X
};

/* One count of another CPU, which may be adding to it. */
static u64 read_count(const struct nat64_stats *s, unsigned int which)
{
	unsigned int start;
	u64 count;

	do {
		start = u64_stats_fetch_begin(&s->syncp);
		count = READ_ONCE(s->n[which]);
	} while (u64_stats_fetch_retry(&s->syncp, start));
	return count;
}

/**
 * nat64_stats_sum() - add up the counters of all CPUs
 * @stats: counters of the network namespace
 * @sum: NAT64_N_COUNTERS sums
 */
void nat64_stats_sum(const struct nat64_stats __percpu *stats, u64 *sum)
{
	unsigned int i;
	int cpu;

	memset(sum, 0, NAT64_N_COUNTERS * sizeof(*sum));
	for_each_possible_cpu(cpu) {
		const struct nat64_stats *s = per_cpu_ptr(stats, cpu);

		for (i = 0; i < NAT64_N_COUNTERS; i++)
			sum[i] += read_count(s, i);
	}
}
