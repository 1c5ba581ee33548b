// SPDX-License-Identifier: GPL-2.0-only
#include "reject.h"

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <net/icmp.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>
#include <net/route.h>

#include "compat/flow.h"
#include "drop.h"
#include "route.h"
#include "trace.h"

/* When the sender of a packet gets an ICMP error. */
enum report_kind {
	REPORT_NEVER,
	REPORT_REFUSAL,		/* sections 4.4 and 5.4; setting icmp-errors */
	REPORT_FAILURE,		/* setting icmp-errors */
	REPORT_ALWAYS,
};

/* The columns of NAT64_REASONS. */
#define SILENT			{ REPORT_NEVER, 0, 0, 0, 0 }
#define REFUSE			{ REPORT_REFUSAL, \
				  ICMP_DEST_UNREACH, ICMP_PKT_FILTERED, \
				  ICMPV6_DEST_UNREACH, ICMPV6_ADM_PROHIBITED }
#define REPORT(...)		{ REPORT_FAILURE, __VA_ARGS__ }
#define ALWAYS(...)		{ REPORT_ALWAYS, __VA_ARGS__ }

static const struct report {
	enum report_kind	kind;
	u8			type4, code4;
	u8			type6, code6;
} reports[NAT64_N_COUNTERS] = {
#define X(id, name, kernel_reason, report) [NAT64_##id] = report,
	NAT64_REASONS(X)
#undef X
};

/*
 * Sysctl icmp_errors_use_inbound_ifaddr: icmp_send() takes the incoming device from
 * the packet's route. The reverse route has none, so the packet gets a copy of it
 * with that device.
 */
static struct rtable *use_inbound_ifaddr(const struct nat64_pkt *p,
					 struct rtable *rt)
{
	struct rtable *copy;

	if (!READ_ONCE(p->nn->net->ipv4.sysctl_icmp_errors_use_inbound_ifaddr))
		return rt;
	copy = nat64_rtable_copy(rt);
	if (!copy)
		return rt;
	ip_rt_put(rt);
	copy->rt_is_input = 1;
	copy->rt_iif = p->in->ifindex;
	return copy;
}

/* icmp_send() reads the packet's route; in PRE_ROUTING there is none yet. */
static bool set_reverse_route(struct nat64_pkt *p)
{
	struct flowi4 fl4 = {
		.daddr = ip_hdr(p->skb)->saddr,
		.flowi4_oif = l3mdev_master_ifindex_rcu(p->in),
	};
	struct rtable *rt;

	if (skb_dst(p->skb) && p->local)
		return true;
	rt = __ip_route_output_key(p->nn->net, &fl4);
	if (IS_ERR(rt))
		return false;
	skb_dst_drop(p->skb);
	rt = use_inbound_ifaddr(p, rt);
	skb_dst_set(p->skb, &rt->dst);
	return true;
}

static bool send_error4(struct nat64_pkt *p,
			const struct nat64_icmp_error *error)
{
	if (!set_reverse_route(p))
		return false;
	icmp_send(p->skb, error->type, error->code, htonl(error->info));
	return true;
}

static void send_error6(struct nat64_pkt *p,
			const struct nat64_icmp_error *error)
{
	if (!p->skb->dev)
		p->skb->dev = p->in;
	icmpv6_send(p->skb, error->type, error->code, error->info);
}

/* Sections 4.1 and 5.1: what has an illegal source is dropped silently. */
static bool has_sender(const struct nat64_pkt *p)
{
	const struct in6_addr *saddr = &ipv6_hdr(p->skb)->saddr;

	if (p->family == 4)
		return nat64_addr4_is_host(ip_hdr(p->skb)->saddr);
	return p->src_eam || nat64_addr6_is_host(saddr) ||
	       nat64_eam_find6(p->cfg->table, saddr);
}

/**
 * nat64_reject_error() - the ICMP error that the sender of a packet gets
 * @p: packet, still as it was sent
 * @reason: why it is not translated
 * @error: result
 *
 * RFC 7915 sections 4.4 and 5.4, and where they name a more exact code.
 *
 * Return: whether it gets any.
 */
bool nat64_reject_error(const struct nat64_pkt *p, enum nat64_counter reason,
			struct nat64_icmp_error *error)
{
	const struct report *report = &reports[reason];
	bool has_info = reason == NAT64_TOO_BIG ||
			reason == NAT64_ROUTING_HEADER;
	bool is_v4 = p->family == 4;

	if (report->kind == REPORT_NEVER || !has_sender(p) ||
	    (report->kind != REPORT_ALWAYS && !p->cfg->set.icmp_errors))
		return false;
	/* Section 5.4: no error about an ICMPv6 message that is refused. */
	if (!is_v4 && report->kind == REPORT_REFUSAL &&
	    p->hdr.proto == IPPROTO_ICMPV6)
		return false;
	error->type = is_v4 ? report->type4 : report->type6;
	error->code = is_v4 ? report->code4 : report->code6;
	error->info = has_info ? p->info : 0;
	return true;
}

/*
 * A socket of this machine that is bound to a device gets what its own call
 * returns. The kernel would send it an ICMP error by other routes than its own.
 */
static bool gets_errno(const struct nat64_pkt *p, enum nat64_counter reason)
{
	const struct sock *sk = sk_to_full_sk(p->sk);

	return p->local && sk && sk->sk_bound_dev_if &&
	       reports[reason].kind != REPORT_ALWAYS;
}

/*
 * The kernel limits the rate and sends no error about errors, later fragments
 * and broadcasts.
 */
static void send_error(struct nat64_pkt *p, enum nat64_counter reason)
{
	struct nat64_icmp_error error;
	bool sent = true;

	if (gets_errno(p, reason) ||
	    !nat64_reject_error(p, reason, &error))
		return;
	if (p->family == 4)
		sent = send_error4(p, &error);
	else
		send_error6(p, &error);
	if (sent)
		nat64_count(p->nn->stats, NAT64_ANSWERED, 1);
}

static void end_packet(struct nat64_pkt *p, enum nat64_counter reason)
{
	nat64_route_put(p);
	nat64_count(p->nn->stats, reason, 1);
	if (trace_refused_enabled())
		nat64_trace_refused(p, reason);
}

/**
 * nat64_pkt_refuse() - end a packet that somebody else frees
 * @p: packet, still as it was sent
 * @reason: why it is not translated
 *
 * For packets of the gateway itself: netfilter frees them, and tells the sender.
 * Context: RCU read lock.
 */
void nat64_pkt_refuse(struct nat64_pkt *p, enum nat64_counter reason)
{
	send_error(p, reason);
	end_packet(p, reason);
}

/**
 * nat64_pkt_reject() - end a packet, with an ICMP error where the reason has one
 * @p: packet, still as it was sent; consumed
 * @reason: why it is not translated
 *
 * Context: RCU read lock.
 */
void nat64_pkt_reject(struct nat64_pkt *p, enum nat64_counter reason)
{
	nat64_pkt_refuse(p, reason);
	nat64_drop(p->skb, reason);
}

/**
 * nat64_pkt_drop() - end a packet that is not any more as it was sent
 * @p: packet; consumed
 * @reason: why it goes no further
 *
 * No ICMP error: it would quote what the sender never sent. Context: RCU read
 * lock.
 */
void nat64_pkt_drop(struct nat64_pkt *p, enum nat64_counter reason)
{
	end_packet(p, reason);
	nat64_drop(p->skb, reason);
}
