/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A generic netlink connection to the module: requests, listings, events. Or one
 * to another family, or to the kernel's devices.
 *
 * A function that returns a status other than EXIT_OK has a text for it, which
 * nl_error() returns.
 */
#ifndef _NAT64CTL_NL_H
#define _NAT64CTL_NL_H

#include <libmnl/libmnl.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "exit_status.h"

/* A request: the largest that is sure to fit a socket buffer twice. */
#define NL_REQUEST_SIZE	(60 * 1024)

/* How often something is read again when changes get in between. */
#define NL_TRIES	8

struct nl;

typedef void nl_message_fn(const struct nlmsghdr *nlh, void *data);
typedef void nl_restart_fn(void *data);

struct nl *nl_alloc(void);
int nl_open(struct nl *nl);
int nl_open_family(struct nl *nl, const char *name);
int nl_open_route(struct nl *nl);
void nl_close(struct nl *nl);
const char *nl_error(const struct nl *nl);
bool nl_is_denied(const struct nl *nl);
int nl_errno(const struct nl *nl);
long nl_bad_attr(const struct nl *nl);
int nl_busy(struct nl *nl);

struct nlmsghdr *nl_begin(struct nl *nl, __u8 cmd, __u16 flags);
struct nlmsghdr *nl_begin_link(struct nl *nl, __u16 type, __u16 flags,
			       int index);
int nl_request(struct nl *nl, nl_message_fn *message, void *data);
int nl_dump(struct nl *nl, nl_message_fn *message, nl_restart_fn *restart,
	    void *data);
int nl_listen(struct nl *nl, nl_message_fn *message, void *data);

#endif /* _NAT64CTL_NL_H */
