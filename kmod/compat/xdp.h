/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A module can have functions for BPF programs (kfuncs) since Linux 5.18; they are
 * declared in three ways. A device tells what XDP it supports since 6.3, and what
 * VLAN tag it has taken out of a frame since 6.8.
 */
#ifndef _NAT64_COMPAT_XDP_H
#define _NAT64_COMPAT_XDP_H

#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/netdevice.h>

#if defined(NAT64_HAVE_XDP_KFUNCS) && IS_ENABLED(CONFIG_BPF_SYSCALL) && \
	IS_ENABLED(CONFIG_DEBUG_INFO_BTF_MODULES)
#define NAT64_HAVE_XDP
#endif

/* What XDP calls a frame; nothing is one where the module has no function for XDP. */
#ifdef NAT64_HAVE_XDP
#define NAT64_XDP_FRAME(f)	((f)->xdp)
#else
#define NAT64_XDP_FRAME(f)	((const struct xdp_buff *)NULL)
#endif

#include <net/xdp.h>
#ifdef NAT64_HAVE_RX_QUEUE_HEADER
#include <net/netdev_rx_queue.h>
#endif

#ifndef __bpf_kfunc
#define __bpf_kfunc	__used noinline
#endif

#ifndef __bpf_kfunc_start_defs
#define __bpf_kfunc_start_defs()					\
	__diag_push();							\
	__diag_ignore_all("-Wmissing-prototypes", "kfunc")
#define __bpf_kfunc_end_defs()	__diag_pop()
#endif

#ifndef BTF_KFUNCS_START
#define BTF_KFUNCS_START(name)	BTF_SET8_START(name)
#define BTF_KFUNCS_END(name)	BTF_SET8_END(name)
#endif

/**
 * nat64_xdp_takes_frames() - whether a device sends frames of XDP
 * @dev: device
 *
 * Where it does not say so, it has a program of its own: many drivers need one
 * to have queues for frames. A pair of veth needs a receiver in NAPI.
 *
 * Context: RCU read lock.
 */
static inline bool nat64_xdp_takes_frames(const struct net_device *dev)
{
#ifndef NAT64_HAVE_XDP
	return false;
#elif defined(NAT64_HAVE_XDP_FEATURES)
	return dev->netdev_ops->ndo_xdp_xmit &&
	       READ_ONCE(dev->xdp_features) & NETDEV_XDP_ACT_NDO_XMIT;
#else
	struct net_device *out = (struct net_device *)dev, *peer = NULL;

	if (!dev->netdev_ops->ndo_xdp_xmit || !dev_xdp_prog_count(out))
		return false;
	if (!dev->netdev_ops->ndo_get_peer_dev)
		return true;
	peer = dev->netdev_ops->ndo_get_peer_dev(out);
	return peer && (peer->features & NETIF_F_GRO || dev_xdp_prog_count(peer));
#endif
}

/**
 * nat64_xdp_is_generic() - whether the stack made a frame of an skb
 * @xdp: frame
 *
 * Its queue is the stack's then, and a driver's else. There is no more than @xdp,
 * and a device that it is redirected to need not take frames.
 */
static inline bool nat64_xdp_is_generic(const struct xdp_buff *xdp)
{
	const struct net_device *dev = xdp->rxq->dev;
	const void *rxq = xdp->rxq;

	return rxq >= (const void *)dev->_rx &&
	       rxq < (const void *)(dev->_rx + dev->num_rx_queues);
}

/**
 * nat64_xdp_is_tagged() - whether a device has taken a VLAN tag out of a frame
 * @xdp: frame
 *
 * Not known in generic mode, nor of drivers that do not tell: nat64ctl does not
 * attach a program where there are VLANs then.
 */
static inline bool nat64_xdp_is_tagged(const struct xdp_buff *xdp)
{
#ifdef NAT64_HAVE_XDP_VLAN_TAG
	const struct xdp_metadata_ops *ops = xdp->rxq->dev->xdp_metadata_ops;
	__be16 proto;
	u16 tci;

	if (ops && ops->xmo_rx_vlan_tag && !nat64_xdp_is_generic(xdp))
		return !ops->xmo_rx_vlan_tag((const struct xdp_md *)xdp, &proto,
					     &tci);
#endif
	return false;
}

#endif /* _NAT64_COMPAT_XDP_H */
