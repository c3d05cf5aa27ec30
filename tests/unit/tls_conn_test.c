/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connections between two ends in memory: every split of the bytes, both ways
 * of offloading, and what a peer does wrong.
 */
#include "tests/unit/tls_rig.h"

#include <openssl/err.h>

static char text[300000], big[200000];

static void
client_says(struct rig *r, const char *p, size_t len)
{
	must(SSL_write(r->client, p, (int)len) == (int)len);
}

static void
check_client_hears(struct rig *r, const char *want)
{
	char got[300];
	int n = SSL_read(r->client, got, sizeof(got) - 1);

	CHECK_SPAN(((struct span) { got, n > 0 ? (size_t)n : 0 }), want);
}

/* Feeds and reads until nothing moves: for either way of offloading. */
static size_t
read_all(struct rig *r)
{
	size_t len = 0;
	struct span plain, none = { 0 };

	if (!tls_conn_is_fed(r->conn)) {
		CHECK(rig_read(r, text, sizeof(text)) == TLS_READ_EMPTY);
		return strlen(text);
	}
	do {
		rig_settle(r);
		while (tls_conn_read(r->conn, &none, &plain) ==
		       TLS_READ_BYTES) {
			memcpy(text + len, plain.p, plain.len);
			len += plain.len;
			tls_conn_read_done(r->conn, plain.len);
			tls_conn_push(r->conn);
			rig_settle(r);
		}
	} while (rig_feed(r) || tls_conn_is_away(r->conn) ||
		 tls_conn_read(r->conn, &none, &plain) == TLS_READ_BYTES);
	text[len] = '\0';
	return len;
}

static void
converse(struct rig *r)
{
	client_says(r, "EHLO x\r\n", 8);
	CHECK(read_all(r) == 8);
	CHECK_SPAN(span_of(text), "EHLO x\r\n");
	CHECK(tls_conn_write(r->conn, SPAN("250 mx\r\n")));
	tls_conn_push(r->conn);
	rig_settle(r);
	check_client_hears(r, "250 mx\r\n");
	client_says(r, big, sizeof(big));
	CHECK(read_all(r) == sizeof(big));
	CHECK(memcmp(text, big, sizeof(big)) == 0);
}

static void
test_splits(enum tls_offload offload, int version)
{
	static const size_t splits[] = { 0, 1, 2, 3, 4, 5, 6, 7, 100, 1448 };

	for (size_t i = 0; i < ARRAY_N(splits); i++) {
		struct rig r = { .split = splits[i], .version = version };

		r.cfg.offload = offload;
		CHECK_ROW("split");
		rig_open(&r);
		rig_connect(&r);
		CHECK(rig_handshake(&r));
		CHECK(tls_conn_is_fed(r.conn) == (offload == TLS_OFFLOAD_ALL));
		converse(&r);
		/* Idle: nothing of ours is kept. */
		CHECK(r.conn->in.p == NULL && r.conn->out.p == NULL &&
		      r.conn->plain.p == NULL && r.conn->send.p == NULL);
		tls_conn_shut(r.conn);
		rig_settle(&r);
		CHECK(SSL_read(r.client, text, 1) == 0 &&
		      SSL_get_shutdown(r.client) & SSL_RECEIVED_SHUTDOWN);
		rig_disconnect(&r);
		rig_close(&r);
	}
}

/* The client's last flight with plain text right behind it. */
static void
test_early_text(void)
{
	struct rig r = { 0 };

	CHECK_ROW("text with Finished");
	rig_open(&r);
	rig_connect(&r);
	CHECK(SSL_do_handshake(r.client) != 1);
	CHECK(rig_feed(&r));
	CHECK(SSL_do_handshake(r.client) == 1);
	client_says(&r, "EHLO early\r\n", 12);
	while (tls_conn_state(r.conn) == TLS_HANDSHAKE && rig_feed(&r))
		;
	CHECK(tls_conn_state(r.conn) == TLS_OPEN);
	{
		struct span none = { 0 }, plain;

		CHECK(tls_conn_read(r.conn, &none, &plain) == TLS_READ_BYTES);
		CHECK_SPAN(plain, "EHLO early\r\n");
		/* What is not used comes first the next time. */
		tls_conn_read_done(r.conn, 5);
		CHECK(tls_conn_read(r.conn, &none, &plain) == TLS_READ_BYTES);
		CHECK_SPAN(plain, "early\r\n");
		tls_conn_read_done(r.conn, 7);
		CHECK(tls_conn_read(r.conn, &none, &plain) == TLS_READ_EMPTY);
	}
	rig_disconnect(&r);
	rig_close(&r);
}

static void
test_not_tls(void)
{
	static const struct {
		const char *name, *bytes;
		size_t len;
		enum tls_reason reason;
	} rows[] = {
		{ "SMTP", "EHLO plain.example\r\n", 20, TLS_REASON_NOT_TLS },
		{ "HTTP", "GET / HTTP/1.0\r\n\r\n", 18, TLS_REASON_NOT_TLS },
		{ "zeroes", "\0\0\0\0\0\0\0\0\0\0\0\0", 12,
		  TLS_REASON_NOT_TLS },
		{ "record too long", "\x16\x03\x01\xff\xff\x01", 6,
		  TLS_REASON_BROKEN },
		{ "data first", "\x17\x03\x03\x00\x02xx", 7,
		  TLS_REASON_BROKEN },
		{ "empty hello", "\x16\x03\x01\x00\x04\x01\x00\x00\x00", 9,
		  TLS_REASON_BROKEN },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct rig r = { 0 };
		struct tls_stats stats;

		CHECK_ROW(rows[i].name);
		rig_open(&r);
		rig_connect(&r);
		(void)tls_conn_feed(
			r.conn, (struct span) { rows[i].bytes, rows[i].len },
			1);
		while (tls_conn_is_away(r.conn)) {
			void *owner;

			(void)!tls_reap(r.tls, 0, &owner, 1);
		}
		CHECK(tls_conn_state(r.conn) == TLS_FAILED);
		CHECK(tls_conn_reason(r.conn) == rows[i].reason);
		if (tls_conn_reason(r.conn) != rows[i].reason)
			fprintf(stderr, "\tgot %s: %s\n",
				tls_reason_key(tls_conn_reason(r.conn)),
				tls_conn_error(r.conn));
		CHECK(*tls_conn_error(r.conn) != '\0');
		CHECK(!tls_conn_write(r.conn, SPAN("x")));
		rig_disconnect(&r);
		tls_stats_get(r.tls, &stats);
		CHECK(stats.failed_n[rows[i].reason] == 1);
		CHECK(stats.failed_n[TLS_REASON_GONE] == 0);
		rig_close(&r);
	}
}

static void
test_damaged(void)
{
	struct rig r = { 0 };
	char p[4096];
	struct span cipher, plain;
	size_t n;

	CHECK_ROW("damaged record");
	rig_open(&r);
	rig_connect(&r);
	CHECK(rig_handshake(&r));
	client_says(&r, "NOOP\r\n", 6);
	n = rig_take(&r, p, sizeof(p));
	p[n - 1] ^= 1;
	cipher = (struct span) { p, n };
	CHECK(tls_conn_read(r.conn, &cipher, &plain) == TLS_READ_FAILED);
	CHECK(tls_conn_reason(r.conn) == TLS_REASON_BROKEN);
	CHECK(tls_conn_out(r.conn).len > 0); /* the alert */
	CHECK(!tls_conn_write(r.conn, SPAN("250\r\n")));
	rig_settle(&r);
	rig_disconnect(&r);
	rig_close(&r);
}

static void
test_close_notify(void)
{
	struct rig r = { 0 };

	CHECK_ROW("the peer's close-notify");
	rig_open(&r);
	rig_connect(&r);
	CHECK(rig_handshake(&r));
	client_says(&r, "QUIT\r\n", 6);
	SSL_shutdown(r.client);
	CHECK(rig_read(&r, text, sizeof(text)) == TLS_READ_END);
	CHECK_SPAN(span_of(text), "QUIT\r\n");
	CHECK(tls_conn_state(r.conn) == TLS_ENDED);
	/* The other direction is open until we close it (RFC 8446 6.1). */
	CHECK(tls_conn_write(r.conn, SPAN("221\r\n")));
	rig_settle(&r);
	check_client_hears(&r, "221\r\n");
	rig_disconnect(&r);
	rig_close(&r);
}

/* TLS 1.2: asked for and refused, the session goes on. */
static void
test_renegotiation(void)
{
	struct rig r = { .version = TLS1_2_VERSION };

	CHECK_ROW("renegotiation");
	rig_open(&r);
	SSL_CTX_set_options(r.client_ctx, SSL_OP_ALLOW_CLIENT_RENEGOTIATION);
	rig_connect(&r);
	CHECK(rig_handshake(&r));
	CHECK(SSL_renegotiate(r.client) == 1);
	(void)SSL_do_handshake(r.client);
	CHECK(rig_read(&r, text, sizeof(text)) == TLS_READ_EMPTY);
	CHECK(SSL_do_handshake(r.client) != 1);
	CHECK(ERR_GET_REASON(ERR_peek_error()) == SSL_R_NO_RENEGOTIATION);
	ERR_clear_error();
	CHECK(tls_conn_write(r.conn, SPAN("250 still here\r\n")));
	rig_disconnect(&r);
	rig_close(&r);
}

/* Keys change on the way, answers included. */
static void
test_key_update(void)
{
	struct rig r = { .version = TLS1_3_VERSION };

	CHECK_ROW("key update");
	rig_open(&r);
	rig_connect(&r);
	CHECK(rig_handshake(&r));
	for (int i = 0; i < 5; i++) {
		CHECK(SSL_key_update(r.client, SSL_KEY_UPDATE_REQUESTED) == 1);
		converse(&r);
	}
	rig_disconnect(&r);
	rig_close(&r);
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)('a' + i * 7919 % 23);
	test_splits(TLS_OFFLOAD_HANDSHAKE, TLS1_3_VERSION);
	test_splits(TLS_OFFLOAD_HANDSHAKE, TLS1_2_VERSION);
	test_splits(TLS_OFFLOAD_ALL, TLS1_3_VERSION);
	test_splits(TLS_OFFLOAD_ALL, TLS1_2_VERSION);
	test_early_text();
	test_not_tls();
	test_damaged();
	test_close_notify();
	test_renegotiation();
	test_key_update();
	return check_end();
}
