// SPDX-License-Identifier: GPL-2.0
#include "conf.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

/**
 * conf_read_translation() - read PREFIX/LEN [primary]
 * @w: words
 * @t: filled in
 */
int conf_read_translation(struct words *w, struct translation *t)
{
	static const char *const names[] = { "primary" };
	unsigned int key;
	int ret;

	memset(t, 0, sizeof(*t));
	t->line = w->at.line;
	ret = addr_read_translation(w, &t->prefix);
	if (ret || !words_more(w))
		return ret;
	ret = words_key(w, names, sizeof(*names), 1, "primary", &key);
	t->primary = true;
	return ret ? ret : words_end(w);
}

/* RFC 7757 section 3.2. */
static int check_suffixes(const struct words *w, const struct eam *eam)
{
	unsigned int bits4 = 32 - eam->p4.len;
	unsigned int bits6 = 128 - eam->p6.len;

	if (bits4 <= bits6)
		return DONE;
	return words_bad(w, "%s leaves %u bits, too few for the %u of %s (RFC 7757 section 3.2)",
			 addr_text6(&eam->p6), bits6, bits4,
			 addr_text4(&eam->p4));
}

static int read_eam_options(struct words *w, struct eam *eam)
{
	static const char *const names[] = { "prefix", "force" };
	unsigned int key;
	int ret;

	while (words_more(w)) {
		ret = words_key(w, names, sizeof(*names), 2,
				"prefix or force", &key);
		if (ret)
			return ret;
		if (key == 0 ? eam->own.len : eam->force)
			return words_bad(w, "%s is given twice", names[key]);
		if (key == 1) {
			eam->force = true;
			continue;
		}
		eam->column_own = w->column[w->next];
		ret = addr_read_translation(w, &eam->own);
		if (ret)
			return ret;
	}
	return DONE;
}

/**
 * conf_read_pair() - read IPV4[/LEN] IPV6[/LEN]
 * @w: words
 * @eam: filled in
 */
int conf_read_pair(struct words *w, struct eam *eam)
{
	int ret;

	memset(eam, 0, sizeof(*eam));
	eam->line = w->at.line;
	eam->column4 = w->column[w->next];
	ret = addr_read4(w, "an IPv4 address", &eam->p4);
	if (ret)
		return ret;
	if (!addr_unicast4(&eam->p4))
		return words_bad(w, "%s cannot be mapped: it is not for unicast beyond a host",
				 addr_text4(&eam->p4));
	eam->column6 = w->column[w->next];
	ret = addr_read6(w, "an IPv6 address", &eam->p6);
	if (ret)
		return ret;
	if (!addr_unicast6(&eam->p6))
		return words_bad(w, "%s cannot be mapped: it is not for unicast beyond a link",
				 addr_text6(&eam->p6));
	return check_suffixes(w, eam);
}

/**
 * conf_read_eam() - read IPV4[/LEN] IPV6[/LEN] [prefix PREFIX/LEN] [force]
 * @w: words
 * @eam: filled in
 */
int conf_read_eam(struct words *w, struct eam *eam)
{
	int ret;

	ret = conf_read_pair(w, eam);
	return ret ? ret : read_eam_options(w, eam);
}

/**
 * conf_add_translation() - add a translation prefix to a configuration
 * @conf: configuration
 * @w: where it was read, for errors
 * @t: translation prefix
 */
int conf_add_translation(struct conf *conf, const struct words *w,
			 const struct translation *t)
{
	const struct translation *old;
	unsigned int i;

	for (i = 0; i < conf->n_translations; i++) {
		old = &conf->translations[i];
		if (addr_same6(&old->prefix, &t->prefix))
			return words_bad(w, "prefix %s stands in line %u already",
					 addr_text6(&t->prefix), old->line);
		if (old->primary && t->primary)
			return words_bad(w, "prefix %s of line %u is primary already",
					 addr_text6(&old->prefix), old->line);
	}
	if (i == NAT64_MAX_PREFIXES)
		return words_bad(w, "more than %u prefixes", NAT64_MAX_PREFIXES);
	conf->translations[conf->n_translations++] = *t;
	return DONE;
}

/**
 * conf_add_eam() - add a mapping to a configuration
 * @conf: configuration
 * @eam: mapping
 */
void conf_add_eam(struct conf *conf, const struct eam *eam)
{
	if (conf->n_eams == conf->room) {
		conf->room = conf->room ? conf->room * 2 : 256;
		conf->eams = xrealloc(conf->eams, conf->room,
				      sizeof(*conf->eams));
	}
	conf->eams[conf->n_eams++] = *eam;
}

static int line_prefix(struct conf *conf, struct words *w)
{
	static const char *const names[] = { "add" };
	struct translation t;
	unsigned int key;
	int ret;

	ret = words_key(w, names, sizeof(*names), 1, "add", &key);
	if (!ret)
		ret = conf_read_translation(w, &t);
	return ret ? ret : conf_add_translation(conf, w, &t);
}

static int line_add(struct conf *conf, struct words *w)
{
	struct eam eam;
	int ret;

	ret = conf_read_eam(w, &eam);
	if (!ret)
		conf_add_eam(conf, &eam);
	return ret;
}

static int line_set(struct conf *conf, struct words *w)
{
	struct setting_value value;
	unsigned int key;
	int ret;

	ret = settings_read(w, &key, &value);
	if (!ret)
		ret = words_end(w);
	if (ret)
		return ret;
	if (conf->settings[key].given)
		return words_bad(w, "%s is set in line %u already",
				 settings_table[key].name,
				 conf->settings[key].line);
	conf->settings[key] = value;
	return DONE;
}

static int read_line(struct conf *conf, struct words *w)
{
	static const struct {
		const char *name;
		int (*read)(struct conf *conf, struct words *w);
	} lines[] = {
		{ "add", line_add },
		{ "prefix", line_prefix },
		{ "set", line_set },
	};
	unsigned int key;
	int ret;

	ret = words_key(w, &lines[0].name, sizeof(lines[0]), 3,
			"a word that a configuration begins a line with: add, prefix, set",
			&key);
	return ret ? ret : lines[key].read(conf, w);
}

/* The first prefix is the primary one, unless a line says otherwise. */
static void choose_primary(struct conf *conf)
{
	unsigned int i;

	for (i = 0; i < conf->n_translations; i++)
		if (conf->translations[i].primary)
			return;
	conf->translations[0].primary = conf->n_translations;
}

/**
 * conf_load_file() - read a configuration file and check all of it
 * @conf: filled in; to be freed whatever is returned
 * @file: name, or "-" for the standard input; it is not copied
 * @force: mappings may overlap
 */
int conf_load_file(struct conf *conf, const char *file, bool force)
{
	struct text text;
	struct words w;
	int ret;

	memset(conf, 0, sizeof(*conf));
	ret = text_read(&text, file);
	conf->files[0] = text.at.file;
	conf->n_files = 1;
	while (!ret) {
		ret = text_words(&text, &w);
		if (ret || !w.n)
			break;
		ret = read_line(conf, &w);
	}
	text_free(&text);
	choose_primary(conf);
	return ret ? ret : conf_check(conf, force);
}

/**
 * conf_free() - free what a configuration holds
 * @conf: configuration
 */
void conf_free(struct conf *conf)
{
	free(conf->eams);
	conf->eams = NULL;
}

static int eam_error(const struct conf *conf, const struct eam *eam,
		     unsigned int column, const char *text)
{
	struct place at = {
		.file = conf->files[eam->file],
		.line = eam->line,
	};

	place_error(&at, column, "%s", text);
	return BAD_USAGE;
}

static bool has_translation(const struct conf *conf, const struct prefix6 *p)
{
	unsigned int i;

	for (i = 0; i < conf->n_translations; i++)
		if (addr_same6(&conf->translations[i].prefix, p))
			return true;
	return false;
}

/* The translation prefix that a mapping's IPv6 prefix overlaps, or NULL. */
static const struct translation *overlapped(const struct conf *conf,
					    const struct eam *eam)
{
	unsigned int i;

	for (i = 0; i < conf->n_translations; i++)
		if (addr_overlap6(&conf->translations[i].prefix, &eam->p6))
			return &conf->translations[i];
	return NULL;
}

static const char *relation(unsigned int len, unsigned int other)
{
	return len >= other ? "lies inside" : "contains";
}

/* What a mapping has to do with the translation prefixes. */
static int check_translations(const struct conf *conf, const struct eam *eam,
			      bool force)
{
	const struct translation *t = overlapped(conf, eam);
	char text[256];

	if (eam->own.len && !has_translation(conf, &eam->own)) {
		snprintf(text, sizeof(text), "no line adds the prefix %s",
			 addr_text6(&eam->own));
		return eam_error(conf, eam, eam->column_own, text);
	}
	if (!t || force || eam->force)
		return DONE;
	snprintf(text, sizeof(text),
		 "%s %s the translation prefix %s of line %u; -f permits it",
		 addr_text6(&eam->p6), relation(eam->p6.len, t->prefix.len),
		 addr_text6(&t->prefix), t->line);
	return eam_error(conf, eam, eam->column6, text);
}

/* The clash that is reported: the first line that should not be there. */
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
		snprintf(text, size, "%s %s %s of %s %u%s%s; -f permits it",
			 mine, is4 ? relation(a->p4.len, b->p4.len) :
			 relation(a->p6.len, b->p6.len), other, unit, b->line,
			 of, file);
	else
		snprintf(text, size, "%s is already mapped to %s in %s %u%s%s",
			 mine, is4 ? addr_text6(&b->p6) : addr_text4(&b->p4),
			 unit, b->line, of, file);
	return is4 ? a->column4 : a->column6;
}

/**
 * conf_check() - find what the kernel would refuse
 * @conf: configuration
 * @force: mappings may overlap
 */
int conf_check(const struct conf *conf, bool force)
{
	struct clash clash = { .later = conf->n_eams };
	bool clashes = conf_first_clash(conf, force, &clash);
	unsigned int column;
	char text[512];
	size_t i;
	int ret;

	/* The first line that is wrong is the one to be told of. */
	for (i = 0; i < conf->n_eams && i <= clash.later; i++) {
		ret = check_translations(conf, &conf->eams[i], force);
		if (ret)
			return ret;
	}
	if (!clashes)
		return DONE;
	column = clash_text(conf, &clash, text, sizeof(text));
	return eam_error(conf, &conf->eams[clash.later], column, text);
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
		if (overlapped(conf, &conf->eams[i]))
			conf->eams[i].force = true;
	clash_find(conf, set_force, conf);
}

/**
 * conf_compare_translations() - order of translation prefixes, for qsort()
 * @a: struct translation
 * @b: struct translation
 */
int conf_compare_translations(const void *a, const void *b)
{
	const struct prefix6 *x = &((const struct translation *)a)->prefix;
	const struct prefix6 *y = &((const struct translation *)b)->prefix;
	int order = memcmp(&x->addr, &y->addr, sizeof(x->addr));

	return order ? order : x->len - y->len;
}

/**
 * conf_compare_eams() - order of mappings by IPv4 prefix, for qsort()
 * @a: struct eam
 * @b: struct eam
 */
int conf_compare_eams(const void *a, const void *b)
{
	const struct prefix4 *x = &((const struct eam *)a)->p4;
	const struct prefix4 *y = &((const struct eam *)b)->p4;
	__u32 addr_x = ntohl(x->addr.s_addr);
	__u32 addr_y = ntohl(y->addr.s_addr);

	if (addr_x != addr_y)
		return addr_x < addr_y ? -1 : 1;
	return x->len - y->len;
}

/**
 * conf_sort() - put a configuration in the order in which it is shown
 * @conf: configuration
 */
void conf_sort(struct conf *conf)
{
	qsort(conf->translations, conf->n_translations,
	      sizeof(*conf->translations), conf_compare_translations);
	if (conf->n_eams)
		qsort(conf->eams, conf->n_eams, sizeof(*conf->eams),
		      conf_compare_eams);
}

/**
 * conf_print_eam() - write a mapping as a configuration has it
 * @eam: mapping
 * @to: where to
 */
void conf_print_eam(const struct eam *eam, FILE *to)
{
	fprintf(to, "add %s %s", addr_short4(&eam->p4), addr_short6(&eam->p6));
	if (eam->own.len)
		fprintf(to, " prefix %s", addr_text6(&eam->own));
	if (eam->force)
		fputs(" force", to);
	fputc('\n', to);
}

/**
 * conf_print() - write a configuration as load reads it
 * @conf: configuration
 * @to: where to
 *
 * Settings that are those of an empty configuration are left out, so that two
 * equal configurations have one text.
 */
void conf_print(const struct conf *conf, FILE *to)
{
	const struct translation *t;
	size_t i;

	for (i = 0; i < N_SETTINGS; i++)
		if (conf->settings[i].given &&
		    !settings_is_initial(i, &conf->settings[i]))
			fprintf(to, "set %s %s\n", settings_table[i].name,
				settings_text(i, &conf->settings[i]));
	for (i = 0; i < conf->n_translations; i++) {
		t = &conf->translations[i];
		fprintf(to, "prefix add %s%s\n", addr_text6(&t->prefix),
			t->primary ? " primary" : "");
	}
	for (i = 0; i < conf->n_eams; i++)
		conf_print_eam(&conf->eams[i], to);
}
