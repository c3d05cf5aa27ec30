/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two workers and two TLS threads at once, hundreds of handshakes, some of them
 * given up half-way. Worth most under TSan.
 */
#include "tests/unit/tls_rig.h"

#include <pthread.h>
#include <sched.h>

enum { WORKERS_N = 2, ROUNDS_N = 40, ENDS_N = 4, STEPS_N = 5000 };

struct worker {
	struct rig *rig; /* shared: pool and contexts */
	unsigned idx;
	unsigned done_n, wrong_n;
};

struct end {
	SSL *client;
	BIO *to_client, *from_client;
	struct tls_conn *conn;
	bool is_done;
};

static void
end_open(struct worker *w, struct end *e)
{
	*e = (struct end) { .client = SSL_new(w->rig->client_ctx) };
	e->to_client = BIO_new(BIO_s_mem());
	e->from_client = BIO_new(BIO_s_mem());
	BIO_set_mem_eof_return(e->to_client, -1);
	SSL_set_bio(e->client, e->to_client, e->from_client);
	SSL_set_connect_state(e->client);
	e->conn = tls_conn_new(w->rig->tls, w->idx, &w->rig->ctx, e);
	must(e->conn != NULL);
}

/* What there is to do at home; away when there is something to wait for. */
static void
end_run(struct worker *w, struct end *e)
{
	struct span out = tls_conn_out(e->conn), plain, none = { 0 };
	char p[4096];
	int n;

	if (out.len)
		(void)!BIO_write(e->to_client, out.p, (int)out.len);
	tls_conn_out_sent(e->conn);
	if (SSL_do_handshake(e->client) == 1 && !e->is_done) {
		e->is_done = true;
		(void)!SSL_write(e->client, "hello", 5);
	}
	n = BIO_read(e->from_client, p, sizeof(p));
	if (n > 0 && tls_conn_feed(e->conn, (struct span) { p, (size_t)n },
				   1) != (size_t)n)
		w->wrong_n++;
	if (tls_conn_is_away(e->conn))
		return;
	if (tls_conn_state(e->conn) != TLS_OPEN ||
	    tls_conn_read(e->conn, &none, &plain) != TLS_READ_BYTES ||
	    !span_is_equal(plain, SPAN("hello")))
		w->wrong_n++;
	else
		tls_conn_read_done(e->conn, plain.len);
	w->done_n++;
	tls_conn_close(&e->conn, TLS_REASON_GONE);
}

static void
one_round(struct worker *w, unsigned round)
{
	struct end ends[ENDS_N];
	struct tls *tls = w->rig->tls;
	struct pollfd p = { tls_wake_fd(tls, w->idx), POLLIN, 0 };
	unsigned open_n = ENDS_N;
	void *owners[ENDS_N];

	for (unsigned i = 0; i < ENDS_N; i++) {
		end_open(w, &ends[i]);
		end_run(w, &ends[i]);
	}
	if (round % 2) { /* away, and given up there */
		tls_conn_close(&ends[0].conn, TLS_REASON_TIMEOUT);
		open_n--;
	}
	while (open_n > 0) {
		unsigned n;

		tls_set_sleeping(tls, w->idx, true);
		/* Nobody has lost a wake-up who waits for it. */
		w->wrong_n += poll(&p, 1, 60000) != 1;
		tls_set_sleeping(tls, w->idx, false);
		n = tls_reap(tls, w->idx, owners, ENDS_N);
		for (unsigned i = 0; i < n; i++) {
			struct end *e = owners[i];

			end_run(w, e);
			open_n -= e->conn == NULL;
		}
	}
	for (unsigned i = 0; i < ENDS_N; i++)
		SSL_free(ends[i].client);
}

static void *
work(void *arg)
{
	struct worker *w = arg;

	for (unsigned i = 0; i < ROUNDS_N; i++)
		one_round(w, i);
	return NULL;
}

static void
test_many(enum tls_offload offload)
{
	struct rig r = { .cfg = { .workers_n = WORKERS_N,
				  .threads_n = 2,
				  .queue_max = 2,
				  .offload = offload } };
	struct worker workers[WORKERS_N];
	pthread_t threads[WORKERS_N];
	struct tls_stats stats;
	unsigned done_n = 0;

	CHECK_ROW(offload == TLS_OFFLOAD_ALL ? "all" : "handshake");
	rig_open(&r);
	for (unsigned i = 0; i < WORKERS_N; i++) {
		workers[i] = (struct worker) { .rig = &r, .idx = i };
		must(pthread_create(&threads[i], NULL, work, &workers[i]) == 0);
	}
	for (unsigned i = 0; i < WORKERS_N; i++) {
		must(pthread_join(threads[i], NULL) == 0);
		CHECK(workers[i].wrong_n == 0);
		done_n += workers[i].done_n;
	}
	CHECK(done_n == WORKERS_N * (ROUNDS_N * ENDS_N - ROUNDS_N / 2));
	tls_stats_get(r.tls, &stats);
	CHECK(stats.handshakes_n == done_n);
	CHECK(stats.failed_n[TLS_REASON_TIMEOUT] == WORKERS_N * ROUNDS_N / 2);
	CHECK(stats.in_flight_max_n <= 2 && stats.waiting_n == 0);
	CHECK(stats.steps_n >= 2 * done_n && stats.busy_us > 0);
	rig_close(&r);
}

/*
 * One connection at a time, home after one step: both sides fall asleep and
 * wake each other each time, with nothing else that would wake them.
 */
static void *
work_one(void *arg)
{
	struct worker *w = arg;
	struct tls *tls = w->rig->tls;
	struct pollfd p = { tls_wake_fd(tls, w->idx), POLLIN, 0 };
	void *owner;

	for (unsigned i = 0; i < STEPS_N; i++) {
		struct tls_conn *c = tls_conn_new(tls, w->idx, &w->rig->ctx, w);

		must(c != NULL);
		w->wrong_n += tls_conn_feed(c, SPAN("EHLO x"), 1) != 6;
		/* Now at once, now a while after the thread has slept. */
		for (unsigned k = 0; k < i % 4; k++)
			sched_yield();
		while (tls_reap(tls, w->idx, &owner, 1) == 0) {
			tls_set_sleeping(tls, w->idx, true);
			w->wrong_n += poll(&p, 1, 60000) != 1;
			tls_set_sleeping(tls, w->idx, false);
		}
		w->wrong_n += tls_conn_state(c) != TLS_FAILED;
		w->done_n++;
		tls_conn_close(&c, TLS_REASON_GONE);
	}
	return NULL;
}

static void
test_wake(void)
{
	struct rig r = { .cfg = { .workers_n = WORKERS_N, .threads_n = 2 } };
	struct worker workers[WORKERS_N];
	pthread_t threads[WORKERS_N];

	CHECK_ROW("wake");
	rig_open(&r);
	for (unsigned i = 0; i < WORKERS_N; i++) {
		workers[i] = (struct worker) { .rig = &r, .idx = i };
		must(pthread_create(&threads[i], NULL, work_one, &workers[i]) ==
		     0);
	}
	for (unsigned i = 0; i < WORKERS_N; i++) {
		must(pthread_join(threads[i], NULL) == 0);
		CHECK(workers[i].wrong_n == 0);
		CHECK(workers[i].done_n == STEPS_N);
	}
	rig_close(&r);
}

/* On the processors that workers leave, if they leave any. */
static void
test_place(void)
{
	cpu_set_t all, now;
	struct rig r = { .cfg = { .is_pinned = true } };

	CHECK_ROW("place");
	must(sched_getaffinity(0, sizeof(all), &all) == 0);
	for (r.cfg.workers_n = 1; r.cfg.workers_n <= 3; r.cfg.workers_n++) {
		unsigned left_n = (unsigned)CPU_COUNT(&all);

		rig_open(&r);
		/* A step of its own comes after it has moved. */
		rig_connect(&r);
		CHECK(tls_conn_feed(r.conn, SPAN("EHLO x"), 1) == 6);
		rig_settle(&r);
		must(pthread_getaffinity_np(r.tls->threads[0].thread,
					    sizeof(now), &now) == 0);
		if (left_n > r.cfg.workers_n)
			left_n -= r.cfg.workers_n;
		CHECK((unsigned)CPU_COUNT(&now) == left_n);
		rig_disconnect(&r);
		rig_close(&r);
	}
}

int
main(void)
{
	test_place();
	test_wake();
	test_many(TLS_OFFLOAD_HANDSHAKE);
	test_many(TLS_OFFLOAD_ALL);
	return check_end();
}
