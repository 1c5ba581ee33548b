#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Usage: probe.sh SOURCE-TREE
# Prints a compiler flag for each thing that the kernel has and others have not.
# Headers are asked, not version numbers: stable and enterprise kernels backport.
set -eu

have() {
	if grep -qsw "$2" "$tree/include/$3"; then
		echo "-DNAT64_HAVE_$1"
	fi
}

tree=${1:?}
have CLEAR_TSTAMP skb_clear_tstamp linux/skbuff.h
have CSUM_IS_SCTP skb_csum_is_sctp linux/skbuff.h
have PP_RECYCLE pp_recycle linux/skbuff.h
have IP6_DST_MTU ip6_dst_mtu_maybe_forward net/ip6_route.h
have SPLIT_OPS genl_split_ops net/genetlink.h
have RESV_START_OP resv_start_op net/genetlink.h
have DROP_REASONS PKT_TOO_BIG net/dropreason.h
have DROP_REASONS PKT_TOO_BIG net/dropreason-core.h
have XFRM_DEFAULT policy_default net/netns/xfrm.h
have FLOW_L3MDEV flowic_l3mdev net/flow.h
have RT_NOPOLICY nopolicy net/route.h
have SABOTAGE_IN_DONE sabotage_in_done linux/skbuff.h
have XDP_FEATURES xdp_features linux/netdevice.h
have RX_QUEUE_HEADER netdev_rx_queue net/netdev_rx_queue.h
have XDP_VLAN_TAG xmo_rx_vlan_tag net/xdp.h
have XDP_KFUNCS register_btf_kfunc_id_set linux/btf.h
