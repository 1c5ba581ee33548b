// SPDX-License-Identifier: GPL-2.0-only
#include "error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "out.h"

/*
 * File names and words may hold any byte. Escape what is not printable ASCII,
 * so that an error stays one line and cannot send codes to a terminal.
 */
static void print_escaped(const char *text)
{
	unsigned char c;

	while ((c = *text++)) {
		if (c >= ' ' && c <= '~')
			fputc(c, stderr);
		else
			fprintf(stderr, "\\x%02x", c);
	}
}

static bool is_json;

/* Errors that wait for the exit status, or NULL. */
static json_t *held;

/**
 * error_as_json() - print errors as JSON from now on
 */
void error_as_json(void)
{
	is_json = true;
}

/* Bytes that are no UTF-8 have no place in JSON; they are shown as in a text. */
static json_t *json_text(const char *text)
{
	char escaped[4 * 1024 + 1], *to = escaped;
	json_t *json = json_string(text);

	if (json)
		return json;
	for (; *text && to < escaped + sizeof(escaped) - 5; text++)
		to += sprintf(to, (unsigned char)*text < 0x80 ? "%c" : "\\x%02x",
			      (unsigned char)*text);
	*to = '\0';
	return json_string(escaped);
}

static void put_json(json_t *root)
{
	json_dumpf(root, stderr, JSON_COMPACT);
	fputc('\n', stderr);
	json_decref(root);
}

/* A warning has no status of its own: the command goes on. */
static void print_json(const struct location *at, unsigned int column,
		       const char *text)
{
	static const char warning[] = "warning: ";
	bool is_warning = !strncmp(text, warning, sizeof(warning) - 1);
	json_t *root = json_object(), *error = json_object();

	json_object_set_new(root, "schema", json_integer(OUT_SCHEMA));
	json_object_set_new(root, is_warning ? "warning" : "error", error);
	json_object_set_new(error, "text", json_text(text + (is_warning ?
						      sizeof(warning) - 1 : 0)));
	if (at->file)
		json_object_set_new(error, "file", json_text(at->file));
	if (at->file && at->line)
		json_object_set_new(error, "line", json_integer(at->line));
	if (at->file && at->line && column)
		json_object_set_new(error, "column", json_integer(column));
	if (is_warning) {
		put_json(root);
	} else {
		if (!held)
			held = json_array();
		json_array_append_new(held, root);
	}
}

/**
 * error_flush() - print the errors of a command, whose exit status is known now
 * @status: exit status
 *
 * Only JSON waits for it.
 */
void error_flush(int status)
{
	json_t *root;
	size_t i;

	json_array_foreach(held, i, root) {
		json_object_set_new(json_object_get(root, "error"), "status",
				    json_integer(status));
		put_json(json_incref(root));
	}
	json_decref(held);
	held = NULL;
}

/**
 * verror_at() - print an error, with a va_list
 * @at: what it is about
 * @column: where in that line, or 0
 * @fmt: text, without a newline
 * @ap: arguments of @fmt
 */
void verror_at(const struct location *at, unsigned int column,
	       const char *fmt, va_list ap)
{
	char text[1024];

	/* Keep the order of results and errors on a terminal. */
	fflush(stdout);
	vsnprintf(text, sizeof(text), fmt, ap);
	if (is_json) {
		print_json(at, column, text);
		return;
	}
	print_escaped(at->file ? at->file : "nat64ctl");
	if (at->file && at->line)
		fprintf(stderr, ":%u", at->line);
	if (at->file && at->line && column)
		fprintf(stderr, ":%u", column);
	fputs(": ", stderr);
	print_escaped(text);
	fputc('\n', stderr);
}

/**
 * error_at() - print an error
 * @at: what it is about
 * @column: where in that line, or 0
 * @fmt: text, without a newline
 */
void error_at(const struct location *at, unsigned int column,
	      const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	verror_at(at, column, fmt, ap);
	va_end(ap);
}

/**
 * quoted() - a word in quotes, cut to a readable length
 * @word: word
 *
 * Return: a text that lasts until the second next call
 */
const char *quoted(const char *word)
{
	static char texts[2][80];
	static unsigned int turn;
	char *text = texts[turn++ % 2];

	snprintf(text, sizeof(texts[0]), "\"%.64s%s\"", word,
		 strlen(word) > 64 ? "..." : "");
	return text;
}
