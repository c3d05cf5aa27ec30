/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tls.h: TLS for a worker's connections. A pool of TLS threads does handshakes
 * (and, with offload `all`, records too); rings bounded on both sides join each
 * of them with each worker. A connection belongs to one thread at a time: to
 * its worker, or, while it is away, to a TLS thread, with all its bytes; so
 * these never pass each other. Nothing here blocks but tls_open() and
 * tls_close().
 *
 * A worker feeds what the wire brings, sends what tls_conn_out() has, and runs
 * the owners that tls_reap() gives. Once a connection is TLS_OPEN it reads and
 * writes plain text.
 */
#ifndef PENSTOCK_TLS_TLS_H
#define PENSTOCK_TLS_TLS_H

#include "engine/base/counter.h"
#include "engine/base/diag.h"
#include "engine/base/must.h"
#include "engine/base/span.h"
#include "tls/tls_pool_cfg.h"
#include "tls/tls_reason.h"

struct tls;
struct tls_conn;
struct tls_ctx;

/* --- the pool --- */

/* Starts the threads. NULL: see *diag. */
struct tls *tls_open(const struct tls_pool_cfg *cfg, struct diag *diag);
/* After the workers' end. Takes *tls; NULL is fine. */
void tls_close(struct tls **tls);

/* Worker: readable when tls_reap() has something and the worker said it sleeps.
 */
int tls_wake_fd(const struct tls *tls, unsigned worker_idx);
/* Worker: before and after its sleep, as queue_set_sleeping(). */
void tls_set_sleeping(struct tls *tls, unsigned worker_idx, bool is_asleep);
/*
 * Worker: the owners of up to max connections that have come home. Hands on
 * those that waited for room in a ring.
 */
unsigned tls_reap(struct tls *tls, unsigned worker_idx, void **owners,
		  unsigned max);
/*
 * Worker: not 0 while tls_reap() or tls_set_sleeping() have anything to do: a
 * worker without TLS need not call them.
 */
const uint32_t *tls_busy(const struct tls *tls, unsigned worker_idx);
/* Worker: a new handshake would not have to wait for room in a ring. */
bool tls_has_room(const struct tls *tls, unsigned worker_idx);

/* --- a connection: its worker's thread, and at home unless it says so --- */

enum tls_state {
	TLS_HANDSHAKE,
	TLS_OPEN,
	TLS_ENDED,  /* by the peer's close-notify */
	TLS_FAILED, /* tls_conn_reason() says why; an alert may wait in out */
};

/*
 * A connection whose handshake comes next, with a reference to ctx of its own.
 * owner: what tls_reap() gives. NULL without memory.
 */
struct tls_conn *tls_conn_new(struct tls *tls, unsigned worker_idx,
			      struct tls_ctx *ctx, void *owner);
/*
 * Takes *c, at home or away. why: counted when there was no handshake yet and
 * none has failed.
 */
void tls_conn_close(struct tls_conn **c, enum tls_reason why);

/* Away: nothing of it may be touched but by tls_conn_close(), _write(). */
bool tls_conn_is_away(const struct tls_conn *c);
enum tls_state tls_conn_state(const struct tls_conn *c);
enum tls_reason tls_conn_reason(const struct tls_conn *c);
/* The library's own words, or "". */
const char *tls_conn_error(const struct tls_conn *c);
/* The records are the TLS threads': feed it; what is read comes by itself. */
bool tls_conn_is_fed(const struct tls_conn *c);

/*
 * Handshake, or a connection that is fed: takes bytes from the wire, and gives
 * how many. As soon as a whole record is here the connection goes away.
 */
size_t tls_conn_feed(struct tls_conn *c, struct span cipher, uint64_t now_us);
/*
 * Bytes for the wire, in order: the caller sends them, then says so. After
 * each call of any function of a connection, and before another connection's.
 */
struct span tls_conn_out(const struct tls_conn *c);
void tls_conn_out_sent(struct tls_conn *c);

enum tls_read {
	TLS_READ_BYTES, /* *plain has at least one */
	TLS_READ_EMPTY, /* *cipher is used up */
	TLS_READ_END,	/* close-notify */
	TLS_READ_FAILED,
};
/*
 * TLS_OPEN: the next plain text, out of what waits and of *cipher, whose used
 * bytes are cut off. *plain is valid until tls_conn_read_done(), which says how
 * many of its bytes were used: the rest comes first the next time. That has
 * to be called after TLS_READ_BYTES, before any other connection's read.
 */
enum tls_read tls_conn_read(struct tls_conn *c, struct span *cipher,
			    struct span *plain);
/* There may be plain text even without any *cipher. */
bool tls_conn_has_input(const struct tls_conn *c);
void tls_conn_read_done(struct tls_conn *c, size_t used_bytes);
/*
 * Plain text to be sent, all or none. false: too much waits, no memory, or the
 * connection is over.
 */
#define TLS_WRITE_BYTES_MAX (64u * 1024)
MUST_USE bool tls_conn_write(struct tls_conn *c, struct span plain);
/* A connection that is fed: sends it away when there is something to do. */
void tls_conn_push(struct tls_conn *c);
/* Says close-notify; what was written before it goes out first. */
void tls_conn_shut(struct tls_conn *c);

/* --- what a handshake has agreed on: from TLS_OPEN on --- */

struct tls_info {
	const char *protocol; /* "TLSv1.3" */
	const char *trust;    /* "Anonymous", "Untrusted", "Trusted" */
	const char *summary;  /* "TLSv1.3 with cipher ... (256/256 bits)" */
	const char *detail;   /* "key-exchange ... server-digest ...", or "" */
	const char *peer;     /* "No client certificate requested", ... */
	/* Fingerprints of the client's certificate, and of its key, or "" */
	const char *certificate, *public_key;
	const char *sni; /* the name that the client asked for, or "" */
	bool is_resumed;
};
/* Valid until tls_conn_close(). */
const struct tls_info *tls_conn_info(const struct tls_conn *c);

/* --- numbers: any thread --- */

/* Bucket i: less than 2^(i+1) us, from first byte to finished handshake. */
#define TLS_TIMES_N 26

struct tls_stats {
	uint64_t handshakes_n, resumed_n, waiting_n, waited_n;
	uint64_t failed_n[TLS_REASON_N];
	uint64_t times_n[TLS_TIMES_N];
	uint64_t in_flight_n;	  /* of all rings, now */
	uint64_t in_flight_max_n; /* the most of one ring, ever */
	uint64_t threads_n, queue_max;
	uint64_t steps_n, busy_us; /* of the TLS threads */
};
void tls_stats_get(const struct tls *tls, struct tls_stats *out);

#endif
