/* SPDX-License-Identifier: GPL-2.0-only */
/* The one place of the version; dkms.conf repeats it, and the build compares. */
#ifndef _NAT64_VERSION_H
#define _NAT64_VERSION_H

#define NAT64_VERSION "0.2.0"

#endif /* _NAT64_VERSION_H */
