/* SPDX-License-Identifier: GPL-2.0-only */
/* Loading a whole configuration, aside from the one in place. */
#ifndef _NAT64_LOAD_H
#define _NAT64_LOAD_H

#include <linux/sched.h>
#include <linux/types.h>

struct nat64_config;
struct nat64_net;
struct nat64_request;

/**
 * struct nat64_load - a whole configuration that is being loaded
 * @config: what was loaded so far; nobody else sees it
 * @portid: socket that loads
 * @comm: process that began to load
 */
struct nat64_load {
	struct nat64_config	*config;
	u32			portid;
	char			comm[TASK_COMM_LEN];
};

int nat64_load_begin(struct nat64_request *rq, u32 hint);
int nat64_load_commit(struct nat64_request *rq);
int nat64_load_abort(struct nat64_request *rq);
void nat64_load_release(struct nat64_net *nn, u32 portid);
void nat64_load_exit(struct nat64_net *nn);

#endif /* _NAT64_LOAD_H */
