// SPDX-License-Identifier: GPL-2.0-only
#include "settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const off_on[] = { "off", "on", NULL };
static const char *const zero_checksum[] = { "compute", "drop", NULL };
static const char *const forwarding_modes[] = { "filtered", "direct", NULL };

/* In the order of the attributes; `save` and `get` print them so. */
const struct setting settings_table[] = {
	{
		.name	 = "udp-zero-checksum",
		.kind	 = SETTING_WORD,
		.attr	 = NAT64_SETTING_UDP_ZERO_CHECKSUM,
		.words	 = zero_checksum,
		.initial = "compute",
	}, {
		.name	 = "lowest-ipv6-mtu",
		.kind	 = SETTING_NUMBER,
		.attr	 = NAT64_SETTING_LOWEST_IPV6_MTU,
		.wide	 = true,
		.min	 = 1280,
		.max	 = 65535,
		.initial = "1280",
	}, {
		.name	 = "tos",
		.kind	 = SETTING_OCTET,
		.attr	 = NAT64_SETTING_TOS,
		.wide	 = true,
		.initial = "copy",
	}, {
		.name	 = "traffic-class",
		.kind	 = SETTING_OCTET,
		.attr	 = NAT64_SETTING_TRAFFIC_CLASS,
		.wide	 = true,
		.initial = "copy",
	}, {
		.name	 = "icmp-source4",
		.kind	 = SETTING_POOL4,
		.attr	 = NAT64_SETTING_ICMP_SOURCE4,
		.attr2	 = NAT64_SETTING_ICMP_SOURCE4_LEN,
		.initial = "none",
	}, {
		.name	 = "icmp-source6",
		.kind	 = SETTING_POOL6,
		.attr	 = NAT64_SETTING_ICMP_SOURCE6,
		.attr2	 = NAT64_SETTING_ICMP_SOURCE6_LEN,
		.initial = "none",
	}, {
		.name	 = "icmp-errors",
		.kind	 = SETTING_WORD,
		.attr	 = NAT64_SETTING_ICMP_ERRORS,
		.words	 = off_on,
		.initial = "on",
	}, {
		.name	 = "wkp-strict",
		.kind	 = SETTING_WORD,
		.attr	 = NAT64_SETTING_WKP_STRICT,
		.words	 = off_on,
		.initial = "on",
	}, {
		.name	 = "hairpin",
		.kind	 = SETTING_WORD,
		.attr	 = NAT64_SETTING_HAIRPIN,
		.words	 = off_on,
		.initial = "on",
	}, {
		.name	 = "forwarding",
		.kind	 = SETTING_WORD,
		.attr	 = NAT64_SETTING_FORWARDING,
		.words	 = forwarding_modes,
		.initial = "filtered",
	}, {
		.name	 = "local",
		.kind	 = SETTING_WORD,
		.attr	 = NAT64_SETTING_LOCAL,
		.words	 = off_on,
		.initial = "on",
	}, {
		.name	 = "mark",
		.kind	 = SETTING_MARK,
		.attr	 = NAT64_SETTING_MARK,
		.attr2	 = NAT64_SETTING_MARK_MASK,
		.wide	 = true,
		.initial = "none",
	}, {
		.name	 = "counters",
		.kind	 = SETTING_WORD,
		.attr	 = NAT64_SETTING_COUNTERS,
		.words	 = off_on,
		.initial = "off",
	},
};

const size_t settings_count = ARRAY_SIZE(settings_table);
_Static_assert(ARRAY_SIZE(settings_table) <= SETTINGS_MAX,
	       "every setting has an attribute of its own");

/**
 * settings_read_key() - read the name of a setting
 * @args: arguments
 * @key: its index in settings_table
 */
int settings_read_key(struct args *args, unsigned int *key)
{
	const char *what = args_more(args) ?
		"a setting (nat64ctl help lists them)" : "a setting";

	return args_keyword(args, &settings_table[0].name, sizeof(settings_table[0]),
			    settings_count, what, key);
}

/**
 * settings_values() - what values a setting takes, for people
 * @key: setting, an index of settings_table
 *
 * Return: a text that lasts until the next call
 */
const char *settings_values(unsigned int key)
{
	const struct setting *setting = &settings_table[key];
	static char text[100];

	switch (setting->kind) {
	case SETTING_WORD:
		snprintf(text, sizeof(text), "%s or %s", setting->words[0],
			 setting->words[1]);
		break;
	case SETTING_NUMBER:
		snprintf(text, sizeof(text), "a number from %u to %u",
			 setting->min, setting->max);
		break;
	case SETTING_OCTET:
		return "copy or a number from 0 to 255";
	case SETTING_POOL4:
	case SETTING_POOL6:
		return "none or ADDR[/LEN]";
	case SETTING_MARK:
		return "none or VALUE[/MASK]";
	}
	return text;
}

/* Decimal, or hexadecimal after 0x. Returns what stands behind it, or NULL. */
static const char *parse_number(const char *word, __u32 *number)
{
	int base = !strncmp(word, "0x", 2) || !strncmp(word, "0X", 2) ? 16 : 10;
	const char *digits = base == 16 ? word + 2 : word;
	unsigned long long value;
	char *end;

	/* strtoull() alone would take a sign and blanks. */
	if (!isxdigit((unsigned char)*digits))
		return NULL;
	errno = 0;
	value = strtoull(digits, &end, base);
	if (errno || end == digits || value > 0xffffffff)
		return NULL;
	*number = value;
	return end;
}

static int read_number(const char *word, __u32 min, __u32 max, __u32 *number)
{
	const char *end = parse_number(word, number);

	return end && !*end && *number >= min && *number <= max ? 0 : -1;
}

static int read_octet(const char *word, __u32 *number)
{
	*number = NAT64_COPY;
	return strcmp(word, "copy") ? read_number(word, 0, 255, number) : 0;
}

static int read_mark(const struct args *args, const char *word,
		     struct setting_value *value)
{
	const char *end;

	value->mask = 0xffffffff;
	end = parse_number(word, &value->mark);
	if (end && *end == '/')
		end = parse_number(end + 1, &value->mask);
	if (!end || *end)
		return args_invalid(args, "%s: mark is none or VALUE[/MASK]",
				    quoted(word));
	if (!value->mask)
		return args_invalid(args, "%s has no bit in its mask; write none to look at every packet",
				    quoted(word));
	if (value->mark & ~value->mask)
		return args_invalid(args, "%s has bits outside its mask, so that no packet matches",
				    quoted(word));
	return EXIT_OK;
}

static int refuse_source(const struct args *args, const char *word)
{
	return args_invalid(args, "%s cannot be a source; write none for none",
			    quoted(word));
}

static int read_pool4(const struct args *args, const char *word,
		      struct prefix4 *pool)
{
	struct prefix4 addr = { .len = 32 };
	int ret;

	ret = addr_parse4(args, word, pool);
	addr.addr = pool->addr;
	if (!ret && !addr_unicast4(&addr))
		return refuse_source(args, word);
	return ret;
}

static int read_pool6(const struct args *args, const char *word,
		      struct prefix6 *pool)
{
	struct prefix6 addr = { .len = 128 };
	int ret;

	ret = addr_parse6(args, word, pool);
	addr.addr = pool->addr;
	if (!ret && !addr_unicast6(&addr))
		return refuse_source(args, word);
	return ret;
}

static int read_choice(const struct args *args, const char *word,
		       unsigned int key, __u32 *number)
{
	const struct setting *setting = &settings_table[key];
	char what[64];
	size_t n;

	for (n = 0; setting->words[n]; n++)
		;
	snprintf(what, sizeof(what), "a value of %s: %s", setting->name,
		 settings_values(key));
	return args_match(args, word, setting->words, sizeof(*setting->words), n,
			  what, number);
}

static int read_value(const struct args *args, const char *word,
		      unsigned int key, struct setting_value *value)
{
	const struct setting *setting = &settings_table[key];
	int ret = 0;

	if (setting->kind >= SETTING_POOL4 && !strcmp(word, "none"))
		return EXIT_OK;
	switch (setting->kind) {
	case SETTING_WORD:
		return read_choice(args, word, key, &value->number);
	case SETTING_POOL4:
		return read_pool4(args, word, &value->pool4);
	case SETTING_POOL6:
		return read_pool6(args, word, &value->pool6);
	case SETTING_MARK:
		return read_mark(args, word, value);
	case SETTING_NUMBER:
		ret = read_number(word, setting->min, setting->max,
				  &value->number);
		break;
	case SETTING_OCTET:
		ret = read_octet(word, &value->number);
		break;
	}
	if (!ret)
		return EXIT_OK;
	return args_invalid(args, "%s is not a value of %s: %s", quoted(word),
			    setting->name, settings_values(key));
}

/**
 * settings_read() - read the name of a setting and a value for it
 * @args: arguments
 * @key: its index in settings_table
 * @value: filled in
 */
int settings_read(struct args *args, unsigned int *key,
		  struct setting_value *value)
{
	const char *word;
	int ret;

	ret = settings_read_key(args, key);
	if (ret)
		return ret;
	memset(value, 0, sizeof(*value));
	ret = args_next(args, &word, "a value");
	if (ret)
		return ret;
	value->given = true;
	value->line = args->at.line;
	return read_value(args, word, *key, value);
}

/**
 * settings_complete() - give what is not given the value of an empty configuration
 * @all: as many as settings_table has
 */
void settings_complete(struct setting_value *all)
{
	const char *word;
	struct args args;
	unsigned int i;

	memset(&args, 0, sizeof(args));
	for (i = 0; i < settings_count; i++) {
		word = settings_table[i].initial;
		if (!all[i].given)
			read_value(&args, word, i, &all[i]);
		all[i].given = true;
	}
}

static const char *mark_text(const struct setting_value *value)
{
	static char text[sizeof("0x12345678/0x12345678")];

	if (!value->mask)
		return "none";
	if (value->mask == 0xffffffff)
		snprintf(text, sizeof(text), "0x%x", value->mark);
	else
		snprintf(text, sizeof(text), "0x%x/0x%x", value->mark,
			 value->mask);
	return text;
}

static const char *number_text(__u32 number)
{
	static char text[sizeof("4294967295")];

	snprintf(text, sizeof(text), "%u", number);
	return text;
}

/* A module newer than this tool may know values that have no word here. */
static const char *word_text(const struct setting *setting, __u32 number)
{
	size_t n;

	for (n = 0; setting->words[n]; n++)
		if (n == number)
			return setting->words[n];
	return number_text(number);
}

/**
 * settings_text() - a value as it is written
 * @key: setting, an index of settings_table
 * @value: its value
 *
 * Return: a text that lasts until the next call
 */
const char *settings_text(unsigned int key, const struct setting_value *value)
{
	const struct setting *setting = &settings_table[key];

	switch (setting->kind) {
	case SETTING_WORD:
		return word_text(setting, value->number);
	case SETTING_NUMBER:
		return number_text(value->number);
	case SETTING_OCTET:
		return value->number == NAT64_COPY ? "copy" :
						     number_text(value->number);
	case SETTING_POOL4:
		return value->pool4.addr.s_addr == INADDR_ANY ?
			"none" : addr_short4(&value->pool4);
	case SETTING_POOL6:
		return IN6_IS_ADDR_UNSPECIFIED(&value->pool6.addr) ?
			"none" : addr_short6(&value->pool6);
	case SETTING_MARK:
		return mark_text(value);
	}
	return "";
}

/**
 * settings_is_initial() - whether a value is that of an empty configuration
 * @key: setting, an index of settings_table
 * @value: its value
 */
bool settings_is_initial(unsigned int key, const struct setting_value *value)
{
	return !strcmp(settings_text(key, value), settings_table[key].initial);
}

/**
 * settings_is_truth() - whether a setting is off or on
 * @key: setting, an index of settings_table
 */
bool settings_is_truth(unsigned int key)
{
	return settings_table[key].words == off_on;
}

/**
 * settings_find() - find the value of a setting by its attribute
 * @values: as many as settings_table has
 * @attr: attribute, enum nat64_setting
 */
const struct setting_value *settings_find(const struct setting_value *values,
					  __u16 attr)
{
	unsigned int i = 0;

	while (i < settings_count - 1 && settings_table[i].attr != attr)
		i++;
	return &values[i];
}

/**
 * settings_are_counted() - whether the packets of each mapping are counted
 * @values: as many as settings_table has
 */
bool settings_are_counted(const struct setting_value *values)
{
	return settings_find(values, NAT64_SETTING_COUNTERS)->number;
}

/**
 * settings_are_direct() - whether packets are forwarded past the chains
 * @values: as many as settings_table has
 */
bool settings_are_direct(const struct setting_value *values)
{
	return settings_find(values, NAT64_SETTING_FORWARDING)->number ==
	       NAT64_FORWARDING_DIRECT;
}
