# SPDX-License-Identifier: GPL-2.0-only
"""Rules of what changes the translator and of what it keeps: requests, tables, caches, hooks."""

from rules import Rules

MUTATIONS = Rules()
break_ = MUTATIONS.add

# A configuration and how it is replaced.
break_("config.h",
       ("bits outside of the mark's mask", "return !((mark ^ cfg->set.mark) & cfg->set.mark_mask);",
        "return !cfg->set.mark_mask || mark == cfg->set.mark;"),
       tests="stack ingress")
break_("config.c",
       ("the digest knows the primary prefix", "index == cfg->primary);", "false);"),
       tests="machines load_file ctl")
break_("config.c",
       ("the length of a prefix", "p->len == len && ipv6_addr_equal", "ipv6_addr_equal"),
       tests="ctl netlink")
break_("control.c",
       ("a listing of a table that was replaced", "\tif (new->table != old->table)\n\t\tend_walks(nn, old->table);\n", ""),
       ("counters that are switched off are a reset", "nn->counter_resets + !new->set.counters);", "nn->counter_resets);"),
       ("counters that are switched off are forgotten", "nat64_counters_free(new->table);", ";"),
       tests="use netlink")
break_("control.c",
       ("a flush of nothing changes nothing",
        "\tif (!nat64_config_protected(rq->nn)->table->count)\n\t\treturn 0;\n", ""),
       ("a configuration is a change", "WRITE_ONCE(nn->generation, nn->generation + 1);\n\trq->changed = true;\n\tsync",
        "rq->changed = true;\n\tsync"),
       tests="netlink")
break_("control.c",
       ("the last edge mapping goes", "bool edge = cfg->has_edge && cfg->table->n_edge;", "bool edge = cfg->has_edge;"),
       ("the first mapping that is none of the edge claims prefixes",
        " ||\n\t    cfg->n_claimed != count_claimed(cfg))", ")"),
       tests="edge edge_clat ingress")
break_("control.c",
       ("an edited copy that is not published is freed", "\tif (err)\n\t\tnat64_config_free(cfg);\n\treturn err;",
        "\treturn err;"),
       tests="faults", checked=True)

# A configuration that is loaded.
break_("load.c",
       ("a load of what stands already", "if (is_same(cfg, nat64_config_protected(rq->nn))) {", "if (0) {"),
       ("a load of other settings", " &&\n\t       !memcmp(&a->set, &b->set, sizeof(a->set))", ""),
       ("a socket that closes gives up its load", "if (nn->load && nn->load->portid == portid)", "if (0)"),
       tests="netlink load_file transactions")
break_("load.c",
       ("a load by force frees the other one", "\tif (nn->load)\n\t\tfree_load(nn);\n\tset_load(nn, load);", "\tset_load(nn, load);"),
       tests="faults ctl load_file", checked=True)

# Translation prefixes.
break_("prefix.c",
       ("the longest prefix is first", "cfg->prefix[cfg->order[at]].len >= prefix->len", "1"),
       tests="addresses")
break_("prefix.c",
       ("the prefix added first becomes primary", "cfg->primary = cfg->added[0];", "cfg->primary = cfg->order[0];"),
       ("IPv4-mapped prefixes", " && !ipv6_addr_v4mapped(addr) &&", " &&"),
       ("a prefix over a mapping by force", "if (!eam || rq->force)", "if (!eam)"),
       tests="ctl netlink")
break_("prefix.c",
       ("a prefix over a mapping, for packets", "\tcfg->overlaps_pref64 |= !!eam;\n", ""),
       ("mappings inside a new prefix are counted",
        "\tif (cfg->overlaps_pref64)\n\t\tnat64_table_mark_overlaps(cfg->table, cfg->prefix);\n\tif (!rq->staged)",
        "\tif (!rq->staged)"),
       tests="addresses ctl")

# Settings.
break_("settings.c",
       ("bits outside of a mask", "if (set->mark & ~set->mark_mask)", "if (0)"),
       ("settings that stand already", "\tif (!memcmp(&cfg->set, set, sizeof(*set)))\n\t\treturn 0;\n", ""),
       tests="ctl netlink load_file")

# Mappings: what is refused, and what is taken back.
break_("mapping.c",
       ("limit of mappings", "if (t->count >= nat64_mapping_limit(rq->nn))", "if (t->count > nat64_mapping_limit(rq->nn))"),
       ("overlaps of IPv6", "err = check_overlap6(rq, new);", "err = 0;"),
       ("a mapping named by both of its prefixes", "if (eam && m->has6 && !nat64_eam_has6", "if (0 && !nat64_eam_has6"),
       ("a mapping deleted twice in a request", "if (!eam || eam->flags & NAT64_EAM_RETIRED)", "if (!eam)"),
       ("a changed mapping is a change", "WRITE_ONCE(nn->generation, nn->generation + 1);", ";"),
       ("a mapping inside a prefix", "if (!rq->force && !same6)", "if (0)"),
       tests="ctl netlink load_file")
break_("mapping.c",
       ("a mapping inside a prefix is counted", "\tnew->flags |= NAT64_EAM_IN_PREF64;\n", ""), tests="addresses")
break_("mapping.c",
       ("limit of a user namespace", "return has_user_ns(nn) ? min(limit,", "return 0 ? min(limit,"), tests="privileges")

# The table.
break_("table_batch.c",
       ("other mappings of the same length", "if (!--col->count[len])", "col->count[len]--;\n\tif (1)"),
       ("a mapping that comes back counts again", "\tif (!(eam->flags & NAT64_EAM_RETIRED))\n\t\taccount_eam(b, eam, 1);\n", ""),
       ("a mapping that comes back is not retired", "eam->flags & ~why);", "eam->flags);"),
       ("a mapping that is replaced counts no more", "\t\taccount_eam(b, eam, -1);\n", ""),
       ("the digest knows the prefix of a mapping", "\t\tmsg.prefix = prefixes[eam->prefix_index].addr;\n", ""),
       ("mappings of a prefix are counted", "\t\tt->prefix_users[eam->prefix_index] += by;\n", "\t\t;\n"),
       ("edge mappings are counted", "\t\tt->n_edge += by;\n", "\t\tt->n_edge += by > 0;\n"),
       tests="machines ctl netlink load_file edge transactions")
break_("table_batch.c",
       ("a mapping that is gone is freed", "\t\tcall_rcu(&eam->rcu, free_eam_rcu);\n", ""),
       ("a mapping that is taken back is freed", "unshare_counters(item->new, item->old4);\n\tcall_rcu(&item->new->rcu, free_eam_rcu);",
        "unshare_counters(item->new, item->old4);"),
       tests="ctl netlink load")
break_("table_batch.c",
       ("shared counters are freed once", "\t\t\tunshare_counters(item->old4, item->new);\n", "\t\t\t;\n"),
       ("shared counters stay with whom they were", "\tif (shares_counters(item))\n\t\tunshare_counters(item->new, item->old4);\n", ""),
       tests="use")
break_("table_batch.c",
       ("mappings of more than one address are counted", "\tif (len < col->bits)\n\t\tcol->n_wide++;\n", ""), tests="native")
break_("table_overlap.c",
       ("what a request retires is in nobody's way", "!(eam->flags & NAT64_EAM_RETIRED) &&", "1 &&"),
       ("a mapping of all addresses", "while (--len >= 0)", "while (--len > 0)"),
       ("the last prefix inside another", "for (; n; n--,", "for (; n > 1; n--,"),
       ("single addresses inside a prefix", "while (!eam && ++len <= col->bits)", "while (!eam && ++len < col->bits)"),
       tests="ctl netlink load_file")
break_("table_walk.c",
       ("a listing that begins anew says so", "IS_ERR(eam = rhashtable_walk_next(&walk->iter)))\n\t\twalk->rewinds++;",
        "IS_ERR(eam = rhashtable_walk_next(&walk->iter)))\n\t\t;"),
       tests="netlink use")
break_("table_walk.c",
       ("mappings that a new prefix overlaps", "\t\targ->table->overlaps_pref64 += is - was;\n", ""), tests="addresses ctl")
break_("table.c",
       ("the longest match of IPv6", "find_lens6(t, addr6, 2) ?: find_lens6(t, addr6, 1) ?:\n\t       find_lens6(t, addr6, 0)",
        "find_lens6(t, addr6, 0) ?: find_lens6(t, addr6, 1) ?:\n\t       find_lens6(t, addr6, 2)"),
       tests="addresses")

# Counters of mappings.
break_("counters.c",
       ("each segment is a packet", "u64_stats_add(&c->packets[dir], nat64_skb_segs(p->skb));", "u64_stats_add(&c->packets[dir], 1);"),
       tests="use guests")
break_("counters.c",
       ("bytes of each direction", "u64_stats_add(&c->bytes[dir], p->skb->len);", "u64_stats_add(&c->bytes[0], p->skb->len);"),
       ("counters of another IPv6 address", "if (!old || !old->counters ||\n\t    !nat64_eam_has6(old, &new->addr6, new->len6))",
        "if (!old || !old->counters)"),
       ("counters that moved are not freed twice", "\told->counters = NULL;\n\treturn false;", "\treturn false;"),
       tests="use")
break_("netlink_config.c",
       ("a reset of the counters of mappings", "return nat64_counters_reset(cfg->table);", "return 0;"),
       ("a reset in the middle of a listing", "nn->counter_resets + 1);", "nn->counter_resets);"),
       tests="use ctl")

# The flow cache.
break_("flow.c",
       ("a flow that comes twice is admitted", "if (flow->candidate == candidate)", "if (0)"),
       ("the cache of a user namespace", "is_userns ? MAX_BITS_USERNS : MAX_BITS", "is_userns ? MAX_BITS : MAX_BITS"),
       ("the newer of two flows stays", "\t\tflow[1] = flow[0];\n", "\t\t;\n"),
       tests="flows flows_many ingress memory")
break_("flow.c",
       ("a flow that is evicted gives up its route", "\tdst_release(flow->dst);\n\tflow->dst = NULL;", "\tflow->dst = NULL;"),
       ("a cache that goes gives up its routes", "\t\tdst_release(flows->slots[i].dst);\n", "\t\t;\n"),
       tests="memory", checked=True)
# That find46() and find64() ask for policy rules is not here: no test can have the first rule
# come while a packet is between the lookup of its route and the cache.
break_("native.c",
       ("IPv6 routes of the table local", "\tif (event != FIB_EVENT_ENTRY_DEL &&\n\t    is_local_table(route->rt->fib6_table))\n\t\tnat64_flows_expire(nn);\n", ""),
       tests="ways")
break_("flow.h",
       ("a device without a carrier", "dst_check(flow->dst, flow->cookie) &&\n\t\t   netif_carrier_ok(flow->dst->dev)",
        "dst_check(flow->dst, flow->cookie)"),
       ("dry runs look everything up", "p->icmp_error || p->dry_run)", "p->icmp_error)"),
       tests="ways flows lookup ingress ingress_devices explain explain_own")

# Routes.
break_("route.c",
       ("several routers of a nexthop object, IPv6", "\tif (from->nh && nexthop_is_multipath(from->nh))\n\t\treturn false;\n", ""),
       ("several IPv6 routes to a destination", " &&\n\t       !rcu_access_pointer(from->fib6_next);", ";"),
       ("several routers of IPv4", " && fib_info_num_path(res.fi) == 1 &&", " &&"),
       ("several default routes", "(res.prefixlen || res.table->tb_num_default <= 1)", "true"),
       ("routes by source are not cached", " &&\n\t       !fib6_routes_require_src(p->nn->net);", ";"),
       tests="ways lookup flows")
break_("route.c",
       ("sysctl forwarding of IPv6", "return READ_ONCE(p->nn->net->ipv6.devconf_all->forwarding) ?", "return 1 ?"),
       ("setting local, for the gateway's IPv6 addresses", "if (unlikely(nat64_dst_is_local6(dst)))\n\t\treturn p->cfg->set.local ?",
        "if (unlikely(nat64_dst_is_local6(dst)))\n\t\treturn 1 ?"),
       tests="ways counters gateway_addresses local clients explain_own")
break_("route.c",
       ("the cookie of an IPv6 route", "rt6_get_cookie((const struct rt6_info *)p->dst)", "0"),
       tests="ingress")
break_("route.c",
       ("the tunnel of IPv4 packets chooses the route", "\t\tfl6->flowi6_tun_key.tun_id = tunnel_id(p->skb);\n", ""),
       tests="lookup")
break_("route.c",
       ("an error to IPv4 follows its flow", "\tif (may_cache)\n\t\tset_quoted_flow4(p, &fl4);\n", ""),
       ("an error to IPv6 follows its flow", "\tif (may_cache)\n\t\tset_quoted_flow6(p, &fl6);\n", ""),
       tests="companion ways paths icmp links")
break_("route.c",
       ("the user chooses the IPv6 route", "\tfl6->flowi6_uid = sock_net_uid(p->nn->net, sk);\n", ""),
       ("a socket bound to a device, IPv6", "\tif (sk && sk->sk_bound_dev_if)\n\t\tfl6->flowi6_oif = sk->sk_bound_dev_if;\n", ""),
       tests="sockets local vrf")
break_("route_rules.c",
       ("the next hop is IPv6", "if (nhc->nhc_gw_family == AF_INET6)", "if (0)"),
       tests="lookup")

# Native routes.
break_("native.c",
       ("a route inside the prefix that comes later", "\telse\n\t\tnote_specific6(&nn->native);\n", ""),
       ("a nexthop object may become a blackhole", "route->fi->nh || route->type", "route->type"),
       ("routes to nowhere are scanned", "\tnative->seen_lens |= len;\n", ""),
       ("a scan keeps what it sees", "is_gone = reject->scan != native->n_scans &&", "is_gone ="),
       ("a scan forgets what it does not see", "is_gone = reject->scan != native->n_scans &&", "is_gone = 0 &&"),
       ("a route to nowhere of a shorter length", " & ~GENMASK_ULL(len, 0);", ";"),
       ("routes are scanned for a new mapping", "if (native->cfg == cfg && native->n_wide == n_wide)", "if (native->cfg == cfg)"),
       tests="native edge flows")
break_("native.c",
       ("a prefix is longer than its own route", "if (dst->plen > prefix->len &&", "if (dst->plen > prefix->len + 8 &&"),
       ("a route that ends is scanned for", "\tif (event == FIB_EVENT_ENTRY_DEL)\n\t\trescan_routes(&nn->native, 0);\n\telse\n\t\tnote_specific6",
        "\tif (event != FIB_EVENT_ENTRY_DEL)\n\t\tnote_specific6"),
       tests="native ingress")
break_("native.c",
       ("edge mappings ask for routes", "native->has_route4 || has_edge);", "native->has_route4);"),
       ("routes inside faces", "\t\tn_wide += cfg->table->by_addr6.n_wide;\n", "\t\t;\n"),
       tests="edge native")

# Requests, answers, listings, notifications.
break_("netlink.c",
       ("who may reset counters", "CHANGE(STATS_RESET, nothing)", "GET(STATS_RESET, nothing)"),
       tests="privileges")
break_("netlink_attr.c",
       ("no pool has no length", "\tif (!set->icmp_source4)\n\t\tset->icmp_source4_len = 0;\n", ""),
       ("no pool of IPv6 has no length", "\tif (ipv6_addr_any(&set->icmp_source6))\n\t\tset->icmp_source6_len = 0;\n", ""),
       tests="netlink")
break_("netlink_dump.c",
       ("mappings around an IPv6 prefix", "(eam->len6 >= filter->len6 &&\n\t\tipv6", "(ipv6"),
       ("what has no room comes next", "\t\t\tdump->has_next = true;\n", ""),
       ("a listing that was sent back is interrupted", "cb->seq = changes + dump->walk.rewinds;", "cb->seq = changes;"),
       ("counters of a table that was replaced", "changes = 1 + !READ_ONCE(dump->walk.table) +", "changes = 1 +"),
       tests="netlink use ctl")
break_("netlink_eam.c",
       ("what is refused is not told", "if (!err && !rq->staged)\n\t\tnotify", "if (!rq->staged)\n\t\tnotify"),
       tests="netlink ctl")
break_("netlink_msg.c",
       ("notifications have the flags of the request", "info->snd_seq, &nat64_genl_family, flags, cmd);",
        "info->snd_seq, &nat64_genl_family, 0, cmd);"),
       tests="netlink")
break_("netlink_msg.c",
       ("listeners hear of what they missed", "genl_set_err(&nat64_genl_family, genl_info_net(info), 0, 0, -ENOBUFS);", ";"),
       tests="faults", checked=True)

# Hooks.
break_("hook.c",
       ("counters of plain packets", "nat64_skb_is_simple(skb) && likely(!cfg->set.counters) &&", "nat64_skb_is_simple(skb) &&"),
       tests="use flows")
break_("hook.c",
       ("plain packets are traced", " && !trace_translated_enabled() &&", " &&"),
       ("IPsec policies for forwarding, of plain packets", "\t       !nat64_xfrm_has_policy(nn->net, XFRM_POLICY_FWD) &&\n", ""),
       tests="flows")
break_("hook.c",
       ("plain packets that came encrypted", " &&\n\t       !secpath_exists(skb);", ";"),
       tests="ipsec")
break_("ingress.c",
       ("a mark keeps packets from the ingress hook", "\t       !cfg->set.mark_mask && likely", "\t       likely"),
       ("edge mappings keep packets from the ingress hook", "!cfg->set.mark_mask && likely(!cfg->has_edge);", "!cfg->set.mark_mask;"),
       ("the ingress hook comes last", ".priority = INT_MAX,", ".priority = 0,"),
       ("native routes of IPv4 and the ingress hook", " ||\n\t\t\t      READ_ONCE(nn->native.has_specific4)))", "))"),
       ("native routes of IPv6 and the ingress hook", " || READ_ONCE(nn->native.has_specific6)))", "))"),
       tests="ingress ingress_devices edge native", direct=True)
break_("ingress.c",
       ("a device with an rx handler", "return !rcu_access_pointer(dev->rx_handler);", "return true;"),
       ("IPv6 disabled on a device", "idev && !READ_ONCE(idev->cnf.disable_ipv6) &&", "idev &&"),
       ("VLANs at ingress", "!skb_vlan_tag_present(skb) && ", ""),
       ("a VRF has no hook of its own", " && !netif_is_l3_master(dev);", ";"),
       ("padding comes back", "\tif (likely(skb->len >= padding->len))\n\t\treturn;", "\treturn;"),
       tests="ingress ingress_devices bridge vrf")
break_("ingress.c",
       ("a super-packet that is left", "\tif (unlikely(skb_is_gso(skb)))\n\t\tnat64_flow_evict(flow);\n", ""),
       tests="fuzz_doors")
break_("hook.c",
       ("segments of the gateway itself say what failed", "\t\terr = p->err ?: err;\n", ""), tests="local local_mtu")
