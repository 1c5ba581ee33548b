/* SPDX-License-Identifier: GPL-2.0-only */
/* The settings of a network namespace. */
#ifndef _NAT64CTL_SETTINGS_H
#define _NAT64CTL_SETTINGS_H

#include <linux/nat64.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "addr.h"

/**
 * enum setting_kind - what values a setting has
 * @SETTING_WORD: one of some words; on the wire the number of the word
 * @SETTING_NUMBER: a number between bounds
 * @SETTING_OCTET: "copy", or a number that fits an octet
 * @SETTING_POOL4: "none", or an IPv4 prefix
 * @SETTING_POOL6: "none", or an IPv6 prefix
 * @SETTING_MARK: "none", or VALUE[/MASK]
 */
enum setting_kind {
	SETTING_WORD,
	SETTING_NUMBER,
	SETTING_OCTET,
	SETTING_POOL4,
	SETTING_POOL6,
	SETTING_MARK,
};

/**
 * struct setting - a setting
 * @name: as it is written
 * @kind: what values it has
 * @attr: its attribute, enum nat64_setting
 * @attr2: attribute of its length or mask, or 0
 * @wide: @attr is an u32, otherwise an u8
 * @words: the words of a SETTING_WORD, up to NULL
 * @min: smallest SETTING_NUMBER
 * @max: largest SETTING_NUMBER
 * @initial: value of an empty configuration, as it is written
 */
struct setting {
	const char		*name;
	enum setting_kind	kind;
	__u16			attr;
	__u16			attr2;
	bool			wide;
	const char *const	*words;
	__u32			min;
	__u32			max;
	const char		*initial;
};

/**
 * struct setting_value - the value of a setting
 * @given: there is one
 * @line: line of the file that gives it
 * @number: SETTING_WORD, SETTING_NUMBER, SETTING_OCTET
 * @pool4: SETTING_POOL4; 0.0.0.0 for none
 * @pool6: SETTING_POOL6; :: for none
 * @mark: SETTING_MARK
 * @mask: SETTING_MARK; 0 for none
 */
struct setting_value {
	bool				given;
	unsigned int			line;
	union {
		__u32			number;
		struct prefix4		pool4;
		struct prefix6		pool6;
		struct {
			__u32		mark;
			__u32		mask;
		};
	};
};

/* At least as many as there are; some have two attributes. */
#define SETTINGS_MAX	(__NAT64_SETTING_MAX - 1)

extern const struct setting settings_table[];
extern const size_t settings_count;

int settings_read_key(struct args *args, unsigned int *key);
int settings_read(struct args *args, unsigned int *key,
		  struct setting_value *value);
const char *settings_values(unsigned int key);
const char *settings_text(unsigned int key, const struct setting_value *value);
void settings_complete(struct setting_value *all);
bool settings_is_initial(unsigned int key, const struct setting_value *value);
bool settings_is_truth(unsigned int key);
const struct setting_value *settings_find(const struct setting_value *values,
					  __u16 attr);
bool settings_are_counted(const struct setting_value *values);
bool settings_are_direct(const struct setting_value *values);

#endif /* _NAT64CTL_SETTINGS_H */
