/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's routing, as far as the doctor asks about it. */
#ifndef _NAT64CTL_ROUTE_H
#define _NAT64CTL_ROUTE_H

#include <net/if.h>
#include <stdbool.h>

#include "addr.h"

/**
 * struct route - the way to an address
 * @error: 0, or why there is none, an error number
 * @local: it leads to this machine itself
 * @device: device that it leaves by
 * @via: router, or AF_UNSPEC for none
 */
struct route {
	int		error;
	bool		local;
	char		device[IF_NAMESIZE];
	struct prefix	via;
};

struct route_socket;

typedef void route_fn(void *data, const struct prefix *to);

struct route_socket *route_open(void);
void route_close(struct route_socket *rs);
bool route_has_neighbour(struct route_socket *rs, const char *device,
			 const struct prefix4 *p);
void route_for_each(struct route_socket *rs, int family, route_fn *fn,
		    void *data);
bool route_has_classifier(struct route_socket *rs, const char *device);
bool route_is_in_vrf(struct route_socket *rs, const char *device,
		     unsigned int vrf);
bool route_is_ipvlan_l3(struct route_socket *rs, const char *device);
void route_get_in(struct route_socket *rs, unsigned int vrf, int family,
		  const void *addr, struct route *route);
void route_get(struct route_socket *rs, int family, const void *addr,
	       struct route *route);

#endif /* _NAT64CTL_ROUTE_H */
