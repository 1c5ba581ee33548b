// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "ctl.h"
#include "nl.h"

/* What a change is called. */
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

/**
 * struct monitor - who waits for changes
 * @out: where they go
 * @settings: the settings so far, as the module tells all of them each time
 */
struct monitor {
	struct out		*out;
	struct setting_value	settings[N_SETTINGS];
};

static void begin(struct out *out, const char *name)
{
	out_begin(out);
	out_string(out, "event", "%s", name);
}

static void end(struct out *out)
{
	out_text(out, "\n");
	out_end(out);
}

static bool is_same(unsigned int key, const struct setting_value *a,
		    const struct setting_value *b)
{
	char text[64];

	if (!b->given)
		return false;
	snprintf(text, sizeof(text), "%s", settings_text(key, a));
	return !strcmp(text, settings_text(key, b));
}

static void settings_event(struct monitor *monitor,
			   const struct setting_value *now)
{
	struct out *out = monitor->out;
	unsigned int i;

	for (i = 0; i < N_SETTINGS; i++) {
		if (!now[i].given || is_same(i, &now[i], &monitor->settings[i]))
			continue;
		begin(out, names[NAT64_CMD_SETTINGS_SET]);
		out_string(out, "setting", " %s", settings_table[i].name);
		out_string(out, "value", " %s", settings_text(i, &now[i]));
		end(out);
		monitor->settings[i] = now[i];
	}
}

static void conf_event(struct out *out, const char *name,
		       const struct conf *conf)
{
	size_t i;

	for (i = 0; i < conf->n_translations; i++) {
		begin(out, name);
		out_text(out, " ");
		prefix_out(out, "prefix", &conf->translations[i]);
		end(out);
	}
	for (i = 0; i < conf->n_eams; i++) {
		begin(out, name);
		out_text(out, " ");
		eam_out(out, "mapping", &conf->eams[i]);
		end(out);
	}
}

static void load_event(struct out *out, const struct nl_reply *event)
{
	char digest[sizeof("0123456789abcdef")];

	snprintf(digest, sizeof(digest), "%016llx",
		 (unsigned long long)event->digest);
	begin(out, names[NAT64_CMD_LOAD_COMMIT]);
	out_number(out, "mappings", " %llu mappings", event->count);
	out_string(out, "digest", ", digest %s", digest);
	end(out);
}

static void print_event(void *data, unsigned int cmd,
			const struct nl_reply *event)
{
	struct monitor *monitor = data;

	if (cmd >= ARRAY_SIZE(names) || !names[cmd])
		return;
	switch (cmd) {
	case NAT64_CMD_SETTINGS_SET:
		settings_event(monitor, event->conf.settings);
		break;
	case NAT64_CMD_LOAD_COMMIT:
		load_event(monitor->out, event);
		/* The settings may be others now; the event does not say. */
		memset(monitor->settings, 0, sizeof(monitor->settings));
		break;
	case NAT64_CMD_PREFIX_NEW:
	case NAT64_CMD_PREFIX_DEL:
	case NAT64_CMD_EAM_NEW:
	case NAT64_CMD_EAM_DEL:
		conf_event(monitor->out, event->replace ? "replace" : names[cmd],
			   &event->conf);
		break;
	default:
		begin(monitor->out, names[cmd]);
		end(monitor->out);
	}
}

/* monitor */
int cmd_monitor(struct ctl *ctl, struct words *w)
{
	struct monitor monitor = { .out = &ctl->out };
	int ret;

	ret = words_end(w);
	if (!ret)
		ret = ctl_connect(ctl);
	if (!ret)
		ret = ctl_result(ctl, nl_settings_get(ctl->nl,
						      monitor.settings));
	if (ret)
		return ret;
	return ctl_result(ctl, nl_monitor(ctl->nl, print_event, &monitor));
}
