/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Delivery as a whole: from the queue into mailboxes, with its threads, and
 * killed at any step of it. Some calls are the test's own, to be killed in.
 */
#include "deliver/deliver.h"
#include "tests/unit/check.h"
#include "tests/unit/fake_queue.h"
#include "tests/unit/scratch.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

enum point { POINT_NONE, POINT_WRITE, POINT_FLUSH, POINT_MOVE };

static struct {
	enum point at;	   /* where to die */
	unsigned before_n; /* calls that go well */
	bool is_torn;	   /* a write that writes a part first */
} killer;

static bool
is_time(enum point point)
{
	return killer.at == point && killer.before_n-- == 0;
}

static void
die(void)
{
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

int
syncfs(int fd)
{
	if (is_time(POINT_FLUSH))
		die();
	return 0;
}

ssize_t
writev(int fd, const struct iovec *parts, int n)
{
	if (is_time(POINT_WRITE)) {
		if (killer.is_torn)
			syscall(SYS_writev, fd, parts, n - 1);
		die();
	}
	return syscall(SYS_writev, fd, parts, n);
}

int
rename(const char *from, const char *to)
{
	if (is_time(POINT_MOVE))
		die();
	return (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
}

#define BODY "Received: by here\nSubject: x\n\nbody\n"
#define HEAD(orig, rcpt)                      \
	"Return-Path: <sender@example.org>\n" \
	"X-Original-To: " orig "\nDelivered-To: " rcpt "\n"

static const struct deliver_cfg cfg = {
	.myhostname = "mx.example.org",
	.threads_n = 2,
	.batch_msgs_max = 64,
	.batch_files_max = 128,
	.minimum_uid = 100,
};

static struct deliver *
start(struct queue *q, const struct deliver_cfg *with)
{
	struct deliver *d;
	struct diag diag;

	diag_init(&diag);
	d = deliver_open(q, with, &diag);
	CHECK(d != NULL && diag.errors_n == 0);
	diag_fini(&diag);
	return d;
}

/* File `path` under scratch_dir is there and reads so. */
static void
check_file(const char *path, const char *want)
{
	char *got = scratch_read(scratch_path(path));

	CHECK(got != NULL);
	if (got != NULL)
		CHECK_SPAN(span_of(got), want);
	free(got);
}

static void
test_maildir(void)
{
	struct queue *q = fake_queue_open();
	struct deliver *d = start(q, &cfg);
	struct fake_msg *fm = fake_queue_new(q, 0xabc, BODY);
	struct deliver_stats stats;

	CHECK_ROW("two recipients, two maildirs made on demand");
	fake_queue_rcpt(fm, "info@example.com", "a@example.com",
			scratch_path("example.com/a/"), geteuid(), getegid());
	fake_queue_rcpt(fm, "b@example.com", "b@example.com",
			scratch_path("example.com/b/Maildir/"), geteuid(),
			getegid());
	fake_queue_put(q, fm);
	CHECK(fake_queue_wait(q, 1));
	CHECK(fm->states[0].result == QUEUE_RCPT_SENT);
	CHECK(fm->states[1].result == QUEUE_RCPT_SENT);
	deliver_stats_get(d, &stats);
	deliver_close(&d);
	check_file("example.com/a/new/"
		   "1795410252.Q0000000000000ABCR0.mx.example.org",
		   HEAD("info@example.com", "a@example.com") BODY);
	check_file("example.com/b/Maildir/new/"
		   "1795410252.Q0000000000000ABCR1.mx.example.org",
		   HEAD("b@example.com", "b@example.com") BODY);
	CHECK(stats.delivered_n == 2 || stats.batches_n == 0);
	CHECK(fake_log_n("virtual: 0000000000000ABC: to=<a@example.com>, "
			 "orig_to=<info@example.com>, relay=virtual, delay=") ==
	      1);
	CHECK(fake_log_n("dsn=2.0.0, status=sent (delivered to maildir)") == 2);
	CHECK(fake_log_n("qmgr: 0000000000000ABC: removed") == 1);
	fake_queue_close(q);
}

static void
test_root(void)
{
	struct queue *q = fake_queue_open();
	struct deliver *d = start(q, &cfg);
	struct fake_msg *fm = fake_queue_new(q, 1, BODY);

	CHECK_ROW("root delivers nothing");
	fake_queue_rcpt(fm, "a", "a", scratch_path("root/"), SCRATCH_UID, 0);
	fake_queue_rcpt(fm, "b", "b", scratch_path("root/mbox"), SCRATCH_UID,
			0);
	fake_queue_put(q, fm);
	CHECK(fake_queue_wait(q, 1));
	for (int i = 0; i < 2; i++) {
		CHECK(fm->states[i].result == QUEUE_RCPT_DEFERRED);
		CHECK(strstr(fm->states[i].why, "never delivers as root"));
	}
	deliver_close(&d);
	CHECK(access(scratch_path("root"), F_OK) != 0);
	CHECK(fake_log_n("status=deferred (Penstock runs as root") == 2);
	fake_queue_close(q);
}

/* The name of the host is seen in names of files. */
static void
test_configure(void)
{
	static const struct {
		const char *name, *host, *file;
	} rows[] = {
		{ "as opened", "mx.example.org", "R0.mx.example.org" },
		{ "another", "other", "R0.other" },
		{ "an odd one", "a/b", "R0.a\\057b" },
	};
	struct queue *q = fake_queue_open();
	struct deliver_cfg changed = cfg;
	struct deliver *d = start(q, &cfg);

	for (unsigned i = 0; i < ARRAY_N(rows); i++) {
		struct fake_msg *fm = fake_queue_new(q, i, BODY);
		char host[32], path[128];

		CHECK_ROW(rows[i].name);
		snprintf(host, sizeof(host), "%s", rows[i].host);
		changed.myhostname = host;
		deliver_configure(d, &changed);
		memset(host, 'x', sizeof(host) - 1); /* it was copied */
		fake_queue_rcpt(fm, "a@e", "a@e", scratch_path("conf/"),
				geteuid(), getegid());
		fake_queue_put(q, fm);
		CHECK(fake_queue_wait(q, i + 1));
		snprintf(path, sizeof(path), "conf/new/1795410252.Q%016X%s", i,
			 rows[i].file);
		CHECK(access(scratch_path(path), F_OK) == 0);
	}
	deliver_close(&d);
	CHECK(d == NULL);
	fake_queue_close(q);
}

/* --- killed, then started again --- */

enum { MSGS_N = 40, KILL_BOXES_N = 3 };

static void
put_all(struct queue *q, const char *root, bool is_recovered)
{
	for (uint64_t id = 1; id <= MSGS_N; id++) {
		struct fake_msg *fm = fake_queue_new(q, id, BODY);

		for (unsigned box = 0; box < KILL_BOXES_N; box++) {
			char dest[512];

			snprintf(dest, sizeof(dest), "%s/%u/", root, box);
			fake_queue_rcpt(fm, "a@e", "a@e", dest, geteuid(),
					getegid());
		}
		fm->msg.is_recovered = is_recovered;
		fake_queue_put(q, fm);
	}
}

static const struct deliver_cfg kill_cfg = {
	.myhostname = "mx",
	.threads_n = 1,
	.batch_msgs_max = 15,
	.batch_files_max = 1000,
};

/* Delivers until it dies. */
static void
run_and_die(const char *root)
{
	struct queue *q = fake_queue_open();
	struct deliver *d;

	put_all(q, root, false);
	d = start(q, &kill_cfg);
	fake_queue_wait(q, MSGS_N);
	deliver_close(&d);
	_exit(0);
}

/* The owner reads something: it moves to cur/ and gets flags. */
static void
read_some(const char *root, unsigned box)
{
	char dir[512], from[1024], to[1024];
	struct dirent *entry;
	unsigned n = 0;
	DIR *d;

	snprintf(dir, sizeof(dir), "%s/%u/new", root, box);
	d = opendir(dir);
	while (d != NULL && (entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.' || n++ % 2)
			continue;
		snprintf(from, sizeof(from), "%s/%s", dir, entry->d_name);
		snprintf(to, sizeof(to), "%s/%u/cur/%s:2,S", root, box,
			 entry->d_name);
		must(rename(from, to) == 0);
	}
	if (d != NULL)
		closedir(d);
}

static void
check_box(const char *root, unsigned box)
{
	static const char want[] = HEAD("a@e", "a@e") BODY;
	unsigned found_n = 0;
	char path[512];

	for (uint64_t id = 1; id <= MSGS_N; id++) {
		static const char *const forms[] = {
			"%s/%u/new/1795410252.Q%016llXR%u.mx",
			"%s/%u/cur/1795410252.Q%016llXR%u.mx:2,S",
		};

		for (size_t i = 0; i < ARRAY_N(forms); i++) {
			char *got;

			snprintf(path, sizeof(path), forms[i], root, box,
				 (unsigned long long)id, box);
			got = scratch_read(path);
			if (got == NULL)
				continue;
			found_n++;
			CHECK(strcmp(got, want) == 0);
			free(got);
		}
	}
	CHECK(found_n == MSGS_N);
	snprintf(path, sizeof(path), "%s/%u/tmp", root, box);
	CHECK(scratch_files_n(path) == 0);
	snprintf(path, sizeof(path), "%s/%u/new", root, box);
	found_n = scratch_files_n(path);
	snprintf(path, sizeof(path), "%s/%u/cur", root, box);
	CHECK(found_n + scratch_files_n(path) == MSGS_N);
}

static const struct kill_row {
	const char *name;
	enum point at;
	unsigned before_n;
	bool is_torn;
} kill_rows[] = {
	{ "before the first write", POINT_WRITE, 0, false },
	{ "within a write", POINT_WRITE, 20, true },
	{ "written, not flushed", POINT_FLUSH, 0, false },
	{ "before the first move", POINT_MOVE, 0, false },
	{ "between moves", POINT_MOVE, 20, false },
	{ "first batch moved, second being written", POINT_WRITE, 46, true },
	{ "first batch moved, second written", POINT_FLUSH, 1, false },
	{ "between moves of the second", POINT_MOVE, 70, false },
	{ "before the last flush", POINT_FLUSH, 3, false },
	{ "at the end", POINT_NONE, 0, false },
};

/* The queue gives all of it again: once each, whole, whatever was there. */
static void
test_kill(const struct kill_row *row)
{
	static unsigned round;
	char root[300];
	struct queue *q;
	struct deliver *d;
	int status;
	pid_t pid;

	CHECK_ROW(row->name);
	snprintf(root, sizeof(root), "%s/kill%u", scratch_dir, round++);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		killer.at = row->at;
		killer.before_n = row->before_n;
		killer.is_torn = row->is_torn;
		run_and_die(root);
	}
	must(waitpid(pid, &status, 0) == pid);
	if (row->at != POINT_NONE)
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	else
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	read_some(root, 1);
	q = fake_queue_open();
	put_all(q, root, true);
	d = start(q, &kill_cfg);
	CHECK(fake_queue_wait(q, MSGS_N));
	deliver_close(&d);
	fake_queue_close(q);
	for (unsigned box = 0; box < KILL_BOXES_N; box++)
		check_box(root, box);
}

int
main(void)
{
	scratch_make("deliver");
	if (geteuid() == 0)
		test_root();
	else
		fprintf(stderr, "SKIPPED: root delivers nothing: not root\n");
	scratch_drop();
	test_maildir();
	test_configure();
	for (size_t i = 0; i < ARRAY_N(kill_rows); i++)
		test_kill(&kill_rows[i]);
	scratch_close();
	return check_end();
}
