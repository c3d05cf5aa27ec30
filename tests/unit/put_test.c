/* SPDX-License-Identifier: BSD-2-Clause */
/* The steps of a batch, one by one; syncfs() and rename() can be made fail. */
#include "deliver/put.h"
#include "tests/unit/check.h"
#include "tests/unit/fake_queue.h"
#include "tests/unit/scratch.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define BODY "Subject: x\n\nbody\n"
#define HEAD(rcpt)                            \
	"Return-Path: <sender@example.org>\n" \
	"X-Original-To: " rcpt "\n"           \
	"Delivered-To: " rcpt "\n"
#define NAME(id) "1795410252.Q000000000000000" id "R0.mx"

static struct {
	int flush_error;
	int rename_error;
} fake;

int
syncfs(int fd)
{
	errno = fake.flush_error;
	return fake.flush_error ? -1 : 0;
}

int
rename(const char *from, const char *to)
{
	errno = fake.rename_error;
	if (fake.rename_error)
		return -1;
	return (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
}

static struct put put;
static struct jobs jobs;

static void
begin(void)
{
	put = (struct put) {
		.q = fake_queue_open(),
		.disks = disks_open(),
		.uid = geteuid(),
		.gid = getegid(),
		.host = "mx",
	};
	must(jobs_init(&jobs) == 0);
}

static void
end(void)
{
	jobs_fini(&jobs);
	disks_close(&put.disks);
	fwdloop_fini(&put.fwdloop);
	fake_queue_close(put.q);
}

static struct fake_msg *
message(uint64_t id, const char *rcpt, const char *dest)
{
	struct fake_msg *fm = fake_queue_new(put.q, id, BODY);

	fake_queue_rcpt(fm, rcpt, rcpt, dest, geteuid(), getegid());
	envelope_seal(&fm->msg.env, fm->msg.body_bytes);
	return fm;
}

/* As far as the first flush. */
static void
write_it(struct fake_msg *fm)
{
	struct queue_msg *msg = &fm->msg;
	struct box *box;

	fm->is_settled = false;
	free(fm->states);
	fm->states = NULL;
	must(jobs_add(&jobs, &msg, 1) == 0);
	put_mail(&put, &jobs, jobs.mails_n - 1);
	while ((box = jobs_dirty_box(&jobs)) != NULL)
		put_box(&put, &jobs, box);
}

static void
flush(void)
{
	for (uint32_t i = 0; i < jobs.disks_n; i++)
		disk_flush(put.disks, jobs.disks[i].disk);
}

static void
finish(void)
{
	flush();
	put_finish(&put, &jobs);
	jobs_settle(&jobs, put.q, put.disks);
}

/* All of it. */
static void
deliver(struct fake_msg *fm)
{
	write_it(fm);
	flush();
	put_move(&put, &jobs);
	finish();
}

static void
check_result(const struct fake_msg *fm, enum queue_rcpt_result result,
	     const char *why)
{
	CHECK(fm->is_settled);
	if (!fm->is_settled)
		return;
	CHECK(fm->states[0].result == result);
	CHECK(strstr(fm->states[0].why, why) != NULL);
	if (strstr(fm->states[0].why, why) == NULL)
		fprintf(stderr, "\tgot %s\n", fm->states[0].why);
}

static void
check_file(const char *path, const char *want)
{
	char *got = scratch_read(scratch_path(path));

	CHECK(got != NULL);
	if (got != NULL)
		CHECK_SPAN(span_of(got), want);
	free(got);
}

static unsigned
files_n(const char *dir)
{
	return scratch_files_n(scratch_path(dir));
}

static void
test_steps(void)
{
	struct fake_msg *fm;

	CHECK_ROW("not in new/ before the flush");
	begin();
	fm = message(1, "a@example.com", scratch_path("a/"));
	write_it(fm);
	CHECK(jobs.v[0].state == JOB_WRITTEN);
	CHECK(files_n("a/tmp") == 1 && files_n("a/new") == 0);
	flush();
	CHECK_ROW("in new/ after it, and not settled before the next");
	put_move(&put, &jobs);
	CHECK(jobs.v[0].state == JOB_MOVED && !fm->is_settled);
	CHECK(files_n("a/tmp") == 0 && files_n("a/new") == 1);
	finish();
	check_result(fm, QUEUE_RCPT_SENT, "");
	check_file("a/new/" NAME("1"), HEAD("a@example.com") BODY);
	CHECK(put.delivered_n == 1 && put.found_n == 0);
	CHECK(put.delivered_bytes == strlen(HEAD("a@example.com") BODY));
	end();
}

static void
test_limit(void)
{
	uint64_t bytes = strlen(HEAD("a@example.com") BODY);
	struct fake_msg *fm;

	begin();
	CHECK_ROW("as large as it may be");
	fm = message(1, "a@example.com", scratch_path("limit/"));
	put.mailbox_bytes_max = bytes;
	deliver(fm);
	check_result(fm, QUEUE_RCPT_SENT, "");
	CHECK_ROW("one byte larger");
	fm = message(2, "a@example.com", scratch_path("limit/"));
	put.mailbox_bytes_max = bytes - 1;
	deliver(fm);
	check_result(fm, QUEUE_RCPT_FAILED,
		     "5.2.2 maildir delivery failed: error writing message: "
		     "File too large");
	CHECK(files_n("limit/new") == 1 && files_n("limit/tmp") == 0);
	CHECK(put.failed_n == 1);
	end();
}

static void
test_errors(void)
{
	struct fake_msg *fm;

	begin();
	CHECK_ROW("no permission");
	must(mkdir(scratch_path("closed"), 0500) == 0);
	fm = message(1, "a", scratch_path("closed/box/"));
	deliver(fm);
	check_result(fm, QUEUE_RCPT_DEFERRED,
		     "4.2.0 maildir delivery failed: create maildir file /");
	CHECK(fake_log_n("closed/box/tmp/" NAME("1") ": Permission denied)") ==
	      1);

	CHECK_ROW("control character in an address");
	fm = message(2, "a\nX: y", scratch_path("control/"));
	deliver(fm);
	check_result(fm, QUEUE_RCPT_FAILED, "5.1.3 ");
	CHECK(files_n("control/new") == 0);

	CHECK_ROW("the queue cannot be read");
	fm = message(3, "a", scratch_path("unread/"));
	fm->piece_bytes = 13;
	fm->fail_after = 1; /* the header has been seen by then */
	fm->body = "Subject: x\n\n\nbody\n";
	deliver(fm);
	check_result(fm, QUEUE_RCPT_DEFERRED,
		     "4.3.0 maildir delivery failed: error reading message: ");
	CHECK(files_n("unread/tmp") == 0 && files_n("unread/new") == 0);

	CHECK_ROW("mailbox removed before the move");
	fm = message(4, "a", scratch_path("removed/"));
	write_it(fm);
	must(unlink(scratch_path("removed/tmp/" NAME("4"))) == 0);
	must(rmdir(scratch_path("removed/tmp")) == 0);
	must(rmdir(scratch_path("removed/new")) == 0);
	flush();
	put_move(&put, &jobs);
	finish();
	check_result(fm, QUEUE_RCPT_DEFERRED, "4.2.0 maildir delivery failed");
	CHECK_ROW("and delivered the next time");
	fm->msg.attempts_n = 1;
	deliver(fm);
	check_result(fm, QUEUE_RCPT_SENT, "");
	CHECK(files_n("removed/new") == 1);

	CHECK_ROW("rename fails");
	fm = message(5, "a", scratch_path("rename/"));
	fake.rename_error = EROFS;
	deliver(fm);
	fake.rename_error = 0;
	check_result(fm, QUEUE_RCPT_DEFERRED, "4.3.0 maildir delivery failed");
	CHECK(files_n("rename/new") == 0 && files_n("rename/tmp") == 0);
	end();
}

static void
test_flush_errors(void)
{
	struct fake_msg *fm;

	begin();
	CHECK_ROW("first flush");
	fm = message(1, "a", scratch_path("flush/"));
	write_it(fm);
	fake.flush_error = EIO;
	flush();
	fake.flush_error = 0;
	put_move(&put, &jobs);
	finish();
	check_result(fm, QUEUE_RCPT_DEFERRED, "4.3.0 maildir delivery failed");
	CHECK(files_n("flush/new") == 0 && files_n("flush/tmp") == 0);
	fm->msg.attempts_n++;
	deliver(fm);
	check_result(fm, QUEUE_RCPT_SENT, "");
	CHECK(files_n("flush/new") == 1);

	CHECK_ROW("second flush: there once, however often it is tried");
	fm = message(2, "a", scratch_path("flush/"));
	write_it(fm);
	flush();
	put_move(&put, &jobs);
	fake.flush_error = ENOSPC;
	finish();
	fake.flush_error = 0;
	check_result(fm, QUEUE_RCPT_DEFERRED, "4.3.1 flushing the disk of ");
	fm->msg.attempts_n++;
	deliver(fm);
	check_result(fm, QUEUE_RCPT_SENT, "");
	CHECK(put.found_n == 1);
	CHECK(files_n("flush/new") == 2 && files_n("flush/tmp") == 0);
	end();
}

static const struct earlier {
	const char *name;
	const char *file; /* left by the earlier attempt; "": none */
	const char *text;
	bool is_found;
	const char *then; /* where it is afterwards */
} earlier_rows[] = {
	{ "nothing", "", "", false, "new/" NAME("1") },
	{ "torn in tmp/", "tmp/" NAME("1"), "Retu", false, "new/" NAME("1") },
	{ "in new/", "new/" NAME("1"), HEAD("a") BODY, true, "new/" NAME("1") },
	{ "in cur/", "cur/" NAME("1") ":2,RS", HEAD("a") BODY, true,
	  "cur/" NAME("1") ":2,RS" },
	{ "torn in new/", "new/" NAME("1"), "Return-", false,
	  "new/" NAME("1") },
	{ "torn in cur/", "cur/" NAME("1") ":2,S", "", false,
	  "cur/" NAME("1") ":2,S" },
	{ "another host name's", "new/1795410252.Q0000000000000001R0.old",
	  HEAD("a") BODY, true, "new/1795410252.Q0000000000000001R0.old" },
	{ "another message's", "new/" NAME("2"), HEAD("a") BODY, false,
	  "new/" NAME("1") },
};

static void
try_earlier(const struct earlier *row, bool is_recovered)
{
	char box[64], path[256];
	struct fake_msg *fm;
	static unsigned n;

	CHECK_ROW(row->name);
	begin();
	snprintf(box, sizeof(box), "earlier%u/", n++);
	fm = message(9, "a", scratch_path(box));
	deliver(fm); /* makes the mailbox */
	snprintf(path, sizeof(path), "%snew/" NAME("9"), box);
	must(unlink(scratch_path(path)) == 0);
	if (*row->file) {
		snprintf(path, sizeof(path), "%s%s", box, row->file);
		scratch_write(scratch_path(path), row->text);
	}
	fm = message(1, "a", scratch_path(box));
	fm->msg.is_recovered = is_recovered;
	fm->msg.attempts_n = !is_recovered;
	deliver(fm);
	check_result(fm, QUEUE_RCPT_SENT, "");
	CHECK(put.found_n == row->is_found);
	snprintf(path, sizeof(path), "%s%s", box, row->then);
	check_file(path, HEAD("a") BODY);
	snprintf(path, sizeof(path), "%stmp", box);
	CHECK(files_n(path) == 0);
	end();
}

static void
test_earlier(void)
{
	for (size_t i = 0; i < ARRAY_N(earlier_rows); i++) {
		try_earlier(&earlier_rows[i], true);
		try_earlier(&earlier_rows[i], false);
	}
	begin();
	CHECK_ROW("nobody can tell");
	must(mkdir(scratch_path("blind"), 0700) == 0);
	must(mkdir(scratch_path("blind/cur"), 0) == 0);
	struct fake_msg *fm = message(1, "a", scratch_path("blind/"));
	fm->msg.is_recovered = true;
	deliver(fm);
	check_result(fm, QUEUE_RCPT_DEFERRED,
		     "4.2.0 cannot look for an earlier delivery in ");
	CHECK(files_n("blind/new") == 0);
	must(chmod(scratch_path("blind/cur"), 0700) == 0);
	end();
}

/* A disk of 128 KiB, in a mount namespace of its own. False: may not. */
static bool
mount_small(const char *at)
{
	int flags = CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0);
	uid_t uid = geteuid();
	char map[64];

	if (unshare(flags))
		return false;
	if (uid != 0) {
		snprintf(map, sizeof(map), "%u %u 1", uid, uid);
		scratch_write("/proc/self/uid_map", map);
	}
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("penstock-test", at, "tmpfs", 0, "size=128k,mode=777") ==
		       0;
}

static void
test_full(void)
{
	static char large[100 * 1024];
	struct fake_msg *a, *b;

	CHECK_ROW("disk full");
	begin();
	memset(large, 'x', sizeof(large) - 1);
	a = message(1, "a@example.com", scratch_path("full/"));
	a->body = large;
	a->msg.body_bytes = strlen(large);
	b = message(2, "a@example.com", scratch_path("full/"));
	b->body = large;
	b->msg.body_bytes = strlen(large);
	deliver(a);
	check_result(a, QUEUE_RCPT_SENT, "");
	deliver(b);
	check_result(b, QUEUE_RCPT_DEFERRED,
		     "4.3.1 maildir delivery failed: error writing message: /");
	CHECK(fake_log_n("full/tmp/" NAME("2") ": No space left on device)") ==
	      1);
	CHECK(files_n("full/new") == 1 && files_n("full/tmp") == 0);

	CHECK_ROW("room again");
	must(unlink(scratch_path("full/new/" NAME("1"))) == 0);
	b->msg.attempts_n = 1;
	deliver(b);
	check_result(b, QUEUE_RCPT_SENT, "");
	CHECK(files_n("full/new") == 1);
	end();
}

/* In a process of its own: the mount goes with it. */
static void
test_full_apart(void)
{
	enum { SKIPPED = 77 };
	int status;
	pid_t pid;

	must(mkdir(scratch_path("full"), 0777) == 0);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		if (!mount_small(scratch_path("full")))
			_exit(SKIPPED);
		scratch_drop();
		test_full();
		_exit(check_end());
	}
	must(waitpid(pid, &status, 0) == pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
		fprintf(stderr, "SKIPPED: disk full: may not mount a tmpfs "
				"here\n");
	else
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	rmdir(scratch_path("full"));
}

int
main(void)
{
	scratch_make("put");
	test_full_apart();
	scratch_drop();
	test_steps();
	test_limit();
	test_errors();
	test_flush_errors();
	test_earlier();
	scratch_close();
	return check_end();
}
