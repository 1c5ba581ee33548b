// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "module.h"

enum verb { VERB_RESET, VERB_OPENMETRICS, VERB_PROMETHEUS, VERB_SHOW };

/* [reset | openmetrics | prometheus] */
int read_stats(struct ctl *ctl, struct args *args, struct request *req)
{
	static const char *const verbs[] = {
		[VERB_RESET]	   = "reset",
		[VERB_OPENMETRICS] = "openmetrics",
		[VERB_PROMETHEUS]  = "prometheus",
	};
	int ret;

	(void)ctl;
	req->verb = VERB_SHOW;
	if (!args_more(args))
		return EXIT_OK;
	ret = args_keyword(args, verbs, sizeof(*verbs), ARRAY_SIZE(verbs),
			   "reset, openmetrics or prometheus", &req->verb);
	if (!ret && req->verb == VERB_RESET)
		ret = args_in_full(args, verbs[VERB_RESET]);
	return ret;
}

static void stats_out(struct out *out, const struct reply *reply)
{
	const struct stat_value *stat;
	int width = 0;

	for (stat = reply->stats; stat < reply->stats + reply->n_stats; stat++)
		if ((int)strlen(stat->name) > width)
			width = strlen(stat->name);

	out_begin(out);
	out_object(out, "stats");
	for (stat = reply->stats; stat < reply->stats + reply->n_stats; stat++) {
		out_text(out, "%-*s ", width, stat->name);
		out_number(out, stat->name, "%20llu\n", stat->value);
	}
	out_close(out);
	out_end(out);
}

/* stats */
int cmd_stats(struct ctl *ctl, struct request *req)
{
	struct reply reply = {};
	int ret;

	if (req->verb == VERB_OPENMETRICS || req->verb == VERB_PROMETHEUS)
		return metrics_out(ctl, req->verb == VERB_OPENMETRICS);
	ret = ctl_connect(ctl);
	if (ret)
		return ret;
	if (req->verb == VERB_RESET)
		return ctl_done(ctl, module_stats_reset(ctl->nl));
	ret = ctl_result(ctl, module_stats(ctl->nl, &reply));
	if (!ret)
		stats_out(&ctl->out, &reply);
	reply_free(&reply);
	return ret;
}
