// SPDX-License-Identifier: GPL-2.0
#include "import.h"

#include "command.h"
#include "print.h"

static const struct {
	const char *name;
	int (*read)(struct conf *conf, const char *file);
} formats[] = {
	{ "map646", import_map646 },
	{ "jool", import_jool },
	{ "tayga", import_tayga },
};

/* map646|jool|tayga FILE */
int read_import(struct ctl *ctl, struct args *args, struct request *req)
{
	int ret;

	(void)ctl;
	ret = args_keyword(args, &formats[0].name, sizeof(formats[0]),
			   ARRAY_SIZE(formats), "map646, jool or tayga",
			   &req->verb);
	return ret ? ret : args_next(args, &req->file, "a file");
}

/* import */
int cmd_import(struct ctl *ctl, struct request *req)
{
	struct conf *conf = &req->conf;
	int ret;

	ret = formats[req->verb].read(conf, req->file);
	if (ret)
		return ret;
	conf_sort(conf);
	conf_force_overlaps(conf);
	conf_out(&ctl->out, conf);
	return EXIT_OK;
}
