/* SPDX-License-Identifier: GPL-2.0 */
/* A packet on its way through the translator. */
#ifndef _NAT64_XLAT_H
#define _NAT64_XLAT_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <net/dst.h>

#include "config.h"
#include "csum.h"
#include "parse.h"

/*
 * Beside the reasons for refusing a packet: this one is a super-packet that
 * has to be cut into its segments before it can be translated.
 */
#define NAT64_SEGMENT	((enum nat64_counter)NAT64_N_COUNTERS)

/* This one would be translated now, if it were not only to be explained. */
#define NAT64_DRY	((enum nat64_counter)(NAT64_N_COUNTERS + 1))

/**
 * struct nat64_pkt - a packet and all that was found out about it
 * @skb: the packet, its data at the network header
 * @nn: translator of the namespace
 * @cfg: configuration that this packet sees
 * @in: device that it came in on; the outgoing one for @local packets
 * @prefix: translation prefix of its IPv6 addresses that are not mapped
 * @hdr: its network headers
 * @a: its addresses in both families
 * @dst: route in the new family, NULL until there is one
 * @dst_held: @dst carries a reference
 * @mtu: MTU of that route
 * @split: size to which to split the translated packet; 0: whole
 * @info: MTU or pointer for the answer to a refused packet
 * @local: it comes from the gateway itself
 * @icmp_error: it is an ICMP error
 * @udp_zero: UDP without a checksum, which is to get one
 * @hairpin: IPv6 to IPv4 and back to IPv6
 * @dry: it is to be explained, not to be translated; it has no head room
 */
struct nat64_pkt {
	struct sk_buff			*skb;
	struct nat64_net		*nn;
	const struct nat64_config	*cfg;
	struct net_device		*in;
	const struct nat64_prefix	*prefix;
	struct nat64_hdr		hdr;
	struct nat64_addrs		a;
	struct dst_entry		*dst;
	unsigned int			mtu;
	unsigned int			split;
	u32				info;
	bool				dst_held;
	bool				local;
	bool				icmp_error;
	bool				udp_zero;
	bool				hairpin;
	bool				dry;
};

/* What a packet needs in front of it in either family. */
#define NAT64_HDR6_LEN(hdr) \
	(sizeof(struct ipv6hdr) + ((hdr)->frag ? sizeof(struct frag_hdr) : 0))

enum nat64_counter nat64_xlat46(struct nat64_pkt *p,
				const struct nat64_eam *eam);
enum nat64_counter nat64_xlat46_addresses(struct nat64_pkt *p,
					  const struct nat64_eam *eam);
enum nat64_counter nat64_xlat46_find_way(struct nat64_pkt *p,
					 const struct nat64_eam *eam);
void nat64_xlat46_back(struct nat64_pkt *p);
void nat64_xlat46_write(void *at, const struct nat64_hdr *hdr,
			const struct nat64_addrs *a, u16 tclass, u8 hlimit,
			unsigned int payload);

enum nat64_counter nat64_xlat64(struct nat64_pkt *p,
				const struct nat64_prefix *prefix);
void nat64_xlat64_write(void *at, const struct nat64_hdr *hdr,
			const struct nat64_addrs *a, u16 tos, u8 ttl, u16 id,
			bool df, unsigned int payload);
unsigned int nat64_xlat64_header(const struct nat64_pkt *p, void *at);
void nat64_xlat64_init(void);

#endif /* _NAT64_XLAT_H */
