/* SPDX-License-Identifier: GPL-2.0-only */
/* A look at the gateway for what commonly stops translation. */
#ifndef _NAT64CTL_DOCTOR_H
#define _NAT64CTL_DOCTOR_H

#include <ifaddrs.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "ctl.h"
#include "reply.h"
#include "route.h"
#include "xdp.h"

/* Most findings of one check in text; JSON has all. */
#define DOCTOR_SHOWN_MAX	8

/* A host of the IPv4 Internet, to which nothing is sent. */
#define PEER_ADDR4	0x08080808

/* Most notes about what could not be looked at. */
#define DOCTOR_NOTES	32

/**
 * struct doctor - what is known of the gateway, and what was found
 * @ctl: this run
 * @rs: routing of the kernel
 * @ifs: devices and their addresses
 * @xdp: devices and their XDP programs
 * @conf: prefixes, mappings and settings
 * @stats: counters
 * @route6: how some mapped host is reached
 * @has_route6: there is one
 * @has_native4: there is a native route inside a mapping
 * @has_native6: there is one inside a translation prefix
 * @n_findings: number of findings
 * @n_shown: number of findings of the current check
 * @n_notes: number of @notes
 * @notes: what could not be looked at
 */
struct doctor {
	struct ctl		*ctl;
	struct route_socket	*rs;
	struct ifaddrs		*ifs;
	struct xdp		xdp;
	struct conf		conf;
	struct reply		stats;
	struct route		route6;
	bool			has_route6;
	bool			has_native4;
	bool			has_native6;
	unsigned int		n_findings;
	unsigned int		n_shown;
	unsigned int		n_notes;
	char			*notes[DOCTOR_NOTES];
};

__printf(4, 5) void report_finding(struct doctor *d, const char *check,
				   const char *command, const char *fmt, ...);
__printf(2, 3) void doctor_note(struct doctor *d, const char *fmt, ...);
const char *netns_text(const struct doctor *d);
__printf(2, 3) const char *command_here(const struct doctor *d,
					const char *fmt, ...);
__printf(1, 2) const char *command_there(const char *fmt, ...);

unsigned long long doctor_counter(const struct doctor *d, const char *name);
size_t doctor_step(const struct doctor *d);
bool doctor_has_edge(const struct doctor *d);
bool doctor_is_edge_only(const struct doctor *d);

bool is_usable_link(const struct ifaddrs *ifa);
bool is_usable_addr(const struct ifaddrs *ifa, int family);
const struct in_addr *ifaddr4(const struct ifaddrs *ifa);
const struct in6_addr *ifaddr6(const struct ifaddrs *ifa);
const struct ifaddrs *find_own_addr(const struct doctor *d, int family,
				    const char *device);

void check_forwarding(struct doctor *d);
void check_mtus(struct doctor *d);
void check_ipvlan(struct doctor *d);
void check_rp_filter(struct doctor *d);

void check_hosts(struct doctor *d);
void check_prefixes(struct doctor *d);
void check_arp(struct doctor *d);
void check_own_addrs(struct doctor *d);
void check_return(struct doctor *d);

void check_firewall(struct doctor *d);
void check_packets(struct doctor *d);
void check_native(struct doctor *d);
void check_unseen(struct doctor *d);
void check_xdp(struct doctor *d);

#endif /* _NAT64CTL_DOCTOR_H */
