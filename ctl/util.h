/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NAT64CTL_UTIL_H
#define _NAT64CTL_UTIL_H

#include <stddef.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define __printf(fmt, args)	__attribute__((format(printf, fmt, args)))

void *xrealloc(void *p, size_t n, size_t size);

#endif /* _NAT64CTL_UTIL_H */
