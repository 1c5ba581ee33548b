// SPDX-License-Identifier: GPL-2.0
#include "eam.h"

#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/hash.h>
#include <linux/inetdevice.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/siphash.h>
#include <linux/slab.h>

/* Mappings to look at before others may run. */
#define WALK_STEPS	1024

/* How often to wait for a column to grow before giving up. */
#define GROWTH_TRIES	8

struct key6 {
	const struct in6_addr	*addr;
	u8			len;
};

/* An IPv6 address as a number. */
struct wide {
	u64 hi, lo;
};

static struct kmem_cache *cache;

struct workqueue_struct *nat64_workers;

/*
 * Hashing. The keys come from an administrator, not from packets: what counts
 * is that addresses in a row, or a step apart, spread well, at few instructions.
 * The long constants are arbitrary.
 */

/* A prefix and its length in one word. */
static __always_inline u64 key4(__be32 addr, u8 len)
{
	return (__force u32)addr | (u64)len << 32;
}

static __always_inline u32 hash4(u64 key, u32 seed)
{
	return ((key ^ seed) * GOLDEN_RATIO_64) >> 32;
}

static __always_inline u32 hash6(const struct in6_addr *addr, u8 len, u32 seed)
{
	const u32 *word = (__force const u32 *)addr->s6_addr32;
	u64 a = (word[0] | (u64)word[1] << 32) ^ 0xa0761d6478bd642fULL;
	u64 b = (word[2] | (u64)word[3] << 32) ^ 0xe7037ed1a0b428dbULL;

	b ^= seed | (u64)len << 32;
	a = a * b ^ mul_u64_u64_shr(a, b, 64);
	return (a * GOLDEN_RATIO_64) >> 32;
}

static u32 key4_hash(const void *data, u32 len, u32 seed)
{
	return hash4(*(const u64 *)data, seed);
}

static u32 key6_hash(const void *data, u32 len, u32 seed)
{
	const struct key6 *key = data;

	return hash6(key->addr, key->len, seed);
}

static u32 eam4_hash(const void *data, u32 len, u32 seed)
{
	const struct nat64_eam *eam = data;

	return hash4(key4(eam->addr4, eam->len4), seed);
}

static u32 eam6_hash(const void *data, u32 len, u32 seed)
{
	const struct nat64_eam *eam = data;

	return hash6(&eam->addr6, eam->len6, seed);
}

static int eam4_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct nat64_eam *eam = obj;

	return key4(eam->addr4, eam->len4) != *(const u64 *)arg->key;
}

static int eam6_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct key6 *key = arg->key;

	return !nat64_eam_has6(obj, key->addr, key->len);
}

static const struct rhashtable_params col4_params = {
	.head_offset = offsetof(struct nat64_eam, node4),
	.key_len = sizeof(u64),
	.hashfn = key4_hash,
	.obj_hashfn = eam4_hash,
	.obj_cmpfn = eam4_cmp,
	.automatic_shrinking = true,
};

static const struct rhashtable_params col6_params = {
	.head_offset = offsetof(struct nat64_eam, node6),
	.key_len = sizeof(struct key6),
	.hashfn = key6_hash,
	.obj_hashfn = eam6_hash,
	.obj_cmpfn = eam6_cmp,
	.automatic_shrinking = true,
};

static struct nat64_eam *lookup4(struct nat64_table *t, __be32 addr4, u8 len)
{
	u64 key = key4(addr4, len);

	return rhashtable_lookup(&t->col4, &key, col4_params);
}

static struct nat64_eam *lookup6(struct nat64_table *t,
				 const struct in6_addr *addr6, u8 len)
{
	struct key6 key = { .addr = addr6, .len = len };

	return rhashtable_lookup(&t->col6, &key, col6_params);
}

/* Longest match. */

/*
 * rhashtable_lookup() less what is rare. It has no calls to save registers for,
 * and the compiler cannot fail to inline it. Returns -EAGAIN where only
 * rhashtable_lookup() knows.
 */
static __always_inline void *
quick_lookup(struct rhashtable *col, const void *key,
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
	/* As there: only an unbroken chain proves that there is nothing. */
	smp_rmb();
	if (unlikely(he != RHT_NULLS_MARKER(bkt) ||
		     rcu_access_pointer(tbl->future_tbl)))
		return ERR_PTR(-EAGAIN);
	return NULL;
}

static noinline const struct nat64_eam *
find_slowly4(struct nat64_table *t, __be32 addr4, u64 lens)
{
	const struct nat64_eam *eam = NULL;
	u8 len;

	while (!eam && lens) {
		len = fls64(lens) - 1;
		lens ^= BIT_ULL(len);
		eam = lookup4(t, addr4 & inet_make_mask(len), len);
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
	u64 lens = READ_ONCE(t->lens4);
	u64 key = key4(addr4, 32);
	const struct nat64_eam *eam;

	if (likely(lens & BIT_ULL(32))) {
		eam = quick_lookup(&t->col4, &key, col4_params);
		if (!IS_ERR_OR_NULL(eam))
			return eam;
		if (likely(!eam))
			lens ^= BIT_ULL(32);
	}
	if (likely(!lens))
		return NULL;
	return find_slowly4(t, addr4, lens);
}

static const struct nat64_eam *
find_among6(struct nat64_table *t, const struct in6_addr *addr6,
	    unsigned int word)
{
	u64 lens = READ_ONCE(t->lens6[word]);
	const struct nat64_eam *eam = NULL;
	struct in6_addr masked;
	unsigned int len;

	while (!eam && lens) {
		len = fls64(lens) - 1;
		lens ^= BIT_ULL(len);
		len += 64 * word;
		ipv6_addr_prefix(&masked, addr6, len);
		eam = lookup6(t, &masked, len);
	}
	return eam;
}

static noinline const struct nat64_eam *
find_slowly6(struct nat64_table *t, const struct in6_addr *addr6)
{
	return find_among6(t, addr6, 2) ?: find_among6(t, addr6, 1) ?:
	       find_among6(t, addr6, 0);
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

	if (likely(READ_ONCE(t->lens6[2]))) {
		eam = quick_lookup(&t->col6, &key, col6_params);
		if (!IS_ERR_OR_NULL(eam))
			return eam;
	}
	if (likely(!(eam || READ_ONCE(t->lens6[1]) || READ_ONCE(t->lens6[0]))))
		return NULL;
	return find_slowly6(t, addr6);
}

/* Translation of an address. */

static struct wide wide_get(const struct in6_addr *addr)
{
	return (struct wide) {
		.hi = (u64)ntohl(addr->s6_addr32[0]) << 32 |
		      ntohl(addr->s6_addr32[1]),
		.lo = (u64)ntohl(addr->s6_addr32[2]) << 32 |
		      ntohl(addr->s6_addr32[3]),
	};
}

static void wide_put(struct wide w, struct in6_addr *addr)
{
	addr->s6_addr32[0] = htonl(w.hi >> 32);
	addr->s6_addr32[1] = htonl(w.hi);
	addr->s6_addr32[2] = htonl(w.lo >> 32);
	addr->s6_addr32[3] = htonl(w.lo);
}

/**
 * nat64_eam_suffix6() - write what an IPv4 address has of its own
 * @eam: mapping that the address lies in, of a prefix shorter than 32
 * @addr4: address
 * @addr6: the mapping's IPv6 prefix, which the suffix is written into
 */
void nat64_eam_suffix6(const struct nat64_eam *eam, __be32 addr4,
		       struct in6_addr *addr6)
{
	struct wide w = wide_get(&eam->addr6);
	u64 suffix = (u64)ntohl(addr4) << (32 + eam->len4);
	u8 pos = eam->len6;

	if (pos >= 64) {
		w.lo |= suffix >> (pos - 64);
	} else {
		w.hi |= suffix >> pos;
		w.lo |= pos ? suffix << (64 - pos) : 0;
	}
	wide_put(w, addr6);
}

static noinline __be32 extract_suffix(const struct nat64_eam *eam,
				      const struct in6_addr *addr6)
{
	struct wide w = wide_get(addr6);
	u8 pos = eam->len6;
	u64 suffix;

	if (pos >= 64)
		suffix = w.lo << (pos - 64);
	else
		suffix = w.hi << pos | (pos ? w.lo >> (64 - pos) : 0);
	return eam->addr4 | htonl(suffix >> 32 >> eam->len4);
}

/**
 * nat64_eam_to4() - the IPv4 address of an IPv6 address
 * @eam: mapping that the address lies in
 * @addr6: address
 *
 * RFC 7757 section 3.3.2. Bits behind the suffix are ignored.
 *
 * Return: the IPv4 address.
 */
__be32 nat64_eam_to4(const struct nat64_eam *eam, const struct in6_addr *addr6)
{
	if (likely(eam->len4 == 32))
		return eam->addr4;
	return extract_suffix(eam, addr6);
}

/* Exact matches and overlaps. */

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
	eam = lookup4(t, addr4, len4);
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
	eam = lookup6(t, addr6, len6);
	rcu_read_unlock();
	return eam;
}

/* A column of a mapping as a number: an IPv4 prefix stands in the first bits. */
static struct wide prefix_of(const struct nat64_eam *eam, bool is6)
{
	if (is6)
		return wide_get(&eam->addr6);
	return (struct wide) { .hi = (u64)ntohl(eam->addr4) << 32 };
}

static u8 len_of(const struct nat64_eam *eam, bool is6)
{
	return is6 ? eam->len6 : eam->len4;
}

/* What is left of it when only its first bits count. */
static struct wide wide_cut(struct wide w, u8 len)
{
	if (len < 64)
		return (struct wide) { .hi = w.hi & ~(~0ULL >> len) };
	w.lo &= len < 128 ? ~(~0ULL >> (len - 64)) : ~0ULL;
	return w;
}

static struct nat64_eam *get(struct nat64_table *t, struct wide prefix, u8 len,
			     bool is6)
{
	struct in6_addr addr6;

	if (!is6)
		return nat64_eam_get4(t, htonl(prefix.hi >> 32), len);
	wide_put(prefix, &addr6);
	return nat64_eam_get6(t, &addr6, len);
}

static bool overlap(const struct nat64_eam *a, const struct nat64_eam *b,
		    bool is6)
{
	u8 len = min(len_of(a, is6), len_of(b, is6));
	struct wide x = wide_cut(prefix_of(a, is6), len);
	struct wide y = wide_cut(prefix_of(b, is6), len);

	return x.hi == y.hi && x.lo == y.lo;
}

/* What has the prefix of @spec is going to be replaced, and clashes no more. */
static bool stays_beside(const struct nat64_eam *eam,
			 const struct nat64_eam *spec)
{
	return eam && !(eam->flags & NAT64_EAM_RETIRED) &&
	       !nat64_eam_has4(eam, spec->addr4, spec->len4) &&
	       !nat64_eam_has6(eam, &spec->addr6, spec->len6);
}

/* How many mappings have a prefix of each length. */
static u32 *counts(struct nat64_table *t, bool is6)
{
	return is6 ? t->count6 : t->count4;
}

static const struct nat64_eam *
covering(struct nat64_table *t, const struct nat64_eam *spec, bool is6)
{
	struct wide prefix = prefix_of(spec, is6);
	const u32 *count = counts(t, is6);
	const struct nat64_eam *eam;
	int len = len_of(spec, is6);

	while (--len >= 0) {
		if (!count[len])
			continue;
		eam = get(t, wide_cut(prefix, len), len, is6);
		if (stays_beside(eam, spec))
			return eam;
	}
	return NULL;
}

typedef bool walk_fn(struct nat64_eam *eam, const void *arg);

/* The first mapping that @fn accepts. May show a mapping to @fn twice. */
static struct nat64_eam *walk_until(struct nat64_table *t, walk_fn *fn,
				    const void *arg)
{
	struct nat64_eam *eam;
	struct nat64_walk walk;
	unsigned int steps = 0;

	nat64_walk_enter(&walk, t);
	nat64_walk_start(&walk);
	while ((eam = nat64_walk_next(&walk)) && !fn(eam, arg)) {
		if (++steps % WALK_STEPS)
			continue;
		nat64_walk_stop(&walk);
		cond_resched();
		nat64_walk_start(&walk);
	}
	nat64_walk_stop(&walk);
	nat64_walk_exit(&walk);
	return eam;
}

static bool overlaps_beside4(struct nat64_eam *eam, const void *spec)
{
	return overlap(eam, spec, false) && stays_beside(eam, spec);
}

static bool overlaps_beside6(struct nat64_eam *eam, const void *spec)
{
	return overlap(eam, spec, true) && stays_beside(eam, spec);
}

/* How many prefixes of longer lengths in use lie in one of length @len. */
static u64 count_inside(const u32 *count, unsigned int len, unsigned int max)
{
	u64 n = 0;
	unsigned int i;

	for (i = len + 1; i <= max; i++)
		if (count[i])
			n += i - len < 32 ? BIT_ULL(i - len) : U32_MAX;
	return n;
}

static struct wide wide_next(struct wide w, u8 len)
{
	unsigned int bit = 128 - len;
	u64 lo = w.lo;

	if (bit < 64)
		w.lo += BIT_ULL(bit);
	w.hi += bit < 64 ? w.lo < lo : BIT_ULL(bit - 64);
	return w;
}

/* Looks for each prefix of length @len inside that of @spec. */
static const struct nat64_eam *
probe(struct nat64_table *t, const struct nat64_eam *spec, u8 len, bool is6)
{
	struct wide prefix = prefix_of(spec, is6);
	u64 n = BIT_ULL(len - len_of(spec, is6));
	const struct nat64_eam *eam;

	for (; n; n--, prefix = wide_next(prefix, len)) {
		eam = get(t, prefix, len, is6);
		if (stays_beside(eam, spec))
			return eam;
		if (!(n % WALK_STEPS))
			cond_resched();
	}
	return NULL;
}

/*
 * Nothing but a walk finds the mappings inside a large prefix. It is taken
 * only for a prefix beside longer ones, and only when trying each prefix inside
 * it would take longer.
 */
static const struct nat64_eam *
covered(struct nat64_table *t, const struct nat64_eam *spec, bool is6)
{
	unsigned int len = len_of(spec, is6), max = is6 ? 128 : 32;
	const struct nat64_eam *eam = NULL;
	const u32 *count = counts(t, is6);

	if (count_inside(count, len, max) > t->count)
		return walk_until(t, is6 ? overlaps_beside6 : overlaps_beside4,
				  spec);
	while (!eam && ++len <= max)
		if (count[len])
			eam = probe(t, spec, len, is6);
	return eam;
}

/**
 * nat64_eam_overlap4() - a mapping whose IPv4 prefix overlaps that of a new one
 * @t: table
 * @spec: new mapping
 *
 * Mappings that have exactly the same IPv4 prefix or the same IPv6 prefix do
 * not count, nor those that the running batch retires. Takes a lookup for each
 * prefix length in use, whatever the size of the table; a new prefix of more
 * than one address, while there are longer ones, may take a pass over the table.
 *
 * Context: process, the lock that serialises changes.
 * Return: the other mapping, or NULL.
 */
const struct nat64_eam *nat64_eam_overlap4(struct nat64_table *t,
					   const struct nat64_eam *spec)
{
	return covering(t, spec, false) ?: covered(t, spec, false);
}

/**
 * nat64_eam_overlap6() - a mapping whose IPv6 prefix overlaps that of a new one
 * @t: table
 * @spec: new mapping
 *
 * As nat64_eam_overlap4().
 *
 * Context: process, the lock that serialises changes.
 * Return: the other mapping, or NULL.
 */
const struct nat64_eam *nat64_eam_overlap6(struct nat64_table *t,
					   const struct nat64_eam *spec)
{
	return covering(t, spec, true) ?: covered(t, spec, true);
}

/* Walking. */

/**
 * nat64_walk_enter() - begin a pass over all mappings
 * @walk: the pass, filled in
 * @t: table, which the pass keeps
 *
 * Context: process.
 */
void nat64_walk_enter(struct nat64_walk *walk, struct nat64_table *t)
{
	walk->table = nat64_table_get(t);
	walk->rewinds = 0;
	rhashtable_walk_enter(&t->col4, &walk->iter);
}

/**
 * nat64_walk_start() - begin a stretch, or continue after nat64_walk_stop()
 * @walk: the pass
 *
 * Takes the RCU read lock.
 */
void nat64_walk_start(struct nat64_walk *walk)
	__acquires(RCU)
{
	if (rhashtable_walk_start_check(&walk->iter))
		walk->rewinds++;
}

/**
 * nat64_walk_next() - the next mapping of a pass
 * @walk: the pass
 *
 * When the table has changed its size, the pass begins anew, and counts it.
 *
 * Return: a mapping, valid under the RCU read lock, or NULL at the end.
 */
struct nat64_eam *nat64_walk_next(struct nat64_walk *walk)
{
	struct nat64_eam *eam;

	while (IS_ERR(eam = rhashtable_walk_next(&walk->iter)))
		walk->rewinds++;
	return eam;
}

/**
 * nat64_walk_stop() - end a stretch
 * @walk: the pass
 *
 * Gives up the RCU read lock.
 */
void nat64_walk_stop(struct nat64_walk *walk)
	__releases(RCU)
{
	rhashtable_walk_stop(&walk->iter);
}

/**
 * nat64_walk_exit() - end a pass
 * @walk: the pass
 *
 * Context: process.
 */
void nat64_walk_exit(struct nat64_walk *walk)
{
	rhashtable_walk_exit(&walk->iter);
	nat64_table_put(walk->table);
	walk->table = NULL;
}

/* Columns. */

/*
 * A column grows in a worker. Whoever fills it faster than that waits, so that
 * the kernel need not build the larger table out of single pages.
 */
static void settle(struct rhashtable *col)
{
	bool full;

	rcu_read_lock();
	full = rht_grow_above_100(col, rht_dereference_rcu(col->tbl, col));
	rcu_read_unlock();
	if (unlikely(full))
		flush_work(&col->run_work);
}

static bool try_again(struct rhashtable *col, int err, unsigned int *tries)
{
	if (likely(err != -EBUSY && err != -ENOMEM) ||
	    ++*tries == GROWTH_TRIES)
		return false;
	flush_work(&col->run_work);
	cond_resched();
	return true;
}

static int insert(struct nat64_table *t, struct nat64_eam *eam, bool is6)
{
	if (is6)
		return rhashtable_insert_fast(&t->col6, &eam->node6,
					      col6_params);
	return rhashtable_insert_fast(&t->col4, &eam->node4, col4_params);
}

static void use_len(struct nat64_table *t, u8 len, bool is6, bool is_used)
{
	u64 *lens = is6 ? &t->lens6[len / 64] : &t->lens4;
	u64 bit = BIT_ULL(len % 64);

	WRITE_ONCE(*lens, is_used ? *lens | bit : *lens & ~bit);
}

static int link(struct nat64_table *t, struct nat64_eam *eam, bool is6)
{
	struct rhashtable *col = is6 ? &t->col6 : &t->col4;
	u8 len = len_of(eam, is6);
	unsigned int tries = 0;
	int err;

	settle(col);
	do {
		err = insert(t, eam, is6);
	} while (try_again(col, err, &tries));
	if (err)
		return err;
	if (!counts(t, is6)[len]++)
		use_len(t, len, is6, true);
	if (!is6 && len < 32)
		t->n_wide4++;
	return 0;
}

static void unlink(struct nat64_table *t, struct nat64_eam *eam, bool is6)
{
	u8 len = len_of(eam, is6);
	int err;

	if (is6)
		err = rhashtable_remove_fast(&t->col6, &eam->node6,
					     col6_params);
	else
		err = rhashtable_remove_fast(&t->col4, &eam->node4,
					     col4_params);
	WARN_ON_ONCE(err);
	if (!--counts(t, is6)[len])
		use_len(t, len, is6, false);
}

static void swap_in(struct nat64_table *t, struct nat64_eam *old,
		    struct nat64_eam *new, bool is6)
{
	int err;

	if (is6)
		err = rhashtable_replace_fast(&t->col6, &old->node6,
					      &new->node6, col6_params);
	else
		err = rhashtable_replace_fast(&t->col4, &old->node4,
					      &new->node4, col4_params);
	WARN_ON_ONCE(err);
}

/* Takes the place of @old, if any, under the same key. */
static int enter(struct nat64_table *t, struct nat64_eam *old,
		 struct nat64_eam *new, bool is6)
{
	if (!old)
		return link(t, new, is6);
	swap_in(t, old, new, is6);
	return 0;
}

/* Gives the place back to @old, if there was any. */
static void leave(struct nat64_table *t, struct nat64_eam *old,
		  struct nat64_eam *new, bool is6)
{
	if (old)
		swap_in(t, new, old, is6);
	else
		unlink(t, new, is6);
}

/* Batches. */

/*
 * Equal on every machine, so that gateways can be compared: a fixed key, and
 * only octets in network order.
 */
static u64 eam_digest(const struct nat64_eam *eam,
		      const struct nat64_prefix *prefixes)
{
	static const siphash_key_t key = {
		.key = { 0x6e61743634206561ULL, 0x6d20646967657374ULL },
	};
	struct {
		struct in6_addr	addr6;
		__be32		addr4;
		u8		len4;
		u8		len6;
		u8		prefix_len;
		u8		zero;
		struct in6_addr	prefix;
	} __aligned(SIPHASH_ALIGNMENT) msg = {
		.addr6 = eam->addr6,
		.addr4 = eam->addr4,
		.len4 = eam->len4,
		.len6 = eam->len6,
	};

	if (eam->prefix_index != NAT64_PREFIX_PRIMARY) {
		msg.prefix_len = prefixes[eam->prefix_index].len;
		msg.prefix = prefixes[eam->prefix_index].addr;
	}
	return siphash(&msg, sizeof(msg), &key);
}

/* Counts a mapping in, or out when @by is -1. */
static void tally(struct nat64_batch *b, const struct nat64_eam *eam, int by)
{
	struct nat64_table *t = b->table;

	t->count += by;
	t->digest += by * eam_digest(eam, b->prefixes);
	if (eam->prefix_index != NAT64_PREFIX_PRIMARY)
		t->prefix_users[eam->prefix_index] += by;
	if (eam->flags & NAT64_EAM_IN_PREF64)
		t->overlaps_pref64 += by;
}

static void retire(struct nat64_batch *b, struct nat64_eam *eam, u8 why)
{
	if (!eam)
		return;
	if (!(eam->flags & NAT64_EAM_RETIRED)) {
		tally(b, eam, -1);
		eam->next = b->retired;
		b->retired = eam;
	}
	eam->flags |= why;
}

static void revive(struct nat64_batch *b, struct nat64_eam *eam, u8 why)
{
	if (!eam)
		return;
	eam->flags &= ~why;
	if (!(eam->flags & NAT64_EAM_RETIRED))
		tally(b, eam, 1);
}

static void eam_free_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(cache, container_of(rcu, struct nat64_eam, rcu));
}

/* Whether an address may move from @old to @new, found under another length. */
static bool takes_over(const struct nat64_eam *old, const struct nat64_eam *new)
{
	return old && ((old->len4 != new->len4 && overlap(old, new, false)) ||
		       (old->len6 != new->len6 && overlap(old, new, true)));
}

static unsigned int lens_in_use(const struct nat64_table *t)
{
	return hweight64(t->lens4) + hweight64(t->lens6[0]) +
	       hweight64(t->lens6[1]) + hweight64(t->lens6[2]);
}

/*
 * A packet may be between two lookups of different lengths, and miss both the
 * new mapping and the old one.
 */
static bool must_wait(const struct nat64_batch *b)
{
	const struct nat64_batch_item *item = b->item;

	if (!b->retired || !item->new)
		return false;
	if (b->n > 1)
		return lens_in_use(b->table) > 2;
	return takes_over(item->old4, item->new) ||
	       takes_over(item->old6, item->new);
}

/**
 * nat64_batch_begin() - begin to change a table
 * @t: table
 * @prefixes: translation prefixes by index
 * @size: how many changes to expect at most
 *
 * The memory is charged to the caller.
 *
 * Context: process, the lock that serialises changes until the batch ends.
 * Return: the batch, to be ended by nat64_batch_commit() or
 * nat64_batch_abort(), or NULL without memory.
 */
struct nat64_batch *nat64_batch_begin(struct nat64_table *t,
				      const struct nat64_prefix *prefixes,
				      unsigned int size)
{
	struct nat64_batch *b;

	b = kvmalloc(struct_size(b, item, size), GFP_KERNEL_ACCOUNT);
	if (!b)
		return NULL;
	b->table = t;
	b->prefixes = prefixes;
	b->retired = NULL;
	b->n = 0;
	b->size = size;
	return b;
}

/**
 * nat64_batch_put() - add a mapping, in the place of those with its prefixes
 * @b: batch
 * @spec: mapping, which is copied: addresses, lengths, prefix and IN_PREF64
 *
 * Packets see the mapping at once. A mapping that has the same IPv4 prefix or
 * the same IPv6 prefix is replaced.
 *
 * Context: process, the lock that serialises changes.
 * Return: 0, or -ENOMEM or another error of the hash table with nothing done.
 */
int nat64_batch_put(struct nat64_batch *b, const struct nat64_eam *spec)
{
	struct nat64_batch_item *item = &b->item[b->n];
	struct nat64_table *t = b->table;
	int err;

	if (WARN_ON_ONCE(b->n == b->size))
		return -EINVAL;
	item->new = kmem_cache_alloc(cache, GFP_KERNEL);
	if (!item->new)
		return -ENOMEM;
	*item->new = *spec;
	item->old4 = nat64_eam_get4(t, spec->addr4, spec->len4);
	item->old6 = nat64_eam_get6(t, &spec->addr6, spec->len6);

	err = enter(t, item->old4, item->new, false);
	if (err) {
		kmem_cache_free(cache, item->new);
		return err;
	}
	err = enter(t, item->old6, item->new, true);
	if (err) {
		leave(t, item->old4, item->new, false);
		call_rcu(&item->new->rcu, eam_free_rcu);
		return err;
	}

	b->n++;
	tally(b, item->new, 1);
	retire(b, item->old4, NAT64_EAM_GONE4);
	retire(b, item->old6, NAT64_EAM_GONE6);
	return 0;
}

/**
 * nat64_batch_delete() - delete a mapping
 * @b: batch
 * @eam: mapping of the table that is not retired yet
 *
 * Packets see the mapping until the batch is committed.
 *
 * Context: process, the lock that serialises changes.
 */
void nat64_batch_delete(struct nat64_batch *b, struct nat64_eam *eam)
{
	struct nat64_batch_item *item = &b->item[b->n];

	if (WARN_ON_ONCE(b->n == b->size))
		return;
	item->new = NULL;
	item->old4 = eam;
	item->old6 = NULL;
	b->n++;
	retire(b, eam, NAT64_EAM_DELETED);
}

/**
 * nat64_batch_commit() - make the changes of a batch stay, and free the batch
 * @b: batch
 *
 * Cannot fail. Waits for a grace period where addresses pass to a mapping with
 * another prefix length.
 *
 * Context: process, the lock that serialises changes.
 */
void nat64_batch_commit(struct nat64_batch *b)
{
	struct nat64_eam *eam;

	if (unlikely(must_wait(b)))
		synchronize_rcu();
	while ((eam = b->retired)) {
		b->retired = eam->next;
		if (!(eam->flags & NAT64_EAM_GONE4))
			unlink(b->table, eam, false);
		if (!(eam->flags & NAT64_EAM_GONE6))
			unlink(b->table, eam, true);
		call_rcu(&eam->rcu, eam_free_rcu);
		cond_resched();
	}
	kvfree(b);
}

static void undo(struct nat64_batch *b, const struct nat64_batch_item *item)
{
	if (!item->new) {
		revive(b, item->old4, NAT64_EAM_DELETED);
		return;
	}
	leave(b->table, item->old6, item->new, true);
	leave(b->table, item->old4, item->new, false);
	revive(b, item->old6, NAT64_EAM_GONE6);
	revive(b, item->old4, NAT64_EAM_GONE4);
	tally(b, item->new, -1);
	call_rcu(&item->new->rcu, eam_free_rcu);
}

/**
 * nat64_batch_abort() - take back the changes of a batch, and free the batch
 * @b: batch
 *
 * Cannot fail, and needs no memory.
 *
 * Context: process, the lock that serialises changes.
 */
void nat64_batch_abort(struct nat64_batch *b)
{
	while (b->n) {
		undo(b, &b->item[--b->n]);
		cond_resched();
	}
	kvfree(b);
}

/* Tables. */

static void eam_free(void *eam, void *arg)
{
	kmem_cache_free(cache, eam);
}

static void table_free_work(struct work_struct *work)
{
	struct nat64_table *t = container_of(work, struct nat64_table, work);

	rhashtable_destroy(&t->col6);
	rhashtable_free_and_destroy(&t->col4, eam_free, NULL);
	kfree(t);
}

static int column_init(struct rhashtable *col,
		       const struct rhashtable_params *params, u32 hint)
{
	struct rhashtable_params p = *params;

	p.nelem_hint = min_t(u32, hint, U16_MAX);
	return rhashtable_init(col, &p);
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
	if (column_init(&t->col4, &col4_params, hint))
		goto free;
	if (column_init(&t->col6, &col6_params, hint))
		goto destroy;
	refcount_set(&t->refs, 1);
	INIT_WORK(&t->work, table_free_work);
	return t;

destroy:
	rhashtable_destroy(&t->col4);
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
 * nat64_table_wait_resize() - wait until the table has its proper size
 * @t: table
 *
 * A pass that begins then is not sent back to the start by what happened before.
 *
 * Context: process.
 */
void nat64_table_wait_resize(struct nat64_table *t)
{
	flush_work(&t->col4.run_work);
}

static bool is_inside(struct nat64_eam *eam, const void *arg)
{
	return nat64_prefix_overlaps(arg, eam);
}

/**
 * nat64_table_find_overlap() - a mapping that overlaps a translation prefix
 * @t: table
 * @p: translation prefix
 *
 * Passes over the whole table.
 *
 * Context: process, the lock that serialises changes.
 * Return: a mapping or NULL.
 */
const struct nat64_eam *nat64_table_find_overlap(struct nat64_table *t,
						 const struct nat64_prefix *p)
{
	return walk_until(t, is_inside, p);
}

/**
 * nat64_prefixes_overlap() - whether a mapping overlaps any translation prefix
 * @prefixes: translation prefixes by index
 * @eam: mapping
 *
 * Return: the first such translation prefix, or NULL.
 */
const struct nat64_prefix *
nat64_prefixes_overlap(const struct nat64_prefix *prefixes,
		       const struct nat64_eam *eam)
{
	unsigned int i;

	for (i = 0; i < NAT64_MAX_PREFIXES; i++)
		if (nat64_prefix_overlaps(&prefixes[i], eam))
			return &prefixes[i];
	return NULL;
}

struct mark_arg {
	struct nat64_table		*table;
	const struct nat64_prefix	*prefixes;
};

static bool mark(struct nat64_eam *eam, const void *data)
{
	const struct mark_arg *arg = data;
	bool is = nat64_prefixes_overlap(arg->prefixes, eam);
	bool was = eam->flags & NAT64_EAM_IN_PREF64;

	if (is != was) {
		eam->flags ^= NAT64_EAM_IN_PREF64;
		arg->table->overlaps_pref64 += is - was;
	}
	return false;
}

/**
 * nat64_table_mark_overlaps() - learn anew which mappings lie inside translation prefixes
 * @t: table
 * @prefixes: translation prefixes by index, which have changed
 *
 * Passes over the whole table.
 *
 * Context: process, the lock that serialises changes.
 */
void nat64_table_mark_overlaps(struct nat64_table *t,
			       const struct nat64_prefix *prefixes)
{
	struct mark_arg arg = { .table = t, .prefixes = prefixes };

	walk_until(t, mark, &arg);
}

/**
 * nat64_eam_init() - get ready for tables
 *
 * Return: 0 or -ENOMEM.
 */
int nat64_eam_init(void)
{
	nat64_workers = alloc_workqueue("nat64", WQ_UNBOUND, 0);
	if (!nat64_workers)
		return -ENOMEM;
	cache = KMEM_CACHE(nat64_eam, SLAB_HWCACHE_ALIGN | SLAB_ACCOUNT);
	if (!cache) {
		destroy_workqueue(nat64_workers);
		return -ENOMEM;
	}
	return 0;
}

/**
 * nat64_eam_exit() - wait until all tables are gone
 *
 * Context: process; nobody holds a reference any more.
 */
void nat64_eam_exit(void)
{
	rcu_barrier();
	destroy_workqueue(nat64_workers);
	kmem_cache_destroy(cache);
}
