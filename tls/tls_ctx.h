/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tls_ctx.h: certificates and settings of a service, shared by all its
 * connections. Immutable; counted references: the last one to let go frees it.
 */
#ifndef PENSTOCK_TLS_TLS_CTX_H
#define PENSTOCK_TLS_TLS_CTX_H

#include "engine/base/diag.h"
#include "tls/tls_cfg.h"

struct tls_ctx;

/* Start and reload: reads files. NULL: what is wrong is in *diag. */
struct tls_ctx *tls_ctx_new(const struct tls_cfg *cfg, struct diag *diag);
/* Any thread. */
struct tls_ctx *tls_ctx_get(struct tls_ctx *ctx);
void tls_ctx_put(struct tls_ctx **ctx);

#endif
