/* SPDX-License-Identifier: GPL-2.0-only */
/* QEMU's plugin interface, as far as it is used; Debian has no header of it. */
#ifndef _BENCH_PLUGIN_H
#define _BENCH_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPORT	__attribute__((visibility("default")))

struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void (*tb_fn)(uint64_t id, struct qemu_plugin_tb *tb);
typedef void (*vcpu_fn)(unsigned int cpu, void *data);
enum qemu_plugin_op { ADD_U64 };
enum qemu_plugin_cb_flags { NO_REGS };
enum qemu_plugin_mem_rw { MEM_WRITES = 2 };
typedef void (*mem_fn)(unsigned int cpu, uint32_t info, uint64_t vaddr, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, tb_fn fn);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, vcpu_fn fn,
					  enum qemu_plugin_cb_flags flags, void *data);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, enum qemu_plugin_op op,
					      void *at, uint64_t add);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, mem_fn fn,
				      enum qemu_plugin_cb_flags flags,
				      enum qemu_plugin_mem_rw rw, void *data);
bool qemu_plugin_mem_is_store(uint32_t info);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t n);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

#endif /* _BENCH_PLUGIN_H */
