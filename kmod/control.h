/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changing the configuration of a network namespace: what adding a prefix, a
 * mapping, a setting and a whole load have in common. Callers hold nn->lock
 * unless a function says otherwise.
 *
 * A request is checked as a whole before packets see any of it. A batch of
 * mappings is the exception: packets see each one at once, and an error takes
 * the batch back.
 */
#ifndef _NAT64_CONTROL_H
#define _NAT64_CONTROL_H

#include "config.h"
#include "request.h"

int nat64_control_init(struct nat64_net *nn);
void nat64_control_exit(struct nat64_net *nn);

struct nat64_config *nat64_request_config(const struct nat64_request *rq);
struct nat64_config *nat64_config_edit_begin(const struct nat64_request *rq);
int nat64_config_edit_end(struct nat64_request *rq, struct nat64_config *cfg,
			  int err);
int nat64_config_publish(struct nat64_request *rq, struct nat64_config *new);
int nat64_config_flush(struct nat64_request *rq);

int nat64_hooks_prepare(const struct nat64_request *rq);
int nat64_flags_prepare(struct nat64_request *rq, u8 flags);
void nat64_config_sync(struct nat64_net *nn);

void nat64_config_walk_begin(struct nat64_net *nn, struct nat64_walk *walk,
			     struct nat64_prefix *prefixes);
void nat64_config_walk_end(struct nat64_net *nn, struct nat64_walk *walk);

#endif /* _NAT64_CONTROL_H */
