// SPDX-License-Identifier: GPL-2.0-only
/* What the readers of other translators' files have in common. */
#include "import.h"

#include <arpa/inet.h>

#include "command.h"
#include "print.h"

/* 192.0.0.0/29 (RFC 7335), for the IPv4 side of a CLAT. */
#define CLAT_PREFIX	0xc0000000
#define CLAT_MASK	0xfffffff8

/**
 * import_is_clat() - whether a mapping can only be of an IPv4 host
 * @eam: mapping
 */
bool import_is_clat(const struct eam *eam)
{
	return (ntohl(eam->p4.addr.s_addr) & CLAT_MASK) == CLAT_PREFIX;
}

static size_t count_edges(const struct conf *conf)
{
	size_t n = 0;
	size_t i;

	for (i = 0; i < conf->n_eams; i++)
		n += conf->eams[i].edge;
	return n;
}

/**
 * import_check_sides() - refuse mappings of one side without a prefix
 * @conf: what was read
 * @at: file
 * @key: what would have given the prefix
 *
 * Without a prefix both hosts of a packet have mappings, so some of the
 * mappings are of IPv4 hosts. With one, the file does not tell whether any is:
 * print that.
 */
int import_check_sides(const struct conf *conf, const struct location *at,
		       const char *key)
{
	size_t n = count_edges(conf);

	if (!conf->n_eams || (n == conf->n_eams && conf->n_pref64s))
		return EXIT_OK;
	if (!conf->n_pref64s && (!n || n == conf->n_eams)) {
		error_at(at, 0, "there is no %s, so some of the mappings are of IPv4 hosts and some of IPv6 hosts: say which are of IPv4 hosts, with edge IPV4/LEN behind the file",
			 key);
		return EXIT_USAGE;
	}
	if (!n)
		error_at(at, 0, "each mapping is taken to be of an IPv6 host; one of an IPv4 host (edge relay, CLAT) needs the word edge");
	return EXIT_OK;
}

/**
 * import_set() - add a setting to what was read
 * @conf: what was read
 * @args: where it was read; its words are replaced
 * @setting: name of a setting
 * @value: value
 */
int import_set(struct conf *conf, struct args *args, const char *setting,
	       const char *value)
{
	struct setting_value parsed;
	unsigned int key;
	int ret;

	args->word[0] = setting;
	args->word[1] = value;
	args->n = 2;
	args->next = 0;
	ret = settings_read(args, &key, &parsed);
	if (!ret)
		conf->settings[key] = parsed;
	return ret;
}
