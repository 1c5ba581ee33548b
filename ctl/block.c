// SPDX-License-Identifier: GPL-2.0-only
/*
 * Blocks of IPv4-translatable addresses (RFC 6052 section 3.3): each address is
 * mapped to its own form inside a translation prefix. One mapping of prefixes
 * is enough for a block, unless bits 64 to 71, which are zero, lie among the
 * bits in which the addresses differ: then each value of the bits before has
 * its own.
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "conf.h"
#include "error.h"
#include "exit_status.h"

/* Mappings that one block may become. */
#define BLOCK_MAPPINGS_MAX	65536

/* How many bits of an IPv4 address stand before bit 64. */
static unsigned int bits_before(const struct prefix6 *p)
{
	return p->len > 64 ? 32 : 64 - p->len;
}

/* Length of the IPv6 prefix that an IPv4 prefix becomes. */
static unsigned int embedded_len(const struct prefix6 *p, unsigned int len4)
{
	unsigned int len = p->len + len4;

	return p->len > 64 || len < 64 || len4 < bits_before(p) ||
	       p->len == 32 ? len : len + 8;
}

static void add_part(struct conf *conf, const struct prefix6 *p,
		     const struct eam *block, __u32 addr, unsigned int len)
{
	struct eam eam = *block;

	eam.force = true;
	eam.p4.addr.s_addr = htonl(addr);
	eam.p4.len = len;
	addr_embed(p, &eam.p4.addr, &eam.p6.addr);
	eam.p6.len = embedded_len(p, len);
	conf_add_eam(conf, &eam);
}

/**
 * block_expand() - add the mappings of a block to a configuration
 * @conf: configuration
 * @p: translation prefix
 * @block: block; its IPv6 prefix is not looked at
 *
 * Return: false if they are too many
 */
bool block_expand(struct conf *conf, const struct prefix6 *p,
		  const struct eam *block)
{
	unsigned int before = bits_before(p);
	unsigned int len = block->p4.len < before && before < 32 ? before :
								   block->p4.len;
	__u32 addr = ntohl(block->p4.addr.s_addr);
	unsigned long long n = 1ULL << (len - block->p4.len);
	unsigned long long i;

	if (n > BLOCK_MAPPINGS_MAX)
		return false;
	for (i = 0; i < n; i++)
		add_part(conf, p, block, addr + (i << (32 - len)), len);
	return true;
}

/**
 * block_error() - what is wrong with a block
 * @p: its translation prefix, or NULL
 */
const char *block_error(const struct prefix6 *p)
{
	return p ? "bits 64 to 71 split this block into more than 65536; map less" :
		   "there is no translation prefix that these addresses could be translatable in";
}

static int expand_one(struct conf *to, const struct conf *conf,
		      const struct eam *eam)
{
	const struct prefix6 *p = conf_prefix_of(conf, eam);
	struct location at = { .file = conf->files[eam->file], .line = eam->line };

	if (!eam->is_block) {
		conf_add_eam(to, eam);
		return EXIT_OK;
	}
	if (p && block_expand(to, p, eam))
		return EXIT_OK;
	error_at(&at, eam->column4, "%s", block_error(p));
	return EXIT_USAGE;
}

/**
 * block_expand_all() - replace the blocks of a configuration by mappings
 * @conf: configuration with all of its translation prefixes
 */
int block_expand_all(struct conf *conf)
{
	struct conf to = *conf;
	int ret = EXIT_OK;
	size_t i;

	to.eams = NULL;
	to.n_eams = 0;
	to.room = 0;
	for (i = 0; i < conf->n_eams && !ret; i++)
		ret = expand_one(&to, conf, &conf->eams[i]);
	free(conf->eams);
	*conf = to;
	return ret;
}
