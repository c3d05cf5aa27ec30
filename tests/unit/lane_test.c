/* SPDX-License-Identifier: BSD-2-Clause */
/* A delivery thread: how it batches, flushes, settles. */
#include "deliver/lane.h"
#include "deliver/disk.h"
#include "tests/unit/check.h"
#include "tests/unit/fake_queue.h"
#include "tests/unit/scratch.h"

#define BODY	"Subject: x\n\nbody\n"
#define BATCH_N 16

static _Atomic unsigned flushes_n;

/* In place of the C library's. */
int
syncfs(int fd)
{
	atomic_fetch_add(&flushes_n, 1);
	return 0;
}

static struct lane_shared shared;

static void
begin(void)
{
	memset(&shared, 0, sizeof(shared));
	shared.q = fake_queue_open();
	shared.disks = disks_open();
	pthread_mutex_init(&shared.cfg_lock, NULL);
	shared.cfg = (struct lane_cfg) {
		.batch_msgs_max = BATCH_N,
		.batch_files_max = BATCH_N * 4,
		.host = "mx",
	};
	atomic_store(&flushes_n, 0);
}

static void
end(struct lane **l)
{
	atomic_store(&shared.is_stopping, true);
	lane_close(l);
	CHECK(*l == NULL);
	disks_close(&shared.disks);
	pthread_mutex_destroy(&shared.cfg_lock);
	fake_queue_close(shared.q);
}

static struct fake_msg *
put(uint64_t id, unsigned rcpts_n)
{
	struct fake_msg *fm = fake_queue_new(shared.q, id, BODY);

	for (unsigned i = 0; i < rcpts_n; i++)
		fake_queue_rcpt(fm, "a@example.com", "a@example.com",
				scratch_path("a/"), geteuid(), getegid());
	fake_queue_put(shared.q, fm);
	return fm;
}

/* Under load a batch costs one flush, for its files and the moves before. */
static void
test_one_flush_a_batch(void)
{
	enum { N = 8 };
	struct lane *l;

	CHECK_ROW("one flush a batch");
	begin();
	for (unsigned i = 0; i < N * BATCH_N; i++)
		put(i + 1, 1);
	l = lane_open(&shared, 0);
	CHECK(l != NULL);
	CHECK(fake_queue_wait(shared.q, N * BATCH_N));
	end(&l);
	CHECK(atomic_load(&shared.batches_n) == N);
	CHECK(atomic_load(&shared.delivered_n) == N * BATCH_N);
	CHECK(atomic_load(&flushes_n) == N + 1);
	CHECK(scratch_files_n(scratch_path("a/new")) == N * BATCH_N);
	CHECK(scratch_files_n(scratch_path("a/tmp")) == 0);
}

/* A message with many recipients fills a batch by its files. */
static void
test_files_max(void)
{
	struct lane *l;

	CHECK_ROW("files bound a batch");
	begin();
	for (unsigned i = 0; i < 6; i++)
		put(i + 1, BATCH_N * 2);
	l = lane_open(&shared, 0);
	CHECK(fake_queue_wait(shared.q, 6));
	end(&l);
	CHECK(atomic_load(&shared.batches_n) == 3);
	CHECK(atomic_load(&shared.delivered_n) == 6 * BATCH_N * 2);

	CHECK_ROW("one that is larger than a batch is one of its own");
	begin();
	put(1, BATCH_N * 10);
	put(2, 1);
	l = lane_open(&shared, 0);
	CHECK(fake_queue_wait(shared.q, 2));
	end(&l);
	CHECK(atomic_load(&shared.batches_n) == 2);
	CHECK(atomic_load(&shared.delivered_n) == BATCH_N * 10 + 1);
}

/* Nothing else has to come for a message to be settled. */
static void
test_alone(void)
{
	struct lane *l;

	CHECK_ROW("a message alone");
	begin();
	l = lane_open(&shared, 0);
	for (unsigned i = 1; i <= 3; i++) {
		put(i, 1);
		CHECK(fake_queue_wait(shared.q, i));
	}
	end(&l);
	CHECK(atomic_load(&shared.batches_n) == 3);
	CHECK(atomic_load(&flushes_n) == 6);
}

/* Without a file there is nothing to flush. */
static void
test_nothing_written(void)
{
	struct fake_msg *fm;
	struct lane *l;

	CHECK_ROW("no file, no flush");
	begin();
	fm = fake_queue_new(shared.q, 1, BODY);
	fake_queue_rcpt_on(fm, ENVELOPE_RELAY, "");
	fake_queue_put(shared.q, fm);
	l = lane_open(&shared, 0);
	CHECK(fake_queue_wait(shared.q, 1));
	CHECK(fm->states[0].result == QUEUE_RCPT_DEFERRED);
	end(&l);
	CHECK(atomic_load(&flushes_n) == 0);
	CHECK(atomic_load(&shared.deferred_n) == 1);
}

/* What a lane has taken it delivers, even when it is told to stop. */
static void
test_stop(void)
{
	struct lane *l;
	unsigned settled_n = 0;

	CHECK_ROW("stopped with work in hand");
	begin();
	for (unsigned i = 0; i < 4 * BATCH_N; i++)
		put(i + 1, BATCH_N);
	l = lane_open(&shared, 0);
	CHECK(fake_queue_wait(shared.q, 1));
	atomic_store(&shared.is_stopping, true);
	lane_close(&l);
	while (settled_n < 4 * BATCH_N &&
	       fake_queue_wait_us(shared.q, settled_n + 1, 0))
		settled_n++;
	CHECK(atomic_load(&shared.delivered_n) == settled_n * BATCH_N);
	CHECK(scratch_files_n(scratch_path("a/tmp")) == 0);
	end(&l);
}

int
main(void)
{
	scratch_open("lane");
	test_one_flush_a_batch();
	test_files_max();
	test_alone();
	test_nothing_written();
	test_stop();
	scratch_close();
	return check_end();
}
