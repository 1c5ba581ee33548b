// SPDX-License-Identifier: GPL-2.0
#include "import.h"

#include <stdio.h>

#include "ctl.h"

/* import map646|jool FILE */
int cmd_import(struct ctl *ctl, struct words *w)
{
	static const struct {
		const char *name;
		int (*read)(struct conf *conf, const char *file);
	} formats[] = {
		{ "map646", import_map646 },
		{ "jool", import_jool },
	};
	struct conf conf = {};
	unsigned int key;
	const char *file;
	int ret;

	(void)ctl;
	ret = words_key(w, &formats[0].name, sizeof(formats[0]), 2,
			"map646 or jool", &key);
	if (!ret)
		ret = words_next(w, &file, "a file");
	if (!ret)
		ret = words_end(w);
	if (!ret)
		ret = formats[key].read(&conf, file);
	if (!ret) {
		conf_sort(&conf);
		conf_force_overlaps(&conf);
		conf_print(&conf, stdout);
	}
	conf_free(&conf);
	return ret;
}
