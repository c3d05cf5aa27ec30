/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load_run_impl.h: what load_run.c (threads, the loop), load_sock.c (one
 * connection's life) and the wires (load_wire.h) share. Not for others.
 */
#ifndef PENSTOCK_BENCH_LOAD_RUN_IMPL_H
#define PENSTOCK_BENCH_LOAD_RUN_IMPL_H

#include "bench/load_conn.h"
#include "bench/load_run.h"

#include <stdatomic.h>

struct load_tcp;
struct load_wire_ops;
struct net_stream;
struct tls_client;
struct tls_client_ctx;
struct tls_session;

#define LOAD_RX_BYTES (64u * 1024)
/* What a wire read before, and TLS could not decrypt yet. */
#define LOAD_RX_SPARE (32u * 1024)

/* What the threads share: how much is left to do. */
struct load_shared {
	const struct load_cfg *cfg;
	uint64_t started_us;
	_Atomic uint64_t stop_us;
	int signal_fd;
	struct load_conn_cfg busy, idle;
	struct tls_client_ctx *tls; /* NULL without TLS */
	_Atomic uint64_t next_seq;
	_Atomic uint64_t todo_n;     /* messages that nobody has taken */
	_Atomic uint64_t inflight_n; /* taken, and not yet settled */
	_Atomic uint64_t acked_n, bad_n, lost_n; /* for the progress line */
	_Atomic uint64_t idle_open_n;
	_Atomic bool is_stopping;
	_Atomic bool is_interrupted;
};

enum load_sock_state {
	LOAD_SOCK_WAITING, /* no connection until due_us */
	LOAD_SOCK_CONNECTING,
	LOAD_SOCK_OPEN,
	LOAD_SOCK_PARKED, /* open, wants a message, held back by the rate */
	LOAD_SOCK_DONE,
};

struct load_sock {
	enum load_sock_state state;
	int fd;
	struct net_stream *stream;
	bool is_idle;
	bool is_tx_armed;
	bool must_quit;	    /* after what it has */
	uint32_t backoff_n; /* losses and 4xx in a row */
	uint32_t lost_n;    /* connections lost in a row */
	uint64_t msgs_n;    /* settled on this connection */
	uint64_t due_us;    /* WAITING: when to connect */
	uint64_t opened_us; /* connect() was called */
	uint64_t heard_us;  /* the last bytes came or went */
	struct tls_client *tls;
	uint64_t tls_us; /* its handshake began */
	bool is_tls_open;
	struct load_conn conn;
};

struct load_thread {
	struct load_shared *shared;
	unsigned idx;
	const struct load_wire_ops *wire;
	const struct load_wire_ops *under; /* load_wire_tls's */
	struct tls_session *tls_session;   /* the last one */
	int epoll_fd;			   /* load_wire_sock's */
	struct load_tcp *tcp;		   /* load_wire_tcp's */
	struct load_sock *socks;
	uint32_t socks_n;
	uint32_t waiting_n, connecting_n, parked_n, done_n;
	uint64_t sent_n; /* messages begun, for the rate */
	uint64_t now_us;
	uint64_t checked_us; /* timeouts were looked at */
	uint64_t told_us;    /* progress was printed */
	uint64_t random;
	struct load_stats stats;
	char rx[LOAD_RX_BYTES + LOAD_RX_SPARE];
};

/* Sets the state and keeps the thread's counts of states. */
void load_sock_state_set(struct load_thread *t, struct load_sock *s,
			 enum load_sock_state state);
/* WAITING and due: connects, unless the run is over. */
void load_sock_due(struct load_thread *t, struct load_sock *s);
/* The wire has something for it. True: bytes came, and there may be more. */
bool load_sock_event(struct load_thread *t, struct load_sock *s,
		     unsigned events);
void load_now(struct load_thread *t);
/* PARKED: the rate allows one more. */
void load_sock_unpark(struct load_thread *t, struct load_sock *s);
/* No reply for too long, or the run ends: drops the connection. */
void load_sock_drop(struct load_thread *t, struct load_sock *s);
/* The run stops: quits when nothing is in flight. */
void load_sock_stop(struct load_thread *t, struct load_sock *s);

/* Nothing is left to do, and nothing will come back. */
bool load_is_over(struct load_shared *shared);

#endif
