// SPDX-License-Identifier: GPL-2.0
#include "words.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"

/**
 * xrealloc() - an array grown or made, or the end of the program
 * @p: array, or NULL
 * @n: number of members
 * @size: size of one
 */
void *xrealloc(void *p, size_t n, size_t size)
{
	p = reallocarray(p, n ? n : 1, size);
	if (!p) {
		fputs("nat64ctl: out of memory\n", stderr);
		exit(REFUSED);
	}
	return p;
}

/*
 * Whatever a file holds, the names of other files for one, an error about it is
 * one line, and no more than text.
 */
static void print_text(const char *text)
{
	unsigned char c;

	while ((c = *text++)) {
		if (c >= ' ' && c <= '~')
			fputc(c, stderr);
		else
			fprintf(stderr, "\\x%02x", c);
	}
}

static void place_verror(const struct place *at, unsigned int column,
			 const char *fmt, va_list args)
{
	char text[1024];

	/* A progress line on the terminal must not be mixed with it. */
	fflush(stdout);
	print_text(at->file ? at->file : "nat64ctl");
	if (at->file && at->line)
		fprintf(stderr, ":%u", at->line);
	if (at->file && at->line && column)
		fprintf(stderr, ":%u", column);
	fputs(": ", stderr);
	vsnprintf(text, sizeof(text), fmt, args);
	print_text(text);
	fputc('\n', stderr);
}

/**
 * place_error() - print an error
 * @at: what it is about
 * @column: where in that line, or 0
 * @fmt: text, without a newline
 */
void place_error(const struct place *at, unsigned int column,
		 const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	place_verror(at, column, fmt, args);
	va_end(args);
}

/**
 * words_bad() - print that the word read last is wrong
 * @w: words
 * @fmt: text, without a newline
 *
 * Return: BAD_USAGE
 */
int words_bad(const struct words *w, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	place_verror(&w->at, w->column[w->next ? w->next - 1 : 0], fmt, args);
	va_end(args);
	return BAD_USAGE;
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

/**
 * words_from_args() - the words of a command line
 * @w: filled in
 * @args: arguments
 * @n: number of them
 */
int words_from_args(struct words *w, char **args, int n)
{
	int i;

	memset(w, 0, sizeof(*w));
	if (n > WORDS_MAX) {
		place_error(&w->at, 0, "too many words, from %s on",
			    quoted(args[WORDS_MAX]));
		return BAD_USAGE;
	}
	for (i = 0; i < n; i++)
		w->word[i] = args[i];
	w->n = n;
	return DONE;
}

/**
 * words_more() - whether there is another word
 * @w: words
 */
bool words_more(const struct words *w)
{
	return w->next < w->n;
}

/**
 * words_next() - read a word that must be there
 * @w: words
 * @word: the word
 * @what: what it is, for the error when it is missing
 */
int words_next(struct words *w, const char **word, const char *what)
{
	if (words_more(w)) {
		*word = w->word[w->next++];
		return DONE;
	}
	if (w->n)
		place_error(&w->at, w->column[w->n], "%s is missing after %s",
			    what, quoted(w->word[w->n - 1]));
	else
		place_error(&w->at, 0, "%s is missing", what);
	return BAD_USAGE;
}

/**
 * words_end() - check that every word was read
 * @w: words
 */
int words_end(const struct words *w)
{
	if (!words_more(w))
		return DONE;
	place_error(&w->at, w->column[w->next], "%s is one word too many",
		    quoted(w->word[w->next]));
	return BAD_USAGE;
}

static const char *name_at(const char *const *names, size_t stride, size_t i)
{
	return *(const char *const *)((const char *)names + i * stride);
}

/* All names that begin with @word, as the error about an ambiguous one shows. */
static const char *candidates(const char *word, const char *const *names,
			      size_t stride, size_t n)
{
	static char text[300];
	size_t used = 0;
	size_t i;

	for (i = 0; i < n && used < sizeof(text); i++) {
		const char *name = name_at(names, stride, i);

		if (!strncmp(name, word, strlen(word)))
			used += snprintf(text + used, sizeof(text) - used,
					 "%s%s", used ? ", " : "", name);
	}
	return text;
}

/**
 * words_match() - find the word read last among several, if it begins only one
 * @w: words
 * @word: the word read last
 * @names: the first name
 * @stride: bytes from one name to the next, as the names may stand in a table
 * @n: number of names
 * @what: what they are, for errors: "a command"
 * @found: which one it is
 */
int words_match(const struct words *w, const char *word,
		const char *const *names, size_t stride, size_t n,
		const char *what, unsigned int *found)
{
	unsigned int hits = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		const char *name = name_at(names, stride, i);

		if (!*word || strncmp(name, word, strlen(word)))
			continue;
		*found = i;
		if (!strcmp(name, word))
			return DONE;
		hits++;
	}
	if (hits == 1)
		return DONE;
	if (hits)
		return words_bad(w, "%s is ambiguous: %s", quoted(word),
				 candidates(word, names, stride, n));
	return words_bad(w, "%s is not %s", quoted(word), what);
}

/**
 * words_key() - read a word that is one of several, or begins only one
 * @w: words
 * @names: the first name
 * @stride: bytes from one name to the next
 * @n: number of names
 * @what: what they are, for errors: "a command"
 * @found: which one it is
 */
int words_key(struct words *w, const char *const *names, size_t stride,
	      size_t n, const char *what, unsigned int *found)
{
	const char *word;
	int ret;

	ret = words_next(w, &word, what);
	if (ret)
		return ret;
	return words_match(w, word, names, stride, n, what, found);
}

static int read_all(struct text *text, int fd)
{
	size_t size = 0;
	ssize_t got;

	do {
		if (text->len + 1 >= size) {
			size = size ? size * 2 : 65536;
			text->data = xrealloc(text->data, size, 1);
		}
		got = read(fd, text->data + text->len, size - text->len - 1);
		if (got < 0 && errno != EINTR) {
			place_error(&text->at, 0, "%s", strerror(errno));
			return BAD_USAGE;
		}
		text->len += got > 0 ? got : 0;
	} while (got);
	text->data[text->len] = '\0';
	return DONE;
}

/* A word ends at a NUL byte: what stands behind it would be lost. */
static int refuse_nul(struct text *text)
{
	const char *nul = memchr(text->data, '\0', text->len);
	const char *start = text->data;
	const char *end;

	if (!nul)
		return DONE;
	text->at.line = 1;
	while ((end = memchr(start, '\n', nul - start))) {
		text->at.line++;
		start = end + 1;
	}
	place_error(&text->at, nul - start + 1, "a NUL byte is not text");
	return BAD_USAGE;
}

/**
 * text_read() - read a file
 * @text: filled in; to be freed whatever is returned
 * @file: name, or "-" for the standard input; it is not copied
 */
int text_read(struct text *text, const char *file)
{
	bool is_stdin = !strcmp(file, "-");
	int fd = STDIN_FILENO;
	int ret;

	memset(text, 0, sizeof(*text));
	text->at.file = is_stdin ? "<stdin>" : file;
	if (!is_stdin)
		fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		place_error(&text->at, 0, "%s", strerror(errno));
		return BAD_USAGE;
	}
	ret = read_all(text, fd);
	if (!is_stdin)
		close(fd);
	return ret ? ret : refuse_nul(text);
}

/**
 * text_free() - free what text_read() took
 * @text: text
 */
void text_free(struct text *text)
{
	free(text->data);
	text->data = NULL;
}

/* Cut one line, without its comment and its end, into words. */
static int cut_words(struct words *w, char *line, char *end)
{
	char *p = line;

	for (;;) {
		while (p < end && isspace((unsigned char)*p))
			*p++ = '\0';
		w->column[w->n] = p - line + 1;
		if (p == end)
			return DONE;
		if (w->n == WORDS_MAX) {
			place_error(&w->at, w->column[w->n], "too many words");
			return BAD_USAGE;
		}
		w->word[w->n++] = p;
		while (p < end && !isspace((unsigned char)*p))
			p++;
	}
}

/**
 * text_words() - the words of the next line that has any
 * @text: text
 * @w: filled in; without words at the end of the text
 */
int text_words(struct text *text, struct words *w)
{
	w->n = 0;
	w->next = 0;
	while (!w->n && text->pos < text->len) {
		char *line = text->data + text->pos;
		char *end = memchr(line, '\n', text->len - text->pos);
		char *comment;
		int ret;

		if (!end)
			end = text->data + text->len;
		text->pos = end - text->data + 1;
		text->at.line++;
		w->at = text->at;

		*end = '\0';
		comment = memchr(line, '#', end - line);
		if (comment) {
			*comment = '\0';
			end = comment;
		}
		ret = cut_words(w, line, end);
		if (ret)
			return ret;
	}
	return DONE;
}
