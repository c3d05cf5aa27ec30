/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tls_ctx_int.h: a context's parts, each of which sets up a part of an SSL_CTX
 * and answers the library's questions from any TLS thread afterwards. Private
 * to tls/ and its unit tests.
 */
#ifndef PENSTOCK_TLS_TLS_CTX_INT_H
#define PENSTOCK_TLS_TLS_CTX_INT_H

#include "tls/tls_cache.h"
#include "tls/tls_certs.h"
#include "tls/tls_ctx.h"
#include "tls/tls_ticket.h"

#include <stdatomic.h>

struct tls_shared {
	_Atomic unsigned refs;
	struct tls_tickets tickets;
	struct tls_cache *cache;
};

struct tls_sni;
struct tls_ocsp;

struct tls_ctx {
	_Atomic unsigned refs;
	SSL_CTX *ssl;
	struct tls_shared *shared;
	struct tls_certs certs; /* of who asks for no name, or an unknown one */
	struct tls_sni *sni;	/* NULL: no maps */
	struct tls_ocsp *ocsp;	/* NULL: nothing to staple */
	const EVP_MD *digest;	/* of fingerprints */
	uint64_t session_us;
	void (*release)(void *what); /* tls_ctx_keep() */
	void *what;
};

/* The context that a connection was made with. */
struct tls_ctx *tls_ctx_of(const SSL *ssl);

/* tls_cipher.c: protocols, ciphers, groups and options. */
MUST_USE bool tls_cipher_setup(SSL_CTX *ssl, const struct tls_say *say);

/*
 * tls_resume.c: tickets and the cache. Whoever resumes has had the same demands
 * made on them: settings that differ in those give ids that differ.
 */
MUST_USE bool tls_resume_setup(struct tls_ctx *ctx, const struct tls_say *say);

/* tls_verify.c: certificates of clients. */
MUST_USE bool tls_verify_setup(struct tls_ctx *ctx, const struct tls_say *say);

/* tls_sni.c: certificates by the name that a client asks for. */
MUST_USE bool tls_sni_setup(struct tls_ctx *ctx, const struct tls_say *say);
void tls_sni_free(struct tls_sni **sni);
/* Each name and what it is served with. */
typedef void tls_sni_fn(void *arg, struct span name,
			const struct tls_certs *certs);
void tls_sni_each(const struct tls_sni *sni, tls_sni_fn *fn, void *arg);

/*
 * tls_ocsp.c: answers of the certificates' authority (RFC 6960) that are sent
 * along. What is wrong with them is a warning: service goes on without.
 */
void tls_ocsp_setup(struct tls_ctx *ctx, const struct tls_say *say);
void tls_ocsp_free(struct tls_ocsp **ocsp);

#endif
