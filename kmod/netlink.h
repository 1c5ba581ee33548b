/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The generic netlink family, see uapi/linux/nat64.h. netlink.c has the list of
 * commands and the lock, netlink_attr.c attributes, netlink_msg.c messages; the
 * other netlink_*.c files have a function for each command.
 */
#ifndef _NAT64_NETLINK_H
#define _NAT64_NETLINK_H

#include <net/genetlink.h>

#include "config.h"
#include "mapping.h"
#include "request.h"

/* Room for one NAT64_A_EAM, one NAT64_A_STAT, and for all of STATUS_GET. */
#define NAT64_EAM_SIZE		96
#define NAT64_STAT_SIZE		64
#define NAT64_STATUS_SIZE	256

/* Longest packet that is explained, and room for what there is to say. */
#define NAT64_EXPLAIN_MAX	9216
#define NAT64_EXPLAIN_SIZE	768

/* Mappings a dump looks at before others may run. */
#define NAT64_DUMP_STEPS	1024

/**
 * struct nat64_message - a netlink message being made
 * @skb: where
 * @hdr: its generic netlink header
 */
struct nat64_message {
	struct sk_buff	*skb;
	void		*hdr;
};

extern struct genl_family nat64_genl_family;

/* netlink.c */
int nat64_genl_init(void);
void nat64_genl_exit(void);

/**
 * nat64_nl_net() - the translator that a request is about
 * @info: request
 */
static inline struct nat64_net *nat64_nl_net(const struct genl_info *info)
{
	return nat64_net(genl_info_net((struct genl_info *)info));
}

/**
 * nat64_nl_request() - what the request of a command with the lock wants
 * @info: request; its family's pre_doit holds the lock of the namespace
 */
static inline struct nat64_request *
nat64_nl_request(const struct genl_info *info)
{
	return info->user_ptr[0];
}

/* netlink_msg.c */
int nat64_reply_begin(struct nat64_message *msg, struct genl_info *info,
		      size_t size);
int nat64_reply_end(struct nat64_message *msg, struct genl_info *info,
		    int err);
bool nat64_event_begin(struct nat64_message *msg, struct genl_info *info,
		       u8 cmd, size_t size);
void nat64_event_end(struct nat64_message *msg, struct genl_info *info);
void nat64_notify_total(struct genl_info *info);
int nat64_dump_begin(struct nat64_message *msg, struct sk_buff *skb,
		     struct netlink_callback *cb);
int nat64_dump_end(struct nat64_message *msg, int err);

/* netlink_attr.c */
extern const struct nla_policy nat64_nothing_policy[NAT64_A_MAX + 1];
extern const struct nla_policy nat64_prefix_new_policy[NAT64_A_MAX + 1];
extern const struct nla_policy nat64_prefix_del_policy[NAT64_A_MAX + 1];
extern const struct nla_policy nat64_eam_new_policy[NAT64_A_MAX + 1];
extern const struct nla_policy nat64_eam_name_policy[NAT64_A_MAX + 1];
extern const struct nla_policy nat64_lookup_policy[NAT64_A_MAX + 1];
extern const struct nla_policy nat64_settings_set_policy[NAT64_A_MAX + 1];
extern const struct nla_policy nat64_load_begin_policy[NAT64_A_MAX + 1];
extern const struct nla_policy nat64_explain_policy[NAT64_A_MAX + 1];

int nat64_need_attr(const struct genl_info *info, unsigned int type,
		    const char *text);
int nat64_parse_prefix(const struct nlattr *nest, struct in6_addr *addr,
		       u8 *len, bool *primary, struct netlink_ext_ack *extack);
int nat64_parse_mapping(const struct nlattr *nest, struct nat64_mapping *m,
			struct netlink_ext_ack *extack);
int nat64_parse_settings(const struct nlattr *nest, struct nat64_settings *set,
			 struct netlink_ext_ack *extack);
int nat64_put_prefix(struct sk_buff *skb, int type,
		     const struct nat64_prefix *prefix, bool primary);
int nat64_put_eam(struct sk_buff *skb, int type, const struct nat64_eam *eam,
		  const struct nat64_prefix *prefixes);
int nat64_put_settings(struct sk_buff *skb, const struct nat64_settings *set);
int nat64_put_total(struct sk_buff *skb, const struct nat64_config *cfg);

/* Commands; those of netlink_config.c hold the lock but for SETTINGS_GET. */
int nat64_nl_status_get(struct sk_buff *skb, struct genl_info *info);
int nat64_nl_prefix_new(struct sk_buff *skb, struct genl_info *info);
int nat64_nl_prefix_del(struct sk_buff *skb, struct genl_info *info);
int nat64_nl_prefix_get_dump(struct sk_buff *skb, struct netlink_callback *cb);
int nat64_nl_settings_get(struct sk_buff *skb, struct genl_info *info);
int nat64_nl_settings_set(struct sk_buff *skb, struct genl_info *info);
int nat64_nl_load_begin(struct sk_buff *skb, struct genl_info *info);
int nat64_nl_load_commit(struct sk_buff *skb, struct genl_info *info);
int nat64_nl_load_abort(struct sk_buff *skb, struct genl_info *info);
int nat64_nl_stats_get(struct sk_buff *skb, struct genl_info *info);
int nat64_nl_stats_reset(struct sk_buff *skb, struct genl_info *info);

/* netlink_eam.c */
int nat64_nl_eam_new(struct sk_buff *skb, struct genl_info *info);
int nat64_nl_eam_del(struct sk_buff *skb, struct genl_info *info);
int nat64_nl_eam_flush(struct sk_buff *skb, struct genl_info *info);
int nat64_nl_eam_get(struct sk_buff *skb, struct genl_info *info);
int nat64_nl_lookup(struct sk_buff *skb, struct genl_info *info);

/* netlink_dump.c */
int nat64_nl_eam_get_start(struct netlink_callback *cb);
int nat64_nl_use_get_start(struct netlink_callback *cb);
int nat64_nl_eam_dump(struct sk_buff *skb, struct netlink_callback *cb);
int nat64_nl_eam_done(struct netlink_callback *cb);

/* netlink_explain.c */
int nat64_nl_explain(struct sk_buff *skb, struct genl_info *info);

#endif /* _NAT64_NETLINK_H */
