// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>

#include "conf.h"

/* What makes an overlap that RFC 7757 permits acceptable. */
#define WRITE_FORCE	"write \"force\" behind it to permit it"

/**
 * struct mistake - what is wrong with a configuration
 * @eam: mapping that it is about, or NULL if nothing is wrong
 * @column: where in its line
 * @text: what is wrong
 */
struct mistake {
	const struct eam	*eam;
	unsigned int		column;
	char			text[512];
};

static void print_mistake(const struct conf *conf,
			  const struct mistake *mistake, const char *before)
{
	struct location at = {
		.file = conf->files[mistake->eam->file],
		.line = mistake->eam->line,
	};

	error_at(&at, mistake->column, "%s%s", before, mistake->text);
}

static bool has_pref64(const struct conf *conf, const struct prefix6 *p)
{
	unsigned int i;

	for (i = 0; i < conf->n_pref64s; i++)
		if (addr_same6(&conf->pref64s[i].prefix, p))
			return true;
	return false;
}

/* The translation prefix that a mapping's IPv6 prefix overlaps, or NULL. */
static const struct pref64 *find_overlap(const struct conf *conf,
					 const struct eam *eam)
{
	unsigned int i;

	for (i = 0; i < conf->n_pref64s; i++)
		if (addr_overlap6(&conf->pref64s[i].prefix, &eam->p6))
			return &conf->pref64s[i];
	return NULL;
}

static const char *relation_text(unsigned int len, unsigned int other)
{
	return len >= other ? "lies inside" : "contains";
}

/**
 * conf_is_everything() - whether a mapping takes all IPv4 packets
 * @eam: mapping
 *
 * Those of the gateway itself as well, so whoever types it by mistake is cut
 * off. It needs "force".
 */
bool conf_is_everything(const struct eam *eam)
{
	return !eam->p4.len;
}

/**
 * conf_prefix_of() - the prefix that the peers of a mapped host have
 * @conf: configuration
 * @eam: mapping
 *
 * Return: its own, or the primary one; NULL if there is none
 */
const struct prefix6 *conf_prefix_of(const struct conf *conf,
				     const struct eam *eam)
{
	unsigned int i;

	if (eam->own.len)
		return &eam->own;
	for (i = 0; i < conf->n_pref64s; i++)
		if (conf->pref64s[i].primary)
			return &conf->pref64s[i].prefix;
	return NULL;
}

/* What is wrong with a mapping alone, or beside the translation prefixes. */
static void check_eam(const struct conf *conf, const struct eam *eam,
		      bool force, struct mistake *mistake)
{
	const struct pref64 *t = find_overlap(conf, eam);
	char *text = mistake->text;
	size_t size = sizeof(mistake->text);

	mistake->eam = eam;
	force |= eam->force;
	if (eam->own.len && !has_pref64(conf, &eam->own)) {
		mistake->column = eam->column_own;
		snprintf(text, size, "no line adds the prefix %s",
			 addr_text6(&eam->own));
	} else if (!force && conf_is_everything(eam)) {
		mistake->column = eam->column4;
		snprintf(text, size, CONF_EVERYTHING);
	} else if (!force && t) {
		mistake->column = eam->column6;
		snprintf(text, size,
			 "%s %s the translation prefix %s of line %u; " WRITE_FORCE,
			 addr_text6(&eam->p6),
			 relation_text(eam->p6.len, t->prefix.len),
			 addr_text6(&t->prefix), t->line);
	} else {
		mistake->eam = NULL;
	}
}

/* The clash that is reported: the one whose later line comes first. */
struct first_clash {
	const struct conf	*conf;
	struct clash		clash;
	bool			force;
	bool			found;
};

static void keep_first(void *data, const struct clash *clash)
{
	struct first_clash *first = data;
	bool force = first->force || first->conf->eams[clash->later].force;

	if (force && clash->kind >= CLASH_OVER4)
		return;
	if (first->found && first->clash.later <= clash->later)
		return;
	first->clash = *clash;
	first->found = true;
}

/**
 * conf_first_clash() - find the first mapping that clashes with an earlier one
 * @conf: configuration
 * @force: mappings may overlap
 * @clash: filled in if there is one
 *
 * Return: whether there is one
 */
bool conf_first_clash(const struct conf *conf, bool force,
		      struct clash *clash)
{
	struct first_clash first = { .conf = conf, .force = force };

	clash_find(conf, keep_first, &first);
	if (first.found)
		*clash = first.clash;
	return first.found;
}

/**
 * clash_text() - what is wrong about two mappings
 * @conf: configuration
 * @clash: the clash
 * @text: filled in
 * @size: room in @text
 *
 * Return: column of the address that clashes
 */
unsigned int clash_text(const struct conf *conf, const struct clash *clash,
			char *text, size_t size)
{
	const struct eam *a = &conf->eams[clash->later];
	const struct eam *b = &conf->eams[clash->earlier];
	bool is4 = clash->kind == CLASH_SAME4 || clash->kind == CLASH_OVER4;
	const char *mine = is4 ? addr_text4(&a->p4) : addr_text6(&a->p6);
	const char *other = is4 ? addr_text4(&b->p4) : addr_text6(&b->p6);
	const char *unit = conf->unit ? conf->unit : "line";
	const char *file = "";
	const char *of = "";

	if (a->file != b->file) {
		file = conf->files[b->file];
		of = " of ";
	}
	if (clash->kind >= CLASH_OVER4)
		snprintf(text, size, "%s %s %s of %s %u%s%s; " WRITE_FORCE,
			 mine, is4 ? relation_text(a->p4.len, b->p4.len) :
			 relation_text(a->p6.len, b->p6.len), other, unit, b->line,
			 of, file);
	else
		snprintf(text, size, "%s is already mapped to %s in %s %u%s%s",
			 mine, is4 ? addr_text6(&b->p6) : addr_text4(&b->p4),
			 unit, b->line, of, file);
	return is4 ? a->column4 : a->column6;
}

/* Finds the first line that is wrong. */
static void find_mistake(const struct conf *conf, bool force,
			 struct mistake *mistake)
{
	struct clash clash = { .later = conf->n_eams };
	bool clashes = conf_first_clash(conf, force, &clash);
	size_t i;

	mistake->eam = NULL;
	for (i = 0; i < conf->n_eams && i <= clash.later; i++) {
		check_eam(conf, &conf->eams[i], force, mistake);
		if (mistake->eam)
			return;
	}
	if (!clashes)
		return;
	mistake->eam = &conf->eams[clash.later];
	mistake->column = clash_text(conf, &clash, mistake->text,
				     sizeof(mistake->text));
}

/**
 * conf_check() - find what the kernel would refuse
 * @conf: configuration
 * @force: permit what "force" permits
 */
int conf_check(const struct conf *conf, bool force)
{
	struct mistake mistake;

	find_mistake(conf, force, &mistake);
	if (!mistake.eam)
		return EXIT_OK;
	print_mistake(conf, &mistake, "");
	return EXIT_USAGE;
}

/* For each mapping, the first clash that it is the later one of. */
struct all_clashes {
	const struct conf	*conf;
	struct clash		*of;
	bool			force;
};

static void keep_each(void *data, const struct clash *clash)
{
	struct all_clashes *all = data;
	bool force = all->force || all->conf->eams[clash->later].force;

	if ((!force || clash->kind < CLASH_OVER4) &&
	    all->of[clash->later].later != clash->later)
		all->of[clash->later] = *clash;
}

static bool find_mistake_of(const struct all_clashes *all, size_t i,
			    struct mistake *mistake)
{
	check_eam(all->conf, &all->conf->eams[i], all->force, mistake);
	if (mistake->eam)
		return true;
	if (all->of[i].later != i)
		return false;
	mistake->eam = &all->conf->eams[i];
	mistake->column = clash_text(all->conf, &all->of[i], mistake->text,
				     sizeof(mistake->text));
	return true;
}

/**
 * conf_check_all() - print all that the kernel would refuse, one for each line
 * @conf: configuration
 * @force: permit what "force" permits
 * @most: no more than this
 *
 * Return: number of errors printed
 */
unsigned int conf_check_all(const struct conf *conf, bool force,
			    unsigned int most)
{
	struct all_clashes all = { .conf = conf, .force = force };
	struct mistake mistake;
	unsigned int n = 0;
	size_t i;

	all.of = xrealloc(NULL, conf->n_eams, sizeof(*all.of));
	for (i = 0; i < conf->n_eams; i++)
		all.of[i].later = conf->n_eams;
	clash_find(conf, keep_each, &all);
	for (i = 0; i < conf->n_eams && n < most; i++) {
		if (!find_mistake_of(&all, i, &mistake))
			continue;
		print_mistake(conf, &mistake, "");
		n++;
	}
	free(all.of);
	return n;
}

/**
 * conf_warn() - warn of what only -f permits
 * @conf: configuration
 *
 * The file is refused without -f. The service loads it with -f when it starts,
 * so that what works keeps working after a boot, but not when it is reloaded.
 */
void conf_warn(const struct conf *conf)
{
	struct mistake mistake;

	find_mistake(conf, false, &mistake);
	if (mistake.eam)
		print_mistake(conf, &mistake,
			      "warning: without -f, as when the service is reloaded, this file is refused: ");
}

static void set_force(void *data, const struct clash *clash)
{
	struct conf *conf = data;

	conf->eams[clash->later].force = true;
}

/**
 * conf_force_overlaps() - mark what a load must be told to permit
 * @conf: configuration
 */
void conf_force_overlaps(struct conf *conf)
{
	size_t i;

	for (i = 0; i < conf->n_eams; i++)
		if (find_overlap(conf, &conf->eams[i]) ||
		    conf_is_everything(&conf->eams[i]))
			conf->eams[i].force = true;
	clash_find(conf, set_force, conf);
}
