/* SPDX-License-Identifier: BSD-2-Clause */
/* What is left of a disk, as workers see it between two looks at it. */
#include "queue/shard_int.h"
#include "tests/unit/queue_fixture.h"

#include <sys/statvfs.h>

static uint64_t
room(const struct shard *sh)
{
	return atomic_load(&sh->room_bytes);
}

static void
test_used(void)
{
	static struct shard sh;

	atomic_store(&sh.room_bytes, 1000);
	space_used(&sh, 400);
	CHECK(room(&sh) == 600);
	space_used(&sh, 600);
	CHECK(room(&sh) == 0);
	space_used(&sh, 1); /* not below nothing */
	CHECK(room(&sh) == 0);
	sh.sampled_us = 1000;
	CHECK(!space_is_due(&sh, 1000 + SPACE_US - 1));
	CHECK(space_is_due(&sh, 1000 + SPACE_US));
}

/* queue_minfree and what the database needs stay out of it. */
static void
test_sample(void)
{
	struct statvfs st;
	uint64_t avail;
	struct shard *sh;
	struct fix f;

	fix_init(&f);
	CHECK(fix_open(&f));
	sh = &f.q->shards[0];
	shard_stop(sh);
	must(statvfs(f.dir, &st) == 0);
	avail = (uint64_t)st.f_bavail * st.f_frsize;
	space_sample(sh, 5);
	CHECK(sh->sampled_us == 5 && !sh->is_room_short);
	CHECK(room(sh) > 0 && room(sh) < avail);
	CHECK(avail - room(sh) >= sh->memtable_bytes);
	CHECK(queue_has_room(f.q, 1) && !queue_has_room(f.q, avail));
	f.q->cfg.free_bytes_min = avail * 2;
	space_sample(sh, 6);
	CHECK(room(sh) == 0 && sh->is_room_short);
	CHECK(!queue_has_room(f.q, 1));
	f.q->cfg.free_bytes_min = 0;
	space_sample(sh, 7);
	CHECK(room(sh) > 0 && !sh->is_room_short);
	fix_fini(&f);
}

/* Little room, and mail has left: memory is written out, so that logs go. */
static void
test_reclaim(void)
{
	uint64_t before;
	struct shard *sh;
	struct fix f;

	fix_init(&f);
	CHECK(fix_open(&f));
	sh = &f.q->shards[0];
	for (unsigned i = 0; i < 20; i++) {
		struct queue_msg *m;

		must(fix_put(&f, 0, i, 50000, 1) != 0);
		if (i == 0)
			continue; /* one stays: there is something to write */
		m = fix_take(&f);
		must(m != NULL);
		fix_settle(&f, m, QUEUE_RCPT_SENT, "");
	}
	FIX_SOON(&f, fix_stats(&f).settled_n == 19);
	shard_stop(sh);
	before = store_table_bytes(sh->store);
	f.q->cfg.free_bytes_min = UINT64_MAX / 4;
	space_sample(sh, 10 * US_PER_SEC);
	CHECK(sh->reclaimed_us == 10 * US_PER_SEC);
	CHECK(sh->reclaimed_at_n == 19);
	FIX_UNTIL(&f, store_table_bytes(sh->store) > before);
	/* Nothing has left since: not again. */
	space_sample(sh, 20 * US_PER_SEC);
	CHECK(sh->reclaimed_us == 10 * US_PER_SEC);
	fix_fini(&f);
}

int
main(void)
{
	test_used();
	test_sample();
	test_reclaim();
	return check_end();
}
