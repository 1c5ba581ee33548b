/* SPDX-License-Identifier: GPL-2.0 */
/* Knowing when to translate (RFC 7915 sections 4.6 and 5.6). */
#ifndef _NAT64_NATIVE_H
#define _NAT64_NATIVE_H

#include <linux/notifier.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct nat64_eam;
struct nat64_net;
struct nat64_prefix;
struct net_device;
struct sk_buff;

/**
 * struct nat64_native - routes more specific than what is translated
 * @found4: there may be one inside a mapping
 * @found6: there may be one inside a translation prefix
 * @seen4: the routes since the last listing had one
 * @seen6: the same for IPv6
 * @on: @nb is registered
 * @cfg: configuration that the last listing was for; compared, never read
 * @lens: lengths of IPv4 prefixes, below 32, that it was for
 * @lock: of the four flags, between listing and events
 * @nb: hears of routes
 * @again: lists all routes anew, after such a route went away
 */
struct nat64_native {
	bool			found4;
	bool			found6;
	bool			seen4;
	bool			seen6;
	bool			on;
	const void		*cfg;
	u64			lens;
	spinlock_t		lock;	/* of the flags */
	struct notifier_block	nb;
	struct work_struct	again;
};

void nat64_native_init(struct nat64_net *nn);
void nat64_native_update(struct nat64_net *nn, bool on);
void nat64_native_exit(struct nat64_net *nn);
bool nat64_native_route4(const struct nat64_net *nn, const struct sk_buff *skb,
			 const struct net_device *in,
			 const struct nat64_eam *eam);
bool nat64_native_route6(const struct nat64_net *nn, struct sk_buff *skb,
			 struct net_device *in,
			 const struct nat64_prefix *prefix);

#endif /* _NAT64_NATIVE_H */
