// SPDX-License-Identifier: GPL-2.0-only
#include "mapping.h"

#include <linux/err.h>
#include <linux/inetdevice.h>
#include <linux/moduleparam.h>
#include <net/ipv6.h>

#include "control.h"

/* Bounds the memory of a namespace; during a load there may be twice as many. */
unsigned int nat64_max_mappings = 4194304;
module_param_named(max_mappings, nat64_max_mappings, uint, 0644);
MODULE_PARM_DESC(max_mappings, "Mappings allowed in a network namespace");

static unsigned int max_mappings_userns = 16384;
module_param(max_mappings_userns, uint, 0644);
MODULE_PARM_DESC(max_mappings_userns,
		 "Mappings allowed in a network namespace that a user namespace owns");

/* Prefixes, as the texts name them. */
#define P4	"%pI4/%u"
#define P6	"%pI6c/%u"

static int check_form4(const struct nat64_request *rq,
		       const struct nat64_mapping *m)
{
	if (m->addr4 & ~inet_make_mask(m->len4))
		return nat64_request_error(rq, -EINVAL,
					   P4 " has bits set beyond its length",
					   &m->addr4, m->len4);
	return 0;
}

static int check_form6(const struct nat64_request *rq,
		       const struct nat64_mapping *m)
{
	struct in6_addr masked;

	ipv6_addr_prefix(&masked, &m->addr6, m->len6);
	if (!ipv6_addr_equal(&masked, &m->addr6))
		return nat64_request_error(rq, -EINVAL,
					   P6 " has bits set beyond its length",
					   &m->addr6, m->len6);
	return 0;
}

/* RFC 7757 section 3.2. */
static int check_suffix(const struct nat64_request *rq,
			const struct nat64_mapping *m)
{
	unsigned int bits4 = 32 - m->len4;
	unsigned int bits6 = 128 - m->len6;

	if (bits4 <= bits6)
		return 0;
	return nat64_request_error(rq, -EINVAL,
				   P4 " leaves %u bits, for which " P6
				   " has only %u (RFC 7757 section 3.2)",
				   &m->addr4, m->len4, bits4,
				   &m->addr6, m->len6, bits6);
}

static bool is_unicast4(__be32 addr, u8 len)
{
	u32 first = ntohl(addr) >> 24;

	return !((len >= 8 && (first == 0 || first == 127)) ||
		 (len >= 3 && first >= 224));
}

static bool is_unicast6(const struct in6_addr *addr, u8 len)
{
	if (len == 128 && (ipv6_addr_any(addr) || ipv6_addr_loopback(addr)))
		return false;
	if (len >= 96 && ipv6_addr_v4mapped(addr))
		return false;
	if (len >= 10 && ipv6_addr_type(addr) & IPV6_ADDR_LINKLOCAL &&
	    !ipv6_addr_is_multicast(addr))
		return false;
	return len < 8 || !ipv6_addr_is_multicast(addr);
}

static int check_unicast(const struct nat64_request *rq,
			 const struct nat64_mapping *m)
{
	if (!is_unicast4(m->addr4, m->len4))
		return nat64_request_error(rq, -EINVAL,
					   P4
					   " cannot be mapped: it is not for unicast beyond a host",
					   &m->addr4, m->len4);
	if (!is_unicast6(&m->addr6, m->len6))
		return nat64_request_error(rq, -EINVAL,
					   P6
					   " cannot be mapped: it is not for unicast beyond a link",
					   &m->addr6, m->len6);
	return 0;
}

static int check_form(const struct nat64_request *rq,
		      const struct nat64_mapping *m)
{
	if (!m->has4 || !m->has6)
		return nat64_request_error(rq, -EINVAL,
					   "a mapping is an IPv4 prefix and an IPv6 prefix");
	return check_form4(rq, m) ?: check_form6(rq, m) ?:
	       check_suffix(rq, m) ?: check_unicast(rq, m);
}

static int init_eam(const struct nat64_request *rq,
		    const struct nat64_mapping *m, struct nat64_eam *new)
{
	*new = (struct nat64_eam) {
		.addr4 = m->addr4,
		.len4 = m->len4,
		.addr6 = m->addr6,
		.len6 = m->len6,
		.prefix_index = NAT64_PREFIX_PRIMARY,
		.flags = m->is_edge ? NAT64_EAM_EDGE : 0,
	};
	if (!m->has_prefix)
		return 0;
	new->prefix_index = nat64_config_prefix_index(rq->config, &m->prefix, m->prefix_len);
	if (new->prefix_index != NAT64_PREFIX_PRIMARY)
		return 0;
	return nat64_request_error(rq, -ENOENT, P6 " is not a translation prefix",
				   &m->prefix, m->prefix_len);
}

/* RFC 7757 section 5 leaves open which of two equal prefixes would count. */
static int same_error(const struct nat64_request *rq,
		      const struct nat64_eam *new,
		      const struct nat64_eam *same4,
		      const struct nat64_eam *same6)
{
	if (same4)
		return nat64_request_error(rq, -EEXIST,
					   P4 " is already mapped to " P6,
					   &new->addr4, new->len4,
					   &same4->addr6, same4->len6);
	return nat64_request_error(rq, -EEXIST, P6 " is already mapped to " P4,
				   &new->addr6, new->len6,
				   &same6->addr4, same6->len4);
}

/* The owner of a user namespace is not trusted with unlimited kernel memory. */
static bool has_user_ns(const struct nat64_net *nn)
{
	return nn->net->user_ns != &init_user_ns;
}

/**
 * nat64_mapping_limit() - how many mappings a network namespace may have
 * @nn: its translator
 *
 * Return: the number.
 */
unsigned int nat64_mapping_limit(const struct nat64_net *nn)
{
	unsigned int limit = READ_ONCE(nat64_max_mappings);

	return has_user_ns(nn) ? min(limit, READ_ONCE(max_mappings_userns)) :
			      limit;
}

static int check_same(const struct nat64_request *rq,
		      const struct nat64_eam *new,
		      const struct nat64_eam *same4,
		      const struct nat64_eam *same6)
{
	struct nat64_table *t = rq->config->table;

	if (same4 || same6)
		return rq->replace ? 0 : same_error(rq, new, same4, same6);
	if (!rq->create)
		return nat64_request_error(rq, -ENOENT, P4 " is not mapped",
					   &new->addr4, new->len4);
	if (t->count >= nat64_mapping_limit(rq->nn))
		return nat64_request_error(rq, -ENOSPC,
					   "there are %u mappings already, the limit (module parameter %s)",
					   t->count,
					   has_user_ns(rq->nn) ? "max_mappings_userns" :
						       "max_mappings");
	return 0;
}

static const char *relation_text(u8 len, u8 other)
{
	return len > other ? "lies inside" : "contains";
}

static int check_overlap4(const struct nat64_request *rq,
			  const struct nat64_eam *new)
{
	struct nat64_table *t = rq->config->table;
	const struct nat64_eam *eam;

	eam = nat64_table_find_conflict(t, &t->by_addr4, new);
	if (!eam)
		return 0;
	return nat64_request_error(rq, -EADDRINUSE,
				   P4 " %s " P4 ", which is mapped to " P6,
				   &new->addr4, new->len4,
				   relation_text(new->len4, eam->len4),
				   &eam->addr4, eam->len4, &eam->addr6, eam->len6);
}

static int check_overlap6(const struct nat64_request *rq,
			  const struct nat64_eam *new)
{
	struct nat64_table *t = rq->config->table;
	const struct nat64_eam *eam;

	eam = nat64_table_find_conflict(t, &t->by_addr6, new);
	if (!eam)
		return 0;
	return nat64_request_error(rq, -EADDRINUSE,
				   P6 " %s " P6 ", which is mapped to " P4,
				   &new->addr6, new->len6,
				   relation_text(new->len6, eam->len6),
				   &eam->addr6, eam->len6, &eam->addr4, eam->len4);
}

/* A prefix that is mapped already passed this check when it was added. */
static int check_eam_overlap(const struct nat64_request *rq,
			     const struct nat64_eam *new,
			     const struct nat64_eam *same4,
			     const struct nat64_eam *same6)
{
	int err = 0;

	if (rq->force)
		return 0;
	if (!same4)
		err = check_overlap4(rq, new);
	if (!err && !same6)
		err = check_overlap6(rq, new);
	return err;
}

static int check_pref64(const struct nat64_request *rq, struct nat64_eam *new,
			const struct nat64_eam *same6)
{
	const struct nat64_prefix *prefix;

	prefix = nat64_eam_overlapping_prefix(new, rq->config->prefix);
	if (!prefix)
		return 0;
	if (!rq->force && !same6)
		return nat64_request_error(rq, -EADDRINUSE,
					   P6 " %s the translation prefix " P6,
					   &new->addr6, new->len6,
					   relation_text(new->len6, prefix->len - 1),
					   &prefix->addr, prefix->len);
	new->flags |= NAT64_EAM_IN_PREF64;
	return 0;
}

/**
 * nat64_mapping_begin() - begin to change mappings
 * @rq: request; its config and batch are filled in
 * @size: how many mappings to expect at most
 *
 * Context: process, @rq->nn->lock until nat64_mapping_end().
 * Return: 0, or a negative error with nothing to end.
 */
int nat64_mapping_begin(struct nat64_request *rq, unsigned int size)
{
	rq->config = nat64_request_config(rq);
	if (IS_ERR(rq->config))
		return PTR_ERR(rq->config);
	rq->batch = nat64_batch_begin(rq->config->table, rq->config->prefix,
				      size);
	return rq->batch ? 0 : nat64_request_no_memory(rq);
}

/**
 * nat64_mapping_put() - add a mapping, or replace what has its prefixes
 * @rq: request that nat64_mapping_begin() has begun
 * @m: mapping
 *
 * Refuses what RFC 7757 does not allow, what is mapped already unless it is to
 * be replaced, and overlaps unless forced.
 *
 * Context: process, @rq->nn->lock.
 * Return: 0, or a negative error; nat64_mapping_end() then takes back the rest.
 */
int nat64_mapping_put(struct nat64_request *rq, const struct nat64_mapping *m)
{
	struct nat64_table *t = rq->config->table;
	const struct nat64_eam *same4, *same6;
	struct nat64_eam new;
	int err;

	err = check_form(rq, m) ?: init_eam(rq, m, &new);
	if (err)
		return err;
	same4 = nat64_eam_get4(t, new.addr4, new.len4);
	same6 = nat64_eam_get6(t, &new.addr6, new.len6);
	err = check_same(rq, &new, same4, same6) ?:
	      check_eam_overlap(rq, &new, same4, same6) ?:
	      check_pref64(rq, &new, same6) ?:
	      nat64_flags_prepare(rq, new.flags);
	if (!err && !rq->staged)
		err = nat64_hooks_prepare(rq);
	if (err)
		return err;
	err = nat64_batch_put(rq->batch, &new);
	return err ? nat64_request_error(rq, err, "out of memory") : 0;
}

static int missing_error(const struct nat64_request *rq,
			 const struct nat64_mapping *m)
{
	if (m->has4 && m->has6)
		return nat64_request_error(rq, -ENOENT, P4 " is not mapped to " P6,
					   &m->addr4, m->len4, &m->addr6, m->len6);
	if (m->has4)
		return nat64_request_error(rq, -ENOENT, P4 " is not mapped",
					   &m->addr4, m->len4);
	if (m->has6)
		return nat64_request_error(rq, -ENOENT, P6 " is not mapped",
					   &m->addr6, m->len6);
	return nat64_request_error(rq, -EINVAL,
				   "a mapping is named by an IPv4 prefix or an IPv6 prefix");
}

/**
 * nat64_mapping_find() - the mapping that has the prefixes that are given
 * @rq: request
 * @t: table
 * @m: an IPv4 prefix, an IPv6 prefix or both
 *
 * Context: process, @rq->nn->lock.
 * Return: the mapping, -ENOENT or -EINVAL.
 */
struct nat64_eam *nat64_mapping_find(const struct nat64_request *rq,
				     struct nat64_table *t,
				     const struct nat64_mapping *m)
{
	struct nat64_eam *eam = NULL;

	if (m->has4)
		eam = nat64_eam_get4(t, m->addr4, m->len4);
	else if (m->has6)
		eam = nat64_eam_get6(t, &m->addr6, m->len6);
	if (eam && m->has6 && !nat64_eam_has6(eam, &m->addr6, m->len6))
		eam = NULL;
	if (!eam || eam->flags & NAT64_EAM_RETIRED)
		return ERR_PTR(missing_error(rq, m));
	return eam;
}

/**
 * nat64_mapping_del() - delete a mapping
 * @rq: request that nat64_mapping_begin() has begun
 * @m: an IPv4 prefix, an IPv6 prefix or both
 *
 * Context: process, @rq->nn->lock.
 * Return: 0, or a negative error; nat64_mapping_end() then takes back the rest.
 */
int nat64_mapping_del(struct nat64_request *rq, const struct nat64_mapping *m)
{
	struct nat64_eam *eam = nat64_mapping_find(rq, rq->config->table, m);

	if (IS_ERR(eam))
		return PTR_ERR(eam);
	nat64_batch_delete(rq->batch, eam);
	return 0;
}

/**
 * nat64_mapping_end() - make the changes stay, or take them back
 * @rq: request that nat64_mapping_begin() has begun
 * @err: 0, or take them back
 *
 * Context: process, @rq->nn->lock.
 */
void nat64_mapping_end(struct nat64_request *rq, int err)
{
	struct nat64_net *nn = rq->nn;

	if (err)
		nat64_batch_abort(rq->batch);
	else
		nat64_batch_commit(rq->batch);
	rq->batch = NULL;
	if (rq->staged)
		return;
	if (!err) {
		WRITE_ONCE(nn->generation, nn->generation + 1);
		rq->changed = true;
	}
	nat64_config_sync(nn);
}
