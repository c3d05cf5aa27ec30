/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLS over a wire that takes and gives a few bytes at a time, against the
 * library's own server: what is sent arrives, what is answered is read, and
 * sessions are counted and resumed.
 */
#include "bench/load_wire.h"
#include "tests/unit/tls_rig.h"
#include "tls/tls_client.h"

#include <errno.h>

static const struct {
	const char *name;
	enum load_tls tls;
	size_t piece;
	bool is_resumed;
} rows[] = {
	{ "implicit", LOAD_TLS_IMPLICIT, 65536, false },
	{ "implicit, bytes", LOAD_TLS_IMPLICIT, 1, false },
	{ "implicit, resumed", LOAD_TLS_IMPLICIT, 65536, true },
	{ "starttls", LOAD_TLS_STARTTLS, 65536, false },
	{ "starttls, sevens, resumed", LOAD_TLS_STARTTLS, 7, true },
};

/* --- the wire below: a server in memory --- */

static SSL_CTX *server_ctx;
static SSL *server;
static BIO *to_server, *from_server;
static size_t piece;
static unsigned connects_n, hang_ups_n;

static int
under_connect(struct load_thread *t, struct load_sock *s)
{
	(void)t;
	(void)s;
	connects_n++;
	server = SSL_new(server_ctx);
	to_server = BIO_new(BIO_s_mem());
	from_server = BIO_new(BIO_s_mem());
	BIO_set_mem_eof_return(to_server, -1);
	SSL_set_bio(server, to_server, from_server);
	SSL_set_accept_state(server);
	return 0;
}

static void
under_hang_up(struct load_thread *t, struct load_sock *s)
{
	(void)t;
	(void)s;
	hang_ups_n++;
}

static ssize_t
under_send(struct load_thread *t, struct load_sock *s, const struct iovec *iov,
	   unsigned iov_n)
{
	size_t n = iov->iov_len < piece ? iov->iov_len : piece;

	(void)t;
	(void)s;
	must(iov_n > 0);
	return BIO_write(to_server, iov->iov_base, (int)n);
}

static ssize_t
under_recv(struct load_thread *t, struct load_sock *s)
{
	int n;

	(void)s;
	if (!SSL_is_init_finished(server))
		(void)!SSL_do_handshake(server);
	n = BIO_read(from_server, t->rx,
		     (int)(piece < LOAD_RX_BYTES ? piece : LOAD_RX_BYTES));
	return n > 0 ? n : -EAGAIN;
}

static const struct load_wire_ops under = { .connect = under_connect,
					    .hang_up = under_hang_up,
					    .send = under_send,
					    .recv = under_recv };

/* --- a thread with one connection --- */

static struct load_thread thread;
static struct load_sock sock;
static char text[100000], got[100000];

static void
shake(void)
{
	const struct load_wire_ops *wire = &load_wire_tls;

	for (int i = 0; i < 100000 && !sock.is_tls_open; i++) {
		ssize_t n = wire->recv(&thread, &sock);

		CHECK(n == -EAGAIN);
		wire->flush(&thread, &sock);
	}
	CHECK(sock.is_tls_open);
	for (int i = 0; i < 100000 && !SSL_is_init_finished(server); i++) {
		wire->flush(&thread, &sock);
		(void)!SSL_do_handshake(server);
	}
	CHECK(SSL_is_init_finished(server));
}

/* More than a record, and more than waits to be sent at once. */
static void
exchange(void)
{
	const struct load_wire_ops *wire = &load_wire_tls;
	size_t sent = 0, read = 0, n;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i % 23);
	for (int i = 0; i < 1000000 && read < sizeof(text); i++) {
		struct iovec iov[2] = {
			{ text + sent, (sizeof(text) - sent) / 2 },
			{ text + sent + (sizeof(text) - sent) / 2,
			  sizeof(text) - sent - (sizeof(text) - sent) / 2 },
		};

		if (sent < sizeof(text)) {
			ssize_t now = wire->send(&thread, &sock, iov, 2);

			CHECK(now >= 0);
			sent += (size_t)now;
		}
		wire->flush(&thread, &sock);
		if (SSL_read_ex(server, got + read, sizeof(got) - read, &n))
			read += n;
	}
	CHECK(sent == sizeof(text) && read == sizeof(text));
	CHECK(memcmp(text, got, sizeof(text)) == 0);
	CHECK(SSL_write(server, "250 Ok\r\n", 8) == 8);
	read = 0;
	for (int i = 0; i < 100000 && read < 8; i++) {
		ssize_t now = wire->recv(&thread, &sock);

		if (now > 0)
			memcpy(got + read, thread.rx, (size_t)now);
		read += now > 0 ? (size_t)now : 0;
	}
	CHECK(read == 8 && memcmp(got, "250 Ok\r\n", 8) == 0);
}

static void
end_of_server(void)
{
	char p[64];

	SSL_shutdown(server);
	CHECK(load_wire_tls.recv(&thread, &sock) <= 0);
	sock.conn.is_in_order = true;
	load_wire_tls.hang_up(&thread, &sock);
	CHECK(sock.tls == NULL);
	if (piece > 1000) {
		CHECK(SSL_read(server, p, sizeof(p)) <= 0);
		CHECK(SSL_get_shutdown(server) & SSL_RECEIVED_SHUTDOWN);
	}
	SSL_free(server);
	server = NULL;
}

static void
test_row(size_t i)
{
	const struct load_wire_ops *wire = &load_wire_tls;
	struct load_cfg cfg = { .tls = rows[i].tls,
				.is_tls_resumed = rows[i].is_resumed };
	struct load_shared shared = { .cfg = &cfg,
				      .tls = tls_client_ctx_new() };
	struct message_gen gen = { .cfg = { .rcpts_n = 1,
					    .domain = "example.test",
					    .mailbox_format = "user%u" } };
	struct load_conn_cfg conn_cfg = { .gen = &gen,
					  .helo = "blast.invalid" };

	CHECK_ROW(rows[i].name);
	memset(&thread, 0, sizeof(thread));
	thread.shared = &shared;
	thread.wire = wire;
	thread.under = &under;
	connects_n = hang_ups_n = 0;
	piece = rows[i].piece;
	for (unsigned round = 1; round <= 2; round++) {
		memset(&sock, 0, sizeof(sock));
		CHECK(wire->connect(&thread, &sock) == 0);
		CHECK((sock.tls != NULL) == (cfg.tls == LOAD_TLS_IMPLICIT));
		if (cfg.tls == LOAD_TLS_STARTTLS) {
			struct iovec iov = { (void *)"S", 1 };

			must(load_conn_init(&sock.conn, &conn_cfg,
					    &thread.stats) == 0);
			sock.conn.want = LOAD_WANT_TLS;
			/* In plain text still. */
			CHECK(wire->send(&thread, &sock, &iov, 1) == 1);
			CHECK(BIO_read(to_server, got, sizeof(got)) == 1);
			CHECK(wire->begin_tls(&thread, &sock) == 0);
		}
		shake();
		/* The session begins again. */
		CHECK(cfg.tls == LOAD_TLS_IMPLICIT ||
		      (sock.conn.is_tls && sock.conn.phase == LOAD_EHLO));
		exchange();
		end_of_server();
		if (cfg.tls == LOAD_TLS_STARTTLS)
			load_conn_fini(&sock.conn);
		CHECK(thread.stats.tls_n == round);
	}
	CHECK(connects_n == 2 && hang_ups_n == 2);
	CHECK(thread.stats.tls_resumed_n == rows[i].is_resumed);
	CHECK(thread.stats.tls.n == 2 && thread.stats.tls_failed_n == 0);
	tls_session_free(&thread.tls_session);
	tls_client_ctx_free(&shared.tls);
}

static void
test_wrong(void)
{
	struct load_cfg cfg = { .tls = LOAD_TLS_IMPLICIT };
	struct load_shared shared = { .cfg = &cfg,
				      .tls = tls_client_ctx_new() };

	CHECK_ROW("not TLS");
	memset(&thread, 0, sizeof(thread));
	memset(&sock, 0, sizeof(sock));
	thread.shared = &shared;
	thread.under = &under;
	piece = 65536;
	CHECK(load_wire_tls.connect(&thread, &sock) == 0);
	must(BIO_write(from_server, "220 mx\r\n", 8) == 8);
	CHECK(load_wire_tls.recv(&thread, &sock) == -EPROTO);
	CHECK(thread.stats.tls_failed_n == 1 && thread.stats.tls_n == 0);
	load_wire_tls.hang_up(&thread, &sock);
	SSL_free(server);
	tls_client_ctx_free(&shared.tls);
}

int
main(void)
{
	server_ctx = SSL_CTX_new(TLS_server_method());
	rig_certify(server_ctx, false, "mx.example.test");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		test_row(i);
	test_wrong();
	SSL_CTX_free(server_ctx);
	return check_end();
}
