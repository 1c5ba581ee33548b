/* SPDX-License-Identifier: GPL-2.0-only */
/* The settings of a network namespace. */
#ifndef _NAT64_SETTINGS_H
#define _NAT64_SETTINGS_H

#include <linux/in6.h>
#include <linux/types.h>

#include <linux/nat64.h>

struct nat64_request;

/*
 * For each enum nat64_setting its type, in memory and on the wire, its field, its
 * default, and its policy by the name that netlink_attr.c gives it. The largest
 * fields come first. nat64ctl(8) says what they do.
 */
#define NAT64_SETTINGS(X)						\
	X(ICMP_SOURCE6, struct in6_addr, icmp_source6, {}, ADDR6)	\
	X(ICMP_SOURCE4, __be32, icmp_source4, 0, ADDR4)			\
	X(MARK, u32, mark, 0, U32)					\
	X(MARK_MASK, u32, mark_mask, 0, U32)				\
	X(LOWEST_IPV6_MTU, u32, lowest_ipv6_mtu, IPV6_MIN_MTU, MTU)	\
	X(TOS, u32, tos, NAT64_COPY, OCTET)				\
	X(TRAFFIC_CLASS, u32, traffic_class, NAT64_COPY, OCTET)		\
	X(ICMP_SOURCE4_LEN, u8, icmp_source4_len, 0, LEN4)		\
	X(ICMP_SOURCE6_LEN, u8, icmp_source6_len, 0, LEN6)		\
	X(UDP_ZERO_CHECKSUM, u8, udp_zero_checksum,			\
	  NAT64_UDP_ZERO_COMPUTE, UP_TO(NAT64_UDP_ZERO_DROP))		\
	X(FORWARDING, u8, forwarding, NAT64_FORWARDING_FILTERED,	\
	  UP_TO(NAT64_FORWARDING_DIRECT))				\
	X(ICMP_ERRORS, bool, icmp_errors, true, UP_TO(1))		\
	X(WKP_STRICT, bool, wkp_strict, true, UP_TO(1))			\
	X(HAIRPIN, bool, hairpin, true, UP_TO(1))			\
	X(LOCAL, bool, local, true, UP_TO(1))				\
	X(COUNTERS, bool, counters, false, UP_TO(1))

struct nat64_settings {
#define X(attr, type, field, initial, policy) type field;
	NAT64_SETTINGS(X)
#undef X
};

extern const struct nat64_settings nat64_default_settings;

int nat64_settings_set(struct nat64_request *rq,
		       const struct nat64_settings *set);

#endif /* _NAT64_SETTINGS_H */
