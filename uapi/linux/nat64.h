/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Generic netlink interface of nat64, a stateless NAT64 (RFC 7915, RFC 7757).
 *
 * The family is called "nat64" and lives in each network namespace on its own.
 * Reading needs no privilege; every change needs CAP_NET_ADMIN in the user
 * namespace that owns the network namespace. All addresses are in network
 * byte order, all other integers in host byte order. Attributes are validated
 * strictly: an unknown attribute or a wrong size is refused. A refusal carries
 * a text (NLMSGERR_ATTR_MSG) and, where an attribute is at fault, its offset
 * (NLMSGERR_ATTR_OFFS); in a request with many mappings that attribute is the
 * NAT64_A_EAM that failed.
 *
 * One request is one step: NAT64_CMD_EAM_NEW and NAT64_CMD_EAM_DEL take any
 * number of NAT64_A_EAM, and either all of them are done or none.
 *
 * Mappings
 *	NAT64_CMD_EAM_NEW with NLM_F_CREATE | NLM_F_EXCL adds; with NLM_F_CREATE |
 *	NLM_F_REPLACE it also replaces the mapping that has the same IPv4 prefix
 *	or the same IPv6 prefix. NLM_F_EXCL excludes NLM_F_REPLACE. Overlaps that
 *	RFC 7757 section 5 permits are refused unless NAT64_A_FORCE is given.
 *	With NAT64_EAM_A_EDGE, a mapping's hosts are on the IPv4 side (RFC 7756).
 *	NAT64_CMD_EAM_DEL names a mapping by its IPv4 prefix, by its IPv6 prefix
 *	or by both. A NAT64_CMD_EAM_GET dump lists all, or those inside the
 *	prefix that it names.
 *
 * A whole configuration
 *	NAT64_CMD_LOAD_BEGIN opens an empty configuration aside, which belongs to
 *	the requesting socket. NAT64_CMD_PREFIX_NEW, NAT64_CMD_EAM_NEW and
 *	NAT64_CMD_SETTINGS_SET with NAT64_A_STAGED fill it. NAT64_CMD_LOAD_COMMIT
 *	puts it in the place of the old one by one pointer. Closing the socket or
 *	NAT64_CMD_LOAD_ABORT throws it away. One load at a time: the error of a
 *	second one names who loads, and with NAT64_A_FORCE it takes over.
 *
 * A packet explained
 *	NAT64_CMD_EXPLAIN takes an IPv4 or IPv6 packet in NAT64_EXPLAIN_A_PACKET
 *	and, by the code that translates packets, says what would become of it.
 *	Nothing is sent, counted or changed.
 */
#ifndef _UAPI_LINUX_NAT64_H
#define _UAPI_LINUX_NAT64_H

#define NAT64_GENL_NAME			"nat64"
#define NAT64_GENL_VERSION		1
#define NAT64_MCGRP_CONFIG_NAME		"config"

/* Translation prefixes that may stand at once in a network namespace. */
#define NAT64_MAX_PREFIXES		16

/* A NAT64_SETTING_TOS or _TRAFFIC_CLASS that copies the octet. */
#define NAT64_COPY			256

/**
 * enum nat64_cmd - requests, and the notifications that share their numbers
 * @NAT64_CMD_UNSPEC: unused
 * @NAT64_CMD_STATUS_GET: state of the namespace (do)
 * @NAT64_CMD_PREFIX_NEW: add a translation prefix, or make it primary
 * @NAT64_CMD_PREFIX_DEL: delete a translation prefix that no mapping names
 * @NAT64_CMD_PREFIX_GET: list the translation prefixes (dump)
 * @NAT64_CMD_EAM_NEW: add or replace mappings
 * @NAT64_CMD_EAM_DEL: delete mappings
 * @NAT64_CMD_EAM_GET: one mapping (do), or all of them or those inside a prefix (dump)
 * @NAT64_CMD_EAM_FLUSH: delete all mappings
 * @NAT64_CMD_LOOKUP: what an address becomes, and which mapping or prefix says so (do)
 * @NAT64_CMD_SETTINGS_GET: all settings (do)
 * @NAT64_CMD_SETTINGS_SET: change the settings that are given
 * @NAT64_CMD_LOAD_BEGIN: open an empty configuration aside
 * @NAT64_CMD_LOAD_COMMIT: put it in place; as notification: a whole configuration was put in place
 * @NAT64_CMD_LOAD_ABORT: throw it away
 * @NAT64_CMD_STATS_GET: every counter (do)
 * @NAT64_CMD_STATS_RESET: set every counter to zero
 * @NAT64_CMD_EXPLAIN: what would become of a packet (do)
 * @NAT64_CMD_USE_GET: mappings that had packets while counters were on, each with
 *	its counters (dump); some may come twice
 * @__NAT64_CMD_MAX: end of the list
 */
enum nat64_cmd {
	NAT64_CMD_UNSPEC,
	NAT64_CMD_STATUS_GET,
	NAT64_CMD_PREFIX_NEW,
	NAT64_CMD_PREFIX_DEL,
	NAT64_CMD_PREFIX_GET,
	NAT64_CMD_EAM_NEW,
	NAT64_CMD_EAM_DEL,
	NAT64_CMD_EAM_GET,
	NAT64_CMD_EAM_FLUSH,
	NAT64_CMD_LOOKUP,
	NAT64_CMD_SETTINGS_GET,
	NAT64_CMD_SETTINGS_SET,
	NAT64_CMD_LOAD_BEGIN,
	NAT64_CMD_LOAD_COMMIT,
	NAT64_CMD_LOAD_ABORT,
	NAT64_CMD_STATS_GET,
	NAT64_CMD_STATS_RESET,
	NAT64_CMD_EXPLAIN,
	NAT64_CMD_USE_GET,

	__NAT64_CMD_MAX
};

#define NAT64_CMD_MAX	(__NAT64_CMD_MAX - 1)

/**
 * enum nat64_attr - top level attributes
 * @NAT64_A_UNSPEC: unused
 * @NAT64_A_PAD: padding
 * @NAT64_A_PREFIX: nest of &enum nat64_prefix_attr
 * @NAT64_A_EAM: nest of &enum nat64_eam_attr; may be repeated in EAM_NEW, EAM_DEL and in dumps
 * @NAT64_A_SETTINGS: nest of &enum nat64_setting
 * @NAT64_A_STAT: nest of &enum nat64_stat_attr, repeated
 * @NAT64_A_ADDR4: IPv4 address, be32 (LOOKUP)
 * @NAT64_A_ADDR6: IPv6 address, 16 bytes (LOOKUP)
 * @NAT64_A_FORCE: flag: permit an overlap that RFC 7757 section 5 permits, or one of a
 *	mapping with a translation prefix; in LOAD_BEGIN: take over from another socket
 * @NAT64_A_STAGED: flag: the request is for the configuration that LOAD_BEGIN opened
 * @NAT64_A_VERSION: version of the module, string (STATUS_GET)
 * @NAT64_A_ACTIVE: u8, 1 when there is something to translate by (STATUS_GET)
 * @NAT64_A_COUNT: u32, number of mappings (STATUS_GET, LOAD_COMMIT)
 * @NAT64_A_LIMIT: u32, number of mappings allowed in this namespace (STATUS_GET);
 *	in LOAD_BEGIN: number of mappings to come, a hint
 * @NAT64_A_DIGEST: u64, hash of the mappings and prefixes in any order (STATUS_GET, LOAD_COMMIT)
 * @NAT64_A_GENERATION: u32, counts changes (STATUS_GET)
 * @NAT64_A_CHANGED: u8, 0 when LOAD_COMMIT found everything as it was
 * @NAT64_A_FAMILY: u8, the family of the result: 4 or 6 (LOOKUP)
 * @NAT64_A_EXPLAIN: nest of &enum nat64_explain_attr (EXPLAIN)
 * @NAT64_A_USE: counters of a mapping, nest of &enum nat64_use_attr (USE_GET)
 * @NAT64_A_ROUTES_PENDING: u8, 1 while the routes are still to be listed, and each
 *	packet asks for a native one (STATUS_GET)
 * @__NAT64_A_MAX: end of the list
 */
enum nat64_attr {
	NAT64_A_UNSPEC,
	NAT64_A_PAD,
	NAT64_A_PREFIX,
	NAT64_A_EAM,
	NAT64_A_SETTINGS,
	NAT64_A_STAT,
	NAT64_A_ADDR4,
	NAT64_A_ADDR6,
	NAT64_A_FORCE,
	NAT64_A_STAGED,
	NAT64_A_VERSION,
	NAT64_A_ACTIVE,
	NAT64_A_COUNT,
	NAT64_A_LIMIT,
	NAT64_A_DIGEST,
	NAT64_A_GENERATION,
	NAT64_A_CHANGED,
	NAT64_A_FAMILY,
	NAT64_A_EXPLAIN,
	NAT64_A_USE,
	NAT64_A_ROUTES_PENDING,

	__NAT64_A_MAX
};

#define NAT64_A_MAX	(__NAT64_A_MAX - 1)

/**
 * enum nat64_prefix_attr - a translation prefix (RFC 6052)
 * @NAT64_PREFIX_A_UNSPEC: unused
 * @NAT64_PREFIX_A_ADDR: IPv6 prefix, 16 bytes
 * @NAT64_PREFIX_A_LEN: u8: 32, 40, 48, 56, 64 or 96
 * @NAT64_PREFIX_A_PRIMARY: flag: writes IPv6 sources unless a mapping names another
 * @__NAT64_PREFIX_A_MAX: end of the list
 */
enum nat64_prefix_attr {
	NAT64_PREFIX_A_UNSPEC,
	NAT64_PREFIX_A_ADDR,
	NAT64_PREFIX_A_LEN,
	NAT64_PREFIX_A_PRIMARY,

	__NAT64_PREFIX_A_MAX
};

#define NAT64_PREFIX_A_MAX	(__NAT64_PREFIX_A_MAX - 1)

/**
 * enum nat64_eam_attr - an explicit address mapping (RFC 7757)
 * @NAT64_EAM_A_UNSPEC: unused
 * @NAT64_EAM_A_ADDR4: IPv4 prefix, be32
 * @NAT64_EAM_A_LEN4: u8, 0 to 32; 32 when absent
 * @NAT64_EAM_A_ADDR6: IPv6 prefix, 16 bytes
 * @NAT64_EAM_A_LEN6: u8, 0 to 128; 128 when absent
 * @NAT64_EAM_A_PREFIX: translation prefix that writes the IPv6 source of packets
 *	to this mapping, nest of &enum nat64_prefix_attr; the primary one when absent;
 *	with EDGE, it writes the IPv6 destinations of packets from this mapping
 * @NAT64_EAM_A_EDGE: flag: the hosts are on the IPv4 side, the IPv6 addresses are
 *	their faces; ignored where a mapping is only named
 * @__NAT64_EAM_A_MAX: end of the list
 */
enum nat64_eam_attr {
	NAT64_EAM_A_UNSPEC,
	NAT64_EAM_A_ADDR4,
	NAT64_EAM_A_LEN4,
	NAT64_EAM_A_ADDR6,
	NAT64_EAM_A_LEN6,
	NAT64_EAM_A_PREFIX,
	NAT64_EAM_A_EDGE,

	__NAT64_EAM_A_MAX
};

#define NAT64_EAM_A_MAX	(__NAT64_EAM_A_MAX - 1)

/**
 * enum nat64_setting - settings of a network namespace
 * @NAT64_SETTING_UNSPEC: unused
 * @NAT64_SETTING_UDP_ZERO_CHECKSUM: u8, &enum nat64_udp_zero_checksum
 * @NAT64_SETTING_LOWEST_IPV6_MTU: u32, 1280 to 65535
 * @NAT64_SETTING_TOS: u32, 0 to 255 or NAT64_COPY: TOS octet of IPv4 packets made
 * @NAT64_SETTING_TRAFFIC_CLASS: u32, 0 to 255 or NAT64_COPY: of IPv6 packets made
 * @NAT64_SETTING_ICMP_SOURCE4: be32, RFC 6791 pool; 0.0.0.0: none
 * @NAT64_SETTING_ICMP_SOURCE4_LEN: u8, 0 to 32; 32 when absent beside ICMP_SOURCE4
 * @NAT64_SETTING_ICMP_SOURCE6: 16 bytes; the unspecified address: none
 * @NAT64_SETTING_ICMP_SOURCE6_LEN: u8, 0 to 128; 128 when absent beside ICMP_SOURCE6
 * @NAT64_SETTING_ICMP_ERRORS: u8, 0 or 1
 * @NAT64_SETTING_WKP_STRICT: u8, 0 or 1
 * @NAT64_SETTING_HAIRPIN: u8, 0 or 1
 * @NAT64_SETTING_FORWARDING: u8, &enum nat64_forwarding
 * @NAT64_SETTING_LOCAL: u8, 0 or 1
 * @NAT64_SETTING_MARK: u32
 * @NAT64_SETTING_MARK_MASK: u32; 0: every packet is looked at; all ones when absent beside MARK
 * @NAT64_SETTING_COUNTERS: u8, 0 or 1
 * @__NAT64_SETTING_MAX: end of the list
 */
enum nat64_setting {
	NAT64_SETTING_UNSPEC,
	NAT64_SETTING_UDP_ZERO_CHECKSUM,
	NAT64_SETTING_LOWEST_IPV6_MTU,
	NAT64_SETTING_TOS,
	NAT64_SETTING_TRAFFIC_CLASS,
	NAT64_SETTING_ICMP_SOURCE4,
	NAT64_SETTING_ICMP_SOURCE4_LEN,
	NAT64_SETTING_ICMP_SOURCE6,
	NAT64_SETTING_ICMP_SOURCE6_LEN,
	NAT64_SETTING_ICMP_ERRORS,
	NAT64_SETTING_WKP_STRICT,
	NAT64_SETTING_HAIRPIN,
	NAT64_SETTING_FORWARDING,
	NAT64_SETTING_LOCAL,
	NAT64_SETTING_MARK,
	NAT64_SETTING_MARK_MASK,
	NAT64_SETTING_COUNTERS,

	__NAT64_SETTING_MAX
};

#define NAT64_SETTING_MAX	(__NAT64_SETTING_MAX - 1)

/**
 * enum nat64_udp_zero_checksum - unfragmented IPv4 UDP without a checksum (RFC 7915 section 4.5)
 * @NAT64_UDP_ZERO_COMPUTE: compute one
 * @NAT64_UDP_ZERO_DROP: drop the packet
 */
enum nat64_udp_zero_checksum {
	NAT64_UDP_ZERO_COMPUTE,
	NAT64_UDP_ZERO_DROP,
};

/**
 * enum nat64_forwarding - the way out of a translated packet
 * @NAT64_FORWARDING_FILTERED: through FORWARD and POSTROUTING of the new family
 * @NAT64_FORWARDING_DIRECT: past both, to the neighbour
 */
enum nat64_forwarding {
	NAT64_FORWARDING_FILTERED,
	NAT64_FORWARDING_DIRECT,
};

/**
 * enum nat64_stat_attr - a counter
 * @NAT64_STAT_A_UNSPEC: unused
 * @NAT64_STAT_A_PAD: padding
 * @NAT64_STAT_A_NAME: string
 * @NAT64_STAT_A_VALUE: u64
 * @__NAT64_STAT_A_MAX: end of the list
 */
enum nat64_stat_attr {
	NAT64_STAT_A_UNSPEC,
	NAT64_STAT_A_PAD,
	NAT64_STAT_A_NAME,
	NAT64_STAT_A_VALUE,

	__NAT64_STAT_A_MAX
};

#define NAT64_STAT_A_MAX	(__NAT64_STAT_A_MAX - 1)

/**
 * enum nat64_verdict - what becomes of a packet
 * @NAT64_VERDICT_PASSED: it is not for the translator, which leaves it as it is
 * @NAT64_VERDICT_TRANSLATED: it is translated
 * @NAT64_VERDICT_REFUSED: it is dropped
 */
enum nat64_verdict {
	NAT64_VERDICT_PASSED,
	NAT64_VERDICT_TRANSLATED,
	NAT64_VERDICT_REFUSED,
};

/**
 * enum nat64_explain_attr - a packet explained
 * @NAT64_EXPLAIN_A_UNSPEC: unused
 * @NAT64_EXPLAIN_A_PACKET: the packet from its network header on, whole
 * @NAT64_EXPLAIN_A_MARK: u32, its firewall mark; 0 when absent
 * @NAT64_EXPLAIN_A_IN: u32, device that it comes in on; when absent, the one
 *	that leads to its source. Loopback or a VRF, and loopback when absent, mean
 *	the gateway itself if the source is one of its addresses there
 * @NAT64_EXPLAIN_A_VERDICT: u8, &enum nat64_verdict
 * @NAT64_EXPLAIN_A_REASON: string: why it is refused, by the name of a counter,
 *	or why it is passed
 * @NAT64_EXPLAIN_A_LOCAL: flag: the gateway itself sends it
 * @NAT64_EXPLAIN_A_SOURCE: mapping of its source, nest of &enum nat64_eam_attr
 * @NAT64_EXPLAIN_A_DESTINATION: mapping of its destination, the same
 * @NAT64_EXPLAIN_A_PREFIX: translation prefix of what is not mapped, nest of
 *	&enum nat64_prefix_attr
 * @NAT64_EXPLAIN_A_HEADER: network headers after translation
 * @NAT64_EXPLAIN_A_BETWEEN: the IPv4 header of a packet that is translated
 *	twice, from one mapped host to another
 * @NAT64_EXPLAIN_A_OUT: u32, device that it goes out on
 * @NAT64_EXPLAIN_A_VIA4: be32, next hop, if it is a router
 * @NAT64_EXPLAIN_A_VIA6: 16 bytes, the same
 * @NAT64_EXPLAIN_A_MTU: u32, MTU of that way
 * @NAT64_EXPLAIN_A_SPLIT: u32, size of the fragments it is split to
 * @NAT64_EXPLAIN_A_ICMP_TYPE: u8, ICMP error that the sender gets, in the
 *	packet's own family
 * @NAT64_EXPLAIN_A_ICMP_CODE: u8
 * @NAT64_EXPLAIN_A_ICMP_INFO: u32, MTU or pointer in it
 * @__NAT64_EXPLAIN_A_MAX: end of the list
 */
enum nat64_explain_attr {
	NAT64_EXPLAIN_A_UNSPEC,
	NAT64_EXPLAIN_A_PACKET,
	NAT64_EXPLAIN_A_MARK,
	NAT64_EXPLAIN_A_IN,
	NAT64_EXPLAIN_A_VERDICT,
	NAT64_EXPLAIN_A_REASON,
	NAT64_EXPLAIN_A_LOCAL,
	NAT64_EXPLAIN_A_SOURCE,
	NAT64_EXPLAIN_A_DESTINATION,
	NAT64_EXPLAIN_A_PREFIX,
	NAT64_EXPLAIN_A_HEADER,
	NAT64_EXPLAIN_A_BETWEEN,
	NAT64_EXPLAIN_A_OUT,
	NAT64_EXPLAIN_A_VIA4,
	NAT64_EXPLAIN_A_VIA6,
	NAT64_EXPLAIN_A_MTU,
	NAT64_EXPLAIN_A_SPLIT,
	NAT64_EXPLAIN_A_ICMP_TYPE,
	NAT64_EXPLAIN_A_ICMP_CODE,
	NAT64_EXPLAIN_A_ICMP_INFO,

	__NAT64_EXPLAIN_A_MAX
};

#define NAT64_EXPLAIN_A_MAX	(__NAT64_EXPLAIN_A_MAX - 1)

/**
 * enum nat64_use_attr - what has left of a mapping's packets
 * @NAT64_USE_A_UNSPEC: unused
 * @NAT64_USE_A_PAD: padding
 * @NAT64_USE_A_PACKETS_6TO4: u64
 * @NAT64_USE_A_OCTETS_6TO4: u64, after translation
 * @NAT64_USE_A_PACKETS_4TO6: u64
 * @NAT64_USE_A_OCTETS_4TO6: u64, after translation
 * @NAT64_USE_A_IDLE: u64, milliseconds since the last one
 * @__NAT64_USE_A_MAX: end of the list
 */
enum nat64_use_attr {
	NAT64_USE_A_UNSPEC,
	NAT64_USE_A_PAD,
	NAT64_USE_A_PACKETS_6TO4,
	NAT64_USE_A_OCTETS_6TO4,
	NAT64_USE_A_PACKETS_4TO6,
	NAT64_USE_A_OCTETS_4TO6,
	NAT64_USE_A_IDLE,

	__NAT64_USE_A_MAX
};

#define NAT64_USE_A_MAX	(__NAT64_USE_A_MAX - 1)

#endif /* _UAPI_LINUX_NAT64_H */
