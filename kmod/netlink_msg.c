// SPDX-License-Identifier: GPL-2.0-only
/* Replies, notifications and the messages of a dump. */
#include "netlink.h"

/**
 * nat64_reply_begin() - begin the reply to a request
 * @msg: filled in
 * @info: request
 * @size: room for attributes
 *
 * Context: process.
 * Return: 0, or a negative error with nothing to end.
 */
int nat64_reply_begin(struct nat64_message *msg, struct genl_info *info,
		      size_t size)
{
	msg->skb = genlmsg_new(size, GFP_KERNEL);
	if (!msg->skb)
		return -ENOMEM;
	msg->hdr = genlmsg_put_reply(msg->skb, info, &nat64_genl_family, 0,
				     info->genlhdr->cmd);
	if (msg->hdr)
		return 0;
	nlmsg_free(msg->skb);
	return -EMSGSIZE;
}

/**
 * nat64_reply_end() - send a reply, or free it
 * @msg: message that nat64_reply_begin() has begun
 * @info: request
 * @err: 0, or why there is no reply
 *
 * Context: process.
 * Return: 0 or a negative error.
 */
int nat64_reply_end(struct nat64_message *msg, struct genl_info *info, int err)
{
	if (err) {
		nlmsg_free(msg->skb);
		return err;
	}
	genlmsg_end(msg->skb, msg->hdr);
	return genlmsg_reply(msg->skb, info);
}

static bool has_listener(struct genl_info *info)
{
	return info->nlhdr->nlmsg_flags & NLM_F_ECHO ||
	       genl_has_listeners(&nat64_genl_family, genl_info_net(info), 0);
}

/**
 * nat64_event_begin() - begin a notification
 * @msg: filled in
 * @info: request that changed something
 * @cmd: command to name
 * @size: room for attributes
 *
 * Context: process, the lock of the namespace: notifications are sent in the
 * order of the changes.
 * Return: true, or false with nothing to end: nobody listens, or those who do
 * are told that they missed something.
 */
bool nat64_event_begin(struct nat64_message *msg, struct genl_info *info, u8 cmd,
		       size_t size)
{
	u16 flags = info->nlhdr->nlmsg_flags &
		    (NLM_F_CREATE | NLM_F_EXCL | NLM_F_REPLACE);

	if (!has_listener(info))
		return false;
	msg->skb = genlmsg_new(size, GFP_KERNEL);
	if (msg->skb) {
		msg->hdr = genlmsg_put(msg->skb, info->snd_portid,
				       info->snd_seq, &nat64_genl_family, flags, cmd);
		return true;
	}
	genl_set_err(&nat64_genl_family, genl_info_net(info), 0, 0, -ENOBUFS);
	return false;
}

/**
 * nat64_event_end() - send a notification
 * @msg: message that nat64_event_begin() has begun
 * @info: request
 */
void nat64_event_end(struct nat64_message *msg, struct genl_info *info)
{
	genlmsg_end(msg->skb, msg->hdr);
	genl_notify(&nat64_genl_family, msg->skb, info, 0, GFP_KERNEL);
}

/**
 * nat64_dump_begin() - begin one message of a dump
 * @msg: filled in
 * @skb: where the messages stand
 * @cb: dump, whose seq is that of what is shown, or 0 if it is of one moment
 *
 * Return: 0, or -EMSGSIZE when there is no room.
 */
int nat64_dump_begin(struct nat64_message *msg, struct sk_buff *skb,
		     struct netlink_callback *cb)
{
	const struct genlmsghdr *request = nlmsg_data(cb->nlh);

	msg->skb = skb;
	msg->hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
			       cb->nlh->nlmsg_seq, &nat64_genl_family,
			       NLM_F_MULTI, request->cmd);
	if (!msg->hdr)
		return -EMSGSIZE;
	genl_dump_check_consistent(cb, msg->hdr);
	return 0;
}

/**
 * nat64_dump_end() - end a message of a dump, or take it back
 * @msg: message that nat64_dump_begin() has begun
 * @err: 0, or -EMSGSIZE when there was no room for all of it
 *
 * Return: @err.
 */
int nat64_dump_end(struct nat64_message *msg, int err)
{
	if (err)
		genlmsg_cancel(msg->skb, msg->hdr);
	else
		genlmsg_end(msg->skb, msg->hdr);
	return err;
}

/**
 * nat64_notify_total() - tell of a change of all mappings at once
 * @info: request that changed them
 *
 * Context: process, the lock of the namespace.
 */
void nat64_notify_total(struct genl_info *info)
{
	struct nat64_message msg;

	if (!nat64_event_begin(&msg, info, info->genlhdr->cmd,
			       NAT64_STATUS_SIZE))
		return;
	nat64_put_total(msg.skb, nat64_config_protected(nat64_nl_net(info)));
	nat64_event_end(&msg, info);
}
