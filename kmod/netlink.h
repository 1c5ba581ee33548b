/* SPDX-License-Identifier: GPL-2.0 */
/* The generic netlink family, see uapi/linux/nat64.h. */
#ifndef _NAT64_NETLINK_H
#define _NAT64_NETLINK_H

int nat64_genl_init(void);
void nat64_genl_exit(void);

#endif /* _NAT64_NETLINK_H */
