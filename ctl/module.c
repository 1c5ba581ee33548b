// SPDX-License-Identifier: GPL-2.0-only
#include "module.h"

#include <linux/genetlink.h>
#include <linux/nat64.h>
#include <string.h>

#include "nl.h"
#include "nl_attr.h"

/* Most bytes that one NAT64_A_EAM takes. */
#define EAM_SIZE	96

static void restart_reply(void *data)
{
	reply_free(data);
}

/* A request that is acknowledged and answered. */
static int request_reply(struct nl *nl, struct reply *reply)
{
	return nl_request(nl, nl_fetch_reply, reply);
}

static int request_list(struct nl *nl, struct reply *reply)
{
	return nl_dump(nl, nl_fetch_reply, restart_reply, reply);
}

static int request_ack(struct nl *nl)
{
	return nl_request(nl, NULL, NULL);
}

static struct nlmsghdr *begin_change(struct nl *nl, __u8 cmd, __u16 how,
				     unsigned int flags)
{
	struct nlmsghdr *nlh = nl_begin(nl, cmd, NLM_F_ACK | how);

	if (flags & MODULE_STAGED)
		mnl_attr_put(nlh, NAT64_A_STAGED, 0, NULL);
	if (flags & MODULE_FORCE)
		mnl_attr_put(nlh, NAT64_A_FORCE, 0, NULL);
	return nlh;
}

/**
 * module_status() - ask for the state
 * @nl: connection
 * @reply: filled in
 */
int module_status(struct nl *nl, struct reply *reply)
{
	nl_begin(nl, NAT64_CMD_STATUS_GET, NLM_F_ACK);
	return request_reply(nl, reply);
}

/**
 * module_stats() - ask for all counters
 * @nl: connection
 * @reply: filled in
 */
int module_stats(struct nl *nl, struct reply *reply)
{
	nl_begin(nl, NAT64_CMD_STATS_GET, NLM_F_ACK);
	return request_reply(nl, reply);
}

/**
 * module_stats_reset() - set all counters to zero
 * @nl: connection
 */
int module_stats_reset(struct nl *nl)
{
	nl_begin(nl, NAT64_CMD_STATS_RESET, NLM_F_ACK);
	return request_ack(nl);
}

/**
 * module_prefix_add() - add a translation prefix
 * @nl: connection
 * @t: translation prefix; one that stands already becomes primary, if it says so
 * @flags: of enum module_flags
 */
int module_prefix_add(struct nl *nl, const struct pref64 *t, unsigned int flags)
{
	__u16 how = NLM_F_CREATE | (t->primary ? 0 : NLM_F_EXCL);

	nl_put_pref64(begin_change(nl, NAT64_CMD_PREFIX_NEW, how, flags), t);
	return request_ack(nl);
}

/**
 * module_prefix_del() - delete a translation prefix
 * @nl: connection
 * @p: translation prefix
 */
int module_prefix_del(struct nl *nl, const struct prefix6 *p)
{
	struct pref64 t = { .prefix = *p };

	nl_put_pref64(nl_begin(nl, NAT64_CMD_PREFIX_DEL, NLM_F_ACK), &t);
	return request_ack(nl);
}

/**
 * module_prefix_list() - ask for all translation prefixes
 * @nl: connection
 * @reply: filled in
 */
int module_prefix_list(struct nl *nl, struct reply *reply)
{
	nl_begin(nl, NAT64_CMD_PREFIX_GET, NLM_F_DUMP);
	return request_list(nl, reply);
}

/* As many mappings as fit into one request. Returns how many. */
static size_t put_eams(struct nl *nl, const struct eam *eams, size_t n,
		       unsigned int flags)
{
	__u16 how = NLM_F_CREATE |
		    (flags & MODULE_REPLACE ? NLM_F_REPLACE : NLM_F_EXCL);
	struct nlmsghdr *nlh;
	size_t i;

	nlh = begin_change(nl, NAT64_CMD_EAM_NEW, how, flags);
	for (i = 0; i < n && nlh->nlmsg_len + EAM_SIZE <= NL_REQUEST_SIZE; i++)
		nl_put_eam(nlh, &eams[i]);
	return i;
}

/**
 * module_eam_add() - add mappings, as many in each request as fit
 * @nl: connection
 * @eams: mappings
 * @n: number of them
 * @flags: of enum module_flags
 * @bad: on an error, index of the mapping that was refused, or @n if the error
 *	was about none of them; may be NULL
 */
int module_eam_add(struct nl *nl, const struct eam *eams, size_t n,
		   unsigned int flags, size_t *bad)
{
	size_t sent, done = 0;
	long index;

	while (done < n) {
		sent = put_eams(nl, eams + done, n - done, flags);
		if (request_ack(nl)) {
			index = nl_bad_attr(nl);
			if (bad)
				*bad = index < 0 ? n : done + index;
			return EXIT_REFUSED;
		}
		done += sent;
	}
	return EXIT_OK;
}

/**
 * module_eam_del() - delete a mapping
 * @nl: connection
 * @p: its IPv4 or IPv6 prefix
 */
int module_eam_del(struct nl *nl, const struct prefix *p)
{
	nl_put_eam_name(nl_begin(nl, NAT64_CMD_EAM_DEL, NLM_F_ACK), p);
	return request_ack(nl);
}

/**
 * module_eam_list() - ask for mappings
 * @nl: connection
 * @inside: those inside this prefix; AF_UNSPEC for all
 * @reply: filled in
 */
int module_eam_list(struct nl *nl, const struct prefix *inside,
		    struct reply *reply)
{
	struct nlmsghdr *nlh = nl_begin(nl, NAT64_CMD_EAM_GET, NLM_F_DUMP);

	if (inside->family != AF_UNSPEC)
		nl_put_eam_name(nlh, inside);
	return request_list(nl, reply);
}

/**
 * module_eam_flush() - delete all mappings
 * @nl: connection
 */
int module_eam_flush(struct nl *nl)
{
	nl_begin(nl, NAT64_CMD_EAM_FLUSH, NLM_F_ACK);
	return request_ack(nl);
}

/**
 * module_lookup() - ask what an address becomes
 * @nl: connection
 * @addr: a single address
 * @reply: filled in
 */
int module_lookup(struct nl *nl, const struct prefix *addr, struct reply *reply)
{
	nl_put_addr(nl_begin(nl, NAT64_CMD_LOOKUP, NLM_F_ACK), addr);
	return request_reply(nl, reply);
}

/**
 * module_counters() - ask for the counters of mappings that had packets
 * @nl: connection
 * @reply: filled in; its counters are in the order of counters_compare()
 */
int module_counters(struct nl *nl, struct reply *reply)
{
	int ret;

	nl_begin(nl, NAT64_CMD_USE_GET, NLM_F_DUMP);
	ret = nl_request(nl, nl_fetch_counters, reply);
	if (!ret)
		counters_sort(reply);
	return ret;
}

/**
 * module_explain() - ask what would become of a packet
 * @nl: connection
 * @p: its mark and its device
 * @bytes: the packet from its network header on
 * @len: its length
 * @explained: filled in
 */
int module_explain(struct nl *nl, const struct packet *p, const void *bytes,
		   size_t len, struct explained *explained)
{
	struct nlmsghdr *nlh = nl_begin(nl, NAT64_CMD_EXPLAIN, NLM_F_ACK);
	struct nlattr *nest = mnl_attr_nest_start(nlh, NAT64_A_EXPLAIN);

	mnl_attr_put(nlh, NAT64_EXPLAIN_A_PACKET, len, bytes);
	if (p->mark)
		mnl_attr_put_u32(nlh, NAT64_EXPLAIN_A_MARK, p->mark);
	if (p->in)
		mnl_attr_put_u32(nlh, NAT64_EXPLAIN_A_IN, p->in);
	mnl_attr_nest_end(nlh, nest);
	return nl_request(nl, nl_fetch_explained, explained);
}

/**
 * module_settings_get() - ask for all settings
 * @nl: connection
 * @values: SETTINGS_MAX of them, filled in
 */
int module_settings_get(struct nl *nl, struct setting_value *values)
{
	struct reply reply = {};
	int ret;

	nl_begin(nl, NAT64_CMD_SETTINGS_GET, NLM_F_ACK);
	ret = request_reply(nl, &reply);
	memcpy(values, reply.conf.settings, sizeof(reply.conf.settings));
	reply_free(&reply);
	return ret;
}

/**
 * module_settings_set() - change settings
 * @nl: connection
 * @values: SETTINGS_MAX of them; those that are not given stay
 * @flags: 0 or MODULE_STAGED
 */
int module_settings_set(struct nl *nl, const struct setting_value *values,
			unsigned int flags)
{
	nl_put_settings(begin_change(nl, NAT64_CMD_SETTINGS_SET, 0, flags),
			values);
	return request_ack(nl);
}

/* The three parts of a configuration, which may be of different times. */
static int read_parts(struct nl *nl, struct conf *conf)
{
	const struct prefix all = { .family = AF_UNSPEC };
	struct reply prefixes = {}, eams = {};
	int ret;

	ret = module_prefix_list(nl, &prefixes);
	if (!ret)
		ret = module_eam_list(nl, &all, &eams);
	*conf = eams.conf;
	conf->n_pref64s = prefixes.conf.n_pref64s;
	memcpy(conf->pref64s, prefixes.conf.pref64s, sizeof(conf->pref64s));
	reply_free(&prefixes);
	return ret ? ret : module_settings_get(nl, conf->settings);
}

static int read_generation(struct nl *nl, __u32 *generation)
{
	struct reply reply = {};
	int ret;

	ret = module_status(nl, &reply);
	*generation = reply.generation;
	reply_free(&reply);
	return ret;
}

/**
 * module_conf_get() - ask for the whole configuration, as it is at one time
 * @nl: connection
 * @conf: filled in, in the order of conf_sort(); to be freed whatever is
 *	returned
 */
int module_conf_get(struct nl *nl, struct conf *conf)
{
	__u32 before, after;
	int ret = EXIT_OK;
	int i;

	for (i = 0; i < NL_TRIES && !ret; i++) {
		conf_free(conf);
		ret = read_generation(nl, &before);
		if (!ret)
			ret = read_parts(nl, conf);
		if (!ret)
			ret = read_generation(nl, &after);
		if (!ret && before == after) {
			conf_sort(conf);
			return EXIT_OK;
		}
	}
	return ret ? ret : nl_busy(nl);
}

/**
 * module_load_begin() - open an empty configuration
 * @nl: connection
 * @n_eams: number of mappings to come
 * @force: throw away what another process is loading
 */
int module_load_begin(struct nl *nl, size_t n_eams, bool force)
{
	struct nlmsghdr *nlh = nl_begin(nl, NAT64_CMD_LOAD_BEGIN, NLM_F_ACK);

	mnl_attr_put_u32(nlh, NAT64_A_LIMIT, n_eams);
	if (force)
		mnl_attr_put(nlh, NAT64_A_FORCE, 0, NULL);
	return request_ack(nl);
}

/**
 * module_load_commit() - put the configuration that was opened in place
 * @nl: connection
 * @reply: filled in
 */
int module_load_commit(struct nl *nl, struct reply *reply)
{
	nl_begin(nl, NAT64_CMD_LOAD_COMMIT, NLM_F_ACK);
	return request_reply(nl, reply);
}

/**
 * module_load_abort() - throw away the configuration that was opened
 * @nl: connection
 */
void module_load_abort(struct nl *nl)
{
	nl_begin(nl, NAT64_CMD_LOAD_ABORT, NLM_F_ACK);
	request_ack(nl);
}

/**
 * struct listener - what to call for events
 * @event: called for each
 * @data: for @event
 */
struct listener {
	module_event_fn	*event;
	void		*data;
};

static void read_event(const struct nlmsghdr *nlh, void *data)
{
	const struct listener *listener = data;
	const struct genlmsghdr *genl;
	struct reply reply = {};

	if (!nlh) {
		listener->event(listener->data, NAT64_CMD_UNSPEC, &reply);
		return;
	}
	genl = mnl_nlmsg_get_payload(nlh);
	reply.replace = nlh->nlmsg_flags & NLM_F_REPLACE;
	nl_fetch_reply(nlh, &reply);
	listener->event(listener->data, genl->cmd, &reply);
	reply_free(&reply);
}

/**
 * module_monitor() - wait for changes, until the connection breaks
 * @nl: connection
 * @event: called for each; with NAT64_CMD_UNSPEC when some were lost
 * @data: for @event
 */
int module_monitor(struct nl *nl, module_event_fn *event, void *data)
{
	struct listener listener = { .event = event, .data = data };

	return nl_listen(nl, read_event, &listener);
}
