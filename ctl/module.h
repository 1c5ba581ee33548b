/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The requests of the module, as the commands see them.
 *
 * A function that returns a status other than EXIT_OK has a text for it, which
 * nl_error() returns.
 */
#ifndef _NAT64CTL_MODULE_H
#define _NAT64CTL_MODULE_H

#include "packet.h"
#include "reply.h"
#include "exit_status.h"

struct nl;

/**
 * enum module_flags - how mappings and prefixes are added
 * @MODULE_REPLACE: in the place of those with the same IPv4 or IPv6 prefix
 * @MODULE_FORCE: even when they overlap others
 * @MODULE_STAGED: to the configuration that module_load_begin() opened
 */
enum module_flags {
	MODULE_REPLACE	= 1,
	MODULE_FORCE	= 2,
	MODULE_STAGED	= 4,
};

typedef void module_event_fn(void *data, unsigned int cmd,
			     const struct reply *event);

int module_status(struct nl *nl, struct reply *reply);
int module_stats(struct nl *nl, struct reply *reply);
int module_stats_reset(struct nl *nl);

int module_prefix_add(struct nl *nl, const struct pref64 *t,
		      unsigned int flags);
int module_prefix_del(struct nl *nl, const struct prefix6 *p);
int module_prefix_list(struct nl *nl, struct reply *reply);

int module_eam_add(struct nl *nl, const struct eam *eams, size_t n,
		   unsigned int flags, size_t *bad);
int module_eam_del(struct nl *nl, const struct prefix *p);
int module_eam_list(struct nl *nl, const struct prefix *inside,
		    struct reply *reply);
int module_eam_flush(struct nl *nl);
int module_lookup(struct nl *nl, const struct prefix *addr,
		  struct reply *reply);

int module_counters(struct nl *nl, struct reply *reply);
int module_explain(struct nl *nl, const struct packet *p, const void *bytes,
		   size_t len, struct explained *explained);

int module_settings_get(struct nl *nl, struct setting_value *values);
int module_settings_set(struct nl *nl, const struct setting_value *values,
			unsigned int flags);

int module_conf_get(struct nl *nl, struct conf *conf);
int module_load_begin(struct nl *nl, size_t n_eams, bool force);
int module_load_commit(struct nl *nl, struct reply *reply);
void module_load_abort(struct nl *nl);

int module_monitor(struct nl *nl, module_event_fn *event, void *data);

#endif /* _NAT64CTL_MODULE_H */
