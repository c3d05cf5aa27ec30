/* SPDX-License-Identifier: BSD-2-Clause */
/* What the router is given, in which order and when; and routes of its own. */
#include "queue/shard_int.h"
#include "tests/unit/queue_fixture.h"

/* What an earlier run left, from all shards, of each the oldest first. */
static void
test_order(void)
{
	uint64_t last_ids[3] = { 0 };
	struct queue_msg *m;
	uint64_t ids[300];
	struct fix f;

	fix_init(&f);
	f.cfg.shards_n = 3;
	f.cfg.workers_n = 3;
	CHECK(fix_open(&f));
	for (unsigned i = 0; i < ARRAY_N(ids); i++)
		ids[i] = fix_put(&f, i % 3, i, 10, 1);
	fix_close(&f);
	f.cfg.shards_n = 1; /* the others are only emptied */
	f.cfg.workers_n = 1;
	CHECK(fix_open(&f));
	for (unsigned i = 0; i < ARRAY_N(ids); i++) {
		m = queue_due_take(f.q, FIX_WAIT_US);
		must(m != NULL && m->shard_idx < 3);
		CHECK(m->is_recovered && m->id > last_ids[m->shard_idx]);
		CHECK(i > 0 || m->id == ids[0]);
		last_ids[m->shard_idx] = m->id;
		queue_due_put(f.q, &m, NULL);
		m = fix_take(&f);
		CHECK(m != NULL);
		fix_settle(&f, m, QUEUE_RCPT_SENT, "");
	}
	CHECK(queue_due_take(f.q, 0) == NULL);
	fix_close(&f);
	CHECK(fix_open(&f));
	CHECK(queue_due_take(f.q, 0) == NULL && fix_stats(&f).active_n == 0);
	fix_fini(&f);
}

static void
deferred(struct fix *f, uint64_t seed)
{
	struct queue_msg *m;

	CHECK(fix_put(f, 0, seed, 100, 1) != 0);
	m = fix_take(f);
	must(m != NULL);
	fix_settle(f, m, QUEUE_RCPT_DEFERRED, "4.2.0 later");
}

/* Not before its time, soon after it, also in the next run. */
static void
test_time(void)
{
	struct queue_msg *m;
	uint64_t from_us;
	struct fix f;

	fix_init(&f);
	f.cfg.backoff_min_us = 800000;
	f.cfg.backoff_max_us = 800000;
	CHECK(fix_open(&f));
	for (unsigned round = 0; round < 2; round++) {
		deferred(&f, round);
		FIX_SOON(&f, fix_stats(&f).deferred_n == 1);
		if (round == 1) {
			fix_close(&f);
			CHECK(fix_open(&f));
			CHECK(fix_stats(&f).deferred_n == 1);
		}
		from_us = clock_now_us();
		m = queue_due_take(f.q, 0);
		if (m == NULL) /* or all this took longer */
			m = queue_due_take(f.q, FIX_WAIT_US);
		must(m != NULL);
		CHECK(fix_seed(m) == round);
		CHECK(clock_now_us() < from_us + FIX_WAIT_US);
		CHECK(m->attempts_n == 1 && m->rcpt_states != NULL);
		CHECK(strcmp(m->rcpt_states[0].why, "4.2.0 later") == 0);
		CHECK(clock_wall_us() >= m->due_us);
		CHECK(m->is_recovered == (round == 1));
		queue_due_put(f.q, &m, NULL);
		m = fix_take(&f);
		CHECK(m != NULL && fix_body_is_whole(f.q, m));
		fix_settle(&f, m, QUEUE_RCPT_SENT, "");
		FIX_SOON(&f, fix_stats(&f).deferred_n == 0);
	}
	fix_fini(&f);
}

/* A shorter time than the one that is waited for wakes the router. */
static void
test_note(void)
{
	struct fix f;
	struct shard *sh;

	fix_init(&f);
	CHECK(fix_open(&f));
	sh = &f.q->shards[0];
	CHECK(queue_due_take(f.q, 0) == NULL);
	pthread_mutex_lock(&f.q->active.lock);
	due_note(sh, 5000);
	CHECK(f.q->due_next_us == 5000 && sh->due_from_us <= 5000);
	due_note(sh, 9000);
	CHECK(f.q->due_next_us == 5000 && sh->due_from_us <= 5000);
	pthread_mutex_unlock(&f.q->active.lock);
	fix_fini(&f);
}

/* The routes are copied; without them the envelope's hold. */
static void
test_routes(void)
{
	char dest[] = "/srv/new/";
	struct queue_route routes[2] = {
		{ .transport = ENVELOPE_VIRTUAL,
		  .uid = 7,
		  .gid = 8,
		  .dest = { dest, sizeof(dest) - 1 } },
		{ .transport = ENVELOPE_ERROR, .dest = SPAN("") },
	};
	struct envelope_rcpt rcpt = { .transport = ENVELOPE_VIRTUAL,
				      .uid = 1,
				      .gid = 2,
				      .dest = SPAN("/srv/old/") };
	struct queue_route got;
	struct queue_msg *m;
	struct fix f;

	fix_init(&f);
	CHECK(fix_open(&f));
	for (unsigned i = 0; i < 2; i++)
		CHECK(fix_put(&f, 0, i, 10, 2) != 0);
	fix_close(&f);
	CHECK(fix_open(&f));
	m = queue_due_take(f.q, FIX_WAIT_US);
	must(m != NULL);
	queue_due_put(f.q, &m, routes);
	memset(dest, 'x', sizeof(dest));
	m = fix_take(&f);
	got = queue_msg_route(m, 0, &rcpt);
	CHECK(got.uid == 7 && got.gid == 8);
	CHECK_SPAN(got.dest, "/srv/new/");
	got = queue_msg_route(m, 1, &rcpt);
	CHECK(got.transport == ENVELOPE_ERROR && got.dest.len == 0);
	fix_settle(&f, m, QUEUE_RCPT_SENT, "");
	m = fix_take_due(&f, FIX_WAIT_US);
	got = queue_msg_route(m, 0, &rcpt);
	CHECK(got.uid == 1 && got.gid == 2);
	CHECK_SPAN(got.dest, "/srv/old/");
	fix_settle(&f, m, QUEUE_RCPT_SENT, "");
	fix_fini(&f);
}

/* A shard whose disk is away holds up no other, and is not forgotten. */
static void
test_away(void)
{
	const struct store_error why = { "taken away by a test" };
	struct queue_msg *m;
	struct shard *sh;
	struct fix f;

	fix_init(&f);
	f.cfg.shards_n = 2;
	f.cfg.workers_n = 2;
	f.cfg.backoff_min_us = f.cfg.backoff_max_us = 1;
	CHECK(fix_open(&f));
	deferred(&f, 7); /* the first worker's: in shard 0 */
	CHECK(fix_put(&f, 0, 8, 100, 1) != 0);
	CHECK(fix_put(&f, 1, 9, 100, 1) != 0);
	fix_close(&f);
	CHECK(fix_open(&f));
	CHECK(fix_stats(&f).deferred_n == 1 && fix_stats(&f).active_n == 2);
	sh = &f.q->shards[0];
	shard_stop(sh);
	shard_store_lose(sh, -EIO, &why);
	atomic_store(&sh->trouble, QUEUE_FAILED);
	m = queue_due_take(f.q, FIX_WAIT_US);
	must(m != NULL);
	CHECK(fix_seed(m) == 9 && m->shard_idx == 1);
	queue_due_put(f.q, &m, NULL);
	m = fix_take(&f);
	must(m != NULL);
	fix_settle(&f, m, QUEUE_RCPT_SENT, "");
	CHECK(queue_due_take(f.q, 0) == NULL);
	shard_store_retry(sh, clock_now_us());
	CHECK(atomic_load(&sh->trouble) == QUEUE_DURABLE);
	must(shard_start(sh) == 0);
	for (unsigned n = 0, seen = 0; n < 2; n++) {
		m = fix_take_due(&f, FIX_WAIT_US);
		must(m != NULL);
		CHECK(fix_seed(m) == 7 || fix_seed(m) == 8);
		CHECK(!(seen & 1u << fix_seed(m) % 8));
		seen |= 1u << fix_seed(m) % 8;
		fix_settle(&f, m, QUEUE_RCPT_SENT, "");
	}
	FIX_SOON(&f, fix_stats(&f).deferred_n == 0);
	fix_fini(&f);
}

int
main(void)
{
	test_order();
	test_time();
	test_note();
	test_routes();
	test_away();
	return check_end();
}
