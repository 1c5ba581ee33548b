// SPDX-License-Identifier: GPL-2.0-only
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/netlink.h>
#include <linux/random.h>
#include <linux/workqueue.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>

#include "control.h"
#include "flow.h"
#include "hook.h"
#include "load.h"
#include "netlink.h"
#include "version.h"
#include "xdp.h"
#include "xlat.h"

unsigned int nat64_net_id __ro_after_init;

struct workqueue_struct *nat64_workers;

static int __net_init net_init(struct net *net)
{
	struct nat64_net *nn = nat64_net(net);
	int err;

	nn->net = net;
	nn->ident_key = get_random_u32();
	nat64_native_init(nn);
	nat64_flows_init(nn);
	nn->stats = netdev_alloc_pcpu_stats(struct nat64_stats);
	if (!nn->stats)
		return -ENOMEM;
	err = nat64_control_init(nn);
	if (err)
		free_percpu(nn->stats);
	return err;
}

static void __net_exit net_pre_exit(struct net *net)
{
	struct nat64_net *nn = nat64_net(net);

	WRITE_ONCE(nn->is_exiting, true);
	nat64_hooks_unregister(nn);
	nat64_native_stop(nn);
	nat64_flows_stop(nn);
}

static void __net_exit net_exit(struct net *net)
{
	struct nat64_net *nn = nat64_net(net);

	nat64_load_exit(nn);
	nat64_control_exit(nn);
	nat64_native_exit(nn);
	nat64_flows_exit(nn);
	free_percpu(nn->stats);
}

/*
 * IPv6's own exit frees the memory that its routes are counted in, so the routes
 * that nat64_flows_exit() released must have been freed before.
 */
static void __net_exit net_exit_batch(struct list_head *nets)
{
	rcu_barrier();
}

static struct pernet_operations net_ops = {
	.init = net_init,
	.pre_exit = net_pre_exit,
	.exit = net_exit,
	.exit_batch = net_exit_batch,
	.id = &nat64_net_id,
	.size = sizeof(struct nat64_net),
};

static int netlink_event(struct notifier_block *nb, unsigned long event,
			 void *data)
{
	struct netlink_notify *notify = data;

	if (event == NETLINK_URELEASE && notify->protocol == NETLINK_GENERIC)
		nat64_load_release(nat64_net(notify->net), notify->portid);
	return NOTIFY_DONE;
}

static struct notifier_block netlink_notifier = {
	.notifier_call = netlink_event,
};

static int __init nat64_init(void)
{
	int err;

	nat64_xlat64_init();
	err = nat64_table_init();
	if (err)
		return err;
	err = -ENOMEM;
	nat64_workers = alloc_workqueue("nat64", WQ_UNBOUND, 0);
	if (!nat64_workers)
		goto err_table;
	/*
	 * Cached routes hold references to devices, and unregistering a device
	 * waits for those. A pernet device is exited before the namespace's
	 * devices are unregistered.
	 */
	err = register_pernet_device(&net_ops);
	if (err)
		goto err_workers;
	err = netlink_register_notifier(&netlink_notifier);
	if (err)
		goto err_net;
	err = nat64_genl_init();
	if (err)
		goto err_netlink;
	nat64_xdp_init();
	return 0;

err_netlink:
	netlink_unregister_notifier(&netlink_notifier);
err_net:
	unregister_pernet_device(&net_ops);
err_workers:
	/* RCU callbacks queue work: wait for them before the queue goes. */
	rcu_barrier();
	destroy_workqueue(nat64_workers);
err_table:
	nat64_table_exit();
	return err;
}

static void __exit nat64_exit(void)
{
	nat64_genl_exit();
	netlink_unregister_notifier(&netlink_notifier);
	unregister_pernet_device(&net_ops);
	rcu_barrier();
	destroy_workqueue(nat64_workers);
	nat64_table_exit();
}

module_init(nat64_init);
module_exit(nat64_exit);

MODULE_DESCRIPTION("Stateless NAT64 (RFC 7915, RFC 7757)");
MODULE_AUTHOR("The nat64 authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(NAT64_VERSION);
MODULE_ALIAS_GENL_FAMILY("nat64");
