// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <unistd.h>

#include "command.h"
#include "module.h"
#include "nl.h"
#include "print.h"
#include "xdp.h"

/* Mappings from one progress line to the next. */
#define STEP	20000

static void show_progress(size_t done, size_t all)
{
	static const char clear[] = "\r\033[K";

	if (all < STEP || !isatty(STDERR_FILENO))
		return;
	fputs(clear, stderr);
	if (done < all)
		fprintf(stderr, "%zu of %zu mappings", done, all);
}

/* Names the line that the kernel has refused, when it is a mapping's. */
static int report_refusal(const struct ctl *ctl, const struct conf *conf,
			  const struct eam *eam)
{
	struct location at = { .file = conf->files[0] };

	if (nl_is_denied(ctl->nl))
		return ctl_result(ctl, EXIT_REFUSED);
	if (eam) {
		at.line = eam->line;
		error_at(&at, eam->column4, "%s", nl_error(ctl->nl));
	} else {
		error_at(&at, 0, "%s", nl_error(ctl->nl));
	}
	return EXIT_REFUSED;
}

static int stage_eams(struct ctl *ctl, const struct conf *conf)
{
	size_t done, n, bad;
	int ret = EXIT_OK;

	for (done = 0; done < conf->n_eams && !ret; done += n) {
		show_progress(done, conf->n_eams);
		n = conf->n_eams - done < STEP ? conf->n_eams - done : STEP;
		/* conf_check() has refused overlaps that are not permitted. */
		ret = module_eam_add(ctl->nl, conf->eams + done, n,
				     MODULE_STAGED | MODULE_FORCE, &bad);
		if (!ret)
			continue;
		show_progress(conf->n_eams, conf->n_eams);
		return report_refusal(ctl, conf, bad < n ?
				      &conf->eams[done + bad] : NULL);
	}
	show_progress(conf->n_eams, conf->n_eams);
	return ret;
}

static int stage_conf(struct ctl *ctl, const struct conf *conf)
{
	unsigned int i;

	if (module_settings_set(ctl->nl, conf->settings, MODULE_STAGED))
		return report_refusal(ctl, conf, NULL);
	for (i = 0; i < conf->n_pref64s; i++)
		if (module_prefix_add(ctl->nl, &conf->pref64s[i],
				      MODULE_STAGED | MODULE_FORCE))
			return report_refusal(ctl, conf, NULL);
	return stage_eams(ctl, conf);
}

static int load_conf(struct ctl *ctl, const struct conf *conf,
		     struct reply *reply)
{
	int ret;

	if (module_load_begin(ctl->nl, conf->n_eams, ctl->force))
		return report_refusal(ctl, conf, NULL);
	ret = stage_conf(ctl, conf);
	if (!ret && module_load_commit(ctl->nl, reply))
		ret = report_refusal(ctl, conf, NULL);
	if (ret)
		module_load_abort(ctl->nl);
	return ret;
}

static void load_out(struct out *out, const struct conf *conf,
		     bool changed, __u64 digest)
{
	out_begin(out);
	out_bool(out, "changed", NULL, changed);
	out_text(out, changed ? "loaded: " : "unchanged: ");
	counts_out(out, conf);
	out_string(out, "digest", ", digest %s\n", digest_text(digest));
	out_end(out);
}

/* load */
int cmd_load(struct ctl *ctl, struct request *req)
{
	struct reply reply = { .changed = true };
	struct xdp x;
	bool changed;
	int ret;

	ret = xdp_open(&x, ctl);
	if (!ret)
		ret = xdp_prepare(&x, &req->conf);
	if (!ret) {
		ret = load_conf(ctl, &req->conf, &reply);
		if (ret)
			xdp_undo(&x);
	}
	changed = reply.changed;
	if (!ret)
		ret = xdp_finish(&x, &req->conf, &changed);
	if (!ret)
		load_out(&ctl->out, &req->conf, changed, reply.digest);
	xdp_close(&x);
	reply_free(&reply);
	return ret;
}
