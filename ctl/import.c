// SPDX-License-Identifier: GPL-2.0-only
#include "import.h"

#include "command.h"
#include "input.h"
#include "print.h"

/**
 * struct format - a kind of file
 * @name: of the translator
 * @read: reads a file
 * @pref64: what gives the translation prefix there; NULL where each mapping is of
 *	an IPv6 host
 */
static const struct format {
	const char *name;
	int (*read)(struct conf *conf, const char *file);
	const char *pref64;
} formats[] = {
	{ "map646", import_map646, NULL },
	{ "jool", import_jool, "\"pool6\"" },
	{ "tayga", import_tayga, "prefix" },
};

/* map646 FILE | jool|tayga FILE [edge IPV4[/LEN]]... */
int read_import(struct ctl *ctl, struct args *args, struct request *req)
{
	static const char *const names[] = { "edge" };
	unsigned int key;
	int ret;

	(void)ctl;
	ret = args_keyword(args, &formats[0].name, sizeof(formats[0]),
			   ARRAY_SIZE(formats), "map646, jool or tayga",
			   &req->verb);
	if (!ret)
		ret = args_next(args, &req->file, "a file");
	while (!ret && args_more(args) && formats[req->verb].pref64) {
		ret = args_keyword(args, names, sizeof(*names), 1, "edge",
				   &key);
		if (!ret)
			ret = addr_read4(args, "an IPv4 address",
					 &req->edges[req->n_edges++]);
	}
	return ret;
}

/* Mappings of hosts on the IPv4 side, by their IPv4 addresses. */
static int set_edge(struct conf *conf, const struct prefix4 *p)
{
	bool is_found = false;
	size_t i;

	for (i = 0; i < conf->n_eams; i++) {
		struct eam *eam = &conf->eams[i];

		if (eam->p4.len < p->len || !addr_overlap4(&eam->p4, p))
			continue;
		eam->edge = true;
		is_found = true;
	}
	if (is_found)
		return EXIT_OK;
	error_at(&(struct location){}, 0, "edge %s: no mapping lies inside",
		 addr_short4(p));
	return EXIT_USAGE;
}

static int set_sides(const struct request *req, struct conf *conf)
{
	const char *pref64 = formats[req->verb].pref64;
	struct location at = { .file = input_name(req->file) };
	unsigned int i;
	int ret;

	for (i = 0; i < req->n_edges; i++) {
		ret = set_edge(conf, &req->edges[i]);
		if (ret)
			return ret;
	}
	return pref64 ? import_check_sides(conf, &at, pref64) : EXIT_OK;
}

/* import */
int cmd_import(struct ctl *ctl, struct request *req)
{
	struct conf *conf = &req->conf;
	int ret;

	ret = formats[req->verb].read(conf, req->file);
	if (!ret)
		ret = set_sides(req, conf);
	if (ret)
		return ret;
	conf_sort(conf);
	conf_force_overlaps(conf);
	conf_out(&ctl->out, conf);
	return EXIT_OK;
}
