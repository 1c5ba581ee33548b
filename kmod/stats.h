/* SPDX-License-Identifier: GPL-2.0-only */
/* Per-CPU counters: what was translated, and why the rest was not. */
#ifndef _NAT64_STATS_H
#define _NAT64_STATS_H

#include <linux/irqflags.h>
#include <linux/percpu.h>
#include <linux/types.h>
#include <linux/u64_stats_sync.h>

/*
 * What happened to packets that were translated, and to others: an identifier
 * and the name that userspace sees. The order is free.
 */
#define NAT64_COUNTERS(X)						\
	X(TRANSLATED_6TO4,	"translated_6to4")			\
	X(TRANSLATED_4TO6,	"translated_4to6")			\
	X(TRANSLATED_XDP,	"translated_xdp")			\
	X(HAIRPINNED,		"hairpinned")				\
	X(SPLIT_4TO6,		"split_4to6")				\
	X(ANSWERED,		"answered")

/*
 * Every reason for which a packet is not translated, with the closest one of
 * the kernel's reasons (enum skb_drop_reason) and the ICMP error that the sender
 * gets (reject.c):
 *
 * SILENT	none: an RFC says so, or nobody is there to be told
 * REFUSE	administratively prohibited (RFC 7915 sections 4.4 and 5.4),
 *		unless setting icmp-errors is off
 * REPORT()	this type and code of ICMPv4 and of ICMPv6, as any router
 *		reports, unless setting icmp-errors is off
 * ALWAYS()	the same whatever the setting: path MTU discovery and
 *		traceroute depend on it
 */
#define NAT64_REASONS(X)						\
	X(MALFORMED, "malformed", IP_INHDR, SILENT)			\
	X(LINK_BROADCAST, "link_broadcast",				\
	  UNICAST_IN_L2_MULTICAST, SILENT)				\
	X(SOURCE_ILLEGAL, "source_illegal", IP_INADDRERRORS, SILENT)	\
	X(SOURCE_UNMAPPED, "source_unmapped", NETFILTER_DROP, REFUSE)	\
	X(SOURCE_OUTSIDE, "source_outside", NETFILTER_DROP, SILENT)	\
	X(SOURCE_SPOOFED, "source_spoofed", NETFILTER_DROP, SILENT)	\
	X(DESTINATION_ILLEGAL, "destination_illegal",			\
	  IP_INADDRERRORS, REFUSE)					\
	X(NO_PREFIX, "no_prefix", NETFILTER_DROP, REFUSE)		\
	X(WKP_NOT_GLOBAL, "wkp_not_global", NETFILTER_DROP, REFUSE)		\
	X(LOOP, "loop", NETFILTER_DROP, REFUSE)				\
	X(BAD_OPTION, "bad_option", IP_INHDR, SILENT)			\
	X(SOURCE_ROUTE, "source_route", NETFILTER_DROP,			\
	  REPORT(ICMP_DEST_UNREACH, ICMP_SR_FAILED, 0, 0))		\
	X(ROUTING_HEADER, "routing_header", NETFILTER_DROP,		\
	  REPORT(0, 0, ICMPV6_PARAMPROB, ICMPV6_HDR_FIELD))		\
	X(EXTENSION_HEADERS, "extension_headers", NETFILTER_DROP, REFUSE)	\
	X(FRAGMENT_EXTENSION_HEADER, "fragment_extension_header",		\
	  NETFILTER_DROP, REFUSE)					\
	X(FRAGMENTED_ICMP, "fragmented_icmp", NETFILTER_DROP, REFUSE)	\
	X(UDP_ZERO_CHECKSUM, "udp_zero_checksum", NETFILTER_DROP, REFUSE)	\
	X(UDP_ZERO_CHECKSUM_FRAGMENT, "udp_zero_checksum_fragment",		\
	  NETFILTER_DROP, REFUSE)					\
	X(ICMP_TYPE, "icmp_type", UNHANDLED_PROTO, SILENT)		\
	X(ICMP_POINTER, "icmp_pointer", NETFILTER_DROP, SILENT)		\
	X(ICMP_INNER_PACKET, "icmp_inner_packet", NETFILTER_DROP, SILENT)	\
	X(ICMP_INNER_ERROR, "icmp_inner_error", NETFILTER_DROP, SILENT)	\
	X(ICMP_NO_SOURCE, "icmp_no_source", NETFILTER_DROP, SILENT)	\
	X(HOP_LIMIT, "hop_limit", NETFILTER_DROP,			\
	  ALWAYS(ICMP_TIME_EXCEEDED, ICMP_EXC_TTL,			\
		 ICMPV6_TIME_EXCEED, ICMPV6_EXC_HOPLIMIT))		\
	X(TOO_BIG, "too_big", PKT_TOO_BIG,				\
	  ALWAYS(ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED,			\
		 ICMPV6_PKT_TOOBIG, 0))					\
	X(NO_ROUTE, "no_route", IP_OUTNOROUTES,				\
	  REPORT(ICMP_DEST_UNREACH, ICMP_NET_UNREACH,			\
		 ICMPV6_DEST_UNREACH, ICMPV6_NOROUTE))			\
	X(UNREACHABLE, "unreachable", IP_OUTNOROUTES,			\
	  REPORT(ICMP_DEST_UNREACH, ICMP_HOST_UNREACH,			\
		 ICMPV6_DEST_UNREACH, ICMPV6_ADDR_UNREACH))		\
	X(PROHIBITED, "prohibited", IP_OUTNOROUTES,			\
	  REPORT(ICMP_DEST_UNREACH, ICMP_PKT_FILTERED,			\
		 ICMPV6_DEST_UNREACH, ICMPV6_ADM_PROHIBITED))		\
	X(BLACKHOLE, "blackhole", IP_OUTNOROUTES, SILENT)		\
	X(FORWARDING_OFF, "forwarding_off", NETFILTER_DROP, SILENT)	\
	X(LOCAL_OFF, "local_off", NETFILTER_DROP, REFUSE)		\
	X(IPSEC_POLICY, "ipsec_policy", XFRM_POLICY, SILENT)		\
	X(NO_MEMORY, "no_memory", NOMEM, SILENT)

/*
 * A reason for refusing a packet is the name of its counter. No reason is 0,
 * which stands for success where a function returns a reason.
 */
enum nat64_counter {
	NAT64_OK,
#define X(id, ...) NAT64_##id,
	NAT64_COUNTERS(X)
	NAT64_REASONS(X)
#undef X
	NAT64_N_COUNTERS
};

/**
 * struct nat64_stats - counters of one CPU
 * @n: counts by enum nat64_counter
 * @syncp: lets another CPU read a count in one piece; empty where words have
 *	64 bits
 */
struct nat64_stats {
	u64			n[NAT64_N_COUNTERS];
	struct u64_stats_sync	syncp;
};

extern const char * const nat64_counter_names[NAT64_N_COUNTERS];

void nat64_stats_sum(const struct nat64_stats __percpu *stats, u64 *sum);

/**
 * nat64_count() - add to a counter of this CPU
 * @stats: counters of the network namespace
 * @which: counter
 * @by: how many
 *
 * Context: any; one instruction where words have 64 bits, safe against
 * interrupts.
 */
static inline void nat64_count(struct nat64_stats __percpu *stats,
			       enum nat64_counter which, unsigned int by)
{
#if BITS_PER_LONG == 64
	this_cpu_add(stats->n[which], by);
#else
	struct nat64_stats *s;
	unsigned long flags;

	local_irq_save(flags);
	s = this_cpu_ptr(stats);
	u64_stats_update_begin(&s->syncp);
	s->n[which] += by;
	u64_stats_update_end(&s->syncp);
	local_irq_restore(flags);
#endif
}

#endif /* _NAT64_STATS_H */
