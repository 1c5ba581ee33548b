// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "module.h"

enum verb { VERB_RESET, VERB_OPENMETRICS, VERB_SHOW };

/* [reset | openmetrics] */
int read_stats(struct ctl *ctl, struct args *args, struct request *req)
{
	static const char *const verbs[] = {
		[VERB_RESET]	   = "reset",
		[VERB_OPENMETRICS] = "openmetrics",
	};

	(void)ctl;
	req->verb = VERB_SHOW;
	if (!args_more(args))
		return EXIT_OK;
	return args_keyword(args, verbs, sizeof(*verbs), ARRAY_SIZE(verbs),
			    "reset or openmetrics", &req->verb);
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

/* The full name everywhere, as node_exporter and promtool want it. */
static void openmetrics_out(const struct reply *reply)
{
	const struct stat_value *stat;

	for (stat = reply->stats; stat < reply->stats + reply->n_stats; stat++) {
		printf("# HELP nat64_%s_total Counter %s, see nat64(4).\n",
		       stat->name, stat->name);
		printf("# TYPE nat64_%s_total counter\n", stat->name);
		printf("nat64_%s_total %llu\n", stat->name,
		       (unsigned long long)stat->value);
	}
	puts("# EOF");
	fflush(stdout);
}

/* stats */
int cmd_stats(struct ctl *ctl, struct request *req)
{
	struct reply reply = {};
	int ret;

	if (req->verb == VERB_RESET)
		return ctl_result(ctl, module_stats_reset(ctl->nl));
	ret = ctl_result(ctl, module_stats(ctl->nl, &reply));
	if (!ret && req->verb == VERB_SHOW)
		stats_out(&ctl->out, &reply);
	else if (!ret)
		openmetrics_out(&reply);
	reply_free(&reply);
	return ret;
}
