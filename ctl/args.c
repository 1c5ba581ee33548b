// SPDX-License-Identifier: GPL-2.0-only
#include "args.h"

#include <stdio.h>
#include <string.h>

/**
 * args_init() - the arguments of a command line
 * @args: filled in
 * @argv: words
 * @argc: number of them
 */
int args_init(struct args *args, char **argv, int argc)
{
	int i;

	memset(args, 0, sizeof(*args));
	if (argc > ARGS_MAX) {
		error_at(&args->at, 0, "too many words, from %s on",
			 quoted(argv[ARGS_MAX]));
		return EXIT_USAGE;
	}
	for (i = 0; i < argc; i++)
		args->word[i] = argv[i];
	args->n = argc;
	return EXIT_OK;
}

/**
 * args_more() - whether there is another word
 * @args: arguments
 */
bool args_more(const struct args *args)
{
	return args->next < args->n;
}

/**
 * args_invalid() - print that the word read last is wrong
 * @args: arguments
 * @fmt: text, without a newline
 *
 * Return: EXIT_USAGE
 */
int args_invalid(const struct args *args, const char *fmt, ...)
{
	unsigned int last = args->next ? args->next - 1 : 0;
	va_list ap;

	va_start(ap, fmt);
	verror_at(&args->at, args->column[last], fmt, ap);
	va_end(ap);
	return EXIT_USAGE;
}

/**
 * args_next() - read a word that must be there
 * @args: arguments
 * @word: the word
 * @what: what it is, for the error when it is missing
 */
int args_next(struct args *args, const char **word, const char *what)
{
	if (args_more(args)) {
		*word = args->word[args->next++];
		return EXIT_OK;
	}
	if (args->n)
		error_at(&args->at, args->column[args->n],
			 "%s is missing after %s", what,
			 quoted(args->word[args->n - 1]));
	else
		error_at(&args->at, 0, "%s is missing", what);
	return EXIT_USAGE;
}

/**
 * args_end() - check that every word was read
 * @args: arguments
 */
int args_end(const struct args *args)
{
	if (!args_more(args))
		return EXIT_OK;
	error_at(&args->at, args->column[args->next],
		 "unexpected word %s", quoted(args->word[args->next]));
	return EXIT_USAGE;
}

/**
 * args_in_full() - check that the word read last is not abbreviated
 * @args: arguments
 * @name: what it stands for, something that destroys
 */
int args_in_full(const struct args *args, const char *name)
{
	const char *word = args->word[args->next - 1];

	if (!strcmp(word, name))
		return EXIT_OK;
	return args_invalid(args, "%s must be written in full: %s",
			    quoted(word), name);
}

static const char *name_at(const char *const *names, size_t stride, size_t i)
{
	return *(const char *const *)((const char *)names + i * stride);
}

/* All names that begin with @word, for the error about an ambiguous one. */
static const char *list_candidates(const char *word, const char *const *names,
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
 * args_match() - find the word read last among several, if it begins only one
 * @args: arguments
 * @word: the word read last
 * @names: the first name
 * @stride: bytes from one name to the next, as the names may stand in a table
 * @n: number of names
 * @what: what they are, for errors: "a command"
 * @match: which one it is
 */
int args_match(const struct args *args, const char *word,
	       const char *const *names, size_t stride, size_t n,
	       const char *what, unsigned int *match)
{
	unsigned int hits = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		const char *name = name_at(names, stride, i);

		if (!*word || strncmp(name, word, strlen(word)))
			continue;
		*match = i;
		if (!strcmp(name, word))
			return EXIT_OK;
		hits++;
	}
	if (hits == 1)
		return EXIT_OK;
	if (hits)
		return args_invalid(args, "%s is ambiguous: %s", quoted(word),
				    list_candidates(word, names, stride, n));
	return args_invalid(args, "%s is not %s", quoted(word), what);
}

/**
 * args_keyword() - read a word that is one of several, or begins only one
 * @args: arguments
 * @names: the first name
 * @stride: bytes from one name to the next
 * @n: number of names
 * @what: what they are, for errors: "a command"
 * @match: which one it is
 */
int args_keyword(struct args *args, const char *const *names, size_t stride,
		 size_t n, const char *what, unsigned int *match)
{
	const char *word;
	int ret;

	ret = args_next(args, &word, what);
	if (ret)
		return ret;
	return args_match(args, word, names, stride, n, what, match);
}
