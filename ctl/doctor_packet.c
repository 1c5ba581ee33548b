// SPDX-License-Identifier: GPL-2.0-only
/* The doctor asks the module what would become of packets of mapped hosts. */
#include <arpa/inet.h>
#include <linux/nat64.h>
#include <stdio.h>
#include <string.h>

#include "doctor.h"
#include "firewall.h"
#include "module.h"
#include "packet.h"

/* Mappings whose packets are explained, spread over the table. */
#define SAMPLES		8

/* That a packet has no mark is fine where some rule sets marks. */
static bool is_fine(const struct explained *e)
{
	return e->verdict == NAT64_VERDICT_TRANSLATED ||
	       (e->verdict == NAT64_VERDICT_PASSED &&
		!strcmp(e->reason, "mark") && firewall_sets_mark());
}

static const char *endpoint_text(const struct prefix *addr)
{
	return addr->family == AF_INET ? addr_short4(&addr->p4) :
					 addr_short6(&addr->p6);
}

static void explain_packet(struct doctor *d, const struct packet *p)
{
	struct explained e = {};
	const char *src = endpoint_text(&p->src);
	const char *dst = endpoint_text(&p->dst);
	char bytes[PACKET_MAX];
	size_t len = packet_make(p, bytes);

	if (module_explain(d->ctl->nl, p, bytes, len, &e) || is_fine(&e))
		return;
	report_finding(d, "packet",
		       command_here(d, "nat64ctl explain %d %s %s",
				    p->six ? 6 : 4, src, dst),
		       "a packet from %s to %s, for example, %s: %s", src, dst,
		       e.verdict == NAT64_VERDICT_PASSED ?
		       "is not translated" : "is refused", e.reason);
}

static void swap_ends(struct packet *p)
{
	struct prefix src = p->src;

	p->src = p->dst;
	p->dst = src;
}

static void explain_mapping(struct doctor *d, const struct eam *eam)
{
	const struct in_addr peer4 = { .s_addr = htonl(PEER_ADDR4) };
	const struct prefix6 *p = conf_prefix_of(&d->conf, eam);
	struct packet to4 = {
		.six = true,
		.proto = IPPROTO_ICMPV6,
		.src = { .family = AF_INET6, .p6 = { eam->p6.addr, 128 } },
		.dst = { .family = AF_INET6, .p6.len = 128 },
	};
	struct packet to6 = {
		.proto = IPPROTO_ICMP,
		.src = { .family = AF_INET, .p4 = { peer4, 32 } },
		.dst = { .family = AF_INET, .p4 = { eam->p4.addr, 32 } },
	};

	if (p)
		addr_embed(p, &peer4, &to4.dst.p6.addr);
	if (eam->edge) {
		swap_ends(&to4);
		swap_ends(&to6);
	}
	if (p)
		explain_packet(d, &to4);
	explain_packet(d, &to6);
}

/**
 * check_packets() - ask what would become of packets of mapped hosts
 * @d: doctor
 *
 * Not after other findings, which are the likely reason.
 */
void check_packets(struct doctor *d)
{
	size_t step = d->conf.n_eams / SAMPLES + 1;
	size_t i, n = 0;

	if (d->n_findings)
		return;
	for (i = 0; i < d->conf.n_eams; i += step) {
		if (conf_is_everything(&d->conf.eams[i]))
			continue;
		explain_mapping(d, &d->conf.eams[i]);
		n++;
	}
	if (n < d->conf.n_eams)
		doctor_note(d, "packets of more than %zu of the %zu mappings", n,
			    d->conf.n_eams);
}
