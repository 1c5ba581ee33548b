// SPDX-License-Identifier: GPL-2.0-only
#include "config.h"

#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/ipv6.h>

/**
 * nat64_config_alloc() - make an empty configuration
 * @hint: number of mappings to come, 0 if not known
 *
 * Context: process. The memory is charged to the caller.
 * Return: the configuration with the default settings, or NULL without memory.
 */
struct nat64_config *nat64_config_alloc(u32 hint)
{
	struct nat64_config *cfg = kzalloc(sizeof(*cfg), GFP_KERNEL_ACCOUNT);

	if (!cfg)
		return NULL;
	cfg->table = nat64_table_alloc(hint);
	if (!cfg->table) {
		kfree(cfg);
		return NULL;
	}
	memcpy(&cfg->set, &nat64_default_settings, sizeof(cfg->set));
	return cfg;
}

/**
 * nat64_config_copy() - copy a configuration; both share the table of mappings
 * @old: configuration
 *
 * Context: process. The memory is charged to the caller.
 * Return: the copy, or NULL without memory.
 */
struct nat64_config *nat64_config_copy(const struct nat64_config *old)
{
	struct nat64_config *cfg;

	cfg = kmemdup(old, sizeof(*old), GFP_KERNEL_ACCOUNT);
	if (cfg)
		nat64_table_get(cfg->table);
	return cfg;
}

/**
 * nat64_config_free() - free a configuration that no packet can see
 * @cfg: configuration
 *
 * Context: process.
 */
void nat64_config_free(struct nat64_config *cfg)
{
	nat64_table_put(cfg->table);
	kfree(cfg);
}

static void config_free_work(struct work_struct *work)
{
	nat64_config_free(container_of(to_rcu_work(work), struct nat64_config,
				       rwork));
}

/**
 * nat64_config_free_rcu() - free a configuration that packets may still see
 * @cfg: configuration that was replaced
 *
 * Context: process.
 */
void nat64_config_free_rcu(struct nat64_config *cfg)
{
	INIT_RCU_WORK(&cfg->rwork, config_free_work);
	queue_rcu_work(nat64_workers, &cfg->rwork);
}

/**
 * nat64_config_prefix_index() - find a translation prefix
 * @cfg: configuration
 * @addr: prefix
 * @len: its length
 *
 * Return: its index, or NAT64_PREFIX_PRIMARY if there is none.
 */
u8 nat64_config_prefix_index(const struct nat64_config *cfg,
			     const struct in6_addr *addr, u8 len)
{
	unsigned int i;

	for (i = 0; i < cfg->n_order; i++) {
		const struct nat64_prefix *p = &cfg->prefix[cfg->order[i]];

		if (p->len == len && ipv6_addr_equal(&p->addr, addr))
			return cfg->order[i];
	}
	return NAT64_PREFIX_PRIMARY;
}

static u64 prefix_digest(const struct nat64_prefix *prefix, bool primary)
{
	static const siphash_key_t key = {
		.key = { 0x6e61743634207072ULL, 0x6566697864696765ULL },
	};
	struct {
		struct in6_addr	addr;
		u8		len;
		u8		primary;
		u8		zero[6];
	} __aligned(SIPHASH_ALIGNMENT) msg = {
		.addr = prefix->addr,
		.len = prefix->len,
		.primary = primary,
	};

	return siphash(&msg, sizeof(msg), &key);
}

/**
 * nat64_config_digest() - a hash of the mappings and the translation prefixes
 * @cfg: configuration
 *
 * Equal on every machine that holds the same ones, in whatever order.
 *
 * Context: process, the lock that serialises changes of @cfg.
 * Return: the hash.
 */
u64 nat64_config_digest(const struct nat64_config *cfg)
{
	u64 digest = cfg->table->digest;
	unsigned int i;
	u8 index;

	for (i = 0; i < cfg->n_order; i++) {
		index = cfg->order[i];
		digest += prefix_digest(&cfg->prefix[index],
					index == cfg->primary);
	}
	return digest;
}
