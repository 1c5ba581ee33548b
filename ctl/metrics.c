// SPDX-License-Identifier: GPL-2.0-only
/*
 * Metrics for monitoring, in two text formats. They differ in the name of a
 * counter or an info in its HELP and TYPE lines: OpenMetrics has it without the
 * suffix of the samples, the older format of Prometheus with it.
 */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "module.h"
#include "print.h"

/**
 * struct metrics - metrics that are being put out
 * @is_open: as OpenMetrics
 */
struct metrics {
	bool	is_open;
};

static void describe_metric(const struct metrics *m, const char *name,
			    const char *type, const char *help)
{
	const char *suffix = "";

	if (!m->is_open && !strcmp(type, "counter")) {
		suffix = "_total";
	} else if (!m->is_open && !strcmp(type, "info")) {
		suffix = "_info";
		type = "gauge";
	}
	printf("# HELP nat64%s%s%s %s\n", *name ? "_" : "", name, suffix, help);
	printf("# TYPE nat64%s%s%s %s\n", *name ? "_" : "", name, suffix, type);
}

static void gauge_out(const struct metrics *m, const char *name,
		      const char *help, __u64 value)
{
	describe_metric(m, name, "gauge", help);
	printf("nat64_%s %llu\n", name, (unsigned long long)value);
}

static void counter_out(const struct metrics *m, const char *name,
			const char *help, __u64 value)
{
	describe_metric(m, name, "counter", help);
	printf("nat64_%s_total %llu\n", name, (unsigned long long)value);
}

static __u64 stat_value(const struct reply *stats, const char *name)
{
	size_t i;

	for (i = 0; i < stats->n_stats; i++)
		if (!strcmp(stats->stats[i].name, name))
			return stats->stats[i].value;
	return 0;
}

/* Counters that are not reasons for dropping a packet. */
static const struct {
	const char *stat;
	const char *name;
	const char *help;
} others[] = {
	{ "translated_6to4", NULL, NULL },
	{ "translated_4to6", NULL, NULL },
	{ "translated_xdp", "xdp_packets",
	  "Packets translated in XDP; they are among the translated ones, too." },
	{ "hairpinned", "hairpinned_packets",
	  "Packets from one mapped host to another, translated there and back." },
	{ "split_4to6", "split_packets",
	  "IPv4 packets that were sent as several IPv6 fragments." },
	{ "answered", "icmp_errors",
	  "Refused packets whose sender was to be told by ICMP; the kernel may have suppressed some by its own rate limits." },
};

static bool is_reason(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(others); i++)
		if (!strcmp(others[i].stat, name))
			return false;
	return true;
}

static void state_out(const struct metrics *m, const struct reply *status,
		      const struct reply *prefixes)
{
	describe_metric(m, "", "info",
			"Version of the module and digest of its table, which is the same on gateways with the same prefixes and mappings.");
	printf("nat64_info{version=\"%s\",digest=\"%s\"} 1\n", status->version,
	       digest_text(status->digest));
	gauge_out(m, "active",
		  "Whether packets are looked at: something is configured.",
		  status->active);
	gauge_out(m, "mappings", "Explicit address mappings.", status->count);
	gauge_out(m, "mappings_limit", "Most mappings that there may be.",
		  status->limit);
	gauge_out(m, "prefixes", "Translation prefixes.",
		  prefixes->conf.n_pref64s);
	gauge_out(m, "config_generation",
		  "Changes of the configuration since the network namespace was made.",
		  status->generation);
}

static void counters_out(const struct metrics *m, const struct reply *stats)
{
	const struct stat_value *stat;
	size_t i;

	describe_metric(m, "translated_packets", "counter",
			"Packets translated, by direction.");
	printf("nat64_translated_packets_total{direction=\"6to4\"} %llu\n",
	       (unsigned long long)stat_value(stats, "translated_6to4"));
	printf("nat64_translated_packets_total{direction=\"4to6\"} %llu\n",
	       (unsigned long long)stat_value(stats, "translated_4to6"));
	describe_metric(m, "refused_packets", "counter",
			"Packets that were to be translated and were dropped, by reason; nat64(4) explains each.");
	for (stat = stats->stats; stat < stats->stats + stats->n_stats; stat++)
		if (is_reason(stat->name))
			printf("nat64_refused_packets_total{reason=\"%s\"} %llu\n",
			       stat->name, (unsigned long long)stat->value);
	for (i = 0; i < ARRAY_SIZE(others); i++)
		if (others[i].name)
			counter_out(m, others[i].name, others[i].help,
				    stat_value(stats, others[i].stat));
}

static int read_all(struct nl *nl, struct reply *status, struct reply *prefixes,
		    struct reply *stats)
{
	int ret = module_status(nl, status);

	if (!ret)
		ret = module_prefix_list(nl, prefixes);
	return ret ? ret : module_stats(nl, stats);
}

/**
 * metrics_out() - put out what monitoring asks for
 * @ctl: this run
 * @is_open: as OpenMetrics, otherwise in the older format of Prometheus
 *
 * A module that is not loaded is something to tell as well, not an error.
 */
int metrics_out(struct ctl *ctl, bool is_open)
{
	struct reply status = {}, prefixes = {}, stats = {};
	const struct metrics m = { .is_open = is_open };
	int ret = ctl_try(ctl);
	bool is_up = ret != EXIT_NO_MODULE;

	if (!ret)
		ret = read_all(ctl->nl, &status, &prefixes, &stats);
	if (!ret || !is_up) {
		gauge_out(&m, "up", "Whether the nat64 module is loaded.",
			  is_up);
		if (is_up) {
			state_out(&m, &status, &prefixes);
			counters_out(&m, &stats);
		}
		if (is_open)
			puts("# EOF");
		fflush(stdout);
	} else {
		ctl_result(ctl, ret);
	}
	if (!is_up)
		ctl_disconnect(ctl);
	reply_free(&status);
	reply_free(&prefixes);
	reply_free(&stats);
	return is_up ? ret : EXIT_OK;
}
