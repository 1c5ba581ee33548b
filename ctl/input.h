/* SPDX-License-Identifier: GPL-2.0-only */
/* Files of lines of words. */
#ifndef _NAT64CTL_INPUT_H
#define _NAT64CTL_INPUT_H

#include <stddef.h>

#include "args.h"

/**
 * struct input - a file that is being cut into lines
 * @at: the current line
 * @data: its text; it is written to
 * @len: length of @data
 * @pos: where the next line begins
 */
struct input {
	struct location	at;
	char		*data;
	size_t		len;
	size_t		pos;
};

const char *input_name(const char *file);
int input_read(struct input *input, const char *file);
int input_line(struct input *input, struct args *args);
void input_free(struct input *input);

#endif /* _NAT64CTL_INPUT_H */
