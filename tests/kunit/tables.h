/* SPDX-License-Identifier: GPL-2.0 */
/* Suites may run before the module's own init, or after it. */
#ifndef _NAT64_TEST_TABLES_H
#define _NAT64_TEST_TABLES_H

#include <kunit/test.h>

#include "eam.h"

static bool tables_are_ours;

static inline int tables_init(struct kunit_suite *suite)
{
	tables_are_ours = !nat64_workers;
	return tables_are_ours ? nat64_eam_init() : 0;
}

static inline void tables_exit(struct kunit_suite *suite)
{
	if (!tables_are_ours)
		return;
	nat64_eam_exit();
	nat64_workers = NULL;
}

#endif /* _NAT64_TEST_TABLES_H */
