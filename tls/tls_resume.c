/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sessions that go on: tickets under the process's keys, and a cache for those
 * who have an id only. What TLS 1.3 offers for early data is never offered.
 */
#include "engine/base/clock.h"
#include "tls/tls_ctx_int.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>
#include <stdlib.h>

#define CACHE_ENTRIES 16384
#define PERIOD_US     (UINT64_C(3600) * 1000000) /* of a ticket key, at least */

struct tls_shared *
tls_shared_new(void)
{
	struct tls_shared *shared = must_alloc(sizeof(*shared));

	atomic_init(&shared->refs, 1);
	tls_tickets_init(&shared->tickets, PERIOD_US);
	shared->cache = tls_cache_new(CACHE_ENTRIES);
	if (shared->cache == NULL)
		tls_shared_put(&shared);
	return shared;
}

struct tls_shared *
tls_shared_get(struct tls_shared *shared)
{
	atomic_fetch_add_explicit(&shared->refs, 1, memory_order_relaxed);
	return shared;
}

void
tls_shared_put(struct tls_shared **shared_inout)
{
	struct tls_shared *shared = *shared_inout;

	*shared_inout = NULL;
	if (shared == NULL ||
	    atomic_fetch_sub_explicit(&shared->refs, 1, memory_order_acq_rel) >
		    1)
		return;
	tls_cache_free(&shared->cache);
	tls_tickets_fini(&shared->tickets);
	free(shared);
}

/* --- tickets --- */

static bool
start(EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, struct tls_ticket_key *key,
      const unsigned char *iv, bool is_encrypting)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac,
						  sizeof(key->mac)),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
						 (char *)"SHA256", 0),
		OSSL_PARAM_construct_end(),
	};

	return EVP_MAC_CTX_set_params(mac, params) == 1 &&
	       EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->aes, iv,
				 is_encrypting) == 1;
}

/* The library's contract: -1 failure, 0 full handshake, 1 use, 2 renew. */
static int
on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv,
	  EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int is_encrypting)
{
	struct tls_tickets *tickets = &tls_ctx_of(ssl)->shared->tickets;
	struct tls_ticket_key key;
	int answer = 1;

	if (is_encrypting) {
		if (!tls_tickets_new(tickets, clock_now_us(), &key) ||
		    RAND_bytes(iv, EVP_CIPHER_get_iv_length(
					   EVP_aes_256_cbc())) != 1)
			return -1;
		memcpy(name, key.name, sizeof(key.name));
	} else {
		switch (tls_tickets_find(tickets, clock_now_us(), name, &key)) {
		case TLS_TICKET_UNKNOWN:
			return 0;
		case TLS_TICKET_RENEW:
			answer = 2;
			break;
		case TLS_TICKET_GOOD:
			break;
		}
	}
	if (!start(cipher, mac, &key, iv, is_encrypting))
		answer = -1;
	OPENSSL_cleanse(&key, sizeof(key));
	return answer;
}

/* --- ids --- */

static struct span
id_of(const SSL_SESSION *session)
{
	unsigned len;
	const unsigned char *id = SSL_SESSION_get_id(session, &len);

	return (struct span) { (const char *)id, len };
}

static int
on_new(SSL *ssl, SSL_SESSION *session)
{
	struct tls_ctx *ctx = tls_ctx_of(ssl);
	unsigned char der[TLS_CACHE_ENTRY_BYTES], *end = der;
	uint64_t now_us = clock_now_us();
	int len;

	/* These have tickets, which hold all there is. */
	if (SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION &&
	    !(SSL_get_options(ssl) & SSL_OP_NO_TICKET))
		return 0;
	len = i2d_SSL_SESSION(session, NULL);
	if (len <= 0 || len > (int)sizeof(der))
		return 0;
	len = i2d_SSL_SESSION(session, &end);
	if (len > 0)
		tls_cache_put(ctx->shared->cache, id_of(session),
			      (struct span) { (char *)der, (size_t)len },
			      now_us, now_us + ctx->session_us);
	OPENSSL_cleanse(der, sizeof(der));
	return 0; /* no reference is kept */
}

static SSL_SESSION *
on_find(SSL *ssl, const unsigned char *id, int id_bytes, int *is_shared)
{
	unsigned char der[TLS_CACHE_ENTRY_BYTES];
	const unsigned char *at = der;
	SSL_SESSION *session = NULL;
	struct span of = { (const char *)id, (size_t)id_bytes };
	size_t len = tls_cache_find(tls_ctx_of(ssl)->shared->cache, of,
				    clock_now_us(), der);

	*is_shared = 0;
	if (len != 0)
		session = d2i_SSL_SESSION(NULL, &at, (long)len);
	OPENSSL_cleanse(der, sizeof(der));
	return session;
}

static void
on_remove(SSL_CTX *ssl, SSL_SESSION *session)
{
	struct tls_ctx *ctx = SSL_CTX_get_app_data(ssl);

	tls_cache_drop(ctx->shared->cache, id_of(session));
}

/* --- setup --- */

static void
mix(EVP_MD_CTX *md, const char *text)
{
	text = text ? text : "";
	must(EVP_DigestUpdate(md, text, strlen(text) + 1) == 1);
}

/* What a client had to show, and what it was allowed to agree on. */
static bool
set_id_context(SSL_CTX *ssl, const struct tls_cfg *cfg)
{
	unsigned char id[EVP_MAX_MD_SIZE];
	uint32_t numbers[] = { cfg->is_mandatory, cfg->is_asking,
			       cfg->is_requiring, cfg->verify_depth,
			       cfg->is_default_ca };
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	unsigned len;

	must(md != NULL);
	must(EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1);
	must(EVP_DigestUpdate(md, numbers, sizeof(numbers)) == 1);
	mix(md, cfg->ca_file);
	mix(md, cfg->ca_path);
	mix(md, cfg->is_mandatory ? cfg->mandatory_protocols : cfg->protocols);
	mix(md, cfg->exclude);
	must(EVP_DigestFinal_ex(md, id, &len) == 1);
	EVP_MD_CTX_free(md);
	must(len <= SSL_MAX_SID_CTX_LENGTH);
	return SSL_CTX_set_session_id_context(ssl, id, len) == 1;
}

bool
tls_resume_setup(struct tls_ctx *ctx, const struct tls_say *say)
{
	uint64_t seconds = say->cfg->session_us / 1000000;

	if (!set_id_context(ctx->ssl, say->cfg))
		return tls_fail(say, "%s", tls_error());
	if (SSL_CTX_set_max_early_data(ctx->ssl, 0) != 1)
		return tls_fail(say, "%s", tls_error());
	if (seconds == 0) {
		SSL_CTX_set_session_cache_mode(ctx->ssl, SSL_SESS_CACHE_OFF);
		SSL_CTX_set_options(ctx->ssl, SSL_OP_NO_TICKET);
		return SSL_CTX_set_num_tickets(ctx->ssl, 0) == 1;
	}
	ctx->session_us = say->cfg->session_us;
	tls_tickets_need(&ctx->shared->tickets, ctx->session_us);
	SSL_CTX_set_timeout(ctx->ssl, (long)seconds);
	SSL_CTX_set_session_cache_mode(
		ctx->ssl, SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL |
				  SSL_SESS_CACHE_NO_AUTO_CLEAR);
	SSL_CTX_sess_set_new_cb(ctx->ssl, on_new);
	SSL_CTX_sess_set_get_cb(ctx->ssl, on_find);
	SSL_CTX_sess_set_remove_cb(ctx->ssl, on_remove);
	return SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx->ssl, on_ticket) == 1 &&
	       SSL_CTX_set_num_tickets(ctx->ssl, 1) == 1;
}
