// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include <linux/inetdevice.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/sock.h>

#include "compat/genl.h"
#include "control.h"
#include "explain.h"
#include "load.h"
#include "mapping.h"
#include "netlink.h"
#include "prefix.h"
#include "version.h"

/* Room for one NAT64_A_EAM, one NAT64_A_STAT, and for all of STATUS_GET. */
#define EAM_SIZE	96
#define STAT_SIZE	64
#define STATUS_SIZE	256

/* Longest packet that is explained, and room for what there is to say. */
#define EXPLAIN_MAX	9216
#define EXPLAIN_SIZE	768

/* Bytes in front of that packet. */
#define EXPLAIN_ROOM	256

/* Mappings a dump looks at before others may run. */
#define DUMP_STEPS	1024

static struct genl_family family;

/* Policies: each command takes these attributes and no other. */

#define ADDR4	NLA_POLICY_EXACT_LEN(sizeof(__be32))
#define ADDR6	NLA_POLICY_EXACT_LEN(sizeof(struct in6_addr))
#define FLAG	{ .type = NLA_FLAG }
#define LEN4	NLA_POLICY_MAX(NLA_U8, 32)
#define LEN6	NLA_POLICY_RANGE(NLA_U8, 0, 128)
#define U8	{ .type = NLA_U8 }
#define U32	{ .type = NLA_U32 }

static const struct nla_policy prefix_policy[NAT64_PREFIX_A_MAX + 1] = {
	[NAT64_PREFIX_A_ADDR]		= ADDR6,
	[NAT64_PREFIX_A_LEN]		= U8,
	[NAT64_PREFIX_A_PRIMARY]	= FLAG,
};

static const struct nla_policy own_prefix_policy[NAT64_PREFIX_A_MAX + 1] = {
	[NAT64_PREFIX_A_ADDR]		= ADDR6,
	[NAT64_PREFIX_A_LEN]		= U8,
};

static const struct nla_policy eam_policy[NAT64_EAM_A_MAX + 1] = {
	[NAT64_EAM_A_ADDR4]		= ADDR4,
	[NAT64_EAM_A_LEN4]		= LEN4,
	[NAT64_EAM_A_ADDR6]		= ADDR6,
	[NAT64_EAM_A_LEN6]		= LEN6,
	[NAT64_EAM_A_PREFIX]		= NLA_POLICY_NESTED(own_prefix_policy),
};

static const struct nla_policy eam_name_policy[NAT64_EAM_A_MAX + 1] = {
	[NAT64_EAM_A_ADDR4]		= ADDR4,
	[NAT64_EAM_A_LEN4]		= LEN4,
	[NAT64_EAM_A_ADDR6]		= ADDR6,
	[NAT64_EAM_A_LEN6]		= LEN6,
};

static struct netlink_range_validation mtu_range = {
	.min = IPV6_MIN_MTU,
	.max = U16_MAX,
};

static const struct nla_policy settings_policy[NAT64_SETTING_MAX + 1] = {
	[NAT64_SETTING_UDP_ZERO_CHECKSUM] = NLA_POLICY_MAX(NLA_U8, NAT64_UDP_ZERO_DROP),
	[NAT64_SETTING_LOWEST_IPV6_MTU]	= NLA_POLICY_FULL_RANGE(NLA_U32, &mtu_range),
	[NAT64_SETTING_TOS]		= NLA_POLICY_MAX(NLA_U32, NAT64_COPY),
	[NAT64_SETTING_TRAFFIC_CLASS]	= NLA_POLICY_MAX(NLA_U32, NAT64_COPY),
	[NAT64_SETTING_ICMP_SOURCE4]	= ADDR4,
	[NAT64_SETTING_ICMP_SOURCE4_LEN] = LEN4,
	[NAT64_SETTING_ICMP_SOURCE6]	= ADDR6,
	[NAT64_SETTING_ICMP_SOURCE6_LEN] = LEN6,
	[NAT64_SETTING_ICMP_ERRORS]	= NLA_POLICY_MAX(NLA_U8, 1),
	[NAT64_SETTING_WKP_STRICT]	= NLA_POLICY_MAX(NLA_U8, 1),
	[NAT64_SETTING_HAIRPIN]		= NLA_POLICY_MAX(NLA_U8, 1),
	[NAT64_SETTING_FORWARDING]	= NLA_POLICY_MAX(NLA_U8, NAT64_FORWARDING_DIRECT),
	[NAT64_SETTING_LOCAL]		= NLA_POLICY_MAX(NLA_U8, 1),
	[NAT64_SETTING_MARK]		= U32,
	[NAT64_SETTING_MARK_MASK]	= U32,
	[NAT64_SETTING_COUNTERS]	= NLA_POLICY_MAX(NLA_U8, 1),
};

static const struct nla_policy explain_packet_policy[NAT64_EXPLAIN_A_MAX + 1] = {
	[NAT64_EXPLAIN_A_PACKET]	= NLA_POLICY_RANGE(NLA_BINARY, 20, EXPLAIN_MAX),
	[NAT64_EXPLAIN_A_MARK]		= U32,
	[NAT64_EXPLAIN_A_IN]		= U32,
};

static const struct nla_policy explain_policy[NAT64_A_MAX + 1] = {
	[NAT64_A_EXPLAIN]		= NLA_POLICY_NESTED(explain_packet_policy),
};

static const struct nla_policy nothing_policy[NAT64_A_MAX + 1] = { };

static const struct nla_policy prefix_new_policy[NAT64_A_MAX + 1] = {
	[NAT64_A_PREFIX]		= NLA_POLICY_NESTED(prefix_policy),
	[NAT64_A_FORCE]			= FLAG,
	[NAT64_A_STAGED]		= FLAG,
};

static const struct nla_policy prefix_del_policy[NAT64_A_MAX + 1] = {
	[NAT64_A_PREFIX]		= NLA_POLICY_NESTED(own_prefix_policy),
};

static const struct nla_policy eam_new_policy[NAT64_A_MAX + 1] = {
	[NAT64_A_EAM]			= NLA_POLICY_NESTED(eam_policy),
	[NAT64_A_FORCE]			= FLAG,
	[NAT64_A_STAGED]		= FLAG,
};

static const struct nla_policy eam_name_op_policy[NAT64_A_MAX + 1] = {
	[NAT64_A_EAM]			= NLA_POLICY_NESTED(eam_name_policy),
};

static const struct nla_policy lookup_policy[NAT64_A_MAX + 1] = {
	[NAT64_A_ADDR4]			= ADDR4,
	[NAT64_A_ADDR6]			= ADDR6,
};

static const struct nla_policy settings_set_policy[NAT64_A_MAX + 1] = {
	[NAT64_A_SETTINGS]		= NLA_POLICY_NESTED(settings_policy),
	[NAT64_A_STAGED]		= FLAG,
};

static const struct nla_policy load_begin_policy[NAT64_A_MAX + 1] = {
	[NAT64_A_LIMIT]			= U32,
};

/* Attributes in. The policies have seen to their sizes. */

static int parse_prefix(const struct nlattr *nest, struct in6_addr *addr,
			u8 *len, bool *primary, struct netlink_ext_ack *extack)
{
	struct nlattr *tb[NAT64_PREFIX_A_MAX + 1];
	int err;

	err = nla_parse_nested(tb, NAT64_PREFIX_A_MAX, nest, NULL, extack);
	if (err)
		return err;
	if (!tb[NAT64_PREFIX_A_ADDR] || !tb[NAT64_PREFIX_A_LEN]) {
		NL_SET_ERR_MSG_ATTR(extack, nest,
				    "a translation prefix is an address and a length");
		return -EINVAL;
	}
	*addr = nla_get_in6_addr(tb[NAT64_PREFIX_A_ADDR]);
	*len = nla_get_u8(tb[NAT64_PREFIX_A_LEN]);
	if (primary)
		*primary = tb[NAT64_PREFIX_A_PRIMARY];
	return 0;
}

static int parse_mapping(const struct nlattr *nest, struct nat64_mapping *m,
			 struct netlink_ext_ack *extack)
{
	struct nlattr *tb[NAT64_EAM_A_MAX + 1];
	int err;

	err = nla_parse_nested(tb, NAT64_EAM_A_MAX, nest, NULL, extack);
	if (err)
		return err;
	memset(m, 0, sizeof(*m));
	m->len4 = 32;
	m->len6 = 128;
	if (tb[NAT64_EAM_A_ADDR4])
		m->addr4 = nla_get_in_addr(tb[NAT64_EAM_A_ADDR4]);
	if (tb[NAT64_EAM_A_LEN4])
		m->len4 = nla_get_u8(tb[NAT64_EAM_A_LEN4]);
	if (tb[NAT64_EAM_A_ADDR6])
		m->addr6 = nla_get_in6_addr(tb[NAT64_EAM_A_ADDR6]);
	if (tb[NAT64_EAM_A_LEN6])
		m->len6 = nla_get_u8(tb[NAT64_EAM_A_LEN6]);
	m->has4 = tb[NAT64_EAM_A_ADDR4];
	m->has6 = tb[NAT64_EAM_A_ADDR6];
	m->has_prefix = tb[NAT64_EAM_A_PREFIX];
	if (!m->has_prefix)
		return 0;
	return parse_prefix(tb[NAT64_EAM_A_PREFIX], &m->prefix, &m->prefix_len,
			    NULL, extack);
}

#define FIELD(attr, field) {						\
	NAT64_SETTING_##attr,						\
	sizeof_field(struct nat64_settings, field),			\
	offsetof(struct nat64_settings, field),				\
}

/* On the wire as they are in memory. */
static const struct {
	u8 attr;
	u8 size;
	u8 offset;
} settings_fields[] = {
	FIELD(UDP_ZERO_CHECKSUM, udp_zero_checksum),
	FIELD(LOWEST_IPV6_MTU, lowest_ipv6_mtu),
	FIELD(TOS, tos),
	FIELD(TRAFFIC_CLASS, traffic_class),
	FIELD(ICMP_SOURCE4, icmp_source4),
	FIELD(ICMP_SOURCE4_LEN, icmp_source4_len),
	FIELD(ICMP_SOURCE6, icmp_source6),
	FIELD(ICMP_SOURCE6_LEN, icmp_source6_len),
	FIELD(ICMP_ERRORS, icmp_errors),
	FIELD(WKP_STRICT, wkp_strict),
	FIELD(HAIRPIN, hairpin),
	FIELD(FORWARDING, forwarding),
	FIELD(LOCAL, local),
	FIELD(MARK, mark),
	FIELD(MARK_MASK, mark_mask),
	FIELD(COUNTERS, counters),
};

static int parse_settings(const struct nlattr *nest, struct nat64_settings *set,
			  struct netlink_ext_ack *extack)
{
	struct nlattr *tb[NAT64_SETTING_MAX + 1];
	unsigned int i;
	int err;

	err = nla_parse_nested(tb, NAT64_SETTING_MAX, nest, NULL, extack);
	if (err)
		return err;
	if (tb[NAT64_SETTING_ICMP_SOURCE4])
		set->icmp_source4_len = 32;
	if (tb[NAT64_SETTING_ICMP_SOURCE6])
		set->icmp_source6_len = 128;
	if (tb[NAT64_SETTING_MARK])
		set->mark_mask = ~0;
	for (i = 0; i < ARRAY_SIZE(settings_fields); i++) {
		const struct nlattr *attr = tb[settings_fields[i].attr];

		if (attr)
			memcpy((void *)set + settings_fields[i].offset,
			       nla_data(attr), settings_fields[i].size);
	}
	if (!set->icmp_source4)
		set->icmp_source4_len = 0;
	if (ipv6_addr_any(&set->icmp_source6))
		set->icmp_source6_len = 0;
	return 0;
}

static void request_init(struct nat64_request *rq, struct genl_info *info)
{
	*rq = (struct nat64_request) {
		.nn = nat64_net(genl_info_net(info)),
		.extack = info->extack,
		.portid = info->snd_portid,
		.staged = info->attrs[NAT64_A_STAGED],
		.force = info->attrs[NAT64_A_FORCE],
		.create = info->nlhdr->nlmsg_flags & NLM_F_CREATE,
		.replace = info->nlhdr->nlmsg_flags & NLM_F_REPLACE,
	};
}

static int need_attr(const struct genl_info *info, unsigned int type,
		     const char *text)
{
	if (info->attrs[type])
		return 0;
	info->extack->_msg = text;
	return -EINVAL;
}

/* Attributes out. */

static int put_prefix(struct sk_buff *skb, int type,
		      const struct nat64_prefix *prefix, bool primary)
{
	struct nlattr *nest = nla_nest_start(skb, type);

	if (!nest ||
	    nla_put_in6_addr(skb, NAT64_PREFIX_A_ADDR, &prefix->addr) ||
	    nla_put_u8(skb, NAT64_PREFIX_A_LEN, prefix->len) ||
	    (primary && nla_put_flag(skb, NAT64_PREFIX_A_PRIMARY)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_own_prefix(struct sk_buff *skb, const struct nat64_eam *eam,
			  const struct nat64_prefix *prefixes)
{
	/* Named after this list of prefixes was read: the reader will be told. */
	if (eam->prefix_index == NAT64_PREFIX_PRIMARY || !prefixes[eam->prefix_index].len)
		return 0;
	return put_prefix(skb, NAT64_EAM_A_PREFIX, &prefixes[eam->prefix_index], false);
}

static int put_eam_as(struct sk_buff *skb, int type,
		      const struct nat64_eam *eam,
		      const struct nat64_prefix *prefixes)
{
	struct nlattr *nest = nla_nest_start(skb, type);

	if (!nest)
		return -EMSGSIZE;
	if (nla_put_in_addr(skb, NAT64_EAM_A_ADDR4, eam->addr4) ||
	    nla_put_u8(skb, NAT64_EAM_A_LEN4, eam->len4) ||
	    nla_put_in6_addr(skb, NAT64_EAM_A_ADDR6, &eam->addr6) ||
	    nla_put_u8(skb, NAT64_EAM_A_LEN6, eam->len6) ||
	    put_own_prefix(skb, eam, prefixes)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int put_eam(struct sk_buff *skb, const struct nat64_eam *eam,
		   const struct nat64_prefix *prefixes)
{
	return put_eam_as(skb, NAT64_A_EAM, eam, prefixes);
}

static int put_settings(struct sk_buff *skb, const struct nat64_settings *set)
{
	struct nlattr *nest = nla_nest_start(skb, NAT64_A_SETTINGS);
	unsigned int i;

	if (!nest)
		return -EMSGSIZE;
	for (i = 0; i < ARRAY_SIZE(settings_fields); i++)
		if (nla_put(skb, settings_fields[i].attr,
			    settings_fields[i].size,
			    (void *)set + settings_fields[i].offset))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_stat(struct sk_buff *skb, const char *name, u64 value)
{
	struct nlattr *nest = nla_nest_start(skb, NAT64_A_STAT);

	if (!nest || nla_put_string(skb, NAT64_STAT_A_NAME, name) ||
	    nla_put_u64_64bit(skb, NAT64_STAT_A_VALUE, value, NAT64_STAT_A_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_total(struct sk_buff *skb, const struct nat64_config *cfg)
{
	return nla_put_u32(skb, NAT64_A_COUNT, cfg->table->count) ?:
	       nla_put_u64_64bit(skb, NAT64_A_DIGEST, nat64_config_digest(cfg),
				 NAT64_A_PAD);
}

/* Answers. */

/**
 * struct message - an answer or a notification being made
 * @skb: netlink message
 * @hdr: its generic netlink header
 */
struct message {
	struct sk_buff	*skb;
	void		*hdr;
};

static int answer_begin(struct message *msg, struct genl_info *info,
			size_t size)
{
	msg->skb = genlmsg_new(size, GFP_KERNEL);
	if (!msg->skb)
		return -ENOMEM;
	msg->hdr = genlmsg_put_reply(msg->skb, info, &family, 0,
				     info->genlhdr->cmd);
	if (msg->hdr)
		return 0;
	nlmsg_free(msg->skb);
	return -EMSGSIZE;
}

static int answer_end(struct message *msg, struct genl_info *info, int err)
{
	if (err) {
		nlmsg_free(msg->skb);
		return err;
	}
	genlmsg_end(msg->skb, msg->hdr);
	return genlmsg_reply(msg->skb, info);
}

/* Notifications. They are sent under the lock, in the order of the changes. */

static bool is_wanted(struct genl_info *info)
{
	return info->nlhdr->nlmsg_flags & NLM_F_ECHO ||
	       genl_has_listeners(&family, genl_info_net(info), 0);
}

static bool event_begin(struct message *msg, struct genl_info *info, u8 cmd,
			size_t size)
{
	u16 flags = info->nlhdr->nlmsg_flags &
		    (NLM_F_CREATE | NLM_F_EXCL | NLM_F_REPLACE);

	if (!is_wanted(info))
		return false;
	msg->skb = genlmsg_new(size, GFP_KERNEL);
	if (msg->skb) {
		msg->hdr = genlmsg_put(msg->skb, info->snd_portid,
				       info->snd_seq, &family, flags, cmd);
		return true;
	}
	/* The listeners learn that they missed something. */
	genl_set_err(&family, genl_info_net(info), 0, 0, -ENOBUFS);
	return false;
}

static void event_end(struct message *msg, struct genl_info *info)
{
	genlmsg_end(msg->skb, msg->hdr);
	genl_notify(&family, msg->skb, info, 0, GFP_KERNEL);
}

static void notify_prefix(struct genl_info *info, u8 cmd,
			  const struct nat64_prefix *prefix, bool primary)
{
	struct message msg;

	if (!event_begin(&msg, info, cmd, EAM_SIZE))
		return;
	put_prefix(msg.skb, NAT64_A_PREFIX, prefix, primary);
	event_end(&msg, info);
}

static void notify_eams(struct genl_info *info, const struct nat64_request *rq)
{
	const struct nat64_batch_item *item = rq->batch->item;
	const struct nat64_batch_item *end = item + rq->batch->n;
	struct message msg;

	while (item < end &&
	       event_begin(&msg, info, info->genlhdr->cmd, NLMSG_GOODSIZE)) {
		while (item < end && !put_eam(msg.skb, item->new ?: item->old4,
					      rq->batch->prefixes))
			item++;
		event_end(&msg, info);
		cond_resched();
	}
}

static void notify_settings(struct genl_info *info,
			    const struct nat64_config *cfg)
{
	struct message msg;

	if (!event_begin(&msg, info, info->genlhdr->cmd, NLMSG_GOODSIZE))
		return;
	put_settings(msg.skb, &cfg->set);
	event_end(&msg, info);
}

static void notify_total(struct genl_info *info, const struct nat64_config *cfg)
{
	struct message msg;

	if (!event_begin(&msg, info, info->genlhdr->cmd, STATUS_SIZE))
		return;
	put_total(msg.skb, cfg);
	event_end(&msg, info);
}

/* STATUS_GET */

static int put_status(struct sk_buff *skb, struct nat64_net *nn)
{
	return nla_put_string(skb, NAT64_A_VERSION, NAT64_VERSION) ?:
	       nla_put_u8(skb, NAT64_A_ACTIVE, nn->pre_on) ?:
	       nla_put_u32(skb, NAT64_A_LIMIT, nat64_mapping_limit(nn)) ?:
	       nla_put_u32(skb, NAT64_A_GENERATION, nn->generation) ?:
	       put_total(skb, nat64_config_protected(nn));
}

static int status_get(struct sk_buff *skb, struct genl_info *info)
{
	struct nat64_net *nn = nat64_net(genl_info_net(info));
	struct message msg;
	int err;

	err = answer_begin(&msg, info, STATUS_SIZE);
	if (err)
		return err;
	mutex_lock(&nn->lock);
	err = put_status(msg.skb, nn);
	mutex_unlock(&nn->lock);
	return answer_end(&msg, info, err);
}

/* PREFIX_NEW, PREFIX_DEL, PREFIX_GET */

static int parse_prefix_request(struct genl_info *info, struct in6_addr *addr,
				u8 *len, bool *primary)
{
	return need_attr(info, NAT64_A_PREFIX,
			 "no translation prefix is given") ?:
	       parse_prefix(info->attrs[NAT64_A_PREFIX], addr, len, primary,
			    info->extack);
}

static void notify_primary(struct genl_info *info,
			   const struct nat64_config *cfg)
{
	notify_prefix(info, NAT64_CMD_PREFIX_NEW, &cfg->prefix[cfg->primary],
		      true);
}

static int prefix_new(struct sk_buff *skb, struct genl_info *info)
{
	const struct nat64_config *cfg;
	struct nat64_request rq;
	struct in6_addr addr;
	bool primary;
	u8 len, index;
	int err;

	err = parse_prefix_request(info, &addr, &len, &primary);
	if (err)
		return err;
	request_init(&rq, info);
	mutex_lock(&rq.nn->lock);
	err = nat64_prefix_add(&rq, &addr, len, primary);
	if (rq.changed) {
		cfg = nat64_config_protected(rq.nn);
		index = nat64_config_prefix_index(cfg, &addr, len);
		notify_prefix(info, NAT64_CMD_PREFIX_NEW, &cfg->prefix[index],
			      index == cfg->primary);
	}
	mutex_unlock(&rq.nn->lock);
	return err;
}

static int prefix_del(struct sk_buff *skb, struct genl_info *info)
{
	const struct nat64_config *cfg;
	struct nat64_prefix gone = { };
	struct nat64_request rq;
	u8 primary;
	int err;

	err = parse_prefix_request(info, &gone.addr, &gone.len, NULL);
	if (err)
		return err;
	request_init(&rq, info);
	mutex_lock(&rq.nn->lock);
	primary = nat64_config_protected(rq.nn)->primary;
	err = nat64_prefix_del(&rq, &gone.addr, gone.len);
	if (!err) {
		cfg = nat64_config_protected(rq.nn);
		notify_prefix(info, NAT64_CMD_PREFIX_DEL, &gone, false);
		if (cfg->n_order && cfg->primary != primary)
			notify_primary(info, cfg);
	}
	mutex_unlock(&rq.nn->lock);
	return err;
}

static int dump_prefix(struct sk_buff *skb, struct netlink_callback *cb,
		       const struct nat64_config *cfg, u8 index)
{
	void *hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				cb->nlh->nlmsg_seq, &family, NLM_F_MULTI,
				NAT64_CMD_PREFIX_GET);

	if (!hdr)
		return -EMSGSIZE;
	genl_dump_check_consistent(cb, hdr);
	if (put_prefix(skb, NAT64_A_PREFIX, &cfg->prefix[index],
		       index == cfg->primary)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

static int prefix_get_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nat64_net *nn = nat64_net(sock_net(skb->sk));
	const struct nat64_config *cfg;

	rcu_read_lock();
	cfg = rcu_dereference(nn->config);
	cb->seq = READ_ONCE(nn->generation);
	for (; cb->args[0] < cfg->n_order; cb->args[0]++)
		if (dump_prefix(skb, cb, cfg, cfg->added[cb->args[0]]))
			break;
	rcu_read_unlock();
	return skb->len;
}

/* EAM_NEW, EAM_DEL, EAM_FLUSH */

typedef int mapping_fn(struct nat64_request *rq, const struct nat64_mapping *m);

static unsigned int count_eams(const struct genl_info *info)
{
	const struct nlattr *attr;
	unsigned int n = 0;
	int rem;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem)
		n += nla_type(attr) == NAT64_A_EAM;
	return n;
}

static int do_each_eam(struct genl_info *info, struct nat64_request *rq,
		       mapping_fn *fn)
{
	struct nat64_mapping m;
	struct nlattr *attr;
	int err = 0;
	int rem;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != NAT64_A_EAM)
			continue;
		err = parse_mapping(attr, &m, info->extack) ?: fn(rq, &m);
		if (err) {
			NL_SET_BAD_ATTR(info->extack, attr);
			break;
		}
		cond_resched();
	}
	return err;
}

static int change_eams(struct genl_info *info, mapping_fn *fn)
{
	struct nat64_request rq;
	int err;

	err = need_attr(info, NAT64_A_EAM, "no mapping is given");
	if (err)
		return err;
	request_init(&rq, info);
	mutex_lock(&rq.nn->lock);
	err = nat64_mapping_begin(&rq, count_eams(info));
	if (!err) {
		err = do_each_eam(info, &rq, fn);
		if (!err && !rq.staged)
			notify_eams(info, &rq);
		nat64_mapping_end(&rq, err);
	}
	mutex_unlock(&rq.nn->lock);
	return err;
}

static int eam_new(struct sk_buff *skb, struct genl_info *info)
{
	if (!(info->nlhdr->nlmsg_flags & (NLM_F_CREATE | NLM_F_REPLACE))) {
		NL_SET_ERR_MSG(info->extack,
			       "neither NLM_F_CREATE nor NLM_F_REPLACE is given");
		return -EINVAL;
	}
	return change_eams(info, nat64_mapping_put);
}

static int eam_del(struct sk_buff *skb, struct genl_info *info)
{
	return change_eams(info, nat64_mapping_del);
}

static int eam_flush(struct sk_buff *skb, struct genl_info *info)
{
	struct nat64_request rq;
	int err;

	request_init(&rq, info);
	mutex_lock(&rq.nn->lock);
	err = nat64_config_flush(&rq);
	if (rq.changed)
		notify_total(info, nat64_config_protected(rq.nn));
	mutex_unlock(&rq.nn->lock);
	return err;
}

/* EAM_GET */

/* Anybody may ask: texts that name what is missing are for administrators. */
static int put_eam_named(struct sk_buff *skb, struct nat64_net *nn,
			 const struct nat64_mapping *m,
			 struct netlink_ext_ack *extack)
{
	const struct nat64_config *cfg = nat64_config_protected(nn);
	const struct nat64_request rq = { .nn = nn };
	const struct nat64_eam *eam;

	eam = nat64_mapping_find(&rq, cfg->table, m);
	if (!IS_ERR(eam))
		return put_eam(skb, eam, cfg->prefix);
	NL_SET_ERR_MSG(extack, "there is no such mapping");
	return PTR_ERR(eam);
}

static int eam_get(struct sk_buff *skb, struct genl_info *info)
{
	struct nat64_net *nn = nat64_net(genl_info_net(info));
	struct nat64_mapping m;
	struct message msg;
	int err;

	err = need_attr(info, NAT64_A_EAM, "no mapping is given") ?:
	      parse_mapping(info->attrs[NAT64_A_EAM], &m, info->extack) ?:
	      answer_begin(&msg, info, EAM_SIZE);
	if (err)
		return err;
	mutex_lock(&nn->lock);
	err = put_eam_named(msg.skb, nn, &m, info->extack);
	mutex_unlock(&nn->lock);
	return answer_end(&msg, info, err);
}

/**
 * struct eam_dump - a list of mappings on its way to its reader
 * @walk: the pass over the table
 * @filter: prefixes that all mappings lie inside
 * @next: mapping that had no room in the last message
 * @has_next: there is one
 * @prefix: translation prefixes by index
 */
struct eam_dump {
	struct nat64_walk	walk;
	struct nat64_mapping	filter;
	struct nat64_eam	next;
	bool			has_next;
	struct nat64_prefix	prefix[NAT64_MAX_PREFIXES];
};

static int parse_filter(struct netlink_callback *cb, struct nat64_mapping *m)
{
	struct nlattr *tb[NAT64_A_MAX + 1];
	int err;

	memset(m, 0, sizeof(*m));
	err = nlmsg_parse(cb->nlh, GENL_HDRLEN, tb, NAT64_A_MAX,
			  eam_name_op_policy, cb->extack);
	if (!err && tb[NAT64_A_EAM])
		err = parse_mapping(tb[NAT64_A_EAM], m, cb->extack);
	return err;
}

static int eam_get_start(struct netlink_callback *cb)
{
	struct nat64_net *nn = nat64_net(sock_net(cb->skb->sk));
	struct eam_dump *dump;
	int err;

	dump = kzalloc(sizeof(*dump), GFP_KERNEL_ACCOUNT);
	if (!dump)
		return -ENOMEM;
	err = parse_filter(cb, &dump->filter);
	if (err) {
		kfree(dump);
		return err;
	}
	nat64_config_walk_begin(nn, &dump->walk, dump->prefix);
	cb->args[0] = (long)dump;
	return 0;
}

static int eam_get_done(struct netlink_callback *cb)
{
	struct nat64_net *nn = nat64_net(sock_net(cb->skb->sk));
	struct eam_dump *dump = (void *)cb->args[0];

	nat64_config_walk_end(nn, &dump->walk);
	kfree(dump);
	return 0;
}

static bool is_inside(const struct nat64_eam *eam,
		      const struct nat64_mapping *filter)
{
	if (filter->has4 &&
	    (eam->len4 < filter->len4 ||
	     (eam->addr4 ^ filter->addr4) & inet_make_mask(filter->len4)))
		return false;
	return !filter->has6 ||
	       (eam->len6 >= filter->len6 &&
		ipv6_prefix_equal(&eam->addr6, &filter->addr6, filter->len6));
}

static int dump_eam(struct sk_buff *skb, struct netlink_callback *cb,
		    struct eam_dump *dump, const struct nat64_eam *eam)
{
	void *hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				cb->nlh->nlmsg_seq, &family, NLM_F_MULTI,
				NAT64_CMD_EAM_GET);

	if (!hdr)
		return -EMSGSIZE;
	genl_dump_check_consistent(cb, hdr);
	if (put_eam(skb, eam, dump->prefix)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

/*
 * Dumps DUMP_STEPS mappings, or as many as there is room for. No change is half
 * done under the lock, and every one that was done since counts. Returns whether
 * to go on.
 */
static bool dump_stretch(struct sk_buff *skb, struct netlink_callback *cb,
			 struct nat64_net *nn, struct eam_dump *dump)
{
	const struct nat64_eam *eam;
	unsigned int i;

	cb->seq = nn->generation + dump->walk.rewinds;
	if (!dump->walk.table)
		return false;
	nat64_walk_start(&dump->walk);
	for (i = 0; i < DUMP_STEPS; i++) {
		eam = nat64_walk_next(&dump->walk);
		/* Once the table has grown, some mappings come twice. */
		cb->seq = nn->generation + dump->walk.rewinds;
		if (!eam)
			break;
		if (is_inside(eam, &dump->filter) &&
		    dump_eam(skb, cb, dump, eam)) {
			dump->next = *eam;
			dump->has_next = true;
			break;
		}
	}
	nat64_walk_stop(&dump->walk);
	return i == DUMP_STEPS;
}

static int eam_get_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nat64_net *nn = nat64_net(sock_net(skb->sk));
	struct eam_dump *dump = (void *)cb->args[0];
	bool more = true;

	cb->seq = READ_ONCE(nn->generation) + dump->walk.rewinds;
	if (dump->has_next && !dump_eam(skb, cb, dump, &dump->next))
		dump->has_next = false;
	while (more && !dump->has_next) {
		mutex_lock(&nn->lock);
		more = dump_stretch(skb, cb, nn, dump);
		mutex_unlock(&nn->lock);
		cond_resched();
	}
	return skb->len;
}

/* LOOKUP */

static int put_result4(struct sk_buff *skb, __be32 addr4)
{
	return nla_put_u8(skb, NAT64_A_FAMILY, 4) ?:
	       nla_put_in_addr(skb, NAT64_A_ADDR4, addr4);
}

static int put_result6(struct sk_buff *skb, const struct in6_addr *addr6)
{
	return nla_put_u8(skb, NAT64_A_FAMILY, 6) ?:
	       nla_put_in6_addr(skb, NAT64_A_ADDR6, addr6);
}

static bool is_refused(const struct nat64_config *cfg,
		       const struct nat64_prefix *prefix, __be32 addr4)
{
	return prefix->wkp && cfg->set.wkp_strict &&
	       !nat64_addr4_is_global(addr4);
}

static int refuse_not_global(struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG(extack,
		       "64:ff9b::/96 does not carry this IPv4 address, which is not global (wkp-strict)");
	return -ENOENT;
}

static int refuse_unknown(struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG(extack,
		       "the address lies in no mapping and in no translation prefix");
	return -ENOENT;
}

static int lookup4(struct sk_buff *skb, const struct nat64_config *cfg,
		   __be32 addr4, struct netlink_ext_ack *extack)
{
	const struct nat64_prefix *prefix = &cfg->prefix[cfg->primary];
	const struct nat64_eam *eam = nat64_eam_find4(cfg->table, addr4);
	struct in6_addr addr6;

	if (eam) {
		nat64_eam_to6(eam, addr4, &addr6);
		return put_result6(skb, &addr6) ?:
		       put_eam(skb, eam, cfg->prefix);
	}
	if (!cfg->n_order)
		return refuse_unknown(extack);
	if (is_refused(cfg, prefix, addr4))
		return refuse_not_global(extack);
	nat64_addr_embed(prefix, addr4, &addr6);
	return put_result6(skb, &addr6) ?:
	       put_prefix(skb, NAT64_A_PREFIX, prefix, true);
}

static int lookup_prefix(struct sk_buff *skb, const struct nat64_config *cfg,
			 u8 index, const struct in6_addr *addr6,
			 struct netlink_ext_ack *extack)
{
	const struct nat64_prefix *prefix = &cfg->prefix[index];
	__be32 addr4;

	if (nat64_addr_extract(prefix, addr6, &addr4)) {
		NL_SET_ERR_MSG(extack,
			       "bits 64 to 71 of the address are not zero (RFC 6052)");
		return -ENOENT;
	}
	if (is_refused(cfg, prefix, addr4))
		return refuse_not_global(extack);
	return put_result4(skb, addr4) ?:
	       put_prefix(skb, NAT64_A_PREFIX, prefix, index == cfg->primary);
}

static int lookup6(struct sk_buff *skb, const struct nat64_config *cfg,
		   const struct in6_addr *addr6, struct netlink_ext_ack *extack)
{
	const struct nat64_eam *eam = nat64_eam_find6(cfg->table, addr6);
	unsigned int i;
	u8 index;

	if (eam)
		return put_result4(skb, nat64_eam_to4(eam, addr6)) ?:
		       put_eam(skb, eam, cfg->prefix);
	for (i = 0; i < cfg->n_order; i++) {
		index = cfg->order[i];
		if (nat64_prefix_match(&cfg->prefix[index], addr6))
			return lookup_prefix(skb, cfg, index, addr6, extack);
	}
	return refuse_unknown(extack);
}

static int lookup(struct sk_buff *skb, struct genl_info *info)
{
	struct nat64_net *nn = nat64_net(genl_info_net(info));
	struct nlattr *attr4 = info->attrs[NAT64_A_ADDR4];
	struct nlattr *attr6 = info->attrs[NAT64_A_ADDR6];
	const struct nat64_config *cfg;
	struct in6_addr addr6;
	struct message msg;
	int err;

	if (!attr4 == !attr6) {
		NL_SET_ERR_MSG(info->extack,
			       "one address is looked up at a time");
		return -EINVAL;
	}
	err = answer_begin(&msg, info, EAM_SIZE + STATUS_SIZE);
	if (err)
		return err;
	rcu_read_lock();
	cfg = rcu_dereference(nn->config);
	if (attr4) {
		err = lookup4(msg.skb, cfg, nla_get_in_addr(attr4),
			      info->extack);
	} else {
		addr6 = nla_get_in6_addr(attr6);
		err = lookup6(msg.skb, cfg, &addr6, info->extack);
	}
	rcu_read_unlock();
	return answer_end(&msg, info, err);
}

/* SETTINGS_GET, SETTINGS_SET */

static int settings_get(struct sk_buff *skb, struct genl_info *info)
{
	struct nat64_net *nn = nat64_net(genl_info_net(info));
	struct message msg;
	int err;

	err = answer_begin(&msg, info, NLMSG_GOODSIZE);
	if (err)
		return err;
	rcu_read_lock();
	err = put_settings(msg.skb, &rcu_dereference(nn->config)->set);
	rcu_read_unlock();
	return answer_end(&msg, info, err);
}

static int change_settings(struct genl_info *info, struct nat64_request *rq)
{
	const struct nat64_config *cfg = nat64_request_config(rq);
	struct nat64_settings set;
	int err;

	if (IS_ERR(cfg))
		return PTR_ERR(cfg);
	memcpy(&set, &cfg->set, sizeof(set));
	err = parse_settings(info->attrs[NAT64_A_SETTINGS], &set, rq->extack);
	if (err)
		return err;
	return nat64_settings_set(rq, &set);
}

static int settings_set(struct sk_buff *skb, struct genl_info *info)
{
	struct nat64_request rq;
	int err;

	err = need_attr(info, NAT64_A_SETTINGS, "no setting is given");
	if (err)
		return err;
	request_init(&rq, info);
	mutex_lock(&rq.nn->lock);
	err = change_settings(info, &rq);
	if (rq.changed)
		notify_settings(info, nat64_config_protected(rq.nn));
	mutex_unlock(&rq.nn->lock);
	return err;
}

/* LOAD_BEGIN, LOAD_COMMIT, LOAD_ABORT */

static int load_begin(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *hint = info->attrs[NAT64_A_LIMIT];
	struct nat64_request rq;
	int err;

	request_init(&rq, info);
	mutex_lock(&rq.nn->lock);
	err = nat64_load_begin(&rq, hint ? nla_get_u32(hint) : 0);
	mutex_unlock(&rq.nn->lock);
	return err;
}

static int load_commit(struct sk_buff *skb, struct genl_info *info)
{
	struct nat64_request rq;
	struct message msg;
	int err;

	err = answer_begin(&msg, info, STATUS_SIZE);
	if (err)
		return err;
	request_init(&rq, info);
	rq.staged = true;
	mutex_lock(&rq.nn->lock);
	err = nat64_load_commit(&rq);
	if (rq.changed)
		notify_total(info, nat64_config_protected(rq.nn));
	if (!err)
		err = nla_put_u8(msg.skb, NAT64_A_CHANGED, rq.changed) ?:
		      put_total(msg.skb, nat64_config_protected(rq.nn));
	mutex_unlock(&rq.nn->lock);
	return answer_end(&msg, info, err);
}

static int load_abort(struct sk_buff *skb, struct genl_info *info)
{
	struct nat64_request rq;
	int err;

	request_init(&rq, info);
	rq.staged = true;
	mutex_lock(&rq.nn->lock);
	err = nat64_load_abort(&rq);
	mutex_unlock(&rq.nn->lock);
	return err;
}

/* STATS_GET, STATS_RESET */

static int put_stats(struct sk_buff *skb, struct nat64_net *nn)
{
	u64 sum[NAT64_N_COUNTERS];
	unsigned int i;
	int err = 0;

	nat64_stats_sum(nn->stats, sum);
	for (i = NAT64_OK + 1; !err && i < NAT64_N_COUNTERS; i++)
		err = put_stat(skb, nat64_counter_names[i],
			       sum[i] - nn->stats_base[i]);
	return err;
}

static int stats_get(struct sk_buff *skb, struct genl_info *info)
{
	struct nat64_net *nn = nat64_net(genl_info_net(info));
	struct message msg;
	int err;

	err = answer_begin(&msg, info, STAT_SIZE * NAT64_N_COUNTERS);
	if (err)
		return err;
	mutex_lock(&nn->lock);
	err = put_stats(msg.skb, nn);
	mutex_unlock(&nn->lock);
	return answer_end(&msg, info, err);
}

static int stats_reset(struct sk_buff *skb, struct genl_info *info)
{
	struct nat64_net *nn = nat64_net(genl_info_net(info));
	struct message msg;
	int err = 0;

	mutex_lock(&nn->lock);
	if (nat64_config_protected(nn)->set.counters)
		err = nat64_uses_renew(nn);
	if (!err)
		nat64_stats_sum(nn->stats, nn->stats_base);
	if (!err && event_begin(&msg, info, info->genlhdr->cmd, 0))
		event_end(&msg, info);
	mutex_unlock(&nn->lock);
	return err;
}

/* EXPLAIN */

static int put_mappings(struct sk_buff *skb, const struct nat64_explained *e)
{
	const struct nat64_prefix *prefixes = e->p.cfg->prefix;
	const struct nat64_prefix *prefix = e->p.prefix;
	const struct nat64_eam *src_eam = e->p.src_eam;
	const struct nat64_eam *dst_eam = e->has_back ? e->back.dst_eam :
							e->p.dst_eam;

	if (src_eam &&
	    put_eam_as(skb, NAT64_EXPLAIN_A_SOURCE, src_eam, prefixes))
		return -EMSGSIZE;
	if (dst_eam &&
	    put_eam_as(skb, NAT64_EXPLAIN_A_DESTINATION, dst_eam, prefixes))
		return -EMSGSIZE;
	return !prefix ? 0 :
	       put_prefix(skb, NAT64_EXPLAIN_A_PREFIX, prefix,
			  prefix == &prefixes[e->p.cfg->primary]);
}

static int put_via6(struct sk_buff *skb, const struct nat64_pkt *p)
{
	const struct rt6_info *rt = (const struct rt6_info *)p->dst;
	struct in6_addr via = *rt6_nexthop(rt, (struct in6_addr *)&p->a.dst6);

	return ipv6_addr_equal(&via, &p->a.dst6) ? 0 :
	       nla_put_in6_addr(skb, NAT64_EXPLAIN_A_VIA6, &via);
}

static int put_via4(struct sk_buff *skb, const struct nat64_pkt *p)
{
	const struct rtable *rt = container_of(p->dst, struct rtable, dst);

	if (rt->rt_gw_family == AF_INET6)
		return nla_put_in6_addr(skb, NAT64_EXPLAIN_A_VIA6, &rt->rt_gw6);
	return rt->rt_gw_family != AF_INET ? 0 :
	       nla_put_in_addr(skb, NAT64_EXPLAIN_A_VIA4, rt->rt_gw4);
}

/* Headers and the way, once for each pass of a hairpinned packet. */
static int put_translated(struct sk_buff *skb, const struct nat64_explained *e)
{
	const struct nat64_pkt *p = e->has_back ? &e->back : &e->p;
	bool to4 = p->family == 6;
	u8 header[sizeof(struct ipv6hdr) + sizeof(struct frag_hdr)];
	unsigned int len;

	if (to4) {
		len = nat64_explain_header4(&e->p, header);
		if (nla_put(skb, e->has_back ? NAT64_EXPLAIN_A_BETWEEN :
			    NAT64_EXPLAIN_A_HEADER, len, header))
			return -EMSGSIZE;
	}
	if (!to4 || e->has_back) {
		len = nat64_explain_header6(p, header);
		if (nla_put(skb, NAT64_EXPLAIN_A_HEADER, len, header) ||
		    put_via6(skb, p))
			return -EMSGSIZE;
	} else if (put_via4(skb, p)) {
		return -EMSGSIZE;
	}
	return nla_put_u32(skb, NAT64_EXPLAIN_A_OUT, p->dst->dev->ifindex) ?:
	       nla_put_u32(skb, NAT64_EXPLAIN_A_MTU, p->mtu) ?:
	       !p->split ? 0 :
	       nla_put_u32(skb, NAT64_EXPLAIN_A_SPLIT, p->split);
}

static int put_refused(struct sk_buff *skb, const struct nat64_icmp_error *error)
{
	return nla_put_u8(skb, NAT64_EXPLAIN_A_ICMP_TYPE, error->type) ?:
	       nla_put_u8(skb, NAT64_EXPLAIN_A_ICMP_CODE, error->code) ?:
	       nla_put_u32(skb, NAT64_EXPLAIN_A_ICMP_INFO, error->info);
}

static int put_explained(struct sk_buff *skb, const struct nat64_explained *e)
{
	struct nlattr *nest = nla_nest_start(skb, NAT64_A_EXPLAIN);
	int err;

	if (!nest || nla_put_u8(skb, NAT64_EXPLAIN_A_VERDICT, e->verdict) ||
	    nla_put_u32(skb, NAT64_EXPLAIN_A_IN, e->p.in->ifindex) ||
	    (e->p.local && nla_put_flag(skb, NAT64_EXPLAIN_A_LOCAL)) ||
	    (e->reason &&
	     nla_put_string(skb, NAT64_EXPLAIN_A_REASON, e->reason)))
		return -EMSGSIZE;
	err = put_mappings(skb, e);
	if (!err && e->verdict == NAT64_VERDICT_TRANSLATED)
		err = put_translated(skb, e);
	if (!err && e->has_error)
		err = put_refused(skb, &e->error);
	nla_nest_end(skb, nest);
	return err;
}

/* With head room as a driver leaves it: the dry run does not depend on it. */
static struct sk_buff *make_packet(const struct nlattr *attr)
{
	struct sk_buff *skb = alloc_skb(EXPLAIN_ROOM + nla_len(attr),
					GFP_KERNEL);

	if (!skb)
		return NULL;
	skb_reserve(skb, EXPLAIN_ROOM);
	nla_memcpy(skb_put(skb, nla_len(attr)), attr, nla_len(attr));
	skb_reset_mac_header(skb);
	skb_reset_network_header(skb);
	skb->protocol = ip_hdr(skb)->version == 4 ? htons(ETH_P_IP) :
						    htons(ETH_P_IPV6);
	return skb;
}

static int explain_packet(struct sk_buff *skb, struct nat64_net *nn,
			  struct sk_buff *packet, const struct nlattr *attr,
			  struct netlink_ext_ack *extack)
{
	struct net_device *in = NULL;
	struct nat64_explained e;
	int err = -ENODEV;

	local_bh_disable();
	rcu_read_lock();
	if (attr)
		in = dev_get_by_index_rcu(nn->net, nla_get_u32(attr));
	if (!attr || in) {
		nat64_explain_begin(&e, nn, packet, in);
		err = put_explained(skb, &e);
		nat64_explain_end(&e);
	} else {
		NL_SET_ERR_MSG_ATTR(extack, attr, "there is no such device");
	}
	rcu_read_unlock();
	local_bh_enable();
	return err;
}

static int explain(struct sk_buff *skb, struct genl_info *info)
{
	struct nat64_net *nn = nat64_net(genl_info_net(info));
	struct nlattr *tb[NAT64_EXPLAIN_A_MAX + 1];
	struct sk_buff *packet;
	struct message msg;
	int err;

	err = need_attr(info, NAT64_A_EXPLAIN, "no packet is given") ?:
	      nla_parse_nested(tb, NAT64_EXPLAIN_A_MAX,
			       info->attrs[NAT64_A_EXPLAIN], NULL,
			       info->extack);
	if (err)
		return err;
	if (!tb[NAT64_EXPLAIN_A_PACKET]) {
		NL_SET_ERR_MSG(info->extack, "no packet is given");
		return -EINVAL;
	}
	packet = make_packet(tb[NAT64_EXPLAIN_A_PACKET]);
	if (!packet)
		return -ENOMEM;
	if (tb[NAT64_EXPLAIN_A_MARK])
		packet->mark = nla_get_u32(tb[NAT64_EXPLAIN_A_MARK]);
	if (nat64_explain_is_whole(packet)) {
		err = answer_begin(&msg, info, EXPLAIN_SIZE);
	} else {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[NAT64_EXPLAIN_A_PACKET],
				    "this is no whole IPv4 or IPv6 packet");
		err = -EINVAL;
	}
	if (!err) {
		err = explain_packet(msg.skb, nn, packet,
				     tb[NAT64_EXPLAIN_A_IN], info->extack);
		err = answer_end(&msg, info, err);
	}
	kfree_skb(packet);
	return err;
}

/* USE_GET */

/**
 * struct use_dump - counters of mappings on their way to their reader
 * @walk: the pass over them
 * @key: mapping that had no room in the last message
 * @sum: its counters
 * @has_next: there is one
 * @is_counting: mappings were counted at the start
 */
struct use_dump {
	struct nat64_use_walk	walk;
	struct nat64_use_key	key;
	struct nat64_use_sum	sum;
	bool			has_next;
	bool			is_counting;
};

static int use_get_start(struct netlink_callback *cb)
{
	struct use_dump *dump = kzalloc(sizeof(*dump), GFP_KERNEL_ACCOUNT);

	if (!dump)
		return -ENOMEM;
	nat64_use_walk_begin(nat64_net(sock_net(cb->skb->sk)), &dump->walk);
	dump->is_counting = dump->walk.uses;
	cb->seq = 1;
	cb->args[0] = (long)dump;
	return 0;
}

static int use_get_done(struct netlink_callback *cb)
{
	struct use_dump *dump = (void *)cb->args[0];

	nat64_use_walk_end(nat64_net(sock_net(cb->skb->sk)), &dump->walk);
	kfree(dump);
	return 0;
}

static int put_use(struct sk_buff *skb, const struct nat64_use_sum *sum)
{
	struct nlattr *nest = nla_nest_start(skb, NAT64_A_USE);
	u64 idle = jiffies_to_msecs(jiffies - sum->last);
	const struct {
		int type;
		u64 value;
	} values[] = {
		{ NAT64_USE_A_PACKETS_6TO4, sum->packets[NAT64_6TO4] },
		{ NAT64_USE_A_OCTETS_6TO4, sum->octets[NAT64_6TO4] },
		{ NAT64_USE_A_PACKETS_4TO6, sum->packets[NAT64_4TO6] },
		{ NAT64_USE_A_OCTETS_4TO6, sum->octets[NAT64_4TO6] },
		{ NAT64_USE_A_IDLE, idle },
	};
	unsigned int i;

	if (!nest)
		return -EMSGSIZE;
	for (i = 0; i < ARRAY_SIZE(values); i++)
		if (nla_put_u64_64bit(skb, values[i].type, values[i].value,
				      NAT64_USE_A_PAD))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int dump_use(struct sk_buff *skb, struct netlink_callback *cb,
		    const struct use_dump *dump)
{
	const struct nat64_eam eam = {
		.addr6 = dump->key.addr6,
		.addr4 = dump->key.addr4,
		.len4 = dump->key.len4,
		.len6 = dump->key.len6,
		.prefix_index = NAT64_PREFIX_PRIMARY,
	};
	void *hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				cb->nlh->nlmsg_seq, &family, NLM_F_MULTI,
				NAT64_CMD_USE_GET);

	if (!hdr)
		return -EMSGSIZE;
	if (put_eam(skb, &eam, NULL) || put_use(skb, &dump->sum)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genl_dump_check_consistent(cb, hdr);
	genlmsg_end(skb, hdr);
	return 0;
}

/* Returns whether to go on. Context: the lock of the translator. */
static bool dump_some_uses(struct sk_buff *skb, struct netlink_callback *cb,
			   struct use_dump *dump)
{
	const struct nat64_use *use;
	unsigned int i;

	if (!dump->walk.uses)
		return false;
	rhashtable_walk_start(&dump->walk.iter);
	for (i = 0; i < DUMP_STEPS; i++) {
		use = rhashtable_walk_next(&dump->walk.iter);
		if (!use)
			break;
		if (IS_ERR(use))
			continue;
		dump->key = use->key;
		nat64_use_sum(use, &dump->sum);
		dump->has_next = dump_use(skb, cb, dump);
		if (dump->has_next)
			break;
	}
	rhashtable_walk_stop(&dump->walk.iter);
	return i == DUMP_STEPS;
}

static int use_get_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nat64_net *nn = nat64_net(sock_net(skb->sk));
	struct use_dump *dump = (void *)cb->args[0];
	bool more = true;

	if (dump->has_next)
		dump->has_next = dump_use(skb, cb, dump);
	while (more && !dump->has_next) {
		mutex_lock(&nn->lock);
		more = dump_some_uses(skb, cb, dump);
		/* What was taken away while it was read is not all there was. */
		cb->seq = 1 + (dump->is_counting && !dump->walk.uses);
		mutex_unlock(&nn->lock);
		cond_resched();
	}
	return skb->len;
}

/* The family. */

#define GET(command, attrs)				\
	.cmd = NAT64_CMD_##command,			\
	.policy = attrs,				\
	.maxattr = NAT64_A_MAX

#define CHANGE(command, attrs)				\
	GET(command, attrs),				\
	.flags = GENL_UNS_ADMIN_PERM

static const struct genl_ops ops[] = {
	{ GET(STATUS_GET, nothing_policy), .doit = status_get },
	{ CHANGE(PREFIX_NEW, prefix_new_policy), .doit = prefix_new },
	{ CHANGE(PREFIX_DEL, prefix_del_policy), .doit = prefix_del },
	{ GET(PREFIX_GET, nothing_policy), .dumpit = prefix_get_dump },
	{ CHANGE(EAM_NEW, eam_new_policy), .doit = eam_new },
	{ CHANGE(EAM_DEL, eam_name_op_policy), .doit = eam_del },
	{
		GET(EAM_GET, eam_name_op_policy),
		.doit = eam_get,
		.start = eam_get_start,
		.dumpit = eam_get_dump,
		.done = eam_get_done,
	},
	{ CHANGE(EAM_FLUSH, nothing_policy), .doit = eam_flush },
	{ GET(LOOKUP, lookup_policy), .doit = lookup },
	{ GET(SETTINGS_GET, nothing_policy), .doit = settings_get },
	{ CHANGE(SETTINGS_SET, settings_set_policy), .doit = settings_set },
	{ CHANGE(LOAD_BEGIN, load_begin_policy), .doit = load_begin },
	{ CHANGE(LOAD_COMMIT, nothing_policy), .doit = load_commit },
	{ CHANGE(LOAD_ABORT, nothing_policy), .doit = load_abort },
	{ GET(STATS_GET, nothing_policy), .doit = stats_get },
	{ CHANGE(STATS_RESET, nothing_policy), .doit = stats_reset },
	{ CHANGE(EXPLAIN, explain_policy), .doit = explain },
	{
		GET(USE_GET, nothing_policy),
		.start = use_get_start,
		.dumpit = use_get_dump,
		.done = use_get_done,
	},
};

static const struct genl_multicast_group groups[] = {
	{ .name = NAT64_MCGRP_CONFIG_NAME },
};

/* The namespace's own lock is enough: a long load stops no other family. */
static struct genl_family family __ro_after_init = {
	.name = NAT64_GENL_NAME,
	.version = NAT64_GENL_VERSION,
	.netnsok = true,
	.parallel_ops = true,
	.module = THIS_MODULE,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
	NAT64_GENL_RESV_START_OP
};

/**
 * nat64_genl_init() - let userspace in
 *
 * Return: 0 or a negative error.
 */
int __init nat64_genl_init(void)
{
	return genl_register_family(&family);
}

/**
 * nat64_genl_exit() - wait for requests under way, take no more
 */
void nat64_genl_exit(void)
{
	genl_unregister_family(&family);
}
