/* SPDX-License-Identifier: BSD-2-Clause */
/* The client over memory, against the library's own server. */
#include "tls/tls_client.h"
#include "tests/unit/tls_files.h"

struct pair {
	struct tls_client *client;
	SSL *server;
	BIO *in, *out; /* the server's */
};

static void
pair_open(struct pair *p, struct tls_client_ctx *own, struct tls_ctx *ctx,
	  const char *name, struct tls_session *session)
{
	p->client = tls_client_new(own, name, session);
	p->server = SSL_new(tls_ctx_ssl(ctx));
	p->in = BIO_new(BIO_s_mem());
	p->out = BIO_new(BIO_s_mem());
	must(p->client && p->server && p->in && p->out);
	SSL_set_bio(p->server, p->in, p->out);
	SSL_set_accept_state(p->server);
}

static void
pair_close(struct pair *p)
{
	tls_client_free(&p->client);
	SSL_free(p->server);
	ERR_clear_error();
}

/* Carries bytes both ways, at most `piece` at once, until none move. */
static void
carry(struct pair *p, size_t piece)
{
	bool has_moved = true;
	char bytes[4096];

	while (has_moved) {
		struct span out = tls_client_out(p->client);
		size_t n = out.len < piece ? out.len : piece;
		int got;

		has_moved = false;
		if (n > 0) {
			must(BIO_write(p->in, out.p, (int)n) == (int)n);
			tls_client_out_sent(p->client, n);
			has_moved = true;
		}
		if (!SSL_is_init_finished(p->server))
			(void)!SSL_do_handshake(p->server);
		got = BIO_read(
			p->out, bytes,
			(int)(piece < sizeof(bytes) ? piece : sizeof(bytes)));
		if (got > 0) {
			tls_client_feed(p->client,
					(struct span) { bytes, (size_t)got });
			has_moved = true;
		}
	}
}

static void
test_talk(struct tls_client_ctx *own, struct tls_ctx *ctx, size_t piece)
{
	char text[100];
	struct pair p;
	size_t n;

	CHECK_ROW(piece == 1 ? "byte by byte" : "at once");
	pair_open(&p, own, ctx, "mx.test", NULL);
	CHECK(tls_client_state(p.client) == TLS_CLIENT_HANDSHAKE);
	CHECK(!tls_client_write(p.client, SPAN("too early")));
	CHECK(tls_client_read(p.client, text, sizeof(text)) == 0);
	carry(&p, piece);
	CHECK(tls_client_state(p.client) == TLS_CLIENT_OPEN);
	CHECK_SPAN(span_of(SSL_get_servername(p.server,
					      TLSEXT_NAMETYPE_host_name)),
		   "mx.test");
	CHECK_SPAN(span_of(tls_client_protocol(p.client)), "TLSv1.3");
	CHECK(tls_client_write(p.client, SPAN("")));
	CHECK(tls_client_write(p.client, SPAN("hello ")));
	CHECK(tls_client_write(p.client, SPAN("world")));
	carry(&p, piece);
	CHECK(SSL_read_ex(p.server, text, sizeof(text), &n));
	CHECK_SPAN(((struct span) { text, n }), "hello ");
	must(SSL_write(p.server, "answer", 6) == 6);
	SSL_shutdown(p.server);
	carry(&p, piece);
	n = tls_client_read(p.client, text, 3);
	CHECK_SPAN(((struct span) { text, n }), "ans");
	n = tls_client_read(p.client, text, sizeof(text));
	CHECK_SPAN(((struct span) { text, n }), "wer");
	CHECK(tls_client_read(p.client, text, sizeof(text)) == 0);
	CHECK(tls_client_state(p.client) == TLS_CLIENT_ENDED);
	tls_client_shut(p.client);
	CHECK(tls_client_out(p.client).len > 0);
	pair_close(&p);
}

static void
test_resume(struct tls_client_ctx *own, struct tls_ctx *ctx)
{
	struct tls_session *session;
	struct pair p;
	char byte;

	CHECK_ROW("resumed");
	pair_open(&p, own, ctx, NULL, NULL);
	CHECK(tls_client_session(p.client) == NULL);
	carry(&p, 4096);
	CHECK(!tls_client_is_resumed(p.client));
	CHECK(tls_client_read(p.client, &byte, 1) == 0);
	session = tls_client_session(p.client);
	CHECK(session != NULL);
	pair_close(&p);
	for (int i = 0; i < 2; i++) {
		pair_open(&p, own, ctx, NULL, session);
		carry(&p, 4096);
		CHECK(tls_client_is_resumed(p.client));
		CHECK(SSL_session_reused(p.server));
		pair_close(&p);
	}
	tls_session_free(&session);
	CHECK(session == NULL);
}

static void
test_failure(struct tls_client_ctx *own, struct tls_ctx *ctx)
{
	struct pair p;

	CHECK_ROW("no TLS at all");
	pair_open(&p, own, ctx, NULL, NULL);
	CHECK(tls_client_feed(p.client, SPAN("220 mx.test ESMTP\r\n")) ==
	      TLS_CLIENT_FAILED);
	CHECK(strlen(tls_client_error(p.client)) > 0);
	CHECK(tls_client_feed(p.client, SPAN("more")) == TLS_CLIENT_FAILED);
	CHECK(!tls_client_write(p.client, SPAN("x")));
	tls_client_shut(p.client);
	pair_close(&p);
}

int
main(void)
{
	struct tls_client_ctx *own = tls_client_ctx_new();
	struct tls_cfg cfg;
	struct tls_ctx *ctx;

	must(own != NULL);
	files_open();
	files_make("ec", "mx.test");
	cfg = cfg_of("mx.test");
	ctx = ctx_of(&cfg, NULL);
	test_talk(own, ctx, 4096);
	test_talk(own, ctx, 1);
	test_resume(own, ctx);
	test_failure(own, ctx);
	tls_ctx_put(&ctx);
	tls_client_ctx_free(&own);
	CHECK(own == NULL);
	files_close();
	return check_end();
}
