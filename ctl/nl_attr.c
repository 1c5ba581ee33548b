// SPDX-License-Identifier: GPL-2.0-only
#include "nl_attr.h"

#include <linux/genetlink.h>
#include <linux/nat64.h>
#include <string.h>

#include "nl_field.h"

/* Prefixes and mappings. */

static const struct nl_field prefix6_fields[] = {
	NL_FIELD(NAT64_PREFIX_A_ADDR, struct prefix6, addr, nl_fetch_value),
	NL_FIELD(NAT64_PREFIX_A_LEN, struct prefix6, len, nl_fetch_value),
};

static void fetch_prefix6(const struct nlattr *nest, void *to, size_t size)
{
	memset(to, 0, size);
	nl_fetch_nest(nest, prefix6_fields, ARRAY_SIZE(prefix6_fields), to);
}

static const struct nl_field pref64_fields[] = {
	NL_FIELD(NAT64_PREFIX_A_ADDR, struct pref64, prefix.addr,
		 nl_fetch_value),
	NL_FIELD(NAT64_PREFIX_A_LEN, struct pref64, prefix.len, nl_fetch_value),
	NL_FIELD(NAT64_PREFIX_A_PRIMARY, struct pref64, primary, nl_fetch_flag),
};

static void fetch_pref64(const struct nlattr *nest, void *to, size_t size)
{
	memset(to, 0, size);
	nl_fetch_nest(nest, pref64_fields, ARRAY_SIZE(pref64_fields), to);
}

static const struct nl_field eam_fields[] = {
	NL_FIELD(NAT64_EAM_A_ADDR4, struct eam, p4.addr, nl_fetch_value),
	NL_FIELD(NAT64_EAM_A_LEN4, struct eam, p4.len, nl_fetch_value),
	NL_FIELD(NAT64_EAM_A_ADDR6, struct eam, p6.addr, nl_fetch_value),
	NL_FIELD(NAT64_EAM_A_LEN6, struct eam, p6.len, nl_fetch_value),
	NL_FIELD(NAT64_EAM_A_PREFIX, struct eam, own, fetch_prefix6),
	NL_FIELD(NAT64_EAM_A_EDGE, struct eam, edge, nl_fetch_flag),
};

/* The module leaves the lengths of single addresses out. */
static void fetch_eam(const struct nlattr *nest, void *to, size_t size)
{
	struct eam *eam = to;

	memset(eam, 0, size);
	eam->p4.len = 32;
	eam->p6.len = 128;
	nl_fetch_nest(nest, eam_fields, ARRAY_SIZE(eam_fields), eam);
}

static void fetch_addr4(const struct nlattr *attr, void *to, size_t size)
{
	struct prefix *addr = to;

	(void)size;
	addr->family = AF_INET;
	addr->p4.len = 32;
	nl_fetch_value(attr, &addr->p4.addr, sizeof(addr->p4.addr));
}

static void fetch_addr6(const struct nlattr *attr, void *to, size_t size)
{
	struct prefix *addr = to;

	(void)size;
	addr->family = AF_INET6;
	addr->p6.len = 128;
	nl_fetch_value(attr, &addr->p6.addr, sizeof(addr->p6.addr));
}

/* Settings. */

/**
 * struct value_layout - where a value of a setting is kept
 * @offset: of the value in struct setting_value
 * @size: its size
 * @offset2: of the length or mask
 * @size2: its size
 */
struct value_layout {
	size_t	offset;
	size_t	size;
	size_t	offset2;
	size_t	size2;
};

#define VALUE_LAYOUT(value, value2) {					\
	.offset	 = offsetof(struct setting_value, value),		\
	.size	 = sizeof(((struct setting_value *)0)->value),		\
	.offset2 = offsetof(struct setting_value, value2),		\
	.size2	 = sizeof(((struct setting_value *)0)->value2),		\
}

/* Kinds that are not here have a number. */
static const struct value_layout value_layouts[] = {
	[SETTING_POOL4]	= VALUE_LAYOUT(pool4.addr, pool4.len),
	[SETTING_POOL6]	= VALUE_LAYOUT(pool6.addr, pool6.len),
	[SETTING_MARK]	= VALUE_LAYOUT(mark, mask),
};

static const struct value_layout *layout_of(const struct setting *setting)
{
	const struct value_layout *layout = &value_layouts[setting->kind];

	return layout->size ? layout : NULL;
}

static void fetch_number(const struct nlattr *attr,
			 const struct setting *setting, __u32 *number)
{
	__u8 narrow = 0;

	if (setting->wide) {
		nl_fetch_value(attr, number, sizeof(*number));
	} else {
		nl_fetch_value(attr, &narrow, sizeof(narrow));
		*number = narrow;
	}
}

static void fetch_setting(const struct nlattr *attr,
			  const struct setting *setting,
			  struct setting_value *value)
{
	const struct value_layout *layout = layout_of(setting);

	if (mnl_attr_get_type(attr) == setting->attr) {
		value->given = true;
		if (layout)
			nl_fetch_value(attr, (char *)value + layout->offset,
				       layout->size);
		else
			fetch_number(attr, setting, &value->number);
	} else if (mnl_attr_get_type(attr) == setting->attr2 && layout) {
		nl_fetch_value(attr, (char *)value + layout->offset2,
			       layout->size2);
	}
}

static void fetch_settings(const struct nlattr *nest, void *to, size_t size)
{
	struct setting_value *values = to;
	const struct nlattr *attr;
	size_t i;

	(void)size;
	mnl_attr_for_each_nested(attr, nest)
		for (i = 0; i < settings_count; i++)
			fetch_setting(attr, &settings_table[i], &values[i]);
}

static void put_setting(struct nlmsghdr *nlh, const struct setting *setting,
			const struct setting_value *value)
{
	const struct value_layout *layout = layout_of(setting);

	if (layout) {
		mnl_attr_put(nlh, setting->attr, layout->size,
			     (const char *)value + layout->offset);
		mnl_attr_put(nlh, setting->attr2, layout->size2,
			     (const char *)value + layout->offset2);
	} else if (setting->wide) {
		mnl_attr_put_u32(nlh, setting->attr, value->number);
	} else {
		mnl_attr_put_u8(nlh, setting->attr, value->number);
	}
}

/**
 * nl_put_settings() - put settings into a request
 * @nlh: request
 * @values: as many as settings_table has; only those that are given are put
 */
void nl_put_settings(struct nlmsghdr *nlh, const struct setting_value *values)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, NAT64_A_SETTINGS);
	size_t i;

	for (i = 0; i < settings_count; i++)
		if (values[i].given)
			put_setting(nlh, &settings_table[i], &values[i]);
	mnl_attr_nest_end(nlh, nest);
}

/* Replies. */

static const struct nl_field stat_fields[] = {
	NL_FIELD(NAT64_STAT_A_NAME, struct stat_value, name, nl_fetch_string),
	NL_FIELD(NAT64_STAT_A_VALUE, struct stat_value, value, nl_fetch_value),
};

/* The rows of lists get the whole struct reply, as they make room in it. */

static void append_stat(const struct nlattr *nest, void *to, size_t size)
{
	struct reply *reply = to;
	struct stat_value *stat;

	(void)size;
	reply->stats = xrealloc(reply->stats, reply->n_stats + 1,
				sizeof(*reply->stats));
	stat = &reply->stats[reply->n_stats++];
	memset(stat, 0, sizeof(*stat));
	nl_fetch_nest(nest, stat_fields, ARRAY_SIZE(stat_fields), stat);
}

static void append_pref64(const struct nlattr *nest, void *to, size_t size)
{
	struct conf *conf = &((struct reply *)to)->conf;

	(void)size;
	if (conf->n_pref64s < NAT64_MAX_PREFIXES)
		fetch_pref64(nest, &conf->pref64s[conf->n_pref64s++],
			     sizeof(*conf->pref64s));
}

static void append_eam(const struct nlattr *nest, void *to, size_t size)
{
	struct reply *reply = to;
	struct eam eam;

	(void)size;
	fetch_eam(nest, &eam, sizeof(eam));
	conf_add_eam(&reply->conf, &eam);
}

static const struct nl_field reply_fields[] = {
	{ .type = NAT64_A_PREFIX, .fetch = append_pref64 },
	{ .type = NAT64_A_EAM, .fetch = append_eam },
	{ .type = NAT64_A_STAT, .fetch = append_stat },
	NL_FIELD(NAT64_A_SETTINGS, struct reply, conf.settings, fetch_settings),
	NL_FIELD(NAT64_A_ADDR4, struct reply, addr, fetch_addr4),
	NL_FIELD(NAT64_A_ADDR6, struct reply, addr, fetch_addr6),
	NL_FIELD(NAT64_A_VERSION, struct reply, version, nl_fetch_string),
	NL_FIELD(NAT64_A_ACTIVE, struct reply, active, nl_fetch_value),
	NL_FIELD(NAT64_A_ROUTES_PENDING, struct reply, routes_pending,
		 nl_fetch_value),
	NL_FIELD(NAT64_A_COUNT, struct reply, count, nl_fetch_value),
	NL_FIELD(NAT64_A_LIMIT, struct reply, limit, nl_fetch_value),
	NL_FIELD(NAT64_A_DIGEST, struct reply, digest, nl_fetch_value),
	NL_FIELD(NAT64_A_GENERATION, struct reply, generation, nl_fetch_value),
	NL_FIELD(NAT64_A_CHANGED, struct reply, changed, nl_fetch_value),
};

/**
 * nl_fetch_reply() - add what a message says to a reply
 * @nlh: message
 * @data: struct reply
 */
void nl_fetch_reply(const struct nlmsghdr *nlh, void *data)
{
	nl_fetch_message(nlh, reply_fields, ARRAY_SIZE(reply_fields), data);
}

static const struct nl_field counter_fields[] = {
	NL_FIELD(NAT64_USE_A_PACKETS_6TO4, struct eam_counters, packets_6to4,
		 nl_fetch_value),
	NL_FIELD(NAT64_USE_A_OCTETS_6TO4, struct eam_counters, octets_6to4,
		 nl_fetch_value),
	NL_FIELD(NAT64_USE_A_PACKETS_4TO6, struct eam_counters, packets_4to6,
		 nl_fetch_value),
	NL_FIELD(NAT64_USE_A_OCTETS_4TO6, struct eam_counters, octets_4to6,
		 nl_fetch_value),
	NL_FIELD(NAT64_USE_A_IDLE, struct eam_counters, idle, nl_fetch_value),
};

static void fetch_counter_nest(const struct nlattr *nest, void *to, size_t size)
{
	(void)size;
	nl_fetch_nest(nest, counter_fields, ARRAY_SIZE(counter_fields), to);
}

static const struct nl_field counters_fields[] = {
	NL_FIELD(NAT64_A_EAM, struct eam_counters, eam, fetch_eam),
	{ .type = NAT64_A_USE, .fetch = fetch_counter_nest },
};

/**
 * nl_fetch_counters() - add the counters of one mapping to a reply
 * @nlh: message
 * @data: struct reply
 */
void nl_fetch_counters(const struct nlmsghdr *nlh, void *data)
{
	struct reply *reply = data;
	struct eam_counters *counters;

	/* There is room for 1, 3, 5, 9, 17, ... of them. */
	if (!(reply->n_counters & (reply->n_counters - 1)))
		reply->counters = xrealloc(reply->counters,
					   2 * reply->n_counters + 1,
					   sizeof(*counters));
	counters = &reply->counters[reply->n_counters++];
	memset(counters, 0, sizeof(*counters));
	nl_fetch_message(nlh, counters_fields, ARRAY_SIZE(counters_fields),
			 counters);
}

static void fetch_header(const struct nlattr *attr, void *to, size_t size)
{
	size_t len = mnl_attr_get_payload_len(attr);
	struct header *header = to;

	(void)size;
	if (len > sizeof(header->data))
		return;
	header->len = len;
	memcpy(header->data, mnl_attr_get_payload(attr), len);
}

static const struct nl_field explain_fields[] = {
	NL_FIELD(NAT64_EXPLAIN_A_VERDICT, struct explained, verdict,
		 nl_fetch_value),
	NL_FIELD(NAT64_EXPLAIN_A_REASON, struct explained, reason,
		 nl_fetch_string),
	NL_FIELD(NAT64_EXPLAIN_A_LOCAL, struct explained, local, nl_fetch_flag),
	NL_FIELD(NAT64_EXPLAIN_A_IN, struct explained, in, nl_fetch_value),
	NL_FIELD(NAT64_EXPLAIN_A_SOURCE, struct explained, source, fetch_eam),
	NL_FIELD(NAT64_EXPLAIN_A_DESTINATION, struct explained, destination,
		 fetch_eam),
	NL_FIELD(NAT64_EXPLAIN_A_PREFIX, struct explained, pref64,
		 fetch_pref64),
	NL_FIELD(NAT64_EXPLAIN_A_BETWEEN, struct explained, between,
		 fetch_header),
	NL_FIELD(NAT64_EXPLAIN_A_HEADER, struct explained, header,
		 fetch_header),
	NL_FIELD(NAT64_EXPLAIN_A_OUT, struct explained, out, nl_fetch_value),
	NL_FIELD(NAT64_EXPLAIN_A_VIA4, struct explained, via, fetch_addr4),
	NL_FIELD(NAT64_EXPLAIN_A_VIA6, struct explained, via, fetch_addr6),
	NL_FIELD(NAT64_EXPLAIN_A_MTU, struct explained, mtu, nl_fetch_value),
	NL_FIELD(NAT64_EXPLAIN_A_SPLIT, struct explained, fragment_size,
		 nl_fetch_value),
	NL_FIELD(NAT64_EXPLAIN_A_ICMP_TYPE, struct explained, has_icmp_error,
		 nl_fetch_flag),
	NL_FIELD(NAT64_EXPLAIN_A_ICMP_TYPE, struct explained, type,
		 nl_fetch_value),
	NL_FIELD(NAT64_EXPLAIN_A_ICMP_CODE, struct explained, code,
		 nl_fetch_value),
	NL_FIELD(NAT64_EXPLAIN_A_ICMP_INFO, struct explained, info,
		 nl_fetch_value),
};

/**
 * nl_fetch_explained() - read what would become of a packet
 * @nlh: message
 * @data: struct explained
 */
void nl_fetch_explained(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *nest;

	mnl_attr_for_each(nest, nlh, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(nest) == NAT64_A_EXPLAIN)
			nl_fetch_nest(nest, explain_fields,
				      ARRAY_SIZE(explain_fields), data);
}

/* Requests. */

static void put_pref64(struct nlmsghdr *nlh, __u16 type, const struct pref64 *t)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);

	mnl_attr_put(nlh, NAT64_PREFIX_A_ADDR, sizeof(t->prefix.addr),
		     &t->prefix.addr);
	mnl_attr_put_u8(nlh, NAT64_PREFIX_A_LEN, t->prefix.len);
	if (t->primary)
		mnl_attr_put(nlh, NAT64_PREFIX_A_PRIMARY, 0, NULL);
	mnl_attr_nest_end(nlh, nest);
}

/**
 * nl_put_pref64() - put a translation prefix into a request
 * @nlh: request
 * @t: translation prefix
 */
void nl_put_pref64(struct nlmsghdr *nlh, const struct pref64 *t)
{
	put_pref64(nlh, NAT64_A_PREFIX, t);
}

static void put_prefix4(struct nlmsghdr *nlh, const struct prefix4 *p)
{
	mnl_attr_put(nlh, NAT64_EAM_A_ADDR4, sizeof(p->addr), &p->addr);
	if (p->len != 32)
		mnl_attr_put_u8(nlh, NAT64_EAM_A_LEN4, p->len);
}

static void put_prefix6(struct nlmsghdr *nlh, const struct prefix6 *p)
{
	mnl_attr_put(nlh, NAT64_EAM_A_ADDR6, sizeof(p->addr), &p->addr);
	if (p->len != 128)
		mnl_attr_put_u8(nlh, NAT64_EAM_A_LEN6, p->len);
}

/**
 * nl_put_eam() - put a mapping into a request
 * @nlh: request
 * @eam: mapping
 */
void nl_put_eam(struct nlmsghdr *nlh, const struct eam *eam)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, NAT64_A_EAM);
	struct pref64 own = { .prefix = eam->own };

	put_prefix4(nlh, &eam->p4);
	put_prefix6(nlh, &eam->p6);
	if (own.prefix.len)
		put_pref64(nlh, NAT64_EAM_A_PREFIX, &own);
	if (eam->edge)
		mnl_attr_put(nlh, NAT64_EAM_A_EDGE, 0, NULL);
	mnl_attr_nest_end(nlh, nest);
}

/**
 * nl_put_eam_name() - put what names a mapping, or several, into a request
 * @nlh: request
 * @p: a prefix of one family
 */
void nl_put_eam_name(struct nlmsghdr *nlh, const struct prefix *p)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, NAT64_A_EAM);

	if (p->family == AF_INET)
		put_prefix4(nlh, &p->p4);
	else
		put_prefix6(nlh, &p->p6);
	mnl_attr_nest_end(nlh, nest);
}

/**
 * nl_put_addr() - put an address into a request
 * @nlh: request
 * @addr: address of either family
 */
void nl_put_addr(struct nlmsghdr *nlh, const struct prefix *addr)
{
	if (addr->family == AF_INET)
		mnl_attr_put(nlh, NAT64_A_ADDR4, sizeof(addr->p4.addr),
			     &addr->p4.addr);
	else
		mnl_attr_put(nlh, NAT64_A_ADDR6, sizeof(addr->p6.addr),
			     &addr->p6.addr);
}
