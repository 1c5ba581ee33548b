// SPDX-License-Identifier: GPL-2.0
/* Commands about counters: of the namespace, and of each mapping. */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <net/sock.h>

#include "netlink.h"

/* STATS_GET, STATS_RESET */

static int put_stat(struct sk_buff *skb, const char *name, u64 value)
{
	struct nlattr *nest = nla_nest_start(skb, NAT64_A_STAT);

	if (!nest || nla_put_string(skb, NAT64_STAT_A_NAME, name) ||
	    nla_put_u64_64bit(skb, NAT64_STAT_A_VALUE, value, NAT64_STAT_A_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

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

int nat64_nl_stats_reset(struct sk_buff *skb, struct genl_info *info)
{
	struct nat64_net *nn = nat64_nl_net(info);
	struct nat64_message msg;

	if (nat64_config_protected(nn)->set.counters && nat64_uses_renew(nn))
		return -ENOMEM;
	nat64_stats_sum(nn->stats, nn->stats_base);
	if (nat64_event_begin(&msg, info, info->genlhdr->cmd, 0))
		nat64_event_end(&msg, info);
	return 0;
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

int nat64_nl_use_get_start(struct netlink_callback *cb)
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

int nat64_nl_use_get_done(struct netlink_callback *cb)
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
	struct nat64_message msg;

	return nat64_dump_begin(&msg, skb, cb) ?:
	       nat64_dump_end(&msg, nat64_put_eam(skb, NAT64_A_EAM, &eam, NULL) ?:
			      put_use(skb, &dump->sum));
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
	for (i = 0; i < NAT64_DUMP_STEPS; i++) {
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
	return i == NAT64_DUMP_STEPS;
}

int nat64_nl_use_get_dump(struct sk_buff *skb, struct netlink_callback *cb)
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
