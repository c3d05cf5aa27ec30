/* SPDX-License-Identifier: BSD-2-Clause */
/* The worker's side: ids, limits, messages used again, waking up. */
#include "queue/queue_int.h"
#include "tests/unit/queue_fixture.h"

/* Unique, ascending, each worker's its own, also when they outrun the clock. */
static void
test_ids(void)
{
	uint64_t last[2] = { 0 };
	struct fix f;

	fix_init(&f);
	f.cfg.workers_n = 2;
	CHECK(fix_open(&f));
	for (unsigned i = 0; i < 20000; i++) {
		struct queue_msg *m = queue_msg_new(f.q, i % 2);

		must(m != NULL);
		CHECK(m->id > last[i % 2] && m->worker_idx == i % 2);
		CHECK((m->id & (WORKERS_MAX - 1)) == i % 2);
		last[i % 2] = m->id;
		queue_msg_drop(f.q, &m);
		CHECK(m == NULL);
	}
	fix_fini(&f);
}

/* One that comes back serves again, and is empty. */
static void
test_reuse(void)
{
	struct queue_msg *m, *again;
	struct fix f;

	fix_init(&f);
	CHECK(fix_open(&f));
	m = fix_msg(&f, 0, 1, 5000, 3);
	again = m;
	m->attempts_n = 9;
	queue_msg_drop(f.q, &m);
	m = queue_msg_new(f.q, 0);
	CHECK(m == again && m->body == NULL && m->body_bytes == 0);
	CHECK(m->attempts_n == 0 && m->streamed_n == 0 && m->next == NULL);
	CHECK(m->env.cap > 0); /* its memory stays */
	queue_msg_drop(f.q, &m);
	/* An envelope for a thousand recipients is not kept. */
	m = fix_msg(&f, 0, 1, 10, 2000);
	CHECK(m->env.cap > 64u * 1024);
	queue_msg_drop(f.q, &m);
	m = queue_msg_new(f.q, 0);
	CHECK(m->env.cap == 0);
	queue_msg_drop(f.q, &m);
	fix_fini(&f);
}

/* Over the limit nothing is taken; the first always gets through. */
static void
test_inflight(void)
{
	struct queue_msg *first, *second;
	struct queue_done done;
	struct chunk *c;
	struct fix f;

	fix_init(&f);
	f.cfg.inflight_bytes_max = 1000;
	CHECK(fix_open(&f));
	first = fix_msg(&f, 0, 1, 50000, 1);
	second = fix_msg(&f, 0, 2, 50000, 1);
	/* As if another worker's were on the way. */
	atomic_store(&f.q->inflight_bytes, 900);
	CHECK(queue_msg_submit(f.q, &first, &f) == -EAGAIN && first != NULL);
	c = fix_chunk(&f, 1, 0, 200);
	CHECK(queue_chunk_submit(f.q, first, &c) == -EAGAIN && c != NULL);
	CHECK(c->next == NULL && first->streamed_n == 0);
	chunk_put(c);
	CHECK(atomic_load(&f.q->inflight_bytes) == 900);
	atomic_store(&f.q->inflight_bytes, 0);
	CHECK(queue_msg_submit(f.q, &first, &f) == 0 && first == NULL);
	CHECK(fix_reap(&f, 0, &done, 1) == 1);
	CHECK(done.outcome == QUEUE_DURABLE && done.tag == &f);
	FIX_UNTIL(&f, atomic_load(&f.q->inflight_bytes) == 0);
	CHECK(queue_msg_submit(f.q, &second, &f) == 0);
	CHECK(fix_reap(&f, 0, &done, 1) == 1);
	fix_fini(&f);
}

static void
test_pieces(void)
{
	struct queue_msg *m;
	struct chunk *c;
	struct fix f;

	fix_init(&f);
	CHECK(fix_open(&f));
	m = fix_msg(&f, 0, 1, 0, 1);
	c = fix_chunk(&f, 1, 0, 0); /* an empty one leaves no trace */
	CHECK(queue_chunk_submit(f.q, m, &c) == 0 && c == NULL);
	CHECK(m->streamed_n == 0);
	m->streamed_n = RECORD_BODY_N_MAX - 1;
	c = fix_chunk(&f, 1, 0, 10);
	CHECK(queue_chunk_submit(f.q, m, &c) == -EFBIG && c != NULL);
	chunk_put(c);
	m->streamed_n = 0;
	queue_msg_drop(f.q, &m);
	fix_fini(&f);
}

/* Chunks went ahead, then the session: nothing of it stays. */
static void
test_drop_streamed(void)
{
	struct queue_msg *m;
	struct fix f;

	fix_init(&f);
	CHECK(fix_open(&f));
	for (unsigned i = 0; i < 50; i++) {
		m = queue_msg_new(f.q, 0);
		for (unsigned n = 0; n < 3; n++) {
			struct chunk *c = fix_chunk(&f, i, 0, 5000);

			CHECK(queue_chunk_submit(f.q, m, &c) == 0);
		}
		queue_msg_drop(f.q, &m);
	}
	CHECK(fix_put(&f, 0, 7, 100, 1) != 0); /* behind all of them */
	FIX_UNTIL(&f, fix_stats(&f).inflight_bytes == 0);
	fix_close(&f);
	CHECK(fix_open(&f));
	CHECK(fix_stats(&f).active_n == 1);
	m = fix_take_due(&f, FIX_WAIT_US);
	CHECK(m != NULL && fix_seed(m) == 7);
	fix_settle(&f, m, QUEUE_RCPT_SENT, "");
	CHECK(queue_due_take(f.q, 0) == NULL);
	fix_fini(&f);
}

/* For measurements: 250 for everything, and nothing anywhere. */
static void
test_discard(void)
{
	struct queue_done done[8];
	struct queue_msg *m;
	struct chunk *c;
	struct fix f;
	int tag;

	fix_init(&f);
	f.cfg.is_discard = true;
	CHECK(fix_open(&f));
	for (unsigned i = 0; i < 5; i++) {
		m = fix_msg(&f, 0, i, 1000, 1);
		c = fix_chunk(&f, 1, 0, 100);
		CHECK(queue_chunk_submit(f.q, m, &c) == 0 && c == NULL);
		CHECK(queue_msg_submit(f.q, &m, &tag) == 0 && m == NULL);
	}
	CHECK(queue_has_room(f.q, UINT64_MAX));
	CHECK(queue_reap(f.q, 0, done, 8) == 5);
	CHECK(done[4].outcome == QUEUE_DURABLE && done[4].tag == &tag);
	CHECK(fix_stats(&f).committed_msgs_n == 0);
	CHECK(queue_take(f.q, 0, 1, 0) == NULL);
	fix_fini(&f);
}

/* The ring of outcomes never runs over: who does not reap may not submit. */
static void
test_unreaped(void)
{
	struct queue_done done[64];
	struct queue_msg *m;
	unsigned n = 0;
	struct fix f;

	fix_init(&f);
	f.cfg.is_discard = true;
	CHECK(fix_open(&f));
	for (;; n++) {
		m = fix_msg(&f, 0, 1, 0, 1);
		if (queue_msg_submit(f.q, &m, NULL) != 0)
			break;
	}
	CHECK(n == PORT_ENTRIES);
	queue_msg_drop(f.q, &m);
	CHECK(queue_reap(f.q, 0, done, 64) == 64);
	m = fix_msg(&f, 0, 1, 0, 1);
	CHECK(queue_msg_submit(f.q, &m, NULL) == 0);
	fix_fini(&f);
}

/* Written only for a sleeper; posted before the sleep: no sleep. */
static void
test_wake(void)
{
	struct pollfd p = { .events = POLLIN };
	struct queue_done done;
	struct queue_msg *m;
	struct fix f;

	fix_init(&f);
	f.cfg.is_discard = true;
	CHECK(fix_open(&f));
	p.fd = queue_wake_fd(f.q, 0);
	m = fix_msg(&f, 0, 1, 0, 1);
	CHECK(queue_msg_submit(f.q, &m, NULL) == 0);
	CHECK(poll(&p, 1, 0) == 0);
	queue_set_sleeping(f.q, 0, true);
	CHECK(poll(&p, 1, 0) == 1);
	queue_set_sleeping(f.q, 0, false);
	CHECK(poll(&p, 1, 0) == 0);
	CHECK(queue_reap(f.q, 0, &done, 1) == 1);
	queue_set_sleeping(f.q, 0, true);
	CHECK(poll(&p, 1, 0) == 0);
	port_wake_worker(&f.q->ports[0]);
	port_wake_worker(&f.q->ports[0]); /* once is enough */
	CHECK(poll(&p, 1, 0) == 1);
	queue_set_sleeping(f.q, 0, false);
	CHECK(poll(&p, 1, 0) == 0);
	fix_fini(&f);
}

static void
test_lists(void)
{
	struct msg_list a = { 0 }, b = { 0 };
	struct msg m[4] = { 0 };

	msg_list_join(&a, &b);
	CHECK(a.n == 0 && a.first == NULL && a.last == NULL);
	msg_list_add(&b, &m[0]);
	msg_list_join(&a, &b);
	CHECK(a.n == 1 && a.first == &m[0] && a.last == &m[0]);
	CHECK(b.n == 0 && b.first == NULL && b.last == NULL);
	for (unsigned i = 1; i < 4; i++)
		msg_list_add(&b, &m[i]);
	msg_list_join(&a, &b);
	CHECK(a.n == 4 && a.last == &m[3] && msg_next(&m[0]) == &m[1]);
	CHECK(msg_next(&m[3]) == NULL);
}

int
main(void)
{
	test_lists();
	test_ids();
	test_reuse();
	test_inflight();
	test_pieces();
	test_drop_streamed();
	test_discard();
	test_unreaped();
	test_wake();
	return check_end();
}
