// SPDX-License-Identifier: GPL-2.0
#include "route.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

/**
 * struct route_socket - a connection to the kernel's routing
 * @sock: socket
 * @seq: number of the last request
 * @room: memory for a message
 */
struct route_socket {
	struct mnl_socket	*sock;
	unsigned int		seq;
	char			room[4096];
};

/**
 * route_open() - open a connection to the routing of this network namespace
 *
 * Return: the connection, or NULL with errno set
 */
struct route_socket *route_open(void)
{
	struct route_socket *rs = xrealloc(NULL, 1, sizeof(*rs));

	memset(rs, 0, sizeof(*rs));
	rs->sock = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (rs->sock && !mnl_socket_bind(rs->sock, 0, MNL_SOCKET_AUTOPID))
		return rs;
	route_close(rs);
	return NULL;
}

/**
 * route_close() - close a connection and free it
 * @rs: connection, or NULL
 */
void route_close(struct route_socket *rs)
{
	if (rs && rs->sock)
		mnl_socket_close(rs->sock);
	free(rs);
}

static size_t addr_size(int family)
{
	return family == AF_INET ? sizeof(struct in_addr) :
				   sizeof(struct in6_addr);
}

static void fetch_via(const struct nlattr *attr, int family,
		      struct prefix *via)
{
	if (mnl_attr_get_payload_len(attr) != addr_size(family))
		return;
	via->family = family;
	if (family == AF_INET)
		memcpy(&via->p4.addr, mnl_attr_get_payload(attr),
		       sizeof(via->p4.addr));
	else
		memcpy(&via->p6.addr, mnl_attr_get_payload(attr),
		       sizeof(via->p6.addr));
}

static int type_error(unsigned char type)
{
	switch (type) {
	case RTN_UNREACHABLE:
		return EHOSTUNREACH;
	case RTN_PROHIBIT:
		return EACCES;
	case RTN_BLACKHOLE:
		return EINVAL;
	}
	return 0;
}

static void fetch_route(const struct nlmsghdr *nlh, struct route *route)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	route->error = type_error(rtm->rtm_type);
	route->local = rtm->rtm_type == RTN_LOCAL;
	mnl_attr_for_each(attr, nlh, sizeof(*rtm)) {
		switch (mnl_attr_get_type(attr)) {
		case RTA_OIF:
			if_indextoname(mnl_attr_get_u32(attr), route->device);
			break;
		case RTA_GATEWAY:
			fetch_via(attr, rtm->rtm_family, &route->via);
			break;
		}
	}
}

static int fetch_answer(struct route_socket *rs, struct route *route)
{
	const struct nlmsghdr *nlh = (const void *)rs->room;
	const struct nlmsgerr *ack;
	ssize_t len;

	len = mnl_socket_recvfrom(rs->sock, rs->room, sizeof(rs->room));
	if (len < 0)
		return errno;
	if (!mnl_nlmsg_ok(nlh, len))
		return EBADMSG;
	if (nlh->nlmsg_type == NLMSG_ERROR) {
		ack = mnl_nlmsg_get_payload(nlh);
		return -ack->error;
	}
	fetch_route(nlh, route);
	return route->error;
}

/**
 * route_get() - ask for the way to an address
 * @rs: connection
 * @family: AF_INET or AF_INET6
 * @addr: address
 * @route: filled in
 */
void route_get(struct route_socket *rs, int family, const void *addr,
	       struct route *route)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(rs->room);
	struct rtmsg *rtm;

	memset(route, 0, sizeof(*route));
	nlh->nlmsg_type = RTM_GETROUTE;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = ++rs->seq;
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = family;
	rtm->rtm_dst_len = 8 * addr_size(family);
	mnl_attr_put(nlh, RTA_DST, addr_size(family), addr);
	if (mnl_socket_sendto(rs->sock, nlh, nlh->nlmsg_len) < 0)
		route->error = errno;
	else
		route->error = fetch_answer(rs, route);
}
