/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Words, and errors about them.
 *
 * A command line, a line of a batch and a line of a configuration file are
 * all read as words, by the same functions. A function that finds a word
 * wrong prints the error itself, with the place of the word, and returns
 * BAD_USAGE.
 */
#ifndef _NAT64CTL_WORDS_H
#define _NAT64CTL_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define __printf(fmt, args)	__attribute__((format(printf, fmt, args)))

/**
 * struct place - what an error is about
 * @file: name of a file, or NULL for the command line
 * @line: line of that file, or 0
 */
struct place {
	const char	*file;
	unsigned int	line;
};

/* More than any command takes, so that one too many is still named. */
#define WORDS_MAX	16

/**
 * struct words - words that are being read
 * @at: where they come from
 * @n: number of words
 * @next: first word that is not read yet
 * @word: the words; they belong to the caller
 * @column: where each begins, and where the line ends; 0 on a command line
 */
struct words {
	struct place	at;
	unsigned int	n;
	unsigned int	next;
	const char	*word[WORDS_MAX];
	unsigned int	column[WORDS_MAX + 1];
};

/**
 * struct text - a text that is being cut into lines
 * @at: the current line
 * @data: the text; it is written to
 * @len: length of @data
 * @pos: where the next line begins
 */
struct text {
	struct place	at;
	char		*data;
	size_t		len;
	size_t		pos;
};

int text_read(struct text *text, const char *file);
int text_words(struct text *text, struct words *w);
void text_free(struct text *text);

int words_from_args(struct words *w, char **args, int n);
int words_next(struct words *w, const char **word, const char *what);
int words_end(const struct words *w);
bool words_more(const struct words *w);
int words_match(const struct words *w, const char *word,
		const char *const *names, size_t stride, size_t n,
		const char *what, unsigned int *found);
int words_key(struct words *w, const char *const *names, size_t stride,
	      size_t n, const char *what, unsigned int *found);
__printf(2, 3) int words_bad(const struct words *w, const char *fmt, ...);

__printf(3, 4) void place_error(const struct place *at, unsigned int column,
				const char *fmt, ...);
const char *quoted(const char *word);

void *xrealloc(void *p, size_t n, size_t size);

#endif /* _NAT64CTL_WORDS_H */
