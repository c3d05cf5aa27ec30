/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tls_ctx.h: what a service's connections have in common: certificates, which
 * protocols and ciphers, who is asked for a certificate. Made at start and
 * reload, by one thread, which reads files; then immutable (names of
 * tls_server_sni_maps that only a pattern knows are read when a client asks for
 * them). Counted references, any thread: who has one when a reload makes a new
 * context goes on with the old one.
 */
#ifndef PENSTOCK_TLS_TLS_CTX_H
#define PENSTOCK_TLS_TLS_CTX_H

#include "engine/base/diag.h"
#include "tls/tls_cfg.h"

struct tls_ctx;
/*
 * What outlives a reload and belongs to all services: the keys of session
 * tickets, and the sessions that clients know by an id.
 */
struct tls_shared;

/* NULL: no memory. */
struct tls_shared *tls_shared_new(void);
struct tls_shared *tls_shared_get(struct tls_shared *shared);
void tls_shared_put(struct tls_shared **shared);

/*
 * Borrows *cfg; keeps cfg->sni_maps, for which tls_ctx_keep() is. NULL after
 * saying what is wrong in *diag, with file, line and a remedy. shared: NULL
 * for one of its own.
 */
struct tls_ctx *tls_ctx_new(const struct tls_cfg *cfg,
			    struct tls_shared *shared, struct diag *diag);
struct tls_ctx *tls_ctx_get(struct tls_ctx *ctx);
void tls_ctx_put(struct tls_ctx **ctx);
/*
 * Keeps what, which owns the tables: release(what) after the last reference,
 * on the thread that had it. Once, by the maker.
 */
void tls_ctx_keep(struct tls_ctx *ctx, void (*release)(void *what), void *what);

/*
 * After a change of user: warns of each file that a reload could not read.
 */
void tls_access_check(const struct tls_cfg *cfg, struct diag *diag);

/*
 * For `penstock check`: names when each certificate ends, and what is doubtful,
 * down to every name of tls_server_sni_maps.
 */
void tls_ctx_check(const struct tls_ctx *ctx, struct diag *diag);

#endif
