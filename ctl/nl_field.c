// SPDX-License-Identifier: GPL-2.0-only
#include "nl_field.h"

#include <linux/genetlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/**
 * nl_fetch_value() - fetch an integer or an address
 * @attr: attribute, in the byte order of the member
 * @to: member
 * @size: its size; left alone if the attribute has another
 */
void nl_fetch_value(const struct nlattr *attr, void *to, size_t size)
{
	if (mnl_attr_get_payload_len(attr) == size)
		memcpy(to, mnl_attr_get_payload(attr), size);
}

/**
 * nl_fetch_string() - fetch a text, cut to what fits
 * @attr: attribute
 * @to: member, an array of char
 * @size: its size
 */
void nl_fetch_string(const struct nlattr *attr, void *to, size_t size)
{
	const char *text = mnl_attr_get_payload(attr);
	size_t len = strnlen(text, mnl_attr_get_payload_len(attr));

	snprintf(to, size, "%.*s", (int)len, text);
}

/**
 * nl_fetch_flag() - note that an attribute is there
 * @attr: attribute
 * @to: member, a bool
 * @size: its size
 */
void nl_fetch_flag(const struct nlattr *attr, void *to, size_t size)
{
	bool *flag = to;

	(void)attr;
	(void)size;
	*flag = true;
}

/**
 * nl_fetch_attr() - store the value of an attribute where a table says
 * @attr: attribute; one that the table does not name is ignored
 * @fields: table; several rows may name the same attribute
 * @n: number of rows
 * @to: the struct that the table is about
 */
void nl_fetch_attr(const struct nlattr *attr, const struct nl_field *fields,
		   size_t n, void *to)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (mnl_attr_get_type(attr) == fields[i].type)
			fields[i].fetch(attr, (char *)to + fields[i].offset,
					fields[i].size);
}

/**
 * nl_fetch_nest() - store the values of nested attributes where a table says
 * @nest: attribute that holds others
 * @fields: table
 * @n: number of rows
 * @to: the struct that the table is about
 */
void nl_fetch_nest(const struct nlattr *nest, const struct nl_field *fields,
		   size_t n, void *to)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest)
		nl_fetch_attr(attr, fields, n, to);
}

/**
 * nl_fetch_message() - store the values of a message where a table says
 * @nlh: message of a generic netlink family
 * @fields: table
 * @n: number of rows
 * @to: the struct that the table is about
 */
void nl_fetch_message(const struct nlmsghdr *nlh, const struct nl_field *fields,
		      size_t n, void *to)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
		nl_fetch_attr(attr, fields, n, to);
}
