/* SPDX-License-Identifier: GPL-2.0 */
/* Configurations of other translators. */
#ifndef _NAT64CTL_IMPORT_H
#define _NAT64CTL_IMPORT_H

#include "conf.h"

int import_map646(struct conf *conf, const char *file);
int import_jool(struct conf *conf, const char *file);

#endif /* _NAT64CTL_IMPORT_H */
