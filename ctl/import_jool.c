// SPDX-License-Identifier: GPL-2.0-only
/*
 * Atomic configuration files of Jool's SIIT. What is left out there has
 * Jool's default, which is not always that of nat64. The case of keys does not
 * matter, as in Jool.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "import.h"
#include "input.h"

/**
 * struct import - a file of Jool's
 * @conf: what was read
 * @file: its name
 * @override_tos: "override-tos", which decides whether @tos counts
 * @tos: "tos"
 */
struct import {
	struct conf	*conf;
	const char	*file;
	bool		override_tos;
	long long	tos;
};

/* JSON values have no line: errors name the key instead. */
static int report_key(const struct import *import, const char *key,
		      const char *what)
{
	struct location at = { .file = import->file };

	error_at(&at, 0, "%s: %s", key, what);
	return EXIT_USAGE;
}

/* Makes words of a text, so that it is read, and refused, like any other. */
static void make_words(struct args *args, char *where, size_t size,
		       const struct import *import, const char *key)
{
	memset(args, 0, sizeof(*args));
	snprintf(where, size, "%s: %s", import->file, key);
	args->at.file = where;
}

static void push_word(struct args *args, const char *word)
{
	args->word[args->n++] = word;
}

static int set_value(struct import *import, const char *key,
		     const char *setting, const char *value)
{
	char where[4200];
	struct args args;

	make_words(&args, where, sizeof(where), import, key);
	return import_set(import->conf, &args, setting, value);
}

static int set_bool(struct import *import, const char *key, const json_t *value,
		    const char *setting, const char *yes, const char *no)
{
	if (!json_is_boolean(value))
		return report_key(import, key, "must be true or false");
	return set_value(import, key, setting, json_is_true(value) ? yes : no);
}

static int read_pool6(struct import *import, const char *key,
		      const json_t *value)
{
	struct pref64 t = { .primary = true };
	char where[4200];
	struct args args;
	int ret;

	if (json_is_null(value))
		return EXIT_OK;
	if (!json_is_string(value))
		return report_key(import, key, "must be a prefix or null");
	make_words(&args, where, sizeof(where), import, key);
	push_word(&args, json_string_value(value));
	ret = addr_read_pref64(&args, &t.prefix);
	return ret ? ret : conf_add_pref64(import->conf, &args, &t);
}

static int read_enabled(struct import *import, const char *key,
			const json_t *value)
{
	if (!json_is_boolean(value))
		return report_key(import, key, "must be true or false");
	if (json_is_true(value))
		return EXIT_OK;
	return report_key(import, key, "this translator is off, but nat64 translates whatever is configured: delete this line if that is wanted");
}

static int read_mtu(struct import *import, const char *key, const json_t *value)
{
	char text[32];

	if (!json_is_integer(value))
		return report_key(import, key, "must be a number");
	snprintf(text, sizeof(text), "%lld",
		 (long long)json_integer_value(value));
	return set_value(import, key, "lowest-ipv6-mtu", text);
}

static int read_traffic_class(struct import *import, const char *key,
			      const json_t *value)
{
	return set_bool(import, key, value, "traffic-class", "0", "copy");
}

static int read_override_tos(struct import *import, const char *key,
			     const json_t *value)
{
	if (!json_is_boolean(value))
		return report_key(import, key, "must be true or false");
	import->override_tos = json_is_true(value);
	return EXIT_OK;
}

static int read_tos(struct import *import, const char *key, const json_t *value)
{
	if (!json_is_integer(value))
		return report_key(import, key, "must be a number");
	import->tos = json_integer_value(value);
	return EXIT_OK;
}

static int read_zero_checksum(struct import *import, const char *key,
			      const json_t *value)
{
	return set_bool(import, key, value, "udp-zero-checksum", "compute",
			"drop");
}

static int read_hairpin(struct import *import, const char *key,
			const json_t *value)
{
	const char *mode = json_string_value(value);

	if (!mode)
		return report_key(import, key, "must be none, simple or intrinsic");
	return set_value(import, key, "hairpin", strcasecmp(mode, "none") ? "on" : "off");
}

static int read_pool(struct import *import, const char *key,
		     const json_t *value, const char *setting)
{
	if (json_is_null(value))
		return EXIT_OK;
	if (!json_is_string(value))
		return report_key(import, key, "must be a prefix or null");
	return set_value(import, key, setting, json_string_value(value));
}

static int read_source4(struct import *import, const char *key,
			const json_t *value)
{
	return read_pool(import, key, value, "icmp-source4");
}

static int read_source6(struct import *import, const char *key,
			const json_t *value)
{
	return read_pool(import, key, value, "icmp-source6");
}

static int read_global(struct import *import, const char *key, json_t *global)
{
	static const struct {
		const char *name;
		int (*read)(struct import *import, const char *key,
			    const json_t *value);
	} keys[] = {
		{ "pool6", read_pool6 },
		{ "manually-enabled", read_enabled },
		{ "lowest-ipv6-mtu", read_mtu },
		{ "zeroize-traffic-class", read_traffic_class },
		{ "override-tos", read_override_tos },
		{ "tos", read_tos },
		{ "amend-udp-checksum-zero", read_zero_checksum },
		{ "eam-hairpin-mode", read_hairpin },
		{ "rfc6791v4-prefix", read_source4 },
		{ "rfc6791v6-prefix", read_source6 },
	};
	const char *name;
	json_t *value;
	size_t i;
	int ret;

	if (!json_is_object(global))
		return report_key(import, key, "must be an object");
	json_object_foreach(global, name, value) {
		for (i = 0; i < ARRAY_SIZE(keys) && strcasecmp(name, keys[i].name); i++)
			;
		ret = EXIT_OK;
		if (i < ARRAY_SIZE(keys))
			ret = keys[i].read(import, name, value);
		else if (strcasecmp(name, "comment"))
			report_key(import, name, "has no counterpart: left out");
		if (ret)
			return ret;
	}
	return EXIT_OK;
}

/* The text of a member whose name may have any case, or NULL. */
static const char *text_of(json_t *object, const char *key)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
		if (!strcasecmp(name, key))
			return json_string_value(value);
	return NULL;
}

static int read_entry(struct import *import, size_t index, json_t *entry)
{
	const char *p4 = text_of(entry, "ipv4 prefix");
	const char *p6 = text_of(entry, "ipv6 prefix");
	char key[40], where[4200];
	struct args args;
	struct eam eam;
	int ret;

	snprintf(key, sizeof(key), "eamt entry %zu", index + 1);
	if (!p4 || !p6)
		return report_key(import, key,
				  "must have an \"ipv4 prefix\" and an \"ipv6 prefix\"");
	make_words(&args, where, sizeof(where), import, key);
	push_word(&args, p4);
	push_word(&args, p6);
	ret = conf_read_pair(&args, &eam);
	if (ret)
		return ret;
	eam.edge = import_is_clat(&eam);
	/* JSON values have no line: use the number of the entry. */
	eam.line = index + 1;
	conf_add_eam(import->conf, &eam);
	return EXIT_OK;
}

static int read_eamt(struct import *import, const char *key, json_t *eamt)
{
	json_t *entry;
	size_t i;
	int ret;

	if (!json_is_array(eamt))
		return report_key(import, key, "must be an array");
	json_array_foreach(eamt, i, entry) {
		ret = read_entry(import, i, entry);
		if (ret)
			return ret;
	}
	return EXIT_OK;
}

static int read_denylist(struct import *import, const char *key, json_t *list)
{
	const char *prefix;
	char text[256];
	json_t *entry;
	size_t i;

	if (!json_is_array(list))
		return report_key(import, key, "must be an array");
	json_array_foreach(list, i, entry) {
		prefix = json_string_value(entry);
		snprintf(text, sizeof(text),
			 "%s is left out; if it lies in a mapping, a more specific route to it on the gateway does the same (RFC 7915 section 4.6)",
			 quoted(prefix ? prefix : "?"));
		report_key(import, key, text);
	}
	return EXIT_OK;
}

/* An instance for iptables gets only those packets that rules send to it. */
static int read_framework(struct import *import, const char *key,
			  json_t *value)
{
	const char *name = json_string_value(value);

	if (name && !strcasecmp(name, "iptables"))
		report_key(import, key, "iptables is left out: nat64 takes every packet of its mappings and prefixes, unless the setting mark chooses");
	return EXIT_OK;
}

static int read_nothing(struct import *import, const char *key, json_t *value)
{
	(void)import;
	(void)key;
	(void)value;
	return EXIT_OK;
}

static int read_stateful(struct import *import, const char *key, json_t *value)
{
	(void)value;
	return report_key(import, key, "belongs to a stateful NAT64, which nat64 is not");
}

static int read_top(struct import *import, json_t *top)
{
	static const struct {
		const char *name;
		int (*read)(struct import *import, const char *key,
			    json_t *value);
	} keys[] = {
		{ "comment", read_nothing },
		{ "instance", read_nothing },
		{ "framework", read_framework },
		{ "global", read_global },
		{ "eamt", read_eamt },
		{ "denylist4", read_denylist },
		{ "blacklist4", read_denylist },
		{ "pool4", read_stateful },
		{ "bib", read_stateful },
	};
	const char *name;
	json_t *value;
	size_t i;
	int ret;

	json_object_foreach(top, name, value) {
		for (i = 0; i < ARRAY_SIZE(keys) && strcasecmp(name, keys[i].name); i++)
			;
		if (i == ARRAY_SIZE(keys))
			return report_key(import, name, "is not a key of Jool's");
		ret = keys[i].read(import, name, value);
		if (ret)
			return ret;
	}
	return EXIT_OK;
}

static int set_tos(struct import *import)
{
	char text[32];

	if (!import->override_tos)
		return EXIT_OK;
	snprintf(text, sizeof(text), "%lld", import->tos);
	return set_value(import, "tos", "tos", text);
}

static json_t *parse_json(const char *file)
{
	struct location at = { .file = file };
	json_error_t error;
	struct input input;
	json_t *top = NULL;

	if (!input_read(&input, file)) {
		top = json_loadb(input.data, input.len, 0, &error);
		at = input.at;
		at.line = error.line;
		if (!top)
			error_at(&at, error.column, "%s", error.text);
	}
	input_free(&input);
	if (top && !json_is_object(top)) {
		at.line = 0;
		error_at(&at, 0, "this is not a configuration of Jool's");
		json_decref(top);
		top = NULL;
	}
	return top;
}

static int check_duplicates(const struct import *import)
{
	struct clash clash;
	char key[40], text[512];

	if (!conf_first_clash(import->conf, true, &clash))
		return EXIT_OK;
	clash_text(import->conf, &clash, text, sizeof(text));
	snprintf(key, sizeof(key), "eamt entry %zu", clash.later + 1);
	return report_key(import, key, text);
}

/**
 * import_jool() - read an atomic configuration file of Jool's SIIT
 * @conf: filled in; to be freed whatever is returned
 * @file: its name, or "-" for the standard input
 */
int import_jool(struct conf *conf, const char *file)
{
	struct import import = { .conf = conf, .file = input_name(file) };
	json_t *top = parse_json(file);
	int ret;

	if (!top)
		return EXIT_USAGE;
	conf->unit = "entry";
	ret = set_value(&import, "amend-udp-checksum-zero", "udp-zero-checksum",
			"drop");
	if (!ret)
		ret = read_top(&import, top);
	if (!ret)
		ret = set_tos(&import);
	json_decref(top);
	return ret ? ret : check_duplicates(&import);
}
