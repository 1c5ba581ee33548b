// SPDX-License-Identifier: GPL-2.0-only
#include "netlink.h"

#include <linux/mutex.h>

#include "compat/genl.h"

/* Flag of a command: it runs under the lock of the namespace. */
#define LOCKED	0x01

/*
 * The request lies in struct nat64_net: the lock admits one at a time. It is for
 * the configuration being loaded if an attribute says so, or the command.
 */
static int lock_request(const struct nat64_genl_ops *ops, struct sk_buff *skb,
			struct genl_info *info)
{
	struct nat64_net *nn = nat64_nl_net(info);

	if (!(ops->internal_flags & LOCKED))
		return 0;
	mutex_lock(&nn->lock);
	nn->request = (struct nat64_request) {
		.nn = nn,
		.extack = info->extack,
		.portid = info->snd_portid,
		.staged = info->attrs[NAT64_A_STAGED] ||
			  ops->cmd == NAT64_CMD_LOAD_COMMIT ||
			  ops->cmd == NAT64_CMD_LOAD_ABORT,
		.force = info->attrs[NAT64_A_FORCE],
		.create = info->nlhdr->nlmsg_flags & NLM_F_CREATE,
		.replace = info->nlhdr->nlmsg_flags & NLM_F_REPLACE,
	};
	info->user_ptr[0] = &nn->request;
	return 0;
}

static void unlock_request(const struct nat64_genl_ops *ops,
			   struct sk_buff *skb, struct genl_info *info)
{
	if (ops->internal_flags & LOCKED)
		mutex_unlock(&nat64_nl_net(info)->lock);
}

#define GET(command, attrs)				\
	.cmd = NAT64_CMD_##command,			\
	.policy = nat64_##attrs##_policy,		\
	.maxattr = NAT64_A_MAX

#define CHANGE(command, attrs)				\
	GET(command, attrs),				\
	.flags = GENL_UNS_ADMIN_PERM

#define DO(fn)		.doit = nat64_nl_##fn
#define DO_LOCKED(fn)	DO(fn), .internal_flags = LOCKED

static const struct genl_ops ops[] = {
	{ GET(STATUS_GET, nothing), DO_LOCKED(status_get) },
	{ CHANGE(PREFIX_NEW, prefix_new), DO_LOCKED(prefix_new) },
	{ CHANGE(PREFIX_DEL, prefix_del), DO_LOCKED(prefix_del) },
	{ GET(PREFIX_GET, nothing), .dumpit = nat64_nl_prefix_get_dump },
	{ CHANGE(EAM_NEW, eam_new), DO_LOCKED(eam_new) },
	{ CHANGE(EAM_DEL, eam_name), DO_LOCKED(eam_del) },
	{
		GET(EAM_GET, eam_name),
		DO_LOCKED(eam_get),
		.start = nat64_nl_eam_get_start,
		.dumpit = nat64_nl_eam_dump,
		.done = nat64_nl_eam_done,
	},
	{ CHANGE(EAM_FLUSH, nothing), DO_LOCKED(eam_flush) },
	{ GET(LOOKUP, lookup), DO(lookup) },
	{ GET(SETTINGS_GET, nothing), DO(settings_get) },
	{ CHANGE(SETTINGS_SET, settings_set), DO_LOCKED(settings_set) },
	{ CHANGE(LOAD_BEGIN, load_begin), DO_LOCKED(load_begin) },
	{ CHANGE(LOAD_COMMIT, nothing), DO_LOCKED(load_commit) },
	{ CHANGE(LOAD_ABORT, nothing), DO_LOCKED(load_abort) },
	{ GET(STATS_GET, nothing), DO_LOCKED(stats_get) },
	{ CHANGE(STATS_RESET, nothing), DO_LOCKED(stats_reset) },
	{ CHANGE(EXPLAIN, explain), DO(explain) },
	{
		GET(USE_GET, nothing),
		.start = nat64_nl_use_get_start,
		.dumpit = nat64_nl_eam_dump,
		.done = nat64_nl_eam_done,
	},
};

static const struct genl_multicast_group groups[] = {
	{ .name = NAT64_MCGRP_CONFIG_NAME },
};

/*
 * parallel_ops: without it genetlink would hold its global mutex, so a long load
 * would stop all other families. The lock of the namespace is enough.
 */
struct genl_family nat64_genl_family __ro_after_init = {
	.name = NAT64_GENL_NAME,
	.version = NAT64_GENL_VERSION,
	.netnsok = true,
	.parallel_ops = true,
	.module = THIS_MODULE,
	.pre_doit = lock_request,
	.post_doit = unlock_request,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
	NAT64_GENL_RESV_START_OP
};

/**
 * nat64_genl_init() - register the netlink family
 *
 * Return: 0 or a negative error.
 */
int __init nat64_genl_init(void)
{
	return genl_register_family(&nat64_genl_family);
}

/**
 * nat64_genl_exit() - unregister the netlink family
 *
 * Context: process. Waits for requests under way.
 */
void nat64_genl_exit(void)
{
	genl_unregister_family(&nat64_genl_family);
}
