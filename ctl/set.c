// SPDX-License-Identifier: GPL-2.0-only
#include "command.h"
#include "module.h"
#include "print.h"

/* KEY VALUE */
int read_set(struct ctl *ctl, struct args *args, struct request *req)
{
	(void)ctl;
	return settings_read(args, &req->key, &req->value);
}

/* set */
int cmd_set(struct ctl *ctl, struct request *req)
{
	struct setting_value values[SETTINGS_MAX] = {};

	values[req->key] = req->value;
	return ctl_done(ctl, module_settings_set(ctl->nl, values, 0));
}

/* [KEY] */
int read_get(struct ctl *ctl, struct args *args, struct request *req)
{
	(void)ctl;
	req->has_key = args_more(args);
	return req->has_key ? settings_read_key(args, &req->key) : EXIT_OK;
}

/* get */
int cmd_get(struct ctl *ctl, struct request *req)
{
	struct setting_value values[SETTINGS_MAX] = {};
	unsigned int i;
	int ret;

	ret = ctl_result(ctl, module_settings_get(ctl->nl, values));
	if (ret)
		return ret;
	out_begin(&ctl->out);
	out_object(&ctl->out, "settings");
	for (i = 0; i < settings_count; i++) {
		if (!values[i].given || (req->has_key && i != req->key))
			continue;
		if (!req->has_key)
			out_text(&ctl->out, "%s ", settings_table[i].name);
		setting_out(&ctl->out, settings_table[i].name, i, &values[i]);
		out_text(&ctl->out, "\n");
	}
	out_close(&ctl->out);
	out_end(&ctl->out);
	return EXIT_OK;
}
