/* SPDX-License-Identifier: GPL-2.0-only */
/* Suites may run before the module's own init, or after it. */
#ifndef _NAT64_TEST_TABLES_H
#define _NAT64_TEST_TABLES_H

#include <kunit/test.h>
#include <linux/rcupdate.h>

#include "table.h"

static bool tables_are_ours;

static inline int tables_init(struct kunit_suite *suite)
{
	tables_are_ours = !nat64_workers;
	if (!tables_are_ours)
		return 0;
	nat64_workers = alloc_workqueue("nat64", WQ_UNBOUND, 0);
	return nat64_workers ? nat64_table_init() : -ENOMEM;
}

static inline void tables_exit(struct kunit_suite *suite)
{
	if (!tables_are_ours)
		return;
	rcu_barrier();
	destroy_workqueue(nat64_workers);
	nat64_workers = NULL;
	nat64_table_exit();
}

#endif /* _NAT64_TEST_TABLES_H */
