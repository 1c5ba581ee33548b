/* SPDX-License-Identifier: GPL-2.0-only */
/* The ingress hooks of devices, for setting forwarding direct. */
#ifndef _NAT64_INGRESS_H
#define _NAT64_INGRESS_H

#include "config.h"

int nat64_ingress_register(struct nat64_net *nn);
void nat64_ingress_unregister(struct nat64_net *nn);

#endif /* _NAT64_INGRESS_H */
