/* SPDX-License-Identifier: GPL-2.0-only */
/* Dry run of the translator for one packet. */
#ifndef _NAT64_EXPLAIN_H
#define _NAT64_EXPLAIN_H

#include <linux/nat64.h>

#include "pkt.h"
#include "reject.h"

/**
 * struct nat64_explained - what would become of a packet
 * @p: the packet; what is known of its addresses in both families
 * @back: the same for the second pass of a hairpinned packet
 * @in: device that it comes in on: loopback, or a VRF, if the gateway itself
 *	sends it
 * @verdict: translated, refused, or passed
 * @reason: why it is not translated, or NULL
 * @has_back: it is hairpinned
 * @has_error: its sender gets an ICMP error
 * @error: that error
 */
struct nat64_explained {
	struct nat64_pkt	p;
	struct nat64_pkt	back;
	struct net_device	*in;
	enum nat64_verdict	verdict;
	const char		*reason;
	bool			has_back;
	bool			has_error;
	struct nat64_icmp_error	error;
};

bool nat64_explain_is_whole(const struct sk_buff *skb);
void nat64_explain_begin(struct nat64_explained *e, struct nat64_net *nn,
			 struct sk_buff *skb, struct net_device *in);
unsigned int nat64_explain_header4(const struct nat64_pkt *p, void *at);
unsigned int nat64_explain_header6(const struct nat64_pkt *p, void *at);
void nat64_explain_end(struct nat64_explained *e);

#endif /* _NAT64_EXPLAIN_H */
