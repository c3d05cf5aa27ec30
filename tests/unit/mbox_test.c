/* SPDX-License-Identifier: BSD-2-Clause */
/* Mailboxes of one file: form, quoting, locks, all or nothing. */
#include "deliver/mbox.h"
#include "tests/unit/check.h"
#include "tests/unit/fake_queue.h"
#include "tests/unit/scratch.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#define HEAD                                  \
	"Return-Path: <sender@example.org>\n" \
	"X-Original-To: u@example.com\n"      \
	"Delivered-To: u@example.com\n"

static char box_path[300], lock_path[300];
static time_t lock_age_sec; /* how much older lstat() makes files look */

/* In place of the C library's. */
int
lstat(const char *path, struct stat *st)
{
	int err = fstatat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);

	st->st_ctime -= lock_age_sec;
	return err;
}

static const struct envelope_rcpt rcpt = {
	.orig = SPAN("u@example.com"),
	.rcpt = SPAN("u@example.com"),
};

/* Opens, appends, closes. The first error. */
static int
deliver(struct queue *q, const struct fake_msg *fm, const char *path,
	uint64_t bytes_max)
{
	char why[MBOX_WHY_MAX];
	const char *doing;
	struct letter l;
	struct mbox m;
	int err;

	must(letter_init(&l, q, &fm->msg, SPAN("sender@example.org"), &rcpt));
	err = mbox_open(&m, span_of(path), (gid_t)-1, 0, why);
	if (err)
		return err;
	err = mbox_append(&m, &l, SPAN("sender@example.org"), bytes_max,
			  &doing);
	mbox_close(&m);
	CHECK(access(lock_path, F_OK) != 0);
	return err;
}

/* The message at *at: a From_ line with a date, then `want`. */
static void
check_message(const char **at, const char *want)
{
	struct tm tm;
	const char *p;

	CHECK(strncmp(*at, "From sender@example.org  ", 25) == 0);
	p = strptime(*at + 25, "%a %b %d %H:%M:%S %Y", &tm);
	CHECK(p != NULL && *p == '\n');
	if (p == NULL)
		return;
	CHECK(strncmp(p + 1, want, strlen(want)) == 0);
	*at = p + 1 + strlen(want);
}

static void
test_quoting(void)
{
	static const struct {
		const char *name, *body, *want;
	} rows[] = {
		{ "usual", "S: x\n\ntext\n", "S: x\n\ntext\n\n" },
		{ "empty", "", "\n" },
		{ "no end of line", "S: x\n\ntext", "S: x\n\ntext\n\n" },
		{ "From at the beginning", "From a\nFrom b\n",
		  ">From a\n>From b\n\n" },
		{ "From in the middle", "x From a\n\nFrom b\n",
		  "x From a\n\n>From b\n\n" },
		{ "quoted already", ">From a\n", ">From a\n\n" },
		{ "almost", "From\nFro\nF\nFrom:\nfrom x\nFFrom \n",
		  "From\nFro\nF\nFrom:\nfrom x\nFFrom \n\n" },
		{ "ends in the word", "x\nFrom ", "x\n>From \n\n" },
		{ "ends in half the word", "x\nFro", "x\nFro\n\n" },
	};
	const char *path = box_path;

	for (size_t i = 0; i < ARRAY_N(rows); i++)
		for (unsigned cut = 0; cut <= strlen(rows[i].body); cut++) {
			struct queue *q = fake_queue_open();
			struct fake_msg *fm =
				fake_queue_new(q, 1, rows[i].body);
			char want[512];
			const char *at;
			char *got;

			CHECK_ROW(rows[i].name);
			fm->piece_bytes = cut;
			CHECK(deliver(q, fm, path, 0) == 0);
			CHECK(deliver(q, fm, path, 0) == 0);
			got = scratch_read(path);
			must(got != NULL);
			at = got;
			snprintf(want, sizeof(want), "%s%s", HEAD,
				 rows[i].want);
			check_message(&at, want);
			check_message(&at, want);
			CHECK(*at == '\0');
			free(got);
			must(unlink(path) == 0);
			fake_queue_close(q);
		}
}

static void
test_large(void)
{
	enum { LINES_N = 20000 };
	struct queue *q = fake_queue_open();
	char *body = must_alloc(LINES_N * 9 + 1), *got;
	const char *path = box_path, *at;
	struct fake_msg *fm;
	size_t quoted_n = 0;

	CHECK_ROW("larger than the buffer");
	for (int i = 0; i < LINES_N; i++)
		memcpy(body + i * 9, "From 123\n", 9);
	fm = fake_queue_new(q, 1, body);
	fm->piece_bytes = 7777;
	CHECK(deliver(q, fm, path, 0) == 0);
	got = scratch_read(path);
	for (at = got; (at = strstr(at, "\n>From 123")) != NULL; at++)
		quoted_n++;
	CHECK(quoted_n == LINES_N);
	free(got);
	free(body);
	must(unlink(path) == 0);
	fake_queue_close(q);
}

/* What cannot be written whole leaves the mailbox as it was. */
static void
test_all_or_nothing(void)
{
	struct queue *q = fake_queue_open();
	struct fake_msg *good = fake_queue_new(q, 1, "S: good\n\nx\n");
	struct fake_msg *bad = fake_queue_new(q, 2, "S: bad\n\nx\n");
	const char *path = box_path;
	struct stat before, after;

	CHECK_ROW("reading fails");
	CHECK(deliver(q, good, path, 0) == 0);
	CHECK(stat(path, &before) == 0);
	CHECK((before.st_mode & 07777) == 0600);
	bad->piece_bytes = 1;
	bad->fail_after = 5;
	CHECK(deliver(q, bad, path, 0) == -EIO);
	CHECK(stat(path, &after) == 0);
	CHECK(after.st_size == before.st_size);
	bad->fail_after = 0;
	bad->msg.body_bytes++;
	CHECK(deliver(q, bad, path, 0) == -EBADMSG);
	CHECK(stat(path, &after) == 0);
	CHECK(after.st_size == before.st_size);

	CHECK_ROW("the mailbox would become too large");
	CHECK(deliver(q, good, path, (uint64_t)before.st_size + 10) == -EFBIG);
	CHECK(stat(path, &after) == 0);
	CHECK(after.st_size == before.st_size);
	CHECK(deliver(q, good, path, (uint64_t)before.st_size * 2) == 0);
	must(unlink(path) == 0);
	fake_queue_close(q);
}

/* A process that holds the kernel's lock until it is killed. */
static pid_t
hold_lock(const char *path)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int ready[2];
	pid_t pid;
	char c;

	must(pipe(ready) == 0);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		int fd = open(path, O_RDWR | O_CREAT, 0600);

		must(fcntl(fd, F_SETLK, &lock) == 0);
		must(write(ready[1], "x", 1) == 1);
		for (;;)
			pause();
	}
	must(read(ready[0], &c, 1) == 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void
test_locks(void)
{
	struct queue *q = fake_queue_open();
	struct fake_msg *fm = fake_queue_new(q, 1, "S: x\n\n");
	const char *path = box_path, *lock = lock_path;
	char why[MBOX_WHY_MAX];
	struct mbox a, b;
	pid_t pid;

	CHECK_ROW("held by ourselves");
	CHECK(mbox_open(&a, span_of(path), (gid_t)-1, 0, why) == 0);
	CHECK(access(lock, F_OK) == 0);
	CHECK(mbox_open(&b, span_of(path), (gid_t)-1, 50000, why) == -EAGAIN);
	CHECK(strstr(why, "unable to create lock file") != NULL);
	CHECK(access(lock, F_OK) == 0);
	mbox_close(&a);
	CHECK(access(lock, F_OK) != 0);

	CHECK_ROW("a dotlock that is not stale");
	scratch_write(lock, "");
	CHECK(mbox_open(&b, span_of(path), (gid_t)-1, 0, why) == -EAGAIN);
	CHECK_ROW("a stale dotlock");
	lock_age_sec = 1000;
	CHECK(deliver(q, fm, path, 0) == 0);
	lock_age_sec = 0;

	CHECK_ROW("the kernel's lock");
	pid = hold_lock(path);
	CHECK(mbox_open(&b, span_of(path), (gid_t)-1, 30000, why) == -EAGAIN);
	CHECK(strstr(why, "unable to lock") != NULL);
	CHECK(access(lock, F_OK) != 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	CHECK(deliver(q, fm, path, 0) == 0);
	must(unlink(path) == 0);
	fake_queue_close(q);
}

static void
test_misfits(void)
{
	char why[MBOX_WHY_MAX], path[PATH_MAX];
	struct mbox m;

	CHECK_ROW("a symbolic link");
	must(symlink("box", scratch_path("link")) == 0);
	CHECK(mbox_open(&m, span_of(scratch_path("link")), (gid_t)-1, 0, why) ==
	      -ELOOP);
	CHECK_ROW("two names");
	scratch_write(scratch_path("two"), "");
	must(link(scratch_path("two"), scratch_path("names")) == 0);
	CHECK(mbox_open(&m, span_of(scratch_path("two")), (gid_t)-1, 0, why) ==
	      -EPERM);
	CHECK(strstr(why, "exactly one name") != NULL);
	CHECK_ROW("a FIFO");
	must(mkfifo(scratch_path("fifo"), 0600) == 0);
	CHECK(mbox_open(&m, span_of(scratch_path("fifo")), (gid_t)-1, 0, why) ==
	      -ENXIO);
	CHECK_ROW("a device, and somebody else's");
	CHECK(mbox_open(&m, SPAN("/dev/null"), (gid_t)-1, 0, why) == -EPERM);
	CHECK_ROW("a directory");
	CHECK(mbox_open(&m, span_of(scratch_dir), (gid_t)-1, 0, why) ==
	      -EISDIR);
	CHECK_ROW("no directory above it");
	CHECK(mbox_open(&m, span_of(scratch_path("none/box")), (gid_t)-1, 0,
			why) == -ENOENT);
	CHECK(strstr(why, "No such file") != NULL);
	CHECK_ROW("too long");
	memset(path, 'x', sizeof(path));
	CHECK(mbox_open(&m, (struct span) { path, sizeof(path) - 1 }, (gid_t)-1,
			0, why) == -ENAMETOOLONG);
	CHECK_ROW("a group that one is not in");
	CHECK(mbox_open(&m, span_of(scratch_path("box")), 4242, 0, why) ==
	      -EPERM);
}

int
main(void)
{
	scratch_open("mbox");
	snprintf(box_path, sizeof(box_path), "%s/box", scratch_dir);
	snprintf(lock_path, sizeof(lock_path), "%s/box.lock", scratch_dir);
	test_quoting();
	test_large();
	test_all_or_nothing();
	test_locks();
	test_misfits();
	scratch_close();
	return check_end();
}
