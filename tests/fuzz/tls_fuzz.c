/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The BIO and the rings with arbitrary splits: either bytes straight into a
 * handshake, or an honest client whose bytes are cut, and now and then damaged,
 * as the input says. What an honest client has sent must come out, all of it
 * and in order.
 *
 * Input: a byte of flags, then bytes that say what to do next.
 */
#include "tests/unit/tls_rig.h"

#include <openssl/err.h>

#define ROUNDS_MAX 400

static struct rig rigs[4]; /* offload x version */

struct run {
	struct rig *r;
	const uint8_t *p;
	size_t len;
	size_t sent_n, got_n; /* plain text of the client */
	bool is_damaged;
};

static uint8_t
next(struct run *run)
{
	if (run->len == 0)
		return 0;
	run->len--;
	return *run->p++;
}

/* The TLS thread's work, on this one. */
static void
work(struct rig *r)
{
	struct tls_link *link = tls_link_of(r->tls, 0, 0);
	struct tls_conn *c;
	struct span out;
	void *owner;

	while ((c = ring_get(&link->to_thread)) != NULL) {
		tls_step(c);
		must(ring_put(&link->to_worker, c));
	}
	(void)!tls_reap(r->tls, 0, &owner, 1);
	must(!tls_conn_is_away(r->conn));
	out = tls_conn_out(r->conn);
	if (out.len)
		(void)!BIO_write(r->to_client, out.p, (int)out.len);
	tls_conn_out_sent(r->conn);
}

static void
set_up(void)
{
	for (int i = 0; i < 4; i++) {
		rigs[i].cfg.offload = i & 1 ? TLS_OFFLOAD_ALL
					    : TLS_OFFLOAD_HANDSHAKE;
		rigs[i].version = i & 2 ? TLS1_2_VERSION : TLS1_3_VERSION;
		rig_open(&rigs[i]);
		tls_thread_stop(&rigs[i].tls->threads[0]);
	}
}

static void
take_plain(struct run *run, struct span plain)
{
	size_t n = plain.len;
	uint8_t keep = next(run);

	if (keep > 200 && n > 1)
		n /= 2;
	for (size_t i = 0; i < n; i++)
		must(plain.p[i] == (char)(run->got_n++ * 31));
	must(run->got_n <= run->sent_n);
	tls_conn_read_done(run->r->conn, n);
}

static void
read_some(struct run *run, struct span *cipher)
{
	struct tls_conn *c = run->r->conn;
	enum tls_read got = TLS_READ_EMPTY;
	struct span plain;

	while (tls_conn_state(c) != TLS_HANDSHAKE &&
	       (got = tls_conn_read(c, cipher, &plain)) == TLS_READ_BYTES) {
		take_plain(run, plain);
		tls_conn_push(c);
		work(run->r);
	}
	if (got == TLS_READ_FAILED)
		must(run->is_damaged);
	if (got == TLS_READ_EMPTY && !tls_conn_is_fed(c) &&
	    tls_conn_state(c) == TLS_OPEN)
		must(cipher->len == 0);
	work(run->r);
}

static void
deliver(struct run *run, struct span bytes)
{
	struct tls_conn *c = run->r->conn;

	while (bytes.len) {
		size_t used = 0;

		if (tls_conn_state(c) == TLS_FAILED ||
		    tls_conn_state(c) == TLS_ENDED)
			return;
		if (tls_conn_state(c) == TLS_HANDSHAKE || tls_conn_is_fed(c)) {
			used = tls_conn_feed(c, bytes, 1);
			work(run->r);
			bytes = span_from(bytes, used);
		}
		if (tls_conn_state(c) == TLS_HANDSHAKE)
			continue;
		if (tls_conn_is_fed(c)) {
			struct span none = { 0 };

			read_some(run, &none);
		} else {
			read_some(run, &bytes);
			if (tls_conn_state(c) != TLS_OPEN)
				return;
		}
	}
}

static void
client_turn(struct run *run)
{
	struct rig *r = run->r;
	char p[20000];
	size_t n = next(run);

	if (SSL_do_handshake(r->client) != 1)
		return;
	if (n > 128)
		n = (n - 128) * 150;
	for (size_t i = 0; i < n; i++)
		p[i] = (char)((run->sent_n + i) * 31);
	if (n > 0 && SSL_write(r->client, p, (int)n) == (int)n)
		run->sent_n += n;
	else if (n == 0)
		(void)SSL_read(r->client, p, sizeof(p));
}

static void
honest(struct run *run)
{
	struct rig *r = run->r;
	char p[4096];

	for (int i = 0; i < ROUNDS_MAX; i++) {
		uint8_t how = next(run);
		int max = how == 0 ? (int)sizeof(p) : how, n;

		client_turn(run);
		n = BIO_read(r->from_client, p, max);
		if (n <= 0 && run->len == 0)
			break;
		if (n > 0 && how >= 250) {
			run->is_damaged = true;
			p[next(run) % n] ^= (char)(1 << (how & 7));
		}
		if (n > 0)
			deliver(run, (struct span) { p, (size_t)n });
		if (how % 7 == 3 && tls_conn_state(r->conn) == TLS_OPEN) {
			(void)!tls_conn_write(r->conn, SPAN("250 Ok\r\n"));
			tls_conn_push(r->conn);
			work(r);
		}
	}
	if (!run->is_damaged && BIO_pending(r->from_client) == 0) {
		struct span none = { 0 };

		read_some(run, &none);
		must(tls_conn_state(r->conn) == TLS_HANDSHAKE ||
		     run->got_n == run->sent_n);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run run = { .p = data, .len = size };
	uint8_t flags = next(&run);

	if (rigs[0].tls == NULL)
		set_up();
	run.r = &rigs[flags & 3];
	rig_connect(run.r);
	if (flags & 4) {
		run.is_damaged = true;
		deliver(&run, (struct span) { (const char *)run.p, run.len });
	} else {
		honest(&run);
	}
	tls_conn_shut(run.r->conn);
	work(run.r);
	rig_disconnect(run.r);
	ERR_clear_error();
	return 0;
}
