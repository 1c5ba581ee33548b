// SPDX-License-Identifier: GPL-2.0-only
#include "request.h"

#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/sched.h>

#include "config.h"

/*
 * The text must stay valid until the ACK is sent, and nothing notifies us of
 * that. When a task asks again, its last ACK has been sent. Texts of other
 * tasks are kept for a second.
 */
static struct nat64_text *alloc_text(struct nat64_net *nn)
{
	struct nat64_text *oldest = nn->texts;
	struct nat64_text *t;

	for (t = nn->texts; t < nn->texts + NAT64_TEXTS; t++) {
		if (t->owner == current || !t->owner)
			return t;
		if (time_before(t->stamp, oldest->stamp))
			oldest = t;
	}
	return time_after(jiffies, oldest->stamp + HZ) ? oldest : NULL;
}

/**
 * nat64_request_error() - attach a text to the error of a request
 * @rq: request
 * @err: negative error
 * @fmt: text, as for printf(), and what it names
 *
 * Context: process, @rq->nn->lock.
 * Return: @err.
 */
int nat64_request_error(const struct nat64_request *rq, int err,
			const char *fmt, ...)
{
	struct nat64_text *t;
	va_list args;

	if (!rq->extack)
		return err;
	t = alloc_text(rq->nn);
	if (!t) {
		NL_SET_ERR_MSG(rq->extack,
			       "refused, with too many others to say why");
		return err;
	}
	t->owner = current;
	t->stamp = jiffies;
	va_start(args, fmt);
	vsnprintf(t->text, sizeof(t->text), fmt, args);
	va_end(args);
	rq->extack->_msg = t->text;
	return err;
}

/**
 * nat64_request_no_memory() - say that there was no memory for a request
 * @rq: request
 *
 * Context: process, @rq->nn->lock.
 * Return: -ENOMEM.
 */
int nat64_request_no_memory(const struct nat64_request *rq)
{
	return nat64_request_error(rq, -ENOMEM, "out of memory");
}
