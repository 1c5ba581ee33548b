// SPDX-License-Identifier: GPL-2.0-only
/*
 * XDP as part of a load. The program is attached before the configuration is put in
 * place: until then it lets frames go up, or takes them by the old one. It is
 * detached afterwards.
 */
#include <stdio.h>
#include <string.h>

#include "xdp.h"

static void revert_change(struct xdp *x, const struct xdp_change *change)
{
	if (change->attached)
		link_detach(x->nl, change->link, x->program, change->generic);
	if (change->detached)
		link_attach(x->nl, change->link, x->program, !change->generic);
}

static void keep_change(struct xdp *x, const struct xdp_change *change)
{
	x->changes = xrealloc(x->changes, x->n_changes + 1,
			      sizeof(*x->changes));
	x->changes[x->n_changes++] = *change;
}

/* Attaches the program, in the place of the same one in the other mode. */
static int change_device(struct xdp *x, struct link *link, bool generic,
			 char *error)
{
	struct xdp_change change = { .link = link, .generic = generic };
	int ret = EXIT_OK;

	if (link_is_ours(link)) {
		ret = xdp_load_program(x, error);
		if (!ret)
			ret = xdp_detach(x, link, error);
		change.detached = !ret;
	}
	if (!ret)
		ret = xdp_attach(x, link, generic, error);
	change.attached = !ret;
	if (ret)
		revert_change(x, &change);
	else
		keep_change(x, &change);
	return ret;
}

static int prepare_line(struct xdp *x, const struct location *at,
			const struct xdp_line *line)
{
	struct link *link = link_by_name(&x->links, line->device);
	char error[XDP_ERROR];

	if (!link) {
		error_at(at, line->column,
			 "warning: there is no device %s: its packets are translated without XDP",
			 line->device);
		return EXIT_OK;
	}
	if (link_is_ours(link) && line->generic == !link->xdp.native)
		return EXIT_OK;
	if (!change_device(x, link, line->generic, error))
		return EXIT_OK;
	error_at(at, line->column, x->ctl->force ?
		 "warning: without XDP: %s" : "%s", error);
	return x->ctl->force ? EXIT_OK : EXIT_REFUSED;
}

/**
 * xdp_prepare() - attach the program to devices that a configuration names
 * @x: devices
 * @conf: configuration
 *
 * With -f, a device that is not fit for it is only warned of: when the machine
 * boots, its hosts are to be reached, if more slowly. On an error all is as it was.
 */
int xdp_prepare(struct xdp *x, const struct conf *conf)
{
	struct location at = { .file = conf->files[0] };
	int ret = EXIT_OK;
	size_t i;

	for (i = 0; i < conf->n_xdps && !ret; i++) {
		at.line = conf->xdps[i].line;
		ret = prepare_line(x, &at, &conf->xdps[i]);
	}
	if (ret)
		xdp_undo(x);
	return ret;
}

/**
 * xdp_undo() - take back what xdp_prepare() did
 * @x: devices
 */
void xdp_undo(struct xdp *x)
{
	while (x->n_changes)
		revert_change(x, &x->changes[--x->n_changes]);
}

/**
 * xdp_finish() - detach the program from devices that a configuration does not name
 * @x: devices
 * @conf: configuration, which is in place
 * @changed: set if that or xdp_prepare() changed anything
 */
int xdp_finish(struct xdp *x, const struct conf *conf, bool *changed)
{
	struct location at = { .file = conf->files[0] };
	char error[XDP_ERROR];
	int ret = EXIT_OK;
	size_t i;

	*changed |= x->n_changes;
	for (i = 0; i < x->links.n; i++) {
		struct link *link = &x->links.links[i];

		if (!link_is_ours(link) || conf_find_xdp(conf, link->name))
			continue;
		if (!xdp_detach(x, link, error)) {
			*changed = true;
			continue;
		}
		error_at(&at, 0, "loaded, but the XDP program stays: %s", error);
		ret = EXIT_REFUSED;
	}
	return ret;
}
