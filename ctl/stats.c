// SPDX-License-Identifier: GPL-2.0
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

/*
 * The two formats call a counter differently where they describe it: OpenMetrics
 * without the suffix that its value has, the older text format with it.
 */
static void metrics_out(const struct reply *reply, const char *suffix)
{
	const struct stat_value *stat;

	for (stat = reply->stats; stat < reply->stats + reply->n_stats; stat++) {
		printf("# HELP nat64_%s%s Counter %s, see nat64(4).\n",
		       stat->name, suffix, stat->name);
		printf("# TYPE nat64_%s%s counter\n", stat->name, suffix);
		printf("nat64_%s_total %llu\n", stat->name,
		       (unsigned long long)stat->value);
	}
}

static void openmetrics_out(const struct reply *reply)
{
	metrics_out(reply, "");
	puts("# EOF");
	fflush(stdout);
}

static void prometheus_out(const struct reply *reply)
{
	metrics_out(reply, "_total");
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
	else if (!ret && req->verb == VERB_OPENMETRICS)
		openmetrics_out(&reply);
	else if (!ret)
		prometheus_out(&reply);
	reply_free(&reply);
	return ret;
}
