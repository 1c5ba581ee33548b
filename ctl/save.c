// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>

#include "command.h"
#include "module.h"
#include "print.h"

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
	for (i = 0; i < settings_count; i++)
		if (conf->settings[i].given)
			setting_out(out, settings_table[i].name, i, &conf->settings[i]);
	out_close(out);
	out_array(out, "prefixes");
	for (i = 0; i < conf->n_pref64s; i++)
		pref64_out(out, "", &conf->pref64s[i]);
	out_close(out);
	out_array(out, "mappings");
	for (i = 0; i < conf->n_eams; i++)
		eam_out(out, "", &conf->eams[i]);
	out_close(out);
	out_end(out);
}

/* save */
int cmd_save(struct ctl *ctl, struct request *req)
{
	struct conf conf = {};
	int ret;

	(void)req;
	ret = ctl_result(ctl, module_conf_get(ctl->nl, &conf));
	if (!ret) {
		conf_force_overlaps(&conf);
		conf_out(&ctl->out, &conf);
	}
	conf_free(&conf);
	return ret;
}
