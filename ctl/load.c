// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <unistd.h>

#include "ctl.h"
#include "nl.h"

/* Mappings from one progress line to the next. */
#define STEP	20000

/**
 * load_read_file() - read the file that a command names as its last word
 * @ctl: this run
 * @w: words
 * @conf: filled in; to be freed whatever is returned
 */
int load_read_file(struct ctl *ctl, struct words *w, struct conf *conf)
{
	const char *file;
	int ret;

	ret = words_next(w, &file, "a file");
	if (!ret)
		ret = words_end(w);
	return ret ? ret : conf_load_file(conf, file, ctl->force);
}

static void counts_out(struct out *out, const struct conf *conf)
{
	unsigned int settings = 0;
	unsigned int i;

	for (i = 0; i < N_SETTINGS; i++)
		settings += conf->settings[i].given;
	out_number(out, "settings", "%llu settings, ", settings);
	out_number(out, "prefixes", "%llu prefixes, ", conf->n_translations);
	out_number(out, "mappings", "%llu mappings", conf->n_eams);
}

/* check FILE|- */
int cmd_check(struct ctl *ctl, struct words *w)
{
	struct conf conf = {};
	int ret;

	ret = load_read_file(ctl, w, &conf);
	if (!ret) {
		out_begin(&ctl->out);
		counts_out(&ctl->out, &conf);
		out_text(&ctl->out, "\n");
		out_end(&ctl->out);
	}
	conf_free(&conf);
	return ret;
}

static void progress(size_t done, size_t all)
{
	static const char clear[] = "\r\033[K";

	if (all < STEP || !isatty(STDERR_FILENO))
		return;
	fputs(clear, stderr);
	if (done < all)
		fprintf(stderr, "%zu of %zu mappings", done, all);
}

/* Names the line that the kernel has refused, when it is a mapping's. */
static int refused(const struct ctl *ctl, const struct conf *conf,
		   const struct eam *eam)
{
	struct place at = { .file = conf->files[0] };

	if (eam) {
		at.line = eam->line;
		place_error(&at, eam->column4, "%s", nl_error(ctl->nl));
	} else {
		place_error(&at, 0, "%s", nl_error(ctl->nl));
	}
	return REFUSED;
}

static int stage_eams(struct ctl *ctl, const struct conf *conf)
{
	size_t done, n;

	for (done = 0; done < conf->n_eams; done += n) {
		progress(done, conf->n_eams);
		n = conf->n_eams - done < STEP ? conf->n_eams - done : STEP;
		/* What overlaps, and may, was found out when it was read. */
		if (nl_eam_add(ctl->nl, conf->eams + done, n,
			       NL_STAGED | NL_FORCE)) {
			long bad = nl_bad_eam(ctl->nl);

			progress(conf->n_eams, conf->n_eams);
			return refused(ctl, conf, bad < 0 ? NULL :
				       &conf->eams[done + bad]);
		}
	}
	progress(conf->n_eams, conf->n_eams);
	return DONE;
}

static int stage(struct ctl *ctl, const struct conf *conf)
{
	unsigned int i;

	if (nl_settings_set(ctl->nl, conf->settings, true))
		return refused(ctl, conf, NULL);
	for (i = 0; i < conf->n_translations; i++)
		if (nl_prefix_add(ctl->nl, &conf->translations[i],
				  NL_STAGED | NL_FORCE))
			return refused(ctl, conf, NULL);
	return stage_eams(ctl, conf);
}

static int transaction(struct ctl *ctl, const struct conf *conf,
		       struct nl_reply *reply)
{
	int ret;

	if (nl_load_begin(ctl->nl, conf->n_eams))
		return refused(ctl, conf, NULL);
	ret = stage(ctl, conf);
	if (!ret && nl_load_commit(ctl->nl, reply))
		ret = refused(ctl, conf, NULL);
	if (ret)
		nl_load_abort(ctl->nl);
	return ret;
}

static void load_out(struct out *out, const struct conf *conf,
		     const struct nl_reply *reply)
{
	char digest[sizeof("0123456789abcdef")];

	snprintf(digest, sizeof(digest), "%016llx",
		 (unsigned long long)reply->digest);
	out_begin(out);
	out_bool(out, "changed", NULL, reply->changed);
	out_text(out, reply->changed ? "loaded: " : "unchanged: ");
	counts_out(out, conf);
	out_string(out, "digest", ", digest %s\n", digest);
	out_end(out);
}

/* load FILE|- */
int cmd_load(struct ctl *ctl, struct words *w)
{
	struct nl_reply reply = { .changed = true };
	struct conf conf = {};
	int ret;

	ret = load_read_file(ctl, w, &conf);
	if (!ret)
		ret = ctl_connect(ctl);
	if (!ret)
		ret = transaction(ctl, &conf, &reply);
	if (!ret)
		load_out(&ctl->out, &conf, &reply);
	nl_reply_free(&reply);
	conf_free(&conf);
	return ret;
}
