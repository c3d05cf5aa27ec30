/* SPDX-License-Identifier: BSD-2-Clause */
/* A client over memory: two of the library's buffers stand for the wire. */
#include "tls/tls_client.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>

/* The library's sessions, under a name of ours. */
struct tls_session;

struct tls_client_ctx {
	SSL_CTX *ssl;
};

struct tls_client {
	SSL *ssl;
	BIO *in, *out;	   /* ssl's */
	size_t sent_bytes; /* of out */
	enum tls_client_state state;
	unsigned long error;
	SSL_SESSION *session;
};

static SSL_SESSION *
session_of(struct tls_session *session)
{
	return (SSL_SESSION *)(void *)session;
}

static int
on_session(SSL *ssl, SSL_SESSION *session)
{
	struct tls_client *c = SSL_get_app_data(ssl);

	SSL_SESSION_free(c->session);
	c->session = session;
	return 1; /* the reference is ours */
}

struct tls_client_ctx *
tls_client_ctx_new(void)
{
	struct tls_client_ctx *ctx = must_alloc(sizeof(*ctx));

	ctx->ssl = SSL_CTX_new(TLS_client_method());
	if (ctx->ssl == NULL) {
		free(ctx);
		return NULL;
	}
	SSL_CTX_set_verify(ctx->ssl, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_mode(ctx->ssl, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(
		ctx->ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx->ssl, on_session);
	return ctx;
}

void
tls_client_ctx_free(struct tls_client_ctx **ctx)
{
	if (*ctx != NULL)
		SSL_CTX_free((*ctx)->ssl);
	free(*ctx);
	*ctx = NULL;
}

/* What a call of the library has come to. */
static void
note(struct tls_client *c, int ret)
{
	switch (SSL_get_error(c->ssl, ret)) {
	case SSL_ERROR_NONE:
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		break;
	case SSL_ERROR_ZERO_RETURN:
		c->state = TLS_CLIENT_ENDED;
		break;
	default:
		c->state = TLS_CLIENT_FAILED;
		c->error = ERR_get_error();
		ERR_clear_error();
	}
}

static void
handshake(struct tls_client *c)
{
	int ret;

	ERR_clear_error();
	ret = SSL_do_handshake(c->ssl);
	if (ret == 1)
		c->state = TLS_CLIENT_OPEN;
	else
		note(c, ret);
}

/* The library uses up what it resumes (RFC 8446 appendix C.4): give a copy. */
static bool
resume(SSL *ssl, struct tls_session *session)
{
	SSL_SESSION *copy = SSL_SESSION_dup(session_of(session));
	bool is_ok = copy != NULL && SSL_set_session(ssl, copy) == 1;

	SSL_SESSION_free(copy);
	return is_ok;
}

struct tls_client *
tls_client_new(struct tls_client_ctx *ctx, const char *name,
	       struct tls_session *session)
{
	struct tls_client *c = must_alloc(sizeof(*c));

	c->ssl = SSL_new(ctx->ssl);
	c->in = BIO_new(BIO_s_mem());
	c->out = BIO_new(BIO_s_mem());
	if (c->ssl == NULL || c->in == NULL || c->out == NULL) {
		BIO_free(c->in);
		BIO_free(c->out);
		SSL_free(c->ssl);
		free(c);
		return NULL;
	}
	SSL_set_bio(c->ssl, c->in, c->out);
	SSL_set_app_data(c->ssl, c);
	SSL_set_connect_state(c->ssl);
	if ((name != NULL && SSL_set_tlsext_host_name(c->ssl, name) != 1) ||
	    (session != NULL && !resume(c->ssl, session))) {
		tls_client_free(&c);
		return NULL;
	}
	handshake(c);
	return c;
}

void
tls_client_free(struct tls_client **client)
{
	struct tls_client *c = *client;

	*client = NULL;
	if (c == NULL)
		return;
	/* Else the library forbids to resume what was given out. */
	if (c->state == TLS_CLIENT_OPEN || c->state == TLS_CLIENT_ENDED)
		SSL_set_shutdown(c->ssl,
				 SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_SESSION_free(c->session);
	SSL_free(c->ssl);
	free(c);
}

enum tls_client_state
tls_client_state(const struct tls_client *c)
{
	return c->state;
}

const char *
tls_client_error(const struct tls_client *c)
{
	const char *why = c->error ? ERR_reason_error_string(c->error) : NULL;

	return why ? why : "TLS has failed";
}

enum tls_client_state
tls_client_feed(struct tls_client *c, struct span cipher)
{
	if (c->state == TLS_CLIENT_FAILED || cipher.len == 0)
		return c->state;
	if (cipher.len > INT32_MAX ||
	    BIO_write(c->in, cipher.p, (int)cipher.len) != (int)cipher.len) {
		c->state = TLS_CLIENT_FAILED; /* no memory */
		return c->state;
	}
	if (c->state == TLS_CLIENT_HANDSHAKE)
		handshake(c);
	return c->state;
}

struct span
tls_client_out(const struct tls_client *c)
{
	char *p;
	long n = BIO_get_mem_data(c->out, &p);

	if (n <= (long)c->sent_bytes)
		return (struct span) { "", 0 };
	return (struct span) { p + c->sent_bytes, (size_t)n - c->sent_bytes };
}

void
tls_client_out_sent(struct tls_client *c, size_t bytes)
{
	c->sent_bytes += bytes;
	if (tls_client_out(c).len > 0)
		return;
	(void)BIO_reset(c->out);
	c->sent_bytes = 0;
}

size_t
tls_client_read(struct tls_client *c, char *out, size_t cap)
{
	size_t n;

	if (c->state != TLS_CLIENT_OPEN || cap == 0)
		return 0;
	ERR_clear_error();
	if (SSL_read_ex(c->ssl, out, cap, &n))
		return n;
	note(c, 0);
	return 0;
}

bool
tls_client_write(struct tls_client *c, struct span plain)
{
	size_t n;

	if (c->state != TLS_CLIENT_OPEN)
		return false;
	if (plain.len == 0)
		return true;
	ERR_clear_error();
	if (SSL_write_ex(c->ssl, plain.p, plain.len, &n))
		return true;
	c->state = TLS_CLIENT_FAILED;
	c->error = ERR_get_error();
	ERR_clear_error();
	return false;
}

void
tls_client_shut(struct tls_client *c)
{
	if (c->state == TLS_CLIENT_OPEN || c->state == TLS_CLIENT_ENDED)
		SSL_shutdown(c->ssl);
	ERR_clear_error();
}

bool
tls_client_is_resumed(const struct tls_client *c)
{
	return SSL_session_reused(c->ssl);
}

const char *
tls_client_protocol(const struct tls_client *c)
{
	return SSL_get_version(c->ssl);
}

struct tls_session *
tls_client_session(struct tls_client *c)
{
	struct tls_session *session = (struct tls_session *)(void *)c->session;

	c->session = NULL;
	return session;
}

void
tls_session_free(struct tls_session **session)
{
	SSL_SESSION_free(session_of(*session));
	*session = NULL;
}
