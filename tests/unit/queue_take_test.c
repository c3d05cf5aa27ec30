/* SPDX-License-Identifier: BSD-2-Clause */
/* What delivery threads take, read, and say; and what follows from that. */
#include "queue/queue_int.h"
#include "tests/unit/queue_fixture.h"

#define SEC US_PER_SEC

/* What each pair of results leads to, and when it is tried again. */
static const struct {
	const char *name;
	enum queue_rcpt_result results[2];
	uint64_t age_us;
	enum queue_state state; /* QUEUE_ACTIVE: it is gone */
	uint64_t delay_us;
} rows[] = {
	{ "all sent",
	  { QUEUE_RCPT_SENT, QUEUE_RCPT_SENT },
	  0,
	  QUEUE_ACTIVE,
	  0 },
	{ "one refused",
	  { QUEUE_RCPT_SENT, QUEUE_RCPT_FAILED },
	  0,
	  QUEUE_DEAD,
	  0 },
	{ "a new one deferred",
	  { QUEUE_RCPT_SENT, QUEUE_RCPT_DEFERRED },
	  0,
	  QUEUE_DEFERRED,
	  300 * SEC },
	{ "one not tried",
	  { QUEUE_RCPT_TODO, QUEUE_RCPT_SENT },
	  0,
	  QUEUE_DEFERRED,
	  300 * SEC },
	{ "refused and deferred",
	  { QUEUE_RCPT_FAILED, QUEUE_RCPT_DEFERRED },
	  0,
	  QUEUE_DEFERRED,
	  300 * SEC },
	{ "as long again as it is old",
	  { QUEUE_RCPT_DEFERRED, 0 },
	  700 * SEC,
	  QUEUE_DEFERRED,
	  700 * SEC },
	{ "at most the maximum",
	  { QUEUE_RCPT_DEFERRED, 0 },
	  90000 * SEC,
	  QUEUE_DEFERRED,
	  4000 * SEC },
	{ "a moment before the end",
	  { QUEUE_RCPT_DEFERRED, 0 },
	  5 * 86400 * SEC - 60 * SEC,
	  QUEUE_DEFERRED,
	  4000 * SEC },
	{ "too old",
	  { QUEUE_RCPT_DEFERRED, 0 },
	  5 * 86400 * SEC + SEC,
	  QUEUE_DEAD,
	  0 },
	{ "from the future",
	  { QUEUE_RCPT_DEFERRED, 0 },
	  (uint64_t)-900 * SEC,
	  QUEUE_DEFERRED,
	  300 * SEC },
};

struct seen {
	enum queue_state state;
	uint64_t due_us;
	uint32_t attempts_n;
	char why[2][200];
	enum queue_rcpt_result results[2];
};

static bool
look(void *arg, const struct queue_entry *e)
{
	struct seen *s = arg;

	s->state = e->state;
	s->due_us = e->due_us;
	s->attempts_n = e->attempts_n;
	for (unsigned i = 0; e->states != NULL && i < 2; i++) {
		memcpy(s->why[i], e->states[i].why, sizeof(s->why[i]));
		s->results[i] = e->states[i].result;
	}
	return true;
}

/* A message of that age, durable, and in the hands of a delivery thread. */
static struct queue_msg *
taken(struct fix *f, uint64_t age_us)
{
	struct queue_msg *m = fix_msg(f, 0, 1, 10, 2);
	struct envelope_head head;
	struct queue_done done;

	envelope_fini(&m->env);
	head = (struct envelope_head) { .queue_id = m->id,
					.arrival_us = clock_wall_us() - age_us,
					.sender = SPAN("a@example.net") };
	must(envelope_begin(&m->env, &head) == 0);
	for (unsigned i = 0; i < 2; i++)
		must(envelope_rcpt_add(&m->env,
				       &(struct envelope_rcpt) {
					       .rcpt = SPAN("b@c") }) == 0);
	envelope_seal(&m->env, 10);
	must(queue_msg_submit(f->q, &m, NULL) == 0);
	must(fix_reap(f, 0, &done, 1) == 1);
	return fix_take(f);
}

static void
test_settle(struct fix *f, size_t i)
{
	struct queue_rcpt_state states[2] = { 0 };
	uint64_t from_us = clock_wall_us(), id;
	struct queue_msg *m = taken(f, rows[i].age_us);
	struct seen seen = { 0 };
	int ret;

	CHECK_ROW(rows[i].name);
	must(m != NULL);
	id = m->id;
	for (unsigned n = 0; n < 2; n++) {
		states[n].result = rows[i].results[n];
		snprintf(states[n].why, sizeof(states[n].why), "4.2.%u", n);
	}
	m->attempts_n = 4;
	queue_settle(f->q, &m, states);
	CHECK(m == NULL);
	FIX_SOON(f, !FIX_IS_KNOWN(f, id));
	ret = queue_find(f->q, id, look, &seen);
	if (rows[i].state == QUEUE_ACTIVE) {
		CHECK(ret == -ENOENT);
		return;
	}
	CHECK(ret == 0 && seen.state == rows[i].state);
	CHECK(seen.attempts_n == 5);
	for (unsigned n = 0; n < 2; n++) {
		CHECK(seen.results[n] == rows[i].results[n]);
		CHECK(strcmp(seen.why[n], states[n].why) == 0);
	}
	if (rows[i].delay_us == 0) {
		CHECK(seen.due_us == 0);
		return;
	}
	CHECK(seen.due_us >= from_us + rows[i].delay_us);
	CHECK(seen.due_us <= clock_wall_us() + rows[i].delay_us + SEC);
}

/*
 * The oldest go first, all to the first thread; the next helps when much
 * waits, any of them when the first is stuck.
 */
static void
test_help(void)
{
	enum { MANY = 1024 + 1 };
	struct queue_msg *m, *n;
	uint64_t ids[9];
	struct fix f;

	fix_init(&f);
	f.cfg.deliverers_n = 4;
	CHECK(fix_open(&f));
	CHECK(queue_take(f.q, 0, 10, 0) == NULL);
	for (unsigned i = 0; i < 9; i++)
		ids[i] = fix_put(&f, 0, i, 10, 1);
	FIX_UNTIL(&f, FIX_READY_N(&f) == 9);
	m = queue_take(f.q, 0, 3, FIX_WAIT_US);
	for (unsigned i = 0; i < 3; i++) {
		CHECK(m != NULL && m->id == ids[i]);
		n = m->next;
		fix_settle(&f, m, QUEUE_RCPT_SENT, "");
		m = n;
	}
	CHECK(m == NULL);
	/* Nobody takes the rest: the third does, after a while. */
	for (unsigned i = 3; i < 9; i++) {
		uint64_t until_us = clock_now_us() + FIX_WAIT_US;

		do
			m = queue_take(f.q, 2, 1, 1000);
		while (m == NULL && clock_now_us() < until_us);
		CHECK(m != NULL && m->id == ids[i] && m->next == NULL);
		fix_settle(&f, m, QUEUE_RCPT_SENT, "");
	}
	for (unsigned i = 0; i < MANY; i++)
		CHECK(fix_put(&f, 0, i, 10, 1) != 0);
	FIX_UNTIL(&f, FIX_READY_N(&f) == MANY);
	m = queue_take(f.q, 1, 2, FIX_WAIT_US);
	CHECK(m != NULL && m->next != NULL && m->next->next == NULL);
	n = m->next;
	fix_settle(&f, m, QUEUE_RCPT_SENT, "");
	fix_settle(&f, n, QUEUE_RCPT_SENT, "");
	fix_fini(&f);
}

/* From memory and from the disk, chunk by chunk, the same bytes. */
static void
test_body(void)
{
	static const uint64_t sizes[] = { 0, 1, 70000, 200000 };

	for (unsigned spilled = 0; spilled < 2; spilled++) {
		struct queue_body_pos pos = { 0 };
		struct queue_msg *m;
		struct span piece;
		struct fix f;

		fix_init(&f);
		if (spilled)
			f.cfg.memory_bytes_max = 1;
		CHECK(fix_open(&f));
		for (size_t i = 0; i < ARRAY_N(sizes); i++) {
			CHECK(fix_put(&f, 0, i + 3, sizes[i], 1) != 0);
			m = fix_take(&f);
			CHECK((m->body == NULL) == (spilled || sizes[i] == 0));
			CHECK(fix_body_is_whole(f.q, m));
			fix_settle(&f, m, QUEUE_RCPT_SENT, "");
		}
		CHECK((fix_stats(&f).spilled_n > 0) == (spilled == 1));
		/* Given up in the middle: nothing is leaked. */
		CHECK(fix_put(&f, 0, 9, 200000, 1) != 0);
		m = fix_take(&f);
		CHECK(queue_body_next(f.q, m, &pos, &piece) == 1);
		queue_body_end(f.q, &pos);
		CHECK(pos.pinned == NULL);
		fix_settle(&f, m, QUEUE_RCPT_SENT, "");
		fix_fini(&f);
	}
}

int
main(void)
{
	struct fix f;

	fix_init(&f);
	CHECK(fix_open(&f));
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		test_settle(&f, i);
	CHECK_ROW("");
	fix_fini(&f);
	test_help();
	test_body();
	return check_end();
}
