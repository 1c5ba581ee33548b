/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Netlink attributes to members of a struct, by tables. Sizes are checked
 * here: an attribute of another size than its member is ignored.
 */
#ifndef _NAT64CTL_NL_FIELD_H
#define _NAT64CTL_NL_FIELD_H

#include <libmnl/libmnl.h>
#include <linux/types.h>
#include <stddef.h>

typedef void nl_fetch_fn(const struct nlattr *attr, void *to, size_t size);

/**
 * struct nl_field - an attribute, and where its value is put
 * @type: type of the attribute
 * @size: size of the member
 * @offset: where the member is
 * @fetch: stores the value; gets the address and the size of the member
 */
struct nl_field {
	__u16		type;
	size_t		size;
	size_t		offset;
	nl_fetch_fn	*fetch;
};

#define NL_FIELD(attr, record, member, fn) {		\
	.type	= (attr),				\
	.size	= sizeof(((record *)0)->member),	\
	.offset	= offsetof(record, member),		\
	.fetch	= (fn),					\
}

void nl_fetch_value(const struct nlattr *attr, void *to, size_t size);
void nl_fetch_string(const struct nlattr *attr, void *to, size_t size);
void nl_fetch_flag(const struct nlattr *attr, void *to, size_t size);

void nl_fetch_attr(const struct nlattr *attr, const struct nl_field *fields,
		   size_t n, void *to);
void nl_fetch_nest(const struct nlattr *nest, const struct nl_field *fields,
		   size_t n, void *to);
void nl_fetch_message(const struct nlmsghdr *nlh, const struct nl_field *fields,
		      size_t n, void *to);

#endif /* _NAT64CTL_NL_FIELD_H */
