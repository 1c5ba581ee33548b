// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "util.h"

/**
 * struct ref - one column of a mapping
 * @hi: first 64 bits of its prefix
 * @lo: the other 64 bits; an IPv4 prefix stands in the first 32 of @hi
 * @eam: index of the mapping
 * @len: length of the prefix
 */
struct ref {
	__u64	hi;
	__u64	lo;
	__u32	eam;
	__u8	len;
};

/* Prefixes that lie one inside another, at most one of each length. */
#define DEPTH	129

static __u64 load_be64(const void *bytes)
{
	__u32 half[2];

	memcpy(half, bytes, sizeof(half));
	return (__u64)ntohl(half[0]) << 32 | ntohl(half[1]);
}

static void make_ref(struct ref *ref, const struct eam *eams, __u32 i, bool is4)
{
	const struct eam *eam = &eams[i];

	memset(ref, 0, sizeof(*ref));
	ref->eam = i;
	if (is4) {
		ref->hi = (__u64)ntohl(eam->p4.addr.s_addr) << 32;
		ref->len = eam->p4.len;
	} else {
		ref->hi = load_be64(eam->p6.addr.s6_addr);
		ref->lo = load_be64(eam->p6.addr.s6_addr + 8);
		ref->len = eam->p6.len;
	}
}

/* A prefix comes before those inside it; equal ones keep their order. */
static int compare_refs(const void *a, const void *b)
{
	const struct ref *x = a;
	const struct ref *y = b;

	if (x->hi != y->hi)
		return x->hi < y->hi ? -1 : 1;
	if (x->lo != y->lo)
		return x->lo < y->lo ? -1 : 1;
	if (x->len != y->len)
		return x->len - y->len;
	return x->eam < y->eam ? -1 : 1;
}

static bool contains_ref(const struct ref *outer, const struct ref *inner)
{
	__u64 hi = outer->hi ^ inner->hi;
	__u64 lo = outer->lo ^ inner->lo;

	if (outer->len > 64)
		return !hi && !(lo >> (128 - outer->len));
	return !outer->len || !(hi >> (64 - outer->len));
}

static void report_clash(const struct ref *a, const struct ref *b,
			 enum clash_kind kind, clash_fn *report, void *data)
{
	struct clash clash = {
		.kind = kind,
		.later = a->eam > b->eam ? a->eam : b->eam,
		.earlier = a->eam > b->eam ? b->eam : a->eam,
	};

	report(data, &clash);
}

static bool is_sorted(const struct ref *refs, size_t n)
{
	size_t i;

	for (i = 1; i < n; i++)
		if (compare_refs(&refs[i - 1], &refs[i]) > 0)
			return false;
	return true;
}

/* Walks the sorted prefixes with those that the current one lies in. */
static void find_in_column(const struct ref *refs, size_t n, bool is4,
			   clash_fn *report, void *data)
{
	enum clash_kind same = is4 ? CLASH_SAME4 : CLASH_SAME6;
	enum clash_kind over = is4 ? CLASH_OVER4 : CLASH_OVER6;
	const struct ref *outer[DEPTH];
	const struct ref *ref;
	unsigned int depth = 0;
	unsigned int i;

	for (ref = refs; ref < refs + n; ref++) {
		while (depth && !contains_ref(outer[depth - 1], ref))
			depth--;
		if (depth && outer[depth - 1]->len == ref->len) {
			report_clash(ref, outer[depth - 1], same, report, data);
			continue;
		}
		for (i = 0; i < depth; i++)
			report_clash(ref, outer[i], over, report, data);
		outer[depth++] = ref;
	}
}

static void find_clashes(const struct conf *conf, struct ref *refs, bool is4,
			 clash_fn *report, void *data)
{
	size_t i;

	for (i = 0; i < conf->n_eams; i++)
		make_ref(&refs[i], conf->eams, i, is4);
	if (!is_sorted(refs, conf->n_eams))
		qsort(refs, conf->n_eams, sizeof(*refs), compare_refs);
	find_in_column(refs, conf->n_eams, is4, report, data);
}

/**
 * clash_find() - find all mappings that are equal or overlap in a column
 * @conf: configuration
 * @report: called for each, in no particular order
 * @data: for @report
 *
 * Takes the time of sorting each column.
 */
void clash_find(const struct conf *conf, clash_fn *report, void *data)
{
	struct ref *refs = xrealloc(NULL, conf->n_eams, sizeof(*refs));

	find_clashes(conf, refs, true, report, data);
	find_clashes(conf, refs, false, report, data);
	free(refs);
}
