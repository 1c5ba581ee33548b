// SPDX-License-Identifier: GPL-2.0
#include "error.h"

#include <stdio.h>
#include <string.h>

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
	print_escaped(at->file ? at->file : "nat64ctl");
	if (at->file && at->line)
		fprintf(stderr, ":%u", at->line);
	if (at->file && at->line && column)
		fprintf(stderr, ":%u", column);
	fputs(": ", stderr);
	vsnprintf(text, sizeof(text), fmt, ap);
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
