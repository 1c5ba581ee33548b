// SPDX-License-Identifier: GPL-2.0
#include "ctl.h"
#include "nl.h"

/* What a change is called, and what JSON calls it. */
static const char *const names[] = {
	[NAT64_CMD_UNSPEC]	 = "lost",
	[NAT64_CMD_PREFIX_NEW]	 = "prefix add",
	[NAT64_CMD_PREFIX_DEL]	 = "prefix del",
	[NAT64_CMD_EAM_NEW]	 = "add",
	[NAT64_CMD_EAM_DEL]	 = "del",
	[NAT64_CMD_EAM_FLUSH]	 = "flush",
	[NAT64_CMD_SETTINGS_SET] = "set",
	[NAT64_CMD_LOAD_COMMIT]	 = "load",
	[NAT64_CMD_STATS_RESET]	 = "stats reset",
};

static void begin(struct out *out, unsigned int cmd)
{
	out_begin(out);
	out_string(out, "event", "%s", names[cmd]);
}

static void end(struct out *out)
{
	out_text(out, "\n");
	out_end(out);
}

static void settings_event(struct out *out, unsigned int cmd,
			   const struct setting_value *all)
{
	unsigned int i;

	for (i = 0; i < N_SETTINGS; i++) {
		if (!all[i].given)
			continue;
		begin(out, cmd);
		out_string(out, "setting", " %s", settings_table[i].name);
		out_string(out, "value", " %s", settings_text(i, &all[i]));
		end(out);
	}
}

static void conf_event(struct out *out, unsigned int cmd,
		       const struct conf *conf)
{
	size_t i;

	for (i = 0; i < conf->n_translations; i++) {
		begin(out, cmd);
		out_text(out, " ");
		prefix_out(out, "prefix", &conf->translations[i]);
		end(out);
	}
	for (i = 0; i < conf->n_eams; i++) {
		begin(out, cmd);
		out_text(out, " ");
		eam_out(out, "mapping", &conf->eams[i]);
		end(out);
	}
	settings_event(out, cmd, conf->settings);
}

static void load_event(struct out *out, unsigned int cmd,
		       const struct nl_reply *event)
{
	char digest[sizeof("0123456789abcdef")];

	snprintf(digest, sizeof(digest), "%016llx",
		 (unsigned long long)event->digest);
	begin(out, cmd);
	out_number(out, "mappings", " %llu mappings", event->count);
	out_string(out, "digest", ", digest %s", digest);
	end(out);
}

static void print_event(void *data, unsigned int cmd,
			const struct nl_reply *event)
{
	struct ctl *ctl = data;

	if (cmd >= ARRAY_SIZE(names) || !names[cmd])
		return;
	switch (cmd) {
	case NAT64_CMD_LOAD_COMMIT:
		load_event(&ctl->out, cmd, event);
		break;
	case NAT64_CMD_UNSPEC:
	case NAT64_CMD_EAM_FLUSH:
	case NAT64_CMD_STATS_RESET:
		begin(&ctl->out, cmd);
		end(&ctl->out);
		break;
	default:
		conf_event(&ctl->out, cmd, &event->conf);
	}
}

/* monitor */
int cmd_monitor(struct ctl *ctl, struct words *w)
{
	int ret;

	ret = words_end(w);
	if (!ret)
		ret = ctl_connect(ctl);
	if (ret)
		return ret;
	return ctl_result(ctl, nl_monitor(ctl->nl, print_event, ctl));
}
