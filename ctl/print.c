// SPDX-License-Identifier: GPL-2.0-only
#include "print.h"

#include <stdio.h>

/**
 * pref64_out() - put out a translation prefix
 * @out: output
 * @key: its name, inside an object
 * @t: translation prefix
 */
void pref64_out(struct out *out, const char *key, const struct pref64 *t)
{
	out_object(out, key);
	out_string(out, "prefix", "%s", addr_text6(&t->prefix));
	out_bool(out, "primary", " primary", t->primary);
	out_close(out);
}

/**
 * eam_fields_out() - put out a mapping, into an object that is open
 * @out: output
 * @eam: mapping
 *
 * Text leaves out the length of a single address, JSON does not.
 */
void eam_fields_out(struct out *out, const struct eam *eam)
{
	out_string(out, "ipv4", "%s ", out->json ? addr_text4(&eam->p4) :
		   addr_short4(&eam->p4));
	out_string(out, "ipv6", "%s", out->json ? addr_text6(&eam->p6) :
		   addr_short6(&eam->p6));
	if (eam->own.len)
		out_string(out, "prefix", " prefix %s", addr_text6(&eam->own));
	if (eam->edge)
		out_bool(out, "edge", " edge", true);
}

/**
 * eam_out() - put out a mapping
 * @out: output
 * @key: its name, inside an object
 * @eam: mapping
 */
void eam_out(struct out *out, const char *key, const struct eam *eam)
{
	out_object(out, key);
	eam_fields_out(out, eam);
	out_close(out);
}

/**
 * xdp_line_out() - put out a device that is to have the XDP program
 * @out: output
 * @key: its name, inside an object
 * @xdp: device
 */
void xdp_line_out(struct out *out, const char *key, const struct xdp_line *xdp)
{
	out_object(out, key);
	out_string(out, "device", "%s", xdp->device);
	if (out->json)
		out_string(out, "mode", NULL, xdp->generic ? "generic" : "native");
	else
		out_bool(out, NULL, " generic", xdp->generic);
	out_close(out);
}

/**
 * setting_out() - put out the value of a setting: a truth, a number or a text
 * @out: output
 * @name: its name, inside an object
 * @key: setting, an index of settings_table
 * @value: its value
 */
void setting_out(struct out *out, const char *name, unsigned int key,
		 const struct setting_value *value)
{
	enum setting_kind kind = settings_table[key].kind;

	if (!out->json)
		out_string(out, NULL, "%s", settings_text(key, value));
	else if (settings_is_truth(key))
		out_bool(out, name, NULL, value->number);
	else if (kind == SETTING_NUMBER ||
		 (kind == SETTING_OCTET && value->number != NAT64_COPY))
		out_number(out, name, NULL, value->number);
	else
		out_string(out, name, NULL, settings_text(key, value));
}

/**
 * conf_out() - put out a configuration, as text as load reads it
 * @out: output
 * @conf: configuration
 */
void conf_out(struct out *out, const struct conf *conf)
{
	size_t i;

	if (!out->json) {
		conf_print(conf, stdout);
		fflush(stdout);
		return;
	}
	out_begin(out);
	out_object(out, "settings");
	for (i = 0; i < settings_count; i++)
		if (conf->settings[i].given)
			setting_out(out, settings_table[i].name, i, &conf->settings[i]);
	out_close(out);
	out_array(out, "prefixes");
	for (i = 0; i < conf->n_pref64s; i++)
		pref64_out(out, "", &conf->pref64s[i]);
	out_close(out);
	out_array(out, "mappings");
	for (i = 0; i < conf->n_eams; i++)
		eam_out(out, "", &conf->eams[i]);
	out_close(out);
	out_array(out, "xdp");
	for (i = 0; i < conf->n_xdps; i++)
		xdp_line_out(out, "", &conf->xdps[i]);
	out_close(out);
	out_end(out);
}

/**
 * counts_out() - put out how much stands in a configuration
 * @out: output
 * @conf: configuration
 */
void counts_out(struct out *out, const struct conf *conf)
{
	unsigned int settings = 0;
	size_t i;

	for (i = 0; i < settings_count; i++)
		settings += conf->settings[i].given;
	out_number(out, "settings", settings == 1 ? "%llu setting, " :
		   "%llu settings, ", settings);
	out_number(out, "prefixes", conf->n_pref64s == 1 ? "%llu prefix, " :
		   "%llu prefixes, ", conf->n_pref64s);
	out_number(out, "mappings", conf->n_eams == 1 ? "%llu mapping" :
		   "%llu mappings", conf->n_eams);
	out_number(out, "xdp", !conf->n_xdps ? NULL : conf->n_xdps == 1 ?
		   ", %llu device with XDP" : ", %llu devices with XDP",
		   conf->n_xdps);
}

/**
 * digest_text() - a digest as people and JSON have it
 * @digest: digest
 *
 * Return: a text that lasts until the next call
 */
const char *digest_text(__u64 digest)
{
	static char text[sizeof("0123456789abcdef")];

	snprintf(text, sizeof(text), "%016llx", (unsigned long long)digest);
	return text;
}
