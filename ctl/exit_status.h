/* SPDX-License-Identifier: GPL-2.0-only */
/* How a command ends. */
#ifndef _NAT64CTL_EXIT_STATUS_H
#define _NAT64CTL_EXIT_STATUS_H

/**
 * enum status - exit statuses, which functions that may fail return as well
 * @EXIT_OK: done
 * @EXIT_USAGE: the command line or a file is wrong
 * @EXIT_DIFFERENT: the answer is that something differs, or was found
 * @EXIT_REFUSED: the kernel refused the request
 * @EXIT_NO_MODULE: the module is not loaded
 */
enum status {
	EXIT_OK,
	EXIT_USAGE,
	EXIT_DIFFERENT = EXIT_USAGE,
	EXIT_REFUSED,
	EXIT_NO_MODULE,
};

#endif /* _NAT64CTL_EXIT_STATUS_H */
