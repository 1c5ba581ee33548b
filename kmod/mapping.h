/* SPDX-License-Identifier: GPL-2.0-only */
/* Adding and deleting mappings, in batches that are done all or not at all. */
#ifndef _NAT64_MAPPING_H
#define _NAT64_MAPPING_H

#include <linux/in6.h>
#include <linux/types.h>

struct nat64_eam;
struct nat64_net;
struct nat64_request;
struct nat64_table;

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
 * @is_edge: the hosts are on the IPv4 side
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
	bool		is_edge;
};

extern unsigned int nat64_max_mappings;

unsigned int nat64_mapping_limit(const struct nat64_net *nn);
int nat64_mapping_begin(struct nat64_request *rq, unsigned int size);
int nat64_mapping_put(struct nat64_request *rq, const struct nat64_mapping *m);
int nat64_mapping_del(struct nat64_request *rq, const struct nat64_mapping *m);
struct nat64_eam *nat64_mapping_find(const struct nat64_request *rq,
				     struct nat64_table *t,
				     const struct nat64_mapping *m);
void nat64_mapping_end(struct nat64_request *rq, int err);

#endif /* _NAT64_MAPPING_H */
