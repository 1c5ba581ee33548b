// SPDX-License-Identifier: GPL-2.0-only
/*
 * Usage: bulk CLIENT-NETNS SERVER-NETNS LISTEN-ADDRESS ADDRESS MEGABYTES
 *
 * Sends so much through one TCP connection, from one network namespace to
 * another, in which it is known by LISTEN-ADDRESS, and prints the kilobytes and
 * the cycles it took. Neither end copies the data, which would cost more than
 * all the rest.
 */
#define _GNU_SOURCE
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <x86intrin.h>

#include "mark.h"
#include "netns.h"

#define PORT	"5001"
#define MEGA	(1 << 20)

/* A hole in it would be read by clearing pages. */
static int create_file(void)
{
	static uint8_t octets[MEGA];
	int fd = memfd_create("data", 0);

	memset(octets, 0x5a, sizeof(octets));
	if (fd < 0 || write(fd, octets, sizeof(octets)) != sizeof(octets))
		err(2, "memfd_create");
	return fd;
}

/* Buffers that TCP does not tune, so that one run is as the other. */
static int open_socket(const char *address, int (*attach)(int, const struct sockaddr *, socklen_t))
{
	struct addrinfo *info;
	struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	int fd, size = MEGA;

	if (getaddrinfo(address, PORT, &hints, &info))
		errx(2, "what is %s?", address);
	fd = socket(info->ai_family, SOCK_STREAM, 0);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		err(2, "setsockopt");
	if (fd < 0 || attach(fd, info->ai_addr, info->ai_addrlen))
		err(2, "%s", address);
	freeaddrinfo(info);
	return fd;
}

/* Reads whatever comes at once, to the end, and says so by closing. */
static void serve(int listener)
{
	const struct sched_param first = { .sched_priority = 1 };
	int fd = accept(listener, NULL, NULL);

	if (fd < 0 || sched_setscheduler(0, SCHED_FIFO, &first))
		err(2, "accept");
	while (recv(fd, NULL, MEGA, MSG_TRUNC) > 0)
		;
	close(fd);
}

static void wait_for_end(int fd)
{
	char octet;

	shutdown(fd, SHUT_WR);
	if (read(fd, &octet, 1))
		err(2, "read");
}

static uint64_t transfer(int fd, int file, int megabytes)
{
	uint64_t start, cycles;
	off_t at;

	mark();
	start = __rdtsc();
	while (megabytes-- > 0) {
		at = 0;
		while (at < MEGA) {
			if (sendfile(fd, file, &at, MEGA - at) <= 0)
				err(2, "sendfile");
		}
	}
	wait_for_end(fd);
	cycles = __rdtsc() - start;
	mark();
	return cycles;
}

int main(int argc, char **argv)
{
	int listener, file, megabytes, status = 1;
	uint64_t cycles;
	pid_t child;

	if (argc != 6)
		errx(2, "usage: bulk CLIENT-NETNS SERVER-NETNS LISTEN-ADDRESS ADDRESS MEGABYTES");
	megabytes = atoi(argv[5]);
	file = create_file();
	enter(argv[2]);
	listener = open_socket(argv[3], bind);
	if (listen(listener, 1))
		err(2, "listen");
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(listener);
		return 0;
	}
	enter(argv[1]);
	cycles = transfer(open_socket(argv[4], connect), file, megabytes);
	waitpid(child, &status, 0);
	printf("%d %llu\n", megabytes * 1024, (unsigned long long)cycles);
	return !!status;
}
