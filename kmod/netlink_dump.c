// SPDX-License-Identifier: GPL-2.0-only
/* Lists of mappings: EAM_GET, and USE_GET with their counters. */
#include <linux/inetdevice.h>
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <net/ipv6.h>
#include <net/sock.h>

#include "control.h"
#include "counters.h"
#include "netlink.h"

/**
 * struct eam_dump - state of a dump of mappings
 * @walk: the pass over the table
 * @filter: prefixes that all mappings to show lie in
 * @next: mapping that had no room in the last message
 * @sum: its counters
 * @prefix: translation prefixes by index; none of them are shown with counters
 * @resets: nat64_net.counter_resets at the start
 * @has_next: there is a mapping that had no room
 * @use: USE_GET: show the mappings that have had packets, with their counters
 */
struct eam_dump {
	struct nat64_walk	walk;
	struct nat64_mapping	filter;
	struct nat64_eam	next;
	struct nat64_eam_sum	sum;
	struct nat64_prefix	prefix[NAT64_MAX_PREFIXES];
	u32			resets;
	bool			has_next;
	bool			use;
};

static struct nat64_net *dump_net(const struct netlink_callback *cb)
{
	return nat64_net(sock_net(cb->skb->sk));
}

static struct eam_dump *begin_dump(struct netlink_callback *cb)
{
	struct eam_dump *dump = kzalloc(sizeof(*dump), GFP_KERNEL_ACCOUNT);

	cb->args[0] = (long)dump;
	return dump;
}

static int parse_filter(struct netlink_callback *cb, struct nat64_mapping *m)
{
	struct nlattr *tb[NAT64_A_MAX + 1];
	int err;

	err = nlmsg_parse(cb->nlh, GENL_HDRLEN, tb, NAT64_A_MAX,
			  nat64_eam_name_policy, cb->extack);
	if (!err && tb[NAT64_A_EAM])
		err = nat64_parse_mapping(tb[NAT64_A_EAM], m, cb->extack);
	return err;
}

/**
 * nat64_nl_eam_get_start() - begin a dump of EAM_GET
 * @cb: state of the dump
 *
 * Context: process; takes the lock of the namespace.
 * Return: 0 or a negative error.
 */
int nat64_nl_eam_get_start(struct netlink_callback *cb)
{
	struct eam_dump *dump = begin_dump(cb);
	int err;

	if (!dump)
		return -ENOMEM;
	err = parse_filter(cb, &dump->filter);
	if (err) {
		kfree(dump);
		return err;
	}
	nat64_config_walk_begin(dump_net(cb), &dump->walk, dump->prefix);
	return 0;
}

/**
 * nat64_nl_use_get_start() - begin a dump of USE_GET
 * @cb: state of the dump
 *
 * Context: process; takes the lock of the namespace.
 * Return: 0 or a negative error.
 */
int nat64_nl_use_get_start(struct netlink_callback *cb)
{
	struct eam_dump *dump = begin_dump(cb);

	if (!dump)
		return -ENOMEM;
	dump->use = true;
	dump->resets = READ_ONCE(dump_net(cb)->counter_resets);
	nat64_config_walk_begin(dump_net(cb), &dump->walk, dump->prefix);
	memset(dump->prefix, 0, sizeof(dump->prefix));
	return 0;
}

/**
 * nat64_nl_eam_done() - end a dump of EAM_GET or USE_GET
 * @cb: state of the dump
 *
 * Context: process; takes the lock of the namespace.
 * Return: 0.
 */
int nat64_nl_eam_done(struct netlink_callback *cb)
{
	struct eam_dump *dump = (void *)cb->args[0];

	nat64_config_walk_end(dump_net(cb), &dump->walk);
	kfree(dump);
	return 0;
}

static bool is_selected(const struct nat64_eam *eam,
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

/* Context: the lock of the namespace, which keeps the counters. */
static bool is_shown(struct eam_dump *dump, const struct nat64_eam *eam)
{
	if (!dump->use)
		return is_selected(eam, &dump->filter);
	nat64_eam_sum(eam, &dump->sum);
	return dump->sum.last;
}

static int put_use(struct sk_buff *skb, const struct nat64_eam_sum *sum)
{
	struct nlattr *nest = nla_nest_start(skb, NAT64_A_USE);
	u64 idle = jiffies64_to_msecs(get_jiffies_64() - sum->last);
	const struct {
		int type;
		u64 value;
	} values[] = {
		{ NAT64_USE_A_PACKETS_6TO4, sum->packets[NAT64_6TO4] },
		{ NAT64_USE_A_OCTETS_6TO4, sum->bytes[NAT64_6TO4] },
		{ NAT64_USE_A_PACKETS_4TO6, sum->packets[NAT64_4TO6] },
		{ NAT64_USE_A_OCTETS_4TO6, sum->bytes[NAT64_4TO6] },
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

static int dump_eam(struct sk_buff *skb, struct netlink_callback *cb,
		    struct eam_dump *dump, const struct nat64_eam *eam)
{
	struct nat64_message msg;
	int err;

	err = nat64_dump_begin(&msg, skb, cb);
	if (err)
		return err;
	err = nat64_put_eam(skb, NAT64_A_EAM, eam, dump->prefix);
	if (!err && dump->use)
		err = put_use(skb, &dump->sum);
	return nat64_dump_end(&msg, err);
}

/*
 * A new number sets NLM_F_DUMP_INTR: mappings were missed, or are shown twice
 * after a resize of the table. Counters may be dumped while mappings come and
 * go.
 */
static void set_seq(struct netlink_callback *cb, const struct nat64_net *nn,
		    const struct eam_dump *dump)
{
	u32 changes = READ_ONCE(nn->generation);

	if (dump->use)
		changes = 1 + !READ_ONCE(dump->walk.table) +
			  READ_ONCE(nn->counter_resets) - dump->resets;
	cb->seq = changes + dump->walk.rewinds;
}

/*
 * Dumps NAT64_DUMP_STEPS mappings, or as many as there is room for. The lock of
 * the namespace keeps changes out meanwhile. Returns whether to go on.
 */
static bool dump_eams(struct sk_buff *skb, struct netlink_callback *cb,
		      struct eam_dump *dump)
{
	const struct nat64_eam *eam;
	unsigned int i;

	if (!dump->walk.table)
		return false;
	nat64_walk_start(&dump->walk);
	for (i = 0; i < NAT64_DUMP_STEPS; i++) {
		eam = nat64_walk_next(&dump->walk);
		set_seq(cb, dump_net(cb), dump);
		if (!eam)
			break;
		if (is_shown(dump, eam) && dump_eam(skb, cb, dump, eam)) {
			/* Links and counters may change; they are not shown. */
			dump->next = data_race(*eam);
			dump->has_next = true;
			break;
		}
	}
	nat64_walk_stop(&dump->walk);
	return i == NAT64_DUMP_STEPS;
}

/**
 * nat64_nl_eam_dump() - write the next mappings of EAM_GET or USE_GET
 * @skb: message to fill
 * @cb: state of the dump
 *
 * Context: process; takes the lock of the namespace.
 * Return: length of the message; 0 ends the dump.
 */
int nat64_nl_eam_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct eam_dump *dump = (void *)cb->args[0];
	struct nat64_net *nn = dump_net(cb);
	bool more = true;

	set_seq(cb, nn, dump);
	if (dump->has_next && !dump_eam(skb, cb, dump, &dump->next))
		dump->has_next = false;
	while (more && !dump->has_next) {
		mutex_lock(&nn->lock);
		set_seq(cb, nn, dump);
		more = dump_eams(skb, cb, dump);
		mutex_unlock(&nn->lock);
		cond_resched();
	}
	return skb->len;
}
