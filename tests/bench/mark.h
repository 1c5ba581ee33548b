/* SPDX-License-Identifier: GPL-2.0-only */
/* How the senders tell count.c, QEMU's plugin, what is measured. */
#ifndef _BENCH_MARK_H
#define _BENCH_MARK_H

#include <err.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

/* Where nothing else runs. */
#define MARK	0x6d61726000

/* Before and after what counts: runs an instruction there, one that returns. */
static inline void mark(void)
{
	static void *page;
	const uint8_t ret = 0xc3;

	if (!page) {
		page = mmap((void *)MARK, sizeof(ret), PROT_WRITE | PROT_EXEC,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
		if (page == MAP_FAILED)
			err(2, "mmap");
		memcpy(page, &ret, sizeof(ret));
	}
	((void (*)(void))page)();
}

#endif /* _BENCH_MARK_H */
