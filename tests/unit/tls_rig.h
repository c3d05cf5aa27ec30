/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tls_rig.h: both ends of a TLS connection in memory: ours over the pool, and a
 * client of the library's own. The bytes between them can be split at will.
 */
#ifndef PENSTOCK_TESTS_TLS_RIG_H
#define PENSTOCK_TESTS_TLS_RIG_H

#include "tests/unit/check.h"
#include "tls/tls_conn.h"
#include "tls/tls_int.h"
#include "tls/tls_peer.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <stdlib.h>

/* --- a context: a self-signed certificate, made anew --- */

struct tls_ctx {
	SSL_CTX *ssl;
	_Atomic int refs;
};

struct tls_ctx *
tls_ctx_get(struct tls_ctx *ctx)
{
	ctx->refs++;
	return ctx;
}

void
tls_ctx_put(struct tls_ctx **ctx)
{
	must((*ctx)->refs-- > 0);
	*ctx = NULL;
}

SSL_CTX *
tls_ctx_ssl(const struct tls_ctx *ctx)
{
	return ctx->ssl;
}

/* What a digest of a real context makes of it is tls_verify_test's. */
bool
tls_peer_fingerprints(SSL *ssl, struct tls_fingerprints *out)
{
	*out = (struct tls_fingerprints) { "", "" };
	if (SSL_get0_peer_certificate(ssl) == NULL)
		return false;
	*out = (struct tls_fingerprints) { "AA:BB", "CC:DD" };
	return true;
}

static inline EVP_PKEY *
rig_key(bool is_rsa)
{
	return is_rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
}

static inline X509 *
rig_cert(EVP_PKEY *key, const char *name)
{
	X509 *cert = X509_new();
	X509_NAME *subject = X509_get_subject_name(cert);

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
				   (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(cert, subject);
	X509_set_pubkey(cert, key);
	must(X509_sign(cert, key, EVP_sha256()) > 0);
	return cert;
}

static inline void
rig_certify(SSL_CTX *ctx, bool is_rsa, const char *name)
{
	EVP_PKEY *key = rig_key(is_rsa);
	X509 *cert = rig_cert(key, name);

	must(SSL_CTX_use_certificate(ctx, cert) == 1);
	must(SSL_CTX_use_PrivateKey(ctx, key) == 1);
	X509_free(cert);
	EVP_PKEY_free(key);
}

/* --- both ends --- */

struct rig {
	struct tls_pool_cfg cfg;
	struct tls *tls;
	struct tls_ctx ctx;
	SSL_CTX *client_ctx;
	SSL *client;
	BIO *to_client, *from_client;
	struct tls_conn *conn;
	size_t split; /* bytes moved at once; 0: all */
	size_t left_at, left_len;
	char left[4096]; /* from the client, not taken yet */
	bool is_rsa, is_client_certified;
	int version; /* 0: any */
};

static inline void
rig_open(struct rig *r)
{
	struct diag diag;

	diag_init(&diag);
	if (r->cfg.workers_n == 0)
		r->cfg.workers_n = 1;
	if (r->cfg.queue_max == 0)
		r->cfg.queue_max = 64;
	r->tls = tls_open(&r->cfg, &diag);
	must(r->tls != NULL && diag.errors_n == 0);
	diag_fini(&diag);
	r->ctx.ssl = SSL_CTX_new(TLS_server_method());
	rig_certify(r->ctx.ssl, r->is_rsa, "mx.example.test");
	r->client_ctx = SSL_CTX_new(TLS_client_method());
	if (r->is_client_certified) {
		rig_certify(r->client_ctx, false, "client \"x\" (y)");
		SSL_CTX_set_verify(r->ctx.ssl, SSL_VERIFY_PEER, NULL);
	}
	if (r->version) {
		SSL_CTX_set_min_proto_version(r->client_ctx, r->version);
		SSL_CTX_set_max_proto_version(r->client_ctx, r->version);
	}
}

/* A client and a connection of ours, nothing exchanged yet. */
static inline void
rig_connect(struct rig *r)
{
	r->client = SSL_new(r->client_ctx);
	r->to_client = BIO_new(BIO_s_mem());
	r->from_client = BIO_new(BIO_s_mem());
	BIO_set_mem_eof_return(r->to_client, -1);
	SSL_set_bio(r->client, r->to_client, r->from_client);
	SSL_set_connect_state(r->client);
	r->conn = tls_conn_new(r->tls, 0, &r->ctx, r);
	must(r->conn != NULL);
}

static inline void
rig_disconnect(struct rig *r)
{
	tls_conn_close(&r->conn, TLS_REASON_GONE);
	SSL_free(r->client);
	r->client = NULL;
}

static inline void
rig_close(struct rig *r)
{
	tls_close(&r->tls);
	SSL_CTX_free(r->ctx.ssl);
	SSL_CTX_free(r->client_ctx);
	CHECK(r->ctx.refs == 0);
}

/* Waits, as a worker does, until the connection is home; sends its bytes. */
static inline void
rig_settle(struct rig *r)
{
	struct pollfd p = { tls_wake_fd(r->tls, 0), POLLIN, 0 };
	struct span out;
	void *owner;

	while (tls_conn_is_away(r->conn)) {
		tls_set_sleeping(r->tls, 0, true);
		(void)!poll(&p, 1, 10000);
		tls_set_sleeping(r->tls, 0, false);
		(void)!tls_reap(r->tls, 0, &owner, 1);
	}
	out = tls_conn_out(r->conn);
	if (out.len)
		must(BIO_write(r->to_client, out.p, (int)out.len) ==
		     (int)out.len);
	tls_conn_out_sent(r->conn);
}

/* What the client has sent, in pieces, to a connection that takes it. */
static inline size_t
rig_take(struct rig *r, char *p, size_t max)
{
	size_t n = r->split && r->split < max ? r->split : max;
	int got = BIO_read(r->from_client, p, (int)n);

	return got > 0 ? (size_t)got : 0;
}

/* One flight each way; false: nothing moved. */
static inline bool
rig_feed(struct rig *r)
{
	size_t used;

	rig_settle(r);
	if (r->left_len == 0) {
		r->left_at = 0;
		r->left_len = rig_take(r, r->left, sizeof(r->left));
	}
	if (r->left_len == 0)
		return false;
	used = tls_conn_feed(
		r->conn, (struct span) { r->left + r->left_at, r->left_len },
		1);
	r->left_at += used;
	r->left_len -= used;
	rig_settle(r);
	return used > 0;
}

/* true: both ends agree that it is done. */
static inline bool
rig_handshake(struct rig *r)
{
	bool is_done = false;

	for (int i = 0; i < 100000; i++) {
		bool moved;

		is_done = is_done || SSL_do_handshake(r->client) == 1;
		moved = rig_feed(r);
		if (tls_conn_state(r->conn) != TLS_HANDSHAKE || !moved)
			break;
	}
	is_done = is_done || SSL_do_handshake(r->client) == 1;
	return is_done && tls_conn_state(r->conn) == TLS_OPEN;
}

/* Everything that the client has written, decrypted; the last outcome. */
static inline enum tls_read
rig_read(struct rig *r, char *text, size_t cap)
{
	enum tls_read got = TLS_READ_EMPTY;
	size_t len = 0, n;
	char p[4096];

	CHECK(r->left_len == 0);
	while ((n = rig_take(r, p, sizeof(p))) > 0) {
		struct span cipher = { p, n }, plain;

		while ((got = tls_conn_read(r->conn, &cipher, &plain)) ==
		       TLS_READ_BYTES) {
			must(len + plain.len < cap);
			memcpy(text + len, plain.p, plain.len);
			len += plain.len;
			tls_conn_read_done(r->conn, plain.len);
		}
		rig_settle(r);
		if (got == TLS_READ_EMPTY)
			CHECK(cipher.len == 0);
	}
	text[len] = '\0';
	return got;
}

#endif
