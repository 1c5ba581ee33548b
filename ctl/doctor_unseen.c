// SPDX-License-Identifier: GPL-2.0-only
/* Programs before netfilter, which the doctor cannot judge. */
#include "doctor.h"

/**
 * check_unseen() - note what drops packets where the doctor cannot look
 * @d: doctor
 *
 * Programs of XDP that are not nat64's, and of tc.
 */
void check_unseen(struct doctor *d)
{
	const struct ifaddrs *ifa;
	const struct link *link;

	for (ifa = d->ifs; ifa; ifa = ifa->ifa_next) {
		if (!is_usable_link(ifa))
			continue;
		link = link_by_name(&d->xdp.links, ifa->ifa_name);
		if (link && link_program(link) && !link_is_ours(link))
			doctor_note(d, "the XDP program of %s", ifa->ifa_name);
		if (route_has_classifier(d->rs, ifa->ifa_name))
			doctor_note(d, "the filters of tc on %s", ifa->ifa_name);
	}
}
