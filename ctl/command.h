/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The commands. Each has two halves: a reader makes a request of the words of
 * the command line, and prints what is wrong with them; then the command does
 * what is requested. In between command_run() checks that no word is left, and
 * connects to the module.
 */
#ifndef _NAT64CTL_COMMAND_H
#define _NAT64CTL_COMMAND_H

#include <stdio.h>

#include "args.h"
#include "conf.h"
#include "ctl.h"
#include "packet.h"

/**
 * struct request - what the words after a command ask for
 * @verb: index of a second word, where a command has several
 * @addr: address or prefix; AF_UNSPEC when there is none
 * @pref64: translation prefix
 * @eam: mapping
 * @xdp: device with XDP
 * @has_key: @key was given
 * @key: setting, an index of settings_table
 * @value: its value
 * @packet: packet to be explained
 * @seconds: seconds from one output to the next
 * @times: number of outputs
 * @status: doctor: the exit status is to tell whether something was found
 * @times_shown: monitor: events have a time
 * @n_edges: number of @edges
 * @edges: import: IPv4 prefixes of hosts on the IPv4 side
 * @file: name of a file
 * @conf: what stands in it; freed by command_run()
 */
struct request {
	unsigned int		verb;
	struct prefix		addr;
	struct pref64		pref64;
	struct eam		eam;
	struct xdp_line		xdp;
	bool			has_key;
	unsigned int		key;
	struct setting_value	value;
	struct packet		packet;
	double			seconds;
	double			times;
	bool			status;
	bool			times_shown;
	unsigned int		n_edges;
	struct prefix4		edges[ARGS_MAX / 2];
	const char		*file;
	struct conf		conf;
};

int command_run(struct ctl *ctl, struct args *args);
void command_usage(FILE *to);

int read_addr(struct ctl *ctl, struct args *args, struct request *req);
int read_check(struct ctl *ctl, struct args *args, struct request *req);
int read_conf(struct ctl *ctl, struct args *args, struct request *req);
int read_doctor(struct ctl *ctl, struct args *args, struct request *req);
int read_eam(struct ctl *ctl, struct args *args, struct request *req);
int read_explain(struct ctl *ctl, struct args *args, struct request *req);
int read_get(struct ctl *ctl, struct args *args, struct request *req);
int read_import(struct ctl *ctl, struct args *args, struct request *req);
int read_list(struct ctl *ctl, struct args *args, struct request *req);
int read_lookup(struct ctl *ctl, struct args *args, struct request *req);
int read_monitor(struct ctl *ctl, struct args *args, struct request *req);
int read_prefix(struct ctl *ctl, struct args *args, struct request *req);
int read_set(struct ctl *ctl, struct args *args, struct request *req);
int read_stats(struct ctl *ctl, struct args *args, struct request *req);
int read_top(struct ctl *ctl, struct args *args, struct request *req);
int read_xdp(struct ctl *ctl, struct args *args, struct request *req);

int metrics_out(struct ctl *ctl, bool is_open);

int cmd_add(struct ctl *ctl, struct request *req);
int cmd_check(struct ctl *ctl, struct request *req);
int cmd_del(struct ctl *ctl, struct request *req);
int cmd_diff(struct ctl *ctl, struct request *req);
int cmd_doctor(struct ctl *ctl, struct request *req);
int cmd_explain(struct ctl *ctl, struct request *req);
int cmd_flush(struct ctl *ctl, struct request *req);
int cmd_get(struct ctl *ctl, struct request *req);
int cmd_import(struct ctl *ctl, struct request *req);
int cmd_list(struct ctl *ctl, struct request *req);
int cmd_load(struct ctl *ctl, struct request *req);
int cmd_lookup(struct ctl *ctl, struct request *req);
int cmd_monitor(struct ctl *ctl, struct request *req);
int cmd_prefix(struct ctl *ctl, struct request *req);
int cmd_replace(struct ctl *ctl, struct request *req);
int cmd_save(struct ctl *ctl, struct request *req);
int cmd_set(struct ctl *ctl, struct request *req);
int cmd_stats(struct ctl *ctl, struct request *req);
int cmd_status(struct ctl *ctl, struct request *req);
int cmd_top(struct ctl *ctl, struct request *req);
int cmd_xdp(struct ctl *ctl, struct request *req);

#endif /* _NAT64CTL_COMMAND_H */
