/* SPDX-License-Identifier: GPL-2.0 */
/* Packets for the dry run of the module. */
#ifndef _NAT64CTL_PACKET_H
#define _NAT64CTL_PACKET_H

#include <stdbool.h>
#include <stddef.h>

#include "addr.h"

/* The longest packet that is made here: IPv6 and TCP. */
#define PACKET_MAX	64

/**
 * struct packet - a packet to be explained
 * @six: it is IPv6
 * @src: its source
 * @dst: its destination
 * @proto: protocol
 * @sport: source port
 * @dport: destination port
 */
struct packet {
	bool		six;
	struct prefix	src;
	struct prefix	dst;
	__u8		proto;
	__u16		sport;
	__u16		dport;
};

size_t packet_make(const struct packet *p, char *bytes);

#endif /* _NAT64CTL_PACKET_H */
