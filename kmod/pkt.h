/* SPDX-License-Identifier: GPL-2.0-only */
/* A packet that is being translated, and what was found out about it. */
#ifndef _NAT64_PKT_H
#define _NAT64_PKT_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <net/dst.h>

#include "config.h"
#include "csum.h"
#include "parse.h"

/*
 * Beside the reasons for rejecting a packet: a GSO packet that has to be
 * segmented before it can be translated.
 */
#define NAT64_NEEDS_SEGMENTING	((enum nat64_counter)NAT64_N_COUNTERS)

/* A packet that would be translated, were it not a dry run. */
#define NAT64_DRY_RUN	((enum nat64_counter)(NAT64_N_COUNTERS + 1))

/* A packet that the ingress hook leaves to PRE_ROUTING. */
#define NAT64_NOT_PLAIN	((enum nat64_counter)(NAT64_N_COUNTERS + 2))

/**
 * struct nat64_pkt - a packet and all that was found out about it
 * @skb: the packet, its data at the network header
 * @nn: translator of the namespace
 * @cfg: configuration that this packet sees
 * @sk: socket that netfilter names for a @local packet, or NULL
 * @in: device that it came in on; the outgoing one for @local packets
 * @src_eam: mapping of its source, NULL while there is none
 * @dst_eam: mapping of its destination, NULL while there is none
 * @prefix: translation prefix of its IPv6 addresses that are not mapped
 * @hdr: its network headers
 * @a: its addresses in both families
 * @generation: nat64_config_generation() before its addresses were looked up
 * @csum: nat64_csum_addrs() of @a, unless it is an ICMP error
 * @second_pass: where a dry run leaves the second pass of a hairpinned packet
 * @dst: route in the new family, NULL until there is one
 * @cookie: rt6_get_cookie() of @dst if it is IPv6 and may be cached
 * @dst_held: @dst carries a reference
 * @mtu: MTU of that route
 * @fragment_size: longest IPv6 fragment to make of the packet; 0: keep it whole
 * @err: what the sender of a translated @local packet is told, or 0
 * @info: MTU or pointer of the ICMP error about a rejected packet
 * @family: address family of the packet as it is now: 4 or 6
 * @translated: @family is no longer the one it came with
 * @keep: its flow may be added to the flow cache, once it is known
 * @dst_only: @dst depends on its destination alone, as far as that was asked
 * @local: it comes from the gateway itself
 * @ingress: it is in the ingress hook, or in XDP: if there is a reason why it
 *	is not translated, it goes on to PRE_ROUTING
 * @icmp_error: it is an ICMP error
 * @udp_zero: UDP without a checksum, which is to get one
 * @hairpin: IPv6 to IPv4 and back to IPv6
 * @dry_run: find out what would become of it, and change nothing
 */
struct nat64_pkt {
	struct sk_buff			*skb;
	struct nat64_net		*nn;
	const struct nat64_config	*cfg;
	struct sock			*sk;
	struct net_device		*in;
	const struct nat64_eam		*src_eam;
	const struct nat64_eam		*dst_eam;
	const struct nat64_prefix	*prefix;
	struct nat64_hdr		hdr;
	struct nat64_addrs		a;
	u32				generation;
	__wsum				csum;
	struct nat64_pkt		*second_pass;
	struct dst_entry		*dst;
	u32				cookie;
	unsigned int			mtu;
	unsigned int			fragment_size;
	u32				info;
	int				err;
	u8				family;
	bool				translated;
	bool				dst_held;
	bool				keep;
	bool				dst_only;
	bool				local;
	bool				ingress;
	bool				icmp_error;
	bool				udp_zero;
	bool				hairpin;
	bool				dry_run;
};

/**
 * nat64_pkt_clear() - clear what is read of a packet that is rejected early
 * @p: packet
 *
 * Clearing the whole struct costs too much for each packet.
 */
static __always_inline void nat64_pkt_clear(struct nat64_pkt *p)
{
	p->src_eam = NULL;
	p->dst_eam = NULL;
	p->prefix = NULL;
	memset(&p->hdr, 0, sizeof(p->hdr));
	p->dst = NULL;
	p->err = 0;
	p->translated = false;
	p->dst_held = false;
	p->keep = false;
	p->ingress = false;
	p->icmp_error = false;
	p->udp_zero = false;
	p->hairpin = false;
	p->dry_run = false;
}

/**
 * nat64_pkt_l3dev() - the device that a packet belongs to after its reception
 * @p: packet
 *
 * That of the VRF for a packet that came in on a port of one, as l3mdev_ip_rcv()
 * has it. Context: RCU read lock.
 */
static inline struct net_device *nat64_pkt_l3dev(const struct nat64_pkt *p)
{
	if (likely(!netif_is_l3_slave(p->in)))
		return p->in;
	return netdev_master_upper_dev_get_rcu(p->in) ?: p->in;
}

#endif /* _NAT64_PKT_H */
