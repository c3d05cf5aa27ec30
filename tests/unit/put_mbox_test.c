/* SPDX-License-Identifier: BSD-2-Clause */
/* Jobs of a mailbox that is one file. */
#include "deliver/put.h"
#include "tests/unit/check.h"
#include "tests/unit/fake_queue.h"
#include "tests/unit/scratch.h"

#define BODY "Subject: x\n\nbody\n"

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

/* Two messages to one mailbox, as far as the first flush. */
static void
write_two(struct fake_msg *fm[2], const char *rcpt, const char *dest)
{
	struct box *box;

	for (unsigned i = 0; i < 2; i++) {
		struct queue_msg *msg;

		fm[i] = fake_queue_new(put.q, i + 1, BODY);
		msg = &fm[i]->msg;
		fake_queue_rcpt(fm[i], rcpt, rcpt, dest, geteuid(), getegid());
		envelope_seal(&msg->env, msg->body_bytes);
		must(jobs_add(&jobs, &msg, 1) == 0);
		put_mail(&put, &jobs, i);
	}
	while ((box = jobs_dirty_box(&jobs)) != NULL)
		put_box(&put, &jobs, box);
}

static void
finish(void)
{
	put_move(&put, &jobs);
	put_finish(&put, &jobs);
	jobs_settle(&jobs, put.q, put.disks);
}

static unsigned
count_of(const char *text, const char *what)
{
	unsigned n = 0;

	while (text != NULL && (text = strstr(text, what)) != NULL) {
		text++;
		n++;
	}
	return n;
}

static void
test_two(void)
{
	struct fake_msg *fm[2];
	char *text;

	CHECK_ROW("appended, in order");
	begin();
	write_two(fm, "a@example.com", scratch_path("box"));
	CHECK(jobs.v[0].state == JOB_WRITTEN && jobs.v[1].state == JOB_WRITTEN);
	CHECK(jobs.disks_n == 1);
	CHECK(access(scratch_path("box.lock"), F_OK) != 0);
	finish();
	CHECK(fm[0]->states[0].result == QUEUE_RCPT_SENT);
	CHECK(fm[1]->states[0].result == QUEUE_RCPT_SENT);
	CHECK(put.delivered_n == 2);
	text = scratch_read(scratch_path("box"));
	CHECK(count_of(text, "From sender@example.org  ") == 2);
	CHECK(count_of(text, "\nDelivered-To: a@example.com\n" BODY "\n") == 2);
	free(text);
	CHECK(fake_log_n("relay=virtual, ") == 2);
	CHECK(fake_log_n("status=sent (delivered to mailbox)") == 2);
	end();
}

static void
test_refusals(void)
{
	struct fake_msg *fm[2];

	CHECK_ROW("cannot be opened");
	begin();
	write_two(fm, "a@example.com", scratch_path("none/box"));
	CHECK(jobs.disks_n == 0);
	finish();
	for (int i = 0; i < 2; i++) {
		CHECK(fm[i]->states[0].result == QUEUE_RCPT_DEFERRED);
		CHECK(strncmp(fm[i]->states[0].why,
			      "4.2.0 delivery failed to mailbox /", 34) == 0);
	}
	CHECK(fake_log_n("none/box: cannot open file: No such file") == 2);
	end();

	CHECK_ROW("held by somebody: waited for once");
	begin();
	scratch_write(scratch_path("held.lock"), "");
	write_two(fm, "a@example.com", scratch_path("held"));
	finish();
	for (int i = 0; i < 2; i++)
		CHECK(fm[i]->states[0].result == QUEUE_RCPT_DEFERRED);
	CHECK(fake_log_n("unable to create lock file") == 2);
	end();

	CHECK_ROW("room for one of two");
	begin();
	put.mailbox_bytes_max = 250;
	write_two(fm, "a@example.com", scratch_path("small"));
	finish();
	CHECK(fm[0]->states[0].result == QUEUE_RCPT_SENT);
	CHECK(fm[1]->states[0].result == QUEUE_RCPT_FAILED);
	CHECK(strncmp(fm[1]->states[0].why, "5.2.2 ", 6) == 0);
	end();

	CHECK_ROW("control character in an address");
	begin();
	write_two(fm, "a\nb", scratch_path("control"));
	finish();
	CHECK(fm[0]->states[0].result == QUEUE_RCPT_FAILED);
	CHECK(strncmp(fm[0]->states[0].why, "5.1.3 ", 6) == 0);
	end();
}

int
main(void)
{
	scratch_open("put_mbox");
	test_two();
	test_refusals();
	scratch_close();
	return check_end();
}
