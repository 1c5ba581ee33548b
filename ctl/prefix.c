// SPDX-License-Identifier: GPL-2.0-only
#include "command.h"
#include "module.h"
#include "print.h"

enum verb { VERB_ADD, VERB_DEL, VERB_LIST };

/* add PREFIX/LEN [primary] | del PREFIX/LEN | list */
int read_prefix(struct ctl *ctl, struct args *args, struct request *req)
{
	static const char *const verbs[] = {
		[VERB_ADD]	= "add",
		[VERB_DEL]	= "del",
		[VERB_LIST]	= "list",
	};
	int ret;

	(void)ctl;
	ret = args_keyword(args, verbs, sizeof(*verbs), ARRAY_SIZE(verbs),
			   "add, del or list", &req->verb);
	if (ret || req->verb == VERB_LIST)
		return ret;
	if (req->verb == VERB_DEL)
		return addr_read_pref64(args, &req->pref64.prefix);
	return conf_read_pref64(args, &req->pref64);
}

static int list_prefixes(struct ctl *ctl)
{
	struct reply reply = {};
	unsigned int i;
	int ret;

	ret = ctl_result(ctl, module_prefix_list(ctl->nl, &reply));
	if (!ret) {
		conf_sort(&reply.conf);
		out_begin(&ctl->out);
		out_array(&ctl->out, "prefixes");
		for (i = 0; i < reply.conf.n_pref64s; i++) {
			pref64_out(&ctl->out, "", &reply.conf.pref64s[i]);
			out_text(&ctl->out, "\n");
		}
		out_close(&ctl->out);
		out_end(&ctl->out);
	}
	reply_free(&reply);
	return ret;
}

/* prefix */
int cmd_prefix(struct ctl *ctl, struct request *req)
{
	unsigned int flags = ctl->force ? MODULE_FORCE : 0;

	switch (req->verb) {
	case VERB_ADD:
		return ctl_done(ctl, module_prefix_add(ctl->nl, &req->pref64,
						       flags));
	case VERB_DEL:
		return ctl_done(ctl, module_prefix_del(ctl->nl,
						       &req->pref64.prefix));
	default:
		return list_prefixes(ctl);
	}
}
