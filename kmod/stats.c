// SPDX-License-Identifier: GPL-2.0
#include "stats.h"

#include <linux/cpumask.h>
#include <linux/string.h>

const char * const nat64_counter_names[NAT64_N_COUNTERS] = {
#define X(id, name, ...) [NAT64_##id] = name,
	NAT64_COUNTERS(X)
	NAT64_REASONS(X)
#undef X
};

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
			sum[i] += READ_ONCE(s->n[i]);
	}
}
