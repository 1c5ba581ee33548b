// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes. The policies say what uapi/nat64.yaml says: each command takes the
 * attributes that it lists and no other (tests/ctl/test_spec.py compares them).
 */
#include "netlink.h"

#include <linux/kernel.h>
#include <net/ipv6.h>

#define ADDR4		NLA_POLICY_EXACT_LEN(sizeof(__be32))
#define ADDR6		NLA_POLICY_EXACT_LEN(sizeof(struct in6_addr))
#define FLAG		{ .type = NLA_FLAG }
#define LEN4		UP_TO(32)
#define LEN6		NLA_POLICY_RANGE(NLA_U8, 0, 128)
#define MTU		NLA_POLICY_FULL_RANGE(NLA_U32, &mtu_range)
#define OCTET		NLA_POLICY_MAX(NLA_U32, NAT64_COPY)
#define U8		{ .type = NLA_U8 }
#define U32		{ .type = NLA_U32 }
#define UP_TO(max)	NLA_POLICY_MAX(NLA_U8, max)

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
	[NAT64_EAM_A_EDGE]		= FLAG,
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
#define X(attr, type, field, initial, policy) [NAT64_SETTING_##attr] = policy,
	NAT64_SETTINGS(X)
#undef X
};

static const struct nla_policy explain_packet_policy[NAT64_EXPLAIN_A_MAX + 1] = {
	[NAT64_EXPLAIN_A_PACKET]	= NLA_POLICY_RANGE(NLA_BINARY, 20, NAT64_EXPLAIN_MAX),
	[NAT64_EXPLAIN_A_MARK]		= U32,
	[NAT64_EXPLAIN_A_IN]		= U32,
};

const struct nla_policy nat64_explain_policy[NAT64_A_MAX + 1] = {
	[NAT64_A_EXPLAIN]		= NLA_POLICY_NESTED(explain_packet_policy),
};

const struct nla_policy nat64_nothing_policy[NAT64_A_MAX + 1] = { };

const struct nla_policy nat64_prefix_new_policy[NAT64_A_MAX + 1] = {
	[NAT64_A_PREFIX]		= NLA_POLICY_NESTED(prefix_policy),
	[NAT64_A_FORCE]			= FLAG,
	[NAT64_A_STAGED]		= FLAG,
};

const struct nla_policy nat64_prefix_del_policy[NAT64_A_MAX + 1] = {
	[NAT64_A_PREFIX]		= NLA_POLICY_NESTED(own_prefix_policy),
};

const struct nla_policy nat64_eam_new_policy[NAT64_A_MAX + 1] = {
	[NAT64_A_EAM]			= NLA_POLICY_NESTED(eam_policy),
	[NAT64_A_FORCE]			= FLAG,
	[NAT64_A_STAGED]		= FLAG,
};

const struct nla_policy nat64_eam_name_policy[NAT64_A_MAX + 1] = {
	[NAT64_A_EAM]			= NLA_POLICY_NESTED(eam_name_policy),
};

const struct nla_policy nat64_lookup_policy[NAT64_A_MAX + 1] = {
	[NAT64_A_ADDR4]			= ADDR4,
	[NAT64_A_ADDR6]			= ADDR6,
};

const struct nla_policy nat64_settings_set_policy[NAT64_A_MAX + 1] = {
	[NAT64_A_SETTINGS]		= NLA_POLICY_NESTED(settings_policy),
	[NAT64_A_STAGED]		= FLAG,
};

const struct nla_policy nat64_load_begin_policy[NAT64_A_MAX + 1] = {
	[NAT64_A_LIMIT]			= U32,
	[NAT64_A_FORCE]			= FLAG,
};

/* Settings are on the wire as they are in memory. */
static const struct {
	u8 size;
	u8 offset;
} settings_fields[NAT64_SETTING_MAX + 1] = {
#define X(attr, type, field, initial, policy)				\
	[NAT64_SETTING_##attr] = {					\
		sizeof_field(struct nat64_settings, field),		\
		offsetof(struct nat64_settings, field),			\
	},
	NAT64_SETTINGS(X)
#undef X
};

/* Attributes in. The policies have checked their sizes. */

/**
 * nat64_need_attr() - check that a request has an attribute
 * @info: request
 * @type: attribute
 * @text: error if it has not
 *
 * Return: 0 or -EINVAL.
 */
int nat64_need_attr(const struct genl_info *info, unsigned int type,
		    const char *text)
{
	if (info->attrs[type])
		return 0;
	info->extack->_msg = text;
	return -EINVAL;
}

/**
 * nat64_parse_prefix() - read a translation prefix
 * @nest: NAT64_A_PREFIX or NAT64_EAM_A_PREFIX
 * @addr: filled in
 * @len: filled in, 0 to 255
 * @primary: filled in unless NULL
 * @extack: takes the text of an error
 *
 * Return: 0 or -EINVAL.
 */
int nat64_parse_prefix(const struct nlattr *nest, struct in6_addr *addr,
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

/**
 * nat64_parse_mapping() - read a mapping, or the name of one
 * @nest: NAT64_A_EAM
 * @m: filled in
 * @extack: takes the text of an error
 *
 * Return: 0 or -EINVAL.
 */
int nat64_parse_mapping(const struct nlattr *nest, struct nat64_mapping *m,
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
	m->is_edge = nla_get_flag(tb[NAT64_EAM_A_EDGE]);
	if (!m->has_prefix)
		return 0;
	return nat64_parse_prefix(tb[NAT64_EAM_A_PREFIX], &m->prefix, &m->prefix_len,
				  NULL, extack);
}

/**
 * nat64_parse_settings() - read the settings that are given
 * @nest: NAT64_A_SETTINGS
 * @set: settings, changed where they are given
 * @extack: takes the text of an error
 *
 * Return: 0 or -EINVAL.
 */
int nat64_parse_settings(const struct nlattr *nest, struct nat64_settings *set,
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
	for (i = 1; i <= NAT64_SETTING_MAX; i++)
		if (tb[i])
			memcpy((void *)set + settings_fields[i].offset,
			       nla_data(tb[i]), settings_fields[i].size);
	if (!set->icmp_source4)
		set->icmp_source4_len = 0;
	if (ipv6_addr_any(&set->icmp_source6))
		set->icmp_source6_len = 0;
	return 0;
}

/*
 * Attributes out. All return 0, or -EMSGSIZE when there is no room; so does what several
 * of them return, put together by a bitwise or.
 */

/**
 * nat64_put_prefix() - write a translation prefix
 * @skb: message
 * @type: attribute
 * @prefix: translation prefix
 * @primary: it is the primary one, and that is to be said
 *
 * Return: 0 or -EMSGSIZE.
 */
int nat64_put_prefix(struct sk_buff *skb, int type,
		     const struct nat64_prefix *prefix, bool primary)
{
	struct nlattr *nest = nla_nest_start(skb, type);
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = nla_put_in6_addr(skb, NAT64_PREFIX_A_ADDR, &prefix->addr);
	err |= nla_put_u8(skb, NAT64_PREFIX_A_LEN, prefix->len);
	if (primary)
		err |= nla_put_flag(skb, NAT64_PREFIX_A_PRIMARY);
	nla_nest_end(skb, nest);
	return err;
}

static int put_own_prefix(struct sk_buff *skb, const struct nat64_eam *eam,
			  const struct nat64_prefix *prefixes)
{
	/* A prefix added after the list was read: the dump is inconsistent. */
	if (eam->prefix_index == NAT64_PREFIX_PRIMARY || !prefixes[eam->prefix_index].len)
		return 0;
	return nat64_put_prefix(skb, NAT64_EAM_A_PREFIX, &prefixes[eam->prefix_index], false);
}

/**
 * nat64_put_eam() - write a mapping, or nothing of it
 * @skb: message
 * @type: attribute
 * @eam: mapping
 * @prefixes: translation prefixes by index
 *
 * Return: 0 or -EMSGSIZE.
 */
int nat64_put_eam(struct sk_buff *skb, int type,
		  const struct nat64_eam *eam,
		  const struct nat64_prefix *prefixes)
{
	struct nlattr *nest = nla_nest_start(skb, type);
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = nla_put_in_addr(skb, NAT64_EAM_A_ADDR4, eam->addr4);
	err |= nla_put_u8(skb, NAT64_EAM_A_LEN4, eam->len4);
	err |= nla_put_in6_addr(skb, NAT64_EAM_A_ADDR6, &eam->addr6);
	err |= nla_put_u8(skb, NAT64_EAM_A_LEN6, eam->len6);
	if (nat64_eam_is_edge(eam))
		err |= nla_put_flag(skb, NAT64_EAM_A_EDGE);
	err |= put_own_prefix(skb, eam, prefixes);
	if (err)
		nla_nest_cancel(skb, nest);
	else
		nla_nest_end(skb, nest);
	return err;
}

/**
 * nat64_put_settings() - write all settings
 * @skb: message
 * @set: settings
 *
 * Return: 0 or -EMSGSIZE.
 */
int nat64_put_settings(struct sk_buff *skb, const struct nat64_settings *set)
{
	struct nlattr *nest = nla_nest_start(skb, NAT64_A_SETTINGS);
	unsigned int i;
	int err = 0;

	if (!nest)
		return -EMSGSIZE;
	for (i = 1; i <= NAT64_SETTING_MAX; i++)
		err |= nla_put(skb, i, settings_fields[i].size,
			       (void *)set + settings_fields[i].offset);
	nla_nest_end(skb, nest);
	return err;
}

/**
 * nat64_put_total() - write the number of mappings and the digest
 * @skb: message
 * @cfg: configuration
 *
 * Return: 0 or -EMSGSIZE.
 */
int nat64_put_total(struct sk_buff *skb, const struct nat64_config *cfg)
{
	int err = nla_put_u32(skb, NAT64_A_COUNT, cfg->table->count);

	return err | nla_put_u64_64bit(skb, NAT64_A_DIGEST,
				       nat64_config_digest(cfg), NAT64_A_PAD);
}
