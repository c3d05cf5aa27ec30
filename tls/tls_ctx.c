/* SPDX-License-Identifier: BSD-2-Clause */
/* A service's certificates, loaded once for all its connections. */
#include "tls/tls_ctx.h"
#include "tls/tls_int.h"

#include <openssl/err.h>
#include <stdatomic.h>
#include <stdlib.h>

struct tls_ctx {
	SSL_CTX *ssl;
	_Atomic unsigned refs;
};

static bool
fail(struct diag *diag, const char *file, const char *what)
{
	unsigned long e = ERR_get_error();
	const char *why = e ? ERR_reason_error_string(e) : NULL;

	diag_add(diag, DIAG_ERROR, NULL, 0, "%s: %s: %s", file, what,
		 why ? why : "failed");
	ERR_clear_error();
	return false;
}

static bool
load(SSL_CTX *ssl, const struct tls_cfg *cfg, struct diag *diag)
{
	static const unsigned char id[] = "penstock";

	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(ssl, cfg->cert_file) != 1)
		return fail(diag, cfg->cert_file, "no certificate");
	if (SSL_CTX_use_PrivateKey_file(ssl, cfg->key_file, SSL_FILETYPE_PEM) !=
		    1 ||
	    SSL_CTX_check_private_key(ssl) != 1)
		return fail(diag, cfg->key_file,
			    "no private key of the certificate");
	SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION);
	return SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) &&
	       SSL_CTX_set_session_id_context(ssl, id, sizeof(id) - 1);
}

struct tls_ctx *
tls_ctx_new(const struct tls_cfg *cfg, struct diag *diag)
{
	struct tls_ctx *ctx = must_alloc(sizeof(*ctx));

	atomic_init(&ctx->refs, 1);
	ctx->ssl = SSL_CTX_new(TLS_server_method());
	must(ctx->ssl != NULL);
	if (!load(ctx->ssl, cfg, diag))
		tls_ctx_put(&ctx);
	return ctx;
}

struct tls_ctx *
tls_ctx_get(struct tls_ctx *ctx)
{
	atomic_fetch_add_explicit(&ctx->refs, 1, memory_order_relaxed);
	return ctx;
}

void
tls_ctx_put(struct tls_ctx **ctx_inout)
{
	struct tls_ctx *ctx = *ctx_inout;

	*ctx_inout = NULL;
	if (ctx == NULL ||
	    atomic_fetch_sub_explicit(&ctx->refs, 1, memory_order_acq_rel) != 1)
		return;
	SSL_CTX_free(ctx->ssl);
	free(ctx);
}

SSL_CTX *
tls_ctx_ssl(const struct tls_ctx *ctx)
{
	return ctx->ssl;
}
