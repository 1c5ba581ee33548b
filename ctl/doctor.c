// SPDX-License-Identifier: GPL-2.0
/*
 * What commonly stops translation. Each finding comes with the command that
 * mends it, to be typed on the gateway unless the finding says where.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "command.h"
#include "firewall.h"
#include "module.h"
#include "route.h"
#include "../kmod/version.h"

/* Mappings that are looked at, spread over the table; the rest is like them. */
#define SAMPLES		1000

/* Findings of one kind that are told. */
#define TELL		8

/* IPv6 needs it, and what IPv6 sends unfragmented has to fit. */
#define MTU_MIN		1280
#define MTU_USUAL	1500

/**
 * struct doctor - a look at the gateway
 * @ctl: this run
 * @rs: routing of the kernel
 * @ifs: devices and their addresses
 * @conf: prefixes and mappings
 * @stats: counters
 * @way: how some mapped host is reached, for those that are not
 * @has_way: there is one
 * @n_findings: number of findings
 * @told: number of findings of the current kind
 */
struct doctor {
	struct ctl		*ctl;
	struct route_socket	*rs;
	struct ifaddrs		*ifs;
	struct conf		conf;
	struct reply		stats;
	struct route		way;
	bool			has_way;
	unsigned int		n_findings;
	unsigned int		told;
};

/* Findings. */

static void report_finding(struct doctor *d, const char *check, const char *command,
			   const char *fmt, ...) __printf(4, 5);

static void report_finding(struct doctor *d, const char *check, const char *command,
			   const char *fmt, ...)
{
	struct out *out = &d->ctl->out;
	char problem[512];
	va_list ap;

	d->n_findings++;
	if (++d->told > TELL)
		return;
	va_start(ap, fmt);
	vsnprintf(problem, sizeof(problem), fmt, ap);
	va_end(ap);
	out_object(out, "");
	out_string(out, "check", NULL, check);
	out_string(out, "problem", "%s\n", problem);
	out_string(out, "command", "    %s\n", command);
	out_close(out);
}

__printf(1, 2)
static const char *command_text(const char *fmt, ...)
{
	static char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return text;
}

/* A sysctl, 0 when there is none. */
static long read_sysctl(const char *key)
{
	char path[300];
	long value = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/sys/%s", key);
	file = fopen(path, "r");
	if (!file)
		return 0;
	if (fscanf(file, "%ld", &value) != 1)
		value = 0;
	fclose(file);
	return value;
}

/* Devices. */

static bool is_link(const struct ifaddrs *ifa)
{
	return ifa->ifa_addr && ifa->ifa_addr->sa_family == AF_PACKET &&
	       ifa->ifa_flags & IFF_UP && !(ifa->ifa_flags & IFF_LOOPBACK);
}

static bool is_addr(const struct ifaddrs *ifa, int family)
{
	return ifa->ifa_addr && ifa->ifa_addr->sa_family == family &&
	       ifa->ifa_flags & IFF_UP && !(ifa->ifa_flags & IFF_LOOPBACK);
}

static const struct in_addr *addr4(const struct ifaddrs *ifa)
{
	return &((const struct sockaddr_in *)ifa->ifa_addr)->sin_addr;
}

static const struct in6_addr *addr6(const struct ifaddrs *ifa)
{
	return &((const struct sockaddr_in6 *)ifa->ifa_addr)->sin6_addr;
}

/* A global address of a device, or of any when @device is NULL. */
static const struct ifaddrs *own_addr(const struct doctor *d, int family,
				      const char *device)
{
	const struct ifaddrs *ifa;

	for (ifa = d->ifs; ifa; ifa = ifa->ifa_next) {
		if (!is_addr(ifa, family) ||
		    (device && strcmp(ifa->ifa_name, device)))
			continue;
		if (family == AF_INET || !IN6_IS_ADDR_LINKLOCAL(addr6(ifa)))
			return ifa;
	}
	return NULL;
}

static unsigned int mtu_of(const char *device)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq req = {};
	unsigned int mtu = 0;

	if (fd < 0)
		return 0;
	strncpy(req.ifr_name, device, sizeof(req.ifr_name) - 1);
	if (!ioctl(fd, SIOCGIFMTU, &req))
		mtu = req.ifr_mtu;
	close(fd);
	return mtu;
}

/* The checks. */

static void check_versions(struct doctor *d)
{
	struct reply status = {};

	if (!module_status(d->ctl->nl, &status) &&
	    strcmp(status.version, NAT64_VERSION))
		report_finding(d, "version",
			       "modprobe -r nat64 && modprobe nat64 && nat64ctl load /etc/nat64/nat64.conf",
			       "the module is version %s, nat64ctl is version %s: the module is not the one installed with the tool",
			       status.version, NAT64_VERSION);
	reply_free(&status);
}

static void check_configured(struct doctor *d)
{
	if (!d->conf.n_pref64s && !d->conf.n_eams)
		report_finding(d, "configuration",
			       "nat64ctl load /etc/nat64/nat64.conf",
			       "nothing is configured in this network namespace");
	else if (!d->conf.n_eams)
		report_finding(d, "configuration",
			       "nat64ctl load /etc/nat64/nat64.conf",
			       "no address is mapped: every packet is refused");
}

static void check_forwarding(struct doctor *d)
{
	const struct ifaddrs *ifa;
	char key[128];

	if (!read_sysctl("net/ipv6/conf/all/forwarding"))
		report_finding(d, "forwarding", "sysctl -w net.ipv6.conf.all.forwarding=1",
			       "the kernel does not forward IPv6");
	if (!read_sysctl("net/ipv4/ip_forward")) {
		report_finding(d, "forwarding", "sysctl -w net.ipv4.ip_forward=1",
			       "the kernel does not forward IPv4");
		return;
	}
	for (ifa = d->ifs; ifa; ifa = ifa->ifa_next) {
		if (!is_link(ifa))
			continue;
		snprintf(key, sizeof(key), "net/ipv4/conf/%s/forwarding",
			 ifa->ifa_name);
		if (!read_sysctl(key))
			report_finding(d, "forwarding", command_text("sysctl -w %s=1", key),
				       "what comes in on %s is not forwarded as IPv4",
				       ifa->ifa_name);
	}
}

static void check_mtus(struct doctor *d)
{
	const struct ifaddrs *ifa;

	for (ifa = d->ifs; ifa; ifa = ifa->ifa_next) {
		unsigned int mtu = is_link(ifa) ? mtu_of(ifa->ifa_name) : 0;

		if (mtu && mtu < MTU_MIN)
			report_finding(d, "mtu", command_text("ip link set dev %s mtu %u",
							      ifa->ifa_name, MTU_USUAL),
				       "the MTU of %s is %u: IPv6 wants %u", ifa->ifa_name,
				       mtu, MTU_MIN);
	}
}

/* The step from one mapping that is looked at to the next. */
static size_t sample_step(const struct doctor *d)
{
	return d->conf.n_eams / SAMPLES + 1;
}

static void find_way(struct doctor *d)
{
	struct route route;
	size_t i;

	for (i = 0; i < d->conf.n_eams && !d->has_way; i += sample_step(d)) {
		route_get(d->rs, AF_INET6, &d->conf.eams[i].p6.addr, &route);
		if (route.error || route.local)
			continue;
		d->way = route;
		d->has_way = true;
	}
}

/* As another mapped host is reached, or else into the IPv6 network. */
static const char *way_text(const struct doctor *d)
{
	static char text[INET6_ADDRSTRLEN + IF_NAMESIZE + 16];
	const struct ifaddrs *ifa = own_addr(d, AF_INET6, NULL);
	char via[INET6_ADDRSTRLEN];

	if (!d->has_way)
		snprintf(text, sizeof(text), "dev %s",
			 ifa ? ifa->ifa_name : "lo");
	else if (d->way.via.family == AF_INET6)
		snprintf(text, sizeof(text), "via %s dev %s",
			 inet_ntop(AF_INET6, &d->way.via.p6.addr, via,
				   sizeof(via)), d->way.device);
	else
		snprintf(text, sizeof(text), "dev %s", d->way.device);
	return text;
}

static void check_hosts(struct doctor *d)
{
	struct route route;
	size_t i;

	find_way(d);
	for (i = 0; i < d->conf.n_eams; i += sample_step(d)) {
		const struct eam *eam = &d->conf.eams[i];

		route_get(d->rs, AF_INET6, &eam->p6.addr, &route);
		if (route.error)
			report_finding(d, "host-route",
				       command_text("ip -6 route replace %s %s",
						    addr_text6(&eam->p6), way_text(d)),
				       "no route to %s, which %s is mapped to: %s",
				       addr_short6(&eam->p6), addr_short4(&eam->p4),
				       strerror(route.error));
	}
}

static void check_prefixes(struct doctor *d)
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
			report_finding(d, "prefix-route",
				       command_text("ip -6 route replace %s %s",
						    addr_text6(p), way_text(d)),
				       "no IPv6 route to %s: errors that the kernel itself makes, of an nft reject for one, are lost",
				       addr_text6(p));
	}
}

/*
 * On a link of ours, neighbours ask for the address. A local route makes the
 * kernel answer; at equal length the mapping still wins.
 */
static void check_arp(struct doctor *d)
{
	struct route route;
	size_t i;

	for (i = 0; i < d->conf.n_eams; i += sample_step(d)) {
		const struct eam *eam = &d->conf.eams[i];

		route_get(d->rs, AF_INET, &eam->p4.addr, &route);
		if (!route.error && !route.local && !route.via.family &&
		    own_addr(d, AF_INET, route.device))
			report_finding(d, "arp", command_text("ip route add local %s dev lo",
							      addr_text4(&eam->p4)),
				       "%s lies in the network on %s, where nobody answers ARP requests for it",
				       addr_short4(&eam->p4), route.device);
	}
}

static void check_own(struct doctor *d)
{
	const struct ifaddrs *ifa;
	size_t i;

	for (ifa = d->ifs; ifa; ifa = ifa->ifa_next) {
		if (!is_addr(ifa, AF_INET))
			continue;
		for (i = 0; i < d->conf.n_eams; i++) {
			const struct prefix4 *p4 = &d->conf.eams[i].p4;

			if (p4->len != 32 ||
			    p4->addr.s_addr != addr4(ifa)->s_addr)
				continue;
			report_finding(d, "own-address",
				       command_text("nat64ctl del %s", addr_text4(p4)),
				       "%s is mapped, and is an address of %s: what is sent to the gateway there is translated",
				       addr_short4(p4), ifa->ifa_name);
		}
	}
}

/*
 * Filtering that is strict, or on a device without an IPv4 address, where even
 * the loose kind drops everything. The larger one of two sysctls counts.
 */
static void check_rp_filter_of(struct doctor *d, const char *device,
			       unsigned long long dropped)
{
	long all = read_sysctl("net/ipv4/conf/all/rp_filter");
	bool loose = own_addr(d, AF_INET, device);
	char key[128];
	long own;

	snprintf(key, sizeof(key), "net/ipv4/conf/%s/rp_filter", device);
	own = read_sysctl(key);
	if (!own && !all)
		return;
	if (loose && (own == 2 || all == 2))
		return;
	report_finding(d, "rp-filter",
		       command_text("sysctl -w %s=%d%s", key, loose ? 2 : 0,
				    !loose && all ? " net/ipv4/conf/all/rp_filter=0" : ""),
		       "reverse path filtering has dropped %llu IPv4 packets, and is on for %s: packets of mapped addresses that another gateway has translated fail it",
		       dropped, device);
}

static void check_rp_filter(struct doctor *d)
{
	unsigned long long dropped = firewall_rp_filter_drops();
	const struct ifaddrs *ifa;

	for (ifa = d->ifs; dropped && ifa; ifa = ifa->ifa_next)
		if (is_link(ifa))
			check_rp_filter_of(d, ifa->ifa_name, dropped);
}

static unsigned long long find_counter(const struct doctor *d, const char *name)
{
	size_t i;

	for (i = 0; i < d->stats.n_stats; i++)
		if (!strcmp(d->stats.stats[i].name, name))
			return d->stats.stats[i].value;
	return 0;
}

/* Where packets go one way only, the other network knows no way back. */
static void check_return(struct doctor *d)
{
	const struct ifaddrs *own4 = own_addr(d, AF_INET, NULL);
	const struct ifaddrs *own6 = own_addr(d, AF_INET6, NULL);
	unsigned long long to4 = find_counter(d, "translated_6to4");
	unsigned long long to6 = find_counter(d, "translated_4to6");
	char text[INET6_ADDRSTRLEN];

	if (to4 && !to6 && d->conf.n_eams && own4)
		report_finding(d, "return-route",
			       command_text("ip route add %s via %s",
					    addr_text4(&d->conf.eams[0].p4),
					    inet_ntop(AF_INET, addr4(own4), text,
						      sizeof(text))),
			       "%llu packets went to IPv4 and none came from there: nobody routes the mapped addresses here; on the IPv4 router, for each",
			       to4);
	if (to6 && !to4 && d->conf.n_pref64s && own6)
		report_finding(d, "return-route",
			       command_text("ip -6 route add %s via %s",
					    addr_text6(&d->conf.pref64s[0].prefix),
					    inet_ntop(AF_INET6, addr6(own6), text,
						      sizeof(text))),
			       "%llu packets went to IPv6 and none came from there: nobody routes the prefix here; on the IPv6 router",
			       to6);
}

static void report_block(void *data, const struct firewall_block *block)
{
	struct doctor *d = data;

	report_finding(d, "firewall",
		       command_text("nft insert rule %s %s %s ct state untracked accept",
				    block->family, block->table, block->chain),
		       "chain %s of table %s %s drops what is forwarded, and lets no untracked packets pass, as translated ones are",
		       block->chain, block->family, block->table);
}

static bool is_direct(const struct doctor *d)
{
	size_t i;

	for (i = 0; i < settings_count; i++)
		if (settings_table[i].attr == NAT64_SETTING_FORWARDING)
			return d->conf.settings[i].number ==
			       NAT64_FORWARDING_DIRECT;
	return false;
}

static void check_firewall(struct doctor *d)
{
	if (!is_direct(d))
		firewall_find_blocks(report_block, d);
}

static int run_checks(struct doctor *d)
{
	static void (*const checks[])(struct doctor *d) = {
		check_versions, check_configured, check_forwarding, check_mtus,
		check_hosts, check_prefixes, check_arp, check_own,
		check_rp_filter, check_return, check_firewall,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(checks); i++) {
		d->told = 0;
		checks[i](d);
		if (d->told > TELL)
			out_text(&d->ctl->out, "and %u more like these\n",
				 d->told - TELL);
	}
	return EXIT_OK;
}

static int read_state(struct doctor *d)
{
	int ret;

	ret = module_conf_get(d->ctl->nl, &d->conf);
	if (!ret)
		ret = module_stats(d->ctl->nl, &d->stats);
	return ctl_result(d->ctl, ret);
}

static int look_around(struct doctor *d)
{
	int ret;

	ret = read_state(d);
	if (ret)
		return ret;
	d->rs = route_open();
	if (!d->rs || getifaddrs(&d->ifs)) {
		error_at(&d->ctl->at, 0, "cannot read routes and addresses: %s",
			 strerror(errno));
		return EXIT_REFUSED;
	}
	return run_checks(d);
}

static void free_state(struct doctor *d)
{
	route_close(d->rs);
	if (d->ifs)
		freeifaddrs(d->ifs);
	conf_free(&d->conf);
	reply_free(&d->stats);
}

/* Without the module there is nothing else to look at. */
static int report_no_module(struct doctor *d)
{
	report_finding(d, "module", "modprobe nat64", "the nat64 module is not loaded");
	return EXIT_NO_MODULE;
}

/* doctor */
int cmd_doctor(struct ctl *ctl, struct request *req)
{
	struct doctor d = { .ctl = ctl };
	int ret;

	(void)req;
	out_begin(&ctl->out);
	out_array(&ctl->out, "findings");
	ret = ctl_try(ctl);
	if (!ret)
		ret = look_around(&d);
	else if (ret == EXIT_NO_MODULE)
		ret = report_no_module(&d);
	else
		ctl_result(ctl, ret);
	if (ret && !d.rs)
		ctl_disconnect(ctl);
	if (!ret && !d.n_findings)
		out_text(&ctl->out, "nothing found\n");
	out_close(&ctl->out);
	out_end(&ctl->out);
	free_state(&d);
	return ret;
}
