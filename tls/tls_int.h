/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tls_int.h: what connections need of a context. Private to tls/ and its unit
 * tests.
 */
#ifndef PENSTOCK_TLS_TLS_INT_H
#define PENSTOCK_TLS_TLS_INT_H

#include <openssl/ssl.h>

struct tls_ctx;

/* Counted references; any thread. The last one to let go frees it. */
struct tls_ctx *tls_ctx_get(struct tls_ctx *ctx);
void tls_ctx_put(struct tls_ctx **ctx);
/* Borrowed from ctx. */
SSL_CTX *tls_ctx_ssl(const struct tls_ctx *ctx);

#endif
