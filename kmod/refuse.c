// SPDX-License-Identifier: GPL-2.0
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/sched.h>

#include "control.h"

/*
 * The text must stay as it is until the answer has been sent, which nobody
 * tells us. A task has got its last answer when it asks again; the answers of
 * others are given some time.
 */
static struct nat64_text *text_take(struct nat64_net *nn)
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
 * nat64_refuse() - say why a request is refused
 * @rq: request
 * @err: negative error
 * @fmt: text, as for printf(), and what it names
 *
 * Context: process, the lock of the translator.
 * Return: @err.
 */
int nat64_refuse(const struct nat64_request *rq, int err, const char *fmt, ...)
{
	struct nat64_text *t;
	va_list args;

	if (!rq->extack)
		return err;
	t = text_take(rq->nn);
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
