// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "module.h"
#include "nl.h"
#include "print.h"

/* What a change is called. */
static const char *const event_names[] = {
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
 * struct monitor - state of the command monitor
 * @out: where they go
 * @ask: a connection for requests, beside the one for events
 * @settings: the settings so far, as the module tells all of them each time
 */
struct monitor {
	struct out		*out;
	struct nl		*ask;
	struct setting_value	settings[SETTINGS_MAX];
};

/* As RFC 3339 has it, to the microsecond, in local time. */
static const char *time_text(void)
{
	static char text[64];
	struct timespec now;
	char zone[8];
	struct tm tm;
	size_t len;

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	strftime(zone, sizeof(zone), "%z", &tm);
	snprintf(text + len, sizeof(text) - len, ".%06ld%.3s:%s",
		 now.tv_nsec / 1000, zone, zone + 3);
	return text;
}

static void begin_event(struct out *out, const char *name)
{
	out_begin(out);
	if (out->times)
		out_string(out, "time", "%s ", time_text());
	out_string(out, "event", "%s", name);
}

static void end_event(struct out *out)
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

	for (i = 0; i < settings_count; i++) {
		if (!now[i].given || is_same(i, &now[i], &monitor->settings[i]))
			continue;
		begin_event(out, event_names[NAT64_CMD_SETTINGS_SET]);
		out_string(out, "setting", " %s", settings_table[i].name);
		out_text(out, " ");
		setting_out(out, "value", i, &now[i]);
		end_event(out);
		monitor->settings[i] = now[i];
	}
}

static void conf_event(struct out *out, const char *name,
		       const struct conf *conf)
{
	size_t i;

	for (i = 0; i < conf->n_pref64s; i++) {
		begin_event(out, name);
		out_text(out, " ");
		pref64_out(out, "prefix", &conf->pref64s[i]);
		end_event(out);
	}
	for (i = 0; i < conf->n_eams; i++) {
		begin_event(out, name);
		out_text(out, " ");
		eam_out(out, "mapping", &conf->eams[i]);
		end_event(out);
	}
}

/*
 * The event does not say which settings a load has changed. Ask: what somebody
 * sets meanwhile is then shown here, and not when its own event comes.
 */
static void load_event(struct monitor *monitor, const struct reply *event)
{
	struct setting_value now[SETTINGS_MAX] = {};
	struct out *out = monitor->out;

	begin_event(out, event_names[NAT64_CMD_LOAD_COMMIT]);
	out_number(out, "mappings", " %llu mappings", event->count);
	out_string(out, "digest", ", digest %s", digest_text(event->digest));
	end_event(out);
	if (!module_settings_get(monitor->ask, now))
		settings_event(monitor, now);
}

static void print_event(void *data, unsigned int cmd,
			const struct reply *event)
{
	struct monitor *monitor = data;

	if (cmd >= ARRAY_SIZE(event_names) || !event_names[cmd])
		return;
	switch (cmd) {
	case NAT64_CMD_UNSPEC:
		begin_event(monitor->out, event_names[cmd]);
		end_event(monitor->out);
		/* Settings that changed unseen are no events of later ones. */
		module_settings_get(monitor->ask, monitor->settings);
		break;
	case NAT64_CMD_SETTINGS_SET:
		settings_event(monitor, event->conf.settings);
		break;
	case NAT64_CMD_LOAD_COMMIT:
		load_event(monitor, event);
		break;
	case NAT64_CMD_PREFIX_NEW:
	case NAT64_CMD_PREFIX_DEL:
	case NAT64_CMD_EAM_NEW:
	case NAT64_CMD_EAM_DEL:
		conf_event(monitor->out, event->replace ? "replace" : event_names[cmd],
			   &event->conf);
		break;
	default:
		begin_event(monitor->out, event_names[cmd]);
		end_event(monitor->out);
	}
}

/* [-t] */
int read_monitor(struct ctl *ctl, struct args *args, struct request *req)
{
	static const char *const names[] = { "-t" };
	unsigned int key;

	req->times_shown = ctl->times;
	if (!args_more(args))
		return EXIT_OK;
	req->times_shown = true;
	return args_keyword(args, names, sizeof(*names), 1, "-t", &key);
}

/* monitor */
int cmd_monitor(struct ctl *ctl, struct request *req)
{
	struct monitor monitor = { .out = &ctl->out, .ask = nl_alloc() };
	int ret;

	ctl->out.times = req->times_shown;
	ret = nl_open(monitor.ask);
	if (!ret)
		ret = module_settings_get(monitor.ask, monitor.settings);
	if (ret)
		error_at(&ctl->at, 0, "%s", nl_error(monitor.ask));
	else
		ret = ctl_result(ctl, module_monitor(ctl->nl, print_event,
						     &monitor));
	nl_close(monitor.ask);
	return ret;
}
