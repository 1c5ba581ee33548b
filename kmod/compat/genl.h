/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Before Linux 6.2 pre_doit and post_doit get the whole operation.
 *
 * Since Linux 6.1 the commands from resv_start_op on may not use NLM_F_CREATE,
 * NLM_F_EXCL and NLM_F_REPLACE.
 */
#ifndef _NAT64_COMPAT_GENL_H
#define _NAT64_COMPAT_GENL_H

#include <linux/nat64.h>

#ifdef NAT64_HAVE_RESV_START_OP
#define NAT64_GENL_RESV_START_OP	.resv_start_op = NAT64_CMD_MAX + 1,
#else
#define NAT64_GENL_RESV_START_OP
#endif

#ifdef NAT64_HAVE_SPLIT_OPS
#define nat64_genl_ops	genl_split_ops
#else
#define nat64_genl_ops	genl_ops
#endif

#endif /* _NAT64_COMPAT_GENL_H */
