/* SPDX-License-Identifier: GPL-2.0-only */
/* Error messages: one line each, with the place that they are about. */
#ifndef _NAT64CTL_ERROR_H
#define _NAT64CTL_ERROR_H

#include <stdarg.h>

#include "exit_status.h"
#include "util.h"

/**
 * struct location - what an error is about
 * @file: name of a file, or NULL for the command line
 * @line: line of that file, or 0
 */
struct location {
	const char	*file;
	unsigned int	line;
};

__printf(3, 4) void error_at(const struct location *at, unsigned int column,
			     const char *fmt, ...);
__printf(3, 0) void verror_at(const struct location *at, unsigned int column,
			      const char *fmt, va_list ap);
void error_as_json(void);
void error_flush(int status);
const char *quoted(const char *word);

#endif /* _NAT64CTL_ERROR_H */
