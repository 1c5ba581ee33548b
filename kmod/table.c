// SPDX-License-Identifier: GPL-2.0-only
#include "table.h"

#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/hash.h>
#include <linux/inetdevice.h>
#include <linux/math64.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

struct key6 {
	const struct in6_addr	*addr;
	u8			len;
};

struct kmem_cache *nat64_eam_cache;

/*
 * Hashing. The keys come from an administrator, not from packets: what counts
 * is that addresses in a row, or a step apart, spread well, at few instructions.
 * The long constants are arbitrary.
 */

/* A prefix and its length in one word. */
static __always_inline u64 make_key4(__be32 addr, u8 len)
{
	return (__force u32)addr | (u64)len << 32;
}

static __always_inline u32 mix_key4(u64 key, u32 seed)
{
	return ((key ^ seed) * GOLDEN_RATIO_64) >> 32;
}

static __always_inline u32 mix_key6(const struct in6_addr *addr, u8 len, u32 seed)
{
	const u32 *word = (__force const u32 *)addr->s6_addr32;
	u64 a = (word[0] | (u64)word[1] << 32) ^ 0xa0761d6478bd642fULL;
	u64 b = (word[2] | (u64)word[3] << 32) ^ 0xe7037ed1a0b428dbULL;

	b ^= seed | (u64)len << 32;
	a = a * b ^ mul_u64_u64_shr(a, b, 64);
	return (a * GOLDEN_RATIO_64) >> 32;
}

static u32 hash_key4(const void *data, u32 len, u32 seed)
{
	return mix_key4(*(const u64 *)data, seed);
}

static u32 hash_key6(const void *data, u32 len, u32 seed)
{
	const struct key6 *key = data;

	return mix_key6(key->addr, key->len, seed);
}

static u32 hash_eam4(const void *data, u32 len, u32 seed)
{
	const struct nat64_eam *eam = data;

	return mix_key4(make_key4(eam->addr4, eam->len4), seed);
}

static u32 hash_eam6(const void *data, u32 len, u32 seed)
{
	const struct nat64_eam *eam = data;

	return mix_key6(&eam->addr6, eam->len6, seed);
}

static int compare_eam4(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct nat64_eam *eam = obj;

	return make_key4(eam->addr4, eam->len4) != *(const u64 *)arg->key;
}

static int compare_eam6(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct key6 *key = arg->key;

	return !nat64_eam_has6(obj, key->addr, key->len);
}

static const struct rhashtable_params by_addr4_params = {
	.head_offset = offsetof(struct nat64_eam, node4),
	.key_len = sizeof(u64),
	.hashfn = hash_key4,
	.obj_hashfn = hash_eam4,
	.obj_cmpfn = compare_eam4,
	.automatic_shrinking = true,
};

static const struct rhashtable_params by_addr6_params = {
	.head_offset = offsetof(struct nat64_eam, node6),
	.key_len = sizeof(struct key6),
	.hashfn = hash_key6,
	.obj_hashfn = hash_eam6,
	.obj_cmpfn = compare_eam6,
	.automatic_shrinking = true,
};

static struct nat64_eam *lookup_eam4(struct nat64_table *t, __be32 addr4, u8 len)
{
	u64 key = make_key4(addr4, len);

	return rhashtable_lookup(&t->by_addr4.ht, &key, by_addr4_params);
}

static struct nat64_eam *lookup_eam6(struct nat64_table *t,
				     const struct in6_addr *addr6, u8 len)
{
	struct key6 key = { .addr = addr6, .len = len };

	return rhashtable_lookup(&t->by_addr6.ht, &key, by_addr6_params);
}

/* Longest match. */

/*
 * rhashtable_lookup() less what is rare. It has no calls to save registers for,
 * and the compiler cannot fail to inline it. Returns -EAGAIN where only
 * rhashtable_lookup() knows.
 */
static __always_inline void *
lookup_inline(struct rhashtable *col, const void *key,
	      const struct rhashtable_params params)
{
	struct rhashtable_compare_arg arg = { .ht = col, .key = key };
	const struct bucket_table *tbl = rht_dereference_rcu(col->tbl, col);
	struct rhash_lock_head __rcu *const *bkt;
	struct rhash_head *he;
	unsigned int hash;

	if (unlikely(tbl->nest))
		return ERR_PTR(-EAGAIN);
	hash = params.hashfn(key, params.key_len, tbl->hash_rnd);
	bkt = &tbl->buckets[hash & (tbl->size - 1)];
	rht_for_each_rcu_from(he, rht_ptr_rcu(bkt), tbl, hash) {
		void *obj = (void *)he - params.head_offset;

		if (likely(!params.obj_cmpfn(&arg, obj)))
			return obj;
	}
	/* As there: the chain may have moved to another bucket or table. */
	smp_rmb();
	if (unlikely(he != RHT_NULLS_MARKER(bkt) ||
		     rcu_access_pointer(tbl->future_tbl)))
		return ERR_PTR(-EAGAIN);
	return NULL;
}

static noinline const struct nat64_eam *
find_shorter4(struct nat64_table *t, __be32 addr4, u64 lens)
{
	const struct nat64_eam *eam = NULL;
	u8 len;

	while (!eam && lens) {
		len = fls64(lens) - 1;
		lens ^= BIT_ULL(len);
		eam = lookup_eam4(t, addr4 & inet_make_mask(len), len);
	}
	return eam;
}

/**
 * nat64_eam_find4() - the mapping that an IPv4 address lies in
 * @t: table
 * @addr4: address
 *
 * Longest match (RFC 7757 section 3.3.1).
 *
 * Context: RCU read lock, which keeps the result valid.
 * Return: the mapping or NULL.
 */
const struct nat64_eam *nat64_eam_find4(struct nat64_table *t, __be32 addr4)
{
	u64 lens = READ_ONCE(t->by_addr4.lens[0]);
	u64 key = make_key4(addr4, 32);
	const struct nat64_eam *eam;

	if (likely(lens & BIT_ULL(32))) {
		eam = lookup_inline(&t->by_addr4.ht, &key, by_addr4_params);
		if (!IS_ERR_OR_NULL(eam))
			return eam;
		if (likely(!eam))
			lens ^= BIT_ULL(32);
	}
	if (likely(!lens))
		return NULL;
	return find_shorter4(t, addr4, lens);
}

static const struct nat64_eam *
find_lens6(struct nat64_table *t, const struct in6_addr *addr6,
	   unsigned int word)
{
	u64 lens = READ_ONCE(t->by_addr6.lens[word]);
	const struct nat64_eam *eam = NULL;
	struct in6_addr masked;
	unsigned int len;

	while (!eam && lens) {
		len = fls64(lens) - 1;
		lens ^= BIT_ULL(len);
		len += 64 * word;
		ipv6_addr_prefix(&masked, addr6, len);
		eam = lookup_eam6(t, &masked, len);
	}
	return eam;
}

static noinline const struct nat64_eam *
find_shorter6(struct nat64_table *t, const struct in6_addr *addr6)
{
	return find_lens6(t, addr6, 2) ?: find_lens6(t, addr6, 1) ?:
	       find_lens6(t, addr6, 0);
}

/**
 * nat64_eam_find6() - the mapping that an IPv6 address lies in
 * @t: table
 * @addr6: address
 *
 * Longest match (RFC 7757 section 3.3.2).
 *
 * Context: RCU read lock, which keeps the result valid.
 * Return: the mapping or NULL.
 */
const struct nat64_eam *nat64_eam_find6(struct nat64_table *t,
					const struct in6_addr *addr6)
{
	struct key6 key = { .addr = addr6, .len = 128 };
	const struct nat64_eam *eam = NULL;

	if (likely(READ_ONCE(t->by_addr6.lens[2]))) {
		eam = lookup_inline(&t->by_addr6.ht, &key, by_addr6_params);
		if (!IS_ERR_OR_NULL(eam))
			return eam;
	}
	if (likely(!(eam || READ_ONCE(t->by_addr6.lens[1]) || READ_ONCE(t->by_addr6.lens[0]))))
		return NULL;
	return find_shorter6(t, addr6);
}

/* Exact match. */

/**
 * nat64_eam_get4() - the mapping that has an IPv4 prefix
 * @t: table
 * @addr4: prefix
 * @len4: its length
 *
 * Context: the lock that serialises changes, or RCU read lock.
 * Return: the mapping or NULL.
 */
struct nat64_eam *nat64_eam_get4(struct nat64_table *t, __be32 addr4, u8 len4)
{
	struct nat64_eam *eam;

	rcu_read_lock();
	eam = lookup_eam4(t, addr4, len4);
	rcu_read_unlock();
	return eam;
}

/**
 * nat64_eam_get6() - the mapping that has an IPv6 prefix
 * @t: table
 * @addr6: prefix
 * @len6: its length
 *
 * Context: the lock that serialises changes, or RCU read lock.
 * Return: the mapping or NULL.
 */
struct nat64_eam *nat64_eam_get6(struct nat64_table *t,
				 const struct in6_addr *addr6, u8 len6)
{
	struct nat64_eam *eam;

	rcu_read_lock();
	eam = lookup_eam6(t, addr6, len6);
	rcu_read_unlock();
	return eam;
}

/**
 * nat64_column_get() - the mapping that has a prefix
 * @col: column
 * @prefix: prefix, as nat64_column_prefix() has it
 * @len: its length
 *
 * Context: the lock that serialises changes, or RCU read lock.
 * Return: the mapping or NULL.
 */
struct nat64_eam *nat64_column_get(struct nat64_column *col,
				   struct nat64_wide prefix, u8 len)
{
	u64 key4 = make_key4(htonl(prefix.hi >> 32), len);
	struct in6_addr addr6;
	struct key6 key6 = { .addr = &addr6, .len = len };
	struct nat64_eam *eam;

	nat64_wide_put(prefix, &addr6);
	rcu_read_lock();
	if (col->bits == 32)
		eam = rhashtable_lookup(&col->ht, &key4, by_addr4_params);
	else
		eam = rhashtable_lookup(&col->ht, &key6, by_addr6_params);
	rcu_read_unlock();
	return eam;
}

/* The table as a whole. */

/**
 * nat64_eam_free() - free a mapping and its counters
 * @eam: mapping that no packet can see
 *
 * Context: any.
 */
void nat64_eam_free(struct nat64_eam *eam)
{
	free_percpu(eam->counters);
	kmem_cache_free(nat64_eam_cache, eam);
}

static void free_eam(void *eam, void *arg)
{
	nat64_eam_free(eam);
}

static void free_table_work(struct work_struct *work)
{
	struct nat64_table *t = container_of(work, struct nat64_table, work);

	rhashtable_destroy(&t->by_addr6.ht);
	rhashtable_free_and_destroy(&t->by_addr4.ht, free_eam, NULL);
	kfree(t);
}

static int init_column(struct nat64_column *col, u8 bits,
		       const struct rhashtable_params *params, u32 hint)
{
	struct rhashtable_params p = *params;

	p.nelem_hint = min_t(u32, hint, U16_MAX);
	col->bits = bits;
	return rhashtable_init(&col->ht, &p);
}

/**
 * nat64_table_alloc() - make an empty table
 * @hint: number of mappings to come, 0 if not known
 *
 * Context: process. The memory is charged to the caller.
 * Return: the table with one reference, or NULL without memory.
 */
struct nat64_table *nat64_table_alloc(u32 hint)
{
	struct nat64_table *t = kzalloc(sizeof(*t), GFP_KERNEL_ACCOUNT);

	if (!t)
		return NULL;
	if (init_column(&t->by_addr4, 32, &by_addr4_params, hint))
		goto free;
	if (init_column(&t->by_addr6, 128, &by_addr6_params, hint))
		goto destroy;
	refcount_set(&t->refs, 1);
	INIT_WORK(&t->work, free_table_work);
	return t;

destroy:
	rhashtable_destroy(&t->by_addr4.ht);
free:
	kfree(t);
	return NULL;
}

/**
 * nat64_table_get() - take a reference
 * @t: table that somebody else holds a reference on, or RCU read lock on a
 *	published configuration that has it
 *
 * Return: @t
 */
struct nat64_table *nat64_table_get(struct nat64_table *t)
{
	refcount_inc(&t->refs);
	return t;
}

/**
 * nat64_table_put() - give up a reference
 * @t: table
 *
 * The last one frees the table and its mappings, in a worker. Packets that
 * were able to see the table must be through by now.
 *
 * Context: process.
 */
void nat64_table_put(struct nat64_table *t)
{
	if (refcount_dec_and_test(&t->refs))
		queue_work(nat64_workers, &t->work);
}

/**
 * nat64_table_wait_resize() - wait until a resize under way is over
 * @t: table
 *
 * A pass that begins then is not sent back to the start by earlier insertions.
 *
 * Context: process.
 */
void nat64_table_wait_resize(struct nat64_table *t)
{
	flush_work(&t->by_addr4.ht.run_work);
}

/**
 * nat64_table_init() - get ready for tables
 *
 * Return: 0 or -ENOMEM.
 */
int nat64_table_init(void)
{
	nat64_eam_cache = KMEM_CACHE(nat64_eam, SLAB_HWCACHE_ALIGN | SLAB_ACCOUNT);
	return nat64_eam_cache ? 0 : -ENOMEM;
}

/**
 * nat64_table_exit() - the reverse of nat64_table_init()
 *
 * Context: process; all tables have been freed.
 */
void nat64_table_exit(void)
{
	kmem_cache_destroy(nat64_eam_cache);
}
