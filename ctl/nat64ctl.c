// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "input.h"
#include "../kmod/version.h"

#define NETNS_DIR	"/var/run/netns/"

/* Commands of a file, one a line. Returns the first status that is not EXIT_OK. */
static int run_batch(struct ctl *ctl, const char *file)
{
	int first = EXIT_OK;
	struct input input;
	struct args args;
	int ret;

	ret = input_read(&input, file);
	while (!ret) {
		ret = input_line(&input, &args);
		if (!ret && !args.n)
			break;
		ctl->at = input.at;
		if (!ret)
			ret = command_run(ctl, &args);
		error_flush(ret);
		if (!first)
			first = ret;
		if (ctl->force)
			ret = EXIT_OK;
	}
	input_free(&input);
	return first ? first : ret;
}

static int enter_netns(const char *name)
{
	struct location at = {};
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s%s", strchr(name, '/') ? "" : NETNS_DIR,
		 name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		error_at(&at, 0, "cannot open network namespace %s: %s",
			 quoted(name), strerror(errno));
		return EXIT_USAGE;
	}
	if (setns(fd, CLONE_NEWNET)) {
		error_at(&at, 0, "cannot enter network namespace %s: %s",
			 quoted(name), strerror(errno));
		close(fd);
		return EXIT_REFUSED;
	}
	close(fd);
	return EXIT_OK;
}

/* JSON if -j came before. */
static void print_version(struct out *out)
{
	out_begin(out);
	out_string(out, "version", "nat64ctl %s\n", NAT64_VERSION);
	out_end(out);
}

/* Returns EXIT_OK, or EXIT_USAGE; ends the program for -V and -h. */
static int read_options(int argc, char **argv, struct ctl *ctl,
			const char **batch)
{
	static const struct option longs[] = {
		{ "json",	no_argument,		NULL, 'j' },
		{ "pretty",	no_argument,		NULL, 'p' },
		{ "netns",	required_argument,	NULL, 'n' },
		{ "batch",	required_argument,	NULL, 'b' },
		{ "force",	no_argument,		NULL, 'f' },
		{ "status",	no_argument,		NULL, 's' },
		{ "version",	no_argument,		NULL, 'V' },
		{ "help",	no_argument,		NULL, 'h' },
		{}
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":jpn:b:ftVh", longs, NULL)) != -1) {
		switch (c) {
		case 'j':
			ctl->out.json = true;
			error_as_json();
			break;
		case 'p':
			ctl->out.pretty = true;
			break;
		case 'n':
			ctl->netns = optarg;
			break;
		case 'b':
			*batch = optarg;
			break;
		case 'f':
			ctl->force = true;
			break;
		case 's':
			ctl->status = true;
			break;
		case 't':
			ctl->times = true;
			break;
		case 'V':
			print_version(&ctl->out);
			exit(EXIT_OK);
		case 'h':
			command_usage(stdout);
			exit(EXIT_OK);
		default:
			error_at(&ctl->at, 0, "%s %s; try nat64ctl -h",
				 c == ':' ? "a name is missing after" :
				 "unknown option", argv[optind - 1]);
			return EXIT_USAGE;
		}
	}
	return EXIT_OK;
}

static int run_args(struct ctl *ctl, char **argv, int argc)
{
	struct args args;
	int ret;

	if (!argc && ctl->out.json) {
		error_at(&ctl->at, 0, "a command is missing; try nat64ctl -h");
		return EXIT_USAGE;
	}
	if (!argc) {
		command_usage(stderr);
		return EXIT_USAGE;
	}
	ret = args_init(&args, argv, argc);
	return ret ? ret : command_run(ctl, &args);
}

/* A configuration that could not be written whole must not pass for one. */
static int close_stdout(void)
{
	struct location at = {};

	if (!ferror(stdout) && !fclose(stdout))
		return EXIT_OK;
	error_at(&at, 0, "cannot write: %s", strerror(errno));
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	const char *batch = NULL;
	struct ctl ctl = {};
	int ret;

	ret = read_options(argc, argv, &ctl, &batch);
	if (!ret && ctl.netns)
		ret = enter_netns(ctl.netns);
	if (!ret && batch && optind < argc) {
		error_at(&ctl.at, 0, "%s and -b exclude each other",
			 quoted(argv[optind]));
		ret = EXIT_USAGE;
	}
	if (!ret && batch)
		ret = run_batch(&ctl, batch);
	else if (!ret)
		ret = run_args(&ctl, argv + optind, argc - optind);
	ctl_disconnect(&ctl);
	if (close_stdout() && !ret)
		ret = EXIT_USAGE;
	error_flush(ret);
	return ret;
}
