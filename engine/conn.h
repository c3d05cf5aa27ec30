/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conn.h: one connection of a worker: the only place where streams, the SMTP
 * machine, policy and the queue meet. Its worker's thread only.
 */
#ifndef PENSTOCK_ENGINE_CONN_H
#define PENSTOCK_ENGINE_CONN_H

#include "engine/policy/lookup.h"
#include "engine/worker.h"

enum conn_wait {
	CONN_WAIT_PEER,	  /* for bytes, or for room to send */
	CONN_WAIT_COMMIT, /* for queue_reap() */
	CONN_WAIT_RETRY,  /* for memory or the queue: run again next turn */
	CONN_WAIT_PAUSE,  /* for the timer */
	CONN_WAIT_TLS,	  /* for a handshake: the peer or tls_reap() */
	CONN_WAIT_LOOKUP, /* policy, for lookups_next() */
	CONN_WAIT_AUTH,	  /* for a SASL server: sasl_reap() */
	CONN_WAIT_REPLY,  /* committed: for room to say so */
};

struct conn {
	struct smtp smtp;
	struct net_stream *stream;
	struct site *site;
	const struct service *service;
	const struct policy *policy;
	struct tls_ctx *tls_ctx;    /* the site's; NULL: no TLS here */
	struct tls_conn *tls;	    /* NULL: plain text */
	struct queue_msg *msg;	    /* from MAIL to its submission */
	struct chunk *streaming;    /* chunks that wait to be handed on */
	struct limit_client *limit; /* NULL: nobody counts */
	struct sasl_server *sasl;   /* NULL: nobody can log in here */
	struct sasl_auth *auth;	    /* NULL: nobody does now */
	struct lookup_pins pins;    /* what policy has asked the outside */
	struct wheel_node timer;
	struct smtp_tls tls_text;
	const struct tls_info *tls_info; /* NULL: plain text */
	uint64_t retry_since_us;  /* 0: not waiting for memory or the queue */
	struct conn *next, *prev; /* of worker.all; next of free_conns */
	struct conn *next_retry;
	uint8_t wait;	 /* enum conn_wait */
	uint8_t tls_why; /* enum tls_reason: if it ends in the handshake */
	uint8_t outcome; /* enum queue_outcome, of CONN_WAIT_REPLY */
	bool has_work;	 /* step it even without input */
	bool is_on_retry;
	bool is_discard;       /* policy: accept and throw away */
	bool is_sealed;	       /* the message has its body and its seal */
	bool is_commit_wanted; /* ... and the queue has not taken it yet */
};

/* A stream that net_accept() gave. Takes it. */
void conn_open(struct worker *w, struct net_stream *stream);
/* Its stream is ready, its timer fired, its message is durable. */
void conn_run(struct worker *w, struct conn *c);
void conn_committed(struct worker *w, struct conn *c,
		    enum queue_outcome outcome);
void conn_timer(struct worker *w, struct conn *c);
/*
 * The SMTP machine wants to know whether it may go on, or who its client is:
 * conn_check.c.
 */
void conn_check(struct worker *w, struct conn *c);
/* Of these, the client's name: conn_name.c. */
void conn_name(struct worker *w, struct conn *c);
/* Every answer that policy, or its name, has waited for is there. */
void conn_looked_up(struct worker *w, struct conn *c);
/* The engine stops: 421 if it may be told now. */
void conn_shut_down(struct worker *w, struct conn *c, bool is_forced);

#endif
