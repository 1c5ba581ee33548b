// SPDX-License-Identifier: GPL-2.0-only
/* Devices whose frames the program could not take, or would take wrongly. */
#include <net/if_arp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "offload.h"
#include "xdp.h"

static bool is_kind(const struct link *link, const char *kind)
{
	return !strcmp(link->kind, kind);
}

/* A device that lies on another and gets frames out of it. */
static bool is_upper(const struct link *link)
{
	return is_kind(link, "macvlan") || is_kind(link, "macvtap") ||
	       is_kind(link, "ipvlan") || is_kind(link, "ipvtap");
}

typedef bool upper_fn(const struct link *link);

static const struct link *find_on(const struct xdp *x, const struct link *link,
				  upper_fn *is_wanted)
{
	size_t i;

	for (i = 0; i < x->links.n; i++) {
		const struct link *upper = &x->links.links[i];

		if (is_wanted(upper) && !upper->is_far &&
		    upper->lower == (__u32)link->index)
			return upper;
	}
	return NULL;
}

static bool is_vlan(const struct link *link)
{
	return is_kind(link, "vlan");
}

__printf(2, 3) static bool refuse(struct xdp_refusal *refusal,
				  const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(refusal->text, sizeof(refusal->text), fmt, ap);
	va_end(ap);
	*refusal->command = '\0';
	return true;
}

__printf(2, 3) static void advise(struct xdp_refusal *refusal,
				  const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(refusal->command, sizeof(refusal->command), fmt, ap);
	va_end(ap);
}

static bool refuses_kind(const struct link *link, bool generic,
			 struct xdp_refusal *refusal)
{
	if (link->type != ARPHRD_ETHER || link->flags & IFF_LOOPBACK)
		return refuse(refusal, "%s is no Ethernet device", link->name);
	if (!is_kind(link, "bond") || generic)
		return false;
	refuse(refusal,
	       "%s (bond) has its ports run the program, and what comes in on a port is not translated by XDP; in generic mode the bond runs it itself",
	       link->name);
	advise(refusal, "nat64ctl xdp add %s generic", link->name);
	return true;
}

/* What a port gets, and what lies below a macvlan, is for another device first. */
static bool refuses_place(const struct xdp *x, const struct link *link,
			  struct xdp_refusal *refusal)
{
	const struct link *master = link_by_index(&x->links, link->master);
	const struct link *upper = find_on(x, link, is_upper);

	if (link->master && master)
		return refuse(refusal,
			      "%s is a port of %s (%s), which gets all of its frames: none would be translated by XDP",
			      link->name, master->name, master->kind);
	if (upper)
		return refuse(refusal,
			      "%s carries %s (%s), which is shown all of its frames: none would be translated by XDP",
			      link->name, upper->name, upper->kind);
	return false;
}

/*
 * A tag that the device takes out of a frame is out of the program's sight. That
 * of a frame that a veth gets was never in it.
 */
static bool refuses_vlan(const struct xdp *x, const struct link *link,
			 struct xdp_refusal *refusal)
{
	const struct link *vlan = find_on(x, link, is_vlan);

	if (vlan && is_kind(link, "veth"))
		return refuse(refusal,
			      "%s (veth) carries VLANs (%s), and gets the tags beside the frames, where XDP cannot see them",
			      link->name, vlan->name);
	if (!vlan || !offload_takes_tags(link->name))
		return false;
	refuse(refusal,
	       "%s carries VLANs (%s), and takes the tags out of frames before XDP sees them",
	       link->name, vlan->name);
	advise(refusal, "ethtool -K %s rxvlan off", link->name);
	return true;
}

static bool refuses_lro(const struct link *link, struct xdp_refusal *refusal)
{
	if (!offload_merges(link->name))
		return false;
	refuse(refusal,
	       "%s makes one packet of several (LRO), which XDP cannot do with",
	       link->name);
	advise(refusal, "ethtool -K %s lro off", link->name);
	return true;
}

/**
 * xdp_refuses() - whether the program must not be attached to a device
 * @x: devices
 * @link: device
 * @generic: the kernel is to run it, not the driver
 * @refusal: filled in
 */
bool xdp_refuses(const struct xdp *x, const struct link *link, bool generic,
		 struct xdp_refusal *refusal)
{
	return refuses_kind(link, generic, refusal) ||
	       refuses_place(x, link, refusal) ||
	       refuses_vlan(x, link, refusal) || refuses_lro(link, refusal);
}
