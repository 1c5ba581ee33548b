// SPDX-License-Identifier: GPL-2.0-only
/*
 * The program hands each frame to a function of the module. The kernel knows that
 * function by its number in the module's BTF, which libbpf finds; what the program
 * does is decided in the module.
 */
#define _GNU_SOURCE
#include "bpf.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int bpf_call(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return syscall(__NR_bpf, cmd, attr, sizeof(*attr));
}

/* The description of an object: @info is of the struct of its kind. */
static int describe_object(int fd, void *info, size_t size)
{
	union bpf_attr attr = {};

	attr.info.bpf_fd = fd;
	attr.info.info_len = size;
	attr.info.info = (unsigned long)info;
	return bpf_call(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

/**
 * bpf_open() - open a program by its number
 * @id: number
 * @name: filled in with its name; cut to what fits
 * @size: room in @name
 *
 * Needs CAP_SYS_ADMIN.
 *
 * Return: its descriptor, or -1 with errno set
 */
int bpf_open(__u32 id, char *name, size_t size)
{
	union bpf_attr attr = { .prog_id = id };
	struct bpf_prog_info info = {};
	int fd;

	fd = bpf_call(BPF_PROG_GET_FD_BY_ID, &attr);
	if (fd < 0)
		return -1;
	if (describe_object(fd, &info, sizeof(info))) {
		close(fd);
		return -1;
	}
	snprintf(name, size, "%s", info.name);
	return fd;
}

#ifdef HAVE_LIBBPF
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdarg.h>

#include "util.h"

#define MODULE_NAME	"nat64"
#define MODULE_BTF	"/sys/kernel/btf/" MODULE_NAME
#define KERNEL_BTF	"/sys/kernel/btf/vmlinux"
#define FUNCTION_NAME	"bpf_nat64_xdp"

/* What the verifier says ends with the reason. */
#define LOG_SIZE	(64 * 1024)

/*
 * Passes the frame up, or sends it out of the device whose index the function
 * returns. That is 32 bits; the rest of the register may hold anything.
 */
static const struct bpf_insn program[] = {
	{ .code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_KFUNC_CALL },
	{ .code = BPF_JMP32 | BPF_JEQ | BPF_K, .dst_reg = BPF_REG_0, .off = 4 },
	{ .code = BPF_ALU | BPF_MOV | BPF_X, .dst_reg = BPF_REG_1,
	  .src_reg = BPF_REG_0 },
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2 },
	{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect },
	{ .code = BPF_JMP | BPF_EXIT },
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0,
	  .imm = XDP_PASS },
	{ .code = BPF_JMP | BPF_EXIT },
};

/* Our own error says what can be done. */
static int print_nothing(enum libbpf_print_level level, const char *fmt,
			 va_list ap)
{
	(void)level;
	(void)fmt;
	(void)ap;
	return 0;
}

/* The number of the function in the BTF of the module, or a negative number. */
static int find_function(char *error, size_t size)
{
	struct btf *kernel = btf__load_vmlinux_btf();
	struct btf *module = NULL;
	int id = -1;

	if (kernel)
		module = btf__load_module_btf(MODULE_NAME, kernel);
	if (!module)
		snprintf(error, size, "cannot read " MODULE_BTF ": %s",
			 strerror(errno));
	else
		id = btf__find_by_name_kind(module, FUNCTION_NAME,
					    BTF_KIND_FUNC);
	if (module && id < 0)
		snprintf(error, size,
			 "the nat64 module was built for a kernel that has no XDP for it; build it again on Linux 6.1 or later, see nat64(4)");
	btf__free(module);
	btf__free(kernel);
	return id;
}

static bool is_of_module(int fd)
{
	char name[sizeof(MODULE_NAME)] = "";
	struct bpf_btf_info info = {};

	info.name = (unsigned long)name;
	info.name_len = sizeof(name);
	return !describe_object(fd, &info, sizeof(info)) &&
	       info.kernel_btf && !strcmp(name, MODULE_NAME);
}

/* Opens the BTF of the module. Returns its descriptor, or -1 with errno set. */
static int open_btf(void)
{
	__u32 id = 0;
	int fd;

	while (!bpf_btf_get_next_id(id, &id)) {
		fd = bpf_btf_get_fd_by_id(id);
		if (fd < 0 && errno != ENOENT)
			return -1;
		if (fd >= 0 && is_of_module(fd))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

/* The last line of what the verifier says, without its statistics. */
static const char *last_words(char *log)
{
	char *end = strstr(log, "\nprocessed ");
	char *line;

	if (end)
		*end = '\0';
	line = strrchr(log, '\n');
	while (line && !line[1]) {
		*line = '\0';
		line = strrchr(log, '\n');
	}
	return line ? line + 1 : log;
}

/*
 * The types of the program, by which xdpdump attaches to it and sees the frames.
 * Returns its function, "int nat64(struct xdp_md *ctx)".
 */
static int describe_program(struct btf *btf)
{
	int integer = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	int md = btf__add_struct(btf, "xdp_md", sizeof(struct xdp_md));
	int context = btf__add_ptr(btf, md);
	int proto = btf__add_func_proto(btf, integer);

	btf__add_func_param(btf, "ctx", context);
	return btf__add_func(btf, BPF_PROGRAM_NAME, BTF_FUNC_GLOBAL, proto);
}

static int load_program(int btf_fd, int function, char *error, size_t size)
{
	static char log[LOG_SIZE];
	struct bpf_insn insns[ARRAY_SIZE(program)];
	struct btf *own = btf__new_empty();
	/* That of the kernel itself would be number 0. */
	const int fds[] = { 0, btf_fd };
	struct bpf_func_info info = { .type_id = own ? describe_program(own) : 0 };
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .fd_array = fds,
		    .log_buf = log, .log_size = sizeof(log), .log_level = 1,
		    /* Packets in more than one piece are passed. */
		    .prog_flags = BPF_F_XDP_HAS_FRAGS);
	int fd;

	if (own && !btf__load_into_kernel(own)) {
		opts.prog_btf_fd = btf__fd(own);
		opts.func_info = &info;
		opts.func_info_cnt = 1;
		opts.func_info_rec_size = sizeof(info);
	}
	memcpy(insns, program, sizeof(insns));
	insns[0].off = 1;
	insns[0].imm = function;
	*log = '\0';
	fd = bpf_prog_load(BPF_PROG_TYPE_XDP, BPF_PROGRAM_NAME, "GPL", insns,
			   ARRAY_SIZE(insns), &opts);
	btf__free(own);
	if (fd < 0)
		snprintf(error, size, "the kernel refuses the XDP program: %s%s%s",
			 strerror(errno), *log ? ": " : "", last_words(log));
	return fd;
}

/* What has to be there, in the order in which it is mended. */
static const char *missing_btf(void)
{
	if (access(KERNEL_BTF, F_OK))
		return "this kernel has no BTF (" KERNEL_BTF "), without which there is no XDP for nat64";
	if (access(MODULE_BTF, F_OK))
		return "the nat64 module has no BTF (" MODULE_BTF "), without which there is no XDP for nat64: install pahole and build the module again, see nat64(4)";
	return NULL;
}

/**
 * bpf_load() - load the XDP program
 * @error: filled in with what is wrong
 * @size: room in @error
 *
 * Needs CAP_NET_ADMIN, CAP_BPF and CAP_SYS_ADMIN. The program holds the module
 * until it is closed and detached everywhere.
 *
 * Return: its descriptor, or -1
 */
int bpf_load(char *error, size_t size)
{
	const char *missing = missing_btf();
	int function, btf_fd, fd;

	libbpf_set_print(print_nothing);
	if (missing) {
		snprintf(error, size, "%s", missing);
		return -1;
	}
	function = find_function(error, size);
	if (function < 0)
		return -1;
	btf_fd = open_btf();
	if (btf_fd < 0) {
		snprintf(error, size, "cannot open the BTF of the nat64 module: %s%s",
			 strerror(errno), errno == EPERM ?
			 ": XDP needs CAP_SYS_ADMIN" : "");
		return -1;
	}
	fd = load_program(btf_fd, function, error, size);
	close(btf_fd);
	return fd;
}

#else

/* Without libbpf, which knows how to read BTF. */
int bpf_load(char *error, size_t size)
{
	snprintf(error, size,
		 "this nat64ctl was built without libbpf 1.0 or later, which XDP needs: install libbpf-dev and build it again");
	return -1;
}

#endif
