/* SPDX-License-Identifier: GPL-2.0-only */
/* A request to change the configuration, and the text of its error. */
#ifndef _NAT64_REQUEST_H
#define _NAT64_REQUEST_H

#include <linux/netlink.h>
#include <linux/types.h>

struct nat64_batch;
struct nat64_config;
struct nat64_net;

/* Error texts that may still be on their way to their readers. */
#define NAT64_TEXTS	16
#define NAT64_TEXT_LEN	176

/**
 * struct nat64_text - text of an error
 * @owner: task that got the error; its ACK has been sent when it asks again
 * @stamp: when that was, in jiffies
 * @text: for its struct netlink_ext_ack, which keeps only a pointer
 */
struct nat64_text {
	const void	*owner;
	unsigned long	stamp;
	char		text[NAT64_TEXT_LEN];
};

/**
 * struct nat64_request - what userspace wants changed, and what that takes
 * @nn: translator; its lock is held
 * @extack: takes the text of an error, or NULL
 * @portid: socket that asks
 * @staged: it is for the configuration that this socket loads
 * @force: permit an overlap that RFC 7757 section 5 permits
 * @create: put a mapping in where there is none
 * @replace: put a mapping in the place of those with its prefixes
 * @changed: set when packets see something else than before
 * @config: configuration whose table @batch changes
 * @batch: changes of the table, or NULL
 */
struct nat64_request {
	struct nat64_net	*nn;
	struct netlink_ext_ack	*extack;
	u32			portid;
	bool			staged;
	bool			force;
	bool			create;
	bool			replace;
	bool			changed;
	struct nat64_config	*config;
	struct nat64_batch	*batch;
};

__printf(3, 4)
int nat64_request_error(const struct nat64_request *rq, int err,
			const char *fmt, ...);
int nat64_request_no_memory(const struct nat64_request *rq);

#endif /* _NAT64_REQUEST_H */
