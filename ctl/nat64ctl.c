// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "nl.h"
#include "../kmod/version.h"

#define NETNS_DIR	"/var/run/netns/"

static int cmd_help(struct ctl *ctl, struct words *w);

static const struct command {
	const char *name;
	int (*run)(struct ctl *ctl, struct words *w);
	const char *words;
	const char *help;
} commands[] = {
	{ "prefix", cmd_prefix, "add PREFIX/LEN [primary] | del PREFIX/LEN | list",
	  "add, delete or list translation prefixes" },
	{ "add", cmd_add, "IPV4[/LEN] IPV6[/LEN] [prefix PREFIX/LEN] [force]",
	  "add a mapping" },
	{ "replace", cmd_replace,
	  "IPV4[/LEN] IPV6[/LEN] [prefix PREFIX/LEN] [force]",
	  "add a mapping or change one" },
	{ "del", cmd_del, "IPV4[/LEN] | IPV6[/LEN]", "delete a mapping" },
	{ "list", cmd_list, "[IPV4[/LEN] | IPV6[/LEN]]", "list mappings" },
	{ "lookup", cmd_lookup, "IPV4 | IPV6", "say what an address becomes" },
	{ "flush", cmd_flush, "", "delete all mappings" },
	{ "load", cmd_load, "FILE|-", "replace the configuration in one step" },
	{ "check", cmd_check, "FILE|-", "find errors in a configuration" },
	{ "diff", cmd_diff, "FILE|-", "say what load would change" },
	{ "save", cmd_save, "", "print the configuration" },
	{ "import", cmd_import, "map646|jool FILE",
	  "print a configuration made from another translator's" },
	{ "set", cmd_set, "KEY VALUE", "change a setting" },
	{ "get", cmd_get, "[KEY]", "print settings" },
	{ "status", cmd_status, "", "print the state" },
	{ "stats", cmd_stats, "[reset | openmetrics]", "print all counters" },
	{ "explain", cmd_explain, "FAMILY SRC DST [PROTO [SPORT DPORT]]",
	  "say what would become of a packet, and why" },
	{ "doctor", cmd_doctor, "",
	  "look for what commonly stops translation" },
	{ "top", cmd_top, "[SECONDS [COUNT]]",
	  "watch the mappings that are used most" },
	{ "monitor", cmd_monitor, "", "print changes as they happen" },
	{ "help", cmd_help, "", "print this" },
};

/* Two columns; what is too long for the first has the second below it. */
static void usage_line(FILE *to, const char *left, const char *right)
{
	if (strlen(left) > 38)
		fprintf(to, "  %s\n  %-38s %s\n", left, "", right);
	else
		fprintf(to, "  %-38s %s\n", left, right);
}

static void usage(FILE *to)
{
	char line[100];
	size_t i;

	fputs("Usage: nat64ctl [-j|--json] [-p|--pretty] [-n|--netns NAME] [-f|--force]\n"
	      "                [-V|--version] [-h|--help] COMMAND | -b|--batch FILE|-\n"
	      "\n", to);
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		snprintf(line, sizeof(line), "%s %s", commands[i].name,
			 commands[i].words);
		usage_line(to, line, commands[i].help);
	}
	fputs("\nKEY and VALUE, with the default in brackets:\n", to);
	for (i = 0; i < N_SETTINGS; i++) {
		snprintf(line, sizeof(line), "%s [%s]", settings_table[i].name,
			 settings_table[i].initial);
		usage_line(to, line, settings_values(i));
	}
}

/* help */
static int cmd_help(struct ctl *ctl, struct words *w)
{
	int ret;

	(void)ctl;
	ret = words_end(w);
	if (!ret)
		usage(stdout);
	return ret;
}

/**
 * ctl_try() - open the connection to the module, without a word if it fails
 * @ctl: this run; its connection has the text of the error
 */
int ctl_try(struct ctl *ctl)
{
	if (ctl->nl)
		return DONE;
	ctl->nl = nl_alloc();
	return nl_open(ctl->nl);
}

/**
 * ctl_connect() - open the connection to the module, unless it is open
 * @ctl: this run
 */
int ctl_connect(struct ctl *ctl)
{
	int ret;

	ret = ctl_result(ctl, ctl_try(ctl));
	if (ret) {
		nl_close(ctl->nl);
		ctl->nl = NULL;
	}
	return ret;
}

/**
 * ctl_result() - print the text of an error of the module's
 * @ctl: this run
 * @status: what a function of nl.h returned
 *
 * Return: @status
 */
int ctl_result(const struct ctl *ctl, int status)
{
	if (status)
		place_error(&ctl->at, 0, "%s", nl_error(ctl->nl));
	return status;
}

static int run(struct ctl *ctl, struct words *w)
{
	unsigned int key;
	int ret;

	ret = words_key(w, &commands[0].name, sizeof(commands[0]), ARRAY_SIZE(commands),
			"a command (nat64ctl help lists them)", &key);
	return ret ? ret : commands[key].run(ctl, w);
}

/* Commands of a file, one a line. Returns the first status that is not DONE. */
static int batch(struct ctl *ctl, const char *file)
{
	int first = DONE;
	struct text text;
	struct words w;
	int ret;

	ret = text_read(&text, file);
	while (!ret) {
		ret = text_words(&text, &w);
		if (!ret && !w.n)
			break;
		ctl->at = text.at;
		if (!ret)
			ret = run(ctl, &w);
		if (!first)
			first = ret;
		if (ctl->force)
			ret = DONE;
	}
	text_free(&text);
	return first ? first : ret;
}

static int enter_netns(const char *name)
{
	struct place at = {};
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s%s", strchr(name, '/') ? "" : NETNS_DIR,
		 name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		place_error(&at, 0, "cannot open network namespace %s: %s",
			    quoted(name), strerror(errno));
		return BAD_USAGE;
	}
	if (setns(fd, CLONE_NEWNET)) {
		place_error(&at, 0, "cannot enter network namespace %s: %s",
			    quoted(name), strerror(errno));
		close(fd);
		return REFUSED;
	}
	close(fd);
	return DONE;
}

/**
 * struct options - what stands before the command
 * @netns: -n
 * @batch: -b
 */
struct options {
	const char	*netns;
	const char	*batch;
};

/* Returns DONE, or BAD_USAGE; ends the program for -V and -h. */
static int read_options(int argc, char **argv, struct ctl *ctl,
			struct options *opts)
{
	static const struct option longs[] = {
		{ "json",	no_argument,		NULL, 'j' },
		{ "pretty",	no_argument,		NULL, 'p' },
		{ "netns",	required_argument,	NULL, 'n' },
		{ "batch",	required_argument,	NULL, 'b' },
		{ "force",	no_argument,		NULL, 'f' },
		{ "version",	no_argument,		NULL, 'V' },
		{ "help",	no_argument,		NULL, 'h' },
		{}
	};
	int c;

	while ((c = getopt_long(argc, argv, "jpn:b:fVh", longs, NULL)) != -1) {
		switch (c) {
		case 'j':
			ctl->out.json = true;
			break;
		case 'p':
			ctl->out.pretty = true;
			break;
		case 'n':
			opts->netns = optarg;
			break;
		case 'b':
			opts->batch = optarg;
			break;
		case 'f':
			ctl->force = true;
			break;
		case 'V':
			puts("nat64ctl " NAT64_VERSION);
			exit(DONE);
		case 'h':
			usage(stdout);
			exit(DONE);
		default:
			return BAD_USAGE;
		}
	}
	return DONE;
}

static int run_args(struct ctl *ctl, char **args, int n)
{
	struct words w;
	int ret;

	if (!n) {
		usage(stderr);
		return BAD_USAGE;
	}
	ret = words_from_args(&w, args, n);
	return ret ? ret : run(ctl, &w);
}

/* A configuration that could not be written whole must not pass for one. */
static int close_stdout(void)
{
	struct place at = {};

	if (!ferror(stdout) && !fclose(stdout))
		return DONE;
	place_error(&at, 0, "cannot write: %s", strerror(errno));
	return BAD_USAGE;
}

int main(int argc, char **argv)
{
	struct options opts = {};
	struct ctl ctl = {};
	int ret;

	ret = read_options(argc, argv, &ctl, &opts);
	if (!ret && opts.netns)
		ret = enter_netns(opts.netns);
	if (!ret && opts.batch && optind < argc) {
		place_error(&ctl.at, 0, "%s and -b exclude each other",
			    quoted(argv[optind]));
		ret = BAD_USAGE;
	}
	if (!ret && opts.batch)
		ret = batch(&ctl, opts.batch);
	else if (!ret)
		ret = run_args(&ctl, argv + optind, argc - optind);
	nl_close(ctl.nl);
	return close_stdout() && !ret ? BAD_USAGE : ret;
}
