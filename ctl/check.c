// SPDX-License-Identifier: GPL-2.0
#include "command.h"
#include "print.h"

/* FILE|- */
int read_conf(struct ctl *ctl, struct args *args, struct request *req)
{
	int ret;

	ret = args_next(args, &req->file, "a file");
	if (!ret)
		ret = args_end(args);
	return ret ? ret : conf_load_file(&req->conf, req->file, ctl->force);
}

/* check */
int cmd_check(struct ctl *ctl, struct request *req)
{
	out_begin(&ctl->out);
	counts_out(&ctl->out, &req->conf);
	out_text(&ctl->out, "\n");
	out_end(&ctl->out);
	return EXIT_OK;
}
