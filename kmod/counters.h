/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters of each mapping (setting counters).
 *
 * A mapping points to its counters, which its first packet allocates: a mapping
 * without packets needs no memory for them, and there are no more of them than
 * mappings. They are freed with the mapping.
 */
#ifndef _NAT64_COUNTERS_H
#define _NAT64_COUNTERS_H

#include <linux/types.h>
#include <linux/u64_stats_sync.h>

struct nat64_eam;
struct nat64_net;
struct nat64_pkt;
struct nat64_table;

/**
 * enum nat64_direction - the direction of a packet
 * @NAT64_6TO4: from IPv6 to IPv4
 * @NAT64_4TO6: from IPv4 to IPv6
 * @NAT64_N_DIRECTIONS: how many there are
 */
enum nat64_direction {
	NAT64_6TO4,
	NAT64_4TO6,
	NAT64_N_DIRECTIONS
};

/**
 * struct nat64_eam_counters - counters of a mapping on one CPU
 * @packets: packets that left, each segment, by enum nat64_direction
 * @bytes: bytes of them
 * @last: when the last one left, in jiffies of 64 bits
 * @syncp: lets CPUs of 32 bits read the others
 */
struct nat64_eam_counters {
	u64_stats_t		packets[NAT64_N_DIRECTIONS];
	u64_stats_t		bytes[NAT64_N_DIRECTIONS];
	u64			last;
	struct u64_stats_sync	syncp;
};

/**
 * struct nat64_eam_sum - counters of a mapping on all CPUs
 * @packets: packets that left, by enum nat64_direction
 * @bytes: bytes of them
 * @last: when the last one left, in jiffies of 64 bits; 0 if there was none
 */
struct nat64_eam_sum {
	u64	packets[NAT64_N_DIRECTIONS];
	u64	bytes[NAT64_N_DIRECTIONS];
	u64	last;
};

void nat64_eam_count(const struct nat64_pkt *p, const struct nat64_eam *eam,
		     enum nat64_direction dir);
void nat64_eam_sum(const struct nat64_eam *eam, struct nat64_eam_sum *sum);
void nat64_counters_move(struct nat64_table *to, struct nat64_table *from);
void nat64_counters_free(struct nat64_table *t);
int nat64_counters_reset(struct nat64_table *t);

#endif /* _NAT64_COUNTERS_H */
