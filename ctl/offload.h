/* SPDX-License-Identifier: GPL-2.0-only */
/* What a device does by itself, as ethtool -k shows it. */
#ifndef _NAT64CTL_OFFLOAD_H
#define _NAT64CTL_OFFLOAD_H

#include <stdbool.h>

bool offload_merges(const char *device);
bool offload_takes_tags(const char *device);
bool offload_sums(const char *device);

#endif /* _NAT64CTL_OFFLOAD_H */
