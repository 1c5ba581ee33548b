/* SPDX-License-Identifier: GPL-2.0-only */
/* The attributes of the family nat64, read and written. */
#ifndef _NAT64CTL_NL_ATTR_H
#define _NAT64CTL_NL_ATTR_H

#include <libmnl/libmnl.h>

#include "reply.h"

void nl_fetch_reply(const struct nlmsghdr *nlh, void *data);
void nl_fetch_counters(const struct nlmsghdr *nlh, void *data);
void nl_fetch_explained(const struct nlmsghdr *nlh, void *data);

void nl_put_pref64(struct nlmsghdr *nlh, const struct pref64 *t);
void nl_put_eam(struct nlmsghdr *nlh, const struct eam *eam);
void nl_put_eam_name(struct nlmsghdr *nlh, const struct prefix *p);
void nl_put_addr(struct nlmsghdr *nlh, const struct prefix *addr);
void nl_put_settings(struct nlmsghdr *nlh, const struct setting_value *values);

#endif /* _NAT64CTL_NL_ATTR_H */
