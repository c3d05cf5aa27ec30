/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tls_conn.h: a connection's insides. Whoever has it, its worker or the TLS
 * thread that it is away at, is the only one to touch it, but for what is the
 * worker's always. Private to tls/ and its unit tests.
 */
#ifndef PENSTOCK_TLS_TLS_CONN_H
#define PENSTOCK_TLS_TLS_CONN_H

#include "tls/tls_buf.h"
#include "tls/tls_pool.h"

#include <openssl/ssl.h>

struct tls_conn {
	SSL *ssl; /* NULL before the first whole record, and after a failure */
	struct tls_ctx *ctx;
	struct tls_buf in;    /* from the wire, not used up yet */
	struct tls_buf out;   /* for the wire, made while it was away */
	struct tls_buf plain; /* decrypted, not used up yet */
	struct tls_buf send;  /* fed: plain text to be encrypted */
	uint32_t whole_bytes; /* of in, for this step: whole records */
	struct span direct;   /* from the wire, borrowed during one read */
	struct span read;     /* what the last read gave, until it is done */
	uint64_t first_us;    /* 0: nothing has come */
	uint64_t done_us;     /* the handshake's end */
	unsigned long error;  /* the library's */
	uint8_t state;	      /* enum tls_state */
	uint8_t reason;	      /* enum tls_reason */
	bool is_fed;
	bool is_inline;	 /* out goes to the worker's scratch */
	bool is_shut;	 /* close-notify was said */
	bool has_more;	 /* fed: stopped at a limit: step it again */
	bool is_counted; /* the worker has counted its handshake */
	struct tls_info info;
	char *info_text; /* what info's strings are in */
	/* the worker's, wherever the connection is */
	struct tls_side *side;
	void *owner;	       /* NULL: closed while it was away */
	struct tls_conn *next; /* in side's list */
	struct tls_buf late;   /* fed: written while it was away */
	uint16_t thread_idx;
	bool is_away;
	bool is_waiting; /* away, as far as side's list */
};

/* The BIO between SSL and the buffers: tls_bio.c. */
BIO_METHOD *tls_bio_method_new(void);
/* false without memory. */
MUST_USE bool tls_bio_attach(struct tls_conn *c);

/* TLS thread: one step of what there is to do: tls_step.c. */
void tls_step(struct tls_conn *c);
/* The connection is over; the library's error queue says why unless `why`. */
void tls_conn_fail(struct tls_conn *c, enum tls_reason why);
/* A whole record waits in `in`, or what cannot become one. */
bool tls_has_record(const struct tls_conn *c);

/* Fills info from a finished handshake: tls_info.c. false: no memory. */
MUST_USE bool tls_info_take(struct tls_conn *c);

/* Gives back everything. */
void tls_conn_free(struct tls_conn *c);

#endif
