/* SPDX-License-Identifier: GPL-2.0 */
/* What every command of nat64ctl shares. */
#ifndef _NAT64CTL_H
#define _NAT64CTL_H

#include <stdbool.h>
#include <stddef.h>

#include "out.h"
#include "words.h"

/* Exit statuses, which is also what functions that may fail return. */
enum status {
	DONE,
	BAD_USAGE,
	REFUSED,
	NO_MODULE,
};

struct conf;
struct eam;
struct nl;
struct translation;

/**
 * struct ctl - a run of nat64ctl
 * @out: where results go
 * @at: what errors are about: the command line, or a line of a batch
 * @nl: connection to the module, opened by the first command that needs it
 * @force: -f
 */
struct ctl {
	struct out	out;
	struct place	at;
	struct nl	*nl;
	bool		force;
};

int ctl_try(struct ctl *ctl);
int ctl_connect(struct ctl *ctl);
int ctl_result(const struct ctl *ctl, int status);

int load_read_file(struct ctl *ctl, struct words *w, struct conf *conf);
void eam_out(struct out *out, const char *key, const struct eam *eam);
void prefix_out(struct out *out, const char *key, const struct translation *t);

int cmd_prefix(struct ctl *ctl, struct words *w);
int cmd_add(struct ctl *ctl, struct words *w);
int cmd_replace(struct ctl *ctl, struct words *w);
int cmd_del(struct ctl *ctl, struct words *w);
int cmd_list(struct ctl *ctl, struct words *w);
int cmd_lookup(struct ctl *ctl, struct words *w);
int cmd_flush(struct ctl *ctl, struct words *w);
int cmd_load(struct ctl *ctl, struct words *w);
int cmd_check(struct ctl *ctl, struct words *w);
int cmd_diff(struct ctl *ctl, struct words *w);
int cmd_save(struct ctl *ctl, struct words *w);
int cmd_import(struct ctl *ctl, struct words *w);
int cmd_set(struct ctl *ctl, struct words *w);
int cmd_get(struct ctl *ctl, struct words *w);
int cmd_status(struct ctl *ctl, struct words *w);
int cmd_stats(struct ctl *ctl, struct words *w);
int cmd_explain(struct ctl *ctl, struct words *w);
int cmd_doctor(struct ctl *ctl, struct words *w);
int cmd_top(struct ctl *ctl, struct words *w);
int cmd_monitor(struct ctl *ctl, struct words *w);

#endif /* _NAT64CTL_H */
