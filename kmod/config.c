// SPDX-License-Identifier: GPL-2.0
#include "config.h"

#include <linux/err.h>
#include <linux/inetdevice.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/ipv6.h>

#include "control.h"
#include "hook.h"

#define NO_SLOT		NAT64_SLOT_PRIMARY

static const struct nat64_settings default_settings = {
	.lowest_ipv6_mtu = IPV6_MIN_MTU,
	.tos = NAT64_COPY,
	.traffic_class = NAT64_COPY,
	.udp_zero_checksum = NAT64_UDP_ZERO_COMPUTE,
	.forwarding = NAT64_FORWARDING_FILTERED,
	.icmp_errors = true,
	.wkp_strict = true,
	.hairpin = true,
	.local = true,
};

/* Making and freeing. */

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
	memcpy(&cfg->set, &default_settings, sizeof(cfg->set));
	return cfg;
}

static struct nat64_config *config_copy(const struct nat64_config *old)
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

static void config_free_rcu(struct nat64_config *cfg)
{
	INIT_RCU_WORK(&cfg->rwork, config_free_work);
	queue_rcu_work(nat64_workers, &cfg->rwork);
}

/**
 * nat64_config_init() - give a network namespace an empty configuration
 * @nn: its translator
 *
 * Return: 0 or -ENOMEM.
 */
int nat64_config_init(struct nat64_net *nn)
{
	struct nat64_config *cfg = nat64_config_alloc(0);

	if (!cfg)
		return -ENOMEM;
	mutex_init(&nn->lock);
	INIT_LIST_HEAD(&nn->walks);
	nn->generation = 1;
	RCU_INIT_POINTER(nn->config, cfg);
	return 0;
}

/**
 * nat64_config_exit() - free the configuration of a network namespace
 * @nn: its translator
 *
 * Context: process; the hooks are gone, and a grace period has passed.
 */
void nat64_config_exit(struct nat64_net *nn)
{
	struct nat64_load *load = nn->load;

	if (load) {
		nat64_config_free(load->config);
		kfree(load);
	}
	nat64_config_free(rcu_dereference_protected(nn->config, true));
}

/* Publishing. */

static bool needs_pre(const struct nat64_config *cfg)
{
	return cfg->n_order || cfg->table->count;
}

static bool needs_out(const struct nat64_config *cfg)
{
	return needs_pre(cfg) && cfg->set.local;
}

static int refuse_hooks(const struct nat64_request *rq, int err)
{
	return nat64_refuse(rq, err, "the netfilter hooks cannot be registered");
}

static int refuse_memory(const struct nat64_request *rq)
{
	return nat64_refuse(rq, -ENOMEM, "out of memory");
}

/**
 * nat64_config_cover() - register the hooks that a first mapping needs
 * @rq: request to add a mapping
 *
 * To be followed by nat64_config_settle(), whether the mapping comes or not.
 *
 * Context: process, the lock of the translator.
 * Return: 0, or a negative error with nothing changed.
 */
int nat64_config_cover(const struct nat64_request *rq)
{
	struct nat64_net *nn = rq->nn;
	bool local = nat64_config_held(nn)->set.local;
	int err;

	err = nat64_hooks_update(nn, true, nn->out_on || local);
	return err ? refuse_hooks(rq, err) : 0;
}

/* Unregisters what the configuration does not need. */
static void settle_hooks(struct nat64_net *nn)
{
	const struct nat64_config *cfg = nat64_config_held(nn);

	WARN_ON_ONCE(nat64_hooks_update(nn, needs_pre(cfg), needs_out(cfg)));
	nat64_native_update(nn, needs_pre(cfg));
}

/* A reader who does not come back must not keep a table that was replaced. */
static void end_walks(struct nat64_net *nn, const struct nat64_table *t)
{
	struct nat64_walk *walk;

	list_for_each_entry(walk, &nn->walks, list)
		if (walk->table == t)
			nat64_walk_exit(walk);
}

/**
 * nat64_config_publish() - show a configuration to packets
 * @rq: request that made it
 * @new: configuration, taken over on success
 *
 * Every packet sees all of the old one or all of the new one. There are hooks
 * as long as either needs them.
 *
 * Context: process, the lock of the translator.
 * Return: 0, or a negative error with nothing changed.
 */
int nat64_config_publish(const struct nat64_request *rq,
			 struct nat64_config *new)
{
	struct nat64_net *nn = rq->nn;
	struct nat64_config *old = nat64_config_held(nn);
	int err;

	if (new->set.counters && nat64_uses_begin(nn))
		return refuse_memory(rq);
	err = nat64_hooks_update(nn, nn->pre_on || needs_pre(new),
				 nn->out_on || needs_out(new));
	if (err)
		return refuse_hooks(rq, err);
	rcu_assign_pointer(nn->config, new);
	if (!new->set.counters)
		nat64_uses_end(nn);
	WRITE_ONCE(nn->generation, nn->generation + 1);
	settle_hooks(nn);
	if (new->table != old->table)
		end_walks(nn, old->table);
	config_free_rcu(old);
	return 0;
}

/**
 * nat64_config_of() - the configuration that a request is about
 * @rq: request
 *
 * Context: process, the lock of the translator.
 * Return: the one being loaded for a staged request, or else the one in place;
 * -ENOENT if the socket loads none.
 */
struct nat64_config *nat64_config_of(const struct nat64_request *rq)
{
	struct nat64_load *load = rq->nn->load;

	if (!rq->staged)
		return nat64_config_held(rq->nn);
	if (!load || load->portid != rq->portid)
		return ERR_PTR(nat64_refuse(rq, -ENOENT,
					    "this socket is not loading a configuration"));
	return load->config;
}

/* A configuration to be edited: the one being loaded, or a copy. */
static struct nat64_config *edit_begin(const struct nat64_request *rq)
{
	struct nat64_config *cfg = nat64_config_of(rq);

	if (IS_ERR(cfg) || rq->staged)
		return cfg;
	cfg = config_copy(cfg);
	if (!cfg)
		return ERR_PTR(refuse_memory(rq));
	return cfg;
}

static int edit_end(const struct nat64_request *rq, struct nat64_config *cfg,
		    int err)
{
	if (rq->staged)
		return err;
	if (!err)
		err = nat64_config_publish(rq, cfg);
	if (err)
		nat64_config_free(cfg);
	return err;
}

static int set_inside(const struct nat64_request *rq, bool inside)
{
	struct nat64_config *cfg = edit_begin(rq);

	if (IS_ERR(cfg))
		return PTR_ERR(cfg);
	cfg->inside = inside;
	return edit_end(rq, cfg, 0);
}

/**
 * nat64_config_enter_inside() - tell packets of mappings inside translation prefixes
 * @rq: request that is about to add one
 *
 * Packets know it by the time this returns.
 *
 * Context: process, the lock of the translator.
 * Return: 0 or a negative error.
 */
int nat64_config_enter_inside(struct nat64_request *rq)
{
	int err;

	if (rq->config->inside)
		return 0;
	err = set_inside(rq, true);
	if (err || rq->staged)
		return err;
	rq->config = nat64_config_held(rq->nn);
	rq->batch->prefixes = rq->config->prefix;
	synchronize_rcu();
	return 0;
}

/**
 * nat64_config_settle() - give up what the mappings do not need any more
 * @nn: translator
 *
 * Context: process, the lock of the translator.
 */
void nat64_config_settle(struct nat64_net *nn)
{
	const struct nat64_config *cfg = nat64_config_held(nn);
	struct nat64_request rq = { .nn = nn };

	/* Without memory it stays set, which costs packets a lookup. */
	if (cfg->inside && !cfg->table->inside)
		set_inside(&rq, false);
	settle_hooks(nn);
}

/**
 * nat64_config_flush() - delete all mappings
 * @rq: request
 *
 * Context: process, the lock of the translator.
 * Return: 0 or a negative error.
 */
int nat64_config_flush(const struct nat64_request *rq)
{
	struct nat64_table *table;
	struct nat64_config *cfg;

	if (!nat64_config_held(rq->nn)->table->count)
		return 0;
	table = nat64_table_alloc(0);
	if (!table)
		return refuse_memory(rq);
	cfg = edit_begin(rq);
	if (IS_ERR(cfg)) {
		nat64_table_put(table);
		return PTR_ERR(cfg);
	}
	nat64_table_put(cfg->table);
	cfg->table = table;
	cfg->inside = false;
	return edit_end(rq, cfg, 0);
}

/* Digest. */

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
 * Context: process, the lock of the translator.
 * Return: the hash.
 */
u64 nat64_config_digest(const struct nat64_config *cfg)
{
	u64 digest = cfg->table->digest;
	unsigned int i;
	u8 slot;

	for (i = 0; i < cfg->n_order; i++) {
		slot = cfg->order[i];
		digest += prefix_digest(&cfg->prefix[slot],
					slot == cfg->primary);
	}
	return digest;
}

/* Translation prefixes. */

/**
 * nat64_config_slot() - find a translation prefix
 * @cfg: configuration
 * @addr: prefix
 * @len: its length
 *
 * Return: its slot, or NAT64_SLOT_PRIMARY if there is none.
 */
u8 nat64_config_slot(const struct nat64_config *cfg,
		     const struct in6_addr *addr, u8 len)
{
	unsigned int i;

	for (i = 0; i < cfg->n_order; i++) {
		const struct nat64_prefix *p = &cfg->prefix[cfg->order[i]];

		if (p->len == len && ipv6_addr_equal(&p->addr, addr))
			return cfg->order[i];
	}
	return NO_SLOT;
}

static u8 free_slot(const struct nat64_config *cfg)
{
	u8 slot;

	for (slot = 0; slot < NAT64_MAX_PREFIXES; slot++)
		if (!cfg->prefix[slot].len)
			return slot;
	return NO_SLOT;
}

static void list_insert(u8 *list, u8 n, u8 at, u8 slot)
{
	memmove(&list[at + 1], &list[at], n - at);
	list[at] = slot;
}

static void list_remove(u8 *list, u8 n, u8 slot)
{
	u8 at = 0;

	while (list[at] != slot)
		at++;
	memmove(&list[at], &list[at + 1], n - at - 1);
	list[n - 1] = 0;
}

static void slot_fill(struct nat64_config *cfg, u8 slot,
		      const struct nat64_prefix *prefix)
{
	u8 n = cfg->n_order;
	u8 at = 0;

	while (at < n && cfg->prefix[cfg->order[at]].len >= prefix->len)
		at++;
	list_insert(cfg->order, n, at, slot);
	list_insert(cfg->added, n, n, slot);
	cfg->prefix[slot] = *prefix;
	cfg->n_order = n + 1;
}

static void slot_clear(struct nat64_config *cfg, u8 slot)
{
	list_remove(cfg->order, cfg->n_order, slot);
	list_remove(cfg->added, cfg->n_order, slot);
	memset(&cfg->prefix[slot], 0, sizeof(cfg->prefix[slot]));
	cfg->n_order--;
	if (cfg->primary == slot)
		cfg->primary = cfg->added[0];
}

/* Shorter than 97 bits, so :: stands for the loopback address as well. */
static bool is_forwarded(const struct nat64_prefix *prefix)
{
	const struct in6_addr *addr = &prefix->addr;

	return !ipv6_addr_any(addr) && !ipv6_addr_v4mapped(addr) &&
	       !ipv6_addr_is_multicast(addr) &&
	       !(ipv6_addr_type(addr) & IPV6_ADDR_LINKLOCAL);
}

static int prefix_check(const struct nat64_request *rq,
			struct nat64_prefix *prefix,
			const struct in6_addr *addr, u8 len)
{
	struct in6_addr masked;

	switch (nat64_prefix_init(prefix, addr, len)) {
	case 0:
		break;
	case -EDOM:
		return nat64_refuse(rq, -EINVAL,
				    "%pI6c/%u: the length of a translation prefix is 32, 40, 48, 56, 64 or 96 (RFC 6052)",
				    addr, len);
	default:
		ipv6_addr_prefix(&masked, addr, len);
		if (ipv6_addr_equal(&masked, addr))
			return nat64_refuse(rq, -EINVAL,
					    "%pI6c/%u: bits 64 to 71 of a translation prefix are zero (RFC 6052)",
					    addr, len);
		return nat64_refuse(rq, -EINVAL,
				    "%pI6c/%u has bits set behind its length",
				    addr, len);
	}
	if (!is_forwarded(prefix))
		return nat64_refuse(rq, -EINVAL,
				    "%pI6c/%u cannot be a translation prefix: its addresses are never forwarded",
				    addr, len);
	return 0;
}

static int prefix_clash(const struct nat64_request *rq,
			const struct nat64_prefix *prefix,
			const struct nat64_eam *eam)
{
	if (!eam || rq->force)
		return 0;
	return nat64_refuse(rq, -EADDRINUSE,
			    "%pI6c/%u overlaps %pI6c/%u, which is mapped to %pI4/%u",
			    &prefix->addr, prefix->len, &eam->addr6, eam->len6,
			    &eam->addr4, eam->len4);
}

static int prefix_insert(const struct nat64_request *rq,
			 struct nat64_config *cfg, const struct in6_addr *addr,
			 u8 len, bool primary)
{
	const struct nat64_eam *eam;
	struct nat64_prefix prefix;
	u8 slot = free_slot(cfg);
	int err;

	err = prefix_check(rq, &prefix, addr, len);
	if (err)
		return err;
	if (slot == NO_SLOT)
		return nat64_refuse(rq, -ENOSPC,
				    "there are %u translation prefixes already, the limit",
				    NAT64_MAX_PREFIXES);
	eam = nat64_table_find_inside(cfg->table, &prefix);
	err = prefix_clash(rq, &prefix, eam);
	if (err)
		return err;

	if (primary || !cfg->n_order)
		cfg->primary = slot;
	slot_fill(cfg, slot, &prefix);
	cfg->inside |= !!eam;
	return 0;
}

static int prefix_promote(const struct nat64_request *rq,
			  const struct in6_addr *addr, u8 len)
{
	struct nat64_config *cfg = edit_begin(rq);

	if (IS_ERR(cfg))
		return PTR_ERR(cfg);
	cfg->primary = nat64_config_slot(cfg, addr, len);
	return edit_end(rq, cfg, 0);
}

/* No mapping may name a prefix that some packet does not know yet. */
static void prefix_added(const struct nat64_request *rq)
{
	const struct nat64_config *cfg = nat64_config_of(rq);

	if (cfg->inside)
		nat64_table_mark_inside(cfg->table, cfg->prefix);
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
 * Context: process, the lock of the translator.
 * Return: 0 or a negative error.
 */
int nat64_prefix_add(const struct nat64_request *rq,
		     const struct in6_addr *addr, u8 len, bool primary)
{
	struct nat64_config *cfg = nat64_config_of(rq);
	u8 slot;
	int err;

	if (IS_ERR(cfg))
		return PTR_ERR(cfg);
	slot = nat64_config_slot(cfg, addr, len);
	if (slot != NO_SLOT && !primary)
		return nat64_refuse(rq, -EEXIST,
				    "%pI6c/%u is a translation prefix already",
				    addr, len);
	if (slot != NO_SLOT)
		return slot == cfg->primary ? 0 :
		       prefix_promote(rq, addr, len);

	cfg = edit_begin(rq);
	if (IS_ERR(cfg))
		return PTR_ERR(cfg);
	err = prefix_insert(rq, cfg, addr, len, primary);
	err = edit_end(rq, cfg, err);
	if (!err)
		prefix_added(rq);
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
 * Context: process, the lock of the translator.
 * Return: 0 or a negative error.
 */
int nat64_prefix_del(const struct nat64_request *rq,
		     const struct in6_addr *addr, u8 len)
{
	const struct nat64_config *old = nat64_config_held(rq->nn);
	u8 slot = nat64_config_slot(old, addr, len);
	struct nat64_config *cfg;
	int err;

	if (slot == NO_SLOT)
		return nat64_refuse(rq, -ENOENT,
				    "%pI6c/%u is not a translation prefix",
				    addr, len);
	if (old->table->slots[slot])
		return nat64_refuse(rq, -EBUSY,
				    "%pI6c/%u is the prefix of mappings, %u of them",
				    addr, len, old->table->slots[slot]);
	cfg = edit_begin(rq);
	if (IS_ERR(cfg))
		return PTR_ERR(cfg);
	slot_clear(cfg, slot);
	err = edit_end(rq, cfg, 0);
	if (!err && cfg->inside) {
		nat64_table_mark_inside(cfg->table, cfg->prefix);
		nat64_config_settle(rq->nn);
	}
	return err;
}

/* Settings. */

static bool is_source4(__be32 addr)
{
	return !ipv4_is_zeronet(addr) && !ipv4_is_loopback(addr) &&
	       ntohl(addr) < 0xe0000000;
}

static bool is_source6(const struct in6_addr *addr)
{
	return ipv6_addr_type(addr) & IPV6_ADDR_UNICAST &&
	       !(ipv6_addr_type(addr) &
		 (IPV6_ADDR_LINKLOCAL | IPV6_ADDR_LOOPBACK)) &&
	       !ipv6_addr_v4mapped(addr);
}

static int pool4_check(const struct nat64_request *rq,
		       const struct nat64_settings *set)
{
	__be32 addr = set->icmp_source4;
	u8 len = set->icmp_source4_len;

	if (!addr)
		return 0;
	if (len > 32 || addr & ~inet_make_mask(len))
		return nat64_refuse(rq, -EINVAL,
				    "icmp-source4 %pI4/%u has bits set behind its length",
				    &addr, len);
	if (!is_source4(addr))
		return nat64_refuse(rq, -EINVAL,
				    "icmp-source4 %pI4/%u cannot be a source",
				    &addr, len);
	return 0;
}

static int pool6_check(const struct nat64_request *rq,
		       const struct nat64_settings *set)
{
	const struct in6_addr *addr = &set->icmp_source6;
	u8 len = set->icmp_source6_len;
	struct in6_addr masked;

	if (ipv6_addr_any(addr))
		return 0;
	if (len <= 128)
		ipv6_addr_prefix(&masked, addr, len);
	if (len > 128 || !ipv6_addr_equal(&masked, addr))
		return nat64_refuse(rq, -EINVAL,
				    "icmp-source6 %pI6c/%u has bits set behind its length",
				    addr, len);
	if (!is_source6(addr))
		return nat64_refuse(rq, -EINVAL,
				    "icmp-source6 %pI6c/%u cannot be a source",
				    addr, len);
	return 0;
}

static int settings_check(const struct nat64_request *rq,
			  const struct nat64_settings *set)
{
	if (set->mark & ~set->mark_mask)
		return nat64_refuse(rq, -EINVAL,
				    "mark 0x%x has bits set outside of its mask 0x%x",
				    set->mark, set->mark_mask);
	return pool4_check(rq, set) ?: pool6_check(rq, set);
}

/**
 * nat64_settings_set() - change the settings
 * @rq: request
 * @set: all settings; what an attribute's policy can check is right
 *
 * Context: process, the lock of the translator.
 * Return: 0 or a negative error.
 */
int nat64_settings_set(const struct nat64_request *rq,
		       const struct nat64_settings *set)
{
	struct nat64_config *cfg = nat64_config_of(rq);
	int err;

	if (IS_ERR(cfg))
		return PTR_ERR(cfg);
	err = settings_check(rq, set);
	if (err)
		return err;
	if (!memcmp(&cfg->set, set, sizeof(*set)))
		return 0;
	cfg = edit_begin(rq);
	if (IS_ERR(cfg))
		return PTR_ERR(cfg);
	memcpy(&cfg->set, set, sizeof(*set));
	return edit_end(rq, cfg, 0);
}

/* Passes over the table in place that last longer than one request. */

static struct nat64_table *table_hold(struct nat64_net *nn)
{
	struct nat64_table *t;

	rcu_read_lock();
	t = nat64_table_get(rcu_dereference(nn->config)->table);
	rcu_read_unlock();
	return t;
}

/**
 * nat64_config_walk_begin() - begin a pass over the mappings in place
 * @nn: translator
 * @walk: the pass; goes on under the lock of the translator, and is over when
 *	its table is NULL, another one being in place
 * @prefixes: filled in with the translation prefixes by slot
 *
 * Context: process.
 */
void nat64_config_walk_begin(struct nat64_net *nn, struct nat64_walk *walk,
			     struct nat64_prefix *prefixes)
{
	const struct nat64_config *cfg;
	struct nat64_table *t;

	t = table_hold(nn);
	nat64_table_settle(t);
	nat64_table_put(t);

	mutex_lock(&nn->lock);
	cfg = nat64_config_held(nn);
	nat64_walk_enter(walk, cfg->table);
	list_add(&walk->list, &nn->walks);
	memcpy(prefixes, cfg->prefix, sizeof(cfg->prefix));
	mutex_unlock(&nn->lock);
}

/**
 * nat64_config_walk_end() - end a pass, be it over or not
 * @nn: translator
 * @walk: the pass
 *
 * Context: process.
 */
void nat64_config_walk_end(struct nat64_net *nn, struct nat64_walk *walk)
{
	mutex_lock(&nn->lock);
	list_del(&walk->list);
	if (walk->table)
		nat64_walk_exit(walk);
	mutex_unlock(&nn->lock);
}
