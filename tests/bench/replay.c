// SPDX-License-Identifier: GPL-2.0-only
/*
 * Usage: replay NETNS TAP FRAMES WARM-UP ROUNDS [napi]
 *
 * Sends prepared frames as if they came in on a device, each one a write to a
 * tap, which returns when the kernel has done all it does with the packet.
 * With napi they take the way of a network card's driver: NAPI and GRO.
 *
 * Prints how many frames there are and the cycles that they cost in all:
 * instructions, where one cycle is one instruction. For each frame its cheapest
 * round counts; a timer that went off in the others is none of its business.
 *
 * A file of frames is a length, two bytes in network order, and the octets,
 * again and again.
 */
#define _GNU_SOURCE
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <x86intrin.h>

#include "mark.h"
#include "netns.h"

#define MAX_FRAMES	4096

struct frame {
	const uint8_t *data;
	size_t len;
	uint64_t cycles;
};

static uint8_t octets[1 << 23];
static struct frame frames[MAX_FRAMES];

static int open_tap(const char *name, int flags)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | flags };
	int fd = open("/dev/net/tun", O_RDWR);

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr))
		err(2, "%s", name);
	return fd;
}

static size_t read_frames(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t n, at, len;

	if (!file)
		err(2, "%s", path);
	len = fread(octets, 1, sizeof(octets), file);
	for (n = 0, at = 0; at < len && n < MAX_FRAMES; n++) {
		frames[n].len = octets[at] << 8 | octets[at + 1];
		frames[n].data = octets + at + 2;
		frames[n].cycles = UINT64_MAX;
		at += 2 + frames[n].len;
	}
	if (!n || at != len || !feof(file))
		errx(2, "%s: no frames, or too many", path);
	return n;
}

static void send_all(int fd, size_t n)
{
	uint64_t start, cycles;

	for (size_t i = 0; i < n; i++) {
		start = __rdtsc();
		if (write(fd, frames[i].data, frames[i].len) < 0)
			err(2, "write");
		cycles = __rdtsc() - start;
		if (cycles < frames[i].cycles)
			frames[i].cycles = cycles;
	}
}

int main(int argc, char **argv)
{
	uint64_t sum = 0;
	size_t n;
	int fd;

	if (argc != 6 && (argc != 7 || strcmp(argv[6], "napi")))
		errx(2, "usage: replay NETNS TAP FRAMES WARM-UP ROUNDS [napi]");
	n = read_frames(argv[3]);
	enter(argv[1]);
	fd = open_tap(argv[2], argc == 7 ? IFF_NAPI : 0);
	for (int round = atoi(argv[4]); round > 0; round--)
		send_all(fd, n);
	mark();
	for (int round = atoi(argv[5]); round > 0; round--)
		send_all(fd, n);
	mark();
	for (size_t i = 0; i < n; i++)
		sum += frames[i].cycles;
	printf("%zu %llu\n", n, (unsigned long long)sum);
	return 0;
}
