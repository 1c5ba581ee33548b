/* SPDX-License-Identifier: GPL-2.0-only */
/* The function for XDP programs. */
#ifndef _NAT64_XDP_H
#define _NAT64_XDP_H

struct xdp_md;

void nat64_xdp_init(void);
int bpf_nat64_xdp(struct xdp_md *ctx);

#endif /* _NAT64_XDP_H */
