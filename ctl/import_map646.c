// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files of map646: one statement a line, and of two mappings with the same
 * address the first counts, as there.
 */
#include <stdlib.h>
#include <string.h>

#include "import.h"
#include "input.h"

/* As deep as map646 itself goes. */
#define DEPTH	10

/**
 * struct import - a file of map646 and what it includes
 * @conf: what was read
 * @names: names of the files, as @conf points to them
 * @file: which of them is being read
 * @depth: how many are open
 * @dropped: for each mapping, whether an earlier one has one of its prefixes
 */
struct import {
	struct conf	*conf;
	char		*names[CONF_FILES];
	unsigned int	file;
	unsigned int	depth;
	bool		*dropped;
};

static int read_file(struct import *import, const char *file);

/* mapping-prefix ADDR: the IPv4 address is written into the last 32 bits. */
static int read_mapping_prefix(struct import *import, struct args *args)
{
	struct pref64 t = { .line = args->at.line };
	const char *word;
	int ret;

	ret = args_next(args, &word, "an IPv6 address");
	if (!ret)
		ret = addr_parse6(args, word, &t.prefix);
	if (ret)
		return ret;
	if (t.prefix.len != 128)
		return args_invalid(args, "%s has a length; map646 takes an address",
				    quoted(word));
	t.prefix.len = 96;
	if (t.prefix.addr.s6_addr32[3])
		return args_invalid(args, "the last 32 bits of %s must be zero",
				    quoted(word));
	ret = addr_check_pref64(args, word, &t.prefix);
	return ret ? ret : conf_add_pref64(import->conf, args, &t);
}

/* map-static IPV4 IPV6 */
static int read_map_static(struct import *import, struct args *args)
{
	struct eam eam;
	int ret;

	ret = conf_read_pair(args, &eam);
	if (!ret)
		ret = args_end(args);
	if (ret)
		return ret;
	eam.file = import->file;
	conf_add_eam(import->conf, &eam);
	return EXIT_OK;
}

/* map66-static IPV6 IPV6: not a translation between families. */
static int read_map66_static(struct import *import, struct args *args)
{
	(void)import;
	args_invalid(args, "map66-static is not supported: left out");
	return EXIT_OK;
}

/* include FILE */
static int read_include(struct import *import, struct args *args)
{
	const char *file;
	int ret;

	ret = args_next(args, &file, "a file");
	if (!ret)
		ret = args_end(args);
	if (ret)
		return ret;
	if (import->depth == DEPTH)
		return args_invalid(args, "more than %d files include one another",
				    DEPTH);
	if (import->conf->n_files == CONF_FILES)
		return args_invalid(args, "more than %d files", CONF_FILES);
	return read_file(import, file);
}

static int read_statement(struct import *import, struct args *args)
{
	static const struct {
		const char *name;
		int (*read)(struct import *import, struct args *args);
	} statements[] = {
		{ "mapping-prefix", read_mapping_prefix },
		{ "map-static", read_map_static },
		{ "map66-static", read_map66_static },
		{ "include", read_include },
	};
	const char *word;
	unsigned int i;
	int ret;

	ret = args_next(args, &word, "a statement");
	for (i = 0; !ret && i < ARRAY_SIZE(statements); i++)
		if (!strcmp(word, statements[i].name))
			return statements[i].read(import, args);
	return ret ? ret : args_invalid(args, "%s is not a statement of map646",
					quoted(word));
}

static int read_file(struct import *import, const char *file)
{
	unsigned int outer = import->file;
	struct input input;
	struct args args;
	int ret;

	ret = input_read(&input, file);
	import->file = import->conf->n_files++;
	import->names[import->file] = strdup(input.at.file);
	import->conf->files[import->file] = import->names[import->file];
	import->depth++;
	while (!ret) {
		ret = input_line(&input, &args);
		if (ret || !args.n)
			break;
		ret = read_statement(import, &args);
	}
	import->depth--;
	import->file = outer;
	input_free(&input);
	return ret;
}

static void drop_later(void *data, const struct clash *clash)
{
	struct import *import = data;
	const struct eam *eam = &import->conf->eams[clash->later];
	struct location at = {
		.file = import->conf->files[eam->file],
		.line = eam->line,
	};
	unsigned int column;
	char text[512];

	if (clash->kind >= CLASH_OVER4 || import->dropped[clash->later])
		return;
	import->dropped[clash->later] = true;
	column = clash_text(import->conf, clash, text, sizeof(text));
	error_at(&at, column, "%s: left out", text);
}

static void drop_duplicates(struct import *import)
{
	struct conf *conf = import->conf;
	size_t i, kept = 0;

	import->dropped = xrealloc(NULL, conf->n_eams, sizeof(bool));
	memset(import->dropped, 0, conf->n_eams);
	clash_find(conf, drop_later, import);
	for (i = 0; i < conf->n_eams; i++)
		if (!import->dropped[i])
			conf->eams[kept++] = conf->eams[i];
	conf->n_eams = kept;
	free(import->dropped);
}

/**
 * import_map646() - read a configuration file of map646
 * @conf: filled in; to be freed whatever is returned
 * @file: its name, or "-" for the standard input
 */
int import_map646(struct conf *conf, const char *file)
{
	struct import import = { .conf = conf };
	unsigned int i;
	int ret;

	ret = read_file(&import, file);
	if (!ret)
		drop_duplicates(&import);
	if (!ret && conf->n_pref64s)
		conf->pref64s[0].primary = true;
	for (i = 0; i < conf->n_files; i++)
		free(import.names[i]);
	conf->n_files = 0;
	return ret;
}
