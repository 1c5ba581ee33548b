// SPDX-License-Identifier: GPL-2.0-only
#include "flow.h"

#include <linux/slab.h>
#include <linux/user_namespace.h>
#include <net/ip6_fib.h>

/*
 * Logarithms of the number of buckets. Memory allocated in softirq is charged
 * to nobody, so network namespaces that a user namespace owns get less.
 */
#define MIN_BITS	4
#define GROWTH_BITS	2
#define MAX_BITS	14
#define MAX_BITS_USERNS	6

/**
 * nat64_flow_evict() - free a slot of the cache
 * @flow: slot, which may be free already
 *
 * Context: softirq of the CPU that the entry belongs to.
 */
void nat64_flow_evict(struct nat64_flow *flow)
{
	dst_release(flow->dst);
	flow->dst = NULL;
	flow->kind = 0;
}

static unsigned int count_bits(const struct nat64_flows *flows)
{
	return 64 - flows->shift;
}

static void free_slots(struct nat64_flows *flows)
{
	unsigned int i;

	if (!flows->slots)
		return;
	for (i = 0; i < 2U << count_bits(flows); i++)
		dst_release(flows->slots[i].dst);
	kfree(flows->slots);
}

/* Without memory the old slots stay, until packets find full buckets again. */
static void resize_slots(struct nat64_flows *flows, unsigned int bits)
{
	struct nat64_flow *slots;

	flows->pressure = 0;
	slots = kcalloc(2U << bits, sizeof(*slots),
			GFP_ATOMIC | __GFP_NOWARN);
	if (!slots)
		return;
	free_slots(flows);
	flows->slots = slots;
	flows->shift = 64 - bits;
}

/* Allocates the slots when there are none yet, more of them under pressure. */
static void grow_slots(const struct nat64_net *nn, struct nat64_flows *flows)
{
	bool is_userns = nn->net->user_ns != &init_user_ns;
	unsigned int max_bits = is_userns ? MAX_BITS_USERNS : MAX_BITS;
	unsigned int bits;

	if (unlikely(!flows->slots)) {
		resize_slots(flows, MIN_BITS);
		return;
	}
	bits = count_bits(flows);
	if (unlikely(bits < max_bits && flows->pressure >> bits))
		resize_slots(flows, min(bits + GROWTH_BITS, max_bits));
}

static bool is_live(const struct nat64_flow *flow, const struct nat64_pkt *p)
{
	return flow->kind && flow->generation == p->generation;
}

/**
 * nat64_flow_get_dst() - look up the route to a destination
 * @p: packet that has the destination; gets @p->dst and @p->cookie
 * @kind: NAT64_FLOW_KIND() of a destination
 *
 * Context: RCU read lock, under which the route lives.
 *
 * Return: whether the route was there.
 */
bool nat64_flow_get_dst(struct nat64_pkt *p, u16 kind)
{
	const struct nat64_flow *flow = nat64_flow_find(p, kind);

	if (!flow)
		return false;
	p->dst = flow->dst;
	p->cookie = flow->cookie;
	return true;
}

/**
 * nat64_flow_admit() - find the bucket for a new entry
 * @p: packet with the addresses that are the key
 * @kind: NAT64_FLOW_KIND()
 *
 * Context: RCU read lock.
 *
 * Return: the bucket; NULL if both of its slots are in use, unless it was the
 * same flow that was not admitted last.
 */
struct nat64_flow *nat64_flow_admit(const struct nat64_pkt *p, u16 kind)
{
	struct nat64_flows *flows = nat64_flows(p->nn);
	struct nat64_flow *flow;
	u16 candidate;
	u64 hash;

	if (!flows)
		return NULL;
	grow_slots(p->nn, flows);
	if (unlikely(!flows->slots))
		return NULL;
	hash = nat64_flow_hash(&p->a, kind);
	flow = nat64_flow_bucket(flows, hash);
	if (!is_live(flow, p) || !is_live(flow + 1, p))
		return flow;
	flows->pressure++;
	candidate = hash >> 32;
	if (flow->candidate == candidate)
		return flow;
	flow->candidate = candidate;
	return NULL;
}

/**
 * nat64_flow_add() - add an entry
 * @flow: bucket of nat64_flow_admit(), with no other packet on this CPU since
 * @p: packet with all that the entry is to have, its route dependent on the
 *	destination alone
 * @kind: NAT64_FLOW_KIND()
 *
 * Context: RCU read lock.
 */
void nat64_flow_add(struct nat64_flow *flow, const struct nat64_pkt *p, u16 kind)
{
	if (!dst_hold_safe(p->dst))
		return;
	if (is_live(flow, p)) {
		nat64_flow_evict(flow + 1);
		flow[1] = flow[0];
	} else {
		nat64_flow_evict(flow);
	}
	*flow = (struct nat64_flow){
		.a = p->a,
		.dst = p->dst,
		.generation = p->generation,
		.cookie = p->cookie,
		.csum = p->csum,
		.kind = kind,
	};
}

/*
 * fib6_add() tells of a route before it is there, and holds the lock of its table
 * until then.
 */
static void wait_for_local_route(struct net *net)
{
	struct fib6_table *local = fib6_get_table(net, RT6_TABLE_LOCAL);

	spin_lock_bh(&local->tb6_lock);
	spin_unlock_bh(&local->tb6_lock);
}

static void expire_flows(struct work_struct *work)
{
	struct nat64_net *nn = container_of(work, struct nat64_net, flow_expiry);

	wait_for_local_route(nn->net);
	mutex_lock(&nn->lock);
	nat64_table_count_change(nat64_config_protected(nn)->table);
	mutex_unlock(&nn->lock);
}

/**
 * nat64_flows_init() - prepare the cache
 * @nn: translator of a new namespace
 */
void nat64_flows_init(struct nat64_net *nn)
{
	INIT_WORK(&nn->flow_expiry, expire_flows);
}

/**
 * nat64_flows_expire() - have the next packets of all flows look everything up
 * @nn: translator of a namespace in which an IPv6 route is about to be added to
 *	the table local, of which cached routes do not know
 *
 * A work does it once the route is there. Context: any.
 */
void nat64_flows_expire(struct nat64_net *nn)
{
	queue_work(nat64_workers, &nn->flow_expiry);
}

/**
 * nat64_flows_stop() - wait for the work of nat64_flows_expire()
 * @nn: translator of a namespace that goes away, after nat64_native_stop()
 *
 * Context: process; @nn->lock is not held.
 */
void nat64_flows_stop(struct nat64_net *nn)
{
	cancel_work_sync(&nn->flow_expiry);
}

static void free_flows(struct nat64_flows __percpu *flows)
{
	int cpu;

	if (!flows)
		return;
	for_each_possible_cpu(cpu)
		free_slots(per_cpu_ptr(flows, cpu));
	free_percpu(flows);
}

/**
 * nat64_flows_exit() - free the cache and release its routes
 * @nn: translator of a namespace that goes away, a grace period after its hooks
 *
 * Context: process.
 */
void nat64_flows_exit(struct nat64_net *nn)
{
	free_flows(nn->flows);
	nn->flows = NULL;
}

/**
 * nat64_flows_update() - have a cache as long as there are mappings
 * @nn: translator of the namespace
 * @wanted: whether packets may be translated
 *
 * Without memory there is no cache, which costs packets some lookups.
 *
 * Context: process, under @nn->lock.
 */
void nat64_flows_update(struct nat64_net *nn, bool wanted)
{
	struct nat64_flows __percpu *flows = nn->flows;

	if (!flows == !wanted)
		return;
	if (wanted) {
		flows = alloc_percpu_gfp(struct nat64_flows,
					 GFP_KERNEL_ACCOUNT);
		/* Packets must see it zeroed. */
		smp_store_release(&nn->flows, flows);
		return;
	}
	WRITE_ONCE(nn->flows, NULL);
	synchronize_net();
	free_flows(flows);
}
