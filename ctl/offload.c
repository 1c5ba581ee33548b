// SPDX-License-Identifier: GPL-2.0-only
#include "offload.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* A netlink socket will do, and nat64.service may open no other. */
static __u32 ask_device(const char *device, __u32 command)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
	struct ethtool_value value = { .cmd = command };
	struct ifreq req = { .ifr_data = (void *)&value };

	if (fd < 0)
		return 0;
	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", device);
	if (ioctl(fd, SIOCETHTOOL, &req))
		value.data = 0;
	close(fd);
	return value.data;
}

/**
 * offload_merges() - whether a device makes one packet of several (LRO)
 * @device: its name
 */
bool offload_merges(const char *device)
{
	return ask_device(device, ETHTOOL_GFLAGS) & ETH_FLAG_LRO;
}

/**
 * offload_takes_tags() - whether a device takes VLAN tags out of frames
 * @device: its name
 */
bool offload_takes_tags(const char *device)
{
	return ask_device(device, ETHTOOL_GFLAGS) & ETH_FLAG_RXVLAN;
}

/**
 * offload_sums() - whether a device finishes the checksums of what it sends
 * @device: its name
 */
bool offload_sums(const char *device)
{
	return ask_device(device, ETHTOOL_GTXCSUM);
}
