// SPDX-License-Identifier: GPL-2.0-only
#include "addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define LENGTHS		"32, 40, 48, 56, 64 or 96 (RFC 6052)"

/* RFC 6052 section 2.2: bits 64 to 71. */
#define U_OCTET		8

/* Texts last until the fourth next call, so that one error can name several. */
static char *next_buffer(void)
{
	static char texts[4][PREFIX6_LEN];
	static unsigned int turn;

	return texts[turn++ % 4];
}

static const char *format_addr(int family, const void *addr, unsigned int len,
			       bool with_len)
{
	char *buf = next_buffer();

	inet_ntop(family, addr, buf, INET6_ADDRSTRLEN);
	if (with_len)
		sprintf(buf + strlen(buf), "/%u", len);
	return buf;
}

/**
 * addr_text4() - an IPv4 prefix with its length
 * @p: prefix
 */
const char *addr_text4(const struct prefix4 *p)
{
	return format_addr(AF_INET, &p->addr, p->len, true);
}

/**
 * addr_text6() - an IPv6 prefix with its length
 * @p: prefix
 */
const char *addr_text6(const struct prefix6 *p)
{
	return format_addr(AF_INET6, &p->addr, p->len, true);
}

/**
 * addr_short4() - an IPv4 prefix, without its length if it is one address
 * @p: prefix
 */
const char *addr_short4(const struct prefix4 *p)
{
	return format_addr(AF_INET, &p->addr, p->len, p->len < 32);
}

/**
 * addr_short6() - an IPv6 prefix, without its length if it is one address
 * @p: prefix
 */
const char *addr_short6(const struct prefix6 *p)
{
	return format_addr(AF_INET6, &p->addr, p->len, p->len < 128);
}

/**
 * addr_same4() - whether two IPv4 prefixes are the same
 * @a: prefix
 * @b: prefix
 */
bool addr_same4(const struct prefix4 *a, const struct prefix4 *b)
{
	return a->len == b->len && a->addr.s_addr == b->addr.s_addr;
}

/**
 * addr_same6() - whether two IPv6 prefixes are the same
 * @a: prefix
 * @b: prefix
 */
bool addr_same6(const struct prefix6 *a, const struct prefix6 *b)
{
	return a->len == b->len && !memcmp(&a->addr, &b->addr, sizeof(a->addr));
}

/* A plain decimal number, as a length is written: no sign, no leading zero. */
static int parse_len(const char *digits, unsigned int max, __u8 *len)
{
	unsigned int value = 0;
	const char *p;

	for (p = digits; *p >= '0' && *p <= '9' && p - digits < 3; p++)
		value = value * 10 + *p - '0';
	if (p == digits || *p || (*digits == '0' && digits[1]) || value > max)
		return -1;
	*len = value;
	return 0;
}

/* Returns whether a bit beyond the length was set. */
static bool clear_host_bits(void *addr, unsigned int bytes, unsigned int len)
{
	unsigned char *octet = addr;
	bool found = false;
	unsigned int i;

	for (i = len / 8; i < bytes; i++) {
		unsigned char keep = i > len / 8 ? 0 : 0xff00 >> len % 8;

		found |= octet[i] & ~keep;
		octet[i] &= keep;
	}
	return found;
}

static bool has_leading_zero(const char *word)
{
	const char *p;

	for (p = word; *p; p++)
		if (*p == '0' && (p == word || p[-1] == '.') && p[1] >= '0' &&
		    p[1] <= '9')
			return true;
	return false;
}

/* The cause of a common mistake, or an empty text. */
static const char *addr_hint(const char *word, int family)
{
	if (family == AF_INET && strchr(word, ':'))
		return "; the IPv4 address comes first where there are two";
	if (family == AF_INET && has_leading_zero(word))
		return ": a number in it begins with 0";
	if (family == AF_INET6 && strchr(word, '%'))
		return ": no zone belongs here";
	return "";
}

static int parse_prefix(const struct args *args, const char *word, int family,
			void *addr, __u8 *len)
{
	unsigned int max = family == AF_INET ? 32 : 128;
	unsigned int version = family == AF_INET ? 4 : 6;
	const char *slash = strchr(word, '/');
	size_t n = slash ? (size_t)(slash - word) : strlen(word);
	char name[INET6_ADDRSTRLEN];

	snprintf(name, sizeof(name), "%.*s", (int)n, word);
	if (n >= sizeof(name) || inet_pton(family, name, addr) != 1)
		return args_invalid(args, "%s is not an IPv%u address%s%s",
				    quoted(word), version,
				    slash ? " with a length" : "",
				    addr_hint(word, family));
	*len = max;
	if (slash && parse_len(slash + 1, max, len))
		return args_invalid(args, "%s: the length of an IPv%u prefix is a number from 0 to %u",
				    quoted(word), version, max);
	if (clear_host_bits(addr, max / 8, *len))
		return args_invalid(args, "%s has bits set beyond its length; the prefix is %s",
				    quoted(word), format_addr(family, addr, *len, true));
	return EXIT_OK;
}

/**
 * addr_parse4() - understand the word read last as an IPv4 address or prefix
 * @args: arguments
 * @word: the word read last
 * @p: filled in
 */
int addr_parse4(const struct args *args, const char *word, struct prefix4 *p)
{
	return parse_prefix(args, word, AF_INET, &p->addr, &p->len);
}

/**
 * addr_parse6() - understand the word read last as an IPv6 address or prefix
 * @args: arguments
 * @word: the word read last
 * @p: filled in
 */
int addr_parse6(const struct args *args, const char *word, struct prefix6 *p)
{
	return parse_prefix(args, word, AF_INET6, &p->addr, &p->len);
}

/**
 * addr_read4() - read an IPv4 address or prefix
 * @args: arguments
 * @what: what it is, for the error when it is missing
 * @p: filled in
 */
int addr_read4(struct args *args, const char *what, struct prefix4 *p)
{
	const char *word;
	int ret;

	ret = args_next(args, &word, what);
	return ret ? ret : addr_parse4(args, word, p);
}

/**
 * addr_read6() - read an IPv6 address or prefix
 * @args: arguments
 * @what: what it is, for the error when it is missing
 * @p: filled in
 */
int addr_read6(struct args *args, const char *what, struct prefix6 *p)
{
	const char *word;
	int ret;

	ret = args_next(args, &word, what);
	return ret ? ret : addr_parse6(args, word, p);
}

/**
 * addr_read() - read an address or prefix of either family
 * @args: arguments
 * @what: what it is, for the error when it is missing
 * @p: filled in
 */
int addr_read(struct args *args, const char *what, struct prefix *p)
{
	const char *word;
	int ret;

	ret = args_next(args, &word, what);
	if (ret)
		return ret;
	if (strchr(word, ':')) {
		p->family = AF_INET6;
		return addr_parse6(args, word, &p->p6);
	}
	if (strchr(word, '.')) {
		p->family = AF_INET;
		return addr_parse4(args, word, &p->p4);
	}
	return args_invalid(args, "%s is not an IPv4 or IPv6 address", quoted(word));
}

/**
 * addr_read_single() - read one address of either family
 * @args: arguments
 * @p: filled in; the length is that of a single address
 */
int addr_read_single(struct args *args, struct prefix *p)
{
	int ret;

	ret = addr_read(args, "an IPv4 or IPv6 address", p);
	if (ret)
		return ret;
	if (p->family == AF_INET ? p->p4.len == 32 : p->p6.len == 128)
		return EXIT_OK;
	return args_invalid(args, "%s is a prefix; one address is wanted",
			    quoted(args->word[args->next - 1]));
}

/**
 * addr_unicast4() - whether packets to an IPv4 prefix may leave a host
 * @p: prefix
 */
bool addr_unicast4(const struct prefix4 *p)
{
	unsigned int first = ntohl(p->addr.s_addr) >> 24;

	return !((p->len >= 8 && (first == 0 || first == 127)) ||
		 (p->len >= 3 && first >= 224));
}

/**
 * addr_unicast6() - whether packets to an IPv6 prefix may leave a link
 * @p: prefix
 */
bool addr_unicast6(const struct prefix6 *p)
{
	const struct in6_addr *addr = &p->addr;

	if (p->len == 128 &&
	    (IN6_IS_ADDR_UNSPECIFIED(addr) || IN6_IS_ADDR_LOOPBACK(addr)))
		return false;
	return !((p->len >= 96 && IN6_IS_ADDR_V4MAPPED(addr)) ||
		 (p->len >= 10 && IN6_IS_ADDR_LINKLOCAL(addr)) ||
		 (p->len >= 8 && IN6_IS_ADDR_MULTICAST(addr)));
}

/**
 * addr_is_private4() - whether an IPv4 prefix is for use inside a site
 * @p: prefix
 *
 * RFC 1918 and RFC 6598.
 */
bool addr_is_private4(const struct prefix4 *p)
{
	static const struct {
		__u32 addr;
		unsigned int len;
	} blocks[] = {
		{ 0x0a000000, 8 }, { 0xac100000, 12 }, { 0xc0a80000, 16 },
		{ 0x64400000, 10 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(blocks); i++)
		if (p->len >= blocks[i].len &&
		    !((ntohl(p->addr.s_addr) ^ blocks[i].addr) >>
		      (32 - blocks[i].len)))
			return true;
	return false;
}

/**
 * addr_is_wkp() - whether a prefix is the well-known one, 64:ff9b::/96
 * @p: prefix
 */
bool addr_is_wkp(const struct prefix6 *p)
{
	static const __u8 wkp[12] = { 0x00, 0x64, 0xff, 0x9b };

	return p->len == 96 && !memcmp(&p->addr, wkp, sizeof(wkp));
}

/**
 * addr_overlap4() - whether one IPv4 prefix lies inside the other
 * @a: prefix
 * @b: prefix
 */
bool addr_overlap4(const struct prefix4 *a, const struct prefix4 *b)
{
	unsigned int len = a->len < b->len ? a->len : b->len;

	return !len || !((ntohl(a->addr.s_addr) ^ ntohl(b->addr.s_addr)) >>
			 (32 - len));
}

/**
 * addr_overlap6() - whether one IPv6 prefix lies inside the other
 * @a: prefix
 * @b: prefix
 */
bool addr_overlap6(const struct prefix6 *a, const struct prefix6 *b)
{
	unsigned int len = a->len < b->len ? a->len : b->len;
	unsigned int bytes = len / 8;

	if (memcmp(&a->addr, &b->addr, bytes))
		return false;
	return !(len % 8) || !((a->addr.s6_addr[bytes] ^
				b->addr.s6_addr[bytes]) >> (8 - len % 8));
}

/**
 * addr_inside4() - whether an IPv4 prefix lies inside another, or is the same
 * @p: prefix
 * @around: the other
 */
bool addr_inside4(const struct prefix4 *p, const struct prefix4 *around)
{
	return p->len >= around->len && addr_overlap4(p, around);
}

/**
 * addr_inside6() - whether an IPv6 prefix lies inside another, or is the same
 * @p: prefix
 * @around: the other
 */
bool addr_inside6(const struct prefix6 *p, const struct prefix6 *around)
{
	return p->len >= around->len && addr_overlap6(p, around);
}

/**
 * addr_widen4() - shorten an IPv4 prefix until another lies inside
 * @p: prefix
 * @inside: the other
 */
void addr_widen4(struct prefix4 *p, const struct prefix4 *inside)
{
	while (!addr_inside4(inside, p))
		p->len--;
	p->addr.s_addr &= htonl(p->len ? ~0U << (32 - p->len) : 0);
}

/**
 * addr_widen6() - shorten an IPv6 prefix until another lies inside
 * @p: prefix
 * @inside: the other
 */
void addr_widen6(struct prefix6 *p, const struct prefix6 *inside)
{
	unsigned int i;

	while (!addr_inside6(inside, p))
		p->len--;
	for (i = p->len; i < 128; i++)
		p->addr.s6_addr[i / 8] &= ~(0x80 >> i % 8);
}

/**
 * addr_check_pref64() - refuse what cannot be a translation prefix
 * @args: where it was read, for errors
 * @word: as it was written
 * @p: prefix
 *
 * RFC 6052 section 2.2.
 */
int addr_check_pref64(const struct args *args, const char *word,
		      const struct prefix6 *p)
{
	if (p->len != 96 && (p->len < 32 || p->len > 64 || p->len % 8))
		return args_invalid(args, "%s: the length of a translation prefix is " LENGTHS,
				    quoted(word));
	if (p->addr.s6_addr[U_OCTET])
		return args_invalid(args, "%s: bits 64 to 71 must be zero (RFC 6052)",
				    quoted(word));
	if (IN6_IS_ADDR_UNSPECIFIED(&p->addr) || !addr_unicast6(p))
		return args_invalid(args, "%s cannot be a translation prefix: it is never forwarded",
				    quoted(word));
	return EXIT_OK;
}

/**
 * addr_read_pref64() - read a translation prefix
 * @args: arguments
 * @p: filled in
 */
int addr_read_pref64(struct args *args, struct prefix6 *p)
{
	const char *word;
	int ret;

	ret = addr_read6(args, "a translation prefix", p);
	if (ret)
		return ret;
	word = args->word[args->next - 1];
	if (!strchr(word, '/'))
		return args_invalid(args, "%s needs a length: " LENGTHS, quoted(word));
	return addr_check_pref64(args, word, p);
}

/**
 * addr_embed() - write an IPv4 address into a translation prefix
 * @p: prefix of a length that RFC 6052 permits
 * @addr: IPv4 address
 * @to: IPv6 address, filled in
 *
 * RFC 6052 section 2.2: behind the prefix, but for bits 64 to 71.
 */
void addr_embed(const struct prefix6 *p, const struct in_addr *addr,
		struct in6_addr *to)
{
	const __u8 *octet = (const void *)addr;
	unsigned int at = p->len / 8;
	unsigned int i;

	*to = p->addr;
	for (i = 0; i < sizeof(*addr); i++) {
		at += at == U_OCTET;
		to->s6_addr[at++] = octet[i];
	}
}
