/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Configurations of other translators.
 *
 * Jool's and TAYGA's tables are symmetric: a mapping may belong to an IPv6 host
 * with an IPv4 address, or to an IPv4 host with an IPv6 address. Here the
 * second kind has the word edge. Mappings that can only be of that kind get it,
 * others if the administrator says so.
 */
#ifndef _NAT64CTL_IMPORT_H
#define _NAT64CTL_IMPORT_H

#include "conf.h"

int import_map646(struct conf *conf, const char *file);
int import_jool(struct conf *conf, const char *file);
int import_tayga(struct conf *conf, const char *file);

bool import_is_clat(const struct eam *eam);
int import_check_sides(const struct conf *conf, const struct location *at,
		       const char *key);
int import_set(struct conf *conf, struct args *args, const char *setting,
	       const char *value);

#endif /* _NAT64CTL_IMPORT_H */
