// SPDX-License-Identifier: GPL-2.0-only
/* The doctor on what keeps packets out of XDP. They are translated all the same. */
#include <arpa/inet.h>
#include <net/if_arp.h>
#include <string.h>

#include "doctor.h"
#include "offload.h"
#include "xdp_features.h"

#define CHECK		"xdp"

/* Devices that translated packets leave by; of more, some are looked at. */
#define TARGETS_MAX	64

static const struct link *first_device(const struct doctor *d)
{
	size_t i;

	for (i = 0; i < d->xdp.links.n; i++)
		if (link_is_ours(&d->xdp.links.links[i]))
			return &d->xdp.links.links[i];
	return NULL;
}

static void check_settings(struct doctor *d, const struct link *first)
{
	const struct xdp_obstacle *why = NULL;

	while ((why = conf_next_obstacle(&d->conf, why)))
		report_finding(d, CHECK, why->command ?
			       command_here(d, "%s", why->command) : NULL,
			       "%s has the XDP program, and no packet is translated by it: %s",
			       first->name, why->text);
}

static void check_natives(struct doctor *d, const struct link *first)
{
	if (d->has_native4)
		report_finding(d, CHECK, NULL,
			       "%s has the XDP program, and no IPv4 packet is translated by it: there are native routes inside mappings",
			       first->name);
	if (d->has_native6)
		report_finding(d, CHECK, NULL,
			       "%s has the XDP program, and no IPv6 packet is translated by it: there are native routes inside prefixes",
			       first->name);
}

static void check_mode(struct doctor *d, const struct link *link)
{
	if (!link->xdp.native && xdp_features(link->index).native)
		report_finding(d, CHECK,
			       command_there("%1$snat64ctl xdp del %2$s && %1$snat64ctl xdp add %2$s",
					     netns_text(d), link->name),
			       "%s has the XDP program in generic mode, and its driver could run it, which is faster",
			       link->name);
}

/* What came after the program was attached. */
static void check_fitness(struct doctor *d, const struct link *link)
{
	struct xdp_refusal refusal;

	if (xdp_refuses(&d->xdp, link, !link->xdp.native, &refusal))
		report_finding(d, CHECK, *refusal.command ?
			       command_here(d, "%s", refusal.command) : NULL,
			       "%s", refusal.text);
}

/* Frames with an unfinished checksum go up. */
static void check_peer(struct doctor *d, const struct link *link)
{
	const struct link *peer = link->is_far ? NULL :
				  link_by_index(&d->xdp.links, link->lower);

	if (strcmp(link->kind, "veth"))
		return;
	if (!peer)
		doctor_note(d, "whether the peer of %s, in another network namespace, leaves checksums to devices, which keeps packets out of XDP: ethtool -k",
			    link->name);
	else if (offload_sums(peer->name))
		report_finding(d, CHECK,
			       command_here(d, "ethtool -K %s tx off", peer->name),
			       "%s, the peer of %s, leaves the checksums of what it sends to devices: such packets are not translated by XDP",
			       peer->name, link->name);
}

/* A veth hands frames on only where its peer polls for them. */
static void report_veth(struct doctor *d, const struct link *target)
{
	const struct link *peer = target->is_far ? NULL :
				  link_by_index(&d->xdp.links, target->lower);

	report_finding(d, CHECK, peer ?
		       command_here(d, "ethtool -K %s gro on", peer->name) : NULL,
		       "%s, by which translated packets leave, takes no frames of XDP%s: such packets are not translated by it",
		       target->name, peer ? "" :
		       ", as GRO is off on its peer, in another network namespace (ethtool -K ... gro on)");
}

static void report_target(struct doctor *d, const struct link *target)
{
	report_finding(d, CHECK, link_program(target) ? NULL :
		       command_here(d, "nat64ctl xdp add %s", target->name),
		       "%s, by which translated packets leave, takes no frames of XDP%s: such packets are not translated by it",
		       target->name, link_program(target) ? "" :
		       " while it has no program of its own");
}

/* Whether another device, which has the program, may send frames out of one. */
static bool is_target(const struct doctor *d, const struct link *target)
{
	size_t i;

	if (target->type != ARPHRD_ETHER || target->flags & IFF_LOOPBACK)
		return false;
	for (i = 0; i < d->xdp.links.n; i++)
		if (link_is_ours(&d->xdp.links.links[i]) &&
		    &d->xdp.links.links[i] != target)
			return true;
	return false;
}

static void check_target(struct doctor *d, const struct link *target)
{
	struct xdp_features features;

	if (!is_target(d, target))
		return;
	features = xdp_features(target->index);
	if (features.known ? features.takes_frames : target->xdp.native)
		return;
	if (features.known && !strcmp(target->kind, "veth"))
		report_veth(d, target);
	else
		report_target(d, target);
}

/**
 * struct targets - devices that translated packets leave by
 * @n: number of them
 * @links: the devices
 */
struct targets {
	unsigned int		n;
	const struct link	*links[TARGETS_MAX];
};

static void add_target(struct doctor *d, struct targets *targets, int family,
		       const void *addr)
{
	const struct link *link;
	struct route route;
	unsigned int i;

	route_get(d->rs, family, addr, &route);
	link = link_by_name(&d->xdp.links, route.device);
	if (route.error || route.local || !link)
		return;
	for (i = 0; i < targets->n; i++)
		if (targets->links[i] == link)
			return;
	if (i < TARGETS_MAX)
		targets->links[targets->n++] = link;
}

static void check_targets(struct doctor *d)
{
	const struct in_addr peer4 = { .s_addr = htonl(PEER_ADDR4) };
	struct targets targets = {};
	unsigned int n;
	size_t i;

	add_target(d, &targets, AF_INET, &peer4);
	for (i = 0; i < d->conf.n_eams; i += doctor_step(d))
		if (!d->conf.eams[i].edge)
			add_target(d, &targets, AF_INET6,
				   &d->conf.eams[i].p6.addr);
	for (n = 0; n < targets.n; n++)
		check_target(d, targets.links[n]);
}

/**
 * check_xdp() - look for what keeps packets out of XDP
 * @d: doctor
 */
void check_xdp(struct doctor *d)
{
	const struct link *first = first_device(d);
	size_t i;

	if (!first)
		return;
	check_settings(d, first);
	check_natives(d, first);
	for (i = 0; i < d->xdp.links.n; i++) {
		const struct link *link = &d->xdp.links.links[i];

		if (!link_is_ours(link))
			continue;
		check_mode(d, link);
		check_fitness(d, link);
		check_peer(d, link);
	}
	check_targets(d);
}
