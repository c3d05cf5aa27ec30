/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What full TLS 1.3 handshakes cost a server in CPU time, in one thread and
 * over memory: with nothing but the library ("bare", the limit of whoever uses
 * it), and as a TLS thread does it ("ours": contexts, buffers and tls_step()).
 * In turn, so that both see the same machine. And the arithmetic of one, which
 * no state machine can do without: a signature, a key of X25519's, a secret.
 *
 *	tls_bench CERT KEY HANDSHAKES
 *
 * Prints JSON: microseconds a handshake. The client's work is not in it.
 */
#include "tls/tls_client.h"
#include "tls/tls_conn.h"
#include "tls/tls_int.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TURN_N 50 /* handshakes until it is the other one's turn */

struct bench {
	struct tls_client_ctx *client_ctx;
	SSL_CTX *bare;
	struct tls *tls;
	struct tls_ctx *ctx;
};

static uint64_t
cpu_ns(void)
{
	struct timespec t;

	must(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Everything that the client has to say. */
static struct span
take(struct tls_client *client)
{
	struct span bytes = tls_client_out(client);

	must(bytes.len > 0);
	return bytes;
}

static void
give(struct tls_client *client, struct span bytes)
{
	must(tls_client_feed(client, bytes) != TLS_CLIENT_FAILED);
}

/* --- the library alone --- */

static SSL_CTX *
bare_open(const char *cert, const char *key)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (ctx == NULL || SSL_CTX_use_certificate_chain_file(ctx, cert) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1) {
		ERR_print_errors_fp(stderr);
		exit(EXIT_FAILURE);
	}
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	must(SSL_CTX_set_num_tickets(ctx, 1) == 1);
	return ctx;
}

__attribute__((noinline)) static SSL *
bare_first(SSL_CTX *ctx, struct span in)
{
	BIO *from = BIO_new(BIO_s_mem()), *to = BIO_new(BIO_s_mem());
	SSL *ssl = SSL_new(ctx);

	must(ssl != NULL && from != NULL && to != NULL);
	SSL_set_bio(ssl, from, to);
	must(BIO_write(from, in.p, (int)in.len) == (int)in.len);
	must(SSL_accept(ssl) != 1);
	return ssl;
}

__attribute__((noinline)) static void
bare_second(SSL *ssl, struct span in)
{
	must(BIO_write(SSL_get_rbio(ssl), in.p, (int)in.len) == (int)in.len);
	must(SSL_accept(ssl) == 1);
}

__attribute__((noinline)) static void
bare_end(SSL *ssl)
{
	SSL_free(ssl);
}

static struct span
bare_out(SSL *ssl)
{
	char *p;
	long n = BIO_get_mem_data(SSL_get_wbio(ssl), &p);

	return (struct span) { p, (size_t)n };
}

static uint64_t
bare_once(struct bench *b)
{
	struct tls_client *client = tls_client_new(b->client_ctx, NULL, NULL);
	struct span in = take(client);
	uint64_t begin = cpu_ns(), ns;
	SSL *ssl = bare_first(b->bare, in);

	ns = cpu_ns() - begin;
	tls_client_out_sent(client, in.len);
	give(client, bare_out(ssl));
	in = take(client);
	begin = cpu_ns();
	bare_second(ssl, in);
	bare_end(ssl);
	ns += cpu_ns() - begin;
	tls_client_free(&client);
	return ns;
}

/* --- no more than what has to be computed --- */

struct sums {
	EVP_MD_CTX *md;
	EVP_PKEY *sign_key, *peer;
	EVP_PKEY_CTX *keygen;
};

static void
sums_open(struct sums *s, SSL_CTX *ctx)
{
	s->md = EVP_MD_CTX_new();
	s->sign_key = SSL_CTX_get0_privatekey(ctx);
	s->peer = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	s->keygen = EVP_PKEY_CTX_new_from_name(NULL, "X25519", NULL);
	must(s->md && s->sign_key && s->peer && s->keygen);
	must(EVP_PKEY_keygen_init(s->keygen) == 1);
}

static void
sums_close(struct sums *s)
{
	EVP_MD_CTX_free(s->md);
	EVP_PKEY_free(s->peer);
	EVP_PKEY_CTX_free(s->keygen);
}

/* What is signed: RFC 8446 section 4.4.3, with SHA-256. */
static void
sign(struct sums *s)
{
	unsigned char signature[1024], text[130] = { ' ' };
	size_t len = sizeof(signature);
	EVP_PKEY_CTX *pctx; /* the digest's */

	must(EVP_DigestSignInit(s->md, &pctx, EVP_sha256(), NULL,
				s->sign_key) == 1);
	if (EVP_PKEY_get_base_id(s->sign_key) == EVP_PKEY_RSA) {
		must(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) >
		     0);
		must(EVP_PKEY_CTX_set_rsa_pss_saltlen(
			     pctx, RSA_PSS_SALTLEN_DIGEST) > 0);
	}
	must(EVP_DigestSign(s->md, signature, &len, text, sizeof(text)) == 1);
	must(EVP_MD_CTX_reset(s->md) == 1);
}

static void
exchange(struct sums *s)
{
	unsigned char secret[32];
	size_t len = sizeof(secret);
	EVP_PKEY_CTX *derive;
	EVP_PKEY *key = NULL;

	must(EVP_PKEY_keygen(s->keygen, &key) == 1);
	derive = EVP_PKEY_CTX_new(key, NULL);
	must(derive != NULL && EVP_PKEY_derive_init(derive) == 1 &&
	     EVP_PKEY_derive_set_peer(derive, s->peer) == 1 &&
	     EVP_PKEY_derive(derive, secret, &len) == 1);
	EVP_PKEY_CTX_free(derive);
	EVP_PKEY_free(key);
}

static uint64_t
sums_once(struct sums *s)
{
	uint64_t begin = cpu_ns();

	sign(s);
	exchange(s);
	return cpu_ns() - begin;
}

/* --- as a TLS thread does it --- */

static uint64_t
ours_step(struct tls_conn *c, struct span in)
{
	uint64_t begin = cpu_ns();

	must(tls_buf_put(&c->in, in, TLS_RECORD_BYTES_MAX));
	must(tls_has_record(c));
	tls_step(c);
	return cpu_ns() - begin;
}

static uint64_t
ours_once(struct bench *b)
{
	struct tls_client *client = tls_client_new(b->client_ctx, NULL, NULL);
	struct tls_conn *c = tls_conn_new(b->tls, 0, b->ctx, b);
	struct span in = take(client);
	uint64_t begin, ns;

	must(c != NULL);
	ns = ours_step(c, in);
	tls_client_out_sent(client, in.len);
	give(client, tls_conn_out(c));
	tls_conn_out_sent(c);
	in = take(client);
	ns += ours_step(c, in);
	must(tls_conn_state(c) == TLS_OPEN);
	begin = cpu_ns();
	tls_conn_close(&c, TLS_REASON_GONE);
	ns += cpu_ns() - begin;
	tls_client_free(&client);
	return ns;
}

static void
ours_open(struct bench *b, const char *cert, const char *key)
{
	struct tls_pool_cfg pool = { .workers_n = 1, .threads_n = 1 };
	struct tls_cfg cfg = {
		.cert_file = cert,
		.key_file = key,
		.protocols = ">=TLSv1.2",
		.ciphers = TLS_GRADE_MEDIUM,
		.lists = { [TLS_GRADE_MEDIUM] = "HIGH:MEDIUM" },
		.curves = "X25519 prime256v1",
		.session_us = UINT64_C(3600) * 1000000,
	};
	struct diag diag;

	diag_init(&diag);
	b->tls = tls_open(&pool, &diag);
	b->ctx = tls_ctx_new(&cfg, NULL, &diag);
	diag_print(&diag, DIAG_WARNING);
	if (b->tls == NULL || b->ctx == NULL)
		exit(EXIT_FAILURE);
	diag_fini(&diag);
}

/* Gives the sums of all in ns, in the order in which they are printed. */
static void
run(struct bench *b, struct sums *s, uint64_t n, uint64_t ns[3])
{
	for (uint64_t i = 0; i < n; i++) {
		bool is_bare_first = i / TURN_N % 2 == 0;

		ns[0] += sums_once(s);
		if (is_bare_first)
			ns[1] += bare_once(b);
		ns[2] += ours_once(b);
		if (!is_bare_first)
			ns[1] += bare_once(b);
	}
}

int
main(int argc, char **argv)
{
	struct bench b = { .client_ctx = tls_client_ctx_new() };
	uint64_t n = argc == 4 ? strtoull(argv[3], NULL, 10) : 0;
	uint64_t ns[3] = { 0 };
	struct sums s;

	if (n == 0) {
		fprintf(stderr, "usage: tls_bench CERT KEY HANDSHAKES\n");
		return EXIT_FAILURE;
	}
	must(b.client_ctx != NULL);
	b.bare = bare_open(argv[1], argv[2]);
	sums_open(&s, b.bare);
	ours_open(&b, argv[1], argv[2]);
	/* What the first ones find out is kept for all others. */
	run(&b, &s, 1, ns);
	memset(ns, 0, sizeof(ns));
	run(&b, &s, n, ns);
	printf("{\"arithmetic_us\": %.2f, \"bare_us\": %.2f, "
	       "\"ours_us\": %.2f}\n",
	       (double)ns[0] / (double)n / 1000,
	       (double)ns[1] / (double)n / 1000,
	       (double)ns[2] / (double)n / 1000);
	sums_close(&s);
	tls_ctx_put(&b.ctx);
	tls_close(&b.tls);
	SSL_CTX_free(b.bare);
	tls_client_ctx_free(&b.client_ctx);
	return EXIT_SUCCESS;
}
