/* SPDX-License-Identifier: BSD-2-Clause */
/* What one commit takes: much at once, nobody left behind, no more than fits.
 */
#include "queue/queue_int.h"
#include "tests/unit/queue_fixture.h"

/* Everything that waits goes in few commits; each worker gets its own. */
static void
test_group(void)
{
	unsigned reaped[4] = { 0 };
	struct queue_done done[64];
	struct queue_stats stats;
	struct fix f;

	fix_init(&f);
	f.cfg.workers_n = 4;
	CHECK(fix_open(&f));
	for (unsigned i = 0; i < 400; i++) {
		struct queue_msg *m = fix_msg(&f, i % 4, i, 500, 1);

		must(queue_msg_submit(f.q, &m, (void *)(uintptr_t)(i + 1)) ==
		     0);
	}
	for (unsigned w = 0; w < 4; w++)
		while (reaped[w] < 100) {
			unsigned n = fix_reap(&f, w, done, 64);

			must(n > 0);
			for (unsigned i = 0; i < n; i++) {
				CHECK(done[i].outcome == QUEUE_DURABLE);
				/* in the order in which they were sent */
				CHECK((uintptr_t)done[i].tag ==
				      reaped[w] * 4 + w + 1);
				reaped[w]++;
			}
		}
	stats = fix_stats(&f);
	CHECK(stats.committed_msgs_n == 400);
	CHECK(stats.commits_n < 400);
	fix_fini(&f);
}

/* A batch that is full leaves the rest for the next one. */
static void
test_full(void)
{
	struct queue_done done[64];
	struct queue_stats stats;
	unsigned n = 0;
	struct fix f;

	fix_init(&f);
	f.cfg.memtable_bytes = 64u << 20;
	CHECK(fix_open(&f));
	for (unsigned i = 0; i < 40; i++) {
		struct queue_msg *m = fix_msg(&f, 0, i, 200000, 1);

		must(queue_msg_submit(f.q, &m, NULL) == 0);
	}
	while (n < 40)
		n += fix_reap(&f, 0, done, 64);
	stats = fix_stats(&f);
	CHECK(stats.commits_n > 0 && stats.commits_n <= 40);
	CHECK(stats.written_bytes > 40 * 200000);
	for (n = 0; n < 40; n++) {
		struct queue_msg *m = fix_take(&f);

		CHECK(m != NULL && fix_seed(m) == n);
		CHECK(fix_body_is_whole(f.q, m));
		fix_settle(&f, m, QUEUE_RCPT_SENT, "");
	}
	fix_fini(&f);
}

/* No room on the disk: refused, told so, nothing kept. */
static void
test_no_room(void)
{
	struct queue_done done;
	struct queue_msg *m;
	struct chunk *c;
	struct fix f;

	fix_init(&f);
	f.cfg.free_bytes_min = UINT64_MAX / 4;
	CHECK(fix_open(&f));
	CHECK(!queue_has_room(f.q, 1));
	m = fix_msg(&f, 0, 1, 100, 1);
	must(queue_msg_submit(f.q, &m, &f) == 0);
	CHECK(fix_reap(&f, 0, &done, 1) == 1);
	CHECK(done.outcome == QUEUE_FULL && done.tag == &f);
	/* The same for one that streams: none of its records is written. */
	m = fix_msg(&f, 0, 1, 100, 1);
	for (unsigned i = 0; i < 20; i++) {
		c = fix_chunk(&f, 1, 0, 5000);
		CHECK(queue_chunk_submit(f.q, m, &c) == 0);
	}
	must(queue_msg_submit(f.q, &m, NULL) == 0);
	CHECK(fix_reap(&f, 0, &done, 1) == 1 && done.outcome == QUEUE_FULL);
	FIX_UNTIL(&f, fix_stats(&f).inflight_bytes == 0);
	CHECK(fix_stats(&f).written_bytes == 0);
	CHECK(queue_take(f.q, 0, 1, 0) == NULL);
	fix_close(&f);
	f.cfg.free_bytes_min = 0;
	CHECK(fix_open(&f));
	CHECK(queue_has_room(f.q, 1) && fix_stats(&f).active_n == 0);
	CHECK(queue_due_take(f.q, 0) == NULL);
	fix_fini(&f);
}

/* Chunks ahead, the rest with the message: one body. */
static void
test_stream(void)
{
	struct queue_done done;
	struct queue_msg *m;
	struct fix f;

	fix_init(&f);
	CHECK(fix_open(&f));
	m = queue_msg_new(f.q, 0);
	fix_envelope(m, 5, 25000, 1);
	for (unsigned i = 0; i < 4; i++) {
		struct chunk *c = fix_chunk(&f, 5, i * 5000, 5000);

		CHECK(queue_chunk_submit(f.q, m, &c) == 0);
	}
	CHECK(m->streamed_n == 4);
	m->body = fix_chunk(&f, 5, 20000, 5000);
	must(queue_msg_submit(f.q, &m, NULL) == 0);
	CHECK(fix_reap(&f, 0, &done, 1) == 1 && done.outcome == QUEUE_DURABLE);
	m = fix_take(&f);
	CHECK(m != NULL && m->body == NULL && fix_body_is_whole(f.q, m));
	fix_settle(&f, m, QUEUE_RCPT_SENT, "");
	FIX_SOON(&f, fix_stats(&f).active_n == 0);
	fix_fini(&f);
}

int
main(void)
{
	test_group();
	test_full();
	test_no_room();
	test_stream();
	return check_end();
}
