// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "module.h"
#include "print.h"
#include "../kmod/version.h"

static void status_out(struct out *out, const struct reply *status,
		       const struct conf *conf)
{
	unsigned int i;

	out_begin(out);
	out_string(out, "state", "state       %s\n",
		   status->active ? "on" : "off");
	out_string(out, "module_version", "module      %s\n", status->version);
	out_string(out, "tool_version", "nat64ctl    %s\n", NAT64_VERSION);
	out_array(out, "prefixes");
	for (i = 0; i < conf->n_pref64s; i++) {
		out_text(out, i ? "            " : "prefixes    ");
		pref64_out(out, "", &conf->pref64s[i]);
		out_text(out, "\n");
	}
	if (!i)
		out_text(out, "prefixes    none\n");
	out_close(out);
	out_number(out, "mappings", "mappings    %llu", status->count);
	out_number(out, "limit", " of at most %llu\n", status->limit);
	out_string(out, "digest", "digest      %s\n",
		   digest_text(status->digest));
	out_number(out, "generation", "generation  %llu\n",
		   status->generation);
	out_string(out, "routes", "routes      %s\n",
		   status->routes_pending ? "pending" : "listed");
	out_end(out);
}

static void warn_of_versions(const struct ctl *ctl,
			     const struct reply *status)
{
	if (strcmp(status->version, NAT64_VERSION))
		error_at(&ctl->at, 0,
			 "warning: the module is version %s, nat64ctl is version %s",
			 status->version, NAT64_VERSION);
}

/* status */
int cmd_status(struct ctl *ctl, struct request *req)
{
	struct reply prefixes = {};
	struct reply status = {};
	int ret;

	(void)req;
	ret = module_status(ctl->nl, &status);
	if (!ret)
		ret = module_prefix_list(ctl->nl, &prefixes);
	if (!ret) {
		conf_sort(&prefixes.conf);
		status_out(&ctl->out, &status, &prefixes.conf);
		warn_of_versions(ctl, &status);
	}
	reply_free(&status);
	reply_free(&prefixes);
	return ctl_result(ctl, ret);
}
