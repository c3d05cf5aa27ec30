/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The second half of large commits: who waits for it hears of it once, in
 * order, when the disk has it; and it is over before its thread goes.
 */
#include "queue/shard_int.h"
#include "tests/unit/queue_fixture.h"

/* A shard whose commit thread is away: the test is it. */
static struct shard *
own_shard(struct fix *f)
{
	struct shard *sh = &f->q->shards[0];

	shard_stop(sh);
	must(sync_start(sh) == 0);
	return sh;
}

static void
write_one(struct shard *sh, const char *key, struct flight *fl)
{
	const struct span value = SPAN("value");
	struct store_error error;

	store_batch_clear(sh->store);
	store_put(sh->store, STORE_DUE, span_of(key), &value, 1);
	must(store_write(sh->store, false, &error) == 0);
	*fl = (struct flight) { .meta = sh->meta,
				.seq = store_sequence(sh->store),
				.is_sync = true,
				.is_any = true };
}

static void
test_order(void)
{
	struct store_error error;
	struct flight fl, failed;
	struct shard *sh;
	struct fix f;

	fix_init(&f);
	CHECK(fix_open(&f));
	sh = own_shard(&f);
	CHECK(sync_is_idle(sh) && sync_wait_idle(sh, 0));
	for (unsigned i = 0; i < 100; i++) {
		uint64_t seq;

		write_one(sh, "a", &fl);
		seq = fl.seq;
		sync_hand_over(sh, &fl);
		CHECK(!fl.is_any); /* taken */
		if (i % 3)
			continue; /* joined with the next */
		CHECK(sync_wait_idle(sh, FIX_WAIT_US));
		CHECK(atomic_load(&sh->synced_seq) == seq);
	}
	CHECK(sync_wait_idle(sh, FIX_WAIT_US));
	CHECK(sync_take_failed(sh, &failed, &error) == 0);
	CHECK(fix_stats(&f).commits_n > 0 && fix_stats(&f).commits_n <= 100);
	/* One that nobody waits for is not synced, but is over as well. */
	write_one(sh, "b", &fl);
	fl.is_sync = false;
	sync_hand_over(sh, &fl);
	CHECK(sync_wait_idle(sh, FIX_WAIT_US));
	sync_stop(sh);
	fix_fini(&f);
}

/* What is pending when it is told to stop is done before. */
static void
test_stop(void)
{
	struct flight fl;
	struct shard *sh;
	struct fix f;
	uint64_t seq;

	fix_init(&f);
	CHECK(fix_open(&f));
	sh = own_shard(&f);
	write_one(sh, "a", &fl);
	seq = fl.seq;
	sync_hand_over(sh, &fl);
	sync_stop(sh);
	CHECK(atomic_load(&sh->synced_seq) == seq);
	CHECK(!sh->is_sync_thread);
	sync_stop(sh); /* of one that is not there */
	fix_fini(&f);
}

/* Bodies over the limit of inline commits: they go by the sync thread. */
static void
test_large(void)
{
	struct queue_done done[16];
	unsigned n = 0;
	struct fix f;

	fix_init(&f);
	CHECK(fix_open(&f));
	for (unsigned i = 0; i < 30; i++) {
		struct queue_msg *m = fix_msg(&f, 0, i, 400000, 1);

		must(queue_msg_submit(f.q, &m, (void *)(uintptr_t)i) == 0);
	}
	while (n < 30) {
		unsigned got = fix_reap(&f, 0, done, 16);

		must(got > 0);
		for (unsigned i = 0; i < got; i++, n++) {
			CHECK(done[i].outcome == QUEUE_DURABLE);
			CHECK((uintptr_t)done[i].tag == n);
		}
	}
	CHECK(fix_stats(&f).commit_us_sum > 0);
	fix_fini(&f);
}

int
main(void)
{
	test_order();
	test_stop();
	test_large();
	return check_end();
}
