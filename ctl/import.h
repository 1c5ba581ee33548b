/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Configurations of other translators.
 *
 * Jool's and TAYGA's tables are symmetric: a mapping may belong to an IPv6 host
 * with an IPv4 address, or to an IPv4 host with an IPv6 address. Mappings here
 * are of the first kind only. What can only be of the second is refused.
 */
#ifndef _NAT64CTL_IMPORT_H
#define _NAT64CTL_IMPORT_H

#include "conf.h"

int import_map646(struct conf *conf, const char *file);
int import_jool(struct conf *conf, const char *file);
int import_tayga(struct conf *conf, const char *file);

int import_check_side(const struct args *args, const struct eam *eam);
int import_check_pref64(const struct conf *conf, const struct location *at,
			const char *key);
int import_set(struct conf *conf, struct args *args, const char *setting,
	       const char *value);

#endif /* _NAT64CTL_IMPORT_H */
