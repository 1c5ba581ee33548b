// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "nl.h"
#include "../kmod/version.h"

static void status_out(struct out *out, const struct nl_reply *status,
		       const struct conf *conf)
{
	char digest[sizeof("0123456789abcdef")];
	unsigned int i;

	snprintf(digest, sizeof(digest), "%016llx",
		 (unsigned long long)status->digest);
	out_begin(out);
	out_string(out, "state", "state       %s\n",
		   status->active ? "on" : "off");
	out_string(out, "module_version", "module      %s\n", status->version);
	out_string(out, "tool_version", "nat64ctl    %s\n", NAT64_VERSION);
	out_array(out, "prefixes");
	for (i = 0; i < conf->n_translations; i++) {
		out_text(out, i ? "            " : "prefixes    ");
		prefix_out(out, "", &conf->translations[i]);
		out_text(out, "\n");
	}
	if (!i)
		out_text(out, "prefixes    none\n");
	out_close(out);
	out_number(out, "mappings", "mappings    %llu", status->count);
	out_number(out, "limit", " of at most %llu\n", status->limit);
	out_string(out, "digest", "digest      %s\n", digest);
	out_number(out, "generation", "generation  %llu\n",
		   status->generation);
	out_end(out);
}

static void compare_versions(const struct ctl *ctl,
			     const struct nl_reply *status)
{
	if (strcmp(status->version, NAT64_VERSION))
		place_error(&ctl->at, 0,
			    "warning: the module is version %s, nat64ctl is version %s",
			    status->version, NAT64_VERSION);
}

/* status */
int cmd_status(struct ctl *ctl, struct words *w)
{
	struct nl_reply status = {};
	struct nl_reply prefixes = {};
	int ret;

	ret = words_end(w);
	if (!ret)
		ret = ctl_connect(ctl);
	if (!ret)
		ret = ctl_result(ctl, nl_status(ctl->nl, &status));
	if (!ret)
		ret = ctl_result(ctl, nl_prefix_list(ctl->nl, &prefixes));
	if (!ret) {
		conf_sort(&prefixes.conf);
		status_out(&ctl->out, &status, &prefixes.conf);
		compare_versions(ctl, &status);
	}
	nl_reply_free(&status);
	nl_reply_free(&prefixes);
	return ret;
}

static void stats_out(struct out *out, const struct nl_reply *reply)
{
	const struct nl_stat *stat;
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
static void openmetrics_out(const struct nl_reply *reply)
{
	const struct nl_stat *stat;

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

/* stats [reset | openmetrics] */
int cmd_stats(struct ctl *ctl, struct words *w)
{
	enum { RESET, OPENMETRICS, SHOW } what = SHOW;
	static const char *const names[] = { "reset", "openmetrics" };
	struct nl_reply reply = {};
	int ret = DONE;

	if (words_more(w))
		ret = words_key(w, names, sizeof(*names), 2,
				"reset or openmetrics", (unsigned int *)&what);
	if (!ret)
		ret = words_end(w);
	if (!ret)
		ret = ctl_connect(ctl);
	if (ret)
		return ret;
	if (what == RESET)
		return ctl_result(ctl, nl_stats_reset(ctl->nl));

	ret = ctl_result(ctl, nl_stats(ctl->nl, &reply));
	if (!ret && what == SHOW)
		stats_out(&ctl->out, &reply);
	else if (!ret)
		openmetrics_out(&reply);
	nl_reply_free(&reply);
	return ret;
}
