/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Changing the configuration of a network namespace.
 *
 * A request is checked as a whole before packets see any of it, but for a batch
 * of mappings, which may be taken back. A refusal carries a text.
 */
#ifndef _NAT64_CONTROL_H
#define _NAT64_CONTROL_H

#include <linux/netlink.h>

#include "config.h"

/**
 * struct nat64_load - a whole configuration on its way in
 * @config: what was loaded so far; nobody else sees it
 * @portid: socket that loads
 */
struct nat64_load {
	struct nat64_config	*config;
	u32			portid;
};

/**
 * struct nat64_request - what userspace wants changed, and what is needed for it
 * @nn: translator, whose lock is held
 * @extack: for the text of a refusal, or NULL
 * @portid: socket that asks
 * @staged: it is for the configuration that this socket loads
 * @force: permit an overlap that RFC 7757 section 5 permits
 * @create: put a mapping in where there is none
 * @replace: put a mapping in the place of those with its prefixes
 * @config: configuration whose table @batch changes
 * @batch: changes of the table, or NULL
 */
struct nat64_request {
	struct nat64_net	*nn;
	struct netlink_ext_ack	*extack;
	u32			portid;
	bool			staged;
	bool			force;
	bool			create;
	bool			replace;
	struct nat64_config	*config;
	struct nat64_batch	*batch;
};

/**
 * struct nat64_mapping - a mapping as userspace names it
 * @addr6: IPv6 prefix
 * @prefix: translation prefix of its own
 * @addr4: IPv4 prefix
 * @len4: length of the IPv4 prefix
 * @len6: length of the IPv6 prefix
 * @prefix_len: length of @prefix
 * @has4: the IPv4 prefix is given
 * @has6: the IPv6 prefix is given
 * @has_prefix: the translation prefix is given
 */
struct nat64_mapping {
	struct in6_addr	addr6;
	struct in6_addr	prefix;
	__be32		addr4;
	u8		len4;
	u8		len6;
	u8		prefix_len;
	bool		has4;
	bool		has6;
	bool		has_prefix;
};

extern unsigned int nat64_max_mappings;

/* refuse.c */
int nat64_refuse(const struct nat64_request *rq, int err, const char *fmt, ...)
	__printf(3, 4);

/* config.c */
int nat64_config_init(struct nat64_net *nn);
void nat64_config_exit(struct nat64_net *nn);
struct nat64_config *nat64_config_alloc(u32 hint);
void nat64_config_free(struct nat64_config *cfg);
int nat64_config_publish(const struct nat64_request *rq,
			 struct nat64_config *new);
struct nat64_config *nat64_config_of(const struct nat64_request *rq);
u8 nat64_config_slot(const struct nat64_config *cfg,
		     const struct in6_addr *addr, u8 len);
u64 nat64_config_digest(const struct nat64_config *cfg);
int nat64_config_cover(const struct nat64_request *rq);
void nat64_config_settle(struct nat64_net *nn);
int nat64_config_enter_inside(struct nat64_request *rq);
int nat64_config_flush(const struct nat64_request *rq);
int nat64_prefix_add(const struct nat64_request *rq,
		     const struct in6_addr *addr, u8 len, bool primary);
int nat64_prefix_del(const struct nat64_request *rq,
		     const struct in6_addr *addr, u8 len);
int nat64_settings_set(const struct nat64_request *rq,
		       const struct nat64_settings *set);
void nat64_config_walk_begin(struct nat64_net *nn, struct nat64_walk *walk,
			     struct nat64_prefix *prefixes);
void nat64_config_walk_end(struct nat64_net *nn, struct nat64_walk *walk);

/* load.c */
int nat64_load_begin(const struct nat64_request *rq, u32 hint);
int nat64_load_commit(const struct nat64_request *rq, bool *changed);
int nat64_load_abort(const struct nat64_request *rq);
void nat64_load_release(struct nat64_net *nn, u32 portid);

/* mapping.c */
unsigned int nat64_mapping_limit(const struct nat64_net *nn);
int nat64_mapping_begin(struct nat64_request *rq, unsigned int size);
int nat64_mapping_put(struct nat64_request *rq, const struct nat64_mapping *m);
int nat64_mapping_del(struct nat64_request *rq, const struct nat64_mapping *m);
struct nat64_eam *nat64_mapping_find(const struct nat64_request *rq,
				     struct nat64_table *t,
				     const struct nat64_mapping *m);
void nat64_mapping_end(struct nat64_request *rq, int err);

/* genl.c */
int nat64_genl_init(void);
void nat64_genl_exit(void);

#endif /* _NAT64_CONTROL_H */
