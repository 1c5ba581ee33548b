// SPDX-License-Identifier: GPL-2.0-only
#include "nl.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/nat64.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "nl_field.h"
#include "util.h"

/* The kernel fills at most 32 KiB at a time. */
#define ANSWER_SIZE	(64 * 1024)

/* Bytes of notifications that wait while the terminal is slow. */
#define EVENTS_SIZE	(4 * 1024 * 1024)

/**
 * struct nl - a connection to the module, or to another part of the kernel
 * @sock: socket, or NULL
 * @seq: number of the last request
 * @family: number of the family of generic netlink
 * @group: number of the multicast group
 * @header: size of what stands between the netlink header and the attributes
 * @request: the request that is being made
 * @room: memory of @request
 * @answer: memory for answers
 * @bad: which attribute of the last request was refused, or -1
 * @number: number of the error that it was refused with, or 0
 * @error: text of the last error
 */
struct nl {
	struct mnl_socket	*sock;
	unsigned int		seq;
	__u16			family;
	__u32			group;
	size_t			header;
	struct nlmsghdr		*request;
	char			room[NL_REQUEST_SIZE];
	char			answer[ANSWER_SIZE];
	long			bad;
	int			number;
	char			error[512];
};

/**
 * nl_error() - text of the last error
 * @nl: connection
 */
const char *nl_error(const struct nl *nl)
{
	return nl->error;
}

/**
 * nl_bad_attr() - which attribute of the last request was refused
 * @nl: connection
 *
 * Return: its index among the top-level attributes of its type, or -1 if the
 * error was not about an attribute
 */
long nl_bad_attr(const struct nl *nl)
{
	return nl->bad;
}

static int set_error(struct nl *nl, const char *what)
{
	snprintf(nl->error, sizeof(nl->error), "%s: %s", what, strerror(errno));
	return EXIT_REFUSED;
}

/**
 * nl_is_denied() - whether the last request was refused for want of privilege
 * @nl: connection
 */
bool nl_is_denied(const struct nl *nl)
{
	return nl->number == EPERM;
}

/**
 * nl_errno() - number of the error that the last request was refused with
 * @nl: connection
 *
 * Return: an error number, or 0
 */
int nl_errno(const struct nl *nl)
{
	return nl->number;
}

/**
 * nl_busy() - give up reading something that keeps changing
 * @nl: connection
 *
 * Return: EXIT_REFUSED
 */
int nl_busy(struct nl *nl)
{
	snprintf(nl->error, sizeof(nl->error),
		 "the configuration kept changing while it was read; try again");
	return EXIT_REFUSED;
}

/* Requests and answers. */

static void *begin_message(struct nl *nl, __u16 type, __u16 flags,
			   size_t header)
{
	nl->request = mnl_nlmsg_put_header(nl->room);
	nl->request->nlmsg_type = type;
	nl->request->nlmsg_flags = NLM_F_REQUEST | flags;
	nl->request->nlmsg_seq = ++nl->seq;
	nl->header = header;
	return mnl_nlmsg_put_extra_header(nl->request, header);
}

static void begin_generic(struct nl *nl, __u16 type, __u8 cmd, __u8 version,
			  __u16 flags)
{
	struct genlmsghdr *genl;

	genl = begin_message(nl, type, flags, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = version;
}

/**
 * nl_begin() - begin a request
 * @nl: connection
 * @cmd: enum nat64_cmd
 * @flags: NLM_F_*
 *
 * Return: the request, for its attributes; at most NL_REQUEST_SIZE bytes
 */
struct nlmsghdr *nl_begin(struct nl *nl, __u8 cmd, __u16 flags)
{
	begin_generic(nl, nl->family, cmd, NAT64_GENL_VERSION, flags);
	return nl->request;
}

/**
 * nl_begin_link() - begin a request about devices
 * @nl: connection that nl_open_route() opened
 * @type: RTM_GETLINK or RTM_SETLINK
 * @flags: NLM_F_*
 * @index: device, or 0 for all
 *
 * Return: the request, for its attributes
 */
struct nlmsghdr *nl_begin_link(struct nl *nl, __u16 type, __u16 flags,
			       int index)
{
	struct ifinfomsg *ifi;

	ifi = begin_message(nl, type, flags, sizeof(*ifi));
	ifi->ifi_index = index;
	return nl->request;
}

static bool holds_byte(const struct nlattr *attr, const char *byte)
{
	return byte >= (const char *)attr &&
	       byte < (const char *)attr + attr->nla_len;
}

/* The index, among attributes of its type, of the one that holds a byte. */
static long find_attr(const struct nl *nl, __u32 offset)
{
	const struct nlmsghdr *request = nl->request;
	const char *byte = (const char *)request + offset;
	const struct nlattr *attr, *other;
	long i = 0;

	mnl_attr_for_each(attr, request, nl->header) {
		if (!holds_byte(attr, byte))
			continue;
		mnl_attr_for_each(other, request, nl->header) {
			if (other == attr)
				return i;
			i += mnl_attr_get_type(other) == mnl_attr_get_type(attr);
		}
	}
	return -1;
}

/* The text of a refusal, in the attributes from @offset on, or the number's. */
static void store_error(struct nl *nl, const struct nlmsghdr *nlh,
			unsigned int offset, int error)
{
	const struct nlattr *attr;
	__u32 bad = 0;

	nl->number = error;
	snprintf(nl->error, sizeof(nl->error), "%s%s", strerror(error),
		 error == EPERM ? ": changes need CAP_NET_ADMIN" : "");
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	mnl_attr_for_each(attr, nlh, offset) {
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG) {
			nl_fetch_string(attr, nl->error, sizeof(nl->error));
		} else if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_OFFS) {
			nl_fetch_value(attr, &bad, sizeof(bad));
			nl->bad = find_attr(nl, bad);
		}
	}
}

/* An acknowledgment. Returns 0 or a negative error number. */
static int read_ack(struct nl *nl, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *ack = mnl_nlmsg_get_payload(nlh);
	unsigned int offset = sizeof(*ack);

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*ack))
		return -EBADMSG;
	if (ack->error && !(nlh->nlmsg_flags & NLM_F_CAPPED))
		offset += mnl_nlmsg_get_payload_len(&ack->msg);
	if (ack->error)
		store_error(nl, nlh, MNL_ALIGN(offset), -ack->error);
	return ack->error;
}

/* The end of a listing. Returns 0 or a negative error number. */
static int read_done(struct nl *nl, const struct nlmsghdr *nlh)
{
	const int *error = mnl_nlmsg_get_payload(nlh);

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*error) || *error >= 0)
		return 0;
	store_error(nl, nlh, MNL_ALIGN(sizeof(*error)), -*error);
	return *error;
}

/**
 * struct answer - how far the answer to a request has come
 * @message: called for each message
 * @data: for @message
 * @interrupted: a listing is not consistent
 * @done: it is complete
 * @error: 0 or a negative error number
 */
struct answer {
	nl_message_fn	*message;
	void		*data;
	bool		interrupted;
	bool		done;
	int		error;
};

static void read_message(struct nl *nl, const struct nlmsghdr *nlh,
			 struct answer *answer)
{
	if (nlh->nlmsg_seq != nl->seq)
		return;
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		answer->interrupted = true;
	if (nlh->nlmsg_type == NLMSG_ERROR) {
		answer->error = read_ack(nl, nlh);
		answer->done = true;
	} else if (nlh->nlmsg_type == NLMSG_DONE) {
		answer->error = read_done(nl, nlh);
		answer->done = true;
	} else if (nlh->nlmsg_type >= NLMSG_MIN_TYPE && answer->message) {
		answer->message(nlh, answer->data);
	}
}

/* Sends the request and reads the answer. Returns 0 or a negative number. */
static int send_request(struct nl *nl, struct answer *answer)
{
	const struct nlmsghdr *nlh;
	ssize_t ret;
	int len;

	nl->bad = -1;
	nl->number = 0;
	if (mnl_socket_sendto(nl->sock, nl->request,
			      nl->request->nlmsg_len) < 0) {
		set_error(nl, "cannot ask the kernel");
		return -EIO;
	}
	while (!answer->done) {
		ret = mnl_socket_recvfrom(nl->sock, nl->answer, ANSWER_SIZE);
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret < 0) {
			set_error(nl, "cannot read the kernel's answer");
			return -EIO;
		}
		len = ret;
		for (nlh = (void *)nl->answer; mnl_nlmsg_ok(nlh, len);
		     nlh = mnl_nlmsg_next(nlh, &len))
			read_message(nl, nlh, answer);
	}
	return answer->error;
}

/**
 * nl_request() - send the request that nl_begin() began, and read its answer
 * @nl: connection
 * @message: called for each message of the answer, or NULL
 * @data: for @message
 *
 * The request needs NLM_F_ACK or NLM_F_DUMP, so that its answer has an end.
 */
int nl_request(struct nl *nl, nl_message_fn *message, void *data)
{
	struct answer answer = { .message = message, .data = data };

	return send_request(nl, &answer) ? EXIT_REFUSED : EXIT_OK;
}

/**
 * nl_dump() - send the request that nl_begin() began, for a consistent listing
 * @nl: connection
 * @message: called for each message of the answer
 * @restart: called when the listing starts over, to forget earlier messages
 * @data: for @message and @restart
 */
int nl_dump(struct nl *nl, nl_message_fn *message, nl_restart_fn *restart,
	    void *data)
{
	int i;

	for (i = 0; i < NL_TRIES; i++) {
		struct answer answer = { .message = message, .data = data };

		if (send_request(nl, &answer))
			return EXIT_REFUSED;
		if (!answer.interrupted)
			return EXIT_OK;
		restart(data);
		nl->request->nlmsg_seq = ++nl->seq;
	}
	return nl_busy(nl);
}

static void read_events(struct nl *nl, int len, nl_message_fn *message,
			void *data)
{
	const struct nlmsghdr *nlh;

	for (nlh = (void *)nl->answer; mnl_nlmsg_ok(nlh, len);
	     nlh = mnl_nlmsg_next(nlh, &len))
		if (nlh->nlmsg_type == nl->family)
			message(nlh, data);
}

/**
 * nl_listen() - wait for notifications, until the connection breaks
 * @nl: connection
 * @message: called for each; with NULL when some were lost
 * @data: for @message
 */
int nl_listen(struct nl *nl, nl_message_fn *message, void *data)
{
	int fd = mnl_socket_get_fd(nl->sock);
	int size = EVENTS_SIZE;
	ssize_t len;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (mnl_socket_setsockopt(nl->sock, NETLINK_ADD_MEMBERSHIP, &nl->group,
				  sizeof(nl->group)))
		return set_error(nl, "cannot subscribe to changes");
	for (;;) {
		len = mnl_socket_recvfrom(nl->sock, nl->answer, ANSWER_SIZE);
		if (len >= 0)
			read_events(nl, len, message, data);
		else if (errno == ENOBUFS)
			message(NULL, data);
		else if (errno != EINTR)
			return set_error(nl, "cannot read changes");
	}
}

/* The family: its number, and the number of its multicast group. */

/**
 * struct group - a multicast group
 * @name: its name
 * @id: its number
 */
struct group {
	char	name[GENL_NAMSIZ];
	__u32	id;
};

static const struct nl_field group_fields[] = {
	NL_FIELD(CTRL_ATTR_MCAST_GRP_NAME, struct group, name, nl_fetch_string),
	NL_FIELD(CTRL_ATTR_MCAST_GRP_ID, struct group, id, nl_fetch_value),
};

static void fetch_groups(const struct nlattr *nest, void *to, size_t size)
{
	const struct nlattr *attr;
	__u32 *id = to;

	(void)size;
	mnl_attr_for_each_nested(attr, nest) {
		struct group group = {};

		nl_fetch_nest(attr, group_fields, ARRAY_SIZE(group_fields),
			      &group);
		if (!strcmp(group.name, NAT64_MCGRP_CONFIG_NAME))
			*id = group.id;
	}
}

static const struct nl_field family_fields[] = {
	NL_FIELD(CTRL_ATTR_FAMILY_ID, struct nl, family, nl_fetch_value),
	NL_FIELD(CTRL_ATTR_MCAST_GROUPS, struct nl, group, fetch_groups),
};

static void fetch_family(const struct nlmsghdr *nlh, void *data)
{
	nl_fetch_message(nlh, family_fields, ARRAY_SIZE(family_fields), data);
}

static int find_family(struct nl *nl, const char *name)
{
	struct answer answer = { .message = fetch_family, .data = nl };

	begin_generic(nl, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, NLM_F_ACK);
	mnl_attr_put_strz(nl->request, CTRL_ATTR_FAMILY_NAME, name);
	return send_request(nl, &answer);
}

/**
 * nl_alloc() - make a connection that is not open yet
 */
struct nl *nl_alloc(void)
{
	struct nl *nl = xrealloc(NULL, 1, sizeof(*nl));

	memset(nl, 0, sizeof(*nl));
	nl->bad = -1;
	return nl;
}

static int open_socket(struct nl *nl, int bus)
{
	int on = 1;

	nl->sock = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (!nl->sock || mnl_socket_bind(nl->sock, 0, MNL_SOCKET_AUTOPID))
		return set_error(nl, "cannot open a netlink socket");
	mnl_socket_setsockopt(nl->sock, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(nl->sock, NETLINK_CAP_ACK, &on, sizeof(on));
	return EXIT_OK;
}

/**
 * nl_open() - open a connection to the module in this network namespace
 * @nl: connection
 */
int nl_open(struct nl *nl)
{
	int error;

	if (open_socket(nl, NETLINK_GENERIC))
		return EXIT_REFUSED;
	error = find_family(nl, NAT64_GENL_NAME);
	if (error == -ENOENT) {
		snprintf(nl->error, sizeof(nl->error),
			 "the nat64 module is not loaded; load it with: modprobe nat64");
		return EXIT_NO_MODULE;
	}
	return error ? EXIT_REFUSED : EXIT_OK;
}

/**
 * nl_open_family() - open a connection to another family of generic netlink
 * @nl: connection
 * @name: name of the family
 */
int nl_open_family(struct nl *nl, const char *name)
{
	if (open_socket(nl, NETLINK_GENERIC) || find_family(nl, name))
		return EXIT_REFUSED;
	return EXIT_OK;
}

/**
 * nl_open_route() - open a connection to the devices of this network namespace
 * @nl: connection
 */
int nl_open_route(struct nl *nl)
{
	return open_socket(nl, NETLINK_ROUTE);
}

/**
 * nl_close() - close a connection and free it
 * @nl: connection, or NULL
 */
void nl_close(struct nl *nl)
{
	if (nl && nl->sock)
		mnl_socket_close(nl->sock);
	free(nl);
}
