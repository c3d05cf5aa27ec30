/* SPDX-License-Identifier: BSD-2-Clause */
/* What operators see and do, in every state of an entry, and after a restart.
 */
#include "queue/queue_int.h"
#include "tests/unit/queue_fixture.h"

struct seen {
	unsigned n, max;
	uint64_t last_id;
	enum queue_state state;
	uint32_t attempts_n;
	enum queue_rcpt_result result;
	bool is_ascending;
};

static bool
look(void *arg, const struct queue_entry *e)
{
	struct seen *s = arg;

	s->is_ascending &= e->id > s->last_id;
	s->last_id = e->id;
	s->state = e->state;
	s->attempts_n = e->attempts_n;
	s->result = e->states != NULL ? e->states[0].result : QUEUE_RCPT_TODO;
	return ++s->n < s->max;
}

#define SEEN_INIT                                       \
	{                                               \
		.max = UINT32_MAX, .is_ascending = true \
	}

/* Over several shards in order of age; it stops when it is told to. */
static void
test_walk(void)
{
	struct seen all = SEEN_INIT, some = SEEN_INIT, none = SEEN_INIT;
	struct fix f;

	fix_init(&f);
	f.cfg.shards_n = 3;
	f.cfg.workers_n = 3;
	CHECK(fix_open(&f));
	CHECK(queue_walk(f.q, look, &none) == 0 && none.n == 0);
	for (unsigned i = 0; i < 700; i++)
		must(fix_put(&f, i % 3, i, 10, 1) != 0);
	CHECK(queue_walk(f.q, look, &all) == 0);
	CHECK(all.n == 700 && all.is_ascending);
	some.max = 5;
	CHECK(queue_walk(f.q, look, &some) == 0 && some.n == 5);
	CHECK(queue_find(f.q, some.last_id, look, &some) == 0);
	CHECK(queue_find(f.q, all.last_id + 1, look, &all) == -ENOENT);
	CHECK(queue_read(f.q, all.last_id + 1, NULL, NULL) == -ENOENT);
	CHECK(queue_operate(f.q, all.last_id + 1, QUEUE_OP_HOLD) == -ENOENT);
	fix_fini(&f);
}

/* Held and released one by one, wherever they are. */
static void
test_shards(void)
{
	struct queue_msg *m;
	uint64_t ids[30];
	struct fix f;

	fix_init(&f);
	f.cfg.shards_n = 3;
	f.cfg.workers_n = 3;
	CHECK(fix_open(&f));
	for (unsigned i = 0; i < ARRAY_N(ids); i++)
		ids[i] = fix_put(&f, i % 3, i, 10, 1);
	for (unsigned i = 0; i < ARRAY_N(ids); i++)
		CHECK(queue_operate(f.q, ids[i], QUEUE_OP_HOLD) == 0);
	CHECK(fix_stats(&f).held_n == ARRAY_N(ids));
	CHECK(queue_take(f.q, 0, 1, 0) == NULL);
	fix_close(&f);
	CHECK(fix_open(&f));
	CHECK(queue_due_take(f.q, 0) == NULL);
	for (unsigned i = 0; i < ARRAY_N(ids); i++)
		CHECK(queue_operate(f.q, ids[i],
				    i < 15 ? QUEUE_OP_RELEASE
					   : QUEUE_OP_DELETE) == 0);
	CHECK(fix_stats(&f).held_n == 0);
	for (unsigned i = 0; i < 15; i++) {
		m = fix_take_due(&f, FIX_WAIT_US);
		must(m != NULL);
		CHECK(m->id <= ids[14] && fix_body_is_whole(f.q, m));
		fix_settle(&f, m, QUEUE_RCPT_SENT, "");
	}
	CHECK(queue_due_take(f.q, 0) == NULL);
	FIX_SOON(&f, fix_stats(&f).settled_n == 15);
	fix_fini(&f);
}

/* From each state, what each operation makes of it: GONE, or a state. */
#define GONE -1
static const struct {
	const char *name;
	enum queue_state from;
	int to[4]; /* hold, release, requeue, delete */
} rows[] = {
	{ "active",
	  QUEUE_ACTIVE,
	  { QUEUE_HELD, QUEUE_ACTIVE, QUEUE_ACTIVE, GONE } },
	{ "deferred",
	  QUEUE_DEFERRED,
	  { QUEUE_HELD, QUEUE_DEFERRED, QUEUE_DEFERRED, GONE } },
	{ "held",
	  QUEUE_HELD,
	  { QUEUE_HELD, QUEUE_DEFERRED, QUEUE_DEFERRED, GONE } },
	{ "dead",
	  QUEUE_DEAD,
	  { QUEUE_HELD, QUEUE_DEAD, QUEUE_DEFERRED, GONE } },
};

static uint64_t
entry_in(struct fix *f, enum queue_state state)
{
	uint64_t id = fix_put(f, 0, state, 100, 1);
	struct queue_msg *m;

	if (state == QUEUE_ACTIVE)
		return id;
	if (state == QUEUE_HELD) {
		CHECK(queue_operate(f->q, id, QUEUE_OP_HOLD) == 0);
		return id;
	}
	m = fix_take(f);
	must(m != NULL && m->id == id);
	fix_settle(f, m,
		   state == QUEUE_DEAD ? QUEUE_RCPT_FAILED
				       : QUEUE_RCPT_DEFERRED,
		   "4.2.0 why");
	FIX_SOON(f, !FIX_IS_KNOWN(f, id));
	return id;
}

static void
test_operate(size_t i, unsigned op)
{
	int want = rows[i].to[op];
	uint64_t id, again;
	struct fix f;

	CHECK_ROW(rows[i].name);
	fix_init(&f);
	CHECK(fix_open(&f));
	id = entry_in(&f, rows[i].from);
	CHECK(queue_operate(f.q, id, (enum queue_op)op) == 0);
	for (unsigned run = 0; run < 2; run++) {
		struct seen seen = SEEN_INIT;
		struct queue_stats stats = fix_stats(&f);
		int ret = queue_find(f.q, id, look, &seen);

		CHECK(ret == (want == GONE ? -ENOENT : 0));
		CHECK(want == GONE || seen.state == (enum queue_state)want);
		CHECK(stats.active_n == (want == QUEUE_ACTIVE));
		CHECK(stats.deferred_n == (want == QUEUE_DEFERRED));
		CHECK(stats.held_n == (want == QUEUE_HELD));
		CHECK(stats.dead_n == (want == QUEUE_DEAD));
		if (op == QUEUE_OP_REQUEUE && rows[i].from == QUEUE_DEAD) {
			CHECK(seen.attempts_n == 0);
			CHECK(seen.result == QUEUE_RCPT_TODO);
		}
		fix_close(&f);
		CHECK(fix_open(&f));
	}
	/* Held and dead ones stay where they are; requeued ones come now. */
	again = 0;
	if (want == QUEUE_ACTIVE ||
	    (want == QUEUE_DEFERRED && rows[i].from != QUEUE_DEFERRED) ||
	    (op == QUEUE_OP_REQUEUE && want == QUEUE_DEFERRED)) {
		struct queue_msg *m = fix_take_due(&f, FIX_WAIT_US);

		CHECK(m != NULL && m->id == id && fix_body_is_whole(f.q, m));
		again = m->id;
		fix_settle(&f, m, QUEUE_RCPT_SENT, "");
	}
	CHECK(queue_due_take(f.q, 0) == NULL || again);
	fix_fini(&f);
	CHECK_ROW("");
}

struct body {
	char bytes[200000];
	size_t len;
	unsigned pieces_n, pieces_max;
};

static bool
collect(void *arg, struct span piece)
{
	struct body *b = arg;

	must(b->len + piece.len <= sizeof(b->bytes));
	memcpy(b->bytes + b->len, piece.p, piece.len);
	b->len += piece.len;
	return ++b->pieces_n < b->pieces_max;
}

static void
test_read(void)
{
	static struct body body = { .pieces_max = UINT32_MAX }, one;
	bool ok = true;
	struct fix f;
	uint64_t id;

	fix_init(&f);
	CHECK(fix_open(&f));
	id = fix_put(&f, 0, 42, 150000, 1);
	CHECK(queue_read(f.q, id, collect, &body) == 0);
	CHECK(body.len == 150000 && body.pieces_n == 3);
	for (size_t i = 0; i < body.len; i++)
		ok &= body.bytes[i] == fix_byte(42, i);
	CHECK(ok);
	one.pieces_max = 1;
	CHECK(queue_read(f.q, id, collect, &one) == 0 && one.pieces_n == 1);
	fix_fini(&f);
}

int
main(void)
{
	test_walk();
	test_shards();
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		for (unsigned op = 0; op < 4; op++)
			test_operate(i, op);
	test_read();
	return check_end();
}
