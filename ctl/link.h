/* SPDX-License-Identifier: GPL-2.0-only */
/* The devices of a network namespace, and their XDP programs. */
#ifndef _NAT64CTL_LINK_H
#define _NAT64CTL_LINK_H

#include <linux/types.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

struct nl;

/**
 * struct link_xdp - the XDP programs of a device, by their numbers; 0 for none
 * @native: run by the driver
 * @generic: run by the kernel, for any device
 * @offloaded: run by the device
 */
struct link_xdp {
	__u32	native;
	__u32	generic;
	__u32	offloaded;
};

/**
 * struct link - a device
 * @index: its number
 * @type: ARPHRD_*
 * @flags: IFF_*
 * @name: its name
 * @kind: what a virtual device is, such as "veth"; empty for others
 * @master: device that it is a port of, or 0
 * @lower: device that it lies on, or its peer if it is a veth; 0 for none
 * @is_far: @lower is in another network namespace
 * @xdp: its XDP programs
 * @program: name of the first of these; empty if there is none, or if
 *	@is_unknown
 * @is_unknown: nobody may ask for that name but who has CAP_SYS_ADMIN
 */
struct link {
	int		index;
	unsigned short	type;
	unsigned int	flags;
	char		name[IF_NAMESIZE];
	char		kind[16];
	__u32		master;
	__u32		lower;
	bool		is_far;
	struct link_xdp	xdp;
	char		program[16];
	bool		is_unknown;
};

/**
 * struct links - all devices
 * @n: number of them
 * @room: how many there is memory for
 * @links: the devices, in the order of their numbers
 */
struct links {
	size_t		n;
	size_t		room;
	struct link	*links;
};

int link_list(struct nl *nl, struct links *links);
void link_free(struct links *links);
struct link *link_by_name(const struct links *links, const char *name);
const struct link *link_by_index(const struct links *links, __u32 index);
__u32 link_program(const struct link *link);
bool link_is_ours(const struct link *link);
const char *link_mode(const struct link *link);

int link_attach(struct nl *nl, const struct link *link, int fd, bool generic);
int link_detach(struct nl *nl, const struct link *link, int fd, bool generic);

#endif /* _NAT64CTL_LINK_H */
