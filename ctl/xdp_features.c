// SPDX-License-Identifier: GPL-2.0-only
#include "xdp_features.h"

#include "nl.h"
#include "nl_field.h"
#include "util.h"

/* Of the kernel's family netdev, whose header older kernels do not have. */
#define FAMILY_NAME	"netdev"
#define COMMAND_GET	1
#define ATTR_INDEX	1
#define ATTR_FEATURES	3

#define FEATURE_BASIC		1
#define FEATURE_NDO_XMIT	4

struct answer {
	__u64	bits;
	bool	is_there;
};

static const struct nl_field fields[] = {
	NL_FIELD(ATTR_FEATURES, struct answer, bits, nl_fetch_value),
	NL_FIELD(ATTR_FEATURES, struct answer, is_there, nl_fetch_flag),
};

static void fetch_answer(const struct nlmsghdr *nlh, void *data)
{
	nl_fetch_message(nlh, fields, ARRAY_SIZE(fields), data);
}

/**
 * xdp_features() - ask what the driver of a device can do
 * @index: device
 */
struct xdp_features xdp_features(__u32 index)
{
	struct answer answer = {};
	struct nl *nl = nl_alloc();

	if (!nl_open_family(nl, FAMILY_NAME)) {
		mnl_attr_put_u32(nl_begin(nl, COMMAND_GET, NLM_F_ACK),
				 ATTR_INDEX, index);
		nl_request(nl, fetch_answer, &answer);
	}
	nl_close(nl);
	return (struct xdp_features){
		.known = answer.is_there,
		.native = answer.bits & FEATURE_BASIC,
		.takes_frames = answer.bits & FEATURE_NDO_XMIT,
	};
}
