/* SPDX-License-Identifier: GPL-2.0-only */
/* Prefixes, mappings and digests in results. */
#ifndef _NAT64CTL_PRINT_H
#define _NAT64CTL_PRINT_H

#include "conf.h"
#include "out.h"

void pref64_out(struct out *out, const char *key, const struct pref64 *t);
void eam_fields_out(struct out *out, const struct eam *eam);
void eam_out(struct out *out, const char *key, const struct eam *eam);
void xdp_line_out(struct out *out, const char *key, const struct xdp_line *xdp);
void setting_out(struct out *out, const char *name, unsigned int key,
		 const struct setting_value *value);
void conf_out(struct out *out, const struct conf *conf);
void counts_out(struct out *out, const struct conf *conf);
const char *digest_text(__u64 digest);

#endif /* _NAT64CTL_PRINT_H */
