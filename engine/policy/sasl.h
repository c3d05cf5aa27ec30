/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sasl.h: logging in by a Dovecot auth server. One thread of its own talks with
 * all the servers; a ring each way joins it with each worker, and an exchange
 * belongs to one thread at a time: to its worker, or, while it is away, to the
 * SASL thread. Nothing here blocks but sasl_open(), sasl_want(), sasl_close().
 *
 * A server that hangs, dies or comes back costs its clients a 454 at most: each
 * question is answered within SASL_ANSWER_US. The first question of an exchange
 * whose server goes away is asked once more, of the next connection, and has
 * twice that time.
 */
#ifndef PENSTOCK_POLICY_SASL_H
#define PENSTOCK_POLICY_SASL_H

#include "engine/base/diag.h"
#include "engine/base/ip.h"
#include "engine/base/must.h"
#include "engine/policy/sasl_cfg.h"

struct sasl;
struct sasl_server;
struct sasl_auth;

#define SASL_ANSWER_US	    10000000u /* as Postfix waits */
#define SASL_SERVERS_MAX    16
#define SASL_MECH_BYTES_MAX 32	/* with its NUL; RFC 4422: 20 letters */
#define SASL_MECHS_TEXT_MAX 400 /* of EHLO's line */
#define SASL_USER_BYTES_MAX 256 /* with its NUL */
#define SASL_TEXT_BYTES_MAX 256 /* of a reason, with its NUL */

/* --- the pool --- */

/* Starts the thread. NULL: see *diag. */
struct sasl *sasl_open(unsigned workers_n, struct diag *diag);
/* After the workers' end. Takes *s; NULL is fine. */
void sasl_close(struct sasl **s);

/*
 * One thread at a time: from now on these are the servers that are kept
 * connected; of others no more is asked. addresses: as in sasl_cfg.path. What
 * cannot be used, or is too many, is a warning in *diag.
 */
void sasl_want(struct sasl *s, const char *const *addresses, unsigned n,
	       struct diag *diag);
/* Any thread: NULL when nobody has wanted it. */
struct sasl_server *sasl_server_find(struct sasl *s, const char *address);

/* --- what a server offers: any thread --- */

/* It has said what it offers, or has failed to. */
bool sasl_server_is_known(const struct sasl_server *server);
/*
 * The mechanisms that cfg lets through, with a blank between them; "" when
 * there are none. A server that is gone still offers what it did.
 */
void sasl_server_offer(const struct sasl_server *server,
		       const struct sasl_cfg *cfg, bool is_tls,
		       char out[SASL_MECHS_TEXT_MAX]);
/* Is that one of them? */
bool sasl_server_offers(const struct sasl_server *server,
			const struct sasl_cfg *cfg, bool is_tls,
			struct span mech);
/* A word of smtpd_sasl_security_options that nobody knows, or nothing. */
struct span sasl_options_unknown(const char *options);

/* --- an exchange: its worker's thread --- */

/* Readable when sasl_reap() has something. */
int sasl_wake_fd(const struct sasl *s, unsigned worker_idx);
/* Not 0 while sasl_reap() may have anything to do. */
const uint32_t *sasl_busy(const struct sasl *s, unsigned worker_idx);
/* The owner of an exchange that has come home, or NULL: no more now. */
void *sasl_reap(struct sasl *s, unsigned worker_idx);

/* Keeps server until sasl_auth_close(). NULL: no memory. */
struct sasl_auth *sasl_auth_new(struct sasl *s, unsigned worker_idx,
				struct sasl_server *server, void *owner);
/* Takes *a, at home or away: the server is told when it has to be. */
void sasl_auth_close(struct sasl_auth **a);

/* Wait until the server is known. */
void sasl_auth_wait(struct sasl_auth *a);

struct sasl_question {
	struct span mech;
	struct span service;
	struct span response; /* base64, initial */
	bool has_response;
	bool has_local;
	bool is_tls;
	struct ip local_ip, client_ip;
	uint16_t local_port, client_port;
};
/* At home; false: no memory. Copies what it needs. */
MUST_USE bool sasl_auth_begin(struct sasl_auth *a,
			      const struct sasl_question *q);
/* After SASL_MORE. */
MUST_USE bool sasl_auth_go_on(struct sasl_auth *a, struct span response);

enum sasl_outcome {
	SASL_NOTHING, /* of sasl_auth_wait() */
	SASL_MORE,    /* text: the challenge, in base64 */
	SASL_OK,      /* user */
	SASL_FAIL,    /* text: the reason, or ""; user, or "" */
	SASL_TEMP,    /* text: the reason */
};
struct sasl_answer {
	enum sasl_outcome outcome;
	const char *text;
	const char *user;
};
/* At home, after sasl_reap(). Valid until the next call for *a. */
struct sasl_answer sasl_auth_answer(const struct sasl_auth *a);

#endif
