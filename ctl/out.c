// SPDX-License-Identifier: GPL-2.0-only
#include "out.h"

#include <stdarg.h>
#include <stdio.h>

static void attach_value(struct out *out, const char *key, json_t *value)
{
	json_t *to = out->open[out->depth - 1];

	if (json_is_array(to))
		json_array_append_new(to, value);
	else
		json_object_set_new(to, key, value);
}

static void open_nest(struct out *out, const char *key, json_t *nest)
{
	attach_value(out, key, nest);
	out->open[out->depth++] = nest;
}

/**
 * out_begin() - begin the result of a command
 * @out: output
 */
void out_begin(struct out *out)
{
	if (!out->json)
		return;
	out->open[0] = json_object();
	out->depth = 1;
	out_number(out, "schema", NULL, OUT_SCHEMA);
}

/**
 * out_end() - put out what stands in the result
 * @out: output
 */
void out_end(struct out *out)
{
	if (out->json) {
		json_dumpf(out->open[0], stdout,
			   out->pretty ? JSON_INDENT(4) : JSON_COMPACT);
		json_decref(out->open[0]);
		out->depth = 0;
		putchar('\n');
	}
	fflush(stdout);
}

/**
 * out_object() - open an object inside what is open
 * @out: output
 * @key: its name
 */
void out_object(struct out *out, const char *key)
{
	if (out->json)
		open_nest(out, key, json_object());
}

/**
 * out_array() - open an array inside what is open
 * @out: output
 * @key: its name
 */
void out_array(struct out *out, const char *key)
{
	if (out->json)
		open_nest(out, key, json_array());
}

/**
 * out_close() - close the object or array that was opened last
 * @out: output
 */
void out_close(struct out *out)
{
	if (out->json)
		out->depth--;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

/**
 * out_string() - a text
 * @out: output
 * @key: its name, or NULL
 * @fmt: format with one %s, or NULL
 * @value: the text
 */
void out_string(struct out *out, const char *key, const char *fmt,
		const char *value)
{
	if (out->json && key)
		attach_value(out, key, json_string(value));
	else if (!out->json && fmt)
		printf(fmt, value);
}

/**
 * out_number() - a number
 * @out: output
 * @key: its name, or NULL
 * @fmt: format with one %llu, or NULL
 * @value: the number
 */
void out_number(struct out *out, const char *key, const char *fmt, __u64 value)
{
	if (out->json && key)
		attach_value(out, key, json_integer(value));
	else if (!out->json && fmt)
		printf(fmt, (unsigned long long)value);
}

#pragma GCC diagnostic pop

/**
 * out_bool() - yes or no
 * @out: output
 * @key: its name, or NULL
 * @text: what stands for yes, or NULL
 * @value: yes or no
 */
void out_bool(struct out *out, const char *key, const char *text, bool value)
{
	if (out->json && key)
		attach_value(out, key, json_boolean(value));
	else if (!out->json && text && value)
		fputs(text, stdout);
}

/**
 * out_text() - something that only people need
 * @out: output
 * @fmt: format
 */
void out_text(const struct out *out, const char *fmt, ...)
{
	va_list ap;

	if (out->json)
		return;
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
}
