/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tls_int.h: what connections need of a context. Private to tls/ and its unit
 * tests.
 */
#ifndef PENSTOCK_TLS_TLS_INT_H
#define PENSTOCK_TLS_TLS_INT_H

#include "tls/tls_ctx.h"

#include <openssl/ssl.h>

/* Borrowed from ctx. */
SSL_CTX *tls_ctx_ssl(const struct tls_ctx *ctx);

#endif
