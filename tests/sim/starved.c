/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clients that ask for much and read nothing, until there are no buffers for
 * replies any more: nobody is hung up on. Who asks then waits, as does who
 * comes; all goes on when buffers come back, and no reply is missing.
 */
#include "dataplane/look_impl.h"
#include "dataplane/tcp_int.h"
#include "tests/sim/sessions.h"
#include "tests/unit/check.h"

enum { GREEDY_N = 400, EHLOS_N = 200, NEW_N = 5, ROUNDS = 60 };
/* Those want four times as much. */
#define MEMORY_BYTES	(4u << 20)
#define CLIENT_RX_BYTES 4096u
#define QUIET_US	2000000u

static void
go_on(struct world *w, uint64_t us)
{
	for (uint64_t until = w->now_us + us; w->now_us < until;)
		turn(w);
}

static struct tcp *
server_tcp(struct world *w)
{
	return net_look(w->w.net)->tcp;
}

/* Many EHLO at once, of somebody who does not read. */
static struct tcp_conn *
dial_greedy(struct world *w)
{
	struct tcp_conn *c = dial(w);
	uint32_t want = w->w.conns_n + 1;

	tcp_owner_set(c, w);
	while (w->w.conns_n < want)
		turn(w);
	for (unsigned i = 0; i < EHLOS_N; i++)
		must(tcp_tx(w->client, c, SPAN("EHLO a.example.com\r\n")));
	turn(w);
	return c;
}

/* An EHLO's answer has so many lines. */
static uint32_t
ehlo_lines(struct world *w)
{
	uint32_t before = w->replies_n;

	say(w, SPAN("EHLO a.example.com\r\n"), 1);
	go_on(w, QUIET_US);
	return w->replies_n - before;
}

int
main(void)
{
	struct world *w =
		world_open(GREEDY_N + 16, MEMORY_BYTES, CLIENT_RX_BYTES);
	static struct tcp_conn *greedy[GREEDY_N];
	uint64_t before, want, all, left;
	struct tcp *t = server_tcp(w);
	uint32_t lines, replies;

	w->service.smtp.junk_max = 1000000;
	w->active = dial(w);
	dial_all(w, 0);
	(void)message(w);
	lines = ehlo_lines(w);
	CHECK(lines > 5);

	CHECK_ROW("nobody reads");
	before = w->lines_n;
	w->are_deaf = true;
	for (unsigned i = 0; i < GREEDY_N; i++)
		greedy[i] = dial_greedy(w);
	go_on(w, QUIET_US);
	tcp_bufs_get(t, &all, &left);
	CHECK(t->tx_bufs_n <= all / 4 * 3 && left < all);
	CHECK(tcp_tx_bufs_left(t) < t->tx_kept_n);
	CHECK(w->w.conns_n == GREEDY_N + 1);

	CHECK_ROW("who asks now has to wait");
	replies = w->replies_n;
	must(tcp_tx(w->client, w->active, SPAN("MAIL FROM:<a@b.test>\r\n")));
	for (unsigned i = 0; i < NEW_N; i++)
		(void)dial(w);
	go_on(w, QUIET_US);
	CHECK(w->replies_n == replies && w->greeted_n == 1);
	CHECK(w->w.conns_n == GREEDY_N + 1 + NEW_N);
	CHECK(counter_get(&w->w.stats.disconnects) == 0);

	CHECK_ROW("buffers come back");
	w->are_deaf = false;
	for (unsigned i = 0; i < GREEDY_N; i++) {
		client_read(w, greedy[i]);
		turn(w);
	}
	go_on(w, QUIET_US);
	CHECK(w->replies_n == replies + 1);
	CHECK(w->w.conns_n == GREEDY_N + 1 + NEW_N);
	/* Banners and answers of all, and one of the active one's. */
	want = before + 1 + NEW_N * (1 + (uint64_t)lines) +
	       GREEDY_N * (1 + EHLOS_N * (uint64_t)lines);
	for (unsigned i = 0; i < ROUNDS && w->lines_n < want; i++)
		go_on(w, QUIET_US);
	go_on(w, QUIET_US);
	CHECK(w->lines_n == want);
	CHECK(t->tx_bufs_n == 0 && t->starved == 0);
	say(w, SPAN("RSET\r\n"), 1);
	(void)message(w);
	CHECK(counter_get(&w->w.stats.disconnects) == 0);
	CHECK_ROW("");
	world_close(&w);
	return check_end();
}
