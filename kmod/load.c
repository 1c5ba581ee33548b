// SPDX-License-Identifier: GPL-2.0-only
#include "load.h"

#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "control.h"
#include "mapping.h"

/* nat64_load_release() looks without the lock whether there is a load. */
static void set_load(struct nat64_net *nn, struct nat64_load *load)
{
	WRITE_ONCE(nn->load, load);
}

static void free_load(struct nat64_net *nn)
{
	nat64_config_free(nn->load->config);
	kfree(nn->load);
	set_load(nn, NULL);
}

static struct nat64_load *alloc_load(const struct nat64_request *rq, u32 hint)
{
	struct nat64_load *load = kmalloc(sizeof(*load), GFP_KERNEL_ACCOUNT);

	if (!load)
		return NULL;
	load->portid = rq->portid;
	get_task_comm(load->comm, current);
	load->config = nat64_config_alloc(hint);
	if (load->config)
		return load;
	kfree(load);
	return NULL;
}

static int busy_error(const struct nat64_request *rq,
		      const struct nat64_load *load)
{
	return nat64_request_error(rq, -EBUSY,
				   "another configuration is being loaded, by %*pE (socket %u)",
				   (int)strlen(load->comm), load->comm,
				   load->portid);
}

/**
 * nat64_load_begin() - open an empty configuration to be loaded
 * @rq: request; if forced it throws away what another socket is loading
 * @hint: number of mappings to come, 0 if not known
 *
 * Context: process, @rq->nn->lock.
 * Return: 0, -EBUSY while another one is being loaded, -ENOMEM.
 */
int nat64_load_begin(struct nat64_request *rq, u32 hint)
{
	struct nat64_net *nn = rq->nn;
	struct nat64_load *load;

	if (nn->load && !rq->force)
		return busy_error(rq, nn->load);
	load = alloc_load(rq, min(hint, nat64_mapping_limit(nn)));
	if (!load)
		return nat64_request_no_memory(rq);
	if (nn->load)
		free_load(nn);
	set_load(nn, load);
	return 0;
}

static bool is_same(const struct nat64_config *a, const struct nat64_config *b)
{
	return a->n_order == b->n_order &&
	       a->table->count == b->table->count &&
	       nat64_config_digest(a) == nat64_config_digest(b) &&
	       !memcmp(&a->set, &b->set, sizeof(a->set));
}

/**
 * nat64_load_commit() - publish the configuration that was loaded
 * @rq: request, a staged one; told whether that changed anything
 *
 * Context: process, @rq->nn->lock.
 * Return: 0, or a negative error with nothing changed.
 */
int nat64_load_commit(struct nat64_request *rq)
{
	struct nat64_config *cfg = nat64_request_config(rq);
	int err;

	if (IS_ERR(cfg))
		return PTR_ERR(cfg);
	cfg->overlaps_pref64 = cfg->table->overlaps_pref64;
	cfg->has_edge = cfg->table->n_edge;
	if (is_same(cfg, nat64_config_protected(rq->nn))) {
		free_load(rq->nn);
		return 0;
	}
	err = nat64_config_publish(rq, cfg);
	if (err)
		return err;
	kfree(rq->nn->load);
	set_load(rq->nn, NULL);
	return 0;
}

/**
 * nat64_load_abort() - throw the configuration away that is being loaded
 * @rq: request, a staged one
 *
 * Context: process, @rq->nn->lock.
 * Return: 0, or -ENOENT if the socket loads none.
 */
int nat64_load_abort(struct nat64_request *rq)
{
	struct nat64_config *cfg = nat64_request_config(rq);

	if (IS_ERR(cfg))
		return PTR_ERR(cfg);
	free_load(rq->nn);
	return 0;
}

/**
 * nat64_load_release() - throw away what a socket was loading when it closed
 * @nn: translator
 * @portid: socket
 *
 * Context: process; @nn->lock is taken.
 */
void nat64_load_release(struct nat64_net *nn, u32 portid)
{
	/* Without the lock: a socket sees its own load, and most have none. */
	if (!READ_ONCE(nn->load))
		return;
	mutex_lock(&nn->lock);
	if (nn->load && nn->load->portid == portid)
		free_load(nn);
	mutex_unlock(&nn->lock);
}

/**
 * nat64_load_exit() - throw away what is being loaded in a namespace
 * @nn: translator of a namespace that goes away
 *
 * Context: process; nobody else can know @nn.
 */
void nat64_load_exit(struct nat64_net *nn)
{
	if (nn->load)
		free_load(nn);
}
