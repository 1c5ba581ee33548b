// SPDX-License-Identifier: GPL-2.0-only
/* The XDP programs of devices: which they are, attached and detached. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf.h"
#include "nl.h"
#include "xdp.h"

/**
 * xdp_open() - list the devices of this network namespace
 * @x: filled in; to be closed whatever is returned
 * @ctl: this run
 */
int xdp_open(struct xdp *x, const struct ctl *ctl)
{
	int ret;

	memset(x, 0, sizeof(*x));
	x->ctl = ctl;
	x->program = -1;
	x->nl = nl_alloc();
	ret = nl_open_route(x->nl);
	if (!ret)
		ret = link_list(x->nl, &x->links);
	if (ret)
		error_at(&ctl->at, 0, "cannot list devices: %s",
			 nl_error(x->nl));
	return ret;
}

/**
 * xdp_close() - free what xdp_open() and others took
 * @x: devices; all zeros if they were never opened
 */
void xdp_close(struct xdp *x)
{
	if (x->nl && x->program >= 0)
		close(x->program);
	link_free(&x->links);
	nl_close(x->nl);
	free(x->changes);
}

/**
 * xdp_warn() - warn of programs that may be of nat64, and may not be asked
 * @x: devices
 */
void xdp_warn(const struct xdp *x)
{
	size_t i;

	for (i = 0; i < x->links.n; i++)
		if (x->links.links[i].is_unknown)
			error_at(&x->ctl->at, 0,
				 "warning: %s has an XDP program; whether it is that of nat64, only CAP_SYS_ADMIN may ask",
				 x->links.links[i].name);
}

/**
 * xdp_read() - add the devices that have the program to a configuration
 * @ctl: this run
 * @conf: configuration
 */
int xdp_read(const struct ctl *ctl, struct conf *conf)
{
	struct xdp x;
	size_t i;
	int ret;

	ret = xdp_open(&x, ctl);
	for (i = 0; i < x.links.n && !ret; i++) {
		const struct link *link = &x.links.links[i];
		struct xdp_line line = { .generic = !link->xdp.native };

		if (!link_is_ours(link))
			continue;
		strcpy(line.device, link->name);
		conf_add_xdp(conf, &line);
	}
	if (!ret)
		xdp_warn(&x);
	xdp_close(&x);
	conf_sort(conf);
	return ret;
}

/**
 * xdp_out() - put out a device that has the program
 * @out: output, in which an array is open
 * @link: device
 */
void xdp_out(struct out *out, const struct link *link)
{
	out_object(out, "");
	out_string(out, "device", "%s ", link->name);
	out_string(out, "mode", "%s\n", link_mode(link));
	out_number(out, "program", NULL, link_program(link));
	out_close(out);
}

/**
 * xdp_load_program() - load the program, unless that is done
 * @x: devices
 * @error: filled in
 */
int xdp_load_program(struct xdp *x, char *error)
{
	if (x->program < 0)
		x->program = bpf_load(error, XDP_ERROR);
	return x->program < 0 ? EXIT_REFUSED : EXIT_OK;
}

/* Why a device keeps the program that it has. */
static void describe_program(const struct link *link, char *error)
{
	if (link_is_ours(link))
		snprintf(error, XDP_ERROR,
			 "%s has the program already, in %s mode", link->name,
			 link_mode(link));
	else if (link->is_unknown)
		snprintf(error, XDP_ERROR,
			 "%s has an XDP program; whether it is that of nat64, only CAP_SYS_ADMIN may ask",
			 link->name);
	else
		snprintf(error, XDP_ERROR,
			 "%s has another XDP program, %s, number %u, which stays; nat64 can have this device once that is detached",
			 link->name, *link->program ? quoted(link->program) :
			 "without a name", link_program(link));
}

/* What to do about a refusal of the driver's, beside what the kernel says. */
static const char *advice_text(const struct xdp *x, const struct link *link,
			       bool generic)
{
	static char text[160];
	int number = nl_errno(x->nl);

	*text = '\0';
	if (strstr(nl_error(x->nl), "MTU") && !strcmp(link->kind, "veth"))
		snprintf(text, sizeof(text), "; with a smaller one it may");
	else if (strstr(nl_error(x->nl), "MTU"))
		snprintf(text, sizeof(text),
			 "; with a smaller one it may: ip link set dev %s mtu 1500",
			 link->name);
	else if (number == EOPNOTSUPP && !generic)
		snprintf(text, sizeof(text),
			 "; without the driver, and slower: nat64ctl xdp add %s generic",
			 link->name);
	else if (number == EINVAL || number == ENOMEM)
		snprintf(text, sizeof(text),
			 "; dmesg may have more from its driver");
	return text;
}

/**
 * xdp_attach() - attach the program to a device that has none
 * @x: devices
 * @link: device
 * @generic: the kernel is to run it, not the driver
 * @error: filled in
 */
int xdp_attach(struct xdp *x, const struct link *link, bool generic,
	       char *error)
{
	struct xdp_refusal refusal;

	if (link_program(link)) {
		describe_program(link, error);
		return EXIT_REFUSED;
	}
	if (xdp_refuses(x, link, generic, &refusal)) {
		snprintf(error, XDP_ERROR, "%s%s%s", refusal.text,
			 *refusal.command ? ": " : "", refusal.command);
		return EXIT_REFUSED;
	}
	if (xdp_load_program(x, error))
		return EXIT_REFUSED;
	if (!link_attach(x->nl, link, x->program, generic))
		return EXIT_OK;
	snprintf(error, XDP_ERROR, "%s: %s%s", link->name, nl_error(x->nl),
		 advice_text(x, link, generic));
	return EXIT_REFUSED;
}

/**
 * xdp_detach() - detach the program from a device
 * @x: devices
 * @link: device
 * @error: filled in
 */
int xdp_detach(struct xdp *x, struct link *link, char *error)
{
	char name[sizeof(link->program)];
	int fd, ret;

	if (!link_program(link)) {
		snprintf(error, XDP_ERROR, "%s has no XDP program", link->name);
		return EXIT_REFUSED;
	}
	if (!link_is_ours(link)) {
		describe_program(link, error);
		return EXIT_REFUSED;
	}
	fd = bpf_open(link_program(link), name, sizeof(name));
	if (fd < 0) {
		snprintf(error, XDP_ERROR, "cannot open the XDP program of %s: %s",
			 link->name, strerror(errno));
		return EXIT_REFUSED;
	}
	ret = link_detach(x->nl, link, fd, !link->xdp.native);
	close(fd);
	if (ret) {
		snprintf(error, XDP_ERROR, "%s: %s", link->name,
			 nl_error(x->nl));
		return ret;
	}
	memset(&link->xdp, 0, sizeof(link->xdp));
	*link->program = '\0';
	return EXIT_OK;
}
