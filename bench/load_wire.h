/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load_wire.h: what carries a load thread's bytes: kernel sockets
 * (load_wire_sock.c) or Penstock's own TCP (load_wire_tcp.c), and TLS over
 * either (load_wire_tls.c). The thread's own; only wait() blocks.
 */
#ifndef PENSTOCK_BENCH_LOAD_WIRE_H
#define PENSTOCK_BENCH_LOAD_WIRE_H

#include "bench/load_run_impl.h"

enum load_wire_event { LOAD_WIRE_RX = 1, LOAD_WIRE_TX = 2 };

struct load_wire_ops {
	/* 0 or -errno, of which -EINVAL has been explained on stderr. */
	int (*open)(struct load_thread *t);
	void (*close)(struct load_thread *t);
	/* Begins; an event follows. 0 or -errno. */
	int (*connect)(struct load_thread *t, struct load_sock *s);
	/* In order, or at once. */
	void (*hang_up)(struct load_thread *t, struct load_sock *s);
	/* TLS only: begins, in the middle of a connection. 0 or -errno. */
	int (*begin_tls)(struct load_thread *t, struct load_sock *s);
	/* TLS only: sends what is encrypted. */
	void (*flush)(struct load_thread *t, struct load_sock *s);
	/* Gives what was taken, maybe less than all: then TX follows later. */
	ssize_t (*send)(struct load_thread *t, struct load_sock *s,
			const struct iovec *iov, unsigned iov_n);
	/* Into t->rx. Gives bytes, 0 at the end, -EAGAIN, -errno. */
	ssize_t (*recv)(struct load_thread *t, struct load_sock *s);
	/* load_sock_event() for all that happens within ms. */
	void (*wait)(struct load_thread *t, int ms);
};

extern const struct load_wire_ops load_wire_sock, load_wire_tcp, load_wire_tls;

#endif
