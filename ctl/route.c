// SPDX-License-Identifier: GPL-2.0-only
#include "route.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/pkt_sched.h>
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
	char			room[32768];
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

static void fetch_addr(const struct nlattr *attr, int family,
		       struct prefix *to)
{
	if (mnl_attr_get_payload_len(attr) != addr_size(family))
		return;
	to->family = family;
	if (family == AF_INET)
		memcpy(&to->p4.addr, mnl_attr_get_payload(attr),
		       sizeof(to->p4.addr));
	else
		memcpy(&to->p6.addr, mnl_attr_get_payload(attr),
		       sizeof(to->p6.addr));
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
	route->local = rtm->rtm_type == RTN_LOCAL ||
		       rtm->rtm_type == RTN_ANYCAST;
	mnl_attr_for_each(attr, nlh, sizeof(*rtm)) {
		switch (mnl_attr_get_type(attr)) {
		case RTA_OIF:
			if_indextoname(mnl_attr_get_u32(attr), route->device);
			break;
		case RTA_GATEWAY:
			fetch_addr(attr, rtm->rtm_family, &route->via);
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

/* A request; the first message of its answer is in @rs->room then. */
static ssize_t ask_kernel(struct route_socket *rs, struct nlmsghdr *nlh)
{
	nlh->nlmsg_seq = ++rs->seq;
	if (mnl_socket_sendto(rs->sock, nlh, nlh->nlmsg_len) < 0)
		return -1;
	return mnl_socket_recvfrom(rs->sock, rs->room, sizeof(rs->room));
}

/* Whether something in a listing is what is looked for. */
typedef bool match_fn(const struct nlmsghdr *nlh, const void *data);

/* Sends a request for a listing, and looks through all of it. */
static bool find_in_dump(struct route_socket *rs, struct nlmsghdr *nlh,
			 match_fn *match, const void *data)
{
	const struct nlmsghdr *answer;
	bool found = false;
	ssize_t ret;
	int len;

	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	ret = ask_kernel(rs, nlh);
	while (ret > 0) {
		len = ret;
		for (answer = (const void *)rs->room; mnl_nlmsg_ok(answer, len);
		     answer = mnl_nlmsg_next(answer, &len)) {
			if (answer->nlmsg_type < NLMSG_MIN_TYPE)
				return found;
			found |= match(answer, data);
		}
		ret = mnl_socket_recvfrom(rs->sock, rs->room, sizeof(rs->room));
	}
	return found;
}

/**
 * struct neighbour_filter - which neighbours to look for
 * @index: device of its link
 * @p: prefix of its address
 */
struct neighbour_filter {
	int			index;
	const struct prefix4	*p;
};

/* Whether a neighbour entry is of a host that answered. */
static bool is_neighbour_in(const struct nlmsghdr *nlh, const void *data)
{
	const struct neighbour_filter *filter = data;
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	struct prefix4 host = { .len = 32 };

	if (nlh->nlmsg_type != RTM_NEWNEIGH || ndm->ndm_ifindex != filter->index ||
	    ndm->ndm_flags & NTF_PROXY ||
	    ndm->ndm_state & (NUD_INCOMPLETE | NUD_FAILED | NUD_NOARP))
		return false;
	mnl_attr_for_each(attr, nlh, sizeof(*ndm)) {
		if (mnl_attr_get_type(attr) != NDA_DST ||
		    mnl_attr_get_payload_len(attr) != sizeof(host.addr))
			continue;
		memcpy(&host.addr, mnl_attr_get_payload(attr),
		       sizeof(host.addr));
		return addr_overlap4(&host, filter->p);
	}
	return false;
}

/**
 * route_has_neighbour() - whether a host on a link has an address of a prefix
 * @rs: connection
 * @device: device of the link
 * @p: prefix
 *
 * Return: true if the kernel knows one at present
 */
bool route_has_neighbour(struct route_socket *rs, const char *device,
			 const struct prefix4 *p)
{
	const struct neighbour_filter filter = { if_nametoindex(device), p };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(rs->room);
	struct ndmsg *ndm;

	nlh->nlmsg_type = RTM_GETNEIGH;
	ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));
	ndm->ndm_family = AF_INET;
	return find_in_dump(rs, nlh, is_neighbour_in, &filter);
}

/**
 * struct listing - what a listing of routes is for
 * @fn: called for each
 * @data: for @fn
 */
struct listing {
	route_fn	*fn;
	void		*data;
};

/* Routes that lead a packet elsewhere, or nowhere; not those to the gateway itself. */
static bool is_native(const struct rtmsg *rtm)
{
	return !(rtm->rtm_flags & RTM_F_CLONED) &&
	       (rtm->rtm_type == RTN_UNICAST || type_error(rtm->rtm_type));
}

/* Reports a route. Returns false, since find_in_dump() is to find none. */
static bool report_route(const struct nlmsghdr *nlh, const void *data)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	const struct listing *listing = data;
	const struct nlattr *attr;
	struct prefix to = {};

	if (nlh->nlmsg_type != RTM_NEWROUTE || !is_native(rtm))
		return false;
	mnl_attr_for_each(attr, nlh, sizeof(*rtm))
		if (mnl_attr_get_type(attr) == RTA_DST)
			fetch_addr(attr, rtm->rtm_family, &to);
	if (to.family == AF_INET)
		to.p4.len = rtm->rtm_dst_len;
	else if (to.family == AF_INET6)
		to.p6.len = rtm->rtm_dst_len;
	if (to.family)
		listing->fn(listing->data, &to);
	return false;
}

/**
 * route_for_each() - list routes, all but default ones and those to the gateway
 * @rs: connection, which @fn must not use
 * @family: AF_INET or AF_INET6
 * @fn: called for each, with its destination
 * @data: for @fn
 */
void route_for_each(struct route_socket *rs, int family, route_fn *fn,
		    void *data)
{
	const struct listing listing = { fn, data };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(rs->room);
	struct rtmsg *rtm;

	nlh->nlmsg_type = RTM_GETROUTE;
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = family;
	find_in_dump(rs, nlh, report_route, &listing);
}

static bool is_classifier(const struct nlmsghdr *nlh, const void *data)
{
	const struct tcmsg *tcm = mnl_nlmsg_get_payload(nlh);
	const int *index = data;

	return nlh->nlmsg_type == RTM_NEWQDISC && tcm->tcm_ifindex == *index &&
	       tcm->tcm_parent == TC_H_INGRESS;
}

/**
 * route_has_classifier() - whether filters of tc may see what comes in on a device
 * @rs: connection
 * @device: device
 */
bool route_has_classifier(struct route_socket *rs, const char *device)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(rs->room);
	int index = if_nametoindex(device);

	nlh->nlmsg_type = RTM_GETQDISC;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct tcmsg));
	return find_in_dump(rs, nlh, is_classifier, &index);
}

static const struct nlattr *find_nested(const struct nlattr *nest, int type)
{
	const struct nlattr *attr;

	if (!nest)
		return NULL;
	mnl_attr_for_each_nested(attr, nest)
		if (mnl_attr_get_type(attr) == type)
			return attr;
	return NULL;
}

static bool is_ipvlan_l3(const struct nlattr *info)
{
	const struct nlattr *kind = find_nested(info, IFLA_INFO_KIND);
	const struct nlattr *data = find_nested(info, IFLA_INFO_DATA);
	const struct nlattr *mode = find_nested(data, IFLA_IPVLAN_MODE);
	const size_t size = sizeof("ipvlan");

	return kind && mode && mnl_attr_get_payload_len(kind) >= size &&
	       !strncmp(mnl_attr_get_str(kind), "ipvlan", size) &&
	       mnl_attr_get_payload_len(mode) == sizeof(__u16) &&
	       mnl_attr_get_u16(mode) == IPVLAN_MODE_L3;
}

/* An attribute of a device, in @rs->room, or NULL. */
static const struct nlattr *find_link_attr(struct route_socket *rs,
					   const char *device, int type)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(rs->room);
	const struct nlattr *attr;
	struct ifinfomsg *ifi;
	ssize_t len;

	nlh->nlmsg_type = RTM_GETLINK;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_index = if_nametoindex(device);
	len = ask_kernel(rs, nlh);
	nlh = (void *)rs->room;
	if (len < 0 || !mnl_nlmsg_ok(nlh, len) ||
	    nlh->nlmsg_type != RTM_NEWLINK)
		return NULL;
	mnl_attr_for_each(attr, nlh, sizeof(*ifi))
		if (mnl_attr_get_type(attr) == type)
			return attr;
	return NULL;
}

/**
 * route_is_ipvlan_l3() - whether a device is an ipvlan in L3 mode
 * @rs: connection
 * @device: device
 */
bool route_is_ipvlan_l3(struct route_socket *rs, const char *device)
{
	return is_ipvlan_l3(find_link_attr(rs, device, IFLA_LINKINFO));
}

/**
 * route_is_in_vrf() - whether a device belongs to a VRF
 * @rs: connection
 * @device: device
 * @vrf: index of the VRF's device
 */
bool route_is_in_vrf(struct route_socket *rs, const char *device,
		     unsigned int vrf)
{
	const struct nlattr *master = find_link_attr(rs, device, IFLA_MASTER);

	return master && mnl_attr_get_u32(master) == vrf;
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
	route_get_in(rs, 0, family, addr, route);
}

/**
 * route_get_in() - ask for the way to an address in a VRF
 * @rs: connection
 * @vrf: index of the VRF's device, or 0 for none
 * @family: AF_INET or AF_INET6
 * @addr: address
 * @route: filled in
 */
void route_get_in(struct route_socket *rs, unsigned int vrf, int family,
		  const void *addr, struct route *route)
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
	if (vrf)
		mnl_attr_put_u32(nlh, RTA_OIF, vrf);
	if (mnl_socket_sendto(rs->sock, nlh, nlh->nlmsg_len) < 0)
		route->error = errno;
	else
		route->error = fetch_answer(rs, route);
}
