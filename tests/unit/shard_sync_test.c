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

/*
 * From here on writes to the log succeed and syncs of it fail: another file is
 * behind its descriptor, which cannot be synced.
 */
static void
break_log(struct fix *f)
{
	char link[64], path[256], log[256];
	int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	unsigned broken_n = 0;

	must(null_fd >= 0 && fix_log(f, log));
	for (int fd = 0; fd < 1024; fd++) {
		ssize_t n;

		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		n = readlink(link, path, sizeof(path) - 1);
		if (n <= 0)
			continue;
		path[n] = '\0';
		if (strcmp(path, log) == 0)
			broken_n += dup2(null_fd, fd) == fd;
	}
	close(null_fd);
	must(broken_n == 1);
}

static unsigned
drain(struct fix *f, const bool *is_durable, unsigned seeds_n)
{
	struct queue_msg *m;
	unsigned n = 0;

	while ((m = fix_take_due(f, 0)) != NULL) {
		uint64_t seed = fix_seed(m);

		CHECK(seed < seeds_n && is_durable[seed]);
		CHECK(fix_body_is_whole(f->q, m));
		fix_settle(f, m, QUEUE_RCPT_SENT, "");
		n++;
	}
	return n;
}

/*
 * What was in it is not acknowledged, not delivered, and not there later. The
 * store is opened again at once: large messages behind it may become durable.
 */
static void
test_failed(uint64_t bytes, unsigned msgs_n)
{
	bool is_durable[64] = { [60] = true, [61] = true, [62] = true };
	unsigned n = 0, durable_n = 3;
	struct queue_done done[16];
	struct queue_msg *m;
	struct fix f;

	fix_init(&f);
	CHECK(fix_open(&f));
	CHECK(fix_put(&f, 0, 60, 3000, 1) != 0);
	CHECK(fix_put(&f, 0, 61, 3000, 1) != 0);
	break_log(&f);
	for (uintptr_t i = 0; i < msgs_n; i++) {
		m = fix_msg(&f, 0, i, bytes, 1);
		must(queue_msg_submit(f.q, &m, (void *)i) == 0);
	}
	while (n < msgs_n) {
		unsigned got = fix_reap(&f, 0, done, 16);

		must(got > 0);
		for (unsigned i = 0; i < got; i++, n++) {
			uintptr_t seed = (uintptr_t)done[i].tag;

			CHECK(done[i].outcome != QUEUE_FULL);
			is_durable[seed] = done[i].outcome == QUEUE_DURABLE;
			durable_n += is_durable[seed];
		}
	}
	CHECK(!is_durable[0]);
	FIX_UNTIL(&f, queue_has_room(f.q, 1));
	CHECK(fix_stats(&f).inflight_bytes == 0);
	CHECK(fix_put(&f, 0, 62, 3000, 1) != 0);
	m = fix_take(&f);
	CHECK(m != NULL && fix_seed(m) == 60 && fix_body_is_whole(f.q, m));
	fix_settle(&f, m, QUEUE_RCPT_SENT, "");
	FIX_UNTIL(&f, fix_stats(&f).settled_n == 1);
	FIX_SOON(&f, fix_stats(&f).active_n == durable_n - 1);
	fix_close(&f);
	CHECK(fix_open(&f));
	CHECK(drain(&f, is_durable, ARRAY_N(is_durable)) == durable_n - 1);
	fix_fini(&f);
}

/*
 * Closed between the failure and the next attempt: it ends, nothing leaks, and
 * what was refused is not there later. Some behind it may have become durable.
 */
static void
test_failed_close(void)
{
	bool may_be[101] = { [100] = true };
	struct queue_done done[16];
	struct queue_msg *m;
	unsigned got;
	struct fix f;

	fix_init(&f);
	CHECK(fix_open(&f));
	CHECK(fix_put(&f, 0, 100, 3000, 1) != 0);
	m = fix_take(&f);
	must(m != NULL);
	break_log(&f);
	for (uintptr_t i = 0; i < 10; i++) {
		struct queue_msg *large = fix_msg(&f, 0, i, 300000, 1);

		may_be[i] = true;
		must(queue_msg_submit(f.q, &large, (void *)i) == 0);
	}
	fix_settle(&f, m, QUEUE_RCPT_SENT, "");
	got = fix_reap(&f, 0, done, 16);
	CHECK(got > 0);
	for (unsigned i = 0; i < got; i++)
		may_be[(uintptr_t)done[i].tag] = done[i].outcome ==
						 QUEUE_DURABLE;
	/* The first is in the sync that fails, told by now or not. */
	CHECK(!may_be[0] || done[0].tag != NULL);
	may_be[0] = false;
	fix_close(&f);
	CHECK(fix_open(&f));
	drain(&f, may_be, ARRAY_N(may_be));
	fix_fini(&f);
}

int
main(void)
{
	test_order();
	test_stop();
	test_large();
	test_failed(3000, 30);
	test_failed(400000, 30);
	test_failed_close();
	return check_end();
}
