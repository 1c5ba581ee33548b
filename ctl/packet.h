/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets for the dry run of the module. */
#ifndef _NAT64CTL_PACKET_H
#define _NAT64CTL_PACKET_H

#include <stdbool.h>
#include <stddef.h>

#include "addr.h"

/* The longest packet that the module explains. */
#define PACKET_MAX	9216

/**
 * enum packet_fragment - which part of a datagram a packet is
 * @FRAGMENT_NONE: the whole
 * @FRAGMENT_FIRST: the first fragment
 * @FRAGMENT_LATER: one in the middle
 * @FRAGMENT_LAST: the last one
 */
enum packet_fragment {
	FRAGMENT_NONE,
	FRAGMENT_FIRST,
	FRAGMENT_LATER,
	FRAGMENT_LAST,
};

/**
 * struct packet - a packet to be explained
 * @six: it is IPv6
 * @src: its source
 * @dst: its destination
 * @proto: protocol
 * @sport: source port
 * @dport: destination port
 * @has_type: ICMP: @type and @code are given; otherwise it is a ping
 * @type: ICMP type
 * @code: ICMP code
 * @length: of the whole packet; 0 for the shortest
 * @no_df: IPv4: it may be fragmented
 * @fragment: which part of a datagram it is
 * @tos: TOS octet or traffic class
 * @mark: its firewall mark
 * @in: index of the device that it comes in on; 0 for the one that leads to its
 *	source
 */
struct packet {
	bool			six;
	struct prefix		src;
	struct prefix		dst;
	__u8			proto;
	__u16			sport;
	__u16			dport;
	bool			has_type;
	__u8			type;
	__u8			code;
	unsigned int		length;
	bool			no_df;
	enum packet_fragment	fragment;
	__u8			tos;
	__u32			mark;
	unsigned int		in;
};

bool packet_is_icmp(const struct packet *p);
size_t packet_make(const struct packet *p, char *bytes);

#endif /* _NAT64CTL_PACKET_H */
