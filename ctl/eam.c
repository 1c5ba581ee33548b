// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "ctl.h"
#include "nl.h"

static int add(struct ctl *ctl, struct words *w, unsigned int flags)
{
	struct eam eam;
	int ret;

	ret = conf_read_eam(w, &eam);
	if (!ret)
		ret = ctl_connect(ctl);
	if (ret)
		return ret;
	if (ctl->force || eam.force)
		flags |= NL_FORCE;
	return ctl_result(ctl, nl_eam_add(ctl->nl, &eam, 1, flags));
}

/* add IPV4[/LEN] IPV6[/LEN] [prefix PREFIX/LEN] [force] */
int cmd_add(struct ctl *ctl, struct words *w)
{
	return add(ctl, w, 0);
}

/* replace IPV4[/LEN] IPV6[/LEN] [prefix PREFIX/LEN] [force] */
int cmd_replace(struct ctl *ctl, struct words *w)
{
	return add(ctl, w, NL_REPLACE);
}

/* del IPV4[/LEN] | IPV6[/LEN] */
int cmd_del(struct ctl *ctl, struct words *w)
{
	struct prefix p;
	int ret;

	ret = addr_read(w, "an IPv4 or IPv6 address", &p);
	if (!ret)
		ret = words_end(w);
	if (!ret)
		ret = ctl_connect(ctl);
	return ret ? ret : ctl_result(ctl, nl_eam_del(ctl->nl, &p));
}

/* flush */
int cmd_flush(struct ctl *ctl, struct words *w)
{
	int ret;

	ret = words_end(w);
	if (!ret)
		ret = ctl_connect(ctl);
	return ret ? ret : ctl_result(ctl, nl_eam_flush(ctl->nl));
}

/* People know what an address without a length is. */
static void eam_fields_out(struct out *out, const struct eam *eam)
{
	out_string(out, "ipv4", "%s ", out->json ? addr_text4(&eam->p4) :
						   addr_short4(&eam->p4));
	out_string(out, "ipv6", "%s", out->json ? addr_text6(&eam->p6) :
						  addr_short6(&eam->p6));
	if (eam->own.len)
		out_string(out, "prefix", " prefix %s", addr_text6(&eam->own));
}

/**
 * eam_out() - put out a mapping
 * @out: output
 * @key: its name, inside an object
 * @eam: mapping
 */
void eam_out(struct out *out, const char *key, const struct eam *eam)
{
	out_object(out, key);
	eam_fields_out(out, eam);
	out_close(out);
}

static void use_out(struct out *out, const struct use *use)
{
	out_object(out, "counters");
	out_number(out, "packets_6to4", "  6to4 %llu packets", use->packets_6to4);
	out_number(out, "octets_6to4", " %llu octets", use->octets_6to4);
	out_number(out, "packets_4to6", "  4to6 %llu packets", use->packets_4to6);
	out_number(out, "octets_4to6", " %llu octets", use->octets_4to6);
	out_number(out, "idle_ms", NULL, use->idle);
	out_number(out, NULL, "  idle %llu s", use->idle / 1000);
	out_close(out);
}

static const struct use *find_use(const struct nl_reply *uses,
				  const struct eam *eam)
{
	const struct use key = { .eam = *eam };

	if (!uses->n_uses)
		return NULL;
	return bsearch(&key, uses->uses, uses->n_uses, sizeof(key),
		       use_compare);
}

static void list_out(struct out *out, const struct conf *conf,
		     const struct nl_reply *uses)
{
	const struct use *use;
	size_t i;

	out_begin(out);
	out_array(out, "mappings");
	for (i = 0; i < conf->n_eams; i++) {
		const struct eam *eam = &conf->eams[i];

		out_object(out, "");
		eam_fields_out(out, eam);
		use = find_use(uses, eam);
		if (use)
			use_out(out, use);
		out_close(out);
		out_text(out, "\n");
	}
	out_close(out);
	out_end(out);
}

/* list [IPV4[/LEN] | IPV6[/LEN]] */
int cmd_list(struct ctl *ctl, struct words *w)
{
	struct nl_reply reply = {};
	struct nl_reply uses = {};
	bool all = !words_more(w);
	struct prefix inside;
	int ret = DONE;

	if (!all)
		ret = addr_read(w, "a prefix", &inside);
	if (!ret)
		ret = words_end(w);
	if (!ret)
		ret = ctl_connect(ctl);
	if (ret)
		return ret;
	ret = ctl_result(ctl, nl_eam_list(ctl->nl, all ? NULL : &inside,
					  &reply));
	if (!ret)
		ret = ctl_result(ctl, nl_use_list(ctl->nl, &uses));
	if (!ret) {
		conf_sort(&reply.conf);
		list_out(&ctl->out, &reply.conf, &uses);
	}
	nl_reply_free(&reply);
	nl_reply_free(&uses);
	return ret;
}

static const char *addr_text(const struct prefix *addr)
{
	return addr->family == AF_INET ? addr_short4(&addr->p4) :
					 addr_short6(&addr->p6);
}

static void lookup_out(struct out *out, const struct prefix *addr,
		       const struct nl_reply *reply)
{
	const struct conf *conf = &reply->conf;

	out_begin(out);
	out_string(out, "address", "%s becomes ", addr_text(addr));
	out_string(out, "translated", "%s", addr_text(&reply->addr));
	if (conf->n_eams) {
		out_text(out, " by mapping ");
		eam_out(out, "mapping", &conf->eams[0]);
	} else if (conf->n_translations) {
		out_text(out, " by prefix ");
		prefix_out(out, "prefix", &conf->translations[0]);
	}
	out_text(out, "\n");
	out_end(out);
}

/* lookup IPV4 | IPV6 */
int cmd_lookup(struct ctl *ctl, struct words *w)
{
	struct nl_reply reply = {};
	struct prefix addr;
	int ret;

	ret = addr_read_single(w, &addr);
	if (!ret)
		ret = words_end(w);
	if (!ret)
		ret = ctl_connect(ctl);
	if (!ret)
		ret = ctl_result(ctl, nl_lookup(ctl->nl, &addr, &reply));
	if (!ret)
		lookup_out(&ctl->out, &addr, &reply);
	nl_reply_free(&reply);
	return ret;
}
