// SPDX-License-Identifier: GPL-2.0-only
#include "command.h"

#include <string.h>

static int cmd_help(struct ctl *ctl, struct request *req);
static int read_help(struct ctl *ctl, struct args *args, struct request *req);

/**
 * enum command_flags - what command_run() does for a command
 * @NEEDS_MODULE: connect to the module
 * @IN_FULL: refuse an abbreviation of its name, as it destroys
 */
enum command_flags {
	NEEDS_MODULE	= 1,
	IN_FULL		= 2,
};

/**
 * struct command - a command
 * @name: its name
 * @words: the words after it, for people
 * @help: what it does, for people
 * @read: reads those words; NULL if there are none
 * @run: does it
 * @flags: of enum command_flags
 */
struct command {
	const char	*name;
	const char	*words;
	const char	*help;
	int		(*read)(struct ctl *ctl, struct args *args,
				struct request *req);
	int		(*run)(struct ctl *ctl, struct request *req);
	unsigned int	flags;
};

static const struct command commands[] = {
	{ "prefix", "add PREFIX/LEN [primary] | del PREFIX/LEN | list",
	  "add, delete or list translation prefixes",
	  read_prefix, cmd_prefix, NEEDS_MODULE },
	{ "add", "IPV4[/LEN] IPV6[/LEN]|translatable [prefix PREFIX/LEN] [edge] [force]",
	  "add a mapping", read_eam, cmd_add, NEEDS_MODULE },
	{ "replace", "IPV4[/LEN] IPV6[/LEN]|translatable [prefix PREFIX/LEN] [edge] [force]",
	  "add a mapping or change one",
	  read_eam, cmd_replace, NEEDS_MODULE },
	{ "del", "IPV4[/LEN] | IPV6[/LEN]", "delete a mapping",
	  read_addr, cmd_del, NEEDS_MODULE },
	{ "list", "[IPV4[/LEN] | IPV6[/LEN]]", "list mappings",
	  read_list, cmd_list, NEEDS_MODULE },
	{ "lookup", "IPV4 | IPV6", "say what an address becomes",
	  read_lookup, cmd_lookup, NEEDS_MODULE },
	{ "flush", "", "delete all mappings",
	  NULL, cmd_flush, NEEDS_MODULE | IN_FULL },
	{ "load", "FILE|-", "replace the configuration in one step",
	  read_conf, cmd_load, NEEDS_MODULE },
	{ "check", "FILE|-", "find errors in a configuration",
	  read_check, cmd_check, 0 },
	{ "diff", "FILE|-", "say what load would change",
	  read_conf, cmd_diff, NEEDS_MODULE },
	{ "save", "", "print the configuration",
	  NULL, cmd_save, NEEDS_MODULE },
	{ "import", "map646|jool|tayga FILE [edge IPV4[/LEN]]...",
	  "print a configuration made from another translator's",
	  read_import, cmd_import, 0 },
	{ "set", "KEY VALUE", "change a setting",
	  read_set, cmd_set, NEEDS_MODULE },
	{ "get", "[KEY]", "print settings",
	  read_get, cmd_get, NEEDS_MODULE },
	{ "xdp", "add DEV [generic] | del DEV | list",
	  "translate in the driver of a device",
	  read_xdp, cmd_xdp, NEEDS_MODULE },
	{ "status", "", "print the state",
	  NULL, cmd_status, NEEDS_MODULE },
	{ "stats", "[reset | openmetrics | prometheus]", "print all counters",
	  read_stats, cmd_stats, 0 },
	{ "explain", "FAMILY SRC DST [PROTO [SPORT DPORT | TYPE CODE]] [OPTION ...]",
	  "say what would become of a packet, and why",
	  read_explain, cmd_explain, NEEDS_MODULE },
	{ "doctor", "[--status]", "look for what commonly stops translation",
	  read_doctor, cmd_doctor, 0 },
	{ "top", "[SECONDS [COUNT]]", "watch the mappings that are used most",
	  read_top, cmd_top, NEEDS_MODULE },
	{ "monitor", "[-t]", "print changes as they happen",
	  read_monitor, cmd_monitor, NEEDS_MODULE },
	{ "help", "[COMMAND]", "print this", read_help, cmd_help, 0 },
};

/* Two columns; what is too long for the first has the second below it. */
static void usage_line(FILE *to, const char *left, const char *right)
{
	if (strlen(left) > 38)
		fprintf(to, "  %s\n  %-38s %s\n", left, "", right);
	else
		fprintf(to, "  %-38s %s\n", left, right);
}

/**
 * command_usage() - print all commands and settings
 * @to: where to
 *
 * The completion of bash reads this.
 */
void command_usage(FILE *to)
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
	for (i = 0; i < settings_count; i++) {
		snprintf(line, sizeof(line), "%s [%s]", settings_table[i].name,
			 settings_table[i].initial);
		usage_line(to, line, settings_values(i));
	}
}

static void help_out(struct out *out)
{
	size_t i;

	out_begin(out);
	out_array(out, "commands");
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		out_object(out, "");
		out_string(out, "name", NULL, commands[i].name);
		out_string(out, "words", NULL, commands[i].words);
		out_string(out, "help", NULL, commands[i].help);
		out_close(out);
	}
	out_close(out);
	out_array(out, "settings");
	for (i = 0; i < settings_count; i++) {
		out_object(out, "");
		out_string(out, "name", NULL, settings_table[i].name);
		out_string(out, "default", NULL, settings_table[i].initial);
		out_string(out, "values", NULL, settings_values(i));
		out_close(out);
	}
	out_close(out);
	out_end(out);
}

/* One command: its words, and what it does. */
static void help_of(const struct command *command)
{
	printf("Usage: nat64ctl %s %s\n%s\n", command->name, command->words,
	       command->help);
}

static int read_help(struct ctl *ctl, struct args *args, struct request *req)
{
	(void)ctl;
	req->has_key = args_more(args);
	if (!req->has_key)
		return EXIT_OK;
	return args_keyword(args, &commands[0].name, sizeof(commands[0]),
			    ARRAY_SIZE(commands), "a command", &req->key);
}

static int cmd_help(struct ctl *ctl, struct request *req)
{
	if (ctl->out.json)
		help_out(&ctl->out);
	else if (req->has_key)
		help_of(&commands[req->key]);
	else
		command_usage(stdout);
	return EXIT_OK;
}

/**
 * command_run() - run the command that a line of words names
 * @ctl: this run
 * @args: the line
 */
int command_run(struct ctl *ctl, struct args *args)
{
	const struct command *command;
	struct request req = {};
	unsigned int key;
	int ret;

	ret = args_keyword(args, &commands[0].name, sizeof(commands[0]),
			   ARRAY_SIZE(commands),
			   "a command (nat64ctl help lists them)", &key);
	if (ret)
		return ret;
	command = &commands[key];
	if (command->flags & IN_FULL)
		ret = args_in_full(args, command->name);
	if (!ret && command->read)
		ret = command->read(ctl, args, &req);
	if (!ret)
		ret = args_end(args);
	if (!ret && command->flags & NEEDS_MODULE)
		ret = ctl_connect(ctl);
	if (!ret)
		ret = command->run(ctl, &req);
	conf_free(&req.conf);
	return ret;
}
