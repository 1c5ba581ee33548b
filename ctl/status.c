// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "module.h"
#include "print.h"
#include "xdp.h"
#include "../kmod/version.h"

static void devices_out(struct out *out, const struct links *links)
{
	unsigned int n = 0;
	size_t i;

	out_array(out, "xdp");
	for (i = 0; i < links->n; i++) {
		if (!link_is_ours(&links->links[i]))
			continue;
		out_text(out, n++ ? "            " : "xdp         ");
		xdp_out(out, &links->links[i]);
	}
	out_close(out);
}

static void status_out(struct out *out, const struct reply *status,
		       const struct conf *conf, const struct links *links)
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
	devices_out(out, links);
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

static int show_status(struct ctl *ctl, const struct xdp *x)
{
	struct reply prefixes = {};
	struct reply status = {};
	int ret;

	ret = module_status(ctl->nl, &status);
	if (!ret)
		ret = module_prefix_list(ctl->nl, &prefixes);
	if (!ret) {
		conf_sort(&prefixes.conf);
		status_out(&ctl->out, &status, &prefixes.conf, &x->links);
		warn_of_versions(ctl, &status);
		xdp_warn(x);
	}
	reply_free(&status);
	reply_free(&prefixes);
	return ctl_result(ctl, ret);
}

/* status */
int cmd_status(struct ctl *ctl, struct request *req)
{
	struct xdp x;
	int ret;

	(void)req;
	ret = xdp_open(&x, ctl);
	if (!ret)
		ret = show_status(ctl, &x);
	xdp_close(&x);
	return ret;
}
