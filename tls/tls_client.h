/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tls_client.h: the client's end of TLS, for programs that load or test a
 * server: bytes in, bytes out, no I/O; never blocks. Trusts any server. A
 * client belongs to one thread at a time; clients of any thread share a
 * tls_client_ctx.
 */
#ifndef PENSTOCK_TLS_TLS_CLIENT_H
#define PENSTOCK_TLS_TLS_CLIENT_H

#include "engine/base/diag.h"
#include "engine/base/must.h"
#include "engine/base/span.h"

struct tls_client_ctx;
struct tls_client;
/* What a later client can resume. */
struct tls_session;

/* NULL: no memory. */
struct tls_client_ctx *tls_client_ctx_new(void);
/* After all its clients. */
void tls_client_ctx_free(struct tls_client_ctx **ctx);

/*
 * Begins a handshake: its first bytes are in tls_client_out(). name: asked for
 * with SNI, or NULL. session: borrowed, to be resumed, or NULL. NULL: no
 * memory.
 */
struct tls_client *tls_client_new(struct tls_client_ctx *ctx, const char *name,
				  struct tls_session *session);
void tls_client_free(struct tls_client **client);

enum tls_client_state {
	TLS_CLIENT_HANDSHAKE,
	TLS_CLIENT_OPEN,
	TLS_CLIENT_ENDED, /* by the server's close-notify */
	TLS_CLIENT_FAILED /* tls_client_error() says why */
};
enum tls_client_state tls_client_state(const struct tls_client *c);
/* The library's words. */
const char *tls_client_error(const struct tls_client *c);

/* Takes bytes from the wire, all of them. Gives the state. */
enum tls_client_state tls_client_feed(struct tls_client *c, struct span cipher);
/* Bytes for the wire, in order; those sent are told. */
struct span tls_client_out(const struct tls_client *c);
void tls_client_out_sent(struct tls_client *c, size_t bytes);

/* Plain text: 0: none for now, see the state. */
size_t tls_client_read(struct tls_client *c, char *out, size_t cap);
/* TLS_CLIENT_OPEN: encrypts all of it. false: it has failed. */
MUST_USE bool tls_client_write(struct tls_client *c, struct span plain);
/* Says close-notify. */
void tls_client_shut(struct tls_client *c);

/* From TLS_CLIENT_OPEN on. */
bool tls_client_is_resumed(const struct tls_client *c);
const char *tls_client_protocol(const struct tls_client *c);
/* The last one that the server gave, or NULL: the caller's. */
struct tls_session *tls_client_session(struct tls_client *c);
void tls_session_free(struct tls_session **session);

#endif
