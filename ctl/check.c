// SPDX-License-Identifier: GPL-2.0-only
#include <linux/nat64.h>
#include <stdarg.h>
#include <stdio.h>

#include "command.h"
#include "print.h"

/* Most warnings that are printed for one file. */
#define WARNINGS_MAX	20

/* FILE|- */
int read_conf(struct ctl *ctl, struct args *args, struct request *req)
{
	int ret;

	ret = args_next(args, &req->file, "a file");
	if (!ret)
		ret = args_end(args);
	return ret ? ret : conf_load_file(&req->conf, req->file, ctl->force);
}

/* FILE|- */
int read_check(struct ctl *ctl, struct args *args, struct request *req)
{
	int ret;

	ret = args_next(args, &req->file, "a file");
	if (!ret)
		ret = args_end(args);
	return ret ? ret : conf_check_file(&req->conf, req->file, ctl->force);
}

/**
 * struct warnings - what looks wrong and is permitted
 * @conf: configuration
 * @n: number of warnings
 */
struct warnings {
	const struct conf	*conf;
	unsigned int		n;
};

__printf(4, 5) static void warn_at(struct warnings *w, unsigned int line,
				   unsigned int column, const char *fmt, ...)
{
	struct location at = { .file = w->conf->files[0], .line = line };
	char text[512];
	va_list ap;

	if (++w->n > WARNINGS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	error_at(&at, column, "warning: %s", text);
}

static bool is_strict(const struct conf *conf)
{
	const struct setting_value *value =
		settings_find(conf->settings, NAT64_SETTING_WKP_STRICT);

	return !value->given || value->number;
}

static void warn_of_mapping(struct warnings *w, const struct eam *eam,
			    bool strict)
{
	const struct prefix6 *p = conf_prefix_of(w->conf, eam);

	if (conf_is_everything(eam))
		warn_at(w, eam->line, eam->column4,
			"this maps every IPv4 address, the gateway's own traffic included");
	else if (strict && !eam->edge && p && addr_is_wkp(p) &&
		 addr_is_private4(&eam->p4))
		warn_at(w, eam->line, eam->column4,
			"%s is private, and its peers, which will be private as well, cannot stand in %s: packets are refused as wkp_not_global; use a prefix of your own",
			addr_text4(&eam->p4), addr_text6(p));
	if (!eam->is_block && 128 - eam->p6.len > 32 - eam->p4.len)
		warn_at(w, eam->line, eam->column6,
			"%s is wider than %s: several IPv6 addresses become one IPv4 address; /%u would do",
			addr_text6(&eam->p6), addr_text4(&eam->p4),
			96 + eam->p4.len);
}

/* Hosts that are mapped on both sides need no prefix. */
static bool has_both_sides(const struct conf *conf)
{
	bool has_border = false;
	bool has_edge = false;
	size_t i;

	for (i = 0; i < conf->n_eams; i++) {
		has_border |= !conf->eams[i].edge;
		has_edge |= conf->eams[i].edge;
	}
	return has_border && has_edge;
}

static void warn_of_xdp(struct warnings *w)
{
	const struct conf *conf = w->conf;
	const struct xdp_obstacle *why = NULL;

	if (!conf->n_xdps)
		return;
	while ((why = conf_next_obstacle(conf, why)))
		warn_at(w, conf->xdps[0].line, conf->xdps[0].column,
			"%s: no packet is translated by XDP", why->text);
}

static void warn_of_all(const struct conf *conf)
{
	struct warnings w = { .conf = conf };
	struct location at = { .file = conf->files[0] };
	bool strict = is_strict(conf);
	size_t i;

	if (!conf->n_pref64s && !has_both_sides(conf))
		warn_at(&w, 0, 0, "no line adds a translation prefix: nothing is translated");
	else if (!conf->n_eams)
		warn_at(&w, 0, 0, "no line adds a mapping: every packet is refused");
	for (i = 0; i < conf->n_eams; i++)
		warn_of_mapping(&w, &conf->eams[i], strict);
	warn_of_xdp(&w);
	if (w.n > WARNINGS_MAX)
		error_at(&at, 0, "warning: %u more like these",
			 w.n - WARNINGS_MAX);
}

/* check */
int cmd_check(struct ctl *ctl, struct request *req)
{
	warn_of_all(&req->conf);
	out_begin(&ctl->out);
	counts_out(&ctl->out, &req->conf);
	out_text(&ctl->out, "\n");
	out_end(&ctl->out);
	return EXIT_OK;
}
