// SPDX-License-Identifier: GPL-2.0-only
#include "conf.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

/**
 * conf_add_eam() - add a mapping to a configuration
 * @conf: configuration
 * @eam: mapping
 */
void conf_add_eam(struct conf *conf, const struct eam *eam)
{
	if (conf->n_eams == conf->room) {
		conf->room = conf->room ? conf->room * 2 : 256;
		conf->eams = xrealloc(conf->eams, conf->room,
				      sizeof(*conf->eams));
	}
	conf->eams[conf->n_eams++] = *eam;
}

/**
 * conf_add_xdp() - add a device with XDP to a configuration
 * @conf: configuration
 * @xdp: device
 */
void conf_add_xdp(struct conf *conf, const struct xdp_line *xdp)
{
	conf->xdps = xrealloc(conf->xdps, conf->n_xdps + 1,
			      sizeof(*conf->xdps));
	conf->xdps[conf->n_xdps++] = *xdp;
}

/**
 * conf_find_xdp() - find a device with XDP in a configuration
 * @conf: configuration
 * @device: name of the device
 *
 * Return: its line, or NULL
 */
const struct xdp_line *conf_find_xdp(const struct conf *conf,
				     const char *device)
{
	size_t i;

	for (i = 0; i < conf->n_xdps; i++)
		if (!strcmp(conf->xdps[i].device, device))
			return &conf->xdps[i];
	return NULL;
}

/**
 * conf_free() - free what a configuration holds, which loses its mappings and
 *	its devices
 * @conf: configuration
 */
void conf_free(struct conf *conf)
{
	free(conf->eams);
	conf->eams = NULL;
	conf->n_eams = 0;
	conf->room = 0;
	free(conf->xdps);
	conf->xdps = NULL;
	conf->n_xdps = 0;
}

/**
 * conf_compare_pref64s() - order of translation prefixes, for qsort()
 * @a: struct pref64
 * @b: struct pref64
 */
int conf_compare_pref64s(const void *a, const void *b)
{
	const struct prefix6 *x = &((const struct pref64 *)a)->prefix;
	const struct prefix6 *y = &((const struct pref64 *)b)->prefix;
	int order = memcmp(&x->addr, &y->addr, sizeof(x->addr));

	return order ? order : x->len - y->len;
}

/**
 * conf_compare_eams() - order of mappings by IPv4 prefix, for qsort()
 * @a: struct eam
 * @b: struct eam
 */
int conf_compare_eams(const void *a, const void *b)
{
	const struct prefix4 *x = &((const struct eam *)a)->p4;
	const struct prefix4 *y = &((const struct eam *)b)->p4;
	__u32 addr_x = ntohl(x->addr.s_addr);
	__u32 addr_y = ntohl(y->addr.s_addr);

	if (addr_x != addr_y)
		return addr_x < addr_y ? -1 : 1;
	return x->len - y->len;
}

/**
 * conf_compare_xdps() - order of devices with XDP by name, for qsort()
 * @a: struct xdp_line
 * @b: struct xdp_line
 */
int conf_compare_xdps(const void *a, const void *b)
{
	return strcmp(((const struct xdp_line *)a)->device,
		      ((const struct xdp_line *)b)->device);
}

/**
 * conf_sort() - put a configuration in the order in which it is shown
 * @conf: configuration
 */
void conf_sort(struct conf *conf)
{
	qsort(conf->pref64s, conf->n_pref64s,
	      sizeof(*conf->pref64s), conf_compare_pref64s);
	if (conf->n_eams)
		qsort(conf->eams, conf->n_eams, sizeof(*conf->eams),
		      conf_compare_eams);
	if (conf->n_xdps)
		qsort(conf->xdps, conf->n_xdps, sizeof(*conf->xdps),
		      conf_compare_xdps);
}

static bool is_filtered(const struct conf *conf)
{
	return !settings_are_direct(conf->settings);
}

static bool has_mark(const struct conf *conf)
{
	return settings_find(conf->settings, NAT64_SETTING_MARK)->mask;
}

static bool is_counted(const struct conf *conf)
{
	return settings_are_counted(conf->settings);
}

static bool has_edge(const struct conf *conf)
{
	size_t i;

	for (i = 0; i < conf->n_eams; i++)
		if (conf->eams[i].edge)
			return true;
	return false;
}

static const struct xdp_obstacle obstacles[] = {
	{ is_filtered, "forwarding is filtered", "nat64ctl set forwarding direct" },
	{ has_mark, "mark is set", "nat64ctl set mark none" },
	{ is_counted, "counters is on", "nat64ctl set counters off" },
	{ has_edge, "there are edge mappings", NULL },
};

/**
 * conf_next_obstacle() - why nothing is translated by XDP with a configuration
 * @conf: configuration
 * @last: the reason that was found last, or NULL for the first
 *
 * Return: the next reason, or NULL if there is none
 */
const struct xdp_obstacle *conf_next_obstacle(const struct conf *conf,
					      const struct xdp_obstacle *last)
{
	const struct xdp_obstacle *next = last ? last + 1 : obstacles;

	for (; next < obstacles + ARRAY_SIZE(obstacles); next++)
		if (next->stands(conf))
			return next;
	return NULL;
}

/**
 * conf_print_eam() - write a mapping as a configuration has it
 * @eam: mapping
 * @to: where to
 */
void conf_print_eam(const struct eam *eam, FILE *to)
{
	fprintf(to, "add %s %s", addr_short4(&eam->p4), addr_short6(&eam->p6));
	if (eam->own.len)
		fprintf(to, " prefix %s", addr_text6(&eam->own));
	if (eam->edge)
		fputs(" edge", to);
	if (eam->force)
		fputs(" force", to);
	fputc('\n', to);
}

/**
 * conf_print() - write a configuration as load reads it
 * @conf: configuration
 * @to: where to
 *
 * Settings that are those of an empty configuration are left out, so that two
 * equal configurations have one text.
 */
void conf_print(const struct conf *conf, FILE *to)
{
	const struct pref64 *t;
	size_t i;

	for (i = 0; i < settings_count; i++)
		if (conf->settings[i].given &&
		    !settings_is_initial(i, &conf->settings[i]))
			fprintf(to, "set %s %s\n", settings_table[i].name,
				settings_text(i, &conf->settings[i]));
	for (i = 0; i < conf->n_pref64s; i++) {
		t = &conf->pref64s[i];
		fprintf(to, "prefix add %s%s\n", addr_text6(&t->prefix),
			t->primary ? " primary" : "");
	}
	for (i = 0; i < conf->n_eams; i++)
		conf_print_eam(&conf->eams[i], to);
	for (i = 0; i < conf->n_xdps; i++)
		fprintf(to, "xdp add %s%s\n", conf->xdps[i].device,
			conf->xdps[i].generic ? " generic" : "");
}
