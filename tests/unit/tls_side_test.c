/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The worker's side with a TLS thread that does not run: rings fill, the rest
 * waits in order, and what is closed meanwhile is not lost.
 */
#include "tests/unit/tls_rig.h"

enum { CONNS_N = 12 };

static void
test_full(void)
{
	struct rig r = { .cfg = { .queue_max = 4, .threads_n = 2 } };
	struct tls_conn *conns[CONNS_N], *got;
	struct tls_stats stats;
	void *owners[CONNS_N];
	struct tls_side *side;

	CHECK_ROW("full rings");
	rig_open(&r);
	side = &r.tls->sides[0];
	for (int i = 0; i < 2; i++)
		tls_thread_stop(&r.tls->threads[i]);
	for (int i = 0; i < CONNS_N; i++) {
		conns[i] = tls_conn_new(r.tls, 0, &r.ctx, &conns[i]);
		CHECK(tls_has_room(r.tls, 0) == (i < 8));
		/* No record at all: for the thread to refuse. */
		CHECK(tls_conn_feed(conns[i], SPAN("EHLO x"), 1) == 6);
		CHECK(tls_conn_is_away(conns[i]));
	}
	tls_stats_get(r.tls, &stats);
	CHECK(stats.in_flight_n == 8 && stats.in_flight_max_n == 4);
	CHECK(stats.waiting_n == 4 && stats.waited_n == 4);
	CHECK(tls_reap(r.tls, 0, owners, CONNS_N) == 0);
	/* One in a ring and one in the list go away. */
	tls_conn_close(&conns[0], TLS_REASON_GONE);
	tls_conn_close(&conns[8], TLS_REASON_TIMEOUT);
	/* The threads' work, by hand. */
	for (unsigned t = 0; t < 2; t++) {
		struct tls_link *link = tls_link_of(r.tls, t, 0);

		while ((got = ring_get(&link->to_thread)) != NULL) {
			tls_step(got);
			CHECK(ring_put(&link->to_worker, got));
		}
	}
	CHECK(!tls_has_room(r.tls, 0));
	CHECK(tls_reap(r.tls, 0, owners, CONNS_N) == 7);
	tls_stats_get(r.tls, &stats);
	CHECK(stats.waiting_n == 0 && stats.in_flight_n == 3);
	CHECK(stats.failed_n[TLS_REASON_NOT_TLS] == 7);
	CHECK(stats.failed_n[TLS_REASON_GONE] == 1);
	CHECK(stats.failed_n[TLS_REASON_TIMEOUT] == 1);
	CHECK(tls_has_room(r.tls, 0) && side->first == NULL);
	for (int i = 0; i < CONNS_N; i++)
		tls_conn_close(&conns[i], TLS_REASON_SHUTDOWN);
	/* Three are still in the rings: the pool's end frees them. */
	rig_close(&r);
}

static void
test_sleep(void)
{
	struct rig r = { 0 };
	struct pollfd p;
	void *owner;

	CHECK_ROW("sleep");
	rig_open(&r);
	p = (struct pollfd) { tls_wake_fd(r.tls, 0), POLLIN, 0 };
	/* Nothing away: nobody will wake us. */
	tls_set_sleeping(r.tls, 0, true);
	CHECK(poll(&p, 1, 0) == 0);
	tls_set_sleeping(r.tls, 0, false);
	for (int i = 0; i < 300; i++) {
		rig_connect(&r);
		CHECK(tls_conn_feed(r.conn, SPAN("EHLO x"), 1) == 6);
		while (tls_conn_is_away(r.conn)) {
			tls_set_sleeping(r.tls, 0, true);
			CHECK(poll(&p, 1, 60000) == 1);
			tls_set_sleeping(r.tls, 0, false);
			(void)!tls_reap(r.tls, 0, &owner, 1);
		}
		CHECK(owner == &r && tls_conn_state(r.conn) == TLS_FAILED);
		rig_disconnect(&r);
	}
	/* Every wake-up has been read. */
	while (r.tls->sides[0].is_wake_owed)
		tls_set_sleeping(r.tls, 0, false);
	CHECK(poll(&p, 1, 0) == 0);
	rig_close(&r);
}

int
main(void)
{
	test_full();
	test_sleep();
	return check_end();
}
