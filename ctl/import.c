// SPDX-License-Identifier: GPL-2.0
#include "import.h"

#include <stdio.h>

#include "command.h"

static const struct {
	const char *name;
	int (*read)(struct conf *conf, const char *file);
} formats[] = {
	{ "map646", import_map646 },
	{ "jool", import_jool },
};

/* map646|jool FILE */
int read_import(struct ctl *ctl, struct args *args, struct request *req)
{
	int ret;

	(void)ctl;
	ret = args_keyword(args, &formats[0].name, sizeof(formats[0]),
			   ARRAY_SIZE(formats), "map646 or jool", &req->verb);
	return ret ? ret : args_next(args, &req->file, "a file");
}

/* import */
int cmd_import(struct ctl *ctl, struct request *req)
{
	struct conf *conf = &req->conf;
	int ret;

	(void)ctl;
	ret = formats[req->verb].read(conf, req->file);
	if (ret)
		return ret;
	conf_sort(conf);
	conf_force_overlaps(conf);
	conf_print(conf, stdout);
	return EXIT_OK;
}
