/* SPDX-License-Identifier: BSD-2-Clause */
/* Delivery as a whole: from the queue into mailboxes, with its threads. */
#include "deliver/deliver.h"
#include "tests/unit/check.h"
#include "tests/unit/fake_queue.h"
#include "tests/unit/scratch.h"

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

int
main(void)
{
	scratch_open("deliver");
	test_maildir();
	scratch_close();
	return check_end();
}
