/* SPDX-License-Identifier: GPL-2.0-only */
/* Keys that are typed while something is shown again and again. */
#ifndef _NAT64CTL_TERMINAL_H
#define _NAT64CTL_TERMINAL_H

#include <stdbool.h>

void terminal_begin(void);
void terminal_end(void);
double terminal_now(void);
bool terminal_wait(double seconds);

#endif /* _NAT64CTL_TERMINAL_H */
