// SPDX-License-Identifier: GPL-2.0-only
/* What the doctor's looks have in common: findings, commands, counters. */
#include "doctor.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Mappings that are looked at, spread over the table. */
#define SAMPLES		1000

/**
 * report_finding() - put out a finding
 * @d: doctor
 * @check: what was looked at, a word
 * @command: the command that fixes it, or NULL
 * @fmt: what is wrong
 */
void report_finding(struct doctor *d, const char *check, const char *command,
		    const char *fmt, ...)
{
	struct out *out = &d->ctl->out;
	char problem[1024];
	va_list ap;

	d->n_findings++;
	if (++d->n_shown > DOCTOR_SHOWN_MAX && !out->json)
		return;
	va_start(ap, fmt);
	vsnprintf(problem, sizeof(problem), fmt, ap);
	va_end(ap);
	out_object(out, "");
	out_string(out, "check", NULL, check);
	out_string(out, "problem", "%s\n", problem);
	if (command)
		out_string(out, "command", "    %s\n", command);
	out_close(out);
}

/**
 * doctor_note() - remember what could not be looked at
 * @d: doctor
 * @fmt: what
 */
void doctor_note(struct doctor *d, const char *fmt, ...)
{
	char note[256];
	unsigned int i;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(note, sizeof(note), fmt, ap);
	va_end(ap);
	for (i = 0; i < d->n_notes; i++)
		if (!strcmp(d->notes[i], note))
			return;
	if (d->n_notes < DOCTOR_NOTES)
		d->notes[d->n_notes++] = strdup(note);
}

static bool is_plain_word(const char *word)
{
	while (isalnum((unsigned char)*word) || (*word && strchr("_.-/", *word)))
		word++;
	return !*word;
}

/**
 * netns_text() - what makes a command run in the network namespace that -n names
 * @d: doctor
 *
 * Return: a text that lasts until the next call
 */
const char *netns_text(const struct doctor *d)
{
	const char *name = d->ctl->netns;
	static char text[300];

	if (!name)
		return "";
	snprintf(text, sizeof(text),
		 strchr(name, '/') ? "nsenter --net=%s " : "ip netns exec %s ",
		 is_plain_word(name) ? name : "NAME");
	return text;
}

static char *command_buffer(void)
{
	static char text[1024];

	return text;
}

/**
 * command_here() - a command to be typed on the gateway
 * @d: doctor
 * @fmt: command
 *
 * Return: a text that lasts until the next call of this or command_there()
 */
const char *command_here(const struct doctor *d, const char *fmt, ...)
{
	char *text = command_buffer();
	va_list ap;
	int len;

	len = snprintf(text, 300, "%s", netns_text(d));
	va_start(ap, fmt);
	vsnprintf(text + len, 1024 - 300, fmt, ap);
	va_end(ap);
	return text;
}

/**
 * command_there() - a command to be typed on another machine
 * @fmt: command
 *
 * Return: a text that lasts until the next call of this or command_here()
 */
const char *command_there(const char *fmt, ...)
{
	char *text = command_buffer();
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, 1024, fmt, ap);
	va_end(ap);
	return text;
}

/**
 * doctor_counter() - a counter of the module
 * @d: doctor
 * @name: its name
 */
unsigned long long doctor_counter(const struct doctor *d, const char *name)
{
	size_t i;

	for (i = 0; i < d->stats.n_stats; i++)
		if (!strcmp(d->stats.stats[i].name, name))
			return d->stats.stats[i].value;
	return 0;
}

/**
 * doctor_step() - the step from one mapping that is looked at to the next
 * @d: doctor
 */
size_t doctor_step(const struct doctor *d)
{
	return d->conf.n_eams / SAMPLES + 1;
}

static size_t count_edges(const struct doctor *d)
{
	size_t n = 0;
	size_t i;

	for (i = 0; i < d->conf.n_eams; i++)
		n += d->conf.eams[i].edge;
	return n;
}

/**
 * doctor_has_edge() - whether there are edge mappings
 * @d: doctor
 */
bool doctor_has_edge(const struct doctor *d)
{
	return count_edges(d);
}

/**
 * doctor_is_edge_only() - whether there are no other mappings
 * @d: doctor
 *
 * Then the prefix belongs to a border relay elsewhere.
 */
bool doctor_is_edge_only(const struct doctor *d)
{
	size_t n = count_edges(d);

	return n && n == d->conf.n_eams;
}
