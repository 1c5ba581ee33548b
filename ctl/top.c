// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"
#include "nl.h"

/* Mappings that are shown where there is no terminal to say how many. */
#define ROWS	20

/* Lines of a terminal that are not for mappings. */
#define HEAD	2

/**
 * struct rate - how much a mapping was used lately
 * @use: its counters
 * @packets: packets a second, both ways
 * @octets_6to4: octets a second
 * @octets_4to6: octets a second
 */
struct rate {
	const struct use	*use;
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
	return use_compare(x->use, y->use);
}

static double per_second(__u64 now, __u64 before, double seconds)
{
	return now > before ? (now - before) / seconds : 0;
}

static void set_rate(struct rate *rate, const struct use *use,
		     const struct nl_reply *old, double seconds)
{
	static const struct use zero;
	const struct use *was = old->n_uses ?
		bsearch(use, old->uses, old->n_uses, sizeof(*use),
			use_compare) : NULL;

	if (!was)
		was = &zero;
	rate->use = use;
	rate->packets = per_second(use->packets_6to4 + use->packets_4to6,
				   was->packets_6to4 + was->packets_4to6,
				   seconds);
	rate->octets_6to4 = per_second(use->octets_6to4, was->octets_6to4,
				       seconds);
	rate->octets_4to6 = per_second(use->octets_4to6, was->octets_4to6,
				       seconds);
}

/* The busiest first. */
static struct rate *make_rates(const struct nl_reply *new,
			       const struct nl_reply *old, double seconds)
{
	struct rate *rates = xrealloc(NULL, new->n_uses, sizeof(*rates));
	size_t i;

	for (i = 0; i < new->n_uses; i++)
		set_rate(&rates[i], &new->uses[i], old, seconds);
	qsort(rates, new->n_uses, sizeof(*rates), compare_rates);
	return rates;
}

static size_t rows(void)
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
	eam_out(out, "mapping", &rate->use->eam);
	out_close(out);
	out_text(out, "\n");
}

static void show(struct out *out, const struct nl_reply *new,
		 const struct nl_reply *old, double seconds)
{
	struct rate *rates = make_rates(new, old, seconds);
	size_t n = rows();
	size_t i;

	if (isatty(STDOUT_FILENO))
		out_text(out, "\033[H\033[2J");
	out_begin(out);
	out_text(out, "%14s %14s %12s  mapping\n", "6to4 octets/s",
		 "4to6 octets/s", "packets/s");
	out_array(out, "mappings");
	for (i = 0; i < new->n_uses && i < n; i++)
		rate_out(out, &rates[i]);
	out_close(out);
	out_end(out);
	free(rates);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void wait_for(double seconds)
{
	struct timespec ts = {
		.tv_sec = seconds,
		.tv_nsec = (seconds - (time_t)seconds) * 1e9,
	};

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

static int watch(struct ctl *ctl, double seconds, unsigned long times)
{
	struct nl_reply old = {}, new = {};
	double before = now(), at;
	int ret;

	ret = ctl_result(ctl, nl_use_list(ctl->nl, &old));
	while (!ret && times--) {
		wait_for(seconds);
		ret = ctl_result(ctl, nl_use_list(ctl->nl, &new));
		if (ret)
			break;
		at = now();
		show(&ctl->out, &new, &old, at - before);
		before = at;
		nl_reply_free(&old);
		old = new;
		memset(&new, 0, sizeof(new));
	}
	nl_reply_free(&old);
	return ret;
}

static int need_counters(struct ctl *ctl)
{
	struct setting_value values[N_SETTINGS] = {};
	unsigned int i;
	int ret;

	ret = ctl_result(ctl, nl_settings_get(ctl->nl, values));
	if (ret)
		return ret;
	for (i = 0; i < N_SETTINGS; i++)
		if (settings_table[i].attr == NAT64_SETTING_COUNTERS &&
		    values[i].number)
			return DONE;
	place_error(&ctl->at, 0,
		    "nothing is counted; begin with: nat64ctl set counters on");
	return REFUSED;
}

static int read_amount(struct words *w, const char *what, double least,
		       double most, double *amount)
{
	const char *word;
	char *end;
	int ret;

	if (!words_more(w))
		return DONE;
	ret = words_next(w, &word, what);
	if (ret)
		return ret;
	*amount = strtod(word, &end);
	if (*end || *word < '0' || *word > '9' || *amount < least ||
	    *amount > most)
		return words_bad(w, "%s is not %s", quoted(word), what);
	return DONE;
}

/* top [SECONDS [COUNT]] */
int cmd_top(struct ctl *ctl, struct words *w)
{
	double seconds = 1, times = 1e9;
	int ret;

	ret = read_amount(w, "a number of seconds", 0.1, 86400, &seconds);
	if (!ret)
		ret = read_amount(w, "a number of times", 1, 1e9, &times);
	if (!ret)
		ret = words_end(w);
	if (!ret)
		ret = ctl_connect(ctl);
	if (!ret)
		ret = need_counters(ctl);
	return ret ? ret : watch(ctl, seconds, times);
}
