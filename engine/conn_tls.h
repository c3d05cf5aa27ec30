/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conn_tls.h: what a connection does with TLS: bytes between its stream and its
 * struct tls_conn. Its worker's thread only; never blocks.
 */
#ifndef PENSTOCK_ENGINE_CONN_TLS_H
#define PENSTOCK_ENGINE_CONN_TLS_H

#include "engine/conn.h"

enum conn_tls {
	CONN_TLS_WAIT, /* for the peer, or for a TLS thread */
	CONN_TLS_DONE,
	CONN_TLS_REFUSED, /* answered 454: the session goes on in plain text */
	CONN_TLS_CLOSE,
};

/* The SMTP machine wants TLS. As conn_tls_step(). */
enum conn_tls conn_tls_begin(struct worker *w, struct conn *c);
/* A step of the handshake with what has come. */
enum conn_tls conn_tls_step(struct worker *w, struct conn *c);

/* A TLS thread has it: nothing but conn_tls_put() and _close() are allowed. */
bool conn_tls_is_away(const struct conn *c);
/* Replies, to be encrypted. false: the peer does not read, or it is over. */
MUST_USE bool conn_tls_put(struct worker *w, struct conn *c,
			   struct span replies);
/* Sends what is encrypted. false: the peer does not read. */
MUST_USE bool conn_tls_flush(struct worker *w, struct conn *c);
/*
 * Fed connections: takes what the stream has and what is to be encrypted to a
 * TLS thread. false: the peer is gone.
 */
MUST_USE bool conn_tls_push(struct worker *w, struct conn *c);
/* Close-notify, where it can be said. */
void conn_tls_close(struct worker *w, struct conn *c);

#endif
