/* SPDX-License-Identifier: GPL-2.0-only */
/* The flags of an IPv6 socket are bits of struct inet_sock since Linux 6.7. */
#ifndef _NAT64_COMPAT_SOCK_H
#define _NAT64_COMPAT_SOCK_H

#include <linux/ipv6.h>
#include <net/inet_sock.h>

/**
 * nat64_sock_dontfrag6() - whether a socket forbids IPv6 fragments
 * @sk: full socket of any family, or NULL
 *
 * IPV6_DONTFRAG (RFC 3542 section 11.2).
 */
static inline bool nat64_sock_dontfrag6(const struct sock *sk)
{
	if (!sk || sk->sk_family != AF_INET6)
		return false;
#ifdef inet6_test_bit
	return inet6_test_bit(DONTFRAG, sk);
#else
	return inet6_sk(sk)->dontfrag;
#endif
}

#endif /* _NAT64_COMPAT_SOCK_H */
