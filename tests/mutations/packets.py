# SPDX-License-Identifier: GPL-2.0-only
"""Rules of the packet path: most of them are rules of CONFORMANCE.md."""

from rules import Rules

MUTATIONS = Rules()
break_ = MUTATIONS.add

# IPv4 headers.
break_("parse.c",
       ("a source route is expired too early", "opt[IPOPT_OFFSET] <= len", "opt[IPOPT_OFFSET] < len - 4"),
       ("a source route without a pointer", "if (len <= IPOPT_OFFSET)", "if (0)"),
       ("strict source routes pass", "opt[0] != IPOPT_LSRR && opt[0] != IPOPT_SSRR",
        "opt[0] != IPOPT_LSRR"),
       ("options may be longer than the header", "left < 2 || opt[1] < 2 || opt[1] > left",
        "left < 2 || opt[1] < 2"),
       ("the last fragment is none", "hdr->frag = hdr->mf || hdr->frag_off;", "hdr->frag = hdr->mf;"),
       tests="4to6")
break_("parse.c",
       ("a quoted length below the header", "|| ntohs(iph->tot_len) < hdr->len", ""),
       ("a quote of another version", "!iph || iph->version != 4 || iph->ihl < 5", "!iph"),
       tests="icmp")

# IPv6 headers.
break_("parse.c",
       ("AH behind a Fragment header", "\tcase NEXTHDR_AUTH:\n", ""),
       ("the offset of a fragment", "ntohs(fh->frag_off) >> 3", "ntohs(fh->frag_off) >> 2"),
       ("the identification's high half", "ntohl(fh->identification)",
        "ntohl(fh->identification) >> 16"),
       ("one segment left", "&& rt->segments_left)", "&& rt->segments_left > 1)"),
       ("where a Parameter Problem points", "offsetof(struct ipv6_rt_hdr, segments_left)",
        "offsetof(struct ipv6_rt_hdr, type)"),
       ("the length of a jumbogram without one", "!ipv6_hdr(skb)->payload_len &&", "0 &&"),
       tests="6to4 counters")
break_("parse.c", ("more extension headers than any packet has", "#define MAX_EXT_HEADERS\t\t16",
                   "#define MAX_EXT_HEADERS\t\t32"), tests="counters")

# IPv4 to IPv6.
break_("xlat46.c",
       ("fragmented UDP without a checksum", "\tif (p->hdr.frag)\n\t\treturn NAT64_UDP_ZERO_CHECKSUM_FRAGMENT;\n", ""),
       ("IGMP", "p->hdr.proto == IPPROTO_IGMP ? NAT64_ICMP_TYPE : NAT64_OK", "NAT64_OK"),
       ("a TTL of one", "p->hdr.ttl <= 1", "p->hdr.ttl < 1"),
       ("the TTL is lowered", "p->hdr.ttl - !(p->local || p->hairpin)", "p->hdr.ttl"),
       ("lowest-ipv6-mtu without DF", "\tif (!p->hdr.df)\n\t\tlimit", "\tif (0)\n\t\tlimit"),
       ("Fragmentation Needed leaves room for the headers",
        "p->info = p->mtu - NAT64_HDR6_LEN(&p->hdr) +\n\t\t\t  sizeof(struct iphdr);",
        "p->info = p->mtu - sizeof(struct ipv6hdr) +\n\t\t\t  sizeof(struct iphdr);"),
       ("pieces beyond 64 KiB",
        "\tif (p->hdr.frag_off * 8 + p->hdr.payload > IP_MAX_MTU)\n\t\treturn NAT64_MALFORMED;\n", ""),
       ("a computed checksum of zero", "csum_fold(sum) ?: CSUM_MANGLED_0", "csum_fold(sum)"),
       ("link-layer broadcasts", "p->skb->pkt_type != PACKET_HOST", "0"),
       ("a piece's offset", "p->hdr.frag_off += size / 8;", ""),
       ("a piece of a fragment that is not the last", "p->hdr.mf = mf || next;", "p->hdr.mf = next;"),
       ("pieces as large as can be", "round_down(p->fragment_size - sizeof(struct ipv6hdr) -",
        "round_down(p->fragment_size - 8 - sizeof(struct ipv6hdr) -"),
       tests="4to6 counters")
break_("xlat46.c",
       ("the hop limit of hairpinned packets", "!(p->local || p->hairpin)", "!p->local"),
       tests="addresses")
break_("xlat46.c", ("IPv4 packets that were reassembled", "p->hdr.df = false;", ";"), tests="offloads")
break_("xlat46.c", ("local packets keep their TTL", "!(p->local || p->hairpin)", "!p->hairpin"),
       tests="local")

# IPv6 to IPv4.
break_("xlat64.c",
       ("identifications differ", "this_cpu_add_return(ip_ids.next[which], n) - n",
        "this_cpu_read(ip_ids.next[which])"),
       ("a hop limit of one", "p->hdr.ttl <= 1", "p->hdr.ttl < 1"),
       ("Packet Too Big says at least 1280", "sizeof(struct iphdr), IPV6_MIN_MTU);",
        "sizeof(struct iphdr), 0);"),
       ("large fragments are fragmented", "(p->hdr.frag || p->skb->len <= IPV6_MIN_MTU)",
        "(p->skb->len <= IPV6_MIN_MTU)"),
       ("small packets are fragmented", "(p->hdr.frag || p->skb->len <= IPV6_MIN_MTU)", "(p->hdr.frag)"),
       ("fragments beyond 64 KiB",
        "\tif (p->hdr.frag_off * 8 + p->hdr.payload > IP_MAX_MTU)\n\t\treturn NAT64_MALFORMED;\n", ""),
       ("link-layer multicasts", "p->skb->pkt_type != PACKET_HOST", "0"),
       tests="6to4")
break_("xlat64.c",
       ("super-packets of small segments", "\t\treturn NAT64_NEEDS_SEGMENTING;\n\tp->info", "\t\t;\n\tp->info"),
       ("identifications of segments differ", "u32 segs = nat64_skb_segs(p->skb);", "u32 segs = 1;"),
       tests="stack")
break_("xlat64.c",
       ("a sum that begins in IPv6 headers", "nat64_csum_start_in_headers(p->skb, p->hdr.len)", "0"),
       ("hairpinned segments are counted", "NAT64_HAIRPINNED, nat64_skb_segs(p->skb)", "NAT64_HAIRPINNED, 1"),
       tests="guests")
break_("xlat46.c",
       ("a sum that begins in the IPv4 header", "nat64_csum_start_in_headers(p->skb, p->hdr.len)", "0"),
       tests="guests")
break_("skb.c",
       ("segments that nobody has counted",
        "at < skb->len ? DIV_ROUND_UP(skb->len - at, shinfo->gso_size) : 1", "1"),
       ("a super-packet's TCP header behind extension headers",
        "\tskb_set_transport_header(skb, p->hdr.len);\n", ""),
       tests="guests")
break_("xlat64.c",
       ("IPv6 packets that were reassembled", "p->hdr.frag = true;", ";"), tests="offloads")
break_("xlat64.c",
       ("a hairpinned packet that is too big", "p->info = back->mtu;\n\treturn NAT64_TOO_BIG;", "return NAT64_OK;"),
       ("hairpinning", "return hairpin_packet(p, eam);", "eam = NULL;"),
       ("RFC 7757 4.2.2, condition A2", "if (!p->cfg->set.hairpin || p->dst_eam)",
        "if (!p->cfg->set.hairpin)"),
       tests="addresses")

# Flows that are kept.
break_("flow.h",
       ("the generation of a flow", "|| flow->generation != generation)", ")"),
       ("an ICMP error is no packet of a flow", "p->local || p->icmp_error ||", "p->local ||"),
       ("routes by TOS", "((what) | ((tos) & ~INET_ECN_MASK) << 8)", "(what)"),
       tests="flows")
break_("flow.h", ("a kept route is checked", "dst_check(flow->dst, flow->cookie)", "flow->dst"),
       tests="ways")
break_("table_batch.c", ("a batch begins a generation", "\tnat64_table_count_change(b->table);\n", ""),
       tests="flows")
# That a configuration begins a generation is not here: the scan of the routes that follows
# begins one as well, some milliseconds later.
break_("xlat64.c",
       ("a known flow counts for its mapping", "if (!src_eam)\n\t\tsrc_eam = nat64_eam_find6(p->cfg->table, &p->a.src6);", ""),
       tests="flows")

# Network headers.
break_("header.h",
       ("ECN is copied", "tclass == NAT64_COPY ? hdr->tos : tclass, 0",
        "tclass == NAT64_COPY ? hdr->tos & 0xfc : tclass, 0"),
       ("setting traffic-class", "tclass == NAT64_COPY ? hdr->tos : tclass, 0", "hdr->tos, 0"),
       ("the identification in the Fragment header", "htonl(hdr->frag_id)", "htonl(hdr->frag_id << 16)"),
       ("the M flag", "(hdr->mf ? IP6_MF : 0)", "0"),
       ("the protocol in the Fragment header", "fh->nexthdr = proto;", "fh->nexthdr = hdr->proto;"),
       tests="4to6 counters")
break_("header.h",
       ("DF from 1260 octets on", "(IPV6_MIN_MTU - 20)", "IPV6_MIN_MTU"),
       ("the MF flag", "(hdr->mf ? IP_MF : 0)", "0"),
       ("the identification of a fragment", "htons(hdr->frag_id)", "htons(id)"),
       ("setting tos", "tos == NAT64_COPY ? hdr->tos : tos", "hdr->tos"),
       tests="6to4")

# Addresses.
break_("map.c",
       ("sources that a mapping makes illegal", "eam->len4 >= NAT64_LEN4_HOSTS", "eam->len4 >= 0"),
       ("unmapped sources", "p->icmp_error ? rfc6791_source4(p) : NAT64_SOURCE_UNMAPPED", "rfc6791_source4(p)"),
       ("illegal destinations", "if (unlikely(!nat64_addr4_is_host(p->a.dst4)))", "if (0)"),
       tests="6to4")
break_("map.c",
       ("an illegal source of an error", "!nat64_addr4_is_host(src4)) && !p->icmp_error",
        "!nat64_addr4_is_host(src4))"),
       ("RFC 7757 4.2.1, rule 3, other sources",
        "return unlikely(p->icmp_error) && !sent_by_quoted_destination(p);", "return false;"),
       ("RFC 7757 4.2.1, rule 3",
        "return unlikely(p->icmp_error) && !sent_by_quoted_destination(p);",
        "return unlikely(p->icmp_error);"),
       tests="icmp")
break_("map.c",
       ("an illegal source", "if (unlikely(!nat64_addr4_is_host(src4)) && !p->icmp_error)", "if (0)"),
       tests="4to6")
break_("map.c",
       ("RFC 7757 4.2.1, rule 1", "if (unlikely(!p->cfg->set.hairpin || !p->prefix))\n\t\treturn true;",
        "if (1)\n\t\treturn true;"),
       ("a mapping inside the prefix", "if (unlikely(p->cfg->overlaps_pref64 || !p->prefix)) {", "if (!p->prefix) {"),
       tests="addresses")
break_("map.c",
       ("a pool of sources", "(__force __be32)random & ~mask", "(__force __be32)0 & ~mask"),
       tests="icmp")
break_("map_quote.c",
       ("RFC 7757 4.2.1, rule 2", "bool use_eam = !p->cfg->set.hairpin || !p->prefix;",
        "bool use_eam = true;"),
       ("the well-known prefix in quotes",
        "!p->prefix || !nat64_config_carries(p->cfg, p->prefix, addr4)", "!p->prefix"),
       tests="icmp")
break_("addr.c",
       ("bits 64 to 71", "if (unlikely(addr6->s6_addr[U_OCTET]))", "if (0)"),
       ("shared addresses are not global", "\t\t{ 0x64400000, 10 },\t/* RFC 6598 */\n", ""),
       ("6to4 relays are not global", "\t\t{ 0xc0586300, 24 },\t/* 6to4 relays, RFC 7526 */\n", ""),
       ("172.32.0.0 is global", "{ 0xac100000, 12 }", "{ 0xac100000, 11 }"),
       tests="addresses")
break_("addr.c",
       ("IPv4-compatible sources", "\t       (word[0] | word[1] | word[2]) &&\n", ""),
       ("link-local sources", "ipv6_addr_type(addr6) & IPV6_ADDR_LINKLOCAL", "0"),
       tests="6to4")
break_("reject.c",
       ("illegal sources are answered", "report->kind == REPORT_NEVER || !has_sender(p) ||",
        "report->kind == REPORT_NEVER ||"),
       tests="4to6 6to4")
break_("addr.h", ("multicast is no host", "first != 127 && first < 224", "first != 127"), tests="4to6")
break_("config.h", ("wkp-strict", "!cfg->set.wkp_strict ||", "1 ||"), tests="addresses icmp")

# Checksums.
break_("csum.h",
       ("UDP without a checksum stays so", "if (udp && !*field)\n\t\treturn;", ""),
       ("a UDP checksum of zero is sent as ones", "if (udp && !*field)\n\t\t*field = CSUM_MANGLED_0;", ""),
       ("checksums of DCCP", "\tcase IPPROTO_DCCP:\n", "\tcase 255:\n"),
       ("checksums of UDP-Lite", "\tcase IPPROTO_UDPLITE:\n", ""),
       ("a checksum in a later fragment", "- hdr->frag_off * 8", "- 0"),
       tests="6to4")
break_("csum.h",
       ("unfinished checksums stay so", "CHECKSUM_PARTIAL &&\n\t       skb_checksum_start_offset(skb) == l4 &&", "0 &&"),
       tests="stack")
break_("csum.c", ("an echo that is all zero", "!icmp->checksum && !icmp->type && !icmp->un.gateway", "0"),
       tests="6to4")

# ICMP types, codes, pointers, MTUs.
break_("icmp.c",
       ("figure 3", "8, 8, 8, 8, 24, 24, 24, 24,", "8, 8, 8, 8, 24, 24, 24, 8,"),
       ("figure 6", "{ 0, 1, NONE, NONE, 2, 2, 9, 8 }", "{ 0, 1, NONE, NONE, 2, 4, 9, 8 }"),
       ("pointers of 40 and more", "pointer >= sizeof(struct ipv6hdr)",
        "pointer > 2 * sizeof(struct ipv6hdr)"),
       ("code 14 is dropped", "[ICMP_PREC_VIOLATION]\t= NONE", "[ICMP_PREC_VIOLATION]\t= ICMPV6_NOROUTE"),
       ("code 10", "[ICMP_HOST_ANO]\t\t= ICMPV6_ADM_PROHIBITED", "[ICMP_HOST_ANO]\t\t= ICMPV6_NOROUTE"),
       ("beyond scope", "[ICMPV6_NOT_NEIGHBOUR]\t= ICMP_HOST_UNREACH",
        "[ICMPV6_NOT_NEIGHBOUR]\t= ICMP_NET_UNREACH"),
       ("Parameter Problem, code 1", "old->code != 0 && old->code != 2", "old->code > 2"),
       ("Protocol Unreachable points to Next Header", "new->info = offsetof(struct ipv6hdr, nexthdr);",
        "new->info = offsetof(struct iphdr, protocol);"),
       ("the plateau is below the length", "plateaus[i] < total_len", "plateaus[i] <= total_len"),
       ("the plateaus", "1492 };", "1006 };"),
       ("Packet Too Big: MTU of IPv6", "min3(mtu + grow, p->mtu,", "min3(mtu + grow, mtu + grow,"),
       ("Packet Too Big: MTU of IPv4", "nat64_route4_mtu(p, quoted_daddr) + grow", "mtu + grow"),
       ("Packet Too Big: at least 1280", "return max_t(u32, mtu, IPV6_MIN_MTU);", "return mtu;"),
       ("Fragmentation Needed: MTU of IPv4", "min3(mtu, p->mtu + shrink,", "min3(mtu, mtu,"),
       ("Fragmentation Needed: MTU of IPv6", "nat64_route6_mtu(p, quoted_daddr)", "mtu"),
       ("Fragmentation Needed: at least 68", "max_t(u32, mtu, IPV4_LEAST_MTU + shrink) - shrink",
        "mtu - shrink"),
       tests="icmp")
break_("icmp.c",
       ("fragmented ICMP", "if (p->hdr.mf || p->hdr.frag_off)\n\t\treturn NAT64_FRAGMENTED_ICMP;", ""),
       tests="icmp")

# What errors quote.
break_("icmp_error.c",
       ("a clone of an error stays as it is", "!skb_cloned(skb) && ", ""),
       ("room behind an error", "skb_tailroom(skb) >= tail", "true"),
       tests="fuzz_packets")
break_("icmp_error.c",
       ("room in front of an error", "skb_headroom(skb) >= head", "true"),
       ("quotes of less than 8 octets of transport",
        "if (off + min_t(u32, q->hdr.payload, ICMP_LEN) > p->skb->len)", "if (0)"),
       ("quoted messages that are too short", "!type || q->hdr.payload < ICMP_LEN", "!type"),
       ("an extension that begins in the quoted transport", "quoted < q->hdr.len + ICMP_LEN ||", "quoted < q->hdr.len ||"),
       ("errors about errors", "return NAT64_ICMP_INNER_ERROR;", "return NAT64_OK;"),
       ("at least 128 octets before an extension", "total = max_t(unsigned int, MIN_QUOTE,",
        "total = max_t(unsigned int, 0,"),
       ("padding to the unit", "ALIGN(q->hdr_len + q->old_body, unit)", "q->hdr_len + q->old_body"),
       ("the unit of ICMPv4's length", "#define RFC4884_UNIT4\t4", "#define RFC4884_UNIT4\t8"),
       ("576 octets", "#define MAX_ICMP4\t(576 -", "#define MAX_ICMP4\t(1280 -"),
       ("1280 octets", "#define MAX_ICMP6\t(IPV6_MIN_MTU -", "#define MAX_ICMP6\t(1500 -"),
       ("wrong checksums stay wrong", "csum_fold(csum_sub(sum, old))", "csum_fold(sum)"),
       ("checksums inside", "nat64_csum_transport(skb, 0, q->hdr.proto, at, to6 ? pseudo : ~pseudo);",
        "nat64_csum_transport(skb, 0, q->hdr.proto, at, 0);"),
       ("a quoted length that cannot be expressed", "q->hdr.payload > IP_MAX_MTU - sizeof(struct iphdr)",
        "0"),
       ("settings in quotes, IPv4", "&q->a, p->cfg->set.tos,", "&q->a, NAT64_COPY,"),
       ("padding is zero", "memset(body + q->body, 0, q->pad);", ""),
       ("extensions move", "memmove(body + q->body + q->pad, ext, q->ext);", ""),
       ("no extension where there is no length", "if (!q->icmp.extensible || quoted == avail)",
        "if (quoted == avail)"),
       tests="icmp")

# ICMP errors about packets that are not translated.
break_("reject.c",
       ("ICMPv6 is not refused aloud",
        "report->kind == REPORT_REFUSAL &&\n\t    p->hdr.proto == IPPROTO_ICMPV6", "0"),
       ("icmp-errors", "!p->cfg->set.icmp_errors", "0"),
       tests="6to4")

# The packet in memory, and what the stack knows of it.
break_("skb.c",
       ("TCP super-packets change their kind", "flip_gso_type(p->skb, SKB_GSO_TCPV4, SKB_GSO_TCPV6);", ""),
       ("super-packets are judged by their segments",
        "return skb_gso_validate_network_len(skb, mtu + skb->len - len);", "return true;"),
       ("clones are not written to", "return skb_cow_head(p->skb, room) ? NAT64_NO_MEMORY : NAT64_OK;",
        "return NAT64_OK;"),
       ("checksums are finished before a packet is cut",
        "if (nat64_skb_finish_csum(p))", "if (0)"),
       ("pieces account for their pages", "tail->truesize += tail->data_len;", ""),
       tests="stack offloads")
break_("skb.h",
       ("translated packets are untracked", "skb_set_nfct(skb, IP_CT_UNTRACKED);", ""),
       tests="stack offloads")
break_("skb.h",
       ("super-packets of lists are segmented", "skb_shinfo(skb)->gso_type & ~NAT64_GSO_SUPPORTED ||", ""),
       ("BIG TCP is segmented", "p->hdr.payload + sizeof(struct iphdr) > IP_MAX_MTU;", "0;"),
       tests="offloads")
break_("skb.h",
       ("a dry run changes nothing", "if (unlikely(p->dry_run))", "if (0)"),
       tests="explain")
break_("icmp_error.c",
       ("a dry run changes no error", "if (p->dry_run)", "if (0)"),
       tests="explain")
break_("skb.h",
       ("clones are moved", "&& !skb_header_cloned(p->skb)", ""),
       tests="stack")
break_("hook.c", ("what no host has is never ours", "|| !nat64_addr4_is_host(daddr)", ""), tests="4to6")
break_("native.c",
       ("a mapping wins over a route of its length", "res.prefixlen > len4", "res.prefixlen >= len4"),
       tests="addresses")
break_("native_route.c",
       ("a prefix wins over a route of its length", "from->fib6_dst.plen > len", "from->fib6_dst.plen >= len"),
       tests="addresses")
break_("route.c",
       ("the mark chooses the IPv6 route", "fl6->flowi6_mark = p->skb->mark;", ""),
       ("the mark chooses the IPv4 route", "fl4->flowi4_mark = p->skb->mark;", ""),
       tests="paths")
break_("route_upper.c", ("ports choose the route", "uli->ports.dport = word[1];", ""), tests="paths")
break_("route.c",
       ("the VRF of IPv4", "fl4->flowi4_oif = l3mdev;", ""),
       tests="offloads")

# Edge mappings.
break_("map.c",
       ("a face passes for a border host", "if (unlikely(p->cfg->has_edge) && eam && nat64_eam_is_edge(eam))\n\t\treturn NAT64_SOURCE_SPOOFED;", ""),
       ("the gateway's own addresses come from IPv6", "p->a.src4) != RTN_UNICAST)", "p->a.src4) == 255)"),
       ("hosts of this side come from IPv6",
        "return eam && nat64_eam_is_edge(eam) && nat64_edge_routes_source(p);", "return false;"),
       ("whoever is outside reaches a face", "p->icmp_error ? rfc6791_source4(p) : NAT64_SOURCE_OUTSIDE;", "rfc6791_source4(p);"),
       ("an edge host is hairpinned", "may_be_mapped || (eam && nat64_eam_is_edge(eam)) ? eam : NULL", "may_be_mapped ? eam : NULL"),
       ("the prefix carries any destination", "if (!nat64_config_carries(p->cfg, p->prefix, p->a.dst4))\n\t\treturn NAT64_WKP_NOT_GLOBAL;", ""),
       tests="edge")
break_("edge.c",
       ("a router behind the gateway is nobody", "daddr ? find_edge4(cfg, daddr) : NULL", "NULL"),
       ("neighbours may not ask for a face", "eam && !is_neighbour_discovery(skb) ? eam : NULL", "eam"),
       ("the default route is native", "is_local, &fl4, 0);\n}\n\n/* Whether there is", "is_local, &fl4, -1);\n}\n\n/* Whether there is"),
       ("without a prefix all is taken", "return nat64_config_peer_prefix(cfg, edge) ||\n\t       nat64_eam_find4(cfg->table, daddr);", "return true;"),
       tests="edge")
break_("native.c",
       ("an edge host is behind its mapping", "if (nat64_eam_is_edge(eam))\n\t\treturn true;", ""),
       ("routes to nowhere are not heard of", "return cfg->has_edge && route->dst_len &&", "return false && cfg->has_edge &&"),
       tests="edge")
break_("control.c",
       ("an edge relay keeps its prefix", "t->n_edge && t->n_edge == t->count ? 0 : cfg->n_order", "cfg->n_order"),
       tests="edge clat")

# Plain packets, edited in place. What XDP alone asks, User-mode Linux cannot show. Padding
# that is not cut off survives: it must lie in a page of its own, and no device of these
# tests receives so.
break_("frame.c",
       ("a TTL of one, plain", "iph->ttl <= 1", "iph->ttl < 1"),
       ("a hop limit of one, plain", "ip6h->hop_limit <= 1", "ip6h->hop_limit < 1"),
       ("a wrong header checksum, plain", "f->to_neighbour && unlikely(ip_fast_csum(iph, sizeof(*iph) / 4))", "0"),
       ("a fragment is plain", "ip_is_fragment(iph) ||", "0 ||"),
       ("padding is not cut off", "(len < f->len && f->data + f->len == f->end)", "len < f->len"),
       ("UDP without a checksum, plain", "hdr->proto != IPPROTO_UDP || !*field", "hdr->proto != IPPROTO_UDP"),
       ("a short TCP header, plain", "hdr->payload < sizeof(*tcp) ||", "0 ||"),
       tests="ingress")
break_("neigh.h",
       ("the protocol of a frame", "eth->h_proto = htons(protocol);", "(void)eth;"),
       ("a neighbour that is not known", "!(state & NUD_VALID) ||", "0 ||"),
       tests="ingress")
break_("frame.c",
       ("lowest-ipv6-mtu without DF, plain", "(hdr->df || len <= f->cfg->set.lowest_ipv6_mtu)", "true"),
       ("the MTU of IPv4, plain", "return sizeof(struct iphdr) + hdr->payload <=\n\t       ip_dst_mtu_maybe_forward(dst, true);",
        "return true;"),
       ("DF, plain", "len > NAT64_MAX_WITHOUT_DF", "len >= NAT64_MAX_WITHOUT_DF"),
       ("sysctl forwarding of IPv6, plain", " ||\n\t\t     !READ_ONCE(f->nn->net->ipv6.devconf_all->forwarding)", ""),
       ("sysctl forwarding of IPv4, plain", " || !may_forward4(f->in)", ""),
       ("a datagram's checksum of 0, to IPv4", "nat64_csum_update(field, hdr->proto == IPPROTO_UDP, ~flow->csum);",
        "nat64_csum_update(field, false, ~flow->csum);"),
       tests="ingress ingress_devices")
