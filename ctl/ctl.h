/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NAT64CTL_CTL_H
#define _NAT64CTL_CTL_H

#include <stdbool.h>

#include "error.h"
#include "out.h"

struct nl;

/**
 * struct ctl - a run of nat64ctl
 * @out: where results go
 * @at: what errors are about: the command line, or a line of a batch
 * @nl: connection to the module, opened by the first command that needs it
 * @netns: -n, or NULL
 * @force: -f
 * @status: --status
 * @times: -t
 */
struct ctl {
	struct out	out;
	struct location	at;
	struct nl	*nl;
	const char	*netns;
	bool		force;
	bool		status;
	bool		times;
};

int ctl_try(struct ctl *ctl);
int ctl_connect(struct ctl *ctl);
void ctl_disconnect(struct ctl *ctl);
int ctl_result(const struct ctl *ctl, int status);
int ctl_done(struct ctl *ctl, int status);

#endif /* _NAT64CTL_CTL_H */
