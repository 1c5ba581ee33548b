// SPDX-License-Identifier: GPL-2.0-only
/* Commands about a namespace as a whole, its prefixes, settings and counters. */
#include "control.h"
#include "counters.h"
#include "load.h"
#include "netlink.h"
#include "prefix.h"
#include "version.h"

static void notify_prefix(struct genl_info *info, u8 cmd,
			  const struct nat64_prefix *prefix, bool primary)
{
	struct nat64_message msg;

	if (!nat64_event_begin(&msg, info, cmd, NAT64_EAM_SIZE))
		return;
	nat64_put_prefix(msg.skb, NAT64_A_PREFIX, prefix, primary);
	nat64_event_end(&msg, info);
}

static void notify_settings(struct genl_info *info,
			    const struct nat64_config *cfg)
{
	struct nat64_message msg;

	if (!nat64_event_begin(&msg, info, info->genlhdr->cmd, NLMSG_GOODSIZE))
		return;
	nat64_put_settings(msg.skb, &cfg->set);
	nat64_event_end(&msg, info);
}

/* STATUS_GET */

static int put_status(struct sk_buff *skb, struct nat64_net *nn)
{
	const struct nat64_config *cfg = nat64_config_protected(nn);
	int err;

	err = nla_put_string(skb, NAT64_A_VERSION, NAT64_VERSION);
	err |= nla_put_u8(skb, NAT64_A_ACTIVE, !nat64_config_is_empty(cfg));
	err |= nla_put_u32(skb, NAT64_A_LIMIT, nat64_mapping_limit(nn));
	err |= nla_put_u32(skb, NAT64_A_GENERATION, nn->generation);
	err |= nla_put_u8(skb, NAT64_A_ROUTES_PENDING,
			  nat64_native_is_pending(&nn->native));
	return err | nat64_put_total(skb, cfg);
}

/**
 * nat64_nl_status_get() - STATUS_GET: version, state, counts and digest
 * @skb: request, not used
 * @info: request
 *
 * Context: process, the lock of the namespace.
 * Return: 0 or a negative error.
 */
int nat64_nl_status_get(struct sk_buff *skb, struct genl_info *info)
{
	struct nat64_message msg;
	int err;

	err = nat64_reply_begin(&msg, info, NAT64_STATUS_SIZE);
	if (err)
		return err;
	err = put_status(msg.skb, nat64_nl_net(info));
	return nat64_reply_end(&msg, info, err);
}

/* PREFIX_NEW, PREFIX_DEL, PREFIX_GET */

static int parse_prefix_request(struct genl_info *info, struct in6_addr *addr,
				u8 *len, bool *primary)
{
	return nat64_need_attr(info, NAT64_A_PREFIX,
			       "no translation prefix is given") ?:
	       nat64_parse_prefix(info->attrs[NAT64_A_PREFIX], addr, len, primary,
				  info->extack);
}

/**
 * nat64_nl_prefix_new() - PREFIX_NEW: add a translation prefix, or make it primary
 * @skb: request, not used
 * @info: request
 *
 * Context: process, the lock of the namespace.
 * Return: 0 or a negative error.
 */
int nat64_nl_prefix_new(struct sk_buff *skb, struct genl_info *info)
{
	struct nat64_request *rq = nat64_nl_request(info);
	const struct nat64_config *cfg;
	struct in6_addr addr;
	bool primary;
	u8 len, index;
	int err;

	err = parse_prefix_request(info, &addr, &len, &primary) ?:
	      nat64_prefix_add(rq, &addr, len, primary);
	if (!rq->changed)
		return err;
	cfg = nat64_config_protected(rq->nn);
	index = nat64_config_prefix_index(cfg, &addr, len);
	notify_prefix(info, NAT64_CMD_PREFIX_NEW, &cfg->prefix[index],
		      index == cfg->primary);
	return err;
}

/**
 * nat64_nl_prefix_del() - PREFIX_DEL: delete a translation prefix
 * @skb: request, not used
 * @info: request
 *
 * Context: process, the lock of the namespace.
 * Return: 0 or a negative error.
 */
int nat64_nl_prefix_del(struct sk_buff *skb, struct genl_info *info)
{
	struct nat64_request *rq = nat64_nl_request(info);
	u8 primary = nat64_config_protected(rq->nn)->primary;
	const struct nat64_config *cfg;
	struct nat64_prefix gone = { };
	int err;

	err = parse_prefix_request(info, &gone.addr, &gone.len, NULL) ?:
	      nat64_prefix_del(rq, &gone.addr, gone.len);
	if (err)
		return err;
	cfg = nat64_config_protected(rq->nn);
	notify_prefix(info, NAT64_CMD_PREFIX_DEL, &gone, false);
	if (cfg->n_order && cfg->primary != primary)
		notify_prefix(info, NAT64_CMD_PREFIX_NEW,
			      &cfg->prefix[cfg->primary], true);
	return 0;
}

static int dump_prefix(struct sk_buff *skb, struct netlink_callback *cb,
		       const struct nat64_config *cfg, u8 index)
{
	struct nat64_message msg;

	return nat64_dump_begin(&msg, skb, cb) ?:
	       nat64_dump_end(&msg,
			      nat64_put_prefix(skb, NAT64_A_PREFIX,
					       &cfg->prefix[index],
					       index == cfg->primary));
}

/**
 * nat64_nl_prefix_get_dump() - PREFIX_GET: list the translation prefixes
 * @skb: message to fill
 * @cb: state of the dump
 *
 * There is room for all of them in one buffer, so they are of one moment.
 *
 * Context: process; takes the RCU read lock.
 * Return: length of the message; 0 ends the dump.
 */
int nat64_nl_prefix_get_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nat64_net *nn = nat64_net(sock_net(skb->sk));
	const struct nat64_config *cfg;

	rcu_read_lock();
	cfg = rcu_dereference(nn->config);
	for (; cb->args[0] < cfg->n_order; cb->args[0]++)
		if (dump_prefix(skb, cb, cfg, cfg->added[cb->args[0]]))
			break;
	rcu_read_unlock();
	return skb->len;
}

/* SETTINGS_GET, SETTINGS_SET */

/**
 * nat64_nl_settings_get() - SETTINGS_GET: show all settings
 * @skb: request, not used
 * @info: request
 *
 * Context: process; takes the RCU read lock.
 * Return: 0 or a negative error.
 */
int nat64_nl_settings_get(struct sk_buff *skb, struct genl_info *info)
{
	struct nat64_net *nn = nat64_nl_net(info);
	struct nat64_message msg;
	int err;

	err = nat64_reply_begin(&msg, info, NLMSG_GOODSIZE);
	if (err)
		return err;
	rcu_read_lock();
	err = nat64_put_settings(msg.skb, &rcu_dereference(nn->config)->set);
	rcu_read_unlock();
	return nat64_reply_end(&msg, info, err);
}

/**
 * nat64_nl_settings_set() - SETTINGS_SET: change the settings that are given
 * @skb: request, not used
 * @info: request
 *
 * Context: process, the lock of the namespace.
 * Return: 0 or a negative error.
 */
int nat64_nl_settings_set(struct sk_buff *skb, struct genl_info *info)
{
	struct nat64_request *rq = nat64_nl_request(info);
	const struct nat64_config *cfg;
	struct nat64_settings set;
	int err;

	err = nat64_need_attr(info, NAT64_A_SETTINGS, "no setting is given");
	if (err)
		return err;
	cfg = nat64_request_config(rq);
	if (IS_ERR(cfg))
		return PTR_ERR(cfg);
	memcpy(&set, &cfg->set, sizeof(set));
	err = nat64_parse_settings(info->attrs[NAT64_A_SETTINGS], &set,
				   info->extack) ?:
	      nat64_settings_set(rq, &set);
	if (rq->changed)
		notify_settings(info, nat64_config_protected(rq->nn));
	return err;
}

/* LOAD_BEGIN, LOAD_COMMIT, LOAD_ABORT */

/**
 * nat64_nl_load_begin() - LOAD_BEGIN: open a configuration to be loaded
 * @skb: request, not used
 * @info: request
 *
 * Context: process, the lock of the namespace.
 * Return: 0 or a negative error.
 */
int nat64_nl_load_begin(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *hint = info->attrs[NAT64_A_LIMIT];

	return nat64_load_begin(nat64_nl_request(info),
				hint ? nla_get_u32(hint) : 0);
}

/**
 * nat64_nl_load_commit() - LOAD_COMMIT: publish what was loaded
 * @skb: request, not used
 * @info: request
 *
 * Context: process, the lock of the namespace.
 * Return: 0 or a negative error.
 */
int nat64_nl_load_commit(struct sk_buff *skb, struct genl_info *info)
{
	struct nat64_request *rq = nat64_nl_request(info);
	struct nat64_message msg;
	int err;

	err = nat64_reply_begin(&msg, info, NAT64_STATUS_SIZE);
	if (err)
		return err;
	err = nat64_load_commit(rq);
	if (rq->changed)
		nat64_notify_total(info);
	if (!err) {
		err = nla_put_u8(msg.skb, NAT64_A_CHANGED, rq->changed);
		err |= nat64_put_total(msg.skb, nat64_config_protected(rq->nn));
	}
	return nat64_reply_end(&msg, info, err);
}

/**
 * nat64_nl_load_abort() - LOAD_ABORT: drop what was loaded
 * @skb: request, not used
 * @info: request
 *
 * Context: process, the lock of the namespace.
 * Return: 0 or a negative error.
 */
int nat64_nl_load_abort(struct sk_buff *skb, struct genl_info *info)
{
	return nat64_load_abort(nat64_nl_request(info));
}

/* STATS_GET, STATS_RESET */

static int put_stat(struct sk_buff *skb, const char *name, u64 value)
{
	struct nlattr *nest = nla_nest_start(skb, NAT64_A_STAT);
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = nla_put_string(skb, NAT64_STAT_A_NAME, name);
	err |= nla_put_u64_64bit(skb, NAT64_STAT_A_VALUE, value,
				 NAT64_STAT_A_PAD);
	nla_nest_end(skb, nest);
	return err;
}

static int put_stats(struct sk_buff *skb, struct nat64_net *nn)
{
	u64 sum[NAT64_N_COUNTERS];
	unsigned int i;
	int err = 0;

	nat64_stats_sum(nn->stats, sum);
	for (i = NAT64_OK + 1; i < NAT64_N_COUNTERS; i++)
		err |= put_stat(skb, nat64_counter_names[i],
				sum[i] - nn->stats_base[i]);
	return err;
}

/**
 * nat64_nl_stats_get() - STATS_GET: show the counters
 * @skb: request, not used
 * @info: request
 *
 * Context: process, the lock of the namespace.
 * Return: 0 or a negative error.
 */
int nat64_nl_stats_get(struct sk_buff *skb, struct genl_info *info)
{
	struct nat64_message msg;
	int err;

	err = nat64_reply_begin(&msg, info, NAT64_STAT_SIZE * NAT64_N_COUNTERS);
	if (err)
		return err;
	err = put_stats(msg.skb, nat64_nl_net(info));
	return nat64_reply_end(&msg, info, err);
}

/* The counters of a mapping are freed: they have nothing to subtract from. */
static int reset_counters(struct nat64_net *nn)
{
	const struct nat64_config *cfg = nat64_config_protected(nn);

	if (!cfg->set.counters)
		return 0;
	WRITE_ONCE(nn->counter_resets, nn->counter_resets + 1);
	return nat64_counters_reset(cfg->table);
}

/**
 * nat64_nl_stats_reset() - STATS_RESET: count from zero
 * @skb: request, not used
 * @info: request
 *
 * Context: process, the lock of the namespace.
 * Return: 0 or a negative error.
 */
int nat64_nl_stats_reset(struct sk_buff *skb, struct genl_info *info)
{
	struct nat64_net *nn = nat64_nl_net(info);
	struct nat64_message msg;
	int err = reset_counters(nn);

	if (err)
		return err;
	nat64_stats_sum(nn->stats, nn->stats_base);
	if (nat64_event_begin(&msg, info, info->genlhdr->cmd, 0))
		nat64_event_end(&msg, info);
	return 0;
}
