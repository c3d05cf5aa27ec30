/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What follows when a disk fails: nobody hears "durable", operators are told,
 * what was delivered stays delivered, and all goes on when the disk is back.
 * A limit on the size of files stands for a disk that is full.
 */
#include "queue/shard_int.h"
#include "tests/unit/queue_fixture.h"

#include <sys/resource.h>

static struct rlimit was;

static void
disk_fails(bool does_fail)
{
	struct rlimit now = was;

	if (does_fail)
		now.rlim_cur = 4096;
	must(setrlimit(RLIMIT_FSIZE, &now) == 0);
}

static enum queue_outcome
outcome_of(struct fix *f, uint64_t seed)
{
	struct queue_msg *m = fix_msg(f, 0, seed, 3000, 1);
	struct queue_done done = { 0 };
	uint64_t id = m->id;

	must(queue_msg_submit(f->q, &m, f) == 0);
	must(fix_reap(f, 0, &done, 1) == 1);
	CHECK(done.id == id && done.tag == f);
	return done.outcome;
}

static void
test_failure(void)
{
	struct queue_msg *held, *delivered, *m;
	uint64_t held_id, other_id;
	struct fix f;

	fix_init(&f);
	CHECK(fix_open(&f));
	CHECK(outcome_of(&f, 1) == QUEUE_DURABLE);
	CHECK(outcome_of(&f, 2) == QUEUE_DURABLE);
	CHECK(outcome_of(&f, 3) == QUEUE_DURABLE);
	delivered = fix_take(&f);
	held = fix_take(&f);
	must(delivered != NULL && held != NULL);
	held_id = held->id;

	disk_fails(true);
	CHECK(outcome_of(&f, 4) == QUEUE_FULL);
	CHECK(!queue_has_room(f.q, 1));
	CHECK(outcome_of(&f, 5) == QUEUE_FULL); /* not even tried */
	/* Delivered while the disk was away: it waits for it. */
	fix_settle(&f, delivered, QUEUE_RCPT_SENT, "");
	/* An operator is not kept waiting. */
	m = fix_take(&f);
	must(m != NULL);
	other_id = m->id;
	fix_settle(&f, m, QUEUE_RCPT_DEFERRED, "4.2.0 later");
	CHECK(queue_operate(f.q, held_id, QUEUE_OP_DELETE) == -EBUSY);
	CHECK(queue_operate(f.q, other_id, QUEUE_OP_HOLD) != 0);
	CHECK(fix_stats(&f).settled_n == 0);

	disk_fails(false);
	FIX_UNTIL(&f, queue_has_room(f.q, 1));
	CHECK(outcome_of(&f, 6) == QUEUE_DURABLE);
	FIX_SOON(&f, fix_stats(&f).settled_n == 1);
	FIX_SOON(&f, fix_stats(&f).deferred_n == 1);
	fix_settle(&f, held, QUEUE_RCPT_FAILED, "5.1.1 no");
	FIX_SOON(&f, fix_stats(&f).dead_n == 1);
	CHECK(fix_stats(&f).inflight_bytes == 0);

	/* 4 and 5 are nowhere; 6 is there, whole. */
	fix_close(&f);
	CHECK(fix_open(&f));
	CHECK(fix_stats(&f).active_n == 1);
	m = fix_take_due(&f, FIX_WAIT_US);
	CHECK(m != NULL && fix_seed(m) == 6 && fix_body_is_whole(f.q, m));
	fix_settle(&f, m, QUEUE_RCPT_SENT, "");
	fix_fini(&f);
}

/* Its first records were written before the disk failed: refused, removed. */
static void
test_streamed(void)
{
	struct queue_done done;
	struct queue_msg *m;
	struct chunk *c;
	struct fix f;

	fix_init(&f);
	CHECK(fix_open(&f));
	m = fix_msg(&f, 0, 9, 100, 1);
	c = fix_chunk(&f, 9, 0, 7000);
	CHECK(queue_chunk_submit(f.q, m, &c) == 0);
	FIX_UNTIL(&f, fix_stats(&f).inflight_bytes == 0);
	disk_fails(true);
	CHECK(outcome_of(&f, 1) == QUEUE_FULL);
	disk_fails(false);
	FIX_UNTIL(&f, queue_has_room(f.q, 1));
	/* The store was opened anew: what it had of the message is in doubt. */
	must(queue_msg_submit(f.q, &m, NULL) == 0);
	CHECK(fix_reap(&f, 0, &done, 1) == 1 && done.outcome != QUEUE_DURABLE);
	CHECK(outcome_of(&f, 2) == QUEUE_DURABLE);
	fix_close(&f);
	CHECK(fix_open(&f));
	CHECK(fix_stats(&f).active_n == 1);
	m = fix_take_due(&f, FIX_WAIT_US);
	CHECK(m != NULL && fix_seed(m) == 2);
	fix_settle(&f, m, QUEUE_RCPT_SENT, "");
	fix_fini(&f);
}

/* Closed while the disk is away: it ends, and what was acknowledged is kept. */
static void
test_close(void)
{
	struct queue_msg *m;
	struct fix f;

	fix_init(&f);
	CHECK(fix_open(&f));
	CHECK(outcome_of(&f, 1) == QUEUE_DURABLE);
	CHECK(outcome_of(&f, 2) == QUEUE_DURABLE);
	m = fix_take(&f);
	must(m != NULL);
	disk_fails(true);
	CHECK(outcome_of(&f, 3) == QUEUE_FULL);
	fix_settle(&f, m, QUEUE_RCPT_SENT, "");
	fix_close(&f);
	disk_fails(false);
	CHECK(fix_open(&f));
	/* The removal was lost: at least once, and marked as recovered. */
	for (unsigned seed = 1; seed <= 2; seed++) {
		m = fix_take_due(&f, FIX_WAIT_US);
		CHECK(m != NULL && fix_seed(m) == seed && m->is_recovered);
		fix_settle(&f, m, QUEUE_RCPT_SENT, "");
	}
	CHECK(queue_due_take(f.q, 0) == NULL);
	fix_fini(&f);
}

/*
 * The moment between the write and the sync, held: a scan and the delivery
 * threads find nothing, whatever the sync brings.
 */
static void
test_fresh(bool is_durable)
{
	struct store_error error;
	struct queue_done done;
	struct flight flight;
	struct queue_msg *m;
	struct shard *sh;
	struct fix f;
	uint64_t id;

	fix_init(&f);
	CHECK(fix_open(&f));
	sh = &f.q->shards[0];
	shard_stop(sh); /* the test is the commit thread */
	m = fix_msg(&f, 0, 1, 3000, 1);
	id = m->id;
	must(queue_msg_submit(f.q, &m, NULL) == 0);
	batch_begin(sh);
	batch_collect(sh);
	CHECK(sh->fresh.n == 1 && !FIX_IS_KNOWN(&f, id));
	flight = (struct flight) { .fresh = sh->fresh,
				   .meta = sh->next_meta,
				   .is_sync = true,
				   .is_any = true };
	sh->fresh = (struct msg_list) { 0 };
	post_begin(sh, &flight.fresh);
	must(store_write(sh->store, false, &error) == 0);
	sh->forgotten_n = 1; /* so that there is something to look for */
	CHECK(!scan_refill(f.q));
	CHECK(queue_take(f.q, 0, 1, 0) == NULL);
	CHECK(FIX_IS_KNOWN(&f, id) && f.q->active.known_n == 0);
	sh->forgotten_n = 0;
	if (is_durable)
		post_durable(sh, &flight);
	else
		post_failed(sh, &flight, -EIO);
	CHECK(FIX_IS_KNOWN(&f, id) == is_durable);
	CHECK(f.q->active.known_n == is_durable);
	CHECK(queue_reap(f.q, 0, &done, 1) == 1);
	CHECK(done.outcome == (is_durable ? QUEUE_DURABLE : QUEUE_FAILED));
	m = queue_take(f.q, 0, 9, 0);
	CHECK((m != NULL) == is_durable);
	if (m != NULL) {
		CHECK(m->id == id && m->next == NULL);
		fix_settle(&f, m, QUEUE_RCPT_SENT, "");
	}
	must(shard_start(sh) == 0);
	fix_fini(&f);
}

int
main(void)
{
	signal(SIGXFSZ, SIG_IGN);
	must(getrlimit(RLIMIT_FSIZE, &was) == 0);
	test_failure();
	test_streamed();
	test_close();
	test_fresh(true);
	test_fresh(false);
	return check_end();
}
