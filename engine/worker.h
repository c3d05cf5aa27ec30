/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worker.h: one worker: a pinned thread that turns packets into messages and
 * never blocks. Everything in struct worker is its thread's own, but for what
 * is marked shared. worker.c has the loop, conn.c what it does for a
 * connection.
 */
#ifndef PENSTOCK_ENGINE_WORKER_H
#define PENSTOCK_ENGINE_WORKER_H

#include "dataplane/net.h"
#include "engine/base/counter.h"
#include "engine/base/wheel.h"
#include "engine/policy/limit.h"
#include "engine/policy/sasl.h"
#include "engine/site.h"
#include "engine/smtp/smtp.h"
#include "queue/queue.h"
#include "tls/tls.h"

#include <pthread.h>

struct conn;
struct lookups;

struct worker_stats {
#define STAT(name, meaning) counter_t name;
#include "engine/stats.def"
#undef STAT
};

struct worker {
	unsigned idx;
	uint64_t now_us; /* of this turn */
	struct net *net;
	struct queue *queue;
	struct tls *tls;
	struct lookups *lookups;   /* what sessions ask the outside */
	const uint32_t *tls_busy;  /* 0: its turn has nothing to do for TLS */
	struct limits *limits;	   /* NULL: no limits */
	struct sasl *sasl;	   /* NULL: nobody can log in */
	const uint32_t *sasl_busy; /* as tls_busy */
	struct ready ready;
	struct site *site; /* what new connections get */
	struct smtp_shared smtp;
	struct smtp_out out; /* replies of the connection that runs */
	struct wheel wheel;
	struct conn *free_conns;
	struct conn *retry; /* waiting for memory or the queue */
	struct conn *all;   /* every open one */
	uint64_t conns_n;
	bool is_stopping;
	uint64_t stop_by_us;
	struct worker_stats stats;
	pthread_t thread;
	bool is_joined;
	int wake_fd; /* shared: ends the worker's sleep */
	/* shared: what the main thread asks for */
	CACHE_ALIGNED _Atomic(struct site *) next_site;
	_Atomic bool is_stop_wanted;
	_Atomic bool is_finished;
};

/*
 * Starts the thread, with a reference to site of its own. chunks: its bodies'
 * pool, which outlives it, since delivery gives chunks back later. Takes
 * *lookups, with their sources. sasl: NULL: nobody can log in. NULL: see *diag.
 */
struct worker *worker_open(unsigned idx, struct site *site,
			   struct net_listeners *listeners, struct queue *queue,
			   struct tls *tls, struct sasl *sasl,
			   struct limits *limits, struct chunk_pool *chunks,
			   struct lookups **lookups, struct diag *diag);
/* New connections get this site from now on. Any thread. */
void worker_reload(struct worker *w, struct site *site);
/*
 * Asks it to stop: no new connections, 421 to who is idle, a bounded wait for
 * the others. Any thread. worker_join() waits for the end; others may still ask
 * what it did until worker_close(), which waits as well.
 */
void worker_stop(struct worker *w);
void worker_join(struct worker *w);
void worker_close(struct worker **w);

#endif
