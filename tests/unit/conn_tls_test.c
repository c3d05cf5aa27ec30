/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection's TLS over a wire and an SMTP machine of the test's own, with
 * the real pool and a client of the library's: what is thrown away, what is
 * refused, what ends it, and that bytes come through however they are split.
 */
#include "engine/conn_log.h"
#include "engine/conn_tls.h"
#include "tests/unit/tls_rig.h"

#define INJECTED "MAIL FROM:<evil@x.test>\r\n"

/* --- the wire --- */

struct net {
	char in[8192];
	size_t in_len;
	size_t endless; /* so many bytes wait still */
	size_t split;	/* what one read gives; 0: all */
	enum net_rx end;
	bool is_full;
	BIO *to_client;
};

enum net_rx
net_rx(struct net *net, struct net_stream *s, struct span *out)
{
	size_t n = net->split && net->split < net->in_len ? net->split
							  : net->in_len;

	(void)s;
	*out = (struct span) { net->in, n };
	if (net->endless)
		out->len = sizeof(net->in);
	return out->len ? NET_RX_BYTES : net->end;
}

void
net_rx_done(struct net *net, struct net_stream *s, size_t used_bytes)
{
	(void)s;
	if (net->endless) {
		net->endless -= used_bytes < net->endless ? used_bytes
							  : net->endless;
		return;
	}
	must(used_bytes <= net->in_len);
	net->in_len -= used_bytes;
	memmove(net->in, net->in + used_bytes, net->in_len);
}

bool
net_tx(struct net *net, struct net_stream *s, struct span bytes)
{
	(void)s;
	if (net->is_full)
		return false;
	return BIO_write(net->to_client, bytes.p, (int)bytes.len) ==
	       (int)bytes.len;
}

/* --- the machine and the log --- */

static unsigned refused_n, done_n, lost_n;
static int failed; /* enum tls_reason of the last failure, or -1 */

void
smtp_tls_begin(struct smtp *s, struct smtp_out *out, bool is_possible,
	       uint64_t now_us)
{
	(void)now_us;
	refused_n += !is_possible;
	if (s->is_tls_asked) {
		memcpy(out->p, is_possible ? "220\r\n" : "454\r\n", 5);
		out->len = 5;
	}
}

void
smtp_tls_done(struct smtp *s, const struct smtp_tls *tls, uint64_t now_us)
{
	(void)s;
	(void)now_us;
	done_n++;
	CHECK(*tls->summary != '\0');
}

void
conn_log_tls(const struct conn *c, const struct tls_info *info)
{
	(void)c;
	(void)info;
}

void
conn_log_tls_failed(const struct conn *c, enum tls_reason reason,
		    const char *words)
{
	(void)c;
	(void)words;
	failed = (int)reason;
}

void
conn_log_lost(const struct conn *c)
{
	(void)c;
	lost_n++;
}

/* --- both ends --- */

struct ends {
	struct rig rig;
	struct net net;
	struct worker w;
	struct conn c;
	char out[64];
};

static void
ends_open(struct ends *e, bool is_asked)
{
	refused_n = done_n = lost_n = 0;
	failed = -1;
	rig_open(&e->rig);
	rig_connect(&e->rig);
	tls_conn_close(&e->rig.conn, TLS_REASON_GONE); /* conn.c has its own */
	e->net = (struct net) { .end = NET_RX_EMPTY,
				.to_client = e->rig.to_client };
	e->w = (struct worker) { .net = &e->net,
				 .tls = e->rig.tls,
				 .now_us = 1,
				 .out = { .p = e->out,
					  .cap = sizeof(e->out) } };
	e->c = (struct conn) { .tls_ctx = &e->rig.ctx };
	e->c.smtp.is_tls_asked = is_asked;
}

static void
ends_close(struct ends *e)
{
	conn_tls_close(&e->w, &e->c);
	SSL_free(e->rig.client);
	rig_close(&e->rig);
}

/* Until the connection is home, and its step with what is there. */
static enum conn_tls
home(struct ends *e)
{
	struct pollfd p = { tls_wake_fd(e->rig.tls, 0), POLLIN, 0 };
	void *owner;

	while (conn_tls_is_away(&e->c)) {
		tls_set_sleeping(e->rig.tls, 0, true);
		CHECK(poll(&p, 1, 60000) == 1);
		tls_set_sleeping(e->rig.tls, 0, false);
		if (tls_reap(e->rig.tls, 0, &owner, 1) == 1)
			CHECK(owner == &e->c);
	}
	return conn_tls_step(&e->w, &e->c);
}

/* What the client has to say lies on the wire. */
static void
from_client(struct ends *e)
{
	int n = BIO_read(e->rig.from_client, e->net.in + e->net.in_len,
			 (int)(sizeof(e->net.in) - e->net.in_len));

	e->net.in_len += n > 0 ? (size_t)n : 0;
}

static enum conn_tls
shake(struct ends *e)
{
	enum conn_tls got = CONN_TLS_WAIT;

	for (int i = 0; i < 100 && got == CONN_TLS_WAIT; i++) {
		(void)!SSL_do_handshake(e->rig.client);
		from_client(e);
		got = conn_tls_step(&e->w, &e->c);
		while (conn_tls_is_away(&e->c))
			got = home(e);
	}
	(void)!SSL_do_handshake(e->rig.client);
	return got;
}

/* --- cases --- */

static const struct {
	const char *name;
	bool is_asked;
	size_t split;
	enum tls_offload offload;
	int version;
} rows[] = {
	{ "wrapped", false, 0, TLS_OFFLOAD_HANDSHAKE, 0 },
	{ "starttls", true, 0, TLS_OFFLOAD_HANDSHAKE, 0 },
	{ "bytes", true, 1, TLS_OFFLOAD_HANDSHAKE, TLS1_3_VERSION },
	{ "bytes 1.2", true, 1, TLS_OFFLOAD_HANDSHAKE, TLS1_2_VERSION },
	{ "all", false, 0, TLS_OFFLOAD_ALL, 0 },
	{ "all, sevens", true, 7, TLS_OFFLOAD_ALL, TLS1_2_VERSION },
};

static void
check_from_client(struct ends *e)
{
	struct span in, plain = { 0 }, none = { 0 };
	bool is_fed = tls_conn_is_fed(e->c.tls);
	size_t sum = 0;

	CHECK(SSL_write(e->rig.client, "EHLO x\r\n", 8) == 8);
	from_client(e);
	for (int i = 0; i < 1000 && sum < 8; i++) {
		enum tls_read got;

		if (is_fed) {
			CHECK(conn_tls_push(&e->w, &e->c));
			if (conn_tls_is_away(&e->c))
				(void)!home(e);
			got = tls_conn_read(e->c.tls, &none, &plain);
		} else {
			size_t had;

			CHECK(net_rx(&e->net, NULL, &in) == NET_RX_BYTES);
			had = in.len;
			got = tls_conn_read(e->c.tls, &in, &plain);
			net_rx_done(&e->net, NULL, had - in.len);
		}
		if (got != TLS_READ_BYTES)
			continue;
		CHECK(span_is_equal(plain, SPAN("EHLO x\r\n")));
		sum += plain.len;
		tls_conn_read_done(e->c.tls, plain.len);
	}
	CHECK(sum == 8);
}

static void
test_row(size_t i)
{
	struct ends e = { .rig = { .cfg = { .offload = rows[i].offload },
				   .version = rows[i].version } };
	char text[64];
	int n;

	CHECK_ROW(rows[i].name);
	ends_open(&e, rows[i].is_asked);
	if (rows[i].is_asked) {
		e.net.in_len = sizeof(INJECTED) - 1;
		memcpy(e.net.in, INJECTED, e.net.in_len);
	}
	CHECK(conn_tls_begin(&e.w, &e.c) == CONN_TLS_WAIT);
	CHECK(e.net.in_len == 0 && e.c.wait == CONN_WAIT_TLS);
	if (rows[i].is_asked) {
		CHECK(BIO_read(e.rig.to_client, text, sizeof(text)) == 5);
		CHECK(memcmp(text, "220\r\n", 5) == 0);
	}
	e.net.split = rows[i].split;
	CHECK(shake(&e) == CONN_TLS_DONE);
	CHECK(done_n == 1 && failed == -1 && e.c.has_work);
	CHECK(e.c.wait == CONN_WAIT_PEER);
	check_from_client(&e);
	/* Two writes stay in order. */
	CHECK(conn_tls_put(&e.w, &e.c, SPAN("250-")));
	CHECK(conn_tls_put(&e.w, &e.c, SPAN("x\r\n")));
	tls_conn_push(e.c.tls);
	if (conn_tls_is_away(&e.c))
		(void)!home(&e);
	CHECK(conn_tls_flush(&e.w, &e.c));
	n = SSL_read(e.rig.client, text, sizeof(text));
	if (n == 4)
		n += SSL_read(e.rig.client, text + 4, sizeof(text) - 4);
	CHECK(n == 7 && memcmp(text, "250-x\r\n", 7) == 0);
	conn_tls_close(&e.w, &e.c);
	CHECK(e.c.tls == NULL);
	CHECK(SSL_read(e.rig.client, text, sizeof(text)) == 0);
	CHECK(SSL_get_shutdown(e.rig.client) & SSL_RECEIVED_SHUTDOWN);
	ends_close(&e);
}

static void
test_refused(void)
{
	struct ends e = { .rig = { .cfg = { .queue_max = 1 } } };
	struct tls_conn *other;

	CHECK_ROW("no room");
	ends_open(&e, true);
	tls_thread_stop(&e.rig.tls->threads[0]);
	other = tls_conn_new(e.rig.tls, 0, &e.rig.ctx, &other);
	CHECK(tls_conn_feed(other, SPAN("EHLO x"), 1) == 6);
	CHECK(conn_tls_begin(&e.w, &e.c) == CONN_TLS_REFUSED);
	CHECK(refused_n == 1 && e.c.tls == NULL && e.w.out.len == 5);
	CHECK(counter_get(&e.w.stats.tls_refused) == 1);
	tls_conn_close(&other, TLS_REASON_GONE);
	ends_close(&e);
}

static void
test_no_begin(void)
{
	struct ends e = { 0 };

	CHECK_ROW("no certificate");
	ends_open(&e, false);
	e.c.tls_ctx = NULL;
	CHECK(conn_tls_begin(&e.w, &e.c) == CONN_TLS_CLOSE);
	CHECK(failed == TLS_REASON_OTHER && e.c.tls == NULL);
	ends_close(&e);

	CHECK_ROW("too much before our 220");
	e = (struct ends) { 0 };
	ends_open(&e, true);
	e.net.endless = 2u << 20;
	CHECK(conn_tls_begin(&e.w, &e.c) == CONN_TLS_CLOSE);
	CHECK(e.c.tls == NULL && lost_n == 1 && e.net.endless > 0);
	ends_close(&e);

	CHECK_ROW("our 220 cannot be sent");
	e = (struct ends) { 0 };
	ends_open(&e, true);
	e.net.is_full = true;
	CHECK(conn_tls_begin(&e.w, &e.c) == CONN_TLS_CLOSE);
	CHECK(e.c.tls == NULL);
	ends_close(&e);
}

static void
test_end(void)
{
	static const enum net_rx ends[] = { NET_RX_END, NET_RX_LOST };

	for (size_t i = 0; i < 2; i++) {
		struct ends e = { 0 };

		CHECK_ROW(i ? "lost" : "end");
		ends_open(&e, false);
		CHECK(conn_tls_begin(&e.w, &e.c) == CONN_TLS_WAIT);
		e.net.end = ends[i];
		CHECK(conn_tls_step(&e.w, &e.c) == CONN_TLS_CLOSE);
		CHECK(failed == TLS_REASON_GONE && lost_n == 1);
		ends_close(&e);
	}
}

static void
test_wrong(void)
{
	struct ends e = { 0 };

	CHECK_ROW("not TLS");
	ends_open(&e, false);
	CHECK(conn_tls_begin(&e.w, &e.c) == CONN_TLS_WAIT);
	e.net.in_len = sizeof(INJECTED) - 1;
	memcpy(e.net.in, INJECTED, e.net.in_len);
	CHECK(conn_tls_step(&e.w, &e.c) == CONN_TLS_WAIT);
	CHECK(conn_tls_is_away(&e.c));
	CHECK(home(&e) == CONN_TLS_CLOSE);
	CHECK(failed == TLS_REASON_NOT_TLS && lost_n == 1 && done_n == 0);
	ends_close(&e);

	CHECK_ROW("who does not read");
	e = (struct ends) { 0 };
	ends_open(&e, false);
	CHECK(conn_tls_begin(&e.w, &e.c) == CONN_TLS_WAIT);
	(void)!SSL_do_handshake(e.rig.client);
	from_client(&e);
	CHECK(conn_tls_step(&e.w, &e.c) == CONN_TLS_WAIT);
	e.net.is_full = true;
	CHECK(home(&e) == CONN_TLS_CLOSE);
	/* Closed on its way: the pool frees it. */
	ends_close(&e);
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		test_row(i);
	test_refused();
	test_no_begin();
	test_end();
	test_wrong();
	return check_end();
}
