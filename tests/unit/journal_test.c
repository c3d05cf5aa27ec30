/* SPDX-License-Identifier: BSD-2-Clause */
/* The journal as it is written: what is needed is never written over. */
#include "tests/unit/journal_rig.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static struct rig r;

static void
test_batches(void)
{
	struct stat st;

	rig_init(&r);
	CHECK(journal_open(r.dir, 4 << 20, 0, &r.j) == 0);
	rig_load(&r);
	CHECK(r.n == 0 && r.report.verdict == JOURNAL_CLEAN);
	CHECK(journal_batch_bytes(r.j) == 0 && journal_batch_seq(r.j) == 1);
	for (uint64_t id = 1; id <= 3; id++)
		rig_put(&r, id, 5000);
	CHECK(journal_batch_bytes(r.j) > 15000);
	CHECK(journal_write(r.j) == 0);
	CHECK(journal_batch_bytes(r.j) == 0);
	CHECK(rig_batch(&r, 4, 0) == 2);
	rig_load(&r);
	CHECK(r.n == 4 && r.ids[0] == 1 && r.ids[3] == 4);
	CHECK(r.report.batches_n == 2 && r.report.lost_n == 0);
	CHECK(journal_bytes(r.j) % JOURNAL_BLOCK == 0);
	must(stat(r.path, &st) == 0);
	CHECK((uint64_t)st.st_size == journal_bytes(r.j));
	CHECK((st.st_mode & 0777) == 0600);
	/* A new start: all of it is gone, the file's length stays. */
	journal_close(&r.j);
	CHECK(journal_open(r.dir, 4 << 20, 0, &r.j) == 0);
	rig_load(&r);
	CHECK(r.n == 0 && r.report.verdict == JOURNAL_CLEAN);
	must(stat(r.path, &st) == 0);
	CHECK(st.st_size == 6 * JOURNAL_BLOCK);
	rig_fini(&r);
}

/* What was not delivered is there, whatever the journal was written over. */
static void
test_round(void)
{
	uint64_t live[64], live_seq[64], x = 7, rounds = 0;
	unsigned live_n = 0;

	rig_init(&r);
	CHECK(journal_open(r.dir, JOURNAL_BYTES_MIN, 0, &r.j) == 0);
	for (uint64_t id = 1; id <= 4000; id++) {
		uint32_t len;

		x = x * 6364136223846793005u + 1442695040888963407u;
		len = (uint32_t)(x >> 33) % 30000;
		while (!journal_has_room(r.j, len, 1) || live_n == 64 ||
		       (x >> 20) % 3 == 0) {
			if (live_n == 0)
				break;
			live_n--; /* the oldest is delivered */
			memmove(live, live + 1, live_n * sizeof(*live));
			memmove(live_seq, live_seq + 1,
				live_n * sizeof(*live_seq));
			journal_keep_from(r.j, live_n ? live_seq[0]
						      : journal_batch_seq(r.j));
			if (live_n == 0 && !journal_has_room(r.j, len, 1)) {
				CHECK(journal_restart(r.j) == 0);
				rounds++;
			}
			x ^= x >> 7;
			if (journal_has_room(r.j, len, 1) && live_n < 32)
				break;
		}
		must(journal_has_room(r.j, len, 1));
		live[live_n] = id;
		live_seq[live_n++] = rig_batch(&r, id, len);
		if (id % 50 != 0)
			continue;
		rig_load(&r);
		CHECK(r.report.verdict == JOURNAL_CLEAN);
		CHECK(r.n >= live_n);
		for (unsigned i = 0; i < live_n; i++)
			CHECK(r.ids[r.n - live_n + i] == live[i]);
	}
	CHECK(journal_bytes(r.j) <= JOURNAL_BYTES_MIN);
	rig_fini(&r);
}

/* Quiet: it turns back early and stays short. */
static void
test_short(void)
{
	rig_init(&r);
	CHECK(journal_open(r.dir, 64 << 20, 0, &r.j) == 0);
	for (uint64_t id = 1; id <= 3000; id++) {
		journal_keep_from(r.j, journal_batch_seq(r.j));
		rig_batch(&r, id, 20000);
	}
	CHECK(journal_bytes(r.j) <= (16 << 20) + 65536);
	rig_load(&r);
	CHECK(r.n == 1 && r.ids[0] == 3000);
	rig_fini(&r);
}

/* Full of what is needed: no room, until it is not, and then all of it. */
static void
test_full(void)
{
	uint64_t id = 0;

	rig_init(&r);
	CHECK(journal_open(r.dir, JOURNAL_BYTES_MIN, 0, &r.j) == 0);
	while (journal_has_room(r.j, 60000, 1))
		rig_batch(&r, ++id, 60000);
	CHECK(id == (JOURNAL_BYTES_MIN - JOURNAL_BLOCK) / 61440);
	rig_load(&r);
	CHECK(r.n == id);
	rig_put(&r, 99, 60000);
	CHECK(journal_write(r.j) == -ENOSPC);
	journal_begin(r.j);
	rig_load(&r);
	CHECK(r.n == id && r.report.verdict == JOURNAL_CLEAN);
	journal_keep_from(r.j, journal_batch_seq(r.j));
	CHECK(!journal_has_room(r.j, 60000, 1)); /* the disk says otherwise */
	CHECK(journal_restart(r.j) == 0);
	CHECK(journal_has_room(r.j, 60000, 1));
	rig_load(&r);
	CHECK(r.n == 0);
	rig_batch(&r, 100, 60000);
	rig_load(&r);
	CHECK(r.n == 1 && r.ids[0] == 100);
	CHECK(!journal_has_room(r.j, 4 << 20, 1)); /* larger than a batch */
	rig_fini(&r);
}

/* The disk is full: what is there stays, and is used over again. */
static void
disk_full(void)
{
	struct rlimit limit = { 10 * JOURNAL_BLOCK, 10 * JOURNAL_BLOCK };
	uint64_t first = 0;

	check_failed_n = 0;
	signal(SIGXFSZ, SIG_IGN);
	must(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	CHECK(journal_open(r.dir, 4 << 20, 0, &r.j) == 0);
	for (uint64_t id = 1; id <= 9; id++)
		rig_batch(&r, id, 100);
	rig_put(&r, 10, 100);
	CHECK(journal_write(r.j) == -ENOSPC);
	journal_begin(r.j);
	rig_load(&r);
	CHECK(r.n == 9 && r.report.verdict == JOURNAL_CLEAN);
	CHECK(!journal_has_room(r.j, 100, 1));
	journal_keep_from(r.j, journal_batch_seq(r.j));
	CHECK(journal_restart(r.j) == 0);
	for (uint64_t id = 11; id <= 60; id++) {
		first = journal_batch_seq(r.j);
		journal_keep_from(r.j, first);
		CHECK(journal_has_room(r.j, 100, 1));
		rig_batch(&r, id, 100);
	}
	rig_load(&r);
	CHECK(r.n == 1 && r.ids[0] == 60);
	journal_close(&r.j);
}

static void
test_disk_full(void)
{
	int status;
	pid_t pid;

	rig_init(&r);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		disk_full();
		_exit(check_failed_n != 0);
	}
	must(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	rig_fini(&r);
}

static void
test_open(void)
{
	struct stat st;

	rig_init(&r);
	CHECK(journal_open("/nowhere/at/all", 4 << 20, 0, &r.j) == -ENOENT);
	CHECK(journal_open(r.dir, 8 << 20, 0, &r.j) == 0);
	while (journal_bytes(r.j) < 6 << 20)
		rig_batch(&r, 1, 500000);
	journal_close(&r.j);
	/* Smaller than it was. */
	CHECK(journal_open(r.dir, JOURNAL_BYTES_MIN, 0, &r.j) == 0);
	must(stat(r.path, &st) == 0);
	CHECK(st.st_size == JOURNAL_BYTES_MIN);
	CHECK(journal_destroy(&r.j) == 0 && r.j == NULL);
	CHECK(stat(r.path, &st) != 0 && errno == ENOENT);
	CHECK(journal_remove(r.dir) == 0);
	CHECK(journal_remove("/nowhere/at/all") == -ENOENT);
	rig_fini(&r);
}

int
main(void)
{
	test_batches();
	test_round();
	test_short();
	test_full();
	test_disk_full();
	test_open();
	return check_end();
}
