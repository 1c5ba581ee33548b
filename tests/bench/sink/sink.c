// SPDX-License-Identifier: GPL-2.0-only
/*
 * A network device, void, that sends nothing. What it is given, packets and XDP
 * frames, it frees at once and counts: no figure of a benchmark has the cost of
 * a network card's transmission in it.
 */
#include <linux/bpf.h>
#include <linux/etherdevice.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <net/xdp.h>

static struct net_device *sink;
static struct bpf_prog *program;

static DEFINE_PER_CPU(unsigned long, packets);
static DEFINE_PER_CPU(unsigned long, frames);

static int get_sum(char *buffer, const struct kernel_param *param)
{
	const unsigned long __percpu *counter = (__force void __percpu *)param->arg;
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += *per_cpu_ptr(counter, cpu);
	return sysfs_emit(buffer, "%lu\n", sum);
}

static const struct kernel_param_ops sum_ops = { .get = get_sum };
module_param_cb(packets, &sum_ops, (__force void *)&packets, 0444);
MODULE_PARM_DESC(packets, "packets that were to be sent, to one host each");
module_param_cb(frames, &sum_ops, (__force void *)&frames, 0444);
MODULE_PARM_DESC(frames, "XDP frames that were to be sent");

/* What is sent to groups is the kernel's own, of neighbour and group management. */
static netdev_tx_t free_packet(struct sk_buff *skb, struct net_device *dev)
{
	if (!is_multicast_ether_addr(skb->data))
		this_cpu_inc(packets);
	dev_consume_skb_any(skb);
	return NETDEV_TX_OK;
}

static int free_frames(struct net_device *dev, int n, struct xdp_frame **some, u32 flags)
{
	int i;

	for (i = 0; i < n; i++)
		xdp_return_frame_rx_napi(some[i]);
	this_cpu_add(frames, n);
	return n;
}

/* As nothing is received, a program only shows that the device takes frames. */
static int keep_program(struct net_device *dev, struct netdev_bpf *bpf)
{
	struct bpf_prog *old = program;

	if (bpf->command != XDP_SETUP_PROG)
		return -EINVAL;
	program = bpf->prog;
	if (old)
		bpf_prog_put(old);
	return 0;
}

static const struct net_device_ops sink_ops = {
	.ndo_start_xmit		= free_packet,
	.ndo_xdp_xmit		= free_frames,
	.ndo_bpf		= keep_program,
	.ndo_set_mac_address	= eth_mac_addr,
};

static void set_up(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &sink_ops;
	dev->features |= NETIF_F_HW_CSUM | NETIF_F_SG;
#ifdef HAVE_XDP_FEATURES
	dev->xdp_features = NETDEV_XDP_ACT_BASIC | NETDEV_XDP_ACT_REDIRECT |
			    NETDEV_XDP_ACT_NDO_XMIT;
#endif
	eth_hw_addr_random(dev);
}

static int __init sink_init(void)
{
	int err;

	sink = alloc_netdev(0, "void", NET_NAME_USER, set_up);
	if (!sink)
		return -ENOMEM;
	err = register_netdev(sink);
	if (err)
		free_netdev(sink);
	return err;
}
module_init(sink_init);

static void __exit sink_exit(void)
{
	unregister_netdev(sink);
	free_netdev(sink);
}
module_exit(sink_exit);

MODULE_DESCRIPTION("A network device that frees what it is to send");
MODULE_LICENSE("GPL");
