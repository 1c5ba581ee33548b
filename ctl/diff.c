// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "module.h"
#include "print.h"
#include "xdp.h"

enum change { REMOVED, ADDED };

/* Changes that were put out. */
static unsigned int n_changes;

static void change_out(struct out *out, enum change change, const char *words)
{
	static const char *const signs[] = { "-", "+" };
	static const char *const names[] = { "removed", "added" };

	n_changes++;
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
	setting_out(out, "value", key, value);
	change_end(out);
}

static void diff_settings(struct out *out, const struct setting_value *now,
			  const struct setting_value *then)
{
	char was[64];
	size_t i;

	for (i = 0; i < settings_count; i++) {
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
			const struct pref64 *t)
{
	change_out(out, change, "prefix add");
	pref64_out(out, "prefix", t);
	change_end(out);
}

static void diff_prefixes(struct out *out, const struct conf *now,
			  const struct conf *then)
{
	const struct pref64 *a = now->pref64s;
	const struct pref64 *b = then->pref64s;
	const struct pref64 *end_a = a + now->n_pref64s;
	const struct pref64 *end_b = b + then->n_pref64s;
	int order;

	while (a < end_a || b < end_b) {
		order = a == end_a ? 1 : b == end_b ? -1 :
			conf_compare_pref64s(a, b);
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
			 !addr_same6(&a->own, &b->own) || a->edge != b->edge;
		if (differ && order <= 0)
			diff_eam(out, REMOVED, a);
		if (differ && order >= 0)
			diff_eam(out, ADDED, b);
		a += order <= 0;
		b += order >= 0;
	}
}

static void diff_xdp(struct out *out, enum change change,
		     const struct xdp_line *xdp)
{
	change_out(out, change, "xdp add");
	xdp_line_out(out, "xdp", xdp);
	change_end(out);
}

static void diff_xdps(struct out *out, const struct conf *now,
		      const struct conf *then)
{
	const struct xdp_line *a = now->xdps;
	const struct xdp_line *b = then->xdps;
	const struct xdp_line *end_a = a + now->n_xdps;
	const struct xdp_line *end_b = b + then->n_xdps;
	bool differ;
	int order;

	while (a < end_a || b < end_b) {
		order = a == end_a ? 1 : b == end_b ? -1 :
			conf_compare_xdps(a, b);
		differ = order || a->generic != b->generic;
		if (differ && order <= 0)
			diff_xdp(out, REMOVED, a);
		if (differ && order >= 0)
			diff_xdp(out, ADDED, b);
		a += order <= 0;
		b += order >= 0;
	}
}

/* diff */
int cmd_diff(struct ctl *ctl, struct request *req)
{
	struct conf *then = &req->conf;
	struct conf now = {};
	int ret;

	n_changes = 0;
	ret = ctl_result(ctl, module_conf_get(ctl->nl, &now));
	if (!ret)
		ret = xdp_read(ctl, &now);
	if (!ret) {
		conf_sort(then);
		settings_complete(then->settings);
		out_begin(&ctl->out);
		out_array(&ctl->out, "changes");
		diff_settings(&ctl->out, now.settings, then->settings);
		diff_prefixes(&ctl->out, &now, then);
		diff_eams(&ctl->out, &now, then);
		diff_xdps(&ctl->out, &now, then);
		out_close(&ctl->out);
		out_end(&ctl->out);
	}
	conf_free(&now);
	return ret ? ret : n_changes ? EXIT_DIFFERENT : EXIT_OK;
}
