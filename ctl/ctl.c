// SPDX-License-Identifier: GPL-2.0-only
#include "ctl.h"

#include "nl.h"

/**
 * ctl_try() - open the connection to the module, without an error message
 * @ctl: this run; its connection has the text of the error
 */
int ctl_try(struct ctl *ctl)
{
	if (ctl->nl)
		return EXIT_OK;
	ctl->nl = nl_alloc();
	return nl_open(ctl->nl);
}

/**
 * ctl_connect() - open the connection to the module, unless it is open
 * @ctl: this run
 */
int ctl_connect(struct ctl *ctl)
{
	int ret;

	ret = ctl_result(ctl, ctl_try(ctl));
	if (ret)
		ctl_disconnect(ctl);
	return ret;
}

/**
 * ctl_disconnect() - close the connection to the module
 * @ctl: this run
 */
void ctl_disconnect(struct ctl *ctl)
{
	nl_close(ctl->nl);
	ctl->nl = NULL;
}

/**
 * ctl_result() - print the text of an error of the module's
 * @ctl: this run
 * @status: what a function of module.h returned
 *
 * Return: @status
 */
int ctl_result(const struct ctl *ctl, int status)
{
	if (status)
		error_at(&ctl->at, 0, "%s", nl_error(ctl->nl));
	return status;
}

/**
 * ctl_done() - end a command that changes something, and has nothing else to say
 * @ctl: this run
 * @status: what a function of module.h returned
 *
 * JSON says so, as each command answers there.
 *
 * Return: @status
 */
int ctl_done(struct ctl *ctl, int status)
{
	if (status)
		return ctl_result(ctl, status);
	if (ctl->out.json) {
		out_begin(&ctl->out);
		out_bool(&ctl->out, "done", NULL, true);
		out_end(&ctl->out);
	}
	return status;
}
