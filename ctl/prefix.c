// SPDX-License-Identifier: GPL-2.0
#include "ctl.h"
#include "nl.h"

/* prefix add PREFIX/LEN [primary] */
static int prefix_add(struct ctl *ctl, struct words *w)
{
	struct translation t;
	int ret;

	ret = conf_read_translation(w, &t);
	if (!ret)
		ret = ctl_connect(ctl);
	if (ret)
		return ret;
	return ctl_result(ctl, nl_prefix_add(ctl->nl, &t,
					     ctl->force ? NL_FORCE : 0));
}

/* prefix del PREFIX/LEN */
static int prefix_del(struct ctl *ctl, struct words *w)
{
	struct prefix6 p;
	int ret;

	ret = addr_read_translation(w, &p);
	if (!ret)
		ret = words_end(w);
	if (!ret)
		ret = ctl_connect(ctl);
	return ret ? ret : ctl_result(ctl, nl_prefix_del(ctl->nl, &p));
}

/**
 * prefix_out() - put out a translation prefix
 * @out: output
 * @key: its name, inside an object
 * @t: translation prefix
 */
void prefix_out(struct out *out, const char *key, const struct translation *t)
{
	out_object(out, key);
	out_string(out, "prefix", "%s", addr_text6(&t->prefix));
	out_bool(out, "primary", " primary", t->primary);
	out_close(out);
}

/* prefix list */
static int prefix_list(struct ctl *ctl, struct words *w)
{
	struct nl_reply reply = {};
	unsigned int i;
	int ret;

	ret = words_end(w);
	if (!ret)
		ret = ctl_connect(ctl);
	if (!ret)
		ret = ctl_result(ctl, nl_prefix_list(ctl->nl, &reply));
	if (!ret) {
		conf_sort(&reply.conf);
		out_begin(&ctl->out);
		out_array(&ctl->out, "prefixes");
		for (i = 0; i < reply.conf.n_translations; i++) {
			prefix_out(&ctl->out, "", &reply.conf.translations[i]);
			out_text(&ctl->out, "\n");
		}
		out_close(&ctl->out);
		out_end(&ctl->out);
	}
	nl_reply_free(&reply);
	return ret;
}

/* prefix add|del|list */
int cmd_prefix(struct ctl *ctl, struct words *w)
{
	static const struct {
		const char *name;
		int (*run)(struct ctl *ctl, struct words *w);
	} verbs[] = {
		{ "add", prefix_add },
		{ "del", prefix_del },
		{ "list", prefix_list },
	};
	unsigned int key;
	int ret;

	ret = words_key(w, &verbs[0].name, sizeof(verbs[0]), 3,
			"add, del or list", &key);
	return ret ? ret : verbs[key].run(ctl, w);
}
