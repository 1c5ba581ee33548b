// SPDX-License-Identifier: GPL-2.0-only
/* The doctor on routes to hosts, prefixes and mapped addresses. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "doctor.h"

/* A route that leads out of this machine. */
static bool is_forwarding(const struct route *route)
{
	return !route->error && !route->local && strcmp(route->device, "lo");
}

static void find_route6(struct doctor *d)
{
	struct route route;
	size_t i;

	for (i = 0; i < d->conf.n_eams && !d->has_route6; i += doctor_step(d)) {
		if (d->conf.eams[i].edge)
			continue;
		route_get(d->rs, AF_INET6, &d->conf.eams[i].p6.addr, &route);
		if (!is_forwarding(&route))
			continue;
		d->route6 = route;
		d->has_route6 = true;
	}
}

/* The next hop of another mapped host. */
static const char *next_hop_text(const struct doctor *d)
{
	static char text[INET6_ADDRSTRLEN + IF_NAMESIZE + 16];
	char via[INET6_ADDRSTRLEN];

	if (d->route6.via.family == AF_INET6)
		snprintf(text, sizeof(text), "via %s dev %s",
			 inet_ntop(AF_INET6, &d->route6.via.p6.addr, via,
				   sizeof(via)), d->route6.device);
	else
		snprintf(text, sizeof(text), "dev %s", d->route6.device);
	return text;
}

static void report_host(struct doctor *d, const struct eam *eam,
			const char *why)
{
	const char *command = NULL;

	if (d->has_route6)
		command = command_here(d, "ip -6 route replace %s %s",
				       addr_text6(&eam->p6), next_hop_text(d));
	report_finding(d, "host-route", command,
		       "no route to %s, which %s is mapped to: %s%s",
		       addr_short6(&eam->p6), addr_short4(&eam->p4), why,
		       command ? "" : "; add a route by the IPv6 network's router");
}

/**
 * check_hosts() - look for mapped hosts that there is no route to
 * @d: doctor
 */
void check_hosts(struct doctor *d)
{
	struct route route;
	size_t i;

	find_route6(d);
	for (i = 0; i < d->conf.n_eams; i += doctor_step(d)) {
		const struct eam *eam = &d->conf.eams[i];

		if (eam->edge)
			continue;
		route_get(d->rs, AF_INET6, &eam->p6.addr, &route);
		if (route.error)
			report_host(d, eam, strerror(route.error));
		else if (!route.local && !strcmp(route.device, "lo"))
			report_host(d, eam, "the one there is leads to lo");
	}
}

/* The device of the IPv6 side, or NULL. */
static const char *find_device6(const struct doctor *d)
{
	const struct ifaddrs *ifa = find_own_addr(d, AF_INET6, NULL);

	if (d->has_route6)
		return d->route6.device;
	return ifa ? ifa->ifa_name : NULL;
}

/*
 * No packet goes by this route, but for those that come when nat64 is off. So
 * it must end on a link, and must not lead to a router, which would send them
 * back here.
 */
static void report_prefix(struct doctor *d, const struct prefix6 *p)
{
	const char *device = find_device6(d);
	const char *command = NULL;

	if (doctor_is_edge_only(d)) {
		report_finding(d, "prefix-route", NULL,
			       "no IPv6 route to %s, where the border relay is: nothing that edge mappings translate can leave",
			       addr_text6(p));
		return;
	}
	if (device)
		command = command_here(d, "ip -6 route replace %s dev %s",
				       addr_text6(p), device);
	report_finding(d, "prefix-route", command,
		       "no IPv6 route to %s: ICMPv6 errors of the gateway to addresses in it, such as those of an nft reject, are not sent; any device of the IPv6 side will do, as no packet goes that way",
		       addr_text6(p));
}

/**
 * check_prefixes() - look for prefixes that there is no route to
 * @d: doctor
 */
void check_prefixes(struct doctor *d)
{
	struct in6_addr addr;
	struct route route;
	unsigned int i;

	for (i = 0; i < d->conf.n_pref64s; i++) {
		const struct prefix6 *p = &d->conf.pref64s[i].prefix;

		/* Not the subnet-router anycast address. */
		addr = p->addr;
		addr.s6_addr[15] |= 1;
		route_get(d->rs, AF_INET6, &addr, &route);
		if (route.error)
			report_prefix(d, p);
	}
}

/* The network of an address of a device. */
static struct prefix4 network_of(const struct ifaddrs *ifa)
{
	const struct sockaddr_in *mask = (const void *)ifa->ifa_netmask;
	struct prefix4 net = { .addr = *ifaddr4(ifa), .len = 32 };

	if (mask) {
		net.len = __builtin_popcount(mask->sin_addr.s_addr);
		net.addr.s_addr &= mask->sin_addr.s_addr;
	}
	return net;
}

/*
 * On a link of the gateway, neighbours ask for the address. A local route makes
 * the kernel answer; at equal length the mapping still wins. But it would also
 * cut off hosts of that link, if there are any in the mapping.
 */
static void check_arp_inside(struct doctor *d, const struct prefix4 *p,
			     const char *device)
{
	struct route route;

	route_get(d->rs, AF_INET, &p->addr, &route);
	if (route.error || route.local || route.via.family)
		return;
	if (route_has_neighbour(d->rs, device, p))
		report_finding(d, "arp", NULL,
			       "%s lies in the network on %s, where hosts have addresses of it: they cannot be mapped as well; map less",
			       addr_short4(p), device);
	else
		report_finding(d, "arp",
			       command_here(d, "ip route add local %s dev lo",
					    addr_text4(p)),
			       "%s lies in the network on %s, where nobody answers ARP requests for it",
			       addr_short4(p), device);
}

static void check_arp_of(struct doctor *d, const struct prefix4 *p,
			 const struct ifaddrs *ifa)
{
	struct prefix4 net = network_of(ifa);

	if (net.len == 32 || !addr_overlap4(&net, p))
		return;
	if (p->len > net.len)
		check_arp_inside(d, p, ifa->ifa_name);
	else
		report_finding(d, "arp", NULL,
			       "%s is the network on %s, or more than that: what the gateway sends to hosts there is translated; map less",
			       addr_short4(p), ifa->ifa_name);
}

/**
 * check_arp() - look for mapped addresses that a link of the gateway asks for
 * @d: doctor
 */
void check_arp(struct doctor *d)
{
	const struct ifaddrs *ifa;
	size_t i;

	for (ifa = d->ifs; ifa; ifa = ifa->ifa_next) {
		if (!is_usable_addr(ifa, AF_INET))
			continue;
		for (i = 0; i < d->conf.n_eams; i += doctor_step(d))
			if (!d->conf.eams[i].edge)
				check_arp_of(d, &d->conf.eams[i].p4, ifa);
	}
}

static void report_own(struct doctor *d, const struct prefix4 *p4,
		       const char *device)
{
	report_finding(d, "own-address",
		       command_here(d, "nat64ctl del %s", addr_text4(p4)),
		       "%s is mapped, and is an address of %s: what is sent to the gateway there is translated",
		       addr_short4(p4), device);
}

/**
 * check_own_addrs() - look for addresses of the gateway that are mapped
 * @d: doctor
 */
void check_own_addrs(struct doctor *d)
{
	const struct ifaddrs *ifa;
	size_t i;

	for (ifa = d->ifs; ifa; ifa = ifa->ifa_next) {
		if (!is_usable_addr(ifa, AF_INET))
			continue;
		for (i = 0; i < d->conf.n_eams; i++) {
			const struct prefix4 *p4 = &d->conf.eams[i].p4;

			if (p4->len == 32 && !d->conf.eams[i].edge &&
			    p4->addr.s_addr == ifaddr4(ifa)->s_addr)
				report_own(d, p4, ifa->ifa_name);
		}
	}
}

static void report_return4(struct doctor *d, unsigned long long packets)
{
	const struct ifaddrs *own = find_own_addr(d, AF_INET, NULL);
	char text[INET_ADDRSTRLEN];

	if (!own || !d->conf.n_eams)
		return;
	report_finding(d, "return-route",
		       command_there("ip route add %s via %s",
				     addr_text4(&d->conf.eams[0].p4),
				     inet_ntop(AF_INET, ifaddr4(own), text,
					       sizeof(text))),
		       "%llu packets went to IPv4 and none came from there: nobody routes the mapped addresses here; on the IPv4 router, for each",
		       packets);
}

static void report_return6(struct doctor *d, unsigned long long packets)
{
	const struct ifaddrs *own = find_own_addr(d, AF_INET6, NULL);
	char text[INET6_ADDRSTRLEN];

	if (!own || !d->conf.n_pref64s)
		return;
	report_finding(d, "return-route",
		       command_there("ip -6 route add %s via %s",
				     addr_text6(&d->conf.pref64s[0].prefix),
				     inet_ntop(AF_INET6, ifaddr6(own), text,
					       sizeof(text))),
		       "%llu packets went to IPv6 and none came from there: nobody routes the prefix here; on the IPv6 router",
		       packets);
}

/**
 * check_return() - look for networks that know no way back
 * @d: doctor
 *
 * Hairpinned packets, which count as translated to IPv6, tell nothing.
 */
void check_return(struct doctor *d)
{
	unsigned long long hairpinned = doctor_counter(d, "hairpinned");
	unsigned long long to4 = doctor_counter(d, "translated_6to4");
	unsigned long long to6 = doctor_counter(d, "translated_4to6");

	/* Those of edge mappings come and go the other way round. */
	if (doctor_has_edge(d))
		return;
	to6 -= hairpinned < to6 ? hairpinned : to6;
	if (to4 && !to6)
		report_return4(d, to4);
	if (to6 && !to4)
		report_return6(d, to6);
}
