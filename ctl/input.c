// SPDX-License-Identifier: GPL-2.0-only
#include "input.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int read_all(struct input *input, int fd)
{
	size_t size = 0;
	ssize_t got;

	do {
		if (input->len + 1 >= size) {
			size = size ? size * 2 : 65536;
			input->data = xrealloc(input->data, size, 1);
		}
		got = read(fd, input->data + input->len, size - input->len - 1);
		if (got < 0 && errno != EINTR) {
			error_at(&input->at, 0, "%s", strerror(errno));
			return EXIT_USAGE;
		}
		input->len += got > 0 ? got : 0;
	} while (got);
	input->data[input->len] = '\0';
	return EXIT_OK;
}

/* Words end at a NUL byte, so the rest of such a line would be ignored. */
static int refuse_nul(struct input *input)
{
	const char *nul = memchr(input->data, '\0', input->len);
	const char *start = input->data;
	const char *end;

	if (!nul)
		return EXIT_OK;
	input->at.line = 1;
	while ((end = memchr(start, '\n', nul - start))) {
		input->at.line++;
		start = end + 1;
	}
	error_at(&input->at, nul - start + 1, "a NUL byte is not text");
	return EXIT_USAGE;
}

/* Some editors write a byte order mark. */
static bool refuse_bom(const struct input *input)
{
	struct location at = { .file = input->at.file, .line = 1 };

	if (strncmp(input->data, "\xef\xbb\xbf", 3))
		return false;
	error_at(&at, 1, "the file begins with a byte order mark; save it without one");
	return true;
}

/**
 * input_name() - what errors call a file
 * @file: name, or "-" for the standard input
 */
const char *input_name(const char *file)
{
	return strcmp(file, "-") ? file : "<stdin>";
}

/**
 * input_read() - read a file
 * @input: filled in; to be freed whatever is returned
 * @file: name, or "-" for the standard input; it is not copied
 */
int input_read(struct input *input, const char *file)
{
	bool is_stdin = !strcmp(file, "-");
	int fd = STDIN_FILENO;
	int ret;

	memset(input, 0, sizeof(*input));
	input->at.file = input_name(file);
	if (!is_stdin)
		fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		error_at(&input->at, 0, "%s", strerror(errno));
		return EXIT_USAGE;
	}
	ret = read_all(input, fd);
	if (!is_stdin)
		close(fd);
	return ret ? ret : refuse_bom(input) ? EXIT_USAGE : refuse_nul(input);
}

/**
 * input_free() - free what input_read() took
 * @input: file
 */
void input_free(struct input *input)
{
	free(input->data);
	input->data = NULL;
}

/* Cut one line, without its comment and its end, into words. */
static int split_words(struct args *args, char *line, char *end)
{
	char *p = line;

	for (;;) {
		while (p < end && isspace((unsigned char)*p))
			*p++ = '\0';
		args->column[args->n] = p - line + 1;
		if (p == end)
			return EXIT_OK;
		if (args->n == ARGS_MAX) {
			error_at(&args->at, args->column[args->n],
				 "too many words");
			return EXIT_USAGE;
		}
		args->word[args->n++] = p;
		while (p < end && !isspace((unsigned char)*p))
			p++;
	}
}

/**
 * input_line() - the words of the next line that has any
 * @input: file
 * @args: filled in; without words at the end of the file
 */
int input_line(struct input *input, struct args *args)
{
	args->n = 0;
	args->next = 0;
	while (!args->n && input->pos < input->len) {
		char *line = input->data + input->pos;
		char *end = memchr(line, '\n', input->len - input->pos);
		char *comment;
		int ret;

		if (!end)
			end = input->data + input->len;
		input->pos = end - input->data + 1;
		input->at.line++;
		args->at = input->at;

		*end = '\0';
		comment = memchr(line, '#', end - line);
		if (comment) {
			*comment = '\0';
			end = comment;
		}
		ret = split_words(args, line, end);
		if (ret)
			return ret;
	}
	return EXIT_OK;
}
