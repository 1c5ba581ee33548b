/* SPDX-License-Identifier: GPL-2.0 */
/* What the firewall may do to translated packets, as far as can be seen. */
#ifndef _NAT64CTL_FIREWALL_H
#define _NAT64CTL_FIREWALL_H

#include <stdbool.h>

/**
 * struct firewall_block - a chain that drops translated packets
 * @family: its family, as nft calls it
 * @table: its table
 * @chain: its name
 */
struct firewall_block {
	const char *family;
	const char *table;
	const char *chain;
};

typedef void firewall_fn(void *data, const struct firewall_block *block);

void firewall_find_blocks(firewall_fn *found, void *data);
bool firewall_sets_mark(void);
unsigned long long firewall_rp_filter_drops(void);

#endif /* _NAT64CTL_FIREWALL_H */
