/* SPDX-License-Identifier: GPL-2.0-only */
/* The XDP program of nat64, and the names of those of others. */
#ifndef _NAT64CTL_BPF_H
#define _NAT64CTL_BPF_H

#include <linux/types.h>
#include <stddef.h>

/* What the program is called; ip-link(8) shows it. */
#define BPF_PROGRAM_NAME	"nat64"

int bpf_open(__u32 id, char *name, size_t size);
int bpf_load(char *error, size_t size);

#endif /* _NAT64CTL_BPF_H */
