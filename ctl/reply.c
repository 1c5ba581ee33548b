// SPDX-License-Identifier: GPL-2.0-only
#include "reply.h"

#include <stdlib.h>
#include <string.h>

/**
 * reply_free() - free what a reply holds, and make it empty
 * @reply: reply
 */
void reply_free(struct reply *reply)
{
	conf_free(&reply->conf);
	free(reply->stats);
	free(reply->counters);
	memset(reply, 0, sizeof(*reply));
}

/**
 * counters_compare() - order of counters by their mappings, for qsort()
 * @a: struct eam_counters
 * @b: struct eam_counters
 */
int counters_compare(const void *a, const void *b)
{
	const struct eam *x = &((const struct eam_counters *)a)->eam;
	const struct eam *y = &((const struct eam_counters *)b)->eam;
	int order = conf_compare_eams(x, y);

	if (!order)
		order = memcmp(&x->p6.addr, &y->p6.addr, sizeof(x->p6.addr));
	return order ? order : x->p6.len - y->p6.len;
}

/**
 * counters_sort() - sort the counters of a reply by mapping, each once
 * @reply: reply
 *
 * A dump that the table changed under may name a mapping twice.
 */
void counters_sort(struct reply *reply)
{
	struct eam_counters *all = reply->counters;
	size_t i, n = 0;

	if (!reply->n_counters)
		return;
	qsort(all, reply->n_counters, sizeof(*all), counters_compare);
	for (i = 1; i < reply->n_counters; i++)
		if (counters_compare(&all[n], &all[i]))
			all[++n] = all[i];
	reply->n_counters = n + 1;
}
