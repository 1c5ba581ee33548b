/* SPDX-License-Identifier: GPL-2.0-only */
/* The netfilter hooks of a network namespace. */
#ifndef _NAT64_HOOK_H
#define _NAT64_HOOK_H

#include "config.h"

/*
 * After an administrator's own chains (nft knows no name for it: use a
 * priority below this one to set the mark that setting mark looks for), before
 * fragments are reassembled (-400) and connections tracked (-200).
 */
#define NAT64_HOOK_PRIORITY	(-420)

int nat64_hooks_register(struct nat64_net *nn,
			 const struct nat64_settings *set);
void nat64_hooks_unregister(struct nat64_net *nn);

#endif /* _NAT64_HOOK_H */
