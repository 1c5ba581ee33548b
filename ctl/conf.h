/* SPDX-License-Identifier: GPL-2.0-only */
/* A whole configuration, from a file or from the kernel. */
#ifndef _NAT64CTL_CONF_H
#define _NAT64CTL_CONF_H

#include <linux/nat64.h>
#include <linux/types.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "addr.h"
#include "settings.h"

/**
 * struct pref64 - a translation prefix
 * @prefix: the prefix
 * @primary: writes IPv6 sources unless a mapping names another
 * @line: line of the file that gives it
 */
struct pref64 {
	struct prefix6	prefix;
	bool		primary;
	unsigned int	line;
};

/**
 * struct eam - an explicit address mapping
 * @p4: IPv4 prefix
 * @p6: IPv6 prefix
 * @own: translation prefix that it names; length 0 for the primary one
 * @edge: its hosts are on the IPv4 side
 * @is_block: a block of translatable addresses, which has no @p6 yet, or a
 *	mapping that it became
 * @force: it may overlap others
 * @file: which of the files of the configuration gives it
 * @line: line of that file
 * @column4: where in that line @p4 is
 * @column6: where @p6 is
 * @column_own: where @own is
 */
struct eam {
	struct prefix4	p4;
	struct prefix6	p6;
	struct prefix6	own;
	bool		edge;
	bool		is_block;
	bool		force;
	__u8		file;
	unsigned int	line;
	__u16		column4;
	__u16		column6;
	__u16		column_own;
};

/**
 * struct xdp_line - a device that is to have the XDP program
 * @device: its name
 * @generic: the kernel is to run it, not the driver
 * @line: line of the file
 * @column: where in that line @device is
 */
struct xdp_line {
	char		device[IF_NAMESIZE];
	bool		generic;
	unsigned int	line;
	unsigned int	column;
};

/* A file and what it includes, for importers. */
#define CONF_FILES	32

/**
 * struct conf - a configuration
 * @unit: what a line of @files is called, if not "line"
 * @n_files: number of files it was made from
 * @files: their names
 * @n_pref64s: number of translation prefixes
 * @pref64s: translation prefixes
 * @n_eams: number of mappings
 * @room: mappings that there is memory for
 * @eams: mappings, in the order of the file unless conf_sort() was called
 * @n_xdps: number of devices with XDP
 * @xdps: these devices
 * @settings: settings
 */
struct conf {
	const char		*unit;
	unsigned int		n_files;
	const char		*files[CONF_FILES];
	unsigned int		n_pref64s;
	struct pref64	pref64s[NAT64_MAX_PREFIXES];
	size_t			n_eams;
	size_t			room;
	struct eam		*eams;
	size_t			n_xdps;
	struct xdp_line		*xdps;
	struct setting_value	settings[SETTINGS_MAX];
};

/**
 * struct xdp_obstacle - what keeps all packets out of XDP
 * @stands: whether a configuration has it
 * @text: what it is
 * @command: what removes it, or NULL
 */
struct xdp_obstacle {
	bool		(*stands)(const struct conf *conf);
	const char	*text;
	const char	*command;
};

int conf_read_pref64(struct args *args, struct pref64 *t);
int conf_read_pair(struct args *args, struct eam *eam);
int conf_read_eam(struct args *args, struct eam *eam);
int conf_read_device(struct args *args, struct xdp_line *xdp);
int conf_read_xdp(struct args *args, struct xdp_line *xdp);

int conf_load_file(struct conf *conf, const char *file, bool force);
int conf_check_file(struct conf *conf, const char *file, bool force);
int conf_add_pref64(struct conf *conf, const struct args *args,
		    const struct pref64 *t);
void conf_add_eam(struct conf *conf, const struct eam *eam);
void conf_add_xdp(struct conf *conf, const struct xdp_line *xdp);
const struct xdp_line *conf_find_xdp(const struct conf *conf,
				     const char *device);
int conf_check(const struct conf *conf, bool force);
unsigned int conf_check_all(const struct conf *conf, bool force,
			    unsigned int most);
void conf_sort(struct conf *conf);
void conf_warn(const struct conf *conf);
bool conf_is_everything(const struct eam *eam);
const struct prefix6 *conf_prefix_of(const struct conf *conf,
				     const struct eam *eam);
void conf_force_overlaps(struct conf *conf);
const struct xdp_obstacle *conf_next_obstacle(const struct conf *conf,
					      const struct xdp_obstacle *last);

#define CONF_EVERYTHING	"this maps every IPv4 address, so the gateway's own traffic as well; write \"force\" behind it if that is meant"

bool block_expand(struct conf *conf, const struct prefix6 *p,
		  const struct eam *block);
const char *block_error(const struct prefix6 *p);
int block_expand_all(struct conf *conf);

void conf_print(const struct conf *conf, FILE *to);
void conf_print_eam(const struct eam *eam, FILE *to);
void conf_free(struct conf *conf);

int conf_compare_pref64s(const void *a, const void *b);
int conf_compare_eams(const void *a, const void *b);
int conf_compare_xdps(const void *a, const void *b);

/**
 * enum clash_kind - how two mappings clash
 * @CLASH_SAME4: they have the same IPv4 prefix
 * @CLASH_SAME6: they have the same IPv6 prefix
 * @CLASH_OVER4: one's IPv4 prefix lies inside that of the other
 * @CLASH_OVER6: one's IPv6 prefix lies inside that of the other
 */
enum clash_kind {
	CLASH_SAME4,
	CLASH_SAME6,
	CLASH_OVER4,
	CLASH_OVER6,
};

/**
 * struct clash - two mappings that clash
 * @kind: how
 * @later: index of the one that comes later in the configuration
 * @earlier: index of the other
 */
struct clash {
	enum clash_kind	kind;
	size_t		later;
	size_t		earlier;
};

typedef void clash_fn(void *data, const struct clash *clash);

bool conf_first_clash(const struct conf *conf, bool force,
		      struct clash *clash);
unsigned int clash_text(const struct conf *conf, const struct clash *clash,
			char *text, size_t size);
void clash_find(const struct conf *conf, clash_fn *report, void *data);

#endif /* _NAT64CTL_CONF_H */
