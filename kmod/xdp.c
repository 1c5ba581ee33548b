// SPDX-License-Identifier: GPL-2.0-only
/*
 * XDP: a program of five instructions, which nat64ctl loads, calls the function
 * here for each frame that a device receives, and redirects those that it has
 * translated. The program holds the module.
 */
#include "xdp.h"

#include <linux/bpf.h>
#include <linux/etherdevice.h>
#include <linux/filter.h>
#include <linux/module.h>
#include <net/xdp.h>

#include "compat/xdp.h"
#include "config.h"
#include "frame.h"

#ifdef NAT64_HAVE_XDP
/* Whether a frame lies in one piece, and no other program has data in front of it. */
static __always_inline bool is_simple_buff(struct xdp_buff *xdp)
{
	return likely(!xdp_buff_has_frags(xdp)) &&
	       (xdp_data_meta_unsupported(xdp) || xdp->data_meta == xdp->data);
}

static __always_inline bool translate_frame(struct nat64_frame *f,
					    const struct ethhdr *eth)
{
	if (unlikely((void *)(eth + 1) > f->end ||
		     !ether_addr_equal_64bits(eth->h_dest, f->in->dev_addr)))
		return false;
	if (eth->h_proto == htons(ETH_P_IPV6))
		return nat64_frame_translate64(f);
	return eth->h_proto == htons(ETH_P_IP) && nat64_frame_translate46(f);
}

__bpf_kfunc_start_defs();

/**
 * bpf_nat64_xdp() - translate a frame, if it is a plain one
 * @ctx: context of the XDP program
 *
 * Context: softirq.
 *
 * Return: index of the device to which the frame is to be redirected, with an
 * Ethernet header for it; 0 with the frame unchanged, which is to be passed.
 */
__bpf_kfunc int bpf_nat64_xdp(struct xdp_md *ctx)
{
	struct xdp_buff *xdp = (struct xdp_buff *)ctx;
	struct nat64_frame f = {
		.in = xdp->rxq->dev,
		.floor = xdp->data_hard_start + sizeof(struct xdp_frame),
		.data = xdp->data + ETH_HLEN,
		.end = xdp->data_end,
	};
	int out = 0;

	if (unlikely(!is_simple_buff(xdp)))
		return 0;
	f.nn = nat64_net(dev_net(f.in));
	rcu_read_lock();
	f.cfg = rcu_dereference(f.nn->config);
	if (translate_frame(&f, xdp->data)) {
		xdp->data_meta += f.data - xdp->data;
		xdp->data = f.data;
		xdp->data_end = f.end;
		out = f.out->ifindex;
	}
	rcu_read_unlock();
	return out;
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(nat64_xdp_kfuncs)
BTF_ID_FLAGS(func, bpf_nat64_xdp)
BTF_KFUNCS_END(nat64_xdp_kfuncs)

static const struct btf_kfunc_id_set kfunc_set = {
	.owner = THIS_MODULE,
	.set = &nat64_xdp_kfuncs,
};

/**
 * nat64_xdp_init() - let XDP programs translate
 *
 * A module that was built without BTF, or with that of another kernel, does
 * without: nat64ctl says so when it is to attach a program.
 */
void nat64_xdp_init(void)
{
	if (THIS_MODULE->btf_data_size)
		register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &kfunc_set);
}
#else
void nat64_xdp_init(void)
{
}
#endif
