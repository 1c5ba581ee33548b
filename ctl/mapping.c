// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>

#include "command.h"
#include "module.h"
#include "print.h"

/* IPV4[/LEN] IPV6[/LEN]|translatable [prefix PREFIX/LEN] [edge] [force] */
int read_eam(struct ctl *ctl, struct args *args, struct request *req)
{
	int ret;

	ret = conf_read_eam(args, &req->eam);
	if (ret || !conf_is_everything(&req->eam) || req->eam.force ||
	    ctl->force)
		return ret;
	return args_invalid(args, CONF_EVERYTHING);
}

static int put_block(struct ctl *ctl, const struct conf *prefixes,
		     const struct eam *block, unsigned int flags)
{
	const struct prefix6 *p = conf_prefix_of(prefixes, block);
	struct conf conf = {};
	int ret = EXIT_REFUSED;

	if (p && block_expand(&conf, p, block))
		ret = ctl_done(ctl, module_eam_add(ctl->nl, conf.eams,
						   conf.n_eams,
						   flags | MODULE_FORCE, NULL));
	else
		error_at(&ctl->at, 0, "%s", block_error(p));
	conf_free(&conf);
	return ret;
}

/* A block is of the prefix that is the primary one now. */
static int add_block(struct ctl *ctl, const struct eam *block,
		     unsigned int flags)
{
	struct reply reply = {};
	int ret;

	ret = ctl_result(ctl, module_prefix_list(ctl->nl, &reply));
	if (!ret)
		ret = put_block(ctl, &reply.conf, block, flags);
	reply_free(&reply);
	return ret;
}

static int add_mapping(struct ctl *ctl, const struct eam *eam,
		       unsigned int flags)
{
	if (eam->is_block)
		return add_block(ctl, eam, flags);
	if (ctl->force || eam->force)
		flags |= MODULE_FORCE;
	return ctl_done(ctl, module_eam_add(ctl->nl, eam, 1, flags, NULL));
}

/* add */
int cmd_add(struct ctl *ctl, struct request *req)
{
	return add_mapping(ctl, &req->eam, 0);
}

/* replace */
int cmd_replace(struct ctl *ctl, struct request *req)
{
	return add_mapping(ctl, &req->eam, MODULE_REPLACE);
}

/* IPV4[/LEN] | IPV6[/LEN] */
int read_addr(struct ctl *ctl, struct args *args, struct request *req)
{
	(void)ctl;
	return addr_read(args, "an IPv4 or IPv6 address", &req->addr);
}

/* del */
int cmd_del(struct ctl *ctl, struct request *req)
{
	return ctl_done(ctl, module_eam_del(ctl->nl, &req->addr));
}

/* flush */
int cmd_flush(struct ctl *ctl, struct request *req)
{
	(void)req;
	return ctl_done(ctl, module_eam_flush(ctl->nl));
}

static void counters_out(struct out *out, const struct eam_counters *c)
{
	out_object(out, "counters");
	out_number(out, "packets_6to4", "  6to4 %llu packets", c->packets_6to4);
	out_number(out, "octets_6to4", " %llu octets", c->octets_6to4);
	out_number(out, "packets_4to6", "  4to6 %llu packets", c->packets_4to6);
	out_number(out, "octets_4to6", " %llu octets", c->octets_4to6);
	if (c->packets_6to4 || c->packets_4to6)
		out_number(out, "idle_ms", NULL, c->idle);
	out_number(out, NULL, "  idle %llu s", c->idle / 1000);
	out_close(out);
}

static const struct eam_counters *find_counters(const struct reply *reply,
						const struct eam *eam)
{
	const struct eam_counters key = { .eam = *eam };

	if (!reply->n_counters)
		return NULL;
	return bsearch(&key, reply->counters, reply->n_counters, sizeof(key),
		       counters_compare);
}

/*
 * Mappings that had no packets yet are in no answer of the module; JSON has
 * zeros for them, so that a script need not know.
 */
static void list_out(struct out *out, const struct conf *conf,
		     const struct reply *reply, bool is_counted)
{
	static const struct eam_counters none;
	const struct eam_counters *counters;
	size_t i;

	out_begin(out);
	out_array(out, "mappings");
	for (i = 0; i < conf->n_eams; i++) {
		out_object(out, "");
		eam_fields_out(out, &conf->eams[i]);
		counters = find_counters(reply, &conf->eams[i]);
		if (counters)
			counters_out(out, counters);
		else if (is_counted && out->json)
			counters_out(out, &none);
		out_close(out);
		out_text(out, "\n");
	}
	out_close(out);
	out_end(out);
}

/* [IPV4[/LEN] | IPV6[/LEN]] */
int read_list(struct ctl *ctl, struct args *args, struct request *req)
{
	(void)ctl;
	if (!args_more(args))
		return EXIT_OK;
	return addr_read(args, "a prefix", &req->addr);
}

/* list */
int cmd_list(struct ctl *ctl, struct request *req)
{
	struct setting_value values[SETTINGS_MAX] = {};
	struct reply eams = {}, counters = {};
	int ret;

	ret = module_settings_get(ctl->nl, values);
	if (!ret)
		ret = module_eam_list(ctl->nl, &req->addr, &eams);
	if (!ret)
		ret = module_counters(ctl->nl, &counters);
	if (!ret) {
		conf_sort(&eams.conf);
		list_out(&ctl->out, &eams.conf, &counters,
			 settings_are_counted(values));
	}
	reply_free(&eams);
	reply_free(&counters);
	return ctl_result(ctl, ret);
}

static const char *addr_text(const struct prefix *addr)
{
	return addr->family == AF_INET ? addr_short4(&addr->p4) :
					 addr_short6(&addr->p6);
}

static void lookup_out(struct out *out, const struct prefix *addr,
		       const struct reply *reply)
{
	const struct conf *conf = &reply->conf;

	out_begin(out);
	out_string(out, "address", "%s becomes ", addr_text(addr));
	out_string(out, "translated", "%s", addr_text(&reply->addr));
	if (conf->n_eams) {
		out_text(out, " by mapping ");
		eam_out(out, "mapping", &conf->eams[0]);
	} else if (conf->n_pref64s) {
		out_text(out, " by prefix ");
		pref64_out(out, "prefix", &conf->pref64s[0]);
	}
	out_text(out, "\n");
	out_end(out);
}

/* IPV4 | IPV6 */
int read_lookup(struct ctl *ctl, struct args *args, struct request *req)
{
	(void)ctl;
	return addr_read_single(args, &req->addr);
}

/* Packets with other addresses are refused whatever the table says. */
static int check_unicast(const struct ctl *ctl, const struct prefix *addr)
{
	if (addr->family != AF_INET || addr_unicast4(&addr->p4))
		return EXIT_OK;
	error_at(&ctl->at, 0, "%s is not translated: it is not for unicast beyond a host",
		 addr_short4(&addr->p4));
	return EXIT_REFUSED;
}

/* lookup */
int cmd_lookup(struct ctl *ctl, struct request *req)
{
	struct reply reply = {};
	int ret;

	ret = check_unicast(ctl, &req->addr);
	if (!ret)
		ret = ctl_result(ctl, module_lookup(ctl->nl, &req->addr,
						    &reply));
	if (!ret)
		ret = check_unicast(ctl, &reply.addr);
	if (!ret)
		lookup_out(&ctl->out, &req->addr, &reply);
	reply_free(&reply);
	return ret;
}
