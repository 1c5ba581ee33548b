// SPDX-License-Identifier: GPL-2.0-only
/* Programs before netfilter, which the doctor cannot judge. */
#include "doctor.h"

/**
 * check_unseen() - note what drops packets where the doctor cannot look
 * @d: doctor
 *
 * Programs of XDP and tc.
 */
void check_unseen(struct doctor *d)
{
	const struct ifaddrs *ifa;

	for (ifa = d->ifs; ifa; ifa = ifa->ifa_next) {
		if (!is_usable_link(ifa))
			continue;
		if (route_has_xdp(d->rs, ifa->ifa_name))
			doctor_note(d, "the XDP program of %s", ifa->ifa_name);
		if (route_has_classifier(d->rs, ifa->ifa_name))
			doctor_note(d, "the filters of tc on %s", ifa->ifa_name);
	}
}
