// SPDX-License-Identifier: GPL-2.0-only
#include "link.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf.h"
#include "nl.h"
#include "nl_field.h"
#include "util.h"

static const struct nl_field xdp_fields[] = {
	NL_FIELD(IFLA_XDP_DRV_PROG_ID, struct link_xdp, native, nl_fetch_value),
	NL_FIELD(IFLA_XDP_SKB_PROG_ID, struct link_xdp, generic, nl_fetch_value),
	NL_FIELD(IFLA_XDP_HW_PROG_ID, struct link_xdp, offloaded,
		 nl_fetch_value),
};

static void fetch_xdp(const struct nlattr *nest, void *to, size_t size)
{
	(void)size;
	nl_fetch_nest(nest, xdp_fields, ARRAY_SIZE(xdp_fields), to);
}

static void fetch_kind(const struct nlattr *nest, void *to, size_t size)
{
	const struct nl_field kind = { IFLA_INFO_KIND, size, 0, nl_fetch_string };

	nl_fetch_nest(nest, &kind, 1, to);
}

static const struct nl_field link_fields[] = {
	NL_FIELD(IFLA_IFNAME, struct link, name, nl_fetch_string),
	NL_FIELD(IFLA_LINKINFO, struct link, kind, fetch_kind),
	NL_FIELD(IFLA_MASTER, struct link, master, nl_fetch_value),
	NL_FIELD(IFLA_LINK, struct link, lower, nl_fetch_value),
	NL_FIELD(IFLA_LINK_NETNSID, struct link, is_far, nl_fetch_flag),
	NL_FIELD(IFLA_XDP, struct link, xdp, fetch_xdp),
};

static struct link *add_link(struct links *links)
{
	if (links->n == links->room) {
		links->room = links->room ? links->room * 2 : 16;
		links->links = xrealloc(links->links, links->room,
					sizeof(*links->links));
	}
	memset(&links->links[links->n], 0, sizeof(*links->links));
	return &links->links[links->n++];
}

static void fetch_link(const struct nlmsghdr *nlh, void *data)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	struct link *link;

	if (nlh->nlmsg_type != RTM_NEWLINK ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifi))
		return;
	link = add_link(data);
	link->index = ifi->ifi_index;
	link->type = ifi->ifi_type;
	link->flags = ifi->ifi_flags;
	mnl_attr_for_each(attr, nlh, sizeof(*ifi))
		nl_fetch_attr(attr, link_fields, ARRAY_SIZE(link_fields), link);
}

static void restart_list(void *data)
{
	struct links *links = data;

	links->n = 0;
}

static void name_program(struct link *link)
{
	__u32 id = link_program(link);
	int fd;

	if (!id)
		return;
	fd = bpf_open(id, link->program, sizeof(link->program));
	link->is_unknown = fd < 0 && errno == EPERM;
	if (fd >= 0)
		close(fd);
}

/**
 * link_list() - list all devices
 * @nl: connection that nl_open_route() opened; has the text of an error
 * @links: filled in; to be freed whatever is returned
 */
int link_list(struct nl *nl, struct links *links)
{
	size_t i;
	int ret;

	links->n = 0;
	nl_begin_link(nl, RTM_GETLINK, NLM_F_DUMP, 0);
	ret = nl_dump(nl, fetch_link, restart_list, links);
	for (i = 0; i < links->n && !ret; i++)
		name_program(&links->links[i]);
	return ret;
}

/**
 * link_free() - free a list of devices
 * @links: list
 */
void link_free(struct links *links)
{
	free(links->links);
	memset(links, 0, sizeof(*links));
}

/**
 * link_by_name() - find a device
 * @links: all devices
 * @name: its name
 *
 * Return: the device, or NULL
 */
struct link *link_by_name(const struct links *links, const char *name)
{
	size_t i;

	for (i = 0; i < links->n; i++)
		if (!strcmp(links->links[i].name, name))
			return &links->links[i];
	return NULL;
}

/**
 * link_by_index() - find a device
 * @links: all devices
 * @index: its number
 *
 * Return: the device, or NULL
 */
const struct link *link_by_index(const struct links *links, __u32 index)
{
	size_t i;

	for (i = 0; i < links->n; i++)
		if ((__u32)links->links[i].index == index)
			return &links->links[i];
	return NULL;
}

/**
 * link_program() - the XDP program of a device
 * @link: device
 *
 * Return: its number, or 0
 */
__u32 link_program(const struct link *link)
{
	const struct link_xdp *xdp = &link->xdp;

	return xdp->native ? xdp->native :
	       xdp->generic ? xdp->generic : xdp->offloaded;
}

/**
 * link_is_ours() - whether the XDP program of a device is that of nat64
 * @link: device
 */
bool link_is_ours(const struct link *link)
{
	return !strcmp(link->program, BPF_PROGRAM_NAME);
}

/**
 * link_mode() - how the XDP program of a device is run
 * @link: device that has one
 */
const char *link_mode(const struct link *link)
{
	return link->xdp.native ? "native" :
	       link->xdp.generic ? "generic" : "offloaded";
}

/**
 * link_attach() - attach an XDP program to a device that has none
 * @nl: connection that nl_open_route() opened; has the text of an error
 * @link: device
 * @fd: the program
 * @generic: to be run by the kernel, not by the driver
 *
 * One that was attached meanwhile stays.
 */
int link_attach(struct nl *nl, const struct link *link, int fd, bool generic)
{
	struct nlmsghdr *nlh = nl_begin_link(nl, RTM_SETLINK, NLM_F_ACK,
					     link->index);
	struct nlattr *nest = mnl_attr_nest_start(nlh, IFLA_XDP);

	mnl_attr_put_u32(nlh, IFLA_XDP_FD, fd);
	mnl_attr_put_u32(nlh, IFLA_XDP_FLAGS, XDP_FLAGS_UPDATE_IF_NOEXIST |
			 (generic ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE));
	mnl_attr_nest_end(nlh, nest);
	return nl_request(nl, NULL, NULL);
}

/**
 * link_detach() - detach the XDP program of a device, if it is still the same
 * @nl: connection that nl_open_route() opened; has the text of an error
 * @link: device
 * @fd: the program
 * @generic: it is run by the kernel, not by the driver
 */
int link_detach(struct nl *nl, const struct link *link, int fd, bool generic)
{
	struct nlmsghdr *nlh = nl_begin_link(nl, RTM_SETLINK, NLM_F_ACK,
					     link->index);
	struct nlattr *nest = mnl_attr_nest_start(nlh, IFLA_XDP);

	mnl_attr_put_u32(nlh, IFLA_XDP_FD, -1);
	mnl_attr_put_u32(nlh, IFLA_XDP_EXPECTED_FD, fd);
	mnl_attr_put_u32(nlh, IFLA_XDP_FLAGS, XDP_FLAGS_REPLACE |
			 (generic ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE));
	mnl_attr_nest_end(nlh, nest);
	return nl_request(nl, NULL, NULL);
}
