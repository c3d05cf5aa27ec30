/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load_run.h: many load_conn over kernel sockets, one loop for each thread, or
 * over our own TCP: sharing out the messages among them. load_run() blocks
 * until the run is over: all messages settled, the time up, or SIGINT or
 * SIGTERM.
 */
#ifndef PENSTOCK_BENCH_LOAD_RUN_H
#define PENSTOCK_BENCH_LOAD_RUN_H

#include "bench/ledger.h"
#include "bench/load_stats.h"
#include "bench/message.h"

#include <sys/socket.h>

#define LOAD_NO_LIMIT UINT64_MAX

struct dataplane_cfg;

enum load_progress {
	LOAD_PROGRESS_NONE,
	LOAD_PROGRESS_LINE,
	LOAD_PROGRESS_TTY
};

/* When TLS begins. */
enum load_tls { LOAD_TLS_NONE, LOAD_TLS_STARTTLS, LOAD_TLS_IMPLICIT };

struct load_cfg {
	struct sockaddr_storage to;
	socklen_t to_len;
	const struct message_gen *gen;
	struct ledger *ledger; /* NULL: none is kept */
	const char *helo;
	uint32_t connections_n;
	uint32_t idle_n; /* that say nothing after the greeting */
	uint32_t threads_n;
	uint64_t messages_n;  /* to be acknowledged; LOAD_NO_LIMIT */
	uint64_t reuse_n;     /* messages of one connection; 0: all */
	uint64_t rate;	      /* messages a second; 0: no limit */
	uint64_t duration_us; /* LOAD_NO_LIMIT */
	uint64_t timeout_us;  /* of one reply */
	enum load_tls tls;
	bool is_tls_resumed; /* each connection, the one before it */
	bool is_pipelined, is_bdat;
	bool is_retry; /* messages that got 4xx go again, under a new number */
	bool is_persist; /* those of lost connections too; never gives up */
	enum load_progress progress;
	/* NULL: kernel sockets; else one thread, over our own TCP */
	const struct dataplane_cfg *dataplane;
};

struct load_result {
	struct load_stats stats;
	uint64_t elapsed_us;		     /* in all, to the last QUIT */
	uint64_t acked_us;		     /* to the last 250 */
	uint64_t cpu_user_us, cpu_system_us; /* our own */
	uint64_t switches_n;		     /* context switches, our own */
	bool is_interrupted;
};

/*
 * Blocks SIGINT and SIGTERM in the calling thread and in those that it starts
 * from now on: load_run() takes them. Before any thread is started.
 */
void load_signals_block(void);

/* 0; -errno when it cannot even begin, or the ledger failed. */
MUST_USE int load_run(const struct load_cfg *cfg, struct load_result *out);

#endif
