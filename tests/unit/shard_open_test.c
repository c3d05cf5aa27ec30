/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a crash and a bad disk leave in the log of a real database: a torn tail
 * is dropped, damage before acknowledged mail stops the start.
 */
#include "queue/shard_int.h"
#include "tests/unit/queue_fixture.h"

#include <sys/resource.h>

#define MSGS_N 100

/* Each message in a commit of its own. */
static void
put_many(struct fix *f, void *arg)
{
	(void)arg;
	CHECK(fix_open(f));
	for (uint64_t i = 0; i < MSGS_N; i++)
		CHECK(fix_put(f, 0, i, 3000, 1) != 0);
}

static void
crash(struct fix *f, char log[256])
{
	fix_init(f);
	CHECK(fix_in_child(f, put_many, NULL));
	CHECK(fix_log(f, log));
}

/* How many of them come back whole. */
static unsigned
recover(struct fix *f)
{
	unsigned n = 0;
	struct queue_msg *msg;

	while (n < MSGS_N + 1 && (msg = fix_take_due(f, 0)) != NULL) {
		CHECK(fix_seed(msg) == n);
		CHECK(fix_body_is_whole(f->q, msg));
		fix_settle(f, msg, QUEUE_RCPT_SENT, "");
		n++;
	}
	return n;
}

static off_t
size_of(const char *path)
{
	struct stat st;

	must(stat(path, &st) == 0);
	return st.st_size;
}

static void
append(const char *path, const char *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	must(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
	close(fd);
}

/* What may stand at the end of a log, and how much mail is still there. */
static const struct tail {
	const char *name;
	enum { NOTHING, CUT, FLIP, ZEROS, NOISE } how;
	unsigned left_n;
} tails[] = {
	{ "whole", NOTHING, MSGS_N },
	{ "last batch cut short", CUT, MSGS_N - 1 },
	{ "last batch with a bad byte", FLIP, MSGS_N - 1 },
	{ "zeros behind it", ZEROS, MSGS_N },
	{ "noise behind it", NOISE, MSGS_N },
};

static void
test_tail(struct fix *none, void *arg)
{
	const struct tail *row = arg;
	char log[256], noise[5000];
	struct fix f;

	(void)none;
	CHECK_ROW(row->name);
	crash(&f, log);
	memset(noise, row->how == ZEROS ? 0 : 0xa5, sizeof(noise));
	if (row->how == CUT)
		must(truncate(log, size_of(log) - 100) == 0);
	else if (row->how == FLIP)
		fix_damage(log, -100);
	else if (row->how != NOTHING)
		append(log, noise, sizeof(noise));
	CHECK(fix_open(&f));
	CHECK(recover(&f) == row->left_n);
	/* It goes on, and the next start has nothing to complain of. */
	CHECK(fix_put(&f, 0, 1, 1, 1) != 0);
	fix_close(&f);
	CHECK(fix_open(&f));
	fix_fini(&f);
}

static void
expect_damaged(struct fix *f)
{
	CHECK(!fix_open(f));
	CHECK(f->diag.exit_code == EX_DATAERR);
	CHECK(f->diag.first != NULL &&
	      strstr(f->diag.first->text, "penstock queue salvage -c DIR") !=
		      NULL);
	diag_fini(&f->diag);
}

/* Damage with acknowledged mail behind it; 32 KiB are about ten messages. */
static const struct middle {
	const char *name;
	enum { FLIP_BYTE, ZERO_BLOCK, REMOVE_BLOCK } how;
	off_t at;
	unsigned left_n_min, left_n_max;
} middles[] = {
	{ "a byte of a body", FLIP_BYTE, 150000, MSGS_N - 1, MSGS_N - 1 },
	{ "the first checksum", FLIP_BYTE, 0, MSGS_N, MSGS_N },
	{ "a zeroed block", ZERO_BLOCK, 4 * 32768, MSGS_N - 14, MSGS_N - 8 },
	{ "a missing block", REMOVE_BLOCK, 3 * 32768, MSGS_N - 14, MSGS_N - 8 },
};

static void
spoil(const struct middle *row, const char *log)
{
	off_t size = size_of(log), rest = size - row->at - 32768;
	char *bytes = calloc(1, 1 << 20);
	int fd = open(log, O_RDWR | O_CLOEXEC);

	must(bytes != NULL && fd >= 0 && rest > 32768 && size < 1 << 20);
	switch (row->how) {
	case FLIP_BYTE:
		fix_damage(log, row->at);
		break;
	case ZERO_BLOCK:
		must(pwrite(fd, bytes, 32768, row->at) == 32768);
		break;
	case REMOVE_BLOCK:
		must(pread(fd, bytes, (size_t)rest, row->at + 32768) == rest);
		must(pwrite(fd, bytes, (size_t)rest, row->at) == rest);
		must(ftruncate(fd, size - 32768) == 0);
		break;
	}
	close(fd);
	free(bytes);
}

static void
test_middle(struct fix *none, void *arg)
{
	const struct middle *row = arg;
	char log[256], *said = NULL;
	struct queue_msg *m;
	size_t said_len = 0;
	unsigned n = 0;
	struct fix f;
	FILE *out;

	(void)none;
	CHECK_ROW(row->name);
	crash(&f, log);
	spoil(row, log);
	expect_damaged(&f);
	/* Refused again: looking at it changes nothing. */
	expect_damaged(&f);

	out = open_memstream(&said, &said_len);
	must(out != NULL);
	CHECK(queue_salvage(&f.cfg, out, &f.diag) == 0);
	diag_print(&f.diag, DIAG_NOTE);
	fclose(out);
	CHECK(strstr(said, "/salvaged-") != NULL);
	CHECK(strstr(said, "messages kept") != NULL);
	free(said);
	CHECK(fix_open(&f));
	for (; (m = fix_take_due(&f, 0)) != NULL && n <= MSGS_N; n++) {
		CHECK(fix_body_is_whole(f.q, m));
		fix_settle(&f, m, QUEUE_RCPT_SENT, "");
	}
	CHECK(n >= row->left_n_min && n <= row->left_n_max);
	/* The one whose body is torn is kept for the operator to see. */
	CHECK(fix_stats(&f).dead_n + n <= MSGS_N);
	fix_fini(&f);
}

/*
 * RocksDB filled a log, synced it and noted its length; then a write fails and
 * we cut what nobody was told of. It must open again, now and at a start.
 */
static void
test_cut(struct fix *none, void *arg)
{
	struct store_error error;
	struct rlimit limit;
	struct shard *sh;
	rlim_t had;
	struct fix f;

	fix_init(&f);
	must(fix_open(&f));
	for (unsigned i = 0; i < 9; i++)
		CHECK(fix_put(&f, 0, i, 3000, 1) != 0);
	for (unsigned i = 0; i < 5; i++)
		fix_settle(&f, fix_take(&f), QUEUE_RCPT_SENT, "");
	FIX_SOON(&f, fix_stats(&f).settled_n == 5);
	sh = &f.q->shards[0];
	shard_stop(sh); /* the test is the commit thread */
	CHECK(sh->unsynced_n > 0);
	/* The log is done with, and its table does not find room. */
	signal(SIGXFSZ, SIG_IGN);
	must(getrlimit(RLIMIT_FSIZE, &limit) == 0);
	had = limit.rlim_cur;
	limit.rlim_cur = 8192;
	must(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	CHECK(store_flush(sh->store, true, &error) == -ENOSPC);
	limit.rlim_cur = had;
	must(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	shard_store_lose(sh, -ENOSPC, &error);
	CHECK(shard_store_open(sh, STORE_EXISTING, &error) == 0);
	CHECK(sh->store != NULL);
	must(shard_start(sh) == 0);
	FIX_SOON(&f, fix_stats(&f).active_n == 4);
	fix_close(&f);
	CHECK(fix_open(&f));
	CHECK(fix_stats(&f).active_n == 4);
	fix_fini(&f);
}

int
main(void)
{
	struct fix none = { 0 };

	/* RocksDB keeps threads: who forks must never have opened it. */
	for (size_t i = 0; i < ARRAY_N(tails); i++)
		CHECK(fix_in_child(&none, test_tail, (void *)&tails[i]));
	for (size_t i = 0; i < ARRAY_N(middles); i++)
		CHECK(fix_in_child(&none, test_middle, (void *)&middles[i]));
	CHECK(fix_in_child(&none, test_cut, NULL));
	return check_end();
}
