// SPDX-License-Identifier: GPL-2.0-only
/*
 * What commonly stops translation. A finding comes with the command that fixes
 * it, to be typed on the gateway unless the finding says where. A command must
 * not make things worse when the guess behind it is wrong: where the right one
 * cannot be known, there is none.
 */
#include "doctor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "module.h"
#include "../kmod/version.h"

static void check_versions(struct doctor *d)
{
	struct reply status = {};

	if (!module_status(d->ctl->nl, &status) &&
	    strcmp(status.version, NAT64_VERSION))
		report_finding(d, "version",
			       command_there("modprobe -r nat64 && modprobe nat64 && %snat64ctl load /etc/nat64/nat64.conf",
					     netns_text(d)),
			       "the module is version %s, nat64ctl is version %s: the module is not the one installed with the tool",
			       status.version, NAT64_VERSION);
	reply_free(&status);
}

/* The file that the service loads. */
#define CONF_FILE	"/etc/nat64/nat64.conf"

/* Whether it maps anything: as it is shipped, it has comments only. */
static bool has_mapping(void)
{
	FILE *file = fopen(CONF_FILE, "r");
	char line[1024], word[8];
	bool found = false;

	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = sscanf(line, " %7s", word) == 1 &&
			!strncmp("add", word, strlen(word));
	fclose(file);
	return found;
}

static void check_configured(struct doctor *d)
{
	const char *load = NULL;

	if (d->conf.n_eams)
		return;
	if (has_mapping())
		load = command_here(d, "nat64ctl load " CONF_FILE);
	report_finding(d, "configuration", load, "%s%s",
		       d->conf.n_pref64s ?
				"no address is mapped: every packet is refused" :
				"nothing is configured in this network namespace",
		       load ? "" : ", and " CONF_FILE " has no mapping: write one, see nat64.conf(5)");
}

static int run_checks(struct doctor *d)
{
	static void (*const checks[])(struct doctor *d) = {
		check_versions, check_configured, check_forwarding, check_mtus,
		check_ipvlan, check_hosts, check_prefixes, check_arp,
		check_own_addrs, check_rp_filter, check_return, check_firewall,
		check_packets, check_native, check_xdp, check_unseen,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(checks); i++) {
		d->n_shown = 0;
		checks[i](d);
		if (d->n_shown > DOCTOR_SHOWN_MAX)
			out_text(&d->ctl->out, "and %u more like these\n",
				 d->n_shown - DOCTOR_SHOWN_MAX);
	}
	return EXIT_OK;
}

static int read_state(struct doctor *d)
{
	int ret;

	ret = module_conf_get(d->ctl->nl, &d->conf);
	if (!ret)
		ret = module_stats(d->ctl->nl, &d->stats);
	return ctl_result(d->ctl, ret);
}

static int examine_gateway(struct doctor *d)
{
	int ret;

	ret = read_state(d);
	if (ret)
		return ret;
	d->rs = route_open();
	if (!d->rs || getifaddrs(&d->ifs)) {
		error_at(&d->ctl->at, 0, "cannot read routes and addresses: %s",
			 strerror(errno));
		return EXIT_REFUSED;
	}
	ret = xdp_open(&d->xdp, d->ctl);
	return ret ? ret : run_checks(d);
}

static void free_state(struct doctor *d)
{
	route_close(d->rs);
	xdp_close(&d->xdp);
	if (d->ifs)
		freeifaddrs(d->ifs);
	conf_free(&d->conf);
	reply_free(&d->stats);
	while (d->n_notes)
		free(d->notes[--d->n_notes]);
}

/* Without the module there is nothing else to look at. */
static int report_no_module(struct doctor *d)
{
	report_finding(d, "module", "modprobe nat64",
		       "the nat64 module is not loaded");
	return EXIT_NO_MODULE;
}

static void put_notes(const struct doctor *d)
{
	struct out *out = &d->ctl->out;
	unsigned int i;

	out_array(out, "not_looked_at");
	for (i = 0; i < d->n_notes; i++)
		out_string(out, "", "not looked at: %s\n", d->notes[i]);
	out_close(out);
}

/* [--status] */
int read_doctor(struct ctl *ctl, struct args *args, struct request *req)
{
	static const char *const names[] = { "--status" };
	unsigned int key;

	req->status = ctl->status;
	if (!args_more(args))
		return EXIT_OK;
	req->status = true;
	return args_keyword(args, names, sizeof(*names), 1, "--status", &key);
}

/* doctor */
int cmd_doctor(struct ctl *ctl, struct request *req)
{
	struct doctor d = { .ctl = ctl };
	int ret;

	out_begin(&ctl->out);
	out_array(&ctl->out, "findings");
	ret = ctl_try(ctl);
	if (!ret)
		ret = examine_gateway(&d);
	else if (ret == EXIT_NO_MODULE)
		ret = report_no_module(&d);
	else
		ctl_result(ctl, ret);
	if (ret && !d.rs)
		ctl_disconnect(ctl);
	out_close(&ctl->out);
	put_notes(&d);
	if (!ret && !d.n_findings)
		out_text(&ctl->out, "%s\n", d.n_notes ?
			 "no mistake found in the rest" : "nothing found");
	out_end(&ctl->out);
	if (!ret && req->status && d.n_findings)
		ret = EXIT_DIFFERENT;
	free_state(&d);
	return ret;
}
