/* SPDX-License-Identifier: BSD-2-Clause */
/* A service's TLS settings, made once for all its connections. */
#include "tls/tls_ctx_int.h"
#include "tls/tls_int.h"

#include <openssl/err.h>
#include <stdlib.h>

/* Without an answer to "smtp" (RFC 7301) a client goes on all the same. */
static int
on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_bytes,
	const unsigned char *offer, unsigned offer_bytes, void *arg)
{
	for (unsigned i = 0; i < offer_bytes; i += 1u + offer[i]) {
		struct span name = { (const char *)offer + i + 1, offer[i] };

		if (name.len > offer_bytes - i - 1)
			break;
		if (span_is_equal(name, SPAN("smtp"))) {
			*out = offer + i + 1;
			*out_bytes = offer[i];
			return SSL_TLSEXT_ERR_OK;
		}
	}
	return SSL_TLSEXT_ERR_NOACK;
}

static bool
is_none(const char *file)
{
	return file == NULL || *file == '\0' || strcmp(file, "none") == 0;
}

static bool
add_pair(struct tls_certs *certs, struct tls_say say, enum tls_place place,
	 const char *cert_file, const char *key_file)
{
	say.place = place;
	if (is_none(cert_file))
		return true;
	return tls_certs_add_pair(certs, &say, cert_file,
				  is_none(key_file) ? cert_file : key_file);
}

static bool
load_certs(struct tls_ctx *ctx, struct tls_say say)
{
	const struct tls_cfg *cfg = say.cfg;

	say.place = TLS_PLACE_CHAIN_FILES;
	if (cfg->chain_files != NULL && *cfg->chain_files != '\0')
		return tls_certs_add_files(&ctx->certs, &say,
					   span_of(cfg->chain_files));
	return add_pair(&ctx->certs, say, TLS_PLACE_CERT_FILE, cfg->cert_file,
			cfg->key_file) &&
	       add_pair(&ctx->certs, say, TLS_PLACE_ECCERT_FILE,
			cfg->eccert_file, cfg->eckey_file);
}

static bool
set_up(struct tls_ctx *ctx, const struct tls_say *say)
{
	SSL_CTX *ssl = ctx->ssl;

	SSL_CTX_set_app_data(ssl, ctx);
	SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_alpn_select_cb(ssl, on_alpn, NULL);
	if (!tls_cipher_setup(ssl, say) || !load_certs(ctx, *say))
		return false;
	if (!tls_certs_use(&ctx->certs, ssl))
		return tls_fail(say, "the certificate cannot be used: %s",
				tls_error());
	tls_ocsp_setup(ctx, say);
	return tls_verify_setup(ctx, say) && tls_resume_setup(ctx, say) &&
	       tls_sni_setup(ctx, say);
}

struct tls_ctx *
tls_ctx_new(const struct tls_cfg *cfg, struct tls_shared *shared,
	    struct diag *diag)
{
	struct tls_ctx *ctx = must_alloc(sizeof(*ctx));
	struct tls_say say = { cfg, diag, TLS_PLACE_CERT_FILE };

	ERR_clear_error();
	atomic_init(&ctx->refs, 1);
	ctx->ssl = SSL_CTX_new(TLS_server_method());
	ctx->shared = shared ? tls_shared_get(shared) : tls_shared_new();
	if (ctx->ssl == NULL || ctx->shared == NULL) {
		tls_fail(&say, "no memory");
		tls_ctx_put(&ctx);
	} else if (!set_up(ctx, &say)) {
		if (diag->errors_n == 0)
			tls_fail(&say, "%s", tls_error());
		tls_ctx_put(&ctx);
	}
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
	    atomic_fetch_sub_explicit(&ctx->refs, 1, memory_order_acq_rel) > 1)
		return;
	SSL_CTX_free(ctx->ssl);
	tls_sni_free(&ctx->sni);
	tls_ocsp_free(&ctx->ocsp);
	tls_certs_fini(&ctx->certs);
	tls_shared_put(&ctx->shared);
	if (ctx->release != NULL)
		ctx->release(ctx->what);
	free(ctx);
}

void
tls_ctx_keep(struct tls_ctx *ctx, void (*release)(void *what), void *what)
{
	must(ctx->release == NULL);
	ctx->release = release;
	ctx->what = what;
}

SSL_CTX *
tls_ctx_ssl(const struct tls_ctx *ctx)
{
	return ctx->ssl;
}

struct tls_ctx *
tls_ctx_of(const SSL *ssl)
{
	return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}
