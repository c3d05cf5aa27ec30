/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a crash and a bad disk leave in the log of a real database: a torn tail
 * is dropped, damage before acknowledged mail stops the start.
 */
#include "tests/unit/queue_fixture.h"

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
static void
test_torn_tail(void)
{
	enum how { NOTHING, CUT, FLIP, ZEROS, NOISE };
	static const struct {
		const char *name;
		enum how how;
		unsigned left_n;
	} rows[] = {
		{ "whole", NOTHING, MSGS_N },
		{ "last batch cut short", CUT, MSGS_N - 1 },
		{ "last batch with a bad byte", FLIP, MSGS_N - 1 },
		{ "zeros behind it", ZEROS, MSGS_N },
		{ "noise behind it", NOISE, MSGS_N },
	};
	char log[256], noise[5000];

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct fix f;

		CHECK_ROW(rows[i].name);
		crash(&f, log);
		memset(noise, rows[i].how == ZEROS ? 0 : 0xa5, sizeof(noise));
		if (rows[i].how == CUT)
			must(truncate(log, size_of(log) - 100) == 0);
		else if (rows[i].how == FLIP)
			fix_damage(log, -100);
		else if (rows[i].how != NOTHING)
			append(log, noise, sizeof(noise));
		CHECK(fix_open(&f));
		CHECK(recover(&f) == rows[i].left_n);
		/* It goes on, and the next start has nothing to complain of. */
		CHECK(fix_put(&f, 0, 1, 1, 1) != 0);
		fix_close(&f);
		CHECK(fix_open(&f));
		fix_fini(&f);
	}
	CHECK_ROW("");
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

/* Damage with acknowledged mail behind it, of each kind. */
static void
test_damaged_middle(void)
{
	enum how { FLIP, ZERO_BLOCK, REMOVE };
	static const struct {
		const char *name;
		enum how how;
		off_t at;
		/* 32 KiB are about ten messages. */
		unsigned left_n_min, left_n_max;
	} rows[] = {
		{ "a byte of a body", FLIP, 150000, MSGS_N - 1, MSGS_N - 1 },
		{ "the first checksum", FLIP, 0, MSGS_N, MSGS_N },
		{ "a zeroed block", ZERO_BLOCK, 4 * 32768, MSGS_N - 14,
		  MSGS_N - 8 },
		{ "a block that is not there", REMOVE, 3 * 32768, MSGS_N - 14,
		  MSGS_N - 8 },
	};
	char log[256];

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		char *bytes = calloc(1, 1 << 20);
		struct fix f;
		FILE *out;
		unsigned n;
		off_t size;
		int fd;

		CHECK_ROW(rows[i].name);
		must(bytes != NULL);
		crash(&f, log);
		size = size_of(log);
		must(size < 1 << 20 && size > rows[i].at + 65536);
		fd = open(log, O_RDWR | O_CLOEXEC);
		if (rows[i].how == FLIP)
			fix_damage(log, rows[i].at);
		else if (rows[i].how == ZERO_BLOCK)
			must(pwrite(fd, bytes, 32768, rows[i].at) == 32768);
		else {
			off_t rest = size - rows[i].at - 32768;

			must(pread(fd, bytes, (size_t)rest,
				   rows[i].at + 32768) == rest);
			must(pwrite(fd, bytes, (size_t)rest, rows[i].at) ==
			     rest);
			must(ftruncate(fd, size - 32768) == 0);
		}
		close(fd);
		free(bytes);
		expect_damaged(&f);
		/* Refused again: looking at it changes nothing. */
		expect_damaged(&f);

		out = fopen("/dev/stderr", "w");
		must(out != NULL);
		f.cfg.is_command = true;
		CHECK(queue_salvage(&f.cfg, out, &f.diag) == 0);
		diag_print(&f.diag, DIAG_NOTE);
		fclose(out);
		f.cfg.is_command = false;
		CHECK(fix_open(&f));
		n = 0;
		for (struct queue_msg *m;
		     (m = fix_take_due(&f, 0)) != NULL && n < MSGS_N; n++) {
			CHECK(fix_body_is_whole(f.q, m));
			fix_settle(&f, m, QUEUE_RCPT_SENT, "");
		}
		CHECK(n >= rows[i].left_n_min && n <= rows[i].left_n_max);
		fix_fini(&f);
	}
	CHECK_ROW("");
}

int
main(void)
{
	test_torn_tail();
	test_damaged_middle();
	return check_end();
}
