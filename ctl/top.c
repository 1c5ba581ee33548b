// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "command.h"
#include "module.h"
#include "print.h"
#include "terminal.h"

/* Mappings that are shown where there is no terminal to say how many. */
#define ROWS	20

/* Lines of a terminal that are not for mappings. */
#define HEAD	2

/**
 * struct rate - how busy a mapping was lately
 * @counters: its counters
 * @packets: packets a second, both ways
 * @octets_6to4: octets a second
 * @octets_4to6: octets a second
 */
struct rate {
	const struct eam_counters	*counters;
	double			packets;
	double			octets_6to4;
	double			octets_4to6;
};

static int compare_rates(const void *a, const void *b)
{
	const struct rate *x = a, *y = b;
	double of_x = x->octets_6to4 + x->octets_4to6;
	double of_y = y->octets_6to4 + y->octets_4to6;

	if (of_x != of_y)
		return of_x > of_y ? -1 : 1;
	return counters_compare(x->counters, y->counters);
}

static double per_second(__u64 now, __u64 before, double seconds)
{
	return now > before ? (now - before) / seconds : 0;
}

static void set_rate(struct rate *rate, const struct eam_counters *now,
		     const struct reply *old, double seconds)
{
	static const struct eam_counters zero;
	const struct eam_counters *was = old->n_counters ?
		bsearch(now, old->counters, old->n_counters, sizeof(*now),
			counters_compare) : NULL;

	if (!was)
		was = &zero;
	rate->counters = now;
	rate->packets = per_second(now->packets_6to4 + now->packets_4to6,
				   was->packets_6to4 + was->packets_4to6,
				   seconds);
	rate->octets_6to4 = per_second(now->octets_6to4, was->octets_6to4,
				       seconds);
	rate->octets_4to6 = per_second(now->octets_4to6, was->octets_4to6,
				       seconds);
}

/* The busiest first. */
static struct rate *make_rates(const struct reply *new,
			       const struct reply *old, double seconds)
{
	struct rate *rates = xrealloc(NULL, new->n_counters, sizeof(*rates));
	size_t i;

	for (i = 0; i < new->n_counters; i++)
		set_rate(&rates[i], &new->counters[i], old, seconds);
	qsort(rates, new->n_counters, sizeof(*rates), compare_rates);
	return rates;
}

static size_t rows_to_show(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || size.ws_row <= HEAD)
		return ROWS;
	return size.ws_row - HEAD;
}

static void rate_out(struct out *out, const struct rate *rate)
{
	out_object(out, "");
	out_text(out, "%14.0f %14.0f %12.0f  ", rate->octets_6to4,
		 rate->octets_4to6, rate->packets);
	out_number(out, "octets_6to4_per_second", NULL, rate->octets_6to4);
	out_number(out, "octets_4to6_per_second", NULL, rate->octets_4to6);
	out_number(out, "packets_per_second", NULL, rate->packets);
	eam_out(out, "mapping", &rate->counters->eam);
	out_close(out);
	out_text(out, "\n");
}

static void show_rates(struct out *out, const struct reply *new,
		       const struct reply *old, double seconds)
{
	struct rate *rates = make_rates(new, old, seconds);
	size_t n = rows_to_show();
	size_t i;

	if (isatty(STDOUT_FILENO))
		out_text(out, "\033[H\033[2J");
	out_begin(out);
	out_text(out, "%14s %14s %12s  mapping\n", "6to4 octets/s",
		 "4to6 octets/s", "packets/s");
	out_array(out, "mappings");
	for (i = 0; i < new->n_counters && i < n; i++)
		rate_out(out, &rates[i]);
	out_close(out);
	out_end(out);
	free(rates);
}

static int watch_rates(struct ctl *ctl, double seconds, unsigned long times)
{
	struct reply old = {}, new = {};
	double before = terminal_now(), at;
	int ret;

	ret = ctl_result(ctl, module_counters(ctl->nl, &old));
	while (!ret && times-- && !terminal_wait(seconds)) {
		ret = ctl_result(ctl, module_counters(ctl->nl, &new));
		if (ret)
			break;
		at = terminal_now();
		show_rates(&ctl->out, &new, &old, at - before);
		before = at;
		reply_free(&old);
		old = new;
		memset(&new, 0, sizeof(new));
	}
	reply_free(&old);
	return ret;
}

static int need_counters(struct ctl *ctl)
{
	struct setting_value values[SETTINGS_MAX] = {};
	int ret;

	ret = ctl_result(ctl, module_settings_get(ctl->nl, values));
	if (ret || settings_are_counted(values))
		return ret;
	error_at(&ctl->at, 0,
		 "nothing is counted; begin with: nat64ctl set counters on");
	return EXIT_REFUSED;
}

static int read_amount(struct args *args, const char *what, double least,
		       double most, double *amount)
{
	const char *word;
	char *end;
	int ret;

	if (!args_more(args))
		return EXIT_OK;
	ret = args_next(args, &word, what);
	if (ret)
		return ret;
	*amount = strtod(word, &end);
	if (*end || *word < '0' || *word > '9' || *amount < least ||
	    *amount > most)
		return args_invalid(args, "%s is not %s", quoted(word), what);
	return EXIT_OK;
}

/* [SECONDS [COUNT]] */
int read_top(struct ctl *ctl, struct args *args, struct request *req)
{
	int ret;

	(void)ctl;
	req->seconds = 1;
	req->times = 1e9;
	ret = read_amount(args, "a number of seconds; at least 0.1", 0.1, 86400,
			  &req->seconds);
	if (!ret)
		ret = read_amount(args, "a number of times", 1, 1e9,
				  &req->times);
	return ret;
}

/* top */
int cmd_top(struct ctl *ctl, struct request *req)
{
	int ret;

	ret = need_counters(ctl);
	if (ret)
		return ret;
	terminal_begin();
	ret = watch_rates(ctl, req->seconds, req->times);
	terminal_end();
	return ret;
}
