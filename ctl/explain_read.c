// SPDX-License-Identifier: GPL-2.0-only
/* Reads what packet is to be explained. */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "route.h"

static int read_family(struct args *args, bool *six)
{
	static const char *const names[] = {
		"4", "6", "inet", "inet6", "ipv4", "ipv6"
	};
	unsigned int key;
	int ret;

	ret = args_keyword(args, names, sizeof(*names), ARRAY_SIZE(names),
			   "a family, 4 or 6", &key);
	if (!ret)
		*six = key % 2;
	return ret;
}

static int read_address(struct args *args, bool six, struct prefix *addr)
{
	int ret;

	ret = addr_read_single(args, addr);
	if (!ret && (addr->family == AF_INET6) != six)
		ret = args_invalid(args, "%s is no IPv%d address",
				   quoted(args->word[args->next - 1]), six ? 6 : 4);
	return ret;
}

static int read_number(struct args *args, const char *what, unsigned long max,
		       unsigned long *number)
{
	const char *word;
	char *end;
	int ret;

	ret = args_next(args, &word, what);
	if (ret)
		return ret;
	errno = 0;
	*number = strtoul(word, &end, 10);
	if (errno || *end || *word < '0' || *word > '9' || *number > max)
		return args_invalid(args, "%s is not %s", quoted(word), what);
	return EXIT_OK;
}

static bool is_number_next(const struct args *args)
{
	return args_more(args) && *args->word[args->next] >= '0' &&
	       *args->word[args->next] <= '9';
}

static const char *const options[] = {
	"length", "df", "nodf", "fragment", "tos", "mark", "dev", "vrf",
};

enum option {
	OPTION_LENGTH, OPTION_DF, OPTION_NODF, OPTION_FRAGMENT, OPTION_TOS,
	OPTION_MARK, OPTION_DEV, OPTION_VRF,
};

/* Options are written in full where a protocol may stand as well. */
static bool is_option_next(const struct args *args)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(options); i++)
		if (!strcmp(args->word[args->next], options[i]))
			return true;
	return false;
}

static int read_proto(struct args *args, struct packet *p)
{
	static const struct {
		const char *name;
		__u8 four;
		__u8 six;
	} protos[] = {
		{ "icmp", IPPROTO_ICMP, IPPROTO_ICMPV6 },
		{ "icmpv6", IPPROTO_ICMPV6, IPPROTO_ICMPV6 },
		{ "tcp", IPPROTO_TCP, IPPROTO_TCP },
		{ "udp", IPPROTO_UDP, IPPROTO_UDP },
		{ "sctp", IPPROTO_SCTP, IPPROTO_SCTP },
	};
	unsigned long number;
	unsigned int key = 0;
	int ret = EXIT_OK;

	if (is_number_next(args)) {
		ret = read_number(args, "a protocol", 255, &number);
		p->proto = ret ? 0 : number;
		return ret;
	}
	if (args_more(args) && !is_option_next(args))
		ret = args_keyword(args, &protos[0].name, sizeof(protos[0]),
				   ARRAY_SIZE(protos),
				   "a protocol: icmp, icmpv6, tcp, udp, sctp or a number",
				   &key);
	p->proto = p->six ? protos[key].six : protos[key].four;
	return ret;
}

static int read_type(struct args *args, struct packet *p)
{
	unsigned long type, code;
	int ret;

	ret = read_number(args, "an ICMP type", 255, &type);
	if (!ret)
		ret = read_number(args, "an ICMP code", 255, &code);
	if (ret)
		return ret;
	p->has_type = true;
	p->type = type;
	p->code = code;
	return EXIT_OK;
}

/* SPORT DPORT | TYPE CODE */
static int read_ports(struct args *args, struct packet *p)
{
	unsigned long sport, dport;
	int ret;

	if (!is_number_next(args))
		return EXIT_OK;
	if (packet_is_icmp(p))
		return read_type(args, p);
	ret = read_number(args, "a source port", 65535, &sport);
	if (!ret)
		ret = read_number(args, "a destination port", 65535, &dport);
	if (ret)
		return ret;
	p->sport = sport;
	p->dport = dport;
	return EXIT_OK;
}

static int read_length(struct args *args, struct packet *p)
{
	unsigned long length;
	int ret;

	ret = read_number(args, "a length of at most 9216 bytes", PACKET_MAX,
			  &length);
	p->length = length;
	return ret;
}

static int read_fragment(struct args *args, struct packet *p)
{
	static const char *const names[] = { "first", "later", "last" };
	unsigned int key;
	int ret;

	ret = args_keyword(args, names, sizeof(*names), ARRAY_SIZE(names),
			   "first, later or last", &key);
	if (!ret)
		p->fragment = FRAGMENT_FIRST + key;
	return ret;
}

static int read_tos(struct args *args, struct packet *p)
{
	unsigned long tos;
	int ret;

	ret = read_number(args, "a number from 0 to 255", 255, &tos);
	p->tos = tos;
	return ret;
}

static int read_mark(struct args *args, struct packet *p)
{
	const char *word;
	char *end;
	int ret;

	ret = args_next(args, &word, "a mark");
	if (ret)
		return ret;
	errno = 0;
	p->mark = strtoul(word, &end, 0);
	if (errno || *end || *word < '0' || *word > '9' ||
	    strtoul(word, NULL, 0) > 0xffffffff)
		return args_invalid(args, "%s is not a mark", quoted(word));
	return EXIT_OK;
}

static int read_dev(struct args *args, const char *what, unsigned int *index)
{
	const char *word;
	int ret;

	ret = args_next(args, &word, what);
	if (ret)
		return ret;
	*index = if_nametoindex(word);
	return *index ? EXIT_OK :
	       args_invalid(args, "there is no device %s", quoted(word));
}

/* The device of a VRF that leads to the source; the VRF's own for one of its addresses. */
static int read_vrf(struct args *args, struct packet *p)
{
	struct route_socket *rs;
	struct route route = { .error = EIO };
	unsigned int vrf;
	int ret;

	ret = read_dev(args, "a VRF", &vrf);
	if (ret)
		return ret;
	rs = route_open();
	if (rs)
		route_get_in(rs, vrf, p->src.family, p->six ?
			     (void *)&p->src.p6.addr : &p->src.p4.addr, &route);
	p->in = route.error ? 0 : if_nametoindex(route.device);
	/* Without a route in its table, the kernel looks in others. */
	if (p->in && p->in != vrf && !route_is_in_vrf(rs, route.device, vrf))
		p->in = 0;
	if (p->in && route.local)
		p->in = vrf;
	route_close(rs);
	return p->in ? EXIT_OK :
	       args_invalid(args, "no route to the source in VRF %s",
			    quoted(args->word[args->next - 1]));
}

static int read_option(struct args *args, struct packet *p)
{
	unsigned int key;
	int ret;

	ret = args_keyword(args, options, sizeof(*options), ARRAY_SIZE(options),
			   "length, df, nodf, fragment, tos, mark, dev or vrf",
			   &key);
	if (ret)
		return ret;
	switch (key) {
	case OPTION_LENGTH:
		return read_length(args, p);
	case OPTION_DF:
	case OPTION_NODF:
		p->no_df = key == OPTION_NODF;
		return p->six ? args_invalid(args, "IPv6 has no DF") : EXIT_OK;
	case OPTION_FRAGMENT:
		return read_fragment(args, p);
	case OPTION_TOS:
		return read_tos(args, p);
	case OPTION_MARK:
		return read_mark(args, p);
	case OPTION_DEV:
		return read_dev(args, "a device", &p->in);
	}
	return read_vrf(args, p);
}

/* A length must be one that such a packet can have. */
static int check_length(const struct args *args, const struct packet *p)
{
	char bytes[PACKET_MAX];
	size_t len = packet_make(p, bytes);
	unsigned int header = p->six ? 48 : 20;

	if (p->length && len > p->length)
		return args_invalid(args, "such a packet has at least %zu bytes",
				    len);
	if (p->length && (p->fragment == FRAGMENT_FIRST ||
			  p->fragment == FRAGMENT_LATER) &&
	    (p->length - header) % 8)
		return args_invalid(args, "a fragment that others follow has %u bytes and a multiple of 8",
				    header);
	return EXIT_OK;
}

/* FAMILY SRC DST [PROTO [SPORT DPORT | TYPE CODE]] [OPTION ...] */
int read_explain(struct ctl *ctl, struct args *args, struct request *req)
{
	struct packet *p = &req->packet;
	int ret;

	(void)ctl;
	ret = read_family(args, &p->six);
	if (!ret)
		ret = read_address(args, p->six, &p->src);
	if (!ret)
		ret = read_address(args, p->six, &p->dst);
	if (!ret)
		ret = read_proto(args, p);
	if (!ret)
		ret = read_ports(args, p);
	while (!ret && args_more(args))
		ret = read_option(args, p);
	return ret ? ret : check_length(args, p);
}
