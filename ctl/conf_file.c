// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "input.h"

/**
 * conf_read_pref64() - read PREFIX/LEN [primary]
 * @args: arguments
 * @t: filled in
 */
int conf_read_pref64(struct args *args, struct pref64 *t)
{
	static const char *const names[] = { "primary" };
	unsigned int key;
	int ret;

	memset(t, 0, sizeof(*t));
	t->line = args->at.line;
	ret = addr_read_pref64(args, &t->prefix);
	if (ret || !args_more(args))
		return ret;
	ret = args_keyword(args, names, sizeof(*names), 1, "primary", &key);
	t->primary = true;
	return ret ? ret : args_end(args);
}

/* RFC 7757 section 3.2. */
static int check_suffixes(const struct args *args, const struct eam *eam)
{
	unsigned int bits4 = 32 - eam->p4.len;
	unsigned int bits6 = 128 - eam->p6.len;

	if (bits4 <= bits6)
		return EXIT_OK;
	return args_invalid(args, "%s leaves %u bits, for which %s has only %u (RFC 7757 section 3.2)",
			    addr_text4(&eam->p4), bits4, addr_text6(&eam->p6),
			    bits6);
}

static int read_eam_options(struct args *args, struct eam *eam)
{
	static const char *const names[] = { "prefix", "edge", "force" };
	bool *const flags[] = { NULL, &eam->edge, &eam->force };
	unsigned int key;
	int ret;

	while (args_more(args)) {
		ret = args_keyword(args, names, sizeof(*names), 3,
				   "prefix, edge or force", &key);
		if (ret)
			return ret;
		if (flags[key] ? *flags[key] : eam->own.len)
			return args_invalid(args, "%s is given twice", names[key]);
		if (flags[key]) {
			*flags[key] = true;
			continue;
		}
		eam->column_own = args->column[args->next];
		ret = addr_read_pref64(args, &eam->own);
		if (ret)
			return ret;
	}
	return EXIT_OK;
}

/**
 * conf_read_pair() - read IPV4[/LEN] IPV6[/LEN]
 * @args: arguments
 * @eam: filled in
 */
int conf_read_pair(struct args *args, struct eam *eam)
{
	int ret;

	memset(eam, 0, sizeof(*eam));
	eam->line = args->at.line;
	eam->column4 = args->column[args->next];
	ret = addr_read4(args, "an IPv4 address", &eam->p4);
	if (ret)
		return ret;
	if (!addr_unicast4(&eam->p4))
		return args_invalid(args, "%s cannot be mapped: it is not for unicast beyond a host",
				    addr_text4(&eam->p4));
	eam->column6 = args->column[args->next];
	ret = addr_read6(args, "an IPv6 address", &eam->p6);
	if (ret)
		return ret;
	if (!addr_unicast6(&eam->p6))
		return args_invalid(args, "%s cannot be mapped: it is not for unicast beyond a link",
				    addr_text6(&eam->p6));
	return check_suffixes(args, eam);
}

/* No IPv6 address begins so. */
static bool is_block_next(const struct args *args)
{
	return args->next + 1 < args->n && *args->word[args->next + 1] == 't';
}

/* IPV4[/LEN] translatable */
static int read_block(struct args *args, struct eam *eam)
{
	static const char *const names[] = { "translatable" };
	unsigned int key;
	int ret;

	memset(eam, 0, sizeof(*eam));
	eam->is_block = true;
	eam->line = args->at.line;
	eam->column4 = args->column[args->next];
	ret = addr_read4(args, "an IPv4 address", &eam->p4);
	if (!ret && !addr_unicast4(&eam->p4))
		ret = args_invalid(args, "%s cannot be mapped: it is not for unicast beyond a host",
				   addr_text4(&eam->p4));
	return ret ? ret : args_keyword(args, names, sizeof(*names), 1,
					"translatable", &key);
}

/**
 * conf_read_eam() - read a mapping
 * @args: arguments
 * @eam: filled in
 *
 * IPV4[/LEN] IPV6[/LEN]|translatable [prefix PREFIX/LEN] [edge] [force]
 */
int conf_read_eam(struct args *args, struct eam *eam)
{
	int ret;

	ret = is_block_next(args) ? read_block(args, eam) :
				    conf_read_pair(args, eam);
	return ret ? ret : read_eam_options(args, eam);
}

/**
 * conf_add_pref64() - add a translation prefix to a configuration
 * @conf: configuration
 * @args: where it was read, for errors
 * @t: translation prefix
 */
int conf_add_pref64(struct conf *conf, const struct args *args,
		    const struct pref64 *t)
{
	const struct pref64 *old;
	unsigned int i;

	for (i = 0; i < conf->n_pref64s; i++) {
		old = &conf->pref64s[i];
		if (addr_same6(&old->prefix, &t->prefix))
			return args_invalid(args, "prefix %s stands in line %u already",
					    addr_text6(&t->prefix), old->line);
		if (old->primary && t->primary)
			return args_invalid(args, "prefix %s of line %u is primary already",
					    addr_text6(&old->prefix), old->line);
	}
	if (i == NAT64_MAX_PREFIXES)
		return args_invalid(args, "more than %u prefixes", NAT64_MAX_PREFIXES);
	conf->pref64s[conf->n_pref64s++] = *t;
	return EXIT_OK;
}

static int line_prefix(struct conf *conf, struct args *args)
{
	static const char *const names[] = { "add" };
	struct pref64 t;
	unsigned int key;
	int ret;

	ret = args_keyword(args, names, sizeof(*names), 1, "add", &key);
	if (!ret)
		ret = conf_read_pref64(args, &t);
	return ret ? ret : conf_add_pref64(conf, args, &t);
}

static int line_add(struct conf *conf, struct args *args)
{
	struct eam eam;
	int ret;

	ret = conf_read_eam(args, &eam);
	if (!ret)
		conf_add_eam(conf, &eam);
	return ret;
}

/* By the kernel's rules for names of devices. */
static bool is_device_name(const char *word)
{
	return *word && strlen(word) < IF_NAMESIZE && strcmp(word, ".") &&
	       strcmp(word, "..") && !strpbrk(word, "/: \t\n\v\f\r");
}

/**
 * conf_read_device() - read DEV
 * @args: arguments
 * @xdp: filled in
 */
int conf_read_device(struct args *args, struct xdp_line *xdp)
{
	const char *word;
	int ret;

	memset(xdp, 0, sizeof(*xdp));
	xdp->line = args->at.line;
	xdp->column = args->column[args->next];
	ret = args_next(args, &word, "a device");
	if (ret)
		return ret;
	if (!is_device_name(word))
		return args_invalid(args, "%s cannot be the name of a device",
				    quoted(word));
	strcpy(xdp->device, word);
	return EXIT_OK;
}

/**
 * conf_read_xdp() - read DEV [generic]
 * @args: arguments
 * @xdp: filled in
 */
int conf_read_xdp(struct args *args, struct xdp_line *xdp)
{
	static const char *const names[] = { "generic" };
	unsigned int key;
	int ret;

	ret = conf_read_device(args, xdp);
	if (ret || !args_more(args))
		return ret;
	xdp->generic = true;
	return args_keyword(args, names, sizeof(*names), 1, "generic", &key);
}

static int line_xdp(struct conf *conf, struct args *args)
{
	static const char *const names[] = { "add" };
	const struct xdp_line *old;
	struct xdp_line xdp;
	unsigned int key;
	int ret;

	ret = args_keyword(args, names, sizeof(*names), 1, "add", &key);
	if (!ret)
		ret = conf_read_xdp(args, &xdp);
	if (!ret)
		ret = args_end(args);
	if (ret)
		return ret;
	old = conf_find_xdp(conf, xdp.device);
	if (old) {
		error_at(&args->at, xdp.column, "%s stands in line %u already",
			 xdp.device, old->line);
		return EXIT_USAGE;
	}
	conf_add_xdp(conf, &xdp);
	return EXIT_OK;
}

static int line_set(struct conf *conf, struct args *args)
{
	struct setting_value value;
	unsigned int key;
	int ret;

	ret = settings_read(args, &key, &value);
	if (!ret)
		ret = args_end(args);
	if (ret)
		return ret;
	if (conf->settings[key].given)
		return args_invalid(args, "%s is set in line %u already",
				    settings_table[key].name,
				    conf->settings[key].line);
	conf->settings[key] = value;
	return EXIT_OK;
}

static int read_line(struct conf *conf, struct args *args)
{
	static const struct {
		const char *name;
		int (*read)(struct conf *conf, struct args *args);
	} lines[] = {
		{ "add", line_add },
		{ "prefix", line_prefix },
		{ "set", line_set },
		{ "xdp", line_xdp },
	};
	unsigned int key;
	int ret;

	ret = args_keyword(args, &lines[0].name, sizeof(lines[0]),
			   ARRAY_SIZE(lines),
			   "a keyword; a line begins with add, prefix, set or xdp", &key);
	return ret ? ret : lines[key].read(conf, args);
}

/* The first prefix is the primary one, unless a line says otherwise. */
static void choose_primary(struct conf *conf)
{
	unsigned int i;

	for (i = 0; i < conf->n_pref64s; i++)
		if (conf->pref64s[i].primary)
			return;
	conf->pref64s[0].primary = conf->n_pref64s;
}

static int start_file(struct conf *conf, struct input *input, const char *file)
{
	int ret;

	memset(conf, 0, sizeof(*conf));
	ret = input_read(input, file);
	conf->files[0] = input->at.file;
	conf->n_files = 1;
	return ret;
}

/**
 * conf_load_file() - read a configuration file and check all of it
 * @conf: filled in; to be freed whatever is returned
 * @file: name, or "-" for the standard input; it is not copied
 * @force: mappings may overlap
 */
int conf_load_file(struct conf *conf, const char *file, bool force)
{
	struct input input;
	struct args args;
	int ret;

	ret = start_file(conf, &input, file);
	while (!ret) {
		ret = input_line(&input, &args);
		if (ret || !args.n)
			break;
		ret = read_line(conf, &args);
	}
	input_free(&input);
	choose_primary(conf);
	if (!ret)
		ret = block_expand_all(conf);
	if (!ret)
		ret = conf_check(conf, force);
	if (!ret && force)
		conf_warn(conf);
	return ret;
}

/* Most errors that are printed for one file. */
#define ERRORS_MAX	20

/* Reads all lines, those behind an error as well. Returns the number of errors. */
static unsigned int read_lines(struct conf *conf, struct input *input)
{
	unsigned int errors = 0;
	struct args args;
	int ret;

	while (errors < ERRORS_MAX) {
		ret = input_line(input, &args);
		if (!ret && !args.n)
			break;
		if (!ret)
			ret = read_line(conf, &args);
		errors += !!ret;
	}
	return errors;
}

/**
 * conf_check_file() - read a configuration file, and print all of its errors
 * @conf: filled in with what is right; to be freed whatever is returned
 * @file: name, or "-" for the standard input; it is not copied
 * @force: mappings may overlap
 *
 * A mapping that names a prefix of a line that is wrong is no error of its own,
 * so lines are compared with each other only where all of them can be read.
 */
int conf_check_file(struct conf *conf, const char *file, bool force)
{
	unsigned int errors = 0;
	struct input input;
	int ret;

	ret = start_file(conf, &input, file);
	if (!ret)
		errors = read_lines(conf, &input);
	input.at.line = 0;
	choose_primary(conf);
	if (!ret && !errors)
		errors = !!block_expand_all(conf);
	if (!ret && !errors)
		errors = conf_check_all(conf, force, ERRORS_MAX);
	if (errors == ERRORS_MAX)
		error_at(&input.at, 0, "%u errors; there may be more", errors);
	input_free(&input);
	if (!ret && !errors && force)
		conf_warn(conf);
	return errors ? EXIT_USAGE : ret;
}
