// SPDX-License-Identifier: GPL-2.0-only
/* The doctor on firewalls, and the rule that lets translated packets pass. */
#include <linux/nat64.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "doctor.h"
#include "firewall.h"

/**
 * struct rules - nft commands that are being written
 * @chain: the chain that they are for
 * @len: length of @text
 * @text: the commands
 */
struct rules {
	const struct firewall_chain	*chain;
	size_t				len;
	char				text[600];
};

__printf(2, 3) static void add_text(struct rules *rules, const char *fmt, ...)
{
	size_t left = sizeof(rules->text) - rules->len;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(rules->text + rules->len, left, fmt, ap);
	va_end(ap);
	rules->len += (size_t)len < left ? (size_t)len : left - 1;
}

/* Up to the addresses that the rule is for. */
static void begin_rule(struct rules *rules, const char *field)
{
	add_text(rules, "%sinsert rule %s %s %s ct state untracked %s ",
		 rules->len ? "; " : "", rules->chain->family,
		 rules->chain->table, rules->chain->name, field);
}

/* The mappings of one kind in one family, as the smallest prefix around them. */
static bool cover_mappings(const struct conf *conf, bool edge,
			   struct prefix4 *p4, struct prefix6 *p6)
{
	bool found = false;
	size_t i;

	for (i = 0; i < conf->n_eams; i++) {
		const struct eam *eam = &conf->eams[i];

		if (eam->edge != edge)
			continue;
		if (!found) {
			*p4 = eam->p4;
			*p6 = eam->p6;
		}
		addr_widen4(p4, &eam->p4);
		addr_widen6(p6, &eam->p6);
		found = true;
	}
	return found;
}

static void add_prefixes(struct rules *rules, const struct conf *conf)
{
	unsigned int i;

	if (!conf->n_pref64s)
		return;
	begin_rule(rules, "ip6 saddr");
	for (i = 0; i < conf->n_pref64s; i++)
		add_text(rules, "%s%s", i ? ", " :
			 conf->n_pref64s > 1 ? "{ " : "",
			 addr_text6(&conf->pref64s[i].prefix));
	add_text(rules, conf->n_pref64s > 1 ? " } accept" : " accept");
}

/*
 * What is translated for mappings has its sources inside prefixes or is from a
 * mapped address; for edge mappings it is from a face or to a mapped address.
 */
static void write_rules(struct rules *rules, const struct conf *conf)
{
	bool has4 = strcmp(rules->chain->family, "ip6");
	bool has6 = strcmp(rules->chain->family, "ip");
	struct prefix4 p4;
	struct prefix6 p6;

	if (cover_mappings(conf, false, &p4, &p6)) {
		if (has6)
			add_prefixes(rules, conf);
		if (has4) {
			begin_rule(rules, "ip saddr");
			add_text(rules, "%s accept", addr_short4(&p4));
		}
	}
	if (cover_mappings(conf, true, &p4, &p6)) {
		if (has6) {
			begin_rule(rules, "ip6 saddr");
			add_text(rules, "%s accept", addr_short6(&p6));
		}
		if (has4) {
			begin_rule(rules, "ip daddr");
			add_text(rules, "%s accept", addr_short4(&p4));
		}
	}
}

static void report_blocking(struct doctor *d, const struct firewall_chain *chain)
{
	struct rules rules = { .chain = chain };

	write_rules(&rules, &d->conf);
	report_finding(d, "firewall",
		       rules.len ? command_here(d, "nft '%s'", rules.text) :
				   NULL,
		       "chain %s of table %s %s may drop what is translated: it lets no untracked packets pass, as translated ones are",
		       chain->name, chain->family, chain->table);
}

static void report_chain(void *data, const struct firewall_chain *chain)
{
	struct doctor *d = data;

	switch (chain->kind) {
	case FIREWALL_BLOCKS:
		report_blocking(d, chain);
		break;
	case FIREWALL_DROPS_SOME:
		doctor_note(d, "what chain %s of table %s %s drops by its rules",
			    chain->name, chain->family, chain->table);
		break;
	case FIREWALL_AT_DEVICE:
		doctor_note(d, "chain %s of table %s %s, which sees packets at a device",
			    chain->name, chain->family, chain->table);
	}
}

/**
 * check_firewall() - look for chains that let nothing translated pass
 * @d: doctor
 *
 * Rules are read, and not run: none counts, logs or sends anything by that.
 */
void check_firewall(struct doctor *d)
{
	if (firewall_find_chains(settings_are_direct(d->conf.settings),
				 report_chain, d))
		doctor_note(d, "the firewall: nft could not be run");
	if (firewall_has_legacy(4))
		doctor_note(d, "rules of iptables-legacy");
	if (firewall_has_legacy(6))
		doctor_note(d, "rules of ip6tables-legacy");
}
