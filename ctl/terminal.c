// SPDX-License-Identifier: GPL-2.0-only
#include "terminal.h"

#include <poll.h>
#include <signal.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* As it was found, while keys are read; is_reading says whether they are. */
static struct termios saved;
static bool is_reading;

static void end_by_signal(int number)
{
	terminal_end();
	raise(number);
}

/**
 * terminal_begin() - read keys as they are typed, if there is a terminal
 *
 * And not in the background of one. A signal that ends the program leaves the
 * terminal as it was.
 */
void terminal_begin(void)
{
	const struct sigaction action = {
		.sa_handler = end_by_signal,
		.sa_flags = SA_RESETHAND | SA_NODEFER,
	};
	struct termios now;

	if (tcgetpgrp(STDIN_FILENO) != getpgrp() ||
	    tcgetattr(STDIN_FILENO, &saved))
		return;
	now = saved;
	now.c_lflag &= ~(ICANON | ECHO);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	is_reading = !tcsetattr(STDIN_FILENO, TCSANOW, &now);
}

/**
 * terminal_end() - leave the terminal as it was found
 */
void terminal_end(void)
{
	if (is_reading)
		tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	is_reading = false;
}

/**
 * terminal_now() - the time by the clock of terminal_wait()
 *
 * Return: seconds
 */
double terminal_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Whether q was typed. Reads no more keys once the terminal hangs up. */
static bool read_end(void)
{
	char key;

	if (read(STDIN_FILENO, &key, 1) != 1) {
		terminal_end();
		return false;
	}
	return key == 'q' || key == 'Q';
}

/**
 * terminal_wait() - wait, or until q is typed
 * @seconds: how long
 *
 * Return: true if it was typed
 */
bool terminal_wait(double seconds)
{
	struct pollfd key = { .fd = STDIN_FILENO, .events = POLLIN };
	double until = terminal_now() + seconds;
	double left;

	while ((left = until - terminal_now()) > 0)
		if (poll(&key, is_reading, left * 1e3 + 1) > 0 && read_end())
			return true;
	return false;
}
