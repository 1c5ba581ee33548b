/* SPDX-License-Identifier: GPL-2.0-only */
/* What the firewall may do to translated packets, as far as can be seen. */
#ifndef _NAT64CTL_FIREWALL_H
#define _NAT64CTL_FIREWALL_H

#include <stdbool.h>

/**
 * enum firewall_kind - what a chain may do to packets
 * @FIREWALL_BLOCKS: it drops those that are translated, unless a rule that is
 *	not understood accepts them
 * @FIREWALL_DROPS_SOME: it has rules that drop some packets
 * @FIREWALL_AT_DEVICE: it sees packets at a device, before the translator does or
 *	after all other chains
 */
enum firewall_kind {
	FIREWALL_BLOCKS,
	FIREWALL_DROPS_SOME,
	FIREWALL_AT_DEVICE,
};

/**
 * struct firewall_chain - a chain of nftables that may drop packets
 * @kind: how
 * @family: its family, as nft calls it
 * @table: its table
 * @name: its name
 */
struct firewall_chain {
	enum firewall_kind kind;
	const char *family;
	const char *table;
	const char *name;
};

typedef void firewall_fn(void *data, const struct firewall_chain *chain);

int firewall_find_chains(bool direct, firewall_fn *fn, void *data);
bool firewall_has_legacy(unsigned int family);
bool firewall_sets_mark(void);
unsigned long long firewall_rp_filter_drops(void);

#endif /* _NAT64CTL_FIREWALL_H */
