// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plugin for QEMU that counts how often each instruction of the guest runs
 * between two marks, which replay.c sets: qemu -plugin count.so,out=FILE
 *
 * For each such stretch FILE has a line "mark" and then, a line each, how often
 * a block ran and the addresses of its instructions.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mark.h"
#include "plugin.h"

EXPORT int qemu_plugin_version = 1;

/* Never freed: QEMU's code adds to the count as long as it may run. */
struct block {
	struct block *next;
	uint64_t count;
	size_t n;
	uint64_t addr[];
};

static struct block *blocks;
static bool is_inside;
static FILE *out;

static void print_blocks(void)
{
	fputs("mark\n", out);
	for (struct block *b = blocks; b; b = b->next) {
		if (!b->count)
			continue;
		fprintf(out, "%" PRIu64, b->count);
		for (size_t i = 0; i < b->n; i++)
			fprintf(out, " %" PRIx64, b->addr[i]);
		fputc('\n', out);
	}
	fflush(out);
}

static void at_mark(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	if (is_inside)
		print_blocks();
	is_inside = !is_inside;
	for (struct block *b = blocks; b; b = b->next)
		b->count = 0;
}

static void at_translation(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);
	struct block *b = calloc(1, sizeof(*b) + n * sizeof(b->addr[0]));

	(void)id;
	if (!b)
		abort();
	b->n = n;
	for (size_t i = 0; i < n; i++)
		b->addr[i] = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, i));
	b->next = blocks;
	blocks = b;
	if (qemu_plugin_tb_vaddr(tb) == MARK)
		qemu_plugin_register_vcpu_tb_exec_cb(tb, at_mark, NO_REGS, NULL);
	else
		qemu_plugin_register_vcpu_tb_exec_inline(tb, ADD_U64, &b->count, 1);
}

EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4))
		return 1;
	out = fopen(argv[0] + 4, "w");
	if (!out)
		return 1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, at_translation);
	return 0;
}
