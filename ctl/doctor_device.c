// SPDX-License-Identifier: GPL-2.0-only
/* The doctor on devices and their sysctls. */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "doctor.h"
#include "firewall.h"

/* IPv6 needs it, and what IPv6 sends unfragmented has to fit. */
#define MTU_MIN		1280
#define MTU_USUAL	1500

/**
 * is_usable_link() - whether an entry is a device that is up and no loopback
 * @ifa: entry of getifaddrs()
 */
bool is_usable_link(const struct ifaddrs *ifa)
{
	return is_usable_addr(ifa, AF_PACKET);
}

/**
 * is_usable_addr() - whether an entry is an address of such a device
 * @ifa: entry of getifaddrs()
 * @family: AF_INET or AF_INET6
 */
bool is_usable_addr(const struct ifaddrs *ifa, int family)
{
	return ifa->ifa_addr && ifa->ifa_addr->sa_family == family &&
	       ifa->ifa_flags & IFF_UP && !(ifa->ifa_flags & IFF_LOOPBACK);
}

/**
 * ifaddr4() - the address of an entry
 * @ifa: entry of getifaddrs(), an IPv4 address
 */
const struct in_addr *ifaddr4(const struct ifaddrs *ifa)
{
	return &((const struct sockaddr_in *)ifa->ifa_addr)->sin_addr;
}

/**
 * ifaddr6() - the address of an entry
 * @ifa: entry of getifaddrs(), an IPv6 address
 */
const struct in6_addr *ifaddr6(const struct ifaddrs *ifa)
{
	return &((const struct sockaddr_in6 *)ifa->ifa_addr)->sin6_addr;
}

/**
 * find_own_addr() - find a global address of the gateway
 * @d: doctor
 * @family: AF_INET or AF_INET6
 * @device: a device, or NULL for any
 */
const struct ifaddrs *find_own_addr(const struct doctor *d, int family,
				    const char *device)
{
	const struct ifaddrs *ifa;

	for (ifa = d->ifs; ifa; ifa = ifa->ifa_next) {
		if (!is_usable_addr(ifa, family) ||
		    (device && strcmp(ifa->ifa_name, device)))
			continue;
		if (family == AF_INET || !IN6_IS_ADDR_LINKLOCAL(ifaddr6(ifa)))
			return ifa;
	}
	return NULL;
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

static void check_forwarding_of(struct doctor *d, const char *device)
{
	char key[128];

	snprintf(key, sizeof(key), "net/ipv4/conf/%s/forwarding", device);
	if (!read_sysctl(key))
		report_finding(d, "forwarding",
			       command_here(d, "sysctl -w %s=1", key),
			       "what comes in on %s is not forwarded as IPv4",
			       device);
}

/* Return true if all mappings are of IPv4 programs on this machine itself. */
static bool is_host(struct doctor *d)
{
	struct route route;
	size_t i;

	if (!doctor_is_edge_only(d))
		return false;
	for (i = 0; i < d->conf.n_eams; i++) {
		const struct prefix4 *p4 = &d->conf.eams[i].p4;

		route_get(d->rs, AF_INET, &p4->addr, &route);
		if (p4->len != 32 || route.error || !route.local)
			return false;
	}
	return true;
}

/**
 * check_forwarding() - look for forwarding that is off
 * @d: doctor
 *
 * What programs of this machine send and get is not forwarded.
 */
void check_forwarding(struct doctor *d)
{
	const struct ifaddrs *ifa;

	if (is_host(d))
		return;
	if (!read_sysctl("net/ipv6/conf/all/forwarding"))
		report_finding(d, "forwarding",
			       command_here(d, "sysctl -w net.ipv6.conf.all.forwarding=1"),
			       "the kernel does not forward IPv6");
	if (!read_sysctl("net/ipv4/ip_forward")) {
		report_finding(d, "forwarding",
			       command_here(d, "sysctl -w net.ipv4.ip_forward=1"),
			       "the kernel does not forward IPv4");
		return;
	}
	for (ifa = d->ifs; ifa; ifa = ifa->ifa_next)
		if (is_usable_link(ifa))
			check_forwarding_of(d, ifa->ifa_name);
}

static unsigned int read_mtu(const char *device)
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

/**
 * check_mtus() - look for devices that cannot carry IPv6
 * @d: doctor
 */
void check_mtus(struct doctor *d)
{
	const struct ifaddrs *ifa;

	for (ifa = d->ifs; ifa; ifa = ifa->ifa_next) {
		unsigned int mtu = 0;

		if (is_usable_link(ifa))
			mtu = read_mtu(ifa->ifa_name);
		if (mtu && mtu < MTU_MIN)
			report_finding(d, "mtu",
				       command_here(d, "ip link set dev %s mtu %u",
						    ifa->ifa_name, MTU_USUAL),
				       "the MTU of %s is %u: IPv6 wants %u",
				       ifa->ifa_name, mtu, MTU_MIN);
	}
}

/**
 * check_ipvlan() - look for devices whose packets do not pass PREROUTING
 * @d: doctor
 *
 * An ipvlan in L3 mode hands packets to the IP layer behind that hook. In L3S
 * mode they pass it.
 */
void check_ipvlan(struct doctor *d)
{
	const struct ifaddrs *ifa;

	for (ifa = d->ifs; ifa; ifa = ifa->ifa_next)
		if (is_usable_link(ifa) &&
		    route_is_ipvlan_l3(d->rs, ifa->ifa_name))
			report_finding(d, "ipvlan",
				       command_here(d, "ip link set dev %s type ipvlan mode l3s",
						    ifa->ifa_name),
				       "%s is an ipvlan in L3 mode: what comes in there does not pass PREROUTING and is not translated; the mode is that of all ipvlans of one device",
				       ifa->ifa_name);
}

/*
 * Filtering that is strict, or on a device without an IPv4 address, where even
 * the loose kind drops everything. The larger one of two sysctls counts.
 */
static void check_rp_filter_of(struct doctor *d, const char *device,
			       unsigned long long dropped)
{
	long all = read_sysctl("net/ipv4/conf/all/rp_filter");
	bool loose = find_own_addr(d, AF_INET, device);
	char key[128];
	long own;

	snprintf(key, sizeof(key), "net/ipv4/conf/%s/rp_filter", device);
	own = read_sysctl(key);
	if (!own && !all)
		return;
	if (loose && (own == 2 || all == 2))
		return;
	report_finding(d, "rp-filter",
		       command_here(d, "sysctl -w %s=%d%s", key, loose ? 2 : 0,
				    !loose && all ? " net/ipv4/conf/all/rp_filter=0" : ""),
		       "reverse path filtering has dropped %llu IPv4 packets, and is on for %s: packets of mapped addresses that another gateway has translated fail it",
		       dropped, device);
}

/**
 * check_rp_filter() - look for reverse path filtering of translated packets
 * @d: doctor
 */
void check_rp_filter(struct doctor *d)
{
	unsigned long long dropped = firewall_rp_filter_drops();
	const struct ifaddrs *ifa;

	for (ifa = d->ifs; dropped && ifa; ifa = ifa->ifa_next)
		if (is_usable_link(ifa))
			check_rp_filter_of(d, ifa->ifa_name, dropped);
}
