/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tls_pool.h: the pool's insides: threads, workers' sides and the rings between
 * them. Private to tls/ and its unit tests.
 */
#ifndef PENSTOCK_TLS_TLS_POOL_H
#define PENSTOCK_TLS_TLS_POOL_H

#include "engine/base/ring.h"
#include "tls/tls.h"

#include <openssl/bio.h>
#include <pthread.h>

#define TLS_RECORD_HEAD_BYTES  5u
#define TLS_RECORD_PLAIN_BYTES 16384u
/* RFC 5246 section 6.2.3; RFC 8446 section 5.2 allows less. */
#define TLS_RECORD_BYTES_MAX \
	(TLS_RECORD_HEAD_BYTES + TLS_RECORD_PLAIN_BYTES + 2048u)
/* What one worker turn's replies can become, with an alert behind them. */
#define TLS_SCRATCH_BYTES (80u * 1024)

/* One thread's rings with one worker. */
struct tls_link {
	struct ring to_thread, to_worker;
	uint64_t unsaid_us; /* the thread's: since when no wake-up; 0: none */
};

/* A worker's side: its thread's own but for what is marked. */
struct tls_side {
	struct tls *tls;
	unsigned idx;
	uint32_t *in_flight_n;	       /* per thread: away, in its rings */
	struct tls_conn *first, *last; /* waiting for room in a ring */
	struct tls_conn *scratch_of;   /* whose bytes are in scratch */
	uint32_t scratch_len;
	int wake_fd;
	uint32_t busy_n; /* in flight, and a wake-up that is owed */
	bool is_sleep_said, is_wake_owed;
	uint32_t clears_n; /* times somebody else cleared is_asleep */
	char *plain;	   /* one record, decrypted */
	char *scratch;	   /* records to be sent */
	/* this worker writes, any thread reads */
	counter_t waiting, waited, in_flight, in_flight_max;
	counter_t handshakes, resumed;
	counter_t failed[TLS_REASON_N];
	counter_t times[TLS_TIMES_N];
	/* shared with the TLS threads */
	CACHE_ALIGNED _Atomic uint32_t is_asleep;
	_Atomic uint32_t writes_n; /* of wake_fd */
};

struct tls_thread {
	struct tls *tls;
	unsigned idx;
	pthread_t thread;
	bool is_started;
	int wake_fd;
	counter_t steps, busy_us;
	/* shared with the workers */
	CACHE_ALIGNED _Atomic uint32_t is_asleep;
	_Atomic bool is_stop_wanted;
};

struct tls {
	struct tls_pool_cfg cfg;
	BIO_METHOD *bio_method;
	struct tls_side *sides;	    /* one per worker */
	struct tls_thread *threads; /* one per thread */
	struct tls_link *links;	    /* [thread][worker] */
};

static inline struct tls_link *
tls_link_of(const struct tls *t, unsigned thread_idx, unsigned worker_idx)
{
	return &t->links[thread_idx * t->cfg.workers_n + worker_idx];
}

/* Threads alone: tls_thread.c. 0 or -errno. */
MUST_USE int tls_thread_start(struct tls_thread *th);
void tls_thread_stop(struct tls_thread *th);
/* A worker has put something into one of its rings. */
void tls_thread_wake(struct tls_thread *th);

/* A worker's side: tls_side.c. 0 or -errno. */
MUST_USE int tls_side_init(struct tls_side *side, struct tls *tls,
			   unsigned idx);
void tls_side_fini(struct tls_side *side);
/* Sends c away, now or when there is room. */
void tls_side_submit(struct tls_side *side, struct tls_conn *c);
/* A TLS thread has put something into one of its rings. */
void tls_side_wake(struct tls_side *side);

#endif
