/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints: perf trace -e 'nat64:*', or events/nat64 of tracefs.
 *
 * A packet with its addresses in both families, whatever its direction: src4 is
 * src6 in IPv4. What is not known is 0.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM nat64

#if !defined(_NAT64_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _NAT64_TRACE_H

#include <linux/if.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "pkt.h"

#ifndef _NAT64_TRACE_ONCE
#define _NAT64_TRACE_ONCE
#define NAT64_REASON_LEN	32

/* Out of line, called under trace_..._enabled(), so the packet path stays short. */
void nat64_trace_translated(const struct nat64_pkt *p);
void nat64_trace_refused(const struct nat64_pkt *p, enum nat64_counter reason);
#endif

#define NAT64_TRACE_ADDRS						\
	__array(u8, src6, 16)						\
	__array(u8, dst6, 16)						\
	__array(u8, src4, 4)						\
	__array(u8, dst4, 4)

#define NAT64_TRACE_ASSIGN_ADDRS(a) do {				\
	memcpy(__entry->src6, &(a)->src6, sizeof(__entry->src6));	\
	memcpy(__entry->dst6, &(a)->dst6, sizeof(__entry->dst6));	\
	memcpy(__entry->src4, &(a)->src4, sizeof(__entry->src4));	\
	memcpy(__entry->dst4, &(a)->dst4, sizeof(__entry->dst4));	\
} while (0)

TRACE_EVENT(translated,
	TP_PROTO(const struct nat64_pkt *p, u8 family),
	TP_ARGS(p, family),
	TP_STRUCT__entry(
		__field(u32, len)
		__field(u8, family)
		__field(u8, protocol)
		NAT64_TRACE_ADDRS
		__array(char, in, IFNAMSIZ)
		__array(char, out, IFNAMSIZ)
	),
	TP_fast_assign(
		__entry->len = p->skb->len;
		__entry->family = family;
		__entry->protocol = p->hdr.proto;
		NAT64_TRACE_ASSIGN_ADDRS(&p->a);
		strscpy(__entry->in, p->in->name, IFNAMSIZ);
		strscpy(__entry->out, p->dst->dev->name, IFNAMSIZ);
	),
	TP_printk("%s %s > %s protocol %u length %u src6 %pI6c dst6 %pI6c src4 %pI4 dst4 %pI4",
		  __entry->family == 6 ? "6to4" : "4to6", __entry->in, __entry->out,
		  __entry->protocol, __entry->len, __entry->src6, __entry->dst6,
		  __entry->src4, __entry->dst4)
);

TRACE_EVENT(refused,
	TP_PROTO(const struct nat64_pkt *p, const struct nat64_addrs *a,
		 u8 family, u8 protocol, const __be16 *ports,
		 enum nat64_counter reason),
	TP_ARGS(p, a, family, protocol, ports, reason),
	TP_STRUCT__entry(
		__field(u32, len)
		__field(u8, family)
		__field(u8, protocol)
		NAT64_TRACE_ADDRS
		__field(u16, sport)
		__field(u16, dport)
		__array(char, in, IFNAMSIZ)
		__array(char, reason, NAT64_REASON_LEN)
	),
	TP_fast_assign(
		__entry->len = p->skb->len;
		__entry->family = family;
		__entry->protocol = protocol;
		NAT64_TRACE_ASSIGN_ADDRS(a);
		__entry->sport = ntohs(ports[0]);
		__entry->dport = ntohs(ports[1]);
		strscpy(__entry->in, p->in->name, IFNAMSIZ);
		strscpy(__entry->reason, nat64_counter_names[reason],
			NAT64_REASON_LEN);
	),
	TP_printk("%s %s protocol %u length %u src6 %pI6c dst6 %pI6c src4 %pI4 dst4 %pI4 sport %u dport %u reason %s",
		  __entry->family == 6 ? "6to4" : "4to6", __entry->in,
		  __entry->protocol, __entry->len, __entry->src6, __entry->dst6,
		  __entry->src4, __entry->dst4, __entry->sport,
		  __entry->dport, __entry->reason)
);

#endif /* _NAT64_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
