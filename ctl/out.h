/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Results, as text or as JSON, from the same calls.
 *
 * A key is for JSON only; NULL leaves the value out there. A format is for
 * text only; NULL leaves the value out there. Inside an array keys are not
 * used, but still must not be NULL.
 */
#ifndef _NAT64CTL_OUT_H
#define _NAT64CTL_OUT_H

#include <jansson.h>
#include <linux/types.h>
#include <stdbool.h>

#include "util.h"

#define OUT_SCHEMA	1
#define OUT_DEPTH	4

/**
 * struct out - a result that is being put out
 * @json: as JSON
 * @pretty: with line breaks
 * @times: events have a time
 * @depth: how many of @open are in use
 * @open: objects and arrays that are not closed yet, the outermost first
 */
struct out {
	bool		json;
	bool		pretty;
	bool		times;
	unsigned int	depth;
	json_t		*open[OUT_DEPTH];
};

void out_begin(struct out *out);
void out_end(struct out *out);
void out_object(struct out *out, const char *key);
void out_array(struct out *out, const char *key);
void out_close(struct out *out);

void out_string(struct out *out, const char *key, const char *fmt,
		const char *value);
void out_number(struct out *out, const char *key, const char *fmt, __u64 value);
void out_bool(struct out *out, const char *key, const char *text, bool value);
__printf(2, 3) void out_text(const struct out *out, const char *fmt, ...);

#endif /* _NAT64CTL_OUT_H */
