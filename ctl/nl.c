// SPDX-License-Identifier: GPL-2.0
#include "nl.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/nat64.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "ctl.h"

/* A request: the largest that is sure to fit a socket buffer twice. */
#define REQUEST_SIZE	(60 * 1024)

/* The kernel fills at most 32 KiB at a time. */
#define ANSWER_SIZE	(64 * 1024)

/* Most bytes that one NAT64_A_EAM takes. */
#define EAM_SIZE	96

/* Notifications that wait while the terminal is slow. */
#define MONITOR_BUFFER	(4 * 1024 * 1024)

/* How often a listing starts over when changes get in between. */
#define TRIES		8

/**
 * struct nl - a connection to the module
 * @sock: socket, or NULL
 * @portid: its address
 * @seq: number of the last request
 * @family: number of the family
 * @group: number of the multicast group
 * @request: the request that is being made
 * @room: memory of @request
 * @answer: memory for answers
 * @bad: which NAT64_A_EAM of the last request was refused, or -1
 * @error: text of the last error
 */
struct nl {
	struct mnl_socket	*sock;
	unsigned int		portid;
	unsigned int		seq;
	__u16			family;
	__u32			group;
	struct nlmsghdr		*request;
	char			room[REQUEST_SIZE];
	char			answer[ANSWER_SIZE];
	long			bad;
	char			error[512];
};

typedef void nl_message_fn(const struct nlmsghdr *nlh, void *data);

/**
 * nl_error() - text of the last error
 * @nl: connection
 */
const char *nl_error(const struct nl *nl)
{
	return nl->error;
}

/**
 * nl_bad_eam() - which of the mappings given to nl_eam_add() was refused
 * @nl: connection
 *
 * Return: its index, or -1 if it was none of them
 */
long nl_bad_eam(const struct nl *nl)
{
	return nl->bad;
}

static int failed(struct nl *nl, const char *what)
{
	snprintf(nl->error, sizeof(nl->error), "%s: %s", what, strerror(errno));
	return REFUSED;
}

/* Attributes. What comes from the kernel is checked for its size here. */

static bool fetch(const struct nlattr *attr, void *to, size_t size)
{
	if (mnl_attr_get_payload_len(attr) != size)
		return false;
	memcpy(to, mnl_attr_get_payload(attr), size);
	return true;
}

static void fetch_string(const struct nlattr *attr, char *to, size_t size)
{
	size_t len = strnlen(mnl_attr_get_payload(attr),
			     mnl_attr_get_payload_len(attr));

	snprintf(to, size, "%.*s", (int)len,
		 (const char *)mnl_attr_get_payload(attr));
}

static __u8 fetch_u8(const struct nlattr *attr)
{
	__u8 value = 0;

	fetch(attr, &value, sizeof(value));
	return value;
}

static __u32 fetch_u32(const struct nlattr *attr)
{
	__u32 value = 0;

	fetch(attr, &value, sizeof(value));
	return value;
}

static __u64 fetch_u64(const struct nlattr *attr)
{
	__u64 value = 0;

	fetch(attr, &value, sizeof(value));
	return value;
}

static void fetch_translation(const struct nlattr *nest, struct translation *t)
{
	const struct nlattr *attr;

	memset(t, 0, sizeof(*t));
	mnl_attr_for_each_nested(attr, nest) {
		switch (mnl_attr_get_type(attr)) {
		case NAT64_PREFIX_A_ADDR:
			fetch(attr, &t->prefix.addr, sizeof(t->prefix.addr));
			break;
		case NAT64_PREFIX_A_LEN:
			t->prefix.len = fetch_u8(attr);
			break;
		case NAT64_PREFIX_A_PRIMARY:
			t->primary = true;
			break;
		}
	}
}

static void fetch_eam(const struct nlattr *nest, struct eam *eam)
{
	const struct nlattr *attr;
	struct translation own;

	memset(eam, 0, sizeof(*eam));
	eam->p4.len = 32;
	eam->p6.len = 128;
	mnl_attr_for_each_nested(attr, nest) {
		switch (mnl_attr_get_type(attr)) {
		case NAT64_EAM_A_ADDR4:
			fetch(attr, &eam->p4.addr, sizeof(eam->p4.addr));
			break;
		case NAT64_EAM_A_LEN4:
			eam->p4.len = fetch_u8(attr);
			break;
		case NAT64_EAM_A_ADDR6:
			fetch(attr, &eam->p6.addr, sizeof(eam->p6.addr));
			break;
		case NAT64_EAM_A_LEN6:
			eam->p6.len = fetch_u8(attr);
			break;
		case NAT64_EAM_A_PREFIX:
			fetch_translation(attr, &own);
			eam->own = own.prefix;
			break;
		}
	}
}

static void fetch_value(const struct nlattr *attr,
			const struct setting *setting,
			struct setting_value *value)
{
	value->given = true;
	switch (setting->kind) {
	case SETTING_POOL4:
		fetch(attr, &value->pool4.addr, sizeof(value->pool4.addr));
		break;
	case SETTING_POOL6:
		fetch(attr, &value->pool6.addr, sizeof(value->pool6.addr));
		break;
	case SETTING_MARK:
		value->mark = fetch_u32(attr);
		break;
	case SETTING_WORD:
	case SETTING_NUMBER:
	case SETTING_OCTET:
		value->number = setting->wide ? fetch_u32(attr) :
						fetch_u8(attr);
		break;
	}
}

static void fetch_value2(const struct nlattr *attr,
			 const struct setting *setting,
			 struct setting_value *value)
{
	if (setting->kind == SETTING_POOL4)
		value->pool4.len = fetch_u8(attr);
	else if (setting->kind == SETTING_POOL6)
		value->pool6.len = fetch_u8(attr);
	else
		value->mask = fetch_u32(attr);
}

static void fetch_settings(const struct nlattr *nest,
			   struct setting_value *values)
{
	const struct nlattr *attr;
	unsigned int type;
	unsigned int i;

	mnl_attr_for_each_nested(attr, nest) {
		type = mnl_attr_get_type(attr);
		for (i = 0; i < N_SETTINGS; i++) {
			if (settings_table[i].attr == type)
				fetch_value(attr, &settings_table[i],
					    &values[i]);
			else if (settings_table[i].attr2 == type)
				fetch_value2(attr, &settings_table[i],
					     &values[i]);
		}
	}
}

static void fetch_stat(const struct nlattr *nest, struct nl_reply *reply)
{
	const struct nlattr *attr;
	struct nl_stat *stat;

	reply->stats = xrealloc(reply->stats, reply->n_stats + 1,
				sizeof(*reply->stats));
	stat = &reply->stats[reply->n_stats++];
	memset(stat, 0, sizeof(*stat));
	mnl_attr_for_each_nested(attr, nest) {
		switch (mnl_attr_get_type(attr)) {
		case NAT64_STAT_A_NAME:
			fetch_string(attr, stat->name, sizeof(stat->name));
			break;
		case NAT64_STAT_A_VALUE:
			stat->value = fetch_u64(attr);
			break;
		}
	}
}

static void fetch_prefix_attr(const struct nlattr *attr, struct conf *conf)
{
	if (conf->n_translations < NAT64_MAX_PREFIXES)
		fetch_translation(attr,
				  &conf->translations[conf->n_translations++]);
}

static void fetch_eam_attr(const struct nlattr *attr, struct conf *conf)
{
	struct eam eam;

	fetch_eam(attr, &eam);
	conf_add_eam(conf, &eam);
}

static void fetch_attr(const struct nlattr *attr, struct nl_reply *reply)
{
	switch (mnl_attr_get_type(attr)) {
	case NAT64_A_PREFIX:
		fetch_prefix_attr(attr, &reply->conf);
		break;
	case NAT64_A_EAM:
		fetch_eam_attr(attr, &reply->conf);
		break;
	case NAT64_A_SETTINGS:
		fetch_settings(attr, reply->conf.settings);
		break;
	case NAT64_A_STAT:
		fetch_stat(attr, reply);
		break;
	case NAT64_A_ADDR4:
		reply->addr.family = AF_INET;
		reply->addr.p4.len = 32;
		fetch(attr, &reply->addr.p4.addr, sizeof(reply->addr.p4.addr));
		break;
	case NAT64_A_ADDR6:
		reply->addr.family = AF_INET6;
		reply->addr.p6.len = 128;
		fetch(attr, &reply->addr.p6.addr, sizeof(reply->addr.p6.addr));
		break;
	case NAT64_A_VERSION:
		fetch_string(attr, reply->version, sizeof(reply->version));
		break;
	case NAT64_A_ACTIVE:
		reply->active = fetch_u8(attr);
		break;
	case NAT64_A_COUNT:
		reply->count = fetch_u32(attr);
		break;
	case NAT64_A_LIMIT:
		reply->limit = fetch_u32(attr);
		break;
	case NAT64_A_DIGEST:
		reply->digest = fetch_u64(attr);
		break;
	case NAT64_A_GENERATION:
		reply->generation = fetch_u32(attr);
		break;
	case NAT64_A_CHANGED:
		reply->changed = fetch_u8(attr);
		break;
	}
}

static void fetch_reply(const struct nlmsghdr *nlh, void *data)
{
	struct nl_reply *reply = data;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
		fetch_attr(attr, reply);
}

/**
 * nl_reply_free() - free what a reply holds, and make it empty
 * @reply: reply
 */
void nl_reply_free(struct nl_reply *reply)
{
	conf_free(&reply->conf);
	free(reply->stats);
	free(reply->uses);
	memset(reply, 0, sizeof(*reply));
}

static void put_translation(struct nlmsghdr *nlh, __u16 type,
			    const struct translation *t)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);

	mnl_attr_put(nlh, NAT64_PREFIX_A_ADDR, sizeof(t->prefix.addr),
		     &t->prefix.addr);
	mnl_attr_put_u8(nlh, NAT64_PREFIX_A_LEN, t->prefix.len);
	if (t->primary)
		mnl_attr_put(nlh, NAT64_PREFIX_A_PRIMARY, 0, NULL);
	mnl_attr_nest_end(nlh, nest);
}

static void put_prefix4(struct nlmsghdr *nlh, const struct prefix4 *p)
{
	mnl_attr_put(nlh, NAT64_EAM_A_ADDR4, sizeof(p->addr), &p->addr);
	if (p->len != 32)
		mnl_attr_put_u8(nlh, NAT64_EAM_A_LEN4, p->len);
}

static void put_prefix6(struct nlmsghdr *nlh, const struct prefix6 *p)
{
	mnl_attr_put(nlh, NAT64_EAM_A_ADDR6, sizeof(p->addr), &p->addr);
	if (p->len != 128)
		mnl_attr_put_u8(nlh, NAT64_EAM_A_LEN6, p->len);
}

static void put_eam(struct nlmsghdr *nlh, const struct eam *eam)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, NAT64_A_EAM);
	struct translation own = { .prefix = eam->own };

	put_prefix4(nlh, &eam->p4);
	put_prefix6(nlh, &eam->p6);
	if (own.prefix.len)
		put_translation(nlh, NAT64_EAM_A_PREFIX, &own);
	mnl_attr_nest_end(nlh, nest);
}

/* A mapping, or several, named by a prefix of one family. */
static void put_eam_name(struct nlmsghdr *nlh, const struct prefix *p)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, NAT64_A_EAM);

	if (p->family == AF_INET)
		put_prefix4(nlh, &p->p4);
	else
		put_prefix6(nlh, &p->p6);
	mnl_attr_nest_end(nlh, nest);
}

static void put_value(struct nlmsghdr *nlh, const struct setting *setting,
		      const struct setting_value *value)
{
	switch (setting->kind) {
	case SETTING_POOL4:
		mnl_attr_put(nlh, setting->attr, sizeof(value->pool4.addr),
			     &value->pool4.addr);
		mnl_attr_put_u8(nlh, setting->attr2, value->pool4.len);
		break;
	case SETTING_POOL6:
		mnl_attr_put(nlh, setting->attr, sizeof(value->pool6.addr),
			     &value->pool6.addr);
		mnl_attr_put_u8(nlh, setting->attr2, value->pool6.len);
		break;
	case SETTING_MARK:
		mnl_attr_put_u32(nlh, setting->attr, value->mark);
		mnl_attr_put_u32(nlh, setting->attr2, value->mask);
		break;
	case SETTING_WORD:
	case SETTING_NUMBER:
	case SETTING_OCTET:
		if (setting->wide)
			mnl_attr_put_u32(nlh, setting->attr, value->number);
		else
			mnl_attr_put_u8(nlh, setting->attr, value->number);
		break;
	}
}

/* Requests and answers. */

static void begin_type(struct nl *nl, __u16 type, __u8 cmd, __u8 version,
		       __u16 flags)
{
	struct genlmsghdr *genl;

	nl->request = mnl_nlmsg_put_header(nl->room);
	nl->request->nlmsg_type = type;
	nl->request->nlmsg_flags = NLM_F_REQUEST | flags;
	nl->request->nlmsg_seq = ++nl->seq;
	genl = mnl_nlmsg_put_extra_header(nl->request, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = version;
}

static struct nlmsghdr *begin(struct nl *nl, __u8 cmd, __u16 flags)
{
	begin_type(nl, nl->family, cmd, NAT64_GENL_VERSION, flags);
	return nl->request;
}

static struct nlmsghdr *begin_flags(struct nl *nl, __u8 cmd, __u16 how,
				    unsigned int flags)
{
	struct nlmsghdr *nlh = begin(nl, cmd, NLM_F_ACK | how);

	if (flags & NL_STAGED)
		mnl_attr_put(nlh, NAT64_A_STAGED, 0, NULL);
	if (flags & NL_FORCE)
		mnl_attr_put(nlh, NAT64_A_FORCE, 0, NULL);
	return nlh;
}

/* Which NAT64_A_EAM of the request holds the byte at an offset. */
static long eam_at(const struct nlmsghdr *request, __u32 offset)
{
	const char *byte = (const char *)request + offset;
	const struct nlattr *attr;
	long i = 0;

	mnl_attr_for_each(attr, request, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) != NAT64_A_EAM)
			continue;
		if (byte >= (const char *)attr &&
		    byte < (const char *)attr + attr->nla_len)
			return i;
		i++;
	}
	return -1;
}

/* The text of a refusal, in the attributes from @offset on, or the number's. */
static void keep_error(struct nl *nl, const struct nlmsghdr *nlh,
		       unsigned int offset, int error)
{
	const struct nlattr *attr;

	snprintf(nl->error, sizeof(nl->error), "%s%s", strerror(error),
		 error == EPERM ? ": changes need CAP_NET_ADMIN" : "");
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	mnl_attr_for_each(attr, nlh, offset) {
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG)
			fetch_string(attr, nl->error, sizeof(nl->error));
		else if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_OFFS)
			nl->bad = eam_at(nl->request, fetch_u32(attr));
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
		keep_error(nl, nlh, MNL_ALIGN(offset), -ack->error);
	return ack->error;
}

/* The end of a listing. Returns 0 or a negative error number. */
static int read_done(struct nl *nl, const struct nlmsghdr *nlh)
{
	const int *error = mnl_nlmsg_get_payload(nlh);

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*error) || *error >= 0)
		return 0;
	keep_error(nl, nlh, MNL_ALIGN(sizeof(*error)), -*error);
	return *error;
}

/**
 * struct answer - how far the answer to a request has come
 * @got: called for each message
 * @data: for @got
 * @interrupted: a listing is not consistent
 * @done: it is complete
 * @error: 0 or a negative error number
 */
struct answer {
	nl_message_fn	*got;
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
	} else if (nlh->nlmsg_type >= NLMSG_MIN_TYPE && answer->got) {
		answer->got(nlh, answer->data);
	}
}

/* Sends the request and reads the answer. Returns 0 or a negative number. */
static int transact(struct nl *nl, struct answer *answer)
{
	const struct nlmsghdr *nlh;
	ssize_t ret;
	int len;

	nl->bad = -1;
	if (mnl_socket_sendto(nl->sock, nl->request,
			      nl->request->nlmsg_len) < 0) {
		failed(nl, "cannot ask the kernel");
		return -EIO;
	}
	while (!answer->done) {
		ret = mnl_socket_recvfrom(nl->sock, nl->answer, ANSWER_SIZE);
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret < 0) {
			failed(nl, "cannot read the kernel's answer");
			return -EIO;
		}
		len = ret;
		for (nlh = (void *)nl->answer; mnl_nlmsg_ok(nlh, len);
		     nlh = mnl_nlmsg_next(nlh, &len))
			read_message(nl, nlh, answer);
	}
	return answer->error;
}

/* A request that is acknowledged and perhaps answered. */
static int request(struct nl *nl, struct nl_reply *reply)
{
	struct answer answer = { .got = reply ? fetch_reply : NULL, .data = reply };

	return transact(nl, &answer) ? REFUSED : DONE;
}

/* A listing. Messages of one that was interrupted are forgotten. */
static int list(struct nl *nl, struct nl_reply *reply)
{
	int i;

	for (i = 0; i < TRIES; i++) {
		struct answer answer = { .got = fetch_reply, .data = reply };

		if (transact(nl, &answer))
			return REFUSED;
		if (!answer.interrupted)
			return DONE;
		nl_reply_free(reply);
		nl->request->nlmsg_seq = ++nl->seq;
	}
	snprintf(nl->error, sizeof(nl->error),
		 "the configuration kept changing while it was read; try again");
	return REFUSED;
}

/* The family: its number, and the number of its multicast group. */

static void fetch_group(const struct nlattr *nest, struct nl *nl)
{
	const struct nlattr *attr;
	char name[GENL_NAMSIZ] = "";
	__u32 id = 0;

	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_NAME)
			fetch_string(attr, name, sizeof(name));
		else if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_ID)
			id = fetch_u32(attr);
	}
	if (!strcmp(name, NAT64_MCGRP_CONFIG_NAME))
		nl->group = id;
}

static void fetch_family(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr, *group;
	struct nl *nl = data;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
			fetch(attr, &nl->family, sizeof(nl->family));
		if (mnl_attr_get_type(attr) != CTRL_ATTR_MCAST_GROUPS)
			continue;
		mnl_attr_for_each_nested(group, attr)
			fetch_group(group, nl);
	}
}

static int find_family(struct nl *nl)
{
	struct answer answer = { .got = fetch_family, .data = nl };
	int error;

	begin_type(nl, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, NLM_F_ACK);
	mnl_attr_put_strz(nl->request, CTRL_ATTR_FAMILY_NAME, NAT64_GENL_NAME);
	error = transact(nl, &answer);
	if (error == -ENOENT) {
		snprintf(nl->error, sizeof(nl->error),
			 "the nat64 module is not loaded; load it with: modprobe nat64");
		return NO_MODULE;
	}
	return error ? REFUSED : DONE;
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

/**
 * nl_open() - open a connection to the module in this network namespace
 * @nl: connection
 */
int nl_open(struct nl *nl)
{
	int on = 1;

	nl->sock = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!nl->sock || mnl_socket_bind(nl->sock, 0, MNL_SOCKET_AUTOPID))
		return failed(nl, "cannot open a netlink socket");
	nl->portid = mnl_socket_get_portid(nl->sock);
	mnl_socket_setsockopt(nl->sock, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(nl->sock, NETLINK_CAP_ACK, &on, sizeof(on));
	return find_family(nl);
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

/**
 * nl_status() - ask for the state
 * @nl: connection
 * @reply: filled in
 */
int nl_status(struct nl *nl, struct nl_reply *reply)
{
	begin(nl, NAT64_CMD_STATUS_GET, NLM_F_ACK);
	return request(nl, reply);
}

/**
 * nl_stats() - ask for all counters
 * @nl: connection
 * @reply: filled in
 */
int nl_stats(struct nl *nl, struct nl_reply *reply)
{
	begin(nl, NAT64_CMD_STATS_GET, NLM_F_ACK);
	return request(nl, reply);
}

/**
 * nl_stats_reset() - set all counters to zero
 * @nl: connection
 */
int nl_stats_reset(struct nl *nl)
{
	begin(nl, NAT64_CMD_STATS_RESET, NLM_F_ACK);
	return request(nl, NULL);
}

/**
 * nl_prefix_add() - add a translation prefix
 * @nl: connection
 * @t: translation prefix; one that stands already becomes primary, if it says so
 * @flags: of enum nl_add_flags
 */
int nl_prefix_add(struct nl *nl, const struct translation *t,
		  unsigned int flags)
{
	__u16 how = NLM_F_CREATE | (t->primary ? 0 : NLM_F_EXCL);
	struct nlmsghdr *nlh;

	nlh = begin_flags(nl, NAT64_CMD_PREFIX_NEW, how, flags);
	put_translation(nlh, NAT64_A_PREFIX, t);
	return request(nl, NULL);
}

/**
 * nl_prefix_del() - delete a translation prefix
 * @nl: connection
 * @p: translation prefix
 */
int nl_prefix_del(struct nl *nl, const struct prefix6 *p)
{
	struct translation t = { .prefix = *p };

	begin(nl, NAT64_CMD_PREFIX_DEL, NLM_F_ACK);
	put_translation(nl->request, NAT64_A_PREFIX, &t);
	return request(nl, NULL);
}

/**
 * nl_prefix_list() - ask for all translation prefixes
 * @nl: connection
 * @reply: filled in
 */
int nl_prefix_list(struct nl *nl, struct nl_reply *reply)
{
	begin(nl, NAT64_CMD_PREFIX_GET, NLM_F_DUMP);
	return list(nl, reply);
}

static size_t add_some(struct nl *nl, const struct eam *eams, size_t n,
		       unsigned int flags)
{
	__u16 how = NLM_F_CREATE |
		    (flags & NL_REPLACE ? NLM_F_REPLACE : NLM_F_EXCL);
	struct nlmsghdr *nlh;
	size_t i;

	nlh = begin_flags(nl, NAT64_CMD_EAM_NEW, how, flags);
	for (i = 0; i < n && nlh->nlmsg_len + EAM_SIZE <= REQUEST_SIZE; i++)
		put_eam(nlh, &eams[i]);
	return i;
}

/**
 * nl_eam_add() - add mappings, as many in each request as fit
 * @nl: connection
 * @eams: mappings
 * @n: number of them
 * @flags: of enum nl_add_flags
 */
int nl_eam_add(struct nl *nl, const struct eam *eams, size_t n,
	       unsigned int flags)
{
	size_t sent, done = 0;

	while (done < n) {
		sent = add_some(nl, eams + done, n - done, flags);
		if (request(nl, NULL)) {
			nl->bad += nl->bad < 0 ? 0 : (long)done;
			return REFUSED;
		}
		done += sent;
	}
	return DONE;
}

/**
 * nl_eam_del() - delete a mapping
 * @nl: connection
 * @p: its IPv4 or IPv6 prefix
 */
int nl_eam_del(struct nl *nl, const struct prefix *p)
{
	put_eam_name(begin(nl, NAT64_CMD_EAM_DEL, NLM_F_ACK), p);
	return request(nl, NULL);
}

/**
 * nl_eam_list() - ask for mappings
 * @nl: connection
 * @inside: those inside this prefix, or NULL for all
 * @reply: filled in
 */
int nl_eam_list(struct nl *nl, const struct prefix *inside,
		struct nl_reply *reply)
{
	begin(nl, NAT64_CMD_EAM_GET, NLM_F_DUMP);
	if (inside)
		put_eam_name(nl->request, inside);
	return list(nl, reply);
}

/**
 * nl_eam_flush() - delete all mappings
 * @nl: connection
 */
int nl_eam_flush(struct nl *nl)
{
	begin(nl, NAT64_CMD_EAM_FLUSH, NLM_F_ACK);
	return request(nl, NULL);
}

/**
 * nl_lookup() - ask what an address becomes
 * @nl: connection
 * @addr: a single address
 * @reply: filled in
 */
int nl_lookup(struct nl *nl, const struct prefix *addr, struct nl_reply *reply)
{
	struct nlmsghdr *nlh = begin(nl, NAT64_CMD_LOOKUP, NLM_F_ACK);

	if (addr->family == AF_INET)
		mnl_attr_put(nlh, NAT64_A_ADDR4, sizeof(addr->p4.addr),
			     &addr->p4.addr);
	else
		mnl_attr_put(nlh, NAT64_A_ADDR6, sizeof(addr->p6.addr),
			     &addr->p6.addr);
	return request(nl, reply);
}

static size_t fetch_header(const struct nlattr *attr, __u32 *to, size_t size)
{
	size_t len = mnl_attr_get_payload_len(attr);

	if (len > size)
		return 0;
	memcpy(to, mnl_attr_get_payload(attr), len);
	return len;
}

static void fetch_explained(const struct nlattr *attr, struct explained *e)
{
	switch (mnl_attr_get_type(attr)) {
	case NAT64_EXPLAIN_A_VERDICT:
		e->verdict = fetch_u8(attr);
		break;
	case NAT64_EXPLAIN_A_REASON:
		fetch_string(attr, e->reason, sizeof(e->reason));
		break;
	case NAT64_EXPLAIN_A_LOCAL:
		e->local = true;
		break;
	case NAT64_EXPLAIN_A_IN:
		e->in = fetch_u32(attr);
		break;
	case NAT64_EXPLAIN_A_SOURCE:
		fetch_eam(attr, &e->source);
		break;
	case NAT64_EXPLAIN_A_DESTINATION:
		fetch_eam(attr, &e->destination);
		break;
	case NAT64_EXPLAIN_A_PREFIX:
		fetch_translation(attr, &e->prefix);
		break;
	case NAT64_EXPLAIN_A_BETWEEN:
		e->between_len = fetch_header(attr, e->between,
					      sizeof(e->between));
		break;
	case NAT64_EXPLAIN_A_HEADER:
		e->header_len = fetch_header(attr, e->header,
					     sizeof(e->header));
		break;
	case NAT64_EXPLAIN_A_OUT:
		e->out = fetch_u32(attr);
		break;
	case NAT64_EXPLAIN_A_VIA4:
		e->via.family = AF_INET;
		fetch(attr, &e->via.p4.addr, sizeof(e->via.p4.addr));
		break;
	case NAT64_EXPLAIN_A_VIA6:
		e->via.family = AF_INET6;
		fetch(attr, &e->via.p6.addr, sizeof(e->via.p6.addr));
		break;
	case NAT64_EXPLAIN_A_MTU:
		e->mtu = fetch_u32(attr);
		break;
	case NAT64_EXPLAIN_A_SPLIT:
		e->split = fetch_u32(attr);
		break;
	case NAT64_EXPLAIN_A_ICMP_TYPE:
		e->type = fetch_u8(attr);
		e->has_answer = true;
		break;
	case NAT64_EXPLAIN_A_ICMP_CODE:
		e->code = fetch_u8(attr);
		break;
	case NAT64_EXPLAIN_A_ICMP_INFO:
		e->info = fetch_u32(attr);
		break;
	}
}

static void fetch_explanation(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr, *nest;

	mnl_attr_for_each(nest, nlh, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(nest) == NAT64_A_EXPLAIN)
			mnl_attr_for_each_nested(attr, nest)
				fetch_explained(attr, data);
}

static void fetch_use_attr(const struct nlattr *attr, struct use *use)
{
	switch (mnl_attr_get_type(attr)) {
	case NAT64_USE_A_PACKETS_6TO4:
		use->packets_6to4 = fetch_u64(attr);
		break;
	case NAT64_USE_A_OCTETS_6TO4:
		use->octets_6to4 = fetch_u64(attr);
		break;
	case NAT64_USE_A_PACKETS_4TO6:
		use->packets_4to6 = fetch_u64(attr);
		break;
	case NAT64_USE_A_OCTETS_4TO6:
		use->octets_4to6 = fetch_u64(attr);
		break;
	case NAT64_USE_A_IDLE:
		use->idle = fetch_u64(attr);
		break;
	}
}

/* One mapping and its counters. */
static void fetch_use(const struct nlmsghdr *nlh, void *data)
{
	struct nl_reply *reply = data;
	const struct nlattr *attr, *nest;
	struct use *use;

	/* There is room for 1, 3, 5, 9, 17, ... of them. */
	if (!(reply->n_uses & (reply->n_uses - 1)))
		reply->uses = xrealloc(reply->uses, 2 * reply->n_uses + 1,
				       sizeof(*reply->uses));
	use = &reply->uses[reply->n_uses++];
	memset(use, 0, sizeof(*use));
	mnl_attr_for_each(nest, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(nest) == NAT64_A_EAM)
			fetch_eam(nest, &use->eam);
		if (mnl_attr_get_type(nest) != NAT64_A_USE)
			continue;
		mnl_attr_for_each_nested(attr, nest)
			fetch_use_attr(attr, use);
	}
}

/**
 * use_compare() - order of counters by their mappings, for qsort()
 * @a: struct use
 * @b: struct use
 */
int use_compare(const void *a, const void *b)
{
	const struct eam *x = &((const struct use *)a)->eam;
	const struct eam *y = &((const struct use *)b)->eam;
	int order = conf_compare_eams(x, y);

	if (!order)
		order = memcmp(&x->p6.addr, &y->p6.addr, sizeof(x->p6.addr));
	return order ? order : x->p6.len - y->p6.len;
}

/* Each once. */
static void sort_uses(struct nl_reply *reply)
{
	size_t i, n = 0;

	if (!reply->n_uses)
		return;
	qsort(reply->uses, reply->n_uses, sizeof(*reply->uses), use_compare);
	for (i = 1; i < reply->n_uses; i++)
		if (use_compare(&reply->uses[n], &reply->uses[i]))
			reply->uses[++n] = reply->uses[i];
	reply->n_uses = n + 1;
}

/**
 * nl_use_list() - ask for the counters of mappings that had packets
 * @nl: connection
 * @reply: filled in; its uses are in the order of use_compare()
 */
int nl_use_list(struct nl *nl, struct nl_reply *reply)
{
	struct answer answer = { .got = fetch_use, .data = reply };

	begin(nl, NAT64_CMD_USE_GET, NLM_F_DUMP);
	if (transact(nl, &answer))
		return REFUSED;
	sort_uses(reply);
	return DONE;
}

/**
 * nl_explain() - ask what would become of a packet
 * @nl: connection
 * @packet: packet from its network header on
 * @len: its length
 * @explained: filled in
 */
int nl_explain(struct nl *nl, const void *packet, size_t len,
	       struct explained *explained)
{
	struct answer answer = { .got = fetch_explanation, .data = explained };
	struct nlmsghdr *nlh = begin(nl, NAT64_CMD_EXPLAIN, NLM_F_ACK);
	struct nlattr *nest = mnl_attr_nest_start(nlh, NAT64_A_EXPLAIN);

	mnl_attr_put(nlh, NAT64_EXPLAIN_A_PACKET, len, packet);
	mnl_attr_nest_end(nlh, nest);
	return transact(nl, &answer) ? REFUSED : DONE;
}

/**
 * nl_settings_get() - ask for all settings
 * @nl: connection
 * @values: as many as settings_table has, filled in
 */
int nl_settings_get(struct nl *nl, struct setting_value *values)
{
	struct nl_reply reply = {};
	int ret;

	begin(nl, NAT64_CMD_SETTINGS_GET, NLM_F_ACK);
	ret = request(nl, &reply);
	memcpy(values, reply.conf.settings, sizeof(reply.conf.settings));
	nl_reply_free(&reply);
	return ret;
}

/**
 * nl_settings_set() - change settings
 * @nl: connection
 * @values: as many as settings_table has; those that are not given stay
 * @staged: in the configuration that is being loaded
 */
int nl_settings_set(struct nl *nl, const struct setting_value *values,
		    bool staged)
{
	struct nlmsghdr *nlh;
	struct nlattr *nest;
	unsigned int i;

	nlh = begin_flags(nl, NAT64_CMD_SETTINGS_SET, 0,
			  staged ? NL_STAGED : 0);
	nest = mnl_attr_nest_start(nlh, NAT64_A_SETTINGS);
	for (i = 0; i < N_SETTINGS; i++)
		if (values[i].given)
			put_value(nlh, &settings_table[i], &values[i]);
	mnl_attr_nest_end(nlh, nest);
	return request(nl, NULL);
}

/**
 * nl_load_begin() - open an empty configuration
 * @nl: connection
 * @n_eams: number of mappings to come
 */
int nl_load_begin(struct nl *nl, size_t n_eams)
{
	begin(nl, NAT64_CMD_LOAD_BEGIN, NLM_F_ACK);
	mnl_attr_put_u32(nl->request, NAT64_A_LIMIT, n_eams);
	return request(nl, NULL);
}

/**
 * nl_load_commit() - put the configuration that was opened in place
 * @nl: connection
 * @reply: filled in
 */
int nl_load_commit(struct nl *nl, struct nl_reply *reply)
{
	begin(nl, NAT64_CMD_LOAD_COMMIT, NLM_F_ACK);
	return request(nl, reply);
}

/**
 * nl_load_abort() - throw away the configuration that was opened
 * @nl: connection; the text of an earlier error stays
 */
void nl_load_abort(struct nl *nl)
{
	char error[sizeof(nl->error)];
	long bad = nl->bad;

	memcpy(error, nl->error, sizeof(error));
	begin(nl, NAT64_CMD_LOAD_ABORT, NLM_F_ACK);
	request(nl, NULL);
	memcpy(nl->error, error, sizeof(error));
	nl->bad = bad;
}

static void read_events(struct nl *nl, int len, nl_event_fn *event, void *data)
{
	const struct nlmsghdr *nlh;
	const struct genlmsghdr *genl;

	for (nlh = (void *)nl->answer; mnl_nlmsg_ok(nlh, len);
	     nlh = mnl_nlmsg_next(nlh, &len)) {
		struct nl_reply reply = {};

		if (nlh->nlmsg_type != nl->family)
			continue;
		genl = mnl_nlmsg_get_payload(nlh);
		reply.replace = nlh->nlmsg_flags & NLM_F_REPLACE;
		fetch_reply(nlh, &reply);
		event(data, genl->cmd, &reply);
		nl_reply_free(&reply);
	}
}

/**
 * nl_monitor() - wait for changes, until the connection breaks
 * @nl: connection
 * @event: called for each; with NAT64_CMD_UNSPEC when some were lost
 * @data: for @event
 */
int nl_monitor(struct nl *nl, nl_event_fn *event, void *data)
{
	int fd = mnl_socket_get_fd(nl->sock);
	int size = MONITOR_BUFFER;
	struct nl_reply none = {};
	ssize_t len;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (mnl_socket_setsockopt(nl->sock, NETLINK_ADD_MEMBERSHIP, &nl->group,
				  sizeof(nl->group)))
		return failed(nl, "cannot subscribe to changes");
	for (;;) {
		len = mnl_socket_recvfrom(nl->sock, nl->answer, ANSWER_SIZE);
		if (len >= 0)
			read_events(nl, len, event, data);
		else if (errno == ENOBUFS)
			event(data, NAT64_CMD_UNSPEC, &none);
		else if (errno != EINTR)
			return failed(nl, "cannot read changes");
	}
}
