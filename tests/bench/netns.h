/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _BENCH_NETNS_H
#define _BENCH_NETNS_H

#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

static inline void enter(const char *name)
{
	char path[100];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err(2, "%s", path);
	close(fd);
}

#endif /* _BENCH_NETNS_H */
