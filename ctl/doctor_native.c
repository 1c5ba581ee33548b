// SPDX-License-Identifier: GPL-2.0-only
/*
 * The doctor on routes that win over the translator (RFC 7915 sections 4.6 and 5.6).
 * Only the administrator knows whether they are meant: they are named, no more.
 */
#include "doctor.h"

static void note_native(struct doctor *d, const char *to, const char *inside)
{
	doctor_note(d, "packets to %s, which a native route inside %s takes",
		    to, inside);
}

/* Hosts with IPv4-translatable addresses need such routes: not worth a note. */
static bool is_mapped6(const struct doctor *d, const struct prefix6 *to)
{
	size_t i;

	for (i = 0; i < d->conf.n_eams; i++)
		if (addr_inside6(to, &d->conf.eams[i].p6))
			return true;
	return false;
}

static void note_route6(void *data, const struct prefix *to)
{
	struct doctor *d = data;
	unsigned int i;

	for (i = 0; i < d->conf.n_pref64s; i++) {
		const struct prefix6 *p = &d->conf.pref64s[i].prefix;

		if (to->p6.len <= p->len || !addr_inside6(&to->p6, p))
			continue;
		d->has_native6 = true;
		if (is_mapped6(d, &to->p6))
			continue;
		note_native(d, addr_short6(&to->p6), addr_short6(p));
		return;
	}
}

static void note_route4(void *data, const struct prefix *to)
{
	struct doctor *d = data;
	size_t i;

	for (i = 0; i < d->conf.n_eams; i += doctor_step(d)) {
		const struct eam *eam = &d->conf.eams[i];

		if (eam->edge || to->p4.len <= eam->p4.len ||
		    !addr_inside4(&to->p4, &eam->p4))
			continue;
		d->has_native4 = true;
		note_native(d, addr_short4(&to->p4), addr_short4(&eam->p4));
		return;
	}
}

/**
 * check_native() - name routes that are more specific than a prefix or a mapping
 * @d: doctor
 */
void check_native(struct doctor *d)
{
	if (doctor_is_edge_only(d))
		return;
	route_for_each(d->rs, AF_INET, note_route4, d);
	route_for_each(d->rs, AF_INET6, note_route6, d);
}
