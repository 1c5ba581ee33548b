// SPDX-License-Identifier: GPL-2.0
/*
 * What commonly stops translation. A finding comes with the command that fixes
 * it, to be typed on the gateway unless the finding says where. A command must
 * not make things worse when the guess behind it is wrong: where the right one
 * cannot be known, there is none.
 */
#include "doctor.h"

#include <errno.h>
#include <linux/nat64.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "firewall.h"
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

static void check_configured(struct doctor *d)
{
	const char *load = command_here(d, "nat64ctl load /etc/nat64/nat64.conf");

	if (!d->conf.n_pref64s && !d->conf.n_eams)
		report_finding(d, "configuration", load,
			       "nothing is configured in this network namespace");
	else if (!d->conf.n_eams)
		report_finding(d, "configuration", load,
			       "no address is mapped: every packet is refused");
}

static void report_block(void *data, const struct firewall_block *block)
{
	struct doctor *d = data;

	report_finding(d, "firewall",
		       command_here(d, "nft insert rule %s %s %s ct state untracked accept",
				    block->family, block->table, block->chain),
		       "chain %s of table %s %s drops what is forwarded, and lets no untracked packets pass, as translated ones are",
		       block->chain, block->family, block->table);
}

static bool is_direct(const struct doctor *d)
{
	size_t i;

	for (i = 0; i < settings_count; i++)
		if (settings_table[i].attr == NAT64_SETTING_FORWARDING)
			return d->conf.settings[i].number ==
			       NAT64_FORWARDING_DIRECT;
	return false;
}

static void check_firewall(struct doctor *d)
{
	if (!is_direct(d))
		firewall_find_blocks(report_block, d);
}

static int run_checks(struct doctor *d)
{
	static void (*const checks[])(struct doctor *d) = {
		check_versions, check_configured, check_forwarding, check_mtus,
		check_ipvlan, check_hosts, check_prefixes, check_arp,
		check_own_addrs, check_rp_filter, check_return, check_firewall,
		check_packets,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(checks); i++) {
		d->told = 0;
		checks[i](d);
		if (d->told > DOCTOR_TELL)
			out_text(&d->ctl->out, "and %u more like these\n",
				 d->told - DOCTOR_TELL);
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

static int look_around(struct doctor *d)
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
	return run_checks(d);
}

static void free_state(struct doctor *d)
{
	route_close(d->rs);
	if (d->ifs)
		freeifaddrs(d->ifs);
	conf_free(&d->conf);
	reply_free(&d->stats);
}

/* Without the module there is nothing else to look at. */
static int report_no_module(struct doctor *d)
{
	report_finding(d, "module", "modprobe nat64",
		       "the nat64 module is not loaded");
	return EXIT_NO_MODULE;
}

/* doctor */
int cmd_doctor(struct ctl *ctl, struct request *req)
{
	struct doctor d = { .ctl = ctl };
	int ret;

	(void)req;
	out_begin(&ctl->out);
	out_array(&ctl->out, "findings");
	ret = ctl_try(ctl);
	if (!ret)
		ret = look_around(&d);
	else if (ret == EXIT_NO_MODULE)
		ret = report_no_module(&d);
	else
		ctl_result(ctl, ret);
	if (ret && !d.rs)
		ctl_disconnect(ctl);
	if (!ret && !d.n_findings)
		out_text(&ctl->out, "nothing found\n");
	out_close(&ctl->out);
	out_end(&ctl->out);
	free_state(&d);
	return ret;
}
