// SPDX-License-Identifier: GPL-2.0-only
#include "xdp.h"

#include "command.h"

enum verb { VERB_ADD, VERB_DEL, VERB_LIST };

/* add DEV [generic] | del DEV | list */
int read_xdp(struct ctl *ctl, struct args *args, struct request *req)
{
	static const char *const verbs[] = {
		[VERB_ADD]	= "add",
		[VERB_DEL]	= "del",
		[VERB_LIST]	= "list",
	};
	int ret;

	(void)ctl;
	ret = args_keyword(args, verbs, sizeof(*verbs), ARRAY_SIZE(verbs),
			   "add, del or list", &req->verb);
	if (ret || req->verb == VERB_LIST)
		return ret;
	if (req->verb == VERB_DEL)
		return conf_read_device(args, &req->xdp);
	return conf_read_xdp(args, &req->xdp);
}

static void list_devices(struct xdp *x, struct out *out)
{
	size_t i;

	out_begin(out);
	out_array(out, "xdp");
	for (i = 0; i < x->links.n; i++)
		if (link_is_ours(&x->links.links[i]))
			xdp_out(out, &x->links.links[i]);
	out_close(out);
	out_end(out);
	xdp_warn(x);
}

/* What stands already is as -f wants it, but for the mode. */
static bool is_done(const struct ctl *ctl, const struct link *link,
		    const struct xdp_line *line)
{
	return ctl->force && link_is_ours(link) &&
	       line->generic == !link->xdp.native;
}

static int change_device(struct xdp *x, struct ctl *ctl,
			 const struct request *req)
{
	struct link *link = link_by_name(&x->links, req->xdp.device);
	char error[XDP_ERROR];
	int ret;

	if (!link) {
		error_at(&ctl->at, req->xdp.column, "there is no device %s",
			 req->xdp.device);
		return EXIT_REFUSED;
	}
	if (req->verb == VERB_DEL)
		ret = xdp_detach(x, link, error);
	else if (is_done(ctl, link, &req->xdp))
		ret = EXIT_OK;
	else
		ret = xdp_attach(x, link, req->xdp.generic, error);
	if (ret)
		error_at(&ctl->at, req->xdp.column, "%s", error);
	return ret ? ret : ctl_done(ctl, EXIT_OK);
}

/* xdp */
int cmd_xdp(struct ctl *ctl, struct request *req)
{
	struct xdp x;
	int ret;

	ret = xdp_open(&x, ctl);
	if (!ret && req->verb == VERB_LIST)
		list_devices(&x, &ctl->out);
	else if (!ret)
		ret = change_device(&x, ctl, req);
	xdp_close(&x);
	return ret;
}
