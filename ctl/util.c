// SPDX-License-Identifier: GPL-2.0-only
#include "util.h"

#include <stdio.h>
#include <stdlib.h>

#include "exit_status.h"

/**
 * xrealloc() - allocate or resize an array, or end the program
 * @p: array, or NULL
 * @n: number of members
 * @size: size of one
 */
void *xrealloc(void *p, size_t n, size_t size)
{
	p = reallocarray(p, n ? n : 1, size);
	if (!p) {
		fputs("nat64ctl: out of memory\n", stderr);
		exit(EXIT_REFUSED);
	}
	return p;
}
