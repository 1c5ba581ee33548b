// SPDX-License-Identifier: GPL-2.0-only
#include "prefix.h"

#include <linux/err.h>
#include <linux/string.h>
#include <net/ipv6.h>

#include "control.h"

/* What nat64_config_prefix_index() returns for a prefix that is not there. */
#define NO_INDEX	NAT64_PREFIX_PRIMARY

static u8 free_index(const struct nat64_config *cfg)
{
	u8 index;

	for (index = 0; index < NAT64_MAX_PREFIXES; index++)
		if (!cfg->prefix[index].len)
			return index;
	return NO_INDEX;
}

static void list_insert(u8 *list, u8 n, u8 at, u8 index)
{
	memmove(&list[at + 1], &list[at], n - at);
	list[at] = index;
}

static void list_remove(u8 *list, u8 n, u8 index)
{
	u8 at = 0;

	while (list[at] != index)
		at++;
	memmove(&list[at], &list[at + 1], n - at - 1);
	list[n - 1] = 0;
}

static void insert_prefix(struct nat64_config *cfg, u8 index,
			  const struct nat64_prefix *prefix)
{
	u8 n = cfg->n_order;
	u8 at = 0;

	while (at < n && cfg->prefix[cfg->order[at]].len >= prefix->len)
		at++;
	list_insert(cfg->order, n, at, index);
	list_insert(cfg->added, n, n, index);
	cfg->prefix[index] = *prefix;
	cfg->n_order = n + 1;
}

static void remove_prefix(struct nat64_config *cfg, u8 index)
{
	list_remove(cfg->order, cfg->n_order, index);
	list_remove(cfg->added, cfg->n_order, index);
	memset(&cfg->prefix[index], 0, sizeof(cfg->prefix[index]));
	cfg->n_order--;
	if (cfg->primary == index)
		cfg->primary = cfg->added[0];
}

/* At most 96 bits long, so :: covers the loopback address as well. */
static bool is_forwarded(const struct nat64_prefix *prefix)
{
	const struct in6_addr *addr = &prefix->addr;

	return !ipv6_addr_any(addr) && !ipv6_addr_v4mapped(addr) &&
	       !ipv6_addr_is_multicast(addr) &&
	       !(ipv6_addr_type(addr) & IPV6_ADDR_LINKLOCAL);
}

static int init_prefix(const struct nat64_request *rq,
		       struct nat64_prefix *prefix,
		       const struct in6_addr *addr, u8 len)
{
	struct in6_addr masked;

	switch (nat64_prefix_init(prefix, addr, len)) {
	case 0:
		break;
	case -EDOM:
		return nat64_request_error(rq, -EINVAL,
					   "%pI6c/%u: the length of a translation prefix is 32, 40, 48, 56, 64 or 96 (RFC 6052)",
					   addr, len);
	default:
		ipv6_addr_prefix(&masked, addr, len);
		if (ipv6_addr_equal(&masked, addr))
			return nat64_request_error(rq, -EINVAL,
						   "%pI6c/%u: bits 64 to 71 must be zero (RFC 6052)",
						   addr, len);
		return nat64_request_error(rq, -EINVAL,
					   "%pI6c/%u has bits set beyond its length",
					   addr, len);
	}
	if (!is_forwarded(prefix))
		return nat64_request_error(rq, -EINVAL,
					   "%pI6c/%u cannot be a translation prefix: it is never forwarded",
					   addr, len);
	return 0;
}

static int check_prefix_overlap(const struct nat64_request *rq,
				const struct nat64_prefix *prefix,
				const struct nat64_eam *eam)
{
	if (!eam || rq->force)
		return 0;
	return nat64_request_error(rq, -EADDRINUSE,
				   "%pI6c/%u overlaps %pI6c/%u, which is mapped to %pI4/%u",
				   &prefix->addr, prefix->len, &eam->addr6, eam->len6,
				   &eam->addr4, eam->len4);
}

static int add_prefix(const struct nat64_request *rq,
		      struct nat64_config *cfg, const struct in6_addr *addr,
		      u8 len, bool primary)
{
	const struct nat64_eam *eam;
	struct nat64_prefix prefix;
	u8 index = free_index(cfg);
	int err;

	err = init_prefix(rq, &prefix, addr, len);
	if (err)
		return err;
	if (index == NO_INDEX)
		return nat64_request_error(rq, -ENOSPC,
					   "there are %u translation prefixes already, the limit",
					   NAT64_MAX_PREFIXES);
	eam = nat64_table_find_overlap(cfg->table, &prefix);
	err = check_prefix_overlap(rq, &prefix, eam);
	if (err)
		return err;

	if (primary || !cfg->n_order)
		cfg->primary = index;
	insert_prefix(cfg, index, &prefix);
	cfg->overlaps_pref64 |= !!eam;
	return 0;
}

static int make_primary(struct nat64_request *rq,
			const struct in6_addr *addr, u8 len)
{
	struct nat64_config *cfg = nat64_config_edit_begin(rq);

	if (IS_ERR(cfg))
		return PTR_ERR(cfg);
	cfg->primary = nat64_config_prefix_index(cfg, addr, len);
	return nat64_config_edit_end(rq, cfg, 0);
}

/* Wait until every CPU sees the new prefix before a mapping may refer to it. */
static void finish_added(const struct nat64_request *rq)
{
	const struct nat64_config *cfg = nat64_request_config(rq);

	if (cfg->overlaps_pref64)
		nat64_table_mark_overlaps(cfg->table, cfg->prefix);
	if (!rq->staged)
		synchronize_rcu();
}

/**
 * nat64_prefix_add() - add a translation prefix, or make it the primary one
 * @rq: request
 * @addr: prefix
 * @len: its length
 * @primary: it writes IPv6 sources from now on; the first one does anyway
 *
 * A prefix that overlaps a mapping is refused unless forced, which takes a pass
 * over the table. Prefixes may lie inside each other: the longest one counts.
 *
 * Context: process, @rq->nn->lock.
 * Return: 0 or a negative error.
 */
int nat64_prefix_add(struct nat64_request *rq, const struct in6_addr *addr,
		     u8 len, bool primary)
{
	struct nat64_config *cfg = nat64_request_config(rq);
	u8 index;
	int err;

	if (IS_ERR(cfg))
		return PTR_ERR(cfg);
	index = nat64_config_prefix_index(cfg, addr, len);
	if (index != NO_INDEX && !primary)
		return nat64_request_error(rq, -EEXIST,
					   "%pI6c/%u is a translation prefix already",
					   addr, len);
	if (index != NO_INDEX)
		return index == cfg->primary ? 0 :
		       make_primary(rq, addr, len);

	cfg = nat64_config_edit_begin(rq);
	if (IS_ERR(cfg))
		return PTR_ERR(cfg);
	err = add_prefix(rq, cfg, addr, len, primary);
	err = nat64_config_edit_end(rq, cfg, err);
	if (!err)
		finish_added(rq);
	return err;
}

/**
 * nat64_prefix_del() - delete a translation prefix
 * @rq: request, not a staged one
 * @addr: prefix
 * @len: its length
 *
 * Refused while a mapping names it. When the primary one goes, the one that was
 * added first of those that stay becomes primary.
 *
 * Context: process, @rq->nn->lock.
 * Return: 0 or a negative error.
 */
int nat64_prefix_del(struct nat64_request *rq, const struct in6_addr *addr,
		     u8 len)
{
	const struct nat64_config *old = nat64_config_protected(rq->nn);
	u8 index = nat64_config_prefix_index(old, addr, len);
	struct nat64_config *cfg;
	int err;

	if (index == NO_INDEX)
		return nat64_request_error(rq, -ENOENT,
					   "%pI6c/%u is not a translation prefix",
					   addr, len);
	if (old->table->prefix_users[index])
		return nat64_request_error(rq, -EBUSY,
					   "%pI6c/%u is the prefix of mappings, %u of them",
					   addr, len, old->table->prefix_users[index]);
	cfg = nat64_config_edit_begin(rq);
	if (IS_ERR(cfg))
		return PTR_ERR(cfg);
	remove_prefix(cfg, index);
	err = nat64_config_edit_end(rq, cfg, 0);
	if (!err && cfg->overlaps_pref64) {
		nat64_table_mark_overlaps(cfg->table, cfg->prefix);
		nat64_config_sync(rq->nn);
	}
	return err;
}
