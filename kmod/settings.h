/* SPDX-License-Identifier: GPL-2.0 */
/* The settings of a network namespace, as enum nat64_setting lists them. */
#ifndef _NAT64_SETTINGS_H
#define _NAT64_SETTINGS_H

#include <linux/in6.h>
#include <linux/types.h>

struct nat64_request;

/**
 * struct nat64_settings - the settings, as in enum nat64_setting
 * @icmp_source6: pool of IPv6 sources, :: for none
 * @icmp_source4: pool of IPv4 sources, 0.0.0.0 for none (RFC 6791)
 * @mark: firewall mark of packets to look at
 * @mark_mask: bits of the mark that count; 0: all packets
 * @lowest_ipv6_mtu: RFC 7915 section 4.1
 * @tos: octet to write, or NAT64_COPY
 * @traffic_class: octet to write, or NAT64_COPY
 * @icmp_source4_len: length of that pool's prefix
 * @icmp_source6_len: length of that pool's prefix
 * @udp_zero_checksum: enum nat64_udp_zero_checksum
 * @forwarding: enum nat64_forwarding
 * @icmp_errors: answer packets that are refused
 * @wkp_strict: RFC 6052 section 3.1
 * @hairpin: RFC 7757 section 4.2
 * @local: translate what the gateway itself sends and receives
 * @counters: count packets and bytes of each mapping
 */
struct nat64_settings {
	struct in6_addr	icmp_source6;
	__be32		icmp_source4;
	u32		mark;
	u32		mark_mask;
	u32		lowest_ipv6_mtu;
	u32		tos;
	u32		traffic_class;
	u8		icmp_source4_len;
	u8		icmp_source6_len;
	u8		udp_zero_checksum;
	u8		forwarding;
	bool		icmp_errors;
	bool		wkp_strict;
	bool		hairpin;
	bool		local;
	bool		counters;
};

extern const struct nat64_settings nat64_default_settings;

int nat64_settings_set(struct nat64_request *rq,
		       const struct nat64_settings *set);

#endif /* _NAT64_SETTINGS_H */
