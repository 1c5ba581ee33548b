// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plugin for QEMU that notes which cache lines each processor of the guest
 * writes in the kernel between two marks: qemu -plugin stores.so,out=FILE
 *
 * For each such stretch FILE has a line "mark" and then, a line each, a
 * processor, an instruction's address, a line's address and how often the one
 * wrote the other.
 */
#include <err.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mark.h"
#include "plugin.h"

#define PROCESSORS	2
#define ENTRIES		(1 << 20)
#define LINE		64

EXPORT int qemu_plugin_version = 1;

struct entry {
	uint64_t pc;
	uint64_t line;
	uint64_t count;
};

/* One for each processor, so that no two threads of QEMU's use the same. */
static struct entry *entries[PROCESSORS];
static volatile bool is_inside;
static FILE *out;

static struct entry *find(struct entry *table, uint64_t pc, uint64_t line)
{
	uint64_t hash = (pc * 31 + line / LINE) * 0x9e3779b97f4a7c15;

	for (size_t i = 0; i < ENTRIES; i++) {
		struct entry *e = &table[((hash >> 32) + i) % ENTRIES];

		if (!e->count || (e->pc == pc && e->line == line))
			return e;
	}
	errx(2, "stores: too many");
}

/* QEMU tells of reads as well, whatever it is asked for. */
static void at_access(unsigned int cpu, uint32_t info, uint64_t vaddr, void *pc)
{
	struct entry *e;

	if (!is_inside || cpu >= PROCESSORS || !qemu_plugin_mem_is_store(info))
		return;
	e = find(entries[cpu], (uintptr_t)pc, vaddr & -LINE);
	e->pc = (uintptr_t)pc;
	e->line = vaddr & -LINE;
	e->count++;
}

static void print_entries(unsigned int cpu)
{
	for (size_t i = 0; i < ENTRIES; i++) {
		const struct entry *e = &entries[cpu][i];

		if (e->count)
			fprintf(out, "%u %" PRIx64 " %" PRIx64 " %" PRIu64 "\n", cpu, e->pc, e->line,
				e->count);
	}
}

/* The other processor has nothing to do at a mark. */
static void at_mark(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	is_inside = !is_inside;
	if (is_inside)
		return;
	fputs("mark\n", out);
	for (unsigned int i = 0; i < PROCESSORS; i++) {
		print_entries(i);
		memset(entries[i], 0, ENTRIES * sizeof(*entries[i]));
	}
	fflush(out);
}

static void at_translation(uint64_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	if (qemu_plugin_tb_vaddr(tb) == MARK)
		qemu_plugin_register_vcpu_tb_exec_cb(tb, at_mark, NO_REGS, NULL);
	if (!(qemu_plugin_tb_vaddr(tb) >> 63))
		return;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		qemu_plugin_register_vcpu_mem_cb(insn, at_access, NO_REGS, MEM_WRITES,
						 (void *)(uintptr_t)qemu_plugin_insn_vaddr(insn));
	}
}

EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4))
		return 1;
	for (unsigned int i = 0; i < PROCESSORS; i++) {
		entries[i] = calloc(ENTRIES, sizeof(*entries[i]));
		if (!entries[i])
			return 1;
	}
	out = fopen(argv[0] + 4, "w");
	if (!out)
		return 1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, at_translation);
	return 0;
}
