/* SPDX-License-Identifier: BSD-2-Clause */
/* The contents of a batch: grouping by mailbox, outcomes, reuse. */
#include "deliver/jobs.h"
#include "tests/unit/check.h"
#include "tests/unit/fake_queue.h"

#include <fcntl.h>
#include <unistd.h>

static void
add(struct jobs *js, struct fake_msg *fm)
{
	struct queue_msg *msg = &fm->msg;

	envelope_seal(&msg->env, msg->body_bytes);
	CHECK(jobs_add(js, &msg, 77) == 0);
	CHECK(msg == NULL);
}

static void
end_all(struct jobs *js, enum job_state state)
{
	for (uint32_t i = 0; i < js->n; i++)
		if (js->v[i].state != JOB_SETTLED)
			js->v[i].state = (uint8_t)state;
}

/* The recipients' numbers on a mailbox's list, as decimal digits. */
static unsigned
list_of(const struct jobs *js, const struct box *box)
{
	unsigned digits = 0;

	for (uint32_t i = box->first; i != JOBS_NONE; i = js->v[i].next)
		digits = digits * 10 + i + 1;
	return digits;
}

static void
test_boxes(void)
{
	struct queue *q = fake_queue_open();
	struct disks *disks = disks_open();
	struct fake_msg *fm = fake_queue_new(q, 1, "");
	struct jobs js;
	struct box *a, *b;

	must(jobs_init(&js) == 0);
	for (int i = 0; i < 5; i++)
		fake_queue_rcpt(fm, "o", "r", "d", 1, 1);
	add(&js, fm);
	CHECK_ROW("grouped, in order");
	CHECK(js.n == 5 && js.mails_n == 1);
	CHECK(jobs_put_in_box(&js, 0, SPAN("/a/")) == 0);
	CHECK(jobs_put_in_box(&js, 1, SPAN("/b/")) == 0);
	CHECK(jobs_put_in_box(&js, 2, SPAN("/a/")) == 0);
	b = jobs_dirty_box(&js);
	a = jobs_dirty_box(&js);
	CHECK(a != NULL && b != NULL && jobs_dirty_box(&js) == NULL);
	CHECK_SPAN(a->path, "/a/");
	CHECK_SPAN(b->path, "/b/");
	CHECK(list_of(&js, a) == 13 && list_of(&js, b) == 2);
	CHECK(a->todo == 0 && b->todo == 1);

	CHECK_ROW("more for a mailbox that is done with");
	a->todo = b->todo = JOBS_NONE;
	CHECK(jobs_put_in_box(&js, 4, SPAN("/a/")) == 0);
	CHECK(jobs_put_in_box(&js, 3, SPAN("/a/")) == 0);
	a = jobs_dirty_box(&js);
	CHECK(jobs_dirty_box(&js) == NULL);
	CHECK(a->todo == 4 && list_of(&js, a) == 1354);
	a->todo = JOBS_NONE;
	end_all(&js, JOB_SENT);
	jobs_settle(&js, q, disks);
	CHECK(js.n == 0 && js.boxes_n == 0);

	CHECK_ROW("forgotten with the batch");
	fm = fake_queue_new(q, 2, "");
	fake_queue_rcpt(fm, "o", "r", "d", 1, 1);
	add(&js, fm);
	CHECK(jobs_put_in_box(&js, 0, SPAN("/a/")) == 0);
	a = jobs_dirty_box(&js);
	CHECK(list_of(&js, a) == 1);
	end_all(&js, JOB_SENT);
	jobs_settle(&js, q, disks);
	jobs_fini(&js);
	disks_close(&disks);
	fake_queue_close(q);
}

static void
test_many_boxes(void)
{
	enum { N = 5000 };
	struct queue *q = fake_queue_open();
	struct disks *disks = disks_open();
	struct fake_msg *fm = fake_queue_new(q, 1, "");
	char paths[N][12];
	struct jobs js;
	unsigned n = 0;
	struct box *box;

	CHECK_ROW("many mailboxes");
	must(jobs_init(&js) == 0);
	for (int i = 0; i < 2 * N; i++)
		fake_queue_rcpt(fm, "o", "r", "d", 1, 1);
	add(&js, fm);
	for (uint32_t i = 0; i < 2 * N; i++) {
		snprintf(paths[i % N], sizeof(paths[0]), "/%u/", i % N);
		CHECK(jobs_put_in_box(&js, i, span_of(paths[i % N])) == 0);
	}
	CHECK(js.boxes_n == N);
	while ((box = jobs_dirty_box(&js)) != NULL) {
		CHECK(js.v[box->first].next == box->last);
		CHECK(box->last == box->first + N);
		n++;
	}
	CHECK(n == N);
	end_all(&js, JOB_SENT);
	jobs_settle(&js, q, disks);
	jobs_fini(&js);
	disks_close(&disks);
	fake_queue_close(q);
}

static void
test_outcomes(void)
{
	struct queue *q = fake_queue_open();
	struct disks *disks = disks_open();
	struct fake_msg *fm = fake_queue_new(q, 0xfeed, "");
	struct queue_rcpt_state *states = must_alloc(5 * sizeof(*states));
	struct jobs js;

	must(jobs_init(&js) == 0);
	CHECK_ROW("an earlier attempt's results stay");
	for (int i = 0; i < 5; i++) {
		char addr[] = "0@example.com";

		addr[0] = (char)('0' + i);
		fake_queue_rcpt(fm, addr, addr, "d", 1, 1);
	}
	states[0].result = QUEUE_RCPT_SENT;
	states[1].result = QUEUE_RCPT_FAILED;
	strcpy(states[1].why, "5.0.0 was so");
	states[2].result = QUEUE_RCPT_DEFERRED;
	strcpy(states[2].why, "4.0.0 was so");
	fm->msg.rcpt_states = states;
	add(&js, fm);
	CHECK(js.v[0].state == JOB_SETTLED && js.v[1].state == JOB_SETTLED);
	for (int i = 2; i < 5; i++)
		CHECK(js.v[i].state == JOB_TODO);
	CHECK_SPAN(jobs_rcpt(&js, &js.v[0]).rcpt, "0@example.com");
	CHECK_SPAN(jobs_rcpt(&js, &js.v[4]).rcpt, "4@example.com");
	job_end(&js.v[2], JOB_DEFERRED, "4.3.0 %s", "first");
	job_end(&js.v[2], JOB_DEFERRED, "4.3.0 %s", "second");
	job_end(&js.v[3], JOB_FAILED, "5.4.6 %0250d", 1);
	js.v[4].state = JOB_SENT;
	jobs_settle(&js, q, disks);
	CHECK(fm->is_settled);
	CHECK(fm->states[0].result == QUEUE_RCPT_SENT);
	CHECK(fm->states[1].result == QUEUE_RCPT_FAILED);
	CHECK_SPAN(span_of(fm->states[1].why), "5.0.0 was so");
	CHECK(fm->states[2].result == QUEUE_RCPT_DEFERRED);
	CHECK_SPAN(span_of(fm->states[2].why), "4.3.0 second");
	CHECK(fm->states[3].result == QUEUE_RCPT_FAILED);
	CHECK(strlen(fm->states[3].why) == sizeof(fm->states[3].why) - 1);
	CHECK(fm->states[4].result == QUEUE_RCPT_SENT);
	CHECK(fm->states[4].why[0] == '\0');
	CHECK_ROW("logged once, removed not at all");
	CHECK(fake_log_n(NULL) == 3);
	CHECK(fake_log_n("000000000000FEED: to=<2@example.com>") == 1);
	CHECK(fake_log_n("000000000000FEED: to=<3@example.com>") == 1);
	CHECK(fake_log_n("000000000000FEED: to=<4@example.com>") == 1);
	CHECK(fake_log_n("removed") == 0);
	jobs_fini(&js);
	disks_close(&disks);
	fake_queue_close(q);
}

static void
test_disks(void)
{
	struct queue *q = fake_queue_open();
	struct disks *disks = disks_open();
	struct jobs js;
	int root = open("/", O_RDONLY | O_DIRECTORY);
	int proc = open("/proc", O_RDONLY | O_DIRECTORY);

	CHECK_ROW("each disk once");
	must(jobs_init(&js) == 0);
	CHECK(jobs_disk(&js, disks, root, "/") == 0);
	CHECK(jobs_disk(&js, disks, proc, "/proc") == 1);
	CHECK(jobs_disk(&js, disks, root, "/") == 0);
	CHECK(js.disks_n == 2);
	CHECK(jobs_disk(&js, disks, proc, "/nonexistent") == 1);
	CHECK(jobs_disk(&js, disks, -1, "/") < 0);
	jobs_settle(&js, q, disks);
	CHECK(js.disks_n == 0);
	jobs_fini(&js);
	disks_close(&disks); /* aborts when a reference is left */
	close(root);
	close(proc);
	fake_queue_close(q);
}

int
main(void)
{
	test_boxes();
	test_many_boxes();
	test_outcomes();
	test_disks();
	return check_end();
}
