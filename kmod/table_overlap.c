// SPDX-License-Identifier: GPL-2.0-only
/* Mappings whose prefixes overlap: RFC 7757 section 5. */
#include "table.h"

#include <linux/sched.h>

/* Lookups to make before others may run. */
#define PROBE_STEPS	1024

/**
 * nat64_column_overlap() - whether the prefixes of two mappings overlap
 * @col: column, which says what family
 * @a: mapping
 * @b: mapping
 */
bool nat64_column_overlap(const struct nat64_column *col,
			  const struct nat64_eam *a, const struct nat64_eam *b)
{
	u8 len = min(nat64_column_len(col, a), nat64_column_len(col, b));
	struct nat64_wide x, y;

	x = nat64_wide_cut(nat64_column_prefix(col, a), len);
	y = nat64_wide_cut(nat64_column_prefix(col, b), len);
	return x.hi == y.hi && x.lo == y.lo;
}

/* Mappings with a prefix of @new will be replaced, so they do not conflict. */
static bool conflicts_with(const struct nat64_eam *eam,
			   const struct nat64_eam *new)
{
	return eam && !(eam->flags & NAT64_EAM_RETIRED) &&
	       !nat64_eam_has4(eam, new->addr4, new->len4) &&
	       !nat64_eam_has6(eam, &new->addr6, new->len6);
}

/* A mapping whose prefix contains that of @new. */
static const struct nat64_eam *
find_shorter_overlap(struct nat64_column *col, const struct nat64_eam *new)
{
	struct nat64_wide prefix = nat64_column_prefix(col, new);
	int len = nat64_column_len(col, new);
	const struct nat64_eam *eam;

	while (--len >= 0) {
		if (!col->count[len])
			continue;
		eam = nat64_column_get(col, nat64_wide_cut(prefix, len), len);
		if (conflicts_with(eam, new))
			return eam;
	}
	return NULL;
}

/* How many prefixes of the longer lengths in use there are in one of @len. */
static u64 count_probes(const struct nat64_column *col, unsigned int len)
{
	u64 n = 0;
	unsigned int i;

	for (i = len + 1; i <= col->bits; i++)
		if (col->count[i])
			n += i - len < 32 ? BIT_ULL(i - len) : U32_MAX;
	return n;
}

/* Looks up each prefix of length @len inside that of @new. */
static const struct nat64_eam *
probe_prefixes(struct nat64_column *col, const struct nat64_eam *new, u8 len)
{
	struct nat64_wide prefix = nat64_column_prefix(col, new);
	u64 n = BIT_ULL(len - nat64_column_len(col, new));
	const struct nat64_eam *eam;

	for (; n; n--, prefix = nat64_wide_next(prefix, len)) {
		eam = nat64_column_get(col, prefix, len);
		if (conflicts_with(eam, new))
			return eam;
		if (!(n % PROBE_STEPS))
			cond_resched();
	}
	return NULL;
}

struct overlap_arg {
	const struct nat64_column	*col;
	const struct nat64_eam		*new;
};

static bool is_overlap(struct nat64_eam *eam, void *data)
{
	const struct overlap_arg *arg = data;

	return nat64_column_overlap(arg->col, eam, arg->new) &&
	       conflicts_with(eam, arg->new);
}

/*
 * A mapping whose prefix lies inside that of @new. There is a hash table, not a
 * tree: either each prefix inside is looked up or all mappings are, whichever is
 * less. So one more mapping costs the same beside ten and beside a million.
 */
static const struct nat64_eam *
find_longer_overlap(struct nat64_table *t, struct nat64_column *col,
		    const struct nat64_eam *new)
{
	struct overlap_arg arg = { .col = col, .new = new };
	unsigned int len = nat64_column_len(col, new);
	const struct nat64_eam *eam = NULL;

	if (count_probes(col, len) > t->count)
		return nat64_walk_until(t, is_overlap, &arg);
	while (!eam && ++len <= col->bits)
		if (col->count[len])
			eam = probe_prefixes(col, new, len);
	return eam;
}

/**
 * nat64_table_find_conflict() - a mapping that overlaps a new one in a column
 * @t: table
 * @col: one of its columns
 * @new: new mapping
 *
 * Mappings that have exactly the same IPv4 prefix or the same IPv6 prefix do
 * not count, nor those that the running batch retires. Takes a lookup for each
 * prefix length in use, whatever the size of the table; a new prefix of more
 * than one address, while there are longer ones, may take a pass over the table.
 *
 * Context: process, the lock that serialises changes.
 * Return: the other mapping, or NULL.
 */
const struct nat64_eam *nat64_table_find_conflict(struct nat64_table *t,
						  struct nat64_column *col,
						  const struct nat64_eam *new)
{
	return find_shorter_overlap(col, new) ?:
	       find_longer_overlap(t, col, new);
}
