/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The XDP program of nat64 on devices. A function that returns a status other
 * than EXIT_OK has printed an error, or, if it takes @error, written it there.
 */
#ifndef _NAT64CTL_XDP_H
#define _NAT64CTL_XDP_H

#include "conf.h"
#include "ctl.h"
#include "link.h"

/**
 * struct xdp_change - what a load has done to a device
 * @link: device
 * @generic: how the program was attached
 * @attached: it was
 * @detached: it was attached the other way before
 */
struct xdp_change {
	const struct link	*link;
	bool			generic;
	bool			attached;
	bool			detached;
};

/**
 * struct xdp - the devices of this network namespace
 * @ctl: this run
 * @nl: connection to the kernel's devices
 * @links: devices
 * @program: the program to be attached, or -1 if it is not loaded yet
 * @n_changes: number of @changes
 * @changes: what a load has done so far
 */
struct xdp {
	const struct ctl	*ctl;
	struct nl		*nl;
	struct links		links;
	int			program;
	size_t			n_changes;
	struct xdp_change	*changes;
};

/**
 * struct xdp_refusal - why a device must not have the program
 * @text: why
 * @command: what changes that, or empty
 */
struct xdp_refusal {
	char	text[512];
	char	command[128];
};

/* Room for the text of an error. */
#define XDP_ERROR	768

int xdp_open(struct xdp *x, const struct ctl *ctl);
void xdp_close(struct xdp *x);
int xdp_read(const struct ctl *ctl, struct conf *conf);
void xdp_warn(const struct xdp *x);
void xdp_out(struct out *out, const struct link *link);

int xdp_load_program(struct xdp *x, char *error);
int xdp_attach(struct xdp *x, const struct link *link, bool generic,
	       char *error);
int xdp_detach(struct xdp *x, struct link *link, char *error);

bool xdp_refuses(const struct xdp *x, const struct link *link, bool generic,
		 struct xdp_refusal *refusal);

int xdp_prepare(struct xdp *x, const struct conf *conf);
void xdp_undo(struct xdp *x);
int xdp_finish(struct xdp *x, const struct conf *conf, bool *changed);

#endif /* _NAT64CTL_XDP_H */
