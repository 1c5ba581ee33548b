// SPDX-License-Identifier: GPL-2.0
/*
 * Files of map646: one statement a line, and of two mappings with the same
 * address the first counts, as there.
 */
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "import.h"

/* As deep as map646 itself goes. */
#define DEPTH	10

/**
 * struct import - a file of map646 and what it includes
 * @conf: what was read
 * @names: names of the files, as @conf points to them
 * @file: which of them is being read
 * @depth: how many are open
 * @dropped: for each mapping, whether an earlier one stands in its way
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
static int read_mapping_prefix(struct import *import, struct words *w)
{
	struct translation t = { .line = w->at.line };
	const char *word;
	int ret;

	ret = words_next(w, &word, "an IPv6 address");
	if (!ret)
		ret = addr_parse6(w, word, &t.prefix);
	if (ret)
		return ret;
	if (t.prefix.len != 128)
		return words_bad(w, "%s has a length; map646 takes an address",
				 quoted(word));
	t.prefix.len = 96;
	if (t.prefix.addr.s6_addr32[3])
		return words_bad(w, "the last 32 bits of %s must be zero",
				 quoted(word));
	ret = addr_check_translation(w, word, &t.prefix);
	return ret ? ret : conf_add_translation(import->conf, w, &t);
}

/* map-static IPV4 IPV6 */
static int read_map_static(struct import *import, struct words *w)
{
	struct eam eam;
	int ret;

	ret = conf_read_pair(w, &eam);
	if (!ret)
		ret = words_end(w);
	if (ret)
		return ret;
	eam.file = import->file;
	conf_add_eam(import->conf, &eam);
	return DONE;
}

/* map66-static IPV6 IPV6: not a translation between families. */
static int read_map66_static(struct import *import, struct words *w)
{
	(void)import;
	words_bad(w, "map66-static is not supported: left out");
	return DONE;
}

/* include FILE */
static int read_include(struct import *import, struct words *w)
{
	const char *file;
	int ret;

	ret = words_next(w, &file, "a file");
	if (!ret)
		ret = words_end(w);
	if (ret)
		return ret;
	if (import->depth == DEPTH)
		return words_bad(w, "more than %d files include one another",
				 DEPTH);
	if (import->conf->n_files == CONF_FILES)
		return words_bad(w, "more than %d files", CONF_FILES);
	return read_file(import, file);
}

static int read_statement(struct import *import, struct words *w)
{
	static const struct {
		const char *name;
		int (*read)(struct import *import, struct words *w);
	} statements[] = {
		{ "mapping-prefix", read_mapping_prefix },
		{ "map-static", read_map_static },
		{ "map66-static", read_map66_static },
		{ "include", read_include },
	};
	const char *word;
	unsigned int i;
	int ret;

	ret = words_next(w, &word, "a statement");
	for (i = 0; !ret && i < ARRAY_SIZE(statements); i++)
		if (!strcmp(word, statements[i].name))
			return statements[i].read(import, w);
	return ret ? ret : words_bad(w, "%s is not a statement of map646",
				     quoted(word));
}

static int read_file(struct import *import, const char *file)
{
	unsigned int outer = import->file;
	struct text text;
	struct words w;
	int ret;

	ret = text_read(&text, file);
	import->file = import->conf->n_files++;
	import->names[import->file] = strdup(text.at.file);
	import->conf->files[import->file] = import->names[import->file];
	import->depth++;
	while (!ret) {
		ret = text_words(&text, &w);
		if (ret || !w.n)
			break;
		ret = read_statement(import, &w);
	}
	import->depth--;
	import->file = outer;
	text_free(&text);
	return ret;
}

static void drop_later(void *data, const struct clash *clash)
{
	struct import *import = data;
	const struct eam *eam = &import->conf->eams[clash->later];
	struct place at = {
		.file = import->conf->files[eam->file],
		.line = eam->line,
	};
	unsigned int column;
	char text[512];

	if (clash->kind >= CLASH_OVER4 || import->dropped[clash->later])
		return;
	import->dropped[clash->later] = true;
	column = clash_text(import->conf, clash, text, sizeof(text));
	place_error(&at, column, "%s: left out", text);
}

static void drop_doubles(struct import *import)
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
		drop_doubles(&import);
	if (!ret && conf->n_translations)
		conf->translations[0].primary = true;
	for (i = 0; i < conf->n_files; i++)
		free(import.names[i]);
	conf->n_files = 0;
	return ret;
}
