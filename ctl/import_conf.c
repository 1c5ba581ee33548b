// SPDX-License-Identifier: GPL-2.0
/* What the readers of other translators' files have in common. */
#include "import.h"

#include <arpa/inet.h>

#include "command.h"
#include "print.h"

/* 192.0.0.0/29 (RFC 7335), for the IPv4 side of a CLAT. */
#define CLAT_PREFIX	0xc0000000
#define CLAT_MASK	0xfffffff8

/**
 * import_check_side() - refuse a mapping of a host that must be an IPv4 host
 * @args: where it was read, for errors
 * @eam: mapping
 */
int import_check_side(const struct args *args, const struct eam *eam)
{
	if ((ntohl(eam->p4.addr.s_addr) & CLAT_MASK) != CLAT_PREFIX)
		return EXIT_OK;
	return args_invalid(args, "%s belongs to an IPv4 host behind a CLAT (RFC 7335), but a mapping is for an IPv6 host here: nat64 cannot be a CLAT",
			    addr_short4(&eam->p4));
}

/**
 * import_check_pref64() - refuse mappings without a translation prefix
 * @conf: what was read
 * @at: file
 * @key: what would have given the prefix
 *
 * Where no prefix is, both hosts of a packet have mappings, so some of the
 * mappings are of IPv4 hosts. With one, nothing in the file tells: say so.
 */
int import_check_pref64(const struct conf *conf, const struct location *at,
			const char *key)
{
	if (!conf->n_eams)
		return EXIT_OK;
	if (!conf->n_pref64s) {
		error_at(at, 0, "there is no %s, so some of the mappings are of IPv4 hosts, but a mapping is for an IPv6 host here: choose a prefix in which IPv6 hosts see IPv4 hosts, and leave out the mappings of IPv4 hosts",
			 key);
		return EXIT_USAGE;
	}
	error_at(at, 0, "each mapping is taken to be of an IPv6 host; one of an IPv4 host (edge relay, CLAT) must be left out");
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
