// SPDX-License-Identifier: GPL-2.0-only
/*
 * Configuration files of TAYGA, 0.9.2 and later. The case of directives does
 * not matter, as there.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "import.h"
#include "input.h"

#define PATH_SIZE	4096

/**
 * struct import - a configuration of TAYGA
 * @conf: what was read
 * @file: which of the files of @conf is being read
 * @data_dir: "data-dir", or empty
 * @map_file: "map-file", or empty
 * @map_path: where that is
 * @is_clat: all of its mappings are of IPv4 hosts
 */
struct import {
	struct conf	*conf;
	unsigned int	file;
	char		data_dir[PATH_SIZE];
	char		map_file[PATH_SIZE];
	char		map_path[2 * PATH_SIZE];
	bool		is_clat;
};

/**
 * struct directive - how a line begins, and what is done with the rest
 * @name: first word
 * @read: reads the others
 * @reason: why it is left out, for read_unsupported()
 */
struct directive {
	const char	*name;
	int		(*read)(struct import *import, struct args *args,
				const struct directive *directive);
	const char	*reason;
};

static int read_prefix_line(struct import *import, struct args *args,
			    const struct directive *directive)
{
	struct pref64 t = { .line = args->at.line, .primary = true };
	int ret;

	(void)directive;
	ret = addr_read_pref64(args, &t.prefix);
	if (!ret)
		ret = args_end(args);
	return ret ? ret : conf_add_pref64(import->conf, args, &t);
}

static int read_map(struct import *import, struct args *args,
		    const struct directive *directive)
{
	struct eam eam;
	int ret;

	(void)directive;
	ret = conf_read_pair(args, &eam);
	if (!ret)
		ret = args_end(args);
	if (ret)
		return ret;
	eam.edge = import_is_clat(&eam);
	eam.file = import->file;
	conf_add_eam(import->conf, &eam);
	return EXIT_OK;
}

static int read_last_word(struct args *args, const char **word,
			  const char *what)
{
	int ret;

	ret = args_next(args, word, what);
	return ret ? ret : args_end(args);
}

static int read_path(struct args *args, char *path)
{
	const char *word;
	int ret;

	ret = read_last_word(args, &word, "a path");
	if (!ret && *path)
		return args_invalid(args, "there is another one already");
	if (!ret && strlen(word) >= PATH_SIZE)
		return args_invalid(args, "the path is too long");
	if (!ret)
		strcpy(path, word);
	return ret;
}

static int read_data_dir(struct import *import, struct args *args,
			 const struct directive *directive)
{
	(void)directive;
	return read_path(args, import->data_dir);
}

static int read_map_file(struct import *import, struct args *args,
			 const struct directive *directive)
{
	(void)directive;
	return read_path(args, import->map_file);
}

static int read_ipv4_addr(struct import *import, struct args *args,
			  const struct directive *directive)
{
	const char *word;
	int ret;

	(void)directive;
	ret = read_last_word(args, &word, "an IPv4 address");
	return ret ? ret : import_set(import->conf, args, "icmp-source4", word);
}

static int read_offlink_mtu(struct import *import, struct args *args,
			    const struct directive *directive)
{
	const char *word;
	int ret;

	(void)directive;
	ret = read_last_word(args, &word, "a number of bytes");
	return ret ? ret :
		     import_set(import->conf, args, "lowest-ipv6-mtu", word);
}

static bool is_one_of(const char *word, const char *const *names)
{
	for (; *names; names++)
		if (!strcasecmp(word, *names))
			return true;
	return false;
}

static int read_wkpf_strict(struct import *import, struct args *args,
			    const struct directive *directive)
{
	static const char *const yes[] = { "yes", "true", "on", "1", NULL };
	static const char *const no[] = { "no", "false", "off", "0", NULL };
	const char *word;
	int ret;

	(void)directive;
	ret = read_last_word(args, &word, "yes or no");
	if (ret)
		return ret;
	if (!is_one_of(word, yes) && !is_one_of(word, no))
		return args_invalid(args, "%s is not yes or no", quoted(word));
	return import_set(import->conf, args, "wkp-strict",
			  is_one_of(word, yes) ? "on" : "off");
}

static int read_udp_cksum_mode(struct import *import, struct args *args,
			       const struct directive *directive)
{
	const char *mode = "compute";
	const char *word;
	int ret;

	(void)directive;
	ret = read_last_word(args, &word, "drop, calc or fwd");
	if (ret)
		return ret;
	if (!strncasecmp(word, "dr", 2))
		mode = "drop";
	else if (!strncasecmp(word, "fwd", 3) || !strncasecmp(word, "forw", 4))
		args_invalid(args, "UDP without a checksum is not forwarded: checksums are computed");
	else if (strncasecmp(word, "calc", 4))
		return args_invalid(args, "%s is not drop, calc or fwd",
				    quoted(word));
	return import_set(import->conf, args, "udp-zero-checksum", mode);
}

/* What is about the process or its device only. */
static int read_nothing(struct import *import, struct args *args,
			const struct directive *directive)
{
	(void)import;
	(void)args;
	(void)directive;
	return EXIT_OK;
}

static int read_unsupported(struct import *import, struct args *args,
			    const struct directive *directive)
{
	(void)import;
	args_invalid(args, "%s is left out: %s", directive->name,
		     directive->reason);
	return EXIT_OK;
}

static int read_tun_route(struct import *import, struct args *args,
			  const struct directive *directive)
{
	/* Whatever hosts of the IPv4 side send to anywhere. */
	if (args_more(args) && !strcmp(args->word[args->next], "0.0.0.0/0"))
		import->is_clat = true;
	return read_unsupported(import, args, directive);
}

static const struct directive directives[] = {
	{ "prefix", read_prefix_line, NULL },
	{ "map", read_map, NULL },
	{ "map-file", read_map_file, NULL },
	{ "ipv4-addr", read_ipv4_addr, NULL },
	{ "wkpf-strict", read_wkpf_strict, NULL },
	{ "udp-cksum-mode", read_udp_cksum_mode, NULL },
	{ "offlink-mtu", read_offlink_mtu, NULL },
	{ "data-dir", read_data_dir, NULL },
	{ "tun-device", read_nothing, NULL },
	{ "tun-up", read_nothing, NULL },
	{ "workers", read_nothing, NULL },
	{ "tun-route", read_tun_route, "there is no TUN device" },
	{ "tun-ip", read_unsupported, "there is no TUN device" },
	{ "ipv6-addr", read_unsupported,
	  "ICMPv6 errors come from the gateway's own address" },
	{ "dynamic-pool", read_unsupported,
	  "addresses are not assigned; each host that had one of these needs a mapping (dynamic.map in the data-dir lists them)" },
	{ "strict-frag-hdr", read_unsupported, "nothing depends on it" },
	{ "log", read_unsupported,
	  "nat64ctl stats, nat64ctl explain and tracepoints say what is refused" },
};

/* clatd has lines of its own, which make one for TAYGA. */
static bool is_clatd(const char *word)
{
	return strchr(word, '=') || !strncasecmp(word, "clat-", 5) ||
	       !strncasecmp(word, "plat-", 5);
}

static int read_directive(struct import *import, struct args *args)
{
	const char *word;
	size_t i;
	int ret;

	ret = args_next(args, &word, "a directive");
	for (i = 0; !ret && i < ARRAY_SIZE(directives); i++)
		if (!strcasecmp(word, directives[i].name))
			return directives[i].read(import, args, &directives[i]);
	if (ret)
		return ret;
	if (is_clatd(word))
		return args_invalid(args, "this is a configuration of clatd: a CLAT is \"prefix add PLAT-PREFIX\" and \"add CLAT-V4-ADDR CLAT-V6-ADDR edge\" here");
	return args_invalid(args, "%s is not a directive of TAYGA",
			    quoted(word));
}

/* Only mappings. */
static int read_map_line(struct import *import, struct args *args)
{
	const char *word;
	int ret;

	ret = args_next(args, &word, "map");
	if (!ret && strcasecmp(word, "map"))
		ret = args_invalid(args, "%s is not map", quoted(word));
	return ret ? ret : read_map(import, args, NULL);
}

static int read_file(struct import *import, const char *file,
		     int (*read_line)(struct import *import,
				      struct args *args))
{
	struct input input;
	struct args args;
	int ret;

	ret = input_read(&input, file);
	import->file = import->conf->n_files++;
	import->conf->files[import->file] = input.at.file;
	while (!ret) {
		ret = input_line(&input, &args);
		if (ret || !args.n)
			break;
		ret = read_line(import, &args);
	}
	input_free(&input);
	return ret;
}

static int read_mappings(struct import *import)
{
	bool is_relative = *import->map_file != '/' && *import->data_dir;

	if (!*import->map_file)
		return EXIT_OK;
	snprintf(import->map_path, sizeof(import->map_path), "%s%s%s",
		 is_relative ? import->data_dir : "", is_relative ? "/" : "",
		 import->map_file);
	return read_file(import, import->map_path, read_map_line);
}

/**
 * import_tayga() - read a configuration file of TAYGA
 * @conf: filled in; to be freed whatever is returned
 * @file: its name, or "-" for the standard input
 */
int import_tayga(struct conf *conf, const char *file)
{
	struct location at = { .file = input_name(file) };
	struct import import = { .conf = conf };
	struct args args = { .at = at };
	size_t i;
	int ret;

	/* The default there. */
	ret = import_set(conf, &args, "udp-zero-checksum", "drop");
	if (!ret)
		ret = read_file(&import, file, read_directive);
	if (!ret)
		ret = read_mappings(&import);
	if (!ret)
		ret = conf_check(conf, true);
	for (i = 0; i < conf->n_eams; i++)
		conf->eams[i].edge |= import.is_clat;
	conf->n_files = 0;
	return ret;
}
