// SPDX-License-Identifier: GPL-2.0-only
#include "command.h"
#include "module.h"
#include "print.h"
#include "xdp.h"

/* save */
int cmd_save(struct ctl *ctl, struct request *req)
{
	struct conf conf = {};
	int ret;

	(void)req;
	ret = ctl_result(ctl, module_conf_get(ctl->nl, &conf));
	if (!ret)
		ret = xdp_read(ctl, &conf);
	if (!ret) {
		conf_force_overlaps(&conf);
		conf_out(&ctl->out, &conf);
	}
	conf_free(&conf);
	return ret;
}
