// SPDX-License-Identifier: GPL-2.0-only
#include "firewall.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* NAT64_HOOK_PRIORITY of the module. */
#define TRANSLATOR_PRIORITY	(-420)

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static bool is_ip(const json_t *chain)
{
	const char *family = text_of(chain, "family");

	return !strcmp(family, "inet") || !strcmp(family, "ip") ||
	       !strcmp(family, "ip6");
}

static bool is_hook(const json_t *chain, const char *hook)
{
	return !strcmp(text_of(chain, "hook"), hook);
}

/* Chains that translated packets pass; untracked, they skip NAT. */
static bool is_behind(const json_t *chain)
{
	return is_ip(chain) && strcmp(text_of(chain, "type"), "nat") &&
	       (is_hook(chain, "forward") || is_hook(chain, "postrouting"));
}

static bool is_before(const json_t *chain)
{
	return is_ip(chain) && is_hook(chain, "prerouting") &&
	       json_integer_value(json_object_get(chain, "prio")) <
	       TRANSLATOR_PRIORITY;
}

static bool is_at_device(const json_t *chain)
{
	return is_hook(chain, "ingress") || is_hook(chain, "egress");
}

static bool is_rule_of(const json_t *rule, const json_t *chain)
{
	return !strcmp(text_of(rule, "family"), text_of(chain, "family")) &&
	       !strcmp(text_of(rule, "table"), text_of(chain, "table")) &&
	       !strcmp(text_of(rule, "chain"), text_of(chain, "name"));
}

/* Whether a word stands anywhere in a rule. */
static bool mentions_word(const json_t *value, const char *word)
{
	const json_t *part;
	const char *key;
	size_t i;

	if (json_is_string(value))
		return !strcmp(json_string_value(value), word);
	json_array_foreach(value, i, part)
		if (mentions_word(part, word))
			return true;
	json_object_foreach((json_t *)value, key, part)
		if (!strcmp(key, word) || mentions_word(part, word))
			return true;
	return false;
}

static bool has_key(const json_t *expr, const char *key)
{
	const json_t *statement;
	size_t i;

	json_array_foreach(expr, i, statement)
		if (json_object_get(statement, key))
			return true;
	return false;
}

/* Whether a rule drops every packet: it has no match. */
static bool drops_all(const json_t *expr)
{
	return !has_key(expr, "match") && !has_key(expr, "vmap") &&
	       !has_key(expr, "limit") && !has_key(expr, "xt") &&
	       (has_key(expr, "drop") || has_key(expr, "reject"));
}

/*
 * Whether a verdict map may accept; if it asks for the state, then untracked. A
 * map that has a name is not looked into.
 */
static bool map_accepts(const json_t *vmap)
{
	bool by_state = mentions_word(json_object_get(vmap, "key"), "ct");
	const json_t *set = json_object_get(vmap, "data");
	const json_t *element;
	size_t i;

	if (json_is_string(set))
		return true;
	json_array_foreach(json_object_get(set, "set"), i, element)
		if (mentions_word(json_array_get(element, 1), "accept") &&
		    (!by_state || mentions_word(json_array_get(element, 0),
						"untracked")))
			return true;
	return false;
}

/* Whether a rule may well accept translated packets, which are not tracked. */
static bool may_accept(const json_t *expr)
{
	const json_t *statement, *vmap;
	size_t i;

	json_array_foreach(expr, i, statement) {
		vmap = json_object_get(statement, "vmap");
		if (vmap && map_accepts(vmap))
			return true;
	}
	return has_key(expr, "accept") && (!mentions_word(expr, "ct") ||
					   mentions_word(expr, "untracked"));
}

static bool is_blocking(const json_t *ruleset, const json_t *chain)
{
	const json_t *entry, *rule, *expr;
	size_t i;

	json_array_foreach(ruleset, i, entry) {
		rule = json_object_get(entry, "rule");
		if (!rule || !is_rule_of(rule, chain))
			continue;
		expr = json_object_get(rule, "expr");
		if (drops_all(expr))
			return true;
		if (may_accept(expr))
			return false;
	}
	return !strcmp(text_of(chain, "policy"), "drop");
}

static json_t *read_ruleset(void)
{
	FILE *nft = popen("nft -j list ruleset 2>/dev/null", "r");
	json_t *root;

	if (!nft)
		return NULL;
	root = json_loadf(nft, 0, NULL);
	pclose(nft);
	return root;
}

/* Whether a rule may drop packets, here or where it jumps to. */
static bool may_drop(const json_t *expr)
{
	static const char *const words[] = {
		"drop", "reject", "queue", "jump", "goto", "vmap", "xt",
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (mentions_word(expr, words[i]))
			return true;
	return false;
}

static bool has_drops(const json_t *ruleset, const json_t *chain)
{
	const json_t *entry, *rule;
	size_t i;

	json_array_foreach(ruleset, i, entry) {
		rule = json_object_get(entry, "rule");
		if (rule && is_rule_of(rule, chain) &&
		    may_drop(json_object_get(rule, "expr")))
			return true;
	}
	return !strcmp(text_of(chain, "policy"), "drop");
}

/* Returns false if a chain has nothing to do with translated packets. */
static bool judge_chain(const json_t *ruleset, const json_t *chain, bool direct,
			enum firewall_kind *kind)
{
	*kind = FIREWALL_AT_DEVICE;
	if (is_at_device(chain))
		return true;
	*kind = FIREWALL_BLOCKS;
	if (!direct && is_behind(chain) && is_blocking(ruleset, chain))
		return true;
	*kind = FIREWALL_DROPS_SOME;
	return ((!direct && is_behind(chain)) || is_before(chain)) &&
	       has_drops(ruleset, chain);
}

/**
 * firewall_find_chains() - find chains of nftables that may drop packets
 * @direct: translated packets go past FORWARD and POSTROUTING
 * @fn: called for each
 * @data: for @fn
 *
 * Rules are read, and no packet is sent through them. A chain blocks if it
 * drops by policy or by a rule without a match, and no rule before that accepts
 * anything but tracked connections. Jumps are not followed.
 *
 * Return: 0, or -1 if nft could not be asked
 */
int firewall_find_chains(bool direct, firewall_fn *fn, void *data)
{
	json_t *root = read_ruleset();
	const json_t *ruleset = json_object_get(root, "nftables");
	const json_t *entry, *chain;
	int ret = root ? 0 : -1;
	size_t i;

	json_array_foreach(ruleset, i, entry) {
		struct firewall_chain known;

		chain = json_object_get(entry, "chain");
		if (!chain || !judge_chain(ruleset, chain, direct, &known.kind))
			continue;
		known.family = text_of(chain, "family");
		known.table = text_of(chain, "table");
		known.name = text_of(chain, "name");
		fn(data, &known);
	}
	json_decref(root);
	return ret;
}

/**
 * firewall_has_legacy() - whether there are tables of the older iptables
 * @family: 4 or 6
 *
 * The rule set of nftables does not have them.
 */
bool firewall_has_legacy(unsigned int family)
{
	FILE *file = fopen(family == 4 ? "/proc/net/ip_tables_names" :
					 "/proc/net/ip6_tables_names", "r");
	bool found;

	if (!file)
		return false;
	found = fgetc(file) != EOF;
	fclose(file);
	return found;
}

/* Whether a statement sets the firewall mark of the packet. */
static bool sets_mark(const json_t *statement)
{
	const json_t *key = json_object_get(json_object_get(statement,
							    "mangle"), "key");

	return !strcmp(text_of(json_object_get(key, "meta"), "key"), "mark");
}

/**
 * firewall_sets_mark() - whether some rule sets the mark of packets
 *
 * Return: true also where that cannot be seen
 */
bool firewall_sets_mark(void)
{
	json_t *root = read_ruleset();
	const json_t *entry, *statement, *expr;
	bool found = !root;
	size_t i, j;

	json_array_foreach(json_object_get(root, "nftables"), i, entry) {
		expr = json_object_get(json_object_get(entry, "rule"), "expr");
		json_array_foreach(expr, j, statement)
			found |= sets_mark(statement);
	}
	json_decref(root);
	return found;
}

/**
 * firewall_rp_filter_drops() - packets that reverse path filtering has dropped
 */
unsigned long long firewall_rp_filter_drops(void)
{
	char names[8192], values[8192], *name, *value, *n, *v;
	FILE *file = fopen("/proc/net/netstat", "r");
	unsigned long long dropped = 0;

	if (!file)
		return 0;
	while (fgets(names, sizeof(names), file) &&
	       fgets(values, sizeof(values), file)) {
		name = strtok_r(names, " \n", &n);
		value = strtok_r(values, " \n", &v);
		while (name && value) {
			if (!strcmp(name, "IPReversePathFilter"))
				dropped = strtoull(value, NULL, 10);
			name = strtok_r(NULL, " \n", &n);
			value = strtok_r(NULL, " \n", &v);
		}
	}
	fclose(file);
	return dropped;
}
