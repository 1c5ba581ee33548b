// SPDX-License-Identifier: GPL-2.0-only
#include "settings.h"

#include <linux/err.h>
#include <linux/inetdevice.h>
#include <linux/string.h>
#include <net/ipv6.h>

#include "control.h"

const struct nat64_settings nat64_default_settings = {
#define X(attr, type, field, initial, policy) .field = initial,
	NAT64_SETTINGS(X)
#undef X
};

/* An IPv4-mapped address is not unicast. */
static bool is_source6(const struct in6_addr *addr)
{
	return ipv6_addr_type(addr) & IPV6_ADDR_UNICAST &&
	       !(ipv6_addr_type(addr) &
		 (IPV6_ADDR_LINKLOCAL | IPV6_ADDR_LOOPBACK));
}

static int check_pool4(const struct nat64_request *rq,
		       const struct nat64_settings *set)
{
	__be32 addr = set->icmp_source4;
	u8 len = set->icmp_source4_len;

	if (!addr)
		return 0;
	if (addr & ~inet_make_mask(len))
		return nat64_request_error(rq, -EINVAL,
					   "icmp-source4 %pI4/%u has bits set beyond its length",
					   &addr, len);
	if (!nat64_addr4_is_host(addr))
		return nat64_request_error(rq, -EINVAL,
					   "icmp-source4 %pI4/%u cannot be a source",
					   &addr, len);
	return 0;
}

static int check_pool6(const struct nat64_request *rq,
		       const struct nat64_settings *set)
{
	const struct in6_addr *addr = &set->icmp_source6;
	u8 len = set->icmp_source6_len;
	struct in6_addr masked;

	if (ipv6_addr_any(addr))
		return 0;
	ipv6_addr_prefix(&masked, addr, len);
	if (!ipv6_addr_equal(&masked, addr))
		return nat64_request_error(rq, -EINVAL,
					   "icmp-source6 %pI6c/%u has bits set beyond its length",
					   addr, len);
	if (!is_source6(addr))
		return nat64_request_error(rq, -EINVAL,
					   "icmp-source6 %pI6c/%u cannot be a source",
					   addr, len);
	return 0;
}

static int check_settings(const struct nat64_request *rq,
			  const struct nat64_settings *set)
{
	if (set->mark & ~set->mark_mask)
		return nat64_request_error(rq, -EINVAL,
					   "mark 0x%x has bits set outside of its mask 0x%x",
					   set->mark, set->mark_mask);
	return check_pool4(rq, set) ?: check_pool6(rq, set);
}

/**
 * nat64_settings_set() - change the settings
 * @rq: request; nat64_request_config() has found what it is about
 * @set: all settings; what an attribute's policy can check is right
 *
 * Context: process, @rq->nn->lock.
 * Return: 0 or a negative error.
 */
int nat64_settings_set(struct nat64_request *rq,
		       const struct nat64_settings *set)
{
	struct nat64_config *cfg = nat64_request_config(rq);
	int err = check_settings(rq, set);

	if (err)
		return err;
	if (!memcmp(&cfg->set, set, sizeof(*set)))
		return 0;
	cfg = nat64_config_edit_begin(rq);
	if (IS_ERR(cfg))
		return PTR_ERR(cfg);
	memcpy(&cfg->set, set, sizeof(*set));
	return nat64_config_edit_end(rq, cfg, 0);
}
