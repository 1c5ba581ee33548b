// SPDX-License-Identifier: GPL-2.0-only
/* Commands about mappings, and addresses translated by them. */
#include <linux/err.h>
#include <linux/inetdevice.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <net/ipv6.h>
#include <net/sock.h>

#include "control.h"
#include "netlink.h"

/* EAM_NEW, EAM_DEL, EAM_FLUSH */

typedef int mapping_fn(struct nat64_request *rq, const struct nat64_mapping *m);

static void notify_eams(struct genl_info *info, const struct nat64_request *rq)
{
	const struct nat64_batch_item *item = rq->batch->item;
	const struct nat64_batch_item *end = item + rq->batch->n;
	struct nat64_message msg;

	while (item < end &&
	       nat64_event_begin(&msg, info, info->genlhdr->cmd, NLMSG_GOODSIZE)) {
		while (item < end &&
		       !nat64_put_eam(msg.skb, NAT64_A_EAM,
				      item->new ?: item->old4,
				      rq->batch->prefixes))
			item++;
		nat64_event_end(&msg, info);
		cond_resched();
	}
}

static unsigned int count_eams(const struct genl_info *info)
{
	const struct nlattr *attr;
	unsigned int n = 0;
	int rem;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem)
		n += nla_type(attr) == NAT64_A_EAM;
	return n;
}

static int change_each_eam(struct genl_info *info, mapping_fn *fn)
{
	struct nat64_request *rq = nat64_nl_request(info);
	struct nat64_mapping m;
	struct nlattr *attr;
	int err = 0;
	int rem;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != NAT64_A_EAM)
			continue;
		err = nat64_parse_mapping(attr, &m, info->extack) ?: fn(rq, &m);
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
	struct nat64_request *rq = nat64_nl_request(info);
	int err;

	err = nat64_need_attr(info, NAT64_A_EAM, "no mapping is given") ?:
	      nat64_mapping_begin(rq, count_eams(info));
	if (err)
		return err;
	err = change_each_eam(info, fn);
	if (!err && !rq->staged)
		notify_eams(info, rq);
	nat64_mapping_end(rq, err);
	return err;
}

/**
 * nat64_nl_eam_new() - EAM_NEW: add or replace mappings
 * @skb: request, not used
 * @info: request
 *
 * Context: process, the lock of the namespace.
 * Return: 0 or a negative error; an error takes back the whole request.
 */
int nat64_nl_eam_new(struct sk_buff *skb, struct genl_info *info)
{
	if (!(info->nlhdr->nlmsg_flags & (NLM_F_CREATE | NLM_F_REPLACE))) {
		NL_SET_ERR_MSG(info->extack,
			       "neither NLM_F_CREATE nor NLM_F_REPLACE is given");
		return -EINVAL;
	}
	return change_eams(info, nat64_mapping_put);
}

/**
 * nat64_nl_eam_del() - EAM_DEL: delete mappings
 * @skb: request, not used
 * @info: request
 *
 * Context: process, the lock of the namespace.
 * Return: 0 or a negative error; an error takes back the whole request.
 */
int nat64_nl_eam_del(struct sk_buff *skb, struct genl_info *info)
{
	return change_eams(info, nat64_mapping_del);
}

/**
 * nat64_nl_eam_flush() - EAM_FLUSH: delete all mappings
 * @skb: request, not used
 * @info: request
 *
 * Context: process, the lock of the namespace.
 * Return: 0 or a negative error.
 */
int nat64_nl_eam_flush(struct sk_buff *skb, struct genl_info *info)
{
	struct nat64_request *rq = nat64_nl_request(info);
	int err = nat64_config_flush(rq);

	if (rq->changed)
		nat64_notify_total(info);
	return err;
}

/* EAM_GET */

/**
 * nat64_nl_eam_get() - EAM_GET: show the mapping that has a prefix
 * @skb: request, not used
 * @info: request
 *
 * Context: process, the lock of the namespace.
 * Return: 0 or a negative error.
 */
int nat64_nl_eam_get(struct sk_buff *skb, struct genl_info *info)
{
	struct nat64_net *nn = nat64_nl_net(info);
	const struct nat64_config *cfg = nat64_config_protected(nn);
	/* No extack: anybody may ask, and the texts have addresses. */
	const struct nat64_request rq = { .nn = nn };
	const struct nat64_eam *eam;
	struct nat64_mapping m;
	struct nat64_message msg;
	int err;

	err = nat64_need_attr(info, NAT64_A_EAM, "no mapping is given") ?:
	      nat64_parse_mapping(info->attrs[NAT64_A_EAM], &m, info->extack);
	if (err)
		return err;
	eam = nat64_mapping_find(&rq, cfg->table, &m);
	if (IS_ERR(eam)) {
		NL_SET_ERR_MSG(info->extack, "there is no such mapping");
		return PTR_ERR(eam);
	}
	err = nat64_reply_begin(&msg, info, NAT64_EAM_SIZE);
	if (err)
		return err;
	err = nat64_put_eam(msg.skb, NAT64_A_EAM, eam, cfg->prefix);
	return nat64_reply_end(&msg, info, err);
}

/* LOOKUP */

static int put_result4(struct sk_buff *skb, __be32 addr4)
{
	int err = nla_put_u8(skb, NAT64_A_FAMILY, 4);

	return err | nla_put_in_addr(skb, NAT64_A_ADDR4, addr4);
}

static int put_result6(struct sk_buff *skb, const struct in6_addr *addr6)
{
	int err = nla_put_u8(skb, NAT64_A_FAMILY, 6);

	return err | nla_put_in6_addr(skb, NAT64_A_ADDR6, addr6);
}

static int lookup_error(struct netlink_ext_ack *extack, const char *text)
{
	extack->_msg = text;
	return -ENOENT;
}

static int put_carrier(struct sk_buff *skb, const struct nat64_config *cfg,
		       const struct nat64_prefix *prefix)
{
	return nat64_put_prefix(skb, NAT64_A_PREFIX, prefix,
				prefix == &cfg->prefix[cfg->primary]);
}

static const char no_match_text[] =
	"the address lies in no mapping and in no translation prefix";
/* RFC 6052 section 3.1. */
static const char not_global_text[] =
	"64:ff9b::/96 does not carry this IPv4 address, which is not global (wkp-strict)";

static int put_lookup4(struct sk_buff *skb, const struct nat64_config *cfg,
		       __be32 addr4, struct netlink_ext_ack *extack)
{
	const struct nat64_prefix *prefix = &cfg->prefix[cfg->primary];
	const struct nat64_eam *eam = nat64_eam_find4(cfg->table, addr4);
	struct in6_addr addr6;
	int err;

	if (eam) {
		nat64_eam_to6(eam, addr4, &addr6);
		err = put_result6(skb, &addr6);
		return err | nat64_put_eam(skb, NAT64_A_EAM, eam, cfg->prefix);
	}
	if (!cfg->n_order)
		return lookup_error(extack, no_match_text);
	if (!nat64_config_carries(cfg, prefix, addr4))
		return lookup_error(extack, not_global_text);
	nat64_addr_embed(prefix, addr4, &addr6);
	err = put_result6(skb, &addr6);
	return err | put_carrier(skb, cfg, prefix);
}

static int put_lookup6(struct sk_buff *skb, const struct nat64_config *cfg,
		       const struct in6_addr *addr6,
		       struct netlink_ext_ack *extack)
{
	const struct nat64_eam *eam = nat64_eam_find6(cfg->table, addr6);
	const struct nat64_prefix *prefix;
	__be32 addr4;
	int err;

	if (eam) {
		err = put_result4(skb, nat64_eam_to4(eam, addr6));
		return err | nat64_put_eam(skb, NAT64_A_EAM, eam, cfg->prefix);
	}
	prefix = nat64_prefix_find(cfg, addr6);
	if (!prefix)
		return lookup_error(extack, no_match_text);
	if (nat64_addr_extract(prefix, addr6, &addr4))
		return lookup_error(extack,
				    "bits 64 to 71 of the address are not zero (RFC 6052)");
	if (!nat64_config_carries(cfg, prefix, addr4))
		return lookup_error(extack, not_global_text);
	err = put_result4(skb, addr4);
	return err | put_carrier(skb, cfg, prefix);
}

/**
 * nat64_nl_lookup() - LOOKUP: translate an address
 * @skb: request, not used
 * @info: request
 *
 * Context: process; takes the RCU read lock.
 * Return: 0 or a negative error.
 */
int nat64_nl_lookup(struct sk_buff *skb, struct genl_info *info)
{
	struct nat64_net *nn = nat64_nl_net(info);
	struct nlattr *attr4 = info->attrs[NAT64_A_ADDR4];
	struct nlattr *attr6 = info->attrs[NAT64_A_ADDR6];
	const struct nat64_config *cfg;
	struct in6_addr addr6;
	struct nat64_message msg;
	int err;

	if (!attr4 == !attr6) {
		NL_SET_ERR_MSG(info->extack,
			       "one address is looked up at a time");
		return -EINVAL;
	}
	err = nat64_reply_begin(&msg, info, NAT64_EAM_SIZE + NAT64_STATUS_SIZE);
	if (err)
		return err;
	rcu_read_lock();
	cfg = rcu_dereference(nn->config);
	if (attr4) {
		err = put_lookup4(msg.skb, cfg, nla_get_in_addr(attr4),
				  info->extack);
	} else {
		addr6 = nla_get_in6_addr(attr6);
		err = put_lookup6(msg.skb, cfg, &addr6, info->extack);
	}
	rcu_read_unlock();
	return nat64_reply_end(&msg, info, err);
}
