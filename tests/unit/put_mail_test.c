/* SPDX-License-Identifier: BSD-2-Clause */
/* Who may be delivered, and what the others are told. */
#include "deliver/put.h"
#include "tests/unit/check.h"
#include "tests/unit/fake_queue.h"

#define UID	1000u
#define MIN_UID 100u

static const struct {
	const char *name;
	struct envelope_rcpt rcpt;
	uid_t uid; /* the process's */
	enum job_state state;
	const char *why;
} rows[] = {
	{ "maildir",
	  { .dest = SPAN("/home/u/"), .uid = UID },
	  UID,
	  JOB_TODO,
	  NULL },
	{ "mbox",
	  { .dest = SPAN("/home/..u/a..b/.../c.."), .uid = UID },
	  UID,
	  JOB_TODO,
	  NULL },
	{ "relative",
	  { .dest = SPAN("home/u/"), .uid = UID },
	  UID,
	  JOB_DEFERRED,
	  "4.3.5 mailbox path is not absolute or has \"..\": home/u/" },
	{ "empty", { .uid = UID }, UID, JOB_DEFERRED, "4.3.5 mailbox path" },
	{ "climbs",
	  { .dest = SPAN("/home/u/../v/"), .uid = UID },
	  UID,
	  JOB_DEFERRED,
	  "4.3.5 mailbox path" },
	{ "climbs at the end",
	  { .dest = SPAN("/home/u/.."), .uid = UID },
	  UID,
	  JOB_DEFERRED,
	  "4.3.5 mailbox path" },
	{ "NUL in the path",
	  { .dest = SPAN("/home/u\0v/"), .uid = UID },
	  UID,
	  JOB_DEFERRED,
	  "4.3.5 mailbox path" },
	{ "minimum uid",
	  { .dest = SPAN("/home/u/"), .uid = MIN_UID },
	  MIN_UID,
	  JOB_TODO,
	  NULL },
	{ "under the minimum uid",
	  { .dest = SPAN("/home/u/"), .uid = MIN_UID - 1 },
	  MIN_UID - 1,
	  JOB_DEFERRED,
	  "4.3.5 mailbox owner uid 99 is under virtual_minimum_uid (100)" },
	{ "another owner",
	  { .dest = SPAN("/home/u/"), .uid = UID + 1 },
	  UID,
	  JOB_DEFERRED,
	  "4.3.5 mailbox owner uid 1001 is not the user Penstock runs as "
	  "(1000)" },
	{ "as root",
	  { .dest = SPAN("/home/u/"), .uid = UID },
	  0,
	  JOB_DEFERRED,
	  "4.3.5 Penstock runs as root, and never delivers as root" },
	{ "loop",
	  { .dest = SPAN("/home/u/"), .uid = UID, .rcpt = SPAN("L@E.ORG") },
	  UID,
	  JOB_FAILED,
	  "5.4.6 mail forwarding loop for L@E.ORG" },
	{ "local",
	  { .transport = ENVELOPE_LOCAL },
	  UID,
	  JOB_DEFERRED,
	  "4.3.5 there is no local delivery yet" },
	{ "relay",
	  { .transport = ENVELOPE_RELAY },
	  UID,
	  JOB_DEFERRED,
	  "4.3.5 there is no relay transport yet" },
	{ "error, temporary",
	  { .transport = ENVELOPE_ERROR, .dest = SPAN("4.4.3 no such host") },
	  UID,
	  JOB_DEFERRED,
	  "4.4.3 no such host" },
	{ "error, permanent",
	  { .transport = ENVELOPE_ERROR, .dest = SPAN("5.1.1 unknown user") },
	  UID,
	  JOB_FAILED,
	  "5.1.1 unknown user" },
	{ "error without a code",
	  { .transport = ENVELOPE_ERROR, .dest = SPAN("50 ways to fail") },
	  UID,
	  JOB_DEFERRED,
	  "4.3.0 50 ways to fail" },
	{ "error without anything",
	  { .transport = ENVELOPE_ERROR },
	  UID,
	  JOB_DEFERRED,
	  "4.3.0 " },
};

#define BODY "Received: x\nDelivered-To: l@e.org\n\nbody\n"

/* Ends what is left, so that the batch can be settled. */
static void
settle(struct jobs *js, struct queue *q, struct disks *disks)
{
	struct box *box;

	while ((box = jobs_dirty_box(js)) != NULL)
		box->todo = JOBS_NONE;
	for (uint32_t i = 0; i < js->n; i++)
		if (js->v[i].state == JOB_TODO)
			js->v[i].state = JOB_SENT;
	jobs_settle(js, q, disks);
}

static void
add(struct put *p, struct jobs *js, struct fake_msg *fm)
{
	struct queue_msg *msg = &fm->msg;

	envelope_seal(&msg->env, msg->body_bytes);
	must(jobs_add(js, &msg, 1) == 0);
	put_mail(p, js, js->mails_n - 1);
}

static void
test_rows(void)
{
	struct put p = { .minimum_uid = MIN_UID };
	struct disks *disks = disks_open();
	struct jobs js;

	must(jobs_init(&js) == 0);
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		for (unsigned piece_bytes = 0; piece_bytes < 20;
		     piece_bytes += 7) {
			struct queue *q = fake_queue_open();
			struct fake_msg *fm = fake_queue_new(q, 1, BODY);

			CHECK_ROW(rows[i].name);
			p.q = q;
			p.uid = rows[i].uid;
			fm->piece_bytes = piece_bytes;
			must(envelope_rcpt_add(&fm->msg.env, &rows[i].rcpt) ==
			     0);
			add(&p, &js, fm);
			CHECK(js.v[0].state == rows[i].state);
			CHECK(js.v[0].transport == rows[i].rcpt.transport);
			CHECK((js.v[0].why != NULL) == (rows[i].why != NULL));
			if (rows[i].why != NULL && js.v[0].why != NULL)
				CHECK(strncmp(js.v[0].why, rows[i].why,
					      strlen(rows[i].why)) == 0);
			CHECK(js.boxes_n == (rows[i].state == JOB_TODO));
			settle(&js, q, disks);
			fake_queue_close(q);
		}
	jobs_fini(&js);
	disks_close(&disks);
	fwdloop_fini(&p.fwdloop);
}

static void
test_whole_messages(void)
{
	struct put p = { .uid = UID, .gid = 7 };
	struct disks *disks = disks_open();
	struct queue *q = p.q = fake_queue_open();
	struct fake_msg *fm;
	struct queue_route routes[2] = {
		{ .transport = ENVELOPE_VIRTUAL,
		  .uid = UID,
		  .gid = 7,
		  .dest = SPAN("/elsewhere/") },
		{ .transport = ENVELOPE_ERROR, .dest = SPAN("5.1.1 gone") },
	};
	struct jobs js;

	must(jobs_init(&js) == 0);
	CHECK_ROW("the route of now, not that of the envelope");
	fm = fake_queue_new(q, 1, BODY);
	fake_queue_rcpt(fm, "a", "a", "/a/", 0, 0);
	fake_queue_rcpt(fm, "b", "b", "/b/", UID, 7);
	fm->msg.routes = routes;
	add(&p, &js, fm);
	CHECK(js.v[0].state == JOB_TODO);
	CHECK_SPAN(js.boxes[js.v[0].box_idx].path, "/elsewhere/");
	CHECK(js.v[0].gid == (gid_t)-1);
	CHECK(js.v[1].state == JOB_FAILED);
	settle(&js, q, disks);

	CHECK_ROW("another group than the process's");
	fm = fake_queue_new(q, 2, BODY);
	fake_queue_rcpt(fm, "a", "a", "/a/", UID, 8);
	add(&p, &js, fm);
	CHECK(js.v[0].gid == 8);
	settle(&js, q, disks);

	CHECK_ROW("a header that cannot be read");
	fm = fake_queue_new(q, 3, BODY);
	fm->piece_bytes = 1;
	fm->fail_after = 3;
	fake_queue_rcpt(fm, "a", "a", "/a/", UID, 7);
	fake_queue_rcpt_on(fm, ENVELOPE_RELAY, "");
	add(&p, &js, fm);
	CHECK(js.v[0].state == JOB_DEFERRED);
	CHECK_SPAN(span_of(js.v[0].why),
		   "4.3.0 error reading message: Input/output error");
	CHECK(js.v[1].state == JOB_DEFERRED);
	settle(&js, q, disks);

	CHECK_ROW("of two recipients one has had it");
	fm = fake_queue_new(q, 4, BODY);
	fake_queue_rcpt(fm, "a", "a@e.org", "/a/", UID, 7);
	fake_queue_rcpt(fm, "l", "l@e.org", "/l/", UID, 7);
	add(&p, &js, fm);
	CHECK(js.v[0].state == JOB_TODO && js.v[1].state == JOB_FAILED);
	settle(&js, q, disks);
	jobs_fini(&js);
	disks_close(&disks);
	fwdloop_fini(&p.fwdloop);
	fake_queue_close(q);
}

int
main(void)
{
	test_rows();
	test_whole_messages();
	return check_end();
}
