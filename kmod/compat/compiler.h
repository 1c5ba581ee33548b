/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel may be configured to clear all variables on the stack. Compilers that
 * do so can be told that one is filled in by hand (gcc 12, clang 8).
 */
#ifndef _NAT64_COMPAT_COMPILER_H
#define _NAT64_COMPAT_COMPILER_H

#if __has_attribute(__uninitialized__)
#define NAT64_UNINITIALIZED	__attribute__((__uninitialized__))
#else
#define NAT64_UNINITIALIZED
#endif

#endif /* _NAT64_COMPAT_COMPILER_H */
