// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "nl.h"

/* How often a configuration is read again when it changes meanwhile. */
#define TRIES	8

/* The three parts of a configuration, which may be of different times. */
static int read_parts(struct ctl *ctl, struct conf *conf)
{
	struct nl_reply part = {};
	int ret;

	ret = nl_prefix_list(ctl->nl, &part);
	if (!ret) {
		conf->n_translations = part.conf.n_translations;
		memcpy(conf->translations, part.conf.translations,
		       sizeof(conf->translations));
		ret = nl_settings_get(ctl->nl, conf->settings);
	}
	nl_reply_free(&part);
	if (!ret)
		ret = nl_eam_list(ctl->nl, NULL, &part);
	conf->n_eams = part.conf.n_eams;
	conf->eams = part.conf.eams;
	return ret;
}

static int generation(struct ctl *ctl, __u32 *number)
{
	struct nl_reply reply = {};
	int ret;

	ret = nl_status(ctl->nl, &reply);
	*number = reply.generation;
	nl_reply_free(&reply);
	return ret;
}

/* A whole configuration of one time, sorted. */
static int read_kernel(struct ctl *ctl, struct conf *conf)
{
	__u32 before, after;
	int ret;
	int i;

	for (i = 0; i < TRIES; i++) {
		ret = generation(ctl, &before);
		if (!ret)
			ret = read_parts(ctl, conf);
		if (!ret)
			ret = generation(ctl, &after);
		if (ret)
			return ctl_result(ctl, ret);
		if (before == after) {
			conf_sort(conf);
			return DONE;
		}
		conf_free(conf);
	}
	place_error(&ctl->at, 0,
		    "the configuration kept changing while it was read; try again");
	return REFUSED;
}

static void conf_out(struct out *out, const struct conf *conf)
{
	size_t i;

	if (!out->json) {
		conf_print(conf, stdout);
		fflush(stdout);
		return;
	}
	out_begin(out);
	out_object(out, "settings");
	for (i = 0; i < N_SETTINGS; i++)
		if (conf->settings[i].given)
			settings_out(out, i, &conf->settings[i]);
	out_close(out);
	out_array(out, "prefixes");
	for (i = 0; i < conf->n_translations; i++)
		prefix_out(out, "", &conf->translations[i]);
	out_close(out);
	out_array(out, "mappings");
	for (i = 0; i < conf->n_eams; i++)
		eam_out(out, "", &conf->eams[i]);
	out_close(out);
	out_end(out);
}

/* save */
int cmd_save(struct ctl *ctl, struct words *w)
{
	struct conf conf = {};
	int ret;

	ret = words_end(w);
	if (!ret)
		ret = ctl_connect(ctl);
	if (!ret)
		ret = read_kernel(ctl, &conf);
	if (!ret) {
		conf_force_overlaps(&conf);
		conf_out(&ctl->out, &conf);
	}
	conf_free(&conf);
	return ret;
}

enum change { REMOVED, ADDED };

static void change_out(struct out *out, enum change change, const char *words)
{
	static const char *const signs[] = { "-", "+" };
	static const char *const names[] = { "removed", "added" };

	out_object(out, "");
	out_string(out, "change", NULL, names[change]);
	out_text(out, "%s %s ", signs[change], words);
}

static void change_end(struct out *out)
{
	out_close(out);
	out_text(out, "\n");
}

static void diff_setting(struct out *out, enum change change, unsigned int key,
			 const struct setting_value *value)
{
	change_out(out, change, "set");
	out_text(out, "%s ", settings_table[key].name);
	out_string(out, "setting", NULL, settings_table[key].name);
	out_string(out, "value", "%s", settings_text(key, value));
	change_end(out);
}

static void diff_settings(struct out *out, const struct setting_value *now,
			  const struct setting_value *then)
{
	char was[64];
	unsigned int i;

	for (i = 0; i < N_SETTINGS; i++) {
		if (!now[i].given)
			continue;
		snprintf(was, sizeof(was), "%s", settings_text(i, &now[i]));
		if (!strcmp(was, settings_text(i, &then[i])))
			continue;
		diff_setting(out, REMOVED, i, &now[i]);
		diff_setting(out, ADDED, i, &then[i]);
	}
}

static void diff_prefix(struct out *out, enum change change,
			const struct translation *t)
{
	change_out(out, change, "prefix add");
	prefix_out(out, "prefix", t);
	change_end(out);
}

static void diff_prefixes(struct out *out, const struct conf *now,
			  const struct conf *then)
{
	const struct translation *a = now->translations;
	const struct translation *b = then->translations;
	const struct translation *end_a = a + now->n_translations;
	const struct translation *end_b = b + then->n_translations;
	int order;

	while (a < end_a || b < end_b) {
		order = a == end_a ? 1 : b == end_b ? -1 :
			conf_compare_translations(a, b);
		if (order < 0 || (!order && a->primary != b->primary))
			diff_prefix(out, REMOVED, a);
		if (order > 0 || (!order && a->primary != b->primary))
			diff_prefix(out, ADDED, b);
		a += order <= 0;
		b += order >= 0;
	}
}

static void diff_eam(struct out *out, enum change change, const struct eam *eam)
{
	change_out(out, change, "add");
	eam_out(out, "mapping", eam);
	change_end(out);
}

static void diff_eams(struct out *out, const struct conf *now,
		      const struct conf *then)
{
	const struct eam *a = now->eams;
	const struct eam *b = then->eams;
	const struct eam *end_a = a + now->n_eams;
	const struct eam *end_b = b + then->n_eams;
	bool differ;
	int order;

	while (a < end_a || b < end_b) {
		order = a == end_a ? 1 : b == end_b ? -1 :
			conf_compare_eams(a, b);
		differ = order || !addr_same6(&a->p6, &b->p6) ||
			 !addr_same6(&a->own, &b->own);
		if (differ && order <= 0)
			diff_eam(out, REMOVED, a);
		if (differ && order >= 0)
			diff_eam(out, ADDED, b);
		a += order <= 0;
		b += order >= 0;
	}
}

/* diff FILE|- */
int cmd_diff(struct ctl *ctl, struct words *w)
{
	struct conf then = {};
	struct conf now = {};
	int ret;

	ret = load_read_file(ctl, w, &then);
	if (!ret)
		ret = ctl_connect(ctl);
	if (!ret)
		ret = read_kernel(ctl, &now);
	if (!ret) {
		conf_sort(&then);
		settings_complete(then.settings);
		out_begin(&ctl->out);
		out_array(&ctl->out, "changes");
		diff_settings(&ctl->out, now.settings, then.settings);
		diff_prefixes(&ctl->out, &now, &then);
		diff_eams(&ctl->out, &now, &then);
		out_close(&ctl->out);
		out_end(&ctl->out);
	}
	conf_free(&then);
	conf_free(&now);
	return ret;
}
