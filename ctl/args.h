/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arguments: the words of a command line, of a line of a batch or of a line of
 * a configuration file. All are read by the same functions. A function that
 * finds a word wrong prints the error itself, with the location of the word,
 * and returns EXIT_USAGE.
 */
#ifndef _NAT64CTL_ARGS_H
#define _NAT64CTL_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/* More than any command takes, so that the first superfluous word is named. */
#define ARGS_MAX	16

/**
 * struct args - arguments that are being read
 * @at: where they come from
 * @n: number of words
 * @next: first word that is not read yet
 * @word: the words; they belong to the caller
 * @column: where each begins, and where the line ends; 0 on a command line
 */
struct args {
	struct location	at;
	unsigned int	n;
	unsigned int	next;
	const char	*word[ARGS_MAX];
	unsigned int	column[ARGS_MAX + 1];
};

int args_init(struct args *args, char **argv, int argc);
bool args_more(const struct args *args);
int args_next(struct args *args, const char **word, const char *what);
int args_end(const struct args *args);
int args_match(const struct args *args, const char *word,
	       const char *const *names, size_t stride, size_t n,
	       const char *what, unsigned int *match);
int args_keyword(struct args *args, const char *const *names, size_t stride,
		 size_t n, const char *what, unsigned int *match);
int args_in_full(const struct args *args, const char *name);
__printf(2, 3) int args_invalid(const struct args *args, const char *fmt, ...);

#endif /* _NAT64CTL_ARGS_H */
