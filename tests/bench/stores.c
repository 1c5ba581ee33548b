// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin for QEMU that records which cache lines the guest's kernel writes
 * between two marks, which replay.c sets: qemu -plugin stores.so,out=FILE
 *
 * For each such stretch FILE has a line "mark" and then, a line each, the
 * address of an instruction, a cache line, a processor and how often.
 * Processors must take turns: qemu -accel tcg,thread=single.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mark.h"
#include "plugin.h"

#define KERNEL		0xffff800000000000
#define LINE		64
#define SIZE		(1 << 20)

EXPORT int qemu_plugin_version = 1;

struct store {
	uint64_t insn, line, cpu, count;
};

static struct store stores[SIZE];
static bool is_inside;
static FILE *out;

static struct store *find_store(uint64_t insn, uint64_t line, uint64_t cpu)
{
	uint64_t hash = (insn * 31 + line / LINE * 7 + cpu) * 0x9e3779b97f4a7c15 >> 44;
	struct store *s;

	for (size_t tries = 0; tries < SIZE; tries++) {
		s = &stores[(hash + tries) % SIZE];
		if (!s->count)
			*s = (struct store){ insn, line, cpu, 0 };
		if (s->insn == insn && s->line == line && s->cpu == cpu)
			return s;
	}
	abort();
}

static void at_store(unsigned int cpu, uint32_t info, uint64_t vaddr, void *data)
{
	(void)info;
	if (is_inside && vaddr >= KERNEL)
		find_store((uint64_t)data, vaddr & ~(uint64_t)(LINE - 1), cpu)->count++;
}

static void print_stores(void)
{
	fputs("mark\n", out);
	for (struct store *s = stores; s < stores + SIZE; s++)
		if (s->count)
			fprintf(out, "%" PRIx64 " %" PRIx64 " %" PRIu64 " %" PRIu64 "\n",
				s->insn, s->line, s->cpu, s->count);
	fflush(out);
	memset(stores, 0, sizeof(stores));
}

static void at_mark(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	if (is_inside)
		print_stores();
	is_inside = !is_inside;
}

static void at_translation(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);
	struct qemu_plugin_insn *insn;

	(void)id;
	if (qemu_plugin_tb_vaddr(tb) == MARK)
		qemu_plugin_register_vcpu_tb_exec_cb(tb, at_mark, NO_REGS, NULL);
	if (qemu_plugin_tb_vaddr(tb) < KERNEL)
		return;
	for (size_t i = 0; i < n; i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		qemu_plugin_register_vcpu_mem_cb(insn, at_store, NO_REGS, MEM_W,
						 (void *)qemu_plugin_insn_vaddr(insn));
	}
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
